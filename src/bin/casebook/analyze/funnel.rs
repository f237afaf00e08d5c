//! `casebook analyze funnel`.

use casebook::Result;
use casebook::chart::{self, Unit};
use casebook::chrono::TimeDelta;
use casebook::metrics::funnel::{Excluded, Funnel as Steps, Order, Step};
use casebook::polars::prelude::*;
use clap::{Args, ValueEnum};

use super::input::{Column, Kind, canonical};
use super::{Events, Output, duration, invalid, occur};

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
    pub fn run(self) -> Result<()> {
        self.output.check()?;
        let asked =
            self.steps.iter().map(|text| Asked::new(text)).collect::<Result<Vec<Asked>>>()?;
        for name in &self.optional {
            if !asked.iter().any(|step| step.text == name) {
                return Err(invalid("optional", format!("\"{name}\""), "one of the steps"));
            }
        }
        let mut columns = self.events.columns();
        columns.push(Column::new(&self.event, "event", Kind::Name));
        columns.extend(asked.iter().filter_map(Asked::column));
        columns.sort_by(|a, b| a.to.cmp(&b.to));
        columns.dedup_by(|a, b| a.to == b.to);
        columns.extend(self.per.iter().map(|column| Column::new(column, "per", Kind::Id)));
        columns.extend(self.by.iter().map(|column| Column::new(column, "by", Kind::Name)));
        let table = self.events.source.read(&columns)?;
        let names =
            asked.iter().map(|step| step.event).chain(self.exclude.iter().map(String::as_str));
        occur(&table, names)?;

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
                return Err(table.trouble(problem));
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
            .first()
            .cast(DataType::String)])
        .collect()?)
}
