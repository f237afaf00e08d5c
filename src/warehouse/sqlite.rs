//! SQLite, the default warehouse.

mod owned;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use polars::prelude::DataFrame;
use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use rusqlite::{Connection, ErrorCode, Statement, TransactionBehavior, params_from_iter};

use super::column::{Cell, Cells, Value, column, is_real, moment, widest};
use super::engine::{Engine, Sink};
use super::queries::{Query, Schema};
use super::sql;
use super::types::ColumnType;
use crate::error::{Error, Result, Trouble};

pub struct Sqlite {
    connection: Connection,
    path: Option<PathBuf>,
}

impl Sqlite {
    pub fn open(path: &Path) -> Result<Sqlite> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|cause| Error::file("create", folder, cause))?;
        }
        let doing = || format!("opening {}", path.display());
        let connection = Connection::open(path).map_err(|error| failure(error, doing()))?;
        let sqlite = Sqlite { connection, path: Some(path.to_owned()) };
        // SQLite opens anything and looks only when asked: ask now, so that the error names the file.
        sqlite
            .connection
            .query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()))
            .map_err(|error| failure(error, doing()))?;
        sqlite.prepare()
    }

    pub fn in_memory() -> Result<Sqlite> {
        let connection = Connection::open_in_memory()
            .map_err(|error| failure(error, "opening a database in memory".into()))?;
        Sqlite { connection, path: None }.prepare()
    }

    fn prepare(self) -> Result<Sqlite> {
        self.connection
            .execute_batch("PRAGMA foreign_keys = ON")
            .and_then(|()| self.connection.busy_timeout(std::time::Duration::from_secs(5)))
            .map_err(|error| failure(error, format!("opening {}", self.describe())))?;
        Ok(self)
    }

    /// Limits the size of the file, to see what a full disk does.
    #[cfg(test)]
    fn limit_pages(&self, pages: u32) {
        self.connection.pragma_update(None, "max_page_count", pages).unwrap();
    }
}

impl Engine for Sqlite {
    fn replace(
        &mut self,
        schema: &Schema,
        fill: &mut dyn FnMut(&mut dyn Sink) -> Result<()>,
    ) -> Result<()> {
        let doing = format!("loading {} into {}", schema.name, self.describe());
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| failure(error, doing.clone()))?;
        let found =
            owned::look(&transaction, schema).map_err(|error| failure(error, doing.clone()))?;
        if !found.foreign.is_empty() {
            let cause = format!("{}; name another file", found.foreign.join(", "));
            return Err(Error::database("SQLite", Trouble::Taken, doing, cause));
        }
        let (before, after) = Schema::in_two(&sql::with_moments(schema.sqlite));
        [found.drops.as_str(), &before, schema.common]
            .iter()
            .try_for_each(|statements| transaction.execute_batch(statements))
            .map_err(|error| failure(error, doing.clone()))?;
        fill(&mut Rows { connection: &transaction, doing: &doing, known: BTreeMap::new() })?;
        transaction
            .execute_batch(&after)
            .and_then(|()| {
                let analyze = |table: &&str| {
                    transaction.execute_batch(&format!("ANALYZE {}", sql::name(table)))
                };
                schema.tables.iter().try_for_each(analyze)
            })
            .and_then(|()| owned::note(&transaction, schema))
            .and_then(|()| transaction.commit())
            .map_err(|error| failure(error, doing))
    }

    fn remove(&mut self, schema: &Schema) -> Result<()> {
        let doing = format!("removing {} from {}", schema.name, self.describe());
        let fail = |error| failure(error, doing.clone());
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(fail)?;
        let found = owned::look(&transaction, schema).map_err(fail)?;
        if !found.foreign.is_empty() {
            return Err(Error::database("SQLite", Trouble::Taken, doing, found.foreign.join(", ")));
        }
        transaction
            .execute_batch(&found.drops)
            .and_then(|()| owned::forget(&transaction, schema))
            .and_then(|()| transaction.commit())
            .map_err(fail)
    }

    fn query(&mut self, query: Query) -> Result<DataFrame> {
        let fail = |error| failure(error, "running a query".to_owned());
        let mut statement = self.connection.prepare(query.text).map_err(fail)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let declared = query.types(&names)?;
        let inferred = match &declared {
            Some(_) => vec![],
            None => inferred(&self.connection, query.text, names.len()),
        };
        let columns = read(&mut statement, names.len()).map_err(fail)?;
        let typed = names.into_iter().zip(columns).enumerate().map(|(place, (name, stored))| {
            let values: Vec<Value> =
                stored.into_iter().map(|one| value(name, one)).collect::<Result<_>>()?;
            let kind = match &declared {
                Some(types) => types[place],
                None => inferred[place]
                    .filter(|kind| values.iter().all(|value| value.is(*kind)))
                    .unwrap_or_else(|| widest(&values)),
            };
            column(name, kind, values)
        });
        Ok(DataFrame::new_infer_height(typed.collect::<Result<_>>()?)?)
    }

    fn describe(&self) -> String {
        match &self.path {
            Some(path) => format!("SQLite in {}", path.display()),
            None => "SQLite in memory".into(),
        }
    }
}

struct Rows<'t> {
    connection: &'t Connection,
    doing: &'t str,
    /// Column types of the tables that rows went into.
    known: BTreeMap<&'static str, Types>,
}

/// A table's columns, in lower case as SQLite compares them, and their declared types.
type Types = BTreeMap<String, Option<ColumnType>>;

