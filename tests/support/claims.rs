//! The seed's claims about the Notion-style study, each measured by the metrics that a notebook would use.

use std::fmt;

use casebook::metrics::retention::Retention;
use casebook::prelude::*;

/// A claim, what it expects, and how far off "met" may be.
pub struct Claim {
    pub name: &'static str,
    pub expected: f64,
    pub tolerance: f64,
    pub measured: Vec<f64>,
}

impl Claim {
    pub fn met(&self) -> usize {
        let near = |value: &&f64| (**value - self.expected).abs() <= self.tolerance;
        self.measured.iter().filter(near).count()
    }

    pub fn mean(&self) -> f64 {
        self.measured.iter().sum::<f64>() / self.measured.len() as f64
    }

    /// The standard deviation over seeds.
    pub fn spread(&self) -> f64 {
        let (n, mean) = (self.measured.len() as f64, self.mean());
        let squares = self.measured.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        (squares / (n - 1.0).max(1.0)).sqrt()
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mean = self.mean();
        let (low, high) = self
            .measured
            .iter()
            .fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(*value), high.max(*value)));
        let digits = if self.expected > 100.0 { 0 } else { 4 };
        write!(
            f,
            "| {} | {} | {} | {mean:.digits$} | {:.digits$} | {low:.digits$} | {high:.digits$} | {} of {} |",
            self.name,
            self.expected,
            self.tolerance,
            self.spread(),
            self.met(),
            self.measured.len(),
        )
    }
}

/// The claims measured on each seed.
pub fn over_seeds(
    preset: &notion::Config,
    seeds: std::ops::RangeInclusive<u64>,
) -> Result<Vec<Claim>> {
    let mut all: Vec<Claim> = vec![];
    for seed in seeds {
        let config = notion::Config { seed, ..preset.clone() };
        for (place, (name, expected, tolerance, value)) in measure(&config)?.into_iter().enumerate()
        {
            if all.len() == place {
                all.push(Claim { name, expected, tolerance, measured: vec![] });
            }
            all[place].measured.push(value);
        }
    }
    Ok(all)
}

fn kind(names: &[&str]) -> Expr {
    names.iter().map(|name| col("event_type").eq(lit(*name))).reduce(Expr::or).unwrap_or(lit(false))
}

fn one(frame: LazyFrame, value: Expr) -> Result<f64> {
    number(&frame.select([value.cast(DataType::Float64).alias("value")]).collect()?, "value", 0)
}

