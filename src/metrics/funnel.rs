//! Funnels: how many get from step to step, and how long it takes them.
//!
//! ```
//! use casebook::metrics::funnel::{Funnel, Step};
//! use casebook::polars::prelude::*;
//! use chrono::TimeDelta;
//! # use casebook::chrono;
//!
//! let minutes = [0_i64, 5, 0, 90, 0].map(|minute| minute * 60_000);
//! let events = df!(
//!     "user_id" => ["ann", "ann", "bob", "bob", "cy"],
//!     "event" => ["visit", "buy", "visit", "buy", "buy"],
//!     "timestamp" => minutes.to_vec(),
//! )?
//! .lazy()
//! .with_column(col("timestamp").cast(DataType::Datetime(TimeUnit::Milliseconds, None)));
//! let funnel = Funnel::new([Step::event("visit"), Step::event("buy")]).window(TimeDelta::hours(1));
//! let steps = funnel.conversion(&events)?;
//! let reached: Vec<i64> = steps.column("users")?.i64()?.into_no_null_iter().collect();
//! assert_eq!(reached, [2, 1]); // bob is too late, and cy never visited
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What counts
//! - The funnel is nested: who reaches step 3 has done steps 1 and 2 before, in this order.
//! - Every event of step 1 begins an attempt. The attempt that gets furthest counts; of several, the
//!   one that gets there first, and of those the one that began last.
//! - The window runs from step 1 and includes its end: an event exactly one window later counts.
//! - Within an attempt a step is taken at the earliest event that does. Only where the next step has a
//!   window of its own is it taken at the latest, so that the next can still be reached.
//! - Simultaneous events are ordered by the first step they match ([`Funnel::increasing`]: they cannot
//!   follow each other).
//! - One event is never used twice in an attempt, even if it matches two steps.
//! - The order of rows does not matter, nor do events that match nothing (except in [`Order::Strict`]).
//!
//! # Source
//! The questions are those that PostHog answers for its funnels and ClickHouse for `windowFunnel`; where
//! tools differ, [`metrics::definitions`](super::definitions) says which option here matches which.

use chrono::TimeDelta;
use polars::prelude::*;
use rayon::prelude::*;

use super::timeline::{Grouped, Moments, Numbered, TIME, USER, fetch, full};
use super::{Source, coded, quantile, require_in, share_columns, warnings};
use crate::error::{Error, Result};

/// The most steps a funnel may have.
pub const MOST_STEPS: usize = 32;

/// One step: which events take it.
#[derive(Debug, Clone)]
pub struct Step {
    name: String,
    when: Expr,
    optional: bool,
    within: Option<TimeDelta>,
}

impl Step {
    /// Taken by the events whose `event` column has this name.
    pub fn event(name: &str) -> Step {
        Step::new(name, col("event").eq(lit(name)))
    }

    /// Taken by the events for which an expression over the events' columns is true.
    pub fn new(name: &str, when: Expr) -> Step {
        Step { name: name.to_owned(), when, optional: false, within: None }
    }

    /// May be left out on the way to the next step. Neither the first nor the last step may be.
    pub fn optional(mut self) -> Step {
        self.optional = true;
        self
    }

    /// Must follow the step before within this time, beside the funnel's own window.
    pub fn within(mut self, time: TimeDelta) -> Step {
        self.within = Some(time);
        self
    }
}

/// In which order the steps must come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// One after the other; anything may lie between.
    #[default]
    Sequential,
    /// One after the other, with no other event of the user's between.
    Strict,
    /// In any order: step k is reached by doing k of them. No event may match two steps.
    Any,
}

/// What happens to a user who does something excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Excluded {
    /// The attempt ends there. The user stays counted at the steps before, and may try again.
    #[default]
    Stops,
    /// The user is left out of the whole funnel.
    Leaves,
}

#[derive(Debug, Clone)]
struct Exclusion {
    when: Expr,
    after: usize,
    before: usize,
}

