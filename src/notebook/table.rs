//! Frames as tables.

use std::fmt::Write as _;

use polars::prelude::*;

use super::finish::finish;
use super::send::send;
use super::show::Show;
use crate::frame::format;

/// How many rows of a frame are shown unless [`table`] says otherwise.
const ROWS: usize = 20;
const COLUMNS: usize = 20;
/// In a table, longer texts are cut in the middle.
const WIDEST: usize = 80;

/// A frame with a limit on the rows shown.
#[derive(Debug, Clone)]
pub struct Table<'f> {
    frame: &'f DataFrame,
    rows: usize,
}

/// Shows another number of rows than the usual 20: `table(&df, 36)`.
pub fn table(frame: &DataFrame, rows: usize) -> Table<'_> {
    Table { frame, rows }
}

impl Show for Table<'_> {
    fn evcxr_display(&self) {
        send(&[("text/html", &self.html()), ("text/plain", &self.text())]);
    }
}

impl Show for DataFrame {
    fn evcxr_display(&self) {
        table(self, ROWS).evcxr_display();
    }
}

impl Show for Series {
    fn evcxr_display(&self) {
        self.clone().into_column().evcxr_display();
    }
}

impl Show for Column {
    fn evcxr_display(&self) {
        finish(DataFrame::new_infer_height(vec![self.clone()]).map_err(Into::into));
    }
}

