%% SPDX-License-Identifier: Apache-2.0
%%
%% Internal states that tests set: numbers of pids and of strictly growing integers; and a dump that may not become large.
%% run: alone
-module(hooks_t).
-export([test_monotonic_integers_at_their_limits/0, test_next_pid/0, test_crash_dump_bytes/0, test_halt_once/0, test_halt_writes_to_a_pipe/0, test_halt_writes_to_a_socket/0, test_halt_without_reader/0, test_no_collection/0, test_end_without_collection/0, test_system_task/0,
         test_blocked_signals/0, test_chained_timers/0, test_dump_of_a_broken_machine/0]).

set(What, Value) -> erts_debug:set_internal_state(available_internal_state, true), erts_debug:set_internal_state(What, Value).

state(What) -> erts_debug:set_internal_state(available_internal_state, true), erts_debug:get_internal_state(What).

test_monotonic_integers_at_their_limits() ->
    Min = state(min_unique_monotonic_integer),
    Min = -(1 bsl 59),
    Was = state(unique_monotonic_integer_state),
    [begin
         true = erts_debug:set_internal_state(unique_monotonic_integer_state, N - Min - 1),
         Want = [N + I || I <- [0, 1, 2, 3]],
         Want = [erlang:unique_integer([monotonic]) || _ <- Want],
         [P1, P2] = [erlang:unique_integer([monotonic, positive]) || _ <- [1, 2]],
         true = P1 < P2
     end || N <- [-2, (1 bsl 59) - 2, (1 bsl 60) - 2, (1 bsl 63) - 2]],
    Max = Min + (1 bsl 64) - 1,
    true = erts_debug:set_internal_state(unique_monotonic_integer_state, (1 bsl 64) - 3),
    [M1, Max, Min] = [erlang:unique_integer([monotonic]) || _ <- [1, 2, 3]],
    M1 = Max - 1,
    true = erts_debug:set_internal_state(unique_monotonic_integer_state, -4),
    Before = Max - 2,
    [Before, M1, Max, Min] = [erlang:unique_integer([monotonic]) || _ <- [1, 2, 3, 4]],
    true = erts_debug:set_internal_state(unique_monotonic_integer_state, Was),
    ok.

%% Stock does not go back to a number that it has given.
test_next_pid() ->
    N = state(next_pid),
    _ = [dead() || _ <- lists:seq(1, 10)],
    true = state(next_pid) >= N + 10,
    N = erts_debug:set_internal_state(next_pid, N),
    true = state(next_pid) < N + 10,
    _ = [dead() || _ <- lists:seq(1, 100)],
    true = lists:member(self(), processes()),
    ok.

dead() ->
    {Pid, Ref} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Ref, process, Pid, _} -> Pid end.

test_crash_dump_bytes() ->
    File = filename:join(filename:basedir(user_cache, "girder_hooks_t"), "dump." ++ os:getpid()),
    ok = filelib:ensure_dir(File),
    Erl = filename:join(os:getenv("BINDIR"), "erl"),
    Run = fun(Bytes) ->
        _ = file:delete(File),
        Said = os:cmd("env -u ERL_CRASH_DUMP_SECONDS ERL_CRASH_DUMP=" ++ File ++ " ERL_CRASH_DUMP_BYTES=" ++ Bytes ++ " " ++ Erl ++
                   " -noshell -eval 'halt(\"slogan\").'"),
        {filelib:file_size(File), Said}
    end,
    try
        [case Run(Bytes) of
             {Size, _} when Size >= Least, Size =< Most -> ok;
             Other -> error({Bytes, Other})
         end || {Bytes, Least, Most} <- [{"1000", 900, 1100}, {"100000000", 10000, 100000000}, {"0", 0, 0}]]
    after
        file:delete(File)
    end,
    ok.

%% Messages wake the process that halts, and another one halts as well: the slogan is told once.
test_halt_once() ->
    Erl = filename:join(os:getenv("BINDIR"), "erl"),
    Code = "F = fun G(P) -> P ! x, G(P) end, P = self(), [spawn(fun() -> F(P) end) || _ <- [1, 2]], "
           "spawn(fun() -> halt(\\\"slogan\\\") end), halt(\\\"slogan\\\").",
    [begin
         Said = os:cmd("env ERL_CRASH_DUMP_SECONDS=0 " ++ Erl ++ " -noshell -eval \"" ++ Code ++ "\""),
         2 = length(string:split(Said, "slogan", all))
     end || _ <- [1, 2, 3]],
    ok.

%% However long it takes until somebody reads.
test_halt_writes_to_a_pipe() ->
    Erl = filename:join(os:getenv("BINDIR"), "erl"),
    Size = integer_to_list(300000),
    Size = string:trim(os:cmd(Erl ++ " -noshell -eval 'io:put_chars(lists:duplicate(" ++ Size ++ ", $x)), halt().' | (sleep 6; wc -c)")),
    ok.

%% Whoever should read goes away meanwhile.
test_halt_without_reader() ->
    Erl = filename:join(os:getenv("BINDIR"), "erl"),
    "xxxxx" = os:cmd(Erl ++ " -noshell -eval 'io:put_chars(lists:duplicate(300000, $x)), halt().' | (sleep 1; head -c 5)"),
    ok.

