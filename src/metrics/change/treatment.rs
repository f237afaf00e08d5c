//! The effect of something users chose, adjusted for what they chose it by.

use std::cmp::Ordering;

use nalgebra::DMatrix;
use polars::prelude::*;

use crate::error::{Error, Result};
use crate::frame::{coded, fetch, full};
use crate::metrics::{Source, finite};
use crate::stats::adjusted::{Estimated, Study};
use crate::stats::distribution::normal_two_sided;
use crate::stats::interval::Z95;

const NAME: &str = "users";

/// Estimates the average effect of a treatment that was not assigned by chance.
///
/// If the covariates hold all that moves both treatment and outcome, users with the same chance of being treated, the propensity, are
/// comparable. The propensity is a logistic regression on the covariates.
///
/// Reads `users`: `treated` (bool, or 0 and 1), `outcome` (numbers) and the covariates (numbers, or texts, of which each value but the
/// first is a column). Returns one row per `method`: "difference", the crude difference of means; "weighting", where users weigh one over
/// the chance of being in their group; "doubly robust", the augmented version, which adds a linear regression of the outcome in each group
/// and holds if either model is right. Columns: `effect`, `se`, `low`, `high`, `p_value` (f64: normal; errors of the fitted models
/// included), `users`, `treated` (i64), `lowest`, `highest` (f64: the smallest and the largest propensity; null for the difference). Near
/// 0 and 1 a few users decide: there is nobody to compare with.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values,
/// for a treatment that is neither 0 nor 1, and for covariates that can't be told from each other or that tell who is treated;
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for fewer than two users in a group, and without covariates.
///
/// # Source
/// P. R. Rosenbaum and D. B. Rubin (1983), "The central role of the propensity score in observational studies for causal effects",
/// Biometrika 70. J. M. Robins, A. Rotnitzky and L. P. Zhao (1994), "Estimation of regression coefficients when some regressors are not
/// always observed", Journal of the American Statistical Association 89.
///
/// ```
/// use casebook::metrics::change;
/// use casebook::prelude::*;
///
/// // Keen users stay longer, with an import of their data or without, and import more often. The import adds 2 days.
/// let keen: Vec<bool> = (0..400).map(|user| user < 200).collect();
/// let imported: Vec<bool> = (0..400).map(|user| user % 4 == 0 || user < 200 && user % 2 == 1).collect();
/// let days: Vec<i32> = (0..400).map(|user: usize| {
///     10 + if keen[user] { 8 } else { 0 } + if imported[user] { 2 } else { 0 } + (user / 4 % 3) as i32
/// }).collect();
/// let users = df!("keen" => keen, "imported" => imported, "days" => days)?;
/// let found = change::treatment_effect(&users, "imported", "days", &["keen"])?;
/// assert!(found.value("effect", "method", "difference")? > 5.0);
/// assert!((found.value("effect", "method", "doubly robust")? - 2.0).abs() < 0.05);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn treatment_effect(
    users: &dyn Source,
    treated: &str,
    outcome: &str,
    covariates: &[&str],
) -> Result<DataFrame> {
    let study = read(users, treated, outcome, covariates)?;
    let (n, of) = (study.treated.len(), study.treated.iter().filter(|on| **on).count());
    let found = study.adjust().ok_or_else(|| {
        let problem = format!(
            "can be told from {}, or these can't be told from each other: there is nobody to compare with",
            covariates.join(", ")
        );
        Error::column(NAME, treated, problem)
    })?;
    let rows: [Estimated; 3] = [study.crude(), found.weighted, found.doubly_robust];
    let each = |of: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        rows.iter().map(|(effect, se)| of(*effect, *se)).collect()
    };
    let p_values = rows
        .iter()
        .map(|(effect, se)| Some(effect / se).filter(|z| z.is_finite()).map(normal_two_sided));
    let (lowest, highest) = found
        .propensities
        .iter()
        .fold((1.0_f64, 0.0_f64), |(low, high), chance| (low.min(*chance), high.max(*chance)));
    if !each(&|effect, se| effect + se).iter().all(|number| number.is_finite()) {
        return Err(Error::column(NAME, outcome, "holds numbers too large to compute with"));
    }
    Ok(df!(
        "method" => ["difference", "weighting", "doubly robust"],
        "effect" => each(&|effect, _| effect),
        "se" => each(&|_, se| se),
        "low" => each(&|effect, se| effect - Z95 * se),
        "high" => each(&|effect, se| effect + Z95 * se),
        "p_value" => p_values.collect::<Vec<_>>(),
        "users" => [n as i64; 3],
        "treated" => [of as i64; 3],
        "lowest" => [None, Some(lowest), Some(lowest)],
        "highest" => [None, Some(highest), Some(highest)],
    )?)
}

