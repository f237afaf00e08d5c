#!/usr/bin/env python3
"""Starts one kernel session: stock evcxr_jupyter in a private copy of the warmed folder.

usage: launch.py CONNECTION_FILE

evcxr writes into its build folder, so two sessions cannot share one. The copy is made by hard link and
removed when the kernel ends; copies that were left behind (a killed kernel, a lost machine) are removed
at the next start: a lock that dies with the session tells which they are.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

import zmq

import warm
from common import PROJECT, cargo_home, die_with_parent, evcxr, host, libraries, locked, sessions, tool, warmed

HERE = pathlib.Path(__file__).resolve().parent


def fill(template, folder):
    """A file of this folder with the session's paths in it."""
    text = (HERE / template).read_text()
    values = {
        "SESSION": folder, "CARGO": tool("cargo"), "RUSTC": tool("rustc"), "CARGO_HOME": cargo_home(),
        "HOST": host(), "PROJECT": PROJECT,
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def script(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def clean():
    """Removes copies whose session has ended."""
    for folder in sessions().iterdir():
        try:
            with open(folder / "lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass  # alive
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)  # died before it had a lock


def prepare():
    """A new session's folder, and the lock that says it is alive."""
    sessions().mkdir(parents=True, exist_ok=True)
    with locked(sessions().parent / "sessions.lock"):
        clean()
        folder = pathlib.Path(tempfile.mkdtemp(prefix="s", dir=sessions()))
        lock = open(folder / "lock", "w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    with locked(warmed().parent / "warm.lock", shared=True):
        warm.copy_to(folder / "target")
        for name in ("Cargo.toml", "Cargo.lock.built"):
            shutil.copyfile(warmed() / name, folder / name.removesuffix(".built"))
        metadata = (warmed() / "metadata.json").read_text()
    usual = (folder / "Cargo.toml").read_text()
    (folder / "Cargo.toml.usual").write_text(usual)
    shutil.copyfile(folder / "Cargo.lock", folder / "Cargo.lock.usual")
    (folder / "metadata.json").write_text(metadata.replace(str(warmed()), str(folder)))
    # The library as it was at the session's start: cargo compares the time of each source file with
    # that of this record, so with the record in the future an edit waits for the next session instead
    # of rebuilding the library under the feet of this one.
    for record in (folder / "target").glob("*/debug/.fingerprint/casebook-*/dep-*"):
        os.utime(record, (4_102_444_800, 4_102_444_800))
    for name in ("cargo", "rustup", "cell"):
        script(folder / "bin" / name, fill(f"{name}.sh", folder))
    (folder / "config").mkdir()
    for name in ("evcxr.toml", "init.evcxr", "prelude.rs"):
        (folder / "config" / name).write_text(fill(f"config/{name}", folder))
    return folder, lock


def environment(folder):
    env = os.environ | libraries(folder) | {
        "EVCXR_CONFIG_DIR": str(folder / "config"),
        "EVCXR_TMPDIR": str(folder),
        "RUST_BACKTRACE": "0",  # for evcxr itself; its cells' process gets 1, see config/prelude.rs
        # The standard library as type inference sees it: see README.md in this folder.
        "RUST_SRC_PATH": str(HERE / "std"),
        # rust-analyzer looks for cargo in $CARGO_HOME/bin before anything else, evcxr in PATH.
        "CARGO_HOME": str(folder),
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    env.pop("CARGO_TARGET_DIR", None)
    return env


# The channels that are relayed, and what stands between sender and text in each of their messages.
RELAYED = ("control_port", "shell_port")
DELIMITER = b"<IDS|MSG>"


def inner(connection, folder):
    """The connection file for the kernel: the same, with ports of its own for what is relayed. See `relay`."""
    told = {value for name, value in connection.items() if name.endswith("_port")}
    ports = []
    with contextlib.ExitStack() as held:
        while len(ports) < len(RELAYED):
            free = held.enter_context(socket.socket())
            free.bind((connection["ip"], 0))
            port = free.getsockname()[1]
            if port not in told:
                ports.append(port)
    path = folder / "connection.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(connection | dict(zip(RELAYED, ports))))
    return path, ports


def relay(connection, ports):
    """Stands between Jupyter and the kernel on the control and the shell channel.

    While a kernel starts, JupyterLab asks twice a second on the control channel who it is, and closes the connection at the
    first answer. evcxr answers the rest as well, cannot, and ends: on a busy machine that was every third restart. A router
    drops what has no receiver. And evcxr ends a channel at the first message that is none of Jupyter's, such as the heartbeat
    that a client goes on asking for where the kernel before this one had its port: those are dropped here.
    """
    address = f"{connection['transport']}://{connection['ip']}"
    context = zmq.Context()
    for name, port in zip(RELAYED, ports):
        outside, inside = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
        outside.bind(f"{address}:{connection[name]}")
        inside.connect(f"{address}:{port}")
        threading.Thread(target=pass_on, args=(outside, inside), daemon=True).start()


def pass_on(outside, inside):
    poller = zmq.Poller()
    for end in (outside, inside):
        poller.register(end, zmq.POLLIN)
    while True:
        for end, _ in poller.poll():
            message = end.recv_multipart()
            if DELIMITER in message:
                (inside if end is outside else outside).send_multipart(message)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    program = evcxr()
    if not program:
        sys.exit("casebook: evcxr_jupyter is not installed; run `make kernel` in the project's folder")
    warm.warm()
    folder, lock = prepare()
    connection = json.loads(pathlib.Path(sys.argv[1]).read_text())
    path, ports = inner(connection, folder)
    # Before the relay, which has threads: a process with threads should not be copied.
    kernel = subprocess.Popen(
        [program, "--control_file", path], env=environment(folder), pass_fds=[lock.fileno()], preexec_fn=die_with_parent,
    )
    relay(connection, ports)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: kernel.send_signal(received))
    try:
        code = kernel.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
