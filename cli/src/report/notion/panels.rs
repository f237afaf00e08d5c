//! The charts of the study: each is described once and drawn twice, for print and interactively.

use polars::prelude::*;
use serde::Serialize;

use super::study::{LAUNCHED, Study};
use casebook::Result;
use casebook::cases::notion::study::{finished, windows};
use casebook::chart::{self, Unit};
use casebook::notebook::{Figure, number};

/// How a chart looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// One number compared with its maximum so far; in print, its course over time.
    Gauge,
    Line,
    Bars,
    Heat,
    /// Estimates with their intervals.
    Range,
}

/// A chart: what it shows, and from which data.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Its name in files.
    pub id: &'static str,
    /// The finding.
    pub title: String,
    kind: Kind,
    frame: DataFrame,
    x: &'static str,
    y: &'static str,
    by: Option<&'static str>,
    /// Columns of an interval.
    bounds: Option<(&'static str, &'static str)>,
    unit: Unit,
    labels: (&'static str, &'static str),
}

/// A panel as the page's script reads it.
#[derive(Serialize)]
struct Spec<'p> {
    id: &'p str,
    title: &'p str,
    alt: &'p str,
    kind: Kind,
    x: &'p str,
    y: &'p str,
    by: Option<&'p str>,
    low: Option<&'p str>,
    high: Option<&'p str>,
    unit: &'static str,
    labels: (&'p str, &'p str),
    columns: Vec<(String, Vec<serde_json::Value>)>,
}

impl Panel {
    /// Draws the chart for print.
    ///
    /// # Errors
    /// Those of the chart.
    pub fn figure(&self) -> Result<Figure> {
        let (x_label, y_label) = self.labels;
        match self.kind {
            Kind::Gauge | Kind::Line => {
                let mut line = chart::line(&self.frame, self.x, self.y);
                if let Some(by) = self.by {
                    line = line.by(by);
                }
                if let Some((low, high)) = self.bounds {
                    line = line.band(low, high);
                }
                line.title(&self.title).x_label(x_label).y_label(y_label).unit(self.unit).draw()
            }
            Kind::Bars => {
                let mut bar = chart::bar(&self.frame, self.x, self.y);
                if let Some(by) = self.by {
                    bar = bar.by(by);
                }
                bar.title(&self.title).x_label(x_label).y_label(y_label).unit(self.unit).draw()
            }
            Kind::Heat => {
                let cells = chart::heatmap(&self.frame, self.x, self.y, self.by.unwrap_or(self.y));
                let rows = self.frame.column(self.y)?.n_unique()? as u32;
                cells
                    .title(&self.title)
                    .x_label(x_label)
                    .y_label(y_label)
                    .value_label("Share of the cohort active in the month")
                    .unit(self.unit)
                    .size(1_000, 130 + 20 * rows)
                    .draw()
            }
            Kind::Range => {
                let (low, high) = self.bounds.unwrap_or((self.y, self.y));
                chart::interval(&self.frame, self.x, self.y, low, high)
                    .title(&self.title)
                    .x_label(y_label)
                    .y_label(x_label)
                    .unit(self.unit)
                    .draw()
            }
        }
    }

    /// Describes the chart for the page's script, as JSON.
    ///
    /// # Errors
    /// As [`figure`](Panel::figure), which describes the chart in words.
    pub(super) fn spec(&self) -> Result<serde_json::Value> {
        let figure = self.figure()?;
        let columns = self
            .frame
            .columns()
            .iter()
            .map(|column| Ok((column.name().to_string(), values(column)?)))
            .collect::<Result<Vec<_>>>()?;
        let spec = Spec {
            id: self.id,
            title: &self.title,
            alt: figure.alt(),
            kind: self.kind,
            x: self.x,
            y: self.y,
            by: self.by,
            low: self.bounds.map(|bounds| bounds.0),
            high: self.bounds.map(|bounds| bounds.1),
            unit: match self.unit {
                Unit::Number => "number",
                Unit::Dollars => "dollars",
                Unit::Percent => "percent",
                Unit::Points => "points",
            },
            labels: self.labels,
            columns,
        };
        serde_json::to_value(spec).map_err(casebook::Error::figure)
    }
}

