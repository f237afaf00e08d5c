//! K-means on users' features.

use polars::prelude::*;
use rayon::prelude::*;

use super::naming::names;
use super::{distinct, points, unique};
use crate::error::{Error, Result};
use crate::metrics::{Source, absent, require};
use crate::stats::kmeans::{Fit, lloyd, plus_plus};
use crate::stats::points::{Points, distance};
use crate::stats::{principal, silhouette};

/// The number of clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum K {
    /// This many clusters.
    Fixed(usize),
    /// The number with the highest mean silhouette, from the first to the second.
    Silhouette(usize, usize),
}

/// The settings of [`kmeans`].
#[derive(Debug, Clone, PartialEq)]
pub struct KMeans {
    k: K,
    seed: u64,
    starts: usize,
    sample: usize,
    init: Option<Vec<Vec<f64>>>,
}

impl Default for KMeans {
    /// Tries 2 to 8 clusters and keeps the best silhouette; seed 42, 20 starts, silhouettes of at most 2,000
    /// users.
    fn default() -> KMeans {
        KMeans { k: K::Silhouette(2, 8), seed: 42, starts: 20, sample: 2_000, init: None }
    }
}

impl KMeans {
    /// Sets the number of clusters.
    pub fn k(mut self, k: K) -> KMeans {
        self.k = k;
        self
    }

    /// Sets the seed of the starts and of the silhouette's sample.
    pub fn seed(mut self, seed: u64) -> KMeans {
        self.seed = seed;
        self
    }

    /// Sets the number of random starts; the result with the lowest inertia is kept.
    pub fn starts(mut self, starts: usize) -> KMeans {
        self.starts = starts;
        self
    }

    /// Sets how many users a silhouette is computed from, at most; its cost grows with the square of this number.
    pub fn sample(mut self, users: usize) -> KMeans {
        self.sample = users;
        self
    }

    /// Starts once, from these centroids, in standardised units.
    pub fn init(mut self, centroids: Vec<Vec<f64>>) -> KMeans {
        self.k = K::Fixed(centroids.len());
        self.init = Some(centroids);
        self
    }
}

/// The result of [`kmeans`].
#[derive(Debug, Clone)]
pub struct Clustering {
    /// One row per user, in the order of `users`: its columns other than the features, then `cluster`
    /// (i64, from 1), `name` (text), `distance` (f64: to the centroid, in standard deviations), `pc1`, `pc2`
    /// (f64: the first two principal components, for plotting).
    pub users: DataFrame,
    /// One row per cluster: `cluster`, `name`, `users` (i64), `share` (f64), then two columns for each feature: its
    /// mean, in its own unit, and the same in standard deviations from the overall mean, as `z_` and the feature's
    /// name.
    pub centroids: DataFrame,
    /// One row per number of clusters tried: `k`, `silhouette`, `inertia` (f64), `chosen` (bool).
    pub choice: DataFrame,
}

/// The columns that [`Clustering::users`] adds.
const ADDED: [&str; 5] = ["cluster", "name", "distance", "pc1", "pc2"];

