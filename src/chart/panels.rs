//! Several charts as one figure.

use crate::error::{Error, Result};
use crate::figure::Figure;

const GAP: u32 = 12;

/// Puts figures side by side in `columns` columns, row by row, as one figure: what a reader should compare at a glance.
/// Each keeps its size; a row is as high as its highest figure. Its description consists of theirs, one after the
/// other.
///
/// # Errors
/// No figures, no columns, or a result of more than 4,000 pixels a side.
///
/// ```
/// use casebook::prelude::*;
///
/// let frame = df!("x" => [1, 2, 3], "y" => [3, 1, 2])?;
/// let line = chart::line(&frame, "x", "y").size(360, 300).draw()?;
/// let bars = chart::bar(&frame, "x", "y").size(360, 300).draw()?;
/// let both = chart::panels(&[line, bars], 2)?;
/// assert_eq!(both.size(), (732, 300));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn panels(figures: &[Figure], columns: usize) -> Result<Figure> {
    if figures.is_empty() || columns == 0 {
        let found = format!("{} in {columns} columns", figures.len());
        return Err(Error::config("figures", found, "one or more, in one column or more"));
    }
    let rows: Vec<&[Figure]> = figures.chunks(columns).collect();
    let widths: Vec<u32> = (0..columns.min(figures.len()))
        .map(|place| rows.iter().filter_map(|row| row.get(place)).map(|one| one.size().0).max())
        .map(Option::unwrap_or_default)
        .collect();
    let gaps = |count: usize| GAP * (count as u32 - 1);
    let width = widths.iter().sum::<u32>() + gaps(widths.len());
    let heights: Vec<u32> = rows
        .iter()
        .map(|row| row.iter().map(|one| one.size().1).max().unwrap_or_default())
        .collect();
    let height = heights.iter().sum::<u32>() + gaps(heights.len());
    if width > 4_000 || height > 4_000 {
        let found = format!("{width} x {height}");
        return Err(Error::config("size", found, "at most 4000 x 4000 pixels"));
    }
    let alt: Vec<&str> = figures.iter().map(Figure::alt).collect();
    let alt = alt.join(" ");
    let mut svg = super::canvas::root((width, height), &alt);
    svg.push_str("<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n");
    let mut y = 0;
    for (row, high) in rows.iter().zip(&heights) {
        let mut x = 0;
        for (figure, wide) in row.iter().zip(&widths) {
            // A drawing within a drawing: the same, at its place.
            let placed = format!("<svg x=\"{x}\" y=\"{y}\" ");
            svg.push_str(&figure.svg().replacen("<svg ", &placed, 1));
            x += wide + GAP;
        }
        y += high + GAP;
    }
    svg.push_str("</svg>\n");
    Ok(Figure::new(svg, (width, height), alt))
}
