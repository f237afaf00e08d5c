//! Group-sequential tests: a few planned looks, and limits that spend the error between them.
//!
//! # Source
//! K. K. G. Lan and D. L. DeMets (1983), "Discrete sequential boundaries for clinical trials", Biometrika 70; C. Jennison
//! and B. W. Turnbull (2000), Group Sequential Methods with Applications to Clinical Trials.

use super::distribution::{normal_cdf, normal_quantile};
use super::looks::{self, Walk, crossing, narrowest};
use crate::error::{Error, Result};

/// How the error is spread over the looks: what may be spent by an information share t, on each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Spending {
    /// Next to nothing at first: 2 − 2 Φ(z / √t). The last limit is close to that of a single test.
    OBrienFleming,
    /// About as much at every look: α log(1 + (e − 1) t). Early limits are low, and the last one is high.
    Pocock,
}

impl Spending {
    /// What may be spent by an information share, of an error on one side.
    fn spent(self, error: f64, share: f64) -> f64 {
        match self {
            Spending::OBrienFleming => {
                2.0 * normal_cdf(normal_quantile(error / 2.0) / share.sqrt())
            }
            Spending::Pocock => error * ((std::f64::consts::E - 1.0) * share).ln_1p(),
        }
    }
}

/// Plans a two-sided test with several looks, which ends at the first look whose |z| reaches the limit.
///
/// ```
/// use casebook::metrics::experiment::{GroupSequential, Spending};
///
/// let plan = GroupSequential::equal(5, Spending::OBrienFleming);
/// let limits = plan.limits()?;
/// assert!((limits[0] - 4.877).abs() < 0.001 && (limits[4] - 2.031).abs() < 0.001);
/// // It takes 2.5% more users at most, and 18% fewer on average if the effect is there.
/// assert!((plan.inflation()? - 1.025).abs() < 0.001);
/// let share = plan.inflation()? * plan.expected_share(plan.drift()?)?;
/// assert!((share - 0.824).abs() < 0.001);
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct GroupSequential {
    /// Probability of a significant result at any look where there is no difference; between 0 and 1.
    pub alpha: f64,
    /// Probability of a significant result at any look where the difference is there; between alpha and 1.
    pub power: f64,
    /// The share of the users who are in at each look; above 0, growing by 0.0001 or more, the last one 1.
    pub looks: Vec<f64>,
    /// How the error is spread over the looks.
    pub spending: Spending,
}

/// More looks than this are no group-sequential test.
const MOST_LOOKS: usize = 1_000;
/// No limit is beyond so many standard errors: normal probabilities end there.
const MOST_Z: f64 = 37.0;

impl GroupSequential {
    /// Creates a plan of equally spaced looks, at an alpha of 5% and a power of 80%.
    pub fn equal(looks: u32, spending: Spending) -> GroupSequential {
        let share = |look: u32| f64::from(look) / f64::from(looks);
        let looks = (1..=looks).map(share).collect();
        GroupSequential { alpha: 0.05, power: 0.80, looks, spending }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the field.
    pub fn validate(&self) -> Result<()> {
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            return Err(Error::config("alpha", self.alpha, "between 0 and 1"));
        }
        if !(self.power > self.alpha && self.power < 1.0) {
            return Err(Error::config("power", self.power, "between alpha and 1"));
        }
        let before = [0.0].into_iter().chain(self.looks.iter().copied());
        let grow =
            self.looks.iter().zip(before).all(|(time, before)| time - before >= 0.000_1 - 1e-9);
        if !(grow && self.looks.last() == Some(&1.0) && self.looks.len() <= MOST_LOOKS) {
            let accepted = "1 to 1000 shares above 0 that grow by 0.0001 or more and end with 1";
            return Err(Error::config("looks", format!("{:?}", self.looks), accepted));
        }
        Ok(())
    }

    /// Returns the error that may be spent by each look, on both sides.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn spent(&self) -> Result<Vec<f64>> {
        self.validate()?;
        let half = self.alpha / 2.0;
        let mut spent: Vec<f64> =
            self.looks.iter().map(|share| 2.0 * self.spending.spent(half, *share)).collect();
        // By the end all of it is, whatever rounding makes of it.
        if let Some(last) = spent.last_mut() {
            *last = self.alpha;
        }
        Ok(spent)
    }

    /// Returns the limit of |z| at each look.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn limits(&self) -> Result<Vec<f64>> {
        let narrow = narrowest(&self.looks);
        let mut walk = Walk::new(0.0);
        let mut before = 0.0;
        let mut limits = vec![];
        for (time, spent) in self.looks.iter().zip(self.spent()?) {
            let (mut low, mut high) = (0.0, MOST_Z);
            for _ in 0..60 {
                let middle = (low + high) / 2.0;
                let leaves = walk.beyond(*time, middle).either();
                if leaves > spent - before { low = middle } else { high = middle }
            }
            walk.go(*time, high, narrow);
            before = spent;
            limits.push(high);
        }
        Ok(limits)
    }

    /// Returns the probability to have stopped by each look with a significant result, if the final z has the mean
    /// `drift`: the true difference in standard errors at the end. At 0 it is the error spent.
    ///
    /// # Errors
    /// As [`validate`](Self::validate); a drift beyond ± 30.
    pub fn stopped(&self, drift: f64) -> Result<Vec<f64>> {
        if !(-30.0..=30.0).contains(&drift) {
            return Err(Error::config("drift", drift, "-30 to 30"));
        }
        Ok(self.stopped_at(&self.limits()?, drift))
    }

    fn stopped_at(&self, limits: &[f64], drift: f64) -> Vec<f64> {
        let mut stopped = 0.0;
        let each = crossing(&self.looks, limits, drift).into_iter().map(|left| {
            stopped += left.either();
            stopped
        });
        each.collect()
    }

    /// Returns the drift at which the test has the power planned.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn drift(&self) -> Result<f64> {
        let limits = self.limits()?;
        Ok(least(|drift| {
            self.stopped_at(&limits, drift).last().is_some_and(|power| *power >= self.power)
        }))
    }

    /// Returns how many users the test needs at most, per user of a test with a single look and the same alpha and
    /// power.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn inflation(&self) -> Result<f64> {
        let z = -normal_quantile(self.alpha / 2.0);
        let single = least(|drift| normal_cdf(drift - z) + normal_cdf(-drift - z) >= self.power);
        Ok((self.drift()? / single).powi(2))
    }

    /// Returns the share of the users who are in when the test stops, on average, at a drift.
    ///
    /// # Errors
    /// As [`stopped`](Self::stopped).
    pub fn expected_share(&self, drift: f64) -> Result<f64> {
        let stopped = self.stopped(drift)?;
        let mut before = 0.0;
        let mut share = 0.0;
        for (time, stopped) in self.looks.iter().zip(&stopped[..stopped.len() - 1]) {
            share += time * (stopped - before);
            before = *stopped;
        }
        // Whoever has not stopped before stops at the end, significant or not.
        Ok(share + 1.0 - before)
    }
}

