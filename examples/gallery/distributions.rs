//! Distributions

use casebook::prelude::*;

use crate::Drawing;

pub const ALL: &[Drawing] = &[("histogram", histogram), ("boxplot", boxplot)];

/// ### Histogram
///
/// How values are spread, with a density over it if there is one to compare with.
///
/// Bins are equal, round and counted in the unit of the axis; R's default of thirty bins whatever the data, which ggplot2 itself
/// warns about, isn't ours.
pub fn histogram() -> Result<Figure> {
    let lengths = (1..=4_000).map(|i| 24.0 * (-f64::ln(f64::from(i) / 4_001.0)).powf(0.7));
    let sessions = df!("minutes" => lengths.collect::<Vec<_>>())?;
    let median = sessions.scalar(col("minutes").median())?;
    chart::histogram(&sessions, "minutes")
        .x_ticks(TickUnit::Minutes)
        .vline(median, "median")
        .title(format!("Half of all sessions end within {median:.0} minutes"))
        .subtitle("Length of 4,000 sessions in May 2024")
        .labels("Minutes", "Sessions")
        .draw()
}

/// ### Box plot
///
/// Several distributions side by side, from their quantiles: `distribution::summary` computes them. Outliers are dots, and a
/// logarithmic axis is there for what spans orders of magnitude.
///
/// The whiskers follow Tukey (1.5 interquartile ranges), as in ggplot2; the number of cases stands beside each name, which
/// ggplot2 leaves to `varwidth`.
pub fn boxplot() -> Result<Figure> {
    let channels = [
        ("Chat", 1.6, 0.7, 900),
        ("Phone", 2.4, 0.5, 400),
        ("Email", 5.2, 1.1, 1_300),
        ("Forum", 6.1, 1.4, 240),
    ];
    let mut rng = stream(7, "replies", 0);
    let (mut channel, mut minutes) = (vec![], vec![]);
    for (name, centre, spread, tickets) in channels {
        for _ in 0..tickets {
            // A sum of twelve uniform numbers is close to normal.
            let normal = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
            channel.push(name);
            minutes.push(f64::exp(centre + spread * normal));
        }
    }
    let tickets = df!("channel" => channel, "minutes" => minutes)?;
    let spread = distribution::summary(&tickets, "channel", "minutes")?.sort_asc("median")?;
    let beyond = distribution::outliers(&tickets, "channel", "minutes")?;
    chart::boxplot(&spread, "channel", ["low", "q1", "median", "q3", "high"])
        .counts("n")
        .outliers(&beyond, "channel", "minutes")
        .log()
        .title("Half of all chats are answered within 5 minutes; email takes 3 hours")
        .subtitle("Minutes to the first reply by support channel, 2,840 tickets in 2024, logarithmic axis")
        .labels("Minutes to the first reply, logarithmic", "Support channel")
        .draw()
}
