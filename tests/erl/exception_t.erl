%% SPDX-License-Identifier: Apache-2.0
%% catch, try, after, raise, stack traces.
-module(exception_t).
-export([test_classes/0, test_catch/0, test_after/0, test_nested/0, test_of/0, test_raise/0, test_stacktrace/0, test_trace_depth/0, test_kinds/0, test_deep/0, test_error_info/0, test_values_kept/0, test_raise_3/0, test_no_catch/0, id/1, f/1]).

id(X) -> X.
f(X) -> {hd(X)}.

test_classes() ->
    [{throw, a}, {error, b}, {exit, c}, {value, d}] = [run(F) || F <- [fun() -> throw(a) end, fun() -> error(b) end, fun() -> exit(c) end, fun() -> d end]].

run(F) -> try F() of V -> {value, V} catch C:R -> {C, R} end.

test_catch() ->
    a = (catch throw(a)),
    {'EXIT', b} = (catch exit(b)),
    {'EXIT', {c, [_ | _]}} = (catch error(c)),
    d = (catch id(d)).

test_after() ->
    1 = try id(1) after put(ran, yes) end,
    yes = erase(ran),
    x = (catch try throw(x) after put(ran, again) end),
    again = erase(ran),
    y = (catch try throw(x) after throw(y) end).

test_nested() ->
    {outer, {inner, a}} = try try throw(a) catch throw:X -> throw({inner, X}) end catch throw:Y -> {outer, Y} end,
    b = try try throw(b) catch error:_ -> wrong end catch throw:Z -> Z end.

test_of() ->
    {ok, 1} = try id(1) of 1 -> {ok, 1} catch _:_ -> wrong end,
    {'EXIT', {{try_clause, 2}, _}} = (catch try id(2) of 1 -> one catch _:_ -> wrong end),
    {'EXIT', {raised_in_of, _}} = (catch try id(1) of 1 -> error(raised_in_of) catch _:_ -> wrong end).

test_raise() ->
    {badarith, S} = try id(a) + 1 catch error:R:T -> {R, T} end,
    {'EXIT', {badarith, S}} = (catch erlang:raise(error, badarith, S)).

test_stacktrace() ->
    S = try f(id(x)), ok catch error:badarg:T -> T end,
    [{erlang, hd, [x], [{error_info, _}]}, {?MODULE, f, 1, L} | _] = S,
    {file, _} = lists:keyfind(file, 1, L),
    {line, Line} = lists:keyfind(line, 1, L),
    true = is_integer(Line).

test_trace_depth() ->
    S = try a(30) catch error:bottom:T -> T end,
    8 = length(S),
    [a, b, a, b, a, b, a, b] = [F || {?MODULE, F, 1, _} <- S].

a(0) -> case id(0) of 0 -> error(bottom); X -> X end;
a(N) -> [b(N - 1)].
b(N) -> {a(N - 1)}.

test_kinds() ->
    [{badmatch, 1}, {case_clause, 1}, if_clause, function_clause, undef, badarg, badarith, {badfun, 1}, {badmap, 1}, {badkey, k}, timeout_value] =
        [try F(), none catch error:R -> R end
         || F <- [fun() -> 2 = id(1) end, fun() -> case id(1) of 2 -> x end end, fun() -> if node() =:= x -> x end end, fun() -> (fun(2) -> x end)(id(1)) end, fun() -> ?MODULE:nope() end,
                  fun() -> atom_to_list(id(1)) end, fun() -> id(a) * 2 end, fun() -> (id(1))() end, fun() -> (id(1))#{a => b} end, fun() -> map_get(k, id(#{})) end, fun() -> receive after id(x) -> ok end end]].

test_deep() ->
    500 = try_down(500),
    landed = (catch far(1000)).

try_down(0) -> 0;
try_down(N) -> try throw(try_down(N - 1)) catch throw:X -> X + 1 end.

far(0) -> throw(landed);
far(N) -> [far(N - 1)].

test_error_info() ->
    [{erlang, atom_to_list, [1], I} | _] = try atom_to_list(id(1)) catch _:_:S -> S end,
    {error_info, #{module := erl_erts_errors}} = lists:keyfind(error_info, 1, I),
    [{?MODULE, test_error_info, [x], J} | _] = try error(r, [x], [{error_info, #{cause => c}}]) catch _:_:T -> T end,
    {error_info, #{cause := c}} = lists:keyfind(error_info, 1, J).

test_values_kept() ->
    A = id([1]), B = id({2}), C = id(3.0),
    {[1], {2}, 3.0, {t, [1]}} = try throw({t, A}) catch throw:X -> erlang:garbage_collect(), {A, B, C, X} end.

test_raise_3() ->
    {'EXIT', {r, [{m, f, 1, []}]}} = (catch erlang:raise(error, r, [{m, f, 1, []}])),
    badarg = erlang:raise(id(bad), r, []),
    badarg = erlang:raise(error, r, id(x)).

test_no_catch() ->
    {P, M} = spawn_monitor(fun() -> throw(ball) end),
    receive {'DOWN', M, process, P, {{nocatch, ball}, [_ | _]}} -> ok end.
