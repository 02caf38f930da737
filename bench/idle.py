#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bytes per idle process, on Girder and on stock Erlang.

Starts an emulator with no and with many parked processes and divides the
difference of resident memory by their number. Two kinds of process: waiting
in a receive, and hibernated.

    idle.py [--erl GIRDER] [--stock STOCK] [--count 100000 --count 1000000]
"""

import argparse
import os
import select
import subprocess
import sys
import time

from common import DEFAULT_GIRDER, build, environment, find_erl


def resident(pid):
    """Resident bytes of a process."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def parked_size(erl, folder, count, kind, timeout):
    """Resident bytes once `count` processes are parked, or an error text."""
    command = [erl, "-noshell", "-noinput", "+S", "1", "+P", str(max(262144, 2 * count)),
               "-pa", folder, "-s", "bench_idle", "main", "-extra", str(count), kind]
    child = subprocess.Popen(command, env=environment(), stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        seen, end = b"", time.monotonic() + timeout
        while b"parked" not in seen:
            left = end - time.monotonic()
            if left <= 0 or not select.select([child.stdout], [], [], left)[0]:
                return f"not parked within {timeout} s"
            data = os.read(child.stdout.fileno(), 4096)
            if not data:
                return "ended: " + seen.decode(errors="replace")[:200]
            seen += data
        time.sleep(0.5)
        return resident(child.pid)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--erl", default=DEFAULT_GIRDER, help="erl under test (build/otp/bin/erl)")
    parser.add_argument("--stock", default="erl", help="stock erl (erl)")
    parser.add_argument("--count", type=int, action="append", help="number of processes; repeatable")
    parser.add_argument("--timeout", type=int, default=120)
    parser.add_argument("--build", default="build/bench", help="folder of the compiled programs")
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()

    stock = find_erl(args.stock)
    folder = os.path.abspath(args.build)
    build(os.path.join(os.path.dirname(stock), "erlc"), folder)
    sides = [("stock", stock), ("Girder", find_erl(args.erl))]
    if args.markdown:
        print("| processes | kind | stock bytes | Girder bytes |\n|--:|---|--:|--:|")
    status = 0
    for count in args.count or [100000, 1000000]:
        for kind in ("waiting", "hibernated"):
            cells = []
            for label, erl in sides:
                empty = parked_size(erl, folder, 0, kind, args.timeout)
                full = parked_size(erl, folder, count, kind, args.timeout)
                if isinstance(empty, str) or isinstance(full, str):
                    problem = empty if isinstance(empty, str) else full
                    print(f"FAILED on {label}: {count} {kind}: {problem}", file=sys.stderr)
                    cells.append("-")
                    status = 1
                else:
                    cells.append(f"{(full - empty) / count:.0f}")
            if args.markdown:
                print(f"| {count} | {kind} | {cells[0]} | {cells[1]} |", flush=True)
            else:
                print(f"{count:>8} {kind:<11} stock {cells[0]:>6}  Girder {cells[1]:>6}  bytes per process", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
