"""What Jupyter is told when the process that holds a session's variables has ended."""

import re
import signal

from records import RECORD

from .report import OFF, RED, hint_lines

DEATH = re.compile(r"Subprocess (?:terminated with (?:status: )?|didn't start)(?P<how>.*)", re.S)
# What evcxr prints when it catches one of these signals, before it aborts.
CAUGHT = re.compile(r"Segmentation fault|Bus error|Illegal instruction")
CAUGHT_SIGNALS = {"SIGSEGV", "SIGBUS", "SIGILL"}
AFTERWARDS = (
    "The session's variables are gone; functions and imports of earlier cells are kept. "
    'In the Run menu, "Run All Above Selected Cell" brings the variables back.'
)

# What happened: a name, a sentence, hints.
STACK = (
    "StackOverflow",
    "the stack overflowed: a function probably never stops calling itself; a large array can cause this, too",
    ["a function that calls itself needs a case where it stops; instead of very deep recursion, use a loop; "
     "a large array belongs on the heap: `vec![0; n]`"],
)
MEMORY = (
    "Killed", "the system ended the cell's process, probably because memory ran out",
    ["work with fewer rows or columns at a time, and drop large variables that you no longer need: `drop(frame);`"],
)
CRASH = (
    "Crash", "the cell's process crashed on a bad memory address: only `unsafe` code can do that, the cell's or a library's", [],
)
ABORT = (
    "Aborted", "the cell's process was aborted: by `std::process::abort()`, or by a panic during another one", [],
)
# The names of all of them.
ENDS = {"Interrupted", "OutOfMemory", STACK[0], MEMORY[0], CRASH[0], ABORT[0], "Exit", "Died"}


def is_death(evalue):
    """Whether an error of evcxr says that the process that runs the cells has ended."""
    return bool(DEATH.search(evalue))


def died(evalue, stderr_text, interrupted):
    """Jupyter's content for a cell whose process ended: what happened, and how to go on. The addresses and symbols that it
    printed at its end are left out."""
    death = DEATH.search(evalue)
    ename, said, hints = cause(death["how"], stderr_text, interrupted)
    printed = [line for line in evalue[:death.start()].split("\n") if line and not line.startswith(RECORD)]
    return {"ename": ename, "evalue": said, "traceback": [*printed, f"{RED}{ename}:{OFF} {said}", AFTERWARDS, *hint_lines(hints)]}


def cause(how, stderr, interrupted):
    """Why a process ended."""
    name = signal_name(how)
    asked = re.search(r"memory allocation of (\d+) bytes failed", stderr)
    status = re.search(r"\bexit (?:status|code)\W*?(-?\d+)", how)
    if interrupted:
        return "Interrupted", "you interrupted the cell", []
    if asked:
        return "OutOfMemory", f"the cell asked for {size(int(asked[1]))} of memory in a single allocation, more than is available", []
    caught = CAUGHT.search(stderr)
    # evcxr catches these signals and says so, but cannot on a full stack.
    if "has overflowed its stack" in stderr or name in CAUGHT_SIGNALS and not caught:
        return STACK
    if name == "SIGKILL":
        return MEMORY
    if caught:
        return CRASH
    if name == "SIGABRT":
        return ABORT
    if status:
        return "Exit", f"the cell ended its own process: `std::process::exit({status[1]})`", [
            "leave a cell early with `?`, or put its lines into a function and `return`"]
    return "Died", f"the cell's process ended: {how.strip(' :') or 'it could not be started'}", []


def signal_name(how):
    """The name of the signal that ended a process; None if none did. The text has its number, its name or both; numbers
    differ between systems."""
    named, numbered = re.search(r"\bSIG[A-Z]+\b", how), re.search(r"\bsignal\W*(\d+)", how)
    if named or not numbered:
        return named and named[0]
    try:
        return signal.Signals(int(numbered[1])).name
    except ValueError:
        return None


def size(count):
    """A number of bytes as people say it."""
    for unit in ("bytes", "KB", "MB", "GB", "TB", "PB"):
        if count < 1024 or unit == "PB":
            return f"{count:.3g} {unit}" if count < 999.5 else f"{count:,.0f} {unit}"
        count /= 1024
