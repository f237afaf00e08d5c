"""What an error means: where in the cell it lies, in which words Jupyter is told, and what to do about it.

evcxr puts a cell's statements into a crate of its own: functions, structs and imports of this and of earlier cells first,
in any order, then a function that holds the rest. So a place that the compiler or a panic names is a line of that crate.
Here it is found again in the cell. Nothing is read or written: the relay hands in the texts.
"""

import collections
import re

import hints
import rust
from common import PROJECT

# A place in a cell; `count` is the execution count of an earlier cell, or None for the cell itself.
Place = collections.namedtuple("Place", "count line column")

RED, GREY, CYAN, OFF = "\x1b[31m", "\x1b[38;5;246m", "\x1b[36m", "\x1b[0m"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
SOURCE = "src/lib.rs"

# Where the function begins that holds a cell's statements: to run them, or (second) only to check them.
ENTRY = re.compile(r'pub extern "C" fn run_user_code_\d+\(|async fn evcxr_analysis_wrapper\(')
# evcxr's lines between there and the cell's first statement; the last of them is the last line before it.
BEFORE = re.compile(
    r"let evcxr_variable_store = |if !vars_ok|let (mut )?\w+ = evcxr_variable_store\.take_variable"
    r"|(match|if) std::panic::catch_unwind\(|  std::panic::AssertUnwindSafe\(\|\|\{"
    r"|let _ = \(\|\| -> std::result::Result<\(\), EvcxrUserCodeError> \{|evcxr_variable_store: \*mut u8\)"
    r"|\.block_on\(async \{|\) -> Result<\(\), EvcxrUserCodeError> \{"
)
# Its lines before a last value that is to be shown; a function that sends text may stand before the second.
OPENERS = {"(", "casebook::show!(", "let _ ="}
SENDER, SENDS = "fn evcxr_send_text_plain(text: &str)", "evcxr_send_text_plain(&format!("
# A variable that the cell can use: when it is run, and when it is only checked.
LOADED = re.compile(r"^let (?:mut )?(\w+) = evcxr_variable_store\.take_variable::<(.*)>\(stringify!", re.M)
CHECKED = re.compile(r"^(?:mut )?(\w+): (.*),$", re.M)


def plain(text):
    """Some text without its colours."""
    return COLOUR.sub("", text)


def even(text):
    """Some text whose lines all end alike."""
    return text.replace("\r\n", "\n")


# Places.


class Sources:
    """The crate that was compiled, and the cells it is made of."""

    def __init__(self, lib_rs, cell, earlier=()):
        self.lines = even(lib_rs).split("\n")
        self.cell = even(cell)
        self.earlier = [(count, even(source)) for count, source in earlier]
        self.entry = max((at for at, line in enumerate(self.lines) if ENTRY.match(line)), default=len(self.lines))
        inside = range(self.entry, len(self.lines))
        self.first = max((at + 1 for at in inside if BEFORE.match(self.lines[at])), default=len(self.lines))
        self.traced = trace(self.lines, self.first, self.cell)

    def place(self, line, column):
        """Where a line and column of the crate lie in a cell; None if it is none of the cells' own."""
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
            return spot(self.cell, self.traced[at], self.lines[at], column)
        following = self.traced.get(at + 1)
        if following is None or not (self.lines[at].strip() in OPENERS or self.lines[at].startswith(SENDS)):
            return None
        return Place(None, *rust.line_column(self.cell, following))  # of the line that shows a last value: the value

    def among_items(self, at, column):
        """The place in a function, struct or import; the newest cell that defines it wins."""
        for count, source in [(None, self.cell), *reversed(self.earlier)]:
            for piece in reversed(rust.statements(source)):
                if piece.kind == "use":
                    start = import_start(self.lines[at], source, piece, column)
                else:
                    start = item_start(self.lines, at, source, piece)
                if start is not None:
                    return spot(source, start, self.lines[at], column, count)
        return None

    def variables(self):
        """The variables of earlier cells that the crate can use, with their types."""
        text = "\n".join(self.lines[self.entry:self.first])
        return dict((CHECKED if "fn evcxr_analysis_wrapper(" in text else LOADED).findall(text))


def spot(source, start, line, column, count=None):
    """The place of a column, where `start` is that of the line's first letter that is no space."""
    place = start + column - 1 - (len(line) - len(line.lstrip()))
    begins = source.rfind("\n", 0, start) + 1
    return Place(count, *rust.line_column(source, max(place, begins)))


