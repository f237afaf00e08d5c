//! Distributions compared: what a box plot shows of each group.
//!
//! ```
//! use casebook::prelude::*;
//!
//! let sessions = df!("plan" => ["free"; 5], "minutes" => [1.0, 2.0, 3.0, 4.0, 40.0])?;
//! let spread = distribution::summary(&sessions, "plan", "minutes")?;
//! assert_eq!(spread.value("median", "plan", "free")?, 3.0);
//! assert_eq!(distribution::outliers(&sessions, "plan", "minutes")?.height(), 1);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # Source
//! J. W. Tukey (1977), Exploratory Data Analysis. Quartiles interpolate linearly, as NumPy's and ggplot2's do; Tukey's own
//! hinges differ from them in small groups.

use polars::prelude::*;

use super::{Source, absent, finite, quantile};
use crate::error::{Error, Result};
use crate::frame::{Verbs, fetch};

/// Boxes' lengths that a whisker reaches, at most.
const REACH: f64 = 1.5;

/// Computes quartiles and whiskers of a column in each group.
///
/// Reads `rows`: one row per observation, with the columns `by` (anything; null is a group, too) and `value` (numbers, none
/// of them empty). Returns one row per group, sorted by `by`, null last: `by`, in its own type, `n` (i64), `low`, `q1`,
/// `median`, `q3`, `high` (f64), `outliers` (i64). Whiskers, `low` and `high`, end at the most extreme value within 1.5
/// interquartile ranges of the box, and at the box where there is none outside it; values beyond are outliers.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for
/// values that are empty, not finite, or not numbers, and for a `by` called as a column of the result.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let spread = distribution::summary(&users, "arm", "spent")?;
/// assert!(spread.value("q1", "arm", "offer")? <= spread.value("median", "arm", "offer")?);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn summary(rows: &dyn Source, by: &str, value: &str) -> Result<DataFrame> {
    let columns = ["n", "low", "q1", "median", "q3", "high", "outliers"];
    let (keys, groups) = groups(rows, by, value, &columns)?;
    let boxes: Vec<Summary> = groups.iter().map(|values| Summary::of(values)).collect();
    let real = |name: &str, of: fn(&Summary) -> f64| {
        Column::new(name.into(), boxes.iter().map(of).collect::<Vec<_>>())
    };
    let counts = |name: &str, of: &dyn Fn(&Summary, &[f64]) -> usize| {
        let counted = boxes.iter().zip(&groups).map(|(one, values)| of(one, values) as i64);
        Column::new(name.into(), counted.collect::<Vec<_>>())
    };
    Ok(DataFrame::new_infer_height(vec![
        keys,
        counts("n", &|_, values| values.len()),
        real("low", |one| one.low),
        real("q1", |one| one.q1),
        real("median", |one| one.median),
        real("q3", |one| one.q3),
        real("high", |one| one.high),
        counts("outliers", &|one, values| values.iter().filter(|v| one.beyond(**v)).count()),
    ])?)
}

/// Lists the values beyond the whiskers of [`summary`], which a box plot shows as dots.
///
/// Reads what [`summary`] reads. Returns `by` and `value` under their own names, one row per outlier, sorted by `by`, null
/// last, then by value (f64).
///
/// # Errors
/// As [`summary`].
///
/// ```
/// use casebook::prelude::*;
///
/// let sessions = df!("plan" => ["pro"; 6], "minutes" => [1, 2, 3, 4, 5, 90])?;
/// let beyond = distribution::outliers(&sessions, "plan", "minutes")?;
/// assert_eq!(beyond.value("minutes", "plan", "pro")?, 90.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn outliers(rows: &dyn Source, by: &str, value: &str) -> Result<DataFrame> {
    let (keys, groups) = groups(rows, by, value, &[])?;
    let (mut owners, mut values) = (vec![], vec![]);
    for (group, all) in groups.iter().enumerate() {
        let one = Summary::of(all);
        for value in all.iter().filter(|value| one.beyond(**value)) {
            owners.push(group as IdxSize);
            values.push(*value);
        }
    }
    let keys = keys.take(&IdxCa::from_vec("".into(), owners))?;
    Ok(DataFrame::new_infer_height(vec![keys, Column::new(value.into(), values)])?)
}

