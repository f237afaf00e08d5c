#!/usr/bin/env python3
"""The same work in Casebook, Python polars and DuckDB (K-means: scikit-learn), on the same Parquet files in
the same run. Prints seconds, peak memory, and Casebook's time over the other's.

usage: compare.py [MILLIONS ...]        events, in millions (default: 1 10)
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
import venv

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent
REPEATS = 3
FEATURES = ["events", "hours", "purchases"]


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


def worker(engine, folder, task):
    """One engine, one task, in a process of its own: seconds from the file and in memory, and the result."""
    folder = pathlib.Path(folder)
    file, memory, result = [], [], None
    for _ in range(REPEATS):
        if engine == "polars":
            load, answer, hold = polars_task(folder, task)
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


def main():
    if sys.argv[1:2] == ["worker"]:
        return worker(*sys.argv[2:])
    sizes = [float(word) for word in sys.argv[1:]] or [1, 10]
    python = environment()
    built = subprocess.run(
        ["cargo", "bench", "--profile", "dev", "--all-features", "--bench", "ours", "--no-run", "--message-format=json"],
        cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    ours = next(message["executable"] for line in built.stdout.splitlines()
                if (message := json.loads(line)).get("executable") and message["target"]["name"] == "ours")
    print(f"{os.cpu_count()} cores; best of {REPEATS}; " + ", ".join((HERE / "requirements.txt").read_text().split()[-3:]))
    print("seconds from Parquet / in memory, peak memory, and Casebook's time over the peer's\n")
    for millions in sizes:
        with tempfile.TemporaryDirectory(prefix="casebook-bench-") as folder:
            rows = int(subprocess.run([ours, "make", folder, str(int(millions * 1e6))], check=True,
                                      stdout=subprocess.PIPE, text=True).stdout)
            print(f"{rows:,} events")
            for task in ("activity", "funnel", "retention", "kmeans"):
                file, memory, peak, result = measured([ours, "time", folder, task, str(REPEATS)])
                print(f"  {task:<10} casebook      {file:7.2f} / {memory:6.2f} s  {peak:6.0f} MB")
                for peer in ("polars", "duckdb") if task != "kmeans" else ("scikit-learn",):
                    p_file, p_memory, p_peak, p_result = measured([python, __file__, "worker", peer, folder, task])
                    if [round(x) for x in result] != [round(x) for x in p_result]:
                        sys.exit(f"{task}: casebook says {result}, {peer} says {p_result}")
                    print(f"  {'':<10} {peer:<13} {p_file:7.2f} / {p_memory:6.2f} s  {p_peak:6.0f} MB"
                          f"   ratio {file / p_file:5.2f} / {memory / p_memory:5.2f}")


if __name__ == "__main__":
    main()
