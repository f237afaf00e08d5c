//! One person: what is decided at sign-up.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::checked::{Checked, Purpose};
use super::config::TIERS;
use super::question::{ANSWER_MINUTES, Question, Reason};
use crate::cases::draw::{chance, place, uniform};

pub(super) const DAY: i64 = 86_400;

impl Checked<'_> {
    /// Draws everything about a person that chance decides at sign-up. Numbers are drawn whether or not they are
    /// needed, so that a change of the offer changes nothing else about anyone.
    pub fn person(&self, id: u32) -> Person {
        let person = self.drawn(id, false);
        match &self.again {
            Some((day, _)) if person.signup_day >= self.first_day + *day as i32 => self.anew(id),
            _ => self.reached(person),
        }
    }

    /// Draws somebody who signs up anew.
    pub fn anew(&self, id: u32) -> Person {
        self.reached(self.drawn(id, self.again.is_some()))
    }

    fn drawn(&self, id: u32, again: bool) -> Person {
        let config = self.config;
        let mut rng = self.stream_of(Purpose::User, id, again);
        let rng = &mut rng;
        let signup = match &self.again {
            // After the day from which on people sign up anew.
            Some((day, _)) if again => {
                let before = day.checked_sub(1).map_or(0.0, |day| self.signed_up[day]);
                let drawn = before + uniform(rng) * (1.0 - before);
                let later = self.signed_up.partition_point(|sum| *sum <= drawn);
                later.clamp(*day, self.days - 1)
            }
            _ => place(&self.signed_up, rng),
        };
        let signup_day = self.first_day + signup as i32;
        let age = rng.random_range(config.people.ages.0..=config.people.ages.1);
        let woman = chance(rng, config.people.women);
        let country = place(&self.countries, rng);
        let path = rng.random_range(0..12_u8);
        let kind = match (chance(rng, config.activity.inactive), uniform(rng)) {
            (true, _) => Kind::Inactive,
            (_, drawn) if drawn < self.kinds[0] => Kind::Casual,
            (_, drawn) if drawn < self.kinds[1] => Kind::Frequent,
            _ => Kind::Power,
        };
        // A share of all, had only by those who are ever active.
        let active = 1.0 - config.activity.inactive;
        let paying = if active > 0.0 { (config.people.paying / active).min(1.0) } else { 0.0 };
        let pays = chance(rng, paying) && kind != Kind::Inactive;
        // Once decided who asks; drawn still, so that what follows stays as it was.
        let _ = uniform(rng);
        let path_question = chance(rng, config.support.path_question);
        let drive: f64 = StandardNormal.sample(rng);
        let threshold = -(1.0 - uniform(rng)).ln();
        let drop_off = &config.drop_off;
        let factor = drop_off.types[usize::from(path) / TIERS.len()]
            * drop_off.tiers[usize::from(path) % TIERS.len()]
            * (-drop_off.drive * drive).exp();

        let offer = uniform(rng);
        let wants = chance(rng, config.offer.wants(drive));
        let day = i64::from(signup_day) + rng.random_range(1..=i64::from(config.offer.days));
        let second = (config.clock.sample(rng) * 3_600.0) as i64;
        let hours = config.market.processing_hours;
        let processing = rng.random_range(i64::from(hours.0) * 60..=i64::from(hours.1) * 60) * 60;
        let calls = chance(rng, config.market.calls);
        let signup_second = (config.clock.sample(rng) * 3_600.0) as i64;

        let mut asking = self.stream_of(Purpose::Question, id, again);
        let waits = -(1.0 - uniform(&mut asking)).ln();
        let answer = asking.random_range(ANSWER_MINUTES.0..ANSWER_MINUTES.1) * 60;
        let reason = if path_question { Reason::Path } else { Reason::Technical };
        let mut paying = self.stream_of(Purpose::Willingness, id, again);
        let takes_part = (self.experiment.0..self.experiment.1).contains(&signup_day);
        let offered = takes_part && self.offers(signup_day, usize::from(path) / TIERS.len(), offer);
        let offset = i64::from(config.people.countries[country].utc_offset);
        Person {
            id,
            again,
            age,
            woman,
            country,
            path,
            kind,
            pays,
            signup_day,
            signup_second,
            drive,
            threshold: threshold / factor,
            offer,
            arm: takes_part.then_some(if offered { Arm::Offered } else { Arm::Control }),
            question: (self.asking > 0.0 && kind != Kind::Inactive).then(|| Question {
                reason,
                after: waits / self.asking / factor,
                answer,
            }),
            reminded: None,
            willing: config.willingness.sample(&mut paying),
            wish: wants.then_some(Request {
                at: day * DAY + second,
                hour: ((second / 60 - offset).rem_euclid(1_440) / 60) as u8,
                processing,
                calls,
                commission: None,
            }),
            request: None,
        }
    }

    /// Makes the request of somebody who is offered a mentor, if they are still there.
    pub(super) fn request(&self, person: &Person) -> Option<Request> {
        let wish = person.wish?;
        // Most who ask too late are known to without looking further.
        let there = || wish.at < self.leaves(person).min(self.end());
        (person.kind != Kind::Inactive && there()).then_some(wish)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Inactive,
    Casual,
    Frequent,
    Power,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Inactive => "inactive",
            Kind::Casual => "casual",
            Kind::Frequent => "frequent",
            Kind::Power => "power",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arm {
    Control,
    Offered,
}

impl Arm {
    pub fn name(self) -> &'static str {
        match self {
            Arm::Control => "control",
            Arm::Offered => "offered",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    pub id: u32,
    /// Whether the person signed up anew, in a future.
    pub again: bool,
    pub age: u8,
    pub woman: bool,
    /// The index in the config's list.
    pub country: usize,
    /// The first path, from 0: type × 3 + tier.
    pub path: u8,
    pub kind: Kind,
    pub pays: bool,
    /// Days since 1970-01-01.
    pub signup_day: i32,
    /// The second of that day, for people without a session; others sign up with their first.
    pub signup_second: i64,
    /// What makes people stay, and ask for mentors.
    pub drive: f64,
    /// The cumulative hazard, for a multiplier of 1, at which the person leaves.
    pub threshold: f64,
    /// A number from 0 to below 1: whoever has a lower one than the share offered a mentor is offered one.
    pub offer: f64,
    /// None if the experiment was not running.
    pub arm: Option<Arm>,
    /// None for those who never come.
    pub question: Option<Question>,
    /// From when on they are reminded, in seconds since 1970-01-01.
    pub reminded: Option<i64>,
    /// What they would pay for half an hour of a mentor, in US cents.
    pub willing: u32,
    /// The request they would make if they were offered a mentor, and still there.
    pub wish: Option<Request>,
    pub request: Option<Request>,
}

impl Person {
    /// Returns the type of the first path.
    pub fn field(&self) -> u8 {
        self.path / TIERS.len() as u8
    }

    /// Returns the tier of the first path.
    pub fn tier(&self) -> usize {
        usize::from(self.path) % TIERS.len()
    }
}

/// A request for a mentor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    /// Seconds since 1970-01-01.
    pub at: i64,
    /// The hour that suits, in UTC.
    pub hour: u8,
    /// Seconds from finding a mentor to the match.
    pub processing: i64,
    /// A weekly call; otherwise messages.
    pub calls: bool,
    /// The share that the school keeps of what the mentee pays; none if the school pays.
    pub commission: Option<f64>,
}
