%% SPDX-License-Identifier: Apache-2.0
%% erlang:hibernate/3 with messages waiting: the stack is dropped and the call made at once.
-module(hibernate_t).
-export([test_awake_from_fun/0, test_awake_from_function/0, test_asleep/0, test_min_heap_size/0, start/1, wait/1]).

test_awake_from_fun() ->
    Me = self(),
    spawn_link(fun() -> self() ! {m, Me}, erlang:hibernate(?MODULE, wait, [self()]) end),
    receive {m, 1} -> ok after 5000 -> error(timeout) end.

test_awake_from_function() ->
    P = spawn_link(?MODULE, start, [self()]),
    P ! {m, self()},
    P ! go,
    receive {m, 1} -> ok after 5000 -> error(timeout) end.

test_asleep() ->
    P = spawn_link(?MODULE, start, [self()]),
    P ! go,
    sleeping(P, 500),
    P ! {m, self()},
    receive {m, 1} -> ok after 5000 -> error(timeout) end.

%% The heap is given back, and is as large as was asked for when the process wakes.
test_min_heap_size() ->
    Me = self(),
    P = spawn_opt(fun() -> erlang:hibernate(erlang, apply, [fun() -> receive size -> Me ! process_info(self(), heap_size) end end, []]) end,
                  [link, {min_heap_size, 15000}]),
    sleeping(P, 500),
    {heap_size, Small} = process_info(P, heap_size),
    true = Small < 1000,
    P ! size,
    receive {heap_size, N} -> true = N >= 15000 after 5000 -> error(timeout) end.

sleeping(P, N) when N > 0 ->
    case process_info(P, current_function) of
        {_, {erlang, hibernate, 3}} -> ok;
        _ -> receive after 10 -> sleeping(P, N - 1) end
    end.

start(Parent) ->
    Kept = [Parent, self(), lists:seq(1, 10)],
    receive go -> ok end,
    try erlang:hibernate(?MODULE, wait, [self()]) catch _:_ -> {not_reached, Kept} end.

wait(_) -> receive {m, Parent} -> Parent ! {m, 1} end.
