//! The written report: eight sections, every number from a frame, as Markdown and as a page.

use polars::prelude::*;
use pulldown_cmark::{Options, Parser, html};

use super::frames::Study;
use super::panels::{Panel, largest, money, percent, text, whole};
use super::study::LAUNCHED;
use casebook::Result;
use casebook::cases::notion::study::{BASE, RAMP};
use casebook::notebook::number;

/// A column as a table shows it: its name, its header, and its number format.
type Shown<'s> = (&'s str, &'s str, fn(f64) -> String);

/// Makes a Markdown table of some columns.
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

/// Returns the report as Markdown; its pictures are files in `charts/`.
///
/// # Errors
/// Those of [`Study::frame`].
pub fn markdown(study: &Study, panels: &[Panel]) -> Result<String> {
    let report = Report { study, panels };
    let sections = [
        report.summary()?,
        report.north_star()?,
        report.snapshot()?,
        report.funnel()?,
        report.retention()?,
        report.opportunities()?,
        report.recommendations()?,
        report.next_steps()?,
    ];
    Ok(sections.join("\n\n") + "\n")
}

/// One method for each section; all statements are computed from the frames.
struct Report<'s> {
    study: &'s Study,
    panels: &'s [Panel],
}

/// A loss in the funnel: the stage not reached, how many of how many, and their share.
struct Loss {
    stage: String,
    people: String,
    share: String,
}

