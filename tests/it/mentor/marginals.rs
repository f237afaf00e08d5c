//! Every marginal of the brief, and the shape of the year.

use casebook::cases::mentor::{self, Config, Market, Tables};
use casebook::polars::prelude::*;

use super::{DAY, texts, whole};
use crate::support::seeds;

/// A share that the brief states or a law implies, and what was drawn.
struct Marginal {
    what: String,
    hits: usize,
    of: usize,
    expected: f64,
    /// Observations that come from one person are alike; this many of them count as one.
    alike: f64,
}

/// Every marginal of the brief.
fn marginals(config: &Config, tables: &Tables) -> Vec<Marginal> {
    let mut all = vec![];
    let mut add = |what: String, hits: usize, of: usize, expected: f64, alike: f64| {
        all.push(Marginal { what, hits, of, expected, alike });
    };
    let users = &tables.users_info;
    let n = users.height();
    let ages = whole(users, "age");
    for from in (18..66).step_by(4) {
        let hits = ages.iter().filter(|age| (from..from + 4).contains(*age)).count();
        add(format!("aged {from} to {}", from + 3), hits, n, 4.0 / 48.0, 1.0);
    }
    let count = |column: &str, value: &str| {
        texts(users, column).iter().filter(|text| text.as_deref() == Some(value)).count()
    };
    add("women".into(), count("gender", "woman"), n, 0.14, 1.0);
    for country in &config.people.countries {
        add(country.name.clone(), count("location", &country.name), n, country.share, 1.0);
    }
    let paying = whole(users, "subscription").iter().sum::<i64>() as usize;
    add("paying".into(), paying, n, 0.035, 1.0);
    assert_eq!(tables.subscriptions.height(), paying);
    let kinds = config.activity.kinds();
    for (name, share) in [
        ("inactive", kinds.inactive),
        ("casual", kinds.casual),
        ("frequent", kinds.frequent),
        ("power", kinds.power),
    ] {
        add(name.into(), count("user_type", name), n, share, 1.0);
    }
    // Sign-ups follow the season's law, month by month.
    let law = mentor::sign_ups(config).unwrap();
    let (dates, shares) =
        (whole(&law, "date"), law.column("share").unwrap().f64().unwrap().clone());
    let days: Vec<i64> = whole(users, "signed_up_at").iter().map(|at| at.div_euclid(DAY)).collect();
    for month in 0..config.months {
        let month = config.start.plus(month);
        let from = i64::from(month.first_day());
        let span = from..from + i64::from(month.days());
        let share = dates.iter().zip(shares.iter().flatten());
        let share = share.filter(|(date, _)| span.contains(date)).map(|(_, share)| share).sum();
        let hits = days.iter().filter(|day| span.contains(day)).count();
        add(format!("signed up in {month}"), hits, n, share, 1.0);
    }

    let events = &tables.users_events;
    let sessions = events.height();
    let starts = whole(events, "session_start");
    let each = 2.0; // sessions of a day avoid each other
    for hour in 0..24 {
        let (from, step) = (f64::from(hour), 1.0 / 50.0);
        let share =
            (0..50).map(|k| config.clock.density(from + (f64::from(k) + 0.5) * step) * step);
        let hits = starts.iter().filter(|at| at.rem_euclid(DAY) / 3_600_000_000 == i64::from(hour));
        add(format!("sessions at {hour} h"), hits.count(), sessions, share.sum(), each);
    }
    let evening =
        (0..300).map(|k| config.clock.density(20.0 + (f64::from(k) + 0.5) / 100.0) / 100.0);
    let hits = starts.iter().filter(|at| (20..23).contains(&(at.rem_euclid(DAY) / 3_600_000_000)));
    add("sessions from 20 to 23 h".into(), hits.count(), sessions, evening.sum(), each);
    let ends = whole(events, "session_end");
    let minutes: Vec<f64> =
        starts.iter().zip(&ends).map(|(from, to)| (to - from) as f64 / 60e6).collect();
    for from in (0..30).step_by(3) {
        let (from, to) = (f64::from(from).max(1.0), f64::from(from + 3));
        let law = |x: f64| 1.0 - ((30.0 - x) / 29.0).powf(config.session_length.power() + 1.0);
        let hits = minutes.iter().filter(|length| (from..to).contains(*length)).count();
        add(format!("{from} to {to} minutes"), hits, sessions, law(to) - law(from), 1.0);
    }
    let completed = whole(events, "completion").iter().sum::<i64>() as usize;
    add("completed".into(), completed, sessions, config.progress.completed(), 1.0);
    let mut asked: Vec<i64> = whole(&tables.tickets, "user_id");
    asked.dedup();
    add("asked for support".into(), asked.len(), n, 0.20, 1.0);
    let reasons = texts(&tables.tickets, "reason");
    let path = reasons.iter().filter(|reason| reason.as_deref() == Some("path question")).count();
    add("asked about the path".into(), path, n, 0.20 * 0.75, 1.0);
    let arms = texts(&tables.assignments, "arm");
    let offered = arms.iter().filter(|arm| arm.as_deref() == Some("offered")).count();
    add("offered a mentor".into(), offered, n, 0.5, 1.0);
    all
}

