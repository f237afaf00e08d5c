//! Events, reduced to what a funnel needs of them, and each user's way through them.

use polars::prelude::*;
use rayon::prelude::*;

use super::automaton::{Mark, SKIPPED, Way, in_order};
use super::definition::{Funnel, Order, Step};
use crate::error::{Error, Result};
use crate::events::{EventSource, Events, Grouped, Moments, Numbered, columns_of};
use crate::frame::{coded, full};

/// What is counted, and when each took each step.
pub(super) struct Run {
    /// Who is counted: the column of users, and the one given to `per`.
    pub actors: DataFrame,
    /// For each of them and each step, the microsecond at which it was taken, or [`SKIPPED`].
    pub reached: Vec<i64>,
}

/// A property of events, as numbers.
pub(super) struct Property {
    /// Of each event that matters.
    pub codes: Vec<u32>,
    /// The value that each number stands for, in rising order.
    pub values: Vec<Option<String>>,
}

/// The events that matter: all vectors are as long as there are such events.
pub(super) struct Marked<'f> {
    funnel: &'f Funnel,
    pub events: Events,
    /// Which of the events they are.
    rows: Vec<IdxSize>,
    /// Who each is of: a number, as in `reached`.
    pub codes: Vec<u32>,
    /// For each of those, an event of theirs.
    pub firsts: Vec<IdxSize>,
    /// Bits of the steps, and of the exclusions if there are any: these of all events.
    steps: Column,
    exclusions: Option<Column>,
    /// Whether an event matches several steps.
    overlap: bool,
}

impl Funnel {
    /// The columns of the events that the funnel reads beside users and times.
    fn also(&self) -> Vec<PlSmallStr> {
        let steps = self.steps.iter().flat_map(|step| [Some(&step.when), step.first_of.as_ref()]);
        let exclusions = self.exclusions.iter().map(|exclusion| Some(&exclusion.when));
        let mut also = columns_of(steps.chain(exclusions).flatten());
        also.extend(self.per.as_deref().map(PlSmallStr::from));
        also
    }

    /// Reads the events, with a property if one is asked for.
    pub(super) fn marked(
        &self,
        events: &dyn EventSource,
        property: Option<&str>,
    ) -> Result<Marked<'_>> {
        self.validate()?;
        let also = self.also();
        let also: Vec<&str> = also.iter().map(PlSmallStr::as_str).chain(property).collect();
        let events = events.events(&also)?;
        self.check_conditions(&events)?;

        let steps: Vec<Expr> =
            self.steps.iter().map(|step| condition(step, &events)).collect::<Result<_>>()?;
        let mut marks = vec![bits(steps).alias("steps")];
        if !self.exclusions.is_empty() {
            let exclusions = self.exclusions.iter().map(|exclusion| exclusion.when.clone());
            marks.push(bits(exclusions.collect()).alias("exclusions"));
        }
        // What a condition without columns gives is as long as the time is.
        marks.push(col(events.time_column()).alias("time"));
        let marks = events.frame().clone().lazy().select(marks).collect()?;
        let of = |name: &str| -> Result<Column> { Ok(marks.column(name)?.rechunk()) };
        let steps = of("steps")?;
        let exclusions = if self.exclusions.is_empty() { None } else { Some(of("exclusions")?) };
        let rows = self.rows(slice(&steps)?, exclusions.as_ref().map(slice).transpose()?);
        let Who { codes, firsts } = self.who(&events, &rows)?;

        let mut marked =
            Marked { funnel: self, events, rows, codes, firsts, steps, exclusions, overlap: false };
        let overlap = marked.steps()?.find(|steps| steps.count_ones() > 1);
        if self.order == Order::Any
            && let Some(steps) = overlap
        {
            let both: Vec<&str> = (0..self.steps.len())
                .filter(|step| steps & (1 << step) != 0)
                .map(|step| self.steps[step].name.as_str())
                .collect();
            let accepted = "conditions that exclude each other, when order is any";
            let value = format!("overlapping: one event matches {}", both.join(" and "));
            return Err(Error::config("steps", value, accepted));
        }
        marked.overlap = overlap.is_some();
        Ok(marked)
    }

    /// That each condition is one: a number would be taken for several steps, a text for none.
    fn check_conditions(&self, events: &Events) -> Result<()> {
        let steps = self.steps.iter().flat_map(|step| {
            let of = step.first_of.as_ref().map(|of| (format!("steps.{}.first_of", step.name), of));
            [Some((format!("steps.{}", step.name), &step.when)), of]
        });
        let exclusions =
            self.exclusions.iter().map(|exclusion| Some(("exclude".to_owned(), &exclusion.when)));
        for (field, when) in steps.chain(exclusions).flatten() {
            let mut asked = events.frame().clone().lazy().select([when.clone()]);
            let schema = asked.collect_schema()?;
            let boolean = |dtype: &DataType| matches!(dtype, DataType::Boolean | DataType::Null);
            if let Some((_, dtype)) = schema.iter().find(|(_, dtype)| !boolean(dtype)) {
                let accepted = "a condition: true or false for each event";
                return Err(Error::config(field, format!("of type {dtype}"), accepted));
            }
        }
        Ok(())
    }

    /// The events that match anything, or all, if the funnel looks at what comes between.
    fn rows(&self, steps: &[u32], exclusions: Option<&[u32]>) -> Vec<IdxSize> {
        let all = 0..steps.len() as IdxSize;
        if self.looks_at_all() {
            return all.collect();
        }
        let matches = |row: &IdxSize| {
            let row = *row as usize;
            steps[row] != 0 || exclusions.is_some_and(|bits| bits[row] != 0)
        };
        all.filter(matches).collect()
    }

    /// Who is counted, as numbers.
    fn who(&self, events: &Events, rows: &[IdxSize]) -> Result<Who> {
        let take = |column: &str| -> Result<Column> {
            Ok(events.frame().column(column)?.take_slice(rows)?)
        };
        // Numbers for all events are shared with other metrics; of few they are soon made.
        let few = !events.is_numbered() && rows.len() < events.len() / 2;
        let users = if few {
            Who::of(&Numbered::new(&take(events.user_column())?)?, rows)
        } else {
            let numbered = events.numbered();
            let codes = rows.iter().map(|row| numbered.codes[*row as usize]).collect();
            Who { codes, firsts: numbered.firsts().to_vec() }
        };
        let Some(column) = &self.per else { return Ok(users) };
        // Only what matters to the funnel must lie in a session.
        let sessions = DataFrame::new_infer_height(vec![take(column)?])?;
        let sessions = Numbered::new(full(&sessions, "events", column)?)?;
        Ok(Who::of(&Numbered::pairs(&users.codes, &sessions.codes), rows))
    }
}

