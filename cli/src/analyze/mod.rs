//! `casebook analyze`: the metrics on your own files.

mod ab;
mod activity;
mod asked;
mod findings;
mod funnel;
pub(crate) mod input;
pub(crate) mod notes;
mod output;
mod retention;
mod rules;
mod segments;
mod steps;
mod survival;

use casebook::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub enum Analyze {
    Funnel(funnel::Funnel),
    Retention(retention::Retention),
    Activity(activity::Activity),
    Cohorts(retention::Cohorts),
    Rfm(segments::Rfm),
    Segments(segments::Segments),
    Survival(survival::Survival),
    Ab(ab::Ab),
}

impl Analyze {
    pub fn run(self) -> Result<()> {
        match self {
            Analyze::Funnel(asked) => asked.run(),
            Analyze::Retention(asked) => asked.run(),
            Analyze::Activity(asked) => asked.run(),
            Analyze::Cohorts(asked) => asked.run(),
            Analyze::Rfm(asked) => asked.run(),
            Analyze::Segments(asked) => asked.run(),
            Analyze::Survival(asked) => asked.run(),
            Analyze::Ab(asked) => asked.run(),
        }
    }
}
