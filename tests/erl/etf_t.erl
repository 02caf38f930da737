%% SPDX-License-Identifier: Apache-2.0
%% The external term format.
-module(etf_t).
-export([test_flat_map_order/0, test_fun_with_too_much/0, test_bad_identifiers/0, test_round_trip/0, test_bytes/0, test_old_forms/0, test_bad/0, test_truncated/0, test_options/0, test_compressed/0, test_large/0, test_safe/0, id/1]).

id(X) -> X.

test_round_trip() ->
    [begin
         B = term_to_binary(T),
         true = binary_to_term(B) =:= T,
         true = byte_size(B) =< erlang:external_size(T),
         true = iolist_to_binary(term_to_iovec(T)) =:= B
     end || T <- terms()],
    ok.

terms() ->
    [0, 255, 256, -1, 1 bsl 31, 1 bsl 59, 1 bsl 64, -(1 bsl 64), 1 bsl 3000, 1.5, -0.0, a, 'é', '', [], [1, 2], "str", [1 | 2], {}, {a, {b}}, <<>>, <<1, 2>>, <<5:3>>, #{}, #{a => [b]},
     maps:from_list([{X, X} || X <- lists:seq(1, 40)]), fun lists:map/2, self(), make_ref(), lists:seq(1, 300), list_to_tuple(lists:seq(1, 300)), binary:copy(<<"x">>, 300)].

