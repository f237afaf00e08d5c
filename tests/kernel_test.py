"""The kernel and the notebook runner, in real sessions."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import nbformat  # noqa: E402
import zmq  # noqa: E402

import latency  # noqa: E402
import notebooks  # noqa: E402
from common import sessions  # noqa: E402

BEGIN = ':dep casebook = { path = ".." }\nuse casebook::prelude::*;'


def alive():
    return {folder.name for folder in sessions().iterdir()} if sessions().exists() else set()


class OneSession(unittest.TestCase):
    """Cells that share a session; each test leaves it usable."""

    @classmethod
    def setUpClass(cls):
        cls.session = latency.Session(*latency.ours())
        cls.run_cell(BEGIN)

    @classmethod
    def tearDownClass(cls):
        cls.session.end()

    @classmethod
    def run_cell(cls, code):
        seconds, trouble, shown = cls.session.run(code)
        return seconds, notebooks.ANSI.sub("", trouble), shown

    def good(self, code):
        seconds, trouble, shown = self.run_cell(code)
        self.assertEqual(trouble, "", f"in {code}")
        return seconds, shown

    def test_types_are_inferred(self):
        """Fails when rust-analyzer no longer sees a package or the standard library's shape."""
        cells = {
            "let a = 1.5;": "a: f64",
            "let b = vec![1, 2, 3];": "b: Vec<i32>",
            "let c = b.iter().map(|x| x * 2).collect::<Vec<_>>();": "c: Vec<i32>",
            "let d = b[1] + c.iter().sum::<i32>();": "d: i32",
            'let e = df!("x" => [1, 2])?;': "e: DataFrame",
            "let f = e.clone().lazy().filter(col(\"x\").gt(lit(1))).collect()?;": "f: DataFrame",
            'let g = e.column("x")?.i32()?.sum();': "g: Option<i32>",
            "let h = saas::Config::default();": "h: saas::Config",
            "let i = saas::generate(&h)?;": "i: saas::Tables",
            "let j = Warehouse::in_memory()?;": "j: Warehouse",
            'let k = chart::line(&e, "x", "x").draw()?;': "k: Figure",
            'let l = stream(1, "a", 1);': "l: casebook::rand_chacha::ChaCha8Rng",
            'let m = format!("{a} {d}");': "m: String",
            "let n = (0..3).map(|x| x as f64).fold(0.0, |s, x| s + x);": "n: f64",
            "let o = std::collections::HashMap::from([(1, 2.0)]);": "o: std::collections::HashMap<i32, f64>",
            "let (p, q) = (b.len(), Some(a));": "q: Option<f64>",
            "let r = \"4\".parse::<u8>()?;": "r: u8",
            "let s = saas::presence(&i.companies, &i.plans, &i.months, &i.sessions)?;": "s: DataFrame",
        }
        for code in cells:
            self.good(code)
        _, shown = self.good(":vars")
        known = [line.strip() for line in shown.splitlines()]
        for code, expected in cells.items():
            with self.subTest(code):
                self.assertIn(expected, known)

    def test_values_show_themselves(self):
        self.assertEqual(self.good("21 * 2")[1], "42")
        self.assertEqual(self.good('"text"')[1], "text")
        self.assertIn("1 row", self.good('Box::new(df!("x" => [1])?)')[1])
        self.assertEqual(self.good("for _ in 0..2 {}")[1], "")
        self.assertEqual(self.good("Some(1)")[1].split(), ["Some(", "1,", ")"])
        self.assertIn("2 rows, 1 column", self.good('df!("x" => [1, 2])?')[1])
        # A type of one's own falls back to Debug.
        self.good("#[derive(Debug)] struct Own { n: i32 }")
        self.assertEqual(self.good("Own { n: 1 }")[1], "Own { n: 1 }")

    def test_a_panic_keeps_variables_and_spares_the_backtrace(self):
        self.good("let kept = 7;")
        _, trouble, _ = self.run_cell('let missing: Option<i32> = None; missing.expect("no number here");')
        self.assertIn("no number here", trouble)
        self.assertNotIn("stack backtrace", trouble)
        self.assertEqual(self.good("kept")[1], "7")

    def test_a_type_that_cannot_be_inferred_is_explained_soon(self):
        seconds, trouble, _ = self.run_cell('let unclear = "1".parse()?;')
        self.assertIn("unclear", trouble)
        self.assertLess(seconds, 60, "the check compiled dependencies again")

    def test_another_dependency_leaves_the_compiled_ones_alone(self):
        seconds, _ = self.good(':dep itoa = "1"\nlet shown = itoa::Buffer::new().format(12).to_owned();')
        self.assertLess(seconds, 90, "the dependencies were compiled again")
        self.assertEqual(self.good("shown")[1], "12")
        self.assertIn("1 row", self.good('df!("x" => [1])?')[1])


