%% SPDX-License-Identifier: Apache-2.0
%% gen_tcp on the driver tcp_inet: packet types, active modes, the ends of connections, time-outs, errors.
-module(port_tcp).
-export([cases/0]).

cases() ->
    [{{packet, Type, Mode}, fun() -> packets(Type, Bytes, Mode) end}
     || {Type, Bytes} <- packet_types(), Mode <- [[binary], [list], [binary, {header, 2}]]] ++
    [{{passive_packet, Type, Mode}, fun() -> passive_packets(Type, Bytes, Mode) end}
     || {Type, Bytes} <- packet_types(), Mode <- [[binary], [list]]] ++
    [{{option, Option}, fun() -> option(Option) end} || Option <- options()] ++
    [{once, fun once/0}, {counted, fun counted/0}, {shut_write, fun shut_write/0}, {keep_on_close, fun keep_on_close/0},
     {send_timeout, fun send_timeout/0}, {send_timeout_zero, fun send_timeout_zero/0}, {large, fun large/0}, {errors, fun errors/0},
     {packet_size_passive, fun packet_size_passive/0}, {packet_size_active, fun packet_size_active/0}, {reset, fun reset/0},
     {passive_close, fun passive_close/0}, {deliver_port, fun deliver_port/0}, {local, fun local/0}, {unrecv, fun unrecv/0},
     {sendfile, fun send_file/0}, {sendfile_and_more, fun send_file_and_more/0}, {accept_timeout, fun accept_timeout/0}, {accept_many, fun accept_many/0}, {statistics, fun statistics/0},
     {new_owner, fun new_owner/0}, {owner_ends, fun owner_ends/0}, {closed_before_read, fun closed_before_read/0},
     {already, fun already/0}, {busy_others, fun busy_others/0}, {closed_by_other, fun closed_by_other/0}, {status, fun status/0}, {names, fun names/0}].

packet_types() ->
    [{0, ["abc", []]}, {raw, ["q"]}, {1, ["abc", "", lists:duplicate(255, $x)]}, {2, ["abc", "de"]}, {4, ["abc", <<"de">>]},
     {line, ["ab\ncd", "ef\r\n", "x"]}, {asn1, [<<48, 3, 1, 2, 3>>]}, {tpkt, [<<3, 0, 0, 6, 1, 2>>]}, {sunrm, [<<128, 0, 0, 2, 1, 2>>]},
     {fcgi, [<<1, 0, 0, 0, 0, 2, 1, 0, 7, 8, 9>>]}, {ssl_tls, [<<22, 3, 1, 0, 3, 1, 2, 3>>]},
     {cdr, [<<"GIOP", 1, 0, 0, 0, 0, 0, 0, 2, 5, 6>>]}, {http, ["GET /x?y HTTP/1.1\r\nHost: a:1\r\nX-foo: bar\r\n\r\n"]},
     {http_bin, ["HTTP/1.0 200 OK\r\nContent-Length: 3\r\nfoo-bAR: bar\r\n\r\n"]}, {httph, ["Host: x\r\n\r\n"]},
     {httph_bin, ["My-hdr: x\r\n\r\n"]}].

options() ->
    [active, packet, mode, buffer, high_watermark, low_watermark, nodelay, keepalive, linger, header, exit_on_close, send_timeout,
     send_timeout_close, delay_send, packet_size, deliver, show_econnreset, line_delimiter, reuseaddr, dontroute, priority, tos, ttl, recvtos,
     recvttl, tclass, ipv6_v6only, read_packets, nopush, netns, bind_to_device, high_msgq_watermark, low_msgq_watermark, multicast_ttl,
     pktoptions, debug, {raw, 1, 9, 4}, {raw, 1, 13, 1024}, {raw, 1, 13, 65522}, {raw, 1, 13, 65523}, {raw, 1, 13, 65536}, {raw, 6, 1, <<0:32>>}, {raw, 1, 9}, nonsense].

%% A connection: the connecting end and the accepted one.
pair(Listen, Connect) ->
    process_flag(trap_exit, true),
    {ok, L} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}} | Listen]),
    {ok, P} = inet:port(L),
    {ok, C} = gen_tcp:connect({127, 0, 0, 1}, P, Connect),
    {ok, S} = gen_tcp:accept(L),
    ok = gen_tcp:close(L),
    {C, S}.
