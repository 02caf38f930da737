%% SPDX-License-Identifier: Apache-2.0
%% Integer arithmetic across the border of small and big.
-module(arith_t).
-export([test_small/0, test_border/0, test_negative/0, test_div_rem/0, test_bitwise/0, test_shift/0, test_big/0, test_errors/0, test_loop/0, id/1]).

id(X) -> X.

test_small() ->
    3 = id(1) + 2,
    -1 = id(1) - 2,
    6 = id(2) * 3,
    -7 = -id(7),
    7 = abs(id(-7)).

test_border() ->
    lists:foreach(
      fun(B) ->
              M = 1 bsl B,
              true = M - 1 < M,
              M = (M - 1) + id(1),
              M = id(M + 1) - 1,
              0 = M - id(M),
              true = is_integer(M * M),
              M = (M * M) div M,
              0 = (M * M) rem M
      end, [30, 31, 32, 57, 58, 59, 60, 61, 62, 63, 64, 65, 127, 128]).

test_negative() ->
    lists:foreach(
      fun(B) ->
              M = -(1 bsl B),
              true = M < M + 1,
              M = (M - 1) + id(1),
              true = abs(M) =:= -M,
              M = -(-M),
              M = bnot (bnot M)
      end, [30, 31, 58, 59, 60, 61, 63, 64, 127]).

test_div_rem() ->
    [begin
         Q = A div B,
         R = A rem B,
         A = Q * B + R,
         true = abs(R) < abs(B),
         true = R =:= 0 orelse (R < 0) =:= (A < 0)
     end || A <- numbers(), B <- numbers(), B =/= 0],
    ok.

test_bitwise() ->
    [begin
         true = (A band B) + (A bor B) =:= A + B,
         true = A bxor B =:= (A bor B) - (A band B),
         true = bnot (A band B) =:= (bnot A) bor (bnot B),
         A = A bxor B bxor B
     end || A <- numbers(), B <- numbers()],
    ok.

test_shift() ->
    [begin
         A = (A bsl N) bsr N,
         true = A bsl N =:= A * (1 bsl N),
         true = A bsr -N =:= A bsl N
     end || A <- numbers(), N <- [0, 1, 31, 59, 60, 64, 100]],
    0 = id(5) bsr 1000,
    -1 = id(-5) bsr 1000,
    0 = id(0) bsl (1 bsl 70),
    -1 = id(-1) bsr (1 bsl 70).

test_big() ->
    F = factorial(30),
    265252859812191058636308480000000 = F,
    1 = unfactorial(30, F),
    "265252859812191058636308480000000" = integer_to_list(F).

test_errors() ->
    {'EXIT', {badarith, _}} = (catch id(a) + 1),
    {'EXIT', {badarith, _}} = (catch id(1) div id(0)),
    {'EXIT', {badarith, _}} = (catch id(1) rem id(0)),
    {'EXIT', {badarith, _}} = (catch id(1.0) band 1),
    {'EXIT', {system_limit, _}} = (catch id(1) bsl (1 bsl 62)).

test_loop() ->
    5050 = sum(100, 0),
    100 = up(0, 100).

sum(0, Acc) -> Acc;
sum(N, Acc) -> sum(N - 1, Acc + N).

up(N, N) -> N;
up(I, N) -> up(I + 1, N).

factorial(0) -> 1;
factorial(N) -> N * factorial(N - 1).

unfactorial(0, F) -> F;
unfactorial(N, F) -> unfactorial(N - 1, F div N).

numbers() ->
    [0, 1, -1, 7, -7, 1 bsl 59 - 1, 1 bsl 59, -(1 bsl 59) - 1, 1 bsl 60, -(1 bsl 60), 1 bsl 64 + 3, -(1 bsl 100)].
