//! The `casebook` command, as a person runs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use casebook::warehouse::Warehouse;
use casebook_cli::report::notion::Tables;

fn casebook(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_casebook"));
    command.args(words).env_remove("DATABASE_URL");
    command
}

fn run(words: &[&str]) -> Output {
    casebook(words).output().unwrap()
}

fn fails(words: &[&str]) -> String {
    let output = run(words);
    assert!(!output.status.success(), "{words:?} succeeded");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn generate(out: &Path, more: &[&str]) {
    let mut words =
        vec!["generate", "saas", "--companies", "400", "--months", "5", "--seed", "9", "--out"];
    words.push(out.to_str().unwrap());
    words.extend(more);
    let output = run(&words);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn parts_together_are_the_whole_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    generate(&whole, &["--threads", "1"]);
    for (part, threads) in [("1/3", "2"), ("2/3", "16"), ("3/3", "1")] {
        generate(&parts, &["--part", part, "--threads", threads]);
    }
    for table in ["companies", "sessions"] {
        let all = lines(&whole.join(format!("{table}.csv")));
        let mut joined = vec![all[0].clone()];
        for k in 1..=3 {
            let part = lines(&parts.join(format!("{table}-{k}-of-3.csv")));
            assert_eq!(part[0], all[0], "a part has its own header");
            joined.extend_from_slice(&part[1..]);
        }
        assert!(joined == all, "{table}: the parts are not the whole");
    }
    assert!(parts.join("plans-1-of-3.csv").exists() && !parts.join("plans-2-of-3.csv").exists());
}

/// Parts of the mentor marketplace share the mentors; their files together are the whole all the same.
#[test]
fn the_mentor_marketplace_is_generated_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let made = |out: &str, more: &[&str]| {
        let out = folder.path().join(out);
        let mut words =
            vec!["generate", "mentor", "--users", "300", "--months", "6", "--mentors", "12"];
        words.extend(["--offered", "1", "--seed", "9", "--out", out.to_str().unwrap()]);
        words.extend(more);
        let output = run(&words);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (out, String::from_utf8_lossy(&output.stdout).lines().count())
    };
    let (whole, files) = made("whole", &[]);
    assert_eq!(files, 14 + 1, "tables and a manifest");
    let (parts, _) = made("parts", &["--part", "1/2", "--threads", "1"]);
    made("parts", &["--part", "2/2", "--threads", "3"]);
    for table in ["users_info", "users_events", "requests", "matches", "calls"] {
        let all = lines(&whole.join(format!("{table}.csv")));
        let mut joined = lines(&parts.join(format!("{table}-1-of-2.csv")));
        joined.extend_from_slice(&lines(&parts.join(format!("{table}-2-of-2.csv")))[1..]);
        assert!(all.len() > 20 && joined == all, "{table}: the parts are not the whole");
    }
    assert!(
        parts.join("mentors-1-of-2.csv").exists() && !parts.join("mentors-2-of-2.csv").exists()
    );
    let told = fails(&["generate", "mentor", "--mentors", "0", "--out", "x"]);
    assert!(told.contains("`market.mentors` is 0; accepted: 1 to 5000000"), "{told}");
    let dates = ["--offered-from", "2024-06", "--offered-to", "2024-03"];
    let told = fails(&[&["generate", "mentor", "--out", "x"], &dates[..]].concat());
    assert!(told.contains("`offer.last` is 2024-03; accepted: 2024-06 to 2024-12"), "{told}");
}

/// A case generated whole, and in two parts on other numbers of threads: the tables of what belongs to somebody are
/// the parts' rows together; the others come with the first part. Returns what makes more of it.
fn in_parts(
    folder: &Path,
    words: &[&str],
    owned: &[&str],
    others: &[&str],
) -> impl Fn(&str, &[&str]) -> PathBuf {
    let (folder, words) = (folder.to_owned(), words.join(" "));
    let made = move |out: &str, more: &[&str]| {
        let out = folder.join(out);
        let place = ["--out", out.to_str().unwrap()];
        let words: Vec<&str> = words.split(' ').chain(place).chain(more.iter().copied()).collect();
        let output = run(&words);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        out
    };
    let whole = made("whole", &[]);
    let parts = made("parts", &["--part", "1/2"]);
    made("parts", &["--part", "2/2", "--threads", "3"]);
    for table in owned {
        let mut joined = lines(&parts.join(format!("{table}-1-of-2.csv")));
        joined.extend_from_slice(&lines(&parts.join(format!("{table}-2-of-2.csv")))[1..]);
        let all = lines(&whole.join(format!("{table}.csv")));
        assert!(all.len() > 50 && joined == all, "{table}: the parts are not the whole");
    }
    for table in others {
        assert!(parts.join(format!("{table}-1-of-2.csv")).exists(), "{table}");
        assert!(!parts.join(format!("{table}-2-of-2.csv")).exists(), "{table}");
    }
    made
}

