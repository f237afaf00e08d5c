//! What a text may mean, as a moment.

use super::dates;
use super::moment::{Reading, Written, epoch, formatted, iso, unbroken};

/// Reads a moment that can mean only one thing.
pub fn read(text: &str) -> Option<Written> {
    match readings(text.trim(), None)? {
        Reading::Plain(written) => Some(written),
        Reading::Either { .. } => None,
    }
}

/// Reads a moment, trimmed of blanks; with a format, only texts in that format.
pub fn readings(text: &str, format: Option<&str>) -> Option<Reading> {
    if let Some(format) = format {
        return formatted(text, format).map(Reading::Plain);
    }
    let bytes = text.as_bytes();
    if let Some(written) = iso(bytes) {
        return Some(Reading::Plain(written));
    }
    if !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit) {
        return unbroken(text);
    }
    epoch(text).map(Reading::Plain).or_else(|| dates::read(bytes))
}
