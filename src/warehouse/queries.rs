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

/// How a query names the day it is asked about; what `psql -v as_of=2024-02-29` fills in.
pub const AS_OF: &str = ":'as_of'";

impl Query<'_> {
    /// The SQL with the day filled in.
    pub fn on(&self, as_of: chrono::NaiveDate) -> String {
        self.text.replace(AS_OF, &format!("'{as_of}'"))
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
    /// Statements that make views over Parquet files on Spark; `:data` is their folder.
    pub spark: Option<&'static str>,
}

impl Schema {
    /// Statements in two: those before the rows, and those that are faster when all rows are there: indexes and added
    /// constraints, each on a line of its own.
    pub(super) fn in_two(statements: &str) -> (String, String) {
        let late =
            |line: &&str| line.starts_with("CREATE INDEX") || line.starts_with("ALTER TABLE");
        let (after, before): (Vec<&str>, Vec<&str>) = statements.lines().partition(late);
        (before.join("\n"), after.join("\n"))
    }
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
        spark: None,
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
        spark: None,
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

/// The Notion-style study: `sql/notion/`. Each query is asked about a day: see
/// [`Warehouse::query_on`](super::Warehouse::query_on).
pub mod notion {
    use super::{Query, Reference, Schema};

    /// Tables `plans`, `calendar`, `visitors`, `workspaces`, `user_profiles`, `workspace_members`, `user_events`
    /// and the views over them.
    pub const SCHEMA: Schema = Schema {
        name: "notion",
        tables: &[
            "plans",
            "calendar",
            "visitors",
            "workspaces",
            "user_profiles",
            "workspace_members",
            "user_events",
        ],
        keys: &[
            ("plans", "plan_type"),
            ("calendar", "date"),
            ("workspaces", "workspace_id"),
            ("user_profiles", "user_id"),
            ("user_events", "event_id"),
        ],
        references: &[
            Reference { from: ("visitors", "date"), to: ("calendar", "date") },
            Reference {
                from: ("user_profiles", "workspace_id"),
                to: ("workspaces", "workspace_id"),
            },
            Reference { from: ("workspace_members", "user_id"), to: ("user_profiles", "user_id") },
            Reference { from: ("user_events", "user_id"), to: ("user_profiles", "user_id") },
        ],
        views: &["activity", "signups"],
        sqlite: include_str!("../../sql/notion/schema.sqlite.sql"),
        postgres: include_str!("../../sql/notion/schema.postgres.sql"),
        common: "",
        spark: Some(include_str!("../../sql/notion/schema.spark.sql")),
    };

    /// Daily, weekly and monthly active users, and stickiness.
    pub const DAU_MAU: Query =
        Query { name: "notion/dau_mau.sql", text: include_str!("../../sql/notion/dau_mau.sql") };
    /// The seven stages from visitor to payment.
    pub const FUNNEL: Query =
        Query { name: "notion/funnel.sql", text: include_str!("../../sql/notion/funnel.sql") };
    /// Retention by month of sign-up and calendar months since.
    pub const COHORT_RETENTION: Query = Query {
        name: "notion/cohort_retention.sql",
        text: include_str!("../../sql/notion/cohort_retention.sql"),
    };
    /// Users in deciles by how much they do.
    pub const POWER_USERS: Query = Query {
        name: "notion/power_users.sql",
        text: include_str!("../../sql/notion/power_users.sql"),
    };
    /// Who has used which feature.
    pub const FEATURE_ADOPTION: Query = Query {
        name: "notion/feature_adoption.sql",
        text: include_str!("../../sql/notion/feature_adoption.sql"),
    };
    /// Recurring revenue by month and plan.
    pub const REVENUE: Query =
        Query { name: "notion/revenue.sql", text: include_str!("../../sql/notion/revenue.sql") };
    /// Workspaces in which people worked together, by week.
    pub const NORTH_STAR: Query = Query {
        name: "notion/north_star.sql",
        text: include_str!("../../sql/notion/north_star.sql"),
    };

    /// All of them.
    pub const ALL: [Query; 7] =
        [DAU_MAU, FUNNEL, COHORT_RETENTION, POWER_USERS, FEATURE_ADOPTION, REVENUE, NORTH_STAR];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_late_is_on_lines_of_its_own() {
        for schema in [saas::SCHEMA, ecommerce::SCHEMA, notion::SCHEMA] {
            for statements in [schema.sqlite, schema.postgres] {
                let (before, after) = Schema::in_two(statements);
                assert!(!before.contains("INDEX") && !before.contains("ALTER"));
                assert!(before.contains("CREATE TABLE"));
                assert!(
                    !after.is_empty() && after.lines().all(|line| line.ends_with(';')),
                    "{after}"
                );
            }
            let (_, after) = Schema::in_two(schema.common);
            assert!(after.is_empty(), "{after}");
        }
    }
}
