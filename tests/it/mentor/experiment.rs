//! The experiment and the survival curves: estimates that recover the truth.

use casebook::cases::mentor::{self, Config, Market};
use casebook::events::Window;
use casebook::metrics::experiment::{self, Proportion, compare_proportions};
use casebook::metrics::survival;
use casebook::notebook::beside;
use casebook::polars::prelude::*;
use rayon::prelude::*;

use super::{DAY, real, texts, whole};
use crate::support::seeds;

/// What a data set says of the experiment: control and offered; one row per user; without and with a mentor.
pub(super) fn read(config: &Config) -> ([Proportion; 2], DataFrame, [Proportion; 2]) {
    let tables = mentor::generate(config).unwrap();
    let end = i64::from(config.start.plus(config.months).first_day());
    let outcome = i64::from(config.offer.outcome_day);
    let users = config.users as usize;
    let days: Vec<i64> =
        whole(&tables.users_info, "signed_up_at").iter().map(|at| at.div_euclid(DAY)).collect();
    let mut retained = vec![false; users];
    let events = &tables.users_events;
    for (user, at) in whole(events, "user_id").iter().zip(whole(events, "session_start")) {
        let user = *user as usize - 1;
        retained[user] |= at.div_euclid(DAY) - days[user] >= outcome;
    }
    let mut mentored = vec![false; users];
    whole(&tables.matches, "user_id").iter().for_each(|user| mentored[*user as usize - 1] = true);
    let arms = texts(&tables.assignments, "arm");
    // Four weeks after the outcome's day: nobody who is still there fails to come once in them.
    let observed: Vec<usize> =
        (0..users).filter(|user| days[*user] + outcome + 28 <= end).collect();
    let share = |of: &dyn Fn(usize) -> bool| {
        let of: Vec<usize> = observed.iter().copied().filter(|user| of(*user)).collect();
        Proportion {
            hits: of.iter().filter(|user| retained[**user]).count() as u64,
            users: of.len() as u64,
        }
    };
    let arm = |user: usize, name: &str| arms[user].as_deref() == Some(name);
    let frame = df!(
        "arm" => observed.iter().map(|user| arms[*user].clone()).collect::<Vec<_>>(),
        "mentored" => observed.iter().map(|user| mentored[*user]).collect::<Vec<_>>(),
        "retained" => observed.iter().map(|user| retained[*user]).collect::<Vec<_>>(),
    );
    (
        [share(&|user| arm(user, "control")), share(&|user| arm(user, "offered"))],
        frame.unwrap(),
        [share(&|user| !mentored[user]), share(&|user| mentored[user])],
    )
}

