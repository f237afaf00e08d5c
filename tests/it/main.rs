//! The library's integration tests: one program, which is linked once.
//!
//! A test that starts a PostgreSQL server has a name that begins with `postgres_`, or stands in a module with such a name:
//! `make check` leaves it out.

#[macro_use]
mod twins;

#[path = "../support/mod.rs"]
pub(crate) mod support;

mod cells;
mod change;
mod charts;
mod charts_legible;
mod charts_marks;
mod charts_more;
mod conformance;
mod diagnosis_decisions;
mod diagnosis_truth;
mod ecommerce_claims;
mod ecommerce_decisions;
mod ecommerce_recovery;
mod ecommerce_truth;
mod effects;
mod engines;
mod every_metric;
mod experiment;
mod kpis;
mod marketplace;
mod mentor;
mod metrics_errors;
mod metrics_properties;
mod metrics_truth;
mod notion_decisions;
mod notion_sql;
mod notion_truth;
mod paths_truth;
mod platform_decisions;
mod platform_truth;
mod postgres_failures;
mod reference;
mod saas_claims;
mod saas_decisions;
mod saas_truth;
mod schema_drawing;
