#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% Writes stock_arith.txt: what a stock system computes.
%%
%%   <operator> <hex> [<hex>] = <hex of the result, or the reason of the error>
-mode(compile).

main([Path]) ->
    rand:seed(exsss, {7, 8, 9}),
    {ok, F} = file:open(Path, [write, {delayed_write, 1 bsl 20, 1000}]),
    Edges = [0, 1, -1, 2, -2, 3, 7, -7, 1000000007] ++
        [S * ((1 bsl B) + D) || B <- [31, 32, 58, 59, 60, 61, 62, 63, 64, 128], D <- [-1, 0, 1], S <- [1, -1]],
    Floats = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1.0e18, 1.152921504606846976e18, -1.0e19, 1.0e100, 1.7976931348623157e308, 5.0e-324, 0.49999999999999994, 4503599627370497.5],
    Others = [a, [], <<>>],
    Numbers = Edges ++ Floats ++ [random_int() || _ <- lists:seq(1, 25)],
    Binary = ['+', '-', '*', '/', 'div', 'rem', 'band', 'bor', 'bxor'],
    All = list_to_tuple(Numbers ++ Others),
    Pick = fun() -> element(rand:uniform(tuple_size(All)), All) end,
    Edge = list_to_tuple(Edges),
    PickEdge = fun() -> element(rand:uniform(tuple_size(Edge)), Edge) end,
    [row(F, Op, [Pick(), Pick()]) || Op <- Binary, _ <- lists:seq(1, 120)],
    [row(F, Op, [PickEdge(), PickEdge()]) || Op <- Binary, _ <- lists:seq(1, 150)],
    Shifts = [0, 1, 2, 3, 7, 31, 32, 58, 59, 60, 61, 62, 63, 64, 65, 127, 128, 129, 200],
    [row(F, Op, [Pick(), lists:nth(rand:uniform(length(Shifts)), Shifts) * (rand:uniform(2) * 2 - 3)]) || Op <- ['bsl', 'bsr'], _ <- lists:seq(1, 150)],
    [row(F, Op, [A, B]) || Op <- ['bsl', 'bsr'], A <- [0, 1, -1, 1 bsl 100, -(1 bsl 100)], B <- [1 bsl 70, -(1 bsl 70), 1.0, a]],
    [row(F, 'bsl', [A, B]) || {A, B} <- [{1, 33554368}, {3, 33554367}, {1, 1 bsl 40}, {1 bsl 70, 1 bsl 40}, {-1, 33554368}]],
    [row(F, Op, [X]) || Op <- ['-', '+', 'bnot', abs, float, round, trunc, floor, ceil], X <- Numbers ++ Others],
    ok = file:close(F).

row(F, Op, Args) ->
    Result = try apply(erlang, Op, Args) of
                 R -> hex(R)
             catch
                 error:Reason -> atom_to_list(Reason)
             end,
    io:format(F, "~s~s = ~s~n", [Op, [[" ", hex(A)] || A <- Args], Result]).

hex(T) -> [io_lib:format("~2.16.0b", [X]) || <<X>> <= term_to_binary(T)].

random_int() ->
    N = rand:uniform(300),
    (rand:uniform(1 bsl N) - 1) * (rand:uniform(2) * 2 - 3).
