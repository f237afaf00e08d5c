//! Where paths are, step by step.

use polars::prelude::*;
use rustc_hash::FxHashMap;

use super::definition::{Paths, few_steps};
use super::trails::{add, shares};
use crate::error::Result;
use crate::events::EventSource;

impl Paths {
    /// Counts in which state paths are at each step: the step matrix.
    ///
    /// Reads `events`: users, times and the column of states. Returns one row per step and state: `step` (i64, from 1),
    /// `state` (text, by name, [`END`](super::END) last: paths that are over), `paths` (i64), `of` (i64: all that were
    /// observed up to there), `share`, `low`, `high` (f64: paths / of, 95% Wilson; null where none was observed). The
    /// shares of a step add up to 1. Without a timeout paths are users.
    ///
    /// # Errors
    /// The same as [`transitions`](Paths::transitions), except for the number of states; steps other than 1 to 100.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let steps = paths::Paths::new("event").steps(&events, 4)?;
    /// let first = steps.lazy().filter(col("step").eq(lit(1))).collect()?;
    /// assert!((first.column("share")?.f64()?.sum().unwrap_or(0.0) - 1.0).abs() < 1e-12);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn steps(&self, events: &dyn EventSource, steps: usize) -> Result<DataFrame> {
        few_steps(steps)?;
        let mut trails = self.trails(events)?;
        let over = trails.states.len();
        let size = over + 1;
        let counts = trails.fold(
            || vec![0; steps * size],
            |counts, path| {
                for (step, state) in path.states.iter().take(steps).enumerate() {
                    counts[step * size + *state as usize] += 1;
                }
                if !path.open {
                    (path.states.len()..steps).for_each(|step| counts[step * size + over] += 1);
                }
            },
            add,
        );
        let (mut step, mut state, mut paths, mut of) = (vec![], vec![], vec![], vec![]);
        for (place, counts) in counts.chunks_exact(size).enumerate() {
            for (one, count) in counts.iter().enumerate() {
                step.push(place as i64 + 1);
                state.push(if one == over { super::END } else { trails.name(one as u32) });
                paths.push(*count);
                of.push(counts.iter().sum::<i64>());
            }
        }
        let mut columns =
            vec![Column::new("step".into(), step), Column::new("state".into(), state)];
        columns.extend(shares(paths, of));
        Ok(DataFrame::new_infer_height(columns)?)
    }

    /// Counts where paths go from each step to the next: what a Sankey diagram shows.
    ///
    /// Reads `events` like [`steps`](Paths::steps). Returns one row per flow that was seen, over so many steps: `step`
    /// (i64, from 1: where it begins), `from`, `to` (text; [`END`](super::END) is gone to once), `paths` (i64), `of` (i64:
    /// all that were in `from` at that step, and seen to leave), `share`, `low`, `high` (f64: paths / of, 95% Wilson), by
    /// step, `from` and `to`.
    ///
    /// # Errors
    /// The same as [`steps`](Paths::steps).
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let flows = paths::Paths::new("event").merged().flows(&events, 3)?;
    /// let figure = chart::sankey(&flows, "from", "to", "paths").stages("step").draw()?;
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn flows(&self, events: &dyn EventSource, steps: usize) -> Result<DataFrame> {
        few_steps(steps)?;
        type Flows = FxHashMap<(u32, u32, u32), i64>;
        let mut trails = self.trails(events)?;
        let end = trails.end();
        let counts = trails.fold(
            Flows::default,
            |counts, path| {
                let last = if path.open { None } else { Some(&end) };
                let next = path.states[1..].iter().chain(last);
                for ((from, to), step) in path.states.iter().zip(next).take(steps).zip(1..) {
                    *counts.entry((step, *from, *to)).or_default() += 1;
                }
            },
            |mut a, b| {
                b.into_iter().for_each(|(flow, count)| *a.entry(flow).or_default() += count);
                a
            },
        );
        let mut flows: Vec<_> = counts.into_iter().collect();
        flows.sort_unstable();
        let mut left: FxHashMap<(u32, u32), i64> = FxHashMap::default();
        for ((step, from, _), count) in &flows {
            *left.entry((*step, *from)).or_default() += count;
        }
        let name = |state: u32| trails.name(state).to_owned();
        let mut columns = vec![
            Column::new(
                "step".into(),
                flows.iter().map(|flow| i64::from(flow.0.0)).collect::<Vec<_>>(),
            ),
            Column::new("from".into(), flows.iter().map(|flow| name(flow.0.1)).collect::<Vec<_>>()),
            Column::new("to".into(), flows.iter().map(|flow| name(flow.0.2)).collect::<Vec<_>>()),
        ];
        let of = flows.iter().map(|((step, from, _), _)| left[&(*step, *from)]).collect();
        columns.extend(shares(flows.iter().map(|flow| flow.1).collect(), of));
        Ok(DataFrame::new_infer_height(columns)?)
    }
}
