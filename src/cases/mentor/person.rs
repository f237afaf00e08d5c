//! One person, and the request for a mentor they make.

use super::config::TIERS;
use super::question::Question;

pub(super) const DAY: i64 = 86_400;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Inactive,
    Casual,
    Frequent,
    Power,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Inactive => "inactive",
            Kind::Casual => "casual",
            Kind::Frequent => "frequent",
            Kind::Power => "power",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arm {
    Control,
    Offered,
}

impl Arm {
    pub fn name(self) -> &'static str {
        match self {
            Arm::Control => "control",
            Arm::Offered => "offered",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    pub id: u32,
    /// Whether the sign-up was drawn again, in a future.
    pub again: bool,
    pub age: u8,
    pub woman: bool,
    /// The index in the config's list.
    pub country: usize,
    /// The first path, from 0: type × 3 + tier.
    pub path: u8,
    pub kind: Kind,
    pub pays: bool,
    /// Days since 1970-01-01.
    pub signup_day: i32,
    /// The second of that day, for people without a session; others sign up with their first.
    pub signup_second: i64,
    /// What makes people stay, and ask for mentors.
    pub drive: f64,
    /// The cumulative hazard, for a multiplier of 1, at which the person leaves.
    pub threshold: f64,
    /// A number from 0 to below 1: whoever has a lower one than the share offered a mentor is offered one.
    pub offer: f64,
    /// None if the experiment was not running.
    pub arm: Option<Arm>,
    /// None for those who never come.
    pub question: Option<Question>,
    /// From when on they are reminded, in seconds since 1970-01-01.
    pub reminded: Option<i64>,
    /// What they would pay for half an hour of a mentor, in US cents.
    pub willing: u32,
    /// The request they would make if they were offered a mentor, and still there.
    pub wish: Option<Request>,
    pub request: Option<Request>,
}

impl Person {
    /// Returns the type of the first path.
    pub fn field(&self) -> u8 {
        self.path / TIERS.len() as u8
    }

    /// Returns the tier of the first path.
    pub fn tier(&self) -> usize {
        usize::from(self.path) % TIERS.len()
    }
}

/// A request for a mentor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    /// Seconds since 1970-01-01.
    pub at: i64,
    /// The hour that suits, in UTC.
    pub hour: u8,
    /// Seconds from finding a mentor to the match.
    pub processing: i64,
    /// A weekly call; otherwise messages.
    pub calls: bool,
    /// The share that the school keeps of what the mentee pays; none if the school pays.
    pub commission: Option<f64>,
}
