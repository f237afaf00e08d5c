//! Kills and faults while the command writes: old or new is whole, and nothing of anybody else's is touched.
//!
//! A few of each in the usual run; with CASEBOOK_LONG=1, 200 kills and 100 faults.

#![cfg(unix)]

#[path = "../support/owners.rs"]
mod owners;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

type Files = BTreeMap<String, Vec<u8>>;

fn casebook(words: &[&str], out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_casebook"));
    command.args(words).arg("--out").arg(out).env_remove("DATABASE_URL");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Every file below a folder by its path, but for hidden ones.
fn shown(place: &Path) -> Files {
    let mut found = Files::new();
    let mut folders = vec![place.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(place).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && !name.starts_with('.') {
                folders.push(path);
            } else if !name.starts_with('.') {
                found.insert(name, std::fs::read(&path).unwrap_or_default());
            }
        }
    }
    found
}

fn doctor(place: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_casebook"))
        .arg("doctor")
        .arg(place)
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// How often, usually and with CASEBOOK_LONG=1.
fn times(usual: usize, long: usize) -> usize {
    if std::env::var_os("CASEBOOK_LONG").is_some() { long } else { usual }
}

/// Numbers that look random, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// One command with two seeds, and what each leaves in a folder.
struct Trial {
    place: tempfile::TempDir,
    words: Vec<&'static str>,
    sets: [Files; 2],
    took: Duration,
    /// The file whose presence says that all are there.
    seal: &'static str,
    now: usize,
    /// How often the old, and how often the new was there.
    found: [usize; 2],
}

const SEEDS: [&str; 2] = ["1", "2"];

impl Trial {
    fn new(words: &[&'static str], seal: &'static str) -> Trial {
        let place = tempfile::tempdir().unwrap();
        let mut took = Duration::ZERO;
        let sets = SEEDS.map(|seed| {
            let folder = tempfile::tempdir().unwrap();
            let began = Instant::now();
            let words = [words, &["--seed", seed]].concat();
            let made = casebook(&words, folder.path()).output().unwrap();
            took = began.elapsed();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            std::fs::write(folder.path().join("foreign.txt"), "mine").unwrap();
            shown(folder.path())
        });
        assert!(sets[0].len() > 2 && sets[0] != sets[1] && sets[0].contains_key(seal));
        let trial = Trial { place, words: words.to_vec(), sets, took, seal, now: 0, found: [0, 0] };
        std::fs::write(trial.place.path().join("foreign.txt"), "mine").unwrap();
        assert!(trial.command(0).output().unwrap().status.success());
        trial
    }

    fn command(&self, set: usize) -> Command {
        casebook(&[&self.words[..], &["--seed", SEEDS[set]]].concat(), self.place.path())
    }

    /// Makes the other set, kills at a moment, and looks: at once, and after `doctor`.
    fn kill(&mut self, moment: &dyn Fn(&Path, &mut Child)) {
        let (old, new) = (self.now, 1 - self.now);
        let mut child = self.command(new).spawn().unwrap();
        moment(self.place.path(), &mut child);
        child.kill().unwrap();
        child.wait().unwrap();
        let now = shown(self.place.path());
        if now.contains_key(self.seal) {
            assert!(self.sets.contains(&now), "a mixture looks complete: {:?}", now.keys());
        }
        self.look(old, "a kill");
    }

    fn look(&mut self, old: usize, what: &str) {
        let told = doctor(self.place.path());
        let now = shown(self.place.path());
        let set = self.sets.iter().position(|set| *set == now);
        self.now = set.unwrap_or_else(|| {
            panic!("after {what}: neither old nor new: {:?}\n{told}", now.keys());
        });
        self.found[usize::from(self.now != old)] += 1;
        assert!(!told.contains("damaged") && !told.contains("missing"), "{told}");
    }
}

/// Until something is seen in a folder, or the process is done; looks all the time.
fn wait_for(child: &mut Child, seen: impl Fn() -> bool) {
    while !seen() && child.try_wait().unwrap().is_none() {
        std::hint::spin_loop();
    }
}

/// The moments of replacing that can be seen from outside, and any other.
fn kills(trial: &mut Trial, count: usize, hidden: &str, dice: &mut Dice) {
    let took = trial.took;
    let seal = trial.seal;
    let first = trial.sets[0].keys().find(|name| **name != "foreign.txt").unwrap().clone();
    for round in 0..count {
        let journal = Path::new(hidden).join("journal");
        let after = Duration::from_nanos(dice.below(took.as_nanos() as u64 * 11 / 10));
        let pause = Duration::from_micros(dice.below(400));
        trial.kill(&|place, child| match round % 5 {
            0 | 1 => std::thread::sleep(after),
            2 => wait_for(child, || place.join(&journal).exists()),
            3 => {
                wait_for(child, || !place.join(seal).exists());
                std::thread::sleep(pause);
            }
            _ => wait_for(child, || !place.join(&first).exists()),
        });
    }
}

#[test]
fn killed_at_any_moment_old_or_new_is_whole() {
    let mut dice = Dice(1);
    let words = ["generate", "saas", "--companies", "3000"];
    let mut files = Trial::new(&words, "manifest-saas-csv.json");
    kills(&mut files, times(10, 110), ".casebook-unfinished-csv", &mut dice);
    let words = ["generate", "ecommerce", "--users", "300", "--days", "60", "--format", "sqlite"];
    let mut base = Trial::new(&words, "manifest-ecommerce-sqlite.json");
    kills(&mut base, times(2, 30), ".casebook-unfinished-sqlite-ecommerce", &mut dice);
    let words = ["report", "notion", "--users", "2000", "--months", "8"];
    let mut report = Trial::new(&words, "made-with/report.txt");
    kills(&mut report, times(4, 60), ".casebook-unfinished-report", &mut dice);
    let all = [files.found, base.found, report.found];
    println!("old and new, after kills of files, a database and a report: {all:?}");
    // With few kills, those of one kind may all come late on a busy machine.
    let each = |state: usize| all.iter().map(|found| found[state]).sum::<usize>();
    assert!(each(0) > 0 && each(1) > 0, "{all:?}");
}

/// The system refuses to write on, to open another file, or to put a file where a folder is.
#[test]
fn after_any_fault_old_or_new_is_whole() {
    let mut dice = Dice(2);
    let words = ["generate", "saas", "--companies", "3000"];
    let mut files = Trial::new(&words, "manifest-saas-csv.json");
    let words = ["report", "notion", "--users", "2000", "--months", "8"];
    let mut report = Trial::new(&words, "made-with/report.txt");
    let (mut count, mut failed) = (0, 0);
    for round in 0..times(8, 100) {
        let trial = if round % 4 == 3 { &mut report } else { &mut files };
        let (old, new) = (trial.now, 1 - trial.now);
        let inner = trial.command(new);
        let words: Vec<String> = [inner.get_program()]
            .into_iter()
            .chain(inner.get_args())
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let limit = match round % 3 {
            0 => format!("trap '' XFSZ; ulimit -f {}", 1 + dice.below(300)),
            1 => format!("ulimit -n {}", 8 + dice.below(20)),
            _ => String::new(),
        };
        // A folder where a file of the new set is to be: in place of an old one, which is put back afterwards.
        let names: Vec<&String> =
            trial.sets[old].keys().filter(|name| *name != "foreign.txt").collect();
        let target = trial.place.path().join(names[dice.below(names.len() as u64) as usize]);
        let aside =
            trial.place.path().join("../aside").with_extension(std::process::id().to_string());
        if limit.is_empty() {
            std::fs::rename(&target, &aside).unwrap();
            std::fs::create_dir(&target).unwrap();
        }
        let script = format!("{limit}\nexec \"$@\"");
        let output =
            Command::new("bash").args(["-c", &script, "bash"]).args(&words).output().unwrap();
        if limit.is_empty() {
            assert!(!output.status.success(), "a folder was replaced");
            std::fs::remove_dir(&target).unwrap();
            std::fs::rename(&aside, &target).unwrap();
        }
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!told.contains("panicked") || limit.contains("-n"), "{limit}: {told}");
        (count, failed) = (count + 1, failed + usize::from(!output.status.success()));
        trial.look(old, &format!("{limit}: {told}"));
        assert!(!output.status.success() || trial.now == new, "{limit}: {told}");
    }
    println!(
        "{count} faults, {failed} of them noticed; old and new: {:?}, {:?}",
        files.found, report.found
    );
    assert!(failed * 3 > count, "{failed} of {count}");
}
