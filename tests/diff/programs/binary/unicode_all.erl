%% SPDX-License-Identifier: Apache-2.0
%% Module unicode: random nestings of good and damaged text in all encodings.
-module(unicode_all).
-export([cases/0]).

cases() ->
    [{{random, Seed}, fun() -> random(Seed) end} || Seed <- lists:seq(1, 60)] ++
        [{{fixed, N}, fun() -> [{E, diff_lib:outcome(fun() -> unicode:F(T, E) end)} || F <- [characters_to_binary, characters_to_list], E <- [latin1, utf8, unicode, utf16, {utf16, little}, {utf32, big}, x]] end} || {N, T} <- lists:zip(lists:seq(1, length(fixed())), fixed())] ++
        [{{trace, F, N}, fun() -> apply(unicode, F, A) end} || {N, {F, A}} <- lists:zip(lists:seq(1, length(traces())), traces())] ++
        [{{seven, B}, fun() -> unicode:bin_is_7bit(B) end} || B <- [<<>>, <<"abc">>, <<"abcdefghijk", 200>>, <<1:3>>, a, [1]]] ++
        [{large, fun() -> large() end}].

fixed() ->
    <<_:3, Odd:4/binary, _/bits>> = diff_lib:id(<<1:3, "ab", 233/utf8, 0:5>>),
    [<<>>, [], <<"abc">>, "abc", [<<"ab">>, "c", [$d, <<"e">>]], [233], [256], [16#10FFFF], [16#110000], [16#D800], [-1], [1 bsl 70], [a], a, [<<"ab">> | <<"cd">>], [$a | $b], [<<233>>], <<233>>, [<<16#C3>>, <<16#A9>>], [<<16#C3>>, 1], [<<16#C3>>], [<<16#C3>>, []], [<<16#C3>>, [<<>>, <<16#A9, "x">>]], [<<16#C3>>, <<"x">>], <<16#C3>>, <<16#E2, 16#82>>, <<16#E2, 16#28>>, [<<16#E2, 16#28>>],
     <<16#ED, 16#A0, 16#80>>, <<16#F4, 16#90, 16#80, 16#80>>, <<16#C0, 16#80>>, <<16#F0, 16#9F, 16#98>>, <<16#F0, 16#9F, 16#98, 16#80>>, [<<16#F0>>, <<16#9F>>, <<16#98>>, <<16#80>>], [[[<<"a", 255, "b">>], "c"], <<"d">> | <<"e">>], ["a", [["b", -5], "c"], "d"], Odd, [Odd], <<1:3>>, [<<1:3>>], [<<"abc">>, 16#D800, "rest" | <<"tail">>], [1 bsl 70, a], ["x", [<<16#E2>>, "y"], "z"], <<254>>, <<128>>, [<<128>>, "a"]].

traces() ->
    [{characters_to_binary, [a]}, {characters_to_binary, [[a], utf8]}, {characters_to_binary, [[], x]}, {characters_to_list, [a]}, {characters_to_list, [[a], latin1]}, {characters_to_list, [<<1:1>>, utf8]}, {characters_to_binary, [[16#D800], utf8, utf16]}, {characters_to_binary, [<<"abc">>, latin1, utf8]}, {characters_to_binary, [<<233>>, latin1, {utf16, little}]}, {characters_to_binary, ["aé", utf8, latin1]},
     {characters_to_nfc_list, ["e" ++ [769]]}, {characters_to_nfd_binary, [<<"é"/utf8>>]}].

large() ->
    B = unicode:characters_to_binary(lists:duplicate(20000, [$a, 233, 16#20AC, <<"xyz"/utf8>>])),
    L = unicode:characters_to_list(B),
    {byte_size(B), length(L), erlang:phash2(L), unicode:characters_to_binary(L) =:= B, element(1, unicode:characters_to_list(<<B/binary, 255>>)), byte_size(element(2, unicode:characters_to_binary([B, 255, B, <<255>>])))}.

random(Seed) ->
    rand:seed(exsss, {Seed, 3, 3}),
    [begin
         T = text(rand:uniform(4)),
         {T, [diff_lib:outcome(fun() -> unicode:F(T, E) end) || F <- [characters_to_binary, characters_to_list], E <- [latin1, utf8]]}
     end || _ <- lists:seq(1, 25)].

text(0) -> piece(rand:uniform(9));
text(D) ->
    L = [case rand:uniform(4) of 1 -> text(D - 1); _ -> piece(rand:uniform(9)) end || _ <- lists:seq(1, rand:uniform(5) - 1)],
    case {L, rand:uniform(5)} of {[_ | _], 1} -> L ++ <<"end">>; _ -> L end.

piece(1) -> rand:uniform(127);
piece(2) -> rand:uniform(255);
piece(3) -> lists:nth(rand:uniform(5), [233, 16#20AC, 16#1F600, 16#D800 + rand:uniform(100), 16#110000]);
piece(4) -> <<"abc">>;
piece(5) -> <<233/utf8, 16#20AC/utf8>>;
piece(6) -> B = <<"a", 233/utf8, 16#20AC/utf8, 16#1F600/utf8>>, binary:part(B, 0, rand:uniform(byte_size(B)));
piece(7) -> B = <<16#1F600/utf8, 16#20AC/utf8, "a">>, binary:part(B, rand:uniform(4) - 1, byte_size(B) - 4);
piece(8) -> [];
piece(9) -> << <<(rand:uniform(256) - 1)>> || _ <- lists:seq(1, rand:uniform(4))>>.
