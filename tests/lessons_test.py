"""What notebooks teach by example: cells worth copying, and exercises that ask for nothing a learner was not shown.

Notebooks that are rewritten have nothing that the rules object to. The others, and the exercises, have at most what
tests/lessons.json says, and that list may only get shorter.

usage: lessons_test.py show [FILE ...]   lists what is found in notebooks and exercises, and where
       lessons_test.py --shrink          shortens the list where less is found than it says
"""

import collections
import json
import pathlib
import re
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import rust  # noqa: E402

LIST = PROJECT / "tests" / "lessons.json"
NOTEBOOKS = PROJECT / "notebooks"
WIDTH, HEIGHT = 100, 16
# Every cell of these is worth copying.
HELD = {"00_start_here", "00b_polars_for_analysts", "02_saas_take_home", "04_notion_growth", "05_experiment_platform", "06_the_metric_moved", "A1_beyond_one_machine"}
# Where a learner of a case has been before.
FIRST = ("00_start_here", "00b_polars_for_analysts")
CASES = {"saas": "02_saas_take_home", "mentor": "01_mentor_marketplace", "ecommerce": "03_ecommerce_behaviour", "notion": "04_notion_growth"}
# A little Rust, which the first page asks for: what its own book introduces before its tenth chapter, and plain arithmetic.
RUST = {
    "Ok", "Err", "Some", "None", "Result", "Option", "Vec", "String", "vec!", "format!", "println!", "todo!",
    ".clone", ".iter", ".into_iter", ".map", ".filter", ".collect", ".len", ".sum", ".product", ".count", ".push", ".to_vec", ".unwrap_or",
    ".sqrt", ".exp", ".ln", "f64::from", "f64::NAN", "f64::INFINITY",
}
SOLUTION = re.compile(r"// ### BEGIN SOLUTION\n(.*?)// ### END SOLUTION", re.S)
# Words that stand before a bracket and call nothing.
KEYWORDS = {"as", "else", "for", "fn", "if", "in", "let", "loop", "match", "move", "mut", "ref", "return", "while"}
# Their values are read by row as well: `frame.column("users")?.f64()?.get(0)`.
TYPED_COLUMN = {"bool", "date", "datetime", "f32", "f64", "i8", "i16", "i32", "i64", "str", "u8", "u16", "u32", "u64"}


def notebooks():
    """The notebooks, and the exercises as they are written."""
    return [*sorted(NOTEBOOKS.glob("*.ipynb")), *sorted((NOTEBOOKS / "exercises/source").glob("*/*.ipynb"))]


def name_of(path):
    return path.relative_to(NOTEBOOKS).as_posix()


def cells(path, kind="code"):
    """Place and source of each cell of a kind."""
    found = enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"])
    return [(place, "".join(cell["source"])) for place, cell in found if cell["cell_type"] == kind]


def after(words, at, text):
    return at + 1 < len(words) and words[at + 1].text == text


def has_type(words, at):
    """Whether the `let` at this place has a type: a colon before its value, outside of brackets."""
    depth = 0
    for word in words[at + 1:]:
        depth += (word.text in rust.OPEN) - (word.text in rust.CLOSE)
        if depth == 0 and word.text in ("=", ";", ":"):
            return word.text == ":"
    return False


def by_row(words, at):
    """Whether a value is read by its row: `number(&frame, "users", 3)`, or `?.f64()?.get(0)`."""
    before = [word.text for word in words[max(0, at - 6):at]]
    if words[at].text == "number":
        return after(words, at, "(") and before[-1:] not in (["fn"], ["."])
    return words[at].text == "get" and after(words, at, "(") and before[-5:-1] and before[-4:] == ["(", ")", "?", "."] and before[-5] in TYPED_COLUMN


