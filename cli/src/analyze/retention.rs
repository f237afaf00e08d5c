//! `casebook analyze retention` and `casebook analyze cohorts`.

use std::path::PathBuf;

use casebook::chart::{self, TickUnit, Unit};
use casebook::chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta};
use casebook::events::Window;
use casebook::metrics::Period;
use casebook::metrics::retention::{self, Base, Clock, Rule, Weight};
use casebook::notebook::Figure;
use casebook::polars::prelude::*;
use casebook::{Error, Result};
use clap::{Args, ValueEnum};

use super::asked::{Events, Named, Output, capital, period, until};
use super::findings::{counted, numbers};
use super::input::{Column, Kind};
use super::notes;
use super::output::percent;
use crate::say::many;

/// From when each user counts.
#[derive(Args)]
struct Start {
    #[command(flatten)]
    events: Events,
    #[command(flatten)]
    named: Named,
    /// A second file with sign-ups, one row per user [default: each user's first event]
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// The column of that file with the time of sign-up
    #[arg(long, default_value = "signup_at", value_name = "COLUMN")]
    signup: String,
    /// How days are counted
    #[arg(long, value_enum, default_value_t = Days::Calendar)]
    clock: Days,
    /// The end of the observation period, exclusive [default: the end of the last day with an event]
    #[arg(long, value_parser = until, value_name = "DATE")]
    until: Option<NaiveDateTime>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Days {
    /// Midnight to midnight
    Calendar,
    /// 24 hours from each user's own start
    #[value(name = "24h")]
    Hours24,
}

impl Start {
    fn how(&self) -> retention::Retention {
        let how = retention::Retention::default().clock(match self.clock {
            Days::Calendar => Clock::Calendar,
            Days::Hours24 => Clock::Hours24,
        });
        match self.until {
            Some(until) => how.window(Window::until(until)),
            None => how,
        }
    }

    /// Reads users and events, in which the same user has the same id.
    fn read(&self) -> Result<(DataFrame, DataFrame)> {
        let events = &self.events;
        let table = self.named.read(events)?;
        if let Some(until) = self.until {
            notes::end("--until", until, &table.frame)?;
        }
        let Some(file) = &self.users else {
            return Ok((retention::first_seen(&table.frame)?, table.frame));
        };
        let mut table = table;
        let mut people = events.source.other(file).read(&[
            Column::new(&events.user, "user_id", Kind::Id).said_by("--user"),
            Column::new(&self.signup, "signup_at", Kind::Time).said_by("--signup"),
        ])?;
        people.unique("user_id", "")?;
        people.align(&mut table, "user_id")?;
        Ok((people.frame, table.frame))
    }
}

impl Start {
    fn tell_first_seen(&self, first: NaiveDate) {
        if self.users.is_none() {
            notes::tell(format!(
                "users start with their first event in the file: those who came before {first} \
                 count from then on; give sign-ups with --users"
            ));
        }
    }

    /// Notes incomplete periods, and cohorts by first event instead of sign-up.
    fn tell_censored(&self, users: &DataFrame, events: &DataFrame, period: Period) -> Result<()> {
        let mut seen = notes::extent(events, "timestamp")?;
        if self.users.is_some()
            && let (Some(events), Some(signed)) = (seen, notes::extent(users, "signup_at")?)
        {
            seen = Some((events.0.min(signed.0), events.1.max(signed.1)));
        }
        let Some((first, last)) = seen else { return Ok(()) };
        let last = self
            .until
            .filter(|_| self.clock == Days::Calendar)
            .map_or(last, |until| last.min(until - TimeDelta::microseconds(1)));
        if self.clock == Days::Calendar && first <= last {
            notes::periods(period, first.date(), last.date());
        }
        self.tell_first_seen(first.date());
        Ok(())
    }
}

/// Compute how many users are back some days after sign-up
///
/// Example: casebook analyze retention data/samples/events.csv --users data/samples/users.csv --days 1,3,7,14,28
#[derive(Args)]
pub struct Retention {
    #[command(flatten)]
    start: Start,
    /// The days to report
    #[arg(long, value_delimiter = ',', default_value = "1,3,7,14,30")]
    days: Vec<u32>,
    /// Which activity counts as retained: on-day, on-or-after, or within a number of days from each on, such as
    /// bracket:7
    #[arg(long, default_value = "on-day", value_parser = rule)]
    rule: Rule,
    #[command(flatten)]
    output: Output,
}

fn rule(text: &str) -> Result<Rule, String> {
    match text {
        "on-day" => Ok(Rule::OnDay),
        "on-or-after" => Ok(Rule::OnOrAfter),
        _ => text
            .strip_prefix("bracket:")
            .and_then(|days| days.parse().ok())
            .filter(|days| *days > 0)
            .map(Rule::Bracket)
            .ok_or_else(|| format!("\"{text}\" is not one of on-day, on-or-after, bracket:DAYS")),
    }
}

impl Retention {
    pub fn run(self) -> Result<()> {
        self.output.check()?;
        let (users, events) = self.start.read()?;
        let found = self.start.how().day_n(&users, &events, &self.days, self.rule)?;
        if let Some((first, _)) = notes::extent(&events, "timestamp")? {
            self.start.tell_first_seen(first.date());
        }
        self.output.give(&found, || self.draw(&found))
    }

