//! Segments: groups of users by what they did.
//!
//! [`rfm`] scores by recency, frequency and money; [`kmeans`] finds groups in any numbers.
//!
//! ```
//! use casebook::metrics::segment::{self, Clusters, K};
//! use casebook::polars::prelude::*;
//!
//! let users = df!(
//!     "user_id" => [1, 2, 3, 4, 5, 6],
//!     "orders" => [1, 2, 1, 20, 21, 22],
//!     "spent" => [10.0, 11.0, 9.0, 400.0, 410.0, 390.0],
//! )?;
//! let found = segment::kmeans(&users, &["orders", "spent"], &Clusters::default().k(K::Fixed(2)))?;
//! let names: Vec<&str> = found.centroids.column("name")?.str()?.iter().flatten().collect();
//! assert_eq!(names, ["high spent, high orders", "low spent, low orders"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! RFM: A. M. Hughes, Strategic Database Marketing. K-means: S. P. Lloyd (1982), started as in D. Arthur
//! and S. Vassilvitskii (2007), "k-means++". Silhouette: P. J. Rousseeuw (1987). Adjusted Rand index:
//! L. Hubert and P. Arabie (1985).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;
use nalgebra::{DMatrix, SymmetricEigen};
use polars::prelude::*;
use rand::RngExt;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::timeline::{DAY, Grouped, Moments, NOBODY, Numbered, TIME, USER, fetch, full};
use super::{Source, finite, require, texts};
use crate::error::{Error, Result};
use crate::stream::stream;

/// Recency, frequency and money of every buyer, scored by quintiles: 5 is best on all three.
///
/// Recency is from the last *purchase* to `as_of`, frequency counts distinct orders, money is the sum.
/// Scores come from mid-ranks: of users with equal values none is above another, and if all are equal all
/// score 3.
///
/// Reads `orders`, one row per order or order line, purchases only: `user_id`, `order_id`, `timestamp`,
/// `amount`. `as_of`: the end of the data, not today; rows from then on do not count. Returns one row per
/// buyer, by user: `user_id`, `recency_days` (f64), `frequency` (i64), `monetary` (f64, in the unit of
/// `amount`), `r`, `f`, `m` (i64, 1 to 5), `segment` (text):
///
/// | segment | r | mean of f and m |
/// | --- | --- | --- |
/// | champions | 4 to 5 | 4 and more |
/// | loyal | 3 | 4 and more |
/// | promising | 4 to 5 | 2 to under 4 |
/// | new | 4 to 5 | under 2 |
/// | needs attention | 3 | 2 to under 4 |
/// | about to sleep | 3 | under 2 |
/// | at risk | 1 to 2 | 3 and more |
/// | hibernating | 1 to 2 | 2 to under 3 |
/// | lost | 1 to 2 | under 2 |
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values, times that are none, or amounts
/// that are no finite numbers.
///
/// ```
/// use casebook::prelude::*;
///
/// let orders = warehouse::files::read("data/samples/orders.csv")?;
/// let end = chrono::NaiveDate::from_ymd_opt(2024, 5, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
/// let scores = segment::rfm(&orders, end)?;
/// assert_eq!(scores.column("f")?.i64()?.max(), Some(5));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn rfm(orders: &dyn Source, as_of: NaiveDateTime) -> Result<DataFrame> {
    let frame = fetch(orders, "orders", &[USER, "order_id", TIME, "amount"])?;
    let moments = Moments::new(&frame, "orders", TIME)?;
    let amount = finite(&frame, "orders", "amount")?;
    let users = Numbered::new(full(&frame, "orders", USER)?)?;
    let order_codes = Numbered::new(full(&frame, "orders", "order_id")?)?.codes;
    let end = moments.at(as_of);
    let codes: Vec<u32> = users
        .codes
        .iter()
        .zip(moments.micros.iter())
        .map(|(code, at)| if *at < end { *code } else { NOBODY })
        .collect();
    let mut grouped = Grouped::new(&codes, users.count(), |row| row);
    let mut rows = vec![];
    let (mut recency, mut frequency, mut monetary) = (vec![], vec![], vec![]);
    let mut distinct: Vec<u32> = vec![];
    for mut part in grouped.parts() {
        for n in 0..part.users() {
            let mine = part.of(n);
            let Some(first) = mine.first().copied() else { continue };
            // Sums are made in an order that does not depend on that of the rows.
            mine.sort_unstable_by(|a, b| amount[*a].total_cmp(&amount[*b]));
            rows.push(users.firsts()[users.codes[first] as usize]);
            let last = mine.iter().map(|row| moments.micros[*row]).max().unwrap_or(end);
            recency.push((end - last) as f64 / DAY as f64);
            distinct.clear();
            distinct.extend(mine.iter().map(|row| order_codes[*row]));
            distinct.sort_unstable();
            distinct.dedup();
            frequency.push(distinct.len() as i64);
            monetary.push(mine.iter().map(|row| amount[*row]).sum::<f64>());
        }
    }
    let r = quintiles(&recency.iter().map(|days: &f64| -days).collect::<Vec<_>>());
    let f = quintiles(&frequency.iter().map(|n| *n as f64).collect::<Vec<_>>());
    let m = quintiles(&monetary);
    let names: Vec<&str> = (0..r.len()).map(|at| name_of(r[at], f[at] + m[at])).collect();
    let ids = frame.column(USER)?.take(&IdxCa::from_vec("row".into(), rows))?;
    let mut table = df!(
        "recency_days" => recency, "frequency" => frequency, "monetary" => monetary,
        "r" => r, "f" => f, "m" => m, "segment" => names,
    )?;
    table.insert_column(0, ids)?;
    Ok(table.sort([USER], SortMultipleOptions::default())?)
}

