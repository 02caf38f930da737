%% SPDX-License-Identifier: Apache-2.0
%% Shifts by nothing, by a little, by more than any memory holds.
-module(arith_shift).
-export([cases/0]).
-include("values.hrl").

cases() ->
    Amounts = [0, 1, 2, 30, 31, 32, 57, 58, 59, 60, 61, 62, 63, 64, 65, 100, 127, 128, 129, 1000],
    All = Amounts ++ [-A || A <- Amounts],
    Huge = [1 bsl 58, 1 bsl 60, 1 bsl 64, 1 bsl 200],
    diff_lib:rows('bsl', fun(A, B) -> A bsl B end, ?BORDERS, All) ++
        diff_lib:rows('bsr', fun(A, B) -> A bsr B end, ?BORDERS, All) ++
        diff_lib:rows(huge_right, fun(A, B) -> A bsr B end, ?BORDERS, Huge) ++
        diff_lib:rows(huge_minus_left, fun(A, B) -> A bsl -B end, ?BORDERS, Huge) ++
        [{{trace, N}, F} || {N, F} <- traces()].

traces() ->
    Id = fun diff_lib:id/1,
    [{zero_left, fun() -> Id(0) bsl Id(1 bsl 64) end}, {zero_right, fun() -> Id(0) bsr -Id(1 bsl 64) end},
     {one_left, fun() -> Id(1) bsl Id(1 bsl 64) end}, {minus_left, fun() -> Id(-1) bsl Id(1 bsl 58) end},
     {one_right, fun() -> Id(1) bsr -Id(1 bsl 62) end}, {big_left, fun() -> Id(1 bsl 70) bsl Id(1 bsl 40) end},
     {atom_left, fun() -> Id(a) bsl Id(1) end}, {float_amount, fun() -> Id(1) bsr Id(1.0) end}].
