//! Small multiples, calibration, flows, transitions, stacked areas and box plots, wide and narrow, as PNG files.
//!
//! Run with `cargo run --example charts_more -- FOLDER`.

use casebook::prelude::*;

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "target/charts".into());
    std::fs::create_dir_all(&folder).map_err(PolarsError::from)?;
    for (suffix, size) in [("", (720, 400)), ("_narrow", (360, 400))] {
        for (name, figure) in figures(size)? {
            let path = format!("{folder}/{name}{suffix}.png");
            figure.save(&path)?;
            println!("{path}: {}", figure.alt());
        }
    }
    Ok(())
}

fn figures(size: (u32, u32)) -> Result<Vec<(&'static str, Figure)>> {
    let mut all = trends(size)?;
    all.extend(flows(size)?);
    all.extend(distributions(size)?);
    Ok(all)
}

/// First days of the months of two years.
fn months() -> Vec<chrono::NaiveDate> {
    let first = Month { year: 2024, month: 1 }.midnight().date();
    (0..24).filter_map(|month| first.checked_add_months(chrono::Months::new(month))).collect()
}

fn trends((width, height): (u32, u32)) -> Result<Vec<(&'static str, Figure)>> {
    // Sign-ups a month by channel: where they start, how they grow, and how strong their season is.
    let channels = [
        ("Ads", 820.0, -0.026, 0.05),
        ("Search", 610.0, 0.006, 0.08),
        ("Referral", 120.0, 0.085, 0.03),
        ("Partners", 240.0, 0.012, 0.25),
        ("Events", 60.0, 0.0, 0.9),
        ("App stores", 180.0, 0.03, 0.04),
    ];
    let (mut month, mut channel, mut signups) = (vec![], vec![], vec![]);
    for (name, start, growth, season) in channels {
        for (t, day) in months().into_iter().enumerate() {
            let wave = 1.0 + season * (t as f64 * std::f64::consts::TAU / 12.0).sin();
            month.push(day);
            channel.push(name);
            signups.push((start * f64::exp(growth * t as f64) * wave).round());
        }
    }
    let signups = df!("month" => month, "channel" => channel, "signups" => signups)?;
    let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let plans = [
        ("Free", [310, 300, 305, 290, 260, 420, 450]),
        ("Team", [880, 930, 940, 920, 790, 160, 130]),
        ("Enterprise", [540, 560, 570, 555, 480, 60, 45]),
    ];
    let sessions = df!(
        "weekday" => weekdays.repeat(3),
        "plan" => plans.iter().flat_map(|(name, _)| [*name; 7]).collect::<Vec<_>>(),
        "sessions" => plans.iter().flat_map(|(_, sessions)| *sessions).collect::<Vec<i32>>(),
    )?;
    // Monthly revenue by plan; the billing system's export failed in one month.
    let plans = [("Monthly", 42.0, 0.004), ("Annual", 14.0, 0.045), ("Enterprise", 3.0, 0.11)];
    let (mut month, mut plan, mut revenue) = (vec![], vec![], vec![]);
    for (name, start, growth) in plans {
        for (t, day) in months().into_iter().enumerate() {
            month.push(day);
            plan.push(name);
            revenue.push((t != 9).then(|| 1_000.0 * start * f64::exp(growth * t as f64)));
        }
    }
    let revenue = df!("month" => month, "plan" => plan, "revenue" => revenue)?;
    Ok(vec![
        (
            "multiples",
            chart::multiples(&signups, "month", "signups", "channel")
                .others()
                .title("Referrals overtook every other channel while ads shrank")
                .labels("Month", "Sign-ups a month, by channel; the others in grey")
                .size(width, height)
                .draw()?,
        ),
        (
            "multiples_bars",
            chart::multiples(&sessions, "weekday", "sessions", "plan")
                .bars()
                .title("Free users come at weekends, paying teams on working days")
                .labels("Day of the week", "Sessions a day, thousands")
                .size(width, height)
                .draw()?,
        ),
        (
            "area",
            chart::area(&revenue, "month", "revenue", "plan")
                .unit(Unit::Dollars)
                .title("Growth comes from enterprise and annual plans, not from monthly ones")
                .labels(
                    "Month; the export of October 2024 failed",
                    "Monthly recurring revenue, US dollars",
                )
                .size(width, height)
                .draw()?,
        ),
        (
            "area_share",
            chart::area(&revenue, "month", "revenue", "plan")
                .share()
                .title("Monthly plans fell from 71% of revenue to 37% in two years")
                .labels(
                    "Month; the export of October 2024 failed",
                    "Share of monthly recurring revenue",
                )
                .size(width, height)
                .draw()?,
        ),
    ])
}

