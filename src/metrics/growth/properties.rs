//! What must hold for every growth metric, whatever the data.

use polars::prelude::*;
use proptest::prelude::*;

use super::tests::{day, is, stages};
use super::*;
use crate::events::{EventSource, UserSource, Window};

/// Every metric's answer, by name, with users in a fixed order and moments as the clock shows them.
fn answers(
    users: &dyn UserSource,
    events: &dyn EventSource,
    window: Window,
) -> Vec<(&'static str, DataFrame)> {
    let stages = Stages { engagement: (2, 9), habit: (3, 14), within: 14, ..stages() };
    let power = power_users(events, window).unwrap();
    let answers = [
        ("milestones", stages.milestones(users, events, window)),
        ("time_to_value", time_to_value(users, events, is("create"), 48, window)),
        ("activation", activation(users, events, is("create"), 48, window, "plan")),
        ("habit", habit(users, events, 14, 5, window)),
        ("adoption", adoption(users, events, "event", window)),
        ("north_star", north_star(events, "workspace_id", is("share"), window)),
        ("deciles", deciles(&power)),
        ("power_users", Ok(power)),
    ];
    answers
        .into_iter()
        .map(|(name, answer)| {
            let answer = answer.unwrap().lazy();
            let shown = match name {
                "milestones" => answer
                    .with_column(wall("timestamp"))
                    .sort(["user_id", "timestamp", "event"], Default::default()),
                "time_to_value" => {
                    answer.with_column(wall("reached_at")).sort(["user_id"], Default::default())
                }
                _ => answer,
            };
            (name, shown.collect().unwrap())
        })
        .collect()
}

fn wall(column: &str) -> Expr {
    col(column).dt().to_string("%Y-%m-%d %H:%M:%S")
}

fn same(name: &str, found: &[(&'static str, DataFrame)], usual: &[(&'static str, DataFrame)]) {
    for ((metric, found), (_, usual)) in found.iter().zip(usual) {
        assert!(found.equals_missing(usual), "{metric}, {name}: {found} is not {usual}");
    }
}

/// Users by their hour of sign-up, and events by user, hour and kind; hours counted from 1 January 2024.
fn frames(starts: &[i64], rows: &[(i64, i64, usize)]) -> (LazyFrame, LazyFrame) {
    let hour = |hour: i64| (19_723 * 24 + hour) * 3_600_000_000;
    let users = df!(
        "user_id" => (0..starts.len() as i64).collect::<Vec<_>>(),
        "signup_at" => starts.iter().map(|start| hour(*start)).collect::<Vec<_>>(),
        "plan" => (0..starts.len()).map(|user| ["free", "team"][user % 2]).collect::<Vec<_>>(),
    );
    let events = df!(
        "row" => (0..rows.len() as i64).collect::<Vec<_>>(),
        "user_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "workspace_id" => rows.iter().map(|row| row.0 / 3).collect::<Vec<_>>(),
        "timestamp" => rows.iter().map(|row| hour(row.1)).collect::<Vec<_>>(),
        "event" => rows.iter().map(|row| ["create", "share", "pay", "view"][row.2]).collect::<Vec<_>>(),
    );
    let typed = |frame: PolarsResult<DataFrame>, name: &str| {
        let moment = col(name).cast(DataType::Datetime(TimeUnit::Microseconds, None));
        frame.unwrap().lazy().with_column(moment)
    };
    (typed(users, "signup_at"), typed(events, "timestamp"))
}

fn in_zone(frame: &LazyFrame, column: &str, zone: &str) -> LazyFrame {
    let zone = TimeZone::opt_try_new(Some(zone)).unwrap();
    let placed = col(column).dt().replace_time_zone(zone, lit("raise"), NonExistent::Raise);
    frame.clone().with_column(placed)
}

const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"];

/// Metrics that only count days, and so stay the same when clocks change.
const BY_DAY: [&str; 4] = ["habit", "north_star", "deciles", "power_users"];

