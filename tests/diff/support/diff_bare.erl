%% SPDX-License-Identifier: Apache-2.0
%%
%% Where the bare boot script ends up: takes the harness's arguments from the flag -diff.
-module(diff_bare).
-export([start/0]).

start() ->
    {ok, [Args]} = init:get_argument(diff),
    diff_harness:start(Args).
