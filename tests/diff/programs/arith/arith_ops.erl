%% SPDX-License-Identifier: Apache-2.0
%% Every arithmetic operator over every pair of border integers, in bodies.
-module(arith_ops).
-export([cases/0]).
-include("values.hrl").

cases() ->
    lists:append([diff_lib:rows(Name, Fun, ?BORDERS) || {Name, Fun} <- ops()]).

ops() ->
    [{'+', fun(A, B) -> A + B end}, {'-', fun(A, B) -> A - B end}, {'*', fun(A, B) -> A * B end},
     {'div', fun(A, B) -> A div B end}, {'rem', fun(A, B) -> A rem B end}, {'/', fun(A, B) -> A / B end},
     {'band', fun(A, B) -> A band B end}, {'bor', fun(A, B) -> A bor B end}, {'bxor', fun(A, B) -> A bxor B end}].
