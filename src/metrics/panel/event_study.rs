//! Effects by time since the launch, and whether there were any before it.

use std::ops::RangeInclusive;

use nalgebra::DVector;
use polars::prelude::*;

use super::cells::Cells;
use super::estimate::{Adjusted, Estimate, Weights, columns};
use super::outcome::Panel;
use crate::error::{Error, Result};
use crate::stats::distribution::{chi_square_sf, f_sf};
use crate::stats::pseudo_inverse::pseudo;

/// Event times further away than this are a typing error.
const FURTHEST: i64 = 10_000;

impl Cells {
    /// Weights that compare those who launched in `group` with those who had not launched by then, in a period, each since the period
    /// before the launch. None if nobody is left to compare with.
    pub(super) fn group_time(&self, group: usize, period: usize) -> Option<Weights> {
        let base = group - 1;
        let latest = period.max(base);
        let others: Vec<usize> = (0..self.units.len())
            .filter(|unit| self.launches[*unit].is_none_or(|at| at > latest && at != group))
            .collect();
        if others.is_empty() {
            return None;
        }
        let mut weights = vec![0.0; self.len()];
        let own = (0..self.units.len()).filter(|unit| self.launches[*unit] == Some(group));
        for (units, sign) in [(own.collect::<Vec<_>>(), 1.0), (others, -1.0)] {
            let total: f64 = units.iter().map(|unit| self.size[*unit]).sum();
            for unit in units {
                let share = sign * self.size[unit] / total;
                weights[self.at(unit, period)] += share;
                weights[self.at(unit, base)] -= share;
            }
        }
        Some(weights)
    }

    /// Returns what the units of a group weigh together.
    pub(super) fn group_size(&self, group: usize) -> f64 {
        let own = (0..self.units.len()).filter(|unit| self.launches[*unit] == Some(group));
        own.map(|unit| self.size[unit]).sum()
    }

    /// The mean over groups of the effect so many periods after the launch; with how many units it rests on.
    fn at_event_time(&self, relative: i64) -> Option<(Weights, i64)> {
        let (mut sum, mut total, mut units) = (vec![0.0; self.len()], 0.0, 0);
        for group in self.groups() {
            let Ok(period) = usize::try_from(group as i64 + relative) else { continue };
            let found = (period < self.periods).then(|| self.group_time(group, period)).flatten();
            let Some(weights) = found else { continue };
            let size = self.group_size(group);
            sum.iter_mut().zip(&weights).for_each(|(to, weight)| *to += size * weight);
            total += size;
            units += self.launches.iter().filter(|launch| **launch == Some(group)).count() as i64;
        }
        if units == 0 {
            return None;
        }
        sum.iter_mut().for_each(|weight| *weight /= total);
        Some((sum, units))
    }
}

