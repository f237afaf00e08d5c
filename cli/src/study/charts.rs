//! The charts of a study, and what each of them says.

use casebook::Result;
use casebook::cases::notion::study::{finished, windows};
use casebook::chart::{TickUnit, Unit};
use casebook::metrics::Period;
use casebook::notebook::number;
use casebook::polars::prelude::*;

use super::config::{Config, either};
use super::frames::Study;
use crate::report::notion::panels::{Kind, Mark, Panel, largest, percent, text, whole};
use crate::say::many;

/// Names that a chart of names has room for.
const MOST: usize = 20;

/// Returns all charts that the study's frames allow.
///
/// # Errors
/// Polars' own.
pub fn panels(config: &Config, study: &Study) -> Result<Vec<Panel>> {
    let mut all = vec![];
    let mut draw = |name: &str, make: &dyn Fn(&DataFrame) -> Result<Option<Panel>>| -> Result<()> {
        if let Some(frame) = study.frame(name).filter(|frame| frame.height() > 0) {
            all.extend(make(frame)?);
        }
        Ok(())
    };
    draw("north_star", &|weeks| north_star(config, weeks))?;
    draw("signups", &|cohorts| signups(config, study, cohorts))?;
    draw("engagement", &engagement)?;
    draw("funnel_metrics", &|funnel| stages(config, funnel))?;
    draw("segment_funnel", &|groups| last_step(groups, "segments", "overall_rate"))?;
    draw("event_funnel", &|funnel| event_funnel(config, funnel))?;
    draw("segment_event_funnel", &|groups| {
        last_step(groups, "segment_event_funnel", "overall_rate")
    })?;
    draw("activation", &|groups| activation(config, groups))?;
    draw("retention_days", &|days| retention_days(config, days))?;
    draw("cohort_retention", &|cohorts| cohorts_by_period(config, study, cohorts))?;
    draw("retention_curve", &|curve| curve_of(config, study, curve))?;
    draw("feature_adoption", &adoption)?;
    draw("power_users", &power_users)?;
    draw("revenue", &revenue)?;
    draw("rfm", &rfm)?;
    draw("recurring", &recurring)?;
    Ok(all)
}

/// Groups of fewer users say too little to be ranked.
const FEWEST: i64 = 30;

/// What users start with.
fn start(config: &Config) -> &'static str {
    if config.first_event() { "first event" } else { "sign-up" }
}

fn ticks(config: &Config, period: Period) -> (TickUnit, &'static str) {
    match (period, config.first_event()) {
        (Period::Day, false) => (TickUnit::Days, "Days since sign-up"),
        (Period::Week, false) => (TickUnit::Weeks, "Weeks since sign-up"),
        (Period::Month, false) => (TickUnit::Months, "Months since sign-up"),
        (Period::Day, true) => (TickUnit::Days, "Days since the first event"),
        (Period::Week, true) => (TickUnit::Weeks, "Weeks since the first event"),
        (Period::Month, true) => (TickUnit::Months, "Months since the first event"),
    }
}

fn north_star(config: &Config, weeks: &DataFrame) -> Result<Option<Panel>> {
    let Some(star) = &config.north_star else { return Ok(None) };
    let last = weeks.height() - 1;
    let share = percent(number(weeks, "share", last)?);
    let did = either(&star.events);
    let (column, title, subtitle, label) = match weeks.column("collaborative") {
        Ok(_) => (
            "collaborative",
            format!(
                "People worked together in {} groups in the last full week, {share} of those active",
                whole(number(weeks, "collaborative", last)?)
            ),
            format!("Groups in which two or more people were active, with {did}"),
            "Weekly active collaborative groups",
        ),
        Err(_) => (
            "active_with_value",
            format!(
                "{} users got value in the last full week, {share} of those active",
                whole(number(weeks, "active_with_value", last)?)
            ),
            format!("Users with {did}, by week"),
            "Weekly users who got value",
        ),
    };
    let value = number(weeks, column, last)?;
    Ok(Some(Panel {
        title,
        subtitle,
        marks: vec![Mark::note(text(weeks, "week", last)?, value, whole(value))],
        labels: ("Week", label),
        ..Panel::new("north_star", Kind::Gauge, weeks.clone(), "week", column)
    }))
}

fn signups(config: &Config, study: &Study, cohorts: &DataFrame) -> Result<Option<Panel>> {
    if cohorts.height() < 2 {
        return Ok(None);
    }
    let (most, period) = (largest(cohorts, "signups")?, study.period()?);
    let (at, users) = (text(cohorts, "cohort", most)?, number(cohorts, "signups", most)?);
    let start = start(config);
    Ok(Some(Panel {
        title: format!("Most {start}s are in the {period} from {at}: {}", whole(users)),
        subtitle: format!("Users by the {period} of their {start}; the last may be incomplete"),
        marks: vec![Mark::note(at, users, whole(users))],
        labels: ("First day of the period", "Users"),
        ..Panel::new("signups", Kind::Line, cohorts.clone(), "cohort", "signups")
    }))
}

