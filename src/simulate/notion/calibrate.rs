//! From what the data should show to the rates behind it.
//!
//! Nearly all of it is closed form: shares are normalised so that segments and channels differ and the totals
//! stay, and a curve is laid through the retention claimed. Three numbers have none: how often users come, how
//! much they do, and how much they differ. They are found by making a small world again and again.

use polars::prelude::*;
use rayon::prelude::*;
use serde::Serialize;

use super::config::{Config, Targets};
use super::life::{CLASSES, Class};
use crate::error::{Error, Result};
use crate::simulate::draw::sums;

/// Days within which a user activates, engages, forms the habit, collaborates and pays: the windows of the
/// funnel, counted from the day of sign-up.
pub const WINDOWS: [i32; 4] = [7, 30, 60, 90];
/// Different days on which a user is active, from activation on, within 30 days: engagement.
pub const ENGAGED_DAYS: usize = 3;
/// Different days within 60 days: the habit.
pub const HABIT_DAYS: usize = 8;

/// People in the small world, and its seed: no user of the real one is among them.
const PILOT: u32 = 12_000;
const PILOT_SEED: u64 = 0x0070_696c_6f74;
const ROUNDS: usize = 40;

/// What is solved numerically: see [`Calibration`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Knobs {
    pub visits: f64,
    pub events: f64,
    pub spread: f64,
}

/// What was solved for, so that the data shows its [`Targets`].
///
/// ```
/// use casebook::simulate::notion::{Calibration, Config};
///
/// let solved = Calibration::solve(&Config::default())?;
/// // Retention in month k is exp(-scale · k^shape): 45, 29 and 19 % lie on such a curve.
/// let month = |k: f64| (-solved.scale * k.powf(solved.shape)).exp();
/// assert!((month(3.0) - 0.29).abs() < 0.01);
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// Retention in month k is exp(−`scale` · k^`shape`): least squares through the months claimed.
    pub scale: f64,
    /// See `scale`.
    pub shape: f64,
    /// Cohorts return from 1 − this to 1 + this times as often as the average one, first to last.
    pub cohort_slope: f64,
    /// Of users who activate and are there in month 1, the share that engages.
    pub engages: f64,
    /// Probability of paying, by segment.
    pub pays: [f64; 4],
    /// Visits of a typical user in a month in which it is active, beyond the first.
    pub visits: f64,
    /// Events of a typical user in a visit, beyond the first.
    pub events: f64,
    /// Standard deviation of the logarithm of how active users are.
    pub spread: f64,
    /// Passes over the small world that it took.
    pub rounds: usize,
}

impl Calibration {
    /// Solves for the rates behind a configuration's targets.
    ///
    /// # Errors
    /// Those of [`Config::validate`]; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for targets
    /// that cannot be had together, naming one of them and what it could be.
    pub fn solve(config: &Config) -> Result<Calibration> {
        let world = World::new(config)?;
        Ok(Calibration {
            scale: world.scale,
            shape: world.shape,
            cohort_slope: world.slope,
            engages: world.engages,
            pays: world.pays,
            visits: world.knobs.visits,
            events: world.knobs.events,
            spread: world.knobs.spread,
            rounds: world.rounds,
        })
    }
}

/// Seats: who pays without having upgraded, by whether the user shares.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seats {
    pub sharer: f64,
    pub other: f64,
}

/// A configuration made ready: every probability a user's life needs.
pub(super) struct World<'c> {
    pub config: &'c Config,
    /// The first day, from 1970-01-01.
    pub first_day: i32,
    /// First days of the months, counted from the first; two months more than are observed.
    pub starts: Vec<i32>,
    /// Days' weights summed up, from the first day on.
    pub busy: Vec<f64>,
    pub segment_sums: Vec<f64>,
    pub channel_sums: Vec<f64>,
    pub month_sums: Vec<f64>,
    /// Probability of activating, and of being fast if so, by segment and channel.
    pub activates: [[f64; 6]; 4],
    pub hurries: [[f64; 6]; 4],
    /// How often a user comes back against the average one: by segment, channel and class.
    returns: [[[f64; 3]; 6]; 4],
    pub scale: f64,
    pub shape: f64,
    pub slope: f64,
    /// exp(−scale · kˢʰᵃᵖᵉ), by month k: every user asks for it again and again.
    curve: Vec<f64>,
    /// A cohort's factor, and its average over the cohorts observed in month k.
    cohorts: Vec<f64>,
    averages: Vec<f64>,
    /// Probability of the habit, by cohort and segment.
    pub habits: Vec<[f64; 4]>,
    pub engages: f64,
    pub collaborates: [f64; 4],
    pub upgrades: [f64; 4],
    /// Share of those without the habit who share, comment or invite.
    pub shares: [f64; 4],
    pub pays: [f64; 4],
    pub knobs: Knobs,
    rounds: usize,
}

