//! What interventions change in a user's life: visits added, orders added, and whom mail reached.
//!
//! Everything here comes from streams of its own, by (seed, purpose, session or user, future), so that what isn't touched stays
//! as it is.

use rand::RngExt;

use super::checked::{Checked, Person};
use super::checkout::{Intent, Rates, Visit};
use super::checkout_rules::{CODES, MENDABLE};
use super::config::{MONTH, PER_USER};
use super::intervention::{Intervention, WinBack};
use super::rows::{DAY, Event, Rows, Session};
use super::shop::{Kind, Step};
use crate::cases::draw::{chance, uniform};
use crate::stream::stream;

/// The names of streams in one future; future 0 is the one that is generated.
pub(super) struct Names {
    checkout: String,
    mend: String,
    companion: String,
    win_back: String,
}

impl Names {
    pub fn new(future: u64) -> Names {
        let name = |purpose: &str| stream_name(purpose, future);
        Names {
            checkout: name("checkout"),
            mend: name("mended checkout"),
            companion: name("companion shown"),
            win_back: name("win-back"),
        }
    }
}

pub(super) fn stream_name(purpose: &str, future: u64) -> String {
    match future {
        0 => format!("ecommerce {purpose}"),
        _ => format!("ecommerce {purpose}, future {future}"),
    }
}

/// Some time of a user's life: visits, and what came before them.
pub(super) struct Lived {
    pub person: Person,
    pub rows: Rows,
    /// The day of the last session before, since the first day observed.
    pub last: Option<i64>,
    /// The last ids of a session and of an event before.
    pub ids: (i64, i64),
}

/// An attempt to pay.
pub(super) struct Attempt {
    pub session: i64,
    /// From 1, within the session.
    pub number: i64,
    pub at: i64,
    /// The failure's code; none for one that succeeded.
    pub code: Option<&'static str>,
}

/// Somebody was sent a coupon.
pub(super) struct Mailed {
    pub day: i64,
    pub mail: WinBack,
}

/// What interventions did that tables of sessions and events don't show.
#[derive(Default)]
pub(super) struct Applied {
    pub attempts: Vec<Attempt>,
    pub mailed: Vec<Mailed>,
}

/// Carries interventions out in a user's life, and draws the attempts at the checkout.
pub(super) fn apply(
    checked: &Checked,
    rates: &Rates,
    names: &Names,
    done: &[Intervention],
    lived: &mut Lived,
) -> Applied {
    let mut applied = Applied { attempts: vec![], mailed: win_back(checked, names, done, lived) };
    let segment = lived.person.segment;
    let mut changed: Option<Vec<Event>> = None;
    let mut copied = 0;
    let mut before = 0;
    for visit in visits(&lived.rows) {
        let (from, to) = (before, before + visit.events.len());
        before = to;
        let intent = rates.intent(checked.config.seed, &names.checkout, segment, &visit);
        if intent == Intent::Browsing {
            continue;
        }
        let day = day(checked, visit.session.from);
        let mended = mended(checked, names, done, &visit, (segment, day), intent);
        attempts(&mut applied.attempts, &visit, intent, mended);
        let mut order = visit.lines(Kind::Purchase);
        let mut steps = vec![];
        if let (Intent::Lost(..), true) = (intent, mended) {
            order = visit.lines(Kind::Cart);
            let at = paid_at(&visit);
            steps.extend(order.iter().map(|line| (at, Kind::Purchase, *line)));
        }
        if !order.is_empty() {
            let at = steps.last().map(|step| step.0);
            let at = at.unwrap_or_else(|| visit.last_step());
            for product in companions(checked, names, done, &visit, (segment, day), &order) {
                steps.push((at, Kind::Cart, (product, 1)));
                steps.push((at, Kind::Purchase, (product, 1)));
            }
        }
        if steps.is_empty() {
            continue;
        }
        let all = changed.get_or_insert_default();
        all.extend_from_slice(&lived.rows.events[copied..from]);
        copied = to;
        let end = visit.events.iter().position(|event| event.step.kind == Kind::End);
        let (head, tail) = visit.events.split_at(end.unwrap_or(visit.events.len()));
        all.extend_from_slice(head);
        for (at, kind, (product, quantity)) in steps {
            let (product, quantity) = (Some(product), Some(quantity));
            let step = Step { at: at - visit.session.from, kind, product, quantity };
            // Ids follow when all is known.
            all.push(Event { id: 0, session: visit.session.id, at, step });
        }
        all.extend_from_slice(tail);
    }
    if let Some(mut all) = changed {
        all.extend_from_slice(&lived.rows.events[copied..]);
        let mut id = all.iter().map(|event| event.id).max().unwrap_or(0).max(lived.ids.1);
        for event in all.iter_mut().filter(|event| event.id == 0) {
            id += 1;
            event.id = id;
        }
        lived.rows.events = all;
    }
    applied
}

/// Returns sessions with their events, in order of time.
pub(super) fn visits(rows: &Rows) -> impl Iterator<Item = Visit<'_>> {
    let mut events = rows.events.as_slice();
    rows.sessions.iter().map(move |session: &Session| {
        let own = events.iter().take_while(|event| event.session == session.id).count();
        let (now, later) = events.split_at(own);
        events = later;
        Visit { session, events: now }
    })
}

/// Returns the day since the first one observed.
pub(super) fn day(checked: &Checked, at: i64) -> i64 {
    at.div_euclid(DAY) - i64::from(checked.first_day)
}

