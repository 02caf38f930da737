%% SPDX-License-Identifier: Apache-2.0
%% Every type test and guard built-in over values of every kind: as a guard, as a value, in and/or/not.
-module(guard_tests).
-export([cases/0, g/0]).
-record(r, {a, b}).

g() -> ok.

values() ->
    [0, 1, -1, 1 bsl 59, 1 bsl 64, -(1 bsl 70), 0.0, -0.0, 1.5, a, true, false, undefined, [], [1], [1, 2, 3], [a | b], "str", {}, {1}, {r, 1, 2}, {r, 1}, {s, 1, 2},
     list_to_tuple(lists:seq(1, 40)), <<>>, <<1>>, <<1, 2, 3>>, <<1:1>>, <<5:7, 9>>, list_to_binary(lists:seq(1, 100)), #{}, #{a => 1}, #{1 => 2, 1.0 => 3},
     maps:from_list([{X, X} || X <- lists:seq(1, 40)]), self(), make_ref(), fun() -> ok end, fun(X) -> X end, fun(X, Y) -> {X, Y} end, fun ?MODULE:g/0, fun lists:map/2, hd(erlang:ports())].

-define(G1(E), {??E, fun(X) when E -> yes; (_) -> no end, fun(X) -> E end, fun(X) when not (E) -> yes; (_) -> no end,
                fun(X) when E; is_atom(X) -> yes; (_) -> no end, fun(X) when E, is_list(X) -> yes; (_) -> no end,
                fun(X) -> case E of true -> yes; false -> no; _ -> other end end, fun(X) -> if E -> yes; true -> no end end}).

cases() ->
    [{{Name, Form}, fun() -> [diff_lib:outcome(fun() -> F(V) end) || V <- values()] end} || T <- tests(), {Name, Form, F} <- forms(T)].

forms(T) ->
    [Name | Funs] = tuple_to_list(T),
    [{Name, N, F} || {N, F} <- lists:zip(lists:seq(1, length(Funs)), Funs)].

tests() ->
    [?G1(is_atom(X)), ?G1(is_binary(X)), ?G1(is_bitstring(X)), ?G1(is_boolean(X)), ?G1(is_float(X)), ?G1(is_function(X)), ?G1(is_function(X, 0)), ?G1(is_function(X, 1)),
     ?G1(is_function(X, 2)), ?G1(is_integer(X)), ?G1(is_list(X)), ?G1(is_map(X)), ?G1(is_number(X)), ?G1(is_pid(X)), ?G1(is_port(X)), ?G1(is_reference(X)), ?G1(is_tuple(X)),
     ?G1(is_record(X, r)), ?G1(is_record(X, r, 3)), ?G1(is_record(X, s, 3)), ?G1(is_map_key(a, X)), ?G1(is_map_key(1, X)),
     ?G1(X), ?G1(X =:= true), ?G1(X == 1), ?G1(X =:= 1), ?G1(X /= 1), ?G1(X =/= 1.0), ?G1(X < 1), ?G1(X >= a), ?G1(X =< []), ?G1(X > {}), ?G1(X == 0.0), ?G1(X =:= 0.0), ?G1(X == []), ?G1(X =:= {1}), ?G1(X =:= <<1>>),
     ?G1(X == "str"), ?G1(X == #{a => 1}), ?G1(X =:= 18446744073709551616), ?G1(X < 18446744073709551616), ?G1(X == 18446744073709551616.0),
     ?G1(abs(X) > 0), ?G1(bit_size(X) > 7), ?G1(byte_size(X) =:= 1), ?G1(ceil(X) =:= 2), ?G1(floor(X) =:= 1), ?G1(round(X) =:= 2), ?G1(trunc(X) =:= 1), ?G1(float(X) == 1.5),
     ?G1(element(1, X) =:= r), ?G1(element(2, X) > 0), ?G1(element(40, X) > 0), ?G1(hd(X) =:= 1), ?G1(tl(X) =:= []), ?G1(length(X) =:= 3), ?G1(length(X) > 0), ?G1(size(X) =:= 1), ?G1(tuple_size(X) > 1), ?G1(map_size(X) > 0),
     ?G1(map_get(a, X) =:= 1), ?G1(map_get(1, X) =:= 2), ?G1(map_get(1.0, X) =:= 3), ?G1(node(X) =:= nonode@nohost), ?G1(X =:= self()), ?G1(binary_part(X, 0, 1) =:= <<1>>), ?G1(binary_part(X, {1, 2}) =:= <<2, 3>>),
     ?G1(-X < 0), ?G1(+X > 0), ?G1(bnot X < 0), ?G1(X + 1 > 1), ?G1(X * 2 > X), ?G1(X band 1 =:= 1), ?G1(X div 1 =:= X), ?G1(X rem 2 =:= 1), ?G1(X / 1 == X),
     ?G1(is_tuple(X) andalso tuple_size(X) =:= 3), ?G1(is_list(X) andalso hd(X) =:= 1), ?G1(is_atom(X) orelse hd(X) =:= 1), ?G1(is_tuple(X) orelse is_list(X) orelse is_map(X)), ?G1(is_integer(X) and (X > 0)), ?G1(is_atom(X) or is_integer(X)),
     ?G1(is_atom(X) xor (X =:= true)), ?G1(not is_atom(X)), ?G1(not X), ?G1((is_integer(X) andalso X > 0) orelse (is_float(X) andalso X < 0)), ?G1(is_integer(X) andalso X >= 0 andalso X < 256), ?G1(X#r.a =:= 1), ?G1(is_record(X, r) andalso X#r.b =:= 2),
     ?G1({X} =:= {1}), ?G1([X] == [1.0]), ?G1([X | X] =:= [[] | []]), ?G1(#{k => X} =:= #{k => a}), ?G1(<<X>> =:= <<1>>), ?G1({X, 1} < {X, 2}), ?G1(length([X, 1 | X]) > 2)].
