//! The rules of the business, for everybody in it.

use casebook::cases::mentor::{self, Config, Market};
use casebook::polars::prelude::*;

use super::{DAY, options, texts, whole};

#[test]
fn the_rules_hold_for_everybody() {
    // Scarce mentors, so that every outcome of a request occurs.
    let market = Market { mentors: 25, ..Market::default() };
    let config = Config { users: 3_000, market, ..Config::default() };
    let tables = mentor::generate(&config).unwrap();
    let (start, end) = (
        i64::from(config.start.first_day()) * DAY,
        i64::from(config.start.plus(config.months).first_day()) * DAY,
    );
    // Keys are unique, and refer to rows that are there.
    for (table, key) in [
        ("modules", "module_id"),
        ("mentors", "mentor_id"),
        ("users_info", "user_id"),
        ("enrolments", "enrolment_id"),
        ("users_events", "event_id"),
        ("tickets", "ticket_id"),
        ("requests", "request_id"),
        ("matches", "match_id"),
        ("calls", "call_id"),
        ("messages", "message_id"),
    ] {
        let frame = tables.named().into_iter().find(|(name, _)| *name == table).unwrap().1;
        assert!(frame.height() > 0, "{table} is empty");
        let ids = whole(frame, key);
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{table}: {key} does not rise");
    }
    let refers = |child: &DataFrame, key: &str, parent: &DataFrame| {
        let known: std::collections::BTreeSet<i64> = whole(parent, key).into_iter().collect();
        assert!(whole(child, key).iter().all(|id| known.contains(id)), "a {key} of nobody");
    };
    for child in [
        &tables.users_events,
        &tables.enrolments,
        &tables.tickets,
        &tables.requests,
        &tables.assignments,
        &tables.subscriptions,
    ] {
        refers(child, "user_id", &tables.users_info);
    }
    refers(&tables.users_events, "path_id", &tables.learning_paths);
    refers(&tables.tickets, "event_id", &tables.users_events);
    refers(&tables.matches, "request_id", &tables.requests);
    for child in [&tables.matches, &tables.calls, &tables.messages] {
        refers(child, "mentor_id", &tables.mentors);
    }
    for child in [&tables.calls, &tables.messages] {
        refers(child, "match_id", &tables.matches);
    }
    // Nothing outside the window; mentors apply before it.
    for (name, frame) in tables.named() {
        for column in frame.columns() {
            if column.dtype().is_temporal() {
                let unit = if column.dtype() == &DataType::Date { DAY } else { 1 };
                for at in options(frame, column.name()).into_iter().flatten() {
                    let late = at * unit >= end && column.name().as_str() != "session_end";
                    let early = at * unit < start && name != "applications";
                    assert!(!late && !early, "{name}.{}: {at}", column.name());
                }
            }
        }
    }
    // Sessions of a user follow each other; modules rise; the sign-up is the first session.
    let events = &tables.users_events;
    let users = whole(events, "user_id");
    let (starts, ends) = (whole(events, "session_start"), whole(events, "session_end"));
    let (path, module) = (whole(events, "path_id"), whole(events, "module_no"));
    let done = whole(events, "completion");
    let signed = whole(&tables.users_info, "signed_up_at");
    for row in 0..users.len() {
        assert!((60..=1_800).contains(&((ends[row] - starts[row]) / 1_000_000)));
        if row == 0 || users[row - 1] != users[row] {
            assert_eq!(starts[row], signed[users[row] as usize - 1]);
            assert_eq!(module[row], 1);
            continue;
        }
        assert!(ends[row - 1] < starts[row], "sessions overlap");
        let step = (path[row] == path[row - 1]).then(|| module[row] - module[row - 1]);
        assert_eq!(step.unwrap_or(1), done[row - 1], "user {}", users[row]);
        assert!(step.is_some() || module[row] == 1);
    }
    // Requests: matched, withdrawn or open; matched after they are made, by a mentor of the field.
    let asked = whole(&tables.requests, "requested_at");
    let ids = whole(&tables.requests, "request_id");
    let gone = options(&tables.requests, "withdrawn_at");
    let field = texts(&tables.requests, "field");
    let fields = [texts(&tables.mentors, "field"), texts(&tables.mentors, "second_field")];
    let vetting = texts(&tables.mentors, "vetting");
    let matches = &tables.matches;
    let (at, ended) = (whole(matches, "matched_at"), options(matches, "ended_at"));
    let mentors = whole(matches, "mentor_id");
    for (row, id) in whole(matches, "request_id").iter().enumerate() {
        let request = ids.binary_search(id).unwrap();
        let mentor = mentors[row] as usize - 1;
        assert!(asked[request] <= at[row] && gone[request].is_none());
        assert!(fields.iter().any(|fields| fields[mentor] == field[request]));
        assert_eq!(vetting[mentor].as_deref(), Some("accepted"));
        assert!(ended[row].is_none_or(|ended| ended >= at[row]));
    }
    let open = ids.len() - matches.height() - gone.iter().flatten().count();
    assert!(open > 0 && gone.iter().flatten().count() > 0, "the market is not scarce");
    // Nobody has more mentees at a time than there is room for.
    let capacity = whole(&tables.mentors, "capacity");
    let mut changes: Vec<(i64, i64, i64)> = vec![];
    for row in 0..at.len() {
        changes.push((mentors[row], at[row], 1));
        changes.push((mentors[row], ended[row].unwrap_or(end), -1));
    }
    changes.sort_unstable();
    let (mut now, mut of) = (0, 0);
    for (mentor, _, change) in changes {
        now = if mentor == of { now + change } else { change };
        of = mentor;
        assert!(now <= capacity[mentor as usize - 1], "mentor {mentor} has {now} mentees");
    }
    // Calls and messages lie within their match.
    for (contacts, time) in [(&tables.calls, "started_at"), (&tables.messages, "sent_at")] {
        for (id, moment) in whole(contacts, "match_id").iter().zip(whole(contacts, time)) {
            let row = whole_row(matches, *id);
            assert!(at[row] <= moment && moment < ended[row].unwrap_or(end));
        }
    }
}

fn whole_row(matches: &DataFrame, id: i64) -> usize {
    whole(matches, "match_id").binary_search(&id).unwrap()
}

/// Somebody who asks about the path is about to leave.
#[test]
fn questions_come_before_drop_off() {
    let config = Config { users: 20_000, ..Config::default() };
    let tables = mentor::generate(&config).unwrap();
    let events = &tables.users_events;
    let (users, starts) = (whole(events, "user_id"), whole(events, "session_start"));
    let reasons = texts(events, "support_reason");
    let end = i64::from(config.start.plus(config.months).first_day()) * DAY;
    let share_followed_by_leaving = |reason: Option<&str>| {
        let mut asked = [0.0, 0.0];
        for row in 0..users.len() {
            if reasons[row].as_deref() != reason || starts[row] > end - 60 * DAY {
                continue;
            }
            asked[0] += 1.0;
            let later = row + 3;
            asked[1] += f64::from(u8::from(later >= users.len() || users[later] != users[row]));
        }
        asked[1] / asked[0]
    };
    let path = share_followed_by_leaving(Some("path question"));
    let technical = share_followed_by_leaving(Some("technical"));
    let none = share_followed_by_leaving(None);
    println!(
        "at most two sessions follow: {path:.2} after a path question, {technical:.2} after technical trouble, {none:.2} otherwise"
    );
    assert!(path > 0.65 && technical < 0.45 && none < 0.2, "{path}, {technical}, {none}");
}
