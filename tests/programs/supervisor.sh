# SPDX-License-Identifier: Apache-2.0
# needs: erl erlc
# replace: (total_heap_size|heap_size|stack_size|reductions|minor_gcs)(,|: )\d+ => \1
# replace: <0\.\d+\.\d+> => PID
# replace: \d\d?-[A-Z][a-z][a-z]-\d{4}::\d\d:\d\d:\d\d\.\d+ => TIME
# replace: \d{4}-\d\d-\d\dT[0-9:.+-]+ => TIME
# An application of several modules: a worker that crashes and is restarted, reports of supervisor, processes and the logger, shutting down.
cat > app_sup.erl <<'END'
-module(app_sup).
-behaviour(supervisor).
-export([start_link/0, init/1]).
start_link() -> supervisor:start_link({local, ?MODULE}, ?MODULE, []).
init([]) ->
    {ok, {#{strategy => one_for_one, intensity => 3, period => 10},
          [#{id => worker, start => {app_worker, start_link, [worker]}},
           #{id => other, start => {app_worker, start_link, [other]}, restart => temporary}]}}.
END
cat > app_worker.erl <<'END'
-module(app_worker).
-behaviour(gen_server).
-export([start_link/1, init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).
start_link(Name) -> gen_server:start_link({local, Name}, ?MODULE, Name, []).
init(Name) -> process_flag(trap_exit, true), {ok, {Name, 0}}.
handle_call(count, _, {Name, N}) -> {reply, N, {Name, N + 1}};
handle_call(bad_match, _, S) -> {ok, _} = S, {noreply, S}.
handle_cast(crash, {_, N}) -> app_math:divide(N, 0).
handle_info(Info, S) -> logger:notice("~p got ~p", [element(1, S), Info]), {noreply, S}.
terminate(Reason, {Name, _}) -> io:format("~p ends: ~p~n", [Name, Reason]).
END
cat > app_math.erl <<'END'
-module(app_math).
-export([divide/2]).
divide(A, B) -> A / B.
END
cat > demo.erl <<'END'
-module(demo).
-behaviour(application).
-export([start/2, stop/1, main/0]).
start(_, _) -> app_sup:start_link().
stop(_) -> ok.
main() ->
    ok = application:start(demo),
    io:format("~p~n", [[gen_server:call(worker, count) || _ <- [1, 2, 3]]]),
    Before = whereis(worker),
    gen_server:cast(worker, crash),
    timer:sleep(300),
    io:format("restarted ~p, count ~p~n", [whereis(worker) =/= Before, gen_server:call(worker, count)]),
    Answer = (catch gen_server:call(worker, bad_match)),
    timer:sleep(300),
    io:format("~p~n", [Answer]),
    other ! {some, message}, timer:sleep(200),
    logger:error("an error of ~ts", ["ours"]),
    logger:warning(#{a => report, n => 1}),
    logger:info("not shown"),
    exit(whereis(other), kill),
    timer:sleep(300),
    io:format("~p~n", [lists:sort([{I, T, M} || {I, _, T, M} <- supervisor:which_children(app_sup)])]),
    proc_lib:spawn(fun() -> exit({bad, thing}) end),
    timer:sleep(200),
    [begin gen_server:cast(worker, crash), timer:sleep(200) end || _ <- lists:seq(1, 4)],
    timer:sleep(500),
    io:format("running ~p~n", [lists:keymember(demo, 1, application:which_applications())]),
    init:stop().
END
cat > demo.app <<'END'
{application, demo, [{description, "demo"}, {vsn, "1"}, {modules, [demo, app_sup, app_worker, app_math]}, {registered, [app_sup]},
                     {applications, [kernel, stdlib]}, {mod, {demo, []}}]}.
END
erlc -- *.erl; echo "status $?"
erl -noshell -pa . -s demo main; echo "status $?"
