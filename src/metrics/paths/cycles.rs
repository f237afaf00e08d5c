//! Paths that come back to where they were.

use polars::prelude::*;
use rustc_hash::FxHashMap;

use super::definition::Paths;
use super::trails::shares;
use crate::error::Result;
use crate::events::EventSource;

/// How often a loop was gone through, in how many paths, and in which one last.
#[derive(Clone, Copy, Default)]
struct Seen {
    times: i64,
    paths: i64,
    last: u64,
}

/// What a thread has found.
#[derive(Default)]
struct Found {
    loops: FxHashMap<Vec<u32>, Seen>,
    paths: u64,
    /// The path so far, without its loops, and where in it each state stands.
    trail: Vec<u32>,
    places: Vec<Option<u32>>,
}

impl Found {
    /// Cuts each loop out of a path as it closes.
    fn path(&mut self, states: &[u32]) {
        self.paths += 1;
        for state in states {
            let Some(place) = self.places[*state as usize] else {
                self.places[*state as usize] = Some(self.trail.len() as u32);
                self.trail.push(*state);
                continue;
            };
            let place = place as usize;
            self.trail.push(*state);
            let closed = &self.trail[place..];
            let seen = match self.loops.get_mut(closed) {
                Some(seen) => seen,
                None => self.loops.entry(closed.to_vec()).or_default(),
            };
            seen.times += 1;
            if seen.last != self.paths {
                (seen.last, seen.paths) = (self.paths, seen.paths + 1);
            }
            for inner in self.trail.drain(place + 1..) {
                self.places[inner as usize] = None;
            }
            self.places[*state as usize] = Some(place as u32);
        }
        for state in self.trail.drain(..) {
            self.places[state as usize] = None;
        }
    }

    fn with(mut self, other: Found) -> Found {
        for (states, seen) in other.loops {
            let mine = self.loops.entry(states).or_default();
            mine.times += seen.times;
            mine.paths += seen.paths;
        }
        self.paths += other.paths;
        self
    }
}

impl Paths {
    /// Counts cycles: paths that return to a state, by the loop they go through.
    ///
    /// A loop is cut out of its path as it closes, so that each transition belongs to one loop at most and no loop has
    /// another in it: search, cart, cart, search is the loop cart, cart and the loop search, cart, search.
    ///
    /// Reads `events`: users, times and the column of states. Returns one row per loop that was seen, the most frequent
    /// first and equals by name: `path` (text: states with an arrow between, from a state to the same), `length` (i64:
    /// transitions; 1 stays where it is), `times` (i64), `paths` (i64: those with this loop), `of` (i64: all), `share`,
    /// `low`, `high` (f64: paths / of, 95% Wilson).
    ///
    /// # Errors
    /// The same as [`steps`](Paths::steps).
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let loops = paths::Paths::new("event").merged().cycles(&events)?;
    /// assert!(loops.column("length")?.i64()?.min() > Some(1));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn cycles(&self, events: &dyn EventSource) -> Result<DataFrame> {
        let mut trails = self.trails(events)?;
        let places = vec![None; trails.states.len()];
        let found = trails.fold(
            || Found { places: places.clone(), ..Found::default() },
            |found, path| found.path(path.states),
            Found::with,
        );
        let mut rows: Vec<(i64, String, i64, i64)> = found
            .loops
            .into_iter()
            .map(|(states, seen)| {
                (-seen.times, trails.text(&states), states.len() as i64 - 1, seen.paths)
            })
            .collect();
        rows.sort_unstable();
        let of = vec![found.paths as i64; rows.len()];
        let whole = |pick: fn(&(i64, String, i64, i64)) -> i64| rows.iter().map(pick).collect();
        let (lengths, times, paths): (Vec<i64>, Vec<i64>, Vec<i64>) =
            (whole(|row| row.2), whole(|row| -row.0), whole(|row| row.3));
        let mut columns = vec![
            Column::new("path".into(), rows.iter().map(|row| row.1.as_str()).collect::<Vec<_>>()),
            Column::new("length".into(), lengths),
            Column::new("times".into(), times),
        ];
        columns.extend(shares(paths, of));
        Ok(DataFrame::new_infer_height(columns)?)
    }
}
