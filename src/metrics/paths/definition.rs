//! What a path is.

use chrono::TimeDelta;

use super::sessions::micros;
use crate::error::{Error, Result};
use crate::events::Window;

/// The state before a path's first event.
pub const START: &str = "(start)";
/// The state after a path's last event.
pub const END: &str = "(end)";
/// The most states of which every transition is counted.
pub const MOST_STATES: usize = 1_000;
/// The most steps of a path that are told apart.
pub const MOST_STEPS: usize = 100;

/// What a path is: a column of states, and when one path ends and another begins. See the [module](super) for what
/// counts.
#[derive(Debug, Clone)]
pub struct Paths {
    pub(super) state: String,
    pub(super) timeout: Option<TimeDelta>,
    pub(super) window: Window,
    pub(super) merged: bool,
}

impl Paths {
    /// Creates paths through the values of a column: `event`, a page, a screen. Each user has one path.
    pub fn new(state: &str) -> Paths {
        Paths { state: state.to_owned(), timeout: None, window: Window::default(), merged: false }
    }

    /// Ends a path where its user is silent for longer than this: each session is a path.
    pub fn timeout(mut self, timeout: TimeDelta) -> Paths {
        self.timeout = Some(timeout);
        self
    }

    /// Leaves out events outside the window. Sessions that may have gone on after it are open.
    pub fn window(mut self, window: Window) -> Paths {
        self.window = window;
        self
    }

    /// Counts a state that repeats at once as one: visit, visit, cart is visit, cart.
    pub fn merged(mut self) -> Paths {
        self.merged = true;
        self
    }

    /// Checks that the timeout is not below 0.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the field.
    pub fn validate(&self) -> Result<()> {
        self.timeout.map_or(Ok(()), |timeout| micros(timeout).map(|_| ()))
    }
}

/// Checks a number of steps.
pub(super) fn few_steps(steps: usize) -> Result<()> {
    match (1..=MOST_STEPS).contains(&steps) {
        true => Ok(()),
        false => Err(Error::config("steps", steps, format!("1 to {MOST_STEPS}"))),
    }
}
