//! Integrals by Gauss and Legendre's rule, panel by panel.
//!
//! # Source
//! M. Abramowitz and I. A. Stegun (1964), Handbook of Mathematical Functions, 25.4.30.

/// Where the rule of ten points looks, on either side of the middle of −1 to 1, and the weights there.
const POINTS: [(f64, f64); 5] = [
    (0.148_874_338_981_631_2, 0.295_524_224_714_752_9),
    (0.433_395_394_129_247_2, 0.269_266_719_309_996_3),
    (0.679_409_568_299_024_4, 0.219_086_362_515_982),
    (0.865_063_366_688_984_5, 0.149_451_349_150_580_6),
    (0.973_906_528_517_171_7, 0.066_671_344_308_688_1),
];

/// Returns the points, in their order, and the weights of a rule of ten points in each panel between neighbouring ends,
/// which must grow.
pub(crate) fn points(ends: &[f64]) -> Vec<(f64, f64)> {
    let mut all = Vec::with_capacity(10 * ends.len());
    for panel in ends.windows(2) {
        let (middle, half) = ((panel[0] + panel[1]) / 2.0, (panel[1] - panel[0]) / 2.0);
        let at = |x: f64, weight: f64| (middle + half * x, half * weight);
        all.extend(POINTS.iter().rev().map(|(x, weight)| at(-x, *weight)));
        all.extend(POINTS.iter().map(|(x, weight)| at(*x, *weight)));
    }
    all
}

/// Returns the same of equal panels no wider than `widest` from one end to another.
pub(crate) fn even_points(from: f64, to: f64, widest: f64) -> Vec<(f64, f64)> {
    let panels = ((to - from) / widest).ceil().max(1.0);
    let end = |panel: u32| from + (to - from) * f64::from(panel) / panels;
    points(&(0..=panels as u32).map(end).collect::<Vec<f64>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten points are exact for polynomials up to the 19th degree.
    #[test]
    fn polynomials_are_exact() {
        for degree in 0..20 {
            let found: f64 =
                points(&[0.0, 0.5, 2.0]).iter().map(|(x, weight)| weight * x.powi(degree)).sum();
            let exact = 2_f64.powi(degree + 1) / f64::from(degree + 1);
            assert!((found / exact - 1.0).abs() < 1e-13, "{degree}: {found}, not {exact}");
        }
    }

    #[test]
    fn panels_are_no_wider_than_asked() {
        let points = even_points(-1.0, 2.0, 0.7);
        assert_eq!(points.len(), 50);
        assert!(points.is_sorted_by_key(|point| point.0));
        assert!((points.iter().map(|point| point.1).sum::<f64>() - 3.0).abs() < 1e-13);
    }
}
