%% SPDX-License-Identifier: Apache-2.0
%% Compressed tables hold every kind of value and give it back, whole, in parts and to match specifications.
-module(ets_compressed).
-export([cases/0]).

cases() ->
    [{{T, N}, fun() -> F(ets:new(diff, [T, public, compressed])) end} || T <- [set, ordered_set, bag, duplicate_bag], {N, F} <- ops()] ++
        [{{misc, N}, F} || {N, F} <- misc()].

values() ->
    [0, -1, 127, 128, -64, 1 bsl 58, -(1 bsl 59), 1 bsl 60, 1 bsl 70, -(1 bsl 200), 1.5, -0.0, 1.0e300, 5.0e-324, a, '', [], {}, #{}, <<>>, "", "text",
     [255, 256], [1 | 2], [a, b | c], "abc" ++ d, {a, {b, [c, {d}]}}, lists:seq(1, 300), lists:duplicate(300, $x), <<"short">>, <<1:3>>, <<"abc", 5:5>>,
     binary:copy(<<"long">>, 50), binary:part(binary:copy(<<"long">>, 50), 3, 20), binary:part(binary:copy(<<"long">>, 50), 3, 100), tail_of(<<0:3, "unaligned", 0:5>>),
     #{a => 1, "k" => {v, [w]}}, maps:from_list([{I, {I, integer_to_list(I)}} || I <- lists:seq(1, 200)]), #{m => #{n => #{o => "p"}}},
     [{person, "name", 30, <<"mail">>, [x, y]} || _ <- lists:seq(1, 20)], list_to_tuple(lists:seq(1, 500)), nest(50, [])].

tail_of(<<_:3, B:9/binary, _/bits>>) -> B.

nest(0, A) -> A;
nest(N, A) -> nest(N - 1, [{A}, N]).

fill(T) -> ets:insert(T, lists:zipwith(fun(K, V) -> {K, V, n, K * 2} end, lists:seq(1, length(values())), values())), T.

keys() -> lists:seq(1, length(values())).

ops() ->
    [{whole, fun(T) -> fill(T), lists:zipwith(fun(K, V) -> ets:lookup(T, K) =:= [{K, V, n, K * 2}] end, keys(), values()) end},
     {values, fun(T) -> fill(T), [diff_lib:hash(ets:lookup(T, K)) || K <- keys()] end},
     {element, fun(T) -> fill(T), [diff_lib:hash(ets:lookup_element(T, K, P)) || K <- keys(), P <- [1, 2, 3, 4]] end},
     {listed, fun(T) -> fill(T), lists:sort(ets:tab2list(T)) =:= lists:sort(lists:zipwith(fun(K, V) -> {K, V, n, K * 2} end, keys(), values())) end},
     {folded, fun(T) -> fill(T), ets:foldl(fun({K, V, _, _}, A) -> erlang:phash2({K, V}) + A end, 0, T) end},
     {found, fun(T) -> fill(T), [length(ets:match_object(T, {'_', V, '_', '_'})) || V <- values()] end},
     {bound, fun(T) -> fill(T), lists:sort([{K, diff_lib:hash(V)} || [K, V] <- ets:match(T, {'$1', '$2', n, '_'})]) end},
     {guarded, fun(T) -> fill(T), [lists:sort(ets:select(T, [{{'$1', '$2', '_', '$3'}, [G], ['$1']}])) ||
         G <- [{is_list, '$2'}, {is_tuple, '$2'}, {is_map, '$2'}, {is_binary, '$2'}, {'>', '$2', {const, "t"}}, {'=:=', {element, 1, '$2'}, a}, {'==', {hd, '$2'}, $t},
               {'>', {map_size, '$2'}, 1}, {'=:=', {map_get, a, '$2'}, 1}, {'<', {length, '$2'}, 5}, {'>', '$3', 40}]] end},
     {answers, fun(T) -> fill(T), [diff_lib:hash(lists:sort(ets:select(T, [{{'$1', '$2', '_', '_'}, [], [B]}]))) || B <- ['$_', '$$', '$2', {{'$2', '$1'}}, ['$2' | '$1']]] end},
     {portions, fun(T) -> fill(T), diff_lib:hash(lists:sort(chunks(ets:select(T, [{'_', [], ['$_']}], 7)))) end},
     {counted, fun(T) -> fill(T), ets:select_count(T, [{{'_', '$1', '_', '_'}, [{is_tuple, '$1'}], [true]}]) end},
     {taken, fun(T) -> fill(T), {diff_lib:hash([ets:take(T, K) || K <- keys()]), ets:info(T, size)} end},
     {deleted, fun(T) -> fill(T), [ets:delete_object(T, {K, V, n, K * 2}) || {K, V} <- lists:zip(keys(), values()), K rem 2 =:= 0],
                         [ets:delete_object(T, {K, other, n, K * 2}) || K <- keys()], lists:sort([element(1, R) || R <- ets:tab2list(T)]) end},
     {select_deleted, fun(T) -> fill(T), {ets:select_delete(T, [{{'_', '$1', '_', '_'}, [{is_list, '$1'}], [true]}]), ets:info(T, size)} end},
     {replaced, fun(T) -> fill(T), {diff_lib:outcome(fun() -> ets:select_replace(T, [{{'$1', '$2', '$3', '$4'}, [{is_tuple, '$2'}], [{{'$1', [{{x, '$2'}}], '$3', '$4'}}]}]) end),
                                    diff_lib:hash(lists:sort(ets:tab2list(T)))} end},
     {again, fun(T) -> fill(T), fill(T), {ets:info(T, size), diff_lib:hash(lists:sort(ets:tab2list(T)))} end},
     {overwritten, fun(T) -> [ets:insert(T, {K, V, n, W}) || W <- [1, 2], {K, V} <- lists:zip(keys(), values())], diff_lib:hash(lists:sort(ets:tab2list(T))) end},
     {counter, fun(T) -> fill(T), [diff_lib:outcome(fun() -> ets:update_counter(T, K, U) end) || K <- [1, 4, 8, 9, 12, 23], U <- [1, {4, 1}, {2, 3}, {2, 1 bsl 80}, [{4, 1}, {2, 2}], {3, 1}]]
                         ++ [diff_lib:hash(lists:sort(ets:tab2list(T)))] end},
     {counter_default, fun(T) -> [diff_lib:outcome(fun() -> ets:update_counter(T, k, {2, 1}, {x, 5, "default", [d]}) end) || _ <- [1, 2]] ++ ets:tab2list(T) end},
     {updated, fun(T) -> fill(T), [diff_lib:outcome(fun() -> ets:update_element(T, K, U) end) || K <- [1, 21, 28, 200], U <- [{2, "new"}, {4, <<"bin">>}, [{2, {t}}, {3, 5}], {2, 7}, {1, x}, {5, x}]]
                         ++ [diff_lib:hash(lists:sort(ets:tab2list(T)))] end},
     {new, fun(T) -> {ets:insert_new(T, {"key", "value"}), ets:insert_new(T, {"key", "other"}), ets:insert_new(T, [{"a", "b"}, {"key", c}]), lists:sort(ets:tab2list(T))} end},
     {keys, fun(T) -> [ets:insert(T, {V, V}) || V <- values()], {ets:info(T, size), [ets:lookup(T, V) =:= [{V, V}] || V <- values()], diff_lib:hash(lists:sort(walk(T, ets:first(T))))} end},
     {same, fun(T) -> [ets:insert(T, {k, V}) || V <- values(), _ <- [1, 2]], {ets:info(T, size), diff_lib:hash(ets:lookup(T, k))} end},
     {after_collections, fun(T) -> fill(T), erlang:garbage_collect(), L = lists:sort(ets:tab2list(T)), erlang:garbage_collect(), diff_lib:hash(L) end}].

