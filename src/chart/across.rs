//! The horizontal axis that charts over time share: numbers, dates, or names in their order.

use polars::prelude::*;

use super::axis::{Scale, TickUnit, Ticks, date_ticks, ticks};
use super::canvas::{Canvas, Text};
use super::mark::Along;
use super::{Unit, extent, names, numbers, places, theme};
use crate::error::Result;
use plotters::style::text_anchor::{HPos, VPos};

/// What a column is across the chart.
enum Kind {
    Number { whole: bool },
    Date,
    Names(Vec<String>),
}

/// The places of a frame's rows on the horizontal axis.
pub struct Across {
    /// Each row's place; `None` where there is none.
    pub at: Vec<Option<f64>>,
    kind: Kind,
}

impl Across {
    /// Reads a column: numbers as they are, dates as days since 1970, texts in order of first appearance.
    pub fn new(frame: &DataFrame, column: &str) -> Result<Across> {
        let (at, kind) = match frame.column(column)?.dtype() {
            DataType::String => {
                let (seen, rows) = places(&names(frame, column)?);
                (rows.into_iter().map(|row| Some(row as f64)).collect(), Kind::Names(seen))
            }
            DataType::Date | DataType::Datetime(_, _) => (numbers(frame, column)?, Kind::Date),
            dtype => (numbers(frame, column)?, Kind::Number { whole: dtype.is_integer() }),
        };
        Ok(Across { at, kind })
    }

    /// Returns the different places, in rising order.
    pub fn places(&self) -> Vec<f64> {
        let mut all: Vec<f64> = self.at.iter().flatten().copied().collect();
        all.sort_by(f64::total_cmp);
        all.dedup();
        all
    }

    /// Returns ticks inside a range of places, for an axis `width` pixels wide, in the unit that people count in if there is
    /// one. The axis ends where the data end.
    pub fn ticks(&self, range: (f64, f64), width: f64, people: Option<TickUnit>) -> Ticks {
        let count = (width / 80.0).clamp(2.0, 12.0) as usize;
        let mut all = match &self.kind {
            Kind::Names(names) => {
                let last = names.len().saturating_sub(1).max(1) as f64;
                let at = (0..names.len()).map(|place| place as f64).collect();
                return Ticks { at, text: names.clone(), range: (0.0, last), log: false };
            }
            Kind::Date => date_ticks(range, count),
            Kind::Number { whole } => {
                // Whole numbers are short: more of them fit.
                let more = if *whole { count * 2 } else { count };
                people.map_or_else(
                    || ticks(range, more, Unit::Number, *whole),
                    |people| people.ticks(range, count, Unit::Number),
                )
            }
        };
        if range.0 < range.1 {
            all.range = range;
        }
        let (low, high) = all.range;
        let inside = |at: f64| (low..=high).contains(&at);
        let kept = all.at.iter().zip(&all.text).filter(|(at, _)| inside(**at));
        let (mut at, mut text): (Vec<f64>, Vec<String>) =
            kept.map(|(at, text)| (*at, text.clone())).unzip();
        if matches!(self.kind, Kind::Date) && at.len() < 2 {
            // Within a month or two, first days of months say too little.
            at = if low < high { vec![low, high] } else { vec![low] };
            text = at.iter().map(|place| self.text(*place)).collect();
        }
        Ticks { at, text, ..all }
    }

    /// Returns the range from the lowest to the highest of places and marked numbers; marks widen no axis of names.
    pub fn range(&self, places: &[f64], marked: impl Iterator<Item = f64>) -> (f64, f64) {
        let named = matches!(self.kind, Kind::Names(_));
        let all = places.iter().copied().chain(marked.filter(|_| !named));
        extent(all).unwrap_or((0.0, 1.0))
    }

    /// Returns the axis as marks know it.
    pub fn along(&self, scale: Scale) -> Along<'_> {
        match &self.kind {
            Kind::Names(names) => {
                let first = scale.at(0.0);
                Along::Names { names, first, slot: scale.at(1.0) - first }
            }
            Kind::Date => Along::Dates(scale),
            Kind::Number { .. } => Along::Numbers(scale),
        }
    }

    /// Writes a place in words.
    pub fn text(&self, place: f64) -> String {
        match &self.kind {
            Kind::Names(names) => names.get(place as usize).cloned().unwrap_or_default(),
            Kind::Date => chrono::NaiveDate::default()
                .checked_add_signed(chrono::TimeDelta::try_days(place as i64).unwrap_or_default())
                .map_or_else(|| place.to_string(), |day| day.format("%-d %b %Y").to_string()),
            Kind::Number { .. } => Unit::Number.text(place),
        }
    }
}

/// Writes labels below a part of the picture, none beyond its sides: the first, the last, and those between that have
/// room.
pub fn inside(
    canvas: &Canvas,
    (left, right): (f64, f64),
    y: f64,
    labels: &[(f64, String)],
) -> Result<()> {
    let style = Text::new(theme::TICK, theme::MUTED).at(HPos::Center, VPos::Center);
    const GAP: f64 = 8.0;
    let placed: Vec<(f64, f64, String)> = labels
        .iter()
        .map(|(x, text)| {
            let text = style.fit(text, right - left);
            let half = style.width(&text) / 2.0;
            (x.clamp(left + half, (right - half).max(left + half)), half, text)
        })
        .collect();
    let Some((first, rest)) = placed.split_first() else { return Ok(()) };
    let mut kept = vec![first];
    let last = rest.last().filter(|last| last.0 - last.1 >= first.0 + first.1 + GAP);
    for one in &rest[..rest.len().saturating_sub(1)] {
        let before = kept[kept.len() - 1];
        let clear = one.0 - one.1 >= before.0 + before.1 + GAP;
        if clear && last.is_none_or(|last| one.0 + one.1 + GAP <= last.0 - last.1) {
            kept.push(one);
        }
    }
    kept.extend(last);
    kept.iter().try_for_each(|(x, _, text)| canvas.text(text, (*x, y), style))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_numbers_and_names_have_places_and_words() {
        let frame = df!(
            "day" => Series::new("day".into(), [Some(31), None, Some(0)]).cast(&DataType::Date).unwrap(),
            "month" => [3, 1, 3],
            "plan" => ["team", "free", "team"],
        )
        .unwrap();
        let days = Across::new(&frame, "day").unwrap();
        assert_eq!((days.places(), days.text(31.0)), (vec![0.0, 31.0], "1 Feb 1970".into()));
        let months = Across::new(&frame, "month").unwrap();
        assert_eq!((months.places(), months.text(3.0)), (vec![1.0, 3.0], "3".into()));
        assert_eq!(months.ticks((1.0, 3.0), 200.0, None).text, ["1", "2", "3"]);
        let plans = Across::new(&frame, "plan").unwrap();
        assert_eq!((plans.places(), plans.text(1.0)), (vec![0.0, 1.0], "free".into()));
        assert_eq!(plans.ticks((0.0, 1.0), 200.0, None).text, ["team", "free"]);
    }
}
