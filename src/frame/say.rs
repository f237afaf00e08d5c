//! Numbers for prose, as English product analytics writes them.

use super::format::{commas, grouped};

/// What is said where there is no number.
const NONE: &str = "n/a";

/// Writes a share, 0 to 1, as a percentage: `51.8%`; two decimals below 1%. What is no number is `n/a`.
///
/// ```
/// use casebook::prelude::*;
///
/// assert_eq!(pct(0.518), "51.8%");
/// assert_eq!(pct(0.0034), "0.34%");
/// assert_eq!((pct(0.0), pct(1.0)), ("0%".into(), "100%".into()));
/// ```
pub fn pct(share: f64) -> String {
    let percent = share * 100.0;
    if !percent.is_finite() {
        return NONE.into();
    }
    // Whole ends are exact, and say so: 99.96% of something is not all of it.
    if percent == 0.0 || percent == 100.0 {
        return format!("{percent:.0}%");
    }
    let size = percent.abs();
    let decimals = if size < 0.995 { 2 } else { 1 };
    let text = grouped(percent, decimals);
    if size < 0.005 {
        return if percent > 0.0 { "under 0.01%".into() } else { "above -0.01%".into() };
    }
    match text.as_str() {
        "100.0" if percent < 100.0 => "over 99.9%".into(),
        _ => format!("{text}%"),
    }
}

/// Writes the difference of two shares in percentage points, with its sign: `+5.4 pp`. What is no number is `n/a`.
///
/// ```
/// use casebook::prelude::*;
///
/// assert_eq!(pp(0.354 - 0.300), "+5.4 pp");
/// assert_eq!(pp(-0.002), "-0.2 pp");
/// ```
pub fn pp(difference: f64) -> String {
    let points = difference * 100.0;
    if !points.is_finite() {
        return NONE.into();
    }
    let text = grouped(points, 1);
    let sign = if points > 0.0 && text != "0.0" { "+" } else { "" };
    format!("{sign}{text} pp")
}

/// Writes an amount of US dollars: cents below $1,000, whole dollars below a million, then `$12.5M`, `$1.2B`. What is no
/// number is `n/a`.
///
/// ```
/// use casebook::prelude::*;
///
/// assert_eq!(usd(12_480_000.0), "$12.5M");
/// assert_eq!(usd(144_210.4), "$144,210");
/// assert_eq!(usd(175.4), "$175.40");
/// assert_eq!(usd(-5.0), "-$5");
/// ```
pub fn usd(amount: f64) -> String {
    if !amount.is_finite() {
        return NONE.into();
    }
    let size = amount.abs();
    // Rounded before it is cut to thousands: 999,999.60 is a million.
    let text = match size {
        s if s >= 999_950_000_000.0 => format!("{}T", grouped(s / 1e12, 1)),
        s if s >= 999_950_000.0 => format!("{}B", grouped(s / 1e9, 1)),
        s if s >= 999_999.5 => format!("{}M", grouped(s / 1e6, 1)),
        s if s >= 999.995 || s.fract() == 0.0 => grouped(s, 0),
        s => grouped(s, 2),
    };
    let sign = if amount < 0.0 && text != "0.00" { "-" } else { "" };
    format!("{sign}${text}")
}

/// Writes a count: rounded to a whole number, with commas between thousands: `1,234`. What is no number is `n/a`.
///
/// ```
/// use casebook::prelude::*;
///
/// assert_eq!(count(1_234.0), "1,234");
/// assert_eq!(count(users_of(&["a", "b"])), "2");
/// # fn users_of(names: &[&str]) -> u32 { names.len() as u32 }
/// ```
pub fn count(number: impl Count) -> String {
    number.written()
}

/// A number that [`count`] can write: any integer, or a float.
pub trait Count {
    /// Writes it as a whole number with commas between thousands.
    fn written(self) -> String;
}

macro_rules! counts {
    ($($type:ty)*) => {$(
        impl Count for $type {
            fn written(self) -> String {
                commas(&self.to_string())
            }
        }
    )*};
}
counts! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }

impl Count for f64 {
    fn written(self) -> String {
        if self.is_finite() { grouped(self, 0) } else { NONE.into() }
    }
}

impl Count for f32 {
    fn written(self) -> String {
        f64::from(self).written()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_keep_their_ends_apart() {
        let said = [0.518, 0.18, 0.0099, 0.00996, 0.00004, -0.00004, 0.9996, 1.5, -0.014].map(pct);
        let expected = [
            "51.8%",
            "18.0%",
            "0.99%",
            "1.0%",
            "under 0.01%",
            "above -0.01%",
            "over 99.9%",
            "150.0%",
            "-1.4%",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn points_have_a_sign_unless_they_are_none() {
        let said = [0.054, -0.054, 0.0, 0.0004, -0.0004].map(pp);
        assert_eq!(said, ["+5.4 pp", "-5.4 pp", "0.0 pp", "0.0 pp", "0.0 pp"]);
    }

    #[test]
    fn dollars_round_before_they_change_their_letter() {
        for (amount, said) in [
            (0.0, "$0"),
            (0.001, "$0.00"),
            (-0.001, "$0.00"),
            (175.4, "$175.40"),
            (999.99, "$999.99"),
            (999.996, "$1,000"),
            (1_234.5, "$1,234"),
            (999_999.4, "$999,999"),
            (999_999.6, "$1.0M"),
            (12_480_000.0, "$12.5M"),
            (999_940_000.0, "$999.9M"),
            (999_960_000.0, "$1.0B"),
            (-1.25e9, "-$1.2B"),
            (3.0e12, "$3.0T"),
        ] {
            assert_eq!(usd(amount), said, "{amount}");
        }
    }

    #[test]
    fn what_is_no_number_is_said_so() {
        for number in [f64::NAN, f64::INFINITY] {
            assert_eq!([pct(number), pp(number), usd(number), count(number)], [NONE; 4]);
        }
        assert_eq!(count(1_234_567_usize), "1,234,567");
        assert_eq!(
            (count(-0.2), count(i64::MAX)),
            ("0".into(), "9,223,372,036,854,775,807".into())
        );
    }
}
