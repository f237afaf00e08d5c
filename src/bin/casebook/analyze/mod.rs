//! `casebook analyze`: the metrics on anybody's files.

mod input;
mod moment;
mod output;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use casebook::chart::{self, Unit};
use casebook::chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use casebook::metrics::activity::{Before, Span};
use casebook::metrics::funnel::{Excluded, Funnel as Steps, Order, Step};
use casebook::metrics::retention::{self, Base, Clock, Rule, Weight};
use casebook::metrics::segment::{self, Clusters, K};
use casebook::metrics::{Period, activity, experiment, survival};
use casebook::notebook::Figure;
use casebook::polars::prelude::*;
use casebook::{Error, ErrorKind, Result};
use clap::{Args, Subcommand, ValueEnum};

use input::{Column, Kind, Source, Table, trouble};
use output::Format;

#[derive(Subcommand)]
pub enum Analyze {
    Funnel(Funnel),
    Retention(Retention),
    Activity(Activity),
    Cohorts(Cohorts),
    Rfm(Rfm),
    Segments(Segments),
    Survival(Survival),
    Ab(Ab),
}

impl Analyze {
    pub fn run(self) -> Result<()> {
        match self {
            Analyze::Funnel(asked) => asked.run(),
            Analyze::Retention(asked) => asked.run(),
            Analyze::Activity(asked) => asked.run(),
            Analyze::Cohorts(asked) => asked.run(),
            Analyze::Rfm(asked) => asked.run(),
            Analyze::Segments(asked) => asked.run(),
            Analyze::Survival(asked) => asked.run(),
            Analyze::Ab(asked) => asked.run(),
        }
    }
}

/// How the result is given.
#[derive(Args)]
struct Output {
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Rows of a printed table, at most
    #[arg(long, default_value_t = 50)]
    rows: usize,
    /// Also draws a chart into this file, which ends in .svg or .png
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
}

impl Output {
    /// Before any work: a chart that cannot be written is no surprise at the end.
    fn check(&self) -> Result<()> {
        let Some(path) = &self.chart else { return Ok(()) };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg" | "png") => Ok(()),
            _ => Err(invalid("chart", path.display(), "a name that ends in .svg or .png")),
        }
    }

    fn give(&self, frame: &DataFrame, draw: impl FnOnce() -> Result<Figure>) -> Result<()> {
        if let Some(path) = &self.chart {
            draw()?.save(path)?;
        }
        output::print(frame, self.format, self.rows)
    }
}

fn invalid(
    field: &'static str,
    value: impl std::fmt::Display,
    accepted: impl Into<String>,
) -> Error {
    ErrorKind::InvalidConfig { field, value: value.to_string(), accepted: accepted.into() }.into()
}

/// "90m", "24h", "7d", "2w".
fn duration(text: &str) -> Result<TimeDelta, String> {
    let wrong = || format!("\"{text}\" is no length of time; write 90s, 30m, 24h, 7d or 2w");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let length = match unit {
        's' => TimeDelta::try_seconds(number),
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        'w' => TimeDelta::try_weeks(number),
        _ => None,
    };
    length.filter(|length| *length >= TimeDelta::zero()).ok_or_else(wrong)
}

/// "2024-01-31" or "2024-01-31 12:00".
fn until(text: &str) -> Result<NaiveDateTime, String> {
    match moment::read(text, None) {
        Some(written) if written.offset.is_none() => Ok(written.clock),
        _ => Err(format!("\"{text}\" is no date; write 2024-01-31 or 2024-01-31 12:00")),
    }
}

fn period(text: &str) -> Result<Period, String> {
    text.parse().map_err(|error: Error| error.to_string())
}

/// Where users and their events stand.
#[derive(Args)]
struct Events {
    #[command(flatten)]
    source: Source,
    /// The column that says who
    #[arg(long, default_value = "user_id", value_name = "COLUMN")]
    user: String,
    /// The column that says when
    #[arg(long, default_value = "timestamp", value_name = "COLUMN")]
    time: String,
}

impl Events {
    fn columns(&self) -> Vec<Column> {
        vec![
            Column::new(&self.user, "user_id", Kind::Id),
            Column::new(&self.time, "timestamp", Kind::Time),
        ]
    }
}

/// Only events of some names.
#[derive(Args)]
struct Named {
    /// The column that says what happened; needed only with --only
    #[arg(long, default_value = "event", value_name = "COLUMN")]
    event: String,
    /// Only events of these names count
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<String>,
}

