%% SPDX-License-Identifier: Apache-2.0
%% Many processes at once: what several schedulers do to shared structures.
-module(smp_t).
-export([test_flood/0, test_all_to_all/0, test_link_storm/0, test_monitor_storm/0, test_name_race/0, test_counter_race/0, test_ets_race/0, test_spawn_tree/0, test_exit_while_sending/0, test_atoms_at_once/0, test_timers_at_once/0, test_binaries_between/0, test_unlink_race/0]).

test_flood() ->
    S = self(),
    Ps = [spawn(fun() -> [S ! {self(), Y} || Y <- lists:seq(1, 100)] end) || _ <- lists:seq(1, 20)],
    [Y = receive {P, Z} -> Z end || P <- Ps, Y <- lists:seq(1, 100)],
    ok.

test_all_to_all() ->
    S = self(),
    Ps = [spawn(fun() -> member(S) end) || _ <- lists:seq(1, 15)],
    [P ! {peers, Ps} || P <- Ps],
    [receive {P, 15} -> ok end || P <- Ps],
    ok.

member(S) ->
    receive {peers, Ps} -> [P ! {hi, self()} || P <- Ps] end,
    S ! {self(), length([receive {hi, P} -> P end || P <- Ps])}.

test_link_storm() ->
    process_flag(trap_exit, true),
    S = self(),
    Ps = [spawn_link(fun() -> Q = spawn_link(fun() -> receive never -> ok end end), S ! {self(), Q}, receive go -> exit(boom) end end) || _ <- lists:seq(1, 50)],
    Qs = [receive {P, Q} -> monitor(process, Q) end || P <- Ps],
    [P ! go || P <- Ps],
    [receive {'EXIT', P, boom} -> ok end || P <- Ps],
    [receive {'DOWN', M, _, _, R} -> true = R =:= boom orelse R =:= noproc end || M <- Qs],
    ok.

test_monitor_storm() ->
    T = spawn(fun() -> receive die -> ok end end),
    S = self(),
    Ps = [spawn(fun() -> M = monitor(process, T), S ! {ready, self()}, receive {'DOWN', M, _, _, R} -> S ! {self(), R} end end) || _ <- lists:seq(1, 50)],
    [receive {ready, P} -> ok end || P <- Ps],
    T ! die,
    [normal = receive {P, R} -> R end || P <- Ps],
    ok.

test_name_race() ->
    S = self(),
    Ps = [spawn(fun() -> S ! {self(), catch register(smp_t_name, self())}, receive stop -> ok end end) || _ <- lists:seq(1, 30)],
    1 = length([P || P <- Ps, receive {P, R} -> R end =:= true]),
    [begin M = monitor(process, P), P ! stop, receive {'DOWN', M, _, _, _} -> ok end end || P <- Ps],
    undefined = whereis(smp_t_name).

test_counter_race() ->
    A = atomics:new(1, []), C = counters:new(1, [write_concurrency]), S = self(),
    [spawn(fun() -> [begin atomics:add(A, 1, 1), counters:add(C, 1, 2) end || _ <- lists:seq(1, 100)], S ! done end) || _ <- lists:seq(1, 10)],
    [receive done -> ok end || _ <- lists:seq(1, 10)],
    {1000, 2000} = {atomics:get(A, 1), counters:get(C, 1)}.

test_ets_race() ->
    [begin
         T = ets:new(t, [Type, public, {write_concurrency, true}]),
         S = self(),
         [spawn(fun() -> [begin ets:update_counter(T, c, 1, {c, 0}), ets:insert(T, {{X, Y}, Y}), ets:lookup(T, {X, Y - 1}), Y rem 3 =:= 0 andalso ets:delete(T, {X, Y}) end || Y <- lists:seq(1, 60)], S ! done end) || X <- lists:seq(1, 8)],
         [receive done -> ok end || _ <- lists:seq(1, 8)],
         [{c, 480}] = ets:lookup(T, c),
         321 = ets:info(T, size),
         ets:delete(T)
     end || Type <- [set, ordered_set]],
    ok.

test_spawn_tree() ->
    tree(self(), 7),
    ok = leaves(128).

tree(S, 0) -> S ! leaf;
tree(S, N) -> spawn(fun() -> tree(S, N - 1) end), spawn(fun() -> tree(S, N - 1) end).

leaves(0) -> ok;
leaves(N) -> receive leaf -> leaves(N - 1) end.

test_exit_while_sending() ->
    S = self(),
    T = spawn(fun() -> receive after 2 -> exit(gone) end end),
    Ps = [spawn(fun() -> [T ! lists:seq(1, 20) || _ <- lists:seq(1, 200)], S ! {done, self()} end) || _ <- lists:seq(1, 8)],
    [receive {done, P} -> ok end || P <- Ps],
    ok.

test_atoms_at_once() ->
    S = self(),
    Make = fun() -> [list_to_atom("smp_t_atom_" ++ integer_to_list(X)) || X <- lists:seq(1, 100)] end,
    Ps = [spawn(fun() -> S ! {self(), Make()} end) || _ <- lists:seq(1, 8)],
    L = Make(),
    [true = receive {P, K} -> K =:= L end || P <- Ps],
    ok.

test_timers_at_once() ->
    S = self(),
    Ps = [spawn(fun() -> R = erlang:send_after(1, self(), tick), C = erlang:send_after(50000, self(), tock), receive tick -> ok end, S ! {self(), is_integer(erlang:cancel_timer(C)), erlang:cancel_timer(R)} end) || _ <- lists:seq(1, 50)],
    [{true, false} = receive {P, A, B} -> {A, B} end || P <- Ps],
    ok.

test_binaries_between() ->
    B = binary:copy(<<"0123456789">>, 100),
    S = self(),
    Ps = [spawn(fun() -> receive {B1, From} -> Part = binary:part(B1, X, 500), From ! {self(), Part, <<B1/binary, X>>} end end) || X <- lists:seq(1, 20)],
    [P ! {B, S} || P <- Ps],
    [begin {P1, P2} = receive {P, A, C} -> {A, C} end, 500 = byte_size(P1), 1001 = byte_size(P2), X = binary:last(P2) end || {P, X} <- lists:zip(Ps, lists:seq(1, 20))],
    ok.

test_unlink_race() ->
    process_flag(trap_exit, true),
    [begin
         P = spawn_link(fun() -> ok end),
         unlink(P),
         receive {'EXIT', P, _} -> ok after 0 -> ok end,
         none = receive {'EXIT', P, _} -> late after 0 -> none end
     end || _ <- lists:seq(1, 100)],
    ok.
