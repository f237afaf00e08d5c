"""Hints about polars: expressions, types of columns, frames and queries."""

import re

from .rules import Rules
from .snippets import call, close, enclosing, operator, quoted, short, sides

RULES = Rules()
hint = RULES.on

# The methods of an expression that stand for an operator.
COMPARE = {">": "gt", ">=": "gt_eq", "<": "lt", "<=": "lt_eq", "==": "eq", "!=": "neq"}
COMBINE = {"&": "and", "|": "or", "&&": "and", "||": "or", "and": "and", "or": "or"}
LOGICAL = {"&&", "||", "and", "or"}
# What people call a column's type, and what polars calls it.
TYPES = {
    "f64": "Float64", "float": "Float64", "float64": "Float64", "double": "Float64", "f32": "Float32", "float32": "Float32",
    "i64": "Int64", "int": "Int64", "int64": "Int64", "integer": "Int64", "i32": "Int32", "int32": "Int32",
    "u32": "UInt32", "uint32": "UInt32", "u64": "UInt64", "uint64": "UInt64", "str": "String", "string": "String",
    "text": "String", "utf8": "String", "bool": "Boolean", "boolean": "Boolean", "date": "Date",
}
# What other libraries call what polars does otherwise.
OTHER_NAMES = {
    "groupby": '`.lazy().group_by([col("…")]).agg([…])`',
    "merge": '`.join(…)`; a left join is `beside(left.lazy(), &right, "key")`',
    "sort_values": '`.sort(["…"], SortMultipleOptions::default())`',
    "fillna": "`.fill_null(lit(0))`", "isna": "`.is_null()`", "isnull": "`.is_null()`", "notna": "`.is_not_null()`",
    "notnull": "`.is_not_null()`", "nunique": "`.n_unique()`", "astype": "`.cast(DataType::Float64)`",
    "value_counts": '`.lazy().group_by([col("…")]).agg([len()])`', "iloc": '`number(&frame, "column", row)?`',
    "loc": "`.lazy().filter(…).collect()?`", "query": "`.lazy().filter(…).collect()?`",
    "assign": '`.lazy().with_column(….alias("…")).collect()?`',
}
# The same, of a frame alone.
FRAME_METHODS = {
    "len": "`.height()`", "length": "`.height()`", "size": "`.height()`", "describe": "`table(&frame, 5)` for a first look",
    "push": '`….vstack(&more)?`, with a second frame of the same columns', "append": '`….vstack(&more)?`, with a second frame of the same columns',
    "mean": '`.lazy().select([col("…").mean()]).collect()?`', "sum": '`.lazy().select([col("…").sum()]).collect()?`',
}


# Expressions on columns.


def value(text):
    """A value as an expression."""
    return text if re.match(r"(?:col|lit|when|len)\s*\(", text) else f"lit({text})"


@hint("E0369", said=r"^binary operation `(>=?|<=?)` cannot be applied to type `Expr`")
def compared(p, found):
    left, right = p.operands()
    return f"columns are compared by a method: `{call(left, COMPARE[found[1]], value(right))}`"


@hint("E0308", label=r"^expected `Expr`, found `bool`")
def compared_as_values(p, found):
    """`==` says whether two expressions are the same, not which rows are equal."""
    sign = operator(p.marked, {"==", "!="})
    if sign and not operator(p.marked, LOGICAL):
        left, right = sides(p.marked, sign)
        return f"columns are compared by a method: `{call(left, COMPARE[sign.text], value(right))}`"


@hint("E0308", before=r"(==|!=)\s*$", label=r"^expected `Expr`, found", labels=r"expected because this is `Expr`")
def compared_with_value(p, found):
    return f"columns are compared by a method: `{call(p.operands()[0], COMPARE[found[1]], value(p.marked))}`"


@hint("E0369", said=r"^no implementation for `Expr ([&|]) Expr`")
def combined(p, found):
    left, right = p.operands()
    return f"conditions are combined by a method: `{call(left, COMBINE[found[1]], right)}`"


@hint("E0308", None, said=r"^mismatched types$|^`(?:and|or)` is not a logical operator", line=r"\bcol\(")
def combined_as_booleans(p, found):
    """`&&` takes booleans, not expressions; and there is no `and`."""
    if p.code and not re.match(r"expected `(?:Expr`, found `bool|bool`, found `Expr)`", p.label):
        return None
    text, sign = enclosing(p.line, p.place.column - 1 + (p.label.startswith("expected `Expr`")), LOGICAL)
    if not sign:
        return None
    left, right = sides(text, sign)
    name = COMBINE[sign.text]
    simple = not any(operator(side, LOGICAL | set(COMPARE)) for side in (left, right))
    return f"conditions on columns are combined by a method: `{call(left, name, right) if simple else f'….{name}(…)'}`"


@hint("E0277", said=r"^no implementation for `(?:bool ([&|]) Expr|Expr ([&|]) bool)`")
def combined_with_boolean(p, found):
    name = COMBINE[found[1] or found[2]]
    return ("`==` and `!=` compare two expressions with each other; "
            f"row by row it is `.eq(…)` and `.neq(…)`, combined by `.{name}(…)`")


@hint("E0600", said=r"^cannot apply unary operator `!` to type `Expr`")
def negated(p, found):
    inner = p.marked.removeprefix("!").removeprefix("not ").strip()
    return f"the opposite of a condition on columns is a method: `{short(inner)}.not()`"


