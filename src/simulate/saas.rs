//! A subscription business losing customers: the SaaS take-home.
//!
//! ABC Enterprises acquires all its companies in month 1 and none later. Each is small or large, pays
//! its size's monthly price, and uses the product a random number of times a month. The first month
//! without a session is the month it churns, for good.
//!
//! The brief leaves two things open, and both readings are here: what "plus or minus a uniform random
//! integer" means ([`SessionRule`]), and whether the month of churn is paid for ([`Billing`]).
//!
//! ```
//! use casebook::simulate::saas;
//!
//! let config = saas::Config { companies: 50, ..Default::default() };
//! let tables = saas::generate(&config)?;
//! assert_eq!(tables.companies.height(), 50);
//! let truth = saas::truth(&config)?;
//! assert!((truth.small.churn_hazard - 1.0 / 11.0).abs() < 1e-12);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # How
//! A company has two [streams](super::stream): one decides its size and its sessions month by month,
//! the other the moments inside the month. What happens in a month therefore does not depend on how
//! many months are asked for.

use std::ops::Range;

use polars::prelude::*;
use rand::RngExt;
use rand_distr::{Bernoulli, Distribution, Uniform};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::check::within;
use super::clock::Month;
use super::frame::{dates, moments};
pub use super::part::Part;
use super::stream::{Stream, stream};
use crate::error::{Error, Result};

/// Session ids are `company_id` × this + the session's number within its company, so that parts made
/// on different machines never collide. [`Config::validate`] keeps the number below it.
const SESSIONS_PER_COMPANY: i64 = 1_000_000;

/// The rules of the business. `Default` is the take-home's brief.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Companies acquired in month 1; 1 to 50,000,000.
    pub companies: u32,
    /// Months observed; 1 to 600.
    pub months: u32,
    /// The first month.
    pub start: Month,
    /// Probability that a company is small; 0 to 1.
    pub share_small: f64,
    /// Price and usage of a small company.
    pub small: Plan,
    /// Price and usage of a large company.
    pub large: Plan,
    /// How "plus or minus a uniform random integer" is read.
    pub session_rule: SessionRule,
    /// Whether the month of churn is paid for.
    pub billing: Billing,
    /// Every number drawn follows from it.
    pub seed: u64,
}

/// What a company of one size pays and does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Price of a month in US cents; 0 to 100,000,000.
    pub monthly_price_cents: u32,
    /// Sessions a month around which the count varies; 1 to 500.
    pub sessions: u32,
    /// The largest deviation from `sessions`; 0 to `sessions`, so that a count is never negative.
    pub spread: u32,
}

/// Two readings of "`sessions`, plus or minus a uniform random integer between 0 and `spread`".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionRule {
    /// A uniform integer from −`spread` to +`spread`: every count equally likely.
    #[default]
    UniformDeviation,
    /// A fair sign times a uniform integer from 0 to `spread`: no deviation is twice as likely as any
    /// other count, because +0 and −0 are the same.
    SignTimesUniform,
}

/// Whether a company pays for the month in which it churns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Billing {
    /// No: a month without a session brings no revenue. (What the original programs compute.)
    #[default]
    ChurnMonthUnpaid,
    /// Yes: it was billed at the month's start and leaves at its end.
    ChurnMonthBilled,
}

/// The size of a company, which is also its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// The cheaper plan.
    Small,
    /// The dearer one.
    Large,
}

impl Size {
    /// As it stands in `company_size`.
    pub fn name(self) -> &'static str {
        match self {
            Size::Small => "small",
            Size::Large => "large",
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            companies: 500,
            months: 12,
            start: Month { year: 2021, month: 1 },
            share_small: 0.7,
            small: Plan { monthly_price_cents: 1_900, sessions: 5, spread: 5 },
            large: Plan { monthly_price_cents: 9_900, sessions: 10, spread: 10 },
            session_rule: SessionRule::default(),
            billing: Billing::default(),
            seed: 42,
        }
    }
}

impl Config {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that is out
    /// of range, its value and the range.
    pub fn validate(&self) -> Result<()> {
        within("companies", self.companies, 1, 50_000_000)?;
        within("months", self.months, 1, 600)?;
        self.start.validate()?;
        within("share_small", self.share_small, 0.0, 1.0)?;
        let fields = [
            (&self.small, "small.monthly_price_cents", "small.sessions", "small.spread"),
            (&self.large, "large.monthly_price_cents", "large.sessions", "large.spread"),
        ];
        for (plan, price, sessions, spread) in fields {
            within(price, plan.monthly_price_cents, 0, 100_000_000)?;
            within(sessions, plan.sessions, 1, 500)?;
            within(spread, plan.spread, 0, plan.sessions)?;
        }
        Ok(())
    }

    fn plan(&self, size: Size) -> &Plan {
        match size {
            Size::Small => &self.small,
            Size::Large => &self.large,
        }
    }

    fn share(&self, size: Size) -> f64 {
        match size {
            Size::Small => self.share_small,
            Size::Large => 1.0 - self.share_small,
        }
    }
}

