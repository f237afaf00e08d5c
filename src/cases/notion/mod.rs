//! A workspace product along the lines of Notion, calibrated so that what its study claims can be found in the data.
//!
//! Some visitors sign up. Users create a page or never do; they engage, form a habit, share and pay. They come back
//! month after month in falling numbers and differ widely in how much they do. Each stage has one mechanism, and
//! [`Calibration`] solves for its rates from what the data should show: [`Targets`].
//!
//! ```
//! use casebook::cases::notion;
//!
//! let config = notion::Config { users: 500, ..Default::default() };
//! let tables = notion::generate(&config)?;
//! assert_eq!(tables.user_profiles.height(), 500);
//! assert!(tables.user_events.height() > 5_000);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # How
//! - **Sign-up**: the month follows growth and season, the day the weekday, and the hour the working day.
//! - **Activation**: a page created within 7 days; within 24 hours for the fast.
//! - **Retention**: each user has a rank among similar users and is there in month k while that rank is below the
//!   curve: exp(−scale · kˢʰᵃᵖᵉ) times factors for segment, channel, cohort and activation. So the share still there
//!   follows the curve exactly. From month 2 on, users sometimes skip a month.
//! - **Engagement and habit**: active on 3 days within 30 days of sign-up, on 8 days within 60, counted from activation
//!   on. Visits are added or removed until the user's days match the stage drawn for them.
//! - **Collaboration and payment**: users with the habit may share, and those who share may upgrade. Others share too,
//!   and others pay for a seat that someone else bought.
//! - **Plans**: each ends with a constant probability every month, which depends on the segment
//!   ([`churn`](Config::churn)); what users do doesn't depend on it ([`plan_survival`]).
//! - **Activity**: log-normal over users; half of it shows in how often they come, half in how much they do on a visit.
//!
//! - **Levers**: each changes some of these probabilities for those it reaches, who sign up where and when it is live
//!   ([`Launch`], [`Levers`], [`generate_with`]). The same number decides the same question with and without it.
//!
//! Users who may share a workspace have neighbouring ids, in blocks of 64.

mod calibrate;
mod claims;
mod config;
mod costs;
mod effects;
mod evidence;
mod expected;
mod launch;
mod life;
mod next_tests;
mod options;
mod person;
mod plan;
mod regions;
mod rows;
mod side_effects;
pub mod study;
mod twin;
mod world;

use std::ops::Range;

use polars::prelude::*;
use rand_distr::{Distribution, Poisson};
use rayon::prelude::*;

use super::frame::dates;
use super::part::Part;
use crate::error::{Error, Result};
use crate::stream::stream;
use calibrate::{CLASSES, Class, World as Solved};
use person::DAY;
use rows::{BLOCK, PLANS, Rows};

pub use calibrate::{Calibration, ENGAGED_DAYS, HABIT_DAYS, WINDOWS};
pub use claims::{DeckClaim, deck_claims, lever_claims};
pub use config::{Channel, Config, Segment, Targets};
pub use costs::Costs;
pub use evidence::{lever_estimates, lever_panel};
pub use expected::lever_truth;
pub use launch::{Launch, Lever, LeverEffect, Levers, Newcomers, Region, pilots};
pub use next_tests::{TEST_MONTHS, next_tests};
pub use options::{EVERY, best_schedule, options, overlap, rules, schedule};
pub use plan::plan_survival;
pub use regions::{complete, regions};
pub use rows::Batch;
pub use side_effects::side_effects;
pub use twin::generate_with;
pub use world::{World, rollout};

/// The most events that [`generate`] accepts, as expected of its users: they fill about 8 gigabytes.
pub const MOST_EVENTS: f64 = 60e6;

/// The generated business.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// `user_id` (i64), `signup_date` (Date), `signup_at`, `segment`, `acquisition_channel`, `device`, `region`,
    /// `use_case`, `plan_type` ("free", "plus", "business", "enterprise": the plan that is or was paid for, "free" if none
    /// ever was), `paid_since` (Date; null on the free plan), `paid_until` (Date: the first day not paid for; null while the
    /// plan runs as the data ends), `workspace_id` (i64): by user.
    pub user_profiles: DataFrame,
    /// `workspace_id` (i64: the lowest id among its members), `created_at`, `segment`, `members` (i32), `plan_type`
    /// (free if no member ever paid): by workspace.
    pub workspaces: DataFrame,
    /// `workspace_id`, `user_id`, `role` ("owner", "member"), `joined_at`.
    pub workspace_members: DataFrame,
    /// `event_id` (i64), `user_id`, `workspace_id`, `session_id` (i64), `event_type` ("signup", "page_view",
    /// "page_edit", "page_create", "search", "template_use", "api_call", "comment", "share", "invite",
    /// "upgrade"), `timestamp`, `properties` (JSON: `device`, and `template` of a template): by user and time.
    pub user_events: DataFrame,
    /// `date` (Date), `channel`, `visitors` (i64): by day and channel.
    pub visitors: DataFrame,
    /// `plan_type`, `dollars_a_month` (f64).
    pub plans: DataFrame,
    /// `date` (Date), `day_no` (i64: days since 1970), `month_no` (i64: 12 · year + month), `month` ("2024-02"), `week`
    /// (Date: its Monday): by day, from the first day observed to the first that was not.
    pub calendar: DataFrame,
}

