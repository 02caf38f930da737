%% SPDX-License-Identifier: Apache-2.0
%%
%% Parks processes for bench/idle.py: erl ... -s bench_idle main -extra COUNT KIND
%% Writes "parked" when all of them wait, then sleeps until it is killed.
-module(bench_idle).
-export([main/0, park/1, wait/0]).

main() ->
    [Count, Kind] = init:get_plain_arguments(),
    spawn(?MODULE, park, [{list_to_integer(Count), list_to_atom(Kind), self()}]),
    receive parked -> erlang:display(parked) end,
    receive never -> ok end.

park({Count, Kind, Owner}) ->
    start(Count, Kind, self()),
    ready(Count),
    %% Let hibernating processes fall asleep after their message.
    receive after 300 -> Owner ! parked end,
    receive never -> ok end.

start(0, _, _) -> ok;
start(N, waiting, Parent) ->
    spawn(fun() -> Parent ! ready, wait() end),
    start(N - 1, waiting, Parent);
start(N, hibernated, Parent) ->
    spawn(fun() -> Parent ! ready, erlang:hibernate(?MODULE, wait, []) end),
    start(N - 1, hibernated, Parent).

wait() -> receive stop -> ok end.

ready(0) -> ok;
ready(N) -> receive ready -> ready(N - 1) end.
