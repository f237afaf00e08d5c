"""The exercises, graded by nbgrader in real kernels: right, missing, wrong, panicking and broken answers."""

import concurrent.futures
import csv
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import nbformat

PROJECT = pathlib.Path(__file__).resolve().parent.parent
COURSE = PROJECT / "notebooks" / "exercises"
sys.path[:0] = [str(COURSE), str(PROJECT / "tests")]

import course  # noqa: E402
import scope  # noqa: E402
from nbgrader import utils  # noqa: E402

# What stands between the marks instead of the solution, and how it is wrong.
WRONG = {
    "saas": {
        "mean_sessions": ("counts the empty months", "number(&lives.clone().lazy().select([col(\"sessions\").cast(DataType::Float64).mean()]).collect()?, \"sessions\", 0)"),
        "never_came": ("is the example's answer, typed in", "Ok(0.25)"),
        "together": ("averages the rates", "let rate = col(\"lost\").cast(DataType::Float64) / col(\"at_start\").cast(DataType::Float64);\n    Ok(by_size.clone().lazy().group_by([col(\"month_no\")]).agg([rate.mean().alias(\"churn\")]).sort([\"month_no\"], Default::default()).collect()?)"),
    },
    "mentor": {
        "mean_minutes": ("panics", "let none: Option<f64> = None;\n    Ok(none.unwrap())"),
        "busiest_hour": ("does not compile", "sessions.column(\"session_start\")?.most_frequent()"),
        "difference": ("kills the process", "std::process::exit(1)"),
    },
    "ecommerce": {
        "orders": ("counts rows", "Ok(events.clone().lazy().filter(col(\"event_type\").eq(lit(\"purchase\"))).collect()?.height())"),
        "lift": ("never ends", "loop {}"),
        "rfm": ("names a column that is not there", "Ok(events.select([\"user_id\", \"recency_days\"])?)"),
    },
    "notion": {
        "stickiness": ("divides whole numbers", "Ok(df!(\"dau\" => [1], \"mau\" => [3], \"stickiness\" => [(1 / 3) as f64])?)"),
        "retained": ("takes unknown for none", "Ok(Some(0.0))"),
        "north_star": ("has a brace too many", "}"),
    },
}
# After a change, one assignment goes through nbgrader, with three students: the one whose answers panic, do not compile and kill the
# process. Of the others the instructor's version is run, each solution against each check, hidden ones too: that is where a change of
# the library shows. What nbgrader makes of a notebook is the same for all.
GRADED = sorted(WRONG) if scope.whole() else ["mentor"]
SOLVED = sorted(set(WRONG) - set(GRADED))
SOLUTION = re.compile(r"( *)// ### BEGIN SOLUTION\n.*?// ### END SOLUTION", re.S)


def answered(name, wrong):
    """The student version, with the instructor's solutions, but for those that are wrong."""
    notebook = course.student(course.read(COURSE, name))
    solutions = {cell.metadata.nbgrader.grade_id: cell.source for cell, _ in course.exercises(course.read(COURSE, name))}
    for cell, _ in course.exercises(notebook):
        ident = cell.metadata.nbgrader.grade_id
        cell.source = solutions[ident]
        if ident in wrong:
            cell.source = SOLUTION.sub(lambda found: found[1] + wrong[ident][1], cell.source)
        elif ident == next(iter(solutions)):
            # What a right answer prints on the way costs nothing.
            cell.source = cell.source.replace("// ### BEGIN SOLUTION", "eprintln!(\"looking\");\n    // ### BEGIN SOLUTION")
    return notebook