def trace(lines, first, cell):
    """Where the lines of the cell's function come from: the number of each, and the place of its first letter in the cell.

    Statements stand there word for word and in order, each on a line of its own. evcxr adds a line before a last value;
    whether a line such as "(" is that one is seen by whether the rest fits.
    """
    gaps = {piece.start: piece.end for piece in rust.statements(cell) if piece.moved}
    waiting = [(first, 0, {}, False)]
    while waiting:
        found = follow(lines, cell, gaps, waiting, *waiting.pop())
        if found is not None:
            return found
    return None


def follow(lines, cell, gaps, waiting, at, place, found, opened):
    """One way of reading the lines from a place on; None if it does not lead to the cell's end."""
    found = dict(found)
    while at < len(lines):
        text = lines[at].strip()
        start = next_start(cell, place, text, gaps)
        if not opened and (text in OPENERS or text == SENDER):
            if start is not None:  # it may also be the cell's own
                waiting.append((at + 1, start + len(text), found | {at: start}, opened))
            if text == SENDER:
                at = next((number for number in range(at, len(lines)) if lines[number].startswith(SENDS)), at)
            opened = True
        elif start is None:
            break
        else:
            found[at] = start
            place = start + len(text)
        at += 1
    return found if next_start(cell, place, None, gaps) is None else None


def next_start(cell, place, text, gaps):
    """Where some text begins, if only spaces, comments and what evcxr moves lie before it; without a text, anything else."""
    while place < len(cell):
        if cell[place].isspace():
            place += 1
        elif text and cell.startswith(text, place):
            return place
        elif place in gaps:
            place = gaps[place]
        elif cell[place] == ";":
            place += 1
        elif cell.startswith("//", place):
            place = (cell + "\n").index("\n", place)
        elif cell.startswith("/*", place):
            place = rust.comment_end(cell, place + 2)[0]
        else:
            return None if text else place
    return place if text == "" else None


def by_text(lines, at, column, cell):
    """The place of a line that stands in the cell as it is; of several that are alike, the one in the same order."""
    text = lines[at].strip()
    order = sum(line.strip() == text for line in lines[:at])
    alike = [number for number, line in enumerate(cell.split("\n")) if line.strip() == text]
    if not text or order >= len(alike):
        return None
    line = cell.split("\n")[alike[order]]
    start = rust.offset(cell, alike[order] + 1, 1) + len(line) - len(line.lstrip())
    return spot(cell, start, lines[at], column)


def item_start(lines, at, source, piece):
    """Where a line begins in an item that stands in the crate word for word; None if the line is not of this item."""
    if not piece.moved or piece.kind in ("command", "use"):
        return None
    own = source[piece.start:piece.end].split("\n")
    wanted = lines[at].strip()
    for number, line in enumerate(own):
        top = at - number
        if top >= 0 and line.strip() in wanted and matches(own, lines[top:top + len(own)]):
            start = piece.start + len("\n".join(own[:number])) + bool(number) + len(line) - len(line.lstrip())
            # Before an item's first word a comment may stand.
            return start if number else start - lines[at].index(line.strip()) + len(lines[at]) - len(lines[at].lstrip())
    return None


def matches(own, lines):
    """Whether an item's lines stand here. Before its first word and behind its last may be a comment."""
    if len(own) == 1 or len(own) != len(lines):
        return len(own) == len(lines) and own[0].strip() in lines[0]
    middle = zip(own[1:-1], lines[1:-1])
    return lines[0].rstrip().endswith(own[0].strip()) and all(a.strip() == b.strip() for a, b in middle) and (
        lines[-1].lstrip().startswith(own[-1].strip()))


def import_start(line, source, piece, column):
    """Where an import has the name that stands in a column of a line; evcxr writes each name's import anew."""
    if not line.startswith("use "):
        return None
    asked = next((word for word in rust.words(line) if word.start <= column - 1 < word.end), None)
    own = [word for word in rust.words(source) if piece.start <= word.start < piece.end]
    if asked is None or not set(rust.names(line)) <= {word.text for word in own}:
        return None
    return next(word.start for word in own if word.text == asked.text) - asked.start if asked.text in source else None


def place(lib_rs_text, line, column, cell_source, earlier=()):
    """Where a line and column of the crate lie: a Place in this cell or an earlier one, or None.

    `earlier` holds the cells before it that compiled, as (execution count, source), oldest first.
    """
    return Sources(lib_rs_text, cell_source, earlier).place(line, column)


