//! Options side by side.

use polars::prelude::*;
use rayon::prelude::*;

use super::world::{Choice, Exact, Outcome, Prediction, World};
use crate::error::{Error, Result};
use crate::stats::distribution::t_quantile;

/// What became of an option.
#[derive(Debug, Clone, PartialEq)]
pub struct OptionResult {
    /// Its name.
    pub name: String,
    /// The mean over futures of what it brought more than doing nothing, net of cost, in US dollars.
    pub gain: f64,
    /// Its 95% interval's lower end: over futures, from paired differences.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The mean of its cost, in US dollars.
    pub cost: f64,
    /// Its place by `gain`, from 1.
    pub rank: u32,
    /// What having chosen it loses against the best option, in US dollars.
    pub regret: f64,
    /// What the analysis expected.
    pub predicted: Option<Prediction>,
}

/// Options by what they brought, in the order given.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// One entry per option.
    pub options: Vec<OptionResult>,
    /// How many futures were run; 0 where means are exact.
    pub futures: u32,
}

/// Compares each option with doing nothing, carried out in the same futures, 0 to `futures` - 1.
///
/// The interval is Student's, of the paired differences. Of options with equal gains, the one named first ranks higher.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for no options, two of one name, or fewer than 2 futures or more
/// than 100,000; those of the world's outcome.
pub fn compare<W: World>(
    world: &W,
    options: &[Choice<W::Intervention>],
    futures: u32,
) -> Result<Comparison> {
    check(options)?;
    if !(2..=100_000).contains(&futures) {
        return Err(Error::config("futures", futures, "2 to 100,000"));
    }
    let runs: Vec<(Outcome, Vec<Outcome>)> = (0..u64::from(futures))
        .into_par_iter()
        .map(|future| {
            let nothing = world.outcome(&[], future)?;
            let with = options.iter().map(|option| match option.done.is_empty() {
                true => Ok(nothing),
                false => world.outcome(&option.done, future),
            });
            Ok((nothing, with.collect::<Result<_>>()?))
        })
        .collect::<Result<_>>()?;
    let n = runs.len() as f64;
    let quantile = t_quantile(0.975, n - 1.0);
    let found: Vec<OptionResult> = options
        .iter()
        .enumerate()
        .map(|(place, option)| {
            let gains = || runs.iter().map(|(nothing, with)| with[place].net() - nothing.net());
            let gain = gains().sum::<f64>() / n;
            let variance = gains().map(|each| (each - gain).powi(2)).sum::<f64>() / (n - 1.0);
            let half = quantile * (variance / n).sqrt();
            OptionResult {
                name: option.name.clone(),
                gain,
                low: gain - half,
                high: gain + half,
                cost: runs.iter().map(|(_, with)| with[place].cost).sum::<f64>() / n,
                rank: 0,
                regret: 0.0,
                predicted: option.predicted,
            }
        })
        .collect();
    Ok(Comparison { options: ranked(found), futures })
}

/// Compares each option with doing nothing, by exact means: intervals have no width, and no future is run.
pub(super) fn expected<W: Exact>(
    world: &W,
    options: &[Choice<W::Intervention>],
) -> Result<Comparison> {
    check(options)?;
    let nothing = world.expected(&[])?.net();
    let found = options.iter().map(|option| {
        let outcome = world.expected(&option.done)?;
        let gain = outcome.net() - nothing;
        Ok(OptionResult {
            name: option.name.clone(),
            gain,
            low: gain,
            high: gain,
            cost: outcome.cost,
            rank: 0,
            regret: 0.0,
            predicted: option.predicted,
        })
    });
    Ok(Comparison { options: ranked(found.collect::<Result<_>>()?), futures: 0 })
}

/// Checks that there are options, each once.
fn check<I>(options: &[Choice<I>]) -> Result<()> {
    if options.is_empty() {
        return Err(Error::config("options", 0, "at least one"));
    }
    for (place, option) in options.iter().enumerate() {
        if options[..place].iter().any(|other| other.name == option.name) {
            return Err(Error::config("options", &option.name, "one option of each name"));
        }
    }
    Ok(())
}

/// Adds ranks and regrets.
fn ranked(mut found: Vec<OptionResult>) -> Vec<OptionResult> {
    let gains: Vec<f64> = found.iter().map(|option| option.gain).collect();
    let best = gains.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for (place, option) in found.iter_mut().enumerate() {
        let above = gains.iter().enumerate().filter(|(other, gain)| {
            **gain > gains[place] || (**gain == gains[place] && *other < place)
        });
        option.rank = above.count() as u32 + 1;
        option.regret = best - option.gain;
    }
    found
}

