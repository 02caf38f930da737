%% SPDX-License-Identifier: Apache-2.0
%%
%% Built-ins that work on something with a state: random steps on a fresh object, the outcome of each step.
-module(bi_sequence).
-export([steps/1, run/2]).

-import(bi_gen, [r/1, pick/1]).

t(T) -> hd(bi_gen:args([T], false)).

steps(compiled_pattern) -> [t(pattern) | several(compiled_pattern)];
steps(compiled_regex) -> [{t(regex), t(compile_options)} | several(compiled_regex)];
steps(Name) -> several(Name).

several(Name) -> [step(Name) || _ <- lists:seq(1, 3 + r(15))].

bytes() -> bi_gen:type(binary).

index() -> {one, {1, 1, 2, 3, 4, 0, -1}}.
operand() -> {any_of, [small, int]}.

step(atomics) ->
    pick([{add, [t(index()), t(operand())]}, {add_get, [t(index()), t(operand())]}, {sub, [t(index()), t(operand())]}, {sub_get, [t(index()), t(operand())]}, {get, [t(index())]}, {put, [t(index()), t(operand())]},
          {exchange, [t(index()), t(operand())]}, {compare_exchange, [t(index()), t(small), t(operand())]}, {info, []}]);
step(atomics_signed) -> step(atomics);
step(counters) -> pick([{add, [t(index()), t(operand())]}, {sub, [t(index()), t(operand())]}, {get, [t(index())]}, {put, [t(index()), t(operand())]}, {info, []}]);
step(counters_wide) -> step(counters);
step(dictionary) ->
    K = t(key),
    pick([{put, [K, t(any)]}, {put, [K, t(flat)]}, {get, [K]}, {erase, [K]}, {get_keys, []}, {get_keys, [pick({a, 1})]}, {get, []}, {erase, []}, {put, [t(mapkey), 1]}]);
step(persistent_term) ->
    K = {bi, t(key)},
    pick([{put, [K, t(any)]}, {get, [K]}, {get, [K, none]}, {erase, [K]}, {get, [t(any)]}]);
step(md5) -> pick([{update, t(iodata)}, {update, t(any)}, final]);
step(zlib) ->
    pick([{deflate, t(iodata), pick({none, sync, full, finish})}, {deflate, t(any), none}, {set, pick({0, 1, 6, 9, 10}), pick({default, filtered, huffman_only, x})}, reset, {dictionary, t(binary)}]);
step(zlib_one_shot) ->
    pick([{compress, [t(iodata)]}, {uncompress, [t(binary)]}, {zip, [t(iodata)]}, {unzip, [t(binary)]}, {gzip, [t(iodata)]}, {gunzip, [t(binary)]}, {uncompress, [broken(zlib:compress(bytes()))]}, {unzip, [broken(zlib:zip(bytes()))]},
          {gunzip, [broken(zlib:gzip(bytes()))]}, {gunzip, [[zlib:gzip(bytes()), zlib:gzip(bytes())]]}]);
step(prim_buffer) -> pick([{write, t(iolist)}, {read, r(20)}, {peek, r(20)}, {skip, r(10)}, {find, pick({97, 0, 255, 256})}, size, {write, [t(binary)]}, {read, t(small)}]);
step(compiled_pattern) -> pick([{match, t(haystack), t(match_options)}, {matches, t(haystack), t(match_options)}, {split, t(haystack), t(split_options)}]);
step(compiled_regex) -> {t(subject), t(run_options)}.

%% Bytes of which one may be wrong.
broken(B) ->
    case r(3) of
        0 -> B;
        1 -> binary:part(B, 0, r(byte_size(B)));
        2 -> At = r(byte_size(B)), <<Front:At/binary, C, Rest/binary>> = B, <<Front/binary, (C bxor (1 bsl r(8))), Rest/binary>>
    end.

