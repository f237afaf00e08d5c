"""Reads Rust as far as places, hints and completion need it: tokens, the statements of a cell, and names. Standard library only.

This is not a parser. It skips what it cannot read, because it mostly sees cells that do not compile.
"""

import dataclasses
import functools
import re

# A string or comment without an end runs to the end of the code, as it does for the compiler.
TOKEN = re.compile(
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
# How an item begins, its tokens with a space between them.
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
SEMICOLON_ITEMS = {"use", "static", "type", "const"}
# Expressions that end with their block, without a semicolon.
BLOCK_EXPRESSIONS = {"if", "match", "loop", "while", "for", "unsafe", "async", "const"}
COMMAND = re.compile(r" *:[^ ]*( |$)|!")
PRIMITIVES = {
    "i8", "i16", "i32", "i64", "i128", "u8", "u16", "u32", "u64", "u128", "usize", "isize", "f16", "f32", "f64",
    "f128", "bool", "char", "str",
}


@dataclasses.dataclass(frozen=True)
class Token:
    """A token of the code: its kind is string, char, lifetime, name, number or sign."""
    kind: str
    text: str
    start: int
    end: int
    open: bool = False  # a string without an end


@dataclasses.dataclass(frozen=True)
class Statement:
    """A top-level piece of a cell: its kind is an item's keyword, or "let", "code", "command", "attribute"."""
    kind: str
    name: str | None
    start: int
    end: int

    @property
    def hoisted(self):
        """Whether evcxr moves it out of the function that holds the rest of the cell."""
        return self.kind not in ("let", "code")


# Tokens and offsets.


def unix_lines(text):
    """Some text with the line ends that evcxr writes."""
    return text.replace("\r\n", "\n")


def tokens(code):
    """The tokens of some code, without spaces and comments."""
    found, at = [], 0
    while at < len(code):
        match = TOKEN.match(code, at)
        kind, end, unended = match.lastgroup, match.end(), False
        if kind == "hashes":
            kind = "string"
            end, unended = raw_string_end(code, end, '"' + match["hashes"])
        elif kind in ("shut", "string"):
            kind, unended = "string", not match["shut"]
        elif match[0] == "/*":
            end = comment_end(code, end)
        if kind not in ("space", "comment"):
            found.append(Token(kind, code[at:end], at, end, unended))
        at = end
    return found


def raw_string_end(code, at, mark):
    """Where the first mark after an offset ends, and whether there is none."""
    found = code.find(mark, at)
    return (len(code), True) if found < 0 else (found + len(mark), False)


def comment_end(code, at):
    """Where a block comment ends whose inside begins at an offset; it may hold others."""
    depth = 1
    for found in COMMENT_ENDS.finditer(code, at):
        depth += 1 if found[0] == "/*" else -1
        if depth == 0:
            return found.end()
    return len(code)


def line_column(code, offset):
    """Line and column of an offset, both from 1."""
    return code.count("\n", 0, offset) + 1, offset - code.rfind("\n", 0, offset)


def offset(code, line, column):
    """The offset of a line and column; None where there is no such line."""
    start = 0
    for _ in range(line - 1):
        start = code.find("\n", start) + 1
        if start == 0:
            return None
    return start + column - 1


def unbalanced(code):
    """The first bracket without a partner; None if all have one."""
    waiting = []
    for token in tokens(code):
        if token.text in OPEN:
            waiting.append(token)
        elif token.text in CLOSE:
            if not waiting or waiting[-1].text != CLOSE[token.text]:
                return waiting[-1] if waiting else token
            waiting.pop()
    return waiting[-1] if waiting else None


# Statements.


@functools.lru_cache(512)
def statements(cell):
    """The top-level pieces of a cell, in order, as evcxr takes it apart; between them lie only spaces and comments."""
    commands, start = leading_commands(cell)
    return tuple(commands + split([token for token in tokens(cell) if token.start >= start]))


def leading_commands(cell):
    """The commands at the top of a cell, and where its Rust begins."""
    commands, at = [], 0
    for line in cell.split("\n"):  # not splitlines, which knows more line ends than Rust
        if COMMAND.match(line.rstrip("\r")):
            commands.append(Statement("command", None, at, at + len(line.rstrip())))
        elif line.strip() and not line.startswith("//"):
            break
        at += len(line) + 1
    return commands, at


def split(rest):
    """The statements that some tokens make up."""
    found, at = [], 0
    while at < len(rest):
        if rest[at].text == ";":
            at += 1
            continue
        if [token.text for token in rest[at:at + 3]] == ["#", "!", "["]:
            kind, name, stop = "attribute", None, closing(rest, at + 2) + 1
        else:
            kind, name, ends_with_block = classify(rest, at)
            stop = statement_end(rest, at, ends_with_block)
        found.append(Statement(kind, name, rest[at].start, rest[stop - 1].end))
        at = stop
    return found


def classify(rest, at):
    """What statement begins here: its kind, its name, and whether it ends with a block."""
    at = after_attributes(rest, at)
    texts = [token.text for token in rest[at:at + 12]] + ["", "", ""]
    if texts[0] == "let":
        return "let", let_name(texts), False
    item = ITEM.match(" ".join(texts))
    if item and (item["name"] or item["kind"] in NAMELESS):
        kind = item["kind"]
        return kind, None if kind in NAMELESS else item["name"], kind not in SEMICOLON_ITEMS
    if rest[at].kind == "lifetime":
        texts = texts[2:]  # a labelled loop
    return "code", None, texts[0] in BLOCK_EXPRESSIONS or texts[0] == "{" or is_block_macro(rest, at)


def let_name(texts):
    name = texts[2] if texts[1] == "mut" else texts[1]
    return name if name.isidentifier() else None


def is_block_macro(rest, at):
    """Whether `path::name! {` begins here."""
    while at + 2 < len(rest) and rest[at].kind == "name" and rest[at + 1].text == "::":
        at += 2
    return [token.text for token in rest[at + 1:at + 3]] == ["!", "{"]


def after_attributes(rest, at):
    while at + 1 < len(rest) and rest[at].text == "#" and rest[at + 1].text == "[":
        at = closing(rest, at + 1) + 1
    return min(at, len(rest) - 1)


def closing(rest, at):
    """The index of the bracket that closes the one at an index; of the last token if there is none."""
    depth = 0
    for index in range(at, len(rest)):
        depth += (rest[index].text in OPEN) - (rest[index].text in CLOSE)
        if depth == 0:
            return index
    return len(rest) - 1


def statement_end(rest, at, ends_with_block):
    """The index after a statement's last token."""
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


# Names.


def names(code):
    """The names that occur in some code."""
    return [token.text for token in tokens(code) if token.kind == "name"]


def variables(code):
    """The names that `let` introduces anywhere in some code, in order, each once."""
    found, rest = {}, tokens(code)
    for at, token in enumerate(rest):
        if token.text != "let":
            continue
        for part in rest[at + 1:]:
            if part.text in ("=", ":", ";", "else"):
                break
            if part.kind == "name" and part.text not in ("mut", "ref", "_") and part.text[0].islower():
                found[part.text] = None
    return list(found)


def fn_names(source):
    """What a cell defines at its top level for later cells: functions, structs and other items with a name."""
    return [piece.name for piece in statements(unix_lines(source)) if piece.hoisted and piece.name]


def uses(source, name):
    """Whether a cell uses a function or type of this name."""
    found = tokens(source)
    for at, token in enumerate(found):
        before = found[at - 1].text if at else ""
        after = found[at + 1].text if at + 1 < len(found) else ""
        if token.text == name and before not in (".", "fn", "let", "mut", "struct", "enum", "type") and after != ":":
            return True
    return False


def short_type(name):
    """A type, or a text with types in it, without the modules they lie in."""
    return re.sub(r"(?:\b[a-z_]\w*::)+(?=[A-Z])", "", name)
