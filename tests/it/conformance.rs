//! The worked examples that product-analytics tools publish, run against ours. Where a tool's answer
//! differs by definition, the case names the option, or the preparation, that reproduces it.

use casebook::chrono::{DateTime, NaiveDateTime, TimeDelta};
use casebook::events::{EventSource, UserSource, Window};
use casebook::metrics::Period;
use casebook::metrics::activity::{self, Before};
use casebook::metrics::funnel::{Funnel, Order, Step};
use casebook::metrics::retention::{self, Base, Clock, Retention, Rule, Weight};
use casebook::polars::prelude::*;

#[path = "../support/funnels.rs"]
mod funnels;
#[path = "../support/retentioneering.rs"]
mod retentioneering;
#[path = "../support/sequences.rs"]
mod sequences;
#[path = "../support/window_funnel.rs"]
mod window_funnel;

/// user, moment, event.
type Events = &'static [(i64, &'static str, &'static str)];

fn at(moment: &str) -> i64 {
    let moment = format!("{moment}{}", &" 00:00:00"[..if moment.len() == 10 { 9 } else { 0 }]);
    let parsed = NaiveDateTime::parse_from_str(&moment, "%Y-%m-%d %H:%M:%S").unwrap();
    parsed.and_utc().timestamp_micros()
}

fn dated(frame: DataFrame, column: &str) -> LazyFrame {
    let moment = DataType::Datetime(TimeUnit::Microseconds, None);
    frame.lazy().with_column(col(column).cast(moment))
}

fn events(rows: Events) -> LazyFrame {
    let frame = df!(
        "user_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "timestamp" => rows.iter().map(|row| at(row.1)).collect::<Vec<_>>(),
        "event" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
    );
    dated(frame.unwrap(), "timestamp")
}

fn steps(names: &[&str]) -> Funnel {
    Funnel::new(names.iter().map(|name| Step::event(name)))
}

fn whole(frame: &DataFrame, column: &str) -> Vec<i64> {
    frame.column(column).unwrap().i64().unwrap().into_no_null_iter().collect()
}

/// Events of several users, written "a1 b3", each with a letter and a second.
fn lettered(users: &[&str]) -> LazyFrame {
    let (mut who, mut at, mut letter) = (vec![], vec![], vec![]);
    for (user, events) in users.iter().enumerate() {
        for event in events.split(' ') {
            who.push(user as i64);
            letter.push(&event[..1]);
            at.push(event[1..].parse::<i64>().unwrap() * 1_000_000);
        }
    }
    let frame = df!("user_id" => who, "timestamp" => at, "event" => letter).unwrap();
    dated(frame, "timestamp")
}

