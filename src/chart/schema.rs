//! Schemas: tables as boxes, references as lines between them.

use std::collections::BTreeMap;

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::canvas::{self, Canvas, Text};
use crate::error::{Error, Result};
use crate::figure::Figure;
use crate::figure::theme;
use crate::warehouse::queries::{Reference, Schema};

const ROW: f64 = 21.0;
const WIDE: f64 = 222.0;
/// Between columns of tables, and between the tables of a column.
const GAP: (f64, f64) = (70.0, 24.0);
const TOP: f64 = 56.0;
const MARGIN: f64 = 16.0;
/// Between lines beside each other.
const TRACK: f64 = 9.0;

/// Draws a schema: one box per table with its columns and their types, and a line for each reference from a column to
/// another table's key. Lines run between the boxes, never behind one.
///
/// `tables` are the frames to be loaded, by name; those that are referred to stand left of those that
/// refer to them.
///
/// # Errors
/// [`ErrorKind::Figure`](crate::ErrorKind::Figure) if a reference names a table or column that is not
/// there, or a table that the schema lists after the one that refers to it.
pub fn schema(schema: &Schema, tables: &[(&str, &DataFrame)], title: &str) -> Result<Figure> {
    let frames: BTreeMap<&str, &DataFrame> = tables.iter().copied().collect();
    let plan = Plan::new(schema, &frames)?;
    let lines = plan.lines(&frames)?;
    let (width, height) = plan.size(&frames);
    let described: Vec<String> = schema
        .tables
        .iter()
        .map(|table| {
            let columns = frames[table].get_column_names();
            let names: Vec<&str> = columns.iter().map(|name| name.as_str()).collect();
            format!("{table} ({})", names.join(", "))
        })
        .collect();
    let references: Vec<String> = schema
        .references
        .iter()
        .map(|r| format!("{}.{} refers to {}.{}", r.from.0, r.from.1, r.to.0, r.to.1))
        .collect();
    let alt = format!("{title}. Tables: {}. {}.", described.join("; "), references.join("; "));
    let size = (width.ceil() as u32, height.ceil() as u32);
    let svg = canvas::draw(size, &alt, |canvas| {
        canvas.text(title, (16.0, 24.0), Text::new(theme::TITLE, theme::INK).bold())?;
        for line in &lines {
            canvas.line(line, theme::AXIS, 1.4)?;
            line.last().map_or(Ok(()), |end| canvas.dot(*end, 3.5, theme::AXIS))?;
        }
        let boxes = plan.boxes(&frames);
        boxes.iter().try_for_each(|(name, at)| table(canvas, schema, name, frames[name], *at))
    })?;
    Ok(Figure::new(svg, size, alt))
}

/// Where tables stand, and between which of them each line passes.
struct Plan<'s> {
    /// Tables from left to right, and in each column from top to bottom.
    columns: Vec<Vec<&'s str>>,
    routes: Vec<Route<'s>>,
}

/// A line from a column to a key.
struct Route<'s> {
    reference: &'s Reference,
    from: usize,
    to: usize,
    /// For each column of tables that it passes, from the right: above which of its tables, or below the last.
    lanes: Vec<usize>,
}

