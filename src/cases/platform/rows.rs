//! From experiments to rows.

use polars::prelude::*;
use rayon::prelude::*;

use super::config::Config;
use super::decide::{Decision, Shows};
use super::drawn::{Drawn, kept};
use super::flaw::Flaw;
use super::idea::Idea;
use super::intervention::Rule;
use super::judged::judged;
use super::metric::Metric;
use super::panel;
use super::run::{Run, Sums, User};
use super::tables::Tables;
use crate::cases::frame::dates;
use crate::error::Result;
use crate::stats::distribution::normal_two_sided;

const ARMS: [&str; 2] = ["control", "treatment"];
const SEGMENTS: [&str; 2] = ["returning", "new"];

/// The rows of one experiment.
#[derive(Default)]
struct Rows {
    daily: Vec<(u32, usize, usize, Sums)>,
    /// Look, day, metric, z, lift of the primary one.
    looks: Vec<(i64, i64, i64, f64, Option<f64>)>,
    users: Vec<(u32, usize, User)>,
}

impl Rows {
    fn of(config: &Config, idea: &Idea, decision: &Decision, kept: &[u32]) -> Rows {
        let mut drawn = Drawn::new(config, idea, 0, kept);
        let (users, mut rows) = (drawn.users(Run::First), Rows::default());
        for day in 0..decision.first_days {
            for (arm, treated) in [false, true].into_iter().enumerate() {
                for (segment, new) in [false, true].into_iter().enumerate() {
                    rows.daily.push((day, arm, segment, users.sums(day, treated, new)));
                    let kept = users.users(day, treated, new).into_iter();
                    rows.users.extend(kept.map(|user| (day, arm, user)));
                }
            }
        }
        let days = config.teams[idea.team].looks.days(config.days);
        for (look, day) in (1..=i64::from(decision.first_looks)).zip(days) {
            let reading = drawn.reading(Run::First, day);
            let seen = if idea.metric == Metric::Clicks { reading.naive_z } else { reading.z };
            rows.looks.push((look, i64::from(day), 1, seen, Some(reading.lift)));
            for (metric, z) in (2..).zip(drawn.others(Run::First, day)) {
                rows.looks.push((look, i64::from(day), metric, z, None));
            }
        }
        rows
    }
}

/// Makes the tables of the year that the company has seen, with rules in force.
pub(super) fn tables(config: &Config, rules: &[Rule]) -> Result<Tables> {
    let (ideas, decisions) = judged(config, rules, 0)?;
    let kept = kept(config, &ideas);
    let rows: Vec<Rows> = ideas
        .par_iter()
        .zip(&decisions)
        .map(|(idea, decision)| Rows::of(config, idea, decision, &kept))
        .collect();
    Ok(Tables {
        teams: teams(config)?,
        experiments: experiments(config, &ideas, &decisions, &rows)?,
        daily: daily(config, &ideas, &rows)?,
        looks: looks(&ideas, &rows)?,
        users: users(&ideas, &rows)?,
        holdback: match ideas.iter().find(|idea| idea.flaw == Flaw::Novelty) {
            Some(idea) => panel::rows(config, idea)?,
            None => panel::none()?,
        },
    })
}

fn teams(config: &Config) -> Result<DataFrame> {
    let teams = &config.teams;
    Ok(df!(
        "team" => teams.iter().map(|team| team.name.as_str()).collect::<Vec<_>>(),
        "looks" => teams.iter().map(|team| team.looks.name()).collect::<Vec<_>>(),
        "metrics" => teams.iter().map(|team| i64::from(team.metrics)).collect::<Vec<_>>(),
    )?)
}

fn experiments(
    config: &Config,
    ideas: &[Idea],
    decisions: &[Decision],
    rows: &[Rows],
) -> Result<DataFrame> {
    let first = config.start.first_day();
    let day = |idea: &Idea, days: u32| first + (idea.start + days) as i32 - 1;
    let both = || ideas.iter().zip(decisions);
    // What the team saw when it stopped: the metric that decided.
    let last = rows.iter().zip(decisions).map(|(rows, decision)| {
        let last = rows.looks.last().map_or(0, |row| row.0);
        let seen = rows.looks.iter().filter(move |row| row.0 == last);
        let best = seen.max_by(|a, b| match decision.other_metric {
            true => a.3.total_cmp(&b.3),
            false => b.2.cmp(&a.2),
        });
        best.map_or((1, f64::NAN), |row| (row.2, row.3))
    });
    let last: Vec<(i64, f64)> = last.collect();
    let lifts = rows.iter().map(|rows| rows.looks.iter().rev().find_map(|row| row.4));
    Ok(df!(
        "experiment_id" => ideas.iter().map(|idea| i64::from(idea.id)).collect::<Vec<_>>(),
        "team" => ideas.iter().map(|idea| config.teams[idea.team].name.as_str()).collect::<Vec<_>>(),
        "metric" => ideas.iter().map(|idea| idea.metric.name()).collect::<Vec<_>>(),
        "started_on" => dates("started_on", ideas.iter().map(|idea| day(idea, 1)))?,
        "planned_end_on" => dates("planned_end_on", ideas.iter().map(|idea| day(idea, config.days)))?,
        "stopped_on" => dates("stopped_on", both().map(|(idea, made)| day(idea, made.first_days)))?,
        "days" => decisions.iter().map(|made| i64::from(made.first_days)).collect::<Vec<_>>(),
        "looks" => decisions.iter().map(|made| i64::from(made.first_looks)).collect::<Vec<_>>(),
        "decision" => decisions.iter()
            .map(|made| if made.shipped { "shipped" } else { "not shipped" }).collect::<Vec<_>>(),
        "deciding_metric" => last.iter().map(|row| row.0).collect::<Vec<_>>(),
        "p_value" => last.iter().map(|row| normal_two_sided(row.1)).collect::<Vec<_>>(),
        "lift" => lifts.collect::<Vec<_>>(),
    )?)
}

