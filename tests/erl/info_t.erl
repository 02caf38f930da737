%% SPDX-License-Identifier: Apache-2.0
%% What the emulator tells of itself.
-module(info_t).
-export([test_memory/0, test_instructions/0, test_gather/0, test_check_io/0, test_thread_events/0, test_built_ins/0, test_atomics/0, test_trace_control_word/0, test_texts/0, test_process_info_items/0, test_old_port/0]).

%% A port's descriptors are watched as long as it is open.
test_check_io() ->
    Before = watched(),
    P = open_port({spawn, "cat"}, [binary]),
    true = port_command(P, <<"x">>),
    receive {P, {data, <<"x">>}} -> ok end,
    true = watched() > Before,
    port_close(P),
    ok = wait(fun() -> watched() =< Before end, 100),
    [true = is_integer(V) || K <- [memory_size, pending_updates, active_fds, max_fds, poll_threads],
                             Set <- erlang:system_info(check_io), {K1, V} <- Set, K1 =:= K].

watched() -> lists:sum([N || Set <- erlang:system_info(check_io), {total_poll_set_size, N} <- Set]).

wait(_, 0) -> never;
wait(F, N) -> case F() of true -> ok; false -> timer:sleep(20), wait(F, N - 1) end.

test_thread_events() -> true = erlang:system_info(ethread_used_tse) >= 0.

%% Functions that erlang.erl defines itself are none.
test_built_ins() ->
    L = erlang:system_info(snifs),
    true = lists:member({lists, reverse, 2}, L),
    [] = [A || {erlang, F, A} <- L, F =:= apply orelse F =:= yield].

test_atomics() ->
    {_, Source, Operations} = lists:keyfind("64-bit native atomics", 1, erlang:system_info(ethread_info)),
    true = is_list(Source) andalso is_list(Operations).

test_trace_control_word() ->
    0 = erlang:system_flag(trace_control_word, 16#FFFFFFFF),
    16#FFFFFFFF = erlang:system_info(trace_control_word),
    {'EXIT', {badarg, _}} = (catch erlang:system_flag(trace_control_word, 1 bsl 32)),
    16#FFFFFFFF = erlang:system_flag(trace_control_word, 0).

%% Texts for people.
test_texts() ->
    [true = is_binary(erlang:system_info(K)) || K <- [info, procs, loaded, dist]],
    Me = list_to_binary(pid_to_list(self())),
    {_, _} = binary:match(erlang:system_info(procs), <<"=proc:", Me/binary>>),
    {_, _} = binary:match(erlang:system_info(loaded), <<"info_t ">>),
    {_, _} = binary:match(erlang:system_info(info), <<"processes_used: ">>).

test_process_info_items() ->
    {'EXIT', {badarg, _}} = (catch process_info(self(), async_dist)),
    {'EXIT', {badarg, _}} = (catch process_info(self(), [status, async_dist])).

%% A port of an earlier life of this node is no port any more.
test_old_port() ->
    <<131, Kind, Rest/binary>> = term_to_binary(hd(erlang:ports())),
    Creation = byte_size(Rest) - 4,
    <<Same:Creation/binary, Now:32>> = Rest,
    Old = binary_to_term(<<131, Kind, Same/binary, (Now + 1):32>>),
    M = erlang:monitor(port, Old),
    receive {'DOWN', M, port, Old, noproc} -> ok end.

%% Whatever lies in no kind of its own is still in the total.
test_memory() ->
    M = erlang:memory(),
    [Total, Processes, System | Kinds] = [proplists:get_value(K, M) || K <- [total, processes, system, atom, binary, code, ets]],
    true = Total =:= Processes + System,
    true = System > lists:sum(Kinds),
    ok.

test_instructions() ->
    Names = erts_debug:instructions(),
    true = length(Names) > 50,
    [true = io_lib:latin1_char_list(N) andalso N =/= [] || N <- Names].

%% What module instrument asks each thread's allocators for.
test_gather() ->
    Ask = fun(What, Thread) -> {What, Thread, 4, 128, make_ref()} end,
    [begin
         true = is_integer(Gather(Ask(binary_alloc, 0))),
         {'EXIT', {badarg, _}} = (catch Gather(Ask(no_alloc, 0))),
         {'EXIT', {badarg, _}} = (catch Gather(Ask(ll_alloc, 10000)))
     end || Gather <- [fun erts_internal:gather_alloc_histograms/1, fun erts_internal:gather_carrier_info/1]].
