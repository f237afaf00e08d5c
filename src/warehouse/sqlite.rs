//! The default warehouse.

mod owned;

use std::path::{Path, PathBuf};

use polars::prelude::DataFrame;
use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use rusqlite::{Connection, ErrorCode, Statement, TransactionBehavior, params_from_iter};

use super::column::{Cell, Cells, Value, column, moment, widest};
use super::queries::{Query, Schema};
use super::types::ColumnType;
use super::{Engine, Sink, sql};
use crate::error::{Error, ErrorKind, Result, Trouble};

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
            let trouble = Trouble::Taken;
            return Err(ErrorKind::Database { engine: "SQLite", trouble, doing, cause }.into());
        }
        let (before, after) = Schema::in_two(schema.sqlite);
        [found.drops.as_str(), &before, schema.common]
            .iter()
            .try_for_each(|statements| transaction.execute_batch(statements))
            .map_err(|error| failure(error, doing.clone()))?;
        fill(&mut Rows { connection: &transaction, doing: &doing })?;
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

    fn query(&mut self, query: Query) -> Result<DataFrame> {
        let fail = |error| failure(error, "running a query".to_owned());
        let mut statement = self.connection.prepare(query.text).map_err(fail)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let types: Vec<Option<ColumnType>> = match query.types(&names)? {
            Some(types) => types.into_iter().map(Some).collect(),
            None => declared(&self.connection, query.text, names.len()),
        };
        let columns = read(&mut statement, names.len()).map_err(fail)?;
        let typed = names.into_iter().zip(types).zip(columns).map(|((name, kind), stored)| {
            let values: Vec<Value> =
                stored.into_iter().map(|one| value(name, one)).collect::<Result<_>>()?;
            column(name, kind.unwrap_or_else(|| widest(&values)), values)
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
}

impl Sink for Rows<'_> {
    fn append(&mut self, table: &'static str, rows: &DataFrame) -> Result<()> {
        let fail = |error| failure(error, self.doing.to_owned());
        let cells = Cells::of(rows)?;
        let names = sql::names(cells.iter().map(Cells::name));
        let select = format!("SELECT {names} FROM {}", sql::name(table));
        let types = declared(self.connection, &select, cells.len());
        for (column, wanted) in cells.iter().zip(&types) {
            if let Some(wanted) = wanted.filter(|wanted| !wanted.takes(column.kind())) {
                let problem = format!("is {}; the column of `{table}` is {wanted}", column.kind());
                return Err(Error::column("loaded", column.name(), problem));
            }
            if column.has_nan() {
                let problem =
                    "holds NaN, which SQLite would keep as null: make it null, if that is meant";
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

/// SQLite has no dates: ISO text sorts and compares as they do.
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

/// The types that tables declare for a query's columns, where a column is a table's, maybe through views: SQLite
/// says so of a view.
fn declared(connection: &Connection, text: &str, columns: usize) -> Vec<Option<ColumnType>> {
    const VIEW: &str = "casebook_result";
    let ask = || -> rusqlite::Result<Vec<Option<ColumnType>>> {
        // Only the first statement: what follows it is not run.
        connection.prepare(&format!("CREATE TEMP VIEW {VIEW} AS {text}"))?.execute([])?;
        let mut info = connection.prepare(&format!("PRAGMA temp.table_info({VIEW})"))?;
        info.query_map([], |row| Ok(ColumnType::declared(&row.get::<_, String>(2)?)))?.collect()
    };
    let found = ask();
    // Without a view there is nothing to drop.
    let _ = connection.execute_batch(&format!("DROP VIEW IF EXISTS temp.{VIEW}"));
    // What is no SELECT, such as EXPLAIN, declares nothing.
    found.ok().filter(|found| found.len() == columns).unwrap_or_else(|| vec![None; columns])
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
    let cause = error.to_string();
    ErrorKind::Database { engine: "SQLite", trouble, doing, cause }.into()
}

#[cfg(test)]
mod tests {
    use super::super::queries::saas;
    use super::*;
    use crate::cases::saas as case;

    fn config(companies: u32) -> case::Config {
        case::Config { companies, ..Default::default() }
    }

    fn load(sqlite: &mut Sqlite, companies: u32) -> Result<()> {
        let tables = case::generate(&config(companies))?;
        sqlite.replace(&saas::SCHEMA, &mut |sink| {
            tables.named().iter().try_for_each(|(table, rows)| sink.append(table, rows))
        })
    }

    fn companies(sqlite: &mut Sqlite) -> i64 {
        let frame = sqlite.query("SELECT COUNT(*) AS n FROM companies".into()).unwrap();
        frame.column("n").unwrap().i64().unwrap().get(0).unwrap()
    }

    fn trouble(error: Error) -> Trouble {
        match error.kind() {
            ErrorKind::Database { trouble, .. } => *trouble,
            other => panic!("not a database error: {other:?}"),
        }
    }

    #[test]
    fn loading_twice_replaces() {
        let mut sqlite = Sqlite::in_memory().unwrap();
        load(&mut sqlite, 30).unwrap();
        load(&mut sqlite, 20).unwrap();
        assert_eq!(companies(&mut sqlite), 20);
    }

    #[test]
    fn a_full_disk_says_so_and_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("full.sqlite");
        let mut sqlite = Sqlite::open(&path).unwrap();
        load(&mut sqlite, 30).unwrap();
        sqlite.limit_pages(60);
        let error = load(&mut sqlite, 2_000).unwrap_err();
        assert!(error.to_string().contains("the disk is full"), "{error}");
        assert_eq!(trouble(error), Trouble::DiskFull);
        drop(sqlite);
        assert_eq!(companies(&mut Sqlite::open(&path).unwrap()), 30);
    }

    #[test]
    fn an_error_half_way_leaves_what_was_there() {
        let mut sqlite = Sqlite::in_memory().unwrap();
        load(&mut sqlite, 30).unwrap();
        let tables = case::generate(&config(10)).unwrap();
        let result = sqlite.replace(&saas::SCHEMA, &mut |sink| {
            sink.append("plans", &tables.plans)?;
            Err(Error::figure("stopped half-way"))
        });
        assert!(result.is_err());
        assert_eq!(companies(&mut sqlite), 30);
    }

    #[test]
    fn rows_without_parents_are_refused() {
        let mut sqlite = Sqlite::in_memory().unwrap();
        let tables = case::generate(&config(10)).unwrap();
        let error = sqlite
            .replace(&saas::SCHEMA, &mut |sink| sink.append("companies", &tables.companies))
            .unwrap_err();
        assert!(error.to_string().contains("FOREIGN KEY"), "{error}");
    }

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let not = folder.path().join("notes.txt");
        std::fs::write(
            &not,
            "a letter, and a long enough one to be read as a page header".repeat(9),
        )
        .unwrap();
        let error = Sqlite::open(&not).err().unwrap();
        assert!(error.to_string().contains("notes.txt"), "{error}");
        assert_eq!(trouble(error), Trouble::NotADatabase);

        let error = Sqlite::open(folder.path()).err().unwrap();
        assert_eq!(trouble(error), Trouble::NotWritable);

        let error = Sqlite::open(&not.join("below/a.sqlite")).err().unwrap();
        assert!(error.to_string().starts_with("could not create"), "{error}");
    }

    #[test]
    fn another_writer_is_named_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shared.sqlite");
        let mut ours = Sqlite::open(&path).unwrap();
        let theirs = Sqlite::open(&path).unwrap();
        ours.connection.busy_timeout(std::time::Duration::from_millis(10)).unwrap();
        theirs.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert_eq!(trouble(load(&mut ours, 10).unwrap_err()), Trouble::Busy);
    }

    /// The index exists for the queries: they must use it, and it must spare them the table.
    #[test]
    fn the_queries_read_the_index_not_the_table() {
        let mut sqlite = Sqlite::in_memory().unwrap();
        load(&mut sqlite, 200).unwrap();
        for query in saas::ALL {
            let plan =
                sqlite.query(format!("EXPLAIN QUERY PLAN {}", query.text).as_str().into()).unwrap();
            let details = plan.column("detail").unwrap().str().unwrap().clone();
            for line in details.iter().flatten().filter(|line| line.contains(" sessions")) {
                assert!(
                    line.contains("COVERING INDEX sessions_by_company"),
                    "{}: {line}",
                    query.name
                );
            }
        }
    }

    /// The shop's cohorts read no session from its table, its funnel no event.
    #[test]
    fn the_shops_queries_read_indexes_too() {
        use super::super::queries::ecommerce;
        use crate::cases::ecommerce as shop;
        let config = shop::Config { users: 100, days: 60, ..Default::default() };
        let tables = shop::generate(&config).unwrap();
        let mut sqlite = Sqlite::in_memory().unwrap();
        sqlite
            .replace(&ecommerce::SCHEMA, &mut |sink| {
                tables.named().iter().try_for_each(|(table, rows)| sink.append(table, rows))
            })
            .unwrap();
        let (cohorts, funnel) = (ecommerce::COHORTS, ecommerce::FUNNEL);
        for (query, names, index) in [
            (cohorts, ["s", "sessions"], "sessions_by_user"),
            (funnel, ["e", "events"], "events_by_session"),
        ] {
            let plan = format!("EXPLAIN QUERY PLAN {}", query.text);
            let plan = sqlite.query(plan.as_str().into()).unwrap();
            let details = plan.column("detail").unwrap().str().unwrap().clone();
            // "SCAN e USING …", "SEARCH s USING …": the table's name, or its short one, comes second.
            let read: Vec<&str> = (details.iter().flatten())
                .filter(|line| line.split(' ').nth(1).is_some_and(|name| names.contains(&name)))
                .collect();
            let covered = format!("COVERING INDEX {index}");
            assert!(!read.is_empty(), "{}", query.name);
            assert!(read.iter().all(|line| line.contains(&covered)), "{}: {read:?}", query.name);
        }
    }

    #[test]
    fn a_wrong_statement_is_explained() {
        let mut sqlite = Sqlite::in_memory().unwrap();
        let error = sqlite.query("SELEKT 1".into()).unwrap_err();
        assert!(error.to_string().contains("SELEKT"), "{error}");
        assert_eq!(trouble(error), Trouble::Statement);
    }
}
