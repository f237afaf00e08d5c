//! What must hold of every metric, and a list from which none can be left out.
//!
//! The [`registry`] calls every public function of `src/metrics` that takes data or returns a frame. [`sources`] reads the
//! sources and finds those functions: a new one without an entry fails the first test here.

mod checks;
mod data;
mod entry;
mod given;
mod registry;
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use casebook::polars::prelude::*;

use crate::support::seeds;
use data::{Tables, ZONES, halves, tables};
use entry::Entry;
use given::{Given, on_the_wall, usual};

const UTC: (&str, i64) = ZONES[0];

/// What came of one case.
enum Came {
    Held,
    /// An error that the metric may give here.
    Refused,
}

type Outcome = Result<Came, String>;

/// Few users and more.
fn people(seed: u64) -> usize {
    [4, 13, 40][seed as usize % 3]
}

fn call(entry: &Entry, given: &Given) -> Result<casebook::Result<Vec<DataFrame>>, String> {
    catch_unwind(AssertUnwindSafe(|| (entry.call)(given))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        format!("panicked: {}", text.unwrap_or_default())
    })
}

/// Tries a property on every entry, and tells all that fail, each with its first seed. An entry that `must` hold fails, too,
/// if it refuses everything: nothing was tried then.
fn every(
    property: &str,
    seeds: u64,
    must: impl Fn(&Entry) -> bool,
    holds: impl Fn(&Entry, u64) -> Vec<Outcome>,
) {
    let entries = registry::all();
    let mut failures: BTreeMap<(usize, String), (u64, String)> = BTreeMap::new();
    let mut tried = BTreeSet::new();
    let (mut held, mut refused) = (BTreeMap::<&str, usize>::new(), BTreeMap::<&str, usize>::new());
    for seed in 0..seeds {
        for (place, entry) in entries.iter().enumerate() {
            for outcome in holds(entry, seed) {
                match outcome {
                    Ok(Came::Held) => {
                        tried.insert(place);
                        *held.entry(&entry.name).or_default() += 1;
                    }
                    Ok(Came::Refused) => *refused.entry(&entry.name).or_default() += 1,
                    Err(what) => {
                        failures.entry((place, entry.name.clone())).or_insert((seed, what));
                    }
                }
            }
        }
    }
    let sum = |of: &BTreeMap<&str, usize>| of.values().sum::<usize>();
    println!(
        "{property}: {} metrics in {} cases, {} refused",
        held.len(),
        sum(&held),
        sum(&refused)
    );
    let only: Vec<&&str> = refused.keys().filter(|name| !held.contains_key(*name)).collect();
    if !only.is_empty() {
        println!("{property}: always refused by {only:?}");
    }
    for (place, entry) in entries.iter().enumerate() {
        if must(entry) && !tried.contains(&place) {
            let place = (place, entry.name.clone());
            failures.entry(place).or_insert((0, "nothing was tried: every case is refused".into()));
        }
    }
    let told: Vec<String> = failures
        .iter()
        .map(|((place, name), (seed, what))| format!("{name} (entry {place}, seed {seed}): {what}"))
        .collect();
    assert!(told.is_empty(), "{property}: {} entries fail\n\n{}", told.len(), told.join("\n\n"));
}

/// A metric's result with the tables as they are, and with the others.
fn compared(entry: &Entry, tables: &Tables, other: &Given) -> Outcome {
    let before = call(entry, &Given::plain(tables))?;
    match (before, call(entry, other)?) {
        (Ok(before), Ok(after)) => {
            let after: Vec<DataFrame> = after.into_iter().map(usual).collect();
            checks::same(&before, &after, entry.in_given_order).map(|()| Came::Held)
        }
        (Err(before), Err(after)) => checks::names_input(&before)
            .and_then(|()| checks::names_input(&after))
            .map(|()| Came::Refused),
        (before, after) => Err(format!("{:?} became {:?}", before.err(), after.err())),
    }
}

