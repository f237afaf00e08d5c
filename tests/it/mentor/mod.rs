//! The mentor marketplace: every marginal of the brief, every rule of the business, and the truth, over many
//! seeds.

mod data;
mod decisions;
mod designs;
mod experiment;
mod marginals;
mod market;
mod rules;

use casebook::polars::prelude::*;

const DAY: i64 = 86_400_000_000;

fn whole(frame: &DataFrame, column: &str) -> Vec<i64> {
    options(frame, column).into_iter().map(Option::unwrap).collect()
}

fn options(frame: &DataFrame, column: &str) -> Vec<Option<i64>> {
    let cast = frame.column(column).unwrap().to_physical_repr().cast(&DataType::Int64).unwrap();
    cast.i64().unwrap().iter().collect()
}

fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
    frame.column(column).unwrap().str().unwrap().iter().map(|t| t.map(str::to_owned)).collect()
}

fn real(frame: &DataFrame, column: &str) -> f64 {
    frame.column(column).unwrap().f64().unwrap().get(0).unwrap()
}
