//! The move of a rate, group by group.

use polars::prelude::*;

use crate::error::Result;
use crate::metrics::mix::{groups, overall};
use crate::metrics::{Source, free};

const COLUMNS: [&str; 9] = [
    "hits_before",
    "trials_before",
    "hits_after",
    "trials_after",
    "rate_before",
    "rate_after",
    "mix",
    "behaviour",
    "change",
];

/// Splits the move of an overall rate over groups, and in each into mix and behaviour.
///
/// A group's mix is the change of its share of all trials, times what its rate is above that of all (both on average over the two
/// periods): a group with a low rate that grows pulls the overall rate down. Its behaviour is the change of its rate, times its
/// average share. Over groups they add up to the mix and behaviour of [`mix::decompose`](crate::metrics::mix::decompose), and together
/// to the change of the overall rate.
///
/// Reads two results of [`rate_by`](crate::metrics::rates::rate_by) with the same groups, `before` and `after`: the column `by`, `hits`
/// and `trials`. Returns one row per group, by its name: `by` (text), `hits_before`, `trials_before`, `hits_after`, `trials_after`
/// (i64), `rate_before`, `rate_after`, `mix`, `behaviour`, `change` (f64, shares of 1: mix + behaviour).
///
/// # Errors
/// As [`mix::decompose`](crate::metrics::mix::decompose); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a column `by` that
/// has the name of a column of the result.
///
/// ```
/// use casebook::metrics::change;
/// use casebook::prelude::*;
///
/// let before = df!("device" => ["desktop", "phone"], "hits" => [60, 20], "trials" => [1_000, 1_000])?;
/// let after = df!("device" => ["desktop", "phone"], "hits" => [60, 60], "trials" => [1_000, 3_000])?;
/// let moved = change::by_group(&before, &after, "device")?;
/// // Both buy as they did. There are more of those who buy less: 4.0% became 3.0%.
/// assert_eq!(moved.value("behaviour", "device", "phone")?, 0.0);
/// assert!((moved.total("change")? + 0.01).abs() < 1e-12);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn by_group(before: &dyn Source, after: &dyn Source, by: &str) -> Result<DataFrame> {
    free("before", by, &COLUMNS)?;
    let groups = groups(&before.scan().collect()?, &after.scan().collect()?, by)?;
    let (first, second) = overall(&groups);
    let level = (first.rate() + second.rate()) / 2.0;
    let (mut mix, mut behaviour) = (vec![], vec![]);
    for group in &groups {
        let (rate, rate_later) = (group.before.rate(), group.after.rate());
        let (share, share_later) = group.shares(first, second);
        mix.push((share_later - share) * ((rate + rate_later) / 2.0 - level));
        behaviour.push((rate_later - rate) * (share + share_later) / 2.0);
    }
    let change: Vec<f64> = mix.iter().zip(&behaviour).map(|(mix, own)| mix + own).collect();
    let counts = |of: &dyn Fn(usize) -> u64| -> Vec<i64> {
        (0..groups.len()).map(|at| of(at) as i64).collect()
    };
    let names: Vec<&str> = groups.iter().map(|group| &*group.name).collect();
    Ok(df!(
        by => names,
        "hits_before" => counts(&|at| groups[at].before.hits),
        "trials_before" => counts(&|at| groups[at].before.users),
        "hits_after" => counts(&|at| groups[at].after.hits),
        "trials_after" => counts(&|at| groups[at].after.users),
        "rate_before" => groups.iter().map(|group| group.before.rate()).collect::<Vec<_>>(),
        "rate_after" => groups.iter().map(|group| group.after.rate()).collect::<Vec<_>>(),
        "mix" => mix,
        "behaviour" => behaviour,
        "change" => change,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Verbs;
    use crate::metrics::mix;

    #[test]
    fn groups_add_up_to_the_whole() {
        let rates = |hits: [i64; 3], trials: [i64; 3]| {
            df!("plan" => ["team", "free", "pro"], "hits" => hits, "trials" => trials).unwrap()
        };
        let (before, after) =
            (rates([50, 10, 7], [200, 400, 70]), rates([66, 9, 31], [220, 300, 90]));
        let (parts, whole) = (
            by_group(&before, &after, "plan").unwrap(),
            mix::decompose(&before, &after, "plan").unwrap(),
        );
        for (column, part) in [("mix", "mix"), ("behaviour", "behaviour"), ("change", "together")] {
            let (sum, all) =
                (parts.total(column).unwrap(), whole.value("change", "part", part).unwrap());
            assert!((sum - all).abs() < 1e-15, "{column}: {sum}, {all}");
        }
        let names: Vec<&str> =
            parts.column("plan").unwrap().str().unwrap().iter().flatten().collect();
        assert_eq!(names, ["free", "pro", "team"]);
        // Fewer of those whose rate is below the average pull it up.
        assert!(parts.value("mix", "plan", "free").unwrap() > 0.0);
    }

    #[test]
    fn a_name_of_the_result_is_refused() {
        let frame = df!("mix" => ["a"], "hits" => [1], "trials" => [2]).unwrap();
        let message = by_group(&frame, &frame, "mix").unwrap_err().to_string();
        assert!(message.contains("column `mix`") && message.contains("rename"), "{message}");
    }
}
