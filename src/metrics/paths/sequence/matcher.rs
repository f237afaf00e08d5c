//! Where a pattern matches one user's events.

use super::pattern::{Compare, Item};

/// An event: when it was, and which conditions it fulfils, as bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub at: i64,
    pub conditions: u32,
}

impl Mark {
    /// Time first; of simultaneous events the one that fulfils the earlier condition.
    fn rank(&self) -> (i64, u32, u32) {
        (self.at, self.conditions.trailing_zeros(), self.conditions)
    }
}

/// Sorts one user's events as [`Matcher::find`] needs them.
pub(super) fn in_order(marks: &mut [Mark]) {
    if !marks.is_sorted_by_key(Mark::rank) {
        marks.sort_unstable_by_key(Mark::rank);
    }
}

/// No match.
const NONE: u32 = u32::MAX;

/// Matches one user after the other.
///
/// The pattern is gone through from its end: for each place among the events it is known where the match of the rest
/// would end that begins there. So the time it takes is that of the pattern's length times the number of events, whatever
/// the pattern; nothing is tried twice.
pub(super) struct Matcher<'p> {
    items: &'p [Item],
    /// Where the match of the items so far ends, by the place where it begins; the last place is the end of the events.
    ends: Vec<u32>,
    /// The same of a time and what comes after it, by the event from which the time counts.
    gate: Vec<u32>,
    /// The next place from which there is a match.
    next: Vec<u32>,
}

impl<'p> Matcher<'p> {
    pub fn new(items: &'p [Item]) -> Matcher<'p> {
        Matcher { items, ends: vec![], gate: vec![], next: vec![] }
    }

    /// Returns whether the pattern matches anywhere, and how many times: matches do not overlap, each begins after the end
    /// of the one before, and is the one that comes first.
    pub fn find(&mut self, marks: &[Mark]) -> (bool, i64) {
        let n = marks.len();
        let empty = self.items.iter().all(|item| item.may_be_empty());
        if n == 0 {
            return (empty, 0);
        }
        self.go(marks);
        // What comes before the pattern is any number of events.
        self.skip(n);
        let (mut from, mut count) = (0, 0);
        while from < n {
            let end = match self.ends[from] {
                NONE if empty => n,
                NONE => break,
                end => end as usize,
            };
            count += 1;
            from = end.max(from + 1);
        }
        (count > 0, count)
    }

    /// Fills `ends` for the whole pattern, which begins at each place.
    fn go(&mut self, marks: &[Mark]) {
        let n = marks.len();
        self.ends.clear();
        self.ends.extend(0..=n as u32);
        let mut rest_empty = true;
        for (place, item) in self.items.iter().enumerate().rev() {
            match *item {
                Item::Event(condition) => {
                    let bit = 1 << condition;
                    for (from, mark) in marks.iter().enumerate() {
                        let fits = mark.conditions & bit != 0;
                        self.ends[from] = if fits { self.ends[from + 1] } else { NONE };
                    }
                }
                Item::Any => self.ends.copy_within(1.., 0),
                Item::Many => self.skip(n),
                // It counts from the event before it; after `.*` from the one at which that stops.
                Item::Time(compare, time) => {
                    let after_event =
                        place > 0 && matches!(self.items[place - 1], Item::Event(_) | Item::Any);
                    self.wait(marks, compare, time, after_event, rest_empty && item.may_be_empty());
                }
            }
            rest_empty &= item.may_be_empty();
            self.ends[n] = if rest_empty { n as u32 } else { NONE };
        }
    }

    /// Any number of events: the match begins at the next place at which it can.
    fn skip(&mut self, n: usize) {
        for from in (0..n.saturating_sub(1)).rev() {
            if self.ends[from] == NONE {
                self.ends[from] = self.ends[from + 1];
            }
        }
    }

    /// A time: the match goes on at the first event that is in it and from which the rest matches. `empty`: whether the
    /// rest is fulfilled without events.
    fn wait(
        &mut self,
        marks: &[Mark],
        compare: Compare,
        time: i64,
        after_event: bool,
        empty: bool,
    ) {
        let n = marks.len();
        self.next.clear();
        self.next.resize(n + 1, n as u32);
        for place in (0..n).rev() {
            let matches = self.ends[place] != NONE;
            self.next[place] = if matches { place as u32 } else { self.next[place + 1] };
        }
        self.gate.clear();
        for (base, mark) in marks.iter().enumerate() {
            let from = base + usize::from(after_event);
            let limit = mark.at.saturating_add(time);
            let rest = &marks[from..];
            let before = |later: fn(&i64, &i64) -> bool| {
                from + rest.partition_point(|mark| later(&mark.at, &limit))
            };
            let (low, high) = match compare {
                Compare::AtMost => (from, before(i64::le)),
                Compare::Below => (from, before(i64::lt)),
                Compare::AtLeast => (before(i64::lt), n),
                Compare::Above => (before(i64::le), n),
                Compare::Exactly => (before(i64::lt), before(i64::le)),
            };
            let found = self.next[low.min(n)] as usize;
            self.gate.push(if from == n {
                if empty { n as u32 } else { NONE }
            } else if found < high {
                self.ends[found]
            } else {
                NONE
            });
        }
        // As seen by the item before: an event looks one place on, `.*` at its own.
        if after_event {
            self.ends[0] = NONE;
            self.ends[1..].copy_from_slice(&self.gate);
        } else {
            self.ends[..n].copy_from_slice(&self.gate);
        }
    }
}
