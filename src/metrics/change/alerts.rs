//! Alerts on a series, and how often they are false.

use polars::prelude::*;

use super::seasonal::Stl;
use super::series::{Series, bounded};
use crate::error::{Error, Result};
use crate::frame::{coded, fetch, full};
use crate::metrics::{Source, share_columns};

const NAME: &str = "rows";
const COLUMNS: [&str; 6] = ["observed", "expected", "low", "high", "score", "alert"];
/// The standard deviation of normal noise, in medians of its size.
const NORMAL: f64 = 1.482_602_218_505_602;
/// How many periods [`Baseline::Stl`] looks back.
const PERIODS: usize = 8;

/// What a value is expected to be, from those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Baseline {
    /// The value one period before. After an odd value, the one a period later looks odd as well.
    #[default]
    SeasonalNaive,
    /// The latest trend and the latest season of an [`Stl`] of the 8 periods before.
    Stl,
}

/// Alerts: a value is compared with what was expected of it, in units of how far off expectations have been.
///
/// An alert needs a threshold, and a threshold a price: how often it may ring for nothing. [`Alerts::calibrate`] chooses it on series in
/// which nothing happened, and [`Alerts::false_alarms`] counts what it does on others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alerts {
    period: usize,
    baseline: Baseline,
    threshold: f64,
    history: usize,
    window: usize,
}

/// A series' expectations, from the first value that has one.
struct Checked {
    series: Series,
    expected: Vec<Option<f64>>,
    /// Standard deviations of the latest errors of expectations; from the end of the history on.
    scale: Vec<Option<f64>>,
}

impl Checked {
    /// How far off a value is, in units of the scale. Infinite where expectations were never off before.
    fn score(&self, at: usize) -> Option<f64> {
        let (expected, scale) = (self.expected[at]?, self.scale[at]?);
        let off = self.series.values[at] - expected;
        Some(if off == 0.0 { 0.0 } else { off / scale })
    }
}

impl Alerts {
    /// Creates alerts for a series with a season of so many steps. They compare with one period before, begin after 8 periods, and ring
    /// above 4 standard deviations.
    pub fn new(period: usize) -> Alerts {
        Alerts {
            period,
            baseline: Baseline::SeasonalNaive,
            threshold: 4.0,
            history: period.saturating_mul(8),
            window: period,
        }
    }

    /// Sets what a value is compared with.
    pub fn baseline(mut self, baseline: Baseline) -> Alerts {
        self.baseline = baseline;
        self
    }

    /// Sets how many standard deviations a value must be off.
    pub fn threshold(mut self, threshold: f64) -> Alerts {
        self.threshold = threshold;
        self
    }

    /// Sets how many steps come before the first that can alert: 3 periods or more. The errors of as many, less 2 periods, are what a value
    /// is measured by, at the start and later on: so that early values are no more likely to alert.
    pub fn history(mut self, steps: usize) -> Alerts {
        self.history = steps;
        self
    }

    /// Sets how many steps make a window in which false alarms are counted: a window counts once, however often it alerts. It's one
    /// period if nothing is said.
    pub fn window(mut self, steps: usize) -> Alerts {
        self.window = steps;
        self
    }

    /// Returns the threshold.
    ///
    /// ```
    /// use casebook::metrics::change::Alerts;
    ///
    /// assert_eq!(Alerts::new(7).threshold(3.5).limit(), 3.5);
    /// ```
    pub fn limit(&self) -> f64 {
        self.threshold
    }

