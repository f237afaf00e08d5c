//! `casebook analyze activity`.

use casebook::Result;
use casebook::chart;
use casebook::chrono::{NaiveDate, TimeDelta};
use casebook::events::Window;
use casebook::metrics::activity::Before;
use casebook::metrics::{Period, activity};
use casebook::polars::prelude::*;
use clap::{Args, ValueEnum};

use super::{Events, Named, Output, capital, day, notes, period};

/// Count daily, weekly and monthly active users; new, retained, resurrected and dormant users; active days
///
/// Example: casebook analyze activity data/samples/events.csv --show lifecycle --period week
#[derive(Args)]
pub struct Activity {
    #[command(flatten)]
    events: Events,
    #[command(flatten)]
    named: Named,
    /// Which table
    #[arg(long, value_enum, default_value_t = Shown::Daily)]
    show: Shown,
    /// The lifecycle's period: day, week (from Monday) or month
    #[arg(long, default_value = "week", value_parser = period)]
    period: Period,
    /// The data start mid-history, so new users in the first period can't be identified
    #[arg(long)]
    midway: bool,
    /// How many days to count active days in, up to the last day
    #[arg(long, default_value_t = 28)]
    window: u32,
    /// The first day observed [default: the first with an event]
    #[arg(long, value_parser = day, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// The last day observed [default: the last with an event]
    #[arg(long, value_parser = day, value_name = "DATE")]
    to: Option<NaiveDate>,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shown {
    /// DAU, WAU, MAU and stickiness by day
    Daily,
    /// New, retained, resurrected and dormant by period
    Lifecycle,
    /// On how many days users are active
    Days,
}

impl Activity {
    /// Mentions incomplete periods, and a first period in which everyone is new.
    fn tell_censored(&self, events: &DataFrame, found: &DataFrame) -> Result<()> {
        let Some((first, last)) = notes::extent(events, "timestamp")? else { return Ok(()) };
        let (first, last) = (self.from.unwrap_or(first.date()), self.to.unwrap_or(last.date()));
        if first > last {
            return Ok(());
        }
        notes::periods(self.period, first, last);
        let new = found.column("new")?.i64()?.get(0).unwrap_or(0);
        if !self.midway && new > 0 {
            notes::tell(format!(
                "{} of the first {} {} as new: nothing before {first} is known; if the data begin in the middle, say --midway",
                match new {
                    1 => "the only user".to_owned(),
                    _ => format!("all {new} users"),
                },
                self.period,
                if new == 1 { "counts" } else { "count" },
            ));
        }
        Ok(())
    }

    pub fn run(self) -> Result<()> {
        self.output.check()?;
        let table = self.named.read(&self.events)?;
        let events = table.frame.clone();
        let end = self.to.and_then(|last| last.succ_opt());
        let window = match (self.from, end) {
            (Some(from), Some(end)) => Window::new(from, end)?,
            (Some(from), None) => Window::from(from),
            (None, Some(end)) => Window::until(end),
            (None, None) => Window::default(),
        };
        notes::span(self.from, self.to, &events)?;
        match self.show {
            Shown::Daily => {
                let found = activity::daily(&events, window)?;
                self.output.give(&found, || {
                    let [dau, wau, mau] = ["dau", "wau", "mau"].map(|kind| {
                        found.clone().lazy().select([
                            col("date"),
                            col(kind).alias("users"),
                            lit(kind.to_uppercase()).alias("of"),
                        ])
                    });
                    let long = concat([dau, wau, mau], UnionArgs::default())?
                        .filter(col("users").is_not_null())
                        .collect()?;
                    let most = found.column("dau")?.i64()?.max().unwrap_or(0);
                    chart::line(&long, "date", "users")
                        .by("of")
                        .title(format!("At most {most} users are active on a day"))
                        .x_label("Day")
                        .y_label("Active users")
                        .draw()
                })
            }
            Shown::Lifecycle => {
                let before = if self.midway { Before::Unobserved } else { Before::Nothing };
                let found = activity::lifecycle(&events, self.period, window, before)?;
                self.tell_censored(&events, &found)?;
                self.output.give(&found, || {
                    let kinds = ["new", "retained", "resurrected", "dormant"].map(|kind| {
                        let sign = if kind == "dormant" { lit(-1_i64) } else { lit(1_i64) };
                        found.clone().lazy().select([
                            col("period").dt().to_string("%Y-%m-%d"),
                            (col(kind) * sign).alias("users"),
                            lit(kind).alias("kind"),
                        ])
                    });
                    let long = concat(kinds, UnionArgs::default())?.collect()?;
                    chart::bar(&long, "period", "users")
                        .by("kind")
                        .stacked()
                        .title(format!(
                            "Users who come and users who stay away, by {}",
                            self.period
                        ))
                        .x_label(capital(&self.period.to_string()))
                        .y_label("Users; dormant ones are negative")
                        .draw()
                })
            }
            Shown::Days => {
                let daily = activity::daily(&events, window)?;
                let last = self.to.or_else(|| {
                    let days = daily.column("date").ok()?.date().ok()?.physical().max()?;
                    NaiveDate::from_epoch_days(days)
                });
                let Some(last) = last else {
                    return Err(table.trouble("it has no events"));
                };
                let found = activity::frequency(
                    &events,
                    Window::last_days(self.window, last + TimeDelta::days(1)),
                )?;
                let from = last - TimeDelta::days(i64::from(self.window) - 1);
                if let Some((first, _)) = notes::extent(&events, "timestamp")?
                    && self.from.unwrap_or(first.date()) > from
                {
                    notes::tell(format!(
                        "the window of {} days begins on {from}, before the data: earlier days \
                         count as days without activity",
                        self.window
                    ));
                }
                self.output.give(&found, || {
                    let of = found.column("of")?.i64()?.iter().next().flatten().unwrap_or(0);
                    chart::bar(&found, "active_days", "users")
                        .title(format!(
                            "On how many of {} days {of} users were active",
                            self.window
                        ))
                        .x_label("Active days")
                        .y_label("Users")
                        .draw()
                })
            }
        }
    }
}
