//! The same KPI tables from polars, SQLite and PostgreSQL, on the same data.

mod support;

use casebook::metrics::{activity, revenue, survival};
use casebook::polars::prelude::DataFrame;
use casebook::simulate::saas::{self, Config, Tables};
use casebook::warehouse::Warehouse;
use casebook::warehouse::queries::{Query, saas as sql};

/// What polars makes of the tables, beside the query that must return the same.
fn from_polars(tables: &Tables) -> Vec<(Query<'static>, DataFrame)> {
    let Tables { companies, plans, months, sessions } = tables;
    let presence = activity::presence(companies, plans, months, sessions).unwrap();
    let survival = survival::by_month(&presence, months).unwrap();
    vec![
        (sql::CLIENTS, activity::clients(&presence, months).unwrap()),
        (sql::REVENUE, revenue::monthly(&presence, months).unwrap()),
        (sql::USAGE, activity::usage(&presence, months).unwrap()),
        (sql::CHURN, revenue::churn(&presence, months).unwrap()),
        // The interval is the library's alone.
        (sql::SURVIVAL, survival.drop_many(["low", "high"])),
    ]
}

fn agree(tables: &Tables, databases: &mut [Warehouse], case: &str) {
    let expected = from_polars(tables);
    assert_eq!(expected.len(), sql::ALL.len(), "a query has no counterpart");
    for db in databases {
        db.load(&sql::SCHEMA, &tables.named()).unwrap();
        for (query, frame) in &expected {
            let found = db.query(query).unwrap();
            assert!(
                found.equals_missing(frame),
                "{case}, {} on {db}\npolars\n{frame}\ndatabase\n{found}",
                query.name
            );
        }
    }
}

#[test]
fn polars_sqlite_and_postgresql_agree() {
    let server = support::Server::start();
    let mut databases =
        [Warehouse::in_memory().unwrap(), Warehouse::postgres(&server.url).unwrap()];
    let default = Config::default();
    let cases = [
        ("the brief", default.clone()),
        (
            "another seed, past the end of a year",
            Config { seed: 7, months: 20, start: "2023-08".parse().unwrap(), ..default.clone() },
        ),
        (
            "the other reading",
            Config { session_rule: saas::SessionRule::SignTimesUniform, ..default.clone() },
        ),
        ("one size only", Config { share_small: 1.0, ..default.clone() }),
        // Three companies: months in which nobody is left, ratios over nothing.
        ("nobody left", Config { companies: 3, months: 60, seed: 5, ..default.clone() }),
        ("a single month", Config { months: 1, ..default }),
    ];
    for (case, config) in cases {
        agree(&saas::generate(&config).unwrap(), &mut databases, case);
    }
}

/// What the brief's own answer is, pinned: any change here changes the published notebook.
#[test]
fn the_briefs_first_month_is_stable() {
    let tables = saas::generate(&Config::default()).unwrap();
    let (_, clients) = &from_polars(&tables)[0];
    let first: Vec<Option<i64>> =
        clients.column("clients").unwrap().i64().unwrap().iter().take(2).collect();
    assert_eq!(first, [Some(140), Some(310)]);
}