#[test]
fn the_shop_is_generated_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["generate", "ecommerce", "--users", "60", "--days", "40", "--start", "2023-12-15"];
    let _ = in_parts(folder.path(), &words, &["users", "sessions", "events"], &["products"]);
    let told = fails(&["generate", "ecommerce", "--start", "2023-02-30", "--out", "x"]);
    assert!(told.contains("a day as YYYY-MM-DD"), "{told}");
}

#[test]
fn the_growth_study_is_generated_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["generate", "notion", "--users", "300", "--months", "8", "--start", "2023-07"];
    let owned = ["user_profiles", "workspaces", "workspace_members", "user_events"];
    let made = in_parts(folder.path(), &words, &owned, &["plans", "calendar", "visitors"]);
    let whole = folder.path().join("whole");
    let more = made("more", &["--events-per-user", "60"]);
    let events = |folder: &std::path::Path| lines(&folder.join("user_events.csv")).len();
    assert!(events(&more) > 3 * events(&whole));
    // The study reads the parts as it reads the whole, or names the one that is missing.
    let parquet = |out: &str, more: &[&str]| made(out, &[&["--format", "parquet"], more].concat());
    let parts = parquet("parts", &["--part", "1/2"]);
    let told = Tables::read(&parts).unwrap_err().to_string();
    assert!(told.contains("-2-of-2.parquet"), "{told}");
    parquet("parts", &["--part", "2/2"]);
    let (one, two) = (Tables::read(&parquet("whole", &[])).unwrap(), Tables::read(&parts).unwrap());
    assert!(one.events.frame().equals_missing(two.events.frame()));
    assert!(one.users.frame().equals_missing(two.users.frame()) && one.until == two.until);
    assert_eq!((one.recorded, one.recorded), (two.recorded, two.events.len() + two.users.len()));
    // Coming that often takes more events than these, and that is said.
    let nowhere = tempfile::tempdir().unwrap();
    let out = nowhere.path().join("x");
    let words = "generate notion --preset sticky --events-per-user 15 --out";
    let told =
        fails(&[&words.split(' ').collect::<Vec<_>>()[..], &[out.to_str().unwrap()]].concat());
    assert!(told.contains("`targets.events_per_user` is 15; accepted: at least"), "{told}");
    let told = fails(&["generate", "notion", "--months", "2", "--out", "x"]);
    assert!(told.contains("`months` is 2; accepted: 6 to 60"), "{told}");
}

#[test]
fn csv_and_parquet_hold_the_same() {
    let folder = tempfile::tempdir().unwrap();
    generate(folder.path(), &["--format", "csv"]);
    generate(folder.path(), &["--format", "parquet"]);
    for table in ["plans", "months", "companies", "sessions"] {
        let read = |extension| {
            casebook::warehouse::files::read(folder.path().join(format!("{table}.{extension}")))
                .unwrap()
        };
        assert!(read("csv").equals(&read("parquet")), "{table}");
    }
}

/// Killed at a random moment, it leaves no file with a finished name.
#[test]
#[cfg(unix)]
fn an_interrupted_run_leaves_nothing_that_looks_finished() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let mut child =
        casebook(&["generate", "saas", "--companies", "2000000", "--out", out]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    assert!(child.try_wait().unwrap().is_none(), "it was done before it could be interrupted");
    child.kill().unwrap();
    child.wait().unwrap();
    let names: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().all(|name| name.starts_with(".casebook-unfinished-")), "{names:?}");
    assert_eq!(names.len(), 1, "nothing was being written yet");
}

/// A folder's files by name, hidden ones included.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        (entry.file_name().into_string().unwrap(), bytes)
    };
    std::fs::read_dir(folder).unwrap().map(read).collect()
}

