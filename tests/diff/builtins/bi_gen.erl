%% SPDX-License-Identifier: Apache-2.0
%%
%% Arguments for calls of built-ins, made from a seed.
%%
%% type(T) gives one value of a type; the types are the clauses below and are what builtins.table is written in. The same
%% seed gives the same values on every emulator: the generator is a multiplicative one on small integers, kept in the
%% process dictionary, and uses no built-in that could differ where it can avoid one.
-module(bi_gen).
-export([seed/1, args/2, type/1, r/1, pick/1, chance/1]).

-define(KEY, '$bi_seed').
-define(LOCAL, '$bi_local').

%% Begins a sequence of values from a text.
seed(Text) ->
    put(?KEY, seed(Text, 4711)),
    [next() || _ <- [1, 2, 3]],
    ok.

seed([C | T], Acc) -> seed(T, (Acc * 257 + C) rem 2147483629 + 1);
seed([], Acc) -> Acc.

next() ->
    S = get(?KEY) * 48271 rem 2147483647,
    put(?KEY, S),
    S.

%% 0..N-1
r(N) -> (next() bsr 3) rem N.

chance(Percent) -> r(100) < Percent.

pick(List) when is_list(List) -> lists:nth(r(length(List)) + 1, List);
pick(Tuple) -> element(r(tuple_size(Tuple)) + 1, Tuple).

%% Arguments of the given types; now and then one that is of any type. Local: may they hold pids, funs, references?
args(Types, Local) ->
    put(?LOCAL, Local),
    [argument(T) || T <- Types].

argument({strict, T}) -> type(T);
argument(T) ->
    case chance(13) of
        true -> hostile(T);
        false -> type(T)
    end.

%% A count never becomes so large that a machine would really make that many.
hostile({count, _}) -> type(pick({{val, -1}, {val, 1 bsl 64}, {val, -(1 bsl 64)}, atom, float, nonint}));
hostile({shift, _}) -> type(pick({atom, float, nonint}));
hostile(_) -> type(any).

%% ---- numbers ------------------------------------------------------------------------------------
type({val, V}) -> V;
type({one, Values}) -> pick(Values);
type({int, Low, High}) -> Low + r(High - Low + 1);
type({count, Max}) -> pick({0, 1, 2, 3, r(Max + 1), r(10)});
type({shift, Max}) -> pick({0, 1, -1, 3, 59, 60, 63, 64, 65, -59, -64, r(Max), -r(Max), r(200), -r(200), -(1 bsl 70), -(1 bsl 62)});
type(small) -> pick({0, 1, 2, 3, 4, 5, -1, r(20), r(300), -r(20)});
type(nonneg) -> pick({0, 1, r(10), r(1000), 1 bsl 28, 1 bsl 59, 1 bsl 60, 1 bsl 64, abs(int())});
type(pos) -> type(nonneg) + 1;
type(byte) -> pick({r(256), r(256), 0, 255, 256, -1});
type(int) -> int();
type(big) -> big();
type(float) -> float_value();
type(number) -> case r(5) of 0 -> float_value(); 1 -> float_value(); _ -> int() end;
type(index) -> pick({1, 2, 3, 1 + r(6), 0, 4, 5});
type(base) -> pick({2, 3, 8, 10, 10, 16, 16, 35, 36, 2 + r(35), 37, 1, 0, -1});
type(char) -> char();
%% ---- atoms and identifiers ----------------------------------------------------------------------
type(atom) -> pick([a, b, c, '', true, false, undefined, ok, error, 'hello world', 'A', [], nil, '+', 'åäö', 'Ωmega', '日本', list_to_atom(lists:duplicate(255, $z)), lists, erlang, 'a\nb', infinity]) ;
type(bool) -> pick({true, false});
type(module) -> pick({lists, erlang, maps, binary, bi_none, ets, gen_server, re, zlib});
type(function) -> pick({reverse, element, map, no_such, '+', new, module_info, self});
type(encoding) -> pick({latin1, unicode, utf8, utf8, utf16, {utf16, little}, {utf16, big}, utf32, {utf32, little}, {utf32, big}, utf7});
type(text_encoding) -> pick({latin1, utf8, unicode, utf8});
type(unit) -> pick({second, millisecond, microsecond, nanosecond, native, perf_counter, 1, 1000, 0, -1, seconds, milli_seconds});
type(local) ->
    pick({self(), list_to_pid("<0.0.0>"), hd(erlang:ports()), make_ref(), fun lists:map/2, fun bi_gen:seed/1, fun(X) -> X end, fun() -> ok end,
          binary_to_term(<<131, 88, 119, 3, "a@b", 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7>>),
          binary_to_term(<<131, 90, 0, 3, 119, 3, "a@b", 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3>>)});
