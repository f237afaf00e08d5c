//! Power analysis: how many users an experiment needs, and what a given number of users can show.
//!
//! # Source
//! Proportions: the normal approximation with the pooled variance under no difference (J. L. Fleiss,
//! Statistical Methods for Rates and Proportions). Means: noncentral t (J. Cohen, 1988).

use super::distribution::{noncentral_t_cdf, normal_cdf, normal_quantile, t_quantile};
use crate::error::{Error, Result};

/// Plans an experiment with a two-sided test: users, power, or the smallest difference it detects, each from
/// the others.
///
/// ```
/// use casebook::metrics::experiment::PowerAnalysis;
///
/// let plan = PowerAnalysis::default();
/// // 500 users an arm detect 8.4 points on a base of 30%.
/// assert!((plan.detectable_proportion(0.30, 500)? - 0.084).abs() < 0.0005);
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PowerAnalysis {
    /// Probability of a significant result where there is no difference; between 0 and 1.
    pub alpha: f64,
    /// Probability of a significant result where the difference is there; between alpha and 1.
    pub power: f64,
    /// Users in treatment for each user in control; above 0.
    pub ratio: f64,
}

impl Default for PowerAnalysis {
    fn default() -> PowerAnalysis {
        PowerAnalysis { alpha: 0.05, power: 0.80, ratio: 1.0 }
    }
}

/// No experiment can detect a difference that needs more users than this.
const MOST_USERS: u64 = 1_000_000_000_000;
/// The search for differences of means ends at this many standard deviations.
const MOST_DEVIATIONS: f64 = 1e6;

