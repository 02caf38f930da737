%% SPDX-License-Identifier: Apache-2.0
%% Comprehensions of each kind, blocks, short circuits, case in case, begin-end, macros.
-module(flow_compr).
-export([cases/0]).

id(X) -> diff_lib:id(X).

cases() ->
    [{N, F} || {N, F} <- [
        {list, fun() -> [X * 2 || X <- id([1, 2, 3])] end}, {filter, fun() -> [X || X <- id(lists:seq(1, 20)), X rem 3 =:= 0] end}, {two, fun() -> [{X, Y} || X <- id([1, 2]), Y <- id([a, b])] end},
        {dependent, fun() -> [{X, Y} || X <- id([1, 2, 3]), Y <- lists:seq(1, X), X + Y > 3] end}, {pattern, fun() -> [X || {a, X} <- id([{a, 1}, {b, 2}, {a, 3}, c])] end},
        {guard_fail, fun() -> [X || X <- id([1, a, 2]), X + 1 > 2] end}, {filter_bad, fun() -> [X || X <- id([1, 2]), id(notbool)] end}, {filter_bad_var, fun() -> [X || X <- id([true, false, x]), X] end},
        {filter_call, fun() -> [X || X <- id([1, 2]), id(X) > 1] end}, {generator_bad, fun() -> [X || X <- id(a)] end}, {generator_improper, fun() -> [X || X <- id([1, 2 | c])] end},
        {generator_bad_2, fun() -> [{X, Y} || X <- id([1]), Y <- id(X)] end}, {shadow, fun() -> X = id(9), {[X || X <- id([1, 2])], X} end}, {nested, fun() -> [[Y * X || Y <- id([1, 2])] || X <- id([3, 4])] end},
        {strings, fun() -> [C - 32 || C <- id("hello"), C >= $a] end}, {in_arg, fun() -> lists:sum([X * X || X <- id([1, 2, 3])]) end}, {bin_to_list, fun() -> [X || <<X:4>> <= id(<<16#1234:16>>)] end},
        {bin_to_bin, fun() -> << <<X:8>> || <<X:4>> <= id(<<16#1234:16>>) >> end}, {list_to_bin, fun() -> << <<X:16>> || X <- id([1, 2, 3]) >> end}, {bin_short, fun() -> [X || <<X:8>> <= id(<<1, 2, 3:4>>)] end},
        {bin_utf8, fun() -> [X || <<X/utf8>> <= id(<<"aé€"/utf8>>)] end}, {bin_size, fun() -> [{N, B} || <<N, B:N/binary>> <= id(<<1, 9, 2, 8, 7, 0, 3, 1>>)] end}, {bin_bad, fun() -> [X || <<X>> <= id([1])] end},
        {mixed, fun() -> [{X, Y} || X <- id([1, 2]), <<Y>> <= id(<<7, 8>>), X * Y rem 2 =:= 0] end}, {unused, fun() -> [id(X) || X <- id([1, 2])], ok end}, {effects, fun() -> [self() ! X || X <- id([a, b])], receive b -> got_b end end},
        {three, fun() -> [{A, B, C} || A <- lists:seq(1, id(12)), B <- lists:seq(A, 12), C <- lists:seq(B, 13), A * A + B * B =:= C * C] end}, {true_filter, fun() -> [X || X <- id([1]), true, id(true)] end}, {false_filter, fun() -> [X || X <- id([1]), false] end},
        {andalso_chain, fun() -> [A andalso B orelse C || A <- id([true, false]), B <- id([true, false]), C <- id([true, x])] end}, {andalso_skip, fun() -> id(false) andalso error(never) end}, {orelse_skip, fun() -> id(true) orelse error(never) end},
        {andalso_value, fun() -> id(true) andalso 17 end}, {andalso_bad, fun() -> id(x) andalso 17 end}, {and_strict, fun() -> id(false) and id(x) end}, {or_strict, fun() -> id(true) or id(x) end}, {xor_all, fun() -> [A xor B || A <- id([true, false]), B <- id([true, false])] end},
        {not_all, fun() -> [not A || A <- id([true, false])] end}, {case_in_case, fun() -> [case case X of 1 -> a; _ -> b end of a -> X; b -> {X} end || X <- id([1, 2])] end}, {nested_if, fun() -> [if X > 1 -> if X > 2 -> big; true -> two end; true -> one end || X <- id([1, 2, 3])] end},
        {long_list, fun() -> length([X || X <- lists:seq(1, id(100000)), X band 1 =:= 0]) end}, {long_bin, fun() -> byte_size(<< <<X>> || X <- lists:seq(1, id(100000)) >>) end}, {append_lists, fun() -> [X || X <- id([1, 2])] ++ [Y || Y <- id([3])] end},
        {subtract, fun() -> lists:seq(1, id(100)) -- lists:seq(1, 100, 2) end}, {list_cons, fun() -> [1, 2 | [X || X <- id([3])]] end}, {improper, fun() -> [1 | id(2)] end}, {big_literal, fun() -> id([{a, [1, 2.0, "three", <<"four">>, #{five => 5}, 1 bsl 66]}, {b}]) end}]].
