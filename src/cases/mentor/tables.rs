//! The tables made of what people do.

use polars::prelude::*;

use super::checked::Checked;
use super::config::TYPES;
use super::contacts::{CONTACTS_PER_USER, Contact};
use super::market::Settled;
use super::mentors::{HOURS, Mentor};
use super::person::Arm;
use super::question::Reason;
use super::rows::{EVENTS_PER_USER, Rows, Session, User};
use crate::cases::frame::{dates, moments};
use crate::error::Result;

impl Rows {
    pub fn users(&self, checked: &Checked) -> Result<DataFrame> {
        let countries = &checked.config.people.countries;
        let rows = &self.users;
        let country = |user: &User| &countries[user.person.country];
        Ok(df!(
            "user_id" => column(rows, |user| i64::from(user.person.id)),
            "signed_up_at" => moments("signed_up_at", rows.iter().map(|user| user.signed_up))?,
            "age" => column(rows, |user| i32::from(user.person.age)),
            "gender" => column(rows, |user| if user.person.woman { "woman" } else { "man" }),
            "location" => column(rows, |user| country(user).name.as_str()),
            "utc_offset_minutes" => column(rows, |user| country(user).utc_offset),
            "user_type" => column(rows, |user| user.person.kind.name()),
            "subscription" => column(rows, |user| user.person.pays),
        )?)
    }

    pub fn enrolments(&self) -> Result<DataFrame> {
        let rows = &self.enrolments;
        Ok(df!(
            "enrolment_id" => column(rows, |row| row.id),
            "user_id" => column(rows, |row| row.id / CONTACTS_PER_USER),
            "path_id" => column(rows, |row| i32::from(row.path) + 1),
            "enrolled_at" => moments("enrolled_at", rows.iter().map(|row| row.at))?,
            "modules_completed" => column(rows, |row| row.modules),
            "completed_at" => moments("completed_at", rows.iter().map(|row| row.completed))?,
        )?)
    }

    pub fn sessions(&self) -> Result<DataFrame> {
        let rows = &self.sessions;
        Ok(df!(
            "event_id" => column(rows, |row| row.id),
            "user_id" => column(rows, |row| row.id / EVENTS_PER_USER),
            "path_id" => column(rows, |row| i32::from(row.path) + 1),
            "module_no" => column(rows, |row| i32::from(row.module)),
            "session_start" => moments("session_start", rows.iter().map(|row| row.start))?,
            "session_end" => moments("session_end", rows.iter().map(Session::ends))?,
            "mood_before" => column(rows, |row| row.mood.0),
            "mood_after" => column(rows, |row| row.mood.1),
            "session_rating" => column(rows, |row| row.rating),
            "progress" => column(rows, |row| row.progress),
            "completion" => column(rows, Session::completes),
            "support_request" => column(rows, |row| row.asks.is_some()),
            "support_reason" => column(rows, |row| row.asks.map(Reason::name)),
        )?)
    }

    pub fn tickets(&self) -> Result<DataFrame> {
        let rows = &self.tickets;
        Ok(df!(
            "ticket_id" => column(rows, |row| row.event),
            "user_id" => column(rows, |row| row.event / EVENTS_PER_USER),
            "event_id" => column(rows, |row| row.event),
            "opened_at" => moments("opened_at", rows.iter().map(|row| row.opened))?,
            "reason" => column(rows, |row| row.reason.name()),
            "answered_at" => moments("answered_at", rows.iter().map(|row| row.answered))?,
        )?)
    }

    pub fn subscriptions(&self, checked: &Checked) -> Result<DataFrame> {
        let rows: Vec<&User> = self.users.iter().filter(|user| user.person.pays).collect();
        let price = i64::from(checked.config.people.price_cents);
        Ok(df!(
            "subscription_id" => column(&rows, |user| i64::from(user.person.id)),
            "user_id" => column(&rows, |user| i64::from(user.person.id)),
            "started_on" => dates("started_on", rows.iter().map(|user| user.person.signup_day))?,
            "ended_on" => dates("ended_on", rows.iter().map(|user| user.unsubscribed))?,
            "price_cents" => column(&rows, |_| price),
        )?)
    }

    pub fn assignments(&self) -> Result<DataFrame> {
        let rows: Vec<(&User, Arm)> =
            self.users.iter().filter_map(|user| Some((user, user.person.arm?))).collect();
        Ok(df!(
            "user_id" => column(&rows, |(user, _)| i64::from(user.person.id)),
            "arm" => column(&rows, |(_, arm)| arm.name()),
            "assigned_at" => moments("assigned_at", rows.iter().map(|(user, _)| user.signed_up))?,
            "exposed_at" => moments("exposed_at", rows.iter().map(|(user, _)| user.exposed))?,
        )?)
    }

