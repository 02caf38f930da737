%% SPDX-License-Identifier: Apache-2.0
%% Processes that come and go.
-module(bench_spawn).
-export([benches/0, setup/2, run/3, expected/2, child/2]).

benches() ->
    [{spawn_message, 180000, 1}, {spawn_exit_only, 280000, 1}, {spawn_link_trap, 160000, 1},
     {spawn_monitor, 140000, 1}, {spawn_mfa, 190000, 1}, {alive_100k, 1, 100000},
     {tree, 5, 16383}, {spawn_opt_heap, 86000, 1}, {exit_signal, 96000, 1},
     {link_chain, 44, 2000}, {register_names, 82000, 1}].

setup(_, _) -> [].

run(spawn_message, N, _) -> messages(N, self());
run(spawn_exit_only, N, _) -> exits(N);
run(spawn_link_trap, N, _) -> process_flag(trap_exit, true), linked(N);
run(spawn_monitor, N, _) -> monitored(N);
run(spawn_mfa, N, _) -> functions(N, self());
run(alive_100k, N, _) -> repeat(N, fun() -> alive(100000) end);
run(tree, N, _) -> repeat(N, fun() -> tree(13) end);
run(spawn_opt_heap, N, _) -> heaps(N);
run(exit_signal, N, _) -> killed(N);
run(link_chain, N, _) -> repeat(N, fun() -> chain(2000) end);
run(register_names, N, _) -> names(N).

expected(alive_100k, _) -> 100000;
expected(tree, _) -> 16383;
expected(_, _) -> done.

repeat(1, F) -> F();
repeat(N, F) -> F(), repeat(N - 1, F).

messages(0, _) -> done;
messages(N, Self) -> spawn(fun() -> Self ! done end), receive done -> messages(N - 1, Self) end.

%% Up to a hundred at a time; the last of a hundred reports.
exits(N) when N =< 0 -> done;
exits(N) ->
    [spawn(fun() -> ok end) || _ <- lists:seq(1, 99)],
    {P, M} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', M, process, P, normal} -> exits(N - 100) end.

linked(0) -> done;
linked(N) -> P = spawn_link(fun() -> exit(N) end), receive {'EXIT', P, N} -> linked(N - 1) end.

monitored(0) -> done;
monitored(N) -> {P, M} = spawn_monitor(fun() -> exit(N) end), receive {'DOWN', M, process, P, N} -> monitored(N - 1) end.

functions(0, _) -> done;
functions(N, Self) -> spawn(?MODULE, child, [Self, N]), receive {child, N} -> functions(N - 1, Self) end.
child(Parent, N) -> Parent ! {child, N}.

alive(N) ->
    Self = self(),
    Pids = [spawn(fun() -> receive stop -> Self ! stopped end end) || _ <- lists:seq(1, N)],
    [P ! stop || P <- Pids],
    count(N, 0).
count(0, A) -> A;
count(N, A) -> receive stopped -> count(N - 1, A + 1) end.

%% A binary tree of processes that adds up its size.
tree(0) -> 1;
tree(D) ->
    Self = self(),
    A = spawn(fun() -> Self ! {self(), tree(D - 1)} end),
    B = spawn(fun() -> Self ! {self(), tree(D - 1)} end),
    receive {A, X} -> receive {B, Y} -> 1 + X + Y end end.

heaps(0) -> done;
heaps(N) ->
    {P, M} = spawn_opt(fun() -> ok end, [monitor, {min_heap_size, 1000}]),
    receive {'DOWN', M, process, P, normal} -> heaps(N - 1) end.

killed(0) -> done;
killed(N) ->
    {P, M} = spawn_monitor(fun() -> receive never -> ok end end),
    exit(P, kill),
    receive {'DOWN', M, process, P, killed} -> killed(N - 1) end.

%% A chain of linked processes that falls over from one end.
chain(N) ->
    {P, M} = spawn_monitor(fun() -> extend(N) end),
    receive {'DOWN', M, process, P, fallen} -> done end.
extend(0) -> exit(fallen);
extend(N) -> spawn_link(fun() -> extend(N - 1) end), receive never -> ok end.

names(0) -> done;
names(N) ->
    {P, M} = spawn_monitor(fun() -> receive stop -> ok end end),
    true = register(bench_child, P),
    bench_child ! stop,
    receive {'DOWN', M, process, P, normal} -> names(N - 1) end.
