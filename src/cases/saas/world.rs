//! The business on the day of a decision, and what each future brings.

use rayon::prelude::*;

use super::config::{Billing, Config, Size};
use super::intervention::{Costs, Intervention, price, program};
use super::life::Checked;
use super::twin::{Client, Measures, Twin};
use super::{Tables, expected, generate};
use crate::cases::check::within;
use crate::decision::{self, Outcome};
use crate::error::{Error, Result};
use crate::stream::stream;

/// A business of which a team has seen the first months, and which goes on for some more.
///
/// Its [`outcome`](decision::World::outcome) is the contribution of those months, in US dollars. Future 0 is the one that
/// [`generate`] makes of a longer config; in any other, each company draws its months after the decision from a stream of that future.
///
/// ```
/// use casebook::cases::saas::{self, Audience, Costs, Intervention, Offer};
/// use casebook::decision::{self, Choice};
///
/// let world = saas::World::new(&saas::Config::default(), 12, 12, Costs::default())?;
/// let offer = |to| Intervention::Offer(Offer { to, from: 13, saves: 0.2 });
/// let options = [
///     Choice::nothing(),
///     Choice::new("offer to all", [offer(Audience::All)]),
///     Choice::new("offer when use falls", [offer(Audience::FallingUse(0.5))]),
/// ];
/// let found = decision::compare(&world, &options, 200)?;
/// let exact = world.expected(&options[1].done)?.net() - world.expected(&[])?.net();
/// let all = found.option("offer to all")?;
/// assert!((all.gain - exact).abs() < 2.0 * (all.high - all.low));
/// # Ok::<(), casebook::Error>(())
/// ```
pub struct World {
    config: Config,
    decided: u32,
    horizon: u32,
    costs: Costs,
    clients: Vec<Client>,
}

impl World {
    /// Makes the business of a config, decides after month `decided` (1 to the config's months), and looks `horizon` months ahead (1
    /// to 600). Later months of the config are ignored.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the field that is out of range, its value and the range.
    pub fn new(config: &Config, decided: u32, horizon: u32, costs: Costs) -> Result<World> {
        let checked = Checked::new(config)?;
        within("decided", decided, 1, config.months)?;
        within("horizon", horizon, 1, 600)?;
        costs.validate()?;
        let nothing = Measures::new(&[], config.seed, 0);
        let clients = (1..=config.companies)
            .into_par_iter()
            .filter_map(|id| {
                let mut twin = Twin::new(checked.life(id), id);
                let stays = (0..decided).all(|_| twin.next_month(&nothing).sessions > 0);
                stays.then_some(Client { id, twin })
            })
            .collect();
        Ok(World { config: config.clone(), decided, horizon, costs, clients })
    }

    /// Returns what the team sees: the tables up to the decision.
    ///
    /// # Errors
    /// Those of [`generate`].
    pub fn tables(&self) -> Result<Tables> {
        generate(&Config { months: self.decided, ..self.config.clone() })
    }

    /// Returns the last month that the team has seen.
    pub fn decided(&self) -> u32 {
        self.decided
    }

    /// Returns how many months are looked ahead.
    pub fn horizon(&self) -> u32 {
        self.horizon
    }

    /// Returns what is assumed about money.
    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// Computes the expected outcome over all futures, given what happened before the decision.
    ///
    /// It is exact: next month's chances depend only on a company's size, its sessions last month, and whether its use fell.
    ///
    /// # Errors
    /// As [`decision::World::outcome`].
    pub fn expected(&self, done: &[Intervention]) -> Result<Outcome> {
        self.check(done)?;
        Ok(expected::outcome(
            &self.config,
            (self.decided, self.horizon),
            &self.costs,
            &self.clients,
            done,
        ))
    }

    /// Checks that an intervention is valid and begins after the decision.
    fn check(&self, done: &[Intervention]) -> Result<()> {
        for intervention in done {
            intervention.validate()?;
            if intervention.from() <= self.decided {
                let accepted = format!("a month after the decision in month {}", self.decided);
                return Err(Error::config("from", intervention.from(), accepted));
            }
        }
        Ok(())
    }
}

impl decision::World for World {
    type Intervention = Intervention;

    fn outcome(&self, done: &[Intervention], future: u64) -> Result<Outcome> {
        self.check(done)?;
        let measures = Measures::new(done, self.config.seed, future);
        let name = format!("saas company, future {future}");
        let months = self.decided + 1..=self.decided + self.horizon;
        // By size and month, so that sums do not depend on the order of companies.
        let (mut paying, mut contacts) = (vec![[0_u64; 2]; self.horizon as usize], 0_u64);
        for client in &self.clients {
            let mut twin = client.twin.clone();
            if future > 0 {
                twin.turn_to(stream(self.config.seed, &name, u64::from(client.id)));
            }
            for (place, _) in months.clone().enumerate() {
                let lived = twin.next_month(&measures);
                contacts += u64::from(lived.contacts);
                let pays = lived.sessions > 0 || self.config.billing == Billing::ChurnMonthBilled;
                paying[place][twin.life.size as usize] += u64::from(pays);
                if lived.sessions == 0 {
                    break;
                }
            }
        }
        let mut revenue = 0.0;
        for (month, counts) in months.zip(&paying) {
            for size in [Size::Small, Size::Large] {
                revenue += counts[size as usize] as f64 * price(&self.config, done, size, month);
            }
        }
        let program = program(done, self.decided, self.horizon, &self.costs);
        Ok(Outcome {
            contribution: self.costs.margin * revenue,
            cost: self.costs.contact * contacts as f64 + program,
        })
    }
}
