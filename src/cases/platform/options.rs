//! What an analyst would expect of each rule, from the tables alone.

use rayon::prelude::*;

use super::belief::Mixture;
use super::config::Config;
use super::decide::{Platform, Shows};
use super::intervention::{Costs, Rule};
use super::reading::Reading;
use super::run::{Run, normal};
use super::seen::Seen;
use super::tables::Tables;
use super::world::in_use;
use crate::cases::check::within;
use crate::decision::{Choice, Prediction};
use crate::error::Result;
use crate::stream::{Stream, stream};

/// How often the truth is drawn.
const DRAWS: u64 = 200;

/// What is assumed about money.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// US dollars a year that a lasting lift of 1% of the primary metric brings; 0 to 100,000,000.
    pub dollars_per_percent: f64,
    /// How many percent of the primary metric make up for one percent fewer users who return; 0 to 10.
    pub returning_weight: f64,
    /// What rules and changes cost.
    pub costs: Costs,
}

impl Default for Terms {
    fn default() -> Self {
        let Config { dollars_per_percent, returning_weight, .. } = Config::default();
        Terms { dollars_per_percent, returning_weight, costs: Costs::default() }
    }
}

/// What is believed of an experiment.
struct Belief {
    /// Of the idea.
    effect: Mixture,
    /// Of the change as it was tested: with a mismatch, it loses users.
    as_tested: Mixture,
    /// Of users who return.
    returning: Mixture,
}

/// Lists what could be enforced, each option with the gain that the tables and the terms predict: "do nothing" (teams go on shipping
/// every p < 0.05), each [`Rule`] alone, "data checks" (sample ratio alarm and guardrail), "sound tests" (sequential, ratio, one metric),
/// "all but replication", and "all six rules".
///
/// What is true of each experiment is drawn 200 times from what all experiments together say: empirical
/// Bayes, with a distribution of effects that may have fat tails. With each draw, the
/// year is decided again under every option: days that were seen are as they were, and later ones are drawn. So the gain is that of the year
/// that was seen, and its interval doesn't include that next year's ideas differ. An experiment with a sample ratio mismatch says nothing
/// about its idea, but its arms' totals say what it does as it was tested, users lost included. Flaws that no table shows are not in it.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the term that is out of range, its value and the range; those of
/// [`results`](super::results).
///
/// ```
/// use casebook::cases::platform::{self, Terms};
///
/// let config = platform::Config { experiments: 30, ..Default::default() };
/// let options = platform::rule_options(&platform::generate(&config)?, &Terms::default())?;
/// assert_eq!(options.len(), 11);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn rule_options(tables: &Tables, terms: &Terms) -> Result<Vec<Choice<Rule>>> {
    within("dollars_per_percent", terms.dollars_per_percent, 0.0, 1e8)?;
    within("returning_weight", terms.returning_weight, 0.0, 10.0)?;
    terms.costs.validate()?;
    let seen = Seen::all(tables)?;
    let beliefs = beliefs(&seen);
    let options = named();
    let days = seen.iter().map(|seen| seen.planned).max().unwrap_or(5).max(5);
    let config = Config { days, ..Config::default() };
    let platforms = options
        .iter()
        .map(|option| Platform::new(&config, &option.1))
        .collect::<Result<Vec<Platform>>>()?;
    let nets: Vec<Vec<f64>> = (0..DRAWS)
        .into_par_iter()
        .map(|draw| {
            let year = Imagined { seen: &seen, beliefs: &beliefs, terms, draw };
            options.iter().zip(&platforms).map(|(it, platform)| year.net(&it.1, platform)).collect()
        })
        .collect();
    let choice = |(place, (name, rules)): (usize, (String, Vec<Rule>))| {
        let mut gains: Vec<f64> = nets.iter().map(|nets| nets[place] - nets[0]).collect();
        gains.sort_by(f64::total_cmp);
        let gain = gains.iter().sum::<f64>() / gains.len() as f64;
        let ends = gains.len() / 40;
        let (low, high) = (gains[ends], gains[gains.len() - 1 - ends]);
        Choice::new(&name, rules).predicted(Prediction { gain, low, high })
    };
    Ok(options.clone().into_iter().enumerate().map(choice).collect())
}

/// The options, by name.
fn named() -> Vec<(String, Vec<Rule>)> {
    use Rule::{Guardrails, OneMetric, RatioMetrics, Replication, SampleRatio, Sequential};
    let mut all = vec![("do nothing".to_owned(), vec![])];
    all.extend(Rule::ALL.map(|rule| (rule.name().to_owned(), vec![rule])));
    let but = Rule::ALL.into_iter().filter(|rule| *rule != Replication).collect();
    all.extend([
        ("data checks".to_owned(), vec![SampleRatio, Guardrails]),
        ("sound tests".to_owned(), vec![Sequential, RatioMetrics, OneMetric]),
        ("all but replication".to_owned(), but),
        ("all six rules".to_owned(), Rule::ALL.to_vec()),
    ]);
    all
}