def objections(source):
    """Rule and line (from 1) of everything in a cell's code that isn't worth copying."""
    lines = source.splitlines()
    for place, line in enumerate(lines, 1):
        if len(line) > WIDTH:
            yield "long line", place
    if len(lines) > HEIGHT:
        yield "long cell", HEIGHT + 1
    words = rust.tokens(source)
    texts = [word.text for word in words]
    for at, word in enumerate(words):
        place = source.count("\n", 0, word.start) + 1
        if word.kind != "name":
            continue
        if by_row(words, at):
            yield "row number", place
        if texts[at:at + 3] == ["SortMultipleOptions", "::", "default"]:
            yield "default sort", place
        if word.text == "let" and has_type(words, at):
            yield "typed let", place
    if texts[-5:] == [".", "draw", "(", ")", "?"]:
        yield "drawn at the end", source.count("\n", 0, words[-1].start) + 1


def named(code):
    """What some code calls, and which types it names: `.keep`, `df!`, `pct`, `survival::curve`, `DataType`."""
    words = rust.tokens(code)
    for at, word in enumerate(words):
        if word.kind != "name":
            continue
        before, follows = words[at - 1].text if at else "", words[at + 1].text if at + 1 < len(words) else ""
        if follows == "::" and after(words, at + 1, "<"):
            follows = "("
        if before == "fn" or follows == "::" or word.text in KEYWORDS:
            continue
        if before == ".":
            if follows == "(":
                yield f".{word.text}"
        elif before == "::" and at > 1 and words[at - 2].kind == "name":
            yield f"{words[at - 2].text}::{word.text}"
        elif follows == "!" and any(after(words, at + 1, bracket) for bracket in rust.OPEN):
            yield f"{word.text}!"
        elif follows == "(" or word.text[0].isupper():
            yield word.text


def taught(path):
    """What a notebook shows, in its code or as code in its text, with words around it."""
    for _, source in cells(path):
        yield from named(source)
    for _, source in cells(path, "markdown"):
        for code in re.findall(r"`([^`\n]+)`", source):
            yield from named(code)


def asked(source):
    """What the solutions in a cell use, but for what they define themselves."""
    for solution in SOLUTION.findall(source):
        own = {*rust.variables(source), *re.findall(r"\bfn (\w+)", source)}
        yield from (name for name in named(solution) if name not in own)


def unseen(exercises, seen):
    """Names that solutions use and nothing showed, each with the place of its first cell."""
    found = {}
    for place, source in cells(exercises):
        for name in asked(source):
            if name not in RUST and name not in seen:
                found.setdefault(name, place)
    return found


def not_shown():
    found = {}
    for assignment, case in CASES.items():
        seen = {name for stem in (*FIRST, case) for name in taught(NOTEBOOKS / f"{stem}.ipynb")}
        names = sorted(unseen(NOTEBOOKS / "exercises/source" / assignment / f"{assignment}.ipynb", seen))
        if names:
            found[assignment] = names
    return found


def counts(paths):
    """How often each rule is broken in each notebook."""
    found = {}
    for path in paths:
        broken = collections.Counter(rule for _, source in cells(path) for rule, _ in objections(source))
        if broken:
            found[name_of(path)] = dict(sorted(broken.items()))
    return found


def today():
    return {"cells": counts(notebooks()), "not shown": not_shown()}


def troubles(now, allowed):
    """What is worse than the list."""
    for name, broken in now["cells"].items():
        for rule, count in broken.items():
            most = allowed["cells"].get(name, {}).get(rule, 0)
            if count > most:
                yield f"{name}: {count} times \"{rule}\"; at most {most}: see tests/lessons_test.py show"
    for assignment, names in now["not shown"].items():
        for name in sorted(set(names) - set(allowed["not shown"].get(assignment, []))):
            yield f"{assignment}: a solution uses `{name}`, which neither the first pages nor {CASES[assignment]} shows"


def shrunk(now, allowed):
    """The list as it can be now: never longer."""
    kept = {"cells": {}, "not shown": {}}
    for name, rules in allowed["cells"].items():
        least = {rule: min(most, now["cells"].get(name, {}).get(rule, 0)) for rule, most in rules.items()}
        if any(least.values()):
            kept["cells"][name] = {rule: count for rule, count in least.items() if count}
    for assignment, names in allowed["not shown"].items():
        if still := sorted(set(names) & set(now["not shown"].get(assignment, []))):
            kept["not shown"][assignment] = still
    return kept


