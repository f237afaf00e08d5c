#!/usr/bin/env python3
"""The same work in Casebook, Python polars, DuckDB and pandas (K-means: scikit-learn), on the same Parquet files in
the same run, the whole growth study, and generators next to a loop in Python. Prints seconds, peak memory, and Casebook's
time over the other's, and writes them with machine and versions: results.json, docs/performance.md and the table in
README.md.

usage: compare.py [MILLIONS ...]        events, in millions (default: 1 10); other than these, nothing is written
       compare.py tables                writes the tables again, from results.json

pandas and the loop are written as analysts' scripts usually are: a mask for each day, a loop over users, a dictionary for
each event. Above a million events they are left out.
"""

import bisect
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import time
import venv

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent
REPEATS = 3
FEATURES = ["events", "hours", "purchases"]
TASKS = {
    "activity": "active users: day, week, month", "funnel": "funnel of three steps, 7 days",
    "retention": "retention on five days", "kmeans": "K-means, five clusters",
}
SIZES = [1, 10]
SLOW = 2  # million events, from which on analysts' scripts are left out
RESULTS = HERE / "results.json"
PAGE = PROJECT / "docs" / "performance.md"
README = PROJECT / "README.md"
BEGIN, END = "<!-- benches/compare.py writes this -->\n", "<!-- until here -->"


# ---- the peers, written as their documentation would have it ------------------------------------------

def polars_task(folder, task):
    """Loading and answering, apart."""
    import polars as pl
    day = pl.col("timestamp").dt.date()

    def activity(lazy):
        days = lazy.select("user_id", day.alias("day")).unique().collect()
        # A user active on a day counts until active again, for at most so many days.
        days = days.sort("user_id", "day").with_columns(
            next=pl.col("day").shift(-1).over("user_id"))
        first, last = days["day"].min(), days["day"].max()
        calendar = pl.DataFrame({"day": pl.date_range(first, last, eager=True)})
        sums = [days.height]
        for width in (7, 30):
            until = pl.min_horizontal(pl.col("day") + pl.duration(days=width), pl.col("next"))
            change = pl.concat([
                days.group_by("day").agg(pl.len().cast(pl.Int64).alias("n")),
                days.select(until.alias("day")).group_by("day").agg(-pl.len().cast(pl.Int64).alias("n")),
            ]).group_by("day").agg(pl.col("n").sum())
            active = calendar.join(change, on="day", how="left").sort("day")["n"].fill_null(0).cum_sum()
            sums.append(active[width - 1:].sum())
        return sums

    def funnel(lazy):
        events = lazy.collect()
        step = lambda name: events.filter(pl.col("event") == name).select("user_id", "timestamp").sort("timestamp")
        week = pl.duration(days=7)
        visit = step("visit")
        cart = visit.join_asof(step("cart").with_columns(cart=pl.col("timestamp")), on="timestamp", by="user_id",
                               strategy="forward", check_sortedness=False).filter(pl.col("cart") <= pl.col("timestamp") + week)
        buy = cart.rename({"timestamp": "visit"}).sort("cart").join_asof(
            step("purchase").with_columns(buy=pl.col("timestamp")), left_on="cart", right_on="timestamp",
            by="user_id", strategy="forward", check_sortedness=False).filter(pl.col("buy") <= pl.col("visit") + week)
        return [frame["user_id"].n_unique() for frame in (visit, cart, buy)]

    def retention(lazies):
        users, events = lazies
        end = max(users.select(pl.col("signup_at").max()).collect().item(),
                  events.select(pl.col("timestamp").max()).collect().item()).date()
        active = events.join(users, on="user_id").filter(pl.col("timestamp") >= pl.col("signup_at")).select(
            "user_id", (day - pl.col("signup_at").dt.date()).dt.total_days().alias("n"),
            pl.col("signup_at").dt.date().alias("signup"))
        kept = active.filter(pl.col("n").is_in([1, 3, 7, 14, 30])).filter(
            pl.col("signup") + pl.duration(days=pl.col("n")) <= end).unique().select(pl.len()).collect().item()
        eligible = sum(
            users.filter(pl.col("signup_at").dt.date() + pl.duration(days=n) <= end).select(pl.len()).collect().item()
            for n in (1, 3, 7, 14, 30))
        return [eligible, kept]

    events = lambda *columns: pl.scan_parquet(folder / "events.parquet").select(*columns)
    if task == "activity":
        return lambda: events("user_id", "timestamp"), activity, lambda lazy: lazy.collect().lazy()
    if task == "funnel":
        return lambda: events("user_id", "timestamp", "event"), funnel, lambda lazy: lazy.collect().lazy()
    return (lambda: (pl.scan_parquet(folder / "users.parquet"), events("user_id", "timestamp")), retention,
            lambda pair: tuple(one.collect().lazy() for one in pair))


