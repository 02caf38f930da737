%% SPDX-License-Identifier: Apache-2.0
%% Linked-in drivers: a library built for the test (support/driver_t.c), its ports, erl_ddll's counting, and the symbols that libraries expect.
-module(driver_t).
-export([test_ports/0, test_loading/0, test_reload/0, test_errors/0, test_kill/0, test_plain/0, test_slow_flush/0, test_late/0]).

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
