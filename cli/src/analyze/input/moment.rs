//! Moments as people write them.

use std::str::FromStr;

use casebook::chrono::{
    DateTime, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone,
};
use chrono_tz::Tz;

/// What a text says about time: a moment on some clock, and that clock's offset from UTC, if given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub clock: NaiveDateTime,
    pub offset: Option<i32>,
}

/// The possible readings of a text. If one text leaves it open, the column decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Plain(Written),
    Either { choice: Choice, first: Option<Written>, second: Option<Written> },
}

/// The two readings to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Digits without a break: year, month, day and time (202401312359), or time since 1970.
    Digits,
    /// The day first (31/01/2024), or the month (01/31/2024).
    Slashes,
    /// The same with dots, which are common where the day comes first.
    Dots,
}

impl Choice {
    /// Tells whether to take the first reading if no row decides.
    pub fn prefers_first(self) -> bool {
        self != Choice::Slashes
    }

    /// Returns the two readings in words.
    pub fn names(self) -> [&'static str; 2] {
        match self {
            Choice::Digits => ["year, month, day and clock in one", "a time since 1970"],
            Choice::Slashes | Choice::Dots => ["the day first", "the month first"],
        }
    }
}

/// The formats that are recognised automatically.
pub const RECOGNISED: &str = "2024-01-31, 2024-01-31 23:59, 2024-01-31T23:59:59.123Z, \
     2024-01-31 23:59:59+01:00, 31.01.2024 23:59, 1/31/2024 11:59 PM, 31 Jan 2024, 20240131T235959Z, \
     20240131235959, or seconds, milli-, micro- or nanoseconds since 1970";

/// Reads a text in a format of the caller's.
pub(super) fn formatted(text: &str, format: &str) -> Option<Written> {
    if let Ok(moment) = DateTime::parse_from_str(text, format) {
        return Some(Written {
            clock: moment.naive_local(),
            offset: Some(moment.offset().fix().local_minus_utc()),
        });
    }
    let clock = NaiveDateTime::parse_from_str(text, format).ok().or_else(|| {
        let date = NaiveDate::parse_from_str(text, format).ok()?;
        Some(date.and_time(NaiveTime::MIN))
    })?;
    Some(Written { clock, offset: None })
}

/// Reads a text of only digits.
pub(super) fn unbroken(text: &str) -> Option<Reading> {
    let since = epoch(text);
    let Some(clock) = compact(text.as_bytes()) else {
        return since.map(|at| either(None, Some(at)));
    };
    let written = Written { clock, offset: None };
    Some(match since {
        None => Reading::Plain(written),
        since => either(Some(written), since),
    })
}

fn either(first: Option<Written>, second: Option<Written>) -> Reading {
    Reading::Either { choice: Choice::Digits, first, second }
}

/// Reads 20240131, 2024013123, 202401312359 or 20240131235959, in the years 1900 to 2099.
pub(super) fn compact(text: &[u8]) -> Option<NaiveDateTime> {
    if !matches!(text.len(), 8 | 10 | 12 | 14) {
        return None;
    }
    let part = |from: usize| text.get(from..from + 2).map_or(Some(0), digits);
    let year = digits(&text[..4]).filter(|year| (1900..2100).contains(year))?;
    NaiveDate::from_ymd_opt(year as i32, part(4)?, part(6)?)?.and_hms_opt(
        part(8)?,
        part(10)?,
        part(12)?,
    )
}

/// Reads time since 1970: the unit follows from the size of the whole part, for moments from 1973 on.
pub(super) fn epoch(text: &str) -> Option<Written> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number = i64::from_str(whole).ok().filter(|_| !whole.starts_with('+'))?;
    let scale: i64 = match number.unsigned_abs() {
        100_000_000..100_000_000_000 => 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        100_000_000_000_000_000.. => 1,
        _ => return None,
    };
    let kept = &fraction.as_bytes()[..fraction.len().min(9)];
    if fraction.bytes().any(|byte| !byte.is_ascii_digit()) {
        return None;
    }
    let part = i64::from(digits(kept)?) * 10_i64.pow(9 - kept.len() as u32) * scale / 1_000_000_000;
    let nanos = i128::from(number) * i128::from(scale)
        + i128::from(if whole.starts_with('-') { -part } else { part });
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
    let moment = DateTime::from_timestamp(seconds, nanos.rem_euclid(1_000_000_000) as u32)?;
    Some(Written { clock: moment.naive_utc(), offset: Some(0) })
}

