//! `casebook generate notion`, `casebook load notion` and `casebook report notion`.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::report::notion::deliver::{self, write};
use crate::report::notion::{self as report, Pilots, Study, Tables, panels, written};
use casebook::cases::Part;
use casebook::cases::clock::Month;
use casebook::cases::notion::{self, Config};
use casebook::warehouse::files::{Folder, Format};
use casebook::warehouse::queries::Schema;
use casebook::warehouse::{Sink, ahead, queries};
use casebook::{Error, Result};
use clap::{Args, ValueEnum};
use rayon::prelude::*;

use crate::files::{Case, Slice, Threads};
use crate::pipeline::{Made, Manner, Pipeline, Step, TIMES, Work};

/// Which of the claims the data meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// 750,000 events for 50,000 users; a stickiness of 8%
    Claims,
    /// A stickiness of 35%, and the events that takes
    Sticky,
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Preset::Claims => "claims",
            Preset::Sticky => "sticky",
        })
    }
}

/// The business: as in the study unless told otherwise.
#[derive(Args)]
pub struct Business {
    /// People who sign up
    #[arg(long, default_value_t = Config::default().users)]
    users: u32,
    /// What the data is calibrated to
    #[arg(long, default_value_t = Preset::Claims)]
    preset: Preset,
    /// Events per user [default: the preset's]
    #[arg(long)]
    events_per_user: Option<f64>,
    /// Months observed
    #[arg(long, default_value_t = Config::default().months)]
    months: u32,
    /// The first month
    #[arg(long, default_value_t = Config::default().start, value_name = "YYYY-MM")]
    start: Month,
    /// The seed of all random numbers
    #[arg(long, default_value_t = Config::default().seed)]
    seed: u64,
}

impl Case for Business {
    type Config = Config;
    const NAME: &'static str = "notion";
    const TABLES: &'static [&'static str] = queries::notion::SCHEMA.tables;
    const SCHEMA: Option<&'static Schema> = Some(&queries::notion::SCHEMA);
    const ENTITIES: (&'static str, &'static str) = ("users", "user_profiles");

    fn config(&self) -> Result<Config> {
        let preset = match self.preset {
            Preset::Claims => Config::default(),
            Preset::Sticky => Config::sticky(),
        };
        let mut config = Config {
            users: self.users,
            months: self.months,
            start: self.start,
            seed: self.seed,
            ..preset
        };
        if let Some(events) = self.events_per_user {
            config.targets.events_per_user = events;
        }
        config.validate()?;
        Ok(config)
    }

    fn entities(config: &Config) -> u32 {
        config.users
    }

    fn shared(config: &Config, sink: &mut dyn Sink) -> Result<()> {
        sink.append("plans", &notion::plans()?)?;
        sink.append("calendar", &notion::calendar(config)?)?;
        sink.append("visitors", &notion::visitors(config)?)
    }

    fn slices(
        config: &Config,
        part: Part,
        give: &mut dyn FnMut(&Slice) -> Result<()>,
    ) -> Result<()> {
        notion::batches(config, part)?.try_for_each(|batch| give(&batch?.named()))
    }
}

/// The whole study, from data to report, in a folder.
#[derive(Args)]
pub struct Report {
    #[command(flatten)]
    business: Business,
    #[command(flatten)]
    threads: Threads,
    /// The folder for data, pilots, metrics, charts, dashboard and report
    #[arg(long, default_value = "data/out/notion")]
    out: PathBuf,
    /// Rebuild every step from scratch
    #[arg(long)]
    fresh: bool,
    /// Also replace files that this command did not write, or that were changed since
    #[arg(long)]
    overwrite: bool,
    /// Also write the seconds and rows of each step, and the memory, into a file
    #[arg(long, value_name = "FILE")]
    timing: Option<PathBuf>,
    /// Open the dashboard and the written report in the browser
    #[arg(long)]
    open: bool,
}

impl Report {
    /// Returns the steps, with the files that are known before they are made.
    fn steps() -> Vec<Step> {
        let tables = Business::TABLES.iter().map(|table| format!("data/{table}.parquet"));
        let both = |folder: &str, name: &str| {
            ["csv", "parquet"].map(|extension| format!("{folder}/{name}.{extension}"))
        };
        let pilots = Pilots::names().flat_map(|name| both("pilots", name));
        let metrics = Study::names().flat_map(|name| both("metrics", name));
        let pages = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        vec![
            Step { name: "data", files: tables.collect() },
            Step { name: "pilots", files: pilots.collect() },
            Step { name: "metrics", files: metrics.collect() },
            Step { name: "charts", files: pages(&["charts/casebook-charts.js"]) },
            Step { name: "dashboard", files: pages(&["executive_dashboard.html"]) },
            Step { name: "report", files: pages(&["report.md", "report.html", "report.txt"]) },
        ]
    }

