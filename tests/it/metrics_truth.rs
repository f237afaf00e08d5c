//! Known truth: 95 % intervals hold it 93 to 97 times in 100, and tests at 5 % cry wolf 5 times in 100.

use casebook::metrics::experiment::{self, Proportion, compare_means, compare_proportions};
use casebook::metrics::funnel::{Funnel, Step};
use casebook::metrics::retention::{self, Rule};
use casebook::metrics::{concentration, survival};
use casebook::polars::prelude::*;
use casebook::rand::RngExt;
use casebook::rand_distr::{Distribution, Exp, LogNormal, Normal};
use casebook::stream::{Stream, stream};

use crate::support::seeds;

/// Data sets per claim, when all are taken; the part of chance is half a point.
const SETS: u64 = 2_000;

fn real(frame: &DataFrame, column: &str, row: usize) -> f64 {
    frame.column(column).unwrap().f64().unwrap().get(row).unwrap()
}

/// How often the interval held the truth.
fn coverage(what: &str, sets: u64, truth: f64, interval: impl Fn(&mut Stream) -> (f64, f64)) {
    let sets = seeds(sets / 10, sets);
    let held = (0..sets)
        .filter(|set| {
            let (low, high) = interval(&mut stream(7, what, *set));
            low <= truth && truth <= high
        })
        .count();
    let share = held as f64 / sets as f64;
    println!("{what}: {:.1} % of {sets}", 100.0 * share);
    // Two points, or what chance alone may take of fewer sets.
    let off = 0.02_f64.max(4.0 * (0.95 * 0.05_f64 / sets as f64).sqrt());
    assert!((share - 0.95).abs() <= off, "{what}: {share}");
}

/// How often a test at 5 % is significant where nothing is.
fn false_positives(what: &str, sets: u64, p_value: impl Fn(&mut Stream) -> f64) {
    let sets = seeds(sets / 10, sets);
    let cried = (0..sets).filter(|set| p_value(&mut stream(8, what, *set)) < 0.05).count();
    let share = cried as f64 / sets as f64;
    let error = (0.05 * 0.95_f64 / sets as f64).sqrt();
    println!("{what}: {:.2} % of {sets}, chance alone {:.2}", 100.0 * share, 100.0 * error);
    assert!((share - 0.05).abs() < 3.0 * error, "{what}: {share}");
}

fn hits(rng: &mut Stream, users: u64, share: f64) -> Proportion {
    Proportion { hits: (0..users).filter(|_| rng.random_bool(share)).count() as u64, users }
}

fn draw(rng: &mut Stream, n: usize, law: impl Distribution<f64>) -> Vec<f64> {
    (0..n).map(|_| law.sample(rng)).collect()
}

/// Users of day 0, of whom a share comes back on day 1; in a funnel the same share buys.
fn day_one(rng: &mut Stream, n: i64, share: f64) -> (DataFrame, DataFrame) {
    let day = 86_400_000_000_i64;
    let back: Vec<i64> = (0..n).filter(|_| rng.random_bool(share)).collect();
    let moment = DataType::Datetime(TimeUnit::Microseconds, None);
    let users =
        df!("user_id" => (0..n).collect::<Vec<_>>(), "signup_at" => vec![0_i64; n as usize])
            .unwrap();
    let mut ids: Vec<i64> = (0..n).collect();
    let mut at = vec![0; ids.len()];
    let mut names = vec!["visit"; ids.len()];
    at.extend(vec![day; back.len()]);
    names.extend(vec!["buy"; back.len()]);
    ids.extend(back);
    ids.push(-1); // somebody unknown, so that day 1 is observed whatever happens
    at.push(day);
    names.push("other");
    let events = df!("user_id" => ids, "timestamp" => at, "event" => names).unwrap();
    let dated = |frame: DataFrame, column: &str| {
        frame.lazy().with_column(col(column).cast(moment.clone())).collect().unwrap()
    };
    (dated(users, "signup_at"), dated(events, "timestamp"))
}