/// What `casebook doctor` says of a folder, and whether it found nothing wrong.
fn doctor(folder: &Path) -> (bool, String) {
    let output = run(&["doctor", folder.to_str().unwrap()]);
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Killed at twenty moments, spread over the whole run, it never leaves a file that looks finished and is not; the
/// next run completes the set and clears what was left behind.
#[test]
fn a_killed_run_is_completed_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let generate = |out: &Path| {
        let mut command = casebook(&["generate", "notion", "--users", "40000", "--part", "2/3"]);
        command.args(["--format", "parquet", "--out"]).arg(out).stdout(Stdio::null());
        command.stderr(Stdio::null());
        command
    };
    let (good, place) = (folder.path().join("good"), folder.path().join("killed"));
    std::fs::create_dir(&place).unwrap();
    let began = Instant::now();
    assert!(generate(&good).status().unwrap().success());
    let mut whole = began.elapsed();
    let good = contents(&good);
    let mut killed = 0;
    for moment in 0..20 {
        let (began, mut child) = (Instant::now(), generate(&place).spawn().unwrap());
        std::thread::sleep(whole * (2 * moment + 1) / 40);
        child.kill().unwrap();
        match child.wait().unwrap().success() {
            // What else the machine did made the first run seem long.
            true => whole = whole.min(began.elapsed()),
            false => killed += 1,
        }
        let left = contents(&place);
        for (name, bytes) in left.iter().filter(|(name, _)| !name.starts_with('.')) {
            assert!(good[name] == *bytes, "{name} is not finished, moment {moment}");
        }
        // The doctor puts in place what was complete and being put there.
        let (_, told) = doctor(&place);
        let sealed = contents(&place).contains_key("manifest-notion-parquet-2-of-3.json");
        assert_eq!(told.contains("ok       notion, parquet, part 2/3"), sealed, "{told}");
    }
    assert!(killed > 10, "only {killed} of 20 were killed at work");
    assert!(generate(&place).status().unwrap().success());
    assert!(contents(&place) == good, "files are missing, or left over");
}

/// The command that a doctor's line names, run.
fn mend(told: &str) {
    for line in told.lines() {
        let Some((_, command)) = line.split_once("generate it again with: casebook ") else {
            continue;
        };
        let output = run(&command.split(' ').collect::<Vec<_>>());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn doctor_names_what_is_missing_or_damaged_and_its_command_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let (fine, told) = doctor(place);
    assert!(!fine && told.contains("no manifest"), "{told}");
    // In any order, in three formats' worth of neighbours.
    for part in ["3/3", "1/3", "2/3"] {
        generate(place, &["--format", "parquet", "--part", part]);
    }
    generate(place, &[]);
    let good = contents(place);
    let (fine, told) = doctor(place);
    assert!(fine, "{told}");
    assert!(told.contains("ok       saas, csv, whole: 4 files"), "{told}");
    assert!(told.contains("ok       saas, parquet, part 1/3: 4 files"), "{told}");
    assert!(told.contains("ok       saas, parquet, part 3/3: 2 files"), "{told}");

    let spoil = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good[name].clone();
        change(&mut bytes);
        std::fs::write(place.join(name), bytes).unwrap();
    };
    spoil("sessions-1-of-3.parquet", &|bytes| bytes[500] ^= 1);
    spoil("companies.csv", &|bytes| bytes.truncate(90));
    std::fs::remove_file(place.join("companies-2-of-3.parquet")).unwrap();
    std::fs::remove_file(place.join("manifest-saas-parquet-3-of-3.json")).unwrap();
    let (fine, told) = doctor(place);
    assert!(!fine);
    for expected in [
        "part 1/3: sessions-1-of-3.parquet is not what was written",
        "part 2/3: companies-2-of-3.parquet is missing",
        "missing  saas, parquet, part 3/3",
        "damaged  saas, csv, whole: companies.csv has 90 bytes, not ",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    mend(&told);
    assert!(doctor(place).0);
    assert!(contents(place) == good, "mended, but not the same bytes");

    // A manifest that is no manifest, and a part of other data.
    spoil("manifest-saas-parquet-2-of-3.json", &|bytes| bytes.truncate(40));
    generate(place, &["--format", "parquet", "--part", "3/3", "--share-small", "0.2"]);
    let (fine, told) = doctor(place);
    assert!(!fine && told.contains("damaged  manifest-saas-parquet-2-of-3.json: "), "{told}");
    assert!(told.contains("with a different configuration than part 1/3"), "{told}");
    mend(&told);
    assert!(doctor(place).0 && contents(place) == good);
}

/// A limit on file size stands in for a full disk: the system refuses to write on.
#[test]
#[cfg(unix)]
fn a_file_that_cannot_grow_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "trap '' XFSZ; ulimit -f 64; exec {} generate saas --companies 20000 --out {}",
        env!("CARGO_BIN_EXE_casebook"),
        folder.path().display()
    );
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(told.contains("could not write") && told.contains("sessions.csv"), "{told}");
    assert!(!folder.path().join("sessions.csv").exists());
}

