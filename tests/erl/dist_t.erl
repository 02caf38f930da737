%% SPDX-License-Identifier: Apache-2.0
%% Two nodes: names, messages, links, monitors, spawning, the end of connections. Each test starts a node of its own and stops it.
%% run: alone
%% run: timeout 60
-module(dist_t).
-export([test_names/0, test_messages/0, test_large_messages/0, test_many_atoms/0, test_links/0, test_unlink/0, test_monitors/0, test_named_monitors/0,
         test_exit_signals/0, test_spawn/0, test_spawn_options/0, test_spawn_request/0, test_aliases/0, test_group_leader/0, test_connection_lost/0, test_connected_anew/0,
         test_monitor_node/0, test_monitor_nodes/0, test_nodes/0, test_identity/0, test_calls/0, test_global/0, test_send_options/0,
         test_old_incarnation/0, test_process_info/0, test_order/0, test_busy/0, test_waiting_for_room/0, test_unknown_node/0, test_malformed/0,
         test_dynamic_name/0, test_wrong_arguments/0, test_abandoned_children/0, test_children_of_the_dying/0, test_nosuspend/0]).
-export([echo/0, flood/2, spawner/2, send_bytes/2, forsaken/0, hush/1]).

%% --- nodes -----------------------------------------------------------------------------------------------------------------

alive() ->
    case is_alive() of
        true -> ok;
        false ->
            _ = os:cmd("epmd -daemon"),
            Name = list_to_atom("girder_t" ++ os:getpid() ++ integer_to_list(erlang:unique_integer([positive]))),
            {ok, _} = start_net(Name, 50),
            true = erlang:set_cookie(node(), girder_test),
            ok
    end.

%% epmd may still be starting.
start_net(Name, 0) -> net_kernel:start([Name, shortnames]);
start_net(Name, Tries) ->
    case erl_epmd:names() of
        {ok, _} -> net_kernel:start([Name, shortnames]);
        {error, _} -> receive after 100 -> ok end, start_net(Name, Tries - 1)
    end.

with_peer(F) ->
    ok = alive(),
    Erl = filename:join(os:getenv("BINDIR"), "erl"),
    %% Over its standard output, so that it outlives connections.
    {ok, Peer, Node} = peer:start(#{name => peer:random_name(girder_p), exec => Erl, wait_boot => 30000, connection => standard_io,
                                    args => ["-setcookie", "girder_test", "-pa", filename:dirname(code:which(?MODULE))]}),
    pong = net_adm:ping(Node),
    try F(Node) after catch peer:stop(Peer) end.

%% As with_peer, with those silent who send to every node that appears: a node that was left would connect back for their sake. The
%% caller would then find it connected again, or that connection be refused and take along the one a ping asks for, as net_kernel and
%% dist_util have it.
with_quiet_peer(F) ->
    with_peer(fun(N) ->
        Hushed = [spawn_monitor(Node, ?MODULE, hush, [self()]) || Node <- [node(), N]],
        [receive {hushed, P} -> ok end || {P, _} <- Hushed],
        [true = demonitor(M) || {_, M} <- Hushed],
        try F(N) after [exit(P, kill) || {P, _} <- Hushed] end
    end).

%% Keeps global and rpc of its node from sending as long as it lives.
hush(Owner) ->
    [true = erlang:suspend_process(whereis(Name)) || Name <- [global_name_server, rex]],
    Owner ! {hushed, self()},
    forsaken().

next() -> receive X -> X after 5000 -> timeout end.
none() -> receive X -> {unexpected, X} after 100 -> none end.

echo() -> receive {From, X} -> From ! {self(), X}, echo() end.

%% --- tests -----------------------------------------------------------------------------------------------------------------

test_names() ->
    ok = alive(),
    true = is_alive(),
    true = node() =/= nonode@nohost andalso node() =:= node(self()) andalso node() =:= node(make_ref()),
    true = erlang:system_info(creation) > 0 andalso erts_internal:get_creation() =:= erlang:system_info(creation),
    pong = net_adm:ping(node()),
    self() ! local,
    local = next(),
    register(here, self()),
    {here, node()} ! named,
    named = next(),
    {'EXIT', {badarg, _}} = (catch erlang:setnode(other@host, 1)).

