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


def several_seasons(rng):
    from statsmodels.tsa.seasonal import MSTL
    made = []
    for periods, n, windows, rounds, trend, robust in [
        ((7, 30), 150, None, 2, None, False), ((7, 30), 200, None, 2, None, True), ((4, 12), 90, (9, 21), 3, None, False),
        ((24, 168), 400, None, 2, None, False), ((2, 5, 11), 70, None, 2, 35, False), ((7,), 84, None, 2, None, True),
    ]:
        y = sum(series(rng, n, period) for period in periods)
        found = MSTL(y, periods=periods, windows=windows, iterate=rounds,
                     stl_kwargs={"trend": trend, "robust": robust}).fit()
        seasonal = found.seasonal.reshape(n, len(periods)).T
        parts = (found.trend, *seasonal, found.resid, found.weights)
        made.append({"y": y.tolist(), "periods": periods, "windows": windows, "rounds": rounds, "trend": trend, "robust": robust,
                     "parts": [numbers(part) for part in parts]})
    return made


def forecasts(rng):
    """statsmodels' state-space models, at the highest likelihood: first states by least squares, as errors are linear in them, and the
    rest by a search that goes on where statsmodels' own stops early."""
    import pandas as pd
    from scipy.optimize import minimize
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel
    made = []
    while len(made) < 9:
        case = len(made)
        trend, period, horizon = ["none", "additive", "damped"][case % 3], [1, 4, 7][case // 3], 15
        n = [60, 75, 120][case // 3]
        # Made as the model says, so that the likelihood's top lies well inside.
        step, base = (0.0, 100.0) if trend == "none" else (0.3, 100.0)
        season = list(rng.normal(0, 8, period)) if period > 1 else [0.0]
        y = []
        for _ in range(n):
            off = rng.normal(0, 1.5)
            damping = {"none": 0.0, "additive": 1.0, "damped": 0.9}[trend]
            y.append(base + damping * step + season[0] + off)
            base, step = base + damping * step + 0.45 * off, damping * step + 0.2 * off * (trend != "none")
            season = [*season[1:], season[0] + 0.25 * off * (period > 1)]
        y = pd.Series(np.round(y, 3))
        kind = None if trend == "none" else "add"
        model, quick = [ETSModel(y, error="add", trend=kind, damped_trend=trend == "damped", seasonal="add" if period > 1 else None,
                                 seasonal_periods=period if period > 1 else None, initialization_method="estimated")
                        for y in (y, y.to_numpy())]
        shares = 1 + (trend != "none") + (period > 1) + (trend == "damped")
        states = len(model.param_names) - shares

        def whole(some):
            errors = lambda first: y.to_numpy() - quick.smooth(np.array([*some, *first]), return_raw=True)[0]
            start = errors(np.zeros(states))
            columns = np.column_stack([errors(unit) - start for unit in np.eye(states)])
            return np.array([*some, *np.linalg.lstsq(columns, -start, rcond=1e-9)[0]])

        def lost(some):
            inside = all(0 < share < 1 for share in some) and (kind is None or some[1] < some[0])
            inside = inside and (trend != "damped" or 0.8 <= some[-1] <= 0.98)
            inside = inside and (period == 1 or some[1 + (kind is not None)] < 1 - some[0])
            return -quick.loglike(whole(some)) if inside else 1e9

        best = np.array(model.fit(disp=False, maxiter=2000).params)[:shares]
        for _ in range(3):
            best = minimize(lost, best, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12, "maxiter": 1000}).x
        inner = [*best[:1], *(best[1:2] / best[0] if kind else []), *(best[1 + (kind is not None):][:period > 1] / (1 - best[0]))]
        if min(inner) < 0.01 or max(inner) > 0.99 or (trend == "damped" and not 0.81 < best[-1] < 0.97):
            continue  # At an edge, where each library has its own.
        found = model.smooth(whole(best))
        ahead = found.get_prediction(start=n, end=n + horizon - 1).summary_frame(alpha=0.1)
        made.append({"y": y.tolist(), "trend": trend, "period": period, "shares": numbers(best), "log_likelihood": number(found.llf),
                     "sigma": number(math.sqrt(np.mean(found.resid ** 2))),
                     "ahead": [numbers(ahead[name]) for name in ("mean", "pi_lower", "pi_upper")]})
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


def interruptions(rng):
    import statsmodels.api as sm
    made = []
    for case in range(30):
        n, season = int(rng.integers(25, 120)), [None, 4, 7][case % 3]
        at, lags = int(rng.integers(6, n - 6)), int(rng.integers(0, 7))
        time = np.arange(n) - at
        noise = np.zeros(n)
        for place in range(n):
            noise[place] = 0.5 * noise[place - 1] + rng.normal(0, 1 + place / n)
        y = np.round(50 + 0.2 * time + (time >= 0) * (3 + 0.4 * time) + noise, 3)
        columns = [np.ones(n), time, time >= 0, np.maximum(time, 0)]
        if season:
            turn = np.arange(n) % season
            columns += [(turn == place) * 1.0 - (turn == season - 1) for place in range(season - 1)]
        fit = sm.OLS(y, np.column_stack(columns).astype(float)).fit(
            cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}, use_t=True)
        mean = np.zeros(len(columns))
        mean[2], mean[3] = 1, (n - at - 1) / 2
        terms = [np.eye(len(columns))[place] for place in (1, 2, 3)] + [mean]
        found = [fit.t_test(term) for term in terms]
        made.append({"y": y.tolist(), "at": at, "lags": lags, "season": season, "terms": [
            numbers([one.effect[0], one.sd[0, 0], *one.conf_int()[0], one.pvalue]) for one in found]})
    return made


