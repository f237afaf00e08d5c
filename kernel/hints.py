"""What to do about an error: one sentence, with the code that would work.

A rule says where it applies: the compiler's codes, and patterns for what the compiler says and for the text it marks; or,
for an error of a running cell, a pattern for its message. Its advice is a text, or a function that makes one or none. A
rule is there only where its advice is right and the compiler's own help does not say it already.
"""

import dataclasses
import difflib
import functools
import re

import rust

COMPARE = {">": "gt", ">=": "gt_eq", "<": "lt", "<=": "lt_eq", "==": "eq", "!=": "neq"}
COMBINE = {"&": "and", "|": "or", "&&": "and", "||": "or", "and": "and", "or": "or"}
TRUTHS = {"&&", "||", "and", "or"}
NUMBER = r"(?:[iu](?:8|16|32|64|128|size)|f32|f64|\{integer\}|\{float\})"
FLOATS = ("f32", "f64", "{float}")
COPIED = {"i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "usize", "isize", "f32", "f64", "bool", "char"}
BRACKETS = r"^(?:mismatched closing delimiter|this file contains an unclosed delimiter|unexpected closing delimiter)"
# What evcxr says itself of a cell that cannot be compiled.
OF_EVCXR = (
    "Couldn't automatically determine type of variable", "The variable `", "Failed to determine type of variable",
    "Looks like you're missing a semicolon", "Compilation failed",
)
# What people call a column's type, and what polars does.
TYPES = {
    "f64": "Float64", "float": "Float64", "float64": "Float64", "double": "Float64", "f32": "Float32", "float32": "Float32",
    "i64": "Int64", "int": "Int64", "int64": "Int64", "integer": "Int64", "i32": "Int32", "int32": "Int32",
    "u32": "UInt32", "uint32": "UInt32", "u64": "UInt64", "uint64": "UInt64", "str": "String", "string": "String",
    "text": "String", "utf8": "String", "bool": "Boolean", "boolean": "Boolean", "date": "Date",
}
# What other libraries call what a frame, a query or an expression does.
ELSEWHERE = {
    "groupby": '`.lazy().group_by([col("…")]).agg([…])`',
    "merge": '`.join(…)`; a left join is `beside(left.lazy(), &right, "key")`',
    "sort_values": '`.sort(["…"], SortMultipleOptions::default())`',
    "fillna": "`.fill_null(lit(0))`", "isna": "`.is_null()`", "isnull": "`.is_null()`", "notna": "`.is_not_null()`",
    "notnull": "`.is_not_null()`", "nunique": "`.n_unique()`", "astype": "`.cast(DataType::Float64)`",
    "value_counts": '`.lazy().group_by([col("…")]).agg([len()])`', "iloc": '`number(&frame, "column", row)?`',
    "loc": "`.lazy().filter(…).collect()?`", "query": "`.lazy().filter(…).collect()?`",
    "assign": '`.lazy().with_column(….alias("…")).collect()?`',
}
OF_FRAMES = {
    "len": "`.height()`", "length": "`.height()`", "size": "`.height()`", "describe": "`table(&frame, 5)` for a first look",
    "mean": '`.lazy().select([col("…").mean()]).collect()?`', "sum": '`.lazy().select([col("…").sum()]).collect()?`',
}
# Other libraries' modules.
OF_TABLES = {"pl", "pd", "pandas"}
OF_CHARTS = {"plt", "sns", "px", "matplotlib", "seaborn", "plotly"}
# Longer code is not repeated in a hint.
SHORT = 60


@dataclasses.dataclass
class Problem:
    """A compiler's error: what it says, and the cell it says it of."""
    code: str | None
    message: str
    told: dict
    place: tuple | None
    span: dict | None
    cell: str
    sources: object = None
    earlier: tuple = ()
    frames: dict = dataclasses.field(default_factory=dict)
    api: dict = dataclasses.field(default_factory=dict)

    @property
    def said(self):
        """The message, with types by their last name."""
        return short_type(self.message)

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
        return marked(self.span) if self.span else ""

    @property
    def after(self):
        """That line behind what is marked."""
        return self.line[self.place.column - 1 + len(self.marked):] if self.own else ""

    @functools.cached_property
    def told_of(self):
        """What the report says of which text, the main one first."""
        spans = sorted(self.told.get("spans", []), key=lambda span: not span["is_primary"])
        return [(marked(span), short_type(span.get("label") or "")) for span in spans]

    @property
    def label(self):
        return self.told_of[0][1] if self.told_of else ""

    @property
    def labels(self):
        return "\n".join(f"{text}: {label}" for text, label in self.told_of)

    @property
    def children(self):
        return self.told.get("children", [])

    @property
    def notes(self):
        return "\n".join(short_type(child["message"]) for child in self.children)

    def operands(self):
        """The texts on both sides of an operator that the compiler marks."""
        sides = [span for span in self.told.get("spans", []) if not span["is_primary"]]
        texts = [marked(span) for span in sorted(sides, key=lambda span: (span["line_start"], span["column_start"]))]
        return (texts + ["", ""])[:2]


def marked(span):
    """The text under a span; only its first line."""
    if not span.get("text"):
        return ""
    first = span["text"][0]
    return first["text"][first["highlight_start"] - 1:first["highlight_end"] - 1]


RULES = []


def hint(*codes, **patterns):
    """Registers advice on errors with one of the codes (None: without one) where each named part of the problem matches.

    A function gets the problem and the first pattern's match.
    """
    def register(advice):
        RULES.append((codes, {part: re.compile(pattern, re.S) for part, pattern in patterns.items()}, advice))
        return advice
    return register


def of_compiler(problem):
    """The hint for a compiler's error, as a list of none or one."""
    for codes, patterns, advice in RULES:
        if problem.code not in codes:
            continue
        found = [pattern.search(getattr(problem, part)) for part, pattern in patterns.items()]
        text = all(found) and (advice if isinstance(advice, str) else advice(problem, *found[:1]))
        if text:
            return [text]
    return []


# Pieces of code.


def short_type(name):
    """Types by their last name, without the modules they lie in."""
    return re.sub(r"(?:\b[a-z_]\w*::)+(?=[A-Z])", "", name)


def value(text):
    """A value as an expression."""
    return text if re.match(r"(?:col|lit|when|len)\s*\(", text) else f"lit({text})"


def call(left, name, right):
    """`left.name(right)`, or something general where that would be long."""
    if not left or not right or len(left) + len(right) > SHORT or "\n" in left + right:
        return f"….{name}(…)"
    simple = sign_in(left, {"+", "-", "*", "/", "%", "==", "!=", "<", ">", "&&", "||"}) is None
    return f"{left if simple else f'({left})'}.{name}({right})"


def short(text, otherwise="…"):
    return text if 0 < len(text) <= SHORT and "\n" not in text else otherwise


def depths(text):
    """The words of some text, each with how many brackets are open behind it."""
    depth = 0
    for word in rust.words(text):
        depth += (word.text in rust.OPEN) - (word.text in rust.CLOSE)
        yield word, depth


def sign_in(text, signs):
    """The first of some signs that stands outside brackets between two parts; None if there is none."""
    return next((word for word, depth in depths(text) if depth == 0 and word.start and word.text in signs), None)


def around(text, word):
    """What stands left and right of a word."""
    return text[:word.start].strip(), text[word.end:].strip()


def enclosing(line, at, signs):
    """The text between the innermost brackets around a place that hold one of some signs, and that sign."""
    for word in reversed([word for word in rust.words(line) if word.text in rust.OPEN and word.start < at]):
        inside = line[word.end:]
        text = inside[:next((inner.start for inner, depth in depths(inside) if depth < 0), len(inside))]
        sign = sign_in(text, signs)
        if sign and word.end <= at <= word.end + len(text):
            return text, sign
    return line, sign_in(line, signs)


def close(name, names, cutoff=0.7):
    """The name among some that is most like another, without regard to capitals."""
    by_lower = {known.lower(): known for known in names}
    found = difflib.get_close_matches(name.lower(), by_lower, 1, cutoff)
    return by_lower[found[0]] if found else None


def listed(names, most=6):
    return ", ".join(f"`{name}`" for name in names[:most]) + (", …" if len(names) > most else "")


# Expressions on columns.


@hint("E0369", said=r"^binary operation `(>=?|<=?)` cannot be applied to type `Expr`")
def compared(p, found):
    left, right = p.operands()
    return f"columns are compared by a method: `{call(left, COMPARE[found[1]], value(right))}`"


@hint("E0308", label=r"^expected `Expr`, found `bool`")
def compared_as_values(p, found):
    """`==` says whether two expressions are the same, and nothing of the rows."""
    sign = sign_in(p.marked, {"==", "!="})
    if sign and not sign_in(p.marked, TRUTHS):
        left, right = around(p.marked, sign)
        return f"columns are compared by a method: `{call(left, COMPARE[sign.text], value(right))}`"


@hint("E0308", before=r"(==|!=)\s*$", label=r"^expected `Expr`, found", labels=r"expected because this is `Expr`")
def compared_with_value(p, found):
    return f"columns are compared by a method: `{call(p.operands()[0], COMPARE[found[1]], value(p.marked))}`"


@hint("E0369", said=r"^no implementation for `Expr ([&|]) Expr`")
def combined(p, found):
    left, right = p.operands()
    return f"conditions are combined by a method: `{call(left, COMBINE[found[1]], right)}`"


@hint("E0308", None, said=r"^mismatched types$|^`(?:and|or)` is not a logical operator", line=r"\bcol\(")
def combined_as_truths(p, found):
    """`&&` and `and` want truths, not expressions."""
    if p.code and not re.match(r"expected `(?:Expr`, found `bool|bool`, found `Expr)`", p.label):
        return None
    text, sign = enclosing(p.line, p.place.column - 1 + (p.label.startswith("expected `Expr`")), TRUTHS)
    if not sign:
        return None
    sides = around(text, sign)
    plain = not any(sign_in(side, TRUTHS | set(COMPARE)) for side in sides)
    combined = call(sides[0], COMBINE[sign.text], sides[1]) if plain else f"….{COMBINE[sign.text]}(…)"
    return f"conditions on columns are combined by a method: `{combined}`"


@hint("E0277", said=r"^no implementation for `(?:bool ([&|]) Expr|Expr ([&|]) bool)`")
def combined_with_truth(p, found):
    name = COMBINE[found[1] or found[2]]
    return ("`==` and `!=` compare two expressions with each other; "
            f"row by row it is `.eq(…)` and `.neq(…)`, combined by `.{name}(…)`")


@hint("E0600", said=r"^cannot apply unary operator `!` to type `Expr`")
def negated(p, found):
    inner = p.marked.removeprefix("!").removeprefix("not ").strip()
    return f"the opposite of a condition on columns is a method: `{short(inner)}.not()`"


@hint("E0308", before=r"([-+*/%])\s*$", label=r"^expected `Expr`, found", labels=r"expected because this is `Expr`")
def value_in_expression(p, found):
    return f"a value beside an expression goes into `lit`: `{short(p.operands()[0])} {found[1]} lit({p.marked})`"


@hint("E0277", before=r"(?<![\w.])([\d._]+)\s*$", said=r"^cannot \w+ (?:`Expr` (?:to|from) `|`[^`]+` by `Expr`)")
def value_before_expression(p, found):
    return f"a number beside an expression goes into `lit`: `lit({found[1]}) {p.marked} …`"


@hint("E0277", said=r"^the trait bound `Expr: From<\[", labels=r"(?m)^is_in: ")
def list_in_is_in(p, found):
    return f'`is_in` takes a series of values: `.is_in(lit(Series::new("".into(), {short(p.marked)})).implode(false), false)`'


# Types of columns.


def data_type(text):
    """polars' name for a type as people write it, or nothing."""
    return TYPES.get(text.strip('"').lower())


@hint("E0277", said=r"DataTypeExpr: From<&(?:'static )?str>")
def cast_to_text(p, found):
    return data_type(p.marked) and f"a column's type is written `.cast(DataType::{data_type(p.marked)})`"


@hint("E0308", label=r"^expected `&DataType`, found `&(?:'static )?str`")
def column_cast_to_text(p, found):
    return data_type(p.marked) and f"a column's type is written `.cast(&DataType::{data_type(p.marked)})`"


@hint("E0423", "E0425", "E0573", before=r"cast\(\s*(&?)\s*$")
def cast_to_name(p, found):
    column = found[1] or "column(" in p.before and not re.search(r"\bcol\(", p.before)
    return data_type(p.marked) and f"a column's type is written `.cast({'&' if column else ''}DataType::{data_type(p.marked)})`"


@hint("E0599", said=r"^no variant .*named `(\w+)` found for enum `DataType`")
def unknown_type(p, found):
    name = data_type(found[1]) or close(found[1], TYPES.values())
    return name and f"polars calls it `DataType::{name}`"


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
    'an `Option` becomes an error with words of your own: `.ok_or("there is none")?`')


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


