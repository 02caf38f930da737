%% SPDX-License-Identifier: Apache-2.0
-module(records_all).
-export([cases/0, get_x/1, move/3, sum/1, big/1]).
-record(point, {x = 0, y = 0}).
-record(node, {key, left = nil, right = nil, value = #point{x = 1}}).
-record(big, {a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11, l = 12}).
-record(empty, {}).
-record(typed, {n = 0 :: integer(), l = [] :: list(), f = fun() -> ok end}).

id(X) -> diff_lib:id(X).

cases() ->
    Values = [#point{}, #point{x = 1, y = 2}, {point, 1}, {point, 1, 2, 3}, {other, 1, 2}, a, #empty{}, #node{}, [], {}, #big{}],
    [{{N, V}, fun() -> F(V) end} || V <- Values, {N, F} <- [{get_x, fun get_x/1}, {move, fun(P) -> move(P, 3, 4) end}, {sum, fun sum/1}, {big, fun big/1}, {set, fun(P) -> P#point{x = set} end},
        {is, fun(P) -> {is_record(P, point), is_record(P, point, 3), is_record(P, id(point), id(3)), is_record(P, empty), is_record(P, big)} end}, {nested, fun(P) -> P#node.value#point.x end}, {nested_set, fun(P) -> P#node{value = (P#node.value)#point{y = 9}} end}]] ++
        [{tree, fun() -> to_list(lists:foldl(fun insert/2, nil, [5, 2, 8, 1, 9, 3, 7, 4, 6])) end},
         {default, fun() -> {#point{}, #node{key = 1}, #empty{}, #big{_ = x, c = y}, #typed{n = 1}} end},
         {index, fun() -> {#point.x, #point.y, #big.l, #node.value} end}, {fields, fun() -> {record_info(fields, point), record_info(size, big), record_info(fields, empty)} end},
         {keyfind, fun() -> lists:keyfind(2, #point.y, [#point{x = 1, y = 1}, #point{x = 2, y = 2}]) end},
         {update_many, fun() -> (id(#big{}))#big{a = a, f = f, l = l} end}, {update_all, fun() -> (id(#point{}))#point{x = 1, y = 2} end}, {update_bad, fun() -> (id({big, 1}))#big{a = 1, b = 2} end},
         {match_default, fun() -> #point{x = X, _ = Y} = id(#point{x = 4, y = 5}), {X, Y} end}, {is_bad, fun() -> is_record(id({a}), id(1), id(2)) end}, {is_bad2, fun() -> is_record(id({a}), a, id(-1)) end}].

get_x(#point{x = X}) -> X;
get_x(P) when P#point.y =:= 2 -> impossible;
get_x(P) -> P#point.x.

move(#point{x = X, y = Y} = P, DX, DY) -> P#point{x = X + DX, y = Y + DY};
move(P, _, _) when is_record(P, node) -> node.

sum(#point{x = X, y = Y}) -> X + Y;
sum(#big{a = A, l = L}) -> A + L;
sum(#empty{}) -> 0.

big(B) -> B#big.l + B#big.a * B#big.f.

insert(K, nil) -> #node{key = K};
insert(K, #node{key = N, left = L} = T) when K < N -> T#node{left = insert(K, L)};
insert(K, #node{right = R} = T) -> T#node{right = insert(K, R)}.

to_list(nil) -> [];
to_list(#node{key = K, left = L, right = R}) -> to_list(L) ++ [K | to_list(R)].
