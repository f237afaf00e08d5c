//! Where a series changes its level.

use polars::prelude::*;

use super::series::{Series, bounded};
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::pelt::{Cost, Penalty as Price, noise, segments};

/// What each further segment must be worth, in units of −2 times the log-likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Penalty {
    /// The Bayesian information criterion: (p + 1) ln n, where a segment has p parameters of its own, a mean or a mean and a variance.
    Bic,
    /// Zhang and Siegmund's modified criterion: (p + 2) ln n and the logarithm of each segment's length. On series without a change it
    /// finds one less often.
    #[default]
    Mbic,
    /// A number of your own, above 0.
    Fixed(f64),
}

/// A search for change points: the segments of a series, each with a level of its own, that cost least.
///
/// The noise in a segment is taken for independent and normal. Take season and trend off first, [`Stl`](super::Stl)'s `trend` plus
/// `remainder` or the remainder itself: a week's rhythm raises the noise, and noise that's correlated from day to day looks like changes.
///
/// # Source
/// R. Killick, P. Fearnhead and I. A. Eckley (2012), "Optimal detection of changepoints with a linear computational cost", Journal of the
/// American Statistical Association 107 (PELT). N. R. Zhang and D. O. Siegmund (2007), "A modified Bayes information criterion with
/// applications to the analysis of comparative genomic hybridization data", Biometrics 63.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoints {
    spread: Spread,
    penalty: Penalty,
    least: usize,
}

/// What is known of the noise.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Spread {
    Estimated,
    Known(f64),
    Changes,
}

impl ChangePoints {
    /// Creates a search for changes of the mean, with one variance for all segments. It's estimated from the median distance of
    /// neighbours, to which changes of the mean add nothing.
    pub fn of_mean() -> ChangePoints {
        ChangePoints { spread: Spread::Estimated, penalty: Penalty::Mbic, least: 2 }
    }

    /// Creates a search for changes of the mean, the variance or both. Segments have at least 5 values.
    pub fn of_mean_and_variance() -> ChangePoints {
        ChangePoints { spread: Spread::Changes, penalty: Penalty::Mbic, least: 5 }
    }

    /// Sets the variance that all segments have.
    pub fn variance(mut self, variance: f64) -> ChangePoints {
        self.spread = Spread::Known(variance);
        self
    }

    /// Sets the penalty for each further segment; [`Penalty::Mbic`] by default.
    pub fn penalty(mut self, penalty: Penalty) -> ChangePoints {
        self.penalty = penalty;
        self
    }

    /// Sets how many values a segment has at least: 1 or more for means, 2 or more for variances.
    pub fn min_size(mut self, least: usize) -> ChangePoints {
        self.least = least;
        self
    }