    pub fn run(self) -> Result<()> {
        let config = self.business.config()?;
        report::check(&config)?;
        if let Some(path) = &self.timing {
            // Before the work, not after it.
            owned(path, self.overwrite)?;
        }
        let manner = Manner { fresh: self.fresh, overwrite: self.overwrite };
        let mut pipeline = Pipeline::new(&self.out, Report::steps(), &config, manner)?;
        self.threads.run(|| {
            pipeline.step(|work| {
                let mut files = Folder::create(&work.folder.join("data"), Format::Parquet, "")?;
                let threads = &self.threads;
                ahead(&mut files, |sink| {
                    threads.run(|| Business::fill(&config, Part::WHOLE, sink))
                })?;
                let rows = files.finish()?.iter().map(|file| file.rows as usize).sum();
                Ok(Made::new(format!("{} users in data/", config.users), rows))
            })?;
            pipeline.step(|work| {
                let pilots = Pilots::new(&config)?;
                pilots.write(&work.folder.join("pilots"))?;
                let rows = pilots.seen()?;
                Ok(Made::new("launches, estimates and twin worlds in pilots/", rows))
            })?;
            pipeline.step(|work| {
                let study = Study::new(&Tables::read(&work.at("data"))?)?;
                study.write(&work.folder.join("metrics"))?;
                let events = study.key("events", "value")?;
                Ok(Made::new(
                    format!("{events} events counted, tables in metrics/"),
                    events as usize,
                ))
            })?;
            pipeline.step(|work| {
                let charts = panels(&study(work)?)?;
                let folder = work.folder.join("charts");
                create(&folder)?;
                write(&folder.join("casebook-charts.js"), &report::script())?;
                charts.par_iter().try_for_each(|chart| {
                    let file = folder.join(chart.id);
                    let figure = chart.figure()?;
                    figure.save(file.with_extension("svg"))?;
                    figure.save(file.with_extension("png"))?;
                    write(&file.with_extension("html"), &report::chart_page(chart)?)
                })?;
                let rows = charts.iter().map(report::Panel::rows).sum();
                let count = charts.len();
                Ok(Made::new(format!("{count} charts as HTML, SVG and PNG in charts/"), rows))
            })?;
            pipeline.step(|work| {
                let study = study(work)?;
                let charts = panels(&study)?;
                let page = report::dashboard(&study, &charts)?;
                write(&work.folder.join("executive_dashboard.html"), &page)?;
                let size = page.len() as f64 / 1e6;
                let rows = charts.iter().map(report::Panel::rows).sum();
                Ok(Made::new(format!("executive_dashboard.html, {size:.1} MB"), rows))
            })?;
            pipeline.step(|work| {
                let study = study(work)?;
                let text = written::markdown(&study, &panels(&study)?)?;
                deliver::write_report(&work.folder, &text)?;
                Ok(Made::new("report.md, report.html, report.txt", text.lines().count()))
            })
        })?;
        let times = pipeline.finish()?;
        if let Some(path) = &self.timing {
            write(path, &times)?;
        }
        if self.open {
            deliver::open(&self.out, &["executive_dashboard.html", "report.html"]);
        }
        Ok(())
    }
}

/// Checks that a file for times is new, or that an earlier run wrote it.
fn owned(path: &Path, overwrite: bool) -> Result<()> {
    let others = std::fs::symlink_metadata(path).is_ok()
        && !std::fs::read_to_string(path).is_ok_and(|text| text.starts_with(TIMES));
    if others && !overwrite {
        let accepted = "a new file, or one with times; --overwrite replaces any";
        return Err(Error::config("timing", path.display(), accepted));
    }
    Ok(())
}

/// Reads what the earlier steps found.
fn study(work: &Work) -> Result<Study> {
    Ok(Study::read(&work.at("metrics"))?.with(Pilots::read(&work.at("pilots"))?))
}

fn create(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|cause| Error::file("create", folder, cause))
}