/// A funnel: steps, window and rules. See the [module](self) for what counts.
#[derive(Debug, Clone)]
pub struct Funnel {
    steps: Vec<Step>,
    window: Option<TimeDelta>,
    order: Order,
    increasing: bool,
    unrepeated: bool,
    exclusions: Vec<Exclusion>,
    excluded: Excluded,
    per: Option<String>,
}

/// The moment of a step that was not taken.
const SKIPPED: i64 = i64::MIN;

/// An event, reduced to what the funnel needs of it: which steps it matches, which exclusions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Mark {
    at: i64,
    steps: u32,
    exclusions: u32,
}

impl Mark {
    /// Time first, then the first step matched, then all of them. What matches none comes last.
    fn rank(&self) -> (i64, u32, u32, u32) {
        (self.at, self.steps.trailing_zeros(), self.steps, self.exclusions)
    }
}

impl Funnel {
    /// A funnel through these steps, without a limit of time.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Funnel {
        Funnel {
            steps: steps.into_iter().collect(),
            window: None,
            order: Order::Sequential,
            increasing: false,
            unrepeated: false,
            exclusions: vec![],
            excluded: Excluded::Stops,
            per: None,
        }
    }

    /// All within this time of step 1.
    pub fn window(mut self, window: TimeDelta) -> Funnel {
        self.window = Some(window);
        self
    }

    /// The order in which steps must come.
    pub fn order(mut self, order: Order) -> Funnel {
        self.order = order;
        self
    }

    /// Each step must be later than the one before, not simultaneous with it.
    pub fn increasing(mut self) -> Funnel {
        self.increasing = true;
        self
    }

    /// A step that the attempt has taken already ends it when it is taken again.
    pub fn unrepeated(mut self) -> Funnel {
        self.unrepeated = true;
        self
    }

    /// Excludes who does this after step `after` (counted from 1) and before step `before`.
    pub fn exclude(mut self, when: Expr, after: usize, before: usize) -> Funnel {
        self.exclusions.push(Exclusion { when, after, before });
        self
    }

    /// What happens to a user who does something excluded.
    pub fn excluded(mut self, excluded: Excluded) -> Funnel {
        self.excluded = excluded;
        self
    }

    /// Counts pairs of user and this column instead of users: sessions, for instance.
    pub fn per(mut self, column: &str) -> Funnel {
        self.per = Some(column.to_owned());
        self
    }

    /// That the funnel makes sense.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the field.
    pub fn validate(&self) -> Result<()> {
        let n = self.steps.len();
        if !(1..=MOST_STEPS).contains(&n) {
            return Err(Error::config("steps", n, format!("1 to {MOST_STEPS}")));
        }
        for (field, time) in [("window", self.window)]
            .into_iter()
            .chain(self.steps.iter().map(|step| ("within", step.within)))
        {
            if let Some(time) = time.filter(|time| *time < TimeDelta::zero()) {
                return Err(Error::config(field, time, "no less than 0"));
            }
        }
        let any = self.order == Order::Any;
        for (place, step) in self.steps.iter().enumerate() {
            if step.optional && (place == 0 || place == n - 1 || self.order != Order::Sequential) {
                let accepted = "a step between the first and the last, in sequential order";
                return Err(Error::config("optional", format!("step {}", place + 1), accepted));
            }
            if step.within.is_some() && (place == 0 || any) {
                let accepted = "a step that follows another, in sequential or strict order";
                return Err(Error::config("within", format!("on step {}", place + 1), accepted));
            }
        }
        for (field, set) in [("increasing", self.increasing), ("unrepeated", self.unrepeated)] {
            if any && set {
                return Err(Error::config(field, "set", "sequential or strict order"));
            }
        }
        if self.exclusions.len() > 32 {
            return Err(Error::config("exclusions", self.exclusions.len(), "up to 32"));
        }
        for Exclusion { after, before, .. } in &self.exclusions {
            if *after < 1 || before <= after || *before > n || (any && (*after, *before) != (1, n))
            {
                let accepted = if any {
                    format!("after 1, before {n}: without an order there is no other between")
                } else {
                    format!("1 up to {n}, the first below the second")
                };
                return Err(Error::config(
                    "exclude",
                    format!("after {after}, before {before}"),
                    accepted,
                ));
            }
        }
        Ok(())
    }

    /// How many get to each step.
    ///
    /// Reads `events`: `user_id`, `timestamp` (Date or Datetime), `event` (text, if steps are given by
    /// name), the columns named by the steps' expressions and by [`per`](Funnel::per).
    ///
    /// Returns one row per step: `step` (i64, from 1), `name`, `users` (i64: who reached it), `previous`
    /// (i64: who reached the step before; null for step 1; an optional step is nobody's step before),
    /// `step_rate`, `step_low`, `step_high` (f64: users / previous, 95 % Wilson), `entered` (i64: who
    /// began), `overall_rate`, `overall_low`, `overall_high` (f64: users / entered), `dropped` (i64:
    /// previous − users), `median_seconds`, `p90_seconds` (f64: time from the step taken before),
    /// `median_total_seconds`, `p90_total_seconds` (f64: time from step 1), `warning` (text, where fewer
    /// than 30 began). A rate over nobody is null.
    ///
    /// # Errors
    /// As [`validate`](Funnel::validate);
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty identifiers or times, or, in any
    /// order, an event that matches two steps.
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
    pub fn conversion(&self, events: &dyn Source) -> Result<DataFrame> {
        self.walk(events)?.conversion()
    }

    /// The way each user took, to be looked at from several sides without being looked for again.
    ///
    /// Reads `events` as [`conversion`](Funnel::conversion).
    ///
    /// # Errors
    /// As [`conversion`](Funnel::conversion).
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
    pub fn walk(&self, events: &dyn Source) -> Result<Walk<'_>> {
        Ok(Walk { funnel: self, run: self.run(events)? })
    }

    /// [`conversion`](Funnel::conversion) for each value of a user's attribute.
    ///
    /// `users`: `user_id`, unique, and the attribute. Returns the attribute's column (text; null for
    /// users that are not in `users`, or without the attribute), then as `conversion`, by attribute and
    /// step. Values nobody of whom begins have no rows.
    ///
    /// # Errors
    /// As [`conversion`](Funnel::conversion), and for an id that stands in `users` twice.
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
        events: &dyn Source,
        users: &dyn Source,
        attribute: &str,
    ) -> Result<DataFrame> {
        self.walk(events)?.conversion_by(users, attribute)
    }

    /// When each user took each step, in the attempt that counts.
    ///
    /// Reads `events` as [`conversion`](Funnel::conversion). Returns one row per user (or user and
    /// session) and step taken: `user_id`, the column given to [`per`](Funnel::per) if any, `step`
    /// (i64), `name`, `at` (Datetime, UTC), `seconds` (f64: since the step taken before; null at step 1),
    /// `total_seconds` (f64: since step 1), by user and step. In any order, steps are numbered as they
    /// were done, and `name` is null.
    ///
    /// # Errors
    /// As [`conversion`](Funnel::conversion).
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
    pub fn times(&self, events: &dyn Source) -> Result<DataFrame> {
        let Run { actors, reached } = self.run(events)?;
        let mut rows: Vec<IdxSize> = vec![];
        let (mut steps, mut at): (Vec<i64>, Vec<i64>) = (vec![], vec![]);
        let (mut since_last, mut since_first): (Vec<Option<f64>>, Vec<f64>) = (vec![], vec![]);
        for (actor, reached) in reached.chunks_exact(self.steps.len()).enumerate() {
            let mut before = None;
            for (step, time) in taken(reached) {
                rows.push(actor as IdxSize);
                steps.push(step as i64 + 1);
                at.push(time);
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
        let mut table = actors.take(&IdxCa::from_vec("row".into(), rows))?;
        let keys: Vec<String> = table.get_column_names().iter().map(|n| n.to_string()).collect();
        let moment = DataType::Datetime(TimeUnit::Microseconds, None);
        table.with_column(Column::new("name".into(), names))?;
        table.with_column(Column::new("at".into(), at).cast(&moment)?)?;
        table.with_column(Column::new("seconds".into(), since_last))?;
        table.with_column(Column::new("total_seconds".into(), since_first))?;
        table.insert_column(keys.len(), Column::new("step".into(), steps))?;
        let order: Vec<&str> = keys.iter().map(String::as_str).chain(["step"]).collect();
        Ok(table.sort(order, SortMultipleOptions::default())?)
    }

    /// How the time from one step to the next is distributed.
    ///
    /// `edges`: rising bounds in seconds, such as `[0.0, 60.0, 3600.0]`; the last interval has no end.
    /// Reads `events` as [`conversion`](Funnel::conversion). Returns one row per step from the second and
    /// interval: `step`, `name`, `from_seconds`, `to_seconds` (null: no end), `users` (i64), `of` (i64:
    /// who took the step), `share`, `low`, `high` (f64, 95 % Wilson).
    ///
    /// # Errors
    /// As [`conversion`](Funnel::conversion); `edges` that do not rise from 0.
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
    pub fn distribution(&self, events: &dyn Source, edges: &[f64]) -> Result<DataFrame> {
        if edges.first() != Some(&0.0) || !edges.is_sorted_by(|a, b| a < b) {
            return Err(Error::config("edges", format!("{edges:?}"), "0 first, then rising"));
        }
        let Run { reached, .. } = self.run(events)?;
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

    fn run(&self, events: &dyn Source) -> Result<Run> {
        self.validate()?;
        let mut lazy = events.scan();
        let mut keys = vec![USER];
        keys.extend(self.per.as_deref());
        let mut needed = keys.clone();
        needed.push(TIME);
        let conditions =
            self.steps.iter().map(|s| &s.when).chain(self.exclusions.iter().map(|e| &e.when));
        let used: Vec<PlSmallStr> = conditions
            .flat_map(|when| when.into_iter())
            .filter_map(|part| match part {
                Expr::Column(name) => Some(name.clone()),
                _ => None,
            })
            .collect();
        needed.extend(used.iter().map(PlSmallStr::as_str));
        require_in(&*lazy.collect_schema()?, "events", &needed)?;

        // Each event becomes two bit sets: the steps it matches, and the exclusions.
        let bits = |conditions: Vec<&Expr>| {
            conditions
                .into_iter()
                .enumerate()
                .map(|(place, when)| {
                    let yes = when.clone().fill_null(lit(false)).cast(DataType::UInt32);
                    yes * lit(1_u32 << place).cast(DataType::UInt32)
                })
                .reduce(|a, b| a + b)
                .unwrap_or_else(|| lit(0_u32).cast(DataType::UInt32))
        };
        let steps = bits(self.steps.iter().map(|step| &step.when).collect());
        let mut columns: Vec<Expr> = keys.iter().map(|key| col(*key)).collect();
        columns.extend([col(TIME), steps.alias("__steps")]);
        let mut matched = col("__steps").neq(lit(0_u32));
        if !self.exclusions.is_empty() {
            let exclusions = bits(self.exclusions.iter().map(|e| &e.when).collect());
            columns.push(exclusions.alias("__exclusions"));
            matched = matched.or(col("__exclusions").neq(lit(0_u32)));
        }
        let mut marked = lazy.select(columns);
        if self.order != Order::Strict {
            marked = marked.filter(matched);
        }
        let frame = marked.collect()?;

        let moments = Moments::new(&frame, "events", TIME)?.micros;
        let user = Numbered::new(full(&frame, "events", USER)?)?;
        let numbered = match &self.per {
            None => user,
            Some(column) => {
                let session = Numbered::new(full(&frame, "events", column)?)?;
                Numbered::pairs(&user.codes, &session.codes)
            }
        };
        let steps = frame.column("__steps")?.u32()?.rechunk();
        let steps = steps.cont_slice()?;
        let exclusions = match self.exclusions.is_empty() {
            true => None,
            false => Some(frame.column("__exclusions")?.u32()?.rechunk()),
        };
        let exclusions = exclusions.as_ref().map(|bits| bits.cont_slice()).transpose()?;
        if self.order == Order::Any
            && let Some(row) = steps.iter().position(|steps| steps.count_ones() > 1)
        {
            let both: Vec<&str> = (0..self.steps.len())
                .filter(|step| steps[row] & (1 << step) != 0)
                .map(|step| self.steps[step].name.as_str())
                .collect();
            let accepted = "conditions that exclude each other, when order is any";
            let value = format!("overlapping: one event matches {}", both.join(" and "));
            return Err(Error::config("steps", value, accepted));
        }
        let mut grouped = Grouped::new(&numbered.codes, numbered.count(), |row| Mark {
            at: moments[row],
            steps: steps[row],
            exclusions: exclusions.map_or(0, |bits| bits[row]),
        });
        drop(moments);
        let n = self.steps.len();
        let parts: Vec<Vec<i64>> = grouped
            .parts()
            .into_par_iter()
            .map(|mut part| {
                let mut reached = vec![SKIPPED; n * part.users()];
                let mut attempts = Attempts::new(n);
                for (user, reached) in reached.chunks_exact_mut(n).enumerate() {
                    let marks = part.of(user);
                    if !marks.is_sorted_by_key(Mark::rank) {
                        marks.sort_unstable_by_key(Mark::rank);
                    }
                    let stays = match self.order {
                        Order::Any => self.in_any_order(marks, reached),
                        _ => self.in_order(marks, &mut attempts, reached),
                    };
                    if !stays {
                        reached.fill(SKIPPED);
                    }
                }
                reached
            })
            .collect();
        let reached = parts.concat();
        let mut actors = vec![];
        for key in keys {
            actors.push(numbered.pick(frame.column(key)?)?);
        }
        Ok(Run { actors: DataFrame::new_infer_height(actors)?, reached })
    }

    /// Of each step, the attempt that last reached it. An attempt that began later is never worse: it
    /// has more of the window left. So one pass finds the furthest. False: the user is excluded.
    fn in_order(&self, marks: &[Mark], attempts: &mut Attempts, best: &mut [i64]) -> bool {
        let n = self.steps.len();
        let window = micros(self.window);
        let strict = self.order == Order::Strict;
        // With nothing between, an event can only follow the one just before it.
        let earlier = self.increasing && !strict;
        let mut furthest = None;
        attempts.clear();
        for (place, mark) in marks.iter().enumerate() {
            for (bit, exclusion) in self.exclusions.iter().enumerate() {
                if mark.exclusions & (1 << bit) == 0 {
                    continue;
                }
                for step in exclusion.after - 1..exclusion.before - 1 {
                    // An attempt that has taken the later step already is past the exclusion.
                    let caught = attempts.start(step).is_some_and(|start| {
                        let past =
                            (exclusion.before - 1..n).any(|s| attempts.start(s) == Some(start));
                        mark.at - start <= window && !past
                    });
                    if caught && self.excluded == Excluded::Leaves {
                        return false;
                    }
                    attempts.forget(step);
                }
            }
            if earlier && (place == 0 || marks[place - 1].at != mark.at) {
                attempts.remember();
            }
            if self.unrepeated && mark.steps != 0 {
                attempts.end_from(mark.steps.trailing_zeros() as usize);
            }
            // From the last step down: what this event reaches, it does not use again.
            for step in (0..n).rev() {
                if mark.steps & (1 << step) == 0 {
                    if strict {
                        attempts.forget(step);
                    }
                    continue;
                }
                let from = if step == 0 {
                    None
                } else {
                    match self.predecessor(mark.at, step, window, attempts.before(earlier)) {
                        Some(from) => Some(from),
                        None => {
                            if strict {
                                attempts.forget(step);
                            }
                            continue;
                        }
                    }
                };
                // The same attempt keeps its earliest event of a step, unless the next has a window.
                let keeps = !strict
                    && from.is_some_and(|from| {
                        attempts.start(step) == attempts.before(earlier).start(from)
                    })
                    && !self.limits_next(step);
                if !keeps {
                    attempts.advance(from, step, mark.at, earlier);
                }
                if furthest.is_none_or(|furthest| step > furthest) {
                    furthest = Some(step);
                    best.copy_from_slice(attempts.times(step));
                    if step == n - 1 && self.excluded == Excluded::Stops {
                        return true;
                    }
                }
            }
        }
        true
    }

    /// Whether a step that may come next, optional ones skipped, has a window of its own.
    fn limits_next(&self, step: usize) -> bool {
        let required = self.steps[step + 1..].iter().position(|next| !next.optional);
        let last = required.map_or(self.steps.len(), |place| step + 2 + place);
        self.steps[step + 1..last].iter().any(|next| next.within.is_some())
    }

    /// The step that an event may follow in the attempt that began last; of equals the nearest.
    fn predecessor(&self, at: i64, step: usize, window: i64, attempts: &Attempts) -> Option<usize> {
        let within = micros(self.steps[step].within);
        let mut chosen: Option<(i64, usize)> = None;
        for from in (0..step).rev() {
            if let Some(start) = attempts.start(from)
                && at - start <= window
                && at - attempts.at(from) <= within
                && (at > attempts.at(from) || !self.increasing)
                && chosen.is_none_or(|(best, _)| start > best)
            {
                chosen = Some((start, from));
            }
            if !self.steps[from].optional {
                break;
            }
        }
        chosen.map(|(_, from)| from)
    }

    /// A window that slides over the events: how many different steps lie in it at most.
    fn in_any_order(&self, marks: &[Mark], best: &mut [i64]) -> bool {
        let n = self.steps.len();
        let window = micros(self.window);
        let mut latest = [SKIPPED; MOST_STEPS];
        let mut most = 0;
        for mark in marks {
            let open = |at: &i64| *at != SKIPPED && mark.at - at <= window;
            if mark.exclusions != 0 {
                if self.excluded == Excluded::Leaves && latest[..n].iter().any(open) {
                    return false;
                }
                latest = [SKIPPED; MOST_STEPS];
            }
            if mark.steps == 0 {
                continue;
            }
            latest[mark.steps.trailing_zeros() as usize] = mark.at;
            let done = latest[..n].iter().filter(|at| open(at)).count();
            if done > most {
                most = done;
                best.fill(SKIPPED);
                for (place, at) in latest[..n].iter().filter(|at| open(at)).enumerate() {
                    best[place] = *at;
                }
                best[..done].sort_unstable();
                if done == n && self.excluded == Excluded::Stops {
                    break;
                }
            }
        }
        true
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
        for (name, times, q) in [
            ("median_seconds", &from_last, 0.5),
            ("p90_seconds", &from_last, 0.9),
            ("median_total_seconds", &from_first, 0.5),
            ("p90_total_seconds", &from_first, 0.9),
        ] {
            columns.push(Column::new(name.into(), quantiles(times, q)));
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
    /// How many get to each step: as from [`Funnel::conversion`].
    ///
    /// # Errors
    /// Polars' own.
    pub fn conversion(&self) -> Result<DataFrame> {
        let everybody: Vec<usize> = (0..self.run.actors.height()).collect();
        self.funnel.summary(&self.run.reached, &everybody)
    }

    /// The same for each value of a user's attribute: as from [`Funnel::conversion_by`].
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for an id that stands in `users` twice.
    pub fn conversion_by(&self, users: &dyn Source, attribute: &str) -> Result<DataFrame> {
        let Walk { funnel, run } = self;
        let users = fetch(users, "users", &[USER, attribute])?;
        let index = super::timeline::Index::new("users", full(&users, "users", USER)?)?;
        let rows = index.find("events", run.actors.column(USER)?)?;
        let (codes, values) = coded(users.column(attribute)?)?;
        let mut members: std::collections::BTreeMap<Option<&str>, Vec<usize>> = Default::default();
        let mut places: Vec<Vec<usize>> = vec![vec![]; values.len() + 1];
        for (actor, row) in rows.iter().enumerate() {
            let code = codes.get(*row as usize).map_or(values.len(), |code| *code as usize);
            places[code].push(actor);
        }
        // Who is not in `users` has no value either.
        for (actors, value) in
            places.into_iter().zip(values.iter().map(Option::as_deref).chain([None]))
        {
            members.entry(value).or_default().extend(actors);
        }
        let mut parts = vec![];
        for (value, actors) in members {
            if actors.iter().all(|actor| run.reached[actor * funnel.steps.len()] == SKIPPED) {
                continue;
            }
            let mut part = funnel.summary(&run.reached, &actors)?;
            let label = StringChunked::full_null(attribute.into(), part.height());
            let label = value
                .map_or(label, |value| StringChunked::full(attribute.into(), value, part.height()));
            part.insert_column(0, label.into_column())?;
            parts.push(part.lazy());
        }
        if parts.is_empty() {
            let mut part = funnel.summary(&[], &[])?.slice(0, 0);
            let label = Column::new(attribute.into(), Vec::<String>::new());
            part.insert_column(0, label)?;
            return Ok(part);
        }
        Ok(concat(parts, UnionArgs::default())?.collect()?)
    }
}

struct Run {
    /// Who is counted: `user_id`, and the column given to `per`.
    actors: DataFrame,
    /// For each of them and each step, the microsecond at which it was taken, or [`SKIPPED`].
    reached: Vec<i64>,
}

/// The attempts of one user that can still get somewhere: for each step, the one that stands there.
struct Attempts {
    steps: usize,
    /// Row k: when the attempt that stands at step k took each step. No attempt: `SKIPPED` at step 1.
    times: Vec<i64>,
    /// The same before the present moment, where simultaneous events cannot follow each other.
    earlier: Option<Box<Attempts>>,
}

impl Attempts {
    fn new(steps: usize) -> Attempts {
        Attempts { steps, times: vec![SKIPPED; steps * steps], earlier: None }
    }

    fn clear(&mut self) {
        self.times.fill(SKIPPED);
        self.earlier = None;
    }

    fn forget(&mut self, step: usize) {
        self.times[step * self.steps] = SKIPPED;
        if let Some(earlier) = &mut self.earlier {
            earlier.forget(step);
        }
    }

    /// Ends the attempts that have taken this step or one after it.
    fn end_from(&mut self, step: usize) {
        for later in step..self.steps {
            let Some(start) = self.start(later) else { continue };
            for place in 0..self.steps {
                if self.start(place) == Some(start) {
                    self.forget(place);
                }
            }
        }
    }

    fn remember(&mut self) {
        let earlier = Attempts { steps: self.steps, times: self.times.clone(), earlier: None };
        self.earlier = Some(Box::new(earlier));
    }

    fn before(&self, moment: bool) -> &Attempts {
        self.earlier.as_deref().filter(|_| moment).unwrap_or(self)
    }

    fn times(&self, step: usize) -> &[i64] {
        &self.times[step * self.steps..(step + 1) * self.steps]
    }

    fn start(&self, step: usize) -> Option<i64> {
        Some(self.times[step * self.steps]).filter(|at| *at != SKIPPED)
    }

    fn at(&self, step: usize) -> i64 {
        self.times[step * self.steps + step]
    }

    fn advance(&mut self, from: Option<usize>, step: usize, at: i64, earlier: bool) {
        let n = self.steps;
        let row = step * n;
        match from {
            None => self.times[row..row + n].fill(SKIPPED),
            Some(from) => match self.earlier.as_deref().filter(|_| earlier) {
                Some(earlier) => self.times[row..row + n].copy_from_slice(earlier.times(from)),
                None => self.times.copy_within(from * n..(from + 1) * n, row),
            },
        }
        self.times[row + step] = at;
    }
}

/// The steps somebody took, with their moments.
fn taken(reached: &[i64]) -> impl Iterator<Item = (usize, i64)> + '_ {
    reached.iter().copied().enumerate().filter(|(_, at)| *at != SKIPPED)
}

/// No limit is a limit that no two events reach.
fn micros(time: Option<TimeDelta>) -> i64 {
    time.and_then(|time| time.num_microseconds()).unwrap_or(i64::MAX)
}

fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}