# Values that were given away.


@hint("E0382", said=r"moved value: `(.+)`")
def moved(p, found):
    name = found[1]
    if "implicit call to `.into_iter()`" in p.labels:
        return f"a loop over a reference leaves `{name}` as it is: `for … in &{name}`"
    free = " (cloning a frame copies no data)" if re.search(r"has type `(?:DataFrame|LazyFrame)`", p.notes + p.labels) else ""
    method = next((text for text, label in p.told_of if "moved due to this method call" in label), None)
    if method:
        return f"keep `{name}` by working on a clone: `{name}.clone().{method}`{free}"
    return f"lend `{name}` instead of giving it away, `&{name}`, or give a copy: `{name}.clone()`{free}"


@hint("E0507", said=r"out of index of `DataFrame`")
def column_by_name(p, found):
    return f"look at the column instead of taking it out of the frame: `&{short(p.marked)}`"


# Unknown names.


@hint("E0425", "E0423", said=r"^(?:cannot find value|expected value, found macro) `(\w+)`")
def unknown_value(p, found):
    """A variable that is not there; a macro may have its name, as `df!` does."""
    name, kept = found[1], p.sources.variables() if p.sources else {}
    if not p.own:
        return None
    if name in ("True", "False"):
        return f"Rust writes `{name.lower()}`"
    if in_item(p):
        return captured(name, kept, p)
    made = [count for count, source in p.earlier if name in rust.variables(source)]
    if made and name not in kept:
        return (f"cell [{made[-1]}] made `{name}`, but it was given away or lost since: run that cell again, "
                f"and from then on lend it, `&{name}`, or give a copy, `{name}.clone()`")
    similar = close(name, [*kept, *made_before(p)]) if "similar name" not in p.notes else None
    return f"did you mean `{similar}`?" if similar and similar != name else None


