"""Circles between files: which Rust files take from each other, and so can't be understood one by one.

A file takes from another if it imports something that stands there, or names it by its path. A name is followed to the
file in which it stands, through `pub use`; to hand a name on is not to take it. Tests don't count.

usage: circles.py [FILE]     lists what each file of src/ and cli/src/, or this one, takes from which others
"""

import pathlib
import re
import sys

PROJECT = pathlib.Path(__file__).resolve().parent.parent
PLACES = ("src", "cli/src")
USE = re.compile(r"^[ \t]*(pub(?:\([\w:]+\))?\s+)?use\s+([^;]+);", flags=re.M)
PATH = re.compile(r"(?<![\w:])(\w+(?:::\w+)+)")


def code(text):
    """A source without comments and texts, and without its tests, which stand last."""
    text = re.split(r"^#\[cfg\(test\)\]\n(?:#\[.*\]\n)*mod \w+ \{", text, maxsplit=1, flags=re.M)[0]
    text = re.sub(r'//.*$|"(?:[^"\\]|\\.)*"', "", text, flags=re.M)
    return re.sub(r"^#\[cfg\(test\)\]\n[^\n]*;$", "", text, flags=re.M)


def leaves(tree):
    """The paths of `a::{b, c::d as e}`, each with the name it has from then on."""
    tree = tree.strip()
    head, brace, rest = tree.partition("{")
    if brace:
        parts, depth, start = [], 0, 0
        rest = rest[:rest.rindex("}")]
        for place, letter in enumerate(rest + ","):
            depth += {"{": 1, "}": -1}.get(letter, 0)
            if letter == "," and depth == 0:
                parts.append(rest[start:place])
                start = place + 1
        for part in filter(str.strip, parts):
            for path, name in leaves(part):
                whole = [*filter(None, head.strip().split("::")), *path]
                yield (whole[:-1], whole[-2]) if whole[-1] == "self" and len(whole) > 1 else (whole, name)
    else:
        path, _, name = tree.partition(" as ")
        path = [part.strip() for part in path.split("::")]
        yield path, name.strip() or path[-1]


class Sources:
    """The files of a folder, by the path of their modules."""

    def __init__(self, texts):
        self.texts = {module: code(text) for module, text in texts.items()}
        self.uses = {module: [(bool(public), list(leaves(tree))) for public, tree in USE.findall(text)] for module, text in self.texts.items()}
        self.exports = {}
        for module, uses in self.uses.items():
            named = [(name, path) for public, leaf in uses if public for path, name in leaf]
            self.exports[module] = {name: path for name, path in named if name != "*"}, [path[:-1] for name, path in named if name == "*"]

    def find(self, module, path, seen=()):
        """The module whose file a path from a module leads to; none outside these sources."""
        at, rest = module, list(path)
        if rest[0] == "crate":
            at, rest = (), rest[1:]
        elif rest[0] in ("self", "super"):
            while rest and rest[0] in ("self", "super"):
                at, rest = (at[:-1] if rest[0] == "super" else at), rest[1:]
        elif (*module, rest[0]) not in self.texts:
            return None
        while rest and at in self.texts:
            names, globs = self.exports[at]
            if (*at, rest[0]) in self.texts:
                at, rest = (*at, rest[0]), rest[1:]
            elif (at, rest[0]) in seen:
                return at
            elif rest[0] in names:
                seen = (*seen, (at, rest[0]))
                return self.find(at, [*names[rest[0]], *rest[1:]], seen) or at
            else:
                seen = (*seen, (at, rest[0]))
                inside = [found for glob in globs if (found := self.find(at, [*glob, *rest], seen)) and found != at and self.defines(found, rest[0])]
                return inside[0] if inside else at
        return at if at in self.texts else None

    def defines(self, module, name):
        return re.search(rf"\b(?:fn|struct|enum|trait|type|const|static|macro_rules!)\s+{re.escape(name)}\b", self.texts[module]) is not None

    def takes(self, module):
        """The modules from whose files a module's file takes something."""
        text = USE.sub("", self.texts[module])
        paths = [path for public, leaf in self.uses[module] if not public for path, _ in leaf]
        paths += [path.split("::") for path in PATH.findall(text)]
        found = {self.find(module, [part for part in path if part != "*"] or path) for path in paths}
        return found - {None, module}


def circles(edges):
    """The largest sets of nodes from each of which a way leads to each other (Tarjan)."""
    order, low, stack, found = {}, {}, [], []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(edges.get(node, ())):
            if other not in order:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == order[node]:
            place = stack.index(node)
            found.append(sorted(stack[place:]))
            del stack[place:]

    for node in sorted(edges):
        if node not in order:
            visit(node)
    return sorted(one for one in found if len(one) > 1)


def files(place):
    """The Rust files of a folder but its tests, by the path of their modules."""
    found, root = {}, PROJECT / place
    for path in sorted(root.rglob("*.rs")):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[-1] == "tests" or parts == ("main",):
            continue
        found[parts[:-1] if parts[-1] in ("mod", "lib") else parts] = path
    return found


def edges(place):
    """Which file takes from which others: paths from the project's folder."""
    paths = files(place)
    sources = Sources({module: path.read_text(encoding="utf-8") for module, path in paths.items()})
    name = {module: path.relative_to(PROJECT).as_posix() for module, path in paths.items()}
    return {name[module]: {name[other] for other in sources.takes(module)} for module in paths}


def every():
    """All circles, each as the files in it."""
    return [one for place in PLACES for one in circles(edges(place))]


if __name__ == "__main__":
    for place in PLACES:
        for path, others in edges(place).items():
            if sys.argv[1:] in ([], [path]):
                print(path, "takes", ", ".join(sorted(others)) or "nothing")
