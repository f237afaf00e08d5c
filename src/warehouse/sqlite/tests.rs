use super::super::queries::{self, ColumnType, saas};
use super::*;
use crate::cases::saas as case;
use polars::prelude::{Column, DataType};

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
    error.trouble().unwrap_or_else(|| panic!("not a database error: {error}"))
}

#[test]
fn loading_twice_replaces() {
    let mut sqlite = Sqlite::in_memory().unwrap();
    load(&mut sqlite, 30).unwrap();
    load(&mut sqlite, 20).unwrap();
    assert_eq!(companies(&mut sqlite), 20);
}

#[test]
fn what_is_removed_is_gone_and_can_be_loaded_again() {
    let mut sqlite = Sqlite::in_memory().unwrap();
    sqlite.remove(&saas::SCHEMA).unwrap(); // nothing there, nothing to do
    load(&mut sqlite, 30).unwrap();
    sqlite.connection.execute_batch("CREATE TABLE theirs (company_id INTEGER)").unwrap();
    sqlite.remove(&saas::SCHEMA).unwrap();
    let left = "SELECT name FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*' ORDER BY name";
    let left = sqlite.query(left.into()).unwrap();
    let names: Vec<Option<&str>> = left.column("name").unwrap().str().unwrap().iter().collect();
    assert_eq!(names, [Some("casebook_tables"), Some("theirs")]);
    load(&mut sqlite, 20).unwrap();
    assert_eq!(companies(&mut sqlite), 20);
}

