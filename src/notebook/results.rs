//! How this library's own results show themselves.

use polars::prelude::*;

use super::finish::finish_with;
use super::send::send;
use super::show::Show;
use super::table::{escape, table};
use crate::claims::Ledger;
use crate::figure::Figure;
use crate::frame::format;
use crate::metrics::segment::Clustering;
use crate::stamp::Stamp;
use crate::warehouse::Answer;
use crate::warehouse::queries::Query;

/// Rows shown below a query, which takes up space itself.
const ANSWER_ROWS: usize = 6;

/// Shows the centroids; the users and the choice of k are its other two frames.
impl Show for Clustering {
    fn evcxr_display(&self) {
        self.centroids.evcxr_display();
    }
}

impl Show for Ledger {
    fn evcxr_display(&self) {
        let precise = self.table().and_then(|frame| each_as_precise(&frame));
        finish_with(precise, |frame| table(&frame, usize::MAX).evcxr_display());
    }
}

/// Claims have different units, so their numbers become texts, each as precise as it needs to be, instead of columns
/// with the same decimals throughout.
fn each_as_precise(ledger: &DataFrame) -> crate::Result<DataFrame> {
    let columns = ledger.columns().iter().map(|column| match column.f64() {
        Ok(numbers) => {
            let text =
                |number: f64| format::decimal(number, format::decimals(std::iter::once(number)));
            let texts: Vec<Option<String>> =
                numbers.iter().map(|number| number.map(text)).collect();
            Column::new(column.name().clone(), texts)
        }
        Err(_) => column.clone(),
    });
    Ok(DataFrame::new_infer_height(columns.collect())?)
}

/// Shows a query's SQL.
impl Show for Query<'_> {
    fn evcxr_display(&self) {
        send(&[("text/html", &code(self)), ("text/plain", self.text.trim())]);
    }
}

/// Shows the SQL and the first rows of what it returned.
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
        let show = |png: String| send(&[("image/png", &png), ("text/plain", self.alt())]);
        finish_with(self.png_base64(), show);
    }
}

impl Show for Stamp {
    fn evcxr_display(&self) {
        finish_with(self.table(), |frame| table(&frame, usize::MAX).evcxr_display());
    }
}
