%% SPDX-License-Identifier: Apache-2.0
%% How built-ins and library functions report wrong arguments: error_info and frames.
-module(exc_apply).
-export([cases/0, crash/0]).

cases() ->
    [{{direct, M, F, N}, fun() -> apply(M, F, A) end} || {N, {M, F, A}} <- numbered()] ++
        [{{in_tuple, M, F, N}, fun() -> {apply(M, F, A)} end} || {N, {M, F, A}} <- numbered()] ++
        [{{as_fun, M, F, N}, fun() -> apply(erlang:make_fun(M, F, length(A)), A) end} || {N, {M, F, A}} <- numbered()] ++
        [{{spawned, M, F, N}, fun() -> {P, Mon} = spawn_monitor(M, F, A), receive {'DOWN', Mon, process, P, R} -> R end end} || {N, {M, F, A}} <- numbered()] ++
        [{{formatted, M, F, N}, fun() -> try apply(M, F, A) catch C:R:S -> erl_error:format_exception(C, R, S, #{}) end end} || {N, {M, F, A}} <- numbered()] ++
        [{{apply_itself, How, N, A}, fun() -> call(How, N, A) end} ||
            How <- [body, tail, fun_body, fun_tail, by_name], {N, As} <- [{2, twos()}, {3, threes()}], A <- As].

%% erlang:apply/2,3 called in every way: only as funs they are an entry of their own.
twos() -> [[a, b], [a, []], [fun ?MODULE:crash/0, []], [fun ?MODULE:crash/0, [1]]].
threes() -> [[a, b, c], [1, b, []], [?MODULE, crash, []], [?MODULE, nothing, []], [erlang, hd, [1]], [erlang, error, [r]], [erlang, apply, [a, b, c]]].

call(body, _, A) -> {apply(erlang, diff_lib:id(apply), A)};
call(tail, _, A) -> apply(erlang, diff_lib:id(apply), A);
call(fun_body, N, A) -> {apply(erlang:make_fun(erlang, apply, N), A)};
call(fun_tail, N, A) -> apply(erlang:make_fun(erlang, apply, N), A);
call(by_name, 2, [F, As]) -> M = diff_lib:id(erlang), {M:apply(F, As)};
call(by_name, 3, [M, F, As]) -> E = diff_lib:id(erlang), {E:apply(M, F, As)}.

crash() -> hd(diff_lib:id([])).

numbered() -> lists:zip(lists:seq(1, length(table())), table()).

table() ->
    [{erlang, atom_to_list, [1]}, {erlang, binary_to_term, [<<1>>]}, {erlang, '+', [a, 1]}, {erlang, element, [5, {a}]}, {erlang, hd, [[]]},
     {erlang, integer_to_list, [a]}, {erlang, integer_to_list, [1, 99]}, {erlang, list_to_integer, ["x"]}, {erlang, list_to_tuple, [a]}, {erlang, tuple_to_list, [a]},
     {erlang, make_tuple, [-1, a]}, {erlang, monitor, [process, 1]}, {erlang, process_info, [a]}, {erlang, register, [undefined, 1]}, {erlang, whereis, [1]},
     {erlang, send, [nobody_here, x]}, {erlang, split_binary, [<<1>>, 2]}, {erlang, error, [r]}, {erlang, exit, [r]}, {erlang, throw, [r]}, {erlang, apply, [a, b, c]},
     {erlang, phash2, [1, -1]}, {erlang, spawn, [a, 1, []]}, {erlang, iolist_to_binary, [[a]]}, {erlang, float_to_list, [a]}, {erlang, setelement, [1, {}, x]},
     {lists, keyfind, [a, 0, []]}, {lists, member, [a, b]}, {lists, reverse, [a]}, {lists, reverse, [[a | b], []]}, {lists, nth, [5, [a]]}, {lists, seq, [1, a]},
     {lists, map, [a, [1]]}, {lists, zip, [[1], []]}, {lists, sum, [[a]]}, {maps, get, [a, #{}]}, {maps, get, [a, b]}, {maps, from_list, [[a]]}, {maps, fold, [a, b, c]},
     {maps, remove, [a, b]}, {maps, update, [a, 1, #{}]}, {binary, at, [<<>>, 0]}, {binary, copy, [a]}, {binary, part, [<<1>>, {1, 1}]}, {binary, match, [<<1>>, <<>>]},
     {ets, lookup, [no_table, a]}, {ets, insert, [no_table, {a}]}, {ets, new, [a, [bad]]}, {math, sqrt, [-1]}, {math, log, [a]}, {math, pow, [0, -1]},
     {unicode, characters_to_list, [a]}, {io_lib, format, ["~p", []]}, {string, length, [a]}, {erlang, list_to_atom, [[a]]}, {erlang, binary_to_atom, [<<255>>, utf8]},
     {no_such_module, f, [1]}, {lists, no_such_function, [1]}, {os, getenv, [a]}, {persistent_term, get, [diff_no_key]}, {atomics, new, [0, []]}, {counters, new, [a, b]}].
