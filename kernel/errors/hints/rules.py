"""Rules of the hints: when a rule applies, and what it may look at.

A rule says where it applies: the compiler's codes, and patterns for named parts of the problem, such as what the compiler
says or the text that it marks. Its advice is a text, or a function that makes one or none.
"""

import collections
import dataclasses
import functools
import re

import rust

Rule = collections.namedtuple("Rule", "codes patterns advice")


class Rules(list):
    """Rules in the order in which they are tried."""

    def on(self, *codes, **patterns):
        """Adds advice on errors with one of the codes (None: without one) where each named part of the problem matches.

        Decorates a function of the problem and the first pattern's match, or is called with a text.
        """
        def register(advice):
            self.append(Rule(codes, {part: re.compile(pattern, re.S) for part, pattern in patterns.items()}, advice))
            return advice
        return register


def advise(rules, problem):
    """What the first rule that has advice says, as a list of none or one."""
    for rule in rules:
        if problem.code not in rule.codes:
            continue
        found = [pattern.search(getattr(problem, part)) for part, pattern in rule.patterns.items()]
        text = all(found) and (rule.advice if isinstance(rule.advice, str) else rule.advice(problem, found[0]))
        if text:
            return [text]
    return []


@dataclasses.dataclass
class Failure:
    """An error while a cell runs: its message, the cell, and the columns of the frames in scope."""
    message: str
    cell: str
    frames: dict
    code: None = None


@dataclasses.dataclass
class Problem:
    """A compiler's error: rustc's message, and what it marks in the cell."""
    code: str | None
    message: str
    diagnostic: dict
    place: tuple | None
    span: dict | None
    cell: str
    sources: object = None
    earlier: tuple = ()
    frames: dict = dataclasses.field(default_factory=dict)
    api: dict = dataclasses.field(default_factory=dict)

    @property
    def said(self):
        """The message, with short types."""
        return rust.short_type(self.message)

    @property
    def own(self):
        """Whether the error lies in this cell."""
        return self.place is not None and self.place.count is None

    @functools.cached_property
    def line(self):
        """The line of the cell that the error is about, or nothing."""
        lines = self.cell.split("\n")
        return lines[self.place.line - 1] if self.own and self.place.line <= len(lines) else ""

    @property
    def before(self):
        """That line up to what is marked."""
        return self.line[:self.place.column - 1] if self.own else ""

    @property
    def marked(self):
        """The code that the error is about."""
        return marked(self.span) if self.span else ""

    @property
    def after(self):
        """That line after what is marked."""
        return self.line[self.place.column - 1 + len(self.marked):] if self.own else ""

    @functools.cached_property
    def labelled(self):
        """Each piece of code that the compiler marks and what it says of it, the main one first."""
        spans = sorted(self.diagnostic.get("spans", []), key=lambda span: not span["is_primary"])
        return [(marked(span), rust.short_type(span.get("label") or "")) for span in spans]

    @property
    def label(self):
        return self.labelled[0][1] if self.labelled else ""

    @property
    def labels(self):
        return "\n".join(f"{text}: {label}" for text, label in self.labelled)

    @property
    def children(self):
        return self.diagnostic.get("children", [])

    @property
    def notes(self):
        return "\n".join(rust.short_type(child["message"]) for child in self.children)

    def operands(self):
        """The code on both sides of an operator that the compiler marks."""
        sides = [span for span in self.diagnostic.get("spans", []) if not span["is_primary"]]
        texts = [marked(span) for span in sorted(sides, key=lambda span: (span["line_start"], span["column_start"]))]
        return (texts + ["", ""])[:2]


def marked(span):
    """The code under a span; only its first line."""
    if not span.get("text"):
        return ""
    first = span["text"][0]
    return first["text"][first["highlight_start"] - 1:first["highlight_end"] - 1]
