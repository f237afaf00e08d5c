//! What each factor adds to the move of a product.
//!
//! For a product V of factors x, both ways below give multipliers m so that the change of V is the sum of m Δx over the factors,
//! without a remainder, and a factor that stayed as it was adds nothing.
//!
//! # Source
//! B. W. Ang (2004), "Decomposition analysis for policymaking in energy: which is the preferred method?", Energy Policy 32: the
//! logarithmic mean Divisia index. L. S. Shapley (1953), "A value for n-person games".

/// Returns the logarithmic mean of two positive numbers, (a − b) / ln(a / b), and a where they are the same.
pub(crate) fn logarithmic_mean(a: f64, b: f64) -> f64 {
    let rise = (b - a) / a;
    // The first terms of the series, whose next is below rounding here: the quotient would be 0 / 0 at last.
    if rise.abs() < 1e-5 {
        return a * (1.0 + rise / 2.0 - rise * rise / 12.0);
    }
    // Each way keeps its digits where the other loses them.
    let log = if rise.abs() < 0.5 { rise.ln_1p() } else { (b / a).ln() };
    (b - a) / log
}

/// Returns the multipliers of the logarithmic mean Divisia index. All numbers must be positive.
pub(crate) fn divisia(before: &[f64], after: &[f64]) -> Vec<f64> {
    let whole = logarithmic_mean(before.iter().product(), after.iter().product());
    before.iter().zip(after).map(|(a, b)| whole / logarithmic_mean(*a, *b)).collect()
}

/// Returns the multipliers of the Shapley value: the product of the other factors, some of which have moved already, on average
/// over every order in which factors may move.
pub(crate) fn shapley(before: &[f64], after: &[f64]) -> Vec<f64> {
    let others = before.len() - 1;
    (0..before.len())
        .map(|own| {
            // Products by how many of the others have moved: the coefficients of the product of (x₀ + x₁ t).
            let mut moved = vec![1.0];
            for place in (0..before.len()).filter(|place| *place != own) {
                let mut next = vec![0.0; moved.len() + 1];
                for (count, sum) in moved.iter().enumerate() {
                    next[count] += sum * before[place];
                    next[count + 1] += sum * after[place];
                }
                moved = next;
            }
            // s! (n − 1 − s)! / n! is 1 / (n × (n − 1 over s)).
            let mut ways = 1.0;
            let mut mean = 0.0;
            for (count, sum) in moved.iter().enumerate() {
                mean += sum / ways;
                ways *= (others - count) as f64 / (count + 1) as f64;
            }
            mean / before.len() as f64
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moved(multipliers: &[f64], before: &[f64], after: &[f64]) -> Vec<f64> {
        let steps = before.iter().zip(after).map(|(a, b)| b - a);
        multipliers.iter().zip(steps).map(|(m, step)| m * step).collect()
    }

    proptest! {
        #[test]
        fn parts_add_up_and_go_back_as_they_came(
            pairs in prop::collection::vec((1e-3..1e3_f64, 1e-3..1e3_f64), 1..9)
        ) {
            let (before, after): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let (first, last): (f64, f64) = (before.iter().product(), after.iter().product());
            for way in [divisia, shapley] {
                let there = moved(&way(&before, &after), &before, &after);
                let size = there.iter().fold(first.max(last), |most, one| most.max(one.abs()));
                prop_assert!((there.iter().sum::<f64>() - (last - first)).abs() <= 1e-9 * size);
                let back = moved(&way(&after, &before), &after, &before);
                prop_assert!(there.iter().zip(&back).all(|(a, b)| (a + b).abs() <= 1e-9 * size));
            }
        }
    }

    #[test]
    fn the_logarithmic_mean_lies_between_the_geometric_and_the_arithmetic() {
        assert!((logarithmic_mean(1.0, std::f64::consts::E) - 1.718_281_828_459_045).abs() < 1e-15);
        assert_eq!(logarithmic_mean(7.0, 7.0), 7.0);
        for gap in [1e-12, 1e-7, 9.9e-6, 1.1e-5, 1e-3, 1.0, 1e6] {
            let (a, b) = (3.0, 3.0 * (1.0 + gap));
            let mean = logarithmic_mean(a, b);
            // It's within gap⁴ of this mean of the two, near 1.
            let near = (a * b).sqrt() * 2.0 / 3.0 + (a + b) / 6.0;
            assert!(
                (a * b).sqrt() <= mean * (1.0 + 1e-14) && mean <= (a + b) / 2.0 * (1.0 + 1e-14)
            );
            assert!(gap > 0.01 || (mean / near - 1.0).abs() < 1e-11, "{gap}: {mean}, {near}");
            assert!((mean / logarithmic_mean(b, a) - 1.0).abs() < 1e-12, "{gap}");
        }
    }

    #[test]
    fn two_factors_share_the_change_as_by_hand() {
        // Price 10 to 12, users 100 to 90: 2 × 95 for the price, −10 × 11 for the users.
        assert_eq!(shapley(&[10.0, 100.0], &[12.0, 90.0]), [95.0, 11.0]);
        let of_price = logarithmic_mean(1_000.0, 1_080.0) * 1.2_f64.ln();
        let found = moved(&divisia(&[10.0, 100.0], &[12.0, 90.0]), &[10.0, 100.0], &[12.0, 90.0]);
        assert!((found[0] - of_price).abs() < 1e-9 && (found[1] - (80.0 - of_price)).abs() < 1e-9);
        // Three factors, over all six orders.
        let (a, b) = ([2.0, 3.0, 5.0], [4.0, 7.0, 6.0]);
        let mean = (2.0 * (3.0 * 5.0) + 7.0 * 5.0 + 3.0 * 6.0 + 2.0 * (7.0 * 6.0)) / 6.0;
        assert!((shapley(&a, &b)[0] - mean).abs() < 1e-12);
        assert_eq!(shapley(&[0.0, 3.0], &[2.0, 0.0]), [1.5, 1.0]);
    }
}
