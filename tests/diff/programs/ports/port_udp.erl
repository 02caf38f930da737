%% SPDX-License-Identifier: Apache-2.0
%% gen_udp on the driver udp_inet.
-module(port_udp).
-export([cases/0]).

cases() ->
    [{{send, Mode}, fun() -> exchange(Mode) end}
     || Mode <- [[binary], [list], [binary, {header, 2}], [list, {header, 2}], [binary, {deliver, port}], [{deliver, port}], [inet6, binary]]] ++
    [{{passive, Mode}, fun() -> passive(Mode) end} || Mode <- [[binary], [list], [binary, {header, 2}], [inet6]]] ++
    [{{option, Option}, fun() -> option(Option) end} || Option <- options()] ++
    [{{control, Option}, fun() -> control(Option) end} || Option <- [recvtos, recvttl]] ++
    [{modes, fun modes/0}, {connected, fun connected/0}, {errors, fun errors/0}, {large, fun large/0}, {local, fun local/0},
     {multicast, fun multicast/0}, {statistics, fun statistics/0}, {many, fun many/0}, {closed_by_other, fun closed_by_other/0}].

options() ->
    [active, mode, recbuf_default, buffer, read_packets, broadcast, multicast_ttl, multicast_loop, tos, ttl, recvtos, recvttl, reuseaddr,
     high_watermark, send_timeout, packet, deliver, header, priority, {raw, 1, 3, 4}, nonsense].

open(Options) ->
    {ok, S} = gen_udp:open(0, Options),
    {ok, P} = inet:port(S),
    {S, P}.

local_host(Mode) ->
    case lists:member(inet6, Mode) of
        true -> {0, 0, 0, 0, 0, 0, 0, 1};
        false -> {127, 0, 0, 1}
    end.

got(Names) ->
    receive M -> [named(M, Names) | got(Names)] after 300 -> [] end.
named(X, Names) when is_tuple(X) ->
    list_to_tuple(named(tuple_to_list(X), Names));
named([H | T], Names) -> [named(H, Names) | named(T, Names)];
named(X, Names) ->
    case lists:keyfind(X, 1, Names) of
        {_, Name} -> Name;
        false -> X
    end.

exchange(Mode) ->
    {A, AP} = open(Mode),
    {B, BP} = open(Mode),
    Names = [{A, a}, {B, b}, {AP, port_a}, {BP, port_b}],
    R = [gen_udp:send(A, local_host(Mode), BP, D) || D <- ["hello", <<"wor">>, "", ["x", <<"y">>]]],
    {R, [address_hidden(M, AP) || M <- got(Names)]}.
%% In the port's own form the sender's port number comes as two bytes.
address_hidden({X, {data, <<1, _:16, Rest/binary>>}}, _) -> {X, {data, Rest}};
address_hidden({X, {data, [1, _, _ | Rest]}}, _) -> {X, {data, Rest}};
address_hidden(M, _) -> M.

passive(Mode) ->
    {A, AP} = open(Mode),
    {B, BP} = open([{active, false} | Mode]),
    [ok = gen_udp:send(A, local_host(Mode), BP, D) || D <- ["hello", "x", ""]],
    timer:sleep(20),
    named([gen_udp:recv(B, 0, 50) || _ <- "1234"], [{AP, port_a}]).

option(recbuf_default) ->
    {A, _} = open([{recbuf, 100000}]),
    [inet:getopts(A, [buffer]), inet:setopts(A, [{buffer, 100}, {recbuf, 50000}]), inet:getopts(A, [buffer])];
option(Option) ->
    {A, _} = open([]),
    inet:getopts(A, [Option]).

control(Option) ->
    {A, AP} = open([binary, {Option, true}]),
    {B, BP} = open([binary, {active, false}, {Option, true}]),
    ok = gen_udp:send(B, {{127, 0, 0, 1}, AP}, [{tos, 16}, {ttl, 33}], "with"),
    ok = gen_udp:send(A, {{127, 0, 0, 1}, BP}, [], "without"),
    timer:sleep(20),
    Names = [{A, a}, {B, b}, {AP, port_a}, {BP, port_b}],
    {got(Names), named(gen_udp:recv(B, 0, 100), Names), catch gen_udp:send(B, {{127, 0, 0, 1}, AP}, [{nodelay, true}], "x")}.

modes() ->
    {A, AP} = open([binary, {active, once}]),
    {B, _} = open([]),
    [ok = gen_udp:send(B, {127, 0, 0, 1}, AP, [X]) || X <- "abcdef"],
    timer:sleep(20),
    Read = fun() -> [element(5, M) || M <- got([]), tuple_size(M) >= 5] ++ inet:getopts(A, [active]) end,
    Once = Read(),
    ok = inet:setopts(A, [{active, 2}]),
    Two = [case M of {udp, _, _, _, D} -> D; {Tag, _} -> Tag end || M <- got([])],
    ok = inet:setopts(A, [{active, true}]),
    [Once, Two, [element(5, M) || M <- got([])], inet:setopts(A, [{active, false}]), gen_udp:recv(A, 0, 10), gen_udp:recv(A, 0, 0)].

