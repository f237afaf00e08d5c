//! The same data on any machine and in any parts, and configs that are refused.

use casebook::cases::mentor::{self, Config, DropOff, Market, Offer, People};
use casebook::cases::{Part, clock::Month, rhythm};
use casebook::polars::prelude::*;
use casebook::stamp;

#[test]
fn any_number_of_threads_makes_the_same_data() {
    let config = Config { users: 3_000, seed: 11, ..Config::default() };
    let made = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let tables = pool.install(|| mentor::generate(&config)).unwrap();
        tables.named().map(|(_, frame)| frame.clone())
    };
    let one = made(1);
    for threads in [2, 16] {
        let other = made(threads);
        assert!(one.iter().zip(&other).all(|(a, b)| a.equals_missing(b)), "{threads} threads");
    }
}

#[test]
fn parts_together_are_the_whole() {
    // Few mentors: who gets one depends on everybody.
    let market = Market { mentors: 15, ..Market::default() };
    let config = Config { users: 700, months: 9, market, ..Config::default() };
    let whole = mentor::generate(&config).unwrap();
    for n in [1, 2, 3, 800] {
        let mut parts: Vec<(&str, DataFrame)> = vec![];
        for k in 1..=n {
            let part: Part = format!("{k}/{n}").parse().unwrap();
            for batch in mentor::batches(&config, part).unwrap() {
                for (place, (name, frame)) in batch.unwrap().named().into_iter().enumerate() {
                    match parts.get_mut(place) {
                        Some((_, all)) => drop(all.vstack_mut(frame).unwrap()),
                        None => parts.push((name, frame.clone())),
                    }
                }
            }
        }
        for (name, frame) in parts {
            let whole = whole.named().into_iter().find(|(other, _)| *other == name).unwrap().1;
            assert!(frame.equals_missing(whole), "{name} in {n} parts");
        }
    }
}

/// The same config and seed give the same bytes on any machine: these were made on one, once.
#[test]
fn the_default_data_never_changes() {
    let tables = mentor::generate(&Config::default()).unwrap();
    let hashes: Vec<(&str, String)> = tables
        .named()
        .into_iter()
        .map(|(name, frame)| (name, stamp::hash(frame).unwrap()))
        .collect();
    let pinned: Vec<(&str, String)> = PINNED.iter().map(|(n, h)| (*n, (*h).to_owned())).collect();
    assert_eq!(hashes, pinned);
}

const PINNED: [(&str, &str); 14] = [
    ("learning_paths", "b9220137459ba9e3"),
    ("modules", "8076a31f183a84e9"),
    ("mentors", "41b3d05efd055a4f"),
    ("applications", "6e27b03c0496ab7c"),
    ("users_info", "ba27d163f0eceaa5"),
    ("enrolments", "6a36c54a9a440f09"),
    ("users_events", "35f9da13ba8e89e2"),
    ("tickets", "d711338cc80aca8c"),
    ("subscriptions", "d026e7f86db0ceab"),
    ("assignments", "e9912679615fbd79"),
    ("requests", "4cbea897d94bdbdc"),
    ("matches", "28e4276ad614eb0f"),
    ("calls", "f1f1cd0f6eac6e81"),
    ("messages", "4f0154b2eb23352d"),
];

#[test]
fn a_bad_config_is_named() {
    let says = |config: Config, told: &str| {
        let error = mentor::generate(&config).unwrap_err().to_string();
        assert_eq!(error, told);
        assert_eq!(
            mentor::truth(&config).map(|_| ()).map_err(|e| e.to_string()).is_err(),
            !told.contains("memory")
        );
    };
    let default = Config::default;
    says(Config { users: 0, ..default() }, "`users` is 0; accepted: 1 to 20000000");
    says(
        Config { users: 1_000_000_000, ..default() },
        "`users` is 1000000000; accepted: 1 to 20000000",
    );
    let mut config = default();
    config.people.countries[0].share = 0.27;
    says(config, "`people.countries` is shares that sum to 0.9; accepted: shares that sum to 1");
    let mut config = default();
    config.session_length = rhythm::SessionLength::new(1.0, 130.0, 31.0).unwrap();
    says(config, "`session_length.longest` is 130; accepted: 0 to 120");
    let market = Market { mentors: 0, ..Market::default() };
    says(Config { market, ..default() }, "`market.mentors` is 0; accepted: 1 to 5000000");
    let month = |month| Some(Month { year: 2024, month });
    let offer = Offer { first: month(6), last: month(3), ..Offer::default() };
    says(Config { offer, ..default() }, "`offer.last` is 2024-03; accepted: 2024-06 to 2024-12");
    let offer = Offer { first: Some(Month { year: 2023, month: 12 }), ..Offer::default() };
    says(Config { offer, ..default() }, "`offer.first` is 2023-12; accepted: 2024-01 to 2024-12");
    let people = People { paying: 0.95, ..People::default() };
    says(Config { people, ..default() }, "`people.paying` is 0.95; accepted: 0 to 0.9");
    let people = People { women: f64::NAN, ..People::default() };
    says(Config { people, ..default() }, "`people.women` is NaN; accepted: 0 to 1");
    let market = Market { capacity: (3, 2), ..Market::default() };
    says(
        Config { market, ..default() },
        "`market.capacity` is (3, 2); accepted: two numbers from 1 to 100, the first not above the second",
    );
    let mut config = default();
    config.activity.sessions = 1.2;
    says(config, "`activity.sessions` is 1.2; accepted: 1.4 to 2.9");
    let drop_off = DropOff { weekly: vec![], ..DropOff::default() };
    says(
        Config { drop_off, ..default() },
        "`drop_off.weekly` is 0 values; accepted: 1 to 520 values",
    );
    let told =
        mentor::generate(&Config { users: 20_000_000, ..default() }).unwrap_err().to_string();
    assert!(
        told.starts_with("`users` is 20000000; accepted: 1 to ") && told.contains("in memory"),
        "{told}"
    );
}

#[test]
fn a_config_survives_json() {
    let mut config = Config::default();
    config.offer.first = Some(Month { year: 2024, month: 3 });
    config.market.capacity = (2, 9);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config);
    assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
    let changed: Config = serde_json::from_str(r#"{"market": {"mentors": 9}}"#).unwrap();
    assert_eq!(changed.market, Market { mentors: 9, ..Market::default() });
    assert!(serde_json::from_str::<Config>(r#"{"market": {"mentor": 9}}"#).is_err());
}

/// Corners of the config: no hazard at all, everybody inactive, no season, one user, one month.
#[test]
fn corners_work() {
    let mut forever = Config { users: 40, months: 2, ..Config::default() };
    forever.drop_off.weekly = vec![0.0];
    assert!(mentor::generate(&forever).unwrap().users_events.height() > 0);
    assert!((mentor::truth(&forever).unwrap().control - 0.9).abs() < 1e-12);
    let mut nobody = Config { users: 40, ..Config::default() };
    nobody.activity.inactive = 1.0;
    nobody.people.paying = 0.0;
    nobody.support.share = 0.0;
    assert_eq!(mentor::generate(&nobody).unwrap().users_events.height(), 0);
    for (users, months) in [(1, 1), (2, 120)] {
        let config = Config { users, months, ..Config::default() };
        assert_eq!(mentor::generate(&config).unwrap().users_info.height(), users as usize);
    }
    let market = Market { mentors: 1, accepted: 0.01, ..Market::default() };
    let offer = Offer { share: 1.0, ..Offer::default() };
    let none = mentor::generate(&Config { market, offer, ..Config::default() }).unwrap();
    assert!(none.matches.height() == 0 && none.requests.height() > 0);
}
