%% SPDX-License-Identifier: Apache-2.0
%% Construction and matching of every segment type. Included by modules that differ in the compiler's
%% options only, for each OTP release compiles this to other instructions.
-export([cases/0]).

ints() ->
    [0, 1, -1, 2, 127, 128, 255, 256, -128, -129, 16#1234, 16#123456, 16#12345678, -16#12345678,
     16#123456789abcdef, -16#123456789abcdef, 1 bsl 59 - 1, 1 bsl 59, -(1 bsl 59) - 1, 1 bsl 60, 1 bsl 63, 1 bsl 64 - 1, -(1 bsl 63),
     16#123456789abcdef0123456789abcdef, -16#123456789abcdef0123456789abcdef].

sizes() -> [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 23, 24, 25, 31, 32, 33, 40, 47, 48, 49, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 72, 100, 127, 128, 129, 200].

source() -> <<16#fedcba9876543210f0e1d2c3b4a5968778695a4b3c2d1e0f:192, 16#a5a5:16, 16#5c5:11>>.

cases() ->
    build_int() ++ build_fixed() ++ match_int() ++ match_fixed() ++ floats() ++ utf() ++ binaries() ++ skips() ++ tails() ++ strings() ++ wrong() ++ misc().

%% ---- integers ----

build_int() ->
    [{{build, Name, V}, fun() -> [{S, diff_lib:outcome(fun() -> F(V, S) end)} || S <- sizes()] end}
     || {Name, F} <- [{big, fun(V, S) -> <<V:S>> end}, {little, fun(V, S) -> <<V:S/little>> end},
                      {signed, fun(V, S) -> <<V:S/signed>> end}, {native, fun(V, S) -> <<V:S/native>> end},
                      {shifted, fun(V, S) -> <<5:3, V:S>> end}, {shifted_little, fun(V, S) -> <<5:3, V:S/little>> end},
                      {twice, fun(V, S) -> <<V:S, V:S/little, 1:1>> end}, {unit, fun(V, S) -> <<V:S/unit:3>> end},
                      {bytes, fun(V, S) -> <<V:S/little-unit:8>> end}],
        V <- ints()].

build_fixed() ->
    [{{build_fixed, V}, fun() ->
        [<<V>>, <<V:1>>, <<V:4, V:4>>, <<V:7, 0:1>>, <<V:16>>, <<V:16/little>>, <<V:24>>, <<V:24/little>>, <<V:32>>, <<V:32/little>>,
         <<V:64>>, <<V:64/little>>, <<V:60>>, <<V:60/little>>, <<V:61/little>>, <<V:128>>, <<V:128/little>>, <<V:13, V:19>>, <<V:3, V:5/little, V:8>>,
         <<1:1, V:32/little>>, <<1:1, V:64>>, <<1:7, V:64/little>>, <<3:2, V:100/little>>, <<V:0>>, <<V:9/little, V:9/big>>]
      end} || V <- ints()].

match_int() ->
    [{{match, Name, Off}, fun() -> [{S, F(Off, S, source())} || S <- sizes()] end}
     || {Name, F} <- [{big, fun m_big/3}, {little, fun m_little/3}, {sbig, fun m_sbig/3}, {slittle, fun m_slittle/3}, {unit, fun m_unit/3}],
        Off <- [0, 1, 3, 4, 7, 8, 13, 40, 180, 218, 219, 220]].

m_big(Off, S, B) -> case B of <<_:Off, X:S, R/bits>> -> {X, bit_size(R)}; _ -> no end.
m_little(Off, S, B) -> case B of <<_:Off, X:S/little, R/bits>> -> {X, bit_size(R)}; _ -> no end.
m_sbig(Off, S, B) -> case B of <<_:Off, X:S/signed, _/bits>> -> X; _ -> no end.
m_slittle(Off, S, B) -> case B of <<_:Off, X:S/signed-little, _/bits>> -> X; _ -> no end.
m_unit(Off, S, B) -> case B of <<_:Off, X:S/signed-little-unit:2, _/bits>> -> X; _ -> no end.

match_fixed() ->
    [{{match_fixed, Name, N}, fun() -> F(cut(N)) end}
     || {Name, F} <- [{u8, fun(<<A, B, R/bits>>) -> {A, B, R}; (_) -> no end},
                      {u16, fun(<<A:16, B:16/little, R/bits>>) -> {A, B, R}; (_) -> no end},
                      {s16, fun(<<A:16/signed, B:16/signed-little, R/bits>>) -> {A, B, R}; (_) -> no end},
                      {u32, fun(<<A:32, B:32/little, R/bits>>) -> {A, B, R}; (_) -> no end},
                      {s32, fun(<<A:32/signed, B:32/signed-little, R/bits>>) -> {A, B, R}; (_) -> no end},
                      {u64, fun(<<A:64, B:64/little, R/bits>>) -> {A, B, R}; (_) -> no end},
                      {s64, fun(<<A:64/signed, B:64/signed-little, R/bits>>) -> {A, B, R}; (_) -> no end},
                      {nibbles, fun(<<A:4, B:4, C:4/signed, D:4/signed, R/bits>>) -> {A, B, C, D, R}; (_) -> no end},
                      {odd, fun(<<A:1, B:2, C:3, D:5, E:7, F:11, G:13, R/bits>>) -> {A, B, C, D, E, F, G, R}; (_) -> no end},
                      {wide, fun(<<A:59, B:60/signed, C:61, R/bits>>) -> {A, B, C, R}; (_) -> no end},
                      {u24, fun(<<A:24, B:24/little, C:24/signed, D:24/signed-little, R/bits>>) -> {A, B, C, D, R}; (_) -> no end},
                      {exact, fun(<<A:16>>) -> {one, A}; (<<A:16, B:16>>) -> {two, A, B}; (<<>>) -> empty; (_) -> no end},
                      {big, fun(<<A:128, R/bits>>) -> {A, R}; (_) -> no end}],
        N <- [0, 1, 7, 8, 15, 16, 17, 31, 32, 33, 64, 100, 127, 128, 129, 219]].

cut(N) -> <<B:N/bits, _/bits>> = source(), B.

%% ---- floats ----

floats() ->
    Values = [0.0, -0.0, 1.0, -1.5, 0.1, 3.14159, 65504.0, 65520.0, 1.0e-8, 6.0e-8, 3.4028234e38, 3.5e38, 1.0e-45, 1.0e308, 5.0e-324, 0, 7, -3, 1 bsl 60, 1 bsl 70, 1 bsl 2000, a],
    [{{build_float, V}, fun() -> [diff_lib:outcome(F) || F <- [
        fun() -> <<V/float>> end, fun() -> <<V:64/float-little>> end, fun() -> <<V:32/float>> end, fun() -> <<V:32/float-little>> end,
        fun() -> <<V:16/float>> end, fun() -> <<V:16/float-little>> end, fun() -> <<1:1, V/float>> end, fun() -> <<1:3, V:32/float-little, 2:2>> end,
        fun() -> S = diff_lib:id(32), <<V:S/float>> end, fun() -> S = diff_lib:id(17), <<V:S/float>> end, fun() -> S = diff_lib:id(0), <<V:S/float>> end]] end} || V <- Values] ++
    [{{match_float, P}, fun() -> [F(P) || F <- [
        fun(<<X/float>>) -> X; (_) -> no end, fun(<<X:64/float-little>>) -> X; (_) -> no end,
        fun(<<X:32/float, R/bits>>) -> {X, R}; (_) -> no end, fun(<<X:32/float-little, R/bits>>) -> {X, R}; (_) -> no end,
        fun(<<X:16/float, R/bits>>) -> {X, R}; (_) -> no end, fun(<<X:16/float-little, R/bits>>) -> {X, R}; (_) -> no end,
        fun(<<_:3, X:32/float, R/bits>>) -> {X, R}; (_) -> no end,
        fun(B) -> S = diff_lib:id(64), case B of <<X:S/float>> -> X; _ -> no end end,
        fun(B) -> S = diff_lib:id(24), case B of <<X:S/float, _/bits>> -> X; _ -> no end end]] end}
     || P <- [<<0:64>>, <<1:1, 0:63>>, <<1.5/float>>, <<-1.5/float-little>>, <<16#7ff0000000000000:64>>, <<16#fff8000000000001:64>>, <<16#7fefffffffffffff:64>>, <<1:64>>,
              <<16#7f800000:32, 0:32>>, <<16#7f7fffff:32, 0:32>>, <<16#00000001:32, 16#3c00:16>>, <<16#7c00:16>>, <<16#fbff:16>>, <<16#0001:16>>, <<16#3c00:16>>, <<>>, <<1, 2, 3>>]].

%% ---- Unicode ----

utf() ->
    Points = [0, 1, 16#7f, 16#80, 16#7ff, 16#800, 16#d7ff, 16#d800, 16#dfff, 16#e000, 16#fffe, 16#ffff, 16#10000, 16#10ffff, 16#110000, -1, 1 bsl 64, a, 1.0],
    Bytes = [<<>>, <<$a>>, <<16#c3, 16#a9>>, <<16#c3>>, <<16#c3, $a>>, <<16#c0, 16#80>>, <<16#c1, 16#bf>>, <<16#e2, 16#82, 16#ac>>, <<16#e2, 16#82>>, <<16#e0, 16#80, 16#80>>,
             <<16#ed, 16#a0, 16#80>>, <<16#ef, 16#bf, 16#bf>>, <<16#f0, 16#9f, 16#98, 16#80>>, <<16#f0, 16#80, 16#80, 16#80>>, <<16#f4, 16#90, 16#80, 16#80>>, <<16#f8, 1, 2, 3>>, <<16#80>>, <<16#ff, 16#fe>>,
             <<16#d8, 0, 16#dc, 0>>, <<16#d8, 0>>, <<16#dc, 0, 16#d8, 0>>, <<16#d8, 0, 0, 1>>, <<0, $a>>, <<0, 1, 16#f6, 0>>, <<0, 0, 16#d8, 0>>, <<0, 16#11, 0, 0>>, <<0, 0, 0, $a>>, <<$a, 1:3>>],
    [{{build_utf, P}, fun() -> [diff_lib:outcome(F) || F <- [
        fun() -> <<P/utf8>> end, fun() -> <<P/utf16>> end, fun() -> <<P/utf16-little>> end, fun() -> <<P/utf32>> end, fun() -> <<P/utf32-little>> end,
        fun() -> <<1:1, P/utf8, 2:2>> end, fun() -> <<5:3, P/utf16-little>> end, fun() -> <<5:3, P/utf32>> end, fun() -> <<P/utf8, P/utf16, P/utf32>> end]] end} || P <- Points] ++
    [{{match_utf, B}, fun() -> [F(B) || F <- [
        fun(<<X/utf8, R/bits>>) -> {X, R}; (_) -> no end, fun(<<X/utf16, R/bits>>) -> {X, R}; (_) -> no end,
        fun(<<X/utf16-little, R/bits>>) -> {X, R}; (_) -> no end, fun(<<X/utf32, R/bits>>) -> {X, R}; (_) -> no end,
        fun(<<X/utf32-little, R/bits>>) -> {X, R}; (_) -> no end, fun(<<_/utf8, R/bits>>) -> R; (_) -> no end,
        fun(<<_/utf16, R/bits>>) -> R; (_) -> no end, fun(<<_/utf32, R/bits>>) -> R; (_) -> no end,
        fun(X) -> case <<1:3, X/bits>> of <<_:3, C/utf8, R/bits>> -> {C, R}; <<_:3, C/utf16, R/bits>> -> {u16, C, R}; _ -> no end end]] end} || B <- Bytes] ++
    [{utf_string, fun() -> [<<"häß€😀"/utf8>>, <<"häß€😀"/utf16>>, <<"häß€😀"/utf16-little>>, <<"häß€😀"/utf32>>, [X || <<X/utf8>> <= <<"häß€😀"/utf8>>], match_utf_string(<<"hä"/utf8, 1>>)] end}].

match_utf_string(<<"hä"/utf8, R/bits>>) -> R;
match_utf_string(_) -> no.

%% ---- binaries in binaries ----

binaries() ->
    Subs = [<<>>, <<1>>, <<1:1>>, <<5:3>>, <<"hello">>, <<16#abcd:15>>, list_to_binary(lists:seq(0, 70)), <<0:9, 1:7>>, cut(63), cut(64), cut(65), cut(200)],
    [{{build_bin, B}, fun() -> [diff_lib:outcome(F) || F <- [
        fun() -> <<B/bits>> end, fun() -> <<B/binary>> end, fun() -> <<1:1, B/bits>> end, fun() -> <<1:5, B/bits, 2:3>> end, fun() -> <<B/bits, B/bits>> end,
        fun() -> <<B/bits, 7>> end, fun() -> <<B/bits, 3:2, B/bits>> end, fun() -> <<B:1/binary>> end, fun() -> <<B:3/bits>> end, fun() -> <<B:2/binary-unit:4, 1>> end,
        fun() -> S = diff_lib:id(1), <<0, B:S/binary>> end, fun() -> S = diff_lib:id(5), <<0, B:S/bits, 1:1>> end, fun() -> S = diff_lib:id(-1), <<B:S/binary>> end,
        fun() -> S = diff_lib:id(a), <<B:S/binary>> end, fun() -> S = diff_lib:id(1 bsl 70), <<B:S/binary>> end, fun() -> <<"abc", B/bits, "def">> end]] end} || B <- Subs] ++
    [{{match_bin, B}, fun() -> [diff_lib:outcome(fun() -> F(B) end) || F <- [
        fun(<<X:1/binary, R/binary>>) -> {X, R}; (_) -> no end, fun(<<X:3/bits, R/bits>>) -> {X, R}; (_) -> no end,
        fun(<<_:1, X:2/binary, R/bits>>) -> {X, R}; (_) -> no end, fun(<<X/binary>>) -> {bin, X}; (<<X/bits>>) -> {bits, X} end,
        fun(<<N:3, X:N/bits, R/bits>>) -> {N, X, R}; (_) -> no end, fun(<<N:8, X:N/binary, R/bits>>) -> {N, X, R}; (_) -> no end,
        fun(<<N:2, X:N/binary-unit:2, R/bits>>) -> {N, X, R}; (_) -> no end, fun(<<_:4, X/binary>>) -> {four, X}; (<<_:3, X/binary>>) -> {three, X}; (_) -> no end,
        fun(<<X:7/binary-unit:1, Y/binary-unit:1>>) -> {X, Y}; (_) -> no end, fun(<<_, X/binary-unit:16>>) -> {u16, X}; (<<X/binary-unit:3>>) -> {u3, X}; (_) -> no end,
        fun(X) -> N = diff_lib:id(-1), case X of <<Y:N/binary, _/bits>> -> Y; _ -> no end end, fun(X) -> N = diff_lib:id(1 bsl 70), case X of <<Y:N/binary, _/bits>> -> Y; _ -> no end end,
        fun(X) -> N = diff_lib:id(a), case X of <<Y:N/binary, _/bits>> -> Y; _ -> no end end, fun(X) -> N = diff_lib:id(1 bsl 61), case X of <<Y:N/unit:256, _/bits>> -> Y; _ -> no end end]] end} || B <- Subs].

skips() ->
    [{{skip, N}, fun() ->
        B = cut(N),
        [case B of <<_:S, R/bits>> -> R; _ -> no end || S <- [0, 1, 7, 8, 9, 64, 128, -1, 1 bsl 64]] ++
        [case B of <<_:8, _:3, R/bits>> -> R; _ -> no end, case B of <<_:2/binary, R/bits>> -> R; _ -> no end,
         case B of <<_:64/float, R/bits>> -> R; _ -> no end] ++
        [case B of <<_:S/binary-unit:5, R/bits>> when S > 0 -> R; _ -> no end || S <- [1, 3]]
      end} || N <- [0, 1, 8, 10, 16, 64, 65, 130]].

tails() ->
    [{{tail, N}, fun() -> F(cut(N)) end} || F <- [fun tail/1], N <- [0, 1, 2, 3, 4, 7, 8, 9, 12, 16, 24, 27, 32, 33, 40]].

tail(<<>>) -> empty;
tail(<<_:1>>) -> one;
tail(<<A:8>>) -> {byte, A};
tail(<<A:8, B:4>>) -> {byte_nibble, A, B};
tail(<<A:16, R/binary-unit:16>>) -> {u16, A, tail(R)};
tail(<<A, R/binary>>) -> {byte, A, tail(R)};
tail(<<A:3, R/binary-unit:4>>) -> {three, A, tail(R)};
tail(<<A:1, R/bits>>) -> {bit, A, tail(R)}.

strings() ->
    [{{string, B}, fun() -> {keyword(B), odd(<<1:1, B/bits>>), first(B)} end}
     || B <- [<<"hello">>, <<"hell">>, <<"help me">>, <<"held">>, <<"">>, <<"h">>, <<"hellooo">>, <<"HELLO">>, <<0, 1, 2>>, <<0, 1, 3>>, <<0, 1>>, <<"hello", 1:3>>]].

keyword(<<"hello">>) -> hello;
keyword(<<"hello", R/bits>>) -> {hello, R};
keyword(<<"help", R/bits>>) -> {help, R};
keyword(<<"hel", C, _/bits>>) -> {hel, C};
keyword(<<0, 1, 2>>) -> numbers;
keyword(<<0, 1, X:8>>) -> {number, X};
keyword(_) -> none.

odd(<<1:1, "hello">>) -> hello;
odd(<<1:1, "he", R/bits>>) -> R;
odd(<<1:1, 0, 1, R/bits>>) -> {zero_one, R};
odd(<<2#1011:4, _/bits>>) -> bits;
odd(_) -> none.

first(<<"h", R/binary>>) -> {h, R};
first(<<X:4, 8:4, _/bits>>) -> {x8, X};
first(<<X:4, _/bits>>) -> X;
first(<<>>) -> empty;
first(_) -> short.

%% ---- errors, with their stack traces ----

wrong() ->
    Id = fun diff_lib:id/1,
    [{{wrong, N}, F} || {N, F} <- [
        {int_atom, fun() -> X = Id(a), <<X>> end}, {int_float, fun() -> X = Id(1.0), <<X:16>> end}, {int_bin, fun() -> X = Id(<<1>>), <<1, X:8>> end},
        {size_atom, fun() -> S = Id(a), <<1:S>> end}, {size_minus, fun() -> S = Id(-1), <<1:S>> end}, {size_float, fun() -> S = Id(8.0), <<1:S>> end},
        {size_big, fun() -> S = Id(1 bsl 70), <<1:S>> end}, {size_huge, fun() -> S = Id(1 bsl 61), <<1:S/unit:16>> end}, {size_minus_big, fun() -> S = Id(-(1 bsl 70)), <<1:S>> end},
        {float_atom, fun() -> X = Id(a), <<X/float>> end}, {float_big, fun() -> X = Id(1 bsl 2000), <<X/float>> end}, {float_size, fun() -> S = Id(33), <<1.0:S/float>> end},
        {float_32, fun() -> X = Id(1.0e300), <<X:32/float>> end}, {float_16, fun() -> X = Id(1.0e6), <<X:16/float>> end},
        {bin_int, fun() -> X = Id(1), <<X/binary>> end}, {bin_list, fun() -> X = Id("abc"), <<0, X/binary>> end}, {bin_bits, fun() -> X = Id(<<1:3>>), <<X/binary>> end},
        {bin_short, fun() -> X = Id(<<1, 2>>), <<X:3/binary>> end}, {bin_unit, fun() -> X = Id(<<1:7>>), <<X/binary-unit:2>> end}, {bin_neg, fun() -> S = Id(-1), <<(Id(<<1>>)):S/binary>> end},
        {utf8_atom, fun() -> X = Id(a), <<X/utf8>> end}, {utf8_range, fun() -> X = Id(16#110000), <<X/utf8>> end}, {utf8_surrogate, fun() -> X = Id(16#d800), <<X/utf8>> end},
        {utf16_atom, fun() -> X = Id(a), <<X/utf16>> end}, {utf32_minus, fun() -> X = Id(-1), <<X/utf32>> end}, {utf32_big, fun() -> X = Id(1 bsl 80), <<1, X/utf32>> end},
        {second, fun() -> {X, Y} = Id({1, a}), <<X, Y>> end}, {both, fun() -> {X, Y} = Id({b, a}), <<X:16, Y/binary>> end}, {append, fun() -> {X, Y} = Id({<<1>>, a}), <<X/binary, Y>> end},
        {append_atom, fun() -> {X, Y} = Id({a, 1}), <<X/binary, Y>> end}, {append_bits, fun() -> {X, Y} = Id({<<1:1>>, 1}), <<X/binary, Y>> end},
        {badmatch, fun() -> <<X:16>> = Id(<<1>>), X end}, {badmatch_tail, fun() -> <<X:8>> = Id(<<1, 2>>), X end}, {badmatch_list, fun() -> <<X:8>> = Id([1]), X end},
        {clause, fun() -> tail(Id(a)) end}, {compr, fun() -> << <<X:8>> || X <- Id([1, a, 3]) >> end}, {compr_bin, fun() -> << <<X/bits>> || X <- Id([<<1>>, b]) >> end},
        {generator, fun() -> << <<X:8>> || <<X:8>> <= Id(notbin) >> end}, {generator_list, fun() -> [X || <<X:8>> <= Id([1])] end}]].

%% ---- the rest ----

misc() ->
    Id = fun diff_lib:id/1,
    [{{misc, N}, F} || {N, F} <- [
        {append_loop, fun() -> B = append(1000, <<>>), {byte_size(B), erlang:crc32(B)} end},
        {append_bits, fun() -> B = append_bits(333, <<>>), {bit_size(B), B} end},
        {append_shared, fun() -> A = <<(Id(<<"abc">>))/binary, "1">>, B = <<A/binary, "2">>, C = <<A/binary, "3">>, D = <<B/binary, "4">>, {A, B, C, D} end},
        {append_self, fun() -> A = <<(Id(<<"abc">>))/binary, 1:3>>, {<<A/bits, A/bits>>, A} end},
        {append_after_match, fun() -> A = <<(Id(<<"abc">>))/binary, "xyz">>, <<_, M/binary>> = A, {<<A/binary, "q">>, <<M/binary, "r">>, M} end},
        {compr, fun() -> << <<(X * X):16/little>> || X <- lists:seq(1, Id(40)) >> end},
        {compr_filter, fun() -> << <<X:3>> || <<X:4>> <= Id(source()), X > 4 >> end},
        {compr_nested, fun() -> << <<X:2, Y:3>> || X <- Id([1, 2, 3]), <<Y:5>> <= Id(<<"hello">>) >> end},
        {compr_list, fun() -> [{X, Y} || <<X:5, Y:6>> <= source()] end},
        {compr_bits, fun() -> << <<B:5/bits>> || <<B:5/bits, _:1>> <= source() >> end},
        {compr_empty, fun() -> {<< <<X>> || X <- Id([]) >>, << <<X>> || <<X>> <= Id(<<>>) >>, [X || <<X:9>> <= Id(<<1>>)]} end},
        {reverse, fun() -> reverse_bits(source(), <<>>) end},
        {size_expr, fun() -> case Id(<<3, 1, 2, 3, 4, 5, 6>>) of <<N, A:(N - 1)/binary, B:(N * 8 - 8), R/binary>> -> {N, A, B, R} end end},
        {size_var, fun() -> case Id(<<4:4, 3:4, 16#fffff:20>>) of <<A:4, B:4, X:(A + B), Y:(A * B), R/bits>> -> {X, Y, R} end end},
        {size_bound, fun() -> N = Id(12), case Id(source()) of <<A:N, B:N/little, C:N/signed, _/bits>> -> {A, B, C} end end},
        {value_bound, fun() -> N = Id(254), case Id(source()) of <<N, R/bits>> -> {same, R}; _ -> other end end},
        {bound_twice, fun() -> [case X of <<A, B, A, _/bits>> -> {aba, A, B}; <<A, A, _/bits>> -> {aa, A}; _ -> no end || X <- Id([<<1, 2, 1>>, <<1, 1, 2>>, <<1, 2, 3>>, <<1>>])] end},
        {backtrack, fun() -> [back(X) || X <- Id([<<1, 2, 3>>, <<1, 2, 4>>, <<1, 9>>, <<2>>, <<>>, <<1:4>>])] end},
        {nested, fun() -> case Id(<<2, 5, "ab", 1:3, 7:13>>) of <<L, _, S:L/binary, X:3, R/bits>> -> {L, S, X, case R of <<Y:13>> -> Y end} end end},
        {context_reuse, fun() -> B = Id(<<1, 2, 3, 4>>), <<_, R/binary>> = B, {sum(R, 0), sum(B, 0), R, B} end},
        {guard_sizes, fun() -> [if byte_size(X) > 2, bit_size(X) rem 8 =:= 0 -> long; is_binary(X) -> binary; is_bitstring(X) -> bits; true -> other end || X <- Id([<<1, 2, 3>>, <<1>>, <<1:3>>, a, <<1, 2, 3:2>>])] end},
        {compare, fun() -> L = Id([<<>>, <<0>>, <<0:1>>, <<1:1>>, <<0:7>>, <<1>>, <<1, 0>>, <<1:9>>, <<255>>, <<"a">>, <<"ab">>]), [[{X < Y, X == Y, X =:= Y} || Y <- L] || X <- L] end},
        {hash, fun() -> [erlang:phash2(cut(N)) || N <- lists:seq(0, 80)] end},
        {hash_off, fun() -> [begin <<_:N, B:40/bits, _/bits>> = source(), {erlang:phash2(B), B =:= << <<X:1>> || <<X:1>> <= B >>} end || N <- lists:seq(0, 20)] end},
        {to_list, fun() -> [bitstring_to_list(cut(N)) || N <- lists:seq(0, 40, 3)] end},
        {big_match, fun() -> B = <<0:(Id(100000)), 1:1>>, case B of <<X:100001>> -> X end end},
        {big_build, fun() -> N = 1 bsl Id(5000), B = <<N:6000/little>>, <<M:6000/little>> = B, {M =:= N, byte_size(B), erlang:crc32(B)} end},
        {large, fun() -> B = binary:copy(<<"0123456789">>, Id(2000)), <<A:10000/binary, C/binary>> = B, {A =:= C, byte_size(C), erlang:crc32(<<C/binary, A/binary>>)} end}]].

append(0, B) -> B;
append(N, B) -> append(N - 1, <<B/binary, N:16>>).

append_bits(0, B) -> B;
append_bits(N, B) -> append_bits(N - 1, <<B/bits, N:3>>).

reverse_bits(<<X:1, R/bits>>, Acc) -> reverse_bits(R, <<X:1, Acc/bits>>);
reverse_bits(<<>>, Acc) -> Acc.

back(<<1, 2, 3>>) -> full;
back(<<1, 2, X>>) -> {prefix, X};
back(<<1, R/binary>>) -> {one, R};
back(<<X, _/bits>>) -> {other, X};
back(<<X:4, R/bits>>) -> {nibble, X, R};
back(X) -> {none, X}.

sum(<<X, R/binary>>, Acc) -> sum(R, Acc + X);
sum(<<>>, Acc) -> Acc.
