%% SPDX-License-Identifier: Apache-2.0
%% Tracing of processes and calls.
%% run: timeout 60
-module(trace_t).
-compile(nowarn_export_all).
-compile(export_all).

%% Runs F with a process that collects trace messages; answers F's value and the messages, in order.
traced(F) ->
    Self = self(),
    Tracer = spawn_link(fun() -> collect(Self, []) end),
    Result = F(Tracer),
    Ref = erlang:trace_delivered(all),
    receive {trace_delivered, all, Ref} -> ok end,
    Tracer ! {take, Self},
    receive {Tracer, Messages} -> {Result, Messages} end.

collect(Owner, Seen) ->
    receive
        {take, Owner} -> Owner ! {self(), lists:reverse(Seen)};
        M -> collect(Owner, [M | Seen])
    end.

%% A process that runs what it is sent.
worker() ->
    spawn(fun work/0).

work() ->
    receive
        {run, From, F} -> From ! {self(), catch F()}, work();
        stop -> ok
    end.

run(P, F) ->
    P ! {run, self(), F},
    receive {P, V} -> V end.

stop(P) ->
    M = monitor(process, P),
    P ! stop,
    receive {'DOWN', M, _, _, _} -> ok end.

test_send_and_receive() ->
    P = worker(),
    Self = self(),
    {_, Ms} = traced(fun(T) ->
        1 = erlang:trace(P, true, [send, 'receive', {tracer, T}]),
        {flags, Flags} = erlang:trace_info(P, flags),
        ['receive', send] = lists:sort(Flags),
        {tracer, T} = erlang:trace_info(P, tracer),
        hello = run(P, fun() -> hello end),
        1 = erlang:trace(P, false, [all]),
        {flags, []} = erlang:trace_info(P, flags),
        {tracer, []} = erlang:trace_info(P, tracer)
    end),
    [{trace, P, 'receive', {run, Self, _}}, {trace, P, send, {P, hello}, Self}] = Ms,
    stop(P).

test_send_to_the_dead() ->
    P = worker(),
    {Dead, M} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', M, _, _, _} -> ok end,
    {_, Ms} = traced(fun(T) ->
        erlang:trace(P, true, [send, {tracer, T}]),
        run(P, fun() -> Dead ! boo end),
        erlang:trace(P, false, [send])
    end),
    [{trace, P, send_to_non_existing_process, boo, Dead}, {trace, P, send, _, _}] = Ms,
    stop(P).

test_procs() ->
    P = worker(),
    {Child, Ms} = traced(fun(T) ->
        erlang:trace(P, true, [procs, {tracer, T}]),
        C = run(P, fun() ->
            register(trace_t_name, self()),
            unregister(trace_t_name),
            C = spawn_link(?MODULE, work, []),
            unlink(C),
            C
        end),
        stop(P),
        C
    end),
    [{trace, P, register, trace_t_name}, {trace, P, unregister, trace_t_name},
     {trace, P, spawn, Child, {?MODULE, work, []}}, {trace, P, link, Child},
     {trace, P, unlink, Child}, {trace, P, exit, normal}] = Ms,
    stop(Child).

test_set_on_spawn() ->
    P = worker(),
    {C, Ms} = traced(fun(T) ->
        erlang:trace(P, true, [procs, set_on_spawn, {tracer, T}]),
        C = run(P, fun() -> spawn(?MODULE, work, []) end),
        {flags, Flags} = erlang:trace_info(C, flags),
        [procs, set_on_spawn] = lists:sort(Flags),
        stop(C),
        stop(P),
        C
    end),
    [{trace, P, spawn, C, {?MODULE, work, []}}, {trace, P, exit, normal}] = [M || M <- Ms, element(2, M) =:= P],
    [{trace, C, spawned, P, {?MODULE, work, []}}, {trace, C, exit, normal}] = [M || M <- Ms, element(2, M) =:= C].

test_tracer_dies() ->
    P = worker(),
    T = worker(),
    erlang:trace(P, true, [call, send, {tracer, T}]),
    stop(T),
    {tracer, []} = erlang:trace_info(P, tracer),
    {flags, []} = erlang:trace_info(P, flags),
    stop(P).

id(X) -> X.
twice(X) -> X + X.
local(X) -> local2(X) + 1.
local2(X) -> X * 2.
fail(X) -> hd(X).

