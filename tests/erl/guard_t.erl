%% SPDX-License-Identifier: Apache-2.0
%% Guards: every type test, failing guard built-ins, logic, clause selection.
-module(guard_t).
-export([test_types/0, test_failing/0, test_logic/0, test_select_integers/0, test_select_atoms/0, test_select_arity/0, test_if/0, test_compare/0, id/1]).

id(X) -> X.

test_types() ->
    [atom, integer, integer, float, nil, list, tuple, binary, bits, map, function, pid, reference] =
        [type(X) || X <- [a, 1, 1 bsl 70, 1.5, [], [1], {}, <<1>>, <<1:1>>, #{}, fun id/1, self(), make_ref()]].

type(X) when is_atom(X) -> atom;
type(X) when is_integer(X) -> integer;
type(X) when is_float(X) -> float;
type([]) -> nil;
type(X) when is_list(X) -> list;
type(X) when is_tuple(X) -> tuple;
type(X) when is_binary(X) -> binary;
type(X) when is_bitstring(X) -> bits;
type(X) when is_map(X) -> map;
type(X) when is_function(X) -> function;
type(X) when is_pid(X) -> pid;
type(X) when is_reference(X) -> reference.

test_failing() ->
    [no, no, no, no, yes, yes, yes] = [fails(X) || X <- [a, 1, <<>>, #{}, [x], {x}, [x, y]]].

fails(X) when hd(X) =:= x -> yes;
fails(X) when element(1, X) =:= x -> yes;
fails(X) when length(X) > 100; tuple_size(X) > 100; X + 1 > 100; map_get(a, X) > 1; byte_size(X) > 1 -> big;
fails(_) -> no.

test_logic() ->
    [both, left, right, none] = [logic(X, Y) || {X, Y} <- [{1, 1}, {1, a}, {a, 1}, {a, b}]].

logic(X, Y) when is_integer(X) andalso is_integer(Y) -> both;
logic(X, Y) when is_integer(X), not is_integer(Y) -> left;
logic(X, Y) when (not is_integer(X)) and is_integer(Y) -> right;
logic(X, Y) when X; Y; is_atom(X) -> none.

test_select_integers() ->
    [zero, one, many, big, minus, other, other] = [int(X) || X <- [0, 1, 1000, 1 bsl 64, -5, 2, 1.0]].

int(0) -> zero;
int(1) -> one;
int(1000) -> many;
int(18446744073709551616) -> big;
int(-5) -> minus;
int(_) -> other.

test_select_atoms() ->
    [1, 2, 3, 4, 5, 0] = [atom(X) || X <- [a, b, c, true, undefined, "a"]].

atom(a) -> 1;
atom(b) -> 2;
atom(c) -> 3;
atom(true) -> 4;
atom(undefined) -> 5;
atom(_) -> 0.

test_select_arity() ->
    [0, {one, x}, {tag, 2}, 3, none] = [arity(X) || X <- [{}, {x}, {tag, 2}, {a, b, c}, x]].

arity({}) -> 0;
arity({X}) -> {one, X};
arity({tag, X}) -> {tag, X};
arity({_, _, _}) -> 3;
arity(_) -> none.

test_if() ->
    [big, small, atom] = [if X > 10, is_integer(X) -> big; is_integer(X) -> small; true -> atom end || X <- [11, 5, a]].

test_compare() ->
    L = [-1, 0, 1.5, 1 bsl 64, a, make_ref(), fun id/1, self(), {}, {a}, #{}, [], [a], <<>>, <<1>>],
    true = L =:= lists:sort(lists:reverse(L)),
    [true = A < B || {A, B} <- lists:zip(lists:droplast(L), tl(L))],
    ok.
