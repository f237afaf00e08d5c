//! A start-up school that loses its users early, and the mentors it might add: the mentor marketplace.
//!
//! People sign up, enrol in one of twelve learning paths and come for short sessions until they leave. Half of them are
//! offered a mentor. People who take one stay longer, for two reasons: mentors help, and people with drive ask for
//! them. The first reason is [`Offer::hazard_ratio`], the second [`Offer::selection`]; an analyst sees only the sum of
//! both; [`truth()`] tells them apart.
//!
//! The brief behind it is a sketch that contradicts itself; `notebooks/01_mentor_marketplace.ipynb` says where, and
//! which readings we chose.
//!
//! ```
//! use casebook::cases::mentor;
//!
//! let config = mentor::Config { users: 200, ..Default::default() };
//! let tables = mentor::generate(&config)?;
//! assert_eq!(tables.users_info.height(), 200);
//! let truth = mentor::truth(&config)?;
//! assert!(truth.naive > truth.complier_effect); // who takes a mentor would have stayed longer anyway
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # How
//! Each user has [streams](crate::stream) of their own. First, users decide at sign-up whether and when to ask for a
//! mentor. Then mentors are matched in the order of requests. This is the only step that involves all users together,
//! because a user who gets the last free mentor leaves others waiting. Finally, users come and leave, some of them
//! later because of a mentor.
//!
//! Times are local to the user, in whole seconds; the hours in which mentor and user could talk are compared in UTC.

mod checked;
mod config;
mod contacts;
mod costs;
mod design;
mod estimate;
mod evidence;
mod fate;
mod forecast;
mod intervention;
mod life;
mod market;
mod mentors;
mod offer;
mod options;
mod person;
mod policy;
mod population;
mod question;
mod rooms;
mod rows;
mod stay;
mod supply;
mod tables;
mod truth;
mod twin;
mod visits;
mod willingness;
mod world;

use std::ops::Range;

use polars::prelude::*;

use super::frame::dates;
use super::part::Part;
use crate::error::{Error, Result};
use checked::Checked;
use market::Outcome;
use person::{DAY, Kind};
use rows::Rows;

pub use config::{
    Activity, Config, Country, DropOff, Kinds, MODULES, People, Support, TIERS, TYPES,
};
pub use costs::Costs;
pub use design::designs;
pub use intervention::{
    CallBack, DropVetting, Faster, Format, Intervention, Mentors, Pays, Remind, Whom,
};
pub use offer::{Design, Gains, Offer};
pub use options::{Plan, naive_options, options, rules};
pub use supply::Market;
pub use truth::{Truth, truth};
pub use twin::generate_with;
pub use willingness::Willingness;
pub use world::World;

