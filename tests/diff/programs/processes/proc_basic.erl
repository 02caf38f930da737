%% SPDX-License-Identifier: Apache-2.0
%% spawn, exit, link, monitor, names, dictionary: what a process sees of another.
-module(proc_basic).
-export([cases/0, quit/1, hello/2, loop/0]).

id(X) -> diff_lib:id(X).

cases() ->
    Reasons = [normal, kill, killed, shutdown, {shutdown, x}, bye, {a, [1]}, 17],
    [{{exit_reason, R}, fun() -> down(fun() -> exit(R) end) end} || R <- Reasons] ++
        [{{link_trap, R}, fun() -> process_flag(trap_exit, true), P = spawn_link(fun() -> exit(R) end), receive {'EXIT', P, W} -> W end end} || R <- Reasons] ++
        [{{link_dies, R}, fun() -> {P, M} = spawn_monitor(fun() -> spawn_link(fun() -> exit(R) end), receive after 50 -> survived end end), receive {'DOWN', M, process, P, W} -> W end end} || R <- Reasons] ++
        [{{exit_2, R}, fun() -> {P, M} = spawn_monitor(fun loop/0), exit(P, R), receive {'DOWN', M, process, P, W} -> W after 20 -> exit(P, kill), alive end end} || R <- Reasons] ++
        [{{exit_2_trap, R}, fun() -> S = self(), {P, M} = spawn_monitor(fun() -> process_flag(trap_exit, true), S ! ready, receive {'EXIT', F, W} -> exit({trapped, F =:= S, W}) end end), receive ready -> ok end, exit(P, R), receive {'DOWN', M, process, P, W} -> W end end} || R <- Reasons] ++
        [{{exit_self, R}, fun() -> down(fun() -> exit(self(), R), receive after 10 -> stayed end end) end} || R <- Reasons] ++
        [{{exit_self_trap, R}, fun() -> down(fun() -> process_flag(trap_exit, true), exit(self(), R), receive {'EXIT', P, W} -> exit({got, P =:= self(), W}) after 10 -> stayed end end) end} || R <- Reasons] ++
        [{{chain, R}, fun() -> process_flag(trap_exit, true), P = spawn_link(fun() -> spawn_link(fun() -> spawn_link(fun() -> exit(R) end), loop() end), loop() end), receive {'EXIT', P, W} -> W after 30 -> exit(P, kill), receive {'EXIT', P, W} -> {late, W} end end end} || R <- Reasons] ++
        [{{die, N}, fun() -> down(F) end} || {N, F} <- deaths()] ++ [{{spawn, N}, F} || {N, F} <- spawns()] ++ [{{misc, N}, F} || {N, F} <- misc()].

deaths() ->
    [{badarith, fun() -> 1 + id(a) end}, {throw, fun() -> throw(x) end}, {error, fun() -> error({my, error}) end}, {undef, fun() -> nomod:nofun(1, 2) end}, {fclause, fun() -> hello(x, y) end}, {badmatch, fun() -> a = id(b) end}, {ok, fun() -> ok end}, {in_catch, fun() -> catch exit(x), exit(y) end},
     {after_runs, fun() -> S = self(), try exit(bye) after S ! ran end end}, {deep, fun() -> deep(1000) end}, {big, fun() -> exit(lists:seq(1, 100)) end}].