fn engagement(daily: &DataFrame) -> Result<Option<Panel>> {
    let today = daily.height() - 1;
    let at = |column: &str, what: &str| -> Result<Option<Mark>> {
        let users = daily.column(column)?.cast(&DataType::Float64)?.f64()?.get(today);
        let Some(users) = users else { return Ok(None) };
        let words = format!("{} in {what}", whole(users));
        Ok(Some(Mark::note(text(daily, "date", today)?, users, words)))
    };
    let ratio = casebook::cases::notion::study::of_monthly(daily, "dau")?;
    let title = match ratio.is_finite() {
        true => format!("{} of a month's users are active on an average day", percent(ratio)),
        false => {
            let most = largest(daily, "dau")?;
            let users = whole(number(daily, "dau", most)?);
            format!("Daily active users peak at {users}, on {}", text(daily, "date", most)?)
        }
    };
    Ok(Some(Panel {
        title,
        subtitle: "Users active in the 1, 7 and 30 days up to each date".into(),
        marks: at("mau", "30 days")?.into_iter().chain(at("dau", "a day")?).collect(),
        by: Some("window"),
        labels: ("Day", "Active users"),
        ..Panel::new("engagement", Kind::Line, windows(daily)?, "date", "users")
    }))
}

/// The step with the largest loss; the first step has none before it.
fn worst(funnel: &DataFrame) -> Result<usize> {
    Ok(largest(&funnel.slice(1, funnel.height()), "dropped")? + 1)
}

fn stages(config: &Config, funnel: &DataFrame) -> Result<Option<Panel>> {
    let from = usize::from(text(funnel, "name", 0)? == "awareness");
    let funnel = funnel.slice(from as i64, funnel.height());
    if funnel.height() < 2 || number(&funnel, "users", 0)? == 0.0 {
        return Ok(None);
    }
    let last = funnel.height() - 1;
    let share = number(&funnel, "users", last)? / number(&funnel, "users", 0)?;
    let stage = text(&funnel, "name", worst(&funnel)?)?;
    let reached = match share > 0.0 {
        true => format!("{} of", percent(share)),
        false => "No".to_owned(),
    };
    let (end, users) = (text(&funnel, "name", last)?, whole(number(&funnel, "users", 0)?));
    Ok(Some(Panel {
        title: format!("{reached} new users reach {end}; most are lost before {stage}"),
        subtitle: format!(
            "Users by stage reached since {}; {users} users observed long enough",
            if config.first_event() { "the first event" } else { "sign-up" }
        ),
        marks: vec![Mark::Highlight { name: stage }],
        labels: ("Stage", "Users"),
        ..Panel::new("funnel", Kind::Funnel, funnel, "name", "users")
    }))
}

fn event_funnel(config: &Config, funnel: &DataFrame) -> Result<Option<Panel>> {
    let last = funnel.height() - 1;
    let within = config.funnel.as_ref().and_then(|funnel| funnel.days);
    let within =
        within.map_or(String::new(), |days| format!(", within {days} days of the first step"));
    let stage = text(funnel, "name", worst(funnel)?)?;
    Ok(Some(Panel {
        title: format!(
            "{} get from {} to {}; most are lost before {stage}",
            percent(number(funnel, "overall_rate", last)?),
            text(funnel, "name", 0)?,
            text(funnel, "name", last)?
        ),
        subtitle: format!(
            "Users by step, in order{within}; {} began",
            whole(number(funnel, "users", 0)?)
        ),
        marks: vec![Mark::Highlight { name: stage }],
        labels: ("Step", "Users"),
        ..Panel::new("event_funnel", Kind::Funnel, funnel.clone(), "name", "users")
    }))
}

/// Adds `label`, "attribute: group", sorts by a rate, and keeps groups with enough users.
fn ranked(groups: LazyFrame, rate: &str, of: &str) -> Result<DataFrame> {
    let label = concat_str([col("attribute"), col("group")], ": ", false).alias("label");
    let order =
        SortMultipleOptions::default().with_order_descending(true).with_maintain_order(true);
    let known = groups.filter(col(of).gt_eq(lit(FEWEST))).with_column(label);
    Ok(known.sort([rate], order).collect()?)
}

/// Names the group in a row, as a title does: "paid_search (channel)".
fn named(groups: &DataFrame, row: usize) -> Result<String> {
    Ok(format!("{} ({})", text(groups, "group", row)?, text(groups, "attribute", row)?))
}