passive() -> pair([binary, {active, false}], [binary, {active, false}]).

%% What came, in order, with the ends named.
got({C, S}) ->
    receive M -> [named(M, C, S) | got({C, S})] after 300 -> [] end.
named(C, C, _) -> client;
named(S, _, S) -> server;
named(P, _, _) when is_pid(P) -> pid;
named(T, C, S) when is_tuple(T) -> list_to_tuple(named(tuple_to_list(T), C, S));
named([H | T], C, S) -> [named(H, C, S) | named(T, C, S)];
named(X, _, _) -> X.

packets(Type, Bytes, Mode) ->
    Ends = {C, _} = pair([{packet, Type}, {active, true} | Mode], [{packet, Type}, {active, true} | Mode]),
    Sent = [gen_tcp:send(C, B) || B <- Bytes],
    ok = gen_tcp:close(C),
    {Sent, until_closed(Ends)}.
until_closed(Ends = {C, S}) ->
    receive
        {tcp_closed, S} -> [closed];
        M -> [named(M, C, S) | until_closed(Ends)]
    end.

passive_packets(Type, Bytes, Mode) ->
    {C, S} = pair([{packet, Type}, {active, false} | Mode], [{packet, Type}, {active, false} | Mode]),
    [ok = gen_tcp:send(C, B) || B <- Bytes],
    ok = gen_tcp:shutdown(C, write),
    timer:sleep(20),
    received(S).
received(S) ->
    case gen_tcp:recv(S, 0, 1000) of
        {ok, Data} -> [Data | received(S)];
        Other -> [Other]
    end.

option(Option) ->
    {C, S} = passive(),
    {ok, L} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}]),
    [inet:getopts(X, [Option]) || X <- [C, S, L]].

once() ->
    Ends = {C, S} = pair([binary, {active, once}, {packet, 1}], [binary, {packet, 1}]),
    [ok = gen_tcp:send(C, [X]) || X <- "abc"],
    timer:sleep(50),
    [begin M = got(Ends), ok = inet:setopts(S, [{active, once}]), M end || _ <- "1234"].

counted() ->
    Ends = {C, S} = pair([binary, {active, false}, {packet, 1}], [binary, {packet, 1}]),
    [ok = gen_tcp:send(C, [X]) || X <- "abcdefgh"],
    timer:sleep(50),
    R = [begin A = inet:setopts(S, [{active, N}]), {A, got(Ends), inet:getopts(S, [active])} end || N <- [2, 3, -1, 0, 1, 40000, -40000, 32767]],
    ok = gen_tcp:close(C),
    R ++ [got(Ends), inet:setopts(S, [{active, once}]), got(Ends), inet:getopts(S, [active])].

shut_write() ->
    {C, S} = passive(),
    [gen_tcp:shutdown(C, write), gen_tcp:recv(S, 0), gen_tcp:send(S, "back"), gen_tcp:recv(C, 0), gen_tcp:send(C, "x"), gen_tcp:send(C, "x"),
     gen_tcp:recv(C, 0), gen_tcp:recv(C, 0), gen_tcp:shutdown(C, read_write), gen_tcp:shutdown(S, bad)].

keep_on_close() ->
    Ends = {C, S} = pair([binary, {active, true}, {exit_on_close, false}], [binary, {active, false}]),
    ok = gen_tcp:shutdown(C, write),
    M = got(Ends),
    [M, gen_tcp:send(S, "still"), gen_tcp:recv(C, 5), gen_tcp:close(S), gen_tcp:recv(C, 0)].

%% Sends until something else than ok is answered.
fill(S) ->
    case gen_tcp:send(S, binary:copy(<<0>>, 100000)) of
        ok -> fill(S);
        Other -> Other
    end.
small_buffers(More) -> pair([binary, {active, false}, {recbuf, 4096}], [binary, {active, false}, {recbuf, 4096}, {sndbuf, 4096} | More]).

send_timeout() ->
    {C, S} = small_buffers([{send_timeout, 100}]),
    R = [fill(C), gen_tcp:send(C, "x")],
    ok = inet:setopts(C, [{linger, {true, 0}}]),
    R ++ [gen_tcp:close(C), element(1, gen_tcp:recv(S, 0))].

