%% SPDX-License-Identifier: Apache-2.0
%% Operators with one operand known to the compiler.
-module(arith_const).
-export([cases/0]).
-include("values.hrl").
-define(WITH(L), [{{L, '+'}, fun(X) -> X + L end}, {{'+', L}, fun(X) -> L + X end}, {{'-', L}, fun(X) -> L - X end},
                  {{L, '-'}, fun(X) -> X - L end}, {{L, '*'}, fun(X) -> X * L end}, {{L, 'div'}, fun(X) -> X div L end},
                  {{L, 'rem'}, fun(X) -> X rem L end}, {{'div', L}, fun(X) -> L div X end},
                  {{L, 'band'}, fun(X) -> X band L end}, {{L, 'bor'}, fun(X) -> X bor L end},
                  {{L, 'bxor'}, fun(X) -> X bxor L end}, {{L, '/'}, fun(X) -> X / L end}]).
-define(SHIFT(L), [{{L, 'bsl'}, fun(X) -> X bsl L end}, {{L, 'bsr'}, fun(X) -> X bsr L end}]).

cases() ->
    [{Name, fun() -> [{V, diff_lib:outcome(fun() -> Fun(V) end)} || V <- ?BORDERS ++ [1.5, a]] end} || {Name, Fun} <- ops()].

ops() ->
    ?WITH(1) ++ ?WITH(-1) ++ ?WITH(2) ++ ?WITH(10) ++ ?WITH(255) ++ ?WITH(1000000) ++ ?WITH(16#ffffffff) ++
        ?WITH(16#7ffffffffffffff) ++ ?WITH(-16#800000000000000) ++ ?WITH(16#800000000000000) ++
        ?WITH(16#fffffffffffffff) ++ ?WITH(16#ffffffffffffffff) ++ ?WITH(-16#10000000000000000) ++
        ?SHIFT(0) ++ ?SHIFT(1) ++ ?SHIFT(3) ++ ?SHIFT(31) ++ ?SHIFT(32) ++ ?SHIFT(58) ++ ?SHIFT(59) ++ ?SHIFT(60) ++
        ?SHIFT(63) ++ ?SHIFT(64) ++ ?SHIFT(65) ++ ?SHIFT(200) ++ ?SHIFT(-1) ++ ?SHIFT(-60) ++ ?SHIFT(-64).
