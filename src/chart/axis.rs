//! Scales and ticks.

use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike};

use super::canvas::Text;
use super::theme;
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
    /// Creates a scale with `low` and `high` of the data at the pixels `from` and `to`.
    pub fn new((low, high): (f64, f64), (from, to): (f64, f64)) -> Scale {
        Scale { low, high, from, to, log: false }
    }

    /// Creates a scale with the ends of an axis' ticks at the pixels `from` and `to`.
    pub fn of(ticks: &Ticks, span: (f64, f64)) -> Scale {
        let (low, high) = ticks.range;
        if ticks.log {
            Scale { log: true, ..Scale::new((low.log10(), high.log10()), span) }
        } else {
            Scale::new(ticks.range, span)
        }
    }

    /// Tells whether equal distances are equal ratios, so that only values above 0 have a place.
    pub fn is_log(&self) -> bool {
        self.log
    }

    /// Returns the lowest and the highest value on the scale.
    pub fn range(&self) -> (f64, f64) {
        let value = |at: f64| if self.log { 10_f64.powf(at) } else { at };
        (value(self.low), value(self.high))
    }

    /// Returns the upper and the lower pixel that it spans.
    pub fn pixels(&self) -> (f64, f64) {
        (self.from.min(self.to), self.from.max(self.to))
    }

    /// Returns the same scale for the logarithms of its values, if it is logarithmic.
    pub fn linear(&self) -> Scale {
        Scale { log: false, ..*self }
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

/// Returns about `count` round ticks (1, 2 or 5 times a power of ten) that span finite values. With `whole`, none of
/// them is a fraction.
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
    let rounds = [0.5, 1.0, 2.0, 5.0, 10.0];
    let rounded = (1..rounds.len()).find(|m| rounds[*m] * power >= raw * 0.999).unwrap_or(4);
    let step = |m: usize| {
        let step = rounds[m] * power;
        if whole { step.max(1.0).round() } else { step }
    };
    let mut found = steps((low, high), step(rounded));
    // Two ticks say little; a finer step may have room for three.
    if found.0.len() < 3 {
        let finer = steps((low, high), step(rounded - 1));
        if finer.0.len() <= count.max(2) + 2 {
            found = finer;
        }
    }
    let (at, range) = found;
    let range = if range.0 < range.1 { range } else { (low, high) };
    Ticks { text: unit.ticks(&at), at, range, log: false }
}

/// How much of an axis may lie empty between the data and its last tick.
const EMPTY: f64 = 0.12;
/// What an axis without such a tick leaves beyond the data.
const ROOM: f64 = 0.04;

/// Multiples of a step around a range, and the range they and it span. An axis that would go on far beyond the data to
/// reach its next tick ends soon after the data instead: half a chart can be empty otherwise.
fn steps((low, high): (f64, f64), step: f64) -> (Vec<f64>, (f64, f64)) {
    let (first, last) = ((low / step).floor(), (high / step).ceil());
    // The step follows from the range, so this is a handful; the limit is for ranges below the
    // precision of a number.
    let count = ((last - first) as usize).min(50);
    let mut at: Vec<f64> = (0..=count).map(|i| clean((first + i as f64) * step, step)).collect();
    let mut range = (at[0], at[at.len() - 1]);
    let span = range.1 - range.0;
    if at.len() > 2 && range.1 - high > EMPTY * span {
        at.pop();
        range.1 = high + ROOM * (high - low);
    }
    let span = range.1 - range.0;
    if at.len() > 2 && low - range.0 > EMPTY * span {
        at.remove(0);
        range.0 = low - ROOM * (high - low);
    }
    (at, range)
}

/// The largest power of ten that a positive number reaches. It is read off its digits, since machines differ in the last
/// digit of a logarithm, and charts would differ in their steps.
fn power_below(value: f64) -> f64 {
    let text = format!("{value:e}");
    let exponent = text.rsplit('e').next().unwrap_or("0");
    format!("1e{exponent}").parse().unwrap_or(1.0)
}

