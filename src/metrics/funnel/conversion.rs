//! A funnel's conversion as values, step by name.

use polars::prelude::*;

use super::Funnel;
use crate::error::{Error, Result, unknown};
use crate::events::EventSource;
use crate::frame::{number_or_null, reals, texts};

/// How many get to each step of a funnel: what [`Funnel::measure`] returns.
#[derive(Debug, Clone)]
pub struct Conversion {
    steps: Vec<Reached>,
    frame: DataFrame,
}

/// Who got to a step. A rate over nobody, null in the frame, is not a number here.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Reached {
    /// The step's place, from 1.
    pub step: usize,
    /// Its name.
    pub name: String,
    /// Who reached it.
    pub users: u64,
    /// Who began.
    pub entered: u64,
    /// `users / entered`.
    pub overall_rate: f64,
    /// The lower end of its 95% Wilson interval.
    pub overall_low: f64,
    /// The upper end.
    pub overall_high: f64,
    /// Who reached the step before; none at step 1.
    pub previous: Option<u64>,
    /// `users / previous`; not a number at step 1.
    pub step_rate: f64,
    /// The lower end of its 95% Wilson interval.
    pub step_low: f64,
    /// The upper end.
    pub step_high: f64,
    /// The median time from the step before, in seconds; not a number at step 1.
    pub median_seconds: f64,
}

impl Funnel {
    /// Counts how many get to each step, as [`conversion`](Funnel::conversion) does, and returns the numbers by step.
    ///
    /// # Errors
    /// The same as [`conversion`](Funnel::conversion).
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let funnel = Funnel::new(["visit", "cart", "purchase"].map(Step::event)).measure(&events)?;
    /// let bought = funnel.step("purchase")?;
    /// assert!(bought.overall_low < bought.overall_rate);
    /// assert!(bought.overall_rate < funnel.step("cart")?.overall_rate);
    /// assert_eq!(funnel.frame().height(), 3);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn measure(&self, events: &dyn EventSource) -> Result<Conversion> {
        Conversion::new(self.conversion(events)?)
    }
}

impl Reached {
    /// Returns the step as a frame of one row: `step` (i64), `name`, `users`, `entered` (i64),
    /// `overall_rate`, `overall_low`, `overall_high` (f64), `previous` (i64), `step_rate`, `step_low`, `step_high`,
    /// `median_seconds` (f64), null where they are not numbers.
    ///
    /// # Errors
    /// Polars' own.
    pub fn frame(&self) -> Result<DataFrame> {
        let known = |number: f64| [number_or_null(number)];
        Ok(df!(
            "step" => [self.step as i64], "name" => [self.name.as_str()],
            "users" => [self.users as i64], "entered" => [self.entered as i64],
            "overall_rate" => known(self.overall_rate), "overall_low" => known(self.overall_low),
            "overall_high" => known(self.overall_high),
            "previous" => [self.previous.map(|users| users as i64)],
            "step_rate" => known(self.step_rate), "step_low" => known(self.step_low),
            "step_high" => known(self.step_high), "median_seconds" => known(self.median_seconds),
        )?)
    }
}

impl Conversion {
    fn new(frame: DataFrame) -> Result<Conversion> {
        let names = texts(frame.column("name")?)?;
        let counts = |name: &str| -> Result<Vec<Option<u64>>> {
            Ok(frame.column(name)?.cast(&DataType::UInt64)?.u64()?.iter().collect())
        };
        let reals = |name: &str| reals(&frame, name);
        let (users, entered, previous) =
            (counts("users")?, counts("entered")?, counts("previous")?);
        let (rate, low, high) =
            (reals("overall_rate")?, reals("overall_low")?, reals("overall_high")?);
        let (step_rate, step_low, step_high) =
            (reals("step_rate")?, reals("step_low")?, reals("step_high")?);
        let median = reals("median_seconds")?;
        let steps = names.into_iter().enumerate().map(|(at, name)| Reached {
            step: at + 1,
            name: name.unwrap_or_default(),
            users: users[at].unwrap_or(0),
            entered: entered[at].unwrap_or(0),
            overall_rate: rate[at],
            overall_low: low[at],
            overall_high: high[at],
            previous: previous[at],
            step_rate: step_rate[at],
            step_low: step_low[at],
            step_high: step_high[at],
            median_seconds: median[at],
        });
        Ok(Conversion { steps: steps.collect(), frame })
    }

    /// Returns a step by its name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a name that no step has, or several.
    pub fn step(&self, name: &str) -> Result<Reached> {
        let mut found = self.steps.iter().filter(|step| step.name == name);
        match (found.next(), found.next()) {
            (Some(step), None) => Ok(step.clone()),
            (Some(_), Some(_)) => {
                Err(Error::config("step", format!("\"{name}\""), "a name that one step has"))
            }
            (None, _) => {
                let names = self.steps.iter().map(|step| step.name.as_str());
                Err(unknown("step", name, names, "none: the funnel has no steps"))
            }
        }
    }

    /// Returns the steps in their order.
    pub fn steps(&self) -> &[Reached] {
        &self.steps
    }

    /// Returns the frame, as [`Funnel::conversion`] does.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::funnel::Step;

    fn events() -> DataFrame {
        df!(
            "user_id" => ["ann", "ann", "bob", "cy"], "event" => ["visit", "buy", "visit", "visit"],
            "timestamp" => [0, 60_000, 5, 9],
        )
        .unwrap()
        .lazy()
        .with_column(col("timestamp").cast(DataType::Datetime(TimeUnit::Milliseconds, None)))
        .collect()
        .unwrap()
    }

    #[test]
    fn steps_are_read_by_name() {
        let found = Funnel::new(["visit", "buy"].map(Step::event)).measure(&events()).unwrap();
        let buy = found.step("buy").unwrap();
        assert_eq!((buy.step, buy.users, buy.entered, buy.previous), (2, 1, 3, Some(3)));
        assert_eq!(
            (buy.overall_rate, buy.step_rate, buy.median_seconds),
            (1.0 / 3.0, 1.0 / 3.0, 60.0)
        );
        let visit = found.step("visit").unwrap();
        assert!(visit.previous.is_none() && visit.step_rate.is_nan() && visit.overall_rate == 1.0);
        let said = found.step("visits").unwrap_err().to_string();
        assert!(said.contains("did you mean \"visit\"?") && said.contains("\"buy\""), "{said}");
    }

    #[test]
    fn a_name_of_two_steps_is_no_name() {
        let found = Funnel::new(["visit", "visit"].map(Step::event)).measure(&events()).unwrap();
        assert!(found.step("visit").unwrap_err().to_string().contains("one step"));
    }
}
