//! Means of rows that are not independent.

use polars::prelude::*;

use super::arms::Arms;
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::metrics::timeline::{Numbered, full};
use crate::stats::bootstrap::{self, Cluster, Interval};
use crate::stats::sample::total;

/// Compares means of rows that go together in clusters (a user's sessions, a team's members): the interval
/// comes from drawing whole clusters, with replacement, within each arm.
///
/// Reads `rows`: `arm` (text), `value` (a number), `cluster`. Returns one row per other arm: `arm`,
/// `control`, `control_clusters`, `clusters` (i64), `control_mean`, `mean`, `difference`, `low`, `high` (f64:
/// the 2.5% and 97.5% points of `draws` resamples), `se` (f64: their standard deviation). With a single cluster
/// in an arm, interval and se are null: how clusters differ was not observed. The same seed gives the same
/// interval, whatever the thread count and the order of rows.
///
/// # Errors
/// As [`means`](super::means()); draws outside 100 to 1,000,000; a cluster that is in two arms.
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
    let clusters = clusters(&arms, arm, cluster)?;
    let base = &clusters[control];
    let control_mean = bootstrap::mean(base);
    let means: Vec<f64> = others.iter().map(|arm| bootstrap::mean(&clusters[*arm])).collect();
    let intervals: Vec<Option<Interval>> = others
        .iter()
        .map(|arm| bootstrap::difference(base, &clusters[*arm], draws, seed))
        .collect();
    let sizes: Vec<i64> = others.iter().map(|arm| clusters[*arm].len() as i64).collect();
    let bound = |name: &str, pick: fn(&Interval) -> f64| {
        let values = intervals
            .iter()
            .map(|interval| interval.as_ref().map(pick).filter(|value| value.is_finite()));
        Column::new(name.into(), values.collect::<Vec<Option<f64>>>())
    };
    let mut columns = arms.names_of(control, &others);
    columns.extend([
        Column::new("control_clusters".into(), vec![base.len() as i64; others.len()]),
        Column::new("clusters".into(), sizes),
        Column::new("control_mean".into(), vec![control_mean; others.len()]),
        Column::new("mean".into(), &means),
        Column::new(
            "difference".into(),
            means.iter().map(|mean| mean - control_mean).collect::<Vec<_>>(),
        ),
        bound("low", |interval| interval.low),
        bound("high", |interval| interval.high),
        bound("se", |interval| interval.se),
    ]);
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Each arm's clusters, in an order of their own.
fn clusters(arms: &Arms, arm: &str, cluster: &str) -> Result<Vec<Vec<Cluster>>> {
    let numbered = Numbered::new(full(&arms.frame, "users", cluster)?)?;
    let values = &arms.columns[0];
    let mut home = vec![usize::MAX; numbered.count()];
    let mut found = vec![];
    for (place, rows) in arms.rows.iter().enumerate() {
        // Each cluster's rows together, from the smallest value: sums do not depend on the order of rows.
        let mut mine: Vec<(u32, f64)> =
            rows.iter().map(|row| (numbered.codes[*row], values[*row])).collect();
        mine.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut clusters = vec![];
        for same in mine.chunk_by(|a, b| a.0 == b.0) {
            let code = same[0].0 as usize;
            if home[code] != usize::MAX {
                let problem = format!(
                    "puts one {cluster} in both \"{}\" and \"{}\"",
                    arms.names[home[code]], arms.names[place]
                );
                return Err(Error::column("users", arm, problem));
            }
            home[code] = place;
            let sum = total(same.iter().map(|row| row.1));
            clusters.push(Cluster { sum, rows: same.len() as f64 });
        }
        bootstrap::sort(&mut clusters);
        found.push(clusters);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cluster_in_an_arm_has_no_interval() -> Result<()> {
        let rows = df!(
            "arm" => ["a", "a", "b", "b"], "x" => [1.0, 4.0, 5.0, 7.0], "team" => [1, 2, 3, 3],
        )?;
        let found = cluster_bootstrap(&rows, "arm", "x", "team", "a", 100, 1)?;
        assert_eq!(found.column("difference")?.f64()?.get(0), Some(3.5));
        for column in ["low", "high", "se"] {
            assert_eq!(found.column(column)?.null_count(), 1, "{column}");
        }
        Ok(())
    }
}