impl PowerAnalysis {
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
        if !(self.ratio > 0.0 && self.ratio.is_finite()) {
            return Err(Error::config("ratio", self.ratio, "above 0"));
        }
        Ok(())
    }

    fn check_base(&self, base: f64) -> Result<()> {
        self.validate()?;
        if !(base > 0.0 && base < 1.0) {
            return Err(Error::config("base", base, "between 0 and 1"));
        }
        Ok(())
    }

    fn check_proportions(&self, base: f64, difference: f64) -> Result<()> {
        self.check_base(base)?;
        let other = base + difference;
        if !(difference != 0.0 && (0.0..=1.0).contains(&other)) {
            let accepted = format!("not 0, and {} to {}", -base, 1.0 - base);
            return Err(Error::config("difference", difference, accepted));
        }
        Ok(())
    }

    fn check_means(&self, sd: f64, difference: f64) -> Result<()> {
        self.validate()?;
        if !(sd > 0.0 && sd.is_finite()) {
            return Err(Error::config("sd", sd, "above 0"));
        }
        if !(difference != 0.0 && difference.is_finite()) {
            return Err(Error::config("difference", difference, "not 0"));
        }
        Ok(())
    }

    /// Returns t's degrees of freedom for the users in both arms.
    fn df(&self, users: f64) -> f64 {
        users * (1.0 + self.ratio) - 2.0
    }

    fn check_users_of_means(&self, users: u64) -> Result<()> {
        at_least(users, 2)?;
        if self.df(users as f64) < 1.0 {
            let accepted = format!("{} or more in control", (3.0 / (1.0 + self.ratio)).ceil());
            return Err(Error::config("users", users, accepted));
        }
        Ok(())
    }

    /// Returns the probability of detecting a difference of proportions with this many users in control: normal
    /// approximation, with the pooled variance where there is no difference.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) as for [`validate`](Self::validate), for
    /// a proportion outside 0 to 1, or no users.
    pub fn power_of_proportions(&self, base: f64, difference: f64, users: u64) -> Result<f64> {
        self.check_proportions(base, difference)?;
        at_least(users, 1)?;
        Ok(self.proportions(base, difference, users as f64))
    }

    fn proportions(&self, base: f64, difference: f64, users: f64) -> f64 {
        let other = base + difference;
        let pooled = (base + self.ratio * other) / (1.0 + self.ratio);
        let none = (pooled * (1.0 - pooled) * (1.0 + 1.0 / self.ratio)).sqrt();
        let some = (base * (1.0 - base) + other * (1.0 - other) / self.ratio).sqrt();
        let critical = -normal_quantile(self.alpha / 2.0) * none;
        let shift = difference * users.sqrt();
        normal_cdf((shift - critical) / some) + normal_cdf((-shift - critical) / some)
    }

    /// Returns the number of users needed in control to detect a difference of proportions.
    ///
    /// # Errors
    /// As [`power_of_proportions`](Self::power_of_proportions); a difference too small to be detected with
    /// 10¹² users.
    ///
    /// ```
    /// use casebook::metrics::experiment::PowerAnalysis;
    ///
    /// let plan = PowerAnalysis::default();
    /// assert_eq!(plan.users_for_proportions(0.30, 0.05)?, 1_377);
    /// assert!(plan.users_for_proportions(0.30, 1e-9).is_err());
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn users_for_proportions(&self, base: f64, difference: f64) -> Result<u64> {
        self.check_proportions(base, difference)?;
        least_users(1, |users| self.proportions(base, difference, users as f64) >= self.power)
            .ok_or_else(|| undetectable(difference))
    }

    /// Returns the smallest rise above a base proportion that this many users in control can detect.
    ///
    /// # Errors
    /// As [`power_of_proportions`](Self::power_of_proportions); too few users to detect even a rise to 1.
    pub fn detectable_proportion(&self, base: f64, users: u64) -> Result<f64> {
        self.check_base(base)?;
        at_least(users, 1)?;
        bisect(1.0 - base, |rise| self.proportions(base, rise, users as f64) >= self.power)
            .ok_or_else(|| {
                let accepted = format!("more: these cannot detect even a rise from {base} to 1");
                Error::config("users", users, accepted)
            })
    }

    /// Returns the probability of detecting a difference of means with this many users in control, if both arms have
    /// the same standard deviation: noncentral t.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) as for [`validate`](Self::validate), for
    /// a standard deviation that is not above 0, or fewer than two users in control or three in both arms.
    pub fn power_of_means(&self, sd: f64, difference: f64, users: u64) -> Result<f64> {
        self.check_means(sd, difference)?;
        self.check_users_of_means(users)?;
        Ok(self.means(difference / sd, users as f64))
    }

    fn means(&self, effect: f64, users: f64) -> f64 {
        let df = self.df(users);
        if df < 1.0 {
            return 0.0;
        }
        let shift = effect * (users * self.ratio / (1.0 + self.ratio)).sqrt();
        let critical = -t_quantile(self.alpha / 2.0, df);
        noncentral_t_cdf(-critical, df, shift) + noncentral_t_cdf(-critical, df, -shift)
    }

    /// Returns the number of users needed in control to detect a difference of means.
    ///
    /// # Errors
    /// As [`power_of_means`](Self::power_of_means); a difference too small to be detected with 10¹² users.
    pub fn users_for_means(&self, sd: f64, difference: f64) -> Result<u64> {
        self.check_means(sd, difference)?;
        least_users(2, |users| self.means(difference / sd, users as f64) >= self.power)
            .ok_or_else(|| undetectable(difference))
    }

    /// Returns the smallest difference of means that this many users in control can detect.
    ///
    /// # Errors
    /// As [`power_of_means`](Self::power_of_means); too few users to detect even a million standard
    /// deviations.
    pub fn detectable_mean(&self, sd: f64, users: u64) -> Result<f64> {
        self.check_means(sd, 1.0)?;
        self.check_users_of_means(users)?;
        let effect =
            bisect(MOST_DEVIATIONS, |effect| self.means(effect, users as f64) >= self.power);
        effect.map(|effect| sd * effect).ok_or_else(|| {
            let accepted = "more: these cannot detect even a million standard deviations";
            Error::config("users", users, accepted)
        })
    }
}

