%% SPDX-License-Identifier: Apache-2.0
%%
%% Operations on files run where their process is for as long as they are short. Those that have to wait stop nobody, and can be asked and ended meanwhile.
-module(file_call_t).
-export([test_waiting_openers/0, test_ended_openers/0, test_world_stops_without_them/0, test_slow_reader/0, test_long_runs_are_preempted/0]).
-import(girder_wait, [until/1, quick/1]).

%% run: alone
%% run: flags +S 2:2 +SDio 10
%% run: timeout 60

%% A named pipe: who opens it for reading waits until somebody opens it for writing.
with_pipe(F) ->
    {ok, Cwd} = file:get_cwd(),
    Name = filename:join(Cwd, "pipe_" ++ integer_to_list(erlang:unique_integer([positive]))),
    [] = os:cmd("mkfifo " ++ Name),
    try F(Name) after file:delete(Name) end.

opener(Name) ->
    Self = self(),
    Pid = spawn(fun() -> {ok, File} = prim_file:open(Name, [read, raw, binary]), Self ! {self(), prim_file:read(File, 100)} end),
    until(fun() -> process_info(Pid, current_function) =:= {current_function, {prim_file, open_nif, 2}} end),
    Pid.

test_waiting_openers() ->
    with_pipe(fun(Name) ->
        Ps = [opener(Name) || _ <- lists:seq(1, 6)],
        quick(fun() ->
            [{status, running} = process_info(P, status) || P <- Ps],
            [begin receive after 2 -> ok end, {ok, _} = file:read_file_info(Name) end || _ <- lists:seq(1, 100)],
            Echo = spawn(fun Loop() -> receive {P, X} -> P ! {self(), X}, Loop() end end),
            [begin Echo ! {self(), X}, receive {Echo, X} -> ok end end || X <- lists:seq(1, 10000)],
            exit(Echo, kill)
        end),
        {ok, Out} = file:open(Name, [write, raw]),
        ok = file:write(Out, "hello"),
        ok = file:close(Out),
        Told = [receive {P, Answer} -> Answer end || P <- Ps],
        [{ok, <<"hello">>} | Ends] = lists:sort(fun(A, _) -> A =/= eof end, Told),
        [eof] = lists:usort(Ends)
    end).

test_ended_openers() ->
    with_pipe(fun(Name) ->
        Ps = [opener(Name) || _ <- lists:seq(1, 6)],
        quick(fun() ->
            [begin M = monitor(process, P), exit(P, kill), receive {'DOWN', M, process, P, killed} -> ok end end || P <- Ps],
            [undefined = process_info(P) || P <- Ps]
        end),
        {ok, Out} = file:open(Name, [read, write, raw]),  % lets them go
        ok = file:close(Out)
    end).

%% Breakpoints, purges and new code stop all schedulers.
test_world_stops_without_them() ->
    with_pipe(fun(Name) ->
        Ps = [opener(Name) || _ <- lists:seq(1, 4)],
        quick(fun() ->
            1 = erlang:trace_pattern({girder_wait, until, 1}, true, [local]),
            1 = erlang:trace_pattern({girder_wait, until, 1}, false, [local]),
            {module, girder_size} = code:load_file(girder_size),
            false = code:purge(girder_size)
        end),
        {ok, Out} = file:open(Name, [read, write, raw]),
        ok = file:close(Out),
        [exit(P, kill) || P <- Ps]
    end).

%% Reads that wait again and again move to threads that may wait: others lose a small part of the time.
test_slow_reader() ->
    with_pipe(fun(Name) ->
        Writer = spawn(fun() ->
            {ok, Out} = file:open(Name, [write, raw]),
            (fun Loop() -> receive stop -> ok after 4 -> ok = file:write(Out, "x"), Loop() end end)()
        end),
        {ok, In} = file:open(Name, [read, raw, binary]),
        Self = self(),
        Ticker = spawn(fun() -> Self ! {self(), ticks(150, 0)} end),
        [{ok, <<"x">>} = file:read(In, 1) || _ <- lists:seq(1, 100)],
        receive {Ticker, Late} -> true = Late < 150 * 5 end,
        Writer ! stop,
        file:close(In)
    end).

%% Milliseconds by which timers were late, in all.
ticks(0, Late) -> Late;
ticks(N, Late) ->
    T0 = erlang:monotonic_time(microsecond),
    receive after 1 -> ok end,
    ticks(N - 1, Late + (erlang:monotonic_time(microsecond) - T0 - 1000) div 1000).

%% What files cost is paid: whoever does nothing else leaves others their turn.
test_long_runs_are_preempted() ->
    Busy = [spawn(fun Loop() -> file:read_file_info("/"), Loop() end) || _ <- "1234"],
    Late = ticks(100, 0),
    [exit(P, kill) || P <- Busy],
    true = Late < 100 * 20.
