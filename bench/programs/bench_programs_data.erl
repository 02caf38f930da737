%% SPDX-License-Identifier: Apache-2.0
%% Inputs and expected results of the whole programs.
-module(bench_programs_data).
-export([source/0, forms/0, document/1, expression/1, text/1, sudoku/0, expected/1]).

%% A module of a dozen functions that exercise most of the compiler.
source() ->
    lists:flatten(
      ["-module(bench_generated).\n-export([start/1]).\n-record(s, {a, b = 2, c}).\n",
       "start(X) -> f1(X, [], #{}).\n"
       | [function(I) || I <- lists:seq(1, 12)]] ++ ["f13(X, _, M) -> {X, M}.\n"]).

function(I) ->
    N = integer_to_list(I), Next = integer_to_list(I + 1),
    ["f", N, "({ok, X}, Acc, M) when is_integer(X), X > ", N, " ->\n",
     "    L = [Y * ", N, " || Y <- Acc, Y =/= X],\n",
     "    case {L, maps:get(k", N, ", M, undefined)} of\n",
     "        {[], undefined} -> f", Next, "(X, Acc, M#{k", N, " => X});\n",
     "        {[A | _], B} when A > B -> f", Next, "({ok, A + B}, L, M);\n",
     "        {_, <<T:8, R/binary>>} -> f", Next, "({T, R}, L, M);\n",
     "        _ -> try f", Next, "(X, L, M) catch error:R -> {R, #s{a = X}} end\n",
     "    end;\n",
     "f", N, "(#s{a = A, b = B} = S, Acc, M) ->\n",
     "    F = fun(Z) -> Z + A * B end,\n",
     "    f", Next, "(S#s{c = lists:map(F, Acc)}, [B | Acc], M);\n",
     "f", N, "(X, Acc, M) -> f", Next, "(X, [", N, " | Acc], M).\n"].

forms() -> forms(source(), 1).
forms(Text, Line) ->
    case erl_scan:tokens([], Text, Line) of
        {done, {ok, Tokens, Next}, Rest} -> {ok, F} = erl_parse:parse_form(Tokens), [F | forms(Rest, Next)];
        _ -> []
    end.

document(N) ->
    [#{<<"id">> => I, <<"name">> => <<"item number ", (integer_to_binary(I))/binary>>,
       <<"price">> => I * 0.25 + 0.125, <<"tags">> => [<<"a\"b">>, <<"line\nbreak">>, <<"plain">>],
       <<"stock">> => I rem 3 =:= 0, <<"parent">> => null,
       <<"nested">> => #{<<"x">> => -I, <<"y">> => [1, 2, [3, []]], <<"z">> => #{}}} || I <- lists:seq(1, N)].

expression(N) -> lists:sublist(lists:append(lists:duplicate(N div 40 + 1, "total := price * (count + 17) / rate_of; ")), N).

text(N) -> text(N, 12345).
text(N, _) when N =< 0 -> [];
text(N, S) ->
    Words = {"running ", "the ", "tested ", "a ", "process ", "sending ", "message ", "walked ", "of ", "queue "},
    W = element((S bsr 16) rem 10 + 1, Words),
    W ++ text(N - length(W), (S * 1103515245 + 12345) band 16#7fffffff).

sudoku() ->
    Rows = ["53..7....", "6..195...", ".98....6.", "8...6...3", "4..8.3..1", "7...2...6", ".6....28.", "...419..5", "....8..79"],
    [{{R, C}, V - $0} || {R, Row} <- lists:zip(lists:seq(0, 8), Rows), {C, V} <- lists:zip(lists:seq(0, 8), Row), V =/= $.].

expected(format_terms) -> 15574;
expected(json_encode) -> 31772;
expected(tokenizer) -> 2927;
expected(regex_matcher) -> 1292;
expected(life) -> 59;
expected(sudoku) ->
    lists:append([[5,3,4,6,7,8,9,1,2], [6,7,2,1,9,5,3,4,8], [1,9,8,3,4,2,5,6,7], [8,5,9,7,6,1,4,2,3], [4,2,6,8,5,3,7,9,1],
                  [7,1,3,9,2,4,8,5,6], [9,6,1,5,3,7,2,8,4], [2,8,7,4,1,9,6,3,5], [3,4,5,2,8,6,1,7,9]]);
expected(molecule) -> 9;
expected(word_frequency) -> {"tested", 871};
expected(sets_and_graphs) -> {430, 11}.
