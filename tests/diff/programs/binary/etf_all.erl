%% SPDX-License-Identifier: Apache-2.0
%% External term format: bytes of random terms, options, damaged bytes.
-module(etf_all).
-export([cases/0]).

cases() ->
    [{{random, Seed}, fun() -> random(Seed) end} || Seed <- lists:seq(1, 60)] ++
        [{{damaged, Seed}, fun() -> damaged(Seed) end} || Seed <- lists:seq(1, 20)] ++
        [{{options, O}, fun() -> [{diff_lib:outcome(fun() -> term_to_binary(T, O) end), diff_lib:outcome(fun() -> iolist_to_binary(term_to_iovec(T, O)) end)} || T <- small()] end} || O <- options()] ++
        [{{size, O}, fun() -> [diff_lib:outcome(fun() -> erlang:external_size(T, O) end) || T <- small()] end} || O <- [[], [{minor_version, 0}], [{minor_version, 1}], [x], x, [{minor_version, x}]]] ++
        [{{bad, N}, fun() -> binary_to_term(B) end} || {N, B} <- lists:zip(lists:seq(1, length(bad())), bad())] ++
        [{{fixed, N}, F} || {N, F} <- fixed()].

options() ->
    [[], [compressed], [{compressed, 0}], [{compressed, 1}], [{compressed, 9}], [{compressed, 10}], [{compressed, x}], [{minor_version, 0}], [{minor_version, 1}], [{minor_version, 2}], [{minor_version, 3}], [deterministic], [deterministic, {minor_version, 2}], [x], [compressed | x], x, [compressed, {minor_version, 2}]].

small() -> [a, [1, 2, 3], lists:duplicate(100, abc), binary:copy(<<"abc">>, 100), 1.5, {1.0e100, 'é'}, maps:from_list([{I, I} || I <- lists:seq(1, 40)]), maps:from_list([{{I}, [I]} || I <- lists:seq(1, 200)]), [binary:copy(<<7>>, 1000), <<1:3>>, binary:copy(<<8>>, 70)], fun lists:map/2, {}].

random(Seed) ->
    rand:seed(exsss, {Seed, 1, 1}),
    [begin
         T = term(rand:uniform(5)),
         B = term_to_binary(T),
         T1 = binary_to_term(B),
         {B, T1 =:= T, term_to_binary(T1) =:= B, erlang:external_size(T), term_to_binary(T, [{minor_version, 2}]), term_to_binary(T, [compressed]), binary_to_term(term_to_binary(T, [compressed])) =:= T,
          iolist_to_binary(term_to_iovec(T)) =:= B, binary_to_term(<<B/binary, "tail">>, [used])}
     end || _ <- lists:seq(1, 8)].

damaged(Seed) ->
    rand:seed(exsss, {Seed, 2, 2}),
    [begin
         B = term_to_binary(term(rand:uniform(4))),
         At = rand:uniform(byte_size(B)) - 1,
         <<X:At/binary, _, Y/binary>> = B,
         D = case rand:uniform(3) of 1 -> <<X/binary, (rand:uniform(256) - 1), Y/binary>>; 2 -> X; 3 -> <<X/binary, Y/binary>> end,
         case known(D) of
             true -> diff_lib:outcome(fun() -> T = binary_to_term(D), {T =:= T, term_to_binary(T)} end);
             false -> skipped
         end
     end || _ <- lists:seq(1, 40)].

%% Funs that no module has cannot be compared, they name the process that read them.
known(B) -> binary:match(B, [<<112>>, <<117>>, <<88>>, <<103>>]) =:= nomatch.

