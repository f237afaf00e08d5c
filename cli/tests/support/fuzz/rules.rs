//! What must hold whatever the input is.

use std::thread;
use std::time::Duration;

use serde_json::{Map, Value};

use super::input::Case;

/// What a run of the program did.
pub struct Ran {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub took: Duration,
    pub stdout: String,
    pub stderr: String,
}

/// Columns that hold shares, and those that hold numbers of things.
const SHARES: [&str; 10] = [
    "rate",
    "step_rate",
    "overall_rate",
    "control_rate",
    "stickiness",
    "retention",
    "survival",
    "share",
    "p_value",
    "logo_churn",
];
const COUNTS: [&str; 17] = [
    "users",
    "dau",
    "wau",
    "mau",
    "new",
    "retained",
    "resurrected",
    "dormant",
    "active",
    "eligible",
    "at_risk",
    "events",
    "subjects",
    "size",
    "of",
    "frequency",
    "recency_days",
];

/// The first rule that a run breaks.
pub fn broken(case: &Case, ran: &Ran, longest: Duration) -> Option<String> {
    if let Some(panic) = ran.stderr.lines().position(|line| line.contains("panicked at")) {
        let mut lines = ran.stderr.lines().skip(panic);
        let place =
            lines.next().unwrap_or_default().split("panicked at ").nth(1).unwrap_or_default();
        return Some(format!("panic at {place} {}", lines.next().unwrap_or_default()));
    }
    if ran.took > longest {
        return Some(format!("it takes longer than {longest:?}"));
    }
    match (ran.code, ran.signal) {
        (_, Some(signal)) => {
            return Some(format!("signal {signal}: {}", beginning(&ran.stderr, 200)));
        }
        (Some(0..=2), _) => {}
        (code, _) => return Some(format!("exit code {code:?}")),
    }
    if ran.stderr.len() > 20_000 {
        return Some("a message of more than 20,000 bytes".into());
    }
    let well = ran.code == Some(0);
    if !well && ran.stderr.is_empty() && !case.kind.starts_with("doctor") {
        return Some("it fails without a word".into());
    }
    if !well && !ran.stdout.is_empty() && case.kind.starts_with("analyze") {
        return Some("it prints a result and fails".into());
    }
    if !well {
        return None;
    }
    if let Some(path) = &case.program {
        let program = std::fs::read_to_string(path).unwrap_or_default();
        return parses(&program).err();
    }
    // A terminal obeys none of it.
    let control = |c: char| c != '\n' && c.is_control();
    if case.format == "table" && ran.stdout.contains(control) {
        return Some("control characters in a table".into());
    }
    if !case.says_infinite && ["NaN", "inf"].iter().any(|word| has_word(&ran.stdout, word)) {
        return Some("NaN or inf in the output".into());
    }
    match case.format.as_str() {
        "json" if case.kind.starts_with("analyze") => {
            match serde_json::from_str::<Vec<Map<String, Value>>>(&ran.stdout) {
                Ok(rows) => rows.iter().find_map(|row| {
                    row.iter().find_map(|(name, value)| number(name, value.as_f64()?))
                }),
                Err(error) => Some(format!("no JSON: {error}")),
            }
        }
        "csv" if case.kind.starts_with("analyze") => {
            let mut reader = csv::Reader::from_reader(ran.stdout.as_bytes());
            let names = match reader.headers() {
                Ok(names) => names.clone(),
                Err(error) => return Some(format!("no CSV: {error}")),
            };
            reader.records().find_map(|record| match record {
                Ok(record) => names
                    .iter()
                    .zip(&record)
                    .find_map(|(name, value)| number(name, value.parse().ok()?)),
                Err(error) => Some(format!("no CSV: {error}")),
            })
        }
        _ => None,
    }
}

/// That it is a Rust program; on a stack for whatever it holds.
fn parses(program: &str) -> Result<(), String> {
    thread::scope(|scope| {
        let parse =
            || syn::parse_file(program).map(drop).map_err(|error| format!("no program: {error}"));
        let begun = thread::Builder::new().stack_size(1 << 29).spawn_scoped(scope, parse);
        begun.unwrap().join().unwrap()
    })
}

fn number(name: &str, value: f64) -> Option<String> {
    if SHARES.contains(&name) && !(-1e-9..=1.0 + 1e-9).contains(&value) {
        return Some(format!("`{name}` is {value}"));
    }
    (COUNTS.contains(&name) && value < 0.0).then(|| format!("`{name}` is {value}"))
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !letter(text[..at].chars().next_back()) && !letter(text[at + word.len()..].chars().next())
    })
}

/// A text without what differs from input to input.
pub fn common(text: &str) -> String {
    let mut out = String::new();
    for letter in beginning(text, 160).chars() {
        match letter {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            letter => out.push(letter),
        }
    }
    out
}

pub fn beginning(text: &str, letters: usize) -> String {
    text.chars().take(letters).flat_map(char::escape_debug).collect()
}