    fn checked(&self, rows: &dyn Source, time: &str, value: &str) -> Result<Checked> {
        let settings = Stl::new(self.period).settings()?;
        let earliest = 3 * self.period;
        if self.history < earliest {
            let accepted = format!("3 periods or more: {earliest}");
            return Err(Error::config("history", self.history, accepted));
        }
        if !(self.threshold > 0.0 && self.threshold.is_finite()) {
            return Err(Error::config("threshold", self.threshold, "a number above 0"));
        }
        if self.window == 0 {
            return Err(Error::config("window", 0, "1 or more"));
        }
        let series = Series::read(rows, time, value, self.history + 1, &COLUMNS)?;
        let y = &series.values;
        let expected: Vec<Option<f64>> = (0..y.len())
            .map(|at| match self.baseline {
                Baseline::SeasonalNaive => at.checked_sub(self.period).map(|before| y[before]),
                Baseline::Stl => (at >= 2 * self.period).then(|| {
                    let from = at.saturating_sub(PERIODS * self.period);
                    let parts = settings.decompose(&y[from..at]);
                    parts.trend[at - from - 1] + parts.seasonal[at - from - self.period]
                }),
            })
            .collect();
        bounded(value, expected.iter().flatten())?;
        let latest = self.history - 2 * self.period;
        let scale: Vec<Option<f64>> = (0..y.len())
            .map(|at| {
                let from = at.checked_sub(latest).filter(|_| at >= self.history)?;
                let errors = (from..at).filter_map(|at| Some((y[at] - expected[at]?).abs()));
                let mut sizes: Vec<f64> = errors.collect();
                sizes.sort_by(f64::total_cmp);
                let middle = sizes[sizes.len() / 2] + sizes[(sizes.len() - 1) / 2];
                Some(NORMAL * middle / 2.0)
            })
            .collect();
        bounded(value, scale.iter().flatten())?;
        Ok(Checked { series, expected, scale })
    }

