//! Principal components of users' features.

use polars::prelude::*;

use super::{distinct, unique};
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::metrics::timeline::fetch;
use crate::stats::principal;

/// Computes the principal components of standardised features.
///
/// Reads `users` and `features` as [`kmeans`](super::kmeans()) does. Returns one row per component: `component` (i64, from 1),
/// `explained` (f64: its share of the variance), and for each feature its loading (f64; the largest is
/// positive).
///
/// # Errors
/// As [`kmeans`](super::kmeans()).
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
    let points = super::points(&fetch(users, "users", &distinct(features)?)?, features)?;
    if points.rows == 0 {
        return Err(Error::config("users", "empty", "one row or more"));
    }
    let found = principal::components(&points);
    let mut columns = vec![
        Column::new("component".into(), (1..=found.len() as i64).collect::<Vec<_>>()),
        Column::new("explained".into(), found.iter().map(|one| one.explained).collect::<Vec<_>>()),
    ];
    for (dim, feature) in features.iter().enumerate() {
        let loadings: Vec<f64> = found.iter().map(|one| one.loadings[dim]).collect();
        columns.push(Column::new((*feature).into(), loadings));
    }
    unique("features", &columns)?;
    Ok(DataFrame::new_infer_height(columns)?)
}
