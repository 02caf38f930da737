%% SPDX-License-Identifier: Apache-2.0
%% process_flag(save_calls, N) and process_info(P, last_calls).
-module(saved_calls_t).
-export([test_calls/0, test_messages/0, test_ring/0, test_off_and_on/0, test_sensitive/0, test_others/0, test_running/0, test_traced/0,
         test_loaded_meanwhile/0, test_purged/0, test_errors/0, test_waiting_built_in/0, test_crowd/0]).
-export([id/1, twice/1, spin/0, local/1]).

%% What a fresh process that keeps n calls notes of f, without the question for it.
noted(N, F) ->
    {P, M} = spawn_monitor(fun() -> 0 = keep(N), F(), exit({calls, asked(self())}) end),
    receive {'DOWN', M, process, P, {calls, Calls}} -> Calls = lists:flatten([Calls]) end.

asked(P) when P =:= self() ->
    {last_calls, Calls} = process_info(P, last_calls),
    {erlang, process_info, 2} = lists:last(Calls),
    lists:droplast(Calls);
asked(P) -> element(2, process_info(P, last_calls)).

%% It counts from the next call that costs a reduction at the latest.
keep(N) ->
    Before = process_flag(save_calls, N),
    local(Before).

local(X) -> X.
id(X) -> X.
twice(X) -> [?MODULE:id(X), ?MODULE:id(X)].
opaque(X) -> hd([X | self()]).

test_calls() ->
    [{?MODULE, twice, 1}, {?MODULE, id, 1}, {?MODULE, id, 1}] = noted(10, fun() -> ?MODULE:twice(1) end),
    %% Local calls and funs are none, funs of other modules are; nor are guards, and what is an instruction.
    [{?MODULE, id, 1}] = noted(10, fun() -> local(1), F = fun local/1, F(2), G = opaque(fun ?MODULE:id/1), G(3) end),
    [{?MODULE, id, 1}] = noted(10, fun() -> X = ?MODULE:id([1]), {length(X), hd(X), hd(X) + 1, self()} end),
    %% Whoever applies calls what is applied.
    [{?MODULE, id, 1}, {?MODULE, id, 1}, {?MODULE, id, 1}, {erlang, phash2, 1}] =
        noted(10, fun() ->
            M = opaque(?MODULE),
            M:id(1), apply(M, opaque(id), opaque([2])), apply(opaque(fun ?MODULE:id/1), [3]), apply(erlang, opaque(phash2), opaque([4]))
        end),
    %% Built-ins, and what the library calls.
    [{erlang, put, 2}, {lists, map, 2}, {?MODULE, id, 1}, {?MODULE, id, 1}, {lists, reverse, 1}, {lists, reverse, 2}] =
        noted(10, fun() -> put(a, 1), lists:map(fun ?MODULE:id/1, opaque([1, 2])), lists:reverse(opaque([1, 2, 3])) end),
    [{?MODULE, nofun, 1}, {error_handler, undefined_function, 3} | _] = noted(100, fun() -> catch ?MODULE:nofun(1) end),
    [{erlang, list_to_atom, 1}, {erlang, throw, 1}] = noted(10, fun() -> catch list_to_atom(opaque(1)), catch throw(opaque(x)) end),
    %% A native function of a library.
    [{prim_file, get_cwd, 0} | _] = noted(10, fun() -> prim_file:get_cwd() end),
    ok.

test_messages() ->
    [{erlang, send, 2}, send, {erlang, send, 2}, send, {erlang, send, 3}, send, 'receive', 'receive', 'receive', timeout, timeout] =
        noted(20, fun() ->
            self() ! a, erlang:send(self(), b), erlang:send(self(), c, []),
            receive a -> ok end, receive b -> ok end, receive c -> ok after 0 -> ok end,
            receive x -> ok after 0 -> ok end, receive x -> ok after 1 -> ok end
        end),
    [{erlang, send, 2}, send] = noted(20, fun() -> catch nobody_has_this_name ! x end),
    [{erlang, send, 2}] = noted(20, fun() -> {a, opaque('x@y')} ! m end),
    Me = self(),
    Port = open_port({spawn, "cat"}, []),
    [{erlang, send, 2}, send] = noted(20, fun() -> Port ! {Me, {command, "x"}} end),
    port_close(Port),
    ok.

