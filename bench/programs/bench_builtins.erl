%% SPDX-License-Identifier: Apache-2.0
%% Single built-ins, called over and over: their C against stock's.
-module(bench_builtins).
-export([benches/0, setup/2, run/3, expected/2]).

benches() ->
    [{big_multiply_1024, 300, 1}, {big_square_64, 120000, 1}, {big_divide_512, 2500, 1}, {integer_to_binary_20000, 20, 1},
     {binary_to_integer_20000, 100, 1}, {integer_to_binary_small, 4000000, 1}, {binary_to_integer_small, 4000000, 1},
     {float_to_binary_short, 2000000, 1}, {binary_to_float, 2500000, 1},
     {external_list_out, 300, 10000}, {external_list_in, 400, 10000}, {external_records_out, 200, 3000}, {external_records_in, 160, 3000},
     {external_map_out, 1500, 1000}, {external_map_in, 500, 1000}, {external_strings_in, 1500, 1000},
     {compare_records, 4000, 1000}, {compare_maps, 4000, 1000}, {hash_records, 1200, 1000}, {hash_binary, 250, 100000},
     {map_update_small, 6000000, 1}, {map_put_small, 5000000, 1}, {map_get_large, 9000000, 1}, {map_put_large, 1800000, 1}, {map_merge, 800, 1000}, {map_from_list, 700, 1000},
     {regex_match, 300000, 1}, {regex_captures, 250000, 1}, {regex_scan, 900, 10000}, {regex_split, 700, 1000},
     {sort_numbers, 60, 10000}, {sort_strings, 60, 3000}, {keysort, 60, 10000},
     {utf8_to_list, 1200, 10000}, {list_to_utf8, 1100, 10000}, {utf8_check, 10000, 10000},
     {list_to_binary, 2500, 10000}, {iolist_to_binary, 4000, 1000}, {binary_to_list, 4000, 10000},
     {binary_match, 40000, 10000}, {binary_split, 900, 1000}, {binary_matches, 1000, 1000}, {atom_to_binary, 5000000, 1}, {list_to_atom, 2500000, 1},
     {md5, 1200, 100000}, {crc32, 9000, 100000}, {list_append, 4000, 10000}, {list_subtract, 120, 3000}, {list_member, 5000, 10000}, {keyfind, 4000, 10000}, {list_reverse, 6000, 10000},
     {tuple_list, 5000, 1000}, {setelement, 9000000, 1}].

records() -> [{person, I, "name " ++ integer_to_list(I), <<"mail", (I rem 10)>>, I * 1.5, [a, b, {c, I}]} || I <- lists:seq(1, 3000)].
random(N) -> random(N, 4711, []).
random(0, _, Acc) -> Acc;
random(N, S, Acc) -> random(N - 1, S * 48271 rem 2147483647, [S | Acc]).
text() -> lists:flatten(lists:duplicate(2500, [$a, 228, 8364, $z])).

