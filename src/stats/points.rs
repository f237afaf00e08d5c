//! Points in the space of some features, standardised.

use std::collections::BTreeSet;

use rand::seq::SliceRandom;
use rayon::prelude::*;

use crate::stream::stream;

/// Standardised points, sorted by their features.
///
/// The order is the points' own, so that nothing computed from them (sums to the last digit, random starts,
/// samples) depends on the order of the rows they come from.
pub(crate) struct Points {
    pub dims: usize,
    pub rows: usize,
    /// Point by point.
    pub values: Vec<f64>,
    /// The mean of each feature, in its own unit.
    pub means: Vec<f64>,
    /// The population standard deviation of each feature; 0 for one that never varies.
    pub scales: Vec<f64>,
    /// The row that each point comes from.
    order: Vec<u32>,
}

impl Points {
    /// Standardises columns of finite numbers, all of the same length.
    pub fn new(columns: &[Vec<f64>]) -> Points {
        let (dims, rows) = (columns.len(), columns.first().map_or(0, Vec::len));
        let order = rising(columns, rows);
        let mut values = vec![0.0; dims * rows];
        let (mut means, mut scales) = (vec![], vec![]);
        for (dim, column) in columns.iter().enumerate() {
            let n = rows as f64;
            let column: Vec<f64> = order.par_iter().map(|row| column[*row as usize]).collect();
            let mean = column.iter().sum::<f64>() / n;
            let scale = (column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
            // What varies by rounding alone does not vary.
            let scale = if scale > 1e-12 * mean.abs() { scale } else { 0.0 };
            for (place, x) in column.iter().enumerate() {
                values[place * dims + dim] = if scale > 0.0 { (x - mean) / scale } else { 0.0 };
            }
            means.push(mean);
            scales.push(scale);
        }
        Points { dims, rows, values, means, scales, order }
    }

    pub fn at(&self, place: usize) -> &[f64] {
        &self.values[place * self.dims..(place + 1) * self.dims]
    }

    /// Returns one value per row, in the order of the rows, from one value per point.
    pub fn by_row<T: Copy + Default>(&self, by_point: &[T]) -> Vec<T> {
        let mut by_row = vec![T::default(); self.rows];
        for (row, value) in self.order.iter().zip(by_point) {
            by_row[*row as usize] = *value;
        }
        by_row
    }

    /// Returns one value per point, from one value per row.
    pub fn by_point<T: Copy>(&self, by_row: &[T]) -> Vec<T> {
        self.order.iter().map(|row| by_row[*row as usize]).collect()
    }

    /// Counts the different points, up to `enough`.
    pub fn distinct(&self, enough: usize) -> usize {
        let mut seen: BTreeSet<Vec<u64>> = BTreeSet::new();
        for place in 0..self.rows {
            seen.insert(self.at(place).iter().map(|x| (x + 0.0).to_bits()).collect());
            if seen.len() >= enough {
                break;
            }
        }
        seen.len()
    }

    /// Draws `most` points without replacement and returns their indices in ascending order.
    pub fn sample(&self, most: usize, seed: u64) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.rows).collect();
        if self.rows > most {
            let (drawn, _) = places.partial_shuffle(&mut stream(seed, "silhouette", 0), most);
            places = drawn.to_vec();
        }
        places.sort_unstable();
        places
    }
}

/// Sorts rows by the first column, then the second …
fn rising(columns: &[Vec<f64>], rows: usize) -> Vec<u32> {
    let Some((first, others)) = columns.split_first() else { return vec![] };
    // 0 and -0 are one number. The first column travels with the row: most comparisons end there.
    let mut keyed: Vec<(f64, u32)> = first.iter().map(|x| x + 0.0).zip(0..rows as u32).collect();
    keyed.par_sort_unstable_by(|a, b| {
        let key = |row: u32, column: &Vec<f64>| column[row as usize] + 0.0;
        a.0.total_cmp(&b.0)
            .then_with(|| {
                let mut each =
                    others.iter().map(|column| key(a.1, column).total_cmp(&key(b.1, column)));
                each.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
            })
            .then(a.1.cmp(&b.1))
    });
    keyed.into_iter().map(|(_, row)| row).collect()
}

/// The squared Euclidean distance.
#[inline(always)]
pub(crate) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_in_another_order_are_the_same_points() {
        let x: Vec<f64> = (0..500).map(|k| f64::from(k * 37 % 101) / 7.0).collect();
        let y: Vec<f64> = (0..500).map(|k| f64::from(k * 11 % 13) / 3.0).collect();
        let turned = |column: &[f64]| column.iter().rev().copied().collect::<Vec<f64>>();
        let one = Points::new(&[x.clone(), y.clone()]);
        let other = Points::new(&[turned(&x), turned(&y)]);
        assert_eq!(one.values, other.values);
        assert_eq!((&one.means, &one.scales), (&other.means, &other.scales));
        assert_eq!(one.by_row(&one.by_point(&x)), x);
    }
}