def made_before(p):
    """The variables that the cell makes up to the error's line."""
    return rust.variables("\n".join(p.cell.split("\n")[:p.place.line]))


def in_item(p):
    """Whether the error lies in a function or another item of the cell."""
    at = rust.offset(p.cell, p.place.line, p.place.column)
    return any(piece.moved and piece.start <= at < piece.end for piece in rust.statements(p.cell))


def captured(name, kept, p):
    """A function that uses a variable of the notebook."""
    sources = [source for _, source in p.earlier] + [p.cell]
    top = {piece.name for source in sources for piece in rust.statements(source) if piece.kind == "let"}
    if name not in top | set(kept) | set(p.frames):
        return None
    lent, kind = parameter(name, kept, sources, p.frames)
    added = f"a parameter, `{name}: {lent}{kind}`," if kind else f"a parameter for `{name}`"
    return f"functions don't see a notebook's variables: give the function {added} and call it with `{lent}{name}`"


def parameter(name, kept, sources, frames):
    """How a function takes a variable: "&" or nothing, and its type as far as it is known."""
    written = [found[1] for source in sources if (found := re.search(rf"\blet\s+(?:mut\s+)?{name}\s*:\s*([^=;]+?)\s*=", source))]
    kind = short_type(kept.get(name) or ("DataFrame" if name in frames else written[-1] if written else ""))
    return "" if kind in COPIED or kind.startswith("&") else "&", kind


