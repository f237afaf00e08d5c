//! Interference as marketplaces meet it: what each design of the experiment, and each estimator, says of a full launch when mentors are
//! scarce.

use casebook::cases::mentor::{self, Config, Design, Market, Offer};
use casebook::metrics::experiment::{self, compare_proportions};
use casebook::polars::prelude::*;
use rayon::prelude::*;

use super::experiment::read;
use super::{real, whole};
use crate::support::seeds;

const DESIGNS: [Design; 5] = [
    Design::User,
    Design::Switchback(2),
    Design::Switchback(4),
    Design::Switchback(8),
    Design::Field,
];

fn column(frame: &DataFrame, name: &str) -> Vec<f64> {
    frame.column(name).unwrap().f64().unwrap().iter().flatten().collect()
}

/// Six thousand users and the mentors of one thousand: who is offered a mentor takes places that, in a full launch, others would take.
#[test]
fn scarce_mentors_mislead_an_experiment_by_user() {
    let n = seeds(60, 1_000) as u32;
    let config = Config { users: 6_000, ..Config::default() };
    let found = mentor::designs(&config, &DESIGNS, n).unwrap();
    println!("scarce\n{found}");
    let (bias, sd) = (column(&found, "bias"), column(&found, "standard_deviation"));
    let error: Vec<f64> = sd.iter().map(|sd| sd / f64::from(n).sqrt()).collect();
    // By user: too large, because the control group takes no places.
    assert!(bias[0] > 4.0 * error[0], "{bias:?} {error:?}");
    // Nor do periods help: whoever waits for a place, or holds one, does so in the next period, too.
    assert!((1..4).all(|place| bias[place] > 3.0 * error[place]), "{bias:?} {error:?}");
    // Four fields are few clusters: no bias is seen, and hardly anything else.
    assert!(bias[4].abs() <= 3.0 * error[4] && sd[4] > 2.0 * sd[0], "{bias:?} {sd:?}");
    // With mentors for everybody, no design is misled.
    let market = Market { mentors: 3_000, ..Market::default() };
    let found = mentor::designs(&Config { market, ..config }, &DESIGNS, n).unwrap();
    println!("ample\n{found}");
    for (bias, sd) in column(&found, "bias").iter().zip(column(&found, "standard_deviation")) {
        let z = bias / (sd / f64::from(n).sqrt());
        // Five designs.
        assert!(z.abs() < 3.5, "{bias} {sd} {z}");
    }
}

/// How far each of three estimates is off, and whether its interval holds the truth.
type Estimates = [(f64, bool); 3];

/// Estimators where what they assume fails: half of six thousand users are offered the mentors of a thousand. The truth of the
/// comparisons of arms is a full launch; that of the others is a mentor who is there at once.
#[test]
fn estimators_are_off_when_mentors_are_scarce() {
    let base = Config { users: 6_000, ..Config::default() };
    let at_once = mentor::truth(&base).unwrap().complier_effect;
    let runs: Vec<Estimates> = (1..=seeds(8, 200))
        .into_par_iter()
        .map(|seed| {
            let with = |share: f64| {
                let offer = Offer { share, ..base.offer };
                read(&Config { seed, offer, ..base.clone() })
            };
            let all = with(1.0).0[1].rate() - with(0.0).0[0].rate();
            let ([control, offered], users, [without, mentored]) = with(0.5);
            let itt = compare_proportions(control, offered).unwrap();
            let naive = compare_proportions(without, mentored).unwrap();
            let taken =
                experiment::complier_effect(&users, "arm", "mentored", "retained", "control");
            let taken = taken.unwrap();
            let of = |estimate: f64, low: f64, high: f64, truth: f64| {
                (estimate - truth, low <= truth && truth <= high)
            };
            [
                of(naive.estimate, naive.low, naive.high, at_once),
                of(itt.estimate, itt.low, itt.high, all),
                of(real(&taken, "effect"), real(&taken, "low"), real(&taken, "high"), at_once),
            ]
        })
        .collect();
    let n = runs.len() as f64;
    let mean = |of: &dyn Fn(&Estimates) -> f64| runs.iter().map(of).sum::<f64>() / n;
    let names = ["naive", "intention to treat", "complier effect"];
    for (place, name) in names.iter().enumerate() {
        let bias = mean(&|run| run[place].0);
        let held = mean(&|run| f64::from(u8::from(run[place].1)));
        println!("{name}: bias {bias:+.4}, {held:.3} of intervals hold the truth");
    }
    assert!(mean(&|run| f64::from(u8::from(run[0].1))) < 0.05);
    assert!(mean(&|run| run[0].0) > 0.1 && mean(&|run| run[1].0) > 0.0);
}

/// Half are offered a mentor in every design, in whole weeks or whole fields.
#[test]
fn designs_draw_what_they_say() {
    for design in DESIGNS {
        let offer = Offer { design, ..Offer::default() };
        let mut offered = 0.0;
        for seed in 1..=20 {
            let config = Config { users: 400, seed, offer, ..Config::default() };
            let tables = mentor::generate(&config).unwrap();
            let days: Vec<i64> = whole(&tables.users_info, "signed_up_at")
                .iter()
                .map(|at| at.div_euclid(super::DAY) - i64::from(config.start.first_day()))
                .collect();
            let paths = tables
                .enrolments
                .clone()
                .lazy()
                .unique_stable(Some(cols(["user_id"])), UniqueKeepStrategy::First);
            let paths = whole(&paths.collect().unwrap(), "path_id");
            let arms: Vec<bool> = super::texts(&tables.assignments, "arm")
                .iter()
                .map(|arm| arm.as_deref() == Some("offered"))
                .collect();
            offered += arms.iter().filter(|arm| **arm).count() as f64 / 8_000.0;
            let cluster = |user: usize| match design {
                Design::User => user as i64,
                Design::Switchback(weeks) => days[user] / (7 * i64::from(weeks)),
                Design::Field => (paths[user] - 1) / 3,
            };
            let mut known = std::collections::BTreeMap::new();
            for (user, arm) in arms.iter().enumerate() {
                assert_eq!(known.entry(cluster(user)).or_insert(*arm), arm, "{}", design.name());
            }
            let periods = known.values().copied().collect::<Vec<bool>>();
            match design {
                Design::User => {}
                // Of each two whole periods one.
                Design::Switchback(_) => {
                    assert!(periods.chunks_exact(2).all(|two| two[0] != two[1]))
                }
                Design::Field => assert_eq!(periods.iter().filter(|arm| **arm).count(), 2),
            }
        }
        assert!((offered - 0.5).abs() < 0.06, "{}: {offered}", design.name());
    }
    let offer = Offer { design: Design::Switchback(0), ..Offer::default() };
    let told = mentor::generate(&Config { offer, ..Config::default() }).unwrap_err().to_string();
    assert!(told.contains("`offer.design.switchback` is 0; accepted: 1 to 52"), "{told}");
    let told = mentor::designs(&Config::default(), &DESIGNS, 1).unwrap_err().to_string();
    assert!(told.contains("`seeds` is 1"), "{told}");
}
