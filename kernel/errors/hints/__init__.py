"""Hints: what to do about an error, in one sentence, with the code that would work.

There is a rule only where its advice is right and the compiler's own help does not say it already.
"""

from . import language, notebook, polars, runtime
from .language import BRACKETS
from .rules import Failure, Problem, advise

__all__ = ["BRACKETS", "Problem", "RULES", "of_compiler", "of_run"]

# The first rule that has advice is the only one heard: what is known best comes first.
RULES = [*polars.RULES, *notebook.RULES, *language.RULES]


def of_compiler(problem):
    """The hint for a compiler's error, as a list of none or one."""
    return advise(RULES, problem)


def of_run(message, cell, frames):
    """The hint for a panic or an error of a running cell, as a list of none or one."""
    return advise(runtime.RULES, Failure(message, cell, frames))
