//! What isn't known yet about levers, what it would be worth to know, and how long a test would take.

use polars::prelude::*;

use super::evidence::{Evidence, Measured};
use super::launch::Lever;
use super::options::schedule;
use super::world::World;
use crate::error::Result;
use crate::stats::distribution::normal_cdf;
use crate::stats::interval::Z95;
use crate::stats::power::PowerAnalysis;

/// Months that a test may take: half of the year that the decision is about.
pub const TEST_MONTHS: u32 = 6;

/// Returns the mean of what is left of a normal number below 0 if it is set to 0, less what is left of its mean: what it is worth to know
/// the number before choosing between it and nothing.
fn at_stake(mean: f64, error: f64) -> f64 {
    if error <= 0.0 {
        return 0.0;
    }
    let z = -(mean / error).abs();
    let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    error * (density + z * normal_cdf(z))
}

/// A lever that may be tested.
struct Test {
    lever: Lever,
    gain: f64,
    error: f64,
    break_even: Option<f64>,
    per_arm: Option<u64>,
    monthly: f64,
    detectable: Option<f64>,
}

impl Test {
    fn of(world: &World, found: &Evidence, lever: Lever) -> Result<Test> {
        let done = schedule(world.decided(), world.horizon(), &[lever]);
        let expected = world.predict(found, &done);
        let new = |region: usize| found.live.from(lever, region).is_none();
        let months = TEST_MONTHS.min(world.horizon());
        let monthly = found
            .regions
            .iter()
            .filter(|forecast| new(forecast.region as usize))
            .map(|forecast| (0..months).map(|ahead| forecast.signups(ahead)).sum::<f64>())
            .sum::<f64>()
            / f64::from(months);
        let mut test = Test {
            lever,
            gain: expected.gain,
            error: (expected.high - expected.low) / (2.0 * Z95),
            break_even: None,
            per_arm: None,
            monthly,
            detectable: None,
        };
        // Whoever comes because of content or an invitation can't be drawn for a group before.
        if matches!(lever, Lever::Seo | Lever::Sharing) {
            return Ok(test);
        }
        let mut one = [Measured::default(); 5];
        one[lever as usize].value = 1.0;
        let of_a_dollar = world.brings(found, &done, &[Measured::default(); 5], &one);
        let plan = PowerAnalysis::default();
        let needed = world.cost(&done) / of_a_dollar;
        if needed.is_finite() && needed > 0.0 && found.spread > 0.0 {
            test.break_even = Some(needed);
            test.per_arm = plan.users_for_means(found.spread, needed).ok();
        }
        let users = (monthly * f64::from(months) / 2.0) as u64;
        test.detectable = plan.detectable_mean(found.spread, users).ok();
        Ok(test)
    }

    fn stake(&self) -> f64 {
        at_stake(self.gain, self.error)
    }
}

