//! Mix and behaviour: why an overall rate changed.
//!
//! # Source
//! E. M. Kitagawa (1955), "Components of a difference between two rates", Journal of the American Statistical Association 50.

use polars::prelude::*;

use super::interval::Z95;
use super::{Source, finite, require};
use crate::error::{Error, Result};
use crate::frame::Verbs;
use crate::stats::two_sample::{Proportion, compare_proportions};

/// A group in both periods.
pub(super) struct Group {
    pub name: String,
    pub before: Proportion,
    pub after: Proportion,
}

impl Group {
    /// Returns the group's shares of all trials, before and after.
    pub fn shares(&self, first: Proportion, second: Proportion) -> (f64, f64) {
        let of = |own: Proportion, all: Proportion| own.users as f64 / all.users as f64;
        (of(self.before, first), of(self.after, second))
    }
}

/// Adds up all groups: before and after.
pub(super) fn overall(groups: &[Group]) -> (Proportion, Proportion) {
    let sum = |pick: fn(&Group) -> Proportion| Proportion {
        hits: groups.iter().map(|group| pick(group).hits).sum(),
        users: groups.iter().map(|group| pick(group).users).sum(),
    };
    (sum(|group| group.before), sum(|group| group.after))
}

/// Splits the change of an overall rate into mix, the change of the groups' shares at their average rates, and behaviour, the
/// change of their rates at their average shares. The two add up.
///
/// Reads two results of [`rate_by`](super::rates::rate_by) with the same groups, `before` and `after`: the column `by`, `hits`
/// and `trials`. Returns one row per part: `part` ("mix", "behaviour", "together"), `change`, `low`, `high` (f64, shares of 1).
/// Behaviour has a 95% interval (normal, for the shares as they were), "together" Newcombe's; mix has none, its ends are null.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a group that is in one frame only, or twice, hits and trials that are
/// not whole numbers, and for a group without trials, or with more hits than trials; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for frames without rows.
///
/// ```
/// use casebook::prelude::*;
///
/// let before = df!("plan" => ["free", "pro"], "hits" => [20, 5], "trials" => [100, 100])?;
/// let after = df!("plan" => ["free", "pro"], "hits" => [10, 8], "trials" => [50, 160])?;
/// let parts = mix::decompose(&before, &after, "plan")?;
/// // Neither plan loses more or fewer of its users: fewer of them are on the plan that loses most.
/// assert_eq!(parts.value("change", "part", "behaviour")?, 0.0);
/// assert!(parts.value("change", "part", "mix")? < -0.03);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn decompose(before: &dyn Source, after: &dyn Source, by: &str) -> Result<DataFrame> {
    split(&before.scan().collect()?, &after.scan().collect()?, by)
}

fn split(before: &DataFrame, after: &DataFrame, by: &str) -> Result<DataFrame> {
    let groups = groups(before, after, by)?;
    let (first, second) = overall(&groups);
    let (mut mix, mut behaviour, mut variance) = (0.0, 0.0, 0.0);
    for group in &groups {
        let Group { before, after, .. } = group;
        let (rate, rate_later) = (before.rate(), after.rate());
        let (share, share_later) = group.shares(first, second);
        let average = (share + share_later) / 2.0;
        mix += (share_later - share) * (rate + rate_later) / 2.0;
        behaviour += (rate_later - rate) * average;
        variance += average.powi(2)
            * (rate * (1.0 - rate) / before.users as f64
                + rate_later * (1.0 - rate_later) / after.users as f64);
    }
    let half = Z95 * variance.sqrt();
    let ends = compare_proportions(first, second).map(|it| (it.low, it.high));
    Ok(df!(
        "part" => ["mix", "behaviour", "together"],
        "change" => [mix, behaviour, second.rate() - first.rate()],
        "low" => [None, Some(behaviour - half), ends.map(|it| it.0)],
        "high" => [None, Some(behaviour + half), ends.map(|it| it.1)],
    )?)
}

/// Reads a column of counts. A number that is no count is refused, and not rounded.
fn whole(frame: &DataFrame, name: &'static str, column: &str, keys: &[&str]) -> Result<Vec<u64>> {
    let values = finite(frame, name, column)?;
    let each = values.iter().zip(keys).map(|(value, key)| {
        // Beyond this, a number is no longer sure to be whole.
        if value.fract() == 0.0 && (0.0..9e15).contains(value) {
            return Ok(*value as u64);
        }
        let problem = format!("is {value} for {key}; it must be a whole number from 0");
        Err(Error::column(name, column, problem))
    });
    each.collect()
}