/// Reads up to nine digits; an empty text is 0.
pub(super) fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |number, byte| match byte {
        b'0'..=b'9' => Some(number * 10 + u32::from(byte - b'0')),
        _ => None,
    })
}

/// Reads ISO 8601, with a space or a T. Written by hand for speed, because there may be millions.
pub(super) fn iso(bytes: &[u8]) -> Option<Written> {
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(digits(&bytes[..4])?).ok()?,
        digits(&bytes[5..7])?,
        digits(&bytes[8..10])?,
    )?;
    on(date, &bytes[10..])
}

/// Reads what follows an ISO date of ten characters.
pub fn on(date: NaiveDate, rest: &[u8]) -> Option<Written> {
    if rest.is_empty() {
        return Some(Written { clock: date.and_time(NaiveTime::MIN), offset: None });
    }
    if rest.len() < 6 || !matches!(rest[0], b' ' | b'T' | b't') || rest[3] != b':' {
        return None;
    }
    let (hour, minute) = (digits(&rest[1..3])?, digits(&rest[4..6])?);
    let (mut second, mut nanos) = (0, 0);
    let mut rest = &rest[6..];
    if rest.first() == Some(&b':') {
        second = digits(rest.get(1..3)?)?;
        rest = &rest[3..];
        nanos = fraction(&mut rest)?;
    }
    let clock = date.and_hms_nano_opt(hour, minute, second, nanos)?;
    Some(Written { clock, offset: offset(rest)? })
}

/// Reads ".123", or nothing, as nanoseconds.
pub(super) fn fraction(rest: &mut &[u8]) -> Option<u32> {
    if !matches!(rest.first(), Some(b'.' | b',')) {
        return Some(0);
    }
    let length = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let shown = length.min(9);
    let nanos = digits(&rest[1..=shown])? * 10_u32.pow(9 - shown as u32);
    *rest = &rest[1 + length..];
    (length > 0).then_some(nanos)
}

/// Reads "Z", "+01:00", "+0100", "+01" or " UTC"; the outer option is `None` for anything else.
pub(super) fn offset(text: &[u8]) -> Option<Option<i32>> {
    let text = text.trim_ascii();
    match text {
        [] => Some(None),
        b"Z" | b"z" | b"UTC" | b"GMT" => Some(Some(0)),
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let (hours, minutes) = match rest.len() {
                2 => (digits(rest)?, 0),
                4 => (digits(&rest[..2])?, digits(&rest[2..])?),
                5 if rest[2] == b':' => (digits(&rest[..2])?, digits(&rest[3..])?),
                _ => return None,
            };
            if hours > 18 || minutes > 59 {
                return None;
            }
            let ahead = i32::try_from(hours * 3600 + minutes * 60).ok()?;
            Some(Some(if *sign == b'-' { -ahead } else { ahead }))
        }
        _ => None,
    }
}

/// The years 0 to 9999, in microseconds since 1970: the calendar that metrics count on.
pub const YEARS: std::ops::Range<i64> = -719_528 * 86_400_000_000..2_932_897 * 86_400_000_000;
/// The message for other moments.
pub const OUT_OF_RANGE: &str = "out of range; the years 0 to 9999 are accepted";

impl Written {
    /// Returns microseconds since 1970: in UTC if the text has an offset, otherwise as the clock shows. `None` outside
    /// the years 0 to 9999.
    pub fn micros(self) -> Option<i64> {
        let clock = self.clock.and_utc().timestamp_micros();
        let at = clock.checked_sub(i64::from(self.offset.unwrap_or(0)) * 1_000_000)?;
        YEARS.contains(&at).then_some(at)
    }
}

