%% SPDX-License-Identifier: Apache-2.0
%%
%% Processes inside native code on a dirty scheduler, and on the way there: others learn about them, and end them, while that code runs.
%% run: alone
-module(dirty_t).
-export([test_asked_by_higher_priority/0, test_info/0, test_exit/0, test_memory_goes_when_it_returns/0, test_group_leader/0, test_suspend/0, test_suspend_before_a_built_in/0, test_messages/0,
         test_collection_waits/0, test_queued_ones_end/0, test_purge/0, test_memory_of_others/0, test_storm/0, test_exceptions/0]).
-import(girder_wait, [until/1, quick/1]).

%% A process that is inside native code for so long.
native(Ms) -> native(Ms, fun() -> ok end).
native(Ms, Then) ->
    Pid = spawn(fun() -> erts_debug:dirty_io(wait, Ms), Then() end),
    until(fun() -> process_info(Pid, current_function) =:= {current_function, {erts_debug, dirty_io, 2}} end),
    timer:sleep(10),
    Pid.

test_info() ->
    Pid = native(5000),
    quick(fun() ->
        [{status, running}, {links, []}, {message_queue_len, 0}, {dictionary, []}] =
            process_info(Pid, [status, links, message_queue_len, dictionary]),
        true = is_process_alive(Pid),
        true = register(dirty_t_name, Pid),
        Pid = whereis(dirty_t_name),
        {registered_name, dirty_t_name} = process_info(Pid, registered_name)
    end),
    quick(fun() -> die(Pid, kill, killed) end),
    undefined = whereis(dirty_t_name),
    ok.

die(Pid, Reason, Told) ->
    Ref = monitor(process, Pid),
    exit(Pid, Reason),
    receive {'DOWN', Ref, process, Pid, Told} -> ok end,
    undefined = process_info(Pid),
    false = is_process_alive(Pid),
    false = lists:member(Pid, processes()).

test_exit() ->
    process_flag(trap_exit, true),
    Linked = native(5000),
    link(Linked),
    quick(fun() -> die(Linked, {some, reason}, {some, reason}) end),
    receive {'EXIT', Linked, {some, reason}} -> ok end,
    process_flag(trap_exit, false),
    ok.

test_memory_goes_when_it_returns() ->
    Bin = list_to_binary(lists:duplicate(4711, $r)),
    Me = self(),
    Pid = spawn(fun() -> erts_debug:dirty_cpu(alive_waitexiting, Me), blipp:blupp(Bin) end),
    receive {alive, Pid} -> ok end,
    2 = references(4711),
    quick(fun() -> die(Pid, bye, bye) end),
    2 = references(4711),
    until(fun() -> references(4711) =:= 1 end),
    4711 = byte_size(Bin),
    ok.

references(Size) ->
    {binary, L} = process_info(self(), binary),
    {_, Size, N} = lists:keyfind(Size, 2, L),
    N.

test_group_leader() ->
    Me = self(),
    Pid = native(1500, fun() -> Me ! {leader, group_leader()} end),
    Other = binary_to_term(<<131, 88, 119, 5, "a@b.c", 7:32, 0:32, 1:32>>),
    quick(fun() ->
        true = group_leader(Other, Pid),
        {group_leader, Other} = process_info(Pid, group_leader),
        true = group_leader(Me, Pid),
        true = group_leader(Other, Pid)
    end),
    receive {leader, L} -> L = Other end,
    ok.

test_asked_by_higher_priority() ->
    P = native(5000),
    process_flag(priority, max),  % before the first one runs: they leave nothing to who is normal
    Hogs = [spawn_opt(fun Hog() -> Hog() end, [{priority, high}, link]) || _ <- lists:seq(1, 2 * erlang:system_info(schedulers_online))],
    Leader = group_leader(),
    quick(fun() -> [begin
         true = group_leader(whereis(init), P),
         {group_leader, _} = process_info(P, group_leader),
         true = group_leader(Leader, P)
     end || _ <- lists:seq(1, 20)] end),
    {current_function, _} = process_info(P, current_function),
    [begin unlink(Hog), exit(Hog, kill) end || Hog <- Hogs],
    process_flag(priority, normal),
    exit(P, kill),
    ok.

test_suspend() ->
    Me = self(),
    Pid = native(500, fun() -> Me ! back end),
    true = erlang:suspend_process(Pid, [asynchronous]),
    {status, running} = process_info(Pid, status),
    until(fun() -> process_info(Pid, status) =:= {status, suspended} end),
    receive back -> error(not_suspended) after 100 -> ok end,
    true = erlang:resume_process(Pid),
    receive back -> ok end.

%% What follows the native code is no call that could give up the slice.
test_suspend_before_a_built_in() ->
    {Pid, Ref} = spawn_monitor(fun() -> exit({back, erts_debug:dirty_io(wait, 300)}) end),
    until(fun() -> process_info(Pid, current_function) =:= {current_function, {erts_debug, dirty_io, 2}} end),
    {Other, OtherRef} = spawn_monitor(fun() -> erlang:suspend_process(Pid, [asynchronous]) end),
    true = erlang:suspend_process(Pid, [asynchronous]),
    receive {'DOWN', OtherRef, process, Other, normal} -> ok end,
    until(fun() -> process_info(Pid, status) =:= {status, suspended} end),
    true = erlang:resume_process(Pid),
    receive {'DOWN', Ref, process, Pid, {back, ok}} -> ok end.

