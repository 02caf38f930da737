%% SPDX-License-Identifier: Apache-2.0
%% run: timeout 120
%% Opening ports: which names are programs, what fails how.
-module(port_t).
-export([test_close_at_the_end/0, test_status_after_output/0, test_executables/0, test_names/0, test_terminal/0, test_control/0, test_shell_name/0,
         test_one_after_another/0, test_many_at_once/0, test_descriptors_of_children/0, test_reader_that_stops/0, test_ends_of_lines/0, test_unfinished_line/0,
         test_message_to_a_busy_port/0, test_registered/0, test_environment/0, test_cannot_run/0, test_packet_too_large/0, test_data/0, test_end_reasons/0,
         test_closed_but_not_written/0, test_port_that_is_gone/0, test_kind_of_down/0, test_connect_by_message/0, test_sender_stops_in_the_send/0]).

open(Name) ->
    try open_port(Name, []) of
        Port -> close(Port), open
    catch
        error:Reason -> Reason
    end.

%% A program may have ended by itself, its port with it.
close(Port) -> try port_close(Port) catch error:badarg -> true end.

%% Closing while input or the end of the program is just being noticed.
test_close_at_the_end() ->
    [begin
         Port = open_port({spawn, true}, []),
         _ = [timer:sleep(1) || N rem 3 =:= 0],
         true = close(Port)
     end || N <- lists:seq(1, 300)].

test_executables() ->
    enoent = open({spawn_executable, "no_such_program"}),
    eacces = open({spawn_executable, "/etc/passwd"}),
    enoent = open({spawn_executable, "ls"}),       % no search along PATH
    enoent = open({spawn_executable, ls}),
    open = open({spawn_executable, "/bin/true"}),
    open = open({spawn_executable, '/bin/true'}),
    badarg = open({spawn_executable, "/bin/true\0x"}),
    badarg = open({spawn_executable, ""}).

test_names() ->
    open = open({spawn, true}),
    open = open({spawn, <<"true">>}),
    badarg = open({spawn, ""}),
    badarg = open({spawn, 1}).

%% Tests have no terminal.
test_terminal() ->
    einval = open({spawn, "tty_sl -c -e"}),
    einval = open({spawn, tty_sl}).

test_control() ->
    Port = open_port({spawn, "cat"}, []),
    badarg = try port_control(Port, 1, []) catch error:R -> R end,
    port_close(Port),
    badarg = try port_control(Port, 1, []) catch error:R2 -> R2 end.

test_shell_name() ->
    Port = open_port({spawn, "no_such_program_here"}, [stderr_to_stdout, exit_status, {line, 200}]),
    receive {Port, {data, {eol, Line}}} -> "sh: " ++ _ = Line end,
    receive {Port, {exit_status, 127}} -> ok end.

%% The exit status comes after all output, also of those the program left behind with its pipe.
test_status_after_output() ->
    Port = open_port({spawn, "sh -c 'echo one; (sleep 0.3; echo two) & exit 3'"}, [exit_status, eof, {line, 100}]),
    Next = fun() -> receive {Port, What} -> What after 20000 -> none end end,
    [{data, {eol, "one"}}, {data, {eol, "two"}}, {exit_status, 3}, eof] = [Next() || _ <- lists:seq(1, 4)],
    true = port_close(Port),
    Early = open_port({spawn, "sh -c 'exec 1>&-; sleep 0.3; exit 3'"}, [exit_status, eof]),
    [{exit_status, 3}, eof] = [receive {Early, What} -> What end || _ <- [1, 2]],
    true = port_close(Early).

%% Programs that were started leave no descriptor and no dead child behind.
test_one_after_another() ->
    Before = descriptors(),
    [] = [I || I <- lists:seq(1, girder_size:scaled(1000)), status(I rem 200) =/= I rem 200],
    ok = settled(Before).

status(N) ->
    Port = open_port({spawn_executable, "/bin/sh"}, [{args, ["-c", "exit " ++ integer_to_list(N)]}, exit_status]),
    receive {Port, {exit_status, Status}} -> Status after 30000 -> timeout end.

test_many_at_once() ->
    Before = descriptors(),
    N = girder_size:scaled(100),
    Ports = [open_port({spawn, "cat"}, [binary]) || _ <- lists:seq(1, N)],
    [true = port_command(P, integer_to_binary(I)) || {I, P} <- lists:enumerate(Ports)],
    [begin Bytes = integer_to_binary(I), receive {P, {data, Bytes}} -> ok after 30000 -> error(timeout) end end || {I, P} <- lists:enumerate(Ports)],
    [true = port_close(P) || P <- Ports],
    ok = settled(Before).