fn beliefs(seen: &[Seen]) -> Vec<Belief> {
    let lift = |it: &Seen| match (it.mismatch(), it.last()) {
        (true, last) => (last.total, last.total_error),
        (false, last) => (last.lift, last.error),
    };
    let returning = |it: &Seen| (it.last().returning, it.last().returning_error);
    let effects = Mixture::fit(&seen.iter().map(lift).collect::<Vec<_>>());
    let returns = Mixture::fit(&seen.iter().map(returning).collect::<Vec<_>>());
    let belief = |it: &Seen| {
        let as_tested = effects.posterior(lift(it));
        let effect = if it.mismatch() { effects.clone() } else { as_tested.clone() };
        Belief { effect, as_tested, returning: returns.posterior(returning(it)) }
    };
    seen.iter().map(belief).collect()
}

/// A year in which each experiment's effect is one that could be true.
struct Imagined<'s> {
    seen: &'s [Seen],
    beliefs: &'s [Belief],
    terms: &'s Terms,
    draw: u64,
}

impl Imagined<'_> {
    fn net(&self, rules: &[Rule], platform: &Platform) -> f64 {
        let (mut net, mut alarms, mut again) = (0.0, 0, 0);
        for (seen, belief) in self.seen.iter().zip(self.beliefs) {
            let key = self.draw * 1_000_000 + seen.id as u64;
            let mut truth = stream(0, "platform belief", key);
            let effect = belief.effect.draw(&mut truth);
            let returning = belief.returning.draw(&mut truth);
            let mismatch = seen.mismatch();
            let as_tested = if mismatch { belief.as_tested.draw(&mut truth) } else { effect };
            let mut shows = Later { seen, effect, returning, key, now: None };
            let decision = platform.decide(&seen.team, seen.metric, &mut shows);
            alarms += u32::from(decision.alarm);
            again += u32::from(decision.alarm) + u32::from(decision.replicated);
            if decision.shipped {
                // An alarm has what loses users repaired.
                let lasting = if decision.alarm { effect } else { as_tested };
                let lasting = lasting + self.terms.returning_weight * returning;
                let value = 100.0 * self.terms.dollars_per_percent * lasting;
                net += (value - self.terms.costs.upkeep) * in_use(decision.days);
            }
        }
        let hours = self.terms.costs.hours(rules, self.seen.len() as u32, alarms, again);
        net - self.terms.costs.hour * hours
    }
}

/// An experiment of which some days were seen, and the others follow from an effect.
struct Later<'s> {
    seen: &'s Seen,
    effect: f64,
    returning: f64,
    key: u64,
    now: Option<Now>,
}

struct Now {
    run: Run,
    day: u32,
    reading: Reading,
    others: Vec<f64>,
    rng: Stream,
}

impl Later<'_> {
    fn begin(&self, run: Run) -> Now {
        let name = match run {
            Run::First => "platform days not seen",
            Run::Rerun => "platform days again",
            Run::Replication => "platform days of a replication",
        };
        let first = run == Run::First;
        let (day, others) = self.seen.others.last().cloned().unwrap_or_default();
        let others = match first {
            true => others,
            false => vec![0.0; others.len()],
        };
        let (day, reading) = if first { (day, self.seen.last()) } else { (0, Reading::default()) };
        Now { run, day, reading, others, rng: stream(0, name, self.key) }
    }
}

impl Shows for Later<'_> {
    fn reading(&mut self, run: Run, day: u32) -> Reading {
        let stopped = self.seen.days();
        if run == Run::First && day <= stopped {
            let mut reading = self.seen.readings[day as usize - 1];
            let others = self.seen.others.iter().find(|look| look.0 == day);
            let others = others.map(|look| look.1.as_slice()).unwrap_or_default();
            reading.others = most(others);
            return reading;
        }
        let mut now = match self.now.take() {
            Some(now) if now.run == run && now.day <= day => now,
            _ => self.begin(run),
        };
        let (from, to) = (f64::from(now.day), f64::from(day));
        let last = self.seen.last();
        // The error of one day, and the mean of the days that are added.
        let root = f64::from(stopped).sqrt();
        let mut later = |before: f64, error: f64, effect: f64| {
            let added = effect + error * root / (to - from).max(1e-9).sqrt() * normal(&mut now.rng);
            let lift = if to > from { (from * before + (to - from) * added) / to } else { before };
            (lift, error * root / to.sqrt())
        };
        let (lift, error) = later(now.reading.lift, last.error, self.effect);
        let (returning, returning_error) =
            later(now.reading.returning, last.returning_error, self.returning);
        for z in &mut now.others {
            *z = (*z * from.sqrt() + (to - from).sqrt() * normal(&mut now.rng)) / to.sqrt();
        }
        let others = match run {
            Run::Replication => now.others.first().copied().unwrap_or(f64::NEG_INFINITY),
            _ => most(&now.others),
        };
        let z = lift / error;
        now.reading = Reading {
            lift,
            error,
            z,
            naive_z: z / last.naive_ratio(),
            total: lift,
            total_error: error,
            returning,
            returning_error,
            returning_z: returning / returning_error,
            // A mismatch is repaired before a run is repeated.
            ratio_p: if run == Run::First { last.ratio_p } else { 1.0 },
            others,
        };
        let reading = now.reading;
        now.day = day;
        self.now = Some(now);
        reading
    }
}

fn most(zs: &[f64]) -> f64 {
    zs.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}
