#!/usr/bin/env python3
"""Executes notebooks and writes their outputs back, or compares them with what is committed.

usage: notebooks.py [--check] [--kernel casebook|rust] [--jobs N] [FILE.ipynb ...]

Without files: every notebook in notebooks/. Fails with the cell and the message on any compile error,
panic or error returned by `?`. evcxr reports the last two to Jupyter as success, with the message on
stderr, so anything on stderr is a failure. A cell tagged `raises-exception` fails on purpose, to show how that
looks, and must: what was said is kept as plain text.

What is written back is the same for the same results: no times, no execution noise, streams in one
piece. Images get what viewers read from an output's metadata: their width (the PNG's header says how
many pixels make an inch) and their description (the plain text sent with them).
"""

import argparse
import base64
import concurrent.futures
import contextlib
import json
import multiprocessing
import os
import pathlib
import queue
import re
import struct
import sys
import time

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from jupyter_core.utils import ensure_async, run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_output

import latency
from common import PROJECT, say

ANSI = re.compile(r"\x1b\[[0-9;]*m")
KERNEL = {"name": "casebook", "display_name": "Rust (casebook)", "language": "rust"}
LANGUAGE = {
    "name": "Rust", "file_extension": ".rs", "mimetype": "text/rust",
    "codemirror_mode": "rust", "pygments_lexer": "rust",
}
POINTS_PER_METRE = 2_835  # 72 to the inch: a PNG at its natural size


class Failed(Exception):
    """A cell did not do what it should."""


def physical(png):
    """Pixels across a PNG, and how many of them its header puts into a metre (0: it does not say)."""
    width, = struct.unpack(">I", png[16:20])
    at, density = 8, 0
    while at + 8 <= len(png):
        size, kind = struct.unpack(">I4s", png[at:at + 8])
        if kind == b"pHYs":
            density, = struct.unpack(">I", png[at + 8:at + 12])
        if kind == b"IDAT":
            break
        at += 12 + size
    return width, density


def tidy(output):
    """One output as it is stored."""
    data = output.get("data")
    if data is None:
        return output
    output["metadata"] = {}
    if "image/png" in data:
        data["image/png"] = "".join(data["image/png"].split())
        width, density = physical(base64.b64decode(data["image/png"]))
        about = {"alt": data.get("text/plain", "").strip()}
        if density:
            about["width"] = round(width * POINTS_PER_METRE / density)
        output["metadata"]["image/png"] = about
    return output


def merged(outputs):
    """Outputs with neighbouring pieces of one stream joined: how a stream is cut is chance."""
    joined = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output["output_type"] == last["output_type"] == "stream" and output["name"] == last["name"]:
            last["text"] += output["text"]
        else:
            joined.append(output)
    return joined


