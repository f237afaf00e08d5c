//! One user's life: who they are, and when they come.

use rand::RngExt;
use rand_distr::{Distribution, Poisson};

use super::calibrate::{Class, ENGAGED_DAYS, HABIT_DAYS, WINDOWS, World};
use super::effects::Reach;
use super::person::{DAY, Fixed, LATEST, Person, user_stream};
use crate::cases::draw::{chance, sums, uniform};
use crate::stream::Stream;

/// The most visits in a month, on average: a user who comes twenty times a day is there every day.
const MOST_VISITS: f64 = 600.0;
/// Nobody does more in a visit, on average: with it, five years of the busiest days have fewer events than a user has ids.
/// A configuration that takes more is refused: see [`World::solve`].
pub(super) const MOST_IN_A_VISIT: f64 = 240.0;
/// How many visits in a row may fall on days that count already before one is put on a day that doesn't.
const PATIENCE: usize = 64;

/// One visit: a sitting that ends on the day it began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    /// Seconds since the first day.
    pub at: i64,
    /// Events of no particular kind beyond the first: what the calibration is free to move.
    pub more: u32,
    /// Whether it ends with sharing, and with an upgrade after that.
    pub shares: bool,
    pub upgrades: bool,
}

impl Visit {
    fn new(at: i64, more: u32) -> Visit {
        Visit { at, more, shares: false, upgrades: false }
    }

    pub fn day(&self) -> i32 {
        self.at.div_euclid(DAY) as i32
    }

    /// Returns the number of events in it, without the sign-up.
    pub fn events(&self) -> u64 {
        1 + u64::from(self.more) + u64::from(self.shares) + u64::from(self.upgrades)
    }
}

/// A user and their visits within the days observed.
pub(super) struct Life {
    pub person: Person,
    /// The moment of the first page, in seconds since the first day; moments after the end are included.
    pub activated: Option<i64>,
    /// Visits, by time.
    pub visits: Vec<Visit>,
    /// The stream that the kinds of events are drawn from.
    pub rng: Stream,
}

