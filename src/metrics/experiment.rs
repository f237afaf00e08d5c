//! Experiments: what a change did, how sure we are, and how many users it takes to see.
//!
//! Reads one row per user: `arm` columns are text, outcomes are numbers (0 and 1 for a conversion). Arms
//! are compared with the one named as control, as assigned ("intention to treat").
//!
//! ```
//! use casebook::metrics::experiment::{self, Plan};
//! use casebook::polars::prelude::*;
//!
//! let arm: Vec<&str> = (0..200).map(|user| if user < 100 { "control" } else { "offer" }).collect();
//! let paid: Vec<i32> = (0..200).map(|user| i32::from(user % 100 < if user < 100 { 30 } else { 45 })).collect();
//! let users = df!("arm" => arm, "paid" => paid)?;
//! let found = experiment::proportions(&users, "arm", "paid", "control")?;
//! assert!((found.column("difference")?.f64()?.get(0).unwrap() - 0.15).abs() < 1e-12);
//!
//! // Planned before it is read: 5 points more than 30 % takes 1,377 users an arm.
//! assert_eq!(Plan::default().users_for_proportions(0.30, 0.05)?, 1_377);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! Two-proportion z test with Newcombe's interval (R. G. Newcombe, 1998, method 10, Statistics in Medicine
//! 17); B. L. Welch (1947); sample-ratio mismatch as in A. Fabijan et al. (2019); CUPED: A. Deng et al.
//! (2013), "Improving the sensitivity of online controlled experiments by utilizing pre-experiment data";
//! the complier effect: J. D. Angrist, G. W. Imbens and D. B. Rubin (1996); Y. Benjamini and Y. Hochberg
//! (1995).

use std::collections::BTreeMap;

use polars::prelude::*;
use rand::RngExt;
use rayon::prelude::*;

use super::interval::{
    Z95, chi_square_sf, normal_cdf, normal_quantile, t_quantile, t_two_sided, two_sided, wilson,
};
use super::timeline::{Numbered, fetch, full};
use super::{Source, finite, quantile, texts};
use crate::error::{Error, Result};
use crate::stream::stream;

/// A sample-ratio test below this says that assignment or logging is broken.
pub const MISMATCH: f64 = 0.001;

/// Users by arm, with the columns asked for as numbers.
struct Arms {
    names: Vec<String>,
    /// For each arm, the rows of its users.
    rows: Vec<Vec<usize>>,
    columns: Vec<Vec<f64>>,
    frame: DataFrame,
}

impl Arms {
    fn new(users: &dyn Source, arm: &str, columns: &[&str], more: &[&str]) -> Result<Arms> {
        let mut needed = vec![arm];
        needed.extend(columns.iter().chain(more).filter(|column| **column != arm));
        needed.sort_unstable();
        needed.dedup();
        let frame = fetch(users, "users", &needed)?;
        let labels = texts(full(&frame, "users", arm)?)?;
        let mut split: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (row, label) in labels.into_iter().flatten().enumerate() {
            split.entry(label).or_default().push(row);
        }
        let columns = columns
            .iter()
            .map(|column| finite(&frame, "users", column))
            .collect::<Result<Vec<Vec<f64>>>>()?;
        let (names, rows) = split.into_iter().unzip();
        Ok(Arms { names, rows, columns, frame })
    }

    /// The place of the control arm, and those of the others.
    fn control(&self, arm: &str, control: &str) -> Result<(usize, Vec<usize>)> {
        let Some(place) = self.names.iter().position(|name| name == control) else {
            let problem =
                format!("has no \"{control}\" to compare with; it has {}", quoted(&self.names));
            return Err(Error::column("users", arm, problem));
        };
        if self.names.len() < 2 {
            let problem = format!("has only \"{control}\"; there is nothing to compare it with");
            return Err(Error::column("users", arm, problem));
        }
        Ok((place, (0..self.names.len()).filter(|other| *other != place).collect()))
    }

    fn values(&self, arm: usize, column: usize) -> Vec<f64> {
        self.rows[arm].iter().map(|row| self.columns[column][*row]).collect()
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// A share in one arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Users with the outcome.
    pub hits: u64,
    /// Users.
    pub users: u64,
}

impl Share {
    fn rate(self) -> f64 {
        self.hits as f64 / self.users as f64
    }
}

/// A difference, treatment less control, with its 95 % interval and test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Treatment less control.
    pub estimate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// The test's z or t. Not a number if nothing varies.
    pub statistic: f64,
    /// Degrees of freedom; infinite for a z test.
    pub df: f64,
    /// Two-sided.
    pub p_value: f64,
}

