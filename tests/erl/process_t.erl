%% SPDX-License-Identifier: Apache-2.0
%% Processes: spawning, exits, flags, information, dictionary, suspension.
-module(process_t).
-export([test_suspend_and_resume_at_once/0, test_yield/0, test_yield_is_shown_in_its_caller/0, test_growth_is_no_collection/0, test_spawn_with_sharing/0, test_spawn/0, test_spawn_mfa/0, test_spawn_errors/0, test_exit_reasons/0, test_crash_reason/0, test_exit_signals/0, test_kill/0, test_dictionary/0, test_flags/0, test_info/0, test_many/0, test_hibernate/0, test_group_leader/0, test_suspend/0, test_spawn_opt/0, test_preempted/0, test_max_heap/0, test_info_after_other_waits/0, test_requests_across_priorities/0, test_messages_in_heap_size/0, test_sensitive/0, test_smallest_limits/0, loop/0, quit/1, id/1]).

id(X) -> X.

test_spawn() ->
    S = self(),
    P = spawn(fun() -> S ! {self(), hello} end),
    hello = receive {P, X} -> X end,
    true = is_pid(P),
    false = P =:= S.

test_spawn_mfa() ->
    {P, M} = spawn_monitor(?MODULE, quit, [done]),
    done = receive {'DOWN', M, process, P, R} -> R end.

test_spawn_errors() ->
    {'EXIT', {badarg, _}} = (catch spawn(id(x))),
    {'EXIT', {badarg, _}} = (catch spawn(?MODULE, quit, id([a | b]))),
    {undef, [{no_module, no_function, [1], []}]} = down(fun() -> no_module:no_function(1) end).

test_exit_reasons() ->
    [R = down(fun() -> exit(R) end) || R <- [normal, shutdown, {a, [1]}, 17, kill]],
    normal = down(fun() -> ok end).

test_crash_reason() ->
    {badarith, [_ | _]} = down(fun() -> id(a) + 1 end),
    {{nocatch, x}, [_ | _]} = down(fun() -> throw(x) end),
    {{badmatch, b}, [_ | _]} = down(fun() -> a = id(b) end).

test_exit_signals() ->
    {P, M} = spawn_monitor(fun loop/0),
    exit(P, normal),
    true = is_process_alive(P),
    exit(P, reason),
    reason = receive {'DOWN', M, process, P, R} -> R end.

test_kill() ->
    S = self(),
    {P, M} = spawn_monitor(fun() -> process_flag(trap_exit, true), S ! ready, loop() end),
    receive ready -> ok end,
    exit(P, trapped),
    exit(P, kill),
    killed = receive {'DOWN', M, process, P, R} -> R end.

test_dictionary() ->
    undefined = put(k, 1),
    1 = put(k, 2),
    2 = get(k),
    [put({X}, X) || X <- lists:seq(1, 100)],
    50 = get({50}),
    50 = erase({50}),
    undefined = get({50}),
    100 = length(get()),
    erlang:garbage_collect(),
    99 = get({99}),
    erase(),
    [] = get().

test_flags() ->
    false = process_flag(trap_exit, true),
    true = process_flag(trap_exit, false),
    normal = process_flag(priority, high),
    high = process_flag(priority, normal),
    {'EXIT', {badarg, _}} = (catch process_flag(id(nope), true)).

test_info() ->
    self() ! m,
    [{message_queue_len, 1}, {messages, [m]}, {trap_exit, false}, {priority, normal}] = process_info(self(), [message_queue_len, messages, trap_exit, priority]),
    {status, running} = process_info(self(), status),
    {registered_name, test_info_name} = begin register(test_info_name, self()), process_info(self(), registered_name) end,
    P = spawn(fun() -> ok end),
    M = monitor(process, P),
    receive {'DOWN', M, _, _, _} -> ok end,
    undefined = process_info(P, status).

test_many() ->
    Ms = [element(2, spawn_monitor(fun() -> exit(X) end)) || X <- lists:seq(1, 300)],
    45150 = lists:sum([receive {'DOWN', M, _, _, X} -> X end || M <- Ms]).

test_hibernate() ->
    {P, M} = spawn_monitor(fun() -> erlang:hibernate(?MODULE, loop, []) end),
    P ! {stop, woken},
    woken = receive {'DOWN', M, process, P, R} -> R end.

