%% SPDX-License-Identifier: Apache-2.0
%% What must survive collections: registers, stack, messages, dictionary, funs, maps, binaries, deep terms.
-module(gc_t).
-export([test_arguments_of_traps/0, test_stack/0, test_deep_stack/0, test_all_kinds/0, test_shared/0, test_old_generation/0, test_messages/0, test_dictionary/0, test_exception/0, test_deep_term/0, test_binaries/0, test_other_process/0, test_garbage/0, test_shrink/0, test_room_in_small_heaps/0, test_literals/0, id/1]).

id(X) -> X.

test_stack() ->
    A = id([1]), B = id({2}), C = id(<<3>>), D = id(4.5), E = id(1 bsl 70), F = id(#{6 => 6}),
    erlang:garbage_collect(),
    G = id([A]),
    erlang:garbage_collect(),
    {[1], {2}, <<3>>, 4.5, 1180591620717411303424, #{6 := 6}, [[1]]} = {A, B, C, D, E, F, G}.

test_deep_stack() ->
    500 = deep(500).

deep(0) -> erlang:garbage_collect(), 0;
deep(N) -> T = {N, [N]}, R = deep(N - 1), {N, [N]} = T, R + 1.

test_all_kinds() ->
    Make = fun() -> [1 bsl 80, -5, 1.5, a, "s", {t, []}, <<"heap">>, binary:copy(<<"off">>, 100), <<5:3>>, #{a => [1]}, maps:from_list([{X, [X]} || X <- lists:seq(1, 50)]), fun lists:map/2] end,
    L = Make(),
    [erlang:garbage_collect() || _ <- [1, 2, 3, 4]],
    true = L =:= Make().

test_shared() ->
    S = lists:seq(1, 50),
    L = lists:duplicate(20, S),
    erlang:garbage_collect(),
    true = lists:all(fun(X) -> X =:= S end, L),
    true = erts_debug:size(L) < erts_debug:flat_size(L).

test_old_generation() ->
    Old = lists:seq(1, 200),
    erlang:garbage_collect(),
    New = lists:foldl(fun(X, A) -> junk(20), [{X, Old} | A] end, [], lists:seq(1, 20)),
    junk(1000),
    20 = length([ok || {_, O} <- New, O =:= Old]).

junk(N) -> lists:sum(lists:seq(1, N)).

test_messages() ->
    [self() ! {X, lists:seq(1, X)} || X <- lists:seq(1, 20)],
    junk(2000),
    erlang:garbage_collect(),
    [receive {X, L} -> X = length(L) end || X <- lists:seq(20, 1, -1)],
    ok.

test_dictionary() ->
    [put(X, {X, [X]}) || X <- lists:seq(1, 50)],
    erlang:garbage_collect(),
    junk(2000),
    erlang:garbage_collect(),
    [{X, [X]} = erase(X) || X <- lists:seq(1, 50)],
    ok.

test_exception() ->
    try throw({keep, lists:seq(1, 20)})
    catch throw:{keep, L}:S -> erlang:garbage_collect(), junk(1000), {210, true} = {lists:sum(L), is_list(S)}
    end.

test_deep_term() ->
    T = lists:foldl(fun(X, A) -> {[A], X} end, [], lists:seq(1, 3000)),
    erlang:garbage_collect(),
    3000 = depth(T, 0).

depth([], N) -> N;
depth({[T], _}, N) -> depth(T, N + 1).

test_binaries() ->
    A = lists:foldl(fun(X, B) -> erlang:garbage_collect(), <<B/binary, X>> end, <<>>, lists:seq(1, 80)),
    true = A =:= list_to_binary(lists:seq(1, 80)),
    <<_:3, P:300/bits, _/bits>> = A,
    erlang:garbage_collect(),
    300 = bit_size(P).

test_other_process() ->
    S = self(),
    P = spawn(fun() -> L = lists:seq(1, 100), S ! ready, receive go -> S ! {sum, lists:sum(L)} end end),
    receive ready -> ok end,
    true = erlang:garbage_collect(P),
    P ! go,
    5050 = receive {sum, X} -> X end,
    erlang:garbage_collect(self(), [{async, r}]),
    receive {garbage_collect, r, true} -> ok end.

test_garbage() ->
    L = garbage(300, []),
    6 = length(L),
    50 = length(hd(L)).

garbage(0, Keep) -> Keep;
garbage(N, Keep) ->
    L = lists:seq(1, 50),
    case N rem 50 of 0 -> garbage(N - 1, [L | Keep]); _ -> garbage(N - 1, Keep) end.

test_shrink() ->
    L = lists:seq(1, 20000),
    20000 = length(L),
    erlang:garbage_collect(),
    {total_heap_size, Before} = process_info(self(), total_heap_size),
    20000 = lists:last(L),
    erlang:garbage_collect(),
    {total_heap_size, After} = process_info(self(), total_heap_size),
    true = After < Before.

test_literals() ->
    L = literal(),
    erlang:garbage_collect(),
    {[1, 2, 3], #{k := <<"v">>}, 1.5, 123456789012345678901234567890} = L,
    self() ! L,
    receive X -> true = X =:= literal() end.

literal() -> {[1, 2, 3], #{k => <<"v">>}, 1.5, 123456789012345678901234567890}.

%% The first call of a process has arguments too: they are garbage once the function is done with them.
test_arguments_of_traps() ->
    Self = self(),
    Big = binary:copy(<<1>>, 100000),
    Report = fun() -> collect(), Self ! {left, process_info(self(), binary)} end,
    First = fun() -> true = is_binary(Big), Report() end,
    spawn_link(erlang, apply, [First, []]),
    receive {left, {binary, []}} -> ok end,
    spawn_link(fun() -> apply(First, []) end),
    receive {left, {binary, []}} -> ok end.

collect() -> erlang:garbage_collect(), collected.

%% A small heap that was collected has room for a short list: making one collects nothing.
test_room_in_small_heaps() ->
    Ref = make_ref(),
    P = spawn(fun() -> asked_to_collect(Ref) end),
    true = erlang:garbage_collect(P),
    1 = erlang:trace(P, true, [garbage_collection]),
    P ! {collect, Ref, major},
    {trace, P, gc_major_start, _} = receive A -> A after 5000 -> timeout end,
    {trace, P, gc_major_end, _} = receive B -> B after 5000 -> timeout end,
    exit(P, kill),
    none = receive C -> C after 50 -> none end.

asked_to_collect(Ref) ->
    receive {collect, Ref, Type} -> erlang:garbage_collect(self(), [{type, Type}]) end,
    asked_to_collect(Ref).
