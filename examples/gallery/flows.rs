//! Flows

use casebook::prelude::*;

use crate::Drawing;

pub const ALL: &[Drawing] = &[("sankey", sankey), ("transitions", transitions)];

/// ### Sankey
///
/// Where people come from and where they go, stage by stage. Nodes are as tall as their volume, and bands as wide as what flows.
/// Without a column of stages they follow from the flows, and a cycle is rejected, and named.
///
/// D3's and Google's diagrams order nodes to cross as little as possible and make bands transparent: so do we, always in the
/// same order for the same data.
pub fn sankey() -> Result<Figure> {
    let steps = [
        ("Ads", "Activated", 2_400),
        ("Ads", "Left in week 1", 5_600),
        ("Search", "Activated", 3_100),
        ("Search", "Left in week 1", 1_900),
        ("Referral", "Activated", 1_700),
        ("Referral", "Left in week 1", 500),
        ("Activated", "Paying", 2_050),
        ("Activated", "Free, active", 3_350),
        ("Activated", "Left in month 1", 1_800),
    ];
    let steps = df!(
        "from" => steps.map(|step| step.0), "to" => steps.map(|step| step.1), "users" => steps.map(|step| step.2),
    )?;
    chart::sankey(&steps, "from", "to", "users")
        .headings(["Channel", "First week", "After a month"])
        .title("Ads bring the most people, and most of them leave within a week")
        .subtitle("Users who signed up in March 2024, followed for a month")
        .draw()
}

/// ### Transition matrix
///
/// From each state to each: the share of the row, with the count behind it. The diagonal, those who stayed, is outlined.
///
/// A Sankey of many states is a plate of spaghetti; a matrix has room for the numbers. Rows are shares of their own total, and
/// the subtitle says so, because readers otherwise take them for shares of all.
pub fn transitions() -> Result<Figure> {
    let states = ["Free", "Team", "Business", "Cancelled"];
    let moves = [[8_200, 900, 60, 1_300], [260, 3_900, 420, 310], [10, 120, 1_900, 90]];
    let (mut from, mut to, mut users) = (vec![], vec![], vec![]);
    for (row, moves) in moves.into_iter().enumerate() {
        for (column, count) in moves.into_iter().enumerate() {
            from.push(states[row]);
            to.push(states[column]);
            users.push(count);
        }
    }
    let moves = df!("from" => from, "to" => to, "users" => users)?;
    chart::transitions(&moves, "from", "to", "users")
        .title("One in eight free users cancels in a quarter, one in 24 on Business")
        .subtitle("Users by plan in Q1 and Q2 of 2024; shares of each row")
        .labels("Plan in Q2", "Plan in Q1")
        .draw()
}