%% What the emulator has open is not for the programs it starts, whoever opened it and how.
test_descriptors_of_children() ->
    Own = [begin {ok, F} = file:open("/dev/null", [raw, read]), F end || _ <- lists:seq(1, 5)],
    Port = open_port({spawn, "ls /proc/self/fd"}, [exit_status, {line, 100}]),
    ["0", "1", "2", _OfTheListing] = lines(Port, []),
    Others = open_port({spawn, "ls /proc/self/fd >&4"}, [nouse_stdio, exit_status, {line, 100}]),
    ["0", "1", "2", "3", "4" | _OfTheListing2] = lines(Others, []),
    [ok = file:close(F) || F <- Own].

lines(Port, Seen) ->
    receive
        {Port, {data, {eol, Line}}} -> lines(Port, [Line | Seen]);
        {Port, {exit_status, 0}} -> lists:reverse(Seen)
    after 30000 -> error(timeout)
    end.

%% A line ends with a newline or with a carriage return and a newline. The carriage return counts as part of the line only when something else follows.
test_ends_of_lines() ->
    ["a", "b", "", "c\rd", "\r"] = lines(printed("a\\r\\nb\\n\\r\\nc\\rd\\n\\r\\r\\n", 100), []),
    ["abc", "", "def"] = lines(printed("abc\\r\\n\\r\\ndef\\r\\n", 3), []),
    Port = open_port({spawn, "cat"}, [{line, 3}]),
    Said = fun(Bytes, Expected) ->
        true = port_command(Port, Bytes),
        Expected = [receive {Port, {data, X}} -> X after 10000 -> error(timeout) end || _ <- Expected]
    end,
    Said("abc", []),
    Said("\r", []),
    Said("\n", [{eol, "abc"}]),
    Said("abc\r\r", [{noeol, "abc"}]),
    Said("\nabcdef\r", [{eol, "\r"}, {noeol, "abc"}]),
    Said("\nab\r", [{eol, "def"}]),
    Said("x", [{noeol, "ab\r"}]),
    Said("\n", [{eol, "x"}]),
    true = port_close(Port),
    receive {Port, More} -> error(More) after 0 -> ok end.

%% What is left of a line that nobody ended comes after the status, in parts that are no longer than any.
test_unfinished_line() ->
    [{data, {noeol, "abc"}}, {exit_status, 0}, {data, {noeol, "d\r"}}, eof] = told(printed("abcd\\r", 3, [eof])),
    [{exit_status, 0}, {data, {noeol, "abc"}}, {data, {noeol, "\r"}}, eof] = told(printed("abc\\r", 3, [eof])).

told(Port) -> receive {Port, eof} -> [eof]; {Port, X} -> [X | told(Port)] after 10000 -> error(timeout) end.

