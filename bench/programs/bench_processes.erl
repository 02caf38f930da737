%% SPDX-License-Identifier: Apache-2.0
%% Sending, receiving, switching between processes.
-module(bench_processes).
-export([benches/0, setup/2, run/3, expected/2]).

benches() ->
    [{ping_pong, 330000, 1}, {send_self, 2600000, 1}, {after_zero, 8200000, 1},
     {ring, 1500, 500}, {fan_in, 800000, 1}, {fan_out, 1100, 500},
     {call_with_monitor, 260000, 1}, {selective, 220000, 1}, {selective_backlog, 7500, 100},
     {registered_send, 240000, 1}, {links, 1100000, 1}, {timers, 540000, 1},
     {dictionary, 17000000, 1}, {priority_mix, 350000, 1}].

setup(ping_pong, _) -> spawn_link(fun echo/0);
setup(call_with_monitor, _) -> spawn_link(fun server/0);
setup(selective, _) -> spawn_link(fun server/0);
setup(registered_send, _) ->
    true = register(bench_echo, spawn_link(fun echo/0)),
    bench_echo;
setup(priority_mix, _) ->
    [spawn_link(fun() -> process_flag(priority, P), echo() end) || P <- [low, normal, high]];
setup(links, _) -> spawn_link(fun echo/0);
setup(fan_out, _) -> [spawn_link(fun echo/0) || _ <- lists:seq(1, 500)];
setup(ring, _) -> ring(499, self());
setup(_, _) -> [].

run(ping_pong, N, Pid) -> ping(N, Pid);
run(send_self, N, _) -> send_self(N, self());
run(after_zero, N, _) -> after_zero(N);
run(ring, N, First) -> rounds(N, First);
run(fan_in, N, _) -> fan_in(N);
run(fan_out, N, Pids) -> fan_out(N, Pids);
run(call_with_monitor, N, Pid) -> calls(N, Pid, 0);
run(selective, N, Pid) ->
    [self() ! {noise, I} || I <- lists:seq(1, 2000)],
    calls(N, Pid, 0);
run(selective_backlog, N, _) -> backlog(N, self());
run(registered_send, N, Name) -> ping(N, Name);
run(links, N, Pid) -> relink(N, Pid);
run(timers, N, _) -> timers(N);
run(dictionary, N, _) -> put(counter, 0), dictionary(N);
run(priority_mix, N, [A, B, C]) -> mix(N, A, B, C).

expected(E, N) when E =:= call_with_monitor; E =:= selective; E =:= dictionary; E =:= fan_in -> N;
expected(_, _) -> done.

echo() -> receive {From, N} -> From ! N, echo() end.

ping(0, _) -> done;
ping(N, Pid) -> Pid ! {self(), N}, receive N -> ping(N - 1, Pid) end.

send_self(0, _) -> done;
send_self(N, Self) -> Self ! N, receive N -> send_self(N - 1, Self) end.

after_zero(0) -> done;
after_zero(N) -> receive never -> stop after 0 -> after_zero(N - 1) end.

ring(0, Next) -> spawn_link(fun() -> forward(Next) end);
ring(N, Next) -> ring(N - 1, spawn_link(fun() -> forward(Next) end)).

forward(Next) -> receive Token -> Next ! Token, forward(Next) end.

rounds(0, _) -> done;
rounds(N, First) -> First ! N, receive N -> rounds(N - 1, First) end.

%% Ten producers, one consumer.
fan_in(N) ->
    Self = self(),
    Share = N div 10,
    [spawn_link(fun() -> produce(Share, Self) end) || _ <- lists:seq(1, 9)],
    spawn_link(fun() -> produce(N - 9 * Share, Self) end),
    consume(N, 0).
produce(0, _) -> ok;
produce(N, To) -> To ! {item, N}, produce(N - 1, To).
consume(0, A) -> A;
consume(N, A) -> receive {item, _} -> consume(N - 1, A + 1) end.

fan_out(0, _) -> done;
fan_out(N, Pids) ->
    [P ! {self(), N} || P <- Pids],
    gather(Pids, N),
    fan_out(N - 1, Pids).
gather([_ | Ps], N) -> receive N -> gather(Ps, N) end;
gather([], _) -> ok.

%% The protocol of a generic server call: monitor, request, reply, demonitor.
server() ->
    receive {call, {From, Ref}, X} -> From ! {Ref, X + 1}, server() end.
calls(0, _, A) -> A;
calls(N, Pid, A) ->
    Ref = erlang:monitor(process, Pid),
    Pid ! {call, {self(), Ref}, A},
    receive
        {Ref, Reply} -> erlang:demonitor(Ref, [flush]), calls(N - 1, Pid, Reply);
        {'DOWN', Ref, _, _, Reason} -> exit(Reason)
    end.

%% A hundred waiting messages, taken out last first.
backlog(0, _) -> done;
backlog(N, Self) ->
    [Self ! {msg, I} || I <- lists:seq(1, 100)],
    take(100),
    backlog(N - 1, Self).
take(0) -> ok;
take(I) -> receive {msg, I} -> take(I - 1) end.

relink(0, _) -> done;
relink(N, Pid) -> unlink(Pid), link(Pid), relink(N - 1, Pid).

timers(0) -> done;
timers(N) ->
    Ref = erlang:start_timer(100000 + N rem 1000, self(), tick),
    _ = erlang:cancel_timer(Ref),
    timers(N - 1).

dictionary(0) -> get(counter);
dictionary(N) -> put(counter, get(counter) + 1), dictionary(N - 1).

mix(0, _, _, _) -> done;
mix(N, A, B, C) -> A ! {self(), N}, receive N -> mix(N - 1, B, C, A) end.
