//! What is expected of a sign-up: closed forms, by segment, channel and cohort, with whatever levers reach it.

use polars::prelude::*;

use super::calibrate::{Class, World};
use super::config::Config;
use super::effects::{Effects, Live, Reach};
use super::launch::{Launch, Lever, Region};
use super::rows::{DEVICES, PLAN_OF, PLANS};
use crate::error::Result;

/// Means over people.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Expected {
    /// How many sign up, for each who would without levers.
    pub signups: f64,
    pub activates: f64,
    /// Active in month 1, and in month 3.
    pub month_1: f64,
    pub month_3: f64,
    pub habit: f64,
    /// Share, comment or invite at some time.
    pub shares: f64,
    pub upgrades: f64,
    pub seats: f64,
    /// US dollars a month, of those who upgrade and of those on a seat, by segment.
    pub by_upgrade: [f64; 4],
    pub by_seat: [f64; 4],
}

impl Expected {
    fn all(&mut self) -> [&mut f64; 16] {
        let [a, b, c, d] = &mut self.by_upgrade;
        let [e, f, g, h] = &mut self.by_seat;
        [
            &mut self.signups,
            &mut self.activates,
            &mut self.month_1,
            &mut self.month_3,
            &mut self.habit,
            &mut self.shares,
            &mut self.upgrades,
            &mut self.seats,
            a,
            b,
            c,
            d,
            e,
            f,
            g,
            h,
        ]
    }

    /// Adds so many people like these.
    pub fn add(&mut self, weight: f64, mut more: Expected) {
        for (to, from) in self.all().into_iter().zip(more.all()) {
            *to += weight * *from;
        }
    }

    /// Returns the same per sign-up.
    fn per_signup(mut self) -> Expected {
        let signups = self.signups;
        self.all().into_iter().skip(1).for_each(|value| *value /= signups);
        self
    }
}

/// The dollars a month that a segment's plan costs.
pub(super) fn price(segment: usize) -> f64 {
    PLANS[PLAN_OF[segment]].1
}

impl World<'_> {
    /// Computes what is expected of somebody of a segment, from a channel, in a cohort that is observed long enough.
    pub fn expected(
        &self,
        segment: usize,
        channel: usize,
        cohort: usize,
        effects: &Effects,
    ) -> Expected {
        let share = |value: f64| value.min(1.0);
        let acts = share(self.activates[segment][channel] * effects.activates);
        let fast = share(self.hurries[segment][channel] * effects.hurries);
        let classes = [
            (Class::Fast, acts * fast),
            (Class::Slow, acts * (1.0 - fast)),
            (Class::Never, 1.0 - acts),
        ];
        let there = |k: usize| {
            let each = classes.map(|(class, weight)| {
                weight * share(self.there(segment, channel, class, cohort, k) * effects.returns)
            });
            (each.iter().sum::<f64>(), each[0] + each[1])
        };
        let (month_1, active) = there(1);
        let (month_3, _) = there(3);
        let engages = self.engages.min(1.0);
        let habit = active * engages.min(self.engages * self.config.targets.habit * effects.habit);
        let collaborates = habit * share(self.collaborates[segment] * effects.collaborates);
        let upgrades = collaborates * share(self.upgrades[segment] * effects.upgrades);
        let others = (1.0 - habit) * share(self.shares[segment] * effects.shares);
        let shares = collaborates + others;
        let usual = self.habits[cohort][segment] * self.collaborates[segment];
        let seats = self.seats(segment, usual * self.upgrades[segment]);
        let sharer = share(seats.sharer * effects.pays);
        let other = share(seats.other * effects.pays);
        let seats = (shares - upgrades) * sharer + (1.0 - shares) * other;
        let dollars = |share: f64| {
            let mut all = [0.0; 4];
            all[segment] = share * price(segment);
            all
        };
        Expected {
            signups: 1.0,
            activates: acts,
            month_1,
            month_3: month_3 * (1.0 - self.config.pauses),
            habit,
            shares,
            upgrades,
            seats,
            by_upgrade: dollars(upgrades),
            by_seat: dollars(seats),
        }
    }

    /// Computes what is expected of a sign-up in a region, with the people that it brings: the sum over all of them.
    pub fn expected_in(&self, live: &Live, region: usize, month: usize, cohort: usize) -> Expected {
        let config = self.config;
        let mut all = Expected::default();
        for (device, of_device) in DEVICES {
            let plain = live.reach(region, month, device == "mobile");
            let cells = (0..4).flat_map(|s| (0..6).map(move |c| (s, c)));
            for (s, c) in cells {
                let weight = config.segments[s].share * config.channels[c].share * of_device;
                let effects = plain.effects(&config.levers, s);
                let own = self.expected(s, c, cohort, &effects);
                all.add(weight, own);
                // Of everybody's device and channel, but of the segment of who brought them, or of anybody's.
                for (lever, brought) in [(Lever::Seo, 1.0), (Lever::Sharing, own.shares)] {
                    let rate = config.levers.of(lever).signups * brought;
                    if plain.live[lever as usize] && rate > 0.0 {
                        all.add(weight * rate, self.newcomer(&plain, lever, s, cohort));
                    }
                }
            }
        }
        all
    }

    /// Computes what is expected of somebody whom a lever brings to somebody of a segment, which shared content has nothing to do with.
    fn newcomer(&self, plain: &Reach, lever: Lever, segment: usize, cohort: usize) -> Expected {
        let config = self.config;
        let channel = if lever == Lever::Seo { 0 } else { 1 };
        let mut all = Expected::default();
        for (device, of_device) in DEVICES {
            let reach = Reach { mobile: device == "mobile", because: Some(lever), ..*plain };
            for (s, rules) in config.segments.iter().enumerate() {
                let weight = match lever {
                    Lever::Seo => rules.share,
                    _ => f64::from(u8::from(s == segment)),
                };
                if weight > 0.0 {
                    let effects = reach.effects(&config.levers, s);
                    all.add(of_device * weight, self.expected(s, channel, cohort, &effects));
                }
            }
        }
        all
    }
}

