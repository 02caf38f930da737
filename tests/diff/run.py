#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The differential tool: the same .beam files on stock Erlang and on Girder, results compared.

Each program under programs/ is compiled once by stock `erlc` (kept by content hash), then its cases run
on both emulators. Modules under support/ and assembly under asm/ are compiled for them to use. Compared are result or exception with the full stack trace, what was
written, and the messages left. One line for each difference, then `N passed, N failed`.

    run.py --erl build/otp/bin/erl              everything
    run.py --erl build/otp/bin/erl bits/ maps   only programs whose path has one of these parts
    run.py --random 20 --seed 1                 random programs from seeds 1 to 20
    run.py --erl erl --fresh                    stock against stock: are the programs deterministic?

A program may hold lines `%% diff: alone` (own emulator, standard output is compared too),
`%% diff: flags ...` (emulator flags) and `%% erlc: ...` (compiler flags).
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import generate

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


# What the bare boot script loads: enough for the programs that need no server.
BARE_LIBS = ["lists", "maps", "math", "binary", "ets", "re", "string", "unicode", "unicode_util", "io", "io_lib",
             "io_lib_format", "io_lib_pretty", "erl_scan", "proplists", "ordsets", "orddict", "gb_trees", "queue",
             "array", "dict", "sets", "rand", "gen", "gen_server", "proc_lib", "erl_error", "erl_stdlib_errors",
             "error_handler", "os", "file", "code", "erl_kernel_errors"]


# Emulators under way, ended with this program.
RUNNING = set()


def stop_all(*_):
    for process in list(RUNNING):
        process.kill()
    os._exit(1)


