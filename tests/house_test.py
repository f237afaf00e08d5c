"""The house: no file over 500 lines, arrows between the folders of src/ and cli/src/ that point one way, no circles of files.

What breaks these rules today stands in house.json and can only become less. When it has:

usage: house_test.py --shrink     writes the shorter list
       house_test.py --edges      lists which folder takes what from which
"""

import json
import pathlib
import re
import subprocess
import sys
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests"))
import circles  # noqa: E402

LIST = PROJECT / "tests" / "house.json"
LINES = 500
# From below to above: each folder, or file, takes from those in the rows before its own, and not from its neighbours.
LIBRARY = [
    {"error"},
    {"stream", "frame"},
    {"stamp"},
    {"output", "events"},
    {"stats", "warehouse"},
    {"metrics", "figure", "claims", "decision"},
    {"cases"},
    {"chart"},
    {"notebook"},
    {"prelude"},
    {"lib"},
]
# Words of metrics' own, for columns that they read or return, which one case has, too. Of its other columns, a metric takes
# the names from the caller.
OWN = {
    "activated", "alone", "base", "bias", "capacity", "control", "days", "dollars", "effect", "expected_orders", "fault", "first_session_at", "id",
    "last", "lever", "lift", "look", "looks", "lost", "matched_at", "month", "p_value", "real", "real_share", "requested_at", "revenue", "runs",
    "score", "share", "stage", "visitors", "week", "weight", "withdrawn_at", "z",
}
COMMAND = [
    {"say", "terminal", "unpack"},
    {"record"},
    {"manifest", "pipeline", "report", "spark"},
    {"files", "serve"},
    {"analyze", "doctor", "ecommerce", "export", "mentor", "notion", "saas"},
    {"lib"},
    {"main"},
]
LAYERS = {"src": LIBRARY, "cli/src": COMMAND}
# Names at the library's root that stand in another file.
ELSEWHERE = {"src": {name: "error" for name in ("Error", "ErrorKind", "Result", "Trouble")} | {"check": "notebook", "format": "frame"}, "cli/src": {}}


def files():
    """Rust and Python sources that are ours, with their lines."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.rs", "*.py"]
    listed = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    names = sorted(name for name in set(listed.split("\0")) if name and (PROJECT / name).is_file())
    return {name: len((PROJECT / name).read_text(encoding="utf-8").splitlines()) for name in names}


def code(text):
    """A source without comments and without its tests, which stand last."""
    text = re.sub(r"^\s*//.*$", "", text, flags=re.M)
    return re.split(r"^#\[cfg\(test\)\]\n(?:#\[.*\]\n)*mod \w+ \{", text, maxsplit=1, flags=re.M)[0]


def split(group):
    """The parts of `a, b::{c, d}, e`."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(group):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append(group[start:place])
            start = place + 1
    return [part.strip() for part in [*parts, group[start:]] if part.strip()]


def group(text, start):
    """What stands between the brace at a place and the one that closes it."""
    depth = 0
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start + 1:place]
    return ""


def takes(text, depth):
    """Names at the crate's root that a source uses; `depth` is how many `super::` lead there from it."""
    text = code(text)
    found = set()
    ways = [r"\bcrate::"] + ([rf"(?<!super::)\b(?:super::){{{depth}}}(?!super)"] if depth else [])
    for way in ways:
        for match in re.finditer(way, text):
            end = match.end()
            if text[end:end + 1] == "{":
                found |= {re.match(r"\w+", part)[0] for part in split(group(text, end)) if re.match(r"\w+", part)}
            elif name := re.match(r"\w+", text[end:]):
                found.add(name[0])
    return found


def edges(place):
    """Which file of src/ or cli/src/ takes something of which other folder: pairs of a file and a folder."""
    found, root = set(), PROJECT / place
    for path in sorted(root.rglob("*.rs")):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[-1] == "tests":
            continue
        depth = len(parts) - (parts[-1] == "mod")
        for name in takes(path.read_text(encoding="utf-8"), 0 if parts == ("lib",) else depth):
            other = ELSEWHERE[place].get(name, name)
            if other != parts[0] and ((root / other).is_dir() or (root / f"{other}.rs").is_file()):
                found.add((path.relative_to(PROJECT).as_posix(), other))
    return found


def columns_of_one_case(root):
    """The columns that the generator of only one case makes."""
    made = []
    for case in sorted(path for path in (root / "cases").iterdir() if path.is_dir()):
        own = set()
        for path in case.rglob("*.rs"):
            if path.stem != "tests" and not {"study", "kpis"} & set(path.relative_to(case).parts):
                own |= set(re.findall(r'"(\w+)"\s*=>', code(path.read_text(encoding="utf-8"))))
        made.append(own)
    return {column for own in made for column in own if sum(column in other for other in made) == 1}