impl<'c> World<'c> {
    pub fn new(config: &'c Config) -> Result<World<'c>> {
        config.validate()?;
        let mut world = World::closed_form(config)?;
        world.solve()?;
        Ok(world)
    }

    /// Everything but the three numbers that have no closed form.
    fn closed_form(config: &'c Config) -> Result<World<'c>> {
        let (segments, channels, targets) = (&config.segments, &config.channels, &config.targets);
        let months = config.months as usize;
        let first_day = config.start.first_day();
        let starts: Vec<i32> =
            (0..config.months + 3).map(|n| config.start.plus(n).first_day() - first_day).collect();
        let busy = busy_days(config, &starts);

        let monthly: Vec<f64> = (0..months)
            .map(|month| {
                let weight = busy[starts[month + 1] as usize] - busy[starts[month] as usize];
                weight * (1.0 + config.growth).powi(month as i32)
            })
            .collect();
        let total: f64 = monthly.iter().sum();
        let monthly: Vec<f64> = monthly.iter().map(|weight| weight / total).collect();

        // Cells: segment × channel, with the share of users in each.
        let cells: Vec<(usize, usize, f64)> = (0..4)
            .flat_map(|s| (0..6).map(move |c| (s, c)))
            .map(|(s, c)| (s, c, segments[s].share * channels[c].share))
            .collect();
        let spread = |ratio: &dyn Fn(usize, usize) -> f64, weight: &dyn Fn(usize, usize) -> f64| {
            let mean =
                cells.iter().map(|(s, c, w)| w * weight(*s, *c) * ratio(*s, *c)).sum::<f64>()
                    / cells.iter().map(|(s, c, w)| w * weight(*s, *c)).sum::<f64>();
            let mut table = [[0.0; 6]; 4];
            for (s, c, _) in &cells {
                table[*s][*c] = ratio(*s, *c) / mean;
            }
            table
        };
        let scaled = |table: [[f64; 6]; 4], field: &str, to: f64| -> Result<[[f64; 6]; 4]> {
            let all = table.map(|row| row.map(|ratio| ratio * to));
            let most = all.iter().flatten().copied().fold(0.0, f64::max);
            if most > 1.0 {
                let accepted =
                    format!("at most {:.3}, or segments and channels that differ less", to / most);
                return Err(Error::config(field, to, accepted).within("targets"));
            }
            Ok(all)
        };
        let activates = spread(&|s, c| segments[s].activates * channels[c].activates, &|_, _| 1.0);
        let activates = scaled(activates, "activation", targets.activation)?;
        let hurries =
            spread(&|s, c| segments[s].hurries * channels[c].hurries, &|s, c| activates[s][c]);
        let hurries = scaled(hurries, "fast", targets.fast)?;

        let class = |s: usize, c: usize| {
            let (acts, fast) = (activates[s][c], hurries[s][c]);
            [acts * fast, acts * (1.0 - fast), 1.0 - acts]
        };
        let effect = [targets.fast_effect, 1.0, 1.0];
        let quality = |s: usize, c: usize| segments[s].returns * channels[c].returns;
        let expected = |s: usize, c: usize| -> f64 {
            (0..3).map(|k| class(s, c)[k] * effect[k]).sum::<f64>() * quality(s, c)
        };
        let mean: f64 = cells.iter().map(|(s, c, w)| w * expected(*s, *c)).sum();
        let mut returns = [[[0.0; 3]; 6]; 4];
        for (s, c, _) in &cells {
            returns[*s][*c] = effect.map(|effect| effect * quality(*s, *c) / mean);
        }

        let (scale, shape) = weibull(&targets.retention);
        let (slope, cohorts, averages) = improving(targets, &monthly);

        // Who could be observed for the funnel's longest window, and how well their cohorts return.
        let seen = |month: usize| {
            let last = starts[months] - WINDOWS[3];
            let days = f64::from(starts[month + 1] - starts[month]);
            (f64::from(last - starts[month] + 1) / days).clamp(0.0, 1.0)
        };
        let observed: f64 = (0..months).map(|m| monthly[m] * seen(m)).sum();
        let lift = (0..months).map(|m| monthly[m] * seen(m) * cohorts[m]).sum::<f64>()
            / (observed * averages[1]);
        let first = (-scale).exp();
        // There in month 1, of those who activate.
        let there = |s: usize, c: usize| -> f64 {
            (0..2).map(|k| class(s, c)[k] * returns[s][c][k]).sum::<f64>() * first * lift
        };
        let active: f64 = cells.iter().map(|(s, c, w)| w * there(*s, *c)).sum();
        let engages = targets.engagement * targets.activation / active;
        if engages.is_nan() || engages > 1.0 {
            let accepted = format!(
                "at most {:.3}: so many are there in month 1",
                targets.engagement / engages
            );
            return Err(Error::config("engagement", targets.engagement, accepted).within("targets"));
        }

        let habits: [f64; 4] = std::array::from_fn(|s| {
            let there: f64 = (0..6).map(|c| channels[c].share * there(s, c)).sum();
            there * engages * targets.habit
        });
        let collaborates = among("collaboration", targets.collaboration, |s| {
            (segments[s].share * habits[s], segments[s].collaborates)
        })?;
        let upgrades = among("monetization", targets.monetization, |s| {
            (segments[s].share * habits[s] * collaborates[s], segments[s].pays)
        })?;
        let pays = among("paid", targets.paid, |s| (segments[s].share, segments[s].pays))?;
        let mut shares = [0.0; 4];
        for s in 0..4 {
            let others = segments[s].shares - habits[s] * collaborates[s];
            shares[s] = others / (1.0 - habits[s]);
            if !(0.0..=1.0).contains(&shares[s]) {
                let accepted =
                    format!("at least {:.3}: so many collaborate", habits[s] * collaborates[s]);
                return Err(
                    Error::config("shares", segments[s].shares, accepted).within("segments")
                );
            }
        }
        let mut world = World {
            config,
            first_day,
            starts,
            busy,
            segment_sums: sums(segments.iter().map(|segment| segment.share)),
            channel_sums: sums(channels.iter().map(|channel| channel.share)),
            month_sums: sums(monthly.into_iter()),
            activates,
            hurries,
            returns,
            scale,
            shape,
            slope,
            curve: (0..=months).map(|k| (-scale * (k as f64).powf(shape)).exp()).collect(),
            cohorts,
            averages,
            habits: vec![],
            engages,
            collaborates,
            upgrades,
            shares,
            pays,
            knobs: Knobs { visits: 1.0, events: 1.0, spread: 1.0 },
            rounds: 0,
        };
        world.habits = (0..months)
            .map(|cohort| std::array::from_fn(|segment| world.habit_in(segment, cohort)))
            .collect();
        world.possible()?;
        Ok(world)
    }

    /// That no probability of coming back passes 1, and none rises with time.
    fn possible(&self) -> Result<()> {
        let months = self.config.months as usize;
        for s in 0..4 {
            for c in 0..6 {
                for class in CLASSES {
                    for cohort in 0..months - 1 {
                        let chance = |k| self.there(s, c, class, cohort, k);
                        let most = chance(1);
                        let one = self.config.targets.retention[0];
                        if most > 1.0 {
                            let accepted = format!(
                                "at most {:.3} with this effect of activating fast, or segments and channels that differ less",
                                one / most
                            );
                            return Err(Error::config("retention", one, accepted).within("targets"));
                        }
                        if (2..months - cohort).any(|k| chance(k) > chance(k - 1)) {
                            let accepted = "fewer: with these a cohort would grow after it shrank";
                            return Err(Error::config("pauses", self.config.pauses, accepted));
                        }
                    }
                }
            }
        }
        for s in 0..4 {
            let segment = &self.config.segments[s];
            let habit = self.habits.iter().map(|habits| habits[s]).fold(0.0, f64::max);
            let upgrading = habit * self.collaborates[s] * self.upgrades[s];
            let ratio = self.config.sharers_pay;
            let paying = self.pays[s] / (segment.shares * ratio + 1.0 - segment.shares);
            if paying * ratio * segment.shares < upgrading || paying > 1.0 {
                let accepted = "another ratio: with this one fewer sharers would pay than upgrade, or more than all others";
                return Err(Error::config("sharers_pay", ratio, accepted));
            }
        }
        Ok(())
    }

    /// Probability that a user has not left by month `k` after sign-up, 1 or more.
    pub fn there(
        &self,
        segment: usize,
        channel: usize,
        class: Class,
        cohort: usize,
        k: usize,
    ) -> f64 {
        let curve = self.curve[k];
        let stays = if k == 1 { 1.0 } else { 1.0 - self.config.pauses };
        let average = self.averages[k.min(self.averages.len() - 1)];
        self.returns[segment][channel][class as usize] * curve * self.cohorts[cohort]
            / (average * stays)
    }

    /// Days observed.
    pub fn days(&self) -> i32 {
        self.starts[self.config.months as usize]
    }

    /// Whether somebody who signed up on a day is observed for the funnel's longest window.
    pub fn observed(&self, day: i32) -> bool {
        day + WINDOWS[3] <= self.days()
    }

    /// Who pays for a seat, given how many of a segment upgrade themselves: together they are those who pay,
    /// and sharers pay as much less as the configuration says.
    pub fn seats(&self, segment: usize, upgrading: f64) -> Seats {
        let shares = self.config.segments[segment].shares;
        let ratio = self.config.sharers_pay;
        let other = self.pays[segment] / (shares * ratio + 1.0 - shares);
        let sharer = (other * ratio * shares - upgrading) / (shares - upgrading).max(1e-9);
        Seats { sharer: sharer.clamp(0.0, 1.0), other: other.clamp(0.0, 1.0) }
    }

    /// Finds the three numbers. Each round makes the same small world with the numbers so far; each number is
    /// moved by what its own target is off.
    fn solve(&mut self) -> Result<()> {
        let Targets { stickiness, events_per_user, top_decile, .. } = self.config.targets;
        let mut close = 0;
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
                return Ok(());
            }
            let knobs = &mut self.knobs;
            knobs.visits *= (stickiness / seen.stickiness).powf(1.3).clamp(0.3, 3.0);
            let room = (events_per_user - least).max(1e-3) / seen.events_beyond.max(1e-3);
            knobs.events *= room.clamp(0.2, 5.0);
            knobs.spread += ((top_decile - seen.top_decile) * 2.5).clamp(-0.4, 0.4);
            // What only rounding could tell apart must not tell machines apart.
            knobs.visits = rounded(knobs.visits.clamp(1e-4, 1e4));
            knobs.events = rounded(knobs.events.clamp(1e-4, 1e5));
            knobs.spread = rounded(knobs.spread.clamp(0.0, 4.0));
        }
        let seen = self.pilot();
        let least = seen.events_per_user - seen.events_beyond;
        if least > events_per_user {
            let accepted = format!(
                "at least {:.1}: {stickiness} of monthly users are active on an average day, so many visits it takes",
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
        if !near(seen.top_decile, top_decile) {
            let accepted = format!("about {:.3} with the other targets", seen.top_decile);
            return Err(Error::config("top_decile", top_decile, accepted).within("targets"));
        }
        Ok(())
    }

    /// What the small world shows.
    fn pilot(&self) -> Seen {
        let lives: Vec<(u64, u64, u64, u64)> = (1..=PILOT)
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
                (events, beyond, daily, monthly as u64)
            })
            .collect();
        let sum =
            |pick: fn(&(u64, u64, u64, u64)) -> u64| lives.iter().map(pick).sum::<u64>() as f64;
        let mut each: Vec<u64> = lives.iter().map(|life| life.0).collect();
        each.sort_unstable_by(|a, b| b.cmp(a));
        let top: u64 = each[..each.len() / 10].iter().sum();
        let events = sum(|life| life.0);
        Seen {
            stickiness: sum(|life| life.2) / sum(|life| life.3),
            events_per_user: events / f64::from(PILOT) + 1.0,
            events_beyond: sum(|life| life.1) / f64::from(PILOT),
            top_decile: top as f64 / events,
        }
    }

