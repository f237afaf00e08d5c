//! Events in the form in which metrics count them: users as numbers, moments as microseconds, what
//! belongs to a user together.
//!
//! Everything here is linear in the number of events.

use std::hash::Hash;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, Offset, TimeZone as _};
use chrono_tz::Tz;
use polars::prelude::*;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::period::day;
use super::{Source, require_in};
use crate::error::{Error, Result};

pub(crate) const DAY: i64 = 86_400_000_000;
pub(crate) const USER: &str = "user_id";
pub(crate) const TIME: &str = "timestamp";

/// A user's number where it is not known.
pub(crate) const NOBODY: u32 = u32::MAX;

/// The columns asked for, and no others, collected. Nothing else is read or computed.
pub(crate) fn fetch(
    source: &dyn Source,
    name: &'static str,
    columns: &[&str],
) -> Result<DataFrame> {
    let mut lazy = source.scan();
    require_in(&*lazy.collect_schema()?, name, columns)?;
    let wanted: Vec<Expr> = columns.iter().map(|column| col(*column)).collect();
    Ok(lazy.select(wanted).collect()?)
}

/// A column without empty values.
pub(crate) fn full<'f>(
    frame: &'f DataFrame,
    name: &'static str,
    column: &str,
) -> Result<&'f Column> {
    let found = frame.column(column)?;
    match found.null_count() {
        0 => Ok(found),
        1 => Err(Error::column(name, column, "has an empty value")),
        n => Err(Error::column(name, column, format!("has {n} empty values"))),
    }
}

/// Identifiers: whole numbers, or texts.
enum Ids {
    Whole(Int64Chunked),
    Text(StringChunked),
}

impl Ids {
    fn new(column: &Column) -> Result<Ids> {
        let series = column.as_materialized_series();
        Ok(match series.dtype() {
            // The one kind of whole number that may not fit.
            dtype if dtype.is_integer() && dtype != &DataType::UInt64 => {
                Ids::Whole(series.cast(&DataType::Int64)?.i64()?.clone())
            }
            _ => Ids::Text(series.cast(&DataType::String)?.str()?.clone()),
        })
    }
}

fn numbers_of<K: Hash + Eq>(
    keys: impl Iterator<Item = K>,
    codes: &mut Vec<u32>,
    firsts: &mut Vec<IdxSize>,
) {
    let mut seen: FxHashMap<K, u32> = FxHashMap::default();
    for (row, key) in keys.enumerate() {
        let code = *seen.entry(key).or_insert_with(|| {
            firsts.push(row as IdxSize);
            firsts.len() as u32 - 1
        });
        codes.push(code);
    }
}

/// The lowest and the highest, in one pass.
fn bounds(ids: &Int64Chunked) -> Option<(i64, i64)> {
    let of = |values: &[i64]| -> Option<(i64, i64)> {
        let low_and_high = |(low, high): (i64, i64), id: &i64| (low.min(*id), high.max(*id));
        Some(values.iter().fold((*values.first()?, values[0]), low_and_high))
    };
    let wider = |a: (i64, i64), b: (i64, i64)| (a.0.min(b.0), a.1.max(b.1));
    let chunks = ids.downcast_iter().map(|chunk| chunk.values());
    chunks
        .filter_map(|values| values.par_chunks(1 << 18).filter_map(of).reduce_with(wider))
        .reduce(wider)
}

/// A range of whole numbers that a table can cover without waste.
fn dense(ids: &Int64Chunked) -> Option<(i64, usize)> {
    let (low, high) = bounds(ids)?;
    let width = high.checked_sub(low)?;
    (width < 4 * ids.len() as i64 + 65_536).then_some((low, width as usize + 1))
}

/// Users, numbered in order of first appearance.
pub(crate) struct Numbered {
    /// The user's number, for each row.
    pub codes: Vec<u32>,
    /// The row in which each user first appears.
    firsts: Vec<IdxSize>,
}

