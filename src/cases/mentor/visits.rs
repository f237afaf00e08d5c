//! On which days somebody comes, and how often.

use rand_distr::Distribution;

use super::checked::{Checked, Purpose};
use super::person::{DAY, Kind, Person};
use crate::cases::clock::one_after_the_other;
use crate::cases::draw::chance;
use crate::stream::Stream;

/// A session as it is drawn.
pub(super) struct Visit {
    /// Seconds since midnight, and seconds.
    pub second: i64,
    pub length: i64,
    pub progress: f64,
}

impl Checked<'_> {
    /// Draws a day on which somebody may come, or must; tells whether they come.
    pub fn visit(
        &self,
        kind: Kind,
        day: usize,
        must: bool,
        rng: &mut Stream,
        mut give: impl FnMut(Visit),
    ) -> bool {
        let comes = chance(rng, self.active[day]);
        if !(comes || must) {
            return false;
        }
        let mut drawn: Vec<(i64, i64, ())> = vec![];
        for _ in 0..self.how_many(kind, rng) {
            let minutes = self.config.session_length.sample(rng);
            let second = (self.config.clock.sample(rng) * 3_600.0) as i64;
            drawn.push((second, (minutes * 60.0).round() as i64, ()));
        }
        one_after_the_other(&mut drawn);
        for (second, length, ()) in drawn {
            let progress = (self.config.progress.sample(rng) * 1_000.0).round() / 1_000.0;
            give(Visit { second, length, progress });
        }
        true
    }

    fn how_many(&self, kind: Kind, rng: &mut Stream) -> u32 {
        match kind {
            Kind::Inactive => 0,
            Kind::Casual => 1,
            Kind::Frequent => 2,
            Kind::Power => {
                // Geometric with the mean asked for.
                let beyond = self.config.activity.beyond_three;
                3 + (0..60).take_while(|_| chance(rng, beyond / (1.0 + beyond))).count() as u32
            }
        }
    }

    /// Returns how often somebody comes on the day of sign-up.
    pub fn first_sessions(&self, person: &Person) -> u32 {
        let mut count = 0;
        if person.kind != Kind::Inactive {
            let mut rng = self.stream(Purpose::Session, person);
            let day = (person.signup_day - self.first_day) as usize;
            self.visit(person.kind, day, true, &mut rng, |_| count += 1);
        }
        count
    }

    /// Returns the first midnight, in seconds since 1970-01-01, before which somebody who doesn't leave hasn't come for so many
    /// whole days.
    pub fn idle_at(&self, person: &Person, idle_days: u32) -> Option<i64> {
        let signup = (person.signup_day - self.first_day) as usize;
        let idle = idle_days as usize;
        let midnight = |day: usize| (i64::from(self.first_day) + day as i64) * DAY;
        let mut last = signup;
        if person.kind != Kind::Inactive {
            let mut rng = self.stream(Purpose::Session, person);
            for day in signup..self.days {
                if day > last + idle {
                    break;
                }
                if self.visit(person.kind, day, day == signup, &mut rng, |_| ()) {
                    last = day;
                }
            }
        }
        let reached = last + idle + 1;
        (reached < self.days).then(|| midnight(reached))
    }
}
