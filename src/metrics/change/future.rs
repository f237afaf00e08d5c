//! The times after a series.

use chrono::{DateTime, Datelike, Months, NaiveDateTime};
use polars::prelude::*;

use crate::error::{Error, Result};
use crate::events::{DAY, Moments};

const NAME: &str = "rows";

/// Returns so many times after those of a series, in even steps, as a column of the same type.
///
/// Days go on by the calendar of their time zone, so that midnights stay midnights, and months by the month; whatever else isn't quite
/// even, by the middle one of its steps.
pub(super) fn times(known: &Column, steps: usize) -> Result<Column> {
    let name = known.name().as_str();
    let beyond = || Error::column(NAME, name, "has no times left for the horizon");
    let made: Option<Vec<i64>> = match known.dtype() {
        DataType::Date | DataType::Datetime(..) => {
            let moments = Moments::new(&known.clone().into_frame(), NAME, name)?;
            let walls = moments.calendar_time();
            // Months first: a few of them may be equally long by chance.
            let by_month = same_months(&walls)
                .map(|months| (1..=steps).map_while(|at| months.after(at)).collect());
            let by_day = || {
                let step = same_step(&walls).filter(|step| step % DAY == 0)?;
                on(walls[walls.len() - 1], step, steps)
            };
            let walls_on = by_month.or_else(by_day);
            let clock = |wall: &i64| {
                let wall = DateTime::from_timestamp_micros(*wall)?.naive_utc();
                // Beyond these years nothing has a calendar.
                (wall.year() <= 9_999).then(|| moments.at(wall))
            };
            match walls_on {
                Some(walls) => walls.iter().map(clock).collect(),
                None => {
                    let at = &moments.micros;
                    on(at[at.len() - 1], middle_step(at), steps)
                }
            }
            .filter(|all: &Vec<i64>| all.len() == steps)
            .map(|all| moments.column(name, all.into_iter().map(Some).collect()))
            .transpose()?
            .map(|column| column.cast(known.dtype()))
            .transpose()?
            .map(|column| numbers(&column))
            .transpose()?
        }
        _ => {
            let at = numbers(known)?;
            on(at[at.len() - 1], middle_step(&at), steps)
        }
    };
    let physical = known.to_physical_repr().dtype().clone();
    let column = Column::new(name.into(), made.ok_or_else(beyond)?);
    // A type too narrow for these times.
    let column = column.strict_cast(&physical).map_err(|_| beyond())?;
    Ok(column.cast(known.dtype())?)
}

fn numbers(column: &Column) -> Result<Vec<i64>> {
    let physical = column.to_physical_repr().cast(&DataType::Int64)?;
    Ok(physical.i64()?.iter().flatten().collect())
}

fn on(last: i64, step: i64, steps: usize) -> Option<Vec<i64>> {
    (1..=steps as i64).map(|many| last.checked_add(step.checked_mul(many)?)).collect()
}

fn gaps(at: &[i64]) -> impl Iterator<Item = i64> {
    at.windows(2).map(|pair| pair[1].saturating_sub(pair[0]))
}

fn same_step(at: &[i64]) -> Option<i64> {
    let first = gaps(at).next()?;
    gaps(at).all(|gap| gap == first).then_some(first)
}

fn middle_step(at: &[i64]) -> i64 {
    let mut all: Vec<i64> = gaps(at).collect();
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or(1)
}

/// A time that comes every so many months.
struct Monthly {
    last: NaiveDateTime,
    every: u32,
    /// Whether it's each month's last day.
    ends: bool,
}

impl Monthly {
    fn after(&self, steps: usize) -> Option<i64> {
        let months = Months::new(self.every.checked_mul(u32::try_from(steps).ok()?)?);
        let day = chrono::TimeDelta::days(1);
        let wall = if self.ends {
            // The next day is a first: no month is too short for it.
            (self.last + day).checked_add_months(months)? - day
        } else {
            self.last.checked_add_months(months)?
        };
        Some(wall.and_utc().timestamp_micros())
    }
}

