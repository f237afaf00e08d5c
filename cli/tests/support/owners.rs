//! Whose a file, a table or a folder is, and who is told what.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use casebook::warehouse::Warehouse;

use super::{doctor, shown};

fn run(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_casebook"));
    command.args(words).env_remove("DATABASE_URL").stdin(Stdio::null()).output().unwrap()
}

fn fails(words: &[&str]) -> String {
    let output = run(words);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{words:?}: {told}");
    told
}

fn works(words: &[&str]) {
    let output = run(words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap().to_owned();
    (folder, out)
}

const SAAS: [&str; 4] = ["generate", "saas", "--companies", "300"];
const REPORT: [&str; 6] = ["report", "notion", "--users", "2000", "--months", "8"];

fn with<'w>(words: &[&'w str], more: &[&'w str]) -> Vec<&'w str> {
    [words, more].concat()
}

#[test]
fn generate_replaces_its_own_files_and_no_others() {
    let (place, out) = folder();
    let at = |name: &str| place.path().join(name);
    std::fs::write(at("companies.csv"), "mine").unwrap();
    let told = fails(&with(&SAAS, &["--out", &out]));
    assert!(told.contains("companies.csv") && !told.contains("sessions.csv"), "{told}");
    assert!(told.contains("--overwrite"), "{told}");
    assert_eq!(shown(place.path()).len(), 1);
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1, "something hidden is left");
    works(&with(&SAAS, &["--out", &out, "--overwrite"]));
    works(&with(&SAAS, &["--out", &out, "--seed", "5"]));
    // Another case with a table of the same name, a file that was changed, and a database of somebody's.
    let before = shown(place.path());
    let told = fails(&["generate", "ecommerce", "--users", "30", "--out", &out]);
    assert!(told.contains("sessions.csv") && !told.contains("users.csv"), "{told}");
    std::fs::write(at("ecommerce.sqlite"), "mine").unwrap();
    let base = ["generate", "ecommerce", "--users", "30", "--days", "40", "--format", "sqlite"];
    let told = fails(&with(&base, &["--out", &out]));
    assert!(told.contains("ecommerce.sqlite"), "{told}");
    std::fs::remove_file(at("ecommerce.sqlite")).unwrap();
    assert!(shown(place.path()) == before);
    std::fs::write(at("sessions.csv"), "corrected").unwrap();
    let told = fails(&with(&SAAS, &["--out", &out]));
    assert!(told.contains("sessions.csv") && !told.contains("companies.csv"), "{told}");
    // A database is found complete, replaced unless it was changed, and nobody's open change is touched.
    let (place, out) = folder();
    works(&with(&base, &["--out", &out]));
    let told = doctor(place.path());
    assert!(told.contains("ok       ecommerce, sqlite, whole: 1 file,"), "{told}");
    works(&with(&base, &["--out", &out]));
    let path = place.path().join("ecommerce.sqlite");
    std::fs::write(place.path().join("ecommerce.sqlite-journal"), "x").unwrap();
    let told = fails(&with(&base, &["--out", &out]));
    assert!(told.contains("ecommerce.sqlite-journal"), "{told}");
    std::fs::remove_file(place.path().join("ecommerce.sqlite-journal")).unwrap();
    Warehouse::sqlite(&path).unwrap().query("CREATE TABLE mine (x)").unwrap();
    let told = fails(&with(&base, &["--out", &out]));
    assert!(told.contains("ecommerce.sqlite"), "{told}");
}

#[test]
fn a_report_touches_nothing_that_is_not_its_own() {
    let (place, out) = folder();
    let at = |name: &str| place.path().join(name);
    std::fs::create_dir(at("data")).unwrap();
    std::fs::create_dir(at("charts")).unwrap();
    for name in ["data/notes.txt", "charts/mine.svg", "report.md"] {
        std::fs::write(at(name), "mine").unwrap();
    }
    let before = shown(place.path());
    let told = fails(&with(&REPORT, &["--out", &out]));
    assert!(told.contains("report.md") && !told.contains("notes.txt"), "{told}");
    assert!(shown(place.path()) == before);
    std::fs::remove_file(at("report.md")).unwrap();
    works(&with(&REPORT, &["--out", &out]));
    let made = shown(place.path());
    assert_eq!(made["data/notes.txt"], b"mine");
    assert_eq!(made["charts/mine.svg"], b"mine");
    // What the study cannot report on is refused before anything is made.
    for (more, named) in [
        (["--months", "6"], "`months` is 6; accepted: 7 to 60"),
        (["--users", "60"], "`users` is 60; accepted: 85 or more"),
    ] {
        for out in [out.as_str(), &format!("{out}/new")] {
            let told = fails(&["report", "notion", more[0], more[1], "--out", out]);
            assert!(told.contains(named), "{told}");
        }
        assert!(!at("new").exists());
    }
    assert!(shown(place.path()) == made);
    // Of other code: made anew.
    let stamp = at("made-with/metrics.txt");
    let text = std::fs::read_to_string(&stamp).unwrap();
    let code = text.split("code ").nth(1).unwrap().split_whitespace().next().unwrap();
    std::fs::write(&stamp, text.replace(code, "0123456789abcdef")).unwrap();
    let output = run(&with(&REPORT, &["--out", &out]));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.matches("there already").count(), 2, "{said}");
    assert!(shown(place.path()) == made);
}

