"""A spare session: it is warmed up and waits while you work, and the next notebook that you open or restart uses it.

The process that holds it belongs to one server (whatever started the kernels), and ends with it. It is offered by a file
in its folder; the first to rename that file gets it.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import re
import secrets
import select
import signal
import socket
import subprocess
import sys
import time

import zmq

import warm
from common import dependencies_key, sessions, sources

# A spare holds 0.3 GB, and the compiler takes as much again while it is made; it is made where twice that is free.
NEEDED = 600 * 2**20
# How long a session must have been idle before it makes a spare: not while somebody waits for a cell.
IDLE = 2.0
# How often a spare looks whether somebody can still take it, and asks for that again if who was about to take it did not.
CHECK = 5.0
# Run in a spare before it is offered: type inference has then read what most cells use.
WARM_UP = (
    'let spare: String = {\n'
    '    let frame = df!("size" => ["small", "large"], "mrr" => [19.0, 99.0])?;\n'
    '    let total = frame.clone().lazy().group_by([col("size")]).agg([col("mrr").sum(), len().alias("n")])\n'
    '        .with_column((col("mrr") / lit(2.0)).alias("half")).sort(["size"], SortMultipleOptions::default()).collect()?;\n'
    '    chart::line(&total, "size", "mrr").title("Spare").draw()?;\n'
    '    total.to_string()\n'
    '};',
    'drop(spare);',
)


def wanted():
    """Whether spares are made here: where a person opens notebooks, unless CASEBOOK_SPARE says otherwise."""
    asked = os.environ.get("CASEBOOK_SPARE")
    return asked != "0" and (asked is not None or "JPY_SESSION_NAME" in os.environ or "VSCODE_PID" in os.environ)


def free_memory():
    """Bytes that are left, by the machine or by a container's limit; None where it is not known."""
    found = []
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
        found.append(1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")))
    with contextlib.suppress(OSError, ValueError):
        group = pathlib.Path("/sys/fs/cgroup")
        found.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    if sys.platform == "darwin":
        with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
            pages = subprocess.run(["vm_stat"], capture_output=True, text=True, check=True).stdout
            size = int(re.search(r"page size of (\d+)", pages)[1])
            found.append(size * sum(int(count) for count in re.findall(r"^Pages (?:free|inactive|speculative|purgeable): +(\d+)", pages, re.M)))
    return min(found, default=None)


def room():
    free = free_memory()
    return free is None or free > 2 * NEEDED


def identity(owner):
    """What a spare must agree in with whoever takes it: server, library, this program, environment."""
    own = ("JPY_", "KERNEL_", "PWD", "OLDPWD", "SHLVL", "_", "CASEBOOK_SPARE")
    env = sorted((name, value) for name, value in os.environ.items() if not name.startswith(own))
    here = pathlib.Path(__file__).parent
    files = sorted(path for kind in ("**/*.py", "config/*") for path in here.glob(kind))
    program = [(str(path.relative_to(here)), path.stat().st_mtime_ns) for path in files]
    parts = [owner, dependencies_key(), sources(), program, env]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class Watch:
    """A process that is no child of ours, watched from now on: after its end, its number may be another's."""

    def __init__(self, pid):
        self.pid, self.events, self.ended = pid, None, False
        with contextlib.suppress(OSError):  # it has ended already, or the system is too old for this
            if hasattr(os, "pidfd_open"):
                poll = select.poll()
                poll.register(os.pidfd_open(pid), select.POLLIN)
                self.events = lambda: poll.poll(0)
            elif hasattr(select, "kqueue"):
                queue = select.kqueue()
                queue.control([select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)], 0)
                self.events = lambda: queue.control(None, 1, 0)

    def running(self):
        if self.events:
            self.ended = self.ended or bool(self.events())
            return not self.ended
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return True


# Who takes a spare.