setup(big_multiply_1024, _) -> {(1 bsl 65536) div 7, (1 bsl 65536) div 11};
setup(big_square_64, _) -> (1 bsl 4096) div 7;
setup(big_divide_512, _) -> {(1 bsl 65536) div 7, (1 bsl 32768) div 11};
setup(integer_to_binary_20000, _) -> power(10, 20000) div 7;
setup(binary_to_integer_20000, _) -> binary:copy(<<"1234567890">>, 2000);
setup(external_list_out, _) -> lists:seq(1000, 11000);
setup(external_list_in, _) -> term_to_binary(lists:seq(1000, 11000));
setup(external_records_out, _) -> records();
setup(external_records_in, _) -> term_to_binary(records());
setup(external_map_out, _) -> maps:from_list([{I, {I, I}} || I <- lists:seq(1, 1000)]);
setup(external_map_in, _) -> term_to_binary(maps:from_list([{I, {I, I}} || I <- lists:seq(1, 1000)]));
setup(external_strings_in, _) -> term_to_binary([integer_to_list(I * 1000003) || I <- lists:seq(1, 1000)]);
setup(compare_records, _) -> {lists:sublist(records(), 1000), binary_to_term(term_to_binary(lists:sublist(records(), 1000)))};
setup(compare_maps, _) -> F = fun() -> maps:from_list([{I, {I, I}} || I <- lists:seq(1, 1000)]) end, {F(), F()};
setup(hash_records, _) -> lists:sublist(records(), 1000);
setup(hash_binary, _) -> binary:copy(<<"0123456789">>, 10000);
setup(M, _) when M =:= map_update_small; M =:= map_put_small -> #{a => 1, b => 2, c => 3, d => 4, e => 5};
setup(M, _) when M =:= map_get_large; M =:= map_put_large -> maps:from_list([{I, I} || I <- lists:seq(1, 10000)]);
setup(map_merge, _) -> {maps:from_list([{I, I} || I <- lists:seq(1, 1000)]), maps:from_list([{I, -I} || I <- lists:seq(500, 1500)])};
setup(map_from_list, _) -> [{I, I} || I <- random(1000)];
setup(regex_match, _) -> {ok, R} = re:compile("^[a-z]+-(\\d+)$"), {<<"identifier-1234567">>, R};
setup(regex_captures, _) -> {ok, R} = re:compile("(\\d+)-(\\d+)-(\\d+)T(\\d+)"), {<<"date: 2024-05-06T07">>, R};
setup(regex_scan, _) -> {ok, R} = re:compile("[xyz]\\d+"), {<<(binary:copy(<<"abcdefghij">>, 1000))/binary, "x1">>, R};
setup(regex_split, _) -> {ok, R} = re:compile("[,;] *"), {iolist_to_binary(lists:duplicate(500, "abc, de;")), R};
setup(sort_numbers, _) -> random(10000);
setup(sort_strings, _) -> [integer_to_list(I) || I <- random(3000)];
setup(keysort, _) -> [{x, I} || I <- random(10000)];
setup(S, _) when S =:= utf8_to_list; S =:= utf8_check -> unicode:characters_to_binary(text());
setup(list_to_utf8, _) -> text();
setup(S, _) when S =:= list_to_binary -> lists:duplicate(10000, $x);
setup(iolist_to_binary, _) -> [[<<"key">>, "=", integer_to_binary(I), [$;]] || I <- lists:seq(1, 250)];
setup(binary_to_list, _) -> binary:copy(<<"x">>, 10000);
setup(binary_match, _) -> <<(binary:copy(<<"abcdefghij">>, 1000))/binary, "needle">>;
setup(S, _) when S =:= binary_split; S =:= binary_matches -> binary:copy(<<"abcdef,">>, 1000);
setup(S, _) when S =:= md5; S =:= crc32 -> binary:copy(<<"0123456789">>, 10000);
setup(list_subtract, _) -> {random(3000), random(1500)};
setup(keyfind, _) -> [{I, x} || I <- lists:seq(1, 10000)];
setup(tuple_list, _) -> list_to_tuple(lists:seq(1, 1000));
setup(setelement, _) -> {1, 2, 3, 4, 5, 6, 7, 8};
setup(E, _) when E =:= list_append; E =:= list_member; E =:= list_reverse -> lists:seq(1, 10000);
setup(_, _) -> [].

