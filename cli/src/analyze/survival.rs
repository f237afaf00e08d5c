//! `casebook analyze survival`.

use casebook::chart;
use casebook::metrics::survival;
use casebook::notebook::Figure;
use casebook::polars::prelude::*;
use casebook::{Error, Result};
use clap::{Args, ValueEnum};

use super::input::{Column, Kind, Source};
use super::output::percent;
use super::{Output, capital, notes};

/// Estimate how long users stay when not everyone has left yet
///
/// Example: casebook analyze survival data/samples/subscriptions.csv --duration months --observed cancelled --group plan
#[derive(Args)]
pub struct Survival {
    #[command(flatten)]
    source: Source,
    /// The column with how long each user stayed, or has stayed so far
    #[arg(long, default_value = "duration", value_name = "COLUMN")]
    duration: String,
    /// The column that says whether the user has left: 1 or 0, true or false, yes or no
    #[arg(long, default_value = "observed", value_name = "COLUMN")]
    observed: String,
    /// A curve for each value of this column
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// Which table
    #[arg(long, value_enum, default_value_t = Shown::Curve)]
    show: Shown,
    /// The horizon of the mean
    #[arg(long, default_value_t = 12.0)]
    horizon: f64,
    /// The width of the hazard's periods
    #[arg(long, default_value_t = 1.0)]
    width: f64,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shown {
    /// The Kaplan–Meier curve
    Curve,
    /// The time by which half have left
    Median,
    /// The mean time within the horizon
    Mean,
    /// How many leave per unit of time, by period
    Hazard,
    /// Whether the groups differ: the log-rank test
    Test,
}

impl Survival {
    pub fn run(self) -> Result<()> {
        self.output.check()?;
        let mut columns = vec![
            Column::new(&self.duration, "duration", Kind::Number).said_by("--duration"),
            Column::new(&self.observed, "observed", Kind::Flag).said_by("--observed"),
        ];
        columns.extend(self.group.iter().map(|column| Column::new(column, column, Kind::Text)));
        let table = self.source.read(&columns)?;
        let found = self.table(&table.frame).map_err(|error| table.told(error))?;
        self.tell_blanks(&found);
        self.output.give(&found, || self.draw(&table.frame))
    }

    fn table(&self, subjects: &DataFrame) -> Result<DataFrame> {
        let by = self.group.as_deref();
        match (self.show, by) {
            (Shown::Curve, _) => survival::kaplan_meier(subjects, by),
            (Shown::Median, _) => survival::median(subjects, by),
            (Shown::Mean, _) => survival::restricted_mean(subjects, by, self.horizon),
            (Shown::Hazard, _) => survival::hazard(subjects, by, self.width),
            (Shown::Test, Some(by)) => survival::log_rank(subjects, by),
            (Shown::Test, None) => Err(Error::config("show", "test", "test, with --group")),
        }
    }

    /// Explains why a value is missing.
    fn tell_blanks(&self, found: &DataFrame) {
        let blank = |name: &str| found.column(name).is_ok_and(|column| column.null_count() > 0);
        match self.show {
            Shown::Curve if blank("low") => {
                notes::tell("a share has no interval before anyone has left or after everyone has")
            }
            Shown::Median if blank("median") => {
                notes::tell("there is no median if fewer than half have left so far");
            }
            Shown::Median if blank("high") => {
                notes::tell("an interval's end shown as ? is beyond what was observed");
            }
            _ => {}
        }
    }

    fn draw(&self, subjects: &DataFrame) -> Result<Figure> {
        let by = self.group.as_deref();
        let curve = survival::kaplan_meier(subjects, by)?;
        let left = curve.column("survival")?.f64()?.min().unwrap_or(1.0);
        let line = chart::survival(&curve)
            .x_label(capital(&self.duration))
            .y_label("Share still there, with 95% intervals");
        match by {
            Some(by) => line.by(by).title("How long each group stays").draw(),
            None => line.title(format!("{} are left at the end", percent(left))).draw(),
        }
    }
}
