//! ClickHouse's `windowFunnel`, as its results show it to count.

use super::Mark;
use super::attempts::Attempts;
use crate::error::{Error, Result};
use crate::metrics::funnel::{Excluded, Funnel, Order, micros};

/// A mode of ClickHouse's `windowFunnel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A step after the first that has been taken stops the count when it is taken again, whichever
    /// attempt took it.
    StrictDeduplication,
    /// The first event after a first step that takes no step, or one whose step before has not been
    /// taken, stops the count. Steps that have been taken may be taken again.
    StrictOrder,
    /// Each step must be later than the latest event that took the step before.
    StrictIncrease,
    /// In strict order, events whose step before has not been taken are passed over.
    AllowReentry,
}

/// The modes that are on.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::metrics::funnel) struct Modes {
    pub strict_order: bool,
    strict_deduplication: bool,
    strict_increase: bool,
    allow_reentry: bool,
}

impl FromIterator<Mode> for Modes {
    fn from_iter<I: IntoIterator<Item = Mode>>(modes: I) -> Modes {
        let mut on = Modes::default();
        for mode in modes {
            match mode {
                Mode::StrictDeduplication => on.strict_deduplication = true,
                Mode::StrictOrder => on.strict_order = true,
                Mode::StrictIncrease => on.strict_increase = true,
                Mode::AllowReentry => on.allow_reentry = true,
            }
        }
        on
    }
}

impl Modes {
    pub fn validate(self, funnel: &Funnel) -> Result<()> {
        if self.allow_reentry && !self.strict_order {
            let accepted = "only with StrictOrder, as in ClickHouse";
            return Err(Error::config("window_funnel", "AllowReentry", accepted));
        }
        let rule = if funnel.order != Order::Sequential {
            "order"
        } else if funnel.increasing {
            "increasing"
        } else if funnel.unrepeated {
            "unrepeated"
        } else if !funnel.exclusions.is_empty() || funnel.excluded != Excluded::Stops {
            "exclude"
        } else if funnel.steps.iter().any(|step| step.optional) {
            "optional"
        } else if funnel.steps.iter().any(|step| step.within.is_some()) {
            "within"
        } else {
            return Ok(());
        };
        let accepted = "a funnel without other rules: windowFunnel knows none but its modes";
        Err(Error::config("window_funnel", format!("with {rule}"), accepted))
    }

    /// Finds the level that `windowFunnel` returns for one user, as the times of that many steps.
    pub(super) fn level(
        self,
        funnel: &Funnel,
        marks: &[Mark],
        rows: &mut Attempts,
        best: &mut [i64],
    ) {
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