impl Panel {
    /// Estimates the effect by group and period: each group of units that launch at the same time against those that haven't launched
    /// by then, both since the period before the group's launch.
    ///
    /// Returns `launch`, `period`, `relative` (i64: periods since the launch), `effect`, `se`, `low`, `high`, `p_value` (f64; null where
    /// no error can be told), by launch, then period; without the period before the launch, where the effect is 0 by definition, and
    /// without periods in which all others have launched.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a
    /// column of another type, a unit that lacks a period or has it twice, a launch that changes within a unit, none within the
    /// periods, a period with a gap, hits above trials, trials, counts or errors of 0, and for a column to adjust for that can't be
    /// told from units and periods; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for fewer than two units or periods.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let rows = df!(
    ///     "store" => ["a", "a", "a", "b", "b", "b"], "week" => [1, 2, 3, 1, 2, 3],
    ///     "launched" => [Some(2), Some(2), Some(2), None, None, None], "value" => [5.0, 9.0, 9.5, 4.0, 5.0, 6.0],
    /// )?;
    /// let effects = panel::Panel::new(&rows, "store", "week", "launched").group_time_effects()?;
    /// assert_eq!(effects.value("effect", "period", 2)?, 3.0);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn group_time_effects(&self) -> Result<DataFrame> {
        let cells = self.cells()?;
        let adjusted = Adjusted::new(&cells)?;
        let (mut launches, mut periods, mut relative, mut found) = (vec![], vec![], vec![], vec![]);
        for group in cells.groups() {
            for period in (0..cells.periods).filter(|period| *period + 1 != group) {
                let Some(weights) = cells.group_time(group, period) else { continue };
                found.push(adjusted.estimate(&adjusted.on_cells(weights)));
                launches.push(cells.first + group as i64);
                periods.push(cells.first + period as i64);
                relative.push(period as i64 - group as i64);
            }
        }
        let mut all = vec![
            Column::new("launch".into(), launches),
            Column::new("period".into(), periods),
            Column::new("relative".into(), relative),
        ];
        all.extend(columns(&found));
        Ok(DataFrame::new_infer_height(all)?)
    }

    /// Estimates the effect by periods since the launch: the mean of [group-time effects](Panel::group_time_effects), weighted with the
    /// groups' sizes. Before the launch it should be 0.
    ///
    /// Returns `relative` (i64), `effect`, `se`, `low`, `high`, `p_value` (f64), `units` (i64: launched units that the row rests on), by
    /// `relative`, for those periods of the range that somebody was observed in. At −1 the effect is 0 by definition, without interval.
    /// Which units are behind a row changes from row to row.
    ///
    /// # Errors
    /// As [`group_time_effects`](Panel::group_time_effects); a range that reaches beyond 10,000 periods.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let rows = df!(
    ///     "store" => ["a", "a", "a", "b", "b", "b"], "week" => [1, 2, 3, 1, 2, 3],
    ///     "launched" => [Some(3), Some(3), Some(3), None, None, None], "value" => [5.0, 6.0, 9.5, 4.0, 5.0, 6.0],
    /// )?;
    /// let study = panel::Panel::new(&rows, "store", "week", "launched").event_study(-2..=3)?;
    /// assert_eq!(study.value("effect", "relative", -2)?, 0.0);
    /// assert_eq!(study.value("effect", "relative", 0)?, 2.5);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn event_study(&self, range: RangeInclusive<i64>) -> Result<DataFrame> {
        for (field, end) in [("range.start", *range.start()), ("range.end", *range.end())] {
            if !(-FURTHEST..=FURTHEST).contains(&end) {
                return Err(Error::config(field, end, format!("-{FURTHEST} to {FURTHEST}")));
            }
        }
        let cells = self.cells()?;
        let adjusted = Adjusted::new(&cells)?;
        let (mut relative, mut found, mut units) = (vec![], vec![], vec![]);
        for time in range {
            let Some((weights, count)) = cells.at_event_time(time) else { continue };
            found.push(match time {
                -1 => Estimate { effect: 0.0, se: None, df: None },
                _ => adjusted.estimate(&adjusted.on_cells(weights)),
            });
            relative.push(time);
            units.push(count);
        }
        let mut all = vec![Column::new("relative".into(), relative)];
        all.extend(columns(&found));
        all.push(Column::new("units".into(), units));
        Ok(DataFrame::new_infer_height(all)?)
    }

    /// Tests whether effects before the launch are all 0, as they are if units change alike without it: Wald's test on the
    /// [event study](Panel::event_study) from `leads` periods before the launch (2 to 10,000) to 2 before.
    ///
    /// Returns one row: `leads`, `df` (i64: effects tested that can be told apart), `chi_square`, `p_value` (f64; null where errors
    /// can't be told). Where errors come from how units differ (outcomes [`values`](Panel::values)), they are estimates themselves: then
    /// the statistic is Hotelling's (1931), compared with the F distribution that belongs to the smallest group of units that launched
    /// together, and null unless that has more than twice as many units as there are effects. Not to find a difference isn't to show that
    /// there is none: look at the intervals, too.
    ///
    /// # Errors
    /// As [`group_time_effects`](Panel::group_time_effects); `leads` out of range.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let rows = df!(
    ///     "region" => ["a", "a", "a", "b", "b", "b"], "month" => [1, 2, 3, 1, 2, 3],
    ///     "launched" => [Some(3), Some(3), Some(3), None, None, None],
    ///     "paid" => [50, 51, 70, 40, 42, 41], "signups" => [500, 500, 500, 400, 400, 400],
    /// )?;
    /// let panel = panel::Panel::new(&rows, "region", "month", "launched").rates("paid", "signups");
    /// assert!(panel.pre_trends(6)?.scalar("p_value")? > 0.5);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn pre_trends(&self, leads: u32) -> Result<DataFrame> {
        if !(2..=FURTHEST as u32).contains(&leads) {
            return Err(Error::config("leads", leads, format!("2 to {FURTHEST}")));
        }
        let cells = self.cells()?;
        let adjusted = Adjusted::new(&cells)?;
        let before = (-i64::from(leads)..=-2).filter_map(|time| cells.at_event_time(time));
        let many: Vec<Weights> = before.map(|(weights, _)| adjusted.on_cells(weights)).collect();
        let covariance = match many.is_empty() {
            true => None,
            false => adjusted.covariance(&many),
        };
        let mut tested: (i64, Option<f64>, Option<f64>) = (0, None, None);
        if let Some(covariance) = covariance {
            let effects = many.iter().map(|weights| adjusted.estimate(weights).effect);
            let effects = DVector::from_iterator(many.len(), effects);
            let (inverse, _, rank) = pseudo(covariance);
            let left = adjusted.degrees(&many);
            let enough = rank > 0 && left.is_none_or(|left| left >= 2.0 * rank as f64);
            tested = (rank as i64, enough.then(|| effects.dot(&(inverse * &effects))), left);
        }
        let (df, chi_square, left) = tested;
        let of = df as f64;
        let p_value = chi_square.map(|value| match left {
            None => chi_square_sf(value, of),
            Some(left) => f_sf(value * (left - of + 1.0) / (left * of), of, left - of + 1.0),
        });
        Ok(df!(
            "leads" => [i64::from(leads)],
            "df" => [df],
            "chi_square" => [chi_square],
            "p_value" => [p_value],
        )?)
    }
}
