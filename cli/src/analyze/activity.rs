//! `casebook analyze activity`.

use casebook::Result;
use casebook::chart::{self, TickUnit};
use casebook::chrono::{NaiveDate, TimeDelta};
use casebook::events::Window;
use casebook::format::count;
use casebook::metrics::activity::Before;
use casebook::metrics::{Period, activity};
use casebook::notebook::Figure;
use casebook::polars::prelude::*;
use clap::{Args, ValueEnum};

use super::asked::{Events, Named, Output, capital, day, period};
use super::findings::{counted, date, dates, numbers, span};
use super::notes;
use crate::say::many;

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
                self.output.give(&found, || draw_daily(&found))
            }
            Shown::Lifecycle => {
                let before = if self.midway { Before::Unobserved } else { Before::Nothing };
                let found = activity::lifecycle(&events, self.period, window, before)?;
                self.tell_censored(&events, &found)?;
                self.output.give(&found, || draw_lifecycle(&found, self.period))
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
                self.output.give(&found, || draw_days(&found, self.window, from, last))
            }
        }
    }
}

/// Draws users active by the day, week and month up to each date, and the day with most.
fn draw_daily(found: &DataFrame) -> Result<Figure> {
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
    let (days, users) = (dates(found, "date")?, numbers(found, "dau")?);
    // The first of equals.
    let rows = users.iter().zip(&days).filter_map(|(users, day)| Some(((*users)?, (*day)?)));
    let peak = rows.reduce(|most, one| if one.0 > most.0 { one } else { most });
    let line = chart::line(&long, "date", "users").by("of").labels("Day", "Active users");
    let shown = "Users active on a day (DAU), in the 7 days up to it (WAU) and in 30 (MAU)";
    match (peak, span(&days)) {
        (Some((most, day)), Some(span)) if most > 0.0 => line
            .title(format!("Daily active users peak at {} on {}", count(most), date(day)))
            .subtitle(format!("{shown}, {span}"))
            .annotate(day, most, &format!("{} users", count(most)))
            .draw(),
        _ => line.title("Nobody is active on any day").subtitle(shown).draw(),
    }
}

/// Draws who came, stayed and went dormant, by period, and the period that lost most.
fn draw_lifecycle(found: &DataFrame, period: Period) -> Result<Figure> {
    let kinds = ["new", "retained", "resurrected", "dormant"].map(|kind| {
        let sign = if kind == "dormant" { lit(-1_i64) } else { lit(1_i64) };
        found.clone().lazy().select([
            col("period").dt().to_string(if period == Period::Month {
                "%Y-%m"
            } else {
                "%Y-%m-%d"
            }),
            (col(kind) * sign).alias("users"),
            lit(kind).alias("kind"),
        ])
    });
    let long = concat(kinds, UnionArgs::default())?.collect()?;
    let days = dates(found, "period")?;
    let [new, back, dormant] =
        ["new", "resurrected", "dormant"].map(|column| numbers(found, column));
    let (new, back, dormant) = (new?, back?, dormant?);
    let over = found.column("in_progress")?.bool()?;
    // Who is dormant in a period in progress may still come back in it. In the first, nobody can be.
    let rows = (1..found.height()).filter(|row| over.get(*row) == Some(false)).filter_map(|row| {
        Some((days[row]?, new[row].unwrap_or(0.0) + back[row].unwrap_or(0.0), dormant[row]?))
    });
    let rows: Vec<_> = rows.collect();
    let worst = rows.iter().copied().reduce(|a, b| if b.1 - b.2 < a.1 - a.2 { b } else { a });
    let bar = chart::bar(&long, "period", "users")
        .by("kind")
        .stacked()
        .labels(capital(&period.to_string()), "Users; dormant ones are negative");
    let shown = format!("Users by {period}: active ones above 0, those who went dormant below");
    let bar = bar.subtitle(match days.first().copied().flatten() {
        None => shown,
        Some(first) => {
            format!("{shown}; {} from {}", many(found.height(), &period.to_string()), date(first))
        }
    });
    let from = |day: NaiveDate| match period {
        Period::Day => format!("on {}", date(day)),
        Period::Week => format!("in the week from {}", date(day)),
        Period::Month => format!("in {}", day.format("%B %Y")),
    };
    match worst {
        Some((day, came, left)) if left > came => bar
            .title(format!(
                "{} more users went dormant than came {}",
                count(left - came),
                from(day)
            ))
            .annotate(day, -left, &format!("{} dormant, {} came", count(left), count(came)))
            .draw(),
        Some((day, came, left)) => bar
            .title(format!("More users came than went dormant in every full {period}"))
            .annotate(
                day,
                -left,
                &format!("closest: {} came, {} dormant", count(came), count(left)),
            )
            .draw(),
        None => bar.title(format!("Too short to compare one {period} with another")).draw(),
    }
}

/// Draws on how many days users were active, and the median.
fn draw_days(found: &DataFrame, window: u32, from: NaiveDate, last: NaiveDate) -> Result<Figure> {
    let (days, users) = (numbers(found, "active_days")?, numbers(found, "users")?);
    let of = found.column("of")?.i64()?.iter().next().flatten().unwrap_or(0);
    let mut below = 0.0;
    let half = of as f64 / 2.0;
    let median = days.iter().zip(&users).find_map(|(days, users)| {
        below += users.unwrap_or(0.0);
        (below >= half).then_some(*days).flatten()
    });
    let bar = chart::bar(found, "active_days", "users")
        .x_ticks(TickUnit::Days)
        .subtitle(format!(
            "{} active at all from {} to {}, by number of active days",
            counted(of as f64, "user"),
            date(from),
            date(last)
        ))
        .labels("Active days", "Users");
    match median.filter(|_| of > 0) {
        Some(days) => bar
            .title(format!(
                "Half of the users are active on {} or fewer of {window} days",
                count(days)
            ))
            .vline(days, "half of the users up to here")
            .draw(),
        None => bar.title(format!("Nobody was active in the last {window} days")).draw(),
    }
}
