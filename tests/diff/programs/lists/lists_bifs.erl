%% SPDX-License-Identifier: Apache-2.0
%% List built-ins and operators over proper, improper and wrong lists.
-module(lists_bifs).
-export([cases/0]).

id(X) -> diff_lib:id(X).

lists() -> [[], [1], [a, b], [1, 2, 3], [3, 1, 2, 1], [1, 1.0, 1], [[], [[]]], [1 | 2], [a, b | c], "hello", [{a, 1}, {b, 2}, {a, 3}], [{1, x}, {1.0, y}, z, {1}], [1 bsl 70, 2.5, <<"b">>], lists:seq(1, 50), a, {}, 17, <<>>].

cases() ->
    [{{unary, F, L}, fun() -> apply(erlang, F, [L]) end} || F <- [length, hd, tl, list_to_tuple, list_to_binary, iolist_to_binary, iolist_size, list_to_bitstring, iolist_to_iovec], L <- lists()] ++
        [{{lists, F, L}, fun() -> apply(lists, F, [L]) end} || F <- [reverse, sort, usort, last, sum, max, min, append, concat, flatten, flatlength, droplast, unzip], L <- lists()] ++
        diff_lib:rows('++', fun(A, B) -> A ++ B end, lists()) ++ diff_lib:rows('--', fun(A, B) -> A -- B end, lists()) ++
        diff_lib:rows(reverse_2, fun(A, B) -> lists:reverse(A, B) end, lists()) ++ diff_lib:rows(member, fun(A, B) -> lists:member(B, A) end, lists(), [1, 1.0, a, {a, 1}, [], 1 bsl 70, "x"]) ++
        [{{key, F, K, N, L}, fun() -> apply(lists, F, [K, N, L]) end} || F <- [keyfind, keymember, keysearch], K <- [a, 1, 1.0, x], N <- [1, 2, 3], L <- lists(), L =/= 17, L =/= <<>>] ++
        [{{key_bad, F, N}, fun() -> apply(lists, F, [a, N, [{a}]]) end} || F <- [keyfind, keymember, keysearch, keydelete, keytake], N <- [0, -1, a, 1 bsl 70, 2]] ++
        [{{library, N}, F} || {N, F} <- library()] ++
        [{{trace, N}, F} || {N, F} <- traces()].

