//! A subscription business losing customers: the SaaS take-home.
//!
//! ABC Enterprises acquires all its companies in month 1 and none later. Each is small or large, pays its size's
//! monthly price, and uses the product a random number of times a month. A company churns, for good, in its first month
//! without a session.
//!
//! The brief leaves two things open, and you can choose either reading: what "plus or minus a uniform random integer"
//! means ([`SessionRule`]), and whether the month of churn is paid for ([`Billing`]).
//!
//! ```
//! use casebook::cases::saas;
//!
//! let config = saas::Config { companies: 50, ..Default::default() };
//! let tables = saas::generate(&config)?;
//! assert_eq!(tables.companies.height(), 50);
//! let truth = saas::truth(&config)?;
//! assert!((truth.small.churn_hazard - 1.0 / 11.0).abs() < 1e-12);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! The metrics that the take-home asks for, by month and company size, start from [`presence`]: [`clients`],
//! [`revenue`], [`usage`], [`churn`], [`survival`].
//!
//! # How
//! A company has two [streams](crate::stream): one decides its size and its sessions month by month, the other the
//! moments within the month. So what happens in a month does not depend on how many months are generated.

mod config;
mod kpis;
mod truth;

use std::ops::Range;

use polars::prelude::*;
use rand::RngExt;
use rand_distr::{Bernoulli, Distribution, Uniform};
use rayon::prelude::*;

use super::frame::{dates, moments};
pub use super::part::Part;
use crate::error::{Error, Result};
use crate::stream::{Stream, stream};

pub use config::{Billing, Config, Plan, SessionRule, Size};
pub use kpis::{churn, clients, presence, revenue, survival, usage};
pub use truth::{SizeTruth, Truth, truth};

/// Session ids are `company_id` × this + the session's number within its company, so that parts made
/// on different machines never collide. [`Config::validate`] keeps the number below it.
const SESSIONS_PER_COMPANY: i64 = 1_000_000;

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
    /// Returns the tables with the names they have in files and databases, parents before children.
    pub fn named(&self) -> [(&'static str, &DataFrame); 4] {
        [
            ("plans", &self.plans),
            ("months", &self.months),
            ("companies", &self.companies),
            ("sessions", &self.sessions),
        ]
    }

    /// Returns who was there in which month: [`presence()`] of these tables.
    ///
    /// # Errors
    /// Those of [`presence()`], if the tables were changed.
    ///
    /// ```
    /// use casebook::cases::saas;
    ///
    /// let t = saas::generate(&saas::Config { companies: 20, ..saas::Config::default() })?;
    /// let presence = saas::presence(&t.companies, &t.plans, &t.months, &t.sessions)?;
    /// assert!(t.presence()?.equals(&presence));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn presence(&self) -> Result<DataFrame> {
        presence(&self.companies, &self.plans, &self.months, &self.sessions)
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

/// Lists every company, month by month, up to and including the month it churns.
///
/// Returns `company_id`, `company_size`, `month_no` (i64), `sessions` (i64; 0 in the month of churn and in no other),
/// by company and month: the numbers behind [`generate`], before sessions get their moments.
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

/// A slice of the companies with their sessions, as [`batches`] yields them.
pub struct Batch {
    /// As [`Tables::companies`].
    pub companies: DataFrame,
    /// As [`Tables::sessions`].
    pub sessions: DataFrame,
}

/// Generates one part in slices of about a million sessions each, so that memory does not grow with the number of
/// companies.
///
/// In order, the slices are exactly the rows of [`generate`].
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

/// Returns the price list: see [`Tables::plans`].
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

/// Returns the calendar: see [`Tables::months`].
///
/// # Errors
/// Those of [`Config::validate`].
pub fn months(config: &Config) -> Result<DataFrame> {
    config.validate()?;
    let numbers: Vec<i64> = (1..=i64::from(config.months)).collect();
    let starts: Vec<i32> = (0..config.months).map(|n| config.start.plus(n).first_day()).collect();
    Ok(df!("month_no" => numbers, "month_start" => dates("month_start", starts)?)?)
}

/// A checked config with its distributions.
struct Checked<'c> {
    config: &'c Config,
    small: Bernoulli,
    deviations: [Deviation; 2],
}

/// The deviation of a month's sessions from the plan.
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

/// A company's months, drawn one after the other.
struct Life {
    size: Size,
    sessions: i32,
    deviation: Deviation,
    rng: Stream,
}

impl Life {
    /// Draws the sessions in the next month.
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

    /// Generates companies in blocks, each on whichever thread is free, and joins them in order.
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