printed(Format, Limit) -> printed(Format, Limit, []).
printed(Format, Limit, Options) -> open_port({spawn, "printf " ++ [$' | Format] ++ "'"}, [exit_status, {line, Limit} | Options]).

%% Whoever writes to a program that does not read waits, rather than fill the memory.
test_reader_that_stops() ->
    Port = open_port({spawn, "sleep 60"}, [binary]),
    true = unlink(Port),
    {Writer, M} = spawn_monitor(fun() -> fill(Port, 0) end),
    ok = suspended_writer(Writer, 1000),
    {queue_size, Queued} = erlang:port_info(Port, queue_size),
    {status, suspended} = process_info(Writer, status),
    nosuspend = erlang:send(Port, {self(), {command, <<"x">>}}, [nosuspend]),
    Former = erlang:system_monitor(self(), [busy_port]),
    Other = spawn(fun() -> port_command(Port, <<"x">>) end),
    receive {monitor, Other, busy_port, Port} -> ok end,
    _ = erlang:system_monitor(Former),
    true = Queued < 1000000,
    false = erlang:port_command(Port, <<"x">>, [nosuspend]),
    {notsup, _} = try erlang:port_command(Port, <<"x">>, [force]) catch error:E -> {E, force} end,
    {os_pid, Pid} = erlang:port_info(Port, os_pid),
    true = exit(Port, kill),
    receive {'DOWN', M, _, _, Reason} -> {badarg, _} = Reason end,
    _ = os:cmd("kill " ++ integer_to_list(Pid)),
    ok.

test_message_to_a_busy_port() ->
    Port = open_port({spawn, "sleep 60"}, [binary, {busy_limits_port, {1, 1}}, {busy_limits_msgq, {100, 200}}]),
    true = unlink(Port),
    Self = self(),
    {Writer, M} = spawn_monitor(fun() -> send_all(Port, Self, 200000) end),
    ok = until(fun() -> process_info(Writer, status) =:= {status, suspended} end, 500),
    timer:sleep(50),
    {status, suspended} = process_info(Writer, status),
    {os_pid, Pid} = erlang:port_info(Port, os_pid),
    true = exit(Port, kill),
    receive {'DOWN', M, _, _, normal} -> ok end,  % messages to a closed port are lost
    _ = os:cmd("kill " ++ integer_to_list(Pid)),
    badarg = try open_port({spawn, "true"}, [{busy_limits_port, 1}]) catch error:R -> R end,
    true = close(open_port({spawn, "true"}, [{busy_limits_port, {18446744073709551614, 18446744073709551614}}, {busy_limits_msgq, disabled}])).

send_all(_, _, 0) -> ok;
send_all(Port, Owner, N) -> Port ! {Owner, {command, <<"twenty bytes of data">>}}, send_all(Port, Owner, N - 1).

until(F, N) when N > 0 ->
    case F() of true -> ok; false -> timer:sleep(20), until(F, N - 1) end.

test_registered() ->
    Port = open_port({spawn, "cat"}, [binary]),
    true = register(port_t_name, Port),
    Port = whereis(port_t_name),
    {registered_name, port_t_name} = erlang:port_info(Port, registered_name),
    true = lists:member(port_t_name, registered()),
    badarg = try register(port_t_other, Port) catch error:R1 -> R1 end,
    badarg = try register(port_t_name, self()) catch error:R2 -> R2 end,
    port_t_name ! {self(), {command, <<"hello">>}},
    receive {Port, {data, <<"hello">>}} -> ok end,
    true = port_command(port_t_name, <<"again">>),
    receive {Port, {data, <<"again">>}} -> ok end,
    true = unregister(port_t_name),
    undefined = whereis(port_t_name),
    [] = erlang:port_info(Port, registered_name),
    true = register(port_t_name, Port),
    true = port_close(Port),
    undefined = whereis(port_t_name),
    true = register(port_t_name, self()),
    true = unregister(port_t_name).

test_environment() ->
    Try = fun(Env) -> try close(open_port({spawn, "true"}, [{env, Env}])) catch error:R -> R end end,
    [true = Try(Env) || Env <- [[], [{"A", "b"}], [{"A", false}], [{"", false}], [{["A"], ["b", "c"]}], [{"A", ""}]]],
    [badarg = Try(Env) || Env <- [[{"A", b}], [{a, "b"}], [{<<"A">>, "b"}], [{"A", <<"b">>}], [{"A=b", "c"}], [{"A", ["b", <<"c">>]}], [{"A"}], 42]],
    Port = open_port({spawn, "echo $A$B"}, [{env, [{"A", "x\x{e5}"}, {"B", ["y", [$z]]}]}, {line, 100}, binary]),
    receive {Port, {data, {eol, Line}}} -> <<"x\x{e5}yz"/utf8>> = Line end.

%% What is not there is told at once; what fails in the child is its exit status: the number of the error.
test_cannot_run() ->
    Open = fun(Name, Options) ->
                   try open_port(Name, [exit_status, stderr_to_stdout | Options]) of
                       Port -> (fun Next() -> receive {Port, {exit_status, Status}} -> Status; {Port, {data, _}} -> Next() end end)()
                   catch error:R -> R
                   end
           end,
    enotdir = Open({spawn_executable, "/etc/passwd/x"}, []),
    13 = Open({spawn_executable, "/etc"}, []),
    2 = Open({spawn, "true"}, [{cd, "/no/such/folder"}]),
    2 = Open({spawn_executable, "/bin/true"}, [{cd, "/no/such/folder"}]),
    7 = Open({spawn, "true"}, [{env, [{"A" ++ integer_to_list(I), lists:duplicate(200000, $a)} || I <- [1, 2]]}]).

test_packet_too_large() ->
    Old = process_flag(trap_exit, true),
    [begin
         Port = open_port({spawn, "cat"}, [{packet, N}]),
         Port ! {self(), {command, lists:duplicate(Size, 0)}},
         receive {'EXIT', Port, einval} -> ok; {Port, _} = Other -> error(Other) end
     end || {N, Size} <- [{1, 256}, {2, 65536}]],
    process_flag(trap_exit, Old).

test_data() ->
    Port = open_port({spawn, "cat"}, []),
    undefined = erlang:port_get_data(Port),
    true = erlang:port_set_data(Port, {some, <<"data">>}),
    {some, <<"data">>} = erlang:port_get_data(Port),
    true = port_close(Port),
    [badarg, badarg] = [try F() catch error:R -> R end || F <- [fun() -> erlang:port_get_data(Port) end, fun() -> erlang:port_set_data(Port, 1) end]].

fill(Port, N) -> true = port_command(Port, binary:copy(<<"x">>, 1000)), put(sent, N), fill(Port, N + 1).

%% It has sent something, and then sends nothing for a while.
suspended_writer(_, 0) -> error(not_suspended);
suspended_writer(Pid, N) ->
    {dictionary, Before} = process_info(Pid, dictionary),
    timer:sleep(200),
    case process_info(Pid, dictionary) of
        {dictionary, Before} when Before =/= [] -> ok;
        _ -> suspended_writer(Pid, N - 1)
    end.

descriptors() -> {ok, L} = file:list_dir("/proc/self/fd"), length(L).

%% The end of a program may be noticed a little later.
settled(Before) -> settled(Before, 500).
settled(Before, N) ->
    case {descriptors() =< Before, children()} of
        {true, 0} -> ok;
        Other when N =:= 0 -> {Before, descriptors(), Other};
        _ -> timer:sleep(20), settled(Before, N - 1)
    end.

%% Dead ones that nobody has taken note of.
children() -> length(string:split(os:cmd("ps -o stat= --ppid " ++ os:getpid() ++ " | grep Z"), "\n", all)) - 1.

%% Exit signals end a port with their reason; kill is told as killed.
test_end_reasons() ->
    process_flag(trap_exit, true),
    Ended = fun(End) ->
                P = open_port({spawn, "cat"}, []),
                M = monitor(port, P),
                End(P),
                {receive {'EXIT', P, R} -> R end, receive {'DOWN', M, _, P, D} -> D end}
            end,
    {{a, "b"}, {a, "b"}} = Ended(fun(P) -> exit(P, {a, "b"}) end),
    {gone, gone} = Ended(fun(P) -> exit(P, gone) end),
    {normal, normal} = Ended(fun(P) -> exit(P, normal) end),
    {killed, killed} = Ended(fun(P) -> exit(P, kill) end),
    {{x, 1}, {x, 1}} = Ended(fun(P) -> spawn(fun() -> link(P), exit({x, 1}) end) end),
    {killed, killed} = Ended(fun(P) -> spawn(fun() -> link(P), exit(kill) end) end),
    ok.

%% A port that is closed with a full queue is known until the queue is written, and says only then that it is closed.
test_closed_but_not_written() ->
    Me = self(),
    process_flag(trap_exit, true),
    Fifo = filename:join(os:getenv("TMPDIR", "/tmp"), "girder_port_t_" ++ os:getpid()),
    "" = os:cmd("rm -f '" ++ Fifo ++ "'; mkfifo '" ++ Fifo ++ "'"),
    Port = open_port({spawn, "sh -c 'read x <" ++ Fifo ++ "; cat >/dev/null'"}, [binary]),
    {os_pid, OsPid} = erlang:port_info(Port, os_pid),
    register(closed_but_not_written, Port),
    Ref = monitor(port, Port),
    true = port_command(Port, binary:copy(<<"xxxxxxxxx\n">>, 100000), [nosuspend]),
    Port ! {Me, close},
    receive {'EXIT', Port, normal} -> ok end,
    receive {'DOWN', Ref, port, Port, normal} -> ok end,
    undefined = whereis(closed_but_not_written),
    true = lists:member(Port, erlang:ports()),
    {connected, Me} = erlang:port_info(Port, connected),
    {links, []} = erlang:port_info(Port, links),
    {monitored_by, []} = erlang:port_info(Port, monitored_by),
    {output, 1000000} = erlang:port_info(Port, output),
    {queue_size, Queued} = erlang:port_info(Port, queue_size),
    true = Queued > 0,
    {os_pid, OsPid} = erlang:port_info(Port, os_pid),
    [] = erlang:port_info(Port, registered_name),
    [name, links, id, connected, input, output, os_pid] = [Item || {Item, _} <- erlang:port_info(Port)],
    undefined = erlang:port_info(closed_but_not_written),
    [{badarg, N} = {try F() catch error:R -> R end, N}
     || {N, F} <- [{1, fun() -> port_command(Port, "x") end}, {2, fun() -> port_close(Port) end}, {3, fun() -> port_control(Port, 1, "") end},
                   {4, fun() -> erlang:port_set_data(Port, 1) end}, {5, fun() -> erlang:port_get_data(Port) end},
                   {6, fun() -> port_connect(Port, Me) end}, {7, fun() -> register(closed_but_not_written, Port) end}]],
    Late = monitor(port, Port),
    receive {'DOWN', Late, port, Port, noproc} -> ok end,
    Port ! {Me, {command, "more"}},
    exit(Port, kill),
    receive Early -> exit(Early) after 100 -> ok end,
    "" = os:cmd("echo >'" ++ Fifo ++ "'; rm '" ++ Fifo ++ "'"),
    receive {Port, closed} -> ok end,
    undefined = erlang:port_info(Port),
    false = lists:member(Port, erlang:ports()),
    process_flag(trap_exit, false).

test_port_that_is_gone() ->
    Port = open_port({spawn, "cat"}, []),
    port_close(Port),
    {noproc, [{erlang, link, [Port], _} | _]} = try link(Port) catch error:R:Stack -> {R, Stack} end,
    process_flag(trap_exit, true),
    true = link(Port),
    receive {'EXIT', Port, noproc} -> ok end,
    {links, Links} = process_info(self(), links),
    false = lists:member(Port, Links),
    process_flag(trap_exit, false).

%% The message tells of a process when a port ends for a reason of more than one word.
test_kind_of_down() ->
    Kind = fun(Reason, Name) ->
        Port = open_port({spawn, "cat"}, []),
        unlink(Port),
        true = register(kind_of_down, Port),
        Ref = monitor(port, Name, []),
        exit(Port, Reason),
        receive {'DOWN', Ref, Type, Object, Reason} -> {Type, Object =:= Port, Object} end
    end,
    {port, false, {kind_of_down, _}} = Kind(some_reason, kind_of_down),
    {process, false, {kind_of_down, _}} = Kind({some, reason}, kind_of_down),
    Kinds = [{port, an_atom}, {port, 1}, {port, []}, {port, self()}, {process, {a, b}}, {process, "abc"}, {process, 1.5}, {process, 1 bsl 70},
             {process, <<"a">>}, {process, make_ref()}],
    [{Type, true, _} = begin
         Port = open_port({spawn, "cat"}, []),
         unlink(Port),
         Ref = monitor(port, Port),
         exit(Port, Reason),
         receive {'DOWN', Ref, T, O, Reason} -> {T, O =:= Port, O} end
     end || {Type, Reason} <- Kinds].

%% Unlike port_connect/2 the message makes no link.
test_connect_by_message() ->
    Me = self(),
    Port = open_port({spawn, "cat"}, []),
    {Pid, Ref} = spawn_monitor(fun() -> receive stop -> ok end end),
    Port ! {Me, {connect, Pid}},
    receive {Port, connected} -> ok end,
    {connected, Pid} = erlang:port_info(Port, connected),
    {links, [Me]} = erlang:port_info(Port, links),
    {links, []} = process_info(Pid, links),
    Pid ! stop,
    receive {'DOWN', Ref, process, Pid, normal} -> ok end,
    {connected, Pid} = erlang:port_info(Port, connected),
    port_close(Port).

%% Who sends to a busy port stops there and then.
test_sender_stops_in_the_send() ->
    Me = self(),
    Fifo = filename:join(os:getenv("TMPDIR", "/tmp"), "girder_port_t_stop_" ++ os:getpid()),
    "" = os:cmd("rm -f '" ++ Fifo ++ "'; mkfifo '" ++ Fifo ++ "'"),
    Big = binary:copy(<<0>>, 1000000),
    Results = [begin
        {Pid, Ref} = spawn_monitor(fun() ->
            Port = open_port({spawn, "sh -c 'read x <" ++ Fifo ++ "; cat >/dev/null'"}, []),
            Me ! {port, Port},
            Command = {self(), {command, Big}},
            Port ! Command,
            [Command, Command, Command] = [Send(Port, Command) || _ <- [1, 2, 3]],
            Port ! {self(), close},
            receive {Port, closed} -> ok end
        end),
        Port = receive {port, Opened} -> Opened end,
        timer:sleep(100),
        {status, suspended} = process_info(Pid, status),
        {current_function, {erlang, Function, _}} = process_info(Pid, current_function),
        {output, Before} = erlang:port_info(Port, output),
        true = Before < 4000000,
        "" = os:cmd("echo >'" ++ Fifo ++ "'"),
        receive {'DOWN', Ref, process, Pid, Reason} -> {Reason, Function} end
    end || Send <- [fun(P, C) -> P ! C end, fun erlang:send/2, fun(P, C) -> ok = erlang:send(P, C, []), C end]],
    "" = os:cmd("rm '" ++ Fifo ++ "'"),
    [{normal, F1}, {normal, F2}, {normal, F3}] = Results,
    [true, true, true] = [lists:member(F, [send, bif_return_trap]) || F <- [F1, F2, F3]].
