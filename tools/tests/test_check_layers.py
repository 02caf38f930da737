# SPDX-License-Identifier: Apache-2.0
"""Unit tests of the layer check."""

import tempfile
import unittest
from pathlib import Path

from tools.check_layers import Checker

LAYERS = """
[rooms]
base = { layer = 0, uses = [] }
term = { layer = 1, uses = ["base"] }
heap = { layer = 2, uses = ["term"] }
jit  = { layer = 3, uses = ["heap"] }
"""
HEAD = "// SPDX-License-Identifier: Apache-2.0\n// What this header is for, why it is so, and who may call it.\n#pragma once\n"


class CheckLayers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.src = Path(folder.name) / "src"
        self.write("layers.toml", LAYERS)

    def write(self, name, text):
        path = self.src / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def errors(self):
        return Checker(self.src).run().errors

    def test_clean_tree(self):
        self.write("base/word.h", HEAD)
        self.write("heap/heap.cpp", HEAD + '#include "base/word.h"\n#include "heap/heap_internal.h"\n')
        self.assertEqual(self.errors(), [])

    def test_upward_include(self):
        self.write("term/term.cpp", HEAD + '#include "heap/heap.h"\n')
        self.assertEqual(self.errors(), ["src/term/term.cpp:4: term → heap is against the layers (heap/heap.h)"])

    def test_foreign_internal_header(self):
        self.write("heap/heap.cpp", HEAD + '#include "term/term_internal.h"\n')
        self.assertIn("is private to term", self.errors()[0])

    def test_inline_header_in_a_header(self):
        self.write("heap/heap.h", HEAD + '#include "heap/heap_inl.h"\n')
        self.assertIn("_inl.h files only", self.errors()[0])

    def test_asmjit(self):
        self.write("jit/compile.cpp", HEAD + "#include <asmjit/asmjit.h>\n")
        self.write("jit/emit/emit.cpp", HEAD + "#include <asmjit/asmjit.h>\n")
        self.assertEqual(self.errors(), ["src/jit/compile.cpp:4: asmjit belongs to jit/emit only"])

    def test_cycle(self):
        self.write("base/a.h", HEAD + '#include "base/b.h"\n')
        self.write("base/b.h", HEAD + '#include "base/a.h"\n')
        self.assertEqual(self.errors(), ["src/base/a.h: include cycle: base/a.h → base/b.h → base/a.h"])

    def test_licence_and_overview(self):
        self.write("base/a.h", "#pragma once\nint x;\n")
        self.assertEqual(len(self.errors()), 2)

    def test_sizes(self):
        self.write("base/a.cpp", HEAD + "int x;\n" * 1000)
        self.write("base/b.cpp", HEAD + "void f(int a,\n       int b) {\n" + "  g();\n" * 100 + "}\n")
        self.assertEqual([error.split(": ")[1] for error in self.errors()],
                         ["1003 lines, at most 1000 allowed", "function of 103 lines, at most 100 allowed"])

    def test_marks(self):
        self.write("base/a.cpp", HEAD + "// TO" "DO later\n// TO" "DO(#12) numbered\n// FIX" "ME\n")
        self.assertEqual(len(self.errors()), 2)

    def test_unknown_room(self):
        self.write("util/a.cpp", HEAD)
        self.assertIn("util is not in layers.toml", self.errors()[0])


if __name__ == "__main__":
    unittest.main()
