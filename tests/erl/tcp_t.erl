%% SPDX-License-Identifier: Apache-2.0
%% Ends of gen_tcp connections whose output waits.
-module(tcp_t).
-export([test_closed_while_busy/0, test_reset_while_busy/0, test_closed_behind/0, test_empty_send/0]).

%% A connection: {OurEnd, OtherEnd}. The other end reads nothing by itself.
pair(Options) ->
    {ok, L} = gen_tcp:listen(0, [{active, false}, binary, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(L),
    {ok, S} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary | Options]),
    {ok, A} = gen_tcp:accept(L),
    ok = gen_tcp:close(L),
    {S, A}.

data() -> binary:copy(<<"x">>, 65536).

send(S) -> case gen_tcp:send(S, data()) of ok -> send(S); Error -> Error end.

%% Messages of a tenth of a second.
told() -> receive M -> [M | told()] after 100 -> [] end.

%% Closes the other end when its owner's peer waits for room.
close_when_waiting(A, Options) ->
    Sender = self(),
    ok = gen_tcp:controlling_process(A, spawn(fun() -> ok = inet:setopts(A, Options), wait_for(Sender), gen_tcp:close(A) end)).

wait_for(P) ->
    receive after 200 -> ok end,
    case process_info(P, status) of {status, waiting} -> ok; _ -> wait_for(P) end.

test_closed_while_busy() ->
    {S, A} = pair([{active, true}]),
    close_when_waiting(A, []),
    {error, closed} = send(S),
    [{tcp_closed, S}] = told(),
    undefined = erlang:port_info(S).

test_reset_while_busy() ->
    {S, A} = pair([{active, true}, {show_econnreset, true}]),
    close_when_waiting(A, [{linger, {true, 0}}]),
    {error, Reason} = send(S),
    true = Reason =:= econnreset orelse Reason =:= closed,
    [{tcp_error, S, econnreset}, {tcp_closed, S}] = told(),
    undefined = erlang:port_info(S).

%% The port that was closed with output left ends when that cannot be written.
test_closed_behind() ->
    {S, A} = pair([{active, false}, {high_watermark, 1 bsl 26}]),
    Before = length(erlang:ports()),
    [ok = gen_tcp:send(S, data()) || _ <- lists:seq(1, 200)],
    Closer = spawn_link(fun() -> receive go -> ok end, gen_tcp:close(S) end),
    ok = gen_tcp:controlling_process(S, Closer),
    Closer ! go,
    receive after 200 -> ok end,
    ok = inet:setopts(A, [{linger, {true, 0}}]),
    ok = gen_tcp:close(A),
    ports_are(Before - 2, 50).

ports_are(N, 0) -> N = length(erlang:ports());
ports_are(N, Tries) ->
    receive after 20 -> ok end,
    case length(erlang:ports()) of N -> ok; _ -> ports_are(N, Tries - 1) end.

%% Nothing to be sent waits, too, for room.
test_empty_send() ->
    {S, A} = pair([{active, false}, {send_timeout, 0}]),
    ok = gen_tcp:send(S, <<>>),
    {error, timeout} = send(S),
    {error, timeout} = gen_tcp:send(S, <<>>),
    {error, timeout} = gen_tcp:send(S, <<>>),
    ok = gen_tcp:close(A),
    gen_tcp:close(S).
