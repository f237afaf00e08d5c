//! The inputs of a growth model: rates as counted, and levers as planned.

/// A stage's rate, as counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// The stage.
    pub name: String,
    /// The number of users who reached it.
    pub hits: u64,
    /// The number of users who reached the stage before.
    pub trials: u64,
}

impl Rate {
    /// Creates a rate of `hits` out of `trials`.
    pub fn new(name: &str, hits: u64, trials: u64) -> Rate {
        Rate { name: name.to_owned(), hits, trials }
    }

    pub(super) fn value(&self) -> f64 {
        self.hits as f64 / self.trials as f64
    }
}

/// A project that lifts one stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Lever {
    /// Its name.
    pub name: String,
    /// The stage it lifts: 0 is the number of visitors, 1 the first rate, and so on.
    pub stage: usize,
    /// The relative lift, −1 to 1,000: 0.25 is a quarter more. It is the median of the simulated lifts.
    pub lift: f64,
    /// The lift's 90% interval: the 5% and 95% quantiles of the simulated lifts. The lift may lie anywhere in it.
    pub range: (f64, f64),
    /// The confidence that it can be built as planned; 0 to 1. It ranks levers, but changes no revenue.
    pub confidence: f64,
    /// Months until launch.
    pub launch: f64,
    /// Months from launch to full effect; the effect grows evenly.
    pub ramp: f64,
}

impl Lever {
    /// Creates a lever that has its full effect at once, with an interval from half the lift to one and a half times
    /// the lift.
    pub fn new(name: &str, stage: usize, lift: f64) -> Lever {
        // What lowers a rate lowers it by no more than all of it.
        let (near, far) = (lift * 0.5, (lift * 1.5).max(-1.0));
        let range = (near.min(far), near.max(far));
        Lever { name: name.to_owned(), stage, lift, range, confidence: 1.0, launch: 0.0, ramp: 0.0 }
    }

    /// Sets the lift's 90% interval.
    pub fn range(mut self, low: f64, high: f64) -> Lever {
        self.range = (low, high);
        self
    }

    /// Sets the confidence that it can be built as planned.
    pub fn confidence(mut self, confidence: f64) -> Lever {
        self.confidence = confidence;
        self
    }

    /// Sets the months until launch, and the months from launch to full effect.
    pub fn launch(mut self, launch: f64, ramp: f64) -> Lever {
        (self.launch, self.ramp) = (launch, ramp);
        self
    }

    /// The average share of its full effect in a month, counted from 1.
    pub(super) fn strength(&self, month: u32) -> f64 {
        let (from, to) = (f64::from(month) - 1.0 - self.launch, f64::from(month) - self.launch);
        // The area below the ramp from 0 to a moment.
        let area = |at: f64| {
            let at = at.max(0.0);
            if at < self.ramp { at * at / (2.0 * self.ramp) } else { at - self.ramp / 2.0 }
        };
        area(to) - area(from)
    }
}
