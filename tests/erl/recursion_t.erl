%% SPDX-License-Identifier: Apache-2.0
%% Calls: body and tail recursion, mutual recursion, many live variables, preemption in between.
-module(recursion_t).
-export([test_body/0, test_tail/0, test_mutual/0, test_fib/0, test_ackermann/0, test_permutations/0, test_queens/0, test_live/0, test_two_at_once/0, test_tree/0, test_growth/0, even/1, odd/1, id/1]).

id(X) -> X.

test_body() ->
    5000 = body(5000).

body(0) -> 0;
body(N) -> 1 + body(N - 1).

test_tail() ->
    20000 = tail(20000, 0).

tail(0, A) -> A;
tail(N, A) -> tail(N - 1, A + 1).

test_mutual() ->
    true = even(1000),
    false = odd(1000).

even(0) -> true;
even(N) -> ?MODULE:odd(N - 1).
odd(0) -> false;
odd(N) -> ?MODULE:even(N - 1).

test_fib() ->
    610 = fib(15).

fib(N) when N < 2 -> N;
fib(N) -> fib(N - 1) + fib(N - 2).

test_ackermann() ->
    61 = ack(3, 3).

ack(0, N) -> N + 1;
ack(M, 0) -> ack(M - 1, 1);
ack(M, N) -> ack(M - 1, ack(M, N - 1)).

test_permutations() ->
    24 = length(lists:usort(perms([1, 2, 3, 4]))).

perms([]) -> [[]];
perms(L) -> [[H | T] || H <- L, T <- perms(L -- [H])].

test_queens() ->
    10 = length(queens(5, 5)).

queens(0, _) -> [[]];
queens(K, N) -> [[Q | B] || B <- queens(K - 1, N), Q <- lists:seq(1, N), safe(Q, 1, B)].

safe(_, _, []) -> true;
safe(Q, D, [H | T]) -> Q =/= H andalso abs(Q - H) =/= D andalso safe(Q, D + 1, T).

test_live() ->
    A = id(1), B = id(2.0), C = id([3]), D = id({4}), E = id(<<5>>), F = id(1 bsl 66), G = id(#{7 => 7}), H = id("8"), I = id(9), J = id([A, B]),
    X = fib(10),
    {1, 2.0, [3], {4}, <<5>>, 73786976294838206464, #{7 := 7}, "8", 9, [1, 2.0], 55} = {A, B, C, D, E, F, G, H, I, J, X}.

test_two_at_once() ->
    S = self(),
    [spawn(fun() -> S ! {X, tail(5000, 0), fib(12)} end) || X <- lists:seq(1, 4)],
    [{5000, 144} = receive {X, A, B} -> {A, B} end || X <- lists:seq(1, 4)],
    ok.

test_tree() ->
    T = lists:foldl(fun insert/2, nil, [(X * 37) rem 101 || X <- lists:seq(1, 100)]),
    true = to_list(T) =:= lists:seq(1, 100).

insert(K, nil) -> {nil, K, nil};
insert(K, {L, N, R}) when K < N -> {insert(K, L), N, R};
insert(K, {L, N, R}) -> {L, N, insert(K, R)}.

to_list(nil) -> [];
to_list({L, K, R}) -> to_list(L) ++ [K | to_list(R)].

test_growth() ->
    L = build(3000),
    4501500 = lists:sum(L).

build(0) -> [];
build(N) -> [N | build(N - 1)].
