%% SPDX-License-Identifier: Apache-2.0
%% Full tables of processes and ports: system_limit in whoever wants one more, and the machine goes on. Settings of the C library's heap.
%% run: flags +P 1024 +Q 1024 +MYtt 512 +MYtp8
-module(limits_t).
-export([test_library_heap/0, test_processes/0, test_ports/0, log/2]).

log(#{msg := Msg, level := Level}, #{config := Pid}) -> Pid ! {log, Level, Msg}.

test_processes() ->
    1024 = erlang:system_info(process_limit),
    ok = logger:add_handler(?MODULE, ?MODULE, #{config => self()}),
    Idle = fun() -> receive never -> ok end end,
    Ps = fill(Idle, []),
    1024 = erlang:system_info(process_count),
    receive {log, error, {"~s~n", ["Too many processes\n"]}} -> ok after 5000 -> exit(no_report) end,
    {'EXIT', {system_limit, [{erlang, spawn, [erlang, apply, [Idle, []]], _} | _]}} = (catch spawn(Idle)),
    {'EXIT', {system_limit, [{erlang, spawn, [lists, seq, [1, 2]], _} | _]}} = (catch spawn(lists, seq, [1, 2])),
    {'EXIT', {system_limit, [{erlang, spawn_link, _, _} | _]}} = (catch spawn_link(Idle)),
    {'EXIT', {system_limit, [{erlang, spawn_opt, _, _} | _]}} = (catch spawn_monitor(Idle)),
    {'EXIT', {system_limit, [{erlang, spawn_opt, [Idle, [link]], _} | _]}} = (catch spawn_opt(Idle, [link])),
    R = spawn_request(Idle),
    receive {spawn_reply, R, error, system_limit} -> ok end,
    {links, []} = process_info(self(), links),
    {monitors, []} = process_info(self(), monitors),
    [exit(P, kill) || P <- Ps],
    [begin M = monitor(process, P), receive {'DOWN', M, _, _, _} -> ok end end || P <- Ps],
    {P1, M1} = wait(fun() -> spawn_monitor(fun() -> exit(fine) end) end),
    receive {'DOWN', M1, process, P1, fine} -> ok end,
    %% Again: nothing was lost.
    More = fill(Idle, []),
    true = abs(length(More) - length(Ps)) =< 3,
    [exit(P, kill) || P <- More],
    ok = logger:remove_handler(?MODULE).

fill(F, Ps) ->
    try spawn(F) of
        P -> fill(F, [P | Ps])
    catch error:system_limit -> Ps
    end.

%% The slot of a process is free a moment after its monitors fire.
wait(F) ->
    try F()
    catch error:system_limit -> receive after 10 -> wait(F) end
    end.

test_ports() ->
    1024 = erlang:system_info(port_limit),
    Ports = open([]),
    1024 = erlang:system_info(port_count),
    {'EXIT', {system_limit, [{erlang, open_port, [{spawn, "true"}, []], _} | _]}} = (catch open_port({spawn, "true"}, [])),
    {'EXIT', {system_limit, [{erlang, open_port, [{spawn_driver, "ram_file_drv"}, []], _} | _]}} = (catch open_port({spawn_driver, "ram_file_drv"}, [])),
    [true = port_close(P) || P <- Ports],
    P = open_port({spawn_driver, "ram_file_drv"}, []),
    true = port_close(P),
    ok.

%% Ports that cost no file descriptor.
open(Ports) ->
    try open_port({spawn_driver, "ram_file_drv"}, []) of
        P -> open([P | Ports])
    catch error:system_limit -> Ports
    end.

test_library_heap() ->
    {glibc, _, _, Settings} = erlang:system_info(allocator),
    {sys_alloc, Heap} = lists:keyfind(sys_alloc, 1, Settings),
    [{e, true}, {m, libc}, {tt, 524288}, {tp, 8192}] = Heap.
