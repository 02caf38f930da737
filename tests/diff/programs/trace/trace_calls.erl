%% SPDX-License-Identifier: Apache-2.0
%% Match specifications in traces, and the messages of traced calls.
-module(trace_calls).
-export([cases/0, twice/1, add/2, fail/1, deep/1, bin/1, idle/0]).

id(X) -> diff_lib:id(X).

twice(X) -> X + X.
add(A, B) -> twice(A) + B.
fail(X) -> hd(X).
deep(0) -> fail(id([]));
deep(N) -> [N | deep(N - 1)].
bin(<<A, R/binary>>) -> [A | bin(R)];
bin(<<>>) -> [].
idle() -> receive stop -> ok end.

cases() ->
    [{{spec, N, Args}, fun() -> test(Args, S) end} || {N, S} <- specs(), Args <- [[], [1], [a, b], [{x, 1}, [2]]]] ++
        [{{calls, N, Flags}, fun() -> calls(Pattern, Spec, How, Flags, F) end}
         || {N, Pattern, Spec, How, F} <- traced(), Flags <- [[], [arity], [return_to], [silent]]] ++
        [{{info, N}, F} || {N, F} <- infos()].

%% The texts of errors are not stock's.
test(Args, Spec) ->
    case erlang:match_spec_test(Args, Spec, trace) of
        {error, _} -> error;
        R -> R
    end.

