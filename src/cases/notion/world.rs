//! The product on the day of a decision, and what each future brings.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rand_distr::{Distribution, Poisson};

use super::calibrate::World as Solved;
use super::config::Config;
use super::costs::Costs;
use super::effects::{Live, Reach};
use super::evidence::Evidence;
use super::expected::price;
use super::launch::{Launch, Lever, REGIONS, Region};
use super::person::{Draws, Fixed};
use super::plan;
use super::rows::{DEVICES, Home};
use super::{Tables, generate_with};
use crate::cases::check::within;
use crate::cases::draw::uniform;
use crate::decision::{self, Outcome};
use crate::error::{Error, Result};
use crate::stream::{Stream, stream};

/// Months from sign-up until somebody is on a seat, and until somebody upgrades: anything between, alike.
const SEAT: (f64, f64) = (0.0, 1.0);
const UPGRADE: (f64, f64) = (0.5, 3.0);
/// So many futures are kept: options that are compared ask for the same one after the other.
const KEPT: usize = 4;
/// Sign-ups in a future, at most: a gigabyte.
const MOST_AHEAD: f64 = 4e6;
/// People of a future month have ids below this.
const PER_MONTH: u64 = 100_000_000;

/// Numbers that decide over somebody in a future, whatever is launched.
struct Newcomer {
    draws: Draws,
    mobile: bool,
    /// From 0 to below 1: when in the month they sign up, how long they wait until they pay, and for how long they do.
    signup: f64,
    wait: f64,
    stays: f64,
}

/// Somebody who signs up in a future, and whom they may bring.
struct Arrival {
    own: Newcomer,
    region: usize,
    month: u32,
    // Few bring anybody.
    found: Option<Box<Newcomer>>,
    invited: Option<Box<Newcomer>>,
}

/// A workspace product that a team has seen to the end of the months observed, with the levers it has launched, and that goes on.
///
/// Its [`outcome`](decision::World::outcome) is the contribution of those who sign up within the horizon: the price of their plan ×
/// the months they pay until the plan or the horizon ends × the margin, less what the levers launched then cost. What is live already stays so;
/// a launch where a lever is live changes nothing. Whoever signed up before isn't counted: no launch reaches them. In each future
/// others sign up, as many as growth and season go on to bring; they behave like the last cohort observed.
///
/// ```
/// use casebook::cases::notion::{self, Config, Costs, Lever, World};
/// use casebook::decision::{self, Choice};
///
/// let config = Config { users: 2_000, ..Config::default() };
/// let world = World::new(&config, &notion::pilots(), 12, Costs::default())?;
/// let api = Choice::new("api", notion::rollout(Lever::Api, 24));
/// let found = decision::compare(&world, &[Choice::nothing(), api], 4)?;
/// assert!(found.option("api")?.cost > 1_000.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub struct World {
    config: Config,
    pilots: Vec<Launch>,
    horizon: u32,
    costs: Costs,
    seen: OnceLock<Tables>,
    evidence: OnceLock<Evidence>,
    futures: Mutex<Vec<(u64, Arc<Vec<Arrival>>)>>,
    paid_months: OnceLock<Vec<[[f64; 4]; 2]>>,
}

/// Returns the launches of a lever in all regions from a month on.
pub fn rollout(lever: Lever, from: u32) -> [Launch; 5] {
    Region::ALL.map(|region| Launch::new(lever, region, from))
}

impl World {
    /// Makes the product of a config, in which `pilots` were launched, decides at the end of its months, and looks `horizon` months
    /// ahead (1 to 36).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the field that is out of range, its value and the range;
    /// those of [`generate_with`] and [`Costs::validate`].
    pub fn new(config: &Config, pilots: &[Launch], horizon: u32, costs: Costs) -> Result<World> {
        within("horizon", horizon, 1, 36)?;
        costs.validate()?;
        pilots.iter().try_for_each(Launch::validate)?;
        let solved = Solved::people(config)?;
        super::fits(config)?;
        let world = World {
            config: config.clone(),
            pilots: pilots.to_vec(),
            horizon,
            costs,
            seen: OnceLock::new(),
            evidence: OnceLock::new(),
            futures: Mutex::default(),
            paid_months: OnceLock::new(),
        };
        let ahead: f64 = world.signups(&solved).into_iter().sum();
        if ahead > MOST_AHEAD {
            let growth = config.growth;
            let accepted = format!(
                "few enough for {MOST_AHEAD:.0} sign-ups ahead; with `growth` {growth} and {} users, {ahead:.0} are to come",
                config.users
            );
            return Err(Error::config("horizon", horizon, accepted));
        }
        Ok(world)
    }

    /// Returns what the team sees: the tables up to the decision. They are made once.
    ///
    /// # Errors
    /// Those of [`generate_with`].
    pub fn seen(&self) -> Result<&Tables> {
        if let Some(seen) = self.seen.get() {
            return Ok(seen);
        }
        let made = generate_with(&self.config, &self.pilots)?;
        Ok(self.seen.get_or_init(|| made))
    }

