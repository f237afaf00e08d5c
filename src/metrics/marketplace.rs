//! Two sides of a market: who asks, who is there to serve, and how long it takes them to meet.
//!
//! Demand is a frame of requests, one row each:
//! - `requested_at`: Date or Datetime;
//! - `matched_at`: when somebody was found, null if nobody was;
//! - `first_session_at`: when both first met, null if they have not;
//! - `withdrawn_at`: when the asker gave up, null if not.
//!
//! Supply is a frame of providers, one row each: `mentor_id`, and `capacity`: how many it can serve at a
//! time. Times are in UTC or have no zone. What has not happened by the end of observation is not known:
//! rates are of requests observed for long enough, times to match are censored.
//!
//! ```
//! use casebook::prelude::*;
//!
//! let days = |days: &[Option<i64>]| -> Column {
//!     let micros: Vec<Option<i64>> = days.iter().map(|day| day.map(|day| day * 86_400_000_000)).collect();
//!     Column::new("at".into(), micros).cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap()
//! };
//! let requests = DataFrame::new_infer_height(vec![
//!     days(&[Some(0), Some(0), Some(1), Some(19)]).with_name("requested_at".into()),
//!     days(&[Some(2), None, Some(9), None]).with_name("matched_at".into()),
//!     days(&[Some(5), None, None, None]).with_name("first_session_at".into()),
//!     days(&[None, Some(6), None, None]).with_name("withdrawn_at".into()),
//! ])?;
//! let until = chrono::NaiveDate::from_ymd_opt(1970, 1, 21).unwrap_or_default().and_time(chrono::NaiveTime::MIN);
//! let found = marketplace::liquidity(&requests, 7, until, None)?;
//! assert_eq!(found.column("requests")?.i64()?.get(0), Some(3)); // the fourth was seen for a day
//! assert_eq!(found.column("matched")?.i64()?.get(0), Some(1)); // the third took eight days
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # Source
//! Fill rate, match rate, time to fill, utilisation and repeat rate as marketplace operators use them
//! (A. Hagiu and S. Rothman, "Network Effects Aren't Enough", Harvard Business Review, 2016; L. Jiang, "How to
//! measure a marketplace", a16z, 2020). The names vary between companies; each function says what it counts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;
use polars::prelude::*;

use super::timeline::{DAY, Index, Moments, NOBODY, Numbered, TIME, USER, fetch, full};
use super::{
    Period, Source, concentration, dates, finite, labelled, share_columns, texts, warnings,
};
use crate::error::{Error, Result};

const MENTOR: &str = "mentor_id";
const REQUESTED: &str = "requested_at";
const MATCHED: &str = "matched_at";
const FIRST_SESSION: &str = "first_session_at";
const WITHDRAWN: &str = "withdrawn_at";

/// What a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Goal {
    /// Somebody is found: `matched_at`.
    #[default]
    Match,
    /// Both meet: `first_session_at`.
    FirstSession,
}

impl Goal {
    fn column(self) -> &'static str {
        match self {
            Goal::Match => MATCHED,
            Goal::FirstSession => FIRST_SESSION,
        }
    }
}

/// Moments of a column that may be empty, in microseconds. Only UTC, because `until` is in UTC too.
fn moments(frame: &DataFrame, name: &'static str, column: &str) -> Result<Vec<Option<i64>>> {
    let found = frame.column(column)?;
    if let DataType::Datetime(_, Some(zone)) = found.dtype()
        && zone.as_str() != "UTC"
    {
        let problem = format!("is in {}; give times in UTC, or without a zone", zone.as_str());
        return Err(Error::column(name, column, problem));
    }
    let known = found.is_not_null();
    if found.dtype().is_null() || !known.any() {
        return Ok(vec![None; frame.height()]);
    }
    let moments = Moments::new(&frame.filter(&known)?, name, column)?;
    let mut micros = moments.micros.iter().copied();
    Ok(known.iter().map(|known| if known == Some(true) { micros.next() } else { None }).collect())
}

/// Moments of a column that may not be empty.
fn all_moments(frame: &DataFrame, name: &'static str, column: &str) -> Result<Vec<i64>> {
    full(frame, name, column)?;
    Ok(moments(frame, name, column)?.into_iter().flatten().collect())
}

