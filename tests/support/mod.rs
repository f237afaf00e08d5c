//! What several tests need.
#![allow(dead_code)] // each test binary uses its part

use std::path::PathBuf;
use std::process::Command;

use casebook::polars::prelude::DataFrame;
use casebook::simulate::saas::{self, Config, Tables};

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
