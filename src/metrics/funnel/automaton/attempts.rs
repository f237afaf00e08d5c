//! The attempts of one user, while the user's events are gone through.

use super::mark::SKIPPED;

/// The attempts that can still get somewhere: for each step, the one that stands there.
#[derive(Clone)]
pub(super) struct Attempts {
    steps: usize,
    /// Row k: when the attempt that stands at step k took each step. No attempt: `SKIPPED` at step 1.
    times: Vec<i64>,
    /// The rows of attempts that do not count any more, as bits.
    void: u32,
    /// The same before the present moment, where simultaneous events cannot follow each other.
    earlier: Option<Box<Attempts>>,
}

impl Attempts {
    pub fn new(steps: usize) -> Attempts {
        Attempts { steps, times: vec![SKIPPED; steps * steps], void: 0, earlier: None }
    }

    pub fn clear(&mut self) {
        self.times.fill(SKIPPED);
        self.void = 0;
        self.earlier = None;
    }

    pub fn forget(&mut self, step: usize) {
        self.times[step * self.steps] = SKIPPED;
        self.void &= !(1 << step);
        if let Some(earlier) = &mut self.earlier {
            earlier.forget(step);
        }
    }

    /// Ends the attempts that have taken this step or one after it.
    pub fn end_from(&mut self, step: usize) {
        for later in step..self.steps {
            let Some(start) = self.start(later) else { continue };
            for place in 0..self.steps {
                if self.start(place) == Some(start) {
                    self.forget(place);
                }
            }
        }
    }

    /// Voids the attempt at this step: it no longer counts.
    pub fn spoil(&mut self, step: usize) {
        self.void |= 1 << step;
        if let Some(earlier) = &mut self.earlier {
            earlier.spoil(step);
        }
    }

    pub fn is_void(&self, step: usize) -> bool {
        self.void & (1 << step) != 0
    }

    pub fn remember(&mut self) {
        self.earlier = None;
        self.earlier = Some(Box::new(self.clone()));
    }

    pub fn before(&self, moment: bool) -> &Attempts {
        self.earlier.as_deref().filter(|_| moment).unwrap_or(self)
    }

    pub fn times(&self, step: usize) -> &[i64] {
        &self.times[step * self.steps..(step + 1) * self.steps]
    }

    pub fn start(&self, step: usize) -> Option<i64> {
        Some(self.times[step * self.steps]).filter(|at| *at != SKIPPED)
    }

    pub fn at(&self, step: usize) -> i64 {
        self.times[step * self.steps + step]
    }

    /// Puts an attempt at a step: a new one, or the one that stands at `from`.
    pub fn advance(&mut self, from: Option<usize>, step: usize, at: i64, earlier: bool) {
        let n = self.steps;
        let row = step * n;
        match from {
            None => self.times[row..row + n].fill(SKIPPED),
            Some(from) => match self.earlier.as_deref().filter(|_| earlier) {
                Some(earlier) => self.times[row..row + n].copy_from_slice(earlier.times(from)),
                None => self.times.copy_within(from * n..(from + 1) * n, row),
            },
        }
        self.times[row + step] = at;
        self.void &= !(1 << step);
    }

    /// Puts an attempt with these times at a step.
    pub fn place(&mut self, step: usize, times: &[i64]) {
        let row = step * self.steps;
        self.times[row..row + self.steps].copy_from_slice(times);
        self.void &= !(1 << step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_keeps_its_times_on_the_way() {
        let mut attempts = Attempts::new(3);
        attempts.advance(None, 0, 5, false);
        attempts.advance(Some(0), 1, 7, false);
        assert_eq!(attempts.times(1), [5, 7, SKIPPED]);
        assert_eq!((attempts.start(1), attempts.at(1), attempts.start(2)), (Some(5), 7, None));
        attempts.spoil(1);
        assert!(attempts.is_void(1) && !attempts.is_void(0));
        attempts.advance(None, 0, 8, false);
        attempts.advance(Some(0), 1, 9, false);
        assert!(!attempts.is_void(1));
        attempts.end_from(1);
        assert_eq!((attempts.start(0), attempts.start(1)), (None, None));
    }
}
