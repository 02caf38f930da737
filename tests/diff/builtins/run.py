#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Built-ins called with generated arguments on stock Erlang and on Girder, outcomes compared.

    run.py --erl build/otp/bin/erl                      each row of builtins.table, a few calls (the fixed seed)
    run.py --erl build/otp/bin/erl all                  300 calls of each
    run.py --erl ... lists: erlang:phash2/1             rows that hold one of these texts
    run.py --erl ... --calls 2000 --seed 17 re:         more, others
    run.py --rows                                       built-ins of src/**/*.tab that the table does not name

Compared are the value, or class, reason, the innermost stack entries with their error_info, and what
erl_error:format_exception/3 makes of them. A row that differs is one failure; --show N differences are printed for each.
known.txt lists differences that are accepted: <pattern for row and call> TAB <text in Girder's outcome> TAB <reason>.
Crashes and hangs count as differences of the call that was under way; what follows is run in a new emulator.
"""
import argparse
import concurrent.futures
import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
sys.path.insert(0, str(ROOT))

QUICK, FULL = 25, 300
MODULES = ["bi_gen", "bi_args", "bi_driver", "bi_sequence"]
# Numbers of pids, ports, references and funs in printed texts.
# Compiled patterns: flags and number of groups are compared, not what the library made of them.
PATTERN = re.compile(r"(\{re_pattern,\d+,\d+,\d+,)<<[^>]*>>")
LOCAL = re.compile(r"<\d+\.\d+\.\d+>|#Port<[\d.]+>|#Ref<[\d.]+>|#Fun<[\w.]*[\d.]+>")


def table() -> list["Row"]:
    """The rows, one a line."""
    taken: set[str] = set()
    return [Row(line.rstrip()[:-1], taken) for line in (HERE / "builtins.table").read_text(encoding="utf-8").splitlines() if line.startswith("{")]


def split_terms(text: str) -> list[str]:
    """Top-level elements of a tuple or list given as text."""
    depth, quoted, start, found, i = 0, "", 0, [], 0
    while i < len(text):
        c = text[i]
        if quoted:
            if c == "\\":
                i += 1
            elif c == quoted:
                quoted = ""
        elif c in "'\"":
            quoted = c
        elif c in "[{(" or text.startswith("<<", i):
            depth += 1
        elif c in "]})" or text.startswith(">>", i):
            depth -= 1
        elif c == "," and depth == 0:
            found.append(text[start:i].strip())
            start = i + 1
        i += 1
    rest = text[start:].strip()
    return found + ([rest] if rest else [])


def normal(line: str) -> str:
    return PATTERN.sub(r"\1-", LOCAL.sub("<N>", line))


class Row:
    """One line of the table; the second one of a function is called m:f/a#2."""

    def __init__(self, text: str, taken: set[str]):
        self.text = text
        self.function = name_of(text)
        self.name, number = self.function, 2
        while self.name in taken:
            self.name, number = f"{self.function}#{number}", number + 1
        taken.add(self.name)


def name_of(row: str) -> str:
    parts = split_terms(row[1:-1])
    if parts[0] == "sequence":
        return f"sequence/{parts[1]}"
    types = split_terms(parts[2][1:-1])
    arity = types[2] if parts[2].startswith("{") else len(types)
    return f"{parts[0]}:{parts[1].strip(chr(39))}/{arity}"


def direct_module(rows: list[Row]) -> str:
    """A module that calls the rows marked direct or guard the way compiled code does."""
    bodies, guards = [], []
    seen = set()
    for row in rows:
        parts = split_terms(row.text[1:-1])
        if len(parts) < 4 or row.function in seen:
            continue
        seen.add(row.function)
        module, function = parts[0], parts[1]
        arguments = [f"A{i}" for i in range(int(row.function.rpartition("/")[2]))]
        given, call = f"[{', '.join(arguments)}]", f"{module}:{function}({', '.join(arguments)})"
        if "direct" in parts[3]:
            bodies.append(f"direct({module}, {function}, {given}) -> {{{call}}}")
        if "guard" in parts[3]:
            guards.append(f"guard({module}, {function}, {given}) when {call} -> true")
            guards.append(f"guard({module}, {function}, {given}) when is_tuple({{{call}}}) -> passed")
    guards.append("guard(_, _, _) -> failed")
    return "-module(bi_direct).\n-export([direct/3, guard/3]).\n" + ";\n".join(bodies) + ".\n" + ";\n".join(guards) + ".\n"