impl Tables {
    /// Returns the tables with the names they have in files, parents before children.
    pub fn named(&self) -> [(&'static str, &DataFrame); 7] {
        [
            ("plans", &self.plans),
            ("calendar", &self.calendar),
            ("visitors", &self.visitors),
            ("workspaces", &self.workspaces),
            ("user_profiles", &self.user_profiles),
            ("workspace_members", &self.workspace_members),
            ("user_events", &self.user_events),
        ]
    }
}

/// Generates the whole business, in memory.
///
/// # Errors
/// Those of [`Calibration::solve`]; more users than fit into [`MOST_EVENTS`]; [`batches`] generates those a slice at a
/// time.
pub fn generate(config: &Config) -> Result<Tables> {
    let world = Solved::new(config)?;
    fits(config)?;
    let mut all = Rows::default().frames(&world)?;
    for slice in slices(config, Part::WHOLE, 1e6) {
        let next = batch(&world, slice)?;
        all.user_profiles.vstack_mut_owned(next.user_profiles)?;
        all.workspaces.vstack_mut_owned(next.workspaces)?;
        all.workspace_members.vstack_mut_owned(next.workspace_members)?;
        all.user_events.vstack_mut_owned(next.user_events)?;
    }
    let Batch { user_profiles, workspaces, workspace_members, user_events } = all;
    Ok(Tables {
        user_profiles,
        workspaces,
        workspace_members,
        user_events,
        visitors: visits(&world, signups(&world))?,
        plans: plans()?,
        calendar: calendar(config)?,
    })
}

/// Checks that all users fit into memory.
fn fits(config: &Config) -> Result<()> {
    let most = (MOST_EVENTS / config.targets.events_per_user) as u32;
    if config.users > most {
        let accepted = format!("1 to {most} in memory; `batches` makes more, a slice at a time");
        return Err(Error::config("users", config.users, accepted));
    }
    Ok(())
}

/// Generates one part in slices of about 250,000 events each, so that memory does not grow with the number of users. In
/// order, the slices are exactly the rows of [`generate`]; see [`visitors`] and [`plans`] for the tables that belong to
/// no user. Parts are cut between blocks of 64 users.
///
/// # Errors
/// Those of [`Calibration::solve`].
pub fn batches(
    config: &Config,
    part: Part,
) -> Result<impl Iterator<Item = Result<Batch>> + use<'_>> {
    let world = Solved::new(config)?;
    Ok(slices(config, part, 2.5e5).map(move |slice| batch(&world, slice)))
}

/// Returns visitors by day and channel: see [`Tables::visitors`].
///
/// # Errors
/// Those of [`Calibration::solve`].
pub fn visitors(config: &Config) -> Result<DataFrame> {
    let world = Solved::new(config)?;
    visits(&world, signups(&world))
}

/// Returns the plans and what they cost: see [`Tables::plans`].
///
/// # Errors
/// Polars' own; none is known.
pub fn plans() -> Result<DataFrame> {
    let (plans, prices): (Vec<&str>, Vec<f64>) = PLANS.into_iter().unzip();
    Ok(df!("plan_type" => plans, "dollars_a_month" => prices)?)
}

/// Returns the days: see [`Tables::calendar`].
///
/// # Errors
/// Those of [`Config::validate`].
pub fn calendar(config: &Config) -> Result<DataFrame> {
    use chrono::{Datelike, TimeDelta};
    config.validate()?;
    let (first, end) = (config.start.first_day(), config.start.plus(config.months).first_day());
    let date = |day: i32| chrono::NaiveDate::default() + TimeDelta::days(i64::from(day));
    let month = |day: i32| i64::from(date(day).year()) * 12 + i64::from(date(day).month());
    let days = || first..=end;
    Ok(df!(
        "date" => dates("date", days())?,
        "day_no" => days().map(i64::from).collect::<Vec<_>>(),
        "month_no" => days().map(month).collect::<Vec<_>>(),
        "month" => days().map(|day| date(day).format("%Y-%m").to_string()).collect::<Vec<_>>(),
        "week" => dates("week", days().map(|day| day - date(day).weekday().num_days_from_monday() as i32))?,
    )?)
}

/// Returns what an analyst should recover: `what`, `value` (f64).
///
/// # Errors
/// Those of [`Calibration::solve`].
pub fn truth(config: &Config) -> Result<DataFrame> {
    Solved::new(config)?.truth()
}

