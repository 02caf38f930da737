%% SPDX-License-Identifier: Apache-2.0
%% diff: flags +ssrct
%% Topologies, right and wrong, made up by a generator of numbers: the answer, the orders of binding and the groups that come of them.
-module(cpu_topology).
-export([cases/0]).

cases() ->
    [{{nested, N}, fun() -> nested(T) end} || {N, T} <- nested_topologies()] ++
        [{{flat, N}, fun() -> flat(T) end} || {N, T} <- flat_topologies()] ++
        [{{regular, Seed}, fun() -> flat(regular(Seed)) end} || Seed <- lists:seq(1, 60)] ++
        [{{ragged, Seed}, fun() -> flat(ragged(Seed)) end} || Seed <- lists:seq(1, 60)] ++
        [{{flag, F, V}, fun() -> erlang:system_flag(F, V) end}
         || {F, V} <- [{scheduler_bind_type, foo}, {scheduler_bind_type, 1}, {scheduler_bind_type, spread}, {internal_cpu_topology, x}]] ++
        [{{info, K}, fun() -> erlang:system_info(K) end}
         || K <- [cpu_topology, {cpu_topology, defined}, {cpu_topology, detected}, {cpu_topology, used}, {cpu_topology, x}, {cpu_topology},
                  {internal_cpu_topology, used}, scheduler_bind_type]].

%% What a topology makes of everything. Afterwards there is none again.
flat(T) ->
    try erlang:system_flag(internal_cpu_topology, T) of
        Old -> look(Old)
    after
        erlang:system_flag(internal_cpu_topology, undefined)
    end.

nested(T) ->
    try erlang:system_flag(cpu_topology, T) of
        Old -> look(Old)
    after
        erlang:system_flag(internal_cpu_topology, undefined)
    end.

look(Old) ->
    erts_debug:set_internal_state(available_internal_state, true),
    Orders = [unbound, no_spread, thread_spread, processor_spread, spread, no_node_thread_spread, no_node_processor_spread,
              thread_no_node_processor_spread, default_bind],
    {Old, erlang:system_info({internal_cpu_topology, used}), erlang:system_info({cpu_topology, defined}), erlang:system_info(cpu_topology),
     [erts_debug:get_internal_state({fake_scheduler_bindings, O}) || O <- Orders],
     [lists:sort(erts_debug:get_internal_state({reader_groups_map, N})) || N <- [1, 2, 3, 4, 5, 6, 7, 9, 12, 64]]}.

nested_topologies() ->
    [{undefined, undefined}, {empty, []}, {atom, foo}, {atoms, [foo]}, {one, [{logical, 0}]}, {far, [{logical, 65535}]}, {too_far, [{logical, 65536}]},
     {negative, [{logical, -1}]}, {twice, [{logical, 0}, {logical, 0}]}, {thread, [{thread, {logical, 3}}]}, {mixed, [{core, {logical, 0}}, {processor, {logical, 1}}]},
     {core, [{core, [{thread, {logical, 1}}, {thread, {logical, 0}}]}, {core, {logical, 2}}]}, {improper, [{core, {logical, 0}} | x]}, {info, [{core, [x], {logical, 0}}]},
     {upside, [{core, [{processor, {logical, 0}}]}]}, {both, [{node, [{processor, [{node, {logical, 0}}]}]}]},
     {nodes, [{node, [{processor, {logical, 0}}, {processor, {logical, 2}}]}, {processor, [{node, {logical, 1}}, {node, {logical, 3}}]}]},
     {some_nodes, [{node, [{processor, {logical, 0}}]}, {processor, [{core, {logical, 1}}]}]}, {number, [{core, {logical, a}}]}].

flat_topologies() ->
    [{N, [{cpu, A, B, C, D, E, F} || {A, B, C, D, E, F} <- L]}
     || {N, L} <- [{one, [{-1, 0, -1, 0, 0, 0}]}, {all_nodes, [{0, 0, 0, 0, 0, 0}]}, {same, [{-1, 0, -1, 0, 0, 0}, {-1, 0, -1, 0, 0, 1}]},
                   {logical, [{-1, 0, -1, 0, 0, 0}, {-1, 0, -1, 1, 0, 0}]}, {one_node, [{0, 0, -1, 0, 0, 0}, {-1, 1, -1, 0, 0, 1}]},
                   {no_node, [{-1, 0, -1, 0, 0, 0}, {0, 1, -1, 0, 0, 1}]}, {two_nodes, [{0, 0, -1, 0, 0, 0}, {1, 0, -1, 0, 0, 1}]}, {big, [{-1, 0, -1, 65536, 0, 0}]},
                   {gaps, [{5, 9, -1, 7, 3, 2}, {5, 9, -1, 7, 1, 8}, {5, 4, -1, 7, 0, 1}, {2, 4, -1, 7, 0, 3}]}]] ++
        [{improper, [{cpu, -1, 0, -1, 0, 0, 0} | x]}, {short, [{cpu, 0, 0, 0, 0, 0}]}, {name, [{gpu, -1, 0, -1, 0, 0, 0}]}, {empty, []}].

%% Everything has as many parts as its siblings.
regular(Seed) ->
    [Kind, Nodes, Processors, Cores, Threads | _] = [1 + X rem N || {X, N} <- lists:zip(numbers(Seed, 5), [3, 3, 3, 4, 2])],
    Places = [{place(Kind, N, P, Processors), C, T} || N <- lists:seq(0, Nodes - 1), P <- lists:seq(0, Processors - 1), C <- lists:seq(0, Cores - 1), T <- lists:seq(0, Threads - 1)],
    lists:zipwith(fun({{A, B, D}, C, T}, L) -> {cpu, A, B, D, C, T, L} end, Places, lists:seq(0, length(Places) - 1)).

%% Nodes outside of processors, inside of them, or none.
place(1, N, P, Processors) -> {N, N * Processors + P, -1};
place(2, N, P, _) -> {-1, P, N};
place(3, N, P, Processors) -> {-1, N * Processors + P, -1}.

%% Some of a regular one's are not there, the others come in any order and have other numbers; some of these are wrong.
ragged(Seed) ->
    All = regular(Seed + 1000),
    Mixed = [C || {X, C} <- lists:sort(lists:zip(numbers(Seed, length(All)), All)), X rem 3 =/= 0],
    Numbered = [setelement(7, C, (element(7, C) * 7 + Seed) rem 200) || C <- Mixed],
    case Numbered of
        [] -> [];
        [First | Rest] when Seed rem 5 =:= 0 -> [setelement(2 + Seed rem 3, First, 3) | Rest];
        _ -> Numbered
    end.

numbers(Seed, N) -> numbers((Seed * 7919 + 13) rem 2147483647, N, []).
numbers(_, 0, Acc) -> Acc;
numbers(X, N, Acc) ->
    Next = (X * 48271) rem 2147483647,
    numbers(Next, N - 1, [Next bsr 8 | Acc]).
