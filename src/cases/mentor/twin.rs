//! The business with something done about it.

use super::checked::Checked;
use super::config::Config;
use super::intervention::Intervention;
use super::{Tables, everything};
use crate::error::Result;

/// Generates the business with interventions carried out.
///
/// Without interventions the tables are those of [`generate`](super::generate). What an intervention doesn't touch stays as it is;
/// but mentors are shared: whoever gets a place leaves another user waiting.
///
/// # Errors
/// Those of [`generate`](super::generate) and [`Intervention::validate`].
///
/// ```
/// use casebook::cases::mentor::{self, CallBack, Intervention, Whom};
///
/// let config = mentor::Config { users: 400, ..Default::default() };
/// let at_once = CallBack { from: 0, whom: Whom::All, within_hours: 1.0 };
/// let base = mentor::generate(&config)?;
/// let twin = mentor::generate_with(&config, &[Intervention::CallBack(at_once)])?;
/// assert!(twin.users_events.height() > base.users_events.height());
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn generate_with(config: &Config, done: &[Intervention]) -> Result<Tables> {
    everything(&Checked::with(config, done)?)
}