@hint("E0433", "E0432", said=r"(?:module or crate|crate or module|unlinked crate|unresolved import) `(\w+)`")
def unknown_module(p, found):
    name = found[1]
    if name in OF_CHARTS:
        return "charts are made by this library's `chart::line`, `chart::bar` and others"
    if name in OF_TABLES:
        return f"`use casebook::prelude::*;` brings polars' names; they are written without `{name}::`, as in `col(\"…\")`"
    similar = close(name, {key.rsplit("::", 1)[-1] for key in p.api if key} - {"prelude"})
    return f"did you mean `{similar}::`?" if similar else None


hint("E0425", message=r"^cannot find function `(?:col|cols|lit|len|when)` in (?:crate|module) `polars`")(
    "`use casebook::prelude::*;` brings polars' names; they are written without `polars::`, as in `col(\"…\")`")


@hint("E0425", "E0433", "E0412", message=r"^cannot find [\w, ]+ `(\w+)` in (?:module|crate) `([\w:]+)`")
def unknown_in_module(p, found):
    name, path = found.groups()
    offered = p.api.get(re.sub(r"^(?:casebook|prelude|::)+", "", path)) if "similar name" not in p.notes else None
    similar = close(name, offered or ())
    return f"did you mean `{path}::{similar}`?" if similar else offered and f"`{path}` has {listed(offered)}"


