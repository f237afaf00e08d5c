//! Changes against statsmodels, ruptures and rdrobust.

use casebook::metrics::change::{
    ChangePoints, Forecast, InterruptedSeries, Intervals, Mstl, Penalty, RegressionDiscontinuity,
    Stl, Trend, treatment_effect,
};
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
fn several_seasons_equal_statsmodels() {
    let reference = json("change.json");
    let cases = super::list(&reference, "mstl");
    assert_eq!(cases.len(), 6);
    let spans = |of: &serde_json::Value| -> Vec<usize> {
        whole(of).into_iter().map(|span| span as usize).collect()
    };
    for (number, case) in cases.iter().enumerate() {
        let periods = spans(&case["periods"]);
        let mut mstl = Mstl::new(periods.clone()).rounds(case["rounds"].as_u64().unwrap() as usize);
        if !case["windows"].is_null() {
            mstl = mstl.seasonal(spans(&case["windows"]));
        }
        if let Some(trend) = case["trend"].as_u64() {
            mstl = mstl.trend(trend as usize);
        }
        if case["robust"].as_bool().unwrap() {
            mstl = mstl.robust();
        }
        let y = reals(&case["y"]);
        let found = mstl.decompose(&series(&y), "day", "value").unwrap();
        let mut columns = vec!["trend".to_owned()];
        columns.extend(periods.iter().map(|period| format!("seasonal_{period}")));
        columns.extend(["remainder".to_owned(), "weight".to_owned()]);
        for (column, theirs) in columns.iter().zip(super::list(case, "parts")) {
            for row in 0..y.len() {
                let at = format!("case {number}, {column}, row {row}");
                within(&at, real(&found, column, row), &theirs[row], 1e-8);
            }
        }
    }
}

/// At the likelihood's top, which is flat: there shares may differ by more than what they give.
#[test]
fn forecasts_equal_statsmodels() {
    let reference = json("change.json");
    let cases = super::list(&reference, "forecast");
    assert_eq!(cases.len(), 9);
    for (number, case) in cases.iter().enumerate() {
        let trend = match case["trend"].as_str() {
            Some("none") => Trend::None,
            Some("additive") => Trend::Additive,
            _ => Trend::Damped,
        };
        let rows = series(&reals(&case["y"]));
        let period = case["period"].as_u64().unwrap() as usize;
        let forecast =
            Forecast::new(period, 15).level(0.9).trend(trend).intervals(Intervals::Model);
        let model = forecast.models(&rows, "day", "value").unwrap();
        for column in ["log_likelihood", "sigma"] {
            let at = format!("case {number}, {column}");
            within(&at, real(&model, column, 0), &case[column], 1e-6);
        }
        let found = forecast.predict(&rows, "day", "value").unwrap();
        for (column, theirs) in ["point", "low", "high"].iter().zip(super::list(case, "ahead")) {
            for row in 0..15 {
                let at = format!("case {number}, {column}, row {row}");
                within(&at, real(&found, column, row), &theirs[row], 1e-6);
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

#[test]
fn interrupted_series_equal_statsmodels() {
    let reference = json("change.json");
    let cases = super::list(&reference, "interrupted");
    assert_eq!(cases.len(), 30);
    for (number, case) in cases.iter().enumerate() {
        let mut how = InterruptedSeries::new(case["at"].as_i64().unwrap())
            .lags(case["lags"].as_u64().unwrap() as usize);
        if let Some(season) = case["season"].as_u64() {
            how = how.season(season as usize);
        }
        let found = how.estimate(&series(&reals(&case["y"])), "day", "value").unwrap();
        for (row, theirs) in super::list(case, "terms").iter().enumerate() {
            for (place, column) in ["estimate", "se", "low", "high", "p_value"].iter().enumerate() {
                let at = format!("case {number}, {column}, row {row}");
                within(&at, real(&found, column, row), &theirs[place], 1e-8);
            }
        }
    }
}

#[test]
fn discontinuities_equal_rdrobust() {
    let reference = json("change.json");
    let cases = super::list(&reference, "discontinuity");
    assert_eq!(cases.len(), 20);
    for (number, case) in cases.iter().enumerate() {
        let rows = df!("x" => reals(&case["x"]), "y" => reals(&case["y"])).unwrap();
        let how = RegressionDiscontinuity::new(0.0);
        let width = case["width"].as_f64().unwrap();
        let found = how.bandwidth(width).estimate(&rows, "x", "y").unwrap();
        for (row, theirs) in super::list(case, "rows").iter().enumerate() {
            for (place, column) in ["effect", "se", "low", "high", "p_value"].iter().enumerate() {
                let at = format!("case {number}, {column}, row {row}");
                within(&at, real(&found, column, row), &theirs[place], 1e-8);
            }
        }
        let usual = how.estimate(&rows, "x", "y").unwrap();
        within(&format!("case {number}, rule"), real(&usual, "bandwidth", 0), &case["rule"], 1e-8);
    }
}

#[test]
fn treatment_effects_equal_statsmodels() {
    let reference = json("change.json");
    let cases = super::list(&reference, "treatment");
    assert_eq!(cases.len(), 12);
    for (number, case) in cases.iter().enumerate() {
        let users = df!(
            "on" => reals(&case["on"]), "keen" => reals(&case["keen"]),
            "seats" => whole(&case["seats"]), "y" => reals(&case["y"]),
        )
        .unwrap();
        let found = treatment_effect(&users, "on", "y", &["keen", "seats"]).unwrap();
        for (row, theirs) in super::list(case, "rows").iter().enumerate() {
            let at = |what: &str| format!("case {number}, {what}, row {row}");
            within(&at("effect"), real(&found, "effect", row + 1), &theirs[0], 1e-9);
            // statsmodels takes derivatives by differences.
            within(&at("se"), real(&found, "se", row + 1), &theirs[1], 1e-6);
        }
    }
}
