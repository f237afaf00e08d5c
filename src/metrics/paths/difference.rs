//! Two groups of users, transition by transition.

use polars::prelude::*;
use rustc_hash::FxHashMap;

use super::definition::Paths;
use super::trails::{Path, Trails};
use crate::error::{Error, Result, unknown};
use crate::events::{EventSource, UserSource};
use crate::frame::coded;
use crate::metrics::warnings;
use crate::stats::multiple;
use crate::stats::two_sample::{Difference, Share, compare_shares};

/// How p values of many tests are adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Adjustment {
    /// Of those called significant, at most a share of 0.05 is expected to be false.
    #[default]
    BenjaminiHochberg,
    /// The probability that any at all is false is at most 0.05.
    Holm,
}

/// The level below which an adjusted p value is significant.
const LEVEL: f64 = 0.05;

/// Transitions from one state: sums over users of how many each has.
#[derive(Clone, Copy, Default)]
struct Left {
    users: i64,
    sum: i64,
    squares: i64,
}

/// Transitions from one state to another: sums over users of how many each has, and of that times all from there.
#[derive(Clone, Copy, Default)]
struct Gone {
    sum: i64,
    squares: i64,
    products: i64,
}

/// What a thread has found, of each of the two groups.
#[derive(Default)]
struct Found {
    left: [FxHashMap<u32, Left>; 2],
    gone: [FxHashMap<(u32, u32), Gone>; 2],
    /// The user at hand, with the group, and all transitions of theirs.
    user: Option<(usize, usize)>,
    own: Vec<(u32, u32)>,
}

impl Found {
    fn path(&mut self, path: &Path, group: usize, start: u32, end: u32) {
        if self.user != Some((path.user, group)) {
            self.close();
            self.user = Some((path.user, group));
        }
        path.transitions(start, end, |from, to| self.own.push((from, to)));
    }

    /// Counts the user at hand.
    fn close(&mut self) {
        let Some((_, group)) = self.user.take() else { return };
        self.own.sort_unstable();
        for from in self.own.chunk_by(|a, b| a.0 == b.0) {
            let all = from.len() as i64;
            let left = self.left[group].entry(from[0].0).or_default();
            left.users += 1;
            left.sum += all;
            left.squares += all * all;
            for to in from.chunk_by(|a, b| a == b) {
                let count = to.len() as i64;
                let gone = self.gone[group].entry(to[0]).or_default();
                gone.sum += count;
                gone.squares += count * count;
                gone.products += count * all;
            }
        }
        self.own.clear();
    }

    /// Whole numbers add up to the same in any order.
    fn with(mut self, mut other: Found) -> Found {
        self.close();
        other.close();
        for (mine, theirs) in self.left.iter_mut().zip(other.left) {
            for (from, left) in theirs {
                let sums = mine.entry(from).or_default();
                sums.users += left.users;
                sums.sum += left.sum;
                sums.squares += left.squares;
            }
        }
        for (mine, theirs) in self.gone.iter_mut().zip(other.gone) {
            for (pair, gone) in theirs {
                let sums = mine.entry(pair).or_default();
                sums.sum += gone.sum;
                sums.squares += gone.squares;
                sums.products += gone.products;
            }
        }
        self
    }
}

/// By how much users who differ widen the variance of a share beyond that of independent transitions; at least 1. Nothing
/// where everybody, or nobody, goes there.
fn design_effect(left: Left, gone: Gone) -> Option<f64> {
    let (x, m) = (left.sum as f64, left.users as f64);
    let p = gone.sum as f64 / x;
    if gone.sum == 0 || gone.sum == left.sum {
        return None;
    }
    // The variance of a ratio of two sums over users, by the delta method.
    let squares =
        gone.squares as f64 - 2.0 * p * gone.products as f64 + p * p * left.squares as f64;
    let variance = m / (m - 1.0) * squares / (x * x);
    Some((variance * x / (p * (1.0 - p))).max(1.0))
}

/// Compares one transition; nothing with fewer than two users in either group.
fn compared(left: [Left; 2], gone: [Gone; 2]) -> Option<Difference> {
    if left.iter().any(|left| left.users < 2) {
        return None;
    }
    let effects = [0, 1].map(|group| design_effect(left[group], gone[group]));
    let [base, other] = [0, 1].map(|group: usize| {
        // A group in which nobody, or everybody, goes there says nothing of how users differ: the other one may.
        let effect = effects[group].or(effects[1 - group]).unwrap_or(1.0);
        let all = left[group].sum as f64;
        Share { share: gone[group].sum as f64 / all, of: all / effect }
    });
    Some(compare_shares(base, other))
}

