//! Numbers as people read them: in tables, on axes, in reports and in prose.
//!
//! ```
//! use casebook::format;
//!
//! assert_eq!(format::count(12_500), "12,500");
//! assert_eq!(format::percent(0.5184), "51.8%");
//! assert_eq!(format::points(0.0543), "+5.4 pp");
//! assert_eq!(format::usd(-4.5), "-$4.50");
//! assert_eq!(format::number(12_500_000.0), "12.5M");
//! ```

use std::fmt::Display;

/// What a number stands for: on an axis, in a label, in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// A plain number.
    #[default]
    Number,
    /// US dollars.
    Dollars,
    /// A share from 0 to 1, written as a percentage.
    Percent,
}

impl Unit {
    /// Formats a single number, as precise as it needs to be.
    pub fn text(self, value: f64) -> String {
        match self {
            Unit::Number => number(value),
            Unit::Dollars => usd(value),
            Unit::Percent => percentage(value, 1),
        }
    }

    /// Formats the ticks of an axis, all with the same decimals.
    pub(crate) fn ticks(self, ticks: &[f64]) -> Vec<String> {
        let scale = if self == Unit::Percent { 100.0 } else { 1.0 };
        let step = match ticks {
            [a, b, ..] => (b - a) * scale,
            _ => 1.0,
        };
        let digits = if step > 0.0 { (-step.log10()).ceil().clamp(0.0, 9.0) as usize } else { 0 };
        ticks
            .iter()
            .map(|tick| match self {
                Unit::Number => short(*tick, digits),
                Unit::Dollars => dollars(*tick, if digits > 0 { digits.max(2) } else { 0 }),
                Unit::Percent => percentage(*tick, digits),
            })
            .collect()
    }
}

/// Formats a whole number: "12,500".
pub fn count<N: Display + TryInto<i128>>(number: N) -> String {
    commas(&number.to_string())
}

/// Formats a number, as precise as it needs to be, with a letter for millions and more: "12.5M".
pub fn number(value: f64) -> String {
    short(value, decimals(std::iter::once(value)).min(2))
}

/// Formats US dollars, with cents below a hundred: "$4.50", "$20,188", "$12.5M".
pub fn usd(dollars: f64) -> String {
    let cents = dollars.abs() < 100.0 && dollars.fract() != 0.0;
    self::dollars(dollars, usize::from(cents) * 2)
}

/// Formats a share from 0 to 1 in percent: "51.8%".
pub fn percent(share: f64) -> String {
    percentage(share, 1)
}

/// Formats a difference of shares in percentage points: "+5.4 pp".
pub fn points(difference: f64) -> String {
    // Zero has no sign of its own.
    format!("{:+.1} pp", 100.0 * difference + 0.0)
}

fn percentage(share: f64, digits: usize) -> String {
    format!("{}%", decimal(share * 100.0, digits))
}

fn dollars(number: f64, digits: usize) -> String {
    let sign = if number < 0.0 { "-" } else { "" };
    format!("{sign}${}", short(number.abs(), digits))
}

/// With a letter for millions and more; scientific beyond.
fn short(number: f64, digits: usize) -> String {
    let size = number.abs();
    let (scale, letter) = match size {
        s if s >= 1e15 => return format!("{number:.2e}"),
        s if s >= 1e12 => (1e12, "T"),
        s if s >= 1e9 => (1e9, "B"),
        s if s >= 1e6 => (1e6, "M"),
        _ => return decimal(number, digits),
    };
    let scaled = number / scale;
    let digits = decimals(std::iter::once((scaled * 100.0).round() / 100.0)).min(2);
    format!("{}{letter}", grouped(scaled, digits))
}

/// Decimals at which the smallest number still shows three digits, at most 6; at most 2 beside
/// thousands, none for whole numbers.
pub(crate) fn decimals(numbers: impl Iterator<Item = f64>) -> usize {
    let mut whole = true;
    let (mut smallest, mut largest) = (f64::INFINITY, 0.0_f64);
    for size in numbers.filter(|number| number.is_finite()).map(f64::abs) {
        whole &= size.fract() == 0.0;
        largest = largest.max(size);
        if size > 0.0 {
            smallest = smallest.min(size);
        }
    }
    if whole {
        return 0;
    }
    let most = if largest >= 1_000.0 { 2 } else { 6 };
    let digits_before = smallest.log10().floor() as i32 + 1;
    (3 - digits_before).clamp(1, most) as usize
}

/// A number with so many decimals; very large and very small ones in scientific notation.
pub(crate) fn decimal(number: f64, decimals: usize) -> String {
    let size = number.abs();
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        if number > 0.0 { "inf".into() } else { "-inf".into() }
    } else if size >= 1e15 || (size > 0.0 && size < 0.5 * 10_f64.powi(-(decimals as i32))) {
        format!("{number:.2e}")
    } else {
        grouped(number, decimals)
    }
}

/// With commas between thousands.
pub(crate) fn grouped(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    // What rounds to zero has no sign.
    let text =
        if text.trim_matches(['-', '0', '.']).is_empty() { text.replace('-', "") } else { text };
    commas(&text)
}

fn commas(text: &str) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, ""), |(w, _)| (w, &rest[w.len()..]));
    let mut out = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_sensible_precision() {
        let shown = |values: &[f64]| -> Vec<String> {
            let digits = decimals(values.iter().copied());
            values.iter().map(|value| decimal(*value, digits)).collect()
        };
        assert_eq!(shown(&[1.0, 2_500.0]), ["1", "2,500"]);
        assert_eq!(shown(&[0.0909, 0.5]), ["0.0909", "0.5000"]);
        assert_eq!(shown(&[20_188.25, 3.0]), ["20,188.25", "3.00"]);
        assert_eq!(shown(&[461.04, 21.5]), ["461.0", "21.5"]);
        assert_eq!(shown(&[1e300, -1.5]), ["1.00e300", "-1.50"]);
        assert_eq!(shown(&[f64::NAN, f64::INFINITY, 0.1]), ["NaN", "inf", "0.100"]);
        assert_eq!(shown(&[1e-9, 0.5]), ["1.00e-9", "0.500000"]);
        assert_eq!(grouped(-0.001, 2), "0.00");
        assert_eq!(grouped(-1_234_567.5, 1), "-1,234,567.5");
    }

    #[test]
    fn single_numbers_are_readable() {
        assert_eq!(Unit::Dollars.text(20_188.0), "$20,188");
        assert_eq!(Unit::Dollars.text(-4.5), "-$4.50");
        assert_eq!(Unit::Percent.text(0.0779), "7.8%");
        assert_eq!(Unit::Number.text(461.04), "461.0");
        assert_eq!(Unit::Number.text(12_500_000.0), "12.5M");
    }

    #[test]
    fn prose_has_its_own_signs() {
        assert_eq!(
            (count(i64::MIN), count(0_u8)),
            ("-9,223,372,036,854,775,808".into(), "0".into())
        );
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(
            (percent(0.0779), percent(-0.0), percent(1.25)),
            ("7.8%".into(), "0.0%".into(), "125.0%".into())
        );
        assert_eq!(
            (points(0.0583), points(-0.3158), points(-0.0)),
            ("+5.8 pp".into(), "-31.6 pp".into(), "+0.0 pp".into())
        );
        assert_eq!((usd(39.7), usd(0.0)), ("$39.70".into(), "$0".into()));
    }
}
