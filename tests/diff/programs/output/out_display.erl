%% SPDX-License-Identifier: Apache-2.0
%% diff: alone
-module(out_display).
-export([main/0]).

main() ->
    [erlang:display(T) || T <- [a, 'A b', '', 'é', 1, -17, 1 bsl 70, 1.5, -0.0, 1.0e300, 0.1, [], [1, 2, 3], "abc", "a\"b\n", [1 | 2], [$a, 0], {}, {a, {b}}, <<>>, <<"abc">>, <<1, 2, 255>>, <<5:3>>, <<1, 2:5>>, #{}, #{a => 1, b => [x]}, fun lists:map/2,
                                [[], [[]]], lists:seq(1, 50), {1, "str", <<"bin">>, a}, [a, "b" | c], "åäö", [256], true, 'hello\nworld']].