fn at_least(users: u64, least: u64) -> Result<()> {
    if users < least {
        return Err(Error::config("users", users, format!("{least} or more")));
    }
    Ok(())
}

fn undetectable(difference: f64) -> Error {
    let accepted = "further from 0: even 1,000,000,000,000 users in control cannot detect it";
    Error::config("difference", difference, accepted)
}

/// The smallest number that is enough, given that more is never less; none up to the most.
pub(super) fn least_users(least: u64, enough: impl Fn(u64) -> bool) -> Option<u64> {
    let mut high = least;
    while !enough(high) {
        if high >= MOST_USERS {
            return None;
        }
        high = (high * 2).min(MOST_USERS);
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if enough(middle) { high = middle } else { low = middle }
    }
    Some(high.max(least))
}

/// The smallest value up to `most` that is enough, if `most` is.
fn bisect(most: f64, enough: impl Fn(f64) -> bool) -> Option<f64> {
    if !enough(most) {
        return None;
    }
    let (mut low, mut high) = (0.0, most);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if enough(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message<T: std::fmt::Debug>(result: Result<T>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn what_no_experiment_detects_is_an_error() {
        let plan = PowerAnalysis::default();
        for tiny in [1e-9, 1e-16, -1e-16] {
            let said = message(plan.users_for_proportions(0.3, tiny));
            assert!(said.contains("`difference`") && said.contains("users in control"), "{said}");
            let said = message(plan.users_for_means(1.0, tiny));
            assert!(said.contains("`difference`"), "{said}");
        }
        // Next to nobody in treatment.
        let lopsided = PowerAnalysis { ratio: 1e-300, ..plan };
        assert!(message(lopsided.users_for_proportions(0.3, 0.1)).contains("`difference`"));
        assert!(message(lopsided.users_for_means(1.0, 0.1)).contains("`difference`"));
    }

    #[test]
    fn too_few_users_to_detect_anything_are_an_error() {
        let plan = PowerAnalysis::default();
        assert!(message(plan.detectable_proportion(0.9, 5)).contains("`users`"));
        // 0.4 users in treatment: t would have less than one degree of freedom.
        let lopsided = PowerAnalysis { ratio: 0.2, ..plan };
        assert!(message(lopsided.power_of_means(1.0, 0.5, 2)).contains("3 or more"));
        assert!(message(lopsided.detectable_mean(1.0, 2)).contains("3 or more"));
    }

    /// The half of a very small alpha is as good a number as any; 1 less it is 1.
    #[test]
    fn a_very_small_alpha_is_one() {
        let strict = PowerAnalysis { alpha: 1e-17, ..PowerAnalysis::default() };
        // z is 8.57: 8.57 + 0.84 standard errors.
        let users = strict.users_for_proportions(0.3, 0.1).unwrap();
        assert!((4_000..4_060).contains(&users), "{users}");
        let of_means = strict.users_for_means(1.0, 0.1).unwrap();
        assert!((17_500..18_100).contains(&of_means), "{of_means}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        /// What is needed is enough, one fewer is not, and what is detectable is about what was asked for.
        #[test]
        fn answers_agree(
            base in 0.01..0.99_f64, part in 0.05..0.95_f64, ratio in 0.2..5.0_f64, power in 0.5..0.99_f64,
        ) {
            let plan = PowerAnalysis { ratio, power, ..PowerAnalysis::default() };
            let rise = part * (1.0 - base);
            let users = plan.users_for_proportions(base, rise).unwrap();
            prop_assert!(plan.power_of_proportions(base, rise, users).unwrap() >= power);
            if users > 1 {
                prop_assert!(plan.power_of_proportions(base, rise, users - 1).unwrap() < power);
            }
            prop_assert!(plan.detectable_proportion(base, users).unwrap() <= rise * (1.0 + 1e-9));
        }
    }
}
