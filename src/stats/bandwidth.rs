//! How many neighbours a regression discontinuity looks at.
//!
//! # Source
//! G. W. Imbens and K. Kalyanaraman (2009), "Optimal bandwidth choice for the regression discontinuity estimator", NBER working paper
//! 14726.

use nalgebra::DMatrix;

use super::regression::Regression;

/// Returns Imbens and Kalyanaraman's bandwidth for a local line with triangular weights, at a cut of 0. All is computed in standard
/// deviations, so that it doesn't depend on units. None for too few points or distinct values.
pub(crate) fn imbens_kalyanaraman(points: &[(f64, f64)]) -> Option<f64> {
    let n = points.len() as f64;
    let spread = |of: fn(&(f64, f64)) -> f64| {
        let mean = points.iter().map(of).sum::<f64>() / n;
        let sum: f64 = points.iter().map(|point| (of(point) - mean).powi(2)).sum();
        Some((sum / (n - 1.0)).sqrt()).filter(|spread| *spread > 0.0 && spread.is_finite())
    };
    let (unit_x, unit_y) = (spread(|point| point.0)?, spread(|point| point.1)?);
    let scaled: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x / unit_x, y / unit_y)).collect();
    let (below, above): (Vec<_>, Vec<_>) = scaled.iter().copied().partition(|(x, _)| *x < 0.0);

    // The density of x and the variance of y at the cut.
    let pilot = 1.84 * n.powf(-0.2);
    let near = |side: &[(f64, f64)], reach: f64, open: bool| -> Vec<(f64, f64)> {
        let within = |x: f64| if open { x.abs() < reach } else { x.abs() <= reach };
        side.iter().copied().filter(|(x, _)| within(*x)).collect()
    };
    let around = |side: &[(f64, f64)]| -> f64 {
        let mean = side.iter().map(|point| point.1).sum::<f64>() / side.len() as f64;
        side.iter().map(|point| (point.1 - mean).powi(2)).sum()
    };
    let (left, right) = (near(&below, pilot, true), near(&above, pilot, true));
    if left.len() < 2 || right.len() < 2 {
        return None;
    }
    let counted = (left.len() + right.len()) as f64;
    let density = counted / (2.0 * n * pilot);
    let variance = (around(&left) + around(&right)) / counted;

    // The third derivative, from a cubic over the middle half of each side.
    let median = |side: &[(f64, f64)]| {
        let mut all: Vec<f64> = side.iter().map(|point| point.0).collect();
        all.sort_by(f64::total_cmp);
        (all[all.len() / 2] + all[(all.len() - 1) / 2]) / 2.0
    };
    let (from, to) = (median(&below), median(&above));
    let middle: Vec<(f64, f64)> =
        scaled.iter().copied().filter(|(x, _)| (from..=to).contains(x)).collect();
    let third = 6.0 * curve(&middle, 3, true)?;
    let reach = |side: &[(f64, f64)]| {
        let bend = (third * third).max(0.01);
        3.56 * (side.len() as f64).powf(-1.0 / 7.0) * (variance / (density * bend)).powf(1.0 / 7.0)
    };

    // The second derivative on each side, and what it may be off by.
    let mut off = 0.0;
    let mut second = vec![];
    for side in [&below, &above] {
        let width = reach(side);
        let points = near(side, width, false);
        second.push(2.0 * curve(&points, 2, false)?);
        off += 720.0 * variance / (points.len() as f64 * width.powi(4));
    }
    let bend = (second[1] - second[0]).powi(2) + off;
    let found = 3.4375 * (2.0 * variance / (density * bend)).powf(0.2) * n.powf(-0.2) * unit_x;
    (found > 0.0 && found.is_finite()).then_some(found)
}

/// The coefficient of the highest power of a polynomial, with a step at 0 or without.
fn curve(points: &[(f64, f64)], power: usize, step: bool) -> Option<f64> {
    let columns = power + 1 + usize::from(step);
    let design = DMatrix::from_fn(points.len(), columns, |row, at| {
        let x = points[row].0;
        if at <= power { x.powi(at as i32) } else { f64::from(u8::from(x >= 0.0)) }
    });
    let y: Vec<f64> = points.iter().map(|point| point.1).collect();
    Regression::fit(design, &y, None).map(|fit| fit.coefficients[power])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A curve that bends on one side, and noise that looks random.
    fn points(unit_x: f64, unit_y: f64) -> Vec<(f64, f64)> {
        (0..400)
            .map(|at| {
                let x = f64::from(at) / 200.0 - 1.0;
                let bend = if x < 0.0 { 0.0 } else { 2.0 * x * x + 1.0 };
                (x * unit_x, (bend + f64::from((at * 37) % 11) / 20.0) * unit_y)
            })
            .collect()
    }

    #[test]
    fn units_do_not_matter() {
        let found = imbens_kalyanaraman(&points(1.0, 1.0)).unwrap();
        let scaled = imbens_kalyanaraman(&points(1e4, 1e-6)).unwrap();
        assert!((scaled / found / 1e4 - 1.0).abs() < 1e-9, "{found} {scaled}");
        assert!((0.05..1.0).contains(&found), "{found}");
    }

    #[test]
    fn too_few_points_have_none() {
        assert!(imbens_kalyanaraman(&points(1.0, 1.0)[..200]).is_none());
        assert!(imbens_kalyanaraman(&[(-1.0, 1.0), (1.0, 2.0)]).is_none());
        assert!(imbens_kalyanaraman(&[(0.0, 1.0); 9]).is_none());
        assert!(imbens_kalyanaraman(&[]).is_none());
    }
}
