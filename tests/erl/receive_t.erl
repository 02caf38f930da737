%% SPDX-License-Identifier: Apache-2.0
%% receive: order, selection, time-outs, markers.
-module(receive_t).
-export([test_order/0, test_order_with_own/0, test_selective/0, test_after_zero/0, test_timeout/0, test_infinity/0, test_bad_timeout/0, test_reference/0, test_reference_full/0, test_nested/0, test_two_processes/0, test_many_senders/0, test_leftovers/0, test_large/0, test_gc/0, test_ring/0, test_collect_while_matching/0, test_looked_at/0, test_matched_parts/0, test_long_queue/0, test_long_queue_terms/0, test_long_queue_wait/0, test_infinity_and_signals/0, id/1]).

id(X) -> X.

test_order() ->
    [self() ! X || X <- lists:seq(1, 50)],
    true = take(50) =:= lists:seq(1, 50).

%% What a process sends to itself comes after what others sent it before, and before what they send then.
test_order_with_own() ->
    Self = self(),
    [begin
         Turn = atomics:new(1, []),
         P = spawn_link(fun() -> Self ! {I, 1}, atomics:put(Turn, 1, 1), await(Turn, 2), Self ! {I, 3} end),
         await(Turn, 1),
         self() ! {I, 2},
         atomics:put(Turn, 1, 2),
         [{I, 1}, {I, 2}, {I, 3}] = take(3),
         unlink(P)
     end || I <- lists:seq(1, 500)].

await(Turn, N) ->
    case atomics:get(Turn, 1) of
        N -> ok;
        _ -> erlang:yield(), await(Turn, N)
    end.

take(0) -> [];
take(N) -> [receive X -> X end | take(N - 1)].

test_selective() ->
    [self() ! X || X <- [a, {b, 1}, c, {b, 2}]],
    {1, c, 2, a} = {receive {b, X} -> X end, receive c -> c end, receive {b, Y} -> Y end, receive Z -> Z end}.

test_after_zero() ->
    none = receive _ -> some after 0 -> none end,
    self() ! x,
    some = receive _ -> some after 0 -> none end,
    self() ! y,
    none = receive x -> some after 0 -> none end,
    y = receive V -> V end.

test_timeout() ->
    T0 = erlang:monotonic_time(millisecond),
    late = receive _ -> early after id(20) -> late end,
    true = erlang:monotonic_time(millisecond) - T0 >= 19.

test_infinity() ->
    self() ! x,
    x = receive X -> X after id(infinity) -> never end.

test_bad_timeout() ->
    [{'EXIT', {timeout_value, _}} = (catch receive after id(T) -> ok end) || T <- [a, -1, 1.5, 1 bsl 32, 1 bsl 70]],
    ok.

test_reference() ->
    P = spawn(fun echo/0),
    R = make_ref(),
    P ! {R, self(), hello},
    hello = receive {R, X} -> X end,
    exit(P, kill).

test_reference_full() ->
    [self() ! {junk, X} || X <- lists:seq(1, 100)],
    P = spawn(fun echo/0),
    M = monitor(process, P),
    P ! {M, self(), hello},
    hello = receive {M, X} -> X; {'DOWN', M, _, _, W} -> W end,
    exit(P, kill),
    killed = receive {'DOWN', M, process, P, V} -> V end,
    {message_queue_len, 100} = process_info(self(), message_queue_len).

echo() -> receive {R, P, X} -> P ! {R, X}, echo() end.

test_nested() ->
    [self() ! X || X <- [1, 2, 3]],
    ok = receive 2 -> receive 3 -> receive 1 -> ok end end end.

test_two_processes() ->
    P = spawn(fun pong/0),
    100 = ping(100, P, 0),
    exit(P, kill).

ping(0, _, N) -> N;
ping(I, P, N) -> P ! {self(), N}, receive {P, M} -> ping(I - 1, P, M) end.

pong() -> receive {From, N} -> From ! {self(), N + 1}, pong() end.

