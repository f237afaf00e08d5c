//! How to read a file: the options in the form that each value needs.

use chrono_tz::Tz;
use clap::ValueEnum;

use super::numbers::Commas;

/// What to do with rows that lack a value they need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Missing {
    /// Left out, and counted on stderr
    Skip,
    /// An error that names the row
    Refuse,
}

/// How values are read.
#[derive(Debug, Clone)]
pub struct How {
    pub time_format: Option<String>,
    pub zone: Option<Tz>,
    pub commas: Commas,
    /// Whether NULL and the like are texts.
    pub null_words: bool,
    pub missing_ids: Missing,
    pub missing_values: Missing,
}

impl How {
    /// Tells whether a cell, trimmed of blanks, is empty.
    #[inline]
    pub fn empty(&self, text: &[u8]) -> bool {
        match text {
            [] => true,
            [b'N' | b'n' | b'\\' | b'<', ..] if !self.null_words => matches!(
                text,
                b"NULL"
                    | b"null"
                    | b"Null"
                    | b"NaN"
                    | b"nan"
                    | b"None"
                    | b"NA"
                    | b"<NA>"
                    | b"N/A"
                    | b"NaT"
                    | b"\\N"
            ),
            _ => false,
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identifier: never empty. A whole number stays one; of others, each text becomes a number.
    Id,
    /// A moment.
    Time,
    /// A text; empty is null.
    Text,
    /// A text with few different values: becomes categories.
    Name,
    /// A text, never empty.
    Label,
    /// A value that a condition compares: a text; different spellings of a number are equal; empty is null.
    Value,
    /// A number, never empty.
    Number,
    /// A number; empty is null.
    MaybeNumber,
    /// Yes or no.
    Flag,
}

/// A column of the file, and its name in the frame.
#[derive(Debug, Clone)]
pub struct Column {
    pub from: String,
    pub to: String,
    pub kind: Kind,
    /// The option that names this column, for messages.
    pub option: Option<&'static str>,
}

impl Column {
    pub fn new(from: &str, to: &str, kind: Kind) -> Column {
        Column { from: from.to_owned(), to: to.to_owned(), kind, option: None }
    }

    pub fn said_by(self, option: &'static str) -> Column {
        Column { option: Some(option), ..self }
    }
}
