"""What Jupyter is told of an error while a cell runs: a panic, or an error that left the cell through `?`."""

import re

import rust
from common import PROJECT

from . import hints
from .places import Place, Sources
from .report import OFF, RED, box, hint_lines, where

# The source file of a cell's crate.
SOURCE = "src/lib.rs"
# Where an expression ends, outside of brackets.
ENDS = {";", ",", "=", "=>", "+", "-", "*", "/", "%", "==", "!=", "&&", "||", "..", "{", "}"}
# What polars adds for its own developers: the plan of the query, and its own guess of a name.
POLARS_EXTRAS = re.compile(r"\n\s*\n(?:Resolved plan until failure|Did you mean )")


def panic(what, file, line, column, message, lib_rs="", cell_source="", earlier=(), frames=None):
    """Jupyter's content for a panic. A check that an answer did not pass says everything in its message."""
    if what == "NotYet":
        return {"ename": what, "evalue": message.split("\n", 1)[0], "traceback": message.split("\n")}
    raised = Raised(message or "a panic without a message", file, line, column, lib_rs, cell_source, earlier, frames)
    return raised.content("panic", "it panicked here")


def failure(type_name, file, line, column, message, lib_rs="", cell_source="", earlier=(), frames=None):
    """Jupyter's content for an error that left the cell through `?`. Rust names the beginning of the expression before it."""
    raised, label = Raised(message, file, line, column, lib_rs, cell_source, earlier, frames), "this expression gave the error"
    mark = raised.place and question_mark(raised.sources.source(raised.place), raised.place)
    if mark:
        raised.place, label = mark, "this `?` ended the cell with the error"
    return raised.content(rust.short_type(type_name), label)


class Raised:
    """A panic or an error, and where it was raised."""

    def __init__(self, message, file, line, column, lib_rs, cell, earlier, frames):
        self.message, self.file, self.line = POLARS_EXTRAS.split(message, maxsplit=1)[0].rstrip(), file, line
        self.sources = Sources(lib_rs, cell, earlier)
        self.place = self.sources.place(line, column) if short_path(file) in ("", SOURCE) else None
        self.hints = hints.of_run(message, self.sources.cell, dict(frames or {}))

    def content(self, ename, label):
        """The error's name, what happened in a sentence, the line, and a hint."""
        at, picture, place = self.place, [], ""
        if at:
            place = f" {'at' if at.count is None else 'in'} {where(at)}"
            picture = box(self.sources.source(at), at, {at.line: [(at.column, 1, label)]})
        elif self.file and self.file != SOURCE:
            place = f" in {short_path(self.file)}, line {self.line}"
        what = f"{RED}{ename}:{OFF} the cell stopped{place}: {self.message}"
        return {"ename": ename, "evalue": self.message, "traceback": [*what.split("\n"), *picture, *hint_lines(self.hints)]}


def short_path(file):
    """A source file's crate and its path in it, without where that lies on this machine."""
    path = file.replace("\\", "/")
    for marker in (r"/registry/src/[^/]+/", r"/git/checkouts/", r"/rustlib/src/rust/library/", r"/rustc/[0-9a-f]+/library/"):
        parts = re.split(marker, path, maxsplit=1)
        if len(parts) == 2:
            return parts[1]
    if not path.startswith("/"):
        return path
    folder, inside, tail = path.rpartition("/src/")
    if not inside:
        return path.rsplit("/", 1)[1]
    name = "casebook" if (PROJECT / "src" / tail).exists() else folder.rsplit("/", 1)[1]
    return f"{name}/src/{tail}"


def question_mark(source, at):
    """Where the `?` stands that returned the error of the expression that begins at a place; None if there are several."""
    begin = rust.offset(source, at.line, at.column)
    depth, found = 0, []
    for token in rust.tokens(source[begin:]):
        depth += (token.text in rust.OPEN) - (token.text in rust.CLOSE)
        if depth < 0 or depth == 0 and token.text in ENDS:
            break
        if depth == 0 and token.text == "?":
            found.append(begin + token.start)
    return Place(at.count, *rust.line_column(source, found[0])) if len(found) == 1 else None