fn same_months(walls: &[i64]) -> Option<Monthly> {
    let walls: Option<Vec<NaiveDateTime>> = walls
        .iter()
        .map(|wall| Some(DateTime::from_timestamp_micros(*wall)?.naive_utc()))
        .collect();
    let walls = walls?;
    let last = *walls.last()?;
    let number = |wall: &NaiveDateTime| i64::from(wall.year()) * 12 + i64::from(wall.month0());
    let months: Vec<i64> = walls.iter().map(number).collect();
    let every = same_step(&months).filter(|every| *every > 0)?;
    let end = |wall: &NaiveDateTime| (*wall + chrono::TimeDelta::days(1)).day() == 1;
    let ends = walls.iter().all(end);
    let same_day = walls.iter().all(|wall| wall.day() == last.day());
    let same_hour = walls.iter().all(|wall| wall.time() == last.time());
    let found = Monthly { last, every: u32::try_from(every).ok()?, ends: ends && !same_day };
    ((ends || same_day) && same_hour).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn dates(days: &[(i32, u32, u32)]) -> Column {
        let all: Vec<NaiveDate> =
            days.iter().map(|(y, m, d)| NaiveDate::from_ymd_opt(*y, *m, *d).unwrap()).collect();
        Column::new("day".into(), all)
    }

    fn shown(column: &Column) -> Vec<String> {
        let texts = column.cast(&DataType::String).unwrap();
        texts.str().unwrap().iter().flatten().map(String::from).collect()
    }

    #[test]
    fn days_and_months_go_on_by_the_calendar() {
        let weekly = dates(&[(2024, 2, 15), (2024, 2, 22)]);
        assert_eq!(shown(&times(&weekly, 2).unwrap()), ["2024-02-29", "2024-03-07"]);
        let monthly = dates(&[(2023, 11, 1), (2023, 12, 1), (2024, 1, 1)]);
        assert_eq!(shown(&times(&monthly, 2).unwrap()), ["2024-02-01", "2024-03-01"]);
        let ends = dates(&[(2023, 11, 30), (2023, 12, 31), (2024, 1, 31)]);
        assert_eq!(shown(&times(&ends, 2).unwrap()), ["2024-02-29", "2024-03-31"]);
        let quarters = dates(&[(2023, 7, 1), (2023, 10, 1), (2024, 1, 1)]);
        assert_eq!(shown(&times(&quarters, 1).unwrap()), ["2024-04-01"]);
    }

    #[test]
    fn midnights_stay_midnights_when_clocks_change() {
        let zone = TimeZone::opt_try_new(Some("Europe/Berlin")).unwrap();
        // 2024-03-29 and 30, 00:00 in Berlin, an hour before UTC's; clocks go forward on the 31st.
        let at = [19_811, 19_812].map(|day| day * 86_400_000_i64 - 3_600_000);
        let known = Column::new("at".into(), at)
            .cast(&DataType::Datetime(TimeUnit::Milliseconds, zone))
            .unwrap();
        let found = times(&known, 2).unwrap();
        assert_eq!(found.dtype(), known.dtype());
        let expected = [19_813 * 86_400_000 - 3_600_000, 19_814 * 86_400_000 - 7_200_000];
        assert_eq!(numbers(&found).unwrap(), expected);
    }

    #[test]
    fn whole_numbers_go_on_and_end() {
        let known = Column::new("week".into(), [1_i32, 3, 5]);
        let found = times(&known, 2).unwrap();
        assert_eq!(numbers(&found).unwrap(), [7, 9]);
        assert_eq!(found.dtype(), &DataType::Int32);
        let last = Column::new("week".into(), [i32::MAX - 1, i32::MAX]);
        let message = times(&last, 1).unwrap_err().to_string();
        assert!(message.contains("no times left"), "{message}");
        assert!(times(&dates(&[(9999, 12, 30), (9999, 12, 31)]), 1).is_err());
    }
}
