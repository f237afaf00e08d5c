//! Marks, highlights, ticks, units, order and colour keys of charts, as PNG files.
//!
//! Run with `cargo run --example chart_marks -- FOLDER`.

use casebook::chart::TickUnit;
use casebook::prelude::*;

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target/charts".into());
    std::fs::create_dir_all(&folder).map_err(PolarsError::from)?;
    for (name, figure) in figures()? {
        let path = format!("{folder}/{name}.png");
        figure.save(&path)?;
        println!("{path}: {}", figure.alt());
    }
    Ok(())
}

fn figures() -> Result<Vec<(&'static str, Figure)>> {
    let day = |days: i32| {
        chrono::NaiveDate::default() + chrono::TimeDelta::days(19_723 + i64::from(days))
    };
    let days: Vec<i32> = (0..300).collect();
    let weekly =
        |d: i32| 400.0 + 60.0 * f64::from(d % 7) + f64::from(d) * if d > 150 { 2.4 } else { 0.6 };
    let users = df!(
        "day" => days.iter().map(|d| day(*d)).collect::<Vec<_>>(),
        "users" => days.iter().map(|d| weekly(*d)).collect::<Vec<_>>(),
    )?;
    let fortnight = users.head(Some(18));
    let plans = ["free", "personal", "team", "business", "enterprise"];
    let retention = df!(
        "month" => (0..65).map(|i| i % 13).collect::<Vec<i32>>(),
        "plan" => (0..65).map(|i| plans[i / 13]).collect::<Vec<_>>(),
        "rate" => (0..65).map(|i| (0.80 + 0.03 * f64::from(i / 13)).powi(i % 13)).collect::<Vec<_>>(),
    )?;
    let levers = df!(
        "lever" => ["Shorter sign-up", "Invite reminder", "Annual discount", "Template gallery"],
        "lift" => [0.012, 0.054, -0.008, 0.021],
        "low" => [-0.004, 0.031, -0.022, 0.009],
        "high" => [0.028, 0.077, 0.006, 0.033],
    )?;
    let channels = ["ads", "search", "referral", "partner"];
    let cells = df!(
        "hour" => (0..96).map(|i| i % 24).collect::<Vec<i32>>(),
        "channel" => (0..96).map(|i| channels[i / 24]).collect::<Vec<_>>(),
        "gap" => (0..96).map(|i| f64::from((i * 37) % 23 - 11) / 300.0).collect::<Vec<_>>(),
        "noise" => (0..96).map(|i| ((i * 37) % 23_i32 - 11).abs() < 6).collect::<Vec<_>>(),
    )?;
    let cohorts = df!(
        "month" => (0..78).map(|i| i % 13).collect::<Vec<i32>>(),
        "cohort" => (0..78).map(|i| format!("2024-0{}", i / 13 + 1)).collect::<Vec<_>>(),
        "rate" => (0..78).map(|i| if i % 13 + i / 13 * 2 < 13 { Some(0.85_f64.powi(i % 13)) } else { None }).collect::<Vec<_>>(),
    )?;
    let lengths = df!("minutes" => (1..3_000).map(|i| 40.0 / f64::from(i).sqrt() + f64::from(i % 17)).collect::<Vec<_>>())?;
    let lorenz = df!("users" => [0.0, 0.25, 0.5, 0.75, 0.9, 1.0], "value" => [0.0, 0.02, 0.1, 0.3, 0.55, 1.0], "equal" => [0.0, 0.25, 0.5, 0.75, 0.9, 1.0])?;
    let nine: Vec<String> =
        (0..9).map(|i| format!("a segment with quite a long name {i}")).collect();
    let many = df!(
        "quarter" => (0..27).map(|i| ["Q1", "Q2", "Q3"][i / 9]).collect::<Vec<_>>(),
        "month" => (0..27).map(|i| i / 9).collect::<Vec<i32>>(),
        "segment" => (0..27).map(|i| nine[i % 9].clone()).collect::<Vec<_>>(),
        "users" => (0..27).map(|i| f64::from(i * 13 % 29 + 5)).collect::<Vec<_>>(),
    )?;
    Ok(vec![
        (
            "dates",
            chart::line(&users, "day", "users")
                .title("Growth trebles after the new onboarding")
                .subtitle("Daily active users, all plans, January to October 2024")
                .vline(day(151), "new onboarding")
                .vspan(day(60), day(85), "spring campaign")
                .hline(1_000, "target")
                .annotate(day(250), weekly(250), "The first day with more than 1,000 active users")
                .draw()?,
        ),
        (
            "close_lines",
            chart::line(&users, "day", "users")
                .title("Two releases, one week apart")
                .vline(day(100), "first release")
                .vline(day(107), "second release")
                .vline(day(290), "end of the test period")
                .annotate(day(3), weekly(3), "beginning")
                .annotate(day(299), weekly(299), "latest")
                .draw()?,
        ),
        ("few_days", chart::line(&fortnight, "day", "users").title("Less than three weeks of days").draw()?),
        (
            "highlight",
            chart::line(&retention, "month", "rate").by("plan").highlight("team")
                .title("Half of the team customers are still there after five months, and after a year one in seven is")
                .subtitle("Customers still subscribed, share of those who started in 2024, by plan; customers who changed their plan count under the first one")
                .x_label("Months since the first payment").unit(Unit::Percent).x_ticks(TickUnit::Months)
                .hspan(0.4, 0.5, "industry range")
                .draw()?,
        ),
        (
            "interval",
            chart::interval(&levers, "lever", "lift", "low", "high").unit(Unit::Points).by_value()
                .title("Only the invite reminder clearly pays")
                .labels("Lift in activation, percentage points with 95% intervals", "Lever")
                .reference(0.0, "no effect").vspan(0.02, 0.08, "worth building").highlight("Invite reminder").size(720, 260)
                .draw()?,
        ),
        (
            "bars",
            chart::bar(&levers, "lever", "lift").unit(Unit::Points).by_value().highlight("Invite reminder")
                .title("The invite reminder lifts activation most").labels("Lever", "Lift in activation, percentage points")
                .hline(0.03, "worth building").annotate("Annual discount", -0.008, "the only one below zero").size(720, 280)
                .draw()?,
        ),
        (
            "bars_upright",
            chart::bar(&many, "quarter", "users").by("segment").title("A legend of squares; the colours begin again")
                .vspan("Q2", "Q2", "the experiment").hline(20, "capacity").draw()?,
        ),
        ("lines_legend", chart::line(&many, "month", "users").by("segment").title("A legend of lines").draw()?),
        (
            "noise",
            chart::heatmap(&cells, "hour", "channel", "gap").unit(Unit::Points).x_ticks(TickUnit::Hours).range(-0.1, 0.1)
                .muted("noise", "interval includes 0")
                .title("Most differences between hours are noise").value_label("Conversion less its average").y_label("Channel")
                .x_label("Hour of the day, UTC").size(720, 260).draw()?,
        ),
        (
            "cohorts",
            chart::heatmap(&cohorts, "month", "cohort", "rate").unit(Unit::Percent).x_ticks(TickUnit::Months)
                .title("Each cohort keeps the same share").subtitle("Monthly cohorts of customers, January to June 2024")
                .value_label("Customers still active").labels("Months since sign-up", "Month of sign-up").size(720, 320).draw()?,
        ),
        (
            "histogram",
            chart::histogram(&lengths, "minutes").title("Few sessions last longer than half an hour").labels("Minutes", "Sessions")
                .x_ticks(TickUnit::Minutes).vline(8.5, "median").vspan(30, 60, "the last decile").annotate(39, 10, "who are they?").draw()?,
        ),
        (
            "lorenz",
            chart::line(&lorenz, "users", "value").diagonal("equal shares").unit(Unit::Percent).x_unit(Unit::Percent)
                .title("The most active decile does 45% of everything").labels("Users, least active first", "Share of all events")
                .annotate(0.9, 0.55, "90% of users do 55%").size(520, 400).draw()?,
        ),
    ])
}
