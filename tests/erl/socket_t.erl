%% SPDX-License-Identifier: Apache-2.0
%% Sockets of the module socket among many processes: nobody is left waiting, nothing is left open.
-module(socket_t).
-export([test_shared/0, test_one_owner_of_many/0, test_owners_that_die/0, test_turns/0,
         test_more_than_there_is/0]).

loopback() -> #{family => inet, addr => loopback, port => 0}.
listen() ->
    {ok, L} = socket:open(inet, stream),
    ok = socket:bind(L, loopback()),
    ok = socket:listen(L, 100),
    L.
pair(L) ->
    {ok, Address} = socket:sockname(L),
    {ok, C} = socket:open(inet, stream),
    ok = socket:connect(C, Address),
    {ok, A} = socket:accept(L),
    {C, A}.
%% The registry learns of the end of a socket by a message.
wait_for(F) -> wait_for(F, 200).
wait_for(F, N) when N > 0 ->
    case F() of true -> ok; false -> timer:sleep(10), wait_for(F, N - 1) end.

%% Readers and writers of one socket that give up, are killed, or find it closed.
test_shared() ->
    L = listen(),
    Before = socket:number_of(),
    [shared(L, N) || N <- lists:seq(1, 15)],
    ok = wait_for(fun() -> socket:number_of() =:= Before end),
    ok = socket:close(L).
shared(L, N) ->
    {C, A} = pair(L),
    Ps = [spawn_monitor(fun() -> read(A) end) || _ <- lists:seq(1, 6)] ++ [spawn_monitor(fun() -> write(C) end) || _ <- lists:seq(1, 6)],
    [begin _ = [timer:sleep(1) || I rem 3 =:= 0], exit(P, kill) end || {I, {P, _}} <- lists:zip(lists:seq(1, 12), Ps), (I + N) rem 2 =:= 0],
    ok = socket:close(A),
    _ = [timer:sleep(1) || N rem 2 =:= 0],
    ok = socket:close(C),
    [receive {'DOWN', M, _, _, _} -> ok end || {_, M} <- Ps].
read(S) ->
    case socket:recv(S, 0, rand:uniform(5)) of
        {error, closed} -> ok;
        _ -> read(S)
    end.
write(S) ->
    case socket:send(S, binary:copy(<<0>>, rand:uniform(50000)), rand:uniform(5)) of
        ok -> write(S);
        {error, timeout} -> write(S);
        {error, {timeout, _}} -> write(S);
        {error, _} -> ok
    end.

%% What one socket costs must not depend on how many its owner has.
test_one_owner_of_many() ->
    Before = socket:number_of(),
    Ss = [begin {ok, S} = socket:open(inet, dgram), ok = socket:bind(S, loopback()), {select, _} = socket:recvfrom(S, 0, [], nowait), S end
          || _ <- lists:seq(1, girder_size:scaled(400))],
    [begin {ok, Address} = socket:sockname(S), ok = socket:sendto(hd(Ss), <<"x">>, Address) end || S <- Ss],
    [receive {'$socket', S, select, _} -> {ok, {_, <<"x">>}} = socket:recvfrom(S, 0, [], 0) end || S <- Ss],
    [ok = socket:close(S) || S <- Ss],
    ok = wait_for(fun() -> socket:number_of() =:= Before end).

test_owners_that_die() ->
    L = listen(),
    Before = socket:number_of(),
    Me = self(),
    Ps = [spawn_monitor(fun() -> {C, A} = pair(L), Me ! ready, socket:recv(C), receive after infinity -> A end end) || _ <- lists:seq(1, 20)],
    [receive ready -> ok end || _ <- Ps],
    [exit(P, kill) || {P, _} <- Ps],
    [receive {'DOWN', M, _, _, killed} -> ok end || {_, M} <- Ps],
    ok = wait_for(fun() -> socket:number_of() =:= Before end),
    ok = socket:close(L).

%% Whoever waits for a socket gets its turn in order.
test_turns() ->
    L = listen(),
    {C, A} = pair(L),
    Me = self(),
    [begin spawn_link(fun() -> Me ! {N, socket:recv(A, 1)} end), ok = wait_for(fun() -> maps:get(num_readers, socket:info(A)) =:= N end) end
     || N <- lists:seq(1, 10)],
    ok = socket:send(C, <<"abcdefghij">>),
    [receive {N, {ok, <<Byte>>}} -> Byte = $a + N - 1 end || N <- lists:seq(1, 10)],
    [ok = socket:close(S) || S <- [L, C, A]].

%% A length that no memory holds is an error; the stock emulator ends.
test_more_than_there_is() ->
    {ok, S} = socket:open(inet, dgram),
    [{error, enomem} = F(1 bsl Bits) || Bits <- [48, 62, 63], F <- [fun(N) -> socket:recv(S, N, [], 0) end, fun(N) -> socket:recvfrom(S, N, [], 0) end,
                                                                    fun(N) -> socket:recvmsg(S, N, 0, [], 0) end, fun(N) -> socket:recvmsg(S, 0, N, [], 0) end]],
    ok = socket:close(S).
