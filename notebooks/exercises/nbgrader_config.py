"""nbgrader, for Rust: the folder's layout, what stands in for a solution, and how answers are executed."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from nbgrader.preprocessors import (  # noqa: E402
    AssignLatePenalties, CheckCellMetadata, IgnorePattern, LimitOutput, SaveAutoGrades,
)
from nbconvert.preprocessors import ClearMetadataPreprocessor  # noqa: E402

from course import STUB  # noqa: E402
from rust_grading import Execute  # noqa: E402

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "casebook"
c.ClearSolutions.code_stub = STUB
# nbgrader's own list, with the one that knows evcxr in place of the first.
c.Autograde.autograde_preprocessors = [
    Execute, IgnorePattern, ClearMetadataPreprocessor, LimitOutput, SaveAutoGrades, AssignLatePenalties,
    CheckCellMetadata,
]
