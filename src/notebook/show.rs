//! Values show themselves.
//!
//! evcxr calls `evcxr_display` on a cell's last value; what has no such method is compiled a second
//! time and printed with `{:?}`. So the trait gives the common types one, and a plain `df` at the end
//! of a cell is a table, compiled once.

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use polars::prelude::*;

use super::Figure;
use crate::claims::Ledger;
use crate::metrics::segment::Clustering;
use crate::stamp::Stamp;
use crate::warehouse::Answer;
use crate::warehouse::queries::Query;

/// A value that knows how to appear in a notebook.
pub trait Show {
    /// Sends the value to Jupyter: called by evcxr for the last value of a cell.
    #[track_caller]
    fn evcxr_display(&self);
}

/// Whether values are printed as plain text.
static PLAIN: AtomicBool = AtomicBool::new(false);

/// From now on values show themselves as plain text, for a program that runs outside Jupyter.
pub fn plain_text() {
    PLAIN.store(true, Ordering::Relaxed);
}

/// Sends one output in several forms; Jupyter shows the richest it can.
pub(crate) fn send(forms: &[(&str, &str)]) {
    if PLAIN.load(Ordering::Relaxed) {
        for (_, text) in forms.iter().filter(|(mime, _)| *mime == "text/plain") {
            println!("{text}");
        }
        return;
    }
    let mut message = String::new();
    for (mime, content) in forms {
        // A line that reads like the protocol's own end mark would cut the content short.
        let content = content.replace("EVCXR_END_CONTENT", "EVCXR\u{200b}_END_CONTENT");
        let _ = write!(message, "EVCXR_BEGIN_CONTENT {mime}\n{content}\nEVCXR_END_CONTENT\n");
    }
    print!("{message}");
}

/// Shows a value as a cell shows its last one: through [`Show`] if its type has it, else
/// as `{:?}` prints it. Programs made by `casebook export` say this where a cell ends with a value.
///
/// ```
/// use casebook::prelude::*;
///
/// #[derive(Debug)]
/// struct Own(u8);
/// casebook::notebook::plain_text();
/// casebook::show!(df!("x" => [1, 2])?);
/// casebook::show!(Own(3));
/// # Ok::<(), casebook::Error>(())
/// ```
#[macro_export]
macro_rules! show {
    ($value:expr) => {{
        use $crate::notebook::{ByDebug as _, ByShow as _};
        (&$crate::notebook::Value(&$value)).shown()
    }};
}

/// What [`show!`](crate::show!) wraps a value in, to choose between two traits: the one that needs no further
/// reference is found first.
#[doc(hidden)]
pub struct Value<T>(pub T);

#[doc(hidden)]
pub trait ByShow {
    #[track_caller]
    fn shown(&self);
}

impl<T: Show + ?Sized> ByShow for Value<&T> {
    fn shown(&self) {
        self.0.evcxr_display();
    }
}

#[doc(hidden)]
pub trait ByDebug {
    fn shown(&self);
}

impl<T: Debug + ?Sized> ByDebug for &Value<&T> {
    fn shown(&self) {
        send_text(&format!("{:?}", self.0));
    }
}

fn send_text(text: &str) {
    send(&[("text/plain", text)]);
}

/// How many rows of a frame are shown unless [`table`] says otherwise.
const ROWS: usize = 20;
/// Below a query that takes space of its own.
const ANSWER_ROWS: usize = 6;
const COLUMNS: usize = 20;
/// Longer texts are cut in the middle of a table.
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

/// The centroids; the users and the choice of k are its other two frames.
impl Show for Clustering {
    fn evcxr_display(&self) {
        self.centroids.evcxr_display();
    }
}

impl Show for Series {
    fn evcxr_display(&self) {
        self.clone().into_column().evcxr_display();
    }
}

impl Show for Column {
    fn evcxr_display(&self) {
        if let Ok(frame) = DataFrame::new_infer_height(vec![self.clone()]) {
            frame.evcxr_display();
        }
    }
}

