//! How mentor and mentee talk: the calls or messages of a match.

use rand::RngExt;

use super::checked::{Checked, Purpose};
use super::market::Settled;
use super::mentors::Mentor;
use super::person::{DAY, Person};
use crate::cases::draw::chance;
use crate::stream::Stream;

/// Ids of a user's calls, messages and enrolments are `user_id` × this + a number. Nobody has more in 120 months.
pub(super) const CONTACTS_PER_USER: i64 = 10_000;
/// The share of calls that take place.
const HELD: f64 = 0.92;

/// A call, or an exchange of messages.
pub(super) struct Contact {
    pub id: i64,
    pub mentor: u32,
    pub start: i64,
    /// When the mentor answered, or the call ended.
    pub answered: Option<i64>,
    pub rating: Option<i8>,
}

/// Draws the calls or messages of a match until mentor and mentee part, and gives each with whether it is a call; returns when
/// they first talked.
pub(super) fn contacts(
    checked: &Checked,
    mentors: &[Mentor],
    person: &Person,
    settled: &Settled,
    mut give: impl FnMut(Contact, bool),
) -> Option<i64> {
    let mut rng = checked.stream(Purpose::Contact, person);
    let rng = &mut rng;
    let matched = settled.matched?;
    let mentor = &mentors[matched.mentor as usize];
    let until = matched.ends.min(checked.end());
    let mut id = i64::from(settled.user) * CONTACTS_PER_USER;
    let mut first = None;
    let mut contact = |start: i64, answered: Option<i64>, rng: &mut Stream| {
        id += 1;
        let answered = answered.filter(|at| *at < checked.end());
        first = first.or(answered.map(|_| start));
        let noise = rng.random_range(-1..=1_i8);
        let rating = (3 + (mentor.score / 60) as i8 + noise).clamp(1, 5);
        let rated = chance(rng, 0.7) && answered.is_some();
        Contact { id, mentor: matched.mentor + 1, start, answered, rating: rated.then_some(rating) }
    };
    if settled.request.calls {
        let suits = mentor.suits(settled.request.hour);
        // Who shares no hour takes longer to find one.
        let days = if suits { rng.random_range(1..=6) } else { rng.random_range(7..=13) };
        let hour = settled.request.at.rem_euclid(DAY) / 3_600;
        let mut start = (matched.at / DAY + days) * DAY + hour * 3_600;
        while start < until {
            let minutes = rng.random_range(20..=40);
            let answered = chance(rng, HELD).then_some(start + 60 * minutes);
            give(contact(start, answered, rng), true);
            start += 7 * DAY;
        }
    } else {
        let mut start = matched.at + rng.random_range(1..24) * 3_600;
        while start < until {
            let answered = Some(start + rng.random_range(30..24 * 60) * 60);
            give(contact(start, answered, rng), false);
            start += rng.random_range(2 * 24..=5 * 24) * 3_600;
        }
    }
    first
}