/// The fifth in which each value lies, by its mid-rank: 1 for the lowest.
fn quintiles(values: &[f64]) -> Vec<i64> {
    let n = values.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut scores = vec![0; n];
    let mut below = 0;
    for same in order.chunk_by(|a, b| values[*a] == values[*b]) {
        // The mid-rank less a half, in halves: 2 × below + same. Whole numbers: no rounding at the edges.
        let doubled = 2 * below + same.len();
        let score = (5 * doubled).div_ceil(2 * n) as i64;
        for row in same {
            scores[*row] = score;
        }
        below += same.len();
    }
    scores
}

fn name_of(r: i64, f_and_m: i64) -> &'static str {
    match (r, f_and_m) {
        (4.., 8..) => "champions",
        (4.., 4..) => "promising",
        (4.., _) => "new",
        (3, 8..) => "loyal",
        (3, 4..) => "needs attention",
        (3, _) => "about to sleep",
        (_, 6..) => "at risk",
        (_, 4..) => "hibernating",
        _ => "lost",
    }
}

/// How many clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum K {
    /// So many.
    Fixed(usize),
    /// The number, of those from the first to the second, with the highest silhouette.
    Silhouette(usize, usize),
}

/// How to cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Clusters {
    k: K,
    seed: u64,
    starts: usize,
    sample: usize,
    from: Option<Vec<Vec<f64>>>,
}

impl Default for Clusters {
    /// 2 to 8 clusters by silhouette, seed 42, 10 starts, silhouettes of at most 2,000 users.
    fn default() -> Clusters {
        Clusters { k: K::Silhouette(2, 8), seed: 42, starts: 10, sample: 2_000, from: None }
    }
}

impl Clusters {
    /// How many clusters.
    pub fn k(mut self, k: K) -> Clusters {
        self.k = k;
        self
    }

    /// What the starts, and the sample for the silhouette, are drawn with.
    pub fn seed(mut self, seed: u64) -> Clusters {
        self.seed = seed;
        self
    }

    /// From how many random starts; the result with the lowest inertia is kept.
    pub fn starts(mut self, starts: usize) -> Clusters {
        self.starts = starts;
        self
    }

    /// How many users a silhouette is computed from, at most: it takes the square of this.
    pub fn sample(mut self, users: usize) -> Clusters {
        self.sample = users;
        self
    }

