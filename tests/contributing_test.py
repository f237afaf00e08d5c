"""What CONTRIBUTING.md has one write: in a copy of the project it compiles without a warning, its tests pass, and its program
draws a chart."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import warm  # noqa: E402
from common import host, target  # noqa: E402

TEXT = (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# What the library is compiled from and formatted with, and what its examples read.
NEEDED = ["Cargo.toml", "Cargo.lock", "build.rs", "rust-toolchain.toml", "rustfmt.toml", ".cargo", "src", "sql", "assets", "cli", "workspace-hack",
          "benches", "examples", "tests/support", "data/samples"]
# A short wait counts here, not a fast program.
LEVEL = ["--config", "profile.dev.package.casebook.opt-level=0"]


def edits():
    """Each file that the text names just before its code, with the code; and whether the file is there already."""
    parts = re.split(r"^```(\w*)\n(.*?)^```\n", TEXT, flags=re.M | re.S)
    for before, language, code in zip(parts[::3], parts[1::3], parts[2::3]):
        paths = re.findall(r"`((?:src|examples)/[\w/]+\.rs)`", before.rstrip().rsplit("\n\n", 1)[-1])
        if paths and language == "rust":
            yield paths[-1], code
    for path, line in re.findall(r"In `(src/[\w/]+\.rs)`, add `(pub mod \w+;)`", TEXT):
        yield path, f"{line}\n"


class Contributing(unittest.TestCase):
    def test_every_path_exists_or_is_written_here(self):
        written = {path for path, _ in edits()}
        for path in re.findall(r"`((?:src|cli|tests|kernel|site|sql|notebooks|data|docs|examples)/[\w/.-]*)`", TEXT):
            self.assertTrue((PROJECT / path).exists() or path in written, path)

    def test_what_it_has_one_write_compiles_and_runs(self):
        found = list(edits())
        new = [path for path, _ in found if not (PROJECT / path).exists()]
        self.assertEqual(sorted(new), ["examples/look.rs", "src/cases/coffee.rs", "src/chart/dots.rs", "src/metrics/recency.rs"])
        self.assertEqual(len(found) - len(new), 3, "each is made known to its folder")
        kept = target() / "contributing"
        shutil.rmtree(kept, ignore_errors=True)
        self.addCleanup(shutil.rmtree, kept, ignore_errors=True)
        if not any((target() / host() / "debug" / "deps").glob("libpolars-*.rlib")):
            warm.compile_dependencies()
        warm.seed(kept)
        with tempfile.TemporaryDirectory() as place:
            listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *NEEDED],
                                    cwd=PROJECT, capture_output=True, text=True, check=True).stdout
            for name in filter(None, listed.split("\0")):
                to = pathlib.Path(place, name)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT / name, to)
            for path, code in found:
                file = pathlib.Path(place, path)
                before = file.read_text(encoding="utf-8") if file.exists() else ""
                # A module is made known beside the others: what stands below a macro sees it without importing it.
                at = re.search(r"(?<!\]\n)^(?:pub )?mod ", before, re.M)
                at = at.start() if at and path not in new else len(before)
                file.write_text(before[:at] + code + before[at:], encoding="utf-8")
            # Nothing is compiled here a second time.
            env = os.environ | {"CARGO_TARGET_DIR": str(kept / "target"), "CARGO_INCREMENTAL": "0"}
            shaped = subprocess.run(["rustfmt", "--edition", "2024", "--check", *new], cwd=place, capture_output=True, text=True)
            self.assertEqual((shaped.returncode, shaped.stdout), (0, ""))
            told = self.done(place, env, "test", *LEVEL, "--locked", "--lib", "--", "recency", "dots", "coffee")
            self.assertRegex(told, r"test result: ok\. [2-9] passed")
            self.done(place, env, "run", *LEVEL, "--locked", "--example", "look")
            self.assertEqual(pathlib.Path(place, "look.png").read_bytes()[1:4], b"PNG")
            told = self.done(place, env, "test", *LEVEL, "--locked", "--doc", "recency")
            self.assertIn("1 passed", told)

    def done(self, folder, env, *words):
        done = subprocess.run(["cargo", *words], cwd=folder, env=env, capture_output=True, text=True)
        told = done.stdout + done.stderr
        self.assertEqual(done.returncode, 0, told)
        self.assertNotIn("warning:", told)
        return told


if __name__ == "__main__":
    unittest.main()
