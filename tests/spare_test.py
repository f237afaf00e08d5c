"""Spare sessions, and that no session leaves anything: with a fake evcxr, in this process and in processes of their own.

As the program `spare_test.py FOLDER ...` it is kernel/launch.py, with the fake in place of evcxr, in that target folder.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

TESTS = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(TESTS))

from fake_evcxr import PRELUDE  # noqa: E402
from fake_jupyter import Client, Inner, outside, until  # noqa: E402

import launch  # noqa: E402
import relay  # noqa: E402
import session  # noqa: E402
import spare  # noqa: E402

WAIT = 10
SOURCES = {}  # the library's files, as far as these tests go


def without_cargo(folder):
    """What lets kernel/ work in an empty target folder, where nothing is compiled."""
    return [
        mock.patch.dict(os.environ, CARGO_TARGET_DIR=str(folder)),
        mock.patch.object(spare, "dependencies_key", lambda: "key"),
        mock.patch.object(spare, "sources", lambda: SOURCES),
        mock.patch.object(relay, "PROBE", 0.02),
    ]


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="casebook-spare-")).resolve()
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        for patched in without_cargo(self.folder):
            patched.start()
            self.addCleanup(patched.stop)

    def offers(self):
        return list(session.sessions().glob("*/spare.json"))


class Identity(Case):
    def test_another_server_library_or_environment_is_another_spare(self):
        mine = spare.identity(1)
        self.assertEqual(spare.identity(1), mine)
        self.assertNotEqual(spare.identity(2), mine)
        for name, same in {
            "DATABASE_URL": False, "JPY_SESSION_NAME": True, "JPY_PARENT_PID": True, "PWD": True, "CASEBOOK_SPARE": True,
        }.items():
            with self.subTest(name), mock.patch.dict(os.environ, {name: "another"}):
                self.assertEqual(spare.identity(1) == mine, same)
        with mock.patch.dict(SOURCES, {"src/lib.rs": 1}):
            self.assertNotEqual(spare.identity(1), mine)

    def test_another_version_of_this_program_is_another_spare(self):
        (self.folder / "errors").mkdir()
        for name in ("relay.py", "errors/explain.py"):
            (self.folder / name).touch()
            with self.subTest(name), mock.patch.object(spare, "__file__", str(self.folder / "spare.py")):
                mine = spare.identity(1)
                os.utime(self.folder / name, (1, 1))
                self.assertNotEqual(spare.identity(1), mine)

    def test_a_process_is_watched_to_its_end(self):
        for events in (True, False):
            with self.subTest(events), subprocess.Popen(["sleep", "60"]) as process:
                watch = spare.Watch(process.pid)
                watch.events = watch.events if events else None
                self.assertTrue(watch.running())
                process.kill()
                if events:  # even if nobody has buried it
                    self.assertTrue(until(lambda: not watch.running()))
                process.wait()
                self.assertFalse(watch.running())
        self.assertFalse(spare.Watch(process.pid).running())

    def test_a_server_has_one_spare(self):
        self.assertFalse(spare.there_is_one(7))
        with spare.only_one(7) as first, spare.only_one(7) as second, spare.only_one(8) as other:
            self.assertEqual((first, second, other), (True, False, True))
            self.assertTrue(spare.there_is_one(7))
        self.assertFalse(spare.there_is_one(7))
        self.assertEqual(list(session.sessions().parent.glob("spare-*")), [])

    def test_what_a_killed_spare_left_is_removed(self):
        session.sessions().parent.mkdir(parents=True, exist_ok=True)
        spare.lock_of(5).touch()
        with spare.only_one(7), spare.only_one(8):
            self.assertFalse(spare.lock_of(5).exists())
            self.assertTrue(spare.lock_of(7).exists(), "it is held")

    def test_a_lock_that_was_removed_before_it_was_held_is_none(self):
        def removed(file, how):
            spare.lock_of(7).unlink()
            flock(file, how)
        flock = fcntl.flock
        with mock.patch.object(fcntl, "flock", removed), spare.only_one(7) as free:
            self.assertFalse(free)


class Parked(Case):
    """A spare in this process: a real relay, with a fake evcxr inside."""

    def setUp(self):
        super().setUp()
        folder, self.lock = session.claim()
        self.addCleanup(self.lock.close)
        self.inner, self.owner = Inner(folder), os.getpid()
        self.relay = relay.Relay(self.inner)
        step = self.relay.step
        self.relay.step = lambda longest=1.0: step(min(longest, 0.05))
        self.parked = spare.Parked(self.relay, self.owner)
        self.thread, self.taken = threading.Thread(target=self.serve, daemon=True), None
        self.inner.evcxr.begin()
        self.addCleanup(self.end)

    def park(self):
        self.thread.start()
        self.assertTrue(until(self.offers, WAIT), "nothing is offered")
        return self

    def serve(self):
        self.taken = self.parked.warm_up() and self.parked.wait()
        if self.taken:
            code = launch.serve(self.relay, self.parked.held, mock.Mock())
            self.relay.leave()
            self.parked.leave(code)

    def end(self):
        self.relay.over = True
        if self.thread.is_alive():
            self.thread.join(WAIT)
            self.assertFalse(self.thread.is_alive())
        self.relay.end()

    def take(self):
        line = spare.take(self.owner, outside(), self.folder)
        if line:
            self.addCleanup(line.close)
        return line

    def offered(self):
        return json.loads(self.offers()[0].read_text())

    def say(self, words):
        """Says something to the spare; its answer."""
        with socket.create_connection(("127.0.0.1", self.offered()["port"]), timeout=WAIT) as line:
            line.sendall(words)
            with contextlib.suppress(ConnectionResetError):
                return line.recv(64)

    def test_who_takes_it_finds_a_fresh_session_that_is_warm(self):
        self.park()
        self.assertEqual(self.inner.evcxr.codes(), [PRELUDE, *spare.WARM_UP])
        told = outside()
        with spare.take(self.owner, told, self.folder) as line:
            client = Client(told).join()
            self.addCleanup(client.close)
            reply, said = client.run("1")
            self.assertEqual((reply["execution_count"], said[1]), (1, ("execute_input", 1)))
            self.assertEqual((self.inner.place, self.offers()), (self.folder, []))
            client.answer(client.ask("shutdown_request", {"restart": False}, "control"), "control")
            self.assertEqual(spare.follow(line, os.getppid()), 0)

    def test_of_two_who_take_it_at_once_one_gets_it(self):
        self.park()
        both, lines = threading.Barrier(2), []

        def take():
            both.wait()
            lines.append(self.take())
        rename = pathlib.Path.rename

        def late(path, to):
            both.wait()  # both have read the offer
            return rename(path, to)
        with mock.patch.object(pathlib.Path, "rename", late):
            threads = [threading.Thread(target=take) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(sorted(map(bool, lines)), [False, True])

    def test_only_who_knows_the_token_gets_it(self):
        self.park()
        right = {"token": self.parked.token, "connection": outside(), "place": str(self.folder)}
        for words in (right | {"token": "another"}, right | {"token": 7}, right | {"token": "\u00e9"}, [], {}, right | {"connection": {}}, None):
            self.assertFalse(self.say(json.dumps(words).encode() + b"\n"), words)
        for words in (b"GET / HTTP/1.1\r\n\r\n", b"\xff\n"):
            self.assertFalse(self.say(words))
        self.assertIsNone(self.taken)
        self.assertTrue(self.take())

    def test_the_offer_is_for_ones_own_eyes(self):
        self.park()
        self.assertEqual(self.offers()[0].stat().st_mode & 0o077, 0)

    def test_another_environment_takes_nothing(self):
        self.park()
        with mock.patch.dict(os.environ, DATABASE_URL="another"):
            self.assertIsNone(self.take())
        self.assertIsNone(spare.take(self.owner + 1, outside(), self.folder))
        self.assertTrue(self.take())

    def test_an_offer_of_who_is_gone_is_not_answered(self):
        """Whatever listens on that port now is not told the notebook's key."""
        self.park()
        mine, (folder, lock) = self.offers()[0], session.claim()
        with socket.create_server(("127.0.0.1", 0)) as stranger:
            stale = self.offered() | {"port": stranger.getsockname()[1]}
            (folder / "spare.json").write_text(json.dumps(stale))
            lock.close()
            mine.rename(mine.with_name("aside"))
            self.assertIsNone(self.take())
            stranger.settimeout(0.1)
            self.assertRaises(TimeoutError, stranger.accept)
            (session.sessions() / "broken").mkdir()
            (session.sessions() / "broken" / "spare.json").write_text("{")
            mine.with_name("aside").rename(mine)
            self.assertTrue(self.take())

    def test_it_is_offered_again_if_who_was_about_to_take_it_did_not(self):
        with mock.patch.object(spare, "CHECK", 0.05):
            self.park()
            self.offers()[0].rename(self.inner.folder / "taken.json")
            self.assertTrue(until(self.offers, WAIT))
            line = socket.create_connection(("127.0.0.1", self.offered()["port"]), timeout=WAIT)
            self.addCleanup(line.close)
            self.assertTrue(spare.accepted(line, {"token": self.parked.token, "connection": outside(), "place": "."}), "it came late")
            self.assertEqual(self.offers(), [], "a spare that was taken is offered")

    def test_it_ends_when_nobody_can_take_it_any_more(self):
        with mock.patch.object(spare, "CHECK", 0.05):
            self.park()
            with mock.patch.dict(SOURCES, {"src/lib.rs": 1}):
                self.thread.join(WAIT)
        self.assertIs(self.taken, False)

    def test_it_ends_with_its_evcxr(self):
        self.park()
        self.inner.dead = True
        self.thread.join(WAIT)
        self.assertIs(self.taken, False)

    def test_it_ends_with_its_server_even_while_it_warms_up(self):
        self.inner.evcxr.deaf = 10**6
        self.parked.server.ended = True
        self.thread.start()
        self.thread.join(WAIT)
        self.assertIs(self.taken, False)
        self.assertEqual(self.offers(), [])

    def test_it_ends_with_who_took_it(self):
        self.park()
        self.take().close()
        self.thread.join(WAIT)
        self.assertFalse(self.thread.is_alive())
        self.assertIs(self.taken, True)


