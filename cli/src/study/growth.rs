//! How users get from sign-up to value, and what the North Star counts.

use casebook::cases::notion::study;
use casebook::chrono::{Days, NaiveTime, TimeDelta};
use casebook::events::Window;
use casebook::metrics::activity::Before;
use casebook::metrics::funnel::{Funnel, Step};
use casebook::metrics::growth::{self, STAGES};
use casebook::metrics::interval::wilson;
use casebook::metrics::{Period, activity, confounding};
use casebook::polars::prelude::*;
use casebook::{Error, Result};

use super::config::{Activation, Config, Stages};
use super::inputs::{EVERYONE, Inputs, segment, segments};
use super::making::Making;

pub(super) fn measure(config: &Config, inputs: &Inputs, making: &mut Making) -> Result<()> {
    north_star(config, inputs, making)?;
    match &config.activation {
        Some(activation) => {
            activated(config, activation, inputs, making)?;
            match &config.stages {
                Some(how) => stages(config, activation, how, inputs, making)?,
                None => making.leave("Stages", "the config has no `stages`"),
            }
        }
        None => {
            making.leave("Activation", "the config has no `activation`");
            making.leave("Stages", "the config has no `activation`, with which they begin");
        }
    }
    match &config.funnel {
        Some(_) => event_funnel(config, inputs, making),
        None => {
            making.leave("Funnel", "the config has no `funnel`");
            Ok(())
        }
    }
}

/// Matches any of these events.
fn any(names: &[String]) -> Expr {
    let one = |name: &String| col("event").eq(lit(name.as_str()));
    names.iter().map(one).reduce(Expr::or).unwrap_or_else(|| col("event").is_null())
}

/// Counts, by week, groups in which people did this together, or users who did it.
fn north_star(config: &Config, inputs: &Inputs, making: &mut Making) -> Result<()> {
    let Some(star) = &config.north_star else {
        making.leave("North Star", "the config has no `north_star`");
        return Ok(());
    };
    let Inputs { events, observed, first, .. } = inputs;
    let weeks = match config.events.group {
        Some(_) => {
            let grouped = events.filter(col("group").is_not_null())?;
            growth::north_star(&grouped, "group", any(&star.events), *observed)?
        }
        None => {
            let active =
                |events| activity::lifecycle(events, Period::Week, *observed, Before::Nothing);
            let whole = active(events)?
                .lazy()
                .filter(col("in_progress").not().and(col("period").gt_eq(lit(*first))))
                .select([col("period").alias("week"), col("active").alias("users")]);
            let did = active(&events.filter(any(&star.events))?)?.lazy();
            let did =
                did.select([col("period").alias("week"), col("active").alias("active_with_value")]);
            let join =
                JoinArgs { maintain_order: MaintainOrderJoin::Left, ..JoinType::Left.into() };
            let value = col("active_with_value").fill_null(lit(0_i64));
            let weeks = whole.join(did, [col("week")], [col("week")], join).with_column(value);
            with_share(weeks.collect()?, "active_with_value", "users")?
        }
    };
    match weeks.height() {
        0 => making.leave("North Star", "no whole week was observed"),
        _ => making.add("north_star", weeks),
    }
    Ok(())
}

/// Adds a share with its interval: `share`, `low`, `high`.
fn with_share(mut frame: DataFrame, hits: &str, of: &str) -> Result<DataFrame> {
    let counts = |name: &str| -> Result<Vec<u64>> {
        let counts = frame.column(name)?.cast(&DataType::UInt64)?;
        Ok(counts.u64()?.iter().map(Option::unwrap_or_default).collect())
    };
    let pairs: Vec<(u64, u64)> = counts(hits)?.into_iter().zip(counts(of)?).collect();
    let share = |(hits, of): &(u64, u64)| (*of > 0).then(|| *hits as f64 / *of as f64);
    let bounds: Vec<Option<(f64, f64)>> = pairs.iter().map(|(h, of)| wilson(*h, *of)).collect();
    let shares: Vec<Option<f64>> = pairs.iter().map(share).collect();
    let side = |of: fn((f64, f64)) -> f64| bounds.iter().map(|b| b.map(of)).collect::<Vec<_>>();
    frame.with_column(Column::new("share".into(), shares))?;
    frame.with_column(Column::new("low".into(), side(|bounds| bounds.0)))?;
    frame.with_column(Column::new("high".into(), side(|bounds| bounds.1)))?;
    Ok(frame)
}

