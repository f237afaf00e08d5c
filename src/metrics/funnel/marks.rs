//! Events, reduced to what a funnel needs of them, and each user's way through them.

use polars::prelude::*;
use rayon::prelude::*;

use super::attempts::Attempts;
use super::sequence::Search;
use super::{Funnel, Order, Step};
use crate::error::{Error, Result};
use crate::metrics::timeline::{Grouped, Micros, Moments, Numbered, TIME, USER, full};
use crate::metrics::{Source, coded, require_in};

/// The moment of a step that was not taken.
pub(super) const SKIPPED: i64 = i64::MIN;

/// An event: which steps it matches, which exclusions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub at: i64,
    pub steps: u32,
    pub exclusions: u32,
}

impl Mark {
    /// Time first, then the first step matched, then all of them. What matches none comes last.
    pub fn rank(&self) -> (i64, u32, u32, u32) {
        (self.at, self.steps.trailing_zeros(), self.steps, self.exclusions)
    }
}

/// What is counted, and when each took each step.
pub(super) struct Run {
    /// Who is counted: `user_id`, and the column given to `per`.
    pub actors: DataFrame,
    /// For each of them and each step, the microsecond at which it was taken, or [`SKIPPED`].
    pub reached: Vec<i64>,
}

/// A property of events, as numbers.
pub(super) struct Property {
    /// Each row's.
    pub codes: Vec<u32>,
    /// The value that each number stands for, in rising order.
    pub values: Vec<Option<String>>,
}

/// The events that matter.
pub(super) struct Events<'f> {
    funnel: &'f Funnel,
    frame: DataFrame,
    pub moments: Moments,
    /// Who each row is of: a number, as in `reached`.
    pub numbered: Numbered,
    steps: UInt32Chunked,
    exclusions: Option<UInt32Chunked>,
    pub property: Option<Property>,
    /// Whether an event matches several steps.
    overlap: bool,
}

impl Funnel {
    pub(super) fn run(&self, events: &dyn Source) -> Result<Run> {
        let events = self.events(events, None)?;
        let mut grouped = events.grouped()?;
        Ok(Run { reached: events.search(&mut grouped), actors: events.actors()? })
    }

    /// Reads the events, with a property if one is asked for.
    pub(super) fn events(&self, events: &dyn Source, property: Option<&str>) -> Result<Events<'_>> {
        self.validate()?;
        let mut lazy = events.scan();
        let mut keys = vec![USER];
        keys.extend(self.per.as_deref());
        let mut needed = keys.clone();
        needed.push(TIME);
        needed.extend(property);
        let first_of = self.steps.iter().filter_map(|step| step.first_of.as_ref());
        let conditions =
            self.steps.iter().map(|s| &s.when).chain(self.exclusions.iter().map(|e| &e.when));
        let used: Vec<PlSmallStr> = conditions
            .chain(first_of)
            .flat_map(|when| when.into_iter())
            .filter_map(|part| match part {
                Expr::Column(name) => Some(name.clone()),
                _ => None,
            })
            .collect();
        needed.extend(used.iter().map(PlSmallStr::as_str));
        require_in(&*lazy.collect_schema()?, "events", &needed)?;

        let steps = self.steps.iter().map(condition).collect::<Result<Vec<Expr>>>()?;
        let mut columns: Vec<Expr> = keys.iter().map(|key| col(*key)).collect();
        columns.extend([col(TIME), bits(steps).alias("__steps")]);
        let mut matched = col("__steps").neq(lit(0_u32));
        if !self.exclusions.is_empty() {
            let exclusions = bits(self.exclusions.iter().map(|e| e.when.clone()).collect());
            columns.push(exclusions.alias("__exclusions"));
            matched = matched.or(col("__exclusions").neq(lit(0_u32)));
        }
        columns.extend(property.map(|column| col(column).alias("__property")));
        let mut marked = lazy.select(columns);
        if !self.looks_at_all() {
            marked = marked.filter(matched);
        }
        let frame = marked.collect()?;

        let moments = Moments::new(&frame, "events", TIME)?;
        let user = Numbered::new(full(&frame, "events", USER)?)?;
        let numbered = match &self.per {
            None => user,
            Some(column) => {
                let session = Numbered::new(full(&frame, "events", column)?)?;
                Numbered::pairs(&user.codes, &session.codes)
            }
        };
        let steps = frame.column("__steps")?.u32()?.rechunk().into_owned();
        let exclusions = match self.exclusions.is_empty() {
            true => None,
            false => Some(frame.column("__exclusions")?.u32()?.rechunk().into_owned()),
        };
        let property = match property {
            None => None,
            Some(_) => {
                let (codes, values) = coded(frame.column("__property")?)?;
                Some(Property { codes, values })
            }
        };
        let overlap = steps.cont_slice()?.iter().position(|steps| steps.count_ones() > 1);
        if self.order == Order::Any
            && let Some(row) = overlap
        {
            let both: Vec<&str> = (0..self.steps.len())
                .filter(|step| steps.get(row).is_some_and(|steps| steps & (1 << step) != 0))
                .map(|step| self.steps[step].name.as_str())
                .collect();
            let accepted = "conditions that exclude each other, when order is any";
            let value = format!("overlapping: one event matches {}", both.join(" and "));
            return Err(Error::config("steps", value, accepted));
        }
        let overlap = overlap.is_some();
        Ok(Events { funnel: self, frame, moments, numbered, steps, exclusions, property, overlap })
    }
}