impl Table<'_> {
    fn shape(&self) -> String {
        let (rows, columns) = self.frame.shape();
        let plural = |n| if n == 1 { "" } else { "s" };
        format!("{} row{}, {columns} column{}", format::count(rows), plural(rows), plural(columns))
    }

    /// Says what is left out, if anything is.
    fn more(&self) -> Vec<String> {
        let (rows, columns) = self.frame.shape();
        let note = |left: usize, what: &str| {
            let s = if left == 1 { "" } else { "s" };
            (left > 0).then(|| format!("… {} more {what}{s}", format::count(left)))
        };
        [
            note(rows.saturating_sub(self.rows), "row"),
            note(columns.saturating_sub(COLUMNS), "column"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn columns(&self) -> Vec<Shown> {
        let rows = self.frame.height().min(self.rows);
        self.frame.columns().iter().take(COLUMNS).map(|column| Shown::new(column, rows)).collect()
    }

    /// Returns the table as HTML. Styles are inline, because code hosts remove style sheets.
    pub fn html(&self) -> String {
        let columns = self.columns();
        let mut out = String::from("<table>\n<thead>\n<tr>");
        for column in &columns {
            let _ = write!(
                out,
                "<th style=\"text-align:{}\">{}<br><small style=\"font-weight:normal\">{}</small></th>",
                column.side(),
                escape(&column.name),
                escape(&column.dtype)
            );
        }
        out.push_str("</tr>\n</thead>\n<tbody>\n");
        for row in 0..self.frame.height().min(self.rows) {
            out.push_str("<tr>");
            for column in &columns {
                let cell = &column.cells[row];
                let _ = match cell {
                    Some(text) => {
                        let text = escape(text);
                        write!(out, "<td style=\"text-align:{}\">{text}</td>", column.side())
                    }
                    None => {
                        write!(out, "<td style=\"text-align:{}\"><i>null</i></td>", column.side())
                    }
                };
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>\n");
        let mut notes = self.more();
        notes.push(self.shape());
        let _ = write!(out, "<small>{}</small>", notes.join("; "));
        out
    }

    /// Returns the table as plain text.
    pub fn text(&self) -> String {
        let columns = self.columns();
        let width = |text: &str| text.chars().count();
        let widths: Vec<usize> = columns
            .iter()
            .map(|column| {
                let cells = column.cells.iter().map(|cell| cell.as_deref().map_or(4, width));
                cells.chain([width(&column.name), width(&column.dtype)]).max().unwrap_or(0)
            })
            .collect();
        let line = |cell: &dyn Fn(&Shown) -> String| -> String {
            let cells = columns.iter().zip(&widths).map(|(column, wide)| {
                let text = cell(column);
                let pad = " ".repeat(wide - width(&text));
                if column.numeric { pad + &text } else { text + &pad }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
        };
        let mut out = line(&|column| column.name.clone());
        out += &line(&|column| column.dtype.clone());
        for row in 0..self.frame.height().min(self.rows) {
            out += &line(&|column| column.cells[row].clone().unwrap_or_else(|| "null".into()));
        }
        let mut notes = self.more();
        notes.push(self.shape());
        out + &notes.join("; ")
    }
}

/// A column as text.
struct Shown {
    name: String,
    dtype: String,
    numeric: bool,
    cells: Vec<Option<String>>,
}

impl Shown {
    fn new(column: &Column, rows: usize) -> Shown {
        let head = column.head(Some(rows));
        let dtype = column.dtype();
        let cells = match dtype {
            dtype if dtype.is_float() => floats(&head),
            dtype if dtype.is_integer() => {
                let grouped = !column.name().ends_with("_id") && column.name() != "year";
                texts(&head, |value| match value.extract::<i128>() {
                    Some(number) if grouped => format::count(number),
                    Some(number) => number.to_string(),
                    None => value.to_string(),
                })
            }
            DataType::Datetime(_, _) => texts(&head, |value| {
                // Without the fraction of a second where it is 0.
                let text = value.to_string();
                text.strip_suffix(".000000").map(str::to_owned).unwrap_or(text)
            }),
            DataType::String => texts(&head, |value| one_line(value.get_str().unwrap_or_default())),
            _ => texts(&head, |value| one_line(&value.to_string())),
        };
        Shown {
            name: one_line(column.name()),
            dtype: short(dtype),
            numeric: dtype.is_primitive_numeric(),
            cells,
        }
    }

    fn side(&self) -> &'static str {
        if self.numeric { "right" } else { "left" }
    }
}

/// Shortens a type's name.
fn short(dtype: &DataType) -> String {
    match dtype {
        DataType::Datetime(_, None) => "datetime".into(),
        other => other.to_string(),
    }
}

fn texts(column: &Column, text: impl Fn(&AnyValue) -> String) -> Vec<Option<String>> {
    (0..column.len())
        .map(|row| match column.get(row) {
            Ok(AnyValue::Null) | Err(_) => None,
            Ok(value) => Some(text(&value)),
        })
        .collect()
}

/// Puts a text on one line, of limited length.
fn one_line(text: &str) -> String {
    let flat: String = text
        .chars()
        .map(|c| match c {
            '\n' | '\r' => '⏎',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect();
    match flat.char_indices().nth(WIDEST) {
        Some((cut, _)) => format!("{}…", &flat[..cut]),
        None => flat,
    }
}

/// Formats all numbers of a column with the same decimals: enough to tell them apart, no more.
fn floats(column: &Column) -> Vec<Option<String>> {
    let Ok(values) = column.cast(&DataType::Float64) else { return vec![None; column.len()] };
    let Ok(values) = values.f64() else { return vec![None; column.len()] };
    let decimals = format::decimals(values.iter().flatten());
    values.iter().map(|value| value.map(|number| format::decimal(number, decimals))).collect()
}

/// Escapes text for HTML.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Jupyter would take what stands between dollars for a formula.
            '$' => out.push_str("&#36;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_null_and_limits_are_told() {
        let frame = df!("n" => [Some(1_i64), None, Some(3)], "x" => ["a", "b", "c"]).unwrap();
        let text = table(&frame, 2).text();
        assert!(text.contains("null"), "{text}");
        assert!(text.ends_with("… 1 more row; 3 rows, 2 columns"), "{text}");
        let html = table(&frame, 2).html();
        assert!(html.contains("<i>null</i>") && html.contains("text-align:right"), "{html}");
        assert!(!table(&frame, 3).html().contains("more"));
    }

    #[test]
    fn everything_is_escaped() {
        let frame = df!("<b>" => ["<script>alert('1')</script>", "a & \"b\"\n$x$"]).unwrap();
        let html = table(&frame, 5).html();
        for raw in ["<script>", "<b>", "'1'", "$x$", "a & "] {
            assert!(!html.contains(raw), "{raw} in {html}");
        }
        assert!(html.contains("&lt;script&gt;"), "{html}");
    }

    #[test]
    fn ids_are_not_grouped_and_counts_are() {
        let frame = df!("company_id" => [1_234_i64], "clients" => [1_234_i64]).unwrap();
        assert!(table(&frame, 5).text().contains("1234    1,234"), "{}", table(&frame, 5).text());
    }

    #[test]
    fn empty_frames_show_their_columns() {
        let frame = df!("a" => Vec::<i64>::new()).unwrap();
        assert_eq!(table(&frame, 5).text(), "  a\ni64\n0 rows, 1 column");
        assert!(table(&DataFrame::empty(), 5).html().contains("0 rows, 0 columns"));
    }

    #[test]
    fn extreme_integers_are_exact() {
        let frame = df!("n" => [i64::MIN], "m" => [u64::MAX]).unwrap();
        let text = table(&frame, 5).text();
        assert!(text.contains("-9,223,372,036,854,775,808"), "{text}");
        assert!(text.contains("18,446,744,073,709,551,615"), "{text}");
    }
}
