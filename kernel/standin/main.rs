//! Stands in for cargo and for rustc inside a kernel session; `kernel/README.md` says why.
//!
//! One program under two names. As `cargo` it answers what evcxr and the rust-analyzer in it ask, and calls the real
//! cargo only when a cell has changed the dependencies. As `rustc-wrapper` it stands between that cargo and rustc, and
//! hands out what is compiled already; in place of a build script, it repeats what that did.

mod cell;
mod compile;
mod metadata;
mod session;
mod store;

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::exit;

fn main() {
    if let Some(code) = store::replay() {
        exit(code);
    }
    let mut words = env::args_os();
    let own = words.next().unwrap_or_default();
    let words: Vec<OsString> = words.collect();
    let done = if Path::new(&own).ends_with("rustc-wrapper") { wrapper(&words) } else { cargo(&words) };
    exit(done.unwrap_or_else(|trouble| {
        eprintln!("casebook: {trouble}");
        101
    }));
}

/// What evcxr asks of cargo. Returns the exit code.
fn cargo(words: &[OsString]) -> Result<i32, String> {
    let session = session::Session::find()?;
    let asked = |word: &str| words.iter().any(|given| given == word);
    if asked("metadata") {
        return metadata::answer(&session, words);
    }
    let purpose = match words.iter().find_map(|word| word.to_str().filter(|word| ["build", "check"].contains(word))) {
        Some("build") => compile::Purpose::Run,
        Some(_) => compile::Purpose::Check,
        None => return session.cargo(words, &[]),
    };
    match session.call() {
        Some(call) => compile::cell(&session, &call, purpose),
        None => compile::through_cargo(&session, words, purpose),
    }
}

/// What cargo asks of rustc: `rustc-wrapper RUSTC ARGUMENTS`.
fn wrapper(words: &[OsString]) -> Result<i32, String> {
    let [rustc, words @ ..] = words else {
        return Err("rustc-wrapper was called without a compiler".into());
    };
    // On a machine that compiles the project itself from a kernel pack, there is no session.
    if let Some(folder) = env::var_os("CASEBOOK_STORE").filter(|_| env::var_os("CASEBOOK_SESSION").is_none()) {
        return Ok(store::serve(Path::new(&folder), words).unwrap_or_else(|| session::run(rustc, words)));
    }
    let session = session::Session::find()?;
    match session::value(words, "--crate-name").as_deref() {
        Some("ctx") => compile::recorded(&session, rustc, words),
        Some("casebook") => compile::library(&session, rustc, words),
        _ => Ok(store::serve(&session.warm, words).unwrap_or_else(|| session::run(rustc, words))),
    }
}
