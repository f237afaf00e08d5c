"""The sockets on both sides of the relay: five channels of Jupyter's protocol each."""

import time

import zmq

from common import EVCXR_VERSION
from wire import Wire

# Who answers on Jupyter's side, in the protocol's words.
INFO = {
    "status": "ok", "protocol_version": "5.3", "implementation": "evcxr_jupyter", "implementation_version": EVCXR_VERSION,
    "banner": "Rust, compiled cell by cell: evcxr, with the casebook library",
    "language_info": {
        "name": "Rust", "version": "", "mimetype": "text/rust", "file_extension": ".rs", "pygments_lexer": "rust", "codemirror_mode": "rust",
    },
    "help_links": [{"text": "Rust's standard library", "url": "https://doc.rust-lang.org/stable/std/"}],
}


class Inside:
    """The sockets on evcxr's side."""

    def __init__(self, context, session):
        told = session.connection
        address = f"{told['transport']}://{told['ip']}"
        self.wire = Wire(told["key"])
        self.shell, self.control, self.stdin = (context.socket(zmq.DEALER) for _ in range(3))
        self.iopub = context.socket(zmq.SUB)
        self.iopub.setsockopt(zmq.SUBSCRIBE, b"")
        for name, end in self.ends():
            # evcxr asks for input on another channel, by the name that asked on the first.
            if end is not self.iopub:
                end.setsockopt(zmq.IDENTITY, b"relay")
            end.setsockopt(zmq.RECONNECT_IVL, 20)
            # evcxr reads nothing while it runs a cell: what is asked of it waits here, however much that is.
            end.setsockopt(zmq.SNDHWM, 0)
            end.setsockopt(zmq.RCVHWM, 0)
            end.linger = 0
            end.connect(f"{address}:{told[f'{name}_port']}")

    def ends(self):
        return [("shell", self.shell), ("control", self.control), ("stdin", self.stdin), ("iopub", self.iopub)]

    def close(self):
        for _, end in self.ends():
            end.close()


class Outside:
    """The sockets on Jupyter's side."""

    def __init__(self, context, told):
        self.wire = Wire(told["key"])
        self.shell, self.control, self.stdin = (context.socket(zmq.ROUTER) for _ in range(3))
        self.iopub, self.heart = context.socket(zmq.PUB), context.socket(zmq.REP)
        deadline = time.monotonic() + 10
        try:
            for name, end in self.ends():
                end.linger = 500
                # A cell may print more in a second than a client takes: it waits, and nothing of it is dropped.
                end.setsockopt(zmq.SNDHWM, 0)
                bind(end, address(told, f"{name}_port"), deadline)
        except BaseException:
            self.close()
            raise

    def ends(self):
        return [("shell", self.shell), ("control", self.control), ("stdin", self.stdin), ("iopub", self.iopub), ("hb", self.heart)]

    def close(self):
        for _, end in self.ends():
            end.close()


def bind(end, address, deadline):
    while True:
        try:
            return end.bind(address)
        except zmq.ZMQError:
            # The kernel before this one, on the same ports, is still leaving.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def address(told, name):
    joint = "-" if told["transport"] == "ipc" else ":"
    return f"{told['transport']}://{told['ip']}{joint}{told[name]}"