@hint("E0433", "E0425", "E0412", notes=r"consider importing")
def not_imported(p, found):
    """Names of the standard library that a cell may want; others have a like name here that is not meant."""
    texts = [span.get("suggested_replacement") or "" for child in p.children for span in child.get("spans", [])]
    wanted = [found[1] for text in texts if (found := re.match(r"use (std::(?:collections|fmt|time|rc|sync|path)::\w+);", text))]
    return f"import it at the top of the cell: `use {wanted[0]};`" if wanted else None


# Frames.


@hint("E0308", label=r"^expected `(?:&ChunkedArray<BooleanType>|Column)`, found `Expr`",
      labels=r"(?m)^(filter|with_column): arguments to this")
def expression_on_frame(p, found):
    method = re.search(r"(?m)^(\w+): arguments", p.labels)[1]
    return f"expressions are for queries: `.clone().lazy().{method}(…).collect()?`"


@hint("E0277", said=r"^the trait bound `Expr: AsRef<str>` is not satisfied", marked=r"^(?:select|group_by|drop|sort)$")
def expression_for_name(p, found):
    return (f"a frame's own `{p.marked}` takes the columns' names, as texts; "
            f"expressions are for queries: `.clone().lazy().{p.marked}(…)`")


@hint("E0277", said=r"^the trait bound `Expr: AsRef<\[Expr\]>`")
def expression_without_brackets(p, found):
    return f"expressions are listed in brackets: `[{short(p.marked)}]`"


@hint("E0277", said=r"^the trait bound `\[&str; \d+\]: AsRef<\[Expr\]>`", marked='"')
def name_for_expression(p, found):
    texts = re.findall(r'"[^"]*"', p.marked)
    return f"a query takes expressions: `[{', '.join(f'col({text})' for text in texts)}]`"


@hint("E0277", marked=r'^"[^"]*"$', said=r"^`&str` is not an iterator|`&str: IntoVec<",
      labels=r"(?m)^(?:select|sort|drop_many): ")
def name_without_brackets(p, found):
    return f"names of columns are listed in brackets: `[{p.marked}]`"


hint("E0061", marked=r"^sort$", labels="SortMultipleOptions")(
    'say how to sort: `.sort(["…"], SortMultipleOptions::default())`')
hint("E0308", label=r"^expected `SortMultipleOptions`, found `bool`")(
    "say how to sort: `SortMultipleOptions::default()`, or `SortMultipleOptions::default().with_order_descending(true)`")
hint("E0277", "E0608", said=r"`\(usize, usize\)`(?: cannot be indexed|$)", line=r"\.shape\(\)\[")(
    "a frame has `.height()` rows and `.width()` columns")


@hint("E0277", said=r"^the type `DataFrame` cannot be indexed by `(.*)`")
def indexed_frame(p, found):
    texts = re.findall(r'"[^"]*"', p.line) if re.match(r"\[&str", found[1]) else []
    if texts:
        return f"several columns are chosen by `.select([{', '.join(texts)}])?`"
    return 'rows are chosen by `.clone().lazy().filter(…).collect()?`, a column by `.column("…")?`'


