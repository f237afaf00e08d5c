//! Small paths, counted by hand.

use chrono::{DateTime, TimeDelta};
use polars::prelude::*;

use super::*;
use crate::events::Window;

/// Users with their events, a letter a minute; "-" is a minute without one.
fn events(users: &[(&str, &str)]) -> DataFrame {
    let (mut who, mut at, mut what) = (vec![], vec![], vec![]);
    for (user, letters) in users {
        for (minute, letter) in letters.chars().enumerate().filter(|(_, letter)| *letter != '-') {
            who.push(*user);
            at.push(minute as i64 * 60_000);
            what.push(letter.to_string());
        }
    }
    df!("user_id" => who, "timestamp" => at, "event" => what)
        .unwrap()
        .lazy()
        .with_column(col("timestamp").cast(DataType::Datetime(TimeUnit::Milliseconds, None)))
        .collect()
        .unwrap()
}

fn sessions_of(minutes: i64) -> Paths {
    Paths::new("event").timeout(TimeDelta::minutes(minutes))
}

fn until(minute: i64) -> Window {
    Window::until(DateTime::from_timestamp(minute * 60, 0).unwrap().naive_utc())
}

/// Rows as texts: the named columns.
fn rows(frame: &DataFrame, columns: &[&str]) -> Vec<String> {
    let cell = |row: usize, column: &&str| {
        frame.column(column).unwrap().get(row).unwrap().to_string().replace('"', "")
    };
    (0..frame.height())
        .map(|row| columns.iter().map(|column| cell(row, column)).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn transitions_are_counted_with_both_ends() {
    let found = Paths::new("event").transitions(&events(&[("x", "aab"), ("y", "b")])).unwrap();
    let expected = [
        "a a 1 2",
        "a b 1 2",
        "a (end) 0 2",
        "b a 0 2",
        "b b 0 2",
        "b (end) 2 2",
        "(start) a 1 2",
        "(start) b 1 2",
    ];
    assert_eq!(rows(&found, &["from", "to", "transitions", "of"]), expected);
    let merged = Paths::new("event").merged().transitions(&events(&[("x", "aab")])).unwrap();
    assert_eq!(rows(&merged, &["transitions"]), ["0", "1", "0", "0", "0", "1", "1", "0"]);
    let none = Paths::new("event").transitions(&events(&[])).unwrap();
    assert_eq!((none.height(), none.width()), (0, 8));
}

#[test]
fn silence_ends_a_path_and_what_may_go_on_is_open() {
    let two = events(&[("x", "a--b"), ("y", "a")]);
    let ends = |paths: Paths| -> Vec<String> {
        let found = paths.transitions(&two).unwrap().lazy().filter(col("to").eq(lit("(end)")));
        rows(&found.collect().unwrap(), &["from", "transitions", "of"])
    };
    assert_eq!(ends(sessions_of(2)), ["a 2 2", "b 1 1"]);
    assert_eq!(ends(sessions_of(3)), ["a 1 2", "b 1 1"]);
    // At minute 5 the b of minute 3 may still go on, and at 6 it may not.
    assert_eq!(ends(sessions_of(2).window(until(5))), ["a 2 2", "b 0 0"]);
    assert_eq!(ends(sessions_of(2).window(until(6))), ["a 2 2", "b 1 1"]);
}

#[test]
fn simultaneous_events_come_by_name() {
    let at_once = |names: &[&str]| {
        let frame = df!("user_id" => vec![1; names.len()], "event" => names);
        let frame =
            frame.unwrap().lazy().with_column(lit(0).cast(DataType::Date).alias("timestamp"));
        let found = Paths::new("event").counts(&frame, 3).unwrap();
        rows(&found, &["path"])
    };
    assert_eq!(at_once(&["b", "c", "a"]), ["a → b → c"]);
    assert_eq!(at_once(&["c", "a", "b"]), ["a → b → c"]);
}

#[test]
fn steps_add_up_and_over_is_a_state() {
    let found = Paths::new("event").steps(&events(&[("x", "ab"), ("y", "a"), ("z", "bab")]), 3);
    let expected = [
        "1 a 2 3",
        "1 b 1 3",
        "1 (end) 0 3",
        "2 a 1 3",
        "2 b 1 3",
        "2 (end) 1 3",
        "3 a 0 3",
        "3 b 1 3",
        "3 (end) 2 3",
    ];
    assert_eq!(rows(&found.unwrap(), &["step", "state", "paths", "of"]), expected);
    // y's only session may go on: nobody knows what comes second.
    let open = sessions_of(2).window(until(2)).steps(&events(&[("y", "a")]), 2).unwrap();
    assert_eq!(
        rows(&open, &["paths", "of", "share"]),
        ["1 1 1.0", "0 1 0.0", "0 0 null", "0 0 null"]
    );
    assert!(Paths::new("event").steps(&events(&[]), 0).is_err());
}

#[test]
fn flows_lead_from_step_to_step() {
    let three = events(&[("x", "aba"), ("y", "ab"), ("z", "b")]);
    let found = Paths::new("event").flows(&three, 2).unwrap();
    let expected = ["1 a b 2 2", "1 b (end) 1 1", "2 b (end) 1 2", "2 b a 1 2"];
    let mut found = rows(&found, &["step", "from", "to", "paths", "of"]);
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_most_frequent_come_first_and_equals_by_name() {
    let five = events(&[("v", "abc"), ("w", "b"), ("x", "abd"), ("y", "cab"), ("z", "aba")]);
    let found = Paths::new("event").counts(&five, 2).unwrap();
    let expected = ["a → b 2 3 5", "b → (end) 1 1 5", "c → a 2 1 5"];
    assert_eq!(rows(&found, &["path", "length", "paths", "of"]), expected);
    let found = sessions_of(5).drop_offs(&five, 2).unwrap();
    let expected =
        ["(start) → b 1 1 5", "a → b 2 1 5", "b → a 2 1 5", "b → c 2 1 5", "b → d 2 1 5"];
    assert_eq!(rows(&found, &["path", "length", "paths", "of"]), expected);
    let told = Paths::new("event").drop_offs(&five, 2).unwrap_err().to_string();
    assert!(told.contains("timeout") && told.contains("silence"), "{told}");
    let open = sessions_of(5).window(until(6)).drop_offs(&events(&[("x", "ab")]), 2).unwrap();
    assert_eq!(open.height(), 0);
}

#[test]
fn loops_are_cut_out_as_they_close() {
    let found = Paths::new("event").cycles(&events(&[("x", "abbacab"), ("y", "abab"), ("z", "c")]));
    // x: b b, then a b a, then a c a; y: a b a. What is left of y, a b, is no loop.
    let expected = ["a → b → a 2 2 2 3", "a → c → a 2 1 1 3", "b → b 1 1 1 3"];
    assert_eq!(rows(&found.unwrap(), &["path", "length", "times", "paths", "of"]), expected);
    // Not across sessions.
    assert_eq!(sessions_of(1).cycles(&events(&[("x", "ab-a")])).unwrap().height(), 0);
    let often = Paths::new("event").cycles(&events(&[("x", "ababab")])).unwrap();
    assert_eq!(rows(&often, &["path", "times", "paths"]), ["a → b → a 2 1"]);
}

fn users(groups: &[(&str, &str)]) -> DataFrame {
    df!(
        "user_id" => groups.iter().map(|one| one.0).collect::<Vec<_>>(),
        "arm" => groups.iter().map(|one| one.1).collect::<Vec<_>>(),
    )
    .unwrap()
}

#[test]
fn groups_are_compared_by_transition() {
    let four = events(&[("a1", "ab"), ("a2", "ac"), ("b1", "ab"), ("b2", "ab"), ("nobody", "cc")]);
    let arms = users(&[("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")]);
    let compare = |how| Paths::new("event").difference(&four, &arms, "arm", ["a", "b"], how);
    let found = compare(Adjustment::Holm).unwrap();
    let columns = ["from", "to", "base_transitions", "base_of", "transitions", "of", "difference"];
    let mine = rows(&found, &columns);
    assert!(mine.contains(&"a b 1 2 2 2 0.5".to_owned()), "{mine:?}");
    assert!(mine.contains(&"c (end) 1 1 0 0 null".to_owned()), "{mine:?}");
    let p = found.column("p_value").unwrap().f64().unwrap().clone();
    let adjusted = found.column("adjusted").unwrap().f64().unwrap().clone();
    assert_eq!(p.null_count(), adjusted.null_count());
    assert!(p.iter().zip(adjusted.iter()).all(|(p, adjusted)| p <= adjusted));
    let told = Paths::new("event")
        .difference(&four, &arms, "arm", ["a", "c"], Adjustment::Holm)
        .unwrap_err()
        .to_string();
    assert!(told.contains("\"c\"") && told.contains("\"b\""), "{told}");
    let told = Paths::new("event").difference(&four, &arms, "arm", ["a", "a"], Adjustment::Holm);
    assert!(told.unwrap_err().to_string().contains("two values"));
}

/// Each user goes one way only, many times: ten users, not a thousand transitions.
#[test]
fn a_user_with_many_transitions_is_one_user() {
    let who: Vec<String> = (0..20).map(|user| format!("u{user:02}")).collect();
    let way = |user: usize| if user % 10 < [3, 7][user / 10] { "ab" } else { "ac" };
    let ways: Vec<String> = (0..20).map(|user| way(user).repeat(100)).collect();
    let pairs: Vec<(&str, &str)> =
        who.iter().zip(&ways).map(|(who, way)| (who.as_str(), way.as_str())).collect();
    let arms: Vec<(&str, &str)> =
        who.iter().enumerate().map(|(at, who)| (who.as_str(), ["x", "y"][at / 10])).collect();
    let found = Paths::new("event")
        .difference(&events(&pairs), &users(&arms), "arm", ["x", "y"], Adjustment::Holm)
        .unwrap();
    let cell = |name: &str| found.column(name).unwrap().f64().unwrap().get(1);
    assert_eq!(rows(&found, &["from", "to"])[1], "a b");
    assert!((cell("difference").unwrap() - 0.4).abs() < 1e-12);
    // With 3 of 10 and 7 of 10 the pooled z is 1.79; m / (m − 1) makes it a little less.
    assert!(cell("z").unwrap() > 1.6 && cell("z").unwrap() < 1.79, "{:?}", cell("z"));
}

#[test]
fn what_cannot_be_a_path_is_refused_by_name() {
    let frame = events(&[("x", "a")]);
    let named = |name: Expr| frame.clone().lazy().with_column(name.alias("event"));
    let told = Paths::new("event").transitions(&named(lit("(end)"))).unwrap_err().to_string();
    assert!(told.contains("`event`") && told.contains("(end)"), "{told}");
    let empty = named(lit(NULL).cast(DataType::String));
    assert!(Paths::new("event").counts(&empty, 2).unwrap_err().to_string().contains("empty"));
    let told = Paths::new("evnt").counts(&frame, 2).unwrap_err().to_string();
    assert!(told.contains("evnt"), "{told}");
    let told = sessions_of(-1).cycles(&frame).unwrap_err().to_string();
    assert!(told.contains("timeout"), "{told}");
    let many: Vec<i64> = (0..=MOST_STATES as i64).collect();
    let at = Column::new("timestamp".into(), &many).cast(&DataType::Date).unwrap();
    let wide = df!("user_id" => &many, "event" => &many).unwrap().hstack(&[at]).unwrap();
    let told = Paths::new("event").transitions(&wide).unwrap_err().to_string();
    assert!(told.contains("1001") && told.contains("1000"), "{told}");
    assert!(Paths::new("event").counts(&wide, 2).is_ok());
}
