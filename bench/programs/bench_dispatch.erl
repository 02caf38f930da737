%% SPDX-License-Identifier: Apache-2.0
%% Calls, pattern matching, funs, records and exceptions.
-module(bench_dispatch).
-export([benches/0, setup/2, run/3, expected/2]).
-export([inc/1, dec/1]).

-record(state, {a = 0, b = 0, c = 0, d = 0, e = 0, f = 0}).

benches() ->
    [{stack_machine, 3300000, 12}, {atom_case, 63000, 1000}, {integer_case, 90000, 1000},
     {tuple_match, 62000, 1000}, {local_calls, 43000000, 2}, {remote_calls, 37000000, 2},
     {apply_dynamic, 37000000, 2}, {fun_calls, 38000000, 2}, {record_update, 15000000, 1},
     {try_no_throw, 53000000, 1}, {throw_catch, 7500000, 1}, {error_catch, 790000, 1},
     {deep_throw, 1000000, 100}, {closure_create, 8300000, 1}, {compare_terms, 31000, 1000},
     {state_machine, 63000, 1000}, {badmatch_stacktrace, 620000, 1}].

setup(atom_case, _) -> cycle([add, sub, mul, noop, inc, dec, neg, swap], 1000);
setup(integer_case, _) -> cycle([1, 2, 3, 4, 5, 100, 1000, 7], 1000);
setup(tuple_match, _) -> cycle([{add, 1}, {sub, 1, 2}, {ok, {pair, 1, 2}}, [a, b], {error, none}, 17, <<"x">>, nil], 1000);
setup(compare_terms, _) -> [{{I, a, [I]}, {I, a, [I]}} || I <- lists:seq(1, 1000)];
setup(state_machine, _) -> cycle([digit, digit, dot, digit, exp, sign, digit, stop], 1000);
setup(_, _) -> [].

run(stack_machine, N, _) ->
    machine([{push, N}, {push, 1}, sub, dup, {push, 7}, {push, 3}, swap, pop, pop, dup, add, {push, 2}, half, loop], [], N);
run(atom_case, N, L) -> repeat(N, fun() -> atoms(L, 0, 1) end);
run(integer_case, N, L) -> repeat(N, fun() -> integers(L, 0) end);
run(tuple_match, N, L) -> repeat(N, fun() -> shapes(L, 0) end);
run(local_calls, N, _) -> local(N, 0);
run(remote_calls, N, _) -> remote(N, 0);
run(apply_dynamic, N, _) -> dynamic(N, ?MODULE, inc, dec, 0);
run(fun_calls, N, _) -> funs(N, fun(X) -> X + 1 end, fun(X) -> X - 1 end, 0);
run(record_update, N, _) -> #state{b = B, e = E} = records(N, #state{}), {B, E};
run(try_no_throw, N, _) -> tries(N, 0);
run(throw_catch, N, _) -> throws(N, 0);
run(error_catch, N, _) -> errors(N, 0);
run(deep_throw, N, _) -> repeat(N, fun() -> try deep(100) catch throw:X -> X end end);
run(closure_create, N, _) -> closures(N, 0);
run(compare_terms, N, L) -> repeat(N, fun() -> equals(L, 0) end);
run(state_machine, N, L) -> repeat(N, fun() -> start(L, 0) end);
run(badmatch_stacktrace, N, _) -> traces(N, 0).

expected(stack_machine, _) -> [];
expected(atom_case, _) -> 125;
expected(integer_case, _) -> 4625;
expected(tuple_match, _) -> 4500;
expected(local_calls, N) -> N;
expected(remote_calls, N) -> N;
expected(apply_dynamic, N) -> N;
expected(fun_calls, N) -> N;
expected(record_update, N) -> {N, N * (N - 1) div 2};
expected(try_no_throw, N) -> N;
expected(throw_catch, N) -> N;
expected(error_catch, N) -> N;
expected(deep_throw, _) -> bottom;
expected(closure_create, N) -> N * (N + 1) div 2 + N;
expected(compare_terms, _) -> 2000;
expected(state_machine, _) -> 125;
expected(badmatch_stacktrace, N) -> N.

repeat(1, F) -> F();
repeat(N, F) -> F(), repeat(N - 1, F).

cycle(Items, N) -> lists:sublist(lists:append(lists:duplicate(N div length(Items) + 1, Items)), N).

%% A bytecode machine written in Erlang: program and stack are lists.
machine(Program, Stack, N) -> machine(Program, Program, Stack, N).

