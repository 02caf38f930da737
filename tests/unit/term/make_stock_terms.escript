#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% Writes stock_terms.txt: terms with the hashes and the order a stock system gives them.
%%
%%   t <hex> <phash> <phash2> <internal hash or ->     a term; numbered from 0
%%   c <i> <j> <order> <total order> <=:=>                            -1, 0, 1; 0 or 1
-mode(compile).

main([Path]) ->
    rand:seed(exsss, {1, 2, 3}),
    erts_debug:set_internal_state(available_internal_state, true),
    Terms = list_to_tuple(fixed() ++ [random_term(4) || _ <- lists:seq(1, 900)]),
    N = tuple_size(Terms),
    {ok, F} = file:open(Path, [write, {delayed_write, 1 bsl 20, 1000}]),
    [write_term(F, element(I, Terms)) || I <- lists:seq(1, N)],
    Near = [{I, I + 1} || I <- lists:seq(1, N - 1)],
    Numbers = [I || I <- lists:seq(1, N), is_number(element(I, Terms))],
    Floats = [I || I <- Numbers, is_float(element(I, Terms))],
    Mixed = [{I, J} || I <- Floats, J <- Numbers, rand:uniform(20) =:= 1],
    Alike = [{I, J} || I <- lists:seq(1, N), J <- [rand:uniform(N) || _ <- lists:seq(1, 8)],
                       kind(element(I, Terms)) =:= kind(element(J, Terms))],
    Random = [{rand:uniform(N), rand:uniform(N)} || _ <- lists:seq(1, 2000)],
    [write_order(F, I, J, element(I, Terms), element(J, Terms)) || {I, J} <- Near ++ Mixed ++ Alike ++ Random],
    ok = file:close(F).

write_term(F, T) ->
    Internal = case plain(T) of
                   true -> integer_to_list(erts_debug:get_internal_state({internal_hash, T}));
                   false -> "-"
               end,
    io:format(F, "t ~s ~w ~w ~s~n",
              [hex(term_to_binary(T)), erlang:phash(T, 1 bsl 32) - 1, erlang:phash2(T, 1 bsl 32), Internal]).

write_order(F, I, J, A, B) ->
    Order = if A < B -> -1; A > B -> 1; true -> 0 end,
    Total = sign(erts_internal:cmp_term(A, B)),
    Exact = if A =:= B -> 1; true -> 0 end,
    io:format(F, "c ~w ~w ~w ~w ~w~n", [I - 1, J - 1, Order, Total, Exact]).

sign(X) when X < 0 -> -1;
sign(0) -> 0;
sign(_) -> 1.

kind(X) when is_number(X) -> number;
kind(X) when is_atom(X) -> atom;
kind(X) when is_list(X) -> list;
kind(X) when is_tuple(X) -> tuple;
kind(X) when is_map(X) -> map;
kind(X) when is_function(X) -> function;
kind(X) when is_bitstring(X) -> bits;
kind(_) -> id.

%% The internal hash of these is the same on every system.
plain(X) when is_number(X); is_bitstring(X) -> true;
plain([H | T]) -> plain(H) andalso plain(T);
plain([]) -> true;
plain(T) when is_tuple(T) -> plain(tuple_to_list(T));
plain(M) when is_map(M) -> plain(maps:to_list(M));
plain(_) -> false.

hex(B) -> [io_lib:format("~2.16.0b", [X]) || <<X>> <= iolist_to_binary(B)].