/// Two proportions: pooled z test, Newcombe's interval. `None` if an arm is empty.
///
/// ```
/// use casebook::metrics::experiment::{Share, compare_shares};
///
/// let control = Share { hits: 30, users: 100 };
/// let found = compare_shares(control, Share { hits: 45, users: 100 }).unwrap();
/// assert!(found.low > 0.0 && found.p_value < 0.05);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn compare_shares(control: Share, treatment: Share) -> Option<Difference> {
    let (a, b) = (control.rate(), treatment.rate());
    let (low_a, high_a) = wilson(control.hits, control.users)?;
    let (low_b, high_b) = wilson(treatment.hits, treatment.users)?;
    let (n, m) = (control.users as f64, treatment.users as f64);
    let pooled = (control.hits + treatment.hits) as f64 / (n + m);
    let estimate = b - a;
    let z = estimate / (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    Some(Difference {
        estimate,
        low: estimate - ((b - low_b).powi(2) + (high_a - a).powi(2)).sqrt(),
        high: estimate + ((high_b - b).powi(2) + (a - low_a).powi(2)).sqrt(),
        statistic: z,
        df: f64::INFINITY,
        p_value: two_sided(z),
    })
}

fn moments(values: &[f64]) -> (f64, f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (n, mean, squares / (n - 1.0))
}

/// Two means: Welch's test and interval. `None` if an arm has fewer than two users.
///
/// ```
/// use casebook::metrics::experiment::compare_means;
///
/// let found = compare_means(&[1.0, 2.0, 3.0], &[2.0, 3.0, 4.0]).unwrap();
/// assert!((found.estimate - 1.0).abs() < 1e-12 && found.df == 4.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn compare_means(control: &[f64], treatment: &[f64]) -> Option<Difference> {
    if control.len() < 2 || treatment.len() < 2 {
        return None;
    }
    let (n, a, var_a) = moments(control);
    let (m, b, var_b) = moments(treatment);
    let (part_a, part_b) = (var_a / n, var_b / m);
    let se = (part_a + part_b).sqrt();
    let df = (part_a + part_b).powi(2) / (part_a.powi(2) / (n - 1.0) + part_b.powi(2) / (m - 1.0));
    let (estimate, t) = (b - a, (b - a) / se);
    let half = if se > 0.0 { t_quantile(0.975, df) * se } else { 0.0 };
    Some(Difference {
        estimate,
        low: estimate - half,
        high: estimate + half,
        statistic: t,
        df,
        p_value: t_two_sided(t, df),
    })
}

/// Columns `difference`, `low`, `high`, the statistic, `df` where asked, and `p_value`. What is not a
/// number is null.
fn difference_columns(differences: &[Option<Difference>], statistic: &str) -> Vec<Column> {
    let column = |name: &str, pick: fn(&Difference) -> f64| {
        let values: Vec<Option<f64>> = differences
            .iter()
            .map(|difference| difference.as_ref().map(pick).filter(|value| value.is_finite()))
            .collect();
        Column::new(name.into(), values)
    };
    let mut columns = vec![
        column("difference", |d| d.estimate),
        column("low", |d| d.low),
        column("high", |d| d.high),
        column(statistic, |d| d.statistic),
    ];
    if statistic == "t" {
        columns.push(column("df", |d| d.df));
    }
    columns.push(column("p_value", |d| d.p_value));
    columns
}

