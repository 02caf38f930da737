%% SPDX-License-Identifier: Apache-2.0
%% What may be done with a port of another node.
-module(port_elsewhere).
-export([cases/0]).

cases() -> [{F, fun() -> outcome(F, Arguments) end} || {F, Arguments} <- calls()].

calls() ->
    P = binary_to_term(<<131, 120, 100, 0, 10, "foo@nohost", 7:64, 1:32>>),
    [{port_info, [P]}, {port_info, [P, name]}, {port_info, [P, bad]}, {port_command, [P, "a"]}, {port_command, [P, "a", [nosuspend]]}, {port_command, [P, "a", [x]]},
     {port_close, [P]}, {port_connect, [P, self()]}, {port_control, [P, 1, "x"]}, {port_call, [P, 1, x]}, {link, [P]}, {unlink, [P]}, {monitor, [port, P]}, {register, [xx, P]},
     {send, [P, foo]}, {send, [P, {self(), close}]}, {is_port, [P]}, {node, [P]}, {port_get_data, [P]}, {port_set_data, [P, 1]}, {exit, [P, kill]}, {process_info, [P]},
     {is_process_alive, [P]}, {trace, [P, true, []]}].

outcome(F, Arguments) ->
    try apply(erlang, F, Arguments) of
        X -> {ok, X}
    catch
        C:R:S -> {M, N, _, Info} = hd(S), {C, R, M, N, Info}
    end.
