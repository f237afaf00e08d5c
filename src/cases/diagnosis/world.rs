//! The app on the day of a decision, and what each future brings.

use rayon::prelude::*;

use super::config::{Cause, Config, Planted};
use super::effects::{Effects, FARTHEST, named, on_new_version};
use super::intervention::{Costs, Intervention};
use super::person::{Checked, Person, mean_keen, stays};
use super::place::{ANDROID, COUNTRIES, LEAVE, PAID, PLATFORM_SHARES, SEEN, WEEKS, adoption};
use super::{Tables, generate};
use crate::cases::check::within;
use crate::decision::{self, Outcome};
use crate::error::Result;
use crate::stream::stream;

/// The app as the team has it on Monday, which goes on for some weeks more.
///
/// Its [`outcome`](decision::World::outcome) is the contribution of those weeks, in US dollars, less the cost of what is done. Future 0
/// goes on with the users' own streams; in any other, everybody draws what is to come from a stream of that future.
///
/// ```
/// use casebook::cases::diagnosis::{Config, Costs, Intervention, World};
/// use casebook::decision::World as _;
///
/// let config = Config { signups: 20.0, ..Default::default() };
/// let world = World::new(&config, 12, Costs::default())?;
/// let resumed = world.outcome(&[Intervention::Resume { after: 0 }], 1)?;
/// assert!(resumed.contribution >= world.outcome(&[], 1)?.contribution);
/// # Ok::<(), casebook::Error>(())
/// ```
pub struct World {
    config: Config,
    planted: Planted,
    horizon: u32,
    costs: Costs,
    members: Vec<Member>,
}

/// Somebody who is there in the last week, or was seen in the eight weeks before the decision.
#[derive(Clone, Copy)]
struct Member {
    person: Person,
    there: bool,
    seen: bool,
}

/// Users in a week.
#[derive(Clone, Copy, Default)]
struct Counts {
    active: f64,
    recorded: f64,
}

impl World {
    /// Makes the app of a config, and looks `horizon` weeks ahead, 1 to 52.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the field that is out of range, its value and the range.
    pub fn new(config: &Config, horizon: u32, costs: Costs) -> Result<World> {
        let checked = Checked::new(config)?;
        within("horizon", horizon, 1, FARTHEST)?;
        costs.validate()?;
        let planted = config.planted();
        let effects = Effects::new(config, planted, &[], 0)?;
        let members = checked
            .past()?
            .into_par_iter()
            .filter_map(|id| {
                let person = checked.person(id, 0);
                if person.bot || !person.joins(&effects) {
                    return None;
                }
                let there = person.is_there(WEEKS - 1);
                let from = person.weeks().start;
                let mut seen = false;
                for week in SEEN.filter(|week| person.is_there(*week)) {
                    let mut rng = person.stream(config.seed, 0, week - from);
                    seen |= person.week(&effects, config.background, week, 0.0, &mut rng).recorded;
                }
                (there || seen).then_some(Member { person, there, seen })
            })
            .collect();
        Ok(World { config: config.clone(), planted, horizon, costs, members })
    }

    /// Returns what the team sees on Monday.
    ///
    /// # Errors
    /// Those of [`generate`].
    pub fn tables(&self) -> Result<Tables> {
        generate(&self.config)
    }

    /// Returns how many weeks are looked ahead.
    pub fn horizon(&self) -> u32 {
        self.horizon
    }

    /// Returns what is assumed about money.
    pub fn costs(&self) -> &Costs {
        &self.costs
    }

    /// Computes the expected outcome over all futures, given what happened before the decision.
    ///
    /// It is exact: users stay and come independently of each other.
    ///
    /// # Errors
    /// As [`decision::World::outcome`].
    pub fn expected(&self, done: &[Intervention]) -> Result<Outcome> {
        let checked = Checked::new(&self.config)?;
        let effects = Effects::new(&self.config, self.planted, done, 0)?.calm();
        let goes_on = 1.0 - 1.0 / self.config.stay;
        let mut total = Counts::default();
        let mut signups = 0.0;
        // By country, version and whether a message reaches them: how many there are next week, and how keen they are together.
        let mut cells = vec![[0.0; 2]; COUNTRIES.len() * 4];
        for Member { person, there, seen } in &self.members {
            if *there {
                let stays = if person.signup == WEEKS as i32 - 1 {
                    1.0 - LEAVE[person.channel]
                } else {
                    goes_on
                };
                let new = on_new_version(person.platform, person.adopts, WEEKS);
                let cell =
                    &mut cells[person.country * 4 + usize::from(new) * 2 + usize::from(*seen)];
                cell[0] += stays;
                cell[1] += stays * person.keen;
            }
        }
        for week in self.weeks() {
            let still = goes_on.powi((week - WEEKS) as i32);
            let lost = effects.lost(week);
            let back = effects.reengage.filter(|(from, _)| week >= *from).map_or(0.0, |it| it.1);
            for (at, [many, keen]) in cells.iter().enumerate() {
                let ordinary = keen * effects.level(at / 4, week);
                let reached = if at % 2 == 1 { back } else { 0.0 };
                let active = still * (ordinary + reached * (many - ordinary));
                total.active += active;
                total.recorded += active * if at & 2 != 0 { 1.0 - lost } else { 1.0 };
            }
            let recorded = 1.0 - PLATFORM_SHARES[ANDROID] * adoption(week) * lost;
            for (country, of) in COUNTRIES.iter().enumerate() {
                let (mut first, mut later) = (0.0, 0.0);
                for arrived in WEEKS..=week {
                    let all = checked.arrivals(arrived) * of.share;
                    for (channel, share) in Checked::channel_shares(country).into_iter().enumerate()
                    {
                        let paused = if channel == PAID { effects.paused(arrived) } else { 0.0 };
                        let joined = all * share * (1.0 - paused);
                        if arrived == week {
                            first += joined;
                            let resumed = effects.resume.is_some_and(|from| week >= from);
                            if channel == PAID && resumed {
                                signups += all * share * self.planted.of(Cause::Pause);
                            }
                        } else {
                            let still = goes_on.powi((week - arrived - 1) as i32);
                            later += joined * (1.0 - LEAVE[channel]) * still;
                        }
                    }
                }
                let active = first + later * mean_keen() * effects.level(country, week);
                total.active += active;
                total.recorded += active * recorded;
            }
        }
        Ok(self.sum_up(total, signups, done))
    }

