#!/usr/bin/env python3
"""Executes notebooks and writes their outputs back, or compares them with what is committed.

usage: notebooks.py [--check [--first N]] [--kernel casebook|rust] [--jobs N] [FILE.ipynb ...]

Without files: every notebook in notebooks/. Fails with the cell and the message on any compile error,
panic or error returned by `?`. A cell tagged `raises-exception` is meant to fail, to show how that looks, and must.
With `--kernel rust`, the stock kernel, which calls a panic a success, cells that are meant to fail are left out, and only
the outputs of the others must be the same. With `--first N`, no more than the first N code cells of each notebook.

The same results give the same files: no times, no execution noise, streams in one piece. Images get the
metadata that viewers read: their width (the PNG's header says how many pixels make an inch) and their
description (the plain text sent with them).
"""

import argparse
import base64
import concurrent.futures
import json
import multiprocessing
import os
import pathlib
import re
import shutil
import struct
import sys
import time

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

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
    """Runs cells, and tells how far it is."""

    def __init__(self, notebook, name, **options):
        super().__init__(notebook, **options)
        self.name, self.times = name, []
        self.stock = None  # the stock kernel's build folder
        self.code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]

    async def async_execute_cell(self, cell, cell_index, **options):
        if cell.cell_type != "code" or not cell.source.strip():
            return await super().async_execute_cell(cell, cell_index, **options)
        if self.kernel_name == "rust" and on_purpose(cell):
            # The stock kernel does not hold a failure's text back: some of it would arrive under the next cell.
            self.times.append(0.0)
            return cell
        if self.stock and not self.times:
            # What evcxr itself has made of it while it started knows no versions: cargo would take the newest, and compile them.
            shutil.copyfile(PROJECT / "Cargo.lock", pathlib.Path(self.stock) / "Cargo.lock")
        start = time.monotonic()
        done = await super().async_execute_cell(cell, cell_index, **options)
        self.times.append(time.monotonic() - start)
        if on_purpose(cell) and not any(output.output_type == "error" for output in cell.outputs):
            raise Failed(self.report(cell_index, "the cell should fail but does not"))
        count = len(self.times)
        if count % 5 == 0 or count == len(self.code):
            say(f"{self.name}: {count} of {len(self.code)} cells, {sum(self.times):.0f} s")
        return done

    def report(self, index, message):
        source = "\n".join("    " + line for line in self.nb.cells[index].source.splitlines())
        number = self.code.index(index) + 1
        return f"{self.name}, code cell {number} (cell {index} of the file):\n{source}\n\n{ANSI.sub('', message).strip()}"


def on_purpose(cell):
    """Whether a cell is there to show how a failure looks."""
    return "raises-exception" in cell.metadata.get("tags", [])


def manager(kind):
    spec, env = latency.ours() if kind == "casebook" else latency.stock()
    kernel = AsyncKernelManager(kernel_name=kind)
    kernel._kernel_spec = KernelSpec(**spec)
    return kernel, env


def beginning(notebook, count):
    """A notebook up to one of its code cells; all of it, if there are not so many."""
    code = [place for place, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    if count and count < len(code):
        notebook.cells = notebook.cells[:code[count - 1] + 1]
    return notebook


def execute(path, kind="casebook", first=None):
    """The notebook with fresh outputs, and the seconds each code cell took."""
    notebook = beginning(nbformat.read(path, as_version=4), first)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    kernel, env = manager(kind)
    client = Client(
        notebook, path.name, km=kernel, kernel_name=kind, timeout=900, startup_timeout=1_800,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.stock = env.get("EVCXR_TMPDIR") if kind == "rust" else None
    try:
        client.execute(env=os.environ | env)
    except CellExecutionError as error:
        # The last one: those before it that are meant to have.
        broken = [i for i, c in enumerate(notebook.cells) if any(o["output_type"] == "error" for o in c.get("outputs", []))][-1]
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


def comparable(cell, kind):
    """What must be the same on another kernel: not how it counts cells, nor how it tells a failure that is meant to be."""
    if kind != "rust" or cell.cell_type != "code":
        return cell
    outputs = [] if on_purpose(cell) else [{key: value for key, value in o.items() if key != "execution_count"} for o in cell.outputs]
    return nbformat.from_dict(cell | {"execution_count": None, "outputs": outputs})


def differences(committed, fresh, kind):
    """Which cells' outputs are not what is committed."""
    for index, (old, new) in enumerate(zip(committed.cells, fresh.cells)):
        old, new = comparable(old, kind), comparable(new, kind)
        if old.cell_type == "code" and text(old) != text(new):
            shown = [
                "\n".join(json.dumps(o, ensure_ascii=False)[:600] for o in cell.outputs) for cell in (old, new)
            ]
            yield f"cell {index}: committed\n{shown[0]}\n  now\n{shown[1]}"
    if text(committed.metadata) != text(fresh.metadata):
        yield f"the notebook's metadata: {committed.metadata} now {fresh.metadata}"


def handle(path, check, kind, first=None):
    try:
        fresh, times = execute(path, kind, first)
    except Failed as error:
        return f"FAILED {error}"
    slowest = max(times, default=0)
    say(f"{path.name}: {len(times)} cells, {sum(times):.0f} s, slowest {slowest:.1f} s")
    if check:
        found = list(differences(beginning(nbformat.read(path, as_version=4), first), fresh, kind))
        if found:
            return f"FAILED {path.name}: a fresh run does not reproduce the committed outputs\n" + "\n".join(found)
        return None
    written = text(fresh)
    if path.read_text(encoding="utf-8") != written:
        path.write_text(written, encoding="utf-8")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--first", type=int, metavar="N", help="with --check: no more than the first N code cells of each notebook")
    parser.add_argument("--kernel", choices=["casebook", "rust"], default="casebook")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    asked = parser.parse_args()
    if asked.first is not None and (not asked.check or asked.first < 1):
        parser.error("--first takes a number of cells, from 1, and goes with --check: a part is not written back")
    files = [f.resolve() for f in asked.files] or sorted((PROJECT / "notebooks").glob("*.ipynb"))
    if not files:
        sys.exit("casebook: there are no notebooks")
    if asked.kernel == "casebook":
        import warm
        warm.warm()
    # Fresh processes: the messaging library does not survive a fork.
    fresh = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(min(asked.jobs, len(files)), mp_context=fresh) as pool:
        running = [pool.submit(handle, path, asked.check, asked.kernel, asked.first) for path in files]
        troubles = [t for t in (future.result() for future in running) if t]
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    print(f"{len(files) - len(troubles)} passed, {len(troubles)} failed")
    sys.exit(1 if troubles else 0)


if __name__ == "__main__":
    main()
