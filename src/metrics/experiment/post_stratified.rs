//! Means compared within strata, and put together again.

use polars::prelude::*;

use super::arms::difference_columns;
use super::segments::Segments;
use crate::error::Result;
use crate::metrics::{Source, free};
use crate::stats::sample::sum;
use crate::stats::satterthwaite::compare;
use crate::stats::two_sample::Difference;

/// Compares the mean in each arm with control's within strata of users, and averages the
/// differences by the strata's sizes: post-stratification.
///
/// Chance gives one arm more heavy users than the other; within a stratum it cannot. The interval
/// is narrower by as much as the strata explain. Strata must have been known before the experiment.
///
/// Reads `users`: `arm` (text), `value` (a number), and the column named `stratum`; users without
/// one are a stratum of their own. Returns one row per other arm: `arm`, `control`, `strata`,
/// `control_users` (i64), `control_mean` (f64), `users` (i64), `mean` (f64: both means as if the
/// arm had the shares of strata that all users of the two arms have), `difference`, `low`, `high`
/// (f64: 95%), `t`, `df`, `p_value`, and `variance_kept` (f64: the difference's variance as a share
/// of what it is without strata). Means and difference are null if a stratum lacks users of an arm,
/// and interval and test if it has fewer than two: merge such strata.
///
/// # Errors
/// As [`means`](super::means()); a stratum with the name of another column of the result.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let users = users.lazy().with_column(col("spent_before").gt(lit(40)).alias("heavy"));
/// let found = experiment::post_stratified(&users, "arm", "spent", "heavy", "control")?;
/// assert!(found.value("variance_kept", "arm", "offer")? < 0.8);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// L. W. Miratrix, J. S. Sekhon and B. Yu (2013), "Adjusting treatment effect estimates by
/// post-stratification in randomized experiments", Journal of the Royal Statistical Society B 75;
/// degrees of freedom: F. E. Satterthwaite (1946).
pub fn post_stratified(
    users: &dyn Source,
    arm: &str,
    value: &str,
    stratum: &str,
    control: &str,
) -> Result<DataFrame> {
    const COLUMNS: [&str; 5] = ["arm", "control", "strata", "users", "control_users"];
    free("users", stratum, &COLUMNS)?;
    let parts = Segments::new(users, arm, value, stratum)?;
    let (control, others) = parts.arms.control(arm, control)?;
    let rows: Vec<Adjusted> =
        others.iter().map(|other| Adjusted::new(&parts, [control, *other])).collect();
    let users: Vec<i64> = others.iter().map(|other| parts.arms.users(*other) as i64).collect();
    let real = |name: &str, pick: &dyn Fn(&Adjusted) -> Option<f64>| {
        let values = rows.iter().map(|row| pick(row).filter(|value| value.is_finite()));
        Column::new(name.into(), values.collect::<Vec<Option<f64>>>())
    };
    let mut columns = parts.arms.names_of(control, &others);
    columns.extend([
        Column::new("strata".into(), rows.iter().map(|row| row.strata).collect::<Vec<_>>()),
        Column::new("control_users".into(), vec![parts.arms.users(control) as i64; rows.len()]),
        real("control_mean", &|row| row.means.map(|means| means[0])),
        Column::new("users".into(), users),
        real("mean", &|row| row.means.map(|means| means[1])),
    ]);
    let differences: Vec<Option<Difference>> = rows.iter().map(|row| row.difference).collect();
    columns.extend(difference_columns(&differences, "t"));
    columns.push(real("variance_kept", &|row| row.kept));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Two arms compared within strata.
struct Adjusted {
    strata: i64,
    means: Option<[f64; 2]>,
    difference: Option<Difference>,
    kept: Option<f64>,
}

impl Adjusted {
    fn new(parts: &Segments, pair: [usize; 2]) -> Adjusted {
        let strata: Vec<_> = (0..parts.names.len())
            .map(|code| pair.map(|arm| parts.summary(arm, code)))
            .filter(|both| both.iter().any(|one| one.n > 0.0))
            .collect();
        let all: f64 = strata.iter().flatten().map(|one| one.n).sum();
        let share = |code: usize| strata[code].iter().map(|one| one.n).sum::<f64>() / all;
        let fewest = strata.iter().flatten().map(|one| one.n).fold(f64::INFINITY, f64::min);
        let weighed = |arm: usize| {
            let terms = strata.iter().enumerate().map(|(code, both)| share(code) * both[arm].mean);
            sum(&terms.collect::<Vec<f64>>())
        };
        let means = (fewest >= 1.0).then(|| [weighed(0), weighed(1)]);
        let variances: Vec<(f64, f64)> = strata
            .iter()
            .enumerate()
            .flat_map(|(code, both)| {
                let weight = share(code).powi(2);
                both.map(|one| (weight * one.variance / one.n, one.n - 1.0))
            })
            .collect();
        let difference = means.map(|[before, after]| match fewest >= 2.0 {
            true => compare(after - before, &variances),
            false => compare(after - before, &[(f64::NAN, f64::NAN)]),
        });
        let [a, b] = pair.map(|arm| parts.arms.summary(arm, 0));
        let plain = a.variance / a.n + b.variance / b.n;
        let variance = sum(&variances.iter().map(|one| one.0).collect::<Vec<f64>>());
        let kept = (fewest >= 2.0 && plain > 0.0).then(|| variance / plain);
        Adjusted { strata: strata.len() as i64, means, difference, kept }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::sample::Summary;
    use crate::stats::two_sample::welch;

    fn real(frame: &DataFrame, column: &str) -> Option<f64> {
        frame.column(column).unwrap().f64().unwrap().get(0)
    }

    /// All of the difference is that one arm has more heavy users.
    #[test]
    fn a_chance_mix_is_taken_out() {
        let heavy = |user: i32| if user < 50 { user % 5 == 0 } else { user % 5 != 0 };
        let users = df!(
            "arm" => (0..100).map(|user| if user < 50 { "old" } else { "new" }).collect::<Vec<_>>(),
            "heavy" => (0..100).map(heavy).collect::<Vec<_>>(),
            "spent" => (0..100)
                .map(|user| f64::from(user * 7 % 3) + if heavy(user) { 20.0 } else { 1.0 })
                .collect::<Vec<_>>(),
        )
        .unwrap();
        let found = post_stratified(&users, "arm", "spent", "heavy", "old").unwrap();
        assert!(real(&found, "difference").unwrap().abs() < 0.5, "{found}");
        assert!(real(&found, "p_value").unwrap() > 0.05, "{found}");
        assert!(real(&found, "variance_kept").unwrap() < 0.1, "{found}");
    }

    #[test]
    fn one_stratum_is_welchs_test() {
        let users = df!(
            "arm" => ["a", "a", "a", "b", "b", "b", "b"], "all" => vec![1; 7],
            "x" => [1.0, 2.0, 4.0, 2.0, 5.0, 9.0, 9.0],
        )
        .unwrap();
        let found = post_stratified(&users, "arm", "x", "all", "a").unwrap();
        let plain = welch(Summary::of(&[1.0, 2.0, 4.0]), Summary::of(&[2.0, 5.0, 9.0, 9.0]));
        for (column, expected) in [
            ("low", plain.low),
            ("df", plain.df),
            ("p_value", plain.p_value),
            ("variance_kept", 1.0),
        ] {
            assert!((real(&found, column).unwrap() - expected).abs() < 1e-12, "{column}: {found}");
        }
    }

    #[test]
    fn a_stratum_that_an_arm_lacks_leaves_nothing_to_compare() {
        let users = df!(
            "arm" => ["a", "a", "a", "a", "b", "b", "b"], "plan" => ["x", "x", "y", "y", "x", "x", "y"],
            "x" => [1.0, 2.0, 4.0, 5.0, 2.0, 5.0, 9.0],
        )
        .unwrap();
        let found = post_stratified(&users, "arm", "x", "plan", "a").unwrap();
        assert!(real(&found, "difference").is_some() && real(&found, "low").is_none(), "{found}");
        let without = users.lazy().filter(col("x").neq(lit(9.0)));
        let found = post_stratified(&without, "arm", "x", "plan", "a").unwrap();
        for column in ["control_mean", "mean", "difference", "low", "p_value", "variance_kept"] {
            assert_eq!(real(&found, column), None, "{column}");
        }
    }
}
