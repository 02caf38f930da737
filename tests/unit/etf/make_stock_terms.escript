#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% Writes stock_terms.txt: external forms of random terms as a stock system writes them. One line per term, hexadecimal:
%% minor_version 1, 0, 2, and external_size of the first.
main([File]) ->
    rand:seed(exsss, {1, 2, 3}),
    {ok, F} = file:open(File, [write]),
    [line(F, T) || T <- special() ++ [term(rand:uniform(5)) || _ <- lists:seq(1, 260)]],
    file:close(F).

line(F, T) ->
    V = fun(N) -> binary:encode_hex(term_to_binary(T, [{minor_version, N}])) end,
    io:format(F, "~s ~s ~s ~b~n", [V(1), V(0), V(2), erlang:external_size(T)]).

special() ->
    [list_to_tuple(lists:seq(1, 255)), list_to_tuple(lists:seq(1, 256)),
     1 bsl 2039, 1 bsl 2040, 1 bsl 2048, -(1 bsl 31), 1 bsl 31, -(1 bsl 31) - 1, (1 bsl 31) - 1, 1 bsl 59, 1 bsl 60, -(1 bsl 60), 255, 256, -1,
     <<>>, <<1:1>>, <<5:7, 0:9>>, binary:copy(<<1>>, 100), [<<1>> | <<2>>], [1 | 2], [[] | a], "", [256], [-1], [1.0], 0.0, -0.0,
     list_to_atom(lists:duplicate(255, $a)), list_to_atom(lists:duplicate(255, 16#4e00)), list_to_atom([233]), '', list_to_atom([1024]),
     self(), make_ref(), hd(erlang:ports()), fun lists:map/2, fun erlang:'+'/2,
     binary_to_term(<<131, 88, 100, 0, 3, "a@b", 1:32, 2:32, 3:32>>), binary_to_term(<<131, 120, 100, 0, 3, "a@b", (1 bsl 40):64, 3:32>>),
     binary_to_term(<<131, 90, 5:16, 100, 0, 3, "a@b", 3:32, 1:32, 2:32, 3:32, 4:32, 5:32>>), #{}, #{a => 1, b => 2, 1 => x, 1.0 => y}].

term(0) -> leaf(rand:uniform(9));
term(D) ->
    case rand:uniform(8) of
        1 -> [term(D - 1) || _ <- lists:seq(1, rand:uniform(5))];
        2 -> list_to_tuple([term(D - 1) || _ <- lists:seq(1, rand:uniform(6) - 1)]);
        3 -> maps:from_list([{term(D - 1), term(D - 1)} || _ <- lists:seq(1, rand:uniform(8) - 1)]);
        4 -> [term(D - 1) | term(D - 1)];
        5 -> [rand:uniform(256) - 1 || _ <- lists:seq(1, rand:uniform(20))];
        _ -> leaf(rand:uniform(9))
    end.

leaf(1) -> rand:uniform(300) - 20;
leaf(2) -> rand:uniform(1 bsl rand:uniform(100)) * (rand:uniform(2) * 2 - 3);
leaf(3) -> (rand:uniform() - 0.5) * math:pow(10, rand:uniform(400) - 200);
leaf(4) -> lists:nth(rand:uniform(5), [a, ok, 'hello world', 'räksmörgås', 'дa']);
leaf(5) -> rand:bytes(rand:uniform(80) - 1);
leaf(6) -> <<(rand:uniform(1 bsl 60)):(rand:uniform(60))>>;
leaf(7) -> [];
leaf(8) -> rand:uniform(10) * 1.0;
leaf(9) -> lists:nth(rand:uniform(4), [fun lists:reverse/1, self(), {}, #{}]).
