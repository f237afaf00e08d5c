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
mod expected;
mod intervention;
mod kpis;
mod life;
mod options;
mod rows;
mod truth;
mod twin;
mod world;

use polars::prelude::*;

use super::frame::dates;
pub use super::part::Part;
use crate::error::Result;
use life::Checked;
use rows::Rows;
use twin::Measures;

pub use config::{Billing, Config, Plan, SessionRule, Size};
pub use intervention::{Audience, Costs, Intervention, Offer, Price};
pub use kpis::{churn, clients, presence, revenue, survival, usage};
pub use options::{Terms, churn_by_use, retention_options};
pub use truth::{SizeTruth, Truth, truth};
pub use world::World;

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
    generate_with(config, &[])
}

/// Generates the twin of the business in which something is done about churn: the same companies with the same random streams.
///
/// Companies that an intervention does not reach, and months before its first, have the same rows as in [`generate`]; so has
/// everybody if it changes nothing. A company that is saved goes on as its stream would have had it.
///
/// # Errors
/// Those of [`Config::validate`] and [`Intervention::validate`].
///
/// ```
/// use casebook::cases::saas::{self, Audience, Intervention, Offer, Size};
///
/// let config = saas::Config::default();
/// let offer = Offer { to: Audience::Size(Size::Large), from: 6, saves: 0.2 };
/// let twin = saas::generate_with(&config, &[Intervention::Offer(offer)])?;
/// assert!(twin.sessions.height() > saas::generate(&config)?.sessions.height());
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn generate_with(config: &Config, done: &[Intervention]) -> Result<Tables> {
    done.iter().try_for_each(Intervention::validate)?;
    let checked = Checked::new(config)?;
    let rows =
        Rows::of(&checked, &Measures::new(done, config.seed, 0), Part::WHOLE.ids(config.companies));
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
        let ids = first..first.saturating_add(step).min(ids.end);
        let rows = Rows::of(&checked, &Measures::new(&[], checked.config.seed, 0), ids);
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
