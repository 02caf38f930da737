%% SPDX-License-Identifier: Apache-2.0
%% A server with very many connections, and with clients that behave badly. The clients are another emulator, so that each has descriptors of its own.
%% run: alone
%% run: timeout 240
-module(crowd_t).
-export([test_gen_tcp_crowd/0, test_socket_crowd/0, test_dead_acceptor/0, test_hostile_clients/0]).
-export([client_main/1, hold/3, hostile/2]).

crowd() -> girder_size:scaled(1000, 50).

%% --- idle connections, then traffic on each -------------------------------------------------------------------------------------------

test_gen_tcp_crowd() ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {backlog, 1000}, {ip, {127, 0, 0, 1}}, {nodelay, true}]),
    {ok, Port} = inet:port(L),
    Accept = fun() -> {ok, S} = gen_tcp:accept(L, 60000), S end,
    crowd(Port, Accept, fun tcp_echo/1, fun gen_tcp:close/1),
    ok = gen_tcp:close(L).

tcp_echo(S) ->
    {ok, Bytes} = gen_tcp:recv(S, 8, 120000),
    ok = gen_tcp:send(S, Bytes).

test_socket_crowd() ->
    {ok, L} = socket:open(inet, stream),
    ok = socket:bind(L, #{family => inet, addr => loopback, port => 0}),
    ok = socket:listen(L, 1000),
    {ok, #{port := Port}} = socket:sockname(L),
    Accept = fun() -> {ok, S} = socket:accept(L, 60000), S end,
    crowd(Port, Accept, fun socket_echo/1, fun socket:close/1),
    ok = socket:close(L).

socket_echo(S) ->
    {ok, Bytes} = socket:recv(S, 8, 120000),
    ok = socket:send(S, Bytes).

%% A process for each connection sits in recv; nothing comes for a while; then each gets something, from the last to the first.
crowd(Port, Accept, Echo, Close) ->
    N = crowd(),
    Before = descriptors(),
    Client = client(hold, [Port, N]),
    Server = self(),
    Handlers = [begin
                    S = Accept(),
                    H = spawn_link(fun() -> receive {yours, Own} -> Echo(Own), Echo(Own), Server ! {done, self()}, receive stop -> Close(Own) end end end),
                    hand_over(S, H),
                    H ! {yours, S},
                    H
                end || _ <- lists:seq(1, N)],
    receive {Client, {connected, N}} -> ok after 120000 -> error(timeout) end,
    true = descriptors() >= Before + N,
    timer:sleep(300),
    Client ! traffic,
    [receive {done, H} -> ok after 120000 -> error(timeout) end || H <- Handlers],
    receive {Client, {answered, N}} -> ok after 120000 -> error(timeout) end,
    [begin unlink(H), M = monitor(process, H), H ! stop, receive {'DOWN', M, _, _, normal} -> ok end end || H <- Handlers],
    stop(Client),
    ok = settled(Before + 40).  % the emulator may have made pollers, two descriptors each

hand_over(S, Pid) when is_port(S) -> ok = gen_tcp:controlling_process(S, Pid);
hand_over(S, Pid) -> ok = socket:setopt(S, {otp, controlling_process}, Pid).

%% In the other emulator.
hold(Server, Port, N) ->
    Sockets = [begin
                   {ok, S} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}, {nodelay, true}], 60000),
                   S
               end || _ <- lists:seq(1, N)],
    tell(Server, {connected, N}),
    traffic = told(Server),
    Numbered = lists:reverse(lists:enumerate(Sockets)),
    [round_trips(Numbered, Turn) || Turn <- [1, 2]],
    tell(Server, {answered, N}),
    told(Server).

round_trips(Numbered, Turn) ->
    [ok = gen_tcp:send(S, <<Turn:32, I:32>>) || {I, S} <- Numbered],
    [{ok, <<Turn:32, I:32>>} = gen_tcp:recv(S, 8, 120000) || {I, S} <- Numbered].

