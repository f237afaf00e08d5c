"""The loops: what runs in which, side by side and in which order, and what is told of the time."""

import contextlib
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests"))

import quick  # noqa: E402
import run  # noqa: E402
from run import Queue, Step  # noqa: E402


def script(text):
    return [sys.executable, "-c", text]


class Loops(unittest.TestCase):
    def test_each_loop_holds_the_one_before(self):
        check, test, night = (set(run.LOOPS[name]) for name in ("check", "test", "all"))
        self.assertEqual(check - test, {"quick"}, "what `rust` does for all of the project")
        self.assertEqual(test - night, {"stock", "rust", "command"}, "what `stock-all` does with all notebooks, and `rust-all` with the optimised library")
        self.assertEqual(run.SMALLER, check - test | test - night)
        self.assertEqual(test | night | check, {step.name for step in run.STEPS})
        self.assertEqual(len(run.STEPS), len({step.name for step in run.STEPS}))

    def test_a_minute_has_neither_kernel_nor_server(self):
        words = [word for step in run.STEPS if step.name in run.LOOPS["check"] for word in step.command]
        for name in ("kernel/notebooks.py", "tests/postgres.py", "tests/lab_test.py", "tests/kernel_test.py", "tests/cluster.py"):
            self.assertNotIn(name, words)

    def test_the_notebook_named_exists(self):
        self.assertTrue((PROJECT / run.STOCK[-1]).exists())

    def test_the_stock_kernel_shows_everything_in_few_cells(self):
        """All that notebooks show, and a warehouse; but for a memo, which is text as a table is, and failures, which it hides."""
        def shown(cells):
            return {kind for cell in cells for out in cell["outputs"] for kind in out.get("data", {out.get("name", out["output_type"]): None})}

        def code(path):
            return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]

        part = code(PROJECT / run.STOCK[-1])[:int(run.STOCK[1])]
        every = [cell for path in (PROJECT / "notebooks").glob("*.ipynb") for cell in code(path)]
        self.assertEqual(shown(every) - shown(part), {"text/markdown", "error"})
        self.assertIn("Warehouse::from_env", "".join("".join(cell["source"]) for cell in part))

    def test_a_test_with_a_server_says_so_in_its_name(self):
        """`make check` leaves them out by it: by the name of the test, or of the module that it stands in."""
        found = 0
        for path in sorted((PROJECT / "tests/it").rglob("*.rs")):
            text = path.read_text(encoding="utf-8")
            for start in re.finditer(r"\bServer::start\(\)", text):
                found += 1
                name = re.findall(r"\b(?:fn|mod) (\w+)", text[:start.start()])[-1]
                self.assertIn(quick.SERVER, f"{path.stem}::{name}")
        self.assertGreater(found, 3)

    def test_a_minute_leaves_out_no_test_without_a_server(self):
        for path in sorted([*(PROJECT / "tests/it").rglob("*.rs"), *(PROJECT / "src").rglob("*.rs")]):
            text = path.read_text(encoding="utf-8")
            for name in re.findall(r"\bfn (postgres_\w+)\(\)", text):
                body = text.split(f"fn {name}()", 1)[1].split("\n}\n", 1)[0]
                self.assertIn("Server::start()", body, f"{path.stem}::{name}")
            if path.is_relative_to(PROJECT / "src"):
                place = "::".join(path.relative_to(PROJECT / "src").with_suffix("").parts)
                self.assertNotIn(quick.SERVER, f"::{place}::tests")

    def test_what_a_minute_leaves_out_exists(self):
        """A test of another name would be run, however slow."""
        for name in quick.SLOW:
            *modules, test = name.split("::")
            # The innermost modules may stand in the file of the one around them, and a macro may give the test its name.
            places = ["/".join(modules[:count]) for count in range(1, len(modules) + 1)]
            files = [PROJECT / folder / end for folder in ("src", "tests/it") for place in places for end in (f"{place}.rs", f"{place}/mod.rs")]
            texts = [path.read_text(encoding="utf-8") for path in files if path.is_file()]
            self.assertRegex("".join(texts), rf"\b{test}\b", name)

    def test_a_slow_test_that_is_asked_for_runs(self):
        every, one = quick.command([]), quick.command([quick.SLOW[0].split("::")[-1]])
        for name in quick.SLOW:
            self.assertIn(name, every)
            self.assertNotIn(name, one)
        self.assertIn("::postgres_", every)
        self.assertIn("::postgres_", one)

    def test_no_test_at_all_is_a_failure(self):
        """Of a name that no test has, cargo says `0 passed`, and that all is well."""
        for told, ended, code in (
            ("running 0 tests\n\ntest result: ok. 0 passed; 900 filtered out", 0, 1),
            ("running 0 tests\n\nrunning 3 tests\n...\ntest result: ok. 3 passed", 0, 0),
            ("running 3 tests\nF..", 101, 101),
            ("", 101, 101),
        ):
            with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
                self.assertEqual(quick.run(script(f"import sys; print({told!r}); sys.exit({ended})"), None), code, told)
            self.assertEqual(out.getvalue(), f"{told}\n")

    def test_every_test_program_runs_and_what_takes_times_runs_alone(self):
        steps = {step.name: step for step in run.STEPS}
        programs = {path.stem if path.suffix else path.name for top in ("tests", "cli/tests") for path in (PROJECT / top).iterdir()
                    if path.suffix == ".rs" or (path / "main.rs").is_file()}
        named = {step: [words[place + 1] for place, word in enumerate(words) if word == "--test"]
                 for step, words in ((name, steps[name].command) for name in ("command", "rust-all", "serve"))}
        self.assertEqual(named["rust-all"], named["command"])
        self.assertEqual(sorted(named["command"] + named["serve"]), sorted(programs))
        # The library's integration tests are a module of the program that `rust` runs.
        self.assertIn("mod it;", (PROJECT / "src/lib.rs").read_text(encoding="utf-8"))
        self.assertIn("--all", steps["rust"].command)
        self.assertFalse({"--skip", quick.SERVER} & set(quick.command([], every=True)))
        for name in ("serve", "alone", "endurance"):
            self.assertEqual(steps[name].holds, "machine", name)
        # What counts sessions or touches the library's sources.
        for path in sorted((PROJECT / "tests").glob("*_test.py")):
            if path.name != "run_test.py" and re.search(r"os\.utime\(source|alive\(\) - ", path.read_text(encoding="utf-8")):
                self.assertIn(f"tests/{path.name}", steps["alone"].command + steps["endurance"].command)

    def test_the_command_is_built_without_postgresql(self):
        words = next(step.command for step in run.STEPS if step.name == "lean")
        self.assertIn("--no-default-features", words)
        for package in ("casebook", "casebook-cli"):
            self.assertIn(package, [words[place + 1] for place, word in enumerate(words) if word == "--package"])
        # A shared object without PostgreSQL would replace the one that notebooks use; a check writes none.
        self.assertEqual(words[1], "clippy")

    def test_what_is_asked_for_must_exist(self):
        done = subprocess.run([sys.executable, str(PROJECT / "tests/run.py"), "fmt", "lunch"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no step lunch; there are check, test, all, fmt, ", done.stderr)


class Side(unittest.TestCase):
    """Side by side, but for what two steps cannot use at a time."""

    def order(self, *steps):
        return Queue([Step(name, "", [], holds) for name, holds in steps])

    def test_the_first_that_may_run_is_taken(self):
        queue = self.order(("clippy", "cargo"), ("rust", "cargo"), ("kernel", "machine"), ("lab", ""))
        clippy, lab = queue.take(), queue.take()
        self.assertEqual((clippy.name, lab.name), ("clippy", "lab"))
        queue.done(clippy)
        rust = queue.take()
        self.assertEqual(rust.name, "rust")
        queue.done(rust)
        self.assertFalse(queue.fits(queue.waiting[0]), "the machine is not its own yet")
        queue.done(lab)
        kernel = queue.take()
        self.assertEqual(kernel.name, "kernel")
        self.assertFalse(queue.fits(lab))
        queue.done(kernel)
        self.assertIsNone(queue.take())

    def test_a_third_step_runs_if_it_mostly_waits(self):
        queue = Queue([Step("clippy", "", [], "cargo"), Step("scripts", "", [], "", True), Step("lab", "", []), Step("serve", "", [], "machine")])
        scripts = queue.take(waiting=True)
        self.assertEqual(scripts.name, "scripts")
        self.assertIsNone(queue.take(waiting=True), "none that waits is left")
        self.assertEqual([queue.take().name for _ in range(2)], ["clippy", "lab"])
        self.assertFalse(queue.fits(queue.waiting[0]))
        # Without a third, it is a step like others.
        queue = Queue([Step("scripts", "", [], "", True)])
        self.assertEqual(queue.take().name, "scripts")

    def test_who_finds_nothing_waits_until_something_ends(self):
        queue, found = self.order(("one", "cargo"), ("two", "cargo")), []
        one = queue.take()
        other = threading.Thread(target=lambda: found.append(queue.take().name))
        other.start()
        other.join(0.2)
        self.assertEqual(found, [])
        queue.done(one)
        other.join(5)
        self.assertEqual(found, ["two"])

    def test_steps_run_and_their_words_stay_together(self):
        told = []
        steps = [Step("good", "does it", script("print('one'); print('two')")), Step("bad", "does not", script("import sys; print('no'); sys.exit(3)")),
                 Step("gone", "is not there", ["/nowhere/at/all"])]
        results = run.run(steps, None, 2, told.append)
        self.assertEqual({name: code for name, code, _ in results}, {"good": 0, "bad": 3, "gone": 127})
        text = "\n".join(told)
        self.assertRegex(text, r"=== good: does it\none\ntwo\nok in \d+ s; \d of 3 done")
        self.assertRegex(text, r"=== bad: does not\nno\nFAILED in")
        self.assertIn("/nowhere/at/all", text)


class Times(unittest.TestCase):
    def test_scopes_are_apart(self):
        """The same step takes three minutes with few seeds and fifty with all."""
        key = lambda asked, **env: run.scope(asked, env)[0]  # noqa: E731
        self.assertEqual([key([name]) for name in ("check", "test", "all")], ["check", "test", "all"])
        few, seeds = key(["rust"]), key(["rust"], CASEBOOK_SEEDS="all")
        notebooks, both = key(["rust"], CASEBOOK_NOTEBOOKS="all"), key(["rust"], CASEBOOK_SEEDS="all", CASEBOOK_NOTEBOOKS="all")
        self.assertEqual(len({few, seeds, notebooks, both, "test", "all", "check"}), 7)
        self.assertEqual(key(["rust", "project"], CASEBOOK_SEEDS="few"), few)
        # A loop says how many there are, whatever the environment has.
        self.assertEqual(run.scope(["all"], {"CASEBOOK_SEEDS": "few"})[1]["CASEBOOK_SEEDS"], "all")
        self.assertEqual(run.scope(["test"], {"CASEBOOK_SEEDS": "all"})[1]["CASEBOOK_SEEDS"], "few")
        self.assertEqual(run.scope(["rust"], {"CASEBOOK_SEEDS": "all"})[1]["CASEBOOK_SEEDS"], "all")

    def test_a_slower_step_is_named(self):
        earlier = {"test": {"export": [118.0, 120.0, 125.0], "fmt": [1.0, 1.0, 1.0], "new": [3.0]}}
        lines, kept = run.summary("test", [("export", 0, 210.4), ("fmt", 0, 3.0), ("new", 0, 60.0)], earlier)
        self.assertEqual(lines[0], "ok      export          210 s, usually 120 s")
        self.assertNotIn("usually", "".join(lines[1:]))
        self.assertEqual(kept["test"]["export"], [118.0, 120.0, 125.0, 210.4])
        self.assertEqual(kept["test"]["new"], [3.0, 60.0])

    def test_a_failure_says_nothing_about_time(self):
        lines, kept = run.summary("test", [("lab", 1, 900.0)], {"test": {"lab": [100.0, 100.0, 100.0]}})
        self.assertEqual(lines, ["FAILED  lab             900 s"])
        self.assertEqual(kept["test"]["lab"], [100.0, 100.0, 100.0])

    def test_loops_are_apart_and_old_passes_go(self):
        earlier = {"all": {"lab": [400.0]}, "test": {"lab": [100.0] * run.KEPT}}
        _, kept = run.summary("test", [("lab", 0, 110.0)], earlier)
        self.assertEqual(kept["all"]["lab"], [400.0])
        self.assertEqual(kept["test"]["lab"], [100.0] * (run.KEPT - 1) + [110.0])

    def test_they_are_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "casebook" / "steps.json"
            self.assertEqual(run.before(path), {})
            run.keep(path, {"test": {"fmt": [1.0]}})
            self.assertEqual(run.before(path), {"test": {"fmt": [1.0]}})
            self.assertEqual([each.name for each in path.parent.iterdir()], ["steps.json"])
            for broken in ("{", "[1]"):
                path.write_text(broken)
                self.assertEqual(run.before(path), {}, "begin anew")

    def test_seeds_are_counted(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "seeds"
            self.assertIsNone(run.taken(path))
            path.write_text("20 200\n300 3000\n")
            self.assertEqual(run.taken(path), "seeds: 320 of 3,200 in 2 loops; CASEBOOK_SEEDS=all takes all")
            path.write_text("200 200\n")
            self.assertEqual(run.taken(path), "seeds: 200 of 200 in 1 loops")

    def test_a_pass_is_written_down(self):
        with tempfile.TemporaryDirectory() as folder:
            env = {"XDG_CACHE_HOME": folder, "PATH": "/usr/bin:/bin", "HOME": folder}
            done = subprocess.run([sys.executable, str(PROJECT / "tests/run.py"), "house"], env=env, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, r"ok      house +\d+ s\n1 passed, 0 failed in \d+ s")
            self.assertEqual(list(json.loads((pathlib.Path(folder) / "casebook/steps.json").read_text())), ["steps, few seeds, few notebooks"])


if __name__ == "__main__":
    unittest.main()