test_messages() ->
    with_peer(fun(N) ->
        P = spawn(N, ?MODULE, echo, []),
        N = node(P),
        Terms = [1, -1, 1 bsl 80, -(1 bsl 80), 1.5, a, 'ä', '日本', [], [1, 2 | 3], "text", {}, {a, {b}}, <<>>, <<1:3>>, <<"binary">>, binary:copy(<<"x">>, 1000),
                 #{}, #{a => 1, "k" => [v]}, maps:from_list([{I, I} || I <- lists:seq(1, 100)]), self(), P, make_ref(), hd(erlang:ports()),
                 fun lists:map/2, list_to_atom(lists:duplicate(255, $x)), list_to_atom(lists:duplicate(255, 16#65E5))],
        [begin P ! {self(), T}, {P, T} = next() end || T <- [Terms | Terms]],
        X = 5,
        F = fun(Y) -> X + Y end,
        P ! {self(), F},
        {P, G} = next(),
        8 = G(3),
        F = G,
        register(dist_t_main, self()),
        true = erpc:call(N, fun() -> register(echo, spawn(?MODULE, echo, [])) end),
        {echo, N} ! {self(), by_name},
        {_, by_name} = next(),
        nobody_there = ({nobody, N} ! nobody_there),
        spawn(N, erlang, send, [{dist_t_main, node()}, back]),
        back = next()
    end).

test_large_messages() ->
    with_peer(fun(N) ->
        P = spawn(N, ?MODULE, echo, []),
        [begin
             T = [binary:copy(<<I>>, S), lists:seq(1, S div 10), {I, a}],
             P ! {self(), T},
             {P, T} = next()
         end || {I, S} <- [{1, 65000}, {2, 65536}, {3, 131072}, {4, 1000000}, {5, 10000000}]],
        exit(P, {because, lists:duplicate(100000, why)}),
        R = monitor(process, P),
        {'DOWN', R, process, P, Why} = next(),
        true = Why =:= noproc orelse Why =:= {because, lists:duplicate(100000, why)}
    end).

%% More atoms than one header holds, than the cache holds, and the same again.
test_many_atoms() ->
    with_peer(fun(N) ->
        P = spawn(N, ?MODULE, echo, []),
        Atoms = [list_to_atom("dist_t_atom_" ++ integer_to_list(I)) || I <- lists:seq(1, 5000)],
        [begin P ! {self(), A}, {P, A} = next() end || A <- Atoms ++ [Atoms] ++ lists:reverse(Atoms)],
        ok
    end).

test_links() ->
    with_peer(fun(N) ->
        process_flag(trap_exit, true),
        P = spawn_link(N, erlang, exit, [bye]),
        {'EXIT', P, bye} = next(),
        Q = spawn_link(N, ?MODULE, echo, []),
        true = lists:member(Q, element(2, process_info(self(), links))),
        Self = self(),
        true = lists:member(Self, element(2, erpc:call(N, erlang, process_info, [Q, links]))),
        exit(Q, {a, reason}),
        {'EXIT', Q, {a, reason}} = next(),
        link(Q),
        {'EXIT', Q, noproc} = next(),
        false = lists:member(Q, element(2, process_info(self(), links))),
        %% our end reaches the other side
        S = spawn(N, fun() -> process_flag(trap_exit, true), Self ! ready, receive {'EXIT', From, Why} -> Self ! {heard, From, Why} end end),
        ready = next(),
        L = spawn(fun() -> link(S), Self ! linked, receive stop -> exit(stopped) end end),
        linked = next(),
        L ! stop,
        {heard, L, stopped} = next(),
        %% kill through a link is not untrappable
        K = spawn(N, fun() -> receive go -> exit(kill) end end),
        link(K),
        K ! go,
        {'EXIT', K, kill} = next(),
        none = none()
    end).

test_unlink() ->
    with_peer(fun(N) ->
        process_flag(trap_exit, true),
        P = spawn_link(N, ?MODULE, echo, []),
        true = unlink(P),
        false = lists:member(P, element(2, process_info(self(), links))),
        exit(P, kill),
        none = none(),
        Q = spawn_link(N, ?MODULE, echo, []),
        [begin unlink(Q), link(Q) end || _ <- lists:seq(1, 20)],
        exit(Q, shutdown),
        {'EXIT', Q, shutdown} = next(),
        none = none(),
        %% links made by the other side
        Self = self(),
        R = spawn(N, fun() -> link(Self), Self ! made, echo() end),
        made = next(),
        true = lists:member(R, element(2, process_info(self(), links))),
        unlink(R),
        exit(R, kill),
        none = none()
    end).

test_monitors() ->
    with_peer(fun(N) ->
        {P, M} = spawn_monitor(N, erlang, exit, [{some, "reason"}]),
        {'DOWN', M, process, P, {some, "reason"}} = next(),
        Q = spawn(N, ?MODULE, echo, []),
        M2 = monitor(process, Q),
        {monitors, [{process, Q}]} = process_info(self(), monitors),
        Self = self(),
        {monitored_by, [Self]} = erpc:call(N, erlang, process_info, [Q, monitored_by]),
        true = demonitor(M2, [info]),
        false = demonitor(M2, [info]),
        M3 = monitor(process, Q, [{tag, {my, tag}}]),
        exit(Q, kill),
        {{my, tag}, M3, process, Q, killed} = next(),
        M4 = monitor(process, Q),
        {'DOWN', M4, process, Q, noproc} = next(),
        R = spawn(N, fun() -> W = monitor(process, Self), Self ! watching, receive {'DOWN', W, process, Self, Y} -> exit(Y) end end),
        watching = next(),
        true = lists:member(R, element(2, process_info(self(), monitored_by))),
        exit(R, kill),
        M5 = monitor(process, R),
        {'DOWN', M5, process, R, _} = next(),
        (fun Wait() -> case lists:member(R, element(2, process_info(self(), monitored_by))) of false -> ok; true -> receive after 5 -> Wait() end end end)(),
        none = none()
    end).

test_named_monitors() ->
    with_peer(fun(N) ->
        true = erpc:call(N, fun() -> register(echo, spawn(?MODULE, echo, [])) end),
        M = monitor(process, {echo, N}),
        {monitors, [{process, {echo, N}}]} = process_info(self(), monitors),
        true = erpc:call(N, fun() -> exit(whereis(echo), gone) end),
        {'DOWN', M, process, {echo, N}, gone} = next(),
        M2 = monitor(process, {echo, N}),
        {'DOWN', M2, process, {echo, N}, noproc} = next(),
        true = erpc:call(N, fun() -> register(echo, spawn(?MODULE, echo, [])) end),
        M3 = monitor(process, {echo, N}),
        true = demonitor(M3),
        true = erpc:call(N, fun() -> exit(whereis(echo), gone) end),
        none = none()
    end).

test_exit_signals() ->
    with_peer(fun(N) ->
        Self = self(),
        P = spawn(N, fun() -> process_flag(trap_exit, true), Self ! ready, (fun L() -> receive X -> Self ! {got, X}, L() end end)() end),
        ready = next(),
        [begin exit(P, R), {got, {'EXIT', Self, R}} = next() end || R <- [normal, a, {b, "c"}]],
        M = monitor(process, P),
        exit(P, kill),
        {'DOWN', M, process, P, killed} = next()
    end).

test_spawn() ->
    with_peer(fun(N) ->
        Self = self(),
        P = spawn(N, fun() -> Self ! {self(), node(), group_leader(), process_info(self(), initial_call)} end),
        GL = group_leader(),
        {P, N, GL, {initial_call, {erlang, apply, 2}}} = next(),
        Q = spawn(N, ?MODULE, spawner, [Self, [1, 2, 3]]),
        {Q, [1, 2, 3]} = next(),
        {U, M} = spawn_monitor(N, no_module, no_function, [x]),
        {'DOWN', M, process, U, {undef, [{no_module, no_function, [x], []}]}} = next(),
        {'EXIT', {badarg, _}} = (catch spawn(N, m, f, improper)),
        {'EXIT', {badarg, _}} = (catch spawn(N, 1, f, []))
    end).

spawner(To, Args) -> To ! {self(), Args}.

test_spawn_options() ->
    with_peer(fun(N) ->
        process_flag(trap_exit, true),
        Self = self(),
        {P, M} = spawn_opt(N, fun() -> Self ! process_info(self(), [priority, min_heap_size]), exit(done) end,
                           [link, monitor, {priority, high}, {min_heap_size, 1000}]),
        [{priority, high}, {min_heap_size, Words}] = next(),
        true = Words >= 1000,
        [{'EXIT', P, done}, {'DOWN', M, process, P, done}] = lists:sort([next(), next()]),
        {Q, M2} = spawn_opt(N, erlang, exit, [x], [{monitor, [{tag, tagged}]}]),
        {tagged, M2, process, Q, x} = next(),
        {'EXIT', {badarg, _}} = (catch spawn_opt(N, erlang, exit, [x], [{no, option}])),
        {'EXIT', {badarg, _}} = (catch spawn_opt(N, erlang, exit, [x], [{reply, no}])),
        none = none()
    end).

test_spawn_request() ->
    with_peer(fun(N) ->
        R = spawn_request(N, ?MODULE, echo, [], []),
        {spawn_reply, R, ok, P} = next(),
        N = node(P),
        R2 = spawn_request(N, erlang, exit, [foo], [monitor, {reply_tag, mine}]),
        {mine, R2, ok, P2} = next(),
        {'DOWN', R2, process, P2, foo} = next(),
        R3 = spawn_request(N, ?MODULE, echo, [], [{bad, option}]),
        {spawn_reply, R3, error, badopt} = next(),
        _ = spawn_request(N, ?MODULE, echo, [], [{reply, no}]),
        _ = spawn_request(N, ?MODULE, echo, [], [{reply, error_only}]),
        none = none(),
        R4 = spawn_request(N, ?MODULE, echo, [], [link]),
        true = spawn_request_abandon(R4),
        false = spawn_request_abandon(R4),
        false = spawn_request_abandon(make_ref()),
        none = none()
    end).

test_aliases() ->
    with_peer(fun(N) ->
        A = alias(),
        spawn(N, erlang, send, [A, hello]),
        hello = next(),
        true = unalias(A),
        spawn(N, erlang, send, [A, again]),
        none = none(),
        P = spawn(N, ?MODULE, echo, []),
        M = monitor(process, P, [{alias, reply_demonitor}]),
        P ! {M, x},
        {P, x} = next(),
        P ! {M, y},
        exit(P, kill),
        none = none(),
        B = alias(),
        self() ! B,
        B = binary_to_term(term_to_binary(B)),
        binary_to_term(term_to_binary(B)) ! through_bytes,
        B = next(),
        through_bytes = next(),
        unalias(B)
    end).

test_group_leader() ->
    with_peer(fun(N) ->
        P = spawn(N, ?MODULE, echo, []),
        GL = group_leader(),
        {group_leader, GL} = erpc:call(N, erlang, process_info, [P, group_leader]),
        true = group_leader(self(), P),
        Self = self(),
        {group_leader, Self} = erpc:call(N, erlang, process_info, [P, group_leader]),
        Q = spawn(?MODULE, echo, []),
        true = erpc:call(N, erlang, group_leader, [P, Q]),
        (fun Wait() -> case process_info(Q, group_leader) of {group_leader, P} -> ok; _ -> receive after 5 -> ok end, Wait() end end)()
    end).

test_connection_lost() ->
    with_peer(fun(N) ->
        process_flag(trap_exit, true),
        P = spawn_link(N, ?MODULE, echo, []),
        Q = spawn(N, ?MODULE, echo, []),
        M = monitor(process, Q),
        M2 = monitor(process, {kernel_sup, N}),
        M3 = monitor(process, Q),
        demonitor(M3),
        true = monitor_node(N, true),
        erpc:cast(N, erlang, halt, []),
        Got = lists:sort([next() || _ <- [1, 2, 3, 4]]),
        Got = lists:sort([{'EXIT', P, noconnection}, {'DOWN', M, process, Q, noconnection}, {'DOWN', M2, process, {kernel_sup, N}, noconnection}, {nodedown, N}]),
        none = none(),
        {links, Links} = process_info(self(), links),
        false = lists:member(P, Links),
        {monitors, []} = process_info(self(), monitors),
        M4 = monitor(process, Q),
        {'DOWN', M4, process, Q, noconnection} = next(),
        link(P),
        {'EXIT', P, noconnection} = next()
    end).

%% A node that was left takes the next connection at once, also when it has not yet heard the end of the last one.
test_connected_anew() ->
    with_quiet_peer(fun(N) ->
        [begin
             {P, M} = spawn_monitor(fun() -> spawn_request(N, ?MODULE, forsaken, [], [link]), exit(bye) end),
             receive {'DOWN', M, process, P, bye} -> erlang:disconnect_node(N) end,
             {I, pong} = {I, net_adm:ping(N)}
         end || I <- lists:seq(1, girder_size:scaled(500))]
    end).

test_monitor_node() ->
    with_quiet_peer(fun(N) ->
        true = monitor_node(N, true),
        true = monitor_node(N, true),
        true = monitor_node(N, true),
        true = monitor_node(N, false),
        true = erlang:disconnect_node(N),
        {nodedown, N} = next(),
        {nodedown, N} = next(),
        none = none(),
        true = monitor_node(node(), true),
        {'EXIT', {badarg, _}} = (catch monitor_node(1, true)),
        {'EXIT', {badarg, _}} = (catch monitor_node(N, maybe_)),
        pong = net_adm:ping(N)
    end).

test_monitor_nodes() ->
    with_quiet_peer(fun(N) ->
        ok = net_kernel:monitor_nodes(true),
        ok = net_kernel:monitor_nodes(true, [nodedown_reason]),
        ok = net_kernel:monitor_nodes(true, #{node_type => all, connection_id => true, nodedown_reason => true}),
        true = erlang:disconnect_node(N),
        Down = [next(), next(), next()],
        [{nodedown, N}] = [X || {nodedown, _} = X <- Down],
        [[{nodedown_reason, disconnect}]] = [L || {nodedown, _, L} <- Down, is_list(L)],
        [#{connection_id := C, node_type := visible, nodedown_reason := disconnect}] = [I || {nodedown, _, I} <- Down, is_map(I)],
        pong = net_adm:ping(N),
        Up = [next(), next(), next()],
        [{nodeup, N}] = [X || {nodeup, _} = X <- Up],
        [#{connection_id := C2, node_type := visible}] = [I || {nodeup, _, I} <- Up, is_map(I)],
        true = C2 > C,
        ok = net_kernel:monitor_nodes(false),
        ok = net_kernel:monitor_nodes(false, [nodedown_reason]),
        ok = net_kernel:monitor_nodes(false, #{node_type => all, connection_id => true, nodedown_reason => true}),
        true = erlang:disconnect_node(N),
        none = none()
    end).

test_nodes() ->
    with_quiet_peer(fun(N) ->
        true = lists:member(N, nodes()),
        Self = node(),
        [Self] = nodes(this),
        true = lists:member(N, nodes(connected)),
        true = lists:member(N, nodes(known)) andalso lists:member(Self, nodes(known)),
        [{N, #{node_type := visible, connection_id := C}}] = [X || {M, _} = X <- nodes([visible], #{node_type => true, connection_id => true}), M =:= N],
        true = is_integer(C),
        true = lists:keymember(N, 1, erlang:system_info(dist_ctrl)),
        true = erlang:disconnect_node(N),
        false = lists:member(N, nodes()),
        true = lists:member(N, nodes(known)),
        pong = net_adm:ping(N)
    end).

test_identity() ->
    with_peer(fun(N) ->
        P = spawn(N, ?MODULE, echo, []),
        P ! {self(), {self(), make_ref(), P}},
        {P, {Self, R, P2}} = next(),
        true = Self =:= self() andalso P =:= P2,
        true = is_pid(P) andalso is_reference(R),
        N = node(P),
        R2 = erpc:call(N, erlang, make_ref, []),
        N = node(R2),
        true = R2 =:= binary_to_term(term_to_binary(R2)),
        true = P =:= binary_to_term(term_to_binary(P)),
        false = P =:= self(),
        #{P := 1, R2 := 2} = #{P => 1, R2 => 2},
        true = erlang:phash2(P) =:= erlang:phash2(binary_to_term(term_to_binary(P))),
        true = P =:= list_to_pid(pid_to_list(P)),
        Port = hd(erpc:call(N, erlang, ports, [])),
        N = node(Port),
        true = is_port(Port),
        true = Port =:= binary_to_term(term_to_binary(Port)),
        3 = length(lists:usort([P, R2, Port, P, R2, Port]))
    end).

test_calls() ->
    with_peer(fun(N) ->
        N = rpc:call(N, erlang, node, []),
        {badrpc, {'EXIT', {oops, _}}} = rpc:call(N, erlang, error, [oops]),
        [N, N] = rpc:parallel_eval([{erlang, node, []} || _ <- []]) ++ [rpc:call(N, erlang, node, []) || _ <- [1, 2]],
        {error, {exception, oops, _}} = try erpc:call(N, erlang, error, [oops]) catch C:E -> {C, E} end,
        [{ok, N}] = erpc:multicall([N], erlang, node, []),
        true = lists:member({kernel, "ERTS  CXC 138 10"}, [{A, D} || {A, D, _} <- rpc:call(N, application, loaded_applications, [])]),
        "out" = rpc:call(N, lists, append, ["o", "ut"])
    end).

test_global() ->
    with_peer(fun(N) ->
        ok = global:sync(),
        yes = global:register_name(dist_t_global, self()),
        Self = self(),
        Self = erpc:call(N, global, whereis_name, [dist_t_global]),
        erpc:call(N, global, send, [dist_t_global, through_global]),
        through_global = next(),
        global:unregister_name(dist_t_global),
        undefined = erpc:call(N, global, whereis_name, [dist_t_global]),
        ok = pg_test(N)
    end).

pg_test(N) ->
    {ok, Pg} = pg:start(dist_t_pg),
    {ok, _} = erpc:call(N, fun() -> {ok, P} = pg:start(dist_t_pg), unlink(P), {ok, P} end),
    Self = self(),
    ok = erpc:call(N, pg, join, [dist_t_pg, g, erpc:call(N, fun() -> spawn(?MODULE, echo, []) end)]),
    ok = pg:join(dist_t_pg, g, Self),
    2 = (fun Wait(0) -> 0; Wait(T) -> case length(pg:get_members(dist_t_pg, g)) of 2 -> 2; _ -> receive after 20 -> Wait(T - 1) end end end)(200),
    unlink(Pg),
    exit(Pg, shutdown),
    ok.

test_send_options() ->
    with_quiet_peer(fun(N) ->
        P = spawn(N, ?MODULE, echo, []),
        ok = erlang:send(P, {self(), 1}, [nosuspend, noconnect]),
        {P, 1} = next(),
        true = erlang:disconnect_node(N),
        noconnect = erlang:send(P, {self(), 2}, [noconnect]),
        noconnect = erlang:send({nobody, N}, {self(), 2}, [noconnect]),
        noconnect = erlang:send({nobody, 'never@heard.of.it'}, x, [noconnect]),
        ok = erlang:send(P, {self(), 3}, [nosuspend]),
        {P, 3} = next(),
        {'EXIT', {badarg, _}} = (catch erlang:send(P, x, [maybe_]))
    end).

%% A pid of this node's name but another creation is nobody.
test_old_incarnation() ->
    ok = alive(),
    process_flag(trap_exit, true),
    <<131, 88, Rest/binary>> = term_to_binary(self()),
    Size = byte_size(Rest) - 4,
    <<Start:Size/binary, Creation:32>> = Rest,
    Old = binary_to_term(<<131, 88, Start/binary, (Creation bxor 4):32>>),
    true = node(Old) =:= node() andalso Old =/= self(),
    Old ! lost,
    exit(Old, kill),
    M = monitor(process, Old),
    {'DOWN', M, process, Old, noproc} = next(),
    true = link(Old),
    {'EXIT', Old, noproc} = next(),
    none = none().

test_process_info() ->
    with_peer(fun(N) ->
        P = spawn(N, ?MODULE, echo, []),
        {'EXIT', {badarg, _}} = (catch process_info(P)),
        {'EXIT', {badarg, _}} = (catch is_process_alive(P)),
        true = rpc:call(N, erlang, is_process_alive, [P])
    end).

%% Messages, links and exits of one pair keep their order.
test_order() ->
    with_peer(fun(N) ->
        Self = self(),
        process_flag(trap_exit, true),
        P = spawn_link(N, fun() -> [Self ! I || I <- lists:seq(1, 20000)], exit(last) end),
        All = [receive X -> X end || _ <- lists:seq(1, 20001)],
        true = All =:= lists:seq(1, 20000) ++ [{'EXIT', P, last}],
        Q = spawn(N, fun() -> Self ! {self(), [receive X -> X end || _ <- lists:seq(1, 20000)]} end),
        [Q ! I || I <- lists:seq(1, 20000)],
        {Q, Back} = next(),
        true = Back =:= lists:seq(1, 20000)
    end).

%% Senders that are faster than the connection wait, and go on.
test_busy() ->
    with_peer(fun(N) ->
        Self = self(),
        Q = spawn(N, fun() -> receive start -> ok end, Self ! {sum, lists:sum([receive {_, I} -> I end || _ <- lists:seq(1, 200)])} end),
        Bin = binary:copy(<<"0123456789">>, 50000),
        Ps = [spawn_monitor(?MODULE, flood, [Q, Bin]) || _ <- [1, 2, 3, 4]],
        Q ! start,
        [{'DOWN', M, process, P, normal} = receive {'DOWN', M, _, _, _} = D -> D end || {P, M} <- Ps],
        {sum, 5100} = receive S -> S after 30000 -> timeout end
    end).

flood(To, Bin) -> [To ! {Bin, I} || I <- lists:seq(1, 50)].

%% How those are seen who wait for room in a connection, and that they get their results when there is some.
test_waiting_for_room() ->
    with_peer(fun(N) ->
        Os = rpc:call(N, os, getpid, []),
        Far = spawn(N, ?MODULE, echo, []),
        Me = self(),
        Tied = [begin
                    P = spawn(fun() ->
                        link(Far), M = monitor(process, Far), Me ! tied,
                        receive go -> Me ! {self(), F(M)} end
                    end),
                    receive tied -> {P, Result, {erlang, bif_return_trap, 2}} end
                end || {F, Result} <- [{fun(_) -> unlink(Far) end, true}, {fun(M) -> demonitor(M) end, true},
                                       {fun(M) -> demonitor(M, [info]) end, true}]],
        [] = os:cmd("kill -STOP " ++ Os),
        Filler = spawn_link(fun Fill() -> {nobody, N} ! binary:copy(<<1>>, 100000), Fill() end),
        ok = suspended(Filler),
        true = lists:member(seen(Filler), [{erlang, bif_return_trap, 2}, {erts_internal, dsend_continue_trap, 1}]),
        Calls = [{fun() -> Far ! x end, x, {erts_internal, dsend_continue_trap, 1}},
                 {fun() -> erlang:send(Far, x) end, x, {erts_internal, dsend_continue_trap, 1}},
                 {fun() -> erlang:send(Far, x, []) end, ok, {erts_internal, dsend_continue_trap, 1}},
                 {fun() -> {nobody, N} ! x end, x, {erts_internal, dsend_continue_trap, 1}},
                 {fun() -> apply(erlang, hd([send | Me]), [Far, x]) end, x, {erts_internal, dsend_continue_trap, 1}},
                 {fun() -> exit(Far, normal) end, true, {erts_internal, dsend_continue_trap, 1}},
                 {fun() -> link(Far) end, true, {erlang, bif_return_trap, 2}},
                 {fun() -> is_reference(monitor(process, Far)) end, true, {erlang, bif_return_trap, 2}},
                 {fun() -> is_reference(monitor(process, {nobody, N})) end, true, {erlang, bif_return_trap, 2}},
                 {fun() -> group_leader(group_leader(), Far) end, true, {erlang, bif_return_trap, 2}},
                 {fun() -> R = spawn_request(N, erlang, self, []), receive {spawn_reply, R, What, P} -> {What, node(P)} end end, {ok, N},
                  {erts_internal, spawn_request_yield, 3}}],
        _ = [P ! go || {P, _, _} <- Tied],
        Waiting = Tied ++ [{spawn_link(fun() -> Me ! {self(), F()} end), Result, Where} || {F, Result, Where} <- Calls],
        _ = [ok = suspended(P) || {P, _, _} <- Waiting],
        Wrong = [{P, Where, Seen} || {P, _, Where} <- Waiting, Seen <- [seen(P)], Seen =/= Where],
        [] = Wrong,
        %% The built-in has no frame.
        [] = [S || {P, _, _} <- Waiting, {current_stacktrace, [{_, F, _, _} | _] = S} <- [process_info(P, current_stacktrace)],
                   lists:member(F, [bif_return_trap, dsend_continue_trap, spawn_request_yield])],
        unlink(Filler),
        exit(Filler, kill),
        [] = os:cmd("kill -CONT " ++ Os),
        [] = [{Where, Got} || {P, Result, Where} <- Waiting, Got <- [receive {P, R} -> R after 10000 -> late end], Got =/= Result],
        ok
    end).

seen(P) -> {current_function, F} = process_info(P, current_function), F.

suspended(P) -> suspended(P, 500).
suspended(P, 0) -> process_info(P);
suspended(P, Tries) ->
    case process_info(P, status) of
        {status, suspended} -> ok;
        _ -> receive after 10 -> suspended(P, Tries - 1) end
    end.

test_unknown_node() ->
    ok = alive(),
    process_flag(trap_exit, true),
    N = list_to_atom("nobody@" ++ tl(lists:dropwhile(fun(C) -> C =/= $@ end, atom_to_list(node())))),
    pang = net_adm:ping(N),
    {badrpc, nodedown} = rpc:call(N, erlang, node, []),
    true = monitor_node(N, true),
    {nodedown, N} = next(),
    M = monitor(process, {x, N}),
    {'DOWN', M, process, {x, N}, noconnection} = next(),
    R = spawn_request(N, erlang, node, [], []),
    {spawn_reply, R, error, noconnection} = next(),
    {x, N} ! lost,
    {'EXIT', noconnection} = (catch exit(noconnection)),
    P = spawn_link(N, erlang, node, []),
    {'EXIT', P, noconnection} = next(),
    none = none().

%% What breaks the protocol ends the connection, and nothing else.
test_malformed() ->
    with_peer(fun(N) ->
        ok = logger:add_handler_filter(default, dist_t, {fun(#{level := L}, _) when L =:= warning; L =:= error -> stop; (E, _) -> E end, none}),
        register(a, self()),
        try [malformed(N, Bytes) || Bytes <- malformed()] after logger:remove_handler_filter(default, dist_t) end
    end).

malformed() ->
    Pid = tl(binary_to_list(term_to_binary(self()))),
    [[130],                                            % no version
     [131],
     [131, $X, 0],                                     % no such header
     [131, $D, 255],                                   % atoms that are not there
     [131, $D, 1, 0, 77],                              % an atom that was never sent
     [131, $D, 0],                                     % no control message
     [131, $D, 0, 82, 0],                              % an atom of an empty table
     [131, $D, 0, 97, 1],                              % no tuple
     [131, $D, 0, 104, 0],
     [131, $D, 0, 104, 1, 97, 99],                     % no such operation
     [131, $D, 0, 104, 2, 97, 2, 106],                 % too few elements
     [131, $D, 0, 104, 3, 97, 2, 106, 106],            % not to a process
     [131, $D, 0, 104, 3, 97, 1, Pid, Pid],            % a link from us to us
     [131, $D, 0, 104, 4, 97, 6, Pid, 106, 100, 0, 1, $a],            % no message
     [131, $D, 0, 104, 4, 97, 6, Pid, 106, 100, 0, 1, $a, 109, 255, 255, 255, 255],
     [131, $D, 0, 104, 4, 97, 6, Pid, 106, 100, 0, 1, $a, 108, 255, 255, 255, 255],
     [131, $D, 0, 104, 4, 97, 36, 97, 0, Pid, Pid],    % an acknowledgement from nobody
     [131, $E, <<1:64, 0:64>>, 0],                     % no fragments
     [131, $E, <<1:64>>],
     [131, $F, <<7:64, 1:64>>, 97]].                   % the end of something that never began

malformed(N, Bytes) ->
    pong = net_adm:ping(N),
    true = monitor_node(N, true),
    erpc:cast(N, ?MODULE, send_bytes, [node(), Bytes]),
    case next() of
        {nodedown, N} -> ok;
        Other -> error({Bytes, Other})
    end,
    none = none().

send_bytes(Node, Bytes) ->
    {Node, Port} = lists:keyfind(Node, 1, erlang:system_info(dist_ctrl)),
    port_command(Port, Bytes).

%% A node that lets the first node it meets name it.
test_dynamic_name() ->
    ok = alive(),
    Erl = filename:join(os:getenv("BINDIR"), "erl"),
    {ok, Peer, _} = peer:start(#{exec => Erl, connection => standard_io, args => ["-setcookie", "girder_test", "-sname", "undefined"]}),
    true = peer:call(Peer, erlang, is_alive, []),
    nonode@nohost = peer:call(Peer, erlang, node, []),
    true = peer:call(Peer, erlang, monitor_node, ['nobody@there', false]),
    true = peer:call(Peer, net_kernel, connect_node, [node()]),
    Name = peer:call(Peer, erlang, node, []),
    true = Name =/= nonode@nohost,
    true = is_hidden_node(Name, 200),
    peer:stop(Peer).

%% The other side of a connection may be up a little earlier.
is_hidden_node(_, 0) -> false;
is_hidden_node(Name, N) -> lists:member(Name, nodes(hidden)) orelse receive after 10 -> is_hidden_node(Name, N - 1) end.

test_wrong_arguments() ->
    ok = alive(),
    [{'EXIT', {badarg, _}} = (catch apply(M, F, A)) ||
        {M, F, A} <- [{erlang, setnode, [a, 1]}, {erlang, setnode, ['a@b', -1]}, {erlang, setnode, ['a@b', self(), {0, 1}]},
                      {erlang, setnode, ['a@b', x, {17239956, 1}]}, {erlang, dist_get_stat, [x]}, {erlang, dist_get_stat, [{1, make_ref()}]},
                      {erts_internal, new_connection, [x]}, {erts_internal, new_connection, [node()]}, {erts_internal, abort_pending_connection, ['a@b', x]},
                      {erlang, dist_ctrl_put_data, [{1, make_ref()}, <<>>]}, {erlang, nodes, [x]}, {erlang, nodes, [[visible | x]]},
                      {erlang, nodes, [visible, x]}, {erlang, nodes, [visible, #{x => true}]}, {erlang, spawn_opt, ['a@b', m, f, [], x]},
                      {erlang, monitor, [process, {x, 1}]}, {erlang, send, [{x, 1}, y]}]],
    [{'EXIT', {notsup, _}} = (catch apply(erlang, F, A)) ||
        {F, A} <- [{dist_ctrl_get_data, [x]}, {dist_ctrl_get_data_notification, [x]}, {dist_ctrl_get_opt, [x, get_size]},
                   {dist_ctrl_set_opt, [x, get_size, true]}, {dist_ctrl_input_handler, [x, self()]}]],
    C = erts_internal:new_connection('girder_nobody@nowhere'),
    C = erts_internal:new_connection('girder_nobody@nowhere'),
    true = erts_internal:abort_pending_connection('girder_nobody@nowhere', C),
    true = C =/= erts_internal:new_connection('girder_nobody@nowhere').

%% A linked child whose parent gave its spawn request up ends, whether the parent still lives when the answer comes or not.
test_abandoned_children() ->
    with_peer(fun(Node) ->
        ok = erpc:call(Node, fun() -> {module, _} = code:ensure_loaded(?MODULE), ok end),
        Parents = [spawn_monitor(fun() ->
                                     R = spawn_request(Node, ?MODULE, forsaken, [], [link]),
                                     _ = [receive after N rem 7 -> ok end || N rem 3 =:= 0],
                                     Given = spawn_request_abandon(R),
                                     _ = [receive after 500 -> ok end || N rem 2 =:= 0],
                                     exit({given_up, Given})
                                 end) || N <- lists:seq(1, 100)],
        [receive {'DOWN', M, process, _, {given_up, _}} -> ok end || {_, M} <- Parents],
        %% Some end before they do anything; the call comes after all requests.
        ok = none_left(Node, 100)
    end).

%% The answer comes while the parent throws its messages away.
test_children_of_the_dying() ->
    with_peer(fun(Node) ->
        ok = erpc:call(Node, fun() -> {module, _} = code:ensure_loaded(?MODULE), ok end),
        [begin
             {P, M} = spawn_monitor(fun() ->
                 _ = [self() ! {I, some, message} || I <- lists:seq(1, 1000 + N * 100)],
                 spawn_request(Node, ?MODULE, forsaken, [], [link, {priority, max}]),
                 exit(bye)
             end),
             receive {'DOWN', M, process, P, bye} -> ok end
         end || N <- lists:seq(1, 300)],
        ok = none_left(Node, 30)
    end).

none_left(Node, Tries) when Tries > 0 ->
    Is = fun(P) -> process_info(P, current_function) =:= {current_function, {?MODULE, forsaken, 0}} end,
    receive after 100 -> ok end,
    case erpc:call(Node, fun() -> [P || P <- processes(), Is(P)] end) of
        [] -> ok;
        _ -> none_left(Node, Tries - 1)
    end.

forsaken() -> receive after infinity -> ok end.

%% A message that makes a connection busy does not suspend who asked for that not to happen; the next one is refused.
test_nosuspend() ->
    with_peer(fun(N) ->
        Pid = erpc:call(N, os, getpid, []),
        os:cmd("kill -STOP " ++ Pid),
        try
            Filler = binary:copy(<<"0123456789">>, 5000),
            nosuspend = until_busy({nobody, N}, Filler),
            nosuspend = erlang:send({nobody, N}, Filler, [nosuspend])
        after
            os:cmd("kill -CONT " ++ Pid)
        end,
        pong = net_adm:ping(N)
    end).

until_busy(To, Filler) ->
    case erlang:send(To, Filler, [nosuspend]) of
        ok -> until_busy(To, Filler);
        Busy -> Busy
    end.
