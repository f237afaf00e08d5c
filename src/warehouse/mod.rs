//! Where generated data goes: files, SQLite, PostgreSQL.
//!
//! [`Warehouse`] is a database with a case's tables in it. SQLite is compiled in and is the default;
//! PostgreSQL is used when `DATABASE_URL` is set. Loading replaces what was there, all or nothing.
//!
//! ```
//! use casebook::cases::saas;
//! use casebook::warehouse::{Warehouse, queries};
//!
//! let tables = saas::generate(&saas::Config::default())?;
//! let mut db = Warehouse::in_memory()?;
//! db.load(&queries::saas::SCHEMA, &tables.named())?;
//! let clients = db.query(queries::saas::CLIENTS)?;
//! assert_eq!(clients.height(), 24); // 12 months, 2 sizes
//! # Ok::<(), casebook::Error>(())
//! ```

mod ahead;
mod column;
pub mod files;
mod parquet;
#[cfg(feature = "postgres")]
mod postgres;
pub mod queries;
mod sql;
mod sqlite;
mod types;

use std::fmt;
use std::path::Path;

use polars::prelude::DataFrame;

use crate::error::{Error, Result, Trouble};
pub use ahead::ahead;
use queries::{Query, Schema};

/// A database that holds one case's tables.
pub struct Warehouse {
    engine: Box<dyn Engine>,
}

/// Receives the rows of a load, table by table.
pub trait Sink {
    /// Adds a frame's rows to a table. Tables must come parents before children. Names are taken as they are, key words
    /// and quotes included; moments are kept to the microsecond, those of a time zone in UTC.
    ///
    /// # Errors
    /// Those of the database; [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a column of another type than the table's, or a value that
    /// the table's column would keep as another: a number with more digits than it has, say. After one, the load is
    /// undone.
    fn append(&mut self, table: &'static str, rows: &DataFrame) -> Result<()>;
}

/// What databases do, each in its own way: see [`Warehouse::of`].
pub trait Engine: Send {
    /// Replaces the schema's tables by what `fill` puts into the sink, in one transaction.
    ///
    /// # Errors
    /// Those of the database, and whatever `fill` returns.
    fn replace(
        &mut self,
        schema: &Schema,
        fill: &mut dyn FnMut(&mut dyn Sink) -> Result<()>,
    ) -> Result<()>;
    /// Runs one statement and returns its rows.
    ///
    /// # Errors
    /// [`Trouble::Statement`] with the database's explanation, or that the connection was lost.
    fn query(&mut self, query: Query) -> Result<DataFrame>;
    /// For people: which database, where. Never a password.
    fn describe(&self) -> String;
}

impl Warehouse {
    /// A SQLite database in a file, made if it is not there.
    ///
    /// # Errors
    /// [`Trouble::NotWritable`], [`Trouble::NotADatabase`] or [`Trouble::Busy`].
    pub fn sqlite(path: impl AsRef<Path>) -> Result<Warehouse> {
        Ok(Warehouse { engine: Box::new(sqlite::Sqlite::open(path.as_ref())?) })
    }

    /// A SQLite database in memory, gone when dropped.
    ///
    /// # Errors
    /// Those of SQLite, if memory runs out.
    pub fn in_memory() -> Result<Warehouse> {
        Ok(Warehouse { engine: Box::new(sqlite::Sqlite::in_memory()?) })
    }

    /// A PostgreSQL database, given as a URL or as key=value pairs. Tables go into a schema of their
    /// own, so nothing else in the database is touched. Connections are not encrypted: use a server
    /// on this machine or a tunnel.
    ///
    /// # Errors
    /// [`Trouble::BadAddress`], [`Trouble::Unreachable`], [`Trouble::Refused`] or
    /// [`Trouble::NoSuchDatabase`].
    #[cfg(feature = "postgres")]
    pub fn postgres(url: &str) -> Result<Warehouse> {
        Ok(Warehouse { engine: Box::new(postgres::Postgres::connect(url)?) })
    }

    /// Wraps a database of another kind.
    pub fn of(engine: impl Engine + 'static) -> Warehouse {
        Warehouse { engine: Box::new(engine) }
    }

    /// The database named by the environment variable `DATABASE_URL`; without one, SQLite in the
    /// given file.
    ///
    /// # Errors
    /// As [`Warehouse::postgres`] and [`Warehouse::sqlite`].
    pub fn from_env(sqlite_path: impl AsRef<Path>) -> Result<Warehouse> {
        match std::env::var("DATABASE_URL") {
            Ok(url) if !url.trim().is_empty() => Warehouse::at(&url),
            _ => Warehouse::sqlite(sqlite_path),
        }
    }

