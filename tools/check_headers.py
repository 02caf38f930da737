# SPDX-License-Identifier: Apache-2.0
"""Every header of src/ compiles alone: check_headers.py <build folder>. Two at a time, syntax only."""

import concurrent.futures
import json
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def flags(build: Path) -> list[str]:
    """The compiler and options of some source file of src/, without its own input and output."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if "/src/" in entry["file"]:
            words = shlex.split(entry["command"])
            words = [word for word in words if not word.endswith("ccache")]
            cut = words.index("-o")
            return [word for word in words[:cut] + words[cut + 2:] if word not in ("-c", entry["file"])]
    sys.exit("check_headers.py: no file of src/ in compile_commands.json")


def compile_alone(header: Path, options: list[str]) -> str:
    command = [*options, "-fsyntax-only", "-x", "c++-header", str(header)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stderr if run.returncode else ""


def main() -> int:
    options = flags(Path(sys.argv[1]).resolve())
    # *_inl.h need what their .cpp includes first; everything else must stand alone.
    headers = [path for path in sorted((ROOT / "src").rglob("*.h")) if not path.name.endswith("_inl.h")]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        failed = [text for text in pool.map(lambda header: compile_alone(header, options), headers) if text]
    print("".join(failed), end="")
    print(f"headers: {len(headers) - len(failed)} compile alone, {len(failed)} do not")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
