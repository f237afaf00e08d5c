#!/usr/bin/env python3
"""Runs independent implementations of experiments' statistics, for tests/it/reference/experiments.rs to compare with.

usage: experiments.py          prints experiments.json (run by `make.py experiments`)
"""

import json
import math

import numpy as np
from scipy.optimize import brentq
from scipy.stats import multivariate_normal, norm


def number(x):
    return float(f"{float(x):.15g}")


def numbers(values):
    return [number(x) for x in values]


def compact(rows):
    """One row a line: differences stay readable."""
    return "[\n" + ",\n".join(json.dumps(row, separators=(",", ":"), allow_nan=False) for row in rows) + "\n]"


# ---- several looks ---------------------------------------------------------------------------------

def sequences(rng):
    """gbstats' sequential test (GrowthBook), with its tuning parameter."""
    from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest
    from gbstats.models.statistics import SampleMeanStatistic
    made = []
    for case in range(60):
        n = int(rng.integers(8, 200))
        arm = rng.integers(0, 2, n)
        arm[:4] = [0, 1, 0, 1]
        value = np.round(rng.gamma(2, 10, n) + [0, 3, 12][case % 3] * arm, 3)
        tuning = [10, 200, 5000][case // 3 % 3]
        stats = [SampleMeanStatistic(n=int((arm == k).sum()), sum=value[arm == k].sum(), sum_squares=(value[arm == k] ** 2).sum())
                 for k in (0, 1)]
        test = SequentialTwoSidedTTest(*stats, SequentialConfig(difference_type="absolute", sequential_tuning_parameter=tuning))
        made.append({"arm": [int(x) for x in arm], "value": numbers(value), "tightest_at": tuning,
                     "found": numbers([*test.confidence_interval, test.p_value])})
    return made


def inside(limits, looks, drift):
    """The probability that z stays within its limits at all looks: SciPy's multivariate normal."""
    looks = np.array(looks)
    means = drift * np.sqrt(looks)
    covariance = np.sqrt(np.minimum.outer(looks, looks) / np.maximum.outer(looks, looks))
    limits = np.array(limits)
    if len(limits) == 1:
        return norm.cdf(limits[0] - means[0]) - norm.cdf(-limits[0] - means[0])
    law = multivariate_normal(means, covariance, maxpts=4_000_000, abseps=1e-8, releps=1e-8, seed=1)
    return law.cdf(limits, lower_limit=-limits)


def spent(spending, alpha, look):
    if spending == "O'Brien–Fleming":
        return 2 * (2 - 2 * norm.cdf(norm.ppf(1 - alpha / 4) / math.sqrt(look)))
    return alpha * math.log(1 + (math.e - 1) * look)


def looks():
    plans = [("O'Brien–Fleming", 0.05, [0.5, 1]), ("Pocock", 0.05, [0.5, 1]), ("O'Brien–Fleming", 0.01, [0.4, 0.5, 1]),
             ("Pocock", 0.1, [0.2, 0.7, 1]), ("O'Brien–Fleming", 0.05, [0.25, 0.5, 0.75, 1]), ("Pocock", 0.05, [0.2, 0.4, 0.6, 0.8, 1])]
    made = []
    for spending, alpha, shares in plans:
        limits = []
        for at in range(1, len(shares) + 1):
            keeps = 1 - spent(spending, alpha, shares[at - 1])
            limits.append(brentq(lambda z: inside([*limits, z], shares[:at], 0) - keeps, 0.5, 8, xtol=1e-7))
        made.append({"spending": spending, "alpha": alpha, "looks": shares, "limits": numbers(limits),
                     "power": [[drift, number(1 - inside(limits, shares, drift))] for drift in (1, 2.8, -3.5)]})
    return made


def peeking():
    """Naive looks, equally spaced: SciPy's multivariate normal."""
    return [[k, alpha, number(1 - inside([norm.ppf(1 - alpha / 2)] * k, [(j + 1) / k for j in range(k)], 0))]
            for k in (1, 2, 3, 5, 8) for alpha in (0.01, 0.05, 0.2)]


def main():
    rng = np.random.default_rng(23)
    made = {"sequences": sequences(rng), "looks": looks(), "peeking": peeking()}
    parts = [f"{json.dumps(name)}: {compact(rows)}" for name, rows in made.items()]
    print("{\n" + ",\n".join(parts) + "\n}")


if __name__ == "__main__":
    main()
