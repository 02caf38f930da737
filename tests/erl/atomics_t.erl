%% SPDX-License-Identifier: Apache-2.0
%% Arrays of atomics and counters.
-module(atomics_t).
-export([test_sizes/0]).

test_sizes() ->
    [begin
         {'EXIT', {system_limit, _}} = (catch M:new(1 bsl 64, [])),
         [{'EXIT', {badarg, _}} = (catch M:new(N, [])) || N <- [0, -1, -(1 bsl 64), a, 1.5]]
     end || M <- [atomics, counters]],
    {'EXIT', {system_limit, _}} = (catch counters:new(1 bsl 64, [write_concurrency])),
    {'EXIT', {badarg, _}} = (catch atomics:new(1 bsl 64, [none])).
