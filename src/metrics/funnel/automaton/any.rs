//! Funnels in any order.

use super::mark::{Mark, SKIPPED};
use crate::metrics::funnel::definition::{Excluded, Funnel, MOST_STEPS, micros};

impl Funnel {
    /// How many different steps lie within one window at most. False: the user is left out.
    pub(super) fn in_any_order(&self, marks: &[Mark], best: &mut [i64]) -> bool {
        if self.excluded == Excluded::Voids && !self.exclusions.is_empty() {
            return self.begun_early(marks, marks.len(), best);
        }
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

    /// The same of the attempts that begin with one of the first `begin` events: from an event to the end of
    /// its window, or to the last step.
    pub(in crate::metrics::funnel) fn begun_early(
        &self,
        marks: &[Mark],
        begin: usize,
        best: &mut [i64],
    ) -> bool {
        let n = self.steps.len();
        let window = micros(self.window);
        let mut counts = [0_usize; MOST_STEPS];
        let (mut end, mut excluded, mut most) = (0, 0, 0);
        for (from, mark) in marks[..begin.min(marks.len())].iter().enumerate() {
            if mark.exclusions != 0 {
                continue;
            }
            excluded = excluded.max(from);
            while excluded < marks.len() && marks[excluded].exclusions == 0 {
                excluded += 1;
            }
            // What an excluded event hides has been counted by no attempt since.
            if end < from {
                end = from;
                counts = [0; MOST_STEPS];
            }
            let open = |at: i64| at - mark.at <= window;
            while end < excluded && open(marks[end].at) {
                counts[marks[end].steps.trailing_zeros() as usize] += 1;
                end += 1;
            }
            let done = counts[..n].iter().filter(|count| **count > 0).count();
            let counts_for_nothing = match self.excluded {
                Excluded::Stops => false,
                Excluded::Voids => done < n,
                Excluded::Leaves => true,
            };
            if counts_for_nothing && marks.get(excluded).is_some_and(|mark| open(mark.at)) {
                if self.excluded == Excluded::Leaves {
                    return false;
                }
            } else if done > most {
                most = done;
                best.fill(SKIPPED);
                let mut seen = 0_u32;
                let mut place = 0;
                for mark in &marks[from..end] {
                    if seen & mark.steps == 0 {
                        seen |= mark.steps;
                        best[place] = mark.at;
                        place += 1;
                    }
                }
                if done == n && self.excluded != Excluded::Leaves {
                    return true;
                }
            }
            counts[mark.steps.trailing_zeros() as usize] -= 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::funnel::definition::Step;
    use chrono::TimeDelta;
    use polars::prelude::{col, lit};

    /// Letters a to c are steps, x is excluded; a letter a second.
    fn reached(text: &str, excluded: Excluded, begin: usize) -> Option<usize> {
        let funnel = Funnel::new(["a", "b", "c"].map(Step::event))
            .window(TimeDelta::seconds(2))
            .exclude(col("event").eq(lit("x")), 1, 3)
            .excluded(excluded);
        let marks: Vec<Mark> = text
            .bytes()
            .zip(0_i64..)
            .map(|(letter, second)| match letter {
                b'x' => Mark { at: second * 1_000_000, steps: 0, exclusions: 1 },
                step => Mark { at: second * 1_000_000, steps: 1 << (step - b'a'), exclusions: 0 },
            })
            .collect();
        let mut best = [SKIPPED; 3];
        let stays = funnel.begun_early(&marks, begin, &mut best);
        stays.then(|| best.iter().filter(|at| **at != SKIPPED).count())
    }

    #[test]
    fn attempts_begin_where_they_may() {
        use Excluded::*;
        assert_eq!(reached("cab", Voids, 3), Some(3));
        assert_eq!(reached("ab", Voids, 9), Some(2));
        assert_eq!(reached("aabc", Stops, 1), Some(2), "the window from the first a ends at the b");
        assert_eq!(reached("aabc", Stops, 2), Some(3));
        assert_eq!(
            ["abx", "abxc", "cabx"].map(|text| reached(text, Voids, 9)),
            [0, 1, 3].map(Some)
        );
        assert_eq!(["abx", "abxc"].map(|text| reached(text, Stops, 9)), [2, 2].map(Some));
        assert_eq!(["abx", "xab"].map(|text| reached(text, Leaves, 9)), [None, Some(2)]);
    }
}
