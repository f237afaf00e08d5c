//! Relations

use casebook::prelude::*;

use crate::Drawing;

pub const ALL: &[Drawing] =
    &[("scatter", scatter), ("scatter_fit", scatter_fit), ("heatmap", heatmap)];

/// Companies with seats, revenue, sessions a week and retention.
fn companies(count: u64) -> Result<DataFrame> {
    let (mut seats, mut mrr, mut plan, mut sessions, mut kept) =
        (vec![], vec![], vec![], vec![], vec![]);
    for id in 0..count {
        let mut rng = stream(7, "companies", id);
        let mut normal = |mean: f64, sd: f64| {
            // A sum of twelve uniform numbers is close to normal.
            mean + sd * ((0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0)
        };
        let size = normal(2.4, 1.0).exp().max(1.0).round();
        let business = normal(size.ln(), 0.8) > 3.2;
        let active = normal(9.0, 4.0).max(0.0);
        seats.push(size);
        mrr.push(
            (if business { 16.0 } else { 9.0 } * size.powf(0.94) * normal(0.0, 0.25).exp())
                .max(5.0)
                .round(),
        );
        plan.push(if business { "Business" } else { "Team" });
        sessions.push(active);
        kept.push((0.35 + 0.03 * active + normal(0.0, 0.12)).clamp(0.0, 1.0));
    }
    Ok(df!("seats" => seats, "mrr" => mrr, "plan" => plan, "sessions" => sessions, "kept" => kept)?)
}

/// ### Scatter
///
/// Two numbers for each company or user, coloured by group if there is one, on logarithmic axes where both span orders of magnitude. Dots
/// are transparent, so that thousands still show where most are.
///
/// Our World in Data's scatter plots default to logarithmic axes for income and population, and say so: here, the subtitle does.
pub fn scatter() -> Result<Figure> {
    let companies = companies(2_000)?;
    chart::scatter(&companies, "seats", "mrr")
        .by("plan")
        .log_x()
        .log_y()
        .unit(Unit::Dollars)
        .title("At the same size, Business companies pay almost twice as much")
        .subtitle("Monthly recurring revenue by seats, 2,000 companies, logarithmic axes")
        .labels("Seats", "MRR")
        .draw()
}

/// ### Scatter with a fitted line
///
/// The least-squares line and the 95% band of its mean.
///
/// ggplot2's `geom_smooth` fits a curve by default, which invites stories about its bends; ours is a straight line, so that the
/// title can state its slope.
pub fn scatter_fit() -> Result<Figure> {
    let companies = companies(240)?;
    chart::scatter(&companies, "sessions", "kept")
        .fit()
        .unit(Unit::Percent)
        .title("Each extra weekly session goes with about three points more retention")
        .subtitle("Share of users active after 90 days by sessions a week, 240 companies")
        .labels("Sessions per user per week", "Share active")
        .draw()
}

/// ### Heat map
///
/// A number for each pair: cohorts and months, weekdays and hours. The key says what colour encodes; cells that can't be
/// observed yet stay grey. With `range`, colours keep to a scale of your own, so that noise isn't stretched from light to dark.
///
/// One hue that only darkens, as ColorBrewer recommends for amounts; for values around 0, two hues around white.
pub fn heatmap() -> Result<Figure> {
    let cohorts = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"];
    let (mut cohort, mut month, mut kept) = (vec![], vec![], vec![]);
    for (place, name) in cohorts.into_iter().enumerate() {
        for age in 1..7 {
            cohort.push(name);
            month.push(age);
            let better = if place >= 3 { 0.08 } else { 0.0 };
            let rate = 0.62 * 0.86_f64.powi(age) + better;
            kept.push((place + (age as usize) < 7).then_some(rate));
        }
    }
    let kept = df!("cohort" => cohort, "month" => month, "kept" => kept)?;
    chart::heatmap(&kept, "month", "cohort", "kept")
        .unit(Unit::Percent)
        .value_label("Share active")
        .title("Cohorts since April keep more of their users than those before")
        .subtitle("Share of each cohort active again, by month since sign-up, 2024")
        .labels("Months since sign-up", "Cohort")
        .draw()
}
