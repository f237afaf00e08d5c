//! Names for clusters: what sets each centroid apart.

use std::collections::BTreeMap;

/// Names each centroid by the features in which it is furthest from the mean, such as "high orders, low recency". If
/// two names are equal, more features are added to them, and finally a number.
pub(super) fn names(centroids: &[&[f64]], features: &[&str]) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_clusters_share_a_name() {
        let features = ["orders", "spent", "age"];
        let far = [[2.0, 1.0, 0.6], [2.0, 1.0, -0.6], [0.1, 0.0, 0.2], [0.2, 0.1, 0.0]];
        let centroids: Vec<&[f64]> = far.iter().map(|one| one.as_slice()).collect();
        let expected = [
            "high orders, high spent, high age",
            "high orders, high spent, low age",
            "average (1)",
            "average (2)",
        ];
        assert_eq!(names(&centroids, &features), expected);
    }
}
