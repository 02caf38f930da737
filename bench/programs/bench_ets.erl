%% SPDX-License-Identifier: Apache-2.0
%% ETS tables: insert, look up, count, order, match, fold.
-module(bench_ets).
-export([benches/0, setup/2, run/3, expected/2]).

benches() ->
    [{lookup_set, 5300000, 1}, {lookup_ordered, 3200000, 1}, {lookup_million, 1500000, 1}, {lookup_element, 4900000, 1},
     {insert_set, 3200000, 1}, {insert_new_delete, 1000000, 1}, {insert_ordered, 2200000, 1},
     {update_counter, 5600000, 1}, {lookup_wide, 1300000, 1}, {traverse, 560, 10000},
     {select, 450, 10000}, {match_object, 790, 10000}, {foldl, 340, 10000}, {bag, 2300000, 1},
     {binary_keys, 3500000, 1}, {tab_to_list, 520, 10000},
     {write_by_one, 3000000, 1}, {write_by_two, 3000000, 1}, {read_by_one, 4800000, 1}, {read_by_two, 4800000, 1}, {count_by_two, 4800000, 1},
     {compressed, 400000, 1}].

setup(E, _) when E =:= lookup_ordered; E =:= insert_ordered -> filled([ordered_set]);
setup(update_counter, _) -> T = ets:new(t, [set]), ets:insert(T, [{I, 0} || I <- lists:seq(0, 99)]), T;
setup(lookup_wide, _) ->
    T = ets:new(t, [set]),
    ets:insert(T, [{I, list_to_tuple(lists:seq(1, 30)), "some text of thirty characters"} || I <- lists:seq(0, 999)]),
    T;
setup(insert_new_delete, _) -> ets:new(t, [set]);
setup(lookup_million, _) -> T = ets:new(t, [set]), ets:insert(T, [{I, I} || I <- lists:seq(0, 999999)]), T;
setup(E, _) when E =:= write_by_one; E =:= write_by_two; E =:= read_by_one; E =:= read_by_two; E =:= count_by_two ->
    filled([set, public, {write_concurrency, true}, {read_concurrency, true}]);
setup(compressed, _) ->
    T = ets:new(t, [set, compressed]),
    ets:insert(T, [{I, I, "some text of thirty characters", {record, I, [a, b]}} || I <- lists:seq(0, 999)]),
    T;
setup(bag, _) -> ets:new(t, [bag]);
setup(binary_keys, _) ->
    T = ets:new(t, [set]),
    Keys = [list_to_binary(["user:", integer_to_list(I)]) || I <- lists:seq(1, 1000)],
    ets:insert(T, [{K, byte_size(K)} || K <- Keys]),
    {T, Keys};
setup(_, _) -> filled([set]).

filled(Options) ->
    T = ets:new(t, Options),
    ets:insert(T, [{I, I * 2, a} || I <- lists:seq(0, 9999)]),
    T.

run(E, N, T) when E =:= lookup_set; E =:= lookup_ordered -> lookup(N, T, 0);
run(lookup_million, N, T) -> million(N, T, 0);
run(lookup_element, N, T) -> element_of(N, T, 0);
run(E, N, T) when E =:= insert_set; E =:= insert_ordered -> insert(N, T), ets:info(T, size);
run(insert_new_delete, N, T) -> fresh(N, T), ets:info(T, size);
run(update_counter, N, T) -> count(N, T), lists:sum([V || {_, V} <- ets:tab2list(T)]);
run(lookup_wide, N, T) -> wide(N, T, 0);
run(traverse, N, T) -> repeat(N, fun() -> walk(ets:first(T), T, 0) end);
run(select, N, T) ->
    Spec = [{{'$1', '$2', a}, [{'>=', '$1', 5000}], [{{'$2', '$1'}}]}],
    repeat(N, fun() -> length(ets:select(T, Spec)) end);
run(match_object, N, T) -> repeat(N, fun() -> length(ets:match_object(T, {'_', 84, '_'})) end);
run(foldl, N, T) -> repeat(N, fun() -> ets:foldl(fun({_, V, _}, A) -> A + V end, 0, T) end);
run(write_by_one, N, T) -> write(N, 10000, T), ets:info(T, size);
run(write_by_two, N, T) -> by_two(fun(I) -> write(N div 2, I * 5000, T) end), ets:info(T, size);
run(read_by_one, N, T) -> read(N, 10000, T), ets:info(T, size);
run(read_by_two, N, T) -> by_two(fun(I) -> read(N div 2, I * 5000, T) end), ets:info(T, size);
run(count_by_two, N, T) -> by_two(fun(I) -> count_up(N div 2, I * 5000, T) end), ets:info(T, size);
run(compressed, N, T) -> renew(N, T), ets:info(T, size);
run(bag, N, T) -> bag(N, T), length(ets:lookup(T, 7));
run(binary_keys, N, {T, Keys}) -> names(N, Keys, Keys, T, 0);
run(tab_to_list, N, T) -> repeat(N, fun() -> length(ets:tab2list(T)) end).

