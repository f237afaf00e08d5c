"""Plays evcxr for tests of the relay: Jupyter's protocol on five sockets, and a session's folder. No Rust is compiled.

What it says of a cell is a function of the test's, found by the cell's code; a cell without one runs and says nothing. As
the program `fake_evcxr.py --control_file FILE` it plays evcxr where a process is needed.
"""

import collections
import json
import os
import pathlib
import signal
import sys
import threading
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "kernel"))

import zmq  # noqa: E402

from wire import Wire  # noqa: E402

RECORD, FIELD, LINE = "\x1e", "\x1f", "\x1d"
PRELUDE = "use casebook::prelude::*;"
Asked = collections.namedtuple("Asked", "kind content")


class Run:
    """A cell that is being run; what evcxr and the cell's process say of it."""

    def __init__(self, evcxr, request):
        self.evcxr, self.request, self.folder = evcxr, request, evcxr.folder
        self.answered = self.rested = False

    def publish(self, kind, content):
        self.evcxr.publish(kind, content, self.request.header)

    def out(self, text):
        self.publish("stream", {"name": "stdout", "text": f"{text}\n"})

    def err(self, text):
        self.publish("stream", {"name": "stderr", "text": f"{text}\n"})

    def record(self, kind, *fields, stream="stderr", before=""):
        """A record, and what the process had written on the same line before."""
        text = FIELD.join([f"{before}{RECORD}{kind}", *(str(field).replace("\n", LINE) for field in fields)])
        self.publish("stream", {"name": stream, "text": f"{text}\n"})

    def compile(self, number=None):
        """A compilation; one without a number failed, or was of a text that the stand-in does not know."""
        self.number = number
        with open(self.folder / "compiled", "a") as file:
            file.write(f"build {number or '-'} {time.time_ns()} {time.time_ns()} {time.time_ns()}\n")

    def begin(self):
        """The cell has been compiled, and its own code begins."""
        self.compile(self.evcxr.next_number())
        self.record("begin", self.number, 1)

    def end(self, *streams, before=""):
        for stream in streams or ("stdout", "stderr"):
            self.record("end", self.number, 2, stream=stream, before=before)

    def panic(self, message, what="panic", line=1):
        self.record("panic", what, "src/lib.rs", line, 1, message)

    def caught(self):
        self.record("caught")

    def fail(self, message, name="core::num::ParseIntError"):
        self.record("error", name, "src/lib.rs", 1, 1, message)

    def error(self, evalue, *traceback):
        self.publish("error", {"ename": "Error", "evalue": evalue, "traceback": list(traceback) or [evalue]})

    def reject(self, message, code="E0425"):
        """The compiler does not take the cell."""
        told = {"$message_type": "diagnostic", "message": message, "code": {"code": code}, "level": "error", "spans": [], "children": []}
        (self.folder / "diagnostics").write_text(json.dumps(told, separators=(",", ":")) + "\n")
        self.compile()
        self.error(message)
        self.answer("error")

    def die(self, how="signal: 9 (SIGKILL)", said=""):
        self.error(f"{said}Subprocess terminated with status: {how}")
        self.answer("error")

    def ask(self, prompt):
        """A line from the reader."""
        return self.evcxr.ask(prompt, self.request)

    def answer(self, status="ok"):
        self.answered = True
        self.evcxr.send(self.evcxr.shell, "execute_reply", {"status": status, "execution_count": 99}, self.request)

    def rest(self):
        self.rested = True
        self.publish("status", {"execution_state": "idle"})

    def wait_for(self, event):
        if not event.wait(5):
            raise TimeoutError("the test did not go on")


def plain(run):
    """A cell that runs and says nothing."""
    run.begin()
    run.end()


class Evcxr:
    """The sockets, and a thread for each of those that are asked. `told` is a connection, or None for ports of its own choice."""

    def __init__(self, folder, told=None):
        self.folder, self.context = pathlib.Path(folder), zmq.Context()
        self.told = dict(told or {"transport": "tcp", "ip": "127.0.0.1", "key": os.urandom(8).hex(), "signature_scheme": "hmac-sha256"})
        self.wire = Wire(self.told["key"])
        self.shell, self.control, self.stdin = (self.open(name, zmq.ROUTER) for name in ("shell", "control", "stdin"))
        self.iopub, self.heart = self.open("iopub", zmq.PUB), self.open("hb", zmq.REP)
        self.cells, self.answers, self.asked, self.number, self.count = {}, {}, [], 0, 1
        self.deaf = 0  # how many questions are answered where nobody hears it: a channel is joined late
        self.interrupted, self.ended, self.speaking = threading.Event(), threading.Event(), threading.Lock()
        self.latest = None
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.serve_shell, self.serve_control)]

    def open(self, name, kind):
        end = self.context.socket(kind)
        end.linger = 0
        address = f"tcp://{self.told['ip']}"
        if f"{name}_port" in self.told:
            end.bind(f"{address}:{self.told[f'{name}_port']}")
        else:
            self.told[f"{name}_port"] = end.bind_to_random_port(address)
        return end

    def begin(self):
        for thread in self.threads:
            thread.start()
        return self

    def end(self):
        self.ended.set()
        for thread in self.threads:
            if thread.is_alive():
                thread.join()
        self.context.destroy(linger=0)

    def next_number(self):
        self.number += 1
        return self.number

    def codes(self):
        """The cells that were run, in order."""
        return [asked.content["code"] for asked in self.asked if asked.kind == "execute_request"]

    # What is said.

    def send(self, end, kind, content, request):
        end.send_multipart(self.wire.pack(self.wire.new(kind, content, request.header, request.idents)))

    def publish(self, kind, content, parent):
        with self.speaking:
            self.iopub.send_multipart(self.wire.pack(self.wire.new(kind, content, parent)))

    def late(self, name, text):
        """Of a thread, between two cells: evcxr says it in the name of the last one."""
        self.publish("stream", {"name": name, "text": text}, self.latest.header)

    def ask(self, prompt, request):
        self.send(self.stdin, "input_request", {"prompt": prompt, "password": False}, request)
        answer = self.receive(self.stdin)
        return answer.content["value"] if answer else None

    # What is asked.

    def receive(self, end):
        while not self.ended.is_set():
            if end.poll(20):
                return self.wire.unpack(end.recv_multipart())
        return None

    def serve_shell(self):
        while message := self.receive(self.shell):
            self.asked.append(Asked(message.kind, message.content))
            if self.deaf:
                self.deaf -= 1
                continue
            self.publish("status", {"execution_state": "busy"}, message.header)
            if message.kind == "execute_request":
                self.execute(message)
            else:
                content = self.answers.get(message.kind, {"status": "ok"})
                self.send(self.shell, message.kind.replace("_request", "_reply"), content, message)
                self.publish("status", {"execution_state": "idle"}, message.header)

    def execute(self, message):
        self.latest, self.count = message, self.count + 1
        run = Run(self, message)
        run.publish("execute_input", {"code": message.content["code"], "execution_count": self.count})
        self.cells.get(message.content["code"], plain)(run)
        if not run.answered:
            run.answer()
        if not run.rested:
            run.rest()

    def serve_control(self):
        while message := self.receive(self.control):
            self.asked.append(Asked(message.kind, message.content))
            if message.kind == "interrupt_request":
                self.interrupted.set()
            self.send(self.control, message.kind.replace("_request", "_reply"), {"status": "ok"}, message)


def main():
    path = pathlib.Path(sys.argv[sys.argv.index("--control_file") + 1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Evcxr(path.parent, json.loads(path.read_text())).begin().threads[0].join()


if __name__ == "__main__":
    main()
