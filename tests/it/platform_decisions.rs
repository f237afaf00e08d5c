//! The experiment platform's twin worlds: rules change decisions, not what users do.

use casebook::cases::platform::{self, Config, Costs, Looks, Planted, Rule, Terms, World};
use casebook::decision::{self, World as _};
use casebook::frame::Verbs;
use casebook::polars::prelude::*;

use crate::support;

fn small(seed: u64) -> Config {
    Config { experiments: 60, seed, ..Config::default() }
}

#[test]
fn what_changes_nothing_changes_no_byte() {
    for seed in 0..support::seeds(2, 20) {
        let mut config = small(seed);
        let base = platform::generate(&config).unwrap();
        assert_eq!(platform::generate_with(&config, &[]).unwrap(), base);
        for team in &mut config.teams {
            (team.looks, team.metrics) = (Looks::Once, 1);
        }
        (config.metrics.clicks, config.planted) =
            (0.0, Planted { share: 0.0, ..Planted::default() });
        let calm = platform::generate(&config).unwrap();
        let idle = [Rule::Sequential, Rule::RatioMetrics, Rule::OneMetric];
        assert_eq!(platform::generate_with(&config, &idle).unwrap(), calm);
    }
}

/// Users who came in both worlds did the same.
#[test]
fn users_do_the_same_in_both_worlds() {
    let config = small(3);
    let base = platform::generate(&config).unwrap();
    for rule in Rule::ALL {
        let twin = platform::generate_with(&config, &[rule]).unwrap();
        let keys = ["experiment_id", "day", "arm", "segment"].map(col);
        let shared = |one: &DataFrame, other: &DataFrame| {
            let join = one.clone().lazy().join(
                other.clone().lazy(),
                keys.clone(),
                keys.clone(),
                JoinArgs::new(JoinType::Semi),
            );
            join.sort(["experiment_id", "day", "arm", "segment"], Default::default())
                .collect()
                .unwrap()
        };
        let (ours, theirs) = (shared(&base.daily, &twin.daily), shared(&twin.daily, &base.daily));
        assert_eq!(ours, theirs, "{rule:?}");
        assert!(ours.height() > 0);
    }
}

#[test]
fn each_rule_does_what_it_says() {
    let world = World::new(&Config::default(), Costs::default()).unwrap();
    let of = |rules: &[Rule]| {
        let mut all = platform::Year::default();
        for future in 0..support::seeds(6, 40) {
            let year = world.year(rules, future).unwrap();
            all.shipped += year.shipped;
            all.idle += year.idle;
            all.lost += year.lost;
            all.runs += year.runs;
            all.days += year.days;
            all.alarms += year.alarms;
            all.blocked += year.blocked;
        }
        all
    };
    let base = of(&[]);
    assert_eq!((base.alarms, base.blocked), (0, 0));
    assert!(of(&[Rule::Sequential]).idle < base.idle);
    assert!(of(&[Rule::Sequential]).days > base.days);
    assert!(of(&[Rule::RatioMetrics]).idle < base.idle);
    assert!(of(&[Rule::OneMetric]).idle < base.idle);
    let checked = of(&[Rule::SampleRatio]);
    assert!(checked.alarms > 0 && checked.runs == base.runs + checked.alarms);
    assert!(checked.lost < base.lost);
    let guarded = of(&[Rule::Guardrails]);
    assert!(guarded.blocked > 0 && guarded.lost < base.lost);
    let again = of(&[Rule::Replication]);
    assert!(again.shipped < base.shipped && again.runs == base.runs + base.shipped);
    assert!(world.year(&[Rule::OneMetric, Rule::OneMetric], 0).is_err());
}

#[test]
fn future_zero_is_the_year_that_was_seen() {
    let world = World::new(&small(5), Costs::default()).unwrap();
    let tables = world.tables().unwrap();
    assert_eq!(tables, platform::generate(&small(5)).unwrap());
    let shipped = tables.experiments.keep(col("decision").eq(lit("shipped"))).unwrap().height();
    assert_eq!(world.year(&[], 0).unwrap().shipped as usize, shipped);
    let (one, other) = (world.outcome(&[], 1).unwrap(), world.outcome(&[], 2).unwrap());
    assert_ne!(one, other);
    assert_eq!(one.cost, 0.0);
}

/// The analysis' choice, against rules that need none: the numbers are reported, whatever they are.
#[test]
fn regret_of_the_analysis_is_no_larger_than_that_of_doing_nothing() {
    let seeds: Vec<u64> = (1..=support::seeds(4, 100)).collect();
    let world = |seed| World::new(&Config { seed, ..Config::default() }, Costs::default());
    let options = |world: &World| platform::rule_options(&world.tables()?, &Terms::default());
    let rules = [
        decision::Rule::new("the analysis", |world: &World| {
            Ok(decision::recommended(&options(world)?)?.name)
        }),
        decision::Rule::always("do nothing"),
        decision::Rule::always("sequential tests"),
        decision::Rule::always("all six rules"),
    ];
    let found = decision::regret(&seeds, world, options, &rules, 20).unwrap();
    let regret = |name: &str| found.rules.iter().find(|rule| rule.name == name).unwrap().regret;
    println!("{:?}", found.rules);
    assert!(regret("the analysis") < regret("always do nothing"));
}
