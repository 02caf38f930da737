#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the benchmark programs on Girder and on stock Erlang, side by side.

Each run is a fresh process; runs alternate (stock, Girder, stock, Girder ...)
so that a busy machine slows both. The time is measured inside the program, so
starting up does not count; the minimum of all runs is reported. Ratio is
stock's time divided by Girder's: above 1 Girder is faster.

    run.py [--erl GIRDER] [--stock STOCK] [-n RUNS] [--class C] [filter ...]
"""

import argparse
import math
import os
import re
import subprocess
import sys
import time

from common import CLASSES, DEFAULT_GIRDER, build, environment, find_erl

REPORT = re.compile(r'\{bench,"([^"]+)",(\d+),(\d+),(\d+)\}')
ENTRY = re.compile(r'\{entry,"([^"]+)",(\d+),(\d+)\}')


class Emulator:
    """One erl command and what it has measured so far."""

    def __init__(self, label, erl, folder, args):
        self.label, self.timeout, self.clock = label, args.timeout, args.clock
        self.command = [erl, "-noshell", "-noinput", *args.flags.split(), "-pa", folder]
        self.best, self.operations, self.failed = {}, {}, {}

    def call(self, function, *plain):
        return subprocess.run(self.command + ["-s", "bench", function, "-extra", *plain],
                              env=environment(), stdin=subprocess.DEVNULL, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=self.timeout)

    def measure(self, name, percent):
        if name in self.failed:
            return
        try:
            done = self.call("main", name, str(percent))
        except subprocess.TimeoutExpired:
            self.failed[name] = f"no result within {self.timeout} s"
            return
        match = REPORT.search(done.stdout)
        if done.returncode != 0 or match is None:
            text = " ".join(done.stdout.split())
            self.failed[name] = f"exit {done.returncode}: {text[:200]}"
            return
        ns = int(match.group(2)) if self.clock == "wall" else int(match.group(4)) * 1000000
        if ns == 0:
            self.failed[name] = "this emulator does not tell its processor time"
            return
        self.operations[name] = int(match.group(3))
        self.best[name] = min(ns, self.best.get(name, ns))

    def per_operation(self, name):
        return self.best[name] / self.operations[name]


def entries(stock, classes, filters):
    done = stock.call("list", *classes)
    found = [(m.group(1), int(m.group(2))) for m in ENTRY.finditer(done.stdout)]
    if not found:
        sys.exit("bench: cannot list the programs: " + done.stdout[:300])
    return [(n, i) for n, i in found if not filters or any(f in n for f in filters)]


def geometric_mean(ratios):
    return math.exp(sum(math.log(r) for r in ratios) / len(ratios))


def rows(names, stock, girder):
    """Yield (name, stock ns, girder ns, ratio or None)."""
    for name in names:
        a = stock.per_operation(name) if name in stock.best else None
        b = girder.per_operation(name) if name in girder.best else None
        yield name, a, b, a / b if a and b else None


def number(value):
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 1000 else f"{value:.0f}"


def print_table(title, table, markdown):
    if markdown:
        print(f"\n### {title}\n\n| program | stock ns | Girder ns | ratio |\n|---|--:|--:|--:|")
        for name, a, b, ratio in table:
            print(f"| {name} | {number(a)} | {number(b)} | {number(ratio)} |")
    else:
        print(f"\n{title}")
        for name, a, b, ratio in table:
            print(f"  {name:<36} {number(a):>12} {number(b):>12} {number(ratio):>8}")


def print_summary(means, markdown):
    if markdown:
        print("\n### Geometric means\n\n| class | programs | ratio |\n|---|--:|--:|")
    else:
        print("\ngeometric mean of the ratios")
    for title, ratios, total in means:
        mean = number(geometric_mean(ratios)) if ratios else "-"
        count = str(total) if len(ratios) == total else f"{len(ratios)} of {total}"
        if markdown:
            print(f"| {title} | {count} | {mean} |")
        else:
            print(f"  {title:<24} {count:>10} {mean:>8}")


def calibrate(stock, names, runs):
    """For whoever adds programs: iteration counts that take 0.3 s on stock."""
    for name, iterations in names:
        for _ in range(runs):
            stock.measure(name, 100)
        if name in stock.best:
            seconds = stock.best[name] / 1e9
            print(f"{name:<36} {iterations:>12} {seconds:8.3f} s   0.3 s: {int(iterations * 0.3 / seconds)}")
        else:
            print(f"{name:<36} {stock.failed[name]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--erl", default=DEFAULT_GIRDER, help="erl under test (build/otp/bin/erl)")
    parser.add_argument("--stock", default="erl", help="stock erl (erl)")
    parser.add_argument("-n", "--runs", type=int, default=5, help="runs of each program (5)")
    parser.add_argument("--class", dest="classes", action="append", choices=CLASSES, help="only this class; repeatable")
    parser.add_argument("--flags", default="+S 1", help="emulator flags for both ('+S 1')")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall",
                        help="cpu: processor time of all threads, for a machine that is busy otherwise (wall)")
    parser.add_argument("--percent", type=int, default=100, help="share of the iterations (100)")
    parser.add_argument("--timeout", type=int, default=120, help="seconds for one run (120)")
    parser.add_argument("--build", default="build/bench", help="folder of the compiled programs")
    parser.add_argument("--markdown", action="store_true", help="print markdown tables")
    parser.add_argument("--calibrate", action="store_true", help="suggest iteration counts from stock alone")
    parser.add_argument("filters", nargs="*", help="only programs whose CLASS/NAME contains one of these")
    args = parser.parse_args()

    erl = find_erl(args.stock)
    folder = os.path.abspath(args.build)
    build(os.path.join(os.path.dirname(erl), "erlc"), folder)
    stock = Emulator("stock", erl, folder, args)
    names = entries(stock, args.classes or CLASSES, args.filters)
    if args.calibrate:
        calibrate(stock, names, args.runs)
        return 0
    girder = Emulator("Girder", find_erl(args.erl), folder, args)

    start = time.monotonic()
    means, everything, cpu = [], [[], 0], [[], 0]
    for title in CLASSES:
        mine = [n for n, _ in names if n.startswith(title + "/")]
        if not mine:
            continue
        for name in mine:
            for _ in range(args.runs):
                stock.measure(name, args.percent)
                girder.measure(name, args.percent)
        table = list(rows(mine, stock, girder))
        print_table(title, table, args.markdown)
        sys.stdout.flush()
        ratios = [r for _, _, _, r in table if r]
        means.append((title, ratios, len(mine)))
        for group in [everything] + ([cpu] if title in CLASSES[:6] else []):
            group[0] += ratios
            group[1] += len(mine)
    means += [("CPU classes", *cpu), ("all", *everything)]
    print_summary([m for m in means if m[2]], args.markdown)
    print(f"\nminimum of {args.runs} runs, {args.clock} clock, {args.flags}, {time.monotonic() - start:.0f} s")
    for emulator in (stock, girder):
        for name, why in sorted(emulator.failed.items()):
            print(f"FAILED on {emulator.label}: {name}: {why}")
    return 1 if stock.failed or girder.failed else 0


if __name__ == "__main__":
    sys.exit(main())
