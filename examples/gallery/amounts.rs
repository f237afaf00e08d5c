//! Amounts

use casebook::prelude::*;

use crate::Drawing;

pub const ALL: &[Drawing] =
    &[("bars", bars), ("bars_stacked", bars_stacked), ("funnel", funnel), ("waterfall", waterfall)];

/// ### Bars
///
/// How much of each. With long names the bars become horizontal; `by_value` puts the largest first. Bars begin at 0, always.
///
/// The Economist and Datawrapper order bars by value, highlight the one that the title is about, and grey out the rest:
/// so do we. They print values at the bars' ends; we keep a light grid instead, since a table is one call away.
pub fn bars() -> Result<Figure> {
    let reasons = df!(
        "reason" => ["Missing feature", "Too expensive", "Went to a competitor", "No longer needed", "Poor support"],
        "companies" => [41, 133, 62, 88, 17],
    )?;
    chart::bar(&reasons, "reason", "companies")
        .by_value()
        .highlight("Too expensive")
        .title("Price is the reason companies give most often for leaving")
        .subtitle("Companies that cancelled in 2024, by main reason given")
        .labels("Reason", "Companies")
        .draw()
}

/// ### Stacked bars
///
/// Parts of a whole that may also be negative: what was won stands above 0, what was lost below.
///
/// Our World in Data warns that only the lowest part of a stack can be compared. Here each side of 0 has one part, so both can;
/// with more parts, use small multiples, or for shares over time a stacked area.
pub fn bars_stacked() -> Result<Figure> {
    let moves = df!(
        "quarter" => ["Q1", "Q1", "Q2", "Q2", "Q3", "Q3", "Q4", "Q4"],
        "what" => ["won", "lost"].repeat(4),
        "mrr" => [12_000.0, -4_000.0, 9_000.0, -7_500.0, 4_000.0, -9_000.0, 3_500.0, -9_800.0],
    )?;
    chart::bar(&moves, "quarter", "mrr")
        .by("what")
        .stacked()
        .unit(Unit::Dollars)
        .vspan("Q3", "Q4", "losses exceed wins")
        .title("Since the third quarter, more has been lost than won")
        .subtitle("Monthly recurring revenue won and lost in 2024, US dollars")
        .labels("Quarter", "MRR")
        .draw()
}

/// ### Funnel
///
/// How many reach each step. The bar is the step's volume; beside it stand its count and its share of the first step, and
/// between two steps the conversion from one to the next and how many dropped out. It reads what
/// `Funnel::measure` returns.
///
/// Product tools (Amplitude, Mixpanel, PostHog) put the conversion between the bars and the drop-off in a lighter shade: so do
/// we. Tapered funnels, whose areas mean nothing, we leave out.
pub fn funnel() -> Result<Figure> {
    let steps = df!(
        "name" => ["Visit", "View product", "Add to cart", "Start checkout", "Purchase"],
        "users" => [48_210, 31_977, 9_644, 5_120, 3_894],
    )?;
    chart::funnel(&steps)
        .highlight("Add to cart")
        .title("Seven in ten who look at a product never put one in the cart")
        .subtitle("Visitors in May 2024 who reached each step within 7 days of their visit")
        .draw()
}

/// ### Waterfall
///
/// How a total came about: a start, what was added, what was taken away, and the end. If an end is given and the parts don't
/// add up to it, the chart is refused, with the difference.
///
/// Datawrapper and the Economist use two colours for up and down and a third for totals, thin connecting lines, and signs in
/// the labels so that colour is never alone in saying it: so do we.
pub fn waterfall() -> Result<Figure> {
    let moves = df!(
        "what" => ["New customers", "Reactivation", "Expansion", "Contraction", "Churn"],
        "mrr" => [31_400.0, 4_200.0, 12_900.0, -6_100.0, -24_700.0],
    )?;
    chart::waterfall(&moves, "what", "mrr")
        .start("January", 62_000.0)
        .end("June", 79_700.0)
        .unit(Unit::Dollars)
        .title("Churn eats most of what new customers bring")
        .subtitle("Monthly recurring revenue from January to June 2024, US dollars")
        .labels("Movement", "MRR")
        .draw()
}
