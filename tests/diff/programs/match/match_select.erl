%% SPDX-License-Identifier: Apache-2.0
%% select_val and select_tuple_arity in their many sizes: jump tables, binary search, linear.
-module(match_select).
-export([cases/0]).
-export([dense/1, sparse/1, atoms/1, two/1, floats/1, bigs/1, mixed/1, arity/1, tags/1, chars/1, negative/1, offset/1, bools/1, string/1, big_dense/1, args/3, lit/1]).

cases() ->
    Ints = lists:seq(-5, 70) ++ [100, 127, 128, 255, 256, 1000, 1001, 5000, 65535, 65536, 1 bsl 31, 1 bsl 32, 1 bsl 58, 1 bsl 59 - 1, 1 bsl 59, -(1 bsl 59), -(1 bsl 59) - 1, 1 bsl 60, 1 bsl 64, 1 bsl 64 + 1, -(1 bsl 64), 1 bsl 100],
    Others = [0.0, -0.0, 1.0, 2.0, 1.5, 1.0e10, a, b, c, d, e, true, false, undefined, [], [1], {}, {a}, {b, 1}, {a, 1}, {a, 1, 2}, {a, 1, 2, 3}, {b, 1, 2, 3, 4}, {1, 2, 3, 4, 5, 6}, <<>>, <<"abc">>, #{}, "abc", "abd", "ab"],
    Atoms = [list_to_atom([$a, X]) || X <- lists:seq($a, $z)],
    Values = Ints ++ Others ++ Atoms,
    [{N, fun() -> [{V, diff_lib:outcome(fun() -> F(V) end)} || V <- Values] end}
     || {N, F} <- [{dense, fun dense/1}, {sparse, fun sparse/1}, {atoms, fun atoms/1}, {two, fun two/1}, {floats, fun floats/1}, {bigs, fun bigs/1}, {mixed, fun mixed/1},
                   {arity, fun arity/1}, {tags, fun tags/1}, {chars, fun chars/1}, {negative, fun negative/1}, {offset, fun offset/1}, {bools, fun bools/1}, {string, fun string/1},
                   {big_dense, fun big_dense/1}, {lit, fun lit/1}]] ++
        [{{args, X, Y}, fun() -> [diff_lib:outcome(fun() -> args(X, Y, Z) end) || Z <- [1, 2, 3, a, {}]] end} || X <- [1, 2, 3, a], Y <- [1, 2, 3, a]].

dense(0) -> zero; dense(1) -> one; dense(2) -> two; dense(3) -> three; dense(4) -> four; dense(5) -> five; dense(6) -> six; dense(7) -> seven; dense(9) -> nine; dense(_) -> other.

sparse(1) -> a; sparse(100) -> b; sparse(1000) -> c; sparse(65536) -> d; sparse(-5) -> e; sparse(4294967296) -> f; sparse(576460752303423487) -> g; sparse(-576460752303423488) -> h; sparse(_) -> other.

atoms(aa) -> 1; atoms(ab) -> 2; atoms(ac) -> 3; atoms(ad) -> 4; atoms(ag) -> 5; atoms(ax) -> 6; atoms(az) -> 7; atoms(a) -> 8; atoms(true) -> 9; atoms(undefined) -> 10.

two(a) -> 1; two(b) -> 2; two(_) -> 3.

floats(1.0) -> one; floats(1.5) -> one_half; floats(2.0) -> two; floats(0.0) -> zero; floats(1.0e10) -> large; floats(X) when is_float(X) -> float; floats(_) -> other.

bigs(18446744073709551616) -> a; bigs(18446744073709551617) -> b; bigs(-18446744073709551616) -> c; bigs(576460752303423488) -> d; bigs(-576460752303423489) -> e; bigs(1152921504606846976) -> f; bigs(_) -> other.

mixed(0) -> int; mixed(0.0) -> float; mixed(a) -> atom; mixed([]) -> nil; mixed({}) -> unit; mixed(<<>>) -> bin; mixed(#{} = M) when map_size(M) =:= 0 -> map; mixed("abc") -> string; mixed(18446744073709551616) -> big; mixed({a, _}) -> pair; mixed([_]) -> single; mixed(<<"abc">>) -> abc.

arity({}) -> 0; arity({_}) -> 1; arity({_, _}) -> 2; arity({_, _, _}) -> 3; arity({_, _, _, _, _}) -> 5; arity({A, _, _, _, _, F}) -> {A, F}; arity(X) when is_tuple(X) -> tuple.

tags({a}) -> 1; tags({a, X}) -> {2, X}; tags({a, X, Y}) -> {3, X, Y}; tags({b, X}) -> {4, X}; tags({b, _, _, _, X}) -> {5, X}; tags({1, _, _, _, _, X}) -> {6, X}; tags(_) -> other.

chars(C) when C >= $0, C =< $9 -> digit; chars($a) -> a; chars($b) -> b; chars($\n) -> nl; chars($\t) -> tab; chars($ ) -> space; chars(C) when is_integer(C), C > 127 -> high; chars(_) -> other.

negative(-1) -> a; negative(-2) -> b; negative(-3) -> c; negative(-4) -> d; negative(0) -> e; negative(1) -> f.

offset(50) -> a; offset(51) -> b; offset(52) -> c; offset(53) -> d; offset(54) -> e; offset(55) -> f; offset(56) -> g; offset(58) -> h; offset(60) -> i; offset(_) -> other.

bools(X) -> case X of true -> t; false -> f; _ -> case X of undefined -> u; [] -> n; _ -> o end end.

string("abc") -> 1; string("abd") -> 2; string("ab" ++ _) -> 3; string([$a | T]) -> {a, T}; string([]) -> empty; string(X) when is_list(X) -> list; string(_) -> other.

big_dense(X) ->
    case X of
        0 -> 100; 1 -> 101; 2 -> 102; 3 -> 103; 4 -> 104; 5 -> 105; 6 -> 106; 7 -> 107; 8 -> 108; 9 -> 109; 10 -> 110; 11 -> 111; 12 -> 112; 13 -> 113; 14 -> 114; 15 -> 115;
        16 -> 116; 17 -> 117; 18 -> 118; 19 -> 119; 20 -> 120; 21 -> 121; 22 -> 122; 23 -> 123; 24 -> 124; 25 -> 125; 26 -> 126; 27 -> 127; 28 -> 128; 29 -> 129; 30 -> 130; 31 -> 131;
        32 -> 132; 33 -> 133; 34 -> 134; 35 -> 135; 36 -> 136; 37 -> 137; 38 -> 138; 39 -> 139; 40 -> 140; 41 -> 141; 42 -> 142; 43 -> 143; 44 -> 144; 45 -> 145; 46 -> 146; 47 -> 147
    end.

args(1, 1, Z) -> {a, Z};
args(1, Y, 1) -> {b, Y};
args(X, 1, 1) -> {c, X};
args(X, X, 2) -> {d, X};
args(X, Y, Y) -> {e, X, Y};
args(a, _, {}) -> f;
args(_, a, Z) when Z =/= a -> g.

lit([1, 2, 3]) -> a; lit({a, 1}) -> b; lit({a, 1, 2}) -> c; lit({b, 1}) -> d; lit(1.5) -> e; lit(<<"abc">>) -> f; lit(true) -> g; lit(_) -> h.