class Program:
    """A source file of cases."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.relpath(path, HERE)
        self.module = os.path.splitext(os.path.basename(path))[0]
        with open(path, "rb") as f:
            self.text = f.read()
        text = self.text.decode("utf-8")
        self.alone = re.search(r"^%% diff: alone", text, re.M) is not None
        flags = re.search(r"^%% diff: flags (.*)$", text, re.M)
        self.flags = flags.group(1).split() if flags else []
        erlc = re.search(r"^%% erlc: (.*)$", text, re.M)
        self.erlc = erlc.group(1).split() if erlc else []
        self.assembly = path.endswith(".S")
        self.solo = self.alone or bool(self.flags)


def sources(folder, endings):
    """Programs in a folder and those below, in a fixed order; their module names must differ."""
    found = []
    for top, _, files in sorted(os.walk(os.path.join(HERE, folder))):
        found += [Program(os.path.join(top, f)) for f in sorted(files) if f.endswith(endings)]
    names = [p.module for p in found]
    twice = {n for n in names if names.count(n) > 1}
    if twice:
        sys.exit("run.py: module names used twice: " + ", ".join(sorted(twice)))
    return found


def programs():
    return sources("programs", ".erl")


def random_programs(args):
    """Freshly made programs; seeds follow each other, so that one that differs can be run alone."""
    first = args.seed if args.seed is not None else int(time.time()) % 1000000
    print(f"random programs {first} to {first + args.random - 1}")
    folder = os.path.join(args.build, "random")
    os.makedirs(folder, exist_ok=True)
    found = []
    for seed in range(first, first + args.random):
        path = os.path.join(folder, f"random_{seed}.erl")
        with open(path, "w") as f:
            f.write(generate.program(seed, f"random_{seed}"))
        found.append(Program(path))
    return found


def helpers():
    return sources("support", ".erl")


def assembly():
    return sources("asm", ".S")


def headers_hash():
    h = hashlib.sha256()
    for folder, _, files in sorted(os.walk(HERE)):
        for f in sorted(files):
            if f.endswith(".hrl"):
                with open(os.path.join(folder, f), "rb") as src:
                    h.update(src.read())
    return h.hexdigest()


class Build:
    """The compiled programs, kept by content hash in a folder of their own."""

    def __init__(self, folder, erl):
        self.ebin = os.path.join(folder, "ebin")
        self.hashes = os.path.join(folder, "hash")
        self.results = os.path.join(folder, "stock")
        self.erl = erl
        self.erlc = os.path.join(os.path.dirname(erl), "erlc")
        for d in (self.ebin, self.hashes, self.results):
            os.makedirs(d, exist_ok=True)
        self.headers = headers_hash()

    def key(self, program):
        h = hashlib.sha256(self.headers.encode())
        h.update(" ".join(program.erlc).encode() + program.text)
        return h.hexdigest()

    def beam(self, program):
        return os.path.join(self.ebin, program.module + ".beam")

    def fresh(self, program):
        mark = os.path.join(self.hashes, program.module)
        if not (os.path.exists(mark) and os.path.exists(self.beam(program))):
            return False
        with open(mark) as f:
            return f.read() == self.key(program)

    def compile(self, chunk):
        """Compiles programs with equal flags in one erlc; returns what it said if it failed."""
        if chunk[0].assembly:
            args = [self.erl, "-noshell", "-pa", self.ebin, "-run", "diff_asm", "main", self.ebin]
        else:
            args = [self.erlc, "-W0", "+deterministic", "-o", self.ebin] + chunk[0].erlc
        done = subprocess.run(args + [p.path for p in chunk], capture_output=True, text=True)
        if done.returncode != 0:
            return done.stdout + done.stderr
        for p in chunk:
            with open(os.path.join(self.hashes, p.module), "w") as f:
                f.write(self.key(p))
        return ""

    def all(self, wanted, jobs):
        groups = {}
        for p in wanted:
            if not self.fresh(p):
                groups.setdefault((p.assembly, *p.erlc), []).append(p)
        chunks = []
        for group in groups.values():
            size = max(1, min(12, -(-len(group) // jobs)))
            chunks += [group[i:i + size] for i in range(0, len(group), size)]
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            problems = [said for said in pool.map(self.compile, chunks) if said]
        if problems:
            sys.exit("run.py: erlc failed\n" + "\n".join(problems))


class Vm:
    """One emulator and how it is started."""

    def __init__(self, name, erl, flags, mode, args, build):
        self.name = name
        self.erl = erl
        self.flags = flags
        self.mode = mode
        self.args = args
        self.build = build

    def command(self, specs, extra):
        if self.args.boot == "bare":
            return self.bare_command(specs, extra)
        start = ["-noshell", "-noinput"] + (["-boot", "start_clean"] if self.args.boot == "light" else [])
        start += ["-kernel", "logger_level", "none", "-pa", self.build.ebin] + self.flags + extra
        return [self.erl] + start + ["-run", "diff_harness", "start", f"{self.mode}:{self.args.limit}"] + specs

    def bare_command(self, specs, extra):
        """Without kernel and stdlib processes: a boot script that only loads and calls the harness."""
        start = ["-noshell", "-noinput", "-boot", os.path.join(self.build.ebin, "diff_bare")]
        return [self.erl] + start + self.flags + extra + ["-diff_dir", self.build.ebin, "-diff", f"bare:{self.args.limit}"] + specs

    def run(self, batch):
        """Runs programs, over crashes; returns {module: Outcome}."""
        outcomes = {p.module: Outcome() for p in batch}
        specs = [p.module for p in batch]
        crashes = 0
        while specs:
            ended = self.session(self.command(specs, batch[0].flags), outcomes)
            if ended.complete:
                break
            crashes += 1
            if not ended.begun or crashes > self.args.crashes:
                why = f"does not reach the harness: {ended.why}" if not ended.begun else "crashed too often"
                for s in specs:
                    outcomes[s.split(":")[0]].lost = why
                break
            specs = self.rest(specs, ended, outcomes)
        return outcomes

    @staticmethod
    def rest(specs, ended, outcomes):
        """What is left to run after a crash: the running case is marked and skipped."""
        names = [s.split(":")[0] for s in specs]
        if ended.module is None:
            outcomes[names[0]].lost = ended.why
            return specs[1:]
        at = names.index(ended.module)
        if ended.index is None:
            outcomes[ended.module].lost = ended.why
            return specs[at + 1:]
        if not ended.between:
            outcomes[ended.module].cases[ended.index] = (ended.case, ended.why)
        return [f"{ended.module}:{ended.index + 1}"] + specs[at + 1:]

    def session(self, command, outcomes):
        """One emulator from start to end or death."""
        ended = Ended()
        env = dict(os.environ, ERL_CRASH_DUMP="/dev/null", ERL_LIBS="", ERL_FLAGS="", ERL_AFLAGS="", ERL_ZFLAGS="")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, cwd=self.build.ebin, env=env)
        RUNNING.add(process)
        pipes = {process.stdout.fileno(): b"", process.stderr.fileno(): b""}
        out, noise, ending, heard = [], [], "", time.time()
        while pipes:
            ready, _, _ = select.select(list(pipes), [], [], 0.5)
            if ready:
                heard = time.time()
            elif time.time() - heard > self.args.silence:
                ending = f"HUNG (no line for {self.args.silence:g} s)"
            elif resident(process.pid) > self.args.memory:
                ending = f"GREW (over {self.args.memory} MB)"
            if ending:
                process.kill()
                break
            for fd in ready:
                data = os.read(fd, 1 << 16)
                if not data:
                    del pipes[fd]
                    continue
                if b"\n" not in data:
                    pipes[fd] += data
                    continue
                lines = (pipes[fd] + data).split(b"\n")
                pipes[fd] = lines.pop()
                for line in lines:
                    text = line.decode("utf-8", "backslashreplace")
                    if text.startswith("@@"):
                        self.line(text.rstrip("\r"), ended, outcomes)
                    elif fd == process.stdout.fileno():
                        out.append(text)
                    else:
                        noise.append(text)
        code = process.wait()
        RUNNING.discard(process)
        if ending:
            ended.why = ending
        else:
            said = " | ".join((noise or out)[-3:])[-300:]
            ended.why = f"CRASHED (exit status {code}) {said}"
        if ended.complete and len(outcomes) == 1:
            only = next(iter(outcomes.values()))
            only.stdout = "\n".join(out)
        return ended

    @staticmethod
    def line(text, ended, outcomes):
        fields = text.split("\t")
        kind = fields[0]
        if kind == "@@B":
            ended.begun = True
        elif kind == "@@E":
            ended.complete = True
        elif kind == "@@M":
            ended.module, ended.index, ended.between = fields[1], 0, True
            outcomes[fields[1]].count = int(fields[2])
        elif kind == "@@L":
            outcomes[fields[1]].lost = "LOAD " + fields[2]
        elif kind == "@@S":
            ended.module, ended.index, ended.case = fields[1], int(fields[2]), fields[3]
            ended.between = False
        elif kind == "@@R":
            outcomes[fields[1]].cases[int(fields[2])] = (fields[3], fields[4])
            ended.between = True


def resident(pid):
    """Megabytes of memory a process has, 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20
    except OSError:
        return 0


