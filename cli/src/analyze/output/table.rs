//! A result as columns of text.

use std::io::{self, Write};

use casebook::Result;
use casebook::polars::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::number::{self, human};
use crate::terminal;

/// The widest cell of the printed table, in terminal columns.
const WIDEST: usize = 80;

/// A column of the printed table: its header, its cells, and whether they are right-aligned.
struct Shown {
    cells: Vec<String>,
    right: bool,
}

/// Formats a frame's columns for people: an estimate and the interval after it become one column.
fn columns(frame: &DataFrame, rows: usize) -> Result<Vec<Shown>> {
    let mut shown = vec![];
    let mut rest = frame.columns();
    let of_shares = frame.column("control_rate").is_ok();
    let human = |name: &str, value: &AnyValue| match value {
        AnyValue::Float64(difference) if of_shares && name == "difference" => {
            number::points(*difference)
        }
        value => human(name, value),
    };
    while let [column, others @ ..] = rest {
        let name = column.name().as_str();
        let interval = match others {
            [low, high, ..]
                if name != "se" && low.name().ends_with("low") && high.name().ends_with("high") =>
            {
                Some((low, high))
            }
            _ => None,
        };
        let header = name.strip_suffix("_seconds").unwrap_or(name);
        let mut cells = vec![match interval {
            Some(_) => format!("{} (95% interval)", cell(header)),
            None => cell(header),
        }];
        for row in 0..rows {
            let mut shown = human(name, &column.get(row)?);
            if let Some((low, high)) = interval {
                let bounds = [low.get(row)?, high.get(row)?].map(|bound| human(name, &bound));
                if bounds.iter().any(|bound| !bound.is_empty()) {
                    let [low, high] =
                        bounds.map(|bound| if bound.is_empty() { "?".into() } else { bound });
                    let low = low.trim_end_matches('%').trim_end_matches(" pp");
                    shown = format!("{shown} ({low} to {high})");
                }
            }
            cells.push(cell(&shown));
        }
        // A column of warnings that never had to warn is left out.
        if name != "warning" || cells[1..].iter().any(|cell| !cell.is_empty()) {
            shown.push(Shown {
                cells,
                right: column.dtype().is_primitive_numeric() && interval.is_none(),
            });
        }
        rest = if interval.is_some() { &others[2..] } else { others };
    }
    Ok(shown)
}

/// Formats a text for a terminal: characters that would move its cursor, sound its bell or reverse its text are spelled
/// out, and long texts are cut.
fn cell(text: &str) -> String {
    let (mut cell, mut width) = (String::new(), 0);
    let mut graphemes = text.graphemes(true).peekable();
    while let Some(grapheme) = graphemes.next() {
        // A single grapheme may be as long as it likes.
        let mut piece = String::new();
        for letter in grapheme.chars().take(16) {
            terminal::push(letter, &mut piece);
        }
        let wide = piece.width();
        // Letters without a width are letters all the same.
        if width + wide >= WIDEST || cell.len() >= 8 * WIDEST {
            let end = width + wide == WIDEST && graphemes.peek().is_none();
            cell.push_str(if end { &piece } else { "…" });
            return cell;
        }
        cell.push_str(&piece);
        width += wide;
    }
    cell
}

pub fn print(frame: &DataFrame, rows: usize, out: &mut impl Write) -> Result<io::Result<()>> {
    let shown = frame.height().min(rows);
    let columns: Vec<(Vec<String>, usize, bool)> = columns(frame, shown)?
        .into_iter()
        .map(|Shown { cells, right }| {
            let width = cells.iter().map(|cell| cell.width()).max().unwrap_or(0);
            (cells, width, right)
        })
        .collect();
    let write = |out: &mut dyn Write| -> io::Result<()> {
        for row in 0..=shown {
            let mut line = String::new();
            for (place, (cells, width, right)) in columns.iter().enumerate() {
                let pad = " ".repeat(width - cells[row].width());
                let gap = if place == 0 { "" } else { "  " };
                match right {
                    true => line.push_str(&format!("{gap}{pad}{}", cells[row])),
                    false => line.push_str(&format!("{gap}{}{pad}", cells[row])),
                }
            }
            writeln!(out, "{}", line.trim_end())?;
            if row == 0 {
                let widths: Vec<String> =
                    columns.iter().map(|column| "-".repeat(column.1)).collect();
                writeln!(out, "{}", widths.join("  "))?;
            }
        }
        if frame.height() > shown {
            writeln!(
                out,
                "… {} more rows: --rows N, or --format csv for all",
                frame.height() - shown
            )?;
        }
        Ok(())
    };
    Ok(write(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(frame: &DataFrame) -> String {
        let mut out = vec![];
        print(frame, 50, &mut out).unwrap().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_long_id_does_not_make_every_row_long() {
        let long = "x".repeat(1_000_000);
        let frame = df!("user_id" => [long.as_str(), "b"], "n" => [1_i64, 22]).unwrap();
        let table = printed(&frame);
        assert!(table.len() < 1_000, "{} bytes", table.len());
        assert!(table.contains(&format!("{}…   1\n", "x".repeat(WIDEST - 1))), "{table}");
        // What just fits is whole; a tower of accents, and letters without a width, come to an end.
        for (text, most) in [
            ("y".repeat(WIDEST), WIDEST),
            (format!("a{}", "\u{301}".repeat(100_000)), 100),
            ("\u{200b}".repeat(100_000), 10 * WIDEST),
        ] {
            let cell = cell(&text);
            assert!(cell.len() <= most, "{} bytes of {}", cell.len(), text.len());
            assert_eq!(cell == text, text.len() == WIDEST);
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        let frame = df!("user_id" => ["a\u{1b}[2Jb", "c\r\nd\te", "f\u{202e}g", "h\u{9b}i\u{7}"]);
        let table = printed(&frame.unwrap());
        for shown in [r"a\u{1b}[2Jb", r"c\r\nd\te", r"f\u{202e}g", r"h\u{9b}i\u{7}"] {
            assert!(table.contains(shown), "{shown} in {table}");
        }
        assert!(table.chars().all(|c| c == '\n' || !terminal::obeys(c)), "{table:?}");
        assert_eq!(table.lines().count(), 6);
    }

    #[test]
    fn columns_line_up_under_wide_letters() {
        let frame = df!("name" => ["日本", "abcd", "👨\u{200d}👩\u{200d}👧"], "n" => [1_i64, 2, 3])
            .unwrap();
        let ends: Vec<usize> = printed(&frame).lines().map(|line| line.width()).collect();
        assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
    }
}
