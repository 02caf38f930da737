%% SPDX-License-Identifier: Apache-2.0
%% Module binary: searching in random texts over small alphabets, and everything else with good and wrong arguments.
-module(binary_module).
-export([cases/0]).

cases() ->
    [{{random, Seed}, fun() -> random_searches(Seed) end} || Seed <- lists:seq(1, 40)] ++
        [{{fixed, N}, F} || {N, F} <- fixed()] ++
        [{{wrong, F, N}, fun() -> apply(binary, F, A) end} || {N, {F, A}} <- lists:zip(lists:seq(1, length(wrong())), wrong())] ++
        diff_lib:rows(part, fun(A, B) -> [diff_lib:outcome(fun() -> {binary:part(A, B, L), binary_part(A, B, L)} end) || L <- [0, 1, 2, -1, -3, 9, a, 1 bsl 70]] end, binaries(), [0, 1, 2, 5, 100, -1, x, 1 bsl 63]) ++
        diff_lib:rows(split_binary, fun(A, B) -> split_binary(A, B) end, binaries(), [0, 1, 3, 70, -1, x, 1 bsl 70]) ++
        diff_lib:rows(at, fun(A, B) -> binary:at(A, B) end, binaries(), [0, 1, 3, 70, -1, x, 1 bsl 70]) ++
        diff_lib:rows(copy, fun(A, B) -> binary:copy(A, B) end, binaries(), [0, 1, 2, 7, -1, x]) ++
        diff_lib:rows(decode, fun(A, B) -> binary:decode_unsigned(A, B) end, binaries(), [big, little, x, 1]) ++
        diff_lib:rows(encode, fun(A, B) -> binary:encode_unsigned(A, B) end, [0, 1, 255, 256, 65535, 1 bsl 60 - 1, 1 bsl 60, 1 bsl 64, 1 bsl 127, 1 bsl 600 + 5, -1, 1.0, a, -(1 bsl 70)], [big, little, x]) ++
        [{{one, F, A}, fun() -> binary:F(A) end} || F <- [first, last, copy, decode_unsigned, referenced_byte_size, list_to_bin, bin_to_list, encode_hex, compile_pattern], A <- binaries(), F =/= compile_pattern orelse not is_binary(A) orelse A =:= <<>>].

binaries() ->
    <<_:3, Odd:9/binary, _/bits>> = diff_lib:id(<<1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11>>),
    [<<>>, <<"a">>, <<0, 0, 7>>, <<"hello world">>, <<7, 0, 0>>, binary:copy(<<"xyz">>, 40), <<1:3>>, <<1, 2, 3:4>>, Odd, [1, 2], a, 17].

random_searches(Seed) ->
    rand:seed(exsss, {Seed, 7, 9}),
    [search() || _ <- lists:seq(1, 40)].

text(Max, Alphabet) -> << <<($a + rand:uniform(Alphabet) - 1)>> || _ <- lists:seq(1, rand:uniform(Max + 1) - 1)>>.

search() ->
    Alphabet = rand:uniform(3),
    Text = text(40, Alphabet),
    Strings = [<<T/binary, "a">> || T <- [text(4, Alphabet) || _ <- lists:seq(1, rand:uniform(5))]] ++ [<<"b">> || rand:uniform(4) =:= 1],
    Pattern = case rand:uniform(3) of 1 -> hd(Strings); 2 -> Strings; 3 -> binary:compile_pattern(Strings) end,
    Size = byte_size(Text),
    From = rand:uniform(Size + 1) - 1,
    Length = case rand:uniform(2) of 1 -> rand:uniform(Size - From + 1) - 1; 2 -> 1 - rand:uniform(From + 1) end,
    Scope = [{scope, {From, Length}} || rand:uniform(2) =:= 1],
    Options = Scope ++ [O || O <- [global, trim, trim_all], rand:uniform(2) =:= 1],
    {Text, Strings, Options, diff_lib:outcome(fun() -> binary:match(Text, Pattern, Scope) end), diff_lib:outcome(fun() -> binary:matches(Text, Pattern, Scope) end),
     diff_lib:outcome(fun() -> binary:split(Text, Pattern, Options) end), diff_lib:outcome(fun() -> binary:replace(Text, Pattern, <<"[]">>, Options -- [trim, trim_all]) end),
     binary:longest_common_prefix([Text | Strings]), binary:longest_common_suffix([Text | Strings])}.