/// Requests and what became of them, none later than the end of observation.
struct Requests {
    at: Vec<i64>,
    goals: Vec<Vec<Option<i64>>>,
    withdrawn: Vec<Option<i64>>,
    groups: Vec<Option<String>>,
}

impl Requests {
    fn new(
        requests: &dyn Source,
        goals: &[Goal],
        until: i64,
        by: Option<&str>,
    ) -> Result<Requests> {
        const NAME: &str = "requests";
        let mut columns = vec![REQUESTED, WITHDRAWN];
        columns.extend(goals.iter().map(|goal| goal.column()));
        columns.extend(by);
        let frame = fetch(requests, NAME, &columns)?;
        let at = all_moments(&frame, NAME, REQUESTED)?;
        let seen: Vec<usize> = (0..at.len()).filter(|row| at[*row] < until).collect();
        // What happens after the end of observation is not seen.
        let read = |column: &str| -> Result<Vec<Option<i64>>> {
            let moments = moments(&frame, NAME, column)?;
            if let Some(row) = (0..at.len()).find(|row| moments[*row].is_some_and(|m| m < at[*row]))
            {
                let problem = format!("lies before {REQUESTED} in row {}", row + 1);
                return Err(Error::column(NAME, column, problem));
            }
            Ok(seen.iter().map(|row| moments[*row].filter(|moment| *moment < until)).collect())
        };
        Ok(Requests {
            goals: goals.iter().map(|goal| read(goal.column())).collect::<Result<_>>()?,
            withdrawn: read(WITHDRAWN)?,
            groups: match by {
                None => vec![None; seen.len()],
                Some(by) => {
                    let names = texts(full(&frame, NAME, by)?)?;
                    seen.iter().map(|row| names[*row].clone()).collect()
                }
            },
            at: seen.iter().map(|row| at[*row]).collect(),
        })
    }
}

fn micros(until: NaiveDateTime) -> i64 {
    until.and_utc().timestamp_micros()
}

/// Groups in rising order, each with its rows.
fn grouped(groups: &[Option<String>]) -> BTreeMap<&Option<String>, Vec<usize>> {
    let mut rows: BTreeMap<&Option<String>, Vec<usize>> = BTreeMap::new();
    for (row, group) in groups.iter().enumerate() {
        rows.entry(group).or_default().push(row);
    }
    rows
}

/// Match rate and fill rate: of the requests, which share found somebody, and met, within so many days.
///
/// Reads `requests` as the [module](self) says, and the column `by` if given. Only requests observed for
/// `within` days before `until` count, also those withdrawn: who gave up was not served. Returns one row per
/// group: `by`'s column (text), `requests`, `matched` (i64), `match_rate`, `match_low`, `match_high` (f64, 95 %
/// Wilson), `filled` (i64: had a first session within the time), `fill_rate`, `fill_low`, `fill_high`,
/// `warning` (text: below 30 requests).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for an empty `requested_at`, and for anything that
/// happens before it; `within` of 0.
///
/// ```
/// use casebook::prelude::*;
///
/// let config = mentor::Config::default();
/// let tables = mentor::generate(&config)?;
/// let matches = tables.matches.select(["request_id", "matched_at", "first_session_at"])?;
/// let requests = tables.requests.lazy().join(
///     matches.lazy(), [col("request_id")], [col("request_id")], JoinArgs::new(JoinType::Left));
/// let until = config.start.plus(config.months).midnight();
/// let found = marketplace::liquidity(&requests, 14, until, Some("field"))?;
/// assert_eq!(found.height(), 4);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn liquidity(
    requests: &dyn Source,
    within: u32,
    until: NaiveDateTime,
    by: Option<&str>,
) -> Result<DataFrame> {
    if within == 0 {
        return Err(Error::config("within", 0, "1 or more days"));
    }
    let span = i64::from(within) * DAY;
    let until = micros(until);
    let found = Requests::new(requests, &[Goal::Match, Goal::FirstSession], until, by)?;
    let groups = grouped(&found.groups);
    let [mut asked, mut matched, mut filled] = [const { Vec::<Option<i64>>::new() }; 3];
    for rows in groups.values() {
        let observed = rows.iter().filter(|row| found.at[**row] <= until - span);
        let observed: Vec<usize> = observed.copied().collect();
        let served = |goal: usize| {
            let in_time = |row: &&usize| {
                found.goals[goal][**row].is_some_and(|at| at - found.at[**row] <= span)
            };
            Some(observed.iter().filter(in_time).count() as i64)
        };
        matched.push(served(0));
        filled.push(served(1));
        asked.push(Some(observed.len() as i64));
    }
    let mut columns = vec![Column::new("requests".into(), &asked)];
    columns.push(Column::new("matched".into(), &matched));
    columns.extend(share_columns(["match_rate", "match_low", "match_high"], &matched, &asked));
    columns.push(Column::new("filled".into(), &filled));
    columns.extend(share_columns(["fill_rate", "fill_low", "fill_high"], &filled, &asked));
    columns.push(warnings(&asked, "requests"));
    labelled(by, groups.keys().map(|name| (*name).clone()).collect(), columns)
}

