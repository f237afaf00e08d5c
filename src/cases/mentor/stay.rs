//! The share of people of one kind who are still there, day by day.

use super::checked::Checked;
use super::question::ANSWER_MINUTES;

/// People with the same multiplier of the hazard, followed from sign-up.
///
/// Of those who have a question about their path, each waits for an answer for some time, in which the hazard is a multiple.
/// Within a week hazards are constant. Waiting that crosses the end of a week, or a match, is treated as if it didn't.
#[derive(Clone)]
pub(super) struct Stay<'c> {
    checked: &'c Checked<'c>,
    multiplier: f64,
    day: f64,
    /// The hazard lived through, apart from that of waiting for answers; and the part from the second day on.
    lived: f64,
    after_first: f64,
    /// Of those who would ask about their path by now, and not have left otherwise: the share that waiting doesn't drive away.
    answered: f64,
    /// Last used hazard of a day, and the share who stay while they wait.
    waiting: (f64, f64),
}

impl<'c> Stay<'c> {
    pub fn new(checked: &'c Checked<'c>, multiplier: f64) -> Stay<'c> {
        let waiting = (0.0, 1.0);
        Stay { checked, multiplier, day: 0.0, lived: 0.0, after_first: 0.0, answered: 0.0, waiting }
    }

    /// Returns the same people with a hazard multiplied from now on.
    pub fn times(mut self, ratio: f64) -> Self {
        self.multiplier *= ratio;
        self
    }

    /// Returns the share still there on a day, and goes on from there.
    pub fn at(&mut self, day: f64) -> f64 {
        let weekly = &self.checked.config.drop_off.weekly;
        while self.day < day {
            let week = (self.day / 7.0).floor();
            let hazard = self.multiplier * weekly[(week as usize).min(weekly.len() - 1)] / 7.0;
            let mut next = day.min(7.0 * (week + 1.0));
            if self.day < 1.0 {
                next = next.min(1.0);
            }
            let more = hazard * (next - self.day);
            if self.day >= 1.0 {
                let asking = self.checked.asking;
                let [from, to] = [self.after_first, self.after_first + more];
                let ask = (-asking * from).exp() - (-asking * to).exp();
                self.answered += ask * self.while_waiting(hazard);
                self.after_first = to;
            }
            self.lived += more;
            self.day = next;
        }
        let path = self.checked.config.support.path_question;
        let unasked = (-self.checked.asking * self.after_first).exp();
        (-self.lived).exp() * (1.0 - path + path * (unasked + self.answered))
    }

    /// Returns the shares still there on some days, in ascending order.
    pub fn on<'d>(mut self, days: &'d [u32]) -> impl Iterator<Item = f64> + use<'c, 'd> {
        days.iter().map(move |day| self.at(f64::from(*day)))
    }

    /// Returns the share of those who wait for an answer who stay that would stay otherwise, with this hazard of a day.
    fn while_waiting(&mut self, hazard: f64) -> f64 {
        if self.waiting.0 != hazard {
            let more = hazard * (self.checked.config.support.unanswered - 1.0);
            let [shortest, longest] =
                [ANSWER_MINUTES.0, ANSWER_MINUTES.1].map(|minutes| more * minutes as f64 / 1_440.0);
            let width = longest - shortest;
            let share = match width.abs() < 1e-9 {
                true => (-shortest).exp(),
                false => ((-shortest).exp() - (-longest).exp()) / width,
            };
            self.waiting = (hazard, share);
        }
        self.waiting.1
    }
}
