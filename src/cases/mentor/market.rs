//! Who gets which mentor, and when: first come, first served, as mentors have capacity.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rand::RngExt;
use rayon::prelude::*;

use super::config::{TIERS, TYPES};
use super::life::{Checked, DAY, Person, Request};
use crate::cases::draw::{chance, uniform};
use crate::stream::stream;

/// How many hours a day a mentor can be called, from [`Mentor::hour`] on.
pub(super) const HOURS: u8 = 4;
/// Hours a mentor's clock is ahead of UTC.
const ZONES: [i32; 6] = [-8, -5, 0, 1, 5, 8];

/// A person who applied to be a mentor.
pub(super) struct Mentor {
    /// The first field, and the second if there is one.
    pub fields: (u8, Option<u8>),
    pub capacity: u32,
    pub price_cents: u32,
    /// Minutes ahead of UTC.
    pub utc_offset: i32,
    /// The first hour at which the mentor can be called, in UTC.
    pub hour: u8,
    /// Seconds since 1970-01-01.
    pub applied: i64,
    pub decided: i64,
    /// The vetting score, 0 to 100.
    pub score: u32,
    pub accepted: bool,
}

impl Mentor {
    fn new(checked: &Checked, id: u32) -> Mentor {
        let market = &checked.config.market;
        let mut rng = stream(checked.config.seed, "mentor mentor", u64::from(id));
        let rng = &mut rng;
        let field = rng.random_range(0..TYPES.len() as u8);
        let other = (field + rng.random_range(1..TYPES.len() as u8)) % TYPES.len() as u8;
        let two = chance(rng, market.two_fields);
        let zone = ZONES[rng.random_range(0..ZONES.len())];
        // Most mentors have a job: a few hours at lunch, more in the evening.
        let local = if chance(rng, 0.25) { 12 } else { rng.random_range(17..=20) };
        let start = i64::from(checked.first_day) * DAY;
        let applied = start - rng.random_range(40..120) * DAY + rng.random_range(8..20) * 3_600;
        let score = uniform(rng);
        Mentor {
            fields: (field, two.then_some(other)),
            capacity: rng.random_range(market.capacity.0..=market.capacity.1),
            // Whole dollars: nobody asks for 57.23.
            price_cents: rng.random_range(market.price_cents.0..=market.price_cents.1) / 100 * 100,
            utc_offset: 60 * zone,
            hour: (local - zone).rem_euclid(24) as u8,
            applied,
            decided: applied + rng.random_range(3..30) * DAY + rng.random_range(0..8) * 3_600,
            score: (score * 100.0) as u32,
            accepted: score >= 1.0 - market.accepted,
        }
    }

    /// Tells whether an hour of the day, in UTC, suits.
    pub fn suits(&self, hour: u8) -> bool {
        (hour + 24 - self.hour) % 24 < HOURS
    }
}

/// Returns everyone who applied.
pub(super) fn mentors(checked: &Checked) -> Vec<Mentor> {
    let ids = 1..=checked.config.market.mentors;
    ids.into_par_iter().map(|id| Mentor::new(checked, id)).collect()
}

/// What became of a request.
pub(super) struct Settled {
    pub user: u32,
    pub request: Request,
    /// The first path's type.
    pub field: u8,
    pub matched: Option<Match>,
    /// When the user left without a match.
    pub withdrawn: Option<i64>,
}

#[derive(Clone, Copy)]
pub(super) struct Match {
    /// The mentor's index.
    pub mentor: u32,
    pub at: i64,
    /// When the mentor has capacity again: after the weeks agreed, or when the user leaves.
    pub ends: i64,
    /// Whether it ends because the user leaves.
    pub left: bool,
}

/// The market as it turned out, up to the end of observation.
pub(super) struct Outcome {
    pub mentors: Vec<Mentor>,
    /// By user.
    pub requests: Vec<Settled>,
}

impl Outcome {
    pub fn new(checked: &Checked) -> Outcome {
        let mut rooms = Rooms::new(mentors(checked));
        // Nobody asks where nobody is offered a mentor.
        let users = if checked.config.offer.share > 0.0 { checked.config.users } else { 0 };
        let mut asked: Vec<Waiting> = (1..=users)
            .into_par_iter()
            .filter_map(|id| Waiting::new(checked, checked.person(id)))
            .collect();
        asked.sort_by_key(|waiting| waiting.request.at);

        let mut queues: [VecDeque<usize>; TYPES.len()] = Default::default();
        let mut leaving: BinaryHeap<Reverse<(i64, u32)>> = BinaryHeap::new();
        let mut next = 0;
        loop {
            let arrives = asked.get(next).map(|waiting| waiting.request.at);
            match (leaving.peek(), arrives) {
                // At the same moment, room is made before it is taken.
                (Some(Reverse((at, mentor))), arrives)
                    if *at < checked.end() && arrives.is_none_or(|arrives| *at <= arrives) =>
                {
                    let (at, mentor) = (*at, *mentor);
                    leaving.pop();
                    rooms.release(mentor);
                    if let Some(place) = longest_waiting(&rooms, mentor, &mut queues, &asked, at) {
                        rooms.take(mentor);
                        leaving.push(Reverse((asked[place].meet(checked, mentor, at), mentor)));
                    }
                }
                (_, Some(at)) => {
                    let waiting = &mut asked[next];
                    match rooms.choose(checked, waiting) {
                        Some(mentor) => {
                            rooms.take(mentor);
                            leaving.push(Reverse((waiting.meet(checked, mentor, at), mentor)));
                        }
                        None => queues[usize::from(waiting.field())].push_back(next),
                    }
                    next += 1;
                }
                _ => break,
            }
        }
        asked.sort_by_key(|waiting| waiting.person.id);
        let requests = asked.into_iter().map(|waiting| waiting.settled(checked)).collect();
        Outcome { mentors: rooms.mentors, requests }
    }

