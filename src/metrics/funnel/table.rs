//! The tables that a funnel gives.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::automaton::{SKIPPED, taken};
use super::definition::{Funnel, Order, mean, seconds};
use super::marked::Run;
use crate::error::{Error, Result};
use crate::events::{EventSource, UserSource};
use crate::frame::coded;
use crate::metrics::{share_columns, warnings};
use crate::stats::sample::quantile;

impl Funnel {
    /// Counts how many get to each step.
    ///
    /// Reads `events`: users and times, `event` (text, if steps are given by name), the columns named by the
    /// steps' expressions and by [`per`](Funnel::per).
    ///
    /// Returns one row per step: `step` (i64, from 1), `name`, `users` (i64: who reached it), `previous`
    /// (i64: who reached the step before; null for step 1; an optional step is nobody's step before),
    /// `step_rate`, `step_low`, `step_high` (f64: users / previous, 95% Wilson), `entered` (i64: who
    /// began), `overall_rate`, `overall_low`, `overall_high` (f64: users / entered), `dropped` (i64:
    /// previous − users), `mean_seconds`, `median_seconds`, `p90_seconds` (f64: time from the step taken
    /// before), `mean_total_seconds`, `median_total_seconds`, `p90_total_seconds` (f64: time from step 1),
    /// `warning` (text, where fewer than 30 began). A rate over nobody is null.
    ///
    /// # Errors
    /// The same as [`validate`](Funnel::validate), and for an event that matches two steps in any order, or a
    /// condition that is not true or false;
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty identifiers or times.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let funnel = Funnel::new(["visit", "cart", "purchase"].map(Step::event)).window(chrono::TimeDelta::days(7));
    /// let steps = funnel.conversion(&events)?;
    /// assert_eq!(steps.height(), 3);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn conversion(&self, events: &dyn EventSource) -> Result<DataFrame> {
        self.walk(events)?.conversion()
    }

    /// Finds each user's way through the funnel once, for several tables about it.
    ///
    /// Reads `events` like [`conversion`](Funnel::conversion).
    ///
    /// # Errors
    /// The same as [`conversion`](Funnel::conversion).
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let users = warehouse::files::read("data/samples/users.csv")?;
    /// let funnel = Funnel::new(["visit", "cart", "purchase"].map(Step::event));
    /// let walk = funnel.walk(&events)?;
    /// assert!(walk.conversion()?.equals_missing(&funnel.conversion(&events)?));
    /// assert!(walk.conversion_by(&users, "plan")?.equals_missing(&funnel.conversion_by(&events, &users, "plan")?));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn walk(&self, events: &dyn EventSource) -> Result<Walk<'_>> {
        Ok(Walk { funnel: self, run: self.marked(events, None)?.run()? })
    }

    /// Counts how many get to each step, like [`conversion`](Funnel::conversion), for each value of a user's attribute.
    ///
    /// Reads of `users` the attribute. Returns the attribute's column (text; null for
    /// users that are not in `users`, or without the attribute), then the columns of `conversion`, by attribute and
    /// step. Values with which nobody begins have no rows.
    ///
    /// # Errors
    /// The same as [`conversion`](Funnel::conversion), and for an id that is in `users` twice.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let users = warehouse::files::read("data/samples/users.csv")?;
    /// let funnel = Funnel::new(["visit", "cart", "purchase"].map(Step::event));
    /// let steps = funnel.conversion_by(&events, &users, "plan")?;
    /// assert_eq!(steps.height(), 2 * 3); // free and pro
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn conversion_by(
        &self,
        events: &dyn EventSource,
        users: &dyn UserSource,
        attribute: &str,
    ) -> Result<DataFrame> {
        self.walk(events)?.conversion_by(users, attribute)
    }

    /// Lists when each user took each step, in the attempt that counts.
    ///
    /// Reads `events` like [`conversion`](Funnel::conversion). Returns one row per user (or user and session) and step
    /// taken: the events' column of users, the one given to [`per`](Funnel::per) if any, `step` (i64), `name`, `at`
    /// (Datetime, in the events' zone), `seconds` (f64: since the step taken before; null at step 1), `total_seconds`
    /// (f64: since step 1), by user and step. In any order, steps are numbered as they were done, and `name` is null.
    ///
    /// # Errors
    /// The same as [`conversion`](Funnel::conversion).
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let funnel = Funnel::new(["visit", "cart", "purchase"].map(Step::event)).window(chrono::TimeDelta::days(7));
    /// let times = funnel.times(&events)?;
    /// let figure = chart::histogram(&times.lazy().filter(col("step").eq(lit(3))).collect()?, "total_seconds").draw()?;
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn times(&self, events: &dyn EventSource) -> Result<DataFrame> {
        let marked = self.marked(events, None)?;
        let Run { actors, reached } = marked.run()?;
        let mut rows: Vec<IdxSize> = vec![];
        let (mut steps, mut at): (Vec<i64>, Vec<Option<i64>>) = (vec![], vec![]);
        let (mut since_last, mut since_first): (Vec<Option<f64>>, Vec<f64>) = (vec![], vec![]);
        for (actor, reached) in reached.chunks_exact(self.steps.len()).enumerate() {
            let mut before = None;
            for (step, time) in taken(reached) {
                rows.push(actor as IdxSize);
                steps.push(step as i64 + 1);
                at.push(Some(time));
                since_last.push(before.map(|before| seconds(time - before)));
                since_first.push(seconds(time - reached[0]));
                before = Some(time);
            }
        }
        let names: Vec<Option<&str>> = steps
            .iter()
            .map(|step| {
                let name = self.steps[*step as usize - 1].name.as_str();
                (self.order != Order::Any).then_some(name)
            })
            .collect();
        let mut columns = actors.take(&IdxCa::from_vec("row".into(), rows))?.columns().to_vec();
        let keys: Vec<String> = columns.iter().map(|key| key.name().to_string()).collect();
        columns.extend([
            Column::new("step".into(), steps),
            Column::new("name".into(), names),
            marked.moments().column("at", at)?,
            Column::new("seconds".into(), since_last),
            Column::new("total_seconds".into(), since_first),
        ]);
        let table = DataFrame::new_infer_height(columns)?;
        let order: Vec<&str> = keys.iter().map(String::as_str).chain(["step"]).collect();
        Ok(table.sort(order, SortMultipleOptions::default())?)
    }

    /// Distributes the time from one step to the next over intervals.
    ///
    /// `edges`: rising bounds in seconds, such as `[0.0, 60.0, 3600.0]`; the last interval has no end.
    /// Reads `events` like [`conversion`](Funnel::conversion). Returns one row per step from the second and
    /// interval: `step`, `name`, `from_seconds`, `to_seconds` (null: no end), `users` (i64), `of` (i64:
    /// who took the step), `share`, `low`, `high` (f64, 95% Wilson).
    ///
    /// # Errors
    /// The same as [`conversion`](Funnel::conversion); `edges` that do not rise from 0.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let funnel = Funnel::new(["visit", "cart", "purchase"].map(Step::event)).window(chrono::TimeDelta::days(7));
    /// let waits = funnel.distribution(&events, &[0.0, 60.0, 600.0, 3600.0])?;
    /// assert_eq!(waits.height(), 2 * 4); // two steps, four intervals
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn distribution(&self, events: &dyn EventSource, edges: &[f64]) -> Result<DataFrame> {
        if edges.first() != Some(&0.0) || !edges.is_sorted_by(|a, b| a < b) {
            return Err(Error::config("edges", format!("{edges:?}"), "0 first, then rising"));
        }
        let Run { reached, .. } = self.marked(events, None)?.run()?;
        let n = self.steps.len();
        let mut counts = vec![vec![0_i64; edges.len()]; n];
        for reached in reached.chunks_exact(n) {
            let mut before = reached[0];
            for (step, time) in taken(reached).skip(1) {
                let took = seconds(time - before);
                counts[step][edges.partition_point(|edge| *edge <= took) - 1] += 1;
                before = time;
            }
        }
        let (mut step_no, mut names, mut from, mut to) = (vec![], vec![], vec![], vec![]);
        let (mut users, mut of) = (vec![], vec![]);
        for (step, counts) in counts.iter().enumerate().skip(1) {
            for (bin, count) in counts.iter().enumerate() {
                step_no.push(step as i64 + 1);
                names.push(self.steps[step].name.as_str());
                from.push(edges[bin]);
                to.push(edges.get(bin + 1).copied());
                users.push(Some(*count));
                of.push(Some(counts.iter().sum::<i64>()));
            }
        }
        let mut table = df!(
            "step" => step_no, "name" => names, "from_seconds" => from, "to_seconds" => to,
            "users" => &users, "of" => &of,
        )?;
        for column in share_columns(["share", "low", "high"], &users, &of) {
            table.with_column(column)?;
        }
        Ok(table)
    }

    fn summary(&self, reached: &[i64], actors: &[usize]) -> Result<DataFrame> {
        let n = self.steps.len();
        let mut users = vec![0_i64; n];
        let mut from_last: Vec<Vec<f64>> = vec![vec![]; n];
        let mut from_first: Vec<Vec<f64>> = vec![vec![]; n];
        for actor in actors {
            let reached = &reached[actor * n..(actor + 1) * n];
            let mut before = reached[0];
            for (step, time) in taken(reached) {
                users[step] += 1;
                from_last[step].push(seconds(time - before));
                from_first[step].push(seconds(time - reached[0]));
                before = time;
            }
        }
        let mut previous: Vec<Option<i64>> = vec![];
        let mut required = None;
        for (step, users) in self.steps.iter().zip(&users) {
            previous.push(required);
            if !step.optional {
                required = Some(*users);
            }
        }
        let reached: Vec<Option<i64>> = users.iter().copied().map(Some).collect();
        let entered: Vec<Option<i64>> = vec![Some(users[0]); n];
        let dropped: Vec<Option<i64>> = previous
            .iter()
            .zip(&users)
            .map(|(before, now)| before.map(|before| before - now))
            .collect();
        for times in from_last.iter_mut().chain(&mut from_first) {
            times.sort_unstable_by(f64::total_cmp);
        }
        let quantiles = |times: &[Vec<f64>], q: f64| -> Vec<Option<f64>> {
            let from_second =
                |(step, times): (usize, &Vec<f64>)| quantile(times, q).filter(|_| step > 0);
            times.iter().enumerate().map(from_second).collect()
        };
        let means = |times: &[Vec<f64>]| -> Vec<Option<f64>> {
            times.iter().enumerate().map(|(step, times)| mean(times).filter(|_| step > 0)).collect()
        };
        let names: Vec<&str> = self.steps.iter().map(|step| step.name.as_str()).collect();
        let [step_rate, step_low, step_high] =
            share_columns(["step_rate", "step_low", "step_high"], &reached, &previous);
        let [rate, low, high] =
            share_columns(["overall_rate", "overall_low", "overall_high"], &reached, &entered);
        let mut columns = vec![
            Column::new("step".into(), (1..=n as i64).collect::<Vec<_>>()),
            Column::new("name".into(), names),
            Column::new("users".into(), users),
            Column::new("previous".into(), previous),
        ];
        columns.extend([step_rate, step_low, step_high]);
        columns.push(Column::new("entered".into(), &entered));
        columns.extend([rate, low, high]);
        columns.push(Column::new("dropped".into(), dropped));
        for (kind, times) in [("", &from_last), ("total_", &from_first)] {
            columns.push(Column::new(format!("mean_{kind}seconds").into(), means(times)));
            for (name, q) in [("median", 0.5), ("p90", 0.9)] {
                let column = format!("{name}_{kind}seconds");
                columns.push(Column::new(column.into(), quantiles(times, q)));
            }
        }
        columns.push(warnings(&entered, "users"));
        Ok(DataFrame::new_infer_height(columns)?)
    }
}

