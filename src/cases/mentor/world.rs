//! The marketplace on the day of a decision, and what each future brings.

use std::sync::OnceLock;

use rayon::prelude::*;

use super::checked::Checked;
use super::config::Config;
use super::contacts::contacts;
use super::costs::Costs;
use super::evidence::Evidence;
use super::intervention::Intervention;
use super::market::Outcome as Matched;
use super::mentors::{Mentor, mentors};
use super::person::{DAY, Kind, Person};
use super::question::Reason;
use super::rows::{PERIOD, payments};
use super::{Tables, everything};
use crate::cases::check::within;
use crate::decision::{self, Outcome};
use crate::error::{Error, Result};

/// A marketplace of which a team has seen the first months, and that goes on to the end of its config.
///
/// Its [`outcome`](decision::World::outcome) is what those bring who sign up after the decision: the contribution of their
/// subscriptions, and the commissions on what they pay for mentors. Whoever signed up before lives the same life in all futures,
/// except that all share the mentors, first come, first served. Those who sign up later are drawn again in each future; future 0
/// is what [`generate`](super::generate) makes. What is done reaches only them.
///
/// ```
/// use casebook::cases::mentor::{self, Costs, Format, Intervention, Mentors, Pays, Whom};
/// use casebook::decision::{self, Choice};
///
/// let config = mentor::Config { users: 1_000, ..mentor::Config::two_years() };
/// let world = mentor::World::new(&config, 12, Costs::default())?;
/// let from = world.decided();
/// let pays = Pays::Mentee(0.15);
/// let offer = Mentors { from, whom: Whom::All, format: Format::AsAsked, pays };
/// let options = [Choice::nothing(), Choice::new("mentees pay", [Intervention::Mentors(offer)])];
/// let found = decision::compare(&world, &options, 5)?;
/// assert_eq!(found.option("mentees pay")?.cost, 80.0 * 150.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub struct World {
    config: Config,
    decided: u32,
    days: u32,
    costs: Costs,
    mentors: Vec<Mentor>,
    /// Those who signed up before the decision and ask for a mentor.
    asked: Vec<Person>,
    /// Those who sign up later.
    later: Vec<u32>,
    seen: OnceLock<Tables>,
    evidence: OnceLock<Evidence>,
}

impl World {
    /// Makes the business of a config, and decides after so many months, 1 to one less than the config's. The rest of its months
    /// is the horizon.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the field that is out of range, its value and the range.
    pub fn new(config: &Config, decided: u32, costs: Costs) -> Result<World> {
        let checked = Checked::new(config)?;
        within("decided", decided, 1, config.months.saturating_sub(1))?;
        costs.validate()?;
        let day = (config.start.plus(decided).first_day() - checked.first_day) as u32;
        let people: Vec<Person> =
            (1..=config.users).into_par_iter().map(|id| checked.person(id)).collect();
        let before = |person: &Person| person.signup_day < checked.first_day + day as i32;
        Ok(World {
            config: config.clone(),
            decided: day,
            days: checked.days as u32,
            costs,
            mentors: mentors(&checked),
            asked: people
                .iter()
                .filter(|person| before(person) && person.request.is_some())
                .copied()
                .collect(),
            later: people.iter().filter(|person| !before(person)).map(|one| one.id).collect(),
            seen: OnceLock::new(),
            evidence: OnceLock::new(),
        })
    }

    /// Returns what the team sees: the tables up to the decision. They are made once.
    ///
    /// # Errors
    /// Those of [`generate`](super::generate).
    pub fn seen(&self) -> Result<&Tables> {
        if let Some(seen) = self.seen.get() {
            return Ok(seen);
        }
        let made = everything(&Checked::new(&self.config)?.until(self.decided as usize))?;
        Ok(self.seen.get_or_init(|| made))
    }

    /// Reads what is seen, once: rules that are held against each other ask for the same.
    pub(super) fn evidence(&self) -> Result<&Evidence> {
        if let Some(found) = self.evidence.get() {
            return Ok(found);
        }
        let days = (f64::from(self.decided), f64::from(self.horizon()));
        let made = Evidence::read(self.seen()?, &self.config, days)?;
        Ok(self.evidence.get_or_init(|| made))
    }