class Follow(unittest.TestCase):
    """Who has taken a spare lives as long as it."""

    def setUp(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.line, self.spare = socket.socketpair()
        self.addCleanup(self.line.close)
        self.addCleanup(self.spare.close)

    def test_it_ends_as_the_spare_ends(self):
        for said, code in ((b"0", 0), (b"1", 1), (b"", 1)):
            line, other = socket.socketpair()
            other.sendall(said)
            other.close()
            self.assertEqual(spare.follow(line, os.getppid()), code)
            line.close()

    def test_it_ends_with_its_owner(self):
        began = time.monotonic()
        self.assertEqual(spare.follow(self.line, os.getppid() + 1), 0)
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(self.spare.recv(1), b"", "the spare is let go")

    def test_a_signal_ends_it(self):
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
        self.assertEqual(spare.follow(self.line, os.getppid()), 0)
        self.assertEqual(self.spare.recv(1), b"")


class Making(Case):
    def setUp(self):
        super().setUp()
        self.relay, self.maker, self.now = mock.Mock(cell=None, queue=[], count=1), spare.Maker(7), 100.0
        self.set(spare.warm, "state", lambda: "ready")
        self.set(spare, "free_memory", lambda: 2**40)
        self.set(time, "monotonic", lambda: self.now)
        self.begun = self.set(subprocess, "Popen", mock.Mock())
        self.set(os, "environ", {"JPY_SESSION_NAME": "a.ipynb", "CARGO_TARGET_DIR": str(self.folder)})

    def set(self, where, name, value):
        patched = mock.patch.object(where, name, value)
        self.addCleanup(patched.stop)
        return patched.start()

    def spares(self, seconds=60):
        """How many are begun in some seconds of idleness."""
        before = self.begun.call_count
        for _ in range(seconds):
            self.now += 1
            self.maker.tick(self.relay)
        return self.begun.call_count - before

    def test_one_is_made_when_nobody_is_waiting(self):
        self.relay.count = 0
        self.assertEqual(self.spares(), 0)
        self.relay.count, self.relay.cell = 1, "running"
        self.assertEqual(self.spares(), 0)
        self.relay.cell = None
        self.assertEqual(self.spares(2), 0)
        self.assertEqual(self.spares(2), 1)
        self.assertEqual(self.begun.call_args.args[0][-2:], ["--spare", "7"])

    def test_another_is_made_when_it_has_been_taken(self):
        with spare.only_one(7):
            self.assertEqual(self.spares(), 0, "there is one")
        self.begun.return_value.poll.return_value = None
        self.assertGreater(self.spares(), 1, "one that was taken lives on")

    def test_none_is_made_where_it_is_not_wanted(self):
        for what, change in {
            "no memory": lambda: self.set(spare, "free_memory", lambda: 2**30), "unknown": lambda: self.set(spare.warm, "state", lambda: "edited"),
            "no person": lambda: os.environ.pop("JPY_SESSION_NAME"), "told so": lambda: os.environ.update(CASEBOOK_SPARE="0"),
        }.items():
            with self.subTest(what):
                change()
                self.assertEqual(self.spares(), 0)
                self.doCleanups()
                self.setUp()
        os.environ.update(CASEBOOK_SPARE="1")
        del os.environ["JPY_SESSION_NAME"]
        self.assertGreater(self.spares(), 0)


class Processes(Case):
    """Real processes: kernel/launch.py with a fake evcxr, a server that starts it, and a guard."""

    def setUp(self):
        super().setUp()
        self.told = outside()
        (self.folder / "connection.json").write_text(json.dumps(self.told))
        self.log = open(self.folder.with_suffix(".log"), "w+")
        self.addCleanup(pathlib.Path(self.log.name).unlink)
        self.addCleanup(self.log.close)
        # A server: what is written to it, it starts.
        self.server = subprocess.Popen(
            ["/bin/sh", "-c", 'while read -r line; do eval "$line" & done; wait', str(self.folder)],
            stdin=subprocess.PIPE, stdout=self.log, stderr=self.log, text=True, start_new_session=True,
        )
        self.addCleanup(self.clear)

    def clear(self):
        self.server.kill()
        self.server.wait()
        self.server.stdin.close()
        for line in self.left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(line.split()[0]), signal.SIGKILL)

    def left(self):
        """The processes of this test that are there, without the server."""
        found = subprocess.run(["ps", "-A", "-o", "pid=,args="], capture_output=True, text=True).stdout.splitlines()
        return [line for line in found if str(self.folder) in line and int(line.split()[0]) != self.server.pid]

    def start(self, *words, before=""):
        self.server.stdin.write(f"{before} exec {sys.executable} -W ignore {__file__} {self.folder} {' '.join(words)}\n")
        self.server.stdin.flush()

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def spare(self):
        self.start("--spare", "$$")
        self.assertTrue(until(self.offers, WAIT), self.said())
        return json.loads(self.offers()[0].read_text())["pid"]

    def notebook(self):
        self.start(str(self.folder / "connection.json"))
        client = Client(self.told)
        self.addCleanup(client.close)
        for _ in range(WAIT):
            with contextlib.suppress(TimeoutError, queue.Empty):
                client.join()
                self.assertEqual(client.run("1")[0]["execution_count"], 1)
                return client
        self.fail(self.said())

    def all_gone(self, seconds=6):
        self.assertTrue(until(lambda: not self.left(), seconds), self.left())
        self.assertTrue(until(lambda: not list(session.sessions().iterdir()), 2), "a folder is left")

    def test_a_parked_spare_ends_with_its_server(self):
        self.spare()
        self.start("--spare", "$$")  # one is enough
        time.sleep(0.5)
        self.assertTrue(until(lambda: len(self.left()) == 3), self.left())  # the spare, its guard, its evcxr
        self.server.kill()
        self.all_gone()

    def test_a_spare_that_was_taken_ends_with_its_server(self):
        pid = self.spare()
        self.notebook()
        self.assertEqual(len(self.left()), 4, "another session was begun")
        self.assertFalse(spare.there_is_one(self.server.pid))
        self.server.kill()
        self.all_gone()
        self.assertFalse(spare.Watch(pid).running())

    def test_a_spare_that_was_taken_ends_with_its_notebook(self):
        self.spare()
        self.notebook()
        follower = next(int(line.split()[0]) for line in self.left() if line.endswith("connection.json") and str(TESTS) in line
                        and "control_file" not in line)
        os.kill(follower, signal.SIGKILL)
        self.all_gone()

    def test_a_spare_that_was_taken_ends_politely(self):
        self.spare()
        client = self.notebook()
        client.answer(client.ask("shutdown_request", {"restart": False}, "control"), "control")
        self.all_gone()
        self.assertNotIn("Traceback", self.said())

    def test_a_session_ends_with_its_server(self):
        self.notebook()
        self.server.kill()
        self.all_gone()

    def test_a_session_whose_launcher_is_killed_leaves_nothing(self):
        self.notebook()
        launcher = next(int(line.split()[0]) for line in self.left() if str(__file__) in line)
        os.kill(launcher, signal.SIGKILL)
        self.all_gone()

    def test_a_launcher_that_is_killed_while_evcxr_begins_leaves_nothing(self):
        self.start(str(self.folder / "connection.json"), before="KILLED=1")
        self.assertTrue(until((self.folder / "killed").exists), self.said())
        time.sleep(0.2)  # evcxr would be there by now
        self.all_gone()