class Sessions(unittest.TestCase):
    def test_a_cell_before_the_library_does_not_choose_other_versions(self):
        """Cargo forgets the versions of what a cell does not use; then it took the newest ones, and compiled them all."""
        spec, env = latency.ours()
        session = latency.Session(spec, env | {"CASEBOOK_THROUGH_CARGO": "1"})
        self.addCleanup(session.end)
        self.assertEqual(session.run("let one = 1;")[1], "")
        seconds, trouble, _ = session.run(':dep casebook = { path = ".." }')
        self.assertNotIn("error", trouble)
        self.assertLess(seconds, 90, "the dependencies were compiled again")

    def test_who_leaves_before_the_answer_does_not_end_the_session(self):
        """JupyterLab asks again and again until a kernel has started, and leaves at the first answer."""
        spec, env = latency.ours()
        manager = latency.KernelManager()
        manager._kernel_spec = latency.KernelSpec(**spec)
        manager.start_kernel(cwd=str(PROJECT / "notebooks"), env=os.environ | env)
        self.addCleanup(manager.shutdown_kernel, now=True)
        for _ in range(5):
            asker = manager.connect_control()
            for _ in range(5_000):
                manager.session.send(asker, "kernel_info_request")
            self.assertTrue(asker.poll(60_000))
            asker.close(linger=0)
        client = manager.client()
        client.start_channels()
        self.addCleanup(client.stop_channels)
        client.wait_for_ready(timeout=120)
        self.assertEqual(client.execute_interactive("let six = 6;", timeout=60)["content"]["status"], "ok")
        self.assertTrue(manager.is_alive())

    def test_a_strangers_message_does_not_end_a_channel(self):
        """As of a client that still asks for the heartbeat of a kernel whose port this one got."""
        session = latency.Session(*latency.ours())
        self.addCleanup(session.end)
        with contextlib.ExitStack() as strangers:
            context = strangers.enter_context(zmq.Context())
            for name in ("shell_port", "control_port"):
                stranger = strangers.enter_context(context.socket(zmq.REQ))
                stranger.linger = 0
                stranger.connect(f"tcp://127.0.0.1:{session.manager.get_connection_info()[name]}")
                stranger.send(b"ping")
                self.assertFalse(stranger.poll(1_000), "nobody answers it")
        session.client.wait_for_ready(timeout=30)
        _, trouble, _ = session.run("let six = 6;")
        self.assertEqual(trouble, "")
        session.client.control_channel.send(session.client.session.msg("kernel_info_request"))
        self.assertEqual(session.client.get_control_msg(timeout=30)["msg_type"], "kernel_info_reply")

    def test_a_killed_sessions_copy_is_removed_by_the_next(self):
        stale = sessions() / "s-left-behind"
        (stale / "target").mkdir(parents=True)
        (stale / "lock").touch()
        session = latency.Session(*latency.ours())
        try:
            self.assertNotIn(stale.name, alive())
        finally:
            session.end()


