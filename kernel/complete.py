"""What completion offers: evcxr's list without what a cell cannot use, what lessons use first; and the columns of frames.

evcxr's rust-analyzer takes every crate for the learner's own, so it offers private imports and fields, too: below each
module of this library all of polars. What the library really offers is read from its source.
"""

import collections
import json
import re
import unicodedata

import rust

# Private fields of foreign types that cells often hold, and methods by which these types are known.
POLARS = {
    "height", "columns", "cached_schema", "logical_plan", "opt_state", "cached_arena", "keys", "predicates",
    "maintain_order", "condition", "conditions", "statement", "statements",
}
OF_POLARS = {
    "column", "columns", "height", "lazy", "collect", "cache", "agg", "having", "then", "otherwise", "when",
    "with_column", "with_columns", "logical_plan",
}
OF_STD = {
    "len", "iter", "push", "count", "collect", "get", "insert", "is_empty", "as_str", "map", "lock", "borrow",
    "elapsed", "copied",
}
# What every type has, and what polars keeps for itself.
NOISE = {
    "try_into", "into", "try_from", "from", "clone_from", "clone_into", "to_owned", "type_id", "borrow",
    "borrow_mut", "evcxr_display", "ne", "cmp", "partial_cmp", "hash", "fmt",
}
PRIVATE = re.compile(r"^_|_(?:impl|unchecked|unchecked_impl|amortized|trusted\w*|ca|ca_\w+|arr|arr_\w+)$")
TYPES = {
    "i8", "i16", "i32", "i64", "i128", "u8", "u16", "u32", "u64", "u128", "usize", "isize", "f16", "f32", "f64",
    "f128", "bool", "char", "str",
}
# Calls whose texts are names of columns, and calls whose texts are something else although a frame stands beside them.
COLUMNS = {
    "col", "cols", "column", "by", "select", "group_by", "group_by_stable", "sort", "sort_by", "over", "drop",
    "drop_many", "unique", "unique_stable", "explode", "partition_by", "observed", "band",
}
TEXTS = {
    "lit", "alias", "title", "subtitle", "x_label", "y_label", "alt", "expect", "ok_or", "unwrap_or", "contains",
    "starts_with", "ends_with", "join", "split", "push_str", "from", "new", "measured", "impossible", "undefined",
    "with", "with_data", "parse", "read", "save", "write", "eq", "neq", "gt", "gt_eq", "lt", "lt_eq", "is_in",
    "then", "otherwise", "fill_null", "suffix", "prefix", "with_name", "reference",
}


# What the library offers.


class Api(dict):
    """Names that each module offers, those that lessons use most first; modules by their path without the crate's name, and
    by their name in the prelude."""

    def __init__(self):
        super().__init__()
        self.structs = {}  # name -> Struct
        self.hidden = set()  # private fields of the standard library's stand-in
        self.open = set()  # modules that also offer all of another crate's names
        self.methods, self.paths, self.words = collections.Counter(), collections.Counter(), collections.Counter()


Struct = collections.namedtuple("Struct", "public private methods own")

ITEM = re.compile(
    r'pub (?:(?:const|unsafe|async|extern "C") (?=\w))*?'
    r"(?P<kind>fn|struct|enum|union|trait|type|mod|const|static|use) (?P<rest>.*)", re.S)
STRUCT = re.compile(r"^( *)pub struct (\w+)[^;({]*\{\n(.*?)^\1\}", re.M | re.S)
FIELD = re.compile(r"^ +(pub )?(?:pub\([^)]*\) )?(\w+):", re.M)
METHODS = re.compile(r"^impl(?:<[^\n]*?>)? (?:[\w:]+(?:<[^\n]*>)? for )?(\w+)[^\n]*\{\n(.*?)^\}", re.M | re.S)
METHOD = re.compile(r"^    (pub )?(?:pub\([^)]*\) )?(?:(?:const|async) )?fn (\w+)", re.M)


