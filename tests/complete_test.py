"""What completion offers: the library's own names, and what lessons use first. No kernel."""

import pathlib
import sys
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

from completion import complete, graphemes  # noqa: E402
from completion.columns import TYPED  # noqa: E402

API = complete.public_api(PROJECT)
FRAMES = {"old": ["x", "y"], "users": ["user_id", "größe", 'a"b'], "df": ["visits", "orders", "device"]}
KINDS = {"(": "function", "!": "function", ":": "module"}


def answer(code, *offered, start=None):
    """evcxr's answer: labels as rust-analyzer writes them, in its order. A label with `…` inserts an argument's name."""
    start = len(code) if start is None else start
    matches, types = [], []
    for label in offered:
        kind = "keyword" if label == "const" else "class" if label[0].isupper() else "instance"
        kind = next((KINDS[letter] for letter in label if letter in KINDS), kind)
        matches.append(label.replace("(…)", "(value)").replace(" {…}", " {}"))
        types.append({"text": label, "type": kind, "start": start, "end": len(code)})
    return {
        "status": "ok", "matches": matches, "cursor_start": start, "cursor_end": len(code),
        "metadata": {TYPED: types},
    }


def labels(content):
    types = content["metadata"][TYPED]
    assert len(types) == len(content["matches"])
    for kind, match in zip(types, content["matches"]):
        assert complete.bare(kind["text"]) == complete.bare(match), (kind, match)
        assert (kind["start"], kind["end"]) == (content["cursor_start"], content["cursor_end"])
    return [kind["text"] for kind in types]


def refined(code, *offered, frames=FRAMES, api=API, start=None):
    return labels(complete.refine(code, len(code), answer(code, *offered, start=start), api, frames))


class Modules(unittest.TestCase):
    POLARS = ("ARROW_UUID_EXTENSION_NAME", "AggExpr", "concat(…)", "lit(…)", "datatypes::", "labels!(…)", "Frame", "columns(…)")

    def test_only_what_the_module_offers(self):
        offered = (*self.POLARS, "Bar", "Unit", "axis::", "bar(…)", "bar::", "line(…)", "line::", "theme::")
        for code in ("chart::", "casebook::chart::", "let x = casebook::prelude::chart::", "let größe = 1; chart::"):
            self.assertEqual(refined(code, *offered), ["line(…)", "bar(…)", "Unit", "Bar", "theme::"])
        self.assertEqual(refined("chart::l", "labels!(…)", "len()", "line(…)", "line::", "lit(…)", start=7), ["line(…)"])
        found = refined("saas::", *self.POLARS, "generate(…)", "Config", "check::", "Part")
        self.assertEqual(found, ["Config", "generate(…)", "Part"])

    def test_imports(self):
        plain = ("activity", "FxHashMap", "Period", "require")
        content = answer("use casebook::metrics::", *plain)
        for kind in content["metadata"][TYPED]:
            kind["type"] = "module" if kind["text"] == "activity" else "class"
        self.assertEqual(labels(complete.refine("use casebook::metrics::", 23, content, API, {})), ["Period", "activity"])
        self.assertEqual(refined("use casebook::chart::{bar, ", "Unit", "AggExpr", "line(…)"), ["line(…)", "Unit"])

    def test_the_prelude_keeps_polars_behind_its_own(self):
        found = refined("use casebook::prelude::", "AggExpr", "number(…)", "lit(…)", "saas::")
        self.assertEqual(set(found[:2]), {"number(…)", "saas::"})
        self.assertEqual(found[2:], ["AggExpr", "lit(…)"])

    def test_other_paths_keep_all(self):
        found = refined("DataType::", "Boolean", "UInt8", "Float64", "try_from(…)")
        self.assertEqual(found, ["Float64", "Boolean", "UInt8", "try_from(…)"])
        self.assertEqual(refined("std::collections::", "BTreeMap", "HashMap"), ["BTreeMap", "HashMap"])
        self.assertEqual(refined("saas::Config::", "validate(…)", "try_into(…)", "default()")[0], "default()")

    def test_without_the_library_nothing_is_lost(self):
        self.assertEqual(sorted(refined("chart::", *self.POLARS, api={})), sorted(self.POLARS))
        empty = {"status": "ok", "matches": [], "cursor_start": 3, "cursor_end": 3, "metadata": {}}
        self.assertEqual(complete.refine("df.", 3, empty, API, FRAMES), empty)
        failed = {"status": "error", "ename": "Offset 0 doesn't refer to user code", "evalue": ""}
        self.assertEqual(complete.refine("", 0, failed, API, FRAMES), failed)
        bare = {"status": "ok", "matches": ["concat", "line"], "cursor_start": 7, "cursor_end": 7}
        self.assertEqual(complete.refine("chart::", 7, bare, API, FRAMES)["matches"], ["line"])


