//! The language of patterns.

use crate::error::{Error, Result};

/// How the time since the event before is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    AtMost,
    Below,
    AtLeast,
    Above,
    Exactly,
}

/// One part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// `(?1)`: an event that fulfils a condition, counted from 0.
    Event(u32),
    /// `.`: any event.
    Any,
    /// `.*`: any number of events.
    Many,
    /// `(?t<=1800)`: the time since the event before, in microseconds.
    Time(Compare, i64),
}

/// The operators, the longer ones first.
const OPERATORS: [(&str, Compare); 5] = [
    ("<=", Compare::AtMost),
    ("<", Compare::Below),
    (">=", Compare::AtLeast),
    (">", Compare::Above),
    ("==", Compare::Exactly),
];

impl Item {
    /// Tells whether it is fulfilled where no events are left.
    pub fn may_be_empty(self) -> bool {
        match self {
            Item::Event(_) | Item::Any => false,
            Item::Many => true,
            Item::Time(compare, time) => match compare {
                Compare::AtMost | Compare::Below => true,
                Compare::AtLeast => time == 0,
                Compare::Above | Compare::Exactly => false,
            },
        }
    }
}

/// Reads a pattern over so many conditions.
pub(super) fn parse(pattern: &str, conditions: usize) -> Result<Vec<Item>> {
    let mut items: Vec<Item> = vec![];
    let mut rest = pattern;
    while !rest.is_empty() {
        let wrong = |accepted: String| {
            let at = pattern.len() - rest.len() + 1;
            Error::config(
                "pattern",
                format!("\"{pattern}\", at character {at} \"{rest}\""),
                accepted,
            )
        };
        let syntax = || {
            wrong(
                "(?1) for a condition, . for any event, .* for any number, (?t<=1800) for time"
                    .into(),
            )
        };
        if let Some(after) = rest.strip_prefix(".*") {
            items.push(Item::Many);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('.') {
            items.push(Item::Any);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("(?t") {
            let found = OPERATORS
                .iter()
                .find_map(|(sign, compare)| Some((*compare, after.strip_prefix(sign)?)));
            let Some((compare, after)) = found else {
                return Err(wrong("one of <, <=, >, >= and == after (?t".into()));
            };
            let Some((seconds, after)) = number(after) else {
                return Err(wrong("a whole number of seconds, and )".into()));
            };
            if matches!(items.last(), Some(Item::Time(..))) {
                return Err(wrong("an event, . or .* between two times".into()));
            }
            let micros = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
            items.push(Item::Time(compare, micros));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("(?") {
            let (condition, after) = number(after).ok_or_else(syntax)?;
            if !(1..=conditions as u64).contains(&condition) {
                return Err(wrong(format!("conditions 1 to {conditions}")));
            }
            items.push(Item::Event(condition as u32 - 1));
            rest = after;
        } else {
            return Err(syntax());
        }
    }
    Ok(items)
}

/// Reads a whole number and the bracket after it; a plus may stand before it.
fn number(text: &str) -> Option<(u64, &str)> {
    let (digits, after) = text.split_once(')')?;
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    Some((digits.parse().ok().filter(|_| plain)?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_read() {
        use Compare::*;
        let times = "(?t<=1)(?1)(?t<2).(?t>=3).*(?t>4)(?2)(?t==+5)";
        let expected = [
            Item::Time(AtMost, 1_000_000),
            Item::Event(0),
            Item::Time(Below, 2_000_000),
            Item::Any,
            Item::Time(AtLeast, 3_000_000),
            Item::Many,
            Item::Time(Above, 4_000_000),
            Item::Event(1),
            Item::Time(Exactly, 5_000_000),
        ];
        assert_eq!(parse(times, 2).unwrap(), expected);
        assert_eq!(parse("...*", 2).unwrap(), [Item::Any, Item::Any, Item::Many]);
        assert!(parse("", 1).unwrap().is_empty());
        let long = parse("(?1)(?t<=18446744073709551615)", 1).unwrap();
        assert_eq!(long[1], Item::Time(AtMost, i64::MAX));
    }

    #[test]
    fn what_is_no_pattern_is_told_with_its_place() {
        for (pattern, told) in [
            ("(?0)", "conditions 1 to 2"),
            ("(?3)", "conditions 1 to 2"),
            ("(?1) (?2)", "at character 5"),
            ("(?1)(?t=1)(?2)", "<, <=, >, >= and =="),
            ("(?1)(?t>+)(?2)", "whole number of seconds"),
            ("(?1)(?t>-1)(?2)", "whole number of seconds"),
            ("(?1)(?t>1)(?t<5)(?2)", "between two times"),
            ("(?1", "(?1) for a condition"),
            ("(?+)", "(?1) for a condition"),
            ("(?18446744073709551616)", "(?1) for a condition"),
            ("é", "at character 1"),
        ] {
            let message = parse(pattern, 2).unwrap_err().to_string();
            assert!(message.contains(told), "{pattern}: {message}");
        }
    }
}