    pub fn matches(&self, checked: &Checked, settled: &[Settled]) -> Result<DataFrame> {
        let rows: Vec<_> = settled
            .iter()
            .zip(&self.first_sessions)
            .filter_map(|(settled, first)| Some((settled, settled.matched?, *first)))
            .collect();
        let ended = |row: &(_, super::market::Match, _)| row.1.ends < checked.end();
        let reason = |left| if left { "user left" } else { "weeks agreed" };
        Ok(df!(
            "match_id" => column(&rows, |row| i64::from(row.0.user)),
            "request_id" => column(&rows, |row| i64::from(row.0.user)),
            "user_id" => column(&rows, |row| i64::from(row.0.user)),
            "mentor_id" => column(&rows, |row| i64::from(row.1.mentor) + 1),
            "matched_at" => moments("matched_at", rows.iter().map(|row| row.1.at))?,
            "first_session_at" => moments("first_session_at", rows.iter().map(|row| row.2))?,
            "ended_at" => moments("ended_at", rows.iter().map(|row| ended(row).then_some(row.1.ends)))?,
            "end_reason" => column(&rows, |row| ended(row).then_some(reason(row.1.left))),
        )?)
    }

    pub fn calls(&self) -> Result<DataFrame> {
        let rows = &self.calls;
        let minutes = |row: &Contact| row.answered.map(|end| ((end - row.start) / 60) as i32);
        Ok(df!(
            "call_id" => column(rows, |row| row.id),
            "match_id" => column(rows, |row| row.id / CONTACTS_PER_USER),
            "user_id" => column(rows, |row| row.id / CONTACTS_PER_USER),
            "mentor_id" => column(rows, |row| i64::from(row.mentor)),
            "started_at" => moments("started_at", rows.iter().map(|row| row.start))?,
            "held" => column(rows, |row| row.answered.is_some()),
            "minutes" => column(rows, minutes),
            "rating" => column(rows, |row| row.rating),
        )?)
    }

    pub fn messages(&self) -> Result<DataFrame> {
        let rows = &self.messages;
        Ok(df!(
            "message_id" => column(rows, |row| row.id),
            "match_id" => column(rows, |row| row.id / CONTACTS_PER_USER),
            "user_id" => column(rows, |row| row.id / CONTACTS_PER_USER),
            "mentor_id" => column(rows, |row| i64::from(row.mentor)),
            "sent_at" => moments("sent_at", rows.iter().map(|row| row.start))?,
            "answered_at" => moments("answered_at", rows.iter().map(|row| row.answered))?,
            "rating" => column(rows, |row| row.rating),
        )?)
    }
}

/// Makes a column from a field of each row.
fn column<'r, R, T>(rows: &'r [R], pick: impl FnMut(&'r R) -> T) -> Vec<T> {
    rows.iter().map(pick).collect()
}

/// The requests: see [`Tables::requests`](super::Tables::requests).
pub(super) fn requests(settled: &[Settled]) -> Result<DataFrame> {
    let format = |row: &Settled| if row.request.calls { "calls" } else { "messages" };
    Ok(df!(
        "request_id" => column(settled, |row| i64::from(row.user)),
        "user_id" => column(settled, |row| i64::from(row.user)),
        "field" => column(settled, |row| TYPES[usize::from(row.field)]),
        "requested_at" => moments("requested_at", settled.iter().map(|row| row.request.at))?,
        "hour_utc" => column(settled, |row| i32::from(row.request.hour)),
        "format" => column(settled, format),
        "stated_price_cents" => column(settled, |row| row.stated),
        "withdrawn_at" => moments("withdrawn_at", settled.iter().map(|row| row.withdrawn))?,
    )?)
}

/// The mentors: see [`Tables::mentors`](super::Tables::mentors).
pub(super) fn mentors(mentors: &[Mentor]) -> Result<DataFrame> {
    let second = |mentor: &Mentor| Some(TYPES[usize::from(mentor.fields.1?)]);
    Ok(df!(
        "mentor_id" => (1..=mentors.len() as i64).collect::<Vec<_>>(),
        "field" => column(mentors, |mentor| TYPES[usize::from(mentor.fields.0)]),
        "second_field" => column(mentors, second),
        "vetting" => column(mentors, vetting),
        "capacity" => column(mentors, |mentor| mentor.capacity as i32),
        "price_cents" => column(mentors, |mentor| i64::from(mentor.price_cents)),
        "utc_offset_minutes" => column(mentors, |mentor| mentor.utc_offset),
        "from_hour_utc" => column(mentors, |mentor| i32::from(mentor.hour)),
        "hours" => column(mentors, |_| i32::from(HOURS)),
    )?)
}

/// The applications: see [`Tables::applications`](super::Tables::applications).
pub(super) fn applications(mentors: &[Mentor]) -> Result<DataFrame> {
    let ids: Vec<i64> = (1..=mentors.len() as i64).collect();
    Ok(df!(
        "application_id" => &ids,
        "mentor_id" => &ids,
        "applied_at" => moments("applied_at", mentors.iter().map(|mentor| mentor.applied))?,
        "decided_at" => moments("decided_at", mentors.iter().map(|mentor| mentor.decided))?,
        "score" => column(mentors, |mentor| mentor.score as i32),
        "outcome" => column(mentors, vetting),
    )?)
}

fn vetting(mentor: &Mentor) -> &'static str {
    if mentor.accepted { "accepted" } else { "rejected" }
}