#[test]
fn marginals_hold_within_sampling_error_at_a_thousand_users() {
    let config = Config::default();
    let tables = mentor::generate(&config).unwrap();
    let marginals = marginals(&config, &tables);
    assert!(marginals.len() > 70, "{}", marginals.len());
    for m in marginals {
        let share = m.hits as f64 / m.of as f64;
        let error = (m.expected * (1.0 - m.expected) * m.alike / m.of as f64).sqrt();
        // Of 80 marginals, one beyond 3.5 in 27 data sets.
        let z = (share - m.expected) / error.max(1e-9);
        assert!(z.abs() < 3.5, "{}: {share} against {}, z = {z}", m.what, m.expected);
    }
}

#[test]
fn marginals_hold_within_half_a_point_at_a_hundred_thousand() {
    let config = Config {
        users: 100_000,
        market: Market { mentors: 6_000, ..Market::default() },
        ..Config::default()
    };
    let tables = mentor::generate(&config).unwrap();
    for m in marginals(&config, &tables) {
        let share = m.hits as f64 / m.of as f64;
        assert!((share - m.expected).abs() < 0.005, "{}: {share} against {}", m.what, m.expected);
    }
    let events = &tables.users_events;
    let (starts, ends) = (whole(events, "session_start"), whole(events, "session_end"));
    let total: i64 = starts.iter().zip(&ends).map(|(from, to)| to - from).sum();
    let mean = total as f64 / 60e6 / starts.len() as f64;
    assert!((mean - 8.0).abs() < 0.02, "sessions last {mean} minutes on average");
    let mut days: Vec<(i64, i64)> = whole(events, "user_id")
        .into_iter()
        .zip(starts.iter().map(|at| at.div_euclid(DAY)))
        .collect();
    days.dedup();
    let daily = starts.len() as f64 / days.len() as f64;
    assert!((daily - 2.0).abs() < 0.01, "{daily} sessions on an active day");
    let quarters = quarters(events);
    println!("sessions by quarter: {quarters:?}");
    assert!(quarters[0] > 0.35 && quarters[0] > quarters[3] && quarters[3] > quarters[2]);
}

/// Shares of sessions by quarter of the year.
fn quarters(events: &DataFrame) -> [f64; 4] {
    let season =
        events.clone().lazy().select([col("session_start").dt().quarter()]).collect().unwrap();
    let mut shares = [0.0; 4];
    for quarter in whole(&season, "session_start") {
        shares[quarter as usize - 1] += 1.0 / events.height() as f64;
    }
    shares
}

/// January to March is the busiest quarter, and there is an uptick at the end of the year, in every data set.
#[test]
fn the_year_is_a_u_in_every_data_set() {
    for seed in 1..=seeds(5, 50) {
        let tables = mentor::generate(&Config { seed, ..Config::default() }).unwrap();
        let [q1, q2, q3, q4] = quarters(&tables.users_events);
        assert!(q1 > q2 && q1 > q4 && q4 > q3, "seed {seed}: {q1}, {q2}, {q3}, {q4}");
    }
}
