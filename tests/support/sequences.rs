//! Sequences of events: what ClickHouse's own tests expect of `sequenceMatch` and `sequenceCount`, and its recorded answers
//! to small sequences (tests/reference/sequences.py).

use casebook::metrics::paths::Sequence;
use casebook::polars::prelude::*;

use super::{lettered, recorded, whole};

/// A pattern over conditions that are letters, or several of which one is enough.
fn sequence<S: AsRef<str>>(pattern: &str, conditions: &[S]) -> casebook::Result<Sequence> {
    let one = |letter: char| col("event").eq(lit(letter.to_string()));
    let conditions =
        conditions.iter().map(|of| of.as_ref().chars().map(one).reduce(Expr::or).unwrap());
    Sequence::new(pattern, conditions)
}

/// Whether each user matches, and how many times.
fn found(sequence: &Sequence, users: &[&str]) -> Vec<(bool, i64)> {
    let table = sequence.by_user(&lettered(users)).unwrap();
    let matched = table.column("matched").unwrap().bool().unwrap().clone();
    matched.iter().flatten().zip(whole(&table, "matches")).collect()
}

/// Its test 00222_sequence_aggregate_function_family: twelve events, and four conditions on them. Times between, and how
/// often each pattern is there.
const FAMILY: &str = "a0 a1 a2 a3 b4 c5 a6 a7 a8 a9 b10 b11";
const FAMILY_OF_FOUR: [(&str, i64); 21] = [
    ("", 12),
    (".", 12),
    (".*", 12),
    ("(?1)", 8),
    ("(?2)", 3),
    ("(?3)", 1),
    ("(?4)", 0),
    ("(?1)(?1)", 4),
    ("(?1)(?1)(?1)", 2),
    ("(?1)(?1)(?1)(?1)", 2),
    ("(?1)(?1)(?1)(?1)(?1)", 0),
    ("(?1)(?1)(?1)(?1)(?2)", 2),
    ("(?1)(?t>10)(?2)", 1),
    ("(?1)(?t>11)(?2)", 0),
    ("(?1)(?t<11)(?2)", 2),
    ("(?1)(?t<3)(?3)", 1),
    ("(?1)(?t<=2)(?3)", 1),
    ("(?1)(?t<2)(?3)", 0),
    ("(?2)(?t>=7)(?2)", 1),
    ("(?2)(?t>7)(?2)", 0),
    ("(?2)(?3)(?1)", 1),
];

#[test]
fn clickhouses_own_sequences() {
    let check = |pattern: &str, conditions: &[&str], events: &str, expected: i64| {
        let found = found(&sequence(pattern, conditions).unwrap(), &[events]);
        assert_eq!(found, [(expected > 0, expected)], "{pattern} in {events}");
    };
    for (pattern, expected) in FAMILY_OF_FOUR {
        check(pattern, &["a", "b", "c", "d"], FAMILY, expected);
    }
    for (pattern, expected) in [
        ("(?1)(?t==2)(?2)", 0),
        ("(?1)(?t==1)(?2)", 1),
        ("(?1)(?t>+0)(?2)", 1),
        ("(?1)(?t>+1)(?2)", 0),
    ] {
        check(pattern, &["b", "c"], FAMILY, expected);
    }
    // The rest of it, and its tests of patterns that end in nothing.
    check("(?1)(?t<=10)(?2)(?3)", &["a", "b", "c"], "a0 b5 b100 c101", 0);
    check("(?1)(?2)(?3)", &["a", "b", "c"], "a0 b1 b2 c3", 0);
    check("(?1).*", &["a", "b"], "a0", 1);
    check("(?1)(?t<=10)(?2)", &["a", "b"], "a0 b100", 0);
    check("(?1)(?t<=100)(?2)(?3).*.*.*", &["a", "b", "c"], "a1 b2 c3", 1);
    check("(?1)(?t<=100)(?2)(?3).*.*(?t>1)", &["a", "b", "c"], "a1 b2 c3", 0);
    assert_eq!(found(&sequence("(?t<=10)", &["a", "b"]).unwrap(), &["x0 x1"]), [(true, 0)]);
    // Its documentation: 1, 3, 2, 1, 3, 2.
    check("(?1)(?2)", &["a", "b"], "a1 c2 b3", 1);
    check("(?1)(?2)", &["a", "b", "c"], "a1 c2 b3", 0);
    check("(?1).*(?2)", &["a", "b"], "a1 c2 b3 a4 c5 b6", 2);
}

#[test]
fn sequences_are_clickhouses() {
    let recorded = recorded("sequences.json");
    for pattern in recorded["refused"].as_array().unwrap() {
        let refused = sequence(pattern.as_str().unwrap(), &["a", "b", "c"]);
        assert!(refused.is_err(), "{pattern} is accepted");
    }
    let (mut compared, mut matched) = (0, 0);
    for row in recorded["cases"].as_array().unwrap() {
        let pattern = row[0].as_str().unwrap();
        let conditions: Vec<&str> =
            row[1].as_array().unwrap().iter().map(|letters| letters.as_str().unwrap()).collect();
        let cases = row[2].as_array().unwrap();
        let users: Vec<&str> = cases.iter().map(|case| case[0].as_str().unwrap()).collect();
        let found = found(&sequence(pattern, &conditions).unwrap(), &users);
        for (case, (is_there, times)) in cases.iter().zip(found) {
            let says = (case[1].as_i64().unwrap() == 1, case[2].as_i64().unwrap());
            assert_eq!(says, (is_there, times), "{pattern} over {conditions:?} in {case}");
            compared += 1;
            matched += usize::from(is_there);
        }
    }
    assert_eq!(compared, 4_452);
    assert!(matched > compared / 5 && matched < compared * 4 / 5, "{matched} of {compared}");
}
