//! Events, prepared.

use std::fmt;
use std::sync::{Arc, OnceLock};

use polars::prelude::*;

use super::ids::{Ids, Numbered};
use super::moments::Moments;
use super::{TIME, USER};
use crate::error::Result;
use crate::frame::{Source, fetch, full, require};

/// What a frame of events is called in errors.
pub(super) const EVENTS: &str = "events";

/// Events: who did something, and when; any other columns say what.
///
/// They are made once from a frame and then shared by metrics: a clone costs nothing, and users are numbered and days
/// counted when a metric first needs them.
///
/// ```
/// use casebook::prelude::*;
///
/// let tables = ecommerce::generate(&ecommerce::Config { users: 200, ..Default::default() })?;
/// let visits = Events::new(&tables.sessions, "user_id", "started_at")?;
/// assert_eq!(visits.len(), tables.sessions.height());
/// let daily = activity::daily(&visits, Window::default())?;
/// # assert!(daily.height() > 0);
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Clone)]
pub struct Events(Arc<Prepared>);

struct Prepared {
    frame: DataFrame,
    user: String,
    time: String,
    ids: Ids,
    moments: Moments,
    numbered: OnceLock<Numbered>,
    days: OnceLock<Vec<i32>>,
}

impl Events {
    /// Prepares events with users and times in the named columns.
    ///
    /// Reads all columns of the frame, so that later conditions can name them: from a lazy frame, select only what you
    /// need. Users are whole numbers, texts or categories; times are dates or datetimes.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for an empty user or time, times of another type, in a zone
    /// that does not exist, or outside the years 0 to 9999.
    pub fn new(frame: &dyn Source, user: &str, time: &str) -> Result<Events> {
        Events::of(frame.scan().collect()?, EVENTS, user, time)
    }

    pub(super) fn of(
        frame: DataFrame,
        name: &'static str,
        user: &str,
        time: &str,
    ) -> Result<Events> {
        require(&frame, name, &[user, time])?;
        let ids = Ids::new(full(&frame, name, user)?)?;
        let moments = Moments::new(&frame, name, time)?;
        Ok(Events(Arc::new(Prepared {
            user: user.to_owned(),
            time: time.to_owned(),
            ids,
            moments,
            numbered: OnceLock::new(),
            days: OnceLock::new(),
            frame,
        })))
    }

    /// Keeps the events for which a condition holds. A condition that is null does not hold.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a condition that is not true or false, such as a
    /// number; polars' own for a column that is not there.
    pub fn filter(&self, condition: Expr) -> Result<Events> {
        let marks = self.marks(&[("condition", &condition)])?;
        let keep: BooleanChunked = marks.iter().map(|mark| Some(*mark != 0)).collect();
        let kept = self.frame().filter(&keep)?;
        Events::of(kept, EVENTS, &self.0.user, &self.0.time)
    }

    /// Returns the collected frame, in its original order.
    pub fn frame(&self) -> &DataFrame {
        &self.0.frame
    }

    /// Returns how many events there are.
    pub fn len(&self) -> usize {
        self.0.frame.height()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counts the distinct users with an event.
    pub fn users(&self) -> usize {
        self.numbered().count()
    }

    /// Returns the name of the column of users.
    pub fn user_column(&self) -> &str {
        &self.0.user
    }

    /// Returns the name of the column of times.
    pub fn time_column(&self) -> &str {
        &self.0.time
    }

    /// Returns the time zone in which days are counted.
    pub fn zone(&self) -> &str {
        self.0.moments.zone()
    }

    pub(crate) fn moments(&self) -> &Moments {
        &self.0.moments
    }

    /// Returns each event's user as a number, in order of first appearance.
    pub(crate) fn numbered(&self) -> &Numbered {
        self.0.numbered.get_or_init(|| Numbered::of(&self.0.ids))
    }

    /// Tells whether the users have been numbered already.
    pub(crate) fn is_numbered(&self) -> bool {
        self.0.numbered.get().is_some()
    }

    /// Returns each event's day on the calendar of its zone, counted from 1970-01-01.
    pub(crate) fn days(&self) -> &[i32] {
        self.0.days.get_or_init(|| self.0.moments.days())
    }

    /// Returns the first and the last day with an event.
    pub(crate) fn day_range(&self) -> Option<(i32, i32)> {
        if let Some(range) = self.0.moments.utc_range() {
            return Some(range);
        }
        let days = self.days();
        Some((*days.iter().min()?, *days.iter().max()?))
    }

    /// Returns the user for each number.
    pub(crate) fn actors(&self) -> Result<Column> {
        self.numbered().pick(self.frame().column(self.user_column())?)
    }

    /// The users, before they are numbered.
    pub(super) fn ids(&self) -> &Ids {
        &self.0.ids
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} events by `{}` at `{}`, days in {}",
            self.len(),
            self.user_column(),
            self.time_column(),
            self.zone()
        )
    }
}

/// What a metric takes as events: [`Events`], or a frame with the columns `user_id` and `timestamp`, collected or lazy,
/// which is prepared for that one call.
pub trait EventSource {
    /// Returns the events, with the other columns requested.
    ///
    /// # Errors
    /// As [`Events::new`]; [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn) for one of those columns.
    fn events(&self, also: &[&str]) -> Result<Events>;
}

impl EventSource for Events {
    fn events(&self, also: &[&str]) -> Result<Events> {
        require(self.frame(), EVENTS, also)?;
        Ok(self.clone())
    }
}

impl<S: Source> EventSource for S {
    fn events(&self, also: &[&str]) -> Result<Events> {
        Events::of(fetch(self, EVENTS, &with(&[USER, TIME], also))?, EVENTS, USER, TIME)
    }
}

/// Returns the first columns, then those of the others that are not among them.
pub(super) fn with<'c>(first: &[&'c str], also: &[&'c str]) -> Vec<&'c str> {
    let mut wanted = first.to_vec();
    for column in also {
        if !wanted.contains(column) {
            wanted.push(column);
        }
    }
    wanted
}

/// Returns the columns that expressions name.
pub(crate) fn columns_of<'e>(expressions: impl IntoIterator<Item = &'e Expr>) -> Vec<PlSmallStr> {
    expressions
        .into_iter()
        .flat_map(|expression| expression.into_iter())
        .filter_map(|part| match part {
            Expr::Column(name) => Some(name.clone()),
            _ => None,
        })
        .collect()
}
