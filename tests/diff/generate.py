#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random differential programs.

    generate.py SEED [functions]     prints one program

Each program has functions of three arguments built from typed random expressions; an operand is of the
wrong type now and then, so that exceptions and their stack traces are compared as well. Functions call
only functions of lower numbers, so every program ends. The same seed gives the same text.
"""
import random
import sys

INTS = ["0", "1", "-1", "2", "7", "255", "-256", "65536", "16#7fffffff", "1 bsl 31", "1 bsl 58", "(1 bsl 59) - 1",
        "1 bsl 59", "-(1 bsl 59)", "-(1 bsl 59) - 1", "1 bsl 60", "1 bsl 63", "1 bsl 64", "-(1 bsl 64)", "(1 bsl 100) + 12345"]
FLOATS = ["0.0", "-1.5", "2.5", "1.0e10", "1.0e300", "0.1"]
ATOMS = ["a", "b", "true", "false", "undefined", "'hello world'"]
TESTS = ["is_integer", "is_list", "is_atom", "is_tuple", "is_binary", "is_map", "is_float", "is_number", "is_bitstring", "is_function"]
COMPARE = ["<", ">", "=<", ">=", "==", "/=", "=:=", "=/="]
TYPES = ["int", "list", "tuple", "atom", "binary", "map", "bool", "float"]


class Program:
    """One random module; expression methods return text."""

    def __init__(self, seed, functions):
        self.rng = random.Random(seed)
        self.seed = seed
        self.functions = functions
        self.current = 0
        self.fresh = 0

    def pick(self, choices):
        return self.rng.choice(choices)

    def name(self):
        self.fresh += 1
        return f"V{self.fresh}"

    def any(self, depth, env):
        return self.expr(self.pick(TYPES), depth, env)

    def expr(self, kind, depth, env):
        """An expression that is mostly of a type. env: list of (variable, type)."""
        if self.rng.random() < 0.03:
            kind = self.pick(TYPES)
        known = [v for v, t in env if t == kind or t == "any" and self.rng.random() < 0.05]
        if known and self.rng.random() < (0.7 if depth <= 0 else 0.3):
            return self.pick(known)
        if depth <= 0:
            return self.leaf(kind)
        if self.rng.random() < 0.25:
            return self.control(kind, depth - 1, env)
        return getattr(self, "make_" + kind)(depth - 1, env)

    def leaf(self, kind):
        leaves = {"int": lambda: f"({self.pick(INTS)})", "list": lambda: self.pick(["[]", "[1]", "[1, 2, 3]", "[a, b]", "\"abc\"", "[1 | 2]"]),
                  "tuple": lambda: self.pick(["{}", "{1}", "{a, b}", "{1, 2.0, c}"]), "atom": lambda: self.pick(ATOMS),
                  "binary": lambda: self.pick(["<<>>", "<<1>>", "<<\"abc\">>", "<<5:3>>", "<<1, 2, 3:7>>"]),
                  "map": lambda: self.pick(["#{}", "#{a => 1}", "#{1 => a, 1.0 => b}"]), "bool": lambda: self.pick(["true", "false"]),
                  "float": lambda: f"({self.pick(FLOATS)})"}
        return leaves[kind]()

    def make_int(self, d, env):
        e = self.expr
        i = lambda: e("int", d, env)
        return self.pick([
            lambda: f"({i()} {self.pick(['+', '-', '*', 'div', 'rem', 'band', 'bor', 'bxor'])} {i()})",
            lambda: f"({i()} {self.pick(['+', '-', '*', 'div', 'rem', 'band'])} {self.pick(INTS)})",
            lambda: f"({i()} {self.pick(['bsl', 'bsr'])} ({i()} band 63))", lambda: f"(-{i()})", lambda: f"(bnot {i()})", lambda: f"abs({i()})",
            lambda: f"length({e('list', d, env)})", lambda: f"byte_size({e('binary', d, env)})", lambda: f"tuple_size({e('tuple', d, env)})",
            lambda: f"map_size({e('map', d, env)})", lambda: f"hd({e('list', d, env)})", lambda: f"element(1, {e('tuple', d, env)})",
            lambda: f"round({e('float', d, env)} / 1.0e5)", lambda: f"erlang:phash2({self.any(d, env)}, 1000)", lambda: f"max({i()}, {i()})"])()

    def make_float(self, d, env):
        f = lambda: self.expr("float", d, env)
        return self.pick([lambda: f"({f()} {self.pick(['+', '-', '*', '/'])} {f()})", lambda: f"float({self.expr('int', d, env)})",
                          lambda: f"({f()} + {self.expr('int', d, env)})", lambda: f"(-{f()})"])()

    def make_list(self, d, env):
        l = lambda: self.expr("list", d, env)
        v = self.name()
        return self.pick([
            lambda: f"[{self.any(d, env)}, {self.any(d, env)}]", lambda: f"[{self.any(d, env)} | {l()}]", lambda: f"({l()} ++ {l()})", lambda: f"({l()} -- {l()})",
            lambda: f"lists:reverse({l()})", lambda: f"tl({l()})", lambda: f"tuple_to_list({self.expr('tuple', d, env)})", lambda: f"binary_to_list({self.expr('binary', d, env)})",
            lambda: f"[{self.any(d, env + [(v, 'any')])} || {v} <- {l()}]", lambda: f"[{v} || {v} <- {l()}, {self.guard(env + [(v, 'any')]).replace(';', ' orelse')}]",
            lambda: f"[{v} || <<{v}:{self.rng.randint(1, 12)}>> <= {self.expr('binary', d, env)}]", lambda: f"lists:sort({l()})",
            lambda: f"lists:map(fun({v}) -> {self.any(d, env + [(v, 'any')])} end, {l()})"])()

    def make_tuple(self, d, env):
        return self.pick([
            lambda: "{" + ", ".join(self.any(d, env) for _ in range(self.rng.randint(0, 5))) + "}",
            lambda: f"setelement({self.rng.randint(1, 3)}, {self.expr('tuple', d, env)}, {self.any(d, env)})",
            lambda: f"list_to_tuple({self.expr('list', d, env)})", lambda: f"erlang:append_element({self.expr('tuple', d, env)}, {self.any(d, env)})"])()

    def make_atom(self, d, env):
        return self.pick([lambda: self.leaf("atom"), lambda: self.expr("bool", d, env)])()

    def make_bool(self, d, env):
        return self.pick([
            lambda: f"({self.any(d, env)} {self.pick(COMPARE)} {self.any(d, env)})", lambda: f"{self.pick(TESTS)}({self.any(d, env)})", lambda: f"(not {self.expr('bool', d, env)})",
            lambda: f"({self.expr('int', d, env)} {self.pick(COMPARE)} {self.expr('int', d, env)})",
            lambda: f"({self.expr('bool', d, env)} {self.pick(['and', 'or', 'xor', 'andalso', 'orelse'])} {self.expr('bool', d, env)})"])()

    def segment(self, d, env):
        size = self.rng.randint(0, 70)
        return self.pick([lambda: f"({self.expr('int', d, env)}):{size}", lambda: f"({self.expr('int', d, env)}):{size}/little", lambda: f"({self.expr('int', d, env)})",
                          lambda: f"({self.expr('binary', d, env)})/bits", lambda: f"({self.expr('float', d, env)})/float", lambda: "\"xy\"",
                          lambda: f"({self.expr('int', d, env)} band 16#3ff)/utf8"])()

    def make_binary(self, d, env):
        return self.pick([
            lambda: "<<" + ", ".join(self.segment(d, env) for _ in range(self.rng.randint(1, 4))) + ">>",
            lambda: f"<<({self.expr('binary', d, env)})/bits, {self.segment(d, env)}>>", lambda: f"term_to_binary({self.any(d, env)})",
            lambda: f"integer_to_binary({self.expr('int', d, env)})"])()

    def make_map(self, d, env):
        m = lambda: self.expr("map", d, env)
        return self.pick([
            lambda: "#{" + ", ".join(f"{self.leaf(self.pick(TYPES))} => {self.any(d, env)}" for _ in range(self.rng.randint(1, 4))) + "}",
            lambda: f"({m()})#{{{self.leaf('atom')} => {self.any(d, env)}}}", lambda: f"({m()})#{{a := {self.any(d, env)}}}", lambda: f"maps:remove({self.any(0, env)}, {m()})",
            lambda: f"maps:merge({m()}, {m()})", lambda: f"maps:put({self.any(0, env)}, {self.any(d, env)}, {m()})"])()

    def control(self, kind, d, env):
        """Expressions of any type: branches, exceptions, calls, funs, messages."""
        e = lambda extra=(): self.expr(kind, d, env + list(extra))
        v, w = self.name(), self.name()
        made = [
            lambda: f"case {self.any(d, env)} of {self.clauses(kind, d, env)} end",
            lambda: f"if {self.guard(env)} -> {e()}; {self.guard(env)} -> {e()}; true -> {e()} end",
            lambda: f"try {e()} catch {v}:{w} when is_atom({w}) -> {e()}; throw:{v} -> {e([(v, 'any')])} end",
            lambda: f"try {e()} of {v} -> {{ok, {v}}} catch {v}:{w} -> {{{v}, {w}}} after put(note, {self.any(0, env)}) end",
            lambda: f"(fun({v}) -> {e([(v, 'any')])} end)({self.any(d, env)})",
            lambda: f"(fun({v}) when {self.guard([(v, 'any')])} -> {e([(v, 'any')])}; (_) -> {e()} end)({self.any(d, env)})",
            lambda: f"begin self() ! {{{self.fresh}, {self.any(d, env)}}}, receive {{{self.fresh}, {v}}} -> {v} after 0 -> {e()} end end",
            lambda: f"(catch {e()})", lambda: f"throw({self.any(d, env)})" if self.rng.random() < 0.2 else e(),
            lambda: f"diff_lib:id({e()})"]
        if self.current:
            callee = f"f{self.rng.randrange(self.current)}"
            args = f"{self.expr('int', d, env)}, {self.expr('list', d, env)}, {self.any(d, env)}"
            made += [lambda: f"{callee}({args})", lambda: f"?MODULE:{callee}({args})", lambda: f"apply(?MODULE, {callee}, [{args}])"]
        return self.pick(made)()

    def clauses(self, kind, d, env):
        out = []
        for _ in range(self.rng.randint(1, 3)):
            pattern, bound = self.pattern(2)
            inner = env + bound
            guard = f" when {self.guard(inner)}" if self.rng.random() < 0.4 else ""
            out.append(f"{pattern}{guard} -> {self.expr(kind, d, inner)}")
        if self.rng.random() < 0.8:
            out.append(f"_ -> {self.expr(kind, d, env)}")
        return "; ".join(out)

    def pattern(self, d):
        """A pattern and the variables that it binds."""
        v = self.name()
        if d <= 0 or self.rng.random() < 0.25:
            return (v, [(v, "any")]) if self.rng.random() < 0.6 else (self.pick(["_", "1", "a", "[]", "{}", "<<>>", "0.0", "16#10000000000000000"]), [])
        kind = self.rng.randrange(6)
        if kind == 0:
            parts = [self.pattern(d - 1) for _ in range(self.rng.randint(0, 4))]
            return "{" + ", ".join(p for p, _ in parts) + "}", sum((b for _, b in parts), [])
        if kind == 1:
            (h, hb), (t, tb) = self.pattern(d - 1), self.pattern(d - 1)
            return f"[{h} | {t}]", hb + tb
        if kind == 2:
            w = self.name()
            return f"<<{v}:{self.rng.randint(1, 40)}{self.pick(['', '/little', '/signed'])}, {w}/bits>>", [(v, "int"), (w, "binary")]
        if kind == 3:
            p, b = self.pattern(d - 1)
            return f"#{{{self.pick(['a', 'b', '1'])} := {p}}}", b
        if kind == 4:
            p, b = self.pattern(d - 1)
            return f"{p} = {v}", b + [(v, "any")]
        return self.pick([(f"\"ab\" ++ {v}", [(v, "list")]), (f"<<\"ab\", {v}/binary>>", [(v, "binary")]), ("\"abc\"", []), ("{a, _}", [])])

    def guard(self, env):
        names = [v for v, _ in env] or ["0"]
        x, y = self.pick(names), self.pick(names + ["1", "a", "[]", "2.5", "1 bsl 64"])
        return self.pick([f"{x} {self.pick(COMPARE)} {y}", f"{self.pick(TESTS)}({x})", f"{x} + 1 > {y}", f"length({x}) > 0", f"element(1, {x}) =:= {y}", f"hd({x}) =:= {y}",
                          f"is_integer({x}), {x} > 0", f"is_list({x}) andalso {x} =/= {y}", f"not is_atom({x})", f"byte_size({x}) > 1; is_map({x})", f"{x} rem 2 =:= 0", f"map_size({x}) > 0"])

    def function(self, number):
        self.current = number
        out = []
        for last in (False, True):
            args = [("A", "int"), ("B", "list"), ("C", "any")]
            guard = "" if last else f" when {self.guard(args)}"
            lines, env = [], list(args)
            for _ in range(self.rng.randint(1, 4)):
                kind = self.pick(TYPES)
                text = self.expr(kind, 3, env)
                v, c, r = self.name(), self.name(), self.name()
                if self.rng.random() < 0.6:
                    text, kind = f"try {text} catch {c}:{r} -> {{{c}, {r}}} end", "any"
                lines.append(f"    {v} = {text}")
                env.append((v, kind))
            lines.append("    {" + ", ".join(v for v, _ in env[3:]) + "}")
            out.append(f"f{number}(A, B, C){guard} ->\n" + ",\n".join(lines))
        return ";\n".join(out) + ".\n"

    def text(self, module):
        body = "\n".join(self.function(n) for n in range(self.functions))
        exports = ", ".join(f"f{n}/3" for n in range(self.functions))
        funs = ", ".join(f"fun f{n}/3" for n in range(self.functions))
        return (f"%% Made by generate.py from seed {self.seed}.\n-module({module}).\n-export([cases/0, {exports}]).\n\n"
                "cases() ->\n    [{{N, A}, fun() -> F(X, Y, Z) end} || {N, F} <- lists:zip(lists:seq(0, " f"{self.functions - 1}), [{funs}]),\n"
                "        {A, {X, Y, Z}} <- [{1, {0, [], a}}, {2, {1, [1, 2, 3], {a, 1}}}, {3, {-5, \"abc\", <<\"abcd\">>}}, {4, {1 bsl 59, [a, {b}], #{a => 1}}},\n"
                "                           {5, {-(1 bsl 64), [1.5, <<>>], 2.5}}, {6, {a, b, c}}, {7, {17, [[1], [2]], [x]}}, {8, {1 bsl 60, [0], 1 bsl 60}}]].\n\n" + body)


def program(seed, module, functions=8):
    return Program(seed, functions).text(module)


if __name__ == "__main__":
    sys.stdout.write(program(int(sys.argv[1]), f"random_{sys.argv[1]}", int(sys.argv[2]) if len(sys.argv) > 2 else 8))
