//! What chance decides about a person at sign-up.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::checked::{Checked, Purpose};
use super::config::TIERS;
use super::person::{Arm, DAY, Kind, Person, Request};
use super::question::{ANSWER_MINUTES, Question, Reason};
use crate::cases::draw::{chance, place, uniform};

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

    /// Draws somebody whose sign-up is drawn again.
    pub fn anew(&self, id: u32) -> Person {
        self.reached(self.drawn(id, self.again.is_some()))
    }

    fn drawn(&self, id: u32, again: bool) -> Person {
        let config = self.config;
        let mut rng = self.stream_of(Purpose::User, id, again);
        let rng = &mut rng;
        let signup = match &self.again {
            // From the day on from which sign-ups are drawn again.
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
        let there = || wish.at < self.leaves(person).min(self.end());
        (person.kind != Kind::Inactive && there()).then_some(wish)
    }
}