spawns() ->
    [{mfa, fun() -> {P, M} = spawn_monitor(?MODULE, quit, [bye]), receive {'DOWN', M, process, P, W} -> W end end}, {mfa_link, fun() -> process_flag(trap_exit, true), P = spawn_link(?MODULE, quit, [bye]), receive {'EXIT', P, W} -> W end end}, {'fun', fun() -> S = self(), P = spawn(fun() -> S ! {hi, self()} end), receive {hi, P} -> ok end end},
     {opt, fun() -> {P, M} = spawn_opt(fun() -> exit(process_info(self(), [priority, min_heap_size, min_bin_vheap_size, fullsweep_after, message_queue_data])) end, [monitor, {priority, low}, {min_heap_size, 500}, {fullsweep_after, 3}, {message_queue_data, off_heap}]), receive {'DOWN', M, _, P, W} -> W end end}, {opt_link, fun() -> process_flag(trap_exit, true), P = spawn_opt(?MODULE, quit, [z], [link]), receive {'EXIT', P, W} -> W end end},
     {opt_both, fun() -> process_flag(trap_exit, true), {P, M} = spawn_opt(fun() -> exit(z) end, [link, monitor]), A = receive {'EXIT', P, W} -> W end, {A, receive {'DOWN', M, process, P, V} -> V end} end}, {opt_bad, fun() -> spawn_opt(fun() -> ok end, [id(bad)]) end}, {opt_bad2, fun() -> spawn_opt(fun() -> ok end, id(bad)) end}, {opt_prio_bad, fun() -> spawn_opt(fun() -> ok end, [{priority, id(bad)}]) end}, {monitor_opt, fun() -> {P, M} = spawn_opt(fun() -> exit(q) end, [{monitor, [{tag, my}]}]), receive {my, M, process, P, W} -> W end end},
     {bad_fun, fun() -> spawn(id(a)) end}, {bad_arity, fun() -> spawn(id(fun(X) -> X end)) end}, {bad_args, fun() -> spawn(?MODULE, quit, id([a | b])) end}, {bad_mod, fun() -> spawn(id(1), quit, []) end}, {external, fun() -> {P, M} = spawn_monitor(fun ?MODULE:loop/0), P ! {stop, x}, receive {'DOWN', M, _, P, W} -> W end end}, {undef, fun() -> {P, M} = spawn_monitor(nomod, f, [1]), receive {'DOWN', M, _, P, W} -> W end end},
     {many, fun() -> Ps = [spawn_monitor(fun() -> exit(X) end) || X <- lists:seq(1, 200)], lists:sum([receive {'DOWN', M, process, P, W} -> W end || {P, M} <- Ps]) end}, {tree, fun() -> tree(self(), 8), gather(256) end}, {order, fun() -> S = self(), spawn(fun() -> S ! 1, spawn(fun() -> S ! 2 end) end), {receive 1 -> 1 end, receive 2 -> 2 end} end},
     {args, fun() -> {P, M} = spawn_monitor(?MODULE, hello, [a, {b, [c]}]), receive {'DOWN', M, _, P, W} -> W end end}, {spawn_request, fun() -> R = spawn_request(fun() -> exit(v) end, [monitor]), receive {spawn_reply, R, ok, P} -> receive {'DOWN', R, process, P, W} -> W end end end}, {node_spawn, fun() -> P = spawn(node(), fun() -> ok end), node(P) =:= node() end}].

