"""Hints about names that a cell does not find, and about what cannot be kept from cell to cell."""

import re

import rust

from .rules import Rules
from .snippets import close, listed

RULES = Rules()
hint = RULES.on

# Other libraries' modules: of tables, and of charts.
OF_TABLES = {"pl", "pd", "pandas"}
OF_CHARTS = {"plt", "sns", "px", "matplotlib", "seaborn", "plotly"}
BROUGHT = "`use casebook::prelude::*;` brings polars' names; they are written without `{}::`, as in `col(\"…\")`"


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
        return (f"cell [{made[-1]}] made `{name}`, and it is gone: moved since, or lost with a cell that failed. Run that cell again; "
                f"to keep it, lend it, `&{name}`, or pass a copy, `{name}.clone()`")
    similar = close(name, [*kept, *made_before(p)]) if "similar name" not in p.notes else None
    return f"did you mean `{similar}`?" if similar and similar != name else None


def made_before(p):
    """The variables that the cell makes up to the error's line."""
    return rust.variables("\n".join(p.cell.split("\n")[:p.place.line]))


def in_item(p):
    """Whether the error lies in a function or another item of the cell."""
    at = rust.offset(p.cell, p.place.line, p.place.column)
    return any(piece.hoisted and piece.start <= at < piece.end for piece in rust.statements(p.cell))


def captured(name, kept, p):
    """Advice where a function uses a variable of the notebook."""
    sources = [source for _, source in p.earlier] + [p.cell]
    top = {piece.name for source in sources for piece in rust.statements(source) if piece.kind == "let"}
    if name not in top | set(kept) | set(p.frames):
        return None
    lent, kind = parameter(name, kept, sources, p.frames)
    added = f"a parameter, `{name}: {lent}{kind}`," if kind else f"a parameter for `{name}`"
    return f"functions don't see a notebook's variables: give the function {added} and call it with `{lent}{name}`"


def parameter(name, kept, sources, frames):
    """How a function takes a variable: "&" or nothing, and its type, "" if that is not known."""
    written = [found[1] for source in sources if (found := re.search(rf"\blet\s+(?:mut\s+)?{name}\s*:\s*([^=;]+?)\s*=", source))]
    kind = rust.short_type(kept.get(name) or ("DataFrame" if name in frames else written[-1] if written else ""))
    return "" if kind in rust.PRIMITIVES or kind.startswith("&") else "&", kind


@hint("E0433", "E0432", said=r"(?:module or crate|crate or module|unlinked crate|unresolved import) `(\w+)`")
def unknown_module(p, found):
    name = found[1]
    if name in OF_CHARTS:
        return "charts are made by this library's `chart::line`, `chart::bar` and others"
    if name in OF_TABLES:
        return BROUGHT.format(name)
    similar = close(name, {key.rsplit("::", 1)[-1] for key in p.api if key} - {"prelude"})
    return f"did you mean `{similar}::`?" if similar else None


hint("E0425", message=r"^cannot find function `(?:col|cols|lit|len|when)` in (?:crate|module) `polars`")(
    BROUGHT.format("polars"))


@hint("E0425", "E0433", "E0412", message=r"^cannot find [\w, ]+ `(\w+)` in (?:module|crate) `([\w:]+)`")
def unknown_in_module(p, found):
    name, path = found.groups()
    offered = p.api.get(re.sub(r"^(?:casebook|prelude|::)+", "", path)) if "similar name" not in p.notes else None
    similar = close(name, offered or ())
    return f"did you mean `{path}::{similar}`?" if similar else offered and f"`{path}` has {listed(offered)}"


@hint("E0433", "E0425", "E0412", notes=r"consider importing")
def not_imported(p, found):
    """Only names of the standard library that a cell may want: of other crates, the compiler suggests what is not meant."""
    texts = [span.get("suggested_replacement") or "" for child in p.children for span in child.get("spans", [])]
    wanted = [found[1] for text in texts if (found := re.match(r"use (std::(?:collections|fmt|time|rc|sync|path)::\w+);", text))]
    return f"import it at the top of the cell: `use {wanted[0]};`" if wanted else None


# What cannot be kept from cell to cell.


@hint(None, message=r"^Couldn't automatically determine type of variable `(\w+)`")
def type_not_found(p, found):
    return f"write its type after the name: `let {found[1]}: {likely_type(initial(p.cell, found[1]))} = …`"


@hint(None, message=r"^The variable `(\w+)` is a closure, which cannot be persisted")
def closure_not_kept(p, found):
    return f"make it a function, which later cells can use too: `fn {found[1]}(x: f64) -> f64 {{ … }}`"


@hint(None, "E0597", message=r"^The variable `(\w+)` contains a reference with a non-static lifetime")
def reference_not_kept(p, found):
    how = owned(initial(p.cell, found[1]))
    return (f"`{found[1]}` borrows another value, and only owned values outlive a cell: "
            f"{how}put the lines that use it into `{{ … }}`")


@hint(None, "E0562", message=r"^The variable `(\w+)` has type `(.*)` which cannot be persisted")
def type_not_kept(p, found):
    iterator = re.search(r"Iterator|\biter::|\bIter<", found[2])
    how = "collect it, `.collect::<Vec<_>>()`" if iterator else "keep what you need of it"
    return f"`{found[1]}` cannot be kept for later cells: {how}, or put the lines that use it into `{{ … }}`"


def initial(cell, name):
    """The code after the `=` of a variable's `let`."""
    found = re.search(rf"\blet\s+(?:mut\s+)?{name}\b[^=]*=\s*([^;]*)", cell)
    return found[1].strip() if found else ""


def owned(text):
    """How to keep a value of one's own instead of a reference, as the beginning of a sentence."""
    if re.match(r"&\w+(?:\[[^\]]*\])?$", text):
        return f"keep a copy, `{text[1:]}.clone()`, or "
    if re.search(r"\.(?:iter|chars|lines|bytes|keys|values|windows|chunks)\([^()]*\)$", text):
        return ""
    return "add `.clone()` or `.to_owned()`, or "


def likely_type(text):
    """A type that the value of some code may have."""
    if re.search(r"\.lazy\(\).*\.collect\(\)\s*\?$", text, re.S):
        return "DataFrame"
    if text.startswith("["):
        return f"[f64; {text.count(',') + 1}]"
    return "Vec<f64>" if text.endswith(".collect()") or text.startswith("vec!") else "f64"