impl Sink for Rows<'_> {
    fn append(&mut self, table: &'static str, rows: &DataFrame) -> Result<()> {
        let fail = |error| failure(error, self.doing.to_owned());
        let cells = Cells::of(rows)?;
        let names = sql::names(cells.iter().map(Cells::name));
        let known = match self.known.entry(table) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(declared(self.connection, table).map_err(fail)?),
        };
        let kind = |column: &Cells| *known.get(&column.name().to_ascii_lowercase())?;
        let types: Vec<Option<ColumnType>> = cells.iter().map(kind).collect();
        for (column, wanted) in cells.iter().zip(&types) {
            if let Some(wanted) = wanted.filter(|wanted| !wanted.takes(column.kind())) {
                let problem = format!("is {}; the column of `{table}` is {wanted}", column.kind());
                return Err(Error::column("loaded", column.name(), problem));
            }
            // SQLite would round it.
            let rounded = |cell: &Cell| matches!(cell, Cell::Int(number) if !is_real(*number));
            if *wanted == Some(ColumnType::Real)
                && column.kind() == ColumnType::Integer
                && let Some(cell) = column.find(rounded)
            {
                let problem =
                    format!("holds {cell}, which the column of `{table}`, real, would change");
                return Err(Error::column("loaded", column.name(), problem));
            }
            if column.has_nan() {
                let problem = "holds NaN, which SQLite would store as null: make it null if that \
                               is what you mean";
                return Err(Error::column("loaded", column.name(), problem));
            }
        }
        let places = vec!["?"; cells.len()].join(", ");
        let insert = format!("INSERT INTO {} ({names}) VALUES ({places})", sql::name(table));
        let mut insert = self.connection.prepare(&insert).map_err(fail)?;
        for row in 0..rows.height() {
            let values = cells.iter().zip(&types);
            let values = values.map(|(column, wanted)| sql_value(column.get(row), *wanted));
            insert.execute(params_from_iter(values)).map_err(fail)?;
        }
        Ok(())
    }
}

/// SQLite has no dates; ISO text sorts and compares in the same order.
fn sql_value(cell: Cell<'_>, wanted: Option<ColumnType>) -> ToSqlOutput<'_> {
    let text = |text: String| ToSqlOutput::Owned(Stored::Text(text));
    match cell {
        Cell::Null => ToSqlOutput::Borrowed(ValueRef::Null),
        Cell::Int(number) => ToSqlOutput::Borrowed(ValueRef::Integer(number)),
        Cell::Real(number) => ToSqlOutput::Borrowed(ValueRef::Real(number)),
        Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Cell::Bool(yes) => ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(yes))),
        Cell::Date(day) if wanted == Some(ColumnType::Timestamp) => text(moment(day.into())),
        Cell::Date(day) => text(day.to_string()),
        Cell::Moment(at) => text(moment(at)),
    }
}

/// Returns the types that a table declares.
fn declared(connection: &Connection, table: &str) -> rusqlite::Result<Types> {
    let mut info = connection.prepare("SELECT lower(name), type FROM pragma_table_xinfo(?)")?;
    let read =
        |row: &rusqlite::Row| Ok((row.get(0)?, ColumnType::declared(&row.get::<_, String>(1)?)));
    info.query_map([table], read)?.collect()
}

/// Returns the types that tables declare for a query's columns, if they are columns of a table, even through views. For
/// a union or a recursion, SQLite reports what the first part declares.
fn inferred(connection: &Connection, text: &str, columns: usize) -> Vec<Option<ColumnType>> {
    let ask = || -> rusqlite::Result<Vec<Option<ColumnType>>> {
        let view = free_name(connection, text)?;
        // Only the first statement: what follows it is not run.
        connection.prepare(&format!("CREATE TEMP VIEW {view} AS {text}"))?.execute([])?;
        let ask = || {
            let mut info = connection.prepare(&format!("PRAGMA temp.table_info({view})"))?;
            info.query_map([], |row| Ok(ColumnType::declared(&row.get::<_, String>(2)?)))?.collect()
        };
        let found = ask();
        connection.execute_batch(&format!("DROP VIEW temp.{view}"))?;
        found
    };
    // What is no SELECT, such as EXPLAIN, declares nothing.
    ask().ok().filter(|found| found.len() == columns).unwrap_or_else(|| vec![None; columns])
}

/// A name for a temporary view of a query: nothing temporary has it already, and the query does not speak of it, or the
/// view would stand before a table of that name.
fn free_name(connection: &Connection, text: &str) -> rusqlite::Result<String> {
    let text = text.to_ascii_lowercase();
    let mut taken = connection.prepare("SELECT 1 FROM temp.sqlite_schema WHERE lower(name) = ?")?;
    let mut number = 0_u64;
    loop {
        let name = format!("casebook_result_{number}");
        if !text.contains(&name) && !taken.exists([&name])? {
            return Ok(name);
        }
        number += 1;
    }
}

/// The cells of each column.
fn read(statement: &mut Statement, width: usize) -> rusqlite::Result<Vec<Vec<Stored>>> {
    let mut columns = vec![vec![]; width];
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for (index, column) in columns.iter_mut().enumerate() {
            column.push(row.get::<_, Stored>(index)?);
        }
    }
    Ok(columns)
}

fn value(name: &str, stored: Stored) -> Result<Value> {
    Ok(match stored {
        Stored::Null => Value::Null,
        Stored::Integer(number) => Value::Int(number),
        Stored::Real(number) => Value::Real(number),
        Stored::Text(text) => Value::Text(text),
        Stored::Blob(_) => {
            let problem = "holds binary data, which is not supported";
            return Err(Error::column("result", name, problem));
        }
    })
}

fn failure(error: rusqlite::Error, doing: String) -> Error {
    let trouble = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Trouble::DiskFull,
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            Trouble::NotWritable
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Trouble::NotADatabase,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Trouble::Busy,
        _ => Trouble::Statement,
    };
    Error::database("SQLite", trouble, doing, error)
}