class Values(unittest.TestCase):
    FRAME = (
        "height", "columns", "cached_schema", "pipe(…)", "try_into()", "lazy()", "clone()", "column(…)", "height()",
        "evcxr_display()", "eq(…)", "_finish_anti_semi_join(…)", "take_unchecked(…)", "filter(…)",
    )

    def test_a_frame(self):
        found = refined("df.", *self.FRAME)
        self.assertEqual(set(found), set(self.FRAME) - {"height", "columns", "cached_schema"})
        # What the notebooks use comes before what they don't; in which order, the notebooks decide.
        self.assertEqual(set(found[:4]), {"lazy()", "clone()", "height()", "filter(…)"})
        noise = {"try_into()", "evcxr_display()", "eq(…)", "_finish_anti_semi_join(…)", "take_unchecked(…)"}
        self.assertEqual(set(found[-5:]), noise)

    def test_private_fields_of_polars(self):
        for code, offered, gone in (
            ("frame.colu", ("columns", "column(…)", "columns()"), {"columns"}),
            ("df.clone().lazy().", ("logical_plan", "opt_state", "filter(…)", "collect()"), {"logical_plan", "opt_state"}),
            ("lf.group_by([]).", ("keys", "predicates", "agg(…)", "head(…)"), {"keys", "predicates"}),
            ("when(c).", ("condition", "then(…)"), {"condition"}),
            ("v.iter().", ("slice", "map(…)", "count()"), {"slice"}),
        ):
            self.assertEqual(set(offered) - set(refined(code, *offered, start=code.rindex(".") + 1)), gone, code)

    def test_our_own_types(self):
        line = ("frame", "x", "labels", "by(…)", "draw()", "title(…)", "clone()", "paint(…)", "into()")
        found = refined("chart::line(&df, a, b).", *line)
        # In the order of how often lessons use them, which changes with the lessons in the middle.
        self.assertEqual([found[0], set(found[1:3]), *found[3:]], ["title(…)", {"draw()", "by(…)"}, "clone()", "into()"])
        tables = ("companies", "plans", "try_into()", "named()", "clone()")
        self.assertEqual(refined("tables.", *tables)[:2], ["companies", "plans"])
        self.assertEqual(len(refined("tables.", *tables)), len(tables))

    def test_a_learners_own_fields_stay(self):
        for offered in (("x", "y", "into()", "clone()"), ("keys", "height", "area()"), ("columns", "condition")):
            self.assertEqual(set(refined("shape.", *offered)), set(offered))

    def test_expressions(self):
        offered = ("iter().map(…)", "eq(…)", "eq_missing(…)", "gt(…)", "alias(…)", "into()", "clone()", "dot_impl(…)")
        found = refined('col("a").', *offered)
        self.assertEqual(found[:2], ["alias(…)", "eq(…)"])
        self.assertEqual(set(found[-4:]), {"iter().map(…)", "into()", "clone()", "dot_impl(…)"})

    def test_names_that_stand_alone(self):
        code = "let count = 1;\nlet cut = 2;\nc"
        offered = ("concat(…)", "char", "chart::", "clip(…)", "col(…)", "config", "const", "count", "cut")
        found = refined(code, *offered, frames={"config": []}, start=len(code) - 1)
        self.assertEqual(found[:3], ["cut", "count", "config"])
        self.assertEqual(found[3:5], ["col(…)", "chart::"])
        self.assertLess(found.index("chart::"), found.index("clip(…)"))


class Counting(unittest.TestCase):
    def test_letters_as_readers_see_them(self):
        cases = {
            "abc": [0, 1, 2], "a\u0310e\u0301x": [0, 2, 4], "👍🏽x": [0, 2], "👩\u200d💻.": [0, 3], "🇩🇪🇫🇷": [0, 2],
            "a\r\nb": [0, 1, 3], "größe": [0, 1, 2, 3, 4], "": [],
        }
        for text, starts in cases.items():
            self.assertEqual(graphemes.graphemes(text), starts, text)
            for count, start in enumerate(starts):
                self.assertEqual((graphemes.from_graphemes(text, count), graphemes.to_graphemes(text, start)), (start, count))
            self.assertEqual(graphemes.from_graphemes(text, 99), len(text))

    def test_places_come_back_in_jupyters_count(self):
        code = 'let s = "e\u0301👍🏽"; chart::l'
        content = answer(code, "line(…)", "list::", start=graphemes.to_graphemes(code, len(code) - 1))
        content["cursor_end"] = graphemes.to_graphemes(code, len(code))
        found = complete.refine(code, len(code), content, API, {})
        self.assertEqual((found["cursor_start"], found["cursor_end"], labels(found)), (len(code) - 1, len(code), ["line(…)"]))


if __name__ == "__main__":
    unittest.main()
