"""The dashboard in a real browser: its numbers are the library's, under any filter."""

import csv
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

from axe_playwright_python.sync_playwright import Axe

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests"))

import browser  # noqa: E402

CASEBOOK = ["cargo", "casebook"]
BUSINESS = {"users": 500, "days": 200, "seed": 7}
# Every second product has quotes, commas, emoji or HTML in its name.
AWKWARD = 0.5
SEGMENTS = ["High Value", "Regular", "Occasional", "New"]
CATEGORIES = ["Electronics", "Clothing", "Home & Garden", "Sports", "Books", "Beauty", "Toys"]
FIRST, LAST = "2024-01-01", "2024-07-18"
FILTERS = [
    {"from": FIRST, "to": LAST, "segments": SEGMENTS, "categories": CATEGORIES},
    {"from": "2024-02-10", "to": "2024-05-20", "segments": SEGMENTS, "categories": CATEGORIES},
    {"from": FIRST, "to": LAST, "segments": ["Regular", "New"], "categories": CATEGORIES},
    {"from": FIRST, "to": LAST, "segments": SEGMENTS, "categories": ["Books", "Toys"]},
    {"from": "2024-03-01", "to": "2024-06-30", "segments": ["High Value", "Occasional"], "categories": ["Home & Garden"]},
    {"from": "2024-04-05", "to": "2024-04-05", "segments": ["Regular"], "categories": ["Sports", "Beauty", "Electronics"]},
]


def words(business):
    return [word for name, value in business.items() for word in (f"--{name}", str(value))]