def stable(notebook):
    """The notebook without anything that differs between two runs with the same results."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [tidy(output) for output in merged(cell.outputs)]
    notebook.metadata["kernelspec"] = KERNEL
    notebook.metadata["language_info"] = LANGUAGE
    return notebook


class Client(NotebookClient):
    """Runs cells, tells how far it is, and takes stderr for what it is."""

    def __init__(self, notebook, name, **options):
        super().__init__(notebook, **options)
        self.name, self.times = name, []
        self.asked, self.told = {}, []  # which request was which cell's; what came on stderr, for which
        self.code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]

    async def async_start_new_kernel_client(self):
        """Listens in: evcxr passes stderr on in its own time, and what comes after a cell has ended
        nbclient leaves out."""
        client = await super().async_start_new_kernel_client()
        receive, execute = client.iopub_channel.get_msg, client.execute

        async def listen(*args, **options):
            message = await ensure_async(receive(*args, **options))
            content = message["content"]
            if message["msg_type"] == "stream" and content["name"] == "stderr":
                self.told.append((message["parent_header"].get("msg_id"), content["text"]))
            return message

        def ask(*args, **options):
            request = execute(*args, **options)
            self.asked[request] = self.index
            return request

        client.iopub_channel.get_msg, client.execute = listen, ask
        return client

    async def hear(self, seconds):
        """Waits for late messages, then fails if there was anything on stderr."""
        with contextlib.suppress(queue.Empty):
            while True:
                await self.kc.iopub_channel.get_msg(timeout=seconds)
        if self.told:
            first = self.asked.get(self.told[0][0], self.index)
            raise Failed(self.report(first, "".join(text for _, text in self.told)))

    async def expect(self, cell):
        """What a cell said that fails on purpose, as plain text: it is what the reader came for."""
        with contextlib.suppress(Failed):
            await self.hear(0.5)
        said = [line for output in cell.outputs if output["output_type"] == "error" for line in output["traceback"]]
        said += ["".join(text for _, text in self.told)]
        said = ANSI.sub("", "\n".join(said)).strip()
        # Which number a kernel gives a cell, and at which line of its own file it put the cell, is its own affair.
        said = re.sub(r"(command_)\d+|(?<=panicked at src/lib\.rs):[\d:]*\d", r"\1", said).replace("command_:", "command:")
        if not said:
            raise Failed(self.report(self.index, "the cell should fail, and does not"))
        self.told = []
        cell.outputs = [new_output("stream", name="stdout", text=said + "\n")]

    async def async_execute_cell(self, cell, cell_index, **options):
        if cell.cell_type != "code" or not cell.source.strip():
            return await super().async_execute_cell(cell, cell_index, **options)
        self.index, start = cell_index, time.monotonic()
        done = await super().async_execute_cell(cell, cell_index, **options)
        self.times.append(time.monotonic() - start)
        count = len(self.times)
        if "raises-exception" in cell.metadata.get("tags", []):
            await self.expect(cell)
        await self.hear(0.5 if count == len(self.code) else 0.05)
        if count % 5 == 0 or count == len(self.code):
            say(f"{self.name}: {count} of {len(self.code)} cells, {sum(self.times):.0f} s")
        return done

    def report(self, index, message):
        source = "\n".join("    " + line for line in self.nb.cells[index].source.splitlines())
        number = self.code.index(index) + 1
        return f"{self.name}, code cell {number} (cell {index} of the file):\n{source}\n\n{ANSI.sub('', message).strip()}"


def manager(kind):
    spec, env = latency.ours() if kind == "casebook" else latency.stock()
    kernel = AsyncKernelManager(kernel_name=kind)
    kernel._kernel_spec = KernelSpec(**spec)
    return kernel, env


def execute(path, kind="casebook"):
    """The notebook with fresh outputs, and the seconds each code cell took."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    kernel, env = manager(kind)
    client = Client(
        notebook, path.name, km=kernel, timeout=900, startup_timeout=1_800,
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        client.execute(env=os.environ | env)
    except CellExecutionError as error:
        broken = next(i for i, c in enumerate(notebook.cells) if any(o["output_type"] == "error" for o in c.get("outputs", [])))
        told = [o for o in notebook.cells[broken].outputs if o["output_type"] == "error"]
        raise Failed(client.report(broken, "\n".join("\n".join(o["traceback"]) for o in told))) from error
    except (CellTimeoutError, DeadKernelError, RuntimeError) as error:
        at = client.code[min(len(client.times), len(client.code) - 1)]
        raise Failed(client.report(at, f"the kernel gave no answer: {error}")) from error
    finally:
        if kernel.has_kernel:
            run_sync(kernel.shutdown_kernel)(now=True)
    return stable(notebook), client.times


def text(notebook):
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def headlines(cell):
    """A cell that fails on purpose, of what was said only the first line: the advice below it is not the same in every session,
    since rustc gives less of it once a cell has used `?`, and ours have from the start."""
    if "raises-exception" not in cell.metadata.get("tags", []):
        return cell
    return nbformat.from_dict(cell | {"outputs": [o | {"text": o.get("text", "").split("\n")[0]} for o in cell.outputs]})


def differences(committed, fresh, kind):
    """Which cells' outputs are not what is committed."""
    for index, (old, new) in enumerate(zip(committed.cells, fresh.cells)):
        if kind == "rust" and old.cell_type == new.cell_type == "code":
            old, new = headlines(old), headlines(new)
        if old.cell_type == "code" and text(old) != text(new):
            shown = [
                "\n".join(json.dumps(o, ensure_ascii=False)[:600] for o in cell.outputs) for cell in (old, new)
            ]
            yield f"cell {index}: committed\n{shown[0]}\n  now\n{shown[1]}"
    if text(committed.metadata) != text(fresh.metadata):
        yield f"the notebook's metadata: {committed.metadata} now {fresh.metadata}"


def handle(path, check, kind):
    try:
        fresh, times = execute(path, kind)
    except Failed as error:
        return f"FAILED {error}"
    slowest = max(times, default=0)
    say(f"{path.name}: {len(times)} cells, {sum(times):.0f} s, slowest {slowest:.1f} s")
    if check:
        found = list(differences(nbformat.read(path, as_version=4), fresh, kind))
        if found:
            return f"FAILED {path.name}: a fresh run does not give the committed outputs\n" + "\n".join(found)
        return None
    written = text(fresh)
    if path.read_text(encoding="utf-8") != written:
        path.write_text(written, encoding="utf-8")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--kernel", choices=["casebook", "rust"], default="casebook")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    asked = parser.parse_args()
    files = [f.resolve() for f in asked.files] or sorted((PROJECT / "notebooks").glob("*.ipynb"))
    if not files:
        sys.exit("casebook: there are no notebooks")
    if asked.kernel == "casebook":
        import warm
        warm.warm()
    # Fresh processes: the messaging library does not survive a fork.
    fresh = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(min(asked.jobs, len(files)), mp_context=fresh) as pool:
        running = [pool.submit(handle, path, asked.check, asked.kernel) for path in files]
        troubles = [t for t in (future.result() for future in running) if t]
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    print(f"{len(files) - len(troubles)} passed, {len(troubles)} failed")
    sys.exit(1 if troubles else 0)


if __name__ == "__main__":
    main()
