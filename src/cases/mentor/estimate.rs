//! What an analyst concludes from what is seen: how long people stay, what a match changes, and what is to be expected.

use rand::RngExt;

use super::evidence::{Asked, Evidence, Matched, Seen};
use super::intervention::{Format, Pays};
use crate::stats::least_squares::LeastSquares;
use crate::stats::life_table::LifeTable;
use crate::stream::Stream;

/// Days that a subscription is paid for.
const PERIOD: f64 = 30.0;
/// Days after a match at which mentees are looked at for the mentor's score.
const SCORED: f64 = 30.0;
/// Days from sign-up after which most questions and matches lie.
const LATER: f64 = 40.0;

/// A Kaplan–Meier curve.
struct Curve(Vec<(f64, f64)>);

impl Curve {
    fn new(subjects: Vec<(f64, bool)>) -> Curve {
        let table = LifeTable::new(subjects);
        let shares = table.curve();
        Curve(table.moments.iter().zip(shares).map(|(at, share)| (at.time, share.share)).collect())
    }

    /// Returns the share who stay at least until a day.
    fn until(&self, day: f64) -> f64 {
        let place = self.0.partition_point(|point| point.0 < day);
        place.checked_sub(1).map_or(1.0, |place| self.0[place].1)
    }
}

/// Whom an option reaches, and how.
pub(super) struct Reach<'r> {
    pub who: &'r dyn Fn(&Seen) -> bool,
    pub share: f64,
    pub format: Format,
    pub pays: Pays,
    pub vetted: bool,
}

/// What is assumed beyond the data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub overstated: f64,
    pub margin: f64,
    pub message_minutes: f64,
    /// A glance: everybody subscribes and does as offered, the matched are compared with the others, and a call keeps whoever asked.
    pub naive: bool,
}

/// What some users show.
pub(super) struct Estimates<'e> {
    pub evidence: &'e Evidence,
    terms: Terms,
    users: Vec<&'e Seen>,
    /// Days after the decision on which users like these sign up, with their places.
    arrivals: Vec<(f64, usize)>,
    /// For each payment, how many active arrivals could make it before the horizon.
    due: Vec<f64>,
    subscribers: f64,
    control: Curve,
    /// For each payment, how much likelier a match makes it; and how much more a call does so than messages.
    extra: Vec<f64>,
    calls_more: Vec<f64>,
    calls: f64,
    /// Requests per active user who is offered a mentor, and the share of them who wait for a free mentor's match.
    asks: f64,
    ready: f64,
    /// Days from sign-up to the requests seen.
    asked_after: Vec<f64>,
    /// Matches.
    lasts: LifeTable,
}

