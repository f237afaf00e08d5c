//! Memos and results show themselves, without a call that finishes them. Charts do, too: see `charts.rs`.

use super::finish::finish;
use super::send::send;
use super::show::Show;
use super::table::table;
use crate::cases::{ecommerce, saas};
use crate::decision::{Comparison, Regret};
use crate::metrics::confounding::RiskRatios;
use crate::metrics::experiment::{Effect, Effects};
use crate::metrics::funnel::{Conversion, Reached};
use crate::metrics::rates::Rate;
use crate::metrics::survival::{Curve, Group, Point};
use crate::notebook::Memo;

/// Shows the text as Markdown; a name that is unknown or unused fails the cell.
impl Show for Memo {
    fn evcxr_display(&self) {
        finish(self.markdown().and_then(|markdown| Ok(Filled(markdown.0, self.plain()?))));
    }
}

/// A memo as Markdown and as plain text.
struct Filled(String, String);

impl Show for Filled {
    fn evcxr_display(&self) {
        send(&[("text/markdown", &self.0), ("text/plain", &self.1)]);
    }
}

macro_rules! show_frames {
    ($($result:ty)*) => {$(
        impl Show for $result {
            fn evcxr_display(&self) {
                table(self.frame(), usize::MAX).evcxr_display();
            }
        }
    )*};
}
show_frames! { Conversion Effects RiskRatios }

/// Shows a curve as a table of the usual number of rows.
impl Show for Curve {
    fn evcxr_display(&self) {
        self.frame().evcxr_display();
    }
}

macro_rules! show_rows {
    ($($row:ty)*) => {$(
        impl Show for $row {
            fn evcxr_display(&self) {
                finish(self.frame());
            }
        }
    )*};
}
show_rows! { Rate Reached Effect Point Group Comparison Regret saas::Costs ecommerce::Costs }

#[cfg(test)]
mod tests {
    use crate::frame::pct;
    use crate::notebook::{Show, memo, tests::panics};

    #[test]
    fn a_memo_shows_itself_and_one_with_a_mistake_is_an_error() {
        assert_eq!(panics(|| memo("{share}").with("share", pct(0.5)).evcxr_display()), None);
        let said = panics(|| memo("{shares}").with("share", pct(0.5)).evcxr_display()).unwrap();
        assert!(said.contains("`{shares}`"), "{said}");
    }
}
