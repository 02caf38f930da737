%% SPDX-License-Identifier: Apache-2.0
%% Who runs where: blocking other schedulers, how many are on line, and what their threads did.
-module(schedulers_t).
-export([test_priority_of_dirty_calls/0, test_block/0, test_block_ends_with_its_process/0, test_dirty_calls_while_blocked/0, test_blocked_again_and_again/0, test_block_normal_lets_dirty_calls_run/0, test_online/0, test_wall_time/0,
         test_wall_time_ends_with_its_process/0, test_microstates/0, test_behind_urgent_work/0, test_active_tasks/0, test_active_dirty_tasks/0]).

%% run: alone
%% run: flags +S 3:3
%% run: timeout 60

flag(What) -> erlang:system_flag(multi_scheduling, What).
state() -> erlang:system_info(multi_scheduling).

%% Nobody else gets on while one process blocks: all that runs is on scheduler 1, which switches by reductions only.
test_block() ->
    enabled = state(),
    Others = [spawn(fun Loop() -> receive after 0 -> Loop() end end) || _ <- lists:seq(1, 4)],
    blocked = flag(block),
    1 = erlang:system_info(scheduler_id),
    1 = erlang:system_info(schedulers_active),
    3 = erlang:system_info(schedulers_online),
    [{normal, 3, 3, 1}, {dirty_cpu, _, _, 0}, {dirty_io, _, _, 0}] = erlang:system_info(all_schedulers_state),
    [Me] = erlang:system_info(multi_scheduling_blockers),
    Me = self(),
    blocked = flag(block),
    [Me] = erlang:system_info(multi_scheduling_blockers),
    Ids = [on_scheduler() || _ <- lists:seq(1, 50)],
    [1] = lists:usort(Ids),
    blocked = flag(unblock),
    enabled = flag(unblock),
    enabled = flag(unblock),
    ok = wait(fun() -> erlang:system_info(schedulers_active) =:= 3 end, 100),
    [exit(P, kill) || P <- Others].

on_scheduler() ->
    {_, M} = spawn_monitor(fun() -> exit(erlang:system_info(scheduler_id)) end),
    receive {'DOWN', M, _, _, Id} -> Id end.

test_block_ends_with_its_process() ->
    {P, M} = spawn_monitor(fun() -> blocked = flag(block), blocked = flag(block_normal), blocked = state() end),
    receive {'DOWN', M, _, P, R} -> normal = R end,
    enabled = state(),
    [] = erlang:system_info(multi_scheduling_blockers) ++ erlang:system_info(normal_multi_scheduling_blockers).

%% Dirty calls take their turns on the one thread that is left, the blocker's own as well as others'.
test_dirty_calls_while_blocked() ->
    Me = self(),
    Dirty = fun(N) -> [begin ok = erts_debug:dirty_cpu(wait, 1), ok = erts_debug:dirty_io(wait, 1) end || _ <- lists:seq(1, N)] end,
    Call = fun() -> spawn_link(fun() -> Dirty(10), Me ! {self(), done} end) end,
    Spin = spawn_link(fun F() -> lists:seq(1, 100), F() end),
    Before = [Call() || _ <- "1234"],
    blocked = flag(block),
    ok = erts_debug:dirty_cpu(wait, 1),
    {ok, _} = file:read_file(code:which(?MODULE)),
    After = [Call() || _ <- "1234"],
    _ = [receive {P, done} -> ok end || P <- Before ++ After],
    unlink(Spin),
    exit(Spin, kill),
    %% With nothing else to do: the thread sleeps in between.
    Sleeper = spawn_link(fun() -> [begin timer:sleep(5), Dirty(1) end || _ <- "12345"], Me ! {self(), done} end),
    receive {Sleeper, done} -> ok end,
    blocked = state(),
    enabled = flag(unblock),
    Dirty(2),
    ok.

