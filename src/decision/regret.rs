//! Rules that choose, on many worlds.

use polars::prelude::*;
use rayon::prelude::*;

use super::compare::{Comparison, compare, expected};
use super::world::{Choice, Exact, World};
use crate::error::{Error, Result, unknown};
use crate::stats::distribution::t_quantile;
use crate::stats::interval::wilson;

/// A function from a world to the name of an option.
type Choose<'r, W> = dyn Fn(&W) -> Result<String> + Sync + 'r;

/// How an option is chosen: from what a world shows up to the day of the decision, by the option's name.
pub struct Rule<'r, W> {
    name: String,
    choose: Box<Choose<'r, W>>,
}

impl<'r, W> Rule<'r, W> {
    /// Names a rule.
    pub fn new(name: &str, choose: impl Fn(&W) -> Result<String> + Sync + 'r) -> Rule<'r, W> {
        Rule { name: name.into(), choose: Box::new(choose) }
    }

    /// Makes a rule that chooses the same option in every world.
    pub fn always(option: &str) -> Rule<'r, W> {
        let option = option.to_owned();
        Rule { name: format!("always {option}"), choose: Box::new(move |_| Ok(option.clone())) }
    }
}

/// What a rule's choices were worth.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleResult {
    /// Its name.
    pub name: String,
    /// The mean over worlds of what its choice lost against the best option, in US dollars.
    pub regret: f64,
    /// The 95% interval's lower end: Student's, over worlds; never below 0.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The mean over worlds of what its choice gained compared with doing nothing, in US dollars.
    pub gain: f64,
    /// In how many worlds it chose the best option.
    pub best: u64,
    /// Of how many.
    pub worlds: u64,
}

/// What rules chose on many worlds, and what that was worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Regret {
    /// One entry per rule, in the order given.
    pub rules: Vec<RuleResult>,
    /// One row per world and rule: `seed` (u64), `rule`, `option`, `best_option` (text), `gain`, `regret` (f64, US dollars).
    pub choices: DataFrame,
}

