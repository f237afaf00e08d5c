//! The numbers of the study: from tables to named frames.

use rayon::prelude::*;

use casebook::cases::notion::study;
use casebook::events::Window;
use casebook::metrics::retention::{self, Weight};
use casebook::metrics::{Period, activity, confounding, growth};
use casebook::{Error, Result};

use super::frames::Study;
use super::key_metrics::key_metrics;
use super::stored::Frames;
use super::tables::Tables;

/// The last month whose retention is reported.
pub(super) const MONTHS: usize = 6;

impl Study {
    /// Computes everything about the business; [`with`](Study::with) adds the levers' part.
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
        let mut whole = Study { frames: vec![], pilots: None };
        for frames in made {
            whole.frames.extend(frames?);
        }

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
