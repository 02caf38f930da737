#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% For stock_display.txt: terms in external format, hex, on standard error, and what erlang:display/1 prints on standard output.
%%   ./make_stock_display.escript 2>terms >texts; paste -d "\n" terms texts | tr -d "\r" >stock_display.txt
-mode(compile).

main(_) ->
    X = 42,
    Large = maps:from_list([{I, I * I} || I <- lists:seq(1, 40)]),
    Terms =
        ["abc", "a\tb\"q\"", "a\nb", [229, 228, 300], [], [a | b], [1, 2 | 3], {}, {1}, {a, {b, [c]}}, [[], [1]], [0], "\0", [127], [256], [$\d], "tab\t", [1.0 | 2.0],
         1.0, -0.0, 0.0, 1.5e300, 1.0e-10, 123456789.123, 9.9999999e22, 5.0e-324, 0, -7, 1 bsl 60, -(1 bsl 59), 12345678901234567890123, -(1 bsl 200),
         <<>>, <<"abc">>, <<"a\"b\\">>, <<1, 2, 3>>, <<"abc", 1:3>>, <<5:7>>, <<"tab\t">>, <<127>>, binary:copy(<<"x">>, 100), [<<1>>, <<"x">> | y],
         'hello world', 'Abc', abc@def, 'it\'s', '', 'a\nb', '[]', '\x{3b1}', 'åäö', 'ÅÄÖ', 'a\x80b', a_b, '_x', aB1, '1a', 'a\\b', 'x\x{7f}', '\x{1f600}', 'aα', '÷', 'a÷', 'ß',
         '\b\f\v\r\t\e', list_to_atom("x" ++ [0]), true, nil,
         #{}, #{a => 1, b => 2}, #{1 => a, 1.0 => b, "x" => [y]}, #{#{} => #{c => []}}, Large, {Large, x},
         fun lists:map/2, fun 'Mod x':'F'/3, fun() -> X end, fun(Y) -> {X, Y} end, self(), list_to_pid("<0.100.5>"), hd(erlang:ports()), make_ref()],
    [begin
         erlang:display_string(lists:flatten([io_lib:format("~2.16.0b", [B]) || <<B>> <= term_to_binary(T)]) ++ "\n"),
         erlang:display(T)
     end || T <- Terms].