def public_api(project):
    """What this library offers to a cell, from its source, its features and the notebooks in its folder."""
    api = Api()
    count_uses(api, project / "notebooks")
    features = switched_on((project / "Cargo.toml").read_text())
    uses = []
    read_module(api, uses, features, "", (project / "src/lib.rs").read_text(), project / "src")
    resolve(api, uses)
    for path in (project / "src").rglob("*.rs"):
        if "bin" not in path.parts:
            read_structs(api, path.read_text())
    for path in (project / "kernel/std").rglob("*.rs"):
        for fields in re.findall(r"pub struct \w+[^;({]*\{ (.*?) \}", path.read_text()):
            api.hidden.update(re.findall(r"(?:^|, )(\w+):", fields))
    for module, names in api.items():
        api[module] = sorted(set(names), key=lambda name: (*uses_of(api, module, name), name))
    return api


def uses_of(api, module, name):
    """How often lessons use a name of a module: with the module's name before it, and alone. Most sorts first."""
    alone = name[0].isupper() or module in ("", "prelude")
    return -api.paths[module.rsplit("::", 1)[-1], name], -api.words[name] * alone


def count_uses(api, folder):
    """Counts the names in the notebooks' cells: after a dot, after a module, and alone."""
    for path in sorted(folder.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] != "code":
                continue
            code = re.sub(r'"(?:[^"\\]|\\.)*"|//[^\n]*', '""', "".join(cell["source"]))
            api.methods.update(re.findall(r"\.\s*(\w+)\s*(?:\(|::<)", code))
            api.paths.update(re.findall(r"\b(\w+)::(?=(\w+))", code))
            api.words.update(re.findall(r"(?<![\w.:])[^\W\d]\w*", code))


def switched_on(manifest):
    """The features that a notebook gets: the default ones, and what they bring."""
    table = re.search(r"^\[features\]\n(.*?)(?=^\[|\Z)", manifest, re.M | re.S)
    lists = re.findall(r"^(\w[\w-]*) = \[(.*?)\]", table[1] if table else "", re.M | re.S)
    known = {name: re.findall(r'"([^"]+)"', brings) for name, brings in lists}
    on, waiting = set(), ["default"]
    while waiting:
        name = waiting.pop()
        if name not in on:
            on.add(name)
            waiting += known.get(name, [])
    return on


def items(text):
    """The items of a module as rustfmt leaves them: attributes, and the text from the item's line to its end."""
    attributes, lines = [], text.split("\n")
    for at, line in enumerate(lines):
        if line.startswith("#["):
            attributes.append(line)
        elif line and line[0] not in " })]/":
            closes = (lambda text: text.startswith("}")) if line.endswith("{") else (lambda text: text.endswith((";", "}")))
            end = next((n for n in range(at + line.endswith("{"), len(lines)) if closes(lines[n])), at)
            yield attributes, "\n".join(lines[at:end + 1])
            attributes = []
        elif not line.startswith("//"):
            attributes = []


def left_out(attributes, features):
    """Whether an item is not there in a notebook, or is not meant to be seen."""
    text = " ".join(attributes)
    wanted = re.findall(r'cfg\(feature = "(\w+)"\)', text)
    return "cfg(test)" in text or "doc(hidden)" in text or not set(wanted) <= features


def read_module(api, uses, features, module, text, folder):
    """Adds the names of a module and of those in it."""
    names = api.setdefault(module, [])
    for attributes, item in items(text):
        if left_out(attributes, features):
            continue
        if "#[macro_export]" in attributes:
            api.setdefault("", []).append(re.match(r"macro_rules! (\w+)", item)[1])
        match = ITEM.match(item)
        if not match:
            continue
        if match["kind"] == "use":
            uses += [(module, *use) for use in imported(match["rest"])]
            continue
        name = re.match(r"\w+", match["rest"])[0]
        names.append(name)
        if match["kind"] == "mod":
            inner = f"{module}::{name}".removeprefix("::")
            read_module(api, uses, features, inner, *module_text(match["rest"], name, folder))


def module_text(rest, name, folder):
    """A module's source, and the folder where modules in it lie."""
    if "{" in rest.split("\n")[0]:
        return "\n".join(line[4:] for line in rest.split("\n")[1:-1]), folder / name
    for path in (folder / f"{name}.rs", folder / name / "mod.rs"):
        if path.exists():
            return path.read_text(), folder / name
    return "", folder


def imported(tree, prefix=""):
    """The names that a `use` makes public, each with the path of what it is."""
    tree = " ".join(tree.rstrip(";").split())
    head, brace, rest = tree.partition("{")
    if brace:
        for part in branches(rest[:rest.rindex("}")]):
            yield from imported(part, prefix + head)
        return
    path, _, alias = (prefix + tree).partition(" as ")
    path = path.removesuffix("::self")
    name = alias or path.rsplit("::", 1)[-1]
    if name != "_":
        yield name, path


