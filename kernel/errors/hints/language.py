"""Hints about Rust: results and options, ownership, texts and numbers, fields, punctuation, habits of other languages."""

import re

import rust

from .rules import Rules
from .snippets import close, listed, operator, short, sides

RULES = Rules()
hint = RULES.on

NUMBER = r"(?:[iu](?:8|16|32|64|128|size)|f32|f64|\{integer\}|\{float\})"
FLOATS = {"f32", "f64", "{float}"}
# What the compiler says of brackets without a partner.
BRACKETS = r"^(?:mismatched closing delimiter|this file contains an unclosed delimiter|unexpected closing delimiter)"


# Results and options.

TAKE_OUT = "this can fail and gives a `Result`; `?` takes the value out of it"


@hint("E0599", said=r"^no method named `\w+` found for (?:enum|reference) `&?Result<|^`&?Result<.*` is not an iterator")
def method_of_result(p, found):
    step = re.search(r"(\w+(?:\([^()]*\))?)\s*\.$", p.before.rstrip())
    arguments = "()" if p.after.startswith("()") else "(…)" if p.after.startswith(("(", "::")) else ""
    return f"{TAKE_OUT}: `{short(step[1]) if step else '…'}?.{p.marked}{arguments}`"


@hint("E0308", label=r"^expected `(?!Result<)(.*?)`, found `&?Result<")
def result_for_value(p, found):
    whole = p.span and p.span["line_start"] == p.span["line_end"]
    mended = f"`{short(p.marked) if whole else '…'}?`"
    if "use the `?` operator" in p.notes:
        return f"{TAKE_OUT}: {mended}"
    return f"this can fail and gives a `Result`: {mended}, in a function that returns `Result<…>` too"


hint("E0277", said=r"^`&?Result<.*` (?:doesn't implement|is not an iterator)|^cannot .*`Result<")(f"{TAKE_OUT}: `…?`")
hint("E0369", labels=r"(?m): &?Result<")(f"{TAKE_OUT}: `…?`")
hint("E0277", said=r"^the `\?` operator can only be used on `Result`s, not `Option`s")(
    'an `Option` becomes an error with your own message: `.ok_or("there is none")?`')


@hint("E0277", label=r"^cannot use the `\?` operator in a (?:function|method) that returns `(.*)`")
def question_mark_without_result(p, found):
    return f"let the function return `Result<{found[1]}>`, and end it with `Ok(…)`"


@hint("E0277", label=r"^the `\?` operator cannot be applied to type `((?!.*(?:Result|Option)<).*)`")
def question_mark_without_need(p, found):
    return f"leave out `?`: this cannot fail, and gives a `{found[1]}` right away"


@hint("E0308", notes=r"try wrapping the expression in `Ok`")
def value_for_result(p, found):
    return f"a function that returns `Result` ends with `Ok(…)`: `Ok({short(p.marked)})`"


MAYBE_NONE = 'there may be no value: take it out of the `Option` with `.unwrap_or(…)`, or with `.ok_or("there is none")?`'
hint("E0369", labels=r"(?m): Option<")(MAYBE_NONE)
hint("E0308", label=r"^expected `(?:[iuf]\d+|usize|bool|String|&str)`, found `Option<")(MAYBE_NONE)


# Moved values.


@hint("E0382", said=r"moved value: `(.+)`")
def moved(p, found):
    name = found[1]
    if "implicit call to `.into_iter()`" in p.labels:
        return f"a loop over a reference leaves `{name}` as it is: `for … in &{name}`"
    free = " (cloning a frame copies no data)" if re.search(r"has type `(?:DataFrame|LazyFrame)`", p.notes + p.labels) else ""
    method = next((text for text, label in p.labelled if "moved due to this method call" in label), None)
    if method:
        return f"keep `{name}` by working on a clone: `{name}.clone().{method}`{free}"
    if re.search(r"has type `(?:[\w:]*::)?(?:Expr|LazyFrame)`", p.notes + p.labels):
        return f"give a copy, `{name}.clone()`: who takes an expression or a lazy frame wants itself, not a reference{free}"
    return f"lend `{name}` instead of giving it away, `&{name}`, or give a copy: `{name}.clone()`{free}"