    /// Starts once, from these centroids, in standardised units.
    pub fn from(mut self, centroids: Vec<Vec<f64>>) -> Clusters {
        self.k = K::Fixed(centroids.len());
        self.from = Some(centroids);
        self
    }
}

/// What [`kmeans`] finds.
#[derive(Debug, Clone)]
pub struct Found {
    /// One row per user, in the order of `users`: its columns other than the features, then `cluster`
    /// (i64, from 1), `name` (text), `distance` (f64: to the centroid, in standard deviations), `pc1`, `pc2`
    /// (f64: the first two principal components, for plotting).
    pub users: DataFrame,
    /// One row per cluster: `cluster`, `name`, `users` (i64), `share` (f64), then for each feature its mean
    /// (in its own unit) and `z_` and its name: the mean in standard deviations from everybody's.
    pub centroids: DataFrame,
    /// One row per number of clusters tried: `k`, `silhouette`, `inertia` (f64), `chosen` (bool).
    pub choice: DataFrame,
}

/// K-means on standardised features.
///
/// Features are standardised (mean 0, standard deviation 1; one that never varies becomes 0). Lloyd's
/// algorithm runs from k-means++ starts to its end, when no user changes cluster. Clusters are numbered by
/// size, the largest first, and named by what sets their centroid apart: features half a standard
/// deviation or more above or below the mean, the furthest first.
///
/// Reads `users`: one row per user; `features`: columns of numbers. The result does not depend on the
/// thread count; it may depend on the order of rows, as starts are drawn from them.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for values that are empty or not finite;
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for fewer different users than clusters, no
/// features, or starts of the wrong shape.
///
/// # Source
/// As in the [module](self). Written here because the kept crate for it (linfa-clustering 0.8) counts the
/// old centroid as one more point, so that from the same start it may end elsewhere than Lloyd's algorithm.
///
/// ```
/// use casebook::metrics::segment::{Clusters, K};
/// use casebook::prelude::*;
///
/// let customers = warehouse::files::read("data/samples/customers.csv")?;
/// let features = &["orders", "spent", "days_since_last"];
/// let found = segment::kmeans(&customers, features, &Clusters::default().k(K::Silhouette(2, 4)))?;
/// assert_eq!(found.choice.height(), 3);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn kmeans(users: &dyn Source, features: &[&str], how: &Clusters) -> Result<Found> {
    let frame = users.scan().collect()?;
    require(&frame, "users", features)?;
    let points = Points::new(&frame, features)?;
    let asked = match how.k {
        K::Fixed(k) => k,
        K::Silhouette(_, most) => most,
    };
    let distinct = points.distinct(asked.saturating_add(1));
    let (least, most) = match how.k {
        K::Fixed(k) => (k, k),
        K::Silhouette(least, most) => (least, most.min(distinct.saturating_sub(1)).max(least)),
    };
    let silhouettes = matches!(how.k, K::Silhouette(..));
    if features.is_empty() {
        return Err(Error::config("features", "none", "one column or more"));
    }
    if least < 1 + usize::from(silhouettes) || least > most || most > distinct {
        let value = if least == most { format!("{least}") } else { format!("{least} to {most}") };
        let accepted = format!(
            "{} up to the number of different users, {distinct}{}",
            1 + usize::from(silhouettes),
            if distinct > most { " or more" } else { "" },
        );
        return Err(Error::config("k", value, accepted));
    }
    if how.starts == 0 || how.sample < 2 {
        return Err(Error::config("starts", how.starts, "1 or more, and a sample of 2 or more"));
    }
    if let Some(from) = &how.from
        && from.iter().any(|one| one.len() != features.len() || one.iter().any(|x| !x.is_finite()))
    {
        let accepted = format!("{} finite numbers each", features.len());
        return Err(Error::config("from", format!("{from:?}"), accepted));
    }
    let sample = points.sample(how.sample, how.seed);
    let mut tried = vec![];
    for k in least..=most {
        let best = match &how.from {
            Some(from) => points.lloyd(from.concat()),
            None => (0..how.starts)
                .map(|start| points.lloyd(points.plus_plus(k, how.seed, start as u64)))
                .reduce(|a, b| if b.inertia < a.inertia { b } else { a })
                .ok_or_else(|| Error::config("starts", 0, "1 or more"))?,
        };
        let labels: Vec<usize> = sample.iter().map(|row| best.labels[*row] as usize).collect();
        let score = points.silhouette_of(&sample, &labels, k);
        tried.push((k, score, best));
    }
    let best = tried
        .iter()
        .enumerate()
        .max_by(|(i, a), (j, b)| {
            let score = |s: &Option<f64>| s.unwrap_or(f64::NEG_INFINITY);
            score(&a.1).total_cmp(&score(&b.1)).then(j.cmp(i))
        })
        .map_or(0, |(at, _)| at);
    let choice = df!(
        "k" => tried.iter().map(|t| t.0 as i64).collect::<Vec<_>>(),
        "silhouette" => tried.iter().map(|t| t.1).collect::<Vec<_>>(),
        "inertia" => tried.iter().map(|t| t.2.inertia).collect::<Vec<_>>(),
        "chosen" => (0..tried.len()).map(|at| at == best).collect::<Vec<_>>(),
    )?;
    let (k, _, fit) = tried.swap_remove(best);
    points.report(&frame, features, k, &fit, choice)
}

