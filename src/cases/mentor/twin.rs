//! The business with something done about it.

use super::checked::Checked;
use super::config::Config;
use super::intervention::Intervention;
use super::market::Outcome;
use super::{Batch, MOST_SESSIONS, Tables, learning_paths, modules, slices, truth};
use crate::cases::part::Part;
use crate::error::{Error, Result};

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
    tables(&Checked::with(config, done)?)
}

/// Generates all tables.
pub(super) fn tables(checked: &Checked) -> Result<Tables> {
    let config = checked.config;
    let most = (MOST_SESSIONS as f64 / truth::sessions_each(checked).max(1.0)) as u32;
    if config.users > most {
        let accepted = format!("1 to {most} in memory; `batches` makes more, a slice at a time");
        return Err(Error::config("users", config.users, accepted));
    }
    let outcome = Outcome::new(checked);
    let mut users = Batch::new(checked, &outcome, 1..1)?;
    for slice in slices(checked, Part::WHOLE.ids(config.users)) {
        users.append(Batch::new(checked, &outcome, slice)?)?;
    }
    Ok(Tables {
        learning_paths: learning_paths()?,
        modules: modules()?,
        users_info: users.users_info,
        enrolments: users.enrolments,
        users_events: users.users_events,
        tickets: users.tickets,
        subscriptions: users.subscriptions,
        assignments: users.assignments,
        mentors: super::tables::mentors(&outcome.mentors)?,
        applications: super::tables::applications(&outcome.mentors)?,
        requests: users.requests,
        matches: users.matches,
        calls: users.calls,
        messages: users.messages,
    })
}
