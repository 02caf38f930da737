# SPDX-License-Identifier: Apache-2.0
"""Unit tests of tools/conformance.py."""

import tempfile
import unittest
from pathlib import Path

from tools import conformance
from tools.conformance import Case, Reasons, expected_cases, make_report


def case(name, suite="a_SUITE", group="", area="kernel"):
    return Case(area, suite, group, name)


class Conformance(unittest.TestCase):
    def test_reads_cases_and_lets_later_lines_win(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "results.tsv"
            path.write_text("area\tsuite\tcase\tgroup\tstatus\n"
                            "kernel\ta_SUITE\tone\t\tfailed\t0.1\twhy\n"
                            "kernel\ta_SUITE\tinit_per_suite\t\tfailed\t0\n"
                            "short line\n"
                            "kernel\ta_SUITE\tone\t\tok\t0.1\t\n"
                            "kernel\ta_SUITE\tone\tg\tcrashed\n")
            self.assertEqual(conformance.read_results(path), {case("one"): "ok", case("one", group="g"): "crashed"})

    def test_expects_what_passes_in_every_stock_run_that_had_the_suite(self):
        first = {case("one"): "ok", case("two"): "ok", case("x", "b_SUITE"): "ok"}
        second = {case("one"): "ok", case("two"): "failed"}
        self.assertEqual(expected_cases([first, second]), {case("one"), case("x", "b_SUITE")})

    def test_counts_suites_that_ran_only(self):
        expected = {case("one"), case("two"), case("x", "b_SUITE")}
        report = make_report({case("one"): "ok", case("two"): "ok"}, expected, Reasons({}))
        self.assertIn("| kernel | 1 | 2 | 2 | 100.0 % |", report.text)
        self.assertEqual((report.unexplained, report.stale), (0, []))

    def test_names_a_miss_with_its_reason(self):
        reasons = Reasons({"kernel": {"a_SUITE:g/one": "group", "a_SUITE:two": "case", "a_SUITE:*": "suite"}})
        expected = {case("one", group="g"), case("two"), case("three")}
        report = make_report({case("one", group="g"): "failed", case("two"): "timeout"}, expected, reasons)
        self.assertIn("| kernel `a:one` (g) | failed | group |", report.text)
        self.assertIn("| kernel `a:two` | timeout | case |", report.text)
        self.assertIn("| kernel `a:three` | absent | suite |", report.text)
        self.assertEqual((report.unexplained, report.stale), (0, []))

    def test_a_miss_without_reason_and_a_reason_without_miss_are_told(self):
        reasons = Reasons({"kernel": {"a_SUITE:two": "no longer", "b_SUITE:one": "did not run"}})
        report = make_report({case("one"): "failed", case("two"): "ok"}, {case("one"), case("two")}, reasons)
        self.assertEqual((report.unexplained, report.stale), (1, ["kernel a_SUITE:two"]))

    def test_replaces_only_between_the_marks(self):
        page = f"before\n{conformance.BEGIN}\nold\n{conformance.END}\nafter\n"
        self.assertEqual(conformance.replace_marked(page, "new\n"), f"before\n{conformance.BEGIN}\nnew\n{conformance.END}\nafter\n")


if __name__ == "__main__":
    unittest.main()