#[test]
fn the_second_of_two_runs_in_one_folder_is_told_who_is_there() {
    for words in [
        &["generate", "notion", "--users", "3000000"][..],
        &["report", "notion", "--users", "3000000"],
    ] {
        let (place, out) = folder();
        let mut first = Command::new(env!("CARGO_BIN_EXE_casebook"));
        first.args(words).args(["--out", &out]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut first = first.spawn().unwrap();
        let holder = || {
            let names = std::fs::read_dir(place.path()).unwrap().flatten();
            names.map(|entry| entry.path().join("holder")).any(|path| path.exists())
        };
        let began = Instant::now();
        while !holder() && began.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let began = Instant::now();
        let told = fails(&with(words, &["--out", &out]));
        assert!(began.elapsed() < Duration::from_secs(5));
        let who = format!("process {}, `", first.id());
        assert!(told.contains(&who) && told.contains("--users 3000000"), "{told}");
        assert!(first.try_wait().unwrap().is_none(), "the first was disturbed");
        // Another part of the data is nobody's business.
        if words[0] == "generate" {
            works(&["generate", "notion", "--users", "300", "--part", "1/2", "--out", &out]);
        }
        first.kill().unwrap();
        first.wait().unwrap();
    }
}

#[test]
fn parts_are_made_side_by_side() {
    let (place, out) = folder();
    let part = |k: usize| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_casebook"));
        command.args(SAAS).args(["--part", &format!("{k}/6"), "--out", &out]);
        command.stdout(Stdio::null()).spawn().unwrap()
    };
    let running: Vec<_> = (1..=6).map(part).collect();
    for mut one in running {
        assert!(one.wait().unwrap().success());
    }
    let told = doctor(place.path());
    assert_eq!(told.matches("ok       saas, csv, part ").count(), 6, "{told}");
}

