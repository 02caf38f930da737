%% SPDX-License-Identifier: Apache-2.0
%% Patterns of every shape: nested, aliased, repeated variables, literals, prefixes, records, maps.
-module(match_patterns).
-export([cases/0]).
-record(p, {x = 0, y = 0, rest = []}).

id(X) -> diff_lib:id(X).

cases() ->
    Terms = [0, 1, 1.0, a, [], [1], [1, 2], [1, 1], [[1], [2]], [1 | 2], {}, {1}, {1, 2}, {1, 1}, {a, {b, [c | d]}}, {a, {b, [c]}}, "abc", "abcdef", "ab", <<"abc">>, <<>>, #{}, #{a => 1}, #{a => 1, b => 1}, #{a => 1, b => 2},
             #{a => #{b => [1]}}, #{1 => x}, #{1.0 => x}, #p{}, #p{x = 1, y = 1}, #p{x = 1, y = 2, rest = [z]}, {p, 1, 2}, [{k, 1}, {k, 2}], [{k, 1}, {j, 1}], {ok, [{1, 2}, {3, 4}]}, [a, b, c, d, e, f, g, h], list_to_tuple(lists:seq(1, 20)),
             {0.0, -0.0}, {1 bsl 64, 1 bsl 64}, {"x", "x"}, {<<1:3>>, <<1:3>>}, [[[[[[deep]]]]]], {{{{deep}}}}, {error, {badmatch, x}}],
    [{N, fun() -> [{T, diff_lib:outcome(fun() -> F(T) end)} || T <- Terms] end} || {N, F} <- funs()] ++
        [{{assign, N}, F} || {N, F} <- assigns()].

funs() ->
    [{pair, fun({X, Y}) -> {Y, X}; (_) -> no end}, {same, fun({X, X}) -> {same, X}; ([X, X]) -> {lsame, X}; (_) -> no end},
     {alias, fun({_, _} = T) -> {pair, T}; ([H | T] = L) -> {list, H, T, L}; (X = #{}) -> {map, X}; (X) -> {any, X} end},
     {deep, fun({a, {b, [c | T]}}) -> T; ([[[[[[X]]]]]]) -> X; ({{{{X}}}}) -> X; (_) -> no end},
     {deep_alias, fun({A, {B, [C | _] = L} = T} = W) -> {A, B, C, L, T, W}; (_) -> no end},
     {prefix, fun("abc" ++ R) -> {abc, R}; ("ab" ++ R) -> {ab, R}; ([1 | R]) -> {one, R}; (_) -> no end},
     {lists, fun([]) -> 0; ([_]) -> 1; ([_, _]) -> 2; ([_, _, _]) -> 3; ([_ | T]) when is_list(T) -> many; ([_ | T]) -> {improper, T}; (_) -> no end},
     {eight, fun([A, B, C, D, E, F, G, H]) -> {H, G, F, E, D, C, B, A}; (_) -> no end},
     {wide, fun({A, _, _, _, _, _, _, _, _, J, _, _, _, _, _, _, _, _, _, T}) -> {A, J, T}; (_) -> no end},
     {record, fun(#p{x = X, y = X}) -> {same, X}; (#p{x = 1, rest = [R]}) -> R; (#p{} = P) -> {p, P#p.y}; (_) -> no end},
     {map, fun(#{a := X, b := X}) -> {same, X}; (#{a := #{b := [X]}}) -> {deep, X}; (#{a := X, b := Y}) -> {X, Y}; (#{a := X}) -> X; (#{1 := X}) -> {one, X}; (#{1.0 := X}) -> {float, X}; (#{}) -> map; (_) -> no end},
     {kv, fun([{K, A}, {K, B}]) -> {K, A, B}; ([{A, V}, {B, V}]) -> {A, B, V}; (_) -> no end},
     {ok, fun({ok, [{A, B} | R]}) -> {A, B, R}; ({error, {R, X}}) -> {R, X}; (_) -> no end},
     {floats, fun({0.0, X}) -> {zero, X}; (1.0) -> one; ({X, X}) when is_integer(X) -> X; (_) -> no end},
     {underscore, fun({_, _}) -> pair; (_X) -> other end},
     {order, fun({X, 1}) -> {first, X}; ({1, X}) -> {second, X}; ({X, Y}) when X == Y -> {third, X}; (_) -> no end},
     {literal, fun({a, {b, [c | d]}}) -> 1; ([[1], [2]]) -> 2; (#{a := 1, b := 2}) -> 3; ({error, {badmatch, x}}) -> 4; (_) -> no end}].

assigns() ->
    [{bound, fun() -> X = id(1), {X, Y} = id({1, 2}), Y end}, {bound_fail, fun() -> X = id(1), {X, Y} = id({3, 2}), Y end}, {swap, fun() -> {A, B} = id({1, 2}), {B2, A2} = {A, B}, {A2, B2} end},
     {nested, fun() -> {A, [B, {C, D} | E]} = id({1, [2, {3, 4}, 5, 6]}), [A, B, C, D, E] end}, {double, fun() -> {A, _} = {_, B} = id({1, 2}), A + B end},
     {as_value, fun() -> L = [X = id(1), Y = id(2)], {L, X + Y} end}, {in_args, fun() -> M = max(A = id(4), B = id(5)), M + A * B end},
     {in_tuple, fun() -> T = {A, B} = id({7, 8}), {T, A, B} end}, {case_export, fun() -> case id(1) of 1 -> Z = a; _ -> Z = b end, Z end},
     {if_export, fun() -> A = id(3), if A > 2 -> R = big; true -> R = small end, {A, R} end}, {block, fun() -> begin A = id(1), B = A + 1 end, {A, B} end},
     {string, fun() -> "abc" ++ R = id("abcdef"), R end}, {string_fail, fun() -> "abx" ++ R = id("abcdef"), R end}, {map, fun() -> #{a := A, b := #{c := C}} = id(#{a => 1, b => #{c => 2}, d => 3}), {A, C} end},
     {map_key_var, fun() -> K = id({k, 1}), #{K := V} = id(#{{k, 1} => v}), V end}, {map_key_fail, fun() -> K = id(k), #{K := V} = id(#{j => 1}), V end},
     {bin, fun() -> <<A, B:16, C/binary>> = id(<<1, 2, 3, 4, 5>>), {A, B, C} end}, {gen_filter, fun() -> [X || {ok, X} <- id([{ok, 1}, error, {ok, 2}, {no, 3}])] end},
     {gen_bin_filter, fun() -> [X || <<1:1, X:7>> <= id(<<129, 1, 255, 127>>)] end}, {fun_head, fun() -> F = fun({A, [A | _]}) -> A; ({_, B}) -> B end, {F(id({1, [1]})), F(id({1, [2]}))} end},
     {shadow, fun() -> X = id(1), F = fun(X) -> X + 1 end, {F(10), X} end}, {many, fun() -> {A, B, C, D, E, F, G, H, I, J, K, L} = id({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}), [L, K, J, I, H, G, F, E, D, C, B, A] end}].
