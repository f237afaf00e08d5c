//! Providers, and how busy they are.

use chrono::NaiveDateTime;
use polars::prelude::*;

use super::{MATCHED, MENTOR, all_moments, moments, window};
use crate::error::{Error, Result};
use crate::metrics::timeline::{DAY, Index, NOBODY, fetch, full};
use crate::metrics::{Period, Source, concentration, dates, finite};

/// Places taken, by provider and moment.
struct Taken {
    capacity: Vec<f64>,
    /// Provider, from, to.
    spans: Vec<(u32, i64, i64)>,
    frame: DataFrame,
}

fn taken(mentors: &dyn Source, matches: &dyn Source, from: i64, until: i64) -> Result<Taken> {
    let frame = fetch(mentors, "mentors", &[MENTOR, "capacity"])?;
    let capacity = finite(&frame, "mentors", "capacity")?;
    if let Some(row) = capacity.iter().position(|places| *places < 0.0) {
        let problem = format!("is {} in row {}; it must be 0 or more", capacity[row], row + 1);
        return Err(Error::column("mentors", "capacity", problem));
    }
    let index = Index::new("mentors", full(&frame, "mentors", MENTOR)?)?;
    let matches = fetch(matches, "matches", &[MENTOR, MATCHED, "ended_at"])?;
    let providers = index.find("matches", full(&matches, "matches", MENTOR)?)?;
    let starts = all_moments(&matches, "matches", MATCHED)?;
    let ends = moments(&matches, "matches", "ended_at")?;
    let mut spans = vec![];
    for (row, (start, end)) in starts.into_iter().zip(ends).enumerate() {
        if providers[row] == NOBODY {
            let problem = format!("names nobody of the mentors frame in row {}", row + 1);
            return Err(Error::column("matches", MENTOR, problem));
        }
        if end.is_some_and(|end| end < start) {
            let problem = format!("lies before {MATCHED} in row {}", row + 1);
            return Err(Error::column("matches", "ended_at", problem));
        }
        // A match that has not ended goes on to the end of observation.
        let span = (start.max(from), end.unwrap_or(until).min(until));
        if span.0 < span.1 {
            spans.push((providers[row], span.0, span.1));
        }
    }
    Ok(Taken { capacity, spans, frame })
}

/// Computes the utilisation of all providers over time.
///
/// Reads `mentors`: `mentor_id` (unique), `capacity` (a number: served at a time), of those who can be booked;
/// `matches`: `mentor_id`, `matched_at`, `ended_at` (null if it goes on): a place is taken between the two.
/// Returns one row per period from `from` to `until` (excluded): `period` (Date: its first day), `days` (f64:
/// of it that lie within), `places` (f64: capacity of all), `taken` (f64: places taken on average),
/// `utilisation` (f64: taken / places; null without places).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values, a negative capacity, a match with
/// a provider that `mentors` lacks, and one that ends before it begins;
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for an end that is not after the start.
///
/// ```
/// use casebook::prelude::*;
///
/// let config = mentor::Config::default();
/// let tables = mentor::generate(&config)?;
/// let accepted = tables.mentors.lazy().filter(col("vetting").eq(lit("accepted")));
/// let (from, until) = (config.start.midnight(), config.start.plus(config.months).midnight());
/// let monthly = marketplace::utilisation(&accepted, &tables.matches, Period::Month, from, until)?;
/// assert_eq!(monthly.height(), 12);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn utilisation(
    mentors: &dyn Source,
    matches: &dyn Source,
    period: Period,
    from: NaiveDateTime,
    until: NaiveDateTime,
) -> Result<DataFrame> {
    let (from, until) = window(from, until)?;
    let found = taken(mentors, matches, from, until)?;
    let number = |at: i64| period.of(at.div_euclid(DAY) as i32);
    let start = |number: i32| i64::from(period.start(number)) * DAY;
    let (first, last) = (number(from), number(until - 1));
    let mut busy = vec![0_i64; (last - first + 1) as usize];
    for (_, span_from, span_to) in found.spans {
        for period in number(span_from)..=number(span_to - 1) {
            let inside = span_to.min(start(period + 1)) - span_from.max(start(period));
            busy[(period - first) as usize] += inside;
        }
    }
    // In rising order, so that the order of rows does not change the last digit.
    let mut rising = found.capacity;
    rising.sort_unstable_by(f64::total_cmp);
    let places: f64 = rising.iter().sum();
    let lengths: Vec<f64> = (first..=last)
        .map(|period| until.min(start(period + 1)) - from.max(start(period)))
        .map(|micros| micros as f64 / DAY as f64)
        .collect();
    let taken: Vec<f64> =
        busy.iter().zip(&lengths).map(|(busy, days)| *busy as f64 / DAY as f64 / days).collect();
    let share: Vec<Option<f64>> =
        taken.iter().map(|taken| (places > 0.0).then(|| taken / places)).collect();
    Ok(DataFrame::new_infer_height(vec![
        dates("period", (first..=last).map(|number| period.start(number)).collect())?,
        Column::new("days".into(), &lengths),
        Column::new("places".into(), vec![places; lengths.len()]),
        Column::new("taken".into(), taken),
        Column::new("utilisation".into(), share),
    ])?)
}

