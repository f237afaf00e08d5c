//! `casebook analyze funnel`: how steps are written, and its rules; and what is said of the data's bounds.

use super::*;

/// What the command says beside the result.
fn told(words: &[&str]) -> String {
    let output = casebook(words);
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    text(&output.stderr)
}

fn users(words: &[&str]) -> Vec<i64> {
    rows(words).iter().map(|row| row["users"].as_i64().unwrap()).collect()
}

#[test]
fn names_with_commas_brackets_and_signs_can_be_steps() {
    let place = Place::new();
    let head = "user_id,timestamp,event,page\n";
    let file = place.file(
        "events.csv",
        format!(
            "{head}1,2024-01-01 10:00,\"Paid, in full\",\"a,b\"\n1,2024-01-01 11:00,list [beta],x\n\
             1,2024-01-01 12:00,k=v,x\n1,2024-01-01 13:00,me@1-2,x\n2,2024-01-01 10:00,\"Paid, in full\",c\n"
        ),
    );
    let ask = |more: &[&str]| users(&[&["analyze", "funnel", &file][..], more].concat());
    let quoted = r#""Paid, in full","list [beta]",k=v,"me@1-2""#;
    assert_eq!(ask(&["--steps", quoted]), [2, 1, 1, 1]);
    assert_eq!(ask(&["--steps", r#""Paid, in full"[page="a,b"],k=v"#]), [1, 1]);
    assert_eq!(ask(&["--step", "Paid, in full", "--step", "\"list [beta]\""]), [2, 1]);
    let steps = ["--step", "Paid, in full", "--step", "\"list [beta]\"", "--step", "k=v"];
    assert_eq!(ask(&[&steps[..], &["--optional", "\"list [beta]\""]].concat()), [2, 1, 1]);
    let exclude = [&steps[..], &["--exclude", "\"Paid, in full\"[page=c]"]].concat();
    assert_eq!(ask(&exclude), [2, 1, 1]);
    let message = fails(&["analyze", "funnel", &file, "--steps", "\"Paid, in full"]);
    assert!(message.contains("double quotes"), "{message}");
    let named = rows(&["analyze", "activity", &file, "--only", r#""Paid, in full",k=v"#]);
    assert_eq!(named[0]["dau"], 2);
    let help = runs(&["analyze", "funnel", "--help"]);
    assert!(help.contains(r#"'"Paid, in full",visit[page="a,b"]'"#), "{help}");
}

/// Every rule of the library changes what it should.
#[test]
fn a_funnels_rules_are_the_librarys() {
    let place = Place::new();
    let rows = |text: &str| {
        let mut content = "user_id,timestamp,event,device\n".to_owned();
        for (user, events) in text.split('/').enumerate() {
            for event in events.split_whitespace() {
                let (name, minute) = event.split_at(1);
                content += &format!("{user},2024-01-01 10:{minute:0>2},{name},d{minute}\n");
            }
        }
        place.file("events.csv", content)
    };
    let ask = |events: &str, more: &[&str]| {
        let file = rows(events);
        users(&[&["analyze", "funnel", &file, "--steps", "a,b,c"][..], more].concat())
    };
    assert_eq!(ask("a1 b9 c10 / a1 b2 c30", &[]), [2, 2, 2]);
    assert_eq!(ask("a1 b9 c10 / a1 b2 c30", &["--within", "10m"]), [2, 2, 1]);
    assert_eq!(ask("a1 b9 c10 / a1 b2 c30", &["--within", "5m@2"]), [2, 1, 1]);
    assert_eq!(ask("a1 b1 c2", &["--increasing"]), [1, 0, 0]);
    assert_eq!(ask("a1 b2 b3 c4", &["--unrepeated"]), [1, 1, 0]);
    assert_eq!(ask("a1 x2 b3 c4 / a1 b2 x3 c4", &["--exclude", "x"]), [2, 1, 0]);
    assert_eq!(ask("a1 x2 b3 c4 / a1 b2 x3 c4", &["--exclude", "x@2-3"]), [2, 2, 1]);
    assert_eq!(ask("a1 x2 b3 / a1 b2 c3", &["--exclude", "x", "--excluded", "void"]), [1, 1, 1]);
    assert_eq!(ask("a1 x2 a3 b4 c5 / a1 b2", &["--exclude", "x", "--leave-out"]), [1, 1, 0]);
    assert_eq!(ask("a1 a2 b3 c4", &["--first-time", "a", "--window", "2m"]), [1, 1, 0]);
    let strict = ["--window-funnel", "strict_order"];
    assert_eq!(ask("a1 a2 b3 b4 c5 c6", &strict), [1, 1, 1]);
    assert_eq!(ask("a1 a2 b3 b4 c5 c6", &["--order", "strict"]), [1, 1, 0]);
    let repeatable = ["--order", "strict", "--repeatable"];
    assert_eq!(ask("a1 a2 b3 b4 c5 c6", &repeatable), [1, 1, 1]);
    assert_eq!(ask("a1 c2 a3 b4", &strict), [1, 0, 0]);
    assert_eq!(ask("a1 c2 a3 b4", &["--window-funnel", "strict_order,allow_reentry"]), [1, 1, 0]);
    assert_eq!(ask("a1 b1 c2", &["--window-funnel", "strict_once,strict_increase"]), [1, 0, 0]);
    let by = |of: &str| {
        let file = rows("z1 a2 b3 c4");
        let words = ["analyze", "funnel", &file, "--steps", "a,b,c", "--by", "device"];
        let mut words = words.to_vec();
        if !of.is_empty() {
            words.extend(["--attribution", of]);
        }
        self::rows(&words)[0]["device"].as_str().unwrap().to_owned()
    };
    assert_eq!([by(""), by("first-row")], ["d1", "d1"]);
    assert_eq!([by("first-touch"), by("last-touch"), by("step:2")], ["d2", "d4", "d3"]);
    assert_eq!(by("all-events"), "d2");
    let file = rows("a1 b9 c10 / a1 b2 c30");
    let refused = |more: &[&str]| {
        fails(&[&["analyze", "funnel", &file, "--steps", "a,b,c"][..], more].concat())
    };
    assert!(refused(&["--within", "5m@9"]).contains("a step from 2 to 3"));
    assert!(refused(&["--exclude", "b@3-2"]).contains("the first below the second"));
    assert!(refused(&["--by", "device", "--attribution", "step:9"]).contains("a step from 1 to 3"));
    assert!(refused(&["--first-time", "nothing"]).contains("one of the steps"));
    assert!(refused(&["--trend", "week"]).contains("window"));
    let once = refused(&["--window-funnel", "strict_once,strict_order"]);
    assert!(once.contains("strict_once alone"), "{once}");
}

#[test]
fn a_trend_leaves_open_windows_empty() {
    let events = "data/samples/events.csv";
    let words = ["analyze", "funnel", events, "--steps", "visit,cart,purchase", "--window", "7d"];
    let weeks = rows(&[&words[..], &["--trend", "week"]].concat());
    let last = weeks.last().unwrap();
    assert!(weeks.len() > 10 && last["in_progress"] == true, "{last}");
    assert!(last["rate"].is_null() && last["entered"].as_i64() > Some(0), "{last}");
    assert!(weeks[0]["rate"].as_f64() > Some(0.0), "{}", weeks[0]);
    let place = Place::new();
    let chart = place.0.path().join("trend.svg");
    runs(&[&words[..], &["--trend", "month", "--chart", chart.to_str().unwrap()]].concat());
    assert!(std::fs::metadata(chart).unwrap().len() > 1_000);
    let later = [&words[..], &["--trend", "week", "--until", "2024-06-30"]].concat();
    let note = told(&later);
    assert!(note.contains("after the last event, of 2024-04-29"), "{note}");
    assert!(rows(&later).iter().all(|week| !week["rate"].is_null()));
    let long = rows(&words);
    assert!(long[2]["mean_seconds"].as_f64() > long[2]["median_seconds"].as_f64());
}

/// What lies outside the data, or is not whole, is told.
#[test]
fn the_datas_bounds_are_told() {
    let events = "data/samples/events.csv"; // 2024-01-01 to 2024-04-29, a Monday
    let users = ["--users", "data/samples/users.csv"];
    let retention = |until: &str| {
        told(&[&["analyze", "retention", events, "--until", until][..], &users].concat())
    };
    assert_eq!(retention("2024-04-20"), "");
    let seen = told(&["analyze", "retention", events]);
    assert!(seen.contains("those who came before 2024-01-01 count from then on"), "{seen}");
    assert_eq!(retention("2024-04-30"), "");
    let late = retention("2024-05-10");
    assert!(late.contains("--until 2024-05-10 lies 10 days after the last event"), "{late}");
    let early = retention("2023-05-10 12:00");
    assert!(
        early.contains("2023-05-10 12:00 lies before the first event, of 2024-01-01"),
        "{early}"
    );
    let orders = "data/samples/orders.csv";
    let rfm = |date: &str| told(&["analyze", "rfm", orders, "--as-of", date]);
    let early = fails(&["analyze", "rfm", orders, "--as-of", "2020-01-01"]);
    assert_eq!(
        early.trim(),
        "casebook: `as_of` is 2020-01-01; accepted: a date after 2024-01-04, the date of the first row"
    );
    assert!(rfm("2030-01-01").contains("after the last row"));
    let activity = |more: &[&str]| told(&[&["analyze", "activity", events][..], more].concat());
    assert_eq!(activity(&[]), "");
    assert!(activity(&["--from", "2023-12-01"]).contains("--from 2023-12-01 is before the first"));
    assert!(activity(&["--to", "2024-06-01"]).contains("--to 2024-06-01 is after the last"));
    assert!(activity(&["--from", "2025-01-01", "--to", "2025-02-01"]).contains("leave no event"));
    let days = activity(&["--show", "days", "--window", "300"]);
    assert!(days.contains("before the data"), "{days}");
    // Who is new in the first period is not known, and the last week has one day.
    let weeks = activity(&["--show", "lifecycle"]);
    assert!(weeks.contains("of the first week count as new"), "{weeks}");
    assert!(weeks.contains("the last week (from 2024-04-29) is incomplete"), "{weeks}");
    assert!(!weeks.contains("the first week (from"), "{weeks}");
    let midway = activity(&["--show", "lifecycle", "--midway", "--from", "2024-01-03"]);
    assert!(midway.contains("the first week (from 2024-01-01) is incomplete"), "{midway}");
    assert!(!midway.contains("as new"), "{midway}");
    let cohorts = |more: &[&str]| {
        told(&[&["analyze", "cohorts", events, "--period", "week"][..], more].concat())
    };
    let seen = cohorts(&[]);
    assert!(seen.contains("the last week (from 2024-04-29) is incomplete"), "{seen}");
    assert!(seen.contains("those who came before 2024-01-01 count from then on"), "{seen}");
    assert!(!cohorts(&users).contains("--users"));
}