/// Who is counted: of each event the number, of each number an event.
struct Who {
    codes: Vec<u32>,
    firsts: Vec<IdxSize>,
}

impl Who {
    /// `rows`: which events were numbered.
    fn of(numbered: &Numbered, rows: &[IdxSize]) -> Who {
        let firsts = numbered.firsts().iter().map(|first| rows[*first as usize]).collect();
        Who { codes: numbered.codes.clone(), firsts }
    }
}

/// Which events take a step.
fn condition(step: &Step, events: &Events) -> Result<Expr> {
    let Some(of) = &step.first_of else { return Ok(step.when.clone()) };
    let time = || col(events.time_column());
    let of = of.clone().fill_null(lit(false));
    let at = when(of.clone()).then(time()).otherwise(lit(NULL));
    let first = at.min().over([col(events.user_column())])?;
    Ok(step.when.clone().and(of).and(time().eq(first)))
}

/// Conditions as one number: a bit for each that holds. One that is neither true nor false does not.
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

fn slice(bits: &Column) -> Result<&[u32]> {
    Ok(bits.u32()?.cont_slice()?)
}

impl Marked<'_> {
    /// Returns the steps that each event matches.
    pub fn steps(&self) -> Result<impl Iterator<Item = u32> + '_> {
        let steps = slice(&self.steps)?;
        Ok(self.rows.iter().map(move |row| steps[*row as usize]))
    }

    /// Returns when each event happened.
    pub fn at(&self) -> impl Iterator<Item = i64> + '_ {
        let micros = &self.moments().micros;
        self.rows.iter().map(move |row| micros[*row as usize])
    }

    pub fn moments(&self) -> &Moments {
        self.events.moments()
    }

    /// Reads a property of the events.
    pub fn property(&self, column: &str) -> Result<Property> {
        let (codes, values) = coded(&self.events.frame().column(column)?.take_slice(&self.rows)?)?;
        Ok(Property { codes, values })
    }

    /// Counts each user with each value like a user of its own. Returns the value of each.
    pub fn split(&mut self, property: &Property) -> Vec<u32> {
        let pairs = Numbered::pairs(&self.codes, &property.codes);
        let values = pairs.firsts().iter().map(|first| property.codes[*first as usize]).collect();
        let Who { codes, firsts } = Who::of(&pairs, &self.rows);
        (self.codes, self.firsts) = (codes, firsts);
        values
    }

    /// Who is counted, in the order of their numbers.
    fn actors(&self) -> Result<DataFrame> {
        let keys = [Some(self.events.user_column()), self.funnel.per.as_deref()];
        let of = |key: &str| -> Result<Column> {
            Ok(self.events.frame().column(key)?.take_slice(&self.firsts)?)
        };
        let actors: Vec<Column> = keys.into_iter().flatten().map(of).collect::<Result<_>>()?;
        Ok(DataFrame::new_infer_height(actors)?)
    }

    /// Groups the events of all users.
    pub fn grouped(&self) -> Result<Grouped<Mark>> {
        let steps = slice(&self.steps)?;
        let exclusions = self.exclusions.as_ref().map(slice).transpose()?;
        let micros = &self.moments().micros;
        Ok(Grouped::new(&self.codes, self.firsts.len(), |place| {
            let row = self.rows[place] as usize;
            let exclusions = exclusions.map_or(0, |bits| bits[row]);
            Mark { at: micros[row], steps: steps[row], exclusions }
        }))
    }

    /// Finds the way of every user.
    pub fn run(&self) -> Result<Run> {
        let n = self.funnel.steps.len();
        let mut grouped = self.grouped()?;
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
        Ok(Run { actors: self.actors()?, reached: parts.concat() })
    }

    pub fn way(&self) -> Way<'_> {
        Way::new(self.funnel, self.overlap)
    }
}
