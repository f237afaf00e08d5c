//! Change over time

use casebook::prelude::*;
use chrono::NaiveDate;

use crate::Drawing;

pub const ALL: &[Drawing] = &[
    ("line", line),
    ("survival_curve", survival_curve),
    ("multiples", multiples),
    ("area", area),
    ("slope", slope),
];

/// ### Line
///
/// How something develops, with a band for uncertainty if there is one. Names stand at the lines' ends; a legend takes over
/// where they don't fit. The launch that the title names is a line on the chart.
///
/// Our World in Data labels lines directly and keeps the grid light; the Economist marks events on the chart. plotnine's legend
/// beside the plot costs a fifth of the width, so we only use one where labels can't be placed.
pub fn line() -> Result<Figure> {
    let weeks = 0..26;
    let active = df!(
        "week" => weeks.clone().collect::<Vec<_>>(),
        "users" => weeks.map(|week| 4_100 + 12 * week + if week > 14 { 140 * (week - 14) } else { 0 }).collect::<Vec<_>>(),
    )?;
    chart::line(&active, "week", "users")
        .x_ticks(TickUnit::Weeks)
        .vline(14, "new onboarding")
        .annotate(25, 5_940, "5,940 users")
        .title("Weekly active users took off with the new onboarding")
        .subtitle("Weekly active users in the first half of 2024")
        .labels("Weeks since January 1", "Users")
        .draw()
}

/// ### Survival curve
///
/// The share still there, level until the next event, with its 95% band, and below the axis how many are at risk. It reads what
/// `survival::kaplan_meier` returns.
///
/// Medical journals require the numbers at risk, since the right end of a curve rests on few; lifelines draws them on request.
/// Ours has them wherever they fit.
pub fn survival_curve() -> Result<Figure> {
    let plans = [("monthly", 0.14), ("annual", 0.03)];
    let mut rng = stream(7, "subscriptions", 0);
    let (mut plan, mut duration, mut observed) = (vec![], vec![], vec![]);
    for (name, hazard) in plans {
        for customer in 0..180 {
            // Customers joined over a year, so that not everybody has been observed for 18 months.
            let (months, most) =
                ((1..=18).find(|_| rng.random::<f64>() < hazard), 18 - customer % 12);
            plan.push(name);
            duration.push(f64::from(months.unwrap_or(most).min(most)));
            observed.push(months.is_some_and(|months| months <= most));
        }
    }
    let lives = df!("plan" => plan, "duration" => duration, "observed" => observed)?;
    let curve = survival::kaplan_meier(&lives, Some("plan"))?;
    chart::survival(&curve)
        .by("plan")
        .x_ticks(TickUnit::Months)
        .title("After a year, most annual customers remain and few monthly ones")
        .subtitle(
            "Share of 360 customers still subscribed, by plan, with 95% intervals, 2023 and 2024",
        )
        .labels("Months since the first payment", "Share subscribed")
        .draw()
}

/// ### Small multiples
///
/// One small chart for each series, on the same axes, the others in grey behind it if asked. For more series than a line chart
/// can carry.
///
/// Shared axes and a panel's name above it are ggplot2's facets; the grey context lines are the Financial Times'.
pub fn multiples() -> Result<Figure> {
    let channels = [
        ("Ads", 820.0, -0.026),
        ("Search", 610.0, 0.006),
        ("Referral", 120.0, 0.085),
        ("Partners", 240.0, 0.012),
    ];
    let (mut month, mut channel, mut signups) = (vec![], vec![], vec![]);
    for (name, start, growth) in channels {
        for t in 0..24 {
            month.push(t);
            channel.push(name);
            signups.push((start * f64::exp(growth * f64::from(t))).round());
        }
    }
    let signups = df!("month" => month, "channel" => channel, "signups" => signups)?;
    chart::multiples(&signups, "month", "signups", "channel")
        .others()
        .x_ticks(TickUnit::Months)
        .title("Referral overtook every other channel while ads shrank")
        .subtitle("Sign-ups a month by channel, 2023 and 2024; the other channels in grey")
        .labels("Months since January 2023", "Sign-ups a month")
        .draw()
}

/// ### Stacked area
///
/// Parts of a whole over time, as amounts or, with `share`, as shares. A missing value is a gap, not a zero; negative parts are
/// refused.
///
/// Our World in Data lets readers switch between amounts and shares, and labels parts inside or at the right: we have the
/// labels, and the switch is a second chart. Parts are stacked in the order of the frame; put the one that readers should compare
/// first, at the bottom.
pub fn area() -> Result<Figure> {
    let plans =
        [("Monthly", 42_000.0, 0.004), ("Annual", 14_000.0, 0.045), ("Enterprise", 3_000.0, 0.11)];
    let first = NaiveDate::from_ymd_opt(2023, 1, 1).unwrap_or_default();
    let months = (0..24).filter_map(|month| first.checked_add_months(chrono::Months::new(month)));
    let (mut month, mut plan, mut revenue) = (vec![], vec![], vec![]);
    for (t, day) in months.enumerate() {
        for (name, start, growth) in plans {
            month.push(day);
            plan.push(name);
            revenue.push(start * f64::exp(growth * t as f64));
        }
    }
    let revenue = df!("month" => month, "plan" => plan, "revenue" => revenue)?;
    chart::area(&revenue, "month", "revenue", "plan")
        .share()
        .title("Monthly plans fell from 71% of revenue to 37% in two years")
        .subtitle("Share of monthly recurring revenue by plan, 2023 and 2024")
        .labels("Month", "Share of MRR")
        .draw()
}

/// ### Slope
///
/// Two moments and several series: who rose, who fell, who changed places. What matters is in colour, the rest grey, and values
/// stand at both ends.
///
/// Labels that would cover each other are pushed apart, as Datawrapper's arrow and slope charts do; without that, this chart is
/// unreadable with more than four series.
pub fn slope() -> Result<Figure> {
    let retention = df!(
        "country" => ["Germany", "France", "Spain", "Italy", "Poland", "Netherlands", "Sweden", "Austria"],
        "2023" => [0.412, 0.405, 0.338, 0.331, 0.287, 0.441, 0.452, 0.409],
        "2024" => [0.418, 0.401, 0.341, 0.352, 0.419, 0.447, 0.459, 0.411],
    )?;
    chart::slope(&retention, "country", "2023", "2024")
        .highlight("Poland")
        .unit(Unit::Percent)
        .title("Poland went from last to third in 30-day retention")
        .subtitle("Share of sign-ups still active after 30 days, eight countries, 2023 and 2024")
        .draw()
}
