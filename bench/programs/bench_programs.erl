%% SPDX-License-Identifier: Apache-2.0
%% Whole programs: the kind of mixture that applications are.
-module(bench_programs).
-export([benches/0, setup/2, run/3, expected/2]).

benches() ->
    [{compile, 1, 1}, {scan_and_parse, 340, 1}, {format_terms, 350, 1}, {json_encode, 260, 1},
     {json_decode, 140, 1}, {tokenizer, 630, 10000}, {gb_trees, 21, 10000}, {dict, 20, 10000},
     {regex_matcher, 54, 5000}, {queens, 500, 1}, {huffman, 5, 1}, {lisp, 280, 1}, {life, 20, 1},
     {sudoku, 62, 1}, {molecule, 8, 1}, {word_frequency, 21, 1}, {sets_and_graphs, 10, 1}].

setup(E, N) ->
    case E of
        compile -> bench_programs_data:forms();
        scan_and_parse -> bench_programs_data:source();
        format_terms -> bench_programs_data:document(60);
        json_encode -> bench_programs_data:document(200);
        json_decode -> iolist_to_binary(json(bench_programs_data:document(200)));
        tokenizer -> bench_programs_data:expression(10000);
        regex_matcher -> bench_programs_data:text(5000);
        huffman -> bench_programs_data:text(20000);
        word_frequency -> bench_programs_data:text(50000);
        sudoku -> bench_programs_data:sudoku();
        _ -> N
    end.

run(compile, N, Forms) ->
    repeat(N, fun() -> {ok, M, B} = compile:forms(Forms, [deterministic]), {M, is_binary(B)} end);
run(scan_and_parse, N, Source) -> repeat(N, fun() -> length(parse(Source, 1)) end);
run(format_terms, N, D) -> repeat(N, fun() -> length(lists:flatten(io_lib:format("~p~n", [D]))) end);
run(json_encode, N, D) -> repeat(N, fun() -> iolist_size(json(D)) end);
run(json_decode, N, B) ->
    D = bench_programs_data:document(200),
    repeat(N, fun() -> {V, <<>>} = value(B), V =:= D end);
run(tokenizer, N, Text) -> repeat(N, fun() -> length(tokens(Text)) end);
run(gb_trees, N, _) -> repeat(N, fun() -> trees(10000) end);
run(dict, N, _) -> repeat(N, fun() -> dictionary(10000) end);
run(regex_matcher, N, Text) -> R = pattern(), repeat(N, fun() -> matches(Text, R, 0) end);
run(queens, N, _) -> repeat(N, fun() -> length(queens(8, 8)) end);
run(huffman, N, Text) -> repeat(N, fun() -> {Bits, Tree} = encode(Text), decode(Bits, Tree) =:= Text end);
run(lisp, N, _) -> repeat(N, fun() -> lisp() end);
run(life, N, _) -> repeat(N, fun() -> length(lives(50, glider_gun())) end);
run(sudoku, N, Board) -> repeat(N, fun() -> solve(Board) end);
run(molecule, N, _) -> repeat(N, fun() -> length(place(9, [])) end);
run(word_frequency, N, Text) -> repeat(N, fun() -> hd(frequency(Text)) end);
run(sets_and_graphs, N, _) -> repeat(N, fun() -> primes_and_paths() end).

expected(compile, _) -> {bench_generated, true};
expected(scan_and_parse, _) -> length(bench_programs_data:forms());
expected(E, _) when E =:= json_decode; E =:= huffman -> true;
expected(gb_trees, _) -> {5000, 25005000};
expected(dict, _) -> {5000, 25005000};
expected(queens, _) -> 92;
expected(lisp, _) -> [2584, 3628800];
expected(E, _) -> bench_programs_data:expected(E).

repeat(1, F) -> F();
repeat(N, F) -> F(), repeat(N - 1, F).

%% --- forms from text ---

parse([], _) -> [];
parse(Text, Line) ->
    case erl_scan:tokens([], Text, Line) of
        {done, {ok, Tokens, Next}, Rest} -> {ok, Form} = erl_parse:parse_form(Tokens), [Form | parse(Rest, Next)];
        {done, {eof, _}, _} -> [];
        {more, _} -> []
    end.

%% --- JSON ---

json(M) when is_map(M) ->
    case maps:to_list(M) of
        [] -> <<"{}">>;
        [P | Ps] -> [${, pair(P), [[$,, pair(Q)] || Q <- Ps], $}]
    end;
json([]) -> <<"[]">>;
json([X | Xs]) -> [$[, json(X), [[$,, json(Y)] || Y <- Xs], $]];
json(B) when is_binary(B) -> [$", escape(B, B, 0, 0, []), $"];
json(I) when is_integer(I) -> integer_to_binary(I);
json(F) when is_float(F) -> float_to_binary(F, [short]);
json(A) when A =:= true; A =:= false; A =:= null -> atom_to_binary(A).