    /// Compares each value of a series with what was expected of it, from values before it only.
    ///
    /// Reads `rows`: `time` (whole numbers, days or moments, each once and at even steps) and `value` (numbers), more than the history.
    /// Returns one row per time, in order: `time`, `observed`, `expected` (f64; null without values to expect it from), `low`, `high`
    /// (f64: the ends of what doesn't alert), `score` (f64: observed less expected, in standard deviations, 1.4826 times the median size of
    /// the latest errors), `alert` (bool). The last four are null in the history. If these were 0 there is no score, and what
    /// isn't as expected alerts.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty
    /// values, a time that comes twice and a gap; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for too few rows, and for
    /// settings out of range.
    ///
    /// ```
    /// use casebook::metrics::change::Alerts;
    /// use casebook::prelude::*;
    ///
    /// let mut users: Vec<i32> = (0..42).map(|day| 500 + (day * 5) % 11 - if day % 7 > 4 { 70 } else { 0 }).collect();
    /// users[38] -= 90; // an outage on a Friday
    /// let rows = df!("day" => (0..42).collect::<Vec<i32>>(), "users" => users)?;
    /// let checked = Alerts::new(7).history(28).check(&rows, "day", "users")?;
    /// let rang = checked.keep(col("alert"))?;
    /// assert_eq!(rang.total("day")?, 38.0);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn check(&self, rows: &dyn Source, time: &str, value: &str) -> Result<DataFrame> {
        let checked = self.checked(rows, time, value)?;
        let each = 0..checked.expected.len();
        let scores: Vec<Option<f64>> = each.clone().map(|at| checked.score(at)).collect();
        let end = |side: f64| -> Vec<Option<f64>> {
            let reach = each
                .clone()
                .map(|at| Some(checked.expected[at]? + side * self.threshold * checked.scale[at]?));
            reach.collect()
        };
        let (low, high) = (end(-1.0), end(1.0));
        bounded(value, low.iter().chain(&high).flatten())?;
        let alerts: Vec<Option<bool>> =
            scores.iter().map(|score| score.map(|score| score.abs() > self.threshold)).collect();
        let known: Vec<Option<f64>> =
            scores.into_iter().map(|score| score.filter(|score| score.is_finite())).collect();
        Ok(DataFrame::new_infer_height(vec![
            checked.series.times,
            Column::new("observed".into(), checked.series.values),
            Column::new("expected".into(), checked.expected),
            Column::new("low".into(), low),
            Column::new("high".into(), high),
            Column::new("score".into(), known),
            Column::new("alert".into(), alerts),
        ])?)
    }

    /// The largest score of each whole window of each series, in any order.
    fn largest(
        &self,
        rows: &dyn Source,
        series: &str,
        time: &str,
        value: &str,
    ) -> Result<Vec<f64>> {
        let mut wanted = vec![series, time, value];
        wanted.sort_unstable();
        wanted.dedup();
        let frame = fetch(rows, NAME, &wanted)?;
        let (codes, names) = coded(full(&frame, NAME, series)?)?;
        let mut places: Vec<Vec<IdxSize>> = vec![vec![]; names.len()];
        for (row, code) in codes.iter().enumerate() {
            places[*code as usize].push(row as IdxSize);
        }
        let mut all = vec![];
        for own in places {
            let part = frame.take(&IdxCa::from_vec("row".into(), own))?;
            let checked = self.checked(&part, time, value)?;
            let scores: Vec<f64> = (self.history..checked.expected.len())
                .map(|at| checked.score(at).map_or(0.0, f64::abs))
                .collect();
            let windows = scores.chunks_exact(self.window);
            all.extend(windows.map(|window| window.iter().copied().fold(0.0, f64::max)));
        }
        Ok(all)
    }

    /// Counts in how many windows of quiet series, in which nothing happened, there is an alert.
    ///
    /// Reads `rows`: `series` (which series a row belongs to), `time` and `value` as [`check`](Alerts::check), in each series. Returns
    /// one row: `alerted`, `windows` (i64: whole ones after each series' history), `rate`, `low`, `high` (f64: alerted / windows, 95%
    /// Wilson, as if windows were independent; those of one series aren't quite).
    ///
    /// # Errors
    /// As [`check`](Alerts::check), for any of the series.
    ///
    /// ```
    /// use casebook::metrics::change::Alerts;
    /// use casebook::prelude::*;
    ///
    /// // Two quiet series of six weeks: two weeks of each come after the history.
    /// let rows = df!(
    ///     "app" => (0..84).map(|row| if row < 42 { "ios" } else { "web" }).collect::<Vec<_>>(),
    ///     "day" => (0..84).map(|row| row % 42).collect::<Vec<i32>>(),
    ///     "users" => (0..84).map(|row| 100 + (row * row) % 13).collect::<Vec<i32>>(),
    /// )?;
    /// let found = Alerts::new(7).history(28).false_alarms(&rows, "app", "day", "users")?;
    /// assert_eq!((found.scalar("alerted")?, found.scalar("windows")?), (0.0, 4.0));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn false_alarms(
        &self,
        rows: &dyn Source,
        series: &str,
        time: &str,
        value: &str,
    ) -> Result<DataFrame> {
        let largest = self.largest(rows, series, time, value)?;
        let alerted = largest.iter().filter(|score| **score > self.threshold).count() as i64;
        let windows = largest.len() as i64;
        let mut columns = vec![
            Column::new("alerted".into(), [alerted]),
            Column::new("windows".into(), [windows]),
        ];
        let shares = share_columns(["rate", "low", "high"], &[Some(alerted)], &[Some(windows)]);
        columns.extend(shares);
        Ok(DataFrame::new_infer_height(columns)?)
    }

    /// Sets the threshold by quiet series, so that a window of another quiet series alerts with a probability of `rate` at most.
    ///
    /// It's the ⌈(1 − rate) (n + 1)⌉-th smallest of the n windows' largest scores: for a window that is exchangeable with those, the
    /// probability holds whatever the noise. Reads `rows` as [`false_alarms`](Alerts::false_alarms).
    ///
    /// # Errors
    /// As [`false_alarms`](Alerts::false_alarms); [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a rate that isn't
    /// between 0 and 1, and for one that so few windows can't tell: below 1 / (n + 1).
    ///
    /// # Source
    /// V. Vovk, A. Gammerman and G. Shafer (2005), Algorithmic Learning in a Random World: conformal prediction.
    ///
    /// ```
    /// use casebook::metrics::change::Alerts;
    /// use casebook::prelude::*;
    ///
    /// let rows = df!(
    ///     "app" => vec!["web"; 98],
    ///     "day" => (0..98).collect::<Vec<i32>>(),
    ///     "users" => (0..98).map(|day| 100 + (day * day) % 23).collect::<Vec<i32>>(),
    /// )?;
    /// let alerts = Alerts::new(7).history(28).calibrate(&rows, "app", "day", "users", 0.2)?;
    /// let found = alerts.false_alarms(&rows, "app", "day", "users")?;
    /// assert!(found.scalar("rate")? <= 0.2);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn calibrate(
        &self,
        rows: &dyn Source,
        series: &str,
        time: &str,
        value: &str,
        rate: f64,
    ) -> Result<Alerts> {
        if !(rate > 0.0 && rate < 1.0) {
            return Err(Error::config("rate", rate, "a number between 0 and 1"));
        }
        let mut largest = self.largest(rows, series, time, value)?;
        largest.sort_by(f64::total_cmp);
        let place = ((1.0 - rate) * (largest.len() + 1) as f64 - 1e-9).ceil() as usize;
        let found = place.checked_sub(1).and_then(|at| largest.get(at)).copied();
        let least = 1.0 / (largest.len() + 1) as f64;
        let Some(threshold) = found.filter(|score| score.is_finite()) else {
            let accepted = format!("{least:.4} or more, with {} windows", largest.len());
            return Err(Error::config("rate", rate, accepted));
        };
        // A score of 0 is no alert, whatever the threshold.
        Ok(Alerts { threshold: threshold.max(f64::MIN_POSITIVE), ..*self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Verbs;

    fn series(values: &[f64]) -> DataFrame {
        let days: Vec<i64> = (0..values.len() as i64).collect();
        df!("app" => vec!["web"; values.len()], "day" => days, "users" => values).unwrap()
    }

    fn quiet(days: usize) -> Vec<f64> {
        (0..days)
            .map(|day| 100.0 + ((day * day * 31) % 17) as f64 - (day % 7) as f64 * 5.0)
            .collect()
    }

    #[test]
    fn later_values_do_not_change_earlier_expectations() {
        let mut values = quiet(70);
        for baseline in [Baseline::SeasonalNaive, Baseline::Stl] {
            let alerts = Alerts::new(7).history(28).baseline(baseline);
            let before = alerts.check(&series(&values), "day", "users").unwrap();
            values[60] += 500.0;
            let after = alerts.check(&series(&values), "day", "users").unwrap();
            values[60] -= 500.0;
            let same = ["day", "expected", "low", "high"];
            let [a, b] = [&before, &after].map(|all| all.pick(same).unwrap().head(Some(61)));
            assert!(a.equals_missing(&b), "{baseline:?}");
            assert_eq!(before.column("alert").unwrap().null_count(), 28);
            assert_eq!(before.column("alert").unwrap().bool().unwrap().sum(), Some(0), "{before}");
            assert_eq!(after.column("alert").unwrap().bool().unwrap().get(60), Some(true));
        }
    }

    #[test]
    fn what_never_changed_alerts_when_it_does() {
        let mut values = vec![5.0; 40];
        values[35] = 6.0;
        let found = Alerts::new(7).history(28).check(&series(&values), "day", "users").unwrap();
        let alerts: Vec<Option<bool>> =
            found.column("alert").unwrap().bool().unwrap().iter().collect();
        assert_eq!((alerts[34], alerts[35], alerts[36]), (Some(false), Some(true), Some(false)));
        assert!(found.column("score").unwrap().f64().unwrap().get(35).is_none());
    }

    #[test]
    fn the_threshold_is_a_quantile_of_windows() {
        let rows = series(&quiet(7 * 23));
        let alerts = Alerts::new(7).history(28);
        let mut largest = alerts.largest(&rows, "app", "day", "users").unwrap();
        largest.sort_by(f64::total_cmp);
        assert_eq!(largest.len(), 19);
        for (rate, place) in [(0.05, 18), (0.1, 17), (0.5, 9)] {
            let found = alerts.calibrate(&rows, "app", "day", "users", rate).unwrap();
            assert_eq!(found.limit(), largest[place], "{rate}");
            let counted = found.false_alarms(&rows, "app", "day", "users").unwrap();
            assert!(counted.scalar("rate").unwrap() <= rate);
        }
        let message = alerts.calibrate(&rows, "app", "day", "users", 0.04).unwrap_err().to_string();
        assert!(message.contains("0.0500 or more, with 19 windows"), "{message}");
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let rows = series(&quiet(30));
        for (alerts, said) in [
            (Alerts::new(1), "`period` is 1"),
            (Alerts::new(7).history(20), "`history` is 20; accepted: 3 periods or more: 21"),
            (Alerts::new(7).threshold(-1.0), "`threshold` is -1"),
            (Alerts::new(7).window(0), "`window` is 0"),
            (Alerts::new(8), "30 rows; accepted: at least 65"),
        ] {
            let message = alerts.check(&rows, "day", "users").unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
        }
        let message =
            Alerts::new(7).calibrate(&rows, "app", "day", "users", 1.0).unwrap_err().to_string();
        assert!(message.contains("`rate` is 1"), "{message}");
    }
}
