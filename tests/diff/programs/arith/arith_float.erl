%% SPDX-License-Identifier: Apache-2.0
%% Float arithmetic, overflow included, in generic and in float-register form.
-module(arith_float).
-export([cases/0]).
-include("values.hrl").

cases() ->
    lists:append([diff_lib:rows(Name, Fun, ?FLOATS ++ [0, 1, -3, 1 bsl 60, 1 bsl 1024]) || {Name, Fun} <- generic()]) ++
        lists:append([diff_lib:rows(Name, Fun, ?FLOATS) || {Name, Fun} <- typed()]) ++
        [{{trace, Name}, fun() -> Fun(1.0e308, 0.0) end} || {Name, Fun} <- generic() ++ typed() ++ overflow()].

generic() ->
    [{'+', fun(A, B) -> A + B end}, {'-', fun(A, B) -> A - B end}, {'*', fun(A, B) -> A * B end},
     {'/', fun(A, B) -> A / B end}, {'min', fun(A, B) -> min(A, B) end}, {'max', fun(A, B) -> max(A, B) end}].

typed() ->
    [{fadd, fun(A, B) when is_float(A), is_float(B) -> A + B end},
     {fsub, fun(A, B) when is_float(A), is_float(B) -> A - B end},
     {fmul, fun(A, B) when is_float(A), is_float(B) -> A * B end},
     {fdiv, fun(A, B) when is_float(A), is_float(B) -> A / B end},
     {fneg, fun(A, B) when is_float(A), is_float(B) -> -(A + B) end},
     {chain, fun(A, B) when is_float(A), is_float(B) -> (A * 2.0 + B / 3.0 - A) * (B - 1.0) end},
     {mixed, fun(A, B) when is_float(A), is_float(B) -> (A + 1) * 3 - B end},
     {conv, fun(A, B) when is_float(A), is_float(B) -> trunc(A - A) + float(7) * B end}].

overflow() ->
    [{mul_over, fun(A, _) when is_float(A) -> A * 10.0 end}, {add_over, fun(A, _) when is_float(A) -> A + A end},
     {sub_over, fun(A, _) when is_float(A) -> -A - A end}, {conv_over, fun(A, _) when is_float(A) -> A + (1 bsl diff_lib:id(1024)) end},
     {conv_atom, fun(A, _) when is_float(A) -> A + diff_lib:id(a) end}, {div_zero, fun(A, B) when is_float(A), is_float(B) -> A / B end},
     {float_big, fun(_, _) -> float(1 bsl diff_lib:id(1024)) end}, {float_big_ok, fun(_, _) -> float(1 bsl diff_lib:id(1023)) end}].
