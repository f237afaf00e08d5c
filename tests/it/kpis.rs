//! The same KPI tables from polars, SQLite and PostgreSQL, on the same data.

use casebook::cases::ecommerce::{self, Faults};
use casebook::cases::saas::{self, Config, Tables};
use casebook::metrics::funnel::{Funnel, Step};
use casebook::metrics::{Period, basket, retention};
use casebook::polars::prelude::*;
use casebook::warehouse::Warehouse;
use casebook::warehouse::queries::{Query, Schema, ecommerce as shop_sql, saas as sql};

twins! {
    polars_agrees,
    pairs_of_products_are_those_of_polars,
    polars_agrees_on_the_shop,
}

/// What polars makes of the tables, beside the query that must return the same.
fn from_polars(tables: &Tables) -> Vec<(Query<'static>, DataFrame)> {
    let Tables { companies, plans, months, sessions } = tables;
    let presence = saas::presence(companies, plans, months, sessions).unwrap();
    let survival = saas::survival(&presence, months).unwrap();
    vec![
        (sql::CLIENTS, saas::clients(&presence, months).unwrap()),
        (sql::REVENUE, saas::revenue(&presence, months).unwrap()),
        (sql::USAGE, saas::usage(&presence, months).unwrap()),
        (sql::CHURN, saas::churn(&presence, months).unwrap()),
        // The interval is the library's alone.
        (sql::SURVIVAL, survival.drop_many(["low", "high"])),
    ]
}

/// Every query returns on every database what polars makes of the same tables, without any tolerance.
fn agree(
    schema: &Schema,
    tables: &[(&'static str, &DataFrame)],
    expected: &[(Query, DataFrame)],
    databases: &mut [Warehouse],
    case: &str,
) {
    for db in databases {
        db.load(schema, tables).unwrap();
        for (query, frame) in expected {
            let found = db.query(query).unwrap();
            assert!(
                found.equals_missing(frame),
                "{case}, {} on {db}\npolars\n{frame}\ndatabase\n{found}",
                query.name
            );
        }
    }
}

fn polars_agrees(databases: &mut [Warehouse]) {
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
        let tables = saas::generate(&config).unwrap();
        let expected = from_polars(&tables);
        assert_eq!(expected.len(), sql::ALL.len(), "a query has no counterpart");
        agree(&sql::SCHEMA, &tables.named(), &expected, databases, case);
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

/// What polars makes of a shop, in the columns of the queries.
fn from_polars_shop(tables: &ecommerce::Tables) -> Vec<(Query<'static>, DataFrame)> {
    let users = tables.users.clone().lazy().rename(["registration_date"], ["signup_at"], true);
    let visits = tables.sessions.clone().lazy().rename(["started_at"], ["timestamp"], true);
    let cohorts = retention::cohorts(&users, &visits, Period::Month)
        .unwrap()
        .lazy()
        .filter(col("active").is_not_null())
        .select([col("cohort").dt().to_string("%Y-%m"), col("period"), col("size"), col("active")])
        .collect()
        .unwrap();
    let events = tables.events.clone().lazy().rename(["event_type"], ["event"], true);
    let names = ["session_start", "product_view", "add_to_cart", "purchase"];
    let count = |step: usize| {
        let there = when(col("step").eq(lit(step as i64 + 1))).then(col("users"));
        there.otherwise(lit(0_i64)).sum().alias(names[step])
    };
    let funnel = Funnel::new(names.map(Step::event))
        .per("session_id")
        .conversion_by(&events, &tables.users, "segment")
        .unwrap()
        .lazy()
        .group_by([col("segment")])
        .agg([count(1), count(2), count(3)])
        .sort(["segment"], SortMultipleOptions::default())
        .collect()
        .unwrap();
    vec![(shop_sql::COHORTS, cohorts), (shop_sql::FUNNEL, funnel)]
}

/// Pairs of products, as anybody would count them in SQL.
const PAIRS: &str = "
    WITH lines AS (SELECT DISTINCT session_id, product_id FROM events WHERE event_type = 'purchase'),
    alone AS (SELECT product_id, COUNT(*) AS n FROM lines GROUP BY product_id),
    pairs AS (
        SELECT a.product_id AS one, b.product_id AS other, COUNT(*) AS both_in
        FROM lines AS a
        JOIN lines AS b ON b.session_id = a.session_id AND b.product_id > a.product_id
        GROUP BY a.product_id, b.product_id
        HAVING COUNT(*) >= 3
    )
    SELECT
        p.one, p.other, l.n AS left_orders, r.n AS right_orders, p.both_in AS together,
        CAST(p.both_in * (SELECT COUNT(DISTINCT session_id) FROM lines) AS double precision)
            / (l.n * r.n) AS lift
    FROM pairs AS p
    JOIN alone AS l ON l.product_id = p.one
    JOIN alone AS r ON r.product_id = p.other
    ORDER BY p.one, p.other";

fn pairs_of_products_are_those_of_polars(databases: &mut [Warehouse]) {
    let config = ecommerce::Config { users: 500, ..Default::default() };
    let tables = ecommerce::generate(&config).unwrap();
    let lines = tables
        .events
        .clone()
        .lazy()
        .filter(col("event_type").eq(lit("purchase")))
        .select([col("session_id").alias("order_id"), col("product_id").alias("item")]);
    let ours = basket::pairs(&lines, 3)
        .unwrap()
        .lazy()
        .select(["left", "right", "left_orders", "right_orders", "together", "lift"].map(col))
        .sort(["left", "right"], SortMultipleOptions::default())
        .rename(["left", "right"], ["one", "other"], true)
        .collect()
        .unwrap();
    assert!(ours.height() > 100, "{}", ours.height());
    let pairs = (Query { name: "pairs", ..Query::from(PAIRS) }, ours);
    agree(&shop_sql::SCHEMA, &tables.named(), &[pairs], databases, "500 users");
}

fn polars_agrees_on_the_shop(databases: &mut [Warehouse]) {
    let default = ecommerce::Config { users: 400, ..Default::default() };
    let faults = Faults {
        duplicates: 0.05,
        outage_from: 120,
        outage_days: 70,
        wrong_clocks: 0.2,
        late_registrations: 0.3,
        bots: 2,
    };
    let cases = [
        ("a year", default.clone()),
        (
            "across a new year",
            ecommerce::Config {
                start: "2023-11-15".parse().unwrap(),
                days: 100,
                seed: 5,
                ..default.clone()
            },
        ),
        (
            "every fault, and a month without an event",
            ecommerce::Config { faults, ..default.clone() },
        ),
        ("one user", ecommerce::Config { users: 1, seed: 2, ..default.clone() }),
        ("two days", ecommerce::Config { users: 300, days: 2, ..default }),
    ];
    for (case, config) in cases {
        let tables = ecommerce::generate(&config).unwrap();
        let expected = from_polars_shop(&tables);
        assert_eq!(expected.len(), shop_sql::ALL.len(), "a query has no counterpart");
        agree(&shop_sql::SCHEMA, &tables.named(), &expected, databases, case);
    }
}