DUCKDB = {
    "activity": """
        WITH days AS (SELECT DISTINCT user_id, timestamp::date AS day FROM events),
        placed AS (SELECT day, lead(day) OVER (PARTITION BY user_id ORDER BY day) AS next FROM days),
        calendar AS (SELECT unnest(generate_series(min(day), max(day), INTERVAL 1 DAY))::date AS day FROM days),
        change AS (
            SELECT w, day, sum(n) AS n FROM (
                SELECT w, day, count(*) AS n FROM placed, (VALUES (7), (30)) widths(w) GROUP BY ALL
                UNION ALL
                SELECT w, least(day + w, coalesce(next, day + w)) AS day, -count(*) FROM placed, (VALUES (7), (30)) widths(w) GROUP BY ALL
            ) GROUP BY ALL),
        active AS (
            SELECT w, day, row_number() OVER (PARTITION BY w ORDER BY day) AS place,
                sum(coalesce(n, 0)) OVER (PARTITION BY w ORDER BY day) AS n
            FROM (SELECT w, day FROM calendar, (VALUES (7), (30)) widths(w)) LEFT JOIN change USING (w, day))
        SELECT (SELECT count(*) FROM days), sum(n) FILTER (WHERE w = 7 AND place >= 7), sum(n) FILTER (WHERE w = 30 AND place >= 30)
        FROM active""",
    "funnel": """
        WITH visit AS (SELECT user_id, timestamp AS at FROM events WHERE event = 'visit'),
        cart AS (
            SELECT v.user_id, v.at AS visit, c.timestamp AS at
            FROM visit v ASOF JOIN (SELECT * FROM events WHERE event = 'cart') c
                ON v.user_id = c.user_id AND c.timestamp >= v.at
            WHERE c.timestamp <= v.at + INTERVAL 7 DAY),
        buy AS (
            SELECT c.user_id
            FROM cart c ASOF JOIN (SELECT * FROM events WHERE event = 'purchase') b
                ON c.user_id = b.user_id AND b.timestamp >= c.at
            WHERE b.timestamp <= c.visit + INTERVAL 7 DAY)
        SELECT (SELECT count(DISTINCT user_id) FROM visit), (SELECT count(DISTINCT user_id) FROM cart),
            (SELECT count(DISTINCT user_id) FROM buy)""",
    "retention": """
        WITH ends AS (SELECT greatest((SELECT max(timestamp) FROM events), (SELECT max(signup_at) FROM users))::date AS last),
        active AS (
            SELECT DISTINCT u.user_id, e.timestamp::date - u.signup_at::date AS n, u.signup_at::date AS signup
            FROM events e JOIN users u USING (user_id)
            WHERE e.timestamp >= u.signup_at AND e.timestamp::date - u.signup_at::date IN (1, 3, 7, 14, 30))
        SELECT (SELECT count(*) FROM users, (VALUES (1), (3), (7), (14), (30)) asked(n), ends WHERE signup_at::date + n <= last),
            (SELECT count(*) FROM active, ends WHERE signup + n::int <= last)""",
}


