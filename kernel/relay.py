"""Stands between Jupyter and evcxr, on all five channels.

evcxr says "ok" about a cell that panicked or returned an error, passes on a cell's output with a delay (so that the end of
it appears under the next cell), answers questions of clients that have left, and closes a channel at a stranger's message.
Here, a cell's messages are held together: its output appears under it, its failure is a failure, and the next cell begins
only when everything has been passed on.

A cell's process marks what it writes with records, see src/notebook/session.rs.
"""

import collections
import dataclasses
import json
import re
import time
import traceback

import zmq

import records
import timing
from cell import Cell
from channels import INFO, Inside, Outside
from common import say
from completion import complete
from errors import explain
from wire import Message

# How many of evcxr's messages are handled before other channels have their turn.
TOGETHER = 500
# How often evcxr is asked whether it is there.
PROBE = 0.2
# How long a cell's last words are waited for after evcxr has said that it is done: it lost them, or its process is gone.
PATIENCE = 5.0
# evcxr has no word for the end of what a process said that died: it is over when nothing has come for so long.
QUIET = 0.15
DEPENDENCY = re.compile(r'^(\s*:dep\b.*\bpath\s*=\s*")([^"]+)(")', re.M)


def sheltered(otherwise, work, *given):
    """What `work` makes of what it is given. Should it fail, the session does without: it holds a notebook's variables."""
    try:
        return work(*given)
    except Exception:
        traceback.print_exc()
        return otherwise


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
        self.queue, self.cell, self.last = collections.deque(), None, None
        self.count, self.history = 0, []
        self.defined, self.stale, self.frames = {}, {}, {}
        self.place, self.over = None, False
        self.said = None  # what a cell wrote and nobody has been told yet
        self.interrupted = False  # since the process that holds the variables began

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
        self.flush()
        if self.outside:
            topic = f"kernel.{kind}".encode()
            self.outside.iopub.send_multipart(self.outside.wire.pack(self.outside.wire.new(kind, content, parent, [topic], metadata)))

    def forward(self, end, message, idents=()):
        """Somebody's message with Jupyter's signature."""
        self.flush()
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
            self.queue.append(message)  # the loop begins it
        elif kind == "kernel_info_request":
            self.around(message, "kernel_info_reply", INFO)
        elif kind == "comm_info_request":
            self.around(message, "comm_info_reply", {"status": "ok", "comms": {}})
        elif kind == "history_request":
            self.around(message, "history_reply", {"status": "ok", "history": []})
        elif kind == "shutdown_request":
            self.shutdown(message, self.outside.shell)
        elif kind == "complete_request" and (found := sheltered(None, self.columns, message.content)):
            self.around(message, "complete_reply", found)
        else:
            self.ask(self.inside.shell, message)

    def ask(self, end, message):
        content = message.content
        if message.kind.endswith("_request"):
            self.answering[message.ident] = (message.kind, message.idents, content)
        if isinstance(content.get("cursor_pos"), int):  # Jupyter counts code points, evcxr what a reader would call letters
            content = content | {"cursor_pos": complete.to_graphemes(content.get("code", ""), content["cursor_pos"])}
        end.send_multipart(self.inside.wire.pack(dataclasses.replace(message, idents=[], content=content)))

    def from_control(self, message):
        if message.kind == "kernel_info_request":
            self.around(message, "kernel_info_reply", INFO, self.outside.control)
        elif message.kind == "shutdown_request":
            self.shutdown(message, self.outside.control)
        elif message.kind == "interrupt_request":
            self.interrupt()
            self.send(self.outside.control, "interrupt_reply", {"status": "ok"}, message)

    def interrupt(self):
        """Ends the notebook's cell that is being run, and drops those behind it."""
        cell = self.cell
        # evcxr would end the process that holds the variables even when nothing is running.
        if cell and not cell.hidden and cell.reply is None:
            self.interrupted = True
            self.inside.control.send_multipart(self.inside.wire.pack(self.inside.wire.new("interrupt_request", {})))
            if cell.asking:  # evcxr waits for the answer even when nobody is left who asked
                cell.asking = False
                self.inside.stdin.send_multipart(self.inside.wire.pack(self.inside.wire.new("input_reply", {"value": ""})))
        self.abort(self.waiting())

    def from_stdin(self, message):
        """A line that the reader has typed; evcxr would keep one that nobody asked for, and take it for the next answer."""
        if self.cell and self.cell.asking:
            self.cell.asking = False
            self.inside.stdin.send_multipart(self.inside.wire.pack(dataclasses.replace(message, idents=[])))

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
        return DEPENDENCY.sub(absolute, code) if self.place and ":dep" in code else code

    def compilations(self):
        """The session's account of its compilations."""
        return self.read("compiled").splitlines()

    def note_old_versions(self, cell):
        """What a cell uses whose last version did not compile: the one before answers in its place."""
        new = set(explain.fn_names(cell.code))
        for name, (count, why) in self.stale.items():
            if name in self.defined and name not in new and explain.uses(cell.code, name):
                self.tell(cell, f"note: `{name}` here is the version of cell [{self.defined[name]}]: the last one, in cell [{count}], {why}\n")

    def tell(self, cell, text, name="stderr"):
        """Tells what a cell wrote; lines that come together go together, since evcxr sends each by itself."""
        if cell.hidden:
            return
        if self.said and self.said[:2] != (name, cell.request.header):
            self.flush()
        self.said = self.said or (name, cell.request.header, [])
        self.said[2].append(text)

    def flush(self):
        if self.said:
            (name, header, texts), self.said = self.said, None
            self.publish("stream", {"name": name, "text": "".join(texts)}, header)

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
            place = asked.get("code", ""), asked.get("cursor_pos", 0)
            message.content = sheltered(message.content, complete.refine, *place, message.content, self.api, self.frames)
        self.forward(self.outside.shell, message, idents)

    def from_evcxr_iopub(self, message):
        if message.asked == self.probe.ident:
            if not self.ready:
                self.ready = True
                self.run(self.session.prelude(), first=True)
            return
        if message.kind == "stream":
            self.heard(message.content["name"], message.content["text"])
        elif self.cell and message.asked == self.cell.request.ident:
            self.cell.heard = time.monotonic()
            self.of_cell(message)
        elif self.outside:
            self.forward(self.outside.iopub, message, [f"kernel.{message.kind}".encode()])

    def of_cell(self, message):
        """What evcxr says of the cell that is being run."""
        cell = self.cell
        if message.kind == "status" and message.content.get("execution_state") == "idle":
            cell.idle = True
            self.finish()
        elif message.kind == "error":
            cell.errors.append(message.content)
        elif not cell.hidden and (not cell.silent or message.kind == "status"):
            if "execution_count" in message.content:
                message.content["execution_count"] = cell.count
            if message.kind == "execute_input":
                message.content["code"] = cell.code
            self.forward(self.outside.iopub, message, [f"kernel.{message.kind}".encode()])
            if message.kind == "execute_input":
                sheltered(None, self.note_old_versions, cell)

    def heard(self, name, text):
        """What the cells' process wrote: text for the reader, and records for us, which text without an end may precede."""
        cell = self.cell or self.last  # between two cells, a thread of the last one
        if cell:
            cell.heard = time.monotonic()
        plain, kind, fields = records.split(text)
        if plain and cell:
            self.spoken(cell, name, plain)
        if kind:
            self.record(name, kind, fields)

    def spoken(self, cell, name, text):
        cell.dying = cell.dying or name == "stderr" and bool(records.LAST_WORDS.match(text))
        if cell.dying and name == "stderr":
            cell.words.append(text)
        else:
            self.tell(cell, text, name)

    def record(self, stream, kind, fields):
        cell = self.cell
        if kind == "line":
            return  # there so that evcxr's next mark stands on a line of its own
        if kind == "frame":
            self.frames.pop(fields[0], None)
            self.frames[fields[0]] = fields[1:]
        elif not cell:
            if kind == "panic" and self.last:
                self.tell_panic(self.last, fields)
        elif kind == "panic":
            cell.panics.append(fields)
        elif kind == "error":
            cell.failure = fields
        elif kind == "caught":
            cell.caught = cell.panics.pop() if cell.panics else ["panic", "", "0", "0", ""]
        elif fields[0] in self.runs(cell):  # not the late end of another cell
            cell.marks[kind] = int(fields[1])
            if kind == "end":
                cell.ended.add(stream)
                self.finish()

    # The end of a cell.

    def finish(self, now=None):
        """Ends the cell when all of it has come."""
        cell = self.cell
        if not cell or cell.reply is None or not cell.idle or not self.complete(cell, now or time.monotonic()):
            return
        failed = sheltered(self.unexplained(cell), self.failure, cell)
        sheltered(None, self.remember, cell)
        if timing.wanted() and not cell.silent:
            timing.write(cell, timing.phases(cell.began, self.compilations()[cell.compiled:], cell.marks, self.read("diagnostics"), timing.now()))
        reply = {"status": "ok", "execution_count": cell.count, "user_expressions": {}, "payload": []}
        if failed:
            reply = {"status": "error", "execution_count": cell.count} | failed
        self.cell, self.last = None, cell
        if not cell.hidden:
            # Taken before anybody knows of the failure: what is sent after that is not meant to be dropped.
            dropped = self.waiting() if failed and cell.stops else []
            if failed:
                self.publish("error", failed, cell.request.header)
            self.send(self.outside.shell, "execute_reply", reply, cell.request)
            self.publish("status", {"execution_state": "idle"}, cell.request.header)
            self.abort(dropped)
        elif failed:
            say("\n".join(["a cell that the kernel runs by itself failed:", *map(explain.plain, failed["traceback"])]))
        self.next()

    def runs(self, cell):
        """evcxr's numbers for what it ran of a cell; none of a text that the stand-in does not know how to prepare."""
        found = (re.match(r"build (\d+)", line) for line in self.compilations()[cell.compiled:])
        return {match[1] for match in found if match}

    def complete(self, cell, now):
        """Whether everything that the cell said has arrived."""
        if cell.reply["status"] == "error":
            gone = any(explain.is_death(error["evalue"]) for error in cell.errors)
            return not gone or now - max(cell.heard, cell.replied) > QUIET
        return not self.runs(cell) or cell.ended >= {"stdout", "stderr"} or now - max(cell.heard, cell.replied) > PATIENCE

    def failure(self, cell):
        """What went wrong, as Jupyter's error; None if nothing did."""
        if cell.errors:
            death = next((error["evalue"] for error in cell.errors if explain.is_death(error["evalue"])), None)
            if death:
                self.tell_panics(cell)
                self.frames.clear()
                interrupted, self.interrupted = self.interrupted, False
                words = [*(self.last.words if self.last else []), *cell.words]  # it may have died between two cells
                cell.words = []  # they explain this death, and not the next cell's
                return explain.died(death, "".join(words), interrupted)
            self.tell_words(cell)
            return explain.compile_errors(
                cell.errors, cell.code, self.diagnostics(), self.read("src/lib.rs"), self.history, self.frames, self.api)
        self.tell_words(cell)
        self.tell_panics(cell)
        raised = cell.caught or cell.failure
        if not raised:
            return None
        what, file, line, column, message = raised
        about = {"lib_rs": self.read("src/lib.rs"), "cell_source": cell.code, "earlier": self.history, "frames": self.frames}
        return (explain.panic if cell.caught else explain.failure)(what, file, int(line), int(column), message, **about)

    def unexplained(self, cell):
        """The same in the words that came: should explaining them fail."""
        if cell.errors:
            return cell.errors[0]
        raised = cell.caught or cell.failure
        return raised and {"ename": raised[0], "evalue": raised[-1], "traceback": raised[-1].split("\n")}

    def tell_words(self, cell):
        """What a cell wrote that lives: it looked like the last words of one that does not."""
        for text in cell.words:
            self.tell(cell, text)
        cell.words, cell.dying = [], False

    def tell_panics(self, cell):
        """Panics of other threads, and those that the cell has caught: text, and no failure."""
        for fields in cell.panics:
            self.tell_panic(cell, fields)

    def tell_panic(self, cell, fields):
        _, file, line, column, message = fields
        self.tell(cell, f"panicked at {explain.short_path(file)}:{line}:{column}:\n{message}\n")

    def read(self, name):
        """A file of the session's folder, empty if it is not there."""
        try:
            return (self.session.folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def diagnostics(self):
        """What the compiler said last, message by message."""
        return [json.loads(line) for line in self.read("diagnostics").split("\n") if line.startswith('{"$message_type":"diagnostic"')]

    def remember(self, cell):
        """Which version of each function is the valid one, and where a later failure can lie."""
        if cell.silent:
            return
        names = explain.fn_names(cell.code)
        if cell.errors:
            dead = any(explain.is_death(error["evalue"]) for error in cell.errors)
            self.stale |= dict.fromkeys(names, (cell.count, "went with the cell's process" if dead else "did not compile"))
            return
        self.history.append((cell.count, cell.code))
        for name in names:
            self.defined[name] = cell.count
            self.stale.pop(name, None)

    def waiting(self):
        """The cells that were sent so far and have not begun, taken from the queue."""
        while self.receive(self.outside.shell):
            pass
        waiting, self.queue = self.queue, collections.deque()
        return waiting

    def abort(self, requests):
        for request in requests:
            self.around(request, "execute_reply", {"status": "aborted", "execution_count": self.count})

    # The loop.

    def receive(self, end):
        """Reads one message from a socket and handles it. False if there was none: what is dropped is read at once."""
        try:
            frames = end.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return False
        if self.outside and end is self.outside.heart:
            end.send_multipart(frames)
            return True
        ours = any(end is known for _, known in self.inside.ends())
        message = (self.inside if ours else self.outside).wire.unpack(frames)
        if message:  # and no stranger's, such as the heartbeat of a client whose kernel had this port before
            self.handle(end, message)
        return True

    def handle(self, end, message):
        if end is self.inside.shell:
            self.from_evcxr_shell(message)
        elif end is self.inside.iopub:
            self.from_evcxr_iopub(message)
        elif end is self.inside.stdin and self.cell and not self.cell.hidden:
            self.cell.asking = True
            self.forward(self.outside.stdin, message, self.cell.request.idents)
        elif self.outside and end is self.outside.shell:
            sheltered(None, self.from_shell, message)
        elif self.outside and end is self.outside.control:
            sheltered(None, self.from_control, message)
        elif self.outside and end is self.outside.stdin:
            sheltered(None, self.from_stdin, message)

    def step(self, longest=1.0):
        """Waits for messages, at most so long, and handles those that came."""
        if not self.ready and time.monotonic() - self.probed > PROBE:
            # Asked until the answer is also heard on the channel that everybody listens to.
            self.probed = time.monotonic()
            self.inside.shell.send_multipart(self.inside.wire.pack(self.probe))
        ending = self.cell is not None and self.cell.reply is not None
        longest = min(longest, PROBE if not self.ready else longest, 0.03 if ending else longest)
        for end, _ in self.poller.poll(int(1000 * longest)):
            if isinstance(end, zmq.Socket):
                # What a cell prints comes line by line: many at a time.
                for _ in range(TOGETHER if end is self.inside.iopub else 1):
                    if not self.receive(end):
                        break
        self.finish()
        self.flush()
        self.next()

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
