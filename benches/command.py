#!/usr/bin/env python3
"""Compares the command `casebook analyze funnel` with DuckDB and ClickHouse (chdb), each as a whole process on the same file,
from the start of the program to its answer. Writes command.json, which docs/performance.md is made from.

usage: command.py [MILLIONS]            events, in millions (default: 10); if they are given, nothing is written

All give the same three numbers, which the run checks. DuckDB and chdb are started from Python, as people use them: the
time to start them is measured separately, with an empty query.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import compare

RESULTS = compare.HERE / "command.json"
REPEATS = 3
NAMES = {"casebook": "casebook analyze funnel", "duckdb": "DuckDB", "chdb": "ClickHouse (chdb)"}
STEPS = ("visit", "cart", "purchase")
WEEK = 7 * 86_400
CLICKHOUSE = """
    SELECT countIf(level >= 1), countIf(level >= 2), countIf(level >= 3) FROM (
        SELECT user_id, windowFunnel({week})(at, event = 'visit', event = 'cart', event = 'purchase') AS level
        FROM (SELECT user_id, {time} AS at, event FROM file('{file}', {format})) GROUP BY user_id)"""


def worker(engine, file):
    """One answer; without a file, nothing but the start."""
    file = pathlib.Path(file) if file else None
    if engine == "duckdb":
        import duckdb
        database = duckdb.connect()
        if not file:
            found = database.execute("SELECT 0, 0, 0").fetchone()
        else:
            database.execute(f"CREATE VIEW events AS SELECT * FROM '{file}'")
            found = database.execute(compare.DUCKDB["funnel"]).fetchone()
    else:
        import chdb
        if not file:
            query = "SELECT 0, 0, 0"
        else:
            kind = "Parquet" if file.suffix == ".parquet" else "CSVWithNames"
            # windowFunnel compares whole microseconds: its window is given in the unit of the time.
            query = CLICKHOUSE.format(
                week=WEEK * 1_000_000, file=file, format=kind, time="toUInt64(toUnixTimestamp64Micro(toDateTime64(timestamp, 6, 'UTC')))")
        found = [int(cell) for cell in str(chdb.query(query, "CSV")).strip().split(",")]
    print(json.dumps([int(number) for number in found]))


def once(words):
    """Seconds, peak memory in MB, and what a whole process printed."""
    start = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=compare.PROJECT)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{' '.join(map(str, words))} failed")
    return seconds, usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024), output


def best(words, read):
    """The quickest of some runs: seconds, the least of the peaks, and the answer, which is always the same."""
    runs = [once(words) for _ in range(REPEATS)]
    answers = {tuple(read(json.loads(output))) for *_, output in runs}
    if len(answers) != 1:
        sys.exit(f"{' '.join(map(str, words))} gives {answers}")
    return min(seconds for seconds, *_ in runs), min(peak for _, peak, _ in runs), answers.pop()


def program():
    """The command, built."""
    built = subprocess.run(
        ["cargo", "build", "--package", "casebook-cli", "--message-format=json"],
        cwd=compare.PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    return next(message["executable"] for line in built.stdout.splitlines()
                if (message := json.loads(line)).get("executable") and message["target"]["name"] == "casebook")


def measure(millions):
    python, ours, casebook = compare.environment(), compare.program(), program()
    rows = []
    with tempfile.TemporaryDirectory(prefix="casebook-bench-") as folder:
        folder = pathlib.Path(folder)
        events = int(subprocess.run([ours, "make", folder, str(int(millions * 1e6))], check=True, stdout=subprocess.PIPE, text=True).stdout)
        file = folder / "events.parquet"
        subprocess.run([python, "-c", f"import polars as pl; pl.read_parquet({str(file)!r}).write_csv({str(file.with_suffix('.csv'))!r}, "
                        "datetime_format='%Y-%m-%d %H:%M:%S')"], check=True)
        library = json.loads(subprocess.run([ours, "time", folder, "funnel", str(REPEATS)], check=True, stdout=subprocess.PIPE, text=True).stdout)
        print(f"{events:,} events; the library alone, from Parquet: {min(library['file']):.2f} s", flush=True)
        for kind in ("parquet", "csv"):
            path, answers = file.with_suffix(f".{kind}"), {}
            for engine in NAMES:
                if engine == "casebook":
                    words = [casebook, "analyze", "funnel", path, "--steps", ",".join(STEPS), "--window", "7d", "--format", "json"]
                    seconds, peak, answer = best(words, lambda rows: [row["users"] for row in rows])
                    start = min(once([casebook, "--version"])[0] for _ in range(REPEATS))
                else:
                    words = [python, __file__, "worker", engine]
                    seconds, peak, answer = best([*words, path], lambda numbers: numbers)
                    start = min(once([*words, ""])[0] for _ in range(REPEATS))
                answers[engine] = answer
                rows.append({"kind": kind, "engine": engine, "events": events, "seconds": seconds, "start": start, "peak": round(peak)})
                print(f"  {kind:<8} {NAMES[engine]:<26} {seconds:6.2f} s, of it {start:.2f} s to start, {peak:6.0f} MB", flush=True)
            if len(set(answers.values())) != 1:
                sys.exit(f"{kind}: the answers differ: {answers}")
    return {"machine": compare.machine(), "library": min(library["file"]), "rows": rows}


def tables(found):
    """The results as Markdown."""
    out = []
    for kind, what in (("parquet", "Parquet"), ("csv", "CSV")):
        rows = [row for row in found["rows"] if row["kind"] == kind]
        mine = rows[0]
        out += [f"| {rows[0]['events']:,} events, from {what} | seconds | of which starting | peak memory | ratio |", "| --- | ---: | ---: | ---: | ---: |"]
        for row in rows:
            ratio = "" if row is mine else f"{mine['seconds'] / row['seconds']:.2g}"
            out.append(f"| {NAMES[row['engine']]} | {row['seconds']:.2f} s | {row['start']:.2f} s | {row['peak']:,} MB | {ratio} |")
        out.append("")
    out.append(f"The library's own time for the same Parquet file, in a process that is already running: {found['library']:.2f} s.")
    return "\n".join(out)


def main():
    if sys.argv[1:2] == ["worker"]:
        return worker(*sys.argv[2:])
    millions = float(sys.argv[1]) if sys.argv[1:] else 10
    found = measure(millions)
    if not sys.argv[1:]:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")
        compare.publish(json.loads(compare.RESULTS.read_text()))


if __name__ == "__main__":
    main()
