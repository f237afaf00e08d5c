//! Schemas: tables as boxes, references as lines between them.

use std::collections::BTreeMap;

use plotters::style::text_anchor::{HPos, VPos};
use polars::prelude::*;

use super::canvas::{self, Canvas, Text};
use crate::error::{Error, Result};
use crate::figure::Figure;
use crate::figure::theme;
use crate::warehouse::queries::Schema;

const ROW: f64 = 21.0;
const WIDE: f64 = 222.0;
const GAP: f64 = 70.0;

/// A picture of a schema: one box per table with its columns and their types, and a line for each
/// reference from a column to another table's key.
///
/// `tables` are the frames to be loaded, by name; those that are referred to stand left of those that
/// refer to them.
///
/// # Errors
/// [`ErrorKind::Figure`](crate::ErrorKind::Figure) if a reference names a table or column that is not
/// there.
pub fn schema(schema: &Schema, tables: &[(&str, &DataFrame)], title: &str) -> Result<Figure> {
    let frames: BTreeMap<&str, &DataFrame> = tables.iter().copied().collect();
    let column_of = |table: &str, column: &str| {
        let frame = frames.get(table).ok_or_else(|| Error::figure(format!("no table {table}")))?;
        let place = frame.get_column_names().iter().position(|name| *name == column);
        place.ok_or_else(|| Error::figure(format!("no column {table}.{column}")))
    };
    // A table stands one place to the right of the rightmost table that it refers to.
    let mut depth: BTreeMap<&str, usize> = BTreeMap::new();
    for table in schema.tables {
        let from = schema.references.iter().filter(|reference| reference.from.0 == *table);
        let rightmost = from.filter_map(|reference| depth.get(reference.to.0)).max();
        depth.insert(table, rightmost.map_or(0, |place| place + 1));
    }
    let mut below: BTreeMap<usize, f64> = BTreeMap::new();
    let mut boxes: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for table in schema.tables {
        let frame = frames.get(table).ok_or_else(|| Error::figure(format!("no table {table}")))?;
        let place = depth[table];
        let y = below.entry(place).or_insert(56.0);
        boxes.insert(table, (16.0 + place as f64 * (WIDE + GAP), *y));
        *y += ROW * (frame.width() as f64 + 1.0) + 24.0;
    }
    let width = boxes.values().map(|(x, _)| x + WIDE + 16.0).fold(0.0, f64::max);
    let height = below.values().copied().fold(0.0, f64::max);

    let mut lines = vec![];
    for reference in schema.references {
        let (from, to) = (reference.from, reference.to);
        let row = |(table, column)| column_of(table, column).map(|row| (row as f64 + 1.5) * ROW);
        let (start, end) = (boxes[from.0], boxes[to.0]);
        let start = (start.0, start.1 + row(from)?);
        let end = (end.0 + WIDE, end.1 + row(to)?);
        let middle = (start.0 + end.0) / 2.0;
        lines.push([start, (middle, start.1), (middle, end.1), end]);
    }
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
            canvas.dot(line[3], 3.5, theme::AXIS)?;
        }
        boxes.iter().try_for_each(|(name, at)| table(canvas, schema, name, frames[name], *at))
    })?;
    Ok(Figure::new(svg, size, alt))
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
