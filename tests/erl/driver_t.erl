%% SPDX-License-Identifier: Apache-2.0
%% Linked-in drivers: a library built for the test (support/driver_t.c), its ports, erl_ddll's counting, and the symbols that libraries expect.
-module(driver_t).
-export([test_ports/0, test_loading/0, test_reload/0, test_errors/0, test_kill/0, test_plain/0, test_slow_flush/0, test_late/0,
         test_at_work/0, test_at_work_limits/0, test_at_work_closed/0, test_order_under_contention/0, test_shared_lock/0]).

%% Without a compiler or the header there is nothing to test.
with_driver(Test) -> with_driver("driver_t", "", Test).

with_driver(Name, Option, Test) ->
    Include = filename:join([code:root_dir(), "usr", "include"]),
    case os:find_executable("cc") =/= false andalso filelib:is_file(filename:join(Include, "erl_driver.h")) of
        true ->
            Dir = filename:join(os:getenv("TMPDIR", "/tmp"), "girder_driver_t_" ++ os:getpid() ++ "_" ++ integer_to_list(erlang:unique_integer([positive]))),
            ok = file:make_dir(Dir),
            Source = filename:join([filename:dirname(proplists:get_value(source, module_info(compile))), "support", "driver_t.c"]),
            "" = os:cmd(lists:concat(["cc -w -shared -fPIC -I'", Include, "' -o '", Dir, "/", Name, ".so' '", Source, "' ", Option])),
            try Test(Dir) after os:cmd("rm -rf '" ++ Dir ++ "'") end;
        false -> ok
    end.

next() -> receive M -> M after 5000 -> timeout end.
nothing() -> receive M -> M after 50 -> nothing end.

open() -> open_port({spawn, "driver_t some words"}, [binary]).
close(P) -> true = port_close(P), nothing = nothing().

test_ports() -> with_driver(fun ports/1).

ports(Dir) ->
    ok = erl_ddll:load_driver(Dir, driver_t),
    true = lists:member(driver_t, erlang:system_info(taints)),
    {'EXIT', {badarg, _}} = (catch open_port({spawn_driver, "driver_t refuse"}, [])),
    P = open(),
    {name, "driver_t some words"} = erlang:port_info(P, name),
    P ! {self(), {command, "echo"}},
    {P, {data, <<"cho">>}} = next(),
    true = port_command(P, ["h", <<"ead">>]),
    {P, {data, [$H, $D | <<"ead">>]}} = next(),
    true = port_command(P, "vec"),
    {P, {data, [$V | <<"ec">>]}} = next(),
    true = port_command(P, ""),
    {P, what, 0} = next(),
    terms(P),
    later(P),
    queue(P),
    answers(P),
    given(),
    ends(),
    L = open_port({spawn_driver, "driver_t"}, [{line, 3}]),
    true = port_command(L, "eab\ncdefg\n"),
    [{L, {data, {eol, "ab"}}}, {L, {data, {noeol, "cde"}}}, {L, {data, {eol, "fg"}}}] = [next(), next(), next()],
    close(L),
    ok = erl_ddll:unload_driver(driver_t).