/// Returns whether what failed in a visit succeeds at once.
fn mended(
    checked: &Checked,
    names: &Names,
    done: &[Intervention],
    visit: &Visit,
    (segment, day): (usize, i64),
    intent: Intent,
) -> bool {
    let (Intent::Lost(code, _) | Intent::Paid(Some(code))) = intent else { return false };
    let left = done.iter().fold(1.0, |left, one| match one {
        Intervention::Fix(fix) if i64::from(fix.from) <= day && fix.whom.holds(segment) => {
            left * (1.0 - fix.mends)
        }
        _ => left,
    });
    let mut rng = stream(checked.config.seed, &names.mend, visit.session.id as u64);
    code < MENDABLE && uniform(&mut rng) < 1.0 - left
}

/// Returns when somebody pays whose order would have failed.
fn paid_at(visit: &Visit) -> i64 {
    (visit.last_step() + 1).min(visit.session.to)
}

fn attempts(all: &mut Vec<Attempt>, visit: &Visit, intent: Intent, mended: bool) {
    let (session, end) = (visit.session.id, visit.session.to);
    let mut push = |number, at, code: Option<usize>| {
        all.push(Attempt { session, number, at, code: code.map(|code| CODES[code]) });
    };
    match intent {
        Intent::Browsing => {}
        Intent::Lost(..) if mended => push(1, paid_at(visit), None),
        Intent::Lost(code, count) => {
            let last = visit.last_step();
            for number in 1..=i64::from(count) {
                let at = last + (end - last) * number / (i64::from(count) + 1);
                push(number, at, Some(code));
            }
        }
        Intent::Paid(failed) => {
            // At least 20 seconds lie between the last product viewed and the order.
            let bought = visit.bought_at().unwrap_or(end);
            let failed = failed.filter(|_| !mended);
            if failed.is_some() {
                push(1, bought - 10, failed);
            }
            push(1 + i64::from(failed.is_some()), bought - 1, None);
        }
    }
}

/// Returns the products added to an order because they were shown.
fn companions(
    checked: &Checked,
    names: &Names,
    done: &[Intervention],
    visit: &Visit,
    (segment, day): (usize, i64),
    order: &[(usize, u32)],
) -> Vec<usize> {
    let left = done.iter().fold(1.0, |left, one| match one {
        Intervention::Companion(shown)
            if i64::from(shown.from) <= day && shown.whom.holds(segment) =>
        {
            left * (1.0 - shown.gains)
        }
        _ => left,
    });
    if left >= 1.0 {
        return vec![];
    }
    let mut rng = stream(checked.config.seed, &names.companion, visit.session.id as u64);
    let mut added: Vec<usize> = vec![];
    for (product, _) in order {
        let companion = checked.shop.products[*product].companion;
        let drawn = uniform(&mut rng);
        let there = added.contains(&companion) || order.iter().any(|line| line.0 == companion);
        if drawn < 1.0 - left && !there {
            added.push(companion);
        }
    }
    added
}

/// Sends the mails, and adds the visits of those who return.
fn win_back(
    checked: &Checked,
    names: &Names,
    done: &[Intervention],
    lived: &mut Lived,
) -> Vec<Mailed> {
    let mut mails: Vec<&WinBack> = done
        .iter()
        .filter_map(|one| match one {
            Intervention::WinBack(mail) if mail.whom.holds(lived.person.segment) => Some(mail),
            _ => None,
        })
        .collect();
    mails.sort_by_key(|mail| mail.from);
    let (mut sent, mut gone) = (vec![], checked.gone(&lived.person) as i64);
    let days: Vec<u32> = mails.iter().map(|mail| mail.from).collect();
    for (place, mail) in mails.into_iter().enumerate() {
        // Other mails don't change what a mail does: its stream goes by its day, and its place among those of the day.
        let turn = days[..place].iter().filter(|day| **day == mail.from).count();
        let today = i64::from(mail.from);
        let registered = i64::from(lived.person.registered);
        if registered >= today {
            continue;
        }
        let days = lived.rows.sessions.iter().map(|session| day(checked, session.from));
        let last = days.filter(|day| *day < today).max().or(lived.last).unwrap_or(registered);
        if last + i64::from(mail.idle_days) > today {
            continue;
        }
        sent.push(Mailed { day: today, mail: *mail });
        if gone > today || today + 1 >= i64::from(checked.config.days) {
            continue;
        }
        let entity =
            (u64::from(lived.person.id) * 1_000 + turn as u64) * 10_000 + u64::from(mail.from);
        let mut rng = stream(checked.config.seed, &names.win_back, entity);
        if !chance(&mut rng, mail.returns) {
            continue;
        }
        let stays = stay(checked, lived.person.segment, rng.random_range(0.0..1.0));
        let back = Person { registered: mail.from + 1, stays, ..lived.person };
        let sessions = Rows::days(checked, &back, &mut rng);
        let ids = last_ids(&lived.rows, lived.person.id);
        let ids = (ids.0.max(lived.ids.0), ids.1.max(lived.ids.1));
        lived.rows.record(checked, sessions, ids, 0, || false, &mut rng);
        gone = checked.gone(&back) as i64;
    }
    sent
}

/// Returns for how many days somebody stays, given a number from 0 to below 1.
pub(super) fn stay(checked: &Checked, segment: usize, drawn: f64) -> f64 {
    match checked.config.segments[segment].churn {
        churn if churn > 0.0 => (-(1.0 - drawn).ln() / (churn / MONTH)).min(1e6),
        _ => 1e6,
    }
}

/// Returns the last ids of a user's sessions and events.
pub(super) fn last_ids(rows: &Rows, user: u32) -> (i64, i64) {
    let none = i64::from(user) * PER_USER;
    let session = rows.sessions.iter().map(|session| session.id).max();
    let event = rows.events.iter().map(|event| event.id).max();
    (session.unwrap_or(none), event.unwrap_or(none))
}
