#!/usr/bin/env python3
"""Builds the site: the committed notebooks and documents as a book, in site/html. No page needs a network.

usage: build.py [--quick]     --quick leaves out what needs the compiler: dashboards, the study, the library's documentation
       build.py --pictures    only the README's pictures
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import nbformat

import book
from book import NOTEBOOKS, PROJECT

SITE = PROJECT / "site"
SOURCE = SITE / "source"
OUT = SITE / "html"
DOCUMENTS = ["CHANGELOG.md", "CONTRIBUTING.md", "data/README.md", "kernel/README.md", "docs/charts.md", "docs/language.md", "docs/latency.md", "docs/own_study.md", "docs/performance.md", "docs/teaching.md", "docs/ways_in.md"]
RELEASED = sorted((PROJECT / "notebooks/exercises/release").glob("*/*.ipynb"))


def say(text):
    print(f"casebook: {text}", file=sys.stderr, flush=True)


def put(path, text):
    to = SOURCE / path
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text, encoding="utf-8")


def page(path):
    """A notebook as the site shows it: each chart's description goes where Sphinx looks for it."""
    notebook = book.read(path)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            about = output.get("metadata", {}).get("image/png")
            if about:
                image = {"alt": " ".join(about["alt"].split()), "width": f"{about['width']}px"}
                cell.metadata["mystnb"] = {"image": image}
    return nbformat.writes(notebook)


