//! Product-analytics case studies: data with a known truth, and the metrics that recover it.
//!
//! The modules, in the order in which a case uses them:
//!
//! - [`cases`]: one business each: a generator (a plain config in, named frames out), `truth` (what an analyst
//!   should be able to recover), and the metrics that only this business has.
//! - [`metrics`]: functions from frames to tidy frames, one file or folder per concept. They know nothing about the
//!   cases. [`metrics::definitions`] compares our definitions with other tools'.
//! - [`stats`]: intervals, tests, power and models on plain numbers, which the metrics apply.
//! - [`warehouse`]: files, SQLite, PostgreSQL, and the SQL in `sql/`, which must return the same as the metrics.
//! - [`chart`]: functions from a tidy frame to a figure.
//! - [`format`](mod@format): how numbers are written in tables, charts, reports and prose. [`figure`]: finished charts.
//! - [`claims`]: the ledger: a source's claim, what we measured, the verdict. [`decision`]: options carried out in twin worlds.
//! - [`stream`]: random streams, for generators and for resampling in metrics.
//! - [`output`]: files written completely or not at all. [`notebook`]: how values appear in Jupyter. [`prelude`]: what
//!   a cell imports. [`stamp`]: what a result was made with.
//!
//! ```
//! use casebook::prelude::*;
//!
//! let config = saas::Config::default();
//! let tables = saas::generate(&config)?;
//! let presence = saas::presence(&tables.companies, &tables.plans, &tables.months, &tables.sessions)?;
//! let survival = saas::survival(&presence, &tables.months)?;
//! let figure = chart::line(&survival, "month_no", "survival").by("company_size").draw()?;
//! assert!(figure.alt().contains("small"));
//! # Ok::<(), casebook::Error>(())
//! ```

pub mod cases;
pub mod chart;
pub mod claims;
pub mod decision;
pub mod error;
pub mod events;
pub mod figure;
pub mod frame;
pub mod metrics;
pub mod notebook;
pub mod output;
pub mod prelude;
pub mod stamp;
pub mod stats;
pub mod stream;
pub mod warehouse;

pub use error::{Error, ErrorKind, Result, Trouble};
pub use frame::format;
// Cells name these through this crate, so that a notebook has one dependency.
pub use {chrono, plotters, polars, rand, rand_chacha, rand_distr};

// For `make check`: the integration tests in the program of the unit tests, so that an edit compiles the library once. See tests/quick.py.
#[cfg(all(test, casebook_quick))]
extern crate self as casebook;
#[cfg(all(test, casebook_quick))]
#[allow(unused_imports)] // of the library's own macros, which import what another crate has not
#[macro_use]
#[path = "../tests/it/main.rs"]
mod it;
#[cfg(all(test, casebook_quick))]
use it::support;