@hint("E0599", said=r"`&?Column` (?:is not an iterator|in the current scope)", marked=r"^(?:sum|min|max|mean|median|std)$")
def column_as_numbers(p, found):
    how = {"mean": "mean()", "median": "median()", "std": "std(1)"}.get(p.marked, f"{p.marked}::<f64>()?")
    return f"take the column's values as a series first: `.as_materialized_series().{how}`"


@hint("E0599", "E0609", said=r"^no (?:method named|field) `(\w+)` (?:found for \w+|on type) "
      r"`&?(DataFrame|LazyFrame|LazyGroupBy|Expr|Column)")
def method_of_pandas(p, found):
    instead = ELSEWHERE.get(found[1]) or found[2] == "DataFrame" and OF_FRAMES.get(found[1])
    return instead and f"polars writes it {instead}"


hint("E0599", said=r"^no method named `agg` found for struct `GroupBy<")(
    'groups with expressions are a query: `.clone().lazy().group_by([col("…")]).agg([…]).collect()?`')


@hint("E0308", label=r"^expected `Option<usize>`, found integer", labels=r"(?m)^(?:head|tail): ")
def some_rows(p, found):
    return f"the number of rows goes into `Some`: `Some({p.marked})`"


# Values that cannot be shown or printed.

UNSHOWN = r"`(?:shown` exists.*Value<&)?{}(?:`|>).*(?:doesn't implement|its trait bounds)"
hint("E0599", "E0277", said=UNSHOWN.format("LazyFrame"))("a query is only written down; `.collect()?` runs it")
hint("E0599", "E0277", said=UNSHOWN.format("LazyGroupBy"))("groups become a query by `.agg([…])`, and a frame by `.collect()?`")
hint("E0599", "E0277", said=UNSHOWN.format("(?:Chained)?(?:When|Then)"))(
    "a `when(…).then(…)` ends with `.otherwise(…)`, and belongs into a query's `select` or `with_column`")


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
    return f'texts are joined by `format!`: `format!("{{}}{{}}", {left}, {right})`'


@hint("E0308", label=r"^expected `f64`, found (?:integer|`(?:[iu]\d+|usize|isize)`)", marked="/")
def whole_division(p, found):
    sign = sign_in(p.marked, {"/"})
    parts = sign and " / ".join(map(as_float, around(p.marked, sign)))
    return sign and f"whole numbers divide to a whole number; convert them first: `{parts}`"


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
    return f"a place in a list is a `usize`: `[{short(p.marked)} as usize]`"


@hint(None, before=r"(\w+)\[$", said=r"^negative integers cannot be used to index")
def index_from_end(p, found):
    return f"the last value is `{found[1]}[{found[1]}.len() - 1]`, or `{found[1]}.last()`, an `Option`"


hint("E0277", marked=r"^parse$", said=r"FromStr` is not satisfied")(
    "say what it is to become: `.parse::<i64>()`, or `.parse::<f64>()`")
hint("E0282", said=r"`Option<_>`", line=r"=\s*None\b")("`None` alone has no type: `let … : Option<f64> = None;`")


@hint("E0283", "E0284", "E0282", marked=r"^(?:sum|product|collect|parse)$")
def unknown_result(p, found):
    item = re.search(r"(?:Sum|Product)<&?(\w+)>", p.notes)
    kind = {"collect": "Vec<_>", "parse": "i64"}.get(p.marked, item[1] if item else "f64")
    return f"say what it is to become: `.{p.marked}::<{kind}>()`"


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
    return f'printing is a macro, with a text that says how: `println!("{{}}", {found[1]})`'


hint("E0423", marked=r"^print(?:ln)?$")("printing is a macro, with an exclamation mark: `println!(…)`")
hint("E0423", marked=r"^null$")("Rust's word for no value is `None`; a column's is `lit(NULL)`")


@hint(None, marked=r"^'(.+)'$", said=r"^character literal may only contain one codepoint")
def single_quotes(p, found):
    return f'texts stand in double quotes: `"{found[1]}"`'


hint("E0762", message="")('texts stand in double quotes: `"…"`; single quotes hold one letter')


