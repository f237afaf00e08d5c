//! What a person does, row by row.

use std::ops::Range;

use rand::RngExt;
use rand_distr::Distribution;
use rayon::prelude::*;

use super::config::{MODULES, TIERS, TYPES};
use super::life::{Checked, DAY, Kind, Person, Reason};
use super::market::{Mentor, Outcome, Settled};
use crate::cases::clock::one_after_the_other;
use crate::cases::draw::{chance, uniform};
use crate::stream::{Stream, stream};

/// Ids of a user's rows are `user_id` × one of these + a number, so that parts made on different machines never
/// collide. A user active all day for 120 months stays below both.
pub(super) const EVENTS_PER_USER: i64 = 1_000_000;
pub(super) const CONTACTS_PER_USER: i64 = 10_000;
/// The share of sessions that are rated.
const RATED: f64 = 0.3;
/// The share of calls that take place.
const HELD: f64 = 0.92;
/// Subscriptions are paid for this many days at a time.
const PERIOD: i32 = 30;

pub(super) struct Session {
    pub id: i64,
    /// Seconds since 1970-01-01, and seconds.
    pub start: i64,
    pub length: i64,
    pub path: u8,
    pub module: u8,
    pub mood: (i8, i8),
    pub rating: Option<i8>,
    pub progress: f64,
    pub asks: Option<Reason>,
}

impl Session {
    pub fn completes(&self) -> bool {
        self.progress > 1.0
    }

    pub fn ends(&self) -> i64 {
        self.start + self.length
    }
}

pub(super) struct User {
    pub person: Person,
    pub signed_up: i64,
    pub exposed: Option<i64>,
    /// The first day after the last one paid.
    pub unsubscribed: Option<i32>,
}

pub(super) struct Enrolment {
    pub id: i64,
    pub path: u8,
    pub at: i64,
    pub modules: i32,
    pub completed: Option<i64>,
}

pub(super) struct Ticket {
    pub event: i64,
    pub reason: Reason,
    pub opened: i64,
    pub answered: Option<i64>,
}

/// A call, or an exchange of messages.
pub(super) struct Contact {
    pub id: i64,
    pub mentor: u32,
    pub start: i64,
    /// When the mentor answered, or the call ended.
    pub answered: Option<i64>,
    pub rating: Option<i8>,
}

/// The rows of some users.
#[derive(Default)]
pub(super) struct Rows {
    pub users: Vec<User>,
    pub enrolments: Vec<Enrolment>,
    pub sessions: Vec<Session>,
    pub tickets: Vec<Ticket>,
    pub calls: Vec<Contact>,
    pub messages: Vec<Contact>,
    /// For each request: when mentor and mentee first talked.
    pub first_sessions: Vec<Option<i64>>,
}

impl Rows {
    /// Generates users in blocks, each on whichever thread is free, and joins them in order.
    pub fn new(checked: &Checked, outcome: &Outcome, ids: Range<u32>) -> Rows {
        const BLOCK: usize = 256;
        let settled = outcome.of(&ids);
        let blocks: Vec<Rows> = ids
            .into_par_iter()
            .fold_chunks(BLOCK, Rows::default, |mut rows, id| {
                let found = settled.binary_search_by_key(&id, |settled| settled.user);
                rows.push(checked, outcome, id, found.ok().map(|place| &settled[place]));
                rows
            })
            .collect();
        let mut all = Rows::default();
        all.sessions.reserve_exact(blocks.iter().map(|rows| rows.sessions.len()).sum());
        for block in blocks {
            all.users.extend(block.users);
            all.enrolments.extend(block.enrolments);
            all.sessions.extend(block.sessions);
            all.tickets.extend(block.tickets);
            all.calls.extend(block.calls);
            all.messages.extend(block.messages);
            all.first_sessions.extend(block.first_sessions);
        }
        all
    }

    fn push(&mut self, checked: &Checked, outcome: &Outcome, id: u32, settled: Option<&Settled>) {
        let person = checked.person(id);
        let mut rng = stream(checked.config.seed, "mentor session", u64::from(id));
        let rng = &mut rng;
        let matched = settled.and_then(|settled| settled.matched);
        let leaves = checked.leaves(&person, matched.map(|matched| matched.at));
        let from = self.sessions.len();
        if person.kind != Kind::Inactive {
            self.attend(checked, &person, (leaves / DAY) as i32, rng);
        }
        let first = self.sessions.get(from).map(|session| session.start);
        let signed_up = first.unwrap_or(i64::from(person.signup_day) * DAY + person.signup_second);
        self.learn(checked, &person, signed_up, from);
        let stays = leaves >= checked.end();
        self.ask(checked, &person, stays, from, rng);
        self.feel(from, rng);
        if let Some(settled) = settled {
            let mut rng = stream(checked.config.seed, "mentor contact", u64::from(id));
            let talked = self.talk(checked, &outcome.mentors, settled, &mut rng);
            self.first_sessions.push(talked);
        }
        let paid = ((leaves / DAY) as i32 - person.signup_day) / PERIOD + 1;
        let unsubscribed = person.signup_day + paid * PERIOD;
        self.users.push(User {
            signed_up,
            exposed: first.filter(|_| person.arm.is_some()),
            unsubscribed: (i64::from(unsubscribed) * DAY < checked.end()).then_some(unsubscribed),
            person,
        });
    }