/// The generated business.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// `path_id` (i32, from 1), `type`, `tier`, `modules` (i32): one row per path.
    pub learning_paths: DataFrame,
    /// `module_id` (i32: path_id × 100 + module_no), `path_id`, `module_no` (i32, from 1).
    pub modules: DataFrame,
    /// `user_id` (i64, from 1), `signed_up_at`, `age` (i32), `gender` ("woman", "man"), `location`,
    /// `utc_offset_minutes` (i32), `user_type` ("inactive", "casual", "frequent", "power"),
    /// `subscription` (bool): by user.
    pub users_info: DataFrame,
    /// `enrolment_id` (i64), `user_id`, `path_id`, `enrolled_at`, `modules_completed` (i32), `completed_at` (null until
    /// all modules are): by user and time. A completed path leads to the next.
    pub enrolments: DataFrame,
    /// The sessions: `event_id` (i64), `user_id`, `path_id`, `module_no` (i32), `session_start`,
    /// `session_end`, `mood_before`, `mood_after` (i8, 1 to 5), `session_rating` (i8, 1 to 5, null where
    /// not given), `progress` (f64, in thousandths; 1 is the end of the module), `completion` (bool: progress
    /// above 1), `support_request` (bool), `support_reason` ("path question", "technical", or null): by user
    /// and time.
    pub users_events: DataFrame,
    /// `ticket_id` (i64), `user_id`, `event_id`, `opened_at`, `reason`, `answered_at` (null if not yet).
    pub tickets: DataFrame,
    /// `subscription_id` (i64), `user_id`, `started_on`, `ended_on` (Date; null while it runs), `price_cents` (i64: for
    /// 30 days).
    pub subscriptions: DataFrame,
    /// `user_id`, `arm` ("control", "offered"), `assigned_at`, `exposed_at` (the first session, in which the offer is
    /// or would be shown; null without a session): those who signed up while the experiment ran.
    pub assignments: DataFrame,
    /// Everyone who applied: `mentor_id` (i64, from 1), `field`, `second_field` (a type of path, or null), `vetting`
    /// ("accepted", "rejected"), `capacity` (i32: mentees at a time), `price_cents` (i64: of half an hour),
    /// `utc_offset_minutes`, `from_hour_utc` (i32, 0 to 23), `hours` (i32: free for calls from that hour on).
    pub mentors: DataFrame,
    /// `application_id` (i64), `mentor_id`, `applied_at`, `decided_at`, `score` (i32, 0 to 100), `outcome`.
    pub applications: DataFrame,
    /// `request_id` (i64), `user_id`, `field` (the type of path), `requested_at`, `hour_utc` (i32: the hour that
    /// suits), `format` ("calls", "messages"), `stated_price_cents` (i64: what they say half an hour is worth), `withdrawn_at` (left without a match): by user; each user asks at most
    /// once.
    pub requests: DataFrame,
    /// `match_id` (i64), `request_id`, `user_id`, `mentor_id`, `matched_at`, `first_session_at` (the first call held or
    /// message answered; null if they never talked), `ended_at` (null while it lasts), `end_reason` ("user left",
    /// "weeks agreed", or null): by user.
    pub matches: DataFrame,
    /// `call_id` (i64), `match_id`, `user_id`, `mentor_id`, `started_at`, `held` (bool), `minutes` (i32),
    /// `rating` (i8, 1 to 5), both null where there is none: by user and time.
    pub calls: DataFrame,
    /// `message_id` (i64), `match_id`, `user_id`, `mentor_id`, `sent_at`, `answered_at` (null if not yet),
    /// `rating` (i8, 1 to 5, null where not given): by user and time.
    pub messages: DataFrame,
}

impl Tables {
    /// Returns the tables with the names they have in files, parents before children.
    pub fn named(&self) -> [(&'static str, &DataFrame); 14] {
        [
            ("learning_paths", &self.learning_paths),
            ("modules", &self.modules),
            ("mentors", &self.mentors),
            ("applications", &self.applications),
            ("users_info", &self.users_info),
            ("enrolments", &self.enrolments),
            ("users_events", &self.users_events),
            ("tickets", &self.tickets),
            ("subscriptions", &self.subscriptions),
            ("assignments", &self.assignments),
            ("requests", &self.requests),
            ("matches", &self.matches),
            ("calls", &self.calls),
            ("messages", &self.messages),
        ]
    }
}

/// Generates the whole business, in memory.
///
/// # Errors
/// Those of [`Config::validate`]; more users than fit into [`MOST_SESSIONS`]; [`batches`] generates those a slice at a
/// time.
pub fn generate(config: &Config) -> Result<Tables> {
    everything(&Checked::new(config)?)
}

/// Generates all tables.
fn everything(checked: &Checked) -> Result<Tables> {
    let config = checked.config;
    let most = (MOST_SESSIONS as f64 / truth::sessions_each(checked).max(1.0)) as u32;
    if config.users > most {
        let accepted = format!("1 to {most} in memory; `batches` makes more, a slice at a time");
        return Err(Error::config("users", config.users, accepted));
    }
    let outcome = Outcome::new(checked);
    let mut users = Batch::new(checked, &outcome, 1..1)?;
    for slice in slices(checked, Part::WHOLE.ids(config.users)) {
        users.append(Batch::new(checked, &outcome, slice)?)?;
    }
    Ok(Tables {
        learning_paths: learning_paths()?,
        modules: modules()?,
        users_info: users.users_info,
        enrolments: users.enrolments,
        users_events: users.users_events,
        tickets: users.tickets,
        subscriptions: users.subscriptions,
        assignments: users.assignments,
        mentors: tables::mentors(&outcome.mentors)?,
        applications: tables::applications(&outcome.mentors)?,
        requests: users.requests,
        matches: users.matches,
        calls: users.calls,
        messages: users.messages,
    })
}

/// The most expected sessions that [`generate`] accepts: they fill about 10 gigabytes.
pub const MOST_SESSIONS: u64 = 60_000_000;

/// A slice of the users with everything that belongs to them, as [`batches`] yields them; each frame as in [`Tables`].
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// As [`Tables::users_info`].
    pub users_info: DataFrame,
    /// As [`Tables::enrolments`].
    pub enrolments: DataFrame,
    /// As [`Tables::users_events`].
    pub users_events: DataFrame,
    /// As [`Tables::tickets`].
    pub tickets: DataFrame,
    /// As [`Tables::subscriptions`].
    pub subscriptions: DataFrame,
    /// As [`Tables::assignments`].
    pub assignments: DataFrame,
    /// As [`Tables::requests`].
    pub requests: DataFrame,
    /// As [`Tables::matches`].
    pub matches: DataFrame,
    /// As [`Tables::calls`].
    pub calls: DataFrame,
    /// As [`Tables::messages`].
    pub messages: DataFrame,
}

