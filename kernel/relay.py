"""Stands between Jupyter and evcxr, on all five channels.

evcxr says "ok" of a cell that panicked or returned an error, passes on what a cell wrote in its own time (so that the end
of it appears under the next cell), answers questions of clients that have left, and ends a channel at a stranger's
message. Here a cell's messages are held together: what it wrote is under it, its failure is a failure, and the next one
begins when all of it has been passed on.

A cell's process marks what it writes with records, see src/notebook/session.rs.
"""

import collections
import dataclasses
import json
import re
import time

import zmq

import complete
import explain
import timing
from channels import Inside, Outside
from wire import Message

RECORD, FIELD, LINE = "\x1e", "\x1f", "\x1d"
# How long a cell's last words are waited for after evcxr has said that it is done: it lost them, or its process is gone.
PATIENCE = 5.0
# evcxr has no word for the end of what a process said that died: it is over when nothing has come for so long.
QUIET = 0.15
# From one of these lines on a dying process prints addresses and symbols: for the log of a debugger, not for a notebook.
LAST_WORDS = re.compile(r"^(memory allocation of \d+ bytes failed|Segmentation fault\.|Bus error\.|Illegal instruction\.|stack backtrace:"
                        r"|thread .* has overflowed its stack)")
DEPENDENCY = re.compile(r'^(\s*:dep\b.*\bpath\s*=\s*")([^"]+)(")', re.M)
INFO = {
    "status": "ok", "protocol_version": "5.3", "implementation": "evcxr_jupyter", "implementation_version": "0.22.0",
    "banner": "Rust, compiled cell by cell: evcxr, with the casebook library",
    "language_info": {
        "name": "Rust", "version": "", "mimetype": "text/rust", "file_extension": ".rs", "pygments_lexer": "rust", "codemirror_mode": "rust",
    },
    "help_links": [{"text": "Rust's standard library", "url": "https://doc.rust-lang.org/stable/std/"}],
}


@dataclasses.dataclass
class Cell:
    """A cell that is being run, and what is known of it so far."""
    request: Message
    count: int
    compiled: int  # how many compilations there were before it
    reply: dict | None = None
    idle: bool = False
    interrupted: bool = False
    ended: set = dataclasses.field(default_factory=set)  # streams that have said all
    panics: list = dataclasses.field(default_factory=list)
    failure: list | None = None
    caught: bool = False
    dying: bool = False
    stderr: list = dataclasses.field(default_factory=list)
    errors: list = dataclasses.field(default_factory=list)
    began: int = dataclasses.field(default_factory=timing.now)
    marks: dict = dataclasses.field(default_factory=dict)  # when its own code began and ended
    heard: float = 0.0  # when something was last said
    replied: float = 0.0

    @property
    def code(self):
        return self.request.content.get("code", "")

    @property
    def silent(self):
        return self.request.content.get("silent", False)


