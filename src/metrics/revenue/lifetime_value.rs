//! Lifetime value from a survival curve.

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::metrics::{finite, require};

/// Computes what a customer is worth within a horizon: margin per period times the number of periods the customer
/// stays.
///
/// Reads `curve`: a survival curve as returned by [`survival::kaplan_meier`](crate::metrics::survival::kaplan_meier()),
/// of one group, in any order of rows, with durations in the periods that `margin` is earned in; a customer pays at the
/// start of each period, if still there. Before the curve's first time, everyone is there. `margin`: per customer and
/// period, in any currency. `discount`: per period, such as 0.01.
///
/// Returns one row per period up to the horizon: `period` (i64, from 1), `survival` (f64: at its start),
/// `expected_periods`, `value`, `low`, `high` (f64: sums up to this period; the interval reflects the curve's bounds,
/// but no uncertainty of the margin). Null beyond the last time observed: what a customer is worth there is a guess,
/// not a measurement.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn)
/// for values that are not finite, a time that occurs twice, or a survival that rises, as in the curves of several
/// groups (filter one group first); [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a horizon of 0 or
/// above 100,000, a margin that is not finite, or a discount outside 0 to 1.
///
/// ```
/// use casebook::prelude::*;
///
/// let subjects = warehouse::files::read("data/samples/subscriptions.csv")?
///     .lazy()
///     .select([col("months").alias("duration"), col("cancelled").alias("observed"), col("plan")]);
/// let curve = survival::kaplan_meier(&subjects, None)?;
/// let value = revenue::lifetime_value(&curve, 8.0, 0.0, 12)?; // $8 a month, for a year
/// assert!(value.column("value")?.f64()?.get(11) < Some(96.0));
///
/// let by_plan = survival::kaplan_meier(&subjects, Some("plan"))?;
/// assert!(revenue::lifetime_value(&by_plan, 8.0, 0.0, 12).is_err()); // two curves
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn lifetime_value(
    curve: &DataFrame,
    margin: f64,
    discount: f64,
    horizon: u32,
) -> Result<DataFrame> {
    if !(1..=100_000).contains(&horizon) {
        return Err(Error::config("horizon", horizon, "1 to 100,000 periods"));
    }
    if !margin.is_finite() {
        return Err(Error::config("margin", margin, "a finite number"));
    }
    if !(0.0..1.0).contains(&discount) {
        return Err(Error::config("discount", discount, "0 to below 1"));
    }
    let points = points(curve)?;
    let gone = points.last().is_some_and(|point| point.shares[0] <= 0.0);
    let (mut stayed, mut sums) = (0.0, [0.0; 3]);
    let [mut shares, mut periods, mut value, mut lows, mut highs] =
        [const { Vec::<Option<f64>>::new() }; 5];
    for period in 0..horizon {
        let at = f64::from(period);
        let known = gone || points.last().is_some_and(|last| at <= last.time);
        // The curve steps at each time; at a period's start the step there has been taken.
        let before = points.partition_point(|point| point.time <= at);
        let now = before.checked_sub(1).map_or([1.0; 3], |place| points[place].shares);
        let now = Some(now).filter(|_| known);
        let present = (1.0 + discount).powi(-(period as i32));
        if let Some(now) = now {
            stayed += now[0];
            for (sum, share) in sums.iter_mut().zip(now) {
                *sum += margin * present * share;
            }
        }
        shares.push(now.map(|now| now[0]));
        periods.push(now.map(|_| stayed));
        value.push(now.map(|_| sums[0]));
        lows.push(now.map(|_| sums[1].min(sums[2])));
        highs.push(now.map(|_| sums[1].max(sums[2])));
    }
    Ok(df!(
        "period" => (1..=i64::from(horizon)).collect::<Vec<_>>(),
        "survival" => shares,
        "expected_periods" => periods,
        "value" => value,
        "low" => lows,
        "high" => highs,
    )?)
}

/// A step of the curve: the share still there from this time on, and its bounds.
struct Point {
    time: f64,
    shares: [f64; 3],
}

