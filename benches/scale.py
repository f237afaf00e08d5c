#!/usr/bin/env python3
"""How cost grows with size: from a hundred thousand events to a hundred million, the growth study's data is generated,
put into each engine, and one question is asked of all: of the users who signed up in a month, how many were active in each
later month? The question reads every event and meets every user again. Seconds, peak memory and bytes on disk go to
benches/scale/measured.csv, which notebook 05 reads; machine and versions to made_with.csv next to it.

usage: scale.py [EVENTS ...]      (default: 100000 1000000 10000000 100000000; about an hour, and 40 GB of disk)
       scale.py --fresh [...]     measures again what is already in the file

What is already in the file is not measured again, so that an interrupted run can be continued; a result belongs to one
machine and one set of versions. Every engine's answer is compared with ours.
"""

import contextlib
import csv
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent
sys.path[:0] = [str(HERE), str(PROJECT / "tests"), str(PROJECT / "kernel")]

import cluster  # noqa: E402
import compare  # noqa: E402
import postgres  # noqa: E402

RESULTS = HERE / "scale" / "measured.csv"
MADE_WITH = HERE / "scale" / "made_with.csv"
COLUMNS = ["events", "step", "what", "engine", "seconds", "first", "start", "peak", "bytes", "shuffled"]
SIZES = [100_000, 1_000_000, 10_000_000, 100_000_000]
PART = 5_000_000  # events of a part, for the engine that takes one part after the other
DAY = "2024-12-31"
QUERY = "notion/cohort_retention.sql"
REPEATS = 3
SLOW = 20  # seconds, from which on a run is not repeated; but what warms up, Python and Java, runs twice


# ---- measuring -----------------------------------------------------------------------------------------

def family(root):
    """A process and all that descend from it."""
    parents = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rsplit(")", 1)[1].split()[1])
    found, grew = {root}, True
    while grew:
        more = {process for process, parent in parents.items() if parent in found} - found
        found, grew = found | more, bool(more)
    return found


def proportional(process):
    """A process's memory in bytes, what it shares with others counted in part."""
    with contextlib.suppress(OSError, StopIteration):
        lines = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) * 1024
    return 0


class Memory:
    """The most that a process and its descendants hold together, looked at five times a second; None where the system
    does not tell."""

    def __init__(self, root, without=()):
        self.root, self.without, self.peak, self.over = root, without, None, threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def watch(self):
        while pathlib.Path("/proc/self/smaps_rollup").exists():
            held = sum(map(proportional, family(self.root) - set(self.without)))
            self.peak = max(self.peak or 0, held)
            if self.over.wait(0.2):
                return


def run(words, **options):
    """A process's seconds, its peak memory in bytes, and what it printed."""
    begin = time.perf_counter()
    process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, text=True, cwd=PROJECT, **options)
    told = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))} failed")
    return time.perf_counter() - begin, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), told


def size(path):
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


# ---- the engines: each a function of the data's folder that returns rows for the file -------------------

def asked(words, **options):
    """An engine that is a process of its own and prints seconds and answer as JSON."""
    _, peak, told = run(words, **options)
    return json.loads(told.splitlines()[-1]) | {"peak": peak}


def generate(casebook, ours, place, events, say):
    users = round(events / cluster.EVENTS_PER_USER)
    words = [casebook, "generate", "notion", "--users", users, "--format", "parquet", "--out"]
    seconds, peak, _ = run([*words, place / "whole"])
    say("generate", "Casebook", seconds=seconds, peak=peak, bytes=size(place / "whole"))
    parts = max(1, round(events / PART))
    for part in range(1, parts + 1):
        run([*words, place / "parts", "--part", f"{part}/{parts}"])


def files(engine, program):
    def measure(casebook, ours, place, events, say):
        words = [ours, "cohorts", place / "whole", DAY, REPEATS] if engine == "Casebook" else \
            [ours, "parts", place / "parts", DAY, REPEATS] if engine == "Casebook, in parts" else \
            [compare.environment(), __file__, "worker", program, place / "whole"]
        say("ask", engine, **asked(words))
    return measure