# A compiler's message.


class Diagnosis:
    """A message of rustc, and where it is about in the cell."""

    def __init__(self, told, whole, sources, cell, rows):
        self.told, self.code = told, (whole.get("code") or {}).get("code")
        self.alone = told is whole  # and not only what is added to a message
        marks = [(local(span), span) for span in told.get("spans", [])]
        self.spans = [(span, located(inner, sources, cell, rows), inner) for inner, span in marks if inner]
        inside = sorted((entry for entry in self.spans if entry[1]), key=lambda entry: not entry[0]["is_primary"])
        self.place, self.span = inside[0][1:] if inside else (None, None)


def local(span):
    """The part of a span that lies in the cell's crate: of a macro's inside, where the cell calls it."""
    while span and (span["file_name"].startswith("/") or not span["file_name"].endswith("lib.rs")):
        span = (span.get("expansion") or {}).get("span")
    return span


def located(span, sources, cell, rows):
    """The place of a span; without the crate's text, that of the same line in the cell, one that the report shows if possible."""
    if sources:
        return sources.place(span["line_start"], span["column_start"])
    text = span["text"][0]["text"].strip() if span.get("text") else ""
    alike = [number for number, line in enumerate(cell.split("\n"), 1) if text and text in line]
    shown = [number for number in alike if number in {row.number for row in rows}] or alike
    if not shown:
        return None
    line = cell.split("\n")[shown[0] - 1]
    indent = len(span["text"][0]["text"]) - len(span["text"][0]["text"].lstrip())
    return Place(None, shown[0], line.index(text) + span["column_start"] - indent)


Row = collections.namedtuple("Row", "number marks")
GUTTER = re.compile(r"^ *(\d+)? *│ ?(.*)$")


def rows(traceback):
    """The source lines of a report: the number of each, and the columns that have a mark below them."""
    found = []
    for line in traceback:
        match = GUTTER.match(plain(line))
        if match and match[1]:
            found.append(Row(int(match[1]), set()))
        elif match and found:
            found[-1].marks.update(at + 1 for at, letter in enumerate(match[2]) if letter in "─┬│╰")
    return found


def diagnose(content, sources, cell, diagnostics):
    """Which of rustc's messages an error of evcxr is, and the code that goes with it; None if it is none of them."""
    said, shown = content["evalue"].replace("<end of input>", "`evcxr_variable_store`"), rows(content["traceback"])
    found = []
    for told in diagnostics:
        for part in (told, *told.get("children", [])):
            if part["message"] == said and told.get("level") != "warning":
                found.append(Diagnosis(part, told, sources, cell, shown))
    text = plain("\n".join(content["traceback"]))

    def fits(one):
        labels = [span["label"] for span in part_spans(one) if span.get("label")]
        marked = one.place is not None and any(row.number == one.place.line and one.place.column in row.marks for row in shown)
        return one.alone, marked, sum(1 if label in text else -1 for label in labels)
    return max(found, key=fits, default=None)


def part_spans(one):
    """A message's spans that lie in the cell."""
    return [span for span, at, _ in one.spans if at]


def compile_error(content, cell_source, diagnostics, lib_rs="", earlier=(), frames=None, api=None):
    """A compiler's error as Jupyter is told of it: evcxr's content with the error's code, its place in the cell, and hints.

    `diagnostics` are rustc's messages of that compilation, `lib_rs` the crate it compiled, `frames` the columns of the
    data frames in scope, `api` what the library's modules offer. Without the crate, a place is found by its line's text.
    """
    cell = even(cell_source)
    sources = Sources(lib_rs, cell, earlier) if lib_rs else None
    found = diagnose(content, sources, cell, diagnostics)
    code = found.code if found else None
    traceback = list(content["traceback"])
    boxed = any("─[" in plain(line) for line in traceback)
    if boxed:
        traceback = corrected(traceback, found.place if found else None)
    elif found and (found.place or not cell.isascii()):
        traceback = drawn(found, content["evalue"], sources, cell, earlier)
    else:
        traceback += self_made(content, cell)
        code = code or ("E0597" if "non-static lifetime" in content["evalue"] else None)
    problem = hints.Problem(
        code=code, message=content["evalue"], told=found.told if found else {}, place=found.place if found else None,
        span=found.span if found else None, cell=cell, sources=sources, earlier=earlier, frames=frames or {}, api=api or {},
    )
    compiled = found or boxed or content["evalue"].startswith(hints.OF_EVCXR)
    ename = code or ("CompileError" if compiled else content["ename"])
    return {"ename": ename, "evalue": content["evalue"], "traceback": traceback + advice(hints.of_compiler(problem))}


