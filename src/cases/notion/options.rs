//! What an analyst would propose for the next year, from what was seen before the decision.

use polars::prelude::*;

use super::evidence::{Evidence, Measured};
use super::launch::{Launch, Lever};
use super::world::{World, rollout};
use crate::decision::{Choice, Prediction, Rule, recommended};
use crate::error::Result;
use crate::stats::interval::Z95;

/// Months from one launch to the next: what the team can do.
pub const EVERY: u32 = 2;

/// Returns the launches of levers one after the other, one every [`EVERY`] months, as far as there is time; each in all regions where it
/// isn't live yet.
///
/// ```
/// use casebook::cases::notion::{self, Lever};
///
/// let launches = notion::schedule(24, 12, &[Lever::Seo, Lever::Api]);
/// assert_eq!(launches.iter().map(|one| one.from).max(), Some(26));
/// ```
pub fn schedule(from: u32, horizon: u32, levers: &[Lever]) -> Vec<Launch> {
    let months = (from..from.saturating_add(horizon)).step_by(EVERY as usize);
    levers.iter().zip(months).flat_map(|(lever, month)| rollout(*lever, month)).collect()
}

/// Returns every order of every choice of levers, none first.
fn orders() -> Vec<Vec<Lever>> {
    let mut all = vec![vec![]];
    let mut next = 0;
    while next < all.len() {
        for lever in Lever::ALL {
            if !all[next].contains(&lever) {
                all.push([&all[next][..], &[lever]].concat());
            }
        }
        next += 1;
    }
    all
}

impl World {
    /// Predicts what launches bring more than none, before costs, with what each lever was measured to do.
    pub(super) fn brings(
        &self,
        found: &Evidence,
        done: &[Launch],
        signups: &[Measured; 5],
        dollars: &[Measured; 5],
    ) -> f64 {
        let mut sum = 0.0;
        for ahead in 0..self.horizon() {
            let month = self.decided() + ahead;
            // Sign-ups come in the middle of the month, on average.
            let paid = found.paid_months(f64::from(self.horizon() - ahead) - 0.5);
            for forecast in &found.regions {
                let new = |lever: &Lever| {
                    found.live.from(*lever, forecast.region as usize).is_none()
                        && done.iter().any(|one| {
                            one.lever == *lever
                                && one.region == forecast.region
                                && one.from <= month
                        })
                };
                let live = || Lever::ALL.into_iter().filter(new).map(|lever| lever as usize);
                let more: f64 = live().map(|at| signups[at].value).sum();
                let worth: f64 = live().map(|at| dollars[at].value).sum();
                let each = more.exp() * (forecast.dollars + worth) - forecast.dollars;
                sum += forecast.signups(ahead) * paid * each;
            }
        }
        self.costs().margin * sum
    }

    /// Predicts what launches gain, with an interval from the errors of what was measured.
    pub(super) fn predict(&self, found: &Evidence, done: &[Launch]) -> Prediction {
        let (signups, dollars) = (&found.signups, &found.dollars);
        let gross = self.brings(found, done, signups, dollars);
        let mut variance = 0.0;
        for at in 0..5 {
            let (mut more, mut worth) = (*signups, *dollars);
            more[at].value += more[at].se;
            worth[at].value += worth[at].se;
            variance += (self.brings(found, done, &more, dollars) - gross).powi(2);
            variance += (self.brings(found, done, signups, &worth) - gross).powi(2);
        }
        let (gain, half) = (gross - self.cost(done), Z95 * variance.sqrt());
        Prediction { gain, low: gain - half, high: gain + half }
    }
}

