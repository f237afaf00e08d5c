//! The truth behind the count, in closed form.

use polars::prelude::*;
use rayon::prelude::*;

use super::config::{Cause, Config, Planted};
use super::effects::{Effects, on_new_version};
use super::person::{Checked, Person};
use super::place::{COUNTRIES, REFERENCE, WEEKS};
use super::study::transitions;
use crate::error::Result;

/// What an analyst should be able to recover.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// The size of each cause.
    pub planted: Planted,
    /// Expected weekly active users, on average over the four weeks of reference.
    pub reference: f64,
    /// Expected weekly active users in the last week, if nothing had happened.
    pub quiet: f64,
    /// Expected weekly active users in the last week, with all that happened.
    pub last: f64,
    /// One row per cause, in the order of [`Cause::ALL`]: `cause` (text), `planted_size` (f64, see [`Causes`](super::Causes)), `effect` (f64: its
    /// Shapley value), `alone`, `undone` (f64), `share` (f64: of the sum of effects; null if nothing happened).
    ///
    /// Effects are users in the last week. `alone` is what the cause does if no other happened, `undone` what the count lacks because
    /// of it, given all others: the difference to the twin without it. They differ because two causes can't lose the same user twice.
    /// `effect` is the mean over all orders in which causes may come, and adds up to `last` − `quiet`.
    pub shares: DataFrame,
    /// One row per pair of screens, with a last row "(end)" for each: `from`, `to` (text), `before`, `after` (f64: probability of the next
    /// screen without the release and with it).
    pub transitions: DataFrame,
}

/// People in a week, by all that effects depend on.
struct Cells {
    week: u32,
    /// By country, then version, then whether it's the first week, then whether the pause keeps them away.
    mass: Vec<f64>,
    bots: Vec<f64>,
}

fn place(country: usize, new: bool, first: bool, out: bool) -> usize {
    country * 8 + usize::from(new) * 4 + usize::from(first) * 2 + usize::from(out)
}

impl Cells {
    fn new(people: &[Person], week: u32, pause: f64) -> Cells {
        let mut cells = Cells { week, mass: vec![0.0; COUNTRIES.len() * 8], bots: vec![] };
        let paused = |person: &Person| {
            let since = person.signup >= super::place::PAUSED_FROM as i32;
            since && person.channel == super::place::PAID && person.keep < pause
        };
        for person in people.iter().filter(|person| person.is_there(week)) {
            if person.bot {
                cells.bots.push(person.keep);
                continue;
            }
            let new = on_new_version(person.platform, person.adopts, week);
            let first = person.signup == week as i32;
            let at = place(person.country, new, first, paused(person));
            cells.mass[at] += if first { 1.0 } else { person.keen };
        }
        cells
    }

    /// The expected count, given who signed up and who is still there.
    fn expected(&self, effects: &Effects) -> f64 {
        let mut sum = 0.0;
        let lost = effects.lost(self.week);
        let kept = effects.paused(self.week) <= 0.0;
        for country in 0..COUNTRIES.len() {
            let level = effects.level(country, self.week);
            for at in 0..8 {
                let (new, first, out) = (at & 4 != 0, at & 2 != 0, at & 1 != 0);
                let recorded = if new { 1.0 - lost } else { 1.0 };
                let there = if out && !kept { 0.0 } else { 1.0 };
                let active = if first { 1.0 } else { level };
                sum += self.mass[place(country, new, first, out)] * active * recorded * there;
            }
        }
        let filtered = effects.filtered(self.week);
        sum + self.bots.iter().filter(|keep| **keep >= filtered).count() as f64
    }
}

/// Computes the truth behind [`generate`](super::generate): what each cause cost, and how screens follow each other.
///
/// Given who signed up and how long each stays, users are active independently of each other, so that the expected count is a sum of
/// their probabilities: with any set of causes.
///
/// # Errors
/// Those of [`Config::validate`].
pub fn truth(config: &Config) -> Result<Truth> {
    let checked = Checked::new(config)?;
    let ids = checked.past()?;
    let people: Vec<Person> = ids.par_iter().map(|id| checked.person(*id, 0)).collect();
    let planted = config.planted();
    let effects = Effects::new(config, planted, &[], 0)?;
    let pause = planted.of(Cause::Pause);
    let cells = Cells::new(&people, WEEKS - 1, pause);
    let all = (1_u32 << Cause::ALL.len()) - 1;
    let value: Vec<f64> =
        (0..=all).map(|set| cells.expected(&effects.with(planted.only(set)))).collect();
    let reference: f64 =
        REFERENCE.map(|week| Cells::new(&people, week, pause).expected(&effects)).sum();
    let of = |set: u32| value[set as usize];
    let change = of(all) - of(0);
    let (mut effect, mut alone, mut undone) = (vec![], vec![], vec![]);
    for place in 0..Cause::ALL.len() {
        let bit = 1 << place;
        let others = (0..=all).filter(|set| set & bit == 0);
        effect.push(others.map(|set| weight(set.count_ones()) * (of(set | bit) - of(set))).sum());
        alone.push(of(bit) - of(0));
        undone.push(of(all) - of(all ^ bit));
    }
    let share: Vec<Option<f64>> =
        effect.iter().map(|one: &f64| (change != 0.0).then(|| one / change)).collect();
    Ok(Truth {
        planted,
        reference: reference / REFERENCE.len() as f64,
        quiet: of(0),
        last: of(all),
        shares: df!(
            "cause" => Cause::ALL.map(Cause::name),
            "planted_size" => Cause::ALL.map(|cause| planted.of(cause)),
            "effect" => effect,
            "alone" => alone,
            "undone" => undone,
            "share" => share,
        )?,
        transitions: transitions(planted.of(Cause::Release))?,
    })
}

/// In which share of all orders of six causes exactly these many come before a given one, for each such set.
fn weight(before: u32) -> f64 {
    let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
    factorial(before) * factorial(5 - before) / factorial(6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::diagnosis::Causes;
    use crate::frame::Verbs;

    #[test]
    fn effects_add_up_and_a_cause_that_did_not_happen_has_none() {
        let config = Config { signups: 40.0, ..Config::default() };
        let truth = truth(&config).unwrap();
        let sum = truth.shares.total("effect").unwrap();
        assert!((sum - (truth.last - truth.quiet)).abs() < 1e-8, "{sum}");
        for cause in Cause::ALL {
            let effect = truth.shares.value("effect", "cause", cause.name()).unwrap();
            let happened = truth.planted.of(cause) > 0.0;
            assert_eq!(effect < 0.0, happened, "{cause:?}: {effect}");
        }
        let none = Config { causes: Causes::none(), ..config };
        let quiet = super::truth(&none).unwrap();
        assert_eq!(quiet.last, quiet.quiet);
        assert!((quiet.last - truth.quiet).abs() < 1e-9);
    }

    #[test]
    fn what_one_cause_costs_is_the_difference_to_the_twin_without_it() {
        let config = Config { signups: 40.0, ..Config::default() };
        let world = truth(&config).unwrap();
        for cause in Cause::ALL {
            let twin = truth(&config.without(cause)).unwrap();
            let undone = world.shares.value("undone", "cause", cause.name()).unwrap();
            assert!((world.last - twin.last - undone).abs() < 1e-8, "{cause:?}");
        }
    }
}
