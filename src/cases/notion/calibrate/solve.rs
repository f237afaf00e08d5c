//! The parts without a closed form, found by simulating a small world repeatedly.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::super::life::MOST_IN_A_VISIT;
use super::{Knobs, World};
use crate::cases::notion::config::{Config, Targets};
use crate::cases::notion::launch::Levers;
use crate::error::{Error, Result};

/// The number of people in the small world, and its seed; none of them is a user of the real one.
const PILOT: u32 = 12_000;
const PILOT_SEED: u64 = 0x0070_696c_6f74;
const ROUNDS: usize = 40;
/// A typical user with this many visits in a month is there every day, so more change nothing.
const MOST_TYPICAL_VISITS: f64 = 300.0;
/// After this many rounds at that limit, more will not help.
const ENOUGH: usize = 3;
/// So many solutions are kept.
const KEPT: usize = 16;
static SOLVED: Mutex<Vec<(Config, Knobs, usize)>> = Mutex::new(vec![]);

impl World<'_> {
    /// Finds the three numbers. Each round simulates the same small world with the numbers so far, then adjusts each
    /// number by how far its own target is off.
    ///
    /// The small world's seed is its own, and levers don't reach it: configurations that differ by nothing else have the
    /// same numbers, which are found once and kept.
    pub(super) fn solve(&mut self) -> Result<()> {
        let alike = Config {
            users: 1,
            seed: 0,
            levers: Levers::none(),
            churn: [0.0; 4],
            ..self.config.clone()
        };
        let kept = || SOLVED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, knobs, rounds)) = kept().iter().find(|(config, ..)| *config == alike) {
            (self.knobs, self.rounds) = (*knobs, *rounds);
            return Ok(());
        }
        self.find()?;
        let mut kept = kept();
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((alike, self.knobs, self.rounds));
        Ok(())
    }

    fn find(&mut self) -> Result<()> {
        let Targets { stickiness, events_per_user, top_decile, .. } = self.config.targets;
        let (mut close, mut most) = (0, 0);
        for round in 1..=ROUNDS {
            let seen = self.pilot();
            let least = seen.events_per_user - seen.events_beyond;
            let off = |found: f64, wanted: f64| (found / wanted - 1.0).abs();
            let worst = off(seen.stickiness, stickiness)
                .max(off(seen.events_per_user, events_per_user))
                .max(off(seen.top_decile, top_decile));
            self.rounds = round;
            close = if worst < 0.004 { close + 1 } else { 0 };
            if close == 2 || worst < 0.001 {
                return self.within_a_visit(&seen);
            }
            most = if self.knobs.visits == MOST_TYPICAL_VISITS && seen.stickiness < stickiness {
                most + 1
            } else {
                0
            };
            if most == ENOUGH {
                break;
            }
            let knobs = &mut self.knobs;
            knobs.visits *= (stickiness / seen.stickiness).powf(1.3).clamp(0.3, 3.0);
            let room = (events_per_user - least).max(1e-3) / seen.events_beyond.max(1e-3);
            knobs.events *= room.clamp(0.2, 5.0);
            knobs.spread += ((top_decile - seen.top_decile) * 2.5).clamp(-0.4, 0.4);
            // What only rounding could tell apart must not tell machines apart.
            knobs.visits = rounded(knobs.visits.clamp(1e-4, MOST_TYPICAL_VISITS));
            knobs.events = rounded(knobs.events.clamp(1e-4, 1e5));
            knobs.spread = rounded(knobs.spread.clamp(0.0, 4.0));
        }
        let seen = self.pilot();
        let least = seen.events_per_user - seen.events_beyond;
        if least > events_per_user {
            let accepted = format!(
                "at least {:.1}: with {stickiness} of monthly users active on an average day, visits alone make that many",
                least.ceil()
            );
            return Err(
                Error::config("events_per_user", events_per_user, accepted).within("targets")
            );
        }
        let near = |found: f64, wanted: f64| (found / wanted - 1.0).abs() < 0.02;
        if !near(seen.stickiness, stickiness) {
            let accepted = format!("about {:.3} with the other targets", seen.stickiness);
            return Err(Error::config("stickiness", stickiness, accepted).within("targets"));
        }
        self.within_a_visit(&seen)?;
        if !near(seen.events_per_user, events_per_user) {
            let accepted = format!("about {:.1} with the other targets", seen.events_per_user);
            return Err(
                Error::config("events_per_user", events_per_user, accepted).within("targets")
            );
        }
        if !near(seen.top_decile, top_decile) {
            let accepted = format!("about {:.3} with the other targets", seen.top_decile);
            return Err(Error::config("top_decile", top_decile, accepted).within("targets"));
        }
        Ok(())
    }

    /// That nobody in the small world does more in a visit than a user can: it would be cut off in silence.
    fn within_a_visit(&mut self, seen: &Seen) -> Result<()> {
        let most = self.knobs.events * seen.most_active;
        if most <= MOST_IN_A_VISIT {
            return Ok(());
        }
        // The same people with as few events in a visit as nobody's is cut off.
        self.knobs.events = rounded(MOST_IN_A_VISIT / seen.most_active);
        let fit = self.pilot().events_per_user;
        let accepted = format!(
            "at most about {fit:.0} with the other targets: the most active of {PILOT} users would do {most:.0} things in \
             a visit, and {MOST_IN_A_VISIT} is the most"
        );
        let found = self.config.targets.events_per_user;
        Err(Error::config("events_per_user", found, accepted).within("targets"))
    }

    /// What the small world shows.
    fn pilot(&self) -> Seen {
        let lives: Vec<(u64, u64, u64, u64, f64)> = (1..=PILOT)
            .into_par_iter()
            .map(|id| {
                let life = self.life(PILOT_SEED, id);
                let events: u64 = life.visits.iter().map(|visit| visit.events()).sum();
                let beyond: u64 = life.visits.iter().map(|visit| u64::from(visit.more)).sum();
                let mut days: Vec<i32> = life.visits.iter().map(|visit| visit.day()).collect();
                days.dedup();
                // The first 30 days have no monthly figure; nor do daily ones count there.
                let mut monthly = 0;
                let mut until = 29;
                for day in &days {
                    let (from, to) = ((*day).max(until), (day + 30).min(self.days()));
                    monthly += i64::from((to - from).max(0));
                    until = until.max(to);
                }
                let daily = days.iter().filter(|day| **day >= 29).count() as u64;
                (events, beyond, daily, monthly as u64, self.active(&life.person))
            })
            .collect();
        let sum = |pick: fn(&(u64, u64, u64, u64, f64)) -> u64| {
            lives.iter().map(pick).sum::<u64>() as f64
        };
        let mut each: Vec<u64> = lives.iter().map(|life| life.0).collect();
        each.sort_unstable_by(|a, b| b.cmp(a));
        let top: u64 = each[..each.len() / 10].iter().sum();
        let events = sum(|life| life.0);
        Seen {
            stickiness: sum(|life| life.2) / sum(|life| life.3),
            events_per_user: events / f64::from(PILOT) + 1.0,
            events_beyond: sum(|life| life.1) / f64::from(PILOT),
            top_decile: top as f64 / events,
            most_active: lives.iter().map(|life| life.4).fold(0.0, f64::max),
        }
    }
}

/// What a small world shows.
struct Seen {
    stickiness: f64,
    events_per_user: f64,
    /// How many of those the solver can change.
    events_beyond: f64,
    top_decile: f64,
    /// How many times as active as a typical user the most active one is.
    most_active: f64,
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
