//! Two samples compared: proportions and means.
//!
//! # Source
//! Two-proportion z test with Newcombe's interval (R. G. Newcombe, 1998, method 10, Statistics in Medicine
//! 17); B. L. Welch (1947).

pub use super::difference::Difference;
use super::distribution::normal_two_sided;
use super::interval::{Z95, wilson, wilson_share};
use super::sample::Summary;
use super::satterthwaite::compare;

/// The users of one arm, and how many of them have the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proportion {
    /// The number of users with the outcome.
    pub hits: u64,
    /// The number of users.
    pub users: u64,
}

impl Proportion {
    /// Returns hits / users: NaN without users.
    ///
    /// ```
    /// use casebook::metrics::experiment::Proportion;
    ///
    /// assert_eq!(Proportion { hits: 30, users: 100 }.rate(), 0.3);
    /// ```
    pub fn rate(self) -> f64 {
        self.hits as f64 / self.users as f64
    }
}

/// Compares two proportions with a pooled z test and Newcombe's interval.
///
/// Returns `None` if an arm is empty or has more hits than users.
///
/// ```
/// use casebook::metrics::experiment::{Proportion, compare_proportions};
///
/// let control = Proportion { hits: 30, users: 100 };
/// let found = compare_proportions(control, Proportion { hits: 45, users: 100 }).unwrap();
/// assert!(found.low > 0.0 && found.p_value < 0.05);
/// ```
pub fn compare_proportions(control: Proportion, treatment: Proportion) -> Option<Difference> {
    let (a, b) = (control.rate(), treatment.rate());
    let (low_a, high_a) = wilson(control.hits, control.users)?;
    let (low_b, high_b) = wilson(treatment.hits, treatment.users)?;
    let (n, m) = (control.users as f64, treatment.users as f64);
    let pooled = (control.hits as f64 + treatment.hits as f64) / (n + m);
    let estimate = b - a;
    let z = estimate / (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    Some(Difference {
        estimate,
        low: estimate - ((b - low_b).powi(2) + (high_a - a).powi(2)).sqrt(),
        high: estimate + ((high_b - b).powi(2) + (a - low_a).powi(2)).sqrt(),
        statistic: z,
        df: f64::INFINITY,
        p_value: normal_two_sided(z),
    })
}

/// A share, and of how many trials that would be independent: the effective number, if they are not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    pub share: f64,
    pub of: f64,
}

/// Compares two shares as [`compare_proportions`] does, with effective numbers of trials.
pub(crate) fn compare_shares(control: Share, treatment: Share) -> Difference {
    let (a, b) = (control.share, treatment.share);
    let (n, m) = (control.of, treatment.of);
    let (low_a, high_a) = wilson_share(Z95, a, n);
    let (low_b, high_b) = wilson_share(Z95, b, m);
    let pooled = (a * n + b * m) / (n + m);
    let estimate = b - a;
    let z = estimate / (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    Difference {
        estimate,
        low: estimate - ((b - low_b).powi(2) + (high_a - a).powi(2)).sqrt(),
        high: estimate + ((high_b - b).powi(2) + (a - low_a).powi(2)).sqrt(),
        statistic: z,
        df: f64::INFINITY,
        p_value: normal_two_sided(z),
    }
}

/// Compares two means with Welch's test and interval. The order of the values does not matter.
///
/// Returns `None` if an arm has fewer than two users. If nothing varies in either arm, everything but the estimate is
/// NaN.
///
/// ```
/// use casebook::metrics::experiment::compare_means;
///
/// let found = compare_means(&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0]).unwrap();
/// assert!((found.estimate - 1.0).abs() < 1e-12 && found.df == 4.0);
/// ```
pub fn compare_means(control: &[f64], treatment: &[f64]) -> Option<Difference> {
    if control.len() < 2 || treatment.len() < 2 {
        return None;
    }
    Some(welch(Summary::of(control), Summary::of(treatment)))
}

/// Welch's test of two summaries, each of two values or more.
pub(crate) fn welch(control: Summary, treatment: Summary) -> Difference {
    // Without any variation there is no t distribution, and an interval of no width would claim certainty.
    let part = |one: Summary| (one.variance / one.n, one.n - 1.0);
    compare(treatment.mean - control.mean, &[part(control), part(treatment)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_arms_have_no_interval() {
        let found = compare_means(&[1.0, 1.0], &[3.0, 3.0]).unwrap();
        assert_eq!(found.estimate, 2.0);
        assert!(found.low.is_nan() && found.high.is_nan() && found.p_value.is_nan(), "{found:?}");
    }

    /// Ten times 0.1 do not sum to 1: what is left of that is no variation.
    #[test]
    fn constant_arms_of_any_value_have_no_interval() {
        for (a, b) in [(0.1, 0.3), (19.99, 24.99), (1e9 + 0.1, 0.7)] {
            for users in [3, 7, 10, 1_001] {
                let found = compare_means(&vec![a; users], &vec![b; users + 1]).unwrap();
                assert!(found.low.is_nan() && found.p_value.is_nan(), "{a} {users}: {found:?}");
                assert_eq!(found.estimate, b - a);
            }
        }
    }

    /// The unit of the values does not matter, unless their squares are no numbers.
    #[test]
    fn the_unit_does_not_matter() {
        let (a, b) = ([1.0, 2.0, 4.0], [2.0, 5.0, 9.0, 9.0]);
        let plain = compare_means(&a, &b).unwrap();
        for unit in [2_f64.powi(-300), 2_f64.powi(300)] {
            let found = compare_means(&a.map(|x| x * unit), &b.map(|x| x * unit)).unwrap();
            assert_eq!((found.df, found.p_value), (plain.df, plain.p_value), "{unit:e}");
            assert_eq!(found.low, plain.low * unit);
        }
    }

    #[test]
    fn more_hits_than_users_are_no_proportion() {
        let (wrong, right) = (Proportion { hits: 3, users: 2 }, Proportion { hits: 1, users: 2 });
        assert_eq!(compare_proportions(wrong, right), None);
        assert_eq!(compare_proportions(right, wrong), None);
    }
}
