//! Confidence sequences: intervals that hold at every moment at once, whenever one stops.
//!
//! Against an estimate with variance V, the mixture over normal effects of variance τ² has the likelihood ratio
//! √(V / (V + τ²)) exp(d² τ² / (2 V (V + τ²))) at a distance d. Without an effect it exceeds 1/α at any time with a
//! probability of α at most, and the values of d at which it does not are the interval. Here τ² = ρ² n V, n V being the
//! variance of a single user's part: ρ is chosen so that the interval is tightest at a number of users, whatever the
//! outcome's unit. V is estimated: what is claimed holds from some dozens of users on.
//!
//! # Source
//! H. Robbins (1970), "Statistical methods related to the law of the iterated logarithm",
//! Annals of Mathematical Statistics 41; S. R. Howard, A. Ramdas, J. McAuliffe and J. Sekhon (2021), "Time-uniform, nonparametric, nonasymptotic
//! confidence sequences", Annals of Statistics 49; R. Johari, P. Koomen, L. Pekelis and D. Walsh (2022), "Always valid
//! inference: continuous monitoring of A/B tests", Operations Research 70; the choice of ρ: I. Waudby-Smith,
//! D. Arbour, R. Sinha, E. H. Kennedy and A. Ramdas (2024), "Time-uniform central limit theory and asymptotic confidence
//! sequences", Annals of Statistics 52.

/// The mixture that is tightest at a number of users.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mixture {
    alpha: f64,
    /// ρ².
    rho2: f64,
}

impl Mixture {
    /// Creates the mixture that is about tightest once so many users, of both arms, are in.
    pub fn tightest_at(users: f64, alpha: f64) -> Mixture {
        let error = -2.0 * alpha.ln();
        Mixture { alpha, rho2: (error + error.ln_1p()) / users }
    }

    /// Returns half the width of the interval around an estimate from `users` with a standard error.
    pub fn half_width(&self, users: f64, se: f64) -> f64 {
        let grown = users * self.rho2 + 1.0;
        se * (2.0 * grown / (users * self.rho2) * (grown.sqrt() / self.alpha).ln()).sqrt()
    }

    /// Returns the p value that holds whenever one looks: 1 over the likelihood ratio, at most 1.
    pub fn p_value(&self, users: f64, estimate: f64, se: f64) -> f64 {
        let grown = users * self.rho2 + 1.0;
        let z = estimate / se;
        (grown.sqrt() * (-z * z * users * self.rho2 / (2.0 * grown)).exp()).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The interval ends where the p value is alpha.
    #[test]
    fn interval_and_test_agree() {
        for users in [10.0, 500.0, 1e6] {
            let mixture = Mixture::tightest_at(2_000.0, 0.05);
            let half = mixture.half_width(users, 0.3);
            assert!((mixture.p_value(users, half, 0.3) - 0.05).abs() < 1e-12);
            assert!(mixture.p_value(users, 0.0, 0.3) > 0.99);
        }
    }

    /// In standard errors, no other mixture is much narrower at the number of users asked for.
    #[test]
    fn it_is_tightest_where_asked() {
        let at = |tightest: f64| Mixture::tightest_at(tightest, 0.05).half_width(1_000.0, 1.0);
        for other in [200.0, 500.0, 2_000.0, 5_000.0] {
            assert!(at(1_000.0) < at(other), "{other}: {} {}", at(1_000.0), at(other));
        }
        // Wider than a single look's 1.96, and not by much.
        assert!((3.0..3.1).contains(&at(1_000.0)), "{}", at(1_000.0));
    }
}
