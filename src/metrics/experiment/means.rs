//! A mean in each arm.

use polars::prelude::*;

use super::arms::{Arms, difference_columns};
use crate::error::Result;
use crate::metrics::Source;
use crate::stats::sample::Summary;
use crate::stats::two_sample::welch;

/// Compares the mean in each arm with control's: Welch's test and interval.
///
/// Reads `users`: `arm` (text) and `value` (a number). Returns one row per other arm, by arm: `arm`,
/// `control`, `control_users` (i64), `control_mean`, `control_sd` (f64), `users` (i64), `mean`, `sd`,
/// `difference`, `low`, `high` (f64: 95%), `t`, `df`, `p_value` (f64). Interval and test are null with fewer
/// than two users in an arm, or if nothing varies.
///
/// # Errors
/// As [`proportions`](super::proportions()), but any finite number is a value.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let found = experiment::means(&users, "arm", "spent", "control")?;
/// assert!(found.column("p_value")?.f64()?.get(0) < Some(0.05));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn means(users: &dyn Source, arm: &str, value: &str, control: &str) -> Result<DataFrame> {
    let arms = Arms::new(users, arm, &[value], &[])?;
    Ok(DataFrame::new_infer_height(welch_columns(&arms, arm, control)?)?)
}

/// What [`means`] returns, of the arms' first column.
pub(super) fn welch_columns(arms: &Arms, arm: &str, control: &str) -> Result<Vec<Column>> {
    let (control, others) = arms.control(arm, control)?;
    let base = arms.summary(control, 0);
    let groups: Vec<Summary> = others.iter().map(|arm| arms.summary(*arm, 0)).collect();
    let mut columns = arms.names_of(control, &others);
    columns.extend(summary_columns("control_", &vec![base; groups.len()]));
    columns.extend(summary_columns("", &groups));
    let enough = |one: &Summary| one.n >= 2.0;
    let differences: Vec<_> = groups
        .iter()
        .map(|group| (enough(&base) && enough(group)).then(|| welch(base, *group)))
        .collect();
    columns.extend(difference_columns(&differences, "t"));
    Ok(columns)
}

fn summary_columns(prefix: &str, summaries: &[Summary]) -> [Column; 3] {
    let name = |rest: &str| PlSmallStr::from(format!("{prefix}{rest}"));
    let real = |pick: fn(&Summary) -> f64| -> Vec<Option<f64>> {
        summaries.iter().map(|one| Some(pick(one)).filter(|value| value.is_finite())).collect()
    };
    [
        Column::new(name("users"), summaries.iter().map(|one| one.n as i64).collect::<Vec<_>>()),
        Column::new(name("mean"), real(|one| one.mean)),
        Column::new(name("sd"), real(|one| one.variance.sqrt())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_in_an_arm_has_a_mean_and_no_test() -> Result<()> {
        let users = df!("arm" => ["a", "a", "b"], "x" => [1.0, 2.0, 5.0])?;
        let found = means(&users, "arm", "x", "a")?;
        assert_eq!(found.column("mean")?.f64()?.get(0), Some(5.0));
        for column in ["sd", "difference", "low", "high", "t", "df", "p_value"] {
            assert_eq!(found.column(column)?.null_count(), 1, "{column}");
        }
        Ok(())
    }

    #[test]
    fn an_interval_needs_something_that_varies() -> Result<()> {
        let users = df!("arm" => ["a", "a", "b", "b"], "x" => [1.0, 1.0, 5.0, 5.0])?;
        let found = means(&users, "arm", "x", "a")?;
        assert_eq!(found.column("difference")?.f64()?.get(0), Some(4.0));
        for column in ["low", "high", "t", "df", "p_value"] {
            assert_eq!(found.column(column)?.null_count(), 1, "{column}");
        }
        Ok(())
    }
}