/// Groups users by k-means on standardised features.
///
/// Features are standardised (mean 0, standard deviation 1; one that never varies becomes 0). Lloyd's algorithm runs
/// from greedy k-means++ starts until no user changes cluster. Clusters are numbered by size, the largest first, and
/// named after what sets their centroid apart: features at least half a standard deviation above or below the mean, the
/// furthest first.
///
/// Reads `users`: one row per user; `features`: columns of numbers. The result depends neither on the order of
/// rows nor on the thread count.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for features that are empty or not finite, and for a column
/// of `users` with the name of one that [`Clustering::users`] adds;
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for fewer different users than clusters, for no
/// features, a feature twice or one with the name of a column of [`Clustering::centroids`], and for starting centroids
/// of the wrong shape.
///
/// # Source
/// As in the [module](super). We wrote our own because the maintained crate for it (linfa-clustering 0.8) counts the
/// old centroid as one more point, so it may end elsewhere than Lloyd's algorithm from the same start.
///
/// ```
/// use casebook::metrics::segment::{K, KMeans};
/// use casebook::prelude::*;
///
/// let customers = warehouse::files::read("data/samples/customers.csv")?;
/// let features = &["orders", "spent", "days_since_last"];
/// let found = segment::kmeans(&customers, features, &KMeans::default().k(K::Silhouette(2, 4)))?;
/// assert_eq!(found.choice.height(), 3);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn kmeans(users: &dyn Source, features: &[&str], how: &KMeans) -> Result<Clustering> {
    let frame = users.scan().collect()?;
    require(&frame, "users", &distinct(features)?)?;
    absent(&frame, "users", &ADDED)?;
    let points = points(&frame, features)?;
    let ks = how.range(&points)?;
    how.check(features.len())?;
    let sample = points.sample(how.sample, how.seed);
    let mut tried = vec![];
    for k in ks {
        let best = match &how.init {
            Some(centroids) => lloyd(&points, centroids.concat()),
            // Of equals the first, whichever is done first.
            None => (0..how.starts)
                .into_par_iter()
                .map(|start| lloyd(&points, plus_plus(&points, k, how.seed, start as u64)))
                .reduce_with(|a, b| if b.inertia < a.inertia { b } else { a })
                .ok_or_else(|| Error::config("starts", 0, "1 or more"))?,
        };
        let labels: Vec<usize> = sample.iter().map(|at| best.labels[*at] as usize).collect();
        let score = silhouette::mean(&points, &sample, &labels, k);
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
    report(&points, &frame, features, k, &fit, choice)
}

impl KMeans {
    /// The numbers of clusters to try.
    fn range(&self, points: &Points) -> Result<std::ops::RangeInclusive<usize>> {
        let (asked, fewest) = match self.k {
            K::Fixed(k) => (k, 1),
            K::Silhouette(_, most) => (most, 2),
        };
        let distinct = points.distinct(asked.saturating_add(1));
        let (least, most) = match self.k {
            K::Fixed(k) => (k, k),
            K::Silhouette(least, most) => (least, most.min(distinct.saturating_sub(1)).max(least)),
        };
        if least < fewest || least > most || most > distinct {
            let value =
                if least == most { format!("{least}") } else { format!("{least} to {most}") };
            let more = if distinct > most { " or more" } else { "" };
            let accepted =
                format!("{fewest} up to the number of different users, {distinct}{more}");
            return Err(Error::config("k", value, accepted));
        }
        Ok(least..=most)
    }

    fn check(&self, dims: usize) -> Result<()> {
        if self.starts == 0 {
            return Err(Error::config("starts", 0, "1 or more"));
        }
        if self.sample < 2 {
            return Err(Error::config("sample", self.sample, "2 users or more"));
        }
        let wrong = |one: &&Vec<f64>| one.len() != dims || one.iter().any(|x| !x.is_finite());
        match self.init.iter().flatten().find(wrong) {
            None => Ok(()),
            Some(one) => {
                let accepted = format!("{dims} finite numbers for each centroid");
                Err(Error::config("init", format!("{one:?}"), accepted))
            }
        }
    }
}

