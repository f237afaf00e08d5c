//! What funnels must not get wrong.

use chrono::TimeDelta;
use polars::prelude::*;
use proptest::prelude::*;

use super::{Attribution, Excluded, Funnel, Order, Step};
use crate::error::Result;
use crate::events::{EventSource, Events, Period, UserSource, Users, Window};
use crate::metrics::activity;

const MINUTE: i64 = 60_000_000;
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"];

fn moment(zone: &str) -> DataType {
    DataType::Datetime(TimeUnit::Microseconds, TimeZone::opt_try_new(Some(zone)).unwrap())
}

/// Events from 23:10 UTC on, an hour apart, of which the amounts are known for some.
fn evening(zone: &str) -> DataFrame {
    let at: Vec<i64> = (0..8).map(|n| (23 * 60 + 10 + n * 60) * MINUTE).collect();
    df!(
        "user_id" => ["ann", "ann", "bob", "ann", "bob", "cy", "cy", "bob"],
        "timestamp" => at,
        "event" => ["look", "buy", "look", "look", "buy", "look", "look", "buy"],
        "amount" => [None, Some(2), None, None, Some(1), None, None, Some(4)],
    )
    .unwrap()
    .lazy()
    .with_column(col("timestamp").cast(moment(zone)))
    .collect()
    .unwrap()
}

fn funnel() -> Funnel {
    Funnel::new(["look", "buy"].map(Step::event))
}

/// The moments are the same wherever the clock hangs, and fed back, they count on the days of the events.
#[test]
fn times_keep_the_zone_of_the_events() {
    for zone in ZONES {
        let events = evening(zone);
        let times = funnel().times(&events).unwrap();
        assert_eq!(times.column("at").unwrap().dtype(), &moment(zone), "{zone}");
        let taken = ["user_id", "timestamp"];
        let asked = events.clone().lazy().join(
            times.clone().lazy().select([col("user_id"), col("at").alias("timestamp")]),
            taken.map(col),
            taken.map(col),
            JoinArgs::new(JoinType::Semi),
        );
        let asked = asked.collect().unwrap();
        assert_eq!(asked.height(), times.height());
        let direct = activity::daily(&asked, Window::default()).unwrap();
        let again = Events::new(&times, "user_id", "at").unwrap();
        let again = activity::daily(&again, Window::default()).unwrap();
        assert!(direct.equals_missing(&again), "{zone}: {direct} {again}");
    }
}

#[test]
fn a_condition_is_true_or_false() {
    let cases = [
        (funnel().exclude(col("amount"), 1, 2), ["exclude", "i32"]),
        (Funnel::new([Step::event("look"), Step::new("paid", col("amount"))]), ["paid", "i32"]),
        (Funnel::new([Step::event("look"), Step::new("named", col("event"))]), ["named", "str"]),
        (
            Funnel::new([Step::event("look").first_of(col("amount")), Step::event("buy")]),
            ["look.first_of", "i32"],
        ),
    ];
    for (funnel, named) in cases {
        match funnel.conversion(&evening("UTC")) {
            Ok(found) => panic!("{named:?}: {found}"),
            Err(error) => {
                let message = error.to_string();
                assert!(named.iter().all(|name| message.contains(name)), "{message}");
            }
        }
    }
}

#[test]
fn a_condition_that_is_neither_true_nor_false_does_not_hold() {
    let paid = |when: Expr| Funnel::new([Step::event("look"), Step::new("paid", when)]);
    let users = |funnel: Funnel| -> Vec<i64> {
        let steps = funnel.conversion(&evening("UTC")).unwrap();
        steps.column("users").unwrap().i64().unwrap().into_no_null_iter().collect()
    };
    assert_eq!(users(paid(col("amount").gt(lit(1)))), [3, 2]);
    assert_eq!(users(paid(col("amount").gt(lit(1)).not())), [3, 1]);
    assert_eq!(users(paid(lit(NULL))), [3, 0]);
    assert_eq!(users(funnel().exclude(col("amount").gt(lit(3)), 1, 2)), [3, 2]);
    assert_eq!(users(funnel().exclude(lit(NULL), 1, 2)), [3, 2]);
}

