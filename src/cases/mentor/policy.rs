//! Whom interventions reach, and what they change about a person.

use super::checked::Checked;
use super::intervention::{CallBack, Format, Intervention, Mentors, Pays, Whom};
use super::person::{Arm, Person};
use super::question::Reason;

impl Checked<'_> {
    /// Tells whether a rule holds for a person.
    fn holds(&self, whom: Whom, person: &Person) -> bool {
        match whom {
            Whom::All => true,
            Whom::Share(share) => person.offer < share,
            Whom::Subscribers => person.pays,
            Whom::Tier(tier) => person.tier() == tier,
            Whom::Engaged(sessions) => self.first_sessions(person) >= sessions,
        }
    }

    /// Returns what is done for those who sign up on a day.
    fn for_day(&self, signup_day: i32) -> impl Iterator<Item = &Intervention> {
        let day = i64::from(signup_day) - i64::from(self.first_day);
        self.done.iter().filter(move |one| i64::from(one.from()) <= day)
    }

    /// Carries out what reaches a person.
    pub(super) fn reached(&self, mut person: Person) -> Person {
        let mut offer: Option<&Mentors> = None;
        for one in self.for_day(person.signup_day) {
            match one {
                // Of several offers, the one that is listed last.
                Intervention::Mentors(mentors) if self.holds(mentors.whom, &person) => {
                    offer = Some(mentors);
                }
                Intervention::Remind(remind) => {
                    let at = self.idle_at(&person, remind.idle_days);
                    person.reminded = [person.reminded, at].into_iter().flatten().min();
                }
                _ => {}
            }
        }
        if let Some(call) = self.call_back(&person)
            && let Some(question) = &mut person.question
            && question.reason == Reason::Path
        {
            question.answer = question.answer.min((call.within_hours * 3_600.0) as i64);
        }
        if let Some(wish) = &mut person.wish {
            for one in self.for_day(person.signup_day) {
                if let Intervention::Faster(faster) = one {
                    let most = i64::from(faster.processing_hours) * 3_600;
                    wish.processing = wish.processing.min(most);
                }
            }
            if let (Some(offer), None) = (offer, person.arm) {
                wish.calls = match offer.format {
                    Format::AsAsked => wish.calls,
                    Format::Calls => true,
                    Format::Messages => false,
                };
                wish.commission = match offer.pays {
                    Pays::School => None,
                    Pays::Mentee(share) => Some(share),
                };
            }
        }
        // Those who take part in the experiment get what it gives them.
        let offered = match person.arm {
            Some(arm) => arm == Arm::Offered,
            None => offer.is_some(),
        };
        if offered {
            person.request = self.request(&person);
        }
        person
    }

    /// Returns how soon a person is called back; of several promises, the soonest.
    pub(super) fn call_back(&self, person: &Person) -> Option<CallBack> {
        let calls = self.for_day(person.signup_day).filter_map(|one| match one {
            Intervention::CallBack(call) if self.holds(call.whom, person) => Some(*call),
            _ => None,
        });
        calls.min_by(|one, other| one.within_hours.total_cmp(&other.within_hours))
    }

    /// Returns the moment from which on everybody who applied is a mentor.
    pub(super) fn vetting_dropped(&self) -> Option<i64> {
        let days = self.done.iter().filter_map(|one| match one {
            Intervention::DropVetting(end) => Some(end.from),
            _ => None,
        });
        days.min().map(|day| (i64::from(self.first_day) + i64::from(day)) * super::person::DAY)
    }
}