/// Lists what could be done, with the gain that what the world has [shown](World::seen) predicts.
///
/// "do nothing"; each lever alone in the first month, by its name; "seo, then api", "api, then seo" and "seo, then templates"; "deck's
/// order": content, sharing, templates; "all five" in the deck's order; and "optimised schedule": of all orders of all choices of levers
/// the one that is predicted to gain most, which may be none. A lever follows another [`EVERY`] months later, and is launched wherever it
/// isn't live.
///
/// Predictions: what each lever did to dollars per sign-up, and content and sharing to the number of sign-ups
/// ([`lever_estimates`](super::lever_estimates)), on last year's sign-ups by region, grown as they grew, for as many
/// months as plans of that age were paid for. Intervals are of the estimates'
/// errors, one by one; that the next year may differ isn't in them.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for fewer than 24 months;
/// those of [`lever_estimates`](super::lever_estimates).
///
/// ```
/// use casebook::cases::notion::{self, Config, Costs, World};
/// use casebook::decision;
///
/// let config = Config { users: 20_000, ..Config::default() };
/// let world = World::new(&config, &notion::pilots(), 12, Costs::default())?;
/// let options = notion::options(&world)?;
/// assert_eq!(decision::predictions(&options)?.height(), 12);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn options(world: &World) -> Result<Vec<Choice<Launch>>> {
    let found = world.evidence()?;
    let of = |levers: &[Lever]| schedule(world.decided(), world.horizon(), levers);
    let named = |name: &str, levers: &[Lever]| {
        let done = of(levers);
        let predicted = world.predict(found, &done);
        Choice::new(name, done).predicted(predicted)
    };
    let mut all = vec![Choice::nothing().predicted(Prediction { gain: 0.0, low: 0.0, high: 0.0 })];
    all.extend(Lever::ALL.map(|lever| named(lever.name(), &[lever])));
    all.push(named("seo, then api", &[Lever::Seo, Lever::Api]));
    all.push(named("api, then seo", &[Lever::Api, Lever::Seo]));
    all.push(named("seo, then templates", &[Lever::Seo, Lever::Templates]));
    all.push(named("deck's order", &Lever::DECK[..3]));
    all.push(named("all five", &Lever::DECK));
    all.push(named("optimised schedule", &optimised(world, found)));
    Ok(all)
}

fn optimised(world: &World, found: &Evidence) -> Vec<Lever> {
    let mut best = (vec![], 0.0);
    for order in orders() {
        let done = schedule(world.decided(), world.horizon(), &order);
        let gain = world.brings(found, &done, &found.signups, &found.dollars) - world.cost(&done);
        if gain > best.1 {
            best = (order, gain);
        }
    }
    best.0
}

/// Returns the order of levers, of all orders of all choices, that brings most in the mean over futures, and what that is: what
/// [`options`] would find if it knew the truth. An exact computation, for comparison.
///
/// # Errors
/// As [`World::expected`].
pub fn best_schedule(world: &World) -> Result<(Vec<Lever>, f64)> {
    let none = world.expected(&[])?.net();
    let mut best = (vec![], 0.0);
    for order in orders() {
        let done = schedule(world.decided(), world.horizon(), &order);
        let gain = world.expected(&done)?.net() - none;
        if gain > best.1 {
            best = (order, gain);
        }
    }
    Ok(best)
}

/// Computes what each lever brings if it is live everywhere from the decision on, alone and with the others: exact means over futures of
/// contribution, before costs.
///
/// Returns one row per lever: `lever`, `alone` (f64, US dollars: compared with no launch), `last` (f64: what it adds to the other four),
/// then "together": `alone` is the five rows' sum, and `last` what all five bring at once.
///
/// # Errors
/// As [`World::expected`].
///
/// ```
/// use casebook::prelude::*;
///
/// let world = notion::World::new(&notion::Config::default(), &notion::pilots(), 12, notion::Costs::default())?;
/// let overlap = notion::overlap(&world)?;
/// assert!(overlap.value("alone", "lever", "sharing")? < 0.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn overlap(world: &World) -> Result<DataFrame> {
    let of = |levers: &[Lever]| -> Result<f64> {
        let each = levers.iter().flat_map(|lever| rollout(*lever, world.decided()));
        Ok(world.expected(&each.collect::<Vec<_>>())?.contribution)
    };
    let (none, together) = (of(&[])?, of(&Lever::ALL)?);
    let (mut alone, mut last) = (vec![], vec![]);
    for lever in Lever::ALL {
        let others: Vec<Lever> = Lever::ALL.into_iter().filter(|other| *other != lever).collect();
        alone.push(of(&[lever])? - none);
        last.push(together - of(&others)?);
    }
    alone.push(alone.iter().sum());
    last.push(together - none);
    let names = Lever::ALL.iter().map(|lever| lever.name()).chain(["together"]);
    Ok(df!("lever" => names.collect::<Vec<_>>(), "alone" => alone, "last" => last)?)
}