def branches(text):
    """The parts of a list, whose parts may be lists."""
    depth, part = 0, ""
    for letter in text + ",":
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            if part.strip():
                yield part.strip()
            part = ""
        else:
            part += letter


def resolve(api, uses):
    """Adds the names that are imported from elsewhere; of modules, what they offer under their new name."""
    for module, name, path in uses:
        if name == "*":
            api.open.add(module)
            continue
        api[module].append(name)
        target = absolute(api, module, path)
        if target in api:
            alias(api, f"{module}::{name}".removeprefix("::"), target)
            if module == "prelude":
                alias(api, name, target)


def absolute(api, module, path):
    """A path from the crate's root."""
    if path.startswith("crate::"):
        path = path[len("crate::"):]
    elif path.startswith("super::"):
        path = f"{module.rpartition('::')[0]}::{path[len('super::'):]}".removeprefix("::")
    elif f"{module}::{path}" in api:
        path = f"{module}::{path}"
    # What goes through a re-exported module lies where that module lies.
    head, _, name = path.rpartition("::")
    return path if path in api else f"{head.rsplit('::', 1)[-1]}::{name}" if head else path


def alias(api, name, target):
    """Lets a module be found by another name, with the modules in it."""
    for known in [known for known in api if known == target or known.startswith(f"{target}::")]:
        api.setdefault(name + known[len(target):], api[known])


def read_structs(api, text):
    """Notes the fields and methods of a file's structs."""
    methods = collections.defaultdict(list)
    for name, body in METHODS.findall(text):
        methods[name] += METHOD.findall(body)
    for _, name, body in STRUCT.findall(text):
        fields = FIELD.findall(body)
        known = api.structs.get(name, Struct(set(), set(), set(), set()))
        known.public.update(field for public, field in fields if public)
        known.private.update(field for public, field in fields if not public)
        known.methods.update(method for public, method in methods[name] if public)
        known.own.update(method for public, method in methods[name] if not public)
        api.structs[name] = known


# evcxr's list.


Entry = collections.namedtuple("Entry", "match type name")
# Where Jupyter looks for what kind of thing each match is, and how it is shown.
TYPED = "_jupyter_types_experimental"


def refine(code, cursor, content, api, frames):
    """evcxr's answer without what a cell cannot use, in the order of what is likely; places in it count as Jupyter counts."""
    matches = content.get("matches") or []
    types = (content.get("metadata") or {}).get(TYPED) or [{"text": match, "type": ""} for match in matches]
    if not matches or len(types) != len(matches):
        return content
    start, end = (from_graphemes(code, content.get(name, cursor)) for name in ("cursor_start", "cursor_end"))
    entries = [Entry(match, kind, bare(kind["text"])) for match, kind in zip(matches, types)]
    before = code[:start]
    path = path_before(before)
    if path is not None:
        kept = of_module(entries, path, api)
    elif before.rstrip().endswith("."):
        kept = of_value(entries, receiver(before.rstrip()[:-1]), api, frames)
    else:
        kept = alone(entries, code, api, frames)
    told = [entry.type | {"start": start, "end": end} for entry in kept]
    metadata = (content.get("metadata") or {}) | {TYPED: told}
    return content | {"matches": [entry.match for entry in kept], "cursor_start": start, "cursor_end": end, "metadata": metadata}


def bare(label):
    """The name in a label such as `line(…)`, `chart::` or `check! {…}`."""
    return re.match(r"(?:r#)?\w*", label)[0]


def path_before(before):
    """The path that is being completed, such as `chart` in `chart::li`; None if it is no path."""
    found = re.search(r"((?:\w+::)+)$", before)
    listed = re.search(r"\buse\s+((?:\w+::)+)\{[^{};]*$", before)
    return (found or listed)[1][:-2] if found or listed else None


def module_of(path, api):
    """The library's module that a path names; None if it names none of them."""
    path = re.sub(r"^(?:crate::)?casebook(?:::|$)", "", path)
    for name in (path, path.removeprefix("prelude::")):
        if name in api:
            return name
    return None