/// Says what it would be worth to know better what each lever does, and what a test of it takes: half of the new sign-ups get the lever,
/// drawn by chance, in the regions where it isn't live yet.
///
/// Returns one row per lever, the one with most at stake first: `lever`; `gain` (f64, US dollars: of [`options`](super::options()), the
/// lever alone); `chance` (f64: that it gains anything, by the gain's error); `at_stake` (f64, US dollars: what it would be worth to know the
/// gain before choosing between the lever and nothing, which no test can exceed); `break_even` (f64: the dollars a month per sign-up that
/// pay for rolling the lever out and running it); `per_arm` (i64: sign-ups in each group to detect that, with a power of 80% at a level
/// of 5%); `monthly` (f64: sign-ups a month in those regions, as forecast for the next [`TEST_MONTHS`]); `months` (f64: how long both
/// groups take); `detectable` (f64: what a test of [`TEST_MONTHS`] detects, in dollars a month per sign-up).
///
/// Content and sharing bring people who belong to no group before they come: they are tested region by region, as the pilots were, and
/// `break_even`, `per_arm`, `months` and `detectable` are null. So they are where a lever costs nothing.
///
/// # Errors
/// Those of [`options`](super::options()).
///
/// # Source
/// H. Raiffa and R. Schlaifer (1961), Applied Statistical Decision Theory: the expected value of perfect information.
///
/// ```
/// use casebook::prelude::*;
///
/// let config = notion::Config { users: 20_000, ..Default::default() };
/// let world = notion::World::new(&config, &notion::pilots(), 12, notion::Costs::default())?;
/// let tests = notion::next_tests(&world)?;
/// assert_eq!(tests.height(), 5);
/// assert!(tests.value("per_arm", "lever", "api")? > 1_000.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn next_tests(world: &World) -> Result<DataFrame> {
    let found = world.evidence()?;
    let mut all: Vec<Test> =
        Lever::ALL.into_iter().map(|lever| Test::of(world, found, lever)).collect::<Result<_>>()?;
    all.sort_by(|one, other| other.stake().total_cmp(&one.stake()));
    let known =
        |of: &dyn Fn(&Test) -> Option<f64>| -> Vec<Option<f64>> { all.iter().map(of).collect() };
    let months = |test: &Test| {
        let arm = test.per_arm.filter(|_| test.monthly > 0.0)?;
        Some(2.0 * arm as f64 / test.monthly)
    };
    let chance = |test: &Test| match test.error > 0.0 {
        true => normal_cdf(test.gain / test.error),
        false => f64::from(u8::from(test.gain > 0.0)),
    };
    let columns = [
        ("gain", known(&|test| Some(test.gain))),
        ("chance", known(&|test| Some(chance(test)))),
        ("at_stake", known(&|test| Some(test.stake()))),
        ("break_even", known(&|test| test.break_even)),
        ("monthly", known(&|test| Some(test.monthly))),
        ("months", known(&months)),
        ("detectable", known(&|test| test.detectable)),
    ];
    let mut frame = df!("lever" => all.iter().map(|test| test.lever.name()).collect::<Vec<_>>())?;
    for (name, values) in columns {
        frame.with_column(Column::new(name.into(), values))?;
    }
    let arms: Vec<Option<i64>> =
        all.iter().map(|test| test.per_arm.map(|arm| arm as i64)).collect();
    frame.insert_column(5, Column::new("per_arm".into(), arms))?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::notion::{Config, Costs, options, pilots};
    use crate::decision;
    use crate::frame::Verbs;

    #[test]
    fn what_is_at_stake_is_the_mean_of_what_a_better_choice_would_add() {
        // By adding up over a fine grid of the normal distribution.
        let by_hand = |mean: f64, error: f64| {
            let (mut better, mut total) = (0.0, 0.0);
            for step in -8_000..=8_000 {
                let z = f64::from(step) / 1_000.0;
                let weight = (-0.5 * z * z).exp();
                better += weight * (mean + error * z).max(0.0);
                total += weight;
            }
            better / total - mean.max(0.0)
        };
        for (mean, error) in [(0.0, 1.0), (5_000.0, 15_000.0), (-22_000.0, 18_000.0), (3.0, 1.0)] {
            let (ours, theirs) = (at_stake(mean, error), by_hand(mean, error));
            assert!((ours - theirs).abs() < 1e-5 * error, "{mean}, {error}: {ours}, {theirs}");
        }
        assert_eq!(at_stake(7.0, 0.0), 0.0);
    }

    #[test]
    fn an_effect_that_breaks_even_pays_exactly_what_the_lever_costs() {
        let config = Config { users: 20_000, ..Config::default() };
        let world = World::new(&config, &pilots(), 12, Costs::default()).unwrap();
        let found = world.evidence().unwrap();
        let tests = next_tests(&world).unwrap();
        for lever in [Lever::Templates, Lever::Mobile, Lever::Api] {
            let needed = tests.value("break_even", "lever", lever.name()).unwrap();
            let mut dollars = [Measured::default(); 5];
            dollars[lever as usize].value = needed;
            let done = schedule(world.decided(), 12, &[lever]);
            let brings = world.brings(found, &done, &[Measured::default(); 5], &dollars);
            assert!((brings - world.cost(&done)).abs() < 1e-6, "{brings}");
            // The groups together take as many sign-ups as come in those months.
            let of = |column: &str| tests.value(column, "lever", lever.name()).unwrap();
            assert!((of("months") * of("monthly") - 2.0 * of("per_arm")).abs() < 1e-6);
            let arm = of("per_arm") as u64;
            let power = PowerAnalysis::default().power_of_means(found.spread, needed, arm).unwrap();
            assert!((0.80..0.801).contains(&power), "{power}");
        }
        let expected = decision::predictions(&options(&world).unwrap()).unwrap();
        for lever in Lever::ALL {
            let gain = tests.value("gain", "lever", lever.name()).unwrap();
            assert_eq!(gain, expected.value("gain", "option", lever.name()).unwrap());
        }
        let stakes = tests.column("at_stake").unwrap().f64().unwrap().clone();
        let stakes: Vec<f64> = stakes.into_no_null_iter().collect();
        assert!(stakes.is_sorted_by(|one, next| one >= next), "{stakes:?}");
        assert_eq!(tests.column("per_arm").unwrap().null_count(), 2);
    }
}
