//! Who signed up, who is active, and who comes back.

use casebook::Result;
use casebook::cases::notion::study;
use casebook::metrics::retention::{self, Retention, Rule, Weight};
use casebook::metrics::{Period, activity, concentration, growth};
use casebook::polars::prelude::*;

use super::config::Config;
use super::inputs::Inputs;
use super::making::Making;

/// The days on which users may be back.
const DAYS: [u32; 6] = [1, 7, 14, 30, 60, 90];

/// Returns the period of cohorts: the one asked for, or the longest of which several fit into the time observed.
pub(super) fn period(config: &Config, inputs: &Inputs) -> Result<Period> {
    let days = (inputs.until - inputs.first).num_days();
    Ok(config.period()?.unwrap_or(match days {
        92.. => Period::Month,
        21.. => Period::Week,
        _ => Period::Day,
    }))
}

pub(super) fn measure(config: &Config, inputs: &Inputs, making: &mut Making) -> Result<()> {
    let Inputs { users, events, observed, .. } = inputs;
    making.add("engagement", activity::daily(events, *observed)?);
    let how = Retention::default().window(*observed);
    let cohorts = how.cohorts(users, events, period(config, inputs)?)?;
    let first = cohorts.clone().lazy().filter(col("period").eq(lit(0_i64)));
    making.add("signups", first.select([col("cohort"), col("size").alias("signups")]).collect()?);
    making.add("retention_matrix", study::matrix(&cohorts)?);
    making.add("retention_curve", retention::curve(&cohorts, Weight::Size)?);
    making.add("cohort_retention", cohorts);
    let days = how.day_n(users, events, &DAYS, Rule::OnDay)?;
    let days = days.lazy().filter(col("eligible").gt(lit(0_i64))).collect()?;
    match days.height() {
        0 => {
            making.leave("Retention by day", "nobody was observed for a whole day after the first")
        }
        _ => making.add("retention_days", days),
    }

    match config.events.event {
        Some(_) => {
            let named = events.filter(col("event").is_not_null())?;
            making.add("feature_adoption", growth::adoption(users, &named, "event", *observed)?);
        }
        None => making.leave("Adoption", "`events.event` names no column of events' names"),
    }
    let power = growth::power_users(events, study::quarter(inputs.until))?;
    match power.height() {
        10.. => making.add("power_users", growth::deciles(&power)?),
        few => making.leave(
            "Power users",
            format!("only {few} users were active in the last 90 days, too few for deciles"),
        ),
    }
    let each = study::events_per_user(users, events)?;
    making.add("concentration", concentration::summary(&each, "events", &[0.1])?);
    Ok(())
}
