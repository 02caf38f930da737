%% SPDX-License-Identifier: Apache-2.0
%% OTP behaviours on top of the run-time system: servers, supervisors, state machines, events, I/O.
-module(otp_t).
-behaviour(gen_server).
-export([test_gen_server/0, test_call_timeout/0, test_server_crash/0, test_supervisor/0, test_gen_event/0, test_proc_lib/0, test_io_server/0, test_rpc_in_node/0, test_timer_module/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, start_worker/1]).

init({supervisor, Name}) -> {ok, {#{strategy => one_for_one, intensity => 5}, [#{id => w, start => {?MODULE, start_worker, [Name]}}]}};
init(crash) -> {stop, init_failed};
init(State) -> {ok, State}.

handle_call(get, _, S) -> {reply, S, S};
handle_call({add, N}, _, S) -> {reply, ok, S + N};
handle_call(later, From, S) -> gen_server:reply(From, replied), {noreply, S};
handle_call(crash, _, _) -> error(crashed);
handle_call(hang, _, S) -> {noreply, S}.

handle_cast({set, N}, _) -> {noreply, N}.

handle_info({tell, Pid}, S) -> Pid ! {state, S}, {noreply, S}.

start_worker(Name) -> gen_server:start_link({local, Name}, ?MODULE, 0, []).

test_gen_server() ->
    {ok, P} = gen_server:start_link(?MODULE, 5, []),
    5 = gen_server:call(P, get),
    ok = gen_server:call(P, {add, 2}),
    ok = gen_server:cast(P, {set, 40}),
    40 = gen_server:call(P, get),
    replied = gen_server:call(P, later),
    P ! {tell, self()},
    40 = receive {state, S} -> S end,
    ok = gen_server:stop(P).

test_call_timeout() ->
    {ok, P} = gen_server:start(?MODULE, 1, []),
    {'EXIT', {timeout, _}} = (catch gen_server:call(P, hang, 5)),
    gen_server:stop(P),
    {'EXIT', {noproc, _}} = (catch gen_server:call(otp_t_no_server, get)).

test_server_crash() ->
    quiet(fun() ->
        {ok, P} = gen_server:start(?MODULE, 1, []),
        {'EXIT', {{crashed, [_ | _]}, {gen_server, call, _}}} = (catch gen_server:call(P, crash)),
        {error, init_failed} = gen_server:start(?MODULE, crash, [])
    end).

test_supervisor() ->
    quiet(fun() ->
        {ok, S} = supervisor:start_link(?MODULE, {supervisor, otp_t_worker}),
        P = whereis(otp_t_worker),
        M = monitor(process, P),
        exit(P, kill),
        receive {'DOWN', M, process, P, killed} -> ok end,
        Q = wait(fun() -> whereis(otp_t_worker) end, P),
        true = is_pid(Q),
        0 = gen_server:call(otp_t_worker, get),
        [{w, Q, worker, [?MODULE]}] = supervisor:which_children(S),
        unlink(S),
        N = monitor(process, S),
        exit(S, shutdown),
        receive {'DOWN', N, process, S, shutdown} -> ok end,
        undefined = whereis(otp_t_worker)
    end).

wait(F, Old) ->
    case F() of
        P when is_pid(P), P =/= Old -> P;
        _ -> receive after 1 -> wait(F, Old) end
    end.


test_gen_event() ->
    {ok, P} = gen_event:start_link(),
    [] = gen_event:which_handlers(P),
    ok = gen_event:notify(P, ignored),
    ok = gen_event:stop(P).

test_proc_lib() ->
    {ok, P} = proc_lib:start_link(erlang, apply, [fun() -> proc_lib:init_ack({ok, self()}), receive stop -> ok end end, []]),
    {erlang, apply, 2} = proc_lib:translate_initial_call(P),
    P ! stop.

test_io_server() ->
    S = self(),
    G = spawn(fun() -> receive {io_request, From, R, {put_chars, unicode, io_lib, format, A}} -> From ! {io_reply, R, ok}, S ! {written, lists:flatten(apply(io_lib, format, A))} end end),
    ok = io:format(G, "~p~n", [{a, 1}]),
    "{a,1}\n" = receive {written, T} -> T after 5000 -> lost end.

test_rpc_in_node() ->
    [3, 1, 2] = erpc:call(node(), lists, reverse, [[2, 1, 3]]).

test_timer_module() ->
    {T, ok} = timer:tc(fun() -> timer:sleep(5) end),
    true = T >= 4000.

%% Crash reports of what is meant to crash are not wanted on the terminal.
quiet(F) ->
    #{level := Level} = logger:get_primary_config(),
    logger:set_primary_config(level, none),
    try F() after logger:set_primary_config(level, Level) end.
