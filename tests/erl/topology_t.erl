%% SPDX-License-Identifier: Apache-2.0
%% Processors and who is bound to them; processes that stay with one scheduler.
-module(topology_t).
-export([test_bind_and_unbind/0, test_all_bind_types/0, test_offline_is_unbound/0, test_programs_are_not_bound/0, test_long_call_keeps_binding/0, test_defined_processors_only/0,
         test_update/0, test_process_stays/0, test_process_moves/0, test_spawned_at_home/0, test_home_off_line/0, test_many_at_home/0, test_wrong_home/0]).

%% run: alone
%% run: flags +S 4:4
%% run: timeout 60

%% --- binding

bind(Type) -> quietly(fun() -> erlang:system_flag(scheduler_bind_type, Type) end).
define(T) -> erlang:system_flag(internal_cpu_topology, T).
bindings() -> erlang:system_info(scheduler_bindings).

%% Stock says in the log that this way of binding is an old one.
quietly(F) ->
    #{level := Level} = logger:get_primary_config(),
    logger:set_primary_config(level, error),
    try F() after logger:set_primary_config(level, Level) end.

usable() -> erlang:system_info(logical_processors_available).

%% All processors that may be used, in order, as a topology and as what four schedulers are bound to.
some_topology() -> [{cpu, -1, 0, -1, N, 0, N} || N <- usable_list()].
expected() -> list_to_tuple(lists:sublist(usable_list() ++ [unbound, unbound, unbound, unbound], 4)).
usable_list() -> numbers(allowed(os:getpid())).

allowed(Task) ->
    {ok, Text} = read("/proc/" ++ Task ++ "/status"),
    {match, [List]} = re:run(Text, "Cpus_allowed_list:\\s*(\\S+)", [{capture, all_but_first, list}]),
    List.

read(Name) ->
    {ok, F} = file:open(Name, [read, raw, binary]),
    R = file:read(F, 100000),
    file:close(F),
    R.

numbers(List) ->
    lists:append([case string:lexemes(Part, "-") of
                      [A] -> [list_to_integer(A)];
                      [A, B] -> lists:seq(list_to_integer(A), list_to_integer(B))
                  end || Part <- string:lexemes(List, ",")]).

%% The processors that threads are bound to, one for each such thread.
bound_threads() ->
    Pid = os:getpid(),
    {ok, Tasks} = file:list_dir("/proc/" ++ Pid ++ "/task"),
    Allowed = [catch numbers(allowed(Pid ++ "/task/" ++ T)) || T <- Tasks],
    lists:sort([N || [N] <- Allowed]).

with_topology(F) ->
    define(some_topology()),
    try F()
    after
        bind(unbound),
        define(undefined),
        ok = wait(fun() -> bindings() =:= {unbound, unbound, unbound, unbound} end)
    end.

if_many(F) ->
    case usable() of
        N when is_integer(N), N > 1 -> with_topology(F);
        _ -> {skip, "one processor"}
    end.

test_bind_and_unbind() -> if_many(fun bind_and_unbind/0).
bind_and_unbind() ->
    unbound = bind(no_spread),
    no_spread = erlang:system_info(scheduler_bind_type),
    Expected = expected(),
    ok = wait(fun() -> bindings() =:= Expected end),
    Bound = lists:sort([N || N <- tuple_to_list(Expected), is_integer(N)]),
    ok = wait(fun() -> bound_threads() =:= Bound end),
    [true = erlang:is_process_alive(spawn(fun() -> receive stop -> ok end end)) || _ <- lists:seq(1, 50)],
    no_spread = bind(unbound),
    unbound = erlang:system_info(scheduler_bind_type),
    ok = wait(fun() -> bindings() =:= {unbound, unbound, unbound, unbound} end),
    ok = wait(fun() -> bound_threads() =:= [] end).

test_all_bind_types() -> if_many(fun all_bind_types/0).
all_bind_types() ->
    Types = [no_spread, thread_spread, processor_spread, spread, no_node_thread_spread, no_node_processor_spread, thread_no_node_processor_spread],
    Expected = expected(),
    lists:foldl(fun(Type, Before) ->
                        Before = bind(Type),
                        ok = wait(fun() -> bindings() =:= Expected end),
                        Type
                end, unbound, Types),
    thread_no_node_processor_spread = bind(default_bind),
    thread_no_node_processor_spread = bind(spread).

