"""Completion of columns. No kernel."""

import pathlib
import sys
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

from completion.columns import TYPED, columns  # noqa: E402

FRAMES = {"old": ["x", "y"], "users": ["user_id", "größe", 'a"b'], "df": ["visits", "orders", "device"]}


class Columns(unittest.TestCase):
    def offered(self, code, frames=FRAMES):
        at = code.index("|")
        code = code.replace("|", "")
        found = columns(code, at, frames)
        if found is None:
            return None
        self.assertEqual(found["status"], "ok")
        self.assertEqual(found["cursor_end"], at)
        self.assertEqual(code[found["cursor_start"] - 1], '"')
        self.assertEqual(len(found["matches"]), len(found["metadata"][TYPED]))
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
        found = columns('let größe = 1; col("vi', 22, FRAMES)
        self.assertEqual((found["cursor_start"], found["cursor_end"]), (20, 22))

    def test_without_frames_there_is_nothing(self):
        self.assertIsNone(self.offered('col("|")', {}))


if __name__ == "__main__":
    unittest.main()
