//! The SQL in `sql/`, compiled in: what the notebooks show and what the tests run is this text.

/// A query with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'q> {
    /// Its file below `sql/`, or nothing for a query typed in.
    pub name: &'q str,
    /// The SQL.
    pub text: &'q str,
}

impl<'q> From<&'q str> for Query<'q> {
    fn from(text: &'q str) -> Self {
        Query { name: "", text }
    }
}

impl<'q> From<&Query<'q>> for Query<'q> {
    fn from(query: &Query<'q>) -> Self {
        *query
    }
}

/// The tables and views of one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// What the case is called; on PostgreSQL the tables live in the schema `casebook_` + this.
    pub name: &'static str,
    /// Tables, parents before children, then views, those that others read first.
    pub tables: &'static [&'static str],
    /// Tables' keys, as (table, column).
    pub keys: &'static [(&'static str, &'static str)],
    /// Which column refers to which key.
    pub references: &'static [Reference],
    /// See `tables`.
    pub views: &'static [&'static str],
    /// Statements that make them on SQLite.
    pub sqlite: &'static str,
    /// Statements that make them on PostgreSQL.
    pub postgres: &'static str,
    /// Statements for views that are the same on both, run after.
    pub common: &'static str,
}

/// A column that refers to another table's key, each as (table, column).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// The column that refers.
    pub from: (&'static str, &'static str),
    /// The key it refers to.
    pub to: (&'static str, &'static str),
}

/// The SaaS take-home: `sql/saas/`.
pub mod saas {
    use super::{Query, Reference, Schema};

    /// Tables `plans`, `months`, `companies`, `sessions` and the views over them.
    pub const SCHEMA: Schema = Schema {
        name: "saas",
        tables: &["plans", "months", "companies", "sessions"],
        keys: &[
            ("plans", "company_size"),
            ("months", "month_no"),
            ("companies", "company_id"),
            ("sessions", "session_id"),
        ],
        references: &[
            Reference { from: ("companies", "company_size"), to: ("plans", "company_size") },
            Reference { from: ("sessions", "company_id"), to: ("companies", "company_id") },
        ],
        views: &["calendar", "active_months", "acquisitions", "sizes", "breakdown", "presence"],
        sqlite: include_str!("../../sql/saas/schema.sqlite.sql"),
        postgres: include_str!("../../sql/saas/schema.postgres.sql"),
        common: include_str!("../../sql/saas/views.sql"),
    };

    /// Clients by month and company size.
    pub const CLIENTS: Query =
        Query { name: "saas/clients.sql", text: include_str!("../../sql/saas/clients.sql") };
    /// Revenue by month and company size, under both billing rules.
    pub const REVENUE: Query =
        Query { name: "saas/revenue.sql", text: include_str!("../../sql/saas/revenue.sql") };
    /// Average sessions by month and company size.
    pub const USAGE: Query =
        Query { name: "saas/usage.sql", text: include_str!("../../sql/saas/usage.sql") };
    /// Logo and revenue churn, gross and net retention.
    pub const CHURN: Query =
        Query { name: "saas/churn.sql", text: include_str!("../../sql/saas/churn.sql") };
    /// Survival and hazard by month since acquisition.
    pub const SURVIVAL: Query =
        Query { name: "saas/survival.sql", text: include_str!("../../sql/saas/survival.sql") };

    /// All of them.
    pub const ALL: [Query; 5] = [CLIENTS, REVENUE, USAGE, CHURN, SURVIVAL];
}

/// The e-commerce platform: `sql/ecommerce/`.
pub mod ecommerce {
    use super::{Query, Reference, Schema};

    /// Tables `products`, `users`, `sessions`, `events` and the views over them.
    pub const SCHEMA: Schema = Schema {
        name: "ecommerce",
        tables: &["products", "users", "sessions", "events"],
        keys: &[("products", "product_id"), ("users", "user_id"), ("sessions", "session_id")],
        references: &[
            Reference { from: ("sessions", "user_id"), to: ("users", "user_id") },
            Reference { from: ("events", "session_id"), to: ("sessions", "session_id") },
            Reference { from: ("events", "product_id"), to: ("products", "product_id") },
        ],
        views: &["registrations", "active_months", "last_month"],
        sqlite: include_str!("../../sql/ecommerce/schema.sqlite.sql"),
        postgres: include_str!("../../sql/ecommerce/schema.postgres.sql"),
        common: "",
    };

    /// Users by the month they registered, and how many of them came so many months later.
    pub const COHORTS: Query = Query {
        name: "ecommerce/cohorts.sql",
        text: include_str!("../../sql/ecommerce/cohorts.sql"),
    };
    /// Sessions by segment and how far they got.
    pub const FUNNEL: Query = Query {
        name: "ecommerce/funnel.sql",
        text: include_str!("../../sql/ecommerce/funnel.sql"),
    };

    /// All of them.
    pub const ALL: [Query; 2] = [COHORTS, FUNNEL];
}