impl<'s> Plan<'s> {
    fn new(schema: &'s Schema, frames: &BTreeMap<&str, &DataFrame>) -> Result<Plan<'s>> {
        // A table stands one place to the right of the rightmost table that it refers to.
        let mut depth: BTreeMap<&str, usize> = BTreeMap::new();
        let mut columns: Vec<Vec<&str>> = vec![];
        for table in schema.tables {
            if !frames.contains_key(table) {
                return Err(Error::figure(format!("no table {table}")));
            }
            let from = schema.references.iter().filter(|reference| reference.from.0 == *table);
            let rightmost = from.filter_map(|reference| depth.get(reference.to.0)).max();
            let place = rightmost.map_or(0, |place| place + 1);
            depth.insert(table, place);
            columns.resize_with(columns.len().max(place + 1), Vec::new);
            columns[place].push(table);
        }
        let mut plan = Plan { columns, routes: vec![] };
        for reference in schema.references {
            let place = |table: &str| {
                let place = depth.get(table).copied();
                place.ok_or_else(|| Error::figure(format!("no table {table}")))
            };
            let (from, to) = (place(reference.from.0)?, place(reference.to.0)?);
            if to >= from {
                let (from, to) = (reference.from.0, reference.to.0);
                return Err(Error::figure(format!(
                    "{from} refers to {to}, which is not before it"
                )));
            }
            let mut y = plan.row(frames, reference.from)?;
            let end = plan.row(frames, reference.to)?;
            let mut lanes = vec![];
            for column in (to + 1..from).rev() {
                // The lane with the shortest way to it and on from there.
                let found = (0..=plan.columns[column].len()).min_by(|a, b| {
                    let way = |lane: &usize| {
                        let at = plan.lane(frames, column, *lane);
                        (at - y).abs() + (at - end).abs()
                    };
                    way(a).total_cmp(&way(b))
                });
                let lane = found.unwrap_or_default();
                y = plan.lane(frames, column, lane);
                lanes.push(lane);
            }
            plan.routes.push(Route { reference, from, to, lanes });
        }
        Ok(plan)
    }

    /// Which lines pass through a lane of a column, by their numbers.
    fn passing(&self, column: usize, lane: usize) -> Vec<usize> {
        let passes = |route: &Route| {
            let place = route.from.checked_sub(column + 1);
            place.and_then(|place| route.lanes.get(place)) == Some(&lane)
        };
        (0..self.routes.len()).filter(|index| passes(&self.routes[*index])).collect()
    }

    /// Which lines go up or down to the left of a column, by their numbers.
    fn beside(&self, column: usize) -> Vec<usize> {
        let turns = |route: &Route| route.to < column && column <= route.from;
        (0..self.routes.len()).filter(|index| turns(&self.routes[*index])).collect()
    }

    /// The left edge of a column of tables; wide enough apart for the lines between them.
    fn left(&self, column: usize) -> f64 {
        let gap = |column: usize| GAP.0.max(TRACK * (self.beside(column).len() as f64 + 2.0));
        MARGIN + (1..=column).map(|before| WIDE + gap(before)).sum::<f64>()
    }

    fn tall(frame: &DataFrame) -> f64 {
        ROW * (frame.width() as f64 + 1.0)
    }

    /// What a lane takes of the height beyond the usual gap.
    fn widened(&self, column: usize, lane: usize) -> f64 {
        (TRACK * (self.passing(column, lane).len() as f64 + 1.0) - GAP.1).max(0.0)
    }

    /// The upper edge of a table of a column; below the last one, where another one would stand.
    fn top(&self, frames: &BTreeMap<&str, &DataFrame>, column: usize, place: usize) -> f64 {
        let above = &self.columns[column][..place];
        let tables = above.iter().map(|table| Plan::tall(frames[table]) + GAP.1).sum::<f64>();
        TOP + tables + (0..=place).map(|lane| self.widened(column, lane)).sum::<f64>()
    }

    /// The middle of the space above a table of a column, or below the last.
    fn lane(&self, frames: &BTreeMap<&str, &DataFrame>, column: usize, lane: usize) -> f64 {
        let room = GAP.1 + self.widened(column, lane);
        self.top(frames, column, lane) - room / 2.0
    }

    /// Tables and their left upper corners.
    fn boxes(&self, frames: &BTreeMap<&str, &DataFrame>) -> BTreeMap<&'s str, (f64, f64)> {
        let mut boxes = BTreeMap::new();
        for (column, tables) in self.columns.iter().enumerate() {
            for (place, table) in tables.iter().enumerate() {
                boxes.insert(*table, (self.left(column), self.top(frames, column, place)));
            }
        }
        boxes
    }

