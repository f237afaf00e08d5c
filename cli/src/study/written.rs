//! The written report of a study: every number from a frame, as Markdown.

use casebook::Result;
use casebook::chrono::{Days, NaiveDate};
use casebook::notebook::number;
use casebook::polars::prelude::*;

use super::config::{Config, either};
use super::frames::Study;
use crate::report::notion::grid::{grid, table};
use crate::report::notion::panels::{Panel, largest, percent, text, whole};

/// A column of a table: its name, its heading, and how its numbers are written.
type Shown<'c> = (&'c str, &'c str, fn(f64) -> String);

/// Returns the report as Markdown; its pictures are files in `charts/`.
///
/// # Errors
/// Polars' own.
pub fn markdown(config: &Config, study: &Study, panels: &[Panel]) -> Result<String> {
    let report = Report { config, study, panels };
    let sections = [
        report.summary()?,
        report.snapshot()?,
        report.north_star()?,
        report.signups()?,
        report.stages()?,
        report.funnel()?,
        report.retention()?,
        report.activity()?,
        report.money()?,
        report.left_out()?,
        report.limits(),
    ];
    let written = sections.into_iter().filter(|section| !section.is_empty());
    Ok(written.collect::<Vec<_>>().join("\n\n") + "\n")
}

/// So many groups, or more, don't all stand in a table.
const MANY: usize = 31;

struct Report<'s> {
    config: &'s Config,
    study: &'s Study,
    panels: &'s [Panel],
}

/// Writes two decimals below a hundred.
fn amount(value: f64) -> String {
    if value.abs() < 100.0 { format!("{value:.2}") } else { whole(value) }
}

/// Escapes what Markdown would take for a mark.
fn plain(text: &str) -> String {
    text.replace('|', "\\|").replace('_', "\\_").replace('*', "\\*")
}

/// Returns a frame with its texts escaped.
fn escaped(frame: &DataFrame) -> Result<DataFrame> {
    let mut safe = frame.clone();
    for column in frame.columns() {
        if matches!(column.dtype(), DataType::String | DataType::Categorical(..)) {
            let texts = column.cast(&DataType::String)?;
            let texts = texts.str()?.iter().map(|text| text.map(plain));
            let texts: StringChunked = texts.collect();
            safe.with_column(texts.with_name(column.name().clone()).into_column())?;
        }
    }
    Ok(safe)
}