/// Computes when users first got value, by segment, and whether getting it soon goes along with coming back.
fn activated(
    config: &Config,
    activation: &Activation,
    inputs: &Inputs,
    making: &mut Making,
) -> Result<()> {
    let Inputs { users, events, observed, until, .. } = inputs;
    let value = any(&activation.events);
    let times = growth::time_to_value(users, events, value, activation.hours, *observed)?;
    let mut parts = vec![];
    let attributes =
        segments(config).iter().enumerate().map(|(n, name)| (segment(n), name.as_str()));
    for (column, name) in attributes.chain([(EVERYONE.to_owned(), "all")]) {
        let mut part = growth::activation_by(&times, users, &column)?;
        let own = part.height().saturating_sub(1);
        // The last row is everybody.
        part = if name == "all" { part.tail(Some(1)) } else { part.head(Some(own)) };
        part.rename(&column, "group".into())?;
        part.insert_column(0, Column::new("attribute".into(), vec![name; part.height()]))?;
        parts.push(part.lazy());
    }
    making.add("activation", concat(parts, UnionArgs::default())?.collect()?);

    let month_after = study::retention(*until).by_user(users, events, Period::Month, 1)?;
    let compared = study::fast_and_back(users, &times, &month_after)?;
    let strata: Vec<String> = match segments(config).len() {
        0 => vec![EVERYONE.to_owned()],
        many => (0..many).map(segment).collect(),
    };
    let strata: Vec<&str> = strata.iter().map(String::as_str).collect();
    let ratios = confounding::risk_ratio(&compared, "fast", "back", &strata)?;
    match ratios.column("low")?.f64()?.get(1) {
        Some(_) => making.add("fast_activation", ratios),
        None => making.leave(
            "Fast start",
            "too few users activated within a day or later, and were then observed for the month after",
        ),
    }
    Ok(())
}

/// Computes the stages from sign-up on, and the same by segment.
fn stages(
    config: &Config,
    activation: &Activation,
    how: &Stages,
    inputs: &Inputs,
    making: &mut Making,
) -> Result<()> {
    let Inputs { users, events, observed, until, .. } = inputs;
    // Without collaboration, payment comes after the habit.
    let collaborates = match how.collaboration.is_empty() {
        true => col("event").is_null().or(col("event").is_not_null()),
        false => any(&how.collaboration),
    };
    let stages = growth::Stages {
        activation_hours: activation.hours,
        engagement: how.engagement,
        habit: how.habit,
        within: how.within,
        ..growth::Stages::new(any(&activation.events), collaborates, any(&how.payment))
    };
    let reached = stages.milestones(users, events, *observed)?;
    if reached.height() == 0 {
        let why = format!("nobody was observed for {} days after signing up", how.within);
        making.leave("Stages", why);
        return Ok(());
    }
    let given = |stage: &&str| match *stage {
        "collaboration" => !how.collaboration.is_empty(),
        "monetization" => !how.payment.is_empty(),
        _ => true,
    };
    let names: Vec<&str> = STAGES.into_iter().filter(given).collect();
    let funnel = Funnel::new(names.iter().map(|name| Step::event(name)));
    let walk = funnel.walk(&reached)?;
    let steps = walk.conversion()?;
    let frame = match &inputs.visitors {
        Some(visitors) => {
            let last = until.checked_sub_days(Days::new(u64::from(how.within.saturating_sub(1))));
            let eligible = Window::until(last.unwrap_or(*until).and_time(NaiveTime::MIN));
            growth::from_visitors(study::visitors(visitors, eligible)?, &steps)?
        }
        None => {
            making
                .leave("Visitors", "the config has no `visitors`: the stages begin with sign-ups");
            steps.lazy().select(columns("step_rate", "of_signups")).collect()?
        }
    };
    making.add("funnel_metrics", frame);
    if let Some(frame) = by_segment(config, |column| walk.conversion_by(users, column))? {
        making.add("segment_funnel", frame);
    }
    Ok(())
}

/// Selects a funnel's columns under the names that a funnel from the first visit has.
fn columns(rate: &str, overall: &str) -> Vec<Expr> {
    vec![
        col("step").alias("stage"),
        col("name"),
        col("users"),
        col("previous"),
        col("step_rate").alias(rate),
        col("step_low").alias("low"),
        col("step_high").alias("high"),
        col("dropped"),
        col("overall_rate").alias(overall),
    ]
}

/// Puts a funnel's groups by each attribute into one frame: `attribute`, `group`, then the funnel's own columns.
fn by_segment(
    config: &Config,
    of: impl Fn(&str) -> Result<DataFrame>,
) -> Result<Option<DataFrame>> {
    let mut parts = vec![];
    for (place, name) in segments(config).iter().enumerate() {
        let column = segment(place);
        let first = [
            lit(name.as_str()).alias("attribute"),
            col(column.as_str()).cast(DataType::String).alias("group"),
        ];
        let rest = all().exclude_cols([column.as_str()]).as_expr();
        parts.push(of(&column)?.lazy().select([&first[..], &[rest]].concat()));
    }
    match parts.is_empty() {
        true => Ok(None),
        false => Ok(Some(concat(parts, UnionArgs::default())?.collect()?)),
    }
}

/// Computes the funnel of the config's steps, and the same by segment.
fn event_funnel(config: &Config, inputs: &Inputs, making: &mut Making) -> Result<()> {
    let Some(asked) = &config.funnel else { return Ok(()) };
    let steps = asked.steps.iter().map(|step| Step::new(&step.title(), any(step.names())));
    let mut funnel = Funnel::new(steps);
    if let Some(days) = asked.days {
        let window = TimeDelta::try_days(i64::from(days)).filter(|_| days > 0);
        funnel = funnel
            .window(window.ok_or_else(|| Error::config("funnel.days", days, "1 day or more"))?);
    }
    making.add("event_funnel", funnel.conversion(&inputs.events)?);
    let by = |column: &str| funnel.conversion_by(&inputs.events, &inputs.users, column);
    if let Some(frame) = by_segment(config, by)? {
        making.add("segment_event_funnel", frame);
    }
    Ok(())
}
