%% SPDX-License-Identifier: Apache-2.0
%% Waiting for what others do, and seeing that something does not wait for them.
-module(girder_wait).
-export([until/1, quick/1]).

%% Looks again and again until F() is true; the time of the test case is the limit.
until(F) -> F() orelse begin timer:sleep(1), until(F) end.

%% F(), which must not take three seconds: as long as nobody waits who is not stuck.
quick(F) ->
    T0 = erlang:monotonic_time(millisecond),
    Result = F(),
    true = erlang:monotonic_time(millisecond) - T0 < 3000,
    Result.