/// Shares in each arm against control: pooled z test, Newcombe's interval.
///
/// Reads `users`: `arm` (text) and `outcome` (boolean, or 1 and 0). Returns one row per other arm, by
/// arm: `arm`, `control` (text), `control_users`, `control_hits` (i64), `control_rate` (f64), `users`,
/// `hits` (i64), `rate`, `difference`, `low`, `high` (f64: 95 %), `z`, `p_value` (f64, two-sided; null if
/// nobody, or everybody, has the outcome), `lift` (f64: difference / control_rate).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values, an outcome other than 1 and 0,
/// a control that is not there, or a single arm.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let found = experiment::proportions(&users, "arm", "converted", "control")?;
/// assert!(found.column("low")?.f64()?.get(0) > Some(0.0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn proportions(
    users: &dyn Source,
    arm: &str,
    outcome: &str,
    control: &str,
) -> Result<DataFrame> {
    let arms = Arms::new(users, arm, &[outcome], &[])?;
    if let Some(row) = arms.columns[0].iter().position(|value| *value != 0.0 && *value != 1.0) {
        let problem = format!("is {} in row {}; it must be 1 or 0", arms.columns[0][row], row + 1);
        return Err(Error::column("users", outcome, problem));
    }
    let (control, others) = arms.control(arm, control)?;
    let share = |arm: usize| Share {
        hits: arms.values(arm, 0).iter().sum::<f64>() as u64,
        users: arms.rows[arm].len() as u64,
    };
    let base = share(control);
    let shares: Vec<Share> = others.iter().map(|arm| share(*arm)).collect();
    let count = |pick: fn(&Share) -> u64| -> Vec<i64> {
        shares.iter().map(|share| pick(share) as i64).collect()
    };
    let differences: Vec<_> = shares.iter().map(|share| compare_shares(base, *share)).collect();
    let lift: Vec<Option<f64>> = differences
        .iter()
        .map(|d| d.as_ref().filter(|_| base.hits > 0).map(|d| d.estimate / base.rate()))
        .collect();
    let mut columns = arm_columns(&arms, control, &others);
    let all = |value: u64| vec![value as i64; shares.len()];
    columns.extend([
        Column::new("control_users".into(), all(base.users)),
        Column::new("control_hits".into(), all(base.hits)),
        Column::new("control_rate".into(), vec![base.rate(); shares.len()]),
        Column::new("users".into(), count(|share| share.users)),
        Column::new("hits".into(), count(|share| share.hits)),
        Column::new("rate".into(), shares.iter().map(|s| s.rate()).collect::<Vec<_>>()),
    ]);
    columns.extend(difference_columns(&differences, "z"));
    columns.push(Column::new("lift".into(), lift));
    Ok(DataFrame::new_infer_height(columns)?)
}

fn arm_columns(arms: &Arms, control: usize, others: &[usize]) -> Vec<Column> {
    let names: Vec<&str> = others.iter().map(|arm| arms.names[*arm].as_str()).collect();
    let control = vec![arms.names[control].as_str(); others.len()];
    vec![Column::new("arm".into(), names), Column::new("control".into(), control)]
}

fn mean_columns(groups: &[Vec<f64>], control: &[f64]) -> Vec<Column> {
    let describe = |values: &[f64]| -> (i64, Option<f64>, Option<f64>) {
        let (n, mean, variance) = moments(values);
        let sd = Some(variance.sqrt()).filter(|sd| sd.is_finite());
        (n as i64, Some(mean).filter(|mean| mean.is_finite()), sd)
    };
    let mut columns = vec![];
    for (prefix, parts) in [
        ("control_", groups.iter().map(|_| describe(control)).collect::<Vec<_>>()),
        ("", groups.iter().map(|group| describe(group)).collect()),
    ] {
        let name = |rest: &str| PlSmallStr::from(format!("{prefix}{rest}"));
        columns.push(Column::new(name("users"), parts.iter().map(|p| p.0).collect::<Vec<_>>()));
        columns.push(Column::new(name("mean"), parts.iter().map(|p| p.1).collect::<Vec<_>>()));
        columns.push(Column::new(name("sd"), parts.iter().map(|p| p.2).collect::<Vec<_>>()));
    }
    columns
}

/// Means in each arm against control: Welch's test and interval.
///
/// Reads `users`: `arm` (text) and `value` (a number). Returns one row per other arm, by arm: `arm`,
/// `control`, `control_users` (i64), `control_mean`, `control_sd` (f64), `users` (i64), `mean`, `sd`,
/// `difference`, `low`, `high` (f64: 95 %), `t`, `df`, `p_value` (f64; null with fewer than two users in an
/// arm, or if nothing varies).
///
/// # Errors
/// As [`proportions`], but any finite number is a value.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let found = experiment::means(&users, "arm", "spent", "control")?;
/// assert!(found.column("p_value")?.f64()?.get(0) < Some(0.05));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn means(users: &dyn Source, arm: &str, value: &str, control: &str) -> Result<DataFrame> {
    let arms = Arms::new(users, arm, &[value], &[])?;
    Ok(DataFrame::new_infer_height(welch_columns(&arms, arm, control)?)?)
}

/// What [`means`] returns, of the arms' first column.
fn welch_columns(arms: &Arms, arm: &str, control: &str) -> Result<Vec<Column>> {
    let (control, others) = arms.control(arm, control)?;
    let base = arms.values(control, 0);
    let groups: Vec<Vec<f64>> = others.iter().map(|arm| arms.values(*arm, 0)).collect();
    let mut columns = arm_columns(arms, control, &others);
    columns.extend(mean_columns(&groups, &base));
    let differences: Vec<_> = groups.iter().map(|group| compare_means(&base, group)).collect();
    columns.extend(difference_columns(&differences, "t"));
    Ok(columns)
}

