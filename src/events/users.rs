//! Users, prepared.

use std::fmt;
use std::sync::Arc;

use polars::prelude::*;

use super::ids::Index;
use super::moments::Moments;
use super::prepared::{EVENTS, Events, with};
use super::{START, USER};
use crate::error::{Error, Result};
use crate::frame::{Source, fetch, full, require};

/// What a frame of users is called in errors.
const USERS: &str = "users";

/// Users: one row each, with what is known about them and when each started.
///
/// ```
/// use casebook::prelude::*;
///
/// let frame = df!("account" => ["ann", "bob"], "opened" => [19_800, 19_806])?
///     .lazy()
///     .with_column(col("opened").cast(DataType::Date));
/// let users = Users::new(&frame, "account")?.since("opened")?;
/// assert_eq!(format!("{users:?}"), "2 users by `account`, since `opened`");
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Clone)]
pub struct Users(Arc<Prepared>);

struct Prepared {
    frame: DataFrame,
    user: String,
    index: Arc<Index>,
    start: Option<(String, Moments)>,
}

impl Users {
    /// Prepares users from the named column, each in one row.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for an empty user, or a user who is there twice.
    pub fn new(frame: &dyn Source, user: &str) -> Result<Users> {
        Users::of(frame.scan().collect()?, user)
    }

    fn of(frame: DataFrame, user: &str) -> Result<Users> {
        require(&frame, USERS, &[user])?;
        let index = Arc::new(Index::new(USERS, full(&frame, USERS, user)?)?);
        Ok(Users(Arc::new(Prepared { user: user.to_owned(), index, start: None, frame })))
    }

    /// Names the column with each user's start: the sign-up, the registration, the first order.
    ///
    /// # Errors
    /// As [`Events::new`] for a column of times.
    pub fn since(self, column: &str) -> Result<Users> {
        require(self.frame(), USERS, &[column])?;
        let start = Some((column.to_owned(), Moments::new(self.frame(), USERS, column)?));
        let (frame, user) = (self.0.frame.clone(), self.0.user.clone());
        Ok(Users(Arc::new(Prepared { frame, user, index: self.0.index.clone(), start })))
    }

    /// Returns the collected frame, in its original order.
    pub fn frame(&self) -> &DataFrame {
        &self.0.frame
    }

    /// Returns how many users there are.
    pub fn len(&self) -> usize {
        self.0.frame.height()
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the name of the column of users.
    pub fn user_column(&self) -> &str {
        &self.0.user
    }

    /// Returns the column of users.
    pub(crate) fn ids(&self) -> Result<&Column> {
        Ok(self.frame().column(self.user_column())?)
    }

    pub(crate) fn index(&self) -> &Index {
        &self.0.index
    }

    /// Returns when each user started, on the calendar of the events.
    pub(crate) fn starts(&self, events: &Events) -> Result<Moments> {
        let Some((column, start)) = &self.0.start else {
            let accepted = "users whose start is known: `Users::new(…)?.since(\"signup_at\")?`";
            return Err(Error::config("users", "without a start", accepted));
        };
        start.beside(events.moments(), "the events' times are", USERS, column)
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} users by `{}`", self.len(), self.user_column())?;
        match &self.0.start {
            Some((column, _)) => write!(f, ", since `{column}`"),
            None => Ok(()),
        }
    }
}

impl Events {
    /// Finds each event's user in a frame of users: the row, or `u32::MAX` for one who is not there.
    ///
    /// # Errors
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) if one has whole numbers for users and the other texts.
    pub fn rows_in(&self, users: &Users) -> Result<Vec<u32>> {
        users.index().find_ids(EVENTS, self.user_column(), self.ids())
    }
}

/// What a metric takes as users: [`Users`], or a frame with the columns `user_id` and, where a start is needed,
/// `signup_at`, which is prepared for that one call.
pub trait UserSource {
    /// Returns the users, with the other columns requested.
    ///
    /// # Errors
    /// As [`Users::new`]; [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn) for one of those columns.
    fn users(&self, also: &[&str]) -> Result<Users>;

    /// Returns the users with their starts and all other columns.
    ///
    /// # Errors
    /// As [`users`](UserSource::users) and [`Users::since`].
    fn whole(&self) -> Result<Users>;

    /// Returns the users with their starts.
    ///
    /// # Errors
    /// As [`users`](UserSource::users) and [`Users::since`].
    fn started(&self, also: &[&str]) -> Result<Users>;
}

impl UserSource for Users {
    fn users(&self, also: &[&str]) -> Result<Users> {
        require(self.frame(), USERS, also)?;
        Ok(self.clone())
    }

    fn whole(&self) -> Result<Users> {
        Ok(self.clone())
    }

    fn started(&self, also: &[&str]) -> Result<Users> {
        self.users(also)
    }
}

impl<S: Source> UserSource for S {
    fn users(&self, also: &[&str]) -> Result<Users> {
        Users::of(fetch(self, USERS, &with(&[USER], also))?, USER)
    }

    fn whole(&self) -> Result<Users> {
        Users::new(self, USER)?.since(START)
    }

    fn started(&self, also: &[&str]) -> Result<Users> {
        Users::of(fetch(self, USERS, &with(&[USER, START], also))?, USER)?.since(START)
    }
}