test_messages() ->
    Me = self(),
    Pid = native(700, fun() -> Me ! [receive {n, I, _} -> I end || I <- lists:seq(1, 100)] end),
    [Pid ! {n, I, lists:seq(1, I)} || I <- lists:seq(1, 100)],
    {message_queue_len, 100} = process_info(Pid, message_queue_len),
    {messages, [{n, 1, [1]} | _]} = process_info(Pid, messages),
    Seq = lists:seq(1, 100),
    receive Seq -> ok end.

test_collection_waits() ->
    Me = self(),
    Pid = native(700, fun() -> Me ! back, receive stop -> ok end end),
    quick(fun() -> true = garbage_collect(Pid) end),
    receive back -> ok after 0 -> receive back -> ok after 1000 -> error(no) end end,
    Pid ! stop,
    ok.

%% More than there are threads.
test_queued_ones_end() ->
    N = 3 * erlang:system_info(dirty_io_schedulers),
    Pids = [spawn_monitor(fun() -> erts_debug:dirty_io(wait, 300) end) || _ <- lists:seq(1, N)],
    timer:sleep(50),
    [exit(P, kill) || {P, _} <- Pids],
    [receive {'DOWN', R, process, P, Reason} -> killed = Reason end || {P, R} <- Pids],
    ok.

test_purge() ->
    Forms = [{attribute, 1, module, dirty_t_code}, {attribute, 1, export, [{f, 1}]},
             {function, 1, f, 1, [{clause, 1, [{var, 1, 'F'}], [], [{call, 1, {var, 1, 'F'}, []}, {atom, 1, ok}]}]}],
    {ok, M, Code} = compile:forms(Forms),
    {module, M} = erlang:load_module(M, Code),
    {Pid, Ref} = spawn_monitor(fun() -> M:f(fun() -> erts_debug:dirty_io(wait, 5000) end) end),
    until(fun() -> process_info(Pid, current_function) =:= {current_function, {erts_debug, dirty_io, 2}} end),
    true = erlang:delete_module(M),
    quick(fun() ->
        true = erlang:check_process_code(Pid, M),
        true = code:purge(M),
        receive {'DOWN', Ref, process, Pid, killed} -> ok end
    end),
    ok.

%% What others free meanwhile is freed, however long it lasts.
test_memory_of_others() ->
    Churn = fun() -> [begin {P, M} = spawn_monitor(fun() -> ok end), receive {'DOWN', M, _, P, _} -> ok end end || _ <- lists:seq(1, girder_size:scaled(60000))], ok end,
    [Churn() || _ <- "12"],
    Before = girder_memory:resident_kb(),
    Pids = [native(20000), native(20000)],
    [Churn() || _ <- "12"],
    true = girder_memory:resident_kb() - Before < 40000,
    [exit(P, kill) || P <- Pids],
    ok.

%% Calls that begin and end all the time while signals come in.
test_storm() ->
    N = girder_size:scaled(200),
    Me = self(),
    Pids = [spawn_link(fun() -> storm(Me, girder_size:scaled(50)) end) || _ <- lists:seq(1, 8)],
    [begin
         P ! {n, I},
         _ = process_info(P, [links, messages, memory, current_stacktrace]),
         true = is_process_alive(P),
         I rem 16 =:= 0 andalso garbage_collect(P)
     end || I <- lists:seq(1, N), P <- Pids],
    [P ! stop || P <- Pids],
    Last = [receive {P, L} -> L end || P <- Pids],
    Seq = lists:seq(1, N),
    [Seq = L || L <- Last],
    Doomed = [spawn_monitor(fun() -> storm(Me, 1000000) end) || _ <- lists:seq(1, 16)],
    [begin timer:sleep(1), exit(P, {bye, P}) end || {P, _} <- Doomed],
    [receive {'DOWN', R, process, P, {bye, P}} -> ok end || {P, R} <- Doomed],
    ok.

storm(Me, 0) -> Me ! {self(), taken()};
storm(Me, N) ->
    1000 = length(erts_debug:dirty_cpu(copy, {N, make_ref()})),
    ok = erts_debug:dirty_io(wait, 0),
    storm(Me, N - 1).

taken() -> receive {n, I} -> [I | taken()]; stop -> [] end.

test_exceptions() ->
    [begin
         {badarith, [{erts_debug, F, Args, _} | _]} = try apply(erts_debug, F, Args) catch error:R:S -> {R, S} end
     end || {F, Args} <- [{dirty_cpu, [error, badarith]}, {dirty_io, [error, badarith]}, {dirty, [normal, error, badarith]},
                          {dirty, [dirty_cpu, error, badarith]}, {dirty, [dirty_io, error, badarith]}]],
    try erts_debug:dirty_cpu(reschedule, 1001)
    catch error:badarg:St -> [{erts_debug, dirty_cpu, [reschedule, 1001], _} | _] = St, ok
    end.
