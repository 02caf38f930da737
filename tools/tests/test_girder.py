# SPDX-License-Identifier: Apache-2.0
"""Unit tests of tools/girder on a make-believe OTP root."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

GIRDER = Path(__file__).resolve().parent.parent / "girder"


class Girder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = Path(folder.name).resolve()
        self.root = self.top / "otp root"
        self.bindir = self.root / "erts-13.1.5" / "bin"
        for name in ("erlexec", "erlc", "heart", "beam.smp"):
            self.program(self.bindir / name, f'echo {name} "$@"; echo "$ROOTDIR|$BINDIR|$EMU|$PROGNAME"')
        self.program(self.root / "bin" / "erl", f'ROOTDIR="{self.root}"\nexec false')
        (self.root / "releases").mkdir()
        self.program(self.top / "ours", "echo ours")
        self.dir = self.top / "wrap"

    def program(self, path: Path, body: str):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def girder(self, *words, path=None, status=0):
        env = {"PATH": path or f"{self.root / 'bin'}:{os.environ['PATH']}"}
        run = subprocess.run([sys.executable, str(GIRDER), *map(str, words)], env=env, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def snapshot(self):
        return sorted(str(path.relative_to(self.top)) for path in self.top.rglob("*"))

    def test_dir_and_back(self):
        before = self.snapshot()
        self.girder("install", "--dir", self.dir, "--emulator", self.top / "ours")
        self.assertEqual(sorted(path.name for path in self.dir.iterdir()),
                         [".girder-install.json", "beam.smp", "erl", "erlc", "erlexec", "heart"])
        out = subprocess.run([self.dir / "erl", "-x"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(out.splitlines(), ["erlexec -x", f"{self.root}|{self.dir}|beam|erl"])
        self.girder("uninstall", "--dir", self.dir)
        self.assertEqual(self.snapshot(), before)

    def test_our_own_erl_first_in_path_is_not_taken_for_stock(self):
        self.girder("install", "--dir", self.dir, "--emulator", self.top / "ours")
        self.girder("install", "--dir", self.dir, "--emulator", self.top / "ours", path=f"{self.dir}:{self.root / 'bin'}:/usr/bin:/bin")
        self.assertIn(f"ROOTDIR='{self.root}'", (self.dir / "erl").read_text())

    def test_flavor_and_back(self):
        before = self.snapshot()
        self.girder("install", "--flavor", "--emulator", self.top / "ours")
        self.assertIn("echo ours", (self.bindir / "beam.girder").read_text())
        self.girder("uninstall", "--flavor")
        self.assertEqual(self.snapshot(), before)

    def test_foreign_files_are_left_alone(self):
        self.program(self.dir / "erlc", "echo mine")
        said = self.girder("install", "--dir", self.dir, "--emulator", self.top / "ours", status=1)
        self.assertIn("was not made by girder", said)
        self.assertEqual([path.name for path in self.dir.iterdir()], ["erlc"])

    def test_one_clear_line_when_something_is_missing(self):
        self.assertIn("no emulator at", self.girder("install", "--dir", self.dir, "--emulator", self.top / "none", status=1))
        self.assertIn("is no Erlang/OTP root", self.girder("install", "--dir", self.dir, "--otp", self.top, "--emulator", self.top / "ours", status=1))
        self.assertIn("nothing installed", self.girder("uninstall", "--dir", self.dir, status=1))


if __name__ == "__main__":
    unittest.main()
