//! What a case has to say of its world.

use polars::prelude::*;

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

/// A business whose mean outcome over all futures is known without running any.
pub trait Exact: World {
    /// Computes the mean over all futures of what [`outcome`](World::outcome) returns.
    ///
    /// # Errors
    /// Those of [`outcome`](World::outcome).
    fn expected(&self, done: &[Self::Intervention]) -> Result<Outcome>;
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

/// Returns what the analysis expects of each option, the best first.
///
/// One row per option of which something was predicted: `option`, `gain`, `low`, `high` (f64, US dollars, compared with doing
/// nothing; a 95% interval). Of options with equal gains, the one named first comes first.
///
/// # Errors
/// Polars' own; none are known.
///
/// ```
/// use casebook::prelude::*;
///
/// let tables = saas::generate(&saas::Config::default())?;
/// let costs = saas::Costs::default();
/// let terms = saas::Terms { from: 13, horizon: 36, saves: 0.2, falls: 0.5, costs };
/// let options = saas::retention_options(&tables, &terms)?;
/// let expected = decision::predictions(&options)?;
/// assert_eq!(expected.value("gain", "option", "do nothing")?, 0.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn predictions<I>(options: &[Choice<I>]) -> Result<DataFrame> {
    let mut known: Vec<(&str, Prediction)> = options
        .iter()
        .filter_map(|option| Some((option.name.as_str(), option.predicted?)))
        .collect();
    known.sort_by(|one, other| other.1.gain.total_cmp(&one.1.gain));
    let numbers = |pick: fn(&Prediction) -> f64| -> Vec<f64> {
        known.iter().map(|(_, predicted)| pick(predicted)).collect()
    };
    Ok(df!(
        "option" => known.iter().map(|one| one.0).collect::<Vec<_>>(),
        "gain" => numbers(|it| it.gain),
        "low" => numbers(|it| it.low),
        "high" => numbers(|it| it.high),
    )?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_predicted_comes_best_first_and_the_rest_is_left_out() {
        let of = |gain| Prediction { gain, low: gain - 1.0, high: gain + 1.0 };
        let options: [Choice<()>; 4] = [
            Choice::nothing().predicted(of(0.0)),
            Choice::new("unknown", []),
            Choice::new("bad", []).predicted(of(-3.0)),
            Choice::new("good", []).predicted(of(5.0)),
        ];
        let expected = df!(
            "option" => ["good", "do nothing", "bad"], "gain" => [5.0, 0.0, -3.0],
            "low" => [4.0, -1.0, -4.0], "high" => [6.0, 1.0, -2.0],
        );
        assert_eq!(predictions(&options).unwrap(), expected.unwrap());
        assert_eq!(recommended(&options).unwrap().name, "good");
        assert_eq!(predictions::<()>(&[]).unwrap().height(), 0);
    }
}