specs() ->
    [{any, [{'_', [], []}]}, {var, [{'$1', [], [{message, '$1'}]}]}, {two, [{['$1', '$2'], [], [{message, [{{'$2', '$1'}}]}]}]},
     {same, [{['$1', '$1'], [], []}]}, {object, [{'_', [], [{message, '$_'}]}]}, {bindings, [{['_', '$2'], [], [{message, '$$'}]}]},
     {false, [{'_', [], [{message, false}]}]}, {last_message, [{'_', [], [{message, 1}, {message, 2}]}]}, {noise, [{'_', [], [x, {{a}}, 17]}]},
     {returns, [{'_', [], [{return_trace}]}]}, {raises, [{'_', [], [{exception_trace}, {return_trace}]}]},
     {guard, [{['$1'], [{is_integer, '$1'}], [{message, {'+', '$1', 1}}]}]}, {guard_fails, [{['$1'], [{'>', {hd, '$1'}, 1}], []}]},
     {body_fails, [{'_', [], [{message, {hd, '$_'}}]}]}, {body_fails_quietly, [{'_', [], [{hd, {const, x}}]}]},
     {and_also, [{['$1', '$2'], [{'andalso', {is_atom, '$1'}, {is_atom, '$2'}}], [{message, {const, both}}]}]},
     {second, [{[1], [], [{message, one}]}, {'_', [], [{message, other}]}]}, {tcw, [{'_', [], [{message, {get_tcw}}]}]},
     {token, [{'_', [], [{message, {get_seq_token}}]}]}, {is_token, [{'_', [{is_seq_trace}], []}]},
     {self, [{'_', [], [{message, {'==', {self}, {self}}}]}]}, {in_guard, [{'_', [{message, 1}], []}]}, {unknown, [{'_', [], [{nonsense, 1}]}]},
     {unbound, [{'_', [], [{message, '$1'}]}]}, {no_list, x}, {head, [{a, [], []}]}, {map, [{['$1'], [], [{message, #{k => '$1'}}]}]},
     {wrong_arity, [{'_', [], [{return_trace, 1}]}]}, {set_tcw, [{'_', [], [{message, {set_tcw, 4}}]}]}, {silent, [{'_', [], [{silent, true}]}]}].

traced() ->
    M = ?MODULE,
    [{local, {M, '_', '_'}, true, [local], fun() -> M:add(1, 2) end}, {global, {M, '_', '_'}, true, [global], fun() -> M:add(1, 2), M:twice(4) end},
     {returns, {M, '_', '_'}, [{'_', [], [{return_trace}]}], [local], fun() -> M:add(1, 2) end},
     {raises, {M, '_', '_'}, [{'_', [], [{exception_trace}]}], [local], fun() -> catch M:deep(3) end},
     {raises_global, {M, fail, 1}, [{'_', [], [{exception_trace}]}], [], fun() -> catch M:fail([]) end},
     {caller, {M, twice, 1}, [{'_', [], [{message, {caller}}]}], [local], fun() -> M:add(1, 2) end},
     {contexts, {M, bin, 1}, [{'_', [], [{return_trace}]}], [local], fun() -> M:bin(<<1, 2, 3>>) end},
     {built_in, {erlang, integer_to_list, 1}, [{'_', [], [{return_trace}]}], [], fun() -> integer_to_list(id(17)) end},
     {built_in_fails, {erlang, integer_to_list, 1}, [{'_', [], [{exception_trace}]}], [local], fun() -> catch integer_to_list(id(x)) end},
     {built_in_yields, {lists, reverse, 2}, [{'_', [], [{return_trace}, {message, seen}]}], [], fun() -> length(lists:reverse(lists:duplicate(3, x), [])) end},
     {applied, {erlang, atom_to_list, 1}, true, [], fun() -> apply(id(erlang), atom_to_list, [abc]) end},
     {some, {M, add, 2}, [{['$1', '_'], [{'>', '$1', 1}], [{message, '$1'}]}], [local], fun() -> M:add(1, 2), M:add(2, 3) end},
     {off, {M, add, 2}, [{'_', [], [{disable_trace, call}]}], [local], fun() -> M:add(1, 2), M:add(2, 3) end}].

calls(Pattern, Spec, How, Flags, F) ->
    S = self(),
    T = spawn(fun() -> collect(S, []) end),
    P = spawn(fun() -> receive go -> S ! {done, catch F()} end, idle() end),
    1 = erlang:trace(P, true, [call, {tracer, T} | Flags]),
    N = erlang:trace_pattern(Pattern, Spec, How),
    P ! go,
    V = receive {done, W} -> W end,
    1 = erlang:trace(P, false, [all]),
    N = erlang:trace_pattern(Pattern, false, How),
    T ! {take, self()},
    Ms = receive {T, L} -> L end,
    exit(P, kill),
    {strip(V), [M || M <- Ms, not about_idle(M)]}.

strip({'EXIT', {R, _}}) -> {'EXIT', R};
strip(V) -> V.

about_idle(M) ->
    case element(4, M) of
        {?MODULE, F, _} -> not lists:member(F, [twice, add, fail, deep, bin]);
        _ -> false
    end.

collect(O, L) ->
    receive
        {take, O} -> O ! {self(), lists:reverse(L)};
        M -> collect(O, [M | L])
    end.

infos() ->
    F = {?MODULE, twice, 1},
    Keys = [traced, match_spec, meta, meta_match_spec, call_count, call_time, all],
    Look = fun() -> [erlang:trace_info(F, K) || K <- Keys] end,
    With = fun(Spec, How) ->
        fun() ->
            A = erlang:trace_pattern(F, Spec, How),
            B = Look(),
            C = erlang:trace_pattern(F, false, How),
            {A, B, C, Look()}
        end
    end,
    [{none, Look}, {local, With(true, [local])}, {global, With([{'_', [], []}], [])}, {count, With(true, [call_count])},
     {time, With(true, [call_time])}, {spec, With([{['$1'], [], [{return_trace}]}], [local])},
     {bad_key, fun() -> erlang:trace_info(F, id(bad)) end}, {no_function, fun() -> erlang:trace_info({?MODULE, nope, 7}, traced) end},
     {bad_flag, fun() -> erlang:trace(self(), true, id([bad])) end}, {bad_how, fun() -> erlang:trace(self(), id(maybe_), [call]) end},
     {bad_pattern, fun() -> erlang:trace_pattern(id({a, '_', 1}), true, []) end}, {bad_mix, fun() -> erlang:trace_pattern(F, true, id([local, global])) end},
     {bad_spec, fun() -> erlang:trace_pattern(F, id([{x}]), [local]) end}, {spec_for_count, fun() -> erlang:trace_pattern(F, [{'_', [], []}], id([call_count])) end},
     {new, fun() -> {erlang:trace_info(new, flags), erlang:trace_info(new, tracer)} end},
     {on_load, fun() -> [erlang:trace_info(on_load, K) || K <- Keys] end}, {send, fun() -> [erlang:trace_info(K, match_spec) || K <- [send, 'receive']] end},
     {delivered_bad, fun() -> erlang:trace_delivered(id(x)) end}].
