//! Which tables of a database file are ours.
//!
//! Tables have the names that the SQL in `sql/` and the notebooks use: with a prefix for each case, that SQL would no
//! longer be what a reader types. So cases that share a name, such as `sessions`, cannot share a file, and none takes
//! over a table that someone else made. The table `casebook_tables` in the file records what we made; only that is ever
//! dropped.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::super::queries::Schema;
use super::super::sql;

/// The table that says which tables, views and indexes are ours, and which case they belong to.
const RECORD: &str = "casebook_tables";

/// An object in a database.
struct Object {
    kind: String,
    name: String,
    table: String,
    sql: Option<String>,
}

/// An object's type, and the statement that made it.
type Made = (String, Option<String>);

/// The schemas of files from versions that kept no record.
const EARLIER: [(&str, &str); 3] = [
    ("saas", include_str!("earlier/saas.sql")),
    ("ecommerce", include_str!("earlier/ecommerce.sql")),
    ("notion", include_str!("earlier/notion.sql")),
];

fn objects(connection: &Connection) -> rusqlite::Result<Vec<Object>> {
    let sql = r"SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\_%' ESCAPE '\'";
    let mut statement = connection.prepare(sql)?;
    let read = |row: &rusqlite::Row| {
        Ok(Object { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
    };
    statement.query_map([], read)?.collect()
}

/// Returns the objects by name, in lower case as SQLite compares names.
fn made(all: &[Object]) -> BTreeMap<String, Made> {
    all.iter().map(|it| (key(&it.name), (it.kind.clone(), it.sql.clone()))).collect()
}

/// Returns what the case's statements make: these, and those common to both databases.
fn expected(schema: &Schema, statements: &str) -> rusqlite::Result<BTreeMap<String, Made>> {
    let scratch = Connection::open_in_memory()?;
    scratch.execute_batch(statements)?;
    scratch.execute_batch(schema.common)?;
    Ok(made(&objects(&scratch)?))
}

/// Tells whether a database holds exactly what an earlier version made, statement by statement: someone else's tables
/// with these names don't match.
fn of_an_earlier_version(all: &[Object], schema: &Schema) -> rusqlite::Result<bool> {
    let statements = EARLIER.iter().find(|(case, _)| *case == schema.name);
    statements.map_or(Ok(false), |(_, statements)| Ok(made(all) == expected(schema, statements)?))
}

fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// What is in the way of a load, in words, and statements that drop what is ours.
pub struct Found {
    pub foreign: Vec<String>,
    pub drops: String,
}

/// Looks through a database before a case is loaded into it.
pub fn look(connection: &Connection, schema: &Schema) -> rusqlite::Result<Found> {
    let wanted = expected(schema, &sql::with_moments(schema.sqlite))?;
    let all = objects(connection)?;
    let mut foreign = vec![];
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    if all.iter().any(|object| key(&object.name) == RECORD) {
        let read = || -> rusqlite::Result<Vec<(String, String)>> {
            let mut statement =
                connection.prepare(&format!("SELECT name, case_name FROM {RECORD}"))?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        match read() {
            Ok(rows) => owners.extend(rows.into_iter().map(|(name, case)| (key(&name), case))),
            Err(_) => foreign.push(format!("the table `{RECORD}`")),
        }
    } else if of_an_earlier_version(&all, schema)? {
        owners.extend(wanted.keys().map(|name| (name.clone(), schema.name.to_owned())));
    }
    let ours = |name: &str| owners.get(&key(name)).is_some_and(|case| case == schema.name);
    for object in all.iter().filter(|object| key(&object.name) != RECORD && !ours(&object.name)) {
        let Object { kind, name, table, .. } = object;
        if wanted.contains_key(&key(name)) {
            foreign.push(match owners.get(&key(name)) {
                Some(case) => format!("the {kind} `{name}` of the case {case}"),
                None => format!("the {kind} `{name}`"),
            });
        } else if ours(table) {
            foreign.push(format!("the {kind} `{name}` on our `{table}`"));
        }
    }
    let sql = "SELECT m.name, f.\"table\" FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f \
               WHERE m.type = 'table'";
    let mut statement = connection.prepare(sql)?;
    let refers: Vec<(String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (name, to) in refers.iter().filter(|(name, to)| ours(to) && !ours(name)) {
        foreign.push(format!("the table `{name}`, which refers to our `{to}`"));
    }
    Ok(Found { foreign, drops: drops(&all, &ours, schema) })
}

/// Returns statements that drop views first, then tables, children before parents.
fn drops(all: &[Object], ours: &dyn Fn(&str) -> bool, schema: &Schema) -> String {
    let rank = |name: &str| schema.tables.iter().position(|table| key(table) == key(name));
    let mut mine: Vec<&Object> = all
        .iter()
        .filter(|object| ours(&object.name) && ["view", "table"].contains(&object.kind.as_str()))
        .collect();
    mine.sort_by_key(|object| (object.kind == "table", std::cmp::Reverse(rank(&object.name))));
    mine.iter()
        .map(|object| {
            format!("DROP {} \"{}\";", object.kind.to_uppercase(), object.name.replace('"', "\"\""))
        })
        .collect()
}

/// Records what was made.
pub fn note(connection: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    let wanted = expected(schema, &sql::with_moments(schema.sqlite))?;
    connection.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS {RECORD} (name TEXT PRIMARY KEY, case_name TEXT NOT NULL) \
         STRICT, WITHOUT ROWID"
    ))?;
    connection.execute(&format!("DELETE FROM {RECORD} WHERE case_name = ?"), [schema.name])?;
    let mut insert =
        connection.prepare(&format!("INSERT INTO {RECORD} (name, case_name) VALUES (?, ?)"))?;
    for name in wanted.keys() {
        insert.execute([name.as_str(), schema.name])?;
    }
    Ok(())
}

/// Takes a case that was removed out of the record.
pub fn forget(connection: &Connection, schema: &Schema) -> rusqlite::Result<()> {
    if connection.table_exists(None, RECORD)? {
        connection.execute(&format!("DELETE FROM {RECORD} WHERE case_name = ?"), [schema.name])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::queries::{ecommerce, notion, saas};
    use super::super::super::{Engine as _, Sink};
    use super::super::Sqlite;
    use super::*;
    use crate::cases::{ecommerce as shop, notion as study, saas as companies};
    use crate::error::{Result, Trouble};
    use polars::prelude::DataFrame;

    fn put(
        sqlite: &mut Sqlite,
        schema: &Schema,
        tables: &[(&'static str, &DataFrame)],
    ) -> Result<()> {
        sqlite.replace(schema, &mut |sink: &mut dyn Sink| {
            tables.iter().try_for_each(|(table, rows)| sink.append(table, rows))
        })
    }

    fn load(sqlite: &mut Sqlite, case: &str) -> Result<()> {
        match case {
            "saas" => {
                let config = companies::Config { companies: 20, ..Default::default() };
                put(sqlite, &saas::SCHEMA, &companies::generate(&config)?.named())
            }
            "ecommerce" => {
                let config = shop::Config { users: 40, days: 40, ..Default::default() };
                put(sqlite, &ecommerce::SCHEMA, &shop::generate(&config)?.named())
            }
            _ => {
                let config = study::Config { users: 200, ..Default::default() };
                put(sqlite, &notion::SCHEMA, &study::generate(&config)?.named())
            }
        }
    }

    /// Returns everything a database holds, as text.
    fn dump(sqlite: &mut Sqlite) -> String {
        let all = objects(&sqlite.connection).unwrap();
        let mut text = String::new();
        for object in all {
            text += &format!("{} {} {:?}\n", object.kind, object.name, object.sql);
            if object.kind == "table" {
                let rows =
                    sqlite.query(format!("SELECT * FROM \"{}\"", object.name).as_str().into());
                text += &format!("{}\n", crate::stamp::hash(&rows.unwrap()).unwrap());
            }
        }
        text
    }

    fn refused(sqlite: &mut Sqlite, case: &str, named: &[&str]) {
        let before = dump(sqlite);
        let error = load(sqlite, case).unwrap_err();
        let told = error.to_string();
        for name in named {
            assert!(told.contains(name), "{name}: {told}");
        }
        assert!(told.contains("nothing was changed") && told.contains("another file"), "{told}");
        assert_eq!(error.trouble(), Some(Trouble::Taken), "{told}");
        assert!(dump(sqlite) == before, "something was changed: {told}");
    }

    #[test]
    fn two_cases_that_share_a_name_do_not_share_a_file() {
        for (first, second, shared) in [
            ("saas", "ecommerce", "the table `sessions` of the case saas"),
            ("ecommerce", "saas", "the view `active_months` of the case ecommerce"),
            ("saas", "notion", "the view `calendar` of the case saas"),
            ("notion", "saas", "the table `plans` of the case notion"),
        ] {
            let mut sqlite = Sqlite::in_memory().unwrap();
            load(&mut sqlite, first).unwrap();
            refused(&mut sqlite, second, &[shared]);
            load(&mut sqlite, first).unwrap();
        }
        // These share none.
        let mut sqlite = Sqlite::in_memory().unwrap();
        for case in ["ecommerce", "notion", "ecommerce", "notion"] {
            load(&mut sqlite, case).unwrap();
        }
        assert!(sqlite.query(ecommerce::FUNNEL).unwrap().height() > 0);
    }

    #[test]
    fn somebodys_own_tables_are_refused_by_name_and_kept() {
        for (statements, named) in [
            ("CREATE TABLE users (name); INSERT INTO users VALUES ('me')", "the table `users`"),
            ("CREATE TABLE \"Sessions\" (x)", "the table `Sessions`"),
            ("CREATE VIEW last_month AS SELECT 1 AS x", "the view `last_month`"),
            (
                "CREATE TABLE t (x); CREATE INDEX events_by_session ON t (x)",
                "the index `events_by_session`",
            ),
            ("CREATE TABLE casebook_tables (mine)", "the table `casebook_tables`"),
        ] {
            let mut sqlite = Sqlite::in_memory().unwrap();
            sqlite.connection.execute_batch(statements).unwrap();
            refused(&mut sqlite, "ecommerce", &[named]);
        }
    }

    #[test]
    fn what_somebody_built_on_our_tables_is_not_torn_down() {
        for (statements, named) in [
            ("CREATE INDEX mine ON users (age)", "the index `mine` on our `users`"),
            (
                "CREATE TRIGGER mine AFTER INSERT ON users BEGIN SELECT 1; END",
                "the trigger `mine` on our `users`",
            ),
            (
                "CREATE TABLE notes (user_id TEXT REFERENCES users ON DELETE CASCADE, note TEXT); \
                 INSERT INTO notes SELECT user_id, 'nice' FROM users LIMIT 1",
                "the table `notes`, which refers to our `users`",
            ),
        ] {
            let mut sqlite = Sqlite::in_memory().unwrap();
            load(&mut sqlite, "ecommerce").unwrap();
            sqlite.connection.execute_batch(statements).unwrap();
            refused(&mut sqlite, "ecommerce", &[named]);
        }
        let mut sqlite = Sqlite::in_memory().unwrap();
        load(&mut sqlite, "ecommerce").unwrap();
        // Beside them there is room for anything.
        let statements =
            "CREATE TABLE mine (x); CREATE VIEW elder AS SELECT * FROM users WHERE age > 40";
        sqlite.connection.execute_batch(statements).unwrap();
        load(&mut sqlite, "ecommerce").unwrap();
        assert!(dump(&mut sqlite).contains("view elder"));
    }

    #[test]
    fn a_file_of_an_earlier_version_is_loaded_again() {
        for ((case, statements), schema) in
            EARLIER.into_iter().zip([saas::SCHEMA, ecommerce::SCHEMA, notion::SCHEMA])
        {
            let earlier = || {
                let sqlite = Sqlite::in_memory().unwrap();
                sqlite.connection.execute_batch(statements).unwrap();
                sqlite.connection.execute_batch(schema.common).unwrap();
                sqlite
            };
            let mut sqlite = earlier();
            if case == "saas" {
                let plan = "INSERT INTO plans VALUES ('small', 1)";
                sqlite.connection.execute_batch(plan).unwrap();
            }
            for _ in 0..2 {
                load(&mut sqlite, case).unwrap_or_else(|error| panic!("{case}: {error}"));
            }
            let mut fresh = Sqlite::in_memory().unwrap();
            load(&mut fresh, case).unwrap();
            let lines = |sqlite: &mut Sqlite| {
                let text = dump(sqlite);
                let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                lines.sort_unstable();
                lines
            };
            assert_eq!(lines(&mut sqlite), lines(&mut fresh), "{case}");
            // Something beside our tables, or a column or a key more: somebody's own.
            let table = schema.tables[schema.tables.len() - 1];
            let named = format!("the table `{table}`");
            for change in [
                "CREATE TABLE mine (x)".to_owned(),
                format!("ALTER TABLE {table} ADD COLUMN mine TEXT"),
                format!("DROP TABLE {table}; CREATE TABLE {table} AS SELECT 1 AS mine"),
            ] {
                let mut sqlite = earlier();
                sqlite.connection.execute_batch(&change).unwrap();
                refused(&mut sqlite, case, &[&named]);
            }
        }
    }
}