/// What `bash` says of a pipeline: its exit code and standard error.
fn shell(script: &str) -> (Option<i32>, String) {
    let script = format!(
        "set -o pipefail; casebook() {{ '{}' \"$@\"; }}\n{script}",
        env!("CARGO_BIN_EXE_casebook")
    );
    let output =
        Command::new("bash").args(["-c", &script]).env_remove("DATABASE_URL").output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_closed_output_is_no_trouble_and_a_full_one_is_told() {
    let (place, out) = folder();
    let data = place.path().join("data");
    works(&with(&SAAS, &["--out", data.to_str().unwrap()]));
    for (number, words) in [
        format!("generate saas --companies 300 --out {out}/generated"),
        format!("load saas --companies 300 --sqlite {out}/loaded.sqlite"),
        format!("report notion --users 2000 --months 8 --out {out}/study"),
        format!("report ecommerce --users 60 --days 40 --out {out}/shop.html"),
        format!("doctor {out}/data"),
    ]
    .iter()
    .enumerate()
    {
        let (code, told) = shell(&format!("casebook {words} > /dev/full"));
        assert_eq!(code, Some(1), "{words}: {told}");
        assert!(told.contains("could not write to standard output"), "{words}: {told}");
        assert!(!told.contains("panicked"), "{told}");
        let (code, told) = shell(&format!("casebook {words} | true"));
        assert_eq!((code, told.as_str()), (Some(0), ""), "{words}");
        let (code, _) = shell(&format!("casebook {words} --nonsense 2> /dev/full"));
        assert_ne!(code, Some(101), "{number}: it panicked");
    }
    let made = shown(place.path());
    for name in
        ["generated/manifest-saas-csv.json", "study/report.html", "shop.html", "loaded.sqlite"]
    {
        assert!(made.contains_key(name), "{name}");
    }
    let (code, _) =
        shell(&format!("casebook generate saas --companies 0 --out {out} 2> /dev/full"));
    assert_eq!(code, Some(1));
}

/// Within seconds, or not at all.
fn soon(words: &[&str]) -> String {
    let mut command = Command::new("timeout");
    command.arg("20").arg(env!("CARGO_BIN_EXE_casebook")).args(words).env_remove("DATABASE_URL");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{words:?}: {output:?}");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn doctor_waits_for_no_pipe_and_shows_no_control_characters() {
    let (place, out) = folder();
    works(&with(&SAAS, &["--out", &out]));
    let at = |name: &str| -> PathBuf { place.path().join(name) };
    let spoil = |name: &str, make: &dyn Fn(&Path)| {
        std::fs::rename(at(name), at("aside")).unwrap();
        make(&at(name));
        let told = soon(&["doctor", &out]);
        let _ = std::fs::remove_dir(at(name));
        let _ = std::fs::remove_file(at(name));
        std::fs::rename(at("aside"), at(name)).unwrap();
        told
    };
    let told = spoil("sessions.csv", &pipe);
    assert!(told.contains("sessions.csv is not a file"), "{told}");
    let told = spoil("sessions.csv", &|path| std::fs::create_dir(path).unwrap());
    assert!(told.contains("sessions.csv is not a file"), "{told}");
    let told = spoil("sessions.csv", &|path| symlink("/dev/zero", path).unwrap());
    assert!(told.contains("sessions.csv is not a file"), "{told}");
    let told = spoil("manifest-saas-csv.json", &pipe);
    assert!(told.contains("damaged  manifest-saas-csv.json: it is not a file"), "{told}");
    // Who generates there does not wait either.
    std::fs::rename(at("manifest-saas-csv.json"), at("aside")).unwrap();
    pipe(&at("manifest-saas-csv.json"));
    let told = soon(&with(&SAAS, &["--out", &out]));
    assert!(told.contains("manifest-saas-csv.json"), "{told}");
    std::fs::remove_file(at("manifest-saas-csv.json")).unwrap();
    let text = std::fs::read_to_string(at("aside")).unwrap();
    let evil = "\\u001b]0;owned\\u0007\\u001b[2J\\r";
    for (from, to) in [
        ("\"case\": \"saas\"", format!("\"case\": \"saas{evil}\"")),
        ("\"sessions.csv\"", format!("\"sessions{evil}.csv\"")),
        ("\"--companies\"", format!("\"{evil}\"")),
        ("\"1/1\"", format!("\"{evil}\"")),
        ("\"name\"", format!("\"{evil}\"")),
    ] {
        let changed = text.replace(from, &to).replace("\"bytes\": ", "\"bytes\": 1");
        assert_ne!(changed, text);
        std::fs::write(at("manifest-saas-csv.json"), changed).unwrap();
        let told = soon(&["doctor", &out]);
        assert!(!told.chars().any(|c| c.is_control() && c != '\n'), "{told:?}");
        assert!(told.contains("damaged"), "{told}");
    }
}

#[test]
fn a_notebook_is_not_exported_onto_itself() {
    let (place, _) = folder();
    let (notebook, link) = (place.path().join("x.ipynb"), place.path().join("link"));
    let text = r##"{"cells": [{"cell_type": "markdown", "source": "# A title", "metadata": {}}]}"##;
    std::fs::write(&notebook, text).unwrap();
    symlink("x.ipynb", &link).unwrap();
    for out in [&notebook, &link] {
        let told = fails(&["export", notebook.to_str().unwrap(), "-o", out.to_str().unwrap()]);
        assert!(told.contains("it is the notebook itself"), "{told}");
        assert_eq!(std::fs::read_to_string(&notebook).unwrap(), text);
    }
    let program = place.path().join("x.rs");
    works(&["export", notebook.to_str().unwrap(), "-o", program.to_str().unwrap()]);
    assert!(std::fs::read_to_string(&program).unwrap().contains("A title"));
}

#[test]
fn more_threads_than_are_of_use_cost_nothing() {
    let (_place, out) = folder();
    let began = Instant::now();
    let words = ["generate", "mentor", "--users", "7", "--mentors", "3", "--threads", "1024"];
    works(&with(&words, &["--out", &out]));
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
}

#[test]
fn loading_leaves_somebodys_tables_alone() {
    let (place, _) = folder();
    let path = place.path().join("mine.db");
    let file = path.to_str().unwrap();
    let mut mine = Warehouse::sqlite(&path).unwrap();
    mine.query("CREATE TABLE users (name TEXT)").unwrap();
    mine.query("INSERT INTO users VALUES ('me')").unwrap();
    let told = fails(&["load", "ecommerce", "--users", "30", "--sqlite", file]);
    assert!(told.contains("the table `users`") && told.contains("name another file"), "{told}");
    assert_eq!(mine.query("SELECT name FROM users").unwrap().height(), 1);
    works(&["load", "saas", "--companies", "30", "--sqlite", file]);
    let told = fails(&["load", "notion", "--users", "300", "--sqlite", file]);
    assert!(told.contains("the table `plans` of the case saas"), "{told}");
    works(&["load", "saas", "--companies", "20", "--sqlite", file]);
}
