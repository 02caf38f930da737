#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Start-up time and memory of `erl -noshell -eval 'halt().'`, both emulators.

Runs alternate between the two. Wall time and processor time are of the whole
command, the shell script and erlexec included; peak is the largest resident
size; booted is the resident size of an emulator that has started and waits.

    start.py [--erl GIRDER] [--stock STOCK] [-n RUNS]
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

from common import DEFAULT_GIRDER, environment, find_erl
from idle import resident


class Side:
    """Measurements of one erl command."""

    def __init__(self, label, erl):
        self.label, self.erl = label, erl
        self.wall, self.cpu, self.peak, self.booted = [], [], [], []

    def run_once(self, expression, flags):
        start = time.monotonic()
        child = subprocess.Popen([self.erl, "-noshell", *flags, "-eval", expression], env=environment(),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        child.stdout.close()
        if child.returncode != 0:
            sys.exit(f"start: {self.label} ended with {child.returncode}: {text.decode(errors='replace')[:300]}")
        self.wall.append(wall)
        self.cpu.append(usage.ru_utime + usage.ru_stime)
        self.peak.append(usage.ru_maxrss * 1024)

    def boot_and_wait(self, flags):
        """Resident size of a started emulator; `erl` ends up exec'ing it."""
        child = subprocess.Popen([self.erl, "-noshell", "-noinput", *flags, "-eval", "erlang:display(up)."],
                                 env=environment(), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            os.read(child.stdout.fileno(), 100)
            time.sleep(0.3)
            self.booted.append(resident(child.pid))
        finally:
            child.kill()
            child.wait()
            child.stdout.close()

    def cells(self):
        return (f"{min(self.wall) * 1e3:.1f}", f"{statistics.median(self.wall) * 1e3:.1f}",
                f"{min(self.cpu) * 1e3:.1f}", f"{min(self.peak) / 1e6:.1f}", f"{min(self.booted) / 1e6:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--erl", default=DEFAULT_GIRDER, help="erl under test (build/otp/bin/erl)")
    parser.add_argument("--stock", default="erl", help="stock erl (erl)")
    parser.add_argument("-n", "--runs", type=int, default=20)
    parser.add_argument("--flags", default="", help="emulator flags for both")
    parser.add_argument("--eval", dest="expression", default="halt().")
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    sides = [Side("stock", find_erl(args.stock)), Side("Girder", find_erl(args.erl))]
    flags = args.flags.split()
    for _ in range(args.runs):
        for side in sides:
            side.run_once(args.expression, flags)
    for _ in range(3):
        for side in sides:
            side.boot_and_wait(flags)
    heads = ("min wall ms", "median wall ms", "min cpu ms", "peak MB", "booted MB")
    if args.markdown:
        print("| emulator | " + " | ".join(heads) + " |\n|---|" + "--:|" * len(heads))
        for side in sides:
            print(f"| {side.label} | " + " | ".join(side.cells()) + " |")
    else:
        print(f"{'':<8}" + "".join(f"{h:>16}" for h in heads))
        for side in sides:
            print(f"{side.label:<8}" + "".join(f"{c:>16}" for c in side.cells()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
