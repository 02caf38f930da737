%% SPDX-License-Identifier: Apache-2.0
%% Two versions of a module at once: reloading under a running process, old funs, purging, on_load.
-module(upgrade_t).
-export([test_reload/0, test_old_fun_lives_with_its_code/0, test_purge_kills/0, test_delete/0, test_on_load/0, test_prepared_once/0, test_many_reloads/0]).

test_reload() ->
    fresh(1),
    Pid = spawn(fun upgraded:loop/0),
    1 = ask(Pid, version),
    load(2),
    2 = upgraded:version(),
    1 = ask(Pid, version),
    true = erlang:check_old_code(upgraded),
    true = erlang:check_process_code(Pid, upgraded),
    false = code:soft_purge(upgraded),
    {not_purged, [upgraded]} = erlang:finish_loading([erlang:prepare_loading(upgraded, beam(3))]),
    ok = ask(Pid, upgrade),
    2 = ask(Pid, version),
    false = erlang:check_process_code(Pid, upgraded),
    true = code:soft_purge(upgraded),
    exit(Pid, kill).

test_old_fun_lives_with_its_code() ->
    fresh(1),
    F = upgraded:make(a),
    {1, a, b} = F(b),
    load(2),
    {1, a, b} = F(b),
    true = code:soft_purge(upgraded),
    {module, upgraded} = erlang:fun_info(F, module),
    {name, []} = erlang:fun_info(F, name),
    load(1),
    {1, a, b} = F(b).

test_purge_kills() ->
    fresh(1),
    {Pid, Ref} = spawn_monitor(fun upgraded:loop/0),
    1 = ask(Pid, version),
    load(2),
    true = code:purge(upgraded),
    receive {'DOWN', Ref, process, Pid, killed} -> ok after 5000 -> error(alive) end.

test_delete() ->
    fresh(1),
    true = code:delete(upgraded),
    false = code:is_loaded(upgraded),
    {'EXIT', {undef, [{upgraded, version, [], []} | _]}} = (catch upgraded:version()),
    false = code:purge(upgraded),
    undefined = erlang:delete_module(upgraded_nowhere).

test_on_load() ->
    Source = "-module(upgraded_on_load). -on_load(i/0). -export([f/0]). i() -> persistent_term:get(upgraded_on_load). f() -> ~w. ",
    Load = fun(Answer, N) ->
        persistent_term:put(upgraded_on_load, Answer),
        code:load_binary(upgraded_on_load, "x", compiled(io_lib:format(Source, [N])))
    end,
    {module, _} = Load(ok, 1),
    1 = upgraded_on_load:f(),
    {error, on_load_failure} = Load({error, on_purpose}, 2),
    1 = upgraded_on_load:f(),
    persistent_term:erase(upgraded_on_load).

test_prepared_once() ->
    fresh(1),
    Code = erlang:prepare_loading(upgraded, beam(2)),
    false = erlang:has_prepared_code_on_load(Code),
    {duplicated, [upgraded]} = erlang:finish_loading([Code, Code]),
    ok = erlang:finish_loading([Code]),
    {'EXIT', {badarg, _}} = (catch erlang:finish_loading([Code])),
    2 = upgraded:version().

test_many_reloads() ->
    Beams = [beam(1), beam(2)],
    [begin {module, _} = code:load_binary(upgraded, "x", B), code:purge(upgraded) end || _ <- lists:seq(1, 50), B <- Beams],
    2 = upgraded:version().

ask(Pid, What) ->
    Pid ! {self(), What},
    receive {Pid, Answer} -> Answer after 5000 -> timeout end.

fresh(N) ->
    load(N),
    code:purge(upgraded).

load(N) ->
    code:purge(upgraded),
    {module, upgraded} = code:load_binary(upgraded, "upgraded", beam(N)).

beam(N) ->
    compiled(io_lib:format(
        "-module(upgraded). -export([version/0, loop/0, make/1]). version() -> ~w. "
        "loop() -> receive {P, version} -> P ! {self(), version()}, loop(); {P, upgrade} -> P ! {self(), ok}, upgraded:loop() end. "
        "make(X) -> fun(Y) -> {version(), X, Y} end. ", [N])).

compiled(Source) ->
    {ok, Tokens, _} = erl_scan:string(lists:flatten(Source)),
    {ok, _, Beam} = compile:forms(forms(Tokens, []), [deterministic]),
    Beam.

forms([], []) -> [];
forms([{dot, _} = Dot | Rest], Form) ->
    {ok, Parsed} = erl_parse:parse_form(lists:reverse([Dot | Form])),
    [Parsed | forms(Rest, [])];
forms([Token | Rest], Form) -> forms(Rest, [Token | Form]).
