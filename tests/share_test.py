"""The library as it is compiled for sessions, in another build folder: the stock kernel takes it from there."""

import os
import pathlib
import sys
import tempfile
import time
import unittest
from unittest import mock

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import warm  # noqa: E402

HOST = "this-machine"
OLD = warm.NOTE + b"\1\0\0\0" + b"\0\x0b\0\0\0src/gone.rs\0" + bytes(4)
FILES = {
    "debug/build/casebook-1/build-script-build": b"program", "debug/.fingerprint/casebook-1/build-script": b"1",
    f"{HOST}/debug/build/casebook-2/output": b"cargo::rustc-env", f"{HOST}/debug/.fingerprint/casebook-3/dep-lib-casebook": OLD,
    f"{HOST}/debug/.fingerprint/workspace-hack-5/lib-workspace_hack": b"5", f"{HOST}/debug/deps/libworkspace_hack-5.rlib": b"features",
    f"{HOST}/debug/deps/{warm.shared('casebook')}": b"object", f"{HOST}/debug/deps/libcasebook.rlib": b"archive", f"{HOST}/debug/deps/casebook.d": b"x:",
}
OTHERS = {f"{HOST}/debug/deps/{warm.shared('casebook_cells')}": b"cells", f"{HOST}/debug/deps/libpolars-4.rlib": b"polars", f"{HOST}/debug/.fingerprint/polars-4/lib": b"4", f"{HOST}/debug/deps/casebook.2och.o": b"half"}


class Share(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="casebook-share-")
        self.addCleanup(folder.cleanup)
        self.warmed, self.stock = pathlib.Path(folder.name, "kernel/warm"), pathlib.Path(folder.name, "kernel/stock")
        for name, content in (FILES | OTHERS).items():
            path = self.warmed / "target" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            os.utime(path, (1, 1))
        (self.warmed / "target/debug/build/casebook-1/build-script-build").chmod(0o755)
        names = {"warmed": self.warmed, "host": HOST, "state": "ready", "sources": {"src/lib.rs": 1, "sql/a.sql": 1, "kernel/cells/lib.rs": 1}}
        for name, value in names.items():
            patch = mock.patch.object(warm, name, lambda value=value: value)
            patch.start()
            self.addCleanup(patch.stop)

    def there(self):
        top = self.stock / "target"
        return {path.relative_to(top).as_posix(): path for path in top.rglob("*") if path.is_file()}

    def test_the_library_is_copied_and_nothing_else(self):
        start = time.time()
        self.assertTrue(warm.share(self.stock))
        found = self.there()
        self.assertEqual(set(found), set(FILES))
        self.assertEqual(len({path.stat().st_mtime_ns for path in found.values()}), 1)
        for name, path in found.items():
            self.assertGreater(path.stat().st_mtime, start - 1, name)
            self.assertEqual(path.stat().st_nlink, 1, name)
            if "dep-lib" not in name:
                self.assertEqual(path.read_bytes(), FILES[name])
        self.assertTrue(os.access(found["debug/build/casebook-1/build-script-build"], os.X_OK))
        self.assertEqual((self.warmed / f"target/{HOST}/debug/.fingerprint/casebook-3/dep-lib-casebook").read_bytes(), OLD, "the other folder's is its own")

    def test_cargo_asks_for_the_files_that_are_there_now(self):
        warm.share(self.stock)
        note = self.there()[f"{HOST}/debug/.fingerprint/casebook-3/dep-lib-casebook"].read_bytes()
        self.assertEqual(note, warm.NOTE + b"\2\0\0\0" + b"\0\x0a\0\0\0src/lib.rs\0" + b"\0\x09\0\0\0sql/a.sql\0" + bytes(4))
        self.assertEqual(warm.read_files(b"of another form"), b"of another form")

    def test_an_edited_library_is_not_taken(self):
        with mock.patch.object(warm, "state", lambda: "edited"):
            self.assertFalse(warm.share(self.stock))
        self.assertEqual(self.there(), {})

    def test_a_second_time_replaces_the_first(self):
        warm.share(self.stock)
        (self.warmed / f"target/{HOST}/debug/deps/libcasebook.rlib").write_bytes(b"newer")
        warm.share(self.stock)
        self.assertEqual(self.there()[f"{HOST}/debug/deps/libcasebook.rlib"].read_bytes(), b"newer")


class Note(unittest.TestCase):
    @unittest.skipUnless(warm.state() == "ready", "the kernel is not warm")
    def test_this_cargo_writes_it_so(self):
        """Otherwise the stock kernel compiles the library itself, for minutes."""
        notes = list((warm.warmed() / "target" / warm.host() / "debug/.fingerprint").glob("casebook-*/dep-lib-casebook"))
        self.assertTrue(notes)
        for note in notes:
            self.assertTrue(note.read_bytes().startswith(warm.NOTE))
            self.assertIn(b"\0\x0a\0\0\0src/lib.rs\0", note.read_bytes())


if __name__ == "__main__":
    unittest.main()