@hint(None, "E0425", after=r'^("[^"]*")', said=r"^(?:prefix `[fF]` is unknown|cannot find value `[fF]` in this scope)")
def f_string(p, found):
    return f"values are put into a text by `format!`: `format!({found[1]})`"


hint(None, said=r"^expected `\{`, found `:`", line=r"^[\s}]*(?:if|for|while|else)\b")(
    "a block stands in braces, without a colon: `if … { … }`, `for … in … { … }`")
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
    """Only where the line ends there: evcxr cuts some broken lines in two, and the compiler misses a semicolon between."""
    spans = [span for child in p.children if "add `;` here" in child["message"] for span in child["spans"]]
    at = p.sources.place(spans[0]["line_start"], spans[0]["column_start"]) if p.sources else None
    if at and at.count is None and not rust.words(p.cell.split("\n")[at.line - 1][at.column - 1:]):
        return f"end line {at.line} with `;`"


@hint(None, said=BRACKETS)
def brackets(p, found):
    word = rust.unbalanced(p.cell)
    if word:
        line, column = rust.line_column(p.cell, word.start)
        missing = f"`{rust.OPEN[word.text]}` is missing for" if word.text in rust.OPEN else "nothing was opened for"
        return f"{missing} the `{word.text}` in line {line}, column {column}"


hint("E0765", message="")('a text has no end: look for the `"` that is missing, in this line or one before')


# What cannot be kept from cell to cell.


@hint(None, message=r"^Couldn't automatically determine type of variable `(\w+)`")
def type_not_found(p, found):
    return f"write its type behind the name: `let {found[1]}: {likely_type(made_of(p.cell, found[1]))} = …`"


@hint(None, message=r"^The variable `(\w+)` is a closure, which cannot be persisted")
def closure_not_kept(p, found):
    return f"make it a function, which later cells can use too: `fn {found[1]}(x: f64) -> f64 {{ … }}`"


@hint(None, "E0597", message=r"^The variable `(\w+)` contains a reference with a non-static lifetime")
def reference_not_kept(p, found):
    how = copied(made_of(p.cell, found[1]))
    return (f"`{found[1]}` only looks at another value, and cells keep what they own: "
            f"{how}put the lines that use it into `{{ … }}`")


@hint(None, "E0562", message=r"^The variable `(\w+)` has type `(.*)` which cannot be persisted")
def type_not_kept(p, found):
    runs = re.search(r"Iterator|\biter::|\bIter<", found[2])
    how = "collect it, `.collect::<Vec<_>>()`" if runs else "keep what you need of it"
    return f"`{found[1]}` cannot be kept for later cells: {how}, or put the lines that use it into `{{ … }}`"


def made_of(cell, name):
    """What the cell's `let` puts into a variable."""
    found = re.search(rf"\blet\s+(?:mut\s+)?{name}\b[^=]*=\s*([^;]*)", cell)
    return found[1].strip() if found else ""


def copied(text):
    """How to keep a value of one's own instead of a look at another's."""
    if re.match(r"&\w+(?:\[[^\]]*\])?$", text):
        return f"keep a copy, `{text[1:]}.clone()`, or "
    if re.search(r"\.(?:iter|chars|lines|bytes|keys|values|windows|chunks)\([^()]*\)$", text):
        return ""
    return "add `.clone()` or `.to_owned()`, or "


def likely_type(text):
    """A type that a value may have."""
    if re.search(r"\.lazy\(\).*\.collect\(\)\s*\?$", text, re.S):
        return "DataFrame"
    if text.startswith("["):
        return f"[f64; {text.count(',') + 1}]"
    return "Vec<f64>" if text.endswith(".collect()") or text.startswith("vec!") else "f64"


# While a cell runs.


@dataclasses.dataclass
class Failure:
    """What went wrong while a cell ran: the message, the cell, the columns of the frames in scope."""
    message: str
    cell: str
    frames: dict


FAILURES = []


def when(pattern):
    """Registers advice for what an error says; a function gets the match and the failure."""
    def register(advice):
        FAILURES.append((re.compile(pattern, re.S), advice))
        return advice
    return register


