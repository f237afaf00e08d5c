//! The market for mentors: who waits, and what an offer changes.

use casebook::cases::mentor::{self, Config, Offer, Tables};
use casebook::polars::prelude::*;

use super::{DAY, whole};
use crate::support::seeds;

/// More demand for the same mentors: fewer are matched, and later.
#[test]
fn waiting_grows_with_demand() {
    let wait = |share: f64| {
        let offer = Offer { share, ..Offer::default() };
        let config = Config { users: 6_000, offer, ..Config::default() };
        let tables = mentor::generate(&config).unwrap();
        let asked = whole(&tables.requests, "requested_at");
        let ids = whole(&tables.requests, "request_id");
        let matched = whole(&tables.matches, "matched_at");
        let mut days: Vec<i64> = whole(&tables.matches, "request_id")
            .iter()
            .zip(matched)
            .map(|(id, at)| (at - asked[ids.binary_search(id).unwrap()]) / DAY)
            .collect();
        days.sort_unstable();
        (days.len() as f64 / ids.len() as f64, days[days.len() * 9 / 10])
    };
    let (few, half, all) = (wait(0.1), wait(0.5), wait(1.0));
    println!("matched, ninth decile of waiting in days: {few:?}, {half:?}, {all:?}");
    assert!(few.0 > half.0 + 0.05 && half.0 > all.0 + 0.05, "{few:?}, {half:?}, {all:?}");
    assert!(few.1 < half.1 && half.1 <= all.1, "{few:?}, {half:?}, {all:?}");
}

/// In the default business nobody waits for want of mentors, so that the truth is true.
#[test]
fn by_default_nobody_waits() {
    for seed in 1..=seeds(5, 30) {
        let config = Config { seed, ..Config::default() };
        let tables = mentor::generate(&config).unwrap();
        let ids = whole(&tables.requests, "request_id");
        let asked = whole(&tables.requests, "requested_at");
        let longest = i64::from(config.market.processing_hours.1) * 3_600_000_000;
        let late = whole(&tables.matches, "request_id")
            .iter()
            .zip(whole(&tables.matches, "matched_at"))
            .filter(|(id, at)| at - asked[ids.binary_search(id).unwrap()] > longest)
            .count();
        assert!(late <= 2, "seed {seed}: {late} of {} wait", ids.len());
    }
}

/// What a change of the offer leaves alone: who people are, and how they behave until a match.
#[test]
fn the_offer_changes_only_what_it_causes() {
    let with = mentor::generate(&Config::default()).unwrap();
    let offer = Offer { share: 0.0, ..Offer::default() };
    let without = mentor::generate(&Config { offer, ..Config::default() }).unwrap();
    assert!(with.users_info.equals(&without.users_info));
    assert!(
        with.subscriptions
            .column("started_on")
            .unwrap()
            .equals(without.subscriptions.column("started_on").unwrap())
    );
    assert!(without.requests.height() == 0 && without.matches.height() == 0);
    let mentored: Vec<i64> = whole(&with.matches, "user_id");
    let others = |tables: &Tables| {
        let users = Series::new("user_id".into(), mentored.clone());
        let wanted = col("user_id").is_in(lit(users).implode(true), false).not();
        tables.users_events.clone().lazy().filter(wanted).collect().unwrap()
    };
    assert!(others(&with).equals_missing(&others(&without)));
    assert!(with.users_events.height() > without.users_events.height());
}
