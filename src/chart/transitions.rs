//! Transition matrices: from which state to which, as shares of each row.

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::area::not_negative;
use super::canvas::{Canvas, Text};
use super::{
    Frame, LINE, Labels, Unit, Values, columns, drawable, labels, left_out, names, numbers, places,
    theme,
};
use crate::error::Result;
use crate::figure::Figure;

/// Builds a transition matrix: see [`transitions`].
#[derive(Debug, Clone)]
pub struct Transitions<'f> {
    frame: &'f DataFrame,
    from: String,
    to: String,
    count: String,
    labels: Labels,
}

/// Begins a transition matrix: a row for each state of `from`, a column for each of `to`, and in each cell the share of
/// the row that went there, with its `count`. The darker a cell, the higher its share. Those who stayed are on the
/// diagonal, which is outlined.
///
/// States come in the frame's order, rows and columns in the same; those that nobody leaves come last, as columns only.
/// Several rows for the same pair add up. A pair that is not in the frame was counted 0 times; one whose count is null
/// stays grey, and its row has no shares.
///
/// ```
/// use casebook::prelude::*;
///
/// let moves = df!(
///     "last_month" => ["Active", "Active", "Active", "Dormant", "Dormant", "Dormant"],
///     "this_month" => ["Active", "Dormant", "Cancelled", "Active", "Dormant", "Cancelled"],
///     "users" => [6_120, 1_260, 90, 310, 1_890, 430],
/// )?;
/// let figure = chart::transitions(&moves, "last_month", "this_month", "users")
///     .title("Dormant users cancel 14 times as often as active ones")
///     .labels("This month", "Last month")
///     .draw()?;
/// assert!(figure.alt().contains("Active (n = 7,470): 81.9% Active"));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn transitions<'f>(frame: &'f DataFrame, from: &str, to: &str, count: &str) -> Transitions<'f> {
    Transitions {
        frame,
        from: from.into(),
        to: to.into(),
        count: count.into(),
        labels: Labels::new(to, from).of(Values::Colour("share of each row".into())),
    }
}

labels!(Transitions);

