"""Runs cargo and says how far it is: one line that moves, for people; one line a minute, for a log. Standard library only."""

import collections
import contextlib
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time

from common import say

# Crates that take long, and how long: seconds, as `cargo build --timings` says on 2 cores. Another machine is faster or slower
# with all of them. As cargo shows them: (build) is a build script at work. What is not here takes the time under "".
LONG = {
    "install": {
        "": 0.35, "ra_ap_hir_ty": 73, "ra_ap_hir_def": 39, "ra_ap_ide_assists": 32, "ra_ap_ide": 18, "ra_ap_hir": 13, "ra_ap_ide_db": 13,
        "ra_ap_intern": 12, "ra_ap_hir_expand": 10, "ra_ap_ide_completion": 10, "ra_ap_syntax": 8, "zeromq": 8, "evcxr_jupyter": 8,
        "ra_ap_project_model": 8, "tokio": 7, "evcxr": 6, "ra_ap_ide_diagnostics": 6, "ra_ap_base_db": 4, "salsa": 4,
    },
    "build": {
        "": 0.4, "polars-core": 282, "polars-expr": 111, "polars-ops": 100, "polars-plan": 78, "polars-time": 60, "polars-mem-engine": 58,
        "polars-parquet": 53, "polars-compute": 52, "casebook": 52, "polars-arrow": 32, "libsqlite3-sys(build)": 27, "polars-io": 19,
        "zstd-sys(build)": 19, "read-fonts": 14, "usvg": 14, "tokio": 12, "skrifa": 11, "clap_builder": 9, "regex-automata": 9,
        "harfrust": 9, "postgres": 8, "polars-row": 7, "lz4-sys(build)": 6, "regex-syntax": 5, "nalgebra": 5, "tokio-postgres": 5,
        "wide": 5, "polars-lazy": 5, "tiny-skia": 5, "ttf-parser": 4,
    },
}
# How often a log hears of it, and after how many seconds there is something to say, and something to reckon with.
PLAIN, SOON, KNOWN = 60, 2, 15
TAIL = 40
MEANWHILE = "meanwhile, you can read the notebooks with their outputs: on the code host, or in an editor that shows notebooks/*.ipynb"
# What cargo paints: colours, and reports to the terminal's own window.
PAINT = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
BUILDING = re.compile(r"\s*Building \[[=> ]*\] (\d+)/(\d+)(?:: (.*))?")
TRANSIENT = re.compile(r"\s*(?:\w+ \[[=> ]*\]|Downloading \d+ crates?, remaining)")
# Of what `cargo -v` says, that which nobody reads.
CHATTER = re.compile(r"\s*(?:Running `|Fresh |Dirty )")

said = False


