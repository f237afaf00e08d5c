//! `cargo metadata`, as evcxr and its rust-analyzer ask for it.

use std::ffi::OsString;
use std::fs;

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
    if !manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1).any(|line| line.contains('=')) {
        print!("{}", read(&session.folder.join("metadata.bare.json"))?);
        return Ok(0);
    }
    session.cargo(words, &[])
}

/// evcxr checks a new `:dep` with a manifest that has nothing else in it. The lock file would then forget which versions
/// are compiled: it is put back.
fn validate(session: &Session, words: &[OsString], manifest: &str) -> Result<i32, String> {
    if manifest.lines().any(|line| line.trim() == format!("casebook = {{ path = \"{}\" }}", session.project)) {
        println!("{{}}");
        return Ok(0);
    }
    let lock = session.folder.join("Cargo.lock");
    let kept = fs::read(&lock).ok();
    let words: Vec<OsString> = words.iter().cloned().chain(["--filter-platform".into(), session.host.clone().into()]).collect();
    let done = session.cargo(&words, &[]);
    if let Some(kept) = kept {
        crate::session::write(&lock, kept)?;
    }
    done
}
