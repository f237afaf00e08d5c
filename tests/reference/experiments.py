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


# ---- other tests -----------------------------------------------------------------------------------

def users(rng, case):
    """Two arms, a value that two covariates explain in part, and a ratio of sums."""
    n = int(rng.integers(12, 300))
    arm = (rng.random(n) < [0.5, 0.3][case % 2]).astype(int)
    arm[:10] = [0, 1] * 5
    one, two = np.round(rng.gamma(2, 10, n), 3), np.round(rng.normal(0, 1, n), 3)
    value = np.round(0.5 * one + (4 + case % 3 * arm) * two + 3 * arm + rng.normal(0, 5, n), 3)
    views = rng.integers(1, 30, n)
    clicks = rng.binomial(views, rng.beta(1, 3, n))
    return {"arm": arm, "one": one, "two": two, "value": value, "clicks": clicks, "views": views}


def ratio(data):
    """tea-tasting: the delta method; statsmodels: two proportions as if every view were independent."""
    import pandas as pd
    import tea_tasting as tt
    from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest
    frame = pd.DataFrame({"variant": data["arm"], "clicks": data["clicks"], "views": data["views"]})
    found = tt.Experiment(x=tt.RatioOfMeans("clicks", "views")).analyze(frame)["x"]
    clicks = [int(data["clicks"][data["arm"] == k].sum()) for k in (1, 0)]
    views = [int(data["views"][data["arm"] == k].sum()) for k in (1, 0)]
    low, high = confint_proportions_2indep(clicks[0], views[0], clicks[1], views[1], method="newcomb", compare="diff")
    return numbers([found.control, found.treatment, found.effect_size, found.effect_size_ci_lower, found.effect_size_ci_upper,
                    found.statistic, found.pvalue, low, high, proportions_ztest(clicks, views)[1]])


def covariates(data):
    """statsmodels: CUPED by least squares and Welch's test; Lin's regression with HC2, and the users as a sample."""
    import statsmodels.api as sm
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW
    arm, value, before = data["arm"], data["value"], np.column_stack([data["one"], data["two"]])
    centred = before - before.mean(axis=0)
    fit = sm.OLS(value, sm.add_constant(centred)).fit()
    adjusted = value - centred @ fit.params[1:]
    welch = CompareMeans(DescrStatsW(adjusted[arm == 1]), DescrStatsW(adjusted[arm == 0]))
    t, p, df = welch.ttest_ind(usevar="unequal")
    cuped = [*fit.params[1:], 1 - fit.rsquared, t, p, df, *welch.tconfint_diff(usevar="unequal")]
    lin = sm.OLS(value, np.column_stack([np.ones(len(arm)), arm, centred, arm[:, None] * centred])).fit(cov_type="HC2")
    slopes = lin.params[4:]
    se = math.sqrt(lin.bse[1] ** 2 + slopes @ np.cov(before.T) @ slopes / len(arm))
    return {"cuped": numbers(cuped), "lin": numbers([lin.params[1], se, lin.df_resid])}


def guardrail(data):
    """statsmodels: a one-sided test against a margin, and its interval."""
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW
    welch = CompareMeans(DescrStatsW(data["value"][data["arm"] == 1]), DescrStatsW(data["value"][data["arm"] == 0]))
    t, p, df = welch.ttest_ind(alternative="larger", usevar="unequal", value=-2.0)
    up = welch.ttest_ind(alternative="smaller", usevar="unequal", value=2.0)
    return numbers([t, p, df, *welch.tconfint_diff(alpha=0.1, usevar="unequal"), up[0], up[1]])


def cases(rng):
    from statsmodels.stats.multitest import multipletests
    made = []
    for case in range(60):
        data = users(rng, case)
        p_values = np.round(rng.random(12) ** 3, 6)
        made.append({name: [number(x) if x.dtype.kind == "f" else int(x) for x in column] for name, column in data.items()}
                    | {"ratio": ratio(data), "guardrail": guardrail(data), "p_values": numbers(p_values),
                       "holm": numbers(multipletests(p_values, method="holm")[1])} | covariates(data))
    return made


def margins():
    """statsmodels: the power of a one-sided t test, margin and difference together being its effect."""
    from statsmodels.stats.power import TTestIndPower
    return [[margin, difference, users, ratio, alpha,
             number(TTestIndPower().power((margin + difference) / 2, users, alpha, ratio=ratio, alternative="larger"))]
            for margin in (0.2, 1.0) for difference in (-0.1, 0, 0.3) for users in (5, 40, 1000) for ratio in (1, 2)
            for alpha in (0.025, 0.1)]


def shares_of_several():
    """SciPy's quadrature, on the scale of shares: the probability to be best, and the expected loss."""
    from scipy.integrate import quad
    from scipy.stats import beta
    made = []
    for prior, arms in [((1, 1), [(30, 100), (45, 100)]), ((2, 5), [(3, 20), (6, 25), (5, 18)]), ((1, 1), [(0, 40), (1, 40)]),
                        ((10, 90), [(120, 1000), (100, 900), (130, 1100), (9, 50)])]:
        laws = [beta(prior[0] + hits, prior[1] + users - hits) for hits, users in arms]
        ends = sorted({end for law in laws for end in law.ppf([1e-12, 1e-6, 0.01, 0.25, 0.5, 0.75, 0.99, 1 - 1e-6, 1 - 1e-12])})

        def whole(of):
            return sum(quad(of, a, b, epsabs=1e-13, epsrel=1e-11)[0] for a, b in zip([0, *ends], [*ends, 1]))
        best, loss = [], []
        for k, law in enumerate(laws):
            others = [other for j, other in enumerate(laws) if j != k]
            best.append(whole(lambda x: law.pdf(x) * math.prod(other.cdf(x) for other in others)))
            loss.append(whole(lambda x: law.cdf(x) * (1 - math.prod(other.cdf(x) for other in others))))
        made.append({"prior": prior, "arms": arms, "best": numbers(best), "loss": numbers(loss),
                     "low": numbers(law.ppf(0.025) for law in laws), "high": numbers(law.ppf(0.975) for law in laws)})
    return made


def believed_means(rng):
    """gbstats (GrowthBook): the chance to win and the risks of two arms of which nothing is believed before."""
    from gbstats.bayesian.tests import EffectBayesianABTest, EffectBayesianConfig
    from gbstats.models.statistics import SampleMeanStatistic
    made = []
    for case in range(40):
        data = users(rng, case)
        stats = [SampleMeanStatistic(n=int((data["arm"] == k).sum()), sum=data["value"][data["arm"] == k].sum(),
                                     sum_squares=(data["value"][data["arm"] == k] ** 2).sum()) for k in (0, 1)]
        found = EffectBayesianABTest(*stats, EffectBayesianConfig(difference_type="absolute")).compute_result()
        made.append({"arm": [int(x) for x in data["arm"]], "value": numbers(data["value"]),
                     "found": numbers([found.chance_to_win, *found.risk])})
    return made


def main():
    rng = np.random.default_rng(23)
    made = {"sequences": sequences(rng), "looks": looks(), "peeking": peeking(), "cases": cases(rng), "margins": margins(),
            "shares": shares_of_several(), "means": believed_means(rng)}
    parts = [f"{json.dumps(name)}: {compact(rows)}" for name, rows in made.items()]
    print("{\n" + ",\n".join(parts) + "\n}")


if __name__ == "__main__":
    main()
