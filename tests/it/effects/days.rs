//! The effect by day since exposure.

use casebook::metrics::experiment;
use casebook::polars::prelude::*;
use casebook::rand::RngExt;
use casebook::stream::Stream;

use super::{arm, coverage, false_alarms, normal, real, share};

/// Users who are observed for 4 to 12 days, each with a level of their own, on days that are good
/// or bad for all. The effect is 1 on the first day, and less by `fading` on each other.
fn rows(rng: &mut Stream, fading: f64) -> DataFrame {
    let (mut arms, mut user, mut day, mut value) = (vec![], vec![], vec![], vec![]);
    for id in 0..80_i64 {
        let treated = rng.random_bool(0.5);
        let (level, drift) = (normal(rng, 0.0, 1.0), normal(rng, 0.0, 0.1));
        for at in 0..rng.random_range(4..13_i64) {
            let effect = if treated { 1.0 - fading * at as f64 } else { 0.0 };
            let weekday = [0.0, 0.5, 2.0][at as usize % 3];
            arms.push(arm(treated));
            user.push(id);
            day.push(at);
            value.push(level + drift * at as f64 + weekday + effect + normal(rng, 0.0, 0.5));
        }
    }
    df!("arm" => arms, "user" => user, "day" => day, "value" => value).unwrap()
}

#[test]
fn effects_by_day_and_their_trend() {
    coverage("effect on day 3", |rng| {
        let found =
            experiment::effect_by_day(&rows(rng, 0.05), "arm", "user", "day", "value", "old");
        let found = found.unwrap();
        (real(&found, "low", 3), real(&found, "high", 3), 0.85)
    });
    coverage("trend of a fading effect", |rng| {
        let found =
            experiment::effect_trend(&rows(rng, 0.05), "arm", "user", "day", "value", "old");
        let found = found.unwrap();
        (real(&found, "low", 0), real(&found, "high", 0), -0.05)
    });
    false_alarms("trend of a constant effect", |rng| {
        let found = experiment::effect_trend(&rows(rng, 0.0), "arm", "user", "day", "value", "old");
        real(&found.unwrap(), "p_value", 0)
    });
}

/// What it is for: users' days taken for independent.
#[test]
fn days_taken_for_independent_are_too_sure() {
    let (held, _) = share("coverage", "rows taken for independent", |rng| {
        let found = experiment::means(&rows(rng, 0.0), "arm", "value", "old").unwrap();
        real(&found, "low", 0) <= 1.0 && 1.0 <= real(&found, "high", 0)
    });
    assert!(held < 0.8, "{held}");
}
