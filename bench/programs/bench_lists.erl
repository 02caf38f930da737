%% SPDX-License-Identifier: Apache-2.0
%% Lists: walking, building, the functions of module lists.
-module(bench_lists).
-export([benches/0, setup/2, run/3, expected/2]).

benches() ->
    [{sum, 140000, 1000}, {sum_guarded, 65000, 1000}, {reverse, 34000, 1000},
     {map_body, 17000, 1000}, {filter_comprehension, 27000, 1000}, {foldl_fun, 63000, 1000},
     {fun_identity, 18000, 1000}, {sort_random, 270, 10000}, {sort_runs, 660, 10000},
     {quicksort, 50, 10000}, {append, 62000, 1000}, {flatten, 21000, 1000},
     {zip_unzip, 5800, 1000}, {keyfind, 1100000, 100}, {member, 150000, 1000},
     {permutations, 130, 5040}, {usort_tuples, 70, 10000}].

setup(E, _) when E =:= sort_random; E =:= quicksort -> random(10000, 42);
setup(sort_runs, _) -> lists:append([lists:seq(I * 3, I * 3 + 99) || I <- lists:seq(1, 100)]);
setup(usort_tuples, _) -> [{X rem 1000, X rem 7, a} || X <- random(10000, 7)];
setup(flatten, _) -> [[I, [I, [I, I], []], I] || I <- lists:seq(1, 200)];
setup(keyfind, _) -> [{I, I, x} || I <- lists:seq(1, 100)];
setup(permutations, _) -> lists:seq(1, 7);
setup(_, _) -> lists:seq(1, 1000).

run(sum, N, L) -> repeat(N, fun() -> sum(L, 0) end);
run(sum_guarded, N, L) -> repeat(N, fun() -> sum_guarded(L, 0) end);
run(reverse, N, L) -> repeat(N, fun() -> hd(reverse(L, [])) end);
run(map_body, N, L) -> repeat(N, fun() -> hd(increment(L)) end);
run(filter_comprehension, N, L) -> repeat(N, fun() -> hd([X * 2 || X <- L, X band 1 =:= 0]) end);
run(foldl_fun, N, L) -> F = fun(X, A) -> X + A end, repeat(N, fun() -> lists:foldl(F, 0, L) end);
run(fun_identity, N, L) -> F = fun(X) -> X end, repeat(N, fun() -> hd(apply_all(F, L)) end);
run(sort_random, N, L) -> repeat(N, fun() -> hd(lists:sort(L)) end);
run(sort_runs, N, L) -> repeat(N, fun() -> hd(lists:sort(L)) end);
run(quicksort, N, L) -> repeat(N, fun() -> hd(quicksort(L)) end);
run(append, N, L) -> repeat(N, fun() -> hd(L ++ [1]) end);
run(flatten, N, L) -> repeat(N, fun() -> length(lists:flatten(L)) end);
run(zip_unzip, N, L) -> repeat(N, fun() -> {A, B} = lists:unzip(lists:zip(L, L)), hd(A) + hd(B) end);
run(keyfind, N, L) -> repeat(N, fun() -> lists:keyfind(100, 1, L) end);
run(member, N, L) -> repeat(N, fun() -> lists:member(1000, L) end);
run(permutations, N, L) -> repeat(N, fun() -> length(permutations(L)) end);
run(usort_tuples, N, L) -> repeat(N, fun() -> length(lists:usort(L)) end).

expected(sum, _) -> 500500;
expected(sum_guarded, _) -> 500500;
expected(reverse, _) -> 1000;
expected(map_body, _) -> 2;
expected(filter_comprehension, _) -> 4;
expected(foldl_fun, _) -> 500500;
expected(fun_identity, _) -> 1;
expected(E, _) when E =:= sort_random; E =:= quicksort -> lists:min(random(10000, 42));
expected(sort_runs, _) -> 3;
expected(append, _) -> 1;
expected(flatten, _) -> 1000;
expected(zip_unzip, _) -> 2;
expected(keyfind, _) -> {100, 100, x};
expected(member, _) -> true;
expected(permutations, _) -> 5040;
expected(usort_tuples, N) -> map_size(maps:from_list([{T, N} || T <- setup(usort_tuples, N)])).

repeat(1, F) -> F();
repeat(N, F) -> F(), repeat(N - 1, F).

random(0, _) -> [];
random(N, S) -> [S bsr 8 | random(N - 1, (S * 1103515245 + 12345) band 16#7fffffff)].

sum([X | Xs], A) -> sum(Xs, A + X);
sum([], A) -> A.

sum_guarded([X | Xs], A) when is_integer(X), is_integer(A) -> sum_guarded(Xs, A + X);
sum_guarded([], A) -> A.

reverse([X | Xs], A) -> reverse(Xs, [X | A]);
reverse([], A) -> A.

increment([X | Xs]) -> [X + 1 | increment(Xs)];
increment([]) -> [].

apply_all(F, [X | Xs]) -> [F(X) | apply_all(F, Xs)];
apply_all(_, []) -> [].

quicksort([P | L]) -> quicksort([X || X <- L, X < P]) ++ [P | quicksort([X || X <- L, X >= P])];
quicksort([]) -> [].

permutations([]) -> [[]];
permutations(L) -> [[X | P] || X <- L, P <- permutations(L -- [X])].
