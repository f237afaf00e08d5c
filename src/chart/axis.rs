//! Scales and ticks.

use chrono::{Datelike, NaiveDate, TimeDelta};

use crate::frame::format::Unit;

/// From data to pixels. Never divides by an empty range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
}

impl Scale {
    /// `low` and `high` of the data at the pixels `from` and `to`.
    pub fn new((low, high): (f64, f64), (from, to): (f64, f64)) -> Scale {
        Scale { low, high, from, to, log: false }
    }

    /// The range of an axis' ticks at the pixels `from` and `to`.
    pub fn of(ticks: &Ticks, span: (f64, f64)) -> Scale {
        let (low, high) = ticks.range;
        if ticks.log {
            Scale { log: true, ..Scale::new((low.log10(), high.log10()), span) }
        } else {
            Scale::new(ticks.range, span)
        }
    }

    pub fn at(&self, value: f64) -> f64 {
        let value = if self.log { value.log10() } else { value };
        // Halves first: the difference of two huge numbers can be infinite.
        let share = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        self.from + share * (self.to - self.from)
    }
}

/// Positions and texts of an axis' ticks, and the range they span.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticks {
    pub at: Vec<f64>,
    pub text: Vec<String>,
    pub range: (f64, f64),
    /// Equal distances are equal ratios.
    pub log: bool,
}

/// Round ticks (1, 2 or 5 times a power of ten) that span finite values; about `count` of them. With
/// `whole`, no fractions.
pub fn ticks((low, high): (f64, f64), count: usize, unit: Unit, whole: bool) -> Ticks {
    let inside = |value: f64| value.clamp(-1e300, 1e300);
    let (mut low, mut high) = (inside(low.min(high)), inside(low.max(high)));
    if low == high {
        // One value: room on both sides, in its own order of magnitude.
        let room = if low == 0.0 { 1.0 } else { low.abs() * 0.5 };
        (low, high) = (low - room, high + room);
    }
    let raw = (high - low) / count.max(1) as f64;
    let power = power_below(raw);
    let rounded = [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| m * power >= raw * 0.999);
    let mut step = rounded.unwrap_or(10.0) * power;
    if whole {
        step = step.max(1.0).round();
    }
    let (first, last) = ((low / step).floor(), (high / step).ceil());
    // The step follows from the range, so this is a handful; the limit is for ranges below the
    // precision of a number.
    let steps = ((last - first) as usize).min(50);
    let at: Vec<f64> = (0..=steps).map(|i| clean((first + i as f64) * step, step)).collect();
    let range = (at[0], at[at.len() - 1]);
    let range = if range.0 < range.1 { range } else { (low, high) };
    Ticks { text: unit.ticks(&at), at, range, log: false }
}

/// The largest power of ten that a positive number reaches. By its digits, since machines differ in the last one of a
/// logarithm, and a chart in which step it takes.
fn power_below(value: f64) -> f64 {
    let text = format!("{value:e}");
    let exponent = text.rsplit('e').next().unwrap_or("0");
    format!("1e{exponent}").parse().unwrap_or(1.0)
}

/// Powers of ten around positive values; at most about `count` of them.
pub fn decades((low, high): (f64, f64), count: usize, unit: Unit) -> Ticks {
    let power = |value: f64| value.clamp(1e-300, 1e300).log10();
    let first = power(low.min(high)).floor() as i32;
    let last = (power(low.max(high)).ceil() as i32).max(first + 1);
    let step = ((last - first) as usize).div_ceil(count.max(1)).max(1);
    let powers: Vec<i32> = (first..=last).step_by(step).collect();
    let at: Vec<f64> = powers.iter().map(|power| 10_f64.powi(*power)).collect();
    let text = powers.iter().zip(&at).flat_map(|(power, at)| {
        // Each with the decimals that it needs itself.
        unit.ticks(&[0.0, *at]).pop().map(|text| if *power < -6 { format!("{at:e}") } else { text })
    });
    let range = (10_f64.powi(first), 10_f64.powi(last));
    Ticks { text: text.collect(), at, range, log: true }
}

/// Without the dust of binary fractions: 0.30000000000000004 is 0.3.
fn clean(value: f64, step: f64) -> f64 {
    let digits = -step.log10().floor() + 2.0;
    if (0.0..15.0).contains(&digits) {
        let power = 10_f64.powi(digits as i32);
        (value * power).round() / power
    } else {
        value
    }
}