/// Draws estimates towards 0, the more the less precise they are: the mean of their posterior if effects differ from 0 as estimates do
/// beyond their errors (empirical Bayes, by moments).
fn shrunk(all: &[Measured; 5]) -> [Measured; 5] {
    let mean = |of: fn(&Measured) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
    let spread = (mean(|one| one.value.powi(2)) - mean(|one| one.se.powi(2))).max(0.0);
    all.map(|one| {
        let kept = spread / (spread + one.se.powi(2)).max(f64::MIN_POSITIVE);
        Measured { value: kept * one.value, se: kept.sqrt() * one.se }
    })
}

/// Returns the rules to hold against each other: "analysis", the option with the highest prediction of [`options`]; "lower end", the one
/// whose interval has the highest lower end; "empirical Bayes", the one with the highest prediction if the effects on dollars are drawn
/// towards 0 by their errors; "deck's ranking"; "largest claim", which is content for search engines; "North Star first",
/// the lever that was measured to raise the share who share most, alone; and "always do nothing".
pub fn rules() -> Vec<Rule<'static, World>> {
    let lower = |world: &World| {
        let mut cautious = options(world)?;
        for option in &mut cautious {
            option.predicted = option.predicted.map(|it| Prediction { gain: it.low, ..it });
        }
        Ok(recommended(&cautious)?.name)
    };
    let bayes = |world: &World| {
        let found = world.evidence()?;
        let dollars = shrunk(&found.dollars);
        let mut all = options(world)?;
        for option in &mut all {
            let gross = world.brings(found, &option.done, &found.signups, &dollars);
            let gain = gross - world.cost(&option.done);
            option.predicted = Some(Prediction { gain, low: gain, high: gain });
        }
        Ok(recommended(&all)?.name)
    };
    let star = |world: &World| {
        let found = &world.evidence()?.shared;
        let most = |a: &&Lever, b: &&Lever| {
            found[**a as usize].value.total_cmp(&found[**b as usize].value)
        };
        Ok(Lever::ALL.iter().max_by(most).unwrap_or(&Lever::Sharing).name().to_owned())
    };
    vec![
        Rule::new("analysis", |world: &World| Ok(recommended(&options(world)?)?.name)),
        Rule::new("lower end", lower),
        Rule::new("empirical Bayes", bayes),
        Rule::new("deck's ranking", |_: &World| Ok("deck's order".to_owned())),
        Rule::new("largest claim", |_: &World| Ok(Lever::Seo.name().to_owned())),
        Rule::new("North Star first", star),
        Rule::always("do nothing"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_of_every_choice_is_there_once() {
        let all = orders();
        // 1 + 5 + 20 + 60 + 120 + 120.
        assert_eq!(all.len(), 326);
        let mut sorted = all.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), all.len());
        assert!(all.iter().all(|order| {
            order.iter().all(|one| order.iter().filter(|other| *other == one).count() == 1)
        }));
    }

    #[test]
    fn the_less_precise_is_drawn_more() {
        let of = |value: f64, se: f64| Measured { value, se };
        let found =
            shrunk(&[of(1.0, 0.1), of(1.0, 1.0), of(-1.0, 0.5), of(2.0, 0.5), of(0.0, 0.5)]);
        let values = found.map(|one| one.value);
        assert!(values[0] > 0.9 && values[1] < 0.6 && values[1] > 0.0, "{values:?}");
        assert!(values[2] < 0.0 && values[2] > -1.0 && values[4] == 0.0, "{values:?}");
        // Nothing but chance.
        let none = shrunk(&[of(0.1, 1.0); 5]);
        assert!(none.iter().all(|one| one.value == 0.0 && one.se == 0.0));
    }

    #[test]
    fn launches_follow_each_other_while_there_is_time() {
        let launches = schedule(24, 5, &Lever::DECK);
        let months: Vec<u32> = launches.iter().map(|one| one.from).step_by(5).collect();
        assert_eq!(months, [24, 26, 28]);
        assert_eq!(launches.len(), 15);
    }
}
