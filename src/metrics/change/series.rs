//! A metric over time, read and checked.

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::frame::{Verbs, fetch, full};
use crate::metrics::{Source, finite, free};

const NAME: &str = "rows";

/// Values at even steps of time, the earliest first.
pub(super) struct Series {
    pub times: Column,
    pub values: Vec<f64>,
}

impl Series {
    /// Reads two columns. Times are whole numbers, days or moments, each once, at even steps: no step is half as long again as another,
    /// so that months and days of 23 hours are even.
    ///
    /// `least` is how many values there must be, and `of_result` the columns that the caller adds.
    pub fn read(
        rows: &dyn Source,
        time: &str,
        value: &str,
        least: usize,
        of_result: &[&str],
    ) -> Result<Series> {
        free(NAME, time, of_result)?;
        if time == value {
            let problem = "is named as both the time and the value";
            return Err(Error::column(NAME, time, problem));
        }
        let frame = fetch(rows, NAME, &[time, value])?;
        let dtype = full(&frame, NAME, time)?.dtype().clone();
        if !(dtype.is_integer() || dtype.is_temporal()) {
            let problem = format!("is {dtype}; it must be whole numbers, days or moments");
            return Err(Error::column(NAME, time, problem));
        }
        let frame = frame.sort_asc(time)?;
        let (times, values) = (frame.column(time)?.clone(), finite(&frame, NAME, value)?);
        if values.len() < least {
            let found = format!("{} rows", values.len());
            return Err(Error::config("rows", found, format!("at least {least}")));
        }
        let places = times.to_physical_repr().cast(&DataType::Int64)?;
        let places: Vec<i64> = places.i64()?.iter().flatten().collect();
        let steps: Vec<i64> =
            places.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        let told = |at: usize| times.get(at).map(|time| time.to_string());
        if let Some(at) = steps.iter().position(|step| *step == 0) {
            return Err(Error::column(NAME, time, format!("holds {} twice", told(at)?)));
        }
        let shortest = steps.iter().min().copied().unwrap_or(1);
        let long = |step: &i64| *step as f64 >= 1.5 * shortest as f64;
        if let Some(at) = steps.iter().position(long) {
            let problem = format!("has a gap after {}; steps must be even", told(at)?);
            return Err(Error::column(NAME, time, problem));
        }
        Ok(Series { times, values })
    }
}

/// That results are numbers, which sums of huge ones are not.
pub(super) fn bounded<'v>(value: &str, all: impl IntoIterator<Item = &'v f64>) -> Result<()> {
    match all.into_iter().all(|number| number.is_finite()) {
        true => Ok(()),
        false => Err(Error::column(NAME, value, "holds numbers too large to compute with")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::dates;

    fn read(rows: &DataFrame) -> Result<Series> {
        Series::read(rows, "day", "users", 3, &["trend"])
    }

    #[test]
    fn values_come_in_order_of_time() {
        let rows = df!("day" => [3, 1, 2], "users" => [30, 10, 20]).unwrap();
        assert_eq!(read(&rows).unwrap().values, [10.0, 20.0, 30.0]);
        // Months are even: 2024-01-01, 02-01, 03-01, 04-01.
        let months = dates("day", vec![19_723, 19_754, 19_783, 19_814]).unwrap();
        let rows = DataFrame::new_infer_height(vec![months, Column::new("users".into(), [1; 4])]);
        assert_eq!(read(&rows.unwrap()).unwrap().values.len(), 4);
    }

    #[test]
    fn what_is_no_series_is_refused_by_name() {
        for (rows, said) in [
            (
                df!("day" => [1, 2, 2], "users" => [1, 2, 3]),
                "`day` of the rows frame holds 2 twice",
            ),
            (df!("day" => [1, 2, 4], "users" => [1, 2, 3]), "a gap after 2"),
            (df!("day" => [1, 2], "users" => [1, 2]), "2 rows; accepted: at least 3"),
            (df!("day" => ["a", "b", "c"], "users" => [1, 2, 3]), "whole numbers, days or moments"),
            (df!("day" => [Some(1), None], "users" => [1, 2]), "an empty value"),
            (df!("day" => [1, 2, 3], "users" => [1.0, f64::NAN, 2.0]), "must be finite"),
            (df!("day" => [1, 2, 3], "user" => [1, 2, 3]), "did you mean `user`"),
        ] {
            let message = read(&rows.unwrap()).err().unwrap().to_string();
            assert!(message.contains(said), "{message}");
        }
        let rows = df!("trend" => [1, 2, 3]).unwrap();
        let message =
            |value| Series::read(&rows, "trend", value, 1, &[]).err().unwrap().to_string();
        assert!(message("trend").contains("both the time and the value"));
        let taken = Series::read(&rows, "trend", "x", 1, &["trend"]).err().unwrap().to_string();
        assert!(taken.contains("rename"), "{taken}");
        assert!(bounded("users", &[1.0, f64::INFINITY]).is_err());
    }
}
