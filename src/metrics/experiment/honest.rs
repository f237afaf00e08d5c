//! The segment chosen on one half of the users, and its effect estimated on the other.

use polars::prelude::*;
use rand::RngExt;

use super::arms::{Arms, difference_columns};
use super::segments::compared;
use crate::error::{Error, Result};
use crate::frame::{full, texts};
use crate::metrics::Source;
use crate::stats::sample::Summary;
use crate::stats::two_sample::Difference;
use crate::stream::stream;

/// Looks for the segment whose effect is surest on one half of the users, and estimates its effect
/// on the other half.
///
/// The segment that looks best among many does so partly by chance, so its difference in the data
/// that chose it is too large. The other half had no part in the choice: its interval covers the
/// segment's effect as often as it says. Chosen is the value with the largest |t| of Welch's test,
/// the first of several; users without a value are in none.
///
/// Reads `users`: `user` (an identifier, which decides the half with the seed), `arm` (text),
/// `value` (a number), and the columns named in `segments`. Returns one row per other arm: `arm`,
/// `control`, `column`, `segment` (text: the column and the value chosen in it), `candidates` (i64:
/// values that could have been), `chosen_difference` (f64: in the half that chose), and from the
/// other half `control_users`, `users` (i64), `difference`, `low`, `high` (f64: 95%), `t`, `df`,
/// `p_value` (f64). Null if no segment has two users in each arm of the half that chooses, or of
/// the other.
///
/// # Errors
/// As [`means`](super::means()); no segments.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let users = users.lazy().with_column((col("user_id") % lit(5)).alias("group"));
/// let found =
///     experiment::honest_segment(&users, "user_id", "arm", "spent", &["group"], "control", 42)?;
/// assert_eq!(found.text("column", "arm", "offer")?, "group");
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// S. Athey and G. Imbens (2016), "Recursive partitioning for heterogeneous causal effects", PNAS
/// 113: the honest split, here of segments that are given.
pub fn honest_segment(
    users: &dyn Source,
    user: &str,
    arm: &str,
    value: &str,
    segments: &[&str],
    control: &str,
    seed: u64,
) -> Result<DataFrame> {
    if segments.is_empty() {
        return Err(Error::config("segments", "empty", "a column or more"));
    }
    let arms = Arms::new(users, arm, &[value], &[&[user], segments].concat())?;
    let (control, others) = arms.control(arm, control)?;
    let chooses: Vec<bool> = texts(full(&arms.frame, "users", user)?)?
        .into_iter()
        .flatten()
        .map(|id| stream(seed, &format!("honest split {id}"), 0).random_bool(0.5))
        .collect();
    let labels = segments
        .iter()
        .map(|segment| texts(arms.frame.column(segment)?))
        .collect::<Result<Vec<Vec<Option<String>>>>>()?;
    let halves = Halves { arms: &arms, chooses, labels };
    let found: Vec<Option<Chosen>> =
        others.iter().map(|other| halves.choose([control, *other])).collect();
    let names = |pick: &dyn Fn(&Chosen) -> String| -> Vec<Option<String>> {
        found.iter().map(|chosen| chosen.as_ref().map(pick)).collect()
    };
    let counts = |arm: usize| -> Vec<Option<i64>> {
        found.iter().map(|chosen| chosen.as_ref().map(|one| one.rest[arm].n as i64)).collect()
    };
    let differences: Vec<Option<Difference>> =
        found.iter().map(|chosen| compared(&chosen.as_ref()?.rest)).collect();
    let chosen: Vec<Option<f64>> = found
        .iter()
        .map(|chosen| chosen.as_ref().map(|one| one.difference).filter(|x| x.is_finite()))
        .collect();
    let candidates: Vec<i64> =
        found.iter().map(|chosen| chosen.as_ref().map_or(0, |one| one.candidates)).collect();
    let mut columns = arms.names_of(control, &others);
    columns.extend([
        Column::new("column".into(), names(&|chosen| segments[chosen.column].to_owned())),
        Column::new("segment".into(), names(&|chosen| chosen.name.clone())),
        Column::new("candidates".into(), candidates),
        Column::new("chosen_difference".into(), chosen),
        Column::new("control_users".into(), counts(0)),
        Column::new("users".into(), counts(1)),
    ]);
    columns.extend(difference_columns(&differences, "t"));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Users, half of whom choose.
struct Halves<'a> {
    arms: &'a Arms,
    chooses: Vec<bool>,
    /// For each column of segments, each user's.
    labels: Vec<Vec<Option<String>>>,
}

