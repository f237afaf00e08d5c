//! Channels with planted effects.

use casebook::metrics::change;
use casebook::polars::prelude::*;
use casebook::rand::RngExt as _;
use casebook::stream::{Stream, stream};

use super::{at, holds, told, worlds};

const RULES: [&str; 5] = ["first touch", "last touch", "linear", "Markov", "Shapley"];
/// By channel: how many users it reaches, when in their life (mail comes last), and by how many points it raises conversion.
const CHANNELS: [(&str, f64, f64, f64); 3] =
    [("ad", 0.5, 0.0, 0.10), ("mail", 0.6, 2.0, 0.01), ("social", 0.3, 1.0, 0.05)];
const ANYWAY: f64 = 0.05;

struct World {
    found: DataFrame,
    /// By channel, and without any: the conversions that are due to it, on average.
    due: [f64; 4],
}

fn drawn(rng: &mut Stream, people: i64) -> World {
    let (mut who, mut when, mut which, mut buyers) = (vec![], vec![], vec![], vec![]);
    let mut due = [0.0; 4];
    for user in 0..people {
        let mut chance = ANYWAY;
        due[3] += ANYWAY;
        for (place, (name, reach, at, effect)) in CHANNELS.iter().enumerate() {
            if rng.random_range(0.0..1.0) < *reach {
                who.push(user);
                when.push(((at + rng.random_range(0.0..1.5)) * 1e9) as i64);
                which.push(*name);
                chance += effect;
                due[place] += effect;
            }
        }
        if rng.random_range(0.0..1.0) < chance {
            buyers.push(user);
        }
    }
    let moments = |at: Vec<i64>| {
        let column = Column::new("timestamp".into(), at);
        column.cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap()
    };
    let later = moments(vec![9_000_000_000; buyers.len()]);
    let table = |columns| DataFrame::new_infer_height(columns).unwrap();
    let touches = table(vec![
        Column::new("user_id".into(), who),
        moments(when),
        Column::new("channel".into(), which),
    ]);
    let conversions = table(vec![Column::new("user_id".into(), buyers), later]);
    let users = df!("user_id" => (0..people).collect::<Vec<_>>()).unwrap();
    let found = change::attribute(&users, &touches, &conversions, "channel").unwrap();
    World { found, due }
}

/// Each rule's part of the conversions that are due to each channel, and what it's off by.
#[test]
fn rules_are_compared_with_the_truth() {
    let worlds = worlds("attribution");
    let of = worlds.len() as f64;
    let mut parts = [[0.0; 4]; 5];
    let mut truth = [0.0; 4];
    for mut rng in worlds {
        let World { found, due } = drawn(&mut rng, 2_000);
        let found: Vec<f64> =
            found.column("part").unwrap().f64().unwrap().iter().flatten().collect();
        for (rule, parts) in parts.iter_mut().enumerate() {
            for (place, part) in parts.iter_mut().enumerate() {
                *part += found[rule * 4 + place] / of;
            }
        }
        let all: f64 = due.iter().sum();
        truth.iter_mut().zip(due).for_each(|(to, due)| *to += due / all / of);
    }
    let mut off = vec![];
    println!("part of conversions: ad, mail, social, anyway; and the sum of what each is off by");
    for (rule, parts) in RULES.iter().zip(&parts) {
        let distance: f64 =
            parts.iter().zip(&truth).map(|(part, truth)| (part - truth).abs()).sum();
        println!("{rule}: {parts:.3?}, {distance:.3}");
        off.push(distance);
    }
    println!("truth: {truth:.3?}");
    // Mail comes last and does next to nothing: the last touch gives it most.
    assert!(parts[1][1] > 0.4 && parts[0][0] > parts[1][0] + 0.2, "{parts:?}");
    assert!(off[4] < 0.05 && off[..4].iter().all(|other| *other > 0.3), "{off:?}");
}

/// What each rule shares out lies in its intervals: for Shapley's that is the planted truth, and for the others what they would find in
/// a hundred times as many users.
#[test]
fn intervals_hold_what_each_rule_shares_out() {
    let World { found: limit, due } = drawn(&mut stream(1, "attribution at large", 0), 200_000);
    let all: f64 = due.iter().sum();
    let truth = |row: usize| if row < 16 { at(&limit, "part", row) } else { due[row - 16] / all };
    let worlds = worlds("attribution intervals");
    let of = worlds.len();
    let mut held = [0; 20];
    for mut rng in worlds {
        let found = drawn(&mut rng, 2_000).found;
        for (row, held) in held.iter_mut().enumerate() {
            *held += usize::from(holds(&found, row, truth(row)));
        }
    }
    for (row, held) in held.iter().enumerate() {
        let channel = ["ad", "mail", "social", "no channel"][row % 4];
        told(&format!("{}, {channel}, held", RULES[row / 4]), *held, of, (0.93, 0.965));
    }
}
