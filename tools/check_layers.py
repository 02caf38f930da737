#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The architecture's rules that need no compiler. Reads src/layers.toml and every file of src/; runs in under a second.

Errors: an include against the layers, an include cycle, asmjit outside jit/emit, another room's *_internal.h, a *_inl.h
included by a plain header, a file over 1,000 lines, a function over 100 lines, a missing licence line or header overview,
an unnumbered to-do mark, a committed generated file.
Warnings: a file over 500 lines, a room without README.md, system headers outside os/ and boot/.

usage: tools/check_layers.py [--src DIR] [--quiet]     exit status 1 when there are errors
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tools.gen import rooms as room_list  # noqa: E402

CODE_SUFFIXES = {".cpp", ".h"}
TABLE_SUFFIXES = {".tab", ".def", ".inc"}
MAX_FILE, WANTED_FILE = 1000, 500
MAX_FUNCTION, WANTED_FUNCTION = 100, 60
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
MARK = re.compile(r"\b(TODO|FIXME|XXX)\b(\(#\d+\))?")
SYSTEM = re.compile(r"(sys/|linux/|netinet/|arpa/|net/)|(unistd|fcntl|dlfcn|poll|signal|termios|pthread|dirent|netdb|sched)\.h$")
SYSTEM_ROOMS = {"os", "boot", "nifs", "port", "nif"}