calls(Pattern, Spec, Flags, Trace, F) ->
    P = worker(),
    {_, Ms} = traced(fun(T) ->
        erlang:trace(P, true, [call, {tracer, T} | Trace]),
        N = erlang:trace_pattern(Pattern, Spec, Flags),
        true = N > 0,
        run(P, F),
        erlang:trace(P, false, [all]),
        N = erlang:trace_pattern(Pattern, false, Flags)
    end),
    stop(P),
    [setelement(2, M, pid) || M <- Ms, element(2, M) =:= P].

test_global_calls() ->
    [{trace, pid, call, {?MODULE, twice, [21]}}] =
        calls({?MODULE, twice, 1}, true, [global], [], fun() -> twice(1), ?MODULE:twice(21) end),
    [{trace, pid, call, {?MODULE, twice, 1}}] =
        calls({?MODULE, twice, 1}, true, [], [arity], fun() -> apply(?MODULE, twice, [2]) end).

test_local_calls() ->
    [{trace, pid, call, {?MODULE, local, [3]}}, {trace, pid, call, {?MODULE, local2, [3]}}] =
        [M || {_, _, _, {_, F, _}} = M <- calls({?MODULE, '_', '_'}, true, [local], [], fun() -> ?MODULE:local(3) end),
              lists:member(F, [local, local2])],
    [{trace, pid, call, {?MODULE, local2, [4]}}] =
        calls({?MODULE, local2, 1}, true, [local], [], fun() -> local(4) end).

test_return_trace() ->
    [{trace, pid, call, {?MODULE, local, [3]}}, {trace, pid, call, {?MODULE, local2, [3]}},
     {trace, pid, return_from, {?MODULE, local2, 1}, 6}, {trace, pid, return_from, {?MODULE, local, 1}, 7}] =
        [M || M <- calls({?MODULE, '_', '_'}, [{'_', [], [{return_trace}]}], [local], [], fun() -> ?MODULE:local(3) end),
              lists:member(element(2, element(4, M)), [local, local2])].

test_exception_trace() ->
    [{trace, pid, call, {?MODULE, fail, [[]]}}, {trace, pid, exception_from, {?MODULE, fail, 1}, {error, badarg}}] =
        calls({?MODULE, fail, 1}, [{'_', [], [{exception_trace}]}], [local], [], fun() -> ?MODULE:fail([]) end).

test_return_to() ->
    [{trace, pid, call, {?MODULE, local2, [1]}}, {trace, pid, return_to, {?MODULE, local, 1}}] =
        calls({?MODULE, local2, 1}, true, [local], [return_to], fun() -> ?MODULE:local(1) end).

test_built_ins() ->
    [{trace, pid, call, {erlang, list_to_atom, ["a"]}}, {trace, pid, return_from, {erlang, list_to_atom, 1}, a},
     {trace, pid, call, {erlang, list_to_atom, ["b"]}}, {trace, pid, return_from, {erlang, list_to_atom, 1}, b}] =
        calls({erlang, list_to_atom, 1}, [{'_', [], [{return_trace}]}], [], [], fun() ->
            a = list_to_atom(id("a")),
            b = apply(id(erlang), list_to_atom, ["b"])
        end).

test_match_spec() ->
    [{trace, pid, call, {?MODULE, twice, [5]}, {five, ?MODULE}}] =
        calls({?MODULE, twice, 1}, [{['$1'], [{'>', '$1', 4}], [{message, {{five, {const, ?MODULE}}}}]}], [local], [],
              fun() -> twice(1), twice(5) end).

test_caller() ->
    [{trace, pid, call, {?MODULE, local2, [1]}, {?MODULE, local, 1}}] =
        calls({?MODULE, local2, 1}, [{'_', [], [{message, {caller}}]}], [local], [], fun() -> ?MODULE:local(1) end).

test_silent() ->
    [{trace, pid, call, {?MODULE, twice, [1]}}, {trace, pid, call, {?MODULE, twice, [3]}}] =
        calls({?MODULE, twice, 1},
              [{[2], [], [{silent, true}]}, {[3], [], [{silent, false}]}, {'_', [], []}], [local], [],
              fun() -> twice(1), twice(2), twice(1), twice(3) end).

test_meta_trace() ->
    {_, Ms} = traced(fun(T) ->
        1 = erlang:trace_pattern({?MODULE, twice, 1}, [{'_', [], [{return_trace}]}], [{meta, T}]),
        {meta, T} = erlang:trace_info({?MODULE, twice, 1}, meta),
        ?MODULE:twice(4),
        1 = erlang:trace_pattern({?MODULE, twice, 1}, false, [meta])
    end),
    Self = self(),
    [{trace_ts, Self, call, {?MODULE, twice, [4]}, {_, _, _}}, {trace_ts, Self, return_from, {?MODULE, twice, 1}, 8, {_, _, _}}] = Ms.