send_timeout_zero() ->
    {C, _} = small_buffers([{send_timeout, 0}, {send_timeout_close, true}]),
    [fill(C), inet:setopts(C, [{linger, {true, 0}}]), gen_tcp:close(C)].

large() ->
    {C, S} = passive(),
    Data = iolist_to_binary([[integer_to_list(N), $,] || N <- lists:seq(1, 200000)]),
    spawn_link(fun() -> ok = gen_tcp:send(S, Data), receive done -> ok end end),
    {ok, Got} = gen_tcp:recv(C, byte_size(Data)),
    [Got =:= Data, gen_tcp:recv(C, 1, 50), gen_tcp:recv(C, 64 * 1024 * 1024 + 1)].

errors() ->
    {C, _} = passive(),
    [gen_tcp:connect({127, 0, 0, 1}, 1, [{active, false}], 1000), catch gen_tcp:listen(0, [{bad, 1}]), gen_tcp:listen(0, [{ip, {1, 2, 3, 4}}]),
     inet:setopts(C, [{active, 7}]), inet:setopts(C, [{packet, 9}]), inet:setopts(C, [{buffer, x}]), inet:setopts(C, [{priority, 1000}]),
     inet:setopts(C, [nonsense]), gen_tcp:accept(C), catch gen_tcp:recv(C, -1), gen_tcp:close(C), gen_tcp:close(C), gen_tcp:send(C, "x"),
     gen_tcp:recv(C, 0), inet:peername(C), inet:sockname(C), inet:getopts(C, [active]), inet:setopts(C, [{active, true}]), inet:port(C),
     catch erlang:port_control(C, 1, [])].

packet_size_passive() ->
    {C, S} = pair([binary, {active, false}, {packet, 4}, {packet_size, 100}], [binary, {active, false}]),
    ok = gen_tcp:send(C, <<1000:32, "x">>),
    [gen_tcp:recv(S, 0), gen_tcp:recv(S, 0), gen_tcp:send(S, "x"), gen_tcp:recv(S, 0)].

packet_size_active() ->
    Ends = {C, _} = pair([binary, {active, true}, {packet, 4}, {packet_size, 100}], [binary, {active, false}]),
    ok = gen_tcp:send(C, <<1000:32, "x">>),
    got(Ends).

reset() ->
    [begin
         Ends = {C, S} = pair([binary, {show_econnreset, Show} | Mode], [binary, {active, false}, {linger, {true, 0}}]),
         ok = gen_tcp:close(C),
         timer:sleep(20),
         First = got(Ends),
         {First, [gen_tcp:send(S, "x"), gen_tcp:send(S, "x"), gen_tcp:recv(S, 0), gen_tcp:recv(S, 0)]}
     end || Show <- [true, false], Mode <- [[{active, true}], [{active, false}]]].

passive_close() ->
    {C, S} = passive(),
    ok = gen_tcp:close(C),
    [gen_tcp:recv(S, 0), gen_tcp:recv(S, 0), gen_tcp:send(S, "x"), inet:getopts(S, [active]), inet:setopts(S, [{active, true}]), got({C, S}),
     erlang:port_info(S)].

deliver_port() ->
    Ends = {C, S} = pair([binary, {active, true}, {deliver, port}, {header, 1}], [binary, {active, true}, {deliver, port}, {header, 1}]),
    ok = gen_tcp:send(C, "ppp"),
    ok = gen_tcp:send(S, "qqq"),
    First = got(Ends),
    S ! {self(), {command, "by message"}},
    Second = got(Ends),
    S ! {self(), close},
    % Messages of different ports come in any order.
    {lists:sort(First), lists:sort(Second), lists:sort(got(Ends))}.

local() ->
    Path = "/tmp/port_tcp." ++ os:getpid(),
    _ = file:delete(Path),
    {ok, L} = gen_tcp:listen(0, [{ifaddr, {local, Path}}, {active, false}]),
    {ok, C} = gen_tcp:connect({local, Path}, 0, [local, {active, false}]),
    {ok, S} = gen_tcp:accept(L),
    R = [gen_tcp:send(C, "abc"), gen_tcp:recv(S, 3), inet:sockname(C), inet:peername(S), inet:sockname(L) =:= {ok, {local, list_to_binary(Path)}},
         gen_tcp:connect({local, Path ++ ".none"}, 0, [local]), gen_tcp:close(S), gen_tcp:recv(C, 0)],
    _ = file:delete(Path),
    R.

