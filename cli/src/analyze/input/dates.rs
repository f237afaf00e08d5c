//! Dates in the many ways that are not ISO 8601.

use casebook::chrono::{NaiveDate, NaiveDateTime};

use super::moment::{Choice, Reading, Written, compact, digits, fraction, offset};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What a day is written as.
enum Day {
    One(NaiveDate),
    Two { choice: Choice, day_first: Option<NaiveDate>, month_first: Option<NaiveDate> },
}

/// Reads a date and the time that may follow it.
pub fn read(text: &[u8]) -> Option<Reading> {
    // Spaces that do not break stand before AM and PM.
    let plain;
    let mut rest = match text.is_ascii() {
        true => text,
        false => {
            let spaced = std::str::from_utf8(text).ok()?.replace(['\u{a0}', '\u{202f}'], " ");
            plain = spaced.into_bytes();
            plain.as_slice()
        }
    };
    let day = day(&mut rest)?;
    let (clock, offset) = clock(rest)?;
    let on = |date: NaiveDate| -> Option<Written> {
        Some(Written { clock: NaiveDateTime::new(date, clock), offset })
    };
    match day {
        Day::One(date) => on(date).map(Reading::Plain),
        Day::Two { day_first: None, month_first: None, .. } => None,
        Day::Two { choice, day_first, month_first } => Some(Reading::Either {
            choice,
            first: day_first.and_then(on),
            second: month_first.and_then(on),
        }),
    }
}

/// Takes the leading characters of a class.
fn take<'t>(rest: &mut &'t [u8], class: impl Fn(&u8) -> bool) -> &'t [u8] {
    let length = rest.iter().take_while(|byte| class(byte)).count();
    let (taken, others) = rest.split_at(length);
    *rest = others;
    taken
}

/// Reads a month's name, or at least its first three letters.
fn month(word: &[u8]) -> Option<u32> {
    let word = std::str::from_utf8(word).ok().filter(|word| word.len() >= 3)?.to_ascii_lowercase();
    (1..).zip(MONTHS).find(|(_, name)| name.starts_with(&word)).map(|(number, _)| number)
}

/// Reads a year in full, or in two digits: from 1970 to 2069.
fn year(text: &[u8]) -> Option<i32> {
    let number = digits(text)? as i32;
    match text.len() {
        4 => Some(number),
        2 => Some(if number < 70 { 2000 + number } else { 1900 + number }),
        _ => None,
    }
}

fn day(rest: &mut &[u8]) -> Option<Day> {
    let separators = |byte: &u8| matches!(byte, b' ' | b',' | b'-' | b'/' | b'.');
    let mut word = take(rest, u8::is_ascii_alphabetic);
    let weekday = |word: &[u8]| {
        let word = String::from_utf8_lossy(word).to_ascii_lowercase();
        DAYS.iter().any(|day| word.starts_with(day))
    };
    if word.len() >= 3 && weekday(word) {
        take(rest, |byte| matches!(byte, b' ' | b','));
        word = take(rest, u8::is_ascii_alphabetic);
    }
    if word.len() >= 3 {
        let month = month(word)?;
        take(rest, separators);
        let day = digits(short(take(rest, u8::is_ascii_digit), 2)?)?;
        take(rest, separators);
        let year = year(short(take(rest, u8::is_ascii_digit), 4)?)?;
        return NaiveDate::from_ymd_opt(year, month, day).map(Day::One);
    }
    if !word.is_empty() {
        return None;
    }
    let first = short(take(rest, u8::is_ascii_digit), 8)?;
    if first.len() == 8 {
        return Some(Day::One(compact(first)?.date()));
    }
    let [separator @ (b'/' | b'-' | b'.' | b' '), ..] = *rest else { return None };
    let separator = *separator;
    take(rest, separators);
    let named = take(rest, u8::is_ascii_alphabetic);
    if named.len() >= 3 {
        let month = month(named)?;
        take(rest, separators);
        let last = short(take(rest, u8::is_ascii_digit), 4)?;
        let (year, day) = if first.len() == 4 {
            (year(first)?, digits(short(last, 2)?)?)
        } else {
            (year(last)?, digits(short(first, 2)?)?)
        };
        return NaiveDate::from_ymd_opt(year, month, day).map(Day::One);
    }
    if !named.is_empty() || separator == b' ' {
        return None;
    }
    let second = digits(short(take(rest, u8::is_ascii_digit), 2)?)?;
    if rest.first() != Some(&separator) {
        return None;
    }
    *rest = &rest[1..];
    let third = short(take(rest, u8::is_ascii_digit), 4)?;
    match (first.len(), third.len()) {
        (4, 1 | 2) => NaiveDate::from_ymd_opt(year(first)?, second, digits(third)?).map(Day::One),
        (1 | 2, 4) => {
            let (year, first) = (year(third)?, digits(first)?);
            Some(Day::Two {
                choice: if separator == b'.' { Choice::Dots } else { Choice::Slashes },
                day_first: NaiveDate::from_ymd_opt(year, second, first),
                month_first: NaiveDate::from_ymd_opt(year, first, second),
            })
        }
        _ => None,
    }
}

