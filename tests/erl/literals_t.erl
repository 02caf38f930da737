%% SPDX-License-Identifier: Apache-2.0
%% run: alone
%% run: timeout 60
%%
%% Literals of purged modules and of persistent terms that are gone: what still refers to them stays right, and their memory comes back.
-module(literals_t).
-export([test_small_sharing/0, test_many_keys/0, test_absent_key/0, test_erased_terms_stay_readable/0, test_purged_literals_stay_readable/0, test_memory_of_terms/0, test_memory_of_modules/0,
         test_messages_keep_their_terms/0, test_sharing_survives/0, test_long_list_with_holders_of_tails/0, test_binaries_of_terms/0,
         test_hibernated/0, test_timer_message/0, test_ets_keeps_copies/0]).

value(N) ->
    {a, lists:seq(1, N), #{x => "abc", y => binary:copy(<<7>>, 1000)}, maps:from_list([{I, {I}} || I <- lists:seq(1, 100)]),
     fun() -> N end, fun lists:map/2, 1 bsl 100, 1.0e300, <<1:7>>, self()}.

%% As true as it was, in every part: the words are read.
same(A, B) -> A =:= B andalso erts_debug:flat_size(A) =:= erts_debug:flat_size(B) andalso term_to_binary(A) =:= term_to_binary(B).

settle() -> settle(40).
settle(0) -> ok;
settle(N) ->
    receive after 5 -> ok end,
    settle(N - 1).

%% Writes over what was freed.
overwrite(Tag) ->
    [persistent_term:put({Tag, I}, lists:seq(I, I + 10000)) || I <- lists:seq(1, 50)],
    [persistent_term:erase({Tag, I}) || I <- lists:seq(1, 50)],
    ok.

test_erased_terms_stay_readable() ->
    V = value(10000),
    persistent_term:put(held, V),
    Self = self(),
    Ps = [spawn_link(fun() -> holder(Self, I) end) || I <- lists:seq(1, 30)],
    [receive {up, P} -> ok end || P <- Ps],
    persistent_term:erase(held),
    settle(),
    overwrite(junk),
    settle(),
    [P ! {compare, V} || P <- Ps],
    [receive {equal, P} -> ok end || P <- Ps],
    ok.

holder(Parent, I) ->
    T = persistent_term:get(held),
    put(kept, element(3, T)),
    Parent ! {up, self()},
    case I rem 3 of
        0 -> garbage_collect();
        1 -> receive never -> ok after 100 -> ok end;
        2 -> ok
    end,
    receive
        {compare, V} ->
            true = same(T, V),
            true = same(get(kept), element(3, V)),
            Parent ! {equal, self()}
    end.

test_messages_keep_their_terms() ->
    V = value(1000),
    persistent_term:put(sent, V),
    Self = self(),
    P = spawn_link(fun() ->
        receive start -> ok end,
        receive A -> ok end,
        receive {wrapped, B, "here"} -> ok end,
        receive {last, V1} -> ok end,
        true = same(A, V1),
        true = same(B, element(2, V1)),
        Self ! {equal, self()}
    end),
    P ! persistent_term:get(sent),
    P ! {wrapped, element(2, persistent_term:get(sent)), "here"},
    persistent_term:erase(sent),
    settle(),
    overwrite(junk2),
    settle(),
    P ! start,
    P ! {last, V},
    receive {equal, P} -> ok end.

test_hibernated() ->
    V = value(1000),
    persistent_term:put(asleep, V),
    Self = self(),
    P = spawn_link(fun() ->
        T = persistent_term:get(asleep),
        Self ! up,
        erlang:hibernate(erlang, apply, [fun() -> receive {compare, W} -> Self ! {equal, same(T, W)} end end, []])
    end),
    receive up -> ok end,
    settle(),
    persistent_term:erase(asleep),
    settle(),
    overwrite(junk3),
    settle(),
    P ! {compare, V},
    receive {equal, Equal} -> true = Equal end.