def compile_all(folder: Path, rows: list[Row]) -> str:
    """Compiles with stock; returns a hash of what the results depend on."""
    sources = [HERE / f"{m}.erl" for m in MODULES] + [ROOT / "tests/diff/support/diff_harness.erl"]
    direct = folder / "bi_direct.erl"
    text = direct_module(rows)
    if not direct.exists() or direct.read_text(encoding="utf-8") != text:
        direct.write_text(text, encoding="utf-8")
    sources.append(direct)
    digest = hashlib.sha256(b"".join(s.read_bytes() for s in sources)).hexdigest()
    mark = folder / "compiled"
    if not mark.exists() or mark.read_text() != digest:
        subprocess.run(["erlc", "-W0", "+deterministic", "-o", str(folder), *map(str, sources)], check=True)
        mark.write_text(digest)
    return digest


def session(erl: str, folder: Path, terms: list[str], seed: str, out: Path, silence: float) -> str:
    """One emulator; returns why it ended early, or nothing."""
    rows = out.with_suffix(".rows")
    rows.write_text("".join(f"{t}.\n" for t in terms), encoding="utf-8")
    env = dict(os.environ, ERL_CRASH_DUMP="/dev/null", ERL_LIBS="", ERL_FLAGS="", TZ="Europe/Stockholm", LANG="C.UTF-8", LC_ALL="C.UTF-8")
    code = f'bi_driver:main(["{rows}", "{seed}", "{out}"])'
    process = subprocess.Popen([erl, "+pc", "unicode", "-noshell", "-noinput", "-boot", "start_clean", "-kernel", "logger_level", "none", "-pa", str(folder), "-eval", code],
                               cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    heard, size = time.time(), -1
    while True:
        try:
            said, _ = process.communicate(timeout=0.5)
            break
        except subprocess.TimeoutExpired:
            now = out.stat().st_size if out.exists() else 0
            if now != size:
                heard, size = time.time(), now
            elif time.time() - heard > silence:
                process.kill()
                process.communicate()
                return "HUNG"
    if not out.exists():
        sys.exit(f"run.py: {erl} does not reach the first call: {' '.join(said.split())[:2000]}")
    with open(out, "rb") as f:
        f.seek(max(0, out.stat().st_size - 4))
        if f.read() == b"END\n":
            return ""
    words = " ".join(said.split())[:300]
    return f"CRASHED (status {process.returncode}) {words}"


def outcomes(erl: str, folder: Path, rows: list[Row], args, out: Path) -> dict[str, list[str]]:
    """Row name -> one line for each call, over crashes."""
    result: dict[str, list[str]] = {row.name: [] for row in rows}
    todo = [(row, 0) for row in rows]
    while todo:
        out.unlink(missing_ok=True)
        why = session(erl, folder, [f'{{{args.calls}, {skip}, "{row.name}", {row.text}}}' for row, skip in todo], args.seed, out, args.silence)
        last = None
        for line in out.read_text(encoding="utf-8", errors="backslashreplace").splitlines() if out.exists() else []:
            name, tab, rest = line.partition("\t")
            if tab:
                result[name].append(rest)
                last = name
        if not why:
            return result
        at = next((i for i, (row, _) in enumerate(todo) if row.name == last), 0)
        done = len(result[last]) if last else 0
        if done >= args.calls:
            at, done = at + 1, 0
        if at >= len(todo):
            return result
        row = todo[at][0]
        result[row.name].append(f"{done + 1}\t?\t{why}")
        todo = ([(row, done + 1)] if done + 1 < args.calls else []) + todo[at + 1:]
    return result


def stock_outcomes(folder: Path, rows: list[Row], args, digest: str) -> dict[str, list[str]]:
    """Kept by content: stock does the same each time."""
    key = hashlib.sha256("\n".join([digest, args.seed, str(args.calls), *(row.text for row in rows)]).encode()).hexdigest()[:24]
    kept = folder / f"stock-{key}.txt"
    if not kept.exists() or args.fresh:
        result = outcomes("erl", folder, rows, args, folder / f"stock-{key}.out")
        kept.write_text("".join(f"{name}\t{line}\n" for name, lines in result.items() for line in lines), encoding="utf-8")
    result = {row.name: [] for row in rows}
    for line in kept.read_text(encoding="utf-8").splitlines():
        name, _, rest = line.partition("\t")
        result[name].append(rest)
    return result


def known() -> list[tuple[re.Pattern, str]]:
    path = HERE / "known.txt"
    lines = [line.rstrip("\n").split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")] if path.exists() else []
    return [(re.compile(call), outcome) for call, outcome, _ in lines]


def compare(name: str, stock: list[str], girder: list[str], accepted, args) -> tuple[int, int]:
    """Prints differences; returns how many, and how many were known."""
    differences, skipped = [], 0
    for ours, theirs in zip(girder, stock):
        if normal(ours) == normal(theirs) and "\tDIED\t" not in theirs:
            continue
        call = theirs.split("\t")[1]
        if theirs.split("\t")[2].startswith("CRASHED"):  # stock itself; there is nothing to compare with
            skipped += 1
            continue
        if any(where.search(f"{name}\t{call}") and text in ours for where, text in accepted):
            skipped += 1
            continue
        differences.append((theirs, ours))
    if len(stock) != len(girder):
        differences.append((f"{len(stock)} calls", f"{len(girder)} calls"))
    if differences:
        print(f"DIFFERS {name}: {len(differences)} of {len(stock)} calls")
    width = 100000 if args.full else 420
    for theirs, ours in differences[: args.show]:
        same = os.path.commonprefix([theirs, ours])
        call = theirs.split("\t")[:2]
        print(f"  call   {' '.join(call)[:width]}")
        start = 0 if args.full else max(0, min(len(same) - 80, len(theirs) - 100))
        print(f"  stock  …{theirs[start:][:width]}")
        print(f"  girder …{ours[start:][:width]}")
    return len(differences), skipped


def unnamed() -> int:
    """Rows of our tables that are neither called nor excused, and names in not_called.txt that mean nothing."""
    from tools.gen import bifs
    from tools.gen.__main__ import bif_specs

    named = {row.function for row in table()}
    lines = [line for line in (HERE / "not_called.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    excused = {word for line in lines for word in line.partition("\t")[0].split()}
    missing = []
    used = set()
    for bif in bifs.load(bif_specs(ROOT / "src"), ROOT):
        text = f"{bif.module}:{bif.name}/{bif.arity}"
        used |= {text, f"{bif.module}:"}
        if text not in named and text not in excused and f"{bif.module}:" not in excused:
            missing.append(text)
    for text in missing:
        print(f"neither in builtins.table nor in not_called.txt: {text}")
    for text in sorted(excused - used | excused & named):
        print(f"in not_called.txt without need: {text}")
    return len(missing) + len(excused - used | excused & named)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--erl", help="the emulator to test")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--calls", type=int)
    parser.add_argument("--show", type=int, default=2)
    parser.add_argument("--full", action="store_true", help="print outcomes whole")
    parser.add_argument("--fresh", action="store_true", help="ask stock again")
    parser.add_argument("--silence", type=float, default=30)
    parser.add_argument("--build", default=str(ROOT / "build/diff/builtins"))
    parser.add_argument("--rows", action="store_true")
    parser.add_argument("what", nargs="*")
    args = parser.parse_args()
    if args.rows:
        return 1 if unnamed() else 0
    if not args.erl:
        parser.error("--erl is needed")
    everything = "all" in args.what
    args.calls = args.calls or (FULL if everything else QUICK)
    filters = [w for w in args.what if w != "all"]
    rows = [row for row in table() if not filters or any(f in row.name for f in filters)]
    folder = Path(args.build)
    folder.mkdir(parents=True, exist_ok=True)
    digest = compile_all(folder, table())
    calls = failed = passed = skipped = differences = 0
    accepted = known()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        stock = pool.submit(stock_outcomes, folder, rows, args, digest)
        ours = pool.submit(outcomes, os.path.abspath(args.erl), folder, rows, args, folder / f"girder-{os.getpid()}.out")
        theirs, mine = stock.result(), ours.result()
    for row in rows:
        bad, known_ones = compare(row.name, theirs[row.name], mine[row.name], accepted, args)
        calls += len(theirs[row.name])
        differences += bad
        skipped += known_ones
        failed += bool(bad)
        passed += not bad
    print(f"{calls} calls, {differences} differ, {skipped} known")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