def compile_errors(contents, *about, **more):
    """Several errors of one cell as one: the first names it, all are shown, no hint twice.

    Left out is what the compiler only adds to a message about a line of evcxr's own, and evcxr takes for an error.
    """
    whole = [content for content in contents if not ADDED.match(content["evalue"])]
    errors, lines, given = [compile_error(content, *about, **more) for content in whole or contents], [], set()
    for error in errors:
        new = [line for line in error["traceback"] if not (is_hint(line) and line in given)]
        given.update(filter(is_hint, new))
        lines += [""] * bool(lines) + new
    return errors[0] | {"traceback": lines}


ADDED = re.compile(r"consider importing |a type alias with a similar name exists|you might have meant ")


def is_hint(line):
    return plain(line).startswith("hint: ")


def advice(texts):
    """Hints as the last lines of a report."""
    return [f"{CYAN}hint:{OFF} {text}" for text in texts]


HEADER = re.compile(r"command_\d+:\d+:\d+")


def corrected(traceback, at):
    """A report whose headers say where the error is; evcxr's say the cell's beginning."""
    done = []
    for number, line in enumerate(traceback):
        if HEADER.search(line):
            following = rows(traceback[number + 1:])
            below = f"line {following[0].number}" if following else "this cell"
            line = HEADER.sub(where(at) if at and "╭" in plain(line) else below, line)
        done.append(line)
    return done


def where(at):
    """A place in words."""
    cell = "" if at.count is None else f"cell [{at.count}], "
    return f"{cell}line {at.line}, column {at.column}"


def drawn(found, message, sources, cell, earlier):
    """A report of our own, in the form of evcxr's: for a cell that is not ASCII, or where evcxr shows no place."""
    code = f"[{found.code}] " if found.code else ""
    head = f"{RED}{code}Error:{OFF} {message}"
    if not found.place:
        return [head]
    marks = {}
    parts = [(span, at, inner, span.get("label") or "") for span, at, inner in found.spans]
    for child in found.told.get("children", []):
        inner = local(child["spans"][0]) if len(child.get("spans", [])) == 1 else None
        if inner:
            text = child["spans"][0].get("suggested_replacement")
            label = f"{child['level']}: {child['message']}" + (f": `{text}`" if text else "")
            parts.append((inner, located(inner, sources, cell, []), inner, label))
    for _, at, inner, label in parts:
        if at and at.count == found.place.count:
            width = inner["column_end"] - inner["column_start"] if inner["line_end"] == inner["line_start"] else 1
            marks.setdefault(at.line, []).append((at.column, max(width, 1), label))
    return [head, *box(source_of(found.place, cell, earlier), found.place, marks)]


def self_made(content, cell):
    """A picture for a message that has none: of the variable that it names, or of the bracket that it misses."""
    message = content["evalue"]
    named = re.search(r"variable `(\w+)`", message)
    made = named and re.search(rf"\blet\s+(?:mut\s+)?({named[1]})\b", cell)
    if made:
        at = Place(None, *rust.line_column(cell, made.start(1)))
        return box(cell, at, {at.line: [(at.column, len(named[1]), "this variable")]})
    return open_bracket(cell) if re.match(hints.BRACKETS, message) else []


# A report's picture.


def source_of(at, cell, earlier):
    return cell if at.count is None else next(even(source) for count, source in earlier if count == at.count)


def box(source, at, marks):
    """Lines of a source with marks below them, in a frame that says where: `marks` has (column, width, label) for a line."""
    lines = source.split("\n")
    margin = " " * (len(str(max(marks, default=1))) + 2)
    bar = f"{GREY}{margin}│{OFF}"
    picture = [f"{GREY}{margin}╭─[{OFF} {where(at)} {GREY}]{OFF}", bar]
    for number in sorted(marks):
        line = lines[number - 1].replace("\t", " ") if number <= len(lines) else ""
        picture.append(f"{GREY}{number:>{len(margin) - 1}} │{OFF} {line}")
        for column, width, label in sorted(marks[number]):
            before = " " * rust.wide(line[:column - 1])
            below = max(rust.wide(line[column - 1:column - 1 + width]), 1)
            picture.append(f"{bar} {before}{RED}{'─' * ((below - 1) // 2)}┬{'─' * (below // 2)}{OFF}")
            if label:
                picture.append(f"{bar} {before}{' ' * ((below - 1) // 2)}{RED}╰──{OFF} {label}")
    return [*picture, f"{GREY}{'─' * len(margin)}╯{OFF}"]