impl Show for Ledger {
    fn evcxr_display(&self) {
        match self.table().and_then(|frame| each_as_precise(&frame)) {
            Ok(frame) => table(&frame, usize::MAX).evcxr_display(),
            Err(error) => send_text(&error.to_string()),
        }
    }
}

/// Claims have different units: numbers as texts, each as precise as it needs to be, instead of columns with
/// the same decimals throughout.
fn each_as_precise(ledger: &DataFrame) -> crate::Result<DataFrame> {
    let columns = ledger.columns().iter().map(|column| match column.f64() {
        Ok(numbers) => {
            let text = |number: f64| decimal(number, decimals(std::iter::once(number)));
            let texts: Vec<Option<String>> =
                numbers.iter().map(|number| number.map(text)).collect();
            Column::new(column.name().clone(), texts)
        }
        Err(_) => column.clone(),
    });
    Ok(DataFrame::new_infer_height(columns.collect())?)
}

/// A query shows its SQL.
impl Show for Query<'_> {
    fn evcxr_display(&self) {
        send(&[("text/html", &code(self)), ("text/plain", self.text.trim())]);
    }
}

/// The SQL, and the first rows of what it returned.
impl Show for Answer {
    fn evcxr_display(&self) {
        let rows = table(&self.frame, ANSWER_ROWS);
        let html = format!("{}\n{}", code(&self.query), rows.html());
        let text = format!("{}\n\n{}", self.query.text.trim(), rows.text());
        send(&[("text/html", &html), ("text/plain", &text)]);
    }
}

fn code(query: &Query) -> String {
    let name = if query.name.is_empty() {
        String::new()
    } else {
        format!("<small>{}</small>", escape(query.name))
    };
    format!(
        "{name}<pre style=\"text-align:left; font-size:0.85em\"><code>{}</code></pre>",
        escape(query.text.trim())
    )
}

impl Show for Figure {
    fn evcxr_display(&self) {
        match self.png_base64() {
            Ok(png) => send(&[("image/png", &png), ("text/plain", self.alt())]),
            Err(error) => send_text(&error.to_string()),
        }
    }
}

impl Show for Stamp {
    fn evcxr_display(&self) {
        match self.table() {
            Ok(frame) => table(&frame, usize::MAX).evcxr_display(),
            Err(error) => send_text(&error.to_string()),
        }
    }
}

/// Nothing: a cell that ends in a loop or a block prints no `()`.
impl Show for () {
    fn evcxr_display(&self) {}
}

impl Show for str {
    fn evcxr_display(&self) {
        send_text(self);
    }
}

impl Show for String {
    fn evcxr_display(&self) {
        send_text(self);
    }
}

macro_rules! show_with_debug {
    ($($ty:ty),*) => {$(
        impl Show for $ty {
            fn evcxr_display(&self) {
                send_text(&format!("{self:?}"));
            }
        }
    )*};
}
show_with_debug!(bool, char, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);
show_with_debug!(f32, f64, crate::Error);

impl<T: Debug> Show for Option<T> {
    fn evcxr_display(&self) {
        send_text(&format!("{self:#?}"));
    }
}

impl<T: Debug> Show for [T] {
    fn evcxr_display(&self) {
        send_text(&format!("{self:?}"));
    }
}

impl<T: Debug> Show for Vec<T> {
    fn evcxr_display(&self) {
        self.as_slice().evcxr_display();
    }
}

/// What a pointer leads to, as a method call would find it.
macro_rules! show_through {
    ($($pointer:ty),*) => {$(
        impl<T: Show + ?Sized> Show for $pointer {
            fn evcxr_display(&self) {
                T::evcxr_display(self);
            }
        }
    )*};
}
show_through!(&T, &mut T, Box<T>, std::rc::Rc<T>, std::sync::Arc<T>);

