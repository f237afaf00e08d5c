"""What is too long for every change: sessions and servers that are killed at random moments leave nothing; restarts in a row.

How many of each: SESSIONS, SERVERS and RESTARTS in the environment.
"""

import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROJECT / "kernel"), str(PROJECT / "tests")]

import jupyter_client  # noqa: E402
import latency  # noqa: E402
from common import sessions  # noqa: E402

SESSIONS, SERVERS, RESTARTS = (int(os.environ.get(name, usual)) for name, usual in (("SESSIONS", 50), ("SERVERS", 10), ("RESTARTS", 20)))
# What a server does: it starts kernels, runs a cell in each, and waits to be killed.
SERVER = """
import sys
sys.path.insert(0, {kernel!r})
import latency
open = [latency.Session(*latency.ours()) for _ in range(2)]
for session in open:
    session.run("let n = 1;")
print("ready", flush=True)
sys.stdin.read()
"""


def processes():
    """Processes that have to do with sessions of this project, by number."""
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    of_ours = [line.split(None, 1) for line in listed.splitlines() if str(sessions()) in line or str(PROJECT / "kernel/launch.py") in line]
    # The process with a cell's variables is started without words; it is known by its environment.
    children = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/environ") if sys.platform == "linux" else ():
        try:
            if f"CASEBOOK_SESSION={sessions()}".encode() in entry.read_bytes():
                children.append([entry.parent.name, "CASEBOOK_SESSION"])
        except OSError:
            pass
    return {int(pid): words for pid, words in [*of_ours, *children]}


def folders():
    return {path.name for path in sessions().iterdir()} if sessions().is_dir() else set()


def started():
    """A launcher as Jupyter starts it, with a connection file of its own."""
    path, _ = jupyter_client.connect.write_connection_file(os.path.join(tempfile.mkdtemp(prefix="casebook-kill-"), "kernel.json"))
    spec, env = latency.ours()
    words = [word.replace("{connection_file}", path) for word in spec["argv"]]
    return subprocess.Popen(words, cwd=PROJECT / "notebooks", env=os.environ | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Endurance(unittest.TestCase):
    def setUp(self):
        self.before = processes(), folders()

    def nothing_is_left(self):
        deadline = time.monotonic() + 30
        while True:
            left = {pid: words for pid, words in processes().items() if pid not in self.before[0]}, folders() - self.before[1]
            if left == ({}, set()):
                return
            if time.monotonic() > deadline:
                self.fail(f"left behind: {left}")
            time.sleep(0.2)

    def test_sessions_killed_at_random(self):
        chance = random.Random(20)
        for _ in range(0, SESSIONS, 5):
            launchers = [started() for _ in range(5)]
            for launcher in launchers:
                time.sleep(chance.uniform(0, 1.2))
                launcher.send_signal(chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
            for launcher in launchers:
                launcher.wait()
        self.nothing_is_left()

    def test_servers_killed_at_random(self):
        chance = random.Random(10)
        for _ in range(SERVERS):
            env = os.environ | {"CASEBOOK_SPARE": "1"}
            server = subprocess.Popen(
                [sys.executable, "-c", SERVER.format(kernel=str(PROJECT / "kernel"))], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL)
            if chance.random() < 0.7:  # its kernels are ready, and make spares
                server.stdout.readline()
            time.sleep(chance.uniform(0, 8))
            server.kill()
            server.wait()
            server.stdin.close()
            server.stdout.close()
        self.nothing_is_left()

    def test_restarts_in_a_row(self):
        """Each takes the spare that the one before has made, and shows a table; how long it took is printed."""
        spec, env = latency.ours()
        env = env | {"CASEBOOK_SPARE": "1"}
        session, times = latency.Session(spec, env), []
        try:
            for _ in range(RESTARTS):
                session.run("let one = 1;")
                latency.wait_for_spare()
                session.end()
                session = latency.Session(spec, env)
                _, trouble, shown = session.run('let df = df!("size" => ["small"], "mrr" => [19.0])?;\ndf')
                self.assertEqual((trouble, "1 row, 2 columns" in shown), ("", True))
                times.append(time.monotonic() - session.start)
        finally:
            session.end()
        print(f"\n{RESTARTS} restarts to a table: median {sorted(times)[len(times) // 2]:.2f} s, longest {max(times):.2f} s")
        self.nothing_is_left()


if __name__ == "__main__":
    unittest.main()
