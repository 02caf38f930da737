%% SPDX-License-Identifier: Apache-2.0
-module(ets_t).
-export([test_names_of_the_dying/0, test_set/0, test_parts_of_rows/0, test_ordered/0, test_bag/0, test_duplicate_bag/0, test_counter/0, test_update/0, test_match/0, test_select/0, test_iterate/0, test_fixed/0, test_named/0, test_owner/0, test_protection/0, test_heir/0, test_errors/0, test_many/0, test_gc/0, test_take/0, test_external_id/0, test_causes/0, test_replaced_in_place/0, test_grow_and_shrink/0, test_ordered_random/0, test_partly_bound/0, test_bag_order/0, test_portions_while_changing/0, test_fixed_marks/0, test_memory_of_marks/0, test_writers_at_once/0, test_counters_at_once/0, test_lists_at_once/0, test_settings/0, test_select_replace/0, test_large_table/0, test_binary_keys/0, test_equal_numbers/0, test_binaries_in_use/0, test_known_by_text/0, test_order_in_portions/0, test_long_insert/0, test_number_of_locks/0, test_internal_state/0, id/1]).

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

%% Rows keep whatever their elements refer to, alone and with others, over collections of where it came from.
test_parts_of_rows() ->
    Terms = [[], [1], [a | b], [a, [b]], [[a] | b], {}, {a, 1}, {a, {b}}, {[]}, {[x]}, 1 bsl 60, -(1 bsl 200), 1.0e300, -1.0e-300, self(), make_ref(), #{}, #{a => [1]},
             fun(X) -> X end, fun lists:map/2, <<1:3>>, "literal", <<"literal">>, {literal, 1, 2}]
        ++ [lists:seq(1, N) || N <- [2, 31, 32, 33, 34, 100, 3000]]
        ++ [lists:seq(1, N) ++ tail || N <- [31, 32, 33]]
        ++ [lists:seq(1, 32) ++ [[]] | [list_to_tuple(lists:seq(1, N)) || N <- [63, 64, 65, 1000]]]
        ++ [binary:copy(<<7>>, N) || N <- [0, 1, 7, 8, 9, 63, 64, 65, 1000]],
    [begin
         T = ets:new(t, Options),
         [begin
              true = ets:insert(T, {I, X, X}),
              true = ets:insert(T, {{key, I}, {X}, [X]}),
              true = ets:insert(T, {{X, I}, x, X})
          end || {I, X} <- lists:zip(lists:seq(1, length(Terms)), Terms), _ <- [1, 2]],
         garbage_collect(),
         [begin
              [{I, X, X} | _] = ets:lookup(T, I),
              [{{key, I}, {X}, [X]} | _] = ets:lookup(T, {key, I}),
              [{{X, I}, x, X} | _] = ets:lookup(T, {X, I}),
              true = [{I, X, X}] =:= lists:usort(ets:match_object(T, {I, X, '_'}))
          end || {I, X} <- lists:zip(lists:seq(1, length(Terms)), Terms)],
         true = ets:delete(T)
     end || Options <- [[set], [bag], [duplicate_bag], [ordered_set], [set, compressed], [set, public, {write_concurrency, true}]]],
    ok.

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

test_external_id() ->
    T = ets:new(t, []),
    ets:insert(T, {k, v}),
    [{k, v}] = ets:lookup(binary_to_term(term_to_binary(T)), k),
    T2 = binary_to_term(term_to_binary(T)),
    ets:delete(T),
    {'EXIT', {badarg, _}} = (catch ets:lookup(T2, k)).

cause(F) ->
    try F() of
        _ -> none
    catch
        error:badarg:Stack ->
            [{_, _, _, Info} | _] = Stack,
            maps:get(cause, proplists:get_value(error_info, Info), none)
    end.

test_causes() ->
    T = ets:new(t, []),
    type = cause(fun() -> ets:lookup(id(make_ref()), k) end),
    type = cause(fun() -> ets:insert(id(3), k) end),
    type = cause(fun() -> ets:info(id(3)) end),
    type = cause(fun() -> ets:give_away(id(3), 4, 5) end),
    id = cause(fun() -> ets:lookup(id(no_such_table), k) end),
    ets:delete(T),
    id = cause(fun() -> ets:rename(T, id({bad})) end),
    id = cause(fun() -> ets:setopts(T, id(bad)) end).