impl Transitions<'_> {
    /// Draws the chart. Shares are in percent; [`unit`](Transitions::unit) is the unit of the counts.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn)
    /// for counts that are not numbers, or below 0; a size out of range, or more than 200,000 cells.
    pub fn draw(self) -> Result<Figure> {
        let data = Data::new(&self)?;
        let summary = data.summary(self.labels.unit);
        self.labels.figure("Transition matrix", summary, |canvas| self.paint(canvas, &data))
    }

    fn paint(&self, canvas: &Canvas, data: &Data) -> Result<()> {
        let unit = self.labels.unit;
        let mut frame = Frame::new(canvas, &self.labels, &[], left_out(data.missing))?;
        let tick = Text::new(theme::TICK, theme::MUTED);
        let name = Text::new(theme::TICK, theme::INK);
        // What the rows are, above their names.
        let rows_are = tick.fit(&self.labels.y, canvas.width * 0.6);
        canvas.text(&rows_are, (frame.left, frame.top + 2.0), tick.at(HPos::Left, VPos::Center))?;
        frame.top += LINE - 2.0;
        let counted: Vec<String> = (data.totals.iter())
            .map(|total| total.map_or("n unknown".into(), |n| format!("n = {}", unit.text(n))))
            .collect();
        let wide = |style: Text, texts: &[String]| {
            texts.iter().map(|text| style.width(text)).fold(0.0, f64::max)
        };
        let rows = data.shares.len();
        let room = wide(name, &data.states[..rows]).max(wide(tick, &counted));
        let room = room.min(canvas.width * 0.28);
        frame.left += room + 10.0;
        frame.right -= KEY;
        let slot = (frame.right - frame.left) / data.states.len() as f64;
        let lines: Vec<Vec<String>> = (data.states.iter())
            .map(|state| {
                let mut lines = tick.wrap(state, slot - 6.0);
                if lines.len() > 2 {
                    let rest = lines.split_off(1).join(" ");
                    lines.push(tick.fit(&rest, slot - 6.0));
                }
                lines
            })
            .collect();
        let readable = slot >= 28.0;
        if readable && lines.iter().any(|lines| lines.len() > 1) {
            frame.bottom -= 14.0;
        }
        let tall = (frame.bottom - frame.top) / rows.max(1) as f64;
        let gap = if slot.min(tall) > 8.0 { 2.0 } else { 0.0 };
        let corner = |row: usize, column: usize| {
            (frame.left + slot * column as f64, frame.top + tall * row as f64)
        };
        for (row, (shares, counts)) in data.shares.iter().zip(&data.counts).enumerate() {
            for (column, (share, count)) in shares.iter().zip(counts).enumerate() {
                let a = corner(row, column);
                let b = (a.0 + slot - gap, a.1 + tall - gap);
                canvas.rect(a, b, share.map_or(theme::EMPTY, theme::shade))?;
                let Some(share) = share else { continue };
                let ink = theme::ink_on(theme::shade(*share));
                let text = Unit::Percent.text(*share);
                let below = count.map(|count| unit.text(count)).unwrap_or_default();
                let strong = Text::new(theme::TICK, ink).bold().at(HPos::Center, VPos::Center);
                let weak = Text::new(theme::TICK - 1.0, ink).at(HPos::Center, VPos::Center);
                let (x, y) = ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
                if strong.width(&text) + 4.0 > slot || tall < 16.0 {
                    continue;
                }
                let both = tall >= 36.0 && weak.width(&below) + 4.0 <= slot;
                canvas.text(&text, (x, if both { y - 7.0 } else { y }), strong)?;
                if both {
                    canvas.text(&below, (x, y + 9.0), weak)?;
                }
            }
        }
        for row in (0..rows).filter(|_| gap > 0.0) {
            let (a, b) = (corner(row, row), corner(row + 1, row + 1));
            let (b, inset) = ((b.0 - gap, b.1 - gap), 0.5);
            let (l, t, r, d) = (a.0 + inset, a.1 + inset, b.0 - inset, b.1 - inset);
            canvas.line(&[(l, t), (r, t), (r, d), (l, d), (l, t - 1.0)], theme::INK, 2.0)?;
        }
        let every = (14.0 / tall).ceil().max(1.0) as usize;
        for (row, state) in data.states.iter().enumerate().take(rows).step_by(every) {
            let (x, y) = (frame.left - 10.0, frame.top + tall * (row as f64 + 0.5) - gap / 2.0);
            let both = tall >= 32.0;
            let beside = name.at(HPos::Right, VPos::Center);
            let up = if both { y - 7.0 } else { y };
            canvas.text(&name.fit(state, room), (x, up), beside)?;
            if both {
                let beside = tick.at(HPos::Right, VPos::Center);
                canvas.text(&tick.fit(&counted[row], room), (x, y + 8.0), beside)?;
            }
        }
        if readable {
            let below = tick.at(HPos::Center, VPos::Center);
            for (column, lines) in lines.iter().enumerate() {
                let x = frame.left + slot * (column as f64 + 0.5) - gap / 2.0;
                for (line, text) in lines.iter().enumerate() {
                    canvas.text(text, (x, frame.bottom + 12.0 + 14.0 * line as f64), below)?;
                }
            }
        } else {
            let labels: Vec<(f64, String)> = (data.states.iter().enumerate())
                .map(|(i, state)| (frame.left + slot * (i as f64 + 0.5), state.clone()))
                .collect();
            frame.x_labels(canvas, &labels, false)?;
        }
        paint_key(canvas, &frame)
    }
}

/// The room for the key of colours.
const KEY: f64 = 58.0;

/// Colours from 0 to 100% of a row: always all of them, so that two matrices can be compared.
fn paint_key(canvas: &Canvas, frame: &Frame) -> Result<()> {
    const STEPS: i32 = 40;
    let x = frame.right + 14.0;
    let (top, bottom) = (frame.top + 32.0, frame.bottom - 18.0);
    let style = Text::new(theme::TICK - 1.0, theme::MUTED);
    if bottom - top < 20.0 {
        return Ok(());
    }
    let step = (bottom - top) / f64::from(STEPS);
    for i in 0..STEPS {
        let y = top + step * f64::from(i);
        let colour = theme::shade(1.0 - f64::from(i) / f64::from(STEPS - 1));
        canvas.rect((x, y), (x + 12.0, y + step + 0.5), colour)?;
    }
    canvas.text("of row", (x, frame.top + 6.0), style)?;
    canvas.text("100%", (x, frame.top + 21.0), style)?;
    canvas.text("0%", (x, frame.bottom - 8.0), style)
}

struct Data {
    /// Those of the rows, then those that only columns have.
    states: Vec<String>,
    /// By row, then column.
    counts: Vec<Vec<Option<f64>>>,
    shares: Vec<Vec<Option<f64>>>,
    /// Each row's sum; `None` if a part of it is unknown.
    totals: Vec<Option<f64>>,
    missing: usize,
}

