%% SPDX-License-Identifier: Apache-2.0
%% Guards with many alternatives, in functions, case, if, receive, funs, comprehensions and catch.
-module(guard_shapes).
-export([cases/0, kind/1, two/2, range/1, semi/3, nested/1, shadow/2]).

cases() ->
    Values = [0, 5, 10, 11, 99, 100, -1, 5.0, 5.5, a, b, true, [], [1], {}, {a}, {a, 1}, {a, 1, 2}, <<>>, <<1>>, #{}, #{a => 1}, 1 bsl 64],
    diff_lib:each(kind, fun kind/1, Values) ++ diff_lib:each(range, fun range/1, Values) ++ diff_lib:each(nested, fun nested/1, Values) ++
        diff_lib:rows(two, fun two/2, Values) ++ diff_lib:rows(shadow, fun shadow/2, Values) ++
        [{{semi, X}, fun() -> [semi(X, Y, Z) || Y <- Values, Z <- [0, a, []]] end} || X <- Values] ++
        [{{in_receive, X}, fun() -> self() ! X, self() ! done, receive Y when is_integer(Y), Y > 7 -> {big, Y}; Y when is_list(Y); is_tuple(Y) -> {seq, Y}; done -> done after 0 -> none end end} || X <- Values] ++
        [{{in_compr, X}, fun() -> [Y || Y <- Values, Y > X, is_integer(Y) orelse is_atom(Y)] end} || X <- Values] ++
        [{{in_catch, X}, fun() -> try throw(X) catch throw:Y when Y > 7, is_integer(Y) -> big; throw:Y when is_list(Y) -> {list, hd(Y)}; throw:Y when element(1, Y) =:= a -> tagged; _:Y when map_size(Y) > 0 -> map end end} || X <- Values] ++
        [{{in_case, X}, fun() -> case {X, X} of {Y, Y} when Y > 7, Y < 50 -> middle; {Y, _} when is_atom(Y), Y =/= b -> atom; {_, Y} when tuple_size(Y) =:= 2; length(Y) =:= 1 -> sized; _ when X -> yes; {_, _} -> rest end end} || X <- Values] ++
        [{{in_if, X}, fun() -> if X > 7, X < 50 -> middle; is_atom(X), X -> atom_true; hd(X) > 0; element(1, X) =:= a -> first; X == 5 -> five end end} || X <- Values] ++
        [{{failing_size, X}, fun() -> case X of Y when size(Y) > 0 -> sized; Y when byte_size(Y) =:= 0 -> empty; Y when length(Y) =:= 0 -> nil; _ -> none end end} || X <- Values].

kind(X) when is_integer(X), X < 0 -> negative;
kind(X) when is_integer(X), X > 99; is_float(X), X > 5.2 -> large;
kind(X) when is_number(X) -> number;
kind(true) -> yes;
kind(X) when X == a; X == b -> letter;
kind([]) -> nil;
kind(X) when is_list(X) -> list;
kind(X) when tuple_size(X) =:= 0 -> unit;
kind(X) when element(1, X) =:= a, tuple_size(X) > 2 -> a_long;
kind(X) when is_tuple(X) -> tuple;
kind(X) when byte_size(X) > 0 -> bytes;
kind(X) when is_binary(X); is_map(X) -> other.

two(X, Y) when X > Y -> greater;
two(X, Y) when X < Y -> less;
two(X, Y) when X =:= Y -> same;
two(X, Y) when X == Y -> equal.

range(X) when X >= 0, X =< 9 -> digit;
range(X) when X >= 10, X =< 99 -> two_digits;
range(X) when 100 =< X, X =< 1 bsl 62 -> many;
range(X) when is_integer(X), X < 1 bsl 70 -> {big, X > 0};
range(X) when X > {} -> after_tuple;
range(X) when X >= a, X < b -> a;
range(_) -> none.

semi(X, Y, Z) when X, Y; Z =:= 0 -> one;
semi(X, Y, Z) when hd(X) > 0; hd(Y) > 0; hd(Z) > 0 -> two;
semi(X, Y, Z) when X + Y > Z; X - Y > 20 -> three;
semi(X, Y, _) when (X =:= Y) or (tuple_size(X) > tuple_size(Y)) -> four;
semi(X, Y, _) when X =:= Y orelse tuple_size(X) > tuple_size(Y) -> five;
semi(_, _, _) -> six.

nested(X) when (is_integer(X) andalso (X > 7 orelse X < 0)) orelse (is_list(X) andalso length(X) > 0 andalso hd(X) =:= 1) -> yes;
nested(X) when not (is_integer(X) orelse is_float(X)), not is_list(X) -> no;
nested(X) when (not is_integer(X)) and not is_list(X) -> float;
nested(X) -> {rest, X}.

shadow(X, Y) when is_atom(X) =:= is_atom(Y) ->
    case X of
        _ when is_atom(Y) -> both;
        Y -> same;
        _ when X > Y -> more;
        _ -> less
    end;
shadow(X, Y) ->
    if is_atom(X) -> {first, Y}; is_atom(Y) -> {second, X} end.
