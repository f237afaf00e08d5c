//! `casebook analyze survival`.

use casebook::chart::{self, Line, Unit};
use casebook::metrics::survival;
use casebook::notebook::Figure;
use casebook::polars::prelude::*;
use casebook::{Error, Result};
use clap::{Args, ValueEnum};

use super::asked::{Output, capital};
use super::findings::{brief, counted, counted_in, numbers, texts};
use super::input::{Column, Kind, Source};
use super::notes;
use super::output::percent;

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
        let mut line = chart::survival(&curve)
            .subtitle(format!(
                "Share still there, with 95% intervals; {}",
                counted(subjects.height() as f64, "user")
            ))
            .x_label(capital(&self.duration))
            .y_label("Share still there");
        if let Some(unit) = counted_in(&self.duration) {
            line = line.x_ticks(unit);
        }
        let groups = curves(&curve, by)?;
        match by {
            Some(by) if groups.len() > 1 => self.compare(line.by(by), subjects, &groups),
            Some(by) => self.draw_one(line.by(by), subjects, &groups),
            None => self.draw_one(line, subjects, &groups),
        }
    }

    /// Draws a single curve, with the time by which half have left, or how many are left at the end.
    fn draw_one(&self, line: Line, subjects: &DataFrame, groups: &[Curve]) -> Result<Figure> {
        let median = survival::median(subjects, None)?;
        if let Some(Some(at)) = numbers(&median, "median")?.first() {
            let at_time = self.time(*at);
            return line
                .title(format!("Half have left by {at_time}"))
                .hline(0.5, "half")
                .vline(*at, &at_time)
                .draw();
        }
        match groups.first().and_then(|curve| curve.points.last()) {
            Some((at, left)) => line
                .title(format!("{} are still there at {}", percent(*left), self.time(*at)))
                .annotate(*at, *left, &percent(*left))
                .draw(),
            None => line.title("Nobody was observed").draw(),
        }
    }

    /// Draws a curve for each group, and how far they are apart where all still have users.
    fn compare(&self, line: Line, subjects: &DataFrame, groups: &[Curve]) -> Result<Figure> {
        let by = self.group.as_deref().unwrap_or_default();
        let test = survival::log_rank(subjects, by)?;
        let p = numbers(&test, "p_value")?.first().copied().flatten();
        let at = groups.iter().map(Curve::reach).fold(f64::INFINITY, f64::min);
        let there = |curve: &Curve| (curve.at(at), curve.name.clone());
        let mut left: Vec<(f64, String)> = groups.iter().map(there).collect();
        left.sort_by(|a, b| b.0.total_cmp(&a.0));
        match (p, &left[..]) {
            (Some(p), [best, .., worst]) if p < 0.05 && best.0 > worst.0 => {
                let [most, least] = [best, worst].map(|one| percent(one.0));
                let time = self.time(at);
                line.title(format!(
                    "At {time}, {most} of {} are still there, {least} of {}",
                    brief(&best.1),
                    brief(&worst.1)
                ))
                .vline(at, &time)
                .annotate(at, best.0, &most)
                .annotate(at, worst.0, &least)
                .draw()
            }
            (Some(p), _) if p >= 0.05 => line
                .title(format!("No clear difference between the groups (log-rank p = {p:.2})"))
                .draw(),
            (Some(_), _) => {
                line.title("The groups' curves differ, though not where they end").draw()
            }
            (None, _) => line.title("Too little to compare the groups").draw(),
        }
    }

    /// Writes a time with what it is counted in: "month 12", "12 (tenure)".
    fn time(&self, at: f64) -> String {
        let number = Unit::Number.text(at);
        match counted_in(&self.duration) {
            Some(unit) => {
                format!("{} {number}", format!("{unit:?}").trim_end_matches('s').to_lowercase())
            }
            None => format!("{} {number}", brief(&self.duration)),
        }
    }
}

/// A group's curve: the time of each step, and the share still there.
struct Curve {
    name: String,
    points: Vec<(f64, f64)>,
    /// How many were at risk at each.
    at_risk: Vec<f64>,
}

impl Curve {
    /// Returns the last time with ten users or more at risk, or, among fewer, the last time.
    fn reach(&self) -> f64 {
        let many = self.at_risk.iter().rposition(|n| *n >= 10.0);
        let last = self.points.len().saturating_sub(1);
        self.points.get(many.unwrap_or(last)).map_or(0.0, |point| point.0)
    }

    fn at(&self, time: f64) -> f64 {
        self.points.iter().rfind(|point| point.0 <= time).map_or(1.0, |point| point.1)
    }
}

/// Splits a frame of curves by group.
fn curves(curve: &DataFrame, by: Option<&str>) -> Result<Vec<Curve>> {
    let names = match by {
        Some(by) => texts(curve, by)?,
        None => vec![String::new(); curve.height()],
    };
    let [time, left, risk] = ["time", "survival", "at_risk"].map(|column| numbers(curve, column));
    let (time, left, risk) = (time?, left?, risk?);
    let mut all: Vec<Curve> = vec![];
    for (row, name) in names.into_iter().enumerate() {
        let (Some(time), Some(left)) = (time[row], left[row]) else { continue };
        if all.last().is_none_or(|last| last.name != name) {
            all.push(Curve { name, points: vec![], at_risk: vec![] });
        }
        if let Some(last) = all.last_mut() {
            last.points.push((time, left));
            last.at_risk.push(risk[row].unwrap_or(0.0));
        }
    }
    Ok(all)
}
