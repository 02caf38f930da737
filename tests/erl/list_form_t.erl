%% SPDX-License-Identifier: Apache-2.0
%% lists:sort/1, usort/1, keysort/2 and ukeysort/2 against a definition of what they answer: the machine has native forms of them.
-module(list_form_t).
-export([test_sort/0, test_usort/0, test_keysort/0, test_ukeysort/0, test_orders/0, test_long/0, test_unlike_equals/0, test_unlike_long/0, test_errors/0, test_traced/0, test_traced_inside/0,
         test_traced_outside/0, test_loaded_anew/0, test_shown/0, test_killed/0, id/1]).

id(X) -> X.

%% --- definitions: insertion, equal elements keep their order. sort/1 and keysort/2 do not always keep that of 1 and 1.0: see test_unlike_equals.
insert(_, X, []) -> [X];
insert(K, X, [Y | T] = L) -> case K(Y) > K(X) of true -> [X | L]; false -> [Y | insert(K, X, T)] end.

sorted(K, L) -> lists:foldl(fun(X, S) -> insert(K, X, S) end, [], L).

firsts(K, [X, Y | T]) -> case K(X) == K(Y) of true -> firsts(K, [X | T]); false -> [X | firsts(K, [Y | T])] end;
firsts(_, L) -> L.

same(A, B) -> true = A =:= B.

%% Whether a list has elements that are equal and not the same.
unlike(L) -> has_unlike(sorted(fun(X) -> X end, L)).

has_unlike([X, Y | T]) -> (X == Y andalso term_to_binary(X) =/= term_to_binary(Y)) orelse has_unlike([Y | T]);
has_unlike(_) -> false.

check(L) ->
    K = fun(X) -> X end,
    S = sorted(K, L),
    unlike(L) orelse same(S, lists:sort(id(L))),
    same(firsts(K, S), lists:usort(id(L))).

check_keyed(L) ->
    [begin
         K = fun(T) -> element(I, T) end,
         S = sorted(K, L),
         unlike(L) orelse same(S, lists:keysort(id(I), L)),
         same(firsts(K, S), lists:ukeysort(I, id(L)))
     end || I <- [1, 2]].

random(N, Of) -> [lists:nth(rand:uniform(length(Of)), Of) || _ <- lists:seq(1, N)].

