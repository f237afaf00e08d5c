//! SQLite and PostgreSQL give the same answers to the same questions: the same names, the same types, the same values,
//! whatever tables and columns are called, and to the microsecond.

use std::cell::RefCell;

use casebook::cases::{ecommerce, notion, saas};
use casebook::polars::prelude::*;
use casebook::warehouse::Warehouse;
use casebook::warehouse::queries::{self, ColumnType, Query, Schema as Tables};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::Server;

/// Names that have to be quoted: key words, capitals, a space, quotes.
const AWKWARD: Tables = Tables {
    name: "awkward",
    tables: &["order", "Line \"items\""],
    keys: &[("order", "select")],
    references: &[],
    views: &["Total price"],
    sqlite: r#"
CREATE TABLE "order" ("select" INTEGER PRIMARY KEY, "When" TIMESTAMP, "it's" TEXT, "a ""b""" REAL);
CREATE TABLE "Line ""items""" ("select" INTEGER REFERENCES "order" ("select"), "from" DATE, "open?" BOOLEAN);
CREATE INDEX "by order" ON "Line ""items""" ("select");
CREATE VIEW "Total price" AS SELECT "select", "a ""b""" * 2 AS "TWICE" FROM "order";
"#,
    postgres: r#"
CREATE TABLE "order" ("select" bigint PRIMARY KEY, "When" timestamp, "it's" text, "a ""b""" double precision);
CREATE TABLE "Line ""items""" ("select" bigint REFERENCES "order" ("select"), "from" date, "open?" boolean);
CREATE INDEX "by order" ON "Line ""items""" ("select");
CREATE VIEW "Total price" AS SELECT "select", "a ""b""" * 2 AS "TWICE" FROM "order";
"#,
    common: "",
    spark: None,
};

fn moments(name: &str, micros: &[Option<i64>]) -> Column {
    let kind = DataType::Datetime(TimeUnit::Microseconds, None);
    Column::new(name.into(), micros).cast(&kind).unwrap()
}

/// 2024-02-29 23:59:59, in microseconds.
const LATE: i64 = 1_709_251_199_000_000;

fn orders() -> DataFrame {
    DataFrame::new_infer_height(vec![
        Column::new("select".into(), [1_i64, 2, 3, 4]),
        moments("When", &[Some(LATE), Some(LATE + 500_000), None, Some(LATE + 999_999)]),
        Column::new("it's".into(), ["it's", "a \"b\"", "back\\slash", ""]),
        Column::new("a \"b\"".into(), [Some(0.1), Some(1e300), None, Some(-2.0)]),
    ])
    .unwrap()
}

fn items() -> DataFrame {
    let days = Column::new("from".into(), [Some(0_i32), Some(19_782), None]);
    DataFrame::new_infer_height(vec![
        Column::new("select".into(), [1_i64, 1, 2]),
        days.cast(&DataType::Date).unwrap(),
        Column::new("open?".into(), [Some(true), None, Some(false)]),
    ])
    .unwrap()
}

fn both(server: &Server) -> [Warehouse; 2] {
    [Warehouse::in_memory().unwrap(), Warehouse::postgres(&server.url).unwrap()]
}

fn same(found: &DataFrame, expected: &DataFrame, what: &str) {
    assert_eq!(found.schema(), expected.schema(), "{what}");
    assert!(found.equals_missing(expected), "{what}\nexpected\n{expected}\nfound\n{found}");
}

