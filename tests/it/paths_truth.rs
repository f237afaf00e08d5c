//! A Markov chain is planted, and the transitions found are the planted ones.

use casebook::chrono::TimeDelta;
use casebook::metrics::paths::{Adjustment, END, Paths, START};
use casebook::polars::prelude::*;
use casebook::rand::RngExt as _;
use casebook::stream::stream;

use super::support::seeds;

const STATES: [&str; 3] = ["cart", "search", "visit"];
/// From each state, and from the start: to cart, search and visit. The rest of each row ends the path.
const CHAIN: [[f64; 3]; 4] =
    [[0.10, 0.30, 0.10], [0.25, 0.30, 0.20], [0.05, 0.45, 0.20], [0.02, 0.28, 0.70]];
const MINUTE: i64 = 60_000_000;

fn name(from: &str) -> usize {
    STATES.iter().position(|state| *state == from).unwrap_or(STATES.len())
}

/// What is planted.
fn truth(chain: &[[f64; 3]; 4], from: &str, to: &str) -> f64 {
    let row = &chain[if from == START { 3 } else { name(from) }];
    if to == END { 1.0 - row.iter().sum::<f64>() } else { row[name(to)] }
}

/// Sessions of so many users, each with its own chain: one event a minute, and four hours between sessions.
fn world<'c>(
    seed: u64,
    users: u64,
    sessions: u64,
    chain: impl Fn(u64) -> &'c [[f64; 3]; 4],
) -> LazyFrame {
    let (mut who, mut at, mut what) = (vec![], vec![], vec![]);
    for user in 0..users {
        let mut rng = stream(seed, "paths", user);
        let chain = chain(user);
        let mut now = rng.random_range(0..1_000) * MINUTE;
        for _ in 0..sessions {
            let mut state = 3;
            loop {
                let mut draw: f64 = rng.random_range(0.0..1.0);
                let next = chain[state].iter().position(|share| {
                    draw -= share;
                    draw < 0.0
                });
                let Some(next) = next else { break };
                who.push(user as i64);
                at.push(now);
                what.push(STATES[next]);
                (state, now) = (next, now + MINUTE);
            }
            now += 240 * MINUTE;
        }
    }
    let moment = DataType::Datetime(TimeUnit::Microseconds, None);
    let frame = df!("user_id" => who, "timestamp" => at, "event" => what).unwrap();
    frame.lazy().with_column(col("timestamp").cast(moment))
}

/// Half an hour of silence ends a path. The window is closed long after.
fn visits() -> Paths {
    let year = casebook::chrono::NaiveDate::from_ymd_opt(1980, 1, 1).unwrap_or_default();
    Paths::new("event")
        .timeout(TimeDelta::minutes(30))
        .window(casebook::events::Window::until(year))
}

fn real(frame: &DataFrame, column: &str) -> Vec<Option<f64>> {
    frame.column(column).unwrap().f64().unwrap().iter().collect()
}

fn pairs(frame: &DataFrame) -> Vec<(String, String)> {
    let text = |column: &str| -> Vec<String> {
        let texts = frame.column(column).unwrap().str().unwrap().clone();
        texts.iter().flatten().map(str::to_owned).collect()
    };
    text("from").into_iter().zip(text("to")).collect()
}

/// Nobody begins with nothing: the planted start, given that there is a first event.
fn given_a_first(chain: &[[f64; 3]; 4]) -> f64 {
    chain[3].iter().sum()
}

#[test]
fn planted_transitions_are_found_and_intervals_hold() {
    let (mut covered, mut of) = (0, 0);
    let worlds = seeds(40, 2_000);
    for seed in 0..worlds {
        let found = visits().transitions(&world(seed, 60, 3, |_| &CHAIN)).unwrap();
        let (low, high) = (real(&found, "low"), real(&found, "high"));
        for (row, (from, to)) in pairs(&found).into_iter().enumerate() {
            let planted = truth(&CHAIN, &from, &to);
            of += 1;
            covered += u64::from(low[row] <= Some(planted) && Some(planted) <= high[row]);
        }
    }
    assert!((given_a_first(&CHAIN) - 1.0).abs() < 1e-12);
    let share = covered as f64 / of as f64;
    println!("95% intervals of transitions hold the planted probability in {:.1}%", share * 100.0);
    assert!((0.935..0.965).contains(&share), "{covered} of {of}");
}