/// Compares segments by the share who reach a funnel's last step.
fn last_step(groups: &DataFrame, id: &'static str, rate: &'static str) -> Result<Option<Panel>> {
    let last = number(groups, "step", largest(groups, "step")?)?;
    let name = text(groups, "name", largest(groups, "step")?)?;
    let frame = ranked(groups.clone().lazy().filter(col("step").eq(lit(last))), rate, "entered")?;
    if frame.height() < 2 {
        return Ok(None);
    }
    let (best, least) = (named(&frame, 0)?, named(&frame, frame.height() - 1)?);
    let shown = frame.head(Some(MOST));
    Ok(Some(Panel {
        title: format!(
            "{} of {best} get to {name}, {} of {least}",
            percent(number(&frame, rate, 0)?),
            percent(number(&frame, rate, frame.height() - 1)?)
        ),
        subtitle: format!(
            "Share who reach {name}, of those who began, by group, with 95% intervals; {} of {} groups with {FEWEST} users or more",
            shown.height(),
            frame.height()
        ),
        marks: vec![Mark::Highlight { name: text(&frame, "label", 0)? }],
        bounds: Some(("overall_low", "overall_high")),
        unit: Unit::Percent,
        labels: ("Group", "Users who get to the last step"),
        ..Panel::new(id, Kind::Range, shown, "label", rate)
    }))
}

fn activation(config: &Config, groups: &DataFrame) -> Result<Option<Panel>> {
    let Some(how) = &config.activation else { return Ok(None) };
    let frame =
        ranked(groups.clone().lazy().filter(col("attribute").neq(lit("all"))), "rate", "eligible")?;
    if frame.height() < 2 {
        return Ok(None);
    }
    let (best, least) = (named(&frame, 0)?, named(&frame, frame.height() - 1)?);
    let shown = frame.head(Some(MOST));
    Ok(Some(Panel {
        title: format!(
            "{} of {best} activate, {} of {least}",
            percent(number(&frame, "rate", 0)?),
            percent(number(&frame, "rate", frame.height() - 1)?)
        ),
        subtitle: format!(
            "Share with {} within {} hours of the {}, with 95% intervals; {} of {} groups with {FEWEST} users or more",
            either(&how.events),
            how.hours,
            start(config),
            shown.height(),
            frame.height()
        ),
        marks: vec![Mark::Highlight { name: text(&frame, "label", 0)? }],
        bounds: Some(("low", "high")),
        unit: Unit::Percent,
        labels: ("Group", "Users who activate"),
        ..Panel::new("activation", Kind::Range, shown, "label", "rate")
    }))
}

fn retention_days(config: &Config, days: &DataFrame) -> Result<Option<Panel>> {
    let seen = days.clone().lazy().filter(col("rate").is_not_null()).collect()?;
    if seen.height() == 0 {
        return Ok(None);
    }
    let last = seen.height() - 1;
    let at = |row: usize| -> Result<(f64, f64)> {
        Ok((number(&seen, "day", row)?, number(&seen, "rate", row)?))
    };
    let (first, end) = (at(0)?, at(last)?);
    let mut title = format!("{} are back on day {}", percent(first.1), first.0);
    if last > 0 {
        title += &format!(", {} on day {}", percent(end.1), end.0);
    }
    let mark = |(day, rate): (f64, f64)| Mark::note(day, rate, percent(rate));
    Ok(Some(Panel {
        title,
        subtitle: format!(
            "Share of users active on exactly that day after the {}, with 95% intervals",
            start(config)
        ),
        marks: if last > 0 { vec![mark(first), mark(end)] } else { vec![mark(first)] },
        bounds: Some(("low", "high")),
        unit: Unit::Percent,
        ticks: Some(TickUnit::Days),
        labels: (ticks(config, Period::Day).1, "Users active on that day"),
        ..Panel::new("retention_days", Kind::Line, seen, "day", "rate")
    }))
}

fn cohorts_by_period(config: &Config, study: &Study, cohorts: &DataFrame) -> Result<Option<Panel>> {
    let cells = finished(cohorts)?.select(["period", "cohort", "rate", "active", "size"])?;
    if cells.height() == 0 {
        return Ok(None);
    }
    let period = study.period()?;
    let most = largest(&cells, "rate")?;
    let (ticks, across) = ticks(config, period);
    Ok(Some(Panel {
        title: format!(
            "The {period} whose users return most is {}: {} are active {} later",
            text(&cells, "cohort", most)?,
            percent(number(&cells, "rate", most)?),
            many(number(&cells, "period", most)? as i64, &period.to_string())
        ),
        subtitle: format!(
            "Share of the users who start in a {period} that are active in each later one"
        ),
        by: Some("rate"),
        unit: Unit::Percent,
        ticks: Some(ticks),
        labels: (across, if config.first_event() { "First event" } else { "Sign-up" }),
        ..Panel::new("retention", Kind::Heat, cells, "period", "cohort")
    }))
}

