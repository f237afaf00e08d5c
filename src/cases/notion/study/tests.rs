use chrono::{NaiveDate, TimeDelta};
use polars::prelude::*;

use super::*;
use crate::cases::Part;
use crate::cases::notion::{Config, batches};
use crate::error::Result;
use crate::events::Window;
use crate::metrics::revenue;

fn day(n: i64) -> NaiveDate {
    NaiveDate::default() + TimeDelta::days(19_723 + n)
}

fn numbers(frame: &DataFrame, column: &str) -> Vec<Option<i64>> {
    frame.column(column).unwrap().i64().unwrap().iter().collect()
}

fn shares(frame: &DataFrame, column: &str) -> Vec<Option<f64>> {
    frame.column(column).unwrap().f64().unwrap().iter().collect()
}

/// Days from 1 January 2024 as a column.
fn dates(name: &str, days: &[Option<i64>]) -> Column {
    let days: Vec<Option<i32>> =
        days.iter().map(|day| day.map(|day| 19_723 + day as i32)).collect();
    Column::new(name.into(), days).cast(&DataType::Date).unwrap()
}

fn happened(rows: &[(i64, &str)]) -> DataFrame {
    let mut frame = df!(
        "user_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "workspace_id" => rows.iter().map(|row| row.0 / 2).collect::<Vec<_>>(),
        "event_type" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
    )
    .unwrap();
    frame.with_column(dates("timestamp", &vec![Some(5); rows.len()])).unwrap();
    frame
}

#[test]
fn a_sign_up_is_no_activity_and_each_condition_names_its_events() -> Result<()> {
    let kinds =
        ["signup", "page_create", "comment", "share", "invite", "upgrade", "page_view", "search"];
    let rows: Vec<(i64, &str)> = kinds.into_iter().map(|kind| (1, kind)).collect();
    let all = happened(&rows);
    for (condition, expected) in [
        (active(), &kinds[1..]),
        (activates(), &kinds[1..2]),
        (collaborates(), &kinds[2..5]),
        (pays(), &kinds[5..6]),
    ] {
        let found = all.clone().lazy().filter(condition.clone()).collect()?;
        let found: Vec<&str> = found.column("event_type")?.str()?.iter().flatten().collect();
        assert_eq!(found, expected, "{condition}");
        // Of prepared events, whose kinds are categories, too.
        let prepared = events(&all)?.filter(condition)?.len();
        assert_eq!(prepared, expected.len());
    }
    Ok(())
}

#[test]
fn parts_prepare_the_events_of_the_whole() -> Result<()> {
    let config = Config { users: 400, ..Config::default() };
    let parts: Vec<DataFrame> = batches(&config, Part::WHOLE)?
        .map(|batch| Ok(batch?.user_events))
        .collect::<Result<_>>()?;
    let mut whole = DataFrame::empty();
    for part in &parts {
        whole.vstack_mut(part)?;
    }
    let middle = whole.height() / 2;
    let halves = [whole.slice(0, middle), whole.slice(middle as i64, usize::MAX)];
    let found = events_of(halves.map(Ok))?;
    assert!(found.frame().equals(events(&whole)?.frame()));
    assert!(found.frame().equals(events(&whole.clone().lazy())?.frame()));
    assert_eq!(found.len(), whole.height() - 400, "one sign-up each");
    assert_eq!(found.frame().get_column_names(), EVENT_COLUMNS);
    assert!(events_of([]).is_err());
    let missing = events(&whole.drop("workspace_id")?).unwrap_err().to_string();
    assert!(missing.contains("`workspace_id`"), "{missing}");
    Ok(())
}

#[test]
fn visitors_come_on_the_days_on_which_eligible_users_signed_up() -> Result<()> {
    let counts: Vec<i64> = (0..100).map(|day| 1 << (day % 10)).collect();
    let mut frame = df!("visitors" => counts)?;
    frame.with_column(dates("date", &(0..100).map(Some).collect::<Vec<_>>()))?;
    // Who signed up on day 3 has 90 days until day 93, and who signed up on day 4 has not.
    assert_eq!(visitors(&frame, eligible(day(93)))?, 1 + 2 + 4 + 8);
    assert_eq!(visitors(&frame, Window::new(day(2), day(4))?)?, 4 + 8);
    assert_eq!(visitors(&frame, eligible(day(0)))?, 0);
    assert_eq!(visitors(&frame, Window::default())?, 10 * 1_023);
    Ok(())
}

#[test]
fn ratios_are_pooled_over_days_with_a_month_before_them() -> Result<()> {
    let mut daily = df!(
        "dau" => [9_i64, 2, 4], "wau" => [Some(9_i64), Some(5), None], "mau" => [None, Some(10_i64), Some(20)],
    )?;
    daily.with_column(dates("date", &[Some(0), Some(1), Some(2)]))?;
    assert_eq!(of_monthly(&daily, "dau")?, 0.2);
    assert!(of_monthly(&daily.head(Some(1)), "dau")?.is_nan());
    let shown = windows(&daily)?;
    assert_eq!(numbers(&shown, "users"), [10, 20, 9, 5, 9, 2, 4].map(Some));
    let names: Vec<&str> = shown.column("window")?.str()?.iter().flatten().collect();
    assert_eq!(names, ["30 days", "30 days", "7 days", "7 days", "1 day", "1 day", "1 day"]);
    assert!(of_monthly(&daily, "weekly").unwrap_err().to_string().contains("`weekly`"));
    Ok(())
}

