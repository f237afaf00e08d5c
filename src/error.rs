//! One error type for the whole library.
//!
//! An [`Error`] says what was being done, with what, and what would be accepted instead. Programs can tell cases apart
//! with methods such as [`Error::is_not_found`], or by [`ErrorKind`]; the [`source`](std::error::Error::source) is the
//! underlying error of the system, the database or polars.

mod near;

use std::any::Any;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use polars::error::PolarsError;

pub use near::nearest;
pub(crate) use near::{meant, unknown};

/// The result of every function in this library that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. [`Display`](fmt::Display) is a sentence for people; [`Error::kind`] is for code.
///
/// ```
/// use std::error::Error as _;
///
/// let error = casebook::warehouse::files::read("nowhere/users.csv").unwrap_err();
/// assert!(error.to_string().starts_with("could not read nowhere/users.csv: "));
/// assert!(error.is_not_found());
/// assert!(error.source().is_some_and(|source| source.is::<std::io::Error>()));
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    /// The error that led to it; [`ErrorKind::Frame`] holds its own.
    source: Option<Cause>,
}

/// The cause of an error: a text or an error; `?` converts either.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The kinds of [`Error`].
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A configuration field holds a value outside its range.
    InvalidConfig {
        /// The field as written in the struct, with the structs around it: `market.mentors`.
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
        /// The column that is missing.
        column: String,
        /// The columns that are there.
        present: Vec<String>,
    },
    /// A column has a type or a value that cannot be used.
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
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// Files that may not be replaced are where others would be written; nothing was changed.
    Occupied {
        /// Where they are.
        folder: PathBuf,
        /// Their paths in the folder.
        names: Vec<String>,
    },
    /// Files were being replaced when something failed, and the earlier ones could not all be put back.
    /// [`recover`](crate::output::recover) completes the replacement once the cause is fixed.
    HalfReplaced {
        /// Where they are.
        folder: PathBuf,
        /// What failed.
        cause: String,
    },
    /// A database refused, failed or disconnected.
    Database {
        /// "SQLite", "PostgreSQL" or "Spark".
        engine: &'static str,
        /// Which of the known problems it is.
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

/// What can go wrong with a database that the reader can do something about.
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
    /// Tables or files that are not this case's have the names it needs, or would be lost.
    Taken,
    /// The statement itself is wrong.
    Statement,
}

impl Trouble {
    fn sentence(self) -> &'static str {
        match self {
            Trouble::BadAddress => "the address is not usable",
            Trouble::Unreachable => "no server answers there",
            Trouble::Refused => "the user or password was refused",
            Trouble::NoSuchDatabase => "there is no such database",
            Trouble::ConnectionLost => {
                "the connection was lost; nothing was changed, and the earlier data is still there"
            }
            Trouble::DiskFull => {
                "the disk is full; nothing was changed, and the earlier data is still there"
            }
            Trouble::NotWritable => "it cannot be written",
            Trouble::NotADatabase => "the file is not a database",
            Trouble::Busy => "another process is using the database",
            Trouble::Taken => {
                "something that does not belong to this case is in the way; nothing was changed"
            }
            Trouble::Statement => "the statement was refused",
        }
    }
}

impl Error {
    /// Returns the kind of error.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Tells whether a configuration field holds a value outside its range: [`ErrorKind::InvalidConfig`].
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let config = saas::Config { companies: 0, ..Default::default() };
    /// assert!(saas::generate(&config).is_err_and(|error| error.is_invalid_config()));
    /// ```
    pub fn is_invalid_config(&self) -> bool {
        matches!(self.kind(), ErrorKind::InvalidConfig { .. })
    }

