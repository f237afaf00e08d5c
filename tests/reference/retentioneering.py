#!/usr/bin/env python3
"""What retentioneering makes of 300 users' events, for tests/it/conformance.rs to compare with.

usage: retentioneering.py     prints retentioneering.json

A user's events are written "a1 b3", each with its state and second; no two of a user's are at the same second. For each
timeout, and for none, there are transitions ("path_start" and "path_end" are states), and the shares of paths in each
state at each of six steps. Set RETENTIONEERING_NO_TRACK: it would report its use.
"""

import json
import random

import pandas as pd
from retentioneering.eventstream.eventstream import Eventstream
from retentioneering.tools.step_matrix import StepMatrix
from retentioneering.tools.transition_matrix import TransitionMatrix

STEPS = 6
COLUMNS = {"path_cols": ["user"], "event_col": "state", "timestamp_col": "at"}


def users():
    rng = random.Random(20261130)
    for _ in range(300):
        # Gaps around the timeouts, and exactly as long.
        at, events = rng.randint(1, 500), []
        for _ in range(rng.randint(1, 25)):
            events.append((at, rng.choice("aaabbcde")))
            at += rng.choice([1, 5, 29, 30, 31, 60, 119, 120, 121, 400])
        yield events


def made(stream, column):
    counts = TransitionMatrix(stream).fit("count", path_col=column)
    steps = StepMatrix(stream).fit(STEPS, path_col=column)[0]
    transitions = [[start, end, int(count)] for start, row in counts.iterrows() for end, count in row.items() if count]
    shares = [[int(step), state, round(share, 12)] for step in steps.columns if int(step) > 0
              for state, share in steps[step].items() if share]
    return {"transitions": transitions, "steps": shares}


def main():
    ways = list(users())
    rows = [(f"u{number:03}", state, pd.Timestamp(at, unit="s")) for number, events in enumerate(ways) for at, state in events]
    stream = Eventstream(pd.DataFrame(rows, columns=["user", "state", "at"]), schema=COLUMNS)
    found = [{"timeout": None, **made(stream, "user")}]
    for timeout in (30, 120):
        split = stream.split_sessions(timeout=f"{timeout}s")
        sessions = int(split.df["session_id"].nunique())
        found.append({"timeout": timeout, "sessions": sessions, **made(split, "session_id")})
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in found)
    written = ",\n".join(json.dumps(" ".join(f"{state}{at}" for at, state in events)) for events in ways)
    print(f'{{"version": "5.2.4",\n"users": [\n{written}\n],\n"found": [\n{lines}\n]}}')


if __name__ == "__main__":
    main()
