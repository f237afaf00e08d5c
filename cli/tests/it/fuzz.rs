//! The command with inputs that nobody would write: it says what is wrong, and never falls over.
//!
//! An input follows from its number alone. The usual run takes the first few hundred; `CASEBOOK_FUZZ=50000` takes more,
//! `CASEBOOK_FUZZ_ONLY=1234` a single one, and shows its command and what it said. All findings of a run are told, by
//! what they have in common.

#[path = "../support/fuzz/ask.rs"]
mod ask;
#[path = "../support/fuzz/input.rs"]
mod input;
#[path = "../support/fuzz/mutate.rs"]
mod mutate;
#[path = "../support/fuzz/rules.rs"]
mod rules;

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use input::Case;
use rules::Ran;

/// Inputs of the usual run.
const USUAL: u64 = 300;
/// What a run may take. Who waits for a small file's result waits no longer.
const LONGEST: Duration = Duration::from_secs(5);
/// After which one that waits for something is ended.
const STUCK: Duration = Duration::from_secs(20);
/// Kilobytes of addresses a run may use.
const MEMORY: u64 = 6_000_000;

#[test]
fn no_input_makes_the_command_fall_over() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(only) = number("CASEBOOK_FUZZ_ONLY") {
        let place = tempfile::tempdir().unwrap();
        let (case, ran, broken) = one(only, place.path());
        println!(
            "{}\nexit {:?} after {:?}\n--- stdout\n{}\n--- stderr\n{}",
            case.words.join(" "),
            ran.code,
            ran.took,
            ran.stdout,
            ran.stderr
        );
        println!("the files are in {}", place.keep().display());
        assert_eq!(broken, None);
        return;
    }
    let count = number("CASEBOOK_FUZZ").unwrap_or(USUAL);
    let next = AtomicU64::new(0);
    let findings: Mutex<BTreeMap<String, Vec<u64>>> = Mutex::default();
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return;
            }
            let place = tempfile::tempdir().unwrap();
            if let (case, _, Some(broken)) = one(number, place.path()) {
                let key = format!("{}: {}", case.kind, rules::common(&broken));
                let mut findings = findings.lock().unwrap();
                let known = findings.entry(key.clone()).or_default();
                if known.is_empty() {
                    println!(
                        "{number}: {key}\n    {}",
                        rules::beginning(&case.words.join(" "), 300)
                    );
                }
                known.push(number);
            }
        }
    };
    // No more at a time than a machine of two cores has.
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let findings = findings.into_inner().unwrap();
    let mut told: Vec<String> = findings
        .iter()
        .map(|(key, numbers)| {
            format!("{} × {key}; such as {:?}", numbers.len(), &numbers[..numbers.len().min(5)])
        })
        .collect();
    told.sort_unstable();
    assert!(told.is_empty(), "of {count} inputs:\n{}", told.join("\n"));
}

/// Runs an input; what rule it broke, if any. What took too long gets a second chance: it may not have been its fault.
fn one(number: u64, place: &Path) -> (Case, Ran, Option<String>) {
    let mut rng = ChaCha8Rng::seed_from_u64(number);
    let case = Case::new(&mut rng, place);
    let mut ran = run(&case, place);
    if ran.took > LONGEST {
        ran = run(&case, place);
    }
    let broken = rules::broken(&case, &ran, LONGEST);
    (case, ran, broken)
}

/// The program itself, in a shell that limits its memory.
fn run(case: &Case, place: &Path) -> Ran {
    let (out, err) = (place.join("stdout"), place.join("stderr"));
    let began = Instant::now();
    let mut child = Command::new("bash")
        .args(["-c", &format!("ulimit -v {MEMORY} -c 0; exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_casebook"))
        .args(&case.words)
        .current_dir(place)
        .env_remove("DATABASE_URL")
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let mut took = Duration::ZERO;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        took = computed(child.id()).unwrap_or(began.elapsed());
        if took > 4 * LONGEST || began.elapsed() > STUCK {
            took = began.elapsed();
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        thread::sleep(Duration::from_millis(2));
    };
    let text =
        |path| String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    Ran {
        code: status.and_then(|status| status.code()),
        signal: status.and_then(|status| status.signal()),
        took,
        stdout: text(out),
        stderr: text(err),
    }
}

/// How long the cores have worked for a program: unlike the clock, it does not count what else a machine does.
/// Where the system does not tell, none.
fn computed(program: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{program}/stat")).ok()?;
    // The program's name, in parentheses, may hold anything; user and system time are the 12th and 13th after it.
    let mut times = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || times.next()?.parse::<u64>().ok();
    Some(Duration::from_millis(10 * (next()? + next()?)))
}