bad() ->
    [<<>>, <<131>>, <<130, 97, 1>>, <<131, 97>>, <<131, 77, 1:32, 0, 5>>, <<131, 77, 1:32, 9, 5>>, <<131, 77, 0:32, 0>>, <<131, 77, 0:32, 3>>, <<131, 77, 1:32, 8, 5>>, <<131, 77, 2:32, 3, 255, 255>>, <<131, 116, 2:32, 97, 1, 97, 2, 97, 1, 97, 3>>, <<131, 70, 16#7FF0:16, 0:48>>, <<131, 99, "1.5", 0:224>>, <<131, 99, "1", 0:240>>, <<131, 99, "1.50000000000000000000e+00", 0:40>>, <<131, 99, "1.5e400", 0:192>>,
     <<131, 111, 16#FFFFFFFF:32, 0>>, <<131, 110, 0, 0>>, <<131, 110, 1, 1, 0>>, <<131, 110, 3, 0, 1, 0, 0>>, <<131, 110, 2, 5, 1, 0>>, <<131, 100, 256:16, 0:2048>>, <<131, 119, 2, 16#C3, 16#A9>>, <<131, 119, 1, 16#C3>>, <<131, 118, 3:16, 16#ED, 16#A0, 16#80>>, <<131, 115, 1, 233>>, <<131, 107, 0:16>>, <<131, 108, 0:32, 97, 1>>, <<131, 108, 0:32, 106>>, <<131, 108, 1:32, 97, 1, 97, 2>>,
     <<131, 80, 5:32, 1, 2, 3>>, <<131, 80, 3:32, (zlib(<<97, 1>>))/binary>>, <<131, 80, 2:32, (zlib(<<97, 1>>))/binary>>, <<131, 80, 2:32, (zlib(<<97, 1>>))/binary, 1, 2>>, <<131, 104, 2, 97, 1>>, <<131, 82, 0>>, <<131, 113, 100, 1:16, "a", 100, 1:16, "b", 97, 2>>, <<131, 101, 100, 3:16, "a@b", 1:32, 0>>, <<131, 114, 3:16, 100, 3:16, "a@b", 1, 1:32, 2:32, 3:32>>, 
     <<131, 90, 6:16, 100, 3:16, "a@b", 1:32, 0:192>>, <<131, 103, 100, 3:16, "a@b", 1:32, 2:32, 1>>, <<131, 102, 100, 3:16, "a@b", 1:32, 1>>, <<131, 89, 100, 3:16, "a@b", 1:32, 1:32>>, <<131, 120, 100, 3:16, "a@b", (1 bsl 50):64, 1:32>>, <<131, 105, 16#FFFFFFFF:32>>, <<131, 109, 16#FFFFFFFF:32>>, <<1:3>>, a, [131, 97, 1]].

%% A stored zlib stream; the checksum is Adler's.
zlib(B) -> N = byte_size(B), <<16#78, 1, 1, N:16/little, (N bxor 16#FFFF):16/little, B/binary, (erlang:adler32(B)):32>>.

fixed() ->
    [{strings, fun() -> [erlang:phash2(term_to_binary(lists:duplicate(N, 7))) || N <- [0, 1, 65534, 65535, 65536, 70000]] end}, {deep, fun() -> T = deep(200000, []), B = term_to_binary(T), {byte_size(B), binary_to_term(B) =:= T} end},
     {deep_list, fun() -> T = lists:foldl(fun(I, A) -> [A, I] end, [], lists:seq(1, 100000)), B = term_to_binary(T), {erlang:phash2(B), binary_to_term(B) =:= T} end}, {large_map, fun() -> M = maps:from_list([{I, {I}} || I <- lists:seq(1, 5000)]), B = term_to_binary(M), {erlang:phash2(B), binary_to_term(B) =:= M, erlang:phash2(term_to_binary(M, [deterministic]))} end},
     {safe_atom, fun() -> binary_to_term(<<131, 100, 20:16, "no such atom exists ">>, [safe]) end}, {safe_known, fun() -> binary_to_term(term_to_binary({ok, fun lists:map/2, [1]}), [safe]) end}, {safe_fun, fun() -> binary_to_term(<<131, 113, 100, 5:16, "lists", 100, 3:16, "map", 97, 77>>, [safe]) end}, {bad_option, fun() -> binary_to_term(<<131, 106>>, [x]) end}, {bad_options, fun() -> binary_to_term(<<131, 106>>, safe) end},
     {fun_local, fun() -> X = diff_lib:id(5), F = fun(Y) -> X + Y end, G = binary_to_term(term_to_binary(F)), {G(2), F =:= G, erlang:external_size(F) >= byte_size(term_to_binary(F))} end}, {used, fun() -> {binary_to_term(<<131, 97, 1, 2, 3>>, [used]), binary_to_term(<<131, 80, 2:32, (zlib(<<97, 1>>))/binary, 1, 2>>, [used])} end}, {unaligned, fun() -> B = term_to_binary({a, [1.5]}), <<_:3, C:(byte_size(B))/binary, _/bits>> = <<1:3, B/binary, 0:5>>, binary_to_term(C) end},
     {self, fun() -> {binary_to_term(term_to_binary(self())) =:= self(), (fun(R) -> binary_to_term(term_to_binary(R)) =:= R end)(make_ref())} end}, {iovec, fun() -> B = binary:copy(<<7>>, 1000), L = term_to_iovec({B, B}), {length(L), iolist_to_binary(L) =:= term_to_binary({B, B})} end}].

deep(0, T) -> T;
deep(N, T) -> deep(N - 1, {T}).

term(0) -> leaf(rand:uniform(9));
term(D) ->
    case rand:uniform(9) of
        1 -> [term(D - 1) || _ <- lists:seq(1, rand:uniform(5))];
        2 -> list_to_tuple([term(D - 1) || _ <- lists:seq(1, rand:uniform(6) - 1)]);
        3 -> maps:from_list([{term(D - 1), term(D - 1)} || _ <- lists:seq(1, rand:uniform(8) - 1)]);
        4 -> [term(D - 1) | term(D - 1)];
        5 -> [rand:uniform(256) - 1 || _ <- lists:seq(1, rand:uniform(20))];
        6 -> case rand:uniform(6) of 1 -> maps:from_list([{key(leaf(rand:uniform(8))), I} || I <- lists:seq(1, 60)]); _ -> leaf(2) end;
        _ -> leaf(rand:uniform(9))
    end.

%% Where an atom comes in a large map depends on when it was made.
key(A) when is_atom(A) -> atom_to_list(A);
key(T) -> T.

leaf(1) -> rand:uniform(300) - 20;
leaf(2) -> rand:uniform(1 bsl rand:uniform(200)) * (rand:uniform(2) * 2 - 3);
leaf(3) -> (rand:uniform() - 0.5) * math:pow(10, rand:uniform(400) - 200);
leaf(4) -> lists:nth(rand:uniform(5), [a, ok, 'hello world', 'räksmörgås', 'дa']);
leaf(5) -> << <<(rand:uniform(256) - 1)>> || _ <- lists:seq(1, rand:uniform(80) - 1)>>;
leaf(6) -> <<(rand:uniform(1 bsl 60)):(rand:uniform(60))>>;
leaf(7) -> [];
leaf(8) -> rand:uniform(10) * 1.0;
leaf(9) -> lists:nth(rand:uniform(3), [fun lists:reverse/1, {}, #{}]).