%% The last n, oldest first.
test_ring() ->
    Calls = fun(N) -> lists:foldl(fun(F, _) -> F() end, x, lists:duplicate(N, fun() -> ?MODULE:id(1) end)), put(last, 1) end,
    Id = {?MODULE, id, 1},
    %% The question is one of them.
    [] = noted(1, fun() -> Calls(5) end),
    [{erlang, put, 2}] = noted(2, fun() -> Calls(5) end),
    [Id, Id, {erlang, put, 2}] = noted(4, fun() -> Calls(5) end),
    Long = noted(10000, fun() -> Calls(20000) end),
    9999 = length(Long),
    {erlang, put, 2} = lists:last(Long),
    9998 = length([x || X <- Long, X =:= Id]),
    ok.

test_off_and_on() ->
    {last_calls, false} = process_info(self(), last_calls),
    0 = keep(10),
    ?MODULE:id(1),
    [{?MODULE, id, 1}] = asked(self()),
    10 = process_flag(save_calls, 5),  % forgets
    [] = asked(self()),
    5 = process_flag(save_calls, 0),
    {last_calls, false} = process_info(self(), last_calls),
    ?MODULE:id(1),
    0 = process_flag(save_calls, 0),
    0 = keep(10),
    ?MODULE:id(1),
    [{?MODULE, id, 1}] = asked(self()),
    10 = process_flag(self(), save_calls, 0),
    false = lists:keymember(last_calls, 1, process_info(self())),
    ok.

test_sensitive() ->
    [{erlang, process_flag, 2}, {?MODULE, id, 1}] =
        noted(20, fun() ->
            process_flag(sensitive, true), ?MODULE:twice(1), self() ! x, receive x -> ok end, receive after 0 -> ok end,
            process_flag(sensitive, false), ?MODULE:id(2)
        end),
    ok.

server() ->
    receive
        {call, From, F} -> F(), From ! {done, self()}, server()
    end.

test_others() ->
    P = spawn_link(fun server/0),
    Call = fun(F) -> P ! {call, self(), F}, receive {done, P} -> ok end, wait_until_waiting(P) end,
    Call(fun() -> ok end),
    0 = process_flag(P, save_calls, 10),
    {last_calls, []} = process_info(P, last_calls),
    Call(fun() -> ?MODULE:twice(1) end),
    ['receive', {?MODULE, twice, 1}, {?MODULE, id, 1}, {?MODULE, id, 1}, {erlang, send, 2}, send] = asked(P),
    [{last_calls, [_ | _]}, {status, waiting}] = process_info(P, [last_calls, status]),
    10 = process_flag(P, save_calls, 3),
    [] = asked(P),
    Call(fun() -> ?MODULE:id(1) end),
    [{?MODULE, id, 1}, {erlang, send, 2}, send] = asked(P),
    3 = process_flag(P, save_calls, 0),
    {last_calls, false} = process_info(P, last_calls),
    unlink(P),
    exit(P, kill),
    ok.

wait_until_waiting(P) ->
    case process_info(P, status) of
        {status, waiting} -> ok;
        _ -> erlang:yield(), wait_until_waiting(P)
    end.

spin() -> ?MODULE:id(1), spin().

test_running() ->
    P = spawn_link(fun spin/0),
    0 = process_flag(P, save_calls, 5),
    timer:sleep(50),
    Calls = asked(P),
    5 = length(Calls),
    [{?MODULE, id, 1}] = lists:usort(Calls),
    5 = process_flag(P, save_calls, 0),
    {last_calls, false} = process_info(P, last_calls),
    unlink(P),
    exit(P, kill),
    ok.

