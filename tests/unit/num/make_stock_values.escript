#!/usr/bin/env escript
%% SPDX-License-Identifier: Apache-2.0
%% Writes stock_values.txt: what a stock system answers for the operations of the num room. One line per case:
%%   <operation> <operands...> <result>
%% Integers are in base 16 with an optional minus, floats are the 16 hexadecimal digits of their IEEE bits, text is itself.
%% Usage: escript make_stock_values.escript > stock_values.txt

main(_) ->
    rand:seed(exsss, {1, 2, 3}),
    Bigs = edge_integers() ++ [random_integer() || _ <- lists:seq(1, 15)],
    Pairs = [{pick(Bigs), pick(Bigs)} || _ <- lists:seq(1, 100)],
    [binary_case(Op, F, A, B) || {A, B} <- Pairs, {Op, F} <- binary_operations()],
    [shift_case(A, S) || A <- Bigs, S <- [0, 1, 63, 64, 65, 200]],
    [text_case(A, Base) || A <- Bigs, Base <- [2, 7, 8, 10, 16, 36]],
    [to_float_case(A) || A <- Bigs ++ [1 bsl 1023, 1 bsl 1024, (1 bsl 1024) - (1 bsl 970), -(1 bsl 1024)]
         ++ [rounding_integer() || _ <- lists:seq(1, 60)]],
    Floats = edge_floats() ++ [random_float() || _ <- lists:seq(1, 40)],
    [format_case(F, O) || F <- Floats, O <- format_options()],
    [whole_case(F) || F <- Floats, abs(F) >= 1.0],
    [compare_case(A, F) || A <- Bigs, F <- [near_float(A) | [pick(Floats) || _ <- lists:seq(1, 3)]]],
    [parse_case(T) || T <- float_texts()],
    ok.

edge_integers() ->
    [0, 1, -1, 255, -256, 1 bsl 59, -(1 bsl 59), (1 bsl 60) - 1, -(1 bsl 60), (1 bsl 63) - 1, 1 bsl 63, -(1 bsl 63),
     -(1 bsl 63) - 1, (1 bsl 64) - 1, 1 bsl 64, -(1 bsl 64), (1 bsl 128) - 1, 1 bsl 128, -(1 bsl 128), (1 bsl 53) + 1,
     (1 bsl 62) + 1].

random_integer() ->
    Bits = rand:uniform(400),
    N = binary:decode_unsigned(rand:bytes((Bits + 7) div 8)),
    case rand:uniform(2) of 1 -> N; 2 -> -N end.

%% Where rounding digit by digit and rounding once disagree.
rounding_integer() ->
    Low = pick([0, 1, (1 bsl 10) - 1, (1 bsl 11) - 1, 1 bsl 11, (1 bsl 11) + 1, (1 bsl 12) - 1]),
    (1 bsl 64) + (rand:uniform(1 bsl 40) bsl 12) + (1 bsl 11) * rand:uniform(4) + Low - 1.

binary_operations() ->
    [{'add', fun(A, B) -> A + B end}, {'sub', fun(A, B) -> A - B end}, {'mul', fun(A, B) -> A * B end},
     {'div', fun(_, 0) -> none; (A, B) -> A div B end}, {'rem', fun(_, 0) -> none; (A, B) -> A rem B end},
     {'and', fun(A, B) -> A band B end}, {'or', fun(A, B) -> A bor B end}, {'xor', fun(A, B) -> A bxor B end}].

binary_case(Op, F, A, B) ->
    case F(A, B) of
        none -> ok;
        R -> io:format("~s ~s ~s ~s~n", [Op, hex(A), hex(B), hex(R)])
    end.

shift_case(A, S) ->
    io:format("bsl ~s ~s ~s~n", [hex(A), hex(S), hex(A bsl S)]),
    io:format("bsr ~s ~s ~s~n", [hex(A), hex(S), hex(A bsr S)]),
    S =:= 0 andalso io:format("not ~s ~s~n", [hex(A), hex(bnot A)]).

