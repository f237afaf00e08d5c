//! What each metric counts, in small worlds.

use chrono::NaiveDate;

use super::*;
use crate::events::{Events, Users, Window};
use crate::frame::texts;
use crate::metrics::funnel::{Funnel, Step};
use polars::prelude::*;

/// Events (user, day, second, what), and as many users, who all sign up at second 100 of day 0.
pub(super) fn world(rows: &[(i64, i64, i64, &str)], users: i64) -> (DataFrame, DataFrame) {
    let moment = |name: &str| col(name).cast(DataType::Datetime(TimeUnit::Milliseconds, None));
    let at: Vec<i64> = rows.iter().map(|row| (row.1 * 86_400 + row.2) * 1_000).collect();
    let events = df!(
        "user_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "workspace_id" => rows.iter().map(|row| row.0 / 10).collect::<Vec<_>>(),
        "timestamp" => at,
        "event" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
    );
    let people = df!(
        "user_id" => (1..=users).collect::<Vec<_>>(),
        "signup_at" => vec![100_000_i64; users as usize],
        "plan" => (1..=users).map(|user| if user % 2 == 0 { "team" } else { "free" }).collect::<Vec<_>>(),
    );
    let typed = |frame: PolarsResult<DataFrame>, name: &str| {
        frame.unwrap().lazy().with_column(moment(name)).collect().unwrap()
    };
    (typed(people, "signup_at"), typed(events, "timestamp"))
}

pub(super) fn is(what: &str) -> Expr {
    col("event").eq(lit(what))
}

pub(super) fn day(n: i64) -> NaiveDate {
    NaiveDate::default() + chrono::TimeDelta::days(n)
}

fn until(n: i64) -> Window {
    Window::until(day(n))
}

fn whole(frame: &DataFrame, column: &str) -> Vec<i64> {
    frame.column(column).unwrap().i64().unwrap().into_no_null_iter().collect()
}

fn real(frame: &DataFrame, column: &str) -> Vec<Option<f64>> {
    frame.column(column).unwrap().f64().unwrap().to_vec()
}

pub(super) fn stages() -> Stages {
    Stages {
        engagement: (2, 30),
        habit: (3, 60),
        ..Stages::new(is("create"), is("share"), is("pay"))
    }
}

fn counted(reached: &DataFrame) -> Vec<i64> {
    whole(&Funnel::new(STAGES.map(Step::event)).conversion(reached).unwrap(), "users")
}

#[test]
fn a_stage_counts_only_after_the_one_before() {
    let rows = [
        // All the way; the first share comes before the habit and does not count.
        (1, 0, 200, "create"),
        (1, 1, 0, "share"),
        (1, 2, 0, "view"),
        (1, 2, 5, "share"),
        (1, 3, 0, "pay"),
        // Pays before sharing: stays at the habit.
        (2, 0, 200, "create"),
        (2, 5, 0, "view"),
        (2, 9, 0, "pay"),
        // The page comes a second after the week: only signed up.
        (3, 7, 100, "create"),
        (3, 8, 0, "view"),
        (3, 9, 0, "view"),
        // The second day is day 30: too late.
        (4, 0, 200, "create"),
        (4, 30, 0, "view"),
        (4, 31, 0, "view"),
        // Days before the page do not count.
        (5, 1, 0, "view"),
        (5, 2, 0, "view"),
        (5, 3, 0, "create"),
    ];
    let (users, events) = world(&rows, 6);
    let reached = stages().milestones(&users, &events, until(90)).unwrap();
    let steps = Funnel::new(STAGES.map(Step::event)).conversion(&reached).unwrap();
    assert_eq!(whole(&steps, "users"), [6, 4, 2, 2, 1, 1]);
    let funnel = from_visitors(20, &steps).unwrap();
    assert_eq!(whole(&funnel, "users")[0], 20);
    assert_eq!(real(&funnel, "of_visitors")[6], Some(0.05));
    assert_eq!(real(&funnel, "of_signups")[0], None);
    let turned = from_visitors(20, &steps.reverse()).unwrap();
    assert!(funnel.equals_missing(&turned), "{funnel}\n{turned}");
    assert!(from_visitors(5, &steps).unwrap_err().to_string().contains("`visitors` is 5"));
    // A day less, and nobody was observed for long enough.
    assert_eq!(stages().milestones(&users, &events, until(89)).unwrap().height(), 0);
}

