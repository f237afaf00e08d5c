//! Numbers as people read them: in tables, on axes, in reports and in prose.
//!
//! [`Unit`] and [`percent`] write numbers that stand below each other, all with the same decimals; [`pct`], [`pp`], [`usd`]
//! and [`count`] one that stands in a sentence.
//!
//! ```
//! use casebook::format::{self, Unit};
//!
//! assert_eq!((format::percent(0.0), format::pct(0.0)), ("0.0%".into(), "0%".into()));
//! assert_eq!((format::pp(0.0543), format::count(12_500)), ("+5.4 pp".into(), "12,500".into()));
//! assert_eq!(Unit::Number.text(12_500_000.0), "12.5M");
//! ```

pub use super::say::{count, pct, pp, usd};

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
    /// A difference of two shares, from −1 to 1, written in percentage points with its sign: "+5.4 pp".
    Points,
}

impl Unit {
    /// Formats a single number, as precise as it needs to be.
    pub fn text(self, value: f64) -> String {
        match self {
            Unit::Number => short(value, decimals(std::iter::once(value)).min(2)),
            Unit::Dollars => {
                let cents = value.abs() < 100.0 && value.fract() != 0.0;
                dollars(value, usize::from(cents) * 2)
            }
            Unit::Percent => percentage(value, 1),
            Unit::Points => points(value, 1),
        }
    }

    /// Formats a value with its interval: "8.1% (1.6% to 14.4%)", "+8.1 pp (+1.6 to +14.4)".
    pub(crate) fn interval(self, value: f64, (low, high): (f64, f64)) -> String {
        let all = [value, low, high];
        let [value, low, high] = match self {
            // All with cents, or none.
            Unit::Dollars if all.iter().any(|number| number.abs() >= 100.0) => {
                all.map(|number| dollars(number, 0))
            }
            _ => all.map(|number| self.text(number)),
        };
        // What is said once is heard: three times "pp" is noise.
        let [low, high] = [&low, &high].map(|text| text.strip_suffix(" pp").unwrap_or(text));
        format!("{value} ({low} to {high})")
    }

    /// Formats the ticks of an axis, all with the same decimals.
    pub(crate) fn ticks(self, ticks: &[f64]) -> Vec<String> {
        let scale = if matches!(self, Unit::Percent | Unit::Points) { 100.0 } else { 1.0 };
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
                Unit::Points => points(*tick, digits),
            })
            .collect()
    }
}

/// Formats a share from 0 to 1 in percent: "51.8%".
pub fn percent(share: f64) -> String {
    percentage(share, 1)
}

/// A share too small for the decimals is written as in prose: 0.03% is not 0.0%.
fn percentage(share: f64, digits: usize) -> String {
    let percent = share * 100.0;
    let small = percent != 0.0 && percent.abs() < 0.5 * 10_f64.powi(-(digits as i32));
    if small { pct(share) } else { format!("{}%", decimal(percent, digits)) }
}

/// Writes a difference as [`pp`] does, with `digits` decimals. A difference too small for them keeps one digit that counts.
fn points(difference: f64, digits: usize) -> String {
    let points = difference * 100.0;
    let small = points != 0.0 && points.abs() < 0.5 * 10_f64.powi(-(digits as i32));
    let text = if small { format!("{points:.1e}") } else { decimal(points, digits) };
    let sign = if points > 0.0 { "+" } else { "" };
    format!("{sign}{text} pp")
}

fn dollars(number: f64, digits: usize) -> String {
    let size = number.abs();
    // Less than half a cent is none.
    if size < 0.005 {
        return format!("${}", grouped(0.0, digits));
    }
    let sign = if number < 0.0 { "-" } else { "" };
    format!("{sign}${}", short(size, digits))
}

/// With a letter for millions and more; scientific beyond.
fn short(number: f64, digits: usize) -> String {
    let size = number.abs();
    // Rounded before it is cut to thousands: 999,999,999 is a billion.
    let (scale, letter) = match size {
        s if s >= 1e15 => return format!("{number:.2e}"),
        s if s >= 0.999_995e12 => (1e12, "T"),
        s if s >= 0.999_995e9 => (1e9, "B"),
        s if s >= 999_999.5 => (1e6, "M"),
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

/// Writes a number with `decimals` decimals; very large and very small ones in scientific notation.
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

pub(crate) fn commas(text: &str) -> String {
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
    fn differences_of_shares_are_in_points_with_their_sign() {
        let told = [0.054, -0.002, 0.0, 1.0].map(|difference| Unit::Points.text(difference));
        assert_eq!(told, ["+5.4 pp", "-0.2 pp", "0.0 pp", "+100.0 pp"]);
        assert_eq!(Unit::Points.ticks(&[-0.1, 0.0, 0.1]), ["-10 pp", "0 pp", "+10 pp"]);
        assert_eq!(Unit::Points.ticks(&[0.0, 0.005]), ["0.0 pp", "+0.5 pp"]);
        assert_eq!(Unit::Points.interval(0.081, (0.016, 0.144)), "+8.1 pp (+1.6 to +14.4)");
        assert_eq!(Unit::Percent.interval(0.081, (0.016, 0.144)), "8.1% (1.6% to 14.4%)");
    }

    #[test]
    fn shares_below_each_other_have_the_same_decimals() {
        assert_eq!([0.0779, -0.0, 1.25, 0.0003].map(percent), ["7.8%", "0.0%", "125.0%", "0.03%"]);
        assert_eq!(Unit::Dollars.text(999_999_999.0), "$1B");
        assert_eq!(Unit::Number.text(999_999.999), "1M");
        assert_eq!([39.7, 0.0, 0.001].map(|it| Unit::Dollars.text(it)), ["$39.70", "$0", "$0.00"]);
    }
}
