//! Box plots: distributions side by side, from their quantiles.

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::axis::{Scale, decades, ticks};
use super::canvas::{Canvas, Text};
use super::label::short;
use super::mark::{Along, Axis, Ground, in_rect};
use super::{
    Frame, Key, Labels, Unit, Values, columns, drawable, extent, labels, left_out, marks, names,
    numbers, theme,
};
use crate::error::{Error, Result};
use crate::figure::Figure;

/// Builds a box plot: see [`boxplot`].
#[derive(Debug, Clone)]
pub struct Boxplot<'f> {
    frame: &'f DataFrame,
    name: String,
    five: [String; 5],
    counts: Option<String>,
    outliers: Option<(&'f DataFrame, String, String)>,
    log: bool,
    labels: Labels,
}

/// Begins a box plot: a row for each `name`, in the frame's order, with a box from the first to the third quartile, a
/// line at the median, and whiskers to both sides. `five` names the columns of the lower whisker, first quartile,
/// median, third quartile and upper whisker. What whiskers mean is up to you: the summary of
/// [`distribution`](crate::metrics::distribution::summary), or the 5th and 95th percentiles. Medians are written beside
/// the boxes where there is room.
///
/// ```
/// use casebook::prelude::*;
///
/// let sessions = df!(
///     "plan" => ["Free", "Free", "Free", "Free", "Free", "Pro", "Pro", "Pro", "Pro", "Pro"],
///     "minutes" => [1.0, 3.0, 4.0, 6.0, 60.0, 5.0, 9.0, 14.0, 22.0, 31.0],
/// )?;
/// let spread = distribution::summary(&sessions, "plan", "minutes")?;
/// let beyond = distribution::outliers(&sessions, "plan", "minutes")?;
/// let figure = chart::boxplot(&spread, "plan", ["low", "q1", "median", "q3", "high"])
///     .counts("n")
///     .outliers(&beyond, "plan", "minutes")
///     .title("Pro sessions last more than three times as long")
///     .labels("Minutes a session", "Plan")
///     .draw()?;
/// assert!(figure.alt().contains("Pro: median 14, middle half 9 to 22, whiskers 5 to 31"));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn boxplot<'f>(frame: &'f DataFrame, name: &str, five: [&str; 5]) -> Boxplot<'f> {
    Boxplot {
        frame,
        name: name.into(),
        five: five.map(str::to_owned),
        counts: None,
        outliers: None,
        log: false,
        labels: Labels::new(five[2], name).of(Values::Across),
    }
}

labels!(Boxplot);
marks!(Boxplot);

impl<'f> Boxplot<'f> {
    /// Writes how many each box stands for beside its name, from a column.
    pub fn counts(mut self, column: &str) -> Self {
        self.counts = Some(column.into());
        self
    }

    /// Adds single values as dots, from a frame of their own: one row per dot, with the `name` of its box. Those of other
    /// names are left out.
    pub fn outliers(mut self, frame: &'f DataFrame, name: &str, value: &str) -> Self {
        self.outliers = Some((frame, name.into(), value.into()));
        self
    }

    /// Makes the axis logarithmic: equal ratios are equally far apart. Values of 0 or less have no place on it: a
    /// whisker to one runs off the axis, and a box or a dot is left out.
    pub fn log(mut self) -> Self {
        self.log = true;
        self
    }

    /// Draws the chart. [`unit`](Boxplot::unit) is the unit of the values.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn)
    /// for a value that is not a number, or five that do not rise; a size out of range, or more than 200,000 boxes or dots.
    pub fn draw(self) -> Result<Figure> {
        let data = Data::new(&self)?;
        let summary = data.summary(self.labels.unit);
        self.labels.figure("Box plot", summary, |canvas| self.paint(canvas, &data))
    }