def pandas_task(folder, task):
    """Loading and answering, apart."""
    import pandas as pd
    week = pd.Timedelta(days=7)

    def activity(events):
        day = events["timestamp"].dt.normalize()
        days = pd.date_range(day.min(), day.max())
        sums = [int(events.groupby(day)["user_id"].nunique().sum())]
        for width in (7, 30):
            total = 0
            for last in days[width - 1:]:
                window = events[(day > last - pd.Timedelta(days=width)) & (day <= last)]
                total += window["user_id"].nunique()
            sums.append(total)
        return sums

    def funnel(events):
        reached = [0, 0, 0]
        for _, rows in events.sort_values("timestamp").groupby("user_id"):
            at = {name: list(rows.loc[rows["event"] == name, "timestamp"]) for name in ("visit", "cart", "purchase")}
            carted = bought = False
            for visit in at["visit"]:
                cart = bisect.bisect_left(at["cart"], visit)
                if cart == len(at["cart"]) or at["cart"][cart] > visit + week:
                    continue
                carted = True
                buy = bisect.bisect_left(at["purchase"], at["cart"][cart])
                bought = bought or (buy < len(at["purchase"]) and at["purchase"][buy] <= visit + week)
            for step, there in enumerate((bool(at["visit"]), carted, bought)):
                reached[step] += there
        return reached

    def retention(pair):
        users, events = pair
        last = max(users["signup_at"].max(), events["timestamp"].max()).normalize()
        signup = users["signup_at"].dt.normalize()
        joined = events.merge(users, on="user_id")
        joined = joined[joined["timestamp"] >= joined["signup_at"]]
        day = (joined["timestamp"].dt.normalize() - joined["signup_at"].dt.normalize()).dt.days
        eligible = retained = 0
        for n in (1, 3, 7, 14, 30):
            eligible += int((signup + pd.Timedelta(days=n) <= last).sum())
            late = joined["signup_at"].dt.normalize() + pd.Timedelta(days=n) > last
            retained += joined.loc[(day == n) & ~late, "user_id"].nunique()
        return [eligible, retained]

    read = lambda name, *columns: pd.read_parquet(folder / name, columns=list(columns))
    if task == "activity":
        return lambda: read("events.parquet", "user_id", "timestamp"), activity, lambda frame: frame
    if task == "funnel":
        return lambda: read("events.parquet", "user_id", "timestamp", "event"), funnel, lambda frame: frame
    return (lambda: (read("users.parquet", "user_id", "signup_at"), read("events.parquet", "user_id", "timestamp")), retention,
            lambda pair: pair)