def main():
    """kernel/launch.py, as far as it can be without anything compiled."""
    folder = pathlib.Path(sys.argv.pop(1))
    program = folder / "evcxr"
    what = "sleep 60" if os.environ.get("KILLED") else f'exec {sys.executable} {TESTS / "fake_evcxr.py"} "$@"'
    with contextlib.suppress(FileExistsError), open(program, "x") as file:
        file.write(f"#!/bin/sh\n{what}\n")
        program.chmod(0o755)

    def killed():
        (folder / "killed").touch()
        os.kill(os.getppid(), signal.SIGKILL)
    patches = [
        *without_cargo(folder), mock.patch.object(session, "evcxr", lambda: str(program)), mock.patch.object(session, "furnish", lambda folder: None),
        mock.patch.object(session, "environment", lambda folder: dict(os.environ)), mock.patch.object(launch.warm, "warm", lambda: None),
        mock.patch.object(launch.warm, "state", lambda: "ready"), mock.patch.object(launch.complete, "public_api", lambda project: {}),
    ]
    if os.environ.get("KILLED"):
        patches.append(mock.patch.object(session, "die_with_parent", killed))
    with contextlib.ExitStack() as held:
        for patched in patches:
            held.enter_context(patched)
        return launch.main()


if __name__ == "__main__":
    if len(sys.argv) > 1 and pathlib.Path(sys.argv[1]).is_dir():
        sys.exit(main())
    unittest.main()