connected() ->
    {A, AP} = open([binary, {active, false}]),
    {B, BP} = open([binary, {active, false}]),
    {C, _} = open([]),
    ok = gen_udp:connect(A, {127, 0, 0, 1}, BP),
    ok = gen_udp:send(C, {127, 0, 0, 1}, AP, "from a stranger"),
    ok = gen_udp:send(A, "to b"),
    ok = gen_udp:send(B, {127, 0, 0, 1}, AP, "to a"),
    Names = [{AP, port_a}, {BP, port_b}],
    R = named([gen_udp:recv(B, 0, 100), gen_udp:recv(A, 0, 100), gen_udp:recv(A, 0, 20), inet:peername(A), inet:peername(B)], Names),
    ok = gen_udp:close(B),
    _ = gen_udp:send(A, "to nobody"),
    timer:sleep(20),
    R ++ [gen_udp:recv(A, 0, 100), gen_udp:recv(A, 0, 20)].

errors() ->
    {A, AP} = open([{active, false}]),
    [gen_udp:open(AP, []), gen_udp:send(A, {127, 0, 0, 1}, 1, binary:copy(<<0>>, 70000)), catch gen_udp:send(A, {1, 2}, 1, "x"),
     gen_udp:send(A, {0, 0, 0, 0, 0, 0, 0, 1}, 1, "x"), gen_udp:open(0, [{ip, {1, 2, 3, 4}}]), catch gen_udp:open(0, [{bad, 1}]),
     inet:setopts(A, [{read_packets, 0}]), gen_udp:close(A), gen_udp:send(A, {127, 0, 0, 1}, 1, "x"), gen_udp:recv(A, 0), inet:sockname(A)].

%% A datagram longer than the buffer is cut.
large() ->
    {A, _} = open([]),
    {B, BP} = open([binary, {active, false}, {buffer, 100}]),
    ok = gen_udp:send(A, {127, 0, 0, 1}, BP, binary:copy(<<7>>, 1000)),
    {ok, {_, _, D}} = gen_udp:recv(B, 0, 100),
    byte_size(D).

local() ->
    Path = "/tmp/port_udp." ++ os:getpid(),
    _ = file:delete(Path),
    {ok, A} = gen_udp:open(0, [{ifaddr, {local, Path}}, binary, {active, false}]),
    {ok, B} = gen_udp:open(0, [local, binary]),
    R = [gen_udp:send(B, {local, Path}, 0, "abc"), gen_udp:recv(A, 0, 100), inet:sockname(B), gen_udp:send(B, {local, Path ++ "x"}, 0, "abc")],
    ok = inet:setopts(A, [{active, true}]),
    ok = gen_udp:send(B, {local, Path}, 0, "def"),
    M = got([{A, a}, {B, b}]),
    _ = file:delete(Path),
    R ++ M.

multicast() ->
    {A, _} = open([{active, false}]),
    Group = {224, 0, 0, 251},
    [inet:setopts(A, [{multicast_ttl, 3}, {multicast_loop, false}, {multicast_if, {127, 0, 0, 1}}]), inet:getopts(A, [multicast_ttl, multicast_loop]),
     inet:setopts(A, [{add_membership, {Group, {127, 0, 0, 1}}}]), inet:setopts(A, [{drop_membership, {Group, {127, 0, 0, 1}}}]),
     inet:setopts(A, [{add_membership, Group}])] ++ refused_groups(A, []) ++ refused_groups(element(1, open([inet6])), [inet6]) ++
    [element(1, gen_udp:open(0, [{add_membership, {{127, 0, 0, 1}, {0, 0, 0, 0}}}, {ip, {127, 0, 0, 1}}]))].

%% Groups that aren't any, or that the socket isn't in.
refused_groups(S, Mode) ->
    Group6 = {16#ff02, 0, 0, 0, 0, 0, 0, 9},
    [{Mode, Option, Group, catch inet:setopts(S, [{Option, Group}])}
     || Option <- [drop_membership, add_membership],
        Group <- [{{224, 0, 0, 9}, {127, 0, 0, 1}}, {{224, 0, 0, 9}, {1, 2, 3, 4}}, {{1, 2, 3, 4}, any}, {{224, 0, 0, 8}, 1}, {Group6, 1}, {Group6, 99}]].

statistics() ->
    {A, _} = open([]),
    {B, BP} = open([{active, false}]),
    [ok = gen_udp:send(A, {127, 0, 0, 1}, BP, binary:copy(<<1>>, N)) || N <- [10, 20, 60]],
    [{ok, _} = gen_udp:recv(B, 0, 100) || _ <- "123"],
    [inet:getstat(A), inet:getstat(B)].

many() ->
    {A, AP} = open([binary]),
    {B, _} = open([]),
    [ok = gen_udp:send(B, {127, 0, 0, 1}, AP, integer_to_binary(N)) || N <- lists:seq(1, 100)],
    [receive {udp, A, _, _, D} -> D after 500 -> none end || _ <- lists:seq(1, 100)].

closed_by_other() ->
    Self = self(),
    {A, _} = open([{active, false}]),
    spawn(fun() -> Self ! {receives, gen_udp:recv(A, 0)} end),
    timer:sleep(50),
    ok = gen_udp:close(A),
    receive {receives, R} -> R after 1000 -> never end.
