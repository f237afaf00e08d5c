//! Changes against statsmodels, ruptures and rdrobust.

use casebook::metrics::change::{ChangePoints, Penalty, Stl};
use casebook::polars::prelude::*;

use super::{count, json, real, reals, whole, within};

/// A series from day 0 on.
fn series(y: &[f64]) -> DataFrame {
    df!("day" => (0..y.len() as i64).collect::<Vec<_>>(), "value" => y).unwrap()
}

#[test]
fn seasons_equal_statsmodels() {
    let reference = json("change.json");
    let cases = super::list(&reference, "stl");
    assert_eq!(cases.len(), 10);
    for (number, case) in cases.iter().enumerate() {
        let span = |name: &str| case[name].as_u64().map(|span| span as usize);
        let mut stl = Stl::new(span("period").unwrap()).seasonal(span("seasonal").unwrap());
        if let Some(trend) = span("trend") {
            stl = stl.trend(trend);
        }
        if case["robust"].as_bool().unwrap() {
            stl = stl.robust();
        }
        let y = reals(&case["y"]);
        let found = stl.decompose(&series(&y), "day", "value").unwrap();
        let columns = ["trend", "seasonal", "remainder", "weight"];
        for (column, theirs) in columns.iter().zip(super::list(case, "parts")) {
            for row in 0..y.len() {
                let at = format!("case {number}, {column}, row {row}");
                within(&at, real(&found, column, row), &theirs[row], 1e-8);
            }
        }
    }
}

#[test]
fn change_points_equal_ruptures() {
    let reference = json("change.json");
    let cases = super::list(&reference, "points");
    assert_eq!(cases.len(), 40);
    let (mut segments, mut missed) = (0, vec![]);
    for (number, case) in cases.iter().enumerate() {
        let (y, least) = (reals(&case["y"]), case["least"].as_u64().unwrap() as usize);
        let search = match case["cost"].as_str() {
            Some("l2") => ChangePoints::of_mean().variance(1.0),
            _ => ChangePoints::of_mean_and_variance(),
        };
        let penalty = Penalty::Fixed(case["penalty"].as_f64().unwrap());
        let found =
            search.penalty(penalty).min_size(least).find(&series(&y), "day", "value").unwrap();
        let ends: Vec<i64> =
            (0..found.height()).map(|row| count(&found, "to", row).unwrap() + 1).collect();
        if whole(&case["pelt"]) != whole(&case["exact"]) {
            missed.push(number);
            assert_ne!(ends, whole(&case["pelt"]), "case {number}");
            continue;
        }
        assert_eq!(ends, whole(&case["pelt"]), "case {number}");
        if case["cost"] == "l2" {
            let sum: f64 = (0..found.height())
                .map(|row| {
                    let around = real(&found, "sd", row).unwrap().powi(2);
                    around * (count(&found, "n", row).unwrap() - 1) as f64
                })
                .sum();
            within(&format!("case {number}"), Some(sum), &case["pelt_sum"], 1e-8);
        }
        segments += ends.len();
    }
    // There ruptures' pruning missed the best.
    assert_eq!(missed, [0]);
    assert!(segments > 100, "{segments}");
}