fixed() ->
    Integers = [0, 1, -1, 2, 7, 127, 128, 255, 256, 257, 65535, 65536, 1000003] ++
        lists:append([[(1 bsl B) + D, -(1 bsl B) + D] || B <- [26, 27, 28, 31, 32, 52, 53, 54, 58, 59, 60, 61, 62, 63, 64, 65, 95, 127, 128, 200, 1023, 1024, 1025],
                                                    D <- [-1, 0, 1]]),
    Floats = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1.5, 255.0, 256.0, 3.14159, 1.0e10, 1.0e100, -1.0e100, 1.0e308, 1.7976931348623157e308, 5.0e-324, 2.2250738585072014e-308,
              1.0e-80, 1.0e80, 9007199254740992.0, 9007199254740993.0, -9007199254740992.0, 576460752303423488.0, 1152921504606846976.0, 18446744073709551616.0,
              math:pow(2, 200), math:pow(2, 1023)],
    Atoms = [a, b, ab, abc, abcd, abce, abcde, abcdef, 'Abc', '', 'hello world', 'it\'s', true, false, undefined, nil,
             'åäö', list_to_atom([945, 946]), list_to_atom([1046, 233, 97]), list_to_atom([233]), list_to_atom([200, 300, 400]), list_to_atom([128512]), list_to_atom(lists:duplicate(255, $x))],
    Lists = [[], [1], [1, 2, 3], "abc", "abcd", "abcde", [1 | 2], [a | b], "abc" ++ [300], "abcd" ++ d, [[]], [[], []], [300, 97, 98], [300, 97 | 98],
             [a, 1, 2], lists:seq(250, 260), [0], [0, 0], [0, 0, 0, 0], [255, 255, 255, 255, 255], [$a | <<1>>]],
    Bits = [<<>>, <<0>>, <<1>>, <<1, 2, 3>>, <<"hello">>, <<"hello world">>, <<"hello world!">>, <<"hello world!!">>, <<1:1>>, <<0:1>>, <<5:3>>, <<1, 2, 3:2>>, <<0:7>>, <<1:7>>,
            <<255, 7:4>>, << <<X>> || X <- lists:seq(0, 255) >>, << <<X>> || X <- lists:seq(1, 64) >>, << <<X>> || X <- lists:seq(1, 65) >>, <<3:2, (binary:copy(<<171>>, 50))/binary>>,
            <<128>>, <<127, 1:1>>],
    Tuples = [{}, {1}, {a}, {1, 2}, {a, b, c}, {{}}, {[], {}}, {1.0}, {1, a}, list_to_tuple(lists:seq(1, 300)), {0.0}, {-0.0}],
    Maps = [#{}, #{a => 1}, #{a => 2}, #{b => 1}, #{1 => a}, #{1.0 => a}, #{1 => a, 1.0 => b}, #{a => 1, b => 2}, #{a => 1.0}, #{{1, 2} => [x]}, #{#{} => #{}}, #{a => #{b => #{}}},
            #{1 => 1, 2 => 2, 3 => 3}, #{2 => 1, 1.0 => 2}, #{"abc" => 1, <<"abc">> => 2}, maps:from_list([{X, -X} || X <- lists:seq(1, 32)]), #{0.0 => 1}, #{[1] => 1}, #{[1.0] => 1}],
    X = 42,
    Funs = [fun lists:map/2, fun lists:map/3, fun erlang:abs/1, fun lists:append/2, fun() -> X end, fun(Y) -> X + Y end, fun() -> [Floats, X] end, fun(_, _) -> ok end],
    Ids = [self(), list_to_pid("<0.1.0>"), list_to_pid("<0.100.5>"), list_to_pid("<0.99.6>"), hd(erlang:ports()), make_ref(), make_ref(),
           binary_to_term(<<131, 88, 119, 3, "a@b", 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 7>>), binary_to_term(<<131, 88, 119, 3, "a@b", 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 8>>),
           binary_to_term(<<131, 88, 119, 3, "z@b", 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 8>>), binary_to_term(<<131, 89, 119, 3, "a@b", 0, 0, 0, 9, 0, 0, 0, 1>>),
           binary_to_term(<<131, 120, 119, 3, "a@b", 0, 0, 1, 9, 0, 0, 0, 1, 0, 0, 0, 2>>),
           binary_to_term(<<131, 90, 0, 3, 119, 3, "a@b", 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3>>),
           binary_to_term(<<131, 90, 0, 3, 119, 3, "a@b", 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 3>>),
           binary_to_term(<<131, 90, 0, 5, 119, 3, "a@b", 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 1>>)],
    Integers ++ Floats ++ Atoms ++ Lists ++ Bits ++ Tuples ++ Maps ++ Funs ++ [{I} || I <- Ids] ++ Ids.

random_term(Depth) ->
    Leaf = Depth =:= 0,
    case rand:uniform(if Leaf -> 7; true -> 12 end) of
        1 -> rand:uniform(600) - 300;
        2 -> (rand:uniform(1 bsl 64) - (1 bsl 63)) bsr rand:uniform(63);
        3 -> (rand:uniform(1 bsl 200) - (1 bsl 199)) bsr rand:uniform(140);
        4 -> float_from(rand:bytes(8));
        5 -> lists:nth(rand:uniform(6), [a, b, true, 'x y', zebra, zebras]);
        6 -> N = rand:uniform(90), S = rand:uniform(8) - 1, B = rand:bytes(N), <<R:(N * 8 - S)/bits, _/bits>> = B, R;
        7 -> [rand:uniform(256) - 1 || _ <- lists:seq(1, rand:uniform(9))];
        8 -> list_to_tuple([random_term(Depth - 1) || _ <- lists:seq(1, rand:uniform(4))]);
        9 -> [random_term(Depth - 1) || _ <- lists:seq(1, rand:uniform(4))];
        10 -> [random_term(Depth - 1) | random_term(Depth - 1)];
        11 -> maps:from_list([{random_term(Depth - 1), random_term(Depth - 1)} || _ <- lists:seq(1, rand:uniform(5))]);
        12 -> float(rand:uniform(1000))
    end.

float_from(B) ->
    case B of
        <<F/float>> -> F;
        _ -> 1.5
    end.
