%% SPDX-License-Identifier: Apache-2.0
%% run: alone
%% run: timeout 60
%% Damaged modules: whatever was done to its bytes, a module is refused, or its functions return, raise or are killed, and the machine goes on.
%% Not for stock, which trusts what it loads.
%%
%% Mutant number I of a run depends on {Seed, I} only. GIRDER_TEST_MUTANTS=N (default 150) and GIRDER_TEST_SEED=S (default 1) ask for more and for
%% others, GIRDER_TEST_FIRST=I starts at a number; with GIRDER_TEST_MUTANT_LOG=File the file tells what runs at any time (and what never ended).
-module(mutant_t).
-export([count/1, test_circles/0, test_damaged_modules/0]).

%% Modules of stdlib and kernel that touch nothing outside their process, whatever their code becomes.
modules() ->
    [lists, maps, base64, string, gb_trees, gb_sets, orddict, proplists, queue, dict, array, binary, unicode, sofs, erl_scan, rand, io_lib_format,
     io_lib_pretty, digraph_utils, unicode_util, sets, ordsets, uri_string, gen, erl_anno, calendar, filename, lists, maps, string].

-define(NAME, <<"girder_mutant">>).
-define(MUTANT, girder_mutant).
-define(MILLIS, 60).

test_damaged_modules() ->
    Count = number("GIRDER_TEST_MUTANTS", 150),
    Seed = number("GIRDER_TEST_SEED", 1),
    First = number("GIRDER_TEST_FIRST", 0),
    Beams = list_to_tuple([sections(M) || M <- modules()]),
    Results = [mutant(Seed, I, Beams) || I <- lists:seq(First, First + Count - 1)],
    %% Most damage leaves something that can be loaded; otherwise nothing was tested.
    Loaded = length([loaded || loaded <- Results]),
    {true, _} = {Loaded * 4 > Count orelse Count < 20, Loaded}.

%% Code that runs in a circle without ever looking at its reductions, which no compiler writes, would keep its scheduler for good.
test_circles() ->
    {'EXIT', {badfile, _}} = circle([{jump, {f, 2}}]),
    {'EXIT', {badfile, _}} = circle([{test, is_atom, {f, 3}, [{x, 0}]}, {jump, {f, 4}}, {label, 3}, return, {label, 4}, {jump, {f, 2}}]),
    {'EXIT', {badfile, _}} = circle([{allocate, 1, 1}, {label, 3}, {'try', {y, 0}, {f, 4}}, {badmatch, {x, 0}}, {label, 4}, {try_case, {y, 0}}, {jump, {f, 3}}]),
    %% Calls count: this one ends when what it calls says so.
    {'EXIT', {done, _}} = circle([{allocate, 0, 1}, {label, 3}, {call_ext, 1, {extfunc, ?MODULE, count, 1}}, {jump, {f, 3}}]).

circle(Code) ->
    Function = {function, circle, 1, 2, [{label, 1}, {func_info, {atom, ?MUTANT}, {atom, circle}, 1}, {label, 2} | Code]},
    {ok, Beam} = beam_asm:module({?MUTANT, [{circle, 1}], [], [Function], 9}, [], [], []),
    {module, ?MUTANT} = erlang:load_module(?MUTANT, Beam),
    try catch ?MUTANT:circle(1)
    after
        erlang:delete_module(?MUTANT),
        erlang:purge_module(?MUTANT)
    end.

count(10) -> exit({done, []});
count(N) -> N + 1.

number(Name, Default) ->
    case os:getenv(Name) of
        false -> Default;
        Text -> list_to_integer(Text)
    end.

%% The sections of M's file, with M under another name.
sections(M) ->
    {M, Beam, _} = code:get_object_code(M),
    <<"FOR1", _:32, "BEAM", Rest/binary>> = plain(Beam),
    [rename(S) || S <- split(Rest), not lists:member(element(1, S), [<<"Dbgi">>, <<"Docs">>, <<"CInf">>, <<"Abst">>])].

plain(<<31, 139, _/binary>> = Beam) -> zlib:gunzip(Beam);
plain(Beam) -> Beam.

split(<<>>) -> [];
split(<<Name:4/binary, Size:32, Data:Size/binary, Rest/binary>>) ->
    Pad = -Size band 3,
    <<_:Pad/binary, More/binary>> = Rest,
    [{Name, Data} | split(More)].

rename({<<"AtU8">>, <<Count:32, N, _:N/binary, Rest/binary>>}) ->
    {<<"AtU8">>, <<Count:32, (byte_size(?NAME)), ?NAME/binary, Rest/binary>>};
rename(Section) -> Section.

file(Sections) ->
    Body = iolist_to_binary([[Name, <<(byte_size(Data)):32>>, Data, <<0:(-byte_size(Data) band 3)/unit:8>>] || {Name, Data} <- Sections]),
    <<"FOR1", (byte_size(Body) + 4):32, "BEAM", Body/binary>>.

mutant(Seed, I, Beams) ->
    _ = rand:seed(exsss, {Seed, I, 4711}),
    Sections = element(rand:uniform(tuple_size(Beams)), Beams),
    File = case rand:uniform(20) of
               1 -> truncated(file(Sections));
               2 -> file(swapped(Sections));
               3 -> flipped(file(Sections), rand:uniform(8));
               _ -> file(damaged(Sections))
           end,
    log("~w ~w~n", [Seed, I]),
    Result = try erlang:load_module(?MUTANT, File) of
                 {module, ?MUTANT} -> run(), loaded;
                 {error, _} -> refused
             catch
                 error:badarg -> refused  % the features it asks for are nonsense
             end,
    catch code:purge(?MUTANT),
    catch erlang:delete_module(?MUTANT),
    catch code:purge(?MUTANT),
    flush(),
    Result.

