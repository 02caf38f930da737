%% SPDX-License-Identifier: Apache-2.0
%% Binaries: the binary module, sharing, sizes around the border of heap and off-heap.
-module(binary_t).
-export([test_parts/0, test_match/0, test_split/0, test_search_places/0, test_split_sizes/0, test_replace/0, test_copy/0, test_numbers/0, test_sizes/0, test_send/0, test_gc/0, test_lists/0, test_checksums/0, test_unicode/0, test_errors/0, id/1]).

id(X) -> X.

test_parts() ->
    <<"bc">> = binary:part(id(<<"abcd">>), 1, 2),
    <<"bc">> = binary_part(id(<<"abcd">>), {3, -2}),
    {<<"ab">>, <<"cd">>} = split_binary(id(<<"abcd">>), 2),
    $b = binary:at(id(<<"abcd">>), 1),
    {$a, $d} = {binary:first(id(<<"abcd">>)), binary:last(id(<<"abcd">>))}.

test_match() ->
    {2, 2} = binary:match(id(<<"abcabc">>), <<"ca">>),
    nomatch = binary:match(id(<<"abcabc">>), <<"x">>),
    [{0, 1}, {3, 1}] = binary:matches(id(<<"abcabc">>), <<"a">>),
    [{1, 2}, {4, 2}] = binary:matches(id(<<"abcabc">>), [<<"bc">>, <<"c">>]).

test_split() ->
    [<<"a">>, <<"b,c">>] = binary:split(id(<<"a,b,c">>), <<",">>),
    [<<"a">>, <<"b">>, <<"c">>] = binary:split(id(<<"a,b,c">>), <<",">>, [global]),
    [<<"a">>] = binary:split(id(<<"a">>), <<",">>).

%% One byte at every place of texts of every short length, among bytes that differ from it by one bit, at every alignment.
test_search_places() ->
    [begin
         Fill = binary:copy(<<($, bxor 1), ($, bxor 128), ($, + 1)>>, 20),
         Text = <<(binary:part(Fill, 0, Before))/binary, $,, (binary:part(Fill, 0, After))/binary>>,
         Wide = <<0:Shift, Text/binary, 0:(8 - Shift)>>,
         <<_:Shift, Subject:(Before + 1 + After)/binary, _/bits>> = id(Wide),
         {Before, 1} = binary:match(Subject, <<",">>),
         [{Before, 1}] = binary:matches(Subject, <<",">>),
         nomatch = binary:match(Subject, <<",">>, [{scope, {0, Before}}]),
         nomatch = binary:match(Subject, <<",">>, [{scope, {Before + 1, After}}]),
         {Before, 1} = binary:match(Subject, <<",">>, [{scope, {Before, After}}, {scope, {Before, 1}}])
     end || Before <- lists:seq(0, 35), After <- [0, 1, 6, 7, 8, 9, 15, 16, 17, 30], Shift <- [0, 3]],
    ok.

test_split_sizes() ->
    Parts = [list_to_binary(lists:seq(128, 127 + N)) || N <- lists:seq(0, 80)],
    Text = iolist_to_binary(lists:join($,, Parts)),
    Parts = binary:split(id(Text), <<",">>, [global]),
    Parts = [binary:copy(P) || P <- binary:split(id(Text), <<",">>, [global])],
    <<_:5, Shifted:(byte_size(Text))/binary, _/bits>> = id(<<0:5, Text/binary, 0:3>>),
    Parts = binary:split(Shifted, <<",">>, [global]),
    Many = lists:append(lists:duplicate(200, Parts)),
    Many = binary:split(iolist_to_binary(lists:join($,, Many)), <<",">>, [global]),
    true = lists:all(fun(P) -> erlang:phash2(P) =:= erlang:phash2(binary:copy(P)) end, Many).

test_replace() ->
    <<"aXcaXc">> = binary:replace(id(<<"abcabc">>), <<"b">>, <<"X">>, [global]).

test_copy() ->
    <<"ababab">> = binary:copy(id(<<"ab">>), 3),
    <<>> = binary:copy(id(<<"ab">>), 0).

test_numbers() ->
    258 = binary:decode_unsigned(id(<<1, 2>>)),
    513 = binary:decode_unsigned(id(<<1, 2>>), little),
    <<1, 0, 0, 0, 0, 0, 0, 0, 0>> = binary:encode_unsigned(id(1 bsl 64)),
    -17 = binary_to_integer(id(<<"-17">>)),
    <<"ff">> = string:lowercase(integer_to_binary(id(255), 16)).

test_sizes() ->
    [begin
         B = list_to_binary(lists:duplicate(N, N band 255)),
         N = byte_size(B),
         true = B =:= binary:copy(<<N>>, N),
         <<B2:N/binary, 7>> = <<B/binary, 7>>,
         true = B2 =:= B
     end || N <- [0, 1, 63, 64, 65, 128, 255, 256, 1000]],
    ok.

test_send() ->
    S = self(),
    [begin
         B = binary:copy(<<N>>, N),
         P = spawn(fun() -> receive X -> S ! {self(), X, byte_size(B)} end end),
         P ! B,
         receive {P, Y, Size} -> {true, N} = {Y =:= B, Size} end
     end || N <- [0, 10, 64, 65, 200]],
    ok.

test_gc() ->
    L = [binary:copy(<<X>>, 200) || X <- lists:seq(1, 50)],
    Parts = [binary:part(B, 10, 100) || B <- L],
    erlang:garbage_collect(),
    [X = binary:first(B) || {X, B} <- lists:zip(lists:seq(1, 50), Parts)],
    ok.

test_lists() ->
    <<1, 2, 3>> = list_to_binary(id([1, [2], <<3>>])),
    [1, 2, 3] = binary_to_list(id(<<1, 2, 3>>)),
    [2, 3] = binary_to_list(id(<<1, 2, 3>>), 2, 3),
    [1, <<5:3>>] = bitstring_to_list(id(<<1, 5:3>>)),
    <<1, 5:3>> = list_to_bitstring(id([1, <<5:3>>])).

test_checksums() ->
    16#cbf43926 = erlang:crc32(id(<<"123456789">>)),
    16#11e60398 = erlang:adler32(id(<<"Wikipedia">>)),
    <<144, 1, 80, 152, 60, 210, 79, 176, 214, 150, 63, 125, 40, 225, 127, 114>> = erlang:md5(id("abc")).

test_unicode() ->
    B = unicode:characters_to_binary(id([16#e9, 16#20ac])),
    <<16#c3, 16#a9, 16#e2, 16#82, 16#ac>> = B,
    [16#e9, 16#20ac] = unicode:characters_to_list(B),
    {incomplete, [], <<16#c3>>} = unicode:characters_to_list(id(<<16#c3>>)),
    {error, "a", <<255>>} = unicode:characters_to_list(id(<<"a", 255>>)).

test_errors() ->
    [{'EXIT', {badarg, _}} = (catch F()) || F <- [fun() -> binary:at(id(<<1>>), 1) end, fun() -> binary:part(id(<<1>>), 0, 2) end, fun() -> split_binary(id(<<1>>), -1) end, fun() -> list_to_binary(id([256])) end, fun() -> binary:match(<<1>>, id(<<>>)) end, fun() -> byte_size(id(a)) end]],
    ok.