#[test]
fn simultaneous_events_take_stages_in_any_order_of_rows() {
    let first = [(1, 0, 200, "create"), (1, 1, 0, "view")];
    let (share, pay) = ((1, 2, 0, "share"), (1, 2, 0, "pay"));
    for last in [[share, pay], [pay, share]] {
        let (users, events) = world(&[&first[..], &last].concat(), 1);
        let reached = stages().milestones(&users, &events, until(90)).unwrap();
        assert_eq!(counted(&reached), [1; 6], "{last:?}");
    }
}

#[test]
fn milestones_keep_the_clock_of_the_events() {
    // On 1 January, 22:00 in Los Angeles, it is 2 January in UTC.
    let (users, events) = world(&[(1, 0, 79_300, "create"), (1, 1, 79_300, "view")], 1);
    let zone = TimeZone::opt_try_new(Some("America/Los_Angeles")).unwrap();
    let local = |frame: DataFrame, name: &str| {
        let placed =
            col(name).dt().replace_time_zone(zone.clone(), lit("raise"), NonExistent::Raise);
        frame.lazy().with_column(placed)
    };
    let (users, events) = (local(users, "signup_at"), local(events, "timestamp"));
    let reached = stages().milestones(&users, &events, until(90)).unwrap();
    let dates = reached.lazy().select([col("timestamp").dt().to_string("%d %H:%M")]);
    let dates = texts(dates.collect().unwrap().column("timestamp").unwrap()).unwrap();
    assert_eq!(dates.iter().flatten().collect::<Vec<_>>(), ["01 00:01", "01 22:01", "02 22:01"]);
    let times = time_to_value(&users, &events, is("create"), 24, until(9)).unwrap();
    assert_eq!(
        times.column("reached_at").unwrap().dtype().to_string(),
        "datetime[μs, America/Los_Angeles]"
    );
}

