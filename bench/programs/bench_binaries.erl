%% SPDX-License-Identifier: Apache-2.0
%% Binaries: matching, building, sub-binaries, iolists.
-module(bench_binaries).
-export([benches/0, setup/2, run/3, expected/2]).

benches() ->
    [{byte_sum, 6700, 8000}, {word_sum, 38000, 2000}, {tokenise, 10000, 8000},
     {append, 100, 100000}, {build_from_list, 2500, 8000}, {comprehension, 3200, 8000},
     {packet_headers, 10000000, 1}, {utf8_count, 12000, 8000}, {sub_binaries, 9200, 1000},
     {iolist, 11000, 2000}, {small_build, 10000000, 1}, {base64_encode, 110, 100000},
     {bit_fields, 4500, 8000}, {compare, 11000000, 1}, {to_list_and_back, 3500, 8000}].

setup(tokenise, _) -> binary:copy(<<"hello world\nfoo bar\n">>, 400);
setup(utf8_count, _) -> binary:copy(<<"a\303\244\342\202\254\360\235\204\236b">>, 8000 div 11);
setup(packet_headers, _) ->
    <<4:4, 5:4, 0, 40:16, 7:16, 2:3, 0:13, 64, 6, 0:16, 10, 0, 0, 1, 10, 0, 0, 2, 443:16, 8080:16>>;
setup(base64_encode, _) -> binary:copy(<<"0123456789">>, 10000);
setup(iolist, _) -> [[<<"key">>, $=, integer_to_list(I), <<";">>] || I <- lists:seq(1, 500)];
setup(compare, _) -> {binary:copy(<<"ab">>, 20), <<(binary:copy(<<"ab">>, 19))/binary, "ac">>};
setup(to_list_and_back, _) -> bytes(8000);
setup(_, _) -> bytes(8000).

run(byte_sum, N, B) -> repeat(N, fun() -> byte_sum(B, 0) end);
run(word_sum, N, B) -> repeat(N, fun() -> word_sum(B, 0) end);
run(tokenise, N, B) -> repeat(N, fun() -> words(B, 0) end);
run(append, N, _) -> repeat(N, fun() -> byte_size(append(100000, <<>>)) end);
run(build_from_list, N, B) -> L = binary_to_list(B), repeat(N, fun() -> byte_size(<<<<X>> || X <- L>>) end);
run(comprehension, N, B) -> repeat(N, fun() -> byte_size(<<<<(X bxor 85)>> || <<X>> <= B>>) end);
run(packet_headers, N, P) -> headers(N, P, 0);
run(utf8_count, N, B) -> repeat(N, fun() -> characters(B, 0) end);
run(sub_binaries, N, B) -> repeat(N, fun() -> length(split(B)) end);
run(iolist, N, L) -> repeat(N, fun() -> byte_size(iolist_to_binary(L)) end);
run(small_build, N, _) -> small(N, <<>>);
run(base64_encode, N, B) -> repeat(N, fun() -> byte_size(base64:encode(B)) end);
run(bit_fields, N, B) -> repeat(N, fun() -> fields(B, 0) end);
run(compare, N, {A, B}) -> compare(N, A, B, 0);
run(to_list_and_back, N, B) -> repeat(N, fun() -> byte_size(list_to_binary(lists:reverse(binary_to_list(B)))) end).

expected(byte_sum, _) -> lists:sum(binary_to_list(bytes(8000)));
expected(word_sum, _) ->
    L = binary_to_list(bytes(8000)),
    {_, S} = lists:foldl(fun(X, {I, A}) -> {(I + 1) rem 4, A + (X bsl (8 * (3 - I)))} end, {0, 0}, L),
    S;
expected(tokenise, _) -> 1600;
expected(append, _) -> 200000;
expected(packet_headers, N) -> N * (40 + 6 + 443 + 8080);
expected(utf8_count, _) -> 8000 div 11 * 5;
expected(sub_binaries, _) -> 1000;
expected(iolist, _) -> 500 * 5 + 9 + 180 + 1203;
expected(small_build, _) -> <<1:8, 4095:12, 1:20>>;
expected(base64_encode, _) -> (100000 + 2) div 3 * 4;
expected(bit_fields, N) -> lists:sum([F || <<F:3, _:10, _:3>> <= setup(bit_fields, N)]);
expected(compare, N) -> N;
expected(_, _) -> 8000.

repeat(1, F) -> F();
repeat(N, F) -> F(), repeat(N - 1, F).

bytes(N) -> << <<(I * 31 band 255)>> || I <- lists:seq(1, N) >>.

byte_sum(<<X, Rest/binary>>, A) -> byte_sum(Rest, A + X);
byte_sum(<<>>, A) -> A.

word_sum(<<X:32, Rest/binary>>, A) -> word_sum(Rest, A + X);
word_sum(<<>>, A) -> A.

words(<<$\s, Rest/binary>>, N) -> words(Rest, N);
words(<<$\n, Rest/binary>>, N) -> words(Rest, N);
words(<<_, Rest/binary>>, N) -> word(Rest, N);
words(<<>>, N) -> N.

word(<<C, Rest/binary>>, N) when C =:= $\s; C =:= $\n -> words(Rest, N + 1);
word(<<_, Rest/binary>>, N) -> word(Rest, N);
word(<<>>, N) -> N + 1.

append(0, B) -> B;
append(N, B) -> append(N - 1, <<B/binary, N:16>>).

headers(0, _, A) -> A;
headers(N, <<4:4, HL:4, _TOS, Len:16, _Id:16, _Fl:3, _Off:13, _TTL, Proto, _Sum:16,
             _Src:4/binary, _Dst:32, SP:16, DP:16, _/binary>> = P, A) when HL =:= 5 ->
    headers(N - 1, P, A + Len + Proto + SP + DP).

characters(<<_/utf8, Rest/binary>>, N) -> characters(Rest, N + 1);
characters(<<>>, N) -> N.

split(<<Part:8/binary, Rest/binary>>) -> [Part | split(Rest)];
split(<<>>) -> [].

small(0, B) -> B;
small(N, _) -> small(N - 1, <<N:8, (1 bsl 12 - 1):12, N:20>>).

fields(<<A:3, B:10, C:3, Rest/binary>>, Sum) when B >= 0, C >= 0 -> fields(Rest, Sum + A);
fields(<<>>, Sum) -> Sum.

compare(0, _, _, S) -> S;
compare(N, A, B, S) when A < B -> compare(N - 1, A, B, S + 1).