# Values that cannot be shown or printed.


@hint("E0599", "E0277", said=r"^`(\w+)` doesn't implement `Debug`|`shown` exists.*Value<&(\w+)>")
def not_shown(p, found):
    name = found[1] or found[2]
    defined = re.search(rf"\b(?:struct|enum)\s+{name}\b", "\n".join([p.cell, *(source for _, source in p.earlier)]))
    return f"write `#[derive(Debug)]` above the definition of `{name}`" if defined else None


@hint("E0277", said=r"^`(?!&?Result<).*` doesn't implement `Display`")
def not_printed(p, found):
    inside = re.fullmatch(r"\{(\w+)\}", p.marked)
    if inside:
        return f"this type is printed with `:?`: `{{{inside[1]}:?}}`"
    return "this type is printed with `{:?}` instead of `{}`; alone on the cell's last line, it shows itself"


# Texts and numbers.


@hint("E0369", said=r"^cannot add `(?:&(?:'static )?str|String|" + NUMBER + r")` to `&(?:'static )?str`")
def joined_texts(p, found):
    left, right = map(short, p.operands())
    return f'strings are joined by `format!`: `format!("{{}}{{}}", {left}, {right})`'


@hint("E0308", label=r"^expected `f64`, found (?:integer|`(?:[iu]\d+|usize|isize)`)", marked="/")
def whole_division(p, found):
    sign = operator(p.marked, {"/"})
    parts = sign and " / ".join(map(as_float, sides(p.marked, sign)))
    return sign and f"dividing whole numbers gives a whole number; convert them first: `{parts}`"


def as_float(text):
    if re.fullmatch(r"[\d_]+", text):
        return f"{text}.0"
    return f"{text} as f64" if re.fullmatch(r"[\w.:]+(?:\([^()]*\))?", text) else f"({text}) as f64"


@hint("E0277", said=rf"^cannot (?:add|subtract|multiply|divide) `({NUMBER})` (?:to|from|by) `({NUMBER})`")
def mixed_numbers(p, found):
    whole = [kind for kind in found.groups() if kind not in FLOATS]
    if "floating-point literal" in p.notes or not whole:
        return None
    if len(whole) == 2:
        return "different kinds of numbers don't mix: convert one of them, with `… as i64` for example"
    what = "whole number" if whole[0] == "{integer}" else f"`{whole[0]}`"
    return f"whole numbers and fractions don't mix: convert the {what} with `… as f64`"


@hint("E0277", said=r"^the type `\[.*\]` cannot be indexed by `(?:[iu]\d+|isize)`")
def index(p, found):
    return f"an index into a list is a `usize`: `[{short(p.marked)} as usize]`"


@hint(None, before=r"(\w+)\[$", said=r"^negative integers cannot be used to index")
def index_from_end(p, found):
    return f"the last value is `{found[1]}[{found[1]}.len() - 1]`, or `{found[1]}.last()`, an `Option`"


hint("E0277", marked=r"^parse$", said=r"FromStr` is not satisfied")(
    "say what it should become: `.parse::<i64>()`, or `.parse::<f64>()`")
hint("E0282", said=r"`Option<_>`", line=r"=\s*None\b")("`None` alone has no type: `let … : Option<f64> = None;`")


@hint("E0283", "E0284", "E0282", marked=r"^(?:sum|product|collect|parse)$")
def unknown_result(p, found):
    item = re.search(r"(?:Sum|Product)<&?(\w+)>", p.notes)
    kind = {"collect": "Vec<_>", "parse": "i64"}.get(p.marked, item[1] if item else "f64")
    return f"say what it should become: `.{p.marked}::<{kind}>()`"


# Fields.


@hint("E0560", said=r"has no field named `(\w+)`", notes=r"available fields are: ")
def unknown_field(p, found):
    fields = re.findall(r"`(\w+)`", p.notes.split("available fields are: ")[1].split("\n")[0])
    similar = close(found[1], fields)
    return None if "similar name" in p.notes else f"did you mean `{similar}`?" if similar else f"the fields are {listed(fields)}"