def sqlite(casebook, ours, place, events, say):
    users = round(events / cluster.EVENTS_PER_USER)
    words = [casebook, "generate", "notion", "--users", users, "--format", "sqlite", "--out", place / "sqlite"]
    seconds, peak, _ = run(words)
    database = place / "sqlite" / "notion.sqlite"
    say("load", "SQLite", seconds=seconds, peak=peak, bytes=size(database))
    say("ask", "SQLite", **asked([ours, "query", f"sqlite:{database}", DAY, REPEATS]))
    database.unlink()


def postgresql(casebook, ours, place, events, say):
    users = round(events / cluster.EVENTS_PER_USER)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="casebook-pg-"))
    try:
        url = postgres.start(folder) + "?options=-c%20work_mem%3D256MB%20-c%20maintenance_work_mem%3D512MB"
        server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        env = os.environ | {"DATABASE_URL": url}
        with Memory(server) as memory:
            seconds, peak, _ = run([casebook, "load", "notion", "--users", users], env=env)
        say("load", "PostgreSQL", seconds=seconds, peak=memory.peak and memory.peak + peak, bytes=size(folder / "data" / "base"))
        with Memory(server) as memory:
            found = asked([ours, "query", url, DAY, REPEATS])
        say("ask", "PostgreSQL", **found | {"peak": memory.peak})
    finally:
        postgres.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def spark(casebook, ours, place, events, say):
    words = [cluster.python(), __file__, "worker", "spark", place / "whole"]
    process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, text=True, cwd=PROJECT)
    with Memory(process.pid, without=[process.pid]) as memory:
        told = process.stdout.read()
    if process.wait() != 0:
        sys.exit("Spark failed")
    say("ask", "Spark", **json.loads(told.splitlines()[-1]) | {"peak": memory.peak})


ENGINES = {
    "generate": generate,
    "Casebook": files("Casebook", None),
    "Casebook, in parts": files("Casebook, in parts", None),
    "polars, eager": files("polars, eager", "eager"),
    "polars, streaming": files("polars, streaming", "streaming"),
    "SQLite": sqlite,
    "PostgreSQL": postgresql,
    "Spark": spark,
}


# ---- the question in Python polars, and on Spark: processes of their own --------------------------------

def question(users, events, day):
    """Cohorts as of the end of a day, as polars would have it written."""
    import polars as pl
    number = lambda column: pl.col(column).dt.year().cast(pl.Int64) * 12 + pl.col(column).dt.month()
    end = pl.lit(day).str.to_date() + pl.duration(days=1)
    registered = users.select("user_id", "signup_at", number("signup_at").alias("cohort")).filter(pl.col("signup_at") < end)
    sizes = registered.group_by("cohort").agg(pl.len().alias("size"))
    active = (
        events.filter(pl.col("event_type") != "signup").select("user_id", "timestamp")
        .join(registered, on="user_id").filter(pl.col("timestamp") >= pl.col("signup_at"))
        .select("user_id", "cohort", (number("timestamp") - pl.col("cohort")).alias("period"))
        .filter(pl.col("cohort") + pl.col("period") < end.dt.year().cast(pl.Int64) * 12 + end.dt.month())
        .unique().group_by("cohort", "period").agg(pl.len().alias("active")))
    return active.join(sizes, on="cohort").select(pl.len(), pl.col("size").sum(), pl.col("active").sum())


def repeated(work):
    """The seconds of each run, and the last one's answer."""
    seconds, answer = [], None
    while len(seconds) < 2 or (len(seconds) < REPEATS and sum(seconds) < SLOW):
        begin = time.perf_counter()
        answer = work()
        seconds.append(time.perf_counter() - begin)
    return seconds, answer


def worker(engine, folder):
    folder = pathlib.Path(folder)
    if engine == "spark":
        return spark_worker(folder)
    import polars as pl

    def eager():
        users = pl.read_parquet(folder / "user_profiles.parquet", columns=["user_id", "signup_at"])
        events = pl.read_parquet(folder / "user_events.parquet", columns=["user_id", "event_type", "timestamp"])
        return question(users, events, DAY)

    def streaming():
        users, events = (pl.scan_parquet(folder / f"{name}.parquet") for name in ("user_profiles", "user_events"))
        return question(users, events, DAY).collect(engine="streaming")

    seconds, answer = repeated(eager if engine == "eager" else streaming)
    print(json.dumps({"seconds": min(seconds), "first": seconds[0], "answer": list(answer.row(0))}))