def library(filters, business=None, awkward=AWKWARD):
    """What the metric functions say."""
    numbers = [str(value) for value in (business or BUSINESS).values()]
    done = subprocess.run(["cargo", "run", "--quiet", "--example", "dashboard_numbers", "--", *numbers, str(awkward)], cwd=PROJECT,
                          input=json.dumps(filters), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def table(page, panel):
    """A panel's table, as the page holds it: the values, not how they look."""
    heads = page.eval_on_selector_all(f"#{panel} thead th", "all => all.map((cell) => cell.textContent)")
    rows = page.eval_on_selector_all(
        f"#{panel} tbody tr", "all => all.map((row) => [...row.cells].map((cell) => cell.dataset.value))")
    return [dict(zip(heads, row)) for row in rows]


def cards(page):
    return dict(page.eval_on_selector_all(
        "#cards div", "all => all.map((card) => [card.children[0].textContent, card.children[1].dataset.value])"))


def number(text):
    return None if text == "" else float(text)


class Dashboard(unittest.TestCase):
    """Each test has a page of its own; none may print an error or ask a network for anything."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name) / "dashboard.html"
        subprocess.run([*CASEBOOK, "report", "ecommerce", *words(BUSINESS), "--awkward-names", str(AWKWARD),
                        "--out", str(cls.path)], cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
        browser.start(cls)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def open(self, address=None, width=1280, height=900):
        address = address or self.path.as_uri()
        page = browser.page(self, width, height)
        page.goto(address)
        page.wait_for_function("document.getElementById('status').textContent.includes('shown')")
        return page

    def choose(self, page, wanted):
        """Filters as a person sets them."""
        for group, names in (("segment-boxes", wanted["segments"]), ("category-boxes", wanted["categories"])):
            for label in page.locator(f"#{group} label").all():
                label.locator("input").set_checked(label.inner_text().strip() in names)
        page.fill("#from", wanted["from"])
        page.fill("#to", wanted["to"])

    def same(self, what, shown, expected):
        """Counts are equal; amounts are, to half a cent."""
        shown = number(shown) if isinstance(shown, str) else shown
        if expected is None or shown is None:
            self.assertEqual(shown, expected, what)
        else:
            self.assertAlmostEqual(shown, expected, delta=0 if isinstance(expected, int) else 0.005, msg=what)

    def compare(self, page, expected):
        found, steps = cards(page), expected["funnel_sessions"]
        total = expected["totals"][0]
        counts = [row["users"] for row in steps] or [0] * 4
        for name, value in (("Sessions", counts[0]), ("Orders", total["orders"]), ("Items sold", total["items"]),
                            ("Revenue", total["amount"]), ("Sessions with an order", steps[3]["overall_rate"])):
            self.same(name, found[name], value)
        users = [row["users"] for row in expected["funnel_users"]]
        self.same("users", found["Users with a session"], users[0])
        for at, row in enumerate(table(page, "steps")):
            self.same(f"step {at}, sessions", row["sessions"], counts[at])
            self.same(f"step {at}, users", row["users"], users[at])
            self.same(f"step {at}, share", row["sessions_share"], steps[at]["overall_rate"])

        segments = {(row["segment"], row["step"]): row["users"] for row in expected["funnel_segments"]}
        for row in table(page, "conversion"):
            for step, name in enumerate(("session", "view", "cart", "purchase"), 1):
                self.same(f"{row['segment']}, {name}", row[name], segments.get((row["segment"], step), 0))

        for panel, key, name in (("categories", "category", "category"), ("products", "product_id", "product_id")):
            known = {row[key]: row for row in expected[panel]}
            rows = table(page, panel)
            self.assertGreaterEqual({row[name] for row in rows}, set(known))
            for row in rows:
                wanted = known.get(row[name], {"orders": 0, "items": 0, "amount": 0.0})
                self.same(f"{row[name]}, orders", row["orders"], wanted["orders"])
                self.same(f"{row[name]}, items", row["items"], wanted["items"])
                self.same(f"{row[name]}, revenue", row["revenue"], wanted["amount"])
                if "product_name" in wanted:
                    self.assertEqual(row["product"], wanted["product_name"])

        # The page leaves out months before the dates: nothing was looked at there.
        first = page.input_value("#from")[:7]
        known = {(row["cohort"][:7], row["period"]): row for row in expected["cohorts"] if row["active"] is not None}
        cells = table(page, "retention")
        for row in cells:
            wanted = known[row["cohort"], int(row["month"])]
            self.same(f"cohort {row['cohort']}, size", row["users"], wanted["size"])
            self.same(f"cohort {row['cohort']}, month {row['month']}", row["active"], wanted["active"])
            if after(row["cohort"], int(row["month"])) > first:
                self.assertEqual(row["cut"] == "yes", wanted["in_progress"], row)
        later = {(cohort, period) for cohort, period in known if after(cohort, period) >= first}
        self.assertEqual({(row["cohort"], int(row["month"])) for row in cells}, later)

        page.select_option("#grouping", "Rfm")
        known = {row["group"]: row for row in expected["rfm"]}
        rows = table(page, "groups")
        self.assertEqual({row["group"] for row in rows}, set(known))
        for row in rows:
            wanted = known[row["group"]]
            for name in ("users", "active", "buyers", "orders"):
                self.same(f"{row['group']}, {name}", row[name], wanted[name])
            self.same(f"{row['group']}, revenue", row["revenue"], wanted["amount"])

    def quiet(self, *addresses):
        self.assertEqual(self.said, [])
        elsewhere = [url for url in self.asked if not url.startswith((*addresses, "blob:", "data:"))]
        self.assertEqual(elsewhere, [])

    def test_the_numbers_are_the_librarys_under_filters(self):
        page = self.open()
        slowest = 0
        for wanted, expected in zip(FILTERS, library(FILTERS), strict=True):
            with self.subTest(wanted):
                self.choose(page, wanted)
                self.compare(page, expected)
                slowest = max(slowest, float(page.get_attribute("#status", "data-milliseconds")))
        print(f"an update takes at most {slowest:.0f} ms here", file=sys.stderr)
        page.click("text=Show all")
        page.wait_for_function(f"document.getElementById('from').value === '{FIRST}'")
        page.wait_for_timeout(100)
        self.compare(page, library(FILTERS[:1])[0])
        self.assertEqual(self.asked, [self.path.as_uri()], "the page asks for something")
        self.quiet(self.path.as_uri())

    def test_percentages_are_written_as_the_library_does(self):
        page = self.open()
        cases = json.loads((PROJECT / "cli/src/report/percents.json").read_text(encoding="utf-8"))
        self.assertEqual(page.evaluate("shares => shares.map(percent)", [share for share, _ in cases]), [text for _, text in cases])
        shown = "() => charts.steps.getOption().series.flatMap((one) => one.data.map((value) => [value, one.label.formatter({ value })]))"
        for value, label in page.evaluate(shown):
            self.assertEqual(label, page.evaluate("percentage", value))

    def test_nothing_chosen_and_wrong_dates_are_said(self):
        page = self.open()
        self.choose(page, FILTERS[0] | {"segments": []})
        self.assertEqual(cards(page)["Sessions"], "0")
        self.assertEqual(cards(page)["Average order"], "")
        self.assertIn("–", page.inner_text("#cards"))
        self.choose(page, FILTERS[0] | {"from": "2024-05-02", "to": "2024-05-01"})
        self.assertIn("the first no later than the last", page.inner_text("#status"))
        self.quiet(self.path.as_uri())

    def test_what_is_shown_is_exported(self):
        panels = re.findall(r'<figure id="(\w+)"', self.path.read_text(encoding="utf-8"))
        self.assertEqual(len(panels), 7)
        for panel in panels:
            with self.subTest(panel):
                # A page each: Chromium lets a page save ten files at a stretch.
                page = self.open()
                self.choose(page, FILTERS[3])
                with page.expect_download() as saved:
                    page.click(f'[aria-label="Save {panel} as CSV"]')
                text = pathlib.Path(saved.value.path()).read_text(encoding="utf-8")
                self.assertEqual(list(csv.DictReader(io.StringIO(text, newline=""))), table(page, panel))
                with page.expect_download() as saved:
                    page.click(f'[aria-label="Save {panel} as PNG"]')
                image = pathlib.Path(saved.value.path()).read_bytes()
                self.assertEqual(image[:8], b"\x89PNG\r\n\x1a\n")
                self.assertEqual(saved.value.suggested_filename, f"ecommerce-{panel}.png")
                width = int.from_bytes(image[16:20], "big")
                self.assertEqual(width, 2 * page.eval_on_selector(f"#{panel} .chart", "box => box.clientWidth"))
                self.quiet(self.path.as_uri())

    def test_names_that_break_programs_are_only_names(self):
        page = self.open()
        names = [row["product"] for row in table(page, "products")]
        for part in ('"Deluxe", large', "<script>alert(1)</script>", "🎧", "; DROP TABLE", "5'' & more"):
            self.assertTrue(any(part in name for name in names), part)
        self.assertEqual(page.locator("script").count(), 3)
        page.hover("#products .chart", position={"x": 400, "y": 120})
        page.wait_for_timeout(200)
        self.quiet(self.path.as_uri())

    def test_keyboard_and_a_phones_width(self):
        page = self.open(width=390, height=844)
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 390)
        page.keyboard.press("Tab")
        self.assertEqual(page.evaluate("document.activeElement.className"), "skip")
        before = cards(page)["Sessions"]
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.closest('#segment-boxes') !== null"):
                break
        page.keyboard.press("Space")
        self.assertLess(int(cards(page)["Sessions"]), int(before))
        page.focus("#steps summary")
        page.keyboard.press("Enter")
        self.assertTrue(page.is_visible("#steps table"))
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 390)
        self.quiet(self.path.as_uri())

    def test_contrast_names_and_roles_pass_axe(self):
        for width in (1280, 390):
            page = self.open(width=width)
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            # The page's own policy keeps scripts out that are not its own; the checker is evaluated instead.
            found = Axe().run(page, options={"resultTypes": ["violations"]})
            self.assertGreater(len(found.response["passes"]), 20)
            self.assertEqual(found.response["violations"], [], found.generate_report())

    def test_live_other_data_is_made(self):
        command = [*CASEBOOK, "report", "ecommerce", *words(BUSINESS), "--serve", "--no-browser", "--port", "0"]
        server = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (server.kill(), server.wait(), server.stdout.close()))
        address = re.match(r"(http://127\.0\.0\.1:\d+/)", server.stdout.readline())[1]
        page = self.open(address)
        other = {"users": 350, "days": 120, "seed": 11}
        for name, value in other.items():
            page.fill(f"#make input[name={name}]", str(value))
        page.click("#make button")
        page.wait_for_selector("#make output:has-text('Done.')")
        self.assertEqual(page.input_value("#to"), "2024-04-29")
        whole = {"from": FIRST, "to": "2024-04-29", "segments": SEGMENTS, "categories": CATEGORIES}
        self.compare(page, library([whole], other, 0)[0])
        self.quiet(address)

        def post(body, **headers):
            request = urllib.request.Request(f"{address}make", body.encode(), headers)
            try:
                return urllib.request.urlopen(request).status, ""
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        code, text = post('{"users": 0, "days": 10, "seed": 1}')
        self.assertEqual(code, 400)
        self.assertIn("`users` is 0; accepted: 1 to 50000000", text)
        self.assertEqual(post("users=1")[0], 400)
        # Another page in the same browser may not start anything, under whatever name it asks.
        valid = json.dumps(other)
        self.assertEqual(post(valid, Origin="http://elsewhere.example")[0], 403)
        self.assertEqual(post(valid, Host="elsewhere.example")[0], 403)


def after(month, months):
    """A month, so many later: "2024-11" and 2 are "2025-01"."""
    count = int(month[:4]) * 12 + int(month[5:7]) - 1 + months
    return f"{count // 12}-{count % 12 + 1:02}"


if __name__ == "__main__":
    unittest.main()
