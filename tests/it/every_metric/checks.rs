//! What must hold of any result, whatever the metric.

use std::collections::BTreeMap;

use casebook::polars::prelude::*;
use casebook::{Error, ErrorKind};

use super::entry::Sums;

/// Numerator, denominator, their ratio, and the ends of its interval.
type Ratio = (&'static str, &'static str, &'static str, Option<(&'static str, &'static str)>);

const ENDS: Option<(&str, &str)> = Some(("low", "high"));
const RATIOS: [Ratio; 30] = [
    ("hits", "trials", "rate", ENDS),
    ("dau", "mau", "stickiness", ENDS),
    ("users", "of", "share", ENDS),
    ("activated", "eligible", "rate", ENDS),
    ("fast", "activated", "fast_rate", None),
    ("retained", "eligible", "rate", ENDS),
    ("adopted", "users", "rate", ENDS),
    ("users", "eligible", "rate", ENDS),
    ("collaborative", "groups", "share", ENDS),
    ("users", "entered", "overall_rate", Some(("overall_low", "overall_high"))),
    ("users", "entered", "rate", ENDS),
    ("users", "previous", "step_rate", Some(("step_low", "step_high"))),
    ("together", "orders", "support", None),
    ("together", "left_orders", "left_to_right", None),
    ("together", "right_orders", "right_to_left", None),
    ("right", "found", "precision", Some(("precision_low", "precision_high"))),
    ("right", "planted", "recall", Some(("recall_low", "recall_high"))),
    ("hits", "users", "rate", None),
    ("control_hits", "control_users", "control_rate", None),
    ("matched", "requests", "match_rate", Some(("match_low", "match_high"))),
    ("filled", "requests", "fill_rate", Some(("fill_low", "fill_high"))),
    ("repeated", "users", "rate", ENDS),
    ("customers_lost", "customers_start", "logo_churn", ENDS),
    ("clients_lost", "clients_start", "logo_churn", None),
    ("lost", "at_risk", "hazard", None),
    ("hits", "n", "observed", ENDS),
    ("paths", "of", "share", ENDS),
    ("transitions", "of", "probability", None),
    ("base_transitions", "base_of", "base_probability", None),
    ("alerted", "windows", "rate", ENDS),
];
/// Columns that hold shares, besides those whose names end in `rate` or `share`.
const SHARES: [&str; 16] = [
    "survival",
    "incidence",
    "probability",
    "stickiness",
    "retention",
    "precision",
    "recall",
    "logo_churn",
    "support",
    "grr",
    "left_to_right",
    "right_to_left",
    "p_value",
    "adjusted",
    "alive",
    "explained",
];
/// A count and what it is part of, where their ratio is not in the same row.
const PARTS: [(&str, &str); 6] = [
    ("eligible", "size"),
    ("active", "eligible"),
    ("dau", "wau"),
    ("wau", "mau"),
    ("events", "subjects"),
    ("taken", "matches"),
];
/// What an interval called `low` to `high` is around, the likeliest first.
const CENTRES: [&str; 16] = [
    "difference",
    "effect",
    "ratio",
    "median",
    "lift",
    "value",
    "survival",
    "incidence",
    "hazard",
    "stickiness",
    "retention",
    "rate",
    "share",
    "mean",
    "estimate",
    "expected",
];

fn reals(frame: &DataFrame, name: &str) -> Option<Vec<Option<f64>>> {
    let column = frame.column(name).ok()?;
    let number = column.dtype().is_primitive_numeric() || column.dtype().is_null();
    let real = number.then(|| column.cast(&DataType::Float64).unwrap())?;
    Some(real.f64().unwrap().iter().collect())
}

/// Says what is wrong with a result, and nothing if nothing is.
pub fn sound(frame: &DataFrame) -> Result<(), String> {
    let wrong = |what: String| Err(format!("{what}\n{frame}"));
    for column in frame.columns().iter().filter(|column| column.dtype().is_float()) {
        let values = column.cast(&DataType::Float64).unwrap();
        if values.f64().unwrap().iter().flatten().any(|value| !value.is_finite()) {
            return wrong(format!("`{}` is not finite", column.name()));
        }
        let name = column.name().as_str();
        let share = name.ends_with("rate") || name.ends_with("share") || SHARES.contains(&name);
        // Where activity is divided by that of another period, it may be more.
        let share = share && frame.column("base").is_err();
        let outside = |value: &f64| !(0.0..=1.0).contains(value);
        if share && let Some(value) = values.f64().unwrap().iter().flatten().find(outside) {
            return wrong(format!("`{name}` is {value}: no share"));
        }
    }
    for (part, whole) in PARTS {
        if let (Some(parts), Some(wholes)) = (reals(frame, part), reals(frame, whole))
            && parts
                .iter()
                .zip(&wholes)
                .any(|(part, whole)| part.zip(*whole).is_some_and(|(p, w)| p > w))
        {
            return wrong(format!("`{part}` exceeds `{whole}`"));
        }
    }
    for ratio in RATIOS {
        divides(frame, ratio).or_else(wrong)?;
    }
    around(frame).or_else(wrong)
}

/// That a ratio is what its columns say: null where it cannot be known, never 0 for that.
fn divides(frame: &DataFrame, (part, whole, ratio, ends): Ratio) -> Result<(), String> {
    let (Some(parts), Some(wholes), Some(ratios)) =
        (reals(frame, part), reals(frame, whole), reals(frame, ratio))
    else {
        return Ok(());
    };
    for (row, ((part_of, of), found)) in parts.iter().zip(&wholes).zip(&ratios).enumerate() {
        let expected = part_of.zip(*of).filter(|(_, of)| *of > 0.0).map(|(part, of)| part / of);
        let same = match (expected, found) {
            (Some(expected), Some(found)) => (expected - found).abs() < 1e-12,
            (expected, found) => expected.is_none() && found.is_none(),
        };
        if !same {
            return Err(format!(
                "`{ratio}` is {found:?} in row {row}: `{part}` {part_of:?} of `{whole}` {of:?}"
            ));
        }
        if part_of.zip(*of).is_some_and(|(part, of)| part > of) {
            return Err(format!("`{part}` exceeds `{whole}` in row {row}"));
        }
        for end in ends.map(|(low, high)| [low, high]).into_iter().flatten() {
            if reals(frame, end).is_some_and(|end| end[row].is_some() != found.is_some()) {
                return Err(format!(
                    "`{ratio}` is {found:?} in row {row}, and `{end}` does not go with it"
                ));
            }
        }
    }
    Ok(())
}

/// That an interval holds what it is around.
fn around(frame: &DataFrame) -> Result<(), String> {
    let (Some(lows), Some(highs)) = (reals(frame, "low"), reals(frame, "high")) else {
        return Ok(());
    };
    // In a tornado they are the results at the two ends of an input, which may lower it.
    if frame.column("swing").is_ok() {
        return Ok(());
    }
    let centre = CENTRES.iter().find_map(|name| Some((name, reals(frame, name)?)));
    for (row, (low, high)) in lows.into_iter().zip(highs).enumerate() {
        if low.zip(high).is_some_and(|(low, high)| low > high) {
            return Err(format!("`low` is above `high` in row {row}"));
        }
        let Some((name, Some(value))) = centre.as_ref().map(|(name, all)| (name, all[row])) else {
            continue;
        };
        let slack = 1e-9 * value.abs().max(1.0);
        if low.is_some_and(|low| low > value + slack)
            || high.is_some_and(|high| high < value - slack)
        {
            return Err(format!("`{name}` lies outside its interval in row {row}"));
        }
    }
    Ok(())
}

/// What a frame looks like: names and types of its columns.
pub fn shape(frame: &DataFrame) -> Vec<(String, DataType)> {
    frame
        .columns()
        .iter()
        .map(|column| (column.name().to_string(), column.dtype().clone()))
        .collect()
}

/// Says how two results differ.
pub fn same(
    expected: &[DataFrame],
    found: &[DataFrame],
    in_given_order: bool,
) -> Result<(), String> {
    let ordered = |frame: &DataFrame| match in_given_order {
        true => {
            let by: Vec<PlSmallStr> = frame.get_column_names_owned();
            frame.sort(by, SortMultipleOptions::default()).unwrap()
        }
        false => frame.clone(),
    };
    assert_eq!(expected.len(), found.len());
    for (expected, found) in expected.iter().zip(found) {
        if shape(expected) != shape(found) {
            return Err(format!("columns\n{:?}\nbecame\n{:?}", shape(expected), shape(found)));
        }
        let (expected, found) = (ordered(expected), ordered(found));
        if !expected.equals_missing(&found) {
            return Err(difference(&expected, &found));
        }
    }
    Ok(())
}

/// The first values that differ, written in full.
fn difference(expected: &DataFrame, found: &DataFrame) -> String {
    if expected.height() != found.height() {
        return format!(
            "{} rows became {}\n{expected}\n{found}",
            expected.height(),
            found.height()
        );
    }
    for (before, after) in expected.columns().iter().zip(found.columns()) {
        for row in 0..before.len() {
            let values = [before, after].map(|column| format!("{:?}", column.get(row).unwrap()));
            if values[0] != values[1] {
                return format!(
                    "`{}` in row {row} was {} and is {}",
                    before.name(),
                    values[0],
                    values[1]
                );
            }
        }
    }
    format!("{expected}\nbecame\n{found}")
}

/// Sums of counts by keys, or rows by keys where no counts are named. Where all are 0 there is no line.
pub fn added_up<'f>(
    frames: impl IntoIterator<Item = &'f DataFrame>,
    sums: &Sums,
) -> BTreeMap<String, Vec<i64>> {
    let mut all: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for frame in frames {
        let counts: Vec<Column> = sums
            .counts
            .iter()
            .map(|name| frame.column(name).unwrap().cast(&DataType::Int64).unwrap())
            .collect();
        for row in 0..frame.height() {
            let key = sums
                .keys
                .iter()
                .map(|key| frame.column(key).unwrap().get(row).unwrap().to_string());
            let mine = all
                .entry(key.collect::<Vec<_>>().join(", "))
                .or_insert_with(|| vec![0; counts.len() + 1]);
            for (sum, count) in mine.iter_mut().zip(&counts) {
                *sum += count.i64().unwrap().get(row).unwrap_or(0);
            }
            if counts.is_empty() {
                mine[0] += 1;
            }
        }
    }
    all.retain(|_, sums| sums.iter().any(|sum| *sum != 0));
    all
}

/// That an error says which of its inputs is wrong.
pub fn names_input(error: &Error) -> Result<(), String> {
    match error.kind() {
        ErrorKind::MissingColumn { .. }
        | ErrorKind::BadColumn { .. }
        | ErrorKind::InvalidConfig { .. } => Ok(()),
        _ => Err(format!("the error does not say which input is wrong: {error}")),
    }
}