run(big_multiply_1024, N, {A, B}) -> repeat(N, fun() -> A * B end) band 16#ffff;
run(big_square_64, N, A) -> repeat(N, fun() -> A * A end) band 16#ffff;
run(big_divide_512, N, {A, B}) -> repeat(N, fun() -> A div B end) band 16#ffff;
run(integer_to_binary_20000, N, A) -> repeat(N, fun() -> byte_size(integer_to_binary(A)) end);
run(binary_to_integer_20000, N, B) -> repeat(N, fun() -> binary_to_integer(B) end) band 16#ffff;
run(integer_to_binary_small, N, _) -> count(N, fun(I) -> integer_to_binary(I) end);
run(binary_to_integer_small, N, _) -> count(N, fun(_) -> binary_to_integer(<<"1234567">>) end);
run(float_to_binary_short, N, _) -> count(N, fun(I) -> float_to_binary(I * 0.1, [short]) end);
run(binary_to_float, N, _) -> count(N, fun(_) -> binary_to_float(<<"3.14159265358979">>) end);
run(E, N, T) when E =:= external_list_out; E =:= external_records_out; E =:= external_map_out -> repeat(N, fun() -> is_binary(term_to_binary(T)) end);
run(E, N, B) when E =:= external_list_in; E =:= external_records_in; E =:= external_map_in; E =:= external_strings_in -> repeat(N, fun() -> binary_to_term(B) =/= x end);
run(E, N, {A, B}) when E =:= compare_records; E =:= compare_maps -> repeat(N, fun() -> A =:= B end);
run(E, N, T) when E =:= hash_records; E =:= hash_binary -> repeat(N, fun() -> is_integer(erlang:phash2(T)) end);
run(map_update_small, N, M) -> count(N, fun(I) -> M#{c := I} end);
run(map_put_small, N, M) -> count(N, fun(I) -> maps:put(f, I, M) end);
run(map_get_large, N, M) -> count(N, fun(I) -> maps:get(I rem 10000 + 1, M) end);
run(map_put_large, N, M) -> count(N, fun(I) -> maps:put(I rem 10000, x, M) end);
run(map_merge, N, {A, B}) -> repeat(N, fun() -> map_size(maps:merge(A, B)) end);
run(map_from_list, N, L) -> repeat(N, fun() -> map_size(maps:from_list(L)) end);
run(E, N, {S, R}) when E =:= regex_match; E =:= regex_captures; E =:= regex_scan -> repeat(N, fun() -> re:run(S, R) =/= nomatch end);
run(regex_split, N, {S, R}) -> repeat(N, fun() -> length(re:split(S, R)) end);
run(E, N, L) when E =:= sort_numbers; E =:= sort_strings -> repeat(N, fun() -> length(lists:sort(L)) end);
run(keysort, N, L) -> repeat(N, fun() -> length(lists:keysort(2, L)) end);
run(utf8_to_list, N, B) -> repeat(N, fun() -> hd(unicode:characters_to_list(B)) end);
run(list_to_utf8, N, L) -> repeat(N, fun() -> byte_size(unicode:characters_to_binary(L)) end);
run(utf8_check, N, B) -> repeat(N, fun() -> byte_size(unicode:characters_to_binary(B)) end);
run(list_to_binary, N, L) -> repeat(N, fun() -> byte_size(list_to_binary(L)) end);
run(iolist_to_binary, N, L) -> repeat(N, fun() -> byte_size(iolist_to_binary(L)) end);
run(binary_to_list, N, B) -> repeat(N, fun() -> hd(binary_to_list(B)) end);
run(binary_match, N, B) -> repeat(N, fun() -> binary:match(B, <<"needle">>) =/= nomatch end);
run(binary_split, N, B) -> repeat(N, fun() -> length(binary:split(B, <<",">>, [global])) end);
run(binary_matches, N, B) -> repeat(N, fun() -> length(binary:matches(B, <<",">>)) end);
run(atom_to_binary, N, _) -> count(N, fun(_) -> atom_to_binary(some_atom) end);
run(list_to_atom, N, _) -> count(N, fun(_) -> list_to_atom("some_atom") end);
run(md5, N, B) -> repeat(N, fun() -> byte_size(erlang:md5(B)) end);
run(crc32, N, B) -> repeat(N, fun() -> erlang:crc32(B) > 0 end);
run(list_append, N, L) -> repeat(N, fun() -> hd(L ++ [1]) end);
run(list_subtract, N, {A, B}) -> repeat(N, fun() -> length(A -- B) end);
run(list_member, N, L) -> repeat(N, fun() -> lists:member(10000, L) end);
run(keyfind, N, L) -> repeat(N, fun() -> lists:keyfind(10000, 1, L) =/= false end);
run(list_reverse, N, L) -> repeat(N, fun() -> hd(lists:reverse(L)) end);
run(tuple_list, N, T) -> repeat(N, fun() -> tuple_size(list_to_tuple(tuple_to_list(T))) end);
run(setelement, N, T) -> count(N, fun(I) -> setelement(5, T, I) end).

expected(big_multiply_1024, _) -> {A, B} = setup(big_multiply_1024, 1), ((A band 16#ffff) * (B band 16#ffff)) band 16#ffff;
expected(big_square_64, _) -> A = setup(big_square_64, 1) band 16#ffff, (A * A) band 16#ffff;
expected(big_divide_512, _) -> {A, B} = setup(big_divide_512, 1), (A div B) band 16#ffff;
expected(integer_to_binary_20000, _) -> 20000;
expected(binary_to_integer_20000, _) -> 2770;
expected(map_merge, _) -> 1500;
expected(map_from_list, _) -> 1000;
expected(regex_split, _) -> 1001;
expected(sort_strings, _) -> 3000;
expected(S, _) when S =:= sort_numbers; S =:= keysort; S =:= list_to_binary -> 10000;
expected(utf8_to_list, _) -> $a;
expected(S, _) when S =:= list_to_utf8; S =:= utf8_check -> 17500;
expected(iolist_to_binary, _) -> 1892;
expected(binary_to_list, _) -> $x;
expected(binary_split, _) -> 1001;
expected(binary_matches, _) -> 1000;
expected(md5, _) -> 16;
expected(list_append, _) -> 1;
expected(list_subtract, _) -> 1500;
expected(list_reverse, _) -> 10000;
expected(tuple_list, _) -> 1000;
expected(E, _) when E =:= external_list_out; E =:= external_records_out; E =:= external_map_out; E =:= external_list_in; E =:= external_records_in; E =:= external_map_in;
                    E =:= external_strings_in; E =:= compare_records; E =:= compare_maps; E =:= hash_records; E =:= hash_binary; E =:= regex_match; E =:= regex_captures; E =:= regex_scan;
                    E =:= binary_match; E =:= crc32; E =:= list_member; E =:= keyfind -> true;
expected(_, _) -> done.

repeat(1, F) -> F();
repeat(N, F) -> F(), repeat(N - 1, F).

count(0, _) -> done;
count(N, F) -> F(N), count(N - 1, F).

power(_, 0) -> 1;
power(B, N) -> B * power(B, N - 1).
