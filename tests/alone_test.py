"""Sessions of the kernel, counted, and the library's sources touched: while nothing else runs."""

import os
import pathlib
import sys
import time
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "kernel"), str(PROJECT / "tests")]

import latency  # noqa: E402
from kernel_test import BEGIN, alive  # noqa: E402


class Alone(unittest.TestCase):
    def test_an_edited_library_waits_for_the_next_session(self):
        session = latency.Session(*latency.ours())
        self.addCleanup(session.end)
        self.assertEqual(session.run(BEGIN)[1], "")
        source = PROJECT / "src" / "lib.rs"
        times = source.stat()
        try:
            os.utime(source)
            seconds, trouble, _ = session.run("let untouched = 1;")
        finally:
            os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
        self.assertEqual(trouble, "")
        self.assertLess(seconds, 8, "the library was rebuilt under the session's feet")

    def test_a_session_leaves_nothing_behind(self):
        before = alive()
        session = latency.Session(*latency.ours())
        own = alive() - before
        self.assertEqual(len(own), 1)
        session.end()
        deadline = time.monotonic() + 20
        while own & alive() and time.monotonic() < deadline:
            time.sleep(0.2)
        self.assertFalse(own & alive())


if __name__ == "__main__":
    unittest.main()
