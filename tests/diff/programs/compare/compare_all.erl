%% SPDX-License-Identifier: Apache-2.0
%% Comparison of every kind of term with every other, of integers with floats, exact and not; hashes.
-module(compare_all).
-export([cases/0]).

id(X) -> diff_lib:id(X).

cases() ->
    [{{order, N}, fun() -> [cmp(A, B) || B <- terms()] end} || {N, A} <- lists:zip(lists:seq(1, length(terms())), terms())] ++
        [{{number, A}, fun() -> [cmp(A, B) || B <- numbers()] end} || A <- numbers()] ++
        [{{minmax, N}, fun() -> [{min(A, B), max(A, B)} || B <- terms()] end} || {N, A} <- lists:zip(lists:seq(1, length(terms())), terms())] ++
        [{{phash2, N}, fun() -> {erlang:phash2(T), erlang:phash2(T, 1), erlang:phash2(T, 7), erlang:phash2(T, 1 bsl 32)} end} || {N, T} <- hashable()] ++
        [{{phash, N}, fun() -> {erlang:phash(T, 1 bsl 32), erlang:phash(T, 10)} end} || {N, T} <- hashable()] ++
        [{sort_all, fun() -> lists:sort(terms()) end}, {usort_numbers, fun() -> {lists:sort(numbers()), lists:usort(numbers())} end}, {long_lists, fun() -> A = lists:seq(1, 10000), B = A ++ [x], [A < B, A =:= B, B > A, A == lists:seq(1, 10000)] end},
         {long_float_list, fun() -> A = lists:seq(1, 1000), B = [float(X) || X <- A], {A == B, A =:= B, A < B} end}, {deep, fun() -> D = fun(N) -> lists:foldl(fun(X, A) -> [X, {A}] end, [], lists:seq(1, N)) end, {D(50000) =:= D(50000), D(50000) < D(50001)} end},
         {const_left, fun() -> [{1 < X, a < X, 1.5 =< X, [] =:= X, {} >= X, "ab" == X} || X <- terms()] end}, {atoms, fun() -> L = ['', a, aa, ab, b, 'A', 'Z', 'ä', 'é', 'zz', abcdefgh, abcdefgi, abcd, abcde, 'abcd\0', '日本'], [[{X < Y, X > Y} || Y <- L] || X <- L] end},
         {big_cmp, fun() -> L = [1 bsl N + D || N <- [59, 60, 64, 128, 192], D <- [-1, 0, 1]], [[{X < Y, -X < Y, X =:= Y, -X > -Y} || Y <- L] || X <- L] end}].

cmp(A, B) -> {A < B, A > B, A =< B, A >= B, A == B, A /= B, A =:= B, A =/= B}.

terms() ->
    [0, 1, -1, 1 bsl 59, 1 bsl 64, -(1 bsl 64), 0.0, -0.0, 1.0, 1.5, 1.0e300, '', a, b, true, [], [1], [1.0], [1 | 2], [1, 2], [a], [[]], "abc", {}, {1}, {1.0}, {a}, {1, 2}, {2, 1}, {{}}, <<>>, <<0>>, <<1>>, <<1:1>>, <<0:1>>, <<"abc">>, <<"abd">>,
     #{}, #{1 => a}, #{1.0 => a}, #{1 => b}, #{2 => a}, #{1 => a, 2 => b}, fun lists:map/2, fun lists:foldl/3, id(self()), list_to_tuple(lists:seq(1, 20)), lists:seq(1, 20)].

numbers() ->
    [0, 0.0, -0.0, 1, 1.0, -1, -1.0, 1 bsl 52, 4503599627370496.0, 4503599627370495.5, 1 bsl 53, 1 bsl 53 + 1, 1 bsl 53 + 2, 9007199254740992.0, 9007199254740994.0, 1 bsl 54 + 1, 18014398509481984.0, 1 bsl 59 - 1, 1 bsl 59, 576460752303423488.0, 576460752303423552.0, 1 bsl 60, 1152921504606846976.0, 1152921504606846975,
     1 bsl 63, 9223372036854775808.0, 1 bsl 64, 1 bsl 64 - 1, 1 bsl 64 + 1, 18446744073709551616.0, -(1 bsl 64), -(1 bsl 64) - 1, -18446744073709551616.0, 1 bsl 100, 1.2676506002282294e30, 1 bsl 100 + 1, 1 bsl 1023, 8.98846567431158e307, 1 bsl 1024, 1.7976931348623157e308, -1.7976931348623157e308, 1 bsl 2000, -(1 bsl 2000), 5.0e-324, -5.0e-324, 0.5, 1.5, 2].

hashable() ->
    L = [T || T <- terms() ++ numbers(), not is_pid(T)] ++ ["", "a", "ab", "abc", "abcd", "abcde", "hello world, this is long", lists:seq(250, 260), [0], [255], [256], [1, 2, 3, a], [[[[]]]], {[], []}, {a, b, c, d}, [a | b], {1.5, "x", <<"y">>}, <<1:7>>, <<255, 1:3>>, binary:copy(<<"ab">>, 500),
        16#ffffffff, 16#100000000, -16#ffffffff, -16#100000000, 1 bsl 27, 1 bsl 28, -(1 bsl 27) - 1, 1 bsl 31, -(1 bsl 31), 1 bsl 32 - 1, 1 bsl 95, -(1 bsl 95), maps:from_list([{X, X} || X <- lists:seq(1, 40)]), #{a => #{b => c}}, 'é', list_to_atom(lists:duplicate(255, $a)), lists:duplicate(1000, 7), lists:duplicate(300, "ab"), {<<>>, {}, [], #{}}],
    lists:zip(lists:seq(1, length(L)), L).
