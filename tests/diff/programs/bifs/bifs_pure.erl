%% SPDX-License-Identifier: Apache-2.0
%% Pure built-ins called through apply with arguments of every kind, in all combinations.
-module(bifs_pure).
-export([cases/0]).

cases() ->
    [{{M, F, A, Head}, fun() -> run(M, F, A, Head) end} || {M, F, A} <- functions(), Head <- heads(A)].

heads(0) -> [none];
heads(_) -> lists:seq(1, length(pool())).

%% One case for each first argument; the others take every value (three-argument functions fewer).
run(M, F, 0, none) -> apply(M, F, []);
run(M, F, 1, N) -> apply(M, F, [lists:nth(N, pool())]);
run(M, F, 2, N) -> [short(M, F, [lists:nth(N, pool()), B]) || B <- pool()];
run(M, F, 3, N) -> [short(M, F, [lists:nth(N, pool()), B, C]) || B <- few(), C <- few()].

short(M, F, Args) ->
    try apply(M, F, Args) of
        V -> V
    catch
        error:R:S -> first(R, S);
        C:R -> {C, R}
    end.

first(R, [{M, F, A, I} | _]) ->
    {R, M, F, if is_list(A) -> length(A); true -> A end, proplists:get_value(error_info, I)}.

pool() ->
    [0, 1, -1, 2, 17, 1 bsl 60, 1 bsl 64, -(1 bsl 64), 0.0, -1.5, 1.0e300, a, true, utf8, [], "abc", [1, a], [1 | 2], "17", {}, {a}, {1, 2, 3}, <<>>, <<"abc">>, <<"1.5">>, <<1:3>>, #{}, #{a => 1}, fun lists:map/2].

few() -> [0, 1, -1, 1 bsl 64, a, [], "abc", {a, b}, <<"abc">>, #{a => 1}].

functions() ->
    [{erlang, F, 1} || F <- [abs, atom_to_binary, atom_to_list, binary_to_atom, binary_to_float, binary_to_integer, binary_to_list, binary_to_term, bit_size, bitstring_to_list, byte_size, ceil, crc32, adler32, float, float_to_binary, float_to_list, floor, fun_to_list, hd, integer_to_binary, integer_to_list, iolist_size, iolist_to_binary, iolist_to_iovec, is_atom, is_binary, is_bitstring, is_boolean, is_float, is_function, is_integer, is_list, is_map, is_number, is_pid, is_port, is_reference, is_tuple, length, list_to_atom, list_to_binary, list_to_bitstring, list_to_existing_atom, list_to_float, list_to_integer, list_to_pid, list_to_port, list_to_ref, list_to_tuple, map_size, md5, phash2, pid_to_list, port_to_list, ref_to_list, round, size, term_to_binary, external_size, tl, trunc, tuple_size, tuple_to_list, '+', '-', 'bnot', 'not']] ++
        [{erlang, F, 2} || F <- [append_element, binary_part, delete_element, element, float_to_list, float_to_binary, integer_to_list, integer_to_binary, is_function, is_map_key, is_record, list_to_integer, binary_to_integer, make_tuple, map_get, max, min, phash, phash2, split_binary, atom_to_binary, binary_to_existing_atom, crc32, adler32, '+', '-', '*', '/', 'div', 'rem', 'band', 'bor', 'bxor', 'bsr', 'and', 'or', 'xor', '++', '--', '==', '/=', '=:=', '=/=', '<', '>', '=<', '>=']] ++
        [{erlang, F, 3} || F <- [setelement, insert_element, binary_part, binary_to_list, is_record, make_tuple, crc32_combine, adler32_combine, make_fun]] ++
        [{lists, F, 1} || F <- [reverse, sort, usort, sum, max, min, last, concat, flatten]] ++ [{lists, F, 2} || F <- [reverse, member, delete, append, nth, subtract]] ++ [{lists, F, 3} || F <- [keyfind, keymember, keysearch]] ++
        [{maps, F, 1} || F <- [keys, values, size, to_list, from_list]] ++ [{maps, F, 2} || F <- [get, find, is_key, remove, take, merge, with, without, from_keys]] ++ [{maps, F, 3} || F <- [put, update, get]] ++
        [{math, F, 1} || F <- [sqrt, sin, exp, log, floor, atan]] ++ [{math, F, 2} || F <- [pow, atan2, fmod]] ++
        [{binary, F, 1} || F <- [bin_to_list, copy, decode_unsigned, encode_unsigned, first, last, list_to_bin]] ++ [{binary, F, 2} || F <- [at, copy, match, part, split, decode_unsigned, encode_unsigned]] ++
        [{unicode, F, 1} || F <- [characters_to_list, characters_to_binary]] ++ [{unicode, F, 2} || F <- [characters_to_list, characters_to_binary]] ++ [{string, F, 1} || F <- [length, to_integer, to_float, uppercase, reverse]] ++ [{io_lib, F, 1} || F <- [write, print, char_list, deep_char_list, printable_list]].