impl Named {
    fn read(&self, events: &Events) -> Result<Table> {
        let mut columns = events.columns();
        if !self.only.is_empty() {
            columns.push(Column::new(&self.event, "event", Kind::Text));
        }
        let mut table = events.source.read(&columns)?;
        if !self.only.is_empty() {
            occur(&events.source.file, &table.frame, self.only.iter().map(String::as_str))?;
            let names = Series::new("".into(), self.only.clone());
            let kept = col("event").is_in(lit(names).implode(true), false);
            table.frame = table.frame.lazy().filter(kept).collect()?;
        }
        Ok(table)
    }
}

/// That each name is the name of some event.
fn occur<'n>(file: &Path, events: &DataFrame, names: impl Iterator<Item = &'n str>) -> Result<()> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for name in events.column("event")?.str()?.iter().flatten() {
        known.insert(name);
    }
    for name in names {
        if !known.contains(name) {
            let mut list: Vec<&str> = known.iter().copied().take(20).collect();
            if known.len() > list.len() {
                list.push("…");
            }
            let problem = format!("\"{name}\" never occurs; events are {}", list.join(", "));
            return Err(trouble(file, problem));
        }
    }
    Ok(())
}

// ---- funnel

/// How many get from step to step, and how long it takes them
///
/// Example: casebook analyze funnel data/samples/events.csv --steps visit,search,cart,purchase --window 7d
#[derive(Args)]
pub struct Funnel {
    #[command(flatten)]
    events: Events,
    /// The column that says what happened
    #[arg(long, default_value = "event", value_name = "COLUMN")]
    event: String,
    /// The steps: names of events, separated by commas. A condition may follow in brackets, such as
    /// purchase[amount>=50] or visit[device=phone]
    #[arg(long, required = true, value_delimiter = ',', value_name = "STEPS")]
    steps: Vec<String>,
    /// All within this time of the first step: 90s, 30m, 24h, 7d, 2w [default: no limit]
    #[arg(long, value_parser = duration)]
    window: Option<TimeDelta>,
    /// In which order the steps must come
    #[arg(long, value_enum, default_value_t = Ordering::Sequential)]
    order: Ordering,
    /// Steps that may be left out, by their names
    #[arg(long, value_delimiter = ',', value_name = "STEPS")]
    optional: Vec<String>,
    /// Events that end an attempt, wherever they lie between the first and the last step
    #[arg(long, value_delimiter = ',', value_name = "EVENTS")]
    exclude: Vec<String>,
    /// Leaves users who do something excluded out of the funnel
    #[arg(long, requires = "exclude")]
    leave_out: bool,
    /// Counts pairs of user and this column, such as sessions
    #[arg(long, value_name = "COLUMN")]
    per: Option<String>,
    /// A funnel for each value of this column, as it stands in the user's first row
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ordering {
    /// One after the other; anything may lie between
    Sequential,
    /// One after the other, with nothing between
    Strict,
    /// In any order
    Any,
}

/// A step as it is written: an event's name, and perhaps a condition.
struct Asked<'t> {
    text: &'t str,
    event: &'t str,
    condition: Option<(&'t str, &'t str, &'t str)>,
}

impl<'t> Asked<'t> {
    fn new(text: &'t str) -> Result<Asked<'t>> {
        let text = text.trim();
        let Some((event, rest)) = text.split_once('[') else {
            return Ok(Asked { text, event: text, condition: None });
        };
        let wrong = || {
            let accepted = "a name, or name[column=value], with =, !=, >=, <=, > or <";
            invalid("steps", format!("\"{text}\""), accepted)
        };
        let inner = rest.strip_suffix(']').ok_or_else(wrong)?;
        let operator = ["!=", ">=", "<=", "=", ">", "<"]
            .into_iter()
            .filter(|operator| inner.contains(operator))
            .min_by_key(|operator| inner.find(operator))
            .ok_or_else(wrong)?;
        let (column, value) = inner.split_once(operator).ok_or_else(wrong)?;
        let numeric = [">=", "<=", ">", "<"].contains(&operator);
        if column.trim().is_empty() || (numeric && value.trim().parse::<f64>().is_err()) {
            return Err(wrong());
        }
        Ok(Asked { text, event, condition: Some((column.trim(), operator, value.trim())) })
    }

    /// The name in the frame of the condition's column.
    fn column(&self) -> Option<Column> {
        let (column, operator, _) = self.condition?;
        let numeric = !["=", "!="].contains(&operator);
        let kind = if numeric { Kind::MaybeNumber } else { Kind::Text };
        Some(Column::new(
            column,
            &format!("{}:{column}", if numeric { "number" } else { "text" }),
            kind,
        ))
    }

    fn step(&self) -> Step {
        Step::new(self.text, self.condition_met())
    }

    fn condition_met(&self) -> Expr {
        let mut when = col("event").eq(lit(self.event));
        if let (Some((_, operator, value)), Some(column)) = (self.condition, self.column()) {
            let left = col(column.to.as_str());
            let number = || lit(value.parse::<f64>().unwrap_or(f64::NAN));
            when = when.and(match operator {
                "=" => left.eq(lit(value)),
                "!=" => left.neq(lit(value)),
                ">=" => left.gt_eq(number()),
                "<=" => left.lt_eq(number()),
                ">" => left.gt(number()),
                _ => left.lt(number()),
            });
        }
        when
    }
}

impl Funnel {
    fn run(self) -> Result<()> {
        self.output.check()?;
        let asked =
            self.steps.iter().map(|text| Asked::new(text)).collect::<Result<Vec<Asked>>>()?;
        for name in &self.optional {
            if !asked.iter().any(|step| step.text == name) {
                return Err(invalid("optional", format!("\"{name}\""), "one of the steps"));
            }
        }
        let mut columns = self.events.columns();
        columns.push(Column::new(&self.event, "event", Kind::Text));
        columns.extend(asked.iter().filter_map(Asked::column));
        columns.sort_by(|a, b| a.to.cmp(&b.to));
        columns.dedup_by(|a, b| a.to == b.to);
        columns.extend(self.per.iter().map(|column| Column::new(column, "per", Kind::Id)));
        columns.extend(self.by.iter().map(|column| Column::new(column, "by", Kind::Text)));
        let table = self.events.source.read(&columns)?;
        let names =
            asked.iter().map(|step| step.event).chain(self.exclude.iter().map(String::as_str));
        occur(&self.events.source.file, &table.frame, names)?;

        let steps = asked.iter().map(|asked| {
            let step = asked.step();
            if self.optional.iter().any(|name| name == asked.text) { step.optional() } else { step }
        });
        let mut funnel = Steps::new(steps).order(match self.order {
            Ordering::Sequential => Order::Sequential,
            Ordering::Strict => Order::Strict,
            Ordering::Any => Order::Any,
        });
        if let Some(window) = self.window {
            funnel = funnel.window(window);
        }
        if self.leave_out {
            funnel = funnel.excluded(Excluded::Leaves);
        }
        if self.per.is_some() {
            funnel = funnel.per("per");
        }
        for name in &self.exclude {
            funnel = funnel.exclude(col("event").eq(lit(name.as_str())), 1, asked.len());
        }
        let found = match &self.by {
            None => funnel.conversion(&table.frame)?,
            Some(column) => {
                let users = first_values(&table.frame)?;
                let mut found = funnel.conversion_by(&table.frame, &users, "by")?;
                found.rename("by", column.as_str().into())?;
                found
            }
        };
        // A condition that no event meets is as much a mistake as a name that none has.
        for step in asked.iter().filter(|step| step.condition.is_some()) {
            let met = table.frame.clone().lazy().filter(step.condition_met()).collect()?.height();
            if met == 0 {
                let problem = format!("\"{}\" never occurs; \"{}\" does", step.text, step.event);
                return Err(trouble(&self.events.source.file, problem));
            }
        }
        self.output.give(&found, || {
            let last = found.height().saturating_sub(1);
            let overall = found.column("overall_rate")?.f64()?.get(last).unwrap_or(0.0);
            let title =
                format!("{} of those who begin get to the end", Unit::Percent.text(overall));
            let mut bar = chart::bar(&found, "name", "users").x_label("Step").y_label("Users");
            bar = match &self.by {
                Some(column) => bar.by(column).title("How far each group gets"),
                None => bar.title(title),
            };
            bar.draw()
        })
    }
}

/// Each user's attribute, as it stands in the user's earliest row.
fn first_values(events: &DataFrame) -> Result<DataFrame> {
    Ok(events
        .clone()
        .lazy()
        .group_by([col("user_id")])
        .agg([col("by")
            .sort_by([col("timestamp")], SortMultipleOptions::default().with_maintain_order(true))
            .first()])
        .collect()?)
}

// ---- retention and cohorts

/// Who counts from when.
#[derive(Args)]
struct Start {
    /// Sign-ups: a second file with a row per user [default: each user's first event]
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// The column of that file that says when the user signed up
    #[arg(long, default_value = "signup_at", value_name = "COLUMN")]
    signup: String,
    /// What a day is
    #[arg(long, value_enum, default_value_t = Days::Calendar)]
    clock: Days,
    /// The first moment that was not observed [default: the end of the last day with an event]
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
            Some(until) => how.until(until),
            None => how,
        }
    }

