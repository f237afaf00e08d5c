//! The shop on the day of a decision, and what each future brings.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rand::RngExt;
use rayon::prelude::*;

use super::checked::{Checked, Person, dollars};
use super::checkout::Rates;
use super::config::{Config, Faults, MONTH};
use super::evidence::Evidence;
use super::intervention::{Costs, Fix, Intervention};
use super::overlay::{Applied, Lived, Names, apply, day, last_ids, stay, visits};
use super::rows::Rows;
use super::shop::Kind;
use super::twin::{Twin, acquired, check, twin};
use crate::cases::check::within;
use crate::decision::{self, Outcome};
use crate::error::{Error, Result};
use crate::stream::stream;

/// A user on the day of the decision.
struct Start {
    person: Person,
    last: Option<i64>,
    ids: (i64, i64),
}

/// A shop that a team has seen up to a day, and that goes on.
///
/// Its [`outcome`](decision::World::outcome) is the contribution of the days after the decision. Future 0 is what
/// [`generate`](super::generate) makes, if the config's days reach that far; in any other, visits and departures after the decision are
/// drawn again. Who is there, who registers when, and in which segment, is the same in all futures. After the config's days nobody
/// registers but those who are acquired.
///
/// ```
/// use casebook::cases::ecommerce::{self, Costs, Fix, Intervention, Whom};
/// use casebook::decision::{self, Choice};
///
/// let config = ecommerce::Config { users: 200, ..Default::default() };
/// let world = ecommerce::World::new(&config, 245, 120, Costs::default())?;
/// let fix = Intervention::Fix(Fix { from: 245, whom: Whom::All, mends: 0.5 });
/// let found = decision::compare(&world, &[Choice::nothing(), Choice::new("fix", [fix])], 5)?;
/// assert_eq!(found.option("fix")?.cost, 60_000.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub struct World {
    config: Config,
    /// The same shop, observed until the end of the horizon.
    later: Config,
    decided: u32,
    horizon: u32,
    costs: Costs,
    starts: Vec<Start>,
    seen: OnceLock<Twin>,
    /// What was last read from what is seen: rules that are held against each other ask for the same.
    evidence: Mutex<Option<Arc<Evidence>>>,
}

impl World {
    /// Makes the shop of a config, decides on day `decided` (1 to the config's days), before it begins, and looks `horizon` days ahead
    /// (1 to 3,650 less `decided`).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the field that is out of range, its value and the range;
    /// planted faults; those of [`checkouts`](super::checkouts).
    pub fn new(config: &Config, decided: u32, horizon: u32, costs: Costs) -> Result<World> {
        let checked = Checked::new(config)?;
        checked.fits()?;
        Rates::new(&checked)?;
        within("decided", decided, 1, config.days)?;
        within("horizon", horizon, 1, 3_650_u32.saturating_sub(decided))?;
        costs.validate()?;
        let later = Config { days: config.days.max(decided + horizon), ..config.clone() };
        later.validate()?;
        if config.faults != Faults::default() {
            return Err(Error::config("faults", "planted", "none in a world with decisions"));
        }
        let start = |id: u32| {
            let mut rows = Rows::default();
            rows.push(&checked, id);
            keep(&checked, &mut rows, |day| day < i64::from(decided));
            let last = rows.sessions.last().map(|session| day(&checked, session.from));
            Start { person: checked.person(id).0, last, ids: last_ids(&rows, id) }
        };
        let starts = (1..=config.users).into_par_iter().map(start).collect();
        let (config, seen, evidence) = (config.clone(), OnceLock::new(), Mutex::new(None));
        Ok(World { config, later, decided, horizon, costs, starts, seen, evidence })
    }

    /// Returns what the team sees: the tables, and the attempts at the checkout, up to the decision. They are made once.
    ///
    /// # Errors
    /// Those of [`checkouts`](super::checkouts).
    pub fn seen(&self) -> Result<&Twin> {
        if let Some(seen) = self.seen.get() {
            return Ok(seen);
        }
        let made = twin(&self.config, &[], Some(self.decided))?;
        Ok(self.seen.get_or_init(|| made))
    }

    /// Reads what is seen for a plan that looks `horizon` days ahead, with coupons valid for `valid` days.
    pub(super) fn evidence(&self, horizon: f64, valid: f64) -> Result<Arc<Evidence>> {
        // Not locked while it is read: reading waits for other threads, which may have to read, too.
        let kept = || self.evidence.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept().as_ref().filter(|found| found.asked == (horizon, valid)) {
            return Ok(found.clone());
        }
        let now = f64::from(self.config.start.number()) + f64::from(self.decided);
        let found = Arc::new(Evidence::read(self.seen()?, now, horizon, valid)?);
        *kept() = Some(found.clone());
        Ok(found)
    }

    /// Returns the day of the decision.
    pub fn decided(&self) -> u32 {
        self.decided
    }

    /// Returns how many days are looked ahead.
    pub fn horizon(&self) -> u32 {
        self.horizon
    }