test_bytes() ->
    <<131, 97, 5>> = term_to_binary(id(5)),
    <<131, 98, 0, 0, 1, 0>> = term_to_binary(id(256)),
    <<131, 100, 0, 1, $a>> = term_to_binary(id(a)),
    <<131, 107, 0, 2, 1, 2>> = term_to_binary(id([1, 2])),
    <<131, 104, 1, 106>> = term_to_binary(id({[]})),
    <<131, 70, 63, 248, 0, 0, 0, 0, 0, 0>> = term_to_binary(id(1.5)),
    <<131, 77, 0, 0, 0, 1, 3, 160>> = term_to_binary(id(<<5:3>>)),
    <<131, 110, 8, 0, 0, 0, 0, 0, 0, 0, 0, 128>> = term_to_binary(id(1 bsl 63)),
    <<131, 116, 0, 0, 0, 1, 97, 1, 97, 2>> = term_to_binary(id(#{1 => 2})).

test_old_forms() ->
    a = binary_to_term(id(<<131, 115, 1, $a>>)),
    a = binary_to_term(id(<<131, 119, 1, $a>>)),
    1.5 = binary_to_term(id(<<131, 99, "1.50000000000000000000e+00", 0, 0, 0, 0, 0>>)),
    5 = binary_to_term(id(<<131, 110, 1, 0, 5>>)),
    {} = binary_to_term(id(<<131, 105, 0, 0, 0, 0>>)).

test_bad() ->
    [{'EXIT', {badarg, _}} = (catch binary_to_term(B)) || B <- [<<>>, <<131>>, <<130, 97, 1>>, <<131, 255>>, <<131, 104, 1>>, <<131, 70, 127, 240, 0:48>>, <<131, 105, 255, 255, 255, 255>>, <<131, 116, 0, 0, 0, 2, 97, 1, 97, 2, 97, 1, 97, 3>>]],
    {'EXIT', {badarg, _}} = (catch binary_to_term(id(a))).

test_truncated() ->
    B = term_to_binary({a, [1, 2.5, "str", <<"bin">>, 1 bsl 100], #{k => v}}),
    [{'EXIT', {badarg, _}} = (catch binary_to_term(binary:part(B, 0, N))) || N <- lists:seq(0, byte_size(B) - 1)],
    ok.

test_options() ->
    {[], 2} = binary_to_term(<<131, 106, 1, 2>>, [used]),
    <<131, 119, 1, $a>> = term_to_binary(a, [{minor_version, 2}]),
    {'EXIT', {badarg, _}} = (catch term_to_binary(a, id([nope]))).

test_compressed() ->
    T = lists:duplicate(500, {abc, "def"}),
    B = term_to_binary(T, [compressed]),
    <<131, 80, _/binary>> = B,
    true = byte_size(B) < 500,
    true = binary_to_term(B) =:= T.

test_large() ->
    L = lists:seq(1, 5000),
    true = binary_to_term(term_to_binary(L)) =:= L,
    D = lists:foldl(fun(X, A) -> {X, A} end, [], lists:seq(1, 3000)),
    true = binary_to_term(term_to_binary(D)) =:= D.

test_safe() ->
    {'EXIT', {badarg, _}} = (catch binary_to_term(id(<<131, 119, 25, "etf_t_never_seen_before_1">>), [safe])),
    [1] = binary_to_term(term_to_binary([1]), [safe]).

%% Tags with one byte for the creation have two bits of it; old references have a first number of 18 bits.
test_bad_identifiers() ->
    N = <<100, 0, 3, "a@b">>,
    [case C of
         C when C =< 3 -> _ = binary_to_term(B);
         _ -> {'EXIT', {badarg, _}} = (catch binary_to_term(B))
     end || C <- [0, 3, 4, 255],
            B <- [<<131, 103, N/binary, 1:32, 2:32, C>>, <<131, 102, N/binary, 1:32, C>>, <<131, 101, N/binary, 1:32, C>>,
                  <<131, 114, 2:16, N/binary, C, 1:32, 2:32>>]],
    true = is_reference(binary_to_term(<<131, 101, N/binary, 16#3FFFF:32, 1>>)),
    [{'EXIT', {badarg, _}} = (catch binary_to_term(B))
     || B <- [<<131, 101, N/binary, 16#40000:32, 1>>, <<131, 114, 2:16, N/binary, 1, 16#40000:32, 2:32>>]],
    true = is_reference(binary_to_term(<<131, 90, 2:16, N/binary, 1:32, 16#40000:32, 2:32>>)).

test_fun_with_too_much() ->
    <<131, Pid/binary>> = term_to_binary(self()),
    Fun = fun(Free) ->
              B = <<0, (erlang:md5([]))/binary, Free:32, Free:32, 100, 0, 6, "etf_t_", 97, 0, 98, 1:32, Pid/binary,
                    (binary:copy(<<97, 1>>, Free))/binary>>,
              <<131, 112, (byte_size(B) + 4):32, B/binary>>
          end,
    true = is_function(binary_to_term(Fun(255)), 0),
    {'EXIT', {badarg, _}} = (catch binary_to_term(Fun(256))).

%% Keys of a small map may come in any order, but once each.
test_flat_map_order() ->
    Pair = fun(K, V) -> [tl(binary_to_list(term_to_binary(K))), tl(binary_to_list(term_to_binary(V)))] end,
    Map = fun(Pairs) -> iolist_to_binary([131, 116, <<(length(Pairs)):32>>, [Pair(K, V) || {K, V} <- Pairs]]) end,
    Lists = [[], [{a, 1}], [{b, 1}, {a, 2}], [{1.0, x}, {1, y}, {a, #{z => 1, b => #{}}}], [{#{c => 1, a => 2}, 1}, {[], 2}, {<<>>, 3}, {"x", 4}],
             [{I, [I]} || I <- lists:seq(32, 1, -1)], [{I, I} || I <- lists:seq(60, 1, -1)]],
    [true = binary_to_term(Map(L)) =:= maps:from_list(L) || L <- Lists],
    [{'EXIT', {badarg, _}} = (catch binary_to_term(Map([hd(L) | L]))) || [_ | _] = L <- Lists],
    [{'EXIT', {badarg, _}} = (catch binary_to_term(binary:part(B, 0, byte_size(B) - 1))) || L <- tl(Lists), B <- [Map(L)]],
    ok.
