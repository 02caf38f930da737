%% SPDX-License-Identifier: Apache-2.0
%%
%% Assembles .S files as they stand. `erlc +from_asm` would optimise them and refuse what today's
%% compiler does not emit, while old and odd code is just what these files are for.
-module(diff_asm).
-export([main/1]).

%% main([OutDir, File...]): stops with status 1 at the first file that cannot be assembled.
main([Dir | Files]) ->
    lists:foreach(fun(File) -> file(Dir, File) end, Files),
    halt(0).

file(Dir, File) ->
    try
        {ok, Forms} = file:consult(File),
        {module, Module} = lists:keyfind(module, 1, Forms),
        {exports, Exports} = lists:keyfind(exports, 1, Forms),
        {labels, Labels} = lists:keyfind(labels, 1, Forms),
        {ok, Beam} = beam_asm:module({Module, Exports, [], functions(Forms), Labels}, [], [], []),
        ok = file:write_file(filename:join(Dir, atom_to_list(Module) ++ ".beam"), Beam)
    catch
        Class:Reason:Stack ->
            io:format("~s: ~p:~p~n~p~n", [File, Class, Reason, Stack]),
            halt(1)
    end.

functions([{function, Name, Arity, Entry} | Rest]) ->
    {Code, More} = lists:splitwith(fun(F) -> not is_tuple(F) orelse element(1, F) =/= function end, Rest),
    [{function, Name, Arity, Entry, Code} | functions(More)];
functions([_ | Rest]) -> functions(Rest);
functions([]) -> [].