terms(P) ->
    true = port_command(P, "t"),
    Me = self(),
    B = binary:copy(<<"b">>, 70),
    {P, Me, [], 'an atom', -1, 18446744073709551615, -9007199254740993, 18446744073709551615, 1.5, B, <<"buf">>, "text", "cons", {1, []}, #{k := 1}, [1, 2]} = next(),
    nothing = nothing().

later(P) ->
    true = port_command(P, "T"),
    {P, timeout, 0} = next(),
    true = port_command(P, "a"),
    {P, async, 42} = next(),
    true = port_command(P, "i"),
    {P, {data, <<"piped">>}} = next(),
    true = port_command(P, "j"),
    {P, read, 5} = next(),
    nothing = nothing(),
    true = port_command(P, [$c, 100]),
    {P, consume, 1} = next(),
    true = port_command(P, [$c, 0]),
    {P, consume, 0} = next(),
    true = port_command(P, [$c, 101]),
    {P, consume, 1} = next(),
    true = port_command(P, "b"),
    %% Waits until the driver is free.
    true = port_command(P, "eagain"),
    {P, timeout, 0} = next(),
    {P, {data, <<"again">>}} = next(),
    {Pid, Ref} = spawn_monitor(fun() -> port_command(P, "m"), receive stop -> ok end end),
    {P, monitor, 0} = next(),
    {monitors, [{process, Pid}]} = erlang:port_info(P, monitors),
    Pid ! stop,
    [{P, exit, 0}, {'DOWN', Ref, process, Pid, normal}] = lists:sort(fun(A, _) -> element(1, A) =:= P end, [next(), next()]).

queue(P) ->
    true = port_command(P, "qhello"),
    true = port_command(P, ["p", "say "]),
    {queue_size, 9} = erlang:port_info(P, queue_size),
    true = port_command(P, "f"),
    {P, {data, [<<"say ">> | <<"hello">>]}} = next(),
    true = port_command(P, ["d", 5]),
    true = port_command(P, "f"),
    {P, {data, <<"ello">>}} = next(),
    Q = open(),
    true = port_command(Q, "qleft behind"),
    close(Q).

answers(P) ->
    <<"abc">> = port_control(P, 2, "abc"),
    Long = binary:copy(<<"x">>, 1000),
    Long = port_control(P, 2, Long),
    [] = port_control(P, 3, "none"),
    {'EXIT', {badarg, _}} = (catch port_control(P, 9, "")),
    Term = {1, [a, 2.0], #{m => <<"b">>}, self()},
    Term = erlang:port_call(P, 1, Term),
    {'EXIT', {badarg, _}} = (catch erlang:port_call(P, 9, Term)),
    Large = lists:seq(1, 5000),
    Large = erlang:port_call(P, Large),
    "list" = port_control(P, 1, "list"),
    close(P).

%% A descriptor that goes from one port to another.
given() ->
    A = open(),
    B = open(),
    true = port_command(A, "i"),
    {A, {data, <<"piped">>}} = next(),
    true = port_command(A, "J"),
    {A, reads, R} = next(),
    {A, writes, W} = next(),
    true = port_command(B, [$K, R, W]),
    close(A),
    true = port_command(B, "W"),
    {B, {data, <<"given">>}} = next(),
    close(B).

ends() ->
    process_flag(trap_exit, true),
    [begin
         P = open(),
         M = monitor(port, P),
         true = port_command(P, C),
         [{'EXIT', P, R}, {'DOWN', M, port, P, R}] = lists:sort([next(), next()])
     end || {C, R} <- [{"x", gone}, {"X", eacces}, {"z", normal}, {"1", normal}, {"2", 2}]],
    %% driver_exit unlinks first.
    Z = open(),
    MZ = monitor(port, Z),
    true = port_command(Z, "0"),
    {'DOWN', MZ, port, Z, normal} = next(),
    nothing = nothing(),
    E = open_port({spawn_driver, "driver_t"}, [eof]),
    true = port_command(E, "z"),
    {E, eof} = next(),
    true = port_close(E),
    {'EXIT', E, normal} = next(),
    process_flag(trap_exit, false),
    nothing = nothing().

test_loading() -> with_driver(fun loading/1).

loading(Dir) ->
    {error, not_loaded} = erl_ddll:try_unload(driver_t, []),
    {ok, loaded} = erl_ddll:try_load(Dir, driver_t, []),
    {ok, already_loaded} = erl_ddll:try_load(Dir, "driver_t", []),
    {error, inconsistent} = erl_ddll:try_load(Dir ++ "/.", driver_t, []),
    {ok, Names} = erl_ddll:loaded_drivers(),
    ["driver_t"] = [N || N <- Names, N =:= "driver_t"],
    Me = self(),
    [{processes, [{Me, 2}]}, {driver_options, []}, {port_count, 0}, {linked_in_driver, false}, {permanent, false}, {awaiting_load, []},
     {awaiting_unload, []}] = erl_ddll:info(driver_t),
    P = open(),
    1 = erl_ddll:info(driver_t, port_count),
    {ok, pending_process} = erl_ddll:try_unload(driver_t, []),
    {ok, pending_driver, R} = erl_ddll:try_unload(driver_t, [{monitor, pending_driver}]),
    [{Me, 1}] = erl_ddll:info(driver_t, awaiting_unload),
    %% Taken back.
    {ok, already_loaded} = erl_ddll:try_load(Dir, driver_t, []),
    {'UP', R, driver, driver_t, unload_cancelled} = next(),
    {ok, pending_driver, S} = erl_ddll:try_unload(driver_t, [{monitor, pending}]),
    O = erl_ddll:monitor(driver, {driver_t, unloaded_only}),
    close_only(P),
    [{'DOWN', A, driver, driver_t, unloaded}, {'DOWN', B, driver, driver_t, unloaded}] = [next(), next()],
    true = lists:sort([A, B]) =:= lists:sort([S, O]),
    {error, not_loaded} = erl_ddll:try_unload(driver_t, []),
    %% The end of a process counts as unloading.
    {Pid, M} = spawn_monitor(fun() -> {ok, loaded} = erl_ddll:try_load(Dir, driver_t, []) end),
    {'DOWN', M, process, Pid, normal} = next(),
    {error, not_loaded} = erl_ddll:try_unload(driver_t, []),
    nothing = nothing().

close_only(P) -> true = port_close(P).

test_reload() -> with_driver(fun reload/1).

reload(Dir) ->
    {error, not_loaded} = erl_ddll:try_load(Dir, driver_t, [{reload, pending_driver}]),
    {ok, loaded} = erl_ddll:try_load(Dir, driver_t, []),
    {ok, pending_driver, N} = erl_ddll:try_load(Dir, driver_t, [{reload, pending_driver}, {monitor, pending}]),
    {'UP', N, driver, driver_t, loaded} = next(),
    P = open(),
    {ok, pending_driver, R} = erl_ddll:try_load(Dir, driver_t, [{reload, pending_driver}, {monitor, pending_driver}]),
    {error, pending_reload} = erl_ddll:try_load(Dir, driver_t, [{reload, pending_driver}]),
    close_only(open()),
    close_only(P),
    {'UP', R, driver, driver_t, loaded} = next(),
    close(open()),
    Self = self(),
    Other = spawn_link(fun() ->
        {error, not_loaded_by_this_process} = erl_ddll:try_load(Dir, driver_t, [{reload, pending}]),
        {ok, already_loaded} = erl_ddll:try_load(Dir, driver_t, []),
        Self ! loaded,
        receive stop -> ok end
    end),
    loaded = next(),
    {error, pending_process} = erl_ddll:try_load(Dir, driver_t, [{reload, pending_driver}]),
    Other ! stop,
    ok = erl_ddll:unload(driver_t).

test_kill() -> with_driver(fun kill/1).

kill(Dir) ->
    process_flag(trap_exit, true),
    ok = erl_ddll:load_driver(Dir, driver_t),
    [kill_ports] = erl_ddll:info(driver_t, driver_options),
    Ps = [open() || _ <- lists:seq(1, 10)],
    ok = erl_ddll:unload_driver(driver_t),
    [receive {'EXIT', P, driver_unloaded} -> ok after 5000 -> exit(still_open) end || P <- Ps],
    {error, not_loaded} = erl_ddll:try_unload(driver_t, []),
    process_flag(trap_exit, false).

test_errors() -> with_driver(fun errors/1).

errors(Dir) ->
    {error, E} = erl_ddll:load_driver(Dir, no_such),
    "cannot open shared object file: No such file or directory" = erl_ddll:format_error(E),
    ok = file:rename(filename:join(Dir, "driver_t.so"), filename:join(Dir, "other.so")),
    {error, bad_driver_name} = erl_ddll:try_load(Dir, other, []),
    ok = file:write_file(filename:join(Dir, "garbage.so"), <<"no library">>),
    {error, G} = erl_ddll:load_driver(Dir, garbage),
    true = is_list(erl_ddll:format_error(G)),
    {error, linked_in_driver} = erl_ddll:try_load(Dir, tcp_inet, [{reload, pending}]),
    {error, linked_in_driver} = erl_ddll:try_unload(tcp_inet, []),
    linked_in_driver = erl_ddll:info(tcp_inet, processes),
    R = erl_ddll:monitor(driver, {no_such, loaded}),
    {'DOWN', R, driver, no_such, unloaded} = next(),
    Q = erl_ddll:monitor(driver, {tcp_inet, unloaded}),
    {'UP', Q, driver, tcp_inet, permanent} = next(),
    true = erl_ddll:demonitor(Q),
    [{'EXIT', {badarg, _}} = (catch apply(erl_ddll, F, A))
     || {F, A} <- [{try_load, [Dir, x, [foo]]}, {try_load, [1, x, []]}, {try_unload, [1, []]}, {info, [no_such, processes]}, {info, [tcp_inet, x]},
                   {monitor, [driver, {tcp_inet, x}]}, {demonitor, [x]}, {format_error, [nonsense]}]].

%% A driver needs neither start nor stop.
test_plain() ->
    with_driver("driver_plain", "-DPLAIN", fun(Dir) ->
        ok = erl_ddll:load_driver(Dir, driver_plain),
        P = open_port({spawn_driver, driver_plain}, []),
        "c" = port_control(P, 1, "abc"),
        close(P),
        ok = erl_ddll:unload_driver(driver_plain)
    end).

%% A closed port whose driver still flushes gets its time-out, and is gone when its queue is empty.
test_slow_flush() ->
    with_driver("driver_slow", "-DSLOW", fun(Dir) ->
        ok = erl_ddll:load_driver(Dir, driver_slow),
        Ps = [open_port({spawn_driver, driver_slow}, []) || _ <- lists:seq(1, 10)],
        [true = port_command(P, "abc") || P <- Ps],
        [true = port_close(P) || P <- Ps],
        ok = no_ports(driver_slow, 100),
        %% A killed one does not flush.
        process_flag(trap_exit, true),
        K = open_port({spawn_driver, driver_slow}, []),
        true = port_command(K, "abc"),
        exit(K, kill),
        receive {'EXIT', K, killed} -> ok end,
        0 = erl_ddll:info(driver_slow, port_count),
        ok = erl_ddll:unload_driver(driver_slow)
    end).

no_ports(Driver, N) when N > 0 ->
    case erl_ddll:info(Driver, port_count) of
        0 -> ok;
        _ -> timer:sleep(20), no_ports(Driver, N - 1)
    end.

%% A driver that says itself when its port is open.
test_late() ->
    with_driver("driver_late", "-DLATE", fun(Dir) ->
        ok = erl_ddll:load_driver(Dir, driver_late),
        Open = fun(How) -> try open_port({spawn_driver, "driver_late " ++ How}, []) catch error:R -> R end end,
        [einval, badarg, eacces] = [Open(How) || How <- ["g", "b", "e"]],
        process_flag(trap_exit, true),
        F = Open("f"),
        {'EXIT', F, failed} = next(),
        Before = erlang:monotonic_time(millisecond),
        P = Open("o"),
        true = is_port(P) andalso erlang:monotonic_time(millisecond) - Before >= 20,
        {links, Links} = process_info(self(), links),
        true = lists:member(P, Links),
        limits(P),
        close_late(P),
        Q = open_port({spawn_driver, "driver_late o"}, [{busy_limits_msgq, {10, 20}}]),
        {10, 20} = limits(Q, 0, 0),
        close_late(Q),
        D = open_port({spawn_driver, "driver_late o"}, [{busy_limits_msgq, disabled}]),
        None = (1 bsl 64) - 1,
        {None, None} = limits(D, 0, 0),
        {None, None} = limits(D, 5, 6),
        close_late(D),
        process_flag(trap_exit, false),
        nothing = nothing(),
        ok = erl_ddll:unload_driver(driver_late)
    end).

close_late(P) -> true = port_close(P), {'EXIT', P, normal} = next().

limits(P, Low, High) ->
    <<L:64/native, H:64/native>> = list_to_binary(port_control(P, 0, <<Low:64/native, High:64/native>>)),
    {L, H}.

limits(P) ->
    {4096, 8192} = limits(P, 0, 0),
    {100, 8192} = limits(P, 100, 0),
    {100, 200} = limits(P, 0, 200),
    {50, 50} = limits(P, 0, 50),
    {300, 300} = limits(P, 300, 0),
    {7, 8} = limits(P, 7, 8),
    {8, 8} = limits(P, 9, 8),
    {8, 8} = limits(P, 0, 0),
    None = (1 bsl 64) - 1,
    {0, None} = limits(P, 0, None),
    {None, None} = limits(P, 1, 2).

%% While the driver is at work for one process, the others go on; what they asked is done in their order.
test_at_work() -> with_driver("driver_work", "-DWORK", fun(Dir) -> at_work(Dir, driver_work) end).

%% A process is inside the driver, until the fun that this answers is called.
occupy(Dir, P) ->
    Path = filename:join(Dir, "go" ++ integer_to_list(erlang:unique_integer([positive]))),
    %% What waits behind it on its scheduler has to wait on stock.
    Apart = case erlang:system_info(schedulers_online) of
        1 -> [];
        N -> process_flag(scheduler, 1), [{scheduler, N}]
    end,
    {Pid, M} = spawn_opt(fun() -> "k" = port_control(P, $w, Path) end, [monitor | Apart]),
    wait_for(fun() -> element(1, prim_file:read_file_info(Path ++ ".in")) =:= ok end),
    fun() ->
        ok = prim_file:write_file(Path, ""),
        receive {'DOWN', M, process, Pid, normal} -> ok after 10000 -> exit(still_inside) end,
        process_flag(scheduler, 0)
    end.

wait_for(F) -> case F() of true -> ok; false -> timer:sleep(2), wait_for(F) end.
waits(Pid) -> wait_for(fun() -> lists:member(process_info(Pid, status), [{status, waiting}, undefined]) end).

%% Options of processes that must not come onto the scheduler that is inside the driver.
apart() -> [{scheduler, 1} || erlang:system_info(schedulers_online) > 1].

%% A process that sends what the fun answers.
asks(F) ->
    Self = self(),
    Pid = spawn_opt(fun() -> Self ! {self(), try F() catch error:R -> {error, R} end} end, apart()),
    waits(Pid),
    Pid.
answer(Pid) -> receive {Pid, A} -> A after 10000 -> exit(no_answer) end.

at_work(Dir, Driver) ->
    ok = erl_ddll:load_driver(Dir, Driver),
    P = open_port({spawn_driver, Driver}, [{busy_limits_msgq, disabled}]),
    Self = self(),
    Go = occupy(Dir, P),
    [P ! {Self, {command, <<I:32>>}} || I <- lists:seq(1, 50)],
    Command = asks(fun() -> port_command(P, <<51:32>>) end),
    Control = asks(fun() -> port_control(P, $x, "") end),
    Info = asks(fun() -> erlang:port_info(P, connected) end),
    All = asks(fun() -> erlang:port_info(P) end),
    Bad = asks(fun() -> erlang:port_info(P, nonsense) end),
    Connect = asks(fun() -> port_connect(P, Self) end),
    M = monitor(port, P),
    true = unlink(P),
    true = link(P),
    true = erlang:port_set_data(P, {some, data}),
    {some, data} = erlang:port_get_data(P),
    nothing = nothing(),
    Go(),
    [{P, got, I} = next() || I <- lists:seq(1, 51)],
    [true, "k", {connected, Self}, true, {error, badarg}] = [answer(Pid) || Pid <- [Command, Control, Info, Connect, Bad]],
    {connected, Self} = lists:keyfind(connected, 1, answer(All)),
    true = demonitor(M),
    {monitored_by, []} = erlang:port_info(P, monitored_by),
    {links, [Self]} = erlang:port_info(P, links),
    close(P),
    ok = erl_ddll:unload_driver(Driver).

%% More than the limit: who sends on is suspended, or told so.
test_at_work_limits() -> with_driver("driver_work", "-DWORK", fun limits_at_work/1).

limits_at_work(Dir) ->
    ok = erl_ddll:load_driver(Dir, driver_work),
    P = open_port({spawn_driver, driver_work}, [{busy_limits_msgq, {10, 20}}]),
    Self = self(),
    Go = occupy(Dir, P),
    false = lists:member(nosuspend, [erlang:send(P, {Self, {command, <<I:32>>}}, [nosuspend]) || I <- lists:seq(1, 6)]),
    nosuspend = erlang:send(P, {Self, {command, <<0:32>>}}, [nosuspend]),
    false = port_command(P, <<0:32>>, [nosuspend]),
    {Sender, M} = spawn_opt(fun() -> [P ! {Self, {command, <<I:32>>}} || I <- lists:seq(7, 30)] end, [monitor | apart()]),
    wait_for(fun() -> process_info(Sender, status) =:= {status, suspended} end),
    Force = asks(fun() -> port_command(P, <<31:32>>, [force]) end),
    nothing = nothing(),
    Go(),
    Got = [receive {P, got, I} -> I after 5000 -> timeout end || _ <- lists:seq(1, 31)],
    true = answer(Force),
    true = lists:seq(1, 30) =:= lists:delete(31, Got),
    {'DOWN', M, process, Sender, normal} = next(),
    true = port_command(P, <<0:32>>, [nosuspend]),
    {P, got, 0} = next(),
    close(P),
    ok = erl_ddll:unload_driver(driver_work).

%% What comes behind a request to close comes too late.
test_at_work_closed() -> with_driver("driver_work", "-DWORK", fun closed_at_work/1).

closed_at_work(Dir) ->
    process_flag(trap_exit, true),
    ok = erl_ddll:load_driver(Dir, driver_work),
    P = open_port({spawn_driver, driver_work}, []),
    Self = self(),
    Go = occupy(Dir, P),
    P ! {Self, {command, <<1:32>>}},
    P ! {Self, close},
    P ! {Self, {command, <<2:32>>}},
    M = monitor(port, P),
    Asking = [asks(F) || F <- [fun() -> port_command(P, "x") end, fun() -> port_control(P, 1, "x") end, fun() -> port_close(P) end,
                               fun() -> port_connect(P, Self) end]],
    Info = asks(fun() -> erlang:port_info(P) end),
    Linker = asks(fun() -> process_flag(trap_exit, true), link(P), receive X -> X end end),
    nothing = nothing(),
    Go(),
    {P, got, 1} = next(),
    {'EXIT', P, normal} = receive {'EXIT', P, _} = E -> E after 5000 -> timeout end,
    {P, closed} = receive {P, closed} = C -> C after 5000 -> timeout end,
    {'DOWN', M, port, P, noproc} = receive {'DOWN', M, _, _, _} = D -> D after 5000 -> timeout end,
    [{error, badarg} = answer(Pid) || Pid <- Asking],
    undefined = answer(Info),
    {'EXIT', P, noproc} = answer(Linker),
    process_flag(trap_exit, false),
    nothing = nothing(),
    ok = erl_ddll:unload_driver(driver_work).

%% Many senders, by message and by call, while the port is busy now and then: nothing is lost, and each sender is heard in its order.
test_order_under_contention() ->
    with_driver("driver_work", "-DWORK", fun(Dir) -> under_contention(Dir, driver_work, 1) end).

under_contention(Dir, Driver, PortCount) ->
    ok = erl_ddll:load_driver(Dir, Driver),
    Senders = 8,
    Each = 300,
    Ports = [open_port({spawn_driver, Driver}, [{busy_limits_msgq, {100, 200}}]) || _ <- lists:seq(1, PortCount)],
    Self = self(),
    Ms = [spawn_monitor(fun() -> [send_one(Self, P, S, I) || I <- lists:seq(1, Each)] end) || P <- Ports, S <- lists:seq(1, Senders)],
    {_, Busy} = spawn_monitor(fun() -> [begin "k" = port_control(P, $b, ""), timer:sleep(8) end || _ <- lists:seq(1, 20), P <- Ports] end),
    Got = [receive {P, got, N} -> {P, N div 1000, N rem 1000} after 20000 -> exit({lost, process_info(self(), message_queue_len)}) end
           || _ <- Ports, _ <- lists:seq(1, Senders * Each)],
    [true = [I || {P1, S1, I} <- Got, P1 =:= P, S1 =:= S] =:= lists:seq(1, Each) || P <- Ports, S <- lists:seq(1, Senders)],
    [receive {'DOWN', M, process, Pid, normal} -> ok end || {Pid, M} <- Ms],
    receive {'DOWN', Busy, process, _, normal} -> ok end,
    [close(P) || P <- Ports],
    ok = erl_ddll:unload_driver(Driver).

send_one(Owner, P, S, I) when I rem 3 =:= 0 -> P ! {Owner, {command, <<(S * 1000 + I):32>>}};
send_one(_, P, S, I) when I rem 7 =:= 0 -> [true = is_list(erlang:port_info(P)), true = port_command(P, <<(S * 1000 + I):32>>)];
send_one(_, P, S, I) -> true = port_command(P, <<(S * 1000 + I):32>>).

%% Ports of a driver without port locking wait for each other.
test_shared_lock() ->
    with_driver("driver_shared", "-DSHARED", fun(Dir) ->
        at_work(Dir, driver_shared),
        ok = erl_ddll:load_driver(Dir, driver_shared),
        [P, Q] = [open_port({spawn_driver, driver_shared}, []) || _ <- [1, 2]],
        Go = occupy(Dir, P),
        Q ! {self(), {command, <<1:32>>}},
        Q ! {self(), {command, <<2:32>>}},
        Control = asks(fun() -> port_control(Q, $x, "") end),
        Force = asks(fun() -> port_command(Q, "x", [force]) end),
        nothing = nothing(),
        Go(),
        {error, notsup} = answer(Force),
        [{Q, got, 1}, {Q, got, 2}] = [next(), next()],
        "k" = answer(Control),
        [close(X) || X <- [P, Q]],
        under_contention(Dir, driver_shared, 3),
        ok = erl_ddll:unload_driver(driver_shared)
    end).
