#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile OTP's own sources on the emulator under test and compare the bytes.

Every module of the installed erlang-src for stdlib, kernel and compiler is
compiled with +deterministic, once by stock Erlang (kept in a cache folder) and
once by the emulator under test.  Both .beam files must be equal, byte for byte.
It is the best single soak test of loader, interpreter, collector and built-ins.

    run.py --erl PATH/erl [--stock erl] [--jobs 2] [--schedulers 2] [module ...]

Exit status 0: all modules compiled and equal; 1: some differ or are missing.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

APPS = ("stdlib", "kernel", "compiler")


def fail(message):
    sys.exit("selfcompile: " + message)


def resolve(command):
    """Absolute path of an erl command, without following links."""
    path = shutil.which(command)
    if path is None:
        fail(f"no such command: {command}")
    return os.path.abspath(path)


def otp_root(stock):
    out = subprocess.run(
        [stock, "-noshell", "-eval", "io:put_chars(code:root_dir()), halt()."],
        capture_output=True, text=True, check=True)
    return out.stdout.strip()


def find_sources(root, wanted):
    """[(app, module, source file, erlc flags)], in a stable order."""
    lib = os.path.join(root, "lib")
    folders = {}
    for entry in os.listdir(lib):
        name, _, version = entry.rpartition("-")
        if name in APPS and os.path.isdir(os.path.join(lib, entry, "src")):
            folders[name] = (version, os.path.join(lib, entry))
    found = []
    for app in APPS:
        if app not in folders:
            fail(f"no sources of {app} under {lib} (Debian package erlang-src)")
        version, folder = folders[app]
        order = [folder] + [folders[a][1] for a in APPS if a != app and a in folders]
        flags = []
        for base in order:
            for sub in ("include", "src"):
                if os.path.isdir(os.path.join(base, sub)):
                    flags += ["-I", os.path.join(base, sub)]
        if app == "compiler":
            flags.append(f'-DCOMPILER_VSN="{version}"')
        for name in sorted(os.listdir(os.path.join(folder, "src"))):
            module, ext = os.path.splitext(name)
            if ext == ".erl" and (not wanted or module in wanted):
                found.append((app, module, os.path.join(folder, "src", name), flags))
    unknown = set(wanted) - {module for _, module, _, _ in found}
    if unknown:
        fail("no source of module " + ", ".join(sorted(unknown)))
    return found


def erlc_for(erl):
    """The erlc beside erl, else any erlc with its emulator set to erl."""
    beside = os.path.join(os.path.dirname(erl), "erlc")
    return beside if os.access(beside, os.X_OK) else resolve("erlc")


class Compiler:
    """Runs batches of modules through one erlc under a given emulator."""

    def __init__(self, erl, out, schedulers, timeout, flags):
        self.erl, self.out, self.timeout = erl, out, timeout
        self.erlc = erlc_for(erl)
        self.env = dict(os.environ, ERLC_EMULATOR=erl, ERLC_USE_SERVER="false")
        extra = list(flags)
        if schedulers:
            # erlc puts "+S1" first; what ERL_ZFLAGS appends wins.
            extra += ["+S", str(schedulers)]
        if extra:
            self.env["ERL_ZFLAGS"] = " ".join(extra)
        self.notes = {}

    def target(self, app, module):
        return os.path.join(self.out, app, module + ".beam")

    def batch(self, items):
        """Compile items (all of one app); note what went wrong per module."""
        app, flags = items[0][0], items[0][3]
        os.makedirs(os.path.join(self.out, app), exist_ok=True)
        command = [self.erlc, "+deterministic", "-o", os.path.join(self.out, app)]
        command += flags + [source for _, _, source, _ in items]
        child = subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True, errors="replace", start_new_session=True)
        try:
            text, _ = child.communicate(timeout=self.timeout * len(items))
            status = f"exit {child.returncode}"
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            text, _ = child.communicate()
            status = f"no answer within {self.timeout * len(items)} s"
        missing = [i for i in items if not os.path.exists(self.target(i[0], i[1]))]
        if not missing:
            return
        if len(items) > 1:
            # One bad module stops a whole erlc run: try the rest one by one.
            for item in missing:
                self.batch([item])
            return
        lines = [line for line in text.splitlines()
                 if line.strip() and not re.search(r"Warning:|^%", line)]
        self.notes[(app, items[0][1])] = status + ": " + " | ".join(lines[-6:])[-600:]

    def run(self, items, jobs, size):
        batches = []
        for app in APPS:
            mine = [i for i in items if i[0] == app]
            batches += [mine[k:k + size] for k in range(0, len(mine), size)]
        start = time.monotonic()
        with ThreadPoolExecutor(jobs) as pool:
            for done in pool.map(self.batch, batches):
                del done
        return time.monotonic() - start