#[test]
fn postgres_and_sqlite_any_name_is_loaded_and_read_back_to_the_microsecond() {
    let server = Server::start();
    for mut db in both(&server) {
        // Twice, because the second time there is something to drop.
        for _ in 0..2 {
            db.load(&AWKWARD, &[("order", &orders()), ("Line \"items\"", &items())]).unwrap();
        }
        let found = db.query(r#"SELECT * FROM "order" ORDER BY "select""#).unwrap();
        same(&found, &orders(), &db.to_string());
        let found = db.query(r#"SELECT * FROM "Line ""items""" ORDER BY "select", "from""#);
        // The row without a day comes first or last: it is alone with its order.
        same(&found.unwrap(), &items(), &db.to_string());
        let found = db.query(r#"SELECT "TWICE" FROM "Total price" WHERE "select" = 1"#).unwrap();
        same(&found, &df!("TWICE" => [0.2]).unwrap(), &db.to_string());
    }
}

/// A table's rows, of every type that is kept: number, real, text, flag, day, moment in microseconds.
type Row = (Option<i64>, Option<f64>, Option<String>, Option<bool>, Option<i32>, Option<i64>);

fn frame(names: &[&str], rows: &[Row]) -> DataFrame {
    fn all<T: Clone>(rows: &[Row], pick: impl Fn(&Row) -> &Option<T>) -> Vec<Option<T>> {
        rows.iter().map(|row| pick(row).clone()).collect()
    }
    let days = Column::new(names[4].into(), all(rows, |row| &row.4));
    DataFrame::new_infer_height(vec![
        Column::new(names[0].into(), all(rows, |row| &row.0)),
        Column::new(names[1].into(), all(rows, |row| &row.1)),
        Column::new(names[2].into(), all(rows, |row| &row.2)),
        Column::new(names[3].into(), all(rows, |row| &row.3)),
        days.cast(&DataType::Date).unwrap(),
        moments(names[5], &all(rows, |row| &row.5)),
    ])
    .unwrap()
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// Whatever is in the rows, and whatever the columns are called, both return the frame that was loaded.
#[test]
fn postgres_and_sqlite_what_is_loaded_comes_back_the_same() {
    let server = Server::start();
    let databases = RefCell::new(both(&server));
    let row = (
        proptest::option::of(any::<i64>()),
        proptest::option::of(-1e12..1e12_f64),
        proptest::option::of("[a-zA-Z0-9 ,;:'\"\\\\é🎧\\n-]{0,9}"),
        proptest::option::of(any::<bool>()),
        // From the year 1 to 9999.
        proptest::option::of(-719_162..2_932_896_i32),
        proptest::option::of(-62_135_596_800_000_000..253_402_300_799_999_999_i64),
    );
    let rows = proptest::collection::vec(row, 0..30);
    let names = proptest::collection::btree_set("[a-zA-Z \"'.;-]{1,9}", 6);
    let mut runner = TestRunner::new(Config::with_cases(24));
    let run = runner.run(&(rows, names), |(rows, names)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        lower.sort();
        lower.dedup();
        // SQLite does not tell capitals apart.
        prop_assume!(lower.len() == names.len());
        let expected = frame(&names, &rows);
        let quoted: Vec<String> =
            names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
        let create = |types: [&str; 6]| {
            let columns: Vec<String> =
                quoted.iter().zip(types).map(|(name, kind)| format!("{name} {kind}")).collect();
            leak(format!("CREATE TABLE t (place bigint PRIMARY KEY, {});\n", columns.join(", ")))
        };
        let shared = ["bigint", "double precision", "text", "boolean", "date", "timestamp"];
        let schema = Tables {
            name: "any",
            tables: &["t"],
            keys: &[],
            references: &[],
            views: &[],
            sqlite: create(shared),
            postgres: create(shared),
            common: "",
            spark: None,
        };
        let places = Column::new("place".into(), (0..rows.len() as i64).collect::<Vec<_>>());
        let mut loaded = vec![places];
        loaded.extend(expected.columns().iter().cloned());
        let loaded = DataFrame::new_infer_height(loaded).unwrap();
        let query = format!("SELECT {} FROM t ORDER BY place", quoted.join(", "));
        for db in databases.borrow_mut().iter_mut() {
            db.load(&schema, &[("t", &loaded)]).unwrap();
            same(&db.query(query.as_str()).unwrap(), &expected, &db.to_string());
        }
        Ok(())
    });
    run.unwrap();
}

/// The cases' own queries return the columns they declare, from both, with rows and without.
#[test]
fn postgres_and_sqlite_declared_types_decide() {
    let server = Server::start();
    let shop = ecommerce::Config { users: 50, days: 60, ..Default::default() };
    let study = notion::Config { users: 300, ..Default::default() };
    let (companies, shop, study) = (
        saas::generate(&saas::Config { companies: 40, ..Default::default() }).unwrap(),
        ecommerce::generate(&shop).unwrap(),
        notion::generate(&study).unwrap(),
    );
    let cases = [
        (queries::saas::SCHEMA, companies.named().to_vec(), queries::saas::ALL.to_vec()),
        (queries::ecommerce::SCHEMA, shop.named().to_vec(), queries::ecommerce::ALL.to_vec()),
        (queries::notion::SCHEMA, study.named().to_vec(), queries::notion::ALL.to_vec()),
    ];
    let day = "2024-02-29".parse().unwrap();
    for (schema, tables, all) in &cases {
        let mut databases = both(&server);
        let none: Vec<(&'static str, DataFrame)> =
            tables.iter().map(|(name, frame)| (*name, frame.clear())).collect();
        let none: Vec<(&'static str, &DataFrame)> =
            none.iter().map(|(name, frame)| (*name, frame)).collect();
        for rows in [tables, &none] {
            databases.iter_mut().for_each(|db| db.load(schema, rows).unwrap());
            for query in all {
                let [lite, post] = &mut databases;
                let found = lite.query_on(query, day).unwrap();
                same(&post.query_on(query, day).unwrap(), &found, query.name);
                for (name, kind) in query.columns {
                    let column = found.column(name).unwrap();
                    assert_eq!(*column.dtype(), kind.data_type(), "{}: {name}", query.name);
                }
            }
            // Tables declare their types, too.
            for (table, _) in rows {
                let query = format!("SELECT * FROM {table} LIMIT 0");
                let [lite, post] = databases.each_mut();
                let found = post.query(query.as_str()).unwrap();
                same(&lite.query(query.as_str()).unwrap(), &found, table);
            }
        }
    }
}

/// Sums of whole numbers, means, comparisons, moments of a zone: what PostgreSQL has types of its own for.
#[test]
fn postgres_and_sqlite_computed_columns_agree() {
    let server = Server::start();
    let tables = crate::support::tables(30, 1);
    for mut db in both(&server) {
        db.load(&queries::saas::SCHEMA, &tables.named()).unwrap();
        let cents = "SELECT SUM(monthly_price_cents) AS sum, AVG(monthly_price_cents) AS mean, \
                     MAX(acquired_on) AS last FROM plans, companies WHERE company_id = 1";
        let found = db.query(cents).unwrap();
        assert_eq!(found.column("sum").unwrap().dtype(), &DataType::Int64, "{db}");
        assert_eq!(found.column("sum").unwrap().i64().unwrap().get(0), Some(11_800), "{db}");
        assert_eq!(found.column("mean").unwrap().f64().unwrap().get(0), Some(5_900.0), "{db}");
        let text = "SELECT MAX(1) < 2 AS less, SUM(monthly_price_cents) AS sum, MAX(acquired_on) AS last, \
                    SUM(company_id) / 7 AS none, MAX(created_at) AS at FROM plans, companies \
                    LEFT JOIN sessions USING (company_id) WHERE 1 = 0";
        let columns = [
            ("less", ColumnType::Boolean),
            ("sum", ColumnType::Real),
            ("last", ColumnType::Date),
            ("none", ColumnType::Integer),
            ("at", ColumnType::Timestamp),
        ];
        let found = db.query(Query::from(text).returning(&columns)).unwrap();
        let types: Vec<DataType> = found.columns().iter().map(|c| c.dtype().clone()).collect();
        assert_eq!(types, columns.map(|(_, kind)| kind.data_type()), "{db}");
        let moment = match db.to_string().starts_with("SQLite") {
            true => "SELECT '2024-02-29 23:59:59.25' AS at",
            false => "SELECT timestamptz '2024-03-01 01:59:59.25+02' AS at",
        };
        let query = Query::from(moment).returning(&[("at", ColumnType::TimestampUtc)]);
        let zone = ColumnType::TimestampUtc.data_type();
        let expected = moments("at", &[Some(LATE + 250_000)]).cast(&zone).unwrap();
        let expected = DataFrame::new_infer_height(vec![expected]).unwrap();
        same(&db.query(query).unwrap(), &expected, &db.to_string());
        // What is not as declared is said by name.
        let query = Query::from("SELECT 'x' AS n");
        let told = db.query(query.returning(&[("n", ColumnType::Integer)])).unwrap_err();
        assert!(told.to_string().contains("`n`"), "{told}");
        let told = db.query(query.returning(&[("m", ColumnType::Text)])).unwrap_err();
        assert!(told.to_string().contains("`m`") && told.to_string().contains("`n`"), "{told}");
    }
}

/// A frame's whole numbers go into a table's column of real numbers as what they are; text is refused by name.
#[test]
fn postgres_and_sqlite_columns_of_another_type_are_converted_or_refused() {
    let server = Server::start();
    let product = df!(
        "product_id" => ["P1"], "product_name" => ["Lamp"], "category" => ["Home"], "price" => [7_i64],
    );
    let product = product.unwrap();
    let schema = &queries::ecommerce::SCHEMA;
    for mut db in both(&server) {
        db.load(schema, &[("products", &product)]).unwrap();
        let prices = match db.to_string().starts_with("SQLite") {
            true => "SELECT price FROM products",
            false => "SELECT price FROM casebook_ecommerce.products",
        };
        same(&db.query(prices).unwrap(), &df!("price" => [7.0]).unwrap(), &db.to_string());
        let mut wrong = product.clone();
        let text = Column::new("price".into(), ["seven"]);
        wrong.with_column(text).unwrap();
        let told = db.load(schema, &[("products", &wrong)]).unwrap_err().to_string();
        assert!(told.contains("`price`") && told.contains("`products` is "), "{told}");
        same(&db.query(prices).unwrap(), &df!("price" => [7.0]).unwrap(), &db.to_string());
    }
}

/// An event in the last millisecond of a day belongs to that day, and a week after a sign-up is a week, on both.
#[test]
fn postgres_and_sqlite_fractions_of_a_second_stay_on_their_day() {
    let server = Server::start();
    let config = notion::Config { users: 64, ..Default::default() };
    let tables = notion::generate(&config).unwrap();
    let shift = |frame: &DataFrame, name: &str| {
        let late = lit(999_600_i64).cast(DataType::Duration(TimeUnit::Microseconds));
        frame.clone().lazy().with_column(col(name) + late).collect().unwrap()
    };
    let (events, users) =
        (shift(&tables.user_events, "timestamp"), shift(&tables.user_profiles, "signup_at"));
    let mut answers = vec![];
    for mut db in both(&server) {
        let named = tables.named().map(|(name, frame)| match name {
            "user_events" => (name, &events),
            "user_profiles" => (name, &users),
            _ => (name, frame),
        });
        db.load(&queries::notion::SCHEMA, &named).unwrap();
        let found = db.query("SELECT * FROM user_events ORDER BY event_id").unwrap();
        same(&found, &events, &db.to_string());
        let views = Query::from("SELECT user_id, activates_before FROM signups ORDER BY user_id");
        let columns =
            [("user_id", ColumnType::Integer), ("activates_before", ColumnType::Timestamp)];
        let days = Query::from(
            "SELECT date, COUNT(*) AS events FROM activity GROUP BY date ORDER BY date",
        );
        let counted = [("date", ColumnType::Date), ("events", ColumnType::Integer)];
        answers.push([
            db.query(views.returning(&columns)).unwrap(),
            db.query(days.returning(&counted)).unwrap(),
        ]);
    }
    let (sqlite, postgres) = (&answers[0], &answers[1]);
    for (one, other) in sqlite.iter().zip(postgres) {
        same(one, other, "SQLite and PostgreSQL");
    }
}