#[test]
fn who_did_nothing_is_counted_and_who_is_nobody_is_not() -> Result<()> {
    let all = happened(&[(2, "share"), (9, "share"), (2, "search"), (3, "search")]);
    let each = events_per_user(&df!("user_id" => [3_i64, 1, 2])?, &all)?;
    assert_eq!(numbers(&each, "user_id"), [3, 1, 2].map(Some));
    assert_eq!(numbers(&each, "events"), [1, 0, 2].map(Some));
    Ok(())
}

#[test]
fn who_pays_is_counted_with_an_interval() -> Result<()> {
    let mut users = df!("segment" => ["team", "solo", "team", "solo", "solo"])?;
    users.with_column(dates("paid_since", &[Some(1), None, Some(2), None, Some(40)]))?;
    let found = paid_by(&users, "segment")?;
    assert_eq!(
        (numbers(&found, "users"), numbers(&found, "paid")),
        (vec![Some(3), Some(2)], vec![Some(1), Some(2)])
    );
    assert_eq!(shares(&found, "rate"), [Some(1.0 / 3.0), Some(1.0)]);
    assert!(shares(&found, "low")[0] < Some(0.2) && shares(&found, "high")[0] > Some(0.6));
    Ok(())
}

#[test]
fn months_that_are_not_over_are_not_compared() -> Result<()> {
    let mut cohorts = df!(
        "period" => [1_i64, 0, 0, 1, 2],
        "size" => [5_i64, 4, 5, 4, 4],
        "rate" => [Some(0.2), Some(1.0), Some(1.0), Some(0.5), None],
        "in_progress" => [true, false, false, false, false],
    )?;
    cohorts.with_column(dates("cohort", &[Some(31), Some(0), Some(31), Some(0), Some(0)]))?;
    let found = finished(&cohorts)?;
    assert_eq!(
        (numbers(&found, "period"), shares(&found, "rate")),
        (vec![Some(1)], vec![Some(0.5)])
    );
    assert_eq!(found.column("cohort")?.str()?.get(0), Some("2024-01"));
    let wide = matrix(&cohorts)?;
    assert_eq!(wide.get_column_names(), ["cohort", "size", "0", "1", "2"]);
    assert_eq!(shares(&wide, "1"), [Some(0.5), Some(0.2)]);
    assert_eq!(shares(&wide, "2"), [None, None]);
    Ok(())
}

#[test]
fn a_fast_start_is_one_within_a_day() -> Result<()> {
    let mut users = df!("user_id" => [4_i64, 1, 2, 3], "segment" => ["a", "b", "a", "b"])?;
    users.with_column(dates("signup_at", &[Some(0); 4]))?;
    let times = df!("user_id" => [1_i64, 2, 3, 4], "eligible" => [true; 4],
        "hours" => [Some(23.9), Some(24.0), None, Some(1.0)])?;
    let month = df!("user_id" => [1_i64, 2, 3, 4], "eligible" => [true, true, true, false],
        "active" => [Some(true), Some(false), Some(true), None])?;
    let found = fast_and_back(&users, &times, &month)?;
    assert_eq!(numbers(&found, "user_id"), [1, 2].map(Some));
    let marks = |column: &str| -> Vec<bool> {
        found.column(column).unwrap().bool().unwrap().iter().flatten().collect()
    };
    assert_eq!((marks("fast"), marks("back")), (vec![true, false], vec![true, false]));
    Ok(())
}

#[test]
fn revenue_recurs_from_the_month_in_which_a_plan_began_to_that_before_its_end() -> Result<()> {
    let names = ["plus", "free", "plus", "business"];
    let mut users = df!("user_id" => [1_i64, 2, 3, 4], "plan_type" => names)?;
    users.with_column(dates("paid_since", &[Some(3), None, Some(40), Some(41)]))?;
    // From 4 January to 3 March.
    users.with_column(dates("paid_until", &[Some(63), None, None, None]))?;
    let plans =
        df!("plan_type" => ["free", "plus", "business"], "dollars_a_month" => [0.0, 8.0, 15.0])?;
    let found = recurring(&users, &plans)?;
    assert_eq!(numbers(&found, "new_customers"), [1, 2, 0].map(Some));
    assert_eq!(numbers(&found, "lost_customers"), [0, 0, 1].map(Some));
    assert_eq!(numbers(&found, "customers"), [1, 3, 2].map(Some));
    assert_eq!(shares(&found, "mrr"), [8.0, 31.0, 23.0].map(Some));
    // The same, from the months paid for until the end of March.
    let paid = payments(&users, &plans, day(91))?;
    assert_eq!(numbers(&paid, "customer_id"), [1, 1, 3, 3, 4, 4].map(Some));
    let moved = revenue::movements(&paid)?;
    for column in ["customers", "mrr"] {
        let both = [&moved, &found].map(|it| it.column(column).unwrap().clone());
        assert!(both[0].equals(&both[1]), "{both:?}");
    }
    assert_eq!(shares(&moved, "churned"), [None, Some(0.0), Some(8.0)]);
    // Whoever began on 10 February is renewed on 10 March, if that day is observed.
    for (until, renewed) in [(91, [2, 1, 1]), (70, [2, 1, 0]), (69, [2, 0, 0]), (61, [1, 0, 0])] {
        let lengths = plan_lengths(&users, day(until))?;
        assert_eq!(numbers(&lengths, "duration"), renewed.map(Some), "{until}");
        let ended = i64::from(until > 63);
        assert_eq!(numbers(&lengths, "observed"), [ended, 0, 0].map(Some), "{until}");
    }
    Ok(())
}
