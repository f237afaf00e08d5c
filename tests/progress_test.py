"""What is shown while cargo compiles. A script stands for cargo: it paints as cargo does, and what it waits for are signals of
the test, not seconds."""

import contextlib
import io
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import unittest
from unittest import mock

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import install  # noqa: E402
import progress  # noqa: E402
import warm  # noqa: E402
from packs import taking  # noqa: E402

# A cargo of few words: it says what a test wants, with pauses. Its arguments and environment are in what it says first.
CARGO = """
import os, sys, time
print("asked", *sys.argv[1:], flush=True)
def bar(done, total, *names):
    arrow = "=" * (20 * done // total) + ">"
    text = f"{{os.environ.get('PAINT', '')}}    Building [{{arrow:<20}}] {{done}}/{{total}}: {{', '.join(names)}}"
    assert os.environ["CARGO_TERM_PROGRESS_WHEN"] == "always"
    print(text.ljust(int(os.environ["CARGO_TERM_PROGRESS_WIDTH"])), end="\\r", file=sys.stderr, flush=True)
def say(text, end="\\n"):
    print(text, end=end, file=sys.stderr, flush=True)
{script}
"""


def bar(done, total, *names):
    return f"    Building [====>     ] {done}/{total}: {', '.join(names)}      \r".encode()