    /// Draws sessions on the day of sign-up, on some days after it, and on the last day.
    fn attend(&mut self, checked: &Checked, person: &Person, last: i32, rng: &mut Stream) {
        let signup = person.signup_day - checked.first_day;
        let last = last - checked.first_day;
        let mut id = i64::from(person.id) * EVENTS_PER_USER;
        let mut drawn: Vec<(i64, i64, ())> = vec![];
        for day in signup..(last.saturating_add(1)).min(checked.days as i32) {
            let comes = chance(rng, checked.active[day as usize]);
            if !(comes || day == signup || day == last) {
                continue;
            }
            let midnight = (i64::from(checked.first_day) + i64::from(day)) * DAY;
            drawn.clear();
            for _ in 0..self.how_many(checked, person.kind, rng) {
                let minutes = checked.config.session_length.sample(rng);
                let second = (checked.config.clock.sample(rng) * 3_600.0) as i64;
                drawn.push((second, (minutes * 60.0).round() as i64, ()));
            }
            one_after_the_other(&mut drawn);
            for (second, length, ()) in &drawn {
                id += 1;
                self.sessions.push(Session {
                    id,
                    start: midnight + second,
                    length: *length,
                    path: 0,
                    module: 0,
                    mood: (0, 0),
                    rating: None,
                    progress: (checked.config.progress.sample(rng) * 1_000.0).round() / 1_000.0,
                    asks: None,
                });
            }
        }
    }

    fn how_many(&self, checked: &Checked, kind: Kind, rng: &mut Stream) -> u32 {
        match kind {
            Kind::Inactive => 0,
            Kind::Casual => 1,
            Kind::Frequent => 2,
            Kind::Power => {
                // Geometric with the mean asked for.
                let beyond = checked.config.activity.beyond_three;
                3 + (0..60).take_while(|_| chance(rng, beyond / (1.0 + beyond))).count() as u32
            }
        }
    }

    /// Takes one module after the other; after the last one, the path's next tier, then the next type.
    fn learn(&mut self, checked: &Checked, person: &Person, signed_up: i64, from: usize) {
        let mut id = i64::from(person.id) * CONTACTS_PER_USER + 1;
        let mut now =
            Enrolment { id, path: person.path, at: signed_up, modules: 0, completed: None };
        for session in &mut self.sessions[from..] {
            session.path = now.path;
            session.module = now.modules as u8 + 1;
            if !session.completes() {
                continue;
            }
            now.modules += 1;
            if now.modules == i32::from(MODULES[usize::from(now.path) % TIERS.len()]) {
                now.completed = Some(session.ends()).filter(|at| *at < checked.end());
                let paths = (TYPES.len() * TIERS.len()) as u8;
                let next = (now.path + 1) % paths;
                id += 1;
                let next =
                    Enrolment { id, path: next, at: session.ends(), modules: 0, completed: None };
                self.enrolments.push(std::mem::replace(&mut now, next));
            }
        }
        self.enrolments.push(now);
    }

    /// Draws questions to support. Most people who don't understand the path ask in one of their last three sessions,
    /// if they leave.
    fn ask(
        &mut self,
        checked: &Checked,
        person: &Person,
        stays: bool,
        from: usize,
        rng: &mut Stream,
    ) {
        let sessions = &mut self.sessions[from..];
        let (Some(reason), false) = (person.asks, sessions.is_empty()) else { return };
        let late = chance(rng, checked.config.support.late) && reason == Reason::Path && !stays;
        let place = match late {
            true => sessions.len() - 1 - rng.random_range(0..sessions.len().min(3)),
            false => rng.random_range(0..sessions.len()),
        };
        let asking = &mut sessions[place];
        asking.asks = Some(reason);
        let answered = asking.ends() + rng.random_range(30..48 * 60) * 60;
        self.tickets.push(Ticket {
            event: asking.id,
            reason,
            opened: asking.ends(),
            answered: (answered < checked.end()).then_some(answered),
        });
    }

    /// Draws moods and ratings. Mood before a session depends on nothing; it rises when a module is completed, falls
    /// with a question about the path, and varies at random. Ratings follow the mood after the session.
    fn feel(&mut self, from: usize, rng: &mut Stream) {
        for session in &mut self.sessions[from..] {
            let before = match uniform(rng) {
                drawn if drawn < 0.08 => 1,
                drawn if drawn < 0.30 => 2,
                drawn if drawn < 0.70 => 3,
                drawn if drawn < 0.92 => 4,
                _ => 5,
            };
            let shift = match uniform(rng) {
                drawn if drawn < 0.15 => -1,
                drawn if drawn < 0.75 => 0,
                _ => 1,
            };
            let lost = i8::from(session.asks == Some(Reason::Path));
            let after = (before + shift + i8::from(session.completes()) - 2 * lost).clamp(1, 5);
            let noise: i8 = rng.random_range(-1..=1);
            session.mood = (before, after);
            session.rating = chance(rng, RATED).then_some((after + noise).clamp(1, 5));
        }
    }

    /// Draws the calls or messages of a match until mentor and mentee part; returns when they first talked.
    fn talk(
        &mut self,
        checked: &Checked,
        mentors: &[Mentor],
        settled: &Settled,
        rng: &mut Stream,
    ) -> Option<i64> {
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
            Contact {
                id,
                mentor: matched.mentor + 1,
                start,
                answered,
                rating: rated.then_some(rating),
            }
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
                let call = contact(start, answered, rng);
                self.calls.push(call);
                start += 7 * DAY;
            }
        } else {
            let mut start = matched.at + rng.random_range(1..24) * 3_600;
            while start < until {
                let answered = Some(start + rng.random_range(30..24 * 60) * 60);
                let message = contact(start, answered, rng);
                self.messages.push(message);
                start += rng.random_range(2 * 24..=5 * 24) * 3_600;
            }
        }
        first
    }
}
