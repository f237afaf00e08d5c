//! The cohort matrix.

use polars::prelude::*;

use super::tracks::Tracks;
use super::{Base, Clock, Retention};
use crate::error::{Error, Result};
use crate::events::period::Numbers;
use crate::events::{DAY, EventSource, Grouped, NOBODY, Period, UserSource, distinct};
use crate::metrics::{dates, share_columns, warnings};

/// A cohort matrix with more cells than this is of no use to anyone.
const MOST_CELLS: i64 = 20_000_000;

impl Retention {
    /// Counts, for each cohort of users who signed up together, how many are active in each later period.
    ///
    /// Reads `users` and `events` as the [module](super) says. Returns one row per cohort and period: `cohort` (Date,
    /// its first day), `period` (i64, from 0), `size` (i64: users of the cohort), `eligible` (i64: observed to the end
    /// of the period; with calendar periods all users, or in a period in progress all who have reached it), `active`
    /// (i64, of the eligible), `base` (i64: what `active` is divided by), `rate`, `low`, `high` (f64; 95% Wilson, null
    /// where the base is another period's activity, because users active now need not be among them), `in_progress`
    /// (bool: observation ends within the period), `warning` (text, where fewer than 30 are eligible), by cohort and
    /// period. Every cohort has a row for every period that some cohort has; what was not observed is null.
    ///
    /// # Errors
    /// As [`day_n`](Retention::day_n); a matrix of more than 20 million cells.
    ///
    /// ```
    /// use casebook::metrics::retention::{Base, Retention};
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let users = warehouse::files::read("data/samples/users.csv")?;
    /// let matrix = Retention::default().base(Base::Previous).cohorts(&users, &events, Period::Week)?;
    /// assert_eq!(matrix.column("base")?.i64()?.get(0), None); // nothing is before period 0
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn cohorts(
        &self,
        users: &dyn UserSource,
        events: &dyn EventSource,
        period: Period,
    ) -> Result<DataFrame> {
        let tracks = Tracks::new(users, events, self.window, self.clock)?;
        let counted = || (0..tracks.seen.people()).filter(|user| tracks.seen.started(*user));
        let starts = || counted().map(|user| tracks.seen.start_day[user]);
        let (Some(first), Some(last)) = (starts().min(), starts().max()) else {
            return matrix(&[]);
        };
        let (earliest, latest) = tracks.seen.day_range().unwrap_or((first, last));
        let bounds = tracks.seen.bounds;
        let end = bounds.until_day;
        let span = Numbers::new(period, earliest, latest.max(end));
        let cohort: Vec<i32> = tracks.seen.start_day.iter().map(|day| span.of(*day)).collect();
        let (from, to) = (span.of(first), span.of(last));
        // The last period that began before observation ended.
        let partly = bounds.last_day == bounds.until_day;
        let last_day = bounds.last_day;
        let last_period = period.of(last_day);
        let length = period.days() * DAY;
        let width = match self.clock {
            Clock::Calendar => i64::from(last_period - from) + 1,
            Clock::Hours24 => counted()
                .map(|user| tracks.time_observed(user))
                .max()
                .map_or(0, |observed| (observed + length - 1).div_euclid(length)),
        }
        .max(0);
        let height = i64::from(to - from) + 1;
        if width.saturating_mul(height) > MOST_CELLS {
            let value = format!("{period}, which makes {height} cohorts of {width} periods");
            let accepted = format!("a longer one, for at most {MOST_CELLS} cells");
            return Err(Error::config("period", value, accepted));
        }

        // Which periods each user was active in, counted from the user's own.
        let event_days = tracks.event_days();
        let numbers: Vec<i32> = tracks
            .seen
            .user
            .iter()
            .enumerate()
            .map(|(row, user)| {
                if *user == NOBODY {
                    return -1;
                }
                let user = *user as usize;
                match self.clock {
                    Clock::Calendar => span.of(event_days[row]) - cohort[user],
                    Clock::Hours24 => {
                        i32::try_from(tracks.since(row, user).div_euclid(length)).unwrap_or(-1)
                    }
                }
            })
            .collect();
        let codes: Vec<u32> = tracks
            .seen
            .user
            .iter()
            .zip(&numbers)
            .map(|(user, number)| if *number < 0 { NOBODY } else { *user })
            .collect();
        let active: Grouped<i32> = distinct(&codes, tracks.seen.people(), &numbers);

        let (width, height) = (width as usize, height as usize);
        let mut cells = vec![Cell::default(); width * height];
        let mut size = vec![0_i64; height];
        for user in counted() {
            let row = (cohort[user] - from) as usize;
            size[row] += 1;
            let (complete, begun) = match self.clock {
                // The periods whose last day is observed.
                Clock::Calendar => {
                    let begun = i64::from(last_period - cohort[user]) + 1;
                    let over = !partly && period.start(last_period + 1) <= end;
                    (begun - i64::from(!over), begun)
                }
                Clock::Hours24 => {
                    let observed = tracks.time_observed(user);
                    (observed.div_euclid(length), (observed + length - 1).div_euclid(length))
                }
            };
            let (complete, begun) =
                (complete.clamp(0, width as i64) as usize, begun.clamp(0, width as i64) as usize);
            let row = &mut cells[row * width..(row + 1) * width];
            for cell in &mut row[..complete] {
                cell.eligible += 1;
            }
            for cell in &mut row[complete.min(begun)..begun] {
                cell.begun += 1;
            }
            let mine = &active.items[active.starts[user]..active.starts[user + 1]];
            for number in mine.iter().map(|number| *number as usize).filter(|n| *n < begun) {
                if number < complete {
                    row[number].active += 1;
                } else {
                    row[number].active_so_far += 1;
                }
            }
        }
        let rows: Vec<Row> = (0..height)
            .filter(|row| size[*row] > 0)
            .flat_map(|row| {
                let start = period.start(from + row as i32);
                let cells = &cells[row * width..(row + 1) * width];
                let size = size[row];
                (0..width).map(move |period| (start, period, size, cells))
            })
            .map(|(cohort, period, size, cells)| {
                let values = |period: usize| cells[period].values(self.clock);
                let (eligible, active) = values(period);
                let base = match self.base {
                    Base::Cohort => eligible,
                    Base::Period0 => active.and(values(0).1),
                    Base::Previous if period == 0 => None,
                    Base::Previous => active.and(values(period - 1).1),
                };
                let in_progress = (eligible.is_some()).then(|| cells[period].begun > 0);
                Row { cohort, period: period as i64, size, eligible, active, base, in_progress }
            })
            .collect();
        let mut table = matrix(&rows)?;
        if self.base != Base::Cohort {
            for side in ["low", "high"] {
                table.with_column(Column::full_null(
                    side.into(),
                    rows.len(),
                    &DataType::Float64,
                ))?;
            }
        }
        Ok(table)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    /// Users whose period is over, and how many of them were active.
    eligible: i64,
    active: i64,
    /// Users whose period has begun but is not over, and how many of them have been active so far.
    begun: i64,
    active_so_far: i64,
}

impl Cell {
    /// Returns how many are eligible and how many are active. A calendar period in progress is shown as it stands; if a
    /// period is over for some users only, those are counted.
    fn values(&self, clock: Clock) -> (Option<i64>, Option<i64>) {
        match clock {
            Clock::Calendar if self.eligible == 0 && self.begun > 0 => {
                (Some(self.begun), Some(self.active_so_far))
            }
            _ if self.eligible > 0 => (Some(self.eligible), Some(self.active)),
            _ => (None, None),
        }
    }
}

struct Row {
    cohort: i32,
    period: i64,
    size: i64,
    eligible: Option<i64>,
    active: Option<i64>,
    base: Option<i64>,
    in_progress: Option<bool>,
}

fn matrix(rows: &[Row]) -> Result<DataFrame> {
    let eligible: Vec<Option<i64>> = rows.iter().map(|row| row.eligible).collect();
    let active: Vec<Option<i64>> = rows.iter().map(|row| row.active).collect();
    let base: Vec<Option<i64>> = rows.iter().map(|row| row.base).collect();
    let progress: Vec<Option<bool>> = rows.iter().map(|row| row.in_progress).collect();
    let mut columns = vec![
        dates("cohort", rows.iter().map(|row| row.cohort).collect())?,
        Column::new("period".into(), rows.iter().map(|row| row.period).collect::<Vec<_>>()),
        Column::new("size".into(), rows.iter().map(|row| row.size).collect::<Vec<_>>()),
        Column::new("eligible".into(), &eligible),
        Column::new("active".into(), &active),
        Column::new("base".into(), &base),
    ];
    columns.extend(share_columns(["rate", "low", "high"], &active, &base));
    columns.push(Column::new("in_progress".into(), progress));
    columns.push(warnings(&eligible, "users"));
    Ok(DataFrame::new_infer_height(columns)?)
}
