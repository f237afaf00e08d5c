#!/usr/bin/env python3
"""Starts one kernel session: stock evcxr_jupyter in a folder of its own, behind a relay.

usage: launch.py CONNECTION_FILE
       launch.py --spare PROCESS          a session that waits to be used, as long as that process lives

A session uses a spare that is waiting, or starts from scratch. It ends when Jupyter says so, or when the process that
started it has gone.
"""

import contextlib
import json
import os
import pathlib
import resource
import signal
import sys
import time

import spare
import warm
from common import PROJECT, say
from completion import complete
from relay import Relay, sheltered
from session import TRIES, NotStarted, Session


def serve(relay, stay, maker):
    """Passes messages on until the session is over. The exit code: not 0 if evcxr ended by itself."""
    tries, checked = 0, 0.0
    while not relay.over:
        if not relay.session.alive():
            if relay.ready or tries == TRIES:
                return 1
            tries += 1
            relay.restart()
        if time.monotonic() - checked > 1.0:
            checked = time.monotonic()
            if not stay():
                return 0
            sheltered(None, maker.tick, relay)
        relay.step()
    return 0


def until_told(relay):
    """A polite request to end is one."""
    def over(*_):
        relay.over = True
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, over)


def begin(told, owner):
    """A session for one notebook."""
    warm.warm()
    relay = Relay(Session(), complete.public_api(PROJECT))
    until_told(relay)
    try:
        relay.attach(told, pathlib.Path.cwd())
        return serve(relay, lambda: os.getppid() == owner, spare.Maker(owner))
    finally:
        relay.end()


def park(owner):
    """A session that waits to be taken, and then is one."""
    with spare.only_one(owner) as free:
        if not free or warm.state() != "ready":
            return 0
        relay = Relay(Session(), complete.public_api(PROJECT))
        until_told(relay)
        parked = spare.Parked(relay, owner)
        taken = False
        try:
            taken = parked.warm_up() and parked.wait()
        finally:
            if not taken:
                relay.end()
    if not taken:
        return 0
    try:
        code = serve(relay, parked.held, spare.Maker(owner))
        relay.leave()  # before the notebook's own process ends, and another takes its ports
        parked.leave(code)
        return code
    finally:
        relay.end()


def allow_files():
    """As many open files as may be: macOS begins with 256, and type inference and cells have no say in it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 10_240 if most == resource.RLIM_INFINITY else min(10_240, most)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0]), most))


def main():
    allow_files()
    words = sys.argv[1:]
    if len(words) == 2 and words[0] == "--spare":
        return park(int(words[1]))
    if len(words) != 1:
        sys.exit(__doc__.strip())
    told, owner = json.loads(pathlib.Path(words[0]).read_text()), os.getppid()
    taken = spare.take(owner, told, pathlib.Path.cwd())
    return spare.follow(taken, owner) if taken else begin(told, owner)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NotStarted as trouble:
        say(str(trouble))
        sys.exit(1)
