# SPDX-License-Identifier: Apache-2.0
"""atoms.tab: the atoms C++ code names, as constants with fixed indexes.

One atom per line: `badarg` (identifier = text) or `cpp_name 'any text'`. Every room may have a file; they are merged. The same
text may appear often; under two names it becomes two constants of one index. Indexes: false, true, undefined, then by text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .spec import SpecError, Position, banner, c_string, cpp_identifier, read_lines, take_quoted

FIRST = ("false", "true", "undefined")  # stock's order of the first two; comparisons return them all the time
MAX_ATOM_CHARS = 255


@dataclass
class AtomTable:
    """All static atoms. `texts` in index order; `names` maps a C++ name to its text."""

    texts: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)


def parse_row(text: str, where: Position) -> tuple[str, str]:
    """(C++ name, atom text) of one line."""
    name, _, rest = text.partition(" ")
    rest = rest.strip()
    if not rest:
        return cpp_identifier(name, where), name
    if not rest.startswith("'"):
        raise SpecError(where, f"expected name or name 'text', found {text!r}")
    atom, tail = take_quoted(rest, where)
    if tail.strip():
        raise SpecError(where, f"text after the quoted atom: {tail.strip()!r}")
    if len(atom) > MAX_ATOM_CHARS:
        raise SpecError(where, f"atom is longer than {MAX_ATOM_CHARS} characters")
    return cpp_identifier(name, where), atom


def load(paths: list[Path], root: Path) -> AtomTable:
    """Merges all atoms.tab files; one C++ name for two texts is an error."""
    table = AtomTable()
    seen_at: dict[str, Position] = {}
    for text in FIRST:
        table.names[cpp_identifier(text, Position("built in", 0))] = text
    for path in paths:
        for line in read_lines(path, root):
            name, atom = parse_row(line.text, line.where)
            if table.names.setdefault(name, atom) != atom:
                first = seen_at.get(name, "built in")
                raise SpecError(line.where, f"{name} is {table.names[name]!r} at {first}, {atom!r} here")
            seen_at.setdefault(name, line.where)
    rest = sorted(set(table.names.values()) - set(FIRST), key=lambda text: text.encode("utf-8"))
    table.texts = list(FIRST) + rest
    return table


def header(table: AtomTable) -> str:
    """term/atoms.gen.h"""
    index = {text: number for number, text in enumerate(table.texts)}
    out = [banner("src/**/atoms.tab"), "#pragma once\n\n#include \"term/term.h\"\n\nnamespace vm::term::atoms {\n\n"]
    out.append("// How many atoms have a fixed index; term/atom_names.gen.inc lists their texts in this order.\n")
    out.append(f"inline constexpr unsigned kStaticAtomCount = {len(table.texts)};\n\n")
    for name, text in sorted(table.names.items(), key=lambda item: (index[item[1]], item[0])):
        out.append(f"inline constexpr Term {name} = Term::atom({index[text]});\n")
    out.append("\n}  // namespace vm::term::atoms\n")
    return "".join(out)


def rows(table: AtomTable) -> str:
    """term/atom_names.gen.inc: {"text", byte length} rows in index order."""
    lines = [f"{{{c_string(text)}, {len(text.encode('utf-8'))}}},\n" for text in table.texts]
    return banner("src/**/atoms.tab") + "".join(lines)