    /// Users and events, in which the same user has the same id.
    fn read(&self, events: &Events, named: &Named) -> Result<(DataFrame, DataFrame)> {
        let table = named.read(events)?;
        let Some(file) = &self.users else {
            return Ok((retention::first_seen(&table.frame)?, table.frame));
        };
        let source = Source { file: file.clone(), ..events.source.clone() };
        let people = source.read(&[
            Column::new(&events.user, "user_id", Kind::Id),
            Column::new(&self.signup, "signup_at", Kind::Time),
        ])?;
        // Numbers are each file's own: the names decide.
        let named = |table: Table| -> Result<DataFrame> {
            let frame = table.frame.clone();
            table.named(frame, "user_id")
        };
        let repeated = people.frame.column("user_id")?.n_unique()? < people.frame.height();
        let frame = named(people)?;
        if repeated {
            let ids = frame.column("user_id")?.str()?.clone();
            let mut before = None;
            for id in ids.iter().flatten() {
                if before == Some(id) {
                    return Err(trouble(
                        file,
                        format!("the user \"{id}\" stands there more than once"),
                    ));
                }
                before = Some(id);
            }
        }
        Ok((frame, named(table)?))
    }
}

/// Who is back, days after they began
///
/// Example: casebook analyze retention data/samples/events.csv --users data/samples/users.csv --days 1,3,7,14,28
#[derive(Args)]
pub struct Retention {
    #[command(flatten)]
    events: Events,
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    start: Start,
    /// The days asked for
    #[arg(long, value_delimiter = ',', default_value = "1,3,7,14,30")]
    days: Vec<u32>,
    /// Which activity keeps a user: on-day, on-or-after, or so many days from each on, such as bracket:7
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
            .ok_or_else(|| format!("\"{text}\" is none of on-day, on-or-after, bracket:DAYS")),
    }
}

