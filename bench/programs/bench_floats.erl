%% SPDX-License-Identifier: Apache-2.0
%% Floating-point arithmetic, boxed and in loops.
-module(bench_floats).
-export([benches/0, setup/2, run/3, expected/2]).

benches() ->
    [{mandelbrot, 65000, 200}, {pair_force, 3300, 1000}, {planets, 81000, 10},
     {list_sum, 27000, 1000}, {list_scale, 15000, 1000}, {spectral, 670, 40000},
     {horner, 250000, 100}, {newton, 1500, 1000}].

setup(E, _) when E =:= list_sum; E =:= list_scale -> [I * 0.5 || I <- lists:seq(1, 1000)];
setup(spectral, _) -> [1.0 || _ <- lists:seq(1, 100)];
setup(horner, _) -> [1.0 / I || I <- lists:seq(1, 100)];
setup(planets, _) ->
    %% position, velocity, mass: five bodies on near-circular paths
    [{R, 0.0, 0.1 * R, 0.0, 1.0 / R, 0.01 * R, 0.001 * R} || R <- [0.5, 1.0, 2.0, 3.5, 5.0]];
setup(_, _) -> [].

run(mandelbrot, N, _) -> repeat(N, fun() -> mandelbrot(200, 0.0, 0.0, -0.1, 0.1) end);
run(pair_force, N, _) -> repeat(N, fun() -> trunc(pair_force(1000, 1.0, 2.0, 3.0, 0.0) * 1.0e12) end);
run(planets, N, Bodies) -> length(steps(N, Bodies));
run(list_sum, N, L) -> repeat(N, fun() -> sum(L, 0.0) end);
run(list_scale, N, L) -> repeat(N, fun() -> hd(scale(L, 3.0)) end);
run(spectral, N, U) -> repeat(N, fun() -> trunc(spectral(U) * 1.0e6) end);
run(horner, N, L) -> repeat(N, fun() -> trunc(horner(L, 0.5, 0.0) * 1.0e9) end);
run(newton, N, _) -> repeat(N, fun() -> roots(1000, 0) end).

expected(mandelbrot, _) -> true;
expected(pair_force, _) -> 14272124410;
expected(planets, _) -> 5;
expected(list_sum, _) -> 250250.0;
expected(list_scale, _) -> 1.5;
expected(spectral, _) -> 1273814;
expected(horner, _) -> 20206276;
expected(newton, _) -> lists:sum([isqrt(I, 0) || I <- lists:seq(1, 1000)]).

repeat(1, F) -> F();
repeat(N, F) -> F(), repeat(N - 1, F).

mandelbrot(0, X, Y, _, _) -> X * X + Y * Y < 4.0;
mandelbrot(N, X, Y, CX, CY) ->
    mandelbrot(N - 1, X * X - Y * Y + CX, 2.0 * X * Y + CY, CX, CY).

pair_force(0, _, _, _, Acc) -> Acc;
pair_force(N, DX, DY, DZ, Acc) ->
    D2 = DX * DX + DY * DY + DZ * DZ,
    Force = 0.001 / (D2 * math:sqrt(D2)),
    pair_force(N - 1, DX + Force * DX, DY - Force * DY, DZ + 1.0e-3, Acc + Force).

steps(0, Bodies) -> Bodies;
steps(N, Bodies) -> steps(N - 1, [move(kick(B, Bodies)) || B <- Bodies]).

kick(B, []) -> B;
kick({X, Y, Z, VX, VY, VZ, M} = B, [{X1, Y1, Z1, _, _, _, M1} | Rest]) ->
    DX = X1 - X, DY = Y1 - Y, DZ = Z1 - Z,
    case DX * DX + DY * DY + DZ * DZ of
        0.0 -> kick(B, Rest);
        D2 ->
            F = 1.0e-4 * M1 / (D2 + 0.01),
            kick({X, Y, Z, VX + DX * F, VY + DY * F, VZ + DZ * F, M}, Rest)
    end.

move({X, Y, Z, VX, VY, VZ, M}) ->
    {X + 1.0e-3 * VX, Y + 1.0e-3 * VY, Z + 1.0e-3 * VZ, VX, VY, VZ, M}.

sum([X | Xs], A) -> sum(Xs, A + X);
sum([], A) -> A.

scale([X | Xs], F) -> [X * F | scale(Xs, F)];
scale([], _) -> [].

%% Two steps of power iteration with the matrix of the spectral-norm problem.
spectral(U) ->
    V = times_transposed(times(U)),
    W = times_transposed(times(V)),
    math:sqrt(dot(W, V, 0.0) / dot(V, V, 0.0)).

times(U) -> [row(U, I, 0, 0.0) || I <- lists:seq(0, 99)].
times_transposed(U) -> [column(U, I, 0, 0.0) || I <- lists:seq(0, 99)].

row([X | Xs], I, J, A) -> row(Xs, I, J + 1, A + X / ((I + J) * (I + J + 1) div 2 + I + 1));
row([], _, _, A) -> A.

column([X | Xs], I, J, A) -> column(Xs, I, J + 1, A + X / ((I + J) * (I + J + 1) div 2 + J + 1));
column([], _, _, A) -> A.

dot([X | Xs], [Y | Ys], A) -> dot(Xs, Ys, A + X * Y);
dot([], [], A) -> A.

horner([C | Cs], X, A) -> horner(Cs, X, A * X + C);
horner([], _, A) -> A.

%% Integer square roots through floats: conversion both ways.
roots(0, Acc) -> Acc;
roots(N, Acc) -> roots(N - 1, Acc + trunc(newton(float(N), N * 0.5 + 0.5, 12) + 1.0e-9)).

newton(_, X, 0) -> X;
newton(A, X, K) -> newton(A, 0.5 * (X + A / X), K - 1).

isqrt(N, R) when (R + 1) * (R + 1) > N -> R;
isqrt(N, R) -> isqrt(N, R + 1).
