#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% What a stock system finds in modules. Arguments: pairs of a .beam file and a file with the bytes that we take the checksum of.
%% Prints one line per pair: number of instructions, CRC of all opcodes in order of number, and whether the checksum agrees.

main(Args) ->
    Opcodes = maps:from_list([{element(1, beam_opcodes:opname(N)), N} || N <- lists:seq(1, 180)]),
    pairs(Args, Opcodes).

pairs([], _) -> ok;
pairs([Beam, Pieces | Rest], Opcodes) ->
    Functions = element(6, beam_disasm:file(Beam)),
    Shown = << <<(maps:get(name(I), Opcodes))>> || {function, _, _, _, Code} <- Functions, I <- Code>>,
    %% Sorted, because beam_disasm moves the label of a function behind its line instruction.
    Sequence = list_to_binary(lists:sort(binary_to_list(Shown))),
    {ok, Bytes} = file:read_file(Pieces),
    {ok, File} = file:read_file(Beam),
    io:format("~w ~w ~w~n", [byte_size(Sequence), erlang:crc32(Sequence), erlang:md5(Bytes) =:= code:module_md5(File)]),
    pairs(Rest, Opcodes).

%% beam_disasm shows a few instructions under another shape.
name(I) when is_atom(I) -> I;
name(I) when element(1, I) =:= test -> element(2, I);
name({arithfbif, Name, _, _, _}) -> Name;
name({bif, Name, _, _, _}) when Name =:= fadd; Name =:= fsub; Name =:= fmul; Name =:= fdiv; Name =:= fnegate -> Name;
name({bif, _, _, [], _}) -> bif0;
name({bif, _, _, [_], _}) -> bif1;
name({bif, _, _, [_, _], _}) -> bif2;
name({gc_bif, _, _, _, [_], _}) -> gc_bif1;
name({gc_bif, _, _, _, [_, _], _}) -> gc_bif2;
name({gc_bif, _, _, _, [_, _, _], _}) -> gc_bif3;
name(I) -> element(1, I).
