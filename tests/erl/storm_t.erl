%% SPDX-License-Identifier: Apache-2.0
%% Very many processes, messages and timers, and ends of all kinds at once: nothing is lost, nothing comes twice, and the memory comes back.
%% `./test storms` runs this at its full size: a million processes, five million messages.
%% run: flags +P 2000000
%% run: timeout 60
-module(storm_t).
-export([test_parked/0, test_ring/0, test_linked_tree/0, test_monitor_star/0, test_mailbox/0, test_timers/0, test_kill_storm/0, test_exit_order/0,
         test_link_storm/0]).
-export([member/1]).

%% After some rounds (each thread keeps some memory at hand once it worked) the memory of another one comes back: at most a tenth more stays, or
%% what a pass over a small heap may leave.
twice(Round) ->
    [Round() || _ <- "12"],
    Start = settled(),
    Round(),
    Limit = Start + max(Start div 10, 8192),
    case until(fun() -> garbage_collect(), girder_memory:resident_kb() =< Limit end, 150) of
        true -> ok;
        false -> exit({resident_kb, Start, girder_memory:resident_kb()})
    end.

settled() -> garbage_collect(), timer:sleep(3000), girder_memory:resident_kb().

until(_, 0) -> false;
until(F, N) -> F() orelse begin timer:sleep(100), until(F, N - 1) end.

test_parked() ->
    N = girder_size:scaled(10000),
    twice(fun() ->
              Self = self(),
              Ps = [spawn(fun() -> receive {ask, X} -> Self ! {answer, X + 1} end end) || _ <- lists:seq(1, N)],
              lists:foldl(fun(P, I) -> P ! {ask, I}, I + 1 end, 1, Ps),
              Sum = lists:foldl(fun(_, S) -> receive {answer, X} -> S + X end end, 0, Ps),
              true = Sum =:= N * (N + 3) div 2
          end).

test_ring() ->
    N = girder_size:scaled(1000),
    twice(fun() ->
              Last = lists:foldl(fun(_, Next) -> spawn(fun() -> pass(Next) end) end, self(), lists:seq(1, N)),
              [Last ! {token, I} || I <- lists:seq(1, 10)],
              [receive {token, I} -> ok end || I <- lists:seq(1, 10)],
              Last ! stop,
              receive stop -> ok end
          end).

pass(Next) -> receive stop -> Next ! stop; M -> Next ! M, pass(Next) end.

%% One end goes through the whole tree.
test_linked_tree() ->
    N = girder_size:scaled(1000),
    twice(fun() ->
              Self = self(),
              {Root, M} = spawn_monitor(fun() -> branch(Self, N) end),
              Ps = [receive {here, P} -> P end || _ <- lists:seq(1, N)],
              true = lists:all(fun is_process_alive/1, Ps),
              true = erlang:system_info(process_count) > N,
              exit(Root, boom),
              receive {'DOWN', M, process, Root, boom} -> ok end,
              true = until(fun() -> not lists:any(fun is_process_alive/1, Ps) end, 300)
          end).

branch(Self, N) ->
    Self ! {here, self()},
    Left = (N - 1) div 2,
    [spawn_link(fun() -> branch(Self, Part) end) || Part <- [Left, N - 1 - Left], Part > 0],
    receive never -> ok end.

test_monitor_star() ->
    N = girder_size:scaled(1000),
    twice(fun() ->
              Self = self(),
              Center = spawn(fun() -> receive never -> ok end end),
              Ps = [spawn(fun() -> M = monitor(process, Center), Self ! ready, receive {'DOWN', M, process, Center, Why} -> Self ! {down, Why} end end)
                    || _ <- lists:seq(1, N)],
              [receive ready -> ok end || _ <- Ps],
              exit(Center, kill),
              [receive {down, killed} -> ok end || _ <- Ps],
              ok
          end).

test_mailbox() ->
    N = girder_size:scaled(50000),
    twice(fun() ->
              {P, M} = spawn_monitor(fun() -> receive go -> count(N, 1) end end),
              [P ! {number, I} || I <- lists:seq(1, N)],
              P ! go,
              receive {'DOWN', M, process, P, counted} -> ok end
          end).

count(N, I) when I > N -> exit(counted);
count(N, I) -> receive {number, I} -> count(N, I + 1) end.

test_timers() ->
    N = girder_size:scaled(10000),
    twice(fun() ->
              Refs = [erlang:start_timer(2000 + I rem 500, self(), I) || I <- lists:seq(1, N)],
              Cancelled = lists:sum([1 || {R, I} <- lists:zip(Refs, lists:seq(1, N)), I rem 2 =:= 0, is_integer(erlang:cancel_timer(R))]),
              Fired = fired(0),
              true = Cancelled + Fired =:= N
          end).

fired(N) -> receive {timeout, _, _} -> fired(N + 1) after 3500 -> N end.

seconds() -> girder_size:scaled(3000).

%% Members monitor, link to and kill each other; who dies is replaced. Each monitor fires once.
test_kill_storm() ->
    End = erlang:monotonic_time(millisecond) + seconds(),
    Self = self(),
    Watchers = [spawn_monitor(fun() -> watch(Self, End, X) end) || X <- lists:seq(1, 20)],
    [receive {'DOWN', M, process, P, Why} -> done = Why end || {P, M} <- Watchers],
    ok.