/// The groups' keys, sorted, and each group's values, rising.
fn groups(
    rows: &dyn Source,
    by: &str,
    value: &str,
    made: &[&str],
) -> Result<(Column, Vec<Vec<f64>>)> {
    if by == value {
        return Err(Error::config("by", by, "another column than the values'"));
    }
    let frame = fetch(rows, "given", &[by, value])?;
    let keys = frame.select([by])?;
    absent(&keys, "given", made)?;
    finite(&frame, "given", value)?;
    let values = col(value).cast(DataType::Float64);
    let grouped = frame.agg_by(col(by), values)?;
    let groups = grouped.column(value)?.list()?.amortized_iter().flatten().map(
        |group| -> Result<Vec<f64>> {
            let mut values: Vec<f64> = group.as_ref().f64()?.into_no_null_iter().collect();
            values.sort_unstable_by(f64::total_cmp);
            Ok(values)
        },
    );
    let groups = groups.collect::<Result<Vec<_>>>()?;
    Ok((grouped.column(by)?.clone(), groups))
}

struct Summary {
    low: f64,
    q1: f64,
    median: f64,
    q3: f64,
    high: f64,
}

impl Summary {
    /// Of rising values, one or more.
    fn of(values: &[f64]) -> Summary {
        let at = |q: f64| quantile(values, q).unwrap_or(f64::NAN);
        let (q1, median, q3) = (at(0.25), at(0.5), at(0.75));
        let reach = REACH * (q3 - q1);
        let (floor, ceiling) = (q1 - reach, q3 + reach);
        let low = values.iter().copied().find(|value| *value >= floor);
        let high = values.iter().rev().copied().find(|value| *value <= ceiling);
        // A quartile lies between values, and the last one within reach may be on the box's other side of it.
        let (low, high) = (low.unwrap_or(q1).min(q1), high.unwrap_or(q3).max(q3));
        Summary { low, q1, median, q3, high }
    }

    fn beyond(&self, value: f64) -> bool {
        value < self.low || value > self.high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn five(frame: &DataFrame, row: usize) -> [f64; 5] {
        ["low", "q1", "median", "q3", "high"]
            .map(|name| frame.column(name).unwrap().f64().unwrap().get(row).unwrap())
    }

    /// By hand: the quartiles of 1, 2, 3, 4, 100 are 2, 3 and 4; whiskers reach 3 beyond the box, to 1 and 4.
    #[test]
    fn quartiles_whiskers_and_outliers_by_hand() {
        let frame = df!(
            "plan" => [Some("pro"), None, Some("pro"), Some("free"), Some("pro"), Some("pro"), Some("pro")],
            "minutes" => [100, 7, 3, 5, 1, 4, 2],
        )
        .unwrap();
        let found = summary(&frame, "plan", "minutes").unwrap();
        let plans: Vec<Option<&str>> =
            found.column("plan").unwrap().str().unwrap().iter().collect();
        assert_eq!(plans, [Some("free"), Some("pro"), None]);
        assert_eq!((five(&found, 0), five(&found, 1)), ([5.0; 5], [1.0, 2.0, 3.0, 4.0, 4.0]));
        assert_eq!(found.column("outliers").unwrap().i64().unwrap().get(1), Some(1));
        let beyond = outliers(&frame, "plan", "minutes").unwrap();
        assert!(beyond.equals(&df!("plan" => ["pro"], "minutes" => [100.0]).unwrap()), "{beyond}");
    }

    /// Quartiles of 0, 100, 100, 100 are 75, 100 and 100: nothing within reach is below the box, so the whisker ends there.
    #[test]
    fn a_whisker_does_not_end_inside_the_box() {
        let frame = df!("plan" => [1; 4], "minutes" => [100, 0, 100, 100]).unwrap();
        let found = summary(&frame, "plan", "minutes").unwrap();
        assert_eq!(five(&found, 0), [75.0, 75.0, 100.0, 100.0, 100.0]);
        assert_eq!(outliers(&frame, "plan", "minutes").unwrap().height(), 1);
    }

    #[test]
    fn keys_keep_their_type_and_their_order() {
        let frame = df!("month" => [10, 9, 10], "minutes" => [1.0, 2.0, 3.0]).unwrap();
        let found = summary(&frame, "month", "minutes").unwrap();
        let months = found.column("month").unwrap().i32().unwrap();
        assert_eq!(months.into_no_null_iter().collect::<Vec<_>>(), [9, 10]);
        assert_eq!(summary(&frame.clear(), "month", "minutes").unwrap().height(), 0);
        assert_eq!(outliers(&frame.clear(), "month", "minutes").unwrap().height(), 0);
    }

    #[test]
    fn empty_values_and_names_of_the_result_are_refused() {
        let frame = df!("n" => [1, 1], "minutes" => [Some(1.0), None], "plan" => [1, 2]).unwrap();
        let told = summary(&frame, "plan", "minutes").unwrap_err().to_string();
        assert!(told.contains("`minutes`") && told.contains("an empty value"), "{told}");
        let told = summary(&frame, "n", "plan").unwrap_err().to_string();
        assert!(told.contains("`n`") && told.contains("column of the result"), "{told}");
        assert!(outliers(&frame, "n", "n").unwrap_err().to_string().contains("`by`"));
    }
}