/// Standardised points, row by row.
struct Points {
    dims: usize,
    rows: usize,
    values: Vec<f64>,
    means: Vec<f64>,
    scales: Vec<f64>,
}

struct Fit {
    labels: Vec<u32>,
    centroids: Vec<f64>,
    inertia: f64,
}

/// Rows that a thread takes at once. Sums are made per stretch and added in order, so that the thread
/// count does not matter.
const STRETCH: usize = 4_096;

impl Points {
    fn new(frame: &DataFrame, features: &[&str]) -> Result<Points> {
        let (dims, rows) = (features.len(), frame.height());
        let mut values = vec![0.0; dims * rows];
        let (mut means, mut scales) = (vec![], vec![]);
        for (dim, feature) in features.iter().enumerate() {
            let column = finite(frame, "users", feature)?;
            let n = column.len() as f64;
            let mean = column.iter().sum::<f64>() / n;
            let scale = (column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
            // What varies by rounding alone does not vary.
            let scale = if scale > 1e-12 * mean.abs() { scale } else { 0.0 };
            for (row, x) in column.iter().enumerate() {
                values[row * dims + dim] = if scale > 0.0 { (x - mean) / scale } else { 0.0 };
            }
            means.push(mean);
            scales.push(scale);
        }
        Ok(Points { dims, rows, values, means, scales })
    }

    fn at(&self, row: usize) -> &[f64] {
        &self.values[row * self.dims..(row + 1) * self.dims]
    }

    /// How many different points there are, counted up to `enough`.
    fn distinct(&self, enough: usize) -> usize {
        let mut seen: BTreeSet<Vec<u64>> = BTreeSet::new();
        for row in 0..self.rows {
            seen.insert(self.at(row).iter().map(|x| (x + 0.0).to_bits()).collect());
            if seen.len() >= enough {
                break;
            }
        }
        seen.len()
    }

    fn sample(&self, most: usize, seed: u64) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..self.rows).collect();
        if self.rows > most {
            let (drawn, _) = rows.partial_shuffle(&mut stream(seed, "silhouette", 0), most);
            rows = drawn.to_vec();
        }
        rows.sort_unstable();
        rows
    }

    /// Starting centroids: the first at random, each next with a chance that grows with the square of its
    /// distance from those there are.
    fn plus_plus(&self, k: usize, seed: u64, start: u64) -> Vec<f64> {
        let mut rng = stream(seed, "k-means++", start);
        let mut centroids = self.at(rng.random_range(0..self.rows)).to_vec();
        let mut nearest = vec![f64::INFINITY; self.rows];
        while centroids.len() < k * self.dims {
            let newest = &centroids[centroids.len() - self.dims..];
            let sums: Vec<f64> = nearest
                .par_chunks_mut(STRETCH)
                .enumerate()
                .map(|(stretch, nearest)| {
                    let mut sum = 0.0;
                    for (place, nearest) in nearest.iter_mut().enumerate() {
                        let point = self.at(stretch * STRETCH + place);
                        *nearest = nearest.min(distance(point, newest));
                        sum += *nearest;
                    }
                    sum
                })
                .collect();
            let mut left = rng.random_range(0.0..1.0) * sums.iter().sum::<f64>();
            let mut chosen = None;
            let furthest = nearest.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            for (row, distance) in nearest.iter().enumerate() {
                left -= distance;
                if left < 0.0 && *distance > 0.0 {
                    chosen = Some(row);
                    break;
                }
            }
            let row = chosen.or(furthest.map(|(row, _)| row)).unwrap_or(0);
            centroids.extend_from_slice(self.at(row));
        }
        centroids
    }

    /// Lloyd's algorithm to its end. A cluster that loses its last user takes the point furthest from its
    /// centroid.
    fn lloyd(&self, mut centroids: Vec<f64>) -> Fit {
        let dims = self.dims;
        let k = centroids.len() / dims.max(1);
        let mut labels = vec![u32::MAX; self.rows];
        let mut distances = vec![0.0; self.rows];
        // Ends by itself: every round lowers the inertia or changes nothing. The limit is for the rounding.
        for _ in 0..10_000 {
            let parts: Vec<Assigned> = labels
                .par_chunks_mut(STRETCH)
                .zip(distances.par_chunks_mut(STRETCH))
                .enumerate()
                .map(|(stretch, (labels, distances))| {
                    let rows = &self.values[stretch * STRETCH * dims..];
                    assign(rows, dims, &centroids, labels, distances)
                })
                .collect();
            if !parts.iter().any(|part| part.0) {
                break;
            }
            let (mut sums, mut counts) = (vec![0.0; k * dims], vec![0.0; k]);
            for (_, part_sums, part_counts) in &parts {
                sums.iter_mut().zip(part_sums).for_each(|(all, part)| *all += part);
                counts.iter_mut().zip(part_counts).for_each(|(all, part)| *all += part);
            }
            let mut taken: BTreeSet<usize> = BTreeSet::new();
            for cluster in 0..k {
                if counts[cluster] > 0.0 {
                    continue;
                }
                let furthest = (0..self.rows)
                    .filter(|row| !taken.contains(row) && counts[labels[*row] as usize] > 1.0)
                    .max_by(|a, b| distances[*a].total_cmp(&distances[*b]).then(b.cmp(a)));
                let Some(row) = furthest else { continue };
                taken.insert(row);
                let from = labels[row] as usize;
                for dim in 0..dims {
                    sums[from * dims + dim] -= self.at(row)[dim];
                    sums[cluster * dims + dim] = self.at(row)[dim];
                }
                counts[from] -= 1.0;
                counts[cluster] = 1.0;
            }
            for cluster in (0..k).filter(|cluster| counts[*cluster] > 0.0) {
                for dim in 0..dims {
                    centroids[cluster * dims + dim] = sums[cluster * dims + dim] / counts[cluster];
                }
            }
        }
        let inertia = distances.iter().sum();
        Fit { labels, centroids, inertia }
    }

    /// The mean silhouette of some rows.
    fn silhouette_of(&self, rows: &[usize], labels: &[usize], k: usize) -> Option<f64> {
        let mut counts = vec![0.0; k];
        for label in labels {
            counts[*label] += 1.0;
        }
        if counts.iter().filter(|count| **count > 0.0).count() < 2 {
            return None;
        }
        let scores: Vec<f64> = rows
            .par_iter()
            .zip(labels)
            .map(|(row, own)| {
                if counts[*own] <= 1.0 {
                    return 0.0;
                }
                let mut sums = vec![0.0; k];
                for (other, label) in rows.iter().zip(labels) {
                    sums[*label] += distance(self.at(*row), self.at(*other)).sqrt();
                }
                let inside = sums[*own] / (counts[*own] - 1.0);
                let outside = (0..k)
                    .filter(|cluster| cluster != own && counts[*cluster] > 0.0)
                    .map(|cluster| sums[cluster] / counts[cluster])
                    .fold(f64::INFINITY, f64::min);
                let widest = inside.max(outside);
                if widest > 0.0 { (outside - inside) / widest } else { 0.0 }
            })
            .collect();
        Some(scores.iter().sum::<f64>() / scores.len() as f64)
    }

    /// The directions in which the points vary most, with the share of the variance along each.
    fn components(&self) -> Vec<(f64, Vec<f64>)> {
        let d = self.dims;
        let n = self.rows as f64;
        let mean: Vec<f64> =
            (0..d).map(|i| (0..self.rows).map(|row| self.at(row)[i]).sum::<f64>() / n).collect();
        let mut covariance = DMatrix::<f64>::zeros(d, d);
        for row in 0..self.rows {
            let point = self.at(row);
            for i in 0..d {
                for j in 0..=i {
                    covariance[(i, j)] += (point[i] - mean[i]) * (point[j] - mean[j]) / n;
                }
            }
        }
        for i in 0..d {
            for j in i + 1..d {
                covariance[(i, j)] = covariance[(j, i)];
            }
        }
        let total = covariance.trace();
        let found = SymmetricEigen::new(covariance);
        let mut order: Vec<usize> = (0..d).collect();
        order.sort_by(|a, b| found.eigenvalues[*b].total_cmp(&found.eigenvalues[*a]));
        order
            .into_iter()
            .map(|at| {
                let mut vector: Vec<f64> = found.eigenvectors.column(at).iter().copied().collect();
                // A direction has two signs: its largest part is made positive.
                let largest = vector
                    .iter()
                    .copied()
                    .fold(0.0, |a: f64, b| if b.abs() > a.abs() + 1e-9 { b } else { a });
                if largest < 0.0 {
                    vector.iter_mut().for_each(|x| *x = -*x);
                }
                let share = if total > 0.0 { found.eigenvalues[at].max(0.0) / total } else { 0.0 };
                (share, vector)
            })
            .collect()
    }

    fn project(&self, direction: Option<&Vec<f64>>) -> Vec<f64> {
        (0..self.rows)
            .map(|row| {
                direction.map_or(0.0, |d| self.at(row).iter().zip(d).map(|(x, d)| x * d).sum())
            })
            .collect()
    }

    fn report(
        &self,
        frame: &DataFrame,
        features: &[&str],
        k: usize,
        fit: &Fit,
        choice: DataFrame,
    ) -> Result<Found> {
        let mut counts = vec![0_i64; k];
        for label in &fit.labels {
            counts[*label as usize] += 1;
        }
        let centroid =
            |cluster: usize| &fit.centroids[cluster * self.dims..(cluster + 1) * self.dims];
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by(|a, b| {
            let by_place = || {
                let pairs = centroid(*a).iter().zip(centroid(*b));
                pairs
                    .map(|(x, y)| y.total_cmp(x))
                    .find(|o| o.is_ne())
                    .unwrap_or(std::cmp::Ordering::Equal)
            };
            counts[*b].cmp(&counts[*a]).then_with(by_place)
        });
        let mut number = vec![0; k];
        for (place, cluster) in order.iter().enumerate() {
            number[*cluster] = place;
        }
        let centroids: Vec<&[f64]> = order.iter().map(|cluster| centroid(*cluster)).collect();
        let names = names(&centroids, features);
        let mut columns = vec![
            Column::new("cluster".into(), (1..=k as i64).collect::<Vec<_>>()),
            Column::new("name".into(), names.clone()),
            Column::new("users".into(), order.iter().map(|c| counts[*c]).collect::<Vec<_>>()),
            Column::new(
                "share".into(),
                order.iter().map(|c| counts[*c] as f64 / self.rows as f64).collect::<Vec<_>>(),
            ),
        ];
        for (dim, feature) in features.iter().enumerate() {
            let own: Vec<f64> =
                centroids.iter().map(|c| self.means[dim] + self.scales[dim] * c[dim]).collect();
            columns.push(Column::new((*feature).into(), own));
        }
        for (dim, feature) in features.iter().enumerate() {
            let z: Vec<f64> = centroids.iter().map(|c| c[dim]).collect();
            columns.push(Column::new(format!("z_{feature}").into(), z));
        }
        let labels: Vec<usize> = fit.labels.iter().map(|label| number[*label as usize]).collect();
        let distances: Vec<f64> = (0..self.rows)
            .map(|row| distance(self.at(row), centroids[labels[row]]).sqrt())
            .collect();
        let components = self.components();
        let mut users = frame.drop_many(features.iter().copied());
        users.with_column(Column::new(
            "cluster".into(),
            labels.iter().map(|l| *l as i64 + 1).collect::<Vec<_>>(),
        ))?;
        users.with_column(Column::new(
            "name".into(),
            labels.iter().map(|l| names[*l].as_str()).collect::<Vec<_>>(),
        ))?;
        users.with_column(Column::new("distance".into(), distances))?;
        for (place, name) in ["pc1", "pc2"].into_iter().enumerate() {
            let along = self.project(components.get(place).map(|c| &c.1));
            users.with_column(Column::new(name.into(), along))?;
        }
        Ok(Found { users, centroids: DataFrame::new_infer_height(columns)?, choice })
    }
}

