"""Each byte of a kernel pack counts."""

import contextlib
import functools
import json
import pathlib
import shutil
import sys
import tempfile
import unittest
from unittest import mock

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "kernel"), str(PROJECT / "tests")]

from packs import making, taking  # noqa: E402
from packing import rewritten, saying, sealed  # noqa: E402


class Tiny(unittest.TestCase):
    """Each byte of a pack counts."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.top = pathlib.Path(place.name)
        (self.top / "program").write_text("#!/bin/sh\necho evcxr\n")
        (self.top / "program").chmod(0o755)
        found = {
            "warm/Cargo.toml": ('path = "@PROJECT@"', True), "warm/library.json": (json.dumps({"args": ["@WARM@/x"]}), True),
            "warm/target/debug/deps/liba-0123456789abcdef.rlib": (b"abc".decode() * 20, False),
            "evcxr_jupyter": (self.top / "program", False),
        }
        self.path = self.top / "tiny.tar.zst"
        with mock.patch.object(making, "sources", lambda: ["Cargo.toml"]):
            making.write(found, self.path)
            first = self.path.read_bytes()
            making.write(found, self.path)
        self.data = self.path.read_bytes()
        self.assertEqual(first, self.data)  # the same content, the same bytes

    def unpacked(self, name):
        folder = self.top / name
        try:
            taking.unpack(self.path, folder)
            files = [path for path in folder.rglob("*") if path.is_file()]
            return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode) for path in files}
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def test_it_is_unpacked_with_this_machines_folders(self):
        taking.whole(self.path, self.path.with_name("tiny.tar.zst.sha256").read_text())
        files = self.unpacked("good")
        self.assertEqual(files["warm/Cargo.toml"][0], f'path = "{PROJECT}"'.encode())
        self.assertEqual(json.loads(files["warm/library.json"][0]), {"args": [f"{taking.warmed()}/x"]})
        self.assertEqual({path: oct(mode & 0o777) for path, (_, mode) in files.items()}, {
            "warm/Cargo.toml": "0o644", "warm/library.json": "0o644", "evcxr_jupyter": "0o755",
            "warm/target/debug/deps/liba-0123456789abcdef.rlib": "0o644",
        })

    def test_any_other_byte_is_noticed(self):
        for place in range(len(self.data)):
            with self.subTest(place):
                self.path.write_bytes(self.data[:place] + bytes([self.data[place] ^ 0x20]) + self.data[place + 1:])
                with self.assertRaises(taking.Refused):
                    taking.whole(self.path, None)

    def test_any_length_is_noticed(self):
        for length in range(len(self.data)):
            self.path.write_bytes(self.data[:length])
            with self.assertRaises(taking.Refused):
                taking.whole(self.path, None)
        self.path.write_bytes(self.data + b"x")
        with self.assertRaises(taking.Refused):
            taking.whole(self.path, None)

    def test_another_byte_below_a_right_seal_changes_nothing_that_is_unpacked(self):
        good = self.unpacked("good")
        for place in range(len(self.data) - 40):
            self.path.write_bytes(sealed(self.data[:place] + bytes([self.data[place] ^ 0x11]) + self.data[place + 1:-40]))
            taking.whole(self.path, None)
            with contextlib.suppress(Exception):
                self.assertEqual(self.unpacked(f"bad{place}"), good)

    def test_a_library_that_has_the_compilers_name_but_is_another(self):
        with mock.patch.object(taking, "identity", functools.partial(dict, taking.identity(), std=["libstd-0.rlib"])):
            with self.assertRaisesRegex(taking.Refused, "another build of it"):
                self.unpacked("std")

    def test_an_older_c_library(self):
        self.path.write_bytes(rewritten(self.data, saying(glibc=[2, 34])))
        with mock.patch.object(taking, "c_library", lambda: (2, 31)), self.assertRaisesRegex(taking.Refused, r"needs glibc 2\.34"):
            self.unpacked("old")
        for there in ((2, 34), (2, 40), None):  # none: another system's
            with mock.patch.object(taking, "c_library", lambda: there):
                self.assertIn("evcxr_jupyter", self.unpacked("new"))


if __name__ == "__main__":
    unittest.main()
