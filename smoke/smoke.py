#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the items of smoke/items on stock Erlang and on Girder, in turn. See README.md."""
import argparse
import importlib.util
import subprocess
import sys
import traceback
from pathlib import Path

from system import Figures, Machine

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = ROOT / "build" / "smoke"


def load_items(names: list[str]) -> dict:
    """The modules of the items, by name."""
    items = {}
    for path in sorted((HERE / "items").glob("*.py")):
        if names and path.stem not in names:
            continue
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        items[path.stem] = module
    for name in set(names) - set(items):
        sys.exit(f"smoke: no item {name}")
    return items


def unpack(packages: list[str]) -> Path:
    """Debian packages taken apart below build/smoke/packages, without installing them."""
    folder = WORK / "packages"
    for package in packages:
        done = folder / f".{package}"
        if done.exists():
            continue
        archives = WORK / "archives"
        archives.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", package], cwd=archives, check=True, capture_output=True)
        for archive in archives.glob(f"{package}_*.deb"):
            subprocess.run(["dpkg", "-x", archive, folder], check=True)
        done.touch()
    return folder


def attempt(item, machine: Machine) -> Figures | None:
    """One run; nothing when an answer was wrong."""
    try:
        return item.run(machine)
    except Exception:  # whatever an item runs into is its failure
        traceback.print_exc()
        print(machine.output_tail())
        return None
    finally:
        machine.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items", nargs="*")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--erl", default=str(ROOT / "build/otp/bin/erl"))
    parser.add_argument("--stock", default="erl")
    parser.add_argument("--packages", action="store_true", help="only print which Debian packages the items need")
    args = parser.parse_args()
    items = load_items(args.items)
    if args.packages:
        print(" ".join(sorted({p for item in items.values() for p in item.PACKAGES})))
        return 0
    passed = failed = 0
    print(f"{'item':10} {'on':8} {'ready s':>8} {'cpu s':>8} {'MB':>8}  rate")
    for name, item in items.items():
        packages = unpack(getattr(item, "UNPACKED", []))
        good = True
        for _ in range(args.rounds):
            for label, erl in [("stock", args.stock), ("girder", args.erl)]:
                figures = attempt(item, Machine(erl, WORK / name / label, packages))
                good = good and figures is not None
                if figures:
                    print(f"{name:10} {label:8} {figures.ready:8.2f} {figures.cpu:8.2f} {figures.megabytes:8.1f}  {figures.rate}", flush=True)
        passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
