//! The survival curve.

use polars::prelude::*;

use super::subjects::{Group, groups, table};
use crate::error::Result;
use crate::metrics::Source;
use crate::stats::life_table::{LifeTable, Moment, Survival};

/// Estimates the survival curve by Kaplan and Meier.
///
/// Reads `subjects` as the [module](super) says, and the column `by` if given. Returns one row per time
/// that occurs, and one for time 0: `by`'s column (text), `time` (f64), `at_risk` (i64: just before),
/// `events`, `censored` (i64: at that time), `survival` (f64: the share still there just after), `low`,
/// `high` (f64: 95%, Greenwood, log-log; null where the survival is 0 or 1), by group and time.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a duration that is empty, negative or not
/// finite, for an `observed` other than 1 and 0, and for a `by` that has the name of another column of the
/// result.
///
/// ```
/// use casebook::prelude::*;
///
/// let subjects = warehouse::files::read("data/samples/subscriptions.csv")?
///     .lazy()
///     .select([col("months").alias("duration"), col("cancelled").alias("observed"), col("plan")]);
/// let curve = survival::kaplan_meier(&subjects, Some("plan"))?;
/// assert_eq!(curve.column("survival")?.f64()?.get(0), Some(1.0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn kaplan_meier(subjects: &dyn Source, by: Option<&str>) -> Result<DataFrame> {
    frame(&groups(subjects, by)?, by)
}

/// A curve's points: one for each time that occurs, and one for time 0.
pub(super) fn points(life: &LifeTable) -> impl Iterator<Item = (Moment, Survival)> + '_ {
    let start = Moment { time: 0.0, at_risk: life.subjects, events: 0, censored: 0 };
    let first = life.moments.first().filter(|moment| moment.time == 0.0);
    let start = first.is_none().then_some((start, Survival::START));
    start.into_iter().chain(life.moments.iter().copied().zip(life.curve()))
}

/// The curves of groups, as [`kaplan_meier`] returns them.
pub(super) fn frame(groups: &[Group], by: Option<&str>) -> Result<DataFrame> {
    let (mut names, mut time, mut survival) = (vec![], vec![], vec![]);
    let [mut at_risk, mut events, mut censored] = [const { Vec::<i64>::new() }; 3];
    let (mut low, mut high) = (vec![], vec![]);
    for group in groups {
        for (moment, point) in points(&group.table) {
            names.push(group.name.clone());
            time.push(moment.time);
            at_risk.push(moment.at_risk as i64);
            events.push(moment.events as i64);
            censored.push(moment.censored as i64);
            survival.push(point.share);
            low.push(point.interval().map(|bounds| bounds.0));
            high.push(point.interval().map(|bounds| bounds.1));
        }
    }
    table(
        by,
        names,
        vec![
            Column::new("time".into(), time),
            Column::new("at_risk".into(), at_risk),
            Column::new("events".into(), events),
            Column::new("censored".into(), censored),
            Column::new("survival".into(), survival),
            Column::new("low".into(), low),
            Column::new("high".into(), high),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_named_like_a_result_is_refused() {
        let subjects =
            df!("duration" => [1, 2], "observed" => [1, 1], "time" => ["a", "b"]).unwrap();
        let said = kaplan_meier(&subjects, Some("time")).unwrap_err().to_string();
        assert!(said.contains("`time`") && said.contains("rename"), "{said}");
        // Read and grouped by at once.
        let by = kaplan_meier(&subjects, Some("observed")).unwrap();
        assert_eq!(by.column("observed").unwrap().str().unwrap().get(0), Some("1"));
    }
}
