//! Means adjusted by what was measured before the experiment.

use polars::prelude::*;

use super::arms::Arms;
use super::means::welch_columns;
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::sample::{Summary, sum};

/// Compares means less what the time before explains ("CUPED"): a narrower interval around the same
/// difference.
///
/// Reads `users`: `arm` (text), `value` and `before` (numbers; `before` must have been measured before the
/// experiment, or the difference is biased). Returns as [`means`](super::means()), of the adjusted values, and
/// `theta` (f64: adjusted = value − theta × (before − its mean), one theta for all arms) and `variance_kept`
/// (f64: the adjusted values' variance of the values', 1 − correlation²; null if one of the two does not
/// vary).
///
/// # Errors
/// As [`means`](super::means()).
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let found = experiment::cuped(&users, "arm", "spent", "spent_before", "control")?;
/// assert!(found.column("variance_kept")?.f64()?.get(0) < Some(0.3));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn cuped(
    users: &dyn Source,
    arm: &str,
    value: &str,
    before: &str,
    control: &str,
) -> Result<DataFrame> {
    adjusted(users, arm, value, &[before], control, |_| "theta".into())
}

/// Compares means less what several covariates explain: [`cuped`] with more than one column.
///
/// Reads `users`: as [`cuped`], but each of `before` is a column. Returns as [`cuped`], with a column `theta_` and the
/// covariate's name for each, in their order: adjusted = value − Σ theta × (covariate − its mean), by least squares, one theta for
/// all arms. A covariate that the ones before it determine has the theta 0. `variance_kept` is 1 − R².
///
/// # Errors
/// As [`means`](super::means()); no covariate, or one that is named twice.
///
/// # Source
/// A. Deng, Y. Xu, R. Kohavi and T. Walker (2013), appendix B.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?
///     .lazy()
///     .with_column(col("spent_before").gt(lit(20)).alias("was_large"));
/// let before = ["spent_before", "was_large"];
/// let found = experiment::cuped_with(&users, "arm", "spent", &before, "control")?;
/// let one = experiment::cuped(&users, "arm", "spent", "spent_before", "control")?;
/// assert!(number(&found, "variance_kept", 0)? <= number(&one, "variance_kept", 0)?);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn cuped_with(
    users: &dyn Source,
    arm: &str,
    value: &str,
    before: &[&str],
    control: &str,
) -> Result<DataFrame> {
    check(before)?;
    adjusted(users, arm, value, before, control, |name| format!("theta_{name}"))
}

/// Checks that there are covariates, each of them once.
pub(super) fn check(before: &[&str]) -> Result<()> {
    if before.is_empty() {
        return Err(Error::config("before", "empty", "one column or more"));
    }
    match before.iter().enumerate().find(|(at, name)| before[..*at].contains(name)) {
        Some((_, twice)) => {
            let found = format!("[\"{}\"]", before.join("\", \""));
            Err(Error::config(
                "before",
                found,
                format!("each column once; `{twice}` is there twice"),
            ))
        }
        None => Ok(()),
    }
}