@hint("E0063", marked=r"Config$", said=r"in initializer of `Config`")
def missing_fields(p, found):
    return f"take the other fields from the default: `..{p.marked}::default()`"


@hint("E0599", before=r"([\w:]*Config)::$", said=r"^no function or associated item named `new` found for struct `Config`")
def no_constructor(p, found):
    return f"a config begins with its defaults: `{found[1]}::default()`"


# Habits of other languages.


@hint("E0061", after=r"^\(\s*&?\s*([\w.]+)\s*\)", marked=r"^len$", said="takes 0 arguments")
def python_len(p, found):
    method = "height" if "DataFrame" in p.labels else "len"
    return f"`len()` is the expression that counts rows; here it is `{found[1]}.{method}()`"


@hint("E0425", after=r"^\(\s*([\w.]+)\s*(?:,\s*([\w.]+)\s*)?\)", marked=r"^range$")
def python_range(p, found):
    return f"a range is written `{found[1]}..{found[2]}`" if found[2] else f"a range is written `0..{found[1]}`"


@hint("E0423", after=r"^\(\s*(&?[\w.]+)\s*\)", marked=r"^print(?:ln)?$")
def python_print(p, found):
    return f'printing is a macro: `println!("{{}}", {found[1]})`, or `{{:?}}` for lists and other values'


hint("E0423", marked=r"^print(?:ln)?$")("printing is a macro, with an exclamation mark: `println!(…)`")
hint("E0423", "E0425", marked=r"^null$")("Rust's word for no value is `None`; a column's is `lit(NULL)`")


@hint(None, marked=r"^'(.+)'$", said=r"^character literal may only contain one codepoint")
def single_quotes(p, found):
    return f'text goes in double quotes: `"{found[1]}"`'


hint("E0762")('text goes in double quotes: `"…"`; single quotes hold one letter')


@hint(None, "E0425", after=r'^("[^"]*")', said=r"^(?:prefix `[fF]` is unknown|cannot find value `[fF]` in this scope)")
def f_string(p, found):
    return f"values are put into a string by `format!`: `format!({found[1]})`"


hint(None, said=r"^expected `\{`, found `:`", line=r"^[\s}]*(?:if|for|while|else)\b")(
    "a block goes in braces, without a colon: `if … { … }`, `for … in … { … }`")
hint(None, before=r"^\s*import\s*$")("names are brought in by `use`: `use casebook::prelude::*;` has what the notebooks need")
hint(None, before=r"^\s*def\s*$")("a function is written `fn name(x: f64) -> f64 { … }`")
hint(None, before=r"\blambda\s*$")("a function without a name is written `|x| …`")
hint(None, said=r"^Rust has no ternary operator")("write `if … { … } else { … }`")
hint(None, said=r"^Rust has no postfix increment operator")("write `… += 1`")
hint("E0614", before=r"\*\s*$", marked=r"^\*")("a power is a method: `2_i64.pow(3)`, `x.powi(2)`, `x.powf(0.5)`")


# Punctuation.

hint(None, said=r"^Looks like you're missing a semicolon")("every statement but the last ends with `;`")


@hint(None, said=r"^expected `;`, found", notes=r"add `;` here")
def semicolon(p, found):
    """Only at the end of a line: evcxr cuts some broken lines in two, and the compiler wants a semicolon between the halves."""
    spans = [span for child in p.children if "add `;` here" in child["message"] for span in child["spans"]]
    at = p.sources.place(spans[0]["line_start"], spans[0]["column_start"]) if p.sources else None
    if at and at.count is None and not rust.tokens(p.cell.split("\n")[at.line - 1][at.column - 1:]):
        return f"end line {at.line} with `;`"


@hint(None, said=BRACKETS)
def brackets(p, found):
    bracket = rust.unbalanced(p.cell)
    if bracket:
        line, column = rust.line_column(p.cell, bracket.start)
        partner = rust.OPEN.get(bracket.text)
        missing = f"`{partner}` is missing for" if partner else "nothing was opened for"
        return f"{missing} the `{bracket.text}` in line {line}, column {column}"


hint("E0765")('a string is never closed: look for the `"` that is missing, in this line or one before')