@dataclass
class Findings:
    """What a run found; `file:line: message` strings."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    functions: int = 0
    long_functions: int = 0


class Checker:
    """One pass over one source tree."""

    def __init__(self, src: Path):
        self.src = src
        self.rooms = room_list.load(src / "layers.toml")
        self.found = Findings()
        self.graph: dict[str, list[str]] = {}

    def run(self) -> Findings:
        for folder in sorted(path for path in self.src.iterdir() if path.is_dir()):
            if folder.name not in self.rooms:
                self.error(folder, 0, f"room {folder.name} is not in layers.toml")
            elif any(folder.rglob("*.cpp")) and not (folder / "README.md").exists():
                self.warn(folder, 0, "room has no README.md")
        for path in sorted(self.src.rglob("*")):
            if path.suffix in CODE_SUFFIXES | TABLE_SUFFIXES and path.is_file():
                self.check_file(path)
        self.check_cycles()
        return self.found

    def error(self, path: Path, line: int, message: str) -> None:
        self.found.errors.append(self.place(path, line) + message)

    def warn(self, path: Path, line: int, message: str) -> None:
        self.found.warnings.append(self.place(path, line) + message)

    def place(self, path: Path, line: int) -> str:
        shown = path.relative_to(self.src.parent)
        return f"{shown}:{line}: " if line else f"{shown}: "

    def check_file(self, path: Path) -> None:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:2]):
            self.error(path, 1, "expected an SPDX-License-Identifier line")
        for number, line in enumerate(lines, start=1):
            mark = MARK.search(line)
            if mark and (mark.group(1) != "TODO" or not mark.group(2)):
                self.error(path, number, f"{mark.group(1)} without an issue number; write TODO" "(#n) or do it")
        if path.suffix in TABLE_SUFFIXES:
            return
        if len(lines) > MAX_FILE:
            self.error(path, 0, f"{len(lines)} lines, at most {MAX_FILE} allowed")
        elif len(lines) > WANTED_FILE:
            self.warn(path, 0, f"{len(lines)} lines, {WANTED_FILE} wanted")
        if path.suffix == ".h":
            self.check_overview(path, lines)
        self.check_includes(path, lines)
        self.check_functions(path, lines)

    def check_overview(self, path: Path, lines: list[str]) -> None:
        """A header explains itself before its first code."""
        words = 0
        for line in lines:
            text = line.strip()
            if text.startswith("//") or text.startswith("/*") or text.startswith("*"):
                if "SPDX" not in text:
                    words += len(text.split()) - 1
            elif text and not text.startswith("#pragma once"):
                break
        if words == 0:
            self.error(path, 1, "expected an overview comment (what, why, invariants) before the code")
        elif words < 8:
            self.warn(path, 1, "the overview comment says little: what, why, invariants, threads, collection")

    def check_includes(self, path: Path, lines: list[str]) -> None:
        relative = path.relative_to(self.src)
        room = relative.parts[0]
        targets = self.graph.setdefault(str(relative), [])
        if room not in self.rooms:
            return
        for number, line in enumerate(lines, start=1):
            match = INCLUDE.match(line)
            if not match:
                continue
            quote, target = match.groups()
            if target.startswith("asmjit") and relative.parts[:2] != ("jit", "emit"):
                self.error(path, number, "asmjit belongs to jit/emit only")
            if quote == "<":
                if SYSTEM.search(target) and room not in SYSTEM_ROOMS:
                    self.warn(path, number, f"system header <{target}> outside os/")
                continue
            self.check_include(path, number, room, target)
            targets.append(target)

    def check_include(self, path: Path, number: int, room: str, target: str) -> None:
        target_room = target.split("/")[0]
        if "/" not in target or target_room not in self.rooms:
            self.error(path, number, f'"{target}" does not start with a room; the include root is src/')
            return
        if target_room == room:
            return self.check_inline(path, number, target)
        if target_room not in self.rooms[room].reach:
            self.error(path, number, f"{room} → {target_room} is against the layers ({target})")
        if target.endswith("_internal.h"):
            self.error(path, number, f"{target} is private to {target_room}")
        self.check_inline(path, number, target)

    def check_inline(self, path: Path, number: int, target: str) -> None:
        if target.endswith("_inl.h") and path.suffix == ".h" and not path.name.endswith(("_inl.h", "_internal.h")):
            self.error(path, number, f"{target} may be included by .cpp and _inl.h files only")

    def check_functions(self, path: Path, lines: list[str]) -> None:
        """Definitions whose statement starts, and whose brace closes, in column 0: where our format puts them."""
        start = None
        for number, line in enumerate(lines, start=1):
            if start is None:
                if line.rstrip().endswith("{"):
                    start = self.definition_start(lines, number)
            elif line.startswith("}"):
                self.count_function(path, start, number - start + 1, lines[start - 1])
                start = None

    @staticmethod
    def definition_start(lines: list[str], number: int) -> int | None:
        """Line where the function definition that opens its body on line `number` starts; None if it is none."""
        first = number
        while first > 1 and lines[first - 1][:1].isspace():
            above = lines[first - 2]
            if not above.strip() or above.rstrip().endswith((";", "}", "{")) or above.startswith(("//", "#")):
                return None
            first -= 1
        head = lines[first - 1]
        if head[:1] in "}/#" or head.startswith(("namespace", "extern \"C\" {", "struct ", "class ", "enum ")):
            return None
        return first if "(" in "".join(lines[first - 1:number]) else None

    def count_function(self, path: Path, line: int, length: int, head: str) -> None:
        self.found.functions += 1
        if length > WANTED_FUNCTION:
            self.found.long_functions += 1
        if length > MAX_FUNCTION and "NOLINT" not in head:
            self.error(path, line, f"function of {length} lines, at most {MAX_FUNCTION} allowed")

    def check_cycles(self) -> None:
        state: dict[str, int] = {}
        for start in self.graph:
            self.visit(start, state, [])

    def visit(self, name: str, state: dict[str, int], trail: list[str]) -> None:
        if state.get(name) == 2 or name not in self.graph:
            return
        if state.get(name) == 1:
            cycle = trail[trail.index(name):] + [name]
            self.error(self.src / name, 0, "include cycle: " + " → ".join(cycle))
            return
        state[name] = 1
        for target in self.graph[name]:
            self.visit(target, state, trail + [name])
        state[name] = 2


def tracked_generated(src: Path) -> list[str]:
    """Generated files somebody committed."""
    run = subprocess.run(["git", "-C", str(src), "ls-files", "*.gen.h", "*.gen.inc"], capture_output=True, text=True, check=False)
    return [f"{name}: generated files are not committed" for name in run.stdout.split()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--src", type=Path, default=Path(__file__).resolve().parent.parent / "src")
    parser.add_argument("--quiet", action="store_true", help="no warnings")
    args = parser.parse_args()
    try:
        found = Checker(args.src.resolve()).run()
    except room_list.LayerError as error:
        print(f"layers.toml: {error}")
        return 1
    found.errors += tracked_generated(args.src)
    for message in found.errors:
        print(f"error: {message}")
    if not args.quiet:
        for message in found.warnings:
            print(f"warning: {message}")
    print(f"layers: {len(found.errors)} errors, {len(found.warnings)} warnings; "
          f"{found.functions} functions, {found.long_functions} over {WANTED_FUNCTION} lines")
    return 1 if found.errors else 0


if __name__ == "__main__":
    sys.exit(main())