misc() ->
    [{self, fun() -> {is_pid(self()), self() =:= self(), node(self())} end}, {link_self, fun() -> link(self()) end}, {link_bad, fun() -> link(id(a)) end}, {unlink, fun() -> process_flag(trap_exit, true), P = spawn_link(fun loop/0), unlink(P), exit(P, kill), receive X -> X after 20 -> none end end}, {link_twice, fun() -> process_flag(trap_exit, true), P = spawn_link(fun loop/0), link(P), exit(P, kill), A = receive X -> X end, {A, receive Y -> Y after 20 -> none end} end},
     {links, fun() -> P = spawn_link(fun loop/0), {links, L} = process_info(self(), links), unlink(P), exit(P, kill), L =:= [P] end}, {link_noproc_no_trap, fun() -> down(fun() -> P = dead(), link(P), receive after 50 -> alive end end) end}, {exit_dead, fun() -> exit(dead(), x) end}, {exit_bad, fun() -> exit(id(a), x) end}, {send_dead, fun() -> dead() ! x end},
     {monitor_twice, fun() -> P = spawn(fun loop/0), A = monitor(process, P), B = monitor(process, P), exit(P, kill), lists:sort([receive {'DOWN', R, _, P, W} -> {R =:= A orelse R =:= B, W} end || _ <- [1, 2]]) end}, {demonitor, fun() -> P = spawn(fun loop/0), M = monitor(process, P), D = demonitor(M), exit(P, kill), {D, receive X -> X after 20 -> none end} end}, {demonitor_flush, fun() -> M = monitor(process, dead()), receive after 5 -> ok end, {demonitor(M, [flush]), receive X -> X after 0 -> none end} end}, {demonitor_info, fun() -> M = monitor(process, dead()), receive after 5 -> ok end, {demonitor(M, [flush, info]), demonitor(M, [info])} end}, {demonitor_bad, fun() -> demonitor(id(a)) end},
     {monitor_name, fun() -> M = monitor(process, diff_no_name), receive {'DOWN', M, process, W, R} -> {W, R} end end}, {monitor_reg, fun() -> P = spawn(fun loop/0), register(diff_mon_name, P), M = monitor(process, diff_mon_name), exit(P, kill), receive {'DOWN', M, process, W, R} -> {W, R} end end}, {monitor_bad, fun() -> monitor(id(bad), self()) end}, {monitor_self, fun() -> M = monitor(process, self()), is_reference(M) end}, {monitor_time, fun() -> M = monitor(time_offset, clock_service), is_reference(M) end}, {monitor_opt, fun() -> M = monitor(process, dead(), [{tag, {t, 1}}]), receive {{t, 1}, M, process, _, R} -> R end end}, {monitor_opt_bad, fun() -> monitor(process, self(), id([bad])) end},
     {register, fun() -> register(diff_name_1, self()), A = whereis(diff_name_1) =:= self(), diff_name_1 ! hi, R = receive X -> X end, unregister(diff_name_1), {A, R, whereis(diff_name_1)} end}, {register_twice, fun() -> register(diff_name_2, self()), register(diff_name_3, self()) end}, {register_taken, fun() -> P = spawn(fun loop/0), register(diff_name_4, P), R = diff_lib:trace(fun() -> register(diff_name_4, self()) end), exit(P, kill), R end}, {register_dead, fun() -> register(diff_name_5, dead()) end}, {register_undefined, fun() -> register(undefined, self()) end}, {register_bad, fun() -> register(id("x"), self()) end}, {unregister_bad, fun() -> unregister(id(diff_nope)) end}, {whereis_bad, fun() -> whereis(id("x")) end}, {register_info, fun() -> register(diff_name_6, self()), process_info(self(), registered_name) end}, {unregister_on_exit, fun() -> {P, M} = spawn_monitor(fun() -> register(diff_name_7, self()), ok end), receive {'DOWN', M, _, P, _} -> whereis(diff_name_7) end end}, {registered, fun() -> register(diff_name_8, self()), lists:member(diff_name_8, registered()) end},
     {send_tuple, fun() -> register(diff_name_9, self()), {diff_name_9, node()} ! hello, receive X -> X end end}, {send_nosuch, fun() -> {diff_nope, node()} ! x end}, {send_opts, fun() -> {erlang:send(self(), a, [nosuspend, noconnect]), receive X -> X end} end}, {send_opts_bad, fun() -> erlang:send(self(), a, id([bad])) end},
     {dict, fun() -> A = [put(a, 1), put(a, 2), get(a), get(b), erase(a), get(a), put({k, 1.0}, v), get({k, 1.0}), get({k, 1})], {A, get()} end}, {dict_many, fun() -> [put(X, X * X) || X <- lists:seq(1, 200)], [erase(X) || X <- lists:seq(1, 200, 3)], {length(get()), lists:sum([V || {_, V} <- get()]), get(2), get(1), lists:sort(get_keys()) =:= lists:sort([K || {K, _} <- get()])} end}, {dict_keys, fun() -> put(a, x), put(b, x), put(c, y), {lists:sort(get_keys(x)), get_keys(z)} end}, {dict_erase, fun() -> put(a, 1), put(b, 2), L = erase(), {lists:sort(L), get()} end}, {dict_gc, fun() -> put(l, lists:seq(1, 100)), erlang:garbage_collect(), lists:seq(1, 5000), erlang:garbage_collect(), lists:sum(get(l)) end}, {dict_info, fun() -> put(a, 1), {process_info(self(), dictionary)} end},
     {flags, fun() -> [process_flag(F, V) || {F, V} <- [{trap_exit, true}, {trap_exit, false}, {priority, high}, {priority, normal}, {min_heap_size, 500}, {fullsweep_after, 5}, {save_calls, 0}, {sensitive, false}, {message_queue_data, off_heap}]] end}, {flag_bad, fun() -> process_flag(id(bad), 1) end}, {flag_bad2, fun() -> process_flag(trap_exit, id(1)) end}, {flag_bad3, fun() -> process_flag(priority, id(bad)) end}, {error_handler, fun() -> process_flag(error_handler, error_handler) end},
     {info, fun() -> [process_info(self(), K) || K <- [status, trap_exit, priority, registered_name, message_queue_len, messages, initial_call, suspending, error_handler, catchlevel, monitors]] end}, {info_list, fun() -> self() ! a, process_info(self(), [message_queue_len, messages, trap_exit, links]) end}, {info_dead, fun() -> P = dead(), {process_info(P), process_info(P, status), process_info(P, [status])} end}, {info_bad, fun() -> process_info(id(a), status) end}, {info_bad2, fun() -> process_info(self(), id(nope)) end}, {info_other, fun() -> P = spawn(fun loop/0), P ! x, receive after 10 -> ok end, I = process_info(P, [message_queue_len, status, current_function, trap_exit]), exit(P, kill), I end}, {info_keys, fun() -> [K || {K, _} <- process_info(self())] end}, {monitors, fun() -> P = spawn(fun loop/0), M = monitor(process, P), {monitors, L} = process_info(self(), monitors), {monitored_by, B} = process_info(P, monitored_by), demonitor(M), exit(P, kill), {L =:= [{process, P}], B =:= [self()]} end},
     {is_alive, fun() -> P = spawn(fun loop/0), A = is_process_alive(P), exit(P, kill), {A, is_process_alive(dead()), is_process_alive(self())} end}, {alive_bad, fun() -> is_process_alive(id(a)) end}, {group_leader, fun() -> G = group_leader(), S = self(), spawn(fun() -> S ! group_leader() end), receive X -> X =:= G end end}, {group_leader_set, fun() -> P = spawn(fun loop/0), group_leader(P, self()), A = group_leader() =:= P, exit(P, kill), A end}, {processes, fun() -> {lists:member(self(), processes()), length(processes()) > 2} end}, {suspend, fun() -> P = spawn(fun loop/0), true = erlang:suspend_process(P), P ! {stop, x}, S = process_info(P, status), erlang:resume_process(P), M = monitor(process, P), R = receive {'DOWN', M, _, _, W} -> W end, {S, lists:member(R, [x, noproc])} end},
     {hibernate, fun() -> S = self(), P = spawn(fun() -> erlang:hibernate(?MODULE, loop, []) end), M = monitor(process, P), receive after 10 -> ok end, I = process_info(P, current_function), P ! {stop, S}, receive {'DOWN', M, _, _, W} -> {I, W =:= S} end end}, {hibernate_msg, fun() -> {P, M} = spawn_monitor(fun() -> self() ! {stop, quick}, erlang:hibernate(?MODULE, loop, []) end), receive {'DOWN', M, _, P, W} -> W end end}, {yield, fun() -> {erlang:yield(), erlang:bump_reductions(100)} end}, {garbage_collect, fun() -> {erlang:garbage_collect(), erlang:garbage_collect(self()), erlang:garbage_collect(dead())} end}, {gc_async, fun() -> erlang:garbage_collect(self(), [{async, r}]), receive X -> X end end}, {gc_bad, fun() -> erlang:garbage_collect(id(a)) end}, {halt_bad, fun() -> halt(id(bad_status)) end}, {max_heap, fun() -> {P, M} = spawn_opt(fun() -> lists:seq(1, 1000000), ok end, [monitor, {max_heap_size, #{size => 10000, kill => true, error_logger => false}}]), receive {'DOWN', M, _, P, W} -> W end end},
     {refs, fun() -> A = make_ref(), B = make_ref(), {A =:= B, is_reference(A), node(A)} end}, {pids, fun() -> P = spawn(fun() -> ok end), Q = spawn(fun() -> ok end), P =:= Q end}, {unique, fun() -> A = erlang:unique_integer([monotonic]), B = erlang:unique_integer([monotonic]), C = erlang:unique_integer([positive]), {A < B, C > 0, diff_lib:outcome(fun() -> erlang:unique_integer(id([bad])) end)} end}, {prio, fun() -> S = self(), [spawn_opt(fun() -> S ! P end, [{priority, P}]) || P <- [low, normal, high]], lists:sort([receive X -> X end || _ <- [1, 2, 3]]) end},
     {endless_peer, fun() -> P = spawn(fun spin/0), R = receive after 5 -> done end, exit(P, kill), R end}, {gen_server, fun() -> gs() end}, {exit_in_order, fun() -> process_flag(trap_exit, true), S = self(), P = spawn_link(fun() -> S ! m1, S ! m2, exit(e) end), [receive X -> X end || _ <- [1, 2, 3]] =:= [m1, m2, {'EXIT', P, e}] end}, {alias_off, fun() -> A = alias(), unalias(A), A ! x, receive X -> X after 5 -> none end end}, {alias_bad, fun() -> alias(id([bad])) end}, {alias_monitor, fun() -> P = spawn(fun loop/0), M = monitor(process, P, [{alias, reply_demonitor}]), M ! hello, R = receive X -> X after 100 -> none end, exit(P, kill), {R, receive Y -> Y after 10 -> none end} end}].

down(F) ->
    {P, M} = spawn_monitor(F),
    receive {'DOWN', M, process, P, R} -> R end.

dead() ->
    {P, M} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', M, process, P, _} -> P end.

quit(R) -> exit(R).

hello(a, B) -> exit({hello, B}).

loop() -> receive {stop, X} -> exit(X); _ -> loop() end.

spin() -> spin().

deep(0) -> exit(bottom);
deep(N) -> [N | deep(N - 1)].

tree(S, 0) -> S ! leaf;
tree(S, N) -> spawn(fun() -> tree(S, N - 1) end), spawn(fun() -> tree(S, N - 1) end).

gather(0) -> done;
gather(N) -> receive leaf -> gather(N - 1) after 5000 -> {missing, N} end.

gs() ->
    {ok, P} = gen_event:start_link(),
    R = gen_event:which_handlers(P),
    gen_event:stop(P),
    R.