class Lessons(unittest.TestCase):
    def test_nothing_is_worse_than_the_list(self):
        self.assertGreaterEqual(len(notebooks()), 11)
        self.assertEqual(list(troubles(today(), json.loads(LIST.read_text()))), [])

    def test_the_list_is_as_short_as_it_can_be(self):
        allowed = json.loads(LIST.read_text())
        self.assertEqual(shrunk(today(), allowed), allowed, "less is found than the list says: run tests/lessons_test.py --shrink")

    def test_what_is_rewritten_is_not_on_the_list(self):
        listed = {pathlib.PurePath(name).stem for name in json.loads(LIST.read_text())["cells"]}
        self.assertEqual(listed & HELD, set())
        self.assertLessEqual(HELD, {path.stem for path in notebooks()})

    def test_one_fault_in_a_notebook_that_is_rewritten_is_too_many(self):
        allowed = json.loads(LIST.read_text())
        for stem in HELD:
            planted = {"cells": {f"{stem}.ipynb": {"typed let": 1}}, "not shown": {}}
            self.assertEqual(len(list(troubles(planted, allowed))), 1, stem)

    def test_every_assignment_has_its_case(self):
        self.assertEqual(set(CASES), {path.stem for path in (NOTEBOOKS / "exercises/source").glob("*/*.ipynb")})


class Rules(unittest.TestCase):
    """Each rule finds a planted fault, and nothing else."""

    def found(self, source):
        return list(objections(source))

    def test_a_cell_worth_copying(self):
        source = (
            "// number(&frame, \"users\", 0) in a comment, and SortMultipleOptions::default()\n"
            "let said = \"let x: f64 = number(&f, 0); SortMultipleOptions::default().draw()?\";\n"
            "fn number(of: u32) -> u32 { of }\n"
            "let figure = chart::bar(&frame, \"month\", \"users\").draw()?;\n"
            "let config = saas::Config { companies: 200, ..saas::Config::default() };\n"
            "let last = frame.value(\"users\", \"month\", 12)?;\n"
            "let there = names.get(0);\n"
            "chart::bar(&frame, \"month\", \"users\").title(\"Up\")"
        )
        self.assertEqual(self.found(source), [])

    def test_long_lines_and_cells(self):
        self.assertEqual(self.found("// " + "x" * 97), [])
        self.assertEqual(self.found("a();\n// " + "x" * 98), [("long line", 2)])
        self.assertEqual(self.found("a();\n" * 16), [])
        self.assertEqual(self.found("a();\n" * 17), [("long cell", 17)])

    def test_values_read_by_row(self):
        for source in ("let a = 1;\nlet b = number(&f, \"c\", 3)?;", "a();\nOk(number(&falling(&sorted, \"sessions\")?, \"hour\", row)? as i64)",
                       "a();\nf.column(\"c\")?.f64()?.get(0)", "a();\nlet best = by.column(\"money\")?.str()?.get(rows - 1);"):
            self.assertEqual(self.found(source), [("row number", 2)], source)

    def test_a_sort_with_default_options(self):
        self.assertEqual(self.found("frame.lazy()\n  .sort([\"a\"], SortMultipleOptions::default().with_order_descending(true))"), [("default sort", 2)])

    def test_a_chart_drawn_at_the_end(self):
        self.assertEqual(self.found("chart::line(&f, \"a\", \"b\")\n    .draw()? // shows it\n"), [("drawn at the end", 2)])

    def test_lets_with_types(self):
        for source in ("let a: f64 = b;", "let mut a: Vec<i64> = vec![];", "let (a, b): (f64, f64) = c;", "let [a, b]: [f64; 2] = c;",
                       "fn f() { let x: u32; }"):
            self.assertEqual(self.found(source), [("typed let", 1)], source)
        for source in ("let a = |x: f64| x;", "let a = b::c();", "if let Some(x) = y {}", "let Config { users: n, .. } = config;"):
            self.assertEqual(self.found(source), [], source)

    def test_the_list_only_gets_shorter(self):
        allowed = {"cells": {"a.ipynb": {"long line": 3, "typed let": 1}, "b.ipynb": {"long cell": 1}}, "not shown": {"saas": [".mean", "beside"]}}
        better = {"cells": {"a.ipynb": {"long line": 2, "typed let": 1}}, "not shown": {"saas": ["beside"]}}
        self.assertEqual(list(troubles(better, allowed)), [])
        self.assertEqual(shrunk(better, allowed), {"cells": {"a.ipynb": {"long line": 2, "typed let": 1}}, "not shown": {"saas": ["beside"]}})
        worse = {"cells": {"a.ipynb": {"long line": 4}, "c.ipynb": {"row number": 1}}, "not shown": {"saas": ["beside", "rfm"], "mentor": ["beside"]}}
        told = "\n".join(troubles(worse, allowed))
        for part in ("a.ipynb: 4 times \"long line\"; at most 3", "c.ipynb: 1 times \"row number\"; at most 0", "saas: a solution uses `rfm`", "mentor: a solution uses `beside`"):
            self.assertIn(part, told)
        self.assertEqual(len(told.splitlines()), 4)
        self.assertEqual(shrunk(worse, allowed)["cells"], {"a.ipynb": {"long line": 3}})


