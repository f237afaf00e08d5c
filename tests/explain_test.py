"""Compile errors in words and pictures: evcxr's reports with the right places and hints."""

import pathlib
import re
import sys
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "kernel"), str(PROJECT / "tests")]

from cells import crate, diagnostic, error, span  # noqa: E402
from errors import explain  # noqa: E402
from errors.report import merged, plain  # noqa: E402


def coloured(report):
    """A report with its colours, as evcxr's are: on each letter, and not on the place in a header."""
    def paint(line):
        return "".join(f"\x1b[38;5;246m{letter}\x1b[0m" for letter in line)
    lines = []
    for line in report.strip("\n").split("\n"):
        parts = re.split(r"(command_\d+:\d+:\d+)", line)
        lines.append("".join(part if part.startswith("command_") else paint(part) for part in parts))
    return lines


# Reports as evcxr 0.22 wrote them.
MOVED = """
[E0382] Error: borrow of moved value: `visits`
   ╭─[ command_3:1:1 ]
   │
 1 │ let given_away: Vec<i64> = visits;
   │                            ───┬──  
   │                               ╰──── value moved here
 2 │ visits.len()
   │ ───┬──  
   │    ╰──── value borrowed here after move
   │
   ├─[ command_3:1:1 ]
   │
 1 │ let given_away: Vec<i64> = visits;
   │                                  │ 
   │                                  ╰─ help: consider cloning the value if the performance cost is acceptable: `.clone()`
───╯
"""
TWO = """
[E0308] Error: mismatched types
   ╭─[ command_12:1:1 ]
   │
 1 │ df.clone().lazy().filter(col("visits") == 20).collect()?;
   │                   ───┬── ─────────┬─────────  
   │                      ╰──────────────────────── arguments to this method are incorrect
   │                                   │           
   │                                   ╰─────────── expected `Expr`, found `bool`
   │ 
   │ Note: note: method defined here
───╯
"""