impl Report<'_> {
    fn picture(&self, id: &str) -> Result<String> {
        match self.panels.iter().find(|panel| panel.id == id) {
            Some(panel) => Ok(format!("![{}](charts/{id}.svg)", plain(panel.figure()?.alt()))),
            None => Ok(String::new()),
        }
    }

    /// Returns a chart's title as a sentence, if there is the chart.
    fn finding(&self, id: &str) -> Option<String> {
        let panel = self.panels.iter().find(|panel| panel.id == id)?;
        Some(format!("- {}.", plain(&panel.title)))
    }

    fn summary(&self) -> Result<String> {
        let mut lines = vec![format!("# {}", plain(&self.config.title)), String::new()];
        if let Some(observed) = self.study.frame("observed") {
            let day = |column: &str| -> Result<NaiveDate> {
                let days = observed.column(column)?.date()?.physical().get(0);
                Ok(days.and_then(NaiveDate::from_epoch_days).unwrap_or_default())
            };
            let at = |column: &str| number(observed, column, 0);
            let last = day("until")?.checked_sub_days(Days::new(1)).unwrap_or_default();
            lines.push(format!(
                "{} users and {} events, observed from {} to {last}. Every number below is computed from these files. Ranges are 95% intervals.",
                whole(at("users")?),
                whole(at("events")?),
                day("first")?,
            ));
            let out = at("events")? - at("counted")?;
            if out > 0.0 {
                let names = self.config.events.leave_out.iter().map(|name| plain(name));
                lines.push(format!(
                    "{} events are no activity and are left out: {}.",
                    whole(out),
                    names.collect::<Vec<_>>().join(", ")
                ));
            }
            if at("earlier")? > 0.0 {
                lines.push(format!(
                    "{} users signed up before the first event. What they did then is not known, so they count as active users, but not in stages and retention.",
                    whole(at("earlier")?)
                ));
            }
        }
        if self.config.first_event() {
            lines.push("No sign-ups are given: users start with their first event. Whoever came before the files begin counts as new, and everybody is active on the first day.".to_owned());
        }
        let own = self.config.users.as_ref().is_some_and(|users| !users.segments.is_empty());
        if !own && !self.config.events.segments.is_empty() {
            lines.push("Users are compared by what their first event says of them.".to_owned());
        }
        lines.extend([String::new(), "## Summary".to_owned(), String::new()]);
        let ids = [
            "north_star",
            "engagement",
            "funnel",
            "event_funnel",
            "activation",
            "retention_days",
            "retention_curve",
            "power_users",
            "revenue",
            "rfm",
            "recurring",
        ];
        lines.extend(ids.iter().filter_map(|id| self.finding(id)));
        Ok(lines.join("\n"))
    }

    fn snapshot(&self) -> Result<String> {
        let Some(metrics) = self.study.frame("key_metrics") else { return Ok(String::new()) };
        let mut rows = vec![];
        for row in 0..metrics.height() {
            let share = text(metrics, "unit", row)? == "share";
            let look = |value: f64| match share {
                true => percent(value),
                false if value.fract() == 0.0 => whole(value),
                false => amount(value),
            };
            let bound = |column: &str| metrics.column(column)?.f64().map(|bound| bound.get(row));
            let interval = match (bound("low")?, bound("high")?) {
                (Some(low), Some(high)) => format!("{} to {}", look(low), look(high)),
                _ => "–".to_owned(),
            };
            let value = look(number(metrics, "value", row)?);
            rows.push(vec![plain(&text(metrics, "metric", row)?), value, interval]);
        }
        let heads = ["metric", "value", "95% interval"];
        Ok(format!(
            "## Snapshot\n\n{}\n\nDaily, weekly and monthly active users (DAU, WAU, MAU) are averages of the last 30 days. Stickiness is DAU over MAU, over all days with a full month before them.\n\n{}",
            grid(&heads, &["---", "---:", "---:"], &rows),
            self.picture("engagement")?
        ))
    }

    fn north_star(&self) -> Result<String> {
        let picture = self.picture("north_star")?;
        let (Some(star), false) = (&self.config.north_star, picture.is_empty()) else {
            return Ok(String::new());
        };
        let events = plain(&either(&star.events));
        let what = match &self.config.events.group {
            Some(group) => format!(
                "Each week, it counts each {} in which two or more users are active and at least one has {events}.",
                plain(group)
            ),
            None => format!("Each week, it counts users with {events}."),
        };
        Ok(format!("## North Star\n\n{what}\n\n{picture}"))
    }

    fn signups(&self) -> Result<String> {
        let picture = self.picture("signups")?;
        if picture.is_empty() {
            return Ok(String::new());
        }
        let head = if self.config.first_event() { "New users" } else { "Sign-ups" };
        Ok(format!("## {head}\n\n{picture}"))
    }

    fn stages(&self) -> Result<String> {
        let mut parts = vec![];
        if let Some(activation) = self.study.frame("activation") {
            let shown = match activation.height() {
                all @ MANY.. => {
                    parts.push(format!("All {} groups are in `metrics/activation.csv`; here are those with most users.", whole(all as f64)));
                    let order = SortMultipleOptions::default()
                        .with_order_descending(true)
                        .with_maintain_order(true);
                    activation.sort(["eligible"], order)?.head(Some(MANY - 1))
                }
                _ => activation.clone(),
            };
            parts.push(table(
                &escaped(&shown)?,
                &[
                    ("attribute", "attribute", whole),
                    ("group", "group", whole),
                    ("eligible", "observed long enough", whole),
                    ("activated", "activated", whole),
                    ("rate", "share", percent),
                    ("low", "low", percent),
                    ("high", "high", percent),
                    ("median_hours", "median hours", amount),
                ],
            )?);
            parts.push(self.picture("activation")?);
        }
        if let Some(funnel) = self.study.frame("funnel_metrics") {
            let mut columns: Vec<Shown> = vec![
                ("name", "stage", whole),
                ("users", "users", whole),
                ("step_rate", "of the stage before", percent),
                ("low", "low", percent),
                ("high", "high", percent),
                ("of_signups", "of sign-ups", percent),
            ];
            if funnel.column("of_visitors").is_ok() {
                columns.push(("of_visitors", "of visitors", percent));
            }
            let how = self.config.stages.clone().unwrap_or_default();
            parts.push(format!(
                "The stages count users observed for {} days. Engagement is activity on {} of the first {} days, a habit on {} of the first {}; each stage comes after the one before it.",
                how.within, how.engagement.0, how.engagement.1, how.habit.0, how.habit.1
            ));
            parts.push(table(&escaped(funnel)?, &columns)?);
            parts.push(self.picture("funnel")?);
            parts.push(self.picture("segments")?);
        }
        Ok(section("Activation and stages", parts))
    }

    fn funnel(&self) -> Result<String> {
        let Some(funnel) = self.study.frame("event_funnel") else { return Ok(String::new()) };
        let steps = table(
            &escaped(funnel)?,
            &[
                ("name", "step", whole),
                ("users", "users", whole),
                ("step_rate", "of the step before", percent),
                ("step_low", "low", percent),
                ("step_high", "high", percent),
                ("overall_rate", "of those who began", percent),
                ("median_seconds", "median seconds since the step before", whole),
            ],
        )?;
        let parts =
            vec![steps, self.picture("event_funnel")?, self.picture("segment_event_funnel")?];
        Ok(section("Funnel", parts))
    }

    fn retention(&self) -> Result<String> {
        let mut parts = vec![];
        if let Some(days) = self.study.frame("retention_days") {
            parts.push(table(
                days,
                &[
                    ("day", "day", whole),
                    ("eligible", "observed long enough", whole),
                    ("retained", "active on that day", whole),
                    ("rate", "share", percent),
                    ("low", "low", percent),
                    ("high", "high", percent),
                ],
            )?);
            parts.push(self.picture("retention_days")?);
        }
        parts.push(self.picture("retention_curve")?);
        parts.push(self.picture("retention")?);
        if self.study.frame("cohort_retention").is_some() {
            let period = self.study.period()?;
            parts.push(format!(
                "Cohorts are by {period} of {}; a {period} in progress is left out.",
                if self.config.first_event() { "first event" } else { "sign-up" }
            ));
        }
        if let Some(fast) = self.study.frame("fast_activation") {
            let ratio = |column: &str, row| number(fast, column, row);
            let within = match self.study.frame("segment_funnel").or(self.study.frame("activation"))
            {
                Some(frame) if number(fast, "strata", 1)? > 1.0 && frame.height() > 1 => {
                    "Within the same segments"
                }
                _ => "Compared as one group",
            };
            parts.push(format!(
                "Users who activated within 24 hours were {:.2} times as likely to be active in the month after as those who took longer. {within}, the ratio is {:.2} ({:.2} to {:.2}). Going along with it does not make a fast start a cause.",
                ratio("ratio", 0)?, ratio("ratio", 1)?, ratio("low", 1)?, ratio("high", 1)?
            ));
        }
        Ok(section("Retention", parts))
    }

    fn activity(&self) -> Result<String> {
        let mut parts = vec![self.picture("power_users")?];
        if let Some(spread) = self.study.frame("concentration") {
            let at = |column: &str, row: usize| {
                Ok::<_, casebook::Error>(spread.column(column)?.f64()?.get(row))
            };
            if let (Some(gini), Some(top)) = (at("value", 0)?, at("value", 1)?) {
                parts.push(format!(
                    "Over the whole time, and counting users who did nothing, the most active decile accounts for {} of all events; the Gini coefficient is {gini:.2}, where 0 means that all users do the same.",
                    percent(top)
                ));
            }
        }
        parts.push(self.picture("feature_adoption")?);
        Ok(section("Activity and adoption", parts))
    }

    fn money(&self) -> Result<String> {
        let mut parts = vec![];
        if let Some(months) = self.study.frame("revenue") {
            parts.push(table(
                months,
                &[
                    ("month", "month", whole),
                    ("orders", "orders", whole),
                    ("buyers", "buyers", whole),
                    ("revenue", "revenue", amount),
                    ("per_buyer", "per buyer", amount),
                ],
            )?);
            parts.push(self.picture("revenue")?);
            parts.push(self.picture("rfm")?);
        }
        if let Some(worth) = self.study.frame("lifetime_value") {
            let value = |measure: &str, column: &str| -> Result<f64> {
                let own = worth.clone().lazy().filter(col("measure").eq(lit(measure))).collect()?;
                Ok(own.column(column)?.f64()?.get(0).unwrap_or(f64::NAN))
            };
            let orders = "orders in the next year";
            let mut words = format!(
                "{} of {} buyers have ordered again. By a model of repeat orders (BG/NBD), {} are still customers, and {} orders are to be expected in the next 365 days ({} to {}).",
                percent(value("ordered again", "value")?),
                whole(value("customers", "value")?),
                percent(value("still customers", "value")?),
                whole(value(orders, "value")?),
                whole(value(orders, "low")?),
                whole(value(orders, "high")?)
            );
            let each = value("worth per customer", "value")?;
            if each.is_finite() {
                words += &format!(
                    " With the amounts that each may spend (Gamma–Gamma), a buyer is worth {} of revenue in that year, before costs.",
                    amount(each)
                );
            }
            words += " The model knows no season.";
            parts.push(words);
        }
        if let Some(months) = self.study.frame("recurring").filter(|months| months.height() > 0) {
            let last = months.height() - 1;
            parts.push(format!(
                "{} users are on a paid plan and bring in {} a month.{}",
                whole(number(months, "customers", last)?),
                amount(number(months, "mrr", last)?),
                match self.config.plans.as_ref().is_some_and(|plans| plans.until.is_some()) {
                    true => "",
                    false =>
                        " Without a column of when plans end (`plans.until`), all count as running, so this may be too much.",
                }
            ));
            if let Some(paid) = self.study.frame("paid_by_segment") {
                let most = largest(paid, "rate")?;
                parts.push(format!(
                    "The share who ever paid is highest for {}: {}, {} ({} to {}).",
                    plain(&text(paid, "attribute", most)?),
                    plain(&text(paid, "group", most)?),
                    percent(number(paid, "rate", most)?),
                    percent(number(paid, "low", most)?),
                    percent(number(paid, "high", most)?)
                ));
            }
            parts.push(self.picture("recurring")?);
        }
        Ok(section("Revenue", parts))
    }

    fn left_out(&self) -> Result<String> {
        let Some(left) = self.study.frame("left_out").filter(|left| left.height() > 0) else {
            return Ok(String::new());
        };
        let mut lines = vec![];
        for row in 0..left.height() {
            let (name, why) = (text(left, "section", row)?, text(left, "reason", row)?);
            lines.push(format!("- **{name}**: {why}."));
        }
        Ok(format!("## What is left out, and why\n\n{}", lines.join("\n")))
    }

    fn limits(&self) -> String {
        "## What these numbers can't say\n\nThey describe what was observed. They don't say what a change would cause: for that, run an experiment. Groups differ in more than the attribute by which they are compared.".to_owned()
    }
}

/// Joins the parts of a section that there are; nothing without any.
fn section(head: &str, parts: Vec<String>) -> String {
    let there: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if there.is_empty() { String::new() } else { format!("## {head}\n\n{}", there.join("\n\n")) }
}