/// Which events take a step.
fn condition(step: &Step) -> Result<Expr> {
    let Some(of) = &step.first_of else { return Ok(step.when.clone()) };
    let of = of.clone().fill_null(lit(false));
    let at = when(of.clone()).then(col(TIME)).otherwise(lit(NULL));
    let first = at.min().over([col(USER)])?;
    Ok(step.when.clone().and(of).and(col(TIME).eq(first)))
}

/// Conditions as one number: a bit for each that is met.
fn bits(conditions: Vec<Expr>) -> Expr {
    conditions
        .into_iter()
        .enumerate()
        .map(|(place, when)| {
            let yes = when.fill_null(lit(false)).cast(DataType::UInt32);
            yes * lit(1_u32 << place).cast(DataType::UInt32)
        })
        .reduce(|a, b| a + b)
        .unwrap_or_else(|| lit(0_u32).cast(DataType::UInt32))
}

impl Events<'_> {
    /// The steps that each row matches.
    pub fn steps(&self) -> Result<&[u32]> {
        Ok(self.steps.cont_slice()?)
    }

    /// Who is counted, in the order of their numbers.
    pub fn actors(&self) -> Result<DataFrame> {
        let mut actors = vec![self.numbered.pick(self.frame.column(USER)?)?];
        if let Some(column) = &self.funnel.per {
            actors.push(self.numbered.pick(self.frame.column(column)?)?);
        }
        Ok(DataFrame::new_infer_height(actors)?)
    }

    /// Everybody's events.
    pub fn grouped(&self) -> Result<Grouped<Mark>> {
        let steps = self.steps.cont_slice()?;
        let exclusions = self.exclusions.as_ref().map(|bits| bits.cont_slice()).transpose()?;
        let moments: &Micros = &self.moments.micros;
        Ok(Grouped::new(&self.numbered.codes, self.numbered.count(), |row| Mark {
            at: moments[row],
            steps: steps[row],
            exclusions: exclusions.map_or(0, |bits| bits[row]),
        }))
    }

    /// When each took each step.
    pub fn search(&self, grouped: &mut Grouped<Mark>) -> Vec<i64> {
        let n = self.funnel.steps.len();
        let parts: Vec<Vec<i64>> = grouped
            .parts()
            .into_par_iter()
            .map(|mut part| {
                let mut reached = vec![SKIPPED; n * part.users()];
                let mut way = self.way();
                for (user, reached) in reached.chunks_exact_mut(n).enumerate() {
                    let marks = part.of(user);
                    in_order(marks);
                    way.find(marks, reached);
                }
                reached
            })
            .collect();
        parts.concat()
    }

    pub fn way(&self) -> Way<'_> {
        Way {
            funnel: self.funnel,
            search: Search::new(self.funnel, self.overlap),
            rows: Attempts::new(self.funnel.steps.len()),
        }
    }
}

pub(super) fn in_order(marks: &mut [Mark]) {
    if !marks.is_sorted_by_key(Mark::rank) {
        marks.sort_unstable_by_key(Mark::rank);
    }
}

/// Finds one user's way after the other.
pub(super) struct Way<'f> {
    funnel: &'f Funnel,
    search: Search<'f>,
    rows: Attempts,
}

impl Way<'_> {
    /// When the user took each step: `reached` comes and goes with [`SKIPPED`] for those not taken.
    pub fn find(&mut self, marks: &[Mark], reached: &mut [i64]) {
        let stays = match (self.funnel.window_funnel, self.funnel.order) {
            (Some(modes), _) => {
                modes.level(self.funnel, marks, &mut self.rows, reached);
                true
            }
            (None, Order::Any) => self.funnel.in_any_order(marks, reached),
            (None, _) => self.search.find(marks, reached),
        };
        if !stays {
            reached.fill(SKIPPED);
        }
    }
}

/// The steps somebody took, with their moments.
pub(super) fn taken(reached: &[i64]) -> impl Iterator<Item = (usize, i64)> + '_ {
    reached.iter().copied().enumerate().filter(|(_, at)| *at != SKIPPED)
}