test_call_count() ->
    F = {?MODULE, twice, 1},
    1 = erlang:trace_pattern(F, true, [call_count]),
    [twice(N) || N <- lists:seq(1, 10)],
    {call_count, 10} = erlang:trace_info(F, call_count),
    1 = erlang:trace_pattern(F, pause, [call_count]),
    twice(1),
    {call_count, 10} = erlang:trace_info(F, call_count),
    1 = erlang:trace_pattern(F, restart, [call_count]),
    twice(1),
    {call_count, 1} = erlang:trace_info(F, call_count),
    1 = erlang:trace_pattern(F, false, [call_count]),
    {call_count, false} = erlang:trace_info(F, call_count).

test_call_time() ->
    F = {?MODULE, twice, 1},
    Self = self(),
    T = worker(),
    erlang:trace(self(), true, [call, {tracer, T}]),
    1 = erlang:trace_pattern(F, true, [call_time]),
    [?MODULE:twice(N) || N <- lists:seq(1, 10)],
    {call_time, [{Self, 10, 0, _}]} = erlang:trace_info(F, call_time),
    1 = erlang:trace_pattern(F, false, [call_time]),
    erlang:trace(self(), false, [all]),
    stop(T).

test_timestamps() ->
    P = worker(),
    {_, Ms} = traced(fun(T) ->
        [begin
             erlang:trace(P, true, [send, Kind, {tracer, T}]),
             run(P, fun() -> Kind end),
             erlang:trace(P, false, [all])
         end || Kind <- [timestamp, monotonic_timestamp, strict_monotonic_timestamp]]
    end),
    [{trace_ts, P, send, _, _, {A, B, C}}, {trace_ts, P, send, _, _, M}, {trace_ts, P, send, _, _, {M2, U}}] = Ms,
    true = lists:all(fun is_integer/1, [A, B, C, M, M2, U]),
    stop(P).

test_running_and_collecting() ->
    P = worker(),
    {_, Ms} = traced(fun(T) ->
        erlang:trace(P, true, [running, garbage_collection, {tracer, T}]),
        run(P, fun() -> erlang:garbage_collect(), ok end),
        run(P, fun() -> ok end),
        erlang:trace(P, false, [all])
    end),
    [_ | _] = [x || {trace, _, in, {?MODULE, work, 0}} <- Ms],
    [_ | _] = [I || {trace, _, gc_major_start, I} <- Ms, is_list(I)],
    [_ | _] = [I || {trace, _, gc_major_end, I} <- Ms, is_list(I)],
    stop(P).

test_message_patterns() ->
    P = worker(),
    {_, Ms} = traced(fun(T) ->
        1 = erlang:trace_pattern(send, [{['_', {'_', yes}], [], []}], []),
        erlang:trace(P, true, [send, {tracer, T}]),
        run(P, fun() -> no end),
        run(P, fun() -> yes end),
        erlang:trace(P, false, [all]),
        1 = erlang:trace_pattern(send, true, [])
    end),
    [{trace, P, send, {P, yes}, _}] = Ms,
    stop(P).

test_sequential() ->
    P = worker(),
    Self = self(),
    {_, Ms} = traced(fun(T) ->
        false = seq_trace:set_system_tracer(T),
        seq_trace:set_token(label, 17),
        seq_trace:set_token(send, true),
        seq_trace:set_token('receive', true),
        seq_trace:set_token(print, true),
        run(P, fun() -> seq_trace:print(17, here) end),
        seq_trace:set_token([]),
        T = seq_trace:set_system_tracer(false)
    end),
    [{seq_trace, 17, {send, {0, 1}, Self, P, {run, Self, _}}}, {seq_trace, 17, {'receive', {0, 1}, Self, P, _}},
     {seq_trace, 17, {print, {1, 2}, P, [], here}}, {seq_trace, 17, {send, {1, 3}, P, Self, _}},
     {seq_trace, 17, {'receive', {1, 3}, P, Self, _}}] = Ms,
    [] = seq_trace:get_token(),
    stop(P).