#[test]
fn what_others_build_on_is_not_removed() {
    let mut sqlite = Sqlite::in_memory().unwrap();
    load(&mut sqlite, 30).unwrap();
    sqlite.connection.execute_batch("CREATE INDEX theirs ON companies (acquired_on)").unwrap();
    let error = sqlite.remove(&saas::SCHEMA).unwrap_err();
    assert!(error.to_string().contains("`theirs`"), "{error}");
    assert_eq!(trouble(error), Trouble::Taken);
    assert_eq!(companies(&mut sqlite), 30);
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
    let source = std::error::Error::source(&error);
    assert!(source.is_some_and(|source| source.is::<rusqlite::Error>()), "{error}");
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
    std::fs::write(&not, "a letter, and a long enough one to be read as a page header".repeat(9))
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
            assert!(line.contains("COVERING INDEX sessions_by_company"), "{}: {line}", query.name);
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

/// SQLite says of a query's column what its first part declares, which need not be what the others return.
#[test]
fn what_no_declaration_covers_is_read_as_the_widest_of_its_values() {
    let mut sqlite = Sqlite::in_memory().unwrap();
    let table = "CREATE TABLE t (i INTEGER, r REAL, s TEXT, d DATE, b BOOLEAN, at TIMESTAMP); \
                 INSERT INTO t VALUES (1, 0.5, 'a', '2024-02-29', 1, '2024-02-29 23:59:59')";
    sqlite.connection.execute_batch(table).unwrap();
    let mut says = |text: &str, expected: Column| {
        let found = sqlite.query(text.into()).unwrap_or_else(|error| panic!("{text}: {error}"));
        let expected = expected.with_name("x".into());
        assert!(found.columns()[0].equals_missing(&expected), "{text}: {found}");
        assert_eq!(found.columns()[0].dtype(), expected.dtype(), "{text}");
    };
    let reals = |values: &[f64]| Column::new("x".into(), values);
    let texts = |values: &[&str]| Column::new("x".into(), values);
    says("SELECT i AS x FROM t UNION ALL SELECT r FROM t", reals(&[1.0, 0.5]));
    // Whether a real number happens to be whole does not decide.
    says("SELECT i AS x FROM t UNION ALL SELECT 2.0", reals(&[1.0, 2.0]));
    let halves = "WITH RECURSIVE n (x) AS \
                  (SELECT i FROM t UNION ALL SELECT x / 2.0 FROM n WHERE x > 0.3) SELECT x FROM n";
    says(halves, reals(&[1.0, 0.5, 0.25]));
    says("SELECT i AS x FROM t UNION ALL SELECT s FROM t", texts(&["1", "a"]));
    says("SELECT d AS x FROM t UNION ALL SELECT 'none'", texts(&["2024-02-29", "none"]));
    says("SELECT at AS x FROM t UNION ALL SELECT 'x'", texts(&["2024-02-29 23:59:59", "x"]));
    says("SELECT b AS x FROM t UNION ALL SELECT 7", Column::new("x".into(), [1_i64, 7]));
    says("SELECT r AS x FROM t WHERE 0 UNION ALL SELECT 9007199254740993", {
        Column::new("x".into(), [9_007_199_254_740_993_i64])
    });
    // What is finer than a microsecond is not cut.
    let fine = "2024-02-29 23:59:59.1234567";
    says(&format!("SELECT at AS x FROM t WHERE 0 UNION ALL SELECT '{fine}'"), texts(&[fine]));
    // What all values read as is kept.
    let days = Column::new("x".into(), [19_782_i32; 2]).cast(&DataType::Date).unwrap();
    says("SELECT d AS x FROM t UNION ALL SELECT d FROM t", days);
    says("SELECT b AS x FROM t UNION ALL SELECT b FROM t", Column::new("x".into(), [true; 2]));
    // What the caller declares holds, or is an error with the column and the value.
    let union = queries::Query::from("SELECT i AS x FROM t UNION ALL SELECT r FROM t");
    let told = sqlite.query(union.returning(&[("x", ColumnType::Integer)])).unwrap_err();
    assert!(told.to_string().contains("`x`") && told.to_string().contains("0.5"), "{told}");
}

/// What types are asked of is a temporary view: the caller's tables and views may have its name, and stay.
#[test]
fn types_are_known_whatever_the_callers_views_are_called() {
    for name in ["casebook_result", "casebook_result_0", "CASEBOOK_RESULT_1"] {
        for make in ["TEMP VIEW", "VIEW", "TEMP TABLE", "TABLE"] {
            let mut sqlite = Sqlite::in_memory().unwrap();
            let day = "CREATE TABLE days (x DATE); INSERT INTO days VALUES ('2024-02-29')";
            sqlite.connection.execute_batch(day).unwrap();
            let made = match make.ends_with("VIEW") {
                true => format!("CREATE {make} {name} AS SELECT x FROM days"),
                false => {
                    format!("CREATE {make} {name} (x DATE); INSERT INTO {name} SELECT x FROM days")
                }
            };
            sqlite.connection.execute_batch(&made).unwrap();
            for text in [&*format!("SELECT x FROM {name}"), "SELECT x FROM days"] {
                for _ in 0..2 {
                    let found = sqlite.query(text.into()).unwrap();
                    let kind = found.column("x").unwrap().dtype();
                    assert_eq!(
                        (found.height(), kind),
                        (1, &DataType::Date),
                        "{make} {name}: {text}"
                    );
                }
            }
        }
    }
}

/// A load of many frames asks for a table's types once, and makes no view for it.
#[test]
fn a_load_makes_no_views_on_the_way() {
    let mut sqlite = Sqlite::in_memory().unwrap();
    load(&mut sqlite, 30).unwrap();
    let version = "PRAGMA temp.schema_version";
    let found = sqlite.connection.query_row(version, [], |row| row.get::<_, i64>(0));
    assert_eq!(found.unwrap(), 0);
}

/// As in a STRICT table, which knows no DATE and no TIMESTAMP: no column takes a value of another type.
#[test]
fn every_column_refuses_what_it_is_not() {
    use crate::cases::{ecommerce, notion};
    let shop = ecommerce::Config { users: 40, days: 40, ..Default::default() };
    let study = notion::Config { users: 200, ..Default::default() };
    let (companies, shop, study) = (
        case::generate(&config(20)).unwrap(),
        ecommerce::generate(&shop).unwrap(),
        notion::generate(&study).unwrap(),
    );
    let mut taken = vec![];
    for (schema, tables) in [
        (saas::SCHEMA, companies.named().to_vec()),
        (queries::ecommerce::SCHEMA, shop.named().to_vec()),
        (queries::notion::SCHEMA, study.named().to_vec()),
    ] {
        let mut sqlite = Sqlite::in_memory().unwrap();
        let append = &mut |sink: &mut dyn Sink| {
            tables.iter().try_for_each(|(table, rows)| sink.append(table, rows))
        };
        sqlite.replace(&schema, append).unwrap();
        // So that nothing but the column itself refuses.
        sqlite.connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        for (table, rows) in &tables {
            for column in rows.columns() {
                let (name, table) = (sql::name(column.name()), sql::name(table));
                let put = |value: &str| {
                    let first =
                        format!("(SELECT MIN(rowid) FROM {table} WHERE {name} IS NOT NULL)");
                    let update =
                        format!("UPDATE {table} SET {name} = {value} WHERE rowid = {first}");
                    sqlite.connection.execute(&update, [])
                };
                assert_eq!(put(&name), Ok(1), "{table}: {name} holds what it holds");
                let wrong: &[&str] = match column.dtype() {
                    kind if kind.is_numeric() => &["'word'"],
                    DataType::Date => &["20240229", "'2024-2-29'", "'2024-02-30'", "'2024-02-29 '"],
                    DataType::Datetime(..) => &[
                        "20240229",
                        "'2024-02-29'",
                        "'2024-02-30 00:00:00'",
                        "'2024-02-29 23:59:59.'",
                        "'2024-02-29 23:59:59...'",
                        "'2024-02-29 23:59:59.5.5'",
                        "'2024-02-29 23:59:595'",
                        "'2024-02-29 23:59:59.5 '",
                        "'2024-02-29T23:59:59'",
                        "'zzz'",
                    ],
                    _ => &[],
                };
                for value in wrong.iter().chain(&["x'00'"]) {
                    if put(value).is_ok() {
                        taken.push(format!("{}: {table}.{name} = {value}", schema.name));
                    }
                }
                if column.dtype().is_integer() && put("1.5").is_ok() {
                    taken.push(format!("{}: {table}.{name} = 1.5", schema.name));
                }
            }
        }
    }
    assert!(taken.is_empty(), "{}", taken.join("\n"));
}
