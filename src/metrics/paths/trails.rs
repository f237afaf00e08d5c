//! Every user's way, in order, cut into paths.

use polars::prelude::*;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::definition::{END, MOST_STATES, Paths, START};
use super::sessions::{begins, bounds, micros, observed};
use crate::error::{Error, Result};
use crate::events::{EventSource, Events, Grouped};
use crate::frame::{coded, full};
use crate::metrics::share_columns;

/// An event as a path sees it. Simultaneous ones are in order of their states.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Visit {
    at: i64,
    state: u32,
}

/// One path: its states, in order.
pub(super) struct Path<'p> {
    /// Whose it is, as a number.
    pub user: usize,
    pub states: &'p [u32],
    /// It may go on after what was observed.
    pub open: bool,
}

/// The events of all users, and the names of their states.
pub(super) struct Trails {
    pub events: Events,
    /// In rising order: the n-th is state n. The start comes after the last, and then the end.
    pub states: Vec<String>,
    visits: Grouped<Visit>,
    timeout: i64,
    /// The moment from which on nothing was observed; none if no path can be open.
    end: Option<i64>,
    merged: bool,
}

impl Paths {
    /// Reads the events.
    pub(super) fn trails(&self, events: &dyn EventSource) -> Result<Trails> {
        self.validate()?;
        let events = events.events(&[&self.state])?;
        let (codes, names) = coded(full(events.frame(), "events", &self.state)?)?;
        let states: Vec<String> = names.into_iter().flatten().collect();
        if let Some(taken) = states.iter().find(|state| [START, END].contains(&state.as_str())) {
            let problem =
                format!("holds \"{taken}\", which stands for an end of a path; rename it");
            return Err(Error::column("events", &self.state, problem));
        }
        let bounds = bounds(&events, self.window);
        let users = observed(&events, self.window, &bounds);
        let at = &events.moments().micros;
        let visits = Grouped::new(&users, events.numbered().count(), |row| Visit {
            at: at[row],
            state: codes[row],
        });
        let timeout = self.timeout.map(micros).transpose()?;
        let end = timeout.map(|_| bounds.end);
        let timeout = timeout.unwrap_or(i64::MAX);
        Ok(Trails { events, states, visits, timeout, end, merged: self.merged })
    }
}

impl Trails {
    /// Returns the number of the state before the first.
    pub fn start(&self) -> u32 {
        self.states.len() as u32
    }

    /// Returns the number of the state after the last.
    pub fn end(&self) -> u32 {
        self.start() + 1
    }

    /// Returns what a state is called.
    pub fn name(&self, state: u32) -> &str {
        match self.states.get(state as usize) {
            Some(name) => name,
            None if state == self.start() => START,
            None => END,
        }
    }

    /// Writes states one after the other.
    pub fn text(&self, states: &[u32]) -> String {
        let names: Vec<&str> = states.iter().map(|state| self.name(*state)).collect();
        names.join(" → ")
    }

    /// Checks that there are few enough states to count every transition.
    pub fn few_states(&self, column: &str) -> Result<()> {
        let found = self.states.len();
        if found > MOST_STATES {
            let problem = format!(
                "has {found} different values, and at most {MOST_STATES} can be compared; group them"
            );
            return Err(Error::column("events", column, problem));
        }
        Ok(())
    }

    /// Reads every path, user by user: one sort of each user's events, and one pass. What the threads found is put
    /// together by `merge`, whose order must not matter.
    pub fn fold<A: Send>(
        &mut self,
        new: impl Fn() -> A + Sync + Send,
        each: impl Fn(&mut A, &Path) + Sync + Send,
        merge: impl Fn(A, A) -> A + Sync + Send,
    ) -> A {
        let (timeout, end, merged) = (self.timeout, self.end, self.merged);
        let mut first = 0;
        let parts: Vec<_> = (self.visits.parts().into_iter())
            .map(|part| {
                let from = first;
                first += part.users();
                (from, part)
            })
            .collect();
        let mine = |mut found: A, (from, mut part): (usize, crate::events::Part<Visit>)| {
            let mut states = vec![];
            for user in 0..part.users() {
                let visits = part.of(user);
                if !visits.is_sorted() {
                    visits.sort_unstable();
                }
                let mut before: Option<Visit> = None;
                for (place, visit) in visits.iter().enumerate() {
                    let begun = begins(before.map(|before| before.at), visit.at, timeout);
                    if begun {
                        states.clear();
                    }
                    if begun || !merged || before.is_none_or(|one| one.state != visit.state) {
                        states.push(visit.state);
                    }
                    let next = visits.get(place + 1);
                    if next.is_none_or(|next| begins(Some(visit.at), next.at, timeout)) {
                        let until = visit.at.saturating_add(timeout);
                        let open = next.is_none() && end.is_some_and(|end| until >= end);
                        each(&mut found, &Path { user: from + user, states: &states, open });
                    }
                    before = Some(*visit);
                }
            }
            found
        };
        parts.into_par_iter().fold(&new, mine).reduce(&new, merge)
    }
}

impl Path<'_> {
    /// Reads the transitions, from the start on, and to the end if it was seen.
    pub fn transitions(&self, start: u32, end: u32, mut each: impl FnMut(u32, u32)) {
        let mut from = start;
        for state in self.states {
            each(from, *state);
            from = *state;
        }
        if !self.open {
            each(from, end);
        }
    }
}

/// Sequences of states, each with how often it was found.
pub(super) type Counts = FxHashMap<Vec<u32>, u64>;

/// Counts a sequence once more.
pub(super) fn count(counts: &mut Counts, states: &[u32]) {
    match counts.get_mut(states) {
        Some(count) => *count += 1,
        None => {
            counts.insert(states.to_vec(), 1);
        }
    }
}

/// Adds the smaller of two counts to the larger.
pub(super) fn add_counts(a: Counts, b: Counts) -> Counts {
    let (mut most, least) = if a.len() < b.len() { (b, a) } else { (a, b) };
    for (states, count) in least {
        *most.entry(states).or_default() += count;
    }
    most
}

/// Adds numbers place by place.
pub(super) fn add(mut a: Vec<i64>, b: Vec<i64>) -> Vec<i64> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
}

/// Columns `paths`, `of`, `share`, `low` and `high`.
pub(super) fn shares(paths: Vec<i64>, of: Vec<i64>) -> Vec<Column> {
    let known = |counts: &[i64]| counts.iter().copied().map(Some).collect::<Vec<_>>();
    let ends = share_columns(["share", "low", "high"], &known(&paths), &known(&of));
    let mut columns = vec![Column::new("paths".into(), paths), Column::new("of".into(), of)];
    columns.extend(ends);
    columns
}
