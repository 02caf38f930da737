%% SPDX-License-Identifier: Apache-2.0
-module(ets_t).
-export([test_set/0, test_ordered/0, test_bag/0, test_duplicate_bag/0, test_counter/0, test_update/0, test_match/0, test_select/0, test_iterate/0, test_fixed/0, test_named/0, test_owner/0, test_protection/0, test_heir/0, test_errors/0, test_many/0, test_gc/0, test_take/0, id/1]).

id(X) -> X.

test_set() ->
    T = ets:new(t, [set]),
    true = ets:insert(T, {k, 1}),
    true = ets:insert(T, [{k, 2}, {1, int}, {1.0, float}]),
    [{k, 2}] = ets:lookup(T, k),
    [{1, int}] = ets:lookup(T, 1),
    false = ets:insert_new(T, {k, 3}),
    true = ets:member(T, k),
    true = ets:delete(T, k),
    [] = ets:lookup(T, k),
    2 = ets:info(T, size).

test_ordered() ->
    T = ets:new(t, [ordered_set]),
    [ets:insert(T, {X, a}) || X <- [3, 1, 2, 1.0]],
    [{1.0, a}, {2, a}, {3, a}] = ets:tab2list(T),
    {1.0, 3, 2, '$end_of_table'} = {ets:first(T), ets:last(T), ets:next(T, 1), ets:next(T, 3)},
    2 = ets:prev(T, 3).

test_bag() ->
    T = ets:new(t, [bag]),
    ets:insert(T, [{k, 1}, {k, 2}, {k, 1}]),
    [{k, 1}, {k, 2}] = lists:sort(ets:lookup(T, k)),
    true = ets:delete_object(T, {k, 1}),
    [{k, 2}] = ets:lookup(T, k).

test_duplicate_bag() ->
    T = ets:new(t, [duplicate_bag]),
    ets:insert(T, [{k, 1}, {k, 2}, {k, 1}]),
    3 = length(ets:lookup(T, k)),
    3 = ets:info(T, size).

test_counter() ->
    T = ets:new(t, []),
    ets:insert(T, {c, 1, 10}),
    3 = ets:update_counter(T, c, 2),
    5 = ets:update_counter(T, c, {3, -5}),
    [4, 6] = ets:update_counter(T, c, [{2, 1}, {3, 1}]),
    0 = ets:update_counter(T, c, {2, 100, 50, 0}),
    8 = ets:update_counter(T, new, 3, {new, 5}),
    {'EXIT', {badarg, _}} = (catch ets:update_counter(T, none, 1)).

test_update() ->
    T = ets:new(t, []),
    ets:insert(T, {k, 1, 2}),
    true = ets:update_element(T, k, {3, x}),
    false = ets:update_element(T, none, {2, x}),
    x = ets:lookup_element(T, k, 3),
    {'EXIT', {badarg, _}} = (catch ets:lookup_element(T, none, 2)).

test_match() ->
    T = ets:new(t, [bag]),
    ets:insert(T, [{a, 1}, {a, 2}, {b, 1}]),
    [[1], [2]] = lists:sort(ets:match(T, {a, '$1'})),
    [{a, 1}, {b, 1}] = lists:sort(ets:match_object(T, {'_', 1})),
    true = ets:match_delete(T, {a, '_'}),
    [{b, 1}] = ets:tab2list(T).

test_select() ->
    T = ets:new(t, [ordered_set]),
    [ets:insert(T, {X, X * X}) || X <- lists:seq(1, 20)],
    [{17, 289}, {18, 324}, {19, 361}, {20, 400}] = ets:select(T, [{{'$1', '$2'}, [{'>', '$1', 16}], ['$_']}]),
    10 = ets:select_count(T, [{{'$1', '_'}, [{'=:=', {'rem', '$1', 2}, 0}], [true]}]),
    {L, C} = ets:select(T, [{{'$1', '_'}, [], ['$1']}], 15),
    {M, '$end_of_table'} = ets:select(C),
    true = L ++ M =:= lists:seq(1, 20),
    5 = ets:select_delete(T, [{{'$1', '_'}, [{'=<', '$1', 5}], [true]}]),
    {'EXIT', {badarg, _}} = (catch ets:select(T, id([x]))).