/// What another implementation was recorded to answer.
fn recorded(name: &str) -> serde_json::Value {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

/// How many users reach each step.
fn reached(funnel: &Funnel, rows: Events) -> Vec<i64> {
    whole(&funnel.conversion(&events(rows)).unwrap(), "users")
}

// ---- Funnels of several users.

/// Doris' four examples share the users 100125 to 100127.
macro_rules! doris {
    ($($first:expr),*) => {
        &[
            $($first,)*
            (100_125, "2022-05-15 11:00:00", "login"), (100_125, "2022-05-15 11:01:00", "visit"),
            (100_125, "2022-05-15 11:02:00", "order"),
            (100_126, "2022-05-15 12:00:00", "login"), (100_126, "2022-05-15 12:01:00", "visit"),
            (100_127, "2022-05-15 11:30:00", "login"), (100_127, "2022-05-15 11:31:00", "visit"),
        ]
    };
}

#[test]
fn doris_window_funnel() {
    let funnel = |window| steps(&["login", "visit", "order", "payment"]).window(window);
    let hour = TimeDelta::hours(1);
    // Levels 3, 3, 2, 2: so many users reach each step.
    let default: Events = doris!(
        (100_123, "2022-05-14 10:01:00", "login"),
        (100_123, "2022-05-14 10:02:00", "visit"),
        (100_123, "2022-05-14 10:04:00", "order"),
        (100_123, "2022-05-14 10:10:00", "payment")
    );
    assert_eq!(reached(&funnel(TimeDelta::minutes(5)), default), [4, 4, 2, 0]);
    // Levels 2, 3, 2, 2.
    let deduplication: Events = doris!(
        (100_123, "2022-05-14 10:01:00", "login"),
        (100_123, "2022-05-14 10:02:00", "visit"),
        (100_123, "2022-05-14 10:03:00", "login"),
        (100_123, "2022-05-14 10:04:00", "order"),
        (100_123, "2022-05-14 10:10:00", "payment")
    );
    assert_eq!(reached(&funnel(hour).unrepeated(), deduplication), [4, 4, 1, 0]);
    // Levels 3, 3, 2, 2.
    let fixed: Events = doris!(
        (100_123, "2022-05-14 10:01:00", "login"),
        (100_123, "2022-05-14 10:02:00", "visit"),
        (100_123, "2022-05-14 10:03:00", "order"),
        (100_123, "2022-05-14 10:04:00", "login2"),
        (100_123, "2022-05-14 10:10:00", "payment")
    );
    assert_eq!(reached(&funnel(hour).order(Order::Strict), fixed), [4, 4, 2, 0]);
    // Doris 4.1 skips events that match no step, also in fixed mode: leave them out before.
    let matching = events(fixed).filter(col("event").neq(lit("login2")));
    let skipped = funnel(hour).order(Order::Strict).conversion(&matching).unwrap();
    assert_eq!(whole(&skipped, "users"), [4, 4, 2, 1]);
    // Levels 3, 3, 2, 2.
    let increase: Events = doris!(
        (100_123, "2022-05-14 10:01:00", "login"),
        (100_123, "2022-05-14 10:02:00", "visit"),
        (100_123, "2022-05-14 10:04:00", "order"),
        (100_123, "2022-05-14 10:04:00", "payment")
    );
    assert_eq!(reached(&funnel(hour).increasing(), increase), [4, 4, 2, 0]);
    assert_eq!(reached(&funnel(hour), increase), [4, 4, 2, 1]);
}

#[test]
fn clickhouse_window_funnel() {
    let rows: Events = &[
        (1, "2019-01-29 10:00:00", "1003"),
        (1, "2019-01-31 09:00:00", "1007"),
        (1, "2019-01-30 08:00:00", "1009"),
        (1, "2019-02-01 08:00:00", "1010"),
    ];
    let funnel = steps(&["1003", "1009", "1007", "1010"]).window(TimeDelta::days(70_000));
    assert_eq!(reached(&funnel, rows), [1, 1, 1, 1]);
}

// ---- Retention.

#[test]
fn clickhouse_retention() {
    // 5 users on the first day, 10 on the second, 15 on the third; of the first day's, who came when.
    let (mut ids, mut days) = (vec![], vec![]);
    for (day, users) in [("2020-01-01", 5_i64), ("2020-01-02", 10), ("2020-01-03", 15)] {
        ids.extend(0..users);
        days.extend(vec![at(day); users as usize]);
    }
    let all = dated(df!("user_id" => ids, "timestamp" => days).unwrap(), "timestamp");
    let users = retention::first_seen(&all).unwrap();
    let first_day = users.lazy().filter(
        col("signup_at")
            .eq(lit(at("2020-01-01")).cast(DataType::Datetime(TimeUnit::Microseconds, None))),
    );
    let found = retention::day_n(&first_day, &all, &[0, 1, 2], Rule::OnDay).unwrap();
    assert_eq!(whole(&found, "retained"), [5, 5, 5]);
}

#[test]
fn doris_retention() {
    let rows: Events = &[
        (0, "2022-10-12", ""),
        (0, "2022-10-13", ""),
        (0, "2022-10-14", ""),
        (1, "2022-10-12", ""),
        (1, "2022-10-13", ""),
        (2, "2022-10-12", ""),
    ];
    let users = retention::first_seen(&events(rows)).unwrap();
    let found = retention::day_n(&users, &events(rows), &[0, 1, 2], Rule::OnDay).unwrap();
    assert_eq!(whole(&found, "retained"), [3, 2, 1]); // the sums of its arrays
}

fn one_return(first: &'static str, second: &'static str) -> (DataFrame, LazyFrame) {
    let users = df!("user_id" => [1_i64], "signup_at" => [at(first)]).unwrap();
    let users = dated(users, "signup_at").collect().unwrap();
    let back = df!("user_id" => [1_i64], "timestamp" => [at(second)]).unwrap();
    (users, dated(back, "timestamp"))
}

/// In which period the return lies.
fn period(how: Retention, users: &dyn UserSource, back: &dyn EventSource, period: Period) -> i64 {
    let until = DateTime::from_timestamp_micros(at("2022-12-31")).unwrap().naive_utc();
    let table = how.window(Window::until(until)).cohorts(users, back, period).unwrap();
    let active = table.lazy().filter(col("active").eq(lit(1))).collect().unwrap();
    whole(&active, "period")[0]
}

#[test]
fn amplitude_retention() {
    let rolling = Retention::default().clock(Clock::Hours24);
    let calendar = Retention::default();
    // Amplitude cuts moments to the hour: 23 hours and a minute later is day 1 already. So do we, if
    // they are cut before.
    let (users, back) = one_return("2021-12-01 17:59:00", "2021-12-02 17:00:00");
    assert_eq!(period(rolling, &users, &back, Period::Day), 0);
    let hourly =
        |frame: LazyFrame, column: &str| frame.with_column(col(column).dt().truncate(lit("1h")));
    let (cut_users, cut_back) =
        (hourly(users.clone().lazy(), "signup_at"), hourly(back.clone(), "timestamp"));
    assert_eq!(period(rolling, &cut_users, &cut_back, Period::Day), 1);
    assert_eq!(period(calendar, &users, &back, Period::Day), 1);
    // Its weeks are seven days, and its months thirty, from the first event's date.
    let daily =
        |frame: LazyFrame, column: &str| frame.with_column(col(column).dt().truncate(lit("1d")));
    for (first, second, length, expected) in [
        ("2021-12-01 17:59:00", "2021-12-06 09:00:00", Period::Week, 0),
        ("2021-12-01 17:59:00", "2021-12-07 23:00:00", Period::Week, 0),
        ("2021-12-01 17:59:00", "2021-12-08 09:00:00", Period::Week, 1),
        ("2021-12-06 08:00:00", "2021-12-12 09:00:00", Period::Month, 0),
    ] {
        let (users, back) = one_return(first, second);
        let (users, back) = (daily(users.lazy(), "signup_at"), daily(back, "timestamp"));
        assert_eq!(period(rolling, &users, &back, length), expected, "{first} {second}");
    }
    // Strict calendar: Wednesday the 1st and Monday the 6th lie in two weeks.
    let (users, back) = one_return("2021-12-01 17:59:00", "2021-12-06 09:00:00");
    assert_eq!(period(calendar, &users, &back, Period::Week), 1);
    // Return on or after: who comes on day 2 counts on days 0, 1 and 2.
    let (users, back) = one_return("2021-12-01 08:00:00", "2021-12-03 09:00:00");
    let found = retention::day_n(&users, &back, &[0, 1, 2], Rule::OnOrAfter).unwrap();
    assert_eq!(whole(&found, "retained"), [1, 1, 1]);
}

#[test]
fn posthog_retention() {
    // 10 people on Monday, 5 of them back on day 2, 2 of those on day 3: of 10, 50 % and 20 %; against the
    // previous period day 3 is 40 %, the documentation's example.
    let day = |n: i64| n * 86_400_000_000;
    let mut ids: Vec<i64> = (0..10).collect();
    let mut days = vec![0; 10];
    for (n, back) in [(1, 10), (2, 5), (3, 2)] {
        ids.extend(0..back);
        days.extend(vec![day(n); back as usize]);
    }
    let rows = dated(df!("user_id" => ids, "timestamp" => days).unwrap(), "timestamp");
    let users = retention::first_seen(&rows).unwrap();
    let rate = |how: Retention, period: i64| {
        let table = how.cohorts(&users, &rows, Period::Day).unwrap();
        let cell = table.lazy().filter(col("period").eq(lit(period))).collect().unwrap();
        cell.column("rate").unwrap().f64().unwrap().get(0)
    };
    assert_eq!(rate(Retention::default(), 0), Some(1.0)); // period 0 is everybody, by construction
    assert_eq!(rate(Retention::default(), 2), Some(0.5));
    assert_eq!(rate(Retention::default().base(Base::Period0), 3), Some(0.2));
    assert_eq!(rate(Retention::default().base(Base::Previous), 3), Some(0.4));

    // The weighted mean counts users, the simple mean cohorts: 1 of 1 and 1 of 3 are 50 % or 67 %.
    let rows: Events = &[
        (1, "2024-01-01", ""),
        (1, "2024-01-02", ""),
        (2, "2024-01-02", ""),
        (3, "2024-01-02", ""),
        (4, "2024-01-02", ""),
        (4, "2024-01-03", ""),
    ];
    let users = retention::first_seen(&events(rows)).unwrap();
    let table = retention::cohorts(&users, &events(rows), Period::Day).unwrap();
    let mean = |weight| {
        retention::curve(&table, weight).unwrap().column("rate").unwrap().f64().unwrap().get(1)
    };
    assert_eq!(mean(Weight::Size), Some(0.5));
    assert!((mean(Weight::Simple).unwrap() - 2.0 / 3.0).abs() < 1e-12);
}

#[test]
fn posthog_lifecycle() {
    // New, returning, resurrecting after an absence, dormant.
    let rows: Events = &[(1, "2024-01-01", ""), (1, "2024-01-02", ""), (1, "2024-01-12", "")];
    let table = activity::lifecycle(&events(rows), Period::Day, Window::default(), Before::Nothing)
        .unwrap();
    let kinds = |column: &str| whole(&table, column);
    assert_eq!((kinds("new")[0], kinds("retained")[1]), (1, 1));
    assert_eq!((kinds("dormant")[2], kinds("resurrected")[11]), (1, 1));
}
