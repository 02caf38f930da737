%% SPDX-License-Identifier: Apache-2.0
%% open_port/2 on the name of a file.
-module(port_file).
-export([cases/0]).

cases() ->
    [{{open, Name, Options}, fun() -> with_file(fun() -> opened(Name, Options) end) end}
     || {Name, Options} <- [{"a.txt", [in]}, {"a.txt", [in, eof]}, {"a.txt", [in, binary]}, {"a.txt", [in, {line, 3}]}, {'a.txt', [in]},
                            {"a.txt", []}, {<<"a.txt">>, [in]}, {"none.txt", [in]}, {"none/x", [out]}, {"", [in]},
                            {"a.txt", [in, {args, []}]}, {"a\x{400}", [in]}, {"a\0", [in]}, {1, [in]}, {{"a.txt"}, [in]},
                            {["a", ".txt"], [in]}, {"a.txt", [in, {packet, 1}]}, {"/dev/null", [in]}, {"/tmp", [out]}]] ++
    [{{write, Options}, fun() -> with_file(fun() -> written(Options) end) end}
     || Options <- [[out], [out, binary], [out, {packet, 2}]]] ++
    [{write_to_read_only, fun() -> with_file(fun read_only/0) end},
     {not_io_data, fun() -> with_file(fun not_io_data/0) end}].

%% Runs F in a folder of its own that has the file a.txt.
with_file(F) ->
    process_flag(trap_exit, true),
    {ok, Old} = file:get_cwd(),
    Folder = filename:join("/tmp", "port_file." ++ os:getpid()),
    _ = file:make_dir(Folder),
    ok = file:set_cwd(Folder),
    try
        ok = file:write_file("a.txt", "hello\nworld"),
        F()
    after
        _ = file:delete("a.txt"),
        ok = file:set_cwd(Old),
        file:del_dir(Folder)
    end.

opened(Name, Options) ->
    try open_port(Name, Options) of
        P ->
            Eof = lists:member(eof, Options),
            Got = got(P, Eof),
            [port_close(P) || Eof],
            Got
    catch C:R -> {C, R}
    end.

got(P, Eof) ->
    receive
        {P, eof} when Eof -> [eof];
        {P, M} -> [M | got(P, Eof)];
        {'EXIT', P, R} -> [{exit, R}]
    end.

written(Options) ->
    P = open_port("a.txt", Options),
    {name, "a.txt"} = erlang:port_info(P, name),
    true = port_command(P, "one"),
    P ! {self(), {command, <<"two">>}},
    {output, N} = erlang:port_info(P, output),
    port_close(P),
    {N, receive {'EXIT', P, R} -> R end, file:read_file("a.txt")}.

read_only() ->
    P = open_port("a.txt", [in, eof]),
    [{data, "hello\nworld"}, eof] = got(P, true),
    {port_command(P, "x"), receive {'EXIT', P, R} -> R end, file:read_file("a.txt")}.

not_io_data() ->
    P = open_port("a.txt", [out]),
    Wrong = [xxx, fun() -> 1 end, [1 | fun() -> 2 end], [lists:duplicate(70000, 7), fun() -> 3 end], [256], [-1]],
    R = [try port_command(P, W) catch error:E -> E end || W <- Wrong],
    port_close(P),
    R.
