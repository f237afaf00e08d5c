//! The study's definitions: which events count as what.

use chrono::{NaiveDate, TimeDelta};
use polars::prelude::*;
use rayon::prelude::*;

use super::super::Config;
use crate::error::Result;
use crate::events::{Events, UserSource, Users, Window};
use crate::frame::{Source, fetch};
use crate::metrics::funnel::{Funnel, Step};
use crate::metrics::growth::{STAGES, Stages};
use crate::metrics::retention::Retention;

/// Hours after sign-up within which the first page activates: a week.
pub const ACTIVATION_HOURS: u32 = 7 * 24;

/// Hours after sign-up within which the first page is a fast start: a day.
pub const FAST_HOURS: f64 = 24.0;

/// The attributes that users are compared within, because who they are may explain what they chose.
pub const STRATA: [&str; 2] = ["segment", "acquisition_channel"];

/// Days of observation that a user needs for the stages, and the days of the quarter.
const QUARTER: u32 = 90;

/// The columns of events that the study reads.
pub const EVENT_COLUMNS: [&str; 4] = ["user_id", "workspace_id", "event_type", "timestamp"];

/// Matches events of one type.
pub fn kind(event_type: &str) -> Expr {
    col("event_type").eq(lit(event_type))
}

/// Matches events that activate: a page created.
pub fn activates() -> Expr {
    kind("page_create")
}

/// Matches collaboration: a comment, a share, an invitation.
pub fn collaborates() -> Expr {
    kind("comment").or(kind("share")).or(kind("invite"))
}

/// Matches payment through the funnel: an upgrade.
pub fn pays() -> Expr {
    kind("upgrade")
}

/// Matches activity: everything but the sign-up itself.
pub fn active() -> Expr {
    kind("signup").not()
}

/// Returns the stages from sign-up to payment: [activated](activates), active on 3 days within 30 and on 8 within 60,
/// [collaborated](collaborates), [paid](pays).
pub fn stages() -> Stages {
    Stages {
        activation_hours: ACTIVATION_HOURS,
        within: QUARTER,
        ..Stages::new(activates(), collaborates(), pays())
    }
}

/// Returns the funnel over the [stages], for milestones as [`Stages::milestones`] returns them.
pub fn funnel() -> Funnel {
    Funnel::new(STAGES.map(Step::event))
}

/// Returns retention settings for an observation that ends before a day.
pub fn retention(until: NaiveDate) -> Retention {
    Retention::default().window(Window::until(until))
}

/// Returns the first day that was not observed.
pub fn until(config: &Config) -> NaiveDate {
    config.start.plus(config.months).midnight().date()
}

/// Returns the whole time observed.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for an end before the start.
pub fn observed(config: &Config) -> Result<Window> {
    Window::new(config.start.midnight(), until(config))
}

/// Returns all the time in which users are observed: from the first day of sign-up until before `until`.
///
/// Reads of `users` `signup_date`.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), and polars' own for another type;
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for an end before the start.
pub fn observed_of(users: &dyn UserSource, until: NaiveDate) -> Result<Window> {
    let users = users.users(&["signup_date"])?;
    let first = users.frame().column("signup_date")?.date()?.physical().min();
    Ok(match first {
        Some(first) => {
            Window::new(NaiveDate::default() + TimeDelta::days(i64::from(first)), until)?
        }
        None => Window::until(until),
    })
}

/// Returns the 90 days before `until`.
pub fn quarter(until: NaiveDate) -> Window {
    Window::last_days(QUARTER, until)
}

/// Returns the sign-up days of users observed long enough for the [stages], if observation ends before a day.
pub fn eligible(until: NaiveDate) -> Window {
    Window::until(until - TimeDelta::days(i64::from(QUARTER) - 1))
}

/// Prepares the users: `user_id`, since `signup_at`.
///
/// # Errors
/// As [`Users::new`] and [`Users::since`].
pub fn users(user_profiles: &dyn Source) -> Result<Users> {
    Users::new(user_profiles, "user_id")?.since("signup_at")
}

/// Prepares the events that are [activity](active), once for all metrics.
///
/// Reads `user_events`: `user_id`, `workspace_id`, `event_type`, `timestamp`. Keeps these columns, in one piece, with
/// types of events as categories.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), and those of [`Events::new`].
pub fn events(user_events: &dyn Source) -> Result<Events> {
    events_of([fetch(user_events, "user_events", &EVENT_COLUMNS)])
}

/// Prepares [events] from the parts of a table, one after the other, so that the whole table is never in memory at
/// once.
///
/// # Errors
/// As [`events`], and those of the parts.
///
/// ```
/// use casebook::prelude::*;
/// use casebook::cases::{Part, notion::study};
///
/// let config = notion::Config { users: 300, ..Default::default() };
/// let parts = notion::batches(&config, Part::WHOLE)?.map(|batch| Ok(batch?.user_events));
/// let events = study::events_of(parts)?;
/// assert_eq!(events.users(), 300);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn events_of(parts: impl IntoIterator<Item = Result<DataFrame>>) -> Result<Events> {
    /// Rows processed at a time: what is made of them is small compared with the whole.
    const ROWS: usize = 1 << 20;
    let named = DataType::from_categories(Categories::global());
    let of_slice = |part: &DataFrame, from: usize| -> Result<DataFrame> {
        let slice = fetch(&part.slice(from as i64, ROWS), "user_events", &EVENT_COLUMNS)?.lazy();
        let slice = slice.with_column(col("event_type").cast(named.clone()));
        Ok(slice.filter(active()).collect()?)
    };
    let mut whole = DataFrame::empty();
    for part in parts {
        let part = part?;
        let slices = 0..part.height().div_ceil(ROWS).max(1);
        let kept: Result<Vec<DataFrame>> =
            slices.into_par_iter().map(|n| of_slice(&part, n * ROWS)).collect();
        for slice in kept? {
            whole.vstack_mut_owned(slice)?;
        }
    }
    whole.rechunk_mut();
    Events::new(&whole, "user_id", "timestamp")
}
