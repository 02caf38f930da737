%% SPDX-License-Identifier: Apache-2.0
%% A process that grows without end dies alone when max_heap_size says so, and is reported as stock reports it.
%% run: alone
-module(max_heap_t).
-export([test_spawned_with/0, test_set_by_itself/0, test_lowered/0, test_not_killed/0, test_report/0, test_waiting_messages/0, test_collected_by_others/0,
         test_values/0, test_cannot_be_caught/0, test_system_flag/0]).
-export([body/1, list/1, binaries/1, map/2, tuple/1, dictionary/1, log/2]).

-define(LIMIT, 100000).

body(-1) -> [];
body(N) -> [N | body(N + 1)].
list(L) -> list([x | L]).
binaries(L) -> binaries([binary:copy(<<1>>, 30) | L]).
map(N, M) -> map(N + 1, M#{N => N}).
tuple(T) -> tuple(erlang:append_element(T, x)).
dictionary(N) -> put(N, lists:seq(1, 10)), dictionary(N + 1).

kinds() -> [{body, [0]}, {list, [[]]}, {binaries, [[]]}, {map, [0, #{}]}, {tuple, [{}]}, {dictionary, [0]}].

down({P, M}) -> receive {'DOWN', M, process, P, Why} -> Why end.

test_spawned_with() ->
    Limits = [#{size => ?LIMIT, error_logger => false}, #{size => ?LIMIT, kill => true, error_logger => false}],
    [killed = down(spawn_opt(?MODULE, F, A, [monitor, {max_heap_size, Limit}])) || {F, A} <- kinds(), Limit <- Limits],
    ok.

test_set_by_itself() ->
    [killed = down(spawn_monitor(fun() ->
                                     process_flag(max_heap_size, #{size => ?LIMIT, error_logger => false}),
                                     apply(?MODULE, F, A)
                                 end)) || {F, A} <- kinds()],
    ok.

%% Below what is in use already: the next collection sees it, and not this call.
test_lowered() ->
    {still, 100000} = down(spawn_monitor(fun() -> L = lists:seq(1, 100000), lower(1000), exit({still, length(L)}) end)),
    killed = down(spawn_monitor(fun() -> L = lists:seq(1, 100000), lower(1000), garbage_collect(), exit({still, length(L)}) end)),
    ok.

lower(Size) -> process_flag(max_heap_size, #{size => Size, error_logger => false}).

test_not_killed() ->
    logging(fun() ->
                Loud = #{size => ?LIMIT, kill => false, error_logger => true},
                done = down(spawn_opt(fun() -> exit(many_words()) end, [monitor, {max_heap_size, Loud}])),
                true = reports() > 0,
                done = down(spawn_opt(fun() -> exit(many_words()) end, [monitor, {max_heap_size, Loud#{error_logger := false}}])),
                0 = reports()
            end).

many_words() -> 150000 = length(lists:seq(1, 150000)), garbage_collect(), 100000 = length(bounded(100000)), done.
bounded(0) -> [];
bounded(N) -> [N | bounded(N - 1)].

test_report() ->
    logging(fun() ->
                {P, _} = Both = spawn_opt(?MODULE, body, [0], [monitor, {max_heap_size, ?LIMIT}]),
                killed = down(Both),
                receive
                    {log, Level, Msg, Meta} ->
                        error = Level,
                        {"     Process:            ~p ~n     Context:            maximum heap size reached~n"
                         "     Max Heap Size:      ~p~n     Total Heap Size:    ~p~n     Kill:               ~p~n"
                         "     Error Logger:       ~p~n     Message Queue Len:  ~p~n     GC Info:            ~p~n",
                         [P, ?LIMIT, Total, true, true, 0, Info]} = Msg,
                        true = Total > ?LIMIT,
                        [bin_old_vheap_block_size, bin_old_vheap_size, bin_vheap_block_size, bin_vheap_size, heap_block_size, heap_size, mbuf_size,
                         old_heap_block_size, old_heap_size, recent_size, stack_size] = lists:sort([K || {K, V} <- Info, is_integer(V)]),
                        #{error_logger := #{emulator := true, tag := error}, pid := P} = Meta
                end,
                0 = reports()
            end).

%% Messages that wait count, unless they are kept off the heap.
test_waiting_messages() ->
    [begin
         {P, M} = spawn_opt(fun() -> receive never -> ok end end,
                            [monitor, {message_queue_data, Where}, {max_heap_size, #{size => ?LIMIT, error_logger => false}}]),
         [P ! lists:seq(1, 100) || _ <- lists:seq(1, 2000)],
         true = garbage_collect(P),
         Outcome = receive {'DOWN', M, process, P, Why} -> Why after 200 -> exit(P, kill), alive end
     end || {Where, Outcome} <- [{on_heap, killed}, {off_heap, alive}]],
    %% Few of them do no harm.
    {P1, M1} = spawn_opt(fun() -> receive never -> ok end end, [monitor, {max_heap_size, #{size => ?LIMIT, error_logger => false}}]),
    [P1 ! lists:seq(1, 100) || _ <- lists:seq(1, 50)],
    true = garbage_collect(P1),
    receive {'DOWN', M1, process, P1, _} -> exit(ended) after 100 -> exit(P1, kill) end.

%% Whoever asks for the collection that ends the process gets an answer.
test_collected_by_others() ->
    Self = self(),
    {P, _} = Both = spawn_monitor(fun() -> L = lists:seq(1, 100000), lower(1000), Self ! ready, receive never -> length(L) end end),
    receive ready -> ok end,
    true = garbage_collect(P),
    killed = down(Both),
    false = garbage_collect(P).

test_values() ->
    Old = process_flag(max_heap_size, 0),
    [{Bad, true} = {Bad, is_bad(catch process_flag(max_heap_size, Bad))} ||
        Bad <- [1, 232, -1, 1 bsl 59, 1 bsl 70, foo, #{}, #{size => 1}, #{kill => false}, #{size => 1000, kill => maybe}, #{size => 1 bsl 59}]],
    #{size := 0} = process_flag(max_heap_size, (1 bsl 59) - 1),
    #{size := 576460752303423487} = process_flag(max_heap_size, #{size => 500000, other => 1}),
    {max_heap_size, #{size := 500000, kill := true, error_logger := true}} = process_info(self(), max_heap_size),
    process_flag(max_heap_size, Old),
    [true = is_bad(catch spawn_opt(fun() -> ok end, [{max_heap_size, Bad}])) || Bad <- [1, foo, #{size => 1 bsl 59}]],
    ok.

is_bad({'EXIT', {badarg, _}}) -> true;
is_bad(_) -> false.

%% Neither catch nor trap_exit helps.
test_cannot_be_caught() ->
    killed = down(spawn_monitor(fun() ->
                                    process_flag(trap_exit, true),
                                    lower(?LIMIT),
                                    catch body(0),
                                    exit(caught)
                                end)).

test_system_flag() ->
    Old = erlang:system_flag(max_heap_size, #{size => ?LIMIT, kill => true, error_logger => false}),
    #{size := ?LIMIT, kill := true, error_logger := false} = erlang:system_info(max_heap_size),
    Both = spawn_monitor(?MODULE, body, [0]),
    #{size := ?LIMIT} = erlang:system_flag(max_heap_size, Old),
    killed = down(Both).

%% What is logged while F runs comes to this process.
logging(F) ->
    ok = logger:add_handler(?MODULE, ?MODULE, #{config => self()}),
    {ok, Default} = logger:get_handler_config(default),
    ok = logger:remove_handler(default),
    try F()
    after
        logger:remove_handler(?MODULE),
        logger:add_handler(default, maps:get(module, Default), Default)
    end,
    ok.

log(#{msg := Msg, meta := Meta, level := Level}, #{config := Pid}) -> Pid ! {log, Level, Msg, Meta}.

reports() -> receive {log, _, _, _} -> 1 + reports() after 300 -> 0 end.