/// Whether any row's centroid changed, and of each cluster the sum and the number of its rows.
type Assigned = (bool, Vec<f64>, Vec<f64>);

/// Gives each row the nearest centroid, of equals the first.
fn assign(
    rows: &[f64],
    dims: usize,
    centroids: &[f64],
    labels: &mut [u32],
    distances: &mut [f64],
) -> Assigned {
    // With the number of features known, the compiler unrolls the innermost loop: twice as fast.
    match dims {
        1 => assign_fixed::<1>(rows, centroids, labels, distances),
        2 => assign_fixed::<2>(rows, centroids, labels, distances),
        3 => assign_fixed::<3>(rows, centroids, labels, distances),
        4 => assign_fixed::<4>(rows, centroids, labels, distances),
        5 => assign_fixed::<5>(rows, centroids, labels, distances),
        6 => assign_fixed::<6>(rows, centroids, labels, distances),
        _ => {
            let (rows, centroids) = (rows.chunks_exact(dims), centroids.chunks_exact(dims));
            assign_to(rows, centroids, dims, labels, distances)
        }
    }
}

fn assign_fixed<const D: usize>(
    rows: &[f64],
    centroids: &[f64],
    labels: &mut [u32],
    distances: &mut [f64],
) -> Assigned {
    let (rows, centroids) = (rows.as_chunks::<D>().0, centroids.as_chunks::<D>().0);
    assign_to(rows.iter(), centroids.iter(), D, labels, distances)
}

