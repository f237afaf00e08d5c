"""Lets nbgrader execute and score Rust notebooks.

evcxr answers in ways that nbgrader does not expect: it reports a panic as success, with the message on stderr,
which may arrive after the cell has ended; its reply to a cell that does not compile has no `ename`; and when the
process that holds the variables ends (an endless loop that is interrupted, a stack overflow), all that follows
would fail. Here a cell of checks has passed when it ran to its end, whatever was printed; the others get an error
output with what was told; and after a lost process the cells before are run again.
"""

import pathlib
import queue
import re
import secrets

from jupyter_core.utils import run_sync
from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import Execute as Usual
from traitlets import Integer

PROJECT = pathlib.Path(__file__).resolve().parents[2]
ANSI = re.compile(r"\x1b\[[0-9;]*m")
# The notebook's place differs between the steps; the project's does not.
LIBRARY = re.compile(r'^(:dep casebook = \{ path = )"[^"]*"', re.M)
LOST = re.compile(r"Subprocess terminated|Child process terminated|CellTimeoutError", re.I)


def library(source):
    return LIBRARY.sub(lambda found: f'{found[1]}"{PROJECT}"', source)


class Execute(Usual):
    """nbgrader's own, for evcxr."""

    timeout = Integer(60, allow_none=True, help="Seconds a cell may take.").tag(config=True)
    startup_timeout = Integer(1_800, help="Seconds the kernel may take to start: the first time it compiles the library.").tag(config=True)

    def on_cell_executed(self, **words):
        """nbgrader reads three fields that evcxr's reply lacks. They stand in an output already."""
        content = words["execute_reply"]["content"]
        if content["status"] == "error" and "ename" not in content:
            known = next((o for o in words["cell"].outputs if o.output_type == "error"), {})
            content["ename"] = known.get("ename", "Error")
            content["evalue"] = known.get("evalue", "")
            content["traceback"] = known.get("traceback", [])
        super().on_cell_executed(**words)

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type != "code" or not cell.source.strip():
            return cell, resources
        graded, written, mark = utils.is_grade(cell), cell.source, secrets.token_hex(12)
        cell.source = library(written) + (f'\nprintln!("{mark}");' if graded else "")
        try:
            cell, resources = super().preprocess_cell(cell, resources, index)
        finally:
            cell.source = written
        lost = LOST.search(told(cell.outputs))
        if graded:
            cell.outputs = self.judged(cell.outputs, mark)
        if lost:
            self.replay(index, resources)
        return cell, resources

    def judged(self, outputs, mark):
        """The outputs of a cell of checks, as nbgrader scores them: without an error if it ran to its end."""
        passed = any(mark in o.get("text", "") for o in outputs if o.output_type == "stream")
        for output in outputs:
            if output.output_type == "stream":
                output.text = output.text.replace(mark + "\n", "")
        if passed:
            for output in outputs:
                if output.output_type == "stream":
                    output.name = "stdout"
            return [o for o in outputs if o.output_type != "stream" or o.text]
        text = (told(outputs) + self.late()).strip()
        rest = [o for o in outputs if o.output_type == "stream" and o.name == "stdout" and o.text]
        first = text.splitlines()[0] if text else "the cell did not run to its end"
        return [*rest, new_output("error", ename="NotYet", evalue=first, traceback=[text or first])]

    def late(self):
        """What evcxr passes on after a cell has ended: it does so line by line, in its own time."""
        text = ""
        try:
            while True:
                message = run_sync(self.kc.iopub_channel.get_msg)(timeout=0.3)
                if message["msg_type"] == "stream":
                    text += message["content"]["text"]
        except queue.Empty:
            return ANSI.sub("", text)

    def replay(self, index, resources):
        """The variables are gone: runs the earlier cells again, those of checks aside."""
        for at, cell in enumerate(self.nb.cells[:index]):
            if cell.cell_type == "code" and cell.source.strip() and not utils.is_grade(cell):
                again = cell.copy()
                again.source, again.outputs = library(cell.source), []
                run_sync(self.async_execute_cell)(again, at)
                self.nb.cells[at] = cell


def told(outputs):
    """What a cell said of its failure."""
    errors = "".join("\n".join(o.traceback) + "\n" for o in outputs if o.output_type == "error")
    streams = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stderr")
    return ANSI.sub("", errors + streams)