def graded(name):
    """What nbgrader gives three students: points by student and exercise, and the scores it exports."""
    with tempfile.TemporaryDirectory(prefix="casebook-course-") as folder:
        root = pathlib.Path(folder)
        shutil.copytree(COURSE / "source" / name, root / "source" / name)
        handed = {"right": answered(name, {}), "wrong": answered(name, WRONG[name]), "empty": course.student(course.read(COURSE, name))}
        for student, notebook in handed.items():
            path = root / "handed" / student / name / f"{name}.ipynb"
            path.parent.mkdir(parents=True)
            nbformat.write(notebook, path)
        command = [sys.executable, str(COURSE / "course.py"), "grade", "--root", str(root), "--submissions", str(root / "handed"), "--timeout", "20"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            return name, f"{done.stdout}{done.stderr}", {}, {}, {}
        points, told = {}, {}
        for student in handed:
            notebook = nbformat.read(root / "autograded" / student / name / f"{name}.ipynb", as_version=4)
            cells = {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if utils.is_grade(cell)}
            points[student] = {ident: utils.determine_grade(cell) for ident, cell in cells.items()}
            told[student] = {ident: "\n".join("\n".join(o.get("traceback", [])) or o.get("text", "") for o in cell.outputs) for ident, cell in cells.items()}
        with open(root / "scores.csv", newline="", encoding="utf-8") as file:
            scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
        pages = {student: (root / "feedback" / student / name / f"{name}.html").exists() for student in handed}
        return name, None, points, scores, {"told": told, "pages": pages}


class Grading(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with concurrent.futures.ThreadPoolExecutor(max(1, (os.cpu_count() or 2) // 2)) as pool:
            cls.results = {name: rest for name, *rest in pool.map(graded, GRADED)}

    def test_every_assignment_is_graded(self):
        self.assertEqual(sorted(WRONG), course.assignments(COURSE))
        self.assertEqual(sorted(self.results), GRADED)
        for name, (trouble, *_) in self.results.items():
            self.assertIsNone(trouble, name)

    def test_the_solutions_get_full_marks(self):
        for name, (_, points, scores, _) in self.results.items():
            most = sum(most for _, most in points["right"].values())
            self.assertGreaterEqual(most, 18)
            self.assertEqual({ident: got for ident, (got, of) in points["right"].items() if got != of}, {}, name)
            self.assertEqual(scores["right"], most)

    def test_the_other_solutions_pass(self):
        for name in SOLVED:
            with self.subTest(name):
                scores = course.scores(course.read(COURSE, name), COURSE, name)
                self.assertGreaterEqual(sum(most for _, most, _ in scores.values()), 18)
                self.assertEqual({ident: got for ident, (got, most, _) in scores.items() if got != most}, {})

    def test_an_empty_submission_gets_nothing(self):
        for name, (_, points, scores, more) in self.results.items():
            self.assertEqual({ident for ident, (got, _) in points["empty"].items() if got}, set(), name)
            self.assertEqual(scores["empty"], 0)
            for ident, text in more["told"]["empty"].items():
                self.assertIn("the answer is still to be written", text, f"{name} {ident}")

    def test_wrong_answers_cost_their_own_points_only(self):
        self.assertGreaterEqual(sum(map(len, WRONG.values())), 10)
        for name, (_, points, scores, _) in self.results.items():
            lost = {ident.removeprefix("test_") for ident, (got, of) in points["wrong"].items() if got != of}
            self.assertEqual(lost, set(WRONG[name]), name)
            self.assertEqual(scores["wrong"], sum(got for got, _ in points["wrong"].values()))

    def test_students_are_told_why(self):
        told = {ident: text for _, _, _, more in self.results.values() for ident, text in more["told"]["wrong"].items()}
        expected = {
            "test_never_came": "not yet", "test_mean_minutes": "a panic: called `Option::unwrap()`", "test_busiest_hour": "cannot find function",
            "test_difference": "the cell ended its own process", "test_lift": "No reply from kernel before timeout", "test_rfm": "an error: ",
            "test_retained": "came      0.0", "test_together": "column `churn`, row 1",
        }
        ours = {f"test_{ident}" for name in GRADED for ident in WRONG[name]}
        self.assertGreaterEqual(len(ours & set(expected)), 3)
        for ident, part in expected.items():
            if ident not in ours:
                continue
            self.assertIn(part, told[ident])
            self.assertNotIn("casebook-course-", told[ident])
        for _, _, _, more in self.results.values():
            self.assertTrue(all(more["pages"].values()))


class Development(unittest.TestCase):
    """The development check notices what it must."""

    def setUp(self):
        self.notebook = course.read(COURSE, "saas")
        self.pairs = course.exercises(self.notebook)

    def troubles(self):
        return "\n".join(course.written(self.notebook))

    def test_the_exercises_are_in_order(self):
        for name in course.assignments(COURSE):
            self.assertEqual(list(course.written(course.read(COURSE, name))), [], name)

    def test_a_missing_hint(self):
        cell = self.pairs[2][1]
        cell.source = re.sub(r'\n *hint: "[^"]*",', "", cell.source, count=1)
        self.assertIn("price: a check without a sentence for `hint`", self.troubles())

    def test_no_hidden_checks(self):
        cell = self.pairs[0][1]
        cell.source = cell.source.split("// ### BEGIN HIDDEN")[0]
        self.assertIn("large_companies: has no hidden checks", self.troubles())

    def test_no_solution(self):
        cell = self.pairs[1][0]
        cell.source = SOLUTION.sub("todo!()", cell.source)
        self.assertIn("mean_sessions: no solution", self.troubles())

    def test_two_of_one_name_no_points_and_falling_points(self):
        self.pairs[0][0].metadata.nbgrader.grade_id = "price"
        self.pairs[3][1].metadata.nbgrader.points = 0
        found = self.troubles()
        for part in ("price: two cells have this grade_id", "gives no points", "do not get harder"):
            self.assertIn(part, found)

    def test_a_solution_that_fails_and_an_exercise_that_is_solved(self):
        """In a kernel: one exercise solved outside its marks, one whose solution is wrong."""
        solved, broken = self.pairs[0][0], self.pairs[1][0]
        solved.source = solved.source.replace("    // ### BEGIN SOLUTION\n", "").replace("    // ### END SOLUTION\n", "") + "\n// ### BEGIN SOLUTION\nlet _noted: i32 = 1;\n// ### END SOLUTION"
        broken.source = broken.source.replace(".gt(0)", ".gt(1)")
        self.assertEqual(self.troubles(), "")
        # As far as these two: what comes after them is run with the other solutions.
        checked = self.pairs[1][1]
        self.notebook.cells = self.notebook.cells[:self.notebook.cells.index(checked) + 1]
        found = list(course.solved(self.notebook, COURSE, "saas"))
        self.assertEqual(len(found), 2, found)
        self.assertIn("test_mean_sessions: the solution does not pass", found[0])
        self.assertIn("test_large_companies: is already solved", found[1])


class Released(unittest.TestCase):
    def test_the_committed_student_versions_are_nbgraders(self):
        with tempfile.TemporaryDirectory(prefix="casebook-course-") as folder:
            root = pathlib.Path(folder)
            shutil.copytree(COURSE / "source", root / "source")
            course.release(root, course.assignments(COURSE))
            for name in course.assignments(COURSE):
                fresh = (root / "release" / name / f"{name}.ipynb").read_text(encoding="utf-8")
                self.assertEqual((COURSE / "release" / name / f"{name}.ipynb").read_text(encoding="utf-8"), fresh, f"run `make exercises ASSIGNMENTS={name}`")
                self.assertNotIn("SOLUTION", fresh)
                self.assertNotIn("HIDDEN", fresh)


class Variants(unittest.TestCase):
    def test_the_expected_answers_follow_the_parameters(self):
        """Another seed and size, in one edit: the solutions still pass."""
        notebook = course.read(COURSE, "mentor")
        cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
        cell.source = cell.source.replace("2024", "7").replace("3_000", "2_000")
        self.assertIn("2_000", cell.source)
        scores = course.scores(notebook, COURSE, "mentor")
        self.assertEqual({ident: got for ident, (got, of, _) in scores.items() if got != of}, {})


if __name__ == "__main__":
    unittest.main()