    /// Tells whether a frame lacks a column that a function needs: [`ErrorKind::MissingColumn`], or polars' own.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let frame = df!("month" => [1, 2])?;
    /// assert!(chart::line(&frame, "month", "users").draw().is_err_and(|error| error.is_missing_column()));
    /// assert!(number(&frame, "users", 0).is_err_and(|error| error.is_missing_column()));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn is_missing_column(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::MissingColumn { .. } | ErrorKind::Frame(PolarsError::ColumnNotFound(_))
        )
    }

    /// Tells whether a file or folder was not found: [`ErrorKind::File`] with that cause.
    pub fn is_not_found(&self) -> bool {
        let system = self.0.source.as_ref().and_then(|source| source.downcast_ref::<io::Error>());
        matches!(self.kind(), ErrorKind::File { .. })
            && system.is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// Tells whether files that may not be replaced are in the way: [`ErrorKind::Occupied`].
    pub fn is_occupied(&self) -> bool {
        matches!(self.kind(), ErrorKind::Occupied { .. })
    }

    /// Returns which of the known problems with a database this is: [`ErrorKind::Database`].
    ///
    /// ```
    /// use casebook::Trouble;
    /// use casebook::warehouse::Warehouse;
    ///
    /// let error = Warehouse::at("oracle:shop").err();
    /// assert_eq!(error.and_then(|error| error.trouble()), Some(Trouble::BadAddress));
    /// ```
    pub fn trouble(&self) -> Option<Trouble> {
        match self.kind() {
            ErrorKind::Database { trouble, .. } => Some(*trouble),
            _ => None,
        }
    }

    /// Creates an error about a field with a value outside its range: [`ErrorKind::InvalidConfig`].
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

    /// Returns the same error for a field of a struct that is itself a field.
    pub(crate) fn within(mut self, outer: &str) -> Self {
        if let ErrorKind::InvalidConfig { field, .. } = &mut self.0.kind {
            *field = format!("{outer}.{field}");
        }
        self
    }

    pub(crate) fn column(frame: &'static str, column: &str, problem: impl Into<String>) -> Self {
        ErrorKind::BadColumn { frame, column: column.to_owned(), problem: problem.into() }.into()
    }

    /// Creates an error about a file or folder that could not be read or written: [`ErrorKind::File`]. The cause is a
    /// text, or an error, which is kept as the [`source`](std::error::Error::source).
    ///
    /// ```
    /// use std::error::Error as _;
    ///
    /// use casebook::Error;
    ///
    /// let path = std::path::Path::new("users.csv");
    /// let full = std::io::Error::other("the disk is full");
    /// let error = Error::file("write", path, full);
    /// assert_eq!(error.to_string(), "could not write users.csv: the disk is full");
    /// assert!(error.source().is_some());
    /// assert!(Error::file("write", path, "it is a folder").source().is_none());
    /// ```
    pub fn file(action: &'static str, path: &Path, cause: impl Into<Cause> + 'static) -> Self {
        let (cause, source) = parted(cause);
        let kind = ErrorKind::File { action, path: path.to_owned(), cause };
        Error(Box::new(Inner { kind, source }))
    }

    /// Creates an error about a database: [`ErrorKind::Database`]. The cause is a text, or an error, which is kept as the
    /// [`source`](std::error::Error::source).
    pub fn database(
        engine: &'static str,
        trouble: Trouble,
        doing: impl Into<String>,
        cause: impl Into<Cause> + 'static,
    ) -> Self {
        let (cause, source) = parted(cause);
        let kind = ErrorKind::Database { engine, trouble, doing: doing.into(), cause };
        Error(Box::new(Inner { kind, source }))
    }

    /// Creates an error about a figure that could not be drawn: [`ErrorKind::Figure`]. The cause is a text, or an error,
    /// which is kept as the [`source`](std::error::Error::source).
    pub fn figure(cause: impl Into<Cause> + 'static) -> Self {
        let (cause, source) = parted(cause);
        Error(Box::new(Inner { kind: ErrorKind::Figure(cause), source }))
    }

    /// Keeps the error that led to this one, if this one rephrases it.
    pub fn with_source(mut self, source: impl Into<Cause>) -> Self {
        self.0.source = Some(source.into());
        self
    }
}

/// Splits a cause into its message and the cause itself, unless it is only a message.
fn parted<C: Into<Cause> + 'static>(cause: C) -> (String, Option<Cause>) {
    let any: &dyn Any = &cause;
    let words = any.is::<String>() || any.is::<&'static str>();
    let cause = cause.into();
    (cause.to_string(), (!words).then_some(cause))
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Error(Box::new(Inner { kind, source: None }))
    }
}

impl From<PolarsError> for Error {
    fn from(error: PolarsError) -> Self {
        ErrorKind::Frame(error).into()
    }
}

/// Up to this many names are listed; the rest are counted.
const LISTED: usize = 12;

/// Lists names for people; only the first if there are many.
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
        match (self.kind(), &self.0.source) {
            (_, Some(source)) => Some(&**source),
            (ErrorKind::Frame(error), None) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as StdError;

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

    /// Returns what each error of the chain says below the first.
    fn chain(error: &Error) -> Vec<String> {
        let mut told = vec![];
        let mut next = error.source();
        while let Some(error) = next {
            told.push(error.to_string());
            next = error.source();
        }
        told
    }

    fn full() -> io::Error {
        io::Error::from(io::ErrorKind::StorageFull)
    }

    #[test]
    fn every_kind_leads_to_what_it_comes_from() {
        let path = Path::new("users.csv");
        let file = Error::file("write", path, full());
        let database = Error::database("SQLite", Trouble::DiskFull, "loading", full());
        let figure = Error::figure(full());
        let folder = PathBuf::from("out");
        let half = ErrorKind::HalfReplaced { folder, cause: "it failed".into() };
        let half = Error::from(half).with_source(Error::file("write", path, full()));
        for error in [&file, &database, &figure] {
            let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
            assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::StorageFull), "{error}");
            assert_eq!(chain(error), [full().to_string()]);
            assert!(error.to_string().contains(&full().to_string()), "{error}");
        }
        assert_eq!(chain(&half), [file.to_string(), full().to_string()]);
        assert_eq!(half.to_string(), "could not replace files in out: it failed");
        let polars: Error = PolarsError::NoData("no rows".into()).into();
        assert!(polars.source().is_some_and(|source| source.is::<PolarsError>()));
    }

    #[test]
    fn words_are_no_source() {
        let path = Path::new("users.csv");
        for error in [
            Error::file("write", path, "it is a folder"),
            Error::file("write", path, "it is a folder".to_owned()),
            Error::database("Spark", Trouble::Statement, "running a query", "it ended"),
            Error::figure("no table"),
            Error::config("share_small", 1.5, "0 to 1"),
            Error::column("sessions", "id", "has an empty value"),
            ErrorKind::Occupied { folder: "out".into(), names: vec![] }.into(),
        ] {
            assert_eq!(chain(&error), Vec::<String>::new(), "{error}");
        }
    }

    #[test]
    fn only_what_is_not_there_is_not_found() {
        let path = Path::new("users.csv");
        let read = |kind: io::ErrorKind| Error::file("read", path, io::Error::from(kind));
        assert!(read(io::ErrorKind::NotFound).is_not_found());
        assert!(!read(io::ErrorKind::PermissionDenied).is_not_found());
        assert!(!Error::file("read", path, "it is empty").is_not_found());
        let missing = io::Error::from(io::ErrorKind::NotFound);
        assert!(!Error::figure(missing).is_not_found());
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
