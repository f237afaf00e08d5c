//! Moments as people write them.

use std::str::FromStr;

use casebook::chrono::{
    DateTime, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone,
};
use chrono_tz::Tz;

/// What a text says of time: a moment on some clock, and how far that clock is ahead of UTC, if said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub clock: NaiveDateTime,
    pub offset: Option<i32>,
}

/// What is recognised without being told.
pub const RECOGNISED: &str = "2024-01-31, 2024-01-31 23:59, 2024-01-31T23:59:59.123Z, \
     2024-01-31 23:59:59+01:00, or seconds, milli-, micro- or nanoseconds since 1970";

/// Reads a moment; with a format, only what follows it.
pub fn read(text: &str, format: Option<&str>) -> Option<Written> {
    let text = text.trim();
    match format {
        Some(format) => formatted(text, format),
        None => iso(text).or_else(|| epoch(text)),
    }
}

fn formatted(text: &str, format: &str) -> Option<Written> {
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

/// Whole numbers: the unit follows from the size, for moments from 1973 on.
fn epoch(text: &str) -> Option<Written> {
    let number = i64::from_str(text).ok()?;
    let moment = match number.unsigned_abs() {
        100_000_000..100_000_000_000 => DateTime::from_timestamp(number, 0)?,
        100_000_000_000..100_000_000_000_000 => DateTime::from_timestamp_millis(number)?,
        100_000_000_000_000..100_000_000_000_000_000 => DateTime::from_timestamp_micros(number)?,
        100_000_000_000_000_000.. => DateTime::from_timestamp_nanos(number),
        _ => return None,
    };
    Some(Written { clock: moment.naive_utc(), offset: Some(0) })
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |number, byte| match byte {
        b'0'..=b'9' => Some(number * 10 + u32::from(byte - b'0')),
        _ => None,
    })
}

/// ISO 8601, with a space or a T. By hand, because millions are read.
fn iso(text: &str) -> Option<Written> {
    let bytes = text.as_bytes();
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(digits(&bytes[..4])?).ok()?,
        digits(&bytes[5..7])?,
        digits(&bytes[8..10])?,
    )?;
    let rest = &bytes[10..];
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
        if matches!(rest.first(), Some(b'.' | b',')) {
            let length = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let shown = length.min(9);
            nanos = digits(&rest[1..=shown])? * 10_u32.pow(9 - shown as u32);
            if length == 0 {
                return None;
            }
            rest = &rest[1 + length..];
        }
    }
    let clock = date.and_hms_nano_opt(hour, minute, second, nanos)?;
    Some(Written { clock, offset: offset(rest)? })
}

/// "Z", "+01:00", "+0100", "+01" or " UTC"; the outer option is `None` for anything else.
fn offset(text: &[u8]) -> Option<Option<i32>> {
    let text = text.trim_ascii();
    match text {
        [] => Some(None),
        b"Z" | b"z" | b"UTC" => Some(Some(0)),
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

impl Written {
    /// Microseconds since 1970 in UTC. A clock without an offset is read in the zone, or as UTC.
    pub fn micros(self, zone: Option<Tz>) -> Option<i64> {
        let utc = match (self.offset, zone) {
            (Some(offset), _) => FixedOffset::east_opt(offset)?
                .from_local_datetime(&self.clock)
                .single()?
                .naive_utc(),
            (None, None) => self.clock,
            // An hour that the clock leaps over is read an hour later; of an hour shown twice, the first.
            (None, Some(zone)) => [self.clock, self.clock + Duration::hours(1)]
                .into_iter()
                .find_map(|clock| zone.from_local_datetime(&clock).earliest())?
                .naive_utc(),
        };
        Some(utc.and_utc().timestamp_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> Option<i64> {
        read(text, None)?.micros(None)
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
            "1706745599000",
            "1706745599000000",
            "1706745599000000000",
        ] {
            assert_eq!(micros(text), expected, "{text}");
        }
        assert_eq!(micros("2024-02-29"), Some(1_709_164_800_000_000));
        assert_eq!(micros("2024-01-31 23:59:59.123456789"), Some(1_706_745_599_123_456));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "today",
            "2023-02-29",
            "2024-13-01",
            "31/01/2024",
            "2024-01-31 25:00",
            "2024-01-31x",
            "12",
            "2024-01-31 10:00:00+99:00",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
        assert!(read("31/01/2024", Some("%d/%m/%Y")).is_some());
    }

    #[test]
    fn a_clock_that_jumps() {
        let berlin = Tz::from_str("Europe/Berlin").unwrap();
        let at = |text| read(text, None).unwrap().micros(Some(berlin)).unwrap();
        assert_eq!(at("2024-03-31 02:30"), at("2024-03-31 03:30"));
        assert_eq!(at("2024-10-27 03:00") - at("2024-10-27 02:00"), 2 * 3_600_000_000);
    }
}
