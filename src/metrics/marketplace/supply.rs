//! Providers, and how busy they are.

use std::ops::Range;

use polars::prelude::*;

use super::times::Times;
use super::{LONGEST, MATCHED};
use crate::error::{Error, Result};
use crate::events::{DAY, Index, NOBODY, Window};
use crate::frame::{fetch, full};
use crate::metrics::{Period, Source, concentration, dates, finite, free};

const PROVIDERS: &str = "providers";
const MATCHES: &str = "matches";

/// Places taken, by provider and time.
struct Taken {
    capacity: Vec<f64>,
    /// Provider, from, to: in calendar time.
    spans: Vec<(u32, i64, i64)>,
    providers: Column,
    /// The window; nothing if it holds no time, or neither it nor the matches say what was observed.
    range: Option<Range<i64>>,
}

fn taken(
    providers: &dyn Source,
    matches: &dyn Source,
    provider: &str,
    window: Window,
) -> Result<Taken> {
    let frame = fetch(providers, PROVIDERS, &[provider, "capacity"])?;
    let capacity = finite(&frame, PROVIDERS, "capacity")?;
    if let Some(row) = capacity.iter().position(|places| *places < 0.0) {
        let problem = format!("is {} in row {}; it must be 0 or more", capacity[row], row + 1);
        return Err(Error::column(PROVIDERS, "capacity", problem));
    }
    let index = Index::new(PROVIDERS, full(&frame, PROVIDERS, provider)?)?;
    let matches = fetch(matches, MATCHES, &[provider, MATCHED, "ended_at"])?;
    let of = known(&index, &matches, MATCHES, provider)?;
    full(&matches, MATCHES, MATCHED)?;
    let times = Times::new(&matches, MATCHES, &[MATCHED, "ended_at"])?;
    let range = times.range(window);
    if range.as_ref().is_some_and(|range| range.end.saturating_sub(range.start) > LONGEST * DAY) {
        return Err(Error::config("window", window, "at most 100,000 days"));
    }
    let observed = range.clone().unwrap_or_default();
    let mut spans = vec![];
    for (row, (start, end)) in times.columns[0].iter().flatten().zip(&times.columns[1]).enumerate()
    {
        if end.is_some_and(|end| end < *start) {
            let problem = format!("lies before {MATCHED} in row {}", row + 1);
            return Err(Error::column(MATCHES, "ended_at", problem));
        }
        // A match that has not ended goes on to the end of observation.
        let (from, to) =
            ((*start).max(observed.start), end.unwrap_or(observed.end).min(observed.end));
        if from < to {
            spans.push((of[row], from, to));
        }
    }
    Ok(Taken { capacity, spans, providers: frame.column(provider)?.clone(), range })
}

/// The provider of each row, all of whom must be known.
fn known(index: &Index, frame: &DataFrame, name: &'static str, provider: &str) -> Result<Vec<u32>> {
    let found = index.find(name, full(frame, name, provider)?)?;
    match found.iter().position(|provider| *provider == NOBODY) {
        None => Ok(found),
        Some(row) => {
            let problem = format!("names nobody of the {PROVIDERS} frame in row {}", row + 1);
            Err(Error::column(name, provider, problem))
        }
    }
}

/// Computes the utilisation of all providers over time.
///
/// Reads `providers`: the column named `provider` (unique), `capacity` (a number: served at a time), of those who can
/// be booked; `matches`: the same column, `matched_at`, `ended_at` (null if it goes on): a place is taken between the
/// two. Returns one row per period of the window: `period` (Date: its first day), `days` (f64: of it that lie within),
/// `places` (f64: capacity of all), `taken` (f64: places taken on average), `utilisation` (f64: taken / places; null
/// without places). An open window reaches over all days of `matches`; a window that holds no time, such as an open one
/// after all matches, has no rows.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values, a negative capacity, a match with
/// a provider that `providers` lacks, one that ends before it begins, and times in two zones;
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a window longer than 100,000 days.
///
/// ```
/// use casebook::prelude::*;
///
/// let config = mentor::Config::default();
/// let tables = mentor::generate(&config)?;
/// let accepted = tables.mentors.lazy().filter(col("vetting").eq(lit("accepted")));
/// let year = Window::new(config.start.midnight(), config.start.plus(config.months).midnight())?;
/// let monthly = marketplace::utilisation(&accepted, &tables.matches, "mentor_id", Period::Month, year)?;
/// assert_eq!(monthly.height(), 12);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn utilisation(
    providers: &dyn Source,
    matches: &dyn Source,
    provider: &str,
    period: Period,
    window: Window,
) -> Result<DataFrame> {
    let found = taken(providers, matches, provider, window)?;
    let number = |at: i64| period.of(at.div_euclid(DAY) as i32);
    let start = |number: i32| i64::from(period.start(number)) * DAY;
    let range = found.range.clone().unwrap_or_default();
    let numbers: Vec<i32> = match found.range {
        Some(_) => (number(range.start)..=number(range.end - 1)).collect(),
        None => vec![],
    };
    let mut busy = vec![0_i64; numbers.len()];
    for (_, from, to) in found.spans {
        for period in number(from)..=number(to - 1) {
            let inside = to.min(start(period + 1)) - from.max(start(period));
            busy[(period - numbers[0]) as usize] += inside;
        }
    }
    // In rising order, so that the order of rows does not change the last digit.
    let mut rising = found.capacity;
    rising.sort_unstable_by(f64::total_cmp);
    let places: f64 = rising.iter().sum();
    let lengths: Vec<f64> = numbers
        .iter()
        .map(|period| range.end.min(start(period + 1)) - range.start.max(start(*period)))
        .map(|micros| micros as f64 / DAY as f64)
        .collect();
    let taken: Vec<f64> =
        busy.iter().zip(&lengths).map(|(busy, days)| *busy as f64 / DAY as f64 / days).collect();
    let share: Vec<Option<f64>> =
        taken.iter().map(|taken| (places > 0.0).then(|| taken / places)).collect();
    Ok(DataFrame::new_infer_height(vec![
        dates("period", numbers.iter().map(|number| period.start(*number)).collect())?,
        Column::new("days".into(), &lengths),
        Column::new("places".into(), vec![places; lengths.len()]),
        Column::new("taken".into(), taken),
        Column::new("utilisation".into(), share),
    ])?)
}

