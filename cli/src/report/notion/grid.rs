//! Tables in Markdown.

use polars::prelude::*;

use super::panels::text;
use casebook::Result;

/// A column as a table shows it: its name, its header, and its number format.
pub(crate) type Shown<'s> = (&'s str, &'s str, fn(f64) -> String);

/// Makes a Markdown table of some columns.
pub(crate) fn table(frame: &DataFrame, columns: &[Shown]) -> Result<String> {
    let heads: Vec<&str> = columns.iter().map(|(_, head, _)| *head).collect();
    let rules: Vec<&str> = columns
        .iter()
        .map(|(name, ..)| {
            match frame.column(name).map(|column| column.dtype().is_primitive_numeric()) {
                Ok(true) => "---:",
                _ => "---",
            }
        })
        .collect();
    let mut rows = vec![];
    for row in 0..frame.height() {
        let cells = columns
            .iter()
            .map(|(name, _, look)| {
                let column = frame.column(name)?;
                if !column.dtype().is_primitive_numeric() {
                    return text(frame, name, row);
                }
                let value = column.cast(&DataType::Float64)?.f64()?.get(row);
                Ok(value.map_or("–".to_owned(), look))
            })
            .collect::<Result<Vec<_>>>()?;
        rows.push(cells);
    }
    Ok(grid(&heads, &rules, &rows))
}

/// Makes a Markdown table of texts; `rules` are "---" or, for numbers, "---:".
pub(crate) fn grid(heads: &[&str], rules: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[&str]| format!("| {} |", cells.join(" | "));
    let mut lines = vec![line(heads), line(rules)];
    lines.extend(rows.iter().map(|row| format!("| {} |", row.join(" | "))));
    lines.join("\n")
}
