%% SPDX-License-Identifier: Apache-2.0
%% What is sent to a process that waits: the sender may do at once what the receiver would do later, and nobody may see a difference.
-module(direct_delivery_t).
-export([test_passed_over/0, test_order/0, test_order_of_kinds/0, test_alias/0, test_monitors/0, test_suspended/0, test_hibernated/0,
         test_off_heap/0, test_literals/0, test_binaries/0, test_senders_at_once/0, test_time_out/0, test_traced/0]).

%% run: timeout 60

%% Returns once P waits in a receive.
waits(P) ->
    case process_info(P, status) of
        {status, waiting} -> ok;
        {status, suspended} -> ok;
        _ -> erlang:yield(), waits(P)
    end.

waiting(F) ->
    P = spawn_link(F),
    waits(P),
    P.

answer(P) -> receive {P, A} -> A after 10000 -> error({no_answer, P, process_info(P), process_info(self(), messages)}) end.

stop(P) -> unlink(P), M = monitor(process, P), exit(P, kill), receive {'DOWN', M, _, _, _} -> ok end.

%% A message that a receive passes over lies on the heap of its receiver through any number of collections.
test_passed_over() ->
    Me = self(),
    P = waiting(fun() -> receive {second, B} -> Me ! {self(), B} end, receive {first, A} -> Me ! {self(), A} end, receive after infinity -> ok end end),
    First = [{a, 1.5, N, make_ref(), #{N => [N]}} || N <- lists:seq(1, 2)],
    P ! {first, First},
    waits(P),
    [true = garbage_collect(P) || _ <- "123"],
    P ! {noise, lists:seq(1, 5)},
    [true = garbage_collect(P, [{type, minor}]) || _ <- "123"],
    {messages, [{first, First}, {noise, [1, 2, 3, 4, 5]}]} = process_info(P, messages),
    P ! {second, {self(), [x]}},
    {Me, [x]} = answer(P),
    First = answer(P),
    stop(P).

%% Small and large messages of one sender to a process that sleeps again and again come in order.
test_order() ->
    Me = self(),
    P = waiting(fun() -> in_order(1, 3000, 0), Me ! {self(), done} end),
    [begin
         P ! {N, case N rem 4 of 0 -> lists:seq(1, 100); 1 -> small; 2 -> {N, [N]}; 3 -> <<N:3000>> end},
         case N rem 7 of 0 -> erlang:yield(); 1 -> waits(P); _ -> ok end
     end || N <- lists:seq(1, 3000)],
    done = answer(P).

in_order(N, Last, _) when N > Last -> ok;
in_order(N, Last, _) ->
    receive
        {N, What} ->
            Expected = case N rem 4 of 0 -> lists:seq(1, 100); 1 -> small; 2 -> {N, [N]}; 3 -> <<N:3000>> end,
            Expected = What,
            in_order(N + 1, Last, What);
        Other -> exit({out_of_order, N, Other})
    end.

%% Whatever kinds of signals are between: links, monitors, exits, requests.
test_order_of_kinds() ->
    Me = self(),
    [begin
         P = spawn(fun() -> process_flag(trap_exit, true), Me ! {self(), ready}, receive go -> Me ! {self(), collect([])} end end),
         ready = answer(P),
         waits(P),
         M = monitor(process, P),
         P ! {1, M},
         link(P),
         P ! 2,
         exit(P, three),
         P ! 4,
         unlink(P),
         demonitor(M, [flush]),
         {message_queue_len, 4} = process_info(P, message_queue_len),
         P ! {5, [self()]},
         P ! go,
         [{1, M}, 2, {'EXIT', Me, three}, 4, {5, [Me]}] = answer(P)
     end || _ <- lists:seq(1, 200)],
    ok.

collect(L) -> receive M -> collect([M | L]) after 0 -> lists:reverse(L) end.

%% An answer to an alias ends the monitor, further ones are dropped; the message may come while the caller waits or before.
test_alias() ->
    Server = waiting(fun server/0),
    [begin
         R = monitor(process, Server, [{alias, reply_demonitor}]),
         Server ! {R, N, How},
         if N rem 3 =:= 0 -> erlang:yield(); true -> ok end,
         {N, [How]} = receive {R, A} -> A end,
         {monitors, []} = process_info(self(), monitors),
         {monitored_by, []} = process_info(Server, monitored_by),
         receive {R, _} -> error(answered_twice) after 0 -> ok end
     end || N <- lists:seq(1, 300), How <- [once, twice]],
    E = alias(),
    Server ! {E, 1, twice},
    [receive {E, {1, [twice]}} -> ok end || _ <- "12"],
    true = unalias(E),
    Server ! {E, 2, twice},
    waits(Server),
    {message_queue_len, 0} = process_info(self(), message_queue_len),
    stop(Server).

server() ->
    receive
        {R, N, once} -> R ! {R, {N, [once]}};
        {R, N, twice} -> R ! {R, {N, [twice]}}, R ! {R, {N, [twice]}}
    end,
    server().

test_monitors() ->
    P = waiting(fun() -> receive stop -> ok end end),
    Ms = [monitor(process, P) || _ <- lists:seq(1, 1000)],
    {monitored_by, By} = process_info(P, monitored_by),
    1000 = length(By),
    {Half, Rest} = lists:split(500, Ms),
    [true = demonitor(M) || M <- Half],
    {monitored_by, By2} = process_info(P, monitored_by),
    500 = length(By2),
    {reductions, _} = process_info(P, reductions),
    P ! stop,
    [receive {'DOWN', M, process, P, normal} -> ok end || M <- Rest],
    [receive {'DOWN', M, process, P, normal} -> error(demonitored) after 0 -> ok end || M <- Half],
    Gone = monitor(process, P),
    receive {'DOWN', Gone, process, P, noproc} -> ok end.

%% A suspended process has its message and goes on waiting.
test_suspended() ->
    Me = self(),
    P = waiting(fun Loop() -> receive M -> Me ! {self(), M} end, Loop() end),
    true = erlang:suspend_process(P),
    P ! {a, [1]},
    M = monitor(process, P),
    {status, suspended} = process_info(P, status),
    {messages, [{a, [1]}]} = process_info(P, messages),
    receive {P, _} -> error(ran) after 20 -> ok end,
    true = erlang:resume_process(P),
    {a, [1]} = answer(P),
    true = demonitor(M),
    stop(P).

test_hibernated() ->
    Me = self(),
    P = spawn_link(fun() -> hibernating(Me) end),
    [begin
         waits(P),
         P ! {N, lists:seq(1, N)},
         {N, L} = answer(P),
         L = lists:seq(1, N)
     end || N <- lists:seq(1, 60)],
    stop(P).

hibernating(To) -> erlang:hibernate(erlang, apply, [fun() -> receive M -> To ! {self(), M} end, hibernating(To) end, []]).

test_off_heap() ->
    Me = self(),
    P = waiting(fun() -> process_flag(message_queue_data, off_heap), Me ! {self(), ok}, receive {x, L} -> Me ! {self(), L} end end),
    ok = answer(P),
    waits(P),
    P ! {y, [1, 2, 3]},
    true = garbage_collect(P),
    P ! {x, [Me]},
    [Me] = answer(P).

%% A literal that came in a message outlives its module.
test_literals() ->
    M = direct_delivery_t_literals,
    {ok, M, B} = compile:forms([{attribute, 1, module, M}, {attribute, 1, export, [{a, 0}]},
                                {function, 1, a, 0, [{clause, 1, [], [], [{tuple, 1, [{atom, 1, lit}, {string, 1, "text"}, {float, 1, 2.5}]}]}]}]),
    Me = self(),
    [begin
         {module, M} = code:load_binary(M, "", B),
         P = waiting(fun() -> receive go -> ok end, receive {keep, L} -> Me ! {self(), L} end end),
         P ! {keep, M:a()},
         waits(P),
         true = code:delete(M),
         true = erlang:check_process_code(P, M) =:= false,
         _ = code:purge(M),
         [garbage_collect(P) || _ <- "12"],
         P ! go,
         {lit, "text", 2.5} = answer(P)
     end || _ <- lists:seq(1, 20)],
    ok.

%% Counted objects: binaries, references to resources, parts of binaries.
test_binaries() ->
    Me = self(),
    P = waiting(fun Loop() -> receive M -> Me ! {self(), M} end, Loop() end),
    Large = binary:copy(<<"0123456789">>, 1000),
    A = atomics:new(3, []),
    atomics:put(A, 2, 17),
    [begin
         waits(P),
         <<_:3/binary, Part:N/binary, _/binary>> = Large,
         P ! {Part, [Large], A, fun() -> {N, Part} end},
         {Part, [Large], B, F} = answer(P),
         17 = atomics:get(B, 2),
         {N, Part} = F()
     end || N <- lists:seq(1, 100)],
    %% None is kept for ever, also of a message that is larger than what is written at once.
    Before = erlang:memory(binary),
    [begin
         Fresh = binary:copy(<<N:32>>, 1000),
         P ! {Fresh, N rem 2 =:= 0 andalso lists:seq(1, 30)},
         {Fresh, _} = answer(P)
     end || N <- lists:seq(1, 20000)],
    garbage_collect(P),
    garbage_collect(),
    true = erlang:memory(binary) < Before + 1000000,
    stop(P).

%% Many send to few, who mostly wait.
test_senders_at_once() ->
    Receivers = [waiting(fun() -> sums(0, 0) end) || _ <- "123"],
    Senders = [spawn_monitor(fun() -> [begin R ! {add, [N]}, N rem 5 =:= 0 andalso erlang:yield(), R ! N end || N <- lists:seq(1, 2000), R <- Receivers] end)
               || _ <- "12345678"],
    [receive {'DOWN', M, _, P, normal} -> ok end || {P, M} <- Senders],
    [R ! {get, self()} || R <- Receivers],
    Expected = {8 * 2 * 2000, 8 * 2 * (2000 * 2001 div 2)},
    [Expected = answer(R) || R <- Receivers],
    [stop(R) || R <- Receivers].

sums(N, Sum) ->
    receive
        {add, [X]} -> sums(N + 1, Sum + X);
        X when is_integer(X) -> sums(N + 1, Sum + X);
        {get, From} -> From ! {self(), {N, Sum}}
    end.

%% The receiver's timer ends with the message, and a time-out that was on its way is not one of a later receive.
test_time_out() ->
    Me = self(),
    P = waiting(fun() -> timed(Me, 300) end),
    [begin P ! {N, [N]}, {N, [N]} = answer(P), timer:sleep(N rem 3) end || N <- lists:seq(1, 300)],
    timed_out = answer(P).

timed(To, 0) -> To ! {self(), timed_out};
timed(To, N) ->
    receive M -> To ! {self(), M}, timed(To, N - 1)
    after 2 -> timed_again(To, N)
    end.

timed_again(To, N) -> receive M -> To ! {self(), M}, timed(To, N - 1) after 1000 -> exit(too_late) end.

%% Whoever traces sees messages, and whom they woke.
test_traced() ->
    Me = self(),
    P = waiting(fun Loop() -> receive M -> Me ! {self(), M} end, Loop() end),
    1 = erlang:trace(P, true, ['receive', running]),
    P ! {a, [1]},
    {a, [1]} = answer(P),
    receive {trace, P, 'receive', {a, [1]}} -> ok end,
    receive {trace, P, in, _} -> ok end,
    receive {trace, P, out, _} -> ok end,
    1 = erlang:trace(P, false, ['receive', running]),
    stop(P),
    collect([]).
