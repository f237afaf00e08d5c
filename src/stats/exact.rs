//! Sums that do not depend on the order of their terms.
//!
//! A sum of floats rounds at each step, so shuffled rows change the last digit. Here nothing is rounded until the end:
//! terms of one exponent are whole numbers of one unit, and are added up as such, in one step per term.
//!
//! # Source
//! The idea of a small superaccumulator: R. M. Neal (2015), "Fast exact summation using small and large
//! superaccumulators", arXiv:1505.05571.

use std::collections::VecDeque;

/// The exponent of infinities and NaNs.
const BEYOND: usize = (1 << 11) - 1;
/// Digits of a float's fraction.
const FRACTION: u32 = 52;

/// Adds values up, whatever their order. An empty sum is 0; the standard library returns −0.
pub(crate) fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    // By exponent, from the smallest to the largest that occurs; room for 2⁷⁴ terms of each.
    let (mut lowest, mut units) = (0, VecDeque::<i128>::new());
    let mut beyond = 0.0;
    for value in values.into_iter().filter(|value| *value != 0.0) {
        let bits = value.to_bits();
        let exponent = (bits >> FRACTION) as usize & BEYOND;
        if exponent == BEYOND {
            beyond += value;
            continue;
        }
        let fraction = (bits & ((1 << FRACTION) - 1)) | u64::from(exponent > 0) << FRACTION;
        let signed = if value.is_sign_negative() { -(fraction as i64) } else { fraction as i64 };
        if units.is_empty() {
            lowest = exponent;
        }
        while exponent < lowest {
            units.push_front(0);
            lowest -= 1;
        }
        if exponent - lowest >= units.len() {
            units.resize(exponent - lowest + 1, 0);
        }
        units[exponent - lowest] += i128::from(signed);
    }
    if beyond != 0.0 {
        return beyond;
    }
    let parts = units.iter().enumerate().filter(|(_, units)| **units != 0);
    parts.fold(0.0, |sum, (place, units)| sum + scaled(*units as f64, lowest + place))
}

/// Returns this many units of an exponent. The smallest exponent has the unit of the next one.
fn scaled(units: f64, exponent: usize) -> f64 {
    let power = exponent.max(1) as i32 - 1_075;
    // In two steps: 2^1074 is too large for a number, and its inverse would be 0.
    units * 2_f64.powi(power / 2) * 2_f64.powi(power - power / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Eighths are exact, and so is their sum.
        #[test]
        fn what_floats_can_hold_is_summed_exactly(eighths in prop::collection::vec(-1_i64 << 45..1_i64 << 45, 0..80)) {
            let exact = eighths.iter().sum::<i64>() as f64 / 8.0;
            prop_assert_eq!(sum(eighths.iter().map(|n| *n as f64 / 8.0)), exact);
        }

        /// Of any size, in any order, and no further from the sum in order than that may be.
        #[test]
        fn order_does_not_matter(
            (values, shuffled) in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO, 0..60)
                .prop_map(|values| values.into_iter().map(|x| x / 128.0).collect::<Vec<f64>>())
                .prop_flat_map(|values| (Just(values.clone()), Just(values).prop_shuffle())),
        ) {
            let found = sum(values.iter().copied());
            prop_assert_eq!(found.to_bits(), sum(shuffled.iter().copied()).to_bits());
            let size: f64 = values.iter().map(|x| x.abs()).sum();
            let plain: f64 = values.iter().sum();
            prop_assert!((found - plain).abs() <= 120.0 * f64::EPSILON * size, "{found} {plain}");
        }
    }

    #[test]
    fn the_ends_of_the_range_are_numbers_too() {
        let least = f64::from_bits(1);
        assert_eq!(sum([least, least, least]), 3.0 * least);
        assert_eq!(sum([f64::MIN_POSITIVE, -least]), f64::MIN_POSITIVE - least);
        assert_eq!(sum([1e16, 1.0, -1e16]), 1.0);
        assert_eq!(sum([f64::MAX, 1.0, -f64::MAX]), 1.0);
        assert_eq!(sum([f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(sum([1.0, f64::NEG_INFINITY]), f64::NEG_INFINITY);
        assert!(sum([f64::INFINITY, f64::NEG_INFINITY]).is_nan() && sum([f64::NAN]).is_nan());
        assert!(sum([]).is_sign_positive() && sum([-0.0]).is_sign_positive());
    }
}