#[test]
fn shares() {
    coverage("retention", SETS, 0.31, |rng| {
        let (users, events) = day_one(rng, 150, 0.31);
        let kept = retention::day_n(&users, &events, &[1], Rule::OnDay).unwrap();
        (real(&kept, "low", 0), real(&kept, "high", 0))
    });
    coverage("funnel", SETS, 0.12, |rng| {
        let (_, events) = day_one(rng, 200, 0.12);
        let steps =
            Funnel::new([Step::event("visit"), Step::event("buy")]).conversion(&events).unwrap();
        (real(&steps, "step_low", 1), real(&steps, "step_high", 1))
    });
}

#[test]
fn differences_of_shares_and_means() {
    coverage("two proportions", SETS, 0.05, |rng| {
        let found = compare_proportions(hits(rng, 400, 0.30), hits(rng, 400, 0.35)).unwrap();
        (found.low, found.high)
    });
    coverage("Welch", SETS, 1.0, |rng| {
        let control = draw(rng, 40, Normal::new(5.0, 1.0).unwrap());
        let treatment = draw(rng, 25, Normal::new(6.0, 3.0).unwrap());
        let found = compare_means(&control, &treatment).unwrap();
        (found.low, found.high)
    });
    false_positives("two proportions", SETS, |rng| {
        compare_proportions(hits(rng, 500, 0.3), hits(rng, 500, 0.3)).unwrap().p_value
    });
    false_positives("Welch", SETS, |rng| {
        let control = draw(rng, 40, Normal::new(5.0, 1.0).unwrap());
        let treatment = draw(rng, 25, Normal::new(5.0, 3.0).unwrap());
        compare_means(&control, &treatment).unwrap().p_value
    });
}

/// Lifetimes with a mean of 10, seen for 0 to 25.
fn lifetimes(rng: &mut Stream, n: usize) -> DataFrame {
    let law = Exp::new(0.1).unwrap();
    let pairs: Vec<(f64, bool)> = (0..n)
        .map(|_| {
            let (life, seen): (f64, f64) = (law.sample(rng), rng.random_range(0.0..25.0));
            (life.min(seen), life <= seen)
        })
        .collect();
    df!(
        "duration" => pairs.iter().map(|pair| pair.0).collect::<Vec<_>>(),
        "observed" => pairs.iter().map(|pair| pair.1).collect::<Vec<_>>(),
        "group" => (0..n).map(|row| if row % 3 == 0 { "a" } else { "b" }).collect::<Vec<_>>(),
    )
    .unwrap()
}

#[test]
fn survival_and_hazard() {
    for at in [3.0_f64, 12.0] {
        coverage(&format!("survival at {at}"), SETS, (-0.1 * at).exp(), |rng| {
            let curve = survival::kaplan_meier(&lifetimes(rng, 120), None).unwrap();
            let times = curve.column("time").unwrap().f64().unwrap();
            let row = times.iter().flatten().filter(|time| *time <= at).count() - 1;
            (real(&curve, "low", row), real(&curve, "high", row))
        });
    }
    // Two of three things that happen are matches, whenever they happen.
    coverage("cumulative incidence", SETS, 2.0 / 3.0 * (1.0 - (-0.8_f64).exp()), |rng| {
        let mut lives = lifetimes(rng, 120);
        let outcomes: Vec<Option<&str>> = lives
            .column("observed")
            .unwrap()
            .bool()
            .unwrap()
            .iter()
            .flatten()
            .map(|seen| {
                seen.then(|| if rng.random_bool(2.0 / 3.0) { "match" } else { "withdrawn" })
            })
            .collect();
        lives.with_column(Column::new("outcome".into(), outcomes)).unwrap();
        let found = survival::cumulative_incidence(&lives, None).unwrap();
        let until = col("time").lt_eq(lit(8.0)).and(col("outcome").eq(lit("match")));
        let found = found.lazy().filter(until).collect().unwrap();
        (real(&found, "low", found.height() - 1), real(&found, "high", found.height() - 1))
    });
    let mean = 10.0 * (1.0 - (-1.5_f64).exp());
    coverage("restricted mean", SETS, mean, |rng| {
        let found = survival::restricted_mean(&lifetimes(rng, 200), None, 15.0).unwrap();
        (real(&found, "low", 0), real(&found, "high", 0))
    });
    coverage("hazard", SETS, 0.1, |rng| {
        let found = survival::hazard(&lifetimes(rng, 400), None, 5.0).unwrap();
        (real(&found, "low", 1), real(&found, "high", 1))
    });
    coverage("median", SETS, 10.0 * 2.0_f64.ln(), |rng| {
        let found = survival::median(&lifetimes(rng, 200), None).unwrap();
        (real(&found, "low", 0), real(&found, "high", 0))
    });
    false_positives("log-rank", SETS, |rng| {
        real(&survival::log_rank(&lifetimes(rng, 120), "group").unwrap(), "p_value", 0)
    });
}

