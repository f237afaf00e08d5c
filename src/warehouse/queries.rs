//! The SQL in `sql/`, compiled in: what the notebooks show and what the tests run is this text.

use crate::error::{Error, Result};

pub use super::types::ColumnType;

/// A query with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'q> {
    /// Its file in `sql/`, or nothing for a query typed in.
    pub name: &'q str,
    /// The SQL.
    pub text: &'q str,
    /// The columns it returns, each with its type; none if they are not declared. Every database returns declared
    /// columns with these types, with or without rows.
    pub columns: &'q [(&'q str, ColumnType)],
}

impl<'q> Query<'q> {
    /// Declares the columns that come back, because databases differ in the types of computed columns.
    ///
    /// ```
    /// use casebook::warehouse::Warehouse;
    /// use casebook::warehouse::queries::{ColumnType, Query};
    ///
    /// let query = Query::from("SELECT 1 < 2 AS less, SUM(x) AS sum FROM (SELECT 1 AS x WHERE 1 = 0) AS t");
    /// let typed = query.returning(&[("less", ColumnType::Boolean), ("sum", ColumnType::Real)]);
    /// let frame = Warehouse::in_memory()?.query(typed)?;
    /// assert_eq!(frame.column("less")?.bool()?.get(0), Some(true));
    /// assert_eq!(frame.column("sum")?.f64()?.get(0), None);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn returning(self, columns: &'q [(&'q str, ColumnType)]) -> Query<'q> {
        Query { columns, ..self }
    }

    /// Returns the declared types of a result with these names; none if nothing is declared.
    ///
    /// # Errors
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) if the declared names differ.
    pub fn types(&self, names: &[&str]) -> Result<Option<Vec<ColumnType>>> {
        if self.columns.is_empty() {
            return Ok(None);
        }
        if !self.columns.iter().map(|(name, _)| *name).eq(names.iter().copied()) {
            let declared: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
            let missing = declared.iter().find(|name| !names.contains(name));
            let further = names.iter().find(|name| !declared.contains(name));
            // All are there, in another order or more than once.
            let places = 0..declared.len().max(names.len());
            let moved = || {
                let place = places.into_iter().find(|at| declared.get(*at) != names.get(*at))?;
                declared.get(place).or(names.get(place))
            };
            let (column, what) = match (missing, further) {
                (Some(name), _) => (*name, "is declared and not returned"),
                (None, Some(name)) => (*name, "is returned and not declared"),
                (None, None) => {
                    (moved().copied().unwrap_or_default(), "is returned at another place")
                }
            };
            let problem = format!(
                "{what}: declared are `{}`; the query returns `{}`",
                declared.join("`, `"),
                names.join("`, `")
            );
            return Err(Error::column("result", column, problem));
        }
        Ok(Some(self.columns.iter().map(|(_, kind)| *kind).collect()))
    }
}

impl<'q> From<&'q str> for Query<'q> {
    fn from(text: &'q str) -> Self {
        Query { name: "", text, columns: &[] }
    }
}

impl<'q> From<&Query<'q>> for Query<'q> {
    fn from(query: &Query<'q>) -> Self {
        *query
    }
}

/// The placeholder for the day that a query is about; `psql -v as_of=2024-02-29` fills it in.
pub const AS_OF: &str = ":'as_of'";

impl Query<'_> {
    /// Returns the SQL with the day filled in.
    pub fn on(&self, as_of: chrono::NaiveDate) -> String {
        self.text.replace(AS_OF, &format!("'{as_of}'"))
    }
}

/// The tables and views of one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// The name of the case; on PostgreSQL, the tables are in the schema `casebook_` + this.
    pub name: &'static str,
    /// The tables, parents before children, by the names they have in the databases: in lower case unless the
    /// statements quote them.
    pub tables: &'static [&'static str],
    /// Tables' keys, as (table, column).
    pub keys: &'static [(&'static str, &'static str)],
    /// Which column refers to which key.
    pub references: &'static [Reference],
    /// The views, those that others read first; named as in `tables`.
    pub views: &'static [&'static str],
    /// Statements that make them on SQLite, where `CHECK (moment(x))` says that a text is a moment as the warehouse writes
    /// it.
    pub sqlite: &'static str,
    /// Statements that create them on PostgreSQL.
    pub postgres: &'static str,
    /// Statements for views that are the same on both; run afterwards.
    pub common: &'static str,
    /// Statements that create views over Parquet files on Spark; `:data` is their folder.
    pub spark: Option<&'static str>,
}

