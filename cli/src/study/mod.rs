//! The growth study's analyses of what was observed, on anyone's files: one config names the tables, the columns and
//! the events.
//!
//! ```no_run
//! use casebook_cli::study::{Config, Study, panels, written};
//!
//! let config = Config::read("study.json".as_ref())?;
//! let study = Study::new(&config)?;
//! println!("{}", written::markdown(&config, &study, &panels(&config, &study)?)?);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! Definitions are those of the growth study on generated data (`casebook::cases::notion::study`), and so are the names
//! of most frames. What the config doesn't name is left out, and the frame `left_out` says why.

mod build;
mod charts;
mod command;
pub mod config;
mod frames;
mod growth;
mod inputs;
mod key_metrics;
mod making;
mod money;
mod people;
pub mod written;

pub use charts::panels;
pub(crate) use command::Report;
pub use config::{Config, EXAMPLE};
pub use frames::Study;
