"""What the library offers to a cell, as read from its source."""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import warm  # noqa: E402
from completion import library_api  # noqa: E402

API = library_api.public_api(PROJECT)


class Library(unittest.TestCase):
    def test_modules(self):
        self.assertLessEqual({
            "cases", "cases::saas", "cases::mentor", "chart", "chart::theme", "claims", "error", "metrics", "metrics::funnel",
            "notebook", "prelude", "stream", "warehouse", "warehouse::files", "warehouse::queries::saas",
        }, set(API))
        self.assertFalse({"chart::line", "chart::axis", "warehouse::postgres", "report", "cases::frame"} & set(API))

    def test_names(self):
        self.assertEqual(set(API["chart"]), {
            "Unit", "Bar", "bar", "Heatmap", "heatmap", "Histogram", "curve", "histogram", "Interval", "interval", "Line",
            "line", "survival", "panels", "schema", "theme", "Area", "area", "Boxplot", "boxplot", "Calibration", "calibration",
            "Dumbbell", "dumbbell", "Funnel", "funnel", "Multiples", "multiples", "Position", "Sankey", "sankey", "Scatter",
            "scatter", "Slope", "slope", "TickUnit", "Transitions", "transitions", "Waterfall", "waterfall",
        })
        self.assertLessEqual({"Config", "Tables", "Truth", "generate", "truth", "batches", "Part"}, set(API["cases::saas"]))
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
            "saas": "cases::saas", "funnel": "metrics::funnel", "queries::saas": "warehouse::queries::saas",
            "prelude::chart": "chart",
        }
        for name, module in names.items():
            self.assertEqual(API[name], API[module])

    def test_what_lessons_use_comes_first(self):
        # Whether there are more lines or more intervals changes with the lessons.
        self.assertEqual(set(API["chart"][:2]), {"interval", "line"})
        self.assertEqual(API["saas"][0], "Config")
        self.assertLess(API["saas"].index("generate"), API["saas"].index("Batch"))
        self.assertLess(API["chart"].index("bar"), API["chart"].index("Bar"))
        self.assertGreater(API.methods["title"], API.methods["collect"])

    def test_a_notebook_that_cannot_be_read_is_passed_over(self):
        api = library_api.Api()
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {"a": "", "b": "<<<<<<< ours", "c": '{"worksheets": []}', "d": '{"cells": [{"cell_type": "code", "source": "df.height()"}]}'}.items():
                pathlib.Path(folder, f"{name}.ipynb").write_text(text)
            library_api.count_uses(api, pathlib.Path(folder))
        self.assertEqual(api.methods, {"height": 1})

    @unittest.skipUnless(warm.state() == "ready", "the kernel is not warm")
    def test_the_compiler_finds_every_name(self):
        modules = {"", "cases", "chart", "claims", "error", "metrics", "notebook", "prelude", "stamp", "stream", "warehouse"}
        pairs = [(module, name) for module, names in API.items() if module.split("::")[0] in modules for name in names]
        self.assertGreater(len(pairs), 500)
        lines = [f"use casebook::{module}{'::' * bool(module)}{name} as _{at};" for at, (module, name) in enumerate(pairs)]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "names.rs")
            path.write_text("\n".join(lines))
            words = [warm.tool("rustc"), "--crate-type", "lib", "--emit", "metadata", "--out-dir", folder, path, *warm.options()]
            done = subprocess.run(words, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
