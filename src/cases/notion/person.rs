//! What chance decides at sign-up, and what follows from it.

use rand_distr::{Distribution, StandardNormal};

use super::calibrate::{Class, World};
use super::effects::Reach;
use crate::cases::draw::{place, uniform};
use crate::stream::{Stream, stream};

pub(super) const DAY: i64 = 86_400;
/// The latest second of a day at which a visit begins.
pub(super) const LATEST: i64 = 82_800;
/// Users with the habit are more active: their bell curve lies this many standard deviations higher.
const HABIT_SHIFT: f64 = 0.8;

/// What chance decides before the first visit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Person {
    pub segment: usize,
    pub channel: usize,
    pub class: Class,
    /// The month of sign-up, counted from the first.
    pub cohort: usize,
    /// Rank among similar users, from 0 to 1: the lower, the longer a user stays.
    pub place: f64,
    /// How much more often than similar users this one stays.
    pub returns: f64,
    pub engaged: bool,
    pub habit: bool,
    pub collaborates: bool,
    pub upgrades: bool,
    /// Shares, comments or invites at some time.
    pub shares: bool,
    pub seat: bool,
    /// The moment of sign-up, in seconds since the first day.
    pub signup: i64,
    /// The logarithm of how active the user is, in standard deviations.
    pub bell: f64,
}

/// What is known of somebody before anything is drawn. It is drawn all the same, so that the rest stays as it is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fixed {
    pub segment: Option<usize>,
    pub channel: Option<usize>,
    pub cohort: Option<usize>,
    /// The first day of sign-up possible.
    pub earliest: i32,
    /// Whether they are followed for the funnel's longest window, whenever they sign up.
    pub followed: bool,
}

/// Numbers that decide over somebody, from 0 to below 1 unless noted. The same number decides the same question in every world.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draws {
    pub segment: usize,
    pub channel: usize,
    pub cohort: usize,
    activates: f64,
    hurries: f64,
    standing: f64,
    alike: f64,
    half: f64,
    collaborates: f64,
    upgrades: f64,
    shares: f64,
    day: f64,
    earliest: i32,
    followed: bool,
    /// The second of the day.
    second: i64,
    seat: f64,
    /// From a bell curve.
    bell: f64,
}

/// Returns the stream of a user.
pub(super) fn user_stream(seed: u64, id: u32) -> Stream {
    stream(seed, "notion user", u64::from(id))
}

impl World<'_> {
    /// Draws what chance decides at sign-up; returns it with the stream to continue with.
    pub fn person(&self, seed: u64, id: u32) -> (Person, Stream) {
        let mut stream = user_stream(seed, id);
        let person = self.decide(&self.draws(&Fixed::default(), &mut stream), &Reach::NONE);
        (person, stream)
    }

    /// Draws the numbers that decide over somebody.
    pub fn draws(&self, fixed: &Fixed, rng: &mut Stream) -> Draws {
        let segment = place(&self.segment_sums, rng);
        let channel = place(&self.channel_sums, rng);
        let cohort = place(&self.month_sums, rng);
        Draws {
            segment: fixed.segment.unwrap_or(segment),
            channel: fixed.channel.unwrap_or(channel),
            cohort: fixed.cohort.unwrap_or(cohort),
            activates: uniform(rng),
            hurries: uniform(rng),
            standing: uniform(rng),
            alike: uniform(rng),
            half: uniform(rng),
            collaborates: uniform(rng),
            upgrades: uniform(rng),
            shares: uniform(rng),
            day: uniform(rng),
            earliest: fixed.earliest,
            followed: fixed.followed,
            second: ((self.config.clock.sample(rng) * 3_600.0) as i64).min(LATEST),
            seat: uniform(rng),
            bell: StandardNormal.sample(rng),
        }
    }

    /// Makes a person of the numbers drawn, and of what reaches them.
    pub fn decide(&self, drawn: &Draws, reach: &Reach) -> Person {
        let Draws { segment, channel, cohort, standing, .. } = *drawn;
        let effects = reach.effects(&self.config.levers, segment);
        let activates = drawn.activates < self.activates[segment][channel] * effects.activates;
        let hurries = drawn.hurries < self.hurries[segment][channel] * effects.hurries;
        let class = match (activates, hurries) {
            (true, true) => Class::Fast,
            (true, false) => Class::Slow,
            (false, _) => Class::Never,
        };
        // The last cohort's first month after is not observed; it is drawn all the same.
        let first = (self.there(segment, channel, class, cohort, 1) * effects.returns).min(1.0);
        let returns = standing < first;
        // Who stays longer engages more, but not always.
        let rank = if drawn.half < 0.5 { standing / first } else { drawn.alike };
        let engaged = activates && returns && rank < self.engages;
        let habit = self.engages * self.config.targets.habit * effects.habit;
        let habit = engaged && rank < habit;
        let collaborates = self.collaborates[segment] * effects.collaborates;
        let collaborates = drawn.collaborates < collaborates && habit;
        let upgrades = drawn.upgrades < self.upgrades[segment] * effects.upgrades;
        let upgrade = upgrades && collaborates;
        let others = drawn.shares < self.shares[segment] * effects.shares;
        let shares = if habit { collaborates } else { others };

        // Who must not come in the month after cannot wait a day on its last day: there is none left.
        let waits = class == Class::Slow && !returns;
        let (from, to) = (self.starts[cohort], self.starts[cohort + 1] - i32::from(waits));
        let day = self.day_at(from.max(drawn.earliest).min(to - 1), to, drawn.day);
        let observed = drawn.followed || self.observed(day);
        // As many seats as without levers: what they change is who upgrades, and `pays`.
        let habits = self.habits[cohort][segment];
        let upgrading = habits * self.collaborates[segment] * self.upgrades[segment];
        let seats = self.seats(segment, if observed { upgrading } else { 0.0 });
        let upgrades = upgrade && observed;
        let seat = if shares { seats.sharer } else { seats.other };
        let seat = drawn.seat < seat * effects.pays && !upgrades;
        Person {
            segment,
            channel,
            class,
            cohort,
            place: standing,
            returns: effects.returns,
            engaged,
            habit,
            collaborates,
            upgrades,
            shares,
            seat,
            signup: i64::from(day) * DAY + drawn.second,
            bell: drawn.bell + if habit { HABIT_SHIFT } else { 0.0 },
        }
    }

    /// Returns the probability that somebody has not left by month `k` after sign-up, 1 or more.
    pub fn stays(&self, person: &Person, k: usize) -> f64 {
        let Person { segment, channel, class, cohort, .. } = *person;
        self.there(segment, channel, class, cohort, k) * person.returns
    }
}
