//! The business with something done about it, and the attempts at its checkout.

use polars::prelude::*;
use rand::RngExt;
use rayon::prelude::*;

use super::Tables;
use super::checked::{Checked, Person};
use super::checkout::Rates;
use super::config::{Config, Faults, MONTH};
use super::intervention::{Acquire, Intervention};
use super::overlay::{Attempt, Lived, Names, apply, last_ids, stay, stream_name};
use super::rows::{DAY, Rows, names};
use crate::cases::draw::{place, sums};
use crate::cases::frame::moments;
use crate::error::{Error, Result};
use crate::stream::{Stream, stream};

/// Acquired users register within this many days.
const CAMPAIGN: f64 = 30.0;

/// A generated business, with the attempts at its checkout.
#[derive(Debug, Clone, PartialEq)]
pub struct Twin {
    /// The tables of [`generate`](super::generate).
    pub tables: Tables,
    /// As [`checkouts`] returns them.
    pub checkouts: DataFrame,
}

/// Generates attempts to pay: `checkout_id` (i64), `session_id` (i64), `user_id`, `attempted_at` (within the session), `status`
/// ("paid", "failed"), `failure_code` (one of [`CODES`](super::CODES); null where paid), by user and time.
///
/// Each order has one paid attempt, sometimes after a failed one. An intended purchase that was lost has failed attempts only. Carts
/// that were only browsed have none.
///
/// # Errors
/// Those of [`generate`](super::generate); more failures than there are carts left behind.
///
/// ```
/// use casebook::cases::ecommerce;
///
/// let config = ecommerce::Config { users: 100, ..Default::default() };
/// assert!(ecommerce::checkouts(&config)?.height() > 100);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn checkouts(config: &Config) -> Result<DataFrame> {
    Ok(generate_with(config, &[])?.checkouts)
}

/// Generates the business with interventions carried out, and the attempts at its checkout.
///
/// Without interventions the tables are those of [`generate`](super::generate). What an intervention doesn't touch stays as it is.
/// Coupons are not in the tables: they only cost money.
///
/// # Errors
/// Those of [`checkouts`] and [`Intervention::validate`]; interventions together with planted faults.
///
/// ```
/// use casebook::cases::ecommerce::{self, Fix, Intervention, Whom};
///
/// let config = ecommerce::Config { users: 100, ..Default::default() };
/// let fix = Intervention::Fix(Fix { from: 100, whom: Whom::All, mends: 0.5 });
/// let (base, twin) = (ecommerce::generate(&config)?, ecommerce::generate_with(&config, &[fix])?);
/// assert_eq!(twin.tables.sessions, base.sessions);
/// assert!(twin.tables.events.height() > base.events.height());
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn generate_with(config: &Config, done: &[Intervention]) -> Result<Twin> {
    twin(config, done, None)
}

/// Generates a twin, up to a day if there is one.
pub(super) fn twin(config: &Config, done: &[Intervention], until: Option<u32>) -> Result<Twin> {
    let checked = Checked::new(config)?;
    check(config, done)?;
    let won = done.iter().map(|one| match one {
        Intervention::Acquire(won) => u64::from(won.users),
        _ => 0,
    });
    checked.fits_with(won.sum())?;
    let rates = Rates::new(&checked)?;
    let names = Names::new(0);
    let live = |(person, mut rng): (Person, Stream)| -> (Rows, Vec<Attempt>) {
        let mut rows = Rows::default();
        rows.push_person(&checked, person, &mut rng);
        let ids = last_ids(&rows, person.id);
        let mut lived = Lived { person, rows, last: None, ids };
        let mut attempts = apply(&checked, &rates, &names, done, &mut lived).attempts;
        let mut rows = lived.rows;
        if let Some(until) = until {
            let until = (i64::from(checked.first_day) + i64::from(until)) * DAY;
            rows.users.retain(|user| i64::from(user.registered) * DAY < until);
            rows.sessions.retain(|session| session.from < until);
            rows.events.retain(|event| event.at < until);
            attempts.retain(|attempt| attempt.at < until);
        }
        (rows, attempts)
    };
    let people = (1..=config.users).into_par_iter().map(|id| checked.person(id));
    let mut lives: Vec<_> = people.map(live).collect();
    let won = acquired(&checked, done, 0);
    lives.extend(won.into_par_iter().map(live).collect::<Vec<_>>());
    let (mut all, mut attempts) = (Rows::default(), vec![]);
    for (rows, own) in lives {
        all.users.extend(rows.users);
        all.sessions.extend(rows.sessions);
        all.events.extend(rows.events);
        attempts.extend(own);
    }
    let batch = all.frames(&checked)?;
    let products = checked.products()?;
    let tables =
        Tables { users: batch.users, products, sessions: batch.sessions, events: batch.events };
    Ok(Twin { tables, checkouts: frame(&attempts)? })
}

fn frame(attempts: &[Attempt]) -> Result<DataFrame> {
    let status = |attempt: &Attempt| if attempt.code.is_some() { "failed" } else { "paid" };
    Ok(df!(
        "checkout_id" => attempts.iter().map(|one| one.session * 10 + one.number).collect::<Vec<_>>(),
        "session_id" => attempts.iter().map(|one| one.session).collect::<Vec<_>>(),
        "user_id" => names(attempts.iter().map(|one| one.session)),
        "attempted_at" => moments("attempted_at", attempts.iter().map(|one| one.at))?,
        "status" => attempts.iter().map(status).collect::<Vec<_>>(),
        "failure_code" => attempts.iter().map(|one| one.code).collect::<Vec<_>>(),
    )?)
}

/// Checks interventions, and that no faults are planted among what they change.
pub(super) fn check(config: &Config, done: &[Intervention]) -> Result<()> {
    done.iter().try_for_each(Intervention::validate)?;
    if !done.is_empty() && config.faults != Faults::default() {
        return Err(Error::config("faults", "planted", "none where interventions are carried out"));
    }
    Ok(())
}

/// Draws the people won, each with the stream to continue with.
pub(super) fn acquired(
    checked: &Checked,
    done: &[Intervention],
    future: u64,
) -> Vec<(Person, Stream)> {
    let (config, name) = (checked.config, stream_name("acquired", future));
    let wins = done.iter().filter_map(|one| match one {
        Intervention::Acquire(won) if won.from < config.days => Some(won),
        _ => None,
    });
    let each = wins.flat_map(|won: &Acquire| std::iter::repeat_n(won, won.users as usize));
    each.zip(config.users + 1..)
        .map(|(won, id)| {
            let mut rng = stream(config.seed, &name, u64::from(id));
            let segment = place(&sums(won.mix.iter().copied()), &mut rng);
            let registered = won.from + rng.random_range(0.0..CAMPAIGN) as u32;
            let (low, high) = config.segments[segment].sessions;
            let rate = (low + (high - low) * rng.random_range(0.0..1.0)) / MONTH;
            let stays = stay(checked, segment, rng.random_range(0.0..1.0));
            let registered = registered.min(config.days - 1);
            (Person { id, segment, registered, rate, stays }, rng)
        })
        .collect()
}