fn flows((width, height): (u32, u32)) -> Result<Vec<(&'static str, Figure)>> {
    let steps = [
        ("Ads", "Activated", 2_400),
        ("Ads", "Left in week 1", 5_600),
        ("Search", "Activated", 3_100),
        ("Search", "Left in week 1", 1_900),
        ("Referral", "Activated", 1_700),
        ("Referral", "Left in week 1", 500),
        ("Referral", "Paying", 300),
        ("Activated", "Paying", 2_050),
        ("Activated", "Free, active", 3_350),
        ("Activated", "Left in month 1", 1_800),
    ];
    let steps = df!(
        "from" => steps.map(|step| step.0), "to" => steps.map(|step| step.1),
        "users" => steps.map(|step| step.2),
    )?;
    let states = ["Free", "Team", "Business", "Cancelled"];
    let moves = [
        [[8_200, 900, 60, 1_300], [260, 3_900, 420, 310], [10, 120, 1_900, 90]],
        [[7_400, 780, 50, 1_150], [300, 4_050, 540, 330], [15, 140, 2_150, 100]],
    ];
    let (mut stage, mut from, mut to, mut users) = (vec![], vec![], vec![], vec![]);
    for (quarter, moves) in moves.iter().enumerate() {
        for (row, moves) in moves.iter().enumerate() {
            for (column, count) in moves.iter().enumerate() {
                stage.push(quarter as i64 + 1);
                from.push(states[row]);
                to.push(states[column]);
                users.push(*count);
            }
        }
    }
    let plans = df!("quarter" => stage, "from" => from, "to" => to, "users" => users)?;
    let first = plans.keep(col("quarter").eq(lit(1)))?;
    Ok(vec![
        (
            "sankey",
            chart::sankey(&steps, "from", "to", "users")
                .title("Ads bring the most people, and most of them leave within a week")
                .labels("", "Users who signed up in March, until a month later")
                .headings(["Channel", "First week", "After a month"])
                .size(width, height)
                .draw()?,
        ),
        (
            "sankey_stages",
            chart::sankey(&plans, "from", "to", "users")
                .stages("quarter")
                .title("Most customers stay where they are; free users cancel most")
                .labels("", "Customers by plan")
                .headings(["Q1", "Q2", "Q3"])
                .size(width, height)
                .draw()?,
        ),
        (
            "transitions",
            chart::transitions(&first, "from", "to", "users")
                .title("One in eight free users cancels in a quarter, one in 24 on Business")
                .labels("Plan in Q2", "Plan in Q1; share of each row, with customers")
                .size(width, height)
                .draw()?,
        ),
    ])
}

fn distributions((width, height): (u32, u32)) -> Result<Vec<(&'static str, Figure)>> {
    // A model that was trained before prices rose: too sure of those at low risk, too gloomy about the others.
    let mut rng = stream(7, "calibration", 0);
    let (mut risk, mut churned) = (vec![], vec![]);
    for _ in 0..6_000 {
        let score = rng.random::<f64>().powf(2.2) * 0.8;
        risk.push(score);
        churned.push(rng.random::<f64>() < 0.05 + 0.72 * score);
    }
    let scores = df!("risk" => risk, "churned" => churned)?;
    let deciles = calibration::by_quantile(&scores, "risk", "churned", 10)?;
    // Minutes to the first reply, by support channel: log-normal, as such times mostly are.
    let channels = [
        ("Chat", 1.6, 0.7, 900),
        ("Phone", 2.4, 0.5, 400),
        ("E-mail", 5.2, 1.1, 1_300),
        ("Forum", 6.1, 1.4, 240),
    ];
    let (mut channel, mut minutes) = (vec![], vec![]);
    for (name, centre, width, tickets) in channels {
        let law = rand_distr::LogNormal::new(centre, width)
            .map_err(|_| Error::config("width", width, "0 or more"))?;
        channel.extend(std::iter::repeat_n(name, tickets));
        minutes.extend((0..tickets).map(|_| law.sample(&mut rng)));
    }
    let tickets = df!("channel" => channel, "minutes" => minutes)?;
    let spread = distribution::summary(&tickets, "channel", "minutes")?.sort_asc("median")?;
    let live = spread.keep(col("channel").eq(lit("Chat")).or(col("channel").eq(lit("Phone"))))?;
    let beyond = distribution::outliers(&tickets, "channel", "minutes")?;
    let five = ["low", "q1", "median", "q3", "high"];
    Ok(vec![
        (
            "calibration",
            chart::calibration(&deciles)
                .title("The churn model is too optimistic at low risk, too gloomy at high risk")
                .labels(
                    "Predicted probability of churn, by decile",
                    "Customers who churned, with 95% intervals",
                )
                .size(width, height)
                .draw()?,
        ),
        (
            "boxplot",
            chart::boxplot(&spread, "channel", five)
                .counts("n")
                .outliers(&beyond, "channel", "minutes")
                .log()
                .title("Half of chats are answered in five minutes; e-mail takes three hours")
                .labels("Minutes to the first reply, logarithmic", "Support channel")
                .size(width, height)
                .draw()?,
        ),
        (
            "boxplot_linear",
            chart::boxplot(&live, "channel", five)
                .counts("n")
                .title("Phone calls wait twice as long as chats")
                .labels("Minutes to the first reply", "Support channel")
                .size(width, 260)
                .draw()?,
        ),
    ])
}