%% Each tail of a list is held by itself: copied once, not once a holder.
test_long_list_with_holders_of_tails() ->
    persistent_term:put(tails, lists:seq(1, 5000)),
    Tails = tails(persistent_term:get(tails)),
    persistent_term:erase(tails),
    settle(),
    overwrite(junk4),
    Expected = tails(lists:seq(1, 5000)),
    true = Tails =:= Expected,
    {heap_size, Words} = process_info(self(), heap_size),
    true = Words < 5000000,
    garbage_collect(),
    true = erts_debug:size_shared(Tails) =< 20002,
    ok.

tails([]) -> [];
tails([_ | T] = L) -> [L | tails(T)].

test_sharing_survives() ->
    Deep = lists:foldl(fun(_, A) -> {A, A} end, leaf, lists:seq(1, 15)),
    persistent_term:put(shared, Deep),
    T = persistent_term:get(shared),
    persistent_term:erase(shared),
    settle(),
    overwrite(junk5),
    45 = erts_debug:size_shared(T),  % a pair for each of the 15 levels
    true = T =:= Deep,
    ok.

test_binaries_of_terms() ->
    B = binary:copy(<<"0123456789">>, 100000),
    persistent_term:put(bytes, {B, binary:part(B, 100, 5000)}),
    {B1, B2} = persistent_term:get(bytes),
    Before = erlang:memory(binary),
    persistent_term:erase(bytes),
    settle(),
    overwrite(junk6),
    true = B1 =:= binary:copy(<<"0123456789">>, 100000),
    true = B2 =:= binary:part(B1, 100, 5000),
    garbage_collect(),
    true = erlang:memory(binary) =< Before + 2500000,
    ok.

test_timer_message() ->
    persistent_term:put(late, value(500)),
    V = persistent_term:get(late),
    erlang:send_after(600, self(), {late, V}),
    Own = binary_to_term(term_to_binary(setelement(5, setelement(6, V, none), none))),
    persistent_term:erase(late),
    settle(),
    overwrite(junk7),
    receive {late, W} -> true = same(setelement(5, setelement(6, W, none), none), Own) end,
    ok.

test_ets_keeps_copies() ->
    T = ets:new(t, []),
    persistent_term:put(row, value(500)),
    V = persistent_term:get(row),
    ets:insert(T, {key, V}),
    MS = ets:match_spec_compile([{{key, '_'}, [], [{const, V}]}]),
    persistent_term:erase(row),
    settle(),
    overwrite(junk8),
    [{key, W}] = ets:lookup(T, key),
    true = same(W, V),
    [W] = ets:match_spec_run([{key, x}], MS),
    ets:delete(T),
    ok.

test_memory_of_terms() ->
    Put = fun(I) -> persistent_term:put({many, I rem 10}, {I, lists:seq(1, 2000)}) end,
    Before = girder_memory:resident_kb(),
    Code = erlang:memory(code),
    lists:foreach(Put, lists:seq(1, 10000)),
    lists:foreach(fun(I) -> persistent_term:erase({many, I}) end, lists:seq(0, 9)),
    back_to(Code + 1000000, 200),
    true = girder_memory:resident_kb() < Before + 100000.

back_to(Bytes, 0) -> error({too_much, Bytes, erlang:memory(code)});
back_to(Bytes, N) ->
    case erlang:memory(code) of
        M when M < Bytes -> ok;
        _ -> receive after 20 -> back_to(Bytes, N - 1) end
    end.

module_of(List) ->
    Forms = [{attribute, 1, module, literals_m}, {attribute, 1, export, [{f, 0}]},
             {function, 1, f, 0, [{clause, 1, [], [], [erl_parse:abstract(List)]}]}],
    {ok, literals_m, Beam} = compile:forms(Forms, []),
    Beam.

load(Beam) -> {module, literals_m} = code:load_binary(literals_m, "literals_m.beam", Beam).
unload() ->
    true = code:delete(literals_m),
    code:purge(literals_m).

