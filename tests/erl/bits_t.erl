%% SPDX-License-Identifier: Apache-2.0
%% Bit syntax: construction and matching of each segment type, aligned and not.
-module(bits_t).
-export([test_build/0, test_match/0, test_round_trip/0, test_little/0, test_signed/0, test_unaligned/0, test_tail/0, test_utf/0, test_append/0, test_append_shared/0,
         test_comprehension/0, test_backtrack/0, test_errors/0, test_sub_binaries/0, test_size_expressions/0, id/1]).

id(X) -> X.

test_build() ->
    <<1, 2, 3>> = <<(id(1)), (id(2)):8, (id(3))>>,
    <<16#12345678:32>> = <<(id(16#12345678)):32>>,
    <<>> = <<(id(5)):0>>,
    <<255>> = <<(id(-1))>>,
    <<1:1>> = <<(id(3)):1>>,
    <<"abc", 7>> = <<(id(<<"abc">>))/binary, 7>>.

test_match() ->
    <<A, B:16, C/binary>> = id(<<1, 2, 3, 4, 5>>),
    {1, 515, <<4, 5>>} = {A, B, C},
    <<X:4, Y:4>> = id(<<16#ab>>),
    {10, 11} = {X, Y},
    no = case id(<<1>>) of <<_:16>> -> yes; _ -> no end.

test_round_trip() ->
    [begin
         V = N band ((1 bsl S) - 1),
         <<W:S>> = <<N:S>>,
         V = W,
         <<U:S/little>> = <<N:S/little>>,
         V = U,
         <<_:3, T:S, 1:1>> = <<0:3, N:S, 1:1>>,
         V = T
     end || N <- [0, 1, -1, 16#123456789abcdef, 1 bsl 100 - 3], S <- [1, 7, 8, 9, 15, 16, 31, 32, 33, 59, 60, 61, 63, 64, 65, 100, 128]],
    ok.

test_little() ->
    <<1, 0>> = <<(id(1)):16/little>>,
    <<0, 1>> = <<(id(256)):16/little>>,
    <<X:24/little>> = id(<<1, 2, 3>>),
    16#030201 = X.

test_signed() ->
    <<X:8/signed, Y:16/signed-little>> = id(<<255, 254, 255>>),
    {-1, -2} = {X, Y},
    <<Z:4/signed, _:4>> = id(<<16#8f>>),
    -8 = Z,
    <<W:64/signed>> = id(<<255:8, 0:56>>),
    -72057594037927936 = W.

test_unaligned() ->
    B = <<5:3, (id(<<"hello">>))/binary>>,
    43 = bit_size(B),
    <<_:3, H:5/binary>> = B,
    <<"hello">> = H,
    true = H =:= id(<<"hello">>),
    true = erlang:phash2(H) =:= erlang:phash2(<<"hello">>),
    <<5:3, "h", R/bits>> = B,
    32 = bit_size(R).

test_tail() ->
    [{bits, 3}, {bytes, 2}, empty] = [tail(X) || X <- [<<1:3>>, <<1, 2>>, <<>>]].

tail(<<>>) -> empty;
tail(<<B/binary>>) -> {bytes, byte_size(B)};
tail(<<B/bits>>) -> {bits, bit_size(B)}.

test_utf() ->
    S = [16#e9, 16#20ac, 16#1f600, $a],
    B = << <<C/utf8>> || C <- S >>,
    S = [C || <<C/utf8>> <= B],
    S = [C || <<C/utf16>> <= << <<C/utf16>> || C <- S >>],
    S = [C || <<C/utf32-little>> <= << <<C/utf32-little>> || C <- S >>],
    no = case id(<<16#c0, 16#80>>) of <<_/utf8, _/binary>> -> yes; _ -> no end,
    {'EXIT', {badarg, _}} = (catch <<(id(16#d800))/utf8>>).

test_append() ->
    B = lists:foldl(fun(X, A) -> <<A/binary, X>> end, <<>>, lists:seq(0, 99)),
    100 = byte_size(B),
    true = B =:= list_to_binary(lists:seq(0, 99)).

test_append_shared() ->
    A = <<(id(<<"abc">>))/binary, "1">>,
    B = <<A/binary, "2">>,
    C = <<A/binary, "3">>,
    {<<"abc1">>, <<"abc12">>, <<"abc13">>} = {A, B, C}.

test_comprehension() ->
    <<2, 4, 6>> = << <<(X * 2)>> || X <- id([1, 2, 3]) >>,
    [1, 2, 3] = [X || <<X:4>> <= id(<<16#12, 3:4>>)],
    <<16#21:8>> = << <<Y:4, X:4>> || <<X:4, Y:4>> <= id(<<16#12>>) >>.

test_backtrack() ->
    [full, {p, 4}, {one, 1}, none] = [back(X) || X <- [<<1, 2, 3>>, <<1, 2, 4>>, <<1, 9>>, <<7>>]].

back(<<1, 2, 3>>) -> full;
back(<<1, 2, X>>) -> {p, X};
back(<<1, R/binary>>) -> {one, byte_size(R)};
back(_) -> none.

test_errors() ->
    {'EXIT', {badarg, _}} = (catch <<(id(a))>>),
    {'EXIT', {badarg, _}} = (catch <<1:(id(-1))>>),
    {'EXIT', {badarg, _}} = (catch <<(id(<<1:3>>))/binary>>),
    {'EXIT', {badarg, _}} = (catch <<(id([1]))/binary>>),
    {'EXIT', {{badmatch, <<1>>}, _}} = (catch begin <<_:16>> = id(<<1>>) end).

test_sub_binaries() ->
    B = list_to_binary(lists:duplicate(20, <<"0123456789">>)),
    <<_:5/binary, C:100/binary, _/binary>> = B,
    <<_:7/binary, D:50/binary, _/binary>> = C,
    erlang:garbage_collect(),
    <<"2345678901", _/binary>> = D,
    50 = byte_size(D),
    true = D =:= binary:copy(D).

test_size_expressions() ->
    <<N, S:N/binary, R/binary>> = id(<<3, "abcdef">>),
    {3, <<"abc">>, <<"def">>} = {N, S, R},
    <<L, V:(L * 4), _/bits>> = id(<<2, 16#ab, 0>>),
    16#ab = V.