    fn paint(&self, canvas: &Canvas, data: &Data) -> Result<()> {
        let unit = self.labels.unit;
        let note = left_out(data.left_out).map(|note| format!(" {note}")).unwrap_or_default();
        let note = format!("Box: the middle half. Line: the median.{note}");
        let mut frame = Frame::new(canvas, &self.labels, &[], Some(note))?;
        let tick = Text::new(theme::TICK, theme::MUTED);
        let label = Text::new(theme::LABEL, theme::INK);
        let slot = (frame.bottom - frame.top - 16.0) / data.rows.len().max(1) as f64;
        let below = |row: &Row| row.n.map(|n| format!("n = {}", Unit::Number.text(n)));
        let marks = &self.labels.marks;
        let keys = marks.keys(data.rows.iter().map(|row| Key::square(&row.name, 0)).collect())?;
        let styled = |key: &Key| {
            let colour = if marks.is_prominent(&key.name) { theme::INK } else { theme::MUTED };
            Text { bold: key.bold, colour, ..label }
        };
        let wide = |(row, key): (&Row, &Key)| {
            styled(key).width(&row.name).max(below(row).map_or(0.0, |text| tick.width(&text)))
        };
        let room =
            data.rows.iter().zip(&keys).map(wide).fold(0.0, f64::max).min(canvas.width * 0.32);
        frame.left += room + 14.0;
        let medians: Vec<String> = data.rows.iter().map(|row| unit.text(row.five[2])).collect();
        let heading = "Median";
        let beside = medians.iter().map(String::as_str).chain([heading]);
        let beside = beside.map(|text| tick.width(text)).fold(0.0, f64::max) + 16.0;
        let numbered = frame.right - frame.left - beside > 160.0 && slot >= 14.0;
        frame.right -= if numbered { beside } else { 10.0 };
        frame.top += if numbered { 16.0 } else { 0.0 };
        let count = ((frame.right - frame.left) / 80.0).clamp(2.0, 10.0) as usize;
        let marked = marks.numbers(Axis::X).filter(|at| *at > 0.0 || !self.log);
        let ends = data.range(self.log);
        let range = extent(marked.chain([ends.0, ends.1])).unwrap_or(ends);
        let ticks =
            if self.log { decades(range, count, unit) } else { ticks(range, count, unit, false) };
        let x = Scale::of(&ticks, (frame.left, frame.right));
        let top = frame.top;
        marks.head_room(&mut frame, &Along::Numbers(x), Axis::X)?;
        // Labels of marks share the line with the heading.
        frame.top = (frame.top - if numbered { 16.0 } else { 0.0 }).max(top);
        let right = tick.at(HPos::Left, VPos::Center);
        if numbered {
            canvas.text(heading, (frame.right + 14.0, frame.top - 9.0), right)?;
        }
        for at in &ticks.at {
            let place = x.at(*at);
            canvas.line(&[(place, frame.top), (place, frame.bottom)], theme::GRID, 1.0)?;
        }
        let texts: Vec<(f64, String)> =
            ticks.at.iter().zip(&ticks.text).map(|(at, text)| (x.at(*at), text.clone())).collect();
        frame.x_labels(canvas, &texts, false)?;
        let slot = (frame.bottom - frame.top) / data.rows.len().max(1) as f64;
        let every = (14.0 / slot).ceil().max(1.0) as usize;
        let names: Vec<String> = data.rows.iter().map(|row| row.name.clone()).collect();
        let y = Along::Names { names: &names, first: frame.top + slot / 2.0, slot };
        let mut ground = Ground::new(marks, frame, (Along::Numbers(x), y), false);
        ground.behind(canvas)?;
        for (place, row) in data.rows.iter().enumerate() {
            let y = frame.top + slot * (place as f64 + 0.5);
            let half = (slot * 0.28).min(14.0);
            self.paint_box(canvas, (row, &keys[place]), (y, half), &x, frame.left)?;
            if !marks.is_empty() {
                let [low, q1, _, q3, high] =
                    row.five.map(|at| if self.log && at <= 0.0 { frame.left } else { x.at(at) });
                ground.busy.extend(in_rect((q1, y - half), (q3, y + half)));
                ground.busy.extend(in_rect((low, y), (high, y)));
                ground.busy.extend(row.outliers.iter().map(|at| (x.at(*at), y)));
            }
            if place % every != 0 {
                continue;
            }
            let two = below(row).filter(|_| slot >= 32.0);
            let at = |down: f64| (frame.left - 12.0, y + down);
            let style = styled(&keys[place]);
            let name = style.fit(&row.name, room);
            let up = if two.is_some() { -8.0 } else { 0.0 };
            canvas.text(&name, at(up), style.at(HPos::Right, VPos::Center))?;
            if let Some(n) = two {
                canvas.text(&tick.fit(&n, room), at(8.0), tick.at(HPos::Right, VPos::Center))?;
            }
            if numbered {
                canvas.text(&medians[place], (frame.right + 14.0, y), right)?;
            }
        }
        ground.before(canvas)
    }