class Ended:
    """How far one emulator came."""

    def __init__(self):
        self.begun = self.complete = self.between = False
        self.module = self.index = self.case = None
        self.why = ""


class Outcome:
    """What one program did on one emulator."""

    def __init__(self):
        self.cases = {}
        self.count = None
        self.lost = None
        self.stdout = ""

    def dump(self):
        return {"cases": self.cases, "count": self.count, "lost": self.lost, "stdout": self.stdout}

    @staticmethod
    def restore(data):
        o = Outcome()
        o.cases = {int(k): tuple(v) for k, v in data["cases"].items()}
        o.count, o.lost, o.stdout = data["count"], data["lost"], data["stdout"]
        return o


def shorten(stock, girder, full):
    """Both texts from a little before where they part."""
    if full:
        return stock, girder
    same = len(os.path.commonprefix([stock, girder]))
    start = max(0, same - 60)

    def cut(text):
        part = text[start:start + 240]
        return ("…" if start else "") + part + ("…" if len(text) > start + 240 else "")
    return cut(stock), cut(girder)


def compare(program, stock, girder, full):
    """Lines of difference, and how many cases agree."""
    where = program.name
    if stock.lost:
        return [f"{where}: stock: {stock.lost}"] if stock.lost != girder.lost else [], int(stock.lost == girder.lost)
    lines, passed = [], 0
    for index in sorted(stock.cases):
        name, want = stock.cases[index]
        if want.startswith(("CRASHED", "HUNG", "GREW", "TIMEOUT")):
            continue  # stock itself gives no answer (it dies of some calls without a code server)
        got = girder.cases.get(index, (name, girder.lost or "NOT RUN"))
        if got == (name, want):
            passed += 1
            continue
        if got[0] != name:
            got = (name, f"another case: {got[0]} {got[1]}")
        a, b = shorten(want, got[1], full)
        lines.append(f"{where}:{index} {name}\n    stock:  {a}\n    girder: {b}")
    if program.alone:
        if stock.stdout == girder.stdout:
            passed += 1
        else:
            a, b = shorten(stock.stdout, girder.stdout, full)
            lines.append(f"{where}: standard output\n    stock:  {a!r}\n    girder: {b!r}")
    return lines, passed