impl World<'_> {
    /// Returns the probability of the habit, by segment and cohort.
    pub fn habit_in(&self, segment: usize, cohort: usize) -> f64 {
        let config = self.config;
        let each = config.channels.iter().enumerate().map(|(c, channel)| {
            let (acts, fast) = (self.activates[segment][c], self.hurries[segment][c]);
            let there = |class| self.there(segment, c, class, cohort, 1);
            let returns = fast * there(Class::Fast) + (1.0 - fast) * there(Class::Slow);
            channel.share * acts * returns
        });
        each.sum::<f64>() * self.engages * config.targets.habit
    }

    /// Draws a day of a range, busy days more often; `to` is the first day after it.
    fn day_between(&self, from: i32, to: i32, rng: &mut Stream) -> i32 {
        self.day_at(from, to, uniform(rng))
    }

    /// Returns the day of a range before which a share of its business lies; `to` is the first day after it.
    pub(super) fn day_at(&self, from: i32, to: i32, share: f64) -> i32 {
        let (low, high) = (self.busy[from as usize], self.busy[to as usize]);
        let at = low + (high - low) * share;
        let day = self.busy.partition_point(|before| *before <= at) as i32 - 1;
        day.clamp(from, to - 1)
    }

    /// Draws the months after sign-up in which a user is active, from month 1 on, as far as they can be observed.
    fn active_months(&self, person: &Person, rng: &mut Stream) -> Vec<usize> {
        let left = self.config.months as usize - person.cohort;
        let mut months = vec![];
        for k in 1..left {
            if person.place >= self.stays(person, k) {
                break;
            }
            if k == 1 || !chance(rng, self.config.pauses) {
                months.push(k);
            }
        }
        months
    }

    /// Returns how many times as often as a typical user this one comes, which is also how many times as much the user
    /// does in a visit: each shows half of how active a user is.
    pub fn active(&self, person: &Person) -> f64 {
        let spread = self.knobs.spread;
        (spread * (person.bell - spread / 2.0) / 2.0).exp().min(1e3)
    }

    /// Simulates a user and all of the user's visits.
    pub fn life(&self, seed: u64, id: u32) -> Life {
        self.live(user_stream(seed, id), &Fixed::default(), &Reach::NONE)
    }

    /// Simulates somebody, some of whom is known, and who is reached by levers.
    pub fn live(&self, mut stream: Stream, fixed: &Fixed, reach: &Reach) -> Life {
        let person = self.decide(&self.draws(fixed, &mut stream), reach);
        let rng = &mut stream;
        let active = self.active(&person);
        let often = Count::new((self.knobs.visits * active).min(MOST_VISITS));
        let much = Count::new((self.knobs.events * active).min(MOST_IN_A_VISIT));
        let first = (person.signup / DAY) as i32;
        let (next, after) = (self.starts[person.cohort + 1], self.starts[person.cohort + 2]);
        let returns = person.place < self.stays(&person, 1);

        let mut visits = vec![Visit::new(person.signup, much.draw(rng))];
        let activated = self.activation(&person, returns, rng);
        if let Some(at) =
            activated.filter(|at| at / DAY != person.signup / DAY || at - person.signup > 1_800)
        {
            visits.push(Visit::new(at, much.draw(rng)));
        }
        // The rest of the month of sign-up.
        let rest = (self.busy[next as usize] - self.busy[first as usize]) / 30.4;
        let visits_left = (self.knobs.visits * active * rest).min(MOST_VISITS);
        for _ in 0..Count::new(visits_left).draw(rng) {
            let at = self.visit_between(first, next, rng);
            if at > person.signup + 1_800 {
                visits.push(Visit::new(at, much.draw(rng)));
            }
        }
        for k in self.active_months(&person, rng) {
            let (from, to) = (self.starts[person.cohort + k], self.starts[person.cohort + k + 1]);
            for _ in 0..1 + often.draw(rng) {
                visits.push(Visit::new(self.visit_between(from, to, rng), much.draw(rng)));
            }
        }
        visits.sort_by_key(|visit| visit.at);
        if let Some(at) = activated {
            let started = (at / DAY) as i32;
            let bounds = Bounds { first, started, next, after };
            if person.engaged {
                self.engage(&person, bounds, &mut visits, &much, rng);
            } else {
                bounds.leave_two_days(returns, &mut visits);
            }
        }
        self.share(&person, activated, &mut visits, rng);
        let days = self.days();
        visits.retain(|visit| visit.day() < days);
        Life { person, activated, visits, rng: stream }
    }

    /// Draws a moment within a range of days at which a visit begins.
    fn visit_between(&self, from: i32, to: i32, rng: &mut Stream) -> i64 {
        let day = self.day_between(from, to, rng);
        let second = ((self.config.clock.sample(rng) * 3_600.0) as i64).min(LATEST);
        i64::from(day) * DAY + second
    }

    /// Draws a moment at which a visit begins on one of a range's other days, if there is one; busy days more often.
    fn visit_beside(&self, days: &[i32], from: i32, to: i32, rng: &mut Stream) -> Option<i64> {
        let free: Vec<i32> = (from..to).filter(|day| !days.contains(day)).collect();
        let weight = |day: &i32| self.busy[*day as usize + 1] - self.busy[*day as usize];
        let weights = sums(free.iter().map(weight));
        let at = uniform(rng) * weights.last()?;
        let place = weights.partition_point(|sum| *sum <= at).min(free.len() - 1);
        let day = free[place];
        Some(self.visit_between(day, day + 1, rng))
    }

    /// Draws when the first page is created, if ever.
    fn activation(&self, person: &Person, returns: bool, rng: &mut Stream) -> Option<i64> {
        let month_ends = i64::from(self.starts[person.cohort + 1]) * DAY;
        let at_once = person.signup + 60 + (uniform(rng) * 1_500.0) as i64;
        let (which, when) = (uniform(rng), uniform(rng));
        let at = match person.class {
            Class::Never => return None,
            Class::Fast => {
                let later = person.signup + 3_600 + (when * 82_000.0) as i64;
                if which < 0.75 || (!returns && later >= month_ends) { at_once } else { later }
            }
            Class::Slow => {
                // A day, and then an exponential wait cut at the end of the week, or of the month.
                let end = person.signup + i64::from(WINDOWS[0]) * DAY - 3_600;
                let end = if returns { end } else { end.min(month_ends) };
                let room = ((end - person.signup) as f64 / DAY as f64 - 1.0).max(0.0);
                let wait = -(1.0 - when * (1.0 - (-room / 1.5).exp())).ln() * 1.5;
                person.signup + DAY + (wait * DAY as f64) as i64
            }
        };
        // A minute before midnight at the latest: the visit still has to fit.
        let latest = at.div_euclid(DAY) * DAY + DAY - 120;
        Some(at.min(latest))
    }

    /// Adds and removes visits until the user is active on as many days as their stage requires.
    fn engage(
        &self,
        person: &Person,
        bounds: Bounds,
        visits: &mut Vec<Visit>,
        much: &Count,
        rng: &mut Stream,
    ) {
        let mut add_until = |wanted: usize, window: i32, visits: &mut Vec<Visit>| {
            let to = (bounds.first + window).min(bounds.after);
            for round in 0.. {
                let days = bounds.days(visits, window);
                if days.len() >= wanted {
                    return;
                }
                let from = bounds.started + 1;
                let at = if round < PATIENCE {
                    self.visit_between(from, to, rng)
                } else {
                    // Nearly all weight lies on the days that count already.
                    let Some(at) = self.visit_beside(&days, from, to, rng) else { return };
                    at
                };
                let place = visits.partition_point(|visit| visit.at <= at);
                visits.insert(place, Visit::new(at, much.draw(rng)));
            }
        };
        add_until(ENGAGED_DAYS, WINDOWS[1], visits);
        if person.habit {
            add_until(HABIT_DAYS, WINDOWS[2], visits);
        } else {
            bounds.stay_below_the_habit(visits);
        }
    }

    /// Decides where a user shares and upgrades.
    fn share(
        &self,
        person: &Person,
        activated: Option<i64>,
        visits: &mut [Visit],
        rng: &mut Stream,
    ) {
        let (which, when) = (uniform(rng), uniform(rng));
        let pick = |share: f64, n: usize| ((share * n as f64) as usize).min(n.saturating_sub(1));
        if !person.shares || visits.is_empty() {
            return;
        }
        if !person.habit {
            visits[pick(which, visits.len())].shares = true;
            return;
        }
        let first = (person.signup / DAY) as i32;
        let started = activated.map_or(first, |at| (at / DAY) as i32);
        let bounds = Bounds { first, started, next: 0, after: 0 };
        let days = bounds.days(visits, WINDOWS[2]);
        let Some(habit) = days.get(HABIT_DAYS - 1).copied() else { return };
        let within =
            |from: i32| move |visit: &&mut Visit| (from..first + WINDOWS[3]).contains(&visit.day());
        let mut later: Vec<&mut Visit> = visits.iter_mut().filter(within(habit)).collect();
        let shared = pick(which, later.len());
        later[shared].shares = true;
        if person.upgrades {
            // In the same visit, or on a later day.
            let day = later[shared].day();
            let from = later.iter().position(|visit| visit.day() > day).unwrap_or(later.len());
            match pick(when, later.len() - from + 1) {
                0 => later[shared].upgrades = true,
                n => later[from + n - 1].upgrades = true,
            }
        }
    }
}