/// Users of an experiment: an offer that adds 2 for those who take it, and takers who would do better
/// anyway.
fn experiment(rng: &mut Stream, n: usize, effect: f64) -> DataFrame {
    let noise = Normal::new(0.0, 2.0).unwrap();
    let (mut arm, mut taken, mut before, mut value) = (vec![], vec![], vec![], vec![]);
    for _ in 0..n {
        let drive = noise.sample(rng);
        let offered = rng.random_bool(0.5);
        let takes = offered && drive + noise.sample(rng) > 0.0;
        arm.push(if offered { "offer" } else { "control" });
        taken.push(takes);
        before.push(10.0 + drive + 0.5 * noise.sample(rng));
        value.push(10.0 + drive + noise.sample(rng) + if takes { effect } else { 0.0 });
    }
    df!("arm" => arm, "taken" => taken, "before" => before, "value" => value).unwrap()
}

#[test]
fn effects_with_noncompliance_and_adjustment() {
    coverage("complier effect", SETS, 2.0, |rng| {
        let users = experiment(rng, 500, 2.0);
        let found =
            experiment::complier_effect(&users, "arm", "taken", "value", "control").unwrap();
        (real(&found, "low", 0), real(&found, "high", 0))
    });
    coverage("CUPED", SETS, 1.0, |rng| {
        let users = experiment(rng, 300, 2.0); // half take it
        let found = experiment::cuped(&users, "arm", "value", "before", "control").unwrap();
        (real(&found, "low", 0), real(&found, "high", 0))
    });
    false_positives("CUPED", SETS, |rng| {
        let users = experiment(rng, 300, 0.0);
        real(&experiment::cuped(&users, "arm", "value", "before", "control").unwrap(), "p_value", 0)
    });
    false_positives("sample ratio", SETS, |rng| {
        let users = experiment(rng, 300, 0.0);
        let found =
            experiment::sample_ratio(&users, "arm", &[("control", 1.0), ("offer", 1.0)]).unwrap();
        real(&found, "p_value", 0)
    });
}

/// CUPED's interval is narrower around the same effect; the naive comparison of takers misses it.
#[test]
fn adjustment_helps_and_naivety_misleads() {
    let (mut naive_held, mut narrower) = (0, 0);
    for set in 0..500 {
        let users = experiment(&mut stream(9, "naive", set), 500, 2.0);
        let width = |frame: &DataFrame| real(frame, "high", 0) - real(frame, "low", 0);
        let plain = experiment::means(&users, "arm", "value", "control").unwrap();
        let cuped = experiment::cuped(&users, "arm", "value", "before", "control").unwrap();
        narrower += usize::from(width(&cuped) < width(&plain));
        let takers = users
            .lazy()
            .with_column(when(col("taken")).then(lit("taker")).otherwise(lit("other")).alias("arm"))
            .collect()
            .unwrap();
        let naive = experiment::means(&takers, "arm", "value", "other").unwrap();
        naive_held += usize::from(real(&naive, "low", 0) <= 2.0 && 2.0 <= real(&naive, "high", 0));
    }
    println!("CUPED narrower in {narrower} of 500; naive interval right in {naive_held}");
    assert!(narrower > 495 && naive_held < 25);
}

