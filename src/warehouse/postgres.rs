//! PostgreSQL as a warehouse.

mod address;
mod owned;
mod types;

use std::collections::BTreeMap;
use std::error::Error as _;

use polars::prelude::DataFrame;
use postgres::binary_copy::BinaryCopyInWriter;
use postgres::error::SqlState;
use postgres::types::Type;
use postgres::{Client, NoTls, Transaction};

use super::column::{Cells, column};
use super::engine::{Engine, Sink};
use super::queries::{Query, Schema};
use super::sql;
use crate::error::{Error, Result, Trouble};
use address::{Address, ENGINE};

pub struct Postgres {
    client: Client,
    /// Host, port and database: what may be shown.
    place: String,
}

impl Postgres {
    pub fn connect(url: &str) -> Result<Postgres> {
        let Address { config, place } = Address::read(url)?;
        let doing = format!("connecting to {place}");
        let mut client = config.connect(NoTls).map_err(|error| failure(error, doing.clone()))?;
        // Sums of real numbers must come back with every digit.
        client
            .batch_execute("SET extra_float_digits = 3; SET TIME ZONE 'UTC'")
            .map_err(|error| failure(error, doing))?;
        Ok(Postgres { client, place })
    }
}

impl Engine for Postgres {
    fn replace(
        &mut self,
        schema: &Schema,
        fill: &mut dyn FnMut(&mut dyn Sink) -> Result<()>,
    ) -> Result<()> {
        let doing = format!("loading {} into {}", schema.name, self.place);
        let fail = |error: postgres::Error| failure(error, doing.clone());
        let namespace = sql::name(&owned::namespace(schema));
        let begin = format!("CREATE SCHEMA {namespace}; SET LOCAL search_path TO {namespace};");
        let mut transaction = self.client.transaction().map_err(fail)?;
        transaction.batch_execute("SET LOCAL client_min_messages TO warning").map_err(fail)?;
        let foreign = owned::clear(&mut transaction, schema).map_err(fail)?;
        if !foreign.is_empty() {
            let cause = format!("{}; move it, or name another database", foreign.join(", "));
            return Err(Error::database(ENGINE, Trouble::Taken, doing, cause));
        }
        let (before, after) = Schema::in_two(schema.postgres);
        [begin.as_str(), &before, schema.common, &owned::mark(schema)]
            .iter()
            .try_for_each(|statements| transaction.batch_execute(statements))
            .map_err(fail)?;
        let known = BTreeMap::new();
        fill(&mut Rows { transaction: &mut transaction, doing: &doing, known })?;
        transaction.batch_execute(&after).map_err(fail)?;
        let tables = sql::names(schema.tables.iter().copied());
        transaction.batch_execute(&format!("ANALYZE {tables}")).map_err(fail)?;
        transaction.commit().map_err(fail)?;
        // Queries name tables without their schema, so that one text runs on both databases.
        self.client.batch_execute(&search_path(schema.name)).map_err(fail)
    }

    fn remove(&mut self, schema: &Schema) -> Result<()> {
        let doing = format!("removing {} from {}", schema.name, self.place);
        let fail = |error: postgres::Error| failure(error, doing.clone());
        let mut transaction = self.client.transaction().map_err(fail)?;
        transaction.batch_execute("SET LOCAL client_min_messages TO warning").map_err(fail)?;
        let foreign = owned::clear(&mut transaction, schema).map_err(fail)?;
        if !foreign.is_empty() {
            return Err(Error::database(ENGINE, Trouble::Taken, doing, foreign.join(", ")));
        }
        transaction.commit().map_err(fail)
    }

    fn query(&mut self, query: Query) -> Result<DataFrame> {
        let fail = |error: postgres::Error| failure(error, "running a query".into());
        // A case's own query names its case, and finds its tables on a connection that loaded nothing.
        if let Some((case, _)) = query.name.split_once('/') {
            self.client.batch_execute(&search_path(case)).map_err(fail)?;
        }
        let statement = self.client.prepare(query.text).map_err(fail)?;
        let rows = self.client.query(&statement, &[]).map_err(fail)?;
        let names: Vec<&str> = statement.columns().iter().map(|column| column.name()).collect();
        let declared = query.types(&names)?;
        let columns = statement.columns().iter().enumerate().map(|(place, found)| {
            let values = types::values(&rows, place, found)?;
            let kind = declared.as_ref().map(|types| types[place]);
            column(found.name(), kind.unwrap_or_else(|| types::kind(found, &values)), values)
        });
        Ok(DataFrame::new_infer_height(columns.collect::<Result<_>>()?)?)
    }