impl Batch {
    fn new(checked: &Checked, outcome: &Outcome, ids: Range<u32>) -> Result<Batch> {
        let settled = outcome.of(&ids);
        let rows = Rows::new(checked, outcome, ids);
        Ok(Batch {
            users_info: rows.users(checked)?,
            enrolments: rows.enrolments()?,
            users_events: rows.sessions()?,
            tickets: rows.tickets()?,
            subscriptions: rows.subscriptions(checked)?,
            assignments: rows.assignments()?,
            requests: tables::requests(settled)?,
            matches: rows.matches(checked, settled)?,
            calls: rows.calls()?,
            messages: rows.messages()?,
        })
    }

    /// Appends the rows of the next users.
    fn append(&mut self, next: Batch) -> Result<()> {
        let all = [
            (&mut self.users_info, next.users_info),
            (&mut self.enrolments, next.enrolments),
            (&mut self.users_events, next.users_events),
            (&mut self.tickets, next.tickets),
            (&mut self.subscriptions, next.subscriptions),
            (&mut self.assignments, next.assignments),
            (&mut self.requests, next.requests),
            (&mut self.matches, next.matches),
            (&mut self.calls, next.calls),
            (&mut self.messages, next.messages),
        ];
        for (frame, more) in all {
            frame.vstack_mut_owned(more)?;
        }
        Ok(())
    }

    /// Returns the frames with the names they have in files, parents before children.
    pub fn named(&self) -> [(&'static str, &DataFrame); 10] {
        [
            ("users_info", &self.users_info),
            ("enrolments", &self.enrolments),
            ("users_events", &self.users_events),
            ("tickets", &self.tickets),
            ("subscriptions", &self.subscriptions),
            ("assignments", &self.assignments),
            ("requests", &self.requests),
            ("matches", &self.matches),
            ("calls", &self.calls),
            ("messages", &self.messages),
        ]
    }
}

/// Generates one part in slices of about a million sessions each. Apart from the requests for mentors, memory does not
/// grow with the number of users.
///
/// In order, the slices are exactly the rows of [`generate`]; tables that belong to no user are in [`learning_paths`],
/// [`modules`], [`mentors()`] and [`applications`]. Every part matches all requests again, because all users share the
/// mentors.
///
/// # Errors
/// Those of [`Config::validate`].
pub fn batches(
    config: &Config,
    part: Part,
) -> Result<impl Iterator<Item = Result<Batch>> + use<'_>> {
    let checked = Checked::new(config)?;
    let outcome = Outcome::new(&checked);
    let slices = slices(&checked, part.ids(config.users));
    Ok(slices.map(move |slice| Batch::new(&checked, &outcome, slice)))
}

