%% SPDX-License-Identifier: Apache-2.0
%%
%% Built-ins with arguments so large that they are done on a dirty scheduler: results, exceptions, and what happens to the process meanwhile.
%% run: timeout 60
-module(long_work_t).
-compile([export_all, nowarn_export_all]).

-define(N, girder_size:scaled(300000)).

test_lists() ->
    L = lists:seq(1, ?N),
    [1, 2 | _] = A = L ++ [x],
    x = lists:last(A),
    A = lists:append(L, [x]),
    [x] = A -- L,
    L = lists:reverse(lists:reverse(L)),
    true = ?N =:= tuple_size(T = list_to_tuple(L)),
    L = tuple_to_list(T),
    ok.

test_external_format() ->
    Term = {[{I, [integer_to_binary(I)], #{I => float(I)}} || I <- lists:seq(1, girder_size:scaled(60000))], lists:seq(1, ?N), binary:copy(<<1, 2, 3>>, ?N)},
    B = term_to_binary(Term),
    true = byte_size(B) =:= erlang:external_size(Term) orelse byte_size(B) < erlang:external_size(Term),
    Term = binary_to_term(B),
    {Term, Used} = binary_to_term(B, [safe, used]),
    Used = byte_size(B),
    Packed = term_to_binary(Term, [compressed]),
    true = byte_size(Packed) < byte_size(B),
    Term = binary_to_term(Packed),
    B = iolist_to_binary(erlang:term_to_iovec(Term)),
    ok.

%% Many short terms in a long binary are taken one by one; a long one among them, and what is none.
test_terms_in_a_row() ->
    Long = lists:seq(1, ?N),
    Terms = [{I, [I], integer_to_binary(I)} || I <- lists:seq(1, girder_size:scaled(40000))] ++ [Long, last],
    B = iolist_to_binary([term_to_binary(T) || T <- Terms]),
    {Terms, <<>>} = taken(B, length(Terms), []),
    {Terms, <<"x">>} = taken(<<B/binary, "x">>, length(Terms), []),
    Damaged = <<131, 104, 2, 255, B/binary>>,
    {'EXIT', {badarg, [{erlang, binary_to_term, [Damaged, [used]], _} | _]}} = catch binary_to_term(Damaged, [used]),
    {'EXIT', {badarg, _}} = catch binary_to_term(binary:part(B, 0, byte_size(B) - 1), [used, x]),
    ok.

taken(B, 0, Terms) -> {lists:reverse(Terms), B};
taken(B, N, Terms) ->
    {T, Used} = binary_to_term(B, [used]),
    <<_:Used/binary, Rest/binary>> = B,
    taken(Rest, N - 1, [T | Terms]).

%% The first match of a long binary is looked for in its beginning first: what crosses the border must win where it would.
test_first_match_at_a_border() ->
    Border = 4 * 1048576,
    [begin
         B = <<0:(Border + At)/unit:8, "abcd", 0:2000000/unit:8>>,
         Found = Border + At,
         {Found, 4} = binary:match(B, [<<"abcd">>, <<"bc">>, <<"c">>]),
         {Found, 4} = binary:match(B, [<<"ab">>, <<"abcd">>]),
         {Found, 2} = binary:match(B, [<<"ab">>, <<"bcd">>]),
         {Found, 4} = binary:match(B, <<"abcd">>),
         [<<0:Found/unit:8>>, <<0:2000000/unit:8>>] = binary:split(B, <<"abcd">>),
         From = max(0, At),
         {Found, 4} = binary:match(B, [<<"abcd">>, <<"b">>], [{scope, {From, byte_size(B) - From}}])
     end || At <- lists:seq(-6, 3)],
    nomatch = binary:match(<<0:(Border + 100)/unit:8>>, [<<1>>, <<2>>]),
    ok.

%% From match to match through a long subject.
test_global_matches() ->
    S = binary:copy(<<"abc ">>, girder_size:scaled(400000)),
    {match, Words} = re:run(S, "[a-c]+", [global]),
    true = length(Words) =:= byte_size(S) div 4,
    [{0, 3}] = hd(Words),
    true = lists:last(Words) =:= [{byte_size(S) - 4, 3}],
    nomatch = re:run(S, "d", [{offset, 1}]),
    {ok, Token} = re:compile("^(?:[a-c]+|\\s)"),
    Tokens = fun Next(<<>>, N) -> N; Next(B, N) -> {match, [{0, L}]} = re:run(B, Token), Next(binary:part(B, L, byte_size(B) - L), N + 1) end,
    true = Tokens(S, 0) =:= byte_size(S) div 2,
    {match, [{2000000, 3}]} = re:run(<<(binary:copy(<<"  ">>, 1000000))/binary, "abc">>, "a.c", [{offset, 1}]),
    ok.

%% A small map into a large one and the other way round.
test_merge_small() ->
    Large = maps:from_list([{I, I} || I <- lists:seq(1, girder_size:scaled(100000))]),
    Size = map_size(Large),
    M = lists:foldl(fun(I, A) -> maps:merge(A, #{I => x, -I => y}) end, Large, lists:seq(1, 1000)),
    true = map_size(M) =:= Size + 1000,
    {x, y, Size} = {maps:get(1000, M), maps:get(-1000, M), map_size(maps:merge(#{1 => a}, Large))},
    1 = maps:get(1, maps:merge(#{1 => a}, Large)),
    ok.

test_binaries() ->
    L = lists:duplicate(?N, $a),
    B = list_to_binary(L),
    true = ?N =:= byte_size(B),
    L = binary_to_list(B),
    B = iolist_to_binary([L | <<>>]),
    B = iolist_to_binary(erlang:iolist_to_iovec(L)),
    true = ?N =:= iolist_size(L),
    B = list_to_bitstring(L),
    true = erlang:md5(L) =:= erlang:md5(B),
    true = erlang:crc32(binary:copy(B, 30)) =:= erlang:crc32([B || _ <- lists:seq(1, 30)]),
    true = ?N =:= length(binary:matches(B, <<"a">>)),
    true = ?N =:= length(binary:split(B, <<"a">>, [global])) - 1,
    nomatch = binary:match(binary:copy(B, 30), <<"b">>),
    {_, 1} = binary:match(<<(binary:copy(B, 30))/binary, "b">>, <<"b">>),
    ok.

test_text() ->
    L = lists:duplicate(?N, 8364),
    B = unicode:characters_to_binary(L),
    true = 3 * ?N =:= byte_size(B),
    L = unicode:characters_to_list(B),
    {error, _, _} = unicode:characters_to_binary(L ++ [-1]),
    {incomplete, L, <<226>>} = unicode:characters_to_list(<<B/binary, 226>>),
    ok.

test_numbers() ->
    N = (1 bsl 600000) - 1,
    T = integer_to_binary(N),
    N = binary_to_integer(T),
    N = list_to_integer(integer_to_list(N)),
    N = binary_to_integer(integer_to_binary(N, 36), 36),
    ok.

test_maps() ->
    Pairs = [{I, -I} || I <- lists:seq(1, ?N)],
    M = maps:from_list(Pairs),
    true = ?N =:= map_size(M),
    Keys = lists:sort(maps:keys(M)),
    Keys = lists:seq(1, ?N),
    M = maps:merge(M, maps:from_keys(Keys, 0)) =:= M orelse M,
    true = ?N =:= length(maps:values(M)),
    true = erlang:phash2(Pairs) =:= erlang:phash2(lists:zip(Keys, [-K || K <- Keys])),
    ok.

test_regex() ->
    S = binary:copy(<<"ab">>, 2000000),
    {match, [{4000000, 1}]} = re:run(<<S/binary, "c">>, "c"),
    nomatch = re:run(S, "x"),
    %% Many steps on a short subject.
    nomatch = re:run(binary:copy(<<"a">>, 24), "^(a|a)*[bc]$"),
    {error, match_limit} = re:run(binary:copy(<<"a">>, 24), "^(a|a)*[bc]$", [report_errors, {match_limit, 500000}]),
    ok.

%% The trace names the built-in that was called, with its arguments.
test_exceptions() ->
    L = lists:duplicate(?N, $a) ++ [bad],
    {'EXIT', {badarg, [{erlang, list_to_binary, [L], _} | _]}} = catch apply(erlang, list_to_binary, [L]),
    B = <<131, 105, 1000000:32, (binary:copy(<<97, 1>>, ?N))/binary>>,
    {'EXIT', {badarg, [{erlang, binary_to_term, [B], [{error_info, _}]} | _]}} = catch binary_to_term(B),
    Improper = lists:seq(1, ?N) ++ x,
    {'EXIT', {badarg, [{erlang, '++', [Improper, [1]], _} | _]}} = catch apply(erlang, '++', [Improper, [1]]),
    {'EXIT', {badarg, [{maps, from_list, [Improper], _} | _]}} = catch maps:from_list(Improper),
    ok.

%% Others go on, and a process that is wanted dead dies.
test_meanwhile() ->
    L = lists:seq(1, ?N),
    Self = self(),
    {Pid, Monitor} = spawn_monitor(fun() -> Self ! started, work(L) end),
    receive started -> ok end,
    [ok = receive after 1 -> ok end || _ <- lists:seq(1, 20)],
    exit(Pid, kill),
    receive {'DOWN', Monitor, process, Pid, killed} -> ok end.

work(L) ->
    _ = term_to_binary(L),
    work(L).

test_many_at_once() ->
    Pids = [spawn_monitor(fun() -> L = lists:seq(1, ?N), L = binary_to_term(term_to_binary(L)), exit(done) end) || _ <- lists:seq(1, 20)],
    [receive {'DOWN', M, process, P, done} -> ok end || {P, M} <- Pids],
    ok.

%% Where a process is shown that gave up its slice inside of a built-in.
test_shown_where_it_stopped() ->
    N = girder_size:scaled(300000, 80000),
    Large = maps:from_list([{I, -I} || I <- lists:seq(1, N)]),
    Rows = [{I, I} || I <- lists:seq(1, N)],
    [begin
         T = ets:new(t, [public, Type]),
         ets:insert(T, Rows),
         stops_in({ets, Select, 1}, fun() -> [] = ets:select(T, [{{'$1', x}, [], ['$1']}]) end),
         stops_in({ets, Select, 1}, fun() -> [] = ets:match(T, {'$1', x}) end),
         stops_in({ets, Select, 1}, fun() -> '$end_of_table' = ets:select(T, [{{'$1', x}, [], ['$1']}], 10) end),
         stops_in({ets, count_trap, 1}, fun() -> 0 = ets:select_count(T, [{{'$1', x}, [], [true]}]) end),
         stops_in({ets, select_delete_trap, 1}, fun() -> 0 = ets:select_delete(T, [{{'$1', x}, [], [true]}]) end),
         stops_in({ets, replace_trap, 1}, fun() -> 0 = ets:select_replace(T, [{{'$1', x}, [], [{{'$1', y}}]}]) end),
         stops_in({ets, internal_delete_all, 2}, fun() -> true = ets:delete_all_objects(T) end),
         ets:insert(T, Rows),
         stops_in({ets, delete_trap, 1}, fun() -> true = ets:delete(T) end)
     end || {Type, Select} <- [{set, select_trap}, {ordered_set, select}]],
    Sum = N * (N + 1) div 2,
    stops_in({maps, keys, 1}, fun() -> Sum = lists:sum(maps:keys(Large)) end),
    stops_in({maps, values, 1}, fun() -> Sum = -lists:sum(maps:values(Large)) end),
    Keys = [K || {K, _} <- maps:to_list(Large)],
    true = maps:keys(Large) =:= Keys orelse lists:reverse(maps:keys(Large)) =:= Keys,
    true = maps:values(Large) =:= [-K || K <- maps:keys(Large)].

%% F's process gives up its slice there, wherever else it does.
stops_in(Where, F) ->
    {P, M} = spawn_monitor(fun() -> receive go -> F() end end),
    1 = erlang:trace(P, true, [running]),
    P ! go,
    receive {'DOWN', M, process, P, Reason} -> normal = Reason end,
    Ref = erlang:trace_delivered(P),
    receive {trace_delivered, P, Ref} -> ok end,
    Stops = (fun Loop() -> receive {trace, P, out, At} -> [At | Loop()]; {trace, P, in, _} -> Loop() after 0 -> [] end end)(),
    lists:member(Where, Stops) orelse exit({Where, not_in, lists:usort(Stops)}).