%% Rows change in place when only immediates differ; every other change makes a new row.
test_replaced_in_place() ->
    [begin
         T = ets:new(t, [Type]),
         [begin ets:insert(T, R), [R] = ets:lookup(T, k) end
          || R <- [{k, 1, 2}, {k, 1, 3}, {k, a, 1.5}, {k, "list", 1}, {k, "list", 2}, {k, 2, 2}, {k, 1 bsl 70, 2}, {k, 1 bsl 70, 3}, {k}, {k, 1}]],
         1 = ets:info(T, size),
         [begin ets:insert(T, {{x, 1}, V}), [{{x, 1}, V}] = ets:lookup(T, {x, 1}) end || V <- [1, 2, <<"abc">>, 3]],
         7 = ets:update_counter(T, k, 6),
         1152921504606846983 = ets:update_counter(T, k, {2, (1 bsl 60)}),
         1 = ets:update_counter(T, k, {2, -(1 bsl 60) - 6}),
         [3, 0] = ets:update_counter(T, k, [{2, 2}, {2, 5, 6, 0}]),
         true = ets:update_element(T, k, {2, [list]}),
         true = ets:update_element(T, k, {2, 9}),
         [{k, 9}] = ets:lookup(T, k)
     end || Type <- [set, ordered_set]],
    ok.

test_grow_and_shrink() ->
    [begin
         T = ets:new(t, [Type]),
         Keys = [key(I) || I <- lists:seq(1, 5000)],
         [ets:insert(T, {K, 1}) || K <- Keys],
         5000 = ets:info(T, size),
         true = lists:sort([{K, 1} || K <- Keys]) =:= lists:sort(ets:tab2list(T)),
         Full = ets:info(T, memory),
         [true = ets:member(T, K) || K <- Keys],
         [ets:delete(T, K) || K <- Keys],
         {0, []} = {ets:info(T, size), ets:tab2list(T)},
         true = ets:info(T, memory) * 4 < Full,
         ets:insert(T, [{K, 2} || K <- Keys]),
         10000 = lists:sum([V || {_, V} <- ets:tab2list(T)])
     end || Type <- [set, ordered_set, bag, duplicate_bag]],
    ok.

key(I) ->
    case I rem 7 of
        0 -> I; 1 -> I * 1.5; 2 -> {I, a}; 3 -> integer_to_binary(I); 4 -> [I, I]; 5 -> I bsl 70; 6 -> #{I => I}
    end.

