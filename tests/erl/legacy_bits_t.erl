% SPDX-License-Identifier: Apache-2.0
% Bit strings built by the instructions compilers used before OTP 25: memory for what is made next is asked for with the binary's.
-module(legacy_bits_t).
-compile([export_all, nowarn_export_all, no_bs_create_bin]).

test_fun_after_binary() ->
    [{<<"apps/x/">>, 1}, {<<"apps/x/">>, 2}] = pairs(id(<<"x">>), id([1, 2])).

test_float_after_binary() ->
    {<<"apps/x/">>, 3.5} = with_float(id(<<"x">>), id(2.5)).

pairs(X, L) ->
    B = <<"apps/", X/binary, "/">>,
    lists:map(fun(Y) -> {B, Y} end, L).

with_float(X, F) ->
    B = <<"apps/", X/binary, "/">>,
    {B, F + 1.0}.

id(X) -> X.
