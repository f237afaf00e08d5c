//! Non-inferiority: how many users it takes to show that something is not much worse.
//!
//! # Source
//! Food and Drug Administration (2016), Non-Inferiority Clinical Trials to Establish Effectiveness; S.-C. Chow, J. Shao,
//! H. Wang and Y. Lokhnygina (2017), Sample Size Calculations in Clinical Research, 3rd edition, 3.2 and 4.2.

use super::distribution::{noncentral_t_cdf, normal_cdf, normal_quantile, t_quantile};
use super::power::least_users;
use crate::error::{Error, Result};

/// Which way a metric gets worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Harm {
    /// A lower value is worse, such as of retention.
    Drop,
    /// A higher value is worse, such as of page load time.
    Rise,
}

/// Plans a one-sided test that a guardrail metric gets worse by less than a margin, and says what it takes.
///
/// ```
/// use casebook::metrics::experiment::NonInferiority;
///
/// // Retention of 40% may drop by a point at most.
/// let plan = NonInferiority::drop(0.01);
/// assert_eq!(plan.users_for_proportions(0.40, 0.0)?, 37_675);
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct NonInferiority {
    /// How much worse is still accepted, in the metric's unit; above 0.
    pub margin: f64,
    /// Which way is worse.
    pub harm: Harm,
    /// Probability of passing at the margin, one-sided; above 0, below 0.5. 0.025 goes with a 95% interval.
    pub alpha: f64,
    /// Probability of passing at the difference planned for; between alpha and 1.
    pub power: f64,
    /// Users in treatment for each user in control; above 0.
    pub ratio: f64,
}

impl NonInferiority {
    /// Creates a plan for a metric that may drop by less than a margin: 2.5% one-sided, 80% power, arms of equal size.
    pub fn drop(margin: f64) -> NonInferiority {
        NonInferiority { margin, harm: Harm::Drop, alpha: 0.025, power: 0.80, ratio: 1.0 }
    }

