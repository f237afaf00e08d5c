#!/usr/bin/env python3
"""Checks the exercises, releases them to students, and grades them.

usage: course.py check [ASSIGNMENT ...]              checks the exercises in a real kernel
       course.py release [ASSIGNMENT ...]            checks, then writes the student versions into release/
       course.py grade [--submissions FOLDER] [ASSIGNMENT ...]
                                                     grades STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb of a folder
                                                     (default: submitted/), writes scores.csv and feedback/
"""

import argparse
import concurrent.futures
import copy
import csv
import multiprocessing
import os
import pathlib
import re
import shutil
import subprocess
import sys

import nbformat
from nbgrader import utils
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

from rust_grading import Execute

HERE = pathlib.Path(__file__).resolve().parent
# What stands in the students' version instead of a solution.
STUB = {"rust": "// YOUR CODE HERE\ntodo!()"}
CHECK = re.compile(r"\bcheck!\s*\{(.*?)^\s*\}", re.S | re.M)


def assignments(root):
    return sorted(folder.name for folder in (root / "source").iterdir() if folder.is_dir())


def read(root, name):
    return nbformat.read(root / "source" / name / f"{name}.ipynb", as_version=4)


def student(notebook):
    """The notebook as students get it: nbgrader's own steps."""
    notebook = copy.deepcopy(notebook)
    for step in (ClearSolutions(code_stub=STUB), ClearHiddenTests()):
        notebook, _ = step.preprocess(notebook, {})
    return notebook


