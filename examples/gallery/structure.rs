//! Structure

use casebook::prelude::*;

use crate::Drawing;

pub const ALL: &[Drawing] = &[("schema", schema), ("panels", panels)];

/// ### Schema
///
/// The tables of a data set, their columns, and which key points where.
pub fn schema() -> Result<Figure> {
    let tables = saas::generate(&saas::Config { companies: 20, ..saas::Config::default() })?;
    chart::schema(
        &queries::saas::SCHEMA,
        &tables.named(),
        "Sessions refer to companies, companies to plans",
    )
}

/// ### Panels
///
/// Several finished charts as one picture, for what has to be seen together.
pub fn panels() -> Result<Figure> {
    let months = df!(
        "month" => [0, 3, 6, 9, 12],
        "churn" => [0.078, 0.076, 0.075, 0.073, 0.073],
        "clients" => [500, 430, 371, 322, 280],
    )?;
    let churn = chart::line(&months, "month", "churn")
        .x_ticks(TickUnit::Months)
        .unit(Unit::Percent)
        .title("Churn falls a little")
        .subtitle("Monthly churn rate, 500 companies, 2021")
        .labels("Months since January", "Churn rate")
        .size(360, 300)
        .draw()?;
    let clients = chart::line(&months, "month", "clients")
        .x_ticks(TickUnit::Months)
        .title("Clients fall a lot")
        .subtitle("Companies with a subscription, 2021")
        .labels("Months since January", "Companies")
        .size(360, 300)
        .draw()?;
    chart::panels(&[churn, clients], 2)
}