impl Paths {
    /// Compares the transitions of two groups of users: the second group less the first.
    ///
    /// Transitions of one user are alike, and are not counted as independent: each probability is a ratio of sums over
    /// users, whose variance (delta method) gives the effective number of transitions, with which the pooled z test and
    /// Newcombe's interval are made.
    ///
    /// Reads `events`: users, times and the column of states; of `users` the attribute. Returns one row per pair of states,
    /// in the order of [`transitions`](Paths::transitions): `from`, `to` (text), `base_transitions`, `base_of` (i64),
    /// `base_probability` (f64) of the first group, `transitions`, `of` (i64), `probability` (f64) of the second,
    /// `difference`, `low`, `high` (f64: 95%), `z`, `p_value` (f64, two-sided; null where nobody goes there, and where
    /// fewer than two users of a group were in `from`), `adjusted` (f64: the p value among all of these), `significant`
    /// (bool: adjusted up to 0.05), `warning` (text, where one of the two left `from` fewer than 30 times). Users without
    /// one of the two values are left out.
    ///
    /// # Errors
    /// The same as [`transitions`](Paths::transitions); for an id that is in `users` twice, and a group that is not there.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let users = warehouse::files::read("data/samples/users.csv")?;
    /// let plans = ["free", "pro"];
    /// let visits = paths::Paths::new("event").timeout(chrono::TimeDelta::minutes(30));
    /// let found = visits.difference(&events, &users, "plan", plans, paths::Adjustment::Holm)?;
    /// assert_eq!(found.height(), visits.transitions(&events)?.height());
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn difference(
        &self,
        events: &dyn EventSource,
        users: &dyn UserSource,
        attribute: &str,
        groups: [&str; 2],
        adjustment: Adjustment,
    ) -> Result<DataFrame> {
        let mut trails = self.trails(events)?;
        trails.few_states(&self.state)?;
        let group_of = members(&trails, users, attribute, groups)?;
        let (start, end) = (trails.start(), trails.end());
        let mut found = trails.fold(
            Found::default,
            |found, path| {
                if let Some(group) = group_of[path.user] {
                    found.path(path, group, start, end);
                }
            },
            Found::with,
        );
        found.close();
        table(&trails, &found, adjustment)
    }
}

/// Returns each user's group: 0, 1 or neither.
fn members(
    trails: &Trails,
    users: &dyn UserSource,
    attribute: &str,
    groups: [&str; 2],
) -> Result<Vec<Option<usize>>> {
    if groups[0] == groups[1] {
        return Err(Error::config("groups", format!("\"{}\" twice", groups[0]), "two values"));
    }
    let users = users.users(&[attribute])?;
    let rows = users.index().find("events", &trails.events.actors()?)?;
    let (codes, values) = coded(users.frame().column(attribute)?)?;
    for group in groups {
        if !values.iter().flatten().any(|value| value == group) {
            let known = values.iter().flatten().map(String::as_str);
            return Err(unknown("groups", group, known, "none: no user has a value"));
        }
    }
    let group = |row: &u32| {
        let value = values[*codes.get(*row as usize)? as usize].as_deref()?;
        groups.iter().position(|group| *group == value)
    };
    Ok(rows.iter().map(group).collect())
}

fn table(trails: &Trails, found: &Found, adjustment: Adjustment) -> Result<DataFrame> {
    let (start, end) = (trails.start(), trails.end());
    let (mut from, mut to) = (vec![], vec![]);
    let mut differences: Vec<Option<Difference>> = vec![];
    let mut counted: [(Vec<i64>, Vec<i64>); 2] = Default::default();
    for one in 0..=start {
        for other in (0..start).chain([end]).filter(|other| (one, *other) != (start, end)) {
            from.push(trails.name(one));
            to.push(trails.name(other));
            let left =
                [0, 1].map(|at: usize| found.left[at].get(&one).copied().unwrap_or_default());
            let gone = [0, 1]
                .map(|at: usize| found.gone[at].get(&(one, other)).copied().unwrap_or_default());
            for (group, (transitions, of)) in counted.iter_mut().enumerate() {
                transitions.push(gone[group].sum);
                of.push(left[group].sum);
            }
            differences.push(compared(left, gone));
        }
    }
    let mut columns = vec![Column::new("from".into(), from), Column::new("to".into(), to)];
    for (prefix, (transitions, of)) in ["base_", ""].into_iter().zip(&counted) {
        let share = |(part, of): (&i64, &i64)| (*of > 0).then(|| *part as f64 / *of as f64);
        let shares: Vec<Option<f64>> = transitions.iter().zip(of).map(share).collect();
        columns.push(Column::new(format!("{prefix}transitions").into(), transitions));
        columns.push(Column::new(format!("{prefix}of").into(), of));
        columns.push(Column::new(format!("{prefix}probability").into(), shares));
    }
    let of = |pick: fn(&Difference) -> f64| -> Vec<Option<f64>> {
        let value = |one: &Option<Difference>| one.as_ref().map(pick).filter(|x| x.is_finite());
        differences.iter().map(value).collect()
    };
    let p_values = of(|one| one.p_value);
    let known: Vec<f64> = p_values.iter().flatten().copied().collect();
    let mut adjusted = match adjustment {
        Adjustment::BenjaminiHochberg => multiple::benjamini_hochberg(&known),
        Adjustment::Holm => multiple::holm(&known),
    }
    .into_iter();
    let adjusted: Vec<Option<f64>> =
        p_values.iter().map(|p| p.and_then(|_| adjusted.next())).collect();
    let significant: Vec<Option<bool>> = adjusted.iter().map(|p| p.map(|p| p <= LEVEL)).collect();
    let fewest = |(a, b): (&i64, &i64)| Some(*a.min(b));
    let fewest: Vec<Option<i64>> = counted[0].1.iter().zip(&counted[1].1).map(fewest).collect();
    columns.extend([
        Column::new("difference".into(), of(|one| one.estimate)),
        Column::new("low".into(), of(|one| one.low)),
        Column::new("high".into(), of(|one| one.high)),
        Column::new("z".into(), of(|one| one.statistic)),
        Column::new("p_value".into(), p_values),
        Column::new("adjusted".into(), adjusted),
        Column::new("significant".into(), significant),
        warnings(&fewest, "transitions"),
    ]);
    Ok(DataFrame::new_infer_height(columns)?)
}