text_case(A, Base) -> io:format("text ~s ~w ~s~n", [hex(A), Base, integer_to_list(A, Base)]).

to_float_case(A) ->
    R = try bits(float(A)) catch error:_ -> "overflow" end,
    io:format("float ~s ~s~n", [hex(A), R]).

edge_floats() ->
    [0.0, -0.0, 1.0, -1.0, 0.1, 0.5, 1.5, 2.5, -2.5, 2.8125, 100.0, 123456.789, 0.001, 1.0e-5, 1.0e5, 1.0e21, 1.0e22, 1.0e23,
     1.0e17, 9007199254740992.0, 9007199254740991.0, 9007199254740994.0, 5.0e-324, 2.2250738585072014e-308,
     1.7976931348623157e308, 0.99999999, 999.9999999, 1.0e100, 123.0e10, 1.0e15, 1.0e16, 12345678.0, 1.2e-7].

random_float() ->
    case rand:uniform(3) of
        1 ->
            <<B:64>> = rand:bytes(8),
            case <<B:64>> of
                <<F/float>> -> F;
                _ -> random_float()
            end;
        2 -> (rand:uniform() - 0.5) * math:pow(10, rand:uniform(20) - 5);
        3 -> round(rand:uniform() * 100000) / pick([1, 10, 100, 1000, 8, 16])
    end.

format_options() ->
    [[], [{scientific, 0}], [{scientific, 3}], [{scientific, -1}], [{decimals, 0}], [{decimals, 0}, compact],
     [{decimals, 2}], [{decimals, 3}], [{decimals, 4}, compact], [{decimals, 18}], [{decimals, 19}], [{decimals, 30}, compact],
     [{decimals, 253}], [{decimals, -1}], [short]].

format_case(F, Options) ->
    R = try float_to_list(F, Options) catch error:badarg -> "badarg" end,
    Name = case Options of
               [] -> "[]";
               [short] -> "short";
               [{K, N}] -> io_lib:format("~s:~w", [K, N]);
               [{K, N}, compact] -> io_lib:format("~s:~w:compact", [K, N])
           end,
    io:format("format ~s ~s ~s~n", [bits(F), Name, R]).

whole_case(F) -> io:format("trunc ~s ~s~n", [bits(F), hex(trunc(F))]).

near_float(A) -> try float(A) catch error:_ -> 1.0e300 end.

compare_case(A, F) ->
    R = if A < F -> "lt"; A == F -> "eq"; A > F -> "gt" end,
    io:format("compare ~s ~s ~s~n", [hex(A), bits(F), R]).

float_texts() ->
    ["1.0", "+1.0", "-1.0", "-0.0", "1.5e3", "1.5E3", "1.5e+3", "1.5e-3", "1.0e400", "-1.0e400", "1.0e-400", "-1.0e-400", "1.0e",
     "1.0e+", "1.", ".5", "1", "1e5", "1,5", "1.0x", "--1.0", "+-1.0", "1.0e5.0", "4.9e-324", "2.0e-324", "2.5e-324",
     "1.7976931348623157e308", "1.7976931348623159e308", "0.0e99999999999999999999", "1.0e99999999999999999999",
     "1.0e-99999999999999999999", "0.0000000000000000000000000001e28", "123456789012345678901234567890.0",
     "2.2250738585072011e-308", "0.1", "8.41", "9007199254740993.0", "inf", "nan", "0x1.0", "1_0.0",
     "0." ++ lists:duplicate(400, $0) ++ "1e401", lists:duplicate(400, $1) ++ ".0e-300", lists:duplicate(400, $1) ++ ".0"].

parse_case(T) ->
    R = try bits(list_to_float(T)) catch error:badarg -> "badarg" end,
    io:format("parse ~s ~s~n", [T, R]).

hex(N) -> integer_to_list(N, 16).
bits(F) -> <<B:64>> = <<F/float>>, io_lib:format("~16.16.0B", [B]).
pick(L) -> lists:nth(rand:uniform(length(L)), L).
