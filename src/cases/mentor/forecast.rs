//! Who will be matched, as an analyst works it out: requests like those seen, one after the other, on the mentors who are free then.
//!
//! A formula from places and turns would do where the school pays. Where mentees pay, the few mentors they would pay for are taken
//! first, and the others are too expensive.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rand::RngExt;

use super::config::TYPES;
use super::estimate::Estimates;
use super::evidence::{Applied, Asked};
use crate::cases::draw::{chance, uniform};
use crate::stream::Stream;

/// A match that is expected.
pub(super) struct Expected {
    /// Days after the decision.
    pub at: f64,
    pub calls: bool,
    /// The mentor's price of half an hour, in US dollars.
    pub price: f64,
}

/// A request on its way.
struct Waiting {
    field: usize,
    calls: bool,
    /// The most that would be paid, in US dollars; infinite if the school pays.
    most: f64,
    gives_up: f64,
    /// Whether it was made after the decision.
    new: bool,
}

/// The mentors on a day.
struct Floor<'f> {
    mentors: &'f [Applied],
    open: Vec<bool>,
    taken: Vec<f64>,
    /// By field, the mentors who have room, in their own order: looking through all for each request took most of the time.
    free: [Vec<usize>; TYPES.len()],
    /// When a mentor has room again, in seconds after the decision.
    leaving: BinaryHeap<Reverse<(i64, usize)>>,
    queues: [VecDeque<Waiting>; TYPES.len()],
    lasts: Vec<f64>,
    longest: f64,
    shortlist: u32,
    matches: Vec<Expected>,
}

const DAY: f64 = 86_400.0;

impl Floor<'_> {
    fn free(&self, mentor: usize) -> bool {
        self.open[mentor] && self.taken[mentor] < self.mentors[mentor].capacity
    }

    /// Counts a mentee more, or less.
    fn count(&mut self, mentor: usize, mentees: f64) {
        self.taken[mentor] += mentees;
        self.list(mentor);
    }

    /// Puts a mentor on the lists of those with room, or takes them off.
    fn list(&mut self, mentor: usize) {
        let free = self.free(mentor);
        for field in &self.mentors[mentor].fields {
            let listed = &mut self.free[*field];
            match listed.binary_search(&mentor) {
                Ok(place) if !free => _ = listed.remove(place),
                Err(place) if free => listed.insert(place, mentor),
                _ => {}
            }
        }
    }

    fn lasts(&self, rng: &mut Stream) -> f64 {
        match self.lasts.len() {
            0 => self.longest,
            n => self.lasts[rng.random_range(0..n)],
        }
    }

    fn take(&mut self, mentor: usize, at: f64, request: &Waiting, rng: &mut Stream) {
        self.count(mentor, 1.0);
        // A day to arrange it.
        let until = at + 1.0 + self.lasts(rng);
        self.leaving.push(Reverse(((until * DAY) as i64, mentor)));
        if request.new {
            let price = self.mentors[mentor].price;
            self.matches.push(Expected { at, calls: request.calls, price });
        }
    }

    /// Lets those go whose matches end by a day, and gives their places to those who have waited longest.
    fn go_on(&mut self, now: f64, rng: &mut Stream) {
        while let Some(Reverse((at, mentor))) = self.leaving.peek().copied() {
            if at as f64 > now * DAY {
                break;
            }
            self.leaving.pop();
            self.count(mentor, -1.0);
            let at = at as f64 / DAY;
            for field in self.mentors[mentor].fields.clone() {
                while self.free(mentor)
                    && let Some(request) = self.queues[field].pop_front()
                {
                    if request.gives_up > at && request.most >= self.mentors[mentor].price {
                        self.take(mentor, at, &request, rng);
                    }
                }
            }
        }
    }

    /// Shows a request some free mentors; it gets the best of those it would pay for.
    fn ask(&mut self, at: f64, request: Waiting, rng: &mut Stream) {
        let free = &self.free[request.field];
        if free.is_empty() {
            self.queues[request.field].push_back(request);
            return;
        }
        let shown = (0..self.shortlist).map(|_| free[rng.random_range(0..free.len())]);
        let paid = shown.filter(|one| self.mentors[*one].price <= request.most);
        let score = |one: &usize| self.mentors[*one].score;
        if let Some(mentor) = paid.max_by(|one, other| score(one).total_cmp(&score(other))) {
            self.take(mentor, at, &request, rng);
        }
    }
}

/// How a request is made of one that was seen: whether by calls, and the most that would be paid.
pub(super) type Ask<'a> = &'a dyn Fn(&Asked) -> (bool, f64);

impl Estimates<'_> {
    /// Draws the matches of those who sign up on some days after the decision, if so many of them ask.
    pub(super) fn matches(
        &self,
        arrivals: &[f64],
        each: f64,
        vetted: bool,
        ask: Ask,
        rng: &mut Stream,
    ) -> Vec<Expected> {
        let now = self.evidence.now;
        let requests = self.requests();
        let mentors = &self.evidence.mentors;
        let lasts = requests.iter().filter_map(|one| {
            let matched = one.matched.filter(|matched| matched.at + self.evidence.longest < now)?;
            Some(matched.ended? - matched.at)
        });
        let mut floor = Floor {
            mentors,
            open: mentors.iter().map(|one| one.accepted || !vetted).collect(),
            taken: vec![0.0; mentors.len()],
            free: Default::default(),
            leaving: BinaryHeap::new(),
            queues: Default::default(),
            lasts: lasts.collect(),
            longest: self.evidence.longest,
            shortlist: self.evidence.shortlist,
            matches: vec![],
        };
        (0..mentors.len()).for_each(|mentor| floor.list(mentor));
        let gives_up = self.gives_up();
        let patience = |rng: &mut Stream| -(1.0 - uniform(rng)).ln() / gives_up;
        // Those who are there on the day of the decision.
        for one in &requests {
            match one.matched {
                Some(matched) if matched.ended.is_none() => {
                    let been = now - matched.at;
                    let whole = (0..50).map(|_| floor.lasts(rng)).find(|days| *days > been);
                    let left = whole.unwrap_or(floor.longest).max(been) - been;
                    floor.count(matched.mentor, 1.0);
                    floor.leaving.push(Reverse(((left * DAY) as i64, matched.mentor)));
                }
                None if one.withdrawn.is_none() => {
                    let (most, new) = (f64::INFINITY, false);
                    let gives_up = patience(rng);
                    let request =
                        Waiting { field: one.field, calls: one.calls, most, gives_up, new };
                    floor.queues[one.field].push_back(request);
                }
                _ => {}
            }
        }
        let mut asking = vec![];
        for arrives in arrivals {
            if chance(rng, each) {
                asking.push(arrives + self.asks_after(rng));
            }
        }
        asking.retain(|at| *at < self.evidence.horizon);
        asking.sort_by(f64::total_cmp);
        for at in asking {
            if requests.is_empty() {
                break;
            }
            floor.go_on(at, rng);
            let like = requests[rng.random_range(0..requests.len())];
            let (calls, most) = ask(like);
            let gives_up = at + patience(rng);
            floor.ask(at, Waiting { field: like.field, calls, most, gives_up, new: true }, rng);
        }
        floor.go_on(self.evidence.horizon, rng);
        floor.matches
    }
}