#[test]
fn no_window_is_too_long() {
    let micros = TimeDelta::microseconds;
    let longest =
        [micros(i64::MAX - 1), micros(i64::MAX), TimeDelta::MAX - micros(1), TimeDelta::MAX];
    let without = funnel().conversion(&evening("UTC")).unwrap();
    for window in longest {
        let within = [Step::event("look"), Step::event("buy").within(window)];
        let rules = [
            funnel().window(window),
            Funnel::new(within).window(window),
            funnel().window(window).order(Order::Strict),
            funnel().window(window).window_funnel([]),
        ];
        for funnel in rules {
            let found = funnel.conversion(&evening("UTC")).unwrap();
            assert!(found.equals_missing(&without), "{window}: {found}");
        }
        for order in [Order::Sequential, Order::Strict, Order::Any] {
            let funnel = funnel().window(window).order(order);
            let days = funnel.conversion(&evening("UTC")).unwrap();
            assert_eq!(days.height(), 2);
            let days = funnel.trend(&evening("UTC"), Period::Day, Window::default()).unwrap();
            assert_eq!(days.height(), 2);
        }
    }
}

#[test]
fn no_end_of_observation_is_too_far() {
    let day = funnel().window(TimeDelta::days(1));
    for zone in ZONES {
        let (first, last) = (chrono::NaiveDateTime::MIN, chrono::NaiveDateTime::MAX);
        let found = day.trend(&evening(zone), Period::Day, Window::new(first, last).unwrap());
        assert!(found.unwrap().height() > 0);
        let found = day.trend(&evening(zone), Period::Day, Window::until(first));
        assert_eq!(found.unwrap().height(), 0);
    }
}

/// A column of the result would overwrite one of the same name.
#[test]
fn a_column_of_users_may_not_be_called_as_one_of_the_result() {
    let events = evening("UTC").lazy().rename(["user_id"], ["name"], true).collect().unwrap();
    let events = Events::new(&events, "name", "timestamp").unwrap();
    assert!(funnel().conversion(&events).is_ok());
    assert!(funnel().times(&events).unwrap_err().to_string().contains("name"));
}

#[test]
fn what_was_not_observed_counts_for_nothing() {
    let at = |day: u32, hour| {
        let date = chrono::NaiveDate::from_ymd_opt(1970, 1, day);
        date.and_then(|date| date.and_hms_opt(hour, 0, 0)).unwrap()
    };
    let hour = funnel().window(TimeDelta::hours(1));
    let trend = |observed| {
        let found = hour.trend(&evening("UTC"), Period::Day, observed).unwrap();
        let entered = found.column("entered").unwrap().i64().unwrap().into_no_null_iter();
        let warning = found.column("warning").unwrap().str().unwrap().get(0).map(str::to_owned);
        (entered.collect::<Vec<i64>>(), warning)
    };
    let few = Some("fewer than 30 users".to_owned());
    // ann looks at 23:10 and at 02:10, bob at 01:10, cy at 04:10 and 05:10.
    assert_eq!(trend(Window::default()), (vec![1, 3], few.clone()));
    assert_eq!(trend(Window::from(at(2, 0))), (vec![3], few.clone()));
    let from_two = Some("observed from 1970-01-03".to_owned());
    assert_eq!(trend(Window::from(at(2, 2))), (vec![2], from_two));
    assert_eq!(trend(Window::until(at(2, 2))), (vec![1, 1], few));
    assert_eq!(trend(Window::from(at(9, 0))), (vec![], None));
    assert_eq!(trend(Window::until(at(1, 0))), (vec![], None));
}

// ---- Properties of every method.

/// User, hour from 2024-01-01 on, name, device.
type Event = (i64, i64, &'static str, Option<&'static str>);

fn happened(users: i64) -> impl Strategy<Value = Vec<Event>> {
    let name = prop::sample::select(vec!["a", "b", "c", "x"]);
    let device = prop::sample::select(vec![None, Some("phone"), Some("desktop")]);
    prop::collection::vec((0..users, 0..400_i64, name, device), 0..50)
}

