%% SPDX-License-Identifier: Apache-2.0
%% Lists: operators, built-ins, library functions, comprehensions.
-module(list_t).
-export([test_append/0, test_subtract/0, test_reverse/0, test_length/0, test_member/0, test_key/0, test_sort/0, test_fold/0, test_comprehension/0, test_improper/0, test_iolist/0, test_long/0, test_seq/0, id/1]).

id(X) -> X.

test_append() ->
    [1, 2, 3] = id([1]) ++ [2, 3],
    [1 | 2] = id(id([1]) ++ 2),
    a = id([]) ++ a,
    {'EXIT', {badarg, _}} = (catch id([1 | 2]) ++ [3]).

test_subtract() ->
    [2, 1] = id([1, 2, 1]) -- [1],
    [] = id([]) -- [1],
    [1.0] = id([1, 1.0]) -- [1],
    L = lists:seq(1, 100),
    [99, 100] = L -- lists:seq(1, 98).

test_reverse() ->
    [3, 2, 1] = lists:reverse(id([1, 2, 3])),
    [2, 1 | tail] = lists:reverse(id([1, 2]), tail),
    {'EXIT', {badarg, _}} = (catch lists:reverse(id([1 | 2]), [])),
    [begin
         L = lists:seq(1, N),
         R = lists:seq(N, 1, -1),
         R = lists:reverse(L),
         {'EXIT', {badarg, _}} = (catch lists:reverse(L ++ x)),
         garbage_collect(),
         R = lists:reverse(L)
     end || N <- [31, 32, 33, 95, 96, 97, 2000, 5000, 100000]],
    ok.

test_length() ->
    [0, 1, 1000] = [length(L) || L <- [[], [a], lists:seq(1, 1000)]],
    {'EXIT', {badarg, _}} = (catch length(id([a | b]))).

test_member() ->
    true = lists:member(2, id([1, 2])),
    false = lists:member(2.0, id([1, 2])),
    true = lists:member(1 bsl 70, id([a, 1 bsl 70])).

test_key() ->
    {b, 2} = lists:keyfind(b, 1, id([{a, 1}, {b, 2}])),
    false = lists:keyfind(c, 1, id([{a, 1}, x, {}])),
    {1.0, x} = id(lists:keyfind(1, 1, id([{1.0, x}]))),
    [{a, 1}] = lists:keydelete(b, 1, [{a, 1}, {b, 2}]),
    [{a, 9}] = lists:keyreplace(a, 1, [{a, 1}], {a, 9}).

test_sort() ->
    L = [(X * 7919) rem 211 || X <- lists:seq(1, 211)],
    S = lists:sort(L),
    true = S =:= lists:seq(0, 210),
    true = lists:usort(L ++ L) =:= S,
    [1.0, 1, a, {}, [], "x", <<>>] = lists:sort([<<>>, "x", [], {}, a, 1, 1.0]),
    [3, 2, 1] = lists:sort(fun(A, B) -> A > B end, [1, 3, 2]).

test_fold() ->
    6 = lists:foldl(fun(X, A) -> X + A end, 0, id([1, 2, 3])),
    [1, 2, 3] = lists:foldr(fun(X, A) -> [X | A] end, [], id([1, 2, 3])),
    {[2, 4], 6} = lists:mapfoldl(fun(X, A) -> {X * 2, A + X} end, 3, id([1, 2])).

test_comprehension() ->
    [{1, a}, {1, b}, {2, a}, {2, b}] = [{X, Y} || X <- id([1, 2]), Y <- id([a, b])],
    [2] = [X || X <- id([1, 2, 3, a]), X rem 2 =:= 0],
    {'EXIT', {{bad_generator, x}, _}} = (catch [Y || Y <- id(x)]),
    {'EXIT', {{bad_filter, x}, _}} = (catch [Y || Y <- id([1]), id(x)]).

test_improper() ->
    [H | T] = id([1 | 2]),
    {1, 2} = {H, T},
    true = is_list(id([1 | 2])),
    [1 | 2] = binary_to_term(term_to_binary([1 | 2])).

test_iolist() ->
    <<"abcde">> = iolist_to_binary(id(["a", [<<"b">>, $c | <<"d">>], "e"])),
    5 = iolist_size(id(["a", [<<"b">>, $c | <<"d">>], "e"])),
    {'EXIT', {badarg, _}} = (catch iolist_to_binary(id([256]))).

test_long() ->
    L = lists:seq(1, 5000),
    12502500 = lists:sum(L),
    5000 = length(lists:map(fun(X) -> X end, L)),
    true = L =:= lists:reverse(lists:reverse(L)).

test_seq() ->
    [] = lists:seq(1, 0),
    [5, 3, 1] = lists:seq(5, 1, -2),
    [b, c] = lists:sublist([a, b, c], 2, 2),
    c = lists:nth(3, [a, b, c]).
