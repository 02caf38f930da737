%% SPDX-License-Identifier: Apache-2.0
%% Order, equality and hashes.
-module(compare_t).
-export([test_kinds/0, test_numbers/0, test_exact/0, test_lists/0, test_tuples/0, test_maps/0, test_binaries/0, test_deep/0, test_walks_agree/0, test_hash/0, test_phash/0, test_min_max/0, id/1]).

id(X) -> X.

test_kinds() ->
    L = [1, a, make_ref(), fun id/1, self(), {}, #{}, [], [a], <<>>],
    true = lists:sort(lists:reverse(L)) =:= L.

test_numbers() ->
    L = [-(1 bsl 70), -1.0e10, -1, -0.5, 0, 5.0e-324, 1, 1.5, 1 bsl 53, (1 bsl 53) + 1, 1 bsl 59, 1.0e18, 1 bsl 64, 1.0e300, 1 bsl 1024],
    true = lists:sort(lists:reverse(L)) =:= L,
    [true = A < B || {A, B} <- lists:zip(lists:droplast(L), tl(L))],
    ok.

test_exact() ->
    true = id(1) == 1.0,
    false = id(1) =:= 1.0,
    true = id([1, {2}]) == [1.0, {2.0}],
    false = id([1, {2}]) =:= [1.0, {2.0}],
    true = id(1) =/= 1.0,
    false = id(1) /= 1.0,
    true = id(0.0) == -0.0.

test_lists() ->
    true = id([1, 2]) < [1, 3],
    true = id([1]) < [1, 2],
    true = id([1 | 2]) < [1, 0],
    true = id([]) < [0].

test_tuples() ->
    true = id({b}) < {a, a},
    true = id({a, 1}) < {a, 2},
    true = id({}) < {a}.

test_maps() ->
    true = id(#{a => 1}) < #{a => 1, b => 2},
    true = id(#{a => 2}) < #{b => 1},
    true = id(#{a => 1}) < #{a => 2},
    true = id(#{1 => a}) =/= #{1.0 => a},
    true = id(#{a => 1}) == #{a => 1.0}.

test_binaries() ->
    true = id(<<"a">>) < <<"b">>,
    true = id(<<"a">>) < <<"aa">>,
    true = id(<<1:1>>) < <<1:1, 0:1>>,
    <<_:3, B:16/bits, _/bits>> = id(<<0:3, "ab", 0:5>>),
    true = B == <<"ab">>.

test_deep() ->
    D = fun(N) -> lists:foldl(fun(X, A) -> [{X}, A] end, [], lists:seq(1, N)) end,
    true = D(2000) =:= D(2000),
    true = D(2000) < D(2001).

%% == and =:= walk terms by themselves; the order does too. Of a term and a copy with one leaf changed, all must say the same.
test_walks_agree() ->
    Leaves = [0, 1, 1.0, -1.0, 2.5, 1 bsl 70, float(1 bsl 70), -(1 bsl 70), 0.0, 1.0e300, a, b, [], {}, #{}, <<"binary">>, <<"binarz">>,
              binary:part(<<"xbinary">>, 1, 6), binary:copy(<<"long">>, 100), <<5:3>>, self(), "text", fun id/1, fun lists:map/2],
    Large = maps:from_list([{I, I} || I <- lists:seq(1, 40)]),
    Wrap = [fun(L) -> [L] end, fun(L) -> [x | L] end, fun(L) -> [L, y] end, fun(L) -> {L} end, fun(L) -> {1, L, 3} end, fun(L) -> {[1, 2 | L], L} end,
            fun(L) -> #{k => L} end, fun(L) -> #{L => v} end, fun(L) -> Large#{7 => L} end, fun(L) -> Large#{L => 7} end,
            fun(L) -> fun() -> L end end, fun(L) -> "abc" ++ [L] ++ "def" end],
    [agree(copy(F(copy(G(X)))), copy(F(copy(G(Y))))) || X <- Leaves, Y <- Leaves, F <- Wrap, G <- [fun(L) -> L end | Wrap]],
    ok.

copy(T) -> binary_to_term(term_to_binary(T)).

agree(A, B) ->
    Order = {A == B, not (A /= B), not (A < B) andalso not (B < A), A >= B andalso A =< B},
    case Order of
        {true, true, true, true} -> ok;
        {false, false, false, false} -> false = A =:= B
    end,
    Exact = A =:= B,
    Exact = not (A =/= B),
    Exact = maps:is_key(A, #{B => x}),
    true = not Exact orelse A == B.

test_hash() ->
    [true = erlang:phash2(T) =:= erlang:phash2(binary_to_term(term_to_binary(T))) || T <- [1, a, 1.5, "s", {a, [b]}, #{a => 1}, <<1, 2>>, <<1:3>>, 1 bsl 70, maps:from_list([{X, X} || X <- lists:seq(1, 40)])]],
    [true = erlang:phash2(X, 10) < 10 || X <- lists:seq(1, 100)],
    0 = erlang:phash2(id(a), 1).

test_phash() ->
    true = erlang:phash(id({a, 1}), 1 bsl 32) =:= erlang:phash({a, 1}, 1 bsl 32),
    3 = length([X || X <- [erlang:phash(T, 10) || T <- [a, "b", 1.5]], X >= 1, X =< 10]).

test_min_max() ->
    1 = min(id(1), a),
    a = max(id(1), a),
    1 = min(id(1), 1.0),
    1.0 = min(id(1.0), 1).
