"""What completion offers: the library's own names, what lessons use first, and columns. No kernel."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import complete  # noqa: E402
import warm  # noqa: E402

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
        "metadata": {"_jupyter_types_experimental": types},
    }


def labels(content):
    types = content["metadata"]["_jupyter_types_experimental"]
    assert len(types) == len(content["matches"])
    for kind, match in zip(types, content["matches"]):
        assert complete.bare(kind["text"]) == complete.bare(match), (kind, match)
        assert (kind["start"], kind["end"]) == (content["cursor_start"], content["cursor_end"])
    return [kind["text"] for kind in types]


def refined(code, *offered, frames=FRAMES, api=API, start=None):
    return labels(complete.refine(code, len(code), answer(code, *offered, start=start), api, frames))


class Library(unittest.TestCase):
    """What the library offers, from its source."""

    def test_modules(self):
        self.assertLessEqual({
            "chart", "chart::theme", "claims", "error", "metrics", "metrics::funnel", "notebook", "prelude", "simulate",
            "simulate::saas", "simulate::mentor", "stream", "warehouse", "warehouse::files", "warehouse::queries::saas",
        }, set(API))
        self.assertFalse({"chart::line", "chart::axis", "warehouse::postgres", "report", "simulate::frame"} & set(API))

    def test_names(self):
        self.assertEqual(set(API["chart"]), {
            "Unit", "Bar", "bar", "Heatmap", "heatmap", "Histogram", "curve", "histogram", "Interval", "interval", "Line",
            "line", "survival", "panels", "schema", "theme",
        })
        self.assertLessEqual({"Config", "Tables", "Truth", "generate", "truth", "batches", "Part"}, set(API["simulate::saas"]))
        self.assertLessEqual({"read", "parts", "Format"}, set(API["warehouse::files"]))
        self.assertLessEqual({"SCHEMA", "CLIENTS", "CHURN", "ALL"}, set(API["warehouse::queries::saas"]))
        self.assertLessEqual({"Error", "ErrorKind", "Result", "Trouble", "check", "polars", "prelude"}, set(API[""]))
        self.assertLessEqual({"number", "beside", "Month", "saas", "Ledger", "Unit"}, set(API["prelude"]))
        for path in ("::show", "::report", "chart::labels", "chart::Frame", "prelude::_", "notebook::ByShow"):
            module, name = path.split("::")
            self.assertNotIn(name, API[module])

    def test_every_public_item_of_every_module(self):
        """Read in another way: each line of each file that makes something public."""
        for module, names in API.items():
            for path in (PROJECT / "src" / f"{module.replace('::', '/')}{end}" for end in (".rs", "/mod.rs")):
                if module in ("", "prelude") or not path.is_file():
                    continue
                text = path.read_text().split("#[cfg(test)]\nmod tests")[0]
                made = re.findall(r"^pub (?:const |async )?(?:fn|struct|enum|trait|type|mod|const|static) (\w+)", text, re.M)
                self.assertLessEqual(set(made), set(names), module)

    def test_modules_go_by_their_names_in_the_prelude(self):
        names = {
            "saas": "simulate::saas", "funnel": "metrics::funnel", "queries::saas": "warehouse::queries::saas",
            "prelude::chart": "chart", "simulate::stream": "stream",
        }
        for name, module in names.items():
            self.assertEqual(API[name], API[module])

    def test_what_lessons_use_comes_first(self):
        self.assertEqual(API["chart"][0], "line")
        self.assertEqual(API["saas"][:2], ["Config", "Tables"])
        self.assertLess(API["chart"].index("bar"), API["chart"].index("Bar"))
        self.assertGreater(API.methods["collect"], API.methods["height"])

    @unittest.skipUnless(warm.state() == "ready", "the kernel is not warm")
    def test_the_compiler_finds_every_name(self):
        modules = {"", "chart", "claims", "error", "metrics", "notebook", "prelude", "simulate", "stamp", "stream", "warehouse"}
        pairs = [(module, name) for module, names in API.items() if module.split("::")[0] in modules for name in names]
        self.assertGreater(len(pairs), 500)
        lines = [f"use casebook::{module}{'::' * bool(module)}{name} as _{at};" for at, (module, name) in enumerate(pairs)]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "names.rs")
            path.write_text("\n".join(lines))
            words = [warm.tool("rustc"), "--crate-type", "lib", "--emit", "metadata", "--out-dir", folder, path, *warm.options()]
            done = subprocess.run(words, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


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
        for kind in content["metadata"]["_jupyter_types_experimental"]:
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
        self.assertEqual(found[:3], ["lazy()", "clone()", "filter(…)"])
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
        self.assertEqual(found, ["draw()", "title(…)", "by(…)", "clone()", "into()"])
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


class Columns(unittest.TestCase):
    def offered(self, code, frames=FRAMES):
        at = code.index("|")
        code = code.replace("|", "")
        found = complete.columns(code, at, frames)
        if found is None:
            return None
        self.assertEqual(found["status"], "ok")
        self.assertEqual(found["cursor_end"], at)
        self.assertEqual(code[found["cursor_start"] - 1], '"')
        self.assertEqual(len(found["matches"]), len(found["metadata"]["_jupyter_types_experimental"]))
        return found["matches"]

    def test_where_names_of_columns_stand(self):
        for code in (
            'col("|', 'col("|")', 'cols(["visits", "|"])', 'df.column("|")?', 'df.select(["|"])', 'df.select(vec!["|"])',
            'df["|"]', '&df["|"]',
            'number(&df, "|', 'number(&df, "|", 0)?', 'falling(&df, "|")', 'chart::line(&df, "|", "visits")',
            'chart::line(&df, "visits", "|"',
            'chart::line(&df, "visits", "orders").by("|")', 'beside(users.clone().lazy(), &df, "|")',
            'df.clone().lazy().sort(["|"], x)',
            'df.clone().lazy()\n    .group_by([col("|")])', 'df.clone().lazy().rename(["|"], ["b"], true)',
            'share_of(&df, col("|").gt(lit(1)))?',
            '{ let c = df.column("|"); }', 'users.lazy();\ndf.clone().lazy().filter(col("|").gt(lit("x")))',
            'let größe = "ä"; number(&df, "|")', 'for v in [1] { number(&df, "|"',
        ):
            self.assertEqual((self.offered(code) or [])[:3], FRAMES["df"], code)

    def test_where_other_texts_stand(self):
        for code in (
            'lit("|")', 'df.filter(col("visits").gt(lit("|', 'col("a").alias("|")', 'chart::line(&df, "a", "b").title("|")',
            'println!("|", df)',
            'df!("|" => [1])', 'let x = "|";', '"|"', 'foo("|")', 'vec!["|"]', '// col("|', 'r"|"', 'col("visits").eq("|")',
            'df.column(&format!("|"))',
            'ledger.measured("|", "b", number(&df, "visits", 0)?)', 'check! { f(&df) => 1, expected: "|" }', 'df.expect("|")',
            'other["|"]',
            "col(|)", "|", 'col("a")|',
        ):
            self.assertIsNone(self.offered(code), code)

    def test_the_statements_own_frames_come_first_then_the_newest(self):
        self.assertEqual(self.offered('users.clone().lazy().select([col("|")])'), [
            "user_id", "größe", 'a\\"b', "visits", "orders", "device", "x", "y"])
        self.assertEqual(self.offered('let a = col("|");'), ["visits", "orders", "device", "user_id", "größe", 'a\\"b', "x", "y"])
        self.assertEqual(self.offered('df.height();\nold.column("|")')[:2], ["x", "y"])

    def test_columns_that_the_statement_makes(self):
        code = 'old.lazy().agg([col("x").sum().alias("total")]).sort(["|"], how)'
        self.assertEqual(self.offered(code)[:3], ["x", "y", "total"])
        self.assertNotIn("before", self.offered('f(col("x").alias("before"));\nold.column("|")'))

    def test_what_is_typed_already(self):
        self.assertEqual(self.offered('col("or|")'), ["orders"])
        self.assertEqual(self.offered('col("ORD|")'), ["orders"])
        self.assertEqual(self.offered('col("öß|")'), ["größe"])
        self.assertEqual(self.offered('col("other|")'), [])
        self.assertEqual(self.offered('df.column("gr|")'), ["größe"])
        found = complete.columns('let größe = 1; col("vi', 22, FRAMES)
        self.assertEqual((found["cursor_start"], found["cursor_end"]), (20, 22))

    def test_without_frames_there_is_nothing(self):
        self.assertIsNone(self.offered('col("|")', {}))


class Counting(unittest.TestCase):
    def test_letters_as_readers_see_them(self):
        cases = {
            "abc": [0, 1, 2], "a\u0310e\u0301x": [0, 2, 4], "👍🏽x": [0, 2], "👩\u200d💻.": [0, 3], "🇩🇪🇫🇷": [0, 2],
            "a\r\nb": [0, 1, 3], "größe": [0, 1, 2, 3, 4], "": [],
        }
        for text, starts in cases.items():
            self.assertEqual(complete.graphemes(text), starts, text)
            for count, start in enumerate(starts):
                self.assertEqual((complete.from_graphemes(text, count), complete.to_graphemes(text, start)), (start, count))
            self.assertEqual(complete.from_graphemes(text, 99), len(text))

    def test_places_come_back_in_jupyters_count(self):
        code = 'let s = "e\u0301👍🏽"; chart::l'
        content = answer(code, "line(…)", "list::", start=complete.to_graphemes(code, len(code) - 1))
        content["cursor_end"] = complete.to_graphemes(code, len(code))
        found = complete.refine(code, len(code), content, API, {})
        self.assertEqual((found["cursor_start"], found["cursor_end"], labels(found)), (len(code) - 1, len(code), ["line(…)"]))


if __name__ == "__main__":
    unittest.main()
