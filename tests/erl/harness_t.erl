%% SPDX-License-Identifier: Apache-2.0
%% The least that must work for the other tests to mean something: a test runs, may skip, and is a process of its own.
-module(harness_t).
-export([test_returns/0, test_own_process/0, test_skip/0]).

test_returns() ->
    3 = 1 + 2.

test_own_process() ->
    Self = self(),
    Pid = spawn_link(fun() -> Self ! {hello, self()} end),
    receive {hello, Pid} -> ok after 5000 -> error(no_message) end.

test_skip() ->
    {skip, "shows that skipping is counted"}.