#[test]
fn no_metric_is_left_out() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = sources::read(&project.join("src/metrics"));
    let mut found: BTreeSet<String> = sources::metrics(&sources).into_iter().collect();
    // And those that only the take-home has.
    let case = std::fs::read_to_string(project.join("src/cases/saas/mod.rs")).unwrap();
    let names = case.split_once("pub use kpis::{").and_then(|(_, rest)| rest.split_once('}'));
    let names = names.expect("the take-home's metrics").0.split(',').map(str::trim);
    found.extend(names.filter(|name| !name.is_empty()).map(|name| format!("saas::{name}")));
    assert!(found.len() > 60, "the scanner finds only {found:?}");
    let entries: BTreeSet<String> = registry::all().into_iter().map(|entry| entry.name).collect();
    println!("{} metrics have entries, {} are exempt", entries.len(), registry::EXEMPT.len());
    let (missing, stale) = sources::left_out(&found, &entries, registry::EXEMPT);
    assert!(missing.is_empty(), "add an entry to tests/it/every_metric/registry for {missing:#?}");
    assert!(stale.is_empty(), "src/metrics has no such public function: {stale:#?}");
}

#[test]
fn the_order_of_rows_does_not_matter() {
    every(
        "shuffled rows",
        seeds(6, 60),
        |_| true,
        |entry, seed| {
            let tables = tables(seed, people(seed), UTC);
            vec![compared(entry, &tables, &Given::shuffled(&tables, seed + 1))]
        },
    );
}

#[test]
fn lazy_frames_without_an_order_make_no_difference() {
    every(
        "lazy frames",
        seeds(3, 30),
        |_| true,
        |entry, seed| {
            let tables = tables(seed, people(seed), UTC);
            vec![compared(entry, &tables, &Given::unordered(&tables))]
        },
    );
}

#[test]
fn prepared_inputs_make_no_difference() {
    every(
        "prepared inputs",
        seeds(3, 30),
        |_| true,
        |entry, seed| {
            let tables = tables(seed, people(seed), UTC);
            vec![compared(entry, &tables, &Given::prepared(&tables))]
        },
    );
}