def make_bare_boot(build, erl):
    """A boot script that loads a few library modules and calls the harness, without any server."""
    expr = f'''
        Loads = [{{path,[filename:join(code:lib_dir(A),"ebin")]}} || A <- [stdlib,kernel]],
        Mods = {json.dumps(BARE_LIBS)},
        Script = {{script,{{"diff","1"}},[{{preLoaded,[]}},
            {{path,[filename:join(code:lib_dir(A),"ebin") || A <- [stdlib,kernel]] ++ ["{build.ebin}"]}},
            {{primLoad,[list_to_atom(M) || M <- Mods] ++ [diff_harness,diff_lib,diff_bare]}},
            {{kernel_load_completed}},
            {{apply,{{diff_bare,start,[]}}}}]}},
        ok = file:write_file("{build.ebin}/diff_bare.boot", term_to_binary(Script)), halt().'''
    subprocess.run([erl, "-noshell", "-eval", expr], check=True)


def batches(wanted, size):
    solo = [[p] for p in wanted if p.solo]
    rest = [p for p in wanted if not p.solo]
    return [rest[i:i + size] for i in range(0, len(rest), size)] + solo


def run_stock(vm, wanted, build, args, pool):
    """Stock's outcomes, remembered from the last run of the same .beam files."""
    base = hashlib.sha256(" ".join([vm.erl, args.boot, vm.mode, str(args.limit)] + BARE_LIBS).encode())
    for p in helpers() + assembly():
        base.update(build.key(p).encode())
    keys, known, todo = {}, {}, []
    for p in wanted:
        h = base.copy()
        h.update(build.key(p).encode())
        keys[p.module] = h.hexdigest()
        path = os.path.join(build.results, p.module + ".json")
        data = None
        if not args.fresh and os.path.exists(path):
            with open(path) as f:
                data = json.load(f)
        if data and data["key"] == keys[p.module]:
            known[p.module] = Outcome.restore(data["outcome"])
        else:
            todo.append(p)

    def go(batch):
        outcomes = vm.run(batch)
        for module, outcome in outcomes.items():
            if outcome.lost is None:
                with open(os.path.join(build.results, module + ".json"), "w") as f:
                    json.dump({"key": keys[module], "outcome": outcome.dump()}, f)
        return outcomes
    futures = [pool.submit(go, b) for b in batches(todo, args.batch)]
    return known, futures


