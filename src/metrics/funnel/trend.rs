//! A funnel's conversion by the time at which attempts began.

use chrono::NaiveTime;
use polars::prelude::*;
use rayon::prelude::*;

use super::automaton::{Mark, SKIPPED, Way, in_order};
use super::definition::{Funnel, Order, mean, micros, seconds};
use crate::error::{Error, Result};
use crate::events::period::{date, day};
use crate::events::{Bounds, EventSource, Period, Window};
use crate::frame::dates;
use crate::metrics::{FEW, share_columns};
use crate::stats::sample::quantile;

/// What a period's attempts came to.
#[derive(Debug, Clone, Default)]
struct Cell {
    entered: i64,
    /// How long those who got to the end took.
    times: Vec<i64>,
}

/// More periods than this are a mistake in the data.
const MOST_PERIODS: i32 = 1_000_000;

impl Funnel {
    /// Computes the conversion from the first to the last step, by the day, week or month in which attempts began.
    ///
    /// Reads `events` like [`conversion`](Funnel::conversion). A user counts once in each period in which
    /// the user begins, with the attempt of that period that gets furthest, even if it ends later.
    /// `observed` is the window of observation: what lies outside counts for nothing, except that a step's
    /// [first event ever](super::Step::first_time) may lie before it.
    ///
    /// Returns one row per period, without gaps, from the first in which anybody begins: `period` (Date,
    /// its first day), `entered` (i64: who began in it), `users` (i64: who of them got to the last step),
    /// `rate`, `low`, `high` (f64, 95% Wilson), `mean_seconds`, `median_seconds` (f64: from the first step
    /// to the last), `in_progress` (bool: some windows that began in it were not observed to their end),
    /// `warning` (text: observation that begins in the middle of the period, or fewer than 30 who began). Of a
    /// period in progress all but `entered` is null: whoever has not converted may still.
    ///
    /// # Errors
    /// The same as [`conversion`](Funnel::conversion); a funnel without a window, of which no attempt is ever over;
    /// `windowFunnel`'s modes.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let funnel = Funnel::new(["visit", "cart", "purchase"].map(Step::event)).window(chrono::TimeDelta::days(7));
    /// let weeks = funnel.trend(&events, Period::Week, Window::default())?;
    /// let last = weeks.height() - 1;
    /// assert_eq!(weeks.column("in_progress")?.bool()?.get(last), Some(true));
    /// assert_eq!(weeks.column("rate")?.f64()?.get(last), None);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn trend(
        &self,
        events: &dyn EventSource,
        period: Period,
        observed: Window,
    ) -> Result<DataFrame> {
        let Some(window) = self.window else {
            let accepted = "a window: without one no attempt is ever over";
            return Err(Error::config("window", "not set", accepted));
        };
        if self.window_funnel.is_some() {
            let accepted = "a funnel without modes of windowFunnel, for a trend";
            return Err(Error::config("window_funnel", "set", accepted));
        }
        let marked = self.marked(events, None)?;
        let Some((first_day, last_day)) = marked.events.day_range() else {
            return trended(&[], vec![], &[], None);
        };
        let limits = observed.bounds(marked.moments(), Some((first_day, last_day)));
        let first_day = observed.start().map_or(first_day, |from| day(from.date()).max(first_day));
        if first_day > last_day {
            return trended(&[], vec![], &[], None);
        }
        let (first, last) = (period.of(first_day), period.of(last_day));
        if last - first > MOST_PERIODS {
            let value = format!("{} to {}", date(first_day), date(last_day));
            return Err(Error::config("period", value, format!("at most {MOST_PERIODS} periods")));
        }
        let midnight = |day: i32| marked.moments().at(date(day).and_time(NaiveTime::MIN));
        let bounds: Vec<i64> =
            (first..=last + 1).map(|number| midnight(period.start(number))).collect();
        let mut grouped = marked.grouped()?;
        let mut cells: Vec<Cell> = vec![Cell::default(); bounds.len() - 1];
        let parts: Vec<Vec<(usize, Option<i64>)>> = grouped
            .parts()
            .into_par_iter()
            .map(|mut part| {
                let (mut way, mut found) = (marked.way(), vec![]);
                for user in 0..part.users() {
                    let marks = part.of(user);
                    in_order(marks);
                    self.begun(marks, &bounds, limits, &mut way, &mut found);
                }
                found
            })
            .collect();
        for (place, took) in parts.into_iter().flatten() {
            cells[place].entered += 1;
            cells[place].times.extend(took);
        }
        let begins = cells.iter().position(|cell| cell.entered > 0).unwrap_or(cells.len());
        let starts: Vec<i32> = (first..=last).skip(begins).map(|n| period.start(n)).collect();
        let cells = cells.split_off(begins);
        let ends = &bounds[(begins + 1).min(bounds.len())..];
        let window = micros(Some(window));
        // The last moment of a period may begin an attempt, and the window's end still counts.
        let open: Vec<bool> =
            ends.iter().map(|over| over.saturating_add(window) > limits.end).collect();
        let partial = match observed.start() {
            Some(_) if period.start(first) < limits.from_day => {
                Some(format!("observed from {}", date(limits.from_day)))
            }
            None if period.start(first) < first_day => {
                Some(format!("the data begin on {}", date(first_day)))
            }
            _ => None,
        };
        let partial = partial.filter(|_| begins == 0);
        trended(&starts, cells, &open, partial)
    }

    /// Of one user: in which periods attempts begin, and how long those took that got to the end.
    fn begun(
        &self,
        marks: &[Mark],
        bounds: &[i64],
        limits: Bounds,
        way: &mut Way<'_>,
        found: &mut Vec<(usize, Option<i64>)>,
    ) {
        let n = self.steps.len();
        let window = micros(self.window);
        let end = limits.end;
        let marks = &marks[marks.partition_point(|mark| mark.at < limits.from)..];
        // In any order, with any step.
        let any = self.order == Order::Any;
        let first = if any { u32::MAX } else { 1 };
        let begins = |mark: &Mark| mark.steps & first != 0 && mark.at < end;
        let mut place = 0;
        while let Some(next) = marks[place..].iter().position(begins).map(|step| place + step) {
            let period = bounds.partition_point(|bound| *bound <= marks[next].at);
            let over = bounds.get(period).copied().unwrap_or(i64::MAX).min(end);
            let within = marks[next..].partition_point(|mark| mark.at < over) + next;
            let last = marks[next..within].iter().rfind(|mark| begins(mark));
            let until = last.map_or(i64::MIN, |mark| mark.at.saturating_add(window));
            let mut mine: Vec<Mark> = marks[next..]
                .iter()
                .take_while(|mark| mark.at <= until && mark.at < end)
                .copied()
                .collect();
            let mut reached = vec![SKIPPED; n];
            if any {
                if !self.begun_early(&mine, within - next, &mut reached) {
                    reached.fill(SKIPPED);
                }
            } else {
                // Attempts that begin later belong to later periods.
                for mark in mine.iter_mut().skip(within - next) {
                    mark.steps &= !1;
                }
                in_order(&mut mine);
                way.find(&mine, &mut reached);
            }
            if reached[0] != SKIPPED {
                let finished = Some(reached[n - 1]).filter(|at| *at != SKIPPED);
                found.push((period.saturating_sub(1), finished.map(|at| at - reached[0])));
            }
            place = within;
        }
    }
}

