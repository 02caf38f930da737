# SPDX-License-Identifier: Apache-2.0
"""What the benchmark scripts share: building the programs, running an erl."""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "programs")
DEFAULT_GIRDER = os.path.join(os.path.dirname(HERE), "build", "otp", "bin", "erl")

# Print order. The first six are the CPU classes: work of the engine alone.
CLASSES = ["integers", "floats", "lists", "dispatch", "maps", "binaries",
           "processes", "ets", "builtins", "collector", "copying", "spawn", "programs"]


def find_erl(command):
    path = shutil.which(command)
    if path is None:
        sys.exit(f"bench: no such erl: {command}")
    return os.path.abspath(path)


def build(erlc, folder):
    """Compile the programs into folder; both emulators run the same files."""
    os.makedirs(folder, exist_ok=True)
    stale = []
    for name in sorted(os.listdir(PROGRAMS)):
        if not name.endswith(".erl"):
            continue
        source = os.path.join(PROGRAMS, name)
        beam = os.path.join(folder, name[:-4] + ".beam")
        if not os.path.exists(beam) or os.path.getmtime(beam) < os.path.getmtime(source):
            stale.append(source)
    if stale:
        subprocess.run([erlc, "-o", folder] + stale, check=True)


def environment():
    """Nothing from the caller's ERL_FLAGS may change one side only."""
    return {k: v for k, v in os.environ.items()
            if k not in ("ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS", "ERL_LIBS")}