/// Whether the arms have the sizes they should: the sample-ratio check. A mismatch makes every other
/// result of the experiment worthless.
///
/// Reads `users`: `arm` (text). `weights`: each arm's name and share, in any unit. Returns one row per arm
/// of `weights`: `arm`, `users` (i64), `expected` (f64), and the chi-square test's `chi_square`, `df` (i64),
/// `p_value`, `mismatch` (bool: p < 0.001), the same in each row.
///
/// # Errors
/// As [`proportions`]; an arm in the data that `weights` does not name; weights that are not above 0, or
/// fewer than two.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let sizes = experiment::sample_ratio(&users, "arm", &[("control", 50.0), ("offer", 50.0)])?;
/// assert_eq!(sizes.column("mismatch")?.bool()?.get(0), Some(false));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn sample_ratio(users: &dyn Source, arm: &str, weights: &[(&str, f64)]) -> Result<DataFrame> {
    if weights.len() < 2 || weights.iter().any(|(_, w)| !(*w > 0.0 && w.is_finite())) {
        let value = format!("{weights:?}");
        return Err(Error::config("weights", value, "two arms or more, each above 0"));
    }
    let arms = Arms::new(users, arm, &[], &[])?;
    let known = |name: &String| weights.iter().any(|(arm, _)| arm == name);
    if let Some(name) = arms.names.iter().find(|name| !known(name)) {
        let problem = format!("holds \"{name}\", which has no weight");
        return Err(Error::column("users", arm, problem));
    }
    let total: f64 = arms.rows.iter().map(|rows| rows.len() as f64).sum();
    let whole: f64 = weights.iter().map(|(_, weight)| weight).sum();
    let counts: Vec<i64> = weights
        .iter()
        .map(|(arm, _)| arms.names.iter().position(|name| name == arm))
        .map(|place| place.map_or(0, |place| arms.rows[place].len() as i64))
        .collect();
    let expected: Vec<f64> = weights.iter().map(|(_, weight)| total * weight / whole).collect();
    let chi_square: f64 = counts
        .iter()
        .zip(&expected)
        .map(|(n, expected)| (*n as f64 - expected).powi(2) / expected)
        .sum();
    let (k, df) = (weights.len(), (weights.len() - 1) as i64);
    let p_value = chi_square_sf(chi_square, df as f64);
    let known = total > 0.0;
    Ok(df!(
        "arm" => weights.iter().map(|(arm, _)| *arm).collect::<Vec<_>>(),
        "users" => counts,
        "expected" => expected,
        "chi_square" => vec![known.then_some(chi_square); k],
        "df" => vec![df; k],
        "p_value" => vec![known.then_some(p_value); k],
        "mismatch" => vec![known.then_some(p_value < MISMATCH); k],
    )?)
}

/// Means less what the time before explains ("CUPED"): a narrower interval around the same difference.
///
/// Reads `users`: `arm` (text), `value` and `before` (numbers; `before` must have been measured before the
/// experiment, or the difference is biased). Returns as [`means`], of the adjusted values, and `theta`
/// (f64: adjusted = value − theta × (before − its mean), one theta for all arms) and `variance_kept` (f64:
/// the adjusted values' variance of the values', 1 − correlation²).
///
/// # Errors
/// As [`means`].
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
    let mut arms = Arms::new(users, arm, &[value, before], &[])?;
    let (n, mean_y, var_y) = moments(&arms.columns[0]);
    let (_, mean_x, var_x) = moments(&arms.columns[1]);
    let products = arms.columns[0].iter().zip(&arms.columns[1]);
    let covariance: f64 =
        products.map(|(y, x)| (y - mean_y) * (x - mean_x)).sum::<f64>() / (n - 1.0);
    let theta = if var_x > 0.0 { covariance / var_x } else { 0.0 };
    let kept = (var_x * var_y > 0.0).then(|| 1.0 - covariance.powi(2) / (var_x * var_y));
    let adjusted: Vec<f64> = arms.columns[0]
        .iter()
        .zip(&arms.columns[1])
        .map(|(y, x)| y - theta * (x - mean_x))
        .collect();
    arms.columns[0] = adjusted;
    let mut columns = welch_columns(&arms, arm, control)?;
    let rows = columns[0].len();
    columns.push(Column::new("theta".into(), vec![theta; rows]));
    columns.push(Column::new("variance_kept".into(), vec![kept; rows]));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// A difference of means whose interval knows that rows of one cluster (a user's sessions, a team's
