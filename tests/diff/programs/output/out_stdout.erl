%% SPDX-License-Identifier: Apache-2.0
%% What reaches standard output itself, through the user process and through erlang:display.
%% diff: alone
-module(out_stdout).
-export([main/0]).

main() ->
    io:format(user, "one ~p ~s~n", [{a, [1, 2], "x"}, "two"]),
    io:put_chars(user, "plain\n"),
    io:put_chars(user, [<<"bin">>, $\n, ["deep", [10]]]),
    io:format(user, "~w ~ts~n", [[a | b], "abc"]),
    io:nl(user),
    [io:format(user, "~5b|", [X * X]) || X <- lists:seq(1, 40)],
    io:nl(user),
    io:put_chars(user, lists:duplicate(5000, $x)),
    io:nl(user),
    {io:getopts(user) =/= [], io:columns(user)}.
