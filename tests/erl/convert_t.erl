%% SPDX-License-Identifier: Apache-2.0
%% Numbers, text, references and process identifiers to one another; formatting.
-module(convert_t).
-export([test_integers/0, test_bases/0, test_bad_integers/0, test_floats/0, test_shortest/0, test_pids/0, test_format/0, test_scan/0, test_strings/0, test_big/0, id/1]).

id(X) -> X.

test_integers() ->
    [begin
         N = list_to_integer(integer_to_list(N)),
         N = binary_to_integer(integer_to_binary(N))
     end || N <- [0, 1, -1, 1 bsl 59 - 1, 1 bsl 59, -(1 bsl 59), -(1 bsl 59) - 1, 1 bsl 64, -(1 bsl 200), 10000000000000000000]],
    ok.

test_bases() ->
    [begin
         N = list_to_integer(integer_to_list(N, B), B),
         N = binary_to_integer(integer_to_binary(N, B), B)
     end || N <- [0, 255, -255, 1 bsl 70], B <- [2, 8, 10, 16, 36]],
    "FF" = integer_to_list(id(255), 16).

test_bad_integers() ->
    [{'EXIT', {badarg, _}} = (catch list_to_integer(S)) || S <- ["", "x", "1x", " 1", "--1", "1.5", a, [a]]],
    {'EXIT', {badarg, _}} = (catch integer_to_list(id(1), 37)).

test_floats() ->
    [F = list_to_float(float_to_list(F)) || F <- [0.1, 1.5, -2.75, 1.0e300, 1.0e-300, 5.0e-324, 3.141592653589793]],
    [{'EXIT', {badarg, _}} = (catch list_to_float(S)) || S <- ["", "1", "1.", ".5", "1.0e400", "x"]],
    ok.

test_shortest() ->
    [S = float_to_list(list_to_float(S), [short]) || S <- ["0.1", "1.0", "1.0e22", "123456.789", "5.0e-324", "1.7976931348623157e308"]],
    "1.50" = float_to_list(id(1.5), [{decimals, 2}]).

test_pids() ->
    P = self(),
    P = list_to_pid(pid_to_list(P)),
    R = make_ref(),
    R = list_to_ref(ref_to_list(R)),
    {'EXIT', {badarg, _}} = (catch list_to_pid(id("<x>"))).

test_format() ->
    "a [1,2] \"s\" {b}" = lists:flatten(io_lib:format("~p ~w ~p ~p", [a, [1, 2], "s", {b}])),
    "   +5|5    |ff|1.50" = lists:flatten(io_lib:format("~5s|~-5w|~.16b|~.2f", ["+5", 5, 255, 1.5])),
    "#{a => 1}" = lists:flatten(io_lib:format("~p", [#{a => 1}])),
    "<<1,2>>" = lists:flatten(io_lib:format("~w", [<<1, 2>>])).

test_scan() ->
    {ok, [{integer, 1, 1}, {'+', 1}, {atom, 1, a}, {dot, 1}], 1} = erl_scan:string("1 + a."),
    {ok, [7], []} = io_lib:fread("~d", "7").

test_strings() ->
    "ABC" = string:uppercase(id("abc")),
    ["a", "b", "c"] = string:split("a b c", " ", all),
    "b" = string:trim(" b "),
    {12, "x"} = string:to_integer("12x"),
    match = re:run("hello", "^h.*o$", [{capture, none}]).

test_big() ->
    N = 1 bsl 2000 - 12345,
    N = list_to_integer(integer_to_list(N)),
    603 = length(integer_to_list(N)).
