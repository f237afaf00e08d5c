"""Finds the place in a cell that the compiler or a panic names.

evcxr puts a cell's statements into a crate of its own: functions, structs and imports of this and of earlier cells first,
in any order, then a function that holds the rest. So the place that is named is a line of that crate; here it is found
again in the cell. Nothing is read or written: the relay hands in the texts.
"""

import collections
import re

import rust

# A place in a cell; `count` is the execution count of an earlier cell, or None for the cell itself.
Place = collections.namedtuple("Place", "count line column")

# Where the function begins that holds a cell's statements: to run them, or (second) only to check them.
ENTRY = re.compile(r'pub extern "C" fn run_user_code_\d+\(|async fn evcxr_analysis_wrapper\(')
# evcxr's lines between there and the cell's first statement; the last of them is the line right before it.
PREAMBLE = re.compile(
    r"let evcxr_variable_store = |if !vars_ok|let (mut )?\w+ = evcxr_variable_store\.take_variable"
    r"|(match|if) std::panic::catch_unwind\(|  std::panic::AssertUnwindSafe\(\|\|\{"
    r"|let _ = \(\|\| -> std::result::Result<\(\), EvcxrUserCodeError> \{|evcxr_variable_store: \*mut u8\)"
    r"|\.block_on\(async \{|\) -> Result<\(\), EvcxrUserCodeError> \{"
)
# Its lines before a last value that is to be shown; a function that sends text may stand before the second form.
OPENERS = {"(", "casebook::show!(", "let _ ="}
SENDER, SENDS = "fn evcxr_send_text_plain(text: &str)", "evcxr_send_text_plain(&format!("
# A variable that the cell can use: when it is run, and when it is only checked.
LOADED = re.compile(r"^let (?:mut )?(\w+) = evcxr_variable_store\.take_variable::<(.*)>\(stringify!", re.M)
CHECKED = re.compile(r"^(?:mut )?(\w+): (.*),$", re.M)


def place(lib_rs_text, line, column, cell_source, earlier=()):
    """Where a line and column of the crate lie: a Place in this cell or an earlier one, or None.

    `earlier` holds the cells before it that compiled, as (execution count, source), oldest first.
    """
    return Sources(lib_rs_text, cell_source, earlier).place(line, column)


class Sources:
    """The crate that was compiled, and the cells it is made of."""

    def __init__(self, lib_rs, cell, earlier=()):
        self.lines = rust.unix_lines(lib_rs).split("\n")
        self.cell = rust.unix_lines(cell)
        self.earlier = [(count, rust.unix_lines(source)) for count, source in earlier]
        self.entry = max((at for at, line in enumerate(self.lines) if ENTRY.match(line)), default=len(self.lines))
        inside = range(self.entry, len(self.lines))
        self.first = max((at + 1 for at in inside if PREAMBLE.match(self.lines[at])), default=len(self.lines))
        self.traced = trace(self.lines, self.first, self.cell)

    def place(self, line, column):
        """Where a line and column of the crate lie in a cell; None if the line is evcxr's own."""
        at = line - 1
        if not 0 <= at < len(self.lines):
            return None
        if at < self.entry:
            return self.among_items(at, column)
        if at < self.first:
            return None
        if self.traced is None:
            return by_text(self.lines[self.first:], at - self.first, column, self.cell)
        if at in self.traced:
            return shifted(self.cell, self.traced[at], self.lines[at], column)
        following = self.traced.get(at + 1)
        if following is None or not (self.lines[at].strip() in OPENERS or self.lines[at].startswith(SENDS)):
            return None
        return Place(None, *rust.line_column(self.cell, following))  # the line that shows a last value stands for it

    def among_items(self, at, column):
        """The place in a function, struct or import; the newest cell that defines it wins."""
        for count, source in [(None, self.cell), *reversed(self.earlier)]:
            for piece in reversed(rust.statements(source)):
                if piece.kind == "use":
                    start = import_start(self.lines[at], source, piece, column)
                else:
                    start = item_start(self.lines, at, source, piece)
                if start is not None:
                    return shifted(source, start, self.lines[at], column, count)
        return None

    def variables(self):
        """The variables of earlier cells that the crate can use, with their types."""
        text = "\n".join(self.lines[self.entry:self.first])
        return dict((CHECKED if "fn evcxr_analysis_wrapper(" in text else LOADED).findall(text))

    def source(self, at):
        """The source of the cell in which a place lies."""
        return self.cell if at.count is None else next(source for count, source in self.earlier if count == at.count)


