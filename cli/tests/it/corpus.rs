//! Ordinary files, as other programs write them: the same seven events in a hundred ways. Each is read as a
//! person would read it, or refused with a remedy; none is misread.

#[path = "../corpus/cases.rs"]
mod cases;
#[path = "../corpus/style.rs"]
mod style;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use cases::made;
use style::{Case, Expected, PLAIN, Style};

/// What the command said: a table of JSON, or why there is none.
fn ask(place: &Path, case: &Case, kind: &str, more: &[&str]) -> Result<Vec<Value>, String> {
    let words = case.words.iter().map(|word| match word.strip_prefix('@') {
        Some(file) => place.join(file).to_str().unwrap().to_owned(),
        None => word.clone(),
    });
    // Only the funnel reads names of events.
    let mut words: Vec<String> = words.collect();
    if kind != "funnel"
        && let Some(at) = words.iter().position(|word| word == "--event")
    {
        words.drain(at..at + 2);
    }
    let mut program = Command::new(env!("CARGO_BIN_EXE_casebook"))
        .args(["analyze", kind, "--format", "json"])
        .args(words)
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let input = case.input.clone().unwrap_or_default();
    let mut pipe = program.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || drop(pipe.write_all(&input)));
    let output = program.wait_with_output().unwrap();
    feeder.join().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!message.contains("panicked"), "{}: {message}", case.name);
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout).unwrap()),
        false => Err(message),
    }
}

fn users(rows: &[Value]) -> Vec<u64> {
    rows.iter().filter_map(|row| row["users"].as_u64()).collect()
}

fn days(rows: &[Value]) -> Vec<(String, u64)> {
    let day = |row: &Value| Some((row["date"].as_str()?.to_owned(), row["dau"].as_u64()?));
    rows.iter().filter_map(day).collect()
}