test_blocked_again_and_again() ->
    Hogs = [spawn_link(fun F() -> lists:seq(1, 1000), ok = erts_debug:dirty_cpu(wait, 0), ok = erts_debug:dirty_io(wait, 0), F() end)
            || _ <- "1234"],
    _ = [begin
             blocked = flag(block),
             _ = I rem 3 =:= 0 andalso (ok = erts_debug:dirty_io(wait, 0)),
             enabled = flag(unblock)
         end || I <- lists:seq(1, 300)],
    R0 = [process_info(P, reductions) || P <- Hogs],
    timer:sleep(100),
    R1 = [process_info(P, reductions) || P <- Hogs],
    [] = [stuck || {A, B} <- lists:zip(R0, R1), A =:= B],
    _ = [begin unlink(P), exit(P, kill) end || P <- Hogs],
    ok.

test_block_normal_lets_dirty_calls_run() ->
    blocked_normal = flag(block_normal),
    [Me] = erlang:system_info(normal_multi_scheduling_blockers),
    Me = self(),
    ok = erts_debug:dirty_cpu(wait, 5),
    ok = erts_debug:dirty_io(wait, 5),
    enabled = flag(unblock_normal),
    {'EXIT', {badarg, _}} = (catch flag(both)).

test_online() ->
    3 = erlang:system_flag(schedulers_online, 1),
    1 = erlang:system_info(dirty_cpu_schedulers_online),
    [1] = lists:usort([on_scheduler() || _ <- lists:seq(1, 30)]),
    1 = erlang:system_flag(schedulers_online, 3),
    [{'EXIT', {badarg, _}} = (catch erlang:system_flag(schedulers_online, N)) || N <- [0, 4, x]],
    {3, 3, 3} = erlang:system_info(schedulers_state).

test_wall_time() ->
    undefined = erlang:statistics(scheduler_wall_time),
    false = erlang:system_flag(scheduler_wall_time, true),
    true = erlang:system_flag(scheduler_wall_time, true),
    All = 3 + erlang:system_info(dirty_cpu_schedulers) + erlang:system_info(dirty_io_schedulers),
    busy(50),
    L = lists:sort(erlang:statistics(scheduler_wall_time)),
    true = [I || {I, _, _} <- L] =:= lists:seq(1, All - erlang:system_info(dirty_io_schedulers)),
    true = lists:sum([A || {_, A, _} <- L]) >= 20 * 1000 * 1000,
    true = lists:all(fun({_, A, T}) -> T >= 30 * 1000 * 1000 andalso A =< T * 11 div 10 end, L),
    All = length(erlang:statistics(scheduler_wall_time_all)),
    true = erlang:system_flag(scheduler_wall_time, false),
    true = erlang:system_flag(scheduler_wall_time, false),
    false = erlang:system_flag(scheduler_wall_time, false),
    undefined = erlang:statistics(scheduler_wall_time_all),
    {'EXIT', {badarg, _}} = (catch erlang:system_flag(scheduler_wall_time, x)).

busy(Ms) -> busy_until(erlang:monotonic_time(millisecond) + Ms).
busy_until(T) -> case erlang:monotonic_time(millisecond) < T of true -> lists:seq(1, 1000), busy_until(T); false -> ok end.

test_wall_time_ends_with_its_process() ->
    {P, M} = spawn_monitor(fun() -> exit(erlang:system_flag(scheduler_wall_time, true)) end),
    receive {'DOWN', M, _, P, R} -> false = R end,
    ok = wait(fun() -> erlang:statistics(scheduler_wall_time) =:= undefined end, 200).

wait(_, 0) -> never;
wait(F, N) -> case F() of true -> ok; false -> timer:sleep(10), wait(F, N - 1) end.