%% A dead process takes no connection along, and nobody seems to be waiting any more.
test_dead_acceptor() ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(L),
    States = fun() -> lists:sort(maps:get(states, inet:info(L))) end,
    [listen, open] = States(),
    {Pid, M} = spawn_monitor(fun() -> gen_tcp:accept(L) end),
    ok = until(fun() -> lists:member(accepting, States()) end, 500),
    true = exit(Pid, kill),
    receive {'DOWN', M, _, _, killed} -> ok end,
    ok = until(fun() -> States() =:= [listen, open] end, 500),
    {ok, C} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}]),
    {ok, S} = gen_tcp:accept(L, 5000),
    ok = gen_tcp:send(C, <<"x">>),
    {ok, <<"x">>} = gen_tcp:recv(S, 1, 5000),
    [ok = gen_tcp:close(Socket) || Socket <- [C, S, L]],
    ok.

until(F, N) when N > 0 ->
    case F() of true -> ok; false -> timer:sleep(10), until(F, N - 1) end.

%% --- clients that misbehave -----------------------------------------------------------------------------------------------------------

%% One well-behaved client is served all the while, memory stays small, and every descriptor comes back.
test_hostile_clients() ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {packet, 4}, {packet_size, 65536}, {backlog, 1000}, {ip, {127, 0, 0, 1}},
                                 {send_timeout, 2000}, {send_timeout_close, true}, {high_watermark, 65536}]),
    {ok, Port} = inet:port(L),
    {Acceptor, AcceptorMonitor} = spawn_monitor(fun() -> accept_all(L) end),
    Client = client(hostile, [Port]),
    Before = descriptors(),
    Memory = girder_memory:resident_kb(),
    {ok, Good} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}, {packet, 4}]),
    [begin
         Client ! {do, Kind, girder_size:scaled(100, 10)},
         ok = served_until(Client, Kind, Good, 0)
     end || Kind <- [garbage, half, reset, vanish, flood, deaf]],
    true = girder_memory:resident_kb() - Memory < 300000,
    ok = gen_tcp:close(Good),
    true = exit(Acceptor, kill),
    receive {'DOWN', AcceptorMonitor, _, _, _} -> ok end,
    stop(Client),
    ok = settled(Before + 40),
    _ = gen_tcp:close(L),
    ok.

served_until(Client, Kind, Good, N) ->
    ok = gen_tcp:send(Good, <<"still there?">>),
    {ok, <<"still there?">>} = gen_tcp:recv(Good, 0, 20000),
    receive
        {Client, {done, Kind}} -> ok
    after 10 -> served_until(Client, Kind, Good, N + 1)
    end.

accept_all(L) ->
    case gen_tcp:accept(L) of
        {ok, S} ->
            Pid = spawn(fun() -> receive yours -> serve(S) end end),
            _ = gen_tcp:controlling_process(S, Pid),  % it may have been reset already
            Pid ! yours,
            accept_all(L);
        {error, closed} -> ok;
        {error, _} -> accept_all(L)
    end.

%% Packets come one at a time, and each is answered before the next is asked for.
serve(S) ->
    _ = inet:setopts(S, [{active, once}]),
    receive
        {tcp, S, Packet} ->
            case gen_tcp:send(S, Packet) of
                ok -> serve(S);
                {error, _} -> gen_tcp:close(S)
            end;
        {tcp_closed, S} -> gen_tcp:close(S);
        {tcp_error, S, _} -> gen_tcp:close(S)
    after 5000 -> gen_tcp:close(S)
    end.

%% In the other emulator.
hostile(Server, Port) ->
    {do, Kind, N} = told(Server),
    [misbehave(Kind, Port, I) || I <- lists:seq(1, size_of(Kind, N))],
    tell(Server, {done, Kind}),
    hostile(Server, Port).

size_of(Kind, N) when Kind =:= flood; Kind =:= deaf -> max(N div 10, 3);
size_of(_, N) -> N.

connect(Port) ->
    {ok, S} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}, {send_timeout, 500}], 20000),
    S.

misbehave(garbage, Port, I) ->
    S = connect(Port),
    _ = gen_tcp:send(S, [<<255, 255, 255, 255>>, binary:copy(<<I:32>>, 1000)]),
    {error, _} = gen_tcp:recv(S, 0, 20000),  % a packet of 4 GB is refused at once
    gen_tcp:close(S);