/// Returns numbers as numbers, everything else as text, and missing values as null.
fn values(column: &Column) -> Result<Vec<serde_json::Value>> {
    use serde_json::Value;
    if column.dtype().is_primitive_numeric() {
        let numbers = column.cast(&DataType::Float64)?;
        let whole = column.dtype().is_integer();
        let value = |number: f64| match whole {
            true => Value::from(number as i64),
            // Six digits: a page is to be read.
            false => format!("{number:.5e}").parse::<f64>().map_or(Value::Null, Value::from),
        };
        return Ok(numbers.f64()?.iter().map(|number| number.map_or(Value::Null, value)).collect());
    }
    let texts = super::texts(column)?;
    Ok(texts.into_iter().map(|text| text.map_or(Value::Null, Value::from)).collect())
}

pub(super) use casebook::format::percent;

/// Formats "1,234".
pub(super) fn whole(number: f64) -> String {
    Unit::Number.text(number.round())
}

/// Formats "$26.5M", or in full below a million.
pub(super) fn money(dollars: f64) -> String {
    match dollars.abs() {
        large if large >= 1e6 => {
            format!("{}${:.1}M", if dollars < 0.0 { "−" } else { "" }, large / 1e6)
        }
        _ => Unit::Dollars.text(dollars.round()),
    }
}

/// Returns the row in which a column is largest.
pub(super) fn largest(frame: &DataFrame, column: &str) -> Result<usize> {
    let values = frame.column(column)?.cast(&DataType::Float64)?;
    let all = values.f64()?.iter().enumerate().filter_map(|(row, value)| Some((row, value?)));
    Ok(all.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(row, _)| row))
}

pub(super) fn text(frame: &DataFrame, column: &str, row: usize) -> Result<String> {
    Ok(super::texts(frame.column(column)?)?.into_iter().nth(row).flatten().unwrap_or_default())
}

