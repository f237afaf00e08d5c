//! The metric that moved: twins share their randomness, counts have the expectation that the truth states, and the analysis recovers
//! what was planted.

use casebook::cases::diagnosis::{self, Cause, Causes, Config, Tables};
use casebook::polars::prelude::*;
use casebook::prelude::Verbs;

use crate::support;

/// Weekly active users: in the four weeks of reference, on average, and in the last.
fn counts(tables: &Tables) -> (f64, f64) {
    let weeks = tables.weekly.agg_by("week", col("active_users").sum()).unwrap();
    let weeks = weeks.sort(["week"], Default::default()).unwrap();
    let active: Vec<i64> =
        weeks.column("active_users").unwrap().i64().unwrap().iter().flatten().collect();
    (active[93..97].iter().sum::<i64>() as f64 / 4.0, active[103] as f64)
}

#[test]
fn the_same_config_gives_the_same_bytes_and_a_twin_the_same_past() {
    let config = Config { signups: 60.0, ..Config::default() };
    let base = diagnosis::generate(&config).unwrap();
    assert_eq!(diagnosis::generate(&config).unwrap(), base);
    let planted = config.planted();
    for cause in Cause::ALL {
        let twin = diagnosis::generate(&config.without(cause)).unwrap();
        if planted.of(cause) <= 0.0 {
            assert_eq!(twin, base, "{cause:?} did not happen");
            continue;
        }
        assert_ne!(twin, base, "{cause:?}");
        // Before the first of them all weeks are the same, except last year's holidays.
        let first = |tables: &Tables| tables.weekly.head(Some(36 * 50));
        assert_eq!(first(&twin), first(&base));
        if cause != Cause::Season {
            let early = |tables: &Tables| tables.weekly.head(Some(36 * 97));
            assert_eq!(early(&twin), early(&base), "{cause:?}");
        }
    }
}

/// Where a cause doesn't reach, nothing changes.
#[test]
fn others_stay_as_they_are() {
    let causes = Causes { release: Some(0.2), competitor: Some(0.2), ..Causes::none() };
    let config = Config { signups: 60.0, causes, ..Config::default() };
    let base = diagnosis::generate(&config).unwrap();
    let of = |tables: &Tables, keep: Expr| tables.weekly.keep(keep).unwrap();
    let not_german = || col("country").neq(lit("DE"));
    let twin = diagnosis::generate(&config.without(Cause::Competitor)).unwrap();
    assert_eq!(of(&twin, not_german()), of(&base, not_german()));
    assert_ne!(twin.weekly, base.weekly);
    assert_eq!(twin.users, base.users);
    let planned = || {
        let codes = ["US", "FR", "IT", "BR"].map(|code| col("country").eq(lit(code)));
        codes.into_iter().fold(lit(false), |any, own| any.or(own))
    };
    let twin = diagnosis::generate(&config.without(Cause::Release)).unwrap();
    assert_eq!(of(&twin, planned()), of(&base, planned()));
    assert!(twin.activity.height() > base.activity.height());
}

/// Counts scatter around the expectation that the truth states.
#[test]
fn counts_have_the_expectation_of_the_truth() {
    let seeds = support::seeds(12, 100);
    let mut sums = [[0.0; 2]; 2];
    for seed in 0..seeds {
        let config = Config { seed, signups: 100.0, ..Config::default() };
        let truth = diagnosis::truth(&config).unwrap();
        let (reference, last) = counts(&diagnosis::generate(&config).unwrap());
        // A user's chance to be active has a variance of a fifth, more or less.
        let sd = (0.22 * truth.last).sqrt();
        for (sum, z) in sums.iter_mut().zip([
            (reference - truth.reference) / (0.22 * truth.reference / 4.0).sqrt(),
            (last - truth.last) / sd,
        ]) {
            sum[0] += z;
            sum[1] += z * z;
        }
    }
    let n = seeds as f64;
    for [sum, squares] in sums {
        let (mean, square) = (sum / n, squares / n);
        assert!(mean.abs() < 3.5 / n.sqrt(), "mean z = {mean}");
        assert!((0.2..2.2).contains(&square), "mean square of z = {square}");
    }
}

