%% SPDX-License-Identifier: Apache-2.0
%% Processes that sleep give their garbage back, and lose nothing that they hold.
-module(sweep_t).
-export([test_binaries/0, test_heaps/0, test_resident/0, test_slots/0, test_signals/0, test_kept/0, test_waiting_built_ins/0]).

%% run: alone
%% run: timeout 60

%% What N processes that dropped their binaries still hold goes away without anybody asking.
test_binaries() ->
    Before = erlang:memory(binary),
    Self = self(),
    Ps = [spawn(fun() -> drop_binaries(), Self ! {ready, self()}, idle(X) end) || X <- lists:seq(1, 300)],
    [receive {ready, P} -> ok end || P <- Ps],
    until(fun() -> erlang:memory(binary) < Before + 3000000 end),
    check_idle(Ps).

drop_binaries() ->
    [100000 = byte_size(binary:copy(<<X>>, 100000)) || X <- [1, 2, 3]],
    ok.

%% The system gets the memory of dropped binaries back, also when no heap shrank.
test_resident() ->
    Before = girder_memory:resident_kb(),
    Self = self(),
    Ps = [spawn(fun() -> drop_binaries(), Self ! {ready, self()}, idle(X) end) || X <- lists:seq(1, 600)],
    [receive {ready, P} -> ok end || P <- Ps],
    until(fun() -> girder_memory:resident_kb() < Before + 60000 end),
    check_idle(Ps).

%% Where the memory of many processes lay, of which one in fifty stays.
test_slots() ->
    Self = self(),
    Round = fun() ->
                Ps = [spawn(fun() -> Self ! ready, idle(X) end) || X <- lists:seq(1, 40000)],
                [receive ready -> ok end || _ <- Ps],
                Full = girder_memory:resident_kb(),
                lists:foldl(fun(P, X) -> X rem 50 =:= 0 orelse (P ! stop), X + 1 end, 1, Ps),
                {Full, [P || {P, X} <- lists:zip(Ps, lists:seq(1, 40000)), X rem 50 =:= 0]}
            end,
    {Full, Left} = Round(),
    until(fun() -> garbage_collect(), girder_memory:resident_kb() < Full - 25000 end),
    [P ! stop || P <- Left],
    ok.

%% What earlier tests used comes back for some seconds.
settled() ->
    garbage_collect(),
    Kb = girder_memory:resident_kb(),
    timer:sleep(2500),
    case girder_memory:resident_kb() < Kb - 2000 of
        true -> settled();
        false -> girder_memory:resident_kb()
    end.

%% Where the messages of a long queue lay.
test_signals() ->
    Before = settled(),
    P = spawn(fun Wait() -> receive stop -> ok after 3600000 -> Wait() end end),
    [P ! X || X <- lists:seq(1, 400000)],
    true = girder_memory:resident_kb() > Before + 30000,
    exit(P, kill),
    until(fun() -> garbage_collect(), girder_memory:resident_kb() < Before + 25000 end).

test_heaps() ->
    Self = self(),
    Ps = [spawn(fun() -> 40000 = length(lists:seq(1, 40000)), Self ! {ready, self()}, idle(X) end) || X <- lists:seq(1, 100)],
    [receive {ready, P} -> ok end || P <- Ps],
    until(fun() -> lists:all(fun(P) -> {memory, M} = process_info(P, memory), M < 50000 end, Ps) end),
    check_idle(Ps).

%% What is held stays: stack, dictionary, messages that were looked at, messages that were not.
test_kept() ->
    Ps = [spawn(fun() ->
                    put(key, {X, lists:seq(1, 5000)}),
                    Held = [{Y, integer_to_list(Y), <<Y:800>>} || Y <- lists:seq(1, 300)],
                    40000 = length(lists:seq(1, 40000)),
                    receive {never, _} -> never; {last, P, Ref} -> P ! {Ref, X, get(key), Held, all()} end
                end) || X <- lists:seq(1, 50)],
    [P ! {queued, X, lists:seq(1, 20)} || P <- Ps, X <- lists:seq(1, 30)],
    timer:sleep(3000),
    Held = [{Y, integer_to_list(Y), <<Y:800>>} || Y <- lists:seq(1, 300)],
    Queued = [{X, lists:seq(1, 20)} || X <- lists:seq(1, 30)],
    lists:foldl(fun(P, X) ->
                    Ref = make_ref(),
                    P ! {last, self(), Ref},
                    {Dict, Kept, Messages} = receive {Ref, X, A, B, C} -> {A, B, C} end,
                    Dict = {X, lists:seq(1, 5000)},
                    Kept = Held,
                    Messages = Queued,
                    X + 1
                end, 1, Ps),
    ok.

all() -> receive {queued, X, L} -> [{X, L} | all()] after 0 -> [] end.

%% Processes that come and go, and wait with a time-out, while they are swept.
test_waiting_built_ins() ->
    Self = self(),
    Ps = [spawn(fun() -> napper(Self, X, 8) end) || X <- lists:seq(1, 40)],
    [receive {done, P, Sum} -> Sum = 8 * 40000 end || P <- Ps],
    ok.

napper(To, _, 0) -> To ! {done, self(), get(sum)};
napper(To, X, N) ->
    L = lists:seq(1, 40000),
    receive after 100 * (N rem 3) + 300 * ((X + N) rem 4) -> ok end,
    put(sum, case get(sum) of undefined -> 0; S -> S end + length(L)),
    napper(To, X, N - 1).

idle(X) -> receive {get, P, Ref} -> P ! {Ref, X}, idle(X); stop -> ok end.

check_idle(Ps) ->
    lists:foldl(fun(P, X) ->
                    Ref = make_ref(),
                    P ! {get, self(), Ref},
                    X = receive {Ref, Y} -> Y end,
                    P ! stop,
                    X + 1
                end, 1, Ps),
    ok.

until(F) -> until(F, 200).
until(F, 0) -> true = F();
until(F, N) ->
    case F() of
        true -> ok;
        false -> timer:sleep(100), until(F, N - 1)
    end.