misbehave(half, Port, I) ->
    S = connect(Port),
    _ = gen_tcp:send(S, binary:part(<<1000:32, 0:800>>, 0, 1 + I rem 100)),
    gen_tcp:close(S);
misbehave(reset, Port, I) ->
    S = connect(Port),
    _ = [gen_tcp:send(S, <<100:32, 0:800>>) || I rem 2 =:= 0],
    ok = inet:setopts(S, [{linger, {true, 0}}]),
    gen_tcp:close(S);
misbehave(vanish, Port, _) ->
    gen_tcp:close(connect(Port));
misbehave(flood, Port, _) ->
    S = connect(Port),
    Packet = binary:copy(<<10:32, "0123456789">>, 10000),
    _ = [gen_tcp:send(S, Packet) || _ <- lists:seq(1, 5)],
    gen_tcp:close(S);
misbehave(deaf, Port, _) ->
    S = connect(Port),
    Packet = binary:copy(<<60000:32, 0:480000>>, 50),  % answered, and never read
    _ = gen_tcp:send(S, Packet),
    timer:sleep(300),
    put(deaf, [S | case get(deaf) of undefined -> []; Others -> Others end]),
    ok.

%% --- support --------------------------------------------------------------------------------------------------------------------------

%% A second emulator, told what to do by terms through a socket; here it is a process: what is sent to it goes there, what comes from there is
%% {Process, Term}.
client(Function, Arguments) ->
    {ok, L} = gen_tcp:listen(0, [binary, {packet, 4}, {active, true}, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(L),
    Here = self(),
    Call = lists:flatten(io_lib:format("~s:client_main(~b).", [?MODULE, Port])),
    Proxy = spawn_link(fun() ->
                               {ok, [[Erl]]} = init:get_argument(progname),
                               Program = open_port({spawn_executable, os:find_executable(Erl)},
                                                   [exit_status, {args, ["-noshell", "-pa", filename:dirname(code:which(?MODULE)), "-eval", Call]}]),
                               {ok, S} = gen_tcp:accept(L, 60000),
                               ok = gen_tcp:close(L),
                               ok = gen_tcp:send(S, term_to_binary({Function, Arguments})),
                               Here ! {self(), ready},
                               proxy(S, Program, Here)
                       end),
    ok = gen_tcp:controlling_process(L, Proxy),
    receive {Proxy, ready} -> Proxy after 60000 -> error(timeout) end.

proxy(S, Program, Here) ->
    receive
        {tcp, S, Bytes} -> Here ! {self(), binary_to_term(Bytes)}, proxy(S, Program, Here);
        {tcp_closed, S} -> error(client_is_gone);
        {Program, {data, Text}} -> io:put_chars(user, Text), proxy(S, Program, Here);
        {Program, {exit_status, Status}} -> error({client_ended, Status});
        stop ->
            ok = gen_tcp:close(S),
            receive {Program, {exit_status, _}} -> ok end;
        Message ->
            ok = gen_tcp:send(S, term_to_binary(Message)),
            proxy(S, Program, Here)
    end.

stop(Client) ->
    unlink(Client),
    M = monitor(process, Client),
    Client ! stop,
    receive {'DOWN', M, _, _, normal} -> ok after 60000 -> error(timeout) end.

%% In the other emulator.
client_main(Port) ->
    {ok, S} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {packet, 4}, {active, false}]),
    {ok, Bytes} = gen_tcp:recv(S, 0),
    {Function, Arguments} = binary_to_term(Bytes),
    spawn_link(fun() -> apply(?MODULE, Function, [S | Arguments]) end),
    receive after infinity -> ok end.

tell(S, Term) -> ok = gen_tcp:send(S, term_to_binary(Term)).

told(S) ->
    case gen_tcp:recv(S, 0) of
        {ok, Bytes} -> binary_to_term(Bytes);
        {error, closed} -> halt(0, [{flush, false}])
    end.

descriptors() -> {ok, Names} = file:list_dir("/proc/self/fd"), length(Names).

settled(Most) -> settled(Most, 500).
settled(Most, N) ->
    case descriptors() of
        Now when Now =< Most -> ok;
        Now when N =:= 0 -> {at_most, Most, now, Now};
        _ -> timer:sleep(20), settled(Most, N - 1)
    end.