/// Computes each provider's utilisation.
///
/// Reads as [`utilisation`] does. Returns one row per provider, in the order of `providers`: the column named
/// `provider`, `matches` (i64: that overlap the window), `capacity` (f64), `taken` (f64: places taken on average; null
/// where the window holds no time), `utilisation` (f64; null without capacity). Providers
/// without a match are included, with 0.
///
/// # Errors
/// The same as [`utilisation`]; a column `provider` that has the name of another of the result.
///
/// ```
/// use casebook::prelude::*;
///
/// let config = mentor::Config::default();
/// let tables = mentor::generate(&config)?;
/// let accepted = tables.mentors.lazy().filter(col("vetting").eq(lit("accepted")));
/// let year = Window::new(config.start.midnight(), config.start.plus(config.months).midnight())?;
/// let each = marketplace::by_provider(&accepted, &tables.matches, "mentor_id", year)?;
/// let matches = concentration::summary(&each, "matches", &[0.2])?;
/// assert_eq!(matches.height(), 2); // Gini, and the busiest fifth
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn by_provider(
    providers: &dyn Source,
    matches: &dyn Source,
    provider: &str,
    window: Window,
) -> Result<DataFrame> {
    free(PROVIDERS, provider, &["matches", "capacity", "taken", "utilisation"])?;
    let found = taken(providers, matches, provider, window)?;
    let mut counts = vec![0_i64; found.capacity.len()];
    let mut busy = vec![0_i64; found.capacity.len()];
    for (provider, start, end) in found.spans {
        counts[provider as usize] += 1;
        busy[provider as usize] += end - start;
    }
    let length = found.range.map(|range| (range.end - range.start) as f64);
    let taken: Vec<Option<f64>> =
        busy.iter().map(|busy| length.map(|length| *busy as f64 / length)).collect();
    let share: Vec<Option<f64>> = taken
        .iter()
        .zip(&found.capacity)
        .map(|(taken, places)| taken.filter(|_| *places > 0.0).map(|taken| taken / places))
        .collect();
    Ok(DataFrame::new_infer_height(vec![
        found.providers,
        Column::new("matches".into(), counts),
        Column::new("capacity".into(), found.capacity),
        Column::new("taken".into(), taken),
        Column::new("utilisation".into(), share),
    ])?)
}