machine(_, _, _, 0) -> [];
machine([{push, X} | Is], P, S, N) -> machine(Is, P, [X | S], N);
machine([add | Is], P, [A, B | S], N) -> machine(Is, P, [A + B | S], N);
machine([sub | Is], P, [A, B | S], N) -> machine(Is, P, [B - A | S], N);
machine([dup | Is], P, [A | S], N) -> machine(Is, P, [A, A | S], N);
machine([swap | Is], P, [A, B | S], N) -> machine(Is, P, [B, A | S], N);
machine([pop | Is], P, [_ | S], N) -> machine(Is, P, S, N);
machine([half | Is], P, [A, B | S], N) -> machine(Is, P, [B div A | S], N);
machine([loop | _], P, _, N) -> machine(P, P, [], N - 1).

atoms([add | L], A, K) -> atoms(L, A + K, K);
atoms([sub | L], A, K) -> atoms(L, A - K, K);
atoms([mul | L], A, K) -> atoms(L, A * K, K);
atoms([noop | L], A, K) -> atoms(L, A, K);
atoms([inc | L], A, K) -> atoms(L, A + 1, K);
atoms([dec | L], A, K) -> atoms(L, A - 1, K);
atoms([neg | L], A, K) -> atoms(L, A - K, K);
atoms([swap | L], A, K) -> atoms(L, A + 2, K);
atoms([], A, _) -> A.

integers([X | L], A) ->
    integers(L, A + case X of 1 -> 1; 2 -> 2; 3 -> 3; 4 -> 4; 5 -> 5; 100 -> 6; 1000 -> 7; _ -> 9 end);
integers([], A) -> A.

shapes([{add, N} | L], A) -> shapes(L, A + N);
shapes([{sub, N, M} | L], A) -> shapes(L, A + M + N);
shapes([{ok, {pair, X, Y}} | L], A) -> shapes(L, A + X + Y);
shapes([[a | _] | L], A) -> shapes(L, A + 4);
shapes([{error, _} | L], A) -> shapes(L, A + 5);
shapes([I | L], A) when is_integer(I) -> shapes(L, A + I);
shapes([B | L], A) when is_binary(B) -> shapes(L, A + 2);
shapes([nil | L], A) -> shapes(L, A + 1);
shapes([], A) -> A.

local(0, A) -> A;
local(N, A) -> local(N - 1, local_dec(local_inc(A) + 1)).
local_inc(X) when X >= 0 -> X + 1;
local_inc(X) -> X.
local_dec(X) when X >= 0 -> X - 1;
local_dec(X) -> X.

remote(0, A) -> A;
remote(N, A) -> remote(N - 1, ?MODULE:dec(?MODULE:inc(A) + 1)).
inc(X) -> X + 1.
dec(X) -> X - 1.

dynamic(0, _, _, _, A) -> A;
dynamic(N, M, F, G, A) -> dynamic(N - 1, M, F, G, M:G(apply(M, F, [A]) + 1)).

funs(0, _, _, A) -> A;
funs(N, F, G, A) -> funs(N - 1, F, G, G(F(A) + 1)).

records(0, S) -> S;
records(N, #state{b = B, e = E} = S) -> records(N - 1, S#state{b = B + 1, e = E + B}).

tries(0, A) -> A;
tries(N, A) -> tries(N - 1, try local_inc(A) catch throw:_ -> 0 end).

throws(0, A) -> A;
throws(N, A) -> throws(N - 1, try thrower(A) catch throw:{next, X} -> X end).
thrower(A) -> throw({next, A + 1}).

errors(0, A) -> A;
errors(N, A) -> errors(N - 1, try A + failing(A) catch error:badarith -> A + 1 end).
failing(A) when A >= 0 -> not_a_number.

deep(0) -> throw(bottom);
deep(N) -> [deep(N - 1)].

closures(0, A) -> A;
closures(N, A) -> closures(N - 1, call(fun(X) -> X + A + N end, 1)).
call(F, X) -> F(X).

equals([{X, Y} | L], A) ->
    B = if X =:= Y -> A + 1; true -> A end,
    C = if X < Y -> B + 5; X == Y -> B + 1; true -> B end,
    equals(L, C);
equals([], A) -> A.

start([digit | L], N) -> int(L, N);
start([], N) -> N.
int([digit | L], N) -> int(L, N);
int([dot | L], N) -> fraction(L, N).
fraction([digit | L], N) -> fraction(L, N);
fraction([exp | L], N) -> exponent(L, N).
exponent([sign | L], N) -> exponent(L, N);
exponent([digit | L], N) -> exponent(L, N);
exponent([stop | L], N) -> start(L, N + 1).

traces(0, A) -> A;
traces(N, A) ->
    traces(N - 1, try {ok, _} = failing(A), A catch error:{badmatch, _}:Stack -> A + (length(Stack) - 1) div length(tl(Stack)) end).