#[test]
fn the_clock_on_the_wall_decides() {
    every(
        "zones",
        seeds(3, 30),
        |_| true,
        |entry, seed| {
            let in_zone = |zone: (&'static str, i64)| tables(seed, people(seed), zone);
            let wall = |frames: Vec<DataFrame>, zone| {
                frames.into_iter().map(|frame| on_the_wall(frame, zone)).collect::<Vec<_>>()
            };
            let case = |zone: (&'static str, i64)| -> Outcome {
                let here = call(entry, &Given::plain(&in_zone(UTC)))?;
                match (here, call(entry, &Given::plain(&in_zone(zone)))?) {
                    (Ok(here), Ok(there)) => {
                        let (here, there) = (wall(here, UTC), wall(there, zone));
                        checks::same(&here, &there, entry.in_given_order).map(|()| Came::Held)
                    }
                    (Err(here), Err(there)) => checks::names_input(&here)
                        .and_then(|()| checks::names_input(&there))
                        .map(|()| Came::Refused),
                    (here, there) => Err(format!("{:?} became {:?}", here.err(), there.err())),
                }
                .map_err(|what| format!("in {}: {what}", zone.0))
            };
            ZONES[1..].iter().map(|zone| case(*zone)).collect()
        },
    );
}

#[test]
fn parts_make_the_whole() {
    let entries = registry::all();
    let sums: BTreeSet<&str> =
        entries.iter().filter(|entry| entry.sums.is_some()).map(|entry| &*entry.name).collect();
    println!("parts: {} metrics add up", sums.len());
    every(
        "parts",
        seeds(3, 30),
        |entry| entry.sums.is_some(),
        |entry, seed| {
            let Some(sums) = &entry.sums else { return vec![] };
            let whole = tables(seed, 40, UTC);
            let case = || -> Outcome {
                let of = |tables: &Tables| -> Result<Option<DataFrame>, String> {
                    let found = call(entry, &Given::plain(tables))?;
                    Ok(found.ok().and_then(|frames| frames.into_iter().next()))
                };
                let [one, other] = halves(&whole);
                let (Some(whole), Some(one), Some(other)) = (of(&whole)?, of(&one)?, of(&other)?)
                else {
                    return Err("a part is refused".into());
                };
                let (expected, found) =
                    (checks::added_up([&whole], sums), checks::added_up([&one, &other], sums));
                if expected.is_empty() || expected != found {
                    return Err(format!("{expected:?}\nand in parts\n{found:?}"));
                }
                Ok(Came::Held)
            };
            vec![case()]
        },
    );
}

/// A result is sound, and looks as it always does; or the error says what is wrong.
fn holds_for(entry: &Entry, usual: &[DataFrame], tables: &Tables) -> Outcome {
    match call(entry, &Given::plain(tables))? {
        Err(error) => checks::names_input(&error).map(|()| Came::Refused),
        Ok(frames) => {
            if frames.len() != usual.len() {
                return Err(format!("{} frames instead of {}", frames.len(), usual.len()));
            }
            for (frame, usual) in frames.iter().zip(usual) {
                checks::sound(frame)?;
                let (found, expected) = (checks::shape(frame), checks::shape(usual));
                if found != expected {
                    return Err(format!("columns\n{expected:?}\nbecame\n{found:?}"));
                }
            }
            Ok(Came::Held)
        }
    }
}

/// What the metric returns for plenty of data, and which tables it reads.
fn plenty(entry: &Entry) -> Result<(Vec<DataFrame>, BTreeSet<&'static str>), String> {
    let given = Given::plain(&tables(1_000, 40, UTC));
    let found = call(entry, &given)?.map_err(|error| format!("refuses plenty of data: {error}"))?;
    Ok((found, given.read()))
}

#[test]
fn empty_tables_are_answered_or_refused_by_name() {
    every(
        "empty tables",
        seeds(1, 5),
        |_| false,
        |entry, seed| {
            let whole = tables(seed, 40, UTC);
            let emptied = |name: Option<&str>| -> Tables {
                let cleared = |(of, table): (&&'static str, &DataFrame)| {
                    let none = name.is_none_or(|name| name == *of);
                    (*of, if none { table.clear() } else { table.clone() })
                };
                whole.iter().map(cleared).collect()
            };
            let (usual, read) = match plenty(entry) {
                Ok(known) => known,
                Err(what) => return vec![Err(what)],
            };
            let which = read.into_iter().map(Some).chain([None]);
            which
                .map(|name| {
                    let outcome = holds_for(entry, &usual, &emptied(name));
                    outcome
                        .map_err(|what| format!("without {}: {what}", name.unwrap_or("anything")))
                })
                .collect()
        },
    );
}

#[test]
fn one_user_is_enough_or_too_few() {
    every(
        "one user",
        seeds(6, 60),
        |_| false,
        |entry, seed| match plenty(entry) {
            Ok((usual, _)) => vec![holds_for(entry, &usual, &tables(seed, 1, UTC))],
            Err(what) => vec![Err(what)],
        },
    );
}

#[test]
fn results_are_sound() {
    every(
        "sound results",
        seeds(6, 60),
        |_| true,
        |entry, seed| match plenty(entry) {
            Ok((usual, _)) => vec![holds_for(entry, &usual, &tables(seed, people(seed), UTC))],
            Err(what) => vec![Err(what)],
        },
    );
}

#[test]
fn what_does_not_hold_is_caught() {
    let tables = tables(1, 13, UTC);
    let first = Entry::new("first", |given| Ok(vec![given.table("events").head(Some(1))]));
    assert!(compared(&first, &tables, &Given::shuffled(&tables, 2)).is_err());
    assert!(compared(&first, &tables, &Given::unordered(&tables)).is_err());
    let sum = Entry::new("sum", |given| {
        Ok(vec![
            given.table("orders").lazy().select([col("amount").cum_sum(false).last()]).collect()?,
        ])
    });
    assert!((0..9).any(|seed| compared(&sum, &tables, &Given::shuffled(&tables, seed)).is_err()));
    for (wrong, named) in [
        (df!("rate" => [1.5]), "no share"),
        (df!("value" => [f64::NAN]), "not finite"),
        (df!("retained" => [3_i64], "eligible" => [2_i64], "rate" => [None::<f64>]), "row 0"),
        (df!("retained" => [0_i64], "eligible" => [0_i64], "rate" => [0.0]), "row 0"),
        (df!("low" => [0.5], "high" => [0.7], "difference" => [0.4]), "outside its interval"),
    ] {
        let message = checks::sound(&wrong.unwrap()).unwrap_err();
        assert!(message.contains(named), "{message}");
    }
    let panics = Entry::new("panics", |_| panic!("at once"));
    assert!(call(&panics, &Given::plain(&tables)).is_err_and(|what| what.contains("at once")));
}
