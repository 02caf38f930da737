%% SPDX-License-Identifier: Apache-2.0
%% Loops that cross from small to big integers and back, and from integers to floats.
-module(arith_loops).
-export([cases/0]).

cases() ->
    [{{up, Start, Step}, fun() -> loop(200, Start, Step, []) end}
     || Start <- [(1 bsl B) - 100 || B <- [31, 32, 58, 59, 60, 62, 63, 64]], Step <- [1, 7]] ++
        [{{down, Start, Step}, fun() -> loop(200, Start, Step, []) end}
         || Start <- [-(1 bsl B) + 100 || B <- [31, 32, 58, 59, 60, 62, 63, 64]], Step <- [-1, -7]] ++
        [{{double, S}, fun() -> double(140, S, []) end} || S <- [1, -1, 3, 1.5]] ++
        [{{sum, N}, fun() -> sum(N, 0) end} || N <- [0, 1, 10, 1000, 100000]] ++
        [{{fsum, N}, fun() -> fsum(N, 0.0) end} || N <- [0, 1, 10, 1000, 100000]] ++
        [{{collatz, N}, fun() -> collatz(N, 0, N) end} || N <- [1, 27, 97, 871, 6171, 77031, 837799, 1 bsl 61 + 1, 1 bsl 100 - 1]] ++
        [{{ackermann, M, N}, fun() -> ack(M, N) end} || M <- [0, 1, 2], N <- [0, 1, 5, 20]] ++
        [{{tak, 12, 8, 4}, fun() -> tak(12, 8, 4) end}, {{ack, 3, 4}, fun() -> ack(3, 4) end},
         {fixpoint, fun() -> mandel(0.3, 0.5, 0.0, 0.0, 0) end}, {random, fun() -> lcg(1000, 42, 0) end}].

loop(0, _, _, Acc) -> Acc;
loop(N, V, S, Acc) -> loop(N - 1, V + S, S, [V | Acc]).

double(0, _, Acc) -> Acc;
double(N, V, Acc) -> double(N - 1, V + V, [V | Acc]).

sum(0, Acc) -> Acc;
sum(N, Acc) -> sum(N - 1, Acc + N * N * N).

fsum(0, Acc) -> Acc;
fsum(N, Acc) -> fsum(N - 1, Acc + 1.0 / N).

collatz(1, Steps, Max) -> {Steps, Max};
collatz(N, Steps, Max) when N rem 2 =:= 0 -> collatz(N div 2, Steps + 1, Max);
collatz(N, Steps, Max) -> M = 3 * N + 1, collatz(M, Steps + 1, max(M, Max)).

ack(0, N) -> N + 1;
ack(M, 0) -> ack(M - 1, 1);
ack(M, N) -> ack(M - 1, ack(M, N - 1)).

tak(X, Y, Z) when Y >= X -> Z;
tak(X, Y, Z) -> tak(tak(X - 1, Y, Z), tak(Y - 1, Z, X), tak(Z - 1, X, Y)).

mandel(_, _, X, Y, N) when X * X + Y * Y > 4.0; N > 500 -> {N, X, Y};
mandel(CX, CY, X, Y, N) -> mandel(CX, CY, X * X - Y * Y + CX, 2 * X * Y + CY, N + 1).

lcg(0, X, Acc) -> {X, Acc};
lcg(N, X, Acc) ->
    X1 = (X * 6364136223846793005 + 1442695040888963407) band 16#ffffffffffffffff,
    lcg(N - 1, X1, Acc bxor (X1 bsr 33)).
