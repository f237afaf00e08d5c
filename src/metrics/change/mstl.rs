//! Trend, several seasons and remainder of a series.

use polars::prelude::*;

use super::seasonal::Stl;
use super::series::{Series, bounded};
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::stl;

/// More rounds than this are a slip of the keyboard.
const MOST_ROUNDS: usize = 100;

/// A decomposition with several seasons, MSTL: days in a week and in a year, hours in a day and in a week.
///
/// An [`Stl`] finds each season in what the others leave, the shortest first, and the round is repeated. The trend is that of the longest
/// season.
///
/// # Source
/// K. Bandara, R. J. Hyndman and C. Bergmeir (2021), "MSTL: a seasonal-trend decomposition algorithm for time series with multiple
/// seasonal patterns", arXiv:2107.13462.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mstl {
    periods: Vec<usize>,
    seasonal: Option<Vec<usize>>,
    trend: Option<usize>,
    robust: bool,
    rounds: usize,
}

impl Mstl {
    /// Creates a decomposition with seasons of so many steps each, in rising order: `[24, 168]` for hours in a day and in a week.
    pub fn new(periods: impl IntoIterator<Item = usize>) -> Mstl {
        let periods = periods.into_iter().collect();
        Mstl { periods, seasonal: None, trend: None, robust: false, rounds: 2 }
    }

    /// Sets how many periods each season is smoothed over: odd numbers from 3, one for each. By default 11, 15, 19 and so on, as the
    /// authors advise.
    pub fn seasonal(mut self, spans: impl IntoIterator<Item = usize>) -> Mstl {
        self.seasonal = Some(spans.into_iter().collect());
        self
    }

    /// Sets how many steps the trend is smoothed over: see [`Stl::trend`]. It must be above the longest period.
    pub fn trend(mut self, span: usize) -> Mstl {
        self.trend = Some(span);
        self
    }

    /// Gives points that are far from trend and seasons less weight: see [`Stl::robust`].
    pub fn robust(mut self) -> Mstl {
        self.robust = true;
        self
    }

    /// Sets how often all seasons are found from each other: 1 to 100, and 2 by default. A single season is found once.
    pub fn rounds(mut self, rounds: usize) -> Mstl {
        self.rounds = rounds;
        self
    }

    /// Checks the settings, and returns an STL for each season.
    fn settings(&self) -> Result<Vec<stl::Stl>> {
        let told = |numbers: &[usize]| format!("{numbers:?}");
        if self.periods.is_empty() || self.periods.windows(2).any(|pair| pair[0] >= pair[1]) {
            let accepted = "one or more, each longer than the one before";
            return Err(Error::config("periods", told(&self.periods), accepted));
        }
        if !(1..=MOST_ROUNDS).contains(&self.rounds) {
            return Err(Error::config("rounds", self.rounds, format!("1 to {MOST_ROUNDS}")));
        }
        let usual = || (0..self.periods.len()).map(|place| 11 + 4 * place).collect();
        let spans = self.seasonal.clone().unwrap_or_else(usual);
        if spans.len() != self.periods.len() {
            let accepted = format!("one for each of {} periods", self.periods.len());
            return Err(Error::config("seasonal", told(&spans), accepted));
        }
        let each = self.periods.iter().zip(spans).map(|(period, span)| {
            let own = Stl::new(*period).seasonal(span);
            let own = if self.robust { own.robust() } else { own };
            self.trend.map_or(own, |trend| own.trend(trend)).settings()
        });
        each.collect()
    }

    /// Splits a series into trend, seasons and remainder, which add up to it.
    ///
    /// Reads `rows`: `time` (whole numbers, days or moments, each once and at even steps) and `value` (numbers), at least two of the
    /// longest period. Returns one row per time, in order: `time`, `observed`, `trend`, a column for each season, such as `seasonal_7`,
    /// `remainder` (f64), `weight` (f64: what the point weighed at last, 0 to 1; 1 unless [robust](Mstl::robust)).
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty
    /// values, a time that comes twice and a gap; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for fewer rows than two of
    /// the longest period, periods that don't rise, and spans out of range.
    ///
    /// ```
    /// use casebook::metrics::change::Mstl;
    /// use casebook::prelude::*;
    ///
    /// // Half a year with quiet weekends, and a pay day each thirty days.
    /// let users = |day: i32| 500 + day - if day % 7 > 4 { 70 } else { 0 } + if day % 30 == 0 { 60 } else { 0 };
    /// let rows = df!("day" => (0..180).collect::<Vec<i32>>(), "users" => (0..180).map(users).collect::<Vec<i32>>())?;
    /// let parts = Mstl::new([7, 30]).decompose(&rows, "day", "users")?;
    /// assert!((parts.value("seasonal_7", "day", 90)? + 50.0).abs() < 8.0);
    /// assert!((parts.value("seasonal_30", "day", 90)? - 58.0).abs() < 8.0);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn decompose(&self, rows: &dyn Source, time: &str, value: &str) -> Result<DataFrame> {
        let settings = self.settings()?;
        let names: Vec<String> =
            self.periods.iter().map(|period| format!("seasonal_{period}")).collect();
        let mut columns = vec!["observed", "trend"];
        columns.extend(names.iter().map(String::as_str));
        columns.extend(["remainder", "weight"]);
        let longest = self.periods.last().copied().unwrap_or_default();
        let series = Series::read(rows, time, value, 2 * longest, &columns)?;
        let parts = stl::several(&settings, self.rounds, &series.values);
        bounded(value, parts.remainder.iter().chain(&parts.trend))?;
        let numbers = [vec![series.values, parts.trend], parts.seasonal].concat();
        let numbers = numbers.into_iter().chain([parts.remainder, parts.weights]);
        let made = columns.iter().zip(numbers);
        let made = made.map(|(name, values)| Column::new((*name).into(), values));
        Ok(DataFrame::new_infer_height([series.times].into_iter().chain(made).collect())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_refused() {
        let rows = df!("day" => [1, 2, 3, 4], "users" => [1.0, 2.0, 3.0, 4.0]).unwrap();
        for (mstl, said) in [
            (Mstl::new([]), "`periods` is []; accepted: one or more"),
            (Mstl::new([7, 7]), "`periods` is [7, 7]"),
            (Mstl::new([1, 7]), "`period` is 1"),
            (Mstl::new([2, 3]).seasonal([7]), "`seasonal` is [7]; accepted: one for each of 2"),
            (Mstl::new([2, 3]).seasonal([7, 8]), "`seasonal` is 8"),
            (Mstl::new([2, 7]).trend(5), "`trend` is 5"),
            (Mstl::new([2, 3]).rounds(0), "`rounds` is 0; accepted: 1 to 100"),
            (Mstl::new([2, 3]), "4 rows; accepted: at least 6"),
        ] {
            let message = mstl.decompose(&rows, "day", "users").unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
        }
        let taken = df!("seasonal_2" => [1, 2, 3, 4], "users" => [1, 2, 3, 4]).unwrap();
        let message = Mstl::new([2]).decompose(&taken, "seasonal_2", "users").unwrap_err();
        assert!(message.to_string().contains("rename"), "{message}");
    }
}
