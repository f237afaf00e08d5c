"""What an error means: where in the cell it lies, what Jupyter is told of it, and what to do about it.

The relay's way to all of this. Here are the compiler's errors; panics and errors of running code, the end of a process and
the places in cells have modules of their own.
"""

import re

import rust
from rust import fn_names, uses

from . import hints
from .deaths import died, is_death
from .places import Place, Sources, place
from .report import OFF, RED, box, hint_lines, is_drawn, is_hint, merged, plain, rows, with_places
from .runtime import failure, panic, short_path

__all__ = [
    "compile_error", "compile_errors", "died", "failure", "fn_names", "is_death", "panic", "place", "plain", "short_path", "uses",
]

# How evcxr's own messages about a cell that cannot be compiled begin.
OF_EVCXR = (
    "Couldn't automatically determine type of variable", "The variable `", "Failed to determine type of variable",
    "Looks like you're missing a semicolon", "Compilation failed",
)
# Notes of a message about a line of evcxr's own, which evcxr takes for errors.
NOTES = re.compile(r"consider importing |a type alias with a similar name exists|you might have meant ")


def compile_errors(contents, cell_source, diagnostics, *about, **more):
    """Several errors of one cell as one: the first names it, all are shown, no hint twice. The rest as for `compile_error`."""
    contents = [instead_of_note(content, diagnostics) for content in contents]
    contents = [content for place, content in enumerate(contents) if content["traceback"] or content not in contents[:place]]
    whole = [content for content in contents if not NOTES.match(content["evalue"])]
    errors, lines, given = [compile_error(content, cell_source, diagnostics, *about, **more) for content in whole or contents], [], set()
    for error in errors:
        new = [line for line in error["traceback"] if not (is_hint(line) and line in given)]
        given.update(filter(is_hint, new))
        lines += [""] * bool(lines) + new
    return errors[0] | {"traceback": lines}


def instead_of_note(content, diagnostics):
    """An error of evcxr; if it is only a note to one of the compiler's, whose own place evcxr did not find, that one."""
    errors = [message for message in diagnostics if message.get("level") == "error"]
    if any(message["message"] == content["evalue"] for message in errors):
        return content
    for message in errors:
        if any(note["message"] == content["evalue"] for note in message.get("children", [])):
            return content | {"evalue": message["message"], "traceback": []}
    return content


def compile_error(content, cell_source, diagnostics, lib_rs="", earlier=(), frames=None, api=None):
    """A compiler's error as Jupyter is told of it: evcxr's content with the error's code, its place in the cell, and hints.

    `diagnostics` are rustc's messages of that compilation, `lib_rs` the crate it compiled, `frames` the columns of the
    data frames in scope, `api` what the library's modules offer. Without the crate, a place is found by its line's text.
    """
    cell = rust.unix_lines(cell_source)
    sources = Sources(lib_rs, cell, earlier) if lib_rs else None
    found = diagnose(content, sources, cell, diagnostics)
    code = found.code if found else None
    at = found.place if found else None
    traceback = list(content["traceback"])
    drawn = is_drawn(traceback)
    if drawn:
        traceback = with_places(traceback, at)
    elif found and (at or not cell.isascii()):
        traceback = draw(found, content["evalue"], sources.source(at) if at and sources else cell)
    else:
        traceback += draw_named(content["evalue"], cell)
        code = code or ("E0597" if "non-static lifetime" in content["evalue"] else None)
    problem = hints.Problem(
        code=code, message=content["evalue"], diagnostic=found.message if found else {}, place=at,
        span=found.span if found else None, cell=cell, sources=sources, earlier=earlier, frames=frames or {}, api=api or {},
    )
    compiled = found or drawn or content["evalue"].startswith(OF_EVCXR)
    ename = code or ("CompileError" if compiled else content["ename"])
    traceback = [merged(line) for line in traceback]
    return {"ename": ename, "evalue": content["evalue"], "traceback": traceback + hint_lines(hints.of_compiler(problem))}


# Which of the compiler's messages it is.


