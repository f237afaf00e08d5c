"""`casebook report notion`: steps that can be interrupted, and pages in a real browser whose numbers are those of the
tables beside them."""

import csv
import io
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from axe_playwright_python.sync_playwright import Axe

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests"))

import browser  # noqa: E402

CASEBOOK = ["cargo", "casebook"]
STEPS = ["data", "pilots", "metrics", "charts", "dashboard", "report"]
SECTIONS = ["Executive summary", "North Star", "Snapshot", "Funnel", "Retention", "Growth opportunities",
            "Recommendations", "Next steps"]
# Which table each chart shows, where it shows all of it.
WHOLE = {"north_star": "north_star", "retention_curve": "retention_curve", "feature_adoption": "feature_adoption",
         "power_users": "power_users"}
# The levers' tables are in a folder of their own.
LEVERS = {"options": "lever_options", "twins": "twin_worlds"}
CHARTS = 13


def run(out, *more, users=8_000):
    done = subprocess.run([*CASEBOOK, "report", "notion", "--users", str(users), "--out", str(out), *more], cwd=PROJECT,
                          check=True, capture_output=True, text=True)
    return done.stdout


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Pipeline(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = pathlib.Path(folder.name) / "study"

    def skipped(self, said):
        return [name for name in STEPS if any(name in line and "there already" in line for line in said.splitlines())]

    def test_what_is_there_is_not_made_again(self):
        first = run(self.out, users=3_000)
        self.assertEqual(self.skipped(first), [])
        for step, name in enumerate(STEPS, 1):
            self.assertRegex(first, rf"\[{step}/6\] {name} +[0-9.]+ s ")
        before = content(self.out)
        self.assertEqual(self.skipped(run(self.out, users=3_000)), STEPS)
        self.assertEqual(content(self.out), before)
        # What is lost is made again, and what follows from it; the result is the same.
        (self.out / "report.html").unlink()
        self.assertEqual(self.skipped(run(self.out, users=3_000)), STEPS[:5])
        self.assertEqual(content(self.out), before)
        self.assertEqual(self.skipped(run(self.out, "--fresh", users=3_000)), [])
        self.assertEqual(content(self.out), before)
        self.assertEqual(self.skipped(run(self.out, "--seed", "7", users=3_000)), [])
        self.assertNotEqual(content(self.out)["report.md"], before["report.md"])

    def test_an_interrupted_run_leaves_nothing_half_written(self):
        run(self.out, users=3_000)
        before = content(self.out)
        command = [*CASEBOOK, "report", "notion", "--users", "3000000", "--out", str(self.out)]
        running = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        unfinished = lambda: list(self.out.glob(".casebook-unfinished-*/scratch/data/.casebook*/new/user_events*"))  # noqa: E731
        for _ in range(600):
            if unfinished() and unfinished()[0].stat().st_size > 1_000_000:
                break
            time.sleep(0.05)
        else:
            self.fail("the data was not begun within 30 seconds")
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        now = {name: text for name, text in content(self.out).items() if not name.startswith(".casebook-unfinished-")}
        self.assertEqual(now, before)
        # The earlier study is whole; nothing of it has to be made again.
        self.assertEqual(self.skipped(run(self.out, users=3_000)), STEPS)
        self.assertEqual(content(self.out), before)


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.out = pathlib.Path(cls.folder.name) / "study"
        run(cls.out)
        cls.charts = sorted(path.stem for path in (cls.out / "charts").glob("*.html"))
        browser.start(cls)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def open(self, name, width=1280, height=900):
        page = browser.page(self, width, height)
        page.goto((self.out / name).as_uri())
        return page

    def quiet(self, *names):
        self.assertEqual(self.said, [])
        own = {(self.out / name).as_uri() for name in names}
        elsewhere = {url for url in self.asked if not url.startswith(("blob:", "data:"))}
        self.assertEqual(elsewhere, own)

    def drawn(self, page, count):
        self.assertEqual(page.evaluate("document.documentElement.dataset.ready"), str(count))
        page.wait_for_timeout(300)  # large charts are drawn piece by piece
        # Something dark and something coloured stands in every chart.
        looks = page.eval_on_selector_all(".chart", """all => all.map((box) => {
                let dark = 0, coloured = 0;
                for (const canvas of box.querySelectorAll("canvas")) {
                    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                    for (let at = 0; at < data.length; at += 4) {
                        if (data[at + 3] < 128) continue;
                        const [low, high] = [Math.min(data[at], data[at + 1], data[at + 2]), Math.max(data[at], data[at + 1], data[at + 2])];
                        dark += high < 90; coloured += high - low > 60;
                    }
                }
                return [dark, coloured];
            })""")
        self.assertEqual(len(looks), count)
        for look in looks:
            self.assertGreater(min(look), 50, look)  # a single dot is 88

    def table(self, page, panel):
        heads = page.eval_on_selector_all(f"#{panel} thead th", "all => all.map((cell) => cell.textContent)")
        found = page.eval_on_selector_all(
            f"#{panel} tbody tr", "all => all.map((row) => [...row.cells].map((cell) => cell.dataset.value))")
        return [dict(zip(heads, row, strict=True)) for row in found]

    def same(self, shown, written, what):
        if shown == written:
            return
        try:
            self.assertLessEqual(abs(float(shown) - float(written)), 1e-5 * abs(float(written)) + 1e-12, what)
        except ValueError:
            self.fail(f"{what}: {shown!r} is shown, {written!r} is in the table")

    def test_each_chart_is_interactive_and_for_print(self):
        self.assertEqual(len(self.charts), CHARTS)
        for chart in self.charts:
            with self.subTest(chart):
                page = self.open(f"charts/{chart}.html")
                self.drawn(page, 1)
                self.quiet(f"charts/{chart}.html", "charts/casebook-charts.js")
                self.assertEqual((self.out / f"charts/{chart}.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
                self.assertIn("<svg", (self.out / f"charts/{chart}.svg").read_text(encoding="utf-8")[:200])
        size = sum(path.stat().st_size for path in (self.out / "charts").iterdir() if path.suffix in (".html", ".js"))
        self.assertLess(size, 3_000_000)

    def test_the_dashboards_numbers_are_the_tables(self):
        page = self.open("executive_dashboard.html")
        self.drawn(page, CHARTS)
        shown = dict(page.eval_on_selector_all(
            "#cards div", "all => all.map((card) => [card.children[0].textContent, card.children[1].dataset.value])"))
        written = {row["metric"]: row["value"] for row in rows(self.out / "metrics/key_metrics.csv")}
        self.assertEqual(set(shown), set(written))
        for name, value in written.items():
            self.same(shown[name], value, name)
        tables = {panel: f"metrics/{name}.csv" for panel, name in WHOLE.items()}
        tables |= {panel: f"pilots/{name}.csv" for panel, name in LEVERS.items()}
        for panel, name in tables.items():
            wanted = rows(self.out / name)
            if panel in LEVERS:
                wanted = self.listed(wanted)
            found = self.table(page, panel)
            self.assertEqual(len(found), len(wanted), panel)
            for mine, theirs in zip(found, wanted, strict=True):
                for column, value in theirs.items():
                    self.same(mine[column], value, f"{panel}, {column}")
        # The claims' chart has a row for the pilots of each lever, and one for the deck where it has a figure.
        wanted = []
        for row in rows(self.out / "pilots/lever_claims.csv"):
            wanted += [(row["lift"], row["low"], row["high"])] + [(row["claim"], "", "")] * (row["claim"] != "")
        found = [(row["lift"], row["low"], row["high"]) for row in self.table(page, "levers")]
        self.assertEqual(len(found), 8)
        for mine, theirs in zip(found, wanted, strict=True):
            for shown_one, written_one in zip(mine, theirs, strict=True):
                self.same(shown_one, written_one, "levers")
        self.quiet("executive_dashboard.html")

    def listed(self, options):
        """Options as the report lists them: names as they are said, without the optimised schedule if it is one of the others."""
        every = rows(self.out / "pilots/lever_options.csv")
        numbers = {row["option"]: tuple(row[name] for name in ("gain", "low", "high", "cost")) for row in every}
        own = numbers.pop("optimised schedule", None)
        kept = [row for row in options if row["option"] != "optimised schedule" or own not in numbers.values()]
        return [{**row, "option": row["option"].replace("seo", "SEO").replace("api", "API")} for row in kept]

    def test_what_is_shown_is_exported(self):
        page = self.open("executive_dashboard.html")
        with page.expect_download() as saved:
            page.click('[aria-label="Save levers as CSV"]')
        text = pathlib.Path(saved.value.path()).read_text(encoding="utf-8")
        self.assertEqual(list(csv.DictReader(io.StringIO(text, newline=""))), self.table(page, "levers"))
        with page.expect_download() as saved:
            page.click('[aria-label="Save levers as PNG"]')
        self.assertEqual(pathlib.Path(saved.value.path()).read_bytes()[:8], b"\x89PNG\r\n\x1a\n")

    def test_contrast_names_and_roles_pass_axe_and_a_phones_width(self):
        for name, width in (("executive_dashboard.html", 1280), ("executive_dashboard.html", 390),
                            ("charts/funnel.html", 390), ("report.html", 1280), ("report.html", 390)):
            with self.subTest(f"{name}, {width}"):
                page = self.open(name, width=width)
                page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
                self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width)
                # Rows beyond the fourth look as those before them.
                page.evaluate("document.querySelectorAll('tbody tr:nth-child(n + 5)').forEach((row) => row.remove())")
                found = Axe().run(page, options={"resultTypes": ["violations"]})
                self.assertGreater(len(found.response["passes"]), 12)
                self.assertEqual(found.response["violations"], [], found.generate_report())

    def test_the_written_report(self):
        page = self.open("report.html")
        self.assertEqual(page.eval_on_selector_all("h2", "all => all.map((head) => head.textContent)"), SECTIONS)
        widths = page.eval_on_selector_all("img", "all => all.map((image) => image.naturalWidth)")
        self.assertEqual(len(widths), CHARTS)
        self.assertTrue(all(widths), widths)
        self.assertTrue(all(page.eval_on_selector_all("img", "all => all.map((image) => image.alt.length > 40)")))
        key = {row["metric"]: float(row["value"]) for row in rows(self.out / "metrics/key_metrics.csv")}
        text = page.inner_text("main")
        for name in ("activation", "paid", "retention, month 6", "stickiness", "top decile's share of activity"):
            self.assertIn(f"{key[name] * 100:.1f}%", text, name)
        first = self.listed(rows(self.out / "pilots/lever_options.csv"))[0]
        self.assertIn(first["option"], text)
        plain = (self.out / "report.txt").read_text(encoding="utf-8")
        for bound in ("gain", "low", "high"):
            amount = float(first[bound])
            words = f"{'-' if amount < 0 else ''}${abs(amount):,.0f}"
            self.assertIn(words, text)
            self.assertIn(words, plain)
        markdown = (self.out / "report.md").read_text(encoding="utf-8")
        self.assertEqual([line[3:] for line in markdown.splitlines() if line.startswith("## ")], SECTIONS)
        # It prints, with its pictures.
        self.assertGreater(len(page.pdf(prefer_css_page_size=True)), 100_000)
        self.quiet("report.html", *(f"charts/{name}.svg" for name in self.charts))


if __name__ == "__main__":
    unittest.main()
