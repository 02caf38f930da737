# SPDX-License-Identifier: Apache-2.0
"""Dialyzer: the table for erts, kernel and stdlib, then what it reports of a module."""
from system import Figures, Machine, check

PACKAGES = ["erlang-dialyzer"]
MODULE = """
-module(wrong).
-export([f/1, g/0, h/1]).
-spec f(integer()) -> atom().
f(X) -> X + 1.
g() -> lists:nth(a, [1, 2]).
h(X) when is_list(X) -> case X of {Y} -> Y; _ -> ok end.
"""
REPORTED = ["wrong.erl:4:2: Invalid type specification for function wrong:f/1", "wrong.erl:6:1: Function g/0 has no local return",
            "wrong.erl:6:18: The call lists:nth", "wrong.erl:7:35: The pattern {Y} can never match"]


def run(machine: Machine) -> Figures:
    built = machine.tool("dialyzer", "--build_plt", "--apps", "erts", "kernel", "stdlib", "--output_plt", "plt", seconds=600)
    machine.write("wrong.erl", MODULE)
    checked = machine.tool("dialyzer", "--plt", "plt", "wrong.erl", status=2)
    said = " ".join(checked.output.split())
    for line in REPORTED:
        check(line in said, checked.output)
    return Figures(checked.seconds, built.cpu, built.megabytes, f"{built.seconds:.1f} s for the table")