impl Numbered {
    pub fn new(column: &Column) -> Result<Numbered> {
        let mut codes = Vec::with_capacity(column.len());
        let mut firsts = vec![];
        // Within one column, a category is known by its number.
        let ids = match column.dtype() {
            DataType::Categorical(..) | DataType::Enum(..) => Ids::new(&column.to_physical_repr())?,
            _ => Ids::new(column)?,
        };
        match ids {
            Ids::Whole(ids) => match dense(&ids) {
                Some((low, width)) => {
                    let mut table = vec![NOBODY; width];
                    let ids = ids.rechunk();
                    codes.extend(ids.cont_slice()?.iter().zip(0..).map(|(id, row)| {
                        let slot = &mut table[(id - low) as usize];
                        if *slot == NOBODY {
                            *slot = firsts.len() as u32;
                            firsts.push(row);
                        }
                        *slot
                    }));
                }
                None => numbers_of(ids.into_no_null_iter(), &mut codes, &mut firsts),
            },
            Ids::Text(ids) => numbers_of(ids.iter().flatten(), &mut codes, &mut firsts),
        }
        Ok(Numbered { codes, firsts })
    }

    /// Numbers pairs, such as users and their sessions.
    pub fn pairs(a: &[u32], b: &[u32]) -> Numbered {
        let mut codes = Vec::with_capacity(a.len());
        let mut firsts = vec![];
        numbers_of(a.iter().copied().zip(b.iter().copied()), &mut codes, &mut firsts);
        Numbered { codes, firsts }
    }

    pub fn count(&self) -> usize {
        self.firsts.len()
    }

    /// One value per user, from a column of the rows that were numbered.
    pub fn pick(&self, column: &Column) -> Result<Column> {
        let rows = IdxCa::from_slice("row".into(), &self.firsts);
        Ok(column.take(&rows)?)
    }

    /// The rows in which the users first appear.
    pub fn firsts(&self) -> &[IdxSize] {
        &self.firsts
    }
}

enum Map {
    Dense { low: i64, table: Vec<u32> },
    Whole(FxHashMap<i64, u32>),
    Text(FxHashMap<Box<str>, u32>),
}

/// Finds users of one frame in another.
pub(crate) struct Index {
    /// What the indexed frame is, for errors.
    frame: &'static str,
    map: Map,
}

impl Index {
    /// An index of a column of unique identifiers; their numbers are their rows.
    pub fn new(frame: &'static str, column: &Column) -> Result<Index> {
        let repeated = |id: &dyn std::fmt::Display| {
            Error::column(frame, column.name(), format!("holds \"{id}\" more than once"))
        };
        let map = match Ids::new(column)? {
            Ids::Whole(ids) => match dense(&ids) {
                Some((low, width)) => {
                    let mut table = vec![NOBODY; width];
                    for (row, id) in ids.into_no_null_iter().enumerate() {
                        let slot = &mut table[(id - low) as usize];
                        if *slot != NOBODY {
                            return Err(repeated(&id));
                        }
                        *slot = row as u32;
                    }
                    Map::Dense { low, table }
                }
                None => {
                    let mut map = FxHashMap::default();
                    for (row, id) in ids.into_no_null_iter().enumerate() {
                        if map.insert(id, row as u32).is_some() {
                            return Err(repeated(&id));
                        }
                    }
                    Map::Whole(map)
                }
            },
            Ids::Text(ids) => {
                let mut map = FxHashMap::default();
                for (row, id) in ids.iter().flatten().enumerate() {
                    if map.insert(id.into(), row as u32).is_some() {
                        return Err(repeated(&id));
                    }
                }
                Map::Text(map)
            }
        };
        Ok(Index { frame, map })
    }

    /// The number of each row's user; [`NOBODY`] for one that is not in the index.
    pub fn find(&self, frame: &'static str, column: &Column) -> Result<Vec<u32>> {
        let differ = |one: &str, other: &str| {
            let problem = format!(
                "holds {one} and the {} frame's {other}: make both the same type, or nobody is found",
                self.frame
            );
            Error::column(frame, column.name(), problem)
        };
        match (&self.map, Ids::new(column)?) {
            (Map::Dense { low, table }, Ids::Whole(ids)) => Ok(ids
                .rechunk()
                .cont_slice()?
                .par_iter()
                .map(|id| {
                    let place = id.wrapping_sub(*low);
                    usize::try_from(place).ok().and_then(|at| table.get(at)).map_or(NOBODY, |n| *n)
                })
                .collect()),
            (Map::Whole(map), Ids::Whole(ids)) => Ok(ids
                .rechunk()
                .cont_slice()?
                .par_iter()
                .map(|id| map.get(id).copied().unwrap_or(NOBODY))
                .collect()),
            (Map::Text(map), Ids::Text(ids)) => {
                Ok(ids.iter().flatten().map(|id| map.get(id).copied().unwrap_or(NOBODY)).collect())
            }
            // Nobody to look for, or nobody to find: types do not matter.
            _ if column.is_empty() || self.is_empty() => Ok(vec![NOBODY; column.len()]),
            (Map::Text(_), Ids::Whole(_)) => Err(differ("whole numbers", "texts")),
            (_, Ids::Text(_)) => Err(differ("texts", "whole numbers")),
        }
    }

