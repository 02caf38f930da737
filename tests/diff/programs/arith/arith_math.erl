%% SPDX-License-Identifier: Apache-2.0
-module(arith_math).
-export([cases/0]).
-include("values.hrl").

cases() ->
    Values = [0, 1, -1, 2, 100, 1 bsl 60, 1 bsl 64, 1 bsl 2000, a] ++ ?FLOATS,
    [{{F, V}, fun() -> apply(math, F, [V]) end} || F <- unary(), V <- Values] ++
        lists:append([diff_lib:rows(F, fun(A, B) -> apply(math, F, [A, B]) end, [0, 1, -1, 2, 0.5, -0.0, 3.7, -2.5, 1.0e308, 1000, 1 bsl 70, x])
                      || F <- [atan2, pow, fmod]]) ++
        [{pi, fun() -> math:pi() end}].

unary() ->
    [acos, acosh, asin, asinh, atan, atanh, ceil, cos, cosh, erf, erfc, exp, floor, log, log10, log2, sin, sinh, sqrt, tan, tanh].
