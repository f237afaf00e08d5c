"""The site in a real browser and under checkers: links, headings, alt text, contrast, spelling; on a phone and in print."""

import http.server
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest

import nbformat
from axe_playwright_python.sync_playwright import Axe
from nbconvert import HTMLExporter

PROJECT = pathlib.Path(__file__).resolve().parent.parent
HTML = PROJECT / "site" / "html"
sys.path[:0] = [str(PROJECT / "tests"), str(PROJECT / "site")]

import book  # noqa: E402
import browser  # noqa: E402

BIN = pathlib.Path(sys.executable).parent
# Read before building the site writes them anew.
PICTURES = {name: (PROJECT / "site/pictures" / f"{name}.png").read_bytes() for name in book.PICTURES}
DOCUMENTS = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "data/README.md", "kernel/README.md", "src/metrics/definitions.md", "docs/charts.md", "docs/language.md", "docs/latency.md", "docs/own_study.md", "docs/performance.md", "docs/teaching.md",
             "docs/ways_in.md", "site/index.md", "site/reports.md"]


# Contrast is computed for every element, for minutes: of code's words of one kind, which have one colour, a few are left, and of
# a table's rows four, two of each shade.
FEW_ALIKE = """() => {
    const seen = {};
    for (const word of document.querySelectorAll('.highlight span:not([id])')) {
        const kind = word.className + ' in ' + word.parentElement.className;
        seen[kind] = (seen[kind] || 0) + 1;
        if (seen[kind] > 2) word.replaceWith(word.textContent);
    }
    for (const row of document.querySelectorAll('tbody tr:nth-child(n + 5)')) row.remove();
}"""
# Style sheets are read again over the network otherwise, which a page from the disk may not; what passes is not told in detail.
AXE = {"preload": False, "resultTypes": ["violations"]}


def pages():
    """Our own pages, but for those that have moved; those of the library are cargo's."""
    return [path for path in sorted(HTML.rglob("*.html"))
            if path.relative_to(HTML).parts[0] not in ("api", "reports") and path.relative_to(HTML).as_posix() not in book.MOVED]


def run(*words, **options):
    return subprocess.run([str(word) for word in words], cwd=PROJECT, capture_output=True, text=True, **options)


class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        done = run(sys.executable, "site/build.py")
        if done.returncode != 0:
            raise AssertionError(f"{done.stdout}{done.stderr}")
        browser.start(cls)


    def open(self, path, width=1280, height=900):
        """A page from the disk. It may ask for nothing else, and must not complain."""
        page = browser.page(self, width, height)
        page.goto(path.as_uri() if isinstance(path, pathlib.Path) else path)
        page.wait_for_load_state("load")
        return page

    def complaints(self):
        """What pages say, but for the theme's notes on which colours it chose."""
        return [text for text in self.said if not text.startswith("[PST]")]

    def test_pages_load_without_errors_or_network_fit_and_are_accessible(self):
        """Each page once: on a phone, on paper, and on a screen, where axe looks at it."""
        self.assertGreater(len(pages()), 14)
        charts = {HTML / "notebooks" / f"{path.stem}.html": len(book.charts(book.read(path))) for path in book.NOTEBOOKS}
        self.assertLessEqual(set(charts), set(pages()))
        axe = Axe()
        for path in pages():
            with self.subTest(path.relative_to(HTML)):
                page = self.open(path, width=390, height=800)
                page.wait_for_timeout(200)
                self.fits(page, 390)
                page.emulate_media(media="print")
                self.fits(page, 700)
                page.emulate_media(media="screen")
                self.fits(page, 1280)
                if path in charts:
                    self.described(page, charts[path])
                self.assertEqual(self.complaints(), [])
                self.assertEqual([address for address in self.asked if not address.startswith(("file:", "data:"))], [])
                page.evaluate(FEW_ALIKE)
                found = axe.run(page, options=AXE).response["violations"]
                self.assertEqual([(v["id"], v["nodes"][0]["html"][:200]) for v in found], [])
                page.close()

    def fits(self, page, width):
        page.set_viewport_size({"width": width, "height": 900})
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width + 1)

    def described(self, page, count):
        """A notebook's charts are visible, and say what they show."""
        seen = page.eval_on_selector_all(".cell_output img", """async (images) => {
            await Promise.all(images.map((image) => { image.loading = 'eager'; return image.decode(); }));
            return images.map((image) => [image.alt.length, image.naturalWidth]);
        }""")
        self.assertEqual(len(seen), count)
        for length, width in seen:
            self.assertGreater(length, 40)
            self.assertGreater(width, 400)

    def test_search_finds(self):
        page = self.open(f"{(HTML / 'search.html').as_uri()}?q=retention")
        page.wait_for_selector("#search-results li a", timeout=20_000)
        self.assertIn("Metric definitions", page.locator("#search-results").inner_text())
        self.assertEqual(self.complaints(), [])
        page.close()

    def test_dashboards_and_reports_work(self):
        page = self.open(HTML / "reports/ecommerce.html")
        page.wait_for_function("document.getElementById('status').textContent.includes('shown')")
        self.assertEqual(self.complaints(), [])
        for name in ("executive_dashboard", "report"):
            page = self.open(HTML / "reports/notion" / f"{name}.html")
            self.assertEqual(self.complaints(), [])
            self.assertGreater(page.locator("svg, img, canvas").count(), 1)
            page.close()

    def test_old_addresses_lead_to_new_ones(self):
        self.assertGreater(len(book.MOVED), 0)
        for old, new in book.MOVED.items():
            page = self.open(HTML / old)
            page.wait_for_url(((HTML / old).parent / new).as_uri())
            page.close()

    def test_no_link_is_broken(self):
        """LinkChecker follows every link below the landing page; addresses elsewhere are not asked."""
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                """The checker may hang up when it has seen enough."""

        server = Server(("127.0.0.1", 0), lambda *words: Quiet(*words, directory=str(HTML)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        with tempfile.NamedTemporaryFile("w", suffix=".rc") as config:
            config.write("[checking]\nmaxrequestspersecond=1000\n[filtering]\nignorewarnings=url-content-too-large,http-redirected\n[output]\nstatus=0\n")
            config.flush()
            address = f"http://127.0.0.1:{server.server_port}/index.html"
            # The library's pages are cargo's own; that those linked to exist is enough.
            words = ["--config", config.name, "--no-status", "--no-robots", "--threads=4", r"--no-follow-url=/api/", address]
            done = run(BIN / "linkchecker", *words)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-1000:])
        checked = int(re.search(r"(\d+) links? in", done.stdout)[1])
        self.assertGreater(checked, 120, done.stdout[-600:])


    def test_anchors_exist(self):
        """Links into a page, its own or another's. (LinkChecker reads a page again for each, which takes minutes.)"""
        texts = {path: path.read_text(encoding="utf-8") for path in pages()}
        ids = {path: set(re.findall(r'\sid="([^"]+)"', text)) for path, text in texts.items()}
        checked = 0
        for path, text in texts.items():
            for page, anchor in re.findall(r'href="([^":#?]*)#([^"]+)"', text):
                target = (path.parent / page).resolve() if page else path
                if target in ids:
                    checked += 1
                    self.assertIn(anchor, ids[target], f"{path.name} links to {page}#{anchor}")
        self.assertGreater(checked, 200)