/// Pairs the groups of both frames, sorted by their key.
pub(super) fn groups(before: &DataFrame, after: &DataFrame, by: &str) -> Result<Vec<Group>> {
    let key = [col(by).cast(DataType::String).alias("group")];
    let read = |frame: &DataFrame, name: &'static str| -> Result<Vec<(String, Proportion)>> {
        require(frame, name, &[by, "hits", "trials"])?;
        let sorted = frame.pick((key.clone(), "hits", "trials"))?.sort_asc("group")?;
        let keys: Vec<&str> =
            sorted.column("group")?.str()?.iter().map(|key| key.unwrap_or("null")).collect();
        let counts = |column: &'static str| whole(&sorted, name, column, &keys);
        let counts = counts("hits")?.into_iter().zip(counts("trials")?);
        let rows = keys.iter().zip(counts).map(|(key, (hits, trials))| {
            let refused = |column, problem| Err(Error::column(name, column, problem));
            if trials == 0 {
                return refused("trials", format!("is 0 for {key}; it must be 1 or more"));
            }
            if hits > trials {
                let problem =
                    format!("is {hits} for {key}; it must be at most its trials, {trials}");
                return refused("hits", problem);
            }
            Ok(((*key).to_owned(), Proportion { hits, users: trials }))
        });
        rows.collect()
    };
    let (first, second) = (read(before, "before")?, read(after, "after")?);
    let names = |rows: &[(String, Proportion)]| -> Vec<String> {
        rows.iter().map(|(name, _)| name.clone()).collect()
    };
    let (here, there) = (names(&first), names(&second));
    if here.is_empty() && there.is_empty() {
        return Err(Error::config("rows", "none", "at least one group"));
    }
    for (name, groups) in [("before", &here), ("after", &there)] {
        if let Some(twice) = groups.windows(2).find(|pair| pair[0] == pair[1]) {
            let problem = format!("holds {} twice; each group must be there once", twice[0]);
            return Err(Error::column(name, by, problem));
        }
    }
    if here != there {
        let problem = format!("holds {}; before, it held {}", there.join(", "), here.join(", "));
        return Err(Error::column("after", by, problem));
    }
    Ok(first
        .into_iter()
        .zip(second)
        .map(|(before, after)| Group { name: before.0, before: before.1, after: after.1 })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(hits: [i64; 2], trials: [i64; 2]) -> DataFrame {
        df!("size" => ["small", "large"], "hits" => hits, "trials" => trials).unwrap()
    }

    #[test]
    fn the_parts_add_up_and_each_has_its_cause() {
        let before = rates([30, 10], [100, 100]);
        // Same shares, other rates; other shares, same rates; both.
        for (after, mix, behaviour) in [
            (rates([20, 12], [100, 100]), 0.0, -0.04),
            (rates([15, 20], [50, 200]), -0.06, 0.0),
            (rates([10, 24], [50, 200]), -0.3 * 0.25 + 0.3 * 0.11, 0.35 * -0.1 + 0.65 * 0.02),
        ] {
            let parts = split(&before, &after, "size").unwrap();
            let of = |part: &str| parts.value("change", "part", part).unwrap();
            assert!((of("mix") - mix).abs() < 1e-12, "{parts}");
            assert!((of("behaviour") - behaviour).abs() < 1e-12, "{parts}");
            assert!((of("together") - of("mix") - of("behaviour")).abs() < 1e-12, "{parts}");
            let low = parts.value("low", "part", "behaviour").unwrap();
            assert!(low < of("behaviour"), "{parts}");
        }
    }

    #[test]
    fn the_interval_of_behaviour_is_that_of_the_differences() {
        let one = |hits| df!("size" => ["all"], "hits" => [hits], "trials" => [400]).unwrap();
        let parts = split(&one(80), &one(60), "size").unwrap();
        let half = Z95 * ((0.2 * 0.8 + 0.15 * 0.85) / 400.0_f64).sqrt();
        let low = parts.value("low", "part", "behaviour").unwrap();
        assert!((low - (-0.05 - half)).abs() < 1e-12, "{parts}");
        assert_eq!(parts.column("low").unwrap().null_count(), 1);
    }

    #[test]
    fn groups_that_cannot_be_paired_are_refused() {
        let before = rates([30, 10], [100, 100]);
        for (after, said) in [
            (
                df!("size" => ["small"], "hits" => [3], "trials" => [9]).unwrap(),
                "it held large, small",
            ),
            (
                rates([0, 10], [0, 100]),
                "`trials` of the after frame is 0 for small; it must be 1 or more",
            ),
            (
                rates([9, 10], [8, 100]),
                "`hits` of the after frame is 9 for small; it must be at most its trials, 8",
            ),
            (rates([-1, 10], [8, 100]), "`hits` of the after frame is -1 for small"),
            (
                df!("size" => ["small", "large"], "hits" => [2.5, 3.0], "trials" => [9, 9])
                    .unwrap(),
                "is 2.5 for small; it must be a whole number from 0",
            ),
            (
                df!("size" => ["small", "large"], "hits" => [Some(2), None], "trials" => [9, 9])
                    .unwrap(),
                "`hits`",
            ),
            (df!("size" => ["a", "a"], "hits" => [3, 3], "trials" => [9, 9]).unwrap(), "twice"),
            (df!("hits" => [3]).unwrap(), "size"),
        ] {
            let message = split(&before, &after, "size").unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
        }
        let none = before.clear();
        let message = split(&none, &none, "size").unwrap_err().to_string();
        assert!(message.contains("at least one group"), "{message}");
    }
}