    /// Reads what is seen, once. Tables that nobody has asked for are not kept: many worlds may be compared.
    pub(super) fn evidence(&self) -> Result<&Evidence> {
        if let Some(found) = self.evidence.get() {
            return Ok(found);
        }
        let made = match self.seen.get() {
            Some(seen) => Evidence::read(seen, &self.pilots)?,
            None => Evidence::read(&generate_with(&self.config, &self.pilots)?, &self.pilots)?,
        };
        Ok(self.evidence.get_or_init(|| made))
    }

    /// Returns the month of the decision: the first that isn't observed, counted from the first, which is 0.
    pub fn decided(&self) -> u32 {
        self.config.months
    }

    /// Returns how many months are looked ahead.
    pub fn horizon(&self) -> u32 {
        self.horizon
    }

    /// Returns what was launched before.
    pub fn pilots(&self) -> &[Launch] {
        &self.pilots
    }

    /// Returns what is assumed about money.
    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// Who people are; how much they do plays no part here.
    fn people(&self) -> Result<Solved<'_>> {
        Solved::people(&self.config)
    }

    /// Computes the mean outcome over all futures. It is exact.
    ///
    /// # Errors
    /// As [`decision::World::outcome`].
    pub fn expected(&self, done: &[Launch]) -> Result<Outcome> {
        let live = self.check(done)?;
        let (solved, cohort) = (self.people()?, self.config.months as usize - 1);
        let mut dollars = 0.0;
        for (ahead, signups) in self.signups(&solved).into_iter().enumerate() {
            let month = self.decided() as usize + ahead;
            let [seat, upgrade] = self.paid_months()[ahead];
            for (region, (_, share)) in REGIONS.iter().enumerate() {
                let each = solved.expected_in(&live, region, month, cohort);
                let sums =
                    (0..4).map(|s| each.by_seat[s] * seat[s] + each.by_upgrade[s] * upgrade[s]);
                dollars += signups * share * sums.sum::<f64>();
            }
        }
        Ok(Outcome { contribution: self.costs.margin * dollars, cost: self.cost(done) })
    }

    /// Checks that launches are valid and lie between the decision and the horizon; returns what is live with them.
    fn check(&self, done: &[Launch]) -> Result<Live> {
        let (first, last) = (self.decided(), self.decided() + self.horizon - 1);
        done.iter().try_for_each(|one| {
            within("from", one.from, first, last).map_err(|error| error.within("launch"))
        })?;
        Ok(Live::new(&[&self.pilots[..], done].concat()))
    }

    /// What launches cost: each lever once, and by month from its first new launch on.
    pub(super) fn cost(&self, done: &[Launch]) -> f64 {
        let before = Live::new(&self.pilots);
        let end = self.decided() + self.horizon;
        let of = |lever: Lever| {
            let new = done.iter().filter(|one| {
                one.lever == lever && before.from(lever, one.region as usize).is_none()
            });
            let from = new.map(|one| one.from).min()?;
            Some(self.costs.of(lever, f64::from(end - from)))
        };
        Lever::ALL.into_iter().filter_map(of).sum()
    }

    /// Returns how many sign up in each month of the horizon, without levers, on average.
    fn signups(&self, solved: &Solved) -> Vec<f64> {
        let weights = solved.weights(self.config.months + self.horizon);
        let (seen, ahead) = weights.split_at(self.config.months as usize);
        let total: f64 = seen.iter().sum();
        ahead.iter().map(|weight| f64::from(self.config.users) * weight / total).collect()
    }

    /// Returns how many months somebody pays who signs up in each month of the horizon, on average: on a seat and by upgrade, by
    /// segment.
    fn paid_months(&self) -> &[[[f64; 4]; 2]] {
        self.paid_months.get_or_init(|| {
            let left = (0..self.horizon).map(|ahead| f64::from(self.horizon - ahead));
            let means = |left, waits| self.config.churn.map(|churn| mean_paid(left, waits, churn));
            left.map(|left| [SEAT, UPGRADE].map(|waits| means(left, waits))).collect()
        })
    }

    /// Returns a future's sign-ups, drawn again or as they were kept.
    fn future(&self, solved: &Solved, future: u64) -> Arc<Vec<Arrival>> {
        let kept = || self.futures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = kept().iter().find(|(number, _)| *number == future) {
            return found.clone();
        }
        let drawn = Arc::new(self.draw(solved, future));
        let mut kept = kept();
        kept.retain(|(number, _)| *number != future);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((future, drawn.clone()));
        drawn
    }

    fn draw(&self, solved: &Solved, future: u64) -> Vec<Arrival> {
        let seed = self.config.seed;
        let name = |purpose: &str| format!("notion {purpose}, future {future}");
        let (many, who) = (name("sign-ups"), name("sign-up"));
        let (searching, invited) = (name("search user"), name("invited user"));
        let plan = name("plan");
        let cohort = Some(self.config.months as usize - 1);
        let fixed = Fixed { cohort, followed: true, ..Fixed::default() };
        let mut all = vec![];
        for (ahead, expected) in self.signups(solved).into_iter().enumerate() {
            let month = self.decided() + ahead as u32;
            let mut rng = stream(seed, &many, u64::from(month));
            let count = Poisson::new(expected).map_or(0, |law| law.sample(&mut rng) as u64);
            for number in 0..count {
                let entity = u64::from(month) * PER_MONTH + number;
                let mut rng = stream(seed, &who, entity);
                let mut plans = stream(seed, &plan, entity);
                let stays = [(); 3].map(|()| uniform(&mut plans));
                let (own, home) = newcomer(solved, &fixed, &mut rng, stays[0]);
                let [finds, invites] = [uniform(&mut rng), uniform(&mut rng)];
                let brought = |lever: Lever, drawn: f64, name: &str, fixed: Fixed, stays: f64| {
                    let may = drawn < self.config.levers.of(lever).signups;
                    let mut rng = stream(seed, name, entity);
                    may.then(|| Box::new(newcomer(solved, &fixed, &mut rng, stays).0))
                };
                let search = Fixed { channel: Some(0), ..fixed };
                let segment = Some(own.draws.segment);
                let referral = Fixed { segment, channel: Some(1), ..fixed };
                all.push(Arrival {
                    region: home.region,
                    month,
                    found: brought(Lever::Seo, finds, &searching, search, stays[1]),
                    invited: brought(Lever::Sharing, invites, &invited, referral, stays[2]),
                    own,
                });
            }
        }
        all
    }
}

