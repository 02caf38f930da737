# SPDX-License-Identifier: Apache-2.0
"""OTP's own test suites on Girder against the same suites on stock: counts and misses, as docs/conformance.md shows them.

    conformance.py --stock STOCK.tsv RESULTS.tsv...    prints the tables
    conformance.py --write --stock ...                 puts them between the marks of docs/conformance.md

A results file has one line per case, fields parted by tabs: area, suite, case, group, verdict, anything more. Verdicts other than
`ok` are misses. Later files, and later lines, win. With several --stock files a case is expected when it is `ok` in all of
them that know its suite. Why a case misses is said in docs/conformance-reasons.toml:

    [emulator]
    "fun_SUITE:refc" = "why"            one case; "group/case" when only that group is meant
    "lcnt_SUITE:*" = "why"              every case of a suite that has no reason of its own

Exit status 1 when a miss has no reason, or a reason has no miss in the suites that ran.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "conformance.md"
REASONS = ROOT / "docs" / "conformance-reasons.toml"
BEGIN, END = "<!-- suites: made by tools/dev conformance -->", "<!-- suites end -->"
NOT_CASES = {"init_per_suite", "end_per_suite", "init_per_group", "end_per_group", "-", "done"}
UNEXPLAINED = "**no reason written down**"


@dataclass(frozen=True, order=True)
class Case:
    area: str
    suite: str
    group: str
    name: str

    @property
    def key(self) -> str:
        return f"{self.suite}:{self.group}/{self.name}" if self.group else f"{self.suite}:{self.name}"


def read_results(path: Path) -> dict[Case, str]:
    verdicts = {}
    for line in path.read_text(errors="replace").splitlines():
        fields = line.split("\t")
        if len(fields) < 5 or fields[0] == "area" or fields[2] in NOT_CASES:
            continue
        area, suite, name, group, verdict = fields[:5]
        verdicts[Case(area, suite, group, name)] = verdict
    return verdicts


def expected_cases(stocks: list[dict[Case, str]]) -> set[Case]:
    """Cases that are ok in every stock run that had their suite."""
    known = [{(case.area, case.suite) for case in stock} for stock in stocks]
    every = set().union(*stocks)
    return {case for case in every
            if all(stock.get(case) == "ok" for stock, suites in zip(stocks, known) if (case.area, case.suite) in suites)}


class Reasons:
    def __init__(self, table: dict[str, dict[str, str]]):
        self.table = table
        self.used: set[tuple[str, str]] = set()

    def of(self, case: Case) -> str:
        rows = self.table.get(case.area, {})
        for key in (case.key, f"{case.suite}:{case.name}", f"{case.suite}:*"):
            if key in rows:
                self.used.add((case.area, key))
                return rows[key]
        return UNEXPLAINED

    def stale(self, suites: set[tuple[str, str]]) -> list[str]:
        """Reasons nobody needed, of suites that ran."""
        return [f"{area} {key}" for area, rows in self.table.items() for key in rows
                if (area, key.split(":")[0]) in suites and (area, key) not in self.used]


@dataclass
class Report:
    text: str
    unexplained: int
    stale: list[str]


def suite_name(suite: str) -> str:
    return suite.removesuffix("_SUITE")


def make_report(results: dict[Case, str], expected: set[Case], reasons: Reasons) -> Report:
    suites = {(case.area, case.suite) for case in results}
    counted = sorted(case for case in expected if (case.area, case.suite) in suites)
    misses = [case for case in counted if results.get(case) != "ok"]
    passed, missed = Counter(), Counter(case.area for case in misses)
    for case in counted:
        passed[case.area] += results.get(case) == "ok"
    lines = ["| area | suites | cases that pass on stock | pass | |", "|---|--:|--:|--:|--:|"]
    for area in sorted({area for area, _ in suites}):
        total = passed[area] + missed[area]
        share = 100 * passed[area] / total if total else 100
        lines.append(f"| {area} | {sum(a == area for a, _ in suites)} | {total} | {passed[area]} | {share:.1f} % |")
    unexplained = 0
    if misses:
        lines += ["", "| case | verdict | why |", "|---|---|---|"]
    for case in misses:
        why = reasons.of(case)
        unexplained += why == UNEXPLAINED
        where = f" ({case.group})" if case.group else ""
        lines.append(f"| {case.area} `{suite_name(case.suite)}:{case.name}`{where} | {results.get(case, 'absent')} | {why} |")
    return Report("\n".join(lines) + "\n", unexplained, reasons.stale(suites))


def replace_marked(page: str, text: str) -> str:
    begin, end = page.index(BEGIN), page.index(END)
    return page[: begin + len(BEGIN)] + "\n" + text + page[end:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=Path)
    parser.add_argument("--stock", action="append", type=Path, required=True)
    parser.add_argument("--reasons", type=Path, default=REASONS)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    results: dict[Case, str] = {}
    for path in options.results:
        results.update(read_results(path))
    expected = expected_cases([read_results(path) for path in options.stock])
    report = make_report(results, expected, Reasons(tomllib.loads(options.reasons.read_text())))
    if options.write:
        PAGE.write_text(replace_marked(PAGE.read_text(), report.text))
    else:
        sys.stdout.write(report.text)
    for key in report.stale:
        print(f"reason without a miss: {key}", file=sys.stderr)
    if report.unexplained:
        print(f"{report.unexplained} misses without a reason", file=sys.stderr)
    return 1 if report.unexplained or report.stale else 0


if __name__ == "__main__":
    sys.exit(main())