def spark_worker(data):
    with tempfile.TemporaryDirectory(prefix="casebook-spark-", ignore_cleanup_errors=True) as folder:
        begin = time.perf_counter()
        with cluster.Cluster(pathlib.Path(folder)) as machines:
            session = cluster.session(machines, **{"spark.sql.files.maxPartitionBytes": "32m"})
            try:
                cluster.see(session, data)
                start = time.perf_counter() - begin
                text = f"SELECT count(*), sum(size), sum(active) FROM ({cluster.query(QUERY, DAY)})"
                # Months in which nobody came are rows of the query's, and none of polars'.
                text += " WHERE active > 0"
                seconds, rows = repeated(lambda: cluster.rows(session, text))
                web = session.sparkContext.uiWebUrl.rsplit(":", 1)[1]
                told = cluster.ask(web, f"/api/v1/applications/{session.sparkContext.applicationId}/executors")
                shuffled = sum(executor["totalShuffleWrite"] for executor in told) / len(seconds)
            finally:
                session.stop()
    print(json.dumps({"seconds": min(seconds), "first": seconds[0], "start": start, "shuffled": round(shuffled), "answer": rows[0]}))


# ---- the whole ------------------------------------------------------------------------------------------

def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write(path, columns, rows):
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)


def measure(sizes, fresh):
    compare.environment()
    cluster.install()
    postgres.install()
    made_with = [{"what": what, "value": str(value)} for what, value in about().items()]
    rows = read(RESULTS) if RESULTS.exists() and not fresh else []
    if rows and read(MADE_WITH) != made_with:
        sys.exit(f"{RESULTS} is of another machine or of other versions: --fresh measures all of it again")
    write(MADE_WITH, ["what", "value"], made_with)
    casebook, ours = cluster.built("bin", "casebook"), compare.program()
    for events in sizes:
        with tempfile.TemporaryDirectory(prefix="casebook-scale-") as folder:
            place, answers = pathlib.Path(folder), {}
            for step, engine in ENGINES.items():
                there = any(int(row["events"]) == events and row["step"] == step for row in rows)
                if there and step != "generate":
                    continue
                new = []

                def say(what, engine, answer=None, **figures):
                    figures = {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items() if value}
                    new.append({"events": events, "step": step, "what": what, "engine": engine} | figures)
                    print(f"{events:>13,} {what:<9}{engine:<20}", *(f"{name} {value:,}" for name, value in figures.items()), flush=True)
                    if answer is not None:
                        answers[engine] = [int(number) for number in answer]

                engine(casebook, ours, place, events, say)
                if len({str(answer) for answer in answers.values()}) > 1:
                    sys.exit(f"the engines do not agree: {answers}")
                # What is there already is not replaced by a generation that only made the data again.
                if not there:
                    rows = sorted(rows + new, key=lambda row: (int(row["events"]), list(ENGINES).index(row["step"])))
                    write(RESULTS, COLUMNS, rows)


def about():
    """The machine, and what the engines are."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    wanted = (PROJECT / "tests" / "cluster-requirements.txt").read_text()
    server = subprocess.run([postgres.program("postgres"), "--version"], capture_output=True, text=True).stdout.split()[2]
    bundled = re.search(r'name = "libsqlite3-sys"\nversion = "(.+?)"', (PROJECT / "Cargo.lock").read_text()).group(1)
    ours, *peers = compare.versions()
    return {
        "machine": compare.machine(), "cores": os.cpu_count(), "memory": pages * size, "Casebook": ours.removeprefix("casebook "),
        "Python polars": next(line for line in peers if line.startswith("polars")).removeprefix("polars "),
        "SQLite": f"in libsqlite3-sys {bundled}", "PostgreSQL": server,
        "Spark": re.search(r"pyspark==(\S+)", wanted).group(1) + f", {cluster.WORKERS} workers of one core",
    }


def main():
    words = sys.argv[1:]
    if words[:1] == ["worker"]:
        return worker(*words[1:])
    fresh = "--fresh" in words
    try:
        sizes = [int(word.replace("_", "")) for word in words if word != "--fresh"]
    except ValueError:
        sys.exit(__doc__.strip())
    measure(sizes or SIZES, fresh)


if __name__ == "__main__":
    main()
