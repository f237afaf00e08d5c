//! A proportion in each arm.

use polars::prelude::*;

use super::arms::{Arms, difference_columns};
use crate::error::Result;
use crate::metrics::Source;
use crate::stats::two_sample::{Proportion, compare_proportions};

/// Compares a proportion in each arm with control's: pooled z test, Newcombe's interval.
///
/// Reads `users`: `arm` (text) and `outcome` (boolean, or 1 and 0). Returns one row per other arm, by
/// arm: `arm`, `control` (text), `control_users`, `control_hits` (i64), `control_rate` (f64), `users`,
/// `hits` (i64), `rate`, `difference`, `low`, `high` (f64: 95%), `z`, `p_value` (f64, two-sided; null if
/// nobody, or everybody, has the outcome), `lift` (f64: difference / control_rate; null if nobody in control
/// has the outcome).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values, an outcome other than 1 and 0,
/// a control that is not there, or a single arm.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let found = experiment::proportions(&users, "arm", "converted", "control")?;
/// assert!(found.column("low")?.f64()?.get(0) > Some(0.0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn proportions(
    users: &dyn Source,
    arm: &str,
    outcome: &str,
    control: &str,
) -> Result<DataFrame> {
    let arms = Arms::new(users, arm, &[outcome], &[])?;
    arms.flags(0, outcome)?;
    let (control, others) = arms.control(arm, control)?;
    let of = |arm: usize| Proportion { hits: arms.sum(arm, 0) as u64, users: arms.users(arm) };
    let base = of(control);
    let found: Vec<Proportion> = others.iter().map(|arm| of(*arm)).collect();
    let count = |pick: fn(&Proportion) -> u64| -> Vec<i64> {
        found.iter().map(|one| pick(one) as i64).collect()
    };
    let differences: Vec<_> = found.iter().map(|one| compare_proportions(base, *one)).collect();
    let lift: Vec<Option<f64>> = differences
        .iter()
        .map(|d| d.as_ref().filter(|_| base.hits > 0).map(|d| d.estimate / base.rate()))
        .collect();
    let mut columns = arms.names_of(control, &others);
    let all = |value: u64| vec![value as i64; found.len()];
    columns.extend([
        Column::new("control_users".into(), all(base.users)),
        Column::new("control_hits".into(), all(base.hits)),
        Column::new("control_rate".into(), vec![base.rate(); found.len()]),
        Column::new("users".into(), count(|one| one.users)),
        Column::new("hits".into(), count(|one| one.hits)),
        Column::new("rate".into(), found.iter().map(|one| one.rate()).collect::<Vec<_>>()),
    ]);
    columns.extend(difference_columns(&differences, "z"));
    columns.push(Column::new("lift".into(), lift));
    Ok(DataFrame::new_infer_height(columns)?)
}