/// Returns all charts of the study, in the order of its phases.
///
/// # Errors
/// Those of [`Study::frame`], and polars' own.
pub fn panels(study: &Study) -> Result<Vec<Panel>> {
    let frame = |name: &str| study.frame(name).cloned();
    let mut all = vec![];

    let weeks = frame("north_star")?;
    let last = weeks.height().saturating_sub(1);
    let north = |column: &str| number(&weeks, column, last);
    all.push(Panel {
        id: "north_star",
        title: format!(
            "People worked together in {} workspaces in the last full week, {} of those active",
            whole(north("collaborative")?),
            percent(north("share")?)
        ),
        kind: Kind::Gauge,
        frame: weeks.clone(),
        x: "week",
        y: "collaborative",
        by: None,
        bounds: None,
        unit: Unit::Number,
        labels: ("Week", "Weekly active collaborative workspaces"),
    });

    all.push(Panel {
        id: "engagement",
        title: format!(
            "{} of a month's users are active on an average day",
            percent(study.key("stickiness", "value")?)
        ),
        kind: Kind::Line,
        frame: windows(study.frame("engagement")?)?,
        x: "date",
        y: "users",
        by: Some("window"),
        bounds: None,
        unit: Unit::Number,
        labels: ("Day", "Users active in the days up to each date"),
    });

    let funnel = frame("funnel_metrics")?.slice(1, 6);
    let worst = largest(&funnel.slice(1, 5), "dropped")? + 1;
    all.push(Panel {
        id: "funnel",
        title: format!(
            "{} of sign-ups go on to pay on their own; most are lost before {}",
            percent(study.key("sign-up to paid, self-serve", "value")?),
            text(&funnel, "name", worst)?
        ),
        kind: Kind::Bars,
        frame: funnel,
        x: "name",
        y: "step_rate",
        by: None,
        bounds: None,
        unit: Unit::Percent,
        labels: ("Stage", "Share of users at the previous stage who reach this one"),
    });

    let groups = frame("segment_funnel")?;
    let segments = groups
        .lazy()
        .filter(col("attribute").eq(lit("segment")))
        .sort(["paid_rate"], SortMultipleOptions::default().with_order_descending(true))
        .collect()?;
    let lowest = segments.height().saturating_sub(1);
    all.push(Panel {
        id: "segments",
        title: format!(
            "{} of {} users pay, {:.1} times as many as of {}",
            percent(number(&segments, "paid_rate", 0)?),
            text(&segments, "group", 0)?,
            number(&segments, "paid_rate", 0)? / number(&segments, "paid_rate", lowest)?,
            text(&segments, "group", lowest)?
        ),
        kind: Kind::Range,
        frame: segments,
        x: "group",
        y: "paid_rate",
        by: None,
        bounds: Some(("low", "high")),
        unit: Unit::Percent,
        labels: ("Segment", "Users on a paid plan, with 95% intervals"),
    });

    let cells = finished(study.frame("cohort_retention")?)?;
    let cells = cells.select(["period", "cohort", "rate", "active", "size"])?;
    all.push(Panel {
        id: "retention",
        title: format!(
            "{} of a cohort are still active one month later, {} after six",
            percent(study.key("retention, month 1", "value")?),
            percent(study.key("retention, month 6", "value")?)
        ),
        kind: Kind::Heat,
        frame: cells,
        x: "period",
        y: "cohort",
        by: Some("rate"),
        bounds: None,
        unit: Unit::Percent,
        labels: ("Months since sign-up", "Month of sign-up"),
    });

    let curve = frame("retention_curve")?;
    all.push(Panel {
        id: "retention_curve",
        title: format!(
            "{} are gone after one month, {} more by the third",
            percent(1.0 - study.key("retention, month 1", "value")?),
            percent(
                study.key("retention, month 1", "value")?
                    - study.key("retention, month 3", "value")?
            )
        ),
        kind: Kind::Line,
        frame: curve,
        x: "period",
        y: "rate",
        by: None,
        bounds: Some(("low", "high")),
        unit: Unit::Percent,
        labels: ("Months since sign-up", "Users active, with 95% intervals"),
    });

    let features = frame("feature_adoption")?;
    all.push(Panel {
        id: "feature_adoption",
        title: format!(
            "{} have used {}, {} have ever shared",
            percent(number(&features, "rate", 0)?),
            text(&features, "feature", 0)?,
            percent(rate_of(&features, "share")?)
        ),
        kind: Kind::Bars,
        frame: features,
        x: "feature",
        y: "rate",
        by: None,
        bounds: None,
        unit: Unit::Percent,
        labels: ("Feature", "Users who have used the feature"),
    });

    let power = frame("power_users")?;
    all.push(Panel {
        id: "power_users",
        title: format!(
            "The most active decile accounts for {} of the last quarter's activity",
            percent(number(&power, "share", 0)?)
        ),
        kind: Kind::Bars,
        frame: power.lazy().with_column(col("decile").cast(DataType::String)).collect()?,
        x: "decile",
        y: "share",
        by: None,
        bounds: None,
        unit: Unit::Percent,
        labels: ("Decile of users, the most active first", "Share of all events"),
    });

    let levers = frame("growth_levers")?;
    all.push(Panel {
        id: "levers",
        title: format!(
            "{} ranks first: {} to {} a year alone",
            text(&levers, "lever", 0)?,
            money(number(&levers, "low", 0)?),
            money(number(&levers, "high", 0)?)
        ),
        kind: Kind::Range,
        frame: levers,
        x: "lever",
        y: "median",
        by: None,
        bounds: Some(("low", "high")),
        unit: Unit::Dollars,
        labels: ("Lever", "New revenue in a year, US dollars, with 90% intervals"),
    });

    let months = frame("growth_projections")?;
    let end = months.height().saturating_sub(1);
    all.push(Panel {
        id: "projection",
        title: format!(
            "The {LAUNCHED} best levers add {} to {} in twelve months",
            money(number(&months, "low", end)?),
            money(number(&months, "high", end)?)
        ),
        kind: Kind::Line,
        frame: months,
        x: "month",
        y: "cumulative",
        by: None,
        bounds: Some(("low", "high")),
        unit: Unit::Dollars,
        labels: ("Month", "Additional revenue so far, US dollars, with 90% interval"),
    });

    let tornado = frame("tornado")?;
    all.push(Panel {
        id: "sensitivity",
        title: format!("The largest uncertainty is the {}", text(&tornado, "input", 0)?),
        kind: Kind::Range,
        frame: tornado,
        x: "input",
        y: "central",
        by: None,
        bounds: Some(("low", "high")),
        unit: Unit::Dollars,
        labels: ("Input, varied alone", "Additional revenue in twelve months, US dollars"),
    });
    Ok(all)
}

fn rate_of(features: &DataFrame, feature: &str) -> Result<f64> {
    let row = features.clone().lazy().filter(col("feature").eq(lit(feature))).collect()?;
    if row.height() == 0 { Ok(0.0) } else { number(&row, "rate", 0) }
}