    /// The database at a URL: `postgres://…` or `sqlite:FILE`.
    ///
    /// # Errors
    /// As [`Warehouse::postgres`] and [`Warehouse::sqlite`].
    pub fn at(url: &str) -> Result<Warehouse> {
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
        match scheme {
            "sqlite" => Warehouse::sqlite(url.strip_prefix("sqlite:").unwrap_or(url)),
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => Warehouse::postgres(url),
            // The address itself stays out of the message: it may hold a password.
            _ => {
                let cause = match cfg!(feature = "postgres") {
                    true => "it must start with postgres:// or sqlite:",
                    false => "it must start with sqlite: (this build has no PostgreSQL)",
                };
                let doing = "choosing a database";
                Err(Error::database("DATABASE_URL", Trouble::BadAddress, doing, cause))
            }
        }
    }

    /// Creates the schema's tables and fills them, in one transaction: afterwards all rows are there,
    /// or, after an error, exactly what was there before. Loading again replaces.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load(&mut self, schema: &Schema, tables: &[(&'static str, &DataFrame)]) -> Result<()> {
        self.replace(schema, |sink| {
            tables.iter().try_for_each(|(table, rows)| sink.append(table, rows))
        })
    }

    /// As [`Warehouse::load`], for rows that are made on the way.
    ///
    /// # Errors
    /// Those of the database, and whatever `fill` returns.
    pub fn replace(
        &mut self,
        schema: &Schema,
        mut fill: impl FnMut(&mut dyn Sink) -> Result<()>,
    ) -> Result<()> {
        self.engine.replace(schema, &mut fill)
    }

    /// Runs one statement and returns its rows.
    ///
    /// Column types are those that the query declares ([`Query::returning`]; the cases' own queries declare all of
    /// theirs), else those that the tables declare: integers come as i64, real numbers as f64, text as String, and
    /// booleans, dates and timestamps as what they are, on SQLite and PostgreSQL alike. For what an undeclared query
    /// computes, PostgreSQL knows the type: a decimal comes as i64 if it has no decimal places, such as
    /// `SUM(bigint)`, else as f64. SQLite knows only values, and the widest decides, also where a value is not of the
    /// type that a table declares, as in a union of whole and real numbers: there a date that is computed is text,
    /// and a comparison is 0 or 1.
    ///
    /// # Errors
    /// [`Trouble::Statement`] with the database's explanation, or that the connection was lost;
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a column that is not as declared, or of a type that no frame holds.
    pub fn query<'q>(&mut self, query: impl Into<Query<'q>>) -> Result<DataFrame> {
        self.engine.query(query.into())
    }

    /// As [`Warehouse::query`], for a query that is asked about a day.
    ///
    /// # Errors
    /// As [`Warehouse::query`].
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let tables = notion::generate(&notion::Config { users: 300, ..Default::default() })?;
    /// let mut db = Warehouse::in_memory()?;
    /// db.load(&queries::notion::SCHEMA, &tables.named())?;
    /// let day = chrono::NaiveDate::from_ymd_opt(2024, 2, 29).unwrap_or_default();
    /// let weeks = db.query_on(queries::notion::NORTH_STAR, day)?;
    /// assert_eq!(weeks.height(), 12);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn query_on<'q>(
        &mut self,
        query: impl Into<Query<'q>>,
        as_of: chrono::NaiveDate,
    ) -> Result<DataFrame> {
        let query = query.into();
        self.engine.query(Query { text: &query.on(as_of), ..query })
    }

    /// As [`Warehouse::ask`], for a query that is asked about a day.
    ///
    /// # Errors
    /// As [`Warehouse::query`].
    pub fn ask_on(&mut self, query: Query<'static>, as_of: chrono::NaiveDate) -> Result<Answer> {
        Ok(Answer { query, frame: self.query_on(query, as_of)? })
    }

    /// As [`Warehouse::query`], for a notebook: the answer shows the SQL above its rows.
    ///
    /// # Errors
    /// As [`Warehouse::query`].
    pub fn ask(&mut self, query: Query<'static>) -> Result<Answer> {
        Ok(Answer { query, frame: self.query(query)? })
    }
}

/// A query and what it returned, shown together.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The query.
    pub query: Query<'static>,
    /// Its rows.
    pub frame: DataFrame,
}

impl fmt::Display for Warehouse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.engine.describe())
    }
}

impl fmt::Debug for Warehouse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Warehouse({self})")
    }
}