    fn describe(&self) -> String {
        format!("PostgreSQL at {}", self.place)
    }
}

fn search_path(case: &str) -> String {
    format!("SET search_path TO {}", sql::name(&format!("casebook_{case}")))
}

struct Rows<'t, 'c> {
    transaction: &'t mut Transaction<'c>,
    doing: &'t str,
    /// Types of tables' columns, with what a declaration adds to them, such as decimal places; read once per load.
    known: BTreeMap<(&'static str, String), Vec<(Type, i32)>>,
}

impl Rows<'_, '_> {
    /// Returns the types of these columns of a table, without the domains around them.
    fn wanted(&mut self, table: &'static str, names: &str) -> Result<Vec<(Type, i32)>> {
        let key = (table, names.to_owned());
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let select = format!("SELECT {names} FROM {}", sql::name(table));
        let found = self.transaction.prepare(&select);
        let found = found.map_err(|error| failure(error, self.doing.to_owned()))?;
        let wanted: Vec<(Type, i32)> = (found.columns().iter())
            .map(|column| (types::plain(column.type_()), column.type_modifier()))
            .collect();
        self.known.insert(key, wanted.clone());
        Ok(wanted)
    }
}

impl Sink for Rows<'_, '_> {
    fn append(&mut self, table: &'static str, rows: &DataFrame) -> Result<()> {
        let cells = Cells::of(rows)?;
        let names = sql::names(cells.iter().map(Cells::name));
        let quoted = sql::name(table);
        // The binary format is that of the table's types: eight bytes of a whole number are no real number.
        let wanted = self.wanted(table, &names)?;
        for (column, (wanted, modifier)) in cells.iter().zip(&wanted) {
            if !types::takes(wanted, column.kind()) {
                let problem = format!("is {}; the column of `{table}` is {wanted}", column.kind());
                return Err(Error::column("loaded", column.name(), problem));
            }
            if types::narrows(wanted, *modifier, column.kind())
                && let Some(cell) = column.find(|cell| !types::keeps(wanted, *modifier, cell))
            {
                let problem =
                    format!("holds {cell}, which the column of `{table}`, {wanted}, would change");
                return Err(Error::column("loaded", column.name(), problem));
            }
        }
        let wanted: Vec<Type> = wanted.into_iter().map(|(wanted, _)| wanted).collect();
        let fail = |error: postgres::Error| failure(error, self.doing.to_owned());
        let copy = format!("COPY {quoted} ({names}) FROM STDIN BINARY");
        let copy = self.transaction.copy_in(&copy).map_err(fail)?;
        let mut copy = BinaryCopyInWriter::new(copy, &wanted);
        for row in 0..rows.height() {
            copy.write_raw(cells.iter().map(|column| column.get(row))).map_err(fail)?;
        }
        copy.finish().map_err(fail)?;
        Ok(())
    }
}

fn failure(error: postgres::Error, doing: String) -> Error {
    let (trouble, cause) = match error.as_db_error() {
        Some(db) => {
            let code = db.code();
            let trouble = if [
                &SqlState::INVALID_PASSWORD,
                &SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
                &SqlState::INSUFFICIENT_PRIVILEGE,
            ]
            .contains(&code)
            {
                Trouble::Refused
            } else if *code == SqlState::INVALID_CATALOG_NAME {
                Trouble::NoSuchDatabase
            } else if [&SqlState::DISK_FULL, &SqlState::OUT_OF_MEMORY].contains(&code)
                || db.message().contains("No space left")
            {
                Trouble::DiskFull
            } else if [
                &SqlState::ADMIN_SHUTDOWN,
                &SqlState::CRASH_SHUTDOWN,
                &SqlState::CANNOT_CONNECT_NOW,
            ]
            .contains(&code)
            {
                Trouble::ConnectionLost
            } else if *code == SqlState::DEPENDENT_OBJECTS_STILL_EXIST {
                Trouble::Taken
            } else {
                Trouble::Statement
            };
            // What depends on our tables stands in the details.
            let detail = db.detail().filter(|_| trouble == Trouble::Taken);
            (trouble, detail.unwrap_or(db.message()).replace('\n', "; "))
        }
        // No answer from a server: either there never was one, or it went away.
        None => {
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            let trouble = if doing.starts_with("connecting") {
                if cause.contains("password") { Trouble::Refused } else { Trouble::Unreachable }
            } else if error.is_closed() || error.source().is_some_and(|s| s.is::<std::io::Error>())
            {
                Trouble::ConnectionLost
            } else {
                Trouble::Statement
            };
            (trouble, cause)
        }
    };
    Error::database(ENGINE, trouble, doing, cause).with_source(error)
}
