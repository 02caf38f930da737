%% SPDX-License-Identifier: Apache-2.0
%% Opening ports: which names are programs, what fails how.
-module(port_t).
-export([test_close_at_the_end/0, test_status_after_output/0, test_executables/0, test_names/0, test_terminal/0, test_control/0, test_shell_name/0]).

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
