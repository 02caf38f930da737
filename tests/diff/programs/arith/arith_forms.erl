%% SPDX-License-Identifier: Apache-2.0
%% Arithmetic with constants and with operands in registers and stack slots, followed by calls and returns: each of these may run by code of its own.
-module(arith_forms).
-export([cases/0]).

-define(CONSTANTS(Op),
    [{{??Op, 1}, fun(X) -> X Op 1 end}, {{??Op, 2}, fun(X) -> X Op 2 end}, {{??Op, 3}, fun(X) -> X Op 3 end},
     {{??Op, 10}, fun(X) -> X Op 10 end}, {{??Op, 63}, fun(X) -> X Op 63 end}, {{??Op, 64}, fun(X) -> X Op 64 end},
     {{??Op, 255}, fun(X) -> X Op 255 end}, {{??Op, m1}, fun(X) -> X Op -1 end}, {{??Op, m8}, fun(X) -> X Op -8 end},
     {{??Op, half}, fun(X) -> X Op 16#1FFFFFFF end}, {{??Op, word}, fun(X) -> X Op 16#20000000 end}, {{??Op, top}, fun(X) -> X Op 16#FFFFFFFFFFFFFFF end},
     {{??Op, low}, fun(X) -> X Op -16#1000000000000000 end}]).

values() ->
    [0, 1, -1, 7, 8, -8, 10, 63, 255, 16#1FFFFFFF, 16#20000000, -16#20000000, 16#3FFFFFFF, 1 bsl 31, 1 bsl 32, 1 bsl 58, 1 bsl 59, (1 bsl 60) - 1, 1 bsl 60, -(1 bsl 60), -(1 bsl 60) - 1,
     1 bsl 61, (1 bsl 64) + 5, 1.5, -0.0, a].

cases() ->
    [{{Name, V}, fun() -> F(diff_lib:id(V)) end} || {Name, F} <- constants(), V <- values()] ++
        [{{pair, N, A, B}, fun() -> (diff_lib:id(F))(A, B) end} || {N, F} <- pairs(), A <- values(), B <- [0, 3, -1, 1 bsl 59, -(1 bsl 60), 1 bsl 60, 2.0, b]] ++
        [{{loop, N, A}, fun() -> loop(N, 5, A, []) end} || N <- lists:seq(1, 6), A <- values()].

constants() ->
    ?CONSTANTS(rem) ++ ?CONSTANTS(div) ++ ?CONSTANTS(band) ++ ?CONSTANTS(bor) ++ ?CONSTANTS(bxor) ++ ?CONSTANTS(*) ++ ?CONSTANTS(+) ++ ?CONSTANTS(-) ++
        [{{'bsr', 0}, fun(X) -> X bsr 0 end}, {{'bsr', 1}, fun(X) -> X bsr 1 end}, {{'bsr', 59}, fun(X) -> X bsr 59 end}, {{'bsr', 60}, fun(X) -> X bsr 60 end},
         {{'bsr', 63}, fun(X) -> X bsr 63 end}, {{'bsr', 64}, fun(X) -> X bsr 64 end}, {{'bsr', m1}, fun(X) -> X bsr -1 end}, {{minus_from, 0}, fun(X) -> 0 - X end}, {{minus_from, 7}, fun(X) -> 7 - X end}].

pairs() ->
    [{add, fun(A, B) -> A + B end}, {sub, fun(A, B) -> A - B end}, {mul, fun(A, B) -> A * B end}, {'band', fun(A, B) -> A band B end}, {'bor', fun(A, B) -> A bor B end},
     {'bxor', fun(A, B) -> A bxor B end}, {slot_left, fun(A, B) -> C = diff_lib:id(B), A + C end}, {slot_right, fun(A, B) -> C = diff_lib:id(B), C + A end},
     {slot_minus, fun(A, B) -> C = diff_lib:id(B), C - A end}, {slot_const, fun(A, B) -> C = diff_lib:id(B), D = A + 1, {A - 1, C, D} end}, {tuple, fun(A, B) -> {B, A, {A + 1, B - 1}} end}].

%% Sums that are followed by a call of the function itself, in each way the compiler lays them out.
loop(1, 0, A, _) -> A;
loop(1, N, A, L) -> loop(1, N - 1, A + 1, L);
loop(2, 0, A, _) -> A;
loop(2, N, A, L) -> loop(2, N - 1, A + N, L);
loop(3, 0, _, L) -> L;
loop(3, N, A, L) -> loop(3, N - 1, A - 1, [A | L]);
loop(4, 0, A, _) -> A;
loop(4, N, A, L) -> A + loop(4, N - 1, A + 1, L);
loop(5, 0, A, L) -> {A, L};
loop(5, N, A, L) -> [N | loop(6, N, A, L)];
loop(6, N, A, _) -> N + A.