    /// Returns what is assumed about money.
    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// Computes what a checkout that fails less often gains over all futures, given what happened before the decision. It is exact.
    ///
    /// # Errors
    /// As [`decision::World::outcome`].
    pub fn expected_fix(&self, fix: &Fix) -> Result<Outcome> {
        self.check(&[Intervention::Fix(*fix)])?;
        let checked = Checked::new(&self.later)?;
        let rates = Rates::new(&checked)?;
        let rules = &self.config.checkout;
        let end = self.decided + self.horizon;
        let mut contribution = 0.0;
        for Start { person, .. } in &self.starts {
            let there =
                person.registered >= self.decided || checked.gone(person) > self.decided as usize;
            if !there || !fix.whom.holds(person.segment) {
                continue;
            }
            let segment = &self.config.segments[person.segment];
            let since = person.registered.max(self.decided);
            let visits: f64 = (since.max(fix.from)..end)
                .map(|day| {
                    let weight = checked.weights[day as usize + 1] - checked.weights[day as usize];
                    weight * (-segment.churn / MONTH * f64::from(day - since)).exp()
                })
                .sum();
            let lost = segment.buys * rules.lost_per_order() * person.rate * visits;
            let order = self.costs.contribution(rates.cart[person.segment]);
            contribution += lost * rules.mendable() * fix.mends * order;
        }
        Ok(Outcome { contribution, cost: self.costs.fix })
    }

    /// Checks that interventions are valid and begin between the decision and the horizon.
    fn check(&self, done: &[Intervention]) -> Result<()> {
        check(&self.config, done)?;
        let (first, last) = (self.decided, self.decided + self.horizon - 1);
        done.iter().try_for_each(|one| within("from", one.from(), first, last))
    }

    /// Lives what comes after the decision.
    fn live(&self, checked: &Checked, start: &Start, name: Option<&str>) -> Lived {
        let Start { mut person, last, ids } = *start;
        let mut rows = Rows::default();
        let Some(name) = name else {
            rows.push(checked, person.id);
            keep(checked, &mut rows, |day| day >= i64::from(self.decided));
            return Lived { person, rows, last, ids };
        };
        let since = person.registered.max(self.decided);
        if person.registered >= self.decided || checked.gone(&person) > self.decided as usize {
            let mut rng = stream(self.config.seed, name, u64::from(person.id));
            let stays = stay(checked, person.segment, rng.random_range(0.0..1.0));
            let now = Person { registered: since, stays, ..person };
            person.stays = f64::from(since - person.registered) + stays;
            let sessions = Rows::days(checked, &now, &mut rng);
            rows.record(checked, sessions, ids, 0, || false, &mut rng);
        }
        Lived { person, rows, last, ids }
    }

    /// Adds up what a user brings, with the costs of mail and coupons.
    fn money(&self, checked: &Checked, lived: &Lived, applied: &Applied) -> Outcome {
        let (from, to) = (i64::from(self.decided), i64::from(self.decided + self.horizon));
        let mut outcome =
            Outcome { contribution: 0.0, cost: self.costs.mail * applied.mailed.len() as f64 };
        let mut used = vec![false; applied.mailed.len()];
        for visit in visits(&lived.rows) {
            let day = day(checked, visit.session.from);
            if day < from || day >= to {
                continue;
            }
            let price = |product: usize| dollars(checked.shop.products[product].price_cents);
            let order = visit.lines(Kind::Purchase);
            if order.is_empty() {
                continue;
            }
            let revenue = order.iter().map(|line| price(line.0) * f64::from(line.1)).sum();
            outcome.contribution += self.costs.contribution(revenue);
            for (sent, used) in applied.mailed.iter().zip(&mut used) {
                let valid = sent.day..sent.day + i64::from(sent.mail.valid_days);
                if valid.contains(&day) && !*used {
                    outcome.cost += sent.mail.coupon * revenue;
                    *used = true;
                }
            }
        }
        outcome
    }
}

/// Keeps the sessions of some days, with their events.
fn keep(checked: &Checked, rows: &mut Rows, days: impl Fn(i64) -> bool) {
    rows.sessions.retain(|session| days(day(checked, session.from)));
    rows.events.retain(|event| days(day(checked, event.at)));
}

impl decision::World for World {
    type Intervention = Intervention;

    fn outcome(&self, done: &[Intervention], future: u64) -> Result<Outcome> {
        self.check(done)?;
        let checked = Checked::new(&self.later)?;
        let (rates, names) = (Rates::new(&checked)?, Names::new(future));
        let again = future > 0 || self.later.days > self.config.days;
        let name = again.then(|| format!("ecommerce user, future {future}"));
        let finish = |mut lived: Lived| {
            let applied = apply(&checked, &rates, &names, done, &mut lived);
            self.money(&checked, &lived, &applied)
        };
        let won = acquired(&checked, done, future);
        let spent = self.costs.acquisition * won.len() as f64;
        let old = self.starts.par_iter();
        let mut each: Vec<Outcome> =
            old.map(|start| finish(self.live(&checked, start, name.as_deref()))).collect();
        let new = won.into_par_iter().map(|(person, mut rng)| {
            let mut rows = Rows::default();
            rows.push_person(&checked, person, &mut rng);
            let ids = last_ids(&rows, person.id);
            finish(Lived { person, rows, last: None, ids })
        });
        each.extend(new.collect::<Vec<_>>());
        let once = done.iter().map(|one| match one {
            Intervention::Fix(_) => self.costs.fix,
            Intervention::WinBack(_) => self.costs.campaign,
            Intervention::Companion(_) => self.costs.companion,
            Intervention::Acquire(_) => 0.0,
        });
        let mut total = Outcome { contribution: 0.0, cost: spent + once.sum::<f64>() };
        for outcome in each {
            total.contribution += outcome.contribution;
            total.cost += outcome.cost;
        }
        Ok(total)
    }
}