test_iterate() ->
    T = ets:new(t, []),
    [ets:insert(T, {X}) || X <- lists:seq(1, 50)],
    true = lists:sort(keys(T, ets:first(T))) =:= lists:seq(1, 50),
    1275 = ets:foldl(fun({X}, A) -> X + A end, 0, T).

keys(_, '$end_of_table') -> [];
keys(T, K) -> [K | keys(T, ets:next(T, K))].

test_fixed() ->
    T = ets:new(t, []),
    [ets:insert(T, {X}) || X <- lists:seq(1, 20)],
    ets:safe_fixtable(T, true),
    20 = drain(T, ets:first(T), 0),
    ets:safe_fixtable(T, false),
    0 = ets:info(T, size).

drain(_, '$end_of_table', N) -> N;
drain(T, K, N) -> ets:delete(T, K), drain(T, ets:next(T, K), N + 1).

test_named() ->
    ets_t_named = ets:new(ets_t_named, [named_table]),
    ets:insert(ets_t_named, {a}),
    [{a}] = ets:lookup(ets_t_named, a),
    {'EXIT', {badarg, _}} = (catch ets:new(ets_t_named, [named_table])),
    true = is_reference(ets:whereis(ets_t_named)),
    true = ets:delete(ets_t_named),
    undefined = ets:whereis(ets_t_named).

test_owner() ->
    {P, M} = spawn_monitor(fun() -> exit({table, ets:new(t, [public])}) end),
    T = receive {'DOWN', M, process, P, {table, X}} -> X end,
    undefined = ets:info(T).

test_protection() ->
    A = ets:new(t, [private]), B = ets:new(t, [protected]), C = ets:new(t, [public]),
    S = self(),
    spawn(fun() -> S ! [element(1, catch_(fun() -> ets:lookup(T, k) end)) || T <- [A, B, C]] ++ [element(1, catch_(fun() -> ets:insert(T, {k}) end)) || T <- [A, B, C]] end),
    [error, ok, ok, error, error, ok] = receive L -> L end.

catch_(F) -> try {ok, F()} catch error:badarg -> {error, badarg} end.

test_heir() ->
    S = self(),
    spawn(fun() -> ets:insert(ets:new(t, [{heir, S, gift}]), {k, v}) end),
    receive {'ETS-TRANSFER', T, _, gift} -> [{k, v}] = ets:tab2list(T) end.

test_errors() ->
    T = ets:new(t, []),
    [{'EXIT', {badarg, _}} = (catch F()) || F <- [fun() -> ets:insert(T, id({})) end, fun() -> ets:insert(T, id(x)) end, fun() -> ets:lookup(id(no_table), k) end, fun() -> ets:new(t, [id(bad)]) end, fun() -> ets:new(id("t"), []) end, fun() -> ets:next(T, id(none)) end]],
    ok.

test_many() ->
    [begin
         T = ets:new(t, [Type]),
         [ets:insert(T, {X rem 100, X}) || X <- lists:seq(1, 500)],
         [ets:delete(T, X) || X <- lists:seq(0, 98, 2)],
         50 = length(lists:usort([K || {K, _} <- ets:tab2list(T)])),
         ets:delete(T)
     end || Type <- [set, ordered_set, bag, duplicate_bag]],
    ok.

test_gc() ->
    T = ets:new(t, []),
    [ets:insert(T, {X, lists:seq(1, X), binary:copy(<<X>>, 100), #{X => [X]}}) || X <- lists:seq(1, 30)],
    erlang:garbage_collect(),
    [begin [{X, L, B, #{X := [X]}}] = ets:lookup(T, X), {X, X} = {length(L), binary:first(B)} end || X <- lists:seq(1, 30)],
    ok.

test_take() ->
    T = ets:new(t, []),
    ets:insert(T, {k, v}),
    [{k, v}] = ets:take(T, k),
    [] = ets:take(T, k).
