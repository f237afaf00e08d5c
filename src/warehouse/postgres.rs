//! The other warehouse.

mod address;
mod owned;

use std::error::Error as _;

use chrono::{NaiveDate, NaiveDateTime};
use polars::prelude::DataFrame;
use postgres::binary_copy::BinaryCopyInWriter;
use postgres::error::SqlState;
use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, NoTls, Row, Transaction};

use super::column::{Cell, Cells, Filling, Kind};
use super::queries::{Query, Schema};
use super::{Engine, Sink};
use crate::error::{Error, ErrorKind, Result, Trouble};
use address::Address;

const ENGINE: &str = "PostgreSQL";

pub struct Postgres {
    client: Client,
    /// Host, port and database: what may be shown.
    place: String,
}

impl Postgres {
    pub fn connect(url: &str) -> Result<Postgres> {
        let Address { config, place } = Address::read(url)?;
        let doing = format!("connecting to {place}");
        let mut client = config.connect(NoTls).map_err(|error| failure(&error, doing.clone()))?;
        // Sums of real numbers must come back with every digit.
        client
            .batch_execute("SET extra_float_digits = 3; SET TIME ZONE 'UTC'")
            .map_err(|error| failure(&error, doing))?;
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
        let fail = |error: postgres::Error| failure(&error, doing.clone());
        let namespace = owned::namespace(schema);
        let begin = format!("CREATE SCHEMA {namespace}; SET LOCAL search_path TO {namespace};");
        let mut transaction = self.client.transaction().map_err(fail)?;
        transaction.batch_execute("SET LOCAL client_min_messages TO warning").map_err(fail)?;
        let foreign = owned::clear(&mut transaction, schema).map_err(fail)?;
        if !foreign.is_empty() {
            let cause = format!("{}; move it, or name another database", foreign.join(", "));
            let trouble = Trouble::Taken;
            return Err(ErrorKind::Database { engine: ENGINE, trouble, doing, cause }.into());
        }
        let (before, after) = Schema::in_two(schema.postgres);
        [begin.as_str(), &before, schema.common, &owned::mark(schema)]
            .iter()
            .try_for_each(|statements| transaction.batch_execute(statements))
            .map_err(fail)?;
        fill(&mut Rows { transaction: &mut transaction, doing: &doing })?;
        transaction.batch_execute(&after).map_err(fail)?;
        let tables = schema.tables.join(", ");
        transaction.batch_execute(&format!("ANALYZE {tables}")).map_err(fail)?;
        transaction.commit().map_err(fail)?;
        // Queries name tables without their schema, so that one text runs on both databases.
        self.client.batch_execute(&search_path(schema.name)).map_err(fail)
    }

    fn query(&mut self, query: Query) -> Result<DataFrame> {
        let fail = |error: postgres::Error| failure(&error, "running a query".into());
        // A case's own query names its case, and finds its tables on a connection that loaded nothing.
        if let Some((case, _)) = query.name.split_once('/') {
            self.client.batch_execute(&search_path(case)).map_err(fail)?;
        }
        let statement = self.client.prepare(query.text).map_err(fail)?;
        let rows = self.client.query(&statement, &[]).map_err(fail)?;
        let columns = statement
            .columns()
            .iter()
            .enumerate()
            .map(|(index, column)| fill(&rows, index, column.type_(), column.name()))
            .collect::<Result<Vec<_>>>()?;
        Ok(DataFrame::new_infer_height(columns)?)
    }

    fn describe(&self) -> String {
        format!("PostgreSQL at {}", self.place)
    }
}

fn search_path(case: &str) -> String {
    format!("SET search_path TO \"casebook_{}\"", case.replace('"', "\"\""))
}

struct Rows<'t, 'c> {
    transaction: &'t mut Transaction<'c>,
    doing: &'t str,
}

impl Sink for Rows<'_, '_> {
    fn append(&mut self, table: &'static str, rows: &DataFrame) -> Result<()> {
        let cells = Cells::of(rows)?;
        let names: Vec<&str> = cells.iter().map(Cells::name).collect();
        let types: Vec<Type> = cells
            .iter()
            .map(|column| match column.kind() {
                Kind::Int => Type::INT8,
                Kind::Real => Type::FLOAT8,
                Kind::Text => Type::TEXT,
                Kind::Date => Type::DATE,
                Kind::Moment => Type::TIMESTAMP,
            })
            .collect();
        let sql = format!("COPY {table} ({}) FROM STDIN BINARY", names.join(", "));
        let fail = |error: postgres::Error| failure(&error, self.doing.to_owned());
        let copy = self.transaction.copy_in(&sql).map_err(fail)?;
        let mut copy = BinaryCopyInWriter::new(copy, &types);
        for row in 0..rows.height() {
            copy.write_raw(cells.iter().map(|column| column.get(row))).map_err(fail)?;
        }
        copy.finish().map_err(fail)?;
        Ok(())
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Cell::Null => Ok(IsNull::Yes),
            Cell::Int(value) => value.to_sql(ty, out),
            Cell::Real(value) => value.to_sql(ty, out),
            Cell::Text(value) => value.to_sql(ty, out),
            Cell::Date(value) => value.to_sql(ty, out),
            Cell::Moment(value) => value.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true // each value checks for itself
    }

    to_sql_checked!();
}

fn fill(rows: &[Row], index: usize, ty: &Type, name: &str) -> Result<polars::prelude::Column> {
    let filling = match *ty {
        Type::INT8 => Filling::Int(all(rows, index, name, |value: i64| value)?),
        Type::INT4 => Filling::Int(all(rows, index, name, |value: i32| i64::from(value))?),
        Type::INT2 => Filling::Int(all(rows, index, name, |value: i16| i64::from(value))?),
        Type::FLOAT8 => Filling::Real(all(rows, index, name, |value: f64| value)?),
        Type::FLOAT4 => Filling::Real(all(rows, index, name, |value: f32| f64::from(value))?),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => {
            Filling::Text(all(rows, index, name, |value: String| value)?)
        }
        Type::DATE => Filling::Date(all(rows, index, name, |value: NaiveDate| {
            (value - NaiveDate::default()).num_days() as i32 // a date's days fit
        })?),
        Type::TIMESTAMP => Filling::Moment(all(rows, index, name, |value: NaiveDateTime| {
            value.and_utc().timestamp_micros()
        })?),
        ref other => {
            let problem =
                format!("is of type {other}; cast it to bigint, double precision or text");
            return Err(Error::column("result", name, problem));
        }
    };
    filling.finish(name)
}

fn all<'r, T, V>(
    rows: &'r [Row],
    index: usize,
    name: &str,
    convert: impl Fn(T) -> V,
) -> Result<Vec<Option<V>>>
where
    T: postgres::types::FromSql<'r>,
{
    rows.iter()
        .map(|row| {
            row.try_get::<_, Option<T>>(index)
                .map(|value| value.map(&convert))
                .map_err(|error| Error::column("result", name, format!("cannot be read: {error}")))
        })
        .collect()
}

fn failure(error: &postgres::Error, doing: String) -> Error {
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
    ErrorKind::Database { engine: ENGINE, trouble, doing, cause }.into()
}
