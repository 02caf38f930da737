#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Erlang-level tests: every tests/erl/*_t.erl, compiled by stock erlc, run on the emulator under test.

    run.py --erl build/otp/bin/erl                     all tests
    run.py --erl erl lists maps_t:test_update          modules and tests whose name has one of these parts
    run.py --erl … --config tests/configs/x.toml       with the flags and skips of a configuration
    run.py --erl … --flags '+S 1'                      with more emulator flags
    run.py --erl … --size 10 storm                     ten times as large, where a test knows sizes (support/girder_size.erl)

A test module exports test_*/0 functions, or all/0 that names them. A test passes when it returns, is skipped when it
returns {skip, Reason}, and fails when it raises, exits, or takes longer than its time. Lines in a module:

    %% run: alone            a VM of its own
    %% run: flags +S 1       extra emulator flags (implies alone)
    %% run: timeout 60       seconds for each of its tests (default 30)
    %% run: erlc +debug_info compiler flags

A VM that dies or hangs fails the test that was running; the others go on in a new VM.
Prints one line per failure and `N passed, N failed, N skipped` at the end; exit status 1 when something failed.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import hashlib
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUNNER = HERE / "support" / "girder_case_runner.erl"
DIRECTIVE = re.compile(r"^%% run: (\w+) ?(.*)$", re.MULTILINE)
DEFAULT_TIMEOUT = 30
BOOT_ALLOWANCE = 30  # seconds a VM may take before it reports its first test
TAIL_LINES = 12


@dataclass
class Module:
    """One test file and what its `%% run:` lines ask for."""

    path: Path
    name: str = ""
    alone: bool = False
    flags: list[str] = field(default_factory=list)
    timeout: int = DEFAULT_TIMEOUT
    erlc: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.name = self.path.stem
        for key, value in DIRECTIVE.findall(self.path.read_text(encoding="utf-8")):
            if key == "alone":
                self.alone = True
            elif key == "flags":
                self.flags, self.alone = self.flags + shlex.split(value), True
            elif key == "timeout":
                self.timeout = int(value)
            elif key == "erlc":
                self.erlc += shlex.split(value)
            else:
                sys.exit(f"{self.path}: unknown directive `%% run: {key}`")


