//! `casebook report study`: the growth study's analyses on anyone's files.

use std::fs;
use std::path::PathBuf;

use casebook::{Error, Result};
use clap::Args;
use rayon::prelude::*;
use serde::Serialize;

use super::charts::panels;
use super::config::{Config, EXAMPLE};
use super::frames::Study;
use super::written;
use crate::analyze::input::expand;
use crate::files::Threads;
use crate::pipeline::{Made, Manner, Pipeline, Step};
use crate::report::notion as pages;
use crate::report::notion::deliver::{self, write};
use crate::say::say;

/// The growth study on your own files: one config names the tables, the columns and the events
///
/// Example: casebook report study --config study.json --out data/out/study
#[derive(Args)]
pub struct Report {
    /// The config: a JSON file, in which lines that begin with // are comments
    #[arg(long, value_name = "FILE", required_unless_present = "example")]
    config: Option<PathBuf>,
    /// Print a config with comments, for the tables that `casebook report notion` writes, and stop
    #[arg(long)]
    example: bool,
    #[command(flatten)]
    threads: Threads,
    /// The folder for metrics, charts, dashboard and report
    #[arg(long, default_value = "data/out/study")]
    out: PathBuf,
    /// Rebuild every step from scratch
    #[arg(long)]
    fresh: bool,
    /// Also replace files that this command did not write, or that were changed since
    #[arg(long)]
    overwrite: bool,
    /// Open the dashboard and the written report in the browser
    #[arg(long)]
    open: bool,
}

/// What the results depend on: the config, and which files it means.
#[derive(Serialize)]
struct MadeWith {
    config: Config,
    files: Vec<(PathBuf, u64, String)>,
}

impl MadeWith {
    fn new(config: Config) -> Result<MadeWith> {
        let mut files = vec![];
        for given in config.all_files() {
            for path in expand(&[given])? {
                let found =
                    fs::metadata(&path).map_err(|cause| Error::file("read", &path, cause))?;
                let changed = found.modified().map_or(String::new(), |time| format!("{time:?}"));
                files.push((path, found.len(), changed));
            }
        }
        Ok(MadeWith { config, files })
    }
}

impl Report {
    fn steps() -> Vec<Step> {
        let pages = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let metrics = ["csv", "parquet"].map(|ending| format!("metrics/key_metrics.{ending}"));
        vec![
            Step { name: "metrics", files: metrics.to_vec() },
            Step { name: "charts", files: pages(&["charts/casebook-charts.js"]) },
            Step { name: "dashboard", files: pages(&["dashboard.html"]) },
            Step { name: "report", files: pages(&["report.md", "report.html", "report.txt"]) },
        ]
    }

    pub fn run(self) -> Result<()> {
        if self.example {
            say!("{}", EXAMPLE.trim_end());
            return Ok(());
        }
        let Some(path) = &self.config else { return Ok(()) };
        let made_with = MadeWith::new(Config::read(path)?)?;
        let config = &made_with.config;
        let manner = Manner { fresh: self.fresh, overwrite: self.overwrite };
        let mut pipeline = Pipeline::new(&self.out, Report::steps(), &made_with, manner)?;
        self.threads.run(|| {
            pipeline.step(|work| {
                let study = Study::new(config)?;
                study.write(&work.folder.join("metrics"))?;
                let names = study.names();
                let rows = names.iter().filter_map(|name| study.frame(name));
                let rows = rows.map(casebook::polars::prelude::DataFrame::height).sum();
                Ok(Made::new(format!("{} tables in metrics/", names.len()), rows))
            })?;
            pipeline.step(|work| {
                let charts = panels(config, &Study::read(&work.at("metrics"))?)?;
                let folder = work.folder.join("charts");
                fs::create_dir_all(&folder)
                    .map_err(|cause| Error::file("create", &folder, cause))?;
                write(&folder.join("casebook-charts.js"), &pages::script())?;
                charts.par_iter().try_for_each(|chart| {
                    let file = folder.join(chart.id);
                    let figure = chart.figure()?;
                    figure.save(file.with_extension("svg"))?;
                    figure.save(file.with_extension("png"))?;
                    let page = pages::chart_page_of(chart, &config.title, "")?;
                    write(&file.with_extension("html"), &page)
                })?;
                let rows = charts.iter().map(pages::Panel::rows).sum();
                let count = charts.len();
                Ok(Made::new(format!("{count} charts as HTML, SVG and PNG in charts/"), rows))
            })?;
            pipeline.step(|work| {
                let study = Study::read(&work.at("metrics"))?;
                let charts = panels(config, &study)?;
                let Some(metrics) = study.frame("key_metrics") else {
                    return Err(Error::file(
                        "read",
                        &work.at("metrics"),
                        "key figures are missing",
                    ));
                };
                let about = "Ranges are 95% intervals. Definitions are in the report.";
                let page = pages::dashboard_of(&config.title, metrics, &charts, about)?;
                write(&work.folder.join("dashboard.html"), &page)?;
                let rows = charts.iter().map(pages::Panel::rows).sum();
                Ok(Made::new(format!("dashboard.html, {:.1} MB", page.len() as f64 / 1e6), rows))
            })?;
            pipeline.step(|work| {
                let study = Study::read(&work.at("metrics"))?;
                let text = written::markdown(config, &study, &panels(config, &study)?)?;
                deliver::write_report(&work.folder, &text)?;
                Ok(Made::new("report.md, report.html, report.txt", text.lines().count()))
            })
        })?;
        pipeline.finish()?;
        if self.open {
            deliver::open(&self.out, &["dashboard.html", "report.html"]);
        }
        Ok(())
    }
}
