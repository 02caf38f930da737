%% SPDX-License-Identifier: Apache-2.0
%%
%% Internal states that tests set: numbers of pids and of strictly growing integers; and a dump that may not become large.
%% run: alone
-module(hooks_t).
-export([test_monotonic_integers_at_their_limits/0, test_next_pid/0, test_crash_dump_bytes/0]).

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
