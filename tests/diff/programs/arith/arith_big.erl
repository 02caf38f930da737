%% SPDX-License-Identifier: Apache-2.0
%% Long computations with big integers.
-module(arith_big).
-export([cases/0]).

cases() ->
    [{{factorial, N}, fun() -> factorial(N) end} || N <- [10, 20, 21, 25, 50, 100, 300]] ++
        [{{fib, N}, fun() -> fib(N, 0, 1) end} || N <- [50, 84, 85, 86, 87, 88, 92, 93, 94, 200, 1000]] ++
        [{{pow, B, E}, fun() -> pow(B, E) end} || B <- [2, 3, -7, 10, 16#ffffffff, -1], E <- [0, 1, 10, 59, 60, 61, 63, 64, 65, 200]] ++
        [{{divmod, A, B}, fun() -> divmod(pow(10, A) + 12345, pow(7, B) + 1) end} || A <- [5, 18, 19, 20, 38, 39, 100, 300], B <- [1, 20, 21, 22, 23, 50, 100]] ++
        [{{gcd, A, B}, fun() -> gcd(factorial(A), pow(6, B)) end} || A <- [20, 60], B <- [5, 30, 100]] ++
        [{{modpow, M}, fun() -> modpow(3, pow(2, 200) + 1, M) end} || M <- [7, 1000000007, 1 bsl 61 - 1, 1 bsl 89 - 1, 1 bsl 127 - 1]] ++
        [{{sqrt, N}, fun() -> isqrt(pow(10, N)) end} || N <- [10, 20, 41, 100]] ++
        [{{mirror, N}, fun() -> X = pow(3, N), {X - X, X bxor X, X band -X, X bor -X, -(-X) =:= X, bnot bnot X =:= X} end} || N <- [5, 37, 38, 39, 40, 41, 100]] ++
        [{{normalise, N}, fun() -> X = 1 bsl N, [X - 1, X - (X - 1), (X + 5) - X, -X + 1, (X * X) div X =:= X, (X bsl 100) bsr 100 =:= X] end} || N <- [57, 58, 59, 60, 61, 62, 63, 64, 65, 127, 128, 129]] ++
        [{{wide, N}, fun() -> X = (1 bsl N) - 1, diff_lib:hash(integer_to_list(X * X + X), 0) end} || N <- [500, 1000, 4000, 20000]].

factorial(0) -> 1;
factorial(N) -> N * factorial(N - 1).

fib(0, A, _) -> A;
fib(N, A, B) -> fib(N - 1, B, A + B).

pow(_, 0) -> 1;
pow(B, E) -> B * pow(B, E - 1).

divmod(A, B) ->
    [{X div Y, X rem Y, (X div Y) * Y + X rem Y =:= X} || X <- [A, -A], Y <- [B, -B]].

gcd(A, 0) -> A;
gcd(A, B) -> gcd(B, A rem B).

modpow(_, 0, _) -> 1;
modpow(B, E, M) when E band 1 =:= 1 -> B * modpow(B, E - 1, M) rem M;
modpow(B, E, M) -> H = modpow(B, E bsr 1, M), H * H rem M.

isqrt(N) -> isqrt(N, N).
isqrt(N, X) ->
    case (X + N div X) div 2 of
        Y when Y >= X -> X;
        Y -> isqrt(N, Y)
    end.