test_offline_is_unbound() -> if_many(fun offline_is_unbound/0).
offline_is_unbound() ->
    bind(no_spread),
    Expected = expected(),
    ok = wait(fun() -> bindings() =:= Expected end),
    4 = erlang:system_flag(schedulers_online, 1),
    First = element(1, Expected),
    ok = wait(fun() -> bindings() =:= {First, unbound, unbound, unbound} end),
    ok = wait(fun() -> bound_threads() =:= [First] end),
    1 = erlang:system_flag(schedulers_online, 4),
    ok = wait(fun() -> bindings() =:= Expected end).

%% What a bound scheduler starts may run anywhere.
test_programs_are_not_bound() -> if_many(fun programs_are_not_bound/0).
programs_are_not_bound() ->
    Before = allowed(os:getpid()),
    bind(no_spread),
    Expected = expected(),
    ok = wait(fun() -> bindings() =:= Expected end),
    [Before = allowed_to_programs() || _ <- lists:seq(1, 5)].

allowed_to_programs() -> string:trim(os:cmd("sed -n 's/Cpus_allowed_list:\\s*//p' /proc/self/status")).

%% A scheduler whose thread is kept goes on where it was bound.
test_long_call_keeps_binding() -> if_many(fun long_call_keeps_binding/0).
long_call_keeps_binding() ->
    bind(no_spread),
    Expected = expected(),
    ok = wait(fun() -> bindings() =:= Expected end),
    erts_debug:set_internal_state(available_internal_state, true),
    Sleepers = [spawn_monitor(fun() -> erts_debug:set_internal_state(sleep, 50) end) || _ <- lists:seq(1, 8)],
    [receive {'DOWN', M, _, _, _} -> ok end || {_, M} <- Sleepers],
    Bound = lists:sort([N || N <- tuple_to_list(Expected), is_integer(N)]),
    ok = wait(fun() -> bound_threads() =:= Bound end),
    Expected = bindings().

%% A topology may name what is not there. Nobody is bound to that.
test_defined_processors_only() -> if_many(fun defined_processors_only/0).
defined_processors_only() ->
    First = hd(usable_list()),
    define([{cpu, -1, 0, -1, 0, 0, 900}, {cpu, -1, 0, -1, 1, 0, First}, {cpu, -1, 0, -1, 2, 0, 60000}]),
    bind(no_spread),
    ok = wait(fun() -> bindings() =:= {First, unbound, unbound, unbound} end).

test_update() ->
    unchanged = begin erlang:system_info(update_cpu_info), erlang:system_info(update_cpu_info) end,
    case os:find_executable("taskset") of
        false -> {skip, "no taskset"};
        _ -> if_many(fun update/0)
    end.
update() ->
    Before = allowed(os:getpid()),
    [First, Second | _] = usable_list(),
    bind(no_spread),
    ok = wait(fun() -> {A, B, _, _} = bindings(), {A, B} =:= {First, Second} end),
    try
        os:cmd("taskset -cp " ++ integer_to_list(Second) ++ " " ++ os:getpid()),
        changed = erlang:system_info(update_cpu_info),
        1 = usable(),
        ok = wait(fun() -> bindings() =:= {Second, unbound, unbound, unbound} end),
        unchanged = erlang:system_info(update_cpu_info),
        bind(unbound),
        ok = wait(fun() -> bindings() =:= {unbound, unbound, unbound, unbound} end),
        Readers = [spawn_monitor(fun() -> [read("/proc/self/maps") || _ <- lists:seq(1, 50)] end) || _ <- lists:seq(1, 20)],
        [receive {'DOWN', M, _, _, _} -> ok end || {_, M} <- Readers],
        bind(no_spread)
    after
        os:cmd("taskset -cp " ++ Before ++ " " ++ os:getpid())
    end,
    changed = erlang:system_info(update_cpu_info),
    ok = wait(fun() -> {A1, B1, _, _} = bindings(), {A1, B1} =:= {First, Second} end),
    [Before] = lists:usort([allowed_to_programs() || _ <- lists:seq(1, 20)]).