class Case(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.top = pathlib.Path(made.name).resolve()
        self.log = self.top / "log"

    def cargo(self, script, *words):
        path = self.top / "cargo.py"
        path.write_text(CARGO.format(script=script))
        # The second word decides what is known of times.
        return [sys.executable, str(path), *(words or ("build",))]

    def run_cargo(self, script, *words, plain=0.0, **options):
        """Runs it with no terminal, and every change of the line in a log. What is shown, and what is returned."""
        shown = io.StringIO()
        with contextlib.redirect_stderr(shown), mock.patch.multiple(progress, PLAIN=plain, SOON=0, said=False):
            done = progress.run(self.cargo(script, *words), "compiling it", log=self.log, **options)
        return done, shown.getvalue().splitlines()


class Plain(Case):
    """Where nobody looks at a terminal."""

    def test_how_far_it_is(self):
        done, shown = self.run_cargo('bar(0, 3, "one", "two(build.rs)")\nsay("   Compiling one v1.0.0")\nbar(1, 3, "two")\nbar(2, 3, "three")')
        self.assertEqual(done.returncode, 0)
        self.assertIn("casebook: compiling it: 0 crates done, 3 to come (one)", shown)
        self.assertIn("casebook: compiling it: 1 crate done, 2 to come (two)", shown)
        self.assertIn("casebook: compiling it: 2 crates done, 1 to come (three)", shown)

    def test_a_line_a_minute(self):
        _, shown = self.run_cargo('for each in range(300):\n    bar(each, 300, "one")\n    say(f"   Compiling c{each} v1.0.0")', plain=60)
        self.assertEqual(shown, [f"casebook: {progress.MEANWHILE}"])

    def test_a_minute_passes_without_a_word_of_cargos(self):
        _, shown = self.run_cargo('bar(1, 2, "slow")\ntime.sleep(2.5)', plain=1.0)
        self.assertGreaterEqual(shown.count("casebook: compiling it: 1 crate done, 1 to come (slow)"), 1)

    def test_what_can_be_done_meanwhile_is_said_once(self):
        shown = io.StringIO()
        with contextlib.redirect_stderr(shown), mock.patch.multiple(progress, PLAIN=60, SOON=0, said=False):
            for _ in range(2):
                progress.run(self.cargo('bar(1, 2, "one")'), "compiling it")
        self.assertEqual(shown.getvalue(), f"casebook: {progress.MEANWHILE}\n")

    def test_nothing_is_said_of_what_takes_no_time(self):
        shown = io.StringIO()
        with contextlib.redirect_stderr(shown), mock.patch.multiple(progress, SOON=60, said=False):
            self.assertEqual(progress.run(self.cargo('bar(1, 1, "one")'), "compiling it").returncode, 0)
        self.assertEqual(shown.getvalue(), "")

    def test_before_it_compiles(self):
        _, shown = self.run_cargo(
            'say("    Updating index")\nsay("    Blocking waiting for file lock on build directory")\n'
            'say("  Downloading 61 crates, remaining bytes: 28.0MB".ljust(200), end="\\r")')
        for each in ("Updating index", "Blocking waiting for file lock on build directory", "Downloading 61 crates, remaining bytes: 28.0MB"):
            self.assertIn(f"casebook: compiling it: {each}", shown)

    def test_cargo_is_asked_for_more_words_and_the_same_arguments(self):
        self.run_cargo("", "build", "--lib")
        self.assertEqual(self.log.read_text(), "asked build --lib -v\n")
        self.run_cargo("", "build", "-vv")
        self.assertEqual(self.log.read_text(), "asked build -vv\n")

    def test_folder_and_environment(self):
        self.run_cargo('print(os.getcwd(), os.environ.get("MINE"), sys.stdin.read() == "")', cwd=self.top, env=os.environ | {"MINE": "1"})
        self.assertEqual(self.log.read_text().splitlines()[1], f"{self.top} 1 True")


class Failing(Case):
    def test_the_end_is_shown(self):
        script = ('bar(0, 9, "one")\nfor each in range(100): say(f"line {each}")\nsay("     Running `rustc --crate-name one`")\n'
                  'say("       Fresh two v1.0.0")\nbar(1, 9, "two")\nsay("error: no")\nsys.exit(101)')
        done, shown = self.run_cargo(script, plain=60)
        self.assertEqual(done.returncode, 101)
        self.assertEqual(shown, [f"casebook: {progress.MEANWHILE}", *(f"line {each}" for each in range(61, 100)), "error: no"])

    def test_a_last_line_without_end(self):
        _, shown = self.run_cargo('say("error: half", end="")\nsys.exit(1)', plain=60)
        self.assertEqual(shown[-1], "error: half")

    def test_killed(self):
        done, _ = self.run_cargo("os.kill(os.getpid(), 9)")
        self.assertEqual(done.returncode, -9)

    def test_nothing_of_it_is_shown_where_it_succeeds(self):
        _, shown = self.run_cargo('say("warning: unused")\nbar(1, 1)', plain=60)
        self.assertNotIn("warning", "\n".join(shown))


class Log(Case):
    def test_what_cargo_says_is_in_it_to_the_byte_without_what_it_paints(self):
        odd = "     Running `NOTE='two\\r\\nlines' rustc --crate-name casebook --crate-type dylib`"
        script = f'bar(0, 2, "one")\nsay("{odd}")\nbar(1, 2, "two")\nprint("[one 1.0.0] cargo:x=\\xff", flush=True)\nsay("end", end="")'
        self.run_cargo(script, "build", "-vv")
        self.assertEqual(self.log.read_bytes().decode(), f"asked build -vv\n{odd.encode().decode('unicode_escape')}\n[one 1.0.0] cargo:x=\xff\nend")

    def test_the_compilers_call_is_found_in_it(self):
        call = "     Running `CARGO=/c X=1 /bin/rustc --crate-name casebook src/lib.rs --crate-type dylib --crate-type rlib`"
        self.run_cargo(f'bar(0, 2, "casebook")\nsay("{call}")\nbar(1, 2, "ctx")', "build", "-vv")
        self.assertEqual(warm.recorded(self.log), {
            "env": {"CARGO": "/c", "X": "1"},
            "args": ["--crate-name", "casebook", "src/lib.rs", "--crate-type", "dylib", "--crate-type", "rlib"],
        })


class Reckoning(unittest.TestCase):
    """Time left, on a clock of the test's."""

    WEIGHTS = {"": 1.0, "long": 100.0, "longer": 200.0}

    def setUp(self):
        self.now = 1000.0
        patch = mock.patch.object(progress.time, "monotonic", lambda: self.now)
        patch.start()
        self.addCleanup(patch.stop)
        self.state = progress.State("it", self.WEIGHTS)

    def hear(self, seconds, *told):
        self.now += seconds
        for each in told:
            self.assertTrue(self.state.hear(each))

    def left(self):
        return self.state.left[1] - (self.now - self.state.left[0])

    def test_crates_count_as_long_as_they_take(self):
        """102 small ones and two long ones: 402 units of work, at one each second."""
        self.hear(0, bar(0, 104, "a"))
        self.hear(60, bar(60, 104, "b"))
        self.assertAlmostEqual(self.left(), 342)
        self.hear(42, bar(102, 104, "long"))
        self.hear(100, bar(103, 104, "longer"))
        self.assertAlmostEqual(self.left(), 200)
        self.assertEqual(self.state.remaining(), ", about 3 minutes left")
        self.hear(170)
        self.assertEqual(self.state.remaining(), ", less than a minute left")
        self.hear(100)
        self.assertEqual(self.state.remaining(), ", longer than expected")

    def test_of_a_crate_that_is_being_compiled_a_part_is_done(self):
        self.hear(0, bar(0, 104, "a"))
        self.hear(50, bar(50, 104, "long", "b"))
        self.hear(50, bar(100, 104, "long", "c"))
        whole = (402 - 100) / (100 / 100)
        self.assertLess(self.left(), whole - 20)
        self.assertGreater(self.left(), 150)

    def test_what_is_there_already_is_no_measure(self):
        """Neither its number nor its time: an interrupted build goes on."""
        for name in ("long", "small"):
            self.assertFalse(self.state.hear(f"       Fresh {name} v1.0.0\n".encode()))
        self.hear(0, bar(80, 104, "a"))
        self.hear(20, bar(100, 104, "b"))
        self.assertAlmostEqual(self.left(), 203)

    def test_no_more_long_ones_than_crates_to_come(self):
        """A table may name what is not part of the build."""
        self.hear(0, bar(0, 20, "a"))
        self.hear(19, bar(19, 20, "b"))
        self.assertLess(self.state.work(self.now), 101)

    def test_nothing_is_said_that_nobody_can_know(self):
        self.hear(0, bar(0, 104, "a"))
        self.assertEqual(self.state.remaining(), "")
        self.hear(progress.KNOWN - 1, bar(30, 104, "a"))
        self.assertEqual(self.state.remaining(), "")
        self.hear(1)
        self.assertRegex(self.state.remaining(), "about . minutes left")

    def test_a_name_that_is_cut_off_is_none(self):
        for mark in ("…", "..."):
            self.hear(1, bar(1, 104, "long", "lon" + mark))
            self.assertEqual(set(self.state.active), {"long"})

    def test_colours(self):
        self.hear(0, b"\x1b[1m\x1b[36m    Building\x1b[0m [=>   ] 7/9: one\x1b]9;4;1;77\x1b\\\r")
        self.assertEqual((self.state.done, self.state.total), (7, 9))

    def test_the_table_names_what_is_compiled(self):
        locked = {package["name"] for package in tomllib.loads((PROJECT / "Cargo.lock").read_text())["package"]}
        self.assertLessEqual({name.removesuffix("(build)") for name in progress.LONG["build"]} - {""}, locked)


class Terminal(Case):
    """Where somebody looks. Another Python runs it, in a terminal of the test's."""

    SCRIPT = """
import sys
sys.path.insert(0, {kernel!r})
import progress
progress.SOON = 0
done = progress.run({words!r}, "compiling it")
print("returned", done.returncode)
"""

    def start(self, script, terminal=True, term="xterm"):
        text = self.SCRIPT.format(kernel=str(PROJECT / "kernel"), words=self.cargo(script))
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        process = subprocess.Popen(
            [sys.executable, "-c", text], stdin=theirs, stdout=theirs, stderr=theirs if terminal else subprocess.STDOUT,
            env=os.environ | {"TERM": term}, start_new_session=True,
            # A shell's background job is deaf to Ctrl+C, and so would be all that it starts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        os.close(theirs)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, ours

    def read(self, ours, until=None, seconds=30):
        """What is on the terminal, until something is, or all is over."""
        told, end = "", time.monotonic() + seconds
        while time.monotonic() < end and not (until and until in told):
            if not select.select([ours], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(ours, 4096)
            except OSError:  # nobody has it open any more
                break
            if not data:
                break
            told += data.decode()
        return told

    def test_one_line_moves(self):
        script = ('say("   Compiling one v1.0.0")\nbar(1, 9, "one", "polars-core")\ntime.sleep(1.3)\nfor each in range(30):\n'
                  '    bar(2, 9, "x" * 150)\n    say(f"   Compiling c{each} v1")\n    time.sleep(0.02)')
        _, ours = self.start(script)
        told = self.read(ours)
        self.assertIn("\rcasebook: compiling it: 1 crate done, 8 to come (polars-core, one)\033[K", told)
        # The line is within the terminal's 80 columns, and it is gone at the end.
        for line in re.findall(r"\r(casebook: .*?)\033\[K", told):
            self.assertLess(len(line), 80)
        self.assertTrue(told.endswith("\r\033[Kreturned 0\r\n"), told[-200:])
        self.assertEqual(told.count("\n"), 2)  # what can be read meanwhile, and the end

    def test_a_dumb_terminal(self):
        _, ours = self.start('bar(1, 9, "one")\ntime.sleep(0.5)\nbar(2, 9, "one")', term="dumb")
        self.assertNotIn("\033", self.read(ours))

    def interrupted(self, how):
        """Cargo, and a compiler that it has started, both deaf to nothing."""
        pids = self.top / "pids"
        script = ('import subprocess\nchild = subprocess.Popen(["sleep", "600"])\nbar(1, 9, "one")\ntime.sleep(0.3)\nbar(2, 9, "one")\n'
                  f'open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")\ntime.sleep(600)')
        process, ours = self.start(script)
        told = self.read(ours, until="2 crates done")
        self.assertIn("2 crates done", told)
        while not pids.exists() or len(pids.read_text().split()) < 2:
            time.sleep(0.05)
        how(process, ours)
        told = self.read(ours)
        code = process.wait(20)
        for pid in map(int, pids.read_text().split()):
            self.assertTrue(self.ended(pid), "it goes on")
        return code, told

    def ended(self, pid):
        for _ in range(100):
            told = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
            if not told or told.startswith("Z"):
                return True
            time.sleep(0.05)
        return False

    def test_ctrl_c(self):
        """As a terminal does it: everybody is told."""
        code, told = self.interrupted(lambda process, _: os.killpg(process.pid, signal.SIGINT))
        self.assertEqual(code, 130)
        self.assertNotIn("Traceback", told[told.rindex("\033[K"):])
        self.assertRegex(told, r"\r\033\[Kcasebook: stopped; .*continues from there\r\n\Z")

    def test_only_this_process_is_interrupted(self):
        code, told = self.interrupted(lambda process, _: process.send_signal(signal.SIGINT))
        self.assertEqual(code, 130)
        self.assertIn("stopped", told)

    def test_a_request_to_end(self):
        code, told = self.interrupted(lambda process, _: process.send_signal(signal.SIGTERM))
        self.assertEqual(code, 128 + signal.SIGTERM)
        self.assertTrue(told.endswith("\r\033[K"), told[-100:])


class Callers(Case):
    """Who compiles, compiles this way; a pack comes first."""

    def setUp(self):
        super().setUp()
        self.calls = []

    def called(self, code=0):
        def run(words, what, **options):
            self.calls.append((words, options))
            return subprocess.CompletedProcess(words, code)
        return mock.patch.object(progress, "run", run)

    def note(self, name, result=None):
        return lambda *words, **options: self.calls.append((name, options)) or result

    def test_the_kernel_program(self):
        with mock.patch.multiple(install, cache=lambda: self.top, evcxr=lambda: None, say=lambda text: None), self.called():
            (self.top / "evcxr-build").mkdir()
            install.install_evcxr()
        ((words, options),) = self.calls
        self.assertEqual(words[:3], ["cargo", "install", "evcxr_jupyter"])
        self.assertIn("--locked", words)
        env = options["env"]
        self.assertLessEqual(install.QUICK.items(), env.items())
        self.assertEqual(env["CARGO_PROFILE_RELEASE_OPT_LEVEL"], "1")
        self.assertIn("profile.release.package.ra_ap_hir_ty.opt-level=3", words)
        self.assertEqual((env["RUSTFLAGS"], env["CARGO_TARGET_DIR"]), ("", str(self.top / "evcxr-build")))
        self.assertFalse((self.top / "evcxr-build").exists(), "700 MB are left behind")

    def test_the_kernel_program_fails_and_what_is_compiled_is_kept(self):
        with mock.patch.multiple(install, cache=lambda: self.top, evcxr=lambda: None, say=lambda text: None), self.called(101):
            (self.top / "evcxr-build").mkdir()
            with self.assertRaises(SystemExit):
                install.install_evcxr()
        self.assertTrue((self.top / "evcxr-build").exists())

    def test_a_pack_comes_first_and_is_not_tried_twice(self):
        with mock.patch.object(taking, "use", self.note("pack")), mock.patch.object(warm, "warm", self.note("warm")), \
                mock.patch.multiple(install, install_evcxr=self.note("evcxr"), register=self.note("register")), \
                mock.patch.object(sys, "argv", ["install.py"]):
            install.main()
        self.assertEqual(self.calls, [("pack", {}), ("evcxr", {}), ("register", {}), ("warm", {"packs": False})])

    def warmed(self, taken, **options):
        """What warming does where nothing is warm."""
        states = ["cold", "ready"]
        (self.top / "kernel/warm").mkdir(parents=True)
        stubs = {name: self.note(name) for name in ("compile_dependencies", "seed", "build", "compile_standin")} | {
            "target": lambda: self.top, "warmed": lambda: self.top / "kernel/warm", "say": lambda text: None, "sources": dict,
            "ready": dict, "state": lambda: states.pop(0), "dependencies_key": lambda: "key",
        }
        with mock.patch.dict(vars(warm), stubs), mock.patch.object(taking, "take", self.note("pack", taken)), \
                mock.patch.object(warm.shutil, "rmtree"):
            warm.warm(**options)
        return [name for name, _ in self.calls]

    def test_a_session_takes_a_pack(self):
        self.assertEqual(self.warmed(True), ["pack"])

    def test_a_session_compiles_where_there_is_none(self):
        self.assertEqual(self.warmed(False), ["pack", "compile_dependencies", "seed", "build", "compile_standin"])

    def test_after_an_installation_that_found_none(self):
        self.assertEqual(self.warmed(True, packs=False), ["compile_dependencies", "seed", "build", "compile_standin"])

    def test_the_library(self):
        with self.called():
            warm.compile_dependencies()
        with self.called(101), self.assertRaisesRegex(SystemExit, "does not compile"):
            warm.compile_dependencies()
        self.assertEqual([words[:3] for words, _ in self.calls], [["cargo", "build", "--lib"]] * 2)


if __name__ == "__main__":
    unittest.main()
