//! Which state follows which.

use polars::prelude::*;

use super::definition::Paths;
use super::trails::add;
use crate::error::Result;
use crate::events::EventSource;
use crate::metrics::{share_columns, warnings};

impl Paths {
    /// Counts which state follows which: the transition matrix of a Markov chain of the first order.
    ///
    /// Reads `events`: users, times and the column of states. Returns one row per pair of states, by name: `from` (text,
    /// [`START`](super::START) last), `to` (text, [`END`](super::END) last), `transitions` (i64), `of` (i64: all
    /// transitions from there), `probability`, `low`, `high` (f64: transitions / of, 95% Wilson; null where nobody was
    /// seen to leave), `warning` (text, where fewer than 30 left). Pairs that were not seen are there with 0. The intervals
    /// take transitions for independent, as in a Markov chain; to compare groups of users, use
    /// [`difference`](Paths::difference), which doesn't.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty users, times or states, a state called `(start)` or
    /// `(end)`, or more than 1,000 states; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a timeout
    /// below 0.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let visits = paths::Paths::new("event").timeout(chrono::TimeDelta::minutes(30));
    /// let next = visits.transitions(&events)?;
    /// let figure = chart::transitions(&next, "from", "to", "transitions").draw()?;
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn transitions(&self, events: &dyn EventSource) -> Result<DataFrame> {
        let mut trails = self.trails(events)?;
        trails.few_states(&self.state)?;
        let (start, end) = (trails.start(), trails.end());
        let size = trails.states.len() + 1;
        // A row for each state and the start; a column for each state and the end.
        let counts = trails.fold(
            || vec![0; size * size],
            |counts, path| {
                path.transitions(start, end, |from, to| {
                    counts[from as usize * size + (to as usize).min(size - 1)] += 1;
                });
            },
            add,
        );
        let (mut from, mut to) = (vec![], vec![]);
        let (mut transitions, mut of) = (vec![], vec![]);
        for row in 0..size {
            let counts = &counts[row * size..(row + 1) * size];
            for (column, count) in counts.iter().enumerate() {
                // What begins does not end at once.
                if (row, column) == (size - 1, size - 1) {
                    continue;
                }
                from.push(trails.name(row as u32));
                to.push(trails.name(if column == size - 1 { end } else { column as u32 }));
                transitions.push(Some(*count));
                of.push(Some(counts.iter().sum::<i64>()));
            }
        }
        let mut table =
            df!("from" => from, "to" => to, "transitions" => &transitions, "of" => &of)?;
        for column in share_columns(["probability", "low", "high"], &transitions, &of) {
            table.with_column(column)?;
        }
        table.with_column(warnings(&of, "transitions"))?;
        Ok(table)
    }
}