#[test]
fn clusters_of_rows_go_together() {
    let noise = Normal::new(0.0, 1.0).unwrap();
    let sessions = |rng: &mut Stream, effect: f64| {
        let (mut arm, mut user, mut value) = (vec![], vec![], vec![]);
        for id in 0..160_i64 {
            let own = noise.sample(rng);
            let offered = id % 2 == 0;
            for _ in 0..rng.random_range(1..9) {
                arm.push(if offered { "offer" } else { "control" });
                user.push(id);
                value.push(own + noise.sample(rng) + if offered { effect } else { 0.0 });
            }
        }
        df!("arm" => arm, "user_id" => user, "value" => value).unwrap()
    };
    coverage("cluster bootstrap", 1_000, 0.5, |rng| {
        let rows = sessions(rng, 0.5);
        let found =
            experiment::cluster_bootstrap(&rows, "arm", "value", "user_id", "control", 400, 3)
                .unwrap();
        (real(&found, "low", 0), real(&found, "high", 0))
    });
    // What it is for: an interval that takes sessions for independent is far too sure.
    let held = (0..500)
        .filter(|set| {
            let rows = sessions(&mut stream(5, "sessions", *set), 0.5);
            let found = experiment::means(&rows, "arm", "value", "control").unwrap();
            real(&found, "low", 0) <= 0.5 && 0.5 <= real(&found, "high", 0)
        })
        .count();
    println!("sessions taken for independent: {held} of 500");
    assert!(held < 430);
}

#[test]
fn false_discoveries_are_as_few_as_promised() {
    // 20 tests, of which 15 have nothing to find: of what is called significant, on average at most
    // 5 % × 15 / 20 is false.
    let sets = 1_000;
    let mut shares = 0.0;
    for set in 0..sets {
        let rng = &mut stream(11, "discoveries", set);
        let p: Vec<f64> = (0..20)
            .map(|test| {
                let rise = if test < 5 { 0.12 } else { 0.0 };
                compare_proportions(hits(rng, 400, 0.3), hits(rng, 400, 0.3 + rise))
                    .unwrap()
                    .p_value
            })
            .collect();
        let found = experiment::benjamini_hochberg(&df!("p_value" => p).unwrap(), 0.05).unwrap();
        let significant: Vec<bool> =
            found.column("significant").unwrap().bool().unwrap().iter().flatten().collect();
        let all = significant.iter().filter(|yes| **yes).count();
        let wrong = significant[5..].iter().filter(|yes| **yes).count();
        shares += wrong as f64 / all.max(1) as f64;
    }
    let rate = shares / sets as f64;
    println!("false discovery rate {rate:.4}, promised at most 0.0375");
    assert!(rate < 0.0375 + 0.012, "{rate}");
}

#[test]
fn concentration() {
    use statrs::distribution::{ContinuousCDF, Normal};
    // Of a log-normal law, Gini is 2 Φ(σ / √2) − 1 and the top tenth has 1 − Φ(z₀.₉ − σ).
    let law = LogNormal::new(0.0, 0.8).unwrap();
    let value = |rng: &mut Stream, row: usize| {
        let users = df!("spent" => draw(rng, 1_500, law)).unwrap();
        let found = concentration::summary(&users, "spent", &[0.1]).unwrap();
        (real(&found, "low", row), real(&found, "high", row))
    };
    let normal = Normal::standard();
    let gini = 2.0 * normal.cdf(0.8 / 2.0_f64.sqrt()) - 1.0;
    coverage("gini", SETS, gini, |rng| value(rng, 0));
    let top = 1.0 - normal.cdf(normal.inverse_cdf(0.9) - 0.8);
    coverage("top tenth", SETS, top, |rng| value(rng, 1));
}