def indent(line):
    return len(line) - len(line.lstrip())


def shifted(source, start, line, column, count=None):
    """The place of a column of a line whose first letter, after its indent, is at the offset `start` of a source."""
    begins = source.rfind("\n", 0, start) + 1
    return Place(count, *rust.line_column(source, max(start + column - 1 - indent(line), begins)))


# The cell's own function.


def trace(lines, first, cell):
    """Where the lines of the cell's function come from: the offset in the cell of each line's first letter; None if unclear.

    Statements stand there word for word and in order, each on a line of its own. evcxr adds a line before a last value;
    whether a line such as "(" is that one shows in whether the rest fits.
    """
    gaps = {piece.start: piece.end for piece in rust.statements(cell) if piece.hoisted}
    waiting = [(first, 0, {}, False)]
    while waiting:
        found = follow(lines, cell, gaps, waiting, *waiting.pop())
        if found is not None:
            return found
    return None


def follow(lines, cell, gaps, waiting, at, offset, found, opened):
    """One way to read the lines from one on; None if it does not lead to the cell's end. Other ways are left in `waiting`."""
    found = dict(found)
    while at < len(lines):
        text = lines[at].strip()
        start = next_start(cell, offset, text, gaps)
        if not opened and (text in OPENERS or text == SENDER):
            if start is not None:  # it may also be the cell's own
                waiting.append((at + 1, start + len(text), found | {at: start}, opened))
            if text == SENDER:
                at = next((number for number in range(at, len(lines)) if lines[number].startswith((SENDS, "casebook::show!("))), at)
            opened = True
        elif start is None:
            break
        else:
            found[at] = start
            offset = start + len(text)
        at += 1
    return found if next_start(cell, offset, None, gaps) is None else None


def next_start(cell, at, text, gaps):
    """Where some text begins, if only spaces, comments and hoisted items lie before it; without a text, anything else."""
    while at < len(cell):
        if cell[at].isspace():
            at += 1
        elif text and cell.startswith(text, at):
            return at
        elif at in gaps:
            at = gaps[at]
        elif cell[at] == ";":
            at += 1
        elif cell.startswith("//", at):
            at = (cell + "\n").index("\n", at)
        elif cell.startswith("/*", at):
            at = rust.comment_end(cell, at + 2)
        else:
            return None if text else at
    return at if text == "" else None


def by_text(lines, at, column, cell):
    """The place of a line that stands in the cell as it is; of several that are alike, the one in the same order."""
    text = lines[at].strip()
    order = sum(line.strip() == text for line in lines[:at])
    alike = [(number, line) for number, line in enumerate(cell.split("\n"), 1) if line.strip() == text]
    if not text or order >= len(alike):
        return None
    number, line = alike[order]
    return shifted(cell, rust.offset(cell, number, 1) + indent(line), lines[at], column)


# What stands outside that function.


def item_start(lines, at, source, piece):
    """The offset of a line in an item that stands in the crate word for word; None if the line is not of this item."""
    if not piece.hoisted or piece.kind in ("command", "use"):
        return None
    own = source[piece.start:piece.end].split("\n")
    wanted = lines[at].strip()
    for number, line in enumerate(own):
        top = at - number
        if top >= 0 and line.strip() in wanted and matches(own, lines[top:top + len(own)]):
            start = piece.start + len("\n".join(own[:number])) + bool(number) + indent(line)
            # A comment may stand before the item's first word.
            return start if number else start - lines[at].index(line.strip()) + indent(lines[at])
    return None


def matches(own, lines):
    """Whether an item's lines are these. A comment may stand before its first word and after its last."""
    if len(own) == 1 or len(own) != len(lines):
        return len(own) == len(lines) and own[0].strip() in lines[0]
    middle = zip(own[1:-1], lines[1:-1])
    return lines[0].rstrip().endswith(own[0].strip()) and all(a.strip() == b.strip() for a, b in middle) and (
        lines[-1].lstrip().startswith(own[-1].strip()))


def import_start(line, source, piece, column):
    """The offset of a line's beginning, by the name in a column of it; evcxr writes each imported name's `use` again."""
    if not line.startswith("use "):
        return None
    asked = next((token for token in rust.tokens(line) if token.start <= column - 1 < token.end), None)
    own = [token for token in rust.tokens(source) if piece.start <= token.start < piece.end]
    if asked is None or not set(rust.names(line)) <= {token.text for token in own}:
        return None
    return next((token.start - asked.start for token in own if token.text == asked.text), None)
