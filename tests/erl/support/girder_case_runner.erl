%% SPDX-License-Identifier: Apache-2.0
%% Runs test functions inside the emulator under test and reports each as one line that tests/erl/run.py reads:
%%   @@start M:F      @@ok M:F Millis      @@skip M:F Reason      @@fail M:F Class:Reason Stacktrace      @@done
%% A test runs in a process of its own; what it leaves linked to it dies with it. Everything here uses only what a
%% young VM has: processes, monitors, exceptions, io to standard output.
-module(girder_case_runner).
-export([main/1]).

%% Arguments: timeout in ms, then "Module" (every test of it) or "Module:Function".
main([Timeout | Selected]) ->
    Cases = lists:append([cases(Word) || Word <- Selected]),
    lists:foreach(fun(Case) -> run(Case, list_to_integer(Timeout)) end, Cases),
    say("@@done", []),
    erlang:halt(0).

cases(Word) ->
    case string:split(Word, ":") of
        [Module, Function] ->
            M = list_to_atom(Module),
            case lists:keyfind(Function, 1, [{atom_to_list(F), F} || F <- names(M)]) of
                {_, F} -> [{M, F}];
                false -> []
            end;
        [Module] ->
            M = list_to_atom(Module),
            [{M, F} || F <- names(M)]
    end.

names(M) ->
    Exports = M:module_info(exports),
    case lists:member({all, 0}, Exports) of
        true -> M:all();
        false -> [F || {F, 0} <- lists:sort(Exports), lists:prefix("test_", atom_to_list(F))]
    end.

run({M, F}, Timeout) ->
    Name = [atom_to_list(M), $:, atom_to_list(F)],
    say("@@start ~ts", [Name]),
    Start = erlang:monotonic_time(millisecond),
    {Pid, Ref} = spawn_monitor(fun() -> exit({girder_case, attempt(M, F)}) end),
    Outcome =
        receive
            {'DOWN', Ref, process, Pid, {girder_case, Result}} -> Result;
            {'DOWN', Ref, process, Pid, Reason} -> {fail, exit, Reason, []}
        after Timeout ->
            exit(Pid, kill),
            receive {'DOWN', Ref, process, Pid, _} -> ok end,
            {fail, exit, {timeout_ms, Timeout}, []}
        end,
    report(Name, Outcome, erlang:monotonic_time(millisecond) - Start).

attempt(M, F) ->
    try M:F() of
        {skip, Reason} -> {skip, Reason};
        _ -> ok
    catch
        Class:Reason:Stack -> {fail, Class, Reason, Stack}
    end.

report(Name, ok, Millis) -> say("@@ok ~ts ~w", [Name, Millis]);
report(Name, {skip, Reason}, _) -> say("@@skip ~ts ~0tp", [Name, Reason]);
report(Name, {fail, Class, Reason, Stack}, _) -> say("@@fail ~ts ~w:~0tp ~0tp", [Name, Class, Reason, Stack]).

%% One line, whatever the terms print as. Starts with a line break because a test may have left one open.
say(Format, Args) ->
    Text = lists:flatten(io_lib:format(Format, Args)),
    io:put_chars([$\n, [case C of $\n -> $\s; _ -> C end || C <- Text], $\n]).
