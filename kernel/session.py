"""One kernel session: its folder, evcxr in it, and a guard that cleans up after it."""

import contextlib
import fcntl
import json
import os
import pathlib
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import warm
from common import PROJECT, cargo_home, die_with_parent, evcxr, host, libraries, link, locked, sessions, tool, warmed

HERE = pathlib.Path(__file__).resolve().parent
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
# Below what Linux (32768), macOS and Windows (49152) give to whoever asks for any port.
OUR_PORTS = range(16_000, 32_000)
# How often evcxr is started again because somebody else took a port between our choice and its use of it.
TRIES = 3


class NotStarted(Exception):
    """evcxr ended before it was ready."""


def fill(template, folder):
    """A file of this folder with the session's paths in it."""
    text = (HERE / template).read_text()
    for name, value in {"SESSION": folder, "RUSTC": tool("rustc"), "CARGO_HOME": cargo_home(), "PROJECT": PROJECT}.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def script(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def clean():
    """Removes folders whose session has ended: a lock that dies with the session tells."""
    for folder in sessions().iterdir():
        try:
            with open(folder / "lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except (FileNotFoundError, NotADirectoryError):
            shutil.rmtree(folder, ignore_errors=True)  # died before it had a lock
        except OSError:
            pass  # alive, or a lock that cannot be opened now: that says nothing of the session


def claim():
    """A new session's folder, and the lock that says it is alive."""
    sessions().mkdir(parents=True, exist_ok=True)
    with locked(sessions().parent / "sessions.lock"):
        clean()
        folder = pathlib.Path(tempfile.mkdtemp(prefix="s", dir=sessions()))
        lock = open(folder / "lock", "w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    return folder, lock


def furnish(folder):
    """What evcxr and our stand-ins expect in a session's folder. The library is the session's own from now on: an edit
    is for the next session."""
    with locked(warmed().parent / "warm.lock", shared=True):
        for name in ("bin", "lib", "calls", "config", "src"):
            (folder / name).mkdir()
        for path in warm.library():
            link(path, folder / "lib" / path.name)
        for name in ("cargo", "rustc-wrapper"):
            link(warm.standin(), folder / "bin" / name)
        shutil.copyfile(warmed() / "Cargo.lock.built", folder / "Cargo.lock.kept")
        for name in ("Cargo.toml", "Cargo.toml.usual"):
            shutil.copyfile(warmed() / "Cargo.toml", folder / name)
        for name in ("metadata.json", "metadata.bare.json"):
            # The cell's own crate is the session's; what a pack has brought of others' sources stays where it is.
            text = (warmed() / name).read_text().replace(str(warmed()), str(folder))
            (folder / name).write_text(text.replace(f"{folder}/sources/", f"{warmed()}/sources/"))
    call = warm.cell_call(folder)
    for name, words in (("usual", call), ("bare", call[:call.index("--extern")])):  # with the library, and without
        (folder / "calls" / name).write_text("".join(f"{word}\n" for word in words))
    tools = {
        "cargo": tool("cargo"), "rustc": tool("rustc"), "cargo_home": cargo_home(), "host": host(), "warm": warmed() / "target", "project": PROJECT,
        "python": sys.executable, "packages": warmed() / "packages.json",
    }
    (folder / "tools").write_text("".join(f"{name}={value}\n" for name, value in tools.items()))
    script(folder / "bin" / "rustup", fill("rustup.sh", folder))
    for name in ("evcxr.toml", "init.evcxr"):
        (folder / "config" / name).write_text(fill(f"config/{name}", folder))


def environment(folder):
    """evcxr's environment."""
    env = os.environ | libraries(folder / "lib") | {
        "CASEBOOK_SESSION": str(folder),
        "EVCXR_CONFIG_DIR": str(folder / "config"),
        "EVCXR_TMPDIR": str(folder),
        "RUST_BACKTRACE": "0",  # for evcxr itself; its cells' process gets 1, and the library leaves it out
        # The standard library as type inference sees it: see README.md in this folder.
        "RUST_SRC_PATH": str(HERE / "std"),
        # rust-analyzer looks for cargo in $CARGO_HOME/bin before anything else, evcxr in PATH.
        "CARGO_HOME": str(folder),
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    for name in ("CARGO_TARGET_DIR", "RUSTC_WRAPPER", "CASEBOOK_STORE"):
        env.pop(name, None)
    return env


def free_ports(number):
    """Ports that are free, none of which the system gives to whoever asks for any: Jupyter gets its own ports that way, and
    lets go of them until the kernel binds them. An evcxr that started in between could take one for its whole life."""
    with contextlib.ExitStack() as held:
        ports = []
        for port in random.SystemRandom().sample(OUR_PORTS, len(OUR_PORTS)):
            taken = held.enter_context(socket.socket())
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports.append(port)
            if len(ports) == number:
                return ports
        raise NotStarted(f"no {number} ports from {OUR_PORTS[0]} to {OUR_PORTS[-1]} are free")


def connection(folder):
    """A connection file for evcxr, with ports and a key of its own."""
    ports = free_ports(len(PORTS))
    told = dict(zip(PORTS, ports)) | {
        "transport": "tcp", "ip": "127.0.0.1", "key": secrets.token_hex(16), "signature_scheme": "hmac-sha256", "kernel_name": "rust",
    }
    path = folder / "connection.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(told))
    return path, told


class Session:
    """A session's processes and folder, from its start to its end."""

    def __init__(self):
        program = evcxr()
        if not program:
            raise NotStarted("evcxr_jupyter is not installed; run `make kernel` in the project's folder")
        self.folder, self.lock = claim()
        self.guard = self.process = None
        try:
            self.watch()
            furnish(self.folder)
            self.start(program)
        except BaseException:
            self.end()
            raise

    def watch(self):
        """Starts the guard, before there is anything to leave behind but the folder."""
        self.guard = subprocess.Popen(["/bin/sh", HERE / "guard.sh", self.folder], stdin=subprocess.PIPE, start_new_session=True)

    def start(self, program):
        """Starts evcxr in a process group of its own, so that it can be ended with all that it started."""
        told = self.guard.stdin.fileno()

        def begin():
            # The guard learns of the group before there is an evcxr in it: should this program be killed right now, nothing stays.
            os.write(told, b"%d\n" % os.getpid())
            die_with_parent()

        env = environment(self.folder)
        (self.folder / "environment").write_bytes("\0".join(f"{name}={value}" for name, value in env.items()).encode())
        path, self.connection = connection(self.folder)
        self.process = subprocess.Popen(
            [program, "--control_file", path], env=env, stdin=subprocess.DEVNULL, start_new_session=True,
            pass_fds=[self.lock.fileno()], preexec_fn=begin,
        )

    def again(self):
        """Another evcxr in the same folder, after one that found a port taken."""
        self.kill()
        self.process.wait()
        self.start(evcxr())

    def alive(self):
        return self.process.poll() is None

    def prelude(self):
        """What runs before the first cell. Not evcxr's own prelude: that one must not write anything."""
        return (HERE / "config" / "prelude.rs").read_text()

    def enter(self, place):
        """Tells the library where the notebook lies; see `begin` in src/notebook/session.rs."""
        part = self.folder / "cwd.new"
        part.write_text(str(place))
        part.rename(self.folder / "cwd")

    def kill(self):
        """Ends evcxr and all that it started."""
        if self.process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def end(self):
        """Leaves nothing: no process, no folder. The guard learns that nothing is left to do."""
        self.kill()
        for _ in range(20):
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                break
            time.sleep(0.05)  # a process that is about to end was still writing
        if self.process:
            self.process.wait()
        if self.guard:
            with contextlib.suppress(OSError):
                self.guard.stdin.write(b"done\n")
                self.guard.stdin.close()
            self.guard.wait()
        self.lock.close()
