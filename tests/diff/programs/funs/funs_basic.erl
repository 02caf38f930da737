%% SPDX-License-Identifier: Apache-2.0
-module(funs_basic).
-export([cases/0, exported/0, exported/1, exported/2, twice/2, compose/2, counter/1]).

id(X) -> diff_lib:id(X).

cases() ->
    [{call_0, fun() -> (id(fun() -> zero end))() end}, {call_1, fun() -> (id(fun(X) -> {X} end))(1) end}, {call_2, fun() -> (id(fun(X, Y) -> {Y, X} end))(1, 2) end},
     {call_9, fun() -> (id(fun(A, B, C, D, E, F, G, H, I) -> [I, H, G, F, E, D, C, B, A] end))(1, 2, 3, 4, 5, 6, 7, 8, 9) end},
     {env_1, fun() -> X = id(7), (id(fun(Y) -> {X, Y} end))(8) end},
     {env_many, fun() -> A = id(1), B = id([2]), C = id({3}), D = id(<<4>>), E = id(5.0), F = id(1 bsl 70), G = id(#{k => v}), (id(fun(X) -> {A, B, C, D, E, F, G, X} end))(x) end},
     {env_nested, fun() -> A = id(1), F = id(fun(B) -> fun(C) -> fun(D) -> {A, B, C, D} end end end), ((F(2))(3))(4) end},
     {env_gc, fun() -> A = lists:seq(1, id(50)), F = id(fun() -> lists:sum(A) end), erlang:garbage_collect(), lists:seq(1, 10000), F() end},
     {tail, fun() -> F = id(fun(X) -> X + 1 end), F(1) end}, {tail_env, fun() -> E = id(5), F = id(fun(X) -> X + E end), F(1) end},
     {local_fun, fun() -> F = fun helper/1, F(3) end}, {local_fun_id, fun() -> (id(fun helper/2))(3, 4) end},
     {exported_fun, fun() -> (id(fun exported/1))(3) end}, {external, fun() -> (id(fun ?MODULE:exported/2))(3, 4) end}, {external_0, fun() -> (id(fun ?MODULE:exported/0))() end},
     {external_var, fun() -> M = id(?MODULE), F = id(exported), A = id(1), G = fun M:F/A, G(9) end}, {make_fun, fun() -> (erlang:make_fun(id(?MODULE), exported, 2))(a, b) end},
     {external_bif, fun() -> (id(fun erlang:abs/1))(-3) end}, {external_bif_fail, fun() -> (id(fun erlang:abs/1))(a) end}, {external_lists, fun() -> (id(fun lists:reverse/1))([1, 2, 3]) end},
     {fun_var_bad, fun() -> M = id(1), fun M:f/1 end}, {fun_arity_bad, fun() -> A = id(-1), fun lists:f/A end}, {make_fun_bad, fun() -> erlang:make_fun(id(a), b, id(256)) end},
     {apply_2, fun() -> apply(id(fun(X, Y) -> {X, Y} end), [1, 2]) end}, {apply_2_tail, fun() -> F = id(fun(X) -> X end), apply(F, id([1])) end}, {apply_empty, fun() -> apply(id(fun() -> z end), []) end},
     {apply_long, fun() -> apply(id(fun(A, _, _, _, _, _, _, _, _, _, _, L) -> {A, L} end), lists:seq(1, 12)) end},
     {apply_improper, fun() -> apply(id(fun(X) -> X end), id([1 | 2])) end}, {apply_notlist, fun() -> apply(id(fun(X) -> X end), id(1)) end},
     {apply_3, fun() -> apply(?MODULE, exported, [1]) end}, {apply_3_var, fun() -> M = id(?MODULE), F = id(exported), M:F() end}, {apply_3_var1, fun() -> M = id(?MODULE), F = id(exported), [M:F(1)] end},
     {apply_fun_mod, fun() -> M = id(?MODULE), M:exported(1, 2) end}, {apply_mod_fun, fun() -> F = id(exported), ?MODULE:F(1, 2) end}, {apply_tuple_mod, fun() -> M = id({?MODULE, x}), M:exported(1) end},
     {apply_bif, fun() -> apply(id(erlang), id(element), [2, {a, b}]) end}, {apply_bif_tail, fun() -> apply(erlang, id(abs), [-1]) end}, {apply_apply, fun() -> apply(erlang, apply, [?MODULE, exported, [5]]) end},
     {apply_apply_fun, fun() -> apply(erlang, apply, [fun(X) -> X * 2 end, [5]]) end}, {apply_255, fun() -> apply(?MODULE, exported, lists:seq(1, 255)) end}, {apply_256, fun() -> apply(?MODULE, exported, lists:seq(1, 256)) end},
     {named, fun() -> F = fun Fact(0) -> 1; Fact(N) -> N * Fact(N - 1) end, F(id(30)) end}, {named_env, fun() -> K = id(3), F = fun Go(0, A) -> A; Go(N, A) -> Go(N - 1, A + K) end, F(100, 0) end},
     {named_self, fun() -> F = fun Me() -> Me end, G = F(), G =:= F end}, {twice, fun() -> twice(fun(X) -> X * X end, 3) end}, {compose, fun() -> (compose(fun(X) -> X + 1 end, fun(X) -> X * 2 end))(5) end},
     {counter, fun() -> {F, _} = counter(3), {A, G} = F(), {B, H} = G(), {C, _} = H(), {A, B, C} end}, {in_list, fun() -> [F(2) || F <- id([fun(X) -> X + 1 end, fun(X) -> X * 5 end, fun erlang:'-'/1])] end},
     {in_map, fun() -> #{f := F} = id(#{f => fun(X) -> [X] end}), F(1) end}, {sent, fun() -> E = id({env, [1]}), P = self(), spawn(fun() -> P ! fun() -> E end end), receive F -> F() end end},
     {equal, fun() -> F = id(fun() -> a end), G = F, [F =:= G, F == G, F =:= fun() -> a end] end}, {equal_env, fun() -> M = fun(X) -> fun() -> X end end, [M(id(1)) =:= M(id(1)), M(1) =:= M(2), M(1) == M(1.0), M([1]) =:= M([1])] end},
     {equal_external, fun() -> [fun lists:map/2 =:= id(fun lists:map/2), fun lists:map/2 =:= id(fun lists:map/3), fun lists:map/2 == id(fun lists:foldl/2)] end},
     {order, fun() -> M = fun(X) -> fun() -> X end end, L = [fun lists:map/2, fun lists:foldl/3, M(1), M(2), fun() -> z end, fun erlang:abs/1], [[{X < Y, X > Y, X == Y} || Y <- L] || X <- L] end},
     {is_function, fun() -> [{is_function(F), is_function(F, 0), is_function(F, 1), is_function(F, 2)} || F <- id([fun() -> a end, fun(X) -> X end, fun lists:map/2, a, {lists, map}])] end},
     {is_function_bad, fun() -> is_function(fun() -> a end, id(-1)) end}, {is_function_bad2, fun() -> is_function(id(a), id(a)) end}, {is_function_big, fun() -> is_function(fun() -> a end, id(1 bsl 70)) end},
     {info_local, fun() -> X = id(env), F = fun(Y) -> {X, Y} end, [erlang:fun_info(F, I) || I <- [module, name, arity, env, type, new_index, index]] end},
     {info_external, fun() -> [erlang:fun_info(fun lists:map/2, I) || I <- [module, name, arity, env, type]] end}, {info_refc, fun() -> [erlang:fun_info(fun lists:map/2, I) || I <- [pid, new_uniq, uniq, index, new_index, refc]] end},
     {info_bad, fun() -> erlang:fun_info(id(a), module) end}, {info_bad2, fun() -> erlang:fun_info(fun() -> a end, id(bad)) end}, {info_all, fun() -> [K || {K, _} <- erlang:fun_info(fun() -> a end)] end},
     {fun_to_list, fun() -> erlang:fun_to_list(fun lists:map/2) end}, {hash, fun() -> erlang:phash2(fun lists:map/2) end}, {info_mfa, fun() -> erlang:fun_info_mfa(fun(A, B) -> {A, B} end) end},
     {lists_all, fun() -> {lists:all(fun(X) -> X > 0 end, id([1, 2])), lists:any(fun erlang:is_atom/1, id([1, a])), lists:filter(fun(X) -> X rem 2 =:= 0 end, id([1, 2, 3, 4]))} end},
     {foldr, fun() -> lists:foldr(fun(X, A) -> [X, A] end, [], id([1, 2, 3])) end}, {mapfold, fun() -> lists:mapfoldl(fun(X, A) -> {X * A, A + 1} end, 1, id([5, 6, 7])) end}, {sort, fun() -> lists:sort(fun(A, B) -> A >= B end, id([3, 1, 2, 5, 4])) end},
     {y_combinator, fun() -> Y = fun(M) -> (fun(F) -> M(fun(X) -> (F(F))(X) end) end)(fun(F) -> M(fun(X) -> (F(F))(X) end) end) end, (Y(fun(Fac) -> fun(0) -> 1; (N) -> N * Fac(N - 1) end end))(10) end},
     {deep_closure, fun() -> F = lists:foldl(fun(N, G) -> fun(X) -> G(X) + N end end, fun(X) -> X end, lists:seq(1, 1000)), F(0) end}].

exported() -> none.
exported(X) -> {one, X}.
exported(X, Y) -> {two, X, Y}.

helper(X) -> {helper, X}.
helper(X, Y) -> {helper, Y, X}.

twice(F, X) -> F(F(X)).

compose(F, G) -> fun(X) -> F(G(X)) end.

counter(N) -> {fun() -> {N, element(1, counter(N + 1))} end, N}.