/// Returns what each lever changes among those who sign up where it is live, alone: exact, on average over cohorts.
///
/// One row per lever and outcome: `lever`, `outcome` ("signups": the logarithm of their number; "activated", "back" (month 1),
/// "back_3" (month 3), "shared" (ever), "paid", shares of sign-ups; "dollars": US dollars a month per sign-up), `without`, `with`,
/// `effect` (f64: the difference).
///
/// # Errors
/// Those of [`Config::validate`].
///
/// ```
/// use casebook::cases::notion::{self, Config, LeverEffect, Levers};
/// use casebook::frame::Verbs;
/// use casebook::polars::prelude::*;
///
/// let templates = LeverEffect { activates: 0.10, ..LeverEffect::default() };
/// let config = Config { levers: Levers { templates, ..Levers::none() }, ..Config::default() };
/// let truth = notion::lever_truth(&config)?;
/// let activated = truth.keep(col("lever").eq(lit("templates")))?.value("effect", "outcome", "activated")?;
/// assert!((activated - 0.06).abs() < 1e-9);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn lever_truth(config: &Config) -> Result<DataFrame> {
    let world = World::people(config)?;
    let cohorts = config.months as usize - 1;
    let mean = |live: &Live| {
        let mut all = Expected::default();
        let mut before = 0.0;
        for cohort in 0..cohorts {
            let share = world.month_sums[cohort] - before;
            before = world.month_sums[cohort];
            all.add(share / world.month_sums[cohorts - 1], world.expected_in(live, 0, 0, cohort));
        }
        all
    };
    let without = mean(&Live::default());
    let (mut levers, mut outcomes, mut values) = (vec![], vec![], [vec![], vec![], vec![]]);
    for lever in Lever::ALL {
        let with = mean(&Live::new(&[Launch::new(lever, Region::NorthAmerica, 0)]));
        let figures = |all: Expected| {
            let each = all.per_signup();
            [
                ("signups", each.signups.ln()),
                ("activated", each.activates),
                ("back", each.month_1),
                ("back_3", each.month_3),
                ("shared", each.shares),
                ("paid", each.upgrades + each.seats),
                ("dollars", each.by_upgrade.iter().chain(&each.by_seat).sum()),
            ]
        };
        for ((outcome, with), (_, without)) in figures(with).into_iter().zip(figures(without)) {
            levers.push(lever.name());
            outcomes.push(outcome);
            for (to, value) in values.iter_mut().zip([without, with, with - without]) {
                to.push(value);
            }
        }
    }
    let [without, with, effect] = values;
    Ok(df!(
        "lever" => levers, "outcome" => outcomes,
        "without" => without, "with" => with, "effect" => effect,
    )?)
}
