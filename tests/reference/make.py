#!/usr/bin/env python3
"""Runs independent implementations on generated data, for tests/it/reference.rs to compare with.

usage: make.py all              makes datasets.json, python.json, change.json, experiments.json, sql.json, clickhouse.json
                                and posthog.json again, in environments and on a PostgreSQL server of its own
       make.py change           makes change.json again
       make.py funnels          makes clickhouse.json and posthog.json again
       make.py experiments      makes experiments.json again
       make.py sql URL          prints what PostgreSQL makes of datasets.json; needs only psql
       make.py python           prints datasets.json and python.json's content (run by `all`)
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import venv

HERE = pathlib.Path(__file__).resolve().parent
QUERIES = ["activity", "lifecycle", "funnel", "retention", "cohorts"]
HOUR = 3600
DAY = 24 * HOUR


def compact(rows):
    """One row a line: differences stay readable."""
    return "[\n" + ",\n".join(json.dumps(row, separators=(",", ":"), allow_nan=False) for row in rows) + "\n]\n"


# ---- data ----------------------------------------------------------------------------------------

def moment(text):
    import datetime
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc).timestamp())


# name, first moment, days, users, zone
KINDS = [
    ("one user", "2024-01-03", 45, 1, "UTC"),
    ("all simultaneous", "2024-06-01", 1, 8, "UTC"),
    ("everyone churned", "2024-02-10", 60, 12, "UTC"),
    ("gaps", "2023-03-01", 200, 10, "UTC"),
    ("leap day", "2024-02-20", 40, 12, "UTC"),
    ("no leap day", "2023-02-20", 40, 12, "UTC"),
    ("year end", "2023-12-10", 45, 12, "UTC"),
    ("clocks go forward", "2024-03-20", 40, 12, "Europe/Berlin"),
    ("clocks go back", "2024-10-20", 40, 12, "America/New_York"),
    ("far east", "2024-07-01", 50, 10, "Pacific/Auckland"),
    ("dense", "2024-05-01", 20, 25, "UTC"),
]


def events(rng):
    """Moments lie on whole hours, so that many coincide, and stand at midnight or at a window's end."""
    made = []
    for number in range(220):
        name, first, days, people, zone = KINDS[number % len(KINDS)]
        start = moment(first)
        if name == "all simultaneous":
            hours = [0]
        elif name == "everyone churned":
            hours = list(range(48)) + [days * 24 - 1]
        elif name == "gaps":
            hours = [h for h in range(days * 24) if (h // 24) % 60 < 8]
        else:
            hours = list(range(days * 24))
        users = [[u + 1, start + HOUR * int(rng.choice(hours[: max(1, len(hours) // 2)]))] for u in range(people)]
        rows = []
        for user, signup in users:
            # Some never come; some come before they sign up, and must not count.
            for _ in range(int(rng.integers(0, 14))):
                offset = int(rng.choice(hours)) if rng.random() < 0.3 else int(rng.exponential(60))
                at = start if name == "all simultaneous" else signup + HOUR * offset
                if name == "everyone churned":
                    at = min(at, start + 50 * HOUR)
                at = min(at, start + days * DAY - HOUR)
                rows.append([user, at, str(rng.choice(["visit", "visit", "cart", "buy", "other"]))])
        if not rows:
            rows.append([1, start, "visit"])
        made.append({"name": f"{name} {number}", "zone": zone, "hours": int(rng.choice([1, 6, 24, 72])),
                     "users": users, "events": rows})
    return made


# ---- Python's libraries ----------------------------------------------------------------------------

def number(value):
    """JSON has no infinity and no NaN: null."""
    import math
    value = float(value)
    return value if math.isfinite(value) else None


def survival(rng):
    import numpy as np
    from lifelines import KaplanMeierFitter
    from lifelines.statistics import multivariate_logrank_test
    from lifelines.utils import median_survival_times, restricted_mean_survival_time
    from scipy.stats import chi2
    made = []
    for case in range(200):
        n = int(rng.integers(2, 60))
        durations = rng.integers(1, 25, n) if case % 2 else np.round(rng.exponential(8, n) + 0.01, 3)
        observed = rng.random(n) < [0.0, 0.3, 0.7, 1.0][case % 4]
        if case % 10 == 9:
            durations = np.full(n, 5)  # all at the same time
        group = rng.integers(0, 2 + case % 3, n)
        group[:2] = [0, 1]
        fit = KaplanMeierFitter().fit(durations, observed)
        interval = fit.confidence_interval_
        horizon = float(np.max(durations)) * 0.7
        table = fit.event_table
        curve = [[number(t), number(s), number(low), number(high)] for t, s, (low, high) in
                 zip(fit.survival_function_.index, fit.survival_function_.iloc[:, 0], interval.values)]
        # The restricted mean's variance: lifelines gives that of a lifetime, not of the mean.
        steps = fit.survival_function_.iloc[:, 0]
        variance = 0.0
        for t, row in table.iterrows():
            n_t, d_t = row["at_risk"], row["observed"]
            if t < horizon and 0 < d_t < n_t:
                later = [t, *[s for s in steps.index if t < s < horizon], horizon]
                area = sum(steps.asof(a) * (b - a) for a, b in zip(later, later[1:]))
                variance += area ** 2 * d_t / (n_t * (n_t - d_t))
        test = multivariate_logrank_test(durations, group, observed)
        events = int(observed.sum())
        medians = median_survival_times(interval)
        made.append({
            "duration": [number(x) for x in durations], "observed": [int(x) for x in observed],
            "group": [int(x) for x in group], "curve": curve,
            # lifelines multiplies by way of logarithms, so that a survival of exactly one half may miss it.
            "median": next((number(t) for t, s in steps.items() if s <= 0.5 + 1e-9), None),
            "median_bounds": [number(x) for x in medians.values[0]],
            "horizon": horizon, "mean": number(restricted_mean_survival_time(fit, t=horizon)),
            "se": number(variance ** 0.5),
            "log_rank": number(test.test_statistic), "p_value": number(test.p_value),
            "hazard": [number(x / durations.sum()) for x in
                       (events, chi2.ppf(0.025, 2 * events) / 2 if events else 0, chi2.ppf(0.975, 2 * events + 2) / 2)],
        })
    return made


def competing(rng):
    """Cumulative incidences without ties, which lifelines would break by chance."""
    import numpy as np
    from lifelines import AalenJohansenFitter
    made = []
    for case in range(60):
        n = int(rng.integers(5, 80))
        durations = np.round(rng.exponential(8, n) + 0.01, 6)
        while len(set(durations)) < n:
            durations = np.round(rng.exponential(8, n) + 0.01, 6)
        outcome = rng.choice(3, n, p=[(0.0, 0.6, 0.4), (0.3, 0.4, 0.3), (0.6, 0.2, 0.2)][case % 3])
        outcome[:2] = [1, 2]
        curves = []
        for event in (1, 2):
            fit = AalenJohansenFitter(calculate_variance=True).fit(durations, outcome, event_of_interest=event)
            rows = zip(fit.cumulative_density_.index, fit.cumulative_density_.iloc[:, 0], fit.confidence_interval_.values)
            curves.append([[number(t), number(s), number(ends[0]), number(ends[1])] for t, s, ends in rows])
        made.append({"duration": [number(x) for x in durations], "outcome": [int(x) for x in outcome], "curves": curves})
    return made


def tests(rng):
    import numpy as np
    import statsmodels.api as sm
    from scipy.stats import chisquare
    from statsmodels.sandbox.regression.gmm import IV2SLS
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW
    made = []
    for case in range(200):
        n = int(rng.integers(6, 400))
        arm = rng.integers(0, 2, n)
        arm[:4] = [0, 1, 0, 1]
        before = np.round(rng.gamma(2, 10, n), 3)
        taken = ((rng.random(n) < 0.6) & (arm == 1)).astype(int) | (rng.random(n) < 0.1 * (case % 3)).astype(int)
        value = np.round(0.5 * before + 3 * taken + rng.normal(0, 5, n), 3)
        hit = (rng.random(n) < [0.02, 0.3, 0.5, 0.9][case % 4] + 0.05 * arm).astype(int)
        hits = [int(hit[arm == 1].sum()), int(hit[arm == 0].sum())]
        sizes = [int((arm == 1).sum()), int((arm == 0).sum())]
        z, p = proportions_ztest(hits, sizes)
        newcombe = confint_proportions_2indep(hits[0], sizes[0], hits[1], sizes[1], method="newcomb", compare="diff")
        welch = CompareMeans(DescrStatsW(value[arm == 1]), DescrStatsW(value[arm == 0]))
        t, p_t, df = welch.ttest_ind(usevar="unequal")
        theta = sm.OLS(value, sm.add_constant(before)).fit().params[1]
        adjusted = value - theta * (before - before.mean())
        cuped = CompareMeans(DescrStatsW(adjusted[arm == 1]), DescrStatsW(adjusted[arm == 0]))
        ct, cp, cdf = cuped.ttest_ind(usevar="unequal")
        iv = IV2SLS(value, sm.add_constant(taken), sm.add_constant(arm)).fit()
        residual = value - iv.params[0] - iv.params[1] * taken
        centred = arm - arm.mean()
        robust = np.sqrt(((centred * residual) ** 2).sum()) / abs((centred * (taken - taken.mean())).sum())
        ratio = chisquare([sizes[1], sizes[0]], [n * 0.4, n * 0.6])
        p_values = np.round(rng.random(12) ** 3, 6)
        made.append({
            "arm": [int(x) for x in arm], "before": list(map(number, before)), "taken": [int(x) for x in taken],
            "value": list(map(number, value)), "hit": [int(x) for x in hit],
            "wilson": [number(x) for x in proportion_confint(hits[0], sizes[0], method="wilson")],
            "proportions": [number(x) for x in (z, p, *newcombe)],
            "welch": [number(x) for x in (t, p_t, df, *welch.tconfint_diff(usevar="unequal"))],
            "cuped": [number(x) for x in (theta, ct, cp, cdf, *cuped.tconfint_diff(usevar="unequal"))],
            "complier": [number(iv.params[1]), number(robust)],
            "ratio": [number(ratio.statistic), number(ratio.pvalue)],
            "p_values": list(map(number, p_values)),
            "adjusted": [number(x) for x in multipletests(p_values, method="fdr_bh")[1]],
        })
    return made


def power():
    from statsmodels.stats.power import TTestIndPower
    from statsmodels.stats.proportion import power_proportions_2indep
    # statsmodels counts from the treatment: users in it, and users in control for each of them.
    shares = [[base, rise, users * ratio, 1 / ratio, alpha,
               number(power_proportions_2indep(rise, base, users, ratio=ratio, alpha=alpha, return_results=False))]
              for base in (0.01, 0.3, 0.6) for rise in (-0.005, 0.02, 0.05, 0.3)
              for users in (10, 500, 20_000) for ratio in (1, 2) for alpha in (0.01, 0.05)]
    means = [[effect, users, ratio, alpha,
              number(TTestIndPower().power(effect, users, alpha, ratio=ratio, alternative="two-sided"))]
             for effect in (0.02, 0.2, 0.5, 1.5) for users in (2, 5, 40, 1_000) for ratio in (1, 2)
             for alpha in (0.01, 0.05)]
    return {"proportions": shares, "means": means}


def clusters(rng):
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.metrics import adjusted_rand_score, silhouette_score
    from sklearn.preprocessing import StandardScaler
    made = []
    for case in range(60):
        k, dims = 2 + case % 4, 2 + case % 3
        n = int(rng.integers(20, 90))
        truth = rng.integers(0, k, n)
        spread = [0.3, 1.0, 3.0][case % 3]  # from well apart to hardly
        points = np.round(rng.normal(0, 4, (k, dims))[truth] + rng.normal(0, spread, (n, dims)), 3)
        scaled = StandardScaler().fit_transform(points)
        start = np.round(scaled[rng.choice(n, k, replace=False)], 6)
        fit = KMeans(k, init=start, n_init=1, tol=0, max_iter=1_000, algorithm="lloyd").fit(scaled)
        pca = PCA().fit(scaled)
        made.append({
            "points": points.tolist(), "start": start.tolist(), "truth": truth.tolist(),
            "labels": fit.labels_.tolist(), "centroids": fit.cluster_centers_.tolist(),
            "inertia": number(fit.inertia_), "silhouette": number(silhouette_score(scaled, fit.labels_)),
            "rand": number(adjusted_rand_score(truth, fit.labels_)),
            "components": np.abs(pca.components_).tolist(), "explained": pca.explained_variance_ratio_.tolist(),
        })
    return made


def optima():
    """How low scikit-learn's k-means gets with its ten starts, by twenty seeds: on customers, and on groups that
    overlap more and more."""
    import csv
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler
    with open(HERE.parent.parent / "data" / "samples" / "customers.csv") as file:
        rows = [[float(row[name]) for name in ("orders", "spent", "days_since_last")] for row in csv.DictReader(file)]
    rng = np.random.default_rng(20260303)
    sets = [np.array(rows)]
    for groups, dims, n, spread in [(4, 2, 400, 1), (6, 3, 600, 2), (3, 2, 800, 3)]:
        centres = rng.normal(0, 4, (groups, dims))
        sets.append(np.round(centres[rng.integers(0, groups, n)] + rng.normal(0, spread, (n, dims)), 3))
    made = []
    for points in sets:
        scaled = StandardScaler().fit_transform(points)
        inertia = [sorted(number(KMeans(k, n_init=10, tol=0, max_iter=1_000, random_state=seed).fit(scaled).inertia_)
                          for seed in range(20)) for k in range(2, 9)]
        made.append({"points": points.tolist(), "k": list(range(2, 9)), "inertia": inertia})
    return made


def spread(rng):
    import numpy as np
    made = []
    for case in range(40):
        values = np.round(rng.pareto(1.5, int(rng.integers(1, 80))) * 10, 2)
        n, total = len(values), values.sum()
        gini = np.abs(values[:, None] - values[None, :]).sum() / (2 * n * n * values.mean())
        top = np.sort(values)[::-1]
        count = n / 10
        whole = int(count)
        share = (top[:whole].sum() + (count - whole) * top[min(whole, n - 1)]) / total
        made.append({"values": values.tolist(), "gini": number(gini), "top": number(share)})
    return made


def buyers():
    """Customers as BG/NBD and Gamma-Gamma describe them, and what lifetimes makes of them."""
    import numpy as np
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    rng = np.random.default_rng(20260202)
    sets = []
    for r, alpha, a, b in [(0.25, 4.5, 0.8, 2.4), (1.2, 30.0, 0.8, 4.0), (0.6, 10.0, 1.5, 3.0)]:
        rows = []
        for _ in range(400):
            age, rate, leaves = rng.uniform(40, 300), rng.gamma(r, 1 / alpha), rng.beta(a, b)
            at, repeats, last = rng.exponential(1 / rate), 0, 0.0
            while at <= age:
                repeats, last = repeats + 1, at
                if rng.uniform() < leaves:
                    break
                at += rng.exponential(1 / rate)
            mean = rng.gamma(6.0 * repeats, 1 / (rng.gamma(4.0, 1 / 15.0) * repeats)) if repeats else None
            rows.append((repeats, last, age, mean))
        x, recency, age = (np.array([row[column] for row in rows], dtype=float) for column in range(3))
        model = BetaGeoFitter().fit(x, recency, age)
        again = [row for row in rows if row[0]]
        count, mean = (np.array([row[column] for row in again], dtype=float) for column in (0, 3))
        money = GammaGammaFitter().fit(count, mean)
        sets.append({
            "customers": [[None if value is None else number(value) for value in row] for row in rows],
            "bg_nbd": [number(model.params_[name]) for name in ("r", "alpha", "a", "b")],
            "alive": [number(value) for value in model.conditional_probability_alive(x, recency, age)],
            "expected": [number(value) for value in
                         model.conditional_expected_number_of_purchases_up_to_time(45, x, recency, age)],
            "gamma_gamma": [number(money.params_[name]) for name in ("p", "q", "v")],
            "amounts": [number(value) for value in money.conditional_expected_average_profit(count, mean)],
        })
    return sets


def strata():
    """Two-by-two tables by stratum, and the risk ratio pooled over them."""
    import numpy as np
    from statsmodels.stats.contingency_tables import StratifiedTable
    rng = np.random.default_rng(20260102)
    made = []
    for _ in range(60):
        tables = []
        for _ in range(int(rng.integers(1, 6))):
            exposed, others = rng.integers(5, 60, 2)
            base = rng.uniform(0.1, 0.4)
            hits = rng.binomial(exposed, min(0.95, 1.6 * base)), rng.binomial(others, base)
            tables.append([[int(hits[0]), int(exposed - hits[0])], [int(hits[1]) + 1, int(others - hits[1])]])
        found = StratifiedTable([np.array(table) for table in tables])
        made.append({"tables": tables, "ratio": number(found.riskratio_pooled)})
    return made


def python():
    import warnings
    import numpy as np
    warnings.filterwarnings("ignore")
    rng = np.random.default_rng(20260101)
    return {"datasets": events(rng), "survival": survival(rng), "tests": tests(rng), "power": power(),
            "clusters": clusters(rng), "concentration": spread(rng), "buyers": buyers(),
            "strata": strata(), "optima": optima(), "competing": competing(np.random.default_rng(20260103))}


# ---- SQL -------------------------------------------------------------------------------------------

def sql(url):
    """Loads the datasets and runs the queries; rows as PostgreSQL's own JSON."""
    datasets = json.loads((HERE / "datasets.json").read_text())
    script = ["SET timezone = 'UTC';",
              "CREATE TEMP TABLE datasets (dataset int PRIMARY KEY, zone text, hours int);",
              "CREATE TEMP TABLE users (dataset int, user_id int, signup_at timestamptz);",
              "CREATE TEMP TABLE raw (dataset int, user_id int, at bigint, event text);",
              "CREATE TEMP TABLE people (dataset int, user_id int, at bigint);"]

    def copy(table, rows):
        script.append(f"COPY {table} FROM STDIN;")
        script.extend("\t".join(map(str, row)) for row in rows)
        script.append("\\.")

    copy("datasets", [(n, d["zone"], d["hours"]) for n, d in enumerate(datasets)])
    copy("raw", [(n, *row) for n, d in enumerate(datasets) for row in d["events"]])
    copy("people", [(n, *row) for n, d in enumerate(datasets) for row in d["users"]])
    script.append("CREATE TEMP TABLE events AS SELECT dataset, user_id, to_timestamp(at) AS at, event FROM raw;")
    script.append("INSERT INTO users SELECT dataset, user_id, to_timestamp(at) FROM people;")
    script.append("CREATE INDEX ON events (dataset, user_id, event, at); ANALYZE events; ANALYZE users;")
    for query in QUERIES:
        text = (HERE / "sql" / f"{query}.sql").read_text()
        script.append(f"SELECT json_build_object('query', '{query}', 'rows', json_agg(t)) FROM (\n{text}) t;")
    done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url],
                          input="\n".join(script), capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    found = {}
    for document in done.stdout.split('{"query" : ')[1:]:
        document = json.loads('{"query" : ' + document)
        found[document["query"]] = [list(row.values()) for row in document["rows"]]
    lines = [f"{json.dumps(query)}: {compact(found[query]).strip()}" for query in QUERIES]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def funnels():
    """ClickHouse comes with a quarter of a gigabyte, and with other libraries than those above: apart from them."""
    with tempfile.TemporaryDirectory(prefix="casebook-reference-") as folder:
        print("installing ClickHouse, about 1 minute", file=sys.stderr)
        venv.create(folder, with_pip=True)
        own = pathlib.Path(folder) / "bin" / "python"
        subprocess.run([own, "-m", "pip", "install", "-q", "-r", HERE / "requirements-funnels.txt"], check=True)
        for name in ["clickhouse", "posthog"]:
            made = subprocess.run([own, HERE / "funnels.py", name], check=True, capture_output=True, text=True).stdout
            (HERE / f"{name}.json").write_text(made)


# What each program needs, and how long it takes. gbstats wants older libraries than the others.
PROGRAMS = {
    "change": ("requirements.txt", "installing the independent implementations, and running them, about 2 minutes"),
    "experiments": ("requirements-experiments.txt", "installing gbstats and tea-tasting, and running them, about 3 minutes"),
}


def made_by(name):
    """Writes NAME.json from what NAME.py prints in an environment of its own."""
    requirements, told = PROGRAMS[name]
    with tempfile.TemporaryDirectory(prefix="casebook-reference-") as folder:
        print(told, file=sys.stderr)
        venv.create(folder, with_pip=True)
        own = pathlib.Path(folder) / "bin" / "python"
        subprocess.run([own, "-m", "pip", "install", "-q", "-r", HERE / requirements], check=True)
        made = subprocess.run([own, HERE / f"{name}.py"], check=True, capture_output=True, text=True).stdout
        (HERE / f"{name}.json").write_text(made)


def everything():
    funnels()
    for name in PROGRAMS:
        made_by(name)
    with tempfile.TemporaryDirectory(prefix="casebook-reference-") as folder:
        print("installing the independent implementations, about 1 minute", file=sys.stderr)
        venv.create(folder, with_pip=True)
        own = pathlib.Path(folder) / "bin" / "python"
        subprocess.run([own, "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"], check=True)
        print("running them", file=sys.stderr)
        made = json.loads(subprocess.run([own, __file__, "python"], check=True, capture_output=True, text=True).stdout)
    (HERE / "datasets.json").write_text(compact(made.pop("datasets")))
    power_tables = made.pop("power")
    parts = [f"{json.dumps(name)}: {compact(rows).strip()}" for name, rows in made.items()]
    parts.append('"power": {' + ", ".join(f"{json.dumps(k)}: {compact(v).strip()}" for k, v in power_tables.items()) + "}")
    (HERE / "python.json").write_text("{\n" + ",\n".join(parts) + "\n}\n")
    server = HERE.parent / "postgres.py"
    found = subprocess.run([sys.executable, server, "run", sys.executable, __file__, "sql", "-"],
                           check=True, capture_output=True, text=True)
    (HERE / "sql.json").write_text(found.stdout)


def main():
    match sys.argv[1:]:
        case ["all"]:
            everything()
        case ["funnels"]:
            funnels()
        case [name] if name in PROGRAMS:
            made_by(name)
        case ["python"]:
            print(json.dumps(python(), allow_nan=False))
        case ["sql", url]:
            print(sql(os.environ["DATABASE_URL"] if url == "-" else url), end="")
        case _:
            sys.exit(__doc__.strip())


if __name__ == "__main__":
    main()