def discontinuities(rng):
    """Estimates from rdrobust, and the bandwidth from rdd, for numbers with a standard deviation of 1: rdd's rule depends on units."""
    import pandas as pd
    from rdd import rdd
    from rdrobust import rdrobust
    made = []
    for case in range(20):
        n = int(rng.integers(150, 400))
        x = rng.uniform(-1, 1, n) if case % 2 else rng.normal(0.1, 0.5, n)
        y = 1 + x - 0.6 * x ** 2 * (x > 0) + 0.5 * (x >= 0) + rng.normal(0, 0.3, n) * (1 + x ** 2)
        x, y = x / x.std(ddof=1), y / y.std(ddof=1)
        width = round(float(rng.uniform(0.5, 1.5)), 3)
        found = rdrobust(y, x, c=0, h=width, b=width, kernel="tri", vce="hc1")
        rows = [[found.coef.iloc[k, 0], found.se.iloc[k, 0], *found.ci.iloc[k], found.pv.iloc[k, 0]] for k in (0, 2)]
        made.append({"x": x.tolist(), "y": y.tolist(), "width": width, "rows": [numbers(row) for row in rows],
                     "rule": number(rdd.optimal_bandwidth(pd.Series(y), pd.Series(x)))})
    return made


def treatments(rng):
    """statsmodels' estimates and the errors of all its equations together, taken at the estimates themselves."""
    import statsmodels.api as sm
    from statsmodels.treatment.treatment_effects import TreatmentEffect
    made = []
    for case in range(12):
        n = int(rng.integers(80, 300))
        keen, seats = np.round(rng.normal(0, 1, n), 3), rng.integers(0, 2, n)
        on = (rng.random(n) < 1 / (1 + np.exp(-(0.8 * keen - 0.5 * seats)))).astype(float)
        y = np.round(2 + keen ** 2 + keen - seats + on * (1 + 0.5 * keen) + rng.normal(0, 1, n), 3)
        design = sm.add_constant(np.column_stack([keen, seats]))
        chances = sm.Logit(on, design).fit(disp=False, tol=1e-14, method="newton")
        study = TreatmentEffect(sm.OLS(y, design), on, results_select=chances)
        rows = [list(study.ipw(return_results=False))[:1], list(study.aipw(return_results=False))[:1]]
        for row, found in zip(rows, (study.ipw(), study.aipw())):
            gmm = found.results_gmm
            row.append(float(gmm.bse[0]))
        made.append({"on": on.tolist(), "keen": keen.tolist(), "seats": seats.tolist(), "y": y.tolist(),
                     "rows": [numbers(row) for row in rows]})
    return made


def everything():
    warnings.filterwarnings("ignore")
    return {name: make(np.random.default_rng(20260104 + place))
            for place, (name, make) in enumerate({"stl": seasons, "points": change_points, "interrupted": interruptions,
                                           "discontinuity": discontinuities, "treatment": treatments,
                                           "mstl": several_seasons, "forecast": forecasts}.items())}


if __name__ == "__main__":
    lines = ["%s: [\n%s\n]" % (json.dumps(name), ",\n".join(
        json.dumps(row, separators=(",", ":"), allow_nan=False) for row in rows)) for name, rows in everything().items()]
    print("{\n" + ",\n".join(lines) + "\n}")