/// Returns what no table shows, by user: `user_id`, `class` ("fast", "slow", "never": when the first page is created),
/// `returns` (f64: probability of being there in month 1), `returns_if_fast`, `returns_if_slow` (f64: the same, had the
/// first page been created within 24 hours, or later), `activity` (f64: how active, in standard deviations of its
/// logarithm), `stage` (i32: 2 signed up, 3 activated, 4 engaged, 5 habit, 6 collaborates, 7 pays; as drawn, even where
/// the data ends before). For teaching, and for checking that metrics recover it.
///
/// # Errors
/// Those of [`Calibration::solve`].
pub fn hidden(config: &Config) -> Result<DataFrame> {
    let world = Solved::new(config)?;
    let people: Vec<person::Person> =
        (1..=config.users).into_par_iter().map(|id| world.person(config.seed, id).0).collect();
    // Thousandths: the last bits may differ between machines.
    let rounded = |value: f64| (value * 1_000.0).round() / 1_000.0;
    let returns = |class: Option<Class>| -> Vec<f64> {
        let there = |person: &person::Person| {
            let class = class.unwrap_or(person.class);
            world.there(person.segment, person.channel, class, person.cohort, 1)
        };
        people.iter().map(|person| rounded(there(person).min(1.0))).collect()
    };
    let stage = |person: &person::Person| {
        let steps = [
            person.class != Class::Never,
            person.engaged,
            person.habit,
            person.collaborates,
            person.upgrades,
        ];
        2 + steps.into_iter().filter(|step| *step).count() as i32
    };
    let class = |person: &person::Person| ["fast", "slow", "never"][person.class as usize];
    Ok(df!(
        "user_id" => (1..=i64::from(config.users)).collect::<Vec<_>>(),
        "class" => people.iter().map(class).collect::<Vec<_>>(),
        "returns" => returns(None),
        "returns_if_fast" => returns(Some(CLASSES[0])),
        "returns_if_slow" => returns(Some(CLASSES[1])),
        "activity" => people.iter().map(|person| rounded(person.bell)).collect::<Vec<_>>(),
        "stage" => people.iter().map(stage).collect::<Vec<_>>(),
    )?)
}

/// Splits users into slices of whole blocks, of about `events` events each.
fn slices(config: &Config, part: Part, events: f64) -> impl Iterator<Item = Range<u32>> + use<> {
    let users = config.users;
    let blocks = part.ids(users.div_ceil(BLOCK));
    let step = (events / config.targets.events_per_user / f64::from(BLOCK)).max(1.0) as u32;
    let end = blocks.end;
    blocks.step_by(step as usize).map(move |first| {
        let last = first.saturating_add(step).min(end);
        // Blocks and users are counted from 1.
        (first - 1) * BLOCK + 1..((last - 1).saturating_mul(BLOCK)).min(users) + 1
    })
}

fn batch(world: &Solved, ids: Range<u32>) -> Result<Batch> {
    let starts: Vec<u32> = ids.clone().step_by(BLOCK as usize).collect();
    let blocks: Vec<Rows> = starts
        .into_par_iter()
        .map(|first| Rows::block(world, first..first.saturating_add(BLOCK).min(ids.end)))
        .collect();
    Rows::together(blocks).frames(world)
}

/// Counts the users who sign up, by day and channel.
fn signups(world: &Solved) -> Vec<u32> {
    let config = world.config;
    let days = world.days() as usize;
    (1..=config.users)
        .into_par_iter()
        .fold(
            || vec![0_u32; days * 6],
            |mut counts, id| {
                let person = world.person(config.seed, id).0;
                counts[(person.signup / DAY) as usize * 6 + person.channel] += 1;
                counts
            },
        )
        .reduce(
            || vec![0; days * 6],
            |mut a, b| {
                a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                a
            },
        )
}

/// Returns visitors: everyone who signed up on a day through a channel visited, and the number of other visitors is a
/// Poisson number.
fn visits(world: &Solved, signups: Vec<u32>) -> Result<DataFrame> {
    let config = world.config;
    let days = world.days() as usize;
    // Channels differ in how many of their visitors sign up; all together it is what was asked for.
    let mean: f64 = config.channels.iter().map(|channel| channel.share / channel.signs_up).sum();
    let (mut dated, mut named, mut counted) = (vec![], vec![], vec![]);
    for day in 0..days {
        let month = world.starts.partition_point(|start| *start <= day as i32) - 1;
        let (from, to) = (world.starts[month] as usize, world.starts[month + 1] as usize);
        let before = if month == 0 { 0.0 } else { world.month_sums[month - 1] };
        let weight = (world.busy[day + 1] - world.busy[day]) / (world.busy[to] - world.busy[from]);
        let expected = f64::from(config.users) * (world.month_sums[month] - before) * weight;
        for (place, channel) in config.channels.iter().enumerate() {
            let rate = (config.targets.signup * mean * channel.signs_up).min(1.0);
            let mut rng = stream(config.seed, "notion visitors", (day * 6 + place) as u64);
            let others = match Poisson::new(expected * channel.share * (1.0 / rate - 1.0)) {
                Ok(law) => law.sample(&mut rng) as i64,
                Err(_) => 0, // every visitor signs up
            };
            dated.push(world.first_day + day as i32);
            named.push(Channel::name(place));
            counted.push(others + i64::from(signups[day * 6 + place]));
        }
    }
    Ok(df!("date" => dates("date", dated)?, "channel" => named, "visitors" => counted)?)
}
