"""JupyterLab in a real browser, with our kernel: what a learner does in the first minutes."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request


PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "tests"), str(PROJECT / "site"), str(PROJECT / "kernel")]

import nbformat  # noqa: E402

import book  # noqa: E402
import browser  # noqa: E402
import latency  # noqa: E402
import scope  # noqa: E402
from common import sessions  # noqa: E402
from notebooks import KERNEL  # noqa: E402

# Every cell is drawn, also those that are scrolled away.
SETTINGS = '{"windowingMode": "none"}'
BEGIN = ':dep casebook = { path = ".." }\nuse casebook::prelude::*;'
# Cells that fail, each in its way, and a word of what it says.
FAILURES = {
    "a panic": ('println!("before");\npanic!("the panic\'s own words");', "the panic's own words"),
    "an error through ?": ('println!("before");\n"5/4".parse::<saas::Part>()?;', "1 <= k <= n"),
    "a compile error": ('let number: i32 = "text";', "mismatched types"),
    "a failed check": ('check! { 1 + 1 => 3, expected: "a sum that is right", hint: "add one more\\nand look again" }', "hint"),
}
CELL = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell"


def wanted(notebook):
    """How many cells to run until a table and a chart have been shown."""
    seen = set()
    for place, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            seen |= {"image/png", "text/html"} & set(output.get("data", {}))
        if len(seen) == 2:
            return place + 1
    raise AssertionError("shows no table, or no chart")


class Lab(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="casebook-lab-")
        root = pathlib.Path(cls.folder.name)
        settings = root / "settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
        settings.parent.mkdir(parents=True)
        settings.write_text(SETTINGS)
        # Work on copies: JupyterLab saves what it opens. They lie where the library is `..`.
        cls.copies = PROJECT / "data" / "out" / "lab"
        shutil.rmtree(cls.copies, ignore_errors=True)
        cls.copies.mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            cls.port = free.getsockname()[1]
        env = os.environ | {"JUPYTERLAB_SETTINGS_DIR": str(root / "settings"), "JUPYTER_RUNTIME_DIR": str(root / "runtime")}
        words = ["--no-browser", f"--port={cls.port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=", "--expose-app-in-browser",
                 f"--notebook-dir={cls.copies}", f"--LabApp.workspaces_dir={root / 'workspaces'}", *(["--allow-root"] if os.geteuid() == 0 else [])]
        cls.log = open(root / "lab.log", "w")
        cls.server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *words], env=env, stdout=cls.log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{cls.port}/api", timeout=2).close()
                break
            except OSError:
                if time.monotonic() > deadline or cls.server.poll() is not None:
                    raise
                time.sleep(0.3)
        browser.start(cls)

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.wait(30)
        cls.log.close()
        cls.folder.cleanup()
        shutil.rmtree(cls.copies, ignore_errors=True)

    def open(self, path):
        """A copy of a notebook in JupyterLab, its outputs cleared, once its kernel is ready."""
        text = path.read_text(encoding="utf-8")
        text = re.sub(r'path = \\"[./]+\\"', lambda _: f'path = \\"{PROJECT}\\"', text)
        # Files that lie beside the notebooks' own folder lie elsewhere for a copy.
        text = text.replace('\\"../benches/', f'\\"{PROJECT}/benches/')
        (self.copies / path.name).write_text(text, encoding="utf-8")
        page = browser.page(self, 1400, 1000)
        page.goto(f"http://127.0.0.1:{self.port}/lab/tree/{path.name}?reset")
        page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.content?.model?.cells?.length > 5", timeout=60_000)
        self.ready(page)
        self.command(page, "notebook:clear-all-cell-outputs")
        return page

    def open_cells(self, *cells):
        """A notebook of these cells, and a few empty ones below, in JupyterLab."""
        path = pathlib.Path(self.folder.name) / "own.ipynb"
        codes = [nbformat.v4.new_code_cell(cell) for cell in (*cells, "", "", "", "")]
        nbformat.write(nbformat.v4.new_notebook(cells=codes, metadata={"kernelspec": KERNEL}), path)
        return self.open(path)

    def command(self, page, name, **words):
        page.evaluate("([name, words]) => { window.jupyterapp.commands.execute(name, words); }", [name, words])

    def ready(self, page, timeout=240):
        page.wait_for_function(
            "() => { const k = window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel; return k?.status === 'idle' && k.connectionStatus === 'connected'; }",
            timeout=1_000 * timeout)

    def kernel(self, page):
        return page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.name")

    def idle(self, page):
        """Waits until nothing is running or waiting to run."""
        page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.content.widgets.every((cell) => cell.model.type !== 'code' || cell.model.executionState !== 'running')",
            timeout=120_000)
        self.ready(page)

    def run_all_above(self, page, count):
        page.evaluate("(place) => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = place; }", count)
        self.command(page, "notebook:run-all-above")
        page.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status !== 'idle'", timeout=60_000)

    def run_until(self, page, count):
        self.run_all_above(page, count)
        page.wait_for_function(
            "(count) => window.jupyterapp.shell.currentWidget.content.widgets.slice(0, count).every((cell) => cell.model.type !== 'code' || cell.model.executionCount)",
            arg=count, timeout=240_000)
        self.idle(page)

    def type(self, page, text):
        """A new cell at the end, with this text typed into it; its place."""
        place = page.evaluate("() => { const book = window.jupyterapp.shell.currentWidget.content; book.activeCellIndex = book.widgets.length - 1; return book.widgets.length; }")
        self.command(page, "notebook:insert-cell-below")
        page.wait_for_function("(place) => window.jupyterapp.shell.currentWidget.content.widgets.length === place + 1", arg=place)
        self.command(page, "notebook:enter-edit-mode")
        page.locator(CELL).nth(place).locator(".cm-content").click()
        page.keyboard.insert_text(text)
        return place

    def run_cell(self, page, text):
        """Runs a new cell; its output as text."""
        place = self.type(page, text)
        page.keyboard.press("Control+Enter")
        page.wait_for_function("(place) => window.jupyterapp.shell.currentWidget.content.widgets[place].model.executionCount", arg=place, timeout=120_000)
        self.idle(page)
        return page.locator(CELL).nth(place).locator(".jp-OutputArea").inner_text()

    def source(self, page, place):
        return page.evaluate("(place) => window.jupyterapp.shell.currentWidget.content.widgets[place].model.sharedModel.getSource()", place)

    def complete(self, page):
        """`kept_` and Tab become the name of a variable."""
        place = self.type(page, "kept_")
        page.keyboard.press("Tab")
        deadline = time.monotonic() + 20
        while self.source(page, place) != "kept_here" and time.monotonic() < deadline:
            if page.locator(".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item", has_text="kept_here").count():
                page.keyboard.press("Enter")
            page.wait_for_timeout(200)
        self.assertEqual(self.source(page, place), "kept_here")

    def restart(self, page):
        """As a person does it, dialog included. The kernel is idle before and after: what counts is what lies between."""
        page.evaluate("""() => {
            window.states = [];
            const session = window.jupyterapp.shell.currentWidget.sessionContext;
            session.statusChanged.connect((_, status) => window.states.push(status));
        }""")
        self.command(page, "notebook:restart-kernel")
        page.locator(".jp-Dialog button.jp-mod-accept").click()
        page.wait_for_function("window.states.some((status) => status !== 'idle') && window.states.at(-1) === 'idle'", timeout=240_000)
        self.ready(page)

    def lives(self, path, notebook):
        page, count = self.open(path), wanted(notebook)
        self.assertEqual(self.kernel(page), "casebook")
        # nbgrader's own button, which cannot work with Rust.
        self.assertEqual(page.get_by_role("button", name="Validate").count(), 0)
        self.run_until(page, count)
        cells = page.locator(CELL)
        shown = [place for place, cell in enumerate(notebook.cells[:count]) for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]
        for place in shown:
            image = cells.nth(place).locator(".jp-OutputArea img")
            self.assertGreater(image.evaluate("(image) => image.naturalWidth"), 400)
        self.assertGreater(page.locator(f"{CELL} .jp-OutputArea table tbody tr").count(), 0)
        self.assertEqual(self.run_cell(page, "let kept_here: i64 = 7;"), "")
        self.complete(page)
        self.assertIn("mismatched types", self.run_cell(page, 'let wrong: u32 = "text";'))
        self.assertIn("stop here", self.run_cell(page, 'panic!("stop here");'))
        self.assertEqual(self.run_cell(page, "kept_here * 6").split()[-1], "42")
        self.restart(page)
        self.assertIn("cannot find value", self.run_cell(page, "kept_here"))
        self.assertEqual(self.run_cell(page, "6 * 7").split()[-1], "42")
        page.close()

    def test_notebooks(self):
        """After a change one of them, and another below, whole. What JupyterLab makes of a cell does not depend on the notebook, and
        kernel/notebooks.py runs every cell of each."""
        for path in book.NOTEBOOKS if scope.whole() else [path for path in book.NOTEBOOKS if path.stem.startswith("02")]:
            with self.subTest(path.name):
                self.lives(path, book.read(path))

    def test_run_all_stops_where_a_cell_fails(self):
        for what, (code, said) in FAILURES.items():
            with self.subTest(what):
                page = self.open_cells(BEGIN, "let kept = 7;", code, 'println!("after");', "kept * 6")
                self.command(page, "notebook:run-all-cells")
                page.locator(CELL).nth(2).locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr'], .jp-OutputArea-output").first.wait_for(timeout=120_000)
                self.idle(page)
                page.wait_for_timeout(500)
                told = page.locator(CELL).nth(2).locator(".jp-OutputArea").inner_text()
                self.assertIn(said, told)
                self.assertEqual(page.locator(CELL).nth(3).locator(".jp-OutputArea").inner_text().strip(), "", f"{what}: Run All went on")
                kinds = page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[2].model.outputs.toJSON().map((output) => output.output_type)")
                self.assertEqual(kinds[-1], "error")
                # What was printed before, and the variables, are kept; and one goes on below by hand.
                self.assertEqual("before" in told, "before" in code)
                self.assertEqual(self.run_cell(page, "kept * 6").split()[-1], "42")
                page.close()

    def test_run_all_goes_over_what_fails_on_purpose(self):
        notebook = book.read(book.NOTEBOOKS[0])
        page = self.open(book.NOTEBOOKS[0])
        self.command(page, "notebook:run-all-cells")
        last = max(place for place, cell in enumerate(notebook.cells) if cell.cell_type == "code")
        page.wait_for_function("(place) => window.jupyterapp.shell.currentWidget.content.widgets[place].model.executionCount", arg=last, timeout=120_000)
        self.idle(page)
        kinds = page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.filter((cell) => cell.model.type === 'code').map((cell) => cell.model.outputs.toJSON().map((output) => output.output_type))")
        self.assertEqual(kinds, [[output.output_type for output in cell.outputs] for cell in notebook.cells if cell.cell_type == "code"])
        page.close()

    def test_columns_are_offered(self):
        page = self.open_cells(BEGIN, 'let shop = df!("visits" => [1, 2], "orders" => [0, 1])?;')
        self.run_until(page, 2)
        place = self.type(page, 'shop.clone().lazy().select([col("vi')
        page.keyboard.press("Tab")
        deadline = time.monotonic() + 20
        while '"visits' not in self.source(page, place) and time.monotonic() < deadline:
            if page.locator(".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item", has_text="visits").count():
                page.keyboard.press("Enter")
            page.wait_for_timeout(200)
        self.assertIn('"visits', self.source(page, place))
        page.close()

    def test_a_restart_takes_the_spare(self):
        page = self.open_cells(BEGIN, 'let shop = df!("visits" => [1, 2])?;\nshop')
        self.run_until(page, 2)
        times = []
        for _ in range(int(os.environ.get("RESTARTS", 2))):
            latency.wait_for_spare()
            offered = {path.parent.name for path in sessions().glob("*/spare.json")}
            page.evaluate("""() => { const cell = window.jupyterapp.shell.currentWidget.content.widgets[1]; cell.model.sharedModel.setOutputs([]); }""")
            start = time.monotonic()
            self.command(page, "notebook:restart-run-all")
            page.locator(".jp-Dialog button.jp-mod-accept").click()
            page.locator(CELL).nth(1).locator(".jp-OutputArea table tbody tr").first.wait_for(timeout=60_000)
            times.append(time.monotonic() - start)
            self.idle(page)
            taken = {path.parent.name for path in sessions().glob("*/taken.json")}
            self.assertTrue(offered & taken, "the spare was not taken")
            self.assertIn(str(self.copies), self.run_cell(page, "std::env::current_dir()?.display().to_string()"))
        print(f"restarts in JupyterLab until a table shows: median {sorted(times)[len(times) // 2]:.2f} s, longest {max(times):.2f} s", file=sys.stderr)
        page.close()

    def test_an_exercise_says_what_is_missing_and_passes_when_it_is_there(self):
        path = PROJECT / "notebooks/exercises/release/saas/saas.ipynb"
        notebook = book.read(path)
        page = self.open(path)
        place = next(n for n, cell in enumerate(notebook.cells) if cell.get("metadata", {}).get("nbgrader", {}).get("grade_id") == "large_companies")
        self.run_all_above(page, place + 2)
        self.idle(page)
        output = page.locator(CELL).nth(place + 1).locator(".jp-OutputArea")
        self.assertIn("the answer is still to be written", output.inner_text())
        self.run_cell(page, 'fn large_companies(lives: &DataFrame) -> Result<usize> {\nOk(lives.clone().lazy().filter(col("company_size").eq(lit("large"))).collect()?.column("company_id")?.n_unique()?)\n}')
        told = self.run_cell(page, notebook.cells[place + 1].source)
        self.assertIn("right: large_companies(&few)", told)
        page.close()


if __name__ == "__main__":
    unittest.main()
