"""Plays Jupyter for tests of the relay: a client, and a relay between it and a fake evcxr."""

import contextlib
import io
import pathlib
import queue
import shutil
import socket
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import zmq  # noqa: E402
from jupyter_client.session import Session  # noqa: E402

from fake_evcxr import PRELUDE, Evcxr  # noqa: E402

import launch  # noqa: E402
import relay  # noqa: E402

CHANNELS = ("shell", "control", "stdin", "iopub")
WAIT = 5


class Inner:
    """Stands for kernel/session.py's Session: a folder, and a fake evcxr in it."""

    def __init__(self, folder):
        self.folder, self.place, self.dead = folder, None, False
        self.evcxr = Evcxr(folder)
        self.connection, self.restarts = self.evcxr.told, 0

    def alive(self):
        return not self.dead

    def prelude(self):
        return PRELUDE

    def enter(self, place):
        self.place = place

    def again(self):
        self.evcxr.end()
        self.dead, self.restarts, self.evcxr = False, self.restarts + 1, Evcxr(self.folder)
        self.connection = self.evcxr.told
        self.evcxr.begin()

    def end(self):
        self.evcxr.end()


def outside():
    """A connection as Jupyter would choose it."""
    with contextlib.ExitStack() as held:
        free = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(5)]
        ports = [one.getsockname()[1] for one in free]
    names = [f"{name}_port" for name in (*CHANNELS, "hb")]
    return dict(zip(names, ports)) | {"transport": "tcp", "ip": "127.0.0.1", "key": "k3y", "signature_scheme": "hmac-sha256"}


class Client:
    """What a notebook does, with Jupyter's own signing and reading of messages."""

    def __init__(self, told):
        self.session, self.context, self.told = Session(key=told["key"].encode()), zmq.Context(), told
        self.ends = {name: self.context.socket(zmq.SUB if name == "iopub" else zmq.DEALER) for name in CHANNELS}
        self.kept = {name: [] for name in CHANNELS}
        for name, end in self.ends.items():
            if name == "iopub":
                end.setsockopt(zmq.SUBSCRIBE, b"")
            else:
                end.setsockopt(zmq.IDENTITY, self.session.bsession)
            end.linger = 0
            end.connect(f"tcp://{told['ip']}:{told[f'{name}_port']}")

    def join(self):
        """Waits until it hears what is said to everybody."""
        for _ in range(100):
            asked = self.ask("kernel_info_request", {}, "control")
            with contextlib.suppress(queue.Empty):
                self.until_idle(asked, 0.05)
                return self
        raise TimeoutError("the relay says nothing")

    def close(self):
        self.context.destroy(linger=0)

    def ask(self, kind, content, channel="shell"):
        """Sends a request; its number."""
        return self.session.send(self.ends[channel], kind, content)["header"]["msg_id"]

    def next(self, channel, fits, timeout=WAIT):
        """The first message on a channel that fits; others are kept for later."""
        deadline = time.monotonic() + timeout
        for message in self.kept[channel]:
            if fits(message):
                self.kept[channel].remove(message)
                return message
        while self.ends[channel].poll(max(0, 1000 * (deadline - time.monotonic()))):
            _, frames = self.session.feed_identities(self.ends[channel].recv_multipart())
            message = self.session.deserialize(frames)
            if fits(message):
                return message
            self.kept[channel].append(message)
        raise queue.Empty(f"nothing that fits on {channel}: {[message['msg_type'] for message in self.kept[channel]]}")

    def answer(self, asked, channel="shell", timeout=WAIT):
        return self.next(channel, lambda message: message["parent_header"].get("msg_id") == asked, timeout)["content"]

    def until_idle(self, asked, timeout=WAIT):
        """What is said to everybody of a request, to its end: (kind, what matters of it)."""
        told = []
        while not told or told[-1] != ("status", "idle"):
            message = self.next("iopub", lambda message: message["parent_header"].get("msg_id") == asked, timeout)
            told.append((message["msg_type"], essence(message)))
        return told

    def hear(self, asked, kind, timeout=WAIT):
        """The next message of a kind about a request."""
        def fits(message):
            return message["parent_header"].get("msg_id") == asked and message["msg_type"] == kind
        return essence(self.next("iopub", fits, timeout))

    def unheard(self):
        """What has been said to everybody and not been asked for here."""
        with contextlib.suppress(queue.Empty):
            self.next("iopub", lambda message: False, 0.1)
        return [(message["msg_type"], essence(message)) for message in self.kept["iopub"]]

    def send(self, code, **more):
        content = {"silent": False, "store_history": True, "allow_stdin": True, "stop_on_error": True, "user_expressions": {}}
        return self.ask("execute_request", content | {"code": code} | more)

    def run(self, code, **more):
        """Runs a cell; the answer, and what was said of it."""
        asked = self.send(code, **more)
        return self.answer(asked), self.until_idle(asked)


