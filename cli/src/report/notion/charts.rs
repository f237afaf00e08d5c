//! The charts of the study, and what each of them says.

use polars::prelude::*;

use super::frames::Study;
use super::lever_charts;
use super::panels::{Kind, Mark, Panel, largest, percent, text, whole};
use casebook::Result;
use casebook::cases::notion::study::{finished, windows};
use casebook::chart::{TickUnit, Unit};
use casebook::notebook::number;

/// Returns all charts of the study, in the order of its phases.
///
/// # Errors
/// Those of [`Study::frame`], and polars' own.
pub fn panels(study: &Study) -> Result<Vec<Panel>> {
    let frame = |name: &str| study.frame(name).cloned();
    let key = |name: &str| study.key(name, "value");
    let mut all = vec![];

    let weeks = frame("north_star")?;
    let last = weeks.height().saturating_sub(1);
    let north = |column: &str| number(&weeks, column, last);
    let together = whole(north("collaborative")?);
    all.push(Panel {
        title: format!(
            "In {together} workspaces, {} of those active, people worked together",
            percent(north("share")?)
        ),
        subtitle: "Two or more people active, and at least one commented, shared or invited; last full week".into(),
        marks: vec![Mark::note(text(&weeks, "week", last)?, north("collaborative")?, together)],
        labels: ("Week", "Weekly active collaborative workspaces"),
        ..Panel::new("north_star", Kind::Gauge, weeks.clone(), "week", "collaborative")
    });

    let daily = frame("engagement")?;
    let today = daily.height().saturating_sub(1);
    let at = |column: &str, what: &str| {
        let users = daily.column(column)?.cast(&DataType::Float64)?.f64()?.get(today);
        let users = users.unwrap_or(0.0);
        let words = format!("{} in {what}", whole(users));
        Ok::<Mark, casebook::Error>(Mark::note(text(&daily, "date", today)?, users, words))
    };
    all.push(Panel {
        title: format!(
            "{} of a month's users are active on an average day",
            percent(key("stickiness")?)
        ),
        subtitle: "Users active in the 1, 7 and 30 days up to each date".into(),
        marks: vec![at("mau", "30 days")?, at("dau", "a day")?],
        by: Some("window"),
        labels: ("Day", "Active users"),
        ..Panel::new(
            "engagement",
            Kind::Line,
            windows(study.frame("engagement")?)?,
            "date",
            "users",
        )
    });

    let funnel = frame("funnel_metrics")?.slice(1, 6);
    let worst = largest(&funnel.slice(1, 5), "dropped")? + 1;
    let stage = text(&funnel, "name", worst)?;
    all.push(Panel {
        title: format!(
            "{} of sign-ups go on to pay on their own; most are lost before {stage}",
            percent(key("sign-up to paid, self-serve")?)
        ),
        subtitle: format!(
            "Users who signed up, by stage reached; {} sign-ups",
            whole(number(&funnel, "users", 0)?)
        ),
        marks: vec![Mark::Highlight { name: stage }],
        labels: ("Stage", "Users"),
        ..Panel::new("funnel", Kind::Funnel, funnel, "name", "users")
    });

    let groups = frame("segment_funnel")?;
    let segments = groups
        .lazy()
        .filter(col("attribute").eq(lit("segment")))
        .sort(["paid_rate"], SortMultipleOptions::default().with_order_descending(true))
        .collect()?;
    let lowest = segments.height().saturating_sub(1);
    let (best, least) = (text(&segments, "group", 0)?, text(&segments, "group", lowest)?);
    all.push(Panel {
        title: format!(
            "{} of {best} users come to pay, {:.1} times as many as of {least}",
            percent(number(&segments, "paid_rate", 0)?),
            number(&segments, "paid_rate", 0)? / number(&segments, "paid_rate", lowest)?,
        ),
        subtitle: "Share of sign-ups ever on a paid plan, by segment, with 95% intervals".into(),
        marks: vec![Mark::Highlight { name: best }, Mark::Highlight { name: least }],
        bounds: Some(("low", "high")),
        unit: Unit::Percent,
        labels: ("Segment", "Users ever on a paid plan"),
        ..Panel::new("segments", Kind::Range, segments, "group", "paid_rate")
    });

    let cells = finished(study.frame("cohort_retention")?)?;
    let cells = cells.select(["period", "cohort", "rate", "active", "size"])?;
    let [first, third, sixth] = [1, 3, 6].map(|month| key(&format!("retention, month {month}")));
    let (first, third, sixth) = (first?, third?, sixth?);
    all.push(Panel {
        title: format!(
            "{} of a cohort are still active one month later, {} after six",
            percent(first),
            percent(sixth)
        ),
        subtitle: "Share of the users who signed up in a month that are active in each later month"
            .into(),
        by: Some("rate"),
        unit: Unit::Percent,
        ticks: Some(TickUnit::Months),
        labels: ("Months since sign-up", "Month of sign-up"),
        ..Panel::new("retention", Kind::Heat, cells, "period", "cohort")
    });

    let curve = frame("retention_curve")?;
    all.push(Panel {
        title: format!(
            "{} are gone after one month, {} after three",
            percent(1.0 - first),
            percent(1.0 - third)
        ),
        subtitle: "Share of users active in each month since sign-up, with 95% intervals".into(),
        marks: vec![
            Mark::note(1.0, first, format!("{} left", percent(first))),
            Mark::note(3.0, third, format!("{} left", percent(third))),
        ],
        bounds: Some(("low", "high")),
        unit: Unit::Percent,
        ticks: Some(TickUnit::Months),
        labels: ("Months since sign-up", "Users active"),
        ..Panel::new("retention_curve", Kind::Line, curve, "period", "rate")
    });

    let features = frame("feature_adoption")?;
    let features = features.lazy().sort(
        ["rate"],
        SortMultipleOptions::default().with_order_descending(true).with_maintain_order(true),
    );
    let features = features.collect()?;
    let most = text(&features, "feature", 0)?;
    let shared = features.clone().lazy().filter(col("feature").eq(lit("share"))).collect()?;
    let named = [most.clone(), "share".to_owned()];
    let known = 1 + usize::from(shared.height() > 0 && most != "share");
    all.push(Panel {
        title: format!(
            "{} have used {most}, {} have ever shared",
            percent(number(&features, "rate", 0)?),
            percent(if shared.height() == 0 { 0.0 } else { number(&shared, "rate", 0)? })
        ),
        subtitle: "Share of users who have used the feature at least once".into(),
        marks: named.into_iter().take(known).map(|name| Mark::Highlight { name }).collect(),
        unit: Unit::Percent,
        labels: ("Feature", "Users who have used the feature"),
        ..Panel::new("feature_adoption", Kind::Bars, features, "feature", "rate")
    });

    let power = frame("power_users")?;
    let power = power.lazy().with_column(col("decile").cast(DataType::String)).collect()?;
    all.push(Panel {
        title: format!(
            "The most active decile accounts for {} of the last quarter's activity",
            percent(number(&power, "share", 0)?)
        ),
        subtitle: "Share of all events of the quarter, by decile of users".into(),
        marks: vec![Mark::Highlight { name: text(&power, "decile", 0)? }],
        unit: Unit::Percent,
        labels: ("Decile of users, the most active first", "Share of all events"),
        ..Panel::new("power_users", Kind::Bars, power, "decile", "share")
    });

    all.extend(lever_charts::panels(study)?);
    Ok(all)
}