/// Splits users into slices of about a million sessions each.
fn slices(checked: &Checked, ids: Range<u32>) -> impl Iterator<Item = Range<u32>> + use<> {
    let step = (1e6 / truth::sessions_each(checked).max(1.0)).max(1.0) as u32;
    let end = ids.end;
    ids.step_by(step as usize).map(move |first| first..first.saturating_add(step).min(end))
}

/// Returns the learning paths: see [`Tables::learning_paths`].
///
/// # Errors
/// Polars' own; none is known.
pub fn learning_paths() -> Result<DataFrame> {
    let each = || TYPES.iter().flat_map(|kind| TIERS.iter().zip(MODULES).map(move |t| (kind, t)));
    Ok(df!(
        "path_id" => (1..=each().count() as i32).collect::<Vec<_>>(),
        "type" => each().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        "tier" => each().map(|(_, (tier, _))| *tier).collect::<Vec<_>>(),
        "modules" => each().map(|(_, (_, modules))| i32::from(modules)).collect::<Vec<_>>(),
    )?)
}

/// Returns the modules of the paths: see [`Tables::modules`].
///
/// # Errors
/// Polars' own; none is known.
pub fn modules() -> Result<DataFrame> {
    let tiers = MODULES.iter().cycle().take(TYPES.len() * TIERS.len());
    let (paths, numbers): (Vec<i32>, Vec<i32>) = (1..)
        .zip(tiers)
        .flat_map(|(path, modules)| (1..=i32::from(*modules)).map(move |number| (path, number)))
        .unzip();
    let ids: Vec<i32> =
        paths.iter().zip(&numbers).map(|(path, number)| path * 100 + number).collect();
    Ok(df!("module_id" => ids, "path_id" => paths, "module_no" => numbers)?)
}

/// Returns the mentors: see [`Tables::mentors`].
///
/// # Errors
/// Those of [`Config::validate`].
pub fn mentors(config: &Config) -> Result<DataFrame> {
    tables::mentors(&mentors::mentors(&Checked::new(config)?))
}

/// Returns the mentors' applications: see [`Tables::applications`].
///
/// # Errors
/// Those of [`Config::validate`].
pub fn applications(config: &Config) -> Result<DataFrame> {
    tables::applications(&mentors::mentors(&Checked::new(config)?))
}

/// Returns when people sign up: the distribution behind `signed_up_at`, to look at before simulating.
///
/// There is one row per day observed: `date` (Date), `share` (f64: of all sign-ups).
///
/// # Errors
/// Those of [`Config::validate`].
pub fn sign_ups(config: &Config) -> Result<DataFrame> {
    let checked = Checked::new(config)?;
    let days = checked.first_day..checked.first_day + checked.days as i32;
    Ok(df!(
        "date" => dates("date", days)?,
        "share" => checked.sign_ups().collect::<Vec<_>>(),
    )?)
}

/// Returns what no table shows: `user_id`, `drive` (f64), `stays_days` (f64: how long the user would stay without a
/// mentor; null for inactive users), `would_pay_cents` (i64: for half an hour of a mentor). For teaching: it makes self-selection visible.
///
/// # Errors
/// Those of [`Config::validate`].
pub fn hidden(config: &Config) -> Result<DataFrame> {
    let checked = Checked::new(config)?;
    let people: Vec<_> = (1..=config.users).map(|id| checked.person(id)).collect();
    let stays = people.iter().map(|person| {
        let midnight = i64::from(person.signup_day) * DAY;
        let seconds = checked.leaves(person) - midnight;
        (person.kind != Kind::Inactive).then_some(seconds as f64 / DAY as f64)
    });
    // Thousandths: the last bits may differ between machines.
    let round = |value: f64| (value * 1_000.0).round() / 1_000.0;
    Ok(df!(
        "user_id" => (1..=i64::from(config.users)).collect::<Vec<_>>(),
        "drive" => people.iter().map(|person| round(person.drive)).collect::<Vec<_>>(),
        "stays_days" => stays.map(|days| days.map(round)).collect::<Vec<_>>(),
        "would_pay_cents" => people.iter().map(|person| i64::from(person.willing)).collect::<Vec<_>>(),
    )?)
}
