#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs each scenario (a shell script here) on stock and on Girder and compares what it printed and how it ended.

    run.py --erl build/otp/bin/erl [--stock /usr/bin/erl] [--show] [name-part…]

A scenario runs with `sh -u` in an empty folder which is its HOME too; PATH begins with the folder of the emulator's `erl`. Lines
at its top:

    # needs: mix elixir          commands without which it is skipped
    # replace: REGEX => TEXT     done to both transcripts (Python's re.sub), for what differs by nature: times, pids
    # sorted: REGEX              lines that match may come anywhere: they are compared apart, sorted
    # seconds: 120               time limit of one run, 120 when not given

Prints one line per difference and `N passed, N failed, N skipped`; exit status 1 when something failed.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass
class Scenario:
    path: Path
    needs: list[str] = field(default_factory=list)
    replacements: list[tuple[str, str]] = field(default_factory=list)
    unordered: list[str] = field(default_factory=list)
    seconds: int = 120

    @staticmethod
    def read(path: Path) -> "Scenario":
        scenario = Scenario(path)
        for line in path.read_text(encoding="utf-8").splitlines():
            match = re.fullmatch(r"# (needs|replace|sorted|seconds): (.*)", line)
            if match is None:
                continue
            key, value = match.groups()
            if key == "needs":
                scenario.needs += value.split()
            elif key == "replace":
                pattern, _, text = value.partition(" =>")
                scenario.replacements.append((pattern, text.removeprefix(" ")))
            elif key == "sorted":
                scenario.unordered.append(value)
            else:
                scenario.seconds = int(value)
        return scenario

    def run(self, bin_folder: Path) -> str:
        """The transcript (standard output and error together) with its exit status as last line."""
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:  # what a scenario left running may write there still
            environment = {"PATH": f"{bin_folder}:{SYSTEM_PATH}", "HOME": home, "LANG": "C.UTF-8", "TERM": "dumb"}
            process = subprocess.Popen(["sh", "-u", str(self.path)], cwd=home, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, start_new_session=True)
            try:
                output, _ = process.communicate(timeout=self.seconds)
                status = str(process.returncode)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                output, _ = process.communicate()
                status = f"none after {self.seconds} s"
            # Line ends count, too: \r is shown.
            text = output.decode("utf-8", errors="replace").replace("\r", "\\r")
            return text.replace(home, "HOME") + f"\nexit status {status}\n"

    def normal(self, transcript: str) -> list[str]:
        for pattern, text in self.replacements:
            transcript = re.sub(pattern, text, transcript)
        lines = transcript.splitlines()
        apart = [line for line in lines if any(re.search(pattern, line) for pattern in self.unordered)]
        return [line for line in lines if line not in apart] + sorted(apart)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--erl", required=True, help="the erl of the emulator under test")
    parser.add_argument("--stock", default="/usr/bin/erl")
    parser.add_argument("--show", action="store_true", help="print Girder's transcripts")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    girder, stock = (Path(os.path.abspath(erl)).parent for erl in (options.erl, options.stock))
    passed = failed = skipped = 0
    for path in sorted(HERE.glob("*.sh")):
        if options.names and not any(name in path.stem for name in options.names):
            continue
        scenario = Scenario.read(path)
        missing = [command for command in scenario.needs if shutil.which(command, path=SYSTEM_PATH) is None]
        if missing:
            print(f"skip {path.stem}: no {' '.join(missing)}")
            skipped += 1
            continue
        actual = scenario.run(girder)
        expected = scenario.run(stock)
        if options.show:
            print(actual)
        difference = list(difflib.unified_diff(scenario.normal(expected), scenario.normal(actual), "stock", "girder", lineterm="", n=1))
        if difference:
            failed += 1
            print(f"FAIL {path.stem}")
            print("\n".join(difference[:60]))
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
