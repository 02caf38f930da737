%% SPDX-License-Identifier: Apache-2.0
%% Deep body recursion, long tail recursion, many live variables across calls, stack and heap growth.
-module(flow_recursion).
-export([cases/0, loop/2, nest/1, unnest/2]).

id(X) -> diff_lib:id(X).

cases() ->
    [{{body, N}, fun() -> body(N) end} || N <- [0, 1, 10, 1000, 100000, 500000]] ++
        [{{build, N}, fun() -> L = build(N), {length(L), lists:sum(L)} end} || N <- [0, 1, 1000, 100000]] ++
        [{{loop, N}, fun() -> loop(N, 0) end} || N <- [0, 1, 1000, 1000000]] ++
        [{{nested_list, N}, fun() -> L = nest(N), {unnest(L, 0), L =:= nest(N), erts_debug:flat_size(L)} end} || N <- [1, 1000, 100000]] ++
        [{{nested_tuple, N}, fun() -> T = tnest(N), {tun(T, 0), T == tnest(N), T < tnest(N + 1)} end} || N <- [1, 1000, 100000]] ++
        [{{nested_hash, N}, fun() -> {erlang:phash2(nest(N)), erlang:phash2(tnest(N)), erlang:phash(nest(N), 1 bsl 20)} end} || N <- [1, 1000, 100000]] ++
        [{{nested_binary, N}, fun() -> B = term_to_binary(tnest(N)), {byte_size(B), erlang:crc32(B), binary_to_term(B) =:= tnest(N)} end} || N <- [1, 1000, 100000]] ++
        [{{nested_send, N}, fun() -> P = self(), T = nest(N), spawn(fun() -> P ! T end), receive X -> {X =:= T, unnest(X, 0)} end end} || N <- [1, 1000, 100000]] ++
        [{{fib, N}, fun() -> fib(N) end} || N <- [0, 1, 2, 10, 23]] ++
        [{{hanoi, N}, fun() -> length(hanoi(N, a, b, c)) end} || N <- [1, 5, 12]] ++
        [{{queens, N}, fun() -> length(queens(N)) end} || N <- [4, 5, 6]] ++
        [{{perms, N}, fun() -> L = perms(lists:seq(1, N)), {length(L), hd(L), lists:last(L)} end} || N <- [0, 1, 4, 6]] ++
        [{{primes, N}, fun() -> lists:last(sieve(lists:seq(2, N))) end} || N <- [10, 1000]] ++
        [{{live, N}, fun() -> live(N) end} || N <- [1, 5]] ++
        [{{garbage, N}, fun() -> garbage(N, []) end} || N <- [10, 5000]] ++
        [{{big_terms, N}, fun() -> L = [{X, X * 1.5, <<X:32>>, [X], #{X => X}, 1 bsl X} || X <- lists:seq(1, N)], erlang:garbage_collect(), diff_lib:hash(L) end} || N <- [10, 500]] ++
        [{{mutual, N}, fun() -> {even(N), odd(N)} end} || N <- [0, 1, 10001]] ++
        [{{expr, E}, fun() -> {eval(E), compile(E, [])} end} || E <- [1, {'+', 1, 2}, {'*', {'+', 1, 2}, {'-', 7, 3}}, {neg, {'/', 10, 4}}]].

body(0) -> 0;
body(N) -> 1 + body(N - 1).

build(0) -> [];
build(N) -> [N | build(N - 1)].

loop(0, Acc) -> Acc;
loop(N, Acc) -> loop(N - 1, Acc bxor N).

nest(0) -> [];
nest(N) -> nest(N, []).
nest(0, Acc) -> Acc;
nest(N, Acc) -> nest(N - 1, [Acc]).

unnest([], N) -> N;
unnest([L], N) -> unnest(L, N + 1).

tnest(N) -> lists:foldl(fun(X, T) -> {X, T} end, {}, lists:seq(1, N)).

tun({}, N) -> N;
tun({_, T}, N) -> tun(T, N + 1).

fib(N) when N < 2 -> N;
fib(N) -> fib(N - 1) + fib(N - 2).

hanoi(0, _, _, _) -> [];
hanoi(N, A, B, C) -> hanoi(N - 1, A, C, B) ++ [{A, B}] ++ hanoi(N - 1, C, B, A).

queens(N) -> queens(N, N).
queens(0, _) -> [[]];
queens(K, N) -> [[Q | B] || B <- queens(K - 1, N), Q <- lists:seq(1, N), safe(Q, 1, B)].

safe(_, _, []) -> true;
safe(Q, D, [H | T]) -> Q =/= H andalso abs(Q - H) =/= D andalso safe(Q, D + 1, T).

perms([]) -> [[]];
perms(L) -> [[H | T] || H <- L, T <- perms(L -- [H])].

sieve([P | R]) -> [P | sieve([X || X <- R, X rem P =/= 0])];
sieve([]) -> [].

live(N) ->
    A = id(N), B = id(A + 1), C = id([A, B]), D = id({C}), E = id(1.5 * A), F = id(<<A, B>>), G = id(#{A => B}), H = id(A bsl 70),
    I = id("str"), J = id(fun() -> {A, C} end), K = id(-A), L = id([D | E]),
    erlang:garbage_collect(),
    X = id(A), Y = id(B),
    {A, B, C, D, E, F, G, H, I, J(), K, L, X, Y}.

garbage(0, Keep) -> diff_lib:hash(lists:sort(Keep));
garbage(N, Keep) ->
    L = lists:seq(1, N rem 100),
    case N rem 50 of
        0 -> garbage(N - 1, [list_to_tuple(L) | Keep]);
        _ -> garbage(N - 1, Keep)
    end.

even(0) -> true;
even(N) -> odd(N - 1).
odd(0) -> false;
odd(N) -> even(N - 1).

eval(N) when is_number(N) -> N;
eval({'+', A, B}) -> eval(A) + eval(B);
eval({'-', A, B}) -> eval(A) - eval(B);
eval({'*', A, B}) -> eval(A) * eval(B);
eval({'/', A, B}) -> eval(A) / eval(B);
eval({neg, A}) -> -eval(A).

compile(N, Acc) when is_number(N) -> [{push, N} | Acc];
compile({neg, A}, Acc) -> [neg | compile(A, Acc)];
compile({Op, A, B}, Acc) -> [Op | compile(B, compile(A, Acc))].