impl std::fmt::Display for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let clock = self.clock.format("%Y-%m-%d %H:%M:%S%.f");
        write!(f, "{clock}{}", if self.offset.is_some() { "Z" } else { "" })
    }
}

/// A clock in a time zone.
pub struct Clock {
    zone: Tz,
    /// A stretch of local time without a clock change, and its offset.
    steady: std::ops::Range<i64>,
    ahead: i64,
    /// How many moments were in an hour that the clock skips.
    pub leapt: usize,
    /// How many were in an hour that it shows twice.
    pub twice: usize,
}

/// In microseconds.
pub const DAY: i64 = 86_400_000_000;

impl Clock {
    pub fn new(zone: Tz) -> Clock {
        Clock { zone, steady: 0..0, ahead: 0, leapt: 0, twice: 0 }
    }

    /// Turns local time into UTC. A skipped hour is read an hour later; an hour shown twice is read as the first.
    /// `None` outside the years 0 to 9999.
    pub fn set(&mut self, at: &mut i64) -> Option<()> {
        if !self.steady.contains(at) {
            let day = at.div_euclid(DAY) * DAY;
            let ahead = |at: i64| {
                let utc = DateTime::from_timestamp_micros(at)?.naive_utc();
                let seconds = self.zone.offset_from_utc_datetime(&utc).fix().local_minus_utc();
                Some(i64::from(seconds) * 1_000_000)
            };
            let (before, after) = (ahead(day - DAY)?, ahead(day + 2 * DAY)?);
            if before != after {
                self.count(*at);
                *at = in_zone(*at, self.zone)?;
                return YEARS.contains(at).then_some(());
            }
            (self.steady, self.ahead) = (day..day + DAY, before);
        }
        *at -= self.ahead;
        YEARS.contains(at).then_some(())
    }

    /// Counts a moment that the clock never shows, or shows twice.
    fn count(&mut self, at: i64) {
        let Some(wall) = DateTime::from_timestamp_micros(at).map(|at| at.naive_utc()) else {
            return;
        };
        let found = || self.zone.from_local_datetime(&wall);
        match (found().single().is_some(), found().earliest().is_some()) {
            (true, _) => {}
            (false, true) => self.twice += 1,
            (false, false) => self.leapt += 1,
        }
    }
}