fn curve_of(config: &Config, study: &Study, curve: &DataFrame) -> Result<Option<Panel>> {
    let period = study.period()?;
    let curve = curve.clone().lazy().filter(col("rate").is_not_null()).collect()?;
    let Some(last) = curve.height().checked_sub(1).filter(|last| *last > 0) else {
        return Ok(None);
    };
    let row = last.min(3);
    let (at, rate) = (number(&curve, "period", row)?, number(&curve, "rate", row)?);
    let (ticks, across) = ticks(config, period);
    Ok(Some(Panel {
        title: format!("{} are active in {period} {at} after the {}", percent(rate), start(config)),
        subtitle: format!(
            "Share of users active in each {period} after the {}, with 95% intervals",
            start(config)
        ),
        marks: vec![Mark::note(at, rate, percent(rate))],
        bounds: Some(("low", "high")),
        unit: Unit::Percent,
        ticks: Some(ticks),
        labels: (across, "Users active"),
        ..Panel::new("retention_curve", Kind::Line, curve, "period", "rate")
    }))
}

fn adoption(features: &DataFrame) -> Result<Option<Panel>> {
    let shown = features.head(Some(MOST));
    let (most, all) = (text(features, "feature", 0)?, features.height());
    Ok(Some(Panel {
        title: format!(
            "{most} is the most widespread of {all} events: {} of users have it",
            percent(number(features, "rate", 0)?)
        ),
        subtitle: format!(
            "Share of users with at least one such event; {} of {all} events",
            shown.height()
        ),
        marks: vec![Mark::Highlight { name: most }],
        unit: Unit::Percent,
        labels: ("Event", "Users with the event"),
        ..Panel::new("feature_adoption", Kind::Bars, shown, "feature", "rate")
    }))
}

fn power_users(power: &DataFrame) -> Result<Option<Panel>> {
    let power = power.clone().lazy().with_column(col("decile").cast(DataType::String)).collect()?;
    Ok(Some(Panel {
        title: format!(
            "The most active decile accounts for {} of the last 90 days' activity",
            percent(number(&power, "share", 0)?)
        ),
        subtitle: "Share of all events of the last 90 days, by decile of active users".into(),
        marks: vec![Mark::Highlight { name: text(&power, "decile", 0)? }],
        unit: Unit::Percent,
        labels: ("Decile of users, the most active first", "Share of all events"),
        ..Panel::new("power_users", Kind::Bars, power, "decile", "share")
    }))
}

fn revenue(months: &DataFrame) -> Result<Option<Panel>> {
    if months.height() < 2 {
        return Ok(None);
    }
    let most = largest(months, "revenue")?;
    let (month, value) = (text(months, "month", most)?, number(months, "revenue", most)?);
    Ok(Some(Panel {
        title: format!("Revenue peaks at {} in {month}", whole(value)),
        subtitle: "Payments by month, in the currency of the file".into(),
        marks: vec![Mark::note(month, value, whole(value))],
        labels: ("Month", "Revenue"),
        ..Panel::new("revenue", Kind::Line, months.clone(), "month", "revenue")
    }))
}

fn rfm(buyers: &DataFrame) -> Result<Option<Panel>> {
    let name = text(buyers, "segment", 0)?;
    Ok(Some(Panel {
        title: format!(
            "{} of the money comes from {name}: {} of buyers",
            percent(number(buyers, "money_share", 0)?),
            percent(number(buyers, "share", 0)?)
        ),
        subtitle: "Share of the money spent, by recency, frequency and amount (RFM segment)".into(),
        marks: vec![Mark::Highlight { name }],
        unit: Unit::Percent,
        labels: ("RFM segment", "Share of the money"),
        ..Panel::new("rfm", Kind::Bars, buyers.clone(), "segment", "money_share")
    }))
}

fn recurring(months: &DataFrame) -> Result<Option<Panel>> {
    if months.height() < 2 {
        return Ok(None);
    }
    let last = months.height() - 1;
    let (month, value) = (text(months, "month", last)?, number(months, "mrr", last)?);
    Ok(Some(Panel {
        title: format!("Plans bring in {} a month", whole(value)),
        subtitle: "Monthly recurring revenue, by month".into(),
        marks: vec![Mark::note(month, value, whole(value))],
        labels: ("Month", "Recurring revenue a month"),
        ..Panel::new("recurring", Kind::Line, months.clone(), "month", "mrr")
    }))
}
