//! Where generated data goes: files, SQLite, PostgreSQL.
//!
//! [`Warehouse`] is a database with a case's tables. SQLite is compiled in and is the default; PostgreSQL is used when
//! `DATABASE_URL` is set. Loading replaces what was there, all or nothing.
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
mod engine;
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
pub use engine::{Engine, Sink};
use queries::{Query, Schema};

/// A database that holds one case's tables.
pub struct Warehouse {
    engine: Box<dyn Engine>,
}

impl Warehouse {
    /// Opens a SQLite database in a file, which is created if needed.
    ///
    /// # Errors
    /// [`Trouble::NotWritable`], [`Trouble::NotADatabase`] or [`Trouble::Busy`].
    pub fn sqlite(path: impl AsRef<Path>) -> Result<Warehouse> {
        Ok(Warehouse { engine: Box::new(sqlite::Sqlite::open(path.as_ref())?) })
    }

    /// Opens a SQLite database in memory, which is gone when dropped.
    ///
    /// # Errors
    /// Those of SQLite, if memory runs out.
    pub fn in_memory() -> Result<Warehouse> {
        Ok(Warehouse { engine: Box::new(sqlite::Sqlite::in_memory()?) })
    }

    /// Connects to a PostgreSQL database, given as a URL or as key=value pairs. Tables go into a schema of their own,
    /// so nothing else in the database is touched. Connections are not encrypted: use a server on this machine or a
    /// tunnel.
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

    /// Opens the database named by the environment variable `DATABASE_URL`; without one, SQLite in the given file.
    ///
    /// # Errors
    /// As [`Warehouse::postgres`] and [`Warehouse::sqlite`].
    pub fn from_env(sqlite_path: impl AsRef<Path>) -> Result<Warehouse> {
        match std::env::var("DATABASE_URL") {
            Ok(url) if !url.trim().is_empty() => Warehouse::at(&url),
            _ => Warehouse::sqlite(sqlite_path),
        }
    }

    /// Opens the database at a URL: `postgres://…` or `sqlite:FILE`.
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
                    false => "it must start with sqlite: (this build does not support PostgreSQL)",
                };
                let doing = "choosing a database";
                Err(Error::database("DATABASE_URL", Trouble::BadAddress, doing, cause))
            }
        }
    }

    /// Creates the schema's tables and fills them, in one transaction: afterwards all rows are there or, after an
    /// error, exactly what was there before. Loading again replaces them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn load(&mut self, schema: &Schema, tables: &[(&'static str, &DataFrame)]) -> Result<()> {
        self.replace(schema, |sink| {
            tables.iter().try_for_each(|(table, rows)| sink.append(table, rows))
        })
    }

    /// Does what [`Warehouse::load`] does, for rows that are generated while loading.
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

    /// Drops the schema's tables and views, in one transaction. Tables that something else made, or builds on, stay, and so
    /// does everything with them. Where nothing was loaded, nothing changes.
    ///
    /// To delete the rows and keep the tables, load nothing: `db.load(&schema, &[])`.
    ///
    /// # Errors
    /// Those of the database; [`Trouble::Taken`], which names what is in the way.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let tables = saas::generate(&saas::Config { companies: 20, ..saas::Config::default() })?;
    /// let mut db = Warehouse::in_memory()?;
    /// db.load(&queries::saas::SCHEMA, &tables.named())?;
    /// db.load(&queries::saas::SCHEMA, &[])?; // the tables, without rows
    /// assert_eq!(db.query("SELECT * FROM companies")?.height(), 0);
    /// db.remove(&queries::saas::SCHEMA)?;
    /// assert!(db.query("SELECT * FROM companies").is_err());
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn remove(&mut self, schema: &Schema) -> Result<()> {
        self.engine.remove(schema)
    }

    /// Runs one statement and returns its rows.
    ///
    /// Column types are those that the query declares ([`Query::returning`]; the cases' own queries declare all of
    /// theirs), otherwise those that the tables declare: integers come as i64, real numbers as f64, text as String, and
    /// booleans, dates and timestamps as themselves, on SQLite and PostgreSQL alike. For computed columns of an
    /// undeclared query, PostgreSQL knows the type: a decimal comes as i64 if it has no decimal places, such as
    /// `SUM(bigint)`, otherwise as f64. SQLite knows only values, and the widest decides, even if a value is not of the
    /// type that a table declares, as in a union of whole and real numbers: a computed date is text there, and a
    /// comparison is 0 or 1.
    ///
    /// # Errors
    /// [`Trouble::Statement`] with the database's explanation, or that the connection was lost;
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a column that is not as declared, or of a type that
    /// frames don't support.
    pub fn query<'q>(&mut self, query: impl Into<Query<'q>>) -> Result<DataFrame> {
        self.engine.query(query.into())
    }

    /// Runs a query about a day, as [`Warehouse::query`] does.
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

    /// Runs a query about a day for a notebook, as [`Warehouse::ask`] does.
    ///
    /// # Errors
    /// As [`Warehouse::query`].
    pub fn ask_on(&mut self, query: Query<'static>, as_of: chrono::NaiveDate) -> Result<Answer> {
        Ok(Answer { query, frame: self.query_on(query, as_of)? })
    }

    /// Runs a query for a notebook, as [`Warehouse::query`] does: the answer shows the SQL above its rows.
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
