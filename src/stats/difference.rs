//! An estimated difference with its interval and test.

/// A difference, treatment minus control, with its 95% interval and test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Treatment minus control.
    pub estimate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// The test's z or t; NaN if nothing varies.
    pub statistic: f64,
    /// Degrees of freedom; infinite for a z test.
    pub df: f64,
    /// The two-sided p value.
    pub p_value: f64,
}