unrecv() ->
    {C, S} = passive(),
    [gen_tcp:send(C, "12345"), gen_tcp:recv(S, 3), gen_tcp:unrecv(S, <<"xyz">>), gen_tcp:recv(S, 5), gen_tcp:recv(S, 0, 20)].

%% What is sent during a file comes behind it.
send_file_and_more() ->
    {C, S} = pair([binary, {active, false}], [binary, {active, false}]),
    Path = "/tmp/girder_port_tcp_more_" ++ os:getpid(),
    Data = binary:copy(<<0>>, 20000000),
    ok = file:write_file(Path, Data),
    Me = self(),
    spawn(fun() -> timer:sleep(100), Me ! {sent, gen_tcp:send(S, <<1>>)} end),  % when the system holds no more of the file
    spawn(fun() -> timer:sleep(200), Me ! {got, gen_tcp:recv(C, byte_size(Data) + 1, 5000)} end),
    R = [file:sendfile(Path, S), receive {sent, A} -> A end, receive {got, G} -> G =:= {ok, <<Data/binary, 1>>} end,
         gen_tcp:send(S, <<4>>), gen_tcp:recv(C, 0, 1000)],
    _ = file:delete(Path),
    R.

send_file() ->
    {C, S} = passive(),
    Path = "/tmp/port_tcp_file." ++ os:getpid(),
    Data = binary:copy(<<"0123456789">>, 30000),
    ok = file:write_file(Path, Data),
    Whole = file:sendfile(Path, S),
    {ok, Got} = gen_tcp:recv(C, byte_size(Data)),
    {ok, F} = file:open(Path, [read, raw, binary]),
    Part = file:sendfile(F, S, 5, 10, []),
    R = [Whole, Got =:= Data, Part, gen_tcp:recv(C, 10), file:sendfile(F, S, 300000, 10, []), gen_tcp:close(C), gen_tcp:recv(S, 0)],
    _ = file:delete(Path),
    R.

accept_timeout() ->
    {ok, L} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}]),
    [gen_tcp:accept(L, 30), gen_tcp:accept(L, 0), prim_inet:getstatus(L)].

%% Each waiting process gets one connection; one that died while waiting takes none along.
accept_many() ->
    process_flag(trap_exit, true),
    {ok, L} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}, {active, false}]),
    {ok, P} = inet:port(L),
    Self = self(),
    Pids = [spawn(fun() -> {ok, S} = gen_tcp:accept(L), Self ! {accepted, gen_tcp:recv(S, 2)} end) || _ <- lists:seq(1, 5)],
    timer:sleep(50),
    exit(hd(Pids), kill),
    timer:sleep(20),
    Cs = [begin {ok, C} = gen_tcp:connect({127, 0, 0, 1}, P, []), ok = gen_tcp:send(C, io_lib:format("~2..0b", [N])), C end || N <- [1, 2, 3, 4]],
    R = lists:sort([receive {accepted, A} -> A after 1000 -> none end || _ <- Cs]),
    Closed = gen_tcp:close(L),
    drop(),
    {R, Closed}.
%% The order in which several connections end is nobody's promise.
drop() -> receive _ -> drop() after 100 -> ok end.

statistics() ->
    {C, S} = passive(),
    [ok = gen_tcp:send(C, binary:copy(<<1>>, N)) || N <- [10, 20, 60]],
    {ok, _} = gen_tcp:recv(S, 90),
    [inet:getstat(C), inet:getstat(S), inet:getstat(C, [send_cnt, send_oct]), catch inet:getstat(C, [nonsense])].