    /// Creates a plan for a metric that may rise by less than a margin.
    pub fn rise(margin: f64) -> NonInferiority {
        NonInferiority { harm: Harm::Rise, ..NonInferiority::drop(margin) }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the field.
    pub fn validate(&self) -> Result<()> {
        if !(self.margin > 0.0 && self.margin.is_finite()) {
            return Err(Error::config("margin", self.margin, "above 0"));
        }
        if !(self.alpha > 0.0 && self.alpha < 0.5) {
            return Err(Error::config("alpha", self.alpha, "above 0, below 0.5"));
        }
        if !(self.power > self.alpha && self.power < 1.0) {
            return Err(Error::config("power", self.power, "between alpha and 1"));
        }
        if !(self.ratio > 0.0 && self.ratio.is_finite()) {
            return Err(Error::config("ratio", self.ratio, "above 0"));
        }
        Ok(())
    }

    /// How far a true difference is from the margin, on the good side.
    fn distance(&self, difference: f64) -> Result<f64> {
        self.validate()?;
        let good = if self.harm == Harm::Drop { difference } else { -difference };
        if good + self.margin > 0.0 && good.is_finite() {
            return Ok(good + self.margin);
        }
        let accepted = match self.harm {
            Harm::Drop => {
                format!("above {}: at the margin no number of users is enough", -self.margin)
            }
            Harm::Rise => {
                format!("below {}: at the margin no number of users is enough", self.margin)
            }
        };
        Err(Error::config("difference", difference, accepted))
    }

    /// Returns the probability of passing with this many users in control, if the true difference of means is
    /// `difference`, treatment minus control, and both arms have the same standard deviation: noncentral t.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) as for [`validate`](Self::validate), for a standard
    /// deviation that is not above 0, a difference at the margin or beyond, or fewer than two users in control or three in
    /// both arms.
    pub fn power_of_means(&self, sd: f64, difference: f64, users: u64) -> Result<f64> {
        let shift = self.shift(sd, difference)?;
        if users < 2 || self.df(users) < 1.0 {
            return Err(Error::config("users", users, "2 or more, and 3 in both arms"));
        }
        Ok(self.means(shift, users))
    }

    fn shift(&self, sd: f64, difference: f64) -> Result<f64> {
        let distance = self.distance(difference)?;
        if !(sd > 0.0 && sd.is_finite()) {
            return Err(Error::config("sd", sd, "above 0"));
        }
        Ok(distance / sd)
    }

    fn df(&self, users: u64) -> f64 {
        users as f64 * (1.0 + self.ratio) - 2.0
    }

    fn means(&self, shift: f64, users: u64) -> f64 {
        let df = self.df(users);
        if df < 1.0 {
            return 0.0;
        }
        let shift = shift * (users as f64 * self.ratio / (1.0 + self.ratio)).sqrt();
        noncentral_t_cdf(t_quantile(self.alpha, df), df, -shift)
    }

    /// Returns the number of users needed in control to pass at a true difference of means.
    ///
    /// # Errors
    /// As [`power_of_means`](Self::power_of_means); a difference so close to the margin that 10¹² users are too few.
    pub fn users_for_means(&self, sd: f64, difference: f64) -> Result<u64> {
        let shift = self.shift(sd, difference)?;
        least_users(2, |users| self.means(shift, users) >= self.power)
            .ok_or_else(|| too_close(difference))
    }

    /// Returns the probability of passing with this many users in control, if the shares are `base` and `base` + `difference`:
    /// normal approximation with the arms' own variances.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) as for [`validate`](Self::validate), for a share
    /// outside 0 to 1, a difference at the margin or beyond, or no users.
    pub fn power_of_proportions(&self, base: f64, difference: f64, users: u64) -> Result<f64> {
        let distance = self.check_proportions(base, difference)?;
        if users == 0 {
            return Err(Error::config("users", users, "1 or more"));
        }
        Ok(self.proportions(base, difference, distance, users))
    }

    fn check_proportions(&self, base: f64, difference: f64) -> Result<f64> {
        let distance = self.distance(difference)?;
        if !(base > 0.0 && base < 1.0) {
            return Err(Error::config("base", base, "between 0 and 1"));
        }
        if !(0.0..=1.0).contains(&(base + difference)) {
            let accepted = format!("{} to {}", -base, 1.0 - base);
            return Err(Error::config("difference", difference, accepted));
        }
        Ok(distance)
    }

    fn proportions(&self, base: f64, difference: f64, distance: f64, users: u64) -> f64 {
        let other = base + difference;
        let variance = base * (1.0 - base) + other * (1.0 - other) / self.ratio;
        normal_cdf(distance * (users as f64 / variance).sqrt() + normal_quantile(self.alpha))
    }

    /// Returns the number of users needed in control to pass at a true difference of shares.
    ///
    /// # Errors
    /// As [`power_of_proportions`](Self::power_of_proportions); a difference so close to the margin that 10¹² users are too few.
    pub fn users_for_proportions(&self, base: f64, difference: f64) -> Result<u64> {
        let distance = self.check_proportions(base, difference)?;
        least_users(1, |users| self.proportions(base, difference, distance, users) >= self.power)
            .ok_or_else(|| too_close(difference))
    }
}

fn too_close(difference: f64) -> Error {
    let accepted = "further from the margin: even 1,000,000,000,000 users in control are too few";
    Error::config("difference", difference, accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_and_down_are_alike() {
        let (drop, rise) = (NonInferiority::drop(0.5), NonInferiority::rise(0.5));
        for difference in [-0.2, 0.0, 0.3] {
            let users = drop.users_for_means(2.0, difference).unwrap();
            assert_eq!(users, rise.users_for_means(2.0, -difference).unwrap());
            assert!(drop.power_of_means(2.0, difference, users).unwrap() >= 0.8);
            assert!(drop.power_of_means(2.0, difference, users - 1).unwrap() < 0.8);
        }
    }

    /// At the margin, all that passes is alpha.
    #[test]
    fn close_to_the_margin_alpha_is_left() {
        let plan = NonInferiority::drop(0.5);
        let passes = plan.power_of_means(2.0, -0.5 + 1e-9, 50).unwrap();
        assert!((passes - 0.025).abs() < 1e-6, "{passes}");
    }

    #[test]
    fn fields_are_named() {
        let said = |result: Result<u64>| result.unwrap_err().to_string();
        let plan = NonInferiority::drop(0.1);
        assert!(said(plan.users_for_means(1.0, -0.1)).contains("`difference` is -0.1"));
        assert!(said(NonInferiority::rise(0.1).users_for_means(1.0, 0.1)).contains("below 0.1"));
        assert!(
            said(NonInferiority::drop(0.0).users_for_means(1.0, 0.0)).contains("`margin` is 0")
        );
        assert!(said(plan.users_for_means(0.0, 0.0)).contains("`sd`"));
        assert!(said(plan.users_for_proportions(1.0, 0.0)).contains("`base`"));
        assert!(said(plan.users_for_proportions(0.5, 0.6)).contains("`difference`"));
        assert!(said(plan.users_for_proportions(0.5, -0.1 + 1e-9)).contains("too few"));
        let wide = NonInferiority { alpha: 0.5, ..plan };
        assert!(said(wide.users_for_means(1.0, 0.0)).contains("`alpha`"));
    }
}
