%% SPDX-License-Identifier: Apache-2.0
-module(tuple_t).
-export([test_element/0, test_setelement/0, test_make/0, test_wide/0, test_records/0, test_lists/0, test_insert_delete/0, test_nested/0, id/1]).
-record(r, {a = 1, b, c = []}).

id(X) -> X.

test_element() ->
    a = element(1, id({a, b})),
    b = element(id(2), id({a, b})),
    [{'EXIT', {badarg, _}} = (catch element(id(I), {a, b})) || I <- [0, 3, -1, x, 1.0, 1 bsl 70]],
    {'EXIT', {badarg, _}} = (catch element(1, id(x))).

test_setelement() ->
    T = id({a, b, c}),
    {a, x, c} = setelement(2, T, x),
    {a, b, c} = T,
    {z, y, c} = setelement(1, setelement(2, T, y), z),
    {'EXIT', {badarg, _}} = (catch setelement(4, T, x)).

test_make() ->
    {} = erlang:make_tuple(0, a),
    {a, a, a} = erlang:make_tuple(3, a),
    {x, a, z} = erlang:make_tuple(3, a, [{1, x}, {3, z}]),
    {'EXIT', {badarg, _}} = (catch erlang:make_tuple(id(-1), a)).

test_wide() ->
    T = list_to_tuple(lists:seq(1, 10000)),
    10000 = tuple_size(T),
    5000 = element(5000, T),
    U = setelement(10000, T, last),
    {10000, last} = {element(10000, T), element(10000, U)},
    true = T < U.

test_records() ->
    R = #r{b = 2},
    {r, 1, 2, []} = R,
    3 = (R#r{a = 3})#r.a,
    true = is_record(R, r),
    false = is_record(id({r, 1}), r),
    {'EXIT', {{badrecord, x}, _}} = (catch (id(x))#r.a).

test_lists() ->
    [1, 2] = tuple_to_list(id({1, 2})),
    {1, 2} = list_to_tuple(id([1, 2])),
    {'EXIT', {badarg, _}} = (catch list_to_tuple(id([1 | 2]))).

test_insert_delete() ->
    {a, x, b} = erlang:insert_element(2, {a, b}, x),
    {a} = erlang:delete_element(2, {a, b}),
    {a, b, c} = erlang:append_element({a, b}, c).

test_nested() ->
    T = lists:foldl(fun(X, A) -> {X, A} end, {}, lists:seq(1, 1000)),
    1000 = depth(T, 0),
    true = T =:= lists:foldl(fun(X, A) -> {X, A} end, {}, lists:seq(1, 1000)).

depth({}, N) -> N;
depth({_, T}, N) -> depth(T, N + 1).