test_group_leader() ->
    S = self(),
    P = spawn(fun() -> group_leader(S, self()), spawn(fun() -> S ! {leader, group_leader()} end), loop() end),
    S = receive {leader, G} -> G end,
    exit(P, kill).

test_suspend() ->
    {P, M} = spawn_monitor(fun loop/0),
    true = erlang:suspend_process(P),
    P ! {stop, x},
    none = receive {'DOWN', M, _, _, _} -> down after 10 -> none end,
    true = erlang:resume_process(P),
    x = receive {'DOWN', M, _, _, R} -> R end.

%% Whoever handles both signals between two of its own receives goes on.
test_suspend_and_resume_at_once() ->
    P = spawn_link(fun polls/0),
    [begin
         true = erlang:suspend_process(P, [asynchronous]),
         true = erlang:resume_process(P)
     end || _ <- lists:seq(1, 5000)],
    P ! {alive, self()},
    ok = receive alive -> ok after 5000 -> {status, suspended} = process_info(P, status) end,
    unlink(P),
    exit(P, kill).

polls() -> receive {alive, From} -> From ! alive after 0 -> polls() end.

test_spawn_opt() ->
    {P, M} = spawn_opt(fun() -> exit(process_info(self(), [priority, fullsweep_after])) end, [monitor, {priority, low}, {fullsweep_after, 3}]),
    [{priority, low}, _] = receive {'DOWN', M, process, P, R} -> R end,
    {'EXIT', {badarg, _}} = (catch spawn_opt(fun() -> ok end, [id(nope)])).

test_preempted() ->
    P = spawn(fun spin/0),
    late = receive x -> x after 5 -> late end,
    exit(P, kill).