def run(words, what, cwd=None, env=None, log=None):
    """Runs a cargo command that builds or installs. `log` is a file for all that it says; the end of that is shown if it fails.

    Whoever interrupts this ends cargo, and what it has started.
    """
    verbose = [] if any(re.fullmatch("-v+|--verbose", word) for word in words) else ["-v"]
    env = (os.environ if env is None else env) | {
        "CARGO_TERM_PROGRESS_WHEN": "always", "CARGO_TERM_PROGRESS_WIDTH": "400",  # room for the names of all that is being compiled
    }
    state = State(what, LONG.get(words[1], LONG["build"]))
    with open(log or os.devnull, "wb") as file, polite():
        process = subprocess.Popen(
            [*words, *verbose], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        with process, over(process), Line() as line:
            for piece in pieces(process):
                if not state.hear(piece):
                    file.write(piece)
                line.show(state)
    if process.returncode != 0:
        print("\n".join(state.tail), file=sys.stderr, flush=True)
    return subprocess.CompletedProcess(words, process.returncode)


def pieces(process):
    """What a process says, line by line, where a carriage return ends one too; and every second something, be it empty."""
    rest, end = b"", re.compile(rb"[\r\n]")
    pipe = process.stdout.fileno()
    while True:
        if not select.select([pipe], [], [], 1.0)[0]:
            if process.poll() is not None:
                break  # somebody whom it left behind holds the pipe
            yield b""
            continue
        read = os.read(pipe, 1 << 16)
        if not read:
            break
        rest += read
        start = 0
        for found in end.finditer(rest):
            yield rest[start:found.end()]
            start = found.end()
        rest = rest[start:]
    if rest:
        yield rest


class State:
    """How far cargo is, from what it says."""

    def __init__(self, what, weights):
        self.what, self.weights = what, weights
        self.waiting = {name: weight for name, weight in weights.items() if name}  # long ones that are not done
        self.done = self.total = 0
        self.active, self.status = {}, ""  # what is being compiled, since when; what cargo said last
        self.tail = collections.deque(maxlen=TAIL)
        self.first = self.left = None  # when cargo first counted, and the work there was; when it last did, and the time left
        self.speed = 0.0  # work in a second

    def hear(self, piece):
        """Takes note of a line. Whether it was for the moment only."""
        text = PAINT.sub("", piece.decode(errors="replace")).rstrip()
        found = BUILDING.match(text)
        if found:
            self.count(int(found[1]), int(found[2]), (found[3] or "").split(", "))
            return True
        if TRANSIENT.match(text):
            self.status = " ".join(text.split())
            return True
        words = text.split()
        if words[:1] == ["Fresh"] and len(words) > 1:
            for name in (words[1], f"{words[1]}(build)"):
                self.waiting.pop(name, None)
        if text and not CHATTER.match(text):
            self.tail.append(text)
            self.status = " ".join(words)
        return False

    def count(self, done, total, names):
        # The last name may be cut off.
        names = [name for name in names if name and not name.endswith(("…", "..."))]
        now = time.monotonic()
        for name in set(self.active) - set(names):
            self.waiting.pop(name, None)
        moved = (done, total) != (self.done, self.total)
        self.done, self.total, self.active = done, total, {name: self.active.get(name, now) for name in names}
        if not moved:
            return
        work = self.work(now)
        if self.first is None:
            self.first = now, work
        self.speed = max(self.first[1] - work, 0.0) / max(now - self.first[0], 0.1)
        self.left = (now, work / self.speed) if self.speed else None

    def work(self, now):
        """What is to be done, in seconds of the machine where it was measured."""
        to_come = self.total - self.done
        # No more long ones than there are crates: some may not be part of this at all.
        long = dict(sorted(self.waiting.items(), key=lambda pair: pair[1])[:to_come])
        work = sum(long.values()) + (to_come - len(long)) * self.weights[""]
        # Of those that are being compiled, a part is done, however fast this machine is with one of several.
        each = self.speed / max(len(self.active), 1)
        return work - sum(min(0.9 * long[name], (now - since) * each) for name, since in self.active.items() if name in long)

    def remaining(self):
        """Time left, in words; empty as long as nobody can know."""
        now = time.monotonic()
        if self.left is None or now - self.first[0] < KNOWN:
            return ""
        seconds = self.left[1] - (now - self.left[0])
        if seconds < -60:
            return ", longer than expected"
        if seconds < 45:
            return ", less than a minute left"
        minutes = round(seconds / 60)
        return f", about {minutes} minute{'s' if minutes > 1 else ''} left"

    def __str__(self):
        if not self.total:
            return f"{self.what}: {self.status or 'starting'}"
        names = [name for name in self.active if "(" not in name] or list(self.active)
        names.sort(key=lambda name: -self.weights.get(name, 0))
        now = f" ({', '.join(names[:2])})" if names else ""
        crates = "crate" if self.done == 1 else "crates"
        return f"{self.what}: {self.done} {crates} done, {self.total - self.done} to come{self.remaining()}{now}"


def moves():
    """Whether a line can move: people look at a terminal that can do it."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class Line:
    """Where it is shown."""

    def __init__(self):
        self.start = self.shown = time.monotonic()
        self.moving = moves()
        self.drawn = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.drawn:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def show(self, state):
        global said
        now = time.monotonic()
        if now - self.start < SOON:
            return
        if not said:
            said = True
            say(MEANWHILE)
        if now - self.shown < (0.2 if self.moving else PLAIN):
            return
        self.shown = now
        if not self.moving:
            say(str(state))
            return
        self.drawn = True
        # Within the terminal's width, however it was changed; some tell none.
        width = 0
        with contextlib.suppress(OSError):
            width = os.get_terminal_size(sys.stderr.fileno()).columns
        print(f"\r{f'casebook: {state}'[:(width or 80) - 1]}\033[K", end="", file=sys.stderr, flush=True)


@contextlib.contextmanager
def polite():
    """A request to end is one that can be tidied up after."""
    def leave(number, _):
        sys.exit(128 + number)

    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, leave)
    try:
        yield
    except KeyboardInterrupt:
        say("stopped; what is compiled is kept, and the same command continues from there")
        sys.exit(130)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def over(process):
    """Does not leave a process behind, nor those that it has started, however this ends."""
    try:
        yield
    except BaseException:
        # At Ctrl+C the terminal has told them all; a signal to this process alone reaches none of them.
        family = descendants(process.pid)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in [process.pid, *family]:
                with contextlib.suppress(OSError):
                    os.kill(pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
        raise


def descendants(pid):
    """The processes that a process has started, and those that these have."""
    children = collections.defaultdict(list)
    if not shutil.which("ps"):
        return []
    told = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True).stdout
    for line in told.splitlines():
        child, parent = map(int, line.split())
        children[parent].append(child)
    found = [pid]
    for each in found:
        found += children[each]
    return found[1:]