/// Name, expected, tolerance and what this data shows.
pub fn measure(config: &notion::Config) -> Result<Vec<(&'static str, f64, f64, f64)>> {
    let tables = notion::generate(config)?;
    let users = &tables.user_profiles;
    let events = tables.user_events.clone().lazy().filter(col("event_type").neq(lit("signup")));
    let end = config.start.plus(config.months);
    let until = chrono::NaiveDate::from_ymd_opt(end.year, end.month, 1).unwrap_or_default();
    let targets = config.targets;
    let mut rows = vec![];
    let mut push = |name, expected, tolerance, value| rows.push((name, expected, tolerance, value));

    push(
        "events for 50,000 users",
        targets.events_per_user * 50_000.0,
        targets.events_per_user * 2_000.0,
        tables.user_events.height() as f64,
    );
    let paid = col("paid_since").is_not_null();
    let rate = |segment: Option<&str>| {
        let chosen = segment.map_or(lit(true), |name| col("segment").eq(lit(name)));
        one(users.clone().lazy().filter(chosen), paid.clone().cast(DataType::Float64).mean())
    };
    push("paid", 0.13, 0.01, rate(None)?);
    push(
        "paid, enterprise over individual",
        6.0,
        0.6,
        rate(Some("enterprise"))? / rate(Some("individual"))?,
    );

    let stages = growth::Stages::new(
        kind(&["page_create"]),
        kind(&["comment", "share", "invite"]),
        kind(&["upgrade"]),
    );
    let observed = Window::until(until);
    let reached = stages.milestones(users, &events, observed)?;
    let steps = Funnel::new(growth::STAGES.map(Step::event)).conversion(&reached)?;
    let eligible = users
        .clone()
        .lazy()
        .filter((col("signup_date") + lit(chrono::TimeDelta::days(90))).lt_eq(lit(until)));
    let last = eligible.select([col("signup_date").max()]).collect()?;
    let last = last.column("signup_date")?.date()?.physical().get(0).unwrap_or(0);
    let seen =
        tables.visitors.clone().lazy().filter(col("date").cast(DataType::Int32).lt_eq(lit(last)));
    let visitors = one(seen, col("visitors").sum())?;
    let funnel = growth::from_visitors(visitors as u64, &steps)?;
    for (row, (name, expected, tolerance)) in [
        ("visitors who sign up", 0.15, 0.005),
        ("activation", 0.60, 0.01),
        ("engagement", 0.45, 0.015),
        ("habit", 0.35, 0.02),
        ("collaboration", 0.50, 0.04),
        ("monetization", 0.25, 0.05),
    ]
    .into_iter()
    .enumerate()
    {
        push(name, expected, tolerance, number(&funnel, "step_rate", row + 1)?);
    }
    push("signup to paid", 0.012, 0.0025, number(&funnel, "of_signups", 6)?);
    push("visitor to paid", 0.00177, 0.0004, number(&funnel, "of_visitors", 6)?);

    let matrix =
        Retention::default().window(Window::until(until)).cohorts(users, &events, Period::Month)?;
    let month = |k: i64| {
        let rows =
            matrix.clone().lazy().filter(col("period").eq(lit(k)).and(col("active").is_not_null()));
        one(rows, col("active").sum().cast(DataType::Float64) / col("size").sum())
    };
    push("retention in month 1", 0.45, 0.015, month(1)?);
    push("retention in month 3", 0.29, 0.015, month(3)?);
    push("retention in month 6", 0.19, 0.015, month(6)?);
    let first =
        matrix.clone().lazy().filter(col("period").eq(lit(1_i64)).and(col("active").is_not_null()));
    let cohorts = first.clone().collect()?.height() as u32;
    let half = |from: i64| {
        let part = first.clone().slice(from, cohorts / 2);
        one(part, col("active").sum().cast(DataType::Float64) / col("size").sum())
    };
    push(
        "later over earlier cohorts, month 1",
        1.08,
        0.04,
        half(i64::from(cohorts - cohorts / 2))? / half(0)?,
    );

    let times = growth::time_to_value(users, &events, kind(&["page_create"]), 7 * 24, observed)?;
    let back = Retention::default().window(Window::until(until)).by_user(
        users,
        &events,
        Period::Month,
        1,
    )?;
    let compared =
        beside(beside(users.clone().lazy(), &times.drop("eligible")?, "user_id"), &back, "user_id")
            .filter(col("hours").is_not_null().and(col("eligible")))
            .with_columns([col("hours").lt(lit(24.0)).alias("fast"), col("active").alias("back")])
            .collect()?;
    let ratios =
        confounding::risk_ratio(&compared, "fast", "back", &["segment", "acquisition_channel"])?;
    push("fast over slow, month 1, stratified", 2.0, 0.12, number(&ratios, "ratio", 1)?);
    push("fast over slow, month 1, crude", 2.0, 0.25, number(&ratios, "ratio", 0)?);

    let each = beside(
        users.clone().lazy().select([col("user_id")]),
        &events
            .clone()
            .group_by([col("user_id")])
            .agg([len().cast(DataType::Int64).alias("events")])
            .collect()?,
        "user_id",
    )
    .with_column(col("events").fill_null(lit(0_i64)))
    .collect()?;
    let top = concentration::summary(&each, "events", &[0.1])?;
    push("top decile's share of activity", 0.5, 0.05, number(&top, "value", 1)?);
    let daily = activity::daily(&events, Window::until(until))?;
    let steady = daily.lazy().filter(col("mau").is_not_null());
    let sticky = one(steady, col("dau").sum().cast(DataType::Float64) / col("mau").sum())?;
    push("stickiness", targets.stickiness, targets.stickiness * 0.05, sticky);
    Ok(rows)
}