/// Reads the study, its rows in an order of their own: sums don't depend on the frame's.
fn read(users: &dyn Source, treated: &str, outcome: &str, covariates: &[&str]) -> Result<Study> {
    let mut wanted = [&[treated, outcome], covariates].concat();
    wanted.sort_unstable();
    if let Some(twice) = wanted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::column(NAME, twice[0], "is named twice"));
    }
    if covariates.is_empty() {
        return Err(Error::config("covariates", "none", "at least one"));
    }
    let frame = fetch(users, NAME, &wanted)?;
    let on = finite(&frame, NAME, treated)?;
    if let Some(other) = on.iter().find(|on| **on != 0.0 && **on != 1.0) {
        let problem = format!("holds {other}; it must be true and false, or 0 and 1");
        return Err(Error::column(NAME, treated, problem));
    }
    let mut columns = vec![on, finite(&frame, NAME, outcome)?];
    for name in covariates {
        let found = full(&frame, NAME, name)?;
        if found.dtype().is_primitive_numeric() || found.dtype().is_bool() {
            columns.push(standard(finite(&frame, NAME, name)?));
            continue;
        }
        let (codes, values) = coded(found)?;
        for value in 1..values.len() as u32 {
            columns.push(codes.iter().map(|code| f64::from(u8::from(*code == value))).collect());
        }
    }
    let mut rows: Vec<usize> = (0..columns[0].len()).collect();
    rows.sort_by(|a, b| {
        let each = columns.iter().map(|column| column[*a].total_cmp(&column[*b]));
        each.fold(Ordering::Equal, Ordering::then)
    });
    for group in [0.0, 1.0] {
        let many = columns[0].iter().filter(|on| **on == group).count();
        if many < 2 {
            let value = format!("{many} users with {treated} {group}");
            return Err(Error::config("users", value, "at least two of each"));
        }
    }
    Ok(Study {
        treated: rows.iter().map(|row| columns[0][*row] == 1.0).collect(),
        outcome: rows.iter().map(|row| columns[1][*row]).collect(),
        design: DMatrix::from_fn(rows.len(), columns.len() - 1, |row, at| {
            if at == 0 { 1.0 } else { columns[at + 1][rows[row]] }
        }),
    })
}

/// Numbers in units of their range, around its middle: neither depends on the order of rows.
fn standard(values: Vec<f64>) -> Vec<f64> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (middle, half) = (low / 2.0 + high / 2.0, high / 2.0 - low / 2.0);
    let unit = if half > 0.0 { half } else { 1.0 };
    values.into_iter().map(|value| (value - middle) / unit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Verbs;

    fn users() -> DataFrame {
        let each = 0..60_i32;
        df!(
            "on" => each.clone().map(|user| (user * 7) % 5 < 2 + user % 2).collect::<Vec<_>>(),
            "days" => each.clone().map(|user| f64::from((user * 13) % 17)).collect::<Vec<_>>(),
            "plan" => each.clone().map(|user| ["free", "pro", "team"][(user % 3) as usize]).collect::<Vec<_>>(),
            "seats" => each.clone().map(|user| (user * 11) % 29).collect::<Vec<_>>(),
            "same" => each.map(|_| 4).collect::<Vec<_>>(),
        )
        .unwrap()
    }

    #[test]
    fn units_and_texts_do_not_matter() {
        let plain = treatment_effect(&users(), "on", "days", &["seats", "plan"]).unwrap();
        let other = users()
            .add_columns([
                (col("seats") * lit(1e6) + lit(1e3)).alias("seats"),
                col("plan").eq(lit("pro")).alias("pro"),
                col("plan").eq(lit("team")).alias("team"),
            ])
            .unwrap();
        let other = treatment_effect(&other, "on", "days", &["team", "pro", "seats"]).unwrap();
        for method in ["difference", "weighting", "doubly robust"] {
            for column in ["effect", "se"] {
                let [a, b] =
                    [&plain, &other].map(|all| all.value(column, "method", method).unwrap());
                assert!((a - b).abs() < 1e-8, "{method}, {column}: {a}, {b}");
            }
        }
        assert_eq!(plain.value("users", "method", "weighting").unwrap(), 60.0);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let told =
            users().add_columns((col("on").cast(DataType::Int32) * lit(3)).alias("key")).unwrap();
        for (covariates, said) in [
            (&[][..], "`covariates` is none"),
            (&["seats", "seats"], "is named twice"),
            (&["key"], "can be told from key"),
            (&["same"], "nobody to compare with"),
        ] {
            let message =
                treatment_effect(&told, "on", "days", covariates).unwrap_err().to_string();
            assert!(message.contains(said), "{message}");
        }
        let message = treatment_effect(&users(), "seats", "days", &["plan"]).unwrap_err();
        assert!(message.to_string().contains("true and false, or 0 and 1"), "{message}");
        let one = users().head(Some(1));
        let message = treatment_effect(&one, "on", "days", &["plan"]).unwrap_err().to_string();
        assert!(message.contains("at least two of each"), "{message}");
    }
}
