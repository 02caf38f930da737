# SPDX-License-Identifier: Apache-2.0
"""<module>.tab: the built-ins of one Erlang module, declared once.

    module lists
    member/2   yields              true if the element matches any of the list
    '++'/2     gc,ubif  as=op_append since=26   list in front of a tail

The C++ function is <module>_<name>_<arity>, or <as>_<arity>. Its kind picks the context it gets and with it what it may do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .spec import IDENTIFIER, Position, SpecError, banner, c_string, read_lines, take_quoted

# kind -> (enumerator, context type); the context is the permission.
KINDS = {
    "guard": ("Guard", "GuardContext"),
    "pure": ("Pure", "BifContext"),
    "yields": ("Yields", "YieldContext"),
    "gc": ("Gc", "GcContext"),
    "dirty_cpu": ("DirtyCpu", "BifContext"),
    "dirty_io": ("DirtyIo", "BifContext"),
}
# flag -> enumerator of BifFlag in code/bif_table.h, where each is documented.
FLAGS = {"ubif": "Ubif"}
MAX_ARITY = 20
FIRST_RELEASE = 25
PLAIN_NAME = re.compile(r"[a-z][a-zA-Z0-9_]*$")
ROW_OPTION = re.compile(r"(as|since|until)=(\S+)$")


@dataclass(frozen=True)
class Bif:
    """One row. since/until are OTP releases, 0 = no bound."""

    module: str
    name: str
    arity: int
    kind: str
    flags: tuple[str, ...]
    since: int
    until: int
    function: str
    doc: str
    where: Position


def parse_name(text: str, where: Position) -> tuple[str, bool, int, str]:
    """Splits `name/arity rest`; returns name, whether it was quoted, arity, rest."""
    if text.startswith("'"):
        name, rest = take_quoted(text, where)
        quoted = True
    else:
        name, slash, rest = text.partition("/")
        rest = slash + rest
        quoted = False
        if not PLAIN_NAME.match(name):
            raise SpecError(where, f"expected name/arity (quote other names), found {text.split()[0]!r}")
    match = re.match(r"/(\d+)(?:\s+|$)", rest)
    if not match:
        raise SpecError(where, f"expected /arity after {name!r}")
    arity = int(match.group(1))
    if arity > MAX_ARITY:
        raise SpecError(where, f"arity {arity} is above {MAX_ARITY}")
    return name, quoted, arity, rest[match.end():]


def release(text: str, where: Position) -> int:
    if not text.isdigit() or int(text) < FIRST_RELEASE:
        raise SpecError(where, f"expected an OTP release from {FIRST_RELEASE} on, found {text!r}")
    return int(text)


def parse_row(module: str, text: str, where: Position) -> Bif:
    """One row below a `module` line."""
    name, quoted, arity, rest = parse_name(text, where)
    words = rest.split()
    if not words:
        raise SpecError(where, f"{name}/{arity} has no kind (one of {' '.join(KINDS)})")
    kind, *flags = words[0].split(",")
    if kind not in KINDS:
        raise SpecError(where, f"unknown kind {kind!r} (one of {' '.join(KINDS)})")
    for flag in flags:
        if flag not in FLAGS:
            raise SpecError(where, f"unknown flag {flag!r} (one of {' '.join(FLAGS)})")
    options: dict[str, str] = {}
    words = words[1:]
    while words and (match := ROW_OPTION.match(words[0])):
        options[match.group(1)] = match.group(2)
        words = words[1:]
    base = options.get("as")
    if base is None:
        if quoted and not IDENTIFIER.match(name):
            raise SpecError(where, f"'{name}'/{arity} needs as=<C++ name>")
        base = f"{module}_{name}"
    if not IDENTIFIER.match(base):
        raise SpecError(where, f"as={base} is not a C++ identifier")
    since = release(options["since"], where) if "since" in options else 0
    until = release(options["until"], where) if "until" in options else 0
    if until and until < since:
        raise SpecError(where, f"until={until} is before since={since}")
    return Bif(module, name, arity, kind, tuple(flags), since, until, f"{base}_{arity}", " ".join(words), where)


def overlap(left: Bif, right: Bif) -> bool:
    return left.since <= (right.until or 999) and right.since <= (left.until or 999)


def load(paths: list[Path], root: Path) -> list[Bif]:
    """All rows of all files, checked against each other."""
    rows: list[Bif] = []
    by_name: dict[tuple[str, str, int], list[Bif]] = {}
    by_function: dict[str, Bif] = {}
    for path in paths:
        module = None
        for line in read_lines(path, root):
            words = line.text.split()
            if words[0] == "module" and len(words) == 2 and "/" not in words[1]:
                if not PLAIN_NAME.match(words[1]):
                    raise SpecError(line.where, f"expected a module name, found {words[1]!r}")
                module = words[1]
                continue
            if module is None:
                raise SpecError(line.where, "expected a line `module <name>` before the first row")
            row = parse_row(module, line.text, line.where)
            for other in by_name.setdefault((row.module, row.name, row.arity), []):
                if overlap(row, other):
                    raise SpecError(row.where, f"{row.module}:{row.name}/{row.arity} is already at {other.where}")
            by_name[row.module, row.name, row.arity].append(row)
            other = by_function.setdefault(row.function, row)
            if KINDS[other.kind][1] != KINDS[row.kind][1] or other.arity != row.arity:
                raise SpecError(row.where, f"{row.function} has another context or arity at {other.where}")
            rows.append(row)
    return rows


def declarations(rows: list[Bif]) -> str:
    """bif/bif_decls.gen.h"""
    out = [banner("src/bif/*.tab and src/*/bifs.tab"),
           "#pragma once\n\n#include \"proc/bif_context.h\"\n\nnamespace vm::bif {\n\n"]
    unique = {row.function: row for row in rows}
    for function, row in sorted(unique.items()):
        args = "".join(f", Term a{index}" for index in range(1, row.arity + 1))
        out.append(f"proc::BifResult {function}(proc::{KINDS[row.kind][1]}& cx{args});\n")
    out.append("\n}  // namespace vm::bif\n")
    return "".join(out)


def table(rows: list[Bif]) -> str:
    """bif/bif_rows.gen.inc: VM_BIF_ROW(module, name, arity, kind, flags, since, until, function)."""
    out = [banner("src/bif/*.tab and src/*/bifs.tab")]
    for row in sorted(rows, key=lambda item: (item.module, item.name, item.arity, item.since)):
        flags = " | ".join(f"BifFlag::{FLAGS[flag]}" for flag in row.flags) or "BifFlag::None"
        out.append(f"VM_BIF_ROW({c_string(row.module)}, {c_string(row.name)}, {row.arity}, BifKind::{KINDS[row.kind][0]}, "
                   f"{flags}, {row.since}, {row.until}, {row.function})\n")
    return "".join(out)


def bodies(src: Path) -> dict[str, str]:
    """Function of a row -> where its body is, `src/room/file.cpp:line`."""
    found = {}
    pattern = re.compile(r"^(?:proc::)?BifResult (\w+)\(")
    for path in sorted(src.glob("*/*.cpp")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = pattern.match(line)
            if match:
                found.setdefault(match.group(1), f"{path.relative_to(src.parent)}:{number}")
    return found


def reference(rows: list[Bif], where: dict[str, str] | None = None) -> str:
    """The page docs/reference/bifs.md; `where` tells the place of each body."""
    kinds = ", ".join(f"{sum(1 for row in rows if row.kind == kind)} {kind}" for kind in KINDS)
    out = ["# Built-ins\n\nGenerated from the spec files by `tools/dev ops`; `tools/dev bifs` compares this list with stock.\n\n"
           f"{len(rows)} rows: {kinds}. Kinds: `guard` may stand in guards, `yields` counts its work and may go on later, `gc` may collect, "
           "`dirty_cpu` and `dirty_io` run on a dirty scheduler. Built-ins with much to do move there by themselves (`src/bif/long_work.h`).\n"]
    module = None
    for row in sorted(rows, key=lambda item: (item.module, item.name, item.arity)):
        if row.module != module:
            module = row.module
            out.append(f"\n## {module}\n\n| function | kind | OTP | source | what it does |\n|---|---|---|---|---|\n")
        bounds = "" if not (row.since or row.until) else f"{row.since or ''}–{row.until or ''}"
        doc = row.doc.replace("|", "\\|")
        place = (where or {}).get(row.function, "")
        path, _, line = place.partition(":")
        source = f"[`{row.function}`](../../{path}#L{line})" if place else f"`{row.function}`"
        out.append(f"| `{row.name}/{row.arity}` | {','.join((row.kind, *row.flags))} | {bounds} | {source} | {doc} |\n")
    return "".join(out)
