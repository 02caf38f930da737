# SPDX-License-Identifier: Apache-2.0
"""mnesia on disc: tables of every kind, across a restart and a kill -9."""
import time

from system import Figures, Machine, check

PACKAGES = ["erlang-mnesia"]
PROGRAM = """
-module(store).
-export([fill/0, more/0, count/0]).
-record(r, {k, v}).
fill() ->
    ok = mnesia:create_schema([node()]),
    ok = mnesia:start(),
    {atomic, ok} = mnesia:create_table(r, [{disc_copies, [node()]}, {attributes, record_info(fields, r)}, {index, [v]}]),
    {atomic, ok} = mnesia:create_table(o, [{disc_only_copies, [node()]}, {record_name, r}, {attributes, record_info(fields, r)}]),
    [{atomic, ok} = mnesia:transaction(fun() -> mnesia:write(#r{k = I, v = I rem 10}), mnesia:write(o, #r{k = I, v = -I}, write) end)
     || I <- lists:seq(1, 2000)],
    stopped = mnesia:stop(),
    io:format("filled~n"), halt().
start() -> ok = mnesia:start(), ok = mnesia:wait_for_tables([r, o], 20000).
more() ->
    start(),
    2000 = mnesia:table_info(r, size),
    200 = length(mnesia:dirty_index_read(r, 3, v)),
    [{r, 77, -77}] = mnesia:dirty_read(o, 77),
    {aborted, no} = mnesia:transaction(fun() -> mnesia:write(#r{k = a, v = a}), mnesia:abort(no) end),
    [{atomic, ok} = mnesia:sync_transaction(fun() -> mnesia:write(#r{k = I, v = x}) end) || I <- lists:seq(2001, 3000)],
    ok = mnesia:sync_log(),
    io:format("more~n"), receive after infinity -> ok end.
count() ->
    start(),
    io:format("count ~p ~p ~p~n", [mnesia:table_info(r, size), mnesia:table_info(o, size), mnesia:dirty_read(r, 2500)]), halt().
"""


def run(machine: Machine) -> Figures:
    machine.compile("store", PROGRAM)
    where = ("-noshell", "-mnesia", "dir", f'"{machine.folder}/db"', "-s", "store")
    began = time.monotonic()
    check("filled" in machine.run(*where, "fill"), "filling")
    filled = time.monotonic() - began
    machine.start(*where, "more", text="more")
    figures = machine.figures(f"{2000 / filled:.0f} transactions/s with start and stop")
    machine.kill()
    check("count 3000 2000 [{r,2500,x}]" in machine.run(*where, "count"), "after kill -9")
    return figures