run(atomics, Steps) -> A = atomics:new(4, [{signed, false}]), [outcome(fun() -> apply(atomics, F, [A | Args]) end) || {F, Args} <- Steps];
run(atomics_signed, Steps) -> A = atomics:new(4, []), [outcome(fun() -> apply(atomics, F, [A | Args]) end) || {F, Args} <- Steps];
run(counters, Steps) -> A = counters:new(4, []), [outcome(fun() -> apply(counters, F, [A | Args]) end) || {F, Args} <- Steps];
run(counters_wide, Steps) ->
    %% What stock keeps for each scheduler shows in the memory of info/1.
    A = counters:new(4, [write_concurrency]),
    [outcome(fun() -> case apply(counters, F, [A | Args]) of #{size := S} -> {info, S}; V -> V end end) || {F, Args} <- Steps];
run(dictionary, Steps) ->
    %% The generator's own entries are kept apart; the order of entries is open.
    Mine = erase(),
    Result = [outcome(fun() -> case apply(erlang, F, Args) of L when is_list(L), Args =:= [] -> sorted(L); L when is_list(L), F =:= get_keys -> sorted(L); V -> V end end) || {F, Args} <- Steps],
    erase(),
    [put(K, V) || {K, V} <- Mine],
    Result;
run(persistent_term, Steps) ->
    Result = [outcome(fun() -> apply(persistent_term, F, Args) end) || {F, Args} <- Steps],
    [persistent_term:erase(K) || {K, _} <- persistent_term:get(), is_tuple(K), element(1, K) =:= bi],
    Result;
run(md5, Steps) -> md5(Steps, erlang:md5_init());
run(zlib, Steps) ->
    Z = zlib:open(),
    Opened = outcome(fun() -> zlib:deflateInit(Z, default) end),
    Result = [outcome(fun() -> deflate(Z, S) end) || S <- Steps],
    Closed = outcome(fun() -> zlib:deflateEnd(Z) end),
    zlib:close(Z),
    {Opened, Result, Closed};
run(zlib_one_shot, Steps) -> [outcome(fun() -> apply(zlib, F, Args) end) || {F, Args} <- Steps];
run(prim_buffer, Steps) ->
    B = prim_buffer:new(),
    [outcome(fun() -> buffer(B, S) end) || S <- Steps];
run(compiled_pattern, [Pattern | Steps]) ->
    case Pattern of
        P when is_tuple(P) -> [search(S, P) || S <- Steps];
        P ->
            try binary:compile_pattern(P) of
                C -> [search(S, C) || S <- Steps]
            catch _:_ -> not_compiled
            end
    end;
run(compiled_regex, [{Regex, Options} | Steps]) ->
    case outcome(fun() -> re:compile(Regex, Options) end) of
        {ok, {ok, C}} -> [{outcome(fun() -> re:run(S, C, O) end), outcome(fun() -> re:split(S, C) end), outcome(fun() -> re:replace(S, C, "<&\\1>", [global]) end)} || {S, O} <- Steps];
        Other -> Other
    end.

search({F, H, O}, C) -> outcome(fun() -> apply(binary, F, [H, C, O]) end).

md5([{update, D} | Steps], C) ->
    case outcome(fun() -> erlang:md5_update(C, D) end) of
        {ok, C1} -> md5(Steps, C1);
        Wrong -> [Wrong | md5(Steps, C)]
    end;
md5([final | Steps], C) -> [erlang:md5_final(C) | md5(Steps, C)];
md5([], C) -> [erlang:md5_final(C)].

deflate(Z, {deflate, D, Flush}) -> iolist_to_binary(zlib:deflate(Z, D, Flush));
deflate(Z, {set, Level, Strategy}) -> zlib:deflateParams(Z, Level, Strategy);
deflate(Z, reset) -> zlib:deflateReset(Z);
deflate(Z, {dictionary, D}) -> zlib:deflateSetDictionary(Z, D).

buffer(B, {write, L}) -> prim_buffer:write(B, erlang:iolist_to_iovec(L));
buffer(B, {read, N}) -> prim_buffer:read(B, N);
buffer(B, {peek, N}) -> binary:part(iolist_to_binary(prim_buffer:peek_head(B)), 0, min(N, 1));
buffer(B, {skip, N}) -> prim_buffer:skip(B, N);
buffer(B, {find, C}) -> prim_buffer:find_byte_index(B, C);
buffer(B, size) -> prim_buffer:size(B).

%% 1 and 1.0 have an order here.
sorted(L) -> [X || {X, _} <- lists:sort([{X, diff_harness:format(X)} || X <- L])].

outcome(Fun) ->
    try {ok, Fun()}
    catch C:R:S -> {C, R, first(S)}
    end.

first([{M, F, A, Info} | _]) -> {M, F, if is_list(A) -> length(A); true -> A end, proplists:get_value(error_info, Info)};
first(S) -> S.