new_owner() ->
    Ends = {C, S} = pair([binary, {active, false}], [binary]),
    Self = self(),
    Pid = spawn(fun() -> receive {tcp, _, D} -> Self ! {heard, D} end, receive {tcp_closed, _} -> Self ! closed end end),
    R = gen_tcp:controlling_process(S, Pid),
    ok = inet:setopts(S, [{active, true}]),
    ok = gen_tcp:send(C, "hi"),
    First = got(Ends),
    ok = gen_tcp:close(C),
    [R, First, got(Ends), gen_tcp:controlling_process(S, self())].

owner_ends() ->
    process_flag(trap_exit, true),
    {ok, L} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}, binary, {active, false}]),
    {ok, P} = inet:port(L),
    [begin
         {Pid, Ref} = spawn_monitor(fun() -> {ok, C} = gen_tcp:connect({127, 0, 0, 1}, P, []), ok = gen_tcp:send(C, "last words"), exit(Reason) end),
         {ok, S} = gen_tcp:accept(L),
         receive {'DOWN', Ref, process, Pid, _} -> ok end,
         [gen_tcp:recv(S, 0), gen_tcp:recv(S, 0)]
     end || Reason <- [normal, crash, kill]].

closed_before_read() ->
    Ends = {C, S} = pair([binary, {active, false}], [binary]),
    ok = gen_tcp:send(C, "unread"),
    ok = gen_tcp:close(C),
    timer:sleep(30),
    ok = inet:setopts(S, [{active, true}]),
    got(Ends).

%% One process receives; another may not.
already() ->
    {_, S} = passive(),
    Self = self(),
    spawn_link(fun() -> Self ! {first, gen_tcp:recv(S, 0, 200)} end),
    timer:sleep(50),
    [gen_tcp:recv(S, 0), receive {first, R} -> R end].

%% While one sender waits for the queue to shrink, others wait for the port.
busy_others() ->
    {C, S} = small_buffers([]),
    Self = self(),
    spawn_link(fun() -> fill_until_told(C, Self) end),
    timer:sleep(100),
    spawn_link(fun() -> Self ! {other, gen_tcp:send(C, "x")} end),
    Quiet = receive {other, _} -> early after 50 -> waiting end,
    Refused = (catch erlang:port_command(C, "y", [nosuspend])),
    ok = gen_tcp:close(S),
    [Quiet, Refused, receive {other, R} -> R after 2000 -> never end, receive {filled, F} -> F after 2000 -> never end].
fill_until_told(C, Pid) ->
    case gen_tcp:send(C, binary:copy(<<0>>, 200000)) of
        ok -> fill_until_told(C, Pid);
        Other -> Pid ! {filled, Other}, receive after infinity -> ok end
    end.

%% Whoever waits for a socket that somebody closes is told so, also without a link.
closed_by_other() ->
    Self = self(),
    {ok, L} = gen_tcp:listen(0, [{ip, {127, 0, 0, 1}}]),
    {_, S} = passive(),
    spawn(fun() -> Self ! {accepts, gen_tcp:accept(L)} end),
    spawn(fun() -> Self ! {receives, gen_tcp:recv(S, 0)} end),
    timer:sleep(50),
    ok = gen_tcp:close(L),
    ok = gen_tcp:close(S),
    [receive {accepts, A} -> A after 1000 -> never end, receive {receives, R} -> R after 1000 -> never end].

status() ->
    {ok, L} = gen_tcp:listen(0, []),
    {C, S} = passive(),
    {ok, O} = prim_inet:open(tcp, inet, stream),
    R = [prim_inet:getstatus(X) || X <- [L, C, S, O]] ++ [prim_inet:gettype(X) || X <- [L, C, S, O]],
    ok = gen_tcp:shutdown(C, write),
    {error, closed} = gen_tcp:recv(S, 0),
    R ++ [prim_inet:getstatus(S), prim_inet:connect(O, {127, 0, 0, 1}, 1), prim_inet:listen(O), prim_inet:getfd(S), inet:sockname(S), inet:peername(S)].

names() ->
    [inet:getservbyname(http, tcp), inet:getservbyname(nonsense_service, tcp), inet:getservbyname("domain", udp), inet:gethostname(),
     inet:getaddr("127.0.0.1", inet), inet:getaddr("localhost", inet), inet:getifaddrs(), inet:getiflist(), inet:ifget("lo", [addr, flags, mtu, hwaddr, netmask]),
     inet:ifget("none", [addr, flags, mtu])].