type('fun') -> case get(?LOCAL) of true -> pick({fun lists:map/2, fun erlang:self/0, fun(X) -> X end, fun() -> ok end, fun(_, _) -> ok end}); false -> pick({fun lists:map/2, fun erlang:self/0, fun a:b/3}) end;
type(arity) -> pick({0, 1, 2, 3, 255, 256, -1, 1 bsl 64});
%% ---- binaries -----------------------------------------------------------------------------------
type(binary) -> shaped(bytes());
type(bytes) -> bytes();
type(ascii) -> shaped(list_to_binary(ascii(r(12))));
type(bits) ->
    B = bytes(),
    Bits = r(8),
    case r(3) of
        0 -> shaped(B);
        1 -> <<B/binary, (r(256)):Bits>>;
        _ -> Skip = r(8), <<_:Skip, Rest/bits>> = <<(r(256)):Skip, B/binary, (r(256)):Bits>>, Rest
    end;
type(utf8) -> shaped(utf8(r(12)));
type(badutf8) ->
    shaped(case r(4) of
        0 -> <<(utf8(r(5)))/binary, (pick({128, 192, 193, 224, 237, 240, 244, 245, 255}))>>;
        1 -> <<(utf8(r(5)))/binary, (pick({<<237, 160, 128>>, <<192, 128>>, <<224, 128, 128>>, <<240, 128, 128, 128>>, <<244, 144, 128, 128>>, <<226, 130>>, <<240, 159, 152>>, <<254>>}))/binary, (utf8(r(4)))/binary>>;
        2 -> B = utf8(1 + r(6)), binary:part(B, 0, byte_size(B) - r(byte_size(B) + 1));
        _ -> bytes()
    end);
type(utf16) -> unicode:characters_to_binary([char() || _ <- few()], unicode, pick({utf16, {utf16, little}}));
%% ---- lists, tuples, maps ------------------------------------------------------------------------
type({list, T}) -> [type(T) || _ <- few()];
type({list1, T}) -> [type(T) | type({list, T})];
type({list, T, Max}) -> [type(T) || _ <- lists:seq(1, r(Max + 1))];
type({maybe_improper, T}) ->
    case r(8) of
        0 -> [type(T) | type(T)];
        1 -> type({list, T}) ++ type(any);
        _ -> type({list, T})
    end;
type({tuple, Ts}) -> list_to_tuple([type(T) || T <- Ts]);
type({any_of, Ts}) -> type(pick(Ts));
type(list) -> type({maybe_improper, any});
type(smalls) -> [pick({1, 2, 3, a, b, 1.0, 2.0, [], {1}}) || _ <- lists:seq(1, r(10))];
type(tuple) -> list_to_tuple([type(any) || _ <- few()]);
type(tuples) -> [pick({{a, 1}, {b, 2}, {1, a}, {1.0, b}, {c}, {}, x, {a, b, c}, {2, <<"x">>}, {<<"k">>, 3}}) || _ <- few()];
type(key) -> pick({a, b, 1, 1.0, 2, c, <<"x">>, <<"k">>, 3, []});
type(map) ->
    case r(6) of
        0 -> maps:from_list([{I * 7919 rem 1009, type(flat)} || I <- lists:seq(1, 28 + r(12))]);
        1 -> maps:from_list([{<<I:16>>, I} || I <- lists:seq(1, 33 + r(60))]);
        _ -> maps:from_list([{type(key), type(any)} || _ <- few()])
    end;