def arguments():
    p = argparse.ArgumentParser(description="compare Girder with stock Erlang")
    p.add_argument("filter", nargs="*", help="parts of program paths, e.g. bits/ or maps_large")
    p.add_argument("--erl", default=os.path.join(ROOT, "build/otp/bin/erl"), help="Girder's erl")
    p.add_argument("--stock", default=shutil.which("erl"), help="stock erl")
    p.add_argument("--flags", default="", help="emulator flags for Girder")
    p.add_argument("--build", default=os.path.join(ROOT, "build/diff"), help="folder for compiled programs")
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    p.add_argument("--batch", type=int, default=12, help="programs for one emulator start")
    p.add_argument("--boot", choices=["light", "default", "bare"], default="light",
                   help="light: -boot start_clean; bare: only init and the harness, no kernel")
    p.add_argument("--light", dest="boot", action="store_const", const="light")
    p.add_argument("--bare", dest="boot", action="store_const", const="bare")
    p.add_argument("--inline", action="store_true", help="cases run in one process, for emulators without spawn")
    p.add_argument("--limit", type=int, default=10000, help="milliseconds for a case")
    p.add_argument("--silence", type=float, default=30, help="seconds without a line before the emulator is ended")
    p.add_argument("--memory", type=int, default=3000, help="megabytes before the emulator is ended")
    p.add_argument("--crashes", type=int, default=40, help="crashes borne within one batch")
    p.add_argument("--fresh", action="store_true", help="do not use remembered results of stock")
    p.add_argument("--full", action="store_true", help="print differing values whole")
    p.add_argument("--show", action="store_true", help="print stock's results and compare nothing")
    p.add_argument("--random", type=int, default=0, metavar="N", help="run N random programs instead of the stored ones")
    p.add_argument("--seed", type=int, default=None, help="seed of the first random program")
    p.add_argument("--max", type=int, default=200, help="differences to print")
    return p.parse_args()


KNOWN = Path(__file__).resolve().parent / "known_differences.txt"


def known_differences() -> list[tuple[str, str]]:
    """(program, text that a difference's line contains) of each known difference; each has its reason in the file."""
    rows = []
    if KNOWN.exists():
        for line in KNOWN.read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                program, text, _reason = line.split("\t", 2)
                rows.append((program, text))
    return rows


def is_known(known: list[tuple[str, str]], program: str, line: str) -> bool:
    return any(program.endswith(name) and text in line for name, text in known)


def main():
    args = arguments()
    began = time.time()
    signal.signal(signal.SIGTERM, stop_all)
    signal.signal(signal.SIGINT, stop_all)
    if not args.stock:
        sys.exit("run.py: no stock erl found, name it with --stock")
    erl = args.erl if os.sep in args.erl else shutil.which(args.erl)
    if not args.show and not (erl and os.path.exists(erl)):
        sys.exit(f"run.py: no emulator at {args.erl}")
    args.build = os.path.abspath(args.build)
    build = Build(args.build, args.stock)
    stored = random_programs(args) if args.random else programs()
    wanted = [p for p in stored if not args.filter or any(f in p.name for f in args.filter)]
    build.all(helpers(), args.jobs)
    build.all(assembly() + wanted, args.jobs)
    if args.boot == "bare":
        make_bare_boot(build, args.stock)
    mode = "bare" if args.boot == "bare" else "inline" if args.inline else "process"
    stock_vm = Vm("stock", args.stock, [], mode, args, build)
    girder_vm = Vm("girder", erl, args.flags.split(), mode, args, build)
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        stock, stock_runs = run_stock(stock_vm, wanted, build, args, pool)
        girder, girder_runs = {}, []
        if not args.show:
            girder_runs = [pool.submit(girder_vm.run, b) for b in batches(wanted, args.batch)]
        for f in stock_runs:
            stock.update(f.result())
        for f in girder_runs:
            girder.update(f.result())
    if args.show:
        for p in wanted:
            o = stock[p.module]
            print(p.name, o.lost or "", o.stdout if p.alone else "")
            for index, (name, text) in sorted(o.cases.items()):
                print(f"  {index} {name} {text if args.full else text[:300]}")
        return 0
    known = known_differences()
    passed, failed, skipped, shown = 0, 0, 0, 0
    for p in wanted:
        lines, good = compare(p, stock[p.module], girder[p.module], args.full)
        passed += good
        expected = [line for line in lines if is_known(known, p.name, line)]
        skipped += len(expected)
        failed += len(lines) - len(expected)
        for line in lines:
            if line in expected:
                continue
            shown += 1
            if shown <= args.max:
                print(line)
    if shown > args.max:
        print(f"({shown - args.max} more differences)")
    print(f"differential: {len(wanted)} programs, {time.time() - began:.1f} s")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