/// members) go together: whole clusters are drawn, with replacement, within each arm.
///
/// Reads `rows`: `arm` (text), `value` (a number), `cluster`. Returns one row per other arm: `arm`,
/// `control`, `control_clusters`, `clusters` (i64), `control_mean`, `mean`, `difference`, `low`, `high` (f64:
/// the 2.5 and 97.5 % points of `draws` resamples), `se` (f64: their standard deviation). The same seed
/// gives the same interval, whatever the thread count.
///
/// # Errors
/// As [`means`]; fewer than 100 draws; a cluster that is in two arms.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let found = experiment::cluster_bootstrap(&users, "arm", "spent", "user_id", "control", 200, 42)?;
/// assert_eq!(found.height(), 1);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn cluster_bootstrap(
    rows: &dyn Source,
    arm: &str,
    value: &str,
    cluster: &str,
    control: &str,
    draws: u32,
    seed: u64,
) -> Result<DataFrame> {
    if !(100..=1_000_000).contains(&draws) {
        return Err(Error::config("draws", draws, "100 to 1,000,000"));
    }
    let arms = Arms::new(rows, arm, &[value], &[cluster])?;
    let (control, others) = arms.control(arm, control)?;
    let numbered = Numbered::new(full(&arms.frame, "users", cluster)?)?;
    // Each cluster's arm, sum and rows.
    let mut home = vec![usize::MAX; numbered.count()];
    let mut sums = vec![(0.0, 0.0); numbered.count()];
    for (place, rows) in arms.rows.iter().enumerate() {
        for row in rows {
            let code = numbered.codes[*row] as usize;
            if home[code] != usize::MAX && home[code] != place {
                let problem = format!(
                    "puts one {cluster} in both \"{}\" and \"{}\"",
                    arms.names[home[code]], arms.names[place]
                );
                return Err(Error::column("users", arm, problem));
            }
            home[code] = place;
            sums[code].0 += arms.columns[0][*row];
            sums[code].1 += 1.0;
        }
    }
    // In an order that does not depend on the order of rows, so that neither does the result.
    let clusters = |arm: usize| -> Vec<(f64, f64)> {
        let mut mine: Vec<(f64, f64)> =
            sums.iter().zip(&home).filter(|(_, home)| **home == arm).map(|(sum, _)| *sum).collect();
        mine.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        mine
    };
    let mean = |clusters: &[(f64, f64)]| {
        let (sum, n) = clusters.iter().fold((0.0, 0.0), |all, one| (all.0 + one.0, all.1 + one.1));
        sum / n
    };
    let resampled = |clusters: &[(f64, f64)], table: &str, draw: u64| {
        let mut rng = stream(seed, table, draw);
        let (mut sum, mut n) = (0.0, 0.0);
        for _ in 0..clusters.len() {
            let one = clusters[rng.random_range(0..clusters.len())];
            sum += one.0;
            n += one.1;
        }
        sum / n
    };
    let base = clusters(control);
    let (mut means, mut sizes, mut intervals) = (vec![], vec![], vec![]);
    for other in &others {
        let mine = clusters(*other);
        let mut drawn: Vec<f64> = (0..u64::from(draws))
            .into_par_iter()
            .map(|draw| {
                resampled(&mine, "bootstrap treatment", draw)
                    - resampled(&base, "bootstrap control", draw)
            })
            .collect();
        let se = moments(&drawn).2.sqrt();
        drawn.sort_unstable_by(f64::total_cmp);
        intervals.push((quantile(&drawn, 0.025), quantile(&drawn, 0.975), se));
        sizes.push(mine.len() as i64);
        means.push(mean(&mine));
    }
    let control_mean = mean(&base);
    let mut columns = arm_columns(&arms, control, &others);
    columns.extend([
        Column::new("control_clusters".into(), vec![base.len() as i64; others.len()]),
        Column::new("clusters".into(), sizes),
        Column::new("control_mean".into(), vec![control_mean; others.len()]),
        Column::new("mean".into(), &means),
        Column::new(
            "difference".into(),
            means.iter().map(|m| m - control_mean).collect::<Vec<_>>(),
        ),
        Column::new("low".into(), intervals.iter().map(|i| i.0).collect::<Vec<_>>()),
        Column::new("high".into(), intervals.iter().map(|i| i.1).collect::<Vec<_>>()),
        Column::new("se".into(), intervals.iter().map(|i| i.2).collect::<Vec<_>>()),
    ]);
    Ok(DataFrame::new_infer_height(columns)?)
}