    fn draw(&self, found: &DataFrame) -> Result<Figure> {
        let users = numbers(found, "eligible")?.into_iter().flatten().fold(0.0, f64::max);
        let line = chart::line(found, "day", "rate")
            .band("low", "high")
            .unit(Unit::Percent)
            .x_ticks(TickUnit::Days)
            .subtitle(format!(
                "Share of users active again, with 95% intervals, {}; {} observed long enough",
                match self.rule {
                    Rule::OnDay => "on each day since their start".to_owned(),
                    Rule::OnOrAfter => "on each day since their start or later".into(),
                    Rule::Bracket(days) => format!("in the {} from each day on", many(days, "day")),
                },
                counted(users, "user"),
            ))
            .labels("Days since the start", "Share active");
        match found.last_value("rate")? {
            Some((day, rate)) => line
                .title(match self.rule {
                    Rule::OnDay => format!("{} are back on day {day}", percent(rate)),
                    Rule::OnOrAfter => format!("{} are back on day {day} or later", percent(rate)),
                    Rule::Bracket(days) => format!(
                        "{} are back in the {} from day {day} on",
                        percent(rate),
                        many(days, "day")
                    ),
                })
                .annotate(day, rate, &percent(rate))
                .draw(),
            None => line.title("Nobody was observed long enough").draw(),
        }
    }
}

trait LastValue {
    /// Returns the last row with a value, of those that rest on 30 users or more if there are any: its first column and the
    /// value.
    fn last_value(&self, column: &str) -> Result<Option<(i64, f64)>>;
}

impl LastValue for DataFrame {
    fn last_value(&self, column: &str) -> Result<Option<(i64, f64)>> {
        let values: Vec<Option<f64>> = self.column(column)?.f64()?.iter().collect();
        let sure = self.column("warning")?.is_null();
        let row = (0..values.len())
            .rfind(|row| values[*row].is_some() && sure.get(*row) == Some(true))
            .or_else(|| values.iter().rposition(Option::is_some));
        let Some(row) = row else { return Ok(None) };
        Ok(self.columns()[0].i64()?.get(row).zip(values[row]))
    }
}

/// Compute retention by cohort: a row for each cohort and period, or the average over cohorts
///
/// Example: casebook analyze cohorts data/samples/events.csv --users data/samples/users.csv --period week
#[derive(Args)]
pub struct Cohorts {
    #[command(flatten)]
    start: Start,
    /// day, week (from Monday) or month
    #[arg(long, default_value = "month", value_parser = period)]
    period: Period,
    /// What a cohort's activity is divided by
    #[arg(long, value_enum, default_value_t = Against::Cohort)]
    base: Against,
    /// Average over cohorts instead of a row for each cohort and period
    #[arg(long, value_enum)]
    average: Option<Average>,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Against {
    /// The users of the cohort
    Cohort,
    /// Those active in period 0
    Period0,
    /// Those active in the period before
    Previous,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Average {
    /// Each user counts the same
    Weighted,
    /// Each cohort counts the same
    Simple,
}

/// A matrix too large to look at takes more memory than there is: one row in the year 9999 is enough.
const MOST_PERIODS: i64 = 4_000;

impl Cohorts {
    fn bounded(&self, users: &DataFrame, events: &DataFrame) -> Result<()> {
        let signups = users.column("signup_at")?.datetime()?.physical();
        let moments = events.column("timestamp")?.datetime()?.physical();
        let first = signups.min().into_iter().chain(moments.min()).min().unwrap_or(0);
        let latest = signups.max().into_iter().chain(moments.max()).max().unwrap_or(0);
        // The matrix reaches to the end of observation, even where the data does not.
        let last = self.start.until.map_or(latest, |until| until.and_utc().timestamp_micros());
        let length = match self.period {
            Period::Day => 1,
            Period::Week => 7,
            Period::Month => 30,
        };
        let periods = (last - first) / 86_400_000_000 / length;
        if periods <= MOST_PERIODS {
            return Ok(());
        }
        let day = |micros: i64| {
            DateTime::from_timestamp_micros(micros)
                .unwrap_or_default()
                .format("%Y-%m-%d")
                .to_string()
        };
        let value = format!(
            "{}, of which {periods} lie between the first row, {}, and the end, {}",
            self.period,
            day(first),
            day(last)
        );
        let accepted = format!("at most {MOST_PERIODS}; set the end of observation with --until");
        Err(Error::config("period", value, accepted))
    }

    pub fn run(self) -> Result<()> {
        self.output.check()?;
        if self.average.is_some() && self.base != Against::Cohort {
            return Err(Error::config("base", "another period", "cohort, with --average"));
        }
        let (users, events) = self.start.read()?;
        self.bounded(&users, &events)?;
        let how = self.start.how().base(match self.base {
            Against::Cohort => Base::Cohort,
            Against::Period0 => Base::Period0,
            Against::Previous => Base::Previous,
        });
        let matrix = how.cohorts(&users, &events, self.period)?;
        self.start.tell_censored(&users, &events, self.period)?;
        if let Some(average) = self.average {
            let weight = if average == Average::Simple { Weight::Simple } else { Weight::Size };
            let curve = retention::curve(&matrix, weight)?;
            let cohorts = curve.column("cohorts")?.i64()?;
            if cohorts.min() < cohorts.max() {
                notes::tell(format!(
                    "each {0} averages only the cohorts observed that long, so a later {0} is \
                     based on fewer of them and may be higher than an earlier one",
                    self.period
                ));
            }
            return self.output.give(&curve, || self.draw_average(&curve));
        }
        self.output.give(&matrix, || self.draw_cohorts(&matrix))
    }

    /// The unit of the periods on an axis.
    fn counted_in(&self) -> TickUnit {
        match self.period {
            Period::Day => TickUnit::Days,
            Period::Week => TickUnit::Weeks,
            Period::Month => TickUnit::Months,
        }
    }

    fn axis(&self) -> String {
        format!("{}s since the start", capital(&self.period.to_string()))
    }

    fn draw_average(&self, curve: &DataFrame) -> Result<Figure> {
        let cohorts = numbers(curve, "cohorts")?.into_iter().flatten().fold(0.0, f64::max);
        let each = match self.average {
            Some(Average::Simple) => "each cohort counts the same",
            _ => "each user counts the same",
        };
        let line = chart::line(curve, "period", "rate")
            .band("low", "high")
            .unit(Unit::Percent)
            .x_ticks(self.counted_in())
            .subtitle(format!(
                "Share of {} active, with 95% intervals; {each}",
                counted(cohorts, &format!("{} cohort", self.adjective()))
            ))
            .labels(self.axis(), "Share active");
        match curve.last_value("rate")? {
            Some((period, rate)) => line
                .title(format!("{} are active in {} {period}", percent(rate), self.period))
                .annotate(period, rate, &percent(rate))
                .draw(),
            None => line.title("No cohort was observed for a whole period").draw(),
        }
    }

    fn adjective(&self) -> &'static str {
        match self.period {
            Period::Day => "daily",
            Period::Week => "weekly",
            Period::Month => "monthly",
        }
    }

    /// Draws the matrix. Its finding is the first period after the start that any cohort has seen in full.
    fn draw_cohorts(&self, matrix: &DataFrame) -> Result<Figure> {
        let format = if self.period == Period::Month { "%Y-%m" } else { "%Y-%m-%d" };
        let labelled =
            matrix.clone().lazy().with_column(col("cohort").dt().to_string(format)).collect()?;
        let known = matrix
            .clone()
            .lazy()
            .filter(
                col("period")
                    .eq(lit(1))
                    .and(col("in_progress").not())
                    .and(col("rate").is_not_null())
                    .and(col("base").gt(lit(0))),
            )
            .collect()?;
        let (active, base) = (numbers(&known, "active")?, numbers(&known, "base")?);
        let sum = |all: &[Option<f64>]| all.iter().flatten().sum::<f64>();
        let rates = || active.iter().zip(&base).filter_map(|(a, b)| Some((*a)? / (*b)?));
        let (low, high) = (rates().fold(1.0, f64::min), rates().fold(0.0, f64::max));
        let of = match self.base {
            Against::Cohort => "of the cohort",
            Against::Period0 => "of those active in period 0",
            Against::Previous => "of those active in the period before",
        };
        let period = self.period;
        let title = match sum(&base) {
            all if all > 0.0 => {
                let cohorts = match known.height() {
                    1 => String::new(),
                    _ => format!(", {} to {} by cohort", percent(low), percent(high)),
                };
                format!("{} are active in {period} 1{cohorts}", percent(sum(&active) / all))
            }
            _ => format!("No cohort was observed for a whole {period} after its first"),
        };
        chart::heatmap(&labelled, "period", "cohort", "rate")
            .unit(Unit::Percent)
            .x_ticks(self.counted_in())
            .title(title)
            .subtitle(format!(
                "Users active in each later {period}, as a share {of}; {}",
                counted(
                    matrix.column("cohort")?.n_unique()? as f64,
                    &format!("{} cohort", self.adjective())
                )
            ))
            .labels(self.axis(), "Cohort")
            .value_label("Share active")
            .draw()
    }
}
