# SPDX-License-Identifier: Apache-2.0
# needs: erl erlc epmd
# replace: girder_d[a-z]\d+@[\w.-]+ => NODE
# replace: <\d+\.\d+\.\d+> => PID
# A node of the emulator under test and one of the installed OTP, each connecting to the other: messages, calls, links, monitors, spawning, the
# end of connections. Partner programs are found behind the folder of the emulator under test.
partner=$(PATH=${PATH#*:} command -v erl)
epmd -daemon
cookie="-setcookie girder_programs"
cat > talk.erl <<'END'
-module(talk).
-export([run/1, serve/0, echo/0, echo/1]).
serve() -> register(talk, self()), receive stop -> halt() after 60000 -> halt() end.
echo() -> receive {F, M} -> F ! {self(), M}, echo() end.
echo(X) -> X.
show(F, A) -> io:format(F ++ "~n", A).
next() -> receive X -> X after 5000 -> timeout end.
run([Node]) ->
    N = list_to_atom(Node),
    wait(N, 100),
    process_flag(trap_exit, true),
    show("~p ~p", [is_alive(), nodes()]),
    true = rpc:call(N, code, add_path, [filename:absname(".")]),
    Terms = [1, -7, 1 bsl 70, 2.5, a, 'ö', "str", [1, {2}], <<1, 2>>, <<1:3>>, #{a => b}, maps:from_list([{I, I} || I <- lists:seq(1, 50)]),
             self(), make_ref(), fun lists:map/2, binary:copy(<<"y">>, 200000), lists:seq(1, 20000)],
    show("terms ~p", [[erpc:call(N, talk, echo, [T]) =:= T || T <- Terms]]),
    show("node ~p", [rpc:call(N, erlang, node, []) =:= N]),
    show("badrpc ~p", [rpc:call(N, erlang, list_to_atom, [1]) =/= ok]),
    P = spawn(N, talk, echo, []),
    P ! {self(), hello},
    show("echo ~p", [next() =:= {P, hello}]),
    L = spawn_link(N, erlang, exit, [because]),
    show("link ~p", [next() =:= {'EXIT', L, because}]),
    {D, R} = spawn_monitor(N, erlang, exit, [{a, "b"}]),
    show("monitor ~p", [next() =:= {'DOWN', R, process, D, {a, "b"}}]),
    M = monitor(process, {nobody, N}),
    show("noproc ~p", [next() =:= {'DOWN', M, process, {nobody, N}, noproc}]),
    link(P), exit(P, kill),
    show("killed ~p", [next() =:= {'EXIT', P, killed}]),
    F = fun(X) -> {X, N} end,
    show("fun ~p", [(erpc:call(N, talk, echo, [F]))(1) =:= {1, N}]),
    show("global ~p", [{global:register_name(talk_global, self()), rpc:call(N, global, whereis_name, [talk_global]) =:= self()}]),
    A = alias(),
    spawn(N, erlang, send, [A, by_alias]),
    show("alias ~p", [next()]),
    Q = spawn_link(N, talk, echo, []),
    W = monitor(process, Q),
    monitor_node(N, true),
    {talk, N} ! stop,
    Got = lists:sort([next(), next(), next()]),
    show("lost ~p", [Got =:= lists:sort([{'EXIT', Q, noconnection}, {'DOWN', W, process, Q, noconnection}, {nodedown, N}])]),
    show("~p", [nodes()]),
    halt().
wait(N, 0) -> show("no ~p", [net_adm:ping(N)]);
wait(N, I) -> case net_adm:ping(N) of pong -> ok; pang -> timer:sleep(200), wait(N, I - 1) end.
END
erlc talk.erl
host=$(erl -noshell -sname girder_dh$$ $cookie -eval 'io:put_chars(tl(lists:dropwhile(fun(C) -> C =/= $@ end, atom_to_list(node())))), halt().')
echo "--- to the installed OTP"
$partner -noshell -sname girder_da$$ $cookie -run talk serve > served 2>&1 &
erl -noshell -sname girder_db$$ $cookie -run talk run "girder_da$$@$host"; echo "status $?"
wait
cat served
echo "--- from the installed OTP"
erl -noshell -sname girder_dc$$ $cookie -run talk serve > served 2>&1 &
$partner -noshell -sname girder_dd$$ $cookie -run talk run "girder_dc$$@$host"; echo "status $?"
wait
cat served
