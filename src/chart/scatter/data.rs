//! The dots of a scatter plot, and the lines fitted to them.

use polars::prelude::*;

use crate::chart::label::signed;
use crate::chart::options::Labels;
use crate::chart::{Unit, columns, drawable, extent, names, numbers, places};
use crate::error::Result;
use crate::stats::least_squares::LeastSquares;

/// The columns of a scatter plot, and which of its axes are logarithmic.
#[derive(Debug, Clone)]
pub struct Source<'f> {
    pub frame: &'f DataFrame,
    pub x: String,
    pub y: String,
    pub by: Option<String>,
    pub size_by: Option<String>,
    pub log: (bool, bool),
}

pub struct Dot {
    pub x: f64,
    pub y: f64,
    /// Its area, as a share of the largest.
    pub size: Option<f64>,
    pub group: usize,
}

pub struct Data {
    pub dots: Vec<Dot>,
    pub groups: Vec<String>,
    pub sizes: Option<(f64, f64)>,
    pub date: bool,
    /// Logarithmic axes; dates have none.
    log: (bool, bool),
    pub left_out: usize,
}

impl Data {
    /// Reads the dots. Without a column of series they are one, called `name`.
    pub fn new(source: &Source, name: &str) -> Result<Data> {
        let frame = source.frame;
        let mut needed = vec![source.x.as_str(), &source.y];
        needed.extend(source.by.as_deref());
        needed.extend(source.size_by.as_deref());
        columns(frame, &needed)?;
        drawable("dots", frame.height(), 1)?;
        let date =
            matches!(frame.column(&source.x)?.dtype(), DataType::Date | DataType::Datetime(_, _));
        let log = (source.log.0 && !date, source.log.1);
        let (xs, ys) = (numbers(frame, &source.x)?, numbers(frame, &source.y)?);
        let areas = match &source.size_by {
            Some(column) => Some(numbers(frame, column)?),
            None => None,
        };
        let (groups, owners) = match &source.by {
            Some(column) => places(&names(frame, column)?),
            None => (vec![name.to_owned()], vec![0; xs.len()]),
        };
        let mut dots = vec![];
        for row in 0..xs.len() {
            let has_place = |value: &f64, log: bool| !log || *value > 0.0;
            let (Some(x), Some(y)) =
                (xs[row].filter(|x| has_place(x, log.0)), ys[row].filter(|y| has_place(y, log.1)))
            else {
                continue;
            };
            let size = areas.as_ref().map(|areas| areas[row].filter(|area| *area >= 0.0));
            if size != Some(None) {
                dots.push(Dot { x, y, size: size.flatten(), group: owners[row] });
            }
        }
        let sizes = extent(dots.iter().filter_map(|dot| dot.size));
        if let Some((_, largest)) = sizes {
            let share = |size: f64| if largest > 0.0 { size / largest } else { 0.0 };
            dots.iter_mut().for_each(|dot| dot.size = dot.size.map(share));
        }
        let left_out = xs.len() - dots.len();
        Ok(Data { dots, groups, sizes, date, log, left_out })
    }

    /// Returns the ranges that the axes must span.
    pub fn ranges(&self, same: bool) -> ((f64, f64), (f64, f64)) {
        let x = extent(self.dots.iter().map(|dot| dot.x)).unwrap_or((0.0, 1.0));
        let y = extent(self.dots.iter().map(|dot| dot.y)).unwrap_or((0.0, 1.0));
        let both = (x.0.min(y.0), x.1.max(y.1));
        if same { (both, both) } else { (x, y) }
    }

    /// Returns a series' dots as its line is fitted to them: their logarithms where the axes are logarithmic.
    pub fn fitted(&self, group: usize) -> impl Iterator<Item = (f64, f64)> + '_ {
        let log = self.log;
        let on = |value: f64, log: bool| if log { value.log10() } else { value };
        let mine = self.dots.iter().filter(move |dot| dot.group == group);
        mine.map(move |dot| (on(dot.x, log.0), on(dot.y, log.1)))
    }

    /// Fits a line to each series that has one, by its number.
    pub fn lines(&self) -> Vec<(usize, LeastSquares)> {
        let fit = |group| LeastSquares::fit(&self.fitted(group).collect::<Vec<_>>());
        (0..self.groups.len()).filter_map(|group| Some((group, fit(group)?))).collect()
    }

    /// Describes in words how many dots there are, their ranges, and the slopes of fitted lines. `None` without data.
    pub fn summary(
        &self,
        labels: &Labels,
        x_unit: Unit,
        fitted: &[(usize, LeastSquares)],
    ) -> Option<String> {
        if self.dots.is_empty() {
            return None;
        }
        let ((x0, x1), (y0, y1)) = self.ranges(false);
        let unit = labels.unit;
        let x = |value: f64| match self.date {
            true => chrono::NaiveDate::default()
                .checked_add_signed(chrono::TimeDelta::try_days(value as i64).unwrap_or_default())
                .map_or_else(|| value.to_string(), |day| day.format("%-d %b %Y").to_string()),
            false => x_unit.text(value),
        };
        let logarithmic = self.log.0 || self.log.1;
        let slope = |value: f64| match logarithmic {
            true => Unit::Number.text(value),
            false => signed(unit, value),
        };
        let several = self.groups.len() > 1;
        let lines: Vec<String> = (fitted.iter().take(6))
            .map(|(group, line)| {
                let (low, high) = line.slope_interval();
                let whose =
                    if several { format!(" of {}", self.groups[*group]) } else { String::new() };
                let scale = if logarithmic { " on the logarithmic scale" } else { "" };
                format!(
                    " Least-squares line{whose}: slope {}{scale} (95% {} to {}), R² {:.2}.",
                    slope(line.slope()),
                    slope(low),
                    slope(high),
                    line.r_squared(),
                )
            })
            .collect();
        let many =
            if several { format!(" in {} series", self.groups.len()) } else { String::new() };
        let dots = if self.dots.len() == 1 { "dot" } else { "dots" };
        Some(format!(
            "{} {dots}{many}; {} from {} to {}, {} from {} to {}.{}",
            Unit::Number.text(self.dots.len() as f64),
            labels.x,
            x(x0),
            x(x1),
            labels.y,
            unit.text(y0),
            unit.text(y1),
            lines.concat(),
        ))
    }
}
