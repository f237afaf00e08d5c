use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::events::{Events, Users};

const HOUR: i64 = 3_600_000_000;

fn moment(column: &str, zone: Option<&str>) -> Expr {
    let zone = zone.map(|zone| TimeZone::opt_try_new(Some(zone)).unwrap().unwrap());
    col(column).cast(DataType::Datetime(TimeUnit::Microseconds, zone))
}

/// Users with the hours of their starts, and events by user and hour, on the clock of a zone.
fn world(starts: &[i64], events: &[(i64, i64)], zone: Option<&str>) -> (LazyFrame, LazyFrame) {
    let users = df!(
        "user_id" => (0..starts.len() as i64).collect::<Vec<_>>(),
        "signup_at" => starts.iter().map(|hour| hour * HOUR).collect::<Vec<_>>(),
    );
    let events = df!(
        "user_id" => events.iter().map(|event| event.0).collect::<Vec<_>>(),
        "timestamp" => events.iter().map(|event| event.1 * HOUR).collect::<Vec<_>>(),
    );
    (
        users.unwrap().lazy().with_column(moment("signup_at", zone)),
        events.unwrap().lazy().with_column(moment("timestamp", zone)),
    )
}

#[test]
fn users_of_an_unordered_query_get_their_own_answers() {
    let starts: Vec<i64> = (0..20_000).map(|user| user % 24).collect();
    let events: Vec<(i64, i64)> =
        (0..20_000).filter(|user| user % 3 == 0).map(|user| (user, 30)).collect();
    let (users, events) = world(&starts, &events, None);
    // Each run of this query may give its rows in another order.
    let unordered = users.group_by([col("user_id")]).agg([col("signup_at").first()]);
    let how =
        Retention::default().window(Window::until(NaiveDate::from_ymd_opt(1970, 2, 1).unwrap()));
    let back = how.by_user(&unordered, &events, Period::Day, 1).unwrap();
    let wrong = back.lazy().filter(col("active").neq((col("user_id") % lit(3)).eq(lit(0))));
    assert_eq!(wrong.collect().unwrap().height(), 0);
}

#[test]
fn where_only_days_are_known_the_day_of_the_start_counts() {
    let (users, events) = world(&[10, 10], &[(0, 0), (1, 24)], None);
    let dated = events.with_column(col("timestamp").cast(DataType::Date));
    let kept = day_n(&users, &dated, &[0, 1], Rule::OnDay).unwrap();
    assert_eq!(kept.column("retained").unwrap().i64().unwrap().to_vec(), [Some(1), Some(1)]);
}

#[test]
fn who_started_before_the_window_is_not_counted() {
    let (users, events) = world(&[0, 24, 48], &[(0, 30), (1, 50), (2, 80)], None);
    let day = |n| NaiveDate::from_ymd_opt(1970, 1, n).unwrap();
    let how = Retention::default().window(Window::new(day(2), day(9)).unwrap());
    let kept = how.day_n(&users, &events, &[1], Rule::OnDay).unwrap();
    assert_eq!(kept.column("eligible").unwrap().i64().unwrap().get(0), Some(2));
    assert_eq!(kept.column("retained").unwrap().i64().unwrap().get(0), Some(2));
    let matrix = how.cohorts(&users, &events, Period::Day).unwrap();
    assert_eq!(matrix.column("cohort").unwrap().n_unique().unwrap(), 2);
}

#[test]
fn columns_may_bear_any_names() {
    let (users, events) = world(&[0, 5], &[(0, 30), (1, 31)], None);
    let usual = cohorts(&users, &events, Period::Day).unwrap();
    let renamed = users.rename(["user_id", "signup_at"], ["client", "since"], true);
    let users = Users::new(&renamed, "client").unwrap().since("since").unwrap();
    let events = Events::new(&events.rename(["timestamp"], ["at"], true), "user_id", "at").unwrap();
    assert!(cohorts(&users, &events, Period::Day).unwrap().equals_missing(&usual));
    let each = Retention::default().by_user(&users, &events, Period::Day, 1).unwrap();
    assert_eq!(each.get_column_names()[0], "client");
    let nobody = Users::new(&renamed, "client").unwrap();
    let message = cohorts(&nobody, &events, Period::Day).unwrap_err().to_string();
    assert!(message.contains("without a start"), "{message}");
}

proptest! {
    /// The same local times in four zones, and rows in any order: the same table.
    #[test]
    fn zones_and_the_order_of_rows_do_not_matter(
        starts in prop::collection::vec(0..400_i64, 1..8),
        events in prop::collection::vec((0..8_i64, 0..900_i64), 0..60),
    ) {
        // March 2024, in which clocks are moved; not the hours that one leaps over or shows twice.
        let hour = |n: i64| 19_783 * 24 + if matches!(n % 24, 2 | 3) { n + 2 } else { n };
        let starts: Vec<i64> = starts.into_iter().map(hour).collect();
        let events: Vec<(i64, i64)> = events.into_iter().map(|(user, n)| (user, hour(n))).collect();
        let (users, rows) = world(&starts, &events, None);
        let local = |frame: &LazyFrame, column: &str, zone: &str| {
            let zone = TimeZone::opt_try_new(Some(zone)).unwrap();
            let placed = col(column).dt().replace_time_zone(zone, lit("raise"), NonExistent::Raise);
            frame.clone().with_column(placed)
        };
        let tables = |users: &LazyFrame, events: &LazyFrame| {
            let how = Retention::default();
            let matrix = how.cohorts(users, events, Period::Week).unwrap();
            let kept = how.day_n(users, events, &[0, 1, 7], Rule::OnOrAfter).unwrap();
            (matrix, kept)
        };
        let usual = tables(&users, &rows);
        for zone in ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland"] {
            let (users, rows) = (local(&users, "signup_at", zone), local(&rows, "timestamp", zone));
            let found = tables(&users, &rows);
            prop_assert!(found.0.equals_missing(&usual.0) && found.1.equals_missing(&usual.1), "{zone}");
            let turned = tables(&users.reverse(), &rows.reverse());
            prop_assert!(turned.0.equals_missing(&usual.0) && turned.1.equals_missing(&usual.1));
        }
    }
}
