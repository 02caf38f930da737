%% SPDX-License-Identifier: Apache-2.0
%% Every kind of error an instruction or the run-time system raises, with its stack trace.
-module(exc_kinds).
-export([cases/0, f1/1, two/2, apply_it/3, no_clause/1, no_clause/3, rec/1]).
-record(point, {x, y = 2}).

id(X) -> diff_lib:id(X).

cases() ->
    [{badmatch, fun() -> {ok, X} = id({error, e}), X end},
     {badmatch_bound, fun() -> X = id(1), X = id(2) end},
     {badmatch_literal, fun() -> [1, 2] = id([1, 3]) end},
     {badmatch_big, fun() -> 16#123456789abcdef0123 = id(1 bsl 70) end},
     {badmatch_map, fun() -> #{a := X} = id(#{b => 1}), X end},
     {case_clause, fun() -> case id({a, [1]}) of b -> 1; {c, _} -> 2 end end},
     {case_guard, fun() -> case id(5) of X when X > 7 -> 1; X when X < 3 -> 2 end end},
     {if_clause, fun() -> X = id(5), if X > 7 -> 1; X < 3 -> 2 end end},
     {function_clause, fun() -> no_clause(id(7)) end},
     {function_clause_3, fun() -> no_clause(id(7), "abc", #{k => v}) end},
     {function_clause_fun, fun() -> (id(fun(a) -> 1; (b) -> 2 end))(id(c)) end},
     {function_clause_fun2, fun() -> F = id(fun(a, _) -> 1; (b, 1) -> 2 end), F(b, 2) end},
     {function_clause_env, fun() -> Z = id(9), F = id(fun(a) -> Z; (b) -> 2 end), F(c) end},
     {function_clause_named, fun() -> F = id(fun Loop(0) -> 0; Loop(N) when N > 0 -> Loop(N - 3) end), F(7) end},
     {try_clause, fun() -> try id(a) of b -> 1; c -> 2 catch _:_ -> 3 end end},
     {try_clause_outer, fun() -> try (try id(a) of b -> 1 catch throw:_ -> 2 end) catch error:R:S -> {R, S} end end},
     {badarith, fun() -> id(a) + 1 end},
     {badarith_right, fun() -> 1 + id(a) end},
     {div_zero, fun() -> id(1) div id(0) end},
     {rem_zero, fun() -> id(1) rem id(0) end},
     {fdiv_zero, fun() -> id(1) / id(0) end},
     {fdiv_zero_float, fun() -> id(1.0) / id(0.0) end},
     {badarg_bif, fun() -> atom_to_list(id(1)) end},
     {badarg_bif_tail, fun() -> element(id(3), id({a})) end},
     {badarg_setelement, fun() -> setelement(id(0), id({a}), b) end},
     {badarg_hd, fun() -> hd(id([])) end},
     {badarg_tl, fun() -> {tl(id(x))} end},
     {badarg_length, fun() -> length(id([a | b])) end},
     {badarg_not, fun() -> not id(1) end},
     {badarg_and, fun() -> id(1) and true end},
     {badarg_append, fun() -> id(a) ++ [1] end},
     {badarg_subtract, fun() -> [1] -- id(a) end},
     {badarg_andalso, fun() -> id(1) andalso true end},
     {badarg_orelse, fun() -> id(1) orelse true end},
     {badarg_send, fun() -> id(1) ! x end},
     {badarg_send_name, fun() -> id(no_such_name) ! x end},
     {badarg_spawn, fun() -> spawn(id(1)) end},
     {badarg_apply, fun() -> apply(id(1), id(2), id([])) end},
     {badarg_apply_list, fun() -> apply(?MODULE, f1, id([1 | 2])) end},
     {badarg_apply_list2, fun() -> apply(?MODULE, f1, id(a)) end},
     {badarg_size, fun() -> size(id([])) end},
     {badarg_list_to_binary, fun() -> list_to_binary(id([1, 256])) end},
     {badarg_binary, fun() -> binary_part(id(<<1, 2>>), id(1), id(2)) end},
     {undef, fun() -> no_module:no_function(id(1), b) end},
     {undef_function, fun() -> ?MODULE:no_function(id(1)) end},
     {undef_arity, fun() -> ?MODULE:f1() end},
     {undef_apply, fun() -> (id(?MODULE)):(id(nope))(1, 2) end},
     {undef_apply_list, fun() -> apply(id(?MODULE), id(nope), [1, 2]) end},
     {undef_fun, fun() -> (id(fun ?MODULE:nope/1))(3) end},
     {undef_lists, fun() -> lists:no_such(1) end},
     {undef_erlang, fun() -> erlang:no_such_bif(id(1)) end},
     {undef_spawned, fun() -> down(fun() -> no_module:f() end) end},
     {badfun, fun() -> (id(a))(1) end},
     {badfun_tuple, fun() -> (id({lists, reverse}))([1]) end},
     {badfun_no_args, fun() -> (id(7))() end},
     {badfun_tail, fun() -> F = id("x"), F(1, 2, 3) end},
     {badarity, fun() -> (id(fun(X) -> X end))() end},
     {badarity_more, fun() -> (id(fun(X) -> X end))(1, 2) end},
     {badarity_external, fun() -> (id(fun lists:reverse/1))(1, 2) end},
     {badarity_apply, fun() -> apply(id(fun(X) -> X end), [1, 2, 3]) end},
     {badfun_apply, fun() -> apply(id(zz), [1, 2, 3]) end},
     {badmap_update, fun() -> (id(x))#{a => 1} end},
     {badmap_exact, fun() -> (id([]))#{a := 1} end},
     {badkey, fun() -> (id(#{}))#{a := 1} end},
     {badkey_second, fun() -> (id(#{a => 1}))#{a := 1, b := 2} end},
     {badmap_size, fun() -> map_size(id(x)) end},
     {badmap_get, fun() -> map_get(a, id(x)) end},
     {badkey_get, fun() -> map_get(a, id(#{})) end},
     {badmap_is_key, fun() -> is_map_key(a, id(x)) end},
     {badmap_maps, fun() -> maps:get(a, id(x)) end},
     {badkey_maps, fun() -> maps:get(a, id(#{b => 1})) end},
     {badmap_maps_put, fun() -> maps:put(a, 1, id([])) end},
     {badmap_merge, fun() -> maps:merge(#{}, id(1)) end},
     {badmap_keys, fun() -> maps:keys(id(1)) end},
     {badkey_update, fun() -> maps:update(k, 1, id(#{})) end},
     {badkey_take, fun() -> {maps:take(k, id(#{})), maps:find(k, id(#{}))} end},
     {badrecord, fun() -> (id(x))#point.x end},
     {badrecord_update, fun() -> (id({point, 1}))#point{x = 2} end},
     {badrecord_match, fun() -> #point{x = X} = id({other, 1, 2}), X end},
     {record_clause, fun() -> rec(id({point, 1, 2, 3})) end},
     {system_limit_atom, fun() -> list_to_atom(id(lists:duplicate(256, $a))) end},
     {system_limit_shift, fun() -> id(1) bsl id(1 bsl 62) end},
     {system_limit_bits, fun() -> S = id(1 bsl 62), <<0:S/unit:8>> end},
     {noproc_link, fun() -> process_flag(trap_exit, true), P = dead(), link(P), receive {'EXIT', P, R} -> R end end},
     {noproc_monitor, fun() -> P = dead(), M = monitor(process, P), receive {'DOWN', M, process, _, R} -> R end end},
     {noproc_call, fun() -> gen_server:call(id(no_server), x) end},
     {noproc_group_leader, fun() -> group_leader(self(), dead()) end},
     {noconnection, fun() -> M = monitor(process, {nobody, 'no@where'}), receive {'DOWN', M, process, W, R} -> {W, R} end end},
     {nocatch, fun() -> down(fun() -> throw(id(ball)) end) end},
     {timeout_value, fun() -> receive after id(a) -> ok end end},
     {timeout_value_minus, fun() -> receive x -> ok after id(-1) -> ok end end},
     {timeout_value_float, fun() -> receive x -> ok after id(1.5) -> ok end end},
     {timeout_value_big, fun() -> receive x -> ok after id(1 bsl 32) -> ok end end},
     {timeout_value_bignum, fun() -> receive x -> ok after id(1 bsl 70) -> ok end end},
     {badfun_catch, fun() -> catch (id(a))(1) end},
     {error_1, fun() -> error(id({my, reason})) end},
     {error_2, fun() -> error(id(reason), [a, 1]) end},
     {error_2_none, fun() -> error(id(reason), none) end},
     {error_3, fun() -> error(id(reason), [a, 1], [{error_info, #{cause => x, module => m}}]) end},
     {error_2_bad, fun() -> error(id(reason), id(notalist)) end},
     {error_3_bad, fun() -> error(id(reason), [1], id(notalist)) end},
     {exit_1, fun() -> exit(id({my, exit})) end},
     {throw_1, fun() -> throw(id({my, throw})) end},
     {f1, fun() -> f1(id(0)) end},
     {two, fun() -> two(id(0), 1) end},
     {apply_it, fun() -> apply_it(?MODULE, f1, [0]) end}].

f1(X) -> 1 / X.

two(X, Y) ->
    Z = f1(X),
    Z + Y.

apply_it(M, F, A) -> {apply(M, F, A)}.

no_clause(a) -> 1;
no_clause([_]) -> 2.

no_clause(a, _, _) -> 1;
no_clause(_, [X | _], #{k := X}) -> 2.

rec(#point{x = X, y = Y}) -> X + Y.

dead() ->
    {P, M} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', M, process, P, _} -> P end.

down(F) ->
    {P, M} = spawn_monitor(F),
    receive {'DOWN', M, process, P, R} -> R end.