test_purged_literals_stay_readable() ->
    List = [{I, "text", <<"bytes">>} || I <- lists:seq(1, 1000)],
    Beam = module_of(List),
    load(Beam),
    Self = self(),
    P = spawn_link(fun() ->
        Held = literals_m:f(),
        Self ! up,
        receive {compare, L} -> Self ! {equal, Held =:= L} end
    end),
    receive up -> ok end,
    Mine = literals_m:f(),
    unload(),
    settle(),
    overwrite(junk9),
    true = Mine =:= List,
    P ! {compare, List},
    receive {equal, Equal} -> true = Equal end,
    ok.

test_memory_of_modules() ->
    Beam = module_of(lists:seq(1, 65000)),  % a megabyte
    Before = girder_memory:resident_kb(),
    Code = erlang:memory(code),
    lists:foreach(fun(_) ->
        load(Beam),
        65000 = length(literals_m:f()),
        unload()
    end, lists:seq(1, 150)),
    back_to(Code + 1500000, 200),
    true = girder_memory:resident_kb() < Before + 100000.

%% Sharing within a persistent term stays, however small it is.
test_small_sharing() ->
    Doubled = lists:foldl(fun(_, A) -> [A | A] end, [], lists:seq(1, 10)),
    persistent_term:put(doubled, Doubled),
    20 = erts_debug:size(persistent_term:get(doubled)),
    Doubled = persistent_term:get(doubled),
    true = persistent_term:erase(doubled),
    ok.

%% Keys come and go; those that stay are found at any moment, by others too.
test_many_keys() ->
    N = girder_size:scaled(5000),
    #{count := Before} = persistent_term:info(),
    Stays = [begin persistent_term:put({stays, I}, [I]), I end || I <- lists:seq(1, 50)],
    {Reader, M} = spawn_monitor(fun Read() -> [[I] = persistent_term:get({stays, I}) || I <- Stays], receive stop -> ok after 0 -> Read() end end),
    [begin
         [persistent_term:put({goes, I}, {Round, I}) || I <- lists:seq(1, N)],
         [persistent_term:put({goes, I}, [Round | I]) || I <- lists:seq(1, N), I rem 3 =:= 0],
         [true = persistent_term:erase({goes, I}) || I <- lists:seq(1, N), I rem 2 =:= 0],
         [false = persistent_term:erase({goes, I}) || I <- lists:seq(1, N), I rem 2 =:= 0],
         [none = persistent_term:get({goes, I}, none) || I <- lists:seq(1, N), I rem 2 =:= 0],
         [if I rem 3 =:= 0 -> [Round | I] = persistent_term:get({goes, I}); true -> {Round, I} = persistent_term:get({goes, I}) end
          || I <- lists:seq(1, N), I rem 2 =:= 1],
         #{count := Now} = persistent_term:info(),
         Now = Before + 50 + (N + 1) div 2,
         Now = length(persistent_term:get()),
         [true = persistent_term:erase({goes, I}) || I <- lists:seq(1, N), I rem 2 =:= 1]
     end || Round <- [1, 2, 3]],
    Reader ! stop,
    receive {'DOWN', M, process, _, Why} -> normal = Why end,
    [true = persistent_term:erase({stays, I}) || I <- Stays],
    #{count := Before} = persistent_term:info(),
    ok.

%% A key that is not there never gets the value of another that comes and goes where it would be.
test_absent_key() ->
    Keys = [{absent, I} || I <- lists:seq(1, 40)],
    Readers = [spawn_monitor(fun Read() ->
                                 [unset = persistent_term:get({never, I}, unset) || I <- lists:seq(1, 40)],
                                 receive stop -> ok after 0 -> Read() end
                             end) || _ <- [1, 2, 3]],
    End = erlang:monotonic_time(millisecond) + 1500,
    (fun Change() ->
         [persistent_term:put(K, taken) || K <- Keys],
         [true = persistent_term:erase(K) || K <- Keys],
         case erlang:monotonic_time(millisecond) < End of true -> Change(); false -> ok end
     end)(),
    [begin P ! stop, receive {'DOWN', M, process, P, Why} -> normal = Why end end || {P, M} <- Readers],
    ok.
