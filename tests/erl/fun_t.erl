%% SPDX-License-Identifier: Apache-2.0
%% Funs and apply.
-module(fun_t).
-export([test_call/0, test_environment/0, test_external/0, test_errors/0, test_apply/0, test_named/0, test_equal/0, test_info/0, test_sent/0, test_many_arguments/0, test_gc/0, id/1, two/2]).

id(X) -> X.
two(X, Y) -> {X, Y}.

test_call() ->
    0 = (id(fun() -> 0 end))(),
    3 = (id(fun(X, Y) -> X + Y end))(1, 2),
    [2, 4] = lists:map(fun(X) -> X * 2 end, id([1, 2])).

test_environment() ->
    A = id(1), B = id([2]), C = id({3.0}), D = id(1 bsl 70),
    F = id(fun(X) -> {A, B, C, D, X} end),
    {1, [2], {3.0}, D, z} = F(z),
    G = id(fun(X) -> fun(Y) -> {A, X, Y} end end),
    {1, x, y} = (G(x))(y).

test_external() ->
    F = id(fun ?MODULE:two/2),
    {1, 2} = F(1, 2),
    M = id(?MODULE),
    {a, b} = (fun M:two/2)(a, b),
    true = F =:= fun ?MODULE:two/2,
    3 = (id(fun erlang:abs/1))(-3).

test_errors() ->
    {'EXIT', {{badfun, x}, _}} = (catch (id(x))(1)),
    {'EXIT', {{badarity, {_, [1]}}, _}} = (catch (id(fun() -> ok end))(1)),
    {'EXIT', {undef, [{?MODULE, nope, [1], _} | _]}} = (catch (id(fun ?MODULE:nope/1))(1)),
    {'EXIT', {function_clause, _}} = (catch (id(fun(a) -> 1 end))(b)).

test_apply() ->
    {1, 2} = apply(id(?MODULE), two, [1, 2]),
    {1, 2} = apply(id(fun two/2), [1, 2]),
    M = id(?MODULE), F = id(two),
    {3, 4} = M:F(3, 4),
    {x, y} = erlang:apply(M, F, id([x, y])),
    {'EXIT', {badarg, _}} = (catch apply(M, F, id([x | y]))),
    {'EXIT', {undef, _}} = (catch M:two(id(1))).

test_named() ->
    F = fun Fac(0) -> 1; Fac(N) -> N * Fac(N - 1) end,
    3628800 = F(id(10)).

test_equal() ->
    F = id(fun(X) -> X end),
    true = F =:= id(F),
    M = fun(X) -> fun() -> X end end,
    true = M(1) =:= M(id(1)),
    false = M(1) =:= M(2),
    true = is_function(F, 1),
    false = is_function(F, 2).

test_info() ->
    F = fun(X, Y) -> {X, Y} end,
    {arity, 2} = erlang:fun_info(F, arity),
    {module, ?MODULE} = erlang:fun_info(F, module),
    {type, external} = erlang:fun_info(fun lists:map/2, type),
    {env, [_]} = (fun(E) -> erlang:fun_info(fun() -> E end, env) end)(id(1)).

test_sent() ->
    E = id({env, [1, 2]}),
    P = self(),
    spawn(fun() -> P ! {f, fun() -> E end} end),
    receive {f, F} -> {env, [1, 2]} = F() end.

test_many_arguments() ->
    F = id(fun(A, B, C, D, E, G, H, I, J, K) -> [K, J, I, H, G, E, D, C, B, A] end),
    [10, 9, 8, 7, 6, 5, 4, 3, 2, 1] = apply(F, lists:seq(1, 10)).

test_gc() ->
    L = lists:seq(1, 20),
    Fs = [fun() -> {X, lists:sum(L)} end || X <- L],
    erlang:garbage_collect(),
    [{X, 210} = F() || {X, F} <- lists:zip(L, Fs)],
    ok.
