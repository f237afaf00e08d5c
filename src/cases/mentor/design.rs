//! How well experiments of different designs tell what a full launch would do.

use polars::prelude::*;
use rayon::prelude::*;

use super::checked::Checked;
use super::config::Config;
use super::market::Outcome;
use super::mentors::mentors;
use super::offer::{Design, Offer};
use super::person::{Arm, DAY, Kind, Person};
use crate::cases::check::within;
use crate::error::Result;

/// Who is retained, of the users of a business.
struct Lived {
    people: Vec<Person>,
    retained: Vec<bool>,
}

impl Lived {
    /// Lives through a business without drawing sessions.
    fn new(config: &Config) -> Result<Lived> {
        let checked = Checked::new(config)?;
        let people: Vec<Person> = (1..=config.users).map(|id| checked.person(id)).collect();
        let asking: Vec<Person> =
            people.iter().filter(|person| person.request.is_some()).copied().collect();
        let market = Outcome::settle(&checked, mentors(&checked), &asking);
        let outcome = i64::from(config.offer.outcome_day);
        // Who signs up too late for the outcome to be known has no part in it.
        let known = i64::from(checked.first_day) + checked.days as i64 - outcome;
        let people: Vec<Person> = people
            .into_iter()
            .filter(|person| person.arm.is_some() && i64::from(person.signup_day) < known)
            .collect();
        let stays = |person: &Person| {
            let settled = market.matched(person.id).and_then(|settled| settled.matched);
            let fate = checked.fate(person, settled.map(|matched| matched.event()));
            // Somebody comes on the day they leave.
            let days = fate.leaves.div_euclid(DAY) - i64::from(person.signup_day);
            person.kind != Kind::Inactive && days >= outcome
        };
        let retained = people.iter().map(stays).collect();
        Ok(Lived { people, retained })
    }

    /// Returns the share retained of some people; none if there are none.
    fn share(&self, of: impl Fn(&Person) -> bool) -> Option<f64> {
        let (mut all, mut hits) = (0_u32, 0_u32);
        for (person, retained) in self.people.iter().zip(&self.retained) {
            if of(person) {
                all += 1;
                hits += u32::from(*retained);
            }
        }
        (all > 0).then(|| f64::from(hits) / f64::from(all))
    }
}

/// How far estimates are from the truth.
#[derive(Clone, Copy)]
struct Errors {
    truth: f64,
    estimate: f64,
    bias: f64,
    /// None for a single experiment.
    sd: Option<f64>,
    rmse: f64,
}

impl Errors {
    /// Sums up pairs of truth and estimate; none if there are none.
    fn of(pairs: &[(f64, f64)]) -> Option<Errors> {
        if pairs.is_empty() {
            return None;
        }
        let n = pairs.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
        let (truth, estimate) = (mean(|one| one.0), mean(|one| one.1));
        let bias = estimate - truth;
        let square = mean(|one| (one.1 - one.0).powi(2));
        let sd = (n > 1.0).then(|| ((square - bias * bias).max(0.0) * n / (n - 1.0)).sqrt());
        Some(Errors { truth, estimate, bias, sd, rmse: square.sqrt() })
    }
}

/// Compares designs of the experiment: how far each is from the effect of offering mentors to all instead of nobody, on being retained
/// on [`outcome_day`](Offer::outcome_day).
///
/// The truth of a seed is the difference between two worlds with the same people: one in which everybody is offered a mentor, and one
/// in which nobody is. The estimate of a design is the difference between the retained shares of its arms. Seeds follow the config's own.
/// In a switchback, mentors that are taken in one period are missing in the next, for as long as a match lasts.
///
/// Returns one row per design, in the order given: `design` (text), `truth`, `mean_estimate`, `bias`, `standard_deviation`, `rmse` (f64: shares; `bias` is
/// the mean, `standard_deviation` that of the estimate less the truth; null where no experiment had two arms), `experiments` (u32).
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for fewer than 2 seeds or more than 100,000; those of
/// [`Config::validate`].
///
/// ```
/// use casebook::cases::mentor::{self, Design};
///
/// let config = mentor::Config { users: 500, ..Default::default() };
/// let found = mentor::designs(&config, &[Design::User, Design::Switchback(4)], 5)?;
/// assert_eq!(found.shape(), (2, 7));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn designs(config: &Config, designs: &[Design], seeds: u32) -> Result<DataFrame> {
    within("seeds", seeds, 2, 100_000)?;
    let with = |seed: u64, design: Design, share: f64| {
        let offer = Offer { design, share, ..config.offer };
        Lived::new(&Config { offer, seed, ..config.clone() })
    };
    let everybody = |_: &Person| true;
    let runs: Vec<(f64, Vec<Option<f64>>)> = (0..u64::from(seeds))
        .into_par_iter()
        .map(|each| {
            let seed = config.seed.wrapping_add(each);
            let of = |share| -> Result<f64> {
                Ok(with(seed, Design::User, share)?.share(everybody).unwrap_or(0.0))
            };
            let truth = of(1.0)? - of(0.0)?;
            let estimates = designs.iter().map(|design| {
                let lived = with(seed, *design, config.offer.share)?;
                let arm = |arm: Arm| lived.share(|person| person.arm == Some(arm));
                Ok(arm(Arm::Offered).zip(arm(Arm::Control)).map(|(with, without)| with - without))
            });
            Ok((truth, estimates.collect::<Result<_>>()?))
        })
        .collect::<Result<_>>()?;
    let mut table: [Vec<Option<f64>>; 5] = Default::default();
    let mut experiments = vec![];
    for place in 0..designs.len() {
        let known: Vec<(f64, f64)> =
            runs.iter().filter_map(|run| Some((run.0, run.1[place]?))).collect();
        let found = Errors::of(&known);
        let values = found.map(|it| [it.truth, it.estimate, it.bias, it.rmse]);
        let [truth, estimate, bias, rmse] = values.map_or([None; 4], |all| all.map(Some));
        let sd = found.and_then(|it| it.sd);
        for (column, value) in table.iter_mut().zip([truth, estimate, bias, sd, rmse]) {
            column.push(value);
        }
        experiments.push(known.len() as u32);
    }
    let [truth, mean_estimate, bias, sd, rmse] = table;
    Ok(df!(
        "design" => designs.iter().map(|design| design.name()).collect::<Vec<_>>(),
        "truth" => truth,
        "mean_estimate" => mean_estimate,
        "bias" => bias,
        "standard_deviation" => sd,
        "rmse" => rmse,
        "experiments" => experiments,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_experiment_nothing_is_known() {
        assert!(Errors::of(&[]).is_none());
        let one = Errors::of(&[(0.1, 0.3)]).unwrap();
        assert!(one.sd.is_none() && (one.rmse - 0.2).abs() < 1e-12);
        // Everybody is in one arm: no design has anything to compare with.
        let offer = Offer { share: 1.0, ..Default::default() };
        let config = Config { users: 200, offer, ..Default::default() };
        let found = designs(&config, &[Design::User], 2).unwrap();
        assert_eq!(found.column("experiments").unwrap().u32().unwrap().get(0), Some(0));
        assert_eq!(found.column("rmse").unwrap().null_count(), 1);
    }
}
