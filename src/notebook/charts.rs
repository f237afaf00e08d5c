//! Charts show themselves at the end of a notebook cell, without a call that draws them.

use super::{Figure, Show, finish};
use crate::chart::{
    Area, Bar, Boxplot, Calibration, Dumbbell, Funnel, Heatmap, Histogram, Interval, Line,
    Multiples, Sankey, Scatter, Slope, Transitions, Waterfall,
};
use crate::error::Result;

macro_rules! show_charts {
    ($($chart:ident)*) => {$(
        /// Draws and shows the chart; one that cannot be drawn fails the cell.
        impl Show for $chart<'_> {
            fn evcxr_display(&self) {
                let figure: Result<Figure> = self.clone().draw();
                finish(figure);
            }
        }
    )*};
}
show_charts! {
    Area Bar Boxplot Calibration Dumbbell Funnel Heatmap Histogram Interval Line Multiples Sankey Scatter Slope Transitions Waterfall
}

#[cfg(test)]
mod tests {
    use polars::prelude::*;

    use crate::chart;
    use crate::notebook::{Show, tests::panics};

    #[test]
    fn a_chart_shows_itself_and_one_that_cannot_be_drawn_is_an_error() {
        let frame = df!("month" => [1, 2], "users" => [3, 4]).unwrap();
        let line = chart::line(&frame, "month", "users").labels("Month", "Users");
        assert_eq!(panics(|| line.evcxr_display()), None);
        let missing = chart::bar(&frame, "month", "usres");
        let said = panics(|| missing.evcxr_display()).unwrap();
        assert!(said.contains("did you mean `users`?"), "{said}");
    }

    #[test]
    fn both_labels_are_set_at_once() {
        let frame = df!("month" => [1, 2], "users" => [3, 4]).unwrap();
        let figure = chart::line(&frame, "month", "users").labels("Month", "Companies").draw();
        let alone = chart::line(&frame, "month", "users").x_label("Month").y_label("Companies");
        assert_eq!(figure.unwrap(), alone.draw().unwrap());
    }
}
