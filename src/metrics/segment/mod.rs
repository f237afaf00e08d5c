//! Segments: groups of users with similar behaviour.
//!
//! [`rfm()`] scores buyers by recency, frequency and monetary value; [`kmeans()`] finds groups in any numeric features.
//!
//! ```
//! use casebook::metrics::segment::{self, KMeans, K};
//! use casebook::polars::prelude::*;
//!
//! let users = df!(
//!     "user_id" => [1, 2, 3, 4, 5, 6],
//!     "orders" => [1, 2, 1, 20, 21, 22],
//!     "spent" => [10.0, 11.0, 9.0, 400.0, 410.0, 390.0],
//! )?;
//! let found = segment::kmeans(&users, &["orders", "spent"], &KMeans::default().k(K::Fixed(2)))?;
//! let names: Vec<&str> = found.centroids.column("name")?.str()?.iter().flatten().collect();
//! assert_eq!(names, ["high spent, high orders", "low spent, low orders"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! RFM: A. M. Hughes, Strategic Database Marketing. K-means: S. P. Lloyd (1982), with the greedy starts of
//! D. Arthur and S. Vassilvitskii (2007), "k-means++". Silhouette: P. J. Rousseeuw (1987). Adjusted Rand index:
//! L. Hubert and P. Arabie (1985).

mod agreement;
mod components;
mod kmeans;
mod naming;
mod rfm;

use polars::prelude::*;

use super::finite;
use crate::error::{Error, Result};
use crate::stats::points::Points;

pub use agreement::{adjusted_rand, silhouette};
pub use components::components;
pub use kmeans::{Clustering, K, KMeans, kmeans};
pub use rfm::rfm;

/// Checks that there is at least one feature, and none twice.
fn distinct<'f>(features: &[&'f str]) -> Result<Vec<&'f str>> {
    if features.is_empty() {
        return Err(Error::config("features", "none", "one column or more"));
    }
    match (1..features.len()).find(|at| features[..*at].contains(&features[*at])) {
        None => Ok(features.to_vec()),
        Some(at) => {
            let found = format!("`{}` twice", features[at]);
            Err(Error::config("features", found, "each column once"))
        }
    }
}

/// The users' features as points.
fn points(frame: &DataFrame, features: &[&str]) -> Result<Points> {
    let columns = features.iter().map(|feature| finite(frame, "users", feature));
    Ok(Points::new(&columns.collect::<Result<Vec<_>>>()?))
}

/// Checks that no feature has the name of a column of the result.
fn unique(field: &str, columns: &[Column]) -> Result<()> {
    let names: Vec<&str> = columns.iter().map(|column| column.name().as_str()).collect();
    match (1..names.len()).find(|at| names[..*at].contains(&names[*at])) {
        None => Ok(()),
        Some(at) => {
            let accepted = "a name that the result does not use itself; rename the column first";
            Err(Error::config(field, format!("`{}`", names[at]), accepted))
        }
    }
}