def columns_of_cases(root):
    """Which metric names a column that only one case has: pairs of its file and the column."""
    found, columns = set(), columns_of_one_case(root)
    for path in sorted((root / "metrics").rglob("*.rs")):
        if path.stem not in ("tests", "properties"):
            named = set(re.findall(r'"(\w+)"', code(path.read_text(encoding="utf-8"))))
            found |= {(path.relative_to(root).as_posix(), column) for column in named & columns}
    return found


def every_edge():
    return set().union(*map(edges, LAYERS))


def layer(place, name):
    return next((row for row, names in enumerate(LAYERS[place]) if name in names), None)


def upward(pairs):
    """Those that do not point to a row below."""
    def up(path, other):
        place = next(place for place in LAYERS if path.startswith(f"{place}/"))
        own = path.removeprefix(f"{place}/").split("/")[0].removesuffix(".rs")
        return layer(place, other) >= layer(place, own)
    return {f"{path} takes {other}" for path, other in pairs if up(path, other)}


def today():
    long = {name: lines for name, lines in files().items() if lines > LINES}
    return {"lines": long, "arrows": sorted(upward(every_edge())), "circles": circles.every()}


def among(circle, allowed):
    """Whether the files of a circle all stand in one of those allowed."""
    return any(set(circle) <= set(other) for other in allowed)


def troubles(now, allowed):
    """What is worse than the list, and what the list still allows although it is better."""
    for name, lines in now["lines"].items():
        most = allowed["lines"].get(name, LINES)
        if lines > most:
            yield f"{name} has {lines} lines; at most {most}: split it by concept"
    for arrow in sorted(set(now["arrows"]) - set(allowed["arrows"])):
        yield f"{arrow}, which lies above it: see LAYERS in tests/house_test.py"
    for circle in now["circles"]:
        if not among(circle, allowed["circles"]):
            yield f"{', '.join(circle)} take from each other: tests/circles.py FILE lists what each takes"


def shrunk(now, allowed):
    """The list as it can be now: never longer."""
    lines = {name: min(now["lines"][name], most) for name, most in allowed["lines"].items() if name in now["lines"]}
    circled = [circle for circle in now["circles"] if among(circle, allowed["circles"])]
    return {"lines": dict(sorted(lines.items())), "arrows": sorted(set(allowed["arrows"]) & set(now["arrows"])), "circles": circled}


class House(unittest.TestCase):
    def test_nothing_is_worse_than_the_list(self):
        self.assertGreater(len(files()), 100)
        self.assertGreater(len(edges("src")), 50)
        self.assertGreater(len(edges("cli/src")), 20)
        self.assertEqual(list(troubles(today(), json.loads(LIST.read_text()))), [])

    def test_the_list_is_as_short_as_it_can_be(self):
        allowed = json.loads(LIST.read_text())
        self.assertEqual(shrunk(today(), allowed), allowed, "less is wrong than the list says: run tests/house_test.py --shrink")

    def test_metrics_know_no_case(self):
        columns = columns_of_one_case(PROJECT / "src")
        for column in ("company_id", "monthly_price_cents", "product_id", "registration_date", "session_rating", "hour_utc", "workspace_id", "plan_type"):
            self.assertIn(column, columns)
        self.assertNotIn("user_id", columns)
        named = columns_of_cases(PROJECT / "src")
        self.assertEqual({(path, column) for path, column in named if column not in OWN}, set(), "take the column's name from the caller")
        self.assertEqual(OWN - {column for _, column in named}, set(), "no metric and case share these any more")

    def test_every_folder_has_its_place(self):
        for place, rows in LAYERS.items():
            names = {path.stem if path.suffix == ".rs" else path.name for path in (PROJECT / place).iterdir()}
            self.assertEqual(sorted(name for name in names if layer(place, name) is None), [], "put it into LAYERS in tests/house_test.py")
            every = [name for row in rows for name in row]
            self.assertEqual(len(every), len(set(every)))


