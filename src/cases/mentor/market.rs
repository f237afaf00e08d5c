//! Who gets which mentor, and when: first come, first served, as mentors have capacity.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rayon::prelude::*;

use super::checked::Checked;
use super::config::TYPES;
use super::mentors::{Mentor, mentors};
use super::person::{DAY, Person, Request};
use super::rooms::{Chosen, Rooms};

/// What became of a request.
pub(super) struct Settled {
    pub user: u32,
    pub request: Request,
    /// The first path's type.
    pub field: u8,
    /// What the user says half an hour is worth, in US cents.
    pub stated: i64,
    pub matched: Option<Match>,
    /// When the user left without a match, or gave up.
    pub withdrawn: Option<i64>,
}

#[derive(Clone, Copy)]
pub(super) struct Match {
    /// The mentor's index.
    pub mentor: u32,
    pub at: i64,
    /// Multiplies the hazard from then on.
    pub ratio: f64,
    /// When the mentor has capacity again: after the weeks agreed, or when the user leaves.
    pub ends: i64,
    /// Whether it ends because the user leaves.
    pub left: bool,
}

impl Match {
    /// Returns what changes the user's fate.
    pub fn event(&self) -> (i64, f64) {
        (self.at, self.ratio)
    }
}

/// The market as it turned out, up to the end of observation.
pub(super) struct Outcome {
    pub mentors: Vec<Mentor>,
    /// By user.
    pub requests: Vec<Settled>,
}

impl Outcome {
    pub fn new(checked: &Checked) -> Outcome {
        // Nobody asks where nobody is offered a mentor.
        let offered = checked.config.offer.share > 0.0 || !checked.done.is_empty();
        let users = if offered { checked.config.users } else { 0 };
        let people = (1..=users).into_par_iter().map(|id| checked.person(id));
        let asking: Vec<Person> = people.filter(|person| person.request.is_some()).collect();
        Outcome::settle(checked, mentors(checked), &asking)
    }

    /// Matches the requests of some people.
    pub fn settle(checked: &Checked, mentors: Vec<Mentor>, asking: &[Person]) -> Outcome {
        let mut asked: Vec<Waiting> =
            asking.iter().filter_map(|person| Waiting::new(checked, *person)).collect();
        asked.sort_by_key(|waiting| (waiting.request.at, waiting.person.id));
        let mut floor = Floor {
            checked,
            rooms: Rooms::new(mentors),
            queues: Default::default(),
            leaving: BinaryHeap::new(),
            asked,
        };
        floor.run();
        let Floor { rooms, mut asked, .. } = floor;
        asked.sort_by_key(|waiting| waiting.person.id);
        let requests = asked.into_iter().map(|waiting| waiting.settled(checked)).collect();
        Outcome { mentors: rooms.mentors, requests }
    }

    /// Returns the requests of some users.
    pub fn of(&self, ids: &std::ops::Range<u32>) -> &[Settled] {
        let place = |id| self.requests.partition_point(|settled| settled.user < id);
        &self.requests[place(ids.start)..place(ids.end)]
    }

    /// Returns the match of a user.
    pub fn matched(&self, user: u32) -> Option<&Settled> {
        let found = self.requests.binary_search_by_key(&user, |settled| settled.user);
        found.ok().map(|place| &self.requests[place]).filter(|settled| settled.matched.is_some())
    }
}

/// The market on a day: who is free, and who waits.
struct Floor<'c> {
    checked: &'c Checked<'c>,
    rooms: Rooms,
    /// By field, the places of those who wait in the list of all who ask.
    queues: [VecDeque<usize>; TYPES.len()],
    /// When a mentor has capacity again.
    leaving: BinaryHeap<Reverse<(i64, u32)>>,
    /// In the order in which they ask.
    asked: Vec<Waiting>,
}

