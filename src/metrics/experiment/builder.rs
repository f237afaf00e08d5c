//! An experiment described once, and compared by as many outcomes as wanted.

use polars::prelude::*;

use super::{
    cluster_bootstrap, complier_effect, cuped, cuped_with, means, proportions, ratio,
    regression_adjusted, sample_ratio,
};
use crate::error::{Error, Result, unknown};
use crate::frame::{number_or_null, reals, texts};
use crate::metrics::Source;

/// An experiment: its users, the column of their arms, and which arm is control.
///
/// It keeps a reference-counted handle on the users, and can outlive a notebook's cell.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let test = Experiment::new(&users).arm("arm").control("control");
/// let converted = test.proportions("converted")?.effect()?;
/// let spent = test.cuped("spent", "spent_before")?.arm("offer")?;
/// assert!(converted.low > 0.0 && spent.p_value < 0.05);
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Clone)]
pub struct Experiment {
    users: LazyFrame,
    arm: String,
    control: String,
}

impl Experiment {
    /// Creates an experiment of one row per user, whose column `arm` holds "control" for the control arm, unless
    /// [`arm`](Experiment::arm) and [`control`](Experiment::control) say otherwise.
    pub fn new(users: &dyn Source) -> Experiment {
        Experiment { users: users.scan(), arm: "arm".into(), control: "control".into() }
    }

    /// Sets the column that holds each user's arm, as assigned.
    pub fn arm(mut self, column: &str) -> Experiment {
        self.arm = column.into();
        self
    }

    /// Sets the arm that the others are compared with.
    pub fn control(mut self, arm: &str) -> Experiment {
        self.control = arm.into();
        self
    }

    /// Compares the share of users with an outcome: see [`proportions`](super::proportions()). An effect is a difference of
    /// two shares.
    ///
    /// # Errors
    /// As [`proportions`](super::proportions()).
    pub fn proportions(&self, outcome: &str) -> Result<Effects> {
        let frame = proportions(&self.users, &self.arm, outcome, &self.control)?;
        Effects::new(frame, "control_rate", "rate", "difference")
    }

    /// Compares the mean of a number: see [`means`](super::means()).
    ///
    /// # Errors
    /// As [`means`](super::means()).
    pub fn means(&self, value: &str) -> Result<Effects> {
        let frame = means(&self.users, &self.arm, value, &self.control)?;
        Effects::new(frame, "control_mean", "mean", "difference")
    }

    /// Compares the mean of a number less what the time before explains: see [`cuped`](super::cuped()).
    ///
    /// # Errors
    /// As [`cuped`](super::cuped()).
    pub fn cuped(&self, value: &str, before: &str) -> Result<Effects> {
        let frame = cuped(&self.users, &self.arm, value, before, &self.control)?;
        Effects::new(frame, "control_mean", "mean", "difference")
    }

    /// Compares the mean of a number less what several covariates explain: see
    /// [`cuped_with`](super::cuped_with()).
    ///
    /// # Errors
    /// As [`cuped_with`](super::cuped_with()).
    pub fn cuped_with(&self, value: &str, before: &[&str]) -> Result<Effects> {
        let frame = cuped_with(&self.users, &self.arm, value, before, &self.control)?;
        Effects::new(frame, "control_mean", "mean", "difference")
    }

    /// Compares means adjusted by a regression in each arm: see
    /// [`regression_adjusted`](super::regression_adjusted()).
    ///
    /// # Errors
    /// As [`regression_adjusted`](super::regression_adjusted()).
    pub fn regression_adjusted(&self, value: &str, before: &[&str]) -> Result<Effects> {
        let frame = regression_adjusted(&self.users, &self.arm, value, before, &self.control)?;
        Effects::new(frame, "control_mean", "mean", "difference")
    }

    /// Compares a ratio of sums, with users as the unit: see [`ratio`](super::ratio()).
    ///
    /// # Errors
    /// As [`ratio`](super::ratio()).
    pub fn ratio(&self, numerator: &str, denominator: &str) -> Result<Effects> {
        let frame = ratio(&self.users, &self.arm, numerator, denominator, &self.control)?;
        Effects::new(frame, "control_ratio", "ratio", "difference")
    }

    /// Compares the mean of rows that go together in clusters: see
    /// [`cluster_bootstrap`](super::cluster_bootstrap()). There is no p value: it is not a number.
    ///
    /// # Errors
    /// As [`cluster_bootstrap`](super::cluster_bootstrap()).
    pub fn clusters(&self, value: &str, cluster: &str, draws: u32, seed: u64) -> Result<Effects> {
        let frame =
            cluster_bootstrap(&self.users, &self.arm, value, cluster, &self.control, draws, seed)?;
        Effects::new(frame, "control_mean", "mean", "difference")
    }

