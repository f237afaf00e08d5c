//! The written report: eight sections, every number from a frame, as Markdown and as a page.

use polars::prelude::*;
use pulldown_cmark::{Options, Parser, html};

use super::facts::{Facts, said};
use super::frames::Study;
use super::grid::table;
use super::levers;
use super::panels::{Panel, largest, money, percent, text, whole};
use casebook::Result;
use casebook::notebook::number;

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
    Ok(said(&sections.join("\n\n")) + "\n")
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
    fn facts(&self) -> Facts<'_> {
        Facts { study: self.study }
    }

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
        Ok([
            "# Growth study".to_owned(),
            String::new(),
            format!(
                "This study uses synthetic data: {} users and {} events, from which every number below is computed. Ranges are 95% intervals.",
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
                "- **{}** come to pay; {} of sign-ups get there on their own.",
                self.share("paid")?,
                self.share("sign-up to paid, self-serve")?
            ),
            format!("- {}", levers::summary(self.facts())?),
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
            "## Funnel\n\n{stages}\n\n{}\n\n{} of all users come to pay, while {} of sign-ups got there through these stages; the others have a seat that someone else bought. By activation, the best channel is {best} and the weakest {weakest}.\n\n{segments}\n\n{}",
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
        let picture = |id: &str| self.picture(id);
        levers::opportunities(self.facts(), &picture)
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
        let [best, weakest] = self.channels()?;
        let mut all = levers::recommendations(self.facts())?;
        all.extend([
            start,
            format!(
                "**Work on {}.** {} are lost before it ({}), more people than at any later stage; {but}.",
                most.stage, most.people, most.share
            ),
            format!(
                "**Judge channels by what users do next.** Users from {best} are the most likely to create a page, users from {weakest} the least."
            ),
        ]);
        let numbered: Vec<String> =
            all.iter().enumerate().map(|(at, one)| format!("{}. {one}", at + 1)).collect();
        Ok(format!("## Recommendations\n\n{}", numbered.join("\n")))
    }

    fn next_steps(&self) -> Result<String> {
        levers::next_steps(self.facts())
    }
}

/// Converts Markdown to the body of a page.
pub(super) fn body(markdown: &str) -> String {
    let mut page = String::new();
    html::push_html(&mut page, Parser::new_ext(markdown, Options::ENABLE_TABLES));
    // A wide table scrolls, also by keyboard.
    page.replace("<table>", "<table tabindex=\"0\">")
}
