# SPDX-License-Identifier: Apache-2.0
"""rebar3: an application and its EUnit tests; an escript of it."""
from system import Figures, Machine, check

PACKAGES = ["rebar3"]
TESTS = 200
MODULE = """
-module(calc).
-export([add/2]).
-include_lib("eunit/include/eunit.hrl").
add(X, Y) -> X + Y.
all_test_() -> [?_assertEqual(2 * I, add(I, I)) || I <- lists:seq(1, TESTS)].
"""


def run(machine: Machine) -> Figures:
    fresh = machine.tool("rebar3", "new", "escript", "name=demo")
    machine.write("demo/src/calc.erl", MODULE.replace("TESTS", str(TESTS)))
    tested = machine.tool("rebar3", "eunit", within="demo")
    check(f"{TESTS} tests, 0 failures" in tested.output, tested.output)
    machine.tool("rebar3", "escriptize", within="demo")
    said = machine.tool("./_build/default/bin/demo", "a", "b", within="demo")
    check('Args: ["a","b"]' in said.output, said.output)
    return Figures(fresh.seconds, tested.cpu, tested.megabytes, f"{tested.seconds:.2f} s for eunit, {said.seconds:.2f} s for the escript")