impl Retention {
    fn run(self) -> Result<()> {
        self.output.check()?;
        let (users, events) = self.start.read(&self.events, &self.named)?;
        let found = self.start.how().day_n(&users, &events, &self.days, self.rule)?;
        self.output.give(&found, || {
            let last = found.last_value("rate")?;
            let title = match last {
                Some((day, rate)) => format!("{} are back on day {day}", Unit::Percent.text(rate)),
                None => "Nobody was observed long enough".into(),
            };
            chart::line(&found, "day", "rate")
                .band("low", "high")
                .unit(Unit::Percent)
                .title(title)
                .x_label("Days since the start")
                .y_label("Share active, with 95 % intervals")
                .draw()
        })
    }
}

trait LastValue {
    /// The last row with a value: its first column, and the value.
    fn last_value(&self, column: &str) -> Result<Option<(i64, f64)>>;
}

impl LastValue for DataFrame {
    fn last_value(&self, column: &str) -> Result<Option<(i64, f64)>> {
        let values: Vec<Option<f64>> = self.column(column)?.f64()?.iter().collect();
        let Some(row) = values.iter().rposition(Option::is_some) else { return Ok(None) };
        Ok(self.columns()[0].i64()?.get(row).zip(values[row]))
    }
}

/// Retention by cohort, as a matrix or as its average curve
///
/// Example: casebook analyze cohorts data/samples/events.csv --users data/samples/users.csv --period week
#[derive(Args)]
pub struct Cohorts {
    #[command(flatten)]
    events: Events,
    #[command(flatten)]
    named: Named,
    #[command(flatten)]
    start: Start,
    /// day, week (from Monday) or month
    #[arg(long, default_value = "month", value_parser = period)]
    period: Period,
    /// What a cohort's activity is divided by
    #[arg(long, value_enum, default_value_t = Against::Cohort)]
    base: Against,
    /// The average over cohorts instead of the matrix
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

impl Cohorts {
    fn run(self) -> Result<()> {
        self.output.check()?;
        if self.average.is_some() && self.base != Against::Cohort {
            return Err(invalid("base", "another period", "cohort, with --average"));
        }
        let (users, events) = self.start.read(&self.events, &self.named)?;
        let how = self.start.how().base(match self.base {
            Against::Cohort => Base::Cohort,
            Against::Period0 => Base::Period0,
            Against::Previous => Base::Previous,
        });
        let matrix = how.cohorts(&users, &events, self.period)?;
        let axis = format!("{}s since the start", capital(&self.period.to_string()));
        if let Some(average) = self.average {
            let weight = if average == Average::Simple { Weight::Simple } else { Weight::Size };
            let curve = retention::curve(&matrix, weight)?;
            return self.output.give(&curve, || {
                let title = match curve.last_value("rate")? {
                    Some((period, rate)) => {
                        format!(
                            "{} are active in {} {period}",
                            Unit::Percent.text(rate),
                            self.period
                        )
                    }
                    None => "No cohort was observed for a whole period".into(),
                };
                chart::line(&curve, "period", "rate")
                    .band("low", "high")
                    .unit(Unit::Percent)
                    .title(title)
                    .x_label(axis)
                    .y_label("Share active, with 95 % intervals")
                    .draw()
            });
        }
        self.output.give(&matrix, || {
            let labelled = matrix
                .clone()
                .lazy()
                .with_column(col("cohort").dt().to_string(if self.period == Period::Month {
                    "%Y-%m"
                } else {
                    "%Y-%m-%d"
                }))
                .collect()?;
            chart::heatmap(&labelled, "period", "cohort", "rate")
                .unit(Unit::Percent)
                .title(format!("Share of each {}'s cohort active later", self.period))
                .x_label(axis)
                .y_label("Cohort")
                .draw()
        })
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

// ---- activity

/// Daily, weekly and monthly active users; new, retained, resurrected and dormant users; active days
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
    /// The data begin in the middle: who is new in the first period is not known
    #[arg(long)]
    midway: bool,
    /// The window of active days, up to the last day
    #[arg(long, default_value_t = 28)]
    window: u32,
    /// The first day observed [default: the first with an event]
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// The last day observed [default: the last with an event]
    #[arg(long, value_name = "DATE")]
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
    fn run(self) -> Result<()> {
        self.output.check()?;
        let events = self.named.read(&self.events)?.frame;
        let span = Span { from: self.from, to: self.to };
        match self.show {
            Shown::Daily => {
                let found = activity::daily(&events, span)?;
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
                let found = activity::lifecycle(&events, self.period, span, before)?;
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
                        .title(format!("Who comes and who stays away, by {}", self.period))
                        .x_label(capital(&self.period.to_string()))
                        .y_label("Users; dormant are negative")
                        .draw()
                })
            }
            Shown::Days => {
                let daily = activity::daily(&events, span)?;
                let last = self.to.or_else(|| {
                    let days = daily.column("date").ok()?.date().ok()?.physical().max()?;
                    NaiveDate::from_epoch_days(days)
                });
                let Some(last) = last else {
                    return Err(trouble(&self.events.source.file, "it has no events"));
                };
                let found = activity::frequency(&events, last, self.window)?;
                self.output.give(&found, || {
                    let of = found.column("of")?.i64()?.get(0).unwrap_or(0);
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

// ---- rfm and segments

/// Recency, frequency and money of every buyer, scored by quintiles
///
/// Example: casebook analyze rfm data/samples/orders.csv --order order_id --amount amount
#[derive(Args)]
pub struct Rfm {
    #[command(flatten)]
    events: Events,
    #[command(flatten)]
    named: Named,
    /// The column that says which order a row belongs to
    #[arg(long, default_value = "order_id", value_name = "COLUMN")]
    order: String,
    /// The column that says how much was paid
    #[arg(long, default_value = "amount", value_name = "COLUMN")]
    amount: String,
    /// The end of the data; rows from then on do not count [default: the end of the last day]
    #[arg(long, value_parser = until, value_name = "DATE")]
    as_of: Option<NaiveDateTime>,
    /// A row per segment instead of one per user
    #[arg(long)]
    summary: bool,
    #[command(flatten)]
    output: Output,
}

impl Rfm {
    fn run(self) -> Result<()> {
        self.output.check()?;
        let mut columns = self.events.columns();
        columns.push(Column::new(&self.order, "order_id", Kind::Id));
        columns.push(Column::new(&self.amount, "amount", Kind::Number));
        if !self.named.only.is_empty() {
            columns.push(Column::new(&self.named.event, "event", Kind::Text));
        }
        let mut table = self.events.source.read(&columns)?;
        if !self.named.only.is_empty() {
            let only = &self.named.only;
            occur(&self.events.source.file, &table.frame, only.iter().map(String::as_str))?;
            let names = Series::new("".into(), only.clone());
            let kept = col("event").is_in(lit(names).implode(true), false);
            table.frame = table.frame.lazy().filter(kept).collect()?;
        }
        let as_of = match self.as_of {
            Some(as_of) => as_of,
            None => {
                let daily = activity::daily(&table.frame, Span::default())?;
                let last = daily.column("date")?.date()?.physical().max();
                let next = last.and_then(|day| NaiveDate::from_epoch_days(day + 1));
                next.unwrap_or_default().and_time(NaiveTime::MIN)
            }
        };
        let scores = segment::rfm(&table.frame, as_of)?;
        let mean =
            |name: &str| col(name).cast(DataType::Float64).mean().alias(format!("mean_{name}"));
        let summary = scores
            .clone()
            .lazy()
            .group_by([col("segment")])
            .agg([
                len().cast(DataType::Int64).alias("users"),
                mean("recency_days"),
                mean("frequency"),
                mean("monetary"),
                col("monetary").sort(SortOptions::default()).sum().alias("monetary"),
            ])
            .sort(
                ["monetary", "segment"],
                SortMultipleOptions::default().with_order_descending_multi([true, false]),
            )
            .collect()?;
        let draw = || {
            let first = summary.column("segment")?.str()?.get(0).unwrap_or("").to_owned();
            chart::bar(&summary, "segment", "monetary")
                .title(format!("Most money comes from {first}"))
                .x_label("Segment")
                .y_label("Money spent")
                .draw()
        };
        match self.summary {
            true => self.output.give(&summary, draw),
            false => self.output.give(&table.named(scores, "user_id")?, draw),
        }
    }
}

/// Groups of users by any numbers: K-means on standardised features
///
/// Example: casebook analyze segments data/samples/customers.csv --user customer_id --features orders,spent,days_since_last --k 2..6
#[derive(Args)]
pub struct Segments {
    #[command(flatten)]
    source: Source,
    /// The column that says who; one row per user
    #[arg(long, default_value = "user_id", value_name = "COLUMN")]
    user: String,
    /// Columns of numbers, separated by commas
    #[arg(long, required = true, value_delimiter = ',', value_name = "COLUMNS")]
    features: Vec<String>,
    /// How many groups: a number, or a range such as 2..8 of which the best is chosen by silhouette
    #[arg(long, default_value = "2..8", value_parser = clusters)]
    k: K,
    /// What the random starts are drawn with
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Which table
    #[arg(long, value_enum, default_value_t = Grouped::Groups)]
    show: Grouped,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Grouped {
    /// A row per group
    Groups,
    /// A row per user
    Users,
    /// A row per number of groups tried
    Choice,
}

fn clusters(text: &str) -> Result<K, String> {
    let wrong = || format!("\"{text}\" is neither a number nor a range such as 2..8");
    let number = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
    match text.split_once("..") {
        None => Ok(K::Fixed(number(text)?)),
        Some((least, most)) => {
            Ok(K::Silhouette(number(least)?, number(most.trim_start_matches('='))?))
        }
    }
}

impl Segments {
    fn run(self) -> Result<()> {
        self.output.check()?;
        let mut columns = vec![Column::new(&self.user, "user_id", Kind::Id)];
        columns.extend(self.features.iter().map(|name| Column::new(name, name, Kind::Number)));
        let table = self.source.read(&columns)?;
        // In the users' order, so that the order of rows does not matter.
        let frame = table.named(table.frame.clone(), "user_id")?;
        let ids = frame.column("user_id")?.str()?.clone();
        let mut before = None;
        for id in ids.iter().flatten() {
            if before == Some(id) {
                let problem = format!("the user \"{id}\" stands there more than once");
                return Err(trouble(&self.source.file, problem));
            }
            before = Some(id);
        }
        let features: Vec<&str> = self.features.iter().map(String::as_str).collect();
        let found =
            segment::kmeans(&frame, &features, &Clusters::default().k(self.k).seed(self.seed))?;
        let shown = match self.show {
            Grouped::Groups => &found.centroids,
            Grouped::Users => &found.users,
            Grouped::Choice => &found.choice,
        };
        self.output.give(shown, || {
            let parts = features.iter().map(|feature| {
                found.centroids.clone().lazy().select([
                    concat_str([col("cluster").cast(DataType::String), col("name")], ": ", false)
                        .alias("group"),
                    lit(*feature).alias("feature"),
                    col(format!("z_{feature}")).alias("deviations"),
                ])
            });
            let long = concat(parts.collect::<Vec<_>>(), UnionArgs::default())?.collect()?;
            chart::heatmap(&long, "feature", "group", "deviations")
                .title(format!("{} groups, and what sets each apart", found.centroids.height()))
                .x_label("Feature: standard deviations from the mean")
                .y_label("Group")
                .draw()
        })
    }
}

// ---- survival

/// How long they stay, when not everybody has left yet
///
/// Example: casebook analyze survival data/samples/subscriptions.csv --duration months --observed cancelled --group plan
#[derive(Args)]
pub struct Survival {
    #[command(flatten)]
    source: Source,
    /// The column that says how long each stayed, or has stayed so far
    #[arg(long, default_value = "duration", value_name = "COLUMN")]
    duration: String,
    /// The column that says whether it ended: 1 or 0, true or false, yes or no
    #[arg(long, default_value = "observed", value_name = "COLUMN")]
    observed: String,
    /// A curve for each value of this column
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// Which table
    #[arg(long, value_enum, default_value_t = Curve::Curve)]
    show: Curve,
    /// The horizon of the mean
    #[arg(long, default_value_t = 12.0)]
    horizon: f64,
    /// The width of the hazard's periods
    #[arg(long, default_value_t = 1.0)]
    width: f64,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Curve {
    /// The Kaplan–Meier curve
    Curve,
    /// The time by which half have left
    Median,
    /// The mean time within the horizon
    Mean,
    /// How many leave per unit of time, by period
    Hazard,
    /// Whether the groups differ: the log-rank test
    Test,
}

impl Survival {
    fn run(self) -> Result<()> {
        self.output.check()?;
        let mut columns = vec![
            Column::new(&self.duration, "duration", Kind::Number),
            Column::new(&self.observed, "observed", Kind::Flag),
        ];
        columns.extend(self.group.iter().map(|column| Column::new(column, column, Kind::Text)));
        let subjects = self.source.read(&columns)?.frame;
        let by = self.group.as_deref();
        let found = match (self.show, by) {
            (Curve::Curve, _) => survival::kaplan_meier(&subjects, by)?,
            (Curve::Median, _) => survival::median(&subjects, by)?,
            (Curve::Mean, _) => survival::restricted_mean(&subjects, by, self.horizon)?,
            (Curve::Hazard, _) => survival::hazard(&subjects, by, self.width)?,
            (Curve::Test, Some(by)) => survival::log_rank(&subjects, by)?,
            (Curve::Test, None) => return Err(invalid("show", "test", "test, with --group")),
        };
        self.output.give(&found, || self.draw(&subjects))
    }

    fn draw(&self, subjects: &DataFrame) -> Result<Figure> {
        let by = self.group.as_deref();
        let curve = survival::kaplan_meier(subjects, by)?;
        let steps = stairs(&curve, by)?;
        let left = curve.column("survival")?.f64()?.min().unwrap_or(1.0);
        let line = chart::line(&steps, "time", "survival")
            .band("low", "high")
            .unit(Unit::Percent)
            .x_label(capital(&self.duration))
            .y_label("Share still there, with 95 % intervals");
        match by {
            Some(by) => line.by(by).title("How long each group stays").draw(),
            None => line.title(format!("{} are left at the end", Unit::Percent.text(left))).draw(),
        }
    }
}

/// A survival curve as it is: level until the next time.
fn stairs(curve: &DataFrame, by: Option<&str>) -> Result<DataFrame> {
    let group = by.map_or(lit(0), col);
    let values = ["survival", "low", "high"];
    let before = values.map(|name| col(name).shift(lit(1)).over([group.clone()]));
    let mut shifted = vec![];
    for expression in before {
        shifted.push(expression?);
    }
    let numbered = curve.clone().lazy().with_row_index("row", None);
    let corner = numbered.clone().with_columns(shifted).with_column(lit(0).alias("part"));
    let point = numbered.with_column(lit(1).alias("part"));
    Ok(concat([corner, point], UnionArgs::default())?
        .sort(["row", "part"], SortMultipleOptions::default())
        .filter(col("survival").is_not_null())
        .collect()?)
}

// ---- ab

/// What an experiment did: shares or means of each arm against control, and whether the arms have the
/// sizes they should
///
/// Example: casebook analyze ab data/samples/experiment.csv --arm arm --outcome converted --control control
#[derive(Args)]
pub struct Ab {
    #[command(flatten)]
    source: Source,
    /// The column that says who; no user may stand in two rows, unless rows are --cluster-ed
    #[arg(long, value_name = "COLUMN")]
    user: Option<String>,
    /// The column that says in which arm
    #[arg(long, default_value = "arm", value_name = "COLUMN")]
    arm: String,
    /// The arm that others are compared with
    #[arg(long, default_value = "control", value_name = "ARM")]
    control: String,
    /// The outcome: 1 and 0 for a conversion, or any number
    #[arg(long, value_name = "COLUMN")]
    outcome: String,
    /// Compares means, also where all outcomes are 1 or 0
    #[arg(long)]
    means: bool,
    /// The same number from before the experiment: narrows the interval (CUPED)
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["taken", "cluster"])]
    before: Option<String>,
    /// Whether the offer was taken, 1 or 0: the effect on those who take it
    #[arg(long, value_name = "COLUMN", conflicts_with = "cluster")]
    taken: Option<String>,
    /// What rows belong to, such as a user with several sessions: resamples whole clusters
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// What the resamples are drawn with
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// The shares the arms should have, such as control:50,offer:50 [default: equal]
    #[arg(long, value_delimiter = ',', value_name = "ARM:SHARE")]
    split: Vec<String>,
    /// The sizes of the arms instead of the effect
    #[arg(long)]
    ratio: bool,
    #[command(flatten)]
    output: Output,
}

impl Ab {
    fn run(self) -> Result<()> {
        self.output.check()?;
        let mut columns = vec![
            Column::new(&self.arm, "arm", Kind::Text),
            Column::new(&self.outcome, "outcome", Kind::Number),
        ];
        columns.extend(self.user.iter().map(|column| Column::new(column, "user_id", Kind::Id)));
        columns
            .extend(self.before.iter().map(|column| Column::new(column, "before", Kind::Number)));
        columns.extend(self.taken.iter().map(|column| Column::new(column, "taken", Kind::Flag)));
        columns.extend(self.cluster.iter().map(|column| Column::new(column, "cluster", Kind::Id)));
        let table = self.source.read(&columns)?;
        let users = &table.frame;
        if self.user.is_some() && self.cluster.is_none() {
            let ids = table.named(users.select(["user_id"])?, "user_id")?;
            let mut before = None;
            for id in ids.column("user_id")?.str()?.iter().flatten() {
                if before == Some(id) {
                    let problem = format!(
                        "the user \"{id}\" stands there more than once; count rows that belong together with --cluster"
                    );
                    return Err(trouble(&self.source.file, problem));
                }
                before = Some(id);
            }
        }
        let ratio = self.sizes(users)?;
        let outcomes = users.column("outcome")?.f64()?;
        let shares =
            !self.means && outcomes.iter().flatten().all(|value| value == 0.0 || value == 1.0);
        let control = self.control.as_str();
        let effect = if self.ratio {
            ratio.clone()
        } else if self.before.is_some() {
            experiment::cuped(users, "arm", "outcome", "before", control)?
        } else if self.taken.is_some() {
            experiment::complier_effect(users, "arm", "taken", "outcome", control)?
        } else if self.cluster.is_some() {
            experiment::cluster_bootstrap(
                users, "arm", "outcome", "cluster", control, 2_000, self.seed,
            )?
        } else if shares {
            experiment::proportions(users, "arm", "outcome", control)?
        } else {
            experiment::means(users, "arm", "outcome", control)?
        };
        if ratio.column("mismatch")?.bool()?.get(0) == Some(true) {
            let p = ratio.column("p_value")?.f64()?.get(0).unwrap_or(0.0);
            eprintln!(
                "casebook: the arms do not have the sizes they should (p = {p:.2e}): assignment or logging is broken, and no effect can be trusted; see --ratio"
            );
        }
        self.output.give(&effect, || {
            let unit = if shares { Unit::Percent } else { Unit::Number };
            let by_arm = users
                .clone()
                .lazy()
                .group_by([col("arm")])
                .agg([col("outcome").mean()])
                .sort(["arm"], SortMultipleOptions::default())
                .collect()?;
            let first =
                |name: &str| -> Option<f64> { effect.column(name).ok()?.f64().ok()?.get(0) };
            let title = match (first("difference"), first("low"), first("high")) {
                (Some(difference), Some(low), Some(high)) => {
                    // A difference of percentages is in points.
                    let text = |value: f64| match shares {
                        true => Unit::Number.text(100.0 * value),
                        false => unit.text(value),
                    };
                    let points = if shares { " points" } else { "" };
                    format!(
                        "The difference is {}{points} ({} to {})",
                        text(difference),
                        text(low),
                        text(high)
                    )
                }
                _ => "The outcome in each arm".to_owned(),
            };
            chart::bar(&by_arm, "arm", "outcome")
                .unit(unit)
                .title(title)
                .x_label("Arm")
                .y_label(capital(&self.outcome))
                .draw()
        })
    }

    fn sizes(&self, users: &DataFrame) -> Result<DataFrame> {
        let arms = users.column("arm")?.drop_nulls().unique()?.sort(SortOptions::default())?;
        let names: Vec<String> = arms.str()?.iter().flatten().map(str::to_owned).collect();
        let mut weights: Vec<(String, f64)> = vec![];
        for text in &self.split {
            let parsed =
                text.rsplit_once(':').and_then(|(arm, share)| Some((arm, share.parse().ok()?)));
            let Some((arm, share)) = parsed else {
                return Err(invalid(
                    "split",
                    format!("\"{text}\""),
                    "ARM:SHARE, such as control:50",
                ));
            };
            weights.push((arm.to_owned(), share));
        }
        if weights.is_empty() {
            weights = names.into_iter().map(|name| (name, 1.0)).collect();
        }
        let weights: Vec<(&str, f64)> = weights.iter().map(|(arm, w)| (arm.as_str(), *w)).collect();
        if weights.len() < 2 {
            let problem = "it has a single arm; there is nothing to compare";
            return Err(trouble(&self.source.file, problem));
        }
        experiment::sample_ratio(users, "arm", &weights)
    }
}