/// The effect on those who take the offer because they get it ("complier average causal effect"): the
/// difference as assigned, divided by the difference in who takes it.
///
/// Right if assignment is random and changes the outcome only through taking. Comparing takers with
/// others instead mixes the effect with who chooses to take.
///
/// Reads `users`: `arm` (text, as assigned; exactly two), `taken` (boolean, or 1 and 0), `outcome` (a
/// number). Returns one row: `arm`, `control`, `users`, `control_users` (i64), `taken`, `control_taken`
/// (f64: shares), `compliance` (f64: their difference), `intention_to_treat` (f64), `effect`, `se`, `low`,
/// `high` (f64: 95 %, robust to unequal variances). The effect is null without compliance.
///
/// # Errors
/// As [`means`]; more than two arms.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let found = experiment::complier_effect(&users, "arm", "taken", "spent", "control")?;
/// assert!(found.column("effect")?.f64()?.get(0) > found.column("intention_to_treat")?.f64()?.get(0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn complier_effect(
    users: &dyn Source,
    arm: &str,
    taken: &str,
    outcome: &str,
    control: &str,
) -> Result<DataFrame> {
    let arms = Arms::new(users, arm, &[outcome, taken], &[])?;
    let (control, others) = arms.control(arm, control)?;
    let [treated] = others[..] else {
        let problem = format!("has {} arms; the effect needs two", arms.names.len());
        return Err(Error::column("users", arm, problem));
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let part = |arm: usize, column: usize| mean(&arms.values(arm, column));
    let itt = part(treated, 0) - part(control, 0);
    let compliance = part(treated, 1) - part(control, 1);
    let (outcome_mean, taken_mean) = (mean(&arms.columns[0]), mean(&arms.columns[1]));
    let n = arms.columns[0].len() as f64;
    let share = arms.rows[treated].len() as f64 / n;
    let effect = (compliance != 0.0).then(|| {
        let effect = itt / compliance;
        let mut squares = 0.0;
        for (z, arm) in [(1.0 - share, treated), (-share, control)] {
            for row in &arms.rows[arm] {
                let residual = arms.columns[0][*row]
                    - outcome_mean
                    - effect * (arms.columns[1][*row] - taken_mean);
                squares += (z * residual).powi(2);
            }
        }
        // The covariance of assignment and taking is n · share · (1 − share) · compliance.
        (effect, squares.sqrt() / (n * share * (1.0 - share) * compliance).abs())
    });
    let mut columns = arm_columns(&arms, control, &[treated]);
    let one = |name: &str, value: Option<f64>| Column::new(name.into(), [value]);
    columns.extend([
        Column::new("users".into(), [arms.rows[treated].len() as i64]),
        Column::new("control_users".into(), [arms.rows[control].len() as i64]),
        one("taken", Some(part(treated, 1))),
        one("control_taken", Some(part(control, 1))),
        one("compliance", Some(compliance)),
        one("intention_to_treat", Some(itt)),
        one("effect", effect.map(|e| e.0)),
        one("se", effect.map(|e| e.1)),
        one("low", effect.map(|e| e.0 - Z95 * e.1)),
        one("high", effect.map(|e| e.0 + Z95 * e.1)),
    ]);
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Many tests at once: p values adjusted so that of those called significant, at most a share `level` is
/// expected to be false (Benjamini–Hochberg).
///
/// Reads `tests`: `p_value` (f64; null is left out and stays null). Returns the frame with `adjusted` (f64)
/// and `significant` (bool) added.
///
/// # Errors
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a p value outside 0 to 1; a level outside 0 to
/// 1.
///
/// ```
/// use casebook::prelude::*;
///
/// let tests = df!("p_value" => [0.01, 0.04, 0.30])?;
/// let found = experiment::benjamini_hochberg(&tests, 0.05)?;
/// assert_eq!(found.column("significant")?.bool()?.get(1), Some(false)); // 0.04 × 3 / 2 is above 0.05
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn benjamini_hochberg(tests: &DataFrame, level: f64) -> Result<DataFrame> {
    if !(level > 0.0 && level < 1.0) {
        return Err(Error::config("level", level, "between 0 and 1"));
    }
    super::require(tests, "tests", &["p_value"])?;
    let p = tests.column("p_value")?.cast(&DataType::Float64)?;
    let p: Vec<Option<f64>> = p.f64()?.iter().collect();
    let mut order: Vec<usize> = (0..p.len()).filter(|row| p[*row].is_some()).collect();
    if let Some(row) = order.iter().find(|row| !p[**row].is_some_and(|p| (0.0..=1.0).contains(&p)))
    {
        let problem = format!("is {:?} in row {}; it must lie in 0 to 1", p[*row], row + 1);
        return Err(Error::column("tests", "p_value", problem));
    }
    order.sort_by(|a, b| p[*a].partial_cmp(&p[*b]).unwrap_or(std::cmp::Ordering::Equal));
    let mut adjusted: Vec<Option<f64>> = vec![None; p.len()];
    let mut least = 1.0_f64;
    for (rank, row) in order.iter().enumerate().rev() {
        let scaled = p[*row].unwrap_or(1.0) * order.len() as f64 / (rank + 1) as f64;
        least = least.min(scaled);
        adjusted[*row] = Some(least);
    }
    let significant: Vec<Option<bool>> = adjusted.iter().map(|p| p.map(|p| p <= level)).collect();
    let mut table = tests.clone();
    table.with_column(Column::new("adjusted".into(), adjusted))?;
    table.with_column(Column::new("significant".into(), significant))?;
    Ok(table)
}

/// How an experiment is planned: two-sided tests.
///
/// ```
/// use casebook::metrics::experiment::Plan;
///
/// let plan = Plan::default();
/// // 500 users an arm see 8.4 points on a base of 30 %.
/// assert!((plan.detectable_proportion(0.30, 500)? - 0.084).abs() < 0.0005);
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Plan {
    /// Probability of calling a difference where there is none.
    pub alpha: f64,
    /// Probability of calling the difference that is there.
    pub power: f64,
    /// Users in treatment for each in control.
    pub ratio: f64,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan { alpha: 0.05, power: 0.80, ratio: 1.0 }
    }
}

/// No plan needs more users than this.
const MOST_USERS: u64 = 1 << 50;

impl Plan {
    /// That the plan makes sense.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the field.
    pub fn validate(&self) -> Result<()> {
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            return Err(Error::config("alpha", self.alpha, "between 0 and 1"));
        }
        if !(self.power > self.alpha && self.power < 1.0) {
            return Err(Error::config("power", self.power, "between alpha and 1"));
        }
        if !(self.ratio > 0.0 && self.ratio.is_finite()) {
            return Err(Error::config("ratio", self.ratio, "above 0"));
        }
        Ok(())
    }

    fn shares(&self, base: f64, difference: f64) -> Result<()> {
        self.validate()?;
        if !(base > 0.0 && base < 1.0) {
            return Err(Error::config("base", base, "between 0 and 1"));
        }
        let other = base + difference;
        if !(difference != 0.0 && (0.0..=1.0).contains(&other)) {
            let accepted = format!("not 0, and {} to {}", -base, 1.0 - base);
            return Err(Error::config("difference", difference, accepted));
        }
        Ok(())
    }

    fn scale(&self, sd: f64, difference: f64) -> Result<()> {
        self.validate()?;
        if !(sd > 0.0 && sd.is_finite()) {
            return Err(Error::config("sd", sd, "above 0"));
        }
        if !(difference != 0.0 && difference.is_finite()) {
            return Err(Error::config("difference", difference, "not 0"));
        }
        Ok(())
    }

    /// The chance to see a difference in shares with so many users in control: normal approximation, with
    /// the pooled variance where there is no difference.
    ///
    /// # Errors
    /// As [`validate`](Plan::validate); a share outside 0 to 1; no users.
    pub fn power_of_proportions(&self, base: f64, difference: f64, users: u64) -> Result<f64> {
        self.shares(base, difference)?;
        at_least(users, 1)?;
        Ok(self.proportions(base, difference, users as f64))
    }

    fn proportions(&self, base: f64, difference: f64, users: f64) -> f64 {
        let other = base + difference;
        let pooled = (base + self.ratio * other) / (1.0 + self.ratio);
        let none = (pooled * (1.0 - pooled) * (1.0 + 1.0 / self.ratio)).sqrt();
        let some = (base * (1.0 - base) + other * (1.0 - other) / self.ratio).sqrt();
        let critical = normal_quantile(1.0 - self.alpha / 2.0) * none;
        let shift = difference * users.sqrt();
        normal_cdf((shift - critical) / some) + normal_cdf((-shift - critical) / some)
    }

    /// Users needed in control to see a difference in shares.
    ///
    /// # Errors
    /// As [`power_of_proportions`](Plan::power_of_proportions).
    pub fn users_for_proportions(&self, base: f64, difference: f64) -> Result<u64> {
        self.shares(base, difference)?;
        Ok(least_users(1, |users| self.proportions(base, difference, users as f64) >= self.power))
    }

    /// The smallest rise above a base share that so many users in control can see; not a number if none
    /// can be seen.
    ///
    /// # Errors
    /// As [`power_of_proportions`](Plan::power_of_proportions).
    pub fn detectable_proportion(&self, base: f64, users: u64) -> Result<f64> {
        self.shares(base, (1.0 - base) / 2.0)?;
        at_least(users, 1)?;
        Ok(bisect(1.0 - base, |rise| self.proportions(base, rise, users as f64) >= self.power))
    }

    /// The chance to see a difference in means with so many users in control, both arms with the same
    /// standard deviation: noncentral t.
    ///
    /// # Errors
    /// As [`validate`](Plan::validate); a standard deviation that is not above 0; fewer than two users.
    pub fn power_of_means(&self, sd: f64, difference: f64, users: u64) -> Result<f64> {
        self.scale(sd, difference)?;
        at_least(users, 2)?;
        Ok(self.means(difference / sd, users as f64))
    }

    fn means(&self, effect: f64, users: f64) -> f64 {
        let df = users * (1.0 + self.ratio) - 2.0;
        if df <= 0.0 {
            return 0.0;
        }
        let shift = effect * (users * self.ratio / (1.0 + self.ratio)).sqrt();
        let critical = t_quantile(1.0 - self.alpha / 2.0, df);
        noncentral_t(-critical, df, shift) + noncentral_t(-critical, df, -shift)
    }

    /// Users needed in control to see a difference in means.
    ///
    /// # Errors
    /// As [`power_of_means`](Plan::power_of_means).
    pub fn users_for_means(&self, sd: f64, difference: f64) -> Result<u64> {
        self.scale(sd, difference)?;
        Ok(least_users(2, |users| self.means(difference / sd, users as f64) >= self.power))
    }

    /// The smallest difference in means that so many users in control can see.
    ///
    /// # Errors
    /// As [`power_of_means`](Plan::power_of_means).
    pub fn detectable_mean(&self, sd: f64, users: u64) -> Result<f64> {
        self.scale(sd, 1.0)?;
        at_least(users, 2)?;
        Ok(sd * bisect(1e6, |effect| self.means(effect, users as f64) >= self.power))
    }
}