def take(owner, told, place):
    """A connection to a spare that now serves this notebook, or None."""
    if not sessions().is_dir():
        return None
    mine = identity(owner)
    for offer in sessions().glob("*/spare.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            offered = json.loads(offer.read_text())
            if offered["identity"] != mine or abandoned(offer.parent):
                continue
            offer.rename(offer.with_name("taken.json"))
            line = socket.create_connection(("127.0.0.1", offered["port"]), timeout=3)
            if accepted(line, {"token": offered["token"], "connection": told, "place": str(place)}):
                return line
    return None


def abandoned(folder):
    """Whether a session has ended without a word: what listens on its port now is something else."""
    with open(folder / "lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def accepted(line, asked):
    """Whether the spare at the other end serves the notebook from now on; if not, the line is closed."""
    try:
        line.settimeout(15)  # the ports may be those of a kernel that is still leaving
        line.sendall(json.dumps(asked).encode() + b"\n")
        if line.makefile("rb", buffering=0).readline() == b"taken\n":
            return True
    except OSError:
        pass
    line.close()
    return False


def follow(line, owner):
    """Lives as long as the spare that was taken, and ends it with this process's owner. The exit code."""
    line.settimeout(1.0)
    ended = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.append(True))
    said = b""
    while not ended and os.getppid() == owner:
        try:
            more = line.recv(64)
        except TimeoutError:
            continue
        except OSError:
            more = b""
        if not more:
            return int(said) if said.strip().isdigit() else 1
        said += more
    line.close()
    return 0


# Who is a spare.

class Parked:
    """Waits to be taken. The relay beside it has evcxr's side only, until then."""

    def __init__(self, relay, owner):
        self.relay, self.owner, self.server = relay, owner, Watch(owner)
        self.identity, self.token = identity(owner), secrets.token_hex(16)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.door.setblocking(False)
        self.line = None

    def alive(self):
        """Whether there is something to take, and a server whose notebooks could take it."""
        return not self.relay.over and self.relay.session.alive() and self.server.running()

    def warm_up(self):
        """Runs what most first cells need. False if the session has ended meanwhile."""
        for code in WARM_UP:
            self.relay.run(code)
        while self.relay.queue or self.relay.cell:
            self.relay.step()
            if not self.alive():
                return False
        return True

    def offer(self):
        told = {"identity": self.identity, "port": self.door.getsockname()[1], "token": self.token, "pid": os.getpid()}
        part = self.relay.session.folder / "spare.new"
        part.touch(mode=0o600)
        part.write_text(json.dumps(told))
        part.rename(self.offered())

    def offered(self):
        return self.relay.session.folder / "spare.json"

    def wait(self):
        """Offers the session; True once somebody has taken it, False if nobody can any more."""
        self.relay.poller.register(self.door.fileno(), zmq.POLLIN)
        self.offer()
        checked = time.monotonic()
        while not self.answer():
            self.relay.step()
            if not self.alive():
                return False
            if time.monotonic() - checked > CHECK:
                checked = time.monotonic()
                if identity(self.owner) != self.identity:
                    return False
                if not self.offered().exists():
                    self.offer()  # who was about to take it ended before it did
        return True

    def answer(self):
        """Lets in who knows the token; True once somebody has taken the spare."""
        try:
            line, _ = self.door.accept()
        except BlockingIOError:
            return False
        line.settimeout(3)
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, zmq.ZMQError):
            asked = json.loads(line.makefile("rb", buffering=0).readline(2**16))
            if secrets.compare_digest(asked["token"], self.token):
                self.relay.attach(asked["connection"], pathlib.Path(asked["place"]))
                self.offered().unlink(missing_ok=True)  # it may have been offered again meanwhile
                line.sendall(b"taken\n")
                self.taken(line)
                return True
        self.relay.leave()
        line.close()
        return False

    def taken(self, line):
        self.relay.poller.unregister(self.door.fileno())
        self.door.close()
        self.line = line
        line.settimeout(0)

    def held(self):
        """Whether who took it still holds on."""
        try:
            return self.line.recv(1) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def leave(self, code):
        with contextlib.suppress(OSError):
            self.line.settimeout(1)
            self.line.sendall(str(code).encode())
            self.line.close()


def lock_of(owner):
    return sessions().parent / f"spare-{owner}.lock"


@contextlib.contextmanager
def only_one(owner):
    """Holds the right to be this owner's spare; yields whether it was free."""
    path = lock_of(owner)
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(lock_of("*").name):
        if left != path and not held(left):
            left.unlink(missing_ok=True)  # of a spare that was killed
    with open(path, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        if not is_still(path, file):
            yield False  # another has become the spare, been taken, and removed the file since it was opened
            return
        try:
            yield True
        finally:
            path.unlink(missing_ok=True)


def is_still(path, file):
    """Whether an open file is the one that its path leads to."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def there_is_one(owner):
    """Whether somebody is this owner's spare, or about to be."""
    return held(lock_of(owner))


def held(path):
    """Whether somebody holds the lock on a file."""
    try:
        with open(path) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


# Who makes one.

class Maker:
    """Makes a spare for the session beside it, when nobody is waiting."""

    def __init__(self, owner):
        self.owner, self.idle_since, self.child = owner, None, None

    def tick(self, relay):
        """Called often; does little unless it is time."""
        if relay.cell or relay.queue or not relay.count:
            self.idle_since = None
            return
        now = time.monotonic()
        self.idle_since = self.idle_since or now
        if now - self.idle_since < IDLE:
            return
        if self.child:
            self.child.poll()  # it may have been taken, and lives on, or be a corpse that only its parent can bury
        self.idle_since = now + 8  # one that was not made for want of memory is not asked for at once, nor is one twice
        if wanted() and not there_is_one(self.owner) and room() and warm.state() == "ready":
            self.child = subprocess.Popen(
                [sys.executable, str(pathlib.Path(__file__).with_name("launch.py")), "--spare", str(self.owner)],
                stdin=subprocess.DEVNULL, start_new_session=True,
            )