type(bigmap) -> maps:from_list([{type(mapkey), I} || I <- lists:seq(1, 10 + r(200))]);
type(mapkey) -> pick([r(500), r(500) * 1.0, <<(r(500)):16>>, {r(20), r(20)}, [r(9) | r(9)], "k" ++ integer_to_list(r(100)), -r(100), 1 bsl (60 + r(8))]);
type(flat) -> pick([type(small), int(), type(atom), float_value(), [], {}, <<>>, type(ascii)]);
type(pairs) -> [{type(key), type(flat)} || _ <- lists:seq(1, r(40))];
%% ---- texts --------------------------------------------------------------------------------------
type(string) -> ascii(r(12));
type(latin1) -> [r(256) || _ <- few()];
type(chars) -> [char() || _ <- few()];
type(iodata) -> iodata(3);
type(iolist) -> case iodata(3) of L when is_list(L) -> L; B -> [B] end;
type(bitlist) -> [case r(5) of 0 -> type(bits); _ -> iodata(2) end || _ <- few()];
type(chardata) -> chardata(3);
type(integer_text) -> integer_text(10);
type({integer_text, Base}) -> integer_text(Base);
type(float_text) -> float_text();
type(number_text) -> case r(2) of 0 -> integer_text(10); 1 -> float_text() end;
type({as_binary, T}) -> as_binary(type(T));
type({append, T, U}) -> type(T) ++ type(U);
type({tuple_list, Ts}) -> [type(T) || T <- Ts];
%% ---- anything -----------------------------------------------------------------------------------
type(any) -> any(3);
type(nonint) -> pick({a, [], {}, <<>>, 1.0, #{}, "1", [1 | 2]});
type(plain) ->
    Old = put(?LOCAL, false),
    V = any(3),
    put(?LOCAL, Old),
    V;
type(deep) -> deep(pick({3, 10, 30, 30, 30, 1000}), type(small));
type(ext) -> ext();
type(T) -> bi_args:type(T).

as_binary(L) ->
    try list_to_binary(L)
    catch _:_ ->
        try unicode:characters_to_binary(L) of
            {_, Front, _} -> Front;
            B -> B
        catch _:_ -> <<"?">>
        end
    end.

few() -> lists:seq(1, pick({0, 1, 1, 2, 2, 3, 3, 4, 5, 8})).

any(Depth) ->
    case r(22) of
        0 -> type(atom);
        1 -> type(small);
        2 -> int();
        3 -> int();
        4 -> float_value();
        5 -> type(atom);
        6 -> type(binary);
        7 -> type(bits);
        8 -> [];
        9 -> ascii(r(6));
        10 -> case get(?LOCAL) of true -> type(local); false -> fun lists:map/2 end;
        11 -> case get(?LOCAL) of true -> type(local); false -> type(small) end;
        12 -> pick({<<>>, {}, "", #{}, '', 0, -0.0, <<1:1>>});
        13 when Depth > 1 -> type(deep);
        14 when Depth > 0 -> map_of(Depth - 1);
        15 when Depth > 0 -> [any(Depth - 1) | any(Depth - 1)];
        16 when Depth > 0 -> [any(Depth - 1) || _ <- few()];
        17 when Depth > 0 -> [any(Depth - 1) || _ <- few()];
        18 when Depth > 0 -> list_to_tuple([any(Depth - 1) || _ <- few()]);
        19 when Depth > 0 -> list_to_tuple([any(Depth - 1) || _ <- few()]);
        20 -> type(chars);
        _ -> type(small)
    end.

map_of(Depth) ->
    case r(4) of
        0 -> type(map);
        _ -> maps:from_list([{any(Depth), any(Depth)} || _ <- few()])
    end.

deep(0, V) -> V;
deep(N, V) -> deep(N - 1, case N rem 3 of 0 -> [V]; 1 -> {V}; 2 -> [N | V] end).

int() ->
    case r(10) of
        0 -> r(10);
        1 -> -r(10);
        2 -> r(100000) - 50000;
        3 -> big();
        4 -> -big();
        5 -> power(10, r(40)) + r(3) - 1;
        _ ->
            V = (1 bsl pick({7, 8, 15, 16, 24, 27, 28, 30, 31, 32, 47, 48, 53, 57, 58, 59, 60, 61, 62, 63, 64, 65, 95, 96, 127, 128, 129, 191, 192, 256, 512, 1024})) + r(5) - 2,
            case r(2) of 0 -> V; 1 -> -V end
    end.

big() ->
    Bits = pick({61, 64, 65, 70, 100, 128, 130, 200, 500, 1000, 3000}),
    bits(Bits, 0) bor (1 bsl (Bits - 1)).

bits(N, Acc) when N =< 0 -> Acc;
bits(N, Acc) -> bits(N - 16, (Acc bsl 16) bor (next() band 65535)).

power(_, 0) -> 1;
power(B, N) -> B * power(B, N - 1).

float_value() ->
    case r(4) of
        0 -> pick([0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -0.5, -2.5, 0.1, 0.3, 1.0e22, 1.0e23, 1.7976931348623157e308, -1.7976931348623157e308, 5.0e-324, 2.2250738585072014e-308, 9007199254740992.0, 9007199254740993.0, 4503599627370495.5,
                  0.49999999999999994, 123456789.125, 1.0e15, 1.0e16, 1.0e17, 9.999999999999999e22, 3.141592653589793, 1.0e-5, 1.0e-4, 1.0e21, 576460752303423488.0, 1152921504606846976.0, -576460752303423489.0, 18446744073709551616.0, 1.0e100, 0.7, 0.99999999999999989]);
        1 -> (r(2000001) - 1000000) / pick({1, 2, 3, 10, 100, 1000, 7, 1000000, 64});
        2 -> float_of(next() band 16#FFFF, next(), next());
        3 -> float(r(1000000) - 500000)
    end.

%% A float of random bits; not a number becomes one.
float_of(Top, A, B) ->
    case <<Top:16, A:24, B:24>> of
        <<F:64/float>> -> F;
        _ -> 1.0e-300
    end.

char() ->
    case r(10) of
        0 -> pick({0, 127, 128, 255, 256, 16#7FF, 16#800, 16#D7FF, 16#E000, 16#FFFD, 16#FFFF, 16#10000, 16#10FFFF, 16#FEFF});
        1 -> r(16#D800);
        2 -> 16#10000 + r(16#100000);
        3 -> 128 + r(128);
        _ -> 32 + r(95)
    end.

utf8(N) -> << <<(char())/utf8>> || _ <- lists:seq(1, N) >>.

ascii(N) -> [pick("abcABC019 ._-xyz,") || _ <- lists:seq(1, N)].

bytes() ->
    Size = pick({0, 0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 66, 100, 255, 300}),
    case r(3) of
        0 -> << <<(97 + r(3))>> || _ <- lists:seq(1, Size) >>;
        _ -> << <<(r(256))>> || _ <- lists:seq(1, Size) >>
    end.

%% The same bytes kept in different ways: as they are, as a part of others (aligned or not), with room to grow.
shaped(B) ->
    case r(6) of
        0 -> Size = byte_size(B), <<_:2/binary, Part:Size/binary, _/binary>> = <<"xy", B/binary, "z">>, Part;
        1 -> Size = byte_size(B), <<_:3, Part:Size/binary, _/bits>> = <<5:3, B/binary, 1:2>>, Part;
        2 -> lists:foldl(fun(C, Acc) -> <<Acc/binary, C>> end, <<>>, binary_to_list(B));
        _ -> B
    end.

iodata(0) -> pick({<<>>, [], type(ascii)});
iodata(Depth) ->
    case r(9) of
        0 -> type(binary);
        1 -> [];
        2 -> [r(256) | iodata(Depth - 1)];
        3 -> [iodata(Depth - 1), r(256)];
        4 -> [type(byte) | iodata(Depth - 1)];
        5 -> [iodata(Depth - 1) | type(binary)];
        6 -> [iodata(Depth - 1) || _ <- few()];
        7 -> [type(binary), iodata(Depth - 1) | iodata(Depth - 1)];
        8 -> ascii(r(10))
    end.

chardata(0) -> pick({<<>>, [], type(utf8), type(chars)});
chardata(Depth) ->
    case r(10) of
        0 -> type(utf8);
        1 -> [];
        2 -> [char() | chardata(Depth - 1)];
        3 -> [chardata(Depth - 1), char()];
        4 -> [pick({-1, 16#D800, 16#DFFF, 16#110000, 255, 65, 128, 16#FFFE, 1 bsl 64, a}) | chardata(Depth - 1)];
        5 -> [chardata(Depth - 1) | type(utf8)];
        6 -> [chardata(Depth - 1) || _ <- few()];
        7 -> type(badutf8);
        8 -> [type(utf8), type(badutf8) | chardata(Depth - 1)];
        9 -> type(chars)
    end.

digits(Base, N) -> [pick(lists:sublist("0123456789abcdefghijklmnopqrstuvwxyz", min(Base, 36))) || _ <- lists:seq(1, N)].

integer_text(Base0) ->
    Base = max(2, min(36, Base0)),
    Sign = pick({"", "", "", "-", "+", "--", " "}),
    Length = pick({0, 1, 2, 3, 5, 10, 17, 18, 19, 20, 21, 40, 100, 400}),
    Body = digits(Base, Length),
    Case = case r(3) of 0 -> string:uppercase(Body); _ -> Body end,
    Sign ++ lists:duplicate(pick({0, 0, 0, 1, 3, 30}), $0) ++ Case ++ pick({"", "", "", "", " ", "x", "_", ".", "z", [0], [200]}).

float_text() ->
    Sign = pick({"", "", "-", "+", " "}),
    Int = digits(10, pick({0, 1, 1, 2, 5, 17, 20, 50, 310})),
    Dot = pick({".", ".", ".", ".", "", ",", ".."}),
    Fraction = digits(10, pick({0, 1, 1, 3, 5, 16, 20, 50, 330})),
    Exp = pick({"", "", "", "e", "e5", "E5", "e-5", "e+10", "e308", "e309", "e-324", "e-400", "e1000000000", "e99999999999999999999", "ex", "e+", "e-"}),
    Sign ++ Int ++ Dot ++ Fraction ++ Exp ++ pick({"", "", "", "", " ", "x", "e"}).

%% Bytes of the external format: a term's, or nearly.
ext() ->
    Term = case r(4) of 0 -> type(flat); _ -> type(plain) end,
    B = case r(5) of
            0 -> term_to_binary(Term, [compressed]);
            1 -> term_to_binary(Term, [{minor_version, pick({0, 1, 2})}]);
            _ -> term_to_binary(Term)
        end,
    case r(3) of
        0 -> mutated(B);
        1 -> B;
        _ -> shaped(B)
    end.

mutated(B) ->
    Size = byte_size(B),
    At = r(Size),
    <<Front:At/binary, C, Rest/binary>> = B,
    case r(6) of
        0 -> Front;
        1 -> <<Front/binary, (r(256)), Rest/binary>>;
        2 -> <<Front/binary, (C bxor (1 bsl r(8))), Rest/binary>>;
        3 -> <<Front/binary, (97 + r(24)), Rest/binary>>;
        4 -> <<B/binary, (r(256))>>;
        5 -> <<Front/binary, Rest/binary>>
    end.