    fn is_empty(&self) -> bool {
        match &self.map {
            Map::Dense { table, .. } => table.is_empty(),
            Map::Whole(map) => map.is_empty(),
            Map::Text(map) => map.is_empty(),
        }
    }
}

/// Microseconds since 1970-01-01 UTC: the column's own memory, where it holds them already.
pub(crate) struct Micros(<Int64Type as PolarsDataType>::Array);

impl std::ops::Deref for Micros {
    type Target = [i64];

    #[inline]
    fn deref(&self) -> &[i64] {
        self.0.values()
    }
}

impl From<Vec<i64>> for Micros {
    fn from(values: Vec<i64>) -> Micros {
        Micros(<Int64Type as PolarsDataType>::Array::from_vec(values))
    }
}

/// Moments, and the time zone in which days are counted.
pub(crate) struct Moments {
    pub micros: Micros,
    zone: Option<Tz>,
    /// Whether the column holds dates: days of whatever calendar is in use.
    dates: bool,
}

impl Moments {
    /// Reads a Date or Datetime column. Nanoseconds are cut to microseconds.
    pub fn new(frame: &DataFrame, name: &'static str, column: &str) -> Result<Moments> {
        let found = full(frame, name, column)?;
        let zone = match found.dtype() {
            DataType::Date => None,
            DataType::Datetime(_, None) => None,
            DataType::Datetime(_, Some(zone)) => {
                let known = Tz::from_str(zone.as_str()).map_err(|_| {
                    Error::column(name, column, format!("has an unknown time zone, {zone}"))
                })?;
                (known != Tz::UTC).then_some(known)
            }
            other => {
                let problem = format!("is {other}; it must be a date or a datetime");
                return Err(Error::column(name, column, problem));
            }
        };
        let series = found.as_materialized_series().to_physical_repr().cast(&DataType::Int64)?;
        let raw = series.i64()?.rechunk();
        let values: &[i64] = raw.downcast_as_array().values();
        let made = |of: fn(i64) -> i64| -> Micros {
            values.par_iter().map(|value| of(*value)).collect::<Vec<i64>>().into()
        };
        let micros = match found.dtype() {
            DataType::Date => made(|day| day.saturating_mul(DAY)),
            DataType::Datetime(TimeUnit::Milliseconds, _) => made(|ms| ms.saturating_mul(1_000)),
            DataType::Datetime(TimeUnit::Nanoseconds, _) => made(|ns| ns.div_euclid(1_000)),
            _ => Micros(raw.downcast_as_array().clone()),
        };
        // Beyond these years the calendar is of no use, and a table of days too long.
        const FIRST: i64 = -719_528 * DAY;
        const LAST: i64 = 2_932_897 * DAY;
        if micros.par_iter().any(|at| !(FIRST..LAST).contains(at)) {
            return Err(Error::column(name, column, "lies outside the years 0 to 9999"));
        }
        Ok(Moments { micros, zone, dates: found.dtype() == &DataType::Date })
    }

    /// These moments on the calendar of others: dates become its midnights; another time zone is refused,
    /// because days would be counted on two calendars.
    pub fn beside(mut self, others: &Moments, name: &'static str, column: &str) -> Result<Moments> {
        if self.zone == others.zone {
            return Ok(self);
        }
        if !self.dates {
            let shown = |zone: Option<Tz>| zone.map_or("UTC", |zone| zone.name());
            let problem = format!(
                "is in {} and the events' times are in {}: give both the same time zone",
                shown(self.zone),
                shown(others.zone)
            );
            return Err(Error::column(name, column, problem));
        }
        let midnight = |at: &i64| {
            let day = DateTime::from_timestamp_micros(*at).unwrap_or_default();
            others.at(day.naive_utc())
        };
        self.micros = self.micros.iter().map(midnight).collect::<Vec<i64>>().into();
        self.zone = others.zone;
        Ok(self)
    }

