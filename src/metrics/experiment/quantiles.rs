//! Quantiles in each arm, and means whose extreme values are capped.

use polars::prelude::*;

use super::arms::{Arms, difference_columns};
use super::means::welch_columns;
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::clustered_quantile::{Clustered, Quantile};
use crate::stats::distribution::normal_two_sided;
use crate::stats::interval::Z95;
use crate::stats::sample::quantile;
use crate::stats::two_sample::Difference;

/// Compares quantiles in each arm with control's, where a user may have several rows: load times,
/// order values.
///
/// Arms are assigned by user, and a user's rows go together: the error of a quantile comes from how
/// users differ.
///
/// Reads `rows`: `arm` (text), `value` (a number), `user`. Returns one row per other arm and
/// quantile, by arm and in the order given: `arm`, `control`, `quantile` (f64), `control_users`
/// (i64), `control_value` (f64), `users` (i64), `value`, `difference`, `low`, `high` (f64: 95%),
/// `z`, `p_value` (f64). Interval and test are null with too few rows beyond the quantile, with
/// fewer than two users in an arm, or if nothing varies there.
///
/// # Errors
/// As [`means`](super::means()); quantiles that are not between 0 and 1, or none; a user in two
/// arms.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let found =
///     experiment::quantile_effects(&users, "arm", "spent", "user_id", &[0.5, 0.9], "control")?;
/// assert!(found.value("control_value", "quantile", 0.9)? > found.value("control_value", "quantile", 0.5)?);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// A. Deng, U. Knoblich and J. Lu (2018), "Applying the delta method in metric analytics: a
/// practical guide with novel ideas", KDD: the outer interval, for clustered data.
pub fn quantile_effects(
    rows: &dyn Source,
    arm: &str,
    value: &str,
    user: &str,
    quantiles: &[f64],
    control: &str,
) -> Result<DataFrame> {
    let inside = |q: &f64| *q > 0.0 && *q < 1.0;
    if quantiles.is_empty() || !quantiles.iter().all(inside) {
        return Err(Error::config(
            "quantiles",
            format!("{quantiles:?}"),
            "one or more, each between 0 and 1",
        ));
    }
    let arms = Arms::new(rows, arm, &[value], &[user])?;
    let (control, others) = arms.control(arm, control)?;
    let groups = groups(&arms, arm, user)?;
    let (mut names, mut shares, mut counts) = (vec![], vec![], vec![]);
    let mut pairs: Vec<[Option<Quantile>; 2]> = vec![];
    for other in others {
        for q in quantiles {
            names.push(arms.names[other].as_str());
            shares.push(*q);
            counts.push(groups[other].count() as i64);
            pairs.push([control, other].map(|arm| groups[arm].quantile(*q)));
        }
    }
    let differences: Vec<Option<Difference>> = pairs.iter().map(difference).collect();
    let values = |arm: usize| -> Vec<Option<f64>> {
        pairs
            .iter()
            .map(|pair| pair[arm].map(|found| found.value).filter(|x| x.is_finite()))
            .collect()
    };
    let same = names.len();
    let mut columns = vec![
        Column::new("arm".into(), names),
        Column::new("control".into(), vec![arms.names[control].as_str(); same]),
        Column::new("quantile".into(), shares),
        Column::new("control_users".into(), vec![groups[control].count() as i64; same]),
        Column::new("control_value".into(), values(0)),
        Column::new("users".into(), counts),
        Column::new("value".into(), values(1)),
    ];
    columns.extend(difference_columns(&differences, "z"));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Compares the mean in each arm with control's after capping extreme values: winsorised means.
///
/// Values below the quantile `from` of all arms together become that quantile, and those above `to`
/// that one. The mean of capped values is another quantity than the mean: an effect on the largest
/// values is lost, and the interval is narrower for the rest.
///
/// Reads `users`: `arm` (text) and `value` (a number). Returns as [`means`](super::means()), of the
/// capped values, and `least`, `most` (f64: the caps), `capped` (i64: how many users of all arms
/// had a value beyond them).
///
/// # Errors
/// As [`means`](super::means()); quantiles outside 0 to 1, or `from` not below `to`.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let found = experiment::winsorised_means(&users, "arm", "spent", (0.0, 0.99), "control")?;
/// let plain = experiment::means(&users, "arm", "spent", "control")?;
/// assert!(found.value("sd", "arm", "offer")? < plain.value("sd", "arm", "offer")?);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// J. W. Tukey (1962), "The future of data analysis", Annals of Mathematical Statistics 33; for
/// experiments: R. Kohavi, D. Tang and Y. Xu (2020), Trustworthy Online Controlled Experiments,
/// chapter 22.
pub fn winsorised_means(
    users: &dyn Source,
    arm: &str,
    value: &str,
    (from, to): (f64, f64),
    control: &str,
) -> Result<DataFrame> {
    if !(0.0 <= from && from < to && to <= 1.0) {
        let accepted = "two from 0 to 1, the first below the second";
        return Err(Error::config("quantiles", format!("({from}, {to})"), accepted));
    }
    let mut arms = Arms::new(users, arm, &[value], &[])?;
    let mut sorted = arms.columns[0].clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let caps = quantile(&sorted, from).zip(quantile(&sorted, to));
    let mut capped = 0_i64;
    if let Some((least, most)) = caps {
        for value in &mut arms.columns[0] {
            capped += i64::from(*value < least || *value > most);
            *value = value.max(least).min(most);
        }
    }
    let mut columns = welch_columns(&arms, arm, control)?;
    let rows = columns[0].len();
    let cap = |value: Option<f64>| vec![value.filter(|value| value.is_finite()); rows];
    columns.push(Column::new("least".into(), cap(caps.map(|caps| caps.0))));
    columns.push(Column::new("most".into(), cap(caps.map(|caps| caps.1))));
    columns.push(Column::new("capped".into(), vec![capped; rows]));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Each arm's rows, with their users.
fn groups(arms: &Arms, arm: &str, user: &str) -> Result<Vec<Clustered>> {
    let users = arms.units(arm, user)?;
    let pair = |row: &usize| (arms.columns[0][*row], users.codes[*row]);
    let group = |rows: &Vec<usize>| Clustered::new(rows.iter().map(pair).collect());
    Ok(arms.rows.iter().map(group).collect())
}

fn difference([a, b]: &[Option<Quantile>; 2]) -> Option<Difference> {
    let ((a, b), nan) = ((a.as_ref()?, b.as_ref()?), f64::NAN);
    let estimate = b.value - a.value;
    // Where nothing varies, an interval of no width would claim certainty.
    let se = a.error.zip(b.error).map_or(nan, |(a, b)| a.hypot(b));
    let se = if se > 0.0 { se } else { nan };
    let z = estimate / se;
    Some(Difference {
        estimate,
        low: estimate - Z95 * se,
        high: estimate + Z95 * se,
        statistic: z,
        df: f64::INFINITY,
        p_value: normal_two_sided(z),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> DataFrame {
        let user = |row: usize| row / 3;
        let treated = |row: usize| user(row) % 2 == 1;
        df!(
            "arm" => (0..600).map(|row| if treated(row) { "new" } else { "old" }).collect::<Vec<_>>(),
            "user" => (0..600).map(|row| user(row) as i64).collect::<Vec<_>>(),
            "ms" => (0..600)
                .map(|row| ((row * 37) % 211) as f64 + if treated(row) { 50.0 } else { 0.0 })
                .collect::<Vec<_>>(),
        )
        .unwrap()
    }

    #[test]
    fn a_shift_moves_every_quantile() {
        let found = quantile_effects(&rows(), "arm", "ms", "user", &[0.9, 0.5], "old").unwrap();
        for row in 0..2 {
            let real =
                |column: &str| found.column(column).unwrap().f64().unwrap().get(row).unwrap();
            assert!((real("difference") - 50.0).abs() < 10.0, "{found}");
            assert!(
                real("low") < 50.0 && 50.0 < real("high") && real("p_value") < 0.001,
                "{found}"
            );
        }
        assert_eq!(found.column("users").unwrap().i64().unwrap().get(0), Some(100));
        assert_eq!(found.column("quantile").unwrap().f64().unwrap().get(0), Some(0.9));
    }

    #[test]
    fn a_quantile_beyond_the_rows_has_no_interval() {
        let found = quantile_effects(&rows(), "arm", "ms", "user", &[0.999], "old").unwrap();
        assert_eq!(found.column("difference").unwrap().null_count(), 0);
        for column in ["low", "high", "z", "p_value"] {
            assert_eq!(found.column(column).unwrap().null_count(), 1, "{column}");
        }
        let same = rows().lazy().with_column(lit(1.5).alias("ms"));
        let found = quantile_effects(&same, "arm", "ms", "user", &[0.5], "old").unwrap();
        assert_eq!(found.column("p_value").unwrap().null_count(), 1, "{found}");
    }

    #[test]
    fn caps_are_those_of_all_arms_together() {
        let users = df!(
            "arm" => ["a", "a", "a", "b", "b"], "x" => [0.0, 1.0, 2.0, 3.0, 1_000.0],
        )
        .unwrap();
        let found = winsorised_means(&users, "arm", "x", (0.0, 0.75), "a").unwrap();
        let real = |column: &str| found.column(column).unwrap().f64().unwrap().get(0);
        assert_eq!((real("most"), real("least"), real("mean")), (Some(3.0), Some(0.0), Some(3.0)));
        assert_eq!(found.column("capped").unwrap().i64().unwrap().get(0), Some(1));
    }

    #[test]
    fn quantiles_out_of_range_are_named() {
        for quantiles in [&[][..], &[0.5, 1.0], &[f64::NAN]] {
            let found = quantile_effects(&rows(), "arm", "ms", "user", quantiles, "old");
            assert!(found.unwrap_err().to_string().contains("`quantiles`"));
        }
        for quantiles in [(0.5, 0.5), (-0.1, 1.0), (0.0, f64::NAN)] {
            let found = winsorised_means(&rows(), "arm", "ms", quantiles, "old");
            assert!(found.unwrap_err().to_string().contains("`quantiles`"));
        }
        let two = df!("arm" => ["a", "b"], "user" => [1, 1], "ms" => [1.0, 2.0]).unwrap();
        let said =
            quantile_effects(&two, "arm", "ms", "user", &[0.5], "a").unwrap_err().to_string();
        assert!(said.contains("puts one user in both"), "{said}");
    }
}
