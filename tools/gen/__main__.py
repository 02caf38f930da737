# SPDX-License-Identifier: Apache-2.0
"""python3 -m tools.gen <srcdir> <outdir>: reads every spec file below srcdir, writes every generated file below outdir."""

from __future__ import annotations

import sys
from pathlib import Path

from . import atoms, bifs, ops
from .spec import SpecError, write_if_changed


def bif_specs(src: Path) -> list[Path]:
    inside = [path for path in sorted(src.glob("bif/*.tab")) if path.name != "atoms.tab"]
    return inside + [path for path in sorted(src.glob("*/bifs.tab")) if path.parent.name != "bif"]


def generate(src: Path) -> dict[str, str]:
    """Every output as path -> text."""
    root = src.parent
    atom_table = atoms.load(sorted(src.rglob("atoms.tab")), root)
    bif_rows = bifs.load(bif_specs(src), root)
    generic_spec, internal_spec = src / "code/generic_ops.tab", src / "code/internal_ops.tab"
    generic = ops.load_generic(generic_spec, root) if generic_spec.exists() else []
    internal = ops.load_internal(internal_spec, root) if internal_spec.exists() else []
    return {
        "term/atoms.gen.h": atoms.header(atom_table),
        "term/atom_names.gen.inc": atoms.rows(atom_table),
        "bif/bif_decls.gen.h": bifs.declarations(bif_rows),
        "bif/bif_rows.gen.inc": bifs.table(bif_rows),
        "code/generic_ops.gen.h": ops.generic_header(generic),
        "beamfile/opcode_arity.gen.h": ops.arity_header(generic),
        "code/internal_ops.gen.h": ops.internal_header(internal),
        "code/internal_ops.gen.inc": ops.internal_rows(internal),
        "reference/bifs.md": bifs.reference(bif_rows, bifs.bodies(src)),
        "reference/generic_ops.md": ops.generic_reference(generic),
        "reference/internal_ops.md": ops.internal_reference(internal),
    }


def main(argv: list[str]) -> int:
    if len(argv) != 3:
        print("usage: python3 -m tools.gen <srcdir> <outdir>", file=sys.stderr)
        return 2
    try:
        outputs = generate(Path(argv[1]).resolve())
    except SpecError as error:
        print(error, file=sys.stderr)
        return 1
    for name, text in outputs.items():
        write_if_changed(Path(argv[2]) / name, text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