class Rules(unittest.TestCase):
    """What is found in sources, and what the list does."""

    def test_what_a_source_takes(self):
        text = (
            "//! Of crate::nothing.\nuse crate::{chart::{self, line}, metrics::Period, Error};\nuse crate::stamp;\n"
            "use super::super::frame;\nuse super::own;\nfn f() -> crate::error::Result<()> { /* */ }\n"
            "#[cfg(test)]\nmod tests {\n    use crate::cases::saas;\n}\n"
        )
        self.assertEqual(takes(text, 2), {"chart", "metrics", "Error", "stamp", "error", "frame"})
        self.assertEqual(takes("use super::metrics;", 1), {"metrics"})
        self.assertEqual(takes("use super::metrics;", 2), set())

    def test_arrows_point_down(self):
        pairs = {("src/metrics/a.rs", "error"), ("src/metrics/a.rs", "chart"), ("src/claims/mod.rs", "figure"), ("src/chart/mod.rs", "figure"), ("src/chart/mod.rs", "notebook")}
        pairs |= {("cli/src/say.rs", "record"), ("cli/src/files.rs", "manifest"), ("cli/src/analyze/input/mod.rs", "say")}
        self.assertEqual(upward(pairs), {"src/metrics/a.rs takes chart", "src/claims/mod.rs takes figure", "src/chart/mod.rs takes notebook", "cli/src/say.rs takes record"})

    def test_a_name_is_followed_to_its_file(self):
        texts = {
            (): "mod a;\nmod b;\nmod e;\npub use b::Thing;\n",
            ("a",): "mod c;\nmod d;\npub use c::{self, made as built};\npub(crate) use d::*;\nfn own() { d::used(); }\n",
            ("a", "c"): "use super::super::Thing;\npub fn made() {}\n// crate::e\n",
            ("a", "d"): "use super::own;\npub fn used() {}\n",
            ("b",): "use crate::a::{built, used as other};\npub struct Thing;\n#[cfg(test)]\nmod tests {\n    use crate::e;\n}\n",
            ("e",): "fn f() -> crate::Thing { super::a::c::made(\"crate::a::d\") }\n",
        }
        found = {module: circles.Sources(texts).takes(module) for module in texts}
        self.assertEqual(found[()], set(), "to hand a name on is not to take it")
        self.assertEqual(found[("a",)], {("a", "d")})
        self.assertEqual(found[("a", "c")], {("b",)})
        self.assertEqual(found[("a", "d")], {("a",)})
        self.assertEqual(found[("b",)], {("a", "c"), ("a", "d")})
        self.assertEqual(found[("e",)], {("b",), ("a", "c")})
        self.assertEqual(circles.circles(found), [[("a",), ("a", "d")], [("a", "c"), ("b",)]])

    def test_circles_are_found(self):
        self.assertEqual(circles.circles({1: {2}, 2: {3}, 3: {1, 4}, 4: {5}, 5: {4}, 6: {1}, 7: set()}), [[1, 2, 3], [4, 5]])
        self.assertGreater(sum(len(others) for others in circles.edges("src").values()), 500)

    def test_a_longer_file_and_a_new_arrow_are_named(self):
        allowed = {"lines": {"old.rs": 700}, "arrows": ["src/chart/mod.rs takes report"], "circles": [["a.rs", "b.rs", "c.rs"]]}
        now = {"lines": {"old.rs": 701, "new.rs": 501}, "arrows": ["src/chart/mod.rs takes report", "src/error.rs takes chart"]}
        now["circles"] = [["a.rs", "c.rs"], ["b.rs", "d.rs"]]
        found = "\n".join(troubles(now, allowed))
        self.assertNotIn("a.rs", found)
        for part in ("old.rs has 701 lines; at most 700", "new.rs has 501 lines; at most 500", "src/error.rs takes chart", "b.rs, d.rs take from each other"):
            self.assertIn(part, found)
        self.assertNotIn("chart/mod.rs", found)

    def test_the_list_never_grows(self):
        allowed = {"lines": {"old.rs": 700, "gone.rs": 600}, "arrows": ["a takes b", "c takes d"], "circles": [["a", "b", "c"], ["d", "e"]]}
        now = {"lines": {"old.rs": 650, "new.rs": 900}, "arrows": ["c takes d", "e takes f"], "circles": [["a", "b"], ["c", "d"]]}
        self.assertEqual(shrunk(now, allowed), {"lines": {"old.rs": 650}, "arrows": ["c takes d"], "circles": [["a", "b"]]})
        worse = {"lines": {"old.rs": 750}, "arrows": [], "circles": []}
        self.assertEqual(shrunk(worse, allowed)["lines"], {"old.rs": 700})


if __name__ == "__main__":
    if sys.argv[1:] == ["--shrink"]:
        LIST.write_text(json.dumps(shrunk(today(), json.loads(LIST.read_text())), indent=1) + "\n")
    elif sys.argv[1:] == ["--edges"]:
        for path, other in sorted(every_edge()):
            print(f"{path} takes {other}")
    else:
        unittest.main()