/// Ticks for days since 1970, at first days of months or years.
pub fn date_ticks((low, high): (f64, f64), count: usize) -> Ticks {
    let day =
        |days: f64| NaiveDate::default().checked_add_signed(TimeDelta::try_days(days as i64)?);
    let (Some(first), Some(last)) = (day(low), day(high)) else {
        return ticks((low, high), count, Unit::Number, true);
    };
    let months = i64::from(last.year() - first.year()) * 12 + i64::from(last.month())
        - i64::from(first.month());
    let step = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600]
        .into_iter()
        .find(|step| months / step < count as i64)
        .unwrap_or(1_200);
    let start = i64::from(first.year()) * 12 + i64::from(first.month0());
    let start = start - start.rem_euclid(step);
    let epoch = NaiveDate::default();
    let (mut at, mut text) = (vec![], vec![]);
    for index in (start..=start + months + step).step_by(step as usize) {
        let (year, month) = (index.div_euclid(12) as i32, index.rem_euclid(12) as u32 + 1);
        let Some(date) = NaiveDate::from_ymd_opt(year, month, 1) else { continue };
        let days = (date - epoch).num_days() as f64;
        if (low..=high).contains(&days) {
            at.push(days);
            let format = if step >= 12 { "%Y" } else { "%b %Y" };
            text.push(date.format(format).to_string());
        }
    }
    let range = if low < high { (low, high) } else { (low - 1.0, high + 1.0) };
    Ticks { at, text, range, log: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_power_of_ten_reaches_itself() {
        for exponent in -300..=300 {
            let power: f64 = format!("1e{exponent}").parse().unwrap();
            assert_eq!(power_below(power), power);
            assert_eq!(power_below(power * 9.9), power);
            assert!(power_below(power.next_down()) < power);
        }
    }

    #[test]
    fn ticks_are_round() {
        let t = ticks((0.0, 461.0), 5, Unit::Number, false);
        assert_eq!(t.text, ["0", "100", "200", "300", "400", "500"]);
        let t = ticks((0.0, 0.3), 3, Unit::Percent, false);
        assert_eq!(t.text, ["0%", "10%", "20%", "30%"]);
        let t = ticks((0.0, 20_188.0), 4, Unit::Dollars, false);
        assert_eq!(t.text, ["$0", "$10,000", "$20,000", "$30,000"]);
        let t = ticks((1.0, 3.0), 8, Unit::Number, true);
        assert_eq!(t.at, [1.0, 2.0, 3.0]);
        assert_eq!(ticks((0.0, 5e6), 5, Unit::Dollars, false).text[1], "$1M");
    }

    #[test]
    fn decades_are_powers_of_ten() {
        let t = decades((0.02, 800.0), 8, Unit::Number);
        assert_eq!(t.text, ["0.01", "0.1", "1", "10", "100", "1,000"]);
        assert_eq!(decades((1e5, 1e8), 8, Unit::Number).text, ["100,000", "1M", "10M", "100M"]);
        assert_eq!(decades((3.0, 3.0), 8, Unit::Dollars).text, ["$1", "$10"]);
        assert_eq!(decades((0.004, 0.5), 8, Unit::Percent).text, ["0.1%", "1%", "10%", "100%"]);
        let scale = Scale::of(&decades((1.0, 100.0), 8, Unit::Number), (0.0, 100.0));
        assert!((scale.at(10.0) - 50.0).abs() < 1e-9);
    }

    #[test]
    fn dates_have_their_months() {
        let (january, december) = (18_628.0, 18_962.0);
        let t = date_ticks((january, december), 6);
        assert_eq!(
            t.text,
            ["Jan 2021", "Mar 2021", "May 2021", "Jul 2021", "Sep 2021", "Nov 2021"]
        );
    }

    proptest! {
        /// Any two finite numbers, however large, small or close, give ascending finite ticks.
        #[test]
        fn any_range_gives_ticks(a in proptest::num::f64::NORMAL, b in proptest::num::f64::NORMAL) {
            for unit in [Unit::Number, Unit::Dollars, Unit::Percent] {
                let t = ticks((a, b), 6, unit, false);
                prop_assert!(!t.at.is_empty() && t.at.len() <= 51);
                prop_assert!(t.range.0 < t.range.1, "{:?}", t.range);
                prop_assert!(t.at.iter().all(|at| at.is_finite()));
                prop_assert!(t.at.windows(2).all(|pair| pair[0] <= pair[1]));
                let scale = Scale::new(t.range, (0.0, 100.0));
                prop_assert!((scale.at(t.range.0)).abs() < 1e-6);
                prop_assert!((scale.at(t.range.1) - 100.0).abs() < 1e-6);
                let t = decades((a.abs(), b.abs()), 6, unit);
                prop_assert!(!t.at.is_empty() && t.at.len() <= 8 && t.at.len() == t.text.len());
                prop_assert!(0.0 < t.range.0 && t.range.0 < t.range.1, "{:?}", t.range);
            }
        }
    }
}
