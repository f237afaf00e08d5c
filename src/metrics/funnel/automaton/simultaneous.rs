//! Simultaneous events of which some fit several steps: which takes which.

use super::mark::SKIPPED;
use super::sequence::Search;
use crate::metrics::funnel::definition::micros;

/// An attempt that goes on at a moment: where it stood, and the steps it takes.
struct Onward {
    start: i64,
    from: Option<usize>,
    path: Vec<usize>,
}

/// Which event takes which step: one at most for each.
struct Matching<'m> {
    events: &'m [u32],
    owner: Vec<Option<usize>>,
}

impl Matching<'_> {
    /// Finds an event for one step more, giving others to the steps that have theirs if need be.
    fn add(&mut self, step: usize) -> bool {
        let mut tried = vec![false; self.events.len()];
        self.augment(step, &mut tried)
    }

    fn augment(&mut self, step: usize, tried: &mut [bool]) -> bool {
        for event in 0..self.events.len() {
            if tried[event] || self.events[event] & (1 << step) == 0 {
                continue;
            }
            tried[event] = true;
            let free = match self.owner[event] {
                None => true,
                Some(other) => self.augment(other, tried),
            };
            if free {
                self.owner[event] = Some(step);
                return true;
            }
        }
        false
    }
}

impl Search<'_> {
    /// All events of a moment, as the steps that each matches: every attempt goes as far as an order of
    /// them leads it.
    pub(super) fn take_together(&mut self, at: i64, events: &[u32], best: &mut [i64]) {
        let n = self.funnel.steps.len();
        let old = self.attempts.clone();
        let mut reached: Vec<Option<Onward>> = (0..n).map(|_| None).collect();
        // A new attempt is the latest. Of those there are, of equals the nearest to the step.
        for from in std::iter::once(None).chain((0..n).rev().map(Some)) {
            let start = match from {
                None => Some(at),
                Some(from) => old.start(from).filter(|start| at - start <= self.window),
            };
            let Some(start) = start else { continue };
            let mut matching = Matching { events, owner: vec![None; events.len()] };
            self.onward(at, start, from, &mut vec![], &mut matching, &mut reached);
        }
        let times = |onward: &Onward| {
            let mut row = onward.from.map_or(vec![SKIPPED; n], |from| old.times(from).to_vec());
            onward.path.iter().for_each(|step| row[*step] = at);
            row
        };
        for (step, onward) in reached.iter().enumerate() {
            let Some(onward) = onward else { continue };
            let row = times(onward);
            if onward.from.is_some_and(|from| old.is_void(from)) {
                if self.furthest.is_none_or(|furthest| step > furthest) {
                    best.copy_from_slice(&row);
                    (self.furthest, self.void) = (Some(step), true);
                }
                continue;
            }
            let same = old.start(step) == Some(onward.start);
            let later = old.start(step).is_none_or(|start| onward.start > start);
            if later || (same && self.limits_next(step) && !old.is_void(step)) {
                self.attempts.place(step, &row);
            }
            let further = self.furthest.is_none_or(|furthest| step > furthest);
            if further || (self.void && self.furthest == Some(step) && later) {
                (self.furthest, self.void) = (Some(step), false);
                best.copy_from_slice(&row);
            }
        }
    }

    /// Tries the steps that may come next; remembers of each the attempt that began last.
    fn onward(
        &self,
        at: i64,
        start: i64,
        from: Option<usize>,
        path: &mut Vec<usize>,
        matching: &mut Matching<'_>,
        reached: &mut [Option<Onward>],
    ) {
        let steps = &self.funnel.steps;
        let stands = path.last().copied().or(from);
        // A void attempt goes one step on, and no further.
        let is_void = |from: Option<usize>| from.is_some_and(|from| self.attempts.is_void(from));
        let void = is_void(from);
        if void && !path.is_empty() {
            return;
        }
        let next = stands.map_or(0, |step| step + 1);
        for step in next..steps.len() {
            let waited = match (path.is_empty(), from) {
                (true, Some(from)) => at - self.attempts.at(from),
                _ => 0,
            };
            let owner = matching.owner.clone();
            if waited <= micros(steps[step].within) && matching.add(step) {
                let better = |known: &Onward| match (is_void(known.from), void) {
                    (false, true) => false,
                    (true, false) => true,
                    _ => start > known.start,
                };
                if reached[step].as_ref().is_none_or(better) {
                    path.push(step);
                    reached[step] = Some(Onward { start, from, path: path.clone() });
                    path.pop();
                }
                path.push(step);
                self.onward(at, start, from, path, matching, reached);
                path.pop();
            }
            matching.owner = owner;
            if !steps[step].optional {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_given_up_for_a_step_that_has_no_other() {
        // The first event fits both steps, the second the first only.
        let events = [0b11, 0b01];
        let mut matching = Matching { events: &events, owner: vec![None; 2] };
        assert!(matching.add(0) && matching.owner == [Some(0), None]);
        assert!(matching.add(1) && matching.owner == [Some(1), Some(0)]);
        assert!(!matching.add(0), "no event is left");
    }
}
