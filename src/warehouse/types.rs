//! The column types that all databases share.

use std::fmt;

use polars::prelude::{DataType, TimeUnit, TimeZone};

/// The type of a column of a table or an answer, in any database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Whole numbers: `Int64` in frames.
    Integer,
    /// Floating-point numbers: `Float64`.
    Real,
    /// Text: `String`.
    Text,
    /// True or false: `Boolean`. SQLite keeps 1 and 0.
    Boolean,
    /// Days: `Date`. SQLite keeps ISO text.
    Date,
    /// Moments to the microsecond, without a time zone: `Datetime`. SQLite keeps ISO text.
    Timestamp,
    /// Moments to the microsecond, in UTC: `Datetime` with that zone.
    TimestampUtc,
}

impl ColumnType {
    /// Returns the type of such a column in a frame.
    pub fn data_type(self) -> DataType {
        match self {
            ColumnType::Integer => DataType::Int64,
            ColumnType::Real => DataType::Float64,
            ColumnType::Text => DataType::String,
            ColumnType::Boolean => DataType::Boolean,
            ColumnType::Date => DataType::Date,
            ColumnType::Timestamp => DataType::Datetime(TimeUnit::Microseconds, None),
            ColumnType::TimestampUtc => {
                DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC))
            }
        }
    }

    /// Reads a type as `CREATE TABLE` declares it; none for types that say nothing about a frame's column.
    pub(super) fn declared(text: &str) -> Option<ColumnType> {
        let upper = text.to_ascii_uppercase();
        // Without a length or a precision: `VARCHAR(9)`, `TIMESTAMP(3) WITH TIME ZONE`.
        let plain = match (upper.find('('), upper.rfind(')')) {
            (Some(from), Some(to)) if from < to => [&upper[..from], &upper[to + 1..]].join(" "),
            _ => upper,
        };
        let words: Vec<&str> = plain.split_whitespace().collect();
        // `DATE TEXT`, on SQLite: a day, kept as text.
        let words = match words.as_slice() {
            [kind @ ("DATE" | "TIMESTAMP"), "TEXT"] => vec![*kind],
            _ => words,
        };
        Some(match words.join(" ").as_str() {
            "INT" | "INTEGER" | "BIGINT" | "SMALLINT" | "TINYINT" => ColumnType::Integer,
            "REAL" | "DOUBLE" | "DOUBLE PRECISION" | "FLOAT" => ColumnType::Real,
            "TEXT" | "VARCHAR" | "CHAR" | "CHARACTER VARYING" => ColumnType::Text,
            "BOOLEAN" | "BOOL" => ColumnType::Boolean,
            "DATE" => ColumnType::Date,
            "TIMESTAMP" | "TIMESTAMP WITHOUT TIME ZONE" | "DATETIME" => ColumnType::Timestamp,
            "TIMESTAMPTZ" | "TIMESTAMP WITH TIME ZONE" => ColumnType::TimestampUtc,
            _ => return None,
        })
    }

    /// Tells whether a column of this type takes the values of a frame's column of another type.
    pub(super) fn takes(self, other: ColumnType) -> bool {
        self == other
            || matches!(
                (self, other),
                (ColumnType::Real, ColumnType::Integer)
                    | (ColumnType::Timestamp, ColumnType::Date)
                    | (ColumnType::TimestampUtc, ColumnType::Timestamp)
            )
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ColumnType::Integer => "integer",
            ColumnType::Real => "real",
            ColumnType::Text => "text",
            ColumnType::Boolean => "boolean",
            ColumnType::Date => "date",
            ColumnType::Timestamp => "timestamp",
            ColumnType::TimestampUtc => "timestamp with time zone",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_read() {
        for (text, found) in [
            ("integer", Some(ColumnType::Integer)),
            ("VARCHAR(9)", Some(ColumnType::Text)),
            ("double  precision", Some(ColumnType::Real)),
            ("TIMESTAMP", Some(ColumnType::Timestamp)),
            ("timestamp (3)", Some(ColumnType::Timestamp)),
            ("timestamp(3) with time zone", Some(ColumnType::TimestampUtc)),
            ("timestamp(3) without time zone", Some(ColumnType::Timestamp)),
            ("TIMESTAMP TEXT", Some(ColumnType::Timestamp)),
            ("DATE TEXT", Some(ColumnType::Date)),
            ("TEXT", Some(ColumnType::Text)),
            ("numeric(10, 2)", None),
            ("LONG TEXT", None),
            ("", None),
        ] {
            assert_eq!(ColumnType::declared(text), found, "{text}");
        }
    }
}
