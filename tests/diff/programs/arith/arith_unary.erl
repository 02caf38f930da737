%% SPDX-License-Identifier: Apache-2.0
-module(arith_unary).
-export([cases/0]).
-include("values.hrl").

cases() ->
    [{Name, fun() -> [{V, diff_lib:outcome(fun() -> Fun(V) end)} || V <- ?BORDERS ++ ?FLOATS] end} || {Name, Fun} <- ops()].

ops() ->
    [{'-', fun(A) -> -A end}, {'+', fun(A) -> +A end}, {'bnot', fun(A) -> bnot A end},
     {abs, fun(A) -> abs(A) end}, {float, fun(A) -> float(A) end}, {round, fun(A) -> round(A) end},
     {trunc, fun(A) -> trunc(A) end}, {floor, fun(A) -> floor(A) end}, {ceil, fun(A) -> ceil(A) end},
     {square, fun(A) -> A * A end}, {cube, fun(A) -> A * A * A end}, {twice, fun(A) -> A + A end},
     {zero, fun(A) -> A - A end}, {same, fun(A) -> A / A end}, {integer_to_list, fun(A) -> integer_to_list(A) end},
     {is_integer, fun(A) -> is_integer(A) end}, {is_float, fun(A) -> is_float(A) end}].