    fn size(&self, frames: &BTreeMap<&str, &DataFrame>) -> (f64, f64) {
        let bottom = |column: usize| self.top(frames, column, self.columns[column].len());
        let height = (0..self.columns.len()).map(bottom).fold(0.0, f64::max);
        (self.left(self.columns.len().saturating_sub(1)) + WIDE + MARGIN, height)
    }

    /// The middle of a column's row in its table's box.
    fn row(
        &self,
        frames: &BTreeMap<&str, &DataFrame>,
        (table, column): (&str, &str),
    ) -> Result<f64> {
        let frame = frames.get(table).ok_or_else(|| Error::figure(format!("no table {table}")))?;
        let place = frame.get_column_index(column);
        let place = place.ok_or_else(|| Error::figure(format!("no column {table}.{column}")))?;
        let top = self.boxes(frames).get(table).map_or(TOP, |corner| corner.1);
        Ok(top + (place as f64 + 1.5) * ROW)
    }

    /// The corners of each line, from the column that refers to the key.
    fn lines(&self, frames: &BTreeMap<&str, &DataFrame>) -> Result<Vec<Vec<(f64, f64)>>> {
        // The place of one among those beside it, around the middle.
        let track = |all: &[usize], index: usize| {
            let place = all.iter().position(|other| *other == index).unwrap_or_default();
            TRACK * (place as f64 - (all.len() as f64 - 1.0) / 2.0)
        };
        let mut lines = vec![];
        for (index, route) in self.routes.iter().enumerate() {
            let end = self.row(frames, route.reference.to)?;
            let mut y = self.row(frames, route.reference.from)?;
            let mut line = vec![(self.left(route.from), y)];
            for column in (route.to + 1..=route.from).rev() {
                let gap = (self.left(column - 1) + WIDE, self.left(column));
                let x = (gap.0 + gap.1) / 2.0 + track(&self.beside(column), index);
                line.push((x, y));
                y = match route.lanes.get(route.from - column) {
                    Some(lane) => {
                        let middle = self.lane(frames, column - 1, *lane);
                        middle + track(&self.passing(column - 1, *lane), index)
                    }
                    None => end,
                };
                line.push((x, y));
            }
            line.push((self.left(route.to) + WIDE, end));
            lines.push(line);
        }
        Ok(lines)
    }
}

fn table(
    canvas: &Canvas,
    schema: &Schema,
    name: &str,
    frame: &DataFrame,
    at: (f64, f64),
) -> Result<()> {
    let (x, y) = at;
    let tall = ROW * (frame.width() as f64 + 1.0);
    canvas.rect((x, y), (x + WIDE, y + tall), theme::EMPTY)?;
    canvas.rect((x, y), (x + WIDE, y + ROW), theme::colour(0))?;
    let head = Text::new(theme::LABEL, theme::PAPER).bold();
    canvas.text(name, (x + 8.0, y + ROW / 2.0), head)?;
    for (index, column) in frame.columns().iter().enumerate() {
        let middle = y + ROW * (index as f64 + 1.5);
        let key = schema.keys.contains(&(name, column.name().as_str()));
        let label = Text::new(theme::TICK, theme::INK);
        let label = if key { label.bold() } else { label };
        canvas.text(column.name(), (x + 8.0, middle), label)?;
        let what = match column.dtype() {
            DataType::String => "text",
            DataType::Date => "date",
            DataType::Datetime(_, _) => "timestamp",
            dtype if dtype.is_integer() => "integer",
            _ => "number",
        };
        let what = if key { format!("{what}, key") } else { what.to_owned() };
        let style = Text::new(theme::TICK, theme::MUTED).at(HPos::Right, VPos::Center);
        canvas.text(&what, (x + WIDE - 8.0, middle), style)?;
    }
    Ok(())
}
