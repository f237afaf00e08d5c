"""Hints about panics and errors of a running cell."""

import re

import rust

from .rules import Rules
from .snippets import close, listed

RULES = Rules()
# The method that reads a column of a type.
METHODS = {
    "Float64": "f64", "Float32": "f32", "Int64": "i64", "Int32": "i32", "UInt32": "u32", "UInt64": "u64", "String": "str",
    "Boolean": "bool",
}
# Methods of expressions that take a bare string for a column.
TAKERS = "eq|neq|gt|lt|gt_eq|lt_eq|then|otherwise|fill_null"
# The columns that an error lists: polars', and this library's.
LISTED = re.compile(r"valid columns: \[(.*?)\]|; it has (`.*?`)(?:\n|$)", re.S)


def when(pattern):
    """Adds advice on errors whose message matches."""
    return RULES.on(None, message=pattern)


@when(r'unable to find column \\?"(.*?)\\?"|"([^"]*)" not found|\\"([^"\\]*)\\" not found|frame has no column `([^`]*)`')
def unknown_column(failure, found):
    if "; did you mean `" in failure.message:
        return None  # it gives the hint itself
    name = next(group for group in found.groups() if group is not None)
    listing = LISTED.search(failure.message)
    columns = re.findall(r'["`]([^"`\\]+)\\?["`]', listing[1] or listing[2]) if listing else named_columns(failure)
    similar = close(name, columns, 0.6)
    if similar:
        return f"did you mean `{similar}`?"
    taker = re.search(rf'\.({TAKERS})\(\s*"{re.escape(name)}"\s*\)', failure.cell)
    if taker:
        return f'a bare text names a column; the text itself is `lit("{name}")`: `.{taker[1]}(lit("{name}"))`'
    return f"the columns are {listed(columns, 12)}" if columns and not listing else None


def named_columns(failure):
    """The columns of the frames that the cell names."""
    named = set(rust.names(failure.cell))
    return list(dict.fromkeys(column for frame, columns in failure.frames.items() if frame in named for column in columns))


@when(r"invalid series dtype: expected `(\w+)`, got `(\w+)`")
def other_type(failure, found):
    wanted, got = METHODS.get(found[1]), found[2]
    if wanted in (None, "str", "bool") or got in ("str", "bool"):
        return f"the column holds `{got}`: read it with `.{got}()?`" if got in METHODS.values() else None
    return f"convert the column first: `.cast(&DataType::{found[1]})?.{wanted}()?`"


@when(r"^index out of bounds: the len is (\d+) but the index is (\d+)")
def out_of_bounds(failure, found):
    if found[1] == "0":
        return "the list is empty; `.first()` gives `None` instead of a panic"
    return f"the first is number 0, the last is number {int(found[1]) - 1}; `.get({found[2]})` gives `None` instead of a panic"


@when(r"^Variable '(\w+)' has gone missing")
def gone(failure, found):
    return f"run the cell that makes `{found[1]}` again"


when(r"filter predicate must be of type `Boolean`")('a filter needs a condition, such as `col("…").gt(lit(0))`')


@when(r"duplicate output name 'literal'")
def bytes_for_group(failure, found):
    """A bare text is taken for the bytes that it is made of."""
    named = re.search(r'\.group_by(?:_stable)?\(\s*("[^"]*")\s*\)', failure.cell)
    return named and f"the columns to group by are listed in brackets: `[col({named[1]})]`"


@when(r"cannot compare string with numeric type|arithmetic on dtypes \S+ and \S+ is not allowed")
def text_and_number(failure, found):
    quoted = re.search(r'lit\(\s*"(-?\d[\d._]*)"\s*\)', failure.cell)
    if quoted:
        return f"a number is written without quotes: `lit({quoted[1]})`"
    return 'text and numbers don\'t mix: convert the text with `.cast(DataType::Float64)`, or write the number as `lit("…")`'


when(r"^called `Option::unwrap\(\)` on a `None` value")(
    'there was no value: `.unwrap_or(…)` puts another in its place, `.ok_or("there is none")?` makes an error with your message')
when(r"^called `Result::unwrap\(\)` on an `Err` value|^[^\n]*: \w+\(ErrString\(")(
    "with `?` in place of `.unwrap()` or `.expect(…)`, you see the error's own message")
when(r"^attempt to subtract with overflow")(
    "unsigned numbers (`u32`, `usize`) never go below 0: convert both sides first, with `as i64`")
when(r"^attempt to (?:add|multiply) with overflow")(
    "the result is too large for its type: convert first, with `as i64` or `as f64`")
when(r"^attempt to (?:divide by zero|calculate the remainder with a divisor of zero)")(
    "check the divisor first, `if n == 0 { … }`, or divide as `f64`")
when(r"^not yet implemented")("replace `todo!(…)` with your answer")
when(r"is not a char boundary")("a letter may take several bytes: cut strings with `.chars().take(3).collect::<String>()`")
when(r"No such file or directory \(os error 2\)")("a relative path begins in the notebook's own folder")
