# SPDX-License-Identifier: Apache-2.0
"""Unit tests of the generator: run with `python3 -m unittest discover -s tools -t .`."""

import tempfile
import unittest
from pathlib import Path

from tools.gen import atoms, bifs, ops, rooms
from tools.gen.__main__ import generate
from tools.gen.spec import Position, SpecError, c_string, strip_comment, write_if_changed


class SpecCase(unittest.TestCase):
    """A test with a scratch source tree."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.root = Path(self._folder.name)
        self.src = self.root / "src"
        self.src.mkdir()

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def assert_error(self, expected: str, function, *args):
        with self.assertRaises(SpecError) as caught:
            function(*args)
        self.assertIn(expected, str(caught.exception))


class Lexing(unittest.TestCase):
    def test_comment_needs_a_blank_and_stays_out_of_quotes(self):
        self.assertEqual(strip_comment("badarg # why"), "badarg ")
        self.assertEqual(strip_comment("# all"), "")
        self.assertEqual(strip_comment("hash '# no comment' # yes"), "hash '# no comment' ")
        self.assertEqual(strip_comment("a doc's apostrophe # cut"), "a doc's apostrophe ")
        self.assertEqual(strip_comment("issue#7"), "issue#7")

    def test_c_string_escapes(self):
        self.assertEqual(c_string('a"b\\'), '"a\\"b\\\\"')
        self.assertEqual(c_string("é"), '"\\303\\251"')


class Atoms(SpecCase):
    def load(self, *texts):
        return atoms.load([self.write(f"src/r{n}/atoms.tab", text) for n, text in enumerate(texts)], self.root)

    def test_fixed_order_then_by_text(self):
        table = self.load("zebra\napple\ntrue\n")
        self.assertEqual(table.texts, ["false", "true", "undefined", "apple", "zebra"])

    def test_reserved_words_get_an_underscore(self):
        table = self.load("or\ncatch\nerrno\n")
        self.assertEqual({name for name, text in table.names.items() if text in ("or", "catch", "errno")}, {"or_", "catch_", "errno_"})

    def test_rooms_merge_and_aliases_share_the_index(self):
        table = self.load("badarg\n", "badarg\nbad_argument 'badarg'\n")
        self.assertEqual(table.texts.count("badarg"), 1)
        header = atoms.header(table)
        self.assertIn("Term badarg = Term::atom(3);", header)
        self.assertIn("Term bad_argument = Term::atom(3);", header)

    def test_one_name_for_two_texts_is_an_error_with_position(self):
        self.assert_error("src/r1/atoms.tab:2: plus is '+' at src/r0/atoms.tab:1, '++' here", self.load, "plus '+'\n", "\nplus '++'\n")

    def test_bad_identifier(self):
        self.assert_error("src/r0/atoms.tab:1: expected a C++ identifier", self.load, "$ '$'\n")

    def test_rows_carry_byte_lengths(self):
        self.assertIn('{"it\'s \\303\\251", 7},', atoms.rows(self.load("q 'it\\'s é'\n")))


class Bifs(SpecCase):
    def load(self, text):
        return bifs.load([self.write("src/bif/x.tab", text)], self.root)

    def test_row(self):
        rows = self.load("module erlang\n'+'/2  guard,ubif as=op_plus since=26 until=28  adds # c\n")
        self.assertEqual(bifs.table(rows).splitlines()[-1],
                         'VM_BIF_ROW("erlang", "+", 2, BifKind::Guard, BifFlag::Ubif, 26, 28, op_plus_2)')
        self.assertIn("proc::BifResult op_plus_2(proc::GuardContext& cx, Term a1, Term a2);", bifs.declarations(rows))

    def test_plain_name(self):
        rows = self.load("module lists\nreverse/2 yields reversed list\n")
        self.assertEqual(rows[0].function, "lists_reverse_2")
        self.assertEqual(rows[0].doc, "reversed list")

    def test_module_called_module_is_no_row(self):
        self.assertEqual(self.load("module m\nmodule/1 pure x\n")[0].name, "module")

    def test_errors(self):
        self.assert_error("src/bif/x.tab:1: expected a line `module <name>`", self.load, "a/1 pure\n")
        self.assert_error("src/bif/x.tab:2: unknown kind 'fast'", self.load, "module m\na/1 fast\n")
        self.assert_error("src/bif/x.tab:2: unknown flag 'x'", self.load, "module m\na/1 pure,x\n")
        self.assert_error("needs as=", self.load, "module m\n'+'/1 pure\n")
        self.assert_error("m:a/1 is already at src/bif/x.tab:2", self.load, "module m\na/1 pure\na/1 gc\n")
        self.assert_error("expected an OTP release", self.load, "module m\na/1 pure since=x\n")
        self.assert_error("expected name/arity", self.load, "module m\n+/1 pure\n")
        self.assert_error("is not closed", self.load, "module m\n'a/1 pure\n")

    def test_disjoint_releases_may_share_a_name(self):
        rows = self.load("module m\na/1 pure until=26\na/1 gc as=m_new_a since=27\n")
        self.assertEqual([row.function for row in rows], ["m_a_1", "m_new_a_1"])

    def test_one_function_under_two_contexts_is_an_error(self):
        self.assert_error("another context", self.load, "module m\na/1 pure as=f\nb/1 gc as=f\n")


class Ops(SpecCase):
    def test_generic(self):
        path = self.write("src/code/generic_ops.tab", "1 label/1 0 - place\n2 catch/2 17 21\n")
        text = ops.generic_header(ops.load_generic(path, self.root))
        self.assertIn("catch_ = 2,", text)
        self.assertIn('{"catch", 2, 17, 21},', text)

    def test_generic_hole(self):
        path = self.write("src/code/generic_ops.tab", "1 label/1 0\n3 call/2 0\n")
        self.assert_error("generic_ops.tab:2: expected opcode 2, found 3", ops.load_generic, path, self.root)

    def load_internal(self, text):
        return ops.load_internal(self.write("src/code/internal_ops.tab", text), self.root)

    def test_internal(self):
        loaded = self.load_internal("op get a:S b:D @pure @gc\n   doc # not doc\nop return @gc\n")
        text = ops.internal_header(loaded)
        self.assertIn('{"get", 2, "S D", kOpAttrPure | kOpAttrGc},', text)
        self.assertIn('{"return", 0, "", kOpAttrGc},', text)
        self.assertEqual(loaded[0].doc, ["doc"])
        self.assertTrue(ops.internal_rows(loaded).endswith("VM_OP(get)\nVM_OP(return_)\n"))

    def test_internal_errors(self):
        self.assert_error("internal_ops.tab:1: expected: op name", self.load_internal, "get a:S\n")
        self.assert_error("internal_ops.tab:2: op a is already at src/code/internal_ops.tab:1", self.load_internal, "op a\nop a\n")
        self.assert_error("after an attribute", self.load_internal, "op a @pure x:S\n")
        self.assert_error("appears twice", self.load_internal, "op a x:S x:S\n")
        self.assert_error("doc line before", self.load_internal, "  doc\n")

    def test_internal_needs_an_op_for_every_row_of_the_table(self):
        self.assertIn("kOpCount = 0", ops.internal_header([]))


class Rooms(unittest.TestCase):
    def test_reach_is_transitive(self):
        table = rooms.resolve({"a": {"layer": 0, "uses": []}, "b": {"layer": 1, "uses": ["a"]}, "c": {"layer": 2, "uses": ["b"]}})
        self.assertEqual(table["c"].reach, ("a", "b"))

    def test_sideways_is_refused(self):
        with self.assertRaises(rooms.LayerError):
            rooms.resolve({"a": {"layer": 1, "uses": []}, "b": {"layer": 1, "uses": ["a"]}})


class Output(SpecCase):
    def test_unchanged_text_is_not_written_again(self):
        path = self.root / "out/x"
        self.assertTrue(write_if_changed(path, "a"))
        self.assertFalse(write_if_changed(path, "a"))
        self.assertTrue(write_if_changed(path, "b"))

    def test_empty_tree_generates_every_file(self):
        self.assertEqual(len(generate(self.src)), 11)

    def test_real_tree_is_valid(self):
        generate(Path(__file__).resolve().parents[3] / "src")

    def test_position_prints_as_file_and_line(self):
        self.assertEqual(str(Position("a/b.tab", 3)), "a/b.tab:3")


if __name__ == "__main__":
    unittest.main()