#[test]
fn bad_input_is_named() {
    let told = fails(&["generate", "saas", "--companies", "0", "--out", "x"]);
    assert!(told.contains("`companies` is 0; accepted: 1 to 50000000"), "{told}");
    let told = fails(&["generate", "saas", "--part", "5/4", "--out", "x"]);
    assert!(told.contains("1 <= k <= n"), "{told}");
    let told = fails(&["generate", "saas", "--format", "xls", "--out", "x"]);
    assert!(told.contains("csv, parquet or sqlite"), "{told}");
    let told = fails(&["generate", "saas", "--start", "2021-13", "--out", "x"]);
    assert!(told.contains("1 to 12"), "{told}");
    let told = fails(&["generate", "saas", "--out", "/proc/nowhere"]);
    assert!(told.contains("/proc/nowhere"), "{told}");
}

#[test]
fn loading_fills_a_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/saas.sqlite");
    let words = ["load", "saas", "--companies", "50", "--sqlite", path.to_str().unwrap()];
    for _ in 0..2 {
        let output = run(&words);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut db = Warehouse::sqlite(&path).unwrap();
    let count = db.query("SELECT COUNT(*) FROM companies").unwrap();
    assert_eq!(count.columns()[0].i64().unwrap().get(0), Some(50));
}

#[test]
fn a_bad_database_url_is_named_without_its_password() {
    let output = casebook(&["load", "saas"])
        .env("DATABASE_URL", "postgres://me:hunter2@127.0.0.1:1/x")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("no server answers") && told.contains("127.0.0.1:1/x"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn doctor_says_what_is_missing_and_what_mends_it() {
    let nowhere = tempfile::tempdir().unwrap();
    let output = casebook(&["doctor"]).current_dir(nowhere.path()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success());
    assert!(
        told.contains("missing  kernel") && told.contains("fix it with: make kernel"),
        "{told}"
    );
}

#[test]
fn a_shop_becomes_one_database() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let words =
        ["generate", "ecommerce", "--users", "150", "--days", "90", "--seed", "9", "--out", out];
    let with = |more: &[&'static str]| -> Vec<&str> { words.iter().chain(more).copied().collect() };
    for format in ["sqlite", "csv"] {
        let output = run(&with(&["--format", format]));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut db = Warehouse::sqlite(folder.path().join("ecommerce.sqlite")).unwrap();
    for table in ["products", "users", "sessions", "events"] {
        let sql = format!("SELECT COUNT(*) AS n FROM {table}");
        let rows = db.query(sql.as_str()).unwrap().column("n").unwrap().i64().unwrap().get(0);
        let written = lines(&folder.path().join(format!("{table}.csv"))).len() as i64 - 1;
        assert_eq!(rows, Some(written), "{table}");
    }
    let indexes = db
        .query("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
        .unwrap();
    assert_eq!(indexes.height(), 3);

    let said = fails(&with(&["--format", "sqlite", "--part", "1/2"]));
    assert!(said.contains("part") && said.contains("1/2"), "{said}");
    let said = fails(&["generate", "mentor", "--users", "20", "--out", out, "--format", "sqlite"]);
    assert!(said.contains("csv or parquet"), "{said}");
    let said = fails(&with(&["--format", "xlsx"]));
    assert!(said.contains("csv, parquet or sqlite"), "{said}");
}

#[test]
fn a_dashboard_is_one_file_of_limited_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/shop.html");
    let words =
        ["report", "ecommerce", "--users", "120", "--days", "60", "--out", path.to_str().unwrap()];
    let output = run(&words);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.len() < 8_000_000, "{}", page.len());
    let said =
        fails(&["report", "ecommerce", "--users", "300000", "--out", path.to_str().unwrap()]);
    assert!(said.contains("users") && said.contains("8 MB"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), page, "the earlier page is gone");
}

/// Building an example or a test replaces the library's shared object: the program must not need it, wherever it is.
#[test]
fn the_program_holds_all_that_it_needs() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_casebook")).unwrap();
    let names = |name: &[u8]| program.windows(name.len()).any(|part| part == name);
    assert!(!names(b"libcasebook.") && !names(b"libstd-"));
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copied");
    std::fs::copy(env!("CARGO_BIN_EXE_casebook"), &copy).unwrap();
    let said = Command::new(&copy).arg("--version").env_clear().current_dir(place.path()).output();
    assert!(said.unwrap().status.success());
}

#[test]
fn a_file_that_is_asked_for_wins_over_the_environment() {
    let place = tempfile::tempdir().unwrap();
    let [asked, usual] = ["asked.sqlite", "usual.sqlite"].map(|name| place.path().join(name));
    let words = ["load", "saas", "--companies", "5", "--months", "3", "--sqlite"];
    let output = casebook(&words)
        .arg(&asked)
        .env("DATABASE_URL", format!("sqlite:{}", usual.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(asked.exists() && !usual.exists());
}
