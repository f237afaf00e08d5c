//! The mentor marketplace: every marginal of the brief, every rule of the business, and the truth, over many
//! seeds.

use casebook::cases::mentor::{self, Config, DropOff, Market, Offer, People, Tables};
use casebook::cases::{Part, clock::Month, rhythm};
use casebook::events::Window;
use casebook::metrics::experiment::{self, Proportion, compare_proportions};
use casebook::metrics::survival;
use casebook::notebook::beside;
use casebook::polars::prelude::*;
use casebook::stamp;
use rayon::prelude::*;

use crate::support::seeds;

const DAY: i64 = 86_400_000_000;

fn whole(frame: &DataFrame, column: &str) -> Vec<i64> {
    options(frame, column).into_iter().map(Option::unwrap).collect()
}

fn options(frame: &DataFrame, column: &str) -> Vec<Option<i64>> {
    let cast = frame.column(column).unwrap().to_physical_repr().cast(&DataType::Int64).unwrap();
    cast.i64().unwrap().iter().collect()
}

fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
    frame.column(column).unwrap().str().unwrap().iter().map(|t| t.map(str::to_owned)).collect()
}

fn real(frame: &DataFrame, column: &str) -> f64 {
    frame.column(column).unwrap().f64().unwrap().get(0).unwrap()
}

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

/// What a data set says of the experiment: control and offered; one row per user; without and with a mentor.
fn read(config: &Config) -> ([Proportion; 2], DataFrame, [Proportion; 2]) {
    let tables = mentor::generate(config).unwrap();
    let end = i64::from(config.start.plus(config.months).first_day());
    let outcome = i64::from(config.offer.outcome_day);
    let users = config.users as usize;
    let days: Vec<i64> =
        whole(&tables.users_info, "signed_up_at").iter().map(|at| at.div_euclid(DAY)).collect();
    let mut retained = vec![false; users];
    let events = &tables.users_events;
    for (user, at) in whole(events, "user_id").iter().zip(whole(events, "session_start")) {
        let user = *user as usize - 1;
        retained[user] |= at.div_euclid(DAY) - days[user] >= outcome;
    }
    let mut mentored = vec![false; users];
    whole(&tables.matches, "user_id").iter().for_each(|user| mentored[*user as usize - 1] = true);
    let arms = texts(&tables.assignments, "arm");
    // Four weeks after the outcome's day: nobody who is still there fails to come once in them.
    let observed: Vec<usize> =
        (0..users).filter(|user| days[*user] + outcome + 28 <= end).collect();
    let share = |of: &dyn Fn(usize) -> bool| {
        let of: Vec<usize> = observed.iter().copied().filter(|user| of(*user)).collect();
        Proportion {
            hits: of.iter().filter(|user| retained[**user]).count() as u64,
            users: of.len() as u64,
        }
    };
    let arm = |user: usize, name: &str| arms[user].as_deref() == Some(name);
    let frame = df!(
        "arm" => observed.iter().map(|user| arms[*user].clone()).collect::<Vec<_>>(),
        "mentored" => observed.iter().map(|user| mentored[*user]).collect::<Vec<_>>(),
        "retained" => observed.iter().map(|user| retained[*user]).collect::<Vec<_>>(),
    );
    (
        [share(&|user| arm(user, "control")), share(&|user| arm(user, "offered"))],
        frame.unwrap(),
        [share(&|user| !mentored[user]), share(&|user| mentored[user])],
    )
}