@hint("E0308", before=r"([-+*/%])\s*$", label=r"^expected `Expr`, found", labels=r"expected because this is `Expr`")
def value_in_expression(p, found):
    return f"a value next to an expression goes into `lit`: `{short(p.operands()[0])} {found[1]} lit({p.marked})`"


@hint("E0277", before=r"(?<![\w.])([\d._]+)\s*$", said=r"^cannot \w+ (?:`Expr` (?:to|from) `|`[^`]+` by `Expr`)")
def value_before_expression(p, found):
    return f"a number next to an expression goes into `lit`: `lit({found[1]}) {p.marked} …`"


@hint("E0277", said=r"^the trait bound `Expr: From<\[", labels=r"(?m)^is_in: ")
def list_in_is_in(p, found):
    return f'`is_in` takes a series of values: `.is_in(lit(Series::new("".into(), {short(p.marked)})).implode(false), false)`'


# Types of columns.


def data_type(text):
    """polars' name for a type as people write it; None if it has none."""
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


# Frames.


@hint("E0308", label=r"^expected `(?:&ChunkedArray<BooleanType>|Column)`, found `Expr`",
      labels=r"(?m)^(filter|with_column): arguments to this")
def expression_on_frame(p, found):
    method = re.search(r"(?m)^(\w+): arguments", p.labels)[1]
    return f"expressions are for queries: `.clone().lazy().{method}(…).collect()?`"


@hint("E0277", said=r"^the trait bound `Expr: AsRef<str>` is not satisfied", marked=r"^(?:select|group_by|drop|sort)$")
def expression_for_name(p, found):
    return (f"a frame's own `{p.marked}` takes the columns' names, as strings; "
            f"expressions are for queries: `.clone().lazy().{p.marked}(…)`")


@hint("E0277", said=r"^the trait bound `Expr: AsRef<\[(?:Expr|_)\]>`")
def expression_without_brackets(p, found):
    return f"expressions are listed in brackets: `[{short(p.marked)}]`"


@hint("E0277", said=r"^the trait bound `\[&str; \d+\]: AsRef<\[Expr\]>`", marked='"')
def name_for_expression(p, found):
    texts = quoted(p.marked)
    return f"a query takes expressions: `[{', '.join(f'col({text})' for text in texts)}]`"


@hint("E0277", marked=r'^"[^"]*"$', said=r"^`&str` is not an iterator|`&str: IntoVec<",
      labels=r"(?m)^(?:select|sort|drop_many|group_by): ")
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
    texts = quoted(p.line) if re.match(r"\[&str", found[1]) else []
    if texts:
        return f"several columns are chosen by `.select([{', '.join(texts)}])?`"
    return 'rows are chosen by `.clone().lazy().filter(…).collect()?`, a column by `.column("…")?`'


@hint("E0599", said=r"`&?Column` (?:is not an iterator|in the current scope)", marked=r"^(?:sum|min|max|mean|median|std)$")
def column_as_numbers(p, found):
    how = {"mean": "mean()", "median": "median()", "std": "std(1)"}.get(p.marked, f"{p.marked}::<f64>()?")
    return f"take the column's values as a series first: `.as_materialized_series().{how}`"


@hint("E0599", said=r"`LazyGroupBy` is not an iterator|^no method named `\w+` found for struct `LazyGroupBy`", marked=r"^(\w+)$")
def aggregated(p, found):
    """Groups have no sums of their own."""
    if p.marked in ("count", "len", "size"):
        return "say what to compute of each group: `.agg([len()])` counts its rows"
    if p.marked in ("sum", "mean", "median", "min", "max", "first", "last", "n_unique", "std", "var"):
        return f'say what to compute of each group, and of which column: `.agg([col("…").{p.marked}({"1" if p.marked in ("std", "var") else ""})])`'


@hint("E0599", "E0609", said=r"^no (?:method named|field) `(\w+)` (?:found for \w+|on type) "
      r"`&?(DataFrame|LazyFrame|LazyGroupBy|Expr|Column)")
def method_of_pandas(p, found):
    instead = OTHER_NAMES.get(found[1]) or found[2] == "DataFrame" and FRAME_METHODS.get(found[1])
    return instead and f"polars writes it {instead}"


hint("E0599", said=r"^no method named `agg` found for struct `GroupBy<")(
    'groups with expressions are a query: `.clone().lazy().group_by([col("…")]).agg([…]).collect()?`')


@hint("E0308", label=r"^expected `Option<usize>`, found integer", labels=r"(?m)^(?:head|tail): ")
def some_rows(p, found):
    return f"the number of rows goes into `Some`: `Some({p.marked})`"


@hint("E0507", said=r"out of index of `DataFrame`")
def column_by_name(p, found):
    return f"look at the column instead of taking it out of the frame: `&{short(p.marked)}`"


# Queries that cannot be shown or printed.

UNSHOWN = r"`(?:shown` exists.*Value<&)?{}(?:`|>).*(?:doesn't implement|its trait bounds)"
hint("E0599", "E0277", said=UNSHOWN.format("LazyFrame"))("a query is only a plan; `.collect()?` runs it")
hint("E0599", "E0277", said=UNSHOWN.format("LazyGroupBy"))("groups become a query by `.agg([…])`, and a frame by `.collect()?`")
hint("E0599", "E0277", said=UNSHOWN.format("(?:Chained)?(?:When|Then)"))(
    "a `when(…).then(…)` ends with `.otherwise(…)`, and belongs in a query's `select` or `with_column`")
