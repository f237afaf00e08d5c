//! Guardrails with a margin.

use casebook::metrics::experiment::{self, NonInferiority};
use casebook::polars::prelude::*;
use casebook::rand_distr::Normal;
use casebook::stream::Stream;

use super::{arms, draw, shares, shifted};

#[test]
fn a_guardrail_passes_as_often_as_planned() {
    let plan = NonInferiority::drop(0.5);
    let users = plan.users_for_means(2.0, 0.0).unwrap() as usize;
    let verdict = |rng: &mut Stream, effect: f64| {
        let values = shifted(draw(rng, 2 * users, Normal::new(9.0, 2.0).unwrap()), effect);
        let frame = df!("arm" => arms(users), "value" => values).unwrap();
        let found = experiment::non_inferiority(&frame, "arm", "value", "control", &plan).unwrap();
        found.column("verdict").unwrap().str().unwrap().get(0).unwrap().to_owned()
    };
    let names = [
        "no change: passes",
        "at the margin: passes",
        "at the margin: fails",
        "twice the margin: fails",
    ];
    let [power, error, fails, caught] =
        shares("guardrail, margin 0.5 of sd 2", 200, names, |rng| {
            let at_margin = verdict(rng, -0.5);
            [
                verdict(rng, 0.0) == "non-inferior",
                at_margin == "non-inferior",
                at_margin == "inferior",
                verdict(rng, -1.0) == "inferior",
            ]
        });
    power.is(0.8, 0.005);
    error.is(0.025, 0.003);
    fails.is(0.025, 0.003);
    caught.is(0.8, 0.01);
}