class Reports(unittest.TestCase):
    def test_the_place_is_put_right_and_nothing_else_is_touched(self):
        cell = "let given_away: Vec<i64> = visits;\nvisits.len()"
        lib_rs = crate(["let given_away: Vec<i64> = visits;\n", "visits.len()"], show="debug")
        told = diagnostic("borrow of moved value: `visits`", "E0382", [
            span(lib_rs, "visits", "value moved here", occurrence=lib_rs.count("visits", 0, lib_rs.index("= visits;")) + 1),
            span(lib_rs, "visits.len", "value borrowed here after move", True),
        ])
        told["spans"][1]["column_end"] -= 4
        content = error("borrow of moved value: `visits`", coloured(MOVED))
        for more in ({"lib_rs": lib_rs}, {}):
            new = explain.compile_error(content, cell, [told], **more)
            self.assertEqual((new["ename"], new["evalue"]), ("E0382", content["evalue"]))
            self.assertEqual(plain(new["traceback"][1]), "   ╭─[ line 2, column 1 ]")
            self.assertEqual(plain(new["traceback"][10]), "   ├─[ line 1 ]")
            same = [line for number, line in enumerate(new["traceback"][:-1]) if number not in (1, 10)]
            self.assertEqual(same, [merged(line) for number, line in enumerate(content["traceback"]) if number not in (1, 10)])
            self.assertEqual(plain(new["traceback"][-1]),
                             "hint: lend `visits` instead of giving it away, `&visits`, or give a copy: `visits.clone()`")

    def test_colours_are_merged_and_those_that_cannot_be_read_on_white_are_left_out(self):
        line = "\x1b[38;5;249ml\x1b[0m\x1b[38;5;249me\x1b[0m\x1b[38;5;54mt\x1b[0m\x1b[38;5;54mx\x1b[0m \x1b[31mend\x1b[0m"
        self.assertEqual(merged(line), "le\x1b[38;5;54mtx\x1b[0m \x1b[31mend\x1b[0m")
        for unchanged in ("plain", "", "\x1b[31mred\x1b[0m and not"):
            self.assertEqual(merged(unchanged), unchanged)

    def test_without_the_compilers_messages_the_report_tells_the_line(self):
        content = error("borrow of moved value: `visits`", coloured(MOVED))
        new = explain.compile_error(content, "let given_away: Vec<i64> = visits;\nvisits.len()", [])
        self.assertEqual(plain(new["traceback"][1]), "   ╭─[ line 1 ]")
        self.assertNotIn("command_", plain("\n".join(new["traceback"])))

    def test_of_two_errors_alike_each_has_its_own_place(self):
        cell = 'df.clone().lazy().filter(col("visits") == 20).collect()?;'
        lib_rs = crate([cell])
        spans = [[span(lib_rs, "20", "expected `Expr`, found integer", True),
                  span(lib_rs, 'col("visits")', "expected because this is `Expr`")],
                 [span(lib_rs, 'col("visits") == 20', "expected `Expr`, found `bool`", True),
                  span(lib_rs, "filter", "arguments to this method are incorrect")]]
        told = [diagnostic("mismatched types", "E0308", some) for some in spans]
        new = explain.compile_error(error("mismatched types", coloured(TWO)), cell, told, lib_rs)
        self.assertEqual(plain(new["traceback"][1]), "   ╭─[ line 1, column 26 ]")
        self.assertEqual(plain(new["traceback"][-1]), 'hint: columns are compared by a method: `col("visits").eq(lit(20))`')

    def test_a_note_that_stands_for_an_error_is_told_as_the_error(self):
        """evcxr leaves out what it finds no line for, such as the call in a cell's last value, and passes on the note to it."""
        cell = "let n = 1;\nmean(n)"
        lib_rs = crate(["let n = 1;\n", "mean(n)"], show="debug")
        told = diagnostic("mismatched types", "E0308", [span(lib_rs, "n)", "expected `&[i64]`, found `i32`", True)])
        told["children"] = [{"message": "function defined here", "level": "note", "spans": [], "children": []}]
        note = error("function defined here", coloured(MOVED))
        new = explain.compile_errors([note, note], cell, [told], lib_rs)
        self.assertEqual((new["ename"], new["evalue"]), ("E0308", "mismatched types"))
        text = plain("\n".join(new["traceback"]))
        self.assertEqual(text.count("mismatched types"), 1)
        self.assertIn("line 2, column 6", text)

    def test_several_errors_are_one_with_each_hint_once(self):
        cell = 'df.clone().lazy().filter(col("visits") == 20).collect()?;'
        lib_rs = crate([cell])
        marked = span(lib_rs, 'col("visits") == 20', "expected `Expr`, found `bool`", True)
        told = [diagnostic("mismatched types", "E0308", [marked])]
        content, added = error("mismatched types", coloured(TWO)), error("consider importing this struct")
        new = explain.compile_errors([content, added, content], cell, told, lib_rs)
        lines = [plain(line) for line in new["traceback"]]
        self.assertEqual(sum(line.startswith("hint: ") for line in lines), 1)
        self.assertEqual(sum(line.startswith("[E0308]") for line in lines), 2)
        self.assertNotIn(added["evalue"], lines)
        self.assertEqual((new["ename"], new["evalue"]), ("E0308", "mismatched types"))

    def test_a_cell_that_is_not_ascii_has_a_report_of_the_same_form(self):
        cell = 'let ü = 1;\nlet s = "größe"; let n: i64 = "中";'
        lib_rs = crate(["let ü = 1;\n", 'let s = "größe"; ', 'let n: i64 = "中";'])
        before = lib_rs.count("i64", 0, lib_rs.index("n: i64"))
        told = diagnostic("mismatched types", "E0308", [
            span(lib_rs, '"中"', "expected `i64`, found `&str`", True),
            span(lib_rs, "i64", "expected due to this", occurrence=before + 1),
        ])
        content = error("mismatched types", ['let s = "größe"; let n: i64 = "中";', "^^^", "mismatched types"])
        new = explain.compile_error(content, cell, [told], lib_rs)
        self.assertEqual([plain(line) for line in new["traceback"]], [
            "[E0308] Error: mismatched types", "   ╭─[ line 2, column 31 ]", "   │", ' 2 │ let s = "größe"; let n: i64 = "中";',
            "   │                         ─┬─", "   │                          ╰── expected due to this",
            "   │                               ─┬──", "   │                                ╰── expected `i64`, found `&str`",
            "───╯",
        ])

    def test_only_line_feeds_end_lines(self):
        odd = "\x0c\x85\u2028"
        cell = f'let s = "{odd}"; // {odd}\nlet n: i64 = "five";\n\nlet t = n;'
        lib_rs = crate([f'let s = "{odd}"; // {odd}\n', 'let n: i64 = "five";\n\n', "let t = n;"])
        told = diagnostic("mismatched types", "E0308", [span(lib_rs, '"five"', "expected `i64`, found `&str`", True)])
        for more in ({"lib_rs": lib_rs}, {}):
            lines = [plain(line) for line in explain.compile_error(error("mismatched types"), cell, [told], **more)["traceback"]]
            self.assertIn("   ╭─[ line 2, column 14 ]", lines)
            self.assertIn(' 2 │ let n: i64 = "five";', lines)

    def test_an_error_in_a_function_of_an_earlier_cell(self):
        lib_rs = crate(["g(1);"], ["fn f() {\n    g()\n}", "fn g(x: i64) {}"])
        told = diagnostic("this function takes 1 argument", "E0061", [span(lib_rs, "g()", None, True)])
        content = error(told["message"], coloured("[E0061] Error: x\n   ╭─[ command_9:1:1 ]\n───╯"))
        new = explain.compile_error(content, "fn g(x: i64) {}\ng(1);", [told], lib_rs, [(3, "let a = 1;\nfn f() {\n    g()\n}")])
        self.assertEqual(plain(new["traceback"][1]), "   ╭─[ cell [3], line 3, column 5 ]")

    def test_evcxrs_own_messages_get_the_line_they_are_about(self):
        said = "Couldn't automatically determine type of variable `v`.\nPlease give it an explicit type."
        new = explain.compile_error(error(said), "let a = 1;\nlet v = a.iter().collect();", [])
        self.assertEqual(new["ename"], "CompileError")
        self.assertEqual([plain(line) for line in new["traceback"][2:]], [
            "   ╭─[ line 2, column 5 ]", "   │", " 2 │ let v = a.iter().collect();", "   │     ┬",
            "   │     ╰── this variable", "───╯", "hint: write its type after the name: `let v: Vec<f64> = …`",
        ])
        said = "mismatched closing delimiter: `}`"
        new = explain.compile_error(error(said), 'x();\nprintln!("{}", 3', [diagnostic(said, None, [])])
        self.assertEqual(new["ename"], "CompileError")
        self.assertIn("   ╭─[ line 2, column 9 ]", [plain(line) for line in new["traceback"]])
        self.assertEqual(plain(new["traceback"][-1]), "hint: `)` is missing for the `(` in line 2, column 9")

    def test_what_is_no_compilers_error_keeps_its_name(self):
        said = "Shell command failed with exit code 2: ls: cannot access '/nope'"
        old = [diagnostic("mismatched types", "E0308", [])]  # of a cell before
        self.assertEqual(explain.compile_error(error(said), "!ls /nope", old), error(said))


if __name__ == "__main__":
    unittest.main()