/// How long requests wait for a match, or for the first session: subjects for
/// [`survival`](super::survival).
///
/// Reads `requests` as the [module](self) says, and the column `by` if given. Returns one row per request made
/// before `until`, in their order: `by`'s column (text), `duration` (f64, days), `observed` (bool: the goal was
/// reached; otherwise the request was withdrawn, or still open at `until`: it waited at least so long).
///
/// Read as survival, withdrawn requests count as if they had been interrupted by chance: the curve says how
/// long it would take if nobody gave up. Who gives up because of the wait makes it look shorter than it is.
///
/// # Errors
/// As [`liquidity`].
///
/// ```
/// use casebook::metrics::marketplace::Goal;
/// use casebook::prelude::*;
///
/// let config = mentor::Config::default();
/// let tables = mentor::generate(&config)?;
/// let matches = tables.matches.select(["request_id", "matched_at", "first_session_at"])?;
/// let requests = tables.requests.lazy().join(
///     matches.lazy(), [col("request_id")], [col("request_id")], JoinArgs::new(JoinType::Left));
/// let until = config.start.plus(config.months).midnight();
/// let waits = marketplace::waiting(&requests, Goal::Match, until, None)?;
/// let median = survival::median(&waits, None)?;
/// assert!(median.column("median")?.f64()?.get(0) < Some(2.0)); // days
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn waiting(
    requests: &dyn Source,
    goal: Goal,
    until: NaiveDateTime,
    by: Option<&str>,
) -> Result<DataFrame> {
    let until = micros(until);
    let found = Requests::new(requests, &[goal], until, by)?;
    let (mut durations, mut observed) = (vec![], vec![]);
    for (row, at) in found.at.iter().enumerate() {
        let reached = found.goals[0][row];
        let end = reached.or(found.withdrawn[row]).unwrap_or(until);
        durations.push((end - at) as f64 / DAY as f64);
        observed.push(reached.is_some());
    }
    let columns =
        vec![Column::new("duration".into(), durations), Column::new("observed".into(), observed)];
    labelled(by, found.groups, columns)
}

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

fn window(from: NaiveDateTime, until: NaiveDateTime) -> Result<(i64, i64)> {
    let (start, end) = (micros(from), micros(until));
    match start < end && end - start <= 100_000 * DAY {
        true => Ok((start, end)),
        false => Err(Error::config("until", until, format!("after {from}, at most 100,000 days"))),
    }
}

/// How full the providers are, over time.
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
/// nobody of `mentors`, one that ends before it begins;
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
    let places: f64 = found.capacity.iter().sum();
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

/// How full each provider is.
///
/// Reads as [`utilisation`]. Returns one row per provider, in the order of `mentors`: `mentor_id`, `matches`
/// (i64: that overlap the time), `capacity` (f64), `taken` (f64: places taken on average from `from` to `until`),
/// `utilisation` (f64; null without capacity). Who has no match is there, with 0.
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