impl Table<'_> {
    fn shape(&self) -> String {
        let (rows, columns) = self.frame.shape();
        let plural = |n| if n == 1 { "" } else { "s" };
        format!(
            "{} row{}, {columns} column{}",
            grouped(rows as f64, 0),
            plural(rows),
            plural(columns)
        )
    }

    /// What is left out, if anything is.
    fn more(&self) -> Vec<String> {
        let (rows, columns) = self.frame.shape();
        let note = |left: usize, what: &str| {
            let s = if left == 1 { "" } else { "s" };
            (left > 0).then(|| format!("… {} more {what}{s}", grouped(left as f64, 0)))
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

    /// The table for a browser. Styles are inline, because code hosts remove style sheets.
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

    /// The table in plain text.
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
                let grouped_too = !column.name().ends_with("_id") && column.name() != "year";
                texts(&head, |value| {
                    let number: Option<i128> = value.extract();
                    number.map_or_else(|| value.to_string(), |n| integer(n, grouped_too))
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

/// A type's name without what all columns of a kind share here.
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

/// A text on one line, of bearable length.
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

/// All numbers of a column with the same decimals: enough to tell them apart, no more.
fn floats(column: &Column) -> Vec<Option<String>> {
    let Ok(values) = column.cast(&DataType::Float64) else { return vec![None; column.len()] };
    let Ok(values) = values.f64() else { return vec![None; column.len()] };
    let decimals = decimals(values.iter().flatten());
    values.iter().map(|value| value.map(|number| decimal(number, decimals))).collect()
}

/// Decimals at which the smallest number still shows three digits, at most 6; at most 2 beside
/// thousands, none for whole numbers.
pub(crate) fn decimals(numbers: impl Iterator<Item = f64>) -> usize {
    let mut whole = true;
    let (mut smallest, mut largest) = (f64::INFINITY, 0.0_f64);
    for size in numbers.filter(|number| number.is_finite()).map(f64::abs) {
        whole &= size.fract() == 0.0;
        largest = largest.max(size);
        if size > 0.0 {
            smallest = smallest.min(size);
        }
    }
    if whole {
        return 0;
    }
    let most = if largest >= 1_000.0 { 2 } else { 6 };
    let digits_before = smallest.log10().floor() as i32 + 1;
    (3 - digits_before).clamp(1, most) as usize
}

/// A number with so many decimals; very large and very small ones in scientific notation.
pub(crate) fn decimal(number: f64, decimals: usize) -> String {
    let size = number.abs();
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        if number > 0.0 { "inf".into() } else { "-inf".into() }
    } else if size >= 1e15 || (size > 0.0 && size < 0.5 * 10_f64.powi(-(decimals as i32))) {
        format!("{number:.2e}")
    } else {
        grouped(number, decimals)
    }
}

fn integer(number: i128, group: bool) -> String {
    if group { commas(&number.to_string()) } else { number.to_string() }
}

/// With commas between thousands.
pub(crate) fn grouped(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    // What rounds to zero has no sign.
    let text =
        if text.trim_matches(['-', '0', '.']).is_empty() { text.replace('-', "") } else { text };
    commas(&text)
}

fn commas(text: &str) -> String {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, ""), |(w, _)| (w, &rest[w.len()..]));
    let mut out = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

fn escape(text: &str) -> String {
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
    fn numbers_have_sensible_precision() {
        let shown = |values: &[f64]| -> Vec<String> {
            let digits = decimals(values.iter().copied());
            values.iter().map(|value| decimal(*value, digits)).collect()
        };
        assert_eq!(shown(&[1.0, 2_500.0]), ["1", "2,500"]);
        assert_eq!(shown(&[0.0909, 0.5]), ["0.0909", "0.5000"]);
        assert_eq!(shown(&[20_188.25, 3.0]), ["20,188.25", "3.00"]);
        assert_eq!(shown(&[461.04, 21.5]), ["461.0", "21.5"]);
        assert_eq!(shown(&[1e300, -1.5]), ["1.00e300", "-1.50"]);
        assert_eq!(shown(&[f64::NAN, f64::INFINITY, 0.1]), ["NaN", "inf", "0.100"]);
        assert_eq!(shown(&[1e-9, 0.5]), ["1.00e-9", "0.500000"]);
        assert_eq!(grouped(-0.001, 2), "0.00");
        assert_eq!(grouped(-1_234_567.5, 1), "-1,234,567.5");
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