class Runner(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="casebook-nb-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def notebook(self, *cells):
        path = self.folder / "trial.ipynb"
        begin = BEGIN.replace('".."', f'"{PROJECT}"')
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in (begin, *cells)])
        nbformat.write(book, path)
        return path

    def fails(self, *cells):
        with self.assertRaises(notebooks.Failed) as caught:
            notebooks.execute(self.notebook(*cells))
        return str(caught.exception)

    def test_a_panic_fails_with_cell_and_message(self):
        told = self.fails("let a = 1;", 'panic!("the panic\'s message")')
        self.assertIn("code cell 3", told)
        self.assertIn("the panic's message", told)

    def test_an_error_through_the_question_mark_fails(self):
        told = self.fails('"5/4".parse::<saas::Part>()?;')
        self.assertIn("code cell 2", told)
        self.assertIn("1 <= k <= n", told)

    def test_a_compile_error_fails(self):
        told = self.fails("let a: i32 = \"text\";")
        self.assertIn("code cell 2", told)
        self.assertIn("mismatched types", told)

    def test_a_dead_process_fails(self):
        self.assertIn("code cell 2", self.fails("std::process::abort();"))

    def on_purpose(self, *codes):
        """A notebook whose later cells are tagged to fail on purpose, executed."""
        path = self.notebook(*codes)
        book = nbformat.read(path, as_version=4)
        for cell in book.cells[1:]:
            cell.metadata["tags"] = ["raises-exception"]
        nbformat.write(book, path)
        return notebooks.execute(path)[0]

    def test_a_cell_that_fails_on_purpose_keeps_its_error(self):
        fresh = self.on_purpose('let a: i32 = "text";', 'panic!("as wanted")', 'check! { 1 => 2, expected: "two words", hint: "more" }',
                                '"5/4".parse::<saas::Part>()?;')
        outputs = [cell.outputs for cell in fresh.cells[1:]]
        self.assertEqual([[o.output_type for o in one] for one in outputs], [["error"]] * 4)
        names = ("E0308", "panic", "NotYet", "Error")
        for (output,), name, part in zip(outputs, names, ("mismatched types", "as wanted", "expected  two words", "1 <= k <= n")):
            with self.subTest(name):
                self.assertIn(name, output.ename)
                told = notebooks.ANSI.sub("", "\n".join(output.traceback))
                self.assertIn(part, told)
                self.assertNotRegex(told, r"command_\d|lib\.rs:\d|stack backtrace")

    def test_a_cell_that_should_fail_and_does_not_fails(self):
        with self.assertRaises(notebooks.Failed) as caught:
            self.on_purpose("let a: i32 = 1;")
        self.assertIn("the cell should fail but does not", str(caught.exception))

    def test_outputs_are_stable_and_carry_what_viewers_need(self):
        path = self.notebook(
            'println!("one"); println!("two");',
            'let frame: DataFrame = df!("x" => [1, 2], "y" => [1.0, 4.0])?;\n'
            'chart::line(&frame, "x", "y").title("It rises").draw()?',
        )
        one, two = (notebooks.execute(path)[0] for _ in range(2))
        self.assertEqual(notebooks.text(one), notebooks.text(two))
        self.assertEqual(one.cells[1].outputs[0]["text"], "one\ntwo\n")
        about = one.cells[2].outputs[0]["metadata"]["image/png"]
        self.assertEqual(about["width"], 720)
        self.assertTrue(about["alt"].startswith("It rises."))
        self.assertNotIn("execution", one.cells[1].metadata)

    def test_two_notebooks_run_at_the_same_time(self):
        # Its first cells load the library, draw, and ask a warehouse.
        words = [sys.executable, "kernel/notebooks.py", "--check", "--first", "12", "notebooks/02_saas_take_home.ipynb"]
        both = [
            subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for _ in range(2)
        ]
        for one in both:
            told, _ = one.communicate(timeout=600)
            self.assertEqual(one.returncode, 0, told)


if __name__ == "__main__":
    unittest.main()
