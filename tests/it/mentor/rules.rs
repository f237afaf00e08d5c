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

/// Somebody who has a question about the path leaves sooner, as long as it isn't answered; technical trouble has no effect.
#[test]
fn waiting_for_an_answer_drives_people_away() {
    let config = Config { users: 40_000, ..Config::default() };
    let tables = mentor::generate(&config).unwrap();
    let mut last = vec![0; config.users as usize];
    let events = &tables.users_events;
    for (user, at) in whole(events, "user_id").iter().zip(whole(events, "session_start")) {
        last[*user as usize - 1] = at;
    }
    let end = i64::from(config.start.plus(config.months).first_day()) * DAY;
    let tickets = &tables.tickets;
    let (users, opened) = (whole(tickets, "user_id"), whole(tickets, "opened_at"));
    let (answered, reasons) = (options(tickets, "answered_at"), texts(tickets, "reason"));
    // The share who don't come after the next two days, by reason, for answers that took less than a day, and more.
    let share = |reason: &str, late: bool| {
        let (mut all, mut gone) = (0.0, 0.0);
        for row in 0..users.len() {
            let Some(answer) = answered[row].filter(|_| opened[row] < end - 60 * DAY) else {
                continue;
            };
            if reasons[row].as_deref() == Some(reason) && (answer - opened[row] > DAY) == late {
                all += 1.0;
                let until = (opened[row] + 2 * DAY).div_euclid(DAY);
                gone += f64::from(u8::from(last[users[row] as usize - 1].div_euclid(DAY) <= until));
            }
        }
        gone / all
    };
    let [soon, late] = [false, true].map(|late| share("path question", late));
    let [technical, technical_late] = [false, true].map(|late| share("technical", late));
    println!(
        "gone: answered soon {soon:.3}, late {late:.3}; technical {technical:.3}, {technical_late:.3}"
    );
    assert!(soon > technical + 0.03 && late > soon + 0.06, "{soon}, {late}, {technical}");
    assert!((technical - technical_late).abs() < 0.03, "{technical}, {technical_late}");
    // A question stands with the last session before it.
    let (ids, starts) = (whole(events, "event_id"), whole(events, "session_start"));
    for (id, opened) in whole(tickets, "event_id").iter().zip(&opened) {
        let row = ids.binary_search(id).unwrap();
        let next = (row + 1 < ids.len() && ids[row + 1] / 1_000_000 == id / 1_000_000)
            .then(|| starts[row + 1]);
        assert!(starts[row] <= *opened && next.is_none_or(|next| next > *opened));
    }
}