misc() ->
    [{key_position, fun() -> T = ets:new(t, [compressed, {keypos, 2}]), ets:insert(T, {"first", "key", "third"}), {ets:lookup(T, "key"), ets:lookup_element(T, "key", 1), ets:update_element(T, "key", {3, "x"}), ets:tab2list(T)} end},
     {identities, fun() -> T = ets:new(t, [compressed]), R = make_ref(), P = self(), F = fun(X) -> {X, R} end, M = ets:new(m, []),
                           V = {[P, R], #{f => F, m => M}, fun lists:map/2, [F | R]}, ets:insert(T, {1, V, R, F, P}),
                           {ets:lookup(T, 1) =:= [{1, V, R, F, P}], ets:match(T, {'$1', '_', R, F, P}), (ets:lookup_element(T, 1, 4))(1) =:= {1, R}} end},
     {large_binary, fun() -> T = ets:new(t, [compressed]), B = binary:copy(<<"x">>, 100000), ets:insert(T, [{I, {B, I}, B} || I <- lists:seq(1, 100)]),
                             {ets:info(T, memory) < 20000, [ets:lookup(T, I) =:= [{I, {B, I}, B}] || I <- [1, 50, 100]]} end},
     {other_nodes, fun() -> T = ets:new(t, [compressed]), P = binary_to_term(<<131, 88, 100, 0, 3, "a@b", 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3>>), ets:insert(T, {1, [P], P}), {ets:lookup(T, 1) =:= [{1, [P], P}], ets:match(T, {'$1', ['_'], P})} end},
     {smaller, fun() -> [begin T = ets:new(t, [set]), C = ets:new(c, [set, compressed]), [ets:insert(X, {I, V}) || X <- [T, C], I <- lists:seq(1, 1000)], ets:info(C, memory) < ets:info(T, memory) end
                         || V <- ["a text of thirty characters...", {record, "name", [a, b, c], 1, 2, 3}, lists:seq(1, 20), #{a => 1, b => 2, c => "three"}]] end},
     {deep, fun() -> T = ets:new(t, [compressed]), V = nest(100000, []), ets:insert(T, {1, V}), ets:lookup(T, 1) =:= [{1, V}] end},
     {information, fun() -> [ets:info(ets:new(t, O), compressed) || O <- [[], [compressed], [compressed, ordered_set]]] end},
     {shared, fun() -> D = lists:foldl(fun(_, A) -> {A, A} end, x, lists:seq(1, 12)), T = ets:new(t, [compressed]), ets:insert(T, {1, D}), ets:lookup(T, 1) =:= [{1, D}] end},
     {renewed, fun() -> T = ets:new(t, [compressed]), [ets:insert(T, {I rem 50, lists:seq(1, I rem 30), integer_to_binary(I)}) || I <- lists:seq(1, 5000)], diff_lib:hash(lists:sort(ets:tab2list(T))) end},
     {heir, fun() -> Self = self(), spawn(fun() -> T = ets:new(t, [compressed, {heir, Self, "data"}]), ets:insert(T, {1, "one"}) end), receive {'ETS-TRANSFER', T, _, D} -> {D, ets:lookup(T, 1)} end end}].

walk(_, '$end_of_table') -> [];
walk(T, K) -> [K | walk(T, ets:next(T, K))].

chunks('$end_of_table') -> [];
chunks({L, C}) -> L ++ chunks(ets:select(C)).
