"""What the library offers to a cell, read from its source, and what lessons use of it, read from the notebooks.

The source is read as rustfmt leaves it.
"""

import collections
import json
import re

ITEM = re.compile(
    r'pub (?:(?:const|unsafe|async|extern "C") (?=\w))*?'
    r"(?P<kind>fn|struct|enum|union|trait|type|mod|const|static|use) (?P<rest>.*)", re.S)
STRUCT = re.compile(r"^( *)pub struct (\w+)[^;({]*\{\n(.*?)^\1\}", re.M | re.S)
FIELD = re.compile(r"^ +(pub )?(?:pub\([^)]*\) )?(\w+):", re.M)
METHODS = re.compile(r"^impl(?:<[^\n]*?>)? (?:[\w:]+(?:<[^\n]*>)? for )?(\w+)[^\n]*\{\n(.*?)^\}", re.M | re.S)
METHOD = re.compile(r"^    (pub )?(?:pub\([^)]*\) )?(?:(?:const|async) )?fn (\w+)", re.M)

Struct = collections.namedtuple("Struct", "public_fields private_fields public_methods private_methods")


class Api(dict):
    """Names that each module offers, those that lessons use most first; modules by their path without the crate's name, and
    by their name in the prelude."""

    def __init__(self):
        super().__init__()
        self.structs = {}  # name -> Struct
        self.hidden = set()  # private fields of the standard library's stand-in
        self.open = set()  # modules that also offer all of another crate's names
        # How often lessons use a method, a (module, name) and a name alone.
        self.methods, self.paths, self.words = collections.Counter(), collections.Counter(), collections.Counter()


def public_api(project):
    """What this library offers to a cell, from its source, its features and the notebooks in its folder."""
    api = Api()
    count_uses(api, project / "notebooks")
    features = default_features((project / "Cargo.toml").read_text())
    imports = []
    read_module(api, imports, features, "", (project / "src/lib.rs").read_text(), project / "src")
    resolve(api, imports)
    for path in (project / "src").rglob("*.rs"):
        if "bin" not in path.parts:
            read_structs(api, path.read_text())
    for path in (project / "kernel/std").rglob("*.rs"):
        for fields in re.findall(r"pub struct \w+[^;({]*\{ (.*?) \}", path.read_text()):
            api.hidden.update(re.findall(r"(?:^|, )(\w+):", fields))
    for module, names in api.items():
        api[module] = sorted(set(names), key=lambda name: (*frequency(api, module, name), name))
    return api


# What lessons use.


def frequency(api, module, name):
    """How often lessons use a name of a module: with the module's name before it, and alone. The most frequent sorts first."""
    alone = name[0].isupper() or module in ("", "prelude")
    return -api.paths[module.rsplit("::", 1)[-1], name], -api.words[name] * alone


def count_uses(api, folder):
    """Counts the names in the notebooks' cells: after a dot, after a module, and alone."""
    for path in sorted(folder.glob("*.ipynb")):
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        except (OSError, ValueError, KeyError, TypeError):
            continue  # learners edit this folder: one notebook that cannot be read is no reason to count none
        for source in sources:
            code = re.sub(r'"(?:[^"\\]|\\.)*"|//[^\n]*', '""', source)
            api.methods.update(re.findall(r"\.\s*(\w+)\s*(?:\(|::<)", code))
            api.paths.update(re.findall(r"\b(\w+)::(?=(\w+))", code))
            api.words.update(re.findall(r"(?<![\w.:])[^\W\d]\w*", code))


# Modules and their items.


def default_features(manifest):
    """The features that a notebook gets: the default ones, and those that they enable."""
    table = re.search(r"^\[features\]\n(.*?)(?=^\[|\Z)", manifest, re.M | re.S)
    lists = re.findall(r"^(\w[\w-]*) = \[(.*?)\]", table[1] if table else "", re.M | re.S)
    enables = {name: re.findall(r'"([^"]+)"', features) for name, features in lists}
    on, waiting = set(), ["default"]
    while waiting:
        name = waiting.pop()
        if name not in on:
            on.add(name)
            waiting += enables.get(name, [])
    return on


def items(text):
    """The items of a module: the attributes of each, and its text."""
    attributes, lines = [], text.split("\n")
    for at, line in enumerate(lines):
        if line.startswith("#["):
            attributes.append(line)
        elif line and line[0] not in " })]/":
            if line.endswith("{"):
                end = next((n for n in range(at + 1, len(lines)) if lines[n].startswith("}")), at)
            else:
                end = next((n for n in range(at, len(lines)) if lines[n].endswith((";", "}"))), at)
            yield attributes, "\n".join(lines[at:end + 1])
            attributes = []
        elif not line.startswith("//"):
            attributes = []


def is_left_out(attributes, features):
    """Whether an item is not there in a notebook, or is not meant to be seen."""
    text = " ".join(attributes)
    wanted = re.findall(r'cfg\(feature = "(\w+)"\)', text)
    return "cfg(test)" in text or "doc(hidden)" in text or not set(wanted) <= features


def read_module(api, imports, features, module, text, folder):
    """Adds the names of a module and of those in it, and collects what it imports for others, as (module, name, path)."""
    names = api.setdefault(module, [])
    for attributes, item in items(text):
        if is_left_out(attributes, features):
            continue
        if "#[macro_export]" in attributes:
            api.setdefault("", []).append(re.match(r"macro_rules! (\w+)", item)[1])
        match = ITEM.match(item)
        if not match:
            continue
        if match["kind"] == "use":
            imports += [(module, *pair) for pair in imported(match["rest"])]
            continue
        name = re.match(r"\w+", match["rest"])[0]
        names.append(name)
        if match["kind"] == "mod":
            inner = f"{module}::{name}".removeprefix("::")
            read_module(api, imports, features, inner, *module_text(match["rest"], name, folder))


def module_text(rest, name, folder):
    """A module's source, and the folder in which its own modules lie."""
    if "{" in rest.split("\n")[0]:
        return "\n".join(line[4:] for line in rest.split("\n")[1:-1]), folder / name
    for path in (folder / f"{name}.rs", folder / name / "mod.rs"):
        if path.exists():
            return path.read_text(), folder / name
    return "", folder


# Imports.


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


def resolve(api, imports):
    """Adds the names that are imported from elsewhere; of modules, what they offer under their new name."""
    for module, name, path in imports:
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
    # What is named through a re-exported module lies where that module lies.
    head, _, name = path.rpartition("::")
    return path if path in api else f"{head.rsplit('::', 1)[-1]}::{name}" if head else path


def alias(api, name, target):
    """Lets a module be found by another name, with the modules in it."""
    for known in [known for known in api if known == target or known.startswith(f"{target}::")]:
        api.setdefault(name + known[len(target):], api[known])


# Structs.


def read_structs(api, text):
    """Notes the fields and methods of a file's structs."""
    methods = collections.defaultdict(list)
    for name, body in METHODS.findall(text):
        methods[name] += METHOD.findall(body)
    for _, name, body in STRUCT.findall(text):
        known = api.structs.setdefault(name, Struct(set(), set(), set(), set()))
        for public, field in FIELD.findall(body):
            (known.public_fields if public else known.private_fields).add(field)
        for public, method in methods[name]:
            (known.public_methods if public else known.private_methods).add(method)
