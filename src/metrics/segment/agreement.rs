//! How good a clustering is, and how far two clusterings agree.

use std::collections::BTreeMap;

use super::distinct;
use crate::error::{Error, Result};
use crate::frame::{fetch, full};
use crate::metrics::{Source, coded, texts};
use crate::stats::silhouette::mean;

/// Above this, comparing every row with every other takes too long.
const MOST_ROWS: usize = 100_000;

/// Computes the mean silhouette of a given clustering, on standardised features.
///
/// It is near 1 if users lie far closer to their own cluster than to the next, and 0 if they lie between the two.
/// Returns `None` for a single cluster.
///
/// Reads `users`: the features, and `labels`: a column of cluster labels. Compares every user with every other: at
/// most 100,000 rows.
///
/// # Errors
/// As [`kmeans`](super::kmeans()); more than 100,000 rows.
///
/// ```
/// use casebook::metrics::segment::{KMeans, K};
/// use casebook::prelude::*;
///
/// let customers = warehouse::files::read("data/samples/customers.csv")?;
/// let features = &["orders", "spent", "days_since_last"];
/// let found = segment::kmeans(&customers, features, &KMeans::default().k(K::Fixed(2)))?;
/// let labelled = customers.hstack(&[found.users.column("cluster")?.clone()])?;
/// assert!(segment::silhouette(&labelled, features, "cluster")? > Some(0.5));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn silhouette(users: &dyn Source, features: &[&str], labels: &str) -> Result<Option<f64>> {
    let mut columns = distinct(features)?;
    if !columns.contains(&labels) {
        columns.push(labels);
    }
    let frame = fetch(users, "users", &columns)?;
    if frame.height() > MOST_ROWS {
        return Err(Error::config("users", frame.height(), "up to 100,000 rows; take a sample"));
    }
    let points = super::points(&frame, features)?;
    let (codes, values) = coded(full(&frame, "users", labels)?)?;
    let places: Vec<usize> = (0..points.rows).collect();
    let labels: Vec<usize> = points.by_point(&codes).iter().map(|code| *code as usize).collect();
    Ok(mean(&points, &places, &labels, values.len()))
}

/// Computes the adjusted Rand index: how far two clusterings agree beyond chance.
///
/// It is 1 if they are the same and about 0 if they are unrelated. `None` for fewer than two rows.
///
/// Reads `users` and two columns of labels, of any type.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), or empty labels.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = df!("kind" => ["a", "a", "b", "b"], "cluster" => [2, 2, 1, 1])?;
/// assert_eq!(segment::adjusted_rand(&users, "kind", "cluster")?, Some(1.0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn adjusted_rand(users: &dyn Source, a: &str, b: &str) -> Result<Option<f64>> {
    let columns = if a == b { vec![a] } else { vec![a, b] };
    let frame = fetch(users, "users", &columns)?;
    let first = texts(full(&frame, "users", a)?)?;
    let second = texts(full(&frame, "users", b)?)?;
    let mut cells: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for (a, b) in first.iter().flatten().zip(second.iter().flatten()) {
        *cells.entry((a, b)).or_default() += 1;
        *rows.entry(a).or_default() += 1;
        *sums.entry(b).or_default() += 1;
    }
    let pairs = |n: &u64| (*n as f64) * (*n as f64 - 1.0) / 2.0;
    let all = pairs(&(first.len() as u64));
    if first.len() < 2 {
        return Ok(None);
    }
    let together: f64 = cells.values().map(pairs).sum();
    let (in_a, in_b): (f64, f64) = (rows.values().map(pairs).sum(), sums.values().map(pairs).sum());
    let chance = in_a * in_b / all;
    let most = (in_a + in_b) / 2.0;
    // Both put everybody together, or everybody apart: the same.
    Ok(Some(if most == chance { 1.0 } else { (together - chance) / (most - chance) }))
}
