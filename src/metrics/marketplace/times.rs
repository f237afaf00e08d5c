//! Times of a frame, all on one calendar.

use std::ops::Range;

use polars::prelude::*;

use crate::error::Result;
use crate::events::{DAY, Moments, Window};

/// Columns of times, of which any may be empty, in calendar time: every day has as many microseconds.
pub(super) struct Times {
    pub columns: Vec<Vec<Option<i64>>>,
    calendar: Moments,
}

impl Times {
    /// Reads columns on the calendar of the first that has hours: dates become its midnights, another zone is refused.
    pub fn new(frame: &DataFrame, name: &'static str, columns: &[&str]) -> Result<Times> {
        let mut found = vec![];
        for column in columns {
            let known = frame.column(column)?.is_not_null();
            let moments = match known.any() {
                true => Some(Moments::new(&frame.filter(&known)?, name, column)?),
                false => None,
            };
            found.push((*column, known, moments));
        }
        let with_moments =
            || found.iter().filter_map(|(column, _, moments)| Some((*column, moments.as_ref()?)));
        let first = with_moments().find(|(_, moments)| !moments.are_days());
        let first = first.or_else(|| with_moments().next());
        let (whose, calendar) = match first {
            Some((column, moments)) => (format!("`{column}`"), moments.clone()),
            None => (String::new(), Moments::utc(vec![])),
        };
        let columns = found.into_iter().map(|(column, known, moments)| {
            let Some(moments) = moments else { return Ok(vec![None; frame.height()]) };
            let times = moments.beside(&calendar, &whose, name, column)?.calendar_time();
            let mut times = times.iter().copied();
            let next =
                |known: Option<bool>| known.filter(|known| *known).and_then(|_| times.next());
            Ok(known.iter().map(next).collect())
        });
        Ok(Times { columns: columns.collect::<Result<_>>()?, calendar })
    }

    /// Converts the window to calendar time. Where it is open, it begins with the first day on which anything happened,
    /// and ends after the last. `None` if it holds no time: nothing happened, or only before or after the window.
    pub fn range(&self, window: Window) -> Option<Range<i64>> {
        let days = || self.columns.iter().flatten().flatten().map(|at| at.div_euclid(DAY) as i32);
        let range = window.calendar_range(&self.calendar, days().min().zip(days().max()));
        range.filter(|range| range.start < range.end)
    }
}
