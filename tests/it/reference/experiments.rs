//! Experiments against gbstats, statsmodels, SciPy and tea-tasting.

use casebook::metrics::experiment::{self, GroupSequential, Spending};
use casebook::polars::prelude::*;
use serde_json::Value;

use super::{close, json, real, reals, whole, within};

/// Users in two arms, with columns of numbers by their names.
fn users(case: &Value, columns: &[&str]) -> DataFrame {
    let arm = |arm: &i64| if *arm == 1 { "offer" } else { "control" };
    let arms: Vec<&str> = whole(&case["arm"]).iter().map(arm).collect();
    let mut all = vec![Column::new("arm".into(), arms)];
    all.extend(columns.iter().map(|name| Column::new((*name).into(), reals(&case[*name]))));
    DataFrame::new_infer_height(all).unwrap()
}

fn check(at: usize, frame: &DataFrame, columns: &[&str], theirs: &Value) {
    for (place, column) in columns.iter().enumerate() {
        close(&format!("case {at}, {column}"), real(frame, column, 0), &theirs[place]);
    }
}

#[test]
fn always_valid_intervals_equal_gbstats() {
    let reference = json("experiments.json");
    let cases = super::list(&reference, "sequences");
    assert!(cases.len() >= 60);
    for (at, case) in cases.iter().enumerate() {
        let users = users(case, &["value"]).lazy().with_column(lit(1).alias("look"));
        let tightest = case["tightest_at"].as_u64().unwrap();
        let found =
            experiment::confidence_sequence(&users, "arm", "value", "look", "control", tightest);
        check(at, &found.unwrap(), &["low", "high", "p_value"], &case["found"]);
    }
}

#[test]
fn limits_and_power_of_looks_equal_the_multivariate_normals() {
    let reference = json("experiments.json");
    for (at, case) in super::list(&reference, "looks").iter().enumerate() {
        let spending = match case["spending"].as_str() {
            Some("Pocock") => Spending::Pocock,
            _ => Spending::OBrienFleming,
        };
        let plan = GroupSequential {
            alpha: case["alpha"].as_f64().unwrap(),
            looks: reals(&case["looks"]),
            ..GroupSequential::equal(1, spending)
        };
        let limits = plan.limits().unwrap();
        for (look, limit) in limits.iter().enumerate() {
            // SciPy's integral is good to six decimals.
            within(&format!("case {at}"), Some(*limit), &case["limits"][look], 2e-5);
        }
        for power in super::list(case, "power") {
            let found = plan.stopped(power[0].as_f64().unwrap()).unwrap();
            within(&format!("case {at}"), found.last().copied(), &power[1], 1e-5);
        }
    }
    for case in super::list(&reference, "peeking") {
        let looks = case[0].as_u64().unwrap() as u32;
        let found = experiment::peeking(looks, case[1].as_f64().unwrap()).unwrap();
        let rate = real(&found, "false_positive_rate", looks as usize - 1);
        within(&format!("{looks} looks"), rate, &case[2], 1e-5);
    }
}
