//! Experiments against gbstats, statsmodels, SciPy and tea-tasting.

use casebook::metrics::experiment::{
    self, BetaPrior, GroupSequential, NonInferiority, NormalPrior, Spending,
};
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

#[test]
fn ratios_equal_tea_tasting() {
    for (at, case) in super::list(&json("experiments.json"), "cases").iter().enumerate() {
        let users = users(case, &["clicks", "views"]);
        let found = experiment::ratio(&users, "arm", "clicks", "views", "control").unwrap();
        let columns = [
            "control_ratio",
            "ratio",
            "difference",
            "low",
            "high",
            "t",
            "p_value",
            "naive_low",
            "naive_high",
            "naive_p_value",
        ];
        check(at, &found, &columns, &case["ratio"]);
    }
}

#[test]
fn covariates_equal_statsmodels() {
    for (at, case) in super::list(&json("experiments.json"), "cases").iter().enumerate() {
        let users = users(case, &["value", "one", "two"]);
        let before = ["one", "two"];
        let found = experiment::cuped_with(&users, "arm", "value", &before, "control").unwrap();
        let columns =
            ["theta_one", "theta_two", "variance_kept", "t", "p_value", "df", "low", "high"];
        check(at, &found, &columns, &case["cuped"]);
        let found = experiment::regression_adjusted(&users, "arm", "value", &before, "control");
        check(at, &found.unwrap(), &["difference", "se", "df"], &case["lin"]);
    }
}

#[test]
fn margins_and_many_tests_equal_statsmodels() {
    let reference = json("experiments.json");
    for (at, case) in super::list(&reference, "cases").iter().enumerate() {
        let users = users(case, &["value"]);
        let test = |limit: NonInferiority| {
            let limit = NonInferiority { alpha: 0.05, ..limit };
            experiment::non_inferiority(&users, "arm", "value", "control", &limit).unwrap()
        };
        let columns = ["t", "p_value", "df", "low", "high"];
        check(at, &test(NonInferiority::drop(2.0)), &columns, &case["guardrail"]);
        let rise = test(NonInferiority::rise(2.0));
        for (column, place) in [("t", 5), ("p_value", 6)] {
            close(&format!("case {at}"), real(&rise, column, 0), &case["guardrail"][place]);
        }
        let tests = df!("p_value" => reals(&case["p_values"])).unwrap();
        let found = experiment::holm(&tests, 0.05).unwrap();
        for row in 0..tests.height() {
            close(&format!("case {at}"), real(&found, "adjusted", row), &case["holm"][row]);
        }
    }
    for case in super::list(&reference, "margins") {
        let number = |place: usize| case[place].as_f64().unwrap();
        let plan = NonInferiority {
            ratio: number(3),
            alpha: number(4),
            ..NonInferiority::drop(number(0))
        };
        let users = case[2].as_u64().unwrap();
        let found = plan.power_of_means(2.0, number(1), users).unwrap();
        within(&format!("{case}"), Some(found), &case[5], 1e-8);
    }
}

#[test]
fn beliefs_equal_scipy_and_gbstats() {
    let reference = json("experiments.json");
    for (at, case) in super::list(&reference, "shares").iter().enumerate() {
        let (mut arm, mut hit) = (vec![], vec![]);
        for (number, counts) in super::list(case, "arms").iter().enumerate() {
            let counts = whole(counts);
            arm.extend(vec![format!("arm {number}"); counts[1] as usize]);
            hit.extend((0..counts[1]).map(|user| user < counts[0]));
        }
        let prior = reals(&case["prior"]);
        let prior = BetaPrior { a: prior[0], b: prior[1] };
        let users = df!("arm" => arm, "hit" => hit).unwrap();
        let found = experiment::bayes_proportions(&users, "arm", "hit", prior).unwrap();
        for row in 0..found.height() {
            for (ours, theirs) in [
                ("probability_best", "best"),
                ("expected_loss", "loss"),
                ("low", "low"),
                ("high", "high"),
            ] {
                let what = format!("case {at}, {ours} of arm {row}");
                close(&what, real(&found, ours, row), &case[theirs][row]);
            }
        }
    }
    for (at, case) in super::list(&reference, "means").iter().enumerate() {
        let users = users(case, &["value"]);
        let found = experiment::bayes_means(&users, "arm", "value", NormalPrior::default());
        let found = found.unwrap();
        let what = format!("case {at}");
        close(&what, real(&found, "probability_best", 1), &case["found"][0]);
        close(&what, real(&found, "expected_loss", 0), &case["found"][1]);
        close(&what, real(&found, "expected_loss", 1), &case["found"][2]);
    }
}