    fn paint_box(
        &self,
        canvas: &Canvas,
        (row, key): (&Row, &Key),
        (y, half): (f64, f64),
        x: &Scale,
        edge: f64,
    ) -> Result<()> {
        let colour = key.colour;
        let [low, q1, median, q3, high] = row.five;
        let cap = half * 0.5;
        for (from, to) in [(q1, low), (q3, high)] {
            if self.log && to <= 0.0 {
                canvas.line(&[(x.at(from), y), (edge, y)], colour, 1.6)?;
            } else {
                let end = x.at(to);
                canvas.line(&[(x.at(from), y), (end, y)], colour, 1.6)?;
                canvas.line(&[(end, y - cap), (end, y + cap)], colour, 1.6)?;
            }
        }
        row.outliers
            .iter()
            .try_for_each(|value| canvas.dot((x.at(*value), y), 2.4, theme::AXIS))?;
        let (left, right, top, bottom) = (x.at(q1), x.at(q3), y - half, y + half);
        let prominent = self.labels.marks.is_prominent(&key.name);
        canvas.rect((left, top), (right, bottom), if prominent { BOX } else { theme::EMPTY })?;
        let outline =
            [(left, top), (right, top), (right, bottom), (left, bottom), (left, top - 0.7)];
        canvas.line(&outline, colour, 1.4)?;
        canvas.line(&[(x.at(median), top), (x.at(median), bottom)], colour, 3.2)
    }
}

/// Blue, far lighter: the median must stand out in it.
const BOX: plotters::style::RGBColor = plotters::style::RGBColor(204, 227, 240);

struct Row {
    name: String,
    five: [f64; 5],
    n: Option<f64>,
    outliers: Vec<f64>,
}

struct Data {
    rows: Vec<Row>,
    left_out: usize,
}

