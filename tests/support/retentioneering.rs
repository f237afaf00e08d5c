//! Paths: what retentioneering makes of the same events (tests/reference/retentioneering.py).

use std::collections::BTreeMap;

use casebook::events::Window;
use casebook::metrics::paths::{self, END, Paths, START};
use casebook::polars::prelude::*;

use super::{lettered, recorded, whole};
use casebook::chrono::{NaiveDate, TimeDelta};

fn text(frame: &DataFrame, column: &str) -> Vec<String> {
    let texts = frame.column(column).unwrap().str().unwrap().clone();
    let ours = |text: &str| text.replace(START, "path_start").replace(END, "path_end");
    texts.iter().flatten().map(ours).collect()
}

#[test]
fn transitions_and_steps_are_retentioneerings() {
    let recorded = recorded("retentioneering.json");
    let users: Vec<&str> =
        recorded["users"].as_array().unwrap().iter().map(|user| user.as_str().unwrap()).collect();
    let events = lettered(&users);
    // It takes every last event for an end: so do we, if the window ends long after.
    let year = Window::until(NaiveDate::from_ymd_opt(1980, 1, 1).unwrap());
    let mut compared = 0;
    for found in recorded["found"].as_array().unwrap() {
        let timeout = found["timeout"].as_i64().map(TimeDelta::seconds);
        let mut paths = Paths::new("event").window(year);
        if let Some(timeout) = timeout {
            paths = paths.timeout(timeout);
            let sessions = paths::sessions(&events, timeout, year).unwrap();
            assert_eq!(found["sessions"].as_u64().unwrap(), sessions.height() as u64);
        }
        let rows = |name: &str| found[name].as_array().unwrap().clone();
        let key = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let theirs: BTreeMap<(String, String), i64> = rows("transitions")
            .iter()
            .map(|row| ((key(&row[0]), key(&row[1])), row[2].as_i64().unwrap()))
            .collect();
        let table = paths.transitions(&events).unwrap();
        let pairs = text(&table, "from").into_iter().zip(text(&table, "to"));
        let ours: BTreeMap<(String, String), i64> =
            pairs.zip(whole(&table, "transitions")).filter(|(_, count)| *count > 0).collect();
        assert_eq!(ours, theirs, "{timeout:?}");
        let theirs: BTreeMap<(i64, String), f64> = rows("steps")
            .iter()
            .map(|row| ((row[0].as_i64().unwrap(), key(&row[1])), row[2].as_f64().unwrap()))
            .collect();
        let table = paths.steps(&events, 6).unwrap();
        let cells = whole(&table, "step").into_iter().zip(text(&table, "state"));
        let shares = table.column("share").unwrap().f64().unwrap().clone();
        for (cell, share) in cells.zip(shares.iter().flatten()) {
            let expected = theirs.get(&cell).copied().unwrap_or(0.0);
            assert!(
                (share - expected).abs() < 1e-9,
                "{timeout:?} {cell:?}: {share}, not {expected}"
            );
            compared += 1;
        }
        compared += theirs.len();
    }
    assert!(compared > 150, "{compared}");
}
