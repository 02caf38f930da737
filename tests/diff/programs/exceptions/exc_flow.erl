%% SPDX-License-Identifier: Apache-2.0
%% catch, try, after: what flows where, which value comes out, what runs in which order.
-module(exc_flow).
-export([cases/0, boom/2, note/1, deep/2, keep/4]).

id(X) -> diff_lib:id(X).

cases() ->
    Kinds = [{error, e}, {exit, x}, {throw, t}, {none, n}],
    [{{Name, K}, fun() -> erase(), V = diff_lib:trace(fun() -> F(K) end), {V, notes()} end} || {Name, F} <- shapes(), K <- Kinds] ++
        [{{deep, N, K}, fun() -> diff_lib:trace(fun() -> deep(N, K) end) end} || N <- [0, 1, 2, 7, 8, 9, 50], K <- Kinds] ++
        [{{misc, N}, F} || {N, F} <- misc()].

shapes() ->
    [{plain, fun(K) -> boom(K, 1) end},
     {catch_plain, fun(K) -> strip(catch boom(K, 1)) end},
     {catch_in_tuple, fun(K) -> {1, strip(catch boom(K, 1)), 2} end},
     {catch_nested, fun(K) -> strip(catch {strip(catch boom(K, 1)), boom(K, 2)}) end},
     {try_all, fun(K) -> try boom(K, 1) catch C:R -> {C, R} end end},
     {try_of, fun(K) -> try boom(K, 1) of V -> {value, V} catch C:R -> {C, R} end end},
     {try_throw, fun(K) -> try boom(K, 1) catch T -> {thrown, T} end end},
     {try_error, fun(K) -> try boom(K, 1) catch error:R -> {error, R} end end},
     {try_exit_or_throw, fun(K) -> try boom(K, 1) catch exit:R -> {exit, R}; throw:R -> {throw, R} end end},
     {try_guard, fun(K) -> try boom(K, 1) catch C:{R, N} when C =/= exit, N > 0 -> {C, R, N} end end},
     {try_of_raises, fun(K) -> try note(a) of _ -> boom(K, 1) catch _:_ -> caught after note(after_1) end end},
     {try_handler_raises, fun(K) -> try boom(K, 1) catch C:R -> boom(K, {C, R}) after note(after_1) end end},
     {try_after, fun(K) -> try boom(K, 1) after note(after_1) end end},
     {try_after_raises, fun(K) -> try boom(K, 1) after boom(K, in_after) end end},
     {try_after_nested, fun(K) -> try try note(1), boom(K, 1) after note(2) end after note(3) end end},
     {try_three, fun(K) -> try try try boom(K, 1) catch throw:_ -> note(throw) end catch exit:_ -> note(exit) end catch error:_ -> note(error) end end},
     {rethrow, fun(K) -> try boom(K, 1) catch C:R:S -> note(C), erlang:raise(C, R, S) end end},
     {reraise_error, fun(K) -> try boom(K, 1) catch C:R -> error({C, R}) end end},
     {after_value, fun(K) -> X = try boom(K, 1) catch _:_ -> failed after note(x) end, {got, X} end},
     {catch_after, fun(K) -> strip(catch try boom(K, 1) after note(1) end) end},
     {loop, fun(K) -> [try boom(K, N) catch C:R -> {C, R} end || N <- [1, 2, 3]] end},
     {variables, fun(K) -> A = note(1), B = {A, K}, C = try boom(K, B) of V -> {V, A} catch Cl:{_, W} -> {Cl, W, A, B} end, {A, B, C} end},
     {keep, fun(K) -> keep(K, 1, [2, 3], {4}) end},
     {in_fun, fun(K) -> F = fun() -> boom(K, 1) end, try F() catch C:R -> {C, R} end end},
     {in_lists_map, fun(K) -> lists:map(fun(N) -> boom(K, N) end, [1, 2, 3]) end},
     {in_foldl, fun(K) -> lists:foldl(fun(N, A) -> [boom(K, N) | A] end, [], [1, 2, 3]) end},
     {in_foreach, fun(K) -> lists:foreach(fun(N) -> boom(K, N) end, [1, 2]) end},
     {in_sort, fun(K) -> lists:sort(fun(A, B) -> boom(K, 0), A < B end, [3, 1, 2]) end},
     {in_maps, fun(K) -> maps:map(fun(_, N) -> boom(K, N) end, #{a => 1}) end},
     {in_compr, fun(K) -> [boom(K, N) || N <- [1, 2], N > 1] end},
     {in_filter, fun(K) -> [N || N <- [1, 2], boom(K, N)] end},
     {in_binary_compr, fun(K) -> << <<(boom(K, N))/binary>> || N <- [1, 2] >> end},
     {in_guard_of_case, fun(K) -> case boom(K, 1) of {n, 1} -> one; _ -> other end end},
     {args_order, fun(K) -> {note(a), boom(K, 1), note(b)} end},
     {in_map, fun(K) -> #{a => note(1), b => boom(K, 2), c => note(3)} end},
     {in_apply, fun(K) -> apply(?MODULE, boom, [K, 1]) end},
     {in_apply_var, fun(K) -> M = id(?MODULE), M:boom(K, 1) end},
     {in_send, fun(K) -> self() ! boom(K, 1), receive X -> X after 0 -> none end end},
     {in_receive, fun(K) -> self() ! go, receive go -> boom(K, 1) end end},
     {in_after, fun(K) -> receive never -> ok after 0 -> boom(K, 1) end end},
     {in_try_timeout, fun(K) -> try receive never -> ok after 1 -> boom(K, 1) end catch C:R -> {C, R} end end},
     {try_receive, fun(K) -> self() ! m, try boom(K, 1) catch _:_ -> receive m -> received after 0 -> nothing end end end}].

%% The trace in an 'EXIT' tuple of `catch` is kept: it is part of what is compared.
strip(X) -> X.

boom({error, R}, X) -> error({R, X});
boom({exit, R}, X) -> exit({R, X});
boom({throw, R}, X) -> throw({R, X});
boom({none, R}, X) -> {R, X}.

note(X) ->
    put(notes, [X | case get(notes) of undefined -> []; L -> L end]),
    X.

notes() -> erase(notes).

deep(0, K) -> boom(K, bottom);
deep(N, K) -> [N | deep(N - 1, K)].

keep(K, A, B, C) ->
    D = id({A, B}),
    try {boom(K, D), C} of
        {X, C} -> {ok, X, A, B, C, D}
    catch
        Class:Reason:Stack when is_tuple(Reason) -> {Class, Reason, A, B, C, D, length(Stack) > 0}
    after
        note({A, C})
    end.

misc() ->
    [{catch_value, fun() -> catch 1 + 1 end},
     {catch_throw_value, fun() -> catch throw(val) end},
     {catch_exit_value, fun() -> catch exit(val) end},
     {catch_error_value, fun() -> catch error(val) end},
     {catch_throw_exit_tuple, fun() -> catch throw({'EXIT', fake}) end},
     {catch_badarith, fun() -> catch id(a) + 1 end},
     {deep_catch, fun() -> catch_down(1000) end},
     {deep_try, fun() -> try_down(1000) end},
     {throw_far, fun() -> catch far(10000) end},
     {throw_past_after, fun() -> put(n, 0), {catch past(100), get(n)} end},
     {body_in_after, fun() -> put(x, 1), R = try id(1) after put(x, 2) end, {R, get(x)} end},
     {try_in_arg, fun() -> id(try error(a) catch _:R -> R end) end},
     {exit_self_normal, fun() -> catch exit(normal) end},
     {trace_held, fun() -> try error(a) catch _:_:S -> try error(b) catch _:_:T -> {S, T} end end end},
     {trace_unused, fun() -> try error(a) catch _:X:_ -> X end end},
     {trace_in_process, fun() -> {P, M} = spawn_monitor(fun() -> try error(a) catch _:_:S -> exit(S) end end), receive {'DOWN', M, _, P, R} -> R end end},
     {exception_term_big, fun() -> try error(lists:seq(1, 2000)) catch _:R -> lists:sum(R) end end},
     {gc_in_handler, fun() -> try error({keep, lists:seq(1, 10)}) catch _:R:S -> erlang:garbage_collect(), L = lists:seq(1, 10000), {R, length(L), S} end end},
     {gc_before, fun() -> X = lists:seq(1, 100), try erlang:garbage_collect(), error(x) catch _:_ -> erlang:garbage_collect(), lists:sum(X) end end}].

catch_down(0) -> id(0);
catch_down(N) -> case catch catch_down(N - 1) of X when is_integer(X) -> X + 1 end.

try_down(0) -> throw(0);
try_down(N) -> try try_down(N - 1) catch throw:X -> throw(X + 1) end.

far(0) -> throw(landed);
far(N) -> 1 + far(N - 1).

past(0) -> throw(done);
past(N) -> try past(N - 1) after put(n, get(n) + 1) end.
