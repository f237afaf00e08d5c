//! A study, from files to frames.

use casebook::Result;
use casebook::polars::prelude::*;

use super::config::Config;
use super::frames::Study;
use super::inputs::Inputs;
use super::making::Making;
use super::{growth, key_metrics, money, people};

impl Study {
    /// Reads the files and computes everything that they allow.
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File) for a file that cannot be read, naming the row, and for a missing
    /// column; [`ErrorKind::InvalidConfig`](casebook::ErrorKind::InvalidConfig) for a name that no event has; those of
    /// the metrics.
    pub fn new(config: &Config) -> Result<Study> {
        let inputs = Inputs::read(config)?;
        let mut making = Making { frames: vec![], left_out: vec![] };
        people::measure(config, &inputs, &mut making)?;
        growth::measure(config, &inputs, &mut making)?;
        money::measure(config, &inputs, &mut making)?;
        let Making { frames, left_out } = making;
        let mut study = Study { frames };
        study.frames.push(("observed", observed(config, &inputs)?));
        let (sections, reasons): (Vec<&str>, Vec<String>) = left_out.into_iter().unzip();
        study.frames.push(("left_out", df!("section" => sections, "reason" => reasons)?));
        let key = key_metrics::key_metrics(&study, &inputs)?;
        study.frames.push(("key_metrics", key));
        Ok(study)
    }
}

/// Says what was observed: `first`, `until` (Date), `users`, `earlier`, `events`, `counted` (i64), `cohorts` (text: the
/// period of cohorts).
fn observed(config: &Config, inputs: &Inputs) -> Result<DataFrame> {
    Ok(df!(
        "cohorts" => [people::period(config, inputs)?.to_string()],
        "first" => [inputs.first],
        "until" => [inputs.until],
        "users" => [inputs.users.len() as i64],
        "earlier" => [inputs.earlier as i64],
        "events" => [inputs.recorded as i64],
        "counted" => [inputs.events.len() as i64],
    )?)
}
