#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What ./test runs, lane by lane, and one closing line `N passed, N failed, N skipped`.

    lane     what                                                   needs
    layers   tools/check_layers.py
    format   clang-format has nothing to say on src, tests and bench   clang-format, else skipped
    tools    unit tests of the generator and the checks
    unit     tests/unit/<room>, GoogleTest, assertions on           build/debug
    headers  every header of src/ compiles alone
    nocompile tests/nocompile: code that must not compile
    erl      tests/erl on the release emulator                      build/release, build/otp/bin
    diff     tests/diff: stock erl against Girder; diff/builtins, diff/builtins/all: calls of built-ins with generated arguments
                                                                    build/release, build/otp/bin
    selfcompile  OTP's stdlib, kernel and compiler compiled on Girder equal stock's files byte for byte; without being
             asked for as selfcompile/all only the modules of SELF_COMPILE_SAMPLE
    programs tests/programs: Elixir, rebar3, escript on stock and on Girder; equal transcripts
    replay   tests/fuzz: each target over its corpus (found by fuzzing, kept small), with assertions
    storms   tests/erl/storm_t.erl at its full size: a million processes, 300 s of kills; on the release emulator; only when asked for
    stress   tests/erl again under each tests/configs/*.toml, on the emulator with assertions; only when asked for

    ./test                everything but stress and storms
    ./test unit           one lane
    ./test unit/term      one lane, filtered; erl/maps_t:test_update, diff/bits, …
    ./test maps           every lane, filtered
A lane whose folder does not exist yet counts as one skipped test.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COUNTS = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")
OTP_BIN = ROOT / "build" / "otp" / "bin"
DEBUG_BIN = ROOT / "build" / "otp-debug" / "bin"


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other: "Counts") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


FAILED = Counts(failed=1)
SKIPPED = Counts(skipped=1)


def say(text: str) -> None:
    print(text, flush=True)


def skipped(why: str) -> Counts:
    say(f"skip {why}")
    return SKIPPED


def counted(command: list[str], env: dict | None = None) -> Counts:
    """Runs a command that ends with a counts line, showing its output; a bad exit without failures counts as one."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=env)
    last = None
    for line in process.stdout:
        match = COUNTS.match(line)
        if match:
            last = match
        else:
            print(line, end="", flush=True)
    status = process.wait()
    if last is None:
        say(f"FAIL {' '.join(command)}: ended with status {status} and no counts")
        return FAILED
    counts = Counts(*(int(group or 0) for group in last.groups()))
    if status != 0 and counts.failed == 0:
        say(f"FAIL {' '.join(command)}: ended with status {status}")
        counts.failed = 1
    return counts


def build(preset: str, *targets: str, keep_going: bool = False) -> bool:
    """Configures when needed and builds; compiler output is shown when it fails."""
    folder = ROOT / "build" / preset
    if not (folder / "build.ninja").exists():
        run = subprocess.run(["cmake", "--preset", preset], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if run.returncode != 0:
            say(run.stdout)
            return False
    say(f"building {preset}: {' '.join(targets)}")
    command = ["ninja", "--quiet", "-C", str(folder), *(["-k", "0"] if keep_going else []), *targets]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if run.returncode != 0:
        say(run.stdout)
    return run.returncode == 0


def emulator(preset: str, folder: Path) -> str | None:
    """Builds the emulator and a wrapper folder for it; None when it does not build."""
    if not build(preset, "beam.smp"):
        return None
    beam = ROOT / "build" / preset / "bin" / "beam.smp"
    done = subprocess.run(["tools/girder", "install", "--quiet", "--dir", str(folder), "--emulator", str(beam)], cwd=ROOT, check=False)
    return str(folder / "erl") if done.returncode == 0 else None


def lane_layers(_: str) -> Counts:
    done = subprocess.run([sys.executable, "tools/check_layers.py", "--quiet"], cwd=ROOT, check=False)
    return Counts(passed=1) if done.returncode == 0 else FAILED


def lane_format(_: str) -> Counts:
    if shutil.which("clang-format") is None:
        return Counts(skipped=1)
    listed = subprocess.run(["git", "ls-files", "*.cpp", "*.h"], cwd=ROOT, check=True, capture_output=True, text=True)
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *listed.stdout.split()], cwd=ROOT, check=False)
    return Counts(passed=1) if done.returncode == 0 else FAILED


def lane_tools(pattern: str) -> Counts:
    command = [sys.executable, "-m", "unittest", "discover", "-s", "tools", "-t", "."] + (["-k", pattern] if pattern else [])
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    ran = int((re.findall(r"Ran (\d+) test", done.stderr) or ["0"])[0])
    bad = sum(int(number) for number in re.findall(r"(?:failures|errors)=(\d+)", done.stderr))
    if done.returncode not in (0, 5):
        say(done.stderr)
        return Counts(ran - bad, max(bad, 1), 0)
    return Counts(passed=ran)


def lane_unit(pattern: str) -> Counts:
    rooms = sorted(path.name for path in (ROOT / "tests/unit").glob("*") if any(path.rglob("*.cpp")))
    if not rooms:
        return skipped("unit: no tests/unit yet")
    room, _, test = pattern.partition("/")
    if room in rooms:
        rooms = [room]
    else:
        test = pattern
    counts = Counts()
    if not build("debug", *(f"unit_{room}" for room in rooms), keep_going=True):
        say("FAIL unit: does not build")
        counts.failed += 1
    for room in rooms:
        counts.add(run_unit(room, test))
    return counts


def run_unit(room: str, test: str) -> Counts:
    """One GoogleTest program; a crash counts as one failure more."""
    program = ROOT / "build/debug/bin" / f"unit_{room}"
    if not program.exists():
        return Counts()  # not built: already counted as the build's failure
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [str(program), "--gtest_brief=1", f"--gtest_output=json:{report}"] + ([f"--gtest_filter=*{test}*"] if test else [])
        try:
            done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=600, check=False)
            output, status = done.stdout, done.returncode
        except subprocess.TimeoutExpired as error:
            output, status = (error.stdout or b"").decode("utf-8", "replace"), "timeout"
        counts = Counts()
        if report.exists() and report.stat().st_size:
            for suite in json.loads(report.read_text())["testsuites"]:
                for case in suite["testsuite"]:
                    if "failures" in case:
                        counts.failed += 1
                    elif case.get("result") == "SKIPPED":
                        counts.skipped += 1
                    elif case.get("result") == "COMPLETED":
                        counts.passed += 1
        if status != 0:
            counts.failed = max(counts.failed, 1)
            say(output)
            say(f"FAIL unit_{room}: {counts.failed} failed, status {status}")
        return counts


def lane_nocompile(pattern: str) -> Counts:
    if not (ROOT / "tests/nocompile/run.py").exists():
        return skipped("nocompile: no tests/nocompile yet")
    return counted([sys.executable, "tests/nocompile/run.py", *([pattern] if pattern else [])])


def lane_headers(_: str) -> Counts:
    if not build("debug", "girder_gen"):
        return FAILED
    done = subprocess.run([sys.executable, "tools/check_headers.py", "build/debug"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    if done.returncode != 0:
        say(done.stdout)
    match = re.search(r"headers: (\d+) compile alone, (\d+) do not", done.stdout)
    return Counts(int(match.group(1)), int(match.group(2)), 0) if match else FAILED


def has_emulator() -> bool:
    return (ROOT / "src/boot/main.cpp").exists()


def erl_tests(preset: str, folder: Path, arguments: list[str]) -> Counts:
    erl = emulator(preset, folder)
    if erl is None:
        say(f"FAIL the {preset} emulator does not build")
        return FAILED
    return counted([sys.executable, "tests/erl/run.py", "--erl", erl, *arguments])


def lane_erl(pattern: str) -> Counts:
    if not has_emulator():
        return skipped("erl: there is no emulator yet")
    return erl_tests("release", OTP_BIN, [pattern] if pattern else [])


def lane_diff(pattern: str) -> Counts:
    if not has_emulator() or not (ROOT / "tests/diff/run.py").exists():
        return skipped("diff: there is no emulator or no tests/diff yet")
    erl = emulator("release", OTP_BIN)
    if erl is None:
        say("FAIL the release emulator does not build")
        return FAILED
    builtins, _, rest = pattern.partition("/")
    counts = Counts()
    if builtins in ("", "builtins"):
        counts.add(Counts(passed=1) if subprocess.run([sys.executable, "tests/diff/builtins/run.py", "--rows"], cwd=ROOT, check=False).returncode == 0 else FAILED)
        counts.add(counted([sys.executable, "tests/diff/builtins/run.py", "--erl", erl, *([rest] if rest else [])]))
    if builtins != "builtins":
        counts.add(counted([sys.executable, "tests/diff/run.py", "--erl", erl, *([pattern] if pattern else [])]))
    return counts


def lane_replay(pattern: str) -> Counts:
    corpora = [path for path in sorted((ROOT / "tests/fuzz/corpus").glob("*")) if pattern in path.name]
    if not corpora:
        return skipped("replay: no corpus of that name") if pattern else skipped("replay: no tests/fuzz/corpus yet")
    counts = Counts()
    if not build("debug", *(f"fuzz_{path.name}" for path in corpora), keep_going=True):
        say("FAIL replay: does not build")
        counts.failed += 1
    for path in corpora:
        program = ROOT / "build/debug/bin" / f"fuzz_{path.name}"
        if not program.exists():
            continue  # not built: already counted
        done = subprocess.run([str(program), str(path)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=600, check=False)
        match = re.search(r"replayed (\d+) files", done.stdout)
        if done.returncode == 0 and match:
            counts.passed += int(match.group(1))
        else:
            say(done.stdout)
            say(f"FAIL fuzz_{path.name}: status {done.returncode}")
            counts.failed += 1
    return counts


def lane_programs(pattern: str) -> Counts:
    if not has_emulator():
        return skipped("programs: there is no emulator yet")
    erl = emulator("release", OTP_BIN)
    if erl is None:
        say("FAIL the release emulator does not build")
        return FAILED
    return counted([sys.executable, "tests/programs/run.py", "--erl", erl, *([pattern] if pattern else [])])


SELF_COMPILE_SAMPLE = ("lists", "maps", "gen_server", "erl_lint", "inet", "beam_ssa_opt", "v3_core")


def lane_selfcompile(pattern: str) -> Counts:
    if not has_emulator() or not (ROOT / "tests/selfcompile/run.py").exists():
        return skipped("selfcompile: there is no emulator or no tests/selfcompile yet")
    erl = emulator("release", OTP_BIN)
    if erl is None:
        say("FAIL the release emulator does not build")
        return FAILED
    modules = [] if pattern == "all" else [pattern] if pattern else list(SELF_COMPILE_SAMPLE)
    done = subprocess.run([sys.executable, "tests/selfcompile/run.py", "--erl", erl, *modules], cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    match = re.search(r"(\d+) of (\d+) modules equal", done.stdout)
    if match is None:
        say(done.stdout)
        return FAILED
    equal, total = int(match.group(1)), int(match.group(2))
    if equal != total or done.returncode != 0:
        say(done.stdout)
        return Counts(equal, max(total - equal, 1), 0)
    return Counts(passed=equal)


def lane_stress(pattern: str) -> Counts:
    configs = sorted((ROOT / "tests/configs").glob("*.toml"))
    config, _, test = pattern.partition("/")
    named = [path for path in configs if path.stem == config]
    counts = Counts()
    for path in named or configs:
        say(f"-- {path.stem}")
        started = time.monotonic()
        words = [test] if named and test else [pattern] if pattern and not named else []
        counts.add(erl_tests("debug", DEBUG_BIN, ["--config", str(path), *words]))
        say(f"-- {path.stem}: {time.monotonic() - started:.0f} s")
    return counts if configs else skipped("stress: no tests/configs yet")


def lane_storms(pattern: str) -> Counts:
    return erl_tests("release", OTP_BIN, ["--size", "100", "--scale", "10", "--jobs", "1", "--verbose", f"storm_t:{pattern}"])


LANES = {"layers": lane_layers, "format": lane_format, "tools": lane_tools, "unit": lane_unit, "headers": lane_headers,
         "nocompile": lane_nocompile, "erl": lane_erl, "diff": lane_diff, "selfcompile": lane_selfcompile, "programs": lane_programs, "replay": lane_replay,
         "stress": lane_stress, "storms": lane_storms}
ON_DEMAND = {"stress", "storms"}
UNFILTERED = {"layers", "format", "headers", "selfcompile"}


def chosen(word: str) -> list[tuple[str, str]]:
    """(lane, filter) pairs for the command line's word."""
    lane, _, rest = word.partition("/")
    if lane in LANES:
        return [(lane, rest)]
    return [(name, word) for name in LANES if name not in ON_DEMAND and not (word and name in UNFILTERED)]


def main(argv: list[str]) -> int:
    os.chdir(ROOT)
    if argv[1:2] and argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0
    total = Counts()
    for lane, pattern in [pair for word in (argv[1:] or [""]) for pair in chosen(word)]:
        started = time.monotonic()
        say(f"== {lane}{' ' + pattern if pattern else ''}")
        counts = LANES[lane](pattern)
        say(f"   {lane}: {counts} ({time.monotonic() - started:.1f} s)")
        total.add(counts)
    if total.passed + total.failed + total.skipped == 0:
        say(f"no test matches {' '.join(argv[1:])}")
        total.failed = 1
    say(str(total))
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