/// The generated business.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// `company_id` (i64, from 1), `company_size` ("small" or "large"), `acquired_on` (Date): one row
    /// per company, by id.
    pub companies: DataFrame,
    /// `company_size`, `monthly_price_cents` (i64): one row per size.
    pub plans: DataFrame,
    /// `month_no` (i64, from 1), `month_start` (Date): one row per month observed, whether or not
    /// anything happened in it.
    pub months: DataFrame,
    /// `session_id` (i64), `company_id` (i64), `created_at` (Datetime, microseconds, UTC): one row per
    /// session, by company and time.
    pub sessions: DataFrame,
}

impl Tables {
    /// The tables with the names they have in files and databases, parents before children.
    pub fn named(&self) -> [(&'static str, &DataFrame); 4] {
        [
            ("plans", &self.plans),
            ("months", &self.months),
            ("companies", &self.companies),
            ("sessions", &self.sessions),
        ]
    }
}

/// Generates the whole business.
///
/// # Errors
/// Those of [`Config::validate`].
pub fn generate(config: &Config) -> Result<Tables> {
    let checked = Checked::new(config)?;
    let rows = checked.rows(Part::WHOLE.ids(config.companies));
    Ok(Tables {
        companies: rows.companies(config)?,
        plans: plans(config)?,
        months: months(config)?,
        sessions: rows.sessions()?,
    })
}

/// Every company, month by month, up to and including the month it churns.
///
/// Returns `company_id`, `company_size`, `month_no` (i64), `sessions` (i64; 0 in the month of churn and
/// in no other), by company and month: the decisions behind [`generate`], before sessions are given a
/// moment.
///
/// # Errors
/// Those of [`Config::validate`].
pub fn company_months(config: &Config) -> Result<DataFrame> {
    let checked = Checked::new(config)?;
    let (mut ids, mut sizes, mut months, mut sessions) = (vec![], vec![], vec![], vec![]);
    for id in 1..=config.companies {
        let mut life = checked.life(id);
        let size = life.size.name();
        for month in 1..=config.months {
            let count = life.next_month();
            ids.push(i64::from(id));
            sizes.push(size);
            months.push(i64::from(month));
            sessions.push(i64::from(count));
            if count == 0 {
                break;
            }
        }
    }
    Ok(
        df!("company_id" => ids, "company_size" => sizes, "month_no" => months, "sessions" => sessions)?,
    )
}

/// A slice of the companies with their sessions, as [`batches`] hands them out.
pub struct Batch {
    /// As [`Tables::companies`].
    pub companies: DataFrame,
    /// As [`Tables::sessions`].
    pub sessions: DataFrame,
}

/// Generates one part a slice at a time, in about a million sessions each: memory does not grow with
/// the number of companies.
///
/// The slices in order are exactly the rows of [`generate`].
///
/// # Errors
/// Those of [`Config::validate`].
pub fn batches(
    config: &Config,
    part: Part,
) -> Result<impl Iterator<Item = Result<Batch>> + use<'_>> {
    let checked = Checked::new(config)?;
    let busiest = config.small.sessions.max(config.large.sessions);
    let step = (1_000_000 / (busiest * config.months)).max(1);
    let ids = part.ids(config.companies);
    Ok(ids.clone().step_by(step as usize).map(move |first| {
        let rows = checked.rows(first..first.saturating_add(step).min(ids.end));
        Ok(Batch { companies: rows.companies(checked.config)?, sessions: rows.sessions()? })
    }))
}

/// The price list: see [`Tables::plans`].
///
/// # Errors
/// Those of [`Config::validate`].
pub fn plans(config: &Config) -> Result<DataFrame> {
    config.validate()?;
    let price = |size| i64::from(config.plan(size).monthly_price_cents);
    Ok(df!(
        "company_size" => [Size::Large.name(), Size::Small.name()],
        "monthly_price_cents" => [price(Size::Large), price(Size::Small)],
    )?)
}

/// The calendar: see [`Tables::months`].
///
/// # Errors
/// Those of [`Config::validate`].
pub fn months(config: &Config) -> Result<DataFrame> {
    config.validate()?;
    let numbers: Vec<i64> = (1..=i64::from(config.months)).collect();
    let starts: Vec<i32> = (0..config.months).map(|n| config.start.plus(n).first_day()).collect();
    Ok(df!("month_no" => numbers, "month_start" => dates("month_start", starts)?)?)
}

/// A config that has been checked, with its distributions made.
struct Checked<'c> {
    config: &'c Config,
    small: Bernoulli,
    deviations: [Deviation; 2],
}

/// How far a month's sessions are from the plan's.
#[derive(Clone, Copy)]
struct Deviation {
    rule: SessionRule,
    /// From −spread to spread, or from 0 to spread, as the rule needs.
    uniform: Uniform<i32>,
}