%% Breakpoints set before, and while calls are kept; and they go on when nobody keeps them any more.
test_traced() ->
    Me = self(),
    Tracer = spawn_link(fun Loop() -> receive {get, From} -> From ! {events, self()}; E -> Me ! {event, E} end, Loop() end),
    Run = fun() ->
        [{?MODULE, id, 1}, {erlang, phash2, 1}] = noted(10, fun() ->
            erlang:trace(self(), true, [call, {tracer, Tracer}]), process_flag(save_calls, 10), local(1),
            ?MODULE:id(a), erlang:phash2(b)
        end),
        [receive {event, {trace, _, call, {_, _, [X]}}} -> X after 1000 -> none end || _ <- "12"]
    end,
    1 = erlang:trace_pattern({?MODULE, id, 1}, true, []),
    1 = erlang:trace_pattern({erlang, phash2, 1}, true, []),
    [a, b] = Run(),
    [a, b] = Run(),
    0 = keep(5),
    1 = erlang:trace_pattern({?MODULE, id, 1}, true, [local]),
    [a, b] = Run(),
    1 = erlang:trace_pattern({?MODULE, id, 1}, false, [local]),
    1 = erlang:trace_pattern({erlang, phash2, 1}, false, []),
    1 = erlang:trace_pattern({erlang, phash2, 1}, true, []),
    1 = erlang:trace_pattern({?MODULE, id, 1}, true, []),
    [a, b] = Run(),
    5 = process_flag(save_calls, 0),
    [a, b] = Run(),
    1 = erlang:trace_pattern({?MODULE, id, 1}, false, []),
    1 = erlang:trace_pattern({erlang, phash2, 1}, false, []),
    unlink(Tracer),
    exit(Tracer, kill),
    ok.

module(Name, Answer) ->
    {ok, Name, Code} = compile:forms([{attribute, 1, module, Name}, {attribute, 1, export, [{f, 0}]},
                                      {function, 1, f, 0, [{clause, 1, [], [], [{integer, 1, Answer}]}]}]),
    Code.

test_loaded_meanwhile() ->
    M = saved_calls_made,
    [One, Two] = [module(M, X) || X <- [1, 2]],
    [] = [X || {F, _, _} = X <- noted(1000, fun() ->
        {module, M} = code:load_binary(M, "one", One), 1 = M:f(),
        {module, M} = code:load_binary(M, "two", Two), 2 = M:f(), true = code:soft_purge(M), 2 = M:f() end), F =:= nobody],
    3 = length([x || {F, f, 0} <- noted(1000, fun() -> 2 = M:f(), 2 = M:f(), 2 = M:f() end), F =:= M]),
    2 = M:f(),
    ok.

%% A function that is gone again is called as one that never was.
test_purged() ->
    M = saved_calls_gone,
    {module, M} = code:load_binary(M, "gone", module(M, 1)),
    [{M, f, 0}] = noted(10, fun() -> M:f() end),
    0 = keep(5),
    true = code:delete(M),
    {'EXIT', {undef, _}} = catch M:f(),
    5 = process_flag(save_calls, 0),
    {'EXIT', {undef, _}} = catch M:f(),
    _ = code:purge(M),
    {'EXIT', {undef, _}} = catch M:f(),
    ok.

test_errors() ->
    [{'EXIT', {badarg, [{erlang, process_flag, [save_calls, V], _} | _]}} = catch process_flag(save_calls, V) || V <- [-1, 10001, x, 1 bsl 64]],
    P = spawn(fun() -> ok end),
    M = monitor(process, P),
    receive {'DOWN', M, process, P, _} -> ok end,
    {'EXIT', {badarg, _}} = catch process_flag(P, save_calls, 10),
    {'EXIT', {badarg, _}} = catch process_flag(self(), save_calls, -1),
    0 = process_flag(save_calls, 10000),
    10000 = process_flag(save_calls, 0),
    ok.

%% One call, however often it has to wait or starts again.
test_waiting_built_in() ->
    P = spawn_link(fun server/0),
    Calls = noted(100, fun() -> [process_info(P, message_queue_len) || _ <- "12345"], garbage_collect(P), is_process_alive(P) end),
    5 = length([x || {erlang, process_info, 2} <- Calls]),
    1 = length([x || {erlang, garbage_collect, 1} <- Calls]),
    1 = length([x || {erlang, is_process_alive, 1} <- Calls]),
    unlink(P),
    exit(P, kill),
    ok.

%% Many begin and end at the same time, and end without saying so.
test_crowd() ->
    Ps = [spawn_monitor(fun() ->
              [begin
                   keep(3),
                   ?MODULE:twice(I),
                   [{?MODULE, id, 1}, {?MODULE, id, 1}] = asked(self()),
                   I rem 3 =:= 0 andalso process_flag(save_calls, 0)
               end || I <- lists:seq(1, 30)],
              N rem 2 =:= 0 andalso exit(done)
          end) || N <- lists:seq(1, 100)],
    Reasons = [receive {'DOWN', M, process, P, R} -> R end || {P, M} <- Ps],
    [done, normal] = lists:usort(Reasons),
    {last_calls, false} = process_info(self(), last_calls),
    ok.
