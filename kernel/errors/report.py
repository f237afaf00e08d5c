"""How an error is drawn: in the form of evcxr's reports, lines of source with marks below them in a frame that says where."""

import collections
import re
import unicodedata

RED, GREY, BOLD, OFF = "\x1b[31m", "\x1b[38;5;246m", "\x1b[1m", "\x1b[0m"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# The place that evcxr writes into a report's header.
HEADER = re.compile(r"command_\d+:\d+:\d+")
# A source line of a report, or the line of marks below it.
GUTTER = re.compile(r"^ *(\d+)? *│ ?(.*)$")

Row = collections.namedtuple("Row", "number marks")


# evcxr's colour for code that has none: a light grey, which cannot be read on white.
PALE = "38;5;249"


def plain(text):
    """Some text without its colours."""
    return COLOUR.sub("", text)


def merged(line):
    """A line that looks the same with fewer changes of colour: evcxr colours letter by letter."""
    out, now, wanted = [], "", ""
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if COLOUR.fullmatch(part):
            style = part[2:-1]
            wanted = "" if style in ("", "0", PALE) else style
        elif part:
            if wanted != now:
                out.append((OFF if now else "") + (f"\x1b[{wanted}m" if wanted else ""))
                now = wanted
            out.append(part)
    return "".join(out) + (OFF if now else "")


def where(at):
    """A place in words."""
    cell = "" if at.count is None else f"cell [{at.count}], "
    return f"{cell}line {at.line}, column {at.column}"


def hint_lines(hints):
    """Hints as the last lines of a report."""
    return [f"{BOLD}hint:{OFF} {hint}" for hint in hints]


def is_hint(line):
    return plain(line).startswith("hint: ")


def box(source, at, marks):
    """Lines of a source with marks below them: `marks` has (column, width, label) for a line's number."""
    lines = source.split("\n")
    margin = " " * (len(str(max(marks, default=1))) + 2)
    bar = f"{GREY}{margin}│{OFF}"
    picture = [f"{GREY}{margin}╭─[{OFF} {where(at)} {GREY}]{OFF}", bar]
    for number in sorted(marks):
        line = lines[number - 1].replace("\t", " ") if number <= len(lines) else ""
        picture.append(f"{GREY}{number:>{len(margin) - 1}} │{OFF} {line}")
        for column, length, label in sorted(marks[number]):
            before = " " * width(line[:column - 1])
            below = max(width(line[column - 1:column - 1 + length]), 1)
            left, right = (below - 1) // 2, below // 2
            picture.append(f"{bar} {before}{RED}{'─' * left}┬{'─' * right}{OFF}")
            if label:
                picture.append(f"{bar} {before}{' ' * left}{RED}╰──{OFF} {label}")
    return [*picture, f"{GREY}{'─' * len(margin)}╯{OFF}"]


def width(text):
    """How many columns some text takes in a fixed-width font."""
    return sum(0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


# evcxr's own reports.


def is_drawn(traceback):
    """Whether a report has a picture already."""
    return any("─[" in plain(line) for line in traceback)


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


def with_places(traceback, at):
    """A report whose headers say where the error is; evcxr's name the beginning of the cell."""
    done = []
    for number, line in enumerate(traceback):
        if HEADER.search(line):
            following = rows(traceback[number + 1:])
            below = f"line {following[0].number}" if following else "this cell"
            line = HEADER.sub(where(at) if at and "╭" in plain(line) else below, line)
        done.append(line)
    return done
