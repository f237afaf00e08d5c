//! `cargo metadata`, as evcxr and its rust-analyzer ask for it.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::session::{Session, read};

/// Answers from a file where the dependencies are the usual ones, or none: the file leaves out packages that no cell can
/// name, whose source rust-analyzer would read; and no registry is asked.
pub fn answer(session: &Session, words: &[OsString]) -> Result<i32, String> {
    let manifest = session.manifest();
    if session.usual() {
        print!("{}", read(&session.folder.join("metadata.json"))?);
        return Ok(0);
    }
    if manifest.contains("name = \"evcxr_dummy_validate_dep\"") {
        return validate(session, words, &manifest);
    }
    if session.bare() {
        print!("{}", read(&session.folder.join("metadata.bare.json"))?);
        return Ok(0);
    }
    let answer = session.asked(words)?;
    session.keep_versions()?;
    print!("{}", trimmed(session, &answer).unwrap_or(answer));
    Ok(0)
}

/// cargo's answer without packages that no cell can name, beside what the new dependencies have brought; none if that
/// cannot be made, and the whole answer only costs time.
fn trimmed(session: &Session, answer: &str) -> Option<String> {
    let script = Path::new(&session.project).join("kernel/metadata.py");
    let mut child = Command::new(&session.python)
        .args([script.as_os_str(), session.packages.as_os_str()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(answer.as_bytes()).ok()?;
    let done = child.wait_with_output().ok()?;
    done.status.success().then(|| String::from_utf8(done.stdout).ok())?
}

/// evcxr checks a new `:dep` with a manifest that has nothing else in it.
fn validate(session: &Session, words: &[OsString], manifest: &str) -> Result<i32, String> {
    if manifest.lines().any(|line| line.trim() == format!("casebook = {{ path = \"{}\" }}", session.project)) {
        println!("{{}}");
        return Ok(0);
    }
    let words: Vec<OsString> = words.iter().cloned().chain(["--filter-platform".into(), session.host.clone().into()]).collect();
    session.cargo(&words, &[])
}
