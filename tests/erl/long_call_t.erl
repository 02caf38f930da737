%% SPDX-License-Identifier: Apache-2.0
%% Native calls that take long on a scheduler of their caller stop nobody else.
-module(long_call_t).
-export([test_timers_go_on/0, test_messages_go_on/0, test_many_callers/0]).

%% run: alone
%% run: flags +S 2:2
%% run: timeout 60

block(Ms) -> ok = erts_debug:dirty(normal, wait, Ms).

%% Ten processes in calls of 600 ms; timers of 5 ms may be late, but by nothing like that.
test_timers_go_on() ->
    Self = self(),
    Blockers = [spawn_monitor(fun() -> block(600), block(600) end) || _ <- lists:seq(1, 10)],
    Timers = [spawn(fun() -> Self ! {self(), ticks(100, 0)} end) || _ <- lists:seq(1, 20)],
    Latest = lists:max([receive {P, Late} -> Late end || P <- Timers]),
    [receive {'DOWN', M, process, P, R} -> normal = R end || {P, M} <- Blockers],
    true = Latest < 400.

ticks(0, Latest) -> Latest;
ticks(N, Latest) ->
    T0 = erlang:monotonic_time(millisecond),
    receive after 5 -> ok end,
    ticks(N - 1, max(Latest, erlang:monotonic_time(millisecond) - T0 - 5)).

test_messages_go_on() ->
    Self = self(),
    Blockers = [spawn_monitor(fun() -> Self ! {self(), in}, block(1500), Self ! {self(), out} end) || _ <- lists:seq(1, 4)],
    [receive {P, in} -> ok end || {P, _} <- Blockers],
    Echo = spawn(fun Loop() -> receive {P, X} -> P ! {self(), X}, Loop() end end),
    [begin Echo ! {Self, X}, receive {Echo, X} -> ok end end || X <- lists:seq(1, 2000)],
    [none = receive {P, out} -> out after 0 -> none end || {P, _} <- Blockers],
    [receive {P, out} -> ok end || {P, _} <- Blockers],
    exit(Echo, kill).

%% Calls just around the limit, from many processes, with messages and exits in between.
test_many_callers() ->
    Self = self(),
    Ps = [spawn_monitor(fun() -> [begin block((X + Y) rem 5), Self ! {note, self(), Y} end || Y <- lists:seq(1, 40)] end) || X <- lists:seq(1, 30)],
    Counts = [begin
                  normal = receive {'DOWN', M, process, P, R} -> R end,
                  length([Y || Y <- lists:seq(1, 40), receive {note, P, Y} -> true after 0 -> false end])
              end || {P, M} <- Ps],
    Counts = lists:duplicate(30, 40).