/// How unevenly bookings are spread over providers: [`concentration::summary`] of bookings, with those
/// nobody booked.
///
/// Reads `mentors`: `mentor_id` (unique), of those who can be booked; `bookings`: `mentor_id`, a row each.
/// Returns as [`concentration::summary`]: Gini, and the share of the busiest.
///
/// # Errors
/// As [`concentration::summary`]; a booking with nobody of `mentors`.
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

/// Supply and demand side by side: where are too many, where too few?
///
/// Reads `demand`: the columns `keys` (texts or whole numbers, such as field and hour), a row per request;
/// `supply`: the same columns and `places` (a number). Returns one row for every combination of keys that
/// occur, in rising order of the first, then the second …: `keys`, `demand` (i64), `demand_share`, `supply`
/// (f64), `supply_share` (f64; shares of all; null without any), `gap` (f64: demand_share − supply_share: above
/// 0, too few), `per_place` (f64: demand / supply; null without supply).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty keys and for places that are negative or
/// not finite; no keys, or more than a million combinations.
///
/// ```
/// use casebook::prelude::*;
///
/// let demand = df!("field" => ["design", "design", "fundraising"], "hour" => [20, 20, 9])?;
/// let supply = df!("field" => ["design", "design"], "hour" => [9, 20], "places" => [3, 1])?;
/// let found = marketplace::balance(&demand, &supply, &["field", "hour"])?;
/// assert_eq!(found.height(), 4); // two fields × two hours
/// assert_eq!(found.column("per_place")?.f64()?.get(1), Some(2.0)); // design at 20 h
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn balance(demand: &dyn Source, supply: &dyn Source, keys: &[&str]) -> Result<DataFrame> {
    if keys.is_empty() {
        return Err(Error::config("keys", "empty", "one column or more"));
    }
    let demand = fetch(demand, "demand", keys)?;
    let mut columns = keys.to_vec();
    columns.push("places");
    let supply = fetch(supply, "supply", &columns)?;
    let places = finite(&supply, "supply", "places")?;
    if let Some(row) = places.iter().position(|places| *places < 0.0) {
        let problem = format!("is {} in row {}; it must be 0 or more", places[row], row + 1);
        return Err(Error::column("supply", "places", problem));
    }
    // Each key's values in rising order, and which of them each row has.
    let mut values: Vec<Column> = vec![];
    let mut place_of: [Vec<usize>; 2] = [vec![0; demand.height()], vec![0; supply.height()]];
    let mut cells = 1_usize;
    for key in keys {
        let mut both = full(&demand, "demand", key)?.clone();
        both.append(&full(&supply, "supply", key)?.cast(both.dtype())?)?;
        let sorted = both.unique()?.sort(SortOptions::default())?;
        let numbered = Numbered::new(&both)?;
        let found = Index::new("keys", &sorted)?.find("keys", &numbered.pick(&both)?)?;
        cells = cells.saturating_mul(sorted.len());
        if cells > 1_000_000 {
            return Err(Error::config("keys", format!("{cells} combinations"), "up to 1,000,000"));
        }
        for (row, code) in numbered.codes.iter().enumerate() {
            let (side, row) = match row.checked_sub(demand.height()) {
                None => (0, row),
                Some(row) => (1, row),
            };
            place_of[side][row] =
                place_of[side][row] * sorted.len() + found[*code as usize] as usize;
        }
        values.push(sorted);
    }
    let mut asked = vec![0_i64; cells];
    place_of[0].iter().for_each(|cell| asked[*cell] += 1);
    let mut offered = vec![0.0; cells];
    place_of[1].iter().zip(&places).for_each(|(cell, places)| offered[*cell] += places);

    let mut table = vec![];
    let mut repeats = cells;
    for (key, values) in keys.iter().zip(&values) {
        repeats /= values.len().max(1);
        let width = values.len().max(1);
        let rows = (0..cells).map(|cell| (cell / repeats % width) as IdxSize);
        let rows = IdxCa::from_vec("row".into(), rows.collect());
        table.push(values.take(&rows)?.with_name((*key).into()));
    }
    let total = (asked.iter().sum::<i64>() as f64, offered.iter().sum::<f64>());
    let share = |part: f64, total: f64| (total > 0.0).then(|| part / total);
    let demand_share: Vec<_> = asked.iter().map(|n| share(*n as f64, total.0)).collect();
    let supply_share: Vec<_> = offered.iter().map(|n| share(*n, total.1)).collect();
    let gap: Vec<Option<f64>> =
        demand_share.iter().zip(&supply_share).map(|(d, s)| Some((*d)? - (*s)?)).collect();
    let per_place: Vec<Option<f64>> =
        asked.iter().zip(&offered).map(|(n, places)| share(*n as f64, *places)).collect();
    table.extend([
        Column::new("demand".into(), asked),
        Column::new("demand_share".into(), demand_share),
        Column::new("supply".into(), offered),
        Column::new("supply_share".into(), supply_share),
        Column::new("gap".into(), gap),
        Column::new("per_place".into(), per_place),
    ]);
    Ok(DataFrame::new_infer_height(table)?)
}