    /// The moment at which the clock of the data's time zone shows this. Of two, the earlier; one that
    /// the clock leaps over is moved an hour on.
    pub fn at(&self, wall: NaiveDateTime) -> i64 {
        let Some(zone) = self.zone else { return wall.and_utc().timestamp_micros() };
        [wall, wall + chrono::TimeDelta::hours(1)]
            .into_iter()
            .find_map(|wall| zone.from_local_datetime(&wall).earliest())
            .map_or(wall.and_utc().timestamp_micros(), |moment| moment.timestamp_micros())
    }

    /// The calendar day of each moment in its time zone, counted from 1970-01-01.
    pub fn days(&self) -> Vec<i32> {
        let Some(zone) = self.zone else {
            return self.micros.par_iter().map(|at| at.div_euclid(DAY) as i32).collect();
        };
        self.micros
            .par_chunks(65_536)
            .flat_map_iter(|chunk| {
                let mut calendar = LocalCalendar { zone, offsets: FxHashMap::default() };
                chunk.iter().map(move |at| calendar.day(*at)).collect::<Vec<_>>()
            })
            .collect()
    }
}

/// Local days of one time zone. A UTC day without a change of the clock has one offset.
struct LocalCalendar {
    zone: Tz,
    offsets: FxHashMap<i64, Option<i64>>,
}

impl LocalCalendar {
    fn day(&mut self, at: i64) -> i32 {
        let zone = self.zone;
        let day_number = at.div_euclid(DAY);
        let known = *self.offsets.entry(day_number).or_insert_with(|| {
            let (start, end) =
                (offset(zone, day_number * DAY), offset(zone, (day_number + 1) * DAY));
            (start == end).then_some(start)
        });
        let shift = known.unwrap_or_else(|| offset(zone, at));
        (at + shift).div_euclid(DAY) as i32
    }
}

/// What the clock in a zone is ahead of UTC at a moment, in microseconds.
fn offset(zone: Tz, at: i64) -> i64 {
    let utc = DateTime::from_timestamp_micros(at).unwrap_or_default().naive_utc();
    let ahead = zone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
    i64::from(ahead) * 1_000_000
}

/// The calendar day of a moment without a zone.
pub(crate) fn day_of(moment: NaiveDateTime) -> i32 {
    day(moment.date())
}

/// Items by user: those of user `u` are `items[starts[u]..starts[u + 1]]`, in the order they came.
pub(crate) struct Grouped<T> {
    pub starts: Vec<usize>,
    pub items: Vec<T>,
}

impl<T: Copy + Default + Send + Sync> Grouped<T> {
    /// Groups by counting: two passes, no sort. Rows of [`NOBODY`] are left out.
    pub fn new(codes: &[u32], users: usize, item: impl Fn(usize) -> T) -> Grouped<T> {
        let mut starts = vec![0_usize; users + 1];
        for code in codes.iter().filter(|code| **code != NOBODY) {
            starts[*code as usize + 1] += 1;
        }
        for user in 0..users {
            starts[user + 1] += starts[user];
        }
        let mut next = starts.clone();
        let mut items = vec![T::default(); starts[users]];
        for (row, code) in codes.iter().enumerate().filter(|(_, code)| **code != NOBODY) {
            let place = &mut next[*code as usize];
            items[*place] = item(row);
            *place += 1;
        }
        Grouped { starts, items }
    }

    /// Splits users into stretches of about equal work, so that threads can change the items in place.
    pub fn parts(&mut self) -> Vec<Part<'_, T>> {
        const ITEMS: usize = 1 << 16;
        let mut parts = vec![];
        let mut rest: &mut [T] = &mut self.items;
        let mut first = 0;
        while first + 1 < self.starts.len() {
            let from = self.starts[first];
            let mut end = first + 1;
            while end + 1 < self.starts.len() && self.starts[end + 1] - from <= ITEMS {
                end += 1;
            }
            let (mine, others) = std::mem::take(&mut rest).split_at_mut(self.starts[end] - from);
            parts.push(Part { starts: &self.starts[first..=end], items: mine });
            rest = others;
            first = end;
        }
        parts
    }
}

