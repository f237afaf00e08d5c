//! What several tests need.
#![allow(dead_code)] // each test binary uses its part

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use casebook::cases::saas::{self, Config, Tables};
use casebook::polars::prelude::DataFrame;

/// How many seeds a test takes: `few` while one works, `all` at night, when `CASEBOOK_SEEDS` is `all`.
///
/// What was taken is added to the file that `CASEBOOK_SEEDS_TAKEN` names, for tests/run.py to tell.
pub fn seeds(few: u64, all: u64) -> u64 {
    let taken = match std::env::var("CASEBOOK_SEEDS").as_deref() {
        Ok("all") => all,
        Ok("few") | Err(std::env::VarError::NotPresent) => few,
        other => panic!("CASEBOOK_SEEDS is {other:?}; accepted: few, all"),
    };
    if let Some(path) = std::env::var_os("CASEBOOK_SEEDS_TAKEN") {
        let mut file = std::fs::File::options().create(true).append(true).open(path).unwrap();
        // One write: other tests add to the file at the same time.
        file.write_all(format!("{taken} {all}\n").as_bytes()).unwrap();
    }
    taken
}

/// A private PostgreSQL server, gone when dropped.
pub struct Server {
    folder: tempfile::TempDir,
    pub url: String,
}

fn script(task: &str, folder: &std::path::Path) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/postgres.py");
    let output = Command::new("python3").arg(path).arg(task).arg(folder).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert!(output.status.success(), "{task}: {}", String::from_utf8_lossy(&output.stderr));
    text
}

impl Server {
    pub fn start() -> Server {
        let folder = tempfile::Builder::new().prefix("casebook-pg-").tempdir().unwrap();
        let url = script("start", folder.path());
        Server { folder, url }
    }

    /// As if the machine lost power.
    pub fn crash(&self) {
        script("stop", self.folder.path());
    }

    pub fn again(&self) {
        script("again", self.folder.path());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/postgres.py");
        let _ = Command::new("python3").arg(path).arg("stop").arg(self.folder.path()).output();
    }
}

pub fn config(companies: u32, seed: u64) -> Config {
    Config { companies, seed, ..Config::default() }
}

pub fn tables(companies: u32, seed: u64) -> Tables {
    saas::generate(&config(companies, seed)).unwrap()
}

/// A frame's single number.
pub fn number(frame: &DataFrame) -> i64 {
    frame.columns()[0].i64().unwrap().get(0).unwrap()
}