#[test]
fn the_truth_is_recovered_over_seeds() {
    let seeds = seeds(300, 3_000);
    let truth = mentor::truth(&Config::default()).unwrap();
    // For each seed: five estimates, and which of three intervals hold the truth.
    let results: Vec<([f64; 5], [bool; 3])> = (1..=seeds)
        .into_par_iter()
        .map(|seed| {
            let ([control, offered], users, [without, with]) =
                read(&Config { seed, ..Config::default() });
            let itt = compare_proportions(control, offered).unwrap();
            let naive = compare_proportions(without, with).unwrap();
            let complier =
                experiment::complier_effect(&users, "arm", "mentored", "retained", "control")
                    .unwrap();
            let within = |truth: f64, low: f64, high: f64| low <= truth && truth <= high;
            let effect = truth.complier_effect;
            (
                [
                    control.hits as f64 / control.users as f64,
                    real(&complier, "compliance"),
                    itt.estimate,
                    naive.estimate,
                    real(&complier, "effect"),
                ],
                [
                    within(truth.intention_to_treat, itt.low, itt.high),
                    within(effect, real(&complier, "low"), real(&complier, "high")),
                    within(effect, naive.low, naive.high),
                ],
            )
        })
        .collect();
    let held = |which: usize, of: &[([f64; 5], [bool; 3])]| {
        of.iter().filter(|result| result.1[which]).count() as f64 / of.len() as f64
    };
    let [itt, complier, naive] = [0, 1, 2].map(|which| held(which, &results));
    let n = seeds as f64;
    println!("{truth:?}");
    println!(
        "intervals that hold the truth: intention to treat {itt:.4}, complier {complier:.4}, naive {naive:.4}"
    );
    for experiments in results.chunks(300) {
        let share = held(0, experiments);
        println!("of 300: {share:.3}");
        assert!((0.93..=0.97).contains(&share), "of 300: {share}");
    }
    let wanted = [
        ("retained without offer", truth.control),
        ("compliance", truth.compliance),
        ("intention to treat", truth.intention_to_treat),
        ("naive", truth.naive),
        ("complier effect", truth.complier_effect),
    ];
    for (place, (what, wanted)) in wanted.into_iter().enumerate() {
        let mean = results.iter().map(|one| one.0[place]).sum::<f64>() / n;
        let spread =
            results.iter().map(|one| (one.0[place] - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let z = (mean - wanted) / (spread / n).sqrt();
        println!("{what}: mean {mean:.4}, truth {wanted:.4}, z = {z:.2}");
        assert!(z.abs() < 3.0, "{what}: {mean} against {wanted}, z = {z}");
    }
    // Two points, or what chance alone may take of fewer seeds.
    let off = 0.02_f64.max(4.0 * (0.95 * 0.05 / n).sqrt());
    assert!((itt - 0.95).abs() <= off && (complier - 0.95).abs() <= off, "{itt}, {complier}");
    assert!(naive < 0.01, "naive: {naive}");
}

/// The survival curve of those not offered a mentor, and of those offered one, is the one in the truth.
#[test]
fn survival_is_the_one_configured() {
    let config = Config {
        users: 60_000,
        market: Market { mentors: 6_000, ..Market::default() },
        ..Config::default()
    };
    let tables = mentor::generate(&config).unwrap();
    let truth = mentor::truth(&config).unwrap().survival;
    let users = beside(tables.users_info.lazy(), &tables.assignments, "user_id");
    let events = tables.users_events.lazy().rename(["session_start"], ["timestamp"], true);
    let until = config.start.plus(config.months).midnight();
    let users = users.rename(["signed_up_at"], ["signup_at"], true);
    let subjects = survival::from_activity(&users, &events, 28, Window::until(until)).unwrap();
    let curve = survival::kaplan_meier(&subjects, Some("arm")).unwrap();
    let (times, shares) = (
        curve.column("time").unwrap().f64().unwrap().clone(),
        curve.column("survival").unwrap().f64().unwrap().clone(),
    );
    let names = texts(&curve, "arm");
    for arm in ["control", "offered"] {
        let expected = truth.column(arm).unwrap().f64().unwrap().clone();
        for (week, day) in whole(&truth, "day").iter().enumerate().take(40).skip(1) {
            let row = (0..names.len()).rfind(|row| {
                names[*row].as_deref() == Some(arm) && times.get(*row).unwrap() <= *day as f64
            });
            let (found, wanted) = (shares.get(row.unwrap()).unwrap(), expected.get(week).unwrap());
            assert!((found - wanted).abs() < 0.012, "{arm}, day {day}: {found} against {wanted}");
        }
    }
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

/// More demand for the same mentors: fewer are matched, and later.
#[test]
fn waiting_grows_with_demand() {
    let wait = |share: f64| {
        let offer = Offer { share, ..Offer::default() };
        let config = Config { users: 6_000, offer, ..Config::default() };
        let tables = mentor::generate(&config).unwrap();
        let asked = whole(&tables.requests, "requested_at");
        let ids = whole(&tables.requests, "request_id");
        let matched = whole(&tables.matches, "matched_at");
        let mut days: Vec<i64> = whole(&tables.matches, "request_id")
            .iter()
            .zip(matched)
            .map(|(id, at)| (at - asked[ids.binary_search(id).unwrap()]) / DAY)
            .collect();
        days.sort_unstable();
        (days.len() as f64 / ids.len() as f64, days[days.len() * 9 / 10])
    };
    let (few, half, all) = (wait(0.1), wait(0.5), wait(1.0));
    println!("matched, ninth decile of waiting in days: {few:?}, {half:?}, {all:?}");
    assert!(few.0 > half.0 + 0.05 && half.0 > all.0 + 0.05, "{few:?}, {half:?}, {all:?}");
    assert!(few.1 < half.1 && half.1 <= all.1, "{few:?}, {half:?}, {all:?}");
}

/// In the default business nobody waits for want of mentors, so that the truth is true.
#[test]
fn by_default_nobody_waits() {
    for seed in 1..=seeds(5, 30) {
        let config = Config { seed, ..Config::default() };
        let tables = mentor::generate(&config).unwrap();
        let ids = whole(&tables.requests, "request_id");
        let asked = whole(&tables.requests, "requested_at");
        let longest = i64::from(config.market.processing_hours.1) * 3_600_000_000;
        let late = whole(&tables.matches, "request_id")
            .iter()
            .zip(whole(&tables.matches, "matched_at"))
            .filter(|(id, at)| at - asked[ids.binary_search(id).unwrap()] > longest)
            .count();
        assert!(late <= 2, "seed {seed}: {late} of {} wait", ids.len());
    }
}

/// What a change of the offer leaves alone: who people are, and how they behave until a match.
#[test]
fn the_offer_changes_only_what_it_causes() {
    let with = mentor::generate(&Config::default()).unwrap();
    let offer = Offer { share: 0.0, ..Offer::default() };
    let without = mentor::generate(&Config { offer, ..Config::default() }).unwrap();
    assert!(with.users_info.equals(&without.users_info));
    assert!(
        with.subscriptions
            .column("started_on")
            .unwrap()
            .equals(without.subscriptions.column("started_on").unwrap())
    );
    assert!(without.requests.height() == 0 && without.matches.height() == 0);
    let mentored: Vec<i64> = whole(&with.matches, "user_id");
    let others = |tables: &Tables| {
        let users = Series::new("user_id".into(), mentored.clone());
        let wanted = col("user_id").is_in(lit(users).implode(true), false).not();
        tables.users_events.clone().lazy().filter(wanted).collect().unwrap()
    };
    assert!(others(&with).equals_missing(&others(&without)));
    assert!(with.users_events.height() > without.users_events.height());
}

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

#[test]
fn any_number_of_threads_makes_the_same_data() {
    let config = Config { users: 3_000, seed: 11, ..Config::default() };
    let made = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let tables = pool.install(|| mentor::generate(&config)).unwrap();
        tables.named().map(|(_, frame)| frame.clone())
    };
    let one = made(1);
    for threads in [2, 16] {
        let other = made(threads);
        assert!(one.iter().zip(&other).all(|(a, b)| a.equals_missing(b)), "{threads} threads");
    }
}

#[test]
fn parts_together_are_the_whole() {
    // Few mentors: who gets one depends on everybody.
    let market = Market { mentors: 15, ..Market::default() };
    let config = Config { users: 700, months: 9, market, ..Config::default() };
    let whole = mentor::generate(&config).unwrap();
    for n in [1, 2, 3, 800] {
        let mut parts: Vec<(&str, DataFrame)> = vec![];
        for k in 1..=n {
            let part: Part = format!("{k}/{n}").parse().unwrap();
            for batch in mentor::batches(&config, part).unwrap() {
                for (place, (name, frame)) in batch.unwrap().named().into_iter().enumerate() {
                    match parts.get_mut(place) {
                        Some((_, all)) => drop(all.vstack_mut(frame).unwrap()),
                        None => parts.push((name, frame.clone())),
                    }
                }
            }
        }
        for (name, frame) in parts {
            let whole = whole.named().into_iter().find(|(other, _)| *other == name).unwrap().1;
            assert!(frame.equals_missing(whole), "{name} in {n} parts");
        }
    }
}

/// The same config and seed give the same bytes on any machine: these were made on one, once.
#[test]
fn the_default_data_never_changes() {
    let tables = mentor::generate(&Config::default()).unwrap();
    let hashes: Vec<(&str, String)> = tables
        .named()
        .into_iter()
        .map(|(name, frame)| (name, stamp::hash(frame).unwrap()))
        .collect();
    let pinned: Vec<(&str, String)> = PINNED.iter().map(|(n, h)| (*n, (*h).to_owned())).collect();
    assert_eq!(hashes, pinned);
}

const PINNED: [(&str, &str); 14] = [
    ("learning_paths", "b9220137459ba9e3"),
    ("modules", "8076a31f183a84e9"),
    ("mentors", "41b3d05efd055a4f"),
    ("applications", "6e27b03c0496ab7c"),
    ("users_info", "ba27d163f0eceaa5"),
    ("enrolments", "11513a624fc25e1b"),
    ("users_events", "2b007e537fd24a11"),
    ("tickets", "5d2895b45c568eba"),
    ("subscriptions", "fe82a6f3cdd65338"),
    ("assignments", "e9912679615fbd79"),
    ("requests", "e1e8abcdb2fffb58"),
    ("matches", "d2ec78f7d13bfe24"),
    ("calls", "cd2b333da74ce147"),
    ("messages", "7979c0c47a173987"),
];

#[test]
fn a_bad_config_is_named() {
    let says = |config: Config, told: &str| {
        let error = mentor::generate(&config).unwrap_err().to_string();
        assert_eq!(error, told);
        assert_eq!(
            mentor::truth(&config).map(|_| ()).map_err(|e| e.to_string()).is_err(),
            !told.contains("memory")
        );
    };
    let default = Config::default;
    says(Config { users: 0, ..default() }, "`users` is 0; accepted: 1 to 20000000");
    says(
        Config { users: 1_000_000_000, ..default() },
        "`users` is 1000000000; accepted: 1 to 20000000",
    );
    let mut config = default();
    config.people.countries[0].share = 0.27;
    says(config, "`people.countries` is shares that sum to 0.9; accepted: shares that sum to 1");
    let mut config = default();
    config.session_length = rhythm::SessionLength::new(1.0, 130.0, 31.0).unwrap();
    says(config, "`session_length.longest` is 130; accepted: 0 to 120");
    let market = Market { mentors: 0, ..Market::default() };
    says(Config { market, ..default() }, "`market.mentors` is 0; accepted: 1 to 5000000");
    let month = |month| Some(Month { year: 2024, month });
    let offer = Offer { first: month(6), last: month(3), ..Offer::default() };
    says(Config { offer, ..default() }, "`offer.last` is 2024-03; accepted: 2024-06 to 2024-12");
    let offer = Offer { first: Some(Month { year: 2023, month: 12 }), ..Offer::default() };
    says(Config { offer, ..default() }, "`offer.first` is 2023-12; accepted: 2024-01 to 2024-12");
    let people = People { paying: 0.95, ..People::default() };
    says(Config { people, ..default() }, "`people.paying` is 0.95; accepted: 0 to 0.9");
    let people = People { women: f64::NAN, ..People::default() };
    says(Config { people, ..default() }, "`people.women` is NaN; accepted: 0 to 1");
    let market = Market { capacity: (3, 2), ..Market::default() };
    says(
        Config { market, ..default() },
        "`market.capacity` is (3, 2); accepted: two numbers from 1 to 100, the first not above the second",
    );
    let mut config = default();
    config.activity.sessions = 1.2;
    says(config, "`activity.sessions` is 1.2; accepted: 1.4 to 2.9");
    let drop_off = DropOff { weekly: vec![], ..DropOff::default() };
    says(
        Config { drop_off, ..default() },
        "`drop_off.weekly` is 0 values; accepted: 1 to 520 values",
    );
    let told =
        mentor::generate(&Config { users: 20_000_000, ..default() }).unwrap_err().to_string();
    assert!(
        told.starts_with("`users` is 20000000; accepted: 1 to ") && told.contains("in memory"),
        "{told}"
    );
}

#[test]
fn a_config_survives_json() {
    let mut config = Config::default();
    config.offer.first = Some(Month { year: 2024, month: 3 });
    config.market.capacity = (2, 9);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config);
    assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
    let changed: Config = serde_json::from_str(r#"{"market": {"mentors": 9}}"#).unwrap();
    assert_eq!(changed.market, Market { mentors: 9, ..Market::default() });
    assert!(serde_json::from_str::<Config>(r#"{"market": {"mentor": 9}}"#).is_err());
}

/// Corners of the config: no hazard at all, everybody inactive, no season, one user, one month.
#[test]
fn corners_work() {
    let mut forever = Config { users: 40, months: 2, ..Config::default() };
    forever.drop_off.weekly = vec![0.0];
    assert!(mentor::generate(&forever).unwrap().users_events.height() > 0);
    assert!((mentor::truth(&forever).unwrap().control - 0.9).abs() < 1e-12);
    let mut nobody = Config { users: 40, ..Config::default() };
    nobody.activity.inactive = 1.0;
    nobody.people.paying = 0.0;
    nobody.support.share = 0.0;
    assert_eq!(mentor::generate(&nobody).unwrap().users_events.height(), 0);
    for (users, months) in [(1, 1), (2, 120)] {
        let config = Config { users, months, ..Config::default() };
        assert_eq!(mentor::generate(&config).unwrap().users_info.height(), users as usize);
    }
    let market = Market { mentors: 1, accepted: 0.01, ..Market::default() };
    let offer = Offer { share: 1.0, ..Offer::default() };
    let none = mentor::generate(&Config { market, offer, ..Config::default() }).unwrap();
    assert!(none.matches.height() == 0 && none.requests.height() > 0);
}
