//! When a person asks support and leaves, given what happens to them.

use super::checked::Checked;
use super::person::{DAY, Person};
use super::question::Reason;

/// What becomes of a person who is ever active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    /// When they leave, in seconds since 1970-01-01.
    pub leaves: i64,
    /// When they ask support, if they do before they leave.
    pub asks: Option<i64>,
}

/// The hazard somebody lives through: that of a multiplier of 1, changed at some points.
struct Course {
    /// Where the multiplier changes, on the scale of a multiplier of 1, and the factor by which it does; in order.
    changes: [(f64, f64); 2],
}

impl Course {
    /// Returns the hazard lived through up to a point.
    fn lived(&self, point: f64) -> f64 {
        let (mut lived, mut at, mut multiplier) = (0.0, 0.0, 1.0);
        for (change, factor) in self.changes {
            if point <= change {
                break;
            }
            lived += multiplier * (change - at);
            (at, multiplier) = (change, multiplier * factor);
        }
        lived + multiplier * (point - at)
    }

    /// Returns the point up to which this much hazard is lived through: the inverse of `lived`.
    fn point(&self, lived: f64) -> f64 {
        let (mut left, mut at, mut multiplier) = (lived, 0.0, 1.0);
        for (change, factor) in self.changes {
            let span = multiplier * (change - at);
            if left <= span {
                break;
            }
            left -= span;
            (at, multiplier) = (change, multiplier * factor);
        }
        at + left / multiplier
    }
}

impl Checked<'_> {
    /// Returns what becomes of a person who is ever active, given the moment of the match and its hazard ratio, if any.
    pub fn fate(&self, person: &Person, matched: Option<(i64, f64)>) -> Fate {
        let law = &self.config.drop_off;
        let midnight = i64::from(person.signup_day) * DAY;
        let point = |at: i64| law.cumulative((at - midnight) as f64 / DAY as f64);
        // Whoever stays a million days stays for ever.
        let moment = |point: f64| midnight + (law.day_of(point).min(1e6) * DAY as f64) as i64;
        // A factor of 1 would change nothing but the last digit.
        let change = |happens: Option<(i64, f64)>| match happens {
            Some((at, factor)) if factor != 1.0 => (point(at), factor),
            _ => (f64::INFINITY, 1.0),
        };
        let mut changes = [change(matched), change(person.reminded.map(|at| (at, law.reminded)))];
        changes.sort_by(|one, other| one.0.total_cmp(&other.0));
        let course = Course { changes };
        let mut end = person.threshold;
        let mut asks = None;
        if let Some(question) = person.question {
            let asked = course.lived(law.cumulative(1.0)) + question.after;
            let at = moment(course.point(asked));
            if asked < end {
                asks = Some(at);
                let unanswered = self.config.support.unanswered;
                if question.reason == Reason::Path && unanswered != 1.0 {
                    let waiting = (course.lived(point(at + question.answer)) - asked).max(0.0);
                    // Until the answer, less is left of the threshold.
                    end = match end - asked {
                        left if left <= unanswered * waiting => asked + left / unanswered,
                        left => asked + left - (unanswered - 1.0) * waiting,
                    };
                }
            }
        }
        let leaves = moment(course.point(end));
        Fate { leaves, asks: asks.map(|at| at.min(leaves)) }
    }

    /// Returns when a person who is ever active leaves without a mentor.
    pub fn leaves(&self, person: &Person) -> i64 {
        self.fate(person, None).leaves
    }
}