%% --- processes

me() -> erlang:system_info(scheduler_id).

work(0) -> ok;
work(N) -> _ = lists:reverse(lists:seq(1, 20)), work(N - 1).

stays(_, 0) -> ok;
stays(Home, N) ->
    Home = me(),
    case N rem 3 of
        0 -> work(300);
        1 -> erlang:yield();
        2 -> receive after 1 -> ok end
    end,
    stays(Home, N - 1).

test_process_stays() ->
    Others = [spawn_link(fun Loop() -> work(100), Loop() end) || _ <- lists:seq(1, 6)],
    Homes = [spawn_monitor(fun() -> 0 = process_flag(scheduler, H), H = me(), stays(H, 60) end) || H <- [1, 2, 3, 4], _ <- lists:seq(1, 5)],
    [receive {'DOWN', M, _, _, R} -> normal = R end || {_, M} <- Homes],
    [begin unlink(P), exit(P, kill) end || P <- Others].

test_process_moves() ->
    {_, M} = spawn_monitor(fun() ->
                                   0 = process_flag(scheduler, 1),
                                   [begin From = 1 + (N - 1) rem 4, To = 1 + N rem 4, From = me(), From = process_flag(scheduler, To), To = me() end || N <- lists:seq(1, 400)],
                                   1 = process_flag(scheduler, 1),
                                   1 = process_flag(scheduler, 0),
                                   0 = process_flag(scheduler, 0)
                           end),
    receive {'DOWN', M, _, _, R} -> normal = R end.

test_spawned_at_home() ->
    Ps = [spawn_opt(fun() -> H = process_flag(scheduler, H), H = me(), stays(H, 9) end, [{scheduler, H}, monitor, {priority, P}])
          || H <- [1, 2, 3, 4], P <- [low, normal, high, max]],
    [receive {'DOWN', M, _, _, R} -> normal = R end || {_, M} <- Ps].

%% Who is at home on a scheduler that is not to run waits for it.
test_home_off_line() ->
    4 = erlang:system_flag(schedulers_online, 2),
    Self = self(),
    P = spawn_opt(fun() -> Self ! {ran, me()} end, [{scheduler, 4}]),
    try
        receive {ran, _} -> error(too_early) after 200 -> ok end,
        {status, runnable} = process_info(P, status)
    after
        2 = erlang:system_flag(schedulers_online, 4)
    end,
    receive {ran, 4} -> ok end.

%% Those that stay and those that may move share a scheduler, and a message wakes each.
test_many_at_home() ->
    Self = self(),
    Ring = [spawn_opt(fun() -> ring(Self, 1 + N rem 2, 40) end, [{scheduler, 1 + N rem 2} || N rem 3 =/= 0] ++ [link]) || N <- lists:seq(1, 30)],
    [P ! {next, Next} || {P, Next} <- lists:zip(Ring, tl(Ring) ++ [hd(Ring)])],
    [P ! token || P <- Ring],
    [receive {done, P} -> ok end || P <- Ring].

ring(Parent, Home, Rounds) -> receive {next, Next} -> ring(Parent, Home, Next, Rounds) end.
ring(Parent, _, _, 0) -> Parent ! {done, self()};
ring(Parent, Home, Next, N) ->
    receive token -> ok end,
    Next ! token,
    ring(Parent, Home, Next, N - 1).

test_wrong_home() ->
    [{'EXIT', {badarg, [{erlang, process_flag, [scheduler, V], _} | _]}} = (catch process_flag(scheduler, V)) || V <- [-1, 5, a, 1.0, 1 bsl 70]],
    [{'EXIT', {badarg, _}} = (catch spawn_opt(fun() -> ok end, [{scheduler, V}])) || V <- [-1, 5, a]].

wait(F) -> wait(F, 500).
wait(_, 0) -> {never, bindings(), bound_threads()};
wait(F, N) ->
    case F() of
        true -> ok;
        false -> receive after 10 -> wait(F, N - 1) end
    end.
