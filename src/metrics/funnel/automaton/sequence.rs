//! Funnels in sequential and in strict order: one pass over a user's events.

use super::attempts::Attempts;
use super::mark::Mark;
use crate::metrics::funnel::definition::{Excluded, Funnel, Order, micros};

/// What is known of a user while the events are gone through.
pub(super) struct Search<'f> {
    pub(super) funnel: &'f Funnel,
    pub(super) window: i64,
    /// With nothing between, an event can only follow the one just before it.
    strict: bool,
    /// The step where an attempt stands may come again, although nothing else may lie between.
    repeatable: bool,
    /// Simultaneous events cannot follow each other.
    earlier: bool,
    /// Simultaneous events may change places, and it can matter.
    overlap: bool,
    pub(super) attempts: Attempts,
    /// The furthest step so far, and whether the attempt that got there is void.
    pub(super) furthest: Option<usize>,
    pub(super) void: bool,
}

impl<'f> Search<'f> {
    pub fn new(funnel: &'f Funnel, overlap: bool) -> Search<'f> {
        let strict = funnel.order == Order::Strict;
        Search {
            funnel,
            window: micros(funnel.window),
            strict,
            repeatable: funnel.repeatable,
            earlier: funnel.increasing && !strict,
            overlap: overlap && !strict && !funnel.increasing && !funnel.unrepeated,
            attempts: Attempts::new(funnel.steps.len()),
            furthest: None,
            void: false,
        }
    }

    /// Finds, for each step, the attempt that last reached it. An attempt that began later is never worse, since it has
    /// more of the window left: one pass finds the furthest. Returns false if the user is left out.
    pub fn find(&mut self, marks: &[Mark], best: &mut [i64]) -> bool {
        self.attempts.clear();
        (self.furthest, self.void) = (None, false);
        let last = self.funnel.steps.len() - 1;
        let mut place = 0;
        while place < marks.len() {
            let mark = &marks[place];
            let mut end = place + 1;
            if self.overlap {
                end += marks[end..].iter().take_while(|next| next.at == mark.at).count();
            }
            if end > place + 1 {
                if !self.moment(marks, place..end, best) {
                    return false;
                }
            } else {
                if mark.exclusions != 0 && !self.exclude(marks, place, best) {
                    return false;
                }
                if self.earlier && (place == 0 || marks[place - 1].at != mark.at) {
                    self.attempts.remember();
                }
                self.take(mark, best);
            }
            let done = self.furthest == Some(last) && !self.void;
            if done && self.funnel.excluded != Excluded::Leaves {
                return true;
            }
            place = end;
        }
        !self.void
    }

    /// Simultaneous events: the steps in whichever order leads furthest, what is excluded after them.
    fn moment(&mut self, marks: &[Mark], range: std::ops::Range<usize>, best: &mut [i64]) -> bool {
        let (taking, rest): (Vec<usize>, Vec<usize>) =
            range.clone().partition(|place| marks[*place].steps != 0);
        let excluded = |places: &[usize], search: &mut Self, best: &mut [i64]| {
            places
                .iter()
                .all(|place| marks[*place].exclusions == 0 || search.exclude(marks, *place, best))
        };
        if !excluded(&taking, self, best) {
            return false;
        }
        let group: Vec<u32> = taking.iter().map(|place| marks[*place].steps).collect();
        self.take_together(marks[range.start].at, &group, best);
        excluded(&rest, self, best)
    }

    /// Something excluded happens: the attempts that it meets end, or are void. False: the user leaves.
    fn exclude(&mut self, marks: &[Mark], place: usize, best: &[i64]) -> bool {
        let Funnel { exclusions, excluded, steps, .. } = self.funnel;
        let mark = &marks[place];
        if *excluded == Excluded::Voids && !alone(marks, place) {
            return true;
        }
        for (bit, exclusion) in exclusions.iter().enumerate() {
            if mark.exclusions & (1 << bit) == 0 {
                continue;
            }
            for step in exclusion.after - 1..exclusion.before - 1 {
                // An attempt that has taken the later step already is past the exclusion.
                let attempts = &self.attempts;
                let caught = attempts.start(step).is_some_and(|start| {
                    let past = (exclusion.before - 1..steps.len())
                        .any(|s| attempts.start(s) == Some(start));
                    mark.at - start <= self.window && !past
                });
                match excluded {
                    Excluded::Leaves if caught => return false,
                    Excluded::Voids if caught => {
                        if self.furthest == Some(step)
                            && !self.attempts.is_void(step)
                            && mark.at - best[0] <= self.window
                        {
                            self.void = true;
                        }
                        self.attempts.spoil(step);
                    }
                    Excluded::Voids => {}
                    Excluded::Stops | Excluded::Leaves => self.attempts.forget(step),
                }
            }
        }
        true
    }

    /// From the last step down: what this event reaches, it does not use again.
    fn take(&mut self, mark: &Mark, best: &mut [i64]) {
        let n = self.funnel.steps.len();
        if self.funnel.unrepeated && mark.steps != 0 {
            self.attempts.end_from(mark.steps.trailing_zeros() as usize);
        }
        for step in (0..n).rev() {
            if mark.steps & (1 << step) == 0 {
                if self.strict {
                    self.attempts.forget(step);
                }
                continue;
            }
            let from = if step == 0 {
                None
            } else {
                match self.predecessor(mark.at, step) {
                    Some(from) => Some(from),
                    None => {
                        if self.strict && !self.repeatable {
                            self.attempts.forget(step);
                        }
                        continue;
                    }
                }
            };
            let before = self.attempts.before(self.earlier);
            let same = from.is_some_and(|from| self.attempts.start(step) == before.start(from));
            let void = from.is_some_and(|from| before.is_void(from));
            if void {
                // It gets as far as this, and counts for nothing.
                if self.furthest.is_none_or(|furthest| step > furthest)
                    && let Some(from) = from
                {
                    best.copy_from_slice(before.times(from));
                    best[step] = mark.at;
                    (self.furthest, self.void) = (Some(step), true);
                }
                if self.strict && !self.repeatable {
                    self.attempts.forget(step);
                }
                continue;
            }
            // The same attempt keeps its earliest event of a step, unless the next has a window.
            let keeps = same && (!self.strict || self.repeatable) && !self.limits_next(step);
            let stays_void = same && self.attempts.is_void(step);
            if !keeps && !stays_void {
                self.attempts.advance(from, step, mark.at, self.earlier);
            }
            let further = self.furthest.is_none_or(|furthest| step > furthest);
            if further || (self.void && self.furthest == Some(step) && !self.attempts.is_void(step))
            {
                (self.furthest, self.void) = (Some(step), false);
                best.copy_from_slice(self.attempts.times(step));
            }
        }
    }

    /// Whether a step that may come next, optional ones skipped, has a window of its own.
    pub(super) fn limits_next(&self, step: usize) -> bool {
        let steps = &self.funnel.steps;
        let required = steps[step + 1..].iter().position(|next| !next.optional);
        let last = required.map_or(steps.len(), |place| step + 2 + place);
        steps[step + 1..last].iter().any(|next| next.within.is_some())
    }

    /// The step that an event may follow in the attempt that began last; of equals the nearest.
    fn predecessor(&self, at: i64, step: usize) -> Option<usize> {
        let attempts = self.attempts.before(self.earlier);
        let within = micros(self.funnel.steps[step].within);
        let mut chosen: Option<(i64, usize)> = None;
        for from in (0..step).rev() {
            if let Some(start) = attempts.start(from)
                && at - start <= self.window
                && at - attempts.at(from) <= within
                && (at > attempts.at(from) || !self.funnel.increasing)
                && chosen.is_none_or(|(best, _)| start > best)
            {
                chosen = Some((start, from));
            }
            if !self.funnel.steps[from].optional {
                break;
            }
        }
        chosen.map(|(_, from)| from)
    }
}

/// Whether nothing of another kind happens at the same moment.
fn alone(marks: &[Mark], place: usize) -> bool {
    let mark = marks[place];
    let near = |other: &&Mark| other.at == mark.at;
    let (before, after) = marks.split_at(place);
    before.iter().rev().take_while(near).chain(after.iter().take_while(near)).all(|m| *m == mark)
}
