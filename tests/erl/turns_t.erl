%% SPDX-License-Identifier: Apache-2.0
%% On one scheduler those whom a process makes runnable run in that order.
%% run: flags +S 1:1
-module(turns_t).
-export([test_woken/0, test_spawned/0, test_spawned_and_woken/0, test_call_after_spawn/0, test_calls_after_spawn/0, test_deleted_after_spawn/0]).

%% N processes that tell To of each message.
echoes(To, N) ->
    Ps = [spawn(fun Loop() -> receive X -> To ! X, Loop() end end) || _ <- lists:seq(1, N)],
    [begin P ! ready, receive ready -> ok end end || P <- Ps],
    Ps.

heard(N) -> [receive X -> X end || _ <- lists:seq(1, N)].

numbered(Ps) -> lists:zip(lists:seq(1, length(Ps)), Ps).

test_woken() ->
    Ps = echoes(self(), 5),
    [begin
         erlang:yield(),
         [P ! I || {I, P} <- numbered(Ps)],
         {Round, [1, 2, 3, 4, 5]} = {Round, heard(5)}
     end || Round <- lists:seq(1, 100)],
    [exit(P, kill) || P <- Ps].

test_spawned() ->
    Self = self(),
    [begin
         erlang:yield(),
         [spawn(fun() -> Self ! I end) || I <- lists:seq(1, 5)],
         {Round, [1, 2, 3, 4, 5]} = {Round, heard(5)}
     end || Round <- lists:seq(1, 100)].

test_spawned_and_woken() ->
    Self = self(),
    [A, B] = Ps = echoes(self(), 2),
    [begin
         erlang:yield(),
         A ! 1,
         spawn(fun() -> Self ! 2 end),
         B ! 3,
         spawn(fun() -> Self ! 4 end),
         {Round, [1, 2, 3, 4]} = {Round, heard(4)}
     end || Round <- lists:seq(1, 100)],
    [exit(P, kill) || P <- Ps].

%% Who was spawned begins before a server that is called afterwards answers.
test_call_after_spawn() ->
    Server = spawn(fun Loop() -> receive {From, X} -> From ! {answer, X}, Loop() end end),
    Self = self(),
    [begin
         erlang:yield(),
         spawn(fun() -> Self ! {begun, I} end),
         Server ! {self(), I},
         {I, {begun, I}} = {I, receive X -> X end},
         receive {answer, I} -> ok end
     end || I <- lists:seq(1, 100)],
    exit(Server, kill).

%% Neither does whoever calls it go on before, nor the next call.
test_calls_after_spawn() ->
    Server = spawn(fun Loop() -> receive {From, R} -> From ! R, Loop() end end),
    Self = self(),
    Call = fun() -> R = monitor(process, Server), Server ! {self(), R}, receive R -> demonitor(R, [flush]) end end,
    [begin
         Call(),
         spawn(fun() -> Self ! {begun, I} end),
         Call(),
         {I, {begun, I}} = {I, receive {begun, _} = X -> X after 0 -> late end}
     end || I <- lists:seq(1, 100)],
    exit(Server, kill).

%% Who was spawned begins in the code it was spawned with, although that is deleted next.
test_deleted_after_spawn() ->
    M = turns_t_module,
    {ok, M, B} = compile:forms([{attribute, 1, module, M}, {attribute, 1, export, [{loop, 0}]},
                                {function, 1, loop, 0, [{clause, 1, [], [], [{'receive', 1, [{clause, 1, [{atom, 1, x}], [], [{call, 1, {atom, 1, loop}, []}]}]}]}]}]),
    [begin
         {module, M} = code:load_binary(M, "turns_t_module.erl", B),
         P = spawn(M, loop, []),
         true = code:delete(M),
         erlang:yield(),
         {I, true} = {I, erlang:check_process_code(P, M)},
         true = code:purge(M),
         false = is_process_alive(P)
     end || I <- lists:seq(1, 20)].
