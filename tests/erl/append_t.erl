%% SPDX-License-Identifier: Apache-2.0
%% Appending in place: every version of a binary keeps its bytes whatever is appended to it afterwards, on its own heap or another's.
-module(append_t).
-export([test_whole_bytes/0, test_versions/0, test_branches/0, test_messages/0, test_bits/0, test_tables/0, test_collections/0, test_iodata/0, test_self_append/0]).

version(N) -> << <<I:16>> || I <- lists:seq(1, N) >>.

grow(N) -> lists:foldl(fun(I, [B | _] = A) -> [<<B/binary, I:16>> | A] end, [<<>>], lists:seq(1, N)).

test_versions() ->
    All = lists:reverse(grow(2000)),
    [true = B =:= version(N) || {N, B} <- lists:zip(lists:seq(0, 2000), All), N rem 37 =:= 0],
    ok.

test_branches() ->
    [Last, Before | _] = grow(500),
    A = <<Before/binary, "a">>,
    B = <<Before/binary, "b">>,
    C = <<Last/binary, "c">>,
    D = <<Last/binary, "d">>,
    E = <<C/binary, "e">>,
    Base = version(499),
    A = <<Base/binary, "a">>,
    B = <<Base/binary, "b">>,
    Full = version(500),
    C = <<Full/binary, "c">>,
    D = <<Full/binary, "d">>,
    E = <<Full/binary, "ce">>,
    Last = Full,
    Before = Base.

%% The receivers check and append to what they got while the sender goes on.
test_messages() ->
    Self = self(),
    Checkers = [spawn_link(fun() -> checker(Self, K) end) || K <- lists:seq(1, 4)],
    lists:foldl(fun(I, B) ->
                        B1 = <<B/binary, I:16>>,
                        [C ! {I, B1} || C <- Checkers],
                        B1
                end, <<>>, lists:seq(1, 1500)),
    [C ! done || C <- Checkers],
    [receive {C, Sum} -> 1500 = Sum after 20000 -> error(timeout) end || C <- Checkers],
    ok.

checker(Parent, K) -> checker(Parent, K, 0).

checker(Parent, K, Seen) ->
    receive
        {N, B} ->
            Mine = <<B/binary, K, K>>,
            true = binary:part(Mine, 2 * N, 2) =:= <<K, K>>,
            true = byte_size(B) =:= 2 * N,
            <<_:(2 * (N - 1))/binary, N:16>> = B,
            case N rem 100 of
                0 -> true = B =:= version(N);
                _ -> ok
            end,
            checker(Parent, K, Seen + 1);
        done ->
            Parent ! {self(), Seen}
    end.

test_bits() ->
    B = lists:foldl(fun(I, A) -> <<A/bitstring, I:(I rem 13 + 1)>> end, <<>>, lists:seq(1, 3000)),
    C = << <<I:(I rem 13 + 1)>> || I <- lists:seq(1, 3000) >>,
    B = C,
    X = <<B/bitstring, 1:1>>,
    Y = <<B/bitstring, 0:1>>,
    false = X =:= Y,
    B = C.

test_tables() ->
    T = ets:new(t, []),
    lists:foldl(fun(I, B) -> ets:insert(T, {I, B}), <<B/binary, I:16>> end, <<>>, lists:seq(1, 600)),
    [true = B =:= version(I - 1) || {I, B} <- ets:tab2list(T)],
    [{300, B}] = ets:lookup(T, 300),
    More = <<B/binary, "more">>,
    Base = version(299),
    More = <<Base/binary, "more">>,
    [{300, Base}] = ets:lookup(T, 300),
    ok.

test_collections() ->
    lists:foldl(fun(I, B) ->
                        B1 = <<B/binary, I:16>>,
                        case I rem 50 of
                            0 -> erlang:garbage_collect();
                            _ -> ok
                        end,
                        put({version, I rem 7}, B1),
                        true = byte_size(B1) =:= 2 * I,
                        B1
                end, <<>>, lists:seq(1, 1000)),
    [true = B =:= version(byte_size(B) div 2) || {{version, _}, B} <- get()],
    ok.

test_iodata() ->
    B = hd(grow(300)),
    L = [B, <<B/binary, 1>>, [B | <<"x">>]],
    V = version(300),
    true = iolist_to_binary(L) =:= <<V/binary, V/binary, 1, V/binary, "x">>,
    {B, B} = binary_to_term(term_to_binary({B, B})),
    Vec = term_to_iovec({B, <<B/binary, 2>>}),
    {V, <<V:600/binary, 2>>} = binary_to_term(iolist_to_binary(Vec)).

test_self_append() ->
    B = lists:foldl(fun(_, A) -> <<A/binary, A/binary>> end, <<"abc">>, lists:seq(1, 16)),
    B = binary:copy(<<"abc">>, 65536),
    C = <<B/binary, (binary:part(B, 3, 300))/binary, B/binary>>,
    C = binary:copy(<<"abc">>, 2 * 65536 + 100).

%% Integers of one to eight bytes, negative and large ones too, behind what has whole bytes and what has not.
test_whole_bytes() ->
    Values = [0, 1, 255, 256, -1, -(1 bsl 59), (1 bsl 60) - 1, 1 bsl 61, -(1 bsl 70)],
    [begin
         {Last, _} = lists:foldl(fun(I, {B, Versions}) ->
                                         V = lists:nth(I rem length(Values) + 1, Values),
                                         New = put_integer(B, V, I rem 8 + 1),
                                         [true = is_front(Old, New) || Old <- Versions],
                                         {New, lists:sublist([New | Versions], 3)}
                                 end, {Start, [Start]}, lists:seq(1, 300)),
         Size = bit_size(Start) + 8 * lists:sum([I rem 8 + 1 || I <- lists:seq(1, 300)]),
         Size = bit_size(Last)
     end || Start <- [<<>>, <<5:3>>, <<"some text">>]],
    <<255, 1:16, 16#FFFFFFFFFFFFFFFF:64>> = << (<< <<X>> || <<X>> <= <<255>> >>)/binary, 1:16, -1:64 >>,
    {'EXIT', {badarg, _}} = (catch put_integer(<<1>>, a, 1)),
    <<1, 2>> = << <<(X + 1)>> || X <- [0, 1] >>.

put_integer(B, V, 1) -> <<B/bits, V>>;
put_integer(B, V, 2) -> <<B/bits, V:16>>;
put_integer(B, V, 3) -> <<B/bits, V:24>>;
put_integer(B, V, 4) -> <<B/bits, V:32>>;
put_integer(B, V, 5) -> <<B/bits, V:40/little>>;
put_integer(B, V, 6) -> <<B/bits, V:48>>;
put_integer(B, V, 7) -> <<B/bits, V:56>>;
put_integer(B, V, 8) -> <<B/bits, V:64>>.

is_front(Old, New) ->
    N = bit_size(Old),
    <<Front:N/bits, _/bits>> = New,
    Front =:= Old.