watch(_, End, Seed) ->
    process_flag(trap_exit, true),
    rand:seed(exsss, Seed),
    rounds(End).

rounds(End) ->
    Ps = [spawn(?MODULE, member, [rand:uniform(1 bsl 40)]) || _ <- lists:seq(1, 10)],
    Ms = [{monitor(process, P), P} || P <- Ps, _ <- [1, 2]],
    Linked = [P || P <- Ps, rand:uniform(2) =:= 1, catch link(P)],
    [P ! {others, Ps} || P <- Ps],
    [exit(P, Reason) || P <- Ps, Reason <- [normal, kill, boom, shutdown], rand:uniform(3) =:= 1],
    [exit(P, kill) || P <- Ps],
    [receive {'DOWN', M, process, P, _} -> ok after 20000 -> exit({lost_down, P}) end || {M, P} <- Ms],
    [receive {'EXIT', P, _} -> ok after 20000 -> exit({lost_exit, P}) end || P <- Linked],
    receive {'DOWN', _, _, _, _} = Twice -> exit({twice, Twice}); {'EXIT', _, _} = Twice -> exit({twice, Twice}) after 0 -> ok end,
    case erlang:monotonic_time(millisecond) < End of
        true -> rounds(End);
        false -> exit(done)
    end.

member(Seed) ->
    rand:seed(exsss, Seed),
    process_flag(trap_exit, rand:uniform(2) =:= 1),
    receive {others, Ps} -> busy(Ps) after 1000 -> ok end.

busy(Ps) ->
    P = lists:nth(rand:uniform(length(Ps)), Ps),
    case rand:uniform(7) of
        1 -> catch link(P);
        2 -> unlink(P);
        3 -> monitor(process, P);
        4 -> demonitor(monitor(process, P), [flush]);
        5 -> exit(P, lists:nth(rand:uniform(3), [normal, other, kill]));
        6 -> P ! lists:seq(1, rand:uniform(30));
        7 -> receive {'EXIT', _, other} -> exit(other); _ -> ok after 0 -> ok end
    end,
    busy(Ps).

%% What a process sent before it ended comes before the news of its end, in the order it was sent.
test_exit_order() ->
    End = erlang:monotonic_time(millisecond) + seconds(),
    Watchers = [spawn_monitor(fun() -> process_flag(trap_exit, true), order(End, X) end) || X <- lists:seq(1, 8)],
    [receive {'DOWN', M, process, P, Why} -> done = Why end || {P, M} <- Watchers],
    ok.

order(End, X) ->
    Self = self(),
    Ps = [begin
              N = (X * 31 + Y * 17) rem 60,
              {P, M} = spawn_opt(fun() -> [Self ! {self(), I} || I <- lists:seq(1, N)], exit({sent, N}) end, [monitor, link]),
              {P, M, N}
          end || Y <- lists:seq(1, 25)],
    [begin
         receive {'DOWN', M, process, P, {sent, N}} -> ok end,
         receive {'EXIT', P, {sent, N}} -> ok end,
         true = lists:seq(1, N) =:= sent_by(P)
     end || {P, M, N} <- Ps],
    case erlang:monotonic_time(millisecond) < End of
        true -> order(End, X + 1);
        false -> exit(done)
    end.

sent_by(P) -> receive {P, I} -> [I | sent_by(P)] after 0 -> [] end.

%% Pairs link and unlink while the other ends: after unlink no signal comes, without it exactly one does.
test_link_storm() ->
    End = erlang:monotonic_time(millisecond) + seconds(),
    Watchers = [spawn_monitor(fun() -> process_flag(trap_exit, true), pairs(End) end) || _ <- lists:seq(1, 8)],
    [receive {'DOWN', M, process, P, Why} -> done = Why end || {P, M} <- Watchers],
    ok.

pairs(End) ->
    Ps = [spawn(fun() -> receive after X rem 3 -> exit(gone) end end) || X <- lists:seq(1, 25)],
    [begin link(P), X rem 3 =:= 0 andalso unlink(P), X rem 5 =:= 0 andalso link(P) end || {P, X} <- lists:zip(Ps, lists:seq(1, 25))],
    [receive {'EXIT', P, Why} when Why =:= gone; Why =:= noproc -> ok after 20000 -> exit({lost_exit, P}) end ||
        {P, X} <- lists:zip(Ps, lists:seq(1, 25)), X rem 3 =/= 0],
    %% Linked, unlinked before or after the end came, perhaps linked again, also after the end: at most two.
    Late = [P || {P, X} <- lists:zip(Ps, lists:seq(1, 25)), X rem 3 =:= 0 orelse X rem 5 =:= 0],
    timer:sleep(3),
    [true = length(ends(P)) =< 2 || P <- Late],
    [] = [Q || Q <- ended(), lists:member(Q, Ps), not lists:member(Q, Late)],
    case erlang:monotonic_time(millisecond) < End of
        true -> pairs(End);
        false -> exit(done)
    end.

%% Who else ended: of this round nobody, of earlier rounds those whose second signal came late.
ended() -> receive {'EXIT', Q, _} -> [Q | ended()] after 0 -> [] end.

ends(P) -> receive {'EXIT', P, Why} -> [Why | ends(P)] after 0 -> [] end.
