//! What a database has to do for a case's tables.

use polars::prelude::DataFrame;

use super::queries::{Query, Schema};
use crate::error::{Error, Result, Trouble};

/// Receives the rows of a load, table by table.
pub trait Sink {
    /// Adds a frame's rows to a table. Parent tables must come before their children. Names are taken literally,
    /// including key words and quotes; moments are kept to the microsecond, those with a time zone in UTC.
    ///
    /// # Errors
    /// Those of the database; [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a column of another type than
    /// the table's, or a value that the table's column would change, such as a number with too many digits. After an
    /// error, the load is undone.
    fn append(&mut self, table: &'static str, rows: &DataFrame) -> Result<()>;
}

/// What each database implements: see [`Warehouse::of`](super::Warehouse::of).
pub trait Engine: Send {
    /// Replaces the schema's tables with what `fill` puts into the sink, in one transaction.
    ///
    /// # Errors
    /// Those of the database, and whatever `fill` returns.
    fn replace(
        &mut self,
        schema: &Schema,
        fill: &mut dyn FnMut(&mut dyn Sink) -> Result<()>,
    ) -> Result<()>;
    /// Drops the schema's tables and views, in one transaction.
    ///
    /// # Errors
    /// Those of the database. A kind that doesn't implement it drops nothing and says so.
    fn remove(&mut self, schema: &Schema) -> Result<()> {
        let doing = format!("removing {}", schema.name);
        Err(Error::database("this database", Trouble::NotWritable, doing, "it can't drop tables"))
    }
    /// Runs one statement and returns its rows.
    ///
    /// # Errors
    /// [`Trouble::Statement`] with the database's explanation, or that the connection was lost.
    fn query(&mut self, query: Query) -> Result<DataFrame>;
    /// Says for people which database this is, and where. Never shows a password.
    fn describe(&self) -> String;
}
