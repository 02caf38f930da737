%% SPDX-License-Identifier: Apache-2.0
%% Maps: small and large, literal and computed keys.
-module(bench_maps).
-export([benches/0, setup/2, run/3, expected/2]).

benches() ->
    [{get_literal_8, 56000000, 1}, {get_literal_32, 26000000, 1}, {get_integer_1024, 12000, 1024},
     {update_8, 11000000, 1}, {put_new_16, 400000, 16}, {build_100k, 4, 100000},
     {update_large, 600000, 1}, {word_count, 38, 20000}, {fold_1024, 15000, 1024},
     {merge, 15000, 1024}, {binary_keys, 4200000, 1}, {from_to_list, 1100, 1000},
     {iterate_100k, 100, 100000}].

setup(get_literal_8, _) -> keys(8);
setup(get_literal_32, _) -> keys(32);
setup(get_integer_1024, _) -> maps:from_list([{I, I} || I <- lists:seq(0, 1023)]);
setup(update_8, _) -> keys(8);
setup(update_large, _) -> maps:from_list([{I, 0} || I <- lists:seq(0, 9999)]);
setup(word_count, _) -> [{word, X * X rem 997} || X <- lists:seq(1, 20000)];
setup(fold_1024, _) -> maps:from_list([{{k, I}, I} || I <- lists:seq(1, 1024)]);
setup(merge, _) ->
    {maps:from_list([{I, I} || I <- lists:seq(1, 1024)]),
     maps:from_list([{I, -I} || I <- lists:seq(513, 1536)])};
setup(binary_keys, _) ->
    Keys = [list_to_binary(["session-", integer_to_list(I * 7919)]) || I <- lists:seq(1, 20)],
    {maps:from_list([{K, byte_size(K)} || K <- Keys]), Keys};
setup(from_to_list, _) -> [{I * 7 rem 1009, I} || I <- lists:seq(1, 1000)];
setup(iterate_100k, _) -> maps:from_list([{I, 1} || I <- lists:seq(1, 100000)]);
setup(_, _) -> [].

run(get_literal_8, N, M) -> get8(N, M, 0);
run(get_literal_32, N, M) -> get32(N, M, 0);
run(get_integer_1024, N, M) -> repeat(N, fun() -> get_all(1023, M, 0) end);
run(update_8, N, M) -> #{k5 := V, k1 := W} = update8(N, M), {V, W};
run(put_new_16, N, _) -> repeat(N, fun() -> map_size(put_new(16, #{})) end);
run(build_100k, N, _) -> repeat(N, fun() -> map_size(build(100000, #{})) end);
run(update_large, N, M) -> maps:get(5, update_large(N, M));
run(word_count, N, Words) -> repeat(N, fun() -> map_size(count(Words, #{})) end);
run(fold_1024, N, M) -> repeat(N, fun() -> maps:fold(fun(_, V, A) -> V + A end, 0, M) end);
run(merge, N, {A, B}) -> repeat(N, fun() -> map_size(maps:merge(A, B)) end);
run(binary_keys, N, {M, Keys}) -> look_up(N, Keys, Keys, M, 0);
run(from_to_list, N, L) -> repeat(N, fun() -> length(maps:to_list(maps:from_list(L))) end);
run(iterate_100k, N, M) -> repeat(N, fun() -> walk(maps:next(maps:iterator(M)), 0) end).

expected(get_literal_8, N) -> 5 * N;
expected(get_literal_32, N) -> 20 * N;
expected(get_integer_1024, _) -> 1023 * 1024 div 2;
expected(update_8, _) -> {1, 1};
expected(put_new_16, _) -> 16;
expected(build_100k, _) -> 100000;
expected(update_large, N) -> (N + 9995) div 10000;
expected(word_count, _) -> length(lists:usort([X * X rem 997 || X <- lists:seq(1, 20000)]));
expected(fold_1024, _) -> 1024 * 1025 div 2;
expected(merge, _) -> 1536;
expected(binary_keys, N) ->
    Sizes = [byte_size(K) || K <- element(2, setup(binary_keys, N))],
    N div 20 * lists:sum(Sizes) + lists:sum(lists:sublist(Sizes, N rem 20));
expected(from_to_list, _) -> length(lists:usort([I * 7 rem 1009 || I <- lists:seq(1, 1000)]));
expected(iterate_100k, _) -> 100000.

repeat(1, F) -> F();
repeat(N, F) -> F(), repeat(N - 1, F).

keys(N) -> maps:from_list([{list_to_atom([$k | integer_to_list(I)]), I} || I <- lists:seq(1, N)]).

get8(0, _, A) -> A;
get8(N, #{k5 := V} = M, A) -> get8(N - 1, M, A + V).

get32(0, _, A) -> A;
get32(N, #{k20 := V} = M, A) -> get32(N - 1, M, A + V).

get_all(-1, _, A) -> A;
get_all(I, M, A) -> get_all(I - 1, M, A + maps:get(I, M)).

update8(0, M) -> M;
update8(N, M) -> update8(N - 1, M#{k5 := N}).

put_new(0, M) -> M;
put_new(I, M) -> put_new(I - 1, M#{I => I}).

build(0, M) -> M;
build(I, M) -> build(I - 1, M#{I * 7919 => I}).

update_large(0, M) -> M;
update_large(N, M) ->
    K = N rem 10000,
    #{K := V} = M,
    update_large(N - 1, M#{K := V + 1}).

count([W | Ws], M) ->
    case M of
        #{W := C} -> count(Ws, M#{W := C + 1});
        _ -> count(Ws, M#{W => 1})
    end;
count([], M) -> M.

look_up(0, _, _, _, A) -> A;
look_up(N, [], Keys, M, A) -> look_up(N, Keys, Keys, M, A);
look_up(N, [K | Ks], Keys, M, A) -> look_up(N - 1, Ks, Keys, M, A + maps:get(K, M)).

walk(none, A) -> A;
walk({_, V, I}, A) -> walk(maps:next(I), A + V).