pair({K, V}) -> [json(K), $:, json(V)].

escape(<<C, Rest/binary>>, Whole, From, Len, Acc) when C < 32; C =:= $"; C =:= $\\ ->
    Part = binary_part(Whole, From, Len),
    escape(Rest, Whole, From + Len + 1, 0, [Acc, Part, escaped(C)]);
escape(<<_, Rest/binary>>, Whole, From, Len, Acc) -> escape(Rest, Whole, From, Len + 1, Acc);
escape(<<>>, Whole, From, Len, Acc) -> [Acc, binary_part(Whole, From, Len)].

escaped($") -> "\\\"";
escaped($\\) -> "\\\\";
escaped($\n) -> "\\n";
escaped($\t) -> "\\t";
escaped(C) -> io_lib:format("\\u~4.16.0b", [C]).

value(<<C, Rest/binary>>) when C =:= $\s; C =:= $\n -> value(Rest);
value(<<"{}", Rest/binary>>) -> {#{}, Rest};
value(<<${, Rest/binary>>) -> members(Rest, []);
value(<<"[]", Rest/binary>>) -> {[], Rest};
value(<<$[, Rest/binary>>) -> elements(Rest, []);
value(<<$", Rest/binary>>) -> string(Rest, []);
value(<<"true", Rest/binary>>) -> {true, Rest};
value(<<"false", Rest/binary>>) -> {false, Rest};
value(<<"null", Rest/binary>>) -> {null, Rest};
value(Bin) -> number(Bin, 0, integer).

members(Bin, Acc) ->
    {K, <<$:, Rest/binary>>} = value(Bin),
    case value(Rest) of
        {V, <<$,, More/binary>>} -> members(More, [{K, V} | Acc]);
        {V, <<$}, More/binary>>} -> {maps:from_list([{K, V} | Acc]), More}
    end.

elements(Bin, Acc) ->
    case value(Bin) of
        {V, <<$,, More/binary>>} -> elements(More, [V | Acc]);
        {V, <<$], More/binary>>} -> {lists:reverse([V | Acc]), More}
    end.

string(<<$", Rest/binary>>, Acc) -> {list_to_binary(lists:reverse(Acc)), Rest};
string(<<$\\, $n, Rest/binary>>, Acc) -> string(Rest, [$\n | Acc]);
string(<<$\\, $t, Rest/binary>>, Acc) -> string(Rest, [$\t | Acc]);
string(<<$\\, $u, H:4/binary, Rest/binary>>, Acc) -> string(Rest, [binary_to_integer(H, 16) | Acc]);
string(<<$\\, C, Rest/binary>>, Acc) -> string(Rest, [C | Acc]);
string(<<C, Rest/binary>>, Acc) -> string(Rest, [C | Acc]).

number(Bin, Len, Kind) ->
    case Bin of
        <<_:Len/binary, C, _/binary>> when C >= $0, C =< $9; C =:= $- -> number(Bin, Len + 1, Kind);
        <<_:Len/binary, C, _/binary>> when C =:= $.; C =:= $e; C =:= $+ -> number(Bin, Len + 1, float);
        <<Digits:Len/binary, Rest/binary>> when Kind =:= integer -> {binary_to_integer(Digits), Rest};
        <<Digits:Len/binary, Rest/binary>> -> {binary_to_float(Digits), Rest}
    end.

%% --- a tokenizer over a string ---

tokens([C | Cs]) when C =:= $\s; C =:= $\n -> tokens(Cs);
tokens([C | _] = Cs) when C >= $0, C =< $9 -> {T, Rest} = digits(Cs, 0), [{number, T} | tokens(Rest)];
tokens([C | _] = Cs) when C >= $a, C =< $z -> {T, Rest} = name(Cs, []), [{name, T} | tokens(Rest)];
tokens([$:, $= | Cs]) -> [assign | tokens(Cs)];
tokens([C | Cs]) -> [{sign, C} | tokens(Cs)];
tokens([]) -> [].

digits([C | Cs], N) when C >= $0, C =< $9 -> digits(Cs, N * 10 + C - $0);
digits(Cs, N) -> {N, Cs}.
name([C | Cs], Acc) when C >= $a, C =< $z; C =:= $_ -> name(Cs, [C | Acc]);
name(Cs, Acc) -> {lists:reverse(Acc), Cs}.

%% --- ordered trees and hash dictionaries of the library ---

trees(N) ->
    T = lists:foldl(fun(I, A) -> gb_trees:enter(I * 7919 rem 10007, I, A) end, gb_trees:empty(), lists:seq(1, N)),
    U = lists:foldl(fun(I, A) -> gb_trees:delete_any(I * 7919 rem 10007, A) end, T, lists:seq(1, N, 2)),
    {gb_trees:size(U), lists:sum(gb_trees:values(U))}.

dictionary(N) ->
    T = lists:foldl(fun(I, A) -> dict:store(I, I, A) end, dict:new(), lists:seq(1, N)),
    U = lists:foldl(fun(I, A) -> dict:erase(I, A) end, T, lists:seq(1, N, 2)),
    {dict:size(U), dict:fold(fun(_, V, A) -> V + A end, 0, U)}.

%% --- regular expressions by backtracking closures ---

%% [a-z]+ (ing|ed) followed by a blank
pattern() -> seq(plus(class($a, $z)), seq(alt(word("ing"), word("ed")), class($\s, $\s))).

class(A, B) -> fun([C | Cs], K) when C >= A, C =< B -> K(Cs); (_, _) -> false end.
seq(P, Q) -> fun(Cs, K) -> P(Cs, fun(Rest) -> Q(Rest, K) end) end.
alt(P, Q) -> fun(Cs, K) -> case P(Cs, K) of false -> Q(Cs, K); R -> R end end.
plus(P) -> fun(Cs, K) -> P(Cs, fun(Rest) -> case (plus(P))(Rest, K) of false -> K(Rest); R -> R end end) end.
word([C]) -> class(C, C);
word([C | Cs]) -> seq(class(C, C), word(Cs)).

matches([], _, N) -> N;
matches([_ | Rest] = Text, R, N) ->
    case R(Text, fun(_) -> true end) of
        true -> matches(Rest, R, N + 1);
        false -> matches(Rest, R, N)
    end.

%% --- eight queens ---

queens(0, _) -> [[]];
queens(K, N) -> [[Q | B] || B <- queens(K - 1, N), Q <- lists:seq(1, N), safe(Q, B, 1)].
safe(Q, [R | Rs], D) -> Q =/= R andalso abs(Q - R) =/= D andalso safe(Q, Rs, D + 1);
safe(_, [], _) -> true.

%% --- Huffman coding ---

encode(Text) ->
    Tree = grow(lists:sort([{C, X} || {X, C} <- maps:to_list(tally(Text, #{}))])),
    Codes = maps:from_list(codes(Tree, <<>>)),
    {<< <<(maps:get(C, Codes))/bitstring>> || C <- Text >>, Tree}.

tally([C | Cs], M) -> tally(Cs, M#{C => maps:get(C, M, 0) + 1});
tally([], M) -> M.
grow([{_, T}]) -> T;
grow([{A, T}, {B, U} | Rest]) -> grow(lists:sort([{A + B, {T, U}} | Rest])).
codes({L, R}, P) -> codes(L, <<P/bitstring, 0:1>>) ++ codes(R, <<P/bitstring, 1:1>>);
codes(C, P) -> [{C, P}].

decode(Bits, Tree) -> decode(Bits, Tree, Tree).
decode(<<0:1, B/bitstring>>, {L, _}, T) -> decode_step(B, L, T);
decode(<<1:1, B/bitstring>>, {_, R}, T) -> decode_step(B, R, T);
decode(<<>>, _, _) -> [].
decode_step(B, C, T) when is_integer(C) -> [C | decode(B, T, T)];
decode_step(B, Node, T) -> decode(B, Node, T).

%% --- a small Lisp ---

lisp() ->
    Fib = {lambda, n, {'if', {'<', n, 2}, n, {'+', {call, fib, {'-', n, 1}}, {call, fib, {'-', n, 2}}}}},
    Fac = {lambda, n, {'if', {'<', n, 1}, 1, {'*', n, {call, fac, {'-', n, 1}}}}},
    Env = #{fib => Fib, fac => Fac},
    [eval({call, fib, 18}, Env), eval({call, fac, 10}, Env)].

eval(N, _) when is_integer(N) -> N;
eval(V, Env) when is_atom(V) -> maps:get(V, Env);
eval({'if', C, T, E}, Env) -> case eval(C, Env) of true -> eval(T, Env); false -> eval(E, Env) end;
eval({call, F, X}, Env) ->
    {lambda, P, Body} = eval(F, Env),
    eval(Body, Env#{P => eval(X, Env)});
eval({Op, X, Y}, Env) ->
    A = eval(X, Env), B = eval(Y, Env),
    case Op of '+' -> A + B; '-' -> A - B; '*' -> A * B; '<' -> A < B end.

%% --- Conway's game of life on a set of cells ---

glider_gun() ->
    [{1,5},{1,6},{2,5},{2,6},{11,5},{11,6},{11,7},{12,4},{12,8},{13,3},{13,9},{14,3},{14,9},{15,6},{16,4},{16,8},
     {17,5},{17,6},{17,7},{18,6},{21,3},{21,4},{21,5},{22,3},{22,4},{22,5},{23,2},{23,6},{25,1},{25,2},{25,6},{25,7},
     {35,3},{35,4},{36,3},{36,4}].

lives(0, Cells) -> Cells;
lives(N, Cells) ->
    Alive = maps:from_list([{C, x} || C <- Cells]),
    Counts = around(Cells, #{}),
    lives(N - 1, [C || {C, K} <- maps:to_list(Counts), K =:= 3 orelse (K =:= 2 andalso is_map_key(C, Alive))]).

around([{X, Y} | Cs], M) ->
    around(Cs, lists:foldl(fun(C, A) -> A#{C => maps:get(C, A, 0) + 1} end, M,
                           [{X + DX, Y + DY} || DX <- [-1, 0, 1], DY <- [-1, 0, 1], {DX, DY} =/= {0, 0}]));
around([], M) -> M.

%% --- sudoku by elimination and search ---

solve(Board) -> case search(maps:from_list(Board)) of false -> none; B -> [V || {_, V} <- lists:sort(maps:to_list(B))] end.

search(B) ->
    Open = [{length(L), P, L} || R <- lists:seq(0, 8), C <- lists:seq(0, 8),
                                 P <- [{R, C}], not is_map_key(P, B), L <- [candidates(P, B)]],
    case lists:sort(Open) of
        [] -> B;
        [{_, P, L} | _] -> try_each(L, P, B)
    end.

try_each([V | Vs], P, B) -> case search(B#{P => V}) of false -> try_each(Vs, P, B); S -> S end;
try_each([], _, _) -> false.

candidates({R, C}, B) ->
    R0 = R div 3 * 3, C0 = C div 3 * 3,
    Peers = [{R, I} || I <- lists:seq(0, 8)] ++ [{I, C} || I <- lists:seq(0, 8)] ++
        [{R0 + I, C0 + J} || I <- [0, 1, 2], J <- [0, 1, 2]],
    lists:seq(1, 9) -- [maps:get(P, B) || P <- Peers, is_map_key(P, B)].

%% --- placing parts in space under distance constraints (float records) ---

place(0, Placed) -> [Placed];
place(K, Placed) ->
    [S || T <- transforms(K), P <- [apply_transform(T, {float(K), 0.5, 1.0})], far(P, Placed),
          S <- lists:sublist(place(K - 1, [P | Placed]), 3)].

transforms(K) ->
    [{math:cos(A), -math:sin(A), 0.0, math:sin(A), math:cos(A), 0.0, 0.0, 0.0, 1.0, 0.3 * K, A, 0.1} || A <- [0.3, 0.9, 1.7]].

apply_transform({A, B, C, D, E, F, G, H, I, X, Y, Z}, {PX, PY, PZ}) ->
    {A * PX + B * PY + C * PZ + X, D * PX + E * PY + F * PZ + Y, G * PX + H * PY + I * PZ + Z}.

far(_, []) -> true;
far({X, Y, Z} = P, [{X1, Y1, Z1} | Rest]) ->
    DX = X - X1, DY = Y - Y1, DZ = Z - Z1,
    DX * DX + DY * DY + DZ * DZ > 0.4 andalso far(P, Rest).

%% --- word frequencies ---

frequency(Text) ->
    Counts = lists:foldl(fun(W, M) -> maps:update_with(W, fun(C) -> C + 1 end, 1, M) end, #{}, string:lexemes(Text, " ")),
    lists:reverse(lists:keysort(2, maps:to_list(Counts))).

%% --- sets and a digraph in plain terms ---

primes_and_paths() ->
    Composite = sets:from_list([J || I <- lists:seq(2, 54), J <- lists:seq(I * I, 3000, I)]),
    Primes = [I || I <- lists:seq(2, 3000), not sets:is_element(I, Composite)],
    Next = maps:from_list([{I, [I * 3 rem 1009, (I + 17) rem 1009, I * I rem 1009]} || I <- lists:seq(0, 1008)]),
    {length(Primes), breadth_first([1], #{1 => 0}, Next)}.

breadth_first([], Seen, _) -> lists:max(maps:values(Seen));
breadth_first(Front, Seen, Next) ->
    {F, S} = lists:foldl(fun(V, {A, B}) ->
        D = maps:get(V, B) + 1,
        lists:foldl(fun(W, {A1, B1}) when is_map_key(W, B1) -> {A1, B1};
                       (W, {A1, B1}) -> {[W | A1], B1#{W => D}} end, {A, B}, maps:get(V, Next))
    end, {[], Seen}, Front),
    breadth_first(F, S, Next).