library() ->
    L = id([5, 3, 9, 1, 7, 3]), P = id([{b, 2}, {a, 1}, {c, 3}, {a, 4}]),
    [{seq, fun() -> [diff_lib:outcome(fun() -> lists:seq(A, B, S) end) || A <- [1, 5], B <- [0, 1, 5, 10], S <- [1, 2, -1, 0]] end}, {nth, fun() -> [diff_lib:outcome(fun() -> lists:nth(N, L) end) || N <- [0, 1, 6, 7]] end},
     {nthtail, fun() -> [diff_lib:outcome(fun() -> lists:nthtail(N, L) end) || N <- [0, 1, 6, 7]] end}, {sublist, fun() -> [diff_lib:outcome(fun() -> lists:sublist(L, S, N) end) || S <- [0, 1, 3, 8], N <- [0, 2, 9]] end},
     {split, fun() -> [diff_lib:outcome(fun() -> lists:split(N, L) end) || N <- [0, 2, 6, 7]] end}, {splitwith, fun() -> lists:splitwith(fun(X) -> X > 2 end, L) end}, {partition, fun() -> lists:partition(fun(X) -> X > 4 end, L) end},
     {keysort, fun() -> {lists:keysort(1, P), lists:ukeysort(1, P), lists:keysort(2, P)} end}, {keymap, fun() -> lists:keymap(fun(X) -> X * 2 end, 2, P) end}, {keystore, fun() -> {lists:keystore(a, 1, P, {a, x}), lists:keystore(z, 1, P, {z, x}), lists:keyreplace(b, 1, P, y), lists:keydelete(a, 1, P), lists:keytake(c, 1, P)} end},
     {merge, fun() -> {lists:merge([1, 3, 5], [2, 3, 4]), lists:umerge([1, 3], [1, 2]), lists:merge3([1], [2], [0]), lists:merge([[1, 4], [2, 3], [0]])} end}, {zip, fun() -> {lists:zip([1, 2], [a, b]), lists:zip3([1], [2], [3]), lists:zipwith(fun(A, B) -> A * B end, [1, 2], [3, 4]), lists:unzip3([{1, 2, 3}])} end},
     {fold, fun() -> {lists:foldl(fun(X, A) -> X - A end, 0, L), lists:foldr(fun(X, A) -> X - A end, 0, L), lists:mapfoldl(fun(X, A) -> {X + A, X} end, 0, L), lists:mapfoldr(fun(X, A) -> {X + A, X} end, 0, L)} end},
     {search, fun() -> {lists:search(fun(X) -> X > 5 end, L), lists:takewhile(fun(X) -> X > 2 end, L), lists:dropwhile(fun(X) -> X > 2 end, L), lists:filtermap(fun(X) -> X > 3 andalso {true, X * X} end, L)} end},
     {prefix, fun() -> {lists:prefix("ab", "abc"), lists:suffix("bc", "abc"), lists:subtract(L, [3]), lists:delete(3, L), lists:join(x, L), lists:duplicate(3, z)} end}, {flatmap, fun() -> lists:flatmap(fun(X) -> [X, X] end, L) end},
     {sort_big, fun() -> X = [(I * 7919) rem 1009 || I <- lists:seq(1, 3000)], {diff_lib:hash(lists:sort(X), 0), diff_lib:hash(lists:usort(X), 0), length(lists:usort(X))} end}, {sort_terms, fun() -> lists:sort([b, 1.0, 1, {}, [], <<>>, #{}, a, "x", {a}, 1 bsl 64, -0.0, 0, self(), fun lists:map/2]) end},
     {sort_fun, fun() -> lists:sort(fun({_, A}, {_, B}) -> A =< B end, P) end}, {rotate, fun() -> {lists:enumerate([a, b]), lists:uniq([1, 2, 1, 1.0]), lists:flatten([1, [2, [3, []], "ab"]])} end},
     {ordsets, fun() -> {ordsets:union([a, c], [b]), ordsets:subtract([a, b, c], [b]), orddict:from_list(P), ordsets:intersection([1, 2], [2, 3])} end}, {proplists, fun() -> {proplists:get_value(a, [a, {b, 1}]), proplists:get_all_values(a, P), proplists:compact([{a, true}, b])} end},
     {gb_trees, fun() -> T = lists:foldl(fun(X, A) -> gb_trees:enter(X, X * X, A) end, gb_trees:empty(), L), {gb_trees:to_list(T), gb_trees:lookup(9, T), gb_trees:size(T)} end}, {queue, fun() -> Q = queue:from_list(L), {{value, A}, Q1} = queue:out(Q), {A, queue:to_list(queue:in(z, Q1)), queue:len(Q)} end},
     {array, fun() -> A = array:from_list(L), {array:get(2, A), array:to_list(array:set(9, x, A)), array:size(A)} end}, {dict, fun() -> D = dict:from_list(P), {lists:sort(dict:to_list(D)), dict:find(a, D)} end}, {sets, fun() -> S = sets:from_list(L), {lists:sort(sets:to_list(S)), sets:is_element(9, S)} end},
     {rand, fun() -> S = rand:seed_s(exsss, {1, 2, 3}), {A, S1} = rand:uniform_s(100, S), {B, S2} = rand:uniform_s(S1), {C, _} = rand:normal_s(S2), {A, B, C} end}].

traces() ->
    [{length, fun() -> length(id([1 | 2])) end}, {length_tail, fun() -> [length(id(a))] end}, {append, fun() -> id([1 | 2]) ++ [3] end}, {append_last, fun() -> [1] ++ id(2) end}, {append_empty, fun() -> [] ++ id(a) end},
     {subtract, fun() -> id([1 | 2]) -- [1] end}, {subtract_right, fun() -> [1] -- id([1 | 2]) end}, {reverse, fun() -> lists:reverse(id([1 | 2])) end}, {reverse_2, fun() -> lists:reverse(id(a), []) end}, {member, fun() -> lists:member(x, id([1 | 2])) end},
     {keyfind, fun() -> lists:keyfind(x, 1, id([{a} | b])) end}, {map, fun() -> lists:map(fun(X) -> X end, id([1 | 2])) end}, {map_bad, fun() -> lists:map(id(x), [1]) end}, {foldl, fun() -> lists:foldl(fun(_, A) -> A end, 0, id(a)) end}, {nth, fun() -> lists:nth(3, [1, 2]) end},
     {iolist, fun() -> iolist_to_binary(id([1, [2 | <<3>>], <<"x">> | <<"tail">>])) end}, {iolist_bad, fun() -> iolist_to_binary(id([1, [a]])) end}, {iolist_int_tail, fun() -> iolist_to_binary(id([1 | 2])) end}, {iolist_bits, fun() -> list_to_bitstring(id([1, <<5:3>>, <<1:1>>, [<<"ab">>]])) end}, {iolist_bits_bad, fun() -> iolist_to_binary(id([<<1:1>>])) end},
     {iolist_deep, fun() -> byte_size(iolist_to_binary(lists:foldl(fun(X, A) -> [A, X band 255, <<X:16>>] end, [], lists:seq(1, 10000)))) end}, {iolist_size, fun() -> iolist_size(id([1, <<"abc">>, [[[]], "de" | <<"f">>]])) end}, {iovec, fun() -> erlang:iolist_to_iovec([<<"abc">>, 1, [binary:copy(<<"x">>, 100)]]) end}].
