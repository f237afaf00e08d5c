//! The winner's curse, tests tried on themselves, and bandits.

use casebook::Result;
use casebook::metrics::experiment::{self, PriorFit, compare_means};
use casebook::polars::prelude::*;
use casebook::rand::RngExt;
use casebook::stream::Stream;

use super::{WORLDS, false_alarms, normal, real, share, worlds};
use crate::support::seeds;

/// A year of experiments: true effects, estimates, their errors.
fn year(rng: &mut Stream) -> (Vec<f64>, DataFrame) {
    let (mut truth, mut estimate, mut error) = (vec![], vec![], vec![]);
    for _ in 0..100 {
        let (effect, se) = (normal(rng, 0.1, 0.3), rng.random_range(0.2..0.5));
        truth.push(effect);
        estimate.push(normal(rng, effect, se));
        error.push(se);
    }
    (truth, df!("effect" => estimate, "se" => error).unwrap())
}

/// What is added up over worlds: intervals that hold, of all and of winners; winners, their
/// estimates, shrunken estimates and truths, how many are real, and how many were expected to be.
#[derive(Default)]
struct Sums {
    held: f64,
    plain_held: f64,
    winners: f64,
    winners_held: f64,
    winners_plain_held: f64,
    estimates: f64,
    shrunk: f64,
    truths: f64,
    real: f64,
    expected: f64,
}

#[test]
fn shipped_effects_are_shrunk_to_what_they_are() {
    for fit in [PriorFit::Moments, PriorFit::MaximumLikelihood] {
        let each = worlds("a year", |rng| {
            let (truth, tests) = year(rng);
            let found = experiment::shrink(&tests, "effect", "se", fit).unwrap();
            let mut sums = Sums::default();
            let table = &found.experiments;
            let wins = table.column("winner").unwrap().bool().unwrap().clone();
            for (row, truth) in truth.iter().enumerate() {
                let of = |column: &str| real(table, column, row);
                let holds =
                    |low: f64, high: f64| f64::from(u8::from(low <= *truth && *truth <= high));
                let half = 1.96 * of("se");
                let (posterior, plain) =
                    (holds(of("low"), of("high")), holds(of("effect") - half, of("effect") + half));
                sums.held += posterior / 100.0;
                sums.plain_held += plain / 100.0;
                if wins.get(row) == Some(true) {
                    sums.winners += 1.0;
                    sums.winners_held += posterior;
                    sums.winners_plain_held += plain;
                    sums.estimates += of("effect");
                    sums.shrunk += of("shrunk");
                    sums.truths += truth;
                    sums.real += f64::from(u8::from(*truth > 0.0));
                }
            }
            sums.expected = real(&found.winners, "real", 0);
            sums
        });
        let n = each.len() as f64;
        let sum = |of: fn(&Sums) -> f64| each.iter().map(of).sum::<f64>();
        let of_winners = |of: fn(&Sums) -> f64| sum(of) / sum(|sums| sums.winners);
        let rows = [
            ("coverage", "posterior interval of all experiments", sum(|s| s.held) / n),
            ("coverage", "plain interval of all experiments", sum(|s| s.plain_held) / n),
            ("coverage", "posterior interval of winners", of_winners(|s| s.winners_held)),
            ("coverage", "plain interval of winners", of_winners(|s| s.winners_plain_held)),
            ("share", "winners that are real", of_winners(|s| s.real)),
            ("share", "winners expected to be real", of_winners(|s| s.expected)),
        ];
        for (kind, what, share) in rows {
            println!("| {kind} | {what}, {fit:?} | {:.1}% | {n} |", 100.0 * share);
        }
        let [estimate, shrunk, truth] =
            [of_winners(|s| s.estimates), of_winners(|s| s.shrunk), of_winners(|s| s.truths)];
        println!(
            "| size | winners' estimate, shrunken, truth, {fit:?} | {estimate:.3}, {shrunk:.3}, {truth:.3} | {n} |"
        );
        assert!((rows[0].2 - 0.95).abs() < 0.02 && (rows[2].2 - 0.95).abs() < 0.03, "{rows:?}");
        assert!(rows[3].2 < 0.9, "{rows:?}");
        assert!((rows[4].2 - rows[5].2).abs() < 0.02, "{rows:?}");
        assert!(estimate > 1.3 * truth && (shrunk / truth - 1.0).abs() < 0.05, "{shrunk} {truth}");
    }
}

