//! Where a mark stands: in the data, and in pixels.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};

use crate::chart::Unit;
use crate::chart::axis::Scale;
use crate::chart::label::short;
use crate::error::{Error, Result, nearest};

/// A place on an axis: a number, a date or time, or the text of a category. Each is made of what it holds.
///
/// ```
/// use casebook::chart::Position;
/// use casebook::prelude::*;
///
/// let launch = chrono::NaiveDate::from_ymd_opt(2024, 3, 1).unwrap();
/// assert_eq!(Position::from(launch), Position::from(launch.and_hms_opt(0, 0, 0).unwrap()));
/// assert_eq!(Position::from(3), Position::Number(3.0));
/// assert_eq!(Position::from("enterprise"), Position::Category("enterprise".into()));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Position {
    /// On an axis of numbers; among categories that are numbers, the one that it equals.
    Number(f64),
    /// On an axis of dates; among categories, the one that begins like it.
    Time(NaiveDateTime),
    /// The text of a category, or of a date: "2024-03-01".
    Category(String),
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl From<$number> for Position {
            fn from(number: $number) -> Position {
                Position::Number(number as f64)
            }
        }
    )*};
}
numbers! { f64 f32 i8 i16 i32 i64 u8 u16 u32 u64 usize isize }

impl From<NaiveDate> for Position {
    fn from(date: NaiveDate) -> Position {
        Position::Time(date.and_time(NaiveTime::MIN))
    }
}

impl From<NaiveDateTime> for Position {
    fn from(time: NaiveDateTime) -> Position {
        Position::Time(time)
    }
}

/// The moment in UTC, as times with a zone are drawn.
impl<Z: TimeZone> From<DateTime<Z>> for Position {
    fn from(time: DateTime<Z>) -> Position {
        Position::Time(time.naive_utc())
    }
}

impl From<&str> for Position {
    fn from(text: &str) -> Position {
        Position::Category(short(text))
    }
}

impl From<&String> for Position {
    fn from(text: &String) -> Position {
        Position::from(text.as_str())
    }
}

impl From<String> for Position {
    fn from(text: String) -> Position {
        Position::from(text.as_str())
    }
}

impl Position {
    /// As the axes know it: dates as days since 1970. `None` for a category, and for what is not finite.
    pub(super) fn number(&self) -> Option<f64> {
        let number = match self {
            Position::Number(number) => *number,
            Position::Time(time) => days(*time),
            Position::Category(text) => days(date(text)?),
        };
        Some(number).filter(|number| number.is_finite())
    }

    pub(super) fn text(&self, unit: Unit) -> String {
        match self {
            Position::Number(number) => unit.text(*number),
            Position::Time(time) if time.time() == NaiveTime::MIN => {
                time.format("%-d %b %Y").to_string()
            }
            Position::Time(time) => time.format("%-d %b %Y %H:%M").to_string(),
            Position::Category(text) => text.clone(),
        }
    }

    /// As an error shows it.
    fn found(&self) -> String {
        match self {
            Position::Number(number) => number.to_string(),
            Position::Time(time) => time.to_string(),
            Position::Category(text) => format!("\"{text}\""),
        }
    }

    /// Whether a category is the one that is meant.
    fn is(&self, name: &str) -> bool {
        match self {
            Position::Number(number) => name.parse() == Ok(*number),
            Position::Time(time) => {
                let whole = time.format("%Y-%m-%d %H:%M:%S").to_string();
                let midnight = time.time() == NaiveTime::MIN;
                name == whole || (midnight && date(name).is_some_and(|day| day == *time))
            }
            Position::Category(text) => text == name,
        }
    }
}

/// The first moment of a day or a month that is written out.
fn date(text: &str) -> Option<NaiveDateTime> {
    let text = match text.len() {
        10 => text.to_owned(),
        7 => format!("{text}-01"),
        _ => return None,
    };
    NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN))
}

fn days(time: NaiveDateTime) -> f64 {
    time.and_utc().timestamp_micros() as f64 / 86_400e6
}

/// An axis, as far as marks need to know it: from a place to pixels.
#[derive(Debug, Clone, Copy)]
pub enum Along<'a> {
    Numbers(Scale),
    /// Days since 1970.
    Dates(Scale),
    /// Categories: the middle of the first one, and the distance to the next.
    Names {
        names: &'a [String],
        first: f64,
        slot: f64,
    },
}

