//! What the tables show up to the day of a decision, one entry per user and mentor. Days are counted from the first one observed.

use std::collections::HashMap;

use polars::prelude::*;

use super::config::{Config, TYPES};
use crate::error::Result;

const DAY: f64 = 86_400e6;
/// Who hasn't come for so many days before the decision has left.
const GONE: f64 = 28.0;
/// Days after a question within which those leave whom waiting for the answer drives away: no answer takes longer.
const WAITING: f64 = 2.0;
/// Days that have to follow for it to be known who left.
const KNOWN: f64 = 30.0;

/// A user as the team sees them.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub signup: f64,
    pub pays: bool,
    /// Whether the experiment offered a mentor; none for those who took no part.
    pub offered: Option<bool>,
    /// Days since sign-up on which the user came.
    pub visits: Vec<u32>,
    /// Sessions on the day of sign-up.
    pub first_sessions: u32,
    /// A question about the path.
    pub question: Option<Question>,
    pub request: Option<Asked>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    /// Days since sign-up.
    pub after: f64,
    /// Hours to the answer, and whether the user left in the days after the question; none if it is too early to tell.
    pub known: Option<(f64, bool)>,
}

/// A request for a mentor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub at: f64,
    pub field: usize,
    pub calls: bool,
    /// What the user says half an hour is worth, in US dollars.
    pub stated: f64,
    pub withdrawn: Option<f64>,
    pub matched: Option<Matched>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Matched {
    /// The mentor's place in the list.
    pub mentor: usize,
    pub at: f64,
    pub ended: Option<f64>,
    pub score: f64,
    /// Calls held, or exchanges of messages answered.
    pub talks: f64,
}

/// Somebody who applied to be a mentor.
#[derive(Debug, Clone)]
pub(super) struct Applied {
    pub fields: Vec<usize>,
    pub accepted: bool,
    pub capacity: f64,
    /// US dollars.
    pub price: f64,
    pub score: f64,
}

/// What is seen.
pub(super) struct Evidence {
    /// The day of the decision.
    pub now: f64,
    /// Days looked ahead.
    pub horizon: f64,
    /// US dollars for 30 days.
    pub subscription: f64,
    /// The longest match, in days, and how many mentors a request is shown: what the school has agreed.
    pub longest: f64,
    pub shortlist: u32,
    pub users: Vec<Seen>,
    pub mentors: Vec<Applied>,
}

impl Seen {
    /// Returns whether the user ever came.
    pub fn active(&self) -> bool {
        !self.visits.is_empty()
    }

    /// Returns the last day on which the user came, since sign-up.
    pub fn last(&self) -> f64 {
        self.visits.last().map_or(0.0, |day| f64::from(*day))
    }

    /// Returns how many days after a day since the first one observed the user stayed, and whether they have left. Of those who came in
    /// the last weeks it isn't known who has left since, so that all are taken for what they were before.
    pub fn stayed(&self, since: f64, now: f64) -> (f64, bool) {
        let last = self.signup + self.last();
        let left = now - last > GONE;
        let until = if left { last } else { now - GONE };
        ((until - since).max(0.0), left)
    }
}

impl Evidence {
    /// Reads what is seen up to a day, to look so many days ahead.
    pub fn read(
        tables: &super::Tables,
        config: &Config,
        (now, horizon): (f64, f64),
    ) -> Result<Evidence> {
        let first = f64::from(config.start.first_day());
        let day = |micros: f64| micros / DAY - first;
        let info = &tables.users_info;
        let ids = whole(info, "user_id")?;
        let place: HashMap<i64, usize> =
            ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        let mut users: Vec<Seen> = reals(info, "signed_up_at")?
            .into_iter()
            .zip(info.column("subscription")?.bool()?.iter())
            .map(|(at, pays)| Seen {
                signup: day(at).floor(),
                pays: pays.unwrap_or(false),
                offered: None,
                visits: vec![],
                first_sessions: 0,
                question: None,
                request: None,
            })
            .collect();
        let at = |id: &i64| place.get(id).copied();
        let arms = tables.assignments.column("arm")?.str()?.iter();
        for (id, arm) in whole(&tables.assignments, "user_id")?.iter().zip(arms) {
            if let Some(place) = at(id) {
                users[place].offered = Some(arm == Some("offered"));
            }
        }
        let events = &tables.users_events;
        for (id, start) in whole(events, "user_id")?.iter().zip(reals(events, "session_start")?) {
            let Some(place) = at(id) else { continue };
            let user = &mut users[place];
            let since = (day(start).floor() - user.signup).max(0.0) as u32;
            user.first_sessions += u32::from(since == 0);
            if user.visits.last() != Some(&since) {
                user.visits.push(since);
            }
        }
        questions(tables, &place, &mut users, now, day)?;
        let mentors = applied(tables)?;
        requests(tables, &place, &mut users, &mentors, day)?;
        let subscription = f64::from(config.people.price_cents) / 100.0;
        let longest = 7.0 * f64::from(config.market.weeks);
        let shortlist = config.market.shortlist;
        Ok(Evidence { now, horizon, subscription, longest, shortlist, users, mentors })
    }
}

