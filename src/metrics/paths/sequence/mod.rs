//! Sequences by pattern.

mod matcher;
mod pattern;
#[cfg(test)]
mod tests;

use polars::prelude::*;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::events::{EventSource, Events, Grouped, NOBODY, columns_of};
use crate::metrics::{free, share_columns};
use matcher::{Mark, Matcher, in_order};
use pattern::Item;

/// The most conditions of a pattern.
pub const MOST_CONDITIONS: usize = 32;

/// A pattern of events in time, as in ClickHouse's `sequenceMatch` and `sequenceCount`.
///
/// - `(?1)` is an event that fulfils the first condition, `(?2)` the second, up to 32. One event may fulfil several.
/// - `.` is any event, `.*` any number of them, as few as will do.
/// - `(?t<=1800)` is a time in seconds since the event before it, with `<`, `<=`, `>`, `>=` or `==`. Any events may lie in
///   it: `(?1)(?t<=1800)(?2)` is a 2 half an hour after a 1 at most, and `(?1)(?2)` a 2 that is the very next event.
///   After `.*` the time counts from the event at which that stops, and so says nothing about the event before.
///
/// Only events that fulfil a condition are looked at: name a condition for what may not lie between, even if the pattern
/// does not. Simultaneous events come in the order of the first condition that each fulfils. A pattern may begin anywhere,
/// and matches do not overlap.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let visit = || col("event").eq(lit("visit"));
/// let soon = paths::Sequence::new("(?1)(?t<=86400)(?1)", [visit()])?.share(&events)?;
/// let ever = paths::Sequence::new("(?1).*(?1)", [visit()])?.share(&events)?;
/// assert!(number(&soon, "users", 0)? < number(&ever, "users", 0)?); // back within a day, or at all
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sequence {
    items: Vec<Item>,
    conditions: Vec<Expr>,
}

impl Sequence {
    /// Creates a pattern over conditions, which are expressions over the events' columns. A null does not fulfil one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for what is no pattern, with the place; for a
    /// condition that is not there; for none, or more than 32.
    pub fn new(pattern: &str, conditions: impl IntoIterator<Item = Expr>) -> Result<Sequence> {
        let conditions: Vec<Expr> = conditions.into_iter().collect();
        if !(1..=MOST_CONDITIONS).contains(&conditions.len()) {
            let accepted = format!("1 to {MOST_CONDITIONS}");
            return Err(Error::config("conditions", conditions.len(), accepted));
        }
        Ok(Sequence { items: pattern::parse(pattern, conditions.len())?, conditions })
    }

    /// Finds the pattern in each user's events.
    ///
    /// Reads `events`: users, times and the columns named by the conditions. Returns one row per user with any event, by
    /// user: the column of users, `matched` (bool: ClickHouse's `sequenceMatch`), `matches` (i64: its `sequenceCount`).
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty users or times;
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a condition that is not true or false.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let kind = |name: &str| col("event").eq(lit(name));
    /// let twice = paths::Sequence::new("(?1).*(?1)", [kind("purchase")])?.by_user(&events)?;
    /// assert!(twice.column("matched")?.bool()?.any());
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn by_user(&self, events: &dyn EventSource) -> Result<DataFrame> {
        let events = self.read(events)?;
        free("events", events.user_column(), &["matched", "matches"])?;
        let found = self.find(&events)?;
        let actors = events.actors()?;
        let order = actors.as_materialized_series().arg_sort(SortOptions::default());
        let rows: Vec<IdxSize> = order.into_no_null_iter().collect();
        let matched: Vec<bool> = rows.iter().map(|row| found[*row as usize].0).collect();
        let matches: Vec<i64> = rows.iter().map(|row| found[*row as usize].1).collect();
        Ok(DataFrame::new_infer_height(vec![
            actors.take(&IdxCa::from_vec("row".into(), rows))?,
            Column::new("matched".into(), matched),
            Column::new("matches".into(), matches),
        ])?)
    }

    /// Counts in how many users' events the pattern is.
    ///
    /// Reads `events` like [`by_user`](Sequence::by_user). Returns one row: `users` (i64: those in whose events it is),
    /// `of` (i64: all with an event), `share`, `low`, `high` (f64: users / of, 95% Wilson; null without users), `matches`
    /// (i64: how often it is there in all).
    ///
    /// # Errors
    /// The same as [`by_user`](Sequence::by_user).
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let kind = |name: &str| col("event").eq(lit(name));
    /// let found = paths::Sequence::new("(?1)(?2)", [kind("visit"), kind("cart")])?.share(&events)?;
    /// assert!(number(&found, "matches", 0)? >= number(&found, "users", 0)?);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn share(&self, events: &dyn EventSource) -> Result<DataFrame> {
        let events = self.read(events)?;
        let found = self.find(&events)?;
        let users = [Some(found.iter().filter(|one| one.0).count() as i64)];
        let of = [Some(found.len() as i64)];
        let mut columns = vec![Column::new("users".into(), users), Column::new("of".into(), of)];
        columns.extend(share_columns(["share", "low", "high"], &users, &of));
        columns.push(Column::new("matches".into(), [found.iter().map(|one| one.1).sum::<i64>()]));
        Ok(DataFrame::new_infer_height(columns)?)
    }

    fn read(&self, events: &dyn EventSource) -> Result<Events> {
        let also = columns_of(&self.conditions);
        let also: Vec<&str> = also.iter().map(PlSmallStr::as_str).collect();
        events.events(&also)
    }

    /// Matches every user, in the order of their numbers.
    fn find(&self, events: &Events) -> Result<Vec<(bool, i64)>> {
        let mut bits = vec![0_u32; events.len()];
        for (group, conditions) in self.conditions.chunks(8).enumerate() {
            let names: Vec<String> =
                (1..=conditions.len()).map(|n| format!("conditions.{}", group * 8 + n)).collect();
            let named: Vec<(&str, &Expr)> =
                names.iter().map(String::as_str).zip(conditions).collect();
            let marks = events.marks(&named)?;
            bits.iter_mut()
                .zip(marks)
                .for_each(|(bits, mark)| *bits |= u32::from(mark) << (8 * group));
        }
        let numbered = events.numbered();
        let at = &events.moments().micros;
        let fits = |(code, bits): (&u32, &u32)| if *bits == 0 { NOBODY } else { *code };
        let codes: Vec<u32> = numbered.codes.iter().zip(&bits).map(fits).collect();
        let mut grouped = Grouped::new(&codes, numbered.count(), |row| Mark {
            at: at[row],
            conditions: bits[row],
        });
        let parts: Vec<Vec<(bool, i64)>> = grouped
            .parts()
            .into_par_iter()
            .map(|mut part| {
                let mut matcher = Matcher::new(&self.items);
                (0..part.users())
                    .map(|user| {
                        let marks = part.of(user);
                        in_order(marks);
                        matcher.find(marks)
                    })
                    .collect()
            })
            .collect();
        Ok(parts.concat())
    }
}