#[test]
fn exaggeration_is_what_is_simulated() {
    let found = experiment::exaggeration(0.5, 1.0, 0.05).unwrap();
    let each = worlds("exaggeration", |rng| {
        let (mut significant, mut wrong, mut size) = (0.0, 0.0, 0.0);
        for _ in 0..2_000 {
            let estimate = normal(rng, 0.5, 1.0);
            if estimate.abs() > 1.959_963_984_540_054 {
                significant += 1.0;
                wrong += f64::from(u8::from(estimate < 0.0));
                size += estimate.abs();
            }
        }
        [significant, wrong, size]
    });
    let sum = |at: usize| each.iter().map(|one| one[at]).sum::<f64>();
    let n = 2_000.0 * each.len() as f64;
    let simulated = [sum(0) / n, sum(1) / sum(0), sum(2) / sum(0) / 0.5];
    let closed = [found.power, found.wrong_sign, found.ratio];
    println!("| errors | power, type S, type M in closed form | {closed:?} | |");
    println!("| errors | power, type S, type M simulated | {simulated:?} | {n} |");
    for (one, other) in closed.into_iter().zip(simulated) {
        assert!((one / other - 1.0).abs() < 0.05, "{closed:?} {simulated:?}");
    }
}

/// A hundred users, with so many rows each, all the user's own number and a little chance.
fn rows(rng: &mut Stream, of_each: usize) -> DataFrame {
    let (mut user, mut value) = (vec![], vec![]);
    for id in 0..100_i64 {
        let own = normal(rng, 0.0, 1.0);
        for _ in 0..of_each {
            user.push(id);
            value.push(own + normal(rng, 0.0, 0.5));
        }
    }
    df!("user" => user, "value" => value).unwrap()
}

fn by_row(rows: &DataFrame) -> Result<f64> {
    let arms = rows.column("arm")?.str()?.clone();
    let values = rows.column("value")?.f64()?.clone();
    let of = |arm: &str| -> Vec<f64> {
        let mine = arms.iter().zip(values.iter()).filter(|(own, _)| *own == Some(arm));
        mine.filter_map(|(_, value)| value).collect()
    };
    Ok(compare_means(&of("a"), &of("b")).map_or(f64::NAN, |found| found.p_value))
}

/// What the self-check says of a test by row, with so many rows a user.
fn uniform(rng: &mut Stream, of_each: usize) -> f64 {
    let found = experiment::self_check(&rows(rng, of_each), "user", 80, 5, by_row).unwrap();
    real(&found.summary, "p_value", 0)
}

#[test]
fn a_sound_test_passes_its_self_check() {
    false_alarms("self-check of a sound test", |rng| uniform(rng, 1));
}

#[test]
fn a_test_by_row_fails_its_self_check() {
    let what = "self-check of a test by row, four rows a user";
    let (caught, _) = share("caught", what, |rng| uniform(rng, 4) < 0.05);
    assert!(caught > 0.9, "{caught}");
}

#[test]
fn a_bandit_saves_users_and_misleads_about_the_rest() {
    let runs = seeds(WORLDS / 10, WORLDS) as u32;
    let found = experiment::thompson(&[0.10, 0.14], 1_000, runs, 11).unwrap();
    let (arms, policies) = (&found.arms, &found.policies);
    for (row, policy) in ["fixed split", "Thompson"].into_iter().enumerate() {
        let of = |column: &str| real(policies, column, row);
        println!(
            "| regret | {policy} | {:.1} ({:.1} to {:.1}) | {runs} |",
            of("regret"),
            of("regret_low"),
            of("regret_high")
        );
        println!("| share | {policy}: best arm on top | {:.1}% | {runs} |", 100.0 * of("rate"));
        for arm in 0..2 {
            let of = |column: &str| real(arms, column, 2 * row + arm);
            println!(
                "| bias | {policy}, arm {} | {:.4} ({:.4} to {:.4}) | {runs} |",
                arm + 1,
                of("bias"),
                of("low"),
                of("high")
            );
        }
    }
    // Half of the users miss 0.04 hits each.
    assert!((real(policies, "regret", 0) - 20.0).abs() < 1e-9);
    assert!(real(policies, "regret_high", 1) < 14.0, "{policies}");
    // An unbiased mean lies within three standard errors of 0, and so does the fixed split's.
    for row in 0..2 {
        let half = (real(arms, "high", row) - real(arms, "low", row)) / 2.0;
        assert!(real(arms, "bias", row).abs() < 3.0 / 1.96 * half, "{arms}");
    }
    assert!(real(arms, "high", 2) < 0.0, "{arms}");
}
