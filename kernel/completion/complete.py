"""What completion offers: evcxr's list without what a cell cannot use, and what lessons use first.

evcxr's rust-analyzer takes every crate for the learner's own, so it offers private imports and fields, too: under each
module of this library, all of polars.
"""

import collections
import re

import rust

from .columns import TYPED, columns
from .graphemes import from_graphemes, to_graphemes
from .library_api import Api, public_api

__all__ = ["columns", "public_api", "refine", "to_graphemes"]

# Private fields of foreign types that cells often hold, and methods by which these types are known.
POLARS_FIELDS = {
    "height", "columns", "cached_schema", "logical_plan", "opt_state", "cached_arena", "keys", "predicates",
    "maintain_order", "condition", "conditions", "statement", "statements",
}
POLARS_METHODS = {
    "column", "columns", "height", "lazy", "collect", "cache", "agg", "having", "then", "otherwise", "when",
    "with_column", "with_columns", "logical_plan",
}
STD_METHODS = {
    "len", "iter", "push", "count", "collect", "get", "insert", "is_empty", "as_str", "map", "lock", "borrow",
    "elapsed", "copied",
}
# What every type has, and what polars keeps for itself.
NOISE = {
    "try_into", "into", "try_from", "from", "clone_from", "clone_into", "to_owned", "type_id", "borrow",
    "borrow_mut", "evcxr_display", "ne", "cmp", "partial_cmp", "hash", "fmt",
}
INTERNAL = re.compile(r"^_|_(?:impl|unchecked|unchecked_impl|amortized|trusted\w*|ca|ca_\w+|arr|arr_\w+)$")

Entry = collections.namedtuple("Entry", "match type name")


def refine(code, cursor, content, api, frames):
    """evcxr's answer without what a cell cannot use, the likely first; offsets in it count as Jupyter counts."""
    matches = content.get("matches") or []
    types = (content.get("metadata") or {}).get(TYPED) or [{"text": match, "type": ""} for match in matches]
    if not matches or len(types) != len(matches):
        return content
    api = api or Api()
    start, end = (from_graphemes(code, content.get(name, cursor)) for name in ("cursor_start", "cursor_end"))
    entries = [Entry(match, kind, bare(kind["text"])) for match, kind in zip(matches, types)]
    before = code[:start]
    path = path_before(before)
    if path is not None:
        kept = of_module(entries, path, api)
    elif before.rstrip().endswith("."):
        kept = of_value(entries, receiver(before.rstrip()[:-1]), api, frames)
    else:
        kept = unqualified(entries, code, api, frames)
    types = [entry.type | {"start": start, "end": end} for entry in kept]
    metadata = (content.get("metadata") or {}) | {TYPED: types}
    return content | {"matches": [entry.match for entry in kept], "cursor_start": start, "cursor_end": end, "metadata": metadata}


def bare(label):
    """The name in a label such as `line(…)`, `chart::` or `check! {…}`."""
    return re.match(r"(?:r#)?\w*", label)[0]


def is_noise(entry):
    """Whether it is what every type has, or what polars keeps for itself."""
    return entry.name in NOISE or bool(INTERNAL.search(entry.name)) or ")." in entry.type["text"]


# After a path.


def path_before(before):
    """The path that is being completed, such as `chart` in `chart::li`; None if it is no path."""
    found = re.search(r"((?:\w+::)+)$", before) or re.search(r"\buse\s+((?:\w+::)+)\{[^{};]*$", before)
    return found[1][:-2] if found else None


def module_of(path, api):
    """The library's module that a path names; None if it names none of them."""
    path = re.sub(r"^(?:crate::)?casebook(?:::|$)", "", path)
    return next((name for name in (path, path.removeprefix("prelude::")) if name in api), None)


def of_module(entries, path, api):
    """What a module really offers; of a type, or of another crate's module, everything, the usual first."""
    module = module_of(path, api)
    if module is None:
        last = path.rsplit("::", 1)[-1]
        return sorted(entries, key=lambda entry: (is_noise(entry), -api.paths[last, entry.name]))
    position = {name: number for number, name in enumerate(api[module])}
    offered = [entry for entry in entries if entry.name in position and is_offered(entry, module, api)]
    offered.sort(key=lambda entry: position[entry.name])
    return offered + ([entry for entry in entries if entry not in offered] if module in api.open else [])


def is_offered(entry, module, api):
    """Whether this is what the module offers under that name: a function may share it with a private module."""
    return entry.type["type"] != "module" or module == "" or f"{module}::{entry.name}" in api


# After a dot.


def receiver(before):
    """The name of the variable whose fields and methods are asked for; None if it is another expression."""
    found = re.search(r"(?:^|[^\w.)\]?])([^\W\d]\w*)$", before)
    return found[1] if found else None


def of_value(entries, name, api, frames):
    """What a value has: its fields, the methods that lessons use, the others, and last what every value has."""
    fields = {entry.name for entry in entries if is_field(entry)}
    methods = {entry.name for entry in entries if not is_field(entry)}
    structs = [
        struct for struct in api.structs.values()
        if fields and fields <= struct.public_fields | struct.private_fields and methods & struct.public_methods
    ]
    hidden_fields = fields if name in frames else private_fields(fields, methods, structs, api)
    hidden_methods = {method for struct in structs for method in struct.private_methods - struct.public_methods}
    kept = [entry for entry in entries if entry.name not in (hidden_fields if is_field(entry) else hidden_methods)]
    # `eq` is of use to polars' expressions, `clone` to variables.
    idle = set() if methods & {"gt", "eq_missing"} else {"eq"}
    idle |= {"clone"} if name is None else set()

    def order(entry):
        if is_field(entry):
            return 0, 0
        if is_noise(entry) or entry.name in idle:
            return 3, 0
        return (1, -api.methods[entry.name]) if api.methods[entry.name] else (2, 0)
    return sorted(kept, key=order)


def is_field(entry):
    return entry.type["type"] == "instance" and "(" not in entry.type["text"]


def private_fields(fields, methods, structs, api):
    """Those of the fields offered that a cell cannot read. Whose they are shows in all of them and the methods."""
    if fields <= POLARS_FIELDS and methods & POLARS_METHODS or fields <= api.hidden and methods & STD_METHODS:
        return fields
    return {field for struct in structs for field in struct.private_fields}


# Elsewhere.


def unqualified(entries, code, api, frames):
    """Names that stand alone: variables first, the newest first, then what lessons use."""
    newest = list(dict.fromkeys([*reversed(rust.variables(code)), *reversed(frames)]))
    ours = api.get("prelude", [])

    def order(entry):
        if is_variable(entry):
            return 0, newest.index(entry.name) if entry.name in newest else len(newest), 0
        return (1, -api.words[entry.name], 0) if api.words[entry.name] else (2, entry.name not in ours, is_noise(entry))
    return sorted(entries, key=order)


def is_variable(entry):
    text = entry.type["text"]
    return entry.type["type"] == "instance" and re.fullmatch(r"[a-z_]\w*", text) and entry.name not in rust.PRIMITIVES
