"""Kernel packs are fetched, or it is said why not."""

import io
import pathlib
import sys
import tempfile
import time
import unittest
from unittest import mock

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "kernel"), str(PROJECT / "tests")]

from packs import fetch  # noqa: E402
from packing import serving  # noqa: E402


class Fetching(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = pathlib.Path(place.name)

    def unreachable(self, address):
        start = time.monotonic()
        with mock.patch("sys.stderr", io.StringIO()), self.assertRaises(fetch.Unreachable) as raised:
            with fetch.pack(address, self.folder, timeout=1):
                pass
        self.assertLess(time.monotonic() - start, 10)
        self.assertEqual(list(self.folder.iterdir()), [])
        return str(raised.exception)

    def test_what_cannot_be_had_is_said(self):
        with serving({"/stalls": b"abc", "/breaks": b"abc"}) as (server, _):
            self.assertEqual(self.unreachable(f"{server}/none"), f"{server}/none: there is none")
            self.assertEqual(self.unreachable(f"{server}/stalls"), f"{server}/stalls: the server does not answer")
            self.assertIn("ended after 3 of 4 bytes", self.unreachable(f"{server}/breaks"))
        self.assertIn("refused", self.unreachable(f"{server}/late"))
        self.assertIn("there is no such file", self.unreachable(str(self.folder / "none")))
        self.assertIn("none.tar", self.unreachable((self.folder / "none.tar").as_uri()))

    def test_what_takes_longer_than_compiling_is_not_waited_for(self):
        with mock.patch("sys.stderr", io.StringIO()):
            progress = fetch.Progress("http://there/pack", 300_000_000)
        progress.start -= 60
        progress.update(100_000_000)
        with self.assertRaisesRegex(fetch.Unreachable, "it would take 299 minutes"):
            progress.update(1_000_000)

    def test_a_pack_and_its_checksum(self):
        with serving({"/a.tar.zst": b"abc", "/a.tar.zst.sha256": b"12  a.tar.zst\n", "/b": b"d"}) as (server, _):
            with mock.patch("sys.stderr", io.StringIO()) as said:
                with fetch.pack(f"{server}/a.tar.zst", self.folder) as (path, beside):
                    self.assertEqual((path.read_bytes(), beside), (b"abc", "12  a.tar.zst\n"))
                with fetch.pack(f"{server}/b", self.folder) as (path, beside):
                    self.assertEqual((path.read_bytes(), beside), (b"d", None))
            self.assertIn("downloading the kernel pack, 0 MB", said.getvalue())
        self.assertEqual(list(self.folder.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