test_ordered_random() ->
    T = ets:new(t, [ordered_set]),
    Seed = rand:seed_s(exsss, {1, 2, 3}),
    ordered_random(3000, T, #{}, Seed).

ordered_random(0, T, M, _) ->
    L = lists:sort(maps:to_list(M)),
    L = ets:tab2list(T),
    L = lists:reverse(ets:select_reverse(T, [{'_', [], ['$_']}])),
    Keys = [K || {K, _} <- L],
    Keys = walk(ets:first(T), fun(K) -> ets:next(T, K) end),
    Keys = lists:reverse(walk(ets:last(T), fun(K) -> ets:prev(T, K) end)),
    [begin {K2, _} = lists:nth(N, L), [{K2, _}] = ets:slot(T, N - 1) end || N <- [1, length(L) div 2, length(L)]],
    '$end_of_table' = ets:slot(T, length(L)),
    ok;
ordered_random(N, T, M, S0) ->
    {I, S1} = rand:uniform_s(400, S0),
    {Op, S2} = rand:uniform_s(3, S1),
    K = case I rem 3 of 0 -> I; 1 -> {I}; 2 -> integer_to_list(I) end,
    case Op of
        3 -> ets:delete(T, K), ordered_random(N - 1, T, maps:remove(K, M), S2);
        _ -> ets:insert(T, {K, N}), ordered_random(N - 1, T, M#{K => N}, S2)
    end.

walk('$end_of_table', _) -> [];
walk(K, Next) -> [K | walk(Next(K), Next)].

test_partly_bound() ->
    T = ets:new(t, [ordered_set]),
    ets:insert(T, [{{A, B, C}, A} || A <- [1, 2, x], B <- [1, 2, "s"], C <- lists:seq(1, 50)]),
    ets:insert(T, [{1, n}, {x, n}, {{1, 1}, n}, {{1, 1, 1, 1}, n}, {[1], n}, {{}, n}]),
    [begin
         L = [O || {{A, B, _}, _} = O <- ets:tab2list(T), A =:= X, B =:= Y],
         50 = length(L),
         L = ets:match_object(T, {{X, Y, '_'}, '_'}),
         L = lists:reverse(ets:select_reverse(T, [{{{X, Y, '_'}, '_'}, [], ['$_']}])),
         L = portions(ets:select(T, [{{{X, Y, '_'}, '_'}, [], ['$_']}], 7)),
         L = lists:reverse(portions(ets:select_reverse(T, [{{{X, Y, '_'}, '_'}, [], ['$_']}], 7))),
         50 = ets:select_count(T, [{{{X, Y, '_'}, '_'}, [], [true]}])
     end || X <- [1, 2, x], Y <- [1, 2, "s"]],
    [] = ets:match_object(T, {{3, 1, '_'}, '_'}),
    150 = ets:select_delete(T, [{{{x, '_', '_'}, '_'}, [], [true]}]),
    306 = ets:info(T, size).

portions('$end_of_table') -> [];
portions({L, C}) -> L ++ portions(ets:select(C)).

test_bag_order() ->
    [begin
         T = ets:new(t, [Type]),
         [ets:insert(T, {k, X}) || X <- [3, 1, 2]],
         ets:insert(T, {k, 1}),
         Expected = case Type of bag -> [3, 1, 2]; duplicate_bag -> [3, 1, 2, 1] end,
         Expected = ets:lookup_element(T, k, 2),
         Expected = [X || {k, X} <- ets:lookup(T, k)],
         ets:delete_object(T, {k, 1}),
         [3, 2] = ets:lookup_element(T, k, 2),
         [{k, 3}, {k, 2}] = ets:take(T, k),
         [] = ets:tab2list(T)
     end || Type <- [bag, duplicate_bag]],
    ok.

%% A traversal sees every object that is there all the time, once, while the table grows and shrinks.
test_portions_while_changing() ->
    [begin
         T = ets:new(t, [Type, public]),
         ets:insert(T, [{I, stays} || I <- lists:seq(1, 2000)]),
         ets:safe_fixtable(T, true),
         C = ets:select(T, [{{'$1', stays}, [], ['$1']}], 10),
         Seen = changing(C, T, 1),
         true = lists:seq(1, 2000) =:= lists:sort(Seen)
     end || Type <- [set, ordered_set, bag]],
    ok.

changing('$end_of_table', _, _) -> [];
changing({L, C}, T, N) ->
    [ets:insert(T, {{N, I}, comes}) || I <- lists:seq(1, 100)],
    N > 50 andalso [ets:delete(T, {N - 50, I}) || I <- lists:seq(1, 100)],
    L ++ changing(ets:select(C), T, N + 1).

test_fixed_marks() ->
    T = ets:new(t, [public]),
    ets:insert(T, [{I, 1} || I <- lists:seq(1, 500)]),
    ets:safe_fixtable(T, true),
    Seen = fixed_walk(ets:first(T), T),
    true = lists:seq(1, 500) =:= lists:sort(Seen),
    0 = ets:info(T, size),
    [] = ets:tab2list(T),
    ets:insert(T, {7, again}),
    true = ets:insert_new(T, {8, again}),
    [{7, again}] = ets:lookup(T, 7),
    ets:safe_fixtable(T, false),
    [{7, again}, {8, again}] = lists:sort(ets:tab2list(T)),
    {'EXIT', {badarg, _}} = (catch ets:next(T, id(9))).

%% A row that is taken out of a fixed table takes memory until the fixing ends, and no longer, however it goes.
test_memory_of_marks() ->
    [begin
         T = ets:new(t, [Type, public]),
         Fill = fun() -> ets:insert(T, [{I, 1} || I <- lists:seq(1, 1000)]) end,
         Empty = ets:info(T, memory),
         Fill(),
         ets:safe_fixtable(T, true),
         Full = ets:info(T, memory),
         [ets:delete(T, I) || I <- lists:seq(1, 1000)],
         true = ets:info(T, memory) >= Full,
         Fill(),
         true = ets:info(T, memory) >= Full,
         [ets:delete(T, I) || I <- lists:seq(1, 1000, 2)],
         ets:safe_fixtable(T, false),
         [ets:delete(T, I) || I <- lists:seq(1, 1000)],
         0 = ets:info(T, size),
         true = ets:info(T, memory) - Empty < (Full - Empty) div 2,
         ets:safe_fixtable(T, true),
         Fill(),
         [ets:delete(T, I) || I <- lists:seq(1, 1000)],
         true = ets:delete_all_objects(T),
         ets:safe_fixtable(T, false),
         true = ets:info(T, memory) - Empty < (Full - Empty) div 2
     end || Type <- [set, bag, duplicate_bag]],
    ok.

fixed_walk('$end_of_table', _) -> [];
fixed_walk(K, T) ->
    ets:delete(T, K),
    [K | fixed_walk(ets:next(T, K), T)].

together(N, F) ->
    Ps = [spawn_monitor(fun() -> F(I) end) || I <- lists:seq(1, N)],
    [receive {'DOWN', M, process, P, R} -> normal = R end || {P, M} <- Ps],
    ok.

test_writers_at_once() ->
    [begin
         T = ets:new(t, [Type, public | O]),
         together(4, fun(I) -> [begin K = {I, J rem 300}, ets:insert(T, {K, J}), J rem 3 =:= 0 andalso ets:delete(T, K), ets:lookup(T, {I + 1, J}) end || J <- lists:seq(1, girder_size:scaled(6000, 900))] end),
         Rows = ets:tab2list(T),
         true = length(Rows) =:= ets:info(T, size),
         true = lists:all(fun(R) -> ets:lookup(T, element(1, R)) =:= [R] end, Rows),
         [ets:delete(T, element(1, R)) || R <- Rows],
         0 = ets:info(T, size)
     end || Type <- [set, ordered_set], O <- [[], [{write_concurrency, true}], [{read_concurrency, true}, {write_concurrency, auto}]]],
    ok.

test_counters_at_once() ->
    N = girder_size:scaled(9000, 900),
    [begin
         T = ets:new(t, [Type, public, {write_concurrency, true}]),
         together(4, fun(_) -> [ets:update_counter(T, J rem 3, {3, 1}, {x, big, 1 bsl 59}) || J <- lists:seq(1, N)] end),
         true = 4 * N + 3 * (1 bsl 59) =:= lists:sum([V || {_, big, V} <- ets:tab2list(T)])
     end || Type <- [set, ordered_set]],
    ok.

%% A list goes in as one step: nobody sees a part of it.
test_lists_at_once() ->
    [begin
         T = ets:new(t, [Type, public, {write_concurrency, true}]),
         ets:insert(T, [{I, 0} || I <- lists:seq(1, 20)]),
         together(4, fun(1) -> [ets:insert(T, [{I, J} || I <- lists:seq(1, 20)]) || J <- lists:seq(1, 2000)];
                        (_) -> [begin A = ets:lookup_element(T, 1, 2), B = ets:lookup_element(T, 20, 2), true = A =< B end || _ <- lists:seq(1, 5000)] end)
     end || Type <- [set, ordered_set]],
    ok.

test_settings() ->
    T = ets:new(t, [private]),
    S = self(),
    true = ets:setopts(T, {protection, public}),
    public = ets:info(T, protection),
    together(1, fun(_) -> ets:insert(T, {k, v}) end),
    true = ets:setopts(T, [{protection, protected}, {heir, S, data}]),
    together(1, fun(_) -> [{k, v}] = ets:lookup(T, k), {'EXIT', {badarg, _}} = (catch ets:insert(T, {k, w})) end),
    S = ets:info(T, heir),
    {Dead, M} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', M, _, _, _} -> ok end,
    ets:setopts(T, {heir, Dead, data}),
    none = ets:info(T, heir),
    {'EXIT', {badarg, _}} = (catch ets:setopts(T, id([{heir, none}, {heir, none}]))),
    [{false, false}, {true, false}, {auto, true}] =
        [begin X = ets:new(t, O), {ets:info(X, write_concurrency), ets:info(X, decentralized_counters)} end
         || O <- [[private, {write_concurrency, true}], [public, {write_concurrency, true}], [public, {write_concurrency, auto}]]].

test_select_replace() ->
    T = ets:new(t, [ordered_set]),
    ets:insert(T, [{{a, I}, I} || I <- lists:seq(1, 100)]),
    100 = ets:select_replace(T, [{{'$1', '$2'}, [], [{{'$1', {'+', '$2', 1}}}]}]),
    1 = ets:select_replace(T, [{{{a, 1}, '_'}, [], [{const, {{a, 1}, new}}]}]),
    [{{a, 1}, new}] = ets:lookup(T, {a, 1}),
    {'EXIT', {badarg, _}} = (catch ets:select_replace(T, id([{{'$1', '$2'}, [], [{{'$2', '$1'}}]}]))),
    {'EXIT', {badarg, _}} = (catch ets:select_replace(ets:new(b, [bag]), id([{'$1', [], ['$1']}]))).

test_large_table() ->
    [begin
         T = ets:new(t, [Type, public]),
         fill(T, 200000),
         200000 = ets:select_count(T, [{'_', [], [true]}]),
         200000 = length(ets:match(T, {'$1', '_'})),
         100000 = ets:select_delete(T, [{{'$1', '_'}, [{'=:=', {'rem', '$1', 2}, 0}], [true]}]),
         100000 = ets:info(T, size),
         true = ets:delete_all_objects(T),
         0 = ets:info(T, size),
         fill(T, 1000),
         true = ets:delete(T),
         undefined = ets:info(T)
     end || Type <- [set, ordered_set]],
    {P, M} = spawn_monitor(fun() -> fill(ets:new(named, [named_table]), 100000) end),
    receive {'DOWN', M, process, P, normal} -> undefined = ets:info(named) end.

fill(_, 0) -> ok;
fill(T, N) -> ets:insert(T, {N, x}), fill(T, N - 1).

%% A binary is one key however it is kept.
test_binary_keys() ->
    [begin
         T = ets:new(t, [Type]),
         Long = binary:copy(<<"0123456789">>, 10),
         <<_:3, Odd:100/binary, _/bits>> = <<0:3, Long/binary, 0:5>>,
         <<_:1/binary, Part:5/binary, _/binary>> = Long,
         ets:insert(T, [{Long, long}, {<<"12345">>, short}, {<<5:3>>, bits}, {<<>>, empty}]),
         [{_, long}] = ets:lookup(T, Odd),
         [{_, short}] = ets:lookup(T, Part),
         [{_, bits}] = ets:lookup(T, <<5:3>>),
         [{_, empty}] = ets:lookup(T, binary:part(Long, 3, 0))
     end || Type <- [set, ordered_set, bag]],
    ok.

test_equal_numbers() ->
    T = ets:new(t, [set]),
    ets:insert(T, [{1, i}, {1.0, f}, {{1}, i}, {{1.0}, f}]),
    4 = ets:info(T, size),
    O = ets:new(t, [ordered_set, public, {write_concurrency, true}]),
    ets:insert(O, {1, i}), ets:insert(O, {1.0, f}), ets:insert(O, {{1}, i}), ets:insert(O, {{1.0}, f}),
    [{1.0, f}, {{1.0}, f}] = ets:tab2list(O),
    [{1.0, f}] = ets:lookup(O, 1),
    ets:insert(O, {1, g}),
    [{1, g}] = ets:lookup(O, 1.0),
    ets:delete(O, 1.0),
    [{{1.0}, f}] = ets:tab2list(O).

%% Rows that are only marked as deleted hold their binaries, rows that were taken out do not.
test_binaries_in_use() ->
    T = ets:new(t, [{keypos, 2}]),
    B = binary:copy(<<"x">>, 200),
    ets:insert(T, [{B, 1}, {B, 2}]),
    [{P, 200, 3}, {P, 200, 3}] = ets:info(T, binary),
    ets:delete(T, 1),
    [{P, 200, 2}] = ets:info(T, binary),
    ets:safe_fixtable(T, true),
    ets:delete(T, 2),
    [{P, 200, 2}] = ets:info(T, binary),
    ets:safe_fixtable(T, false),
    [] = ets:info(T, binary),
    200 = byte_size(B).

%% What the text of a table's reference gives back is the table.
test_known_by_text() ->
    T = ets:new(t, [ordered_set]),
    R = list_to_ref(ref_to_list(T)),
    ordered_set = ets:info(R, type),
    true = ets:insert(R, {1}),
    [{1}] = ets:lookup(T, 1),
    ets:delete(T),
    undefined = ets:info(R, type),
    ok.

%% Rows of one key come oldest first within a portion, too.
test_order_in_portions() ->
    [begin
         T = ets:new(t, [Type]),
         [ets:insert(T, {t, I}) || I <- lists:seq(1, 7)],
         {L, _} = ets:select(T, [{'$1', [], ['$1']}], 100),
         L = [{t, I} || I <- lists:seq(1, 7)],
         {[{t, 5}, {t, 6}, {t, 7}], C} = ets:select(T, [{'$1', [], ['$1']}], 3),
         {[{t, 2}, {t, 3}, {t, 4}], _} = ets:select(C)
     end || Type <- [bag, duplicate_bag]],
    ok.

%% Others see all of a long list or nothing of it, and a wrong element of it stops all.
test_long_insert() ->
    T = ets:new(t, [public]),
    Rows = [{I, I} || I <- lists:seq(1, 50000)],
    Self = self(),
    spawn_link(fun() -> true = ets:insert(T, Rows), Self ! done end),
    Sizes = sizes(T, []),
    [] = [N || N <- Sizes, N =/= 0, N =/= 50000],
    50000 = ets:info(T, size),
    false = ets:insert_new(T, [{0, 0}, {50001, 1} | Rows]),
    true = ets:insert_new(T, [{-I, I} || {I, _} <- Rows]),
    {'EXIT', {badarg, [{ets, insert, [T, _], _} | _]}} = catch ets:insert(T, Rows ++ [wrong]),
    {'EXIT', {badarg, [{ets, insert, [T, _], _} | _]}} = catch ets:insert(T, [{a, b} | Rows] ++ tail),
    [] = ets:lookup(T, a),
    100000 = ets:info(T, size),
    ok.

sizes(T, L) ->
    N = length(ets:lookup(T, 1)) + length(ets:lookup(T, 50000)),
    receive done -> [50000 * ((N + 1) div 2) | L] after 0 -> sizes(T, [case N of 2 -> 50000; 1 -> half(T); 0 -> 0 end | L]) end.

%% The step may have ended between the two looks: then the first is there, too.
half(T) -> 25000 * (length(ets:lookup(T, 1)) + length(ets:lookup(T, 50000))).

test_number_of_locks() ->
    Locks = fun(N) ->
        T = ets:new(t, [public, {write_concurrency, {debug_hash_fixed_number_of_locks, N}}]),
        ets:info(T, write_concurrency)
    end,
    [{debug_hash_fixed_number_of_locks, M} = Locks(N) || {N, M} <- [{1, 64}, {127, 64}, {128, 128}, {2049, 2048}, {32768, 32768}]],
    {'EXIT', {badarg, _}} = catch Locks(32769),
    ok.

test_internal_state() ->
    erts_debug:set_internal_state(available_internal_state, true),
    {{node_references, [{{N, _}, 1, [_]}]}, {dist_references, [{N, 2, [_, _]}]}} = erts_debug:get_internal_state(node_and_dist_references),
    N = node(),
    true = is_integer(erts_debug:get_internal_state(next_pid)),
    true = is_atom(erts_debug:get_internal_state({atom, 5})),
    true = erts_debug:set_internal_state(force_gc, self()),
    false = erts_debug:disassemble({lists, map, 2}),
    {'EXIT', {badarg, _}} = catch erts_debug:lcnt_control(mask),
    {'EXIT', {badarg, _}} = catch erts_debug:lcnt_control(mask, []),
    erts_debug:set_internal_state(available_internal_state, false),
    {'EXIT', {badarg, _}} = catch lists:keyfind(a, 1 bsl 59, []),
    false = lists:keyfind(a, (1 bsl 59) - 1, []),
    {'EXIT', {badarg, _}} = catch erlang:function_exported(a, b, 1 bsl 59),
    ok.

%% When the name of a process that ended is gone, so are those of its tables.
test_names_of_the_dying() ->
    [begin
         Self = self(),
         P = spawn(fun() ->
                       register(ets_t_owner, self()),
                       ets_t_table = ets:new(ets_t_table, [named_table, ordered_set]),
                       ets:insert(ets_t_table, [{X, X} || X <- lists:seq(1, 100)]),
                       [erlang:send_after(1000000, self(), x) || _ <- lists:seq(1, 100)],
                       Self ! ready,
                       receive go -> ok end
                   end),
         receive ready -> ok end,
         P ! go,
         (fun Wait() -> whereis(ets_t_owner) =:= undefined orelse Wait() end)(),
         {I, undefined} = {I, ets:whereis(ets_t_table)}
     end || I <- lists:seq(1, girder_size:scaled(2000))],
    ok.