/// Lets rules choose on the world of each seed, and runs `futures` futures of each option to see what that was worth.
///
/// The best option is the one that gains most in these futures. With few of them, that is partly luck, and regrets are a little high.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for no rules or two of one name, for fewer than 2 seeds or one that is
/// there twice, and for a rule that chooses an option that is not there; those of [`compare()`], of the worlds and of the rules.
pub fn regret<W: World + Send>(
    seeds: &[u64],
    world: impl Fn(u64) -> Result<W> + Sync,
    options: impl Fn(&W) -> Result<Vec<Choice<W::Intervention>>> + Sync,
    rules: &[Rule<'_, W>],
    futures: u32,
) -> Result<Regret> {
    over(seeds, world, rules, |world| compare(world, &options(world)?, futures))
}

/// Lets rules choose on the world of each seed, as [`regret`] does, and takes the exact mean over all futures as what that was worth.
///
/// # Errors
/// Those of [`regret`].
///
/// ```
/// use casebook::decision::{self, Choice, Exact, Outcome, Rule, World};
///
/// /// A coin pays a dollar, and more if somebody polishes it.
/// struct Coin;
/// impl World for Coin {
///     type Intervention = f64;
///     fn outcome(&self, done: &[f64], future: u64) -> casebook::Result<Outcome> {
///         let heads = f64::from(future.count_ones() % 2);
///         Ok(Outcome { contribution: heads + done.iter().sum::<f64>(), cost: 0.0 })
///     }
/// }
/// impl Exact for Coin {
///     fn expected(&self, done: &[f64]) -> casebook::Result<Outcome> {
///         Ok(Outcome { contribution: 0.5 + done.iter().sum::<f64>(), cost: 0.0 })
///     }
/// }
///
/// let options = |_: &Coin| Ok(vec![Choice::nothing(), Choice::new("polish", [0.3])]);
/// let rules = [Rule::always("do nothing")];
/// let found = decision::expected_regret(&[1, 2], |_| Ok(Coin), options, &rules)?;
/// assert!((found.rules[0].regret - 0.3).abs() < 1e-12);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn expected_regret<W: Exact + Send>(
    seeds: &[u64],
    world: impl Fn(u64) -> Result<W> + Sync,
    options: impl Fn(&W) -> Result<Vec<Choice<W::Intervention>>> + Sync,
    rules: &[Rule<'_, W>],
) -> Result<Regret> {
    over(seeds, world, rules, |world| expected(world, &options(world)?))
}

fn over<W: World + Send>(
    seeds: &[u64],
    world: impl Fn(u64) -> Result<W> + Sync,
    rules: &[Rule<'_, W>],
    compared: impl Fn(&W) -> Result<Comparison> + Sync,
) -> Result<Regret> {
    if rules.is_empty() {
        return Err(Error::config("rules", 0, "at least one"));
    }
    if seeds.len() < 2 {
        return Err(Error::config("seeds", seeds.len(), "at least 2"));
    }
    if let Some(seed) = twice(seeds.iter()) {
        return Err(Error::config("seeds", seed, "each seed once"));
    }
    if let Some(name) = twice(rules.iter().map(|rule| &rule.name)) {
        return Err(Error::config("rules", name, "one rule of each name"));
    }
    let rows: Vec<Vec<Row>> = seeds
        .par_iter()
        .map(|seed| {
            let world = world(*seed)?;
            let found = compared(&world)?;
            let best = found.best().name;
            rules
                .iter()
                .map(|rule| {
                    let chosen = found.option(&(rule.choose)(&world)?)?;
                    let best = best.clone();
                    Ok(Row { option: chosen.name, best, gain: chosen.gain, regret: chosen.regret })
                })
                .collect()
        })
        .collect::<Result<_>>()?;
    let results = rules.iter().enumerate().map(|(place, rule)| {
        let own: Vec<&Row> = rows.iter().map(|row| &row[place]).collect();
        summary(&rule.name, &own)
    });
    let rules_of = |_: &u64| rules.iter().map(|rule| rule.name.as_str());
    let flat: Vec<&Row> = rows.iter().flatten().collect();
    let choices = df!(
        "seed" => seeds.iter().flat_map(|seed| rules.iter().map(|_| *seed)).collect::<Vec<u64>>(),
        "rule" => seeds.iter().flat_map(rules_of).collect::<Vec<_>>(),
        "option" => flat.iter().map(|row| row.option.as_str()).collect::<Vec<_>>(),
        "best_option" => flat.iter().map(|row| row.best.as_str()).collect::<Vec<_>>(),
        "gain" => flat.iter().map(|row| row.gain).collect::<Vec<_>>(),
        "regret" => flat.iter().map(|row| row.regret).collect::<Vec<_>>(),
    )?;
    Ok(Regret { rules: results.collect(), choices })
}

/// Finds one that is there twice.
fn twice<T: PartialEq>(all: impl Iterator<Item = T> + Clone) -> Option<T> {
    all.clone()
        .enumerate()
        .find(|(at, one)| all.clone().take(*at).any(|other| other == *one))
        .map(|it| it.1)
}

/// What a rule chose in a world.
struct Row {
    option: String,
    best: String,
    gain: f64,
    regret: f64,
}

fn summary(name: &str, rows: &[&Row]) -> RuleResult {
    let n = rows.len() as f64;
    let mean = |pick: fn(&Row) -> f64| rows.iter().map(|row| pick(row)).sum::<f64>() / n;
    let regret = mean(|row| row.regret);
    let variance = rows.iter().map(|row| (row.regret - regret).powi(2)).sum::<f64>() / (n - 1.0);
    let half = t_quantile(0.975, n - 1.0) * (variance / n).sqrt();
    RuleResult {
        name: name.into(),
        regret,
        low: (regret - half).max(0.0),
        high: regret + half,
        gain: mean(|row| row.gain),
        // Of options that are equally good, none is wrong.
        best: rows.iter().filter(|row| row.regret <= 0.0).count() as u64,
        worlds: rows.len() as u64,
    }
}

impl Regret {
    /// Compares a rule with each other rule within each world: what the choice of the other gained more than that of this one.
    ///
    /// Returns one row per other rule, the best first: `rule`, `difference` (f64, US dollars: the mean over worlds), `low`, `high` (f64:
    /// Student's interval of paired differences, so wide that all intervals together hold with 95%, by Bonferroni's correction),
    /// `worlds` (u64).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a rule that isn't there; the message lists them.
    pub fn against(&self, rule: &str) -> Result<DataFrame> {
        let names: Vec<&str> = self.rules.iter().map(|rule| rule.name.as_str()).collect();
        if !names.contains(&rule) {
            return Err(unknown("rule", rule, names, "no rule"));
        }
        let gains = |rule: &str| -> Result<Vec<f64>> {
            let own = self.choices.clone().lazy().filter(col("rule").eq(lit(rule))).collect()?;
            Ok(own.column("gain")?.f64()?.into_no_null_iter().collect())
        };
        let base = gains(rule)?;
        let (n, many) = (base.len() as f64, names.len().saturating_sub(1).max(1) as f64);
        let quantile = t_quantile(1.0 - 0.025 / many, n - 1.0);
        let mut rows = vec![];
        for name in names.into_iter().filter(|name| *name != rule) {
            let other = gains(name)?;
            let off = || other.iter().zip(&base).map(|(other, own)| other - own);
            let mean = off().sum::<f64>() / n;
            let variance = off().map(|one| (one - mean).powi(2)).sum::<f64>() / (n - 1.0);
            rows.push((name, mean, quantile * (variance / n).sqrt()));
        }
        rows.sort_by(|one, next| next.1.total_cmp(&one.1));
        Ok(df!(
            "rule" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "difference" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            "low" => rows.iter().map(|row| row.1 - row.2).collect::<Vec<_>>(),
            "high" => rows.iter().map(|row| row.1 + row.2).collect::<Vec<_>>(),
            "worlds" => vec![base.len() as u64; rows.len()],
        )?)
    }

    /// Returns one row per rule, in the order given: `rule`, `regret`, `low`, `high`, `gain` (f64, US dollars), `best`, `worlds`
    /// (u64), `best_rate`, `best_low`, `best_high` (f64: the share of worlds in which the best option was chosen, with its
    /// Wilson interval).
    ///
    /// # Errors
    /// Polars' own; none are known.
    pub fn frame(&self) -> Result<DataFrame> {
        let numbers =
            |pick: fn(&RuleResult) -> f64| -> Vec<f64> { self.rules.iter().map(pick).collect() };
        let counts =
            |pick: fn(&RuleResult) -> u64| -> Vec<u64> { self.rules.iter().map(pick).collect() };
        let interval = |rule: &RuleResult| wilson(rule.best, rule.worlds).unwrap_or((0.0, 1.0));
        Ok(df!(
            "rule" => self.rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(),
            "regret" => numbers(|rule| rule.regret),
            "low" => numbers(|rule| rule.low),
            "high" => numbers(|rule| rule.high),
            "gain" => numbers(|rule| rule.gain),
            "best" => counts(|rule| rule.best),
            "worlds" => counts(|rule| rule.worlds),
            "best_rate" => numbers(|rule| rule.best as f64 / rule.worlds as f64),
            "best_low" => self.rules.iter().map(|rule| interval(rule).0).collect::<Vec<_>>(),
            "best_high" => self.rules.iter().map(|rule| interval(rule).1).collect::<Vec<_>>(),
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Outcome;

    /// In even worlds the first option is worth 3 and the second 1; in odd ones the other way round.
    struct Two {
        seed: u64,
    }
    impl World for Two {
        type Intervention = u64;
        fn outcome(&self, done: &[u64], future: u64) -> Result<Outcome> {
            let right = done.contains(&(self.seed % 2));
            let gain = if done.is_empty() {
                0.0
            } else if right {
                3.0
            } else {
                1.0
            };
            Ok(Outcome { contribution: future as f64 + gain, cost: 0.0 })
        }
    }

    fn options(_: &Two) -> Result<Vec<Choice<u64>>> {
        Ok(vec![Choice::nothing(), Choice::new("first", [0]), Choice::new("second", [1])])
    }

    #[test]
    fn a_rule_that_knows_has_no_regret() {
        let seeds: Vec<u64> = (0..10).collect();
        let knows = |world: &Two| Ok(["first", "second"][(world.seed % 2) as usize].to_owned());
        let rules = [Rule::new("knows", knows), Rule::always("first"), Rule::always("do nothing")];
        let found = regret(&seeds, |seed| Ok(Two { seed }), options, &rules, 3).unwrap();
        let of: Vec<(f64, u64)> = found.rules.iter().map(|rule| (rule.regret, rule.best)).collect();
        assert_eq!(of, [(0.0, 10), (1.0, 5), (3.0, 0)]);
        assert_eq!(found.rules[1].name, "always first");
        assert_eq!(found.choices.height(), 30);
        let frame = found.frame().unwrap();
        assert_eq!(frame.column("best_rate").unwrap().f64().unwrap().get(1), Some(0.5));
        // Of ten differences 0 or -2 each: a mean of -1, a standard deviation of 1.054, and Student's 2.685 for two intervals.
        let others = found.against("knows").unwrap();
        let values = |column: &str| -> Vec<f64> {
            others.column(column).unwrap().f64().unwrap().into_no_null_iter().collect()
        };
        assert_eq!(values("difference"), [-1.0, -3.0]);
        assert!((values("low")[0] - (-1.0 - 0.895)).abs() < 1e-3, "{others}");
        assert_eq!(values("high")[1], -3.0);
        let told = found.against("third").unwrap_err().to_string();
        assert!(told.contains("always first"), "{told}");
    }

    #[test]
    fn options_that_are_not_there_are_refused() {
        let rules = [Rule::always("third")];
        let told = regret(&[1, 2], |seed| Ok(Two { seed }), options, &rules, 2).unwrap_err();
        assert!(told.to_string().contains("first"), "{told}");
        let none: [Rule<'_, Two>; 0] = [];
        let told = regret(&[1, 2], |seed| Ok(Two { seed }), options, &none, 2).unwrap_err();
        assert!(told.to_string().contains("rules"), "{told}");
        let told = regret(&[1], |seed| Ok(Two { seed }), options, &rules, 2).unwrap_err();
        assert!(told.to_string().contains("at least 2"), "{told}");
    }
}
