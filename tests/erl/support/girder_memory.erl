%% SPDX-License-Identifier: Apache-2.0
%% What the system says of the emulator's memory.
-module(girder_memory).
-export([resident_kb/0]).

%% Resident memory in KB; 0 where the system does not tell.
resident_kb() ->
    case file:read_file("/proc/self/status") of
        {ok, Text} ->
            {match, [Kb]} = re:run(Text, "VmRSS:\\s*(\\d+)", [{capture, all_but_first, list}]),
            list_to_integer(Kb);
        _ -> 0
    end.