/// Returns the digits, if there are not too many.
fn short(text: &[u8], most: usize) -> Option<&[u8]> {
    (1..=most).contains(&text.len()).then_some(text)
}

/// Reads what follows a date: nothing, or a time, perhaps with its offset from UTC.
fn clock(mut rest: &[u8]) -> Option<(casebook::chrono::NaiveTime, Option<i32>)> {
    use casebook::chrono::NaiveTime;
    rest = rest.trim_ascii_end();
    if rest.is_empty() {
        return Some((NaiveTime::MIN, None));
    }
    let before = take(&mut rest, |byte| matches!(byte, b' ' | b',' | b'T' | b't' | b':'));
    if before.is_empty() {
        return None;
    }
    let first = short(take(&mut rest, u8::is_ascii_digit), 6)?;
    let (hour, minute, second, mut nanos) = match first.len() {
        // 2359 and 235959
        4 | 6 => {
            let second = first.get(4..).map_or(Some(0), digits)?;
            (digits(&first[..2])?, Some(digits(&first[2..4])?), second, 0)
        }
        1 | 2 => {
            let part = |rest: &mut &[u8]| -> Option<Option<u32>> {
                if rest.first() != Some(&b':') {
                    return Some(None);
                }
                *rest = &rest[1..];
                Some(Some(digits(short(take(rest, u8::is_ascii_digit), 2)?)?))
            };
            let minute = part(&mut rest)?;
            let second = part(&mut rest)?;
            (digits(first)?, minute, second.unwrap_or(0), 0)
        }
        _ => return None,
    };
    if minute.is_some() {
        nanos += fraction(&mut rest)?;
    }
    let half = half(&mut rest);
    let hour = match (half, hour) {
        (None, hour) if minute.is_some() => hour,
        (Some(after_noon), 1..=12) => hour % 12 + if after_noon { 12 } else { 0 },
        _ => return None,
    };
    let time = NaiveTime::from_hms_nano_opt(hour, minute.unwrap_or(0), second, nanos)?;
    Some((time, offset(rest)?))
}

/// Reads AM or PM; returns whether it is after noon.
fn half(rest: &mut &[u8]) -> Option<bool> {
    let spaced = rest.trim_ascii_start();
    for (word, after_noon) in [("am", false), ("pm", true), ("a.m.", false), ("p.m.", true)] {
        if spaced.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
        {
            *rest = &spaced[word.len()..];
            return Some(after_noon);
        }
    }
    None
}

/// Returns the format of a text such as 03/04/2024 9:05 PM, as `--time-format` takes it.
pub fn format(text: &str, day_first: bool) -> String {
    let half = ["am", "pm"].iter().any(|word| text.to_ascii_lowercase().ends_with(word));
    let day = if day_first { ["%d", "%m"] } else { ["%m", "%d"] };
    let parts = [day[0], day[1], "%Y", if half { "%I" } else { "%H" }, "%M", "%S"];
    let mut parts = parts.iter();
    let mut format = String::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 {
            match parts.next() {
                Some(part) => format.push_str(part),
                // What is left of the second.
                None if format.ends_with('.') => format.push('f'),
                None => {}
            }
            if format.ends_with("%S") && rest[digits..].starts_with('.') {
                format.push('%');
            }
            rest = &rest[digits..];
        } else if half && letter.is_ascii_alphabetic() {
            format.push_str("%p");
            rest = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        } else {
            format.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    format
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::input::readings::readings;

    #[test]
    fn months_are_known_by_three_letters_and_more() {
        let found = |word: &str| month(word.as_bytes());
        for (word, number) in [("Jan", 1), ("SEPT", 9), ("sep", 9), ("september", 9), ("May", 5)] {
            assert_eq!(found(word), Some(number), "{word}");
        }
        for word in ["", "ma", "mayo", "januar7", "foo"] {
            assert_eq!(found(word), None, "{word}");
        }
    }

    #[test]
    fn a_format_that_is_suggested_works() {
        for (text, format_) in [
            ("03/04/2024", "%d/%m/%Y"),
            ("03/04/2024 21:05", "%d/%m/%Y %H:%M"),
            ("3/4/2024 9:05:07 PM", "%d/%m/%Y %I:%M:%S %p"),
            ("03-04-2024 21:05:07.25", "%d-%m-%Y %H:%M:%S%.f"),
        ] {
            assert_eq!(format(text, true), format_, "{text}");
            assert!(readings(text, Some(format_)).is_some(), "{text}");
        }
        assert_eq!(format("03/04/2024", false), "%m/%d/%Y");
    }
}
