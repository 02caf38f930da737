%% SPDX-License-Identifier: Apache-2.0
%% The framing options of open_port/2, one beside the other.
-module(port_line).
-export([cases/0]).

cases() ->
    [{Options, fun() -> opened(Options) end}
     || Options <- [[line], [{line, 0}], [line, binary], [{line, 2}, line], [line, {line, 3}], [packet], [{packet, 1}, line], [{line, 1}, {packet, 0}],
                    [line, stream], [{line, 2}, stream], [{packet, 1}, stream], [eol], [stream], [{packet, 3}], [{packet, 0}], [{packet, 1}, stream, {line, 4}], [{line, a}]]].

opened(Options) ->
    got(open_port({spawn, "printf 'hello\\nwor'"}, [eof | Options])).
got(P) ->
    receive
        {P, eof} -> port_close(P), [eof];
        {P, M} -> [M | got(P)]
    end.