impl Data {
    fn new(chart: &Boxplot) -> Result<Data> {
        let frame = chart.frame;
        let mut needed = vec![chart.name.as_str()];
        needed.extend(chart.five.iter().map(String::as_str));
        needed.extend(chart.counts.as_deref());
        columns(frame, &needed)?;
        drawable("boxes", frame.height(), 1)?;
        let five: Vec<Vec<Option<f64>>> =
            chart.five.iter().map(|column| numbers(frame, column)).collect::<Result<_>>()?;
        let n = match &chart.counts {
            Some(column) => numbers(frame, column)?,
            None => vec![None; frame.height()],
        };
        let mut rows: Vec<Row> = vec![];
        let mut all = std::collections::BTreeMap::<String, usize>::new();
        let mut left_out = 0;
        for (row, name) in names(frame, &chart.name)?.into_iter().enumerate() {
            let values: Option<Vec<f64>> = five.iter().map(|column| column[row]).collect();
            let Some(values) = values.and_then(|values| <[f64; 5]>::try_from(values).ok()) else {
                left_out += 1;
                continue;
            };
            if let Some(place) = values.windows(2).position(|pair| pair[0] > pair[1]) {
                let problem = format!(
                    "holds {} in row {}, more than `{}`, {}; whiskers, quartiles and median must rise",
                    values[place],
                    row + 1,
                    chart.five[place + 1],
                    values[place + 1]
                );
                return Err(Error::column("chart's", &chart.five[place], problem));
            }
            if chart.log && values[1] <= 0.0 {
                left_out += 1;
                continue;
            }
            let shown = short(&name);
            all.entry(name).or_insert(rows.len());
            rows.push(Row { name: shown, five: values, n: n[row], outliers: vec![] });
        }
        if let Some((frame, name, value)) = &chart.outliers {
            columns(frame, &[name, value])?;
            drawable("dots", frame.height(), 1)?;
            for (name, value) in names(frame, name)?.into_iter().zip(numbers(frame, value)?) {
                let value = value.filter(|value| !chart.log || *value > 0.0);
                match (all.get(&name), value) {
                    (Some(place), Some(value)) => rows[*place].outliers.push(value),
                    _ => left_out += 1,
                }
            }
        }
        Ok(Data { rows, left_out })
    }

    fn range(&self, log: bool) -> (f64, f64) {
        let all = self.rows.iter().flat_map(|row| row.five.iter().chain(&row.outliers));
        extent(all.copied().filter(|value| !log || *value > 0.0)).unwrap_or((0.0, 1.0))
    }

    /// In words: each row's median, box and whiskers. `None` without rows.
    fn summary(&self, unit: Unit) -> Option<String> {
        let described: Vec<String> = (self.rows.iter().take(8))
            .map(|row| {
                let [low, q1, median, q3, high] = row.five.map(|value| unit.text(value));
                let dots = match row.outliers.len() {
                    0 => String::new(),
                    1 => ", 1 outlier".into(),
                    n => format!(", {n} outliers"),
                };
                let name = &row.name;
                format!("{name}: median {median}, middle half {q1} to {q3}, whiskers {low} to {high}{dots}")
            })
            .collect();
        let more = self.rows.len().saturating_sub(8);
        let rest = if more > 0 { format!("; and {more} more boxes") } else { String::new() };
        (!described.is_empty()).then(|| format!("{}{rest}.", described.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: [&str; 5] = ["low", "q1", "median", "q3", "high"];

    fn frame(q1: [f64; 2]) -> DataFrame {
        df!(
            "plan" => ["free", "pro"], "low" => [0.0, 2.0], "q1" => q1, "median" => [5.0, 6.0],
            "q3" => [8.0, 9.0], "high" => [20.0, 30.0],
        )
        .unwrap()
    }

    #[test]
    fn five_numbers_that_do_not_rise_are_refused_by_name() {
        let told = boxplot(&frame([1.0, 7.5]), "plan", FIVE).draw().unwrap_err().to_string();
        assert!(
            told.contains("`q1`") && told.contains("7.5 in row 2") && told.contains("`median`"),
            "{told}"
        );
    }

    #[test]
    fn a_logarithmic_axis_has_no_place_for_zero() {
        let frame = frame([0.0, 3.0]);
        let dots = df!("plan" => ["pro", "pro", "gone"], "value" => [40.0, 0.0, 3.0]).unwrap();
        let chart = boxplot(&frame, "plan", FIVE).outliers(&dots, "plan", "value");
        let plain = Data::new(&chart).unwrap();
        assert_eq!(
            (plain.rows.len(), plain.left_out, &plain.rows[1].outliers[..]),
            (2, 1, &[40.0, 0.0][..])
        );
        let log = Data::new(&chart.log()).unwrap();
        assert_eq!((log.rows.len(), log.left_out, log.range(true)), (1, 3, (2.0, 40.0)));
    }
}