#[inline(always)]
fn assign_to<'d, P: AsRef<[f64]> + ?Sized + 'd>(
    rows: impl Iterator<Item = &'d P>,
    centroids: impl ExactSizeIterator<Item = &'d P> + Clone,
    dims: usize,
    labels: &mut [u32],
    distances: &mut [f64],
) -> Assigned {
    let k = centroids.len();
    let (mut sums, mut counts) = (vec![0.0; k * dims], vec![0.0; k]);
    let mut changed = false;
    for ((point, label), nearest) in rows.zip(labels).zip(distances) {
        let point = point.as_ref();
        let (mut best, mut least) = (0, f64::INFINITY);
        for (cluster, centroid) in centroids.clone().enumerate() {
            let far = distance(point, centroid.as_ref());
            if far < least {
                (best, least) = (cluster, far);
            }
        }
        changed |= *label != best as u32;
        *label = best as u32;
        *nearest = least;
        counts[best] += 1.0;
        for (sum, x) in sums[best * dims..(best + 1) * dims].iter_mut().zip(point) {
            *sum += x;
        }
    }
    (changed, sums, counts)
}

/// The squared distance.
#[inline(always)]
fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// "high orders, low recency": what sets a centroid apart. Equal names get what tells them apart, at last
/// a number.
fn names(centroids: &[&[f64]], features: &[&str]) -> Vec<String> {
    let describe = |centroid: &[f64], most: usize| {
        let mut order: Vec<usize> = (0..features.len()).collect();
        order.sort_by(|a, b| centroid[*b].abs().total_cmp(&centroid[*a].abs()));
        let parts: Vec<String> = order
            .into_iter()
            .filter(|dim| centroid[*dim].abs() >= 0.5)
            .take(most)
            .map(|dim| {
                let side = if centroid[dim] > 0.0 { "high" } else { "low" };
                format!("{side} {}", features[dim])
            })
            .collect();
        if parts.is_empty() { "average".to_owned() } else { parts.join(", ") }
    };
    let mut names: Vec<String> = centroids.iter().map(|c| describe(c, 2)).collect();
    let repeated = |names: &[String]| -> Vec<bool> {
        names.iter().map(|name| names.iter().filter(|other| *other == name).count() > 1).collect()
    };
    for (at, twice) in repeated(&names).into_iter().enumerate() {
        if twice {
            names[at] = describe(centroids[at], features.len());
        }
    }
    let twice = repeated(&names);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (at, twice) in twice.into_iter().enumerate() {
        if twice {
            let n = counts.entry(names[at].clone()).or_default();
            *n += 1;
            names[at] = format!("{} ({n})", names[at]);
        }
    }
    names
}

