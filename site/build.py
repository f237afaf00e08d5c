#!/usr/bin/env python3
"""The notebooks as HTML pages, from the outputs they hold. No page needs a network."""

import base64
import html
import pathlib
import re

import nbformat
from nbconvert import HTMLExporter

PROJECT = pathlib.Path(__file__).resolve().parent.parent
OUT = PROJECT / "site" / "html"

# The README's picture: this notebook's chart with this in its description.
PICTURE = ("02_saas_take_home", "All together churn falls")

STYLE = """
<style>
:root { --jp-content-font-size1: 16px; --jp-code-font-size: 13px; }
body { max-width: 60rem; margin: 0 auto; padding: 0 1rem; }
.jp-InputPrompt, .jp-OutputPrompt { display: none; }
.jp-RenderedImage img { max-width: 100%; height: auto; }
.jp-OutputArea-output { overflow-x: auto; }
@media print { body { max-width: none; } .jp-Cell { break-inside: avoid; } }
</style>
"""


def title(notebook):
    for cell in notebook.cells:
        found = re.search(r"^# (.+)$", cell.source, re.M) if cell.cell_type == "markdown" else None
        if found:
            return found.group(1)
    return "Casebook"


def build(path):
    notebook = nbformat.read(path, as_version=4)
    # Nothing from elsewhere: no formulas are typeset, no widgets shown, no script is loaded.
    exporter = HTMLExporter(template_name="lab", mathjax_url="", require_js_url="", jquery_url="", mermaid_js_url="", widget_renderer_url="", html_manager_semver_range="")
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title(notebook)}})
    page = re.sub(r"<script[^>]*(src=|type=\"(module|text/x-mathjax-config)\")[^>]*>.*?</script>", "", page, flags=re.S)
    page = page.replace("</head>", f"{STYLE}</head>", 1).replace("<html", '<html lang="en"', 1) if 'lang="' not in page[:300] else page.replace("</head>", f"{STYLE}</head>", 1)
    (OUT / f"{path.stem}.html").write_text(page, encoding="utf-8")
    return title(notebook)


def picture():
    """The PNG that the README shows, as the notebook holds it."""
    name, words = PICTURE
    notebook = nbformat.read(PROJECT / "notebooks" / f"{name}.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    chart = next(o for o in outputs if words in o.get("metadata", {}).get("image/png", {}).get("alt", ""))
    return base64.b64decode(chart["data"]["image/png"])


def main():
    (PROJECT / "site" / "churn.png").write_bytes(picture())
    OUT.mkdir(parents=True, exist_ok=True)
    pages = [(path.stem, build(path)) for path in sorted((PROJECT / "notebooks").glob("*.ipynb"))]
    items = "".join(f'<li><a href="{name}.html">{html.escape(text)}</a></li>' for name, text in pages)
    (OUT / "index.html").write_text(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Casebook</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<style>body { font: 18px/1.5 sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }</style>"
        f"</head><body><h1>Casebook</h1><p>Product-analytics case studies in Rust notebooks.</p><ul>{items}</ul></body></html>\n",
        encoding="utf-8",
    )
    print(f"casebook: pages are in {OUT.relative_to(PROJECT)}/index.html")


if __name__ == "__main__":
    main()
