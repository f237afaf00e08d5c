"""Brings a kernel pack from where it is published to this machine. Standard library only."""

import contextlib
import hashlib
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request

from common import say
from progress import moves

BLOCK = 1 << 20
# Seconds without a byte after which a server is given up: for a pack that somebody named, and for one that may be there.
PATIENCE, HASTE = 30, 5
# A pack that takes longer than its content takes to compile is not waited for.
LONGEST = 20 * 60


class Unreachable(Exception):
    """There is no pack there, or it cannot be had from there."""


def reason(error):
    """What went wrong, in a few words."""
    if isinstance(error, urllib.error.HTTPError):
        return "there is none" if error.code in (404, 410) else f"the server says {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        error = error.reason
    if isinstance(error, TimeoutError):
        return "the server does not answer"
    return str(error) or type(error).__name__


def read(url, timeout):
    """A small file, or None if it is not there."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.read(BLOCK).decode(errors="replace")
    except urllib.error.HTTPError as error:
        if error.code in (404, 410):
            return None
        raise Unreachable(f"{url}: {reason(error)}") from error
    except (OSError, ValueError) as error:
        raise Unreachable(f"{url}: {reason(error)}") from error


class Progress:
    """One line that moves, for people; for a log, one that does not."""

    def __init__(self, url, total):
        self.url, self.total, self.start, self.shown = url, total, time.monotonic(), 0.0
        self.moving = moves()
        if not self.moving:
            say("downloading the kernel pack" + (f", {total / 1e6:.0f} MB" if total else ""))

    def update(self, done):
        now = time.monotonic()
        rate = done / max(now - self.start, 0.001)
        left = (self.total - done) / rate if self.total and rate else 0
        if now - self.start > 10 and left > LONGEST:
            raise Unreachable(f"{self.url}: it would take {left / 60:.0f} minutes")
        if self.moving and now - self.shown > 0.2:
            self.shown = now
            of = f" of {self.total / 1e6:.0f}" if self.total else ""
            rest = f", {left:.0f} s left" if left else ""
            self.line(f"casebook: downloading the kernel pack: {done / 1e6:.0f}{of} MB{rest}")

    def line(self, text):
        print(f"\r{text}\033[K", end="", file=sys.stderr, flush=True)

    def end(self):
        if self.moving:
            self.line("")


def download(url, path, timeout):
    """Writes what an address has to a file."""
    progress = None
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer, open(path, "wb") as file:
            total = int(answer.headers.get("Content-Length") or 0)
            progress, done = Progress(url, total), 0
            while block := answer.read1(BLOCK):
                file.write(block)
                done += len(block)
                progress.update(done)
            if done < total:
                raise Unreachable(f"{url}: the connection ended after {done} of {total} bytes")
    except (OSError, ValueError) as error:
        raise Unreachable(f"{url}: {reason(error)}") from error
    finally:
        if progress:
            progress.end()


def sha256(path):
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            found.update(block)
    return found.hexdigest()


@contextlib.contextmanager
def pack(address, folder, timeout=PATIENCE):
    """A pack as a file, from a file or a URL, and what the checksum beside it says; a copy is in `folder`, and goes."""
    if "://" not in address:
        path = pathlib.Path(address).expanduser()
        if not path.is_file():
            raise Unreachable(f"{path}: there is no such file")
        beside = pathlib.Path(f"{path}.sha256")
        yield path, beside.read_text(errors="replace") if beside.is_file() else None
        return
    path = folder / os.path.basename(address.split("?")[0].rstrip("/") or "pack")
    try:
        download(address, path, timeout)
        yield path, read(f"{address}.sha256", timeout)
    finally:
        path.unlink(missing_ok=True)