fn daily(config: &Config, ideas: &[Idea], rows: &[Rows]) -> Result<DataFrame> {
    let all = || {
        ideas.iter().zip(rows).flat_map(|(idea, it)| it.daily.iter().map(move |row| (idea, row)))
    };
    let whole = |name: &str, pick: fn(&Sums) -> f64| {
        Column::new(name.into(), all().map(|(_, row)| pick(&row.3) as i64).collect::<Vec<_>>())
    };
    let real = |name: &str, pick: fn(&Sums) -> f64| {
        Column::new(name.into(), all().map(|(_, row)| pick(&row.3)).collect::<Vec<_>>())
    };
    let first = config.start.first_day();
    let mut frame = df!(
        "experiment_id" => all().map(|(idea, _)| i64::from(idea.id)).collect::<Vec<_>>(),
        "day" => all().map(|(_, row)| i64::from(row.0) + 1).collect::<Vec<_>>(),
        "date" => dates("date", all().map(|(idea, row)| first + (idea.start + row.0) as i32))?,
        "arm" => all().map(|(_, row)| ARMS[row.1]).collect::<Vec<_>>(),
        "segment" => all().map(|(_, row)| SEGMENTS[row.2]).collect::<Vec<_>>(),
    )?;
    frame.hstack_mut(&[
        whole("users", |it| it.users),
        whole("bought_before", |it| it.before),
        whole("returned", |it| it.returned),
        real("numerator", |it| it.numerator),
        real("numerator_squares", |it| it.numerator_squares),
        real("denominator", |it| it.denominator),
        real("denominator_squares", |it| it.denominator_squares),
        real("products", |it| it.products),
    ])?;
    Ok(frame)
}

fn looks(ideas: &[Idea], rows: &[Rows]) -> Result<DataFrame> {
    let all = || {
        ideas.iter().zip(rows).flat_map(|(idea, it)| it.looks.iter().map(move |row| (idea, row)))
    };
    Ok(df!(
        "experiment_id" => all().map(|(idea, _)| i64::from(idea.id)).collect::<Vec<_>>(),
        "look" => all().map(|(_, row)| row.0).collect::<Vec<_>>(),
        "day" => all().map(|(_, row)| row.1).collect::<Vec<_>>(),
        "metric_no" => all().map(|(_, row)| row.2).collect::<Vec<_>>(),
        "lift" => all().map(|(_, row)| row.4).collect::<Vec<_>>(),
        "z" => all().map(|(_, row)| row.3).collect::<Vec<_>>(),
        "p_value" => all().map(|(_, row)| normal_two_sided(row.3)).collect::<Vec<_>>(),
    )?)
}

fn users(ideas: &[Idea], rows: &[Rows]) -> Result<DataFrame> {
    let all = || {
        ideas.iter().zip(rows).flat_map(|(idea, it)| it.users.iter().map(move |row| (idea, row)))
    };
    let count = all().count() as i64;
    let flag = |name: &str, pick: fn(&User) -> bool| {
        let values = all().map(|(_, row)| i64::from(pick(&row.2)));
        Column::new(name.into(), values.collect::<Vec<_>>())
    };
    let mut frame = df!(
        "user_id" => (1..=count).collect::<Vec<_>>(),
        "experiment_id" => all().map(|(idea, _)| i64::from(idea.id)).collect::<Vec<_>>(),
        "day" => all().map(|(_, row)| i64::from(row.0) + 1).collect::<Vec<_>>(),
        "arm" => all().map(|(_, row)| ARMS[row.1]).collect::<Vec<_>>(),
        "segment" => all().map(|(_, row)| SEGMENTS[usize::from(row.2.new)]).collect::<Vec<_>>(),
    )?;
    frame.hstack_mut(&[
        flag("bought_before", |user| user.before),
        flag("returned", |user| user.returned),
        Column::new("numerator".into(), all().map(|(_, row)| row.2.numerator).collect::<Vec<_>>()),
        Column::new(
            "denominator".into(),
            all().map(|(_, row)| row.2.denominator).collect::<Vec<_>>(),
        ),
    ])?;
    Ok(frame)
}