    /// Returns the requests of some users.
    pub fn of(&self, ids: &std::ops::Range<u32>) -> &[Settled] {
        let place = |id| self.requests.partition_point(|settled| settled.user < id);
        &self.requests[place(ids.start)..place(ids.end)]
    }
}

/// Returns the user who has waited longest for a mentor's fields and is still there; drops those who left.
fn longest_waiting(
    rooms: &Rooms,
    mentor: u32,
    queues: &mut [VecDeque<usize>; TYPES.len()],
    asked: &[Waiting],
    now: i64,
) -> Option<usize> {
    let (first, second) = rooms.mentors[mentor as usize].fields;
    let fields = [Some(first), second];
    for field in fields.into_iter().flatten() {
        let queue = &mut queues[usize::from(field)];
        while queue.front().is_some_and(|place| asked[*place].gives_up <= now) {
            queue.pop_front();
        }
    }
    // Requests are numbered in the order in which they came.
    let queue = fields
        .into_iter()
        .flatten()
        .min_by_key(|field| queues[usize::from(*field)].front().copied().unwrap_or(usize::MAX))?;
    queues[usize::from(queue)].pop_front()
}

/// A request that is waiting.
struct Waiting {
    person: Person,
    request: Request,
    /// When the user leaves if there is no match by then.
    gives_up: i64,
    matched: Option<Match>,
}

impl Waiting {
    fn new(checked: &Checked, person: Person) -> Option<Waiting> {
        let request = person.request?;
        let gives_up = checked.leaves(&person, None);
        Some(Waiting { person, request, gives_up, matched: None })
    }

    fn field(&self) -> u8 {
        self.person.path / TIERS.len() as u8
    }

    /// Records a match; returns when the mentor has capacity again.
    fn meet(&mut self, checked: &Checked, mentor: u32, now: i64) -> i64 {
        let at = now + self.request.processing;
        if at >= self.gives_up {
            return self.gives_up;
        }
        let leaves = checked.leaves(&self.person, Some(at));
        let agreed = at + i64::from(checked.config.market.weeks) * 7 * DAY;
        let ends = leaves.min(agreed);
        self.matched = Some(Match { mentor, at, ends, left: leaves <= agreed });
        ends
    }

    fn settled(self, checked: &Checked) -> Settled {
        let matched = self.matched.filter(|matched| matched.at < checked.end());
        let gone = matched.is_none() && self.gives_up < checked.end();
        Settled {
            user: self.person.id,
            request: self.request,
            field: self.field(),
            matched,
            withdrawn: gone.then_some(self.gives_up),
        }
    }
}

/// Which mentors have capacity, by field.
struct Rooms {
    mentors: Vec<Mentor>,
    mentees: Vec<u32>,
    free: [Vec<u32>; TYPES.len()],
    /// Each mentor's positions in the lists of the first and the second field.
    places: Vec<[usize; 2]>,
}

impl Rooms {
    fn new(mentors: Vec<Mentor>) -> Rooms {
        let mut rooms = Rooms {
            mentees: vec![0; mentors.len()],
            places: vec![[usize::MAX; 2]; mentors.len()],
            free: Default::default(),
            mentors,
        };
        for mentor in 0..rooms.mentors.len() {
            if rooms.mentors[mentor].accepted {
                rooms.enlist(mentor as u32);
            }
        }
        rooms
    }

    fn fields(&self, mentor: u32) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (first, second) = self.mentors[mentor as usize].fields;
        [Some(first), second].into_iter().flatten().map(usize::from).enumerate()
    }

    fn enlist(&mut self, mentor: u32) {
        for (which, field) in self.fields(mentor) {
            self.places[mentor as usize][which] = self.free[field].len();
            self.free[field].push(mentor);
        }
    }

    fn delist(&mut self, mentor: u32) {
        for (which, field) in self.fields(mentor) {
            let place = self.places[mentor as usize][which];
            self.free[field].swap_remove(place);
            if let Some(moved) = self.free[field].get(place).copied() {
                let (first, _) = self.mentors[moved as usize].fields;
                self.places[moved as usize][usize::from(usize::from(first) != field)] = place;
            }
        }
    }

    fn take(&mut self, mentor: u32) {
        self.mentees[mentor as usize] += 1;
        if self.mentees[mentor as usize] == self.mentors[mentor as usize].capacity {
            self.delist(mentor);
        }
    }

    fn release(&mut self, mentor: u32) {
        if self.mentees[mentor as usize] == self.mentors[mentor as usize].capacity {
            self.enlist(mentor);
        }
        self.mentees[mentor as usize] -= 1;
    }

    /// Picks the best of a few random mentors with capacity: first by whether the hour suits, then by score. So good
    /// mentors are busy, and others idle.
    fn choose(&self, checked: &Checked, waiting: &Waiting) -> Option<u32> {
        let free = &self.free[usize::from(waiting.field())];
        if free.is_empty() {
            return None;
        }
        let user = u64::from(waiting.person.id);
        let mut rng = stream(checked.config.seed, "mentor shortlist", user);
        let shown =
            (0..checked.config.market.shortlist).map(|_| free[rng.random_range(0..free.len())]);
        shown.max_by_key(|mentor| {
            let found = &self.mentors[*mentor as usize];
            (found.suits(waiting.request.hour), found.score, Reverse(*mentor))
        })
    }
}
