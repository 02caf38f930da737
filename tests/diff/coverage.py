#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which generic opcodes do the differential programs use?

Disassembles every compiled program (run.py compiles them) and prints the opcodes 1..180 that never
occur, apart from those that OTP 25 refuses to load. Exit status 1 if one is missing.

    coverage.py [--build build/diff] [--counts]
"""
import argparse
import glob
import os
import re
import shutil
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LAST = 180


def opcode_table(erl):
    """{number: (name, arity)} as stock's compiler has it."""
    expr = (f"[io:format(\"~w ~s ~w~n\",[N,Op,A]) || N <- lists:seq(1,{LAST}),"
            "{Op,A} <- [beam_opcodes:opname(N)]], "
            "halt().")
    said = subprocess.run([erl, "-noshell", "-eval", expr], capture_output=True, text=True, check=True).stdout
    table = {}
    for line in said.splitlines():
        m = re.match(r"(\d+) '?(\w+)'? (\d+)$", line)
        if m:
            table[int(m[1])] = (m[2], int(m[3]))
    return table


# What the compiler of OTP 25 knows no more; programs/asm/asm_old.erl builds modules with each of them.
OBSOLETE = set(range(27, 39)) | {54, 68, 70, 71, 76, 93, 94, 95, 110, 116, 122, 123, 126, 127, 128, 130, 150, 151}
OBSOLETE |= set(range(79, 89))


def chunks(data):
    at = 12
    while at + 8 <= len(data):
        name, size = data[at:at + 4], struct.unpack(">I", data[at + 4:at + 8])[0]
        yield name, data[at + 8:at + 8 + size]
        at += 8 + (size + 3) // 4 * 4


class Reader:
    """Reads compact terms of a code chunk."""

    def __init__(self, data, at):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def value(self):
        """One tagged value without looking into what follows it."""
        b = self.byte()
        tag = b & 7
        if b & 8 == 0:
            return tag, b >> 4
        if b & 16 == 0:
            return tag, (b >> 5) << 8 | self.byte()
        size = (b >> 5) + 2
        if size == 9:
            size = self.value()[1] + 9
        self.at += size
        return tag, int.from_bytes(self.data[self.at - size:self.at], "big", signed=True)

    def skip(self):
        tag, kind = self.value()
        if tag != 7:
            return
        if kind == 1:
            for _ in range(self.value()[1]):
                self.skip()
        elif kind == 3:
            for _ in range(2 * self.value()[1]):
                self.value()
        elif kind == 5:
            self.value()
            self.value()
        else:
            self.value()


def used(path, table, counts):
    with open(path, "rb") as f:
        data = f.read()
    for name, code in chunks(data):
        if name != b"Code":
            continue
        head = struct.unpack(">I", code[:4])[0]
        r = Reader(code, 4 + head)
        while r.at < len(code):
            op = r.byte()
            if op not in table:
                break
            counts[op] = counts.get(op, 0) + 1
            if op == 3:
                break
            for _ in range(table[op][1]):
                r.skip()


def main():
    p = argparse.ArgumentParser(description="opcodes that no differential program uses")
    p.add_argument("--build", default=os.path.join(ROOT, "build/diff"))
    p.add_argument("--stock", default=shutil.which("erl"))
    p.add_argument("--counts", action="store_true")
    args = p.parse_args()
    beams = sorted(glob.glob(os.path.join(args.build, "ebin", "*.beam")))
    if not beams:
        sys.exit("coverage.py: no compiled programs, run run.py first")
    table = opcode_table(args.stock)
    counts = {}
    for path in beams:
        used(path, table, counts)
    if args.counts:
        for op in sorted(table):
            print(f"{op:4} {table[op][0]:24} {counts.get(op, 0)}")
    missing = [op for op in sorted(table) if op not in counts and op not in OBSOLETE]
    for op in missing:
        print(f"never used: {op} {table[op][0]}/{table[op][1]}")
    print(f"{len(counts)} opcodes used in {len(beams)} modules, {len(missing)} missing")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
