//! An experiment as its draws show it, look by look.

use super::config::{Config, Looks};
use super::decide::Shows;
use super::flaw::Flaw;
use super::idea::{Idea, name};
use super::metric::Metric;
use super::reading::Reading;
use super::run::{Run, Sums, Users, normal};
use crate::stream::stream;

/// An experiment of a year: a run's sums, drawn up to the day somebody looked.
pub(super) struct Drawn<'c> {
    config: &'c Config,
    idea: &'c Idea,
    year: u64,
    one_by_one: bool,
    now: Option<So>,
    /// Returns the z of the other metrics of the first run, by metric and day.
    others: Option<Vec<Vec<f64>>>,
}

/// A run so far.
struct So {
    run: Run,
    day: u32,
    arms: [Sums; 2],
}

impl<'c> Drawn<'c> {
    /// Prepares the draws of an idea; `kept` says whose users are drawn one by one.
    pub fn new(config: &'c Config, idea: &'c Idea, year: u64, kept: &[u32]) -> Drawn<'c> {
        let one_by_one = year == 0 && kept.contains(&idea.id);
        Drawn { config, idea, year, one_by_one, now: None, others: None }
    }

    /// Returns the users of a run.
    pub fn users(&self, run: Run) -> Users<'c> {
        let users = Users::new(self.config, self.idea, self.year, run);
        if self.one_by_one && run == Run::First { users.one_by_one() } else { users }
    }

    /// Returns the z of the other metrics at the end of a day of a run, from 1. Nothing has an effect on them.
    pub fn others(&mut self, run: Run, day: u32) -> Vec<f64> {
        let metrics = self.config.teams[self.idea.team].metrics;
        if metrics < 2 {
            return vec![];
        }
        let at = |all: &[Vec<f64>]| all.iter().map(|z| z[day as usize - 1]).collect();
        if run == Run::First
            && let Some(all) = &self.others
        {
            return at(all);
        }
        let what = match run {
            Run::First => "platform other metrics",
            Run::Rerun => "platform other metrics again",
            Run::Replication => "platform other metrics of a replication",
        };
        let mut rng = stream(self.config.seed, &name(what, self.year), u64::from(self.idea.id));
        let walk = |_| {
            let mut sum = 0.0;
            (1..=self.config.days)
                .map(|day| {
                    sum += normal(&mut rng);
                    sum / f64::from(day).sqrt()
                })
                .collect()
        };
        let all: Vec<Vec<f64>> = (1..metrics).map(walk).collect();
        let found = at(&all);
        if run == Run::First {
            self.others = Some(all);
        }
        found
    }
}

impl Shows for Drawn<'_> {
    fn reading(&mut self, run: Run, day: u32) -> Reading {
        let users = self.users(run);
        let mut so = match self.now.take() {
            Some(so) if so.run == run && so.day <= day => so,
            _ => So { run, day: 0, arms: [Sums::default(); 2] },
        };
        for from in so.day..day {
            for (treated, arm) in [false, true].into_iter().zip(&mut so.arms) {
                for new in [false, true] {
                    arm.add(&users.sums(from, treated, new));
                }
            }
        }
        so.day = day;
        let ratio = self.idea.metric == Metric::Clicks;
        let mut reading = Reading::new(&so.arms[0], &so.arms[1], ratio);
        self.now = Some(so);
        let others = self.others(run, day);
        reading.others = match run {
            // The one that won is tried again: as good as any, nothing has an effect on them.
            Run::Replication => others.first().copied().unwrap_or(f64::NEG_INFINITY),
            _ => others.into_iter().fold(f64::NEG_INFINITY, f64::max),
        };
        reading
    }
}

/// The experiments whose users are kept one by one: the first with a redirect, with an effect in one segment and with harm that the
/// metric likes; the first clicks per session without an effect, and the first conversion of a team that looks daily.
pub(super) fn kept(config: &Config, ideas: &[Idea]) -> Vec<u32> {
    let clean = |it: &Idea, metric| it.flaw == Flaw::Clean && it.metric == metric;
    let daily = |it: &Idea| config.teams[it.team].looks == Looks::Daily && it.base == 0.0;
    let which: [&dyn Fn(&Idea) -> bool; 5] = [
        &|it| it.flaw == Flaw::Redirect,
        &|it| it.flaw == Flaw::OneSegment,
        &|it| it.flaw == Flaw::Liked,
        &|it| clean(it, Metric::Clicks) && it.base == 0.0,
        &|it| clean(it, Metric::Conversion) && daily(it),
    ];
    let found = which.iter().filter_map(|which| ideas.iter().find(|idea| which(idea)));
    let mut found: Vec<u32> = found.map(|idea| idea.id).collect();
    found.sort_unstable();
    found
}