def chunks(data):
    """{name: bytes} of an uncompressed .beam file, or None."""
    if data[:4] != b"FOR1" or data[8:12] != b"BEAM":
        return None
    table, at = {}, 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4:at + 8], "big")
        table[data[at:at + 4].decode("latin-1")] = data[at + 8:at + 8 + size]
        at += 8 + (size + 3) // 4 * 4
    return table


def difference(expected, actual):
    if expected == actual:
        return None
    old, new = chunks(expected), chunks(actual)
    if old is None or new is None:
        return "not a .beam file"
    names = [n for n in sorted(set(old) | set(new)) if old.get(n) != new.get(n)]
    return "chunks differ: " + (", ".join(names) or "order only")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--erl", required=True, help="erl of the emulator under test")
    parser.add_argument("--stock", default="erl", help="stock erl (default: erl)")
    parser.add_argument("--jobs", type=int, default=2, help="compilers side by side")
    parser.add_argument("--schedulers", type=int, default=0, help="+S for the emulator under test")
    parser.add_argument("--flags", default="", help="more emulator flags, blank-separated")
    parser.add_argument("--batch", type=int, default=10, help="modules per emulator process")
    parser.add_argument("--timeout", type=int, default=60, help="seconds per module")
    parser.add_argument("--out", default="build/selfcompile", help="folder for both results")
    parser.add_argument("--cache", help="folder of stock's results (default: OUT/stock)")
    parser.add_argument("modules", nargs="*", help="only these modules")
    args = parser.parse_args()

    stock = resolve(args.stock)
    items = find_sources(otp_root(stock), args.modules)
    cache = os.path.abspath(args.cache or os.path.join(args.out, "stock"))
    ours = os.path.abspath(os.path.join(args.out, "girder"))
    shutil.rmtree(ours, ignore_errors=True)

    reference = Compiler(stock, cache, 0, args.timeout, [])
    absent = [i for i in items if not os.path.exists(reference.target(i[0], i[1]))]
    if absent:
        seconds = reference.run(absent, args.jobs, args.batch)
        print(f"stock compiled {len(absent)} modules in {seconds:.1f} s", flush=True)
    tested = Compiler(resolve(args.erl), ours, args.schedulers, args.timeout, args.flags.split())
    seconds = tested.run(items, args.jobs, args.batch)

    equal = 0
    for app, module, _, _ in items:
        old, new = reference.target(app, module), tested.target(app, module)
        if not os.path.exists(old):
            print(f"STOCK FAILED {app}/{module}: {reference.notes.get((app, module), '')}")
        elif not os.path.exists(new):
            print(f"MISSING {app}/{module}: {tested.notes.get((app, module), '')}")
        else:
            with open(old, "rb") as a, open(new, "rb") as b:
                verdict = difference(a.read(), b.read())
            if verdict is None:
                equal += 1
            else:
                print(f"DIFFERS {app}/{module}: {verdict}")
    print(f"{equal} of {len(items)} modules equal, {seconds:.1f} s "
          f"({args.jobs} jobs, schedulers {args.schedulers or 'as erlc chooses'})")
    return 0 if equal == len(items) else 1


if __name__ == "__main__":
    sys.exit(main())
