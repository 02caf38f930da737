%% SPDX-License-Identifier: Apache-2.0
-module(tuples_ops).
-export([cases/0, fetch/2]).
-compile({inline, []}).

id(X) -> diff_lib:id(X).

cases() ->
    Tuples = [{}, {a}, {a, b}, {a, b, c}, list_to_tuple(lists:seq(1, 10)), list_to_tuple(lists:seq(1, 300)), {{}, {{}}}, {1.5, <<"x">>, 1 bsl 64}],
    Indexes = [0, 1, 2, 3, 4, 10, 11, 255, 300, 301, -1, 1 bsl 60, 1 bsl 70, -(1 bsl 70), a, 1.0, []],
    diff_lib:rows(element, fun(T, I) -> element(I, T) end, Tuples ++ [a, [1]], Indexes) ++
        diff_lib:rows(setelement, fun(T, I) -> setelement(I, T, new) end, Tuples ++ [a, [1]], Indexes) ++
        diff_lib:rows(delete, fun(T, I) -> erlang:delete_element(I, T) end, Tuples ++ [a, [1]], Indexes) ++
        diff_lib:rows(insert, fun(T, I) -> erlang:insert_element(I, T, new) end, Tuples ++ [a, [1]], Indexes) ++
        diff_lib:rows(append, fun(T, I) -> erlang:append_element(T, I) end, Tuples ++ [a, [1]], Indexes) ++
        [{{element_const, T}, fun() -> [diff_lib:outcome(F) || F <- [fun() -> element(1, T) end, fun() -> element(2, T) end, fun() -> element(0, T) end, fun() -> element(11, T) end]] end} || T <- Tuples ++ [a]] ++
        [{{set_const, T}, fun() -> [diff_lib:outcome(F) || F <- [fun() -> setelement(1, T, x) end, fun() -> setelement(2, setelement(1, T, y), x) end, fun() -> setelement(3, setelement(2, setelement(1, T, y), x), z) end]] end} || T <- Tuples ++ [a]] ++
        [{{to_list, T}, fun() -> {tuple_to_list(T), tuple_size(T), size(T), list_to_tuple(tuple_to_list(T)) =:= T} end} || T <- Tuples] ++
        [{{make, N}, fun() -> T = erlang:make_tuple(id(N), x), {tuple_size(T), N =:= 0 orelse element(N, T)} end} || N <- [0, 1, 2, 255, 1000, 10000, 65535]] ++
        [{{make_init, N}, fun() -> erlang:make_tuple(id(N), x, [{1, a}, {3, c}, {1, b}]) end} || N <- [0, 1, 2, 3, 4, 20]] ++
        [{{wide, N}, fun() -> wide(N) end} || N <- [100, 1000, 10000, 65535, 70000]] ++
        [{{compare, N}, fun() -> A = list_to_tuple(lists:seq(1, N)), B = setelement(N, A, z), [A < B, A == B, A =:= list_to_tuple(lists:seq(1, N)), {A, 1} < {A, 2}] end} || N <- [1, 2, 100, 10000]] ++
        [{misc_build, fun() -> X = id(1), Y = id(b), {X, {Y, X}, [{X}], {{{Y}}}, {X, Y, X, Y, X, Y, X, Y, X, Y, X, Y}} end},
         {misc_list_to_tuple_bad, fun() -> list_to_tuple(id([a | b])) end}, {misc_make_bad, fun() -> erlang:make_tuple(id(-1), a) end}, {misc_make_bad2, fun() -> erlang:make_tuple(id(a), a) end},
         {misc_make_huge, fun() -> erlang:make_tuple(id(1 bsl 24), a) end}, {misc_init_bad, fun() -> erlang:make_tuple(2, a, id([{3, x}])) end}, {misc_init_bad2, fun() -> erlang:make_tuple(2, a, id([bad])) end},
         {misc_shared, fun() -> T = id({1, 2, 3}), U = setelement(2, T, x), {T, U} end}, {misc_chain, fun() -> lists:foldl(fun(N, T) -> setelement(N, T, N * N) end, erlang:make_tuple(50, 0), lists:seq(1, 50)) end},
         {misc_fetch, fun() -> T = list_to_tuple(lists:seq(1, 1100)), [fetch(N, T) || N <- [1, 2, 3, 4, 5, 6]] end}].

%% Constant indexes beyond every short encoding.
fetch(1, T) -> element(1, T);
fetch(2, T) -> element(15, T);
fetch(3, T) -> element(16, T);
fetch(4, T) -> element(255, T);
fetch(5, T) -> element(1024, T);
fetch(6, T) -> element(1025, T).

wide(N) ->
    T = list_to_tuple(lists:seq(1, N)),
    U = setelement(N div 2, T, middle),
    {tuple_size(U), element(N, U), element(N div 2, U), element(N div 2, T), diff_lib:hash(tuple_to_list(T), 0), erlang:phash2(U)}.