/// Of those who book once, how many book again?
///
/// Reads `bookings`: `user_id`, `timestamp`, and the column `by` if given (of a user's first booking). Only
/// users count whose first booking was observed for `within` days before `until`. Returns one row per group:
/// `by`'s column (text), `users`, `repeated` (i64: with another booking within so many days after the first, at
/// another moment), `rate`, `low`, `high` (f64, 95 % Wilson), `warning` (text).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values; `within` of 0.
///
/// ```
/// use casebook::prelude::*;
///
/// let config = mentor::Config::default();
/// let calls = mentor::generate(&config)?.calls.lazy()
///     .filter(col("held"))
///     .select([col("user_id"), col("started_at").alias("timestamp")]);
/// let until = config.start.plus(config.months).midnight();
/// let again = marketplace::repeat_rate(&calls, 30, until, None)?;
/// assert!(again.column("rate")?.f64()?.get(0) > Some(0.5));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn repeat_rate(
    bookings: &dyn Source,
    within: u32,
    until: NaiveDateTime,
    by: Option<&str>,
) -> Result<DataFrame> {
    if within == 0 {
        return Err(Error::config("within", 0, "1 or more days"));
    }
    let span = i64::from(within) * DAY;
    let until = micros(until);
    let mut columns = vec![USER, TIME];
    columns.extend(by);
    let frame = fetch(bookings, "bookings", &columns)?;
    let at = all_moments(&frame, "bookings", TIME)?;
    let users = Numbered::new(full(&frame, "bookings", USER)?)?;
    let groups = match by {
        None => vec![None; at.len()],
        Some(by) => texts(full(&frame, "bookings", by)?)?,
    };
    // Each user's first booking and its row, and the next at another moment.
    let mut first: Vec<Option<usize>> = vec![None; users.count()];
    for (row, user) in users.codes.iter().enumerate().filter(|(row, _)| at[*row] < until) {
        let earliest = &mut first[*user as usize];
        if earliest.is_none_or(|known| at[row] < at[known]) {
            *earliest = Some(row);
        }
    }
    let mut again = vec![false; users.count()];
    for (row, user) in users.codes.iter().enumerate().filter(|(row, _)| at[*row] < until) {
        let Some(known) = first[*user as usize] else { continue };
        again[*user as usize] |= at[row] > at[known] && at[row] - at[known] <= span;
    }
    let observed: BTreeSet<usize> = (0..users.count())
        .filter(|user| first[*user].is_some_and(|row| at[row] <= until - span))
        .collect();
    let of: Vec<Option<String>> =
        first.iter().map(|row| row.and_then(|row| groups[row].clone())).collect();
    let groups = grouped(&of);
    let count = |wanted: &dyn Fn(usize) -> bool| -> Vec<Option<i64>> {
        let counted = |rows: &Vec<usize>| rows.iter().filter(|user| wanted(**user)).count() as i64;
        groups.values().map(|rows| Some(counted(rows))).collect()
    };
    let all = count(&|user| observed.contains(&user));
    let repeated = count(&|user| observed.contains(&user) && again[user]);
    let mut columns =
        vec![Column::new("users".into(), &all), Column::new("repeated".into(), &repeated)];
    columns.extend(share_columns(["rate", "low", "high"], &repeated, &all));
    columns.push(warnings(&all, "users"));
    labelled(by, groups.keys().map(|name| (*name).clone()).collect(), columns)
}