    /// Estimates the effect on those who take an offer: see [`complier_effect`](super::complier_effect()). `control_value`
    /// and `value` are the shares who take it; there is no p value.
    ///
    /// # Errors
    /// As [`complier_effect`](super::complier_effect()).
    pub fn compliers(&self, taken: &str, outcome: &str) -> Result<Effects> {
        let frame = complier_effect(&self.users, &self.arm, taken, outcome, &self.control)?;
        Effects::new(frame, "control_taken", "taken", "effect")
    }

    /// Tests whether the arms have the sizes they should: see [`sample_ratio`](super::sample_ratio()).
    ///
    /// # Errors
    /// As [`sample_ratio`](super::sample_ratio()).
    pub fn sample_ratio(&self, weights: &[(&str, f64)]) -> Result<DataFrame> {
        sample_ratio(&self.users, &self.arm, weights)
    }
}

/// What the other arms of an experiment did, beside control.
#[derive(Debug, Clone)]
pub struct Effects {
    effects: Vec<Effect>,
    frame: DataFrame,
}

/// What an arm did, under the same names whatever was compared: the frame of [`Effects`] calls `value` and
/// `control_value` by what they are (`rate`, `mean`, `taken`, and `control_rate` …), and the effect on compliers `effect`.
/// What is null in the frame, such as an interval that was not observed, is not a number here.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Effect {
    /// The arm.
    pub arm: String,
    /// Its share or mean.
    pub value: f64,
    /// Control's.
    pub control_value: f64,
    /// The effect: how much more than control, in the outcome's unit.
    pub difference: f64,
    /// The lower end of its 95% interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The two-sided p value.
    pub p_value: f64,
}

impl Effect {
    /// Returns the effect as a frame of one row: `arm`, `value`, `control_value`, `difference`, `low`, `high`, `p_value`
    /// (f64), null where they are no number.
    ///
    /// # Errors
    /// Polars' own.
    pub fn frame(&self) -> Result<DataFrame> {
        let known = |number: f64| [number_or_null(number)];
        Ok(df!(
            "arm" => [self.arm.as_str()], "value" => known(self.value),
            "control_value" => known(self.control_value), "difference" => known(self.difference),
            "low" => known(self.low), "high" => known(self.high), "p_value" => known(self.p_value),
        )?)
    }
}

impl Effects {
    fn new(
        frame: DataFrame,
        control_value: &str,
        value: &str,
        difference: &str,
    ) -> Result<Effects> {
        let reals = |name: &str| reals(&frame, name);
        let (control_values, values) = (reals(control_value)?, reals(value)?);
        let (differences, low, high) = (reals(difference)?, reals("low")?, reals("high")?);
        let p_values = match frame.schema().contains("p_value") {
            true => reals("p_value")?,
            false => vec![f64::NAN; frame.height()],
        };
        let effects =
            texts(frame.column("arm")?)?.into_iter().enumerate().map(|(at, arm)| Effect {
                arm: arm.unwrap_or_default(),
                value: values[at],
                control_value: control_values[at],
                difference: differences[at],
                low: low[at],
                high: high[at],
                p_value: p_values[at],
            });
        Ok(Effects { effects: effects.collect(), frame })
    }

    /// Returns what an arm did, by its name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a name that no arm has, or that is control's.
    pub fn arm(&self, name: &str) -> Result<Effect> {
        self.effects.iter().find(|effect| effect.arm == name).cloned().ok_or_else(|| {
            let names = self.effects.iter().map(|effect| effect.arm.as_str());
            unknown("arm", name, names, "none: there is no arm beside control")
        })
    }

    /// Returns what the only other arm did.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for several arms beside control.
    pub fn effect(&self) -> Result<Effect> {
        match &self.effects[..] {
            [one] => Ok(one.clone()),
            several => {
                let names: Vec<&str> = several.iter().map(|effect| effect.arm.as_str()).collect();
                let found = format!("{} arms beside control", several.len());
                let accepted = format!("one: choose with `arm`, of \"{}\"", names.join("\", \""));
                Err(Error::config("experiment", found, accepted))
            }
        }
    }