def at_a_glance():
    """The cases as a table, counted from their outputs."""
    rows = ["| case | code cells | charts | claims | met | missed | undecided | impossible | undefined | not tested |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for path in NOTEBOOKS[1:]:
        notebook = book.read(path)
        found = [verdict for _, verdict in book.ledger(notebook)]
        counts = [found.count(verdict) for verdict in ("met", "missed", "undecided", "impossible", "undefined", "not tested")]
        code = sum(cell.cell_type == "code" for cell in notebook.cells)
        cells = [f"[{book.title(notebook)}](notebooks/{path.name})", code, len(book.charts(notebook)), len(found), *counts]
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(rows)


def status():
    """The status page, from what the runner wrote."""
    known = json.loads((SITE / "status.json").read_text(encoding="utf-8"))
    out = ["# Status", "", f"Written by `make status` on {known['date']}, on {known['machine']}. Times differ from machine to machine; "
           "all else should not.", "", "## Versions", "", "| what | version |", "| --- | --- |"]
    out += [f"| {name} | {version} |" for name, version in known["versions"].items()]
    out += ["", "## How long each notebook takes", "", "From the first cell to the last, in the kernel \"Rust (casebook)\", one notebook at a time.", "",
            "| notebook | code cells | seconds | median cell | slowest cell | outputs |", "| --- | --- | --- | --- | --- | --- |"]
    for name, one in known["notebooks"].items():
        same = "as committed" if book.digest(PROJECT / "notebooks" / f"{name}.ipynb") == one["digest"] else "another version"
        times = sorted(one["seconds"])
        out.append(f"| [{name}](notebooks/{name}.ipynb) | {len(times)} | {sum(times):.1f} | {times[len(times) // 2]:.2f} | {times[-1]:.2f} | {same} |")
    for name, one in known["notebooks"].items():
        out += ["", f"### {name}, cell by cell", "", "| cell | seconds |", "| --- | --- |"]
        out += [f"| {place + 1} | {seconds:.2f} |" for place, seconds in enumerate(one["seconds"])]
    out += ["", "## The data", "", "The first 16 digits of the SHA-256 of each table, as the notebooks print them: the same on every machine.", "",
            "| notebook | table | what |", "| --- | --- | --- |"]
    out += [f"| {name} | {table} | {what} |" for name, one in known["notebooks"].items() for table, what in one["data"].items()]
    out += ["", "## Which conclusions hold with other seeds", "",
            f"Each case as a program (`casebook export --seeds`), run with {known['sweep']['seeds']} other seeds: in how many of them "
            "each claim of the ledger gets the verdict it has in the notebook. A claim of one exact number, or one near its tolerance, may "
            "well depend on the seed; where the text says so, it is no surprise here."]
    for name, claims in known["sweep"]["notebooks"].items():
        steady = sum(same == known["sweep"]["seeds"] for _, _, same in claims)
        out += ["", f"### {name}", "", f"{steady} of {len(claims)} verdicts are the same with every seed.", "", "| claim | verdict | same verdict |", "| --- | --- | --- |"]
        out += [f"| {claim.replace('|', '/')} | {verdict} | {same} of {known['sweep']['seeds']} |" for claim, verdict, same in claims]
    return "\n".join(out) + "\n"


def definitions():
    """The metric definitions: part of the library's own documentation, one heading level lower."""
    text = (PROJECT / "src/metrics/definitions.md").read_text(encoding="utf-8")
    return "# Metric definitions\n\n" + re.sub(r"^#", "##", text, flags=re.M)


def gather():
    """Sphinx's source: this project's documents at their own places, so that links between them work."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    for name in DOCUMENTS:
        put(name, (PROJECT / name).read_text(encoding="utf-8"))
    shutil.copytree(PROJECT / "docs/charts", SOURCE / "docs/charts")
    for path in [*NOTEBOOKS, *RELEASED]:
        put(path.relative_to(PROJECT), page(path))
    put("definitions.md", definitions())
    put("status.md", status())
    put("index.md", (SITE / "index.md").read_text(encoding="utf-8").replace("{{at_a_glance}}", at_a_glance()))
    put("reports.md", (SITE / "reports.md").read_text(encoding="utf-8"))
    shutil.copytree(SITE / "pictures", SOURCE / "pictures")
    for folder in ("_static", "_templates"):
        shutil.copytree(SITE / folder, SOURCE / folder)
    shutil.copy(SITE / "conf.py", SOURCE)


def sphinx():
    say("building the site's pages, about 20 seconds")
    shutil.rmtree(OUT, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "--builder", "html",
               "--doctree-dir", str(SOURCE / ".doctrees"), str(SOURCE), str(OUT)]
    if subprocess.run(command, cwd=PROJECT, env=os.environ | {"PYTHONWARNINGS": "ignore"}).returncode != 0:
        sys.exit("casebook: the site was not built; Sphinx says why above")
    shutil.rmtree(SITE / "jupyter_execute", ignore_errors=True)  # myst-nb's copies: nothing was executed
    # What no page uses: Sphinx's notes, and the theme's own templates.
    for leftover in [OUT / ".buildinfo", OUT / "objects.inv", *(OUT / "_static").glob("*webpack-macros.html")]:
        leftover.unlink(missing_ok=True)
    moved()
    (OUT / ".nojekyll").touch()  # static hosts otherwise leave out folders that begin with an underscore


def moved():
    """A small page at the old address of each page that has a new one, since people link to it."""
    for old, new in book.MOVED.items():
        (OUT / old).write_text(
            f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>This page has moved</title>'
            f'<meta http-equiv="refresh" content="0; url={new}"><link rel="canonical" href="{new}">'
            f'<meta name="viewport" content="width=device-width"></head>\n'
            f'<body><main><h1>This page has moved</h1><p>It is now <a href="{new}">here</a>.</p></main></body></html>\n',
            encoding="utf-8")


def cargo(*words):
    if subprocess.run(["cargo", *words], cwd=PROJECT, stdin=subprocess.DEVNULL).returncode != 0:
        sys.exit(f"casebook: cargo {' '.join(words)} failed; it says why above")


def compiled():
    """Dashboards and the study, made with their default data, and the library's documentation."""
    say("making the dashboards, the growth study and the library's pages: seconds, or minutes if they must be compiled first")
    cargo("casebook", "report", "ecommerce", "--out", str(OUT / "reports/ecommerce.html"))
    study = SOURCE / "notion"
    cargo("casebook", "report", "notion", "--fresh", "--out", str(study))
    # The pages and their charts; not the data, nor what only the command needs.
    shutil.copytree(study, OUT / "reports/notion", ignore=shutil.ignore_patterns("data", "pilots", "metrics", "made-with"))
    cargo("doc", "--quiet", "--no-deps", "--all-features", "--lib")
    target = PROJECT / (os.environ.get("CARGO_TARGET_DIR") or "target")
    made = max(target.glob("**/doc/casebook/index.html"), key=lambda path: path.stat().st_mtime).parent.parent
    shutil.copytree(made, OUT / "api", dirs_exist_ok=True)


def pictures():
    (SITE / "pictures").mkdir(exist_ok=True)
    for name in book.PICTURES:
        (SITE / "pictures" / f"{name}.png").write_bytes(book.picture(name)[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="leave out what needs the compiler")
    parser.add_argument("--pictures", action="store_true", help="only the README's pictures")
    asked = parser.parse_args()
    pictures()
    if asked.pictures:
        return
    gather()
    sphinx()
    if not asked.quick:
        compiled()
    say(f"the site is in {OUT.relative_to(PROJECT)}/index.html")


if __name__ == "__main__":
    main()