fn in_zone(clock: i64, zone: Tz) -> Option<i64> {
    let wall = DateTime::from_timestamp_micros(clock)?.naive_utc();
    let moment = [Some(wall), wall.checked_add_signed(TimeDelta::hours(1))]
        .into_iter()
        .flatten()
        .find_map(|wall| zone.from_local_datetime(&wall).earliest())?;
    Some(moment.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::input::readings::{read, readings};

    fn micros(text: &str) -> Option<i64> {
        match readings(text, None)? {
            Reading::Plain(written)
            | Reading::Either { first: Some(written), second: None, .. }
            | Reading::Either { first: None, second: Some(written), .. } => written.micros(),
            Reading::Either { .. } => None,
        }
    }

    #[test]
    fn the_usual_ways_of_writing_agree() {
        let expected = Some(1_706_745_599_000_000);
        for text in [
            "2024-01-31 23:59:59",
            "2024-01-31T23:59:59Z",
            "2024-01-31T23:59:59.000+00:00",
            "2024-02-01 00:59:59+01:00",
            "2024-01-31 18:59:59-0500",
            "2024-01-31 23:59:59 UTC",
            "1706745599",
            "1706745599.0",
            "1706745599000",
            "1706745599000.0",
            "1706745599000000",
            "1706745599000000000",
            "20240131T235959Z",
            "20240131 23:59:59",
            "2024/01/31 23:59:59",
            "2024-1-31 23:59:59",
            "31.1.2024 23:59:59",
            "1/31/2024 11:59:59 PM",
            "1/31/2024, 11:59:59\u{202f}PM",
            "31 Jan 2024 23:59:59",
            "31-JAN-24 23:59:59",
            "January 31, 2024 11:59:59 pm",
            "Wed, 31 Jan 2024 23:59:59 +0000",
            "31/Jan/2024:23:59:59 +0000",
        ] {
            assert_eq!(micros(text), expected, "{text}");
        }
        assert_eq!(micros("2024-02-29"), Some(1_709_164_800_000_000));
        assert_eq!(micros("20240229"), Some(1_709_164_800_000_000));
        assert_eq!(micros("2024-01-31 23:59:59.123456789"), Some(1_706_745_599_123_456));
        assert_eq!(micros("1706745599.123"), Some(1_706_745_599_123_000));
        assert_eq!(micros("1/31/2024 12:05 AM"), micros("2024-01-31 00:05"));
        assert_eq!(micros("1/31/2024 12 PM"), micros("2024-01-31 12:00"));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "today",
            "2023-02-29",
            "2024-13-01",
            "31/13/2024",
            "31/01/24",
            "2024-01-31 25:00",
            "2024-01-31 13:00 PM",
            "2024-01-31x",
            "12",
            "1e9",
            "2024-01-31 10:00:00+99:00",
            "2024-01-31 10:00 CET",
            "9999999999999999999",
        ] {
            assert_eq!(readings(text, None).and(micros(text)), None, "{text}");
        }
        assert!(readings("31/01/2024", Some("%d/%m/%Y")).is_some());
    }

    #[test]
    fn what_one_text_leaves_open() {
        let both = |text| match readings(text, None) {
            Some(Reading::Either { first: Some(one), second: Some(other), choice }) => {
                Some((one.clock.to_string(), other.clock.to_string(), choice))
            }
            _ => None,
        };
        let said =
            |one: &str, other: &str, choice| Some((one.to_owned(), other.to_owned(), choice));
        assert_eq!(
            both("03/04/2024"),
            said("2024-04-03 00:00:00", "2024-03-04 00:00:00", Choice::Slashes)
        );
        assert_eq!(
            both("202401312359"),
            said("2024-01-31 23:59:00", "1976-05-31 14:35:12.359", Choice::Digits)
        );
        assert_eq!(both("1706745599"), None);
    }

    #[test]
    fn a_clock_that_jumps() {
        let berlin = Tz::from_str("Europe/Berlin").unwrap();
        let at = |text| in_zone(read(text).unwrap().micros().unwrap(), berlin).unwrap();
        assert_eq!(at("2024-03-31 02:30"), at("2024-03-31 03:30"));
        assert_eq!(at("2024-10-27 03:00") - at("2024-10-27 02:00"), 2 * 3_600_000_000);
        let mut clock = Clock::new(berlin);
        for hour in 0..24 * 300 {
            let mut set = read("2024-01-01").unwrap().micros().unwrap() + hour * 3_600_000_000;
            let expected = in_zone(set, berlin);
            assert_eq!(clock.set(&mut set).map(|()| set), expected);
        }
        // Those 300 days end on the 26th of October, before the clock goes back.
        assert_eq!((clock.leapt, clock.twice), (1, 0));
        let mut again = read("2024-10-27 02:30").unwrap().micros().unwrap();
        clock.set(&mut again);
        assert_eq!((clock.leapt, clock.twice), (1, 1));
    }

    #[test]
    fn a_year_beyond_9999_is_out_of_range() {
        let format = Some("%Y-%m-%d %H:%M");
        let Some(Reading::Plain(late)) = readings("+262142-12-31 23:59", format) else {
            panic!("not read")
        };
        assert_eq!(late.micros(), None);
        let berlin = Tz::from_str("Europe/Berlin").unwrap();
        let _ = in_zone(late.clock.and_utc().timestamp_micros(), berlin);
        assert_eq!(read("9999-12-31 23:59:59-05:00").unwrap().micros(), None);
    }
}
