%% SPDX-License-Identifier: Apache-2.0
%% Who hears of the emulator's own error reports.
%% run: alone
-module(logger_t).
-export([test_chosen_process/0, test_dead_process/0, test_nobody/0, test_wrong/0]).

with_logger(Value, Fun) ->
    Old = erlang:system_flag(system_logger, Value),
    try Fun() after erlang:system_flag(system_logger, Old) end.

test_chosen_process() ->
    with_logger(self(), fun() ->
        Pid = spawn(fun() -> error(x) end),
        receive
            {log, error, "Error in process ~p with exit value:~n~p~n", [Pid, {x, [_ | _]}],
             #{error_logger := #{emulator := true, tag := error}, gl := _, pid := Pid, time := _}} -> ok
        end
    end).

%% A logger that is gone is forgotten.
test_dead_process() ->
    {Gone, Ref} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    with_logger(Gone, fun() ->
        logger:set_primary_config(level, none),
        {_, R} = spawn_monitor(fun() -> error(x) end),
        receive {'DOWN', R, _, _, _} -> ok end,
        wait(fun() -> erlang:system_info(system_logger) =:= logger end),
        logger:set_primary_config(level, notice)
    end).

wait(Done) ->
    case Done() of
        true -> ok;
        false -> timer:sleep(10), wait(Done)
    end.

test_nobody() ->
    with_logger(undefined, fun() ->
        {_, Ref} = spawn_monitor(fun() -> error(x) end),
        receive {'DOWN', Ref, _, _, _} -> ok end,
        undefined = erlang:system_info(system_logger)
    end).

test_wrong() ->
    [{'EXIT', {badarg, _}} = (catch erlang:system_flag(system_logger, W)) || W <- [foo, 1, "x", make_ref()]].