def open_bracket(cell):
    """The bracket that has no partner, shown."""
    word = rust.unbalanced(cell)
    if not word:
        return []
    at = Place(None, *rust.line_column(cell, word.start))
    return box(cell, at, {at.line: [(at.column, 1, "this bracket has no partner")]})


# A panic, and an error that a cell returns.


def short_path(file):
    """A source file's crate and its path in it, without where that lies on this machine."""
    path = file.replace("\\", "/")
    for marker in (r"/registry/src/[^/]+/", r"/git/checkouts/", r"/rustlib/src/rust/library/", r"/rustc/[0-9a-f]+/library/"):
        parts = re.split(marker, path, maxsplit=1)
        if len(parts) == 2:
            return parts[1]
    if not path.startswith("/") or "/src/" not in path:
        return path if not path.startswith("/") else path.rsplit("/", 1)[1]
    folder, tail = path.rsplit("/src/", 1)
    name = "casebook" if (PROJECT / "src" / tail).exists() else folder.rsplit("/", 1)[1]
    return f"{name}/src/{tail}"


def short_type(name):
    """A type's name without the modules it lies in."""
    return re.sub(r"(?:\w+::)+(?=\w)", "", name)


def first_lines(message):
    """A message without what polars adds for its own developers: the plan of the query, and its own guess of a name."""
    return re.split(r"\n\s*\n(?:Resolved plan until failure|Did you mean )", message, maxsplit=1)[0].rstrip()


ENDS = {";", ",", "=", "=>", "+", "-", "*", "/", "%", "==", "!=", "&&", "||", "..", "{", "}"}


def question_mark(source, at):
    """Where the `?` stands that returned the error of an expression that begins at a place; None if there are several."""
    depth, found = 0, []
    for word in rust.words(source[rust.offset(source, at.line, at.column):]):
        depth += (word.text in rust.OPEN) - (word.text in rust.CLOSE)
        if depth < 0 or depth == 0 and word.text in ENDS:
            break
        if depth == 0 and word.text == "?":
            found.append(word.start)
    if len(found) != 1:
        return None
    return Place(at.count, *rust.line_column(source, rust.offset(source, at.line, at.column) + found[0]))


class Raised:
    """Something that went wrong while a cell ran, and what Jupyter is told of it."""

    def __init__(self, message, file, line, column, lib_rs, cell, earlier, frames):
        self.said, self.file, self.line = first_lines(message), file, line
        self.sources = Sources(lib_rs, cell, earlier)
        self.at = self.sources.place(line, column) if file in ("", SOURCE) or short_path(file) == SOURCE else None
        self.hints = hints.of_run(hints.Failure(message, self.sources.cell, dict(frames or {})))

    @property
    def source(self):
        return source_of(self.at, self.sources.cell, self.sources.earlier)

    def content(self, ename, label):
        """The error's name, what happened in a sentence, the line, and a hint."""
        at, picture, place = self.at, [], ""
        if at:
            place = f" {'at' if at.count is None else 'in'} {where(at)}"
            picture = box(self.source, at, {at.line: [(at.column, 1, label)]})
        elif self.file and self.file != SOURCE:
            place = f" in {short_path(self.file)}, line {self.line}"
        what = f"{RED}{ename}:{OFF} the cell stopped{place}: {self.said}"
        return {"ename": ename, "evalue": self.said, "traceback": [*what.split("\n"), *picture, *advice(self.hints)]}


def panic(what, file, line, column, message, lib_rs="", cell_source="", earlier=(), frames=None):
    """Jupyter's content for a panic. A check that an answer did not pass tells everything in its message."""
    if what == "NotYet":
        return {"ename": what, "evalue": message.split("\n", 1)[0], "traceback": message.split("\n")}
    raised = Raised(message or "a panic without a message", file, line, column, lib_rs, cell_source, earlier, frames)
    return raised.content("panic", "it panicked here")