class Relay:
    """Passes messages on. `session` is evcxr's; Jupyter's side comes with `attach`, at once or when a spare is taken."""

    def __init__(self, session, api=None):
        self.session = session
        self.api = api or {}
        self.context = zmq.Context()
        self.inside, self.outside = Inside(self.context, session), None
        self.poller = zmq.Poller()
        for _, end in self.inside.ends():
            self.poller.register(end, zmq.POLLIN)
        self.probe = self.inside.wire.new("kernel_info_request", {})
        self.probed, self.ready = 0.0, False
        self.answering = {}  # request -> what was asked, and by whom
        self.queue, self.cell = collections.deque(), None
        self.count, self.history = 0, []
        self.defined, self.stale, self.frames = {}, {}, {}
        self.place, self.over = None, False

    # Jupyter's side.

    def attach(self, told, place):
        """Serves a notebook that lies in the folder `place`."""
        self.place = place
        self.session.enter(place)
        self.outside = Outside(self.context, told)
        for name, end in self.outside.ends():
            if name != "iopub":
                self.poller.register(end, zmq.POLLIN)
        self.publish("status", {"execution_state": "starting"}, {})

    def send(self, end, kind, content, request):
        """An answer to a request, in our own name."""
        end.send_multipart(self.outside.wire.pack(self.outside.wire.new(kind, content, request.header, request.idents)))

    def publish(self, kind, content, parent, metadata=None):
        if self.outside:
            topic = f"kernel.{kind}".encode()
            self.outside.iopub.send_multipart(self.outside.wire.pack(self.outside.wire.new(kind, content, parent, [topic], metadata)))

    def forward(self, end, message, idents=()):
        """Somebody's message with Jupyter's signature."""
        message.idents = list(idents)
        end.send_multipart(self.outside.wire.pack(message))

    def around(self, request, kind, content, end=None):
        """Answers a request by ourselves, with the states that frame every answer."""
        self.publish("status", {"execution_state": "busy"}, request.header)
        self.send(end or self.outside.shell, kind, content, request)
        self.publish("status", {"execution_state": "idle"}, request.header)

    # What Jupyter asks.

    def from_shell(self, message):
        kind = message.kind
        if kind == "execute_request":
            self.queue.append(message)
            self.next()
        elif kind == "kernel_info_request":
            self.around(message, "kernel_info_reply", INFO)
        elif kind == "comm_info_request":
            self.around(message, "comm_info_reply", {"status": "ok", "comms": {}})
        elif kind == "history_request":
            self.around(message, "history_reply", {"status": "ok", "history": []})
        elif kind == "shutdown_request":
            self.shutdown(message, self.outside.shell)
        elif kind == "complete_request" and (found := self.columns(message.content)):
            self.around(message, "complete_reply", found)
        else:
            self.ask(self.inside.shell, message)

    def ask(self, end, message):
        self.answering[message.ident] = (message.kind, message.idents, message.content)
        content = message.content
        if message.kind == "complete_request":  # Jupyter counts code points, evcxr what a reader would call letters
            content = content | {"cursor_pos": complete.to_graphemes(content.get("code", ""), content.get("cursor_pos", 0))}
        end.send_multipart(self.inside.wire.pack(dataclasses.replace(message, idents=[], content=content)))

    def from_control(self, message):
        if message.kind == "kernel_info_request":
            self.around(message, "kernel_info_reply", INFO, self.outside.control)
        elif message.kind == "shutdown_request":
            self.shutdown(message, self.outside.control)
        elif message.kind == "interrupt_request":
            # evcxr would end the process that holds the variables even when nothing is running.
            if self.cell:
                self.cell.interrupted = True
                self.inside.control.send_multipart(self.inside.wire.pack(self.inside.wire.new("interrupt_request", {})))
                self.abort()
            self.send(self.outside.control, "interrupt_reply", {"status": "ok"}, message)

    def shutdown(self, message, end):
        content = {"status": "ok", "restart": bool(message.content.get("restart"))}
        self.send(end, "shutdown_reply", content, message)
        self.publish("shutdown_reply", content, message.header)
        self.over = True

    def columns(self, content):
        """Columns of the frames in scope, where the cursor is within the name of one."""
        code, cursor = content.get("code", ""), content.get("cursor_pos", 0)
        return complete.columns(code, cursor, self.frames)

    # Cells, one after the other.

    def next(self):
        """Begins the next cell, if none is running and evcxr is ready."""
        if self.cell or not self.queue or not self.ready:
            return
        request = self.queue.popleft()
        self.count += not request.content.get("silent", False)
        self.cell = Cell(request, self.count, len(self.compilations()))
        code = self.with_places(self.cell.code)
        self.note_old_versions(self.cell)
        message = dataclasses.replace(request, idents=[], content=request.content | {"code": code})
        self.inside.shell.send_multipart(self.inside.wire.pack(message))

    def run(self, code, first=False):
        """Runs a cell of our own, which nobody sees and nobody counts."""
        header = self.inside.wire.new("execute_request", {}).header
        request = Message(header, {}, {}, {"code": code, "silent": True, "allow_stdin": False})
        (self.queue.appendleft if first else self.queue.append)(request)
        self.next()

    def with_places(self, code):
        """A cell whose relative paths in `:dep` begin in the notebook's folder: evcxr was started in another, perhaps."""
        def absolute(found):
            return found[1] + str((self.place / found[2]).resolve()) + found[3]
        return DEPENDENCY.sub(absolute, code) if ":dep" in code else code

    def compilations(self):
        """The session's account of its compilations."""
        return self.read("compiled").splitlines()

    def note_old_versions(self, cell):
        """What a cell uses whose last version did not compile: the one before answers in its place."""
        new = set(explain.fn_names(cell.code))
        for name, count in self.stale.items():
            if name in self.defined and name not in new and explain.uses(cell.code, name):
                self.tell(cell, f"note: `{name}` here is the version of cell [{self.defined[name]}]: the last one, in cell [{count}], "
                                "did not compile\n")

    def tell(self, cell, text, name="stderr"):
        self.publish("stream", {"name": name, "text": text}, cell.request.header)

    # What evcxr says.

    def from_evcxr_shell(self, message):
        if self.cell and message.asked == self.cell.request.ident:
            self.cell.reply, self.cell.replied = message.content, time.monotonic()
            self.finish()
            return
        kind, idents, asked = self.answering.pop(message.asked, (None, None, None))
        if not kind or not self.outside:
            return
        if kind == "complete_request" and message.content.get("status") == "ok":
            message.content = complete.refine(asked.get("code", ""), asked.get("cursor_pos", 0), message.content, self.api, self.frames)
        self.forward(self.outside.shell, message, idents)

    def from_evcxr_iopub(self, message):
        if message.asked == self.probe.ident:
            if not self.ready:
                self.ready = True
                self.run(self.session.prelude(), first=True)
            return
        if message.asked in self.answering or not self.cell:
            if self.outside:
                self.forward(self.outside.iopub, message, [f"kernel.{message.kind}".encode()])
            return
        self.cell.heard = time.monotonic()
        own = message.asked == self.cell.request.ident
        if message.kind == "status" and own and message.content.get("execution_state") == "idle":
            self.cell.idle = True
            self.finish()
        elif message.kind == "stream":
            self.heard(message.content["name"], message.content["text"])
        elif message.kind == "error" and own:
            self.cell.errors.append(message.content)
        elif self.outside and not self.cell.silent:
            if "execution_count" in message.content:
                message.content["execution_count"] = self.cell.count
            if message.kind == "execute_input":
                message.content["code"] = self.cell.code
            self.forward(self.outside.iopub, message, [f"kernel.{message.kind}".encode()])

    def heard(self, name, text):
        """What the cell's process wrote: text for the reader, and records for us."""
        plain, mark, record = text.partition(RECORD)
        if mark:
            self.record(name, *record.rstrip("\n").split(FIELD))
        if not plain:
            return
        cell = self.cell
        if name == "stderr":
            cell.stderr.append(plain)
            cell.dying = cell.dying or bool(LAST_WORDS.match(plain))
            if cell.dying:
                return
        self.tell(cell, plain, name)

    def record(self, stream, kind, *fields):
        cell = self.cell
        fields = [field.replace(LINE, "\n") for field in fields]
        if kind in ("begin", "end"):
            cell.marks[kind] = int(fields[1])
        if kind == "end":
            cell.ended.add(stream)
            self.finish()
        elif kind == "panic":
            cell.panics.append(fields)
        elif kind == "error":
            cell.failure = fields
        elif kind == "caught":
            cell.caught = True
        elif kind == "frame":
            self.frames.pop(fields[0], None)
            self.frames[fields[0]] = fields[1:]

    # The end of a cell.

    def finish(self, now=None):
        """Ends the cell when all of it has come."""
        cell = self.cell
        if not cell or cell.reply is None or not cell.idle or not self.complete(cell, now or time.monotonic()):
            return
        failed = self.failure(cell)
        self.remember(cell)
        if timing.wanted() and not cell.silent:
            timing.write(cell, timing.phases(cell.began, self.compilations()[cell.compiled:], cell.marks, self.read("diagnostics"), timing.now()))
        reply = {"status": "ok", "execution_count": cell.count, "user_expressions": {}, "payload": []}
        if failed:
            self.publish("error", failed, cell.request.header)
            reply = {"status": "error", "execution_count": cell.count} | failed
        self.cell = None
        if self.outside:
            self.send(self.outside.shell, "execute_reply", reply, cell.request)
            self.publish("status", {"execution_state": "idle"}, cell.request.header)
            if failed and cell.request.content.get("stop_on_error", True):
                self.abort()
        self.next()

    def complete(self, cell, now):
        """Whether everything that the cell said has arrived."""
        if cell.reply["status"] == "error":
            gone = any(explain.is_death(error["evalue"]) for error in cell.errors)
            return not gone or now - max(cell.heard, cell.replied) > QUIET
        ran = any(re.match(r"build \d", line) for line in self.compilations()[cell.compiled:])
        return not ran or cell.ended >= {"stdout", "stderr"} or now - max(cell.heard, cell.replied) > PATIENCE

    def failure(self, cell):
        """What went wrong, as Jupyter's error; None if nothing did."""
        if cell.errors:
            death = next((error["evalue"] for error in cell.errors if explain.is_death(error["evalue"])), None)
            if death:
                self.frames.clear()
                return explain.died(death, "".join(cell.stderr), cell.interrupted)
            return explain.compile_errors(
                cell.errors, cell.code, self.diagnostics(), self.read("src/lib.rs"), self.history, self.frames, self.api)
        about = {"lib_rs": self.read("src/lib.rs"), "cell_source": cell.code, "earlier": self.history, "frames": self.frames}
        if cell.caught:
            what, file, line, column, message = cell.panics[-1] if cell.panics else ("panic", "", "0", "0", "")
            return explain.panic(what, file, int(line), int(column), message, **about)
        for what, file, line, column, message in cell.panics:
            # Of another thread, or caught by the cell itself: told, but no failure.
            self.tell(cell, f"panicked at {explain.short_path(file)}:{line}:{column}:\n{message}\n")
        if cell.failure:
            what, file, line, column, message = cell.failure
            return explain.failure(what, file, int(line), int(column), message, **about)
        return None

    def read(self, name):
        """A file of the session's folder, empty if it is not there."""
        try:
            return (self.session.folder / name).read_text()
        except OSError:
            return ""

    def diagnostics(self):
        """What the compiler said last, message by message."""
        return [json.loads(line) for line in self.read("diagnostics").split("\n") if line.startswith('{"$message_type":"diagnostic"')]

    def remember(self, cell):
        """Which version of each function is the valid one, and where a later failure can lie."""
        names = explain.fn_names(cell.code)
        if cell.silent:
            return
        if cell.errors:
            self.stale |= dict.fromkeys(names, cell.count)
            return
        self.history.append((cell.count, cell.code))
        for name in names:
            self.defined[name] = cell.count
            self.stale.pop(name, None)

    def abort(self):
        """Drops the cells that were sent before it was known that this one fails."""
        while self.outside.shell.poll(0):
            self.receive(self.outside.shell)
        waiting, self.queue = self.queue, collections.deque()
        for request in waiting:
            self.around(request, "execute_reply", {"status": "aborted", "execution_count": self.count})

    # The loop.

    def receive(self, end):
        """Reads one message from a socket and handles it."""
        frames = end.recv_multipart()
        if self.outside and end is self.outside.heart:
            end.send_multipart(frames)
            return
        ours = any(end is known for _, known in self.inside.ends())
        message = (self.inside if ours else self.outside).wire.unpack(frames)
        if message is None:
            return  # a stranger's, such as the heartbeat of a client whose kernel had this port before
        if end is self.inside.shell:
            self.from_evcxr_shell(message)
        elif end is self.inside.iopub:
            self.from_evcxr_iopub(message)
        elif end is self.inside.stdin and self.cell and self.outside:
            self.forward(self.outside.stdin, message, self.cell.request.idents)
        elif self.outside and end is self.outside.shell:
            self.from_shell(message)
        elif self.outside and end is self.outside.control:
            self.from_control(message)
        elif self.outside and end is self.outside.stdin:
            self.inside.stdin.send_multipart(self.inside.wire.pack(dataclasses.replace(message, idents=[])))

    def step(self, longest=1.0):
        """Waits for messages, at most so long, and handles those that came."""
        if not self.ready and time.monotonic() - self.probed > 0.2:
            # Asked until the answer is also heard on the channel that everybody listens to.
            self.probed = time.monotonic()
            self.inside.shell.send_multipart(self.inside.wire.pack(self.probe))
        ending = self.cell is not None and self.cell.reply is not None
        longest = min(longest, 0.2 if not self.ready else longest, 0.03 if ending else longest)
        for end, _ in self.poller.poll(int(1000 * longest)):
            if isinstance(end, zmq.Socket):
                self.receive(end)
        self.finish()

    def restart(self):
        """Another evcxr, after one that ended before it was ready."""
        for _, end in self.inside.ends():
            self.poller.unregister(end)
        self.inside.close()
        self.session.again()
        self.inside = Inside(self.context, self.session)
        for _, end in self.inside.ends():
            self.poller.register(end, zmq.POLLIN)

    def leave(self):
        """Gives Jupyter's ports back; what was said last is still delivered."""
        if self.outside:
            for _, end in self.outside.ends():
                if end in self.poller:
                    self.poller.unregister(end)
            self.outside.close()
            self.outside = None

    def end(self):
        """Leaves nothing behind."""
        self.leave()
        self.inside.close()
        self.session.end()
        self.context.term()
