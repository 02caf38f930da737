%% SPDX-License-Identifier: Apache-2.0
%% Maps of every size around the border between flat and hash maps; each operation, each pattern.
-module(maps_ops).
-export([cases/0]).

id(X) -> diff_lib:id(X).

cases() ->
    Sizes = [0, 1, 2, 5, 16, 31, 32, 33, 34, 40, 64, 65, 100, 1000],
    [{{Name, N}, fun() -> F(make(N), N) end} || N <- Sizes, {Name, F} <- ops()] ++
        [{{keys, Name, N}, fun() -> M = maps:from_list([{K, X} || {K, X} <- lists:zip(Keys, lists:seq(1, length(Keys)))]), {map_size(M), order(Name, maps:to_list(M)), [maps:get(K, M) || K <- Keys], erlang:phash2(M), M} end} || {Name, Keys0} <- keys(), N <- [1, 3, 20, 32, 33, 60], Keys <- [lists:sublist(Keys0, N)]] ++
        [{{mixed, N}, F} || {N, F} <- mixed()].

make(N) -> maps:from_list([{X, X * X} || X <- lists:seq(1, N)]).

ops() ->
    [{size, fun(M, _) -> {map_size(M), maps:size(M), is_map(M)} end}, {to_list, fun(M, _) -> maps:to_list(M) end}, {keys, fun(M, _) -> {maps:keys(M), maps:values(M)} end}, {whole, fun(M, _) -> M end},
     {get, fun(M, N) -> [diff_lib:outcome(fun() -> maps:get(K, M) end) || K <- [0, 1, N, N + 1, 1.0, a]] end}, {get_default, fun(M, N) -> [maps:get(K, M, none) || K <- [0, 1, N, N + 1]] end}, {find, fun(M, N) -> [maps:find(K, M) || K <- [0, 1, N, 1.0]] end},
     {is_key, fun(M, N) -> [{maps:is_key(K, M), is_map_key(K, M)} || K <- [0, 1, N, 1.0]] end}, {put_new, fun(M, _) -> maps:put(new, 1, M) end}, {put_old, fun(M, N) -> maps:put(N, changed, M) end}, {put_same, fun(M, N) -> maps:put(N, N * N, M) =:= M end},
     {update, fun(M, N) -> diff_lib:outcome(fun() -> maps:update(N, z, M) end) end}, {remove, fun(M, N) -> maps:remove(N, M) end}, {remove_none, fun(M, _) -> maps:remove(none, M) =:= M end}, {take, fun(M, N) -> maps:take(N, M) end},
     {remove_all, fun(M, _) -> maps:fold(fun(K, _, A) -> maps:remove(K, A) end, M, M) end}, {merge, fun(M, N) -> maps:merge(M, maps:from_list([{X, b} || X <- lists:seq(N div 2, N + 10)])) end}, {merge_left, fun(M, _) -> maps:merge(#{1 => one, z => z}, M) end}, {merge_empty, fun(M, _) -> {maps:merge(M, #{}) =:= M, maps:merge(#{}, M) =:= M} end},
     {syntax_put, fun(M, _) -> M#{a => 1, b => 2, 1 => x} end}, {syntax_exact, fun(M, N) -> diff_lib:trace(fun() -> (M#{N := y})#{1 := x} end) end}, {syntax_exact_bad, fun(M, _) -> diff_lib:trace(fun() -> M#{nokey := y} end) end}, {syntax_many, fun(M, _) -> M#{c => 1, a => 2, b => 3, a => 4, 2 => 5, 1.0 => 6} end},
     {match, fun(M, _) -> case M of #{1 := A, 2 := B, 5 := C} -> {A, B, C}; #{1 := A} -> A; #{} -> empty end end}, {match_var, fun(M, N) -> case M of #{N := A} -> A; _ -> no end end}, {match_missing, fun(M, _) -> case M of #{1 := _, nokey := X} -> X; _ -> no end end}, {match_many, fun(M, _) -> case M of #{1 := A, 33 := B, 16 := C, 31 := D, 32 := E} -> [A, B, C, D, E]; #{16 := C, 5 := D} -> [C, D]; _ -> no end end},
     {fold, fun(M, _) -> maps:fold(fun(K, V, A) -> [{K, V} | A] end, [], M) end}, {map, fun(M, _) -> maps:map(fun(K, V) -> K + V end, M) end}, {filter, fun(M, _) -> maps:filter(fun(K, _) -> K rem 2 =:= 0 end, M) end}, {filtermap, fun(M, _) -> maps:filtermap(fun(K, V) -> K rem 3 =:= 0 andalso {true, {V}} end, M) end},
     {iterate, fun(M, _) -> iter(maps:next(maps:iterator(M))) end}, {with, fun(M, N) -> {maps:with([1, N, none], M), maps:without([1, N, none], M)} end}, {update_with, fun(M, _) -> {maps:update_with(1, fun(X) -> X + 100 end, init, M), maps:update_with(q, fun(X) -> X end, init, M)} end},
     {hash, fun(M, _) -> {erlang:phash2(M), erlang:phash2(M, 1000)} end}, {etf, fun(M, _) -> B = term_to_binary(M), {erlang:crc32(B), byte_size(B), binary_to_term(B) =:= M} end}, {equal, fun(M, N) -> {M =:= make(N), M == make(N), M =:= maps:put(1, other, M), M == maps:map(fun(_, V) -> float(V) end, M), M =:= maps:map(fun(_, V) -> float(V) end, M)} end},
     {order, fun(M, N) -> O = make(N + 1), P = maps:put(N, bigger, M), [M < O, M > O, M < P, P < M, M < [], M > {}, M =< M, maps:remove(N, O) < M] end}, {send, fun(M, _) -> self() ! M, receive X -> X =:= M end end}, {copy, fun(M, _) -> P = self(), spawn(fun() -> P ! maps:put(me, 1, M) end), receive X -> X end end},
     {grow, fun(M, N) -> lists:foldl(fun(X, A) -> A#{X => N} end, M, lists:seq(N - 3, N + 3)) end}, {shrink, fun(M, N) -> lists:foldl(fun(X, A) -> maps:remove(X, A) end, M, lists:seq(N - 3, N)) end}, {gc, fun(M, _) -> erlang:garbage_collect(), M1 = maps:put(x, y, M), erlang:garbage_collect(), maps:size(M1) end},
     {group, fun(M, _) -> maps:groups_from_list(fun(X) -> X rem 3 end, maps:keys(M)) end}, {intersect, fun(M, N) -> maps:intersect(M, make(N div 2)) end}, {from_keys, fun(M, _) -> maps:from_keys(maps:keys(M), v) end}, {flat_size, fun(M, _) -> erts_debug:flat_size(M) end}, {from_list_dup, fun(M, _) -> L = maps:to_list(M), maps:from_list(L ++ [{K, second} || {K, _} <- L, K rem 2 =:= 0]) end}].

%% Where atoms come in a large map depends on when they were first made.
order(atoms, L) -> lists:sort(L);
order(kinds, L) -> lists:sort(L);
order(special, L) -> lists:sort(L);
order(_, L) -> L.

iter(none) -> [];
iter({K, V, I}) -> [{K, V} | iter(maps:next(I))].

keys() ->
    [{ints, lists:seq(1, 60)}, {negatives, lists:seq(-60, -1)}, {floats, [X * 1.5 || X <- lists:seq(1, 60)]}, {both, lists:append([[X, float(X)] || X <- lists:seq(1, 30)])}, {bigs, [1 bsl X || X <- lists:seq(40, 99)]}, {atoms, [list_to_atom("k" ++ integer_to_list(X)) || X <- lists:seq(1, 60)]},
     {tuples, [{X, [X]} || X <- lists:seq(1, 60)]}, {lists, [lists:seq(1, X) || X <- lists:seq(1, 60)]}, {binaries, [<<X:16>> || X <- lists:seq(1, 60)]}, {bits, [<<X:11>> || X <- lists:seq(1, 60)]}, {maps, [#{X => X} || X <- lists:seq(1, 60)]}, {strings, [integer_to_list(X) || X <- lists:seq(1, 60)]},
     {kinds, lists:sublist(lists:append([[X, float(X), <<X>>, {X}, [X], list_to_atom([X]), #{X => 1}] || X <- lists:seq($a, $z)]), 60)}, {descending, lists:seq(60, 1, -1)}, {special, [0, 0.0, -0.0, [], {}, <<>>, #{}, a, '', true, 1 bsl 60, -(1 bsl 60), 1 bsl 59, fun lists:map/2]}].

mixed() ->
    [{literal, fun() -> id(#{a => 1, "b" => 2.0, {c} => #{d => []}, 1 => x, 1.0 => y}) end}, {dup_literal, fun() -> K = id(a), #{a => 1, K => 2} end}, {build_vars, fun() -> A = id(a), B = id(1), #{A => B, B => A, {A, B} => [A], x => y} end}, {build_33, fun() -> B = id(b), build_33(B) end},
     {zero_keys, fun() -> M = #{0.0 => a, -0.0 => b, 0 => c}, {map_size(M), maps:get(id(-0.0), M)} end}, {from_list_bad, fun() -> maps:from_list(id([{a, 1}, b])) end}, {from_list_bad2, fun() -> maps:from_list(id([{a, 1} | b])) end}, {from_keys_bad, fun() -> maps:from_keys(id(a), 1) end}, {nested_update, fun() -> M = id(#{a => #{b => #{c => 1}}}), #{a := #{b := B}} = M, M#{a := #{b => B#{c := 2}}} end},
     {count, fun() -> lists:foldl(fun(C, M) -> maps:update_with(C, fun(X) -> X + 1 end, 1, M) end, #{}, "the quick brown fox jumps over the lazy dog") end}, {big_update, fun() -> M = lists:foldl(fun(X, A) -> A#{X rem 500 => X} end, #{}, lists:seq(1, 20000)), {map_size(M), lists:sum(maps:values(M))} end}, {big_delete, fun() -> M = maps:from_list([{{X}, X} || X <- lists:seq(1, 5000)]), R = lists:foldl(fun(X, A) -> maps:remove({X}, A) end, M, lists:seq(1, 4990)), maps:to_list(R) end},
     {exact_order, fun() -> (id(#{a => 1}))#{a := self(), a := 2} end}, {fun_in_guard, fun() -> F = fun(M) when map_get(a, M) =:= 1, is_map_key(b, M) -> yes; (_) -> no end, [F(X) || X <- [#{a => 1, b => 2}, #{a => 1}, #{}, x]] end}, {pattern_head, fun() -> F = fun(#{type := T, v := V}) -> {T, V}; (#{type := T}) -> T; (#{}) -> none end, [F(X) || X <- [#{type => a, v => 1}, #{type => b}, #{}]] end},
     {iterator_bad, fun() -> maps:next(id(x)) end}, {fold_bad, fun() -> maps:fold(fun(_, _, A) -> A end, 0, id([])) end}, {map_bad, fun() -> maps:map(id(notfun), #{a => 1}) end}, {compare_keys, fun() -> L = id([#{1 => a}, #{1.0 => a}, #{1 => a, 2 => b}, #{a => 1}, #{"a" => 1}, #{{} => 1}, #{}, #{1 => 1.0}, #{1 => 1}]), [[{A < B, A == B, A =:= B} || B <- L] || A <- L] end},
     {collide, fun() -> L = [{X, erlang:phash2(X, 1 bsl 27)} || X <- lists:seq(1, 200)], M = maps:from_list(L), maps:fold(fun(K, V, A) -> K bxor V bxor A end, 0, M) end}, {deep_key, fun() -> K = lists:foldl(fun(X, A) -> {X, A} end, [], lists:seq(1, 1000)), M = #{K => deep, x => y}, maps:get(lists:foldl(fun(X, A) -> {X, A} end, [], lists:seq(1, 1000)), M) end}].

build_33(B) ->
    #{a1 => B, a2 => 2, a3 => 3, a4 => 4, a5 => 5, a6 => 6, a7 => 7, a8 => 8, a9 => 9, a10 => 10, a11 => 11, a12 => 12, a13 => 13, a14 => 14, a15 => 15, a16 => 16, a17 => 17,
      a18 => 18, a19 => 19, a20 => 20, a21 => 21, a22 => 22, a23 => 23, a24 => 24, a25 => 25, a26 => 26, a27 => 27, a28 => 28, a29 => 29, a30 => 30, a31 => 31, a32 => 32, B => 33}.
