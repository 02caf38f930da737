#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Code that must not compile. Every tests/nocompile/<room>/*.cpp is compiled twice: as it is, which must work, and with
VM_MUST_NOT_COMPILE defined, which must fail with a message that matches its line `// expect: <regular expression>`.

    run.py [filter]      uses the compiler and options of build/debug; ends with `N passed, N failed, N skipped`
"""

from __future__ import annotations

import concurrent.futures
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import check_headers  # noqa: E402


def compile_case(case: Path, options: list[str], define: bool) -> tuple[bool, str]:
    command = [*options, "-fsyntax-only", *(["-DVM_MUST_NOT_COMPILE"] if define else []), str(case)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.returncode == 0, run.stderr


def verdict(case: Path, options: list[str]) -> str:
    """Empty when the case holds, else what is wrong with it."""
    expected = re.search(r"^// expect: (.+)$", case.read_text(encoding="utf-8"), re.MULTILINE)
    if not expected:
        return "has no line `// expect: <regular expression>`"
    works, words = compile_case(case, options, define=False)
    if not works:
        return f"does not compile even without the forbidden part:\n{words}"
    works, words = compile_case(case, options, define=True)
    if works:
        return "compiles, but must not"
    if not re.search(expected.group(1), words):
        return f"fails for another reason than {expected.group(1)!r}:\n{words}"
    return ""


def main() -> int:
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    cases = [case for case in sorted(HERE.rglob("*.cpp")) if pattern in str(case.relative_to(HERE))]
    build = ROOT / "build" / "debug"
    if cases:
        if not (build / "build.ninja").exists():
            subprocess.run(["cmake", "--preset", "debug"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["ninja", "--quiet", "-C", str(build), "girder_gen"], check=True)
    options = check_headers.flags(build) if cases else []
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for case, problem in zip(cases, pool.map(lambda case: verdict(case, options), cases)):
            if problem:
                failed += 1
                print(f"FAIL {case.relative_to(ROOT)}: {problem}")
    print(f"{len(cases) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
