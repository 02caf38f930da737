%% SPDX-License-Identifier: Apache-2.0
%% A full atom table raises system_limit in whoever wants one more, and the machine goes on. Stock ends the whole node instead, so these tests
%% cannot run there.
%% run: flags +t 16384
-module(atom_limit_t).
-export([test_full/0]).

test_full() ->
    %% Known before the table is full: what the runner needs to report, too.
    _ = io_lib:format("~ts ~w ~0tp~n", ["x", 1, {x}]),
    [{module, M} = code:ensure_loaded(M) || M <- [io_lib, io_lib_format, io_lib_pretty, string, binary, logger]],
    Module = {atom_limit_new, [{attribute, 1, module, atom_limit_new}, {attribute, 1, export, [{value, 0}]},
                               {function, 1, value, 0, [{clause, 1, [], [], [{atom, 1, list_to_atom("atom_limit_t_in_module")}]}]}]},
    {ok, atom_limit_new, Beam} = compile:forms(element(2, Module), [deterministic]),
    NewBeam = binary:replace(Beam, <<"atom_limit_t_in_module">>, <<"atom_limit_t_in_modulf">>),
    true = Beam =/= NewBeam,
    Self = self(),
    Ps = [spawn_monitor(fun() -> exit({full, catch fill(N, 0)}) end) || N <- lists:seq(1, 4)],
    [receive {'DOWN', R, process, P, Why} -> {full, {'EXIT', {system_limit, [{erlang, list_to_atom, _, _} | _]}}} = Why end || {P, R} <- Ps],
    16384 = erlang:system_info(atom_limit),
    16384 = erlang:system_info(atom_count),
    {'EXIT', {system_limit, _}} = (catch list_to_atom(new())),
    {'EXIT', {system_limit, _}} = (catch binary_to_atom(list_to_binary(new()))),
    {'EXIT', {badarg, _}} = (catch binary_to_existing_atom(list_to_binary(new()))),
    {'EXIT', {badarg, _}} = (catch list_to_existing_atom(new())),
    {'EXIT', {badarg, _}} = (catch binary_to_term(<<131, 119, 16, "atom_limit_t_new">>)),
    {'EXIT', {badarg, _}} = (catch binary_to_term(<<131, 119, 16, "atom_limit_t_new">>, [safe])),
    %% What exists can still be had, and everything else works.
    lists = list_to_atom("lists"),
    {a, b} = binary_to_term(term_to_binary({a, b})),
    {error, badfile} = erlang:prepare_loading(atom_limit_new, NewBeam),
    {module, atom_limit_new} = erlang:load_module(atom_limit_new, Beam),
    atom_limit_t_in_module = atom_limit_new:value(),
    spawn(fun() -> Self ! {self(), alive} end),
    receive {P1, alive} when is_pid(P1) -> ok end.

fill(N, I) ->
    list_to_atom("atom_limit_t_" ++ integer_to_list(N) ++ "_" ++ integer_to_list(I)),
    fill(N, I + 1).

%% Not known to the compiler, which would make the atom.
new() -> "atom_limit_t_" ++ lists:reverse("wen").
