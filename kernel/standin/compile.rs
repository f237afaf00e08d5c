//! A cell is compiled by a call of rustc, without cargo: cargo's own work is longer than the compiler's.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::cell;
use crate::store;
use crate::session::{BEGAN, Session, level, read, run, value, write};

/// What a compilation is for.
#[derive(Clone, Copy, PartialEq)]
pub enum Purpose {
    /// The cell is to be run.
    Run,
    /// Only errors are asked for.
    Check,
}

/// How the compiler's option begins that names the library, and the crate with generic code that cells share.
const LIBRARY: &str = "casebook=";
const SHARED: &str = "casebook_cells=";

/// Where evcxr looks for the path of what was compiled.
const RESULT: &str = "EVCXR_EXECUTION_SO_PATH";

/// Compiles the cell with the arguments that are written down, and says to evcxr what cargo would.
pub fn cell(session: &Session, call: &[String], purpose: Purpose) -> Result<i32, String> {
    let started = now();
    let source = session.folder.join("src/lib.rs");
    let number = if purpose == Purpose::Run { prepare(&source, call)? } else { None };
    let out = session.folder.join(if purpose == Purpose::Run { "target/cells" } else { "target/checks" });
    fs::create_dir_all(&out).map_err(|error| format!("{} cannot be made: {error}", out.display()))?;
    let mut command = Command::new(&session.rustc);
    command.current_dir(&session.folder).args(call).arg("--out-dir").arg(&out);
    command.args(["--emit", if purpose == Purpose::Run { "link" } else { "metadata" }]);
    command.args(own_options(&session.manifest()));
    command.env("CARGO_MANIFEST_DIR", &session.folder).env("CARGO_PKG_NAME", "ctx").env("CARGO_CRATE_NAME", "ctx");
    if std::env::var_os("CASEBOOK_TRACE").is_some() {
        // The compiler's own account of its time is for nightly compilers; this is only for measuring.
        command.env("RUSTC_BOOTSTRAP", "1").args(["-Ztime-passes", "-Ztime-passes-format=json"]);
    }
    let called = now();
    let code = messages(session, command)?;
    if code == 0 && purpose == Purpose::Run {
        finished(&out)?;
    }
    note(session, purpose, number.filter(|_| code == 0), [started, called, now()])?;
    Ok(code)
}

/// A cell's own options come last, and win: a few lines need no memory of the last run, and few parts.
fn own_options(manifest: &str) -> Vec<String> {
    let options = [format!("opt-level={}", level(manifest)), "codegen-units=2".into()];
    options.into_iter().flat_map(|option| ["-C".into(), option]).collect()
}

/// Adds to the cell's text what the relay needs, and the use of generic code that is compiled already; nothing if the call
/// has no library to take them from, as after `:clear`.
fn prepare(source: &Path, call: &[String]) -> Result<Option<u32>, String> {
    let has = |name: &str| call.iter().any(|word| word.starts_with(name));
    if !has(LIBRARY) {
        return Ok(None);
    }
    let mut prepared = cell::prepare(&read(source)?);
    if has(SHARED) {
        prepared.text = cell::with_shared_code(&prepared.text);
    }
    write(source, prepared.text)?;
    Ok(prepared.number)
}

/// Runs the compiler; its messages become cargo's on stdout.
fn messages(session: &Session, command: Command) -> Result<i32, String> {
    watched(session, command, |line| {
        if line.starts_with("{\"$message_type\":\"diagnostic\"") {
            println!("{{\"reason\":\"compiler-message\",\"message\":{line}}}");
        } else if !line.starts_with('{') && !line.starts_with("time:") {
            eprintln!("{line}");
        }
    })
}

/// Runs the compiler and hands on each line that it writes; they are kept for the relay, too.
fn watched(session: &Session, mut command: Command, each: impl Fn(&str)) -> Result<i32, String> {
    let mut kept = fs::File::create(session.folder.join("diagnostics")).map_err(|error| error.to_string())?;
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child =
        command.stderr(Stdio::piped()).spawn().map_err(|error| format!("{program} cannot be run: {error}"))?;
    let stderr = child.stderr.take().ok_or("the compiler has no stderr")?;
    for line in BufReader::new(stderr).lines() {
        let line = line.map_err(|error| error.to_string())?;
        each(&line);
        writeln!(kept, "{line}").map_err(|error| error.to_string())?;
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    Ok(status.code().unwrap_or(101))
}

/// Tells evcxr where the shared object is.
fn finished(out: &Path) -> Result<(), String> {
    let object = out.join(format!("{}ctx{}", DLL_PREFIX, DLL_SUFFIX));
    match std::env::var_os(RESULT) {
        Some(file) => write(Path::new(&file), object.to_string_lossy().as_bytes()),
        None => Ok(()),
    }
}

/// A line in the session's account of its compilations: the relay waits for the end of a cell that says when it ends,
/// and `make latency` reads the times.
fn note(session: &Session, purpose: Purpose, number: Option<u32>, times: [u128; 3]) -> Result<(), String> {
    let what = if purpose == Purpose::Run { "build" } else { "check" };
    let number = number.map_or("-".into(), |number| number.to_string());
    let [started, called, ended] = times;
    let path = session.folder.join("compiled");
    let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    writeln!(file, "{what} {number} {started} {called} {ended}").map_err(|error| error.to_string())
}

fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}

