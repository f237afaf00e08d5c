//! The `casebook` command: generates a case's data, loads it into a database, analyzes your own files, and checks the
//! machine. It is also a library, for the tests and for programs that make reports: [`report`] has the dashboards and
//! the growth study, [`study`] the same on anyone's files, [`spark`] a warehouse on a cluster.

mod analyze;
mod doctor;
mod ecommerce;
mod export;
mod files;
mod manifest;
mod mentor;
mod notion;
mod pipeline;
mod record;
pub mod report;
mod saas;
mod say;
mod serve;
pub mod spark;
pub mod study;
mod terminal;
mod unpack;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Product-analytics case studies: data with a known truth.
#[derive(Parser)]
#[command(name = "casebook", version, about)]
struct Casebook {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write a case's data as files
    #[command(subcommand)]
    Generate(Generate),
    /// Put a case's data into a database: the one in DATABASE_URL, or a SQLite file
    #[command(subcommand)]
    Load(Load),
    /// Write a dashboard or a whole study
    #[command(subcommand)]
    Report(Report),
    /// Compute a metric from CSV, JSON Lines or Parquet files
    #[command(subcommand)]
    Analyze(Box<analyze::Analyze>),
    /// Export a notebook as a Rust program, with the prose as comments
    Export(export::Export),
    /// Check this machine, or a folder that `generate` or `report` wrote, and say which command fixes what is wrong;
    /// completes interrupted runs
    Doctor(doctor::Doctor),
}

#[derive(Subcommand)]
enum Generate {
    /// The e-commerce platform: products, users, sessions, events
    Ecommerce(files::Generate<ecommerce::Business>),
    /// The mentor marketplace: users, sessions, mentors, requests, matches and eight more tables
    Mentor(files::Generate<mentor::Business>),
    /// The Notion-style study: users, workspaces, members, events, visitors, plans, calendar
    Notion(files::Generate<notion::Business>),
    /// The SaaS take-home: companies, plans, months, sessions
    Saas(files::Generate<saas::Business>),
}

#[derive(Subcommand)]
enum Load {
    /// The e-commerce platform: products, users, sessions, events
    Ecommerce(files::Load<ecommerce::Business>),
    /// The Notion-style study: users, workspaces, members, events, visitors, plans, calendar
    Notion(files::Load<notion::Business>),
    /// The SaaS take-home: companies, plans, months, sessions
    Saas(files::Load<saas::Business>),
}

#[derive(Subcommand)]
enum Report {
    /// The e-commerce platform: overview, cohorts, funnel, segments
    Ecommerce(ecommerce::Report),
    /// The Notion-style study, from data to report: metrics, charts, dashboard, text
    Notion(notion::Report),
    /// The growth study on your own files: one config names the tables, the columns and the events
    Study(study::Report),
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let done = match Casebook::parse().task {
        Task::Generate(Generate::Ecommerce(asked)) => asked.run(),
        Task::Generate(Generate::Mentor(asked)) => asked.run(),
        Task::Generate(Generate::Notion(asked)) => asked.run(),
        Task::Generate(Generate::Saas(asked)) => asked.run(),
        Task::Load(Load::Ecommerce(asked)) => asked.run(),
        Task::Load(Load::Notion(asked)) => asked.run(),
        Task::Load(Load::Saas(asked)) => asked.run(),
        Task::Report(Report::Ecommerce(asked)) => asked.run(),
        Task::Report(Report::Notion(asked)) => asked.run(),
        Task::Report(Report::Study(asked)) => asked.run(),
        Task::Analyze(asked) => asked.run(),
        Task::Export(asked) => asked.run(),
        Task::Doctor(asked) => {
            return match asked.run().and_then(|well| say::trouble().map(|()| well)) {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => ExitCode::FAILURE,
                Err(error) => failure(&error),
            };
        }
    };
    match done.and_then(|()| say::trouble()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(&error),
    }
}

fn failure(error: &casebook::Error) -> ExitCode {
    say::complain!("casebook: {}{}", terminal::message(&told(error)), advice(error));
    ExitCode::FAILURE
}

/// Rephrases an error for people who have files, not frames.
fn told(error: &casebook::Error) -> String {
    match error.kind() {
        casebook::ErrorKind::MissingColumn { column, present, .. } if !present.is_empty() => {
            format!("there is no column `{column}`; there are `{}`", present.join("`, `"))
        }
        casebook::ErrorKind::BadColumn { column, problem, .. } => {
            format!("column `{column}` {problem}")
        }
        _ => error.to_string(),
    }
}

/// Returns this command's advice for a problem, because the library does not know its options.
fn advice(error: &casebook::Error) -> String {
    match error.kind() {
        casebook::ErrorKind::Occupied { .. } => {
            " (use --overwrite to replace them, or name another folder)".to_owned()
        }
        casebook::ErrorKind::HalfReplaced { folder, .. } => {
            let folder = terminal::plain(&folder.display().to_string());
            format!("; once that is fixed, `casebook doctor {folder}` completes the replacement")
        }
        _ => String::new(),
    }
}
