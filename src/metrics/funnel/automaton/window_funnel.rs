//! ClickHouse's `windowFunnel`, as its results show it to count.

use super::attempts::Attempts;
use super::mark::Mark;
use crate::metrics::funnel::definition::{Funnel, Modes, micros};

impl Modes {
    /// Finds the level that `windowFunnel` returns for one user, as the times of that many steps.
    pub(super) fn level(
        self,
        funnel: &Funnel,
        marks: &[Mark],
        rows: &mut Attempts,
        best: &mut [i64],
    ) {
        if self.strict_once {
            let times = self.once(funnel.steps.len(), micros(funnel.window), marks);
            best[..times.len()].copy_from_slice(&times);
            return;
        }
        rows.clear();
        self.go(funnel, marks, rows);
        let reached = (0..funnel.steps.len()).rev().find(|step| rows.start(*step).is_some());
        if let Some(step) = reached {
            best.copy_from_slice(rows.times(step));
        }
    }

    /// Goes through the events in order of time and, among simultaneous ones, of the steps they take; one
    /// that takes several comes up for each. Stops where the count does.
    fn go(self, funnel: &Funnel, marks: &[Mark], rows: &mut Attempts) {
        let last = funnel.steps.len() - 1;
        let window = micros(funnel.window);
        for moment in marks.chunk_by(|a, b| a.at == b.at) {
            let at = moment[0].at;
            let begun = rows.start(0).is_some();
            if self.strict_order && begun && moment.iter().any(|mark| mark.steps == 0) {
                return;
            }
            for step in 0..=last {
                for _ in moment.iter().filter(|mark| mark.steps & (1 << step) != 0) {
                    if step == 0 {
                        rows.advance(None, 0, at, false);
                        continue;
                    }
                    if self.strict_deduplication && rows.start(step).is_some() {
                        return;
                    }
                    let Some(start) = rows.start(step - 1) else {
                        let stops = self.strict_order && rows.start(0).is_some();
                        if stops && !self.allow_reentry {
                            return;
                        }
                        continue;
                    };
                    let later = !self.strict_increase || rows.at(step - 1) < at;
                    if later && at - start <= window {
                        rows.advance(Some(step - 1), step, at, false);
                        if step == last {
                            return;
                        }
                    }
                }
            }
        }
    }
}