impl<'e> Estimates<'e> {
    pub fn new(evidence: &'e Evidence, users: Vec<&'e Seen>, terms: Terms) -> Estimates<'e> {
        let (now, horizon) = (evidence.now, evidence.horizon);
        // The year before the decision repeats itself.
        let period = now.min(365.0);
        let mut arrivals = vec![];
        for (place, user) in users.iter().enumerate() {
            let mut at = user.signup + period - now;
            while at >= 0.0 && at < horizon {
                arrivals.push((at, place));
                at += period;
            }
        }
        let payments = (horizon / PERIOD).ceil() as usize;
        let mut due = vec![0.0; payments];
        for (at, _) in arrivals.iter().filter(|arrival| users[arrival.1].active()) {
            let count = ((horizon - at) / PERIOD).ceil() as usize;
            due[..count.min(payments)].iter_mut().for_each(|due| *due += 1.0);
        }
        let active = || users.iter().filter(|user| user.active());
        let share = |count: usize, of: usize| count as f64 / (of as f64).max(1.0);
        let stays = |keep: &dyn Fn(&Seen) -> bool| {
            let kept = active().filter(|user| keep(user));
            Curve::new(kept.map(|user| user.stayed(user.signup, now)).collect())
        };
        let control = stays(&|user| user.offered == Some(false));
        let offered = stays(&|user| user.offered == Some(true));
        let in_arm = active().filter(|user| user.offered == Some(true)).count();
        let requests = || users.iter().filter_map(|user| user.request.as_ref());
        let matches = || requests().filter_map(|request| request.matched);
        let on = |payment: usize| PERIOD * payment as f64;
        let (with, without) = if terms.naive {
            let matched = |user: &Seen| user.request.is_some_and(|one| one.matched.is_some());
            (stays(&|user| matched(user)), stays(&|user| !matched(user)))
        } else {
            (offered, Curve(control.0.clone()))
        };
        // Whoever was offered a mentor and got none is as in the control group.
        let taken = if terms.naive { 1.0 } else { share(matches().count(), in_arm).max(1e-9) };
        let extra =
            (0..payments).map(|k| (with.until(on(k)) - without.until(on(k))) / taken).collect();
        let by_format = |calls: bool| {
            let kept = users.iter().filter_map(|user| {
                let request = user.request.filter(|request| request.calls == calls)?;
                Some(user.stayed(request.matched?.at, now))
            });
            Curve::new(kept.collect())
        };
        let (calling, writing) = (by_format(true), by_format(false));
        let processing: Vec<f64> = requests()
            .filter_map(|request| Some(request.matched?.at - request.at))
            .filter(|days| *days <= 2.0)
            .collect();
        let usual = processing.iter().sum::<f64>() / (processing.len() as f64).max(1.0);
        let early =
            |request: &&Asked| request.withdrawn.is_some_and(|gone| gone - request.at < usual);
        let lasting = |matched: Matched| match matched.ended {
            Some(ended) => (ended - matched.at, true),
            None => (now - matched.at, false),
        };
        Estimates {
            subscribers: match terms.naive {
                true => 1.0,
                false => share(active().filter(|user| user.pays).count(), active().count()),
            },
            calls_more: (0..payments)
                .map(|k| calling.until(on(k)) - writing.until(on(k)))
                .collect(),
            calls: share(
                requests().filter(|one| one.calls && one.matched.is_some()).count(),
                matches().count(),
            ),
            asks: share(requests().count(), in_arm),
            ready: 1.0 - share(requests().filter(early).count(), requests().count()),
            asked_after: users
                .iter()
                .filter_map(|user| Some(user.request?.at - user.signup))
                .collect(),
            lasts: LifeTable::new(matches().map(lasting).collect()),
            evidence,
            terms,
            arrivals,
            due,
            control,
            extra,
            users,
        }
    }

    /// Returns the margin of a payment, in US dollars.
    fn worth(&self) -> f64 {
        self.terms.margin * self.evidence.subscription
    }

    /// Returns the payments to be expected from somebody who is still there on a day since sign-up.
    fn residual(&self, day: f64) -> f64 {
        let there = self.control.until(day).max(1e-9);
        let first = self.due.first().copied().unwrap_or(1.0).max(1.0);
        let later = self.due.iter().enumerate().filter(|(k, _)| PERIOD * *k as f64 > day);
        later.map(|(k, due)| due / first * self.control.until(PERIOD * k as f64) / there).sum()
    }

    /// Returns the requests seen.
    pub fn requests(&self) -> Vec<&'e Asked> {
        self.users.iter().filter_map(|user| user.request.as_ref()).collect()
    }

    /// Draws how long after sign-up somebody asks, in days, as those seen did.
    pub fn asks_after(&self, rng: &mut Stream) -> f64 {
        match self.asked_after.len() {
            0 => 0.0,
            n => self.asked_after[rng.random_range(0..n)],
        }
    }

    /// Returns how many give up per day of waiting for a mentor.
    pub fn gives_up(&self) -> f64 {
        let waited = |one: &&Asked| {
            let until = one.matched.map(|one| one.at).or(one.withdrawn);
            until.unwrap_or(self.evidence.now) - one.at
        };
        let requests = self.requests();
        let gone = requests.iter().filter(|one| one.withdrawn.is_some()).count() as f64;
        gone.max(0.5) / requests.iter().map(waited).sum::<f64>().max(1.0)
    }

    /// Returns what mentors bring less what they are paid, in US dollars, on average over some forecasts; vetting is not in it.
    pub fn mentors(&self, reach: &Reach, forecasts: u32, rng: &mut Stream) -> f64 {
        let reached: Vec<(f64, &Seen)> = self
            .arrivals
            .iter()
            .map(|(at, place)| (*at, self.users[*place]))
            .filter(|(_, user)| user.active() && (reach.who)(user))
            .collect();
        let paying = reached.iter().filter(|(_, user)| user.pays).count();
        let all_pay = !reached.is_empty() && paying == reached.len();
        let subscribers = if all_pay { 1.0 } else { self.subscribers };
        let calls = |request: &Asked| match reach.format {
            Format::AsAsked => request.calls,
            format => format == Format::Calls,
        };
        let ask = |request: &Asked| match reach.pays {
            Pays::School => (calls(request), f64::INFINITY),
            Pays::Mentee(_) => (calls(request), request.stated / self.terms.overstated),
        };
        let arrivals: Vec<f64> = reached.iter().map(|one| one.0).collect();
        let each = reach.share * self.asks * self.ready;
        // Late matches last beyond the horizon.
        let longest = self.evidence.longest;
        let whole = self.lasts.area(longest).map_or(longest, |area| area.0).max(1e-9);
        // By week: the table is long.
        let within: Vec<f64> = (0..=(longest / 7.0) as u32)
            .map(|week| 7.0 * f64::from(week))
            .map(|days| self.lasts.area(days).map_or(days, |area| area.0) / whole)
            .collect();
        let (calling, writing) = (self.talks(true), self.talks(false));
        let (mut matches, mut paid) = (0.0, 0.0);
        for _ in 0..forecasts {
            for one in self.matches(&arrivals, each, reach.vetted, &ask, rng) {
                let days = (self.evidence.horizon - one.at).clamp(0.0, longest);
                let halves = if one.calls { calling } else { writing };
                matches += 1.0 / f64::from(forecasts);
                paid += one.price * halves * within[(days / 7.0) as usize] / f64::from(forecasts);
            }
        }
        // Per active user of those who sign up like those of the year before, the payments that a match adds.
        let more = match reach.format {
            Format::AsAsked => 0.0,
            Format::Calls => 1.0 - self.calls,
            Format::Messages => -self.calls,
        };
        let active = self.due.first().copied().unwrap_or(0.0).max(1.0);
        let kept = self.extra.iter().zip(&self.calls_more).zip(&self.due);
        let added: f64 =
            kept.map(|((extra, calls), due)| due / active * (extra + more * calls)).sum();
        let quality = if reach.vetted { 0.0 } else { self.dropped() * self.residual(LATER) };
        let brings = match reach.pays {
            Pays::School => -paid,
            Pays::Mentee(share) => share * paid,
        };
        subscribers * self.worth() * matches * (added + quality) + brings
    }

    /// Returns the half hours of a mentor that a match takes, by calls or messages, while it lasts.
    fn talks(&self, calls: bool) -> f64 {
        let requests = self.requests();
        let known = requests.iter().filter(|one| one.calls == calls).filter_map(|one| {
            one.matched.filter(|matched| matched.at + self.evidence.longest < self.evidence.now)
        });
        let (count, talks) = known.fold((0.0, 0.0), |sum, one| (sum.0 + 1.0, sum.1 + one.talks));
        let halves = if calls { 1.0 } else { self.terms.message_minutes / 30.0 };
        halves * talks / f64::max(count, 1.0)
    }

    /// Returns by how much fewer mentees stay a month if vetting is dropped: the slope on the score, among those who were
    /// accepted, carried on to those who weren't.
    fn dropped(&self) -> f64 {
        let points: Vec<(f64, f64)> = self
            .users
            .iter()
            .filter_map(|user| {
                let matched = user.request?.matched?;
                let known = matched.at + SCORED + 28.0 < self.evidence.now;
                let stays = user.stayed(matched.at, self.evidence.now).0 >= SCORED;
                known.then_some((matched.score, f64::from(u8::from(stays))))
            })
            .collect();
        let mean = points.iter().map(|point| point.0).sum::<f64>() / (points.len() as f64).max(1.0);
        let all: f64 = self.evidence.mentors.iter().map(|one| one.capacity).sum();
        let score: f64 = self.evidence.mentors.iter().map(|one| one.capacity * one.score).sum();
        let slope = LeastSquares::fit(&points).map_or(0.0, |line| line.slope());
        slope * (score / all.max(1.0) - mean)
    }

    /// Returns what it brings to answer questions about the path within so many hours, in US dollars, and how many there are.
    /// How long an answer takes is chance, so that those who wait long differ from the others in nothing else.
    pub fn call_back(&self, subscribers: bool, within: f64) -> (f64, f64) {
        let questions: Vec<_> = self.users.iter().filter_map(|user| user.question).collect();
        let known: Vec<(f64, f64)> = questions
            .iter()
            .filter_map(|one| one.known)
            .map(|(hours, left)| (hours, f64::from(u8::from(left))))
            .collect();
        let n = (known.len() as f64).max(1.0);
        let saved = if self.terms.naive {
            known.iter().map(|point| point.1).sum::<f64>() / n
        } else {
            let sooner = known.iter().map(|point| (point.0 - within).max(0.0)).sum::<f64>() / n;
            LeastSquares::fit(&known).map_or(0.0, |line| line.slope()) * sooner
        };
        let scale = self.arrivals.len() as f64 / (self.users.len() as f64).max(1.0);
        let payments: f64 = questions.iter().map(|one| self.residual(one.after)).sum();
        let reached = if subscribers { self.subscribers } else { 1.0 };
        let brings = self.subscribers * self.worth() * saved * payments;
        (scale * brings, scale * reached * questions.len() as f64)
    }

    /// Returns what it brings to remind people, if it multiplies the hazard of leaving by so much, in US dollars, and how many
    /// are reminded.
    pub fn remind(&self, idle_days: f64, ratio: f64) -> (f64, f64) {
        let (mut reached, mut first) = (0.0, 0.0);
        for (at, place) in &self.arrivals {
            let user = self.users[*place];
            let mut last = 0.0;
            for day in &user.visits {
                let day = f64::from(*day);
                if day > last + idle_days {
                    break;
                }
                last = day;
            }
            let after = last + idle_days + 1.0;
            if at + after < self.evidence.horizon {
                (reached, first) = (reached + 1.0, first + after);
            }
        }
        let first = first / f64::max(reached, 1.0);
        let then = self.control.until(first).max(1e-9);
        let payments: f64 = (self.due.iter().enumerate())
            .map(|(k, due)| {
                let share = self.control.until(PERIOD * k as f64);
                let left = (share / then).clamp(1e-9, 1.0);
                due * share * (left.powf(ratio - 1.0) - 1.0)
            })
            .sum();
        (self.subscribers * self.worth() * payments, reached)
    }
}