    /// Finds the segments of a series. A change is where one begins.
    ///
    /// Reads `rows`: `time` (whole numbers, days or moments, each once and at even steps) and `value` (numbers), at least two. Returns one
    /// row per segment, in order: `segment` (i64, from 1), `from`, `to` (its first and last time), `n` (i64), `mean`, `sd` (f64; `sd` is
    /// null for a single value), `change` (f64: the mean less that of the segment before; null in the first). The search chose where to
    /// cut, so that an interval of a mean or a change would be too narrow: there is none.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty
    /// values, a time that comes twice and a gap; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for fewer than two rows,
    /// and for settings out of range.
    ///
    /// ```
    /// use casebook::metrics::change::ChangePoints;
    /// use casebook::prelude::*;
    ///
    /// let users = [52, 49, 50, 51, 48, 50, 41, 40, 42, 39, 41, 40];
    /// let rows = df!("day" => (1..=12).collect::<Vec<i32>>(), "users" => users)?;
    /// let found = ChangePoints::of_mean().find(&rows, "day", "users")?;
    /// assert_eq!(found.height(), 2);
    /// assert_eq!(found.value("from", "segment", 2)?, 7.0);
    /// assert_eq!(found.value("change", "segment", 2)?, -9.5);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn find(&self, rows: &dyn Source, time: &str, value: &str) -> Result<DataFrame> {
        let smallest = if self.spread == Spread::Changes { 2 } else { 1 };
        if self.least < smallest {
            return Err(Error::config("min_size", self.least, format!("{smallest} or more")));
        }
        for (field, number) in [
            ("variance", if let Spread::Known(number) = self.spread { number } else { 1.0 }),
            ("penalty", if let Penalty::Fixed(number) = self.penalty { number } else { 1.0 }),
        ] {
            if !(number > 0.0 && number.is_finite()) {
                return Err(Error::config(field, number, "a number above 0"));
            }
        }
        let series = Series::read(rows, time, value, 2, &[])?;
        let y = &series.values;
        let n = y.len() as f64;
        let cost = match self.spread {
            Spread::Changes => Cost::MeanVariance,
            Spread::Known(variance) => Cost::Mean(variance),
            Spread::Estimated => Cost::Mean(noise(y)),
        };
        let own = if self.spread == Spread::Changes { 2.0 } else { 1.0 };
        let price = match self.penalty {
            Penalty::Bic => Price { each: (own + 1.0) * n.ln(), by_length: false },
            Penalty::Mbic => Price { each: (own + 2.0) * n.ln(), by_length: true },
            Penalty::Fixed(each) => Price { each, by_length: false },
        };
        // Values that are all the same don't change, and say nothing of noise.
        let ends = match cost {
            Cost::Mean(variance) if variance <= 0.0 => vec![y.len()],
            _ => segments(y, cost, price, self.least).0,
        };
        let starts: Vec<usize> = std::iter::once(0).chain(ends.iter().copied()).collect();
        let part = |at: usize| &y[starts[at]..ends[at]];
        let means: Vec<f64> = (0..ends.len())
            .map(|at| part(at).iter().sum::<f64>() / part(at).len() as f64)
            .collect();
        let spread = |at: usize| -> Option<f64> {
            let around: f64 = part(at).iter().map(|y| (y - means[at]).powi(2)).sum();
            let left = part(at).len().checked_sub(2)? as f64 + 1.0;
            Some((around / left).sqrt())
        };
        let spreads: Vec<Option<f64>> = (0..ends.len()).map(spread).collect();
        bounded(value, means.iter().chain(spreads.iter().flatten()))?;
        let changes = (0..ends.len()).map(|at| (at > 0).then(|| means[at] - means[at - 1]));
        let times = |name: &str, places: Vec<usize>| -> Result<Column> {
            let places: Vec<IdxSize> = places.into_iter().map(|at| at as IdxSize).collect();
            let found = series.times.take(&IdxCa::from_vec("row".into(), places))?;
            Ok(found.with_name(name.into()))
        };
        Ok(DataFrame::new_infer_height(vec![
            Column::new("segment".into(), (1..=ends.len() as i64).collect::<Vec<_>>()),
            times("from", starts[..ends.len()].to_vec())?,
            times("to", ends.iter().map(|end| end - 1).collect())?,
            Column::new(
                "n".into(),
                (0..ends.len()).map(|at| part(at).len() as i64).collect::<Vec<_>>(),
            ),
            Column::new("mean".into(), &means),
            Column::new("sd".into(), spreads),
            Column::new("change".into(), changes.collect::<Vec<_>>()),
        ])?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Verbs;
    use crate::metrics::dates;

    fn rows(users: &[f64]) -> DataFrame {
        let days = dates("day", (0..users.len() as i32).map(|day| 19_723 + day).collect()).unwrap();
        DataFrame::new_infer_height(vec![days, Column::new("users".into(), users)]).unwrap()
    }

    #[test]
    fn segments_have_the_days_and_levels_they_have() {
        let users = [9.0, 11.0, 9.0, 11.0, 9.0, 11.0, 20.0, 22.0, 20.0, 22.0, 20.0, 22.0];
        let found = ChangePoints::of_mean().find(&rows(&users), "day", "users").unwrap();
        assert_eq!(found.height(), 2);
        assert_eq!(found.column("from").unwrap().dtype(), &DataType::Date);
        assert_eq!(found.value("mean", "segment", 2).unwrap(), 21.0);
        assert_eq!(found.value("change", "segment", 2).unwrap(), 11.0);
        assert_eq!(found.value("n", "segment", 1).unwrap(), 6.0);
        assert_eq!(found.column("change").unwrap().null_count(), 1);
        assert!((found.value("sd", "segment", 1).unwrap() - 1.2_f64.sqrt()).abs() < 1e-12);
        let days = found.column("to").unwrap().to_physical_repr().cast(&DataType::Int64).unwrap();
        assert_eq!(days.i64().unwrap().get(0), Some(19_728));
        // A fixed penalty above what two segments gain, and single values where they are allowed.
        let dear = ChangePoints::of_mean().variance(1.0).penalty(Penalty::Fixed(1e4));
        assert_eq!(dear.find(&rows(&users), "day", "users").unwrap().height(), 1);
        let single = ChangePoints::of_mean().variance(1e-3).min_size(1);
        let all = single.find(&rows(&users), "day", "users").unwrap();
        assert_eq!((all.height(), all.column("sd").unwrap().null_count()), (12, 12));
    }

    #[test]
    fn a_variance_that_changes_is_found_and_a_constant_series_has_one_segment() {
        let users: Vec<f64> = (0..80)
            .map(|day| 50.0 + f64::from((day * 7) % 5 - 2) * if day < 50 { 1.0 } else { 8.0 })
            .collect();
        let found =
            ChangePoints::of_mean_and_variance().find(&rows(&users), "day", "users").unwrap();
        assert_eq!(found.height(), 2, "{found}");
        assert_eq!(found.value("n", "segment", 1).unwrap(), 50.0);
        for search in [ChangePoints::of_mean(), ChangePoints::of_mean_and_variance()] {
            let found = search.find(&rows(&[3.0; 40]), "day", "users").unwrap();
            assert_eq!((found.height(), found.value("sd", "segment", 1).unwrap()), (1, 0.0));
        }
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let rows = rows(&[1.0, 2.0, 3.0]);
        for (search, said) in [
            (ChangePoints::of_mean().min_size(0), "`min_size` is 0; accepted: 1 or more"),
            (ChangePoints::of_mean_and_variance().min_size(1), "`min_size` is 1; accepted: 2"),
            (ChangePoints::of_mean().variance(0.0), "`variance` is 0"),
            (ChangePoints::of_mean().penalty(Penalty::Fixed(f64::NAN)), "`penalty` is NaN"),
        ] {
            let message = search.find(&rows, "day", "users").unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
        }
        let message =
            ChangePoints::of_mean().find(&rows.head(Some(1)), "day", "users").unwrap_err();
        assert!(message.to_string().contains("at least 2"), "{message}");
    }
}