/// Some consecutive users of a [`Grouped`].
pub(crate) struct Part<'g, T> {
    starts: &'g [usize],
    items: &'g mut [T],
}

impl<T> Part<'_, T> {
    pub fn users(&self) -> usize {
        self.starts.len() - 1
    }

    /// The items of the part's `n`-th user.
    pub fn of(&mut self, n: usize) -> &mut [T] {
        let from = self.starts[0];
        &mut self.items[self.starts[n] - from..self.starts[n + 1] - from]
    }
}

/// Each user's distinct values in rising order: one sort per user, done in parallel.
pub(crate) fn distinct(codes: &[u32], users: usize, values: &[i32]) -> Grouped<i32> {
    // Events mostly come in order of time, so most repetitions follow each other: dropped on the way.
    let mut last = vec![i32::MIN; users];
    let kept: Vec<u32> = codes
        .iter()
        .zip(values)
        .map(|(code, value)| {
            if *code == NOBODY || last[*code as usize] == *value {
                return NOBODY;
            }
            last[*code as usize] = *value;
            *code
        })
        .collect();
    let mut grouped = Grouped::new(&kept, users, |row| values[row]);
    let counts: Vec<usize> = grouped
        .parts()
        .into_par_iter()
        .flat_map_iter(|mut part| {
            (0..part.users())
                .map(|n| {
                    let mine = part.of(n);
                    if !mine.is_sorted() {
                        mine.sort_unstable();
                    }
                    let mut kept = mine.len().min(1);
                    for at in 1..mine.len() {
                        if mine[at] != mine[kept - 1] {
                            mine[kept] = mine[at];
                            kept += 1;
                        }
                    }
                    kept
                })
                .collect::<Vec<_>>()
        })
        .collect();
    // Close the gaps that repetitions left.
    let mut end = 0;
    for (user, count) in counts.iter().enumerate() {
        let from = grouped.starts[user];
        grouped.items.copy_within(from..from + count, end);
        grouped.starts[user] = end;
        end += count;
    }
    grouped.starts[users] = end;
    grouped.items.truncate(end);
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn distinct_equals_a_set(pairs in prop::collection::vec((0..5_u32, -3..4_i32), 0..60)) {
            let codes: Vec<u32> = pairs.iter().map(|pair| pair.0).collect();
            let values: Vec<i32> = pairs.iter().map(|pair| pair.1).collect();
            let grouped = distinct(&codes, 5, &values);
            for user in 0..5 {
                let expected: std::collections::BTreeSet<i32> =
                    pairs.iter().filter(|pair| pair.0 == user).map(|pair| pair.1).collect();
                let at = user as usize;
                let found = &grouped.items[grouped.starts[at]..grouped.starts[at + 1]];
                prop_assert_eq!(found, &expected.into_iter().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn local_days_follow_the_clock_through_daylight_saving() {
        // Berlin, 2024-03-31: at 01:00 UTC the clock goes from 02:00 to 03:00.
        let hour = 3_600_000_000;
        let midnight_utc = 19_813 * DAY;
        let moments = |at: Vec<i64>, zone| Moments {
            micros: at.into(),
            zone: Some(Tz::from_str(zone).unwrap()),
            dates: false,
        };
        let berlin = moments(
            vec![midnight_utc - hour, midnight_utc - hour - 1, midnight_utc + 22 * hour],
            "Europe/Berlin",
        );
        assert_eq!(berlin.days(), [19_813, 19_812, 19_814]);
        let new_york = moments(vec![midnight_utc, midnight_utc + 4 * hour], "America/New_York");
        assert_eq!(new_york.days(), [19_812, 19_813]);
    }

    #[test]
    fn ids_of_any_kind_are_numbered() {
        let sparse = Column::new("user_id".into(), [1_i64 << 60, 5, 1 << 60]);
        let text = Column::new("user_id".into(), ["b", "a", "b"]);
        for column in [sparse, text] {
            let numbered = Numbered::new(&column).unwrap();
            assert_eq!(numbered.codes, [0, 1, 0]);
            let unique = numbered.pick(&column).unwrap();
            let index = Index::new("users", &unique).unwrap();
            assert_eq!(index.find("events", &column).unwrap(), [0, 1, 0]);
            let twice = Index::new("users", &column).err().unwrap().to_string();
            assert!(twice.contains("more than once"), "{twice}");
        }
    }
}