/// Numbers the clusters by size, names them, and puts everything into frames.
fn report(
    points: &Points,
    frame: &DataFrame,
    features: &[&str],
    k: usize,
    fit: &Fit,
    choice: DataFrame,
) -> Result<Clustering> {
    let mut counts = vec![0_i64; k];
    for label in &fit.labels {
        counts[*label as usize] += 1;
    }
    let centroid = |cluster: usize| &fit.centroids[cluster * points.dims..][..points.dims];
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|a, b| {
        let by_place = || {
            let mut pairs = centroid(*a).iter().zip(centroid(*b)).map(|(x, y)| y.total_cmp(x));
            pairs.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        };
        counts[*b].cmp(&counts[*a]).then_with(by_place)
    });
    let mut number = vec![0; k];
    for (place, cluster) in order.iter().enumerate() {
        number[*cluster] = place;
    }
    let centroids: Vec<&[f64]> = order.iter().map(|cluster| centroid(*cluster)).collect();
    let names = names(&centroids, features);
    let shares = order.iter().map(|cluster| counts[*cluster] as f64 / points.rows as f64);
    let mut columns = vec![
        Column::new("cluster".into(), (1..=k as i64).collect::<Vec<_>>()),
        Column::new("name".into(), names.clone()),
        Column::new("users".into(), order.iter().map(|c| counts[*c]).collect::<Vec<_>>()),
        Column::new("share".into(), shares.collect::<Vec<_>>()),
    ];
    for (dim, feature) in features.iter().enumerate() {
        let own = centroids.iter().map(|c| points.means[dim] + points.scales[dim] * c[dim]);
        columns.push(Column::new((*feature).into(), own.collect::<Vec<f64>>()));
    }
    for (dim, feature) in features.iter().enumerate() {
        let z: Vec<f64> = centroids.iter().map(|c| c[dim]).collect();
        columns.push(Column::new(format!("z_{feature}").into(), z));
    }
    unique("features", &columns)?;

    let by_point: Vec<usize> = fit.labels.iter().map(|label| number[*label as usize]).collect();
    let far =
        |(place, label): (usize, &usize)| distance(points.at(place), centroids[*label]).sqrt();
    let distances: Vec<f64> = by_point.iter().enumerate().map(far).collect();
    let labels = points.by_row(&by_point);
    let components = principal::components(points);
    let along = |at: usize| points.by_row(&principal::project(points, components.get(at)));
    let mut users = frame.drop_many(features.iter().copied());
    let added = [
        Column::new(ADDED[0].into(), labels.iter().map(|l| *l as i64 + 1).collect::<Vec<_>>()),
        Column::new(ADDED[1].into(), labels.iter().map(|l| names[*l].as_str()).collect::<Vec<_>>()),
        Column::new(ADDED[2].into(), points.by_row(&distances)),
        Column::new(ADDED[3].into(), along(0)),
        Column::new(ADDED[4].into(), along(1)),
    ];
    for column in added {
        users.with_column(column)?;
    }
    Ok(Clustering { users, centroids: DataFrame::new_infer_height(columns)?, choice })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::segment::components;

    #[test]
    fn columns_of_the_users_are_not_overwritten() {
        for own in ADDED {
            let users = df!(own => ["keep", "these", "three"], "x" => [1.0, 2.0, 9.0]).unwrap();
            let error = kmeans(&users, &["x"], &KMeans::default().k(K::Fixed(2))).unwrap_err();
            assert!(error.to_string().contains(&format!("`{own}`")), "{error}");
        }
        let two = KMeans::default().k(K::Fixed(2));
        for features in [["share", "x"], ["z_x", "x"], ["x", "x"]] {
            let users = df!(
                "share" => [1.0, 2.0, 9.0], "z_x" => [1.0, 2.0, 9.0], "x" => [1.0, 2.0, 9.0],
            );
            let error = kmeans(&users.unwrap(), &features, &two).unwrap_err().to_string();
            let named = format!("`{}`", features[0]);
            assert!(error.contains("`features`") && error.contains(&named), "{error}");
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let n = 997_u64;
        let value = |k: u64, m: u64| (k * m % 1_009) as f64 / 7.0 + (k * 31 % 17) as f64 * 40.0;
        let frame = df!(
            "id" => (0..n).collect::<Vec<_>>(),
            "x" => (0..n).map(|k| value(k, 37)).collect::<Vec<_>>(),
            "y" => (0..n).map(|k| value(k, 101)).collect::<Vec<_>>(),
        )
        .unwrap();
        let how = KMeans::default().k(K::Silhouette(2, 6)).starts(2).sample(300);
        let one = kmeans(&frame, &["x", "y"], &how).unwrap();
        let turned = frame.reverse();
        let other = kmeans(&turned, &["x", "y"], &how).unwrap();
        assert!(one.choice.equals(&other.choice), "{} {}", one.choice, other.choice);
        assert!(one.centroids.equals(&other.centroids), "{} {}", one.centroids, other.centroids);
        assert!(one.users.equals(&other.users.reverse()));
        let [a, b] = [&frame, &turned].map(|frame| components(frame, &["x", "y"]).unwrap());
        assert!(a.equals(&b), "{a} {b}");
    }
}
