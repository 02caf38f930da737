%% SPDX-License-Identifier: Apache-2.0
%% Files in memory: what file and ram_file do on a port of the driver ram_file_drv.
-module(port_ram_file).
-export([cases/0]).

-define(DATA, <<"hello, world">>).

cases() ->
    [{{Modes, What}, fun() -> with(Modes, F) end}
     || Modes <- [[read], [write], [read, write], [read, binary], [read, write, binary]],
        {What, F} <- steps()] ++
    [{{open, Data, Modes}, fun() -> opened(Data, Modes) end}
     || {Data, Modes} <- [{"abc", [read]}, {["a", <<"b">>, $c], [read, binary]}, {<<>>, [read, binary]}, {[], [write]}, {[256], [read]},
                          {a, [read]}, {<<"x">>, []}, {<<"x">>, [append]}, {<<"x">>, [read, compressed]}]] ++
    [{{raw, C}, fun() -> raw(C, O) end} || C <- commands(), O <- [[], [binary]]] ++
    [{port, fun port/0}, {many, fun many/0}].

steps() ->
    [{read, fun(F) -> [file:read(F, 5), file:read(F, 100), file:read(F, 1), file:read(F, 0)] end},
     {read_line, fun(F) -> file:read_line(F) end},
     {read_none, fun(F) -> file:read(F, 0) end},
     {write, fun(F) -> [file:write(F, "HE"), file:write(F, <<"LLO">>), file:write(F, []), file:write(F, [256]), ram_file:get_file(F)] end},
     {write_behind, fun(F) -> [file:position(F, 20), file:write(F, "x"), ram_file:get_file(F), ram_file:get_size(F)] end},
     {positions, fun(F) -> [file:position(F, P) || P <- [3, cur, {cur, 2}, {cur, -1}, eof, {eof, -2}, {eof, 5}, bof, {bof, 7}, -1, {cur, -100},
                                                         {bof, 1 bsl 31}, {bof, 1 bsl 30}, cur, x, {x, 1}]] end},
     {read_behind, fun(F) -> [file:position(F, 30), file:read(F, 1), file:read(F, 0)] end},
     {truncate, fun(F) -> [file:position(F, 5), file:truncate(F), ram_file:get_file(F), ram_file:get_size(F), file:read(F, 1)] end},
     {truncate_behind, fun(F) -> [file:position(F, 15), file:truncate(F), ram_file:get_file(F), ram_file:get_size(F)] end},
     {pread, fun(F) -> [file:pread(F, A, N) || {A, N} <- [{0, 5}, {7, 100}, {12, 1}, {12, 0}, {50, 3}, {-1, 2}, {0, -1}, {1 bsl 31, 1}]] end},
     {pread_list, fun(F) -> [file:pread(F, [{0, 2}, {11, 3}, {20, 1}]), file:position(F, cur)] end},
     {pwrite, fun(F) -> [file:pwrite(F, 2, "XX"), file:pwrite(F, 14, "Y"), file:pwrite(F, -1, "Z"), file:pwrite(F, [{0, "a"}, {1, <<"b">>}]),
                         file:pwrite(F, 40, ""), file:position(F, cur), ram_file:get_file(F), ram_file:get_size(F)] end},
     {sync, fun(F) -> [file:sync(F), file:datasync(F)] end},
     {advise, fun(F) -> [file:advise(F, 0, 5, A) || A <- [normal, random, sequential, will_need, dont_need, no_reuse, other]] end},
     {allocate, fun(F) -> [file:allocate(F, 0, 100), file:allocate(F, -1, 5), file:allocate(F, 5, -1), ram_file:get_size(F), ram_file:get_file(F)] end},
     {ipread, fun(F) -> file:ipread_s32bu_p32bu(F, 0, 100) end},
     {closed, fun(F) -> [file:close(F), file:read(F, 1), file:close(F)] end}].

with(Modes, Do) ->
    {ok, F} = file:open(?DATA, [ram | Modes]),
    R = Do(F),
    file:close(F),
    R.

opened(Data, Modes) ->
    case file:open(Data, [ram | Modes]) of
        {ok, F} -> {file:read(F, 10), ram_file:get_size(F), file:close(F)};
        Error -> Error
    end.

commands() ->
    [<<>>, <<1>>, <<1, 0>>, <<1, 3:32>>, <<1, 3:32, "abc">>, <<1, 0:32, "abc">>, <<1, 4:32, "abc">>, <<2, 1:32>>, <<2, -1:32>>,
     <<3>>, <<3, 0:32>>, <<3, 0:32, 7:32>>, <<5>>, <<9>>, <<9, 1>>, <<14>>, <<17, 0:32, -1:32>>, <<30>>, <<37>>, <<38>>,
     <<39>>, <<39, 0:64, 5:64>>, <<99>>].

%% A command to an opened driver, as bytes.
raw(Command, Options) ->
    P = open_port({spawn, "ram_file_drv"}, Options),
    Before = answer(P, Command),
    Opened = answer(P, <<1, 3:32, "some data">>),
    After = answer(P, Command),
    port_close(P),
    {Before, Opened, After}.

answer(P, Command) ->
    port_command(P, Command),
    receive {P, M} -> M after 0 -> none end.

port() ->
    P = open_port({spawn_driver, "ram_file_drv"}, [binary]),
    R = [erlang:port_info(P, I) || I <- [name, os_pid, connected]],
    [is_list(erlang:port_info(P)), R =:= [{name, "ram_file_drv"}, {os_pid, undefined}, {connected, self()}], port_close(P)].

many() ->
    {ok, F} = file:open(<<>>, [ram, read, write, binary]),
    [ok = file:write(F, <<I:32>>) || I <- lists:seq(1, 5000)],
    {ok, 0} = file:position(F, bof),
    L = [begin {ok, <<I:32>>} = file:read(F, 4), I end || _ <- lists:seq(1, 5000)],
    {ok, B} = ram_file:get_file(F),
    file:close(F),
    {lists:sum(L), erlang:md5(B)}.
