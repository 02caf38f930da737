%% SPDX-License-Identifier: Apache-2.0
%% Maps below, at and above the border between the flat form and the trie.
-module(map_t).
-export([test_field_in_many_shapes/0, test_merge_same/0, test_missing_key_order/0, test_condition/0, test_syntax/0, test_patterns/0, test_errors/0, test_sizes/0, test_remove/0, test_merge/0, test_iterate/0, test_equal/0, test_keys_of_all_kinds/0, test_numbers/0, test_update_old/0, test_gc/0, test_send/0, test_large/0, id/1]).

id(X) -> X.

test_syntax() ->
    M = #{a => 1, id(b) => 2},
    #{a := 1, b := 2} = M,
    #{a := 3, b := 2, c := 4} = M#{a := 3, c => 4},
    2 = map_size(M),
    #{} = id(#{}).

test_patterns() ->
    #{a := X, {k} := #{b := Y}} = id(#{a => 1, {k} => #{b => 2}}),
    {1, 2} = {X, Y},
    K = id(key),
    #{K := v} = id(#{key => v}),
    none = case id(#{a => 1}) of #{b := _} -> some; _ -> none end.

test_errors() ->
    {'EXIT', {{badmap, x}, _}} = (catch (id(x))#{a => 1}),
    {'EXIT', {{badkey, a}, _}} = (catch (id(#{}))#{a := 1}),
    {'EXIT', {{badkey, a}, _}} = (catch maps:get(a, id(#{}))),
    {'EXIT', {{badmap, []}, _}} = (catch maps:get(a, id([]))).

test_sizes() ->
    [begin
         M = make(N),
         N = map_size(M),
         [X2 = maps:get(X, M) || X <- lists:seq(1, N), X2 <- [X * X]],
         error = maps:find(N + 1, M),
         true = N + 1 =:= map_size(M#{new => x}),
         true = lists:sort(maps:keys(M)) =:= lists:seq(1, N)
     end || N <- sizes()],
    ok.

test_remove() ->
    [begin
         M = lists:foldl(fun maps:remove/2, make(N), lists:seq(2, max(1, N))),
         true = M =:= maps:with([1], make(N)),
         true = maps:remove(none, M) =:= M,
         true = maps:remove(1, M) =:= #{}
     end || N <- sizes()],
    ok.

test_merge() ->
    [begin
         A = make(N),
         B = maps:from_list([{X, b} || X <- lists:seq(N div 2 + 1, N + 5)]),
         M = maps:merge(A, B),
         true = map_size(M) =:= N + 5,
         b = maps:get(N + 5, M),
         true = N < 2 orelse maps:get(1, M) =:= 1,
         true = maps:merge(M, #{}) =:= M
     end || N <- sizes()],
    ok.

test_iterate() ->
    [begin
         M = make(N),
         S = lists:sum([X * X || X <- lists:seq(1, N)]),
         S = maps:fold(fun(_, V, A) -> V + A end, 0, M),
         S = walk(maps:next(maps:iterator(M)), 0),
         true = maps:map(fun(_, V) -> V end, M) =:= M
     end || N <- sizes()],
    ok.

walk(none, S) -> S;
walk({_, V, I}, S) -> walk(maps:next(I), S + V).

test_equal() ->
    [begin
         A = make(N),
         B = maps:from_list([{X, X * X} || X <- lists:seq(N, 1, -1)]),
         true = A =:= B,
         true = erlang:phash2(A) =:= erlang:phash2(B),
         true = A == maps:map(fun(_, V) -> float(V) end, A),
         false = N > 0 andalso A =:= maps:put(1, x, A)
     end || N <- sizes()],
    ok.

test_keys_of_all_kinds() ->
    Keys = [a, 1, 1.0, "s", <<"b">>, <<1:3>>, {t}, [l], #{}, 1 bsl 70, -5, self(), make_ref(), fun lists:map/2, [], {}],
    M = maps:from_list([{K, {K}} || K <- Keys]),
    true = map_size(M) =:= length(Keys),
    [{K} = maps:get(K, M) || K <- Keys],
    [] = Keys -- maps:keys(M).

test_numbers() ->
    M = id(#{1 => int, 1.0 => float}),
    2 = map_size(M),
    {int, float} = {maps:get(1, M), maps:get(1.0, M)},
    false = maps:is_key(1, #{1.0 => x}).

test_update_old() ->
    [begin
         M = make(N),
         M2 = M#{1 => changed},
         1 = maps:get(1, M),
         changed = maps:get(1, M2)
     end || N <- sizes(), N > 0],
    ok.

test_gc() ->
    M = make(50),
    M2 = lists:foldl(fun(X, A) -> erlang:garbage_collect(), A#{X => [X]} end, M, lists:seq(40, 60)),
    60 = map_size(M2),
    [60] = maps:get(60, M2),
    1600 = maps:get(40, M).

test_send() ->
    [begin
         M = make(N),
         self() ! M,
         receive X -> true = X =:= M end
     end || N <- sizes()],
    ok.

test_large() ->
    M = make(1000),
    1000 = map_size(M),
    500500 = lists:sum(maps:keys(M)),
    true = binary_to_term(term_to_binary(M)) =:= M.

make(N) -> maps:from_list([{X, X * X} || X <- lists:seq(1, N)]).

sizes() -> [0, 1, 2, 31, 32, 33, 34, 70].

%% Of several constant keys that are not there, the error names the first in their order, not in the text's.
test_missing_key_order() ->
    M = id(#{}),
    {'EXIT', {{badkey, 42}, _}} = (catch M#{42.0 := v, 42 := w}),
    {'EXIT', {{badkey, a}, _}} = (catch M#{c := v, b := v, a := v}),
    {'EXIT', {{badkey, 1}, _}} = (catch M#{id => x, 1 := v}).

%% The result of is_map_key/2 is read where only its failure leads.
test_condition() ->
    [{jkl, nil}, {def, abc}, {mno, abc}, error] =
        [condition(M) || M <- [#{abc => 0, jkl => 0}, #{abc => 0, def => 0}, #{abc => 0, mno => 0}, #{}]].

condition(#{} = Map) ->
    case case Abc = is_map_key(abc, Map) of false -> false; _ -> is_map_key(def, Map) end of
        true -> {def, abc};
        false ->
            case case Jkl = is_map_key(jkl, Map) of false -> false; _ -> is_map_key(def, Map) end of
                true -> {def, jkl};
                false ->
                    case case Abc of false -> false; _ -> is_map_key(mno, Map) end of
                        true -> {mno, abc};
                        false -> case Jkl of true -> {jkl, nil}; false -> error end
                    end
            end
    end.

%% Nothing new is made when one of two maps says it all.
test_merge_same() ->
    [begin
         M = make(N),
         true = erts_debug:same(M, maps:merge(id(M), M)),
         true = erts_debug:same(M, maps:merge(#{}, M)),
         true = erts_debug:same(M, maps:merge(M, #{}))
     end || N <- [1, 5, 32, 33, 200]].

%% One instruction meets maps that have its key in different places, or not at all, or are large.
test_field_in_many_shapes() ->
    Maps = [maps:from_list([{K, {K, N}} || K <- Keys] ++ [{{x, I}, I} || I <- lists:seq(1, N)])
            || N <- [0, 1, 31, 32, 40], Keys <- [[], [a], [k], [k, z], [a, k], [a, b, k], [a, b, k, z], [7, k]]],
    [begin
         Has = lists:keyfind(k, 1, maps:to_list(M)),
         case field(M) of
             none -> false = Has, badkey = change(M);
             V -> {k, V} = Has, New = change(M), new = maps:get(k, New), true = maps:remove(k, M) =:= maps:remove(k, New), M = same(M, V)
         end,
         Put = put_k(M),
         put = maps:get(k, Put),
         true = maps:remove(k, M) =:= maps:remove(k, Put)
     end || M <- Maps ++ lists:reverse(Maps) ++ Maps],
    {badmap, [k]} = (fun() -> try change([k]) catch error:R -> R end end)().

field(#{k := V}) -> V;
field(_) -> none.
change(M) -> try M#{k := new} catch error:{badkey, k} -> badkey end.
same(M, V) -> M#{k := V}.
put_k(M) -> M#{k => put}.
