%% SPDX-License-Identifier: Apache-2.0
%% Modules: information, loading, new versions, purging, bad files, on_load.
-module(code_t).
-my_attribute(value).
-export([test_info/0, test_exported/0, test_load/0, test_two_versions/0, test_bad_files/0, test_undefined/0, test_on_load/0, test_persistent/0, test_counters/0, id/1]).

id(X) -> X.

test_info() ->
    ?MODULE = ?MODULE:module_info(module),
    [value] = proplists:get_value(my_attribute, ?MODULE:module_info(attributes)),
    true = lists:member({test_info, 0}, ?MODULE:module_info(exports)),
    16 = byte_size(?MODULE:module_info(md5)).

test_exported() ->
    true = erlang:function_exported(?MODULE, id, 1),
    false = erlang:function_exported(?MODULE, id, 2),
    true = erlang:is_builtin(erlang, abs, 1),
    true = erlang:module_loaded(?MODULE).

test_load() ->
    {module, code_t_a} = load(code_t_a, 1),
    1 = code_t_a:f(),
    true = erlang:delete_module(code_t_a),
    {'EXIT', {undef, _}} = (catch code_t_a:f()),
    true = erlang:purge_module(code_t_a).

test_two_versions() ->
    {module, code_t_b} = load(code_t_b, 1),
    F = fun code_t_b:f/0,
    1 = F(),
    {module, code_t_b} = load(code_t_b, 2),
    {2, 2, true} = {F(), code_t_b:f(), erlang:check_old_code(code_t_b)},
    {error, not_purged} = load(code_t_b, 3),
    true = erlang:purge_module(code_t_b),
    {module, code_t_b} = load(code_t_b, 3),
    3 = F(),
    erlang:purge_module(code_t_b),
    erlang:delete_module(code_t_b),
    erlang:purge_module(code_t_b).

test_bad_files() ->
    [{error, badfile} = erlang:load_module(code_t_c, B) || B <- [<<>>, <<"abc">>, <<"FOR1", 4:32, "BEAM">>]],
    B = beam(code_t_c, 1),
    [{error, badfile} = erlang:load_module(code_t_c, binary:part(B, 0, N)) || N <- [4, 20, 60]],
    {'EXIT', {badarg, _}} = (catch erlang:load_module(code_t_c, id(x))).

test_undefined() ->
    {'EXIT', {undef, [{code_t_none, f, [1], []} | _]}} = (catch code_t_none:f(id(1))),
    {'EXIT', {undef, _}} = (catch ?MODULE:none()).

test_on_load() ->
    persistent_term:erase(code_t_d),
    {on_load, _} = {on_load, code:load_binary(code_t_d, "code_t_d.erl", on_load_beam())},
    ran = persistent_term:get(code_t_d).

test_persistent() ->
    ok = persistent_term:put({?MODULE, k}, [1, {2}]),
    [1, {2}] = persistent_term:get({?MODULE, k}),
    true = persistent_term:erase({?MODULE, k}),
    none = persistent_term:get({?MODULE, k}, none).

test_counters() ->
    A = atomics:new(2, []),
    5 = atomics:add_get(A, 1, 5),
    ok = atomics:compare_exchange(A, 1, 5, 6),
    6 = atomics:compare_exchange(A, 1, 5, 7),
    C = counters:new(1, []),
    counters:add(C, 1, 3),
    3 = counters:get(C, 1).

load(M, N) -> erlang:load_module(M, beam(M, N)).

%% A module with f() -> N, byte by byte: no compiler needed.
beam(M, N) ->
    Name = atom_to_binary(M),
    Code = <<1:8, 16#10, 2:8, 16#12, 16#22, 16#00, 1:8, 16#20, 64:8, N:4, 0:1, 1:3, 16#03, 19:8, 3:8>>,
    chunks([{"AtU8", <<2:32, (byte_size(Name)), Name/binary, 1, "f">>}, {"Code", <<16:32, 0:32, 171:32, 3:32, 1:32, Code/binary>>},
            {"StrT", <<>>}, {"ImpT", <<0:32>>}, {"ExpT", <<1:32, 2:32, 0:32, 2:32>>}]).

chunks(L) ->
    Body = << <<(list_to_binary(Id))/binary, (byte_size(B)):32, B/binary, 0:((4 - byte_size(B) band 3) band 3)/unit:8>> || {Id, B} <- L >>,
    <<"FOR1", (byte_size(Body) + 4):32, "BEAM", Body/binary>>.

on_load_beam() ->
    {ok, code_t_d, B} = compile:forms([{attribute, 1, module, code_t_d}, {attribute, 1, on_load, {start, 0}},
        {function, 2, start, 0, [{clause, 2, [], [], [{call, 2, {remote, 2, {atom, 2, persistent_term}, {atom, 2, put}}, [{atom, 2, code_t_d}, {atom, 2, ran}]}]}]}]),
    B.
