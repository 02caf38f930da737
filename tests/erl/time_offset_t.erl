%% SPDX-License-Identifier: Apache-2.0
%% Single time warp: the offset is preliminary until it is finalized, and who watches it is told.
-module(time_offset_t).
-export([test_finalize/0]).

%% run: flags +C single_time_warp

test_finalize() ->
    preliminary = erlang:system_info(time_offset),
    [M1, M2, M3] = [monitor(time_offset, clock_service) || _ <- "123"],
    Flushed = monitor(time_offset, clock_service),
    Tagged = monitor(time_offset, clock_service, [{tag, {changed, self()}}]),
    {Dead, D} = spawn_monitor(fun() -> monitor(time_offset, clock_service) end),
    receive {'DOWN', D, process, Dead, normal} -> ok end,
    true = demonitor(M2),
    {monitors, [{time_offset, clock_service}, {time_offset, clock_service}, {time_offset, clock_service}, {time_offset, clock_service}]} = process_info(self(), monitors),
    [] = flush(),
    preliminary = erlang:system_flag(time_offset, finalize),
    Offset = erlang:time_offset(),
    Me = self(),
    timer:sleep(20),
    true = demonitor(Flushed, [flush]),
    Got = lists:sort([receive M -> M after 1000 -> none end || _ <- "123"]),
    Got = lists:sort([{'CHANGE', M1, time_offset, clock_service, Offset}, {'CHANGE', M3, time_offset, clock_service, Offset},
                      {{changed, Me}, Tagged, time_offset, clock_service, Offset}]),
    final = erlang:system_info(time_offset),
    final = erlang:system_flag(time_offset, finalize),
    Offset = erlang:time_offset(),
    timer:sleep(20),
    [] = flush(),
    true = abs(os:system_time() - erlang:system_time()) < erlang:convert_time_unit(500, millisecond, native),
    [true = demonitor(M, [flush]) || M <- [M1, M3, Tagged]],
    ok.

flush() -> receive M -> [M | flush()] after 0 -> [] end.