#[test]
fn windows_that_cannot_be_are_refused() {
    let (users, events) = world(&[], 1);
    let refused = |stages: Stages, expected: &str| {
        let message = stages.milestones(&users, &events, until(90)).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    };
    refused(Stages { habit: (5, 4), ..stages() }, "`habit` is 5 days in 4");
    refused(Stages { activation_hours: u32::MAX, ..stages() }, "`activation_hours` is 4294967295");
    for (within, most, expected) in
        [(0, 3, "`within` is 0"), (u32::MAX, 3, "1 to 36525"), (3, 4, "`most` is 4")]
    {
        let message = habit(&users, &events, within, most, until(90)).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn activation_knows_who_was_observed_and_how_long_it_took() {
    let rows = [(1, 0, 3_700, "create"), (2, 2, 100, "create"), (4, 0, 50, "create")];
    let (users, events) = world(&rows, 4);
    let table = activation(&users, &events, is("create"), 72, until(3), "plan").unwrap();
    let plans = texts(table.column("plan").unwrap()).unwrap();
    assert_eq!(plans.into_iter().flatten().collect::<Vec<_>>(), ["free", "team", "all"]);
    assert_eq!(whole(&table, "eligible"), [2, 2, 4]);
    // User 4's page is older than its sign-up.
    assert_eq!(whole(&table, "activated"), [1, 1, 2]);
    assert_eq!(whole(&table, "fast"), [1, 0, 1]);
    assert_eq!(real(&table, "median_hours"), [Some(1.0), Some(48.0), Some(24.5)]);
    let unseen = activation(&users, &events, is("create"), 72, until(2), "plan").unwrap();
    assert_eq!(whole(&unseen, "eligible"), [0, 0, 0]);
    assert_eq!(unseen.column("rate").unwrap().null_count(), 3);
}

#[test]
fn users_of_an_unordered_query_get_their_own_answers() {
    let rows: Vec<(i64, i64, i64, &str)> =
        (1..=20_000).filter(|user| user % 4 == 0).map(|user| (user, 0, 3_700, "create")).collect();
    let (users, events) = world(&rows, 20_000);
    // Each run of this query may give its rows in another order.
    let unordered = users
        .lazy()
        .group_by([col("user_id")])
        .agg([col("signup_at").first(), col("plan").first()]);
    let table = activation(&unordered, &events, is("create"), 24, until(9), "plan").unwrap();
    assert_eq!(whole(&table, "eligible"), [10_000, 10_000, 20_000]);
    assert_eq!(whole(&table, "activated"), [0, 5_000, 5_000]);
    // Times and users need not come in the same order.
    let times = time_to_value(&unordered, &events, is("create"), 24, until(9)).unwrap();
    assert!(activation_by(&times, &unordered, "plan").unwrap().equals_missing(&table));
    let few = activation_by(&times.head(Some(100)), &unordered, "plan").unwrap();
    assert_eq!(whole(&few, "eligible")[2], 100);
    let (strangers, _) = world(&[], 19_999);
    let message = activation_by(&times, &strangers, "plan").unwrap_err().to_string();
    assert!(message.contains("who is not in `users`"), "{message}");
}

#[test]
fn hours_without_end_count_everything() {
    let (users, events) = world(&[(1, 400, 0, "create")], 2);
    let times = time_to_value(&users, &events, is("create"), u32::MAX, until(500)).unwrap();
    assert_eq!(real(&times, "hours"), [Some((400.0 * 86_400.0 - 100.0) / 3_600.0), None]);
    assert_eq!(times.column("eligible").unwrap().bool().unwrap().sum(), Some(0));
}

#[test]
fn a_condition_that_is_null_does_not_hold_and_a_number_is_none() {
    let (users, events) = world(&[(1, 0, 200, "create"), (2, 0, 200, "view")], 2);
    let perhaps = when(is("create")).then(lit(true)).otherwise(lit(NULL));
    let times = time_to_value(&users, &events, perhaps.clone(), 24, until(9)).unwrap();
    assert_eq!(times.column("hours").unwrap().null_count(), 1);
    let all = Stages { activates: perhaps.clone(), within: 60, ..stages() };
    assert_eq!(counted(&all.milestones(&users, &events, until(60)).unwrap())[..2], [2, 1]);
    assert_eq!(
        whole(&north_star(&events, "workspace_id", perhaps, until(12)).unwrap(), "groups"),
        [0]
    );
    for (wrong, kind) in [(col("workspace_id"), "i64"), (col("event"), "str")] {
        let stages = Stages { pays: wrong.clone(), ..stages() };
        for (name, found) in [
            ("value", time_to_value(&users, &events, wrong.clone(), 24, until(9))),
            ("collaborates", north_star(&events, "workspace_id", wrong.clone(), until(9))),
            ("pays", stages.milestones(&users, &events, until(90))),
        ] {
            let message = found.unwrap_err().to_string();
            let expected = format!("`{name}` is an expression of type {kind}");
            assert!(message.contains(&expected), "{message}");
        }
    }
}

#[test]
fn where_only_days_are_known_the_day_of_the_start_counts() {
    // Everybody signs up at second 100; an event of the same day, known as a day, is of that midnight.
    let (users, events) =
        world(&[(1, 0, 0, "create"), (1, 1, 0, "share"), (2, 0, 99, "create")], 2);
    let exact = adoption(&users, &events, "event", until(9)).unwrap();
    assert_eq!(whole(&exact, "adopted"), [1]);
    let dated = events.clone().lazy().with_column(col("timestamp").cast(DataType::Date));
    let started = users.clone().lazy().with_column(col("signup_at").cast(DataType::Date));
    let answers = |users: &LazyFrame, events: &LazyFrame| {
        let adopted = adoption(users, events, "event", until(9)).unwrap();
        assert_eq!(whole(&adopted, "adopted"), [2, 1]);
        let days = habit(users, events, 2, 2, until(9)).unwrap();
        assert_eq!(whole(&days, "users"), [2, 1]);
        let times = time_to_value(users, events, is("create"), 24, until(9)).unwrap();
        assert_eq!(times.column("hours").unwrap().null_count(), 0);
        assert_eq!(real(&times, "hours")[0], Some(0.0));
        // A day is 24 hours, wherever in it the start was.
        let late = time_to_value(users, events, is("share"), 24, until(9)).unwrap();
        assert_eq!(late.column("hours").unwrap().null_count(), 2);
        let all = Stages { habit: (2, 60), engagement: (1, 30), ..stages() };
        let reached = all.milestones(users, events, until(90)).unwrap();
        assert_eq!(counted(&reached), [2, 2, 2, 1, 1, 0]);
    };
    answers(&users.clone().lazy(), &dated);
    answers(&started, &events.lazy());
    answers(&started, &dated);
}

#[test]
fn a_habit_is_counted_in_different_days() {
    let rows = [
        (1, 0, 200, "view"),
        (1, 0, 300, "view"),
        (1, 4, 0, "view"),
        (1, 10, 0, "view"),
        (2, 1, 0, "view"),
    ];
    let (users, events) = world(&rows, 3);
    let table = habit(&users, &events, 10, 3, until(10)).unwrap();
    assert_eq!(whole(&table, "users"), [2, 1, 0]);
    assert_eq!(whole(&table, "eligible"), [3, 3, 3]);
}

#[test]
fn the_north_star_takes_two_people_and_collaboration() {
    // 1970-01-05 is a Monday: day 4. Users 10 to 19 share a workspace.
    let rows = [
        (11, 4, 0, "share"),
        (12, 5, 0, "view"), // together
        (21, 4, 0, "share"),
        (21, 6, 0, "share"), // alone
        (31, 7, 0, "view"),
        (32, 7, 0, "view"), // nobody shares
        (11, 11, 0, "share"),
        (12, 18, 0, "view"), // not in one week
        (11, 25, 0, "share"),
        (12, 25, 0, "view"), // a week that is not over
    ];
    let (_, events) = world(&rows, 1);
    let observed = Window::new(day(0), day(27)).unwrap();
    let weeks = north_star(&events, "workspace_id", is("share"), observed).unwrap();
    assert_eq!(whole(&weeks, "groups"), [3, 1, 1]);
    assert_eq!(whole(&weeks, "collaborative"), [1, 0, 0]);
    assert_eq!(whole(&weeks, "users"), [5, 1, 1]);
    // Without a window: from the first day with an event to the last.
    let all = north_star(&events, "workspace_id", is("share"), Window::default()).unwrap();
    assert!(all.equals_missing(&weeks));
    let none = north_star(&events.head(Some(0)), "workspace_id", is("share"), until(27)).unwrap();
    assert_eq!(none.height(), 0);
    let long = Window::new(NaiveDate::MIN, NaiveDate::MAX).unwrap();
    let message = north_star(&events, "workspace_id", is("share"), long).unwrap_err().to_string();
    assert!(message.contains("at most 150000 weeks"), "{message}");
}

#[test]
fn adoption_counts_users_once_and_events_all() {
    let rows = [
        (1, 0, 200, "view"),
        (1, 2, 100, "view"),
        (2, 1, 100, "view"),
        (1, 3, 100, "share"),
        (1, 9, 0, "pay"),
    ];
    let (users, events) = world(&rows, 4);
    let table = adoption(&users, &events, "event", until(9)).unwrap();
    assert_eq!(whole(&table, "adopted"), [2, 1]);
    assert_eq!(whole(&table, "events"), [3, 1]);
    assert_eq!(whole(&table, "users"), [4, 4]);
    assert_eq!(real(&table, "median_days"), [Some((100.0 / 86_400.0 + 1.0) / 2.0), Some(3.0)]);
}

#[test]
fn adoption_counts_users_and_events_on_one_calendar() {
    // 31 December, 20:00 in Los Angeles, is 1 January in UTC: who signs up then has a day of December.
    let (users, events) = world(&[(1, 0, 75_000, "view"), (2, 0, 75_000, "view")], 2);
    let late = users.lazy().with_column(col("signup_at") + lit(chrono::TimeDelta::hours(20)));
    let zone = TimeZone::opt_try_new(Some("America/Los_Angeles")).unwrap();
    let local = |frame: LazyFrame, name: &str| {
        frame.with_column(col(name).dt().replace_time_zone(
            zone.clone(),
            lit("raise"),
            NonExistent::Raise,
        ))
    };
    let (users, events) = (local(late, "signup_at"), local(events.lazy(), "timestamp"));
    let table = adoption(&users, &events, "event", until(1)).unwrap();
    assert_eq!(whole(&table, "users"), [2]);
    assert_eq!(real(&table, "rate"), [Some(1.0)]);
}

#[test]
fn a_feature_of_each_event_takes_no_more_than_the_events() {
    // A table of all users and features would have 90 billion cells.
    const MANY: i64 = 300_000;
    let (users, events) = world(&[], MANY);
    let ids: Vec<i64> = (1..=MANY).collect();
    let at = vec![200_000_i64; MANY as usize];
    let many = df!("user_id" => &ids, "feature" => &ids, "timestamp" => at).unwrap().lazy();
    let typed = many
        .with_column(col("timestamp").cast(events.column("timestamp").unwrap().dtype().clone()));
    let table = adoption(&users, &typed, "feature", until(9)).unwrap();
    assert_eq!(table.height(), MANY as usize);
    assert_eq!(whole(&table, "adopted").iter().sum::<i64>(), MANY);
}

#[test]
fn deciles_are_sqls() {
    // 23 users, user n with n events: the first three deciles hold three, as ntile does.
    let rows: Vec<(i64, i64, i64, &str)> =
        (1..=23).flat_map(|user| (0..user).map(move |n| (user, n % 5, n, "view"))).collect();
    let (_, events) = world(&rows, 1);
    let users = power_users(&events, until(9)).unwrap();
    assert_eq!(whole(&users, "user_id")[..3], [23, 22, 21]);
    let table = deciles(&users).unwrap();
    assert_eq!(whole(&table, "users"), [3, 3, 3, 2, 2, 2, 2, 2, 2, 2]);
    assert_eq!(whole(&table, "events")[0], 66);
    assert_eq!(whole(&table, "max_events")[9], 2);
    let few = power_users(&events.head(Some(10)), until(9)).unwrap();
    assert_eq!(whole(&few, "decile"), [1, 2, 3, 4]);
    // Nothing is a share of nothing.
    let idle = users.clone().lazy().with_column((col("events") * lit(0)).alias("events"));
    assert_eq!(deciles(&idle).unwrap().column("share").unwrap().null_count(), 10);
}

#[test]
fn who_started_before_the_window_is_not_counted() {
    let (users, events) = world(&[(1, 0, 200, "create"), (2, 3, 200, "create")], 2);
    let shift = when(col("user_id").eq(lit(2))).then(lit(chrono::TimeDelta::days(3)));
    let shift = shift.otherwise(lit(chrono::TimeDelta::zero()));
    let users = users.lazy().with_column(col("signup_at") + shift);
    let observed = Window::new(day(2), day(9)).unwrap();
    let table = activation(&users, &events, is("create"), 24, observed, "plan").unwrap();
    assert_eq!(whole(&table, "eligible"), [0, 1, 1]);
    assert_eq!(whole(&adoption(&users, &events, "event", observed).unwrap(), "users"), [1]);
    assert_eq!(whole(&habit(&users, &events, 2, 1, observed).unwrap(), "eligible"), [1]);
}

#[test]
fn columns_may_bear_any_names() {
    let (users, events) = world(&[(1, 0, 200, "create"), (2, 1, 0, "create")], 3);
    let renamed = |frame: &DataFrame, from: &str, to: &str| {
        frame.clone().lazy().rename(["user_id", from], ["client", to], true)
    };
    let clients = Users::new(&renamed(&users, "signup_at", "since"), "client").unwrap();
    let visits = Events::new(&renamed(&events, "timestamp", "at"), "client", "at").unwrap();
    let started = clients.clone().since("since").unwrap();
    let times = time_to_value(&started, &visits, is("create"), 24, until(9)).unwrap();
    let reached = stages().milestones(&started, &visits, until(90)).unwrap();
    let power = power_users(&visits, until(9)).unwrap();
    for table in [&times, &reached, &power] {
        assert_eq!(table.get_column_names()[0], "client");
    }
    let usual = activation(&users, &events, is("create"), 24, until(9), "plan").unwrap();
    assert!(activation_by(&times, &started, "plan").unwrap().equals_missing(&usual));
    let message = habit(&clients, &visits, 9, 3, until(9)).unwrap_err().to_string();
    assert!(message.contains("without a start"), "{message}");
}
