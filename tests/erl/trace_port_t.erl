%% SPDX-License-Identifier: Apache-2.0
%% run: timeout 60
%% Tracing of ports.
-module(trace_port_t).
-export([test_life/0, test_messages/0, test_running/0, test_which/0, test_tracer_ends/0, test_queue/0, test_packets/0, test_port_tracer/0,
         test_socket/0, test_virtual/0, test_sender/0]).

cat() -> open_port({spawn, "cat"}, [binary]).

flush() ->
    Ref = erlang:trace_delivered(all),
    receive {trace_delivered, all, Ref} -> ok end,
    rest().

rest() -> receive M -> [M | rest()] after 0 -> [] end.

%% What ports are told and tell while they come and go.
test_life() ->
    Me = self(),
    0 = erlang:trace(new_ports, true, [ports]),
    P = cat(),
    0 = erlang:trace(new_ports, false, [ports]),
    [{trace, P, open, Me, cat}, {trace, P, getting_linked, Me}] = flush(),
    register(traced_port, P),
    unregister(traced_port),
    register(traced_port, P),
    unlink(P),
    link(P),
    [{trace, P, register, traced_port}, {trace, P, unregister, traced_port}, {trace, P, register, traced_port},
     {trace, P, getting_unlinked, Me}, {trace, P, getting_linked, Me}] = flush(),
    {Pid, Ref} = spawn_monitor(fun() -> receive stop -> ok end end),
    true = port_connect(P, Pid),
    unlink(P),
    [{trace, P, getting_linked, Pid}, {trace, P, getting_unlinked, Me}] = flush(),
    Pid ! stop,
    receive {'DOWN', Ref, process, Pid, normal} -> ok end,
    gone(P),
    [{trace, P, closed, normal}, {trace, P, unregister, traced_port}] = flush(),
    Q = cat(),
    [] = flush(),
    1 = erlang:trace(Q, true, [ports]),
    unlink(Q),
    exit(Q, {some, reason}),
    gone(Q),
    [{trace, Q, getting_unlinked, Me}, {trace, Q, closed, {some, reason}}] = flush().

gone(P) ->
    case erlang:port_info(P) of
        undefined -> ok;
        _ -> timer:sleep(5), gone(P)
    end.