expected(E, N) when E =:= lookup_set; E =:= lookup_ordered; E =:= lookup_element ->
    Full = N div 10000, Rest = N rem 10000,
    Full * 9999 * 10000 + Rest * (Rest + 1);
expected(E, _) when E =:= insert_set; E =:= insert_ordered -> 10000;
expected(lookup_million, N) -> N;
expected(insert_new_delete, _) -> 0;
expected(update_counter, N) -> N;
expected(lookup_wide, N) -> 30 * N;
expected(traverse, _) -> 10000;
expected(select, _) -> 5000;
expected(match_object, _) -> 1;
expected(foldl, _) -> 9999 * 10000;
expected(E, _) when E =:= write_by_one; E =:= write_by_two; E =:= read_by_one; E =:= read_by_two; E =:= count_by_two -> 10000;
expected(compressed, _) -> 1000;
expected(bag, _) -> 20;
expected(binary_keys, N) ->
    Sizes = [5 + length(integer_to_list(I)) || I <- lists:seq(1, 1000)],
    N div 1000 * lists:sum(Sizes) + lists:sum(lists:sublist(Sizes, N rem 1000));
expected(tab_to_list, _) -> 10000.

repeat(1, F) -> F();
repeat(N, F) -> F(), repeat(N - 1, F).

lookup(0, _, A) -> A;
lookup(N, T, A) -> [{_, V, _}] = ets:lookup(T, N rem 10000), lookup(N - 1, T, A + V).

million(0, _, A) -> A;
million(N, T, A) -> K = N * 7919 rem 1000000, [{K, K}] = ets:lookup(T, K), million(N - 1, T, A + 1).

element_of(0, _, A) -> A;
element_of(N, T, A) -> element_of(N - 1, T, A + ets:lookup_element(T, N rem 10000, 2)).

insert(0, _) -> ok;
insert(N, T) -> ets:insert(T, {N * 7 rem 10000, N, b}), insert(N - 1, T).

fresh(0, _) -> ok;
fresh(N, T) -> true = ets:insert_new(T, {N, x}), true = ets:delete(T, N), fresh(N - 1, T).

count(0, _) -> ok;
count(N, T) -> ets:update_counter(T, N rem 100, 1), count(N - 1, T).

wide(0, _, A) -> A;
wide(N, T, A) -> [{_, W, _}] = ets:lookup(T, N rem 1000), wide(N - 1, T, A + element(30, W)).

walk('$end_of_table', _, A) -> A;
walk(K, T, A) -> walk(ets:next(T, K), T, A + 1).

bag(0, _) -> ok;
bag(N, T) -> ets:insert(T, {N rem 1000, N div 1000 rem 20}), bag(N - 1, T).

names(0, _, _, _, A) -> A;
names(N, [], Keys, T, A) -> names(N, Keys, Keys, T, A);
names(N, [K | Ks], Keys, T, A) -> [{_, V}] = ets:lookup(T, K), names(N - 1, Ks, Keys, T, A + V).

%% Two processes at once; with more than one scheduler they run at the same time (--flags '+S 2').
by_two(F) ->
    Workers = [spawn_monitor(fun() -> F(I) end) || I <- [1, 2]],
    [receive {'DOWN', Monitor, process, Pid, normal} -> ok end || {Pid, Monitor} <- Workers].

%% Keys below To, 5000 of them.
write(0, _, _) -> ok;
write(N, To, T) -> ets:insert(T, {To - 1 - N rem 5000, N, [N]}), write(N - 1, To, T).

read(0, _, _) -> ok;
read(N, To, T) -> [_] = ets:lookup(T, To - 1 - N rem 5000), read(N - 1, To, T).

count_up(0, _, _) -> ok;
count_up(N, To, T) -> ets:update_counter(T, To - 1 - N rem 5000, 1), count_up(N - 1, To, T).

renew(0, _) -> ok;
renew(N, T) ->
    [{K, I, Text, {record, _, L}}] = ets:lookup(T, N rem 1000),
    ets:insert(T, {K, I + 1, Text, {record, N, L}}),
    renew(N - 1, T).