    /// What a metric should find: see [`truth`](super::truth).
    pub fn truth(&self) -> Result<DataFrame> {
        let t = &self.config.targets;
        let month = |k: f64| (-self.scale * k.powf(self.shape)).exp();
        let rows = [
            ("visitors who sign up", t.signup),
            ("activation", t.activation),
            ("engagement", t.engagement),
            ("habit", t.habit),
            ("collaboration", t.collaboration),
            ("monetization", t.monetization),
            (
                "signup to paid",
                t.activation * t.engagement * t.habit * t.collaboration * t.monetization,
            ),
            ("paid", t.paid),
            ("paid, enterprise over individual", self.pays[2] / self.pays[0]),
            ("retention in month 1", month(1.0)),
            ("retention in month 3", month(3.0)),
            ("retention in month 6", month(6.0)),
            ("later over earlier cohorts, month 1", 1.0 + t.improvement),
            ("fast over slow, month 1, stratified", t.fast_effect),
            ("top decile's share of activity", t.top_decile),
            ("events per user", t.events_per_user),
            ("stickiness", t.stickiness),
        ];
        let (what, value): (Vec<&str>, Vec<f64>) = rows.into_iter().unzip();
        Ok(df!("what" => what, "value" => value)?)
    }
}

/// What a small world shows.
struct Seen {
    stickiness: f64,
    events_per_user: f64,
    /// Of those, how many the solver is free to move.
    events_beyond: f64,
    top_decile: f64,
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// Weights of the days summed up: weekday and season, 1 on average.
fn busy_days(config: &Config, starts: &[i32]) -> Vec<f64> {
    use chrono::Datelike;
    let mean = |weights: &[f64]| weights.iter().sum::<f64>() / weights.len() as f64;
    let usual = mean(&config.weekdays) * mean(&config.year);
    let first =
        chrono::NaiveDate::default() + chrono::TimeDelta::days(i64::from(config.start.first_day()));
    let mut busy = vec![0.0];
    for date in first.iter_days().take(starts[starts.len() - 1] as usize) {
        let weekday = config.weekdays[date.weekday().num_days_from_monday() as usize];
        let weight = weekday * config.year[date.month0() as usize] / usual;
        busy.push(busy[busy.len() - 1] + weight);
    }
    busy
}

/// The curve exp(−scale · k^shape) through months 1, 3 and 6: least squares of ln(−ln R) on ln k.
fn weibull(retention: &[f64; 3]) -> (f64, f64) {
    let x = [1.0_f64, 3.0, 6.0].map(f64::ln);
    let y = retention.map(|share| (-share.ln()).ln());
    let (mx, my) = (x.iter().sum::<f64>() / 3.0, y.iter().sum::<f64>() / 3.0);
    let shape = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>()
        / x.iter().map(|x| (x - mx).powi(2)).sum::<f64>();
    ((my - shape * mx).exp(), shape)
}

/// How cohorts improve: the slope, each cohort's factor, and its average over those observed in month k. The
/// slope is such that the later half of the cohorts seen in month 1, taken together, beats the earlier half by
/// what is claimed; of an odd number the middle one is in neither.
fn improving(targets: &Targets, monthly: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
    let months = monthly.len();
    let seen = months - 1;
    let place: Vec<f64> =
        (0..months).map(|c| 2.0 * c.min(seen - 1) as f64 / (seen - 1) as f64 - 1.0).collect();
    let mean = |range: std::ops::Range<usize>, of: &[f64]| {
        let total: f64 = monthly[range.clone()].iter().sum();
        range.map(|c| monthly[c] * of[c]).sum::<f64>() / total
    };
    let half = seen / 2;
    let (early, late) = (mean(0..half, &place), mean(seen - half..seen, &place));
    // (1 + slope · late) / (1 + slope · early) = 1 + improvement
    let slope = targets.improvement / (late - (1.0 + targets.improvement) * early);
    let factors: Vec<f64> = place.iter().map(|place| 1.0 + slope * place).collect();
    let averages = (0..months).map(|k| mean(0..months - k, &factors)).collect();
    (slope, factors, averages)
}

/// Probabilities by segment with given ratios and a given average, which `weighted` says how to take.
fn among(field: &str, to: f64, weighted: impl Fn(usize) -> (f64, f64)) -> Result<[f64; 4]> {
    let cells: [(f64, f64); 4] = std::array::from_fn(weighted);
    let total: f64 = cells.iter().map(|(weight, _)| weight).sum();
    let mean = cells.iter().map(|(weight, ratio)| weight * ratio).sum::<f64>() / total;
    let all = cells.map(|(_, ratio)| ratio / mean * to);
    let most = all.iter().copied().fold(0.0, f64::max);
    if most > 1.0 {
        let accepted = format!("at most {:.3}, or segments that differ less", to / most);
        return Err(Error::config(field, to, accepted).within("targets"));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_goes_through_points_of_its_own_kind() {
        let (scale, shape) = (0.7, 0.5_f64);
        let month = |k: f64| (-scale * k.powf(shape)).exp();
        let found = weibull(&[month(1.0), month(3.0), month(6.0)]);
        assert!((found.0 - scale).abs() < 1e-12 && (found.1 - shape).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn later_cohorts_are_better_by_what_is_claimed() {
        for (months, improvement) in [(24, 0.08), (7, 0.2), (12, -0.1)] {
            let targets = Targets { improvement, ..Targets::default() };
            let monthly: Vec<f64> = (1..=months).map(f64::from).collect();
            let (_, factors, averages) = improving(&targets, &monthly);
            let seen = monthly.len() - 1;
            let mean = |range: std::ops::Range<usize>| {
                let weight: f64 = monthly[range.clone()].iter().sum();
                range.map(|c| monthly[c] * factors[c]).sum::<f64>() / weight
            };
            let ratio = mean(seen - seen / 2..seen) / mean(0..seen / 2);
            assert!((ratio - 1.0 - improvement).abs() < 1e-12, "{ratio}");
            assert!((averages[1] - mean(0..seen)).abs() < 1e-12);
        }
    }

    /// Whatever segments and channels are like, the totals are the targets.
    #[test]
    fn differences_leave_the_totals_alone() {
        let mut config = Config::default();
        config.channels[3].activates = 0.5;
        config.channels[1].returns = 1.1;
        config.segments[0].hurries = 0.7;
        let world = World::closed_form(&config).unwrap();
        let over = |of: &dyn Fn(usize, usize) -> f64| -> f64 {
            (0..4)
                .flat_map(|s| (0..6).map(move |c| (s, c)))
                .map(|(s, c)| config.segments[s].share * config.channels[c].share * of(s, c))
                .sum()
        };
        let close = |found: f64, wanted: f64| {
            assert!((found - wanted).abs() < 1e-12, "{found}, not {wanted}")
        };
        close(over(&|s, c| world.activates[s][c]), config.targets.activation);
        let fast = over(&|s, c| world.activates[s][c] * world.hurries[s][c]);
        close(fast / config.targets.activation, config.targets.fast);
        close(over(&|s, _| world.pays[s]), config.targets.paid);
        let returns = |s: usize, c: usize| {
            let (acts, fast) = (world.activates[s][c], world.hurries[s][c]);
            let [quick, slow, never] = world.returns[s][c];
            acts * (fast * quick + (1.0 - fast) * slow) + (1.0 - acts) * never
        };
        close(over(&returns), 1.0);
        assert!(
            (world.returns[2][4][0] / world.returns[2][4][1] - config.targets.fast_effect).abs()
                < 1e-12
        );
    }

    #[test]
    fn seats_make_up_what_upgrades_leave_and_sharers_pay_less() {
        let config = Config::default();
        let world = World::closed_form(&config).unwrap();
        for s in 0..4 {
            let (shares, upgrading) = (config.segments[s].shares, 0.004);
            let seats = world.seats(s, upgrading);
            let sharers = (upgrading + (shares - upgrading) * seats.sharer) / shares;
            let all = shares * sharers + (1.0 - shares) * seats.other;
            assert!((all - world.pays[s]).abs() < 1e-12);
            assert!((sharers / seats.other - config.sharers_pay).abs() < 1e-12);
        }
    }
}