fn at_least(users: u64, least: u64) -> Result<()> {
    if users < least {
        return Err(Error::config("users", users, format!("{least} or more")));
    }
    Ok(())
}

/// The smallest number that is enough, given that more is never less.
fn least_users(least: u64, enough: impl Fn(u64) -> bool) -> u64 {
    let mut high = least;
    while !enough(high) && high < MOST_USERS {
        high *= 2;
    }
    let mut low = high / 2;
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if enough(middle) { high = middle } else { low = middle }
    }
    high.max(least)
}

/// The smallest value up to `most` that is enough; not a number if none is.
fn bisect(most: f64, enough: impl Fn(f64) -> bool) -> f64 {
    if !enough(most) {
        return f64::NAN;
    }
    let (mut low, mut high) = (0.0, most);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if enough(middle) { high = middle } else { low = middle }
    }
    high
}

/// Probability that noncentral t is at most `t`: the normal probability, averaged over the scale's law
/// (Simpson's rule; the law's constant cancels).
fn noncentral_t(t: f64, df: f64, shift: f64) -> f64 {
    const STEPS: usize = 4_000;
    let reach = 12.0 / df.sqrt();
    let (from, to) = ((1.0 - reach).max(0.0), 1.0 + reach);
    let step = (to - from) / STEPS as f64;
    let (mut whole, mut below) = (0.0, 0.0);
    for k in 0..=STEPS {
        let s = from + k as f64 * step;
        let simpson = if k == 0 || k == STEPS { 1.0 } else { 2.0 + 2.0 * (k % 2) as f64 };
        let log = if df == 1.0 { 0.0 } else { (df - 1.0) * s.ln() };
        let weight = simpson * (log - df * (s * s - 1.0) / 2.0).exp();
        whole += weight;
        below += weight * normal_cdf(t * s - shift);
    }
    below / whole
}
