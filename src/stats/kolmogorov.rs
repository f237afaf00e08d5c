//! Whether values look sampled from the uniform distribution on 0 to 1.
//!
//! # Source
//! A. Kolmogorov (1933); its probability: G. Marsaglia, W. W. Tsang and J. Wang (2003), "Evaluating
//! Kolmogorov's distribution", Journal of Statistical Software 8.

/// The largest distance between the values' distribution function and the uniform one; `None`
/// without values.
pub(crate) fn distance(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let gaps = sorted.iter().enumerate().map(|(at, value)| {
        let at = at as f64;
        ((at + 1.0) / n - value).max(value - at / n)
    });
    gaps.fold(None, |most, gap| Some(most.map_or(gap, |most: f64| most.max(gap))))
}

/// Probability that the distance of `n` uniform values is at least `d`.
pub(crate) fn exceeds(d: f64, n: usize) -> f64 {
    let scaled = d * d * n as f64;
    // Far out, their approximation is right to seven decimals, and the matrix below would be large.
    if n == 0 || scaled > 7.24 || (scaled > 3.76 && n > 99) {
        let root = (n as f64).sqrt();
        return (2.0 * (-(2.000_071 + 0.331 / root + 1.409 / n as f64) * scaled).exp()).min(1.0);
    }
    (1.0 - below(d, n)).clamp(0.0, 1.0)
}

/// Marsaglia, Tsang and Wang's exact probability of a smaller distance: the middle of a matrix's
/// n-th power.
fn below(d: f64, n: usize) -> f64 {
    let k = (n as f64 * d).floor() as usize + 1;
    let size = 2 * k - 1;
    let h = k as f64 - n as f64 * d;
    let mut matrix = vec![0.0; size * size];
    for i in 0..size {
        for j in 0..size {
            matrix[i * size + j] = if j <= i + 1 { 1.0 } else { 0.0 };
        }
    }
    for i in 0..size {
        matrix[i * size] -= h.powi(i as i32 + 1);
        matrix[(size - 1) * size + i] -= h.powi((size - i) as i32);
    }
    if 2.0 * h - 1.0 > 0.0 {
        matrix[(size - 1) * size] += (2.0 * h - 1.0).powi(size as i32);
    }
    for i in 0..size {
        for j in 0..size.min(i + 1) {
            let product: f64 = (1..=i - j + 1).map(|g| g as f64).product();
            matrix[i * size + j] /= product;
        }
    }
    let (power, mut scale) = raised(&matrix, size, n);
    let mut value = power[(k - 1) * size + k - 1];
    for i in 1..=n {
        value *= i as f64 / n as f64;
        if value < 1e-140 {
            value *= 1e140;
            scale -= 140;
        }
    }
    value * 10_f64.powi(scale)
}

/// A matrix to the n-th power, as numbers times a power of ten.
fn raised(matrix: &[f64], size: usize, n: usize) -> (Vec<f64>, i32) {
    if n == 1 {
        return (matrix.to_vec(), 0);
    }
    let (half, scale) = raised(matrix, size, n / 2);
    let mut power = times(&half, &half, size);
    if n % 2 == 1 {
        power = times(matrix, &power, size);
    }
    let mut scale = 2 * scale;
    if power[size / 2 * size + size / 2] > 1e140 {
        power.iter_mut().for_each(|value| *value *= 1e-140);
        scale += 140;
    }
    (power, scale)
}

fn times(a: &[f64], b: &[f64], size: usize) -> Vec<f64> {
    let mut product = vec![0.0; size * size];
    for (of_a, row) in a.chunks_exact(size).zip(product.chunks_exact_mut(size)) {
        for (factor, of_b) in of_a.iter().zip(b.chunks_exact(size)) {
            row.iter_mut().zip(of_b).for_each(|(sum, value)| *sum += factor * value);
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_where_the_steps_are_farthest() {
        assert_eq!(distance(&[0.5]), Some(0.5));
        assert_eq!(distance(&[0.25, 0.75]), Some(0.25));
        assert_eq!(distance(&[0.0, 0.0, 1.0]), Some(2.0 / 3.0));
        assert_eq!(distance(&[]), None);
    }

    /// One value is as far as it is from the middle; the paper's example; and as close as two
    /// values can be.
    #[test]
    fn probabilities_are_exact() {
        assert!((exceeds(0.75, 1) - 0.5).abs() < 1e-15);
        assert!((1.0 - exceeds(0.274, 10) - 0.628_479_615_456_504_3).abs() < 1e-14);
        assert!((exceeds(0.25, 2) - 1.0).abs() < 1e-15);
        assert!((0.0..1e-10).contains(&exceeds(0.5, 100)));
    }

    /// SciPy 1.17.1: `stats.kstwo.sf(d, n)`, and its exact `_kolmogn_DMTW` where that approximates, at
    /// 400 and 0.04; beyond the matrix, to the decimals of our approximation.
    #[test]
    fn agrees_with_scipy() {
        for (n, d, expected, tolerance) in [
            (5, 0.3, 0.664, 1e-12),
            (20, 0.2, 0.352_720_173_623_415, 1e-12),
            (20, 0.45, 0.000_324_464_114_095_546_44, 1e-12),
            (100, 0.08, 0.518_219_364_548_067_2, 1e-12),
            (100, 0.13, 0.062_092_340_698_762_53, 1e-12),
            (400, 0.05, 0.261_212_602_925_654_2, 1e-12),
            (1_000, 0.04, 0.079_339_554_975_414_34, 1e-12),
            (1_000, 0.08, 5.154_189_400_843_2e-6, 1e-7),
        ] {
            let found = exceeds(d, n);
            assert!((found - expected).abs() < tolerance, "{n} {d}: {found}, not {expected}");
        }
    }
}
