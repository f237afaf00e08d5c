//! What an experiment shows at a look.

use super::run::Sums;
use crate::stats::distribution::normal_two_sided;

/// The results of both arms up to a look.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Reading {
    /// The relative difference of the primary metric, and its standard error with users as the unit.
    pub lift: f64,
    pub error: f64,
    /// The same of the arms' totals: per user assigned, if as many were assigned to each arm, whoever was lost since.
    pub total: f64,
    pub total_error: f64,
    /// Differences in standard errors: with users as the unit, and as if every unit of the denominator were independent.
    pub z: f64,
    pub naive_z: f64,
    /// Of the share of users who return: the relative difference, its standard error, the z.
    pub returning: f64,
    pub returning_error: f64,
    pub returning_z: f64,
    /// The p value of the sample ratio.
    pub ratio_p: f64,
    /// The largest z of the other metrics.
    pub others: f64,
}

impl Reading {
    /// Compares the sums of two arms. `ratio` says whether the primary metric is a ratio of sums.
    pub fn new(control: &Sums, treatment: &Sums, ratio: bool) -> Reading {
        let share = |it: &Sums| it.numerator / it.denominator;
        let variance = |it: &Sums| {
            let r = share(it);
            let residual =
                it.numerator_squares - 2.0 * r * it.products + r * r * it.denominator_squares;
            residual.max(0.0) / it.denominator.powi(2)
        };
        let naive = |it: &Sums| share(it) * (1.0 - share(it)) / it.denominator;
        let (a, b) = (share(control), share(treatment));
        let (va, vb) = (variance(control), variance(treatment));
        let error = (vb / (a * a) + b * b * va / a.powi(4)).sqrt();
        let z = (b - a) / (va + vb).sqrt();
        let naive_z = if ratio { (b - a) / (naive(control) + naive(treatment)).sqrt() } else { z };
        let back = |it: &Sums| it.returned / it.users;
        let spread = |it: &Sums| back(it) * (1.0 - back(it)) / it.users;
        let (c, d) = (back(control), back(treatment));
        let returning_error =
            (spread(treatment) / (c * c) + d * d * spread(control) / c.powi(4)).sqrt();
        let users = control.users + treatment.users;
        Reading {
            lift: b / a - 1.0,
            error,
            total: treatment.numerator / control.numerator - 1.0,
            total_error: (error.powi(2) + 1.0 / control.users + 1.0 / treatment.users).sqrt(),
            z,
            naive_z,
            returning: d / c - 1.0,
            returning_error,
            returning_z: (d - c) / (spread(control) + spread(treatment)).sqrt(),
            ratio_p: normal_two_sided((treatment.users - control.users) / users.sqrt()),
            others: f64::NEG_INFINITY,
        }
    }

    /// Returns the naive standard error as a share of the one with users as the unit.
    pub fn naive_ratio(&self) -> f64 {
        if self.naive_z == 0.0 { 1.0 } else { self.z / self.naive_z }
    }
}
