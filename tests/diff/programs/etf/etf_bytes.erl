%% SPDX-License-Identifier: Apache-2.0
%% The external term format: bytes of many terms, round trips, options, damaged and odd input.
-module(etf_bytes).
-export([cases/0]).

cases() ->
    [{{encode, N}, fun() -> [diff_lib:outcome(F) || F <- [fun() -> term_to_binary(T) end, fun() -> term_to_binary(T, [{minor_version, 0}]) end, fun() -> term_to_binary(T, [{minor_version, 1}]) end, fun() -> term_to_binary(T, [{minor_version, 2}]) end,
        fun() -> erlang:external_size(T) end, fun() -> erlang:external_size(T, [{minor_version, 1}]) end, fun() -> binary_to_term(term_to_binary(T)) =:= T end, fun() -> iolist_to_binary(term_to_iovec(T)) =:= term_to_binary(T) end, fun() -> binary_to_term(term_to_binary(T, [compressed])) =:= T end, fun() -> binary_to_term(term_to_binary(T), [used, safe]) end]] end} || {N, T} <- numbered(terms())] ++
        [{{decode, N}, fun() -> diff_lib:outcome(fun() -> binary_to_term(B) end) end} || {N, B} <- numbered(good())] ++
        [{{bad, N}, fun() -> diff_lib:trace(fun() -> binary_to_term(B) end) end} || {N, B} <- numbered(bad())] ++
        [{{cut, N}, fun() -> B = term_to_binary(T), [diff_lib:outcome(fun() -> binary_to_term(binary_part(B, 0, S)) end) || S <- lists:seq(0, min(60, byte_size(B) - 1))] end} || {N, T} <- numbered([{a, 1, 2.5}, [1, 2 | x], "abc", #{a => 1, b => [x]}, <<"binary">>, <<1:3>>, 1 bsl 200, fun lists:map/2, {[], {}, <<>>}])] ++
        [{{flip, N}, fun() -> B = term_to_binary(T), [flip(B, S) || S <- lists:seq(1, min(40, byte_size(B) - 1))] end} || {N, T} <- numbered([{a, 1, 2.5}, [1, 2 | x], "abc", #{a => 1, b => [x]}, <<"binary">>, <<1:3>>, 1 bsl 200])] ++
        [{{used, N}, fun() -> B = <<(term_to_binary(T))/binary, "rest">>, {binary_to_term(B), binary_to_term(B, [used])} end} || {N, T} <- numbered([a, {1, 2}, "s", <<"b">>, 1.5])] ++
        [{{options, N}, fun() -> diff_lib:trace(F) end} || {N, F} <- numbered([fun() -> term_to_binary(a, [bad]) end, fun() -> term_to_binary(a, bad) end, fun() -> term_to_binary(a, [{minor_version, 9}]) end, fun() -> term_to_binary(a, [{compressed, 10}]) end, fun() -> binary_to_term(<<131, 106>>, [bad]) end, fun() -> binary_to_term(a) end, fun() -> binary_to_term(<<131, 106:9>>) end, fun() -> erlang:external_size(a, [bad]) end])] ++
        [{{compressed, N}, fun() -> T = lists:duplicate(N, {abc, "def"}), [{byte_size(term_to_binary(T, [{compressed, L}])) =< byte_size(term_to_binary(T)), binary_to_term(term_to_binary(T, [{compressed, L}])) =:= T} || L <- [0, 1, 6, 9]] end} || N <- [0, 1, 10, 1000]] ++
        [{{deterministic, N}, fun() -> M = maps:from_list([{X, X} || X <- lists:seq(1, N)]), erlang:crc32(term_to_binary(M)) end} || N <- [10, 32, 33, 100]] ++
        [{{pids, self}, fun() -> P = self(), {binary_to_term(term_to_binary(P)) =:= P, byte_size(term_to_binary(P))} end}, {{refs, local}, fun() -> R = make_ref(), {binary_to_term(term_to_binary(R)) =:= R, byte_size(term_to_binary(R))} end},
         {{funs, local}, fun() -> X = diff_lib:id(7), F = fun(Y) -> {X, Y} end, G = binary_to_term(term_to_binary(F)), {G =:= F, G(8)} end}, {{funs, external}, fun() -> F = fun lists:reverse/1, (binary_to_term(term_to_binary(F)))([1, 2]) end}, {{large, list}, fun() -> L = lists:seq(1, 70000), B = term_to_binary(L), {byte_size(B), erlang:crc32(B), binary_to_term(B) =:= L} end}, {{large, string}, fun() -> [begin L = lists:duplicate(N, $a), B = term_to_binary(L), {byte_size(B), binary:part(B, 0, 8), binary_to_term(B) =:= L} end || N <- [65534, 65535, 65536]] end}, {{large, big}, fun() -> [begin I = 1 bsl N, B = term_to_binary(I), {byte_size(B), binary:part(B, 0, 6), binary_to_term(B) =:= I} end || N <- [2031, 2032, 2039, 2040, 2041, 10000]] end}, {{large, tuple}, fun() -> [begin T = list_to_tuple(lists:duplicate(N, x)), B = term_to_binary(T), {byte_size(B), binary:part(B, 0, 6), binary_to_term(B) =:= T} end || N <- [255, 256, 257]] end}].

numbered(L) -> lists:zip(lists:seq(1, length(L)), L).

flip(B, S) ->
    <<A:S/binary, X, R/binary>> = B,
    [case diff_lib:outcome(fun() -> binary_to_term(<<A/binary, Y, R/binary>>) end) of
         {ok, V} -> {ok, V};
         {error, E} -> E
     end || Y <- [X bxor 1, X bxor 128, 0, 255], safe(S, Y)].

%% A changed tag may ask for an atom that depends on the tables; lengths and values only.
safe(1, _) -> false;
safe(_, _) -> true.

terms() ->
    [0, 1, -1, 255, 256, -256, 1 bsl 27 - 1, 1 bsl 27, -(1 bsl 27), -(1 bsl 27) - 1, 1 bsl 31 - 1, 1 bsl 31, -(1 bsl 31), -(1 bsl 31) - 1, 1 bsl 32, 1 bsl 59 - 1, 1 bsl 59, 1 bsl 60, 1 bsl 63, 1 bsl 64 - 1, 1 bsl 64, -(1 bsl 64), 1 bsl 100, -(1 bsl 100), 1 bsl 2040 - 1, 1 bsl 2040, -(1 bsl 2050),
     0.0, -0.0, 1.5, -1.5, 1.0e300, 5.0e-324, 0.1, a, '', true, 'hello world', 'é', '日本', list_to_atom(lists:duplicate(255, $a)), list_to_atom(lists:duplicate(255, 16#e9)), list_to_atom(lists:duplicate(200, 16#65e5)), [], [1], [1, 2, 3], "string", [255, 0], [256], [1 | 2], [a, b | c], [[]], [1, 2, 3 | <<"t">>], lists:duplicate(300, $x), {}, {a}, {1, {2, {3}}}, list_to_tuple(lists:seq(1, 255)), list_to_tuple(lists:seq(1, 256)),
     <<>>, <<"abc">>, <<0, 255>>, <<1:1>>, <<5:3>>, <<"abc", 7:7>>, binary:copy(<<"xy">>, 200), #{}, #{a => 1}, #{1 => a, 1.0 => b}, #{[] => {}, "k" => <<>>}, #{a => #{b => c}}, fun lists:map/2, fun erlang:abs/1, {a, [b, <<"c">>, 1.5, #{d => 1 bsl 70}]}].

good() ->
    [<<131, 97, 5>>, <<131, 98, 0, 0, 1, 0>>, <<131, 98, 255, 255, 255, 255>>, <<131, 99, "1.50000000000000000000e+00", 0, 0, 0, 0, 0>>, <<131, 70, 0:64>>, <<131, 70, 1.5/float>>, <<131, 100, 0, 3, "abc">>, <<131, 115, 3, "abc">>, <<131, 118, 0, 3, "abc">>, <<131, 119, 2, 16#c3, 16#a9>>, <<131, 104, 0>>, <<131, 104, 1, 106>>, <<131, 105, 0, 0, 0, 1, 97, 1>>, <<131, 105, 0, 0, 0, 0>>,
     <<131, 106>>, <<131, 107, 0, 2, 1, 2>>, <<131, 107, 0, 0>>, <<131, 108, 0, 0, 0, 1, 97, 1, 106>>, <<131, 108, 0, 0, 0, 1, 97, 1, 97, 2>>, <<131, 108, 0, 0, 0, 0, 106>>, <<131, 108, 0, 0, 0, 0, 97, 7>>, <<131, 109, 0, 0, 0, 2, 1, 2>>, <<131, 77, 0, 0, 0, 1, 3, 224>>, <<131, 77, 0, 0, 0, 1, 8, 224>>, <<131, 77, 0, 0, 0, 1, 3, 255>>, <<131, 110, 1, 0, 5>>, <<131, 110, 1, 1, 5>>, <<131, 110, 0, 0>>, <<131, 110, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1>>, <<131, 110, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0>>, <<131, 111, 0, 0, 0, 1, 0, 9>>, <<131, 110, 8, 1, 0, 0, 0, 0, 0, 0, 0, 8>>,
     <<131, 116, 0, 0, 0, 0>>, <<131, 116, 0, 0, 0, 2, 97, 1, 97, 2, 97, 3, 97, 4>>, <<131, 113, 119, 5, "lists", 119, 3, "map", 97, 2>>, <<131, 80, 0, 0, 0, 3, (zlib:compress(<<104, 1, 106>>))/binary>>, <<131, 80, 0, 0, 0, 2, (zlib:compress(<<97, 9>>))/binary>>].

bad() ->
    [<<>>, <<131>>, <<130, 97, 1>>, <<131, 0>>, <<131, 255>>, <<131, 97>>, <<131, 98, 0, 0>>, <<131, 99, "x">>, <<131, 99, "abc", 0:240>>, <<131, 70, 16#7ff0000000000000:64>>, <<131, 70, 16#7ff8000000000000:64>>, <<131, 70, 1>>, <<131, 100, 1, 0, "a">>, <<131, 100, 0, 9, "abc">>, <<131, 119, 2, 255, 255>>, <<131, 118, 1, 255, 0:4088>>, <<131, 104, 2, 106>>, <<131, 105, 255, 255, 255, 255>>,
     <<131, 107, 0, 5, 1>>, <<131, 108, 0, 0, 0, 2, 97, 1, 106>>, <<131, 108, 255, 255, 255, 255, 97, 1>>, <<131, 109, 255, 255, 255, 255, 1>>, <<131, 109, 0, 0, 0, 9, 1>>, <<131, 77, 0, 0, 0, 1, 9, 1>>, <<131, 77, 0, 0, 0, 1, 0, 1>>, <<131, 77, 0, 0, 0, 0, 1>>, <<131, 110, 5, 0, 1>>, <<131, 111, 255, 255, 255, 255, 0, 1>>, <<131, 116, 0, 0, 0, 1, 97, 1>>, <<131, 116, 0, 0, 0, 2, 97, 1, 97, 2, 97, 1, 97, 3>>, <<131, 116, 255, 255, 255, 255>>, <<131, 113, 119, 1, "a", 97, 1, 97, 2>>, <<131, 113, 119, 1, "a", 119, 1, "b", 119, 1, "c">>,
     <<131, 80, 0, 0, 0, 3, 1, 2, 3>>, <<131, 80, 0, 0, 0, 9, (zlib:compress(<<104, 1, 106>>))/binary>>, <<131, 80, 255, 255, 255, 255, (zlib:compress(<<106>>))/binary>>, <<131, 82, 0>>, <<131, 103, 106, 0:72>>, <<131, 88, 97, 1, 0:96>>, <<131, 90, 0, 9, 106>>, <<131, 112, 0, 0, 0, 1>>, <<131, 112, 0, 0, 0, 40, 0:400>>, <<131, 117, 0:32>>, <<131, 68, 0>>, <<131, 121, 0>>, <<131, 104, 1, 131, 106>>].