fn adjusted(
    users: &dyn Source,
    arm: &str,
    value: &str,
    before: &[&str],
    control: &str,
    theta_name: impl Fn(&str) -> String,
) -> Result<DataFrame> {
    let names: Vec<&str> = [value].iter().chain(before).copied().collect();
    let mut arms = Arms::new(users, arm, &names, &[])?;
    let all: Vec<Summary> = arms.columns.iter().map(|column| Summary::of(column)).collect();
    let covariance = |a: usize, b: usize| {
        let pairs = arms.columns[a].iter().zip(&arms.columns[b]);
        let products: Vec<f64> =
            pairs.map(|(v, w)| (v - all[a].mean) * (w - all[b].mean)).collect();
        sum(&products) / (all[a].n - 1.0)
    };
    let count = before.len();
    let with_value: Vec<f64> = (1..=count).map(|place| covariance(0, place)).collect();
    let among = (1..=count).map(|a| {
        let row = |b| if a == b { all[a].variance } else { covariance(a, b) };
        (1..=count).map(row).collect::<Vec<f64>>()
    });
    let thetas = least_squares(among.collect(), with_value.clone());
    // Where they explain the value completely, rounding may leave a little below 0.
    let explained =
        thetas.iter().zip(&with_value).map(|(theta, with)| theta * (with / all[0].variance));
    let varies = all[1..].iter().any(|one| one.variance != 0.0);
    let kept = if varies { (1.0 - explained.sum::<f64>()).clamp(0.0, 1.0) } else { f64::NAN };
    let rows = 0..arms.columns[0].len();
    let adjusted = rows.map(|row| {
        let parts = thetas
            .iter()
            .enumerate()
            .map(|(place, theta)| theta * (arms.columns[place + 1][row] - all[place + 1].mean));
        arms.columns[0][row] - parts.sum::<f64>()
    });
    arms.columns[0] = adjusted.collect();
    let mut columns = welch_columns(&arms, arm, control)?;
    let rows = columns[0].len();
    let known = |value: f64| vec![Some(value).filter(|value| value.is_finite()); rows];
    for (name, theta) in before.iter().zip(&thetas) {
        columns.push(Column::new(theta_name(name).into(), known(*theta)));
    }
    columns.push(Column::new("variance_kept".into(), known(kept)));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// What is left of a covariate's variance, as a share, below which the others determine it.
const DETERMINED: f64 = 1e-10;

/// Solves the normal equations by elimination, in the order of the covariates. One that those before it determine gets 0.
fn least_squares(mut among: Vec<Vec<f64>>, mut with_value: Vec<f64>) -> Vec<f64> {
    let count = with_value.len();
    let variances: Vec<f64> = (0..count).map(|place| among[place][place]).collect();
    let determined = |place: usize, left: f64| {
        variances[place] == 0.0
            || (place > 0 && variances[place].is_finite() && left <= DETERMINED * variances[place])
    };
    let mut kept = vec![];
    for pivot in 0..count {
        if determined(pivot, among[pivot][pivot]) {
            continue;
        }
        kept.push(pivot);
        let row = among[pivot].clone();
        for other in pivot + 1..count {
            let share = among[other][pivot] / row[pivot];
            for (cell, above) in among[other].iter_mut().zip(&row) {
                *cell -= share * above;
            }
            with_value[other] -= share * with_value[pivot];
        }
    }
    let mut thetas = vec![0.0; count];
    for pivot in kept.into_iter().rev() {
        let later: f64 = (pivot + 1..count).map(|other| among[pivot][other] * thetas[other]).sum();
        thetas[pivot] = (with_value[pivot] - later) / among[pivot][pivot];
    }
    thetas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_explained_completely_keeps_no_variance() {
        for scale in [1.0, 0.3, 1.7, 123.4, 1e-90] {
            let before: Vec<f64> = (0..50).map(|k| f64::from(k * 37 % 101) / 7.0).collect();
            let value: Vec<f64> = before.iter().map(|x| x * scale).collect();
            let arm: Vec<&str> = (0..50).map(|k| ["a", "b"][k % 2]).collect();
            let users = df!("arm" => arm, "x" => value, "before" => before).unwrap();
            let found = cuped(&users, "arm", "x", "before", "a").unwrap();
            let kept = found.column("variance_kept").unwrap().f64().unwrap().get(0).unwrap();
            assert!((0.0..1e-12).contains(&kept), "{scale}: {kept}");
        }
    }

    fn users() -> DataFrame {
        let number = |k: i32, by: i32| f64::from(k * by % 101) / 7.0;
        let column = |by: i32| (0..60).map(|k| number(k, by)).collect::<Vec<f64>>();
        let value: Vec<f64> =
            (0..60).map(|k| 3.0 * number(k, 37) - 0.5 * number(k, 59) + number(k, 83)).collect();
        let arm: Vec<&str> = (0..60).map(|k| ["a", "b"][k % 2]).collect();
        let twice: Vec<f64> = column(37).iter().map(|x| 2.0 * x + 1.0).collect();
        df!("arm" => arm, "value" => value, "one" => column(37), "two" => column(59),
            "three" => column(83), "twice" => twice, "none" => [4.2; 60])
        .unwrap()
    }

    fn real(frame: &DataFrame, column: &str) -> f64 {
        frame.column(column).unwrap().f64().unwrap().get(0).unwrap()
    }

    #[test]
    fn every_covariate_has_its_own_theta() {
        let found = cuped_with(&users(), "arm", "value", &["one", "two", "three"], "a").unwrap();
        for (name, theta) in [("theta_one", 3.0), ("theta_two", -0.5), ("theta_three", 1.0)] {
            assert!((real(&found, name) - theta).abs() < 1e-9, "{name}");
        }
        assert!(real(&found, "variance_kept") < 1e-12);
    }

    #[test]
    fn one_covariate_is_cuped() {
        let one = cuped(&users(), "arm", "value", "one", "a").unwrap();
        let mut with = cuped_with(&users(), "arm", "value", &["one"], "a").unwrap();
        with.rename("theta_one", "theta".into()).unwrap();
        assert!(one.equals_missing(&with), "{one} {with}");
    }

    #[test]
    fn what_the_others_say_adds_nothing() {
        let found = cuped_with(&users(), "arm", "value", &["none", "one", "twice"], "a").unwrap();
        assert_eq!((real(&found, "theta_none"), real(&found, "theta_twice")), (0.0, 0.0));
        let one = cuped(&users(), "arm", "value", "one", "a").unwrap();
        for column in ["difference", "low", "p_value", "variance_kept"] {
            assert!((real(&found, column) - real(&one, column)).abs() < 1e-9, "{column}");
        }
    }

    #[test]
    fn covariates_are_there_once() {
        let said = |before: &[&str]| {
            cuped_with(&users(), "arm", "value", before, "a").unwrap_err().to_string()
        };
        assert!(said(&[]).contains("`before` is empty"));
        assert!(said(&["one", "two", "one"]).contains("`one` is there twice"));
    }
}
