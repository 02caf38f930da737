%% SPDX-License-Identifier: Apache-2.0
%% Terms that travel: messages, spawn arguments, ETS, serialisation.
-module(bench_copying).
-export([benches/0, setup/2, run/3, expected/2]).

benches() ->
    [{send_list, 2100, 10000}, {send_tree, 6600, 2047}, {send_small_tuple, 350000, 1},
     {send_strings, 1800, 1000}, {send_map_1000, 2100, 1000}, {send_small_map, 140000, 1},
     {send_large_binary, 180000, 1}, {send_huge, 19, 200000}, {send_shared, 22000, 1000}, {spawn_argument, 4600, 10000},
     {ets_list, 2000, 10000}, {ets_records, 690, 1000}, {compare_deep, 45000, 2047},
     {hash_deep, 8500, 2047}, {external_out, 3900, 2047}, {external_in, 3300, 2047},
     {literal, 320000, 1}].

setup(E, _) when E =:= ets_list; E =:= ets_records -> {ets:new(t, [set]), data(E)};
setup(spawn_argument, _) -> data(spawn_argument);
setup(compare_deep, _) -> {tree(10), tree(10)};
setup(external_in, _) -> term_to_binary(tree(10));
setup(E, _) when E =:= hash_deep; E =:= external_out -> tree(10);
setup(E, _) -> {spawn_link(fun echo/0), data(E)}.

data(E) when E =:= send_tree -> tree(10);
data(send_small_tuple) -> {request, 17, "abc", [a, {b, c}]};
data(send_strings) -> [{integer_to_list(I), "value " ++ integer_to_list(I)} || I <- lists:seq(1, 1000)];
data(send_map_1000) -> maps:from_list([{I, {I, I}} || I <- lists:seq(1, 1000)]);
data(send_small_map) -> #{id => self(), name => "abc", tags => [a, b], count => length(processes())};
data(send_large_binary) -> binary:copy(<<"x">>, 100000);
data(send_shared) -> T = lists:seq(1, 10), [T || _ <- lists:seq(1, 100)];
data(ets_records) -> [{I, "name " ++ integer_to_list(I), {I, [I]}, undefined} || I <- lists:seq(1, 1000)];
data(send_huge) -> [{I, [I], I} || I <- lists:seq(1, 200000)];
data(literal) -> constant();
data(_) -> lists:seq(1, 10000).

run(ets_list, N, {T, L}) ->
    repeat(N, fun() -> ets:insert(T, {key, L}), [{key, R}] = ets:lookup(T, key), length(R) end);
run(ets_records, N, {T, L}) ->
    repeat(N, fun() -> ets:insert(T, L), length(ets:tab2list(T)) end);
run(spawn_argument, N, L) ->
    Self = self(),
    repeat(N, fun() -> P = spawn(fun() -> Self ! {self(), hd(L), length(L)} end), receive {P, 1, Len} -> Len end end);
run(compare_deep, N, {A, B}) -> repeat(N, fun() -> A =:= B end);
run(hash_deep, N, T) -> H = erlang:phash2(T), repeat(N, fun() -> erlang:phash2(T) =:= H end);
run(external_out, N, T) -> repeat(N, fun() -> byte_size(term_to_binary(T)) end);
run(external_in, N, B) -> T = tree(10), repeat(N, fun() -> binary_to_term(B) =:= T end);
run(_, N, {Pid, Data}) -> bounce(N, Pid, Data).

expected(ets_list, _) -> 10000;
expected(ets_records, _) -> 1000;
expected(spawn_argument, _) -> 10000;
expected(external_out, _) -> 1 + 1023 * 2 + 1024 * 11;
expected(E, _) when E =:= compare_deep; E =:= hash_deep; E =:= external_in -> true;
expected(_, _) -> done.

repeat(1, F) -> F();
repeat(N, F) -> F(), repeat(N - 1, F).

tree(0) -> {leaf, 0};
tree(D) -> {tree(D - 1), tree(D - 1)}.

constant() -> {request, 17, "abc", [a, {b, c}], <<"literal">>, #{a => 1, b => [2]}}.

%% The peer takes part in every copy: there and back.
echo() -> receive {From, Data} -> From ! {self(), Data}, echo() end.

bounce(0, _, _) -> done;
bounce(N, Pid, Data) ->
    Pid ! {self(), Data},
    receive {Pid, Back} -> bounce(N - 1, Pid, Back) end.
