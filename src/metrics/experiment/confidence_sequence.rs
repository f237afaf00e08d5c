//! A difference of means that may be looked at at any time.

use polars::prelude::*;

use super::arms::Arms;
use crate::error::{Error, Result};
use crate::frame::full;
use crate::metrics::Source;
use crate::stats::confidence_sequence::Mixture;
use crate::stats::sample::Summary;
use crate::stats::two_sample::{Difference, welch};

const ALPHA: f64 = 0.05;

/// Compares means look by look, with intervals that hold at all looks at once ("always valid", mSPRT): one may stop
/// whenever an interval leaves 0, and the false-positive rate stays at 5% or below.
///
/// A share is the mean of 1 and 0. The intervals are wider than those of a test with one look, and about tightest once
/// `tightest_at` users of two arms are in: the number at which one expects to decide. The variance is estimated, so the first look
/// should have some dozens of users in each arm.
///
/// Reads `users`: `arm` (text), `value` (a number), `look` (a whole number or a date: when the value was known). Returns
/// one row per other arm and look, by both, of all users up to that look: `arm`, `control`, the look under its name,
/// `control_users` (i64), `control_mean` (f64), `users` (i64), `mean`, `difference`, `low`, `high` (f64: 95%, valid at
/// all looks), `p_value` (f64: the least so far, valid whenever one stops), and `fixed_low`, `fixed_high`,
/// `fixed_p_value` (f64): Welch's, as if this look were the only one. Intervals and tests are null with fewer than two users
/// in an arm, or if nothing varies.
///
/// # Errors
/// As [`means`](super::means()); a look that is empty, or neither a whole number nor a date; `tightest_at` of 0.
///
/// # Source
/// H. Robbins (1970), Annals of Mathematical Statistics 41; R. Johari et al. (2022), "Always valid inference", Operations
/// Research 70; S. R. Howard et al. (2021), Annals of Statistics 49.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?
///     .lazy()
///     .with_row_index("place", None)
///     .with_column((col("place") * lit(4) / len()).cast(DataType::Int64).alias("week"));
/// let found = experiment::confidence_sequence(&users, "arm", "spent", "week", "control", 400)?;
/// assert_eq!(found.height(), 4);
/// assert!(found.column("low")?.f64()?.get(3) < found.column("fixed_low")?.f64()?.get(3));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn confidence_sequence(
    users: &dyn Source,
    arm: &str,
    value: &str,
    look: &str,
    control: &str,
    tightest_at: u64,
) -> Result<DataFrame> {
    if tightest_at == 0 {
        return Err(Error::config("tightest_at", tightest_at, "1 or more"));
    }
    let mixture = Mixture::tightest_at(tightest_at as f64, ALPHA);
    let arms = Arms::new(users, arm, &[value], &[look])?;
    let (control, others) = arms.control(arm, control)?;
    let (times, looks, dtype) = times(&arms.frame, look)?;
    let so_far = |arm: usize, last: i64| {
        let rows = arms.rows[arm].iter().filter(|row| times[**row] <= last);
        Summary::of(&rows.map(|row| arms.columns[0][*row]).collect::<Vec<f64>>())
    };
    let bases: Vec<Summary> = looks.iter().map(|last| so_far(control, *last)).collect();
    let mut rows = vec![];
    for other in &others {
        let mut least = 1.0_f64;
        for (last, base) in looks.iter().zip(&bases) {
            let mut row = Row::new(*base, so_far(*other, *last), &mixture);
            least = least.min(row.p_value);
            if !row.p_value.is_nan() {
                row.p_value = least;
            }
            rows.push(row);
        }
    }
    let each: Vec<usize> = others.iter().flat_map(|other| vec![*other; looks.len()]).collect();
    let mut columns = arms.names_of(control, &each);
    let looks = looks.repeat(others.len());
    columns.push(Column::new(look.into(), looks).cast(&dtype)?);
    columns.extend(columns_of(&rows));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Each user's look, the looks in their order, and the type they have.
fn times(users: &DataFrame, look: &str) -> Result<(Vec<i64>, Vec<i64>, DataType)> {
    let column = full(users, "users", look)?;
    let dtype = column.dtype().clone();
    if !dtype.is_integer() && dtype != DataType::Date {
        let problem = format!("is {dtype}; it must be a whole number or a date");
        return Err(Error::column("users", look, problem));
    }
    // A date is a number of days.
    let days = if dtype.is_integer() { column.clone() } else { column.cast(&DataType::Int32)? };
    let times: Vec<i64> = days.strict_cast(&DataType::Int64)?.i64()?.iter().flatten().collect();
    let mut looks = times.clone();
    looks.sort_unstable();
    looks.dedup();
    Ok((times, looks, dtype))
}

/// What is known at a look.
struct Row {
    control: Summary,
    treatment: Summary,
    half_width: f64,
    p_value: f64,
    fixed: Option<Difference>,
}

impl Row {
    fn new(control: Summary, treatment: Summary, mixture: &Mixture) -> Row {
        let se = (control.variance / control.n + treatment.variance / treatment.n).sqrt();
        // Nothing that varies: nothing is known of how far off it is.
        let se = if se > 0.0 { se } else { f64::NAN };
        let users = control.n + treatment.n;
        let estimate = treatment.mean - control.mean;
        Row {
            control,
            treatment,
            half_width: mixture.half_width(users, se),
            p_value: if se.is_nan() { se } else { mixture.p_value(users, estimate, se) },
            fixed: (!se.is_nan()).then(|| welch(control, treatment)),
        }
    }

    fn difference(&self) -> f64 {
        self.treatment.mean - self.control.mean
    }
}

/// A number, if it is one.
fn known(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

fn columns_of(rows: &[Row]) -> Vec<Column> {
    let count = |name: &str, pick: fn(&Row) -> f64| {
        Column::new(name.into(), rows.iter().map(|row| pick(row) as i64).collect::<Vec<_>>())
    };
    let real = |name: &str, pick: fn(&Row) -> f64| {
        let values = rows.iter().map(|row| known(pick(row)));
        Column::new(name.into(), values.collect::<Vec<_>>())
    };
    let fixed = |name: &str, pick: fn(&Difference) -> f64| {
        let values = rows.iter().map(|row| row.fixed.as_ref().map(pick).and_then(known));
        Column::new(name.into(), values.collect::<Vec<_>>())
    };
    vec![
        count("control_users", |row| row.control.n),
        real("control_mean", |row| row.control.mean),
        count("users", |row| row.treatment.n),
        real("mean", |row| row.treatment.mean),
        real("difference", Row::difference),
        real("low", |row| row.difference() - row.half_width),
        real("high", |row| row.difference() + row.half_width),
        real("p_value", |row| row.p_value),
        fixed("fixed_low", |fixed| fixed.low),
        fixed("fixed_high", |fixed| fixed.high),
        fixed("fixed_p_value", |fixed| fixed.p_value),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::experiment::means;

    fn users() -> DataFrame {
        let arm: Vec<&str> = (0..40).map(|k| ["a", "b", "c"][k % 3]).collect();
        let value: Vec<f64> = (0..40).map(|k| f64::from(k * 7 % 11)).collect();
        let day: Vec<i32> = (0..40).map(|k| 19_000 + k / 10).collect();
        df!("arm" => arm, "x" => value, "day" => day).unwrap()
    }

    #[test]
    fn the_last_look_has_everybody() {
        let found = confidence_sequence(&users(), "arm", "x", "day", "a", 30).unwrap();
        assert_eq!(found.height(), 8);
        let all = means(&users(), "arm", "x", "a").unwrap();
        for (ours, theirs) in [
            ("mean", "mean"),
            ("difference", "difference"),
            ("fixed_low", "low"),
            ("fixed_p_value", "p_value"),
        ] {
            for (row, last) in [(0, 3), (1, 7)] {
                let real = |frame: &DataFrame, column: &str, row| {
                    frame.column(column).unwrap().f64().unwrap().get(row)
                };
                assert_eq!(real(&found, ours, last), real(&all, theirs, row), "{ours}");
            }
        }
        let p: Vec<f64> =
            found.column("p_value").unwrap().f64().unwrap().iter().flatten().collect();
        assert!(p[..4].is_sorted_by(|a, b| a >= b), "{p:?}");
    }

    #[test]
    fn looks_keep_their_type() {
        let dated = users().lazy().with_column(col("day").cast(DataType::Date));
        let found = confidence_sequence(&dated, "arm", "x", "day", "a", 30).unwrap();
        assert_eq!(found.column("day").unwrap().dtype(), &DataType::Date);
        let plain = confidence_sequence(&users(), "arm", "x", "day", "a", 30).unwrap();
        assert_eq!(plain.column("day").unwrap().dtype(), &DataType::Int32);
        assert!(plain.column("low").unwrap().equals_missing(found.column("low").unwrap()));
    }

    #[test]
    fn what_is_not_known_yet_is_null() {
        let users =
            df!("arm" => ["a", "a", "a", "b", "b", "b"], "x" => [1.0, 2.0, 2.0, 5.0, 5.0, 6.0],
            "look" => [1, 1, 2, 2, 2, 3])
            .unwrap();
        let found = confidence_sequence(&users, "arm", "x", "look", "a", 10).unwrap();
        let nulls = |column: &str| {
            found.column(column).unwrap().is_null().iter().flatten().collect::<Vec<_>>()
        };
        assert_eq!(nulls("difference"), [true, false, false]);
        for column in ["low", "high", "p_value", "fixed_low", "fixed_high", "fixed_p_value"] {
            assert_eq!(nulls(column), nulls("difference"), "{column}");
        }
    }

    #[test]
    fn columns_and_fields_are_named() {
        let said = |look: &str, at: u64| {
            confidence_sequence(&users(), "arm", "x", look, "a", at).unwrap_err().to_string()
        };
        assert!(said("x", 10).contains("`x`") && said("x", 10).contains("whole number or a date"));
        assert!(said("day", 0).contains("`tightest_at` is 0"));
    }
}