impl Deviation {
    fn new(rule: SessionRule, spread: u32) -> Result<Self> {
        let spread = spread as i32; // at most 500
        let low = match rule {
            SessionRule::UniformDeviation => -spread,
            SessionRule::SignTimesUniform => 0,
        };
        let uniform = Uniform::new_inclusive(low, spread)
            .map_err(|error| Error::config("spread", spread, error.to_string()))?;
        Ok(Deviation { rule, uniform })
    }

    fn draw(self, rng: &mut Stream) -> i32 {
        let drawn = self.uniform.sample(rng);
        match self.rule {
            SessionRule::UniformDeviation => drawn,
            SessionRule::SignTimesUniform if rng.random::<bool>() => drawn,
            SessionRule::SignTimesUniform => -drawn,
        }
    }
}

/// One company's months, drawn one after the other.
struct Life {
    size: Size,
    sessions: i32,
    deviation: Deviation,
    rng: Stream,
}

impl Life {
    /// Sessions in the next month.
    fn next_month(&mut self) -> u32 {
        // `spread` is at most `sessions`, so this is never negative.
        self.sessions.saturating_add(self.deviation.draw(&mut self.rng)).max(0).unsigned_abs()
    }
}

impl<'c> Checked<'c> {
    fn new(config: &'c Config) -> Result<Self> {
        config.validate()?;
        Ok(Checked {
            config,
            small: Bernoulli::new(config.share_small).map_err(|error| {
                Error::config("share_small", config.share_small, error.to_string())
            })?,
            deviations: [
                Deviation::new(config.session_rule, config.small.spread)?,
                Deviation::new(config.session_rule, config.large.spread)?,
            ],
        })
    }

    fn life(&self, id: u32) -> Life {
        let mut rng = stream(self.config.seed, "saas company", u64::from(id));
        let size = if self.small.sample(&mut rng) { Size::Small } else { Size::Large };
        Life {
            size,
            sessions: self.config.plan(size).sessions as i32, // at most 500
            deviation: self.deviations[size as usize],
            rng,
        }
    }

    /// Companies in blocks, each block on whichever thread is free; joined in order.
    fn rows(&self, ids: Range<u32>) -> Rows {
        const BLOCK: usize = 512;
        let blocks: Vec<Rows> = ids
            .clone()
            .into_par_iter()
            .fold_chunks(BLOCK, Rows::default, |mut rows, id| {
                rows.push(self, id);
                rows
            })
            .collect();
        let mut all = Rows { first_id: ids.start, ..Rows::default() };
        all.session_ids.reserve_exact(blocks.iter().map(|rows| rows.session_ids.len()).sum());
        all.seconds.reserve_exact(all.session_ids.capacity());
        for block in blocks {
            all.sizes.extend(block.sizes);
            all.session_ids.extend(block.session_ids);
            all.seconds.extend(block.seconds);
        }
        all
    }
}

/// Column buffers.
#[derive(Default)]
struct Rows {
    first_id: u32,
    sizes: Vec<&'static str>,
    session_ids: Vec<i64>,
    /// Seconds since 1970.
    seconds: Vec<i64>,
}

impl Rows {
    fn push(&mut self, checked: &Checked, id: u32) {
        let mut life = checked.life(id);
        let mut moments = stream(checked.config.seed, "saas session", u64::from(id));
        self.sizes.push(life.size.name());
        let mut session_id = i64::from(id) * SESSIONS_PER_COMPANY;
        for n in 0..checked.config.months {
            let count = life.next_month();
            if count == 0 {
                break; // churned, for good
            }
            let month = checked.config.start.plus(n);
            let from = self.seconds.len();
            for _ in 0..count {
                session_id += 1;
                self.session_ids.push(session_id);
                self.seconds.push(month.random_second(&mut moments));
            }
            self.seconds[from..].sort_unstable();
        }
    }

    fn companies(&self, config: &Config) -> Result<DataFrame> {
        let ids = (self.first_id..).map(i64::from).take(self.sizes.len());
        let acquired = vec![config.start.first_day(); self.sizes.len()];
        Ok(df!(
            "company_id" => ids.collect::<Vec<_>>(),
            "company_size" => &self.sizes,
            "acquired_on" => dates("acquired_on", acquired)?,
        )?)
    }

    fn sessions(self) -> Result<DataFrame> {
        let companies: Vec<i64> =
            self.session_ids.iter().map(|id| id / SESSIONS_PER_COMPANY).collect();
        let created_at = moments("created_at", self.seconds)?;
        Ok(df!(
            "session_id" => self.session_ids,
            "company_id" => companies,
            "created_at" => created_at,
        )?)
    }
}

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

/// The truth behind [`generate`].
///
/// A company of a size with hazard h has a session in each of the first m months with probability
/// (1 − h)^m, independently of all others; what follows from that is in [`Truth::monthly`].
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

    /// Of one company's revenue. Rounding can leave a hair below 0 where the variance is 0.
    fn revenue_variance(&self) -> f64 {
        (self.revenue_squared - self.revenue * self.revenue).max(0.0)
    }
}