impl Data {
    fn new(chart: &Transitions) -> Result<Data> {
        let frame = chart.frame;
        columns(frame, &[&chart.from, &chart.to, &chart.count])?;
        let values = numbers(frame, &chart.count)?;
        not_negative(&chart.count, &values)?;
        let (from, to) = (names(frame, &chart.from)?, names(frame, &chart.to)?);
        let rows = places(&from).0.len();
        let both: Vec<String> = from.into_iter().chain(to).collect();
        let (states, at) = places(&both);
        drawable("cells", rows, states.len())?;
        let mut counts = vec![vec![Some(0.0); states.len()]; rows];
        for (row, value) in values.iter().enumerate() {
            let cell = &mut counts[at[row]][at[values.len() + row]];
            *cell = cell.zip(*value).map(|(sum, value): (f64, f64)| (sum + value).min(f64::MAX));
        }
        let missing = values.iter().filter(|value| value.is_none()).count();
        let whole = |row: &Vec<Option<f64>>| -> Option<f64> {
            row.iter().try_fold(0.0, |sum: f64, cell| Some((sum + (*cell)?).min(f64::MAX)))
        };
        let totals: Vec<Option<f64>> = counts.iter().map(whole).collect();
        let share = |(row, total): (&Vec<Option<f64>>, &Option<f64>)| {
            let total = total.filter(|total| *total > 0.0);
            row.iter().map(|cell| Some((*cell)? / total?)).collect()
        };
        let shares = counts.iter().zip(&totals).map(share).collect();
        Ok(Data { states, counts, shares, totals, missing })
    }

    /// In words: where each row goes, the most frequent first. `None` without a share.
    fn summary(&self, unit: Unit) -> Option<String> {
        let row = |row: usize| {
            let mut to: Vec<(f64, &str)> = (self.shares[row].iter().zip(&self.states))
                .filter_map(|(share, state)| Some(((*share)?, state.as_str())))
                .collect();
            to.sort_by(|a, b| b.0.total_cmp(&a.0));
            let parts: Vec<String> = (to.iter().take(4))
                .map(|(share, state)| format!("{} {state}", Unit::Percent.text(*share)))
                .collect();
            let total = unit.text(self.totals[row]?);
            let (name, parts) = (&self.states[row], parts.join(", "));
            (!parts.is_empty()).then(|| format!("{name} (n = {total}): {parts}"))
        };
        let described: Vec<String> = (0..self.shares.len()).filter_map(row).collect();
        let more = described.len().saturating_sub(8);
        let rest = if more > 0 { format!("; and {more} more rows") } else { String::new() };
        let first: Vec<String> = described.into_iter().take(8).collect();
        (!first.is_empty()).then(|| format!("Shares of each row. {}{rest}.", first.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_add_up_to_one_and_states_nobody_leaves_come_last() {
        let frame = df!(
            "from" => ["b", "a", "a", "b", "b"],
            "to" => ["gone", "b", "a", "b", "gone"],
            "n" => [1, 30, 10, 6, 1],
        )
        .unwrap();
        let data = Data::new(&transitions(&frame, "from", "to", "n")).unwrap();
        assert_eq!(data.states, ["b", "a", "gone"]);
        assert_eq!(data.totals, [Some(8.0), Some(40.0)]);
        let shares = [[Some(0.75), Some(0.0), Some(0.25)], [Some(0.75), Some(0.25), Some(0.0)]];
        assert_eq!(data.shares, shares);
    }

    #[test]
    fn an_unknown_count_leaves_its_row_without_shares() {
        let frame = df!("from" => ["a", "a", "b"], "to" => ["a", "b", "b"], "n" => [Some(3), None, Some(2)]);
        let data = Data::new(&transitions(&frame.unwrap(), "from", "to", "n")).unwrap();
        assert_eq!((data.totals, data.missing), (vec![None, Some(2.0)], 1));
        assert_eq!(data.shares, [[None, None], [Some(0.0), Some(1.0)]]);
    }

    #[test]
    fn negative_counts_are_refused_by_name() {
        let frame = df!("from" => ["a"], "to" => ["a"], "n" => [-1]).unwrap();
        let told = transitions(&frame, "from", "to", "n").draw().unwrap_err().to_string();
        assert!(told.contains("`n`") && told.contains("-1 in row 1"), "{told}");
    }
}
