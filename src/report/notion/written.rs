//! The written report: eight sections, every number from a frame, as Markdown and as a page.

use polars::prelude::*;
use pulldown_cmark::{Options, Parser, html};

use super::panels::{Panel, largest, money, percent, text, whole};
use super::study::{BASE, LAUNCHED, RAMP, Study};
use crate::error::Result;
use crate::notebook::number;

/// A number with its interval, as a share.
fn share(study: &Study, metric: &str) -> Result<String> {
    let value = |column: &str| study.key(metric, column).map(percent);
    Ok(match (value("low"), value("high")) {
        (Ok(low), Ok(high)) => format!("{} ({low} to {high})", value("value")?),
        _ => value("value")?,
    })
}

/// A column as a table shows it: its name, its head, and how its numbers look.
type Shown<'s> = (&'s str, &'s str, fn(f64) -> String);

/// A Markdown table of some columns.
fn table(frame: &DataFrame, columns: &[Shown]) -> Result<String> {
    let heads: Vec<&str> = columns.iter().map(|(_, head, _)| *head).collect();
    let rules: Vec<&str> = columns
        .iter()
        .map(|(name, ..)| {
            match frame.column(name).map(|column| column.dtype().is_primitive_numeric()) {
                Ok(true) => "---:",
                _ => "---",
            }
        })
        .collect();
    let mut lines =
        vec![format!("| {} |", heads.join(" | ")), format!("| {} |", rules.join(" | "))];
    for row in 0..frame.height() {
        let cells = columns
            .iter()
            .map(|(name, _, look)| {
                let column = frame.column(name)?;
                if !column.dtype().is_primitive_numeric() {
                    return text(frame, name, row);
                }
                let value = column.cast(&DataType::Float64)?.f64()?.get(row);
                Ok(value.map_or("–".to_owned(), look))
            })
            .collect::<Result<Vec<_>>>()?;
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    Ok(lines.join("\n"))
}

/// The report as Markdown; its pictures are files beside it, in `charts/`.
///
/// # Errors
/// Those of [`Study::frame`].
pub fn markdown(study: &Study, panels: &[Panel]) -> Result<String> {
    let picture = |id: &str| -> Result<String> {
        match panels.iter().find(|panel| panel.id == id) {
            Some(panel) => Ok(format!("![{}](charts/{id}.svg)", panel.figure()?.alt())),
            None => Ok(String::new()),
        }
    };
    let key = |metric: &str| study.key(metric, "value");
    let funnel = study.frame("funnel_metrics")?;
    // By people, and by share of those at the stage before: not the same stage.
    let after = funnel
        .slice(2, 5)
        .lazy()
        .with_column((lit(1.0) - col("step_rate")).alias("lost"))
        .collect()?;
    let lost = |column: &str| -> Result<(String, String, String)> {
        let row = largest(&after, column)?;
        let (people, of) = (number(&after, "dropped", row)?, number(&after, "previous", row)?);
        let share = percent(number(&after, "lost", row)?);
        Ok((text(&after, "name", row)?, format!("{} of {}", whole(people), whole(of)), share))
    };
    let (most_name, most_people, most_share) = lost("dropped")?;
    let (steep_name, _, steep_share) = lost("lost")?;
    let base = money(BASE);
    let levers = study.frame("growth_levers")?;
    let lever = |row: usize| -> Result<String> {
        Ok(format!(
            "{} ({} to {})",
            text(levers, "lever", row)?,
            money(number(levers, "low", row)?),
            money(number(levers, "high", row)?)
        ))
    };
    let months = study.frame("growth_projections")?;
    let end = months.height().saturating_sub(1);
    let year = |column: &str| number(months, column, end).map(money);
    let overlap = study.frame("lever_overlap")?;
    let all = overlap.height().saturating_sub(1);
    let tornado = study.frame("tornado")?;
    let fast = study.frame("fast_activation")?;
    let activation = study.frame("activation")?;
    let channels = activation.slice(0, activation.height().saturating_sub(1));
    let (best, weakest) = (
        largest(&channels, "rate")?,
        largest(
            &channels
                .clone()
                .lazy()
                .with_column((lit(0.0) - col("rate")).alias("low rate"))
                .collect()?,
            "low rate",
        )?,
    );
    let channel = |row: usize| -> Result<String> {
        Ok(format!(
            "{} ({})",
            text(&channels, "acquisition_channel", row)?,
            percent(number(&channels, "rate", row)?)
        ))
    };
    let groups = study
        .frame("segment_funnel")?
        .clone()
        .lazy()
        .filter(col("attribute").eq(lit("segment")))
        .collect()?;
    let power = study.frame("power_users")?;
    let features = study.frame("feature_adoption")?;
    let decimals = |value: f64| format!("{value:.2}");

    let metrics = study.frame("key_metrics")?;
    let mut snapshot =
        vec!["| metric | value | 95 % interval |".to_owned(), "| --- | ---: | ---: |".to_owned()];
    for row in 0..metrics.height() {
        let unit = text(metrics, "unit", row)?;
        let look = |value: f64| match unit.as_str() {
            "share" => percent(value),
            "dollars" => money(value),
            _ if value < 100.0 => decimals(value),
            _ => whole(value),
        };
        let bound =
            |column: &str| -> Result<Option<f64>> { Ok(metrics.column(column)?.f64()?.get(row)) };
        let interval = match (bound("low")?, bound("high")?) {
            (Some(low), Some(high)) => format!("{} to {}", look(low), look(high)),
            _ => "–".to_owned(),
        };
        let value = look(number(metrics, "value", row)?);
        snapshot.push(format!("| {} | {value} | {interval} |", text(metrics, "metric", row)?));
    }

    // What is recommended follows from what was found: where most are lost, what a fast start does, which lever
    // ranks first, what is least known.
    let effect = number(fast, "ratio", 1)?;
    let start = match number(fast, "low", 1)? > 1.0 {
        true => format!(
            "**Bring new users to their first page within a day.** All else equal, {effect:.1} times as many of them come back in the month after."
        ),
        false => "**Do not count on a fast start.** Within segment and channel it shows no effect on coming back.".to_owned(),
    };
    let least_known = text(tornado, "input", 0)?;
    let sections = [
        format!(
            "# Growth study\n\nSynthetic data: {} users and {} events. Every number below is computed from it; ranges are 95 % intervals of what was counted, and the middle 90 % of what was modelled.\n\n## Executive summary\n\n- People worked together in **{}** workspaces in the last full week: {} of those active.\n- **{}** of users create a page within a week. After sign-up most people are lost before {most_name} ({most_people}); the steepest step is {steep_name}, where {steep_share} go no further.\n- **{}** are there one month later, {} after six.\n- **{}** pay; of those who sign up, {} come to it on their own.\n- The {LAUNCHED} best levers together add **{} to {}** in twelve months, at {base} of new revenue a year.",
            whole(key("users")?),
            whole(key("events")?),
            whole(key("north star")?),
            share(study, "north star, share of active workspaces")?,
            share(study, "activation")?,
            share(study, "retention, month 1")?,
            percent(key("retention, month 6")?),
            share(study, "paid")?,
            share(study, "sign-up to paid, self-serve")?,
            year("low")?,
            year("high")?,
        ),
        format!(
            "## North Star\n\nWeekly active collaborative workspaces: two or more users active in the week, and at least one who comments, shares or invites. It counts workspaces, because that is what is bought, and it moves only when people use the product together.\n\n{}",
            picture("north_star")?
        ),
        format!(
            "## Snapshot\n\n{}\n\nDaily, weekly and monthly active users are averages of the last 30 days; stickiness is that of all days with a full month before them.\n\n{}",
            snapshot.join("\n"),
            picture("engagement")?
        ),
        format!(
            "## Funnel\n\n{}\n\n{}\n\nOf those on a paid plan most did not come this way: a seat was bought for them. So {} pay, while {} of sign-ups convert on their own. The best channel by activation is {}, the weakest {}.\n\n{}\n\n{}",
            table(
                funnel,
                &[
                    ("name", "stage", whole),
                    ("users", "users", whole),
                    ("step_rate", "of the stage before", percent),
                    ("low", "low", percent),
                    ("high", "high", percent),
                    ("of_signups", "of sign-ups", percent),
                    ("of_visitors", "of visitors", percent),
                ]
            )?,
            picture("funnel")?,
            percent(key("paid")?),
            percent(key("sign-up to paid, self-serve")?),
            channel(best)?,
            channel(weakest)?,
            table(
                &groups,
                &[
                    ("group", "segment", whole),
                    ("users", "users", whole),
                    ("activation", "activation", percent),
                    ("engagement", "engagement", percent),
                    ("habit", "habit", percent),
                    ("collaboration", "collaboration", percent),
                    ("paid_rate", "paid", percent),
                    ("low", "low", percent),
                    ("high", "high", percent),
                ]
            )?,
            picture("segments")?
        ),
        format!(
            "## Retention\n\n{}\n\n{}\n\nOf those who created a page within 24 hours of sign-up, {} times as many were there in the month after as of those who took longer. Part of that is who they are: within segment and channel it is {:.2} times ({:.2} to {:.2}).\n\n{}\n\nThe most active tenth of the last quarter's users did {} of everything, on {:.1} days each. {} have used {}, {} have ever shared.\n\n{}",
            picture("retention_curve")?,
            picture("retention")?,
            decimals(number(fast, "ratio", 0)?),
            effect,
            number(fast, "low", 1)?,
            number(fast, "high", 1)?,
            picture("power_users")?,
            percent(number(power, "share", 0)?),
            number(power, "days_per_user", 0)?,
            percent(number(features, "rate", 0)?),
            text(features, "feature", 0)?,
            rate(features, "share")?,
            picture("feature_adoption")?
        ),
        format!(
            "## Growth opportunities\n\nEach lever alone, at full effect for a year, at a base of {base} of new revenue, ranked by its median times how sure we are that it can be built:\n\n{}\n\n{}\n\nThe {LAUNCHED} best overlap, because each works on what the others bring: alone they would add {}, together {}. Averaged over all orders:\n\n{}",
            table(
                levers,
                &[
                    ("rank", "rank", whole),
                    ("lever", "lever", whole),
                    ("stage", "lifts", whole),
                    ("lift", "by", percent),
                    ("low", "low", money),
                    ("median", "median", money),
                    ("high", "high", money),
                    ("confidence", "confidence", percent),
                    ("score", "score", money),
                ]
            )?,
            picture("levers")?,
            money(number(overlap, "alone", all)?),
            money(number(overlap, "averaged", all)?),
            table(
                overlap,
                &[
                    ("lever", "lever", whole),
                    ("alone", "alone", money),
                    ("last", "after the others", money),
                    ("averaged", "averaged", money),
                    ("low", "low", money),
                    ("high", "high", money),
                ]
            )?
        ),
        format!(
            "## Recommendations\n\n1. {start}\n2. **Work on {most_name}.** {most_people} are lost before it ({most_share}), more people than at any later stage; {steep_name} loses a larger share, of far fewer.\n3. **Begin with {}**, then {}. One launched a month, each with {RAMP} months to full effect, they add {} in twelve months ({} to {}).\n4. **Judge channels by who stays.** Of users from {} a page is created by the most, of those from {} by the fewest.\n\n{}",
            lever(0)?,
            (1..LAUNCHED.min(levers.height()))
                .map(lever)
                .collect::<Result<Vec<_>>>()?
                .join(" and "),
            year("cumulative")?,
            year("low")?,
            year("high")?,
            channel(best)?,
            channel(weakest)?,
            picture("projection")?
        ),
        format!(
            "## Next steps\n\n- Measure what is least certain before building on it: the {least_known} alone moves the result from {} to {}.\n- Test the first lever on half of the users before it is launched to all: its lift is a guess until then.\n- Watch the North Star week by week; report a cohort's retention only when its month is over.\n\n{}",
            money(number(tornado, "low", 0)?),
            money(number(tornado, "high", 0)?),
            picture("sensitivity")?
        ),
    ];
    Ok(sections.join("\n\n") + "\n")
}

fn rate(features: &DataFrame, feature: &str) -> Result<String> {
    let row = features.clone().lazy().filter(col("feature").eq(lit(feature))).collect()?;
    Ok(if row.height() == 0 { "none".to_owned() } else { percent(number(&row, "rate", 0)?) })
}

/// Markdown as the body of a page.
pub(super) fn body(markdown: &str) -> String {
    let mut page = String::new();
    html::push_html(&mut page, Parser::new_ext(markdown, Options::ENABLE_TABLES));
    // A wide table scrolls, also by keyboard.
    page.replace("<table>", "<table tabindex=\"0\">")
}
