%% SPDX-License-Identifier: Apache-2.0
%% The modules socket and net: sockets by the natives of prim_socket.
-module(port_socket).
-export([cases/0]).

cases() ->
    [{{tables, T}, fun() -> table(T) end} || T <- [protocols, options, ioctl_requests, ioctl_flags, msg_flags]] ++
    [{{T, D}, fun() -> apply(F, [D]) end}
     || {T, F} <- [{stream, fun stream/1}, {datagrams, fun datagrams/1}, {messages, fun messages/1}, {nowait, fun nowait/1},
                   {names, fun names/1}, {info, fun info/1}],
        D <- [inet, inet6, local]] ++
    [{{option, D, T, O}, fun() -> option(D, T, O) end}
     || {D, T} <- [{inet, stream}, {inet, dgram}, {inet6, stream}, {inet6, dgram}, {local, stream}], O <- options()] ++
    [{{set, D, T, O, V}, fun() -> set(D, T, O, V) end}
     || {D, T} <- [{inet, stream}, {inet6, dgram}, {local, dgram}], {O, V} <- values()] ++
    [{{native, W}, fun() -> native(W) end} || W <- [4, 0, -1, 2, integer, boolean, <<0:32>>, <<>>, <<7:128>>, [<<1>>, 0, 0, 0], "", foo, 1.0, 1 bsl 40]] ++
    [{{otp, O}, fun() -> otp(O) end}
     || O <- [debug, iow, rcvbuf, rcvctrlbuf, sndctrlbuf, fd, meta, use_registry, domain, controlling_process, nonsense]] ++
    [{{control, D, O}, fun() -> control(D, O) end}
     || {D, O} <- [{inet, {ip, pktinfo}}, {inet, {ip, recvtos}}, {inet, {ip, recvttl}}, {inet, {socket, timestamp}}, {inet, {ip, recverr}},
                   {inet, {ip, recvorigdstaddr}}, {inet6, {ipv6, recvpktinfo}}, {inet6, {ipv6, recvhoplimit}}, {inet6, {ipv6, recvtclass}},
                   {local, {socket, passcred}}]] ++
    [{{sent_control, C}, fun() -> sent_control(C) end} || C <- control_messages()] ++
    [{{ioctl, R}, fun() -> ioctl(R) end}
     || R <- [gifconf, {gifname, 1}, {gifname, 9999}, {gifname, x}, {gifaddr, "lo"}, {gifaddr, "nosuch"}, {gifaddr, 7}, {gifaddr, ""},
              {gifindex, "lo"}, {gifflags, "lo"}, {gifdstaddr, "lo"}, {gifbrdaddr, "lo"}, {gifnetmask, "lo"}, {gifmtu, "lo"},
              {gifhwaddr, "lo"}, {gifmap, "lo"}, {giftxqlen, "lo"}, {gifconf, "lo"}, {nonsense, "lo"}, {99, "lo"}, {foo, bar, baz},
              %% Only of a card there isn't: these change the machine.
              {sifmtu, "nosuch", x}, {siftxqlen, "nosuch", x}, {sifaddr, "nosuch", #{family => inet}}, {sifaddr, "nosuch", x},
              {sifmtu, "nosuch", 1400}, {siftxqlen, "nosuch", 10}, {sifflags, "nosuch", #{up => true}},
              {sifflags, "nosuch", #{nonsense => true}}, {sifflags, "nosuch", #{up => 1}}, {sifmtu, 5, 1}]] ++
    [{{F, D}, fun() -> apply(F2, [D]) end}
     || {F, F2} <- [{backlog, fun backlog/1}, {refused, fun refused/1}, {half_closed, fun half_closed/1}, {reset, fun reset/1},
                    {sendfile, fun sendfile/1}, {blocked, fun blocked/1}, {writers, fun writers/1}, {peek, fun peek/1}],
        D <- [inet, local]] ++
    [{F, F2} || {F, F2} <- [{readers, fun readers/0}, {acceptors, fun acceptors/0}, {owner_dies, fun owner_dies/0}, {reader_dies, fun reader_dies/0},
                            {acceptor_dies, fun acceptor_dies/0}, {closed_by_other, fun closed_by_other/0}, {closed, fun closed/0}, {cancel, fun cancel/0},
                            {registry, fun registry/0}, {monitor, fun monitor_it/0}, {iov, fun iov/0}, {rcvbuf, fun rcvbuf/0},
                            {open_errors, fun open_errors/0}, {given_fd, fun given_fd/0}, {states, fun states/0}, {commands, fun commands/0},
                            {abstract, fun abstract/0}, {trunc, fun trunc/0}, {queued_errors, fun queued_errors/0},
                            {rights, fun rights/0}, {packets, fun packets/0}, {out_of_band, fun out_of_band/0}, {collected, fun collected/0}]].

%% --- helpers ----------------------------------------------------------------------------------------------------------------------------

loopback(local) -> #{family => local, path => ""};
loopback(D) -> #{family => D, addr => loopback, port => 0}.

open(D, T) ->
    {ok, S} = socket:open(D, T),
    S.
bound(D, T) ->
    S = open(D, T),
    ok = bind(S, D),
    S.
bind(S, local) -> socket:bind(S, #{family => local, path => path()});
bind(S, D) -> socket:bind(S, loopback(D)).
path() ->
    lists:flatten(io_lib:format("/tmp/girder_socket_~s_~w", [os:getpid(), erlang:unique_integer([positive])])).
address(S) ->
    {ok, A} = socket:sockname(S),
    A.
pair(D) ->
    L = bound(D, stream),
    ok = socket:listen(L),
    C = open(D, stream),
    ok = socket:connect(C, address(L)),
    {ok, A} = socket:accept(L),
    {L, C, A}.
close(Ss) ->
    [forget(S) || S <- Ss], [socket:close(S) || S <- Ss].
forget(S) ->
    case socket:sockname(S) of
        {ok, #{family := local, path := P}} when P =/= <<>> -> file:delete(P);
        _ -> ok
    end.

%% What runs differ in.
plain({'$socket', _}) -> socket;
plain(R) when is_reference(R) -> ref;
plain(P) when is_pid(P) -> if P =:= self() -> me; true -> pid end;
plain(#{port := _, addr := _} = M) -> M#{port := port};
plain(#{path := P} = M) when P =/= <<>> -> M#{path := path};
plain(M) when is_map(M) -> maps:map(fun(_, V) -> plain(V) end, M);
plain(T) when is_tuple(T) -> list_to_tuple(plain(tuple_to_list(T)));
plain([H | T]) -> [plain(H) | plain(T)];
plain(B) when is_binary(B), byte_size(B) > 200 -> {bytes, byte_size(B), erlang:crc32(B)};
plain(X) -> X.

catching(F) ->
    try plain(F()) catch C:R -> {C, plain(R)} end.
got() -> receive M -> [plain(M) | got()] after 100 -> [] end.
counted(S) ->
    #{counters := C} = I = socket:info(S),
    plain(I#{counters := maps:filter(fun(_, N) -> N =/= 0 end, C)}).

table(T) -> lists:sort(maps:to_list(persistent_term:get({prim_socket, T}))).

%% --- exchanges ---------------------------------------------------------------------------------------------------------------------------

stream(D) ->
    {L, C, A} = pair(D),
    R1 = [socket:send(C, <<"hello">>), socket:recv(A, 5), socket:send(A, ["wor", <<"ld">>]), socket:recv(C, 0), socket:recv(C, 0, 0),
          socket:recv(C, 3, 50), socket:recv(C, 0, [], nowait)],
    ok = socket:send(A, <<"12345">>),
    R2 = [got(), socket:recv(C, 3), socket:recv(C, 1), socket:recv(C, 2, 50), socket:recv(C, 0, 20)],
    Big = binary:copy(<<"0123456789">>, 300000),
    spawn_link(fun() -> ok = socket:send(C, Big), ok = socket:shutdown(C, write) end),
    {ok, Big} = socket:recv(A, byte_size(Big), 5000),
    R3 = [socket:recv(A, 0), socket:recv(A, 1)],
    #{counters := #{read_byte := Bytes}} = socket:info(A),
    close([L, C, A]),
    plain({R1, R2, R3, Bytes}).

datagrams(D) ->
    A = bound(D, dgram),
    B = bound(D, dgram),
    R = [socket:sendto(A, <<"one">>, address(B)), socket:recvfrom(B), socket:sendto(B, <<>>, address(A)), socket:recvfrom(A, 10),
         socket:sendto(A, <<"longer than three">>, address(B)), socket:recvfrom(B, 3), socket:recvfrom(B, 0, 0), socket:recvfrom(B, 0, 20),
         socket:sendto(A, binary:copy(<<1>>, 70000 * 100), address(B)), socket:send(A, <<"x">>), socket:connect(A, address(B)),
         socket:send(A, <<"x">>), socket:recv(B), socket:recvfrom(B, 5, nowait), socket:sendto(A, <<"y">>, address(B)), got(), socket:recv(B, 4),
         socket:recv(B, 0, 0), socket:peername(A), socket:peername(B), catching(fun() -> socket:sendto(A, <<"z">>, #{}) end),
         catching(fun() -> socket:sendto(A, <<"z">>, #{family => inet, port => x}) end), counted(A), counted(B)],
    close([A, B]),
    plain(R).

messages(D) ->
    A = bound(D, dgram),
    B = bound(D, dgram),
    M = fun(X) -> X#{addr => address(B)} end,
    R = [socket:sendmsg(A, M(#{iov => [<<"ab">>, <<"c">>]})), socket:recvmsg(B), socket:sendmsg(A, M(#{iov => []})), socket:recvmsg(B, 5, 5),
         socket:sendmsg(A, M(#{iov => [<<"abcdef">>]})), socket:recvmsg(B, 3, 0, [], 1000), socket:recvmsg(B, 3, 0, [], 0), socket:recvmsg(B, nowait),
         socket:sendmsg(A, M(#{iov => [<<"x">>], ctrl => []})), got(), socket:recvmsg(B, [peek]), socket:recvmsg(B, [trunc]),
         catching(fun() -> socket:sendmsg(A, M(#{iov => [a]})) end), catching(fun() -> socket:sendmsg(A, M(#{iov => [<<"a">> | b]})) end),
         catching(fun() -> socket:sendmsg(A, #{iov => [<<"a">>]}) end), catching(fun() -> socket:sendmsg(A, M(#{})) end),
         catching(fun() -> socket:sendmsg(A, M(#{iov => lists:duplicate(2000, <<"a">>)})) end),
         catching(fun() -> socket:sendmsg(A, M(#{iov => [<<"a">> | lists:duplicate(1023, <<>>)] ++ [<<>>, <<>>]})) end),
         catching(fun() -> socket:sendmsg(A, #{iov => [<<"a">>], addr => #{family => inet, addr => x}}) end), counted(A), counted(B)],
    close([A, B]),
    plain(R).

nowait(D) ->
    L = bound(D, stream),
    ok = socket:listen(L),
    {select, {select_info, accept, Handle}} = socket:accept(L, nowait),
    C = open(D, stream),
    Connected = socket:connect(C, address(L), nowait),
    R1 = receive {'$socket', L, select, Handle} -> told after 1000 -> not_told end,
    {ok, A} = socket:accept(L, nowait),
    _ = got(),  % that C is connected
    Finish = case Connected of {select, _} -> socket:connect(C); ok -> ok end,
    Mine = make_ref(),
    R2 = [socket:recv(A, 10, Mine), socket:send(C, <<"12345">>), receive {'$socket', A, select, Mine} -> told after 1000 -> not_told end,
          socket:recv(A, 10, nowait), socket:send(C, <<"67890">>), got(), socket:recv(A, 5, nowait), socket:recv(A, 0, nowait), counted(A)],
    close([A, L, C]),  % A first: somebody still waits for it, and the end of C would be news
    plain({R1, Finish, R2}).

names(D) ->
    L = bound(D, stream),
    U = open(D, stream),
    R = [socket:sockname(L), socket:sockname(U), socket:peername(L), socket:bind(L, loopback(D)), socket:bind(U, address(L)),
         catching(fun() -> socket:bind(U, any) end), catching(fun() -> socket:bind(U, broadcast) end), catching(fun() -> socket:bind(U, nonsense) end),
         catching(fun() -> socket:bind(U, #{family => D, nonsense => 1}) end), catching(fun() -> socket:bind(U, #{family => 77, addr => <<"abc">>}) end),
         catching(fun() -> socket:bind(U, #{family => unspec, addr => <<>>}) end), catching(fun() -> socket:bind(U, #{family => 77, addr => [<<"ab">>, $c]}) end), catching(fun() -> socket:bind(U, #{family => inet, port => -1}) end),
         catching(fun() -> socket:bind(U, #{family => inet, addr => {1, 2, 3}}) end), catching(fun() -> socket:bind(U, #{family => inet, addr => {1, 2, 3, 256}}) end),
         catching(fun() -> socket:bind(U, #{family => inet6, addr => {1, 2, 3, 4, 5, 6, 7, 65536}}) end),
         catching(fun() -> socket:bind(U, #{family => inet6, flowinfo => -1}) end),
         catching(fun() -> socket:bind(U, #{family => local, path => binary:copy(<<"a">>, 108)}) end),
         catching(fun() -> socket:bind(U, #{family => local, path => binary:copy(<<"a">>, 256)}) end),
         catching(fun() -> socket:bind(U, #{family => 2, addr => binary:copy(<<0>>, 127)}) end), catching(fun() -> socket:bind(U, []) end)],
    close([L, U]),
    plain(R).

info(D) ->
    {L, C, A} = pair(D),
    G = socket:info(),
    R = [counted(L), counted(C), counted(A), [socket:getopt(A, {socket, O}) || O <- [type, protocol, domain, acceptconn]],
         socket:getopt(L, {socket, acceptconn}), maps:remove(counters, G)],
    close([L, C, A]),
    R.

%% --- options ------------------------------------------------------------------------------------------------------------------------------

%% Sizes the system chose differ from machine to machine, not from emulator to emulator.
options() ->
    [{L, O} || {L, O} <- lists:usort([K || {K, _} <- maps:to_list(persistent_term:get({prim_socket, options}))]), lists:member(L, [socket, ip, ipv6, tcp, udp, sctp])].

option(D, T, O) ->
    S = open(D, T),
    R = catching(fun() -> socket:getopt(S, O) end),
    socket:close(S),
    R.

values() ->
    [{{socket, O}, V} || O <- [reuseaddr, reuseport, broadcast, keepalive, dontroute, oobinline, timestamp, passcred, debug], V <- [true, false, 1, x]] ++
    [{{socket, O}, V} || O <- [rcvbuf, sndbuf, priority, rcvlowat, sndlowat, peek_off, type, acceptconn, domain, error], V <- [0, 5, 20000, -1, x, 1 bsl 40, 1.5]] ++
    [{{socket, linger}, V} || V <- [#{onoff => true, linger => 5}, #{onoff => false, linger => 0}, abort, #{onoff => true}, #{onoff => 1, linger => 1},
                                    #{onoff => true, linger => -1}, true]] ++
    [{{socket, bindtodevice}, V} || V <- ["lo", "nosuchcard", "", "a name that is too long", <<"lo">>, lo]] ++
    [{{ip, tos}, V} || V <- [lowdelay, throughput, reliability, mincost, 16, 3, x, 1 bsl 35]] ++
    [{{ip, O}, V} || O <- [ttl, multicast_ttl, minttl, router_alert], V <- [1, 255, 256, -1, x]] ++
    [{{ip, O}, V} || O <- [freebind, hdrincl, multicast_all, multicast_loop, nodefrag, pktinfo, recverr, recvopts, recvorigdstaddr, recvtos, recvttl, retopts,
                           transparent], V <- [true, false, x]] ++
    [{{ip, mtu_discover}, V} || V <- [want, dont, do, probe, 1, x]] ++
    [{{ip, multicast_if}, V} || V <- [any, loopback, {127, 0, 0, 1}, {1, 2, 3}, x]] ++
    [{{ip, O}, V} || O <- [add_membership, drop_membership],
                     V <- [#{multiaddr => {224, 0, 0, 9}, interface => loopback}, #{multiaddr => {1, 2, 3, 4}, interface => any}, #{multiaddr => any}, x]] ++
    [{{ip, O}, V} || O <- [add_source_membership, drop_source_membership, block_source, unblock_source],
                     V <- [#{multiaddr => {232, 0, 0, 9}, interface => {127, 0, 0, 1}, sourceaddr => {127, 0, 0, 1}}, #{multiaddr => any, interface => any}, x]] ++
    [{{ip, msfilter}, V} || V <- [null, #{multiaddr => {224, 0, 0, 9}, interface => loopback, mode => include, slist => [{1, 2, 3, 4}]},
                                  #{multiaddr => {224, 0, 0, 9}, interface => loopback, mode => x, slist => []},
                                  #{multiaddr => {224, 0, 0, 9}, interface => loopback, mode => exclude, slist => [a]}, x]] ++
    [{{ipv6, O}, V} || O <- [unicast_hops, multicast_hops], V <- [default, 0, 255, 256, -1, x]] ++
    [{{ipv6, O}, V} || O <- [authhdr, dstopts, flowinfo, hoplimit, hopopts, multicast_loop, recverr, recvhoplimit, recvpktinfo, recvtclass, rthdr, v6only],
                       V <- [true, false, x]] ++
    [{{ipv6, O}, V} || O <- [mtu, multicast_if, router_alert, tclass], V <- [0, 1, 1400, x]] ++
    [{{ipv6, mtu_discover}, V} || V <- [want, dont, do, probe, 1, x]] ++ [{{ipv6, addrform}, V} || V <- [inet, inet6, 77, x]] ++
    [{{ipv6, O}, V} || O <- [add_membership, drop_membership],
                       V <- [#{multiaddr => {16#ff02, 0, 0, 0, 0, 0, 0, 9}, interface => 1}, #{multiaddr => any, interface => 0}, #{multiaddr => any, interface => x}, x]] ++
    [{{tcp, O}, V} || O <- [nodelay, cork], V <- [true, false, x]] ++ [{{tcp, maxseg}, V} || V <- [500, 0, x]] ++
    [{{tcp, congestion}, V} || V <- ["reno", "cubic", "nosuch", "", lists:duplicate(20, $a), lists:duplicate(300, $a), x]] ++
    [{{udp, cork}, true}, {{udp, cork}, 1}] ++
    [{{sctp, O}, V} || O <- [associnfo, events, initmsg, rtoinfo, nodelay, autoclose, maxseg, status], V <- [#{}, true, 1]] ++
    [{{nonsense, reuseaddr}, true}, {{socket, nonsense}, true}, {nonsense, true}, {{1, 2}, 3}, {{socket, 2}, 1}].

set(D, T, O, V) ->
    S = open(D, T),
    R = [catching(fun() -> socket:setopt(S, O, V) end), catching(fun() -> socket:getopt(S, O) end)] ++
        [socket:getopt(S, K) || K <- [{ip, tos}, {socket, priority}]],
    socket:close(S),
    R.

native(W) ->
    S = open(inet, stream),
    R = [catching(fun() -> socket:getopt_native(S, K, W) end) || K <- [{socket, reuseaddr}, {socket, 2}, {1, 2}, {ip, tos}, {ip, 1}, {1, 9999}, {nonsense, 1}, {socket, nonsense}]] ++
        [catching(fun() -> socket:setopt_native(S, K, W) end) || K <- [{socket, reuseaddr}, {1, 2}, {ip, 2}, {1, 9999}, {nonsense, 1}, {otp, debug}]],
    socket:close(S),
    R.

otp(O) ->
    S = open(inet, stream),
    Get = fun() -> case catching(fun() -> socket:getopt(S, {otp, O}) end) of {ok, N} when O =:= fd -> is_integer(N); X -> X end end,
    R = [Get()] ++
        [{V, catching(fun() -> socket:setopt(S, {otp, O}, V) end), Get()}
         || V <- [true, false, default, 0, 1, 3000, -1, {3, 100}, {0, 100}, {2, default}, {1, 2, 3}, x, #{a => [b]}, self(), 1 bsl 63, 1 bsl 64]] ++
        [begin
             Me = self(),
             spawn_link(fun() -> Me ! {other, catching(fun() -> socket:setopt(S, {otp, O}, true) end)} end),
             receive {other, X} -> X end
         end],
    socket:close(S),
    R ++ [Get(), catching(fun() -> socket:setopt(S, {otp, O}, true) end)].

%% --- control messages -------------------------------------------------------------------------------------------------------------------------

control(D, O) ->
    A = bound(D, dgram),
    B = bound(D, dgram),
    Set = socket:setopt(B, O, true),
    ok = socket:sendmsg(A, #{iov => [<<"x">>], addr => address(B)}),
    R = case socket:recvmsg(B, 1000) of
            {ok, #{ctrl := Cs} = M} -> M#{ctrl := [without_data(C) || C <- Cs]};
            X -> X
        end,
    Short = [socket:sendmsg(A, #{iov => [<<"x">>], addr => address(B)}), socket:recvmsg(B, 0, 20, [], 1000)],
    close([A, B]),
    plain([Set, R, shortened(Short)]).
without_data(#{type := timestamp, value := V, data := B} = C) -> C#{value := lists:sort(maps:keys(V)), data := byte_size(B)};
without_data(#{type := credentials, data := B} = C) -> C#{data := byte_size(B)};
without_data(#{value := #{port := _} = A} = C) -> maps:remove(data, C#{value := A#{port := port}});
without_data(C) -> C.
shortened([S, {ok, #{ctrl := Cs} = M}]) -> [S, M#{ctrl := [if is_map(C) -> maps:with([level, type], C); true -> C end || C <- Cs]}];
shortened(X) -> X.

control_messages() ->
    [#{level => ip, type => tos, value => lowdelay}, #{level => ip, type => tos, value => 8}, #{level => ip, type => tos, value => x}, #{level => ip, type => ttl, value => 7},
     #{level => ip, type => ttl, data => 7}, #{level => ip, type => ttl, data => <<9:32/native>>}, #{level => ip, type => ttl, data => <<9>>}, #{level => ip, type => ttl, data => [<<9:16/native>>, 0, 0]}, #{level => ip, type => 2, data => 7},
     #{level => ip, type => ttl, data => true}, #{level => ip, type => ttl}, #{level => ip, type => ttl, data => 1, value => 1}, #{level => ip, type => pktinfo, value => 1},
     #{level => ip, type => nonsense, data => 1}, #{level => nonsense, type => 1, data => 1}, #{level => 0, type => 2, data => 1}, #{level => socket, type => rights, data => <<>>},
     #{level => socket, type => timestamp, value => #{sec => 1, usec => 2}}, #{level => socket, type => timestamp, value => #{sec => 1}},
     #{level => socket, type => rights, data => <<99999:32/native>>}, #{level => socket, type => 99, data => 1}, #{level => 1 bsl 40, type => 1, data => 1}, #{type => 1}, x].

sent_control(C) ->
    A = bound(inet, dgram),
    B = bound(inet, dgram),
    [ok = socket:setopt(B, {ip, O}, true) || O <- [recvtos, recvttl]],
    R = [catching(fun() -> socket:sendmsg(A, #{iov => [<<"x">>], addr => address(B), ctrl => L}) end) || L <- [[C], [C, C], [C | x], C]],
    Got = [socket:recvmsg(B, 0, 0, [], 0) || _ <- [1, 2]],
    ok = socket:setopt(A, {otp, sndctrlbuf}, 20),
    Small = catching(fun() -> socket:sendmsg(A, #{iov => [<<"x">>], addr => address(B), ctrl => [C]}) end),
    close([A, B]),
    plain([R, Got, Small]).

%% --- ioctl -------------------------------------------------------------------------------------------------------------------------------------

ioctl(R) ->
    S = open(inet, dgram),
    A = catching(fun() -> if is_atom(R) -> socket:ioctl(S, R); true -> apply(socket, ioctl, [S | tuple_to_list(R)]) end end),
    socket:close(S),
    case {R, A} of
        {{gifhwaddr, _}, {ok, #{addr := Bytes} = Address}} -> Address#{addr := byte_size(Bytes)};  % stock: with bytes of its stack
        _ -> A
    end.

%% --- ends ---------------------------------------------------------------------------------------------------------------------------------------

backlog(D) ->
    L = open(D, stream),
    R = [catching(fun() -> socket:listen(L, N) end) || N <- [x, 1 bsl 40, -5, 0, 5]] ++ [socket:accept(L, 10), socket:accept(open(D, stream), 10)],
    close([L]),
    plain(R).

refused(D) ->
    L = bound(D, stream),
    C = open(D, stream),
    R = [socket:connect(C, address(L)), socket:send(C, <<"x">>), socket:recv(C, 0, 10), catching(fun() -> socket:connect(C) end),
         catching(fun() -> socket:connect(C, #{family => 99, addr => <<>>}) end), catching(fun() -> socket:connect(C, #{family => D}) end), counted(C)],
    close([L, C]),
    plain(R).

half_closed(D) ->
    {L, C, A} = pair(D),
    R = [catching(fun() -> socket:shutdown(C, nonsense) end), socket:shutdown(C, write), socket:recv(A), socket:send(C, <<"x">>), socket:send(A, <<"y">>), socket:recv(C, 1),
         socket:shutdown(C, read), socket:recv(C, 1), socket:shutdown(C, read_write), socket:shutdown(L, read), socket:close(A), socket:recv(A), socket:close(A)],
    close([L, C]),
    plain(R).

reset(D) ->
    {L, C, A} = pair(D),
    ok = socket:setopt(A, {socket, linger}, abort),
    ok = socket:send(C, <<"not read">>),
    ok = socket:close(A),
    timer:sleep(50),
    R = [socket:recv(C, 0, 1000), socket:recv(C, 0, 1000), socket:send(C, <<"x">>), counted(C)],
    close([L, C]),
    plain(R).

sendfile(D) ->
    {L, C, A} = pair(D),
    Name = path(),
    Data = binary:copy(<<"0123456789abcdef">>, 100000),
    ok = file:write_file(Name, Data),
    {ok, F} = file:open(Name, [read, raw, binary]),
    R1 = [socket:sendfile(C, F, 0, 100), socket:recv(A, 100), socket:sendfile(C, F, 16, 16), socket:recv(A, 16), socket:sendfile(C, F, byte_size(Data), 0)],
    Me = self(),
    spawn_link(fun() -> Me ! {received, socket:recv(A, byte_size(Data), 5000)} end),
    R2 = [socket:sendfile(C, F, 0, 0, 5000), receive {received, {ok, X}} -> X =:= Data end],
    R3 = [catching(fun() -> socket:sendfile(C, F, -1, 0) end), catching(fun() -> socket:sendfile(C, F, x, 0) end), catching(fun() -> socket:sendfile(C, nofile, 0, 0) end)],
    ok = file:close(F),
    R4 = [catching(fun() -> socket:sendfile(C, F, 0, 10) end), maps:with([sendfile_byte, sendfile_fails, sendfile_max, sendfile_tries], maps:get(counters, socket:info(C)))],
    file:delete(Name),
    close([L, C, A]),
    plain({R1, R2, R3, R4}).

%% A sender that waits for room.
blocked(D) ->
    {L, C, A} = pair(D),
    Big = binary:copy(<<0>>, 20000000),
    {ok, Rest} = case socket:send(C, Big, 50) of {error, {timeout, T}} -> {ok, T} end,
    Handle = case socket:send(C, Rest, nowait) of {select, {{select_info, _, H}, _}} -> H; {select, {select_info, _, H}} -> H end,
    R1 = [Rest =/= <<>>, socket:cancel(C, {select_info, send, Handle}), socket:cancel(C, {select_info, send, Handle})],
    R2 = [socket:close(C), got()],
    close([L, A]),
    plain({R1, R2}).

writers(D) ->
    {L, C, A} = pair(D),
    Big = binary:copy(<<1>>, 5000000),
    Me = self(),
    Ws = [spawn_link(fun() -> timer:sleep(N * 60), Me ! {self(), N, socket:send(C, [Big, N])} end) || N <- [1, 2, 3]],
    timer:sleep(300),
    true = maps:get(num_writers, socket:info(C)) > 1,
    {ok, _} = socket:recv(A, 3 * 5000001, 10000),
    R = [receive {W, N, X} -> {N, X} end || W <- Ws],
    close([L, C, A]),
    plain(R).

peek(D) ->
    {L, C, A} = pair(D),
    ok = socket:send(C, <<"peeked">>),
    R = [socket:recv(A, 3, [peek]), socket:recv(A, 0, [peek]), socket:recv(A, 6), catching(fun() -> socket:recv(A, 1, [nonsense]) end), catching(fun() -> socket:recv(A, 1, [x | y]) end),
         catching(fun() -> socket:recv(A, -1) end), catching(fun() -> socket:recv(A, 1 bsl 70) end), catching(fun() -> socket:recv(A, x) end), catching(fun() -> socket:send(C, x) end),
         catching(fun() -> socket:send(C, <<"x">>, [nonsense]) end), catching(fun() -> socket:send(C, <<"x">>, [1 bsl 40]) end), catching(fun() -> socket:recv(A, 0, [1 bsl 40], 0) end)],
    close([L, C, A]),
    plain(R).

readers() ->
    {L, C, A} = pair(inet),
    Me = self(),
    Rs = [spawn_link(fun() -> timer:sleep(N * 40), Me ! {self(), N, socket:recv(A, 3)} end) || N <- [1, 2, 3, 4]],
    timer:sleep(250),
    #{num_readers := Waiting} = counted(A),
    Own = [socket:recv(A, 3, 0), catching(fun() -> socket:accept(A, 0) end)],
    ok = socket:send(C, <<"aaabbb">>),
    R1 = [receive {R, N, X} -> {N, X} end || R <- lists:sublist(Rs, 2)],
    ok = socket:close(C),
    R2 = [receive {R, N, X} -> {N, X} end || R <- lists:nthtail(2, Rs)],
    close([L, A]),
    plain({Waiting, Own, R1, R2}).

acceptors() ->
    L = bound(inet, stream),
    ok = socket:listen(L),
    Me = self(),
    As = [spawn_link(fun() -> timer:sleep(N * 40), {ok, S} = socket:accept(L), Me ! {self(), N, element(1, socket:recv(S, 0)), socket:peername(S) =/= socket:sockname(S)} end) || N <- [1, 2, 3]],
    timer:sleep(200),
    I = counted(L),
    Own = [catching(fun() -> socket:recv(L, 0, 0) end), socket:accept(L, 10)],
    R = [begin C = open(inet, stream), ok = socket:connect(C, address(L)), ok = socket:send(C, <<"x">>), receive {A, N, X, CI} -> {N, X, CI} end end || A <- As],
    I2 = counted(L),
    close([L]),
    plain({I, Own, R, I2}).

owner_dies() ->
    Me = self(),
    {P, M} = spawn_monitor(fun() -> {L, C, A} = pair(inet), Me ! {C, A, L}, receive stop -> ok end end),
    {C, A, L} = receive X -> X end,
    Reader = spawn_link(fun() -> Me ! {self(), socket:recv(C)} end),
    timer:sleep(50),
    P ! stop,
    receive {'DOWN', M, _, _, _} -> ok end,
    R = [receive {Reader, X2} -> X2 end, socket:recv(A), socket:send(C, <<>>), socket:sockname(L), socket:info(C), socket:close(C), catching(fun() -> socket:getopt(C, {otp, meta}) end)],
    plain(R).

reader_dies() ->
    {L, C, A} = pair(inet),
    Me = self(),
    First = spawn(fun() -> socket:recv(A) end),
    timer:sleep(30),
    Second = spawn(fun() -> socket:recv(A) end),
    timer:sleep(30),
    Third = spawn_link(fun() -> Me ! {self(), socket:recv(A)} end),
    timer:sleep(30),
    N1 = maps:get(num_readers, socket:info(A)),
    exit(Second, kill),
    timer:sleep(30),
    N2 = maps:get(num_readers, socket:info(A)),
    exit(First, kill),
    timer:sleep(30),
    N3 = maps:get(num_readers, socket:info(A)),
    ok = socket:send(C, <<"for the third">>),
    R = receive {Third, X} -> X end,
    N4 = maps:get(num_readers, socket:info(A)),
    close([L, C, A]),
    {N1, N2, N3, N4, R}.

acceptor_dies() ->
    L = bound(inet, stream),
    ok = socket:listen(L),
    Me = self(),
    First = spawn(fun() -> socket:accept(L) end),
    timer:sleep(30),
    Second = spawn_link(fun() -> Me ! {self(), element(1, socket:accept(L))} end),
    timer:sleep(30),
    exit(First, kill),
    timer:sleep(30),
    I1 = counted(L),
    C = open(inet, stream),
    ok = socket:connect(C, address(L)),
    R = receive {Second, X} -> X end,
    I2 = counted(L),
    close([L, C]),
    {I1, R, I2}.

closed_by_other() ->
    {L, C, A} = pair(inet),
    Me = self(),
    Ps = [spawn_link(fun() -> timer:sleep(N * 30), Me ! {self(), N, F()} end)
          || {N, F} <- [{1, fun() -> socket:recv(A) end}, {2, fun() -> socket:recv(A) end}, {3, fun() -> socket:accept(L) end}, {4, fun() -> socket:accept(L) end}]],
    {select, _} = socket:recv(C, 0, nowait),
    timer:sleep(200),
    R = [socket:close(S) || S <- [L, C, A]],
    plain({R, [receive {P, N, X} -> {N, X} end || P <- Ps], got()}).

closed() ->
    S = open(inet, stream),
    ok = socket:close(S),
    R = make_ref(),
    [catching(F) || F <- [fun() -> socket:close(S) end, fun() -> socket:bind(S, any) end, fun() -> socket:connect(S, loopback(inet)) end, fun() -> socket:listen(S) end,
                          fun() -> socket:accept(S) end, fun() -> socket:send(S, <<>>) end, fun() -> socket:sendto(S, <<>>, loopback(inet)) end,
                          fun() -> socket:sendmsg(S, #{iov => []}) end, fun() -> socket:recv(S) end, fun() -> socket:recvfrom(S) end, fun() -> socket:recvmsg(S) end,
                          fun() -> socket:shutdown(S, read) end, fun() -> socket:getopt(S, {socket, type}) end, fun() -> socket:setopt(S, {socket, reuseaddr}, true) end,
                          fun() -> socket:getopt(S, {otp, use_registry}) end, fun() -> socket:sockname(S) end, fun() -> socket:peername(S) end, fun() -> socket:ioctl(S, gifconf) end,
                          fun() -> socket:cancel(S, {select_info, recv, R}) end, fun() -> socket:cancel(S, {select_info, nonsense, R}) end, fun() -> socket:info(S) end,
                          fun() -> socket:getopt_native(S, {socket, 2}, 4) end, fun() -> prim_socket:finalize_close(element(2, S)) end,
                          fun() -> prim_socket:connect(element(2, S)) end, fun() -> socket:monitor(S) end]] ++ got().

cancel() ->
    {L, C, A} = pair(inet),
    {select, I1} = socket:recv(A, 0, nowait),
    {select, I2} = socket:accept(L, nowait),
    Bad = make_ref(),
    R1 = [catching(fun() -> socket:cancel(A, {select_info, recv, Bad}) end), catching(fun() -> socket:cancel(A, {select_info, accept, Bad}) end),
          catching(fun() -> socket:cancel(A, {select_info, nonsense, Bad}) end), socket:cancel(A, I1), socket:cancel(A, I1), socket:cancel(L, I2), socket:cancel(L, I2)],
    {select, I3} = socket:recv(A, 0, nowait),
    ok = socket:send(C, <<"x">>),
    timer:sleep(50),
    R2 = [socket:cancel(A, I3), got(), socket:recv(A, 1), counted(A), counted(L)],
    close([L, C, A]),
    plain({R1, R2}).

registry() ->
    N = socket:number_of(),
    S = open(inet, stream),
    {ok, T} = socket:open(inet, dgram, udp, #{use_registry => false}),
    Known = [lists:member(X, socket:which_sockets()) || X <- [S, T]],
    R = [socket:number_of() - N, Known, lists:member(S, socket:which_sockets(tcp)), lists:member(S, socket:which_sockets(udp)), socket:setopt(T, {otp, use_registry}, true),
         lists:member(T, socket:which_sockets(udp)), socket:setopt(T, {otp, use_registry}, false), socket:close(S), socket:close(T), socket:number_of() - N],
    plain(R).

monitor_it() ->
    S = open(inet, stream),
    T = open(inet, stream),
    M = socket:monitor(S),
    M2 = socket:monitor(T),
    R = [socket:cancel_monitor(M2), socket:cancel_monitor(M2), socket:close(S), socket:close(T), receive {'DOWN', M, socket, S, I} -> I after 1000 -> none end, got()],
    plain(R).

%% More parts than one call of the system takes.
iov() ->
    {L, C, A} = pair(inet),
    Parts = [<<N:16>> || N <- lists:seq(1, 5000)],
    Me = self(),
    spawn_link(fun() -> Me ! {received, socket:recv(A, 10000, 5000)} end),
    R = [socket:sendmsg(C, #{iov => Parts}), receive {received, {ok, X}} -> X =:= iolist_to_binary(Parts) end, socket:sendmsg(C, #{iov => [<<>>, <<>>]}),
         catching(fun() -> socket:sendmsg(C, #{iov => Parts ++ [x]}) end), catching(fun() -> socket:send(C, [Parts, x]) end)],
    close([L, C, A]),
    plain(R).

rcvbuf() ->
    {L, C, A} = pair(inet),
    ok = socket:setopt(A, {otp, rcvbuf}, {3, 10}),
    ok = socket:send(C, binary:copy(<<"a">>, 55)),
    timer:sleep(30),
    R1 = [socket:recv(A), socket:recv(A), socket:recv(A, 0, 20), socket:getopt(A, {otp, rcvbuf})],
    ok = socket:setopt(A, {otp, rcvbuf}, 7),
    ok = socket:send(C, binary:copy(<<"b">>, 14)),
    timer:sleep(30),
    R2 = [socket:recv(A), socket:recv(A), socket:recv(A, 0, 20), counted(A)],
    close([L, C, A]),
    {R1, R2}.

open_errors() ->
    [case catching(fun() -> {ok, S} = R = apply(socket, open, Args), socket:close(S), R end) of X -> {Args, X} end
     || Args <- [[inet], [inet, stream, udp], [inet, dgram, tcp], [inet, seqpacket], [nonsense, stream], [inet, nonsense], [inet, stream, nonsense], [999, stream], [inet, 999],
                 [inet, stream, 999], [inet, stream, {raw, 6}], [inet, stream, default, #{}], [inet, stream, default, []], [inet, stream, default, x], [inet, stream, 1 bsl 40],
                 [inet, stream, tcp, #{netns => "/no/such/file"}], [inet, stream, tcp, #{debug => x}], [local, seqpacket], [local, raw], [unspec, stream], [2, 1, 6], [10, 2],
                 [inet, rdm], [local, stream, tcp], [-1, stream], [inet, -1], [1 bsl 40, stream], [inet, 1 bsl 40], [inet, 1.0], [16, raw, 0]]].

given_fd() ->
    {L, C, A} = pair(inet),
    {ok, Fd} = socket:getopt(C, {otp, fd}),
    {ok, D} = socket:open(Fd),
    {ok, Same} = socket:open(Fd, #{dup => false}),
    Ctype = fun(S) -> case maps:get(ctype, socket:info(S)) of {fromfd, Fd} -> {fromfd, it}; X -> X end end,
    R = [Ctype(D), Ctype(Same), Ctype(C), (counted(D))#{ctype := x}, socket:send(D, <<"dup">>), socket:recv(A, 3), socket:close(D), socket:send(C, <<"still">>), socket:recv(A, 5),
         socket:close(Same), socket:send(A, <<"x">>), [catching(fun() -> socket:open(N) end) || N <- [-1, 99999, 1 bsl 40, x]],
         [catching(fun() -> socket:open(N, O) end) || N <- [99999], O <- [#{domain => inet}, #{domain => inet, type => stream}, #{domain => inet, type => stream, protocol => tcp},
                                                                      #{domain => x}, #{domain => inet, type => x}]]],
    close([L, C, A]),
    plain(R).

states() ->
    S = open(inet, stream),
    R1 = [catching(fun() -> socket:connect(S) end), catching(fun() -> prim_socket:finalize_close(element(2, S)) end)],
    {L, C, A} = pair(inet),
    {select, _} = socket:recv(A, 0, nowait),
    Me = self(),
    Other = fun(F) -> spawn_link(fun() -> Me ! {other, catching(F)} end), receive {other, X} -> X end end,
    R2 = [socket:recv(A, 0, nowait), Other(fun() -> socket:recv(A, 0, nowait) end),
          Other(fun() -> {select, _} = socket:recv(A, 0, nowait), socket:recv(A, 0, nowait) end), catching(fun() -> socket:accept(A, nowait) end), counted(A)],
    ok = socket:close(A),
    R3 = got(),
    close([L, C, S]),
    plain({R1, R2, R3}).

commands() ->
    R = [catching(F) || F <- [fun() -> prim_socket:use_registry(x) end, fun() -> socket:use_registry(x) end, fun() -> socket:debug(x) end, fun() -> socket:socket_debug(x) end,
                              fun() -> prim_socket:debug(x) end, fun() -> prim_socket:socket_debug(1) end, fun() -> socket:use_registry(false) end]],
    S = open(inet, stream),
    R2 = [socket:getopt(S, {otp, use_registry}), lists:member(S, socket:which_sockets())],
    ok = socket:use_registry(true),
    ok = socket:close(S),
    {R, R2}.

abstract() ->
    Name = iolist_to_binary([0, "girder ", os:getpid()]),
    S = open(local, dgram),
    R = [socket:bind(S, #{family => local, path => Name}), element(2, socket:sockname(S)) =:= #{family => local, path => Name}],
    A = open(local, dgram),
    R2 = [socket:sendto(A, <<"x">>, #{family => local, path => Name}), socket:recvfrom(S), socket:bind(A, #{family => local, path => <<>>}), element(1, socket:sockname(A)),
          byte_size(maps:get(path, element(2, socket:sockname(A)))) > 1],
    close([A]),
    socket:close(S),
    {R, R2}.

trunc() ->
    A = bound(inet, dgram),
    B = bound(inet, dgram),
    Send = fun() -> ok = socket:sendto(A, <<"0123456789">>, address(B)) end,
    R = [begin Send(), catching(F) end || F <- [fun() -> socket:recvmsg(B, 4, 0) end, fun() -> {ok, {_, D}} = socket:recvfrom(B, 4), D end, fun() -> socket:recv(B, 4) end]],
    close([A, B]),
    plain(R).

%% Sockets whose owner goes on without them.
collected() ->
    N = socket:number_of(),
    [begin {ok, S} = socket:open(inet, stream, tcp, #{use_registry => false}), ok = socket:bind(S, loopback(inet)) end || _ <- lists:seq(1, 50)],
    erlang:garbage_collect(),
    socket:number_of() - N.

%% What the system says of a port where nobody listens.
queued_errors() ->
    [begin
         A = bound(D, dgram),
         B = bound(D, dgram),
         Nobody = address(B),
         ok = socket:close(B),
         R = [socket:setopt(A, {Level, recverr}, true), socket:sendto(A, <<"x">>, Nobody), begin timer:sleep(20), socket:recv(A, 0, [], 0) end,
              case socket:recvmsg(A, [errqueue]) of
                  {ok, #{ctrl := [#{data := Data} = C]} = M} -> M#{ctrl := C#{data := byte_size(Data)}};
                  X -> X
              end,
              socket:recvmsg(A, 0, 0, [errqueue], 0)],
         close([A]),
         plain(R)
     end || {D, Level} <- [{inet, ip}, {inet6, ipv6}]].

%% A descriptor goes from one socket to another.
rights() ->
    {L, C, A} = pair(local),
    {ok, Fd} = socket:getopt(L, {otp, fd}),
    R = [socket:sendmsg(C, #{iov => [<<"x">>], ctrl => [#{level => socket, type => rights, data => <<Fd:32/native>>}]}),
         case socket:recvmsg(A, 0, 0, [cmsg_cloexec], 1000) of
             {ok, #{ctrl := [#{data := <<New:32/native>>} = Cmsg]} = M} ->
                 {ok, S} = socket:open(New, #{dup => false}),
                 Same = socket:sockname(S) =:= socket:sockname(L),
                 socket:close(S),
                 {M#{ctrl := maps:remove(data, Cmsg)}, Same};
             X -> X
         end],
    close([L, C, A]),
    plain(R).

packets() ->
    case socket:open(17, raw, 0) of
        {ok, S} ->
            R = [socket:sockname(S), socket:peername(S), catching(fun() -> socket:bind(S, #{family => packet}) end),
                 socket:bind(S, #{family => 17, addr => <<0:16, 1:32/native, 0:64, 0:32>>}), socket:sockname(S), counted(S)],
            socket:close(S),
            plain(R);
        Error -> Error
    end.

out_of_band() ->
    {L, C, A} = pair(inet),
    R = [socket:send(C, <<"a!">>, [oob]), begin timer:sleep(20), socket:recv(A, 1, [oob], 0) end, socket:recv(A, 1, 100), socket:recv(A, 1, [oob], 0),
         socket:send(C, <<"more">>, [more]), socket:send(C, <<>>, [nosignal, eor]), socket:recvmsg(A, 2, 0, [], 1000), socket:recv(A, 2, 1000)],
    close([L, C, A]),
    plain(R).