    fn weeks(&self) -> std::ops::Range<u32> {
        WEEKS..WEEKS + self.horizon
    }

    /// Contribution and costs.
    fn sum_up(&self, total: Counts, signups: f64, done: &[Intervention]) -> Outcome {
        let costs = &self.costs;
        let listed = self.members.iter().filter(|member| member.seen).count() as f64;
        let mut cost = costs.signup * signups;
        let (mut rolled, mut fixed, mut messaged) = (false, false, false);
        for each in done {
            let weeks = f64::from(self.horizon.saturating_sub(each.after()));
            match each {
                Intervention::RollBack { .. } if !rolled => {
                    cost += costs.roll_back;
                    rolled = true;
                }
                Intervention::FixTracking { .. } if !fixed => {
                    cost += costs.fix;
                    fixed = true;
                }
                Intervention::Reengage { .. } if !messaged => {
                    cost += costs.campaign + costs.message * listed * weeks;
                    messaged = true;
                }
                _ => {}
            }
        }
        let contribution = costs.active * total.active + costs.recorded * total.recorded;
        Outcome { contribution, cost }
    }

    /// Counts the weeks in which a person is active and recorded.
    fn lives(&self, effects: &Effects, person: &Person, seen: bool, future: u64) -> [u64; 2] {
        let mut counts = [0; 2];
        let start =
            if person.signup >= WEEKS as i32 { person.signup.unsigned_abs() } else { WEEKS };
        let from = person.signup.max(0).unsigned_abs();
        let mut rng = person.stream(self.config.seed, future, start - from);
        for week in start..WEEKS + self.horizon {
            if !person.is_there(week) {
                break;
            }
            let reached =
                effects.reengage.filter(|(from, _)| seen && week >= *from).map_or(0.0, |it| it.1);
            let lived = person.week(effects, self.config.background, week, reached, &mut rng);
            counts[0] += u64::from(lived.active);
            counts[1] += u64::from(lived.recorded);
        }
        counts
    }
}

impl decision::World for World {
    type Intervention = Intervention;

    fn outcome(&self, done: &[Intervention], future: u64) -> Result<Outcome> {
        let checked = Checked::new(&self.config)?;
        let effects = Effects::new(&self.config, self.planted, done, future)?;
        let life = named("life", future);
        let add = |a: [u64; 2], b: [u64; 2]| [a[0] + b[0], a[1] + b[1]];
        let own: [u64; 2] = self
            .members
            .par_iter()
            .filter(|member| member.there)
            .map(|member| {
                let mut person = member.person;
                if future > 0 {
                    let mut rng = stream(self.config.seed, &life, person.id);
                    let age = (WEEKS as i32 - 1 - person.signup).unsigned_abs();
                    // Who stays for good has the same chance to go, however long it has been.
                    let more = if age == 0 {
                        stays(person.channel, self.config.stay, &mut rng)
                    } else {
                        person.goes_on(self.config.stay, &mut rng)
                    };
                    person.stays = age + more;
                }
                self.lives(&effects, &person, member.seen, future)
            })
            .reduce(|| [0; 2], add);
        let (mut all, mut signups) = (own, 0_u64);
        for week in self.weeks() {
            let ids: Vec<u64> = checked.ids(week, future)?.collect();
            let found: [u64; 3] = ids
                .par_iter()
                .map(|id| {
                    let person = checked.person(*id, future);
                    if !person.joins(&effects) {
                        return [0; 3];
                    }
                    let back =
                        person.channel == PAID && person.keep < self.planted.of(Cause::Pause);
                    let [active, recorded] = self.lives(&effects, &person, false, future);
                    [active, recorded, u64::from(back)]
                })
                .reduce(|| [0; 3], |a, b| std::array::from_fn(|at| a[at] + b[at]));
            all = add(all, [found[0], found[1]]);
            signups += found[2];
        }
        let total = Counts { active: all[0] as f64, recorded: all[1] as f64 };
        Ok(self.sum_up(total, signups as f64, done))
    }
}
