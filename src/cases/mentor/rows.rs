//! What a person does, row by row.

use std::ops::Range;

use rand::RngExt;
use rayon::prelude::*;

use super::checked::{Checked, Purpose};
use super::config::{MODULES, TIERS, TYPES};
use super::contacts::{CONTACTS_PER_USER, Contact, contacts};
use super::fate::Fate;
use super::market::{Outcome, Settled};
use super::person::{DAY, Kind, Person};
use super::question::Reason;
use crate::cases::draw::{chance, uniform};
use crate::stream::Stream;

/// Ids of a user's sessions are `user_id` × this + a number, so that parts made on different machines never
/// collide. A user active all day for 120 months stays below it.
pub(super) const EVENTS_PER_USER: i64 = 1_000_000;
/// The share of sessions that are rated.
const RATED: f64 = 0.3;
/// Subscriptions are paid for this many days at a time.
pub(super) const PERIOD: i32 = 30;

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
        // Who has not signed up yet is not seen.
        if i64::from(person.signup_day) * DAY >= checked.end() {
            return;
        }
        let matched = settled.and_then(|settled| settled.matched);
        let fate = checked.fate(&person, matched.map(|matched| matched.event()));
        let from = self.sessions.len();
        if person.kind != Kind::Inactive {
            self.attend(checked, &person, (fate.leaves / DAY) as i32);
        }
        let first = self.sessions.get(from).map(|session| session.start);
        let signed_up = first.unwrap_or(i64::from(person.signup_day) * DAY + person.signup_second);
        self.learn(checked, &person, signed_up, from);
        self.ask(checked, &person, &fate, from);
        self.feel(from, &mut checked.stream(Purpose::Mood, &person));
        if let Some(settled) = settled {
            let talked = contacts(checked, &outcome.mentors, &person, settled, |contact, call| {
                if call { &mut self.calls } else { &mut self.messages }.push(contact);
            });
            self.first_sessions.push(talked);
        }
        let paid = payments(&person, &fate);
        let unsubscribed = person.signup_day + paid as i32 * PERIOD;
        self.users.push(User {
            signed_up,
            exposed: first.filter(|_| person.arm.is_some()),
            unsubscribed: (i64::from(unsubscribed) * DAY < checked.end()).then_some(unsubscribed),
            person,
        });
    }

    /// Draws sessions on the day of sign-up, on some days after it, and on the last day.
    fn attend(&mut self, checked: &Checked, person: &Person, last: i32) {
        let mut rng = checked.stream(Purpose::Session, person);
        let signup = person.signup_day - checked.first_day;
        let last = last - checked.first_day;
        let mut id = i64::from(person.id) * EVENTS_PER_USER;
        for day in signup..(last.saturating_add(1)).min(checked.observed as i32) {
            let must = day == signup || day == last;
            let midnight = (i64::from(checked.first_day) + i64::from(day)) * DAY;
            checked.visit(person.kind, day as usize, must, &mut rng, |visit| {
                id += 1;
                self.sessions.push(Session {
                    id,
                    start: midnight + visit.second,
                    length: visit.length,
                    path: 0,
                    module: 0,
                    mood: (0, 0),
                    rating: None,
                    progress: visit.progress,
                    asks: None,
                });
            });
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

    /// Records a question to support: with the last session that began before it.
    fn ask(&mut self, checked: &Checked, person: &Person, fate: &Fate, from: usize) {
        let (Some(question), Some(at)) = (person.question, fate.asks) else { return };
        let sessions = &mut self.sessions[from..];
        let before = sessions.partition_point(|session| session.start <= at).max(1) - 1;
        let Some(session) = sessions.get_mut(before).filter(|_| at < checked.end()) else { return };
        session.asks = Some(question.reason);
        let answered = at + question.answer;
        self.tickets.push(Ticket {
            event: session.id,
            reason: question.reason,
            opened: at.max(session.start),
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
}

/// Returns for how many periods a subscriber pays.
pub(super) fn payments(person: &Person, fate: &Fate) -> i64 {
    (fate.leaves / DAY - i64::from(person.signup_day)) / i64::from(PERIOD) + 1
}