test_many_senders() ->
    S = self(),
    [spawn(fun() -> [S ! {X, Y} || Y <- lists:seq(1, 10)] end) || X <- lists:seq(1, 10)],
    [Y = receive {X, Z} -> Z end || X <- lists:seq(1, 10), Y <- lists:seq(1, 10)],
    none = receive _ -> some after 0 -> none end.

test_leftovers() ->
    [self() ! X || X <- [a, b, c]],
    receive b -> ok end,
    {messages, [a, c]} = process_info(self(), messages).

test_large() ->
    L = lists:seq(1, 1000), B = binary:copy(<<7>>, 1000), M = maps:from_list([{X, [X]} || X <- lists:seq(1, 40)]),
    P = spawn(fun echo/0),
    P ! {r, self(), {L, B, M, 1 bsl 100, 1.5}},
    receive {r, X} -> true = X =:= {L, B, M, 1 bsl 100, 1.5} end,
    exit(P, kill).

test_gc() ->
    [self() ! {X, lists:seq(1, X)} || X <- lists:seq(1, 30)],
    erlang:garbage_collect(),
    receive {20, L} -> 20 = length(L) end,
    erlang:garbage_collect(),
    [X = receive {X, K} -> length(K) end || X <- lists:seq(1, 30), X =/= 20],
    ok.

test_ring() ->
    S = self(),
    First = lists:foldl(fun(_, Next) -> spawn(fun() -> relay(Next) end) end, S, lists:seq(1, 20)),
    First ! 0,
    20 = receive X -> X end.

relay(Next) -> receive N -> Next ! N + 1 end.

%% Guards that allocate so much that the heap is collected while a message is looked at; what does not match must stay as it was.
test_collect_while_matching() ->
    Garbage = lists:seq(1, 40),
    Sizes = [1, 3, 40, 200, 3000],
    [self() ! {item, K, 1 bsl 70 + K, lists:seq(1, N), binary:copy(<<K>>, 10 * N)} || K <- lists:seq(1, 60), N <- Sizes],
    ok = reject_all(Garbage, 3),
    [check(K, N) || K <- lists:seq(1, 60), N <- Sizes],
    none = receive _ -> some after 0 -> none end.

reject_all(_, 0) -> ok;
reject_all(Garbage, Rounds) ->
    receive
        {item, K, Big, _, _} when Big * Big * Big * Big * Big * Big * Big * Big * Big * Big + K =:= Garbage -> wrong;
        {item, K, _, List, Bytes} when length(List) + byte_size(Bytes) + K * 1.5 =:= Garbage -> wrong
    after 0 -> reject_all([1.5 | Garbage], Rounds - 1)
    end.

check(K, N) ->
    Big = 1 bsl 70 + K,
    List = lists:seq(1, N),
    Bytes = binary:copy(<<K>>, 10 * N),
    receive {item, K, Big, L, B} -> true = L =:= List, true = B =:= Bytes end.

%% Messages that a receive has looked at wait on while others are taken and the heap is collected.
test_looked_at() ->
    [self() ! {wait, X, [X, {X}, integer_to_list(X)]} || X <- lists:seq(1, 100)],
    [begin
         self() ! {go, X},
         X = receive {go, Y} -> Y end,
         X rem 50 =:= 0 andalso erlang:garbage_collect()
     end || X <- lists:seq(1, 300)],
    Text = [{X, [X, {X}, integer_to_list(X)]} || X <- lists:seq(1, 100)],
    Text = [receive {wait, X, Y} -> {X, Y} end || X <- lists:seq(1, 100)],
    erlang:garbage_collect(),
    Text = id(Text).