def of_run(failure):
    """The hint for an error or a panic, as a list of none or one."""
    for pattern, advice in FAILURES:
        found = pattern.search(failure.message)
        text = found and (advice if isinstance(advice, str) else advice(found, failure))
        if text:
            return [text]
    return []


LISTED = re.compile(r"valid columns: \[(.*?)\]|; it has (`.*?`)(?:\n|$)", re.S)


@when(r'unable to find column \\?"(.*?)\\?"|"([^"]*)" not found|\\"([^"\\]*)\\" not found|frame has no column `([^`]*)`')
def unknown_column(found, failure):
    name = next(group for group in found.groups() if group is not None)
    listing = LISTED.search(failure.message)
    columns = re.findall(r'["`]([^"`\\]+)\\?["`]', listing[1] or listing[2]) if listing else named_columns(failure)
    similar = close(name, columns, 0.6)
    if similar:
        return f"did you mean `{similar}`?"
    takers = "eq|neq|gt|lt|gt_eq|lt_eq|then|otherwise|fill_null"
    taker = re.search(rf'\.({takers})\(\s*"{re.escape(name)}"\s*\)', failure.cell)
    if taker:
        return f'a bare text names a column; the text itself is `lit("{name}")`: `.{taker[1]}(lit("{name}"))`'
    return f"the columns are {listed(columns, 12)}" if columns and not listing else None


def named_columns(failure):
    """The columns of the frames that the cell names."""
    named = set(rust.names(failure.cell))
    return list(dict.fromkeys(column for frame, columns in failure.frames.items() if frame in named for column in columns))


METHODS = {
    "Float64": "f64", "Float32": "f32", "Int64": "i64", "Int32": "i32", "UInt32": "u32", "UInt64": "u64", "String": "str",
    "Boolean": "bool",
}


@when(r"invalid series dtype: expected `(\w+)`, got `(\w+)`")
def other_type(found, failure):
    wanted, got = METHODS.get(found[1]), found[2]
    if wanted in (None, "str", "bool") or got in ("str", "bool"):
        return f"the column holds `{got}`: read it with `.{got}()?`" if got in METHODS.values() else None
    return f"convert the column first: `.cast(&DataType::{found[1]})?.{wanted}()?`"


@when(r"^index out of bounds: the len is (\d+) but the index is (\d+)")
def out_of_bounds(found, failure):
    if found[1] == "0":
        return "the list is empty; `.first()` gives `None` instead of a panic"
    return f"the first is number 0, the last is number {int(found[1]) - 1}; `.get({found[2]})` gives `None` instead of a panic"


@when(r"^Variable '(\w+)' has gone missing")
def gone(found, failure):
    return f"run the cell again that makes `{found[1]}`"


when(r"filter predicate must be of type `Boolean`")('a filter wants a condition, such as `col("…").gt(lit(0))`')
when(r"arithmetic on dtypes \S+ and \S+ is not allowed|cannot compare string with numeric type")(
    'text and numbers don\'t mix: convert the text with `.cast(DataType::Float64)`, or write the number as `lit("…")`')
when(r"^called `Option::unwrap\(\)` on a `None` value")(
    'there was no value: `.unwrap_or(…)` puts another in its place, `.ok_or("there is none")?` makes an error with your words')
when(r"^called `Result::unwrap\(\)` on an `Err` value|^[^\n]*: \w+\(ErrString\(")(
    "with `?` in place of `.unwrap()` or `.expect(…)`, you see the error's own words")
when(r"^attempt to subtract with overflow")(
    "unsigned numbers (`u32`, `usize`) never go below 0: convert both sides first, with `as i64`")
when(r"^attempt to (?:add|multiply) with overflow")(
    "the result is too large for its type: convert first, with `as i64` or `as f64`")
when(r"^attempt to (?:divide by zero|calculate the remainder with a divisor of zero)")(
    "check the divisor first, `if n == 0 { … }`, or divide as `f64`")
when(r"^not yet implemented")("replace `todo!(…)` with your answer")
when(r"is not a char boundary")("a letter may take several bytes: cut texts with `.chars().take(3).collect::<String>()`")
when(r"No such file or directory \(os error 2\)")("a relative path begins in the notebook's own folder")