test_microstates() ->
    false = erlang:system_flag(microstate_accounting, true),
    true = erlang:system_flag(microstate_accounting, reset),
    busy(30),
    Cat = open_port({spawn, "cat"}, []),
    [begin true = port_command(Cat, "x"), receive {Cat, {data, "x"}} -> ok end end || _ <- lists:seq(1, 50)],
    true = port_close(Cat),
    L = erlang:statistics(microstate_accounting),
    [aux, check_io, emulator, gc, other, port, sleep] = lists:sort(maps:keys(maps:get(counters, hd(L)))),
    [1, 2, 3] = lists:sort([I || #{type := scheduler, id := I} <- L]),
    Sum = fun(K) -> lists:sum([maps:get(K, C) || #{type := scheduler, counters := C} <- L]) end,
    true = Sum(emulator) > 0 andalso Sum(sleep) > 0 andalso Sum(port) > 0,
    true = erlang:system_flag(microstate_accounting, false),
    false = erlang:system_flag(microstate_accounting, false),
    L1 = erlang:statistics(microstate_accounting),
    L1 = erlang:statistics(microstate_accounting),
    false = erlang:system_flag(microstate_accounting, reset),
    0 = lists:sum([V || #{counters := C} <- erlang:statistics(microstate_accounting), V <- maps:values(C)]),
    {'EXIT', {badarg, _}} = (catch erlang:system_flag(microstate_accounting, x)).

%% A process of high priority that never rests keeps one scheduler to itself; what waited there goes on elsewhere.
test_behind_urgent_work() ->
    process_flag(priority, max),
    Ps = [spawn(fun spin/0) || _ <- lists:seq(1, 100)],
    Urgent = spawn_opt(fun spin/0, [{priority, high}]),
    ok = wait(fun() -> lists:all(fun(P) -> element(2, process_info(P, reductions)) > 5000 end, Ps) end, 1000),
    [exit(P, kill) || P <- [Urgent | Ps]],
    process_flag(priority, normal).

spin() -> lists:seq(1, 50), spin().

%% Low ones get some turns, not as many as the others.
test_priority_of_dirty_calls() ->
    N = 4 * erlang:system_info(dirty_cpu_schedulers),
    Me = self(),
    Pids = [spawn_opt(fun() -> dirty_turns(Me, P, 0) end, [link, {priority, P}]) || P <- [normal, low], _ <- lists:seq(1, N)],
    timer:sleep(1500),
    [P ! stop || P <- Pids],
    Turns = [receive {turns, P, T} -> {P, T} end || _ <- Pids],
    [Normal, Low] = [lists:sum([T || {Q, T} <- Turns, Q =:= P]) || P <- [normal, low]],
    true = Low > 0,
    true = Low < Normal div 2,
    ok.

dirty_turns(To, P, N) ->
    receive stop -> To ! {turns, P, N}
    after 0 ->
        ok = erts_debug:dirty_cpu(wait, 2),
        dirty_turns(To, P, N + 1)
    end.

%% Whoever is between a queue and a scheduler counts as active. Only what moves to a queue that was looked at already may be missed: one in a hundred
%% where a sanitizer slows everything, and one in five and more when those between are missed.
test_active_tasks() ->
    Loops = [spawn_opt(fun Loop() -> erlang:yield(), Loop() end, [link, {priority, low}]) || _ <- lists:seq(1, 10)],
    {Samples, Missed} = active_tasks(erlang:monotonic_time(millisecond) + 1000, 0, 0),
    [begin unlink(P), exit(P, kill) end || P <- Loops],
    {true, _, _} = {Missed < Samples div 20, Missed, Samples}.

active_tasks(End, N, Missed) ->
    M = length([A || _ <- lists:seq(1, 100), (A = statistics(total_active_tasks)) < 11]),
    case erlang:monotonic_time(millisecond) < End of
        true -> active_tasks(End, N + 100, Missed + M);
        false -> {N + 100, Missed + M}
    end.

%% Of the dirty queues, too, those that run count as active and those that wait in both.
test_active_dirty_tasks() ->
    Dirty = fun(Call, N) -> [spawn_monitor(fun() -> erts_debug:Call(wait, 600) end) || _ <- lists:seq(1, N)] end,
    Running = erlang:system_info(dirty_cpu_schedulers_online),
    All = Dirty(dirty_cpu, Running + 2) ++ Dirty(dirty_io, 3),
    Lengths = fun(What) -> lists:nthtail(erlang:system_info(schedulers), statistics(What)) end,
    %% Others may be there for a moment: a file is read, somebody else's.
    Seen = fun() -> {Lengths(run_queue_lengths_all), Lengths(active_tasks_all), Lengths(active_tasks), Lengths(run_queue_lengths)} end,
    ok = wait(fun() -> Seen() =:= {[2, 0], [Running + 2, 3], [Running + 2], [2]} end, 100),
    true = statistics(total_active_tasks_all) >= Running + 6,
    true = statistics(run_queue) >= 2,
    [receive {'DOWN', M, _, _, _} -> ok end || {_, M} <- All].
