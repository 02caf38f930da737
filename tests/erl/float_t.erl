%% SPDX-License-Identifier: Apache-2.0
%% Floats: arithmetic, rounding, comparison with integers, signed zeros.
-module(float_t).
-export([test_ops/0, test_zero/0, test_compare/0, test_round/0, test_overflow/0, test_text/0, test_registers/0, test_bits/0, id/1]).

id(X) -> X.

test_ops() ->
    4.0 = id(1.5) + 2.5,
    -1.0 = id(1.5) - 2.5,
    3.75 = id(1.5) * 2.5,
    0.6 = id(1.5) / 2.5,
    2.5 = id(5) / 2,
    1.0 = id(1) * 1.0,
    true = is_float(id(4) / 2).

test_zero() ->
    true = id(0.0) == -0.0,
    <<0:64>> = <<(id(0.0))/float>>,
    <<1:1, 0:63>> = <<(id(-0.0))/float>>,
    <<1:1, 0:63>> = <<(-id(0.0))/float>>.

test_compare() ->
    true = id(1) == 1.0,
    false = id(1) =:= 1.0,
    true = id(1 bsl 53) == 9007199254740992.0,
    false = id((1 bsl 53) + 1) == 9007199254740992.0,
    true = id((1 bsl 53) + 1) > 9007199254740992.0,
    true = id(1 bsl 1024) > 1.0e308,
    true = id(-(1 bsl 1024)) < -1.0e308,
    true = id(0.5) > 0.

test_round() ->
    [3, -3, 2, -3, 3, -2] = [round(id(2.5)), round(id(-2.5)), floor(id(2.5)), floor(id(-2.5)), ceil(id(2.5)), ceil(id(-2.5))],
    [2, -2] = [trunc(id(2.9)), trunc(id(-2.9))],
    1 bsl 70 = trunc(float(id(1 bsl 70))),
    0 = round(id(0.49999999999999994)).

test_overflow() ->
    {'EXIT', {badarith, _}} = (catch id(1.0e308) * 10),
    {'EXIT', {badarith, _}} = (catch id(1.0e308) + 1.0e308),
    {'EXIT', {badarith, _}} = (catch id(1) / id(0.0)),
    {'EXIT', {badarg, _}} = (catch float(id(1 bsl 2000))),
    0.0 = id(5.0e-324) / 2.

test_text() ->
    "0.1" = float_to_list(id(0.1), [short]),
    [T = float_to_list(list_to_float(T), [short]) || T <- ["1.0e6", "123456.789", "0.001", "-2.5", "999999999999.999", "0.30000000000000004", "1.0e15", "10.25"]],
    "1.00000000000000000000e+00" = float_to_list(id(1.0)),
    "3.14" = float_to_list(id(3.14159), [{decimals, 2}]),
    0.1 = list_to_float(id("0.1")),
    1.5e300 = binary_to_float(id(<<"1.5e300">>)),
    {'EXIT', {badarg, _}} = (catch list_to_float(id("1"))).

test_registers() ->
    7.0 = poly(id(1.0), id(2.0)),
    {'EXIT', {badarith, _}} = (catch poly(id(1.0e200), id(1.0e200))).

test_bits() ->
    <<63, 240, 0, 0, 0, 0, 0, 0>> = <<(id(1.0))/float>>,
    <<0, 0, 128, 63>> = <<(id(1.0)):32/float-little>>,
    <<X/float>> = id(<<64, 9, 33, 251, 84, 68, 45, 24>>),
    true = X > 3.14159,
    nomatch = case id(<<16#7ff0000000000000:64>>) of <<Y/float>> -> Y; _ -> nomatch end.

poly(X, Y) when is_float(X), is_float(Y) -> X * X * X * X + Y * Y + Y * X.