/// With many events what is found is what is planted, to a percentage point.
#[test]
fn many_paths_are_the_chain() {
    let found = visits().transitions(&world(9, 8_000, 3, |_| &CHAIN)).unwrap();
    let share = real(&found, "probability");
    for (row, (from, to)) in pairs(&found).into_iter().enumerate() {
        let planted = truth(&CHAIN, &from, &to);
        assert!((share[row].unwrap() - planted).abs() < 0.01, "{from} {to}: {:?}", share[row]);
    }
    // The same chain by step: what it comes to after two transitions.
    let steps = visits().steps(&world(9, 8_000, 3, |_| &CHAIN), 2).unwrap();
    let second = |to: &str| -> f64 {
        let reached = |from: &&str| CHAIN[3][name(from)] * truth(&CHAIN, from, to);
        STATES.iter().map(reached).sum()
    };
    let states = steps.column("state").unwrap().str().unwrap().clone();
    for (row, share) in real(&steps, "share").into_iter().enumerate().skip(4) {
        let state = states.get(row).unwrap();
        assert!((share.unwrap() - second(state)).abs() < 0.01, "{state}: {share:?}");
    }
}

/// A different chain from which one row differs: only its transitions are.
const OTHER: [[f64; 3]; 4] =
    [[0.10, 0.30, 0.10], [0.40, 0.15, 0.20], [0.05, 0.45, 0.20], [0.02, 0.28, 0.70]];
/// Users who differ from each other, in both groups alike.
const EAGER: [[f64; 3]; 4] =
    [[0.30, 0.50, 0.10], [0.60, 0.20, 0.10], [0.30, 0.50, 0.10], [0.10, 0.80, 0.10]];
const IDLE: [[f64; 3]; 4] =
    [[0.02, 0.10, 0.60], [0.05, 0.10, 0.75], [0.02, 0.10, 0.80], [0.02, 0.18, 0.80]];

fn groups(users: i64) -> DataFrame {
    let arm = |user: i64| if user % 2 == 0 { "a" } else { "b" };
    df!("user_id" => (0..users).collect::<Vec<_>>(), "arm" => (0..users).map(arm).collect::<Vec<_>>())
        .unwrap()
}

fn compared(events: &LazyFrame, users: i64, how: Adjustment) -> DataFrame {
    visits().difference(events, &groups(users), "arm", ["a", "b"], how).unwrap()
}

#[test]
fn a_planted_difference_is_found_and_no_other() {
    let events = world(3, 4_000, 3, |user| if user % 2 == 0 { &CHAIN } else { &OTHER });
    let found = compared(&events, 4_000, Adjustment::Holm);
    let significant = found.column("significant").unwrap().bool().unwrap().clone();
    let (low, high) = (real(&found, "low"), real(&found, "high"));
    for (row, (from, to)) in pairs(&found).into_iter().enumerate() {
        let planted = truth(&OTHER, &from, &to) - truth(&CHAIN, &from, &to);
        let told = significant.get(row) == Some(true);
        assert_eq!(told, planted.abs() > 0.01, "{from} {to}, planted {planted}");
        if told {
            assert!(low[row] <= Some(planted) && Some(planted) <= high[row], "{from} {to}");
        }
    }
}

/// Users who differ: intervals for their transitions hold, and Holm's procedure rarely calls anything significant where
/// nothing is. Taken for independent, the same transitions would be: their errors are too small.
#[test]
fn users_who_differ_are_no_difference_between_groups() {
    let worlds = seeds(40, 2_000);
    let (mut covered, mut naive, mut of, mut alarms) = (0, 0, 0, 0);
    for seed in 0..worlds {
        let kind = |user: u64| {
            let eager = stream(seed, "kinds of users", user).random_bool(0.5);
            if eager { &EAGER } else { &IDLE }
        };
        let found = compared(&world(seed, 160, 6, kind), 160, Adjustment::Holm);
        let [low, high, a, b] =
            ["low", "high", "base_probability", "probability"].map(|name| real(&found, name));
        let count = |name: &str| found.column(name).unwrap().i64().unwrap().clone();
        let (n, m) = (count("base_of"), count("of"));
        for row in 0..found.height() {
            let (Some(low), Some(high), Some(a), Some(b)) = (low[row], high[row], a[row], b[row])
            else {
                continue;
            };
            of += 1;
            covered += u64::from(low <= 0.0 && 0.0 <= high);
            let error = (a * (1.0 - a) / n.get(row).unwrap() as f64
                + b * (1.0 - b) / m.get(row).unwrap() as f64)
                .sqrt();
            naive += u64::from((b - a).abs() <= 1.96 * error);
        }
        let significant = found.column("significant").unwrap().bool().unwrap().clone();
        alarms += u64::from(significant.iter().flatten().any(|told| told));
    }
    let share = |count: u64| count as f64 / of as f64;
    println!(
        "between equal groups of users who differ: {:.1}% of intervals hold 0, {:.1}% if transitions were independent; \
         {alarms} alarms in {worlds} worlds",
        share(covered) * 100.0,
        share(naive) * 100.0
    );
    let room = if worlds > 1_000 { 0.935..0.97 } else { 0.92..0.985 };
    assert!(room.contains(&share(covered)), "{covered} of {of}");
    assert!(share(naive) < 0.88, "{naive} of {of}");
    let most = if worlds > 1_000 { 0.065 } else { 0.15 };
    assert!(alarms as f64 <= most * worlds as f64, "{alarms} of {worlds}");
}
