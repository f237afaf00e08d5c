//! Intervals for estimates.

use super::distribution::chi_square_quantile;

/// The 0.975 quantile of the standard normal distribution: half the width of a 95% interval, in standard
/// errors.
pub const Z95: f64 = 1.959_963_984_540_054;

/// Returns the 95% Wilson score interval of a proportion, `hits` out of `trials`.
///
/// Unlike the textbook's p ± 1.96 s, it stays inside 0 to 1 and keeps its coverage near the ends and for few trials. It
/// always contains `hits / trials`; its lower end is 0 without hits, and its upper end 1 if every trial is one. Returns
/// `None` without trials, and for more hits than trials, which is not a proportion.
///
/// ```
/// use casebook::metrics::interval::wilson;
///
/// let (low, high) = wilson(35, 1_000).unwrap();
/// assert!((low - 0.0253).abs() < 1e-4 && (high - 0.0483).abs() < 1e-4);
/// assert_eq!(wilson(0, 0), None);
/// assert_eq!(wilson(20, 10), None);
/// ```
///
/// # Source
/// E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference",
/// Journal of the American Statistical Association 22.
pub fn wilson(hits: u64, trials: u64) -> Option<(f64, f64)> {
    wilson_at(Z95, hits, trials)
}

/// Returns the Wilson score interval that reaches `z` standard errors to either side; otherwise as [`wilson`].
pub(crate) fn wilson_at(z: f64, hits: u64, trials: u64) -> Option<(f64, f64)> {
    if trials == 0 || hits > trials {
        return None;
    }
    let n = trials as f64;
    Some(wilson_share(z, hits as f64 / n, n))
}

/// Returns the Wilson score interval of a share of so many trials, which need not be a whole number: users who differ count
/// for fewer than they are.
pub(crate) fn wilson_share(z: f64, p: f64, n: f64) -> (f64, f64) {
    let z2 = z * z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // At the ends the formula gives 0 and 1, and rounding something beside them.
    let low = if p == 0.0 { 0.0 } else { (centre - half).clamp(0.0, p) };
    let high = if p == 1.0 { 1.0 } else { (centre + half).clamp(p, 1.0) };
    (low, high)
}

/// Returns the 95% exact (Garwood) interval of a Poisson mean, given the number of `events` counted.
///
/// ```
/// use casebook::metrics::interval::poisson;
///
/// let (low, high) = poisson(0);
/// assert!(low == 0.0 && (high - 3.6889).abs() < 1e-4);
/// ```
///
/// # Source
/// F. Garwood (1936), "Fiducial limits for the Poisson distribution", Biometrika 28.
pub fn poisson(events: u64) -> (f64, f64) {
    let d = events as f64;
    let low = if events == 0 { 0.0 } else { chi_square_quantile(0.025, 2.0 * d) / 2.0 };
    (low, chi_square_quantile(0.975, 2.0 * d + 2.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_contains_the_share_and_stays_a_share(trials in 1_u64..1_000_000, part in 0.0..=1.0) {
            let hits = (trials as f64 * part) as u64;
            let (low, high) = wilson(hits, trials).unwrap();
            let share = hits as f64 / trials as f64;
            prop_assert!(0.0 <= low && low <= share && share <= high && high <= 1.0);
        }

        #[test]
        fn it_reaches_the_ends_exactly(trials in 1_u64..1_000_000, more in 1_u64..1_000) {
            prop_assert_eq!(wilson(0, trials).unwrap().0, 0.0);
            prop_assert_eq!(wilson(trials, trials).unwrap().1, 1.0);
            prop_assert_eq!(wilson(trials + more, trials), None);
        }

        #[test]
        fn more_trials_narrow_it(hits in 1_u64..100, times in 2_u64..50) {
            let (low, high) = wilson(hits, 100).unwrap();
            let (low2, high2) = wilson(hits * times, 100 * times).unwrap();
            prop_assert!(high2 - low2 < high - low);
        }
    }

    /// Garwood's interval holds each end's 2.5%: the probability of so many events or more, and of so few or fewer.
    #[test]
    fn counts_of_any_size_have_an_exact_interval() {
        for events in [1_u64, 2, 10, 1_000, 100_000, 10_000_000, 1_000_000_000] {
            let (low, high) = poisson(events);
            let d = events as f64;
            let wide = Z95 * d.sqrt();
            assert!(low < d && d < high, "{events}: {low} to {high}");
            // Normal approximation with the skewness' term: (z² − 1) / 3 and (z² + 2) / 3 + … beside it.
            if events >= 1_000 {
                let (a, b) =
                    (d - wide + (Z95 * Z95 - 1.0) / 3.0, d + wide + (Z95 * Z95 + 2.0) / 3.0);
                assert!((low - a).abs() < 0.05, "{events}: {low}, not {a}");
                assert!((high - b).abs() < 0.05, "{events}: {high}, not {b}");
            }
        }
    }

    /// Values from statsmodels 0.15.0, `proportion_confint(…, method="wilson")`.
    #[test]
    fn agrees_with_statsmodels() {
        for (hits, trials, low, high) in WILSON {
            let (a, b) = wilson(hits, trials).unwrap();
            assert!((a - low).abs() < 1e-9 && (b - high).abs() < 1e-9, "{hits}/{trials}: {a} {b}");
        }
    }
    const WILSON: [(u64, u64, f64, f64); 8] = [
        (0, 10, 0.0, 0.27753279986288926),
        (1, 10, 0.017876213095072924, 0.40415002679523854),
        (5, 10, 0.23659309051256394, 0.7634069094874361),
        (10, 10, 0.7224672001371106, 1.0),
        (35, 1000, 0.025272263017112946, 0.04828662237445334),
        (461, 500, 0.8951464501266115, 0.9424186065238385),
        (1, 100000, 1.7652477303783092e-06, 5.664709659040968e-05),
        (123456, 654321, 0.18773185940854037, 0.18962786440741708),
    ];
}
