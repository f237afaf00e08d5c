//! Whole paths: how they begin, how they end.

use polars::prelude::*;

use super::definition::{Paths, few_steps};
use super::trails::{Counts, Trails, add_counts, count, shares};
use crate::error::{Error, Result};
use crate::events::EventSource;

impl Paths {
    /// Counts how paths begin: their first states, up to so many.
    ///
    /// Reads `events`: users, times and the column of states. Returns one row per beginning that was seen, the most
    /// frequent first and equals by name: `path` (text: states with an arrow between; a shorter path has
    /// [`END`](super::END) last), `length` (i64: states), `paths` (i64), `of` (i64: all whose beginning was observed),
    /// `share`, `low`, `high` (f64: paths / of, 95% Wilson). A shorter path that is open is left out.
    ///
    /// # Errors
    /// The same as [`steps`](Paths::steps).
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let visits = paths::Paths::new("event").timeout(chrono::TimeDelta::minutes(30));
    /// let frequent = visits.counts(&events, 3)?;
    /// assert!(frequent.column("paths")?.i64()?.get(0) >= frequent.column("paths")?.i64()?.get(1));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn counts(&self, events: &dyn EventSource, steps: usize) -> Result<DataFrame> {
        few_steps(steps)?;
        let mut trails = self.trails(events)?;
        let end = trails.end();
        let counts = trails.fold(
            || (Counts::default(), vec![]),
            |(counts, whole), path| {
                if let Some(first) = path.states.get(..steps) {
                    count(counts, first);
                } else if !path.open {
                    whole.clear();
                    whole.extend_from_slice(path.states);
                    whole.push(end);
                    count(counts, whole);
                }
            },
            |a, b| (add_counts(a.0, b.0), a.1),
        );
        listed(&trails, counts.0)
    }

    /// Counts what comes before silence: the last states, up to so many, of each session that is over.
    ///
    /// Reads `events`: users, times and the column of states. Returns one row per ending that was seen, the most frequent
    /// first and equals by name: `path` (text: states with an arrow between; a shorter path has [`START`](super::START)
    /// first), `length` (i64: states), `paths` (i64), `of` (i64: all sessions that are over), `share`, `low`, `high`
    /// (f64: paths / of, 95% Wilson). The silence is the [timeout](Paths::timeout): for users who don't come back within a
    /// month, set one of a month.
    ///
    /// # Errors
    /// The same as [`steps`](Paths::steps), and without a timeout: that the data end is no silence.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let gone = paths::Paths::new("event").timeout(chrono::TimeDelta::days(14));
    /// let last = gone.drop_offs(&events, 2)?;
    /// assert!(last.column("share")?.f64()?.max() <= Some(1.0));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn drop_offs(&self, events: &dyn EventSource, steps: usize) -> Result<DataFrame> {
        few_steps(steps)?;
        if self.timeout.is_none() {
            let accepted = "the silence that counts: `Paths::new(…).timeout(…)`";
            return Err(Error::config("timeout", "none", accepted));
        }
        let mut trails = self.trails(events)?;
        let start = trails.start();
        let counts = trails.fold(
            || (Counts::default(), vec![]),
            |(counts, whole), path| {
                if path.open {
                    return;
                }
                match path.states.len().checked_sub(steps) {
                    Some(from) => count(counts, &path.states[from..]),
                    None => {
                        whole.clear();
                        whole.push(start);
                        whole.extend_from_slice(path.states);
                        count(counts, whole);
                    }
                }
            },
            |a, b| (add_counts(a.0, b.0), a.1),
        );
        listed(&trails, counts.0)
    }
}

/// Lists sequences, the most frequent first.
fn listed(trails: &Trails, counts: Counts) -> Result<DataFrame> {
    let all: i64 = counts.values().map(|count| *count as i64).sum();
    let inner = |state: &&u32| (**state as usize) < trails.states.len();
    let mut rows: Vec<(i64, String, i64)> = counts
        .into_iter()
        .map(|(states, count)| {
            let length = states.iter().filter(inner).count() as i64;
            (-(count as i64), trails.text(&states), length)
        })
        .collect();
    rows.sort_unstable();
    let of = vec![all; rows.len()];
    let paths = rows.iter().map(|row| -row.0).collect();
    let lengths: Vec<i64> = rows.iter().map(|row| row.2).collect();
    let texts: Vec<String> = rows.into_iter().map(|row| row.1).collect();
    let mut columns =
        vec![Column::new("path".into(), texts), Column::new("length".into(), lengths)];
    columns.extend(shares(paths, of));
    Ok(DataFrame::new_infer_height(columns)?)
}