kinds() ->
    [lists:seq(-50, 50), [1, 1.0, 2, 2.0, -1, -1.0, 0, 0.0, -0.0], [a, b, c, 'A', '', undefined], ["abc", "ab", "abcd", "", "abc" ++ [1.0], "abc" ++ [1]],
     [1 bsl 70, -(1 bsl 70), 1 bsl 59, -(1 bsl 59) - 1, 1.0e30, 5], [{1, a}, {1.0, a}, {1, b}, {a, a}, {}, {1}, {1, a, []}],
     [<<>>, <<1>>, <<1:3>>, #{}, #{a => 1}, #{a => 1.0}, #{1.0 => x}, #{1 => x}, self(), make_ref(), fun id/1, [], [1 | 2], {x, [y]}],
     [I * 1000003 || I <- lists:seq(-300, 300)]].

sizes() -> [0, 1, 2, 3, 5, 8, 9, 17, 40, 100].

test_sort() -> [check(random(N, Of)) || Of <- kinds(), N <- sizes(), _ <- lists:seq(1, 5)], ok.

test_usort() -> [check(random(N, lists:append(kinds()))) || N <- sizes(), _ <- lists:seq(1, 10)], ok.

pairs(N, Of) -> [{X, Y} || X <- random(N, Of), Y <- random(1, lists:seq(1, 9))].

test_keysort() -> [check_keyed(pairs(N, Of)) || Of <- kinds(), N <- sizes()], ok.

test_ukeysort() -> [check_keyed(pairs(N, lists:append(kinds()))) || N <- sizes(), _ <- lists:seq(1, 5)], ok.

test_orders() ->
    Up = lists:seq(1, 300),
    check(Up),
    check(lists:reverse(Up)),
    check(lists:reverse(Up) ++ Up),
    check(lists:append([lists:seq(I, I + 20) || I <- lists:seq(1, 200, 7)])),
    check(lists:duplicate(100, a)),
    check([[X] || X <- lists:reverse(Up)]).

%% Those of 100,000 elements and more are sorted on a dirty scheduler.
test_long() ->
    N = girder_size:scaled(150000),
    L = [(I * 7919) rem (N + 1) || I <- lists:seq(1, N)],
    same(lists:seq(1, N), lists:sort(L)),
    same(lists:seq(1, N), lists:usort(L ++ L)),
    garbage_collect(),
    same([{I, [I]} || I <- lists:seq(1, N)], lists:keysort(1, [{I, [I]} || I <- L])),
    same([{I, a} || I <- lists:seq(1, N)], lists:ukeysort(1, [{I, V} || V <- [a, b], I <- L])).

%% Seen on OTP 25.
test_unlike_equals() ->
    [0.0, 0, 2.0, 2.0, 2] = lists:sort(id([2, 0, 2.0, 0.0, 2.0])),
    "[-0.0,-0.0,0.0]" = lists:flatten(io_lib:write(lists:sort(id([-0.0, -0.0, 0.0])))),
    [{-1.0, 7}, {2, 9}, {2.0, 9}, {2, 4}, {2, 3}] = lists:keysort(1, id([{2.0, 9}, {2, 9}, {-1.0, 7}, {2, 4}, {2, 3}])),
    [{[0]}, {[0.0]}, {[1.0]}] = lists:sort(id([{[1.0]}, {[0]}, {[0.0]}])),
    [1, 2.0] = lists:usort(id([2.0, 1, 2, 1.0])),
    ok.

test_unlike_long() ->
    N = girder_size:scaled(60000),
    L = [X || I <- lists:seq(1, N), X <- [I, I * 1.0]],
    {S1, S2} = {lists:sort(id(L)), lists:sort(fun(A, B) -> A =< B end, L)},
    true = S1 == S2,
    true = lists:sort(fun erlang:'=<'/2, S1) == S1,
    L2 = [{200000, a}, {200000.0, a} | [{I, a} || I <- lists:seq(N, 2, -1)]],
    {200000, a} = lists:last(lists:keysort(1, id(L2))),
    N = length(lists:usort(id(L))),
    ok.

test_errors() ->
    {function_clause, [{lists, sort, [x], _} | _]} = caught(fun() -> lists:sort(id(x)) end),
    {function_clause, [{lists, usort, [x], _} | _]} = caught(fun() -> lists:usort(id(x)) end),
    {function_clause, [{lists, F, _, _} | _]} = caught(fun() -> lists:sort(id([b, a | c])) end),
    true = F =/= sort,
    {function_clause, _} = caught(fun() -> lists:keysort(id(0), [{a}, {b}]) end),
    {function_clause, _} = caught(fun() -> lists:keysort(id(a), [{a}, {b}]) end),
    {badarg, [{erlang, element, [2, {b}], _} | _]} = caught(fun() -> lists:keysort(id(2), [{b}, {a}]) end),
    {badarg, _} = caught(fun() -> lists:ukeysort(id(1), [{b}, {a}, x]) end),
    [x] = lists:keysort(1, id([x])),
    [x] = lists:sort(id([x])),
    [] = lists:usort(id([])),
    {function_clause, _} = caught(fun() -> lists:sort(lists:seq(girder_size:scaled(200000), 1, -1) ++ id(x)) end),
    ok.

caught(F) -> try F() catch error:R:S -> {R, S} end.

%% What a tracer is told while F runs.
traced(Functions, F) ->
    Self = self(),
    {P, M} = spawn_monitor(fun() -> receive go -> ok end, F(), Self ! {done, self()} end),
    [erlang:trace_pattern(Mfa, true, How) || {Mfa, How} <- Functions],
    erlang:trace(P, true, [call, {tracer, self()}]),
    P ! go,
    receive {done, P} -> ok end,
    receive {'DOWN', M, process, P, normal} -> ok end,
    [erlang:trace_pattern(Mfa, false, How) || {Mfa, How} <- Functions],
    calls(P).

calls(P) -> receive {trace, P, call, {lists, F, _} = Mfa} -> [{F, Mfa} | calls(P)] after 100 -> [] end.

test_traced() ->
    [{sort, {lists, sort, [[3, 1, 2]]}}, {usort, {lists, usort, [[2, 1]]}}] =
        traced([{{lists, sort, 1}, [global]}, {{lists, usort, 1}, [global]}], fun() -> lists:sort(id([3, 1, 2])), lists:usort(id([2, 1])) end).

%% Whoever traces what the functions call sees it, before and after others called them untraced.
test_traced_inside() ->
    F = fun() -> lists:sort(id([5, 3, 1, 2, 4])) end,
    Inside = {{lists, '_', '_'}, [local]},
    F(),
    [sort | [_ | _] = Others] = [Name || {Name, _} <- traced([Inside], F)],
    false = lists:member(sort, Others),
    [] = traced([], F),
    [sort, _ | _] = [Name || {Name, _} <- traced([Inside], F)],
    ok.

test_traced_outside() -> [{reverse, _} | _] = traced([{{lists, reverse, 2}, [global]}], fun() -> lists:sort(id([5, 3, 1, 2, 4, 9, 7])) end), ok.

%% Another version of the module is what it is.
test_loaded_anew() ->
    {lists, Stock, _} = code:get_object_code(lists),
    {ok, {_, [{abstract_code, {raw_abstract_v1, Forms}}]}} = beam_lib:chunks(Stock, [abstract_code]),
    Other = [case F of
                 {function, L, sort, 1, _} -> {function, L, sort, 1, [{clause, L, [{var, L, '_'}], [], [{atom, L, mine}]}]};
                 _ -> F
             end || F <- Forms],
    {ok, lists, Binary} = compile:forms(Other, [nowarn_unused_function]),
    {ok, Peer, _} = peer:start(#{connection => standard_io}),
    Load = fun(B) ->
                   {module, lists} = peer:call(Peer, code, load_binary, [lists, "lists.beam", B]),
                   peer:call(Peer, code, purge, [lists])
           end,
    true = peer:call(Peer, code, unstick_mod, [lists]),
    [1, 2] = peer:call(Peer, lists, sort, [[2, 1]]),
    Load(Binary),
    mine = peer:call(Peer, lists, sort, [[2, 1]]),
    Load(Stock),
    [1, 2] = peer:call(Peer, lists, sort, [[2, 1]]),
    peer:stop(Peer).

%% Somebody who looks at a process that sorts sees it in lists.
test_shown() ->
    L = [(I * 7919) rem 1000003 || I <- lists:seq(1, girder_size:scaled(400000))],
    P = spawn(fun F() -> lists:sort(L), F() end),
    girder_wait:until(fun() -> element(1, element(2, process_info(P, current_function))) =:= lists end),
    [_ | _] = element(2, process_info(P, current_stacktrace)),
    exit(P, kill),
    ok.

test_killed() ->
    L = [(I * 7919) rem 1000003 || I <- lists:seq(1, girder_size:scaled(200000))],
    [begin
         {P, M} = spawn_monitor(fun F() -> lists:keysort(1, [{X, x} || X <- L]), F() end),
         timer:sleep(T),
         exit(P, kill),
         receive {'DOWN', M, process, P, killed} -> ok end
     end || T <- [10, 50, 100, 130]],
    ok.