    /// Returns the frame, as the function of the same name does.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> DataFrame {
        df!(
            "group" => ["a", "a", "b", "b", "c", "c"], "paid" => [0, 1, 1, 1, 0, 0],
            "spent" => [1.0, 4.0, 5.0, 9.0, 2.0, 3.0], "before" => [1.0, 3.0, 2.0, 5.0, 2.0, 2.0],
            "team" => [1, 2, 3, 4, 5, 6],
        )
        .unwrap()
    }

    #[test]
    fn effects_are_the_frames_numbers() {
        let test = Experiment::new(&users()).arm("group").control("a");
        // Every number of every arm, under the name that the frame gives it.
        let same = |effects: Effects, frame: DataFrame, [value, difference]: [&str; 2]| {
            assert!(effects.frame().equals_missing(&frame), "{frame}");
            let control_value = format!("control_{value}");
            let arms = texts(frame.column("arm").unwrap()).unwrap();
            assert_eq!(arms[0].as_deref(), Some("b"));
            for (row, arm) in arms.iter().flatten().enumerate() {
                let found = effects.arm(arm).unwrap();
                let one = found.frame().unwrap();
                for (name, column, number) in [
                    ("value", value, found.value),
                    ("control_value", &*control_value, found.control_value),
                    ("difference", difference, found.difference),
                    ("low", "low", found.low),
                    ("high", "high", found.high),
                    ("p_value", "p_value", found.p_value),
                ] {
                    let real = |frame: &DataFrame, name: &str, row: usize| {
                        frame.column(name).ok()?.f64().unwrap().get(row)
                    };
                    let expected = real(&frame, column, row);
                    assert_eq!(number_or_null(number), expected, "{arm}: {name} of {column}");
                    assert_eq!(real(&one, name, 0), expected, "{arm}: {name} of {column}");
                }
            }
            effects.arm("b").unwrap()
        };
        let b = same(
            test.proportions("paid").unwrap(),
            proportions(&users(), "group", "paid", "a").unwrap(),
            ["rate", "difference"],
        );
        assert_eq!((b.control_value, b.value, b.difference), (0.5, 1.0, 0.5));
        let b = same(
            test.means("spent").unwrap(),
            means(&users(), "group", "spent", "a").unwrap(),
            ["mean", "difference"],
        );
        assert_eq!((b.control_value, b.value), (2.5, 7.0));
        same(
            test.cuped_with("spent", &["before", "team"]).unwrap(),
            cuped_with(&users(), "group", "spent", &["before", "team"], "a").unwrap(),
            ["mean", "difference"],
        );
        same(
            test.regression_adjusted("spent", &["before"]).unwrap(),
            regression_adjusted(&users(), "group", "spent", &["before"], "a").unwrap(),
            ["mean", "difference"],
        );
        same(
            test.ratio("spent", "before").unwrap(),
            ratio(&users(), "group", "spent", "before", "a").unwrap(),
            ["ratio", "difference"],
        );
        same(
            test.cuped("spent", "before").unwrap(),
            cuped(&users(), "group", "spent", "before", "a").unwrap(),
            ["mean", "difference"],
        );
        let b = same(
            test.clusters("spent", "team", 100, 1).unwrap(),
            cluster_bootstrap(&users(), "group", "spent", "team", "a", 100, 1).unwrap(),
            ["mean", "difference"],
        );
        assert!(b.p_value.is_nan() && b.low.is_finite());
        // The effect on compliers needs two arms.
        let two = users().lazy().filter(col("group").neq(lit("c"))).collect().unwrap();
        let b = same(
            Experiment::new(&two).arm("group").control("a").compliers("paid", "spent").unwrap(),
            complier_effect(&two, "group", "paid", "spent", "a").unwrap(),
            ["taken", "effect"],
        );
        assert_eq!(b.value, 1.0);
    }

    #[test]
    fn arms_are_read_by_name() {
        let test = Experiment::new(&users()).arm("group").control("a");
        let paid = test.proportions("paid").unwrap();
        for name in ["a", "d"] {
            let said = paid.arm(name).unwrap_err().to_string();
            assert!(said.contains("`arm`") && said.contains("\"b\", \"c\""), "{said}");
        }
        assert!(paid.effect().unwrap_err().to_string().contains("choose with `arm`"));
        let two = users().lazy().filter(col("group").neq(lit("c")));
        let paid = Experiment::new(&two).arm("group").control("a").proportions("paid").unwrap();
        assert_eq!(paid.effect().unwrap().arm, "b");
        let taken =
            Experiment::new(&two).arm("group").control("a").compliers("paid", "spent").unwrap();
        assert_eq!(taken.effect().unwrap().difference, 9.0);
    }
}
