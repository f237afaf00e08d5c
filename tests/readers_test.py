"""Programs that run notebooks and know nothing of ours: nbconvert and papermill fail where a cell does, and only there."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "kernel"), str(PROJECT / "tests")]

import nbformat  # noqa: E402

import notebooks  # noqa: E402
import scope  # noqa: E402

BEGIN = f':dep casebook = {{ path = "{PROJECT}" }}\nuse casebook::prelude::*;'
FAILURES = {
    "a panic": ('panic!("{} own words", 6 * 7)', "42 own words"),
    "an error through ?": ('"5/4".parse::<saas::Part>()?;', "1 <= k <= n"),
    "a compile error": ('let number: i32 = "text";', "mismatched types"),
    "a failed check": ('check! { 1 => 2, expected: "the number two", hint: "one more" }', "came      1"),
}


def notebook(*codes):
    cells = [nbformat.v4.new_code_cell(code) for code in codes]
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": {"name": "casebook", "display_name": "Rust (casebook)", "language": "rust"}})


def program(*words):
    """One of this Python's programs, as a shell would run it: exit code, and what it said."""
    env = os.environ | {"PYTHONWARNINGS": "ignore", "CASEBOOK_SPARE": "0"}
    done = subprocess.run([sys.executable, "-m", *map(str, words)], cwd=PROJECT / "notebooks", env=env, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


class Readers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="casebook-readers-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def nbconvert(self, path):
        return program("nbconvert", "--execute", "--to", "notebook", "--output-dir", self.folder / "out", path)

    def papermill(self, path):
        return program("papermill", "--no-progress-bar", "--cwd", PROJECT / "notebooks", path, self.folder / "papermill.ipynb")

    def test_a_failed_cell_is_a_failed_run(self):
        for what, (code, said) in FAILURES.items():
            path = self.folder / "fails.ipynb"
            nbformat.write(notebook(BEGIN, code, 'println!("nobody should come here");'), path)
            # Each kind by one of them, and one kind by both: an error is one message, whatever failed.
            for run in (self.nbconvert, self.papermill) if scope.whole() or what == "a panic" else (self.papermill,):
                with self.subTest(f"{run.__name__}: {what}"):
                    status, told = run(path)
                    self.assertNotEqual(status, 0, told)
                    self.assertIn(said, told)
            done = nbformat.read(self.folder / "papermill.ipynb", as_version=4)
            printed = "".join(output.get("text", "") for cell in done.cells for output in cell.get("outputs", []))
            self.assertNotIn("nobody should come here", printed, f"{what}: papermill went on")

    def test_what_does_not_fail_is_a_run(self):
        path = self.folder / "runs.ipynb"
        nbformat.write(notebook(BEGIN, 'eprintln!("to stderr, and no failure");', "let six = 6;\nsix * 7"), path)
        for run in (self.nbconvert, self.papermill):
            with self.subTest(run.__name__):
                status, told = run(path)
                self.assertEqual(status, 0, told)

    def test_a_committed_notebook_runs(self):
        """The other ones are run by kernel/notebooks.py, by the same means as nbconvert's, which has one of its own below. After a
        change, as far as its first answer from a warehouse."""
        path = PROJECT / "notebooks/02_saas_take_home.ipynb"
        if not scope.whole():
            book = notebooks.beginning(nbformat.read(path, as_version=4), 8)
            self.assertIn("Warehouse::from_env", "".join(cell.source for cell in book.cells))
            path = self.folder / "begins.ipynb"
            for cell in book.cells:
                cell.source = cell.source.replace('path = ".."', f'path = "{PROJECT}"')
            nbformat.write(book, path)
        for run in (self.nbconvert, self.papermill) if scope.whole() else (self.papermill,):
            with self.subTest(run.__name__):
                status, told = run(path)
                self.assertEqual(status, 0, told)

    def test_cells_that_fail_on_purpose_are_no_failure(self):
        # Not with papermill, which counts every error output, tagged or not.
        status, told = self.nbconvert(PROJECT / "notebooks/00_start_here.ipynb")
        self.assertEqual(status, 0, told)


if __name__ == "__main__":
    unittest.main()
