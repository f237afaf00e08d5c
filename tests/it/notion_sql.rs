//! The seven queries of the Notion-style study return what polars makes of the same tables, on SQLite and
//! PostgreSQL, asked about a leap day, a year's end and other days; and PostgreSQL uses the indexes.

#[path = "../support/answers.rs"]
mod answers;

use answers::from_polars;
use casebook::prelude::*;
use casebook::warehouse::queries::notion as sql;
use chrono::NaiveDate;

use crate::support;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn postgres_sqlite_and_polars_agree() {
    let server = support::Server::start();
    let mut databases =
        [Warehouse::in_memory().unwrap(), Warehouse::postgres(&server.url).unwrap()];
    for config in [
        notion::Config { users: 4_000, ..Default::default() },
        notion::Config { users: 1_500, seed: 9, ..notion::Config::sticky() },
    ] {
        let tables = notion::generate(&config).unwrap();
        for db in &mut databases {
            db.load(&sql::SCHEMA, &tables.named()).unwrap();
        }
        // A leap day, two year ends (one the last day observed), a month's end, a Sunday, and a day on which hardly
        // anything can be observed yet.
        for as_of in
            ["2024-02-29", "2023-12-31", "2024-12-31", "2024-07-31", "2024-06-16", "2023-02-03"]
        {
            let as_of = day(as_of);
            let expected = from_polars(&tables, as_of);
            assert_eq!(expected.len(), sql::ALL.len(), "a query has no counterpart");
            for db in &mut databases {
                for (query, frame) in &expected {
                    let found = db.query_on(query, as_of).unwrap();
                    assert!(
                        found.equals_missing(frame),
                        "{}, {as_of}, on {db}\npolars\n{frame}\ndatabase\n{found}",
                        query.name
                    );
                }
            }
        }
    }
}

/// At 750,000 events, what asks about some days or some users reads an index; what asks about all of history reads
/// all of it, because it needs nearly every row.
#[test]
fn postgres_reads_indexes_where_it_should() {
    let server = support::Server::start();
    let mut db = Warehouse::postgres(&server.url).unwrap();
    let tables = notion::generate(&notion::Config::default()).unwrap();
    assert!(tables.user_events.height() > 700_000);
    db.load(&sql::SCHEMA, &tables.named()).unwrap();
    for table in sql::SCHEMA.tables {
        let analyze = format!("ANALYZE casebook_notion.{table}");
        db.query(analyze.as_str()).unwrap();
    }
    let as_of = day("2024-02-29");
    for query in sql::ALL {
        let explain = format!("EXPLAIN {}", query.on(as_of));
        let plan =
            db.query(queries::Query { name: query.name, text: &explain, columns: &[] }).unwrap();
        let plan: Vec<&str> = plan.columns()[0].str().unwrap().iter().flatten().collect();
        let plan = plan.join("\n");
        let scans = plan.contains("Seq Scan on user_events");
        let whole_history = [sql::COHORT_RETENTION, sql::FEATURE_ADOPTION].contains(&query);
        assert!(!scans || whole_history, "{} scans all events\n{plan}", query.name);
        if query == sql::REVENUE {
            assert!(!plan.contains("user_events"), "{plan}");
        }
        println!("{}\n{plan}\n", query.name);
    }
}