%% Terms taken out of a message that lay behind many others.
test_matched_parts() ->
    [self() ! {skip, X} || X <- lists:seq(1, 30)],
    Parts = [begin
                 self() ! {take, [X, X + 1], {X, float(X)}, <<X:32, "abc">>, #{x => X}},
                 receive {take, [A | B], {C, D}, <<E:32, F/binary>>, #{x := G}} -> erlang:garbage_collect(), [A, B, C, D, E, F, G] end
             end || X <- lists:seq(1, 50)],
    Parts = [[X, [X + 1], X, float(X), X, <<"abc">>, X] || X <- lists:seq(1, 50)],
    [receive {skip, X} -> ok end || X <- lists:seq(1, 30)],
    ok.

%% Receives that keep missing behind a long queue; whatever helps them must keep the order.
test_long_queue() ->
    N = 5000,
    [self() ! {old, X, X rem 7} || X <- lists:seq(1, N)],
    [begin
         R = make_ref(),
         self() ! {other, R},
         self() ! {R, X},
         self() ! {R, again},
         X = receive {R, Y} -> Y end,
         again = receive {R, Z} -> Z; {old, never, _} -> wrong end,
         other = receive {Tag, R} -> Tag end,
         none = receive {Tag2, R} -> Tag2 after 0 -> none end
     end || X <- lists:seq(1, 50)],
    [begin
         {X, 3} = receive {old, Y, 3} -> {Y, 3} end
     end || X <- lists:seq(3, 700, 7)],
    [X = receive {old, X, K} -> X + 0 * K end || X <- lists:seq(1000, 2000)],
    5000 = receive {old, 5000 = Y, _} -> Y; {young, Y} -> Y end,
    self() ! stop,
    self() ! {stop},
    stop = receive stop -> stop; {stop} -> tuple end,
    {stop} = receive stop -> stop; {stop} -> {stop} end,
    Rest = [X || X <- lists:seq(1, 4999), X < 1000 orelse X > 2000, not (X rem 7 =:= 3 andalso X < 701)],
    Rest = drain_old(),
    none = receive _ -> some after 0 -> none end.

drain_old() -> receive {old, X, _} -> [X | drain_old()] after 0 -> [] end.

%% The same with terms that are equal but not the same, in every place a receive can name.
test_long_queue_terms() ->
    [self() ! {filler, X} || X <- lists:seq(1, 3000)],
    Terms = [0.0, -0.0, 1.5, 1 bsl 70, <<"abc">>, [a | b], {a, b}, #{a => 1}, make_ref(), self(), "", 'a', 1 bsl 59, fun lists:map/2],
    [begin
         missing = receive {V, _} -> V; {_, V, _} -> V; V -> V after 0 -> missing end,
         self() ! {V, 1}, self() ! {x, V, 2}, self() ! V,
         1 = receive {V, A} -> A; {x, V, A} -> A; V -> wrong end,
         2 = receive {V, A2} -> A2; {x, V, A2} -> A2; V -> wrong end,
         right = receive {V, A3} -> A3; {x, V, A3} -> A3; V -> right end
     end || _ <- [1, 2], V <- Terms],
    0 = receive {filler, never} -> 1 after 0 -> 0 end,
    lists:foreach(fun(X) -> receive {filler, Y} -> X = Y end end, lists:seq(1, 3000)).

%% A receive waits while messages come one by one behind a long queue.
test_long_queue_wait() ->
    [self() ! {filler, X} || X <- lists:seq(1, 3000)],
    Self = self(),
    [begin
         P = spawn(fun() -> [begin Self ! {noise, Y}, erlang:yield() end || Y <- lists:seq(1, 20)], Self ! {done, self(), X} end),
         X = receive {done, P, Z} -> Z end,
         20 = length([Y || Y <- lists:seq(1, 20), receive {noise, Y} -> true end])
     end || X <- lists:seq(1, 100)],
    {message_queue_len, 3000} = process_info(self(), message_queue_len),
    [receive {filler, X} -> ok end || X <- lists:seq(1, 3000)],
    ok.

%% Signals wake a process that waits for ever; it goes on waiting, also where the time-out was in a register.
test_infinity_and_signals() ->
    Sleepers = [spawn(timer, sleep, [infinity]) || _ <- lists:seq(1, 20)],
    receive after 20 -> ok end,
    Linkers = [spawn_monitor(fun() -> [begin link(P), unlink(P), receive after 1 -> ok end end || P <- Sleepers] end) || _ <- lists:seq(1, 50)],
    [normal = receive {'DOWN', M, process, _, Why} -> Why end || {_, M} <- Linkers],
    [true = is_process_alive(P) || P <- Sleepers],
    [exit(P, kill) || P <- Sleepers].