impl Floor<'_> {
    fn run(&mut self) {
        let mut opens = self.checked.vetting_dropped();
        let mut next = 0;
        loop {
            let arrives = self.asked.get(next).map(|waiting| waiting.request.at);
            let leaves = self.leaving.peek().map(|Reverse((at, _))| *at);
            let leaves = leaves.filter(|at| *at < self.checked.end());
            // At the same moment, room is made before it is taken.
            let Some(now) = [leaves, arrives].into_iter().flatten().min() else { break };
            if let Some(at) = opens.filter(|at| *at <= now) {
                opens = None;
                for mentor in self.rooms.open() {
                    while self.rooms.has_room(mentor) && self.serve(mentor, at) {}
                }
                continue;
            }
            if leaves == Some(now)
                && let Some(Reverse((at, mentor))) = self.leaving.pop()
            {
                self.rooms.release(mentor);
                self.serve(mentor, at);
                continue;
            }
            let waiting = &self.asked[next];
            match self.rooms.choose(self.checked, &waiting.person, &waiting.request) {
                Chosen::Mentor(mentor) => self.meet(next, mentor, now),
                Chosen::Full => self.queues[usize::from(waiting.person.field())].push_back(next),
                Chosen::TooExpensive => self.asked[next].refused = Some(now),
            }
            next += 1;
        }
    }

    fn meet(&mut self, place: usize, mentor: u32, now: i64) {
        self.rooms.take(mentor);
        let score = self.rooms.mentors[mentor as usize].score;
        let ends = self.asked[place].meet(self.checked, mentor, score, now);
        self.leaving.push(Reverse((ends, mentor)));
    }

    /// Gives a place with a mentor to the user who has waited longest and takes it; tells whether somebody does.
    fn serve(&mut self, mentor: u32, now: i64) -> bool {
        while let Some(place) = self.longest_waiting(mentor, now) {
            let waiting = &mut self.asked[place];
            if self.rooms.pays(&waiting.person, &waiting.request, mentor) {
                self.meet(place, mentor, now);
                return true;
            }
            waiting.refused = Some(now);
        }
        false
    }

    /// Returns the user who has waited longest for a mentor's fields and is still there; drops those who left.
    fn longest_waiting(&mut self, mentor: u32, now: i64) -> Option<usize> {
        let (first, second) = self.rooms.mentors[mentor as usize].fields;
        let fields = [Some(first), second];
        for field in fields.into_iter().flatten() {
            let queue = &mut self.queues[usize::from(field)];
            while queue.front().is_some_and(|place| self.asked[*place].gives_up <= now) {
                queue.pop_front();
            }
        }
        // Requests are numbered in the order in which they came.
        let first =
            |field: &u8| self.queues[usize::from(*field)].front().copied().unwrap_or(usize::MAX);
        let queue = fields.into_iter().flatten().min_by_key(first)?;
        self.queues[usize::from(queue)].pop_front()
    }
}

/// A request that is waiting.
struct Waiting {
    person: Person,
    request: Request,
    /// When the user leaves if there is no match by then.
    gives_up: i64,
    /// When the user found every mentor too expensive.
    refused: Option<i64>,
    matched: Option<Match>,
}

impl Waiting {
    fn new(checked: &Checked, person: Person) -> Option<Waiting> {
        let request = person.request?;
        let gives_up = checked.leaves(&person);
        Some(Waiting { person, request, gives_up, refused: None, matched: None })
    }

    /// Records a match; returns when the mentor has capacity again.
    fn meet(&mut self, checked: &Checked, mentor: u32, score: u32, now: i64) -> i64 {
        let at = now + self.request.processing;
        if at >= self.gives_up {
            return self.gives_up;
        }
        let ratio = checked.ratio(&self.person, self.request.calls, score);
        let leaves = checked.fate(&self.person, Some((at, ratio))).leaves;
        let agreed = at + i64::from(checked.config.market.weeks) * 7 * DAY;
        let ends = leaves.min(agreed);
        self.matched = Some(Match { mentor, at, ratio, ends, left: leaves <= agreed });
        ends
    }

    fn settled(self, checked: &Checked) -> Settled {
        let end = checked.end();
        let matched = self.matched.filter(|matched| matched.at < end);
        let gone = self.refused.unwrap_or(self.gives_up);
        Settled {
            user: self.person.id,
            request: self.request,
            field: self.person.field(),
            stated: checked.config.willingness.stated(self.person.willing),
            matched,
            withdrawn: (matched.is_none() && gone < end).then_some(gone),
        }
    }
}