test_max_heap() ->
    {P, M} = spawn_opt(fun() -> endless([]) end, [monitor, {max_heap_size, #{size => 20000, kill => true, error_logger => false}}]),
    killed = receive {'DOWN', M, process, P, R} -> R end.

endless(L) -> endless([L | L]).

spin() -> spin().

loop() -> receive {stop, X} -> exit(X); _ -> loop() end.

quit(X) -> exit(X).

down(F) ->
    {P, M} = spawn_monitor(F),
    receive {'DOWN', M, process, P, R} -> R end.

%% A built-in that waits for another process's answer, after one that goes on in Erlang code.
test_info_after_other_waits() ->
    P = spawn(fun() -> receive stop -> ok end end),
    Others = [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, 20)],
    [begin
         self() ! {noise, N},
         true = is_process_alive(P),
         {status, _} = process_info(P, status),
         true = erlang:garbage_collect(Q),
         [_ | _] = process_info(Q)
     end || {N, Q} <- lists:zip(lists:seq(1, 20), Others)],
    lists:foreach(fun(Q) -> Q ! stop end, [P | Others]).

%% Arguments that unfold to very many words and are few.
test_spawn_with_sharing() ->
    Shared = dag(18),
    Self = self(),
    Check = fun(T) -> Self ! {told, T =:= dag(18)} end,
    spawn_link(fun() -> Check(Shared) end),
    spawn_link(erlang, apply, [Check, [Shared]]),
    spawn_opt(erlang, apply, [Check, [Shared]], [link, {min_heap_size, 500}]),
    [receive {told, true} -> ok end || _ <- [1, 2, 3]].

dag(N) -> lists:foldl(fun(_, T) -> {T, T} end, [a], lists:seq(1, N)).

%% Who asks waits for nobody of a priority in between.
test_requests_across_priorities() ->
    Old = process_flag(priority, max),
    Busy = [spawn_opt(fun busy/0, [{priority, high}]) || _ <- lists:seq(1, 2 * erlang:system_info(schedulers_online))],
    Low = spawn_opt(fun busy/0, [{priority, low}]),
    Idle = spawn_opt(fun() -> receive stop -> ok end end, [{priority, low}]),
    receive after 50 -> ok end,  % not by code that would have to be loaded
    Lows = [Low, Idle],
    Asked = [begin
                 {priority, low} = process_info(P, priority),
                 true = garbage_collect(P),
                 false = erlang:check_process_code(P, no_such_module),
                 true = is_process_alive(P),
                 true = group_leader(group_leader(), P),
                 P
             end || P <- Lows, _ <- lists:seq(1, 20)],
    40 = length(Asked),
    %% One that ends while others keep it from running.
    M = monitor(process, Idle),
    exit(Idle, stopped),
    undefined = process_info(Idle, priority),
    stopped = receive {'DOWN', M, process, Idle, R} -> R end,
    [exit(P, kill) || P <- [Low | Busy]],
    process_flag(priority, Old),
    ok.

busy() -> busy().

test_messages_in_heap_size() ->
    Size = fun(Where) ->
               P = spawn_opt(fun() -> receive stop -> ok end end, [{message_queue_data, Where}]),
               {_, Before} = process_info(P, total_heap_size),
               [P ! lists:seq(1, N) || N <- lists:seq(1, 100)],
               {_, After} = process_info(P, total_heap_size),
               P ! stop,
               After - Before
           end,
    true = Size(on_heap) >= 10100,
    true = Size(off_heap) < 100,  % its own heap may change as it starts
    ok.

%% Of a sensitive process others see neither messages nor stack.
test_sensitive() ->
    P = spawn(fun() -> process_flag(sensitive, true), receive stop -> ok end end),
    P ! secret,
    erlang:yield(),
    until_sensitive(P),
    [{messages, []}, {backtrace, <<>>}] = process_info(P, [messages, backtrace]),
    P ! stop,
    ok.

until_sensitive(P) -> case process_info(P, backtrace) of {_, <<>>} -> ok; _ -> until_sensitive(P) end.

%% A limit is none, or has room for a heap at all.
test_smallest_limits() ->
    [{badarg, N} = {catch_badarg(fun() -> F(N) end), N} || N <- [1, 232], F <- [fun(X) -> process_flag(max_heap_size, X) end,
                                                                          fun(X) -> erlang:system_flag(max_heap_size, X) end,
                                                                          fun(X) -> spawn_opt(fun() -> ok end, [{max_heap_size, X}]) end]],
    {_, M} = spawn_opt(fun() -> #{size := 0} = process_flag(max_heap_size, 233), process_flag(max_heap_size, 0) end, [monitor]),
    receive {'DOWN', M, _, _, normal} -> ok end.

catch_badarg(F) -> try F() catch error:badarg -> badarg end.

%% Every yield/0 ends the slice at once, and what is left of it is not used up.
test_yield() ->
    Me = self(),
    Run = fun(F) ->
        P = spawn(fun() ->
            receive go -> ok end,
            {reductions, R1} = process_info(self(), reductions),
            F(),
            {reductions, R2} = process_info(self(), reductions),
            Me ! {used, R2 - R1}
        end),
        girder_wait:until(fun() -> process_info(P, status) =:= {status, waiting} end),
        1 = erlang:trace(P, true, [running, procs]),
        P ! go,
        Used = receive {used, N} -> N end,
        true = Used < 100,
        girder_wait:until(fun() -> not is_process_alive(P) end),
        Delivered = erlang:trace_delivered(P),
        receive {trace_delivered, P, Delivered} -> ok end,
        traced(P)
    end,
    [in, exit] = Run(fun() -> ok end),
    [in, out, in, exit] = Run(fun() -> true = erlang:yield() end),
    [in, out, in, exit] = Run(fun() -> {ok, true} = {ok, erlang:yield()} end),
    [in, out, in, exit] = Run(fun() -> true = apply(erlang, yield, []) end),
    [in, out, in, exit] = Run(fun() -> erlang:yield() end),
    [in, out, in, out, in, exit] = Run(fun() -> [erlang:yield(), erlang:yield()] end),
    ok.

%% Who gives up the slice is shown where it does.
test_yield_is_shown_in_its_caller() ->
    Me = self(),
    Tracer = spawn_link(fun() -> receive stop -> ok end end),
    1 = erlang:trace(Me, true, [running, {tracer, Tracer}]),
    true = erlang:yield(),
    1 = erlang:trace(Me, false, [running, {tracer, Tracer}]),
    timer:sleep(20),
    {messages, [{trace, Me, out, At}, {trace, Me, in, At} | _]} = process_info(Tracer, messages),
    {process_t, test_yield_is_shown_in_its_caller, 0} = At,
    Tracer ! stop,
    ok.

traced(P) ->
    receive
        {trace, P, What, _} -> [What | traced(P)]
    after 20 -> []
    end.

%% Until a heap has the size that process_info shows as the smallest, getting larger counts as no collection.
test_growth_is_no_collection() ->
    Me = self(),
    Pid = spawn_link(fun() -> Me ! {mine, process_info(self(), garbage_collection)}, receive stop -> ok end end),
    receive {mine, Gc} -> ok end,
    Gc = process_info(Pid, garbage_collection),
    Pid ! stop,
    ok.
