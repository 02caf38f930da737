%% SPDX-License-Identifier: Apache-2.0
-module(timer_t).
-export([test_send_after/0, test_start_timer/0, test_cancel/0, test_read/0, test_order/0, test_errors/0, test_name/0, test_many/0, test_clock/0, test_units/0, test_absolute/0, id/1]).

id(X) -> X.

test_send_after() ->
    erlang:send_after(1, self(), tick),
    tick = receive X -> X after 5000 -> lost end.

test_start_timer() ->
    R = erlang:start_timer(1, self(), msg),
    msg = receive {timeout, R, M} -> M after 5000 -> lost end.

test_cancel() ->
    R = erlang:send_after(60000, self(), never),
    Left = erlang:cancel_timer(R),
    true = is_integer(Left) andalso Left > 50000,
    false = erlang:cancel_timer(R),
    S = erlang:send_after(60000, self(), never),
    ok = erlang:cancel_timer(S, [{async, true}, {info, true}]),
    receive {cancel_timer, S, Time} -> true = is_integer(Time) after 5000 -> error(lost) end.

test_read() ->
    R = erlang:send_after(60000, self(), never),
    true = is_integer(erlang:read_timer(R)),
    erlang:cancel_timer(R),
    false = erlang:read_timer(R).

test_order() ->
    [erlang:send_after(X * 15, self(), X) || X <- [3, 1, 2]],
    [1, 2, 3] = [receive X -> X after 5000 -> lost end || _ <- [1, 2, 3]].

test_errors() ->
    [{'EXIT', {badarg, _}} = (catch erlang:send_after(id(T), self(), x)) || T <- [a, -1, 1.5]],
    {'EXIT', {badarg, _}} = (catch erlang:send_after(1, id("x"), x)),
    {'EXIT', {badarg, _}} = (catch erlang:cancel_timer(id(x))).

test_name() ->
    register(timer_t_name, self()),
    erlang:send_after(1, timer_t_name, hello),
    hello = receive X -> X after 5000 -> lost end.

test_many() ->
    [erlang:send_after(X rem 7, self(), {t, X}) || X <- lists:seq(1, 200)],
    [receive {t, X} -> ok after 5000 -> error({lost, X}) end || X <- lists:seq(1, 200)],
    none = receive _ -> some after 0 -> none end.

test_clock() ->
    A = erlang:monotonic_time(),
    B = erlang:monotonic_time(),
    true = A =< B,
    true = erlang:system_time(second) > 1500000000,
    {M, S, U} = erlang:timestamp(),
    true = is_integer(M) andalso S < 1000000 andalso U < 1000000.

test_units() ->
    5000 = erlang:convert_time_unit(5, second, millisecond),
    -1 = erlang:convert_time_unit(-1, millisecond, second),
    true = erlang:unique_integer([monotonic]) < erlang:unique_integer([monotonic]).

test_absolute() ->
    T = erlang:monotonic_time(millisecond) + 5,
    R = erlang:start_timer(T, self(), x, [{abs, true}]),
    receive {timeout, R, x} -> true = erlang:monotonic_time(millisecond) >= T after 5000 -> error(lost) end.
