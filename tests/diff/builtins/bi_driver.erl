%% SPDX-License-Identifier: Apache-2.0
%%
%% Calls built-ins with generated arguments and writes one line for each call; run.py compares the lines of two emulators.
%%
%%   main(File, Seed, Out): File holds terms {Count, Skip, Name, Row}; Row is {M, F, Types}, {M, F, Types, Options} or
%%   {sequence, Name}; the first Skip calls are made up but not carried out (they ended an emulator before).
%%
%% A line is  Row TAB index TAB call TAB outcome [TAB outcome of the direct call TAB outcome in a guard].
%% An outcome is the value, or class, reason, the two innermost stack entries and what format_exception/3 says of them.
%% Options: local_free (no pids, funs, references in arguments), direct and guard (call through bi_direct as well),
%% opaque (only the type of the value is compared), unordered (the value is a list whose order is open).
-module(bi_driver).
-export([main/1, call/3, show/1]).

main([Rows, Seed, Out]) ->
    {ok, Terms} = file:consult(Rows),
    %% Whether these are loaded must not hang on what ran before an emulator was started anew.
    [code:ensure_loaded(M) || M <- [lists, maps, binary, ets, gen_server, re, zlib, unicode_util]],
    lists:foreach(fun(Term) -> row(Term, Seed, Out) end, Terms),
    ok = file:write_file(Out, <<"END\n">>, [append]),
    halt(0).

%% A process for each row, so that no row sees what another one left behind.
row({Count, Skip, Name, Row}, Seed, Out) ->
    {Pid, Monitor} = spawn_monitor(fun() ->
        {ok, File} = file:open(Out, [raw, append]),
        bi_gen:seed(Seed ++ Name),
        calls(Row, Name, 1, Count, Skip, File)
    end),
    receive
        {'DOWN', Monitor, process, Pid, normal} -> ok;
        {'DOWN', Monitor, process, Pid, Reason} -> ok = file:write_file(Out, [Name, "\t0\tDIED\t", show(Reason), $\n], [append])
    end.

calls(_, _, N, Count, _, _) when N > Count -> ok;
calls(Row, Name, N, Count, Skip, File) ->
    Text = once(Row, N > Skip),
    case N > Skip of
        true -> write(File, [Name, $\t, integer_to_list(N), $\t | Text]);
        false -> ok
    end,
    calls(Row, Name, N + 1, Count, Skip, File).

write(File, Text) ->
    ok = file:write(File, [Text, $\n]).

once({sequence, Name}, Run) ->
    Steps = bi_sequence:steps(Name),
    case Run of
        true -> [show(Steps), $\t, show(bi_sequence:run(Name, Steps))];
        false -> []
    end;
once({M, F, Types}, Run) -> once({M, F, Types, []}, Run);
once({M, F, Types, Options}, Run) ->
    Args = args(Types, not lists:member(local_free, Options)),
    case Run of
        true ->
            Direct = [[$\t, text(bi_direct, Kind, M, F, Args, Options)] || Kind <- [direct, guard], lists:member(Kind, Options)],
            [show(Args), $\t, text(bi_driver, call, M, F, Args, Options) | Direct];
        false -> []
    end.

args({together, Name, _}, Local) ->
    case bi_gen:chance(20) of
        true -> [case bi_gen:chance(30) of true -> bi_gen:type(any); false -> A end || A <- args(Name, Local)];
        false -> args(Name, Local)
    end;
args(Types, Local) when is_list(Types) -> bi_gen:args(Types, Local);
args(Name, Local) -> bi_gen:args([], Local), bi_args:together(Name).

text(Module, Function, M, F, Args, Options) ->
    try Module:Function(M, F, Args) of
        V -> value(V, Options)
    catch
        C:R:S ->
            Top = [stripped(E) || E <- lists:sublist(S, 2)],
            [show({C, R, Top}), " | ", case own({R, Top}) of true -> "own terms"; false -> said(C, R, lists:sublist(S, 1)) end]
    end.

%% Whether printing the term shows what is an emulator's own: numbers of pids, references and ports decide where lines break,
%% compiled patterns hold what the library made of them.
own(T) when is_pid(T); is_reference(T); is_port(T); is_function(T) -> true;
own({re_pattern, _, _, _, _}) -> true;
own([H | T]) -> own(H) orelse own(T);
own(T) when is_tuple(T) -> own(tuple_to_list(T));
own(T) when is_map(T) -> own(maps:to_list(T));
own(_) -> false.

%% The line numbers of bi_direct would be told for every call of a guard.
stripped({M, F, A, Info}) -> {M, F, A, [I || {K, _} = I <- Info, K =/= file, K =/= line]};
stripped(E) -> E.

said(C, R, Stack) ->
    try short(unicode:characters_to_binary([escaped(Char) || Char <- unicode:characters_to_list(erl_error:format_exception(C, R, Stack))]))
    catch C1:R1 -> show({not_formatted, C1, R1})
    end.

value(V, Options) ->
    case {lists:member(opaque, Options), lists:member(unordered, Options)} of
        {true, _} -> show({opaque, kind(V)});
        {_, true} when is_list(element(1, V)) -> show({ok, lists:sort(element(1, V))});
        _ -> show({ok, V})
    end.

kind(V) when is_tuple(V) -> list_to_tuple([kind(E) || E <- tuple_to_list(V)]);
kind(V) when is_list(V) -> list;
kind(V) when is_integer(V) -> integer;
kind(V) when is_atom(V) -> V;
kind(V) when is_bitstring(V) -> bitstring;
kind(_) -> other.

call(M, F, Args) -> {apply(M, F, Args)}.

%% A term as text; of long texts the beginning and a checksum.
show(Term) -> short(list_to_binary(diff_harness:format(Term))).

escaped($\n) -> "\\n";
escaped($\\) -> "\\\\";
escaped(C) when C < 32; C >= 127, C < 160 -> io_lib:format("\\x{~.16b}", [C]);
escaped(C) -> C.

short(Text) ->
    case byte_size(Text) > 4000 of
        true -> [binary:part(Text, 0, 3000), "...", integer_to_list(byte_size(Text)), $:, integer_to_list(erlang:crc32(Text))];
        false -> Text
    end.
