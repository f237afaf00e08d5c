//! ClickHouse's `windowFunnel` with `strict_once`: an event serves one step of an attempt at most.

use std::collections::BTreeMap;

use super::mark::Mark;
use crate::metrics::funnel::definition::Modes;

/// Attempts that stand at one step, as the times at which they took each step.
///
/// Of those that got there earlier, the one that began last leads as far as any other. Of those that get there at the
/// present moment, that holds only for the same events: which ones an attempt has used decides what it can use next.
#[derive(Default)]
struct Standing {
    earlier: Option<Vec<i64>>,
    now: BTreeMap<Vec<usize>, Vec<i64>>,
}

impl Standing {
    fn is_empty(&self) -> bool {
        self.earlier.is_none() && self.now.is_empty()
    }

    /// Keeps the attempt that began last.
    fn add(&mut self, used: Vec<usize>, times: Vec<i64>) {
        match self.now.get_mut(&used) {
            Some(known) if known[0] >= times[0] => {}
            Some(known) => *known = times,
            None => {
                self.now.insert(used, times);
            }
        }
    }

    /// The present moment is over.
    fn pass(&mut self) {
        for times in std::mem::take(&mut self.now).into_values() {
            if self.earlier.as_ref().is_none_or(|known| known[0] < times[0]) {
                self.earlier = Some(times);
            }
        }
    }

    fn any(&self) -> Option<&Vec<i64>> {
        self.earlier.as_ref().or_else(|| self.now.values().next())
    }
}

impl Modes {
    /// Finds when the furthest attempt took each step, up to the last one taken.
    pub(super) fn once(self, steps: usize, window: i64, marks: &[Mark]) -> Vec<i64> {
        let mut standing: Vec<Standing> = (0..steps).map(|_| Standing::default()).collect();
        self.go_once(window, marks, &mut standing);
        let furthest = standing.iter().rev().find_map(Standing::any);
        furthest.cloned().unwrap_or_default()
    }

    /// Goes through the events in order of time and, among simultaneous ones, of the steps they take. Stops where the
    /// count does.
    fn go_once(self, window: i64, marks: &[Mark], standing: &mut [Standing]) {
        let last = standing.len() - 1;
        for moment in marks.chunk_by(|a, b| a.at == b.at) {
            let at = moment[0].at;
            let strays = || moment.iter().any(|mark| mark.steps == 0);
            if self.strict_order && !standing[0].is_empty() && strays() {
                return;
            }
            for step in 0..=last {
                let takes = |(_, mark): &(usize, &Mark)| mark.steps & (1 << step) != 0;
                for (event, mark) in moment.iter().enumerate().filter(takes) {
                    // What takes one step only can be used by no other.
                    let several = mark.steps.count_ones() > 1;
                    let used = |before: &[usize]| {
                        let mut used = before.to_vec();
                        used.extend(several.then_some(event));
                        used
                    };
                    if step == 0 {
                        standing[0].add(used(&[]), vec![at]);
                        continue;
                    }
                    if self.strict_deduplication && !standing[step].is_empty() {
                        return;
                    }
                    if standing[step - 1].is_empty() {
                        if self.strict_order && !standing[0].is_empty() && !self.allow_reentry {
                            return;
                        }
                        continue;
                    }
                    let (before, from) = standing.split_at_mut(step);
                    let before = &before[step - 1];
                    let now = before.now.iter().filter(|(events, _)| {
                        !(self.strict_increase || several && events.contains(&event))
                    });
                    let now = now.map(|(events, times)| (events.as_slice(), times));
                    let all = before.earlier.iter().map(|times| (&[][..], times)).chain(now);
                    for (events, times) in all.filter(|(_, times)| at - times[0] <= window) {
                        let times = times.iter().copied().chain([at]).collect();
                        from[0].add(used(events), times);
                    }
                    if step == last && !from[0].is_empty() {
                        return;
                    }
                }
            }
            standing.iter_mut().for_each(Standing::pass);
        }
    }
}