/// The same moments on the clock of a zone, or the same times of day there.
fn frame(events: &[Event], zone: &str, by_the_clock: bool) -> DataFrame {
    const FROM: i64 = 1_704_067_200_000_000;
    // Of January: no clock changes in the hours above.
    let ahead = match (by_the_clock, zone) {
        (true, "Europe/Berlin") => 1,
        (true, "America/New_York") => -5,
        (true, "Pacific/Auckland") => 13,
        _ => 0,
    };
    let at = events.iter().map(|event| FROM + (event.1 - ahead) * 60 * MINUTE);
    df!(
        "user_id" => events.iter().map(|event| event.0).collect::<Vec<_>>(),
        "timestamp" => at.collect::<Vec<_>>(),
        "event" => events.iter().map(|event| event.2).collect::<Vec<_>>(),
        "device" => events.iter().map(|event| event.3).collect::<Vec<_>>(),
    )
    .unwrap()
    .lazy()
    .with_column(col("timestamp").cast(moment(zone)))
    .collect()
    .unwrap()
}

fn people() -> DataFrame {
    df!("user_id" => [3_i64, 0, 1, 2], "plan" => ["pro", "free", "pro", "free"]).unwrap()
}

/// Funnels that between them use every rule.
fn funnels() -> Vec<Funnel> {
    let x = || col("event").eq(lit("x"));
    let abc = || ["a", "b", "c"].map(Step::event);
    let [a, b, c] = abc();
    let within = c.clone().within(TimeDelta::hours(50));
    let limited = |funnel: Funnel| funnel.window(TimeDelta::hours(120));
    vec![
        limited(Funnel::new(abc())),
        limited(Funnel::new([a.clone().first_time(), b.clone().optional(), within])).increasing(),
        limited(Funnel::new(abc())).order(Order::Strict).repeatable(),
        limited(Funnel::new(abc())).order(Order::Any).exclude(x(), 1, 3),
        limited(Funnel::new(abc())).exclude(x(), 1, 2).excluded(Excluded::Voids),
        limited(Funnel::new(abc())).exclude(x(), 2, 3).excluded(Excluded::Leaves).unrepeated(),
        limited(Funnel::new([a, Step::new("b or c", col("event").gt(lit("a"))), c])),
        limited(Funnel::new([b, Step::new("any", lit(true))])).per("device_or_none"),
    ]
}

/// Every method that takes events, by name.
fn methods(
    funnel: &Funnel,
    events: &dyn EventSource,
    users: &dyn UserSource,
) -> Result<Vec<(String, DataFrame)>> {
    let mut found = vec![
        ("conversion".to_owned(), funnel.conversion(events)?),
        ("conversion_by".to_owned(), funnel.conversion_by(events, users, "plan")?),
        ("times".to_owned(), funnel.times(events)?),
        ("distribution".to_owned(), funnel.distribution(events, &[0.0, 3_600.0, 86_400.0])?),
        ("walk".to_owned(), funnel.walk(events)?.conversion()?),
        ("walk by".to_owned(), funnel.walk(events)?.conversion_by(users, "plan")?),
    ];
    use Attribution::*;
    for of in [FirstTouch, LastTouch, Step(2), AllEvents] {
        let by = funnel.conversion_by_property(events, "device", of)?;
        found.push((format!("conversion_by_property, {of:?}"), by));
    }
    for period in [Period::Day, Period::Week, Period::Month] {
        found
            .push((format!("trend by {period}"), funnel.trend(events, period, Window::default())?));
    }
    Ok(found)
}

fn all(events: &dyn EventSource, users: &dyn UserSource) -> Vec<(String, DataFrame)> {
    let found = |(n, funnel): (usize, Funnel)| {
        let found = methods(&funnel, events, users).unwrap().into_iter();
        found.map(move |(name, frame)| (format!("funnel {n}, {name}"), frame))
    };
    funnels().into_iter().enumerate().flat_map(found).collect()
}

fn equal(a: &[(String, DataFrame)], b: &[(String, DataFrame)]) -> Result<(), TestCaseError> {
    prop_assert_eq!(a.len(), b.len());
    for ((name, a), (_, b)) in a.iter().zip(b) {
        prop_assert!(a.equals_missing(b), "{}: {} {}", name, a, b);
    }
    Ok(())
}