fixed() ->
    Big = binary:copy(<<"abcdefghij">>, 10000),
    <<_:3, Odd:1000/binary, _/bits>> = Big,
    [{long, fun() -> {binary:match(Big, <<"ja">>), length(binary:matches(Big, <<"ja">>)), length(binary:split(Big, [<<"j">>, <<"ef">>], [global]))} end},
     {not_there, fun() -> {binary:match(Big, <<"jj">>), binary:matches(Big, [<<"jj">>, <<"zz">>]), byte_size(hd(binary:split(Big, <<"zz">>)))} end},
     {unaligned, fun() -> {binary:match(Odd, <<11:5, 3>>), [binary:matches(Odd, binary:part(Odd, P, 3)) || P <- [0, 1, 7]], binary:at(Odd, 500), binary:copy(binary:part(Odd, 0, 5), 3)} end},
     {scope_empty, fun() -> {binary:match(<<"abc">>, <<"a">>, [{scope, {0, 0}}]), binary:split(<<"abc">>, <<"a">>, [{scope, {0, 0}}]), binary:match(<<>>, not_a_pattern)} end},
     {tail, fun() -> binary:match(<<"abc">>, <<"b">>, [{scope, {0, 3}} | x]) end},
     {scope_back, fun() -> {binary:match(<<"abcabc">>, <<"a">>, [{scope, {6, -3}}]), binary:split(<<"abcabc">>, <<"a">>, [{scope, {6, -3}}])} end},
     {compiled, fun() -> {Tag, R} = binary:compile_pattern(<<"x">>), {Tag2, R2} = binary:compile_pattern([<<"x">>, <<"yy">>]), {Tag, Tag2, is_reference(R), is_reference(R2)} end},
     {one_in_list, fun() -> element(1, binary:compile_pattern([<<"x">>])) end},
     {referenced, fun() -> P = binary:part(Big, 5, 100), S = binary:part(Big, 5, 20), {binary:referenced_byte_size(P), binary:referenced_byte_size(S), binary:referenced_byte_size(binary:copy(P))} end},
     {appended, fun() -> B = <<(diff_lib:id(<<"abc">>))/binary, 1>>, C = <<B/binary, (binary:copy(<<2>>, 300))/binary>>, {binary:referenced_byte_size(B), binary:referenced_byte_size(C), byte_size(C)} end},
     {common, fun() -> {binary:longest_common_prefix([<<"erlang">>, <<"ergonomy">>]), binary:longest_common_suffix([<<"erlang">>, <<"fang">>]), binary:longest_common_prefix([<<>>, <<"a">>]), binary:longest_common_prefix([<<"ab">>])} end},
     {to_list, fun() -> {binary:bin_to_list(<<"hello">>, {1, 3}), binary:bin_to_list(<<"hello">>, 5, -2), binary:list_to_bin([1, [2], <<3>>])} end},
     {hex, fun() -> {binary:encode_hex(<<"foobar">>), binary:decode_hex(<<"666F6F">>)} end},
     {lists, fun() -> {binary_to_list(<<"hello">>, 2, 4), binary_to_list(Odd, 1, 3), bitstring_to_list(<<1, 2, 3:3>>), list_to_bitstring([<<1:1>>, 255, <<3:5>>, [7 | <<2:2>>]])} end},
     {sums, fun() -> {erlang:crc32(Big), erlang:crc32([1, <<"abc">> | <<2>>]), erlang:crc32(5, <<"abc">>), erlang:adler32(Big), erlang:adler32(17, ["abc", 200]), erlang:crc32_combine(1, 2, 3), erlang:adler32_combine(12345, 54321, 1000), erlang:md5(Big), erlang:md5([<<"ab">>, 1]), erlang:crc32(Odd), erlang:md5(Odd)} end},
     {md5, fun() -> C = erlang:md5_update(erlang:md5_update(erlang:md5_init(), <<"abc">>), [binary:copy(<<"x">>, 200), 5]), {erlang:md5_final(C), byte_size(C)} end},
     {iovec, fun() -> {erlang:iolist_to_iovec([]), erlang:iolist_to_iovec(<<>>), erlang:iolist_to_iovec(<<"a">>), iolist_to_binary(erlang:iolist_to_iovec([1, Big, "abc", [binary:copy(<<"y">>, 300)] | <<"e">>])) =:= <<1, Big/binary, "abc", (binary:copy(<<"y">>, 300))/binary, "e">>} end},
     {sizes, fun() -> [{byte_size(B), bit_size(B), size(B)} || B <- binaries(), is_bitstring(B)] end}].

wrong() ->
    [{match, [a, <<"a">>]}, {match, [<<"a">>, a]}, {match, [<<"a">>, <<>>]}, {match, [<<"a">>, []]}, {match, [<<"a">>, [<<>>]]}, {match, [<<"a">>, [<<"b">> | x]]}, {match, [<<"a">>, <<"a">>, x]}, {match, [<<"a">>, <<"a">>, [x]]},
     {match, [<<"a">>, <<"a">>, [{scope, {0, 2}}]]}, {match, [<<"a">>, <<"a">>, [{scope, {-1, 1}}]]}, {match, [<<"a">>, <<"a">>, [{scope, {a, b}}]]}, {match, [<<1:3>>, <<"a">>]}, {match, [<<"a">>, <<1:3>>]}, {match, [<<"a">>, {bm, make_ref()}]}, {match, [<<"a">>, {ac, x}]},
     {matches, [<<"a">>, <<>>]}, {matches, [<<"a">>, <<"a">>, [global]]}, {split, [<<"a">>, <<>>]}, {split, [a, <<"a">>]}, {split, [<<"a">>, <<"a">>, [x]]}, {split, [<<"a">>, <<"a">>, global]}, {split, [<<"a">>, <<"a">>, [{scope, {0, 5}}]]}, {split, [<<>>, <<"a">>, [trim]]}, {split, [<<"a">>, <<"a">>, [trim]]},
     {replace, [<<"abc">>, <<"b">>, x]}, {replace, [<<"abc">>, <<"b">>, <<"[]">>, [{insert_replaced, 1}]]}, {replace, [<<"abc">>, <<"b">>, <<"[]">>, [{insert_replaced, 9}]]}, {longest_common_prefix, [[]]}, {longest_common_prefix, [[<<1:1>>]]}, {longest_common_prefix, [a]}, {longest_common_suffix, [[<<"a">> | b]]},
     {copy, [<<"a">>, -1]}, {copy, [<<1:2>>, 0]}, {copy, [<<1:2>>, 2]}, {part, [<<"abc">>, {1, 9}]}, {part, [<<"abc">>, x]}, {encode_unsigned, [-1]}, {list_to_bin, [<<"a">>]}, {list_to_bin, [[a]]}, {bin_to_list, [<<"abc">>, 1, 9]}, {decode_hex, [<<"abc">>]}, {compile_pattern, [[]]}, {referenced_byte_size, [a]}].
