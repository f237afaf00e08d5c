//! What the recorded answers of ClickHouse do not show.

use polars::prelude::*;

use super::*;

fn events(rows: &[(&str, i64, Option<&str>)]) -> LazyFrame {
    df!(
        "user_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "timestamp" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        "event" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
    )
    .unwrap()
    .lazy()
    .with_column(col("timestamp").cast(DataType::Datetime(TimeUnit::Milliseconds, None)))
}

fn is(name: &str) -> Expr {
    col("event").eq(lit(name))
}

fn found(
    pattern: &str,
    conditions: &[&str],
    rows: &[(&str, i64, Option<&str>)],
) -> Vec<(bool, i64)> {
    let conditions = conditions.iter().map(|name| is(name));
    let table = Sequence::new(pattern, conditions).unwrap().by_user(&events(rows)).unwrap();
    let matched = table.column("matched").unwrap().bool().unwrap().iter().flatten();
    matched.zip(table.column("matches").unwrap().i64().unwrap().into_no_null_iter()).collect()
}

#[test]
fn users_come_in_order_and_a_null_fulfils_nothing() {
    let rows = [
        ("z", 0, Some("a")),
        ("z", 1, None),
        ("z", 2, Some("b")),
        ("m", 0, None),
        ("b", 5, Some("b")),
    ];
    assert_eq!(found("(?1)(?2)", &["a", "b"], &rows), [(false, 0), (false, 0), (true, 1)]);
    // Who has nothing that fulfils a condition has an empty sequence.
    assert_eq!(found(".*", &["a", "b"], &rows), [(true, 1), (true, 0), (true, 2)]);
}

#[test]
fn simultaneous_events_come_in_the_order_of_conditions() {
    for rows in
        [[("u", 0, Some("a")), ("u", 0, Some("b"))], [("u", 0, Some("b")), ("u", 0, Some("a"))]]
    {
        assert_eq!(found("(?1)(?2)", &["a", "b"], &rows), [(true, 1)]);
        assert_eq!(found("(?2)(?1)", &["a", "b"], &rows), [(false, 0)]);
        assert_eq!(found("(?1)(?2)", &["b", "a"], &rows), [(true, 1)]);
    }
}

#[test]
fn a_fraction_of_a_second_is_time() {
    let rows = [("u", 0, Some("a")), ("u", 1_001, Some("b"))];
    assert_eq!(found("(?1)(?t<=1)(?2)", &["a", "b"], &rows), [(false, 0)]);
    assert_eq!(found("(?1)(?t>1)(?2)", &["a", "b"], &rows), [(true, 1)]);
}

#[test]
fn more_than_eight_conditions_are_told_apart() {
    let names: Vec<String> = (0..32).map(|n| format!("e{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows: Vec<(&str, i64, Option<&str>)> =
        names.iter().enumerate().map(|(at, name)| ("u", at as i64 * 1_000, Some(*name))).collect();
    assert_eq!(found("(?8)(?9)(?10).*(?32)", &names, &rows), [(true, 1)]);
    assert_eq!(found("(?9)(?8)", &names, &rows), [(false, 0)]);
    let many = (0..33).map(|_| is("a"));
    assert!(Sequence::new(".", many).unwrap_err().to_string().contains("1 to 32"));
    assert!(Sequence::new(".", []).unwrap_err().to_string().contains("1 to 32"));
}

#[test]
fn what_is_no_condition_is_refused_by_its_number() {
    let rows = events(&[("u", 0, Some("a"))]);
    let wrong = Sequence::new("(?2)", [is("a"), lit(1)]).unwrap();
    let told = wrong.by_user(&rows).unwrap_err().to_string();
    assert!(told.contains("conditions.2") && told.contains("true or false"), "{told}");
    let none = Sequence::new("(?1)", [is("a")]).unwrap().share(&rows.limit(0)).unwrap();
    assert_eq!(none.column("of").unwrap().i64().unwrap().get(0), Some(0));
    assert_eq!(none.column("share").unwrap().null_count(), 1);
}

/// Many events of one user between the first and the last, as in ClickHouse's 00823_sequence_match_dfa.
#[test]
fn a_long_history_takes_no_longer_than_it_is() {
    let many = 100_000;
    let mark = |at: i64| Mark {
        at,
        conditions: if at == 0 {
            1
        } else if at < many {
            2
        } else {
            4
        },
    };
    let marks: Vec<Mark> = (0..=many).map(mark).collect();
    for (pattern, expected) in [
        ("(?1).*(?2).*(?3)", true),
        ("(?3).*(?2).*(?1)", false),
        ("(?1)(?t>=0)(?2)(?t>=0)(?2)(?t>=0)(?2)(?t>=0)(?1)", false),
    ] {
        let items = pattern::parse(pattern, 3).unwrap();
        assert_eq!(Matcher::new(&items).find(&marks).0, expected, "{pattern}");
    }
}
