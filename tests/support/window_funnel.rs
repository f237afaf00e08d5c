//! What ClickHouse's own tests expect of `windowFunnel`: its 00632_aggregation_window_funnel, as of 2026, and the re-entries
//! of its documentation, with the levels that ClickHouse 26.9 gives. Its times of 1e14 seconds are left out: they are no
//! moments here.

use casebook::metrics::funnel::{Funnel, Mode, Step};
use casebook::polars::prelude::*;

use super::{dated, funnels, whole};
use casebook::chrono::TimeDelta;

use Mode::{AllowReentry, StrictDeduplication, StrictIncrease, StrictOnce, StrictOrder};

/// Steps as the letters that take them, seconds of the window, modes, and the level that each user's events come to.
type Case = (&'static str, i64, &'static [Mode], &'static [(&'static str, i64)]);

const NINE: &str = "a0 b1 c2 d3 e4 f5 g6 h7 i8";
const EIGHT: &str = "b1 c2 d3 e4 f5 g6 h7 i8";
const TWICE: &str = "a0 b10 c20 d30 e40 f50 f51 g60 h70 i80";
const AT_ONCE: &str = "a0 b1 c1 d1 e2";
const STRAIGHT: &str = "a1 b2 c3";
const STRAY: &str = "a1 d2 b3 c4";
const PAIRS: &str = "a1 a2 b3 b4 c5 c6";
const MANY: &str = "a1 a2 a3 a4 b5 b6 c7 c8";
const LATE_STRAY: &str = "a1 a2 b3 b4 d5 c6 c7";
const BACKWARDS: &str = "c1 c2 b3 b4 a5 a6";
const FAILURES: [&str; 3] = ["f180 f220 s250", "f100 f250", "s200 f210 s230"];

const CASES: [Case; 25] = [
    ("a", 10_000, &[], &[(NINE, 1)]),
    ("a b", 10_000, &[], &[(NINE, 2)]),
    ("a b c", 10_000, &[], &[(NINE, 3)]),
    ("a b c i", 10_000, &[], &[(NINE, 4)]),
    ("a", 1, &[], &[(NINE, 1)]),
    ("d e f g h", 2, &[], &[(NINE, 3)]),
    ("d e f g h", 3, &[], &[(NINE, 4)]),
    ("d e f g h", 4, &[], &[(NINE, 5), (EIGHT, 5)]),
    ("b i", 10_000, &[], &[(EIGHT, 2)]),
    ("i b", 10_000, &[], &[(EIGHT, 1)]),
    ("bcdefgh cdefghi bcdefg efghi", 4, &[], &[(EIGHT, 4)]),
    ("a b c d e f g", 10_000, &[], &[(TWICE, 7)]),
    ("a b c d e f g", 10_000, &[StrictDeduplication], &[(TWICE, 6)]),
    (
        "a b c",
        86_400,
        &[],
        &[(STRAIGHT, 3), (STRAY, 3), (PAIRS, 3), (MANY, 3), (LATE_STRAY, 3), (BACKWARDS, 1)],
    ),
    (
        "a b c",
        86_400,
        &[StrictOrder],
        &[(STRAIGHT, 3), (STRAY, 1), (PAIRS, 3), (MANY, 3), (LATE_STRAY, 2), (BACKWARDS, 1)],
    ),
    (
        "a b c",
        86_400,
        &[StrictDeduplication, StrictOrder],
        &[(STRAIGHT, 3), (STRAY, 1), (PAIRS, 2), (MANY, 2), (LATE_STRAY, 2), (BACKWARDS, 1)],
    ),
    ("a b c", 10, &[StrictOrder], &[("a1 c2 b3", 1)]),
    ("a b c d", 86_400, &[StrictDeduplication], &[("a1 b2 c3 b4 d5", 3)]),
    ("a b c d e", 10_000, &[], &[(AT_ONCE, 5)]),
    ("a b c d e", 10_000, &[StrictIncrease], &[(AT_ONCE, 2)]),
    ("e e e", 10_000, &[], &[(AT_ONCE, 3)]),
    ("e e e", 10_000, &[StrictOnce], &[(AT_ONCE, 1)]),
    ("e e e", 10_000, &[StrictIncrease], &[(AT_ONCE, 1)]),
    ("a b a c", 100, &[StrictOrder], &[("a1 b2 a3 c4", 1)]),
    ("a b a c", 100, &[StrictOrder, AllowReentry], &[("a1 b2 a3 c4", 4)]),
];

#[test]
fn clickhouses_own_window_funnels() {
    let check = |steps: &str, window: i64, modes: &[Mode], users: &[(&str, i64)]| {
        let funnel = funnels::of_letters(steps.split(' '), window).window_funnel(modes.to_vec());
        let events: Vec<&str> = users.iter().map(|user| user.0).collect();
        let expected: Vec<i64> = users.iter().map(|user| user.1).collect();
        assert_eq!(funnels::levels(&funnel, &events), expected, "{steps} {window} {modes:?}");
    };
    for (steps, window, modes, users) in CASES {
        check(steps, window, modes, users);
    }
    let [three, two, one] = FAILURES;
    for modes in
        [&[StrictOnce, StrictIncrease][..], &[StrictOnce], &[StrictOnce, StrictDeduplication]]
    {
        check("f f s", 200, modes, &[(three, 3), (two, 2), (one, 1)]);
    }
    check("a b c", 100, &[StrictOrder], &[("a1 c2 b3 c4", 1)]);
    check("a b c", 100, &[StrictOrder, AllowReentry], &[("a1 c2 b3 c4", 3)]);
}

/// Its users whose columns are null.
#[test]
fn clickhouses_nulls() {
    let frame = df!(
        "user_id" => [1, 1, 2, 2, 3, 4, 4, 4],
        "timestamp" => [1, 2, 1, 2, 1, 1, 2, 3].map(|second| second * 1_000_000_i64),
        "a" => [Some("a1"), Some("a2"), Some("a1"), Some("a2"), None, None, Some("a2"), None],
        "b" => [Some("b1"), Some("b2"), None, None, None, Some("b1"), None, Some("b3")],
    );
    let events = dated(frame.unwrap(), "timestamp");
    let is = |column: &str, value: &str| col(column).eq(lit(value));
    let levels = |steps: &[Expr], modes: &[Mode]| -> Vec<i64> {
        let steps = steps.iter().map(|when| Step::new("", when.clone()));
        let funnel = Funnel::new(steps).window(TimeDelta::days(1)).window_funnel(modes.to_vec());
        let times = funnel.times(&events).unwrap();
        let users = times.column("user_id").unwrap().cast(&DataType::Int64).unwrap();
        let mut levels = vec![0; 4];
        for (user, step) in users.i64().unwrap().into_no_null_iter().zip(whole(&times, "step")) {
            let level = &mut levels[user as usize - 1];
            *level = step.max(*level);
        }
        levels
    };
    assert_eq!(levels(&[is("a", "a1"), is("a", "a2")], &[]), [2, 2, 0, 0]);
    assert_eq!(levels(&[is("a", "a1"), is("b", "b2")], &[]), [2, 1, 0, 0]);
    assert_eq!(levels(&[col("a").is_null().and(col("b").is_null())], &[]), [0, 0, 1, 0]);
    assert_eq!(levels(&[col("a").is_null(), is("b", "b3")], &[]), [0, 0, 1, 2]);
    assert_eq!(levels(&[col("a").is_null(), is("b", "b3")], &[StrictOrder]), [0, 0, 1, 1]);
}
