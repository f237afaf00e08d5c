//! `casebook analyze funnel`.

use casebook::chart::{self, Unit};
use casebook::chrono::TimeDelta;
use casebook::events::Window;
use casebook::format::count;
use casebook::metrics::funnel::{Funnel as Steps, Order, Step};
use casebook::notebook::Figure;
use casebook::polars::prelude::*;
use casebook::{Error, Result};
use clap::{Args, ValueEnum};

use super::asked::{Events, Output, capital, duration, occur};
use super::findings::{brief, date, dates, numbers, texts};
use super::input::{Column, Kind, Table, canonical};
use super::notes;
use super::output::percent;
use super::rules::{Of, Rules};
use super::steps::{self, Written};
use crate::say::many;

/// Count how many users get from step to step, and how long it takes them
///
/// Example: casebook analyze funnel data/samples/events.csv --steps visit,search,cart,purchase --window 7d
#[derive(Args)]
pub struct Funnel {
    #[command(flatten)]
    events: Events,
    /// The event name column
    #[arg(long, default_value = "event", value_name = "COLUMN")]
    event: String,
    /// The steps: names of events, separated by commas. A condition may follow in brackets, such as
    /// purchase[amount>=50] or visit[device=phone]. Put names and values with commas, brackets or an @ in double
    /// quotes, and write "" for a quote inside them: '"Paid, in full",visit[page="a,b"]'
    #[arg(long, required_unless_present = "step", value_name = "STEPS")]
    steps: Vec<String>,
    /// One step; repeat the option for each step. Written as in --steps, but a comma is like any other character
    #[arg(long, conflicts_with = "steps", value_name = "STEP")]
    step: Vec<String>,
    /// All steps must come within this time of the first: 90s, 30m, 24h, 7d, 2w [default: no limit]
    #[arg(long, value_parser = duration)]
    window: Option<TimeDelta>,
    /// In which order the steps must come
    #[arg(long, value_enum, default_value_t = Ordering::Sequential)]
    order: Ordering,
    /// Steps that may be left out, written as in --steps
    #[arg(long, value_name = "STEPS")]
    optional: Vec<String>,
    #[command(flatten)]
    rules: Rules,
    /// Counts pairs of user and this column, such as sessions
    #[arg(long, value_name = "COLUMN")]
    per: Option<String>,
    /// A funnel for each value of this column, taken from the user's first row or as --attribution says
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ordering {
    /// In order; other events may come in between
    Sequential,
    /// In order, with nothing in between
    Strict,
    /// In any order
    Any,
}

/// A step as written: an event's name, and perhaps a condition.
struct Asked<'t> {
    text: &'t str,
    event: &'t str,
    condition: Option<(&'t str, &'t str, &'t str)>,
}

impl<'t> Asked<'t> {
    fn new(field: &'static str, written: &'t Written) -> Result<Asked<'t>> {
        let Written { text, event, condition, .. } = written;
        let condition = condition.as_ref().map(|(c, sign, v)| (c.as_str(), *sign, v.as_str()));
        if let Some((_, operator, value)) = condition
            && [">=", "<=", ">", "<"].contains(&operator)
            && value.parse::<f64>().is_err()
        {
            let accepted = "a name, or name[column=value], with =, !=, >=, <=, > or <";
            return Err(Error::config(field, format!("\"{text}\""), accepted));
        }
        Ok(Asked { text, event, condition })
    }