/// Computes each provider's utilisation.
///
/// Reads as [`utilisation`] does. Returns one row per provider, in the order of `mentors`: `mentor_id`, `matches`
/// (i64: that overlap the time), `capacity` (f64), `taken` (f64: places taken on average from `from` to `until`),
/// `utilisation` (f64; null without capacity). Providers without a match are included, with 0.
///
/// # Errors
/// As [`utilisation`].
///
/// ```
/// use casebook::prelude::*;
///
/// let config = mentor::Config::default();
/// let tables = mentor::generate(&config)?;
/// let accepted = tables.mentors.lazy().filter(col("vetting").eq(lit("accepted")));
/// let (from, until) = (config.start.midnight(), config.start.plus(config.months).midnight());
/// let each = marketplace::by_mentor(&accepted, &tables.matches, from, until)?;
/// let matches = concentration::summary(&each, "matches", &[0.2])?;
/// assert_eq!(matches.height(), 2); // Gini, and the busiest fifth
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn by_mentor(
    mentors: &dyn Source,
    matches: &dyn Source,
    from: NaiveDateTime,
    until: NaiveDateTime,
) -> Result<DataFrame> {
    let (from, until) = window(from, until)?;
    let found = taken(mentors, matches, from, until)?;
    let mut counts = vec![0_i64; found.capacity.len()];
    let mut busy = vec![0_i64; found.capacity.len()];
    for (provider, start, end) in found.spans {
        counts[provider as usize] += 1;
        busy[provider as usize] += end - start;
    }
    let length = (until - from) as f64;
    let taken: Vec<f64> = busy.iter().map(|busy| *busy as f64 / length).collect();
    let share: Vec<Option<f64>> = taken
        .iter()
        .zip(&found.capacity)
        .map(|(taken, places)| (*places > 0.0).then(|| taken / places))
        .collect();
    Ok(DataFrame::new_infer_height(vec![
        found.frame.column(MENTOR)?.clone(),
        Column::new("matches".into(), counts),
        Column::new("capacity".into(), found.capacity),
        Column::new("taken".into(), taken),
        Column::new("utilisation".into(), share),
    ])?)
}

/// Computes how unevenly bookings are spread over providers: [`concentration::summary`] of bookings, including
/// providers without any.
///
/// Reads `mentors`: `mentor_id` (unique), of those who can be booked; `bookings`: `mentor_id`, a row each.
/// Returns what [`concentration::summary`] does: the Gini coefficient, and the share of the busiest.
///
/// # Errors
/// As [`concentration::summary`]; a booking with a provider that `mentors` lacks.
///
/// ```
/// use casebook::prelude::*;
///
/// let mentors = df!("mentor_id" => [1, 2, 3, 4])?;
/// let bookings = df!("mentor_id" => [2, 2, 2, 2])?;
/// let found = marketplace::booking_concentration(&mentors, &bookings, &[0.25])?;
/// assert_eq!(found.column("value")?.f64()?.get(1), Some(1.0)); // a quarter of the mentors has all
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn booking_concentration(
    mentors: &dyn Source,
    bookings: &dyn Source,
    tops: &[f64],
) -> Result<DataFrame> {
    let frame = fetch(mentors, "mentors", &[MENTOR])?;
    let index = Index::new("mentors", full(&frame, "mentors", MENTOR)?)?;
    let bookings = fetch(bookings, "bookings", &[MENTOR])?;
    let mut counts = vec![0_i64; frame.height()];
    let found = index.find("bookings", full(&bookings, "bookings", MENTOR)?)?;
    for (row, provider) in found.into_iter().enumerate() {
        match counts.get_mut(provider as usize) {
            Some(count) => *count += 1,
            None => {
                let problem = format!("names nobody of the mentors frame in row {}", row + 1);
                return Err(Error::column("bookings", MENTOR, problem));
            }
        }
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
            utilisation(mentors, &matches, Period::Week, day(1).into(), day(8).into()).unwrap()
        };
        let (one, other) = (of(&mentors), of(&mentors.reverse()));
        assert!(one.equals_missing(&other), "{one} {other}");
    }
}
