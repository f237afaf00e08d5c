//! A metric that moved: weekly active users of an app fell, several things happened, and the board meets at four.
//!
//! A consumer app in twelve countries counts its weekly active users. In the last seven weeks, six things happened that may have
//! moved the count ([`Cause`]): a new version of the Android app, school holidays, a review of paid campaigns, a release that reaches
//! one group of countries after the other, a competitor's launch in Germany, and a filter for bots. The changelog lists all six. Which of
//! them had an effect, and how large, is drawn from the seed; [`Config::causes`] sets it.
//!
//! ```
//! use casebook::cases::diagnosis;
//!
//! let config = diagnosis::Config { signups: 20.0, ..Default::default() };
//! let tables = diagnosis::generate(&config)?;
//! assert_eq!(tables.daily.height(), 728);
//! let truth = diagnosis::truth(&config)?;
//! assert_eq!(truth.shares.height(), 6);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # How
//! A user stays for a random number of weeks, and is active in each of them with a probability: how keen the user is, times what holidays,
//! the release and the competitor leave of it, times a week's chance. Everything about a week is decided by two numbers of the user's own
//! [stream](crate::stream), the same two whatever happens. So twins, in which one cause is switched off, differ in what the cause
//! changed and in nothing else, and the expected count has a closed form.

mod changelog;
mod config;
mod effects;
mod intervention;
mod options;
mod person;
mod place;
mod rows;
mod screens;
mod study;
mod truth;
mod world;

use polars::prelude::*;

use crate::error::Result;
use effects::Effects;
use person::Checked;
use rows::Rows;

pub use config::{Cause, Causes, Config, Planted};
pub use intervention::{Costs, Intervention};
pub use options::{Terms, largest_segment, options};
pub use study::{Diagnosis, diagnose, moves, new_users_kept, release_panel, weekly_activity};
pub use truth::{Truth, truth};
pub use world::World;

/// What the team has on Monday: 104 full weeks.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// One row per account, by id: `user_id` (i64), `country`, `platform` ("android", "ios", "web"), `channel` ("organic", "paid",
    /// "referral"), `signup_week` (Date, a Monday), `blocked` (bool: the filter takes it for a bot).
    pub users: DataFrame,
    /// One row per user and day recorded, in the last 16 weeks, by user and day: `user_id`, `timestamp` (Date), `app_version` (text, null
    /// except on Android). Bots are left out once they are blocked.
    pub activity: DataFrame,
    /// One row per week, country and platform, in both years: `week` (Date, a Monday), `country`, `platform`, `active_users`,
    /// `new_users` (i64: users recorded in the week, and those among them who signed up in it).
    pub weekly: DataFrame,
    /// One row per day, in both years: `date` (Date), `active_users` (i64: users recorded).
    pub daily: DataFrame,
    /// One row per week, platform and version, in the last 16 weeks: `week`, `platform`, `app_version` (null except on Android),
    /// `accounts` (i64: those that called the servers, if only in the background), `recorded` (i64: those of them that the analytics kit
    /// recorded and the count has), `blocked` (i64: those that the filter keeps out of the count).
    pub servers: DataFrame,
    /// One row per screen seen, by a tenth of the users in the last 12 weeks: `user_id`, `timestamp` (Datetime), `screen`.
    pub screens: DataFrame,
    /// What happened, by date: `date` (Date), `what`, `where`, `suspect` (text). It lists everything, whether it moved the metric or not.
    pub changelog: DataFrame,
}

impl Tables {
    /// Returns the tables with the names they have in files and databases, parents before children.
    pub fn named(&self) -> [(&'static str, &DataFrame); 7] {
        [
            ("users", &self.users),
            ("activity", &self.activity),
            ("weekly", &self.weekly),
            ("daily", &self.daily),
            ("servers", &self.servers),
            ("screens", &self.screens),
            ("changelog", &self.changelog),
        ]
    }
}

/// Generates what the team has on Monday.
///
/// # Errors
/// Those of [`Config::validate`].
///
/// ```
/// use casebook::cases::diagnosis::{self, Cause, Causes, Config};
///
/// let config = Config { signups: 20.0, ..Default::default() };
/// let (world, twin) = (diagnosis::generate(&config)?, diagnosis::generate(&config.without(Cause::Release))?);
/// assert!(world.activity.height() <= twin.activity.height());
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn generate(config: &Config) -> Result<Tables> {
    let checked = Checked::new(config)?;
    let effects = Effects::new(config, config.planted(), &[], 0)?;
    let mut rows = Rows::of(&checked, &effects)?;
    Ok(Tables {
        users: rows.users()?,
        activity: rows.activity()?,
        weekly: rows.weekly()?,
        daily: rows.daily()?,
        servers: rows.servers()?,
        screens: rows.screens()?,
        changelog: changelog::changelog()?,
    })
}
