"""Lets nbgrader execute and score Rust notebooks.

A cell that fails is an error in the kernel "Rust (casebook)", and nbgrader scores it as one. What is left to do here: the
library is where this project is; a cell of checks that passed keeps its points whatever it printed on stderr, which nbgrader
takes for a failure; and when the process that holds the variables ends (an endless loop that is interrupted, a stack
overflow), the cells before are run again, so that an answer costs its own points only.
"""

import pathlib
import re
import sys

from jupyter_core.utils import run_sync
from nbgrader import utils
from nbgrader.preprocessors import Execute as Usual
from traitlets import Integer

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(PROJECT / "kernel"))

from errors.deaths import ENDS  # noqa: E402

# The notebook's place differs between the steps; the project's does not.
LIBRARY = re.compile(r'^(:dep casebook = \{ path = )"[^"]*"', re.M)
# What an error is called when the process has ended; and by nbclient, when a cell took too long and it ends it.
LOST = ENDS | {"CellTimeoutError"}


def library(source):
    return LIBRARY.sub(lambda found: f'{found[1]}"{PROJECT}"', source)


class Execute(Usual):
    """nbgrader's own, for Rust."""

    timeout = Integer(60, allow_none=True, help="Seconds a cell may take.").tag(config=True)
    startup_timeout = Integer(1_800, help="Seconds the kernel may take to start: the first time it compiles the library.").tag(config=True)

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type != "code" or not cell.source.strip():
            return cell, resources
        written = cell.source
        cell.source = library(written)
        try:
            cell, resources = super().preprocess_cell(cell, resources, index)
        finally:
            cell.source = written
        failed = {output.ename for output in cell.outputs if output.output_type == "error"}
        if utils.is_grade(cell) and not failed:
            for output in cell.outputs:
                if output.output_type == "stream":
                    output.name = "stdout"
        if failed & LOST:
            self.replay(index, resources)
        return cell, resources

    def replay(self, index, resources):
        """The variables are gone: runs the earlier cells again, those of checks aside."""
        for at, cell in enumerate(self.nb.cells[:index]):
            if cell.cell_type == "code" and cell.source.strip() and not utils.is_grade(cell):
                again = cell.copy()
                again.source, again.outputs = library(cell.source), []
                run_sync(self.async_execute_cell)(again, at)
                self.nb.cells[at] = cell
