//! What a case has to say of its world.

use crate::error::{Error, Result};

/// What comes in and what is spent from the day of the decision to the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Outcome {
    /// Contribution in US dollars, before the cost of what was decided.
    pub contribution: f64,
    /// What the decision cost, in US dollars.
    pub cost: f64,
}

impl Outcome {
    /// Returns what is left.
    pub fn net(self) -> f64 {
        self.contribution - self.cost
    }
}

/// A business up to the day of a decision, whose future can be run with what is decided.
///
/// Twins share their randomness: for one future, two calls with different interventions differ only in what the interventions
/// change. So the difference of two outcomes has far less variance than either.
pub trait World: Sync {
    /// Something that can be done.
    type Intervention: Sync;

    /// Runs one future with these interventions, and returns what it brings. What happens before the decision is the same in
    /// all futures.
    ///
    /// # Errors
    /// Those of the case, for interventions that it does not accept.
    fn outcome(&self, done: &[Self::Intervention], future: u64) -> Result<Outcome>;
}

/// What an analysis expects an option to gain compared with doing nothing, in US dollars, with a 95% interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The estimate.
    pub gain: f64,
    /// The interval's lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// An option: what would be done, and what the analysis expects of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice<I> {
    /// What readers call it.
    pub name: String,
    /// What would be done.
    pub done: Vec<I>,
    /// What the analysis expects, if it has been asked.
    pub predicted: Option<Prediction>,
}

impl<I> Choice<I> {
    /// Names an option.
    pub fn new(name: &str, done: impl IntoIterator<Item = I>) -> Choice<I> {
        Choice { name: name.into(), done: done.into_iter().collect(), predicted: None }
    }

    /// Returns the option that everything is compared with: to do nothing.
    pub fn nothing() -> Choice<I> {
        Choice::new("do nothing", [])
    }

    /// Adds what the analysis expects.
    #[must_use]
    pub fn predicted(mut self, predicted: Prediction) -> Choice<I> {
        self.predicted = Some(predicted);
        self
    }
}

/// Returns the option of which the analysis expects most; of several, the one named first.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) if nothing was predicted of any.
pub fn recommended<I: Clone>(options: &[Choice<I>]) -> Result<Choice<I>> {
    let mut best: Option<(&Choice<I>, f64)> = None;
    for option in options {
        if let Some(predicted) = option.predicted
            && best.is_none_or(|(_, gain)| predicted.gain > gain)
        {
            best = Some((option, predicted.gain));
        }
    }
    let none =
        || Error::config("options", "no predictions", "options of which something was predicted");
    best.map(|(option, _)| option.clone()).ok_or_else(none)
}
