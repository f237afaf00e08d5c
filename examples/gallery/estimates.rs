//! Estimates and how sure they are

use casebook::prelude::*;

use crate::Drawing;

pub const ALL: &[Drawing] =
    &[("intervals", intervals), ("dumbbell", dumbbell), ("calibrated", calibrated)];

/// ### Intervals
///
/// Estimates side by side, each with its interval, in numbers too, and a line to compare them with.
///
/// This is the forest plot of medical reviews, including the column of numbers at the right; ggplot2's `geom_pointrange` leaves
/// those out, and readers then guess.
pub fn intervals() -> Result<Figure> {
    let estimates = df!(
        "estimate" => ["Naive: mentored or not", "As assigned", "Users who accepted"],
        "effect" => [0.404, 0.081, 0.158],
        "low" => [0.386, 0.012, 0.024],
        "high" => [0.422, 0.150, 0.291],
    )?;
    chart::interval(&estimates, "estimate", "effect", "low", "high")
        .vline(0.163, "true effect")
        .unit(Unit::Points)
        .title("The naive comparison more than doubles the effect of a mentor")
        .subtitle(
            "Effect of a mentor on retention after half a year, percentage points, 95% intervals",
        )
        .labels("Effect on retention", "Estimate")
        .size(720, 260)
        .draw()
}

/// ### Dumbbell
///
/// Two values for each of several groups: before and after, control and treatment, men and women. The line between them is the
/// difference, and `sort_by_difference` puts the largest first.
///
/// Datawrapper calls it a range plot, and keeps the line between the dots grey: so do we.
pub fn dumbbell() -> Result<Figure> {
    let activation = df!(
        "channel" => ["Organic search", "Paid social", "Paid search", "Referral", "Partner", "Newsletter", "Direct"],
        "old" => [0.412, 0.281, 0.344, 0.553, 0.468, 0.391, 0.502],
        "new" => [0.488, 0.389, 0.401, 0.580, 0.457, 0.455, 0.521],
    )?;
    chart::dumbbell(&activation, "channel", "old", "new")
        .groups("Old onboarding", "New onboarding")
        .sort_by_difference()
        .unit(Unit::Percent)
        .title("The new onboarding helps paid social most and partners not at all")
        .subtitle("Share of sign-ups activated within a week, by channel, June 2024")
        .labels("Share activated", "Channel")
        .draw()
}

/// ### Calibration
///
/// Predicted probabilities against what happened, by decile of the prediction, with 95% intervals and how many cases stand
/// behind each. On the diagonal, predictions can be taken at their word.
///
/// scikit-learn's calibration display has neither intervals nor counts, so that a decile of 20 looks like one of 20,000: both
/// are part of ours.
pub fn calibrated() -> Result<Figure> {
    let mut rng = stream(7, "calibration", 0);
    let (mut risk, mut churned) = (vec![], vec![]);
    for _ in 0..6_000 {
        let score = rng.random::<f64>().powf(2.2) * 0.8;
        risk.push(score);
        churned.push(rng.random::<f64>() < 0.05 + 0.72 * score);
    }
    let scores = df!("risk" => risk, "churned" => churned)?;
    let deciles = calibration::by_quantile(&scores, "risk", "churned", 10)?;
    chart::calibration(&deciles)
        .title("The churn model is too optimistic at low risk and too gloomy at high risk")
        .subtitle("Share that churned among 6,000 customers, by decile of predicted risk, with 95% intervals")
        .labels("Predicted probability of churn", "Share that churned")
        .draw()
}
