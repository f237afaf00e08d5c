//! SQLite and PostgreSQL give the same answers to the same questions: the same names, the same types, the same values,
//! whatever tables and columns are called, and to the microsecond.

use casebook::cases::{ecommerce, notion, saas};
use casebook::polars::prelude::*;
use casebook::warehouse::Warehouse;
use casebook::warehouse::queries::{self, ColumnType, Query, Schema as Tables};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

twins! {
    any_name_is_loaded_and_read_back_to_the_microsecond,
    what_is_loaded_comes_back_the_same,
    declared_types_decide,
    computed_columns_agree,
    columns_of_another_type_are_converted_or_refused,
    numbers_that_a_column_does_not_keep_are_refused,
    moments_of_a_zone_are_loaded_again,
    fractions_of_a_second_stay_on_their_day,
}

fn lite() -> Warehouse {
    Warehouse::in_memory().unwrap()
}

fn is_sqlite(db: &Warehouse) -> bool {
    db.to_string().starts_with("SQLite")
}

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

fn same(found: &DataFrame, expected: &DataFrame, what: &str) {
    assert_eq!(found.schema(), expected.schema(), "{what}");
    assert!(found.equals_missing(expected), "{what}\nexpected\n{expected}\nfound\n{found}");
}

fn any_name_is_loaded_and_read_back_to_the_microsecond(databases: &mut [Warehouse]) {
    for db in databases {
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

/// PostgreSQL's catalogues have columns of type `oid`: of its own numbers, of which none is known before the first row.
#[test]
fn postgres_object_identifiers_are_whole_numbers() {
    let server = crate::support::Server::start();
    let mut db = Warehouse::postgres(&server.url).unwrap();
    let some = "SELECT 4294967295::oid AS x UNION ALL SELECT NULL ORDER BY x";
    same(&db.query(some).unwrap(), &df!("x" => [Some(4_294_967_295_i64), None]).unwrap(), some);
    for none in ["SELECT NULL::oid AS x", "SELECT oid AS x FROM pg_class WHERE false"] {
        let found = db.query(none).unwrap();
        assert_eq!(found.column("x").unwrap().dtype(), &DataType::Int64, "{none}");
        assert_eq!(found.height(), found.column("x").unwrap().null_count(), "{none}");
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
fn what_is_loaded_comes_back_the_same(databases: &mut [Warehouse]) {
    let databases = std::cell::RefCell::new(databases);
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
fn declared_types_decide(databases: &mut [Warehouse]) {
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
        let none: Vec<(&'static str, DataFrame)> =
            tables.iter().map(|(name, frame)| (*name, frame.clear())).collect();
        let none: Vec<(&'static str, &DataFrame)> =
            none.iter().map(|(name, frame)| (*name, frame)).collect();
        // A file keeps one case's tables.
        databases.iter_mut().filter(|db| is_sqlite(db)).for_each(|db| *db = lite());
        for rows in [tables, &none] {
            databases.iter_mut().for_each(|db| db.load(schema, rows).unwrap());
            for query in all {
                let found = agreed(databases, query.name, |db| db.query_on(query, day).unwrap());
                for (name, kind) in query.columns {
                    let column = found.column(name).unwrap();
                    assert_eq!(*column.dtype(), kind.data_type(), "{}: {name}", query.name);
                }
            }
            // Tables declare their types, too.
            for (table, frame) in rows {
                let query = format!("SELECT * FROM {table} LIMIT 0");
                let found = agreed(databases, table, |db| db.query(query.as_str()).unwrap());
                for column in found.columns().iter().filter(|found| !found.dtype().is_numeric()) {
                    let loaded = frame.column(column.name()).unwrap();
                    assert_eq!(column.dtype(), loaded.dtype(), "{table}: {}", column.name());
                }
            }
        }
    }
}

/// What all of them return.
fn agreed(
    databases: &mut [Warehouse],
    what: &str,
    ask: impl Fn(&mut Warehouse) -> DataFrame,
) -> DataFrame {
    let found: Vec<DataFrame> = databases.iter_mut().map(ask).collect();
    found.iter().for_each(|one| same(one, &found[0], what));
    found[0].clone()
}

/// Sums of whole numbers, means, comparisons, moments of a zone: what PostgreSQL has types of its own for.
fn computed_columns_agree(databases: &mut [Warehouse]) {
    let tables = crate::support::tables(30, 1);
    for db in databases {
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
        let moment = match is_sqlite(db) {
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
fn columns_of_another_type_are_converted_or_refused(databases: &mut [Warehouse]) {
    let product = df!(
        "product_id" => ["P1"], "product_name" => ["Lamp"], "category" => ["Home"], "price" => [7_i64],
    );
    let product = product.unwrap();
    let schema = &queries::ecommerce::SCHEMA;
    for db in databases {
        db.load(schema, &[("products", &product)]).unwrap();
        let prices = match is_sqlite(db) {
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

/// A table of one column, declared the same on both.
fn one_column(kind: &str) -> Tables {
    let create = leak(format!("CREATE TABLE kept (x {kind});\n"));
    Tables {
        name: "kept",
        tables: &["kept"],
        keys: &[],
        references: &[],
        views: &[],
        sqlite: create,
        postgres: create,
        common: "",
        spark: None,
    }
}

/// What would come back as another number is refused, with the column and the value.
fn numbers_that_a_column_does_not_keep_are_refused(databases: &mut [Warehouse]) {
    let whole = |value: i64| Column::new("x".into(), [Some(1), None, Some(value)]);
    let real = |value: f64| Column::new("x".into(), [Some(0.5), None, Some(value)]);
    let late = |more: i64| moments("x", &[Some(LATE), None, Some(LATE + more)]);
    let beyond = (1_i64 << 53) + 1;
    // The column's type, what is loaded, what the message shows; and whether SQLite, which has one type for all real and
    // one for all whole numbers and keeps moments as they come, keeps it.
    for (kind, column, shown, kept) in [
        ("double precision", whole(beyond), "9007199254740993", false),
        ("double precision", whole(i64::MAX), "9223372036854775807", false),
        ("real", whole(beyond), "9007199254740993", false),
        ("real", whole((1 << 24) + 1), "16777217", true),
        ("real", real(0.1), "0.1", true),
        ("real", real(1e300), "1e300", true),
        ("integer", whole(1 << 40), "1099511627776", true),
        ("smallint", whole(-40_000), "-40000", true),
        ("timestamp(0)", late(500_000), "2024-02-29 23:59:59.500", true),
        ("timestamp(3)", late(1), "2024-02-29 23:59:59.000001", true),
    ] {
        let frame = DataFrame::new_infer_height(vec![column]).unwrap();
        for db in databases.iter_mut() {
            let loaded = db.load(&one_column(kind), &[("kept", &frame)]);
            if kept && is_sqlite(db) {
                loaded.unwrap();
                continue;
            }
            let Err(error) = loaded else { panic!("{shown} was loaded as {kind} into {db}") };
            let told = error.to_string();
            assert!(told.contains("`x`") && told.contains(shown), "{kind}, {db}: {told}");
        }
    }
    for (kind, column) in [
        ("double precision", whole(1 << 53)),
        ("double precision", whole(i64::MIN)),
        ("real", whole(1 << 40)),
        ("real", real(-0.25)),
        ("real", real(f64::INFINITY)),
        ("integer", whole(i32::MIN.into())),
        ("smallint", whole(i16::MAX.into())),
        ("timestamp(3)", late(500_000)),
    ] {
        let frame = DataFrame::new_infer_height(vec![column]).unwrap();
        for db in databases.iter_mut() {
            db.load(&one_column(kind), &[("kept", &frame)]).unwrap();
            let found = db.query("SELECT x FROM kept").unwrap();
            let back = found.column("x").unwrap().cast(frame.column("x").unwrap().dtype());
            let back = DataFrame::new_infer_height(vec![back.unwrap()]).unwrap();
            same(&back, &frame, &format!("{kind}, {db}"));
        }
    }
}

/// What a query returns can be loaded: moments of a zone, too.
fn moments_of_a_zone_are_loaded_again(databases: &mut [Warehouse]) {
    let kind = ColumnType::TimestampUtc.data_type();
    let utc = moments("x", &[Some(LATE), None, Some(LATE + 250_001)]).cast(&kind).unwrap();
    let frame = DataFrame::new_infer_height(vec![utc]).unwrap();
    for db in databases.iter_mut() {
        let schema = one_column("timestamp with time zone");
        for _ in 0..2 {
            db.load(&schema, &[("kept", &frame)]).unwrap();
            let found = db.query("SELECT x FROM kept").unwrap();
            same(&found, &frame, &db.to_string());
        }
        // Another zone's are the same moments in UTC.
        let zone = TimeZone::opt_try_new(Some("Asia/Tokyo")).unwrap();
        let tokyo = DataType::Datetime(TimeUnit::Milliseconds, zone);
        let whole = moments("x", &[Some(LATE), None]).cast(&kind).unwrap();
        let tokyo = DataFrame::new_infer_height(vec![whole.cast(&tokyo).unwrap()]).unwrap();
        db.load(&schema, &[("kept", &tokyo)]).unwrap();
        let whole = DataFrame::new_infer_height(vec![whole]).unwrap();
        same(&db.query("SELECT x FROM kept").unwrap(), &whole, &db.to_string());
        // A column without a zone would lose it.
        let told = db.load(&one_column("timestamp"), &[("kept", &frame)]).unwrap_err().to_string();
        assert!(told.contains("`x`") && told.contains("with time zone"), "{told}");
    }
}

/// An event in the last millisecond of a day belongs to that day, and a week after a sign-up is a week, on both.
fn fractions_of_a_second_stay_on_their_day(databases: &mut [Warehouse]) {
    let config = notion::Config { users: 64, ..Default::default() };
    let tables = notion::generate(&config).unwrap();
    let shift = |frame: &DataFrame, name: &str| {
        let late = lit(999_600_i64).cast(DataType::Duration(TimeUnit::Microseconds));
        frame.clone().lazy().with_column(col(name) + late).collect().unwrap()
    };
    let (events, users) =
        (shift(&tables.user_events, "timestamp"), shift(&tables.user_profiles, "signup_at"));
    for db in databases {
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
        let week = lit(7 * 86_400_000_000_i64).cast(DataType::Duration(TimeUnit::Microseconds));
        let expected = users.clone().lazy().sort(["user_id"], Default::default());
        let expected =
            expected.select([col("user_id"), (col("signup_at") + week).alias("activates_before")]);
        let found = db.query(views.returning(&columns)).unwrap();
        same(&found, &expected.collect().unwrap(), &db.to_string());
        let days = Query::from(
            "SELECT date, COUNT(*) AS events FROM activity GROUP BY date ORDER BY date",
        );
        let counted = [("date", ColumnType::Date), ("events", ColumnType::Integer)];
        let expected = events.clone().lazy().filter(col("event_type").neq(lit("signup")));
        let day = col("timestamp").dt().date().alias("date");
        let expected = expected
            .group_by([day])
            .agg([len().cast(DataType::Int64).alias("events")])
            .sort(["date"], Default::default());
        let found = db.query(days.returning(&counted)).unwrap();
        same(&found, &expected.collect().unwrap(), &db.to_string());
    }
}
