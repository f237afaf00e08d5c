//! The truth behind the data, in closed form.

use polars::prelude::*;

use super::config::{Billing, Config, Plan, SessionRule, Size};
use crate::cases::frame::dates;
use crate::error::Result;

/// What an analyst should be able to recover, in closed form.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// A small company's behaviour.
    pub small: SizeTruth,
    /// A large company's.
    pub large: SizeTruth,
    /// By month and size ("large", "small", "all"):
    /// `month_no` (i64), `month_start` (Date), `company_size`,
    /// `clients`, `clients_sd`: expected companies with a session in the month, and how much a single
    /// business varies around it (standard deviation);
    /// `revenue`, `revenue_sd`: the same in US dollars, under the config's [`Billing`];
    /// `churn`: expected companies lost in the month over those expected at its start;
    /// `sessions_per_client`: expected sessions of a company that has any (null for "all", which
    /// depends on the mix).
    pub monthly: DataFrame,
}

/// The closed form for one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SizeTruth {
    /// Probability of no session in a month: the same every month.
    pub churn_hazard: f64,
    /// Expected sessions in a month that has any.
    pub sessions_per_client: f64,
}

impl SizeTruth {
    fn new(rule: SessionRule, plan: &Plan) -> Self {
        let spread = f64::from(plan.spread);
        // Only a deviation of −spread can reach 0, and only where spread equals sessions.
        let lowest = match rule {
            SessionRule::UniformDeviation => 1.0 / (2.0 * spread + 1.0),
            SessionRule::SignTimesUniform => 0.5 / (spread + 1.0),
        };
        let churn_hazard = if plan.spread == plan.sessions { lowest } else { 0.0 };
        SizeTruth {
            churn_hazard,
            sessions_per_client: f64::from(plan.sessions) / (1.0 - churn_hazard),
        }
    }
}

/// Computes the truth behind [`generate`](super::generate).
///
/// A company of a size with hazard h has a session in each of the first m months with probability (1 − h)^m,
/// independently of all others; [`Truth::monthly`] follows from that.
///
/// # Errors
/// Those of [`Config::validate`].
pub fn truth(config: &Config) -> Result<Truth> {
    config.validate()?;
    let small = SizeTruth::new(config.session_rule, &config.small);
    let large = SizeTruth::new(config.session_rule, &config.large);
    let companies = f64::from(config.companies);

    let mut month_no: Vec<i64> = vec![];
    let mut sizes = vec![];
    let (mut clients, mut clients_sd, mut revenue, mut revenue_sd) =
        (vec![], vec![], vec![], vec![]);
    let (mut churn, mut sessions): (Vec<Option<f64>>, Vec<Option<f64>>) = (vec![], vec![]);
    let mut alive_before = [1.0, 1.0];
    for month in 1..=config.months {
        // Per company: P(of this size and alive), and its first two moments of revenue.
        let mut all = Moments::default();
        for (index, size) in [Size::Large, Size::Small].into_iter().enumerate() {
            let truth = [&large, &small][index];
            let alive = alive_before[index] * (1.0 - truth.churn_hazard);
            let paying = match config.billing {
                Billing::ChurnMonthUnpaid => alive,
                Billing::ChurnMonthBilled => alive_before[index],
            };
            let share = config.share(size);
            let price = f64::from(config.plan(size).monthly_price_cents) / 100.0;
            let one = Moments {
                before: share * alive_before[index],
                alive: share * alive,
                revenue: share * paying * price,
                revenue_squared: share * paying * price * price,
            };
            all.add(&one);
            alive_before[index] = alive;
            let mut row = |name, moments: &Moments, per_client| {
                month_no.push(i64::from(month));
                sizes.push(name);
                clients.push(companies * moments.alive);
                clients_sd.push((companies * moments.alive * (1.0 - moments.alive)).sqrt());
                revenue.push(companies * moments.revenue);
                revenue_sd.push((companies * moments.revenue_variance()).sqrt());
                churn.push((moments.before > 0.0).then(|| 1.0 - moments.alive / moments.before));
                sessions.push(per_client);
            };
            row(size.name(), &one, Some(truth.sessions_per_client));
            if index == 1 {
                row("all", &all, None);
            }
        }
    }
    let starts: Vec<i32> =
        month_no.iter().map(|n| config.start.plus(*n as u32 - 1).first_day()).collect();
    let monthly = df!(
        "month_no" => month_no,
        "month_start" => dates("month_start", starts)?,
        "company_size" => sizes,
        "clients" => clients,
        "clients_sd" => clients_sd,
        "revenue" => revenue,
        "revenue_sd" => revenue_sd,
        "churn" => churn,
        "sessions_per_client" => sessions,
    )?;
    Ok(Truth { small, large, monthly })
}

#[derive(Default)]
struct Moments {
    before: f64,
    alive: f64,
    revenue: f64,
    revenue_squared: f64,
}

impl Moments {
    fn add(&mut self, other: &Moments) {
        self.before += other.before;
        self.alive += other.alive;
        self.revenue += other.revenue;
        self.revenue_squared += other.revenue_squared;
    }

    /// Returns the variance of one company's revenue. Rounding can leave a value slightly below 0 if the variance is 0.
    fn revenue_variance(&self) -> f64 {
        (self.revenue_squared - self.revenue * self.revenue).max(0.0)
    }
}