/// Returns the false-positive rate of 1, 2, … `looks` equally spaced looks at a test, each two-sided at `alpha`, if one
/// significant look is enough to stop.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for an alpha outside 0 to 1, or looks outside 1 to 1,000.
pub(crate) fn peeking(looks: u32, alpha: f64) -> Result<Vec<f64>> {
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(Error::config("alpha", alpha, "between 0 and 1"));
    }
    if !(1..=MOST_LOOKS as u32).contains(&looks) {
        return Err(Error::config("looks", looks, "1 to 1000"));
    }
    Ok(looks::peeking(looks, -normal_quantile(alpha / 2.0)))
}

/// The smallest drift that is enough.
fn least(enough: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 60.0);
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        if enough(middle) { high = middle } else { low = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f64], expected: &[f64], off: f64) {
        assert_eq!(found.len(), expected.len());
        let same = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < off);
        assert!(same, "{found:?}, not {expected:?}");
    }

    /// D. M. Reboussin, D. L. DeMets, K. Kim and K. K. G. Lan (2000), "Computations for group sequential boundaries using
    /// the Lan–DeMets spending function method", Controlled Clinical Trials 21: five looks, two-sided 5%.
    #[test]
    fn the_published_limits_are_found() {
        let fleming = GroupSequential::equal(5, Spending::OBrienFleming).limits().unwrap();
        near(&fleming, &[4.8769, 3.3569, 2.6803, 2.2898, 2.0310], 1e-3);
        let pocock = GroupSequential::equal(5, Spending::Pocock).limits().unwrap();
        near(&pocock, &[2.4380, 2.4268, 2.4101, 2.3966, 2.3859], 1e-3);
    }

    #[test]
    fn one_look_is_a_test_of_fixed_size() {
        for spending in [Spending::OBrienFleming, Spending::Pocock] {
            let plan = GroupSequential::equal(1, spending);
            near(&plan.limits().unwrap(), &[1.959_963_984_5], 1e-8);
            near(
                &[plan.inflation().unwrap(), plan.expected_share(1.0).unwrap()],
                &[1.0, 1.0],
                1e-8,
            );
            near(&[plan.drift().unwrap()], &[2.801_585], 1e-5);
        }
    }

    #[test]
    fn what_is_spent_is_what_is_left() {
        let looks = vec![0.2, 0.25, 0.7, 1.0];
        for spending in [Spending::OBrienFleming, Spending::Pocock] {
            let plan =
                GroupSequential { looks: looks.clone(), ..GroupSequential::equal(1, spending) };
            near(&plan.stopped(0.0).unwrap(), &plan.spent().unwrap(), 1e-8);
            let stopped = plan.stopped(plan.drift().unwrap()).unwrap();
            near(&stopped[3..], &[0.8], 1e-6);
            assert!(plan.expected_share(3.0).unwrap() < plan.expected_share(0.0).unwrap());
        }
    }

    #[test]
    fn fields_are_named() {
        let plan = GroupSequential::equal(2, Spending::Pocock);
        let said = |plan: GroupSequential| plan.limits().unwrap_err().to_string();
        assert!(said(GroupSequential { alpha: 0.0, ..plan.clone() }).contains("`alpha` is 0"));
        assert!(said(GroupSequential { power: 0.04, ..plan.clone() }).contains("`power`"));
        for looks in [vec![], vec![0.5], vec![0.5, 0.5, 1.0], vec![0.0, 1.0], vec![f64::NAN, 1.0]] {
            let said = said(GroupSequential { looks, ..plan.clone() });
            assert!(said.contains("`looks`") && said.contains("end with 1"), "{said}");
        }
        assert!(plan.stopped(f64::NAN).unwrap_err().to_string().contains("`drift`"));
        assert!(peeking(0, 0.05).unwrap_err().to_string().contains("`looks` is 0"));
        assert!(peeking(5, 1.0).unwrap_err().to_string().contains("`alpha` is 1"));
    }
}