impl Along<'_> {
    /// Returns the pixel of a place.
    ///
    /// # Errors
    /// A place that this axis does not have, named after the setter.
    pub fn at(&self, field: &str, place: &Position) -> Result<f64> {
        self.ends(field, place).map(|(low, high)| (low + high) / 2.0)
    }

    /// Returns where a place begins and ends: a category is as wide as its slot.
    pub fn ends(&self, field: &str, place: &Position) -> Result<(f64, f64)> {
        let wrong = |accepted: &str| Err(Error::config(field, place.found(), accepted));
        let at = |scale: &Scale, accepted: &str| match place.number() {
            Some(value) if value > 0.0 || !scale.is_log() => {
                let pixel = scale.at(value);
                Ok((pixel, pixel))
            }
            Some(_) => wrong("a number above 0 on a logarithmic axis"),
            None => wrong(accepted),
        };
        match self {
            Along::Numbers(scale) if matches!(place, Position::Number(_)) => {
                at(scale, "a finite number")
            }
            Along::Numbers(_) => wrong("a number, as the axis has"),
            Along::Dates(_) if matches!(place, Position::Number(_)) => {
                wrong("a date, as the axis has")
            }
            Along::Dates(scale) => {
                at(scale, "a date, as the axis has: a chrono date, or \"2024-03-01\"")
            }
            Along::Names { names, first, slot } => {
                let Some(index) = names.iter().position(|name| place.is(name)) else {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    return Err(unknown(field, place.found().trim_matches('"'), &names));
                };
                let middle = first + slot * index as f64;
                Ok((middle - slot / 2.0, middle + slot / 2.0))
            }
        }
    }
}

/// Returns the error for a name that is not among those there are.
pub(super) fn unknown(field: &str, name: &str, names: &[&str]) -> Error {
    const SHOWN: usize = 12;
    let listed: Vec<String> = names.iter().take(SHOWN).map(|name| format!("\"{name}\"")).collect();
    let more = names.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let meant = nearest(name, names.iter().copied())
        .map(|name| format!("; did you mean \"{name}\"?"))
        .unwrap_or_default();
    Error::config(field, format!("\"{name}\""), format!("{}{more}{meant}", listed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_pixels_on_their_own_kind_of_axis() {
        let scale = Scale::new((0.0, 10.0), (100.0, 200.0));
        let numbers = Along::Numbers(scale);
        assert_eq!(numbers.at("vline", &5.into()).unwrap(), 150.0);
        let told = numbers.at("vline", &"May".into()).unwrap_err().to_string();
        assert!(told.contains("`vline` is \"May\"; accepted: a number"), "{told}");
        let told = numbers.at("vline", &f64::NAN.into()).unwrap_err().to_string();
        assert!(told.contains("`vline` is NaN; accepted: a finite number"), "{told}");

        let day = NaiveDate::from_ymd_opt(1970, 1, 6).unwrap();
        let dates = Along::Dates(scale);
        for place in [Position::from(day), "1970-01-06".into()] {
            assert_eq!(dates.at("vline", &place).unwrap(), 150.0);
        }
        assert_eq!(dates.at("vline", &day.and_hms_opt(12, 0, 0).unwrap().into()).unwrap(), 155.0);
        assert!(
            dates.at("vline", &5.into()).is_err() && dates.at("vline", &"launch".into()).is_err()
        );

        let names = ["1".to_owned(), "2024-03".to_owned(), "pro".to_owned()];
        let names = Along::Names { names: &names, first: 10.0, slot: 20.0 };
        assert_eq!(names.ends("vspan", &1.into()).unwrap(), (0.0, 20.0));
        let march = NaiveDate::from_ymd_opt(2024, 3, 1).unwrap();
        assert_eq!(names.at("vline", &march.into()).unwrap(), 30.0);
        assert_eq!(names.at("vline", &"pro".into()).unwrap(), 50.0);
        let told = names.at("vline", &"por".into()).unwrap_err().to_string();
        assert!(told.contains("\"por\"") && told.contains("did you mean \"pro\"?"), "{told}");
    }

    #[test]
    fn texts_that_are_no_dates_have_no_number() {
        for text in ["", "a", "2024-13-01", "2024-03-01 and more", "日本語日本語日"] {
            assert_eq!(Position::from(text).number(), None, "{text}");
        }
        assert_eq!(Position::from("1970-02").number(), Some(31.0));
        assert_eq!(Position::from(f64::INFINITY).number(), None);
    }
}