    /// Returns the name that the condition's column has in the frame.
    fn column(&self) -> Option<Column> {
        let (column, operator, _) = self.condition?;
        let numeric = !["=", "!="].contains(&operator);
        let kind = if numeric { Kind::MaybeNumber } else { Kind::Value };
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
                "=" => left.eq(lit(canonical(value).as_ref())),
                "!=" => left.neq(lit(canonical(value).as_ref())),
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
    fn written(&self) -> Result<Vec<Written>> {
        let written = match self.step.is_empty() {
            true => steps::list("steps", &self.steps)?,
            false => self
                .step
                .iter()
                .map(|text| steps::one("step", text))
                .collect::<Result<Vec<Written>>>()?,
        };
        match written.iter().find(|step| step.between.is_some()) {
            None => Ok(written),
            Some(step) => {
                let accepted = "a step without @; a name with an @ and numbers in double quotes";
                Err(Error::config("steps", format!("\"{}\"", step.text), accepted))
            }
        }
    }

    /// Finds the steps that are named in a list.
    fn chosen(field: &'static str, texts: &[String], steps: &[Asked]) -> Result<Vec<bool>> {
        let mut chosen = vec![false; steps.len()];
        for name in steps::list(field, texts)? {
            let mut found = false;
            for (step, chosen) in steps.iter().zip(&mut chosen) {
                if step.text == name.text {
                    (found, *chosen) = (true, true);
                }
            }
            if !found {
                return Err(Error::config(field, format!("\"{}\"", name.text), "one of the steps"));
            }
        }
        Ok(chosen)
    }

    pub fn run(self) -> Result<()> {
        self.output.check()?;
        let written = self.written()?;
        let asked =
            written.iter().map(|one| Asked::new("steps", one)).collect::<Result<Vec<Asked>>>()?;
        let excluded = steps::list("exclude", &self.rules.exclude)?;
        let without = excluded
            .iter()
            .map(|one| Asked::new("exclude", one))
            .collect::<Result<Vec<Asked>>>()?;
        let optional = Self::chosen("optional", &self.optional, &asked)?;
        let first = Self::chosen("first_time", &self.rules.first_time, &asked)?;
        let mut columns = self.events.columns();
        columns.push(Column::new(&self.event, "event", Kind::Name).said_by("--event"));
        columns.extend(asked.iter().chain(&without).filter_map(Asked::column));
        columns.sort_by(|a, b| a.to.cmp(&b.to));
        columns.dedup_by(|a, b| a.to == b.to);
        columns.extend(self.per.iter().map(|column| Column::new(column, "per", Kind::Id)));
        columns.extend(self.by.iter().map(|column| Column::new(column, "by", Kind::Name)));
        let mut table = self.events.source.read(&columns)?;
        let names = asked.iter().chain(&without).map(|step| step.event);
        occur(&table, names.clone())?;
        if self.only_steps_count() {
            let named = names.map(|name| col("event").eq(lit(name))).reduce(Expr::or);
            table.frame =
                table.frame.lazy().filter(named.unwrap_or_else(|| lit(true))).collect()?;
        }

        let steps = asked.iter().zip(optional.into_iter().zip(first));
        let steps: Vec<Step> = steps
            .map(|(asked, (optional, first))| {
                let mut step = asked.step();
                if optional {
                    step = step.optional();
                }
                if first {
                    step = step.first_of(col("event").eq(lit(asked.event)));
                }
                step
            })
            .collect();
        let mut funnel = Steps::new(self.rules.limited(steps)?).order(match self.order {
            Ordering::Sequential => Order::Sequential,
            Ordering::Strict => Order::Strict,
            Ordering::Any => Order::Any,
        });
        if let Some(window) = self.window {
            funnel = funnel.window(window);
        }
        if self.per.is_some() {
            funnel = funnel.per("per");
        }
        for (event, written) in without.iter().zip(&excluded) {
            let (after, before) = written.between.unwrap_or((1, asked.len()));
            funnel = funnel.exclude(event.condition_met(), after, before);
        }
        let funnel = self.rules.applied(funnel)?;
        if let Some(period) = self.rules.trend {
            if let Some(until) = self.rules.until {
                notes::end("--until", until, &table.frame)?;
            }
            let observed = self.rules.until.map_or(Window::default(), Window::until);
            let found = funnel.trend(&table.frame, period, observed)?;
            Self::occurring(&table, &asked, &without)?;
            return self.output.give(&found, || trend(&found));
        }
        let found = match &self.by {
            None => funnel.conversion(&table.frame)?,
            Some(column) => {
                let mut found = match self.rules.of() {
                    Of::FirstRow => {
                        let users = first_values(&table.frame)?;
                        funnel.conversion_by(&table.frame, &users, "by")?
                    }
                    Of::Event(of) => funnel.conversion_by_property(&table.frame, "by", of)?,
                };
                found.rename("by", column.as_str().into())?;
                found
            }
        };
        Self::occurring(&table, &asked, &without)?;
        self.output.give(&found, || match &self.by {
            None => self.draw(&found),
            Some(column) => self.draw_groups(&found, column),
        })
    }

    /// What is counted: users, or pairs of a user and something else.
    fn counted(&self, column: &str) -> String {
        match &self.per {
            Some(per) => format!("{column}, by user and {}", brief(per)),
            None => column.to_owned(),
        }
    }

    /// Writes what the steps must keep to: " within 7 days"; nothing without a window.
    fn within(&self) -> String {
        let Some(window) = self.window else { return String::new() };
        let units = [(7 * 86_400, "week"), (86_400, "day"), (3_600, "hour"), (60, "minute")];
        let seconds = window.num_seconds();
        // Weeks only where they are several: "7 days" is how people say it.
        let whole = units.into_iter().find(|(unit, name)| {
            seconds >= *unit && seconds % unit == 0 && (*name != "week" || seconds > *unit)
        });
        let (unit, name) = whole.unwrap_or((1, "second"));
        format!(" within {}", many(seconds / unit, name))
    }

    /// Draws the funnel, with the step that loses most.
    fn draw(&self, found: &DataFrame) -> Result<Figure> {
        let (names, dropped) = (texts(found, "name")?, numbers(found, "dropped")?);
        let (rates, overall) = (numbers(found, "step_rate")?, numbers(found, "overall_rate")?);
        let lost = dropped.iter().enumerate().filter_map(|(row, lost)| Some((row, (*lost)?)));
        // The first of equals.
        let worst = lost.reduce(|most, one| if one.1 > most.1 { one } else { most });
        let funnel = chart::funnel(found)
            .subtitle(format!(
                "{} by step reached{}; {} began",
                self.counted("Users"),
                self.within(),
                count(numbers(found, "entered")?.first().copied().flatten().unwrap_or(0.0))
            ))
            .labels(self.counted("Users"), "Step");
        let ends = overall.last().copied().flatten();
        match (worst, ends) {
            (Some((row, lost)), Some(ends)) if lost > 0.0 => funnel
                .title(format!(
                    "{} get to the end; most are lost before {}, where {} go on",
                    percent(ends),
                    brief(&names[row]),
                    percent(rates[row].unwrap_or(0.0))
                ))
                .highlight(&names[row])
                .draw(),
            (_, Some(_)) if names.len() == 1 => {
                funnel.title("A single step: nobody can drop out").draw()
            }
            (_, Some(ends)) => {
                funnel.title(format!("{} of those who begin get to the end", percent(ends))).draw()
            }
            (_, None) => funnel.title("Nobody begins").draw(),
        }
    }

    /// Draws how many of each group get to the end.
    fn draw_groups(&self, found: &DataFrame, column: &str) -> Result<Figure> {
        let last = found.column("step")?.i64()?.max().unwrap_or(1);
        let groups = found.clone().lazy().filter(col("step").eq(lit(last)));
        let groups = groups.sort(
            ["overall_rate"],
            SortMultipleOptions::default()
                .with_order_descending(true)
                .with_nulls_last(true)
                .with_maintain_order(true),
        );
        let groups = groups.collect()?;
        let names = texts(&groups, column)?;
        let [rates, low, high] =
            ["overall_rate", "overall_low", "overall_high"].map(|column| numbers(&groups, column));
        let (rates, low, high) = (rates?, low?, high?);
        let began: f64 = numbers(&groups, "entered")?.iter().flatten().sum();
        let known = rates.iter().rposition(Option::is_some);
        let steps = texts(found, "name")?;
        let (first, end) = (steps.first().cloned(), steps.last().cloned());
        let chart = chart::interval(&groups, column, "overall_rate", "overall_low", "overall_high")
            .unit(Unit::Percent)
            .subtitle(format!(
                "Share of those who began with {} that got to {}{}, with 95% intervals; {} began",
                brief(&first.unwrap_or_default()),
                brief(&end.unwrap_or_default()),
                self.within(),
                count(began)
            ))
            .labels("Share that got to the last step", capital(column))
            .size(720, 160 + 40 * groups.height().clamp(1, 40) as u32);
        let Some(worst) = known else { return chart.title("Nobody begins").draw() };
        let rate = |row: usize| percent(rates[row].unwrap_or(0.0));
        if worst == 0 {
            let title = format!("{} of {} get to the end", rate(0), brief(&names[0]));
            return chart.title(title).draw();
        }
        // Intervals that don't overlap leave little to chance.
        if low[0] > high[worst] {
            let title = format!(
                "{} of {} get to the end, {} of {}",
                rate(0),
                brief(&names[0]),
                rate(worst),
                brief(&names[worst])
            );
            chart.title(title).highlight(&names[0]).highlight(&names[worst]).draw()
        } else {
            let title = format!(
                "No clear difference between groups: {} to {} get to the end",
                rate(worst),
                rate(0)
            );
            chart.title(title).draw()
        }
    }

    /// Tells whether events that are neither steps nor excluded make no difference and need not be kept.
    fn only_steps_count(&self) -> bool {
        let all = self.by.is_some() || self.rules.trend.is_some() || self.rules.window_funnel();
        self.order != Ordering::Strict && !all
    }

    /// Checks that each step occurs: a condition that no event meets is as much a mistake as a name that no event has.
    fn occurring(table: &Table, steps: &[Asked], without: &[Asked]) -> Result<()> {
        for step in steps.iter().chain(without).filter(|step| step.condition.is_some()) {
            let met = table.frame.clone().lazy().filter(step.condition_met()).collect()?.height();
            if met == 0 {
                let problem = format!("\"{}\" never occurs; \"{}\" does", step.text, step.event);
                return Err(table.trouble(problem));
            }
        }
        Ok(())
    }
}

fn trend(found: &DataFrame) -> Result<Figure> {
    let (periods, rates) = (dates(found, "period")?, numbers(found, "rate")?);
    let began: f64 = numbers(found, "entered")?.iter().flatten().sum();
    let last = periods.iter().zip(&rates).rev().find_map(|(day, rate)| (*day).zip(*rate));
    let line = chart::line(found, "period", "rate")
        .band("low", "high")
        .unit(Unit::Percent)
        .subtitle(format!(
            "Share of attempts that got to the last step, with 95% intervals; {} attempts",
            count(began)
        ))
        .labels("Attempts that began in the period from", "Share that got to the last step");
    match last {
        Some((day, rate)) => line
            .title(format!(
                "{} of those who began from {} on got to the end",
                percent(rate),
                date(day)
            ))
            .annotate(day, rate, &percent(rate))
            .draw(),
        None => line.title("No period's conversion window is over").draw(),
    }
}

/// Returns each user's attribute from the user's earliest row.
fn first_values(events: &DataFrame) -> Result<DataFrame> {
    Ok(events
        .clone()
        .lazy()
        .group_by([col("user_id")])
        .agg([col("by")
            .sort_by([col("timestamp")], SortMultipleOptions::default().with_maintain_order(true))
            .first()
            .cast(DataType::String)])
        .collect()?)
}
