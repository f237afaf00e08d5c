"""Where a cell's time goes, for `make latency`: one line of JSON a cell, in the file that CASEBOOK_TRACE names."""

import json
import os
import time

SECOND = 1_000_000_000


def wanted():
    return os.environ.get("CASEBOOK_TRACE")


def now():
    return time.time_ns()


def link_time(diagnostics):
    """Seconds of the last compilation that the linker took, by the compiler's own account."""
    for line in diagnostics.split("\n"):
        if line.startswith('time: {"pass":"link",'):
            return json.loads(line.removeprefix("time: "))["time"]
    return 0.0


def phases(began, compilations, marks, diagnostics, ended):
    """Seconds of each phase. `compilations` are lines of the session's account; `marks` says when the cell's own code began
    and ended. All times are nanoseconds since 1970."""
    runs = [[int(word) for word in line.split()[2:]] for line in compilations]
    rustc = sum(end - called for _, called, end in runs) / SECOND
    found = {"total": (ended - began) / SECOND, "compilations": len(runs), "rustc": rustc}
    if not runs:
        return found | {"rest": found["total"]}
    link = link_time(diagnostics)
    found |= {
        "inference": (runs[0][0] - began) / SECOND, "standin": sum(called - start for start, called, _ in runs) / SECOND,
        "link": link, "rustc": rustc - link,
    }
    if "begin" in marks and "end" in marks:
        found |= {"load": (marks["begin"] - runs[-1][2]) / SECOND, "run": (marks["end"] - marks["begin"]) / SECOND}
    known = sum(found.get(name, 0.0) for name in ("inference", "standin", "rustc", "link", "load", "run"))
    return found | {"rest": found["total"] - known}


def write(cell, found):
    with open(wanted(), "a") as file:
        file.write(json.dumps({"count": cell.count, "code": cell.code} | found) + "\n")
