//! The metric that moved: decisions, their outcomes, and what the analysis' choice is worth.

use casebook::cases::diagnosis::{self, Causes, Config, Costs, Intervention, Terms, World};
use casebook::decision::{self, Rule, World as _};

use crate::support;

const DONE: [Intervention; 4] = [
    Intervention::RollBack { after: 1 },
    Intervention::FixTracking { after: 2 },
    Intervention::Resume { after: 0 },
    Intervention::Reengage { after: 0, back: 0.03 },
];

fn free() -> Costs {
    Costs { roll_back: 0.0, fix: 0.0, signup: 0.0, message: 0.0, campaign: 0.0, ..Costs::default() }
}

#[test]
fn what_mends_nothing_brings_nothing() {
    let config = Config { signups: 60.0, causes: Causes::none(), ..Config::default() };
    let world = World::new(&config, 12, free()).unwrap();
    for future in 0..3 {
        let none = world.outcome(&[], future).unwrap();
        assert_eq!(world.outcome(&DONE[..3], future).unwrap(), none);
        let idle = Intervention::Reengage { after: 0, back: 0.0 };
        assert_eq!(world.outcome(&[idle], future).unwrap(), none);
        assert!(world.outcome(&DONE[3..], future).unwrap().contribution > none.contribution);
    }
}

#[test]
fn the_exact_expectation_is_the_mean_of_futures() {
    let causes = Causes {
        tracking: Some(0.2),
        pause: Some(0.8),
        release: Some(0.1),
        competitor: Some(0.1),
        ..Causes::none()
    };
    let config = Config { signups: 60.0, causes, ..Config::default() };
    let world = World::new(&config, 12, Costs::default()).unwrap();
    for done in [&[][..], &DONE[..1], &DONE[1..2], &DONE[2..3], &DONE[3..], &DONE] {
        let exact = world.expected(done).unwrap();
        let futures = support::seeds(60, 1_000);
        let runs: Vec<f64> =
            (1..=futures).map(|future| world.outcome(done, future).unwrap().net()).collect();
        let n = runs.len() as f64;
        let mean = runs.iter().sum::<f64>() / n;
        let variance = runs.iter().map(|run| (run - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let z = (mean - exact.net()) / (variance / n).sqrt();
        assert!(z.abs() < 3.5, "{done:?}: {mean} in the mean, {} expected, z = {z}", exact.net());
    }
}

#[test]
fn twins_differ_far_less_than_strangers() {
    let config = Config { signups: 60.0, ..Config::default() };
    let world = World::new(&config, 12, Costs::default()).unwrap();
    let net = |done: &[Intervention], future| world.outcome(done, future).unwrap().net();
    let spread = |values: Vec<f64>| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| (value - mean).powi(2)).sum::<f64>().sqrt()
    };
    let paired = spread((0..20).map(|future| net(&DONE, future) - net(&[], future)).collect());
    let strangers =
        spread((0..20).map(|future| net(&DONE, future) - net(&[], future + 100)).collect());
    assert!(paired < 0.5 * strangers, "{paired} and {strangers}");
}

#[test]
fn what_cannot_be_done_is_refused() {
    let world =
        World::new(&Config { signups: 20.0, ..Config::default() }, 12, Costs::default()).unwrap();
    let told = world.outcome(&[Intervention::RollBack { after: 53 }], 0).unwrap_err().to_string();
    assert!(told.contains("after"), "{told}");
    let lost = Intervention::Reengage { after: 0, back: f64::NAN };
    assert!(world.outcome(&[lost], 0).unwrap_err().to_string().contains("back"));
    assert!(World::new(&Config::default(), 0, Costs::default()).is_err());
    let costs = Costs { signup: -1.0, ..Costs::default() };
    assert!(World::new(&Config::default(), 12, costs).is_err());
}

#[test]
fn the_analysis_beats_lazy_rules() {
    let seeds: Vec<u64> = (0..support::seeds(8, 100)).collect();
    let world = |seed| World::new(&Config { seed, ..Config::default() }, 12, Costs::default());
    let options = |world: &World| diagnosis::options(&world.tables()?, &Terms::default());
    let analysis = |world: &World| Ok(decision::recommended(&options(world)?)?.name);
    let segment = |world: &World| diagnosis::largest_segment(&world.tables()?);
    let rules = [
        Rule::new("the analysis", analysis),
        Rule::new("the largest segment", segment),
        Rule::always("roll back"),
        Rule::always("all three"),
        Rule::always("do nothing"),
    ];
    let found = decision::regret(&seeds, world, options, &rules, 10).unwrap();
    println!("{}", found.frame().unwrap());
    let regret: Vec<f64> = found.rules.iter().map(|rule| rule.regret).collect();
    assert!(regret[1..].iter().all(|lazy| regret[0] < *lazy), "{regret:?}");
}
