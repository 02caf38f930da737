# SPDX-License-Identifier: Apache-2.0
"""What the build asks for, `./run` installs."""

import re
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
FATAL = re.compile(r"message\(FATAL_ERROR[^)]*\(Debian: ([\w.+-]+)\)", re.S)


class Setup(unittest.TestCase):
    def test_what_the_build_cannot_do_without(self):
        text = (TOP / "tools" / "setup.sh").read_text()
        installed = re.search(r'^GIRDER_BUILD_PACKAGES="([^"]*)"', text, re.M).group(1).split()
        sources = [TOP / "CMakeLists.txt", *sorted((TOP / "cmake").glob("*.cmake"))]
        needed = {name for source in sources for name in FATAL.findall(source.read_text())}
        self.assertTrue(needed)
        self.assertLessEqual(needed, set(installed))


if __name__ == "__main__":
    unittest.main()