flush() ->
    receive _ -> flush()
    after 0 -> ok
    end.

log(Format, Arguments) ->
    case os:getenv("GIRDER_TEST_MUTANT_LOG") of
        false -> ok;
        Path -> ok = file:write_file(Path, io_lib:format(Format, Arguments))
    end.

truncated(File) -> binary:part(File, 0, rand:uniform(byte_size(File)) - 1).

%% Two sections change their contents, their names or their places.
swapped(Sections) ->
    {A, B} = {rand:uniform(length(Sections)), rand:uniform(length(Sections))},
    {{NameA, DataA}, {NameB, DataB}} = {lists:nth(A, Sections), lists:nth(B, Sections)},
    case rand:uniform(3) of
        1 -> set(A, {NameA, DataB}, set(B, {NameB, DataA}, Sections));
        2 -> set(A, {NameB, DataB}, set(B, {NameA, DataA}, Sections));
        3 -> set(A, {NameA, DataB}, Sections)
    end.

set(N, X, L) -> {Before, [_ | After]} = lists:split(N - 1, L), Before ++ [X | After].

%% Mostly the code, where a damaged byte is another instruction, register, label or literal.
damaged(Sections) ->
    Name = case rand:uniform(12) of
               1 -> pick([<<"ImpT">>, <<"FunT">>, <<"LocT">>, <<"ExpT">>]);
               2 -> pick([<<"LitT">>, <<"Line">>, <<"Type">>, <<"StrT">>]);
               _ -> <<"Code">>
           end,
    [case S of
         {Name, Data} when byte_size(Data) > 0 ->
             case rand:uniform(4) of
                 1 -> {Name, moved(Data)};
                 _ -> {Name, flipped(Data, rand:uniform(2))}
             end;
         _ -> S
     end || S <- Sections].

moved(Data) ->
    Length = min(byte_size(Data) div 2, rand:uniform(40)),
    From = rand:uniform(byte_size(Data) - Length) - 1,
    To = rand:uniform(byte_size(Data) - Length) - 1,
    <<Before:To/binary, _:Length/binary, After/binary>> = Data,
    <<Before/binary, (binary:part(Data, From, Length))/binary, After/binary>>.

flipped(Data, 0) -> Data;
flipped(Data, N) ->
    At = rand:uniform(byte_size(Data)) - 1,
    <<Before:At/binary, Old, After/binary>> = Data,
    New = case rand:uniform(6) of
              1 -> Old bxor (1 bsl (rand:uniform(8) - 1));
              2 -> rand:uniform(256) - 1;
              3 -> Old bxor 7;  % x for y
              4 -> Old - 16;
              _ -> Old + 16 * rand:uniform(4)  % another register, label, atom or literal
          end,
    flipped(<<Before/binary, New, After/binary>>, N - 1).

pick(L) -> lists:nth(rand:uniform(length(L)), L).

%% Calls every exported function in one process, for a short time and with little memory.
run() ->
    Exports = try erlang:get_module_info(?MUTANT, exports) catch _:_ -> [] end,
    Calls = [{F, [argument(3) || _ <- lists:seq(1, A)]} || {F, A} <- Exports, A < 20, F =/= module_info, F =/= fold, _ <- [1, 2]],
    Options = [monitor, {max_heap_size, #{size => 1000000, kill => true, error_logger => false}}],
    {Pid, Ref} = spawn_opt(fun() -> [catch apply(?MUTANT, F, Arguments) || {F, Arguments} <- Calls], erlang:garbage_collect() end, Options),
    receive {'DOWN', Ref, process, Pid, _} -> ok
    after ?MILLIS ->
        exit(Pid, kill),
        receive {'DOWN', Ref, process, Pid, _} -> ok end
    end.

argument(Depth) ->
    case rand:uniform(18) of
        1 -> rand:uniform(1000) - 500;
        2 -> -(1 bsl rand:uniform(200));
        3 -> 1.5 * rand:uniform(1000);
        4 -> rand:bytes(rand:uniform(80));
        5 -> <<(rand:uniform(1000)):13>>;
        6 -> [];
        7 -> pick([a, b, true, false, undefined, ok, error, infinity, little, utf8, lists]);
        8 -> fun(X) -> X end;
        9 -> fun(X, Y) -> {X, Y} end;
        10 -> fun(X, _, Y) -> [X | Y] end;
        11 when Depth > 0 -> maps:from_list([{argument(Depth - 1), argument(Depth - 1)} || _ <- lists:seq(1, rand:uniform(40))]);
        12 when Depth > 0 -> list_to_tuple([argument(Depth - 1) || _ <- lists:seq(1, rand:uniform(6))]);
        13 -> lists:seq(1, rand:uniform(50));
        14 -> "some Text, ~p 1.5e10 " ++ [pick("abc \n0'\\\"x{}")];
        15 -> [{pick([a, b, c]), N} || N <- lists:seq(1, rand:uniform(6))];
        16 -> self();
        17 -> 0;
        _ when Depth > 0 -> [argument(Depth - 1) || _ <- lists:seq(1, rand:uniform(6))];
        _ -> rand:uniform(10)
    end.