def loop(events):
    """A generator as scripts have it: users one by one, an event a dictionary. The seconds, and the events made."""
    import datetime
    import numpy as np
    import pandas as pd
    random = np.random.default_rng(42)
    begin, rows, number = time.perf_counter(), [], 0
    first = datetime.datetime(2023, 1, 1)
    kinds, weights = ["page_view", "page_edit", "page_create", "search", "comment", "share"], [0.4, 0.3, 0.08, 0.1, 0.09, 0.03]
    for user in range(events // 15):
        segment = random.choice(["individual", "small_team", "enterprise", "education"], p=[0.45, 0.35, 0.15, 0.05])
        signup = first + datetime.timedelta(seconds=int(random.integers(0, 730 * 86_400)))
        for _ in range(random.poisson(15)):
            number += 1
            rows.append({
                "event_id": number, "user_id": user, "event_type": random.choice(kinds, p=weights), "segment": segment,
                "timestamp": signup + datetime.timedelta(seconds=int(random.exponential(60 * 86_400))),
                "properties": json.dumps({"device": str(random.choice(["desktop", "mobile", "tablet"], p=[0.62, 0.28, 0.1]))}),
            })
    frame = pd.DataFrame(rows).sort_values(["user_id", "timestamp"])
    return time.perf_counter() - begin, len(frame)


def worker(engine, folder, task):
    """One engine, one task, in a process of its own: seconds from the file and in memory, and the result."""
    folder = pathlib.Path(folder)
    file, memory, result = [], [], None
    if engine == "loop":
        seconds, made = loop(int(task))
        return print(json.dumps({"file": [seconds], "memory": [seconds], "result": [made]}))
    # What takes a minute is not taken three times.
    for _ in range(1 if engine == "pandas" else REPEATS):
        if engine in ("polars", "pandas"):
            load, answer, hold = (polars_task if engine == "polars" else pandas_task)(folder, task)
            start = time.perf_counter()
            result = answer(load())
            file.append(time.perf_counter() - start)
            held = hold(load())
            start = time.perf_counter()
            answer(held)
            memory.append(time.perf_counter() - start)
        elif engine == "duckdb":
            import duckdb
            for times, kind in ((file, "VIEW"), (memory, "TABLE")):
                database = duckdb.connect()
                for name in ("users", "events"):
                    database.execute(f"CREATE {kind} {name} AS SELECT * FROM '{folder / name}.parquet'")
                start = time.perf_counter()
                result = [int(n) for n in database.execute(DUCKDB[task]).fetchone()]
                times.append(time.perf_counter() - start)
        else:
            import polars as pl
            from sklearn.cluster import KMeans
            from sklearn.preprocessing import StandardScaler
            begin = [[((k + dim) % 5) * 0.7 - 1.2 for dim in range(3)] for k in range(5)]
            start = time.perf_counter()
            frame = pl.read_parquet(folder / "features.parquet", columns=FEATURES)
            loaded = time.perf_counter()
            import numpy as np
            scaled = StandardScaler().fit_transform(frame.to_numpy())
            fit = KMeans(5, init=np.array(begin), n_init=1, tol=0, max_iter=10_000, algorithm="lloyd").fit(scaled)
            result = sorted(np.bincount(fit.labels_).tolist())
            memory.append(time.perf_counter() - loaded)
            file.append(time.perf_counter() - start)
    print(json.dumps({"file": file, "memory": memory, "result": result}))


# ---- the comparison -----------------------------------------------------------------------------------

def measured(words):
    """A process's answer, and its peak memory in MB."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(map(str, words))} failed")
    answer = json.loads(output)
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return min(answer["file"]), min(answer["memory"]), usage.ru_maxrss / unit, answer["result"]


def environment():
    place = PROJECT / "target" / "bench-venv"
    python = place / "bin" / "python"
    wanted = (HERE / "requirements.txt").read_text()
    stamp = place / "installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        print("installing the peers into target/bench-venv, about 1 minute", file=sys.stderr)
        venv.create(place, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
        stamp.write_text(wanted)
    return python


def program():
    """Our side, built."""
    built = subprocess.run(
        ["cargo", "bench", "--profile", "dev", "--package", "casebook-cli", "--bench", "ours", "--no-run", "--message-format=json"],
        cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    return next(message["executable"] for line in built.stdout.splitlines()
                if (message := json.loads(line)).get("executable") and message["target"]["name"] == "ours")


def machine():
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return f"{os.cpu_count()} cores and {pages * size / 2**30:.0f} GB, {platform.system()} on {platform.machine()}"


def versions():
    cargo = (PROJECT / "Cargo.toml").read_text()
    ours = re.search(r'(?m)^version = "(.+)"', cargo).group(1)
    polars = re.search(r'(?m)^polars = \{ version = "=(.+?)"', cargo).group(1)
    return [f"casebook {ours} (polars {polars} in Rust)", *(line.replace("==", " ") for line in
            (HERE / "requirements.txt").read_text().splitlines() if "==" in line)]


def measure(sizes):
    """Everything, as rows for results.json."""
    python, ours = environment(), program()
    rows = []

    def say(row, result, ours=None):
        rows.append(row)
        ratio = "" if ours is None else f"   ratio {ours['file'] / row['file']:6.3f} / {ours['memory'] / row['memory']:6.3f}"
        print(f"  {row['task']:<10} {row['engine']:<13} {row['file']:8.2f} / {row['memory']:7.2f} s  {row['peak']:6.0f} MB{ratio}",
              flush=True)
        return result

    def one(task, engine, events, words):
        file, memory, peak, result = measured(words)
        return {"task": task, "engine": engine, "events": events, "file": file, "memory": memory, "peak": round(peak)}, result

    for millions in sizes:
        with tempfile.TemporaryDirectory(prefix="casebook-bench-") as folder:
            events = int(subprocess.run([ours, "make", folder, str(int(millions * 1e6))], check=True,
                                        stdout=subprocess.PIPE, text=True).stdout)
            print(f"{events:,} events: seconds from Parquet / in memory, peak memory, Casebook's time over the peer's")
            slow = millions < SLOW
            for task in TASKS:
                mine, result = one(task, "casebook", events, [ours, "time", folder, task, str(REPEATS)])
                say(mine, result)
                for peer in ["scikit-learn"] if task == "kmeans" else ["polars", "duckdb", *["pandas"] * slow]:
                    row, found = one(task, peer, events, [python, __file__, "worker", peer, folder, task])
                    if [round(x) for x in result] != [round(x) for x in found]:
                        sys.exit(f"{task}: casebook says {result}, {peer} says {found}")
                    say(row, found, mine)
            wanted = str(int(millions * 1e6))
            mine, result = one("generate", "casebook", int(wanted), [ours, "generate", folder, wanted])
            mine["events"] = say(mine, result)[0]
            row, result = one("study", "casebook", mine["events"], [ours, "study", folder, str(REPEATS)])
            say(row, result)
            if slow:
                row, found = one("generate", "loop", 0, [python, __file__, "worker", "loop", folder, wanted])
                row["events"] = say(row, found)[0]
    return rows


def tables(found):
    """The results as Markdown: metrics, a table for each size, then generation."""
    shown = {"casebook": "Casebook", "polars": "Python polars", "duckdb": "DuckDB", "pandas": "pandas", "scikit-learn": "scikit-learn",
             "loop": "a loop in Python"}
    metrics = [row for row in found["rows"] if row["task"] in TASKS]
    lines = []
    for events in sorted({row["events"] for row in metrics}):
        lines += [f"### {events:,} events", "", "| what | with | from Parquet | in memory | peak memory | ratio |",
                  "| --- | --- | ---: | ---: | ---: | ---: |"]
        for row in [row for row in metrics if row["events"] == events]:
            if mine := row["engine"] == "casebook":
                ours = row
            lines.append(f"| {TASKS[row['task']] if mine else ''} | {shown[row['engine']]} | {row['file']:.2f} s | {row['memory']:.2f} s "
                         f"| {row['peak']:,} MB | {'' if mine else format(ours['memory'] / row['memory'], '.2g')} |")
        lines.append("")
    made = ["| with | events | events a second, in memory | to Parquet | peak memory |", "| --- | ---: | ---: | ---: | ---: |"]
    for row in [row for row in found["rows"] if row["task"] == "generate"]:
        file = f"{row['events'] / row['file']:,.0f}" if row["engine"] == "casebook" else ""
        made.append(f"| {shown[row['engine']]} | {row['events']:,} | {row['events'] / row['memory']:,.0f} | {file} | {row['peak']:,} MB |")
    study = ["| events | from Parquet | in memory | peak memory |", "| ---: | ---: | ---: | ---: |"]
    study += [f"| {row['events']:,} | {row['file']:.2f} s | {row['memory']:.2f} s | {row['peak']:,} MB |"
              for row in found["rows"] if row["task"] == "study"]
    return "\n".join(lines), "\n".join(study), "\n".join(made)


def as_programs():
    """What benches/command.py has found."""
    import command
    return command.tables(json.loads(command.RESULTS.read_text()))


def page(found):
    metrics, study, made = tables(found)
    return f"""# How fast it is

Measured by `make bench` in one run, on a machine with {found["machine"]}:
{", ".join(found["versions"])}.

Each engine runs in its own process; times are the best of {REPEATS} runs, or one run for pandas. All engines give the same answers, which the
run checks. "In memory" leaves out reading the file. The ratio is Casebook's time over the other's, in memory: below 1,
Casebook is faster. pandas is written as analysts' notebooks often are: a mask for each day, a loop over users.

## Metrics

{metrics}
## The command

What people run: `casebook analyze funnel`, and the same question to DuckDB and ClickHouse (chdb, its `windowFunnel`), as
whole processes on the same file; best of three runs. The others are started from Python, which is included in their time.
The ratio is the command's time over theirs.

{as_programs()}

## The whole growth study

Every metric of `casebook report notion` about the business, from stages and retention to revenue: the events are read and
prepared once, and the metrics run side by side.

{study}

## Generators

The growth study's events, seven tables in all, compared with a loop over users with a dictionary for each event, which draws far
less.

{made}

Casebook is compiled as notebooks use it, with its checks for overflow and without link-time optimisation.

How cost grows with size, from a hundred thousand events to a hundred million, also in SQLite, PostgreSQL and Spark:
[Beyond one machine](../notebooks/A1_beyond_one_machine.ipynb).
"""


def publish(found):
    PAGE.write_text(page(found))
    text = README.read_text()
    before, rest = text.split(BEGIN)
    README.write_text(before + BEGIN + summary(found) + rest[rest.index(END):])


def summary(found):
    """For the README: the largest size, ratios only."""
    most = max(row["events"] for row in found["rows"] if row["task"] in TASKS)
    pick = {(row["task"], row["engine"]): row for row in found["rows"] if row["task"] in TASKS and row["events"] == most}
    lines = [f"| {most:,} events, in memory | Casebook | Python polars | DuckDB | scikit-learn |", "| --- | ---: | ---: | ---: | ---: |"]
    for task, what in TASKS.items():
        cells = [f"{pick[task, engine]['memory']:.2f} s" if (task, engine) in pick else "" for engine in ("casebook", "polars", "duckdb", "scikit-learn")]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    made = [row for row in found["rows"] if row["task"] == "generate" and row["engine"] == "casebook"][-1]
    lines += ["", f"Generation: {made['events'] / made['memory'] / 1e6:.1f} million events a second in memory, "
              f"{made['events'] / made['file'] / 1e6:.1f} million to Parquet. Machine: {found['machine']}.", ""]
    return "\n".join(lines)


def main():
    if sys.argv[1:2] == ["worker"]:
        return worker(*sys.argv[2:])
    if sys.argv[1:] == ["tables"]:
        return publish(json.loads(RESULTS.read_text()))
    sizes = [float(word) for word in sys.argv[1:]] or SIZES
    rows = measure(sizes)
    if sizes == SIZES:
        found = {"machine": machine(), "versions": versions(), "rows": rows}
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")
        publish(found)


if __name__ == "__main__":
    main()