/// What is wrong with a case.
fn wrong(case: &Case) -> Option<String> {
    let place = tempfile::tempdir().unwrap();
    for (name, content) in &case.files {
        let path = place.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let funnel = ask(place.path(), case, "funnel", &["--steps", case.steps]);
    let usual = [("2024-01-30", 2), ("2024-01-31", 3)];
    let (steps, expected) = match case.expected {
        Expected::Refused(remedy) => {
            return match funnel {
                Err(message) if message.contains(remedy) && message.lines().count() == 1 => None,
                other => Some(format!("{other:?} instead of {remedy:?}")),
            };
        }
        Expected::All => (true, usual),
        Expected::Days => (false, usual),
        Expected::Shifted(days) => (true, days),
    };
    if steps {
        match funnel {
            Ok(rows) if users(&rows) == [3, 2, 1] => {}
            Ok(rows) => return Some(format!("users are {:?}", users(&rows))),
            Err(message) => return Some(message),
        }
    }
    let found = match ask(place.path(), case, "activity", &[]) {
        Ok(rows) => days(&rows),
        Err(message) => return Some(message),
    };
    let found: Vec<(&str, u64)> = found.iter().map(|(day, users)| (day.as_str(), *users)).collect();
    // Days of other events, which some cases have, do not matter.
    let missing = expected.iter().find(|day| !found.contains(day));
    missing.map(|day| format!("{day:?} is not among {found:?}"))
}

#[test]
fn ordinary_files_are_read_as_a_person_reads_them() {
    let cases = cases::all();
    let refused = cases.iter().filter(|case| matches!(case.expected, Expected::Refused(_))).count();
    assert!(cases.len() - refused >= 100, "{} of {}", cases.len() - refused, cases.len());
    let problems: Vec<String> = cases
        .iter()
        .filter_map(|case| wrong(case).map(|problem| format!("{}: {problem}", case.name)))
        .collect();
    assert!(
        problems.is_empty(),
        "{} of {} cases:\n{}",
        problems.len(),
        cases.len(),
        problems.join("\n")
    );
}

/// Numbers are the same however they are written; and if nobody is in both files, it is said.
#[test]
fn identifiers_are_the_same_in_both_files() {
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str, content: String| {
        let path = place.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let events = file("events.csv", PLAIN.text());
    let retention = |events: &str, users: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_casebook"))
            .args([
                "analyze",
                "retention",
                events,
                "--users",
                users,
                "--days",
                "1",
                "--format",
                "json",
            ])
            .output()
            .unwrap();
        match output.status.success() {
            true => Ok(serde_json::from_slice::<Vec<Value>>(&output.stdout).unwrap()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    };
    let users = |name: &str, ids: [&str; 4]| {
        file(
            name,
            format!("user_id,signup_at\n{}", ids.map(|id| format!("{id},2024-01-30\n")).concat()),
        )
    };
    let whole = retention(&events, &users("whole.csv", ["1", "2", "3", "4"])).unwrap();
    // Day 1 of those who came on the 30th: users 2, 3 and 4.
    let found = (whole[0]["eligible"].as_u64(), whole[0]["retained"].as_u64());
    assert_eq!(found, (Some(4), Some(3)), "{whole:?}");
    let fractions = users("fractions.csv", ["1.0", "2.0", "3.0", "4.0"]);
    assert_eq!(retention(&events, &fractions).unwrap(), whole);
    // Some are texts in one file only.
    assert_eq!(retention(&events, &users("mixed.csv", ["2", "3", "4", "guest"])).unwrap().len(), 1);
    for ids in [["a", "b", "c", "d"], ["01", "02", "03", "04"], ["11", "12", "13", "14"]] {
        let message = retention(&events, &users("others.csv", ids)).unwrap_err();
        assert!(message.contains("none of its users is in"), "{message}");
        assert!(message.contains(&format!("\"{}\", \"{}\"", ids[0], ids[1])), "{message}");
        assert!(
            message.contains("\"1\", \"2\", \"4\"") || message.contains("\"1\", \"2\", \"1\""),
            "{message}"
        );
    }
    let texts = file("texts.csv", Style { id: |id| format!("u{id}"), ..PLAIN }.text());
    assert_eq!(retention(&texts, &users("u.csv", ["u1", "u2", "u3", "u4"])).unwrap(), whole);
}

/// Bytes changed anywhere: an answer or a sentence, never a panic, and no more memory than there is.
#[test]
fn damaged_parquet_is_called_damaged() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("events.parquet");
    let mut seed = 7_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let mut refused = 0;
    for name in
        ["duckdb", "id-dictionary", "time-int96", "packed-snappy", "pages-delta", "amount-decimal"]
    {
        let sound = std::fs::read(made(name)).unwrap();
        for round in 0..40 {
            let mut bytes = sound.clone();
            match round {
                // Cut anywhere.
                0..5 => bytes.truncate(4 + random(sound.len() - 4)),
                // The table of contents, which says how much of everything there is.
                5..20 => {
                    let end = bytes.len();
                    bytes[end - 9 - random(end.min(500) - 12)] =
                        [0xff, 0x7f, 0xfb, random(256) as u8][random(4)];
                }
                _ => (0..1 + random(3)).for_each(|_| {
                    let at = 4 + random(sound.len() - 12);
                    bytes[at] = random(256) as u8;
                }),
            }
            std::fs::write(&path, &bytes).unwrap();
            let output = Command::new(env!("CARGO_BIN_EXE_casebook"))
                .args(["analyze", "funnel", path.to_str().unwrap()])
                .args(["--steps", "visit,cart,purchase[amount>=1]"])
                .output()
                .unwrap();
            let message = String::from_utf8_lossy(&output.stderr);
            assert!(
                matches!(output.status.code(), Some(0 | 1)),
                "{name} {round}: {:?} {message}",
                output.status
            );
            assert!(!message.contains("panicked"), "{name} {round}: {message}");
            refused += usize::from(output.status.code() == Some(1));
        }
    }
    assert!(refused > 60, "{refused}");
}