impl Schema {
    /// Splits statements in two: those to run before the rows are there, and those that are faster afterwards, namely
    /// indexes and added constraints, each on a line of its own.
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
    use crate::warehouse::queries::{Query, Reference, Schema};
    use crate::warehouse::types::ColumnType::{Integer, Real, Text};

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
    pub const CLIENTS: Query = Query {
        name: "saas/clients.sql",
        text: include_str!("../../sql/saas/clients.sql"),
        columns: &[
            ("month_no", Integer),
            ("month", Text),
            ("company_size", Text),
            ("clients", Integer),
        ],
    };
    /// Revenue by month and company size, under both billing rules.
    pub const REVENUE: Query = Query {
        name: "saas/revenue.sql",
        text: include_str!("../../sql/saas/revenue.sql"),
        columns: &[
            ("month_no", Integer),
            ("month", Text),
            ("company_size", Text),
            ("clients", Integer),
            ("revenue", Real),
            ("revenue_if_churn_billed", Real),
        ],
    };
    /// Average sessions by month and company size.
    pub const USAGE: Query = Query {
        name: "saas/usage.sql",
        text: include_str!("../../sql/saas/usage.sql"),
        columns: &[
            ("month_no", Integer),
            ("month", Text),
            ("company_size", Text),
            ("clients", Integer),
            ("sessions", Integer),
            ("sessions_per_client", Real),
        ],
    };
    /// Logo and revenue churn, gross and net retention.
    pub const CHURN: Query = Query {
        name: "saas/churn.sql",
        text: include_str!("../../sql/saas/churn.sql"),
        columns: &[
            ("month_no", Integer),
            ("month", Text),
            ("company_size", Text),
            ("clients_start", Integer),
            ("clients_lost", Integer),
            ("logo_churn", Real),
            ("mrr_start", Real),
            ("mrr_lost", Real),
            ("revenue_churn", Real),
            ("grr", Real),
            ("nrr", Real),
        ],
    };
    /// Survival and hazard by month since acquisition.
    pub const SURVIVAL: Query = Query {
        name: "saas/survival.sql",
        text: include_str!("../../sql/saas/survival.sql"),
        columns: &[
            ("company_size", Text),
            ("month_no", Integer),
            ("at_risk", Integer),
            ("lost", Integer),
            ("hazard", Real),
            ("survival", Real),
        ],
    };

    /// All queries of this case.
    pub const ALL: [Query; 5] = [CLIENTS, REVENUE, USAGE, CHURN, SURVIVAL];
}

/// The e-commerce platform: `sql/ecommerce/`.
pub mod ecommerce {
    use crate::warehouse::queries::{Query, Reference, Schema};
    use crate::warehouse::types::ColumnType::{Integer, Text};

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

    /// Users by month of registration, and how many of them came back in each later month.
    pub const COHORTS: Query = Query {
        name: "ecommerce/cohorts.sql",
        text: include_str!("../../sql/ecommerce/cohorts.sql"),
        columns: &[("cohort", Text), ("period", Integer), ("size", Integer), ("active", Integer)],
    };
    /// Sessions by segment and how far they got.
    pub const FUNNEL: Query = Query {
        name: "ecommerce/funnel.sql",
        text: include_str!("../../sql/ecommerce/funnel.sql"),
        columns: &[
            ("segment", Text),
            ("product_view", Integer),
            ("add_to_cart", Integer),
            ("purchase", Integer),
        ],
    };

    /// All queries of this case.
    pub const ALL: [Query; 2] = [COHORTS, FUNNEL];
}

