%% SPDX-License-Identifier: Apache-2.0
%%
%% Driver of the benchmark programs.  One operating-system process runs one
%% entry: erl ... -s bench main -extra CLASS/ENTRY PERCENT
%%
%% A class is a module bench_CLASS with
%%   benches()           [{Entry, Iterations, OperationsPerIteration}]
%%   setup(Entry, N)     whatever run/3 needs; not measured
%%   run(Entry, N, Arg)  the measured region, in a fresh process
%%   expected(Entry, N)  what run/3 must return
%%
%% The report is one line written by erlang:display/1, so that a benchmark
%% needs neither the I/O system nor formatting:
%%   {bench,"CLASS/ENTRY",Nanoseconds,Operations,ProcessorMilliseconds}
%% or {bench_wrong,...}
-module(bench).
-export([main/0, list/0]).

main() ->
    [Name, Percent] = init:get_plain_arguments(),
    {Module, Entry} = locate(Name),
    {Entry, Full, Ops} = lists:keyfind(Entry, 1, Module:benches()),
    N = max(1, Full * list_to_integer(Percent) div 100),
    Self = self(),
    {Pid, Monitor} = spawn_monitor(fun() -> Self ! {self(), measure(Module, Entry, N)} end),
    receive
        {Pid, {ok, Ns, Cpu}} ->
            erlang:display({bench, Name, Ns, N * Ops, Cpu}),
            halt(0);
        {Pid, {wrong, Result, Expected}} ->
            erlang:display({bench_wrong, Name, Result, Expected}),
            halt(1);
        {'DOWN', Monitor, process, Pid, Reason} when Reason =/= normal ->
            erlang:display({bench_wrong, Name, Reason, no_result}),
            halt(1)
    end.

measure(Module, Entry, N) ->
    Arg = Module:setup(Entry, N),
    CpuBefore = processor_time(),
    Before = erlang:monotonic_time(nanosecond),
    Result = Module:run(Entry, N, Arg),
    After = erlang:monotonic_time(nanosecond),
    CpuAfter = processor_time(),
    case Module:expected(Entry, N) of
        Result -> {ok, After - Before, CpuAfter - CpuBefore};
        Expected -> {wrong, Result, Expected}
    end.

%% Milliseconds of all threads; 0 where the emulator can't tell.
processor_time() ->
    try element(1, statistics(runtime)) catch error:_ -> 0 end.

locate(Name) ->
    {Class, [$/ | Entry]} = split(Name, []),
    {list_to_atom("bench_" ++ Class), list_to_atom(Entry)}.

split([$/ | _] = Rest, Acc) -> {lists:reverse(Acc), Rest};
split([C | Rest], Acc) -> split(Rest, [C | Acc]).

%% Prints the entries of the classes named on the command line.
list() ->
    [erlang:display({entry, Class ++ "/" ++ atom_to_list(Entry), N, Ops})
     || Class <- init:get_plain_arguments(),
        {Entry, N, Ops} <- (list_to_atom("bench_" ++ Class)):benches()],
    halt(0).