def of_module(entries, path, api):
    """What a module really offers; of a type, or of another crate's module, everything, the usual first."""
    module = module_of(path, api)
    last = path.rsplit("::", 1)[-1]
    paths = getattr(api, "paths", {})
    if module is None:
        order = lambda entry: (rank(entry), -paths.get((last, entry.name), 0))  # noqa: E731
        return sorted(entries, key=order)
    place = {name: number for number, name in enumerate(api[module])}
    offered = [entry for entry in entries if entry.name in place and is_offered(entry, module, api)]
    offered.sort(key=lambda entry: place[entry.name])
    return offered + ([entry for entry in entries if entry not in offered] if module in getattr(api, "open", ()) else [])


def is_offered(entry, module, api):
    """Whether this is the thing that the module offers under that name: a function may share it with a private module."""
    if entry.type["type"] == "module":
        return f"{module}::{entry.name}".removeprefix("::") in api or module == ""
    return True


def receiver(before):
    """The name of the variable whose fields and methods are asked for; None if it is another expression."""
    found = re.search(r"(?:^|[^\w.)\]?])([^\W\d]\w*)$", before)
    return found[1] if found else None


def of_value(entries, name, api, frames):
    """What a value has: its fields, the methods that lessons use, the others, and last what every value has."""
    fields = {entry.name for entry in entries if is_field(entry)}
    methods = {entry.name for entry in entries if not is_field(entry)}
    dropped = fields if name in frames else private_fields(fields, methods, api)
    own = private_methods(fields, methods, api)
    kept = [entry for entry in entries if entry.name not in (dropped if is_field(entry) else own)]
    used = getattr(api, "methods", {})
    idle = {"eq"} - ({"eq"} if methods & {"gt", "eq_missing"} else set()) | ({"clone"} if name is None else set())

    def order(entry):
        if is_field(entry):
            return 0, 0
        if rank(entry) or entry.name in idle:
            return 3, 0
        return (1, -used[entry.name]) if used.get(entry.name) else (2, 0)
    return sorted(kept, key=order)


def is_field(entry):
    return entry.type["type"] == "instance" and "(" not in entry.type["text"]


def rank(entry):
    """1 for what every type has or polars keeps for itself, 0 for the rest."""
    return int(entry.name in NOISE or bool(PRIVATE.search(entry.name)) or ")." in entry.type["text"])


def private_fields(fields, methods, api):
    """Those of the fields offered that a cell cannot read. Whose they are is seen by all of them and the methods."""
    if fields <= POLARS and methods & OF_POLARS or fields <= getattr(api, "hidden", set()) and methods & OF_STD:
        return fields
    return {field for struct in known_structs(fields, methods, api) for field in struct.private}


def private_methods(fields, methods, api):
    return {method for struct in known_structs(fields, methods, api) for method in struct.own - struct.methods}


def known_structs(fields, methods, api):
    """The library's structs to which fields and methods belong, if any do."""
    structs = getattr(api, "structs", {}).values()
    return [struct for struct in structs if fields and fields <= struct.public | struct.private and methods & struct.methods]


def alone(entries, code, api, frames):
    """Names that stand alone: variables first, the newest first, then what lessons use."""
    newest = list(dict.fromkeys([*reversed(rust.variables(code)), *reversed(frames)]))
    words = getattr(api, "words", {})
    ours = api.get("prelude", [])

    def order(entry):
        if entry.type["type"] == "instance" and re.fullmatch(r"[a-z_]\w*", entry.type["text"]) and entry.name not in TYPES:
            return 0, newest.index(entry.name) if entry.name in newest else len(newest), 0
        return (1, -words.get(entry.name, 0), 0) if words.get(entry.name) else (2, entry.name not in ours, rank(entry))
    return sorted(entries, key=order)


# Columns.


def columns(code, cursor, frames):
    """Columns of the frames in scope, where the cursor is in a text that is the name of one; otherwise None.

    `frames` has the names of columns for each variable, the newest last. Those of frames that the statement names come
    first, then columns that the statement itself makes.
    """
    found = rust.words(code[:cursor])
    if not frames or not found or found[-1].kind != "string" or not found[-1].open or found[-1].text[0] != '"':
        return None
    text = found.pop()
    if not wants_column(found, frames):
        return None
    named = names_of_statement(found, code[cursor:])
    first = [frame for frame in dict.fromkeys(reversed(named)) if frame in frames]
    offered = [column for frame in first for column in frames[frame]] + made(code, text.start)
    offered += [column for frame in reversed(frames) for column in frames[frame]]
    begun = text.text[1:]
    return reply([column for column in dict.fromkeys(offered) if column.startswith(begun)] or
                 [column for column in dict.fromkeys(offered) if begun.lower() in column.lower()], text.start + 1, cursor)


