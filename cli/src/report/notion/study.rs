//! The numbers of the study: from tables to named frames.

use polars::prelude::*;
use rayon::prelude::*;

use casebook::cases::notion::study;
use casebook::events::Window;
use casebook::metrics::lever::Model;
use casebook::metrics::retention::{self, Weight};
use casebook::metrics::{Period, activity, confounding, growth};
use casebook::{Error, Result};

use super::frames::{Frames, Study};
use super::key_metrics::key_metrics;
use super::tables::Tables;

/// How many of the best levers are launched together.
pub(super) const LAUNCHED: usize = 3;

/// The last month whose retention is reported.
pub(super) const MONTHS: usize = 6;

impl Study {
    /// Computes everything.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](casebook::ErrorKind::MissingColumn), and those of the metrics.
    pub fn new(tables: &Tables) -> Result<Study> {
        let Tables { users, events, plans, until, .. } = tables;
        let until = *until;
        let observed = study::observed_of(users, until)?;

        // Each mostly keeps one core busy, so several run side by side.
        let parts: [&(dyn Fn() -> Result<Frames> + Sync); 7] = [
            &|| stages(tables, observed),
            &|| Ok(vec![("north_star", study::north_star(events, observed)?)]),
            &|| first_value(tables, observed),
            &|| Ok(vec![("engagement", activity::daily(events, observed)?)]),
            &|| returns(tables),
            &|| Ok(vec![("feature_adoption", study::adoption(users, events, observed)?)]),
            &|| {
                let power = growth::power_users(events, study::quarter(until))?;
                let revenue = study::recurring(users.frame(), plans)?;
                Ok(vec![("power_users", growth::deciles(&power)?), ("revenue", revenue)])
            },
        ];
        let made: Vec<Result<Frames>> =
            parts.into_par_iter().with_max_len(1).map(|part| part()).collect();
        let mut whole = Study { frames: vec![] };
        for frames in made {
            whole.frames.extend(frames?);
        }

        let levers = study::LEVERS.map(study::lever).to_vec();
        let model = study::model(whole.frame("funnel_metrics")?, study::BASE, levers)?;
        let alone = model.alone()?;
        let best = study::one_a_month(&study::best(&model, &alone, LAUNCHED)?, &alone)?;
        whole.frames.extend([
            ("growth_levers", alone),
            ("lever_overlap", best.overlap()?),
            ("growth_projections", best.projection(12)?),
            ("tornado", best.tornado(12)?),
            ("sensitivity", sensitivity(&best)?),
        ]);
        let key = key_metrics(&whole, tables)?;
        whole.frames.push(("key_metrics", key));
        Ok(whole)
    }
}

/// Computes the funnel from visit to payment: overall, by segment and by channel.
fn stages(tables: &Tables, observed: Window) -> Result<Frames> {
    let Tables { users, events, visitors, until, .. } = tables;
    let reached = study::stages().milestones(users, events, observed)?;
    let funnel = study::funnel();
    let walk = funnel.walk(&reached)?;
    let visitors = study::visitors(visitors, study::eligible(*until))?;
    Ok(vec![
        ("funnel_metrics", growth::from_visitors(visitors, &walk.conversion()?)?),
        ("segment_funnel", study::segments(&walk, users)?),
    ])
}

/// Computes when users first got value, and whether getting it soon matters.
fn first_value(tables: &Tables, observed: Window) -> Result<Frames> {
    let Tables { users, events, until, .. } = tables;
    let times = study::time_to_value(users, events, observed)?;
    let month_after = study::retention(*until).by_user(users, events, Period::Month, 1)?;
    let compared = study::fast_and_back(users, &times, &month_after)?;
    Ok(vec![
        ("activation", growth::activation_by(&times, users, "acquisition_channel")?),
        ("fast_activation", confounding::risk_ratio(&compared, "fast", "back", &study::STRATA)?),
    ])
}

/// Computes who comes back, by month of sign-up.
fn returns(tables: &Tables) -> Result<Frames> {
    let Tables { users, events, until, .. } = tables;
    let cohorts = study::retention(*until).cohorts(users, events, Period::Month)?;
    let curve = retention::curve(&cohorts, Weight::Size)?;
    let observed = curve.height();
    if observed <= MONTHS {
        let accepted = format!("more than {MONTHS}: the study reports retention in month {MONTHS}");
        return Err(Error::config("months observed", observed, accepted));
    }
    Ok(vec![
        ("retention_matrix", study::matrix(&cohorts)?),
        ("cohort_retention", cohorts),
        ("retention_curve", curve),
    ])
}

/// Computes what is left if all lifts are smaller and all launches later: `lifts` (text: "50%" of what is planned),
/// then a column for each delay, such as `2 months late` (f64, US dollars in twelve months).
fn sensitivity(model: &Model) -> Result<DataFrame> {
    let (lifts, delays) = ([0.25, 0.5, 0.75, 1.0, 1.25], [0.0, 2.0, 4.0, 6.0]);
    let found = model.sensitivity(12, &lifts, &delays)?;
    let additional: Vec<f64> = found.column("additional")?.f64()?.into_no_null_iter().collect();
    let names = lifts.map(|lift| format!("{:.0}%", 100.0 * lift));
    let mut columns = vec![Column::new("lifts".into(), names)];
    for (place, delay) in delays.iter().enumerate() {
        let cells: Vec<f64> =
            additional.iter().skip(place).step_by(delays.len()).copied().collect();
        columns.push(Column::new(format!("{delay} months late").into(), cells));
    }
    Ok(DataFrame::new_infer_height(columns)?)
}