    /// Returns the rules of the business.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the day of the decision: the first one not seen, counted from 0.
    pub fn decided(&self) -> u32 {
        self.decided
    }

    /// Returns how many days are looked ahead.
    pub fn horizon(&self) -> u32 {
        self.days - self.decided
    }

    /// Returns what is assumed about money.
    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// Checks that interventions are valid and begin between the decision and the horizon.
    fn check(&self, done: &[Intervention]) -> Result<()> {
        done.iter().try_for_each(|one| {
            one.validate()?;
            match (self.decided..self.days).contains(&one.from()) {
                true => Ok(()),
                false => {
                    let accepted =
                        format!("{} to {}: from the decision on", self.decided, self.days - 1);
                    Err(Error::config("from", one.from(), accepted).within(one.name()))
                }
            }
        })
    }

    /// Adds up what somebody brings who signs up after the decision.
    fn money(&self, checked: &Checked, market: &Matched, person: &Person, total: &mut Outcome) {
        let end = checked.end();
        total.cost += match person.reminded {
            Some(at) if at < end => self.costs.reminder,
            _ => 0.0,
        };
        if person.kind == Kind::Inactive {
            return;
        }
        let settled = market.matched(person.id);
        let matched = settled.and_then(|settled| settled.matched);
        let fate = checked.fate(person, matched.map(|matched| matched.event()));
        if person.pays {
            let days = end / DAY - i64::from(person.signup_day);
            let paid = payments(person, &fate).min((days - 1) / i64::from(PERIOD) + 1);
            let price = f64::from(self.config.people.price_cents) / 100.0;
            total.contribution += self.costs.margin * price * paid as f64;
        }
        let asks = fate.asks.is_some_and(|at| at < end);
        let path = person.question.is_some_and(|question| question.reason == Reason::Path);
        if asks && path && checked.call_back(person).is_some() {
            total.cost += self.costs.call_back;
        }
        let (Some(settled), Some(matched)) = (settled, matched) else { return };
        let price = f64::from(market.mentors[matched.mentor as usize].price_cents) / 100.0;
        let mut spent = 0.0;
        contacts(checked, &market.mentors, person, settled, |contact, call| {
            let halves = if call { 1.0 } else { self.costs.message_minutes / 30.0 };
            spent += if contact.answered.is_some() { halves * price } else { 0.0 };
        });
        match settled.request.commission {
            Some(share) => total.contribution += share * spent,
            None => total.cost += spent,
        }
    }

    /// Returns what is spent whoever is reached.
    fn fixed(&self, done: &[Intervention]) -> f64 {
        let first = |wanted: fn(&Intervention) -> bool| {
            done.iter().filter(|one| wanted(one)).map(Intervention::from).min()
        };
        let offered = first(|one| matches!(one, Intervention::Mentors(_)));
        let dropped = first(|one| matches!(one, Intervention::DropVetting(_)));
        let faster = first(|one| matches!(one, Intervention::Faster(_)));
        // All applicants are vetted before the first offer, unless vetting is dropped by then.
        let vetted = offered.is_some_and(|offer| dropped.is_none_or(|drop| drop > offer));
        let vetting = f64::from(self.config.market.mentors) * self.costs.vetting;
        let months = faster.map_or(0.0, |from| f64::from(self.days - from) * 12.0 / 365.25);
        (if vetted { vetting } else { 0.0 }) + self.costs.faster * months
    }
}

impl decision::World for World {
    type Intervention = Intervention;

    fn outcome(&self, done: &[Intervention], future: u64) -> Result<Outcome> {
        self.check(done)?;
        let checked = Checked::with(&self.config, done)?.from(self.decided as usize, future);
        let people: Vec<Person> = self.later.iter().map(|id| checked.anew(*id)).collect();
        let new = people.iter().filter(|person| person.request.is_some());
        let mut asking = self.asked.clone();
        asking.extend(new.copied());
        let market = Matched::settle(&checked, self.mentors.clone(), &asking);
        let mut total = Outcome { contribution: 0.0, cost: self.fixed(done) };
        people.iter().for_each(|person| self.money(&checked, &market, person, &mut total));
        Ok(total)
    }
}
