%% SPDX-License-Identifier: Apache-2.0
%% The maybe expression of OTP 25.
%% diff: flags -enable-feature maybe_expr
%% erlc: -enable-feature maybe_expr
-module(flow_maybe).
-feature(maybe_expr, enable).
-export([cases/0]).

id(X) -> diff_lib:id(X).

cases() ->
    [{{N, V}, fun() -> F(V) end} || {N, F} <- shapes(), V <- [{ok, 1}, {ok, {ok, 2}}, {error, e}, other, []]].

shapes() ->
    [{plain, fun(V) -> maybe {ok, X} ?= V, {got, X} end end},
     {two, fun(V) -> maybe {ok, X} ?= V, {ok, Y} ?= X, {got, X, Y} end end},
     {'else', fun(V) -> maybe {ok, X} ?= V, X else {error, R} -> {failed, R}; other -> o end end},
     {else_caught, fun(V) -> try maybe {ok, X} ?= V, X else {error, Why} -> Why end catch C:R:S -> {C, R, S} end end},
     {guard, fun(V) -> maybe true ?= is_tuple(V), {ok, X} ?= V, X else false -> no; _ when is_tuple(V) -> tuple end end},
     {nested, fun(V) -> maybe {ok, X} ?= maybe {ok, Y} ?= V, {ok, {Y}} end, {outer, X} else E -> {e, E} end end},
     {effects, fun(V) -> maybe self() ! one, {ok, _} ?= V, self() ! two end end},
     {in_fun, fun(V) -> F = fun(W) -> maybe {ok, X} ?= W, X end end, [F(V), F(id({ok, z}))] end}].