/// One curve's steps in order of time.
fn points(curve: &DataFrame) -> Result<Vec<Point>> {
    require(curve, "curve", &["time", "survival", "low", "high"])?;
    let times = finite(curve, "curve", "time")?;
    let survival = finite(curve, "curve", "survival")?;
    if let Some(row) = survival.iter().position(|share| !(0.0..=1.0).contains(share)) {
        let problem = format!("is {} in row {}; it must lie in 0 to 1", survival[row], row + 1);
        return Err(Error::column("curve", "survival", problem));
    }
    // Where the curve has no interval, at 1 and at 0, its bounds are the curve.
    let bound = |name: &str| -> Result<Vec<f64>> {
        let own = curve.column(name)?.strict_cast(&DataType::Float64)?;
        let pairs = own.f64()?.iter().zip(&survival);
        let filled: Vec<f64> = pairs.map(|(own, share)| own.unwrap_or(*share)).collect();
        finite(&df!(name => filled)?, "curve", name)
    };
    let (low, high) = (bound("low")?, bound("high")?);
    let mut points: Vec<Point> = (0..times.len())
        .map(|row| Point { time: times[row], shares: [survival[row], low[row], high[row]] })
        .collect();
    points.sort_by(|a, b| a.time.total_cmp(&b.time));
    let several = "a curve of several groups? Filter one of them";
    for pair in points.windows(2) {
        if pair[0].time == pair[1].time {
            let problem = format!("holds {} more than once: {several}", pair[0].time);
            return Err(Error::column("curve", "time", problem));
        }
        if pair[0].shares[0] < pair[1].shares[0] {
            let problem = format!("rises at time {}: {several}", pair[1].time);
            return Err(Error::column("curve", "survival", problem));
        }
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::survival;

    fn message(curve: &DataFrame) -> String {
        lifetime_value(curve, 8.0, 0.0, 3).unwrap_err().to_string()
    }

    #[test]
    fn a_curve_of_several_groups_is_refused() -> Result<()> {
        let subjects = df!(
            "duration" => [1, 2, 3, 9, 9, 9], "observed" => [1, 1, 1, 1, 0, 0],
            "plan" => ["a", "a", "a", "b", "b", "b"],
        )?;
        let curve = survival::kaplan_meier(&subjects, Some("plan"))?;
        let said = message(&curve);
        assert!(said.contains("`time`") && said.contains("several groups"), "{said}");
        // Without a time in common.
        let apart = curve.lazy().filter(col("time").gt(lit(0.0))).collect()?;
        let said = message(&apart);
        assert!(said.contains("`survival`") && said.contains("rises at time 9"), "{said}");
        Ok(())
    }

    #[test]
    fn everybody_is_there_before_the_first_time() -> Result<()> {
        let curve = df!(
            "time" => [5.0, 2.0], "survival" => [0.0, 0.5], "low" => [None, Some(0.1)],
            "high" => [None, Some(0.9)],
        )?;
        let value = lifetime_value(&curve, 10.0, 0.0, 4)?;
        let column = |name: &str| -> Vec<f64> {
            value.column(name).unwrap().f64().unwrap().into_no_null_iter().collect()
        };
        assert_eq!(column("survival"), [1.0, 1.0, 0.5, 0.5]);
        assert_eq!(column("value"), [10.0, 20.0, 25.0, 30.0]);
        assert_eq!(column("low"), [10.0, 20.0, 21.0, 22.0]);
        Ok(())
    }

    #[test]
    fn what_is_no_curve_is_refused() -> Result<()> {
        let curve = |share: f64, low: f64| df!("time" => [0.0, 1.0], "survival" => [1.0, share], "low" => [1.0, low], "high" => [1.0, 0.9]);
        assert!(message(&curve(1.5, 0.5)?).contains("0 to 1"));
        assert!(message(&curve(0.5, f64::NAN)?).contains("`low`"));
        Ok(())
    }
}