fn trended(
    starts: &[i32],
    cells: Vec<Cell>,
    open: &[bool],
    partial: Option<String>,
) -> Result<DataFrame> {
    let over = |place: usize| !open[place];
    let entered: Vec<Option<i64>> = cells.iter().map(|cell| Some(cell.entered)).collect();
    let users: Vec<Option<i64>> = cells
        .iter()
        .enumerate()
        .map(|(place, cell)| Some(cell.times.len() as i64).filter(|_| over(place)))
        .collect();
    let mut times: Vec<Vec<f64>> =
        cells.iter().map(|cell| cell.times.iter().map(|took| seconds(*took)).collect()).collect();
    for times in &mut times {
        times.sort_unstable_by(f64::total_cmp);
    }
    let of = |what: fn(&[f64]) -> Option<f64>| -> Vec<Option<f64>> {
        times.iter().enumerate().map(|(at, times)| what(times).filter(|_| over(at))).collect()
    };
    let warning: Vec<Option<String>> = cells
        .iter()
        .enumerate()
        .map(|(place, cell)| match partial.clone().filter(|_| place == 0) {
            Some(warning) => Some(warning),
            None if cell.entered < FEW as i64 => Some(format!("fewer than {FEW} users")),
            None => None,
        })
        .collect();
    let mut columns = vec![
        dates("period", starts.to_vec())?,
        Column::new("entered".into(), &entered),
        Column::new("users".into(), &users),
    ];
    columns.extend(share_columns(["rate", "low", "high"], &users, &entered));
    columns.push(Column::new("mean_seconds".into(), of(mean)));
    columns.push(Column::new("median_seconds".into(), of(|times| quantile(times, 0.5))));
    columns.push(Column::new("in_progress".into(), open.to_vec()));
    columns.push(Column::new("warning".into(), warning));
    Ok(DataFrame::new_infer_height(columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::funnel::{Excluded, Step};
    use chrono::TimeDelta;

    const HOUR: i64 = 3_600_000_000;

    /// User, day of January 2024, event; Monday is the 1st.
    fn events(rows: &[(i64, i64, &str)]) -> LazyFrame {
        let first = date(19_723).and_time(NaiveTime::MIN).and_utc().timestamp_micros();
        let at: Vec<i64> =
            rows.iter().map(|row| first + (row.1 - 1) * 24 * HOUR + 9 * HOUR).collect();
        let moment = DataType::Datetime(TimeUnit::Microseconds, None);
        df!(
            "user_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "timestamp" => at,
            "event" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        )
        .unwrap()
        .lazy()
        .with_column(col("timestamp").cast(moment))
    }

    fn funnel() -> Funnel {
        Funnel::new(["look", "buy"].map(Step::event)).window(TimeDelta::days(3))
    }

    fn counts(frame: &DataFrame, column: &str) -> Vec<Option<i64>> {
        frame.column(column).unwrap().i64().unwrap().iter().collect()
    }

    #[test]
    fn a_user_counts_in_each_period_and_open_windows_are_null() {
        let rows = [
            (1, 3, "look"),
            (1, 8, "look"),
            (1, 9, "buy"), // of the second week's attempt only
            (2, 7, "look"),
            (2, 8, "look"),
            (2, 10, "buy"), // in both weeks: the windows of the 7th and of the 8th reach it
            (3, 18, "look"),
            (3, 21, "visit"),
        ];
        let found = funnel().trend(&events(&rows), Period::Week, Window::default()).unwrap();
        assert_eq!(counts(&found, "entered"), [Some(2), Some(2), Some(1)]);
        assert_eq!(counts(&found, "users"), [Some(1), Some(2), None]);
        let open: Vec<Option<bool>> =
            found.column("in_progress").unwrap().bool().unwrap().iter().collect();
        assert_eq!(open, [Some(false), Some(false), Some(true)]);
        let rates: Vec<Option<f64>> = found.column("rate").unwrap().f64().unwrap().iter().collect();
        assert_eq!(rates, [Some(0.5), Some(1.0), None]);
        let seconds = |column: &str, row| found.column(column).unwrap().f64().unwrap().get(row);
        let day = 86_400.0;
        assert_eq!(seconds("mean_seconds", 0), Some(3.0 * day));
        assert_eq!(seconds("median_seconds", 1), Some(1.5 * day)); // a day, and two
        let warning = found.column("warning").unwrap().str().unwrap().clone();
        assert_eq!(warning.get(0), Some("the data begin on 2024-01-03"));
        // Observed for three days more, the last week is over.
        let until = date(19_723 + 24).and_time(NaiveTime::MIN);
        let found = funnel().trend(&events(&rows), Period::Week, Window::until(until)).unwrap();
        assert_eq!(counts(&found, "users"), [Some(1), Some(2), Some(0)]);
        // And as long as it was not, nothing later counts.
        let until = date(19_723 + 7).and_time(NaiveTime::MIN);
        let found = funnel().trend(&events(&rows), Period::Day, Window::until(until)).unwrap();
        assert_eq!(counts(&found, "entered")[..5], [1, 0, 0, 0, 1].map(Some));
        assert_eq!(counts(&found, "users")[..2], [Some(0), Some(0)]);
    }

    #[test]
    fn a_trend_needs_a_window() {
        let rows = [(1, 3, "look")];
        let without = Funnel::new(["look", "buy"].map(Step::event));
        let message =
            without.trend(&events(&rows), Period::Day, Window::default()).unwrap_err().to_string();
        assert!(message.contains("`window`"), "{message}");
        let like = funnel().window_funnel([]).trend(&events(&rows), Period::Day, Window::default());
        assert!(like.unwrap_err().to_string().contains("`window_funnel`"));
        let none = events(&rows).filter(lit(false));
        assert_eq!(funnel().trend(&none, Period::Day, Window::default()).unwrap().height(), 0);
    }

    /// One period over all is the funnel itself.
    #[test]
    fn a_single_period_is_the_funnel() {
        let rows: Vec<(i64, i64, &str)> = (0..200)
            .map(|n| (n * 7 % 23, 1 + n * 13 % 11, ["look", "buy", "x", "look"][(n % 4) as usize]))
            .chain((30..36).flat_map(|user| [(user, 2, "look"), (user, user - 28, "buy")]))
            .collect();
        let until = date(19_723 + 60).and_time(NaiveTime::MIN);
        let modes = [Excluded::Stops, Excluded::Voids, Excluded::Leaves];
        let orders = [Order::Sequential, Order::Strict, Order::Any];
        for (excluded, order) in
            modes.into_iter().flat_map(|mode| orders.map(|order| (mode, order)))
        {
            let funnel = funnel().exclude(col("event").eq(lit("x")), 1, 2);
            let funnel = funnel.excluded(excluded).order(order);
            let whole = counts(&funnel.conversion(&events(&rows)).unwrap(), "users");
            let month = funnel.trend(&events(&rows), Period::Month, Window::until(until)).unwrap();
            assert_eq!(counts(&month, "entered"), [whole[0]], "{excluded:?} {order:?}");
            assert_eq!(counts(&month, "users"), [whole[1]], "{excluded:?} {order:?}");
        }
    }
}
