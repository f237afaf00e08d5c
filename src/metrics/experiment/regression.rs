//! Means adjusted by a regression in each arm.

use nalgebra::{DMatrix, DVector};
use polars::prelude::*;

use super::arms::{Arms, difference_columns};
use super::cuped::check;
use crate::error::Result;
use crate::metrics::Source;
use crate::stats::distribution::{t_quantile, t_two_sided};
use crate::stats::pseudo_inverse::pseudo;
use crate::stats::sample::{Summary, sum};
use crate::stats::two_sample::Difference;

/// Compares means adjusted by a regression on covariates with slopes of its own in each arm (Lin's): never less precise than
/// the plain difference with many users, even if the effect depends on the covariates.
///
/// [`cuped_with`](super::cuped_with()) has the same slopes in all arms. Both are about the same unless the arms are of different
/// sizes and the slopes differ.
///
/// Reads `users`: `arm` (text), `value`, and each of `before` (numbers; measured before the experiment). Returns one row per
/// other arm, by arm: `arm`, `control`, `control_users` (i64), `control_mean` (f64: adjusted to the covariates' means of
/// all users), `users` (i64), `mean`, `difference`, `se` (f64: robust, HC2, with the part of chance in the users'
/// covariates), `low`, `high` (f64: 95%), `t`, `df` (f64: users less coefficients), `p_value` (f64). All but the counts
/// are null if an arm has no more users than coefficients; interval and test are if nothing is left that varies.
///
/// # Errors
/// As [`cuped_with`](super::cuped_with()).
///
/// # Source
/// W. Lin (2013), "Agnostic notes on regression adjustments to experimental data: reexamining Freedman's critique",
/// Annals of Applied Statistics 7; users as a sample: A. Negi and J. M. Wooldridge (2021), Econometric Reviews 40.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let plain = experiment::means(&users, "arm", "spent", "control")?;
/// let found =
///     experiment::regression_adjusted(&users, "arm", "spent", &["spent_before"], "control")?;
/// assert!(number(&found, "low", 0)? > number(&plain, "low", 0)?);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn regression_adjusted(
    users: &dyn Source,
    arm: &str,
    value: &str,
    before: &[&str],
    control: &str,
) -> Result<DataFrame> {
    check(before)?;
    let names: Vec<&str> = [value].iter().chain(before).copied().collect();
    let mut arms = Arms::new(users, arm, &names, &[])?;
    let (control, others) = arms.control(arm, control)?;
    // In standard deviations from the means of all users: the unit of a covariate does not matter.
    for column in &mut arms.columns[1..] {
        let all = Summary::of(column);
        let sd = if all.variance > 0.0 { all.variance.sqrt() } else { 1.0 };
        column.iter_mut().for_each(|value| *value = (*value - all.mean) / sd);
    }
    let spread =
        Moments::of(&arms, &(0..arms.columns[0].len()).collect::<Vec<usize>>()).covariance();
    let base = Fit::of(&arms, control);
    let fits: Vec<Fit> = others.iter().map(|arm| Fit::of(&arms, *arm)).collect();
    let all = arms.columns[0].len() as f64;
    let compared: Vec<_> = fits.iter().map(|fit| base.compare(fit, &spread, all)).collect();
    let real = |name: &str, values: Vec<f64>| {
        let known = values.into_iter().map(|value| Some(value).filter(|value| value.is_finite()));
        Column::new(name.into(), known.collect::<Vec<_>>())
    };
    let mut columns = arms.names_of(control, &others);
    let counts: Vec<i64> = others.iter().map(|arm| arms.users(*arm) as i64).collect();
    columns.extend([
        Column::new("control_users".into(), vec![arms.users(control) as i64; fits.len()]),
        real("control_mean", vec![base.mean(); fits.len()]),
        Column::new("users".into(), counts),
        real("mean", fits.iter().map(Fit::mean).collect()),
    ]);
    let (ses, compared): (Vec<f64>, Vec<Option<Difference>>) = compared.into_iter().unzip();
    let mut found = difference_columns(&compared, "t");
    found.insert(1, real("se", ses));
    columns.extend(found);
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Sums of products of a design with a column of ones, and with the value.
struct Moments {
    n: f64,
    design: DMatrix<f64>,
    with_value: DVector<f64>,
}

/// A user's row of the design.
fn design(arms: &Arms, row: usize) -> DVector<f64> {
    let count = arms.columns.len();
    DVector::from_fn(count, |place, _| if place == 0 { 1.0 } else { arms.columns[place][row] })
}

impl Moments {
    fn of(arms: &Arms, rows: &[usize]) -> Moments {
        let count = arms.columns.len();
        let one =
            |place: usize, row: usize| if place == 0 { 1.0 } else { arms.columns[place][row] };
        let product = |a: usize, b: usize| {
            sum(&rows.iter().map(|row| one(a, *row) * one(b, *row)).collect::<Vec<f64>>())
        };
        let value = |a: usize| {
            sum(&rows.iter().map(|row| one(a, *row) * arms.columns[0][*row]).collect::<Vec<f64>>())
        };
        Moments {
            n: rows.len() as f64,
            design: DMatrix::from_fn(count, count, product),
            with_value: DVector::from_fn(count, |place, _| value(place)),
        }
    }

    /// The covariates' covariance, their means being 0.
    fn covariance(&self) -> DMatrix<f64> {
        let rest = self.design.nrows() - 1;
        self.design.view((1, 1), (rest, rest)) / (self.n - 1.0)
    }
}

/// A regression in an arm: the intercept is the mean at the covariates' means.
struct Fit {
    n: f64,
    coefficients: DVector<f64>,
    rank: usize,
    /// Of the intercept: HC2.
    variance: f64,
}

impl Fit {
    fn of(arms: &Arms, arm: usize) -> Fit {
        let rows = &arms.rows[arm];
        let moments = Moments::of(arms, rows);
        let n = moments.n;
        let nothing = || Fit {
            n,
            coefficients: DVector::from_element(arms.columns.len(), f64::NAN),
            rank: 0,
            variance: f64::NAN,
        };
        if moments.design.iter().chain(moments.with_value.iter()).any(|sum| !sum.is_finite()) {
            return nothing();
        }
        let (inverse, seen, rank) = pseudo(moments.design);
        // Where a covariate is the same for the whole arm, and not the mean of all, the mean there is not known.
        if rows.len() <= rank || (seen[(0, 0)] - 1.0).abs() > 1e-6 {
            return nothing();
        }
        let coefficients = &inverse * moments.with_value;
        let along = inverse.column(0).into_owned();
        let squares: Vec<f64> = rows
            .iter()
            .map(|row| {
                let x = design(arms, *row);
                let residual = arms.columns[0][*row] - x.dot(&coefficients);
                let leverage = x.dot(&(&inverse * &x));
                let weight = along.dot(&x);
                // A user who has a coefficient alone leaves no residual.
                if leverage > 1.0 - 1e-9 {
                    0.0
                } else {
                    (weight * residual).powi(2) / (1.0 - leverage)
                }
            })
            .collect();
        Fit { n, coefficients, rank, variance: sum(&squares) }
    }

    fn mean(&self) -> f64 {
        self.coefficients[0]
    }

    /// Returns the standard error and the difference.
    fn compare(&self, other: &Fit, spread: &DMatrix<f64>, users: f64) -> (f64, Option<Difference>) {
        let estimate = other.mean() - self.mean();
        let slopes = &other.coefficients - &self.coefficients;
        let slopes = slopes.rows(1, slopes.len() - 1).into_owned();
        let of_users = slopes.dot(&(spread * &slopes)) / users;
        let se = (self.variance + other.variance + of_users).sqrt();
        let df = self.n + other.n - (self.rank + other.rank) as f64;
        if estimate.is_nan() {
            return (f64::NAN, None);
        }
        // What rounding leaves of no residuals is no variation.
        let scale = self.mean().abs().max(other.mean().abs());
        let se = if se > 1e-12 * scale { se } else { f64::NAN };
        let half = t_quantile(0.975, df) * se;
        let t = estimate / se;
        let found = Difference {
            estimate,
            low: estimate - half,
            high: estimate + half,
            statistic: t,
            df: if se.is_nan() { se } else { df },
            p_value: t_two_sided(t, df),
        };
        (se, Some(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn real(frame: &DataFrame, column: &str) -> Option<f64> {
        frame.column(column).unwrap().f64().unwrap().get(0)
    }

    /// Lines without noise: 1 + 2 x and 4 + 3 x, whose means at the mean of x are known.
    #[test]
    fn slopes_may_differ() {
        let x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        let value: Vec<f64> =
            x.iter().enumerate().map(|(k, x)| [1.0 + 2.0 * x, 4.0 + 3.0 * x][k % 2]).collect();
        let arm: Vec<&str> = (0..8).map(|k| ["a", "b"][k % 2]).collect();
        let users = df!("arm" => arm, "value" => value, "x" => x).unwrap();
        let found = regression_adjusted(&users, "arm", "value", &["x"], "a").unwrap();
        assert!((real(&found, "control_mean").unwrap() - 8.0).abs() < 1e-9);
        assert!((real(&found, "mean").unwrap() - 14.5).abs() < 1e-9);
        // Slopes that differ by 1 share the users' part of chance: the variance of x, 6, of 8 users.
        assert!((real(&found, "se").unwrap() - 0.75_f64.sqrt()).abs() < 1e-9, "{found}");
    }

    #[test]
    fn too_few_users_have_no_regression() {
        let users = df!("arm" => ["a", "a", "b", "b", "b"], "value" => [1.0, 2.0, 3.0, 5.0, 4.0],
            "x" => [1.0, 2.0, 1.0, 2.0, 3.0])
        .unwrap();
        let found = regression_adjusted(&users, "arm", "value", &["x"], "a").unwrap();
        assert_eq!((real(&found, "control_mean"), real(&found, "difference")), (None, None));
        assert!(real(&found, "mean").is_some());
    }
}