class Shown(unittest.TestCase):
    """A solution that uses what nothing showed is found."""

    def notebook(self, *sources):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "own.ipynb"
        path.write_text(json.dumps({"cells": [{"cell_type": kind, "source": source} for kind, source in sources]}))
        return path

    def test_what_code_names(self):
        code = (
            "let a = f.keep(col(\"x\").gt(1))?.column(\"y\")?.iter().sum::<f64>();\nfn own(x: u32) {}\n"
            "df!(\"a\" => [1]); vec![1]; !ready(b); survival::curve(&a, Window::until(end)); col(\"x\").cast(DataType::Float64); frame.height;\n"
            "if (a) { return (b) }"
        )
        self.assertEqual(set(named(code)), {
            ".keep", "col", ".gt", ".column", ".iter", ".sum", "df!", "vec!", "ready", "survival::curve", "Window::until", ".cast", "DataType::Float64",
        })

    def test_a_name_that_nothing_showed(self):
        case = self.notebook(("code", "let kept = frame.keep(col(\"a\").gt(1))?;"), ("markdown", "Or write `kept.total(\"b\")?`; .join(..) is another."))
        solution = "fn f(a: &DataFrame) -> Result<f64> {{\n    // ### BEGIN SOLUTION\n    {}\n    // ### END SOLUTION\n}}"
        seen = set(taught(case))
        fine = "let twice = |x: f64| 2.0 * x;\n    Ok(twice(a.keep(col(\"a\").gt(1))?.total(\"b\")?))"
        self.assertEqual(unseen(self.notebook(("code", solution.format(fine))), seen), {})
        planted = "Ok(a.join(col(\"a\"), JoinType::Anti).total(\"b\")? + beside(a))"
        exercises = self.notebook(("markdown", "1."), ("code", "rfm(&orders)"), ("code", solution.format(planted)))
        self.assertEqual(unseen(exercises, seen), {".join": 2, "JoinType::Anti": 2, "beside": 2})


def show(paths):
    for path in paths:
        for place, source in cells(path):
            for rule, line in objections(source):
                print(f"{path.name}, cell {place}, line {line}: {rule}")
    for assignment, names in not_shown().items():
        print(f"{assignment}: not shown: {', '.join(names)}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--shrink"]:
        LIST.write_text(json.dumps(shrunk(today(), json.loads(LIST.read_text())), indent=1) + "\n")
    elif sys.argv[1:2] == ["show"]:
        show([pathlib.Path(word) for word in sys.argv[2:]] or notebooks())
    else:
        unittest.main()