/// With a column to count by that no event leaves empty.
fn with_sessions(frame: DataFrame) -> DataFrame {
    let session = col("device").fill_null(lit("none")).alias("device_or_none");
    frame.lazy().with_column(session).collect().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn neither_order_nor_laziness_nor_preparation_matters(events in happened(5), turn in any::<prop::sample::Index>()) {
        // Each event once, as `group_by` gives them.
        let mut events = events;
        events.sort_unstable();
        events.dedup();
        let of = |events: &[Event]| with_sessions(frame(events, "UTC", false));
        let frame = of(&events);
        let direct = all(&frame, &people());

        let mut shuffled = events.clone();
        shuffled.reverse();
        shuffled.rotate_left(turn.index(events.len().max(1)).min(events.len()));
        let shuffled = of(&shuffled);
        equal(&direct, &all(&shuffled, &people().reverse()))?;

        let columns = frame.get_column_names_owned();
        let every: Vec<Expr> = columns.iter().map(|name| col(name.clone())).collect();
        let lazy = frame.clone().lazy().group_by(every).agg([len().alias("n")]);
        let lazy_people = people().lazy().group_by([col("user_id"), col("plan")]).agg([len().alias("n")]);
        equal(&direct, &all(&lazy, &lazy_people))?;

        let renamed = frame.clone().lazy().rename(["user_id", "timestamp"], ["who", "when"], true);
        let prepared = Events::new(&renamed, "who", "when").unwrap();
        let users = Users::new(&people().lazy().rename(["user_id"], ["name"], true), "name").unwrap();
        let back = |(name, mut frame): (String, DataFrame)| {
            if frame.column("who").is_ok() {
                frame.rename("who", "user_id".into()).unwrap();
            }
            (name, frame)
        };
        let prepared: Vec<_> = all(&prepared, &users).into_iter().map(back).collect();
        equal(&direct, &prepared)?;
    }

    #[test]
    fn a_zone_moves_days_and_nothing_else(events in happened(5)) {
        let naive = |zone: &str, frame: &DataFrame| {
            let Ok(at) = frame.column("at") else { return frame.clone() };
            assert_eq!(at.dtype(), &moment(zone));
            frame.clone().lazy().with_column(col("at").cast(moment("UTC"))).collect().unwrap()
        };
        let is_trend = |found: &&(String, DataFrame)| found.0.contains("trend");
        let here = with_sessions(frame(&events, "UTC", false));
        let here = all(&here, &people());
        for zone in ZONES {
            let (days, rest): (Vec<_>, Vec<_>) = here.iter().cloned().partition(|found| is_trend(&found));
            // The same moments: all but days are the same.
            let there = all(&with_sessions(frame(&events, zone, false)), &people());
            let there: Vec<_> = there.iter().filter(|found| !is_trend(found))
                .map(|(name, frame)| (name.clone(), naive(zone, frame))).collect();
            equal(&rest, &there)?;
            // The same times of day: days are the same.
            let there = all(&with_sessions(frame(&events, zone, true)), &people());
            let there: Vec<_> = there.into_iter().filter(|found| is_trend(&found)).collect();
            equal(&days, &there)?;
        }
    }

    #[test]
    fn one_user_is_enough(events in happened(1)) {
        for (name, found) in all(&with_sessions(frame(&events, "Europe/Berlin", false)), &people()) {
            for column in ["users", "entered"] {
                let Ok(counted) = found.column(column) else { continue };
                let most = counted.i64().unwrap().max().unwrap_or(0);
                // Counted per device there are three at most.
                prop_assert!(most <= if name.starts_with("funnel 7") { 3 } else { 1 }, "{}: {}", name, found);
            }
        }
    }
}

#[test]
fn nobody_is_nobody() {
    let none = with_sessions(frame(&[], "UTC", false));
    for (name, found) in all(&none, &people()) {
        match name.split(", ").nth(1) {
            Some("conversion" | "walk") => {
                let users = found.column("users").unwrap().i64().unwrap().clone();
                assert!(users.iter().all(|n| n == Some(0)), "{name}: {found}");
                let rate = found.column("overall_rate").unwrap();
                assert_eq!(rate.null_count(), found.height(), "{name}: {found}");
            }
            Some("distribution") => {
                assert_eq!(found.column("share").unwrap().null_count(), found.height(), "{name}");
            }
            _ => assert_eq!(found.height(), 0, "{name}: {found}"),
        }
    }
}