test_debug_breakpoint() ->
    1 = erts_debug:breakpoint({?MODULE, twice, 1}, true),
    process_flag(error_handler, ?MODULE),
    handled = ?MODULE:twice(1),
    process_flag(error_handler, error_handler),
    1 = erts_debug:breakpoint({?MODULE, twice, 1}, false),
    2 = ?MODULE:twice(1).

breakpoint(?MODULE, twice, [1]) -> handled.
undefined_function(M, F, As) -> error_handler:undefined_function(M, F, As).
undefined_lambda(M, F, As) -> error_handler:undefined_lambda(M, F, As).

%% Patterns come and go while others run the code.
test_patterns_under_load() ->
    Ps = [spawn_link(fun Loop() -> twice(1), ?MODULE:twice(2), Loop() end) || _ <- lists:seq(1, 4)],
    [begin
         erlang:trace_pattern({?MODULE, twice, 1}, true, [Kind]),
         erlang:yield(),
         erlang:trace_pattern({?MODULE, twice, 1}, false, [Kind])
     end || _ <- lists:seq(1, 20), Kind <- [local, call_count, global]],
    [begin M = monitor(process, P), unlink(P), exit(P, kill), receive {'DOWN', M, _, _, _} -> ok end end || P <- Ps],
    2 = twice(1).

%% A port of trace_file_drv as tracer: what dbg:trace_port(file, ...) opens.
test_trace_file() ->
    File = filename:join(filename:dirname(code:which(?MODULE)), "trace_t." ++ os:getpid()),
    catch erl_ddll:load_driver(filename:join(code:priv_dir(runtime_tools), "lib"), "trace_file_drv"),
    Port = open_port({spawn, "trace_file_drv n " ++ filename:absname(File)}, [eof]),
    P = worker(),
    1 = erlang:trace(P, true, [send, {tracer, Port}]),
    {tracer, Port} = erlang:trace_info(P, tracer),
    run(P, fun() -> logged end),
    1 = erlang:trace(P, false, [all]),
    _ = erlang:port_control(Port, $f, ""),
    true = port_close(Port),
    {ok, <<0, Size:32, Term:Size/binary>>} = file:read_file(File),
    ok = file:delete(File),
    Self = self(),
    {trace, P, send, {P, logged}, Self} = binary_to_term(Term),
    stop(P).

%% What a sensitive process sends, and what it is told when a linked one ends, stays out of a sequential trace.
test_ends_are_no_news_to_sensitive_processes() ->
    Me = self(),
    Tracer = spawn(fun() -> receive stop -> ok end end),
    Before = seq_trace:set_system_tracer(Tracer),
    false = process_flag(sensitive, true),
    Echo = spawn_link(fun() -> receive {From, M} -> From ! {reply, M} end end),
    [seq_trace:set_token(What, How) || {What, How} <- [{label, 17}, {send, true}, {'receive', true}]],
    Echo ! {Me, hello},
    receive {reply, hello} -> ok end,
    receive after 50 -> ok end,
    seq_trace:set_token([]),
    true = process_flag(sensitive, false),
    {messages, Messages} = process_info(Tracer, messages),
    [{seq_trace, 17, {'receive', _, Me, Echo, {Me, hello}}}, {seq_trace, 17, {send, _, Echo, Me, {reply, hello}}}] = Messages,
    seq_trace:set_system_tracer(Before),
    Tracer ! stop,
    ok.

%% A version that never becomes current, since its on_load function fails, takes the patterns of the current one away.
test_patterns_go_with_on_load() ->
    M = trace_t_loaded,
    Compiled = fun(More) ->
                       {ok, M, B} = compile:forms([{attribute, 1, module, M}, {attribute, 1, export, [{a, 0}]} | More] ++
                                                  [{function, 1, a, 0, [{clause, 1, [], [], [{atom, 1, a}]}]}]),
                       B
               end,
    Failing = Compiled([{attribute, 1, on_load, {f, 0}}, {function, 1, f, 0, [{clause, 1, [], [], [{atom, 1, failed}]}]}]),
    {module, M} = code:load_binary(M, "", Compiled([])),
    {_, Messages} = traced(fun(Tracer) ->
        1 = erlang:trace_pattern({M, a, 0}, true, []),
        erlang:trace(self(), true, [call, {tracer, Tracer}]),
        a = M:a(),
        {error, on_load_failure} = code:load_binary(M, "", Failing),
        a = M:a(),
        erlang:trace(self(), false, [call])
    end),
    [{trace, _, call, {M, a, []}}] = Messages,
    true = code:delete(M),
    code:purge(M).
