%% SPDX-License-Identifier: Apache-2.0
%% Links, monitors, aliases and registered names.
-module(link_t).
-export([test_link_kills/0, test_link_trap/0, test_normal_passes/0, test_unlink/0, test_link_dead/0, test_chain/0, test_monitor/0, test_monitor_dead/0, test_demonitor/0, test_demonitor_of_others/0, test_monitor_name/0, test_monitor_many/0, test_alias/0, test_alias_monitor/0, test_register/0, test_register_errors/0, test_name_freed/0, test_send_name/0, test_order/0, id/1]).

id(X) -> X.

test_link_kills() ->
    {P, M} = spawn_monitor(fun() -> spawn_link(fun() -> exit(boom) end), loop() end),
    boom = receive {'DOWN', M, process, P, R} -> R end.

test_link_trap() ->
    process_flag(trap_exit, true),
    P = spawn_link(fun() -> exit(boom) end),
    boom = receive {'EXIT', P, R} -> R end,
    Q = spawn_link(fun() -> ok end),
    normal = receive {'EXIT', Q, N} -> N end.

test_normal_passes() ->
    S = self(),
    P = spawn(fun() -> Q = spawn_link(fun() -> ok end), M = monitor(process, Q), receive {'DOWN', M, _, _, _} -> S ! {self(), alive} end end),
    alive = receive {P, X} -> X end.

test_unlink() ->
    process_flag(trap_exit, true),
    P = spawn_link(fun loop/0),
    true = unlink(P),
    M = monitor(process, P),
    exit(P, kill),
    receive {'DOWN', M, _, _, killed} -> ok end,
    none = receive {'EXIT', P, _} -> some after 0 -> none end.

test_link_dead() ->
    process_flag(trap_exit, true),
    P = dead(),
    true = link(P),
    noproc = receive {'EXIT', P, R} -> R end,
    true = link(self()),
    {'EXIT', {badarg, _}} = (catch link(id(x))).

test_chain() ->
    process_flag(trap_exit, true),
    P = spawn_link(fun() -> chain(20) end),
    deep = receive {'EXIT', P, R} -> R end.

chain(0) -> exit(deep);
chain(N) -> spawn_link(fun() -> chain(N - 1) end), loop().

test_monitor() ->
    P = spawn(fun loop/0),
    A = monitor(process, P),
    B = monitor(process, P),
    exit(P, bye),
    [bye, bye] = [receive {'DOWN', M, process, P, R} -> R end || M <- [A, B]].

test_monitor_dead() ->
    P = dead(),
    M = monitor(process, P),
    noproc = receive {'DOWN', M, process, P, R} -> R end.

%% References that this node did not make.
test_demonitor_of_others() ->
    Ref = binary_to_term(<<131, 90, 2:16, 119, 5, "a@b.c", 1:32, 5:32, 6:32>>),
    true = is_reference(Ref),
    [{badarg, Ref} = try F() catch error:R -> {R, Ref} end
     || F <- [fun() -> demonitor(Ref) end, fun() -> demonitor(Ref, [info]) end, fun() -> demonitor(Ref, [flush]) end]],
    ok.

test_demonitor() ->
    P = spawn(fun loop/0),
    M = monitor(process, P),
    true = demonitor(M),
    false = demonitor(M, [info]),
    N = monitor(process, dead()),
    receive after 1 -> ok end,
    true = demonitor(N, [flush]),
    none = receive {'DOWN', N, _, _, _} -> some after 0 -> none end,
    exit(P, kill).

test_monitor_name() ->
    P = spawn(fun loop/0),
    register(link_t_name, P),
    M = monitor(process, link_t_name),
    exit(P, bye),
    Node = node(),
    {{link_t_name, Node}, bye} = receive {'DOWN', M, process, W, R} -> {W, R} end,
    N = monitor(process, link_t_no_such_name),
    noproc = receive {'DOWN', N, process, _, Q} -> Q end.

test_monitor_many() ->
    P = spawn(fun loop/0),
    Ms = [monitor(process, P) || _ <- lists:seq(1, 100)],
    [demonitor(M) || {M, I} <- lists:zip(Ms, lists:seq(1, 100)), I rem 2 =:= 0],
    exit(P, bye),
    [receive {'DOWN', M, process, P, bye} -> ok end || {M, I} <- lists:zip(Ms, lists:seq(1, 100)), I rem 2 =:= 1],
    none = receive _ -> some after 0 -> none end.

test_alias() ->
    A = alias(),
    A ! one,
    one = receive X -> X after 1000 -> lost end,
    true = unalias(A),
    false = unalias(A),
    A ! two,
    lost = receive Y -> Y after 5 -> lost end.

test_alias_monitor() ->
    P = spawn(fun() -> receive {R, X} -> R ! {R, X} end, loop() end),
    M = monitor(process, P, [{alias, reply_demonitor}]),
    P ! {M, hello},
    hello = receive {M, X} -> X after 1000 -> lost end,
    exit(P, kill),
    none = receive _ -> some after 5 -> none end.

test_register() ->
    true = register(link_t_me, self()),
    true = whereis(link_t_me) =:= self(),
    true = lists:member(link_t_me, registered()),
    true = unregister(link_t_me),
    undefined = whereis(link_t_me).

test_register_errors() ->
    register(link_t_a, self()),
    [{'EXIT', {badarg, _}} = (catch F()) || F <- [fun() -> register(link_t_b, self()) end, fun() -> register(undefined, spawn(fun loop/0)) end, fun() -> register(link_t_c, dead()) end, fun() -> register(id("x"), self()) end, fun() -> unregister(link_t_no_such_name) end]],
    ok.

test_name_freed() ->
    {P, M} = spawn_monitor(fun() -> register(link_t_short, self()) end),
    receive {'DOWN', M, process, P, _} -> ok end,
    undefined = whereis(link_t_short),
    true = register(link_t_short, self()).

test_send_name() ->
    register(link_t_send, self()),
    link_t_send ! a,
    {link_t_send, node()} ! b,
    [a, b] = [receive X -> X end || _ <- [1, 2]],
    {'EXIT', {badarg, _}} = (catch link_t_no_such_name ! x).

test_order() ->
    process_flag(trap_exit, true),
    S = self(),
    P = spawn_link(fun() -> S ! 1, S ! 2, exit(3) end),
    [1, 2, {'EXIT', P, 3}] = [receive X -> X end || _ <- [1, 2, 3]].

loop() -> receive stop -> ok end.

dead() ->
    {P, M} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', M, process, P, _} -> P end.