def reply(names, start, end):
    """A complete_reply's content."""
    matches = [name.replace("\\", "\\\\").replace('"', '\\"') for name in names]
    types = [{"text": name, "type": "column", "start": start, "end": end} for name in names]
    return {"status": "ok", "matches": matches, "cursor_start": start, "cursor_end": end, "metadata": {TYPED: types}}


def wants_column(found, frames):
    """Whether a text after these words is the name of a column."""
    for at in reversed(open_brackets(found)):
        before = found[at - 1] if at else None
        if found[at].text == "{" or before is None:
            return False
        if before.text == "!":
            if found[at - 2].text != "vec":
                return False
        elif found[at].text == "[" and (before.kind == "name" or before.text in (")", "]")):
            return before.text in frames  # frame["column"]
        elif before.kind == "name":
            return in_call(found, at, frames)
    return False


def open_brackets(found):
    """The places of the brackets that are open behind the last of some words, the innermost last."""
    waiting = []
    for at, word in enumerate(found):
        if word.text in rust.OPEN:
            waiting.append(at)
        elif word.text in rust.CLOSE and waiting:
            waiting.pop()
    return waiting


def in_call(found, at, frames):
    """Whether texts in a call are names of columns: by the call's name, or because it is given a frame, or asked of one."""
    name = found[at - 1].text
    if name in TEXTS:
        return False
    return name in COLUMNS or any(given in frames for given in [*arguments(found, at), *chain(found, at - 1)])


def arguments(found, at):
    """The names with which the arguments begin that a call has so far."""
    depth, first = 0, True
    for word in found[at + 1:]:
        if first and word.text not in ("&", "mut", "*"):
            if word.kind == "name":
                yield word.text
            first = False
        depth += (word.text in rust.OPEN) - (word.text in rust.CLOSE)
        first = first or depth == 0 and word.text == ","


def chain(found, at):
    """The names in the expression whose method stands at a place."""
    if at == 0 or found[at - 1].text != ".":
        return
    depth = 0
    for word in reversed(found[:at]):
        if word.text in rust.CLOSE:
            depth += 1
        elif word.text in rust.OPEN:
            depth -= 1
        inside = word.kind in ("name", "string", "number") or word.text in rust.OPEN or word.text in (".", "::", "?")
        if depth < 0 or depth == 0 and not inside:
            return
        if word.kind == "name":
            yield word.text


def names_of_statement(found, after):
    """The names in the statement around the cursor, in order."""
    start = max((at + 1 for at, word in enumerate(found) if word.text == ";"), default=0)
    words = found[start:] + rust.words(after.split(";", 1)[0])
    return [word.text for word in words if word.kind == "name"]


def made(code, at):
    """The columns that the statement around a place gives a name of its own."""
    start = max((word.end for word in rust.words(code[:at]) if word.text == ";"), default=0)
    return re.findall(r'\.alias\(\s*"([^"\\]*)"\s*\)', code[start:at])


# How evcxr counts.


def graphemes(code):
    """Where each letter begins that a reader sees as one, nearly as Unicode has it: evcxr counts these, Jupyter code points."""
    starts = []
    for at, letter in enumerate(code):
        before = code[at - 1] if at else ""
        mark = unicodedata.category(letter) in ("Mn", "Me", "Mc") or "\U0001f3fb" <= letter <= "\U0001f3ff"
        joined = "\u200d" in (letter, before) or before + letter == "\r\n"
        flag = is_half_flag(letter) and is_half_flag(before) and starts[-1] == at - 1
        if not starts or not (mark or joined or flag):
            starts.append(at)
    return starts


def is_half_flag(letter):
    """Flags are two letters."""
    return "\U0001f1e6" <= letter <= "\U0001f1ff"


def from_graphemes(code, count):
    """A place in evcxr's count as one in Jupyter's."""
    starts = graphemes(code)
    return starts[count] if count < len(starts) else len(code)


def to_graphemes(code, cursor):
    """A place in Jupyter's count as one in evcxr's, for a question to it."""
    return sum(start < cursor for start in graphemes(code))
