//! What an analyst concludes from what is seen: how long people stay, what a match changes, and what is to be expected.

use super::evidence::{Applied, Asked, Evidence, Matched, Seen};
use super::intervention::{Format, Pays};
use crate::stats::least_squares::LeastSquares;
use crate::stats::life_table::LifeTable;

/// Days that a subscription is paid for.
const PERIOD: f64 = 30.0;
/// The longest match, and about how long after sign-up one begins, in days.
const MATCH: f64 = 84.0;
const BEGINS: f64 = 9.0;
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
    /// Of whom a glance takes for a subscriber: everybody.
    pub naive: bool,
}

/// What some users show.
pub(super) struct Estimates<'e> {
    evidence: &'e Evidence,
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

    /// Returns what mentors bring less what they are paid, in US dollars; vetting is not in it.
    pub fn mentors(&self, reach: &Reach) -> f64 {
        let reached: Vec<(f64, &Seen)> = self
            .arrivals
            .iter()
            .map(|(at, place)| (*at, self.users[*place]))
            .filter(|(_, user)| user.active() && (reach.who)(user))
            .collect();
        let active = self.due.first().copied().unwrap_or(0.0).max(1.0);
        let part = reach.share * reached.len() as f64 / active;
        let paying = reached.iter().filter(|(_, user)| user.pays).count() as f64;
        let all_pay = !reached.is_empty() && paying == reached.len() as f64;
        let subscribers = if all_pay { 1.0 } else { self.subscribers };
        let (accepts, brings) = self.price(reach);
        let each = reach.share * self.asks * self.ready * accepts;
        let matches = self.served(reached.iter().map(|(at, _)| (*at, each)), reach.vetted);
        let matched = matches / (reach.share * reached.len() as f64).max(1.0);
        let more = match reach.format {
            Format::AsAsked => 0.0,
            Format::Calls => 1.0 - self.calls,
            Format::Messages => -self.calls,
        };
        let kept = self.extra.iter().zip(&self.calls_more).zip(&self.due);
        let payments: f64 =
            kept.map(|((extra, calls), due)| due * part * (extra + more * calls)).sum();
        let quality = if reach.vetted { 0.0 } else { self.dropped() * self.residual(LATER) };
        let payments = matched * payments + matches * quality;
        // Late matches last beyond the horizon.
        let whole = self.lasts.area(MATCH).map_or(MATCH, |area| area.0).max(1e-9);
        let within = |at: f64| {
            let days = (self.evidence.horizon - at - BEGINS).clamp(0.0, MATCH);
            self.lasts.area(days).map_or(days, |area| area.0) / whole
        };
        // By week: the table is long.
        let weeks: Vec<f64> = (0..=(self.evidence.horizon / 7.0) as u32)
            .map(|week| within(7.0 * f64::from(week)))
            .collect();
        let late = reached.iter().map(|(at, _)| weeks[(at / 7.0) as usize]).sum::<f64>()
            / (reached.len() as f64).max(1.0);
        subscribers * self.worth() * payments + matches * late * brings
    }

    /// Returns how likely a request leads to a match, and what a match brings the school while it lasts, in US dollars.
    fn price(&self, reach: &Reach) -> (f64, f64) {
        let requests: Vec<&Asked> =
            self.users.iter().filter_map(|user| user.request.as_ref()).collect();
        let calls = |request: &Asked| match reach.format {
            Format::AsAsked => request.calls,
            format => format == Format::Calls,
        };
        let done = |calls: bool| {
            let known = requests.iter().filter(move |one| one.calls == calls).filter_map(|one| {
                one.matched.filter(|matched| matched.at + MATCH < self.evidence.now)
            });
            let (count, talks, paid) = known.fold((0.0, 0.0, 0.0), |sum, one| {
                (sum.0 + 1.0, sum.1 + one.talks, sum.2 + one.talks * one.price)
            });
            let halves = if calls { 1.0 } else { self.terms.message_minutes / 30.0 };
            (halves * talks / f64::max(count, 1.0), halves * paid / f64::max(count, 1.0))
        };
        let (calling, writing) = (done(true), done(false));
        let of = |request: &Asked| if calls(request) { calling } else { writing };
        let n = (requests.len() as f64).max(1.0);
        match reach.pays {
            Pays::School => (1.0, -requests.iter().map(|one| of(one).1).sum::<f64>() / n),
            Pays::Mentee(share) => {
                let (mut accepts, mut brings) = (0.0, 0.0);
                for request in &requests {
                    let would = request.stated / self.terms.overstated;
                    let (chance, price) = self.affordable(request.field, would, reach.vetted);
                    accepts += chance;
                    brings += chance * price * of(request).0;
                }
                (accepts / n, share * brings / f64::max(accepts, 1e-9))
            }
        }
    }

    /// Returns how likely one of three mentors shown costs no more than a price, and the mean price of those who don't.
    fn affordable(&self, field: usize, most: f64, vetted: bool) -> (f64, f64) {
        let of = |one: &&Applied| (one.accepted || !vetted) && one.fields.contains(&field);
        let (mut all, mut count, mut sum) = (0.0, 0.0, 0.0);
        for mentor in self.evidence.mentors.iter().filter(of) {
            all += 1.0;
            if mentor.price <= most {
                (count, sum) = (count + 1.0, sum + mentor.price);
            }
        }
        let share = count / f64::max(all, 1.0);
        (1.0 - (1.0 - share).powi(3), sum / f64::max(count, 1.0))
    }

    /// Returns how many are matched of those who ask on some days, as mentors have room: day by day, those who wait give up
    /// or get a place that is free.
    fn served(&self, asking: impl Iterator<Item = (f64, f64)>, vetted: bool) -> f64 {
        let days = self.evidence.horizon.ceil() as usize;
        let mut demand = vec![0.0; days];
        for (at, each) in asking {
            if let Some(day) = demand.get_mut((at + BEGINS - 1.0) as usize) {
                *day += each;
            }
        }
        let of = |one: &&Applied| one.accepted || !vetted;
        let places: f64 = self.evidence.mentors.iter().filter(of).map(|one| one.capacity).sum();
        let requests = || self.users.iter().filter_map(|user| user.request.as_ref());
        let open = requests().filter(|one| one.matched.is_none() && one.withdrawn.is_none());
        let running = requests().filter_map(|one| one.matched).filter(|one| one.ended.is_none());
        let waited = |one: &Asked| {
            let until = one.matched.map(|one| one.at).or(one.withdrawn);
            until.unwrap_or(self.evidence.now) - one.at
        };
        let gone = requests().filter(|one| one.withdrawn.is_some()).count() as f64;
        let gives_up = gone / requests().map(waited).sum::<f64>().max(1.0);
        let lasts = self.lasts.area(MATCH).map_or(MATCH, |area| area.0) + 1.0;
        let (mut taken, mut earlier) = (running.count() as f64, open.count() as f64);
        let (mut waiting, mut matched) = (0.0, 0.0);
        for new in demand {
            taken -= taken / lasts;
            let room = (places - taken).max(0.0);
            // Those who asked before the decision come first.
            let first = earlier.min(room);
            waiting += new;
            let next = f64::min(waiting, room - first);
            taken += first + next;
            matched += next;
            earlier = (earlier - first) * (1.0 - gives_up);
            waiting = (waiting - next) * (1.0 - gives_up);
        }
        matched
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
                let left = (share / then).min(1.0).max(1e-9);
                due * share * (left.powf(ratio - 1.0) - 1.0)
            })
            .sum();
        (self.subscribers * self.worth() * payments, reached)
    }
}
