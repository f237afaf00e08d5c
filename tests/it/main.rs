//! The library's integration tests: one program, which is linked once.
//!
//! A test that starts a PostgreSQL server has `postgres` in its name: `make check` leaves it out.

#[path = "../support/mod.rs"]
mod support;

mod charts;
mod conformance;
mod ecommerce_recovery;
mod ecommerce_truth;
mod engines;
mod kpis;
mod marketplace;
mod mentor;
mod metrics_errors;
mod metrics_properties;
mod metrics_truth;
mod notion_sql;
mod notion_truth;
mod postgres_failures;
mod reference;
mod saas_truth;
