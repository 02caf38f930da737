%% SPDX-License-Identifier: Apache-2.0
%% Integer arithmetic: small, masked, and big.
-module(bench_integers).
-export([benches/0, setup/2, run/3, expected/2]).

-define(MASK31, 16#7fffffff).
-define(MASK58, 16#3ffffffffffffff).

benches() ->
    [{sum_loop, 130000000, 1}, {lcg, 7200000, 1}, {xorshift, 2600, 1000},
     {fib, 11, 7049155}, {tak, 33, 1099553}, {collatz, 44, 1080000},
     {gcd, 79, 40000}, {digits, 23000, 1000}, {popcount, 9800, 1000},
     {crc, 560, 100000}, {big_factorial, 660, 1000}, {big_fibonacci, 260, 10000},
     {big_power, 77, 1024}].

setup(crc, _) -> {list_to_tuple([table(I, 8) || I <- lists:seq(0, 255)]),
                  [I * 7 band 255 || I <- lists:seq(1, 100000)]};
setup(_, _) -> [].

run(sum_loop, N, _) -> sum(N, 0);
run(lcg, N, _) -> lcg(N, 1);
run(xorshift, N, _) -> repeat(N, fun() -> xorshift(1000, 88172645463325252 band ?MASK58) end);
run(fib, N, _) -> repeat(N, fun() -> fib(32) end);
run(tak, N, _) -> repeat(N, fun() -> tak(24, 16, 8) end);
run(collatz, N, _) -> repeat(N, fun() -> chains(10000, 0) end);
run(gcd, N, _) -> repeat(N, fun() -> gcds(200, 200, 0) end);
run(digits, N, _) -> repeat(N, fun() -> digit_sums(1000, 0) end);
run(popcount, N, _) -> repeat(N, fun() -> popcounts(1000, 0) end);
run(crc, N, {Table, Data}) -> repeat(N, fun() -> crc(Data, Table, 16#ffffffff) end);
run(big_factorial, N, _) -> repeat(N, fun() -> factorial(1000, 1) rem 1000000007 end);
run(big_fibonacci, N, _) -> repeat(N, fun() -> fibonacci(10000, 0, 1) rem 1000000007 end);
run(big_power, N, _) -> repeat(N, fun() -> power_mod(3, (1 bsl 1024) - 1, (1 bsl 521) - 1, 1) band 16#ffffffff end).

expected(sum_loop, N) -> N * (N + 1) div 2;
expected(lcg, N) ->
    {A, C} = affine(N, {1103515245, 12345}, {1, 0}),
    (A + C) band ?MASK31;
expected(xorshift, _) -> 107696762842782585;
expected(fib, _) -> 2178309;
expected(tak, _) -> 9;
expected(collatz, _) -> 849666;
expected(gcd, _) -> lists:sum([gcd(A, B) || A <- lists:seq(1, 200), B <- lists:seq(1, 200)]);
expected(digits, _) -> 13501;
expected(popcount, _) -> 4938;
expected(crc, _) -> 1169115006;
expected(big_factorial, _) -> lists:foldl(fun(I, A) -> A * I rem 1000000007 end, 1, lists:seq(1, 1000));
expected(big_fibonacci, _) ->
    element(1, lists:foldl(fun(_, {A, B}) -> {B, (A + B) rem 1000000007} end, {0, 1}, lists:seq(1, 10000)));
expected(big_power, _) -> 868277844.

repeat(1, F) -> F();
repeat(N, F) -> F(), repeat(N - 1, F).

sum(0, A) -> A;
sum(N, A) -> sum(N - 1, A + N).

lcg(0, S) -> S;
lcg(N, S) -> lcg(N - 1, (S * 1103515245 + 12345) band ?MASK31).

%% The N-th power of the map X -> A*X + C, by squaring.
affine(0, _, Acc) -> Acc;
affine(N, {A, C} = F, Acc) ->
    Square = {A * A band ?MASK31, (A * C + C) band ?MASK31},
    affine(N div 2, Square, case N rem 2 of 1 -> compose(F, Acc); 0 -> Acc end).

compose({A, C}, {A1, C1}) -> {A * A1 band ?MASK31, (A * C1 + C) band ?MASK31}.

xorshift(0, X) -> X;
xorshift(N, X0) ->
    X1 = (X0 bxor (X0 bsl 13)) band ?MASK58,
    X2 = X1 bxor (X1 bsr 7),
    xorshift(N - 1, (X2 bxor (X2 bsl 17)) band ?MASK58).

fib(N) when N < 2 -> N;
fib(N) -> fib(N - 1) + fib(N - 2).

tak(X, Y, Z) when Y >= X -> Z;
tak(X, Y, Z) -> tak(tak(X - 1, Y, Z), tak(Y - 1, Z, X), tak(Z - 1, X, Y)).

chains(0, Acc) -> Acc;
chains(N, Acc) -> chains(N - 1, chain(N, Acc)).

chain(1, Acc) -> Acc;
chain(N, Acc) when N band 1 =:= 0 -> chain(N div 2, Acc + 1);
chain(N, Acc) -> chain(3 * N + 1, Acc + 1).

gcds(0, _, Acc) -> Acc;
gcds(A, 0, Acc) -> gcds(A - 1, 200, Acc);
gcds(A, B, Acc) -> gcds(A, B - 1, Acc + gcd(A, B)).

gcd(A, 0) -> A;
gcd(A, B) -> gcd(B, A rem B).

digit_sums(0, Acc) -> Acc;
digit_sums(N, Acc) -> digit_sums(N - 1, digit_sum(N, Acc)).

digit_sum(0, Acc) -> Acc;
digit_sum(N, Acc) -> digit_sum(N div 10, Acc + N rem 10).

popcounts(0, Acc) -> Acc;
popcounts(N, Acc) -> popcounts(N - 1, popcount(N, Acc)).

popcount(0, Acc) -> Acc;
popcount(N, Acc) -> popcount(N bsr 1, Acc + (N band 1)).

table(C, 0) -> C;
table(C, K) when C band 1 =:= 1 -> table((C bsr 1) bxor 16#edb88320, K - 1);
table(C, K) -> table(C bsr 1, K - 1).

crc([B | Bs], Table, C) ->
    crc(Bs, Table, (C bsr 8) bxor element(((C bxor B) band 255) + 1, Table));
crc([], _, C) -> C bxor 16#ffffffff.

factorial(0, Acc) -> Acc;
factorial(N, Acc) -> factorial(N - 1, Acc * N).

fibonacci(0, A, _) -> A;
fibonacci(N, A, B) -> fibonacci(N - 1, B, A + B).

power_mod(_, 0, _, Acc) -> Acc;
power_mod(B, E, M, Acc) when E band 1 =:= 1 -> power_mod(B * B rem M, E bsr 1, M, Acc * B rem M);
power_mod(B, E, M, Acc) -> power_mod(B * B rem M, E bsr 1, M, Acc).
