//! The hazard, period by period.

use polars::prelude::*;

use super::subjects::{groups, table};
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::interval::poisson;

/// Estimates the hazard in periods of equal length: how many leave per unit of time spent.
///
/// Reads as [`kaplan_meier`](super::kaplan_meier()). A period reaches from its start, excluded, to its end,
/// included (time 0 belongs to the first). Returns one row per group and period up to the last duration: `by`'s
/// column, `from`, `to` (f64), `at_risk` (i64: at its start), `events`, `censored` (i64), `exposure` (f64: time
/// spent in it by all at risk), `hazard` (f64: events / exposure), `low`, `high` (f64: 95%, exact Poisson), and
/// `probability`, `probability_low`, `probability_high` (f64: the same in other words, 1 - exp(-hazard × width)).
///
/// A hazard is a rate per unit of time, which may exceed 1; `probability` is the share of those there at the period's start who
/// leave before its end, given that rate. At a rate of 0.1 a week, 9.5% leave within the week and 32.8% within four.
///
/// # Errors
/// As [`kaplan_meier`](super::kaplan_meier()); a width that is not above 0, or makes more than 100,000 periods.
///
/// ```
/// use casebook::prelude::*;
///
/// let subjects = warehouse::files::read("data/samples/subscriptions.csv")?
///     .lazy()
///     .select([col("months").alias("duration"), col("cancelled").alias("observed"), col("plan")]);
/// let monthly = survival::hazard(&subjects, None, 1.0)?;
/// assert_eq!(monthly.height(), 24);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn hazard(subjects: &dyn Source, by: Option<&str>, width: f64) -> Result<DataFrame> {
    if !(width > 0.0 && width.is_finite()) {
        return Err(Error::config("width", width, "above 0"));
    }
    let (mut names, mut from, mut to) = (vec![], vec![], vec![]);
    let [mut at_risk, mut events, mut censored] = [const { Vec::<i64>::new() }; 3];
    let (mut exposure, mut bounds) = (vec![], vec![]);
    for group in groups(subjects, by)? {
        let longest = group.table.moments.last().map_or(0.0, |moment| moment.time);
        if longest / width > 100_000.0 {
            let accepted = format!("at least {}", longest / 100_000.0);
            return Err(Error::config("width", width, accepted));
        }
        let mut left = group.table.subjects;
        let mut moments = group.table.moments.iter().peekable();
        for period in 0..=period_of(longest, width) {
            let (start, end) = (period as f64 * width, (period + 1) as f64 * width);
            let (mut gone, mut lost, mut spent) = (0, 0, 0.0);
            while let Some(moment) =
                moments.next_if(|moment| period_of(moment.time, width) <= period)
            {
                gone += moment.events;
                lost += moment.censored;
                let time = (moment.time - start).min(width);
                spent += time * (moment.events + moment.censored) as f64;
            }
            spent += width * (left - gone - lost) as f64;
            names.push(group.name.clone());
            from.push(start);
            to.push(end);
            at_risk.push(left as i64);
            events.push(gone as i64);
            censored.push(lost as i64);
            exposure.push(spent);
            bounds.push((spent > 0.0).then(|| {
                let (low, high) = poisson(gone as u64);
                (gone as f64 / spent, low / spent, high / spent)
            }));
            left -= gone + lost;
        }
    }
    let column = |name: &str, pick: &dyn Fn((f64, f64, f64)) -> f64| {
        let values: Vec<Option<f64>> = bounds.iter().map(|bound| bound.map(pick)).collect();
        Column::new(name.into(), values)
    };
    let within = |rate: f64| -(-rate * width).exp_m1();
    table(
        by,
        names,
        vec![
            Column::new("from".into(), from),
            Column::new("to".into(), to),
            Column::new("at_risk".into(), at_risk),
            Column::new("events".into(), events),
            Column::new("censored".into(), censored),
            Column::new("exposure".into(), exposure),
            column("hazard", &|b| b.0),
            column("low", &|b| b.1),
            column("high", &|b| b.2),
            column("probability", &|b| within(b.0)),
            column("probability_low", &|b| within(b.1)),
            column("probability_high", &|b| within(b.2)),
        ],
    )
}

/// The period that a time belongs to, from 0. A time at a period's end is often a rounding error beside it (2.1 is
/// more than three times 0.7): without the tolerance, a period of no length would have an enormous hazard.
fn period_of(time: f64, width: f64) -> usize {
    let periods = time / width;
    let nearest = periods.round();
    let at_end = (periods - nearest).abs() <= 1e-9 * nearest.max(1.0);
    let up_to = if at_end { nearest } else { periods.ceil() };
    (up_to as usize).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight of ten leave in the first week: a rate above 1, and a probability below.
    #[test]
    fn a_rate_is_no_probability() -> Result<()> {
        let subjects = df!(
            "duration" => [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 2.0, 2.0],
            "observed" => [1, 1, 1, 1, 1, 1, 1, 1, 0, 0],
        )?;
        let found = hazard(&subjects, None, 1.0)?;
        let first = |name: &str| found.column(name).unwrap().f64().unwrap().get(0).unwrap();
        assert!((first("hazard") - 8.0 / 6.0).abs() < 1e-12, "{found}");
        assert!((first("probability") - (1.0 - (-8.0_f64 / 6.0).exp())).abs() < 1e-12, "{found}");
        assert!(first("probability_low") < first("probability"), "{found}");
        assert!(first("probability") < first("probability_high"), "{found}");
        // Per day instead of per week: another rate, the same probability within the week.
        let days = hazard(&subjects.lazy().with_column(col("duration") * lit(7.0)), None, 7.0)?;
        let days = days.column("probability")?.f64()?.get(0).unwrap();
        assert!((days - first("probability")).abs() < 1e-12);
        Ok(())
    }

    #[test]
    fn a_rounding_error_is_no_period() -> Result<()> {
        let subjects = df!("duration" => [0.7, 2.1, 2.1], "observed" => [1, 1, 0])?;
        let found = hazard(&subjects, None, 0.7)?;
        assert_eq!(found.height(), 3, "{found}");
        let events: Vec<i64> = found.column("events")?.i64()?.into_no_null_iter().collect();
        assert_eq!(events, [1, 0, 1]);
        assert!(found.column("hazard")?.f64()?.max() < Some(1.0), "{found}");
        Ok(())
    }
}