@dataclass
class Totals:
    """What happened so far; failures as printable text."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    slow: list[tuple[int, str]] = field(default_factory=list)

    def fail(self, name: str, why: str) -> None:
        self.failed += 1
        print(f"FAIL {name}: {why}", flush=True)

    def skip(self, name: str, why: str) -> None:
        self.skipped += 1
        print(f"skip {name}: {why}", flush=True)


@dataclass
class Settings:
    """How every VM of this run is started."""

    erl: list[str]
    flags: list[str]
    scale: float
    skips: dict[str, str]
    filters: list[str]
    ebin: Path
    verbose: bool
    size: float = 1.0


def cache_dir() -> Path:
    """Compiled tests, by content, so that a second run compiles nothing."""
    path = HERE.parent.parent / "build" / "erl-tests"
    path.mkdir(parents=True, exist_ok=True)
    return path


def compile_module(path: Path, options: list[str], erlc: str, ebin: Path) -> str | None:
    """Puts path's .beam into ebin; returns the compiler's words when it fails."""
    headers = b"".join(sorted(header.read_bytes() for header in path.parent.glob("*.hrl")))
    digest = hashlib.sha256(path.read_bytes() + headers + repr(options).encode()).hexdigest()[:24]
    cached = cache_dir() / f"{path.stem}-{digest}.beam"
    if not cached.exists():
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run([erlc, *options, "-o", folder, str(path)], capture_output=True, text=True, check=False)
            if run.returncode != 0:
                return run.stdout + run.stderr
            part = cached.with_suffix(f".{os.getpid()}.part")
            shutil.copy(Path(folder) / f"{path.stem}.beam", part)
            part.replace(cached)
    shutil.copy(cached, ebin / f"{path.stem}.beam")
    return None


def wanted(name: str, filters: list[str]) -> bool:
    return not filters or any(part in name for part in filters)


def test_names(module: Module) -> list[str]:
    """Tests of a module in the order the runner takes them, read from the source."""
    text = module.path.read_text(encoding="utf-8")
    listed = re.search(r"^all\(\)\s*->\s*\[(.*?)\]\.", text, re.MULTILINE | re.DOTALL)
    if listed:
        return re.findall(r"\w+", listed.group(1))
    return sorted(dict.fromkeys(re.findall(r"^(test_\w+)\(\)\s*(?:when|->)", text, re.MULTILINE)))


class Vm:
    """One VM running a list of tests; read_events yields its @@ lines."""

    def __init__(self, settings: Settings, flags: list[str], timeout: int, words: list[str]):
        limit = int(timeout * settings.scale * 1000)
        command = [*settings.erl, *settings.flags, *flags, "-noshell", "-pa", str(settings.ebin),
                   "-run", "girder_case_runner", "main", str(limit), *words]
        self.folder = tempfile.TemporaryDirectory(prefix="girder-erl-")
        env = dict(os.environ, ERL_CRASH_DUMP=os.path.join(self.folder.name, "erl_crash.dump"), ERL_CRASH_DUMP_SECONDS="0",
                   GIRDER_TEST_SIZE=f"{settings.size:.6f}")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        cwd=self.folder.name, env=env, start_new_session=True)
        self.silence = timeout * settings.scale + BOOT_ALLOWANCE
        self.tail: list[str] = []

    def events(self):
        """(kind, rest) for each report line; ends when the VM ends or stays silent for too long."""
        buffer = b""
        deadline = time.monotonic() + self.silence
        fd = self.process.stdout.fileno()
        while True:
            ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                self.tail.append(f"(no report for {self.silence:.0f} s)")
                return
            data = os.read(fd, 65536)
            if not data:
                return
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                text = line.decode("utf-8", "replace").rstrip("\r")
                if text.startswith("@@"):
                    deadline = time.monotonic() + self.silence
                    kind, _, rest = text[2:].partition(" ")
                    yield kind, rest
                elif text.strip():
                    self.tail = self.tail[-TAIL_LINES:] + [text]

    def end(self) -> str:
        """Ends the VM and everything it started; tells how it ended."""
        try:
            self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # children in the VM's session too
        except ProcessLookupError:
            pass
        code = self.process.wait()
        self.process.stdout.close()
        self.folder.cleanup()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return f"{how}; last output: " + " | ".join(self.tail[-TAIL_LINES:])


def run_batch(settings: Settings, modules: list[Module], totals: Totals) -> None:
    """Runs modules in one VM, or in more when one dies. Filters and skips are settled here, before any VM starts."""
    flags = modules[0].flags
    timeout = max(module.timeout for module in modules)
    todo: list[str] = []
    for module in modules:
        for test in test_names(module):
            name = f"{module.name}:{test}"
            reason = settings.skips.get(name, settings.skips.get(module.name))
            if not wanted(name, settings.filters):
                continue
            if reason is not None:
                totals.skip(name, reason)
            else:
                todo.append(name)
    while todo:
        before = len(todo)
        todo = run_vm(settings, flags, timeout, todo, totals)
        if len(todo) == before:
            return


def run_vm(settings: Settings, flags: list[str], timeout: int, todo: list[str], totals: Totals) -> list[str]:
    """One VM over `todo`; returns the tests it never got to."""
    vm = Vm(settings, flags, timeout, todo)
    left = list(todo)
    running = None
    done = False
    for kind, rest in vm.events():
        name, _, detail = rest.partition(" ")
        if kind == "start":
            running = name
            continue
        if kind == "done":
            done = True
            break
        running = None
        if name in left:
            left.remove(name)
        if kind == "ok":
            totals.passed += 1
            totals.slow.append((int(detail or 0), name))
            if settings.verbose:
                print(f"ok   {name} {detail} ms", flush=True)
        elif kind == "skip":
            totals.skip(name, detail)
        else:
            totals.fail(name, detail)
    how = vm.end()
    if done:
        for name in left:
            totals.fail(name, "the runner did not find this test: is it exported?")
        return []
    if running is not None:
        totals.fail(running, f"the VM ended: {how}")
        return [name for name in left if name != running]
    for name in left:
        totals.fail(name, f"the VM did not get to it: {how}")
    return []


def batches(modules: list[Module], jobs: int) -> list[list[Module]]:
    """Modules that may share a VM dealt out over `jobs` VMs, the others alone."""
    shared = [module for module in modules if not module.alone]
    dealt = [shared[start::jobs] for start in range(jobs)]
    return [batch for batch in dealt if batch] + [[module] for module in modules if module.alone]


def load_config(path: Path | None) -> dict:
    if path is None:
        return {}
    with path.open("rb") as handle:
        return tomllib.load(handle)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--erl", default="erl", help="command of the emulator under test")
    parser.add_argument("--erlc", default=shutil.which("erlc") or "erlc", help="stock compiler")
    parser.add_argument("--flags", default="", help="more emulator flags")
    parser.add_argument("--config", type=Path, help="a file of tests/configs/")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies every time limit")
    parser.add_argument("--size", type=float, help="multiplies the sizes of tests (the configuration's, else 1)")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("filters", nargs="*")
    return parser.parse_args()


def main() -> int:
    args = parse()
    config = load_config(args.config)
    totals = Totals()
    modules = [Module(path) for path in sorted(HERE.glob("*_t.erl"))]
    modules = [module for module in modules if any(wanted(f"{module.name}:{test}", args.filters) for test in test_names(module))]
    with tempfile.TemporaryDirectory(prefix="girder-ebin-") as folder:
        settings = Settings(shlex.split(args.erl), shlex.split(args.flags) + config.get("flags", []),
                            args.scale * config.get("scale", 1.0), config.get("skip", {}), args.filters, Path(folder), args.verbose,
                            args.size or config.get("size", 1.0))
        if "/" in settings.erl[0]:
            settings.erl[0] = os.path.abspath(settings.erl[0])
        problem = compile_module(RUNNER, [], args.erlc, settings.ebin)
        if problem:
            sys.exit(problem)
        for support in sorted((HERE / "support").glob("*.erl")):
            if support != RUNNER and (problem := compile_module(support, [], args.erlc, settings.ebin)):
                totals.fail(support.stem, problem)
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            compiled = pool.map(lambda module: compile_module(module.path, module.erlc, args.erlc, settings.ebin), modules)
            for module, problem in list(zip(modules, compiled)):
                if problem:
                    totals.fail(module.name, f"does not compile: {problem.strip()}")
                    modules.remove(module)
            list(pool.map(lambda batch: run_batch(settings, batch, totals), batches(modules, args.jobs)))
    for millis, name in sorted(totals.slow, reverse=True)[:3]:
        if millis > 5000:
            print(f"slow {name}: {millis} ms")
    print(f"{totals.passed} passed, {totals.failed} failed, {totals.skipped} skipped")
    return 1 if totals.failed else 0


if __name__ == "__main__":
    sys.exit(main())