/// The principal components of standardised features.
///
/// Reads `users` and `features` as [`kmeans`]. Returns one row per component: `component` (i64, from 1),
/// `explained` (f64: its share of the variance), and for each feature its loading (f64; the largest is
/// positive).
///
/// # Errors
/// As [`kmeans`].
///
/// ```
/// use casebook::prelude::*;
///
/// let customers = warehouse::files::read("data/samples/customers.csv")?;
/// let found = segment::components(&customers, &["orders", "spent", "days_since_last"])?;
/// assert!(found.column("explained")?.f64()?.get(0) > Some(0.5));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn components(users: &dyn Source, features: &[&str]) -> Result<DataFrame> {
    let frame = fetch(users, "users", features)?;
    if features.is_empty() || frame.height() == 0 {
        return Err(Error::config("features", "none", "one column or more, with values"));
    }
    let found = Points::new(&frame, features)?.components();
    let mut columns = vec![
        Column::new("component".into(), (1..=found.len() as i64).collect::<Vec<_>>()),
        Column::new("explained".into(), found.iter().map(|c| c.0).collect::<Vec<_>>()),
    ];
    for (dim, feature) in features.iter().enumerate() {
        columns.push(Column::new(
            (*feature).into(),
            found.iter().map(|c| c.1[dim]).collect::<Vec<_>>(),
        ));
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

/// The mean silhouette of a given clustering, on standardised features: near 1 if users lie far closer to
/// their own cluster than to the next, 0 if between. `None` with a single cluster. Takes the square of
/// the number of rows.
///
/// Reads `users`: the features, and `labels`: a column of cluster labels.
///
/// # Errors
/// As [`kmeans`].
///
/// ```
/// use casebook::metrics::segment::{Clusters, K};
/// use casebook::prelude::*;
///
/// let customers = warehouse::files::read("data/samples/customers.csv")?;
/// let features = &["orders", "spent", "days_since_last"];
/// let found = segment::kmeans(&customers, features, &Clusters::default().k(K::Fixed(2)))?;
/// let labelled = customers.hstack(&[found.users.column("cluster")?.clone()])?;
/// assert!(segment::silhouette(&labelled, features, "cluster")? > Some(0.5));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn silhouette(users: &dyn Source, features: &[&str], labels: &str) -> Result<Option<f64>> {
    let mut columns = features.to_vec();
    columns.push(labels);
    let frame = fetch(users, "users", &columns)?;
    let numbered = Numbered::new(full(&frame, "users", labels)?)?;
    let points = Points::new(&frame, features)?;
    let rows: Vec<usize> = (0..points.rows).collect();
    let labels: Vec<usize> = numbered.codes.iter().map(|code| *code as usize).collect();
    Ok(points.silhouette_of(&rows, &labels, numbered.count()))
}

/// How far two clusterings agree, beyond chance: 1 if they are the same, about 0 if unrelated (adjusted
/// Rand index). `None` for fewer than two rows.
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
