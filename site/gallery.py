#!/usr/bin/env python3
"""The page of all kinds of charts, docs/charts.md, and its pictures: from the program examples/gallery, whose functions are
the page's code and whose comments are its text.

usage: gallery.py            draw, and write page and pictures
       gallery.py --check    exit with 1, and name what differs, if the committed ones are not what would be written
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM, PAGE, PICTURES = PROJECT / "examples/gallery", PROJECT / "docs/charts.md", PROJECT / "docs/charts"
# Comment and body of a function that draws one chart.
CHART = re.compile(r"((?:^///[^\n]*\n)+)^pub fn (\w+)\(\) -> Result<Figure> \{\n(.*?)^\}\n", re.M | re.S)
START = """# Charts

Every kind of chart in `casebook::chart`, drawn by the code below it. `cargo run --example gallery -- FOLDER` draws them
again. All share one theme. The title states the finding, and what it names is marked on the chart. The subtitle says what is
shown, in which unit, of whom and when. A description for readers who can't see the chart is made from the title and the
range of the data.
"""


def charts(source):
    """Each chart of a file: its name, its comment without slashes, and its code without indentation."""
    for comment, name, body in CHART.findall(source):
        text = "\n".join(line[3:].removeprefix(" ") for line in comment.splitlines())
        code = "\n".join(line.removeprefix("    ") for line in body.rstrip().splitlines())
        yield name, text, code


def parts():
    """The program's modules, in the order in which its main file draws them: headings and charts."""
    main = (PROGRAM / "main.rs").read_text(encoding="utf-8")
    for module in re.findall(r"(\w+)::ALL", main):
        source = (PROGRAM / f"{module}.rs").read_text(encoding="utf-8")
        heading = re.match(r"//! (.+)\n", source).group(1)
        yield heading.rstrip("."), list(charts(source))


def page(described):
    """The page, given each picture's description."""
    lines = [START]
    for heading, members in parts():
        lines += [f"## {heading}", ""]
        for name, text, code in members:
            lines += [text, "", f"[![{escaped(described[name])}](charts/{name}.png)](charts/{name}.png)", "", "```rust", code, "```", ""]
    return "\n".join(lines)


def escaped(text):
    """A description as Markdown takes it."""
    return re.sub(r"([\\\[\]*_`<>])", r"\\\1", " ".join(text.split()))


def draw(folder):
    """Draws all into a folder; each picture's description."""
    done = subprocess.run(["cargo", "run", "--quiet", "--example", "gallery", "--", str(folder)], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("casebook: the gallery could not be drawn; see the messages above")
    return dict(line.split("\t", 1) for line in done.stdout.splitlines())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with what is committed")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        described = draw(folder)
        drawn = {path.name: path.read_bytes() for path in folder.glob("*.png")}
        named = {name for _, members in parts() for name, *_ in members}
        if named != described.keys():
            sys.exit(f"casebook: on the page or drawn, not both: {', '.join(sorted(named ^ described.keys()))}")
        wanted = {PAGE: page(described).encode(), **{PICTURES / name: data for name, data in drawn.items()}}
    there = {PAGE, *PICTURES.glob("*.png")}
    differs = sorted(path for path in wanted.keys() | there if path not in wanted or not path.exists() or path.read_bytes() != wanted[path])
    if asked.check:
        for path in differs:
            print(f"{path.relative_to(PROJECT)} is not what examples/gallery draws: run site/gallery.py")
        sys.exit(bool(differs))
    PICTURES.mkdir(exist_ok=True)
    for path in differs:
        if path in wanted:
            path.write_bytes(wanted[path])
        else:
            path.unlink()
    print(f"casebook: {len(drawn)} charts, {len(differs)} files written", file=sys.stderr)


if __name__ == "__main__":
    main()