/// Draws somebody, with where they are.
fn newcomer(solved: &Solved, fixed: &Fixed, rng: &mut Stream, stays: f64) -> (Newcomer, Home) {
    // What somebody uses the product for plays no part here, so any segment will do.
    let home = Home::draw(0, rng);
    let draws = solved.draws(fixed, rng);
    let mobile = DEVICES[home.device].0 == "mobile";
    (Newcomer { draws, mobile, signup: uniform(rng), wait: uniform(rng), stays }, home)
}

/// Months that could be paid, of those left when a month begins, by somebody who signs up at a point of it and pays some time after.
fn payable(left: f64, signup: f64, wait: f64, (least, most): (f64, f64)) -> f64 {
    (left - signup - (least + (most - least) * wait)).max(0.0)
}

/// The mean over sign-ups, waits and how long plans are paid for.
fn mean_paid(left: f64, waits: (f64, f64), churn: f64) -> f64 {
    const STEPS: u32 = 200;
    let points = || (0..STEPS).map(|step| (f64::from(step) + 0.5) / f64::from(STEPS));
    let all =
        points().flat_map(|signup| points().map(move |wait| payable(left, signup, wait, waits)));
    let all = all.map(|payable| plan::mean_months(churn, payable));
    all.sum::<f64>() / f64::from(STEPS * STEPS)
}

impl decision::Exact for World {
    fn expected(&self, done: &[Launch]) -> Result<Outcome> {
        World::expected(self, done)
    }
}

impl decision::World for World {
    type Intervention = Launch;

    fn outcome(&self, done: &[Launch], future: u64) -> Result<Outcome> {
        let live = self.check(done)?;
        let solved = self.people()?;
        let end = self.decided() + self.horizon;
        let mut dollars = 0.0;
        let pays = |who: &Newcomer, reach: &Reach, left: f64| {
            let person = solved.decide(&who.draws, reach);
            let waits = if person.upgrades { UPGRADE } else { SEAT };
            let months = if person.upgrades || person.seat {
                let stays = plan::months(self.config.churn[person.segment], who.stays);
                payable(left, who.signup, who.wait, waits).min(stays)
            } else {
                0.0
            };
            (months * price(person.segment), person.shares)
        };
        for one in self.future(&solved, future).iter() {
            let left = f64::from(end - one.month);
            let reach = |who: &Newcomer| live.reach(one.region, one.month as usize, who.mobile);
            let own = reach(&one.own);
            let (brings, shares) = pays(&one.own, &own, left);
            dollars += brings;
            for (lever, who) in [(Lever::Seo, &one.found), (Lever::Sharing, &one.invited)] {
                let comes = own.live[lever as usize] && (lever == Lever::Seo || shares);
                if let (true, Some(who)) = (comes, who) {
                    let reach = Reach { because: Some(lever), ..reach(who) };
                    dollars += pays(who, &reach, left).0;
                }
            }
        }
        Ok(Outcome { contribution: self.costs.margin * dollars, cost: self.cost(done) })
    }
}
