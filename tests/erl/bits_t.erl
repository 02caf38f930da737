%% SPDX-License-Identifier: Apache-2.0
%% Bit syntax: construction and matching of each segment type, aligned and not.
-module(bits_t).
-export([test_constant_fields/0, test_integer_rows/0, test_build/0, test_match/0, test_round_trip/0, test_little/0, test_signed/0, test_unaligned/0, test_tail/0, test_utf/0, test_append/0, test_append_shared/0,
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

%% Fields of constant sizes at every offset, up to the last bit, in short and long binaries.
test_constant_fields() ->
    [fields(Skip, Bytes) || Bytes <- [8, 9, 16, 100], Skip <- lists:seq(0, 7)],
    ok.

fields(Skip, N) ->
    Bytes = [(I * 37 + 11) band 255 || I <- lists:seq(1, N)],
    <<All:N/unit:8>> = list_to_binary(Bytes),
    Bits = 8 * N - Skip,
    <<_:Skip, B/bitstring>> = list_to_binary(Bytes),
    Number = All band (1 bsl Bits - 1),
    Top = fun(Size) -> Number bsr (Bits - Size) end,
    [Want = one(Size, B) || Size <- [1, 7, 8, 9, 16, 17, 24, 31, 32, 33, 48, 55, 56], Want <- [Top(Size)]],
    %% and the last ones
    [begin
         From = Bits - Size,
         <<_:From, Last/bitstring>> = B,
         Want = one(Size, Last)
     end || Size <- [1, 7, 8, 9, 16, 17, 24, 31, 32, 33, 48, 55, 56], Want <- [Number band (1 bsl Size - 1)]],
    [none = one(Size, <<0:(Size - 1)>>) || Size <- [1, 7, 8, 9, 16, 17, 24, 31, 32, 33, 48, 55, 56]],
    {Sum, Left} = bytes(B, 0),
    Left = Bits rem 8,
    Sum = lists:sum([X || <<X>> <= B]),
    ok.

one(1, <<X:1, _/bits>>) -> X;
one(7, <<X:7, _/bits>>) -> X;
one(8, <<X:8, _/bits>>) -> X;
one(9, <<X:9, _/bits>>) -> X;
one(16, <<X:16, _/bits>>) -> X;
one(17, <<X:17, _/bits>>) -> X;
one(24, <<X:24, _/bits>>) -> X;
one(31, <<X:31, _/bits>>) -> X;
one(32, <<X:32, _/bits>>) -> X;
one(33, <<X:33, _/bits>>) -> X;
one(48, <<X:48, _/bits>>) -> X;
one(55, <<X:55, _/bits>>) -> X;
one(56, <<X:56, _/bits>>) -> X;
one(_, B) when is_bitstring(B) -> none.

bytes(<<X, Rest/bitstring>>, Sum) -> bytes(Rest, Sum + X);
bytes(Rest, Sum) -> {Sum, bit_size(Rest)}.

%% Integers side by side, some no small ones, some larger than a word, in a fresh and in an appended bitstring.
test_integer_rows() ->
    Values = [0, 1, -1, 5, 255, 256, -129, 1 bsl 59, (1 bsl 60) - 1, 1 bsl 60, -(1 bsl 60), 1 bsl 63, -(1 bsl 63) - 1, 1 bsl 100],
    [begin
         N = row(A, B),
         Row = row(A, B),
         Want = lists:foldl(fun({V, S}, Acc) -> Acc bsl S bor (V band (1 bsl S - 1)) end, 0,
                            [{A, 3}, {B, 8}, {A, 12}, {B, 64}, {A, 1}, {B, 33}, {A, 31}, {B, 100}, {A, 4}]),
         <<Want:256>> = Row,
         Row = N,
         More = <<Row/bitstring, A:5, B:60>>,
         <<Row:256/bitstring, MoreA:5, MoreB:60>> = More,
         MoreA = A band 31,
         MoreB = B band (1 bsl 60 - 1)
     end || A <- Values, B <- Values],
    [Expected = << <<X:S>> || X <- lists:seq(1, 300) >> || S <- [1, 3, 8, 12, 64], Expected <- [collect(lists:seq(1, 300), S, <<>>)]],
    ok.

row(A, B) -> <<A:3, B:8, A:12, B:64, A:1, B:33, A:31, B:100, A:4>>.

collect([X | Xs], S, Acc) -> collect(Xs, S, join([Acc, <<X:S>>]));
collect([], _, Acc) -> Acc.

join([A, B]) -> <<A/bitstring, B/bitstring>>.