fn windows() -> [Window; 3] {
    let (from, until) = (day(19_725), day(19_745));
    [Window::default(), Window::until(until), Window::new(from, until).unwrap()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Results don't depend on the order of rows, on the zone of the same local times, or on how one run of an
    /// unordered query differs from the next.
    #[test]
    fn order_zone_and_laziness_do_not_matter(
        starts in prop::collection::vec(0..400_i64, 1..9),
        rows in prop::collection::vec((0..10_i64, 0..700_i64, 0..4_usize), 0..80),
        which in 0..3_usize,
    ) {
        let window = windows()[which];
        let (users, events) = frames(&starts, &rows);
        let usual = answers(&users, &events, window);
        same("reversed", &answers(&users.clone().reverse(), &events.clone().reverse(), window), &usual);
        let people = users.clone().group_by([col("user_id")]).agg([col("signup_at").first(), col("plan").first()]);
        let each = ["user_id", "workspace_id", "timestamp", "event"].map(|name| col(name).first());
        let unordered = events.clone().group_by([col("row")]).agg(each);
        same("unordered", &answers(&people, &unordered, window), &usual);
        for zone in ZONES {
            let (users, events) = (in_zone(&users, "signup_at", zone), in_zone(&events, "timestamp", zone));
            same(zone, &answers(&users, &events, window), &usual);
        }
    }

    /// The same in March and April, when clocks change: metrics that count days don't notice.
    #[test]
    fn days_are_days_when_clocks_are_moved(
        starts in prop::collection::vec(0..400_i64, 1..9),
        rows in prop::collection::vec((0..10_i64, 0..1_000_i64, 0..4_usize), 0..80),
    ) {
        // From 1 March 2024; not the hours that a clock leaps over or shows twice.
        let hour = |n: i64| 60 * 24 + if matches!(n % 24, 1..=3) { n + 3 } else { n };
        let starts: Vec<i64> = starts.into_iter().map(hour).collect();
        let rows: Vec<_> = rows.into_iter().map(|(user, n, kind)| (user, hour(n), kind)).collect();
        let (users, events) = frames(&starts, &rows);
        let by_day = |users: &LazyFrame, events: &LazyFrame| -> Vec<_> {
            let all = answers(users, events, Window::default()).into_iter();
            all.filter(|(name, _)| BY_DAY.contains(name)).collect()
        };
        let usual = by_day(&users, &events);
        for zone in ZONES {
            let (users, events) = (in_zone(&users, "signup_at", zone), in_zone(&events, "timestamp", zone));
            same(zone, &by_day(&users, &events), &usual);
        }
    }
}

#[test]
fn nobody_and_one_user_have_answers() {
    for window in windows() {
        let (users, events) = frames(&[], &[]);
        for (metric, answer) in answers(&users, &events, window) {
            let rows = match metric {
                "activation" => 1, // all
                "habit" => 5,
                "north_star" if window.start().is_some() => 2,
                _ => 0,
            };
            assert_eq!(answer.height(), rows, "{metric}, {window}");
        }
        let (users, events) = frames(&[60], &[(0, 61, 0), (0, 90, 1)]);
        let found = answers(&users, &events, window);
        let table =
            |name: &str| found.iter().find(|(metric, _)| *metric == name).unwrap().1.clone();
        for (metric, column) in
            [("adoption", "adopted"), ("power_users", "active_days"), ("deciles", "users")]
        {
            let values = table(metric);
            let values = values.column(column).unwrap().i64().unwrap().max();
            assert_eq!(
                values,
                Some(if metric == "power_users" { 2 } else { 1 }),
                "{metric}, {window}"
            );
        }
        let hours = table("time_to_value").column("hours").unwrap().f64().unwrap().get(0);
        assert_eq!(hours, Some(1.0), "{window}");
    }
}