#[test]
fn the_truth_is_recovered_over_seeds() {
    let seeds = seeds(300, 3_000);
    let truth = mentor::truth(&Config::default()).unwrap();
    // For each seed: five estimates, and which of three intervals hold the truth.
    let results: Vec<([f64; 5], [bool; 3])> = (1..=seeds)
        .into_par_iter()
        .map(|seed| {
            let ([control, offered], users, [without, with]) =
                read(&Config { seed, ..Config::default() });
            let itt = compare_proportions(control, offered).unwrap();
            let naive = compare_proportions(without, with).unwrap();
            let complier =
                experiment::complier_effect(&users, "arm", "mentored", "retained", "control")
                    .unwrap();
            let within = |truth: f64, low: f64, high: f64| low <= truth && truth <= high;
            let effect = truth.complier_effect;
            (
                [
                    control.hits as f64 / control.users as f64,
                    real(&complier, "compliance"),
                    itt.estimate,
                    naive.estimate,
                    real(&complier, "effect"),
                ],
                [
                    within(truth.intention_to_treat, itt.low, itt.high),
                    within(effect, real(&complier, "low"), real(&complier, "high")),
                    within(effect, naive.low, naive.high),
                ],
            )
        })
        .collect();
    let held = |which: usize, of: &[([f64; 5], [bool; 3])]| {
        of.iter().filter(|result| result.1[which]).count() as f64 / of.len() as f64
    };
    let [itt, complier, naive] = [0, 1, 2].map(|which| held(which, &results));
    let n = seeds as f64;
    println!("{truth:?}");
    println!(
        "intervals that hold the truth: intention to treat {itt:.4}, complier {complier:.4}, naive {naive:.4}"
    );
    for experiments in results.chunks(300) {
        let share = held(0, experiments);
        println!("of 300: {share:.3}");
        assert!((0.93..=0.97).contains(&share), "of 300: {share}");
    }
    let wanted = [
        ("retained without offer", truth.control),
        ("compliance", truth.compliance),
        ("intention to treat", truth.intention_to_treat),
        ("naive", truth.naive),
        ("complier effect", truth.complier_effect),
    ];
    for (place, (what, wanted)) in wanted.into_iter().enumerate() {
        let mean = results.iter().map(|one| one.0[place]).sum::<f64>() / n;
        let spread =
            results.iter().map(|one| (one.0[place] - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let z = (mean - wanted) / (spread / n).sqrt();
        println!("{what}: mean {mean:.4}, truth {wanted:.4}, z = {z:.2}");
        assert!(z.abs() < 3.0, "{what}: {mean} against {wanted}, z = {z}");
    }
    // Two points, or what chance alone may take of fewer seeds.
    let off = 0.02_f64.max(4.0 * (0.95 * 0.05_f64 / n).sqrt());
    assert!((itt - 0.95).abs() <= off && (complier - 0.95).abs() <= off, "{itt}, {complier}");
    assert!(naive < 0.01, "naive: {naive}");
}

/// The survival curve of those not offered a mentor, and of those offered one, is the one in the truth.
#[test]
fn survival_is_the_one_configured() {
    let config = Config {
        users: 60_000,
        market: Market { mentors: 6_000, ..Market::default() },
        ..Config::default()
    };
    let tables = mentor::generate(&config).unwrap();
    let truth = mentor::truth(&config).unwrap().survival;
    let users = beside(tables.users_info.lazy(), &tables.assignments, "user_id");
    let events = tables.users_events.lazy().rename(["session_start"], ["timestamp"], true);
    let until = config.start.plus(config.months).midnight();
    let users = users.rename(["signed_up_at"], ["signup_at"], true);
    let subjects = survival::from_activity(&users, &events, 28, Window::until(until)).unwrap();
    let curve = survival::kaplan_meier(&subjects, Some("arm")).unwrap();
    let (times, shares) = (
        curve.column("time").unwrap().f64().unwrap().clone(),
        curve.column("survival").unwrap().f64().unwrap().clone(),
    );
    let names = texts(&curve, "arm");
    for arm in ["control", "offered"] {
        let expected = truth.column(arm).unwrap().f64().unwrap().clone();
        for (week, day) in whole(&truth, "day").iter().enumerate().take(40).skip(1) {
            let row = (0..names.len()).rfind(|row| {
                names[*row].as_deref() == Some(arm) && times.get(*row).unwrap() <= *day as f64
            });
            let (found, wanted) = (shares.get(row.unwrap()).unwrap(), expected.get(week).unwrap());
            assert!((found - wanted).abs() < 0.012, "{arm}, day {day}: {found} against {wanted}");
        }
    }
}

/// Users who sign up late count whether or not they leave: the share still there after four weeks is the truth's on average. Who
/// counts only those "observed for four weeks, or gone before" keeps late sign-ups only if they left.
#[test]
fn late_sign_ups_do_not_bend_the_curve() {
    let seeds = seeds(100, 1_000);
    let truth = mentor::truth(&Config::default()).unwrap().survival;
    let day = whole(&truth, "day").iter().position(|day| *day == 28).unwrap();
    let truth = truth.column("control").unwrap().f64().unwrap().get(day).unwrap();
    // Of those not offered a mentor: the curve's, and the share of a rule that is wrong.
    let found: Vec<[f64; 2]> = (1..=seeds)
        .into_par_iter()
        .map(|seed| {
            let config = Config { seed, ..Config::default() };
            let tables = mentor::generate(&config).unwrap();
            let users = beside(tables.users_info.lazy(), &tables.assignments, "user_id")
                .filter(col("arm").eq(lit("control")))
                .rename(["signed_up_at"], ["signup_at"], true);
            let events = tables.users_events.lazy().rename(["session_start"], ["timestamp"], true);
            let until = Window::until(config.start.plus(config.months).midnight());
            let stays = survival::from_activity(&users, &events, 28, until).unwrap();
            let curve = survival::curve(&stays).unwrap().at(28.0).unwrap().survival;
            let there = col("duration").gt_eq(lit(28));
            let wrong = stays.lazy().filter(there.clone().or(col("observed")));
            let wrong = wrong.select([there.cast(DataType::Float64).mean().alias("share")]);
            [curve, real(&wrong.collect().unwrap(), "share")]
        })
        .collect();
    let n = seeds as f64;
    // On average, with its standard error: the curve's error, and by how much the rule is below the curve.
    let mean = |of: &dyn Fn(&[f64; 2]) -> f64| {
        let mean = found.iter().map(of).sum::<f64>() / n;
        let spread = found.iter().map(|one| (of(one) - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean, (spread / n).sqrt())
    };
    let (error, error_se) = mean(&|one| one[0] - truth);
    let (below, below_se) = mean(&|one| one[1] - one[0]);
    println!(
        "curve: {error:.4} (se {error_se:.4}); the rule, compared with it: {below:.4} ({below_se:.5})"
    );
    assert!(error.abs() < 3.0 * error_se, "{error}, {error_se}");
    assert!(below < -0.003 && below < -4.0 * below_se, "{below}, {below_se}");
}