/// Lets cargo do it, since dependencies or environment changed. Cargo asks this program for each crate, which hands out
/// what is compiled, and writes down how the cell is compiled from now on.
pub fn through_cargo(session: &Session, words: &[OsString], purpose: Purpose) -> Result<i32, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let wrapper = own.with_file_name("rustc-wrapper");
    // A check compiles all dependencies once more, in another form: a build does as well.
    let mut words: Vec<OsString> = words.iter().map(|word| if word == "check" { "build".into() } else { word.clone() }).collect();
    words.extend(["--config".into(), format!("{}/kernel/config/dependencies.toml", session.project).into()]);
    let source = session.folder.join("src/lib.rs");
    let before = (purpose == Purpose::Check).then(|| read(&source)).transpose()?;
    let began = OsString::from(now().to_string());
    let code = session.cargo(&words, &[("RUSTC_WRAPPER", wrapper.as_os_str()), (BEGAN, &began)])?;
    // Without dependencies, cargo keeps no version at all.
    if code == 0 && !session.bare() {
        session.keep_versions()?;
    }
    if let Some(before) = before {
        write(&source, before)?;
    }
    Ok(code)
}

/// The cell's crate as cargo asks for it: compiled with a cell's own options, and the arguments written down.
pub fn recorded(session: &Session, rustc: &OsStr, words: &[OsString]) -> Result<i32, String> {
    if value(words, "--crate-type").is_none() {
        return Ok(run(rustc, words)); // cargo asks what the compiler can do
    }
    let started = std::env::var(BEGAN).ok().and_then(|began| began.parse().ok()).unwrap_or_else(now);
    let mut kept = kept(words);
    let generic = session.folder.join("lib").join(format!("{DLL_PREFIX}casebook_cells{DLL_SUFFIX}"));
    if generic.exists() && kept.iter().any(|word| word.starts_with(LIBRARY)) {
        kept.extend(["--extern".into(), format!("{SHARED}{}", generic.display())]);
    }
    let number = prepare(&session.folder.join("src/lib.rs"), &kept)?;
    write(&session.call_file(), kept.iter().map(|word| format!("{word}\n")).collect::<String>())?;
    let out = value(words, "--out-dir").ok_or("cargo names no folder for its output")?;
    let mut all: Vec<OsString> = kept.into_iter().chain(["--out-dir".into(), out.clone()]).map(OsString::from).collect();
    all.extend(words.iter().filter(|word| word.to_string_lossy().starts_with("--emit=")).cloned());
    all.extend(own_options(&session.manifest()).into_iter().map(OsString::from));
    let called = now();
    let mut command = Command::new(rustc);
    command.args(&all);
    let code = watched(session, command, |line| eprintln!("{line}"))?;
    if code == 0 {
        finished(Path::new(&out))?;
    }
    note(session, Purpose::Run, number.filter(|_| code == 0), [started, called, now()])?;
    Ok(code)
}

/// Of cargo's arguments those that a later call repeats: all but where the output goes, in which forms, and what is for
/// larger crates.
fn kept(words: &[OsString]) -> Vec<String> {
    let mut kept = vec![];
    let mut words = words.iter().map(|word| word.to_string_lossy().into_owned()).peekable();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--out-dir" => drop(words.next()),
            "-C" if words.peek().is_some_and(|next| ["incremental=", "codegen-units=", "opt-level="].iter().any(|option| next.starts_with(option))) => {
                words.next();
            }
            // Of the library, the shared object alone: with the static one beside it, the compiler links that.
            "--extern" if words.peek().is_some_and(|next| next.starts_with(LIBRARY) && next.ends_with(".rlib")) => {
                words.next();
            }
            _ if word.starts_with("--emit=") => {}
            _ => kept.push(word),
        }
    }
    kept
}

/// The library as the session knows it, however its source has changed since.
pub fn library(session: &Session, rustc: &OsStr, words: &[OsString]) -> Result<i32, String> {
    let Some(out) = value(words, "--out-dir").map(PathBuf::from) else { return Ok(run(rustc, words)) };
    let name = |suffix: &str| format!("libcasebook{suffix}");
    for suffix in [".rmeta", ".rlib", DLL_SUFFIX] {
        let from = session.folder.join("lib").join(name(suffix));
        if from.exists() {
            let to = out.join(name(suffix));
            store::copy(&from, &to).map_err(|error| format!("{} cannot be written: {error}", to.display()))?;
            let kind = if suffix == ".rmeta" { "metadata" } else { "link" };
            eprintln!("{{\"$message_type\":\"artifact\",\"artifact\":\"{}\",\"emit\":\"{kind}\"}}", to.display());
        }
    }
    write(&out.join("casebook.d"), format!("{}: {}/src/lib.rs\n", out.join("casebook.d").display(), session.project))?;
    Ok(0)
}