impl Report<'_> {
    fn key(&self, metric: &str) -> Result<f64> {
        self.study.key(metric, "value")
    }

    /// Returns a share of the first page, with its interval.
    fn share(&self, metric: &str) -> Result<String> {
        let bound = |column: &str| self.study.key(metric, column).map(percent);
        let value = percent(self.key(metric)?);
        Ok(match (bound("low"), bound("high")) {
            (Ok(low), Ok(high)) => format!("{value} ({low} to {high})"),
            _ => value,
        })
    }

    fn picture(&self, id: &str) -> Result<String> {
        match self.panels.iter().find(|panel| panel.id == id) {
            Some(panel) => Ok(format!("![{}](charts/{id}.svg)", panel.figure()?.alt())),
            None => Ok(String::new()),
        }
    }

    /// Finds the largest loss after sign-up, by `dropped` (people) or `lost` (share of the stage before), which may be
    /// at different stages.
    fn loss(&self, by: &str) -> Result<Loss> {
        let after = self.study.frame("funnel_metrics")?.slice(2, 5).lazy();
        let after = after.with_column((lit(1.0) - col("step_rate")).alias("lost")).collect()?;
        let row = largest(&after, by)?;
        let people = whole(number(&after, "dropped", row)?);
        Ok(Loss {
            stage: text(&after, "name", row)?,
            people: format!("{people} of {}", whole(number(&after, "previous", row)?)),
            share: percent(number(&after, "lost", row)?),
        })
    }

    /// Returns what the levers launched together add in a year: the central estimate, and the interval's lower and
    /// upper end.
    fn year(&self) -> Result<[String; 3]> {
        let months = self.study.frame("growth_projections")?;
        let end = months.height().saturating_sub(1);
        let amount = |column| number(months, column, end).map(money);
        Ok([amount("cumulative")?, amount("low")?, amount("high")?])
    }

    /// Describes a lever by its rank, with its range.
    fn lever(&self, row: usize) -> Result<String> {
        let levers = self.study.frame("growth_levers")?;
        let amount = |column| number(levers, column, row).map(money);
        Ok(format!("{} ({} to {})", text(levers, "lever", row)?, amount("low")?, amount("high")?))
    }

    /// Returns the channels whose users activate most and least.
    fn channels(&self) -> Result<[String; 2]> {
        let all = self.study.frame("activation")?;
        let channels = all.slice(0, all.height().saturating_sub(1)).lazy();
        let channels = channels.with_column((lit(0.0) - col("rate")).alias("below")).collect()?;
        let named = |row: usize| -> Result<String> {
            let rate = percent(number(&channels, "rate", row)?);
            Ok(format!("{} ({rate})", text(&channels, "acquisition_channel", row)?))
        };
        Ok([named(largest(&channels, "rate")?)?, named(largest(&channels, "below")?)?])
    }

    fn summary(&self) -> Result<String> {
        let (most, steep) = (self.loss("dropped")?, self.loss("lost")?);
        let [_, low, high] = self.year()?;
        Ok([
            "# Growth study".to_owned(),
            String::new(),
            format!(
                "This study uses synthetic data: {} users and {} events, from which every number below is computed. Ranges are 95% intervals for counted values and 90% intervals for modelled ones.",
                whole(self.key("users")?),
                whole(self.key("events")?)
            ),
            String::new(),
            "## Executive summary".to_owned(),
            String::new(),
            format!(
                "- People worked together in **{}** workspaces in the last full week: {} of those active.",
                whole(self.key("north star")?),
                self.share("north star, share of active workspaces")?
            ),
            format!(
                "- **{}** of visitors sign up, and **{}** of users create a page within a week. After sign-up, most people are lost before {} ({}), and the largest share before {}, where {} drop out.",
                self.share("visitors who sign up")?,
                self.share("activation")?,
                most.stage,
                most.people,
                steep.stage,
                steep.share
            ),
            format!(
                "- **{}** are still active one month later, {} after six.",
                self.share("retention, month 1")?,
                percent(self.key("retention, month 6")?)
            ),
            format!(
                "- **{}** pay; {} of sign-ups get there on their own.",
                self.share("paid")?,
                self.share("sign-up to paid, self-serve")?
            ),
            format!(
                "- The {LAUNCHED} best levers together add **{low} to {high}** in twelve months, at {} of new revenue a year.",
                money(BASE)
            ),
        ]
        .join("\n"))
    }

    fn north_star(&self) -> Result<String> {
        Ok(format!(
            "## North Star\n\nWeekly active collaborative workspaces: two or more users are active in the week, and at least one of them comments, shares or invites. It counts workspaces because customers buy workspaces, and it moves only when people use the product together.\n\n{}",
            self.picture("north_star")?
        ))
    }

    fn snapshot(&self) -> Result<String> {
        let metrics = self.study.frame("key_metrics")?;
        let mut lines = vec![
            "| metric | value | 95% interval |".to_owned(),
            "| --- | ---: | ---: |".to_owned(),
        ];
        for row in 0..metrics.height() {
            let unit = text(metrics, "unit", row)?;
            let look = |value: f64| match unit.as_str() {
                "share" => percent(value),
                "dollars" => money(value),
                _ if value < 100.0 => format!("{value:.2}"),
                _ => whole(value),
            };
            let bound = |column: &str| metrics.column(column)?.f64().map(|bound| bound.get(row));
            let interval = match (bound("low")?, bound("high")?) {
                (Some(low), Some(high)) => format!("{} to {}", look(low), look(high)),
                _ => "–".to_owned(),
            };
            let value = look(number(metrics, "value", row)?);
            lines.push(format!("| {} | {value} | {interval} |", text(metrics, "metric", row)?));
        }
        Ok(format!(
            "## Snapshot\n\n{}\n\nDaily, weekly and monthly active users are averages of the last 30 days; stickiness covers all days with a full month before them.\n\n{}",
            lines.join("\n"),
            self.picture("engagement")?
        ))
    }

    fn funnel(&self) -> Result<String> {
        let stages = table(
            self.study.frame("funnel_metrics")?,
            &[
                ("name", "stage", whole),
                ("users", "users", whole),
                ("step_rate", "of the stage before", percent),
                ("low", "low", percent),
                ("high", "high", percent),
                ("of_signups", "of sign-ups", percent),
                ("of_visitors", "of visitors", percent),
            ],
        )?;
        let groups = self.study.frame("segment_funnel")?.clone().lazy();
        let segments = table(
            &groups.filter(col("attribute").eq(lit("segment"))).collect()?,
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
            ],
        )?;
        let [best, weakest] = self.channels()?;
        Ok(format!(
            "## Funnel\n\n{stages}\n\n{}\n\n{} of all users pay, while {} of sign-ups got there through these stages; the others have a seat that someone else bought. By activation, the best channel is {best} and the weakest {weakest}.\n\n{segments}\n\n{}",
            self.picture("funnel")?,
            percent(self.key("paid")?),
            percent(self.key("sign-up to paid, self-serve")?),
            self.picture("segments")?
        ))
    }

    fn retention(&self) -> Result<String> {
        let fast = self.study.frame("fast_activation")?;
        let ratio = |column: &str, row| number(fast, column, row);
        let (crude, fair) = (ratio("ratio", 0)?, ratio("ratio", 1)?);
        let power = self.study.frame("power_users")?;
        let features = self.study.frame("feature_adoption")?;
        let shared = features.clone().lazy().filter(col("feature").eq(lit("share"))).collect()?;
        let shared = match shared.height() {
            0 => "nobody has".to_owned(),
            _ => format!("{} have", percent(number(&shared, "rate", 0)?)),
        };
        Ok([
            "## Retention".to_owned(),
            self.picture("retention_curve")?,
            self.picture("retention")?,
            format!(
                "Users who created a page within 24 hours of sign-up were {crude:.2} times as likely to be active in the month after as those who took longer. {} within segment and channel, the ratio is {fair:.2} ({:.2} to {:.2}).",
                if crude > fair { "Part of that is due to who they are:" } else { "It is no smaller when like is compared with like:" },
                ratio("low", 1)?,
                ratio("high", 1)?
            ),
            self.picture("power_users")?,
            format!(
                "The most active decile of the last quarter's users accounts for {} of all activity, on {:.1} days each. {} have used {}, and {shared} ever shared.",
                percent(number(power, "share", 0)?),
                number(power, "days_per_user", 0)?,
                percent(number(features, "rate", 0)?),
                text(features, "feature", 0)?
            ),
            self.picture("feature_adoption")?,
        ]
        .join("\n\n"))
    }

    fn opportunities(&self) -> Result<String> {
        let overlap = self.study.frame("lever_overlap")?;
        let all = overlap.height().saturating_sub(1);
        let ranked = table(
            self.study.frame("growth_levers")?,
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
            ],
        )?;
        let shared = table(
            overlap,
            &[
                ("lever", "lever", whole),
                ("alone", "alone", money),
                ("last", "after the others", money),
                ("averaged", "averaged", money),
                ("low", "low", money),
                ("high", "high", money),
            ],
        )?;
        Ok(format!(
            "## Growth opportunities\n\nEach lever alone, at full effect for a year, at a base of {} of new revenue, ranked by its median times our confidence that it can be built:\n\n{ranked}\n\n{}\n\nThe {LAUNCHED} best overlap, because each works on users that the others bring: separately they would add {}, together {}. Averaged over all orders:\n\n{shared}",
            money(BASE),
            self.picture("levers")?,
            money(number(overlap, "alone", all)?),
            money(number(overlap, "averaged", all)?)
        ))
    }

    fn recommendations(&self) -> Result<String> {
        let fast = self.study.frame("fast_activation")?;
        let start = match number(fast, "low", 1)? > 1.0 {
            true => format!(
                "**Bring new users to their first page within a day.** Within segment and channel, they are {:.1} times as likely to come back in the month after.",
                number(fast, "ratio", 1)?
            ),
            false => "**Do not count on a fast start.** Within segment and channel, it shows no effect on coming back.".to_owned(),
        };
        let (most, steep) = (self.loss("dropped")?, self.loss("lost")?);
        let but = match most.stage == steep.stage {
            true => "and a larger share than at any later stage".to_owned(),
            false => format!("{} loses a larger share, {}, of far fewer", steep.stage, steep.share),
        };
        let next: Vec<String> = (1..LAUNCHED).map(|row| self.lever(row)).collect::<Result<_>>()?;
        let [middle, low, high] = self.year()?;
        let [best, weakest] = self.channels()?;
        Ok([
            "## Recommendations\n".to_owned(),
            format!("1. {start}"),
            format!(
                "2. **Work on {}.** {} are lost before it ({}), more people than at any later stage; {but}.",
                most.stage, most.people, most.share
            ),
            format!(
                "3. **Begin with {}**, then {}. Launched one a month, each with {RAMP} months to full effect, they add {middle} in twelve months ({low} to {high}). Their lifts are assumptions: the data doesn't show what more sharing would bring, for example. Test each before you build it for everyone.",
                self.lever(0)?,
                next.join(" and ")
            ),
            format!(
                "4. **Judge channels by what users do next.** Users from {best} are the most likely to create a page, users from {weakest} the least."
            ),
            format!("\n{}", self.picture("projection")?),
        ]
        .join("\n"))
    }

    fn next_steps(&self) -> Result<String> {
        let tornado = self.study.frame("tornado")?;
        let grid = self.study.frame("sensitivity")?;
        let columns: Vec<Shown> = grid
            .columns()
            .iter()
            .map(|column| column.name().as_str())
            .map(|name| {
                (
                    name,
                    if name == "lifts" { "of the lifts" } else { name },
                    money as fn(f64) -> String,
                )
            })
            .collect();
        let left = table(grid, &columns)?;
        Ok(format!(
            "## Next steps\n\n- Measure the largest uncertainty before relying on it: the {} alone moves the result from {} to {}.\n- Test the first lever on half of the users before launching it to everyone: until then, its lift is a guess.\n- Watch the North Star week by week; report a cohort's retention only when its month is over.\n\n{}\n\nIf all lifts are smaller and all launches later, the levers add this much in twelve months:\n\n{left}",
            text(tornado, "input", 0)?,
            money(number(tornado, "low", 0)?),
            money(number(tornado, "high", 0)?),
            self.picture("sensitivity")?
        ))
    }
}

/// Converts Markdown to the body of a page.
pub(super) fn body(markdown: &str) -> String {
    let mut page = String::new();
    html::push_html(&mut page, Parser::new_ext(markdown, Options::ENABLE_TABLES));
    // A wide table scrolls, also by keyboard.
    page.replace("<table>", "<table tabindex=\"0\">")
}
