%% SPDX-License-Identifier: Apache-2.0
%% receive in all its forms, in one process and between two.
-module(receive_r23).
-compile(r23).
-export([cases/0, srv/1, collect/2, pick/1]).

id(X) -> diff_lib:id(X).

cases() ->
    [{N, F} || {N, F} <- [
        {any, fun() -> self() ! a, receive X -> X end end}, {after_0_empty, fun() -> receive X -> X after 0 -> none end end}, {after_0_full, fun() -> self() ! a, receive X -> X after 0 -> none end end},
        {after_0_other, fun() -> self() ! a, receive b -> b after 0 -> none end end}, {after_5, fun() -> receive b -> b after 5 -> late end end}, {after_var, fun() -> T = id(3), receive b -> b after T -> late end end},
        {after_infinity, fun() -> self() ! x, receive x -> ok after infinity -> late end end}, {after_infinity_var, fun() -> self() ! x, T = id(infinity), receive x -> ok after T -> late end end},
        {only_after, fun() -> receive after 2 -> done end end}, {only_after_0, fun() -> receive after 0 -> done end end}, {only_after_var, fun() -> T = id(1), receive after T -> done end end},
        {bad_timeout, fun() -> T = id(foo), self() ! y, receive x -> ok after T -> late end end}, {bad_timeout_matching, fun() -> T = id(foo), self() ! x, receive x -> ok after T -> late end end},
        {max_timeout, fun() -> T = id(16#ffffffff), self() ! x, receive x -> ok after T -> late end end}, {over_timeout, fun() -> T = id(16#100000000), self() ! x, receive x -> ok after T -> late end end}, {over_timeout_empty, fun() -> T = id(16#100000000), receive x -> ok after T -> late end end},
        {selective, fun() -> [self() ! X || X <- [a, b, c, d]], [receive c -> c end, receive a -> a end, receive d -> d end, receive b -> b end] end},
        {order, fun() -> [self() ! X || X <- lists:seq(1, 20)], collect(20, []) end}, {skip_many, fun() -> [self() ! {x, X} || X <- lists:seq(1, 1000)], self() ! y, receive y -> ok end, {messages, M} = process_info(self(), messages), N = length(M), flush(), N end},
        {patterns, fun() -> [self() ! X || X <- [{a, 1}, [b], <<3>>, #{k => v}, 1.5, "s", {a, b, c}]], [pick(P) || P <- [map, float, tuple3, bin, tuple2, list, list]] end},
        {guards, fun() -> [self() ! X || X <- [1, 5, 10, a]], R = receive X when X > 3, is_integer(X) -> X end, S = receive Y when is_atom(Y) -> Y end, {R, S, flush()} end},
        {bound, fun() -> R = make_ref(), self() ! {make_ref(), 1}, self() ! {R, 2}, V = receive {R, X} -> X end, receive {_, Z} -> {V, Z} end end},
        {in_after, fun() -> receive x -> x after 0 -> self() ! z, receive z -> got_z end end end}, {nested, fun() -> [self() ! X || X <- [1, 2, 3]], receive 2 -> receive 1 -> receive 3 -> ok end end end end},
        {nested_timeout, fun() -> self() ! a, receive a -> receive b -> b after 1 -> receive c -> c after 0 -> none end end end end}, {leftover, fun() -> [self() ! X || X <- [left, over, 3]], receive 3 -> ok end end},
        {in_try, fun() -> self() ! bad, try receive X -> X + 1 end catch error:badarith -> caught end end}, {in_catch, fun() -> self() ! {throw, b}, catch receive {throw, X} -> throw(X) end end},
        {value_used, fun() -> self() ! 4, X = receive N -> N * 2 after 0 -> 0 end, Y = receive M -> M after 0 -> 7 end, {X, Y} end}, {in_list, fun() -> self() ! 1, self() ! 2, [receive X -> X end, receive Y -> Y end] end},
        {send_value, fun() -> {self() ! x, erlang:send(self(), y), erlang:send(self(), z, []), self() ! (self() ! w)} end}, {send_order, fun() -> (begin self() ! 1, self() end) ! (begin self() ! 2, 3 end) end},
        {loop, fun() -> P = spawn(fun() -> srv(0) end), [P ! {add, X} || X <- lists:seq(1, 10)], P ! {get, self()}, receive {P, V} -> P ! stop, V end end}, {ping_pong, fun() -> pp(1000) end}, {ring, fun() -> ring(50, 20) end},
        {many_senders, fun() -> S = self(), [spawn(fun() -> S ! {X, X * X} end) || X <- lists:seq(1, 50)], lists:sum([receive {X, V} -> V end || X <- lists:seq(1, 50)]) end}, {fifo, fun() -> S = self(), spawn(fun() -> [S ! X || X <- lists:seq(1, 500)] end), collect(500, []) =:= lists:seq(1, 500) end},
        {ref_reply, fun() -> P = spawn(fun() -> echo() end), [begin R = make_ref(), P ! {R, self(), X}, receive {R, Y} -> Y end end || X <- [1, a, "s"]] end}, {ref_reply_full, fun() -> [self() ! {junk, X} || X <- lists:seq(1, 100)], P = spawn(fun() -> echo() end), R = make_ref(), P ! {R, self(), x}, V = receive {R, Y} -> Y end, {V, length(flush())} end},
        {monitor_reply, fun() -> [self() ! junk || _ <- lists:seq(1, 10)], {P, M} = spawn_monitor(fun() -> exit(bye) end), R = receive {'DOWN', M, process, P, W} -> W end, {R, length(flush())} end}, {monitor_call, fun() -> P = spawn(fun() -> echo() end), M = monitor(process, P), P ! {M, self(), q}, V = receive {M, X} -> demonitor(M, [flush]), X; {'DOWN', M, _, _, W} -> W end, exit(P, kill), V end},
        {marker_unused, fun() -> R = make_ref(), self() ! {other, R}, receive {x, R} -> 1; {other, R} -> 2 end end}, {marker_two, fun() -> A = make_ref(), B = make_ref(), self() ! {B, b}, self() ! {A, a}, {receive {A, X} -> X end, receive {B, Y} -> Y end} end}, {marker_timeout, fun() -> R = make_ref(), self() ! junk, T = receive {R, X} -> X after 2 -> late end, {T, flush()} end},
        {alias, fun() -> A = alias([reply]), P = spawn(fun() -> receive {go, T} -> T ! {one, T}, T ! {two, T} end end), P ! {go, A}, R = receive {one, A} -> one end, {R, receive {two, A} -> two after 5 -> gone end} end}, {big_messages, fun() -> P = self(), spawn(fun() -> P ! lists:seq(1, 10000), P ! binary:copy(<<1>>, 100000), P ! maps:from_list([{X, X} || X <- lists:seq(1, 500)]) end), receive L when is_list(L) -> L end, receive B when is_binary(B) -> B end, receive M when is_map(M) -> M end, {length(L), byte_size(B), map_size(M)} end},
        {gc_between, fun() -> [self() ! {X, lists:seq(1, X)} || X <- lists:seq(1, 50)], receive {40, L} -> ok end, erlang:garbage_collect(), receive {20, K} -> ok end, erlang:garbage_collect(), {length(L), length(K), length(flush())} end}, {timeout_then_message, fun() -> S = self(), spawn(fun() -> receive after 20 -> S ! late end end), A = receive late -> early after 1 -> timeout end, B = receive late -> late after 5000 -> never end, {A, B} end},
        {self_restart, fun() -> erlang:send_after(1, self(), tick), receive tick -> ok after 5000 -> never end end}, {start_timer, fun() -> R = erlang:start_timer(1, self(), msg), receive {timeout, R, M} -> M after 5000 -> never end end}, {cancel_timer, fun() -> R = erlang:send_after(100000, self(), x), T = erlang:cancel_timer(R), {is_integer(T), erlang:cancel_timer(R), erlang:read_timer(R)} end},
        {timer_order, fun() -> [erlang:send_after(X * 10, self(), X) || X <- [3, 1, 2]], collect(3, []) end}, {timer_bad, fun() -> erlang:send_after(id(-1), self(), x) end}, {timer_bad2, fun() -> erlang:send_after(id(a), self(), x) end}, {timer_name, fun() -> register(diff_timer_name_23, self()), erlang:send_after(1, diff_timer_name_23, hi), receive hi -> ok after 5000 -> never end end}]].

collect(0, Acc) -> lists:reverse(Acc);
collect(N, Acc) -> receive X -> collect(N - 1, [X | Acc]) after 5000 -> {missing, N, lists:reverse(Acc)} end.

flush() -> receive X -> [X | flush()] after 0 -> [] end.

pick(map) -> receive M when is_map(M) -> M end;
pick(float) -> receive F when is_float(F) -> F end;
pick(tuple3) -> receive {_, _, _} = T -> T end;
pick(tuple2) -> receive {A, B} -> [A, B] end;
pick(bin) -> receive <<X>> -> X end;
pick(list) -> receive [H | _] -> H end.

srv(N) ->
    receive
        {add, X} -> srv(N + X);
        {get, From} -> From ! {self(), N}, srv(N);
        stop -> ok
    end.

echo() -> receive {R, P, X} -> P ! {R, X}, echo() end.

pp(N) ->
    P = spawn(fun() -> pong() end),
    pp(N, P, 0).
pp(0, P, Acc) -> P ! stop, Acc;
pp(N, P, Acc) -> P ! {self(), N}, receive {P, X} -> pp(N - 1, P, Acc + X) end.

pong() -> receive {From, N} -> From ! {self(), N * 2}, pong(); stop -> ok end.

ring(Nodes, Rounds) ->
    S = self(),
    First = lists:foldl(fun(_, Next) -> spawn(fun() -> relay(Next) end) end, S, lists:seq(1, Nodes)),
    [begin First ! {token, X}, receive {token, Y} -> Y end end || X <- lists:seq(1, Rounds)].

relay(Next) -> receive {token, N} -> Next ! {token, N + 1}, relay(Next) end.
