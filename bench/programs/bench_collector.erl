%% SPDX-License-Identifier: Apache-2.0
%% Garbage collection: short-lived data, growing data, large live data.
-module(bench_collector).
-export([benches/0, setup/2, run/3, expected/2]).

benches() ->
    [{trees, 19000, 2047}, {major_list, 32, 1000000}, {major_tuples, 65, 200000},
     {grow_list, 4, 1000000}, {short_lived, 4100000, 1}, {short_lived_beside_live, 7000000, 1},
     {queue_in_out, 13000000, 1}, {live_map, 2, 100000}, {many_heaps, 15, 2000},
     {deep_recursion, 12, 500000}, {binaries_off_heap, 550000, 1}, {strings, 4300, 1000}].

setup(major_list, _) -> lists:seq(1, 1000000);
setup(major_tuples, _) -> [{I, I, I, I, I} || I <- lists:seq(1, 200000)];
setup(short_lived_beside_live, _) -> lists:seq(1, 300000);
setup(_, _) -> [].

run(trees, N, _) -> repeat(N, fun() -> check(build(10)) end);
run(major_list, N, L) -> repeat(N, fun() -> erlang:garbage_collect() end), length(L);
run(major_tuples, N, L) -> repeat(N, fun() -> erlang:garbage_collect() end), length(L);
run(grow_list, N, _) -> repeat(N, fun() -> in_process(fun() -> length(grow(1000000, [])) end) end);
run(short_lived, N, _) -> garbage(N, {0, 0});
run(short_lived_beside_live, N, L) -> {A, _} = garbage(N, {0, 0}), {A, length(L)};
run(queue_in_out, N, _) -> queue(N, lists:seq(1, 1000), []);
run(live_map, N, _) -> repeat(N, fun() -> in_process(fun() -> map_size(grow_map(100000, #{})) end) end);
run(many_heaps, N, _) -> repeat(N, fun() -> heaps(2000) end);
run(deep_recursion, N, _) -> repeat(N, fun() -> in_process(fun() -> length(count(500000)) end) end);
run(binaries_off_heap, N, _) -> off_heap(N, 0);
run(strings, N, _) -> repeat(N, fun() -> length(render(1000)) end).

expected(trees, _) -> 2047;
expected(major_list, _) -> 1000000;
expected(major_tuples, _) -> 200000;
expected(grow_list, _) -> 1000000;
expected(short_lived, N) -> {N, N};
expected(short_lived_beside_live, N) -> {N, 300000};
expected(queue_in_out, _) -> 1000;
expected(live_map, _) -> 100000;
expected(many_heaps, _) -> 2000 * 300;
expected(deep_recursion, _) -> 500000;
expected(binaries_off_heap, N) -> N * 1000;
expected(strings, _) -> 1000.

repeat(1, F) -> F();
repeat(N, F) -> F(), repeat(N - 1, F).

%% A fresh heap for each round, so that rounds do not help each other.
in_process(F) ->
    {Pid, Ref} = spawn_monitor(fun() -> exit({result, F()}) end),
    receive {'DOWN', Ref, process, Pid, {result, R}} -> R end.

build(0) -> {nil, nil};
build(D) -> {build(D - 1), build(D - 1)}.

check({nil, nil}) -> 1;
check({L, R}) -> 1 + check(L) + check(R).

grow(0, L) -> L;
grow(N, L) -> grow(N - 1, [N | L]).

garbage(0, A) -> A;
garbage(N, {A, B}) -> garbage(N - 1, second([{A + 1, [N]}, {B + 1, []}])).
second([{A, _}, {B, _}]) -> {A, B}.

queue(0, F, R) -> length(F) + length(R);
queue(N, [], R) -> queue(N, lists:reverse(R), []);
queue(N, [X | F], R) -> queue(N - 1, F, [X | R]).

grow_map(0, M) -> M;
grow_map(N, M) -> grow_map(N - 1, M#{{N, N} => [N]}).

heaps(N) ->
    Self = self(),
    Pids = [spawn_link(fun() -> Self ! {self(), length(lists:seq(1, 300))} end) || _ <- lists:seq(1, N)],
    lists:sum([receive {P, L} -> L end || P <- Pids]).

count(0) -> [];
count(N) -> [N | count(N - 1)].

off_heap(0, A) -> A;
off_heap(N, A) -> off_heap(N - 1, A + byte_size(<<0:8000>>)).

render(0) -> [];
render(N) -> [[integer_to_list(N), $:, atom_to_list(item)] | render(N - 1)].
