//! One error type for the whole library.
//!
//! An [`Error`] says what was being done, with what, and what would be accepted instead. Its
//! [`ErrorKind`] is for programs that want to tell cases apart.

mod near;

use std::fmt;
use std::path::{Path, PathBuf};

use polars::error::PolarsError;

pub(crate) use near::nearest;

/// The result of everything in this library that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. [`Display`](fmt::Display) is a sentence for people; [`Error::kind`] is for code.
pub struct Error(Box<ErrorKind>);

/// The cases an [`Error`] can be.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A configuration field holds a value outside its range.
    InvalidConfig {
        /// The field, as it is written in the struct, with the structs around it: `market.mentors`.
        field: String,
        /// The value found there.
        value: String,
        /// What would be accepted.
        accepted: String,
    },
    /// A frame lacks a column that a function needs.
    MissingColumn {
        /// What the frame is, in the function's words.
        frame: &'static str,
        /// The column that is not there.
        column: String,
        /// The columns that are.
        present: Vec<String>,
    },
    /// A column is there, with a type or a value that cannot be used.
    BadColumn {
        /// What the frame is, in the function's words.
        frame: &'static str,
        /// The column.
        column: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file or folder could not be read or written.
    File {
        /// What was being done, such as "write".
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// Files stand where others are to be written, and may not be replaced; nothing was.
    Occupied {
        /// Where they are.
        folder: PathBuf,
        /// Their paths in the folder.
        names: Vec<String>,
    },
    /// Files were being replaced when something failed, and the earlier ones could not all be put back.
    /// [`recover`](crate::output::recover) completes the replacement once the cause is mended.
    HalfReplaced {
        /// Where they are.
        folder: PathBuf,
        /// What failed.
        cause: String,
    },
    /// A database refused, failed or went away.
    Database {
        /// "SQLite", "PostgreSQL" or "Spark".
        engine: &'static str,
        /// Which of the known troubles it is.
        trouble: Trouble,
        /// What was being done.
        doing: String,
        /// What the database said.
        cause: String,
    },
    /// Polars refused an operation.
    Frame(PolarsError),
    /// A figure could not be drawn.
    Figure(String),
}

/// What can go wrong with a database, as far as the reader can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// The address does not parse, or names something that is not supported.
    BadAddress,
    /// Nothing answers at the address.
    Unreachable,
    /// The user or password was refused.
    Refused,
    /// The named database does not exist.
    NoSuchDatabase,
    /// The connection was lost while work was going on.
    ConnectionLost,
    /// No space is left where the data is kept.
    DiskFull,
    /// The file or folder cannot be written.
    NotWritable,
    /// The file is not a database.
    NotADatabase,
    /// Another process holds the database.
    Busy,
    /// What is there already, and is not this case's, has the names that are needed or would be lost.
    Taken,
    /// The statement itself is wrong.
    Statement,
}

impl Trouble {
    fn sentence(self) -> &'static str {
        match self {
            Trouble::BadAddress => "the address is not usable",
            Trouble::Unreachable => "no server answers there",
            Trouble::Refused => "the user or the password was refused",
            Trouble::NoSuchDatabase => "there is no such database",
            Trouble::ConnectionLost => {
                "the connection was lost; nothing was changed, the earlier data is still there"
            }
            Trouble::DiskFull => {
                "the disk is full; nothing was changed, the earlier data is still there"
            }
            Trouble::NotWritable => "it cannot be written",
            Trouble::NotADatabase => "the file is not a database",
            Trouble::Busy => "another process is using the database",
            Trouble::Taken => {
                "what is not this case's stands in the way; nothing was changed, it is still there"
            }
            Trouble::Statement => "the statement was refused",
        }
    }
}

impl Error {
    /// Which case this is.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    /// That a field holds a value outside its range: [`ErrorKind::InvalidConfig`].
    pub fn config(
        field: impl Into<String>,
        value: impl fmt::Display,
        accepted: impl Into<String>,
    ) -> Self {
        ErrorKind::InvalidConfig {
            field: field.into(),
            value: value.to_string(),
            accepted: accepted.into(),
        }
        .into()
    }