struct Chosen {
    column: usize,
    name: String,
    candidates: i64,
    /// In the half that chose.
    difference: f64,
    /// Control and the other arm, in the rest.
    rest: [Summary; 2],
}

impl Halves<'_> {
    fn summary(&self, arm: usize, column: usize, name: &str, chooses: bool) -> Summary {
        let mine = |row: &&usize| {
            self.chooses[**row] == chooses && self.labels[column][**row].as_deref() == Some(name)
        };
        let rows = self.arms.rows[arm].iter().filter(mine);
        Summary::of(&rows.map(|row| self.arms.columns[0][*row]).collect::<Vec<f64>>())
    }

    fn choose(&self, pair: [usize; 2]) -> Option<Chosen> {
        let mut best: Option<(f64, Chosen)> = None;
        let mut candidates = 0;
        for (column, labels) in self.labels.iter().enumerate() {
            let mut names: Vec<&String> = labels.iter().flatten().collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let of = |chooses| pair.map(|arm| self.summary(arm, column, name, chooses));
                let Some(found) = compared(&of(true)).filter(|one| one.statistic.is_finite())
                else {
                    continue;
                };
                candidates += 1;
                let size = found.statistic.abs();
                if best.as_ref().is_none_or(|(most, _)| size > *most) {
                    let (name, difference) = (name.clone(), found.estimate);
                    let chosen = Chosen { column, name, candidates, difference, rest: of(false) };
                    best = Some((size, chosen));
                }
            }
        }
        best.map(|(_, chosen)| Chosen { candidates, ..chosen })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(more: usize) -> DataFrame {
        let ids: Vec<usize> = (0..200 + more).collect();
        let treated = |id: usize| (id / 4) % 2 == 1;
        let value = |id: usize| {
            let lift = if treated(id) && id % 4 == 2 { 5.0 } else { 0.0 };
            ((id * 13) % 17) as f64 / 8.0 + lift
        };
        df!(
            "id" => ids.iter().map(|id| *id as i64).collect::<Vec<_>>(),
            "arm" => ids.iter().map(|id| if treated(*id) { "new" } else { "old" }).collect::<Vec<_>>(),
            "plan" => ids.iter().map(|id| ["a", "b", "c", "d"][id % 4]).collect::<Vec<_>>(),
            "half" => ids.iter().map(|id| id % 2 == 0).collect::<Vec<_>>(),
            "value" => ids.iter().map(|id| value(*id)).collect::<Vec<_>>(),
        )
        .unwrap()
    }

    fn found(users: &DataFrame, seed: u64) -> DataFrame {
        honest_segment(users, "id", "arm", "value", &["half", "plan"], "old", seed).unwrap()
    }

    #[test]
    fn the_segment_with_an_effect_is_chosen() {
        let found = found(&users(0), 1);
        let text =
            |column: &str| found.column(column).unwrap().str().unwrap().get(0).unwrap().to_owned();
        assert_eq!((text("column"), text("segment")), ("plan".into(), "c".into()));
        assert_eq!(found.column("candidates").unwrap().i64().unwrap().get(0), Some(6));
        let real = |column: &str| found.column(column).unwrap().f64().unwrap().get(0).unwrap();
        assert!((real("difference") - 5.0).abs() < 0.8 && real("p_value") < 0.001, "{found}");
        assert!(real("difference") != real("chosen_difference"), "{found}");
    }

    /// Whether a user chooses depends on the user and the seed, not on who else is there.
    #[test]
    fn a_users_half_is_their_own() {
        let count =
            |frame: &DataFrame| frame.column("users").unwrap().i64().unwrap().get(0).unwrap();
        let (few, more) = (found(&users(0), 3), found(&users(4), 3));
        assert!(count(&more) - count(&few) <= 1, "{few} {more}");
        let seeds: std::collections::BTreeSet<i64> =
            (0..10).map(|seed| count(&found(&users(0), seed))).collect();
        assert!(seeds.len() > 1, "{seeds:?}");
    }

    #[test]
    fn nothing_to_choose_from_is_null() {
        let users =
            df!("id" => [1, 2], "arm" => ["new", "old"], "plan" => ["a", "a"], "value" => [1, 2]);
        let users = users.unwrap();
        let found = honest_segment(&users, "id", "arm", "value", &["plan"], "old", 1).unwrap();
        for column in ["column", "segment", "chosen_difference", "users", "difference", "p_value"] {
            assert_eq!(found.column(column).unwrap().null_count(), 1, "{column}");
        }
        let said = honest_segment(&users, "id", "arm", "value", &[], "old", 1).unwrap_err();
        assert!(said.to_string().contains("`segments`"), "{said}");
    }
}
