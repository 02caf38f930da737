# SPDX-License-Identifier: Apache-2.0
"""Reads src/layers.toml: the one list of rooms, their layers and what each may use."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Room:
    """One row of layers.toml; `reach` is every room it may include, nearest layers last."""

    name: str
    layer: int
    uses: tuple[str, ...]
    reach: tuple[str, ...]


class LayerError(Exception):
    """layers.toml contradicts itself (unknown room, sideways or upward use)."""


def load(path: Path) -> dict[str, Room]:
    """Rooms by name in layer order. Raises LayerError when a row breaks the layering rule."""
    with path.open("rb") as handle:
        rows = tomllib.load(handle)["rooms"]
    return resolve(rows)


def resolve(rows: dict[str, dict]) -> dict[str, Room]:
    order = sorted(rows, key=lambda name: (rows[name]["layer"], list(rows).index(name)))
    rooms: dict[str, Room] = {}
    for name in order:
        layer = rows[name]["layer"]
        uses = list(rows[name]["uses"])
        if uses == ["*"]:
            uses = [other for other in order if other != name]
        reach: set[str] = set()
        for used in uses:
            if used not in rows:
                raise LayerError(f"room {name} uses unknown room {used}")
            if rows[used]["layer"] >= layer:
                raise LayerError(f"room {name} (layer {layer}) uses {used} (layer {rows[used]['layer']})")
            reach.add(used)
            reach.update(rooms[used].reach)
        ordered = tuple(other for other in order if other in reach)
        rooms[name] = Room(name, layer, tuple(uses), ordered)
    return rooms


def to_cmake(rooms: dict[str, Room]) -> str:
    """The rooms as CMake variables: GIRDER_ROOMS and GIRDER_REACH_<room>."""
    lines = [f"set(GIRDER_ROOMS {' '.join(rooms)})"]
    lines += [f"set(GIRDER_REACH_{room.name} {' '.join(room.reach)})" for room in rooms.values()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(to_cmake(load(Path(sys.argv[1]))))
