"""Every notebook as a program: it compiles, and prints what the notebook shows, on PostgreSQL; at night on SQLite, too."""

import pathlib
import re
import subprocess
import shutil
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "kernel"), str(PROJECT / "site"), str(PROJECT / "tests")]

import book  # noqa: E402
import export  # noqa: E402
import postgres  # noqa: E402
import scope  # noqa: E402

# The notebook whose program takes another seed, on SQLite.
SEEDED = next(path for path in book.NOTEBOOKS if path.stem.startswith("02"))


def shown(notebook):
    """What the notebook's cells show, as plain text: without those that fail on purpose, and the kernel's own."""
    out = ""
    for cell in notebook.cells:
        if cell.cell_type != "code" or "raises-exception" in cell.metadata.get("tags", []) or cell.source.startswith(":version"):
            continue
        for output in cell.outputs:
            out += output.get("text", "") or output["data"]["text/plain"] + "\n"
    return out


def lines(text):
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def engines(path):
    """Where a program has to run. Without a warehouse it is the same everywhere; with one, what SQLite answers is what a kernel has
    been told (kernel/notebooks.py), and how a program prints it is seen on PostgreSQL."""
    if not any("Warehouse::from_env" in cell.source for cell in book.read(path).cells if cell.cell_type == "code"):
        return ["SQLite"]
    return ["SQLite", "PostgreSQL"] if scope.whole() else ["PostgreSQL"]


class Programs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = pathlib.Path(tempfile.mkdtemp(prefix="casebook-pg-"))
        cls.addClassCleanup(shutil.rmtree, cls.server, ignore_errors=True)
        cls.addClassCleanup(postgres.stop, cls.server)
        cls.url = postgres.start(cls.server)

    def tables(self):
        """How many tables of ours the server has."""
        count = "SELECT count(*) FROM information_schema.tables WHERE table_schema LIKE 'casebook%'"
        done = subprocess.run([postgres.program("psql"), self.url, "-tAc", count], capture_output=True, text=True, check=True)
        return int(done.stdout)

    def test_programs_print_what_notebooks_show(self):
        self.assertGreaterEqual(len(book.NOTEBOOKS), 5)
        asked = [engine for path in book.NOTEBOOKS for engine in engines(path)]
        self.assertGreaterEqual(asked.count("PostgreSQL"), 3, "no notebook asks a database")
        for path in book.NOTEBOOKS:
            program = export.build(path)
            expected = lines(shown(book.read(path)))
            self.assertGreater(len(expected), 30)
            for engine in engines(path):
                url = {"PostgreSQL": {"DATABASE_URL": self.url}}.get(engine, {})
                with self.subTest(f"{path.name}, {engine}"):
                    env = {name: value for name, value in export.environment().items() if name != "DATABASE_URL"} | url
                    done = subprocess.run([str(program)], cwd=path.parent, capture_output=True, text=True, env=env)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertEqual(lines(done.stdout), expected)
        self.assertGreater(self.tables(), 5, "the programs did not ask the server")

    def test_prose_is_there_as_comments(self):
        path = book.NOTEBOOKS[2]
        program = export.write(path).read_text(encoding="utf-8")
        for cell in book.read(path).cells:
            if cell.cell_type == "markdown":
                for line in filter(None, map(str.rstrip, cell.source.splitlines())):
                    self.assertIn(f"// {line}", program)

    def test_another_seed_gives_other_numbers(self):
        path = SEEDED
        program = export.build(path, seeds=True)
        env = {name: value for name, value in export.environment().items() if name != "DATABASE_URL"}
        run = lambda *words: subprocess.run([str(program), *words], cwd=path.parent, capture_output=True, text=True, check=True, env=env).stdout  # noqa: E731
        usual, same, other = run(), run("42"), run("7")
        self.assertEqual(lines(usual), lines(shown(book.read(path))))
        self.assertEqual(usual, same)
        self.assertNotEqual(usual, other)
        self.assertEqual(len(book.verdicts(other)), len(book.ledger(book.read(path))))
        self.assertTrue(re.search(r"^seed\s+7$", other, re.M))


if __name__ == "__main__":
    unittest.main()