/// Computes how unevenly bookings are spread over providers: [`concentration::summary`] of bookings, including
/// providers without any.
///
/// Reads `providers`: the column named `provider` (unique), of those who can be booked; `bookings`: the same column, a
/// row each. Returns what [`concentration::summary`] does: the Gini coefficient, and the share of the busiest.
///
/// # Errors
/// The same as [`concentration::summary`]; a booking with a provider that `providers` lacks.
///
/// ```
/// use casebook::prelude::*;
///
/// let mentors = df!("mentor_id" => [1, 2, 3, 4])?;
/// let bookings = df!("mentor_id" => [2, 2, 2, 2])?;
/// let found = marketplace::booking_concentration(&mentors, &bookings, "mentor_id", &[0.25])?;
/// assert_eq!(found.column("value")?.f64()?.get(1), Some(1.0)); // a quarter of the mentors has all
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn booking_concentration(
    providers: &dyn Source,
    bookings: &dyn Source,
    provider: &str,
    tops: &[f64],
) -> Result<DataFrame> {
    let frame = fetch(providers, PROVIDERS, &[provider])?;
    let index = Index::new(PROVIDERS, full(&frame, PROVIDERS, provider)?)?;
    let bookings = fetch(bookings, "bookings", &[provider])?;
    let mut counts = vec![0_i64; frame.height()];
    for provider in known(&index, &bookings, "bookings", provider)? {
        counts[provider as usize] += 1;
    }
    concentration::summary(&df!("bookings" => counts)?, "bookings", tops)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn capacities_add_up_in_any_order() {
        let day = |n| NaiveDate::from_ymd_opt(2024, 1, n).unwrap();
        let mentors = df!("mentor_id" => [1, 2, 3, 4], "capacity" => [0.1, 0.2, 0.3, 0.0]).unwrap();
        let matches =
            df!("mentor_id" => [1], "matched_at" => [day(2)], "ended_at" => [Some(day(3))]);
        let matches = matches.unwrap();
        let of = |mentors: &DataFrame| {
            let week = Window::new(day(1), day(8)).unwrap();
            utilisation(mentors, &matches, "mentor_id", Period::Week, week).unwrap()
        };
        let (one, other) = (of(&mentors), of(&mentors.reverse()));
        assert!(one.equals_missing(&other), "{one} {other}");
    }

    /// In Berlin the last Sunday of March has 23 hours, and is a day.
    #[test]
    fn days_are_those_of_the_times_zone() {
        let providers = df!("guide" => ["a", "b"], "capacity" => [2, 2]).unwrap();
        let zone = TimeZone::opt_try_new(Some("Europe/Berlin")).unwrap();
        let berlin = DataType::Datetime(TimeUnit::Microseconds, zone);
        let midnight = 19_813 * DAY - DAY / 24; // 2024-03-31, in winter time
        let matches = df!(
            "guide" => ["a"], "matched_at" => [midnight],
            "ended_at" => [Some(midnight + 23 * (DAY / 24))],
        );
        let times = ["matched_at", "ended_at"].map(|name| col(name).cast(berlin.clone()));
        let matches = matches.unwrap().lazy().with_columns(times);
        let date = |month, day| NaiveDate::from_ymd_opt(2024, month, day).unwrap();
        let window = Window::new(date(3, 30), date(4, 2)).unwrap();
        let daily = utilisation(&providers, &matches, "guide", Period::Day, window).unwrap();
        let expected = df!(
            "period" => [date(3, 30), date(3, 31), date(4, 1)], "days" => [1.0; 3],
            "places" => [4.0; 3], "taken" => [0.0, 1.0, 0.0], "utilisation" => [0.0, 0.25, 0.0],
        );
        assert!(daily.equals(&expected.unwrap()), "{daily}");
        let each = by_provider(&providers, &matches, "guide", window).unwrap();
        assert_eq!(each.column("taken").unwrap().f64().unwrap().get(0), Some(1.0 / 3.0));
        // Nothing says what was observed.
        let none = matches.limit(0);
        let whole = Window::default();
        let daily = utilisation(&providers, &none, "guide", Period::Day, whole).unwrap();
        assert_eq!(daily.height(), 0);
        let each = by_provider(&providers, &none, "guide", whole).unwrap();
        assert_eq!(each.column("taken").unwrap().null_count(), 2);
    }

    /// As in the other metrics of a market: see the module.
    #[test]
    fn a_window_without_any_time_has_no_rows() {
        let day = |n| NaiveDate::from_ymd_opt(2024, 1, n).unwrap();
        let providers = df!("guide" => ["a"], "capacity" => [2]).unwrap();
        let matches = df!("guide" => ["a"], "matched_at" => [day(2)], "ended_at" => [day(3)]);
        let matches = matches.unwrap();
        for window in
            [Window::from(day(9)), Window::until(day(1)), Window::new(day(2), day(2)).unwrap()]
        {
            let daily = utilisation(&providers, &matches, "guide", Period::Day, window).unwrap();
            assert_eq!(daily.height(), 0, "{window}");
            let each = by_provider(&providers, &matches, "guide", window).unwrap();
            let (taken, count) = (each.column("taken").unwrap(), each.column("matches").unwrap());
            assert_eq!((taken.null_count(), count.i64().unwrap().get(0)), (1, Some(0)), "{window}");
        }
    }

    #[test]
    fn a_column_of_the_result_is_no_name_for_providers() {
        let day = |n| NaiveDate::from_ymd_opt(2024, 1, n).unwrap();
        for name in ["matches", "capacity", "taken", "utilisation"] {
            let providers = df!(name => ["a"]).unwrap();
            let matches = df!(name => ["a"], "matched_at" => [day(2)], "ended_at" => [day(3)]);
            let told = by_provider(&providers, &matches.unwrap(), name, Window::default());
            let told = told.unwrap_err().to_string();
            assert!(told.contains(&format!("`{name}`")) && told.contains("rename it"), "{told}");
        }
    }
}