def until(true, timeout=WAIT):
    """Waits until something holds; what it gives."""
    deadline = time.monotonic() + timeout
    while not (found := true()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def essence(message):
    content = message["content"]
    match message["msg_type"]:
        case "status":
            return content["execution_state"]
        case "stream":
            return content["name"], content["text"]
        case "execute_input":
            return content["execution_count"]
        case "error":
            return content["ename"]
    return content


def texts(told, name):
    """All of a stream."""
    return "".join(said[1] for kind, said in told if kind == "stream" and said[0] == name)


class Case(unittest.TestCase):
    """One relay for each test. `prepare` may change the fake before it is asked anything."""
    api = None

    def prepare(self):
        pass

    def setUp(self):
        for name, value in {"PROBE": 0.02, "QUIET": 0.2, "PATIENCE": 30}.items():
            self.patch(name, value)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="casebook-relay-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.inner, self.told, self.clients, self.code, self.log = Inner(self.folder), outside(), [], None, io.StringIO()
        self.evcxr.cells[PRELUDE] = lambda run: (run.begin(), run.out("the prelude's"), run.end())
        self.prepare()
        self.relay = relay.Relay(self.inner, self.api)
        self.relay.attach(self.told, self.folder)
        self.turns, step = threading.Lock(), self.relay.step

        def turn(longest=1.0):
            with self.turns:
                step(min(longest, 0.05))
        self.relay.step = turn
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.addCleanup(self.finish)
        self.evcxr.begin()
        self.thread.start()
        self.client = self.join()

    def patch(self, name, value):
        patched = mock.patch.object(relay, name, value)
        patched.start()
        self.addCleanup(patched.stop)

    @property
    def evcxr(self):
        return self.inner.evcxr

    def serve(self):
        with contextlib.redirect_stderr(self.log):
            self.code = launch.serve(self.relay, lambda: True, mock.Mock())

    @contextlib.contextmanager
    def stopped(self):
        """The relay reads nothing meanwhile."""
        with self.turns:
            yield

    def join(self):
        client = Client(self.told)
        self.clients.append(client)
        return client.join()

    def finish(self):
        """Ends the relay as Jupyter does, unless the test has."""
        if self.thread.is_alive():
            self.client.answer(self.client.ask("shutdown_request", {"restart": False}, "control"), "control")
        self.thread.join(WAIT)
        self.assertFalse(self.thread.is_alive(), "the relay goes on")
        for client in self.clients:
            client.close()
        self.relay.end()
        self.assertNotIn("Traceback", self.log.getvalue())

    def play(self, code, script):
        self.evcxr.cells[code] = script

    def good(self, code, **more):
        reply, told = self.client.run(code, **more)
        self.assertEqual(reply["status"], "ok", reply)
        return told

    def bad(self, code, ename, **more):
        """Runs a cell that fails, in the reply as in what is shown; the reply, and what else was said."""
        reply, told = self.client.run(code, **more)
        self.assertEqual((reply["status"], reply.get("ename")), ("error", ename))
        self.assertEqual(told[-2:], [("error", ename), ("status", "idle")])
        return reply, told[:-2]