impl Comparison {
    /// Returns the option that gains most.
    pub fn best(&self) -> OptionResult {
        // There is at least one, and ranks are a permutation.
        self.options.iter().find(|option| option.rank == 1).unwrap_or(&self.options[0]).clone()
    }

    /// Returns an option by its name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a name that no option has; the message lists them.
    pub fn option(&self, name: &str) -> Result<OptionResult> {
        let found = self.options.iter().find(|option| option.name == name);
        found.cloned().ok_or_else(|| {
            let names: Vec<&str> = self.options.iter().map(|option| option.name.as_str()).collect();
            crate::error::unknown("name", name, names, "no option")
        })
    }

    /// Returns one row per option, the best first: `option`, `gain`, `low`, `high`, `cost` (f64, US dollars), `rank` (u32),
    /// `regret` (f64, US dollars), `predicted`, `predicted_low`, `predicted_high` (f64; null where nothing was predicted).
    ///
    /// # Errors
    /// Polars' own; none are known.
    pub fn frame(&self) -> Result<DataFrame> {
        let mut rows: Vec<&OptionResult> = self.options.iter().collect();
        rows.sort_by_key(|option| option.rank);
        let numbers = |pick: fn(&OptionResult) -> f64| -> Vec<f64> {
            rows.iter().map(|option| pick(option)).collect()
        };
        let predictions = |pick: fn(Prediction) -> f64| -> Vec<Option<f64>> {
            rows.iter().map(|option| option.predicted.map(pick)).collect()
        };
        Ok(df!(
            "option" => rows.iter().map(|option| option.name.as_str()).collect::<Vec<_>>(),
            "gain" => numbers(|option| option.gain),
            "low" => numbers(|option| option.low),
            "high" => numbers(|option| option.high),
            "cost" => numbers(|option| option.cost),
            "rank" => rows.iter().map(|option| option.rank).collect::<Vec<_>>(),
            "regret" => numbers(|option| option.regret),
            "predicted" => predictions(|each| each.gain),
            "predicted_low" => predictions(|each| each.low),
            "predicted_high" => predictions(|each| each.high),
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Futures differ by up to 100; what is done adds exactly its own number, and costs a tenth of it.
    struct Plain;
    impl World for Plain {
        type Intervention = f64;
        fn outcome(&self, done: &[f64], future: u64) -> Result<Outcome> {
            let added: f64 = done.iter().sum();
            Ok(Outcome {
                contribution: (future * 37 % 101) as f64 + added,
                cost: added.abs() / 10.0,
            })
        }
    }

    fn options() -> Vec<Choice<f64>> {
        let predicted = Prediction { gain: 4.0, low: 1.0, high: 7.0 };
        vec![
            Choice::new("small", [1.0]),
            Choice::nothing(),
            Choice::new("large", [5.0, 5.0]).predicted(predicted),
            Choice::new("harm", [-2.0]),
        ]
    }

    #[test]
    fn twins_differ_by_what_was_done() {
        let found = compare(&Plain, &options(), 50).unwrap();
        let large = found.option("large").unwrap();
        assert!((large.gain - 9.0).abs() < 1e-9 && large.high - large.low < 1e-9);
        assert_eq!((large.rank, large.regret), (1, 0.0));
        assert_eq!(found.best().name, "large");
        let ranks: Vec<u32> = found.options.iter().map(|option| option.rank).collect();
        assert_eq!(ranks, [2, 3, 1, 4]);
        assert!((found.option("harm").unwrap().regret - 11.2).abs() < 1e-9);
        let frame = found.frame().unwrap();
        assert_eq!(frame.shape(), (4, 10));
        let first = frame.column("option").unwrap().str().unwrap().get(0).unwrap().to_owned();
        assert_eq!(first, "large");
        assert_eq!(frame.column("predicted").unwrap().null_count(), 3);
    }

    #[test]
    fn equal_gains_rank_in_the_order_given() {
        let same = [Choice::new("a", [1.0]), Choice::new("b", [1.0])];
        let found = compare(&Plain, &same, 2).unwrap();
        assert_eq!(found.options.iter().map(|option| option.rank).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let told = |options: &[Choice<f64>], futures| {
            compare(&Plain, options, futures).unwrap_err().to_string()
        };
        assert!(told(&[], 2).contains("options"));
        assert!(told(&[Choice::nothing(), Choice::nothing()], 2).contains("do nothing"));
        assert!(told(&options(), 1).contains("2 to 100,000"));
        let found = compare(&Plain, &options(), 2).unwrap();
        assert!(found.option("bigger").unwrap_err().to_string().contains("large"));
    }
}