/// Returns powers of ten around positive values: at most about `count` of them.
pub fn decades((low, high): (f64, f64), count: usize, unit: Unit) -> Ticks {
    let power = |value: f64| value.clamp(1e-300, 1e300).log10();
    let first = power(low.min(high)).floor() as i32;
    let last = (power(low.max(high)).ceil() as i32).max(first + 1);
    let step = ((last - first) as usize).div_ceil(count.max(1)).max(1);
    let mut powers: Vec<i32> = (first..=last).step_by(step).collect();
    // As for other ticks, the axis ends soon after the data; both ends of these are powers.
    let data = (power(low.min(high)), power(low.max(high)));
    let (span, room) = (f64::from(last - first), ROOM * (data.1 - data.0));
    let mut range = (f64::from(first), f64::from(last));
    if powers.len() > 2 && range.1 - data.1 > EMPTY * span {
        range.1 = data.1 + room;
    }
    if powers.len() > 2 && data.0 - range.0 > EMPTY * span {
        range.0 = data.0 - room;
    }
    let inside = |power: &i32| (range.0..=range.1).contains(&f64::from(*power));
    if powers.iter().filter(|power| inside(power)).count() > 1 {
        powers.retain(inside);
    } else {
        range = (f64::from(first), f64::from(last));
    }
    let at: Vec<f64> = powers.iter().map(|power| 10_f64.powi(*power)).collect();
    let text = powers.iter().zip(&at).flat_map(|(power, at)| {
        // Each with the decimals that it needs itself.
        unit.ticks(&[0.0, *at]).pop().map(|text| if *power < -6 { format!("{at:e}") } else { text })
    });
    let range = (10_f64.powf(range.0), 10_f64.powf(range.1));
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

/// What people count in on a horizontal axis: see `x_ticks` of each chart.
///
/// ```
/// use casebook::chart::TickUnit;
/// use casebook::prelude::*;
///
/// let months: Vec<i32> = (0..=12).collect();
/// let kept: Vec<f64> = months.iter().map(|month| 0.8_f64.powi(*month)).collect();
/// let curve = df!("month" => months, "kept" => kept)?;
/// let figure = chart::line(&curve, "month", "kept").x_ticks(TickUnit::Months).draw()?;
/// assert!(figure.svg().contains("\n9\n") && !figure.svg().contains("\n10\n"));
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TickUnit {
    /// 0, 15, 30, 45, 60; in 5s or 10s where there is room, in whole hours beyond.
    Minutes,
    /// 0, 6, 12, 18, 24; in 3s where there is room, in whole days beyond.
    Hours,
    /// 0, 7, 14, 21, 28; every day of a week or less.
    Days,
    /// 0, 4, 8, 12; in quarters and years beyond.
    Weeks,
    /// 0, 3, 6, 9, 12; in half years and years beyond. The first has a label if it is another one, such as 1.
    Months,
}

impl TickUnit {
    /// The distance between ticks over such a range, for at most `count` steps.
    fn step(self, range: f64, count: usize) -> f64 {
        let steps: &[f64] = match self {
            TickUnit::Minutes => &[1.0, 5.0, 10.0, 15.0, 30.0, 60.0],
            TickUnit::Hours => &[1.0, 3.0, 6.0, 12.0, 24.0],
            TickUnit::Days => &[1.0, 7.0, 14.0, 28.0],
            TickUnit::Weeks => &[1.0, 2.0, 4.0, 13.0, 26.0, 52.0],
            TickUnit::Months => &[1.0, 3.0, 6.0, 12.0],
        };
        // More than a handful is not counted, but read.
        let most = count.clamp(1, 7) as f64;
        let fits = |step: &f64| range / step <= most;
        let longest = steps[steps.len() - 1];
        let (finest, power) = (range / most / longest, power_below(range / most / longest));
        let beyond =
            [1.0, 2.0, 3.0, 5.0, 10.0].into_iter().find(|m| m * power >= finest).unwrap_or(10.0);
        steps.iter().copied().find(fits).unwrap_or(beyond * power * longest)
    }

    /// Tells whether the first value has a label though it is no multiple of the step: months are counted from 1 as often
    /// as from 0. Not if the next tick is so close that their labels would touch.
    fn begins(self, first: f64, next: f64, step: f64) -> bool {
        let far = next - first;
        self == TickUnit::Months && first.fract() == 0.0 && 2.0 * far >= step && far < step
    }

    /// Ticks within finite values, at multiples of what people count in; at most about `count`.
    pub(super) fn ticks(self, (low, high): (f64, f64), count: usize, unit: Unit) -> Ticks {
        let inside = |value: f64| value.clamp(-1e300, 1e300);
        let (low, high) = (inside(low.min(high)), inside(low.max(high)));
        let step = self.step(high - low, count);
        let (first, last) = ((low / step).ceil(), (high / step).floor());
        let steps = ((last - first).max(0.0) as usize).min(50);
        let mut at: Vec<f64> = (0..=steps)
            .map(|i| (first + i as f64) * step)
            .filter(|at| (low..=high).contains(at))
            .collect();
        if at.first().is_some_and(|next| self.begins(low, *next, step)) {
            at.insert(0, low);
        }
        if at.is_empty() || low == high {
            return ticks((low, high), count, unit, true);
        }
        Ticks { text: unit.ticks(&at), at, range: (low, high), log: false }
    }

    /// Keeps those labels of categories that people count in, if all are numbers; other labels stay as they are.
    pub(super) fn of_names(self, labels: Vec<(f64, String)>, count: usize) -> Vec<(f64, String)> {
        let numbers: Option<Vec<f64>> = (labels.iter())
            .map(|(_, name)| name.parse().ok().filter(|number: &f64| number.is_finite()))
            .collect();
        let range = numbers.as_deref().and_then(|all| super::read::extent(all.iter().copied()));
        let (Some(numbers), Some((low, high))) = (numbers, range) else { return labels };
        let step = self.step(high - low, count);
        let next = numbers.iter().copied().filter(|at| at % step == 0.0).fold(f64::MAX, f64::min);
        let begins = self.begins(low, next, step);
        let kept = labels.iter().zip(&numbers);
        let kept = kept.filter(|(_, at)| **at % step == 0.0 || (begins && **at == low));
        let mut kept: Vec<(f64, String)> = kept.map(|(label, _)| label.clone()).collect();
        let tick = Text::new(theme::TICK, theme::MUTED);
        if let (true, [first, next, ..]) = (begins, &kept[..])
            && next.0 - first.0 < (tick.width(&first.1) + tick.width(&next.1)) / 2.0 + 8.0
        {
            kept.remove(0);
        }
        if kept.len() < 2 { labels } else { kept }
    }
}

/// Returns ticks for days since 1970: first days of months or years; for less than three months, days, or Mondays if
/// not every day has room; for less than two days, hours.
pub fn date_ticks((low, high): (f64, f64), count: usize) -> Ticks {
    let day =
        |days: f64| NaiveDate::default().checked_add_signed(TimeDelta::try_days(days as i64)?);
    let (Some(first), Some(last)) = (day(low.floor()), day(high.floor())) else {
        return ticks((low, high), count, Unit::Number, true);
    };
    let range = if low < high { (low, high) } else { (low - 1.0, high + 1.0) };
    if high - low < 75.0 {
        return day_ticks(range, count);
    }
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
    Ticks { at, text, range, log: false }
}

/// Ticks at days, or at hours of a day or two.
fn day_ticks(range: (f64, f64), count: usize) -> Ticks {
    const HOUR: f64 = 1.0 / 24.0;
    /// 1970 began on a Thursday.
    const MONDAY: f64 = 4.0;
    let hours = [1.0, 3.0, 6.0, 12.0].map(|hours| (hours * HOUR, 0.0));
    let days = [(1.0, 0.0), (2.0, 0.0), (7.0, MONDAY), (14.0, MONDAY)];
    let short = range.1 - range.0 <= 2.0;
    let steps = hours.into_iter().filter(|_| short).chain(days);
    let fits = |(step, _): &(f64, f64)| (range.1 - range.0) / step < count.max(2) as f64;
    let (step, from) = steps.into_iter().find(fits).unwrap_or((28.0, MONDAY));
    let first = ((range.0 - from) / step).ceil() as i64;
    let last = ((range.1 - from) / step).floor() as i64;
    let (mut at, mut text) = (vec![], vec![]);
    for index in first..=last {
        let days = index as f64 * step + from;
        let minutes = TimeDelta::try_minutes((days * 24.0 * 60.0).round() as i64);
        let Some(time) =
            minutes.and_then(|since| NaiveDateTime::default().checked_add_signed(since))
        else {
            continue;
        };
        at.push(days);
        let format = if step < 1.0 && time.hour() > 0 { "%H:%M" } else { "%-d %b" };
        text.push(time.format(format).to_string());
    }
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
        assert_eq!(t.text, ["$0", "$10,000", "$20,000"]);
        let t = ticks((1.0, 3.0), 8, Unit::Number, true);
        assert_eq!(t.at, [1.0, 2.0, 3.0]);
        assert_eq!(ticks((0.0, 5e6), 5, Unit::Dollars, false).text[1], "$1M");
    }

    #[test]
    fn axes_end_soon_after_the_data() {
        for most in 1..2_000 {
            for count in 2..=8 {
                let t = ticks((0.0, f64::from(most)), count, Unit::Number, false);
                let empty = 1.0 - f64::from(most) / t.range.1;
                assert!((0.0..0.13).contains(&empty), "{most}, {count}: {t:?}");
                assert!(t.at.len() > 2 || count == 2, "{most}, {count}: {t:?}");
                let t = ticks((f64::from(-most), 0.3), count, Unit::Number, false);
                let empty = 1.0 + f64::from(most) / t.range.0;
                assert!((0.0..0.13).contains(&empty), "-{most}, {count}: {t:?}");
            }
        }
    }

    #[test]
    fn ticks_stand_where_people_count() {
        let at = |unit: TickUnit, high: f64| unit.ticks((0.0, high), 12, Unit::Number).at;
        assert_eq!(at(TickUnit::Months, 12.0), [0.0, 3.0, 6.0, 9.0, 12.0]);
        assert_eq!(at(TickUnit::Months, 24.0), [0.0, 6.0, 12.0, 18.0, 24.0]);
        let from_one = TickUnit::Months.ticks((1.0, 12.0), 12, Unit::Number).at;
        assert_eq!(from_one, [1.0, 3.0, 6.0, 9.0, 12.0]);
        assert_eq!(at(TickUnit::Months, 4.0), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(at(TickUnit::Hours, 24.0), [0.0, 6.0, 12.0, 18.0, 24.0]);
        assert_eq!(at(TickUnit::Days, 30.0), [0.0, 7.0, 14.0, 21.0, 28.0]);
        assert_eq!(at(TickUnit::Days, 90.0), [0.0, 14.0, 28.0, 42.0, 56.0, 70.0, 84.0]);
        assert_eq!(at(TickUnit::Weeks, 52.0), [0.0, 13.0, 26.0, 39.0, 52.0]);
        assert_eq!(at(TickUnit::Minutes, 30.0), [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0]);
        let centuries = at(TickUnit::Months, 1_200.0 * 7.0);
        assert!(
            centuries.len() <= 8 && centuries.iter().all(|at| at % 12.0 == 0.0),
            "{centuries:?}"
        );
        let names = |all: std::ops::RangeInclusive<i32>| -> Vec<(f64, String)> {
            all.map(|i| (f64::from(i), i.to_string())).collect()
        };
        let kept = TickUnit::Months.of_names(names(0..=12), 20);
        assert_eq!(kept.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0.0, 3.0, 6.0, 9.0, 12.0]);
        let words = vec![(0.0, "a".to_owned()), (1.0, "3".to_owned())];
        assert_eq!(TickUnit::Months.of_names(words.clone(), 20), words);
    }

    #[test]
    fn few_days_have_ticks_too() {
        let monday = 18_631.0; // 4 January 2021
        let shown = |from: f64, to: f64| date_ticks((from, to), 7).text;
        assert_eq!(shown(monday, monday + 28.0), ["4 Jan", "11 Jan", "18 Jan", "25 Jan", "1 Feb"]);
        assert_eq!(shown(monday, monday + 3.0), ["4 Jan", "5 Jan", "6 Jan", "7 Jan"]);
        assert_eq!(shown(monday, monday + 1.0), ["4 Jan", "06:00", "12:00", "18:00", "5 Jan"]);
    }

    #[test]
    fn decades_are_powers_of_ten() {
        let t = decades((0.02, 800.0), 8, Unit::Number);
        assert_eq!(t.text, ["0.01", "0.1", "1", "10", "100", "1,000"]);
        assert_eq!(decades((1e5, 1e8), 8, Unit::Number).text, ["100,000", "1M", "10M", "100M"]);
        assert_eq!(decades((3.0, 3.0), 8, Unit::Dollars).text, ["$1", "$10"]);
        assert_eq!(decades((0.004, 0.5), 8, Unit::Percent).text, ["1%", "10%", "100%"]);
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
            for unit in [Unit::Number, Unit::Dollars, Unit::Percent, Unit::Points] {
                let t = ticks((a, b), 6, unit, false);
                prop_assert!(!t.at.is_empty() && t.at.len() <= 51);
                prop_assert!(t.range.0 < t.range.1, "{:?}", t.range);
                prop_assert!(t.at.iter().all(|at| at.is_finite()));
                prop_assert!(t.at.windows(2).all(|pair| pair[0] <= pair[1]));
                let scale = Scale::new(t.range, (0.0, 100.0));
                prop_assert!((scale.at(t.range.0)).abs() < 1e-6);
                prop_assert!((scale.at(t.range.1) - 100.0).abs() < 1e-6);
                for people in [TickUnit::Minutes, TickUnit::Days, TickUnit::Months] {
                    let t = people.ticks((a, b), 6, unit);
                    prop_assert!(!t.at.is_empty() && t.at.len() <= 51 && t.range.0 < t.range.1, "{:?}", t);
                    prop_assert!(t.at.iter().all(|at| at.is_finite()));
                }
                let t = decades((a.abs(), b.abs()), 6, unit);
                prop_assert!(!t.at.is_empty() && t.at.len() <= 8 && t.at.len() == t.text.len());
                prop_assert!(0.0 < t.range.0 && t.range.0 < t.range.1, "{:?}", t.range);
            }
        }
    }
}