fn questions(
    tables: &super::Tables,
    place: &HashMap<i64, usize>,
    users: &mut [Seen],
    now: f64,
    day: impl Fn(f64) -> f64,
) -> Result<()> {
    let tickets = &tables.tickets;
    let (opened, answered) = (reals(tickets, "opened_at")?, reals(tickets, "answered_at")?);
    let reasons = tickets.column("reason")?.str()?.iter();
    for (row, (id, reason)) in whole(tickets, "user_id")?.iter().zip(reasons).enumerate() {
        let Some(place) = place.get(id).filter(|_| reason == Some("path question")) else {
            continue;
        };
        let user = &mut users[*place];
        let at = day(opened[row]);
        let known = at + KNOWN < now && answered[row].is_finite();
        let hours = (answered[row] - opened[row]) / DAY * 24.0;
        let left = user.signup + user.last() <= (at + WAITING).floor();
        user.question =
            Some(Question { after: at - user.signup, known: known.then_some((hours, left)) });
    }
    Ok(())
}

fn applied(tables: &super::Tables) -> Result<Vec<Applied>> {
    let mentors = &tables.mentors;
    let field = |name: Option<&str>| TYPES.iter().position(|kind| Some(*kind) == name);
    let (one, two) = (mentors.column("field")?.str()?, mentors.column("second_field")?.str()?);
    let vetting = mentors.column("vetting")?.str()?;
    let (capacity, price) = (reals(mentors, "capacity")?, reals(mentors, "price_cents")?);
    let score = reals(&tables.applications, "score")?;
    Ok((0..mentors.height())
        .map(|row| Applied {
            fields: [field(one.get(row)), field(two.get(row))].into_iter().flatten().collect(),
            accepted: vetting.get(row) == Some("accepted"),
            capacity: capacity[row],
            price: price[row] / 100.0,
            score: score[row],
        })
        .collect())
}

fn requests(
    tables: &super::Tables,
    place: &HashMap<i64, usize>,
    users: &mut [Seen],
    mentors: &[Applied],
    day: impl Fn(f64) -> f64,
) -> Result<()> {
    let known = |at: f64| at.is_finite().then(|| day(at));
    let requests = &tables.requests;
    let (asked, gone) = (reals(requests, "requested_at")?, reals(requests, "withdrawn_at")?);
    let stated = reals(requests, "stated_price_cents")?;
    let (fields, formats) = (requests.column("field")?.str()?, requests.column("format")?.str()?);
    for (row, id) in whole(requests, "user_id")?.iter().enumerate() {
        let Some(place) = place.get(id) else { continue };
        let field = TYPES.iter().position(|kind| Some(*kind) == fields.get(row));
        users[*place].request = Some(Asked {
            at: day(asked[row]),
            field: field.unwrap_or(0),
            calls: formats.get(row) == Some("calls"),
            stated: stated[row] / 100.0,
            withdrawn: known(gone[row]),
            matched: None,
        });
    }
    let mut talks: HashMap<i64, f64> = HashMap::new();
    let held = tables.calls.column("held")?.bool()?.iter();
    for (id, held) in whole(&tables.calls, "match_id")?.into_iter().zip(held) {
        *talks.entry(id).or_default() += f64::from(u8::from(held.unwrap_or(false)));
    }
    let answers = reals(&tables.messages, "answered_at")?;
    for (id, at) in whole(&tables.messages, "match_id")?.into_iter().zip(answers) {
        *talks.entry(id).or_default() += f64::from(u8::from(at.is_finite()));
    }
    let matches = &tables.matches;
    let (began, ended) = (reals(matches, "matched_at")?, reals(matches, "ended_at")?);
    let mentor = whole(matches, "mentor_id")?;
    let ids = whole(matches, "match_id")?;
    for (row, id) in whole(matches, "user_id")?.iter().enumerate() {
        let Some(place) = place.get(id) else { continue };
        let place_of = mentor[row] as usize - 1;
        let mentor = &mentors[place_of];
        if let Some(request) = &mut users[*place].request {
            request.matched = Some(Matched {
                mentor: place_of,
                at: day(began[row]),
                ended: known(ended[row]),
                score: mentor.score,
                talks: talks.get(&ids[row]).copied().unwrap_or(0.0),
            });
        }
    }
    Ok(())
}

/// Returns a column of whole numbers.
fn whole(frame: &DataFrame, column: &str) -> Result<Vec<i64>> {
    let cast = frame.column(column)?.cast(&DataType::Int64)?;
    Ok(cast.i64()?.iter().map(|value| value.unwrap_or(0)).collect())
}

/// Returns a column of numbers or moments (microseconds since 1970); NaN where there is none.
fn reals(frame: &DataFrame, column: &str) -> Result<Vec<f64>> {
    let cast = frame.column(column)?.to_physical_repr().cast(&DataType::Float64)?;
    Ok(cast.f64()?.iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}
