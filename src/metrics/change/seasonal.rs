//! Trend, season and remainder of a series.

use polars::prelude::*;

use super::series::{Series, bounded};
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::stl;

const COLUMNS: [&str; 5] = ["observed", "trend", "seasonal", "remainder", "weight"];
/// Wider spans than this are a slip of the keyboard.
const WIDEST: usize = 99_999;

/// A seasonal-trend decomposition by loess, STL.
///
/// Season and trend are found from each other by local regression: the season from the values at the same place of each period, the trend
/// from what is left. Both may change slowly with time.
///
/// # Source
/// R. B. Cleveland, W. S. Cleveland, J. E. McRae and I. Terpenning (1990), "STL: a seasonal-trend decomposition procedure based on loess",
/// Journal of Official Statistics 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stl {
    period: usize,
    seasonal: usize,
    trend: Option<usize>,
    robust: bool,
}

impl Stl {
    /// Creates a decomposition with a season of so many steps: 7 for days in a week, 12 for months in a year.
    pub fn new(period: usize) -> Stl {
        Stl { period, seasonal: 7, trend: None, robust: false }
    }

    /// Sets how many periods the season is smoothed over: an odd number from 3, and 7 by default. The larger, the less the season changes
    /// with time.
    pub fn seasonal(mut self, span: usize) -> Stl {
        self.seasonal = span;
        self
    }

    /// Sets how many steps the trend is smoothed over: an odd number above the period. By default it's the smallest from
    /// 1.5 × period / (1 − 1.5 / seasonal), as its authors advise.
    pub fn trend(mut self, span: usize) -> Stl {
        self.trend = Some(span);
        self
    }

    /// Gives points that are far from trend and season less weight, in 15 rounds: an outage then bends neither.
    pub fn robust(mut self) -> Stl {
        self.robust = true;
        self
    }

    /// Checks the settings; the period is checked beside the data.
    pub(super) fn settings(&self) -> Result<stl::Stl> {
        let odd = |span: usize, from: usize| span % 2 == 1 && (from..=WIDEST).contains(&span);
        if !(2..=WIDEST).contains(&self.period) {
            return Err(Error::config("period", self.period, format!("2 to {WIDEST}")));
        }
        if !odd(self.seasonal, 3) {
            let accepted = format!("an odd number from 3 to {WIDEST}");
            return Err(Error::config("seasonal", self.seasonal, accepted));
        }
        if let Some(trend) = self.trend.filter(|trend| !odd(*trend, self.period + 1)) {
            let accepted = format!("an odd number above the period, {}, to {WIDEST}", self.period);
            return Err(Error::config("trend", trend, accepted));
        }
        let usual = stl::Stl::new(self.period, self.seasonal, self.robust);
        Ok(stl::Stl { trend: self.trend.unwrap_or(usual.trend), ..usual })
    }

    /// Splits a series into trend, season and remainder, which add up to it.
    ///
    /// Reads `rows`: `time` (whole numbers, days or moments, each once and at even steps) and `value` (numbers), at least two periods.
    /// Returns one row per time, in order: `time`, `observed`, `trend`, `seasonal`, `remainder` (f64), `weight` (f64: what the point
    /// weighed at last, 0 to 1; 1 unless [robust](Stl::robust)).
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty
    /// values, a time that comes twice and a gap; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for fewer rows than two
    /// periods, and for spans out of range.
    ///
    /// ```
    /// use casebook::metrics::change::Stl;
    /// use casebook::prelude::*;
    ///
    /// // Eight weeks that grow by 2 a day, with quiet weekends.
    /// let users: Vec<i32> = (0..56).map(|day| 500 + 2 * day - if day % 7 > 4 { 70 } else { 0 }).collect();
    /// let rows = df!("day" => (0..56).collect::<Vec<i32>>(), "users" => users)?;
    /// let parts = Stl::new(7).decompose(&rows, "day", "users")?;
    /// // A weekend's day lies 70 below a weekday: 50 below the level of the week, which is 20 below a weekday.
    /// assert!((parts.value("seasonal", "day", 13)? + 50.0).abs() < 0.01);
    /// assert!((parts.value("trend", "day", 13)? - 506.0).abs() < 0.01);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn decompose(&self, rows: &dyn Source, time: &str, value: &str) -> Result<DataFrame> {
        let settings = self.settings()?;
        let series = Series::read(rows, time, value, 2 * self.period, &COLUMNS)?;
        let parts = settings.decompose(&series.values);
        bounded(value, parts.remainder.iter().chain(&parts.trend))?;
        Ok(DataFrame::new_infer_height(vec![
            series.times,
            Column::new("observed".into(), series.values),
            Column::new("trend".into(), parts.trend),
            Column::new("seasonal".into(), parts.seasonal),
            Column::new("remainder".into(), parts.remainder),
            Column::new("weight".into(), parts.weights),
        ])?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Verbs;

    #[test]
    fn the_parts_add_up_in_any_order_of_rows() {
        let users: Vec<f64> = (0..40).map(|day| f64::from((day * day) % 17 + day % 4)).collect();
        let rows = df!("day" => (0..40).collect::<Vec<i32>>(), "users" => users).unwrap();
        for stl in [Stl::new(4), Stl::new(4).robust().seasonal(9).trend(11)] {
            let parts = stl.decompose(&rows, "day", "users").unwrap();
            let sum = parts
                .lazy()
                .select([(col("trend") + col("seasonal") + col("remainder") - col("observed"))
                    .abs()
                    .max()])
                .collect()
                .unwrap();
            assert!(sum.scalar("trend").unwrap() < 1e-12);
            let back = rows.sort_desc("day").unwrap();
            let [a, b] = [&rows, &back].map(|rows| stl.decompose(rows, "day", "users").unwrap());
            assert!(a.equals(&b));
        }
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let rows = df!("day" => [1, 2, 3, 4], "users" => [1.0, 2.0, 3.0, 4.0]).unwrap();
        for (stl, said) in [
            (Stl::new(1), "`period` is 1; accepted: 2 to 99999"),
            (Stl::new(2).seasonal(8), "`seasonal` is 8"),
            (Stl::new(2).seasonal(usize::MAX), "`seasonal` is 18446744073709551615"),
            (Stl::new(2).trend(4), "`trend` is 4; accepted: an odd number above the period, 2"),
            (Stl::new(5).trend(5), "`trend` is 5"),
            (Stl::new(3), "4 rows; accepted: at least 6"),
        ] {
            let message = stl.decompose(&rows, "day", "users").unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
        }
        let huge = df!("day" => [1, 2, 3, 4], "users" => [1e308; 4]).unwrap();
        let message = Stl::new(2).decompose(&huge, "day", "users").unwrap_err().to_string();
        assert!(message.contains("too large"), "{message}");
    }
}