class Reviewer(unittest.TestCase):
    """With nothing installed: the committed notebooks through nbconvert, as code hosts show them."""

    def test_nothing_disturbs(self):
        for path in book.NOTEBOOKS:
            notebook = book.read(path)
            page, _ = HTMLExporter().from_notebook_node(notebook)
            body = page[page.index("<body"):]
            self.assertEqual(len(re.findall(r'<img alt="[^"]{40,}"', body)), len(book.charts(notebook)), path.name)
            on_purpose = sum("raises-exception" in cell.metadata.get("tags", []) for cell in notebook.cells)
            # How errors and what is written to stderr are shown: only cells that fail on purpose have any.
            self.assertEqual(body.count("application/vnd.jupyter.stderr"), on_purpose, path.name)
            for bad in ("Traceback", "stack backtrace", "/root/", "/home/", "/tmp/", "warning: unused"):
                self.assertNotIn(bad, body, path.name)

    def test_the_readmes_pictures_are_the_notebooks(self):
        for name in book.PICTURES:
            self.assertEqual(PICTURES[name], book.picture(name)[0], name)


class Text(unittest.TestCase):
    """Prose under checkers."""

    def test_headings_links_and_pictures_of_the_documents(self):
        # Headings rise by one and are not empty, links have a target, pictures a description.
        rules = "md001,md003,md018,md019,md023,md042,md045"
        done = run(BIN / "pymarkdown", "-d", "*", "-e", rules, "scan", *DOCUMENTS)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_the_page_of_charts_is_as_drawn(self):
        done = subprocess.run([sys.executable, "site/gallery.py", "--check"], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_files_that_documents_link_to_exist(self):
        for name in DOCUMENTS:
            path = PROJECT / name
            prose = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.S | re.M)
            for target in re.findall(r"\]\(([^)#\s]+)", prose):
                if not re.match(r"https?:", target):
                    # The site's own pages lie where it is built, beside the project's documents.
                    places = [path.parent, PROJECT, HTML] if path.parent.name == "site" else [path.parent]
                    there = any((place / target).exists() for place in places) or (name, target) == ("site/index.md", "definitions.md")
                    self.assertTrue(there, f"{name}: {target}")

    def test_headings_of_the_notebooks(self):
        for path in [*book.NOTEBOOKS, *sorted((PROJECT / "notebooks/exercises").glob("*/*/*.ipynb"))]:
            text = "\n\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
            levels = [len(found) for found in re.findall(r"^(#+) ", re.sub(r"```.*?```", "", text, flags=re.S), re.M)]
            self.assertEqual((levels[0], levels.count(1)), (1, 1), path.name)
            for above, below in zip(levels, levels[1:]):
                self.assertLessEqual(below, above + 1, path.name)

    def test_spelling(self):
        with tempfile.TemporaryDirectory(prefix="casebook-prose-") as folder:
            for path in sorted((PROJECT / "notebooks").rglob("*.ipynb")):
                if path.parent.name in ("submitted", "autograded") or ".ipynb_checkpoints" in path.parts:
                    continue
                cells = nbformat.read(path, as_version=4).cells
                (pathlib.Path(folder) / f"{path.stem}.txt").write_text("\n".join(cell.source for cell in cells), encoding="utf-8")
            where = [folder, *DOCUMENTS, "src", "tests", "kernel", "site/build.py", "site/book.py", "examples", "sql", "Makefile"]
            # A name, a term of experiments, and mistakes made on purpose.
            done = run(BIN / "codespell", "--skip", "*.json,*.csv,*.ttf,*.woff2,reference", "--ignore-words-list", "abd,atleast,atmost,brin,complier,compliers,segmnet,selekt,usres,vist,vists", *where)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)


if __name__ == "__main__":
    unittest.main()
