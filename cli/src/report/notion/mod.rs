//! The Notion-style study's report: interactive charts, an executive dashboard, print-ready pictures, and a written
//! report.
//!
//! ```no_run
//! use casebook::cases::notion::Config;
//! use casebook_cli::report::notion::{Pilots, Study, Tables, panels, written};
//!
//! let tables = Tables::read("data/out/notion/data".as_ref())?;
//! let study = Study::new(&tables)?.with(Pilots::new(&Config::default())?);
//! let charts = panels(&study)?;
//! println!("{}", written::markdown(&study, &charts)?);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! The interactive pages share one script in a file next to them; the dashboard and the written report's page are
//! self-contained except for the pictures. None makes a network request.

mod charts;
pub mod deliver;
mod facts;
mod frames;
pub(crate) mod grid;
mod key_metrics;
mod lever_charts;
mod levers;
pub(crate) mod panels;
mod pilots;
pub mod plain;
mod scope;
pub(crate) mod stored;
mod study;
mod tables;
pub mod written;

use polars::prelude::DataFrame;
use serde_json::json;

use super::{ECHARTS, FORMAT, STYLE, json};
use casebook::Result;
use casebook::notebook::number;

pub use charts::panels;
pub use frames::Study;
pub use panels::Panel;
pub use pilots::{FUTURES, HORIZON, Pilots, company};
pub use scope::check;
pub use tables::Tables;

const SCRIPT: &str = include_str!("panels.js");
const PAGE: &str = include_str!("panels.html");
const PRINT: &str = include_str!("written.html");

/// Returns the script that the interactive charts share: the chart library and the code that draws with it.
pub fn script() -> String {
    format!("{ECHARTS}\n{FORMAT}\n{SCRIPT}")
}

/// Returns the page of one chart; it loads [`script`] from `casebook-charts.js` next to it.
///
/// # Errors
/// Those of the chart.
pub fn chart_page(panel: &Panel) -> Result<String> {
    chart_page_of(panel, "Growth study", "Synthetic data.")
}

/// Returns the page of one chart, under a heading.
pub(crate) fn chart_page_of(panel: &Panel, heading: &str, about: &str) -> Result<String> {
    let data = json(&json!({ "cards": [], "panels": [panel.spec()?] }))?;
    let script = "<script src=\"casebook-charts.js\"></script>";
    Ok(fill(&panel.title, heading, about, script, &data))
}

/// Returns the executive dashboard: the key figures and every chart in one self-contained file.
///
/// # Errors
/// Those of [`Study::frame`] and of the charts.
pub fn dashboard(study: &Study, panels: &[Panel]) -> Result<String> {
    let about = format!(
        "{} users, {} events. Synthetic data. Ranges are 95% intervals.",
        panels::whole(study.key("users", "value")?),
        panels::whole(study.key("events", "value")?)
    );
    dashboard_of("Executive dashboard", study.frame("key_metrics")?, panels, &about)
}

/// Returns a dashboard of key figures and charts, as one self-contained file.
pub(crate) fn dashboard_of(
    title: &str,
    metrics: &DataFrame,
    panels: &[Panel],
    about: &str,
) -> Result<String> {
    let cards = (0..metrics.height())
        .map(|row| {
            Ok(json!({
                "name": panels::text(metrics, "metric", row)?,
                "value": number(metrics, "value", row)?,
                "low": metrics.column("low")?.f64()?.get(row),
                "high": metrics.column("high")?.f64()?.get(row),
                "unit": panels::text(metrics, "unit", row)?,
            }))
        })
        .collect::<Result<Vec<_>>>()?;
    let specs = panels.iter().map(Panel::spec).collect::<Result<Vec<_>>>()?;
    let data = json(&json!({ "cards": cards, "panels": specs }))?;
    Ok(fill(title, title, about, &format!("<script>{}</script>", script()), &data))
}

/// Returns the written report as a page that prints well; its pictures are in `charts/`.
pub fn report_page(markdown: &str) -> String {
    PRINT.replace("{{body}}", &written::body(markdown))
}

fn fill(title: &str, heading: &str, about: &str, script: &str, data: &str) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    // The data comes last: what stands in it is not looked at again.
    PAGE.replace("{{title}}", &escaped(title))
        .replace("{{heading}}", &escaped(heading))
        .replace("{{about}}", &escaped(about))
        .replace("{{style}}", STYLE.trim_end())
        .replace("{{script}}", script)
        .replace("{{data}}", data)
}