def exercises(notebook):
    """Pairs of cells: where the answer goes, and the checks that follow it."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [(answer, checks) for answer, checks in zip(code, code[1:]) if utils.is_solution(answer)]


def written(notebook):
    """What is wrong with the exercises as they are written."""
    pairs = exercises(notebook)
    if not 8 <= len(pairs) <= 12:
        yield f"has {len(pairs)} exercises; it should have 8 to 12"
    ids = [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata]
    for ident in {ident for ident in ids if ids.count(ident) > 1}:
        yield f"{ident}: two cells have this grade_id"
    if not any("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells):
        yield "no cell is tagged as parameters"
    points = []
    for answer, checks in pairs:
        name = answer.metadata.nbgrader.grade_id
        if not re.search(r"BEGIN SOLUTION.*\n(.|\n)*?\S(.|\n)*END SOLUTION", answer.source):
            yield f"{name}: no solution between BEGIN SOLUTION and END SOLUTION"
        if not utils.is_grade(checks):
            yield f"{name}: the next code cell is not a cell of checks with points"
            continue
        points.append(checks.metadata.nbgrader.points)
        if not points[-1] > 0:
            yield f"{name}: gives no points"
        shown = re.sub(r"// ### BEGIN HIDDEN TESTS(.|\n)*?// ### END HIDDEN TESTS", "", checks.source)
        for where, text in (("checks that students see", shown), ("hidden checks", checks.source[len(shown.rstrip()):])):
            if not CHECK.search(text):
                yield f"{name}: has no {where}"
        for found in CHECK.findall(checks.source):
            for part in ("expected", "hint"):
                if not re.search(rf'\b{part}:\s*"[^"]{{10,}}', found):
                    yield f"{name}: a check without a sentence for `{part}`"
        if not checks.source.rstrip().splitlines()[-1].strip().endswith(("}", ";", "TESTS")):
            yield f"{name}: the checks must end with a statement"
    if points != sorted(points):
        yield "the exercises do not get harder: their points fall"


def scores(notebook, root, name):
    """Points of each exercise when the notebook is executed as it is graded."""
    executed, _ = Execute().preprocess(copy.deepcopy(notebook), {"metadata": {"path": str(root / "source" / name)}})
    graded = [cell for cell in executed.cells if utils.is_grade(cell)]
    return {cell.metadata.nbgrader.grade_id: (*utils.determine_grade(cell), cell.outputs) for cell in graded}


def examine(root, name):
    """Everything that is wrong with an assignment."""
    notebook = read(root, name)
    return [f"{name}: {trouble}" for trouble in list(written(notebook)) or solved(notebook, root, name)]


def solved(notebook, root, name):
    """What is wrong with the answers, in a kernel: the instructor's, and the students' before they write one."""
    for ident, (points, most, outputs) in scores(notebook, root, name).items():
        if points != most:
            said = "\n".join(o.get("text", "") or "\n".join(o.get("traceback", [])) for o in outputs)
            yield f"{ident}: the solution does not pass\n{said}"
    for ident, (points, _, _) in scores(student(notebook), root, name).items():
        if points != 0:
            yield f"{ident}: is already solved in the students' version"


def check(root, names):
    # Two kernels at a time; fresh processes, because the messaging library does not survive a fork.
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        troubles = [trouble for found in pool.map(examine, [root] * len(names), names) for trouble in found]
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    say(f"{len(names)} assignments checked, {len(troubles)} problems")
    if troubles:
        sys.exit(1)


def nbgrader(root, *words):
    """nbgrader itself, with the configuration that lies here. What it prints is shown if it fails."""
    # It starts a program of its own by name, which is where this Python's are.
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", "")])
    env = os.environ | {"PATH": path, "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "nbgrader", *words, f"--CourseDirectory.root={root}"]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, env=env)
    if done.returncode != 0:
        sys.exit(f"nbgrader {' '.join(words)} failed:\n{done.stdout}{done.stderr}")


def release(root, names):
    for name in names:
        nbgrader(root, "generate_assignment", name, "--force", "--create")
        say(f"{name}: {root / 'release' / name / name}.ipynb")


def grade(root, names, submissions, timeout):
    """Grades, and prints each student's score."""
    submitted = root / "submitted"
    if submissions and submissions.resolve() != submitted:
        shutil.copytree(submissions, submitted, dirs_exist_ok=True)
    if not submitted.is_dir():
        sys.exit(f"casebook: there are no submissions in {submitted}")
    handed = [name for name in names if list(submitted.glob(f"*/{name}/{name}.ipynb"))]
    if not handed:
        sys.exit(f"casebook: {submitted} holds no STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb for {', '.join(names)}")
    for name in handed:
        say(f"{name}: grading {len(list(submitted.glob(f'*/{name}/{name}.ipynb')))} submissions, about a minute each")
        # The checks and points that students cannot change come from here.
        nbgrader(root, "generate_assignment", name, "--force", "--create")
        nbgrader(root, "autograde", name, "--force", f"--Execute.timeout={timeout}")
        nbgrader(root, "generate_feedback", name, "--force")
    table = root / "scores.csv"
    nbgrader(root, "export", f"--to={table}")
    with open(table, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["assignment"] in handed and (submitted / row["student_id"] / row["assignment"]).is_dir()]
    for row in sorted(rows, key=lambda row: (row["assignment"], row["student_id"])):
        print(f"{row['student_id']:<20} {row['assignment']:<12} {float(row['score']):>5g} of {float(row['max_score']):g}")


def say(text):
    print(f"casebook: {text}", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=["check", "release", "grade"])
    parser.add_argument("assignments", nargs="*")
    parser.add_argument("--submissions", type=pathlib.Path, help="the folder with the students' folders")
    parser.add_argument("--root", type=pathlib.Path, default=HERE, help="the course's folder, which contains source/")
    parser.add_argument("--timeout", type=int, default=60, help="seconds that a cell may take when it is graded")
    asked = parser.parse_args()
    root = asked.root.resolve()
    unknown = set(asked.assignments) - set(assignments(root))
    if unknown:
        parser.error(f"there is no assignment {', '.join(sorted(unknown))}; there are {', '.join(assignments(root))}")
    names = asked.assignments or assignments(root)
    if asked.what == "grade":
        return grade(root, names, asked.submissions, asked.timeout)
    check(root, names)
    if asked.what == "release":
        release(root, names)


if __name__ == "__main__":
    main()
