//! Recurring revenue: what was won, lost and retained, and what a customer is worth.
//!
//! ```
//! use casebook::metrics::revenue;
//! use casebook::polars::prelude::*;
//! use chrono::NaiveDate;
//! # use casebook::chrono;
//!
//! let month = |m| NaiveDate::from_ymd_opt(2024, m, 1).unwrap();
//! let paid = df!(
//!     "customer_id" => ["ann", "bob", "ann"],
//!     "month" => [month(1), month(1), month(2)],
//!     "mrr" => [10.0, 20.0, 15.0],
//! )?;
//! let moved = revenue::movements(&paid)?;
//! assert_eq!(moved.column("expansion")?.f64()?.get(1), Some(5.0));
//! assert_eq!(moved.column("churned")?.f64()?.get(1), Some(20.0));
//! assert_eq!(moved.column("nrr")?.f64()?.get(1), Some(0.5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod lifetime_value;
mod movements;

pub use lifetime_value::lifetime_value;
pub use movements::movements;
