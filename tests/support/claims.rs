//! The seed's claims about the Notion-style study, each measured by the metrics that a notebook would use.

use std::fmt;

use casebook::cases::notion::study;
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

fn one(frame: LazyFrame, value: Expr) -> Result<f64> {
    number(&frame.select([value.cast(DataType::Float64).alias("value")]).collect()?, "value", 0)
}

/// Name, expected, tolerance and what this data shows.
pub fn measure(config: &notion::Config) -> Result<Vec<(&'static str, f64, f64, f64)>> {
    let tables = notion::generate(config)?;
    let users = &tables.user_profiles;
    let people = study::users(users)?;
    let events = study::events(&tables.user_events)?;
    let (observed, until) = (study::observed(config)?, study::until(config));
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

    let lengths = study::plan_lengths(users, until)?;
    let churn = |segment: &str| {
        let own = lengths.clone().lazy().filter(col("segment").eq(lit(segment)));
        one(own, col("observed").sum().cast(DataType::Float64) / col("duration").sum())
    };
    push("monthly churn, individual", 0.05, 0.012, churn("individual")?);
    push("monthly churn, small team", 0.03, 0.006, churn("small_team")?);
    push("monthly churn, enterprise", 0.01, 0.004, churn("enterprise")?);

    let reached = study::stages().milestones(&people, &events, observed)?;
    let steps = study::funnel().conversion(&reached)?;
    let visitors = study::visitors(&tables.visitors, study::eligible(until))?;
    let funnel = growth::from_visitors(visitors, &steps)?;
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

    let matrix = study::retention(until).cohorts(&people, &events, Period::Month)?;
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

    let times = study::time_to_value(&people, &events, observed)?;
    let back = study::retention(until).by_user(&people, &events, Period::Month, 1)?;
    let compared = study::fast_and_back(&people, &times, &back)?;
    let ratios = confounding::risk_ratio(&compared, "fast", "back", &study::STRATA)?;
    push("fast over slow, month 1, stratified", 2.0, 0.12, number(&ratios, "ratio", 1)?);
    push("fast over slow, month 1, crude", 2.0, 0.25, number(&ratios, "ratio", 0)?);

    let each = study::events_per_user(&people, &events)?;
    let top = concentration::summary(&each, "events", &[0.1])?;
    push("top decile's share of activity", 0.5, 0.05, number(&top, "value", 1)?);
    let daily = activity::daily(&events, observed)?;
    let sticky = study::of_monthly(&daily, "dau")?;
    push("stickiness", targets.stickiness, targets.stickiness * 0.05, sticky);
    Ok(rows)
}
