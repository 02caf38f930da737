%% SPDX-License-Identifier: Apache-2.0
%% run: alone
%% erlang:system_profile/2.
-module(profile_t).
-export([test_settings/0, test_processes/0, test_times/0, test_ports/0, test_exclusive/0, test_schedulers/0, test_profiler_ends/0]).

profiler() -> spawn(fun() -> events([]) end).

events(L) ->
    receive
        {get, From} -> From ! {self(), lists:reverse(L)};
        E -> events([E | L])
    end.

%% All events until now, and the end of profiling.
events_of(P) ->
    Ref = erlang:trace_delivered(all),
    receive {trace_delivered, all, Ref} -> ok end,
    {P, _} = erlang:system_profile(undefined, []),
    P ! {get, self()},
    receive {P, L} -> L end.

test_settings() ->
    undefined = erlang:system_profile(),
    P = profiler(),
    undefined = erlang:system_profile(P, [runnable_ports, monotonic_timestamp]),
    {P, [runnable_ports]} = erlang:system_profile(P, [runnable_procs, exclusive, scheduler, runnable_ports]),
    {P, [exclusive, scheduler, runnable_procs, runnable_ports]} = erlang:system_profile(),
    {P, [exclusive, scheduler, runnable_procs, runnable_ports]} = erlang:system_profile(P, []),
    undefined = erlang:system_profile(),
    Dead = spawn(fun() -> ok end),
    M = monitor(process, Dead),
    receive {'DOWN', M, process, Dead, _} -> ok end,
    [{'EXIT', {badarg, _}} = (catch erlang:system_profile(Who, What))
     || {Who, What} <- [{x, [scheduler]}, {P, [foo]}, {P, foo}, {P, [scheduler | x]}, {Dead, [scheduler]}]],
    undefined = erlang:system_profile(undefined, foo),
    undefined = erlang:system_profile(x, []),
    exit(P, kill).

%% In turn, with the place: a receive, or 0 at the end.
test_processes() ->
    P = profiler(),
    Me = self(),
    erlang:system_profile(P, [runnable_procs]),
    Pid = spawn(fun() -> waits(Me) end),
    [begin
         receive {Pid, ready} -> ok end,
         timer:sleep(50),  % asking whether it waits already would wake it
         Pid ! go
     end || _ <- lists:seq(1, 5)],
    receive {Pid, done} -> ok end,
    M = monitor(process, Pid),
    receive {'DOWN', M, process, Pid, _} -> ok end,
    Events = events_of(P),
    [] = [E || E <- Events, element(2, E) =:= P],
    Of = [{A, Where} || {profile, X, A, Where, {_, _, _}} <- Events, X =:= Pid],
    Waits = lists:append(lists:duplicate(5, [{inactive, {?MODULE, waits, 2}}, {active, {?MODULE, waits, 2}}])),
    {Of, Of} = {[{active, {erlang, apply, 2}} | Waits] ++ [{inactive, 0}], Of}.

waits(Me) -> waits(Me, 5).
waits(Me, 0) -> Me ! {self(), done};
waits(Me, N) ->
    Me ! {self(), ready},
    receive go -> waits(Me, N - 1) end.

test_times() ->
    [begin
         P = profiler(),
         erlang:system_profile(P, [runnable_procs | Flag]),
         receive after 5 -> ok end,
         Events = events_of(P),
         true = Events =/= [] andalso lists:all(fun(E) -> Is(element(5, E)) end, Events)
     end || {Flag, Is} <- [{[], fun is_now/1}, {[timestamp], fun is_now/1}, {[monotonic_timestamp], fun is_integer/1},
                           {[strict_monotonic_timestamp], fun({A, B}) -> is_integer(A) andalso is_integer(B) end}]].

is_now({A, B, C}) -> is_integer(A) andalso is_integer(B) andalso is_integer(C).

test_ports() ->
    P = profiler(),
    erlang:system_profile(P, [runnable_ports]),
    F = open_port({spawn_driver, "ram_file_drv"}, []),
    Before = [catch port_control(F, 0, "") || _ <- [1, 2, 3]],
    3 = length(Before),
    [{profile, F, active, 0, _}, {profile, F, inactive, 0, _}, {profile, F, active, 0, _}, {profile, F, inactive, 0, _},
     {profile, F, active, 0, _}, {profile, F, inactive, 0, _}] = [E || E <- events_of(P), element(2, E) =:= F],
    port_close(F).

%% Whoever is in a port is not runnable meanwhile.
test_exclusive() ->
    Me = self(),
    F = open_port({spawn_driver, "ram_file_drv"}, []),
    P = profiler(),
    erlang:system_profile(P, [runnable_procs, runnable_ports, exclusive]),
    catch port_control(F, 0, ""),
    Events = [{Who, What} || {profile, Who, What, _, _} <- events_of(P), Who =:= Me orelse Who =:= F],
    [{Me, inactive}, {F, active}, {F, inactive}, {Me, active} | _] = Events,
    port_close(F).

test_schedulers() ->
    P = profiler(),
    erlang:system_profile(P, [scheduler, monotonic_timestamp]),
    timer:sleep(50),
    Events = events_of(P),
    true = length(Events) > 1,
    N = erlang:system_info(schedulers),
    [] = [E || E <- Events, not is_scheduler_event(E, N)].

is_scheduler_event({profile, scheduler, Id, What, Active, Time}, N) ->
    Id >= 1 andalso Id =< N andalso lists:member(What, [active, inactive]) andalso Active >= 0 andalso Active =< N andalso is_integer(Time);
is_scheduler_event(_, _) -> false.

test_profiler_ends() ->
    P = profiler(),
    undefined = erlang:system_profile(P, [runnable_procs, scheduler]),
    M = monitor(process, P),
    exit(P, kill),
    receive {'DOWN', M, process, P, killed} -> ok end,
    undefined = erlang:system_profile().