/// Estimates are right on average, and their intervals hold the truth about as often as they say.
#[test]
fn the_analysis_recovers_what_was_planted() {
    let seeds = support::seeds(12, 100);
    let mut off = [[0.0_f64; 3]; 6];
    let mut first = 0;
    for seed in 0..seeds {
        let config = Config { seed, ..Config::default() };
        let truth = diagnosis::truth(&config).unwrap();
        let found = diagnosis::diagnose(&diagnosis::generate(&config).unwrap()).unwrap();
        let (mut most, mut largest) = (0.0, None);
        for (cause, sums) in Cause::ALL.into_iter().zip(&mut off) {
            let of =
                |column: &str| found.contributions.value(column, "cause", cause.name()).unwrap();
            let undone = truth.shares.value("undone", "cause", cause.name()).unwrap();
            sums[0] += of("users") - undone;
            sums[1] += (of("users") - undone).powi(2);
            sums[2] +=
                f64::from(u8::from((of("low") - 1e-6..=of("high") + 1e-6).contains(&undone)));
            if undone < most {
                (most, largest) = (undone, Some(cause));
            }
        }
        first += u64::from(Some(found.largest().unwrap()) == largest);
    }
    let n = seeds as f64;
    for (cause, [sum, squares, held]) in Cause::ALL.into_iter().zip(off) {
        let (mean, rms) = (sum / n, (squares / n).sqrt());
        println!("{cause:?}: mean error {mean:.1}, root mean square {rms:.1}, held {held} of {n}");
        assert!(mean.abs() <= 0.5 * rms + 3.0 * rms / n.sqrt() + 1e-9, "{cause:?}: {mean}, {rms}");
        assert!(held / n >= 0.7, "{cause:?}: {held} of {n} intervals hold the truth");
    }
    println!("the largest cause found is the planted one in {first} of {n}");
    assert!(first as f64 >= 0.5 * n, "{first} of {n}");
}

/// Transitions of the chain are those that the truth states.
#[test]
fn screens_follow_the_chain() {
    use casebook::prelude::paths;
    let causes = Causes { release: Some(0.05), ..Causes::none() };
    let config = Config { causes, ..Config::default() };
    let tables = diagnosis::generate(&config).unwrap();
    let truth = diagnosis::truth(&config).unwrap().transitions;
    let visits = paths::Paths::new("screen").timeout(chrono::TimeDelta::minutes(30));
    let old = tables.users.keep(col("country").eq(lit("US"))).unwrap();
    let users = old.pick("user_id").unwrap().lazy();
    let on = [col("user_id")];
    let seen =
        tables.screens.clone().lazy().join(users, on.clone(), on, JoinArgs::new(JoinType::Semi));
    let found = visits.transitions(&seen.collect().unwrap()).unwrap();
    let keys = [col("from"), col("to")];
    let both = found
        .lazy()
        .join(truth.lazy(), keys.clone(), keys, JoinArgs::new(JoinType::Inner))
        .collect()
        .unwrap();
    assert_eq!(both.height(), 30);
    let number = |name: &str| both.column(name).unwrap().cast(&DataType::Float64).unwrap();
    let [p, q, n] = ["probability", "before", "of"].map(number);
    for row in 0..30 {
        let of = |column: &Column| column.f64().unwrap().get(row).unwrap();
        let se = (of(&q) * (1.0 - of(&q)) / of(&n)).sqrt().max(1e-9);
        let z = (of(&p) - of(&q)) / se;
        assert!(z.abs() < 4.0, "row {row}: {} and {}, z = {z}", of(&p), of(&q));
    }
}