def failure(type_name, file, line, column, message, lib_rs="", cell_source="", earlier=(), frames=None):
    """Jupyter's content for an error that left the cell through `?`. Rust says where the expression before it begins."""
    raised, label = Raised(message, file, line, column, lib_rs, cell_source, earlier, frames), "this expression gave the error"
    mark = raised.at and question_mark(raised.source, raised.at)
    if mark:
        raised.at, label = mark, "this `?` ended the cell with the error"
    return raised.content(short_type(type_name), label)


# The end of the process that holds a session's variables.

DEATH = re.compile(r"Subprocess (?:terminated with (?:status: )?|didn't start)(?P<how>.*)", re.S)
AFTERWARDS = (
    "The session's variables are gone; functions and imports of earlier cells are kept. "
    'In the Run menu, "Run All Above Selected Cell" brings the variables back.'
)


def is_death(evalue):
    """Whether an error of evcxr says that the process that runs the cells has ended."""
    return bool(DEATH.search(evalue))


def size(count):
    """A number of bytes as people say it."""
    for unit in ("bytes", "KB", "MB", "GB", "TB", "PB"):
        if count < 1024 or unit == "PB":
            return f"{count:.3g} {unit}" if count < 999.5 else f"{count:,.0f} {unit}"
        count /= 1024


def died(evalue, stderr_text, interrupted):
    """Jupyter's content for a cell whose process ended: what happened, and how to go on. What it printed about its end,
    addresses and symbols, is left out."""
    how = DEATH.search(evalue)["how"]
    ename, said, text = cause(how, stderr_text, interrupted)
    printed = [line for line in evalue[:DEATH.search(evalue).start()].split("\n") if line and not line.startswith("\x1e")]
    return {"ename": ename, "evalue": said, "traceback": [*printed, f"{RED}{ename}:{OFF} {said}", AFTERWARDS, *advice(text)]}


def cause(how, stderr, interrupted):
    """Why a process ended: a name, a sentence, hints."""
    signal = re.search(r"signal:? (\d+)", how)
    number = int(signal[1]) if signal else None
    asked = re.search(r"memory allocation of (\d+) bytes failed", stderr)
    status = re.search(r"exit (?:status|code): (-?\d+)", how)
    if interrupted:
        return "Interrupted", "you interrupted the cell", []
    if asked:
        return "OutOfMemory", f"the cell asked for {size(int(asked[1]))} of memory in one piece, more than there is", []
    # evcxr's own handler of bad addresses cannot run on a stack that is full: nothing is said then.
    if "has overflowed its stack" in stderr or number == 11 and "Segmentation fault" not in stderr:
        return STACK
    if number == 9:
        return MEMORY
    if number in (4, 7, 10, 11) or re.search(r"Segmentation fault|Bus error|Illegal instruction", stderr):
        return CRASH
    if number == 6:
        return ABORT
    if status:
        return "Exit", f"the cell ended its own process: `std::process::exit({status[1]})`", [
            "leave a cell early with `?`, or put its lines into a function and `return`"]
    return "Died", f"the cell's process ended: {how.strip(' :') or 'it could not be started'}", []


STACK = (
    "StackOverflow", "the stack is full: functions called each other without end, or an array is too large for it",
    ["a function that calls itself needs a case where it stops; a large array belongs on the heap: `vec![0; n]`"],
)
MEMORY = (
    "Killed", "the system ended the cell's process, probably because memory ran out",
    ["work with fewer rows or columns at a time, and drop large variables that you no longer need: `drop(frame);`"],
)
CRASH = (
    "Crash", "the cell's process crashed on a bad memory address: only `unsafe` code can do that, the cell's or a library's", [],
)
ABORT = (
    "Aborted", "the cell's process was aborted: by `std::process::abort()`, or by a panic during another one", [],
)


# Names.


def fn_names(source):
    """What a cell defines at its top level, for later cells: functions, structs and other items with a name."""
    return [piece.name for piece in rust.statements(even(source)) if piece.moved and piece.name]


def uses(source, name):
    """Whether a cell uses a function or type of this name."""
    found = rust.words(source)
    for at, word in enumerate(found):
        before = found[at - 1].text if at else ""
        after = found[at + 1].text if at + 1 < len(found) else ""
        if word.text == name and before not in (".", "fn", "let", "mut", "struct", "enum", "type") and after != ":":
            return True
    return False