class Diagnosis:
    """A message of rustc, or one of its notes, and what it marks in the cell."""

    def __init__(self, message, parent, locate):
        self.message, self.locate = message, locate
        self.code = (parent.get("code") or {}).get("code")
        self.is_note = message is not parent
        # (the span, the part of it that lies in the crate, the place of that in the cell)
        self.spans = [(span, inner, locate(inner)) for span in message.get("spans", []) if (inner := in_crate(span))]
        placed = sorted((entry for entry in self.spans if entry[2]), key=lambda entry: not entry[0]["is_primary"])
        _, self.span, self.place = placed[0] if placed else (None, None, None)

    def labels(self):
        """What it says of parts of the cell."""
        return [span["label"] for span, _, at in self.spans if at and span.get("label")]


def in_crate(span):
    """The part of a span that lies in the cell's crate: of a macro's inside, where the cell calls it."""
    while span and (span["file_name"].startswith("/") or not span["file_name"].endswith("lib.rs")):
        span = (span.get("expansion") or {}).get("span")
    return span


def diagnose(content, sources, cell, diagnostics):
    """Which of rustc's messages an error of evcxr is; None if it is none of them."""
    said, shown = content["evalue"].replace("<end of input>", "`evcxr_variable_store`"), rows(content["traceback"])
    text = plain("\n".join(content["traceback"]))

    def locate(span):
        return sources.place(span["line_start"], span["column_start"]) if sources else by_line(span, cell, shown)

    def likeness(one):
        marked = one.place is not None and any(row.number == one.place.line and one.place.column in row.marks for row in shown)
        return not one.is_note, marked, sum(1 if label in text else -1 for label in one.labels())

    found = [
        Diagnosis(message, parent, locate)
        for parent in diagnostics if parent.get("level") != "warning"
        for message in (parent, *parent.get("children", [])) if message["message"] == said
    ]
    return max(found, key=likeness, default=None)


def by_line(span, cell, shown):
    """The place of a span by its line's text alone: in a line that the report shows, if possible."""
    if not span.get("text"):
        return None
    line = span["text"][0]["text"]
    text = line.strip()
    alike = {number: own.index(text) for number, own in enumerate(cell.split("\n"), 1) if text and text in own}
    if not alike:
        return None
    numbers = {row.number for row in shown}
    number = next((number for number in alike if number in numbers), min(alike))
    return Place(None, number, alike[number] + span["column_start"] - (len(line) - len(line.lstrip())))


# Pictures of our own.


def draw(found, message, source):
    """A report in the form of evcxr's: for a cell that is not ASCII, or where evcxr shows no place."""
    code = f"[{found.code}] " if found.code else ""
    head = f"{RED}{code}Error:{OFF} {message}"
    if not found.place:
        return [head]
    marks = {}
    for inner, at, label in labelled(found):
        if at and at.count == found.place.count:
            length = inner["column_end"] - inner["column_start"] if inner["line_end"] == inner["line_start"] else 1
            marks.setdefault(at.line, []).append((at.column, max(length, 1), label))
    return [head, *box(source, found.place, marks)]


def labelled(found):
    """What a message marks: its own spans, and those of notes about one place each."""
    for span, inner, at in found.spans:
        yield inner, at, span.get("label") or ""
    for note in found.message.get("children", []):
        inner = in_crate(note["spans"][0]) if len(note.get("spans", [])) == 1 else None
        if inner:
            replacement = note["spans"][0].get("suggested_replacement")
            label = f"{note['level']}: {note['message']}"
            yield inner, found.locate(inner), f"{label}: `{replacement}`" if replacement else label


def draw_named(message, cell):
    """A picture for a message that has none: of the variable that it names, or of the bracket without a partner."""
    named = re.search(r"variable `(\w+)`", message)
    made = named and re.search(rf"\blet\s+(?:mut\s+)?({named[1]})\b", cell)
    if made:
        return draw_word(cell, made.start(1), named[1], "this variable")
    bracket = rust.unbalanced(cell) if re.match(hints.BRACKETS, message) else None
    return draw_word(cell, bracket.start, bracket.text, "this bracket has no partner") if bracket else []


def draw_word(cell, offset, word, label):
    at = Place(None, *rust.line_column(cell, offset))
    return box(cell, at, {at.line: [(at.column, len(word), label)]})
