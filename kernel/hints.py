"""Hints: what to do about an error, in one sentence, with the code that would work.

There is a rule only where its advice is right and the compiler's own help does not say it already.
"""

import notebook_hints
import polars_hints
import runtime_hints
import rust_hints
from rules import Failure, Problem, advise
from rust_hints import BRACKETS

__all__ = ["BRACKETS", "Problem", "RULES", "of_compiler", "of_run"]

# The first rule that has advice is the only one heard: what is known best comes first.
RULES = [*polars_hints.RULES, *notebook_hints.RULES, *rust_hints.RULES]


def of_compiler(problem):
    """The hint for a compiler's error, as a list of none or one."""
    return advise(RULES, problem)


def of_run(message, cell, frames):
    """The hint for a panic or an error of a running cell, as a list of none or one."""
    return advise(runtime_hints.RULES, Failure(message, cell, frames))