test_halt_writes_to_a_socket() ->
    {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(L),
    Code = "{ok, S} = gen_tcp:connect({127, 0, 0, 1}, " ++ integer_to_list(Port) ++ ", [{high_watermark, 100000000}]), "
           "[ok = gen_tcp:send(S, binary:copy(<<120>>, 1000000)) || _ <- lists:seq(1, 20)], halt(7).",
    Child = open_port({spawn_executable, filename:join(os:getenv("BINDIR"), "erl")}, [{args, ["-noshell", "-eval", Code]}, exit_status]),
    {ok, S} = gen_tcp:accept(L),
    receive {Child, _} = Early -> error({halted, Early}) after 1000 -> ok end,
    20000000 = received(S, 0),
    receive {Child, {exit_status, 7}} -> ok end.

received(S, N) ->
    case gen_tcp:recv(S, 0) of
        {ok, Bytes} -> received(S, N + byte_size(Bytes));
        {error, closed} -> N
    end.

%% Who asks for a collection waits until it is allowed.
test_no_collection() ->
    Me = self(),
    P = spawn_link(fun() ->
        true = set(gc_state, false),
        Me ! {self(), off},
        receive on -> false = set(gc_state, true) end,
        Me ! {self(), on},
        receive stop -> ok end
    end),
    receive {P, off} -> ok end,
    async = erlang:garbage_collect(P, [{async, one}]),
    async = erlang:garbage_collect(P, [{async, two}, {type, minor}]),
    {message_queue_len, 0} = process_info(P, message_queue_len),  % others are not kept waiting
    false = erlang:check_process_code(P, nobody),
    none = receive M1 -> M1 after 50 -> none end,
    P ! on,
    receive {P, on} -> ok end,
    receive {garbage_collect, one, true} -> ok end,
    receive {garbage_collect, two, true} -> ok end,
    true = erlang:garbage_collect(P),
    P ! stop,
    ok.

test_end_without_collection() ->
    Me = self(),
    P = spawn(fun() -> true = set(gc_state, false), true = erlang:garbage_collect(), Me ! {self(), off}, receive stop -> ok end end),
    receive {P, off} -> ok end,
    Asking = [spawn_monitor(fun() -> Me ! ready, exit({got, erlang:garbage_collect(P)}) end) || _ <- lists:seq(1, 20)],
    _ = [receive ready -> ok end || _ <- Asking],
    receive after 50 -> ok end,
    P ! stop,
    [{got, false}] = lists:usort([receive {'DOWN', M, process, A, R} -> R end || {A, M} <- Asking]),
    ok.

test_system_task() ->
    P = spawn_link(fun() -> receive stop -> ok end end),
    ok = erts_internal:request_system_task(P, normal, {system_task_test, {some, id}}),
    receive {system_task_test, {some, id}, true} -> ok end,
    {'EXIT', {badarg, _}} = catch erts_internal:request_system_task(P, normal, {no_such_task, id}),
    P ! stop,
    ok.

test_blocked_signals() ->
    P = spawn_link(fun() -> receive stop -> ok end end),
    T0 = erlang:monotonic_time(millisecond),
    true = set(proc_sig_block, {P, 100}),
    {message_queue_len, 0} = process_info(P, message_queue_len),
    true = erlang:monotonic_time(millisecond) - T0 >= 95,
    P ! stop,
    ok.

test_chained_timers() ->
    T0 = erlang:monotonic_time(millisecond),
    _ = set(multizero_timeout_in_timeout, 30),
    receive multizero_timeout_in_timeout_done -> ok after 5000 -> exit(late) end,
    true = erlang:monotonic_time(millisecond) - T0 >= 29,
    ok.

%% A dump is complete but for what is broken.
test_dump_of_a_broken_machine() ->
    File = filename:join(filename:basedir(user_cache, "girder_hooks_t"), "broken." ++ os:getpid()),
    ok = filelib:ensure_dir(File),
    _ = file:delete(File),
    Erl = filename:join(os:getenv("BINDIR"), "erl"),
    try
        _ = os:cmd("env -u ERL_CRASH_DUMP_SECONDS -u ERL_CRASH_DUMP_BYTES ERL_CRASH_DUMP=" ++ File ++ " " ++ Erl ++ " -noshell -eval '"
                   "erts_debug:set_internal_state(available_internal_state, true), erts_debug:set_internal_state(broken_halt, \"all is broken\").'"),
        {ok, Dump} = file:read_file(File),
        _ = [{Part, {_, _}} = {Part, binary:match(Dump, Part)}
             || Part <- [<<"Slogan: ">>, <<"all is broken">>, <<"\n=memory\n">>, <<"\n=proc:<0.0.0>\n">>, <<"\n=atoms\n">>, <<"\n=end\n">>]],
        % Whoever runs on another thread meanwhile may be what is broken.
        true = length(binary:matches(Dump, <<"\n=proc:<0.">>)) > 10
    after
        file:delete(File)
    end,
    ok.