/// The way each user took through a funnel: see [`Funnel::walk`].
pub struct Walk<'f> {
    funnel: &'f Funnel,
    run: Run,
}

impl Walk<'_> {
    /// Counts how many get to each step, like [`Funnel::conversion`].
    ///
    /// # Errors
    /// Polars' own.
    pub fn conversion(&self) -> Result<DataFrame> {
        let everybody: Vec<usize> = (0..self.run.actors.height()).collect();
        self.funnel.summary(&self.run.reached, &everybody)
    }

    /// Counts how many get to each step for each value of a user's attribute, like [`Funnel::conversion_by`].
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for an id that is in `users` twice.
    pub fn conversion_by(&self, users: &dyn UserSource, attribute: &str) -> Result<DataFrame> {
        let users = users.users(&[attribute])?;
        let rows = match self.run.actors.columns().first() {
            Some(ids) => users.index().find("events", ids)?,
            None => vec![],
        };
        let (codes, values) = coded(users.frame().column(attribute)?)?;
        // Who is not in `users` has no value either.
        let value = |row: &u32| {
            let code = *codes.get(*row as usize)?;
            values.get(code as usize)?.as_deref()
        };
        let of: Vec<Option<&str>> = rows.iter().map(value).collect();
        self.funnel.grouped(&self.run, &of, attribute)
    }
}

impl Funnel {
    /// A summary for each value: whose value is which, as a column of this name.
    pub(super) fn grouped(
        &self,
        run: &Run,
        values: &[Option<&str>],
        name: &str,
    ) -> Result<DataFrame> {
        let mut members: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
        for (actor, value) in values.iter().enumerate() {
            members.entry(*value).or_default().push(actor);
        }
        let mut parts = vec![];
        for (value, actors) in members {
            if actors.iter().all(|actor| run.reached[actor * self.steps.len()] == SKIPPED) {
                continue;
            }
            let mut part = self.summary(&run.reached, &actors)?;
            let label = StringChunked::full_null(name.into(), part.height());
            let label =
                value.map_or(label, |value| StringChunked::full(name.into(), value, part.height()));
            part.insert_column(0, label.into_column())?;
            parts.push(part.lazy());
        }
        if parts.is_empty() {
            let mut part = self.summary(&[], &[])?.slice(0, 0);
            part.insert_column(0, Column::new(name.into(), Vec::<String>::new()))?;
            return Ok(part);
        }
        Ok(concat(parts, UnionArgs::default())?.collect()?)
    }
}
