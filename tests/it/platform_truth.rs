//! The experiment platform against its closed forms: what is planted is in the data.

use casebook::cases::platform::{self, Config, Effects, Looks, Metrics, Planted, Team};
use casebook::frame::Verbs;
use casebook::polars::prelude::*;

use crate::support;

/// A platform on which nothing has an effect and nothing is wrong, with one team.
fn nothing(looks: Looks, metrics: u32, clicks: f64, seed: u64) -> Config {
    Config {
        experiments: 500,
        teams: vec![Team { name: "all".into(), looks, metrics }],
        effects: Effects { positive: 0.0, negative: 0.0, ..Effects::default() },
        planted: Planted { share: 0.0, ..Planted::default() },
        metrics: Metrics {
            revenue: if clicks > 0.0 { 0.0 } else { 0.3 },
            clicks,
            ..Metrics::default()
        },
        seed,
        ..Config::default()
    }
}

/// The share of experiments for which something holds at the end.
fn share(config: impl Fn(u64) -> Config, keep: Expr) -> (f64, f64) {
    let (mut hits, mut all) = (0, 0);
    for seed in 0..support::seeds(3, 30) {
        let tables = platform::generate(&config(seed)).unwrap();
        hits += tables.experiments.keep(keep.clone()).unwrap().height();
        all += tables.experiments.height();
    }
    let share = hits as f64 / all as f64;
    (share, (share * (1.0 - share) / all as f64).sqrt())
}

fn agrees(what: &str, (found, error): (f64, f64), expected: f64) {
    let z = (found - expected) / error;
    assert!(z.abs() < 3.5, "{what}: {found} instead of {expected}, z = {z}");
}

#[test]
fn false_alarms_are_those_of_the_closed_forms() {
    let significant = col("p_value").lt(lit(0.05));
    let truth = platform::truth(&Config::default()).unwrap();
    assert!((truth.five_looks - 0.1417).abs() < 1e-4);
    let once = share(|seed| nothing(Looks::Once, 1, 0.0, seed), significant.clone());
    agrees("one look", once, 0.05);
    // Fourteen days are not five equal parts, but nearly.
    let five = share(
        |seed| Config { days: 15, ..nothing(Looks::Five, 1, 0.0, seed) },
        significant.clone(),
    );
    agrees("five looks", five, truth.five_looks);
    let daily = share(|seed| nothing(Looks::Daily, 1, 0.0, seed), significant.clone());
    agrees("daily looks", daily, truth.daily_looks);
    let naive = share(|seed| nothing(Looks::Once, 1, 1.0, seed), significant);
    agrees("sessions as if independent", naive, truth.naive_ratio);
    let shipped = col("decision").eq(lit("shipped"));
    let twenty = share(|seed| nothing(Looks::Once, 20, 0.0, seed), shipped);
    agrees("the best of twenty", twenty, truth.twenty_metrics);
}

#[test]
fn users_as_the_unit_are_right() {
    let (mut hits, mut all, mut mismatches) = (0, 0, 0);
    for seed in 0..support::seeds(3, 30) {
        let tables = platform::generate(&nothing(Looks::Once, 1, 1.0, seed)).unwrap();
        let found = platform::results(&tables).unwrap();
        hits += found.keep(col("p_value").lt(lit(0.05))).unwrap().height();
        mismatches += found.keep(col("mismatch")).unwrap().height();
        all += found.height();
    }
    let share = hits as f64 / all as f64;
    agrees("by user", (share, (0.05 * 0.95 / all as f64).sqrt()), 0.05);
    assert!(mismatches as f64 <= 0.001 * all as f64 + 4.0, "{mismatches} of {all}");
}

/// Each flaw moves what it should, and nothing else.
#[test]
fn what_is_planted_is_there() {
    let config = Config {
        experiments: 2_000,
        users_per_day: 20_000,
        effects: Effects { positive: 0.0, negative: 0.0, ..Effects::default() },
        planted: Planted { share: 0.1, ..Planted::default() },
        teams: vec![Team { name: "all".into(), looks: Looks::Once, metrics: 1 }],
        ..Config::default()
    };
    let tables = platform::generate(&config).unwrap();
    let truth = platform::truth(&config).unwrap().experiments;
    let found = platform::results(&tables).unwrap();
    let both = found.hstack(&[truth.column("flaw").unwrap().clone()]).unwrap();
    let mean = |flaw: &str, column: &str| {
        let rows = both.keep(col("flaw").eq(lit(flaw))).unwrap();
        (rows.scalar(col(column).mean()).unwrap(), rows.scalar(col(column).abs().mean()).unwrap())
    };
    let near = |value: f64, expected: f64| {
        assert!((value - expected).abs() < 0.004, "{value} instead of {expected}");
    };
    near(mean("redirect", "lift").0, (1.0 - 0.04 * 0.4) / 0.96 - 1.0);
    near(mean("novelty", "lift").0, 0.1);
    near(mean("one segment", "lift").0, 0.3 * 0.12);
    near(mean("harm the metric likes", "lift").0, 0.04);
    near(mean("harm the metric likes", "returning").0, -0.04);
    near(mean("carry-over", "lift").1, 0.04);
    near(mean("logging outage", "lift").1, 0.3 * 3.0 / 14.0);
    near(mean("none", "lift").0, 0.0);
    for flaw in ["none", "logging outage", "carry-over", "novelty", "one segment"] {
        let rows = both.keep(col("flaw").eq(lit(flaw)).and(col("mismatch"))).unwrap();
        assert!(rows.height() <= 4, "{flaw}: {}", rows.height());
    }
    let redirects = both.keep(col("flaw").eq(lit("redirect"))).unwrap();
    let alarms = redirects.keep(col("mismatch")).unwrap();
    assert_eq!(alarms.height(), redirects.height());
}