    /// The same error about a field of a struct that is itself a field.
    pub(crate) fn within(mut self, outer: &str) -> Self {
        if let ErrorKind::InvalidConfig { field, .. } = &mut *self.0 {
            *field = format!("{outer}.{field}");
        }
        self
    }

    pub(crate) fn column(frame: &'static str, column: &str, problem: impl Into<String>) -> Self {
        ErrorKind::BadColumn { frame, column: column.to_owned(), problem: problem.into() }.into()
    }

    /// That a file or folder could not be read or written: [`ErrorKind::File`].
    pub fn file(action: &'static str, path: &Path, cause: impl fmt::Display) -> Self {
        ErrorKind::File { action, path: path.to_owned(), cause: cause.to_string() }.into()
    }

    /// That a figure could not be drawn: [`ErrorKind::Figure`].
    pub fn figure(cause: impl fmt::Display) -> Self {
        ErrorKind::Figure(cause.to_string()).into()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Error(Box::new(kind))
    }
}

impl From<PolarsError> for Error {
    fn from(error: PolarsError) -> Self {
        ErrorKind::Frame(error).into()
    }
}

/// More names than these are counted.
const LISTED: usize = 12;

/// Names for people, the first of them if they are many.
fn listed(names: &[String]) -> String {
    match names.len().checked_sub(LISTED) {
        Some(more @ 1..) => format!("{} and {more} more", names[..LISTED].join(", ")),
        _ => names.join(", "),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            ErrorKind::InvalidConfig { field, value, accepted } => {
                write!(f, "`{field}` is {value}; accepted: {accepted}")
            }
            ErrorKind::MissingColumn { frame, column, present } => {
                write!(f, "the {frame} frame has no column `{column}`")?;
                match nearest(column, present.iter().map(String::as_str)) {
                    Some(meant) => write!(f, "; did you mean `{meant}`? It has ")?,
                    None => f.write_str("; it has ")?,
                }
                match present.as_slice() {
                    [] => f.write_str("none"),
                    names => write!(f, "`{}`", names.join("`, `")),
                }
            }
            ErrorKind::BadColumn { frame, column, problem } => {
                write!(f, "column `{column}` of the {frame} frame {problem}")
            }
            ErrorKind::File { action, path, cause } => {
                write!(f, "could not {action} {}: {cause}", path.display())
            }
            ErrorKind::Occupied { folder, names } => write!(
                f,
                "could not write into {}: not written by this program, or changed since: {}; \
                 nothing was replaced",
                folder.display(),
                listed(names)
            ),
            ErrorKind::HalfReplaced { folder, cause } => {
                write!(f, "could not replace files in {}: {cause}", folder.display())
            }
            ErrorKind::Database { engine, trouble, doing, cause } => {
                write!(f, "{engine}, while {doing}: {}", trouble.sentence())?;
                if cause.is_empty() { Ok(()) } else { write!(f, " ({cause})") }
            }
            ErrorKind::Frame(error) => write!(f, "{error}"),
            ErrorKind::Figure(cause) => write!(f, "could not draw the figure: {cause}"),
        }
    }
}

// A notebook or `main` prints an error that nobody caught with `{:?}`: a sentence helps there, a
// struct does not.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.kind() {
            ErrorKind::Frame(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_error_names_field_value_and_range() {
        let error = Error::config("share_small", 1.5, "0 to 1");
        assert_eq!(error.to_string(), "`share_small` is 1.5; accepted: 0 to 1");
        assert_eq!(format!("{error:?}"), error.to_string());
    }

    #[test]
    fn a_missing_column_is_shown_beside_those_present() {
        let error: Error = ErrorKind::MissingColumn {
            frame: "sessions",
            column: "created_at".into(),
            present: vec!["id".into(), "when".into()],
        }
        .into();
        assert_eq!(
            error.to_string(),
            "the sessions frame has no column `created_at`; it has `id`, `when`"
        );
    }

    #[test]
    fn a_slip_of_the_keyboard_is_told() {
        let error: Error = ErrorKind::MissingColumn {
            frame: "users",
            column: "segmnet".into(),
            present: vec!["user_id".into(), "segment".into()],
        }
        .into();
        assert_eq!(
            error.to_string(),
            "the users frame has no column `segmnet`; did you mean `segment`? It has `user_id`, `segment`"
        );
    }
}
