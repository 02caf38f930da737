%% SPDX-License-Identifier: Apache-2.0
%% A failing sum with a small constant in a register's company shows no entry for the operator; other sums do. Where small integers end
%% differs from ours (60 bits on stock), and shows.
-module(arith_increment).
-export([cases/0]).

-define(FORMS(C),
    {{x_plus, C}, fun(X) -> X + (C) end}, {{plus_x, C}, fun(X) -> (C) + X end}, {{x_minus, C}, fun(X) -> X - (C) end}, {{minus_x, C}, fun(X) -> (C) - X end},
    {{y_plus, C}, fun(X) -> diff_lib:id(0), R = X + (C), diff_lib:id(R), X end}, {{plus_y, C}, fun(X) -> diff_lib:id(0), R = (C) + X, diff_lib:id(R), X end},
    {{y_minus, C}, fun(X) -> diff_lib:id(0), R = X - (C), diff_lib:id(R), X end}, {{minus_y, C}, fun(X) -> diff_lib:id(0), R = (C) - X, diff_lib:id(R), X end}).

cases() ->
    [{{Name, V}, fun() -> try F(diff_lib:id(V)) catch C:R:S -> {C, R, S} end end} || {Name, F} <- forms(), V <- [a, [], {1}]] ++
        [{{uncaught, Name}, fun() -> F(diff_lib:id(a)) end} || {Name, F} <- forms()] ++
        [{{value, Name, V}, fun() -> F(diff_lib:id(V)) end} || {Name, F} <- forms(), V <- [0, 1.5, 1 bsl 59, 1 bsl 60, -(1 bsl 60)]].

forms() ->
    [?FORMS(0), ?FORMS(1), ?FORMS(-1), ?FORMS(16#7FFFFFFFFFFFFFF), ?FORMS(16#800000000000000), ?FORMS(-16#800000000000000),
     ?FORMS(-16#800000000000001), ?FORMS(16#FFFFFFFFFFFFFFF), ?FORMS(16#1000000000000000), ?FORMS(-16#1000000000000000), ?FORMS(1.0),
     {two, fun(X) -> X + X end}, {both, fun(_) -> diff_lib:id(1) + diff_lib:id(b) end}, {unary, fun(X) -> +X end}, {negated, fun(X) -> -X end},
     {product, fun(X) -> X * 1 end}].
