//! The `casebook` command, as a person runs it.

mod analyze;
mod command;
mod corpus;
mod fuzz;
mod kills;
mod notion_report;
mod study_report;

/// The workspace's folder, as the command's examples and the samples' paths have it.
const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