test_messages() ->
    Me = self(),
    P = cat(),
    1 = erlang:trace(P, true, [send, 'receive']),
    {flags, ['receive', send]} = erlang:trace_info(P, flags),
    {tracer, Me} = erlang:trace_info(P, tracer),
    true = port_command(P, ["ab", <<"c">>, [$d | <<"e">>]]),
    receive {P, {data, <<"abcde">>}} -> ok end,
    P ! {Me, {command, "f"}},
    receive {P, {data, <<"f">>}} -> ok end,
    [{trace, P, 'receive', {Me, {command, <<"abcde">>}}}, {trace, P, send, {P, {data, <<"abcde">>}}, Me},
     {trace, P, 'receive', {Me, {command, <<"f">>}}}, {trace, P, send, {P, {data, <<"f">>}}, Me}] = flush(),
    badarg = try port_control(P, 16#ffffffff, "op") catch error:R -> R end,
    [{trace, P, 'receive', {Me, {control, {16#ffffffff, <<"op">>}}}}] = flush(),
    true = port_connect(P, Me),
    [{trace, P, 'receive', {Me, {connect, Me}}}, {trace, P, send, {P, connected}, Me}] = flush(),
    P ! {Me, {connect, Me}},
    receive {P, connected} -> ok end,
    [{trace, P, 'receive', {Me, {connect, Me}}}, {trace, P, send, {P, connected}, Me}] = flush(),
    P ! {Me, close},
    receive {P, closed} -> ok end,
    [{trace, P, 'receive', {Me, close}}, {trace, P, send, closed, Me}] = flush(),
    Q = cat(),
    1 = erlang:trace(Q, true, ['receive']),
    port_close(Q),
    [{trace, Q, 'receive', {Me, close}}] = flush(),
    S = open_port({spawn, "sh -c 'read x; exit 3'"}, [exit_status, eof]),
    1 = erlang:trace(S, true, [send]),
    port_command(S, "x\n"),
    receive {S, {exit_status, 3}} -> ok end,
    receive {S, eof} -> ok end,
    %% Another emulator may tell of its own requests, too.
    [{trace, S, send, {S, {exit_status, 3}}, Me}, {trace, S, send, {S, eof}, Me}] = [M || {trace, _, send, _, To} = M <- flush(), To =:= Me],
    port_close(S).

test_running() ->
    Me = self(),
    P = cat(),
    1 = erlang:trace(P, true, [running_ports]),
    true = port_command(P, "a"),
    receive {P, {data, <<"a">>}} -> ok end,
    Descriptor = [{trace, P, in, 0}, {trace, P, out, 0}],
    [{trace, P, in, command}, {trace, P, out, command} | Descriptor] = flush_visits(4),
    {connected, Me} = erlang:port_info(P, connected),
    unlink(P),
    link(P),
    Ref = monitor(port, P),
    demonitor(Ref),
    catch port_control(P, 1, ""),
    P ! {Me, close},
    receive {P, closed} -> ok end,
    Visits = flush(),
    Once = [info, unlink, link, monitor, demonitor, control],
    Visits = lists:append([[{trace, P, in, What}, {trace, P, out, What}] || What <- Once]) ++ [{trace, P, in, close}],
    Q = cat(),
    1 = erlang:trace(Q, true, [running_ports, timestamp]),
    {id, _} = erlang:port_info(Q, id),
    [{trace_ts, Q, in, info, {_, _, _}}, {trace_ts, Q, out, info, {_, _, _}}] = flush(),
    port_close(Q).

%% The last visit ends after its message is there.
flush_visits(N) ->
    case flush() of
        Ms when length(Ms) >= N -> Ms;
        Ms -> timer:sleep(10), Ms ++ flush_visits(N - length(Ms))
    end.

%% Which ports, and which flags, trace/3 means.
test_which() ->
    Me = self(),
    P = cat(),
    Ports = length(erlang:ports()),
    Info = fun() -> {element(2, erlang:trace_info(P, flags)), element(2, erlang:trace_info(new_ports, flags))} end,
    {[], []} = Info(),
    1 = erlang:trace(P, true, [procs, call]),
    {[procs, call], []} = Info(),
    1 = erlang:trace(P, false, [all]),
    0 = erlang:trace(ports, true, [procs]),
    {[], []} = Info(),
    Ports = erlang:trace(ports, true, [ports, procs]),
    {[ports, procs], [ports]} = Info(),
    Ports = erlang:trace(existing_ports, false, [ports]),
    {[procs], [ports]} = Info(),
    Ports = erlang:trace(ports, false, [all]),
    {[], []} = Info(),
    0 = erlang:trace(new_ports, true, [running]),
    {[], []} = Info(),
    0 = erlang:trace(new_ports, true, [running_ports]),
    {[], [running_ports]} = Info(),
    {tracer, Me} = erlang:trace_info(new_ports, tracer),
    0 = erlang:trace(new_ports, false, [all]),
    Ports = erlang:trace(existing_ports, true, [send, timestamp]),
    {[send, timestamp], []} = Info(),
    {tracer, Me} = erlang:trace_info(P, tracer),
    Other = spawn(fun() -> receive stop -> ok end end),
    badarg = try erlang:trace(P, true, [send, {tracer, Other}]) catch error:R -> R end,
    badarg = try erlang:trace(P, true, [cpu_timestamp]) catch error:R2 -> R2 end,
    Ports = erlang:trace(ports, false, [all]),
    port_close(P),
    undefined = erlang:trace_info(P, flags),
    badarg = try erlang:trace(P, true, [send]) catch error:R3 -> R3 end,
    Other ! stop,
    [] = rest().

test_tracer_ends() ->
    P = cat(),
    {Tracer, Ref} = spawn_monitor(fun() -> receive stop -> ok end end),
    1 = erlang:trace(P, true, ['receive', {tracer, Tracer}]),
    {tracer, Tracer} = erlang:trace_info(P, tracer),
    Tracer ! stop,
    receive {'DOWN', Ref, process, Tracer, normal} -> ok end,
    true = port_command(P, ""),
    {tracer, []} = erlang:trace_info(P, tracer),
    {flags, []} = erlang:trace_info(P, flags),
    1 = erlang:trace(P, true, ['receive']),
    true = port_command(P, ""),
    [{trace, P, 'receive', {_, {command, <<>>}}}] = flush(),
    port_close(P).

%% A port that is closed stays traced until its queue is written.
test_queue() ->
    Me = self(),
    P = open_port({spawn, "sleep 0.2"}, []),
    1 = erlang:trace(P, true, [ports, send, 'receive', running_ports]),
    Bytes = binary:copy(<<0>>, 1000000),
    true = port_command(P, Bytes, [nosuspend]),
    P ! {Me, close},
    receive {P, closed} -> ok end,
    Ms = flush(),
    [{trace, P, in, command}, {trace, P, 'receive', {Me, {command, Bytes}}}, {trace, P, out, command},
     {trace, P, in, close}, {trace, P, 'receive', {Me, close}}, {trace, P, closed, normal}, {trace, P, out, close} | Rest] = Ms,
    [{trace, P, in, 0}, {trace, P, send, closed, Me}] = lists:nthtail(length(Rest) - 2, Rest).

test_packets() ->
    Me = self(),
    P = open_port({spawn, "cat"}, [{packet, 2}]),
    1 = erlang:trace(P, true, [send, 'receive']),
    true = port_command(P, "ab"),
    receive {P, {data, "ab"}} -> ok end,
    [{trace, P, 'receive', {Me, {command, <<"ab">>}}}, {trace, P, send, {P, {data, "ab"}}, Me}] = flush(),
    port_close(P).

%% Ports that trace each other.
test_port_tracer() ->
    P = cat(),
    T = open_port({spawn, "cat"}, [binary, {packet, 4}]),
    1 = erlang:trace(P, true, [ports, {tracer, T}]),
    {tracer, T} = erlang:trace_info(P, tracer),
    Me = self(),
    register(traced_by_port, P),
    {trace, P, register, traced_by_port} = told(T),
    1 = erlang:trace(T, true, [ports, {tracer, P}]),
    unlink(P),
    {trace, P, getting_unlinked, Me} = told(T),
    unlink(T),
    receive {P, {data, Told}} -> {trace, T, getting_unlinked, Me} = binary_to_term(Told) end,
    port_close(P),
    {trace, P, closed, normal} = told(T),
    port_close(T).

told(T) -> receive {T, {data, Bytes}} -> binary_to_term(Bytes) after 5000 -> timeout end.

test_socket() ->
    Me = self(),
    {ok, L} = gen_tcp:listen(0, [binary]),
    {ok, Number} = inet:port(L),
    0 = erlang:trace(new_ports, true, [send, 'receive', ports]),
    {ok, A} = gen_tcp:connect({127, 0, 0, 1}, Number, [binary]),
    {ok, B} = gen_tcp:accept(L),
    0 = erlang:trace(new_ports, false, [all]),
    Big = binary:copy(<<"b">>, 300),
    ok = gen_tcp:send(A, ["x", <<"yz">>, Big, "e"]),
    ok = gen_tcp:close(A),
    receive {tcp_closed, B} -> ok after 5000 -> exit(open) end,
    Ms = [M || M <- flush(), case M of {trace, _, _, {_, {control, _}}} -> false; {trace, _, _, {_, {control, _}}, _} -> false; _ -> true end],
    [{trace, A, open, Me, tcp_inet}, {trace, A, getting_linked, Me}, {trace, A, send, {inet_async, A, _, ok}, Me},
     {trace, A, 'receive', {Me, {command, [<<"xyz">>, Big, <<"e">>]}}}, {trace, A, send, {inet_reply, A, ok}, Me},
     {trace, A, 'receive', {Me, close}}, {trace, A, closed, normal}] = [M || M <- Ms, element(2, M) =:= A],
    Received = iolist_to_binary([Data || {trace, P, send, {tcp, P, Data}, To} <- Ms, P =:= B, To =:= Me]),
    <<"xyz", Big:300/binary, "e">> = Received,
    [{trace, B, send, {tcp_closed, B}, Me}, {trace, B, closed, normal}] = last_two(B, Ms),
    gen_tcp:close(L).

last_two(B, Ms) ->
    Of = [M || M <- Ms, element(2, M) =:= B],
    lists:nthtail(length(Of) - 2, Of).

%% To a tracer of running_procs a process stops running while it calls a port; to one of running it doesn't.
test_virtual() ->
    Me = self(),
    P = cat(),
    Caller = fun() -> receive go -> port_command(P, ""), Me ! done, receive stop -> ok end end end,
    Stops = fun(Flag) ->
        Pid = spawn(Caller),
        1 = erlang:trace(Pid, true, [Flag]),
        Pid ! go,
        receive done -> ok end,
        Pid ! stop,
        timer:sleep(20),
        length([M || {trace, _, out, _} = M <- flush()])
    end,
    1 = Stops(running_procs) - Stops(running),
    port_close(P).

%% What a process sends to a port, and who was linked in the meantime.
test_sender() ->
    P = cat(),
    true = register(traced_sender, P),
    {Pid, Ref} = spawn_monitor(fun() ->
        receive go -> ok end,
        P ! {self(), {command, "a"}},
        traced_sender ! {self(), {command, "b"}},
        {traced_sender, node()} ! {self(), {command, "c"}},
        receive stop -> unlink(P) end
    end),
    1 = erlang:trace(Pid, true, [send, procs]),
    true = port_connect(P, Pid),
    {trace, Pid, getting_linked, P} = receive Linked -> Linked after 5000 -> timeout end,  % once Pid has taken the signal
    Pid ! go,
    timer:sleep(50),
    Name = {traced_sender, node()},
    [{trace, Pid, send, {Pid, {command, "a"}}, P}, {trace, Pid, send, {Pid, {command, "b"}}, P}, {trace, Pid, send, {Pid, {command, "c"}}, Name},
     {trace, Pid, send, {Pid, {command, "c"}}, P}] = flush(),
    Pid ! stop,
    receive {'DOWN', Ref, process, Pid, normal} -> ok end,
    port_close(P),
    [{trace, Pid, unlink, P}, {trace, Pid, exit, normal}] = flush().
