"""A spare session: warmed up, it waits while you work, and the next notebook that is opened or restarted takes it.

The process that holds it belongs to one server (whatever started the kernels), and ends with it. It is offered by a file
in its folder; who renames that file first has it.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys
import time

import warm
from common import dependencies_key, sessions, sources
from wire import Message

# What a fresh session holds once it has shown a table and a chart; a spare is made where twice that is free.
NEEDED = 600 * 2**20
# How long a session must have been idle before it makes a spare: not while somebody waits for a cell.
IDLE = 2.0
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
    return min(found, default=None)


def room():
    free = free_memory()
    return free is None or free > 2 * NEEDED


def identity(owner):
    """What a spare must agree in with whoever takes it: server, library, environment."""
    own = ("JPY_", "KERNEL_", "PWD", "OLDPWD", "SHLVL", "_", "CASEBOOK_SPARE")
    env = sorted((name, value) for name, value in os.environ.items() if not name.startswith(own))
    parts = [owner, dependencies_key(), sources(), env]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def running(pid):
    try:
        os.kill(pid, 0)
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
        with contextlib.suppress(OSError, ValueError, KeyError):
            offered = json.loads(offer.read_text())
            if offered["identity"] != mine:
                continue
            offer.rename(offer.with_name("taken.json"))
            line = socket.create_connection(("127.0.0.1", offered["port"]), timeout=3)
            line.sendall(json.dumps({"token": offered["token"], "connection": told, "place": str(place)}).encode() + b"\n")
            if line.makefile("rb").readline() == b"taken\n":
                return line
            line.close()
    return None


def follow(line, owner):
    """Lives as long as the spare that was taken, and ends it with this process's owner. The exit code."""
    line.settimeout(1.0)
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    said = b""
    while not ended and os.getppid() == owner:
        try:
            more = line.recv(64)
        except TimeoutError:
            continue
        if not more:
            return int(said) if said.strip().isdigit() else 1
        said += more
    line.close()
    return 0


# Who is a spare.

class Parked:
    """Waits to be taken. The relay beside it has evcxr's side only, until then."""

    def __init__(self, relay, owner):
        self.relay, self.owner = relay, owner
        self.identity, self.token = identity(owner), secrets.token_hex(16)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.door.setblocking(False)
        self.line = None

    def offer(self):
        told = {"identity": self.identity, "port": self.door.getsockname()[1], "token": self.token, "pid": os.getpid()}
        part = self.relay.session.folder / "spare.new"
        part.touch(mode=0o600)
        part.write_text(json.dumps(told))
        part.rename(part.with_name("spare.json"))
        self.relay.poller.register(self.door.fileno())

    def fresh(self):
        """Whether anybody could still take it: its server lives, and the library is as it was."""
        return running(self.owner) and identity(self.owner) == self.identity

    def wait(self):
        """Offers the session; True once somebody has taken it, False if nobody can any more."""
        self.offer()
        checked = time.monotonic()
        while not self.answer():
            self.relay.step()
            if time.monotonic() - checked > 5.0:
                checked = time.monotonic()
                if not self.fresh():
                    return False
            if self.relay.over or not self.relay.session.alive():
                return False
        return True

    def answer(self):
        """Lets in who knows the token; True once somebody has taken the spare."""
        try:
            line, _ = self.door.accept()
        except BlockingIOError:
            return False
        line.settimeout(3)
        with contextlib.suppress(OSError, ValueError, KeyError):
            asked = json.loads(line.makefile("rb").readline())
            if secrets.compare_digest(asked["token"], self.token):
                self.relay.attach(asked["connection"], pathlib.Path(asked["place"]))
                line.sendall(b"taken\n")
                self.relay.poller.unregister(self.door.fileno())
                self.door.close()
                line.settimeout(0)
                self.line = line
                return True
        line.close()
        return False

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


def warm_up(relay):
    """Runs what most first cells need. False if evcxr is not there any more."""
    for code in WARM_UP:
        relay.run(code)
    while relay.queue or relay.cell:
        relay.step(0.2)
        if not relay.session.alive():
            return False
    return True


@contextlib.contextmanager
def only_one(owner):
    """Holds the right to be this owner's spare; yields whether it was free."""
    path = sessions().parent / f"spare-{owner}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            path.unlink(missing_ok=True)


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
        if now - self.idle_since < IDLE or (self.child and self.child.poll() is None):
            return
        self.idle_since = now + 8  # a spare that was not made for want of memory, or has been taken, is not asked for at once
        if wanted() and room() and warm.state() == "ready":
            self.child = subprocess.Popen(
                [sys.executable, str(pathlib.Path(__file__).with_name("launch.py")), "--spare", str(self.owner)],
                stdin=subprocess.DEVNULL, start_new_session=True,
            )