/// Days that matter for a user's stages.
#[derive(Clone, Copy)]
struct Bounds {
    /// The day of sign-up.
    first: i32,
    /// The day of activation.
    started: i32,
    /// The first of the month after sign-up, and of the month after that.
    next: i32,
    after: i32,
}

impl Bounds {
    /// Returns the different days with a visit, from activation on, within `window` days of sign-up; by time.
    fn days(&self, visits: &[Visit], window: i32) -> Vec<i32> {
        let within = self.started..self.first + window;
        let mut days: Vec<i32> =
            visits.iter().map(Visit::day).filter(|day| within.contains(day)).collect();
        days.dedup();
        days
    }

    /// Leaves the day of activation and one other within the window, fewer than engagement takes. Month 1 keeps a day
    /// if the user is active in it.
    fn leave_two_days(&self, returns: bool, visits: &mut Vec<Visit>) {
        let days = self.days(visits, WINDOWS[1]);
        let end = self.first + WINDOWS[1];
        let month = |visit: &Visit| (self.next..self.after).contains(&visit.day());
        let later = visits.iter().any(|visit| month(visit) && visit.day() >= end);
        let wanted = if returns && !later && self.started < self.next {
            self.next
        } else {
            self.started + 1
        };
        let keep = days.iter().find(|day| **day >= wanted && **day > self.started).copied();
        visits.retain(|visit| {
            let day = visit.day();
            day <= self.started || day >= end || Some(day) == keep
        });
    }

    /// Removes days, the last first, until there are fewer than the habit takes. The days that make the user engaged
    /// stay, and so does one in each month.
    fn stay_below_the_habit(&self, visits: &mut Vec<Visit>) {
        let days = self.days(visits, WINDOWS[2]);
        let excess = days.len().saturating_sub(HABIT_DAYS - 1);
        let first_from = |from: i32| days.iter().find(|day| **day >= from).copied();
        let (next, after) = (first_from(self.next), first_from(self.after));
        let needed =
            |at: usize, day: i32| at < ENGAGED_DAYS || Some(day) == next || Some(day) == after;
        let gone: Vec<i32> = (0..days.len())
            .rev()
            .filter(|at| !needed(*at, days[*at]))
            .take(excess)
            .map(|at| days[at])
            .collect();
        visits.retain(|visit| !gone.contains(&visit.day()));
    }
}

/// A Poisson distribution, or nothing.
struct Count(Option<Poisson<f64>>);

impl Count {
    fn new(mean: f64) -> Count {
        Count(Poisson::new(mean).ok())
    }

    fn draw(&self, rng: &mut Stream) -> u32 {
        self.0.map_or(0, |law| law.sample(rng) as u32)
    }
}

/// Draws a number from 0 to below `n`.
pub(super) fn below(n: i64, rng: &mut Stream) -> i64 {
    rng.random_range(0..n.max(1))
}

#[cfg(test)]
mod tests;