/// The Notion-style study: `sql/notion/`. Each query is about a day: see
/// [`Warehouse::query_on`](super::Warehouse::query_on).
pub mod notion {
    use crate::warehouse::queries::{Query, Reference, Schema};
    use crate::warehouse::types::ColumnType::{Integer, Real, Text};

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
            Reference { from: ("workspaces", "plan_type"), to: ("plans", "plan_type") },
            Reference { from: ("user_profiles", "signup_date"), to: ("calendar", "date") },
            Reference { from: ("user_profiles", "plan_type"), to: ("plans", "plan_type") },
            Reference {
                from: ("user_profiles", "workspace_id"),
                to: ("workspaces", "workspace_id"),
            },
            Reference {
                from: ("workspace_members", "workspace_id"),
                to: ("workspaces", "workspace_id"),
            },
            Reference { from: ("workspace_members", "user_id"), to: ("user_profiles", "user_id") },
            Reference { from: ("user_events", "user_id"), to: ("user_profiles", "user_id") },
            Reference { from: ("user_events", "workspace_id"), to: ("workspaces", "workspace_id") },
        ],
        views: &["activity", "signups"],
        sqlite: include_str!("../../sql/notion/schema.sqlite.sql"),
        postgres: include_str!("../../sql/notion/schema.postgres.sql"),
        common: "",
        spark: Some(include_str!("../../sql/notion/schema.spark.sql")),
    };

    /// Daily, weekly and monthly active users, and stickiness.
    pub const DAU_MAU: Query = Query {
        name: "notion/dau_mau.sql",
        text: include_str!("../../sql/notion/dau_mau.sql"),
        columns: &[
            ("date", Text),
            ("dau", Integer),
            ("wau", Integer),
            ("mau", Integer),
            ("stickiness", Real),
        ],
    };
    /// The seven stages from visitor to payment.
    pub const FUNNEL: Query = Query {
        name: "notion/funnel.sql",
        text: include_str!("../../sql/notion/funnel.sql"),
        columns: &[
            ("stage", Integer),
            ("name", Text),
            ("users", Integer),
            ("previous", Integer),
            ("step_rate", Real),
            ("dropped", Integer),
        ],
    };
    /// Retention by month of sign-up and calendar months since.
    pub const COHORT_RETENTION: Query = Query {
        name: "notion/cohort_retention.sql",
        text: include_str!("../../sql/notion/cohort_retention.sql"),
        columns: &[
            ("cohort", Text),
            ("period", Integer),
            ("size", Integer),
            ("active", Integer),
            ("rate", Real),
        ],
    };
    /// Users in deciles by number of events.
    pub const POWER_USERS: Query = Query {
        name: "notion/power_users.sql",
        text: include_str!("../../sql/notion/power_users.sql"),
        columns: &[
            ("decile", Integer),
            ("users", Integer),
            ("events", Integer),
            ("share", Real),
            ("min_events", Integer),
            ("max_events", Integer),
            ("days_per_user", Real),
        ],
    };
    /// Users of each feature.
    pub const FEATURE_ADOPTION: Query = Query {
        name: "notion/feature_adoption.sql",
        text: include_str!("../../sql/notion/feature_adoption.sql"),
        columns: &[
            ("feature", Text),
            ("users", Integer),
            ("adopted", Integer),
            ("rate", Real),
            ("events", Integer),
            ("events_per_adopter", Real),
        ],
    };
    /// Recurring revenue by month and plan.
    pub const REVENUE: Query = Query {
        name: "notion/revenue.sql",
        text: include_str!("../../sql/notion/revenue.sql"),
        columns: &[
            ("month", Text),
            ("plan_type", Text),
            ("customers", Integer),
            ("new_customers", Integer),
            ("lost_customers", Integer),
            ("mrr", Real),
            ("new_mrr", Real),
            ("churned_mrr", Real),
        ],
    };
    /// Workspaces in which people worked together, by week.
    pub const NORTH_STAR: Query = Query {
        name: "notion/north_star.sql",
        text: include_str!("../../sql/notion/north_star.sql"),
        columns: &[
            ("week", Text),
            ("workspaces", Integer),
            ("collaborative", Integer),
            ("share", Real),
            ("users", Integer),
        ],
    };

    /// All queries of this case.
    pub const ALL: [Query; 7] =
        [DAU_MAU, FUNNEL, COHORT_RETENTION, POWER_USERS, FEATURE_ADOPTION, REVENUE, NORTH_STAR];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_that_differs_is_named() {
        let types = |declared: &[(&'static str, ColumnType)], found: &[&str]| {
            Query::from("SELECT").returning(declared).types(found).unwrap_err().to_string()
        };
        let [a, b, c] = ["a", "b", "c"].map(|name| (name, ColumnType::Text));
        for (declared, found, named) in [
            (&[a, b][..], &["a", "x"][..], "`b`"),
            (&[a, b], &["a"], "`b`"),
            (&[a, b, c], &["a"], "`b`"),
            (&[a, b, c], &["b", "c"], "`a`"),
            (&[a, c], &["a", "b", "c"], "`b`"),
            (&[a, b], &["a", "b", "c"], "`c`"),
            (&[a, b], &["b", "a"], "`a`"),
            (&[a], &["a", "a"], "`a`"),
            (&[a], &[], "`a`"),
        ] {
            let told = types(declared, found);
            assert!(told.contains(&format!("column {named} ")), "{named}, not: {told}");
        }
    }

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
