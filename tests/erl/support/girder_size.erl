%% SPDX-License-Identifier: Apache-2.0
%% How large tests are: a configuration may ask for less (size = 0.05 under a flag that makes everything slow), `run.py --size` for more.
-module(girder_size).
-export([scaled/1, scaled/2]).

%% N at size 1, at least 1.
scaled(N) -> scaled(N, 1).

%% At least Low.
scaled(N, Low) ->
    case os:getenv("GIRDER_TEST_SIZE") of
        false -> max(N, Low);
        Text -> max(round(N * list_to_float(Text)), Low)
    end.
