#!/usr/bin/env python3
"""Prints what statsmodels, ruptures and rdrobust make of series and studies, for tests/it/reference/change.rs.

usage: change.py      in an environment with requirements.txt; `make.py all` and `make.py change` run it
"""

import json
import math
import warnings

import numpy as np


def number(value):
    """JSON has no infinity and no NaN: null."""
    value = float(value)
    return value if math.isfinite(value) else None


def numbers(values):
    return [number(value) for value in values]


def series(rng, n, period):
    """A trend, a season, noise, and now and then something else."""
    at = np.arange(n)
    season = rng.normal(0, 8, period)[at % period]
    level = 100 + rng.normal(0, 0.3) * at + np.cumsum(rng.normal(0, 0.5, n))
    y = level + season + rng.normal(0, 2, n)
    for place in rng.integers(0, n, n // 40):
        y[place] += rng.normal(0, 60)
    return np.round(y, 3)


def seasons(rng):
    from statsmodels.tsa.seasonal import STL
    made = []
    for period, n, seasonal, trend, robust in [
        (7, 84, 7, None, False), (7, 120, 7, None, True), (7, 200, 13, 31, True), (12, 96, 35, None, False),
        (12, 61, 7, None, True), (4, 50, 9, 11, False), (24, 240, 7, None, True), (7, 17, 7, None, False),
        (2, 30, 5, None, True), (7, 14, 101, 101, False),
    ]:
        y = series(rng, n, period)
        found = STL(y, period=period, seasonal=seasonal, trend=trend, robust=robust).fit()
        parts = (found.trend, found.seasonal, found.resid, found.weights)
        made.append({"y": y.tolist(), "period": period, "seasonal": seasonal, "trend": trend, "robust": robust,
                     "parts": [numbers(part) for part in parts]})
    return made


def change_points(rng):
    """ruptures' PELT, and what its dynamic programming finds with as many segments. PELT's pruning there holds for segments of a
    single value; with more it may miss the best by a little."""
    import ruptures
    made = []
    for case in range(40):
        n = int(rng.integers(30, 160))
        cost, least = ["l2", "normal"][case % 2], [2, 3, 5][case % 3]
        y, spread = rng.normal(0, 1, n), rng.uniform(0.5, 2, 5)
        for piece, place in enumerate(sorted(rng.integers(0, n, case % 5))):
            y[place:] = y[place:] * (spread[piece] if cost == "normal" else 1) + rng.normal(0, 3)
        # Where the variance is 1, what ruptures adds to it, 1e-6, is the share of it that we add.
        y, penalty = (y - y.mean()) / y.std(), round(float(rng.uniform(3, 25)), 3)
        if cost == "l2":
            penalty /= 10
        search = ruptures.Pelt(model=cost, min_size=least, jump=1).fit(y)
        ends = search.predict(pen=penalty)
        exact = ruptures.Dynp(model=cost, min_size=least, jump=1).fit(y).predict(n_bkps=len(ends) - 1)
        made.append({"y": y.tolist(), "cost": cost, "least": least, "penalty": penalty,
                     "pelt": [int(end) for end in ends], "pelt_sum": number(search.cost.sum_of_costs(ends)),
                     "exact": [int(end) for end in exact]})
    return made


def everything():
    warnings.filterwarnings("ignore")
    return {name: make(np.random.default_rng(20260104 + place))
            for place, (name, make) in enumerate({"stl": seasons, "points": change_points}.items())}


if __name__ == "__main__":
    lines = ["%s: [\n%s\n]" % (json.dumps(name), ",\n".join(
        json.dumps(row, separators=(",", ":"), allow_nan=False) for row in rows)) for name, rows in everything().items()]
    print("{\n" + ",\n".join(lines) + "\n}")
