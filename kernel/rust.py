"""Reads Rust as far as places, hints and completions need it: words, and the statements of a cell. Standard library only.

This is no parser. Whatever it cannot read it passes over, since a cell that does not compile is what it is asked about.
"""

import dataclasses
import functools
import re
import unicodedata

# A text or comment without an end runs to the end of the code, as it does for the compiler.
WORD = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>//[^\n]*|/\*)
    |(?P<raw>[bc]?r(?P<hashes>\#*)")
    |(?P<string>[bc]?"(?:[^"\\]|\\.)*\\?(?P<shut>")?)
    |(?P<char>b?'(?:\\u\{[^}']*\}|\\x[0-9a-fA-F]{2}|\\.|[^\\'\n]|\w+)')
    |(?P<lifetime>'[^\W\d]\w*)
    |(?P<name>(?:r\#)?[^\W\d]\w*)
    |(?P<number>\d(?:\w|\.(?=\d))*)
    |(?P<sign>::|->|=>|==|!=|<=|>=|&&|\|\||\.\.=|\.\.|[-+*/%^]=|.)""",
    re.X | re.S,
)
COMMENT_ENDS = re.compile(r"/\*|\*/")
OPEN, CLOSE = {"(": ")", "[": "]", "{": "}"}, {")": "(", "]": "[", "}": "{"}
# How an item begins, its words with a space between them.
ITEM = re.compile(
    r"""(?:pub\ (?:\(\ [^)]*\ \)\ )?)?
    (?:(?:default|unsafe|async|const|extern(?:\ "[^"]*")?)\ )*?
    (?P<kind>fn|struct|enum|union|trait|impl|mod|use|static|type|const(?!\ (?:fn|unsafe|async|extern)\b)
        |macro_rules(?=\ !)|extern(?=\ (?:crate|"[^"]*"\ \{)))
    (?:\ !|\ mut|\ crate)*\ (?P<name>[^\W\d]\w*)?""",
    re.X,
)
NAMELESS = {"impl", "use", "extern"}
# Items that end with a semicolon, whatever brackets they hold.
LINES = {"use", "static", "type", "const"}
# Expressions that end with their block, without a semicolon.
BLOCKS = {"if", "match", "loop", "while", "for", "unsafe", "async", "const"}
COMMAND = re.compile(r" *:[^ ]*( |$)|!")


@dataclasses.dataclass(frozen=True)
class Word:
    """A word of the code: its kind is string, char, lifetime, name, number or sign."""
    kind: str
    text: str
    start: int
    end: int
    open: bool = False  # a text that does not end


@dataclasses.dataclass(frozen=True)
class Statement:
    """A top-level piece of a cell: its kind is an item's first word, or "let", "code", "command", "attribute"."""
    kind: str
    name: str | None
    start: int
    end: int

    @property
    def moved(self):
        """Whether evcxr puts it before the cell's own function."""
        return self.kind not in ("let", "code")


def words(code):
    """The words of some Rust code, without spaces and comments."""
    found, at = [], 0
    while at < len(code):
        match = WORD.match(code, at)
        kind, end, unended = match.lastgroup, match.end(), False
        if kind == "hashes":
            kind = "string"
            end, unended = until(code, end, '"' + match["hashes"])
        elif kind in ("shut", "string"):
            kind, unended = "string", not match["shut"]
        elif match[0] == "/*":
            end, unended = comment_end(code, end)
        if kind not in ("space", "comment"):
            found.append(Word(kind, code[at:end], at, end, unended))
        at = end
    return found


def until(code, at, mark):
    """Where the first mark after a place ends, and whether there is none."""
    place = code.find(mark, at)
    return (len(code), True) if place < 0 else (place + len(mark), False)


def comment_end(code, at):
    """Where a comment ends that may hold others, and whether it does not."""
    depth = 1
    for found in COMMENT_ENDS.finditer(code, at):
        depth += 1 if found[0] == "/*" else -1
        if depth == 0:
            return found.end(), False
    return len(code), True


def line_column(code, offset):
    """Line and column of a place, both from 1."""
    return code.count("\n", 0, offset) + 1, offset - code.rfind("\n", 0, offset)


def offset(code, line, column):
    """The place of a line and column; None where there is no such line."""
    start = 0
    for _ in range(line - 1):
        start = code.find("\n", start) + 1
        if start == 0:
            return None
    return start + column - 1


@functools.lru_cache(512)
def statements(cell):
    """The top-level pieces of a cell, in order, as evcxr takes it apart; what lies between them are spaces and comments."""
    commands, start = leading_commands(cell)
    return tuple(commands + pieces([word for word in words(cell) if word.start >= start]))


def leading_commands(cell):
    """The commands at the top of a cell, and where its Rust begins."""
    commands, at = [], 0
    for line in cell.split("\n"):  # and not splitlines, which knows more ends of lines than Rust
        if COMMAND.match(line.rstrip("\r")):
            commands.append(Statement("command", None, at, at + len(line.rstrip())))
        elif line.strip() and not line.startswith("//"):
            break
        at += len(line) + 1
    return commands, at


def pieces(rest):
    found, at = [], 0
    while at < len(rest):
        if rest[at].text == ";":
            at += 1
            continue
        if [word.text for word in rest[at:at + 3]] == ["#", "!", "["]:
            kind, name, stop = "attribute", None, closing(rest, at + 2) + 1
        else:
            kind, name, ends_with_block = nature(rest, at)
            stop = end_of(rest, at, ends_with_block)
        found.append(Statement(kind, name, rest[at].start, rest[stop - 1].end))
        at = stop
    return found


def nature(rest, at):
    """What a statement is: its kind, its name, and whether it ends with a block."""
    at = after_attributes(rest, at)
    texts = [word.text for word in rest[at:at + 12]] + ["", "", ""]
    if texts[0] == "let":
        return "let", let_name(texts), False
    item = ITEM.match(" ".join(texts))
    if item and (item["name"] or item["kind"] in NAMELESS):
        kind = item["kind"]
        return kind, None if kind in NAMELESS else item["name"], kind not in LINES
    if rest[at].kind == "lifetime":
        texts = texts[2:]  # a labelled loop
    return "code", None, texts[0] in BLOCKS or texts[0] == "{" or is_block_macro(rest, at)


def let_name(texts):
    name = texts[2] if texts[1] == "mut" else texts[1]
    return name if name.isidentifier() else None


def is_block_macro(rest, at):
    """Whether `path::name! {` begins here."""
    while at + 2 < len(rest) and rest[at].kind == "name" and rest[at + 1].text == "::":
        at += 2
    return [word.text for word in rest[at + 1:at + 3]] == ["!", "{"]


def after_attributes(rest, at):
    while at + 1 < len(rest) and rest[at].text == "#" and rest[at + 1].text == "[":
        at = closing(rest, at + 1) + 1
    return min(at, len(rest) - 1)


def closing(rest, at):
    """The bracket that belongs to the one at a place; the last word if there is none."""
    depth = 0
    for place in range(at, len(rest)):
        depth += (rest[place].text in OPEN) - (rest[place].text in CLOSE)
        if depth == 0:
            return place
    return len(rest) - 1


def end_of(rest, at, ends_with_block):
    """The place behind a statement's last word."""
    while at < len(rest):
        text = rest[at].text
        if text == ";":
            return at + 1
        if text in OPEN:
            at = closing(rest, at)
            following = rest[at + 1].text if at + 1 < len(rest) else ""
            if ends_with_block and text == "{" and following not in ("else", ".", "?", ";"):
                return at + 1
        at += 1
    return len(rest)


def unbalanced(code):
    """Where the first bracket stands that has no partner, and which one it is; None if all have one."""
    waiting = []
    for word in words(code):
        if word.text in OPEN:
            waiting.append(word)
        elif word.text in CLOSE:
            if not waiting or waiting[-1].text != CLOSE[word.text]:
                return waiting[-1] if waiting else word
            waiting.pop()
    return waiting[-1] if waiting else None


def names(code):
    """The names that occur in some code."""
    return [word.text for word in words(code) if word.kind == "name"]


def variables(code):
    """The names that `let` introduces anywhere in some code, in order, each once."""
    found, rest = {}, words(code)
    for at, word in enumerate(rest):
        if word.text != "let":
            continue
        for part in rest[at + 1:]:
            if part.text in ("=", ":", ";", "else"):
                break
            if part.kind == "name" and part.text not in ("mut", "ref", "_") and part.text[0].islower():
                found[part.text] = None
    return list(found)


def wide(text):
    """How many columns some text takes in a fixed-width font."""
    return sum(0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)
